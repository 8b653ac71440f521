"""What hadolint's files and variables say, as ours: read, and written as a `.dlint.toml`."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dockerlint.lint.cli import main
from dockerlint.lint.cli.task import Task, configuration
from dockerlint.lint.engine.findings import Severity
from dockerlint.lint.settings.config import merge
from dockerlint.lint.settings.hadolint_config import from_environment, translate
from dockerlint.lint.settings.options import layer

if TYPE_CHECKING:
    from dockerlint.lint.settings.config import Layer

FULL = """\
ignored: [DL3009, SC2086]
override:
  error: [DL3002]
  info: [DL3008]
  style: [SC2154]
failure-threshold: warning
format: checkstyle
trustedRegistries: [registry.example, "docker.io"]
label-schema:
  owner: email
  'a.b"c': url
strict-labels: true
disable-ignore-pragma: true
no-color: true
"""


def plain(given: Layer) -> dict[str, Any]:
    """Without where each selector was found."""
    read = dict(given)
    if "ignore" in read:
        read["ignore"] = [selector.text for selector in read["ignore"]]
    if "severity" in read:
        read["severity"] = {selector.text: level for selector, level in read["severity"].items()}
    return read


@pytest.mark.parametrize(
    "text", [FULL, "", "no-fail: true\n", "failure-threshold: none\n", "disable-ignore-pragma: false\n", "ignored: []\n"]
)
def test_what_is_written_says_the_same(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / ".hadolint.yaml"
    file.write_text(text)
    assert main(["config", "--from-hadolint", str(file)]) == 0
    written = tomllib.loads(capsys.readouterr().out)
    assert plain(layer(written, "written", tmp_path)) == plain(translate(file))


def test_what_nobody_knows_is_a_comment(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / ".hadolint.yaml"
    file.write_text("ignored: [DL9999, DL3008]\noverride: {info: [DL9998]}\n")
    main(["config", "--from-hadolint", str(file)])
    text = capsys.readouterr().out
    assert "# not known here" in text
    assert tomllib.loads(text) == {"ignore": ["DL3008"], "severity": {}}


def test_the_nearest_file_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".hadolint.yml").write_text("ignored: [DL3008]\n")
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    assert main(["config", "--from-hadolint"]) == 0
    assert tomllib.loads(capsys.readouterr().out) == {"ignore": ["DL3008"]}


def test_without_a_file_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["config", "--from-hadolint"]) == 2
    assert "no .hadolint.yaml" in capsys.readouterr().err
    assert main(["config", "--from-hadolint", "none.yaml"]) == 2
    assert "none.yaml: cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("IGNORE", "DL3008, SC2086", {"ignore": ["DL3008", "SC2086"]}),
        ("OVERRIDE_ERROR", "DL3008", {"severity": {"DL3008": Severity.ERROR}}),
        ("OVERRIDE_WARNING", "DL3008", {"severity": {"DL3008": Severity.WARNING}}),
        ("OVERRIDE_INFO", "DL3008,DL3009", {"severity": {"DL3008": Severity.INFO, "DL3009": Severity.INFO}}),
        ("OVERRIDE_STYLE", "DL3008", {"severity": {"DL3008": Severity.STYLE}}),
        ("FAILURE_THRESHOLD", "error", {"fail_on": Severity.ERROR}),
        ("FAILURE_THRESHOLD", "strange", {}),
        ("NOFAIL", "Yes", {"fail_on": None}),
        ("NOFAIL", "0", {}),
        ("FORMAT", "gitlab_codeclimate", {"format": "gitlab"}),
        ("FORMAT", "strange", {}),
        ("TRUSTED_REGISTRIES", "a.example,b.example", {"trusted_registries": ("a.example", "b.example")}),
        ("REQUIRE_LABELS", "owner:email,strange", {"label_schema": {"owner": "email"}}),
        ("STRICT_LABELS", "on", {"strict_labels": True}),
        ("DISABLE_IGNORE_PRAGMA", "1", {"inline_ignores": False}),
        ("VERBOSE", "1", {}),
    ],
)
def test_variables(name: str, value: str, said: dict[str, Any]) -> None:
    assert plain(from_environment({f"HADOLINT_{name}": value})) == said


def test_levels_of_several_variables_add_up() -> None:
    found = from_environment({"HADOLINT_OVERRIDE_ERROR": "DL3008", "HADOLINT_OVERRIDE_INFO": "DL3009"})
    assert plain(found)["severity"] == {"DL3008": Severity.ERROR, "DL3009": Severity.INFO}


def test_a_file_is_stronger_than_hadolints_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".hadolint.yaml").write_text("failure-threshold: info\nignored: [DL3009]\n")
    monkeypatch.setenv("HADOLINT_FAILURE_THRESHOLD", "error")
    monkeypatch.setenv("HADOLINT_IGNORE", "DL3008")
    config = configuration(Task(), tmp_path / "Dockerfile")
    assert config.fail_on is Severity.INFO
    assert [selector.text for selector in config.ignore] == ["DL3008", "DL3009"]


def test_colour_can_be_switched_off() -> None:
    assert merge({}).color
    assert not merge(layer({"color": False}, "file", Path())).color
