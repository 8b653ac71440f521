from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dockerlint.lint.cli import main
from dockerlint.lint.cli.startup import COMMANDS

DLINT = Path(sys.executable).with_name("dlint")


def complete(*words: str, incomplete: str) -> list[str]:
    from click.shell_completion import ShellComplete

    from dockerlint.lint.cli.commands import dlint

    items = ShellComplete(dlint, {}, "dlint", "_DLINT_COMPLETE").get_completions(list(words), incomplete)
    return [item.value if item.type == "plain" else f"<{item.type}>" for item in items]


@pytest.mark.parametrize(
    ("words", "incomplete", "wanted"),
    [
        ([], "", {*COMMANDS, "<file>"}),
        ([], "co", {"cost", "config", "completion", "<file>"}),
        ([], "Dock", {"<file>"}),
        ([], "--sel", {"--select"}),
        ([], "--vers", {"--version"}),
        (["check"], "--stat", {"--statistics"}),
        (["Dockerfile"], "--stat", {"--statistics"}),
        (["--fix"], "--unsafe", {"--unsafe-fixes"}),
        (["--format"], "sa", {"sarif"}),
        (["--select"], "DL300", {"DL3000", "DL3001", "DL3002", "DL3003", "DL3004", "DL3006", "DL3007", "DL3008", "DL3009"}),
        (["--select"], "DF101,DL3000", {"DF101,DL3000"}),
        (["explain"], "no-user", {"no-user"}),
        (["cost"], "--repl", {"--replay"}),
        (["cache"], "", {"clear", "show"}),
    ],
)
def test_words(words: list[str], incomplete: str, wanted: set[str]) -> None:
    assert set(complete(*words, incomplete=incomplete)) >= wanted


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_scripts(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    if shell == "bash" and not shutil.which("bash"):
        pytest.skip("there is no bash")
    assert main(["completion", shell]) == 0
    assert "_DLINT_COMPLETE" in capsys.readouterr().out


@pytest.mark.skipif(not DLINT.exists(), reason="needs dlint installed")
def test_what_the_script_asks_is_answered() -> None:
    asked = {**os.environ, "COMP_WORDS": "dlint expl", "COMP_CWORD": "1", "_DLINT_COMPLETE": "bash_complete"}
    done = subprocess.run([DLINT], env=asked, capture_output=True, text=True, check=True)
    assert "plain,explain" in done.stdout.splitlines()


@pytest.mark.skipif(not DLINT.exists() or not shutil.which("bash"), reason="needs dlint installed, and bash")
@pytest.mark.parametrize(("word", "wanted"), [("expl", "explain"), ("Dock", "")])
def test_bash_completes_the_first_word(word: str, wanted: str) -> None:
    script = subprocess.run([DLINT, "completion", "bash"], capture_output=True, text=True, check=True).stdout
    # outside of a completion `compopt` is refused; what it turns on is bash's own completion of files
    asked = f'compopt() {{ :; }}; COMP_WORDS=(dlint {word}); COMP_CWORD=1; _dlint_completion dlint; echo "${{COMPREPLY[*]}}"'
    searched = {**os.environ, "PATH": f"{DLINT.parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", f"{script}\n{asked}"], env=searched, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == wanted
