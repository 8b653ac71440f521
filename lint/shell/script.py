"""RUN scripts: text to commands whose words carry spans in the Dockerfile. The only module that knows tree-sitter."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cache, lru_cache
from importlib import import_module
from importlib.machinery import PathFinder
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import tree_sitter
from msgspec import Struct
from msgspec.structs import replace

from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax.nodes import Exec, Word, moved
from dockerlint.lint.syntax.span import Span

if TYPE_CHECKING:
    from dockerlint.lint.syntax.nodes import Dockerfile, Run

OPERATORS = frozenset({"&&", "||", ";", ";;", "|", "|&", "&", "\n"})

COMMANDS = frozenset({"command", "declaration_command", "unset_command", "variable_assignment", "test_command"})

# Nodes of the shell's tree that hold commands, and what a command within them is said to be in.
CONTEXTS = {
    "pipeline": "pipeline",
    "subshell": "subshell",
    "compound_statement": "group",
    "negated_command": "negation",
    "if_statement": "condition",
    "case_statement": "condition",
    "for_statement": "loop",
    "c_style_for_statement": "loop",
    "while_statement": "loop",
    "function_definition": "function",
    "command_substitution": "substitution",
    "process_substitution": "substitution",
}
# What is nested deeper is not read: a word holds the text of all that is nested in it, so time would grow as the square.
DEEPEST = 50
# Of a script of more bytes that is no shell only so many are read: to find a way on takes time that grows as the square.
MOST_WRONG = 8192
# Of a longer one too: not all that is wrong is seen to be in time.
LONGEST = 1 << 16
# Where it tries many ways, the parser reads all that follows for each of them. Of real scripts, even of heredocs full of variables,
# it reads no more than a piece for 7 bytes that it gets on, where time would grow as the square one for each byte and more.
BYTES_A_READ, LEAST_READS = 3, 1000
# The scanner of tree-sitter-bash looks characters up in C's tables, which end here: behind them it reads whatever lies there, or
# crashes. To it these are one as the other.
BEYOND, STAND_IN = re.compile("[^\x00-\xff]"), "\xbf"
SOMETIMES = frozenset({"condition", "loop", "function"})
# What these do lasts for the commands behind them: the folder, options, variables, or that the script goes on at all.
# Source: POSIX, Shell Command Language, "Special Built-In Utilities"; bash(1), "SHELL BUILTIN COMMANDS".
LASTING = frozenset(
    """
    . alias break builtin cd command continue coproc declare enable eval exec exit export getopts hash let local logout mapfile
    popd pushd read readarray readonly return select set setopt shift shopt source suspend times trap typeset ulimit umask
    unalias unset wait
    """.split()
)
# Of scripts longer than this nothing is kept; of the others, the last ones.
LONGEST_KEPT, MOST_KEPT = 4000, 1000
# The parser takes the square of the length of a row of these, which no shell would take for anything.
SIGNS, MOST_SIGNS = re.compile(rb"[<>|]+"), 1000
# `${name:=word}` and `$((name = 1))` set a variable wherever they stand.
ASSIGNING = regex(r"\$\{\w+:?=|\(\(")
QUOTING = regex(r"[\"'\\]")
SHELLS = frozenset({"sh", "bash", "ash", "dash", "zsh", "ksh", "mksh"})
SHEBANG = regex(r"#!\s*(?:/usr/bin/env\s+(?:-\S+\s+)*)?(?:\S*/)?([\w.+-]+)")


class Redirect(Struct, frozen=True):
    """`2> target`; `target` is None for a heredoc or a copied descriptor."""

    span: Span
    operator: str
    target: Word | None


class Command(Struct, frozen=True):
    """A simple command. `words` starts with its name; quotes are gone from a word's text, variables stay as written."""

    span: Span
    name: str
    words: tuple[Word, ...]
    assignments: tuple[Word, ...] = ()
    redirects: tuple[Redirect, ...] = ()
    before: str = ""
    within: tuple[str, ...] = ()

    @property
    def arguments(self) -> tuple[Word, ...]:
        """The words after the name."""
        return self.words[1:]

    @property
    def whole(self) -> Span:
        """From its first character to its last, redirections included."""
        spans = [self.span, *(redirect.span for redirect in self.redirects)]
        return Span(min(span.start for span in spans), max(span.end for span in spans))

    @property
    def lasting(self) -> bool:
        """Whether it may change what the commands behind it do, or whether they run: `cd`, `set`, `X=1`, `exit`."""
        if self.name in LASTING or (self.name in ("", ":") and self.assignments):
            return True
        return any(ASSIGNING.search(word.text) for word in (*self.words, *self.assignments))

    @property
    def sometimes(self) -> bool:
        """Whether it runs only in some cases: in a condition, a loop, a function, or after `||`."""
        return self.before == "||" or not SOMETIMES.isdisjoint(self.within)


