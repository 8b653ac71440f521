"""ShellCheck's comments on the scripts of a file as findings: where they stand in the Dockerfile, and what mends them."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dockerlint.lint.analysis.build_state import DEFAULT_SHELL, PREDEFINED
from dockerlint.lint.shell import script as shells
from dockerlint.lint.shellcheck.prefilter import is_plain, needed, plain
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.span import Edit, Span

from .findings import Applicability, Finding, Fix, Severity
from .shellcheck_rules import script_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.shell.script import Script
    from dockerlint.lint.shellcheck.runner import Position, ScriptComment

    from .rule import Rule

# The shell of a script in ShellCheck's first line by what the Dockerfile calls it; a zsh is none that it knows.
DIALECTS = {"sh": "sh", "bash": "bash", "dash": "dash", "ash": "busybox sh", "busybox": "busybox sh", "ksh": "ksh", "mksh": "ksh"}
# What hadolint 2.15.1 takes for set in every stage.
HADOLINTS_NAMES = frozenset(PREDEFINED - {"ALL_PROXY", "all_proxy"})
NAME = regex(r"[A-Za-z_]\w*", re.ASCII)
# `...` that is the same as $(...): within it no quoting that differs between the two, and no second parenthesis.
PLAIN_BACKQUOTES = regex(r"`[^`\\\"'(][^`\\\"']*`")
# Of other shells ShellCheck says that it does not know them, or that they have no path.
KNOWN_SHELLS = frozenset(f"#!/bin/{name}\n" for name in DIALECTS.values())
WINDOWS = regex(r"(?:^|/)(?:pwsh|powershell|cmd)(?:\.exe)?$")
NEW_LINE = regex("\n")
BACKQUOTES, BLANKS = 2006, 2291
LONGEST_TITLE = 60


class _Around(Struct, frozen=True):
    """What a RUN finds: its shell, and the names that are set."""

    run: nodes.Run
    shell: tuple[str, ...]
    names: frozenset[str]


class _World(Struct):
    """What hadolint has seen so far of a stage."""

    shell: tuple[str, ...]
    names: frozenset[str] = HADOLINTS_NAMES


class _Checked(Struct, frozen=True):
    """A RUN with the text that ShellCheck gets for it: lines of ours, then the script, whose lines begin at `starts`."""

    run: nodes.Run
    script: Script
    ahead: str
    text: str
    starts: tuple[int, ...]

    def offset(self, position: Position) -> int | None:
        """The character of the script at a position of the text; None for one in our lines."""
        line = position.line - self.ahead.count("\n")
        if line < 1:
            return None
        end = len(self.script.text)
        return min(self.starts[line - 1] + position.column - 1, end) if line <= len(self.starts) else end


def scripts(facts: Facts) -> list[str]:
    """The texts of a file that ShellCheck is to look at."""
    return [checked.text for checked in _asked(facts)]


def left_out(facts: Facts) -> list[nodes.Run]:
    """The RUNs that ShellCheck could not judge."""
    known = facts.shellcheck
    return [checked.run for checked in _asked(facts) if known.of(checked.text) is None] if known else []


def rules(facts: Facts) -> list[Rule]:
    """A rule for each code that ShellCheck has something to say of; none when it is not to be asked."""
    found: dict[str, tuple[Severity, list[Finding]]] = {}
    for severity, finding in _findings(facts):
        found.setdefault(finding.code, (severity, []))[1].append(finding)
    return [script_rule(code, severity, findings) for code, (severity, findings) in found.items()]


def _findings(facts: Facts) -> Iterator[tuple[Severity, Finding]]:
    known = facts.shellcheck
    if known is None:
        return
    checked = list(_asked(facts))
    known.learn(item.text for item in checked)
    for item in checked:
        comments = known.of(item.text) or ()
        # hadolint 2.15.1 shows the last comment of a RUN only (measured)
        for comment in comments[-1:] if facts.as_hadolint else comments:
            finding = _finding(facts, item, comment)
            if finding is not None:
                yield Severity(comment.level), finding


def _finding(facts: Facts, item: _Checked, comment: ScriptComment) -> Finding | None:
    code = f"SC{comment.code}"
    start, end = item.offset(comment.start), item.offset(comment.end)
    if start is None or end is None:
        # about our first lines: the shell's name, for one
        return Finding(item.run.keyword.span, comment.message, code=code) if facts.as_hadolint else None
    span = item.script.place(start, max(start, end))
    if comment.code == BLANKS and not facts.as_hadolint and facts.doc.source(span) != item.script.text[start:end]:
        # the blanks are the indentation behind a continuation
        return None
    return Finding(span, comment.message, _fix(facts, item, comment, (start, end)), code)


def _fix(facts: Facts, item: _Checked, comment: ScriptComment, about: tuple[int, int]) -> Fix | None:
    """ShellCheck's own mend; None when it has none, or one that cannot be made in the Dockerfile as it is written."""
    text = item.script.text
    edits: list[Edit] = []
    pieces: list[tuple[int, int, str]] = []
    for part in comment.replacements:
        start, end = item.offset(part.start), item.offset(part.end)
        if start is None or end is None or end < start or any(char in part.text for char in ("\n", facts.doc.escape)):
            return None
        span = item.script.place(start, end)
        if start == end and part.behind and start:
            before = item.script.place(start - 1, start)
            span = Span(before.end, before.end)
        if facts.doc.source(span) != text[start:end]:
            return None
        edits.append(Edit(span, part.text))
        pieces.append((start, end, part.text))
    pieces.sort()
    if not edits or any(first[1] > second[0] or first[:2] == second[:2] for first, second in pairwise(pieces)):
        return None
    is_same = comment.code == BACKQUOTES and PLAIN_BACKQUOTES.fullmatch(text, *about)
    return Fix(_title(text, pieces, about), tuple(sorted(edits)), Applicability.SAFE if is_same else Applicability.UNSAFE)


