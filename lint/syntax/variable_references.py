"""Where an instruction refers to variables that the builder puts in, and where it looks them up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dockerlint.lint.storage.lazy_regex import regex

from . import nodes
from .span import Edit, Span
from .word_expansion import ExpansionError, variables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .word_expansion import VariableReference

NAME = regex(r"[A-Za-z_][A-Za-z0-9_]*\Z")
# Source: the Dockerfile reference, "Environment replacement".
OPERATORS = frozenset(["", "-", ":-", "+", ":+", "?", ":?", "#", "##", "%", "%%", "/", "//"])

# Flags in whose values every release of the builder puts variables.
EXPANDED_FLAGS = frozenset({"chown", "chmod", "checksum", "platform"})


def is_variable_name(text: str) -> bool:
    """Whether a reference can name a variable that is called so: ENV and ARG take any text for a name."""
    return NAME.match(text) is not None


class VariableUse(Struct, frozen=True):
    """A reference to a variable, and its characters; of the word it is in, where they cannot be told apart (`exact`)."""

    reference: VariableReference
    span: Span
    exact: bool

    @property
    def name(self) -> str:
        """The variable's name."""
        return self.reference.name

    def renamed(self, name: str) -> Edit | None:
        """The edit that makes it refer to another variable; None where its place is not known."""
        if not self.exact:
            return None
        written = self.reference.end - self.reference.start
        if self.span.end - self.span.start != written:
            return None
        # `${name...}` is longer than `$name` by a brace at each end
        braces = int(written > len(self.name) + 1)
        start = self.span.start + 1 + braces
        return Edit(Span(start, start + len(self.name)), name)


def uses(doc: nodes.Dockerfile, node: nodes.Instruction) -> Iterator[VariableUse]:
    """The references of an instruction that the builder resolves, by word; not those that the shell of a RUN does.

    Words that the builder cannot read have none. Source: the Dockerfile reference, "Environment replacement".
    """
    if "$" not in doc.source(node.span):
        return
    for word in _words(doc, node):
        yield from _uses(doc, word, doc.escape)
    for body in expanded_bodies(doc, node):
        yield from _uses(doc, body, "\\", skip_quotes=True)


def expanded_words(doc: nodes.Dockerfile, node: nodes.Instruction) -> Iterator[nodes.Word]:
    """The words of an instruction that the builder expands one by one; the options of a mount are not words."""
    if isinstance(node, nodes.Run):
        return
    plain = {pair.key.span for pair in node.pairs} if isinstance(node, nodes.Arg) else set()
    plain |= {word.span for flag, word in zip(node.flags, _flags(doc, node), strict=True) if flag.name not in EXPANDED_FLAGS}
    yield from (word for word in _words(doc, node) if word.span not in plain)


def expanded_bodies(doc: nodes.Dockerfile, node: nodes.Instruction) -> Iterator[nodes.Word]:
    """The here-documents whose variables the builder puts in.

    There the escape character is always the backslash, and quotes are ordinary characters.
    """
    if isinstance(node, nodes.Copy):
        yield from (nodes.Word(heredoc.body, doc.source(heredoc.body)) for heredoc in node.heredocs if heredoc.expand)


def _uses(doc: nodes.Dockerfile, word: nodes.Word, escape: str, *, skip_quotes: bool = False) -> Iterator[VariableUse]:
    if "$" not in word.text:
        return
    try:
        found = variables(word.text, escape, skip_quotes=skip_quotes)
    except ExpansionError:
        return
    if any(reference.operator not in OPERATORS for reference in found):
        return
    pieces = doc.pieces(word.span)
    joined = "".join(doc.source(piece) for piece in pieces)
    ahead = 0 if joined == word.text else 1 if joined[1:-1] == word.text else None
    for reference in found:
        if ahead is None:
            yield VariableUse(reference, word.span, exact=False)
            continue
        start, last = (_offset(pieces, at + ahead) for at in (reference.start, reference.end - 1))
        yield VariableUse(reference, Span(start, last + 1), exact=True)


def _offset(pieces: list[Span], at: int) -> int:
    """The place in the text of a character of the pieces put together."""
    for piece in pieces:
        length = piece.end - piece.start
        if at < length:
            return piece.start + at
        at -= length
    return pieces[-1].end


def _words(doc: nodes.Dockerfile, node: nodes.Instruction) -> Iterator[nodes.Word]:
    match node:
        case nodes.From():
            yield from _flags(doc, node)
            yield node.image
        case nodes.Env() | nodes.Label() | nodes.Arg():
            for pair in node.pairs:
                yield pair.key
                if pair.value:
                    yield pair.value
        case nodes.Copy():
            yield from _flags(doc, node)
            yield from (*node.paths, node.destination)
        case nodes.Run():
            yield from (word for flag, word in zip(node.flags, _flags(doc, node), strict=True) if flag.name == "mount")
        case nodes.Words():
            yield from node.words
        case nodes.User() | nodes.Workdir() | nodes.Stopsignal():
            yield node.argument
        case _:
            return


def _flags(doc: nodes.Dockerfile, node: nodes.Instruction) -> Iterator[nodes.Word]:
    for flag in node.flags:
        value = flag.value or ""
        start = flag.span.end - len(value) if doc.source(flag.span).endswith(value) else flag.span.start
        yield nodes.Word(Span(start, flag.span.end), value)