class Script(Struct, frozen=True):
    """The commands of one RUN, in the order they are written; those nested deeper than DEEPEST are left out.

    `sound` is false where the shell's grammar found an error, or commands were left out; `text` is what the shell gets,
    without continuations. `core` is the span without the blanks around it. `chained` says that it is nothing but simple
    commands joined by `&&`, without a comment; `tests` are its `[ ... ]` and `[[ ... ]]`, which are not among the commands.
    """

    span: Span
    text: str
    commands: tuple[Command, ...]
    sound: bool
    heredoc: bool
    core: Span
    chained: bool
    tests: tuple[Command, ...]
    joined: _Joined

    @property
    def top(self) -> tuple[Command, ...]:
        """The commands that lie in nothing else."""
        return tuple(command for command in self.commands if not command.within)

    def place(self, start: int, end: int) -> Span:
        """Where the characters `text[start:end]` stand in the Dockerfile."""
        return self.joined.span(start, end)


class _Todo(Struct, frozen=True):
    """A node of the shell's tree that is still to be read, and what surrounds it."""

    node: tree_sitter.Node
    before: str = ""
    within: tuple[str, ...] = ()
    redirects: tuple[Redirect, ...] = ()


class _Joined(Struct, frozen=True):
    """A text put together from pieces of the source, and where each piece came from."""

    text: str
    starts: list[int]
    sources: list[int]

    def source(self, offset: int) -> int:
        piece = bisect_right(self.starts, offset) - 1
        return self.sources[piece] + offset - self.starts[piece]

    def span(self, start: int, end: int) -> Span:
        piece = bisect_right(self.starts, start) - 1
        shift = self.sources[piece] - self.starts[piece]
        if start == end:
            return Span(start + shift, start + shift)
        # most lie in one piece
        if piece + 1 == len(self.starts) or end <= self.starts[piece + 1]:
            return Span(start + shift, end + shift)
        return Span(start + shift, self.source(end - 1) + 1)


def script(doc: Dockerfile, run: Run, *, placed: bool = True) -> Script | None:
    """The script of a RUN; None for the exec form, and for heredocs that another interpreter reads.

    With `placed` False its spans may be those of where the same script was read before.
    """
    form = run.form
    if form is None or isinstance(form, Exec):
        return None
    joined = _source(doc, run)
    if joined is None:
        return None
    in_heredoc = bool(run.heredocs) and joined.sources[0] == run.heredocs[0].body.start
    return _parse(joined, heredoc=in_heredoc, placed=placed)


def is_shell(path: str) -> bool:
    """Whether a program is a shell whose scripts this module reads."""
    return path.rsplit("/", 1)[-1] in SHELLS


def _source(doc: Dockerfile, run: Run) -> _Joined | None:
    form = run.form
    assert form is not None
    if not run.heredocs:
        return _join(doc, form.span)
    first = run.heredocs[0]
    # the words beside the first heredoc; without any, or with a shell, its body is the script
    command = (doc.text[form.span.start : first.span.start] + doc.text[first.span.end : form.span.end]).split()
    if not command or (is_shell(command[0]) and all(word.startswith("-") for word in command[1:])):
        shebang = SHEBANG.match(doc.text, first.body.start, first.body.end)
        if not command and shebang and not is_shell(shebang[1]):
            return None
        return _Joined(doc.source(first.body), [0], [first.body.start])
    if first.span.start == form.span.start:
        return None
    # `cat <<EOF > file`: the shell gets the line and the bodies as they stand
    line = _join(doc, form.span)
    bodies = doc.text[first.body.start : run.heredocs[-1].terminator.end]
    starts = [*line.starts, len(line.text), len(line.text) + 1]
    sources = [*line.sources, max(first.body.start - 1, form.span.end), first.body.start]
    return _Joined(f"{line.text}\n{bodies}", starts, sources)


def _join(doc: Dockerfile, span: Span) -> _Joined:
    pieces = doc.pieces(span)
    lengths = [piece.end - piece.start for piece in pieces]
    return _Joined(
        "".join(doc.source(piece) for piece in pieces),
        [0, *accumulate(lengths[:-1])],
        [piece.start for piece in pieces],
    )


@cache
def _parser() -> tree_sitter.Parser:
    return tree_sitter.Parser(tree_sitter.Language(_bash().language()))


def _bash() -> Any:
    """The native part of tree-sitter-bash alone: the package loads what reads its queries, longer than we take for a script."""
    package = PathFinder.find_spec("tree_sitter_bash")
    native = package and PathFinder.find_spec("tree_sitter_bash._binding", package.submodule_search_locations)
    if native is None or native.loader is None:
        return import_module("tree_sitter_bash")
    # what importlib.util does with a specification; to load that takes longer
    module = native.loader.create_module(native)
    assert module
    native.loader.exec_module(module)
    return module


