"""The table of all that dlint says, to be read in one go: `tests/data/messages.md`.

What the rules say of their own examples, whole; and the sentences of the source as they are written there, with the names of what is
put in. `python docs/generate.py` makes it.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

from dockerlint.fixers.rule_testing import findings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dockerlint.lint.engine.rule import Rule

TOP = Path(__file__).parents[1]
ROOMS = ("rules", "fixers", "lint")
HEAD = """\
# All that dlint says

To be read aloud: what is clumsy here is clumsy on a terminal. `python docs/generate.py` makes this file; change the source, not the file.

## What rules say of their examples

| code | message | fix |
|---|---|---|
"""
# Patterns, queries, markup and Dockerfiles are no sentences.
NO_PROSE = re.compile(r"[\\^]|\(\?|\[[ A-Z]|<[a-z!/]|SELECT |PRAGMA |INSERT |CREATE |UPDATE |DELETE |```|\n")
SENTENCE = re.compile(r"[^ ]+ [^ ]+ [^ ]")


def messages(rules: Iterable[Rule]) -> str:
    """The whole table, in Markdown."""
    parts = [HEAD, *(line for rule in rules for line in _said(rule))]
    for room in ROOMS:
        parts.append(f"\n## Sentences in {room}/\n")
        for path in sorted((TOP / room).rglob("*.py")):
            if found := sorted(set(_sentences(ast.parse(path.read_text(encoding="utf-8"))))):
                parts.append(f"\n{path.relative_to(TOP).as_posix()}:\n\n")
                parts += (f"- {text.strip()}\n" for text in found)
    return "".join(parts)


def _said(rule: Rule) -> Iterator[str]:
    rows: dict[str, None] = {}
    for example in rule.examples:
        for item in findings(rule, example) if example.kind == "bad" else ():
            fix = f"{item.fix.title} ({item.fix.applicability.name.lower()})" if item.fix else ""
            rows[f"| {rule.code} | {_cell(item.message)} | {_cell(fix)} |\n"] = None
    yield from rows


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _sentences(tree: ast.AST) -> Iterator[str]:
    """The strings of a module that are prose, variables in braces; docstrings are not among them."""
    inner = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node) if part is not node}
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if id(node) in inner or id(node) in docs:
            continue
        text = _text(node)
        if text and SENTENCE.search(text) and not NO_PROSE.search(text):
            yield text


def _text(node: ast.AST) -> str | None:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(f"{{{ast.unparse(part.value)}}}" if isinstance(part, ast.FormattedValue) else _text(part) or "" for part in parts)
        case _:
            return None


