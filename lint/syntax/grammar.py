"""The language of dockerfile.lark as Lark's LALR(1) tables, kept between runs. The only module that knows Lark.

Lark reads the grammar and makes the tables once; after that neither is loaded, as loading Lark takes longer than all that a small
run has to parse. lalr.py walks the tables.
"""

from __future__ import annotations

import re
import sys
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dockerlint.lint.storage.prepared import prepared

from .lalr import Tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ESCAPES = "\\`"
GRAMMAR = Path(__file__).with_name("dockerfile.lark")
# `file` is there for its terminals, with which parser.py walks a file.
START, OTHER_START = "instruction", "file"
# What these terminals begin with: elsewhere they need not be tried, and are the slowest to compile.
BEGINNINGS = {"FLAGS": "--", "OPEN": "["}
# What stands where a keyword does. It is looked up among them: an expression with all of them is slow, to compile too.
WORD = "KEYWORD"

# Pieces that terminals share, named between percent signs in the grammar: Lark can build a terminal of others, but not with
# a look-around or a possessive quantifier over them. An escape character at the end of a line, but for blanks, joins the next
# line that is neither blank nor a comment; one that follows another escape character does not.
_PIECES = {
    "QUOTED": r"""%CONTINUATION%(?=\S)|(?!%JOINED%)\\(?:(?s:.)|\Z)"""
    r"""|"(?:[^"\\]++|%CONTINUATION%|\\(?:(?s:.)|\Z))*+(?:"|\Z)"""
    r"""|'(?:[^'\\]++|%CONTINUATION%|\\)*+(?:'|\Z)""",
    "FLAG": r"""--(?:[^\s"'%BACKSLASH%]++|%CONTINUATION%(?=\S)|%BACKSLASH%(?!\s)."""
    r"""|"(?:[^"%BACKSLASH%]++|%BACKSLASH%(?s:.))*+(?:"|\Z)|'(?:[^'%BACKSLASH%]++|%BACKSLASH%(?s:.))*+(?:'|\Z))++""",
    "BLANKS": r"(?:\s|%CONTINUATION%)++",
    "JSON_BLANK": r"(?:[ \t\r\n]|%CONTINUATION%)",
    "JSON_STRING": r'"(?:[^"%BACKSLASH%\x00-\x1f\\]++|%CONTINUATION%|%BACKSLASH%(?:["%BACKSLASH%\x2fbfnrt]|u[0-9a-fA-F]{4})'
    r'|(?!%BACKSLASH%)\\)*+"',
    "END": r"(?=[%PLAIN%]|%JOINED%|\Z)",
    # the characters that part words, for use within brackets; names and values (PAIR) are parted by any white space. Source:
    # BuildKit, frontend/dockerfile/parser
    "PLAIN": r" \t\n\r\f\v",
    # whether there is a continuation, for where it does not matter how far it goes
    "JOINED": r"(?:(?<!\\)\\[ \t]*+(?:\r?\n|\Z))",
    "CONTINUATION": r"(?:(?<!\\)\\[ \t]*+(?:\r?\n(?:[^\S\n]*+(?:#[^\n]*+)?\n)*+(?:[^\S\n]*+(?:#[^\n]*+)?\Z)?|\Z))",
}


@cache
def tables(escape: str) -> Tables:
    """The tables for an escape character."""
    fields = prepared(kept_as(escape), partial(made, escape), dict[str, Any])
    # they may have been made by another Python
    return Tables(**fields | {"terminals": {name: _for_python(text) for name, text in fields["terminals"].items()}})


def kept_as(escape: str) -> str:
    """The name by which the tables for an escape character are kept."""
    return f"grammar-{ord(escape)}"


def spelled_out(text: str, escape: str) -> str:
    """Text of the grammar with its pieces and its escape character put in."""
    for name, piece in _PIECES.items():
        text = text.replace(f"%{name}%", piece)
    if escape != "\\":
        text = text.replace(r"\\", escape)
    text = text.replace("%BACKSLASH%", r"\\")
    return _for_python(text)


def _for_python(text: str) -> str:
    return _mended(text) if sys.version_info < (3, 11, 5) else text


