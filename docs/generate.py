"""Writes the rules' pages in docs/rules from the rules' own docstrings.

`python docs/generate.py` writes them. With `--check` it writes nothing, says which differ, and then exits with 1.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dockerlint.lint.cli.explain import page
from dockerlint.lint.registry import RULES, rules

if TYPE_CHECKING:
    from dockerlint.lint.rule import Rule

FOLDER = Path(__file__).parent / "rules"
LIST = "index.md"

LIST_HEAD = """\
# Rules

Level is how bad a finding is unless the configuration says otherwise. Rules of the *recommended* preset run by default.
Fix: `--fix`, perhaps with `--unsafe-fixes`, mends at least some of what the rule finds. Aliases are the names that
other checkers give the same thing; each of them works wherever a code does.

| code | name | level | recommended | fix | finds | aliases |
|---|---|---|---|---|---|---|
"""

PAGE_FOOT = """
---

[All rules](index.md) · [how to ignore a finding](../suppressing.md) · this page is made from
[rules/{file}](../../rules/{file}) by `python docs/generate.py`
"""


def pages() -> dict[str, str]:
    """The text of each page by its file name. Rules of plug-ins that happen to be installed are left out."""
    own = [rule for rule in rules() if _module(rule).startswith(RULES + ".")]
    texts = {f"{rule.code}.md": page(rule) + PAGE_FOOT.format(file=_file(rule)) for rule in own}
    return texts | {LIST: LIST_HEAD + "".join(map(_row, own))}


def differing(texts: dict[str, str]) -> dict[str, str]:
    """What is wrong in the folder, by file name: a page that is missing, out of date, or of no rule."""
    found = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md")}
    wrong = dict.fromkeys(found.keys() - texts.keys(), "there is no such rule")
    for name, text in texts.items():
        if found.get(name) != text:
            wrong[name] = "differs from its rule's docstring" if name in found else "is missing"
    return dict(sorted(wrong.items()))


def write(texts: dict[str, str]) -> None:
    """Make the folder hold these pages and no others."""
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.glob("*.md"):
        if path.name not in texts:
            path.unlink()
    for name, text in texts.items():
        (FOLDER / name).write_text(text, encoding="utf-8", newline="\n")


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; say which pages differ.")
def main(check: bool) -> None:
    """Write the rules' pages from their docstrings."""
    texts = pages()
    wrong = differing(texts)
    if not check:
        write(texts)
    for name, problem in wrong.items():
        click.echo(f"docs/rules/{name}: {problem if check else 'written' if name in texts else 'removed'}")
    if check and wrong:
        click.echo("run `python docs/generate.py` to write them anew", err=True)
        sys.exit(1)


def _module(rule: Rule) -> str:
    return rule.check.__module__


def _file(rule: Rule) -> str:
    return _module(rule).rpartition(".")[2] + ".py"


def _row(rule: Rule) -> str:
    cells = (
        f"[{rule.code}]({rule.code}.md)",
        rule.name,
        rule.severity.value,
        "yes" if rule.recommended else "",
        "yes" if rule.fixable else "",
        rule.summary.replace("|", "\\|"),
        ", ".join(rule.aliases),
    )
    return f"| {' | '.join(cells)} |\n"


if __name__ == "__main__":
    main()
