from __future__ import annotations

import json
import os
import runpy
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dockerlint.fixers.rule_testing import assert_examples
from dockerlint.lint.cli import main
from dockerlint.lint.engine.rule import Rule
from dockerlint.lint.storage import installation, plugins, sqlite_store

if TYPE_CHECKING:
    from collections.abc import Callable

EXAMPLE = Path(__file__).parents[3] / "examples" / "plugin"
pytestmark = pytest.mark.skipif(not EXAMPLE.is_dir(), reason="needs the examples")
RUN = "import sys; from dockerlint.lint.cli import main; sys.exit(main())"


def install(folder: Path, source: Path, name: str = "acme-dockerfiles", groups: dict[str, dict[str, str]] | None = None) -> dict[str, str]:
    """Puts a package on the path as an installer would, and gives the environment in which it is there."""
    if groups is None:
        groups = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]["entry-points"]
    info = folder / f"{name.replace('-', '_')}-1.0.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0.0\n")
    sections = (f"[{group}]\n" + "".join(f"{key} = {value}\n" for key, value in entries.items()) for group, entries in groups.items())
    (info / "entry_points.txt").write_text("\n".join(sections))
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(source), *sys.path])}


def dlint(environment: dict[str, str], folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", RUN, *words], env=environment, cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.fixture
def acme(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    environment = install(tmp_path / "site", EXAMPLE / "src")
    return lambda *words: dlint(environment, tmp_path, *words)


def test_its_rule_is_checked_and_fixed(acme: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM debian:bookworm-slim\nEXPOSE 9000\n")
    found = acme("--format", "json", "--select", "ACME", "Dockerfile")
    assert [(item["code"], item["line"]) for item in json.loads(found.stdout)] == [("ACME001", 2)]
    assert "load balancer" in acme("explain", "other-port").stdout
    acme("--fix", "--unsafe-fixes", "--select", "ACME", "Dockerfile")
    assert (tmp_path / "Dockerfile").read_text() == "FROM debian:bookworm-slim\nEXPOSE 8080\n"


def test_its_tool_is_known_to_our_rules(acme: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM debian:bookworm-slim\nRUN acme-get install thing\nCMD [\"thing\"]\n")
    found = acme("--format", "json", "--select", "DF103", "--preset", "all", "Dockerfile")
    assert ["acme-get" in item["message"] for item in json.loads(found.stdout)] == [True]
    assert "acme (acme_dockerfiles.rules), acme (acme_dockerfiles.tools)" in acme("doctor").stdout


@pytest.mark.parametrize(
    ("group", "module", "text", "words"),
    [
        ("dlint.rules", "broken", "import nothing_like_that", "does not load"),
        ("dlint.tools", "broken", "import nothing_like_that", "does not load"),
        ("dlint.rules", "twice", "from dockerlint.lint.engine.rule import Rule\nfrom dockerlint.lint.engine import registry\nfrom msgspec.structs import replace\nfrom dockerlint.rules.DF401_no_user import no_user\nother = replace(no_user, name='other')\n", "two rules have the code DF401"),
    ],
)  # fmt: skip
def test_one_that_is_no_good_is_named(tmp_path: Path, group: str, module: str, text: str, words: str) -> None:
    source = tmp_path / "source"
    (source / module).mkdir(parents=True)
    (source / module / "__init__.py").write_text(text)
    environment = install(tmp_path / "site", source, "bad", {group: {"bad": module}})
    (tmp_path / "Dockerfile").write_text("FROM debian:bookworm-slim\nRUN apt-get update\n")
    done = dlint(environment, tmp_path, "Dockerfile")
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("toml", "words"),
    [("name = ", "acme.toml: TOMLDecodeError"), ("x = 1", "acme.toml: KeyError"), ('name = "npm"\nkind = "language"\ncommands = ["npm"]\nsubcommands = []\n', "there is a tool npm already")],
)  # fmt: skip
def test_a_tool_that_is_no_good_is_named(tmp_path: Path, toml: str, words: str) -> None:
    source = tmp_path / "source"
    (source / "more").mkdir(parents=True)
    (source / "more" / "__init__.py").write_text("")
    (source / "more" / "acme.toml").write_text(toml)
    environment = install(tmp_path / "site", source, "bad", {"dlint.tools": {"bad": "more"}})
    (tmp_path / "Dockerfile").write_text("FROM debian:bookworm-slim\nRUN npm install\n")
    done = dlint(environment, tmp_path, "Dockerfile")
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_one_that_comes_or_goes_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.setattr(sys, "path", [str(site)])

    def are_there(hours: int) -> bool:
        """What is said so many hours after the folder changed last."""
        now = site.stat().st_mtime + hours * 3600
        monkeypatch.setattr(time, "time", lambda: now)
        return plugins._are_there.__wrapped__()

    assert not are_there(0)
    assert not sqlite_store.folder().exists()
    assert [are_there(1), are_there(2)] == [False, False]
    assert [path.name for path in sqlite_store.folder().iterdir()] == [f"plugins-{installation.PLACE}.json"]
    install(site, EXAMPLE / "src")
    assert [are_there(0), are_there(1), are_there(2)] == [True, True, True]
    # what is kept is not looked at again
    entries = next(site.glob("*/entry_points.txt"))
    entries.unlink()
    assert are_there(3)
    shutil.rmtree(entries.parent)
    assert [are_there(0), are_there(1)] == [False, False]


# ---------------------------------------------------------------- dlint new-rule


def test_a_new_rule_holds_its_examples(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules").mkdir()
    assert main(["new-rule", "ZZ499", "ssh-exposed"]) == 0
    assert "-k ZZ499" in capsys.readouterr().out
    file = tmp_path / "rules" / "ZZ499_ssh_exposed.py"
    names = runpy.run_path(str(file))
    (rule,) = (item for item in names.values() if isinstance(item, Rule))
    assert (rule.code, rule.name) == ("ZZ499", "ssh-exposed")
    assert_examples(rule)
    subprocess.run([sys.executable, "-m", "ruff", "check", "--isolated", "--select", "E,F,I,D1", "--line-length", "120", str(file)], check=True)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["x", "ssh-exposed"], "a code is letters and a number"),
        (["ZZ499", "SshExposed"], "a name is words in lower case"),
        (["DF401", "ssh-exposed"], "DF401 is taken: DF401 no-user; DF424 is free"),
        (["ZZ499", "no-user"], "no-user is taken: DF401 no-user"),
        (["ZZ499", "ssh-exposed", "--dir", "nowhere"], "no such folder"),
        (["ZZ499", "there"], "this file exists already"),
    ],
)
def test_what_cannot_be_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: list[str], sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "ZZ499_there.py").write_text("")
    assert main(["new-rule", *words]) == 2
    assert sentence in capsys.readouterr().err
    assert (tmp_path / "rules" / "ZZ499_there.py").read_text() == ""
