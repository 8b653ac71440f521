"""A file that is copied in, used by one step and deleted: the step mounts it, and no layer holds it."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from dockerlint.fixers.edits import delete_instruction, insert_flags, remove_command
from dockerlint.fixers.merge import between
from dockerlint.fixers.refusal import Refusal
from dockerlint.lint.catalogue.tool import removed_paths
from dockerlint.lint.engine.findings import Applicability, Fix
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.shell.script import Command
    from dockerlint.lint.syntax.nodes import Copy, Run
    from dockerlint.lint.syntax.span import Edit

# A source that is one file or folder, and a target that means itself.
PLAIN = regex(r"[\w./+@-]+")
LEAVE_OUT = "no step may need it: leave it out of the copy, or list it in .dockerignore"


def mount_in_place(facts: Facts, copy: Copy, run: Run, deletes: Sequence[Command]) -> Fix | Refusal:
    """Mounts what a COPY brings in the one step that works with it, in place of the COPY and of the commands that delete it.

    Unsafe: the step finds the files, but what it writes to them is gone behind it.
    """
    if facts.settings.builder != "buildkit":
        return Refusal(f"{facts.settings.builder} has no bind mounts: fetch or unpack it in the RUN that deletes it")
    if isinstance(copy, nodes.Add) or copy.heredocs or any(flag.name not in ("from", "link") for flag in copy.flags):
        return Refusal("the copy does more than a mount can: use a plain COPY, or fetch the file in the RUN that deletes it")
    targets = _targets(facts, copy)
    paths = [path for path, _ in removed_paths(deletes)]
    gone = {facts.path(path, run) for path in paths}
    if targets is None or gone != set(targets):
        return Refusal("the copy brings more than what is deleted, or what it brings is not known: copy it by an instruction of its own")
    users = _users(facts, copy, run, deletes, tuple(targets))
    if isinstance(users, Refusal):
        return users
    cut = _without(facts, run, deletes)
    if cut is None:
        return Refusal("other commands hang on the one that deletes it: take that one away by hand")
    origin = f"from={copy.from_}," if copy.from_ else ""
    # what is writable may be changed, and the change is thrown away: a script may be made executable
    flags = [f"--mount=type=bind,{origin}source={source},target={target},rw" for target, source in targets.items()]
    edits: list[Edit] = [delete_instruction(facts.doc, copy), insert_flags(facts.doc, users, flags), *cut]
    return Fix("mount it in the step that needs it", tuple(edits), Applicability.UNSAFE)


def _targets(facts: Facts, copy: Copy) -> dict[str, str] | None:
    """Where the sources of a COPY come to lie, each with the source; None when that cannot be told."""
    target = facts.path(copy.destination.text, copy)
    if target is None or not PLAIN.fullmatch(target):
        return None
    is_folder = len(copy.sources) > 1 or copy.destination.text.endswith("/")
    found = {}
    for word in copy.sources:
        if not PLAIN.fullmatch(word.text) or posixpath.normpath(word.text) in (".", "/"):
            return None
        name = posixpath.basename(word.text.rstrip("/"))
        is_file = facts.context is None or copy.from_ is not None or posixpath.normpath(word.text).lstrip("/") in facts.context.files
        if is_folder and not is_file:
            return None
        found[posixpath.join(target, name) if is_folder else target.rstrip("/")] = posixpath.normpath(word.text)
    return found


def _users(facts: Facts, copy: Copy, run: Run, deletes: Sequence[Command], targets: tuple[str, ...]) -> Run | Refusal:
    """The one step that works with what a COPY brings."""
    names = [posixpath.basename(target) for target in targets]
    using = []
    for node in (*between(facts, copy, run), run):
        if isinstance(node, nodes.Run):
            others = [command for command in facts.commands(node) if command not in deletes]
            if any(name in facts.doc.source(command.whole) for command in others for name in names):
                using.append(node)
        elif any(name in facts.doc.source(node.span) for name in names):
            return Refusal(f"`{facts.brief(node)}` works with it too")
    if len(using) == 1:
        return using[0]
    return Refusal("several steps work with it: merge them" if using else LEAVE_OUT)


def _without(facts: Facts, run: Run, deletes: Sequence[Command]) -> list[Edit] | None:
    script = facts.script(run)
    if script is None:
        return None
    if len(deletes) == len(script.commands) and not script.tests:
        return [delete_instruction(facts.doc, run)]
    edits = [remove_command(facts.doc, script, command) for command in deletes]
    return [edit for edit in edits if edit] if all(edits) and len(edits) == 1 else None
