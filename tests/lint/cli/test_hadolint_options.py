"""hadolint's options do in dlint what they do there: its own list, and runs of both side by side."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest

from dockerlint.lint.cli import main
from dockerlint.lint.cli.check_command import command

if TYPE_CHECKING:
    from collections.abc import Iterable

HADOLINT = shutil.which("hadolint", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
needs_hadolint = pytest.mark.skipif(HADOLINT is None, reason="hadolint is not installed")
# Of click itself, for every command.
HELP = {"-h", "--help"}
FILES = {
    "Dockerfile": "FROM debian:12\nRUN apt-get install -y curl\nMAINTAINER x\n",
    "warned": "FROM debian:12\nRUN apt-get install -y --no-install-recommends curl && rm -rf /var/lib/apt/lists/*\n",
    "ignoring": "FROM debian:12\n# hadolint ignore=DL4000\nMAINTAINER x\nLABEL foo=bar\n",
    "labelled": "FROM debian:12\nLABEL foo=bar url=https://a.example v=1.2.3 day=2024-01-01T00:00:00Z to=a@b.example by=MIT at=1234567\n",
    "other.Dockerfile": "FROM quay.io/fedora/fedora:40\nFROM docker.io/library/debian:12\n",
    "broken": "FRO debian\n",
    "good": "FROM debian:12\n",
    "strict.yaml": "failure-threshold: error\noverride: {error: [DL3008]}\ntrustedRegistries: [quay.io]\nignored: [DL3009]\nlabel-schema: {url: url}\n",
}


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(("DLINT_", "HADOLINT_"))]:
        monkeypatch.delenv(name)


def asked(*words: str) -> tuple[int, str]:
    """What hadolint says, and its exit status."""
    assert HADOLINT
    done = subprocess.run([HADOLINT, *words], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def names(parameters: Iterable[click.Parameter]) -> set[str]:
    return {name for item in parameters if isinstance(item, click.Option) for name in (*item.opts, *item.secondary_opts)}


def found(rows: list[dict[str, Any]]) -> list[tuple[str, int, str, str]]:
    return sorted((row["file"], row["line"], row["code"], row["level"]) for row in rows)


@needs_hadolint
def test_each_option_of_hadolint_is_one_of_ours() -> None:
    shown = asked("--help")[1].partition("Available options:")[2]
    theirs = {name for line in re.findall(r"^  (-\S+)", shown, re.MULTILINE) for name in line.split(",")}

    assert len(theirs) > 20
    assert theirs - names(command.params) == HELP
    with click.Context(command) as context:
        for line in re.findall(r"^  (-\S+(?: .*)?)$", shown, re.MULTILINE):
            first = line.split()[0].split(",")[0]
            if first in HELP:
                continue
            ours = next(item for item in command.get_params(context) if first in item.opts)
            takes_value = re.match(r"\S+ [A-Z]", line) is not None
            assert takes_value == (isinstance(ours, click.Option) and not ours.is_flag), line


@needs_hadolint
def test_each_format_of_hadolint_is_one_of_ours(capsys: pytest.CaptureFixture[str]) -> None:
    listed = re.search(r"results \[([^\]]*)\]", asked("--help")[1])
    assert listed
    formats = listed[1].replace("\n", " ").split("|")

    assert len(formats) > 8
    for name in formats:
        assert main(["-f", name.strip(), "--preset", "hadolint", "good"]) == 0, name
        capsys.readouterr()


@needs_hadolint
@pytest.mark.parametrize(
    "words",
    [
        "-t error Dockerfile", "-t error warned", "-t warning warned", "-t info good", "-t none warned", "-t ignore warned", "-t none good", "-terror warned",
        "--failure-threshold=error warned", "-t error broken", "--no-fail Dockerfile", "--no-fail broken", "-t style Dockerfile warned good",
        "-t error --error DL3008 warned", "-t info --warning DL4000 Dockerfile", "-t error --info DL4000 --style DL3008 Dockerfile",
        "-t info --info DL4000 --error DL4000 Dockerfile", "-t info --style DL4000 --warning DL4000 Dockerfile", "-t info --error DL9999 good",
        "-t info --ignore DL3008 --ignore DL4000 Dockerfile", "-t info --no-color Dockerfile",
        "-t info --trusted-registry quay.io other.Dockerfile", "-t info --trusted-registry quay.io --trusted-registry docker.io other.Dockerfile",
        "-t info --trusted-registry docker.io -c strict.yaml other.Dockerfile", "-t info --trusted-registry docker.io good",
        "-t info --require-label foo:url ignoring", "-t info --require-label none:text ignoring", "-t info --require-label foo ignoring",
        "-t info --require-label none: ignoring", "-t info --strict-labels ignoring", "-t info --strict-labels --require-label foo:text ignoring",
        *(f"-t info --require-label {label}:{kind} labelled" for label in ("foo", "url", "v", "day", "to", "by", "at") for kind in ("text", "url", "rfc3339", "hash", "spdx", "semver", "email")),
        "-t info --require-label url:url -c strict.yaml ignoring", "-t info --require-label foo:semver -c strict.yaml ignoring",
        "-t info --disable-ignore-pragma ignoring", "-t info ignoring", "-c strict.yaml warned", "-c strict.yaml -t info warned",
    ],
)  # fmt: skip
def test_runs_side_by_side(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    given = [*words.split(), "-f", "json"]
    status, said = asked(*given)
    # dlint wants to know the rules that are named
    given = [word.replace("DL9999", "DL3000") for word in given]

    assert main(["--preset", "hadolint", "--shellcheck", "off", *given]) == status
    assert found(json.loads(capsys.readouterr().out)) == found(json.loads(said))


@needs_hadolint
@pytest.mark.parametrize("words", ["-f strange good", "-t strange good", "-t WARNING good", "-c none.yaml good", "--require-label foo:strange good", "--require-label foo:rawtext good", "none"])
def test_what_hadolint_refuses_is_refused(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert asked(*words.split())[0] == 1
    assert main(words.split()) == 2
    assert "Traceback" not in capsys.readouterr().err


@needs_hadolint
@pytest.mark.parametrize("name", ["checkstyle", "codeclimate", "gitlab_codeclimate", "sonarqube", "junit", "json", "gnu", "sarif", "tty"])
def test_a_path_of_ones_own_in_the_same_reports(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["--file-path-in-report", "some/where", "-f", name, "warned", "-t", "none"]
    main(["--preset", "hadolint", *given])

    assert ("some/where" in capsys.readouterr().out) == ("some/where" in asked(*given)[1])


def test_an_output_file(capsys: pytest.CaptureFixture[str]) -> None:
    main(["-o", "out.json", "-f", "json", "--preset", "hadolint", "Dockerfile"])
    assert capsys.readouterr().out == ""
    assert [row["code"] for row in json.loads(Path("out.json").read_text())]


def test_the_command_line_is_stronger_than_the_file(capsys: pytest.CaptureFixture[str]) -> None:
    # hadolint takes the worse of the two levels; here the command line wins, as everywhere
    main(["--preset", "hadolint", "-f", "json", "-c", "strict.yaml", "--info", "DL3008", "warned"])
    assert [row["level"] for row in json.loads(capsys.readouterr().out) if row["code"] == "DL3008"] == ["info"]


def test_only_one_name_of_the_threshold(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-t", "error", "--fail-on", "info", "good"]) == 2
    assert "give one of them" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["-v"], ["check", "-v"], ["good", "-v"], ["--version"]])
def test_the_version(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 0
    assert re.fullmatch(r"dlint \d\S+\n", capsys.readouterr().out)


def test_no_colour(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    main(["--preset", "hadolint", "Dockerfile"])
    assert "\x1b[" in capsys.readouterr().out
    main(["--preset", "hadolint", "--no-color", "Dockerfile"])
    assert "\x1b[" not in capsys.readouterr().out


def test_verbose_says_which_configuration_holds(capsys: pytest.CaptureFixture[str]) -> None:
    Path(".hadolint.yaml").write_text(FILES["strict.yaml"])
    for words in (["-V"], ["--verbose"]):
        main([*words, "--preset", "hadolint", "--style", "DL3015", "good", "warned"])
        shown = capsys.readouterr().err.splitlines()
        assert shown[0] == f"good: configuration: {Path.cwd() / '.hadolint.yaml'}"
        assert shown[-1] == f"warned: configuration: {Path.cwd() / '.hadolint.yaml'}"
        assert "  severity = DL3008: error, DL3015: style" in shown
        assert "  trusted-registries = quay.io" in shown
        assert "  fail-on = error" in shown
    assert main(["-V", "-q", "--select", "DL3006", "good"]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("many", [1, 70])
def test_an_unknown_key_is_told_once(many: int, capsys: pytest.CaptureFixture[str]) -> None:
    Path(".hadolint.yaml").write_text("ignord: [DL3008]\noverride: {eror: [DL3008]}\n1: x\n")
    Path("many").mkdir()
    for number in range(many):
        Path(f"many/{number}.Dockerfile").write_text("FROM debian:12\n")
    for _ in ("anew", "known"):
        assert main(["many"]) == 0
        said = [line.partition("yaml: ")[2] for line in capsys.readouterr().err.splitlines() if "unknown" in line]
        assert said == [
            "unknown key 'ignord' is ignored; did you mean 'ignored'?",
            "unknown key 1 is ignored",
            "unknown key 'override.eror' is ignored; did you mean 'error'?",
        ]
    assert main(["config", "--from-hadolint"]) == 0
    assert "# unknown key 'ignord' is ignored; did you mean 'ignored'?\n" in capsys.readouterr().out


def test_an_empty_folder_is_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    Path("empty").mkdir()
    assert main(["empty", "good"]) == 0
    assert "empty: no Dockerfile in this folder" in capsys.readouterr().err
    assert main(["empty", "-f", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == []
    assert main(["empty", "-q"]) == 0
    assert capsys.readouterr() == ("", "")
    assert main(["empty", "--fail-on-empty"]) == 2
    assert "dlint: empty: no Dockerfile in this folder" in capsys.readouterr().err
    assert main(["good", "--fail-on-empty"]) == 0