def _mended(text: str) -> str:
    """Patterns that are right before Python 3.11.5 too: https://github.com/python/cpython/issues/100061.

    When the last round of a possessive group fails there, matching goes on where that round had got to, which may be in front
    of where it began, and the parser then goes round for ever. One more alternative, which fails, puts it back; its letter is there
    as Lark wants no terminal that may be empty. What is mended stays as it is.
    """
    return re.sub(r"(?<!\|\(\?!\)-)\)(?=[*+]\+)", "|(?!)-)", text)


def lark_of(escape: str, **options: Any) -> Any:
    """The grammar as Lark has it, which is slow."""
    from lark import Lark

    text = spelled_out(GRAMMAR.read_text(encoding="utf8"), escape)
    return Lark(text, parser="lalr", lexer="contextual", start=[START, OTHER_START], maybe_placeholders=False, **options)


def error_of_lark() -> type[Exception]:
    """What Lark raises for bad text, for those who read other languages with it."""
    from lark.exceptions import LarkError

    return LarkError


def made(escape: str) -> dict[str, Any]:
    """The fields of `Tables` for an escape character, taken from what Lark's own generator of parsers takes them from."""
    from lark.grammar import Rule
    from lark.lexer import TerminalDef

    lark = lark_of(escape)
    data, memo = lark.memo_serialize([TerminalDef, Rule])
    table = data["parser"]["parser"]
    names = table["tokens"]
    of_memo: list[int] = sorted({argument["@"] for row in table["states"].values() for kind, argument in row.values() if kind})
    states = {
        state: {names[name]: ~of_memo.index(argument["@"]) if kind else argument for name, (kind, argument) in row.items()}
        for state, row in table["states"].items()
    }
    terminals = {item.name: item.pattern.to_regexp() for item in sorted(lark.terminals, key=_precedence)}
    ignored = lark.ignore_tokens
    keywords = _keywords(terminals, states.values())
    for name in keywords.values():
        del terminals[name]
    start = table["start_states"][START]
    # Lark numbers them in another order each time
    reached = _reached(states, start)
    number = {state: at for at, state in enumerate(reached)}
    rows = [{name: number[action] if action >= 0 else action for name, action in sorted(states[state].items())} for state in reached]
    return {
        "terminals": terminals,
        "ignored": ignored,
        "beginnings": BEGINNINGS,
        "word": WORD,
        "keywords": keywords,
        "actions": rows,
        "accepted": [[name for name in terminals if name in row or name in ignored] for row in rows],
        "rules": [_rule(memo[number]) for number in of_memo],
        "start": number[start],
        "end": number[table["end_states"][START]],
    }


def _keywords(terminals: Mapping[str, str], rows: Iterable[Mapping[str, int]]) -> dict[str, str]:
    """The terminals that are one word and stand where `WORD` may, by that word."""
    beside = {name for row in rows if WORD in row for name in row}
    return {name.lower(): name for name, text in terminals.items() if name in beside and text.startswith(f"(?i:{name.lower()}")}


def _reached(states: Mapping[int, Mapping[str, int]], start: int) -> list[int]:
    """The states that a text can lead to, the nearest first."""
    found = [start]
    known = {start}
    for state in found:
        for _, action in sorted(states[state].items()):
            if action >= 0 and action not in known:
                known.add(action)
                found.append(action)
    return found


def _precedence(terminal: Any) -> tuple[int, int, int, str]:
    """Which terminal is tried first, as Lark has it."""
    return -terminal.priority, -terminal.pattern.max_width, -len(terminal.pattern.value), terminal.name


def _rule(rule: dict[str, Any]) -> list[Any]:
    """The fields of `lalr.Rule`."""
    kept = [
        [at, symbol["__type__"] == "NonTerminal" and _is_hidden(symbol["name"])]
        for at, symbol in enumerate(rule["expansion"])
        if not symbol.get("filter_out")
    ]
    name = rule["origin"]["name"]
    return [name, len(rule["expansion"]), kept, _is_hidden(name), rule["options"]["expand1"]]


def _is_hidden(name: str) -> bool:
    """Whether the children of a rule stand in its place."""
    return name.startswith("_")
