"""A copied archive that the next step unpacks: ADD does both."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from dockerlint.fixers.edits import delete_instruction, has_comment, replace_word
from dockerlint.fixers.effects.footprint import ROOT
from dockerlint.fixers.effects.precedence import destination
from dockerlint.fixers.merge import between
from dockerlint.lint.engine.findings import Applicability, Fix
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.span import Edit, Span

if TYPE_CHECKING:
    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.shell.script import Command
    from dockerlint.lint.syntax.nodes import Copy, Run

# `-xzf`, `xf`: what is unpacked is told by the file itself, to ADD and to tar.
OPTIONS = regex(r"-?[vpzjJ]*x[vpzjJ]*f")
INTO = ("-C", "--directory")
PLAIN = regex(r"[\w./+-]+")


def add_archive(facts: Facts, copy: Copy, run: Run) -> Fix | None:
    """ADD in place of a COPY and of the `tar` of a RUN; None where either does more, or something else names the archive."""
    script = facts.script(run)
    if copy.flags or copy.json or copy.heredocs or len(copy.sources) != 1 or run.flags or facts.state(run).user not in ROOT:
        return None
    if script is None or script.heredoc or not script.chained or script.tests:
        return None
    if not all(isinstance(node, nodes.Label | nodes.Env | nodes.Arg | nodes.Expose) for node in between(facts, copy, run)):
        return None
    archive = _archive(facts, copy)
    first = script.commands[0]
    folder = _unpacked_to(facts, run, first, archive) if archive else None
    if archive is None or folder is None or not PLAIN.fullmatch(folder):
        return None
    gone = [first]
    if len(script.commands) > 1 and _deletes(facts, run, script.commands[1], archive):
        gone.append(script.commands[1])
    if facts.doc.text.count(posixpath.basename(archive)) > _named(facts, copy, gone, archive):
        return None
    edits = [replace_word(copy.keyword, "ADD"), replace_word(copy.destination, folder.rstrip("/") + "/")]
    if len(gone) == len(script.commands):
        edits.append(delete_instruction(facts.doc, run))
    else:
        span = Span(first.span.start, script.commands[len(gone)].whole.start)
        if has_comment(facts.doc, span):
            return None
        edits.append(Edit(span, ""))
    return Fix("unpack it with `ADD`", tuple(edits), Applicability.UNSAFE)


def _archive(facts: Facts, copy: Copy) -> str | None:
    """Where a COPY puts an archive."""
    target = destination(facts, copy)
    name = posixpath.basename(copy.sources[0].text)
    if target is None or not PLAIN.fullmatch(name):
        return None
    return target if posixpath.basename(target) == name else posixpath.join(target, name)


def _unpacked_to(facts: Facts, run: Run, command: Command, archive: str) -> str | None:
    """The folder into which a plain `tar -xf archive -C folder` unpacks."""
    words = [word.text for word in command.arguments]
    if command.name != "tar" or command.redirects or command.assignments or len(words) < 2:
        return None
    options, name, *into = words
    if not OPTIONS.fullmatch(options) or facts.path(name, run) != archive:
        return None
    if not into:
        return facts.state(run).workdir
    if len(into) == 1 and into[0].startswith("--directory="):
        return facts.path(into[0].partition("=")[2], run)
    return facts.path(into[1], run) if len(into) == 2 and into[0] in INTO else None


def _deletes(facts: Facts, run: Run, command: Command, archive: str) -> bool:
    """Whether a command does nothing but delete the archive."""
    if command.name != "rm" or command.redirects or command.assignments:
        return False
    names = [word.text for word in command.arguments if not word.text.startswith("-")]
    return [facts.path(name, run) for name in names] == [archive]


def _named(facts: Facts, copy: Copy, commands: list[Command], archive: str) -> int:
    """How often the archive's name stands in a COPY and in commands."""
    texts = [facts.doc.source(copy.span), *(facts.doc.source(command.span) for command in commands)]
    return sum(text.count(posixpath.basename(archive)) for text in texts)
