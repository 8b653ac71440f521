"""Writes a command line that stands in shell form as a JSON list, its layout kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import json_strings
from dockerlint.lint.syntax.span import Edit, Span

if TYPE_CHECKING:
    from dockerlint.lint.syntax.nodes import Dockerfile, Shell

# A word that means the same to any shell of the POSIX kind as without one: plain characters and quoted strings.
PLAIN = r"[^\s\\\"'$`;&|<>(){}*?\[\]~#!^]"
WORD = regex(rf"(?:{PLAIN}|'[^'\n]*'|\"[^\"\\$`!\n]*\")+")
QUOTED = regex(r"'([^'\n]*)'|\"([^\"\n]*)\"")
ASSIGNMENT = regex(r"\w+=")
# What joins commands.
JOINED = regex(r"[;&|]|\n")
# Commands that only a shell knows, and words of its grammar.
# Source: POSIX, Shell Command Language, "Reserved Words", "Special Built-In Utilities"; bash(1).
# fmt: off
BUILTINS = frozenset((
    ".", ":", "alias", "bg", "bind", "break", "builtin", "case", "cd", "command", "continue", "declare", "dirs",
    "disown", "do", "done", "elif", "else", "enable", "esac", "eval", "exit", "export", "fc", "fg", "fi", "for",
    "function", "getopts", "hash", "history", "if", "jobs", "let", "local", "logout", "popd", "pushd", "read",
    "readonly", "return", "select", "set", "shift", "shopt", "source", "suspend", "then", "times", "trap",
    "type", "typeset", "ulimit", "umask", "unalias", "unset", "until", "wait", "while",
))
# fmt: on


class _Argument(Struct, frozen=True):
    span: Span
    text: str


def exec_form(doc: Dockerfile, form: Shell) -> tuple[Edit, ...] | None:
    """The edits that make a JSON list of a command line; None when it needs a shell. A leading `exec` goes."""
    words = _arguments(doc, form)
    if not words or any(form.span.contains(comment.span) for comment in doc.comments):
        return None
    edits = []
    if words[0].text == "exec" and len(words) > 1:
        edits.append(Edit(Span(words[0].span.start, words[1].span.start), ""))
        words = words[1:]
    name = words[0].text
    if name in BUILTINS or name == "exec" or name.startswith("-") or ASSIGNMENT.match(name):
        return None
    for index, word in enumerate(words):
        before = "" if index else "["
        after = "]" if index == len(words) - 1 else ","
        edits.append(Edit(word.span, before + json_strings.written(word.text) + after))
    return tuple(edits)


def why_shell(doc: Dockerfile, form: Shell) -> str:
    """Why `exec_form` makes no list of a command line: what of it only a shell understands, and what would do without one."""
    text = form.text
    if any(form.span.contains(comment.span) for comment in doc.comments):
        return "a comment stands in it: take it out"
    if JOINED.search(text):
        return "it is more than one command: a script that ends with `exec` starts the last one in the shell's place"
    if "$" in text:
        return "it uses variables, which only a shell fills in: start it with `exec` to keep the shell out of the way"
    first = text.split()[0] if text.strip() else ""
    if first in BUILTINS or ASSIGNMENT.match(first):
        return f"`{first}` means something to a shell only: start the program behind it with `exec`"
    return "a shell reads some of its characters in its own way: quote them, or start it with `exec`"


def _arguments(doc: Dockerfile, form: Shell) -> list[_Argument] | None:
    """The words of a command line with their places; None when one of them means something to the shell."""
    words: list[_Argument] = []
    for piece in doc.pieces(form.span):
        at = piece.start
        while at < piece.end:
            if doc.text[at] in " \t":
                at += 1
                continue
            match = WORD.match(doc.text, at, piece.end)
            if match is None:
                return None
            words.append(_Argument(Span(at, match.end()), _value(match[0])))
            at = match.end()
        # a word that goes on behind the continuation cannot be quoted where it stands
        if piece.end < form.span.end and words[-1].span.end == piece.end:
            following = doc.text[_next(doc, piece.end, form.span.end)]
            if following not in " \t":
                return None
    return words


def _next(doc: Dockerfile, offset: int, end: int) -> int:
    """Where the text goes on behind the continuations that start at a place."""
    for gap in doc.continuations:
        if gap.start == offset:
            offset = gap.end
    return min(offset, end - 1)


def _value(raw: str) -> str:
    return QUOTED.sub(lambda match: match[1] if match[1] is not None else match[2], raw)
