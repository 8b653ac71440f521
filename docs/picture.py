"""Makes docs/terminal.svg, the picture of the front page, of what dlint really says: `python docs/picture.py`.

With `--check` it writes nothing, and exits with 1 when the picture shows something else than dlint says now.
"""

from __future__ import annotations

import html
import os
import re
import shutil
import subprocess
import sys
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from rich.console import Console
from rich.text import Text

EXAMPLE = Path(__file__).parent / "examples"
PICTURE = Path(__file__).parent / "terminal.svg"
COLUMNS = 100
RULES = "DF101,DF104"
COMMANDS = (("--select", RULES, "Dockerfile"), ("--select", RULES, "--fix", "Dockerfile"))
# The same on every machine: no configuration, no other programs, nothing kept.
PLAIN = ("--no-config", "--shellcheck", "off", "--no-cache")
FONT = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)
TEXT = re.compile(r"<text[^>]* y=\"([\d.]+)\"[^>]*>(.*?)</text>")


def said() -> str:
    """What a terminal shows, with its colours."""
    with TemporaryDirectory() as folder:
        there = Path(folder) / "app"
        shutil.copytree(EXAMPLE, there)
        return "\n".join(f"\x1b[32m$\x1b[0m dlint {' '.join(words)}\n{_run(there, words)}" for words in COMMANDS)


def _run(folder: Path, words: tuple[str, ...]) -> str:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("DLINT_", "HADOLINT_", "NO_COLOR"))}
    environment |= {"FORCE_COLOR": "1", "COLUMNS": str(COLUMNS), "TERM": "xterm-256color"}
    command = [sys.executable, "-m", "dockerlint.lint.cli", *words, *PLAIN]
    done = subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", check=False)
    if done.returncode > 1:
        sys.exit(done.stdout)
    return done.stdout


def drawn(text: str) -> str:
    """The picture as SVG, by rich; without its fonts, which would be fetched from elsewhere."""
    console = Console(record=True, width=COLUMNS, file=StringIO(), color_system="truecolor", force_terminal=True)
    console.print(Text.from_ansi(text))
    return FONT.sub("", console.export_svg(title="dlint", unique_id="terminal"))


def words(svg: str) -> list[str]:
    """The lines that a picture shows, each without its blanks: where these are drawn is rich's matter."""
    lines: dict[str, str] = {}
    for place, text in TEXT.findall(svg):
        lines[place] = lines.get(place, "") + html.unescape(text)
    return ["".join(line.split()) for line in lines.values()]


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; say whether the picture is what dlint says.")
def main(check: bool) -> None:
    """Write the picture of the front page."""
    svg = drawn(said())
    if not check:
        PICTURE.write_text(svg, encoding="utf-8", newline="\n")
    elif words(svg) != words(PICTURE.read_text(encoding="utf-8")):
        sys.exit("docs/terminal.svg: dlint says something else now; run `python docs/picture.py`")


if __name__ == "__main__":
    main()
