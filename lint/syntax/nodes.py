"""The tree of a Dockerfile: frozen values with spans into the text; trivia is what lies between them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from types import NoneType
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import Struct

from .lines import Lines
from .span import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

Kind = TypeVar("Kind", bound="Instruction")


class Word(Struct, frozen=True):
    """One argument. `text` is what the builder reads: the source without continuations and their comments."""

    span: Span
    text: str


class Flag(Struct, frozen=True):
    """`--name=value`; `value` is None for a flag that stands alone, quotes are already gone from it."""

    span: Span
    name: str
    value: str | None


class Pair(Struct, frozen=True):
    """`key=value` of ENV, LABEL or ARG; `value` is None where ARG only declares. `legacy` is `ENV key value`."""

    span: Span
    key: Word
    value: Word | None
    legacy: bool = False


class Heredoc(Struct, frozen=True):
    """`<<NAME`: where it is announced (`span`), its lines (`body`) and the line that ends it (`terminator`)."""

    span: Span
    name: str
    expand: bool
    strip_tabs: bool
    body: Span
    terminator: Span


class Exec(Struct, frozen=True):
    """A JSON list of strings; `text` of a word is the string's value."""

    span: Span
    words: tuple[Word, ...]


class Shell(Struct, frozen=True):
    """Text for the stage's shell; `text` is the source with continuations joined."""

    span: Span
    text: str


class Instruction(Struct, frozen=True):
    """Keyword, flags and arguments; `span` ends with the last argument or the last heredoc's terminator."""

    span: Span
    keyword: Word
    flags: tuple[Flag, ...]

    @property
    def name(self) -> str:
        """The keyword in capitals."""
        return self.keyword.text.upper()

    def flag(self, name: str) -> Flag | None:
        """The last flag of that name."""
        return next((flag for flag in reversed(self.flags) if flag.name == name), None)

    def flag_value(self, name: str) -> str | None:
        """The value of the last flag of that name."""
        flag = self.flag(name)
        return flag.value if flag else None


class From(Instruction, frozen=True):
    """`FROM image [AS alias]`."""

    image: Word
    alias: Word | None
    as_keyword: Word | None


class Run(Instruction, frozen=True):
    """`RUN`: shell form, exec form, or heredocs; `form` is None when there is nothing at all."""

    form: Exec | Shell | None
    heredocs: tuple[Heredoc, ...] = ()


class Copy(Instruction, frozen=True):
    """`COPY` and `ADD`."""

    sources: tuple[Word, ...]
    destination: Word
    json: bool
    heredocs: tuple[Heredoc, ...] = ()

    @property
    def from_(self) -> str | None:
        """The stage or image that `--from` names."""
        return self.flag_value("from")

    @property
    def paths(self) -> tuple[Word, ...]:
        """The sources that are no heredocs."""
        heredocs = {heredoc.span for heredoc in self.heredocs}
        return tuple(word for word in self.sources if word.span not in heredocs)


class Add(Copy, frozen=True):
    """`ADD`."""


class Env(Instruction, frozen=True):
    """`ENV`."""

    pairs: tuple[Pair, ...]


class Label(Instruction, frozen=True):
    """`LABEL`."""

    pairs: tuple[Pair, ...]


class Arg(Instruction, frozen=True):
    """`ARG`."""

    pairs: tuple[Pair, ...]


class CommandInstruction(Instruction, frozen=True):
    """`CMD` and `ENTRYPOINT`: a command line in exec or shell form."""

    form: Exec | Shell | None


class Cmd(CommandInstruction, frozen=True):
    """`CMD`."""


class Entrypoint(CommandInstruction, frozen=True):
    """`ENTRYPOINT`."""


class ShellChange(Instruction, frozen=True):
    """`SHELL`."""

    form: Exec | Shell | None


class Healthcheck(Instruction, frozen=True):
    """`HEALTHCHECK CMD command` or `HEALTHCHECK NONE`."""

    kind: Word
    form: Exec | Shell | None


class Onbuild(Instruction, frozen=True):
    """`ONBUILD trigger`."""

    trigger: Instruction


class Words(Instruction, frozen=True):
    """Instructions whose arguments are a list of words."""

    words: tuple[Word, ...]
    json: bool = False


class Expose(Words, frozen=True):
    """`EXPOSE`."""


class Volume(Words, frozen=True):
    """`VOLUME`."""


class Text(Instruction, frozen=True):
    """Instructions whose argument is the rest of the line."""

    argument: Word