def _tree(data: bytes) -> tuple[tree_sitter.Tree, bool]:
    """The tree of a script, and whether it is of the whole of it."""
    parser = _parser()
    if len(data) <= MOST_WRONG:
        return parser.parse(data), True
    if len(data) > LONGEST or any(match.end() - match.start() > MOST_SIGNS for match in SIGNS.finditer(data)):
        return _tree_of_part(data)
    reads = 0

    def read(at: int, _: object) -> bytes:
        nonlocal reads
        reads += 1
        return data[at : at + MOST_WRONG]

    def stop(at: int, is_wrong: bool) -> bool:
        return is_wrong or reads > LEAST_READS + at // BYTES_A_READ

    try:
        return parser.parse(read, progress_callback=stop), True
    except BaseException as error:
        # it would go on with this text, whatever it was that stopped it
        parser.reset()
        if isinstance(error, ValueError):
            return _tree_of_part(data)
        raise


def _tree_of_part(data: bytes) -> tuple[tree_sitter.Tree, bool]:
    return _parser().parse(data[:MOST_WRONG]), False


def _parse(joined: _Joined, *, heredoc: bool, placed: bool) -> Script:
    """The script of a text; of one that was read before, with the same breaks, the same script where it stands now."""
    if len(joined.text) > LONGEST_KEPT:
        return _read(joined, heredoc=heredoc)
    first = joined.sources[0]
    known = _known(joined.text, tuple(joined.starts), tuple([at - first for at in joined.sources]), heredoc)
    if not known:
        known.append(_read(joined, heredoc=heredoc))
        return known[0]
    (script,) = known
    by = first - script.joined.sources[0]
    if not by or not placed:
        return script
    return replace(
        script,
        span=moved(script.span, by),
        commands=moved(script.commands, by),
        core=moved(script.core, by),
        tests=moved(script.tests, by),
        joined=joined,
    )


@lru_cache(maxsize=MOST_KEPT)
def _known(text: str, starts: tuple[int, ...], sources: tuple[int, ...], heredoc: bool) -> list[Script]:  # noqa: ARG001 - the key
    """Where a script is kept from when it is first read: files, and the texts that one has on its way, share many."""
    return []


def _read(joined: _Joined, *, heredoc: bool) -> Script:
    shown = BEYOND.sub(STAND_IN, joined.text)
    data = shown.encode("utf8")
    tree, is_all = _tree(data)
    reader = _ScriptReader(joined, data, _offsets(shown, data))
    commands = reader.commands(tree.root_node)
    text = joined.text
    start, end = len(text) - len(text.lstrip()), len(text.rstrip())
    return Script(
        joined.span(0, len(text)),
        text,
        tuple(commands),
        is_all and reader.whole and not tree.root_node.has_error,
        heredoc,
        joined.span(min(start, end), end),
        is_all and _is_chain(tree.root_node) and not any(command.within for command in commands),
        tuple(reader.tests),
        joined,
    )


def _is_chain(root: tree_sitter.Node) -> bool:
    """Whether a script is simple commands and `&&`, and nothing else: no comment, no `;`, no heredoc."""
    if root.has_error or len(root.children) != 1:
        return False
    todo = [root]
    while todo:
        node = todo.pop()
        if node.type == "redirected_statement":
            if any(child.type in ("heredoc_redirect", "herestring_redirect") for child in node.children):
                return False
            todo.extend(node.children_by_field_name("body"))
        elif node.type in ("program", "list"):
            todo.extend(node.children)
        elif node.type not in COMMANDS and node.type != "&&":
            return False
    return True


def _offsets(text: str, data: bytes) -> list[int] | None:
    """The character that each byte belongs to; None where they are the same."""
    if len(text) == len(data):
        return None
    offsets: list[int] = []
    for at, char in enumerate(text):
        offsets.extend([at] * len(char.encode("utf8")))
    offsets.append(len(text))
    return offsets