def _title(text: str, pieces: list[tuple[int, int, str]], about: tuple[int, int]) -> str:
    """What stands there afterwards, if that is short."""
    at, stop = min(about[0], pieces[0][0]), max(about[1], pieces[-1][1])
    written = ""
    for start, end, new in pieces:
        written += text[at:start] + new
        at = end
    written = " ".join((written + text[at:stop]).split())
    return f"write {written}" if len(written) <= LONGEST_TITLE else "write it as ShellCheck proposes"


def _asked(facts: Facts) -> Iterator[_Checked]:
    tried = facts.shellcheck is not None and facts.shellcheck.program.version[:2] <= plain().tried
    for around in _as_hadolint(facts) if facts.as_hadolint else _as_it_is(facts):
        script = shells.script(facts.doc, around.run) if facts.as_hadolint else facts.script(around.run)
        if script is None:
            continue
        shell = _first_word(around) if facts.as_hadolint else _dialect(facts, around, script)
        if shell is None:
            continue
        first = f"#!{shell}\n"
        if tried and first in KNOWN_SHELLS and is_plain(script.text) and plain().arrays.isdisjoint(around.names):
            continue
        # a first line of its own has had its say
        body = "# " + script.text[2:] if script.text.startswith("#!") else script.text
        ahead = first + "".join(_prelude(facts, around, body))
        starts = (0, *(match.end() for match in NEW_LINE.finditer(body)))
        yield _Checked(around.run, script, ahead, ahead + body, starts)


def _prelude(facts: Facts, around: _Around, body: str) -> Iterator[str]:
    names = needed(frozenset(filter(NAME.fullmatch, around.names)), body)
    options = [word for word in around.shell[1:] if word.startswith("-") and not word.startswith("--")]
    is_strict = not facts.as_hadolint and any("e" in word for word in options)
    if is_strict:
        yield "set -e\n"
    if not facts.as_hadolint and "pipefail" in around.shell:
        yield "set -o pipefail\n"
    if not names and not is_strict:
        # what a script begins with is read in another way when no command stands before it
        yield ":\n"
    for name in names:
        yield f"export {name}=1\n"


def _as_it_is(facts: Facts) -> Iterator[_Around]:
    for run in facts.every(nodes.Run):
        state = facts.state(run)
        yield _Around(run, state.shell, PREDEFINED | state.env.keys())


def _as_hadolint(facts: Facts) -> Iterator[_Around]:
    """As hadolint 2.15.1 sees it: ONBUILD has a world of its own, and the case of stage names counts (measured)."""
    first = facts.named_shell or DEFAULT_SHELL
    stage, onbuild = _World(first), _World(first)
    known: dict[str, tuple[_World, _World]] = {}
    for node in facts.doc.instructions:
        world, acting = (onbuild, node.trigger) if isinstance(node, nodes.Onbuild) else (stage, node)
        match acting:
            case nodes.From():
                above = known.get(acting.image.text, (_World(first), _World(first)))
                stage, onbuild = replace(above[0]), replace(above[1])
                if acting.alias:
                    known[acting.alias.text] = stage, onbuild
            case nodes.Env() | nodes.Arg():
                # it forgets the SHELL, too
                world.shell = DEFAULT_SHELL
                world.names |= {pair.key.text for pair in acting.pairs}
            case nodes.ShellChange(form=nodes.Exec(words=words)) if words:
                world.shell = tuple(word.text for word in words)
            case nodes.Run():
                yield _Around(acting, world.shell, world.names)


def _first_word(around: _Around) -> str | None:
    """The shell as it is written, if it is none of Windows."""
    return None if WINDOWS.search(around.shell[0]) else around.shell[0]


def _dialect(facts: Facts, around: _Around, script: Script) -> str | None:
    """What ShellCheck is to call the shell of a script; None when it does not know that one."""
    path = _named_in_heredoc(around.run, script) or around.shell[0]
    name = path.rsplit("/", 1)[-1]
    if name == "sh":
        base = facts.base_of(around.run)
        name = (base and base.shell) or name
    dialect = DIALECTS.get(name)
    if dialect is None:
        return None
    return f"/bin/{dialect}"


def _named_in_heredoc(run: nodes.Run, script: Script) -> str | None:
    """The shell that a heredoc is for: by the command that reads it, else by its own first line."""
    if not script.heredoc or not isinstance(run.form, nodes.Shell):
        return None
    command = next((word for word in run.form.text.split() if shells.is_shell(word)), None)
    shebang = shells.SHEBANG.match(script.text)
    return command or (shebang[1] if shebang else None)
