"""`cd` at the start of a script becomes a WORKDIR, where nobody below would notice the new folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.edits import has_comment, insert_lines, whole_lines
from dockerlint.fixers.effects.footprint import overlap
from dockerlint.fixers.effects.precedence import links
from dockerlint.lint.engine.findings import Applicability, Fix
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.span import Edit, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.shell.script import Command
    from dockerlint.lint.syntax.nodes import Instruction, Run, Stage

# A path that is the same to WORKDIR and to the shell.
PLAIN = regex(r"[\w./@+][\w./@+-]*")


def to_workdir(facts: Facts, run: Run) -> Fix | None:
    """The fix; None where the rest of the stage, what is built on it, or the container would start in the new folder."""
    command = _leading_cd(facts, run)
    stage = facts.find_stage(run)
    if command is None or stage is None or not _unnoticed(facts, stage, run):
        return None
    path = facts.path(command.arguments[0].text, run)
    if path is None or not PLAIN.fullmatch(path):
        return None
    path = path.rstrip("/") or "/"
    # by way of a link the shell's idea of the folder is another one
    if any(overlap(path, link) for link in links(facts)) or _comes_from_above(facts, stage, run, path):
        return None
    following = facts.commands(run)[1]
    gone = Span(command.span.start, following.whole.start)
    if has_comment(facts.doc, gone):
        return None
    edits = [Edit(gone, "")]
    if facts.state(run).workdir != path:
        edits.insert(0, insert_lines(facts.doc, whole_lines(facts.doc, run).start, [f"WORKDIR {path}"]))
    return Fix(f"use `WORKDIR {path}`", tuple(edits), Applicability.SAFE)


def _comes_from_above(facts: Facts, stage: Stage, run: Run, path: str) -> bool:
    """Whether a step above goes to the same folder and is to get the WORKDIR: this one then needs none of its own."""
    above = next((node for node in facts.before(run) if isinstance(node, nodes.Run | nodes.Workdir)), None)
    if not isinstance(above, nodes.Run) or facts.find_stage(above) is not stage:
        return False
    command = _leading_cd(facts, above)
    folder = facts.path(command.arguments[0].text, above) if command else None
    return folder is not None and (folder.rstrip("/") or "/") == path and _unnoticed(facts, stage, above)


def _leading_cd(facts: Facts, run: Run) -> Command | None:
    """The `cd` that a RUN starts with, when the rest of its script runs only if that went well."""
    script = facts.script(run)
    if script is None or script.heredoc or not script.chained or script.tests or len(script.commands) < 2:
        return None
    command = script.commands[0]
    plain = command.name == "cd" and len(command.arguments) == 1 and not command.redirects and not command.assignments
    return command if plain and PLAIN.fullmatch(facts.doc.source(command.arguments[0].span)) else None


def _unnoticed(facts: Facts, stage: Stage, run: Run) -> bool:
    """Whether the folder makes no difference to what comes after a RUN."""
    key = _unnoticed, stage.index
    if key not in facts.kept:
        facts.kept[key] = frozenset(_starts_of_unnoticed(facts, stage))
    return run.span.start in facts.kept[key]


def _starts_of_unnoticed(facts: Facts, stage: Stage) -> Iterator[int]:
    """Where the instructions of a stage start behind which the folder makes no difference."""
    # nobody starts a stage that is only copied from
    unnoticed = stage not in facts.graph.results and not facts.ships(stage) and not any(facts.graph.children(stage))
    for node in reversed(stage.instructions):
        if unnoticed:
            yield node.span.start
        if isinstance(node, nodes.Workdir) and (facts.expand(node.argument.text, node) or "").startswith("/"):
            unnoticed = True
        elif _looks_at_folder(facts, node):
            unnoticed = False


def _looks_at_folder(facts: Facts, node: Instruction) -> bool:
    match node:
        case nodes.Run():
            command = _leading_cd(facts, node)
            return command is None or not command.arguments[0].text.startswith("/")
        case nodes.Copy():
            return not (facts.expand(node.destination.text, node) or "").startswith("/")
        case nodes.Env() | nodes.Arg() | nodes.Label() | nodes.User() | nodes.ShellChange() | nodes.Expose() | nodes.Stopsignal():
            return False
        # of the container: a later WORKDIR decides
        case nodes.CommandInstruction() | nodes.Healthcheck():
            return False
        case _:
            return True
