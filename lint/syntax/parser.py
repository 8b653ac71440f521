"""Text to tree; the language itself stands in dockerfile.lark."""

from __future__ import annotations

import re
from contextvars import ContextVar
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from dockerlint.lint.storage.lazy_regex import regex

from . import grammar, json_strings, nodes
from .lalr import Parser, Token, UnexpectedError
from .span import Span
from .validation import check_problem, expected, long_lines, validate
from .word_expansion import ExpansionError, expand_words

if TYPE_CHECKING:
    from collections.abc import Iterator

BOM = "\ufeff"
DIRECTIVES = ("syntax", "escape", "check")
TAKES_HEREDOCS = (nodes.Run, nodes.Copy)
# The builder refuses the second already; what goes through the tree goes down by calls.
MOST_TRIGGERS = 10
# Of lines longer than this nothing is kept; of the others, the last ones.
LONGEST_KEPT, MOST_KEPT = 2000, 2000

# Where the line that is read starts in the file; a thread's own.
LINE_START = ContextVar("LINE_START", default=0)


class _Language(Struct, frozen=True):
    """The grammar for one escape character, and the terminals that `_FileReader` walks the file with."""

    parser: Parser
    continuation: re.Pattern[str]
    line: re.Pattern[str]
    comment: re.Pattern[str]
    blank: re.Pattern[str]
    directive: re.Pattern[str]
    heredoc: re.Pattern[str]


@cache
def _language(escape: str) -> _Language:
    tables = grammar.tables(escape)
    continuation = regex(grammar.spelled_out("%CONTINUATION%", escape))
    builder = _TreeBuilder(continuation, regex(grammar.spelled_out(r"(%FLAG%)(?:%BLANKS%|\Z)", escape)))
    terminals = (regex(tables.terminals[name]) for name in ("LINE", "COMMENT_LINE", "BLANK_LINE", "DIRECTIVE", "HEREDOC"))
    return _Language(Parser(tables, builder), continuation, *terminals)


def parse(text: str) -> nodes.Dockerfile:
    """The tree of a Dockerfile's text.

    Never raises for bad text: what the builder would refuse stands in `problems`, in file order, and the rest is parsed.
    """
    return _FileReader(text).read()


class _Known(Struct, frozen=True):
    """A line that was read, and where it stood."""

    start: int
    node: nodes.Instruction


@lru_cache(maxsize=MOST_KEPT)
def _known(line: str, escape: str) -> list[_Known]:  # noqa: ARG001 - the key
    """Where a line is kept from when it is first read: the texts that a file has on its way differ in a line or two."""
    return []