class User(Text, frozen=True):
    """`USER`."""


class Workdir(Text, frozen=True):
    """`WORKDIR`."""


class Stopsignal(Text, frozen=True):
    """`STOPSIGNAL`."""


class Maintainer(Text, frozen=True):
    """`MAINTAINER`."""


class Bad(Instruction, frozen=True):
    """An instruction that the builder would refuse; what is wrong stands in `Dockerfile.problems`."""


class Comment(Struct, frozen=True):
    """A comment line, from its `#`; those between continuation lines too."""

    span: Span
    text: str


class Directive(Struct, frozen=True):
    """`# name=value` at the top of the file, name in lower case."""

    span: Span
    name: str
    value: str


class Problem(Struct, frozen=True):
    """Why the builder would refuse the file, and where."""

    span: Span
    message: str


class Stage(Struct, frozen=True):
    """FROM and all up to the next one."""

    index: int
    from_: From
    instructions: tuple[Instruction, ...]

    @property
    def name(self) -> str | None:
        """The alias in lower case, as the builder compares it."""
        return self.from_.alias.text.lower() if self.from_.alias else None

    @property
    def span(self) -> Span:
        """From FROM to the end of the last instruction."""
        last = self.instructions[-1] if self.instructions else self.from_
        return Span(self.from_.span.start, last.span.end)

    def all(self, kind: type[Kind]) -> Iterator[Kind]:
        """The stage's own instructions of one kind (ONBUILD's triggers are not the stage's own)."""
        return (node for node in self.instructions if isinstance(node, kind))


Part = TypeVar("Part")
_PLAIN = frozenset((str, bool, NoneType))


def moved(part: Part, by: int) -> Part:
    """A node, or another value made of spans, as it is so many characters further on in a file; itself for none."""
    return _moved(part, by) if by else part


def _moved(value: Any, by: int) -> Any:
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is Word:
        # most of what there is
        start, end = value.span
        return Word(Span(start + by, end + by), value.text)
    if kind is Span:
        return Span(value[0] + by, value[1] + by)
    if kind is tuple:
        return tuple([_moved(item, by) for item in value]) if value else value
    values = [getattr(value, name) for name in kind.__struct_fields__]
    return kind(*[item if type(item) in _PLAIN else _moved(item, by) for item in values])


class Dockerfile(Lines, frozen=True, dict=True):
    """A parsed file. `instructions` are in file order, `preamble` those before the first FROM."""

    escape: str
    directives: tuple[Directive, ...]
    comments: tuple[Comment, ...]
    instructions: tuple[Instruction, ...]
    problems: tuple[Problem, ...]
    continuations: tuple[Span, ...] = ()
    blank_continuations: tuple[Span, ...] = ()
    stages: tuple[Stage, ...] = ()
    preamble: tuple[Instruction, ...] = ()

    def pieces(self, span: Span) -> list[Span]:
        """A span less the continuations in it: what is left, in order, is what the builder reads. Never empty."""
        pieces = []
        at = span.start
        for index in range(bisect_left(self.continuations, span), len(self.continuations)):
            gap = self.continuations[index]
            if gap.start >= span.end:
                break
            pieces.append(Span(at, gap.start))
            at = gap.end
        pieces.append(Span(at, span.end))
        return pieces

    def enclosing(self, *spans: Span) -> Span:
        """From the first to the last character of the spans, widened to whole instructions; never empty."""
        start, end = min(span.start for span in spans), max(span.end for span in spans)
        first = bisect_left(self.instructions, start, key=lambda node: node.span.end)
        last = bisect_right(self.instructions, end, key=lambda node: node.span.start)
        touched = self.instructions[first:last]
        if touched:
            start, end = min(start, touched[0].span.start), max(end, touched[-1].span.end)
        return Span(start, max(end, start + 1))

    def marked(self, node: Instruction, part: Span) -> Span:
        """Where a part of an instruction is reported: from the instruction's start when it is on one of its later lines.

        BuildKit names the first line of an instruction, and ignores and baselines made with it expect that.
        """
        return part if self.line(part.start) == self.line(node.span.start) else Span(node.span.start, part.end)

    @property
    def newline(self) -> str:
        """The file's own line break."""
        first = self.text.find("\n")
        return "\r\n" if first > 0 and self.text[first - 1] == "\r" else "\n"

    def directive(self, name: str) -> Directive | None:
        """The parser directive of that name."""
        return next((item for item in self.directives if item.name == name), None)
