"""What `--help` says of each command."""

from __future__ import annotations

import re

import pytest

from dockerlint.lint.cli import main
from dockerlint.lint.cli.startup import COMMANDS


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_examples(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    shown = capsys.readouterr().out
    examples = re.findall(r"^ +(?:\w+: +eval \"\$\()?(dlint .*)$", shown, re.MULTILINE)

    assert examples
    for option in re.findall(r"(?<!\S)--[a-z-]+", " ".join(examples)):
        assert re.search(rf"^ +(?:-\w, )?{option}\b", shown, re.MULTILINE), option


def test_the_list_of_commands_is_not_cut_off(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out

    assert [line for line in shown.partition("Commands:")[2].splitlines() if line.endswith("...")] == []