class _FileReader:
    """Walks the file: directives, comments, logical lines, heredocs."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.directives: list[nodes.Directive] = []
        self.comments: list[nodes.Comment] = []
        self.instructions: list[nodes.Instruction] = []
        self.problems: list[nodes.Problem] = []
        self.continuations: list[Span] = []
        self.blanks: list[Span] = []
        self.escape = "\\"
        self.language = _language(self.escape)

    def read(self) -> nodes.Dockerfile:
        at = self._read_directives(len(BOM) if self.text.startswith(BOM) else 0)
        if self.escape != "\\":
            self.language = _language(self.escape)
        while at < len(self.text):
            at = self._read_line(at)
        if not self.instructions:
            self._problem(Span(0, 0), "the file has no instructions")
        self.problems.extend(long_lines(self.text))
        preamble, stages = _stages(self.instructions)
        self.problems.sort(key=lambda problem: problem.span)
        return nodes.Dockerfile(
            text=self.text,
            escape=self.escape,
            directives=tuple(self.directives),
            comments=tuple(self.comments),
            instructions=tuple(self.instructions),
            problems=tuple(self.problems),
            continuations=tuple(self.continuations),
            blank_continuations=tuple(self.blanks),
            stages=stages,
            preamble=preamble,
        )

    def _problem(self, span: Span, message: str) -> None:
        self.problems.append(nodes.Problem(span, message))

    def _read_directives(self, at: int) -> int:
        while match := self.language.directive.match(self.text, at):
            name = match[1].lower()
            if name not in DIRECTIVES:
                break
            value = match[2].rstrip()
            span = Span(self.text.index("#", at), match.start(2) + len(value))
            if any(seen.name == name for seen in self.directives):
                self._problem(span, f"the directive {name} may be given only once")
            elif name == "escape" and value not in ("\\", "`"):
                self._problem(span, f"the escape character must be \\ or `, not {value!r}")
            elif name == "escape":
                self.escape = value
            elif name == "check" and (problem := check_problem(value)):
                self._problem(span, problem)
            self.directives.append(nodes.Directive(span, name, value))
            at = self._next_line(match.end())
        return at

    def _next_line(self, at: int) -> int:
        """The start of the line after the one that `at` is in."""
        end = self.text.find("\n", at)
        return len(self.text) if end < 0 else end + 1

    def _read_line(self, at: int) -> int:
        """Reads what starts at `at`, the start of a line; gives the start of the next unread line."""
        if match := self.language.blank.match(self.text, at):
            return match.end()
        if match := self.language.comment.match(self.text, at):
            self._comment(self.text.index("#", at), match.end())
            return self._next_line(match.end())
        match = self.language.line.match(self.text, at)
        assert match
        following = self._next_line(match.end())
        start, end = self._content(at, match.end())
        if start == end:
            return following
        node = self._parse_line(start, end)
        if "<<" in self.text[start:end]:
            node, following = self._read_heredocs(node, Span(start, end), following)
        self.problems.extend(validate(node))
        self.instructions.append(node)
        return following

    def _content(self, start: int, end: int) -> tuple[int, int]:
        """A logical line less the blanks and continuations around it; notes the trivia within its continuations."""
        line = self.text[start:end]
        first = start + len(line) - len(line.lstrip())
        last = start + len(line.rstrip())
        if self.escape not in line:
            return first, last
        for match in self.language.continuation.finditer(self.text, start, end):
            self.continuations.append(Span(*match.span()))
            self._trivia(match)
            if match.start() == first:
                rest = self.text[match.end() : end]
                first = match.end() + len(rest) - len(rest.lstrip())
            if match.end() >= last:
                last = start + len(self.text[start : match.start()].rstrip())
        return first, max(first, last)

    def _trivia(self, continuation: re.Match[str]) -> None:
        """Comments and blank lines that a continuation passes over."""
        at = self.text.find("\n", continuation.start(), continuation.end()) + 1
        while 0 < at < continuation.end():
            end = self.text.find("\n", at, continuation.end())
            end = continuation.end() if end < 0 else end
            line = self.text[at:end]
            if line.strip():
                self._comment(at + line.index("#"), end)
            elif end < continuation.end():
                self.blanks.append(Span(at, end))
            at = end + 1

    def _comment(self, start: int, end: int) -> None:
        text = self.text[start:end].rstrip()
        self.comments.append(nodes.Comment(Span(start, start + len(text)), text))

    def _parse_line(self, start: int, end: int) -> nodes.Instruction:
        line = self.text[start:end]
        known = _known(line, self.escape) if len(line) <= LONGEST_KEPT else []
        if known:
            return nodes.moved(known[0].node, start - known[0].start)
        LINE_START.set(start)
        try:
            node: nodes.Instruction = self.language.parser.parse(line)
        except UnexpectedError as error:
            return self._bad(start + error.at, start, end)
        if isinstance(node, nodes.Onbuild) and _depth(node) > MOST_TRIGGERS:
            self._problem(node.trigger.keyword.span, "ONBUILD cannot trigger another ONBUILD")
            return nodes.Bad(Span(start, end), node.keyword, ())
        known.append(_Known(start, node))
        return node

    def _bad(self, at: int, start: int, end: int) -> nodes.Bad:
        keyword = re.compile(r"[^\s\\`]*").match(self.text, start, end)
        assert keyword
        word = nodes.Word(Span(*keyword.span()), keyword[0])
        if at == end:
            self._problem(Span(start, end), expected(word.text, None))
        else:
            place = Span(at, self._word_end(at, end))
            self._problem(place, expected(word.text, self.text[place.start : place.end]))
        return nodes.Bad(Span(start, end), word, ())

    def _word_end(self, at: int, end: int) -> int:
        match = re.compile(r"\S+").match(self.text, at, end)
        return match.end() if match else end

    # ------------------------------------------------------------ heredocs

    def _read_heredocs(self, node: nodes.Instruction, line: Span, at: int) -> tuple[nodes.Instruction, int]:
        target = node.trigger if isinstance(node, nodes.Onbuild) else node
        if not isinstance(target, TAKES_HEREDOCS) or _is_json(target):
            return node, at
        heredocs = []
        for span, strip_tabs, rest in self._introducers(line):
            name, expand = _heredoc_name(rest)
            if name is None:
                continue
            body, terminator, at = self._heredoc_body(name, strip_tabs, at)
            if terminator is None:
                self._problem(span, f"the heredoc {name} is not terminated: no line below holds just {name!r}")
                continue
            heredocs.append(nodes.Heredoc(span, name, expand, strip_tabs, body, terminator))
        if not heredocs:
            return node, at
        end = heredocs[-1].terminator.end
        target = replace(target, span=Span(target.span.start, end), heredocs=tuple(heredocs))
        if isinstance(node, nodes.Onbuild):
            return replace(node, span=Span(node.span.start, end), trigger=target), at
        return target, at

    def _introducers(self, line: Span) -> Iterator[tuple[Span, bool, str]]:
        """What announces heredocs on a line: its place, whether tabs are stripped, and the name with its quotes."""
        joined = "".join(self.text[piece.start : piece.end] for piece in self._pieces(line))
        try:
            words = expand_words(joined, {}, raw_quotes=True, raw_escapes=True, skip_unset=True)
        except ExpansionError:
            return
        at = line.start
        opened: tuple[int, bool] | None = None
        for word in words:
            start = self.text.find(word, at, line.end)
            if start < 0:
                continue
            at = start + len(word)
            if opened is not None:
                # `<< NAME`: the name may stand apart
                yield Span(opened[0], at), opened[1], word
                opened = None
            elif match := self.language.heredoc.match(word):
                if match[3]:
                    yield Span(start, at), match[2] == "-", match[3]
                else:
                    opened = start, match[2] == "-"

    def _pieces(self, line: Span) -> Iterator[Span]:
        at = line.start
        for gap in self.language.continuation.finditer(self.text, line.start, line.end):
            yield Span(at, gap.start())
            at = gap.end()
        yield Span(at, line.end)

    def _heredoc_body(self, name: str, strip_tabs: bool, at: int) -> tuple[Span, Span | None, int]:
        start = at
        while at < len(self.text):
            following = self._next_line(at)
            line = self.text[at:following].rstrip("\r\n")
            if (line.lstrip("\t") if strip_tabs else line) == name:
                return Span(start, at), Span(at, at + len(line)), following
            at = following
        return Span(start, start), None, start


def _is_json(node: nodes.Instruction) -> bool:
    if isinstance(node, nodes.Run):
        return isinstance(node.form, nodes.Exec)
    return isinstance(node, nodes.Copy) and node.json


def _depth(node: nodes.Onbuild) -> int:
    """How many ONBUILD stand one behind the other."""
    count = 1
    while isinstance(node.trigger, nodes.Onbuild):
        node = node.trigger
        count += 1
    return count


def _heredoc_name(rest: str) -> tuple[str | None, bool]:
    """The name that ends a heredoc, and whether variables in its body are expanded."""
    try:
        words = expand_words(rest, {}, skip_unset=True)
        raw = expand_words(rest, {}, raw_quotes=True, skip_unset=True)
    except ExpansionError:
        return None, False
    if len(words) != 1 or len(raw) != 1:
        return None, False
    return words[0], _quotes(words[0]) == _quotes(raw[0])


def _quotes(word: str) -> int:
    return word.count("'") + word.count('"')


def _stages(
    instructions: list[nodes.Instruction],
) -> tuple[tuple[nodes.Instruction, ...], tuple[nodes.Stage, ...]]:
    heads = [at for at, node in enumerate(instructions) if isinstance(node, nodes.From)]
    if not heads:
        return tuple(instructions), ()
    stages = []
    for index, (head, end) in enumerate(zip(heads, [*heads[1:], len(instructions)], strict=True)):
        from_ = instructions[head]
        assert isinstance(from_, nodes.From)
        stages.append(nodes.Stage(index, from_, tuple(instructions[head + 1 : end])))
    return tuple(instructions[: heads[0]]), tuple(stages)


# ---------------------------------------------------------------- tokens to nodes


class _TreeBuilder:
    """Turns each grammar rule into its node as it is completed; a rule's method has the rule's name."""

    def __init__(self, continuation: re.Pattern[str], flag: re.Pattern[str]) -> None:
        self.continuation = continuation
        self.flag = flag

    def _span(self, token: Token) -> Span:
        start = LINE_START.get()
        return Span(start + token.start, start + token.end)

    def _text(self, raw: str) -> str:
        return self.continuation.sub("", raw) if "\n" in raw else raw

    def _word(self, token: Token) -> nodes.Word:
        return nodes.Word(self._span(token), self._text(token.value))

    def _parts(self, items: list[Any]) -> tuple[dict[str, Any], list[Any]]:
        """The fields that every instruction has, and what follows its flags."""
        keyword, *rest = items
        flags: tuple[nodes.Flag, ...] = ()
        span = self._span(keyword)
        end = span.end
        if rest and isinstance(rest[0], tuple):
            flags = rest.pop(0)
            end = flags[-1].span.end if flags else end
        if rest:
            end = self._span(rest[-1]).end if isinstance(rest[-1], Token) else rest[-1].span.end
        return {"span": Span(span.start, end), "keyword": nodes.Word(span, keyword.value), "flags": flags}, rest

    def FLAGS(self, token: Token) -> tuple[nodes.Flag, ...]:  # noqa: N802 - the terminal's name
        start = self._span(token).start
        return tuple(self._flag(match[1], start + match.start()) for match in self.flag.finditer(token.value))

    def _flag(self, raw: str, start: int) -> nodes.Flag:
        text = self._text(raw)
        if "'" in text or '"' in text or "\\" in text:
            text = _unquote_flag(text)
        name, equals, value = text[2:].partition("=")
        return nodes.Flag(Span(start, start + len(raw)), name, value if equals else None)

    def exec(self, items: list[Token]) -> nodes.Exec:
        words = tuple(nodes.Word(self._span(token), json_strings.read(self._text(token.value))) for token in items[1:-1])
        return nodes.Exec(Span(self._span(items[0]).start, self._span(items[-1]).end), words)

    paths = exec  # noqa: A003 - the name of the grammar's rule

    def _command_line(self, rest: list[Any]) -> nodes.Exec | nodes.Shell | None:
        if not rest or isinstance(rest[0], nodes.Exec):
            return rest[0] if rest else None
        return nodes.Shell(self._span(rest[0]), self._text(rest[0].value))

    def _key_values(self, rest: list[Any]) -> tuple[nodes.Pair, ...]:
        if rest[0].type == "KEY":
            key, value = self._word(rest[0]), self._word(rest[1])
            return (nodes.Pair(Span(key.span.start, value.span.end), key, value, legacy=True),)
        return tuple(self._pair(token) for token in rest)

    def _pair(self, token: Token) -> nodes.Pair:
        raw = token.value
        span = self._span(token)
        at = raw.find("=")
        if at < 0:
            return nodes.Pair(span, self._word(token), None)
        key = nodes.Word(Span(span.start, span.start + at), self._text(raw[:at]))
        value = nodes.Word(Span(span.start + at + 1, span.end), self._text(raw[at + 1 :]))
        return nodes.Pair(span, key, value)

    def _word_list(self, rest: list[Any]) -> tuple[nodes.Word, ...]:
        return rest[0].words if isinstance(rest[0], nodes.Exec) else tuple(self._word(token) for token in rest)

    # ------------------------------------------------------------ one method a rule of the grammar

    def from_(self, items: list[Any]) -> nodes.From:
        head, rest = self._parts(items)
        words = [self._word(token) for token in rest]
        as_keyword, alias = words[1:] or (None, None)
        return nodes.From(**head, image=words[0], alias=alias, as_keyword=as_keyword)

    def run(self, items: list[Any]) -> nodes.Run:
        head, rest = self._parts(items)
        return nodes.Run(**head, form=self._command_line(rest))

    def cmd(self, items: list[Any]) -> nodes.Cmd:
        head, rest = self._parts(items)
        return nodes.Cmd(**head, form=self._command_line(rest))

    def entrypoint(self, items: list[Any]) -> nodes.Entrypoint:
        head, rest = self._parts(items)
        return nodes.Entrypoint(**head, form=self._command_line(rest))

    def shell(self, items: list[Any]) -> nodes.ShellChange:
        head, rest = self._parts(items)
        return nodes.ShellChange(**head, form=rest[0])

    def healthcheck(self, items: list[Any]) -> nodes.Healthcheck:
        head, rest = self._parts(items)
        return nodes.Healthcheck(**head, kind=self._word(rest[0]), form=self._command_line(rest[1:]))

    def copy(self, items: list[Any], kind: type[nodes.Copy] = nodes.Copy) -> nodes.Copy:
        head, rest = self._parts(items)
        words = self._word_list(rest)
        return kind(**head, sources=words[:-1], destination=words[-1], json=isinstance(rest[0], nodes.Exec))

    def add(self, items: list[Any]) -> nodes.Copy:
        return self.copy(items, nodes.Add)

    def env(self, items: list[Any]) -> nodes.Env:
        head, rest = self._parts(items)
        return nodes.Env(**head, pairs=self._key_values(rest))

    def label(self, items: list[Any]) -> nodes.Label:
        head, rest = self._parts(items)
        return nodes.Label(**head, pairs=self._key_values(rest))

    def arg(self, items: list[Any]) -> nodes.Arg:
        head, rest = self._parts(items)
        return nodes.Arg(**head, pairs=tuple(self._pair(token) for token in rest))

    def onbuild(self, items: list[Any]) -> nodes.Onbuild:
        head, rest = self._parts(items)
        return nodes.Onbuild(**head, trigger=rest[0])

    def expose(self, items: list[Any]) -> nodes.Expose:
        head, rest = self._parts(items)
        return nodes.Expose(**head, words=self._word_list(rest))

    def volume(self, items: list[Any]) -> nodes.Volume:
        head, rest = self._parts(items)
        return nodes.Volume(**head, words=self._word_list(rest), json=isinstance(rest[0], nodes.Exec))

    def user(self, items: list[Any]) -> nodes.User:
        head, rest = self._parts(items)
        return nodes.User(**head, argument=self._word(rest[0]))

    def workdir(self, items: list[Any]) -> nodes.Workdir:
        head, rest = self._parts(items)
        return nodes.Workdir(**head, argument=self._word(rest[0]))

    def stopsignal(self, items: list[Any]) -> nodes.Stopsignal:
        head, rest = self._parts(items)
        return nodes.Stopsignal(**head, argument=self._word(rest[0]))

    def maintainer(self, items: list[Any]) -> nodes.Maintainer:
        head, rest = self._parts(items)
        return nodes.Maintainer(**head, argument=self._word(rest[0]))

    def unknown(self, items: list[Any]) -> nodes.Bad:
        head, _ = self._parts(items)
        return nodes.Bad(**head)


def _unquote_flag(raw: str) -> str:
    """A flag without the quotes and backslashes that the builder takes away."""
    out: list[str] = []
    quote = ""
    escaped = False
    for char in raw:
        if escaped:
            out.append(char)
            escaped = False
        elif char == "\\":
            escaped = True
        elif quote:
            if char == quote:
                quote = ""
            else:
                out.append(char)
        elif char in "'\"":
            quote = char
        else:
            out.append(char)
    return "".join(out)
