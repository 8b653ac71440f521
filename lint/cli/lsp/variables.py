"""Where a file sets ARGs and ENVs, and where it uses them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.span import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .file_setup import FileView

# In the source as it is written: a name that continues on the next line is not seen.
USE = regex(r"\$\{?([A-Za-z_]\w*)", re.ASCII)


class NameUse(Struct, frozen=True):
    """A variable's name in an instruction: in an ARG or ENV that sets it (`pair`), or behind a `$`."""

    span: Span
    name: str
    node: nodes.Instruction
    pair: nodes.Pair | None = None


def uses(view: FileView) -> Iterator[NameUse]:
    """All of them, in the order of the file."""
    for node in view.doc.instructions:
        inner = node.trigger if isinstance(node, nodes.Onbuild) else node
        found = [*_set(inner), *_used(view.doc, inner)]
        yield from sorted(found, key=lambda use: use.span)


def at(view: FileView, offset: int) -> NameUse | None:
    """The variable at a place."""
    return next((use for use in uses(view) if use.span.start <= offset <= use.span.end), None)


def origin(view: FileView, use: NameUse) -> NameUse | None:
    """Where the value of a variable comes from; None where the file does not say.

    An ENV wins over an ARG, and a nearer one over a farther. An ARG without a value takes that of the ARG before the
    first FROM.
    """
    if use.pair is not None and (isinstance(use.node, nodes.Env) or use.pair.value is not None or _is_global(view, use.node)):
        return use
    if use.pair is not None:
        return _global(view, use.name) or use
    if isinstance(use.node, nodes.From):
        return _global(view, use.name)
    found: NameUse | None = None
    for node in view.facts.before(use.node):
        for known in _set(node):
            if known.name != use.name:
                continue
            if isinstance(node, nodes.Env):
                return known
            found = found or known
    return origin(view, found) if found else None


def value(view: FileView, use: NameUse) -> str | None:
    """The value of a variable where it is used, or that an ARG or ENV gives it; None where the build decides it."""
    facts = view.facts
    if isinstance(use.node, nodes.From):
        return facts.global_args.get(use.name)
    if use.pair is None:
        return facts.state(use.node).env.get(use.name)
    if _is_global(view, use.node):
        return facts.global_args.get(use.name)
    if isinstance(use.node, nodes.Arg) and use.name in facts.settings.build_args:
        return facts.settings.build_args[use.name]
    if use.pair.value is not None:
        return facts.expand(use.pair.value.text, use.node)
    return facts.global_args.get(use.name)


def in_scope(view: FileView, node: nodes.Instruction) -> list[str]:
    """The names that an instruction may use."""
    # one that is not finished is no From yet
    known = view.facts.global_args if node.name == "FROM" else view.facts.state(node).env
    return sorted(known)


def _is_global(view: FileView, node: nodes.Instruction) -> bool:
    return any(node is other for other in view.doc.preamble)


def _global(view: FileView, name: str) -> NameUse | None:
    found = [use for node in view.doc.preamble if isinstance(node, nodes.Arg) for use in _set(node) if use.name == name]
    return found[-1] if found else None


def _set(node: nodes.Instruction) -> Iterator[NameUse]:
    if isinstance(node, nodes.Arg | nodes.Env):
        for pair in node.pairs:
            yield NameUse(pair.key.span, pair.key.text, node, pair)


def _used(doc: nodes.Dockerfile, node: nodes.Instruction) -> Iterator[NameUse]:
    comments = [item.span for item in doc.comments if node.span.contains(item.span)]
    for match in USE.finditer(doc.text, *node.span):
        span = Span(*match.span(1))
        ahead = doc.text[node.span.start : match.start()]
        escapes = len(ahead) - len(ahead.rstrip(doc.escape))
        if escapes % 2 == 0 and not any(comment.contains(span) for comment in comments):
            yield NameUse(span, match[1], node)