class _ScriptReader:
    """Turns the nodes of one tree into commands, without recursion: scripts of strangers may nest as deep as they like."""

    def __init__(self, joined: _Joined, data: bytes, offsets: list[int] | None) -> None:
        self.joined = joined
        self.data = data
        self.offsets = offsets
        self.tests: list[Command] = []
        self.whole = True

    def commands(self, root: tree_sitter.Node) -> list[Command]:
        found: list[Command] = []
        todo = [_Todo(root)]
        while todo:
            item = todo.pop()
            kind = item.node.type
            if len(item.within) > DEEPEST:
                self.whole = False
                continue
            if kind in COMMANDS:
                if kind == "test_command":
                    self.tests.append(self._test(item))
                else:
                    found.append(self._command(item))
                todo.extend(_Todo(child, "", item.within) for child in reversed(self._substitutions(item.node)))
            elif kind == "redirected_statement":
                body = item.node.child_by_field_name("body")
                own = tuple(self._redirect(child) for child in item.node.children if child.type.endswith("_redirect"))
                if body is not None:
                    todo.append(replace(item, node=body, redirects=item.redirects + own))
            elif item.node.child_count and kind != "heredoc_body":
                todo.extend(reversed(_parts(item)))
        return found

    def _command(self, item: _Todo) -> Command:
        node = item.node
        span = self._span(node)
        if node.type == "variable_assignment":
            return Command(span, "", (), (self._word(node),), item.redirects, item.before, item.within)
        words: list[Word] = []
        assignments: list[Word] = []
        redirects: list[Redirect] = []
        start = end = -1
        for child in node.children:
            if child.type == "variable_assignment" and node.type == "command":
                assignments.append(self._word(child))
            elif child.type.endswith("_redirect"):
                redirects.append(self._redirect(child))
            elif child.is_named or (not words and node.type != "command"):
                # the shell's grammar takes `a-$B` behind another variable for two words, without a blank between
                if words and child.start_byte == end:
                    words[-1] = self._text(start, child.end_byte)
                else:
                    start = child.start_byte
                    words.append(self._word(child))
                end = child.end_byte
        return Command(
            span,
            words[0].text if words else "",
            tuple(words),
            tuple(assignments),
            (*redirects, *item.redirects),
            item.before,
            item.within,
        )

    def _test(self, item: _Todo) -> Command:
        words = [self._word(item.node.children[0])]
        todo = list(reversed(item.node.children[1:-1]))
        while todo:
            node = todo.pop()
            if node.type.endswith("_expression"):
                todo.extend(reversed(node.children))
            else:
                words.append(self._word(node))
        return Command(
            self._span(item.node), words[0].text, tuple(words), (), item.redirects, item.before, item.within
        )

    def _redirect(self, node: tree_sitter.Node) -> Redirect:
        target = node.child_by_field_name("destination")
        operator = next((child.type for child in node.children if not child.is_named), "")
        return Redirect(self._span(node), operator, self._word(target) if target else None)

    def _substitutions(self, node: tree_sitter.Node) -> list[tree_sitter.Node]:
        """The topmost `$(...)` and `<(...)` below a command."""
        start, end = node.start_byte, node.end_byte
        # most commands have none, and to walk through their nodes takes longer
        if self.data.find(b"(", start, end) < 0 and self.data.find(b"`", start, end) < 0:
            return []
        found = []
        todo = list(reversed(node.children))
        while todo:
            child = todo.pop()
            if child.type in ("command_substitution", "process_substitution"):
                found.append(child)
            elif child.child_count:
                todo.extend(reversed(child.children))
        return found

    def _span(self, node: tree_sitter.Node) -> Span:
        start, end = node.start_byte, node.end_byte
        if self.offsets is not None:
            start, end = self.offsets[start], self.offsets[end]
        return self.joined.span(start, end)

    def _word(self, node: tree_sitter.Node) -> Word:
        return self._text(node.start_byte, node.end_byte)

    def _text(self, start: int, end: int) -> Word:
        """The word between two bytes of the script."""
        if self.offsets is not None:
            start, end = self.offsets[start], self.offsets[end]
        return Word(self.joined.span(start, end), unquote(self.joined.text[start:end]))


def _parts(item: _Todo) -> list[_Todo]:
    """The named children of a node, each with the operator that joins it to the one before."""
    context = CONTEXTS.get(item.node.type)
    within = (*item.within, context) if context else item.within
    parts: list[_Todo] = []
    operator = item.before
    for child in item.node.children:
        if child.type in OPERATORS:
            operator = child.type
        elif child.is_named and child.type != "comment":
            parts.append(_Todo(child, operator, within))
            operator = "\n"
    if parts and item.redirects:
        # the shell's grammar hangs the redirection of `a && b > c` on the list; it is the last command's
        parts[-1] = replace(parts[-1], redirects=item.redirects)
    return parts


def unquote(raw: str) -> str:
    """A shell word without its quotes and escapes; `$` and backquotes stay as they are."""
    out: list[str] = []
    quote = ""
    at = 0
    while found := QUOTING.search(raw, at):
        out.append(raw[at : found.start()])
        char = found[0]
        at = found.end()
        following = raw[at : at + 1]
        if char == "'" and not quote:
            end = raw.find("'", at)
            out.append(raw[at:] if end < 0 else raw[at:end])
            at = len(raw) if end < 0 else end + 1
        elif char == "\\" and (not quote or following in '"\\$`\n'):
            if following != "\n":
                out.append(following)
            at += 1
        elif char == '"':
            quote = "" if quote else char
        else:
            out.append(char)
    out.append(raw[at:])
    return "".join(out)
