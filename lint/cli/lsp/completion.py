"""What may stand at a place: instructions, flags, stages, mounts, variables, and rules to ignore."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from lsprotocol.types import CompletionItem, CompletionItemKind, TextEdit

from dockerlint.lint.engine import registry
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax.run_mounts import KINDS, SHARINGS, options_of, parse_mount
from dockerlint.lint.syntax.span import Span
from dockerlint.lint.syntax.validation import CHOICES, FLAGS, KEYWORDS

from . import variables

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dockerlint.lint.syntax import nodes

    from .file_setup import FileView

# The start of an ignore up to the name that is being typed.
IGNORE = regex(r"[ \t]*#[ \t]*(?:dlint|hadolint)[ \t]+(?:(?:global|stage)[ \t]+)?ignore[ \t]*=[ \t]*([\w, \t-]*)\Z")
VARIABLE = regex(r"\$\{?(\w*)\Z", re.ASCII)
LAST_NAME = regex(r"[\w-]*\Z")
TRIGGERS = ("$", "{", "=", ",", "-", "#")


class _Choice(NamedTuple):
    """Something to put in the place of what is typed already."""

    text: str
    kind: CompletionItemKind
    detail: str | None = None


def completion(view: FileView, offset: int) -> list[CompletionItem]:
    """The items for a place; each replaces what is typed already of the word it stands for."""
    typed, choices = _choices(view, offset)
    range_ = view.places.range(Span(offset - len(typed), offset))
    return [
        CompletionItem(
            item.text, kind=item.kind, detail=item.detail, filter_text=item.text, text_edit=TextEdit(range_, item.text)
        )
        for item in choices
    ]


def _choices(view: FileView, offset: int) -> tuple[str, list[_Choice]]:
    """What is typed of a word, and what it may become."""
    text = view.doc.text
    line = text[text.rfind("\n", 0, offset) + 1 : offset]
    ignore = IGNORE.match(line)
    if ignore:
        typed = LAST_NAME.search(ignore[1])
        assert typed
        return typed[0], list(_rules())
    if line.lstrip().startswith("#"):
        return "", []
    variable = VARIABLE.search(line)
    node = _node(view, offset)
    if variable and node:
        return variable[1], [_Choice(name, CompletionItemKind.Variable) for name in variables.in_scope(view, node)]
    start, line = _logical(view.doc, offset)
    if node and node.span.start < start and offset <= node.span.end:
        # the lines of a heredoc
        return "", []
    return _in_instruction(view, offset, line)


def _in_instruction(view: FileView, offset: int, line: str) -> tuple[str, list[_Choice]]:
    words = line.split()
    typed = "" if not words or line[-1].isspace() else words.pop()
    if words and words[0].upper() == "ONBUILD":
        words.pop(0)
    if not words:
        is_lower = typed.islower()
        return typed, [_Choice(word.lower() if is_lower else word, CompletionItemKind.Keyword) for word in KEYWORDS]
    keyword, *before = words
    if not all(word.startswith("--") for word in before):
        return typed, []
    keyword = keyword.upper()
    if typed.startswith("-"):
        return _in_flag(view, offset, keyword, typed)
    return (typed, list(_stages(view, offset))) if keyword == "FROM" else (typed, [])


def _in_flag(view: FileView, offset: int, keyword: str, typed: str) -> tuple[str, list[_Choice]]:
    flags = FLAGS.get(keyword, {})
    name, equals, value = typed.removeprefix("--").partition("=")
    if not equals:
        texts = (f"--{name}" if kind == "bool" else f"--{name}=" for name, kind in flags.items())
        return typed, [_Choice(text, CompletionItemKind.Property) for text in texts]
    if keyword == "COPY" and name == "from":
        return value, list(_stages(view, offset))
    if keyword == "RUN" and name == "mount":
        return _in_mount(view, offset, value)
    return value, _values(CHOICES.get((keyword, name), ()))


def _in_mount(view: FileView, offset: int, value: str) -> tuple[str, list[_Choice]]:
    done, _, option = value.rpartition(",")
    name, equals, typed = option.partition("=")
    if equals:
        known = {"type": _values(KINDS), "sharing": _values(SHARINGS), "from": list(_stages(view, offset))}
        return typed, known.get(name, [])
    kind = parse_mount(done).kind
    return option, [_Choice(text, CompletionItemKind.Property) for text in options_of(kind)]


def _values(texts: Iterable[str]) -> list[_Choice]:
    return [_Choice(text, CompletionItemKind.Value) for text in texts]


def _stages(view: FileView, offset: int) -> Iterator[_Choice]:
    """The stages above."""
    for stage in view.doc.stages:
        alias = stage.from_.alias
        if alias and alias.span.end < view.doc.text.rfind("\n", 0, offset) + 1:
            yield _Choice(alias.text, CompletionItemKind.Module, f"FROM {stage.from_.image.text}")


def _rules() -> Iterator[_Choice]:
    for rule in registry.rules():
        yield _Choice(rule.code, CompletionItemKind.EnumMember, rule.summary)


def _node(view: FileView, offset: int) -> nodes.Instruction | None:
    """The instruction that a place is in, or directly behind."""
    found = [node for node in view.doc.instructions if node.span.start <= offset]
    return found[-1] if found else None


def _logical(doc: nodes.Dockerfile, offset: int) -> tuple[int, str]:
    """The line up to a place, with the lines that it continues, and where the first of them starts."""
    lines = doc.text[:offset].split("\n")
    parts = [lines.pop()]
    while lines and (lines[-1].lstrip().startswith("#") or lines[-1].rstrip().endswith(doc.escape)):
        line = lines.pop().strip()
        if not line.startswith("#"):
            parts.append(line.removesuffix(doc.escape))
    return sum(len(line) + 1 for line in lines), " ".join(reversed(parts))
