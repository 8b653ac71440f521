"""Mounts the caches of tools on the RUNs that fill them."""

from __future__ import annotations

import posixpath
import re
from bisect import bisect_right
from typing import TYPE_CHECKING

from dockerlint.fixers.edits import (
    INDENT,
    LONGEST,
    are_apart,
    delete_instruction,
    insert,
    insert_flags,
    line_joint,
    line_start,
    remove_command,
    remove_word,
    skip_gap,
    stops_at_errors,
)
from dockerlint.fixers.effects.footprint import commands
from dockerlint.fixers.merge import merge_down
from dockerlint.fixers.refusal import Answer, Carried, Refusal
from dockerlint.lint.analysis.facts import once
from dockerlint.lint.analysis.leftovers import (
    XDG,
    caches_of,
    has_evidence,
    leaves,
    removed,
    removed_by,
    runs_in_container,
)
from dockerlint.lint.analysis.users import number_of
from dockerlint.lint.catalogue.name_patterns import matches_any
from dockerlint.lint.catalogue.tool import invocation as invocation_of
from dockerlint.lint.catalogue.tool import strip_glob
from dockerlint.lint.engine.findings import Applicability, Fix, shortened
from dockerlint.lint.syntax import nodes

from .cache_readers import Need, cache_needed, needed_later

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.catalogue.tool import Cache, Invocation, Tool
    from dockerlint.lint.shell.script import Command, Script
    from dockerlint.lint.syntax.nodes import Copy, Dockerfile, Instruction, Run, Stage
    from dockerlint.lint.syntax.span import Edit, Span

LONGEST_FLAG = 300
# What a tool fills its caches with.
FILLING = ("install", "build", "upgrade")
# A RUN that can fetch nothing.
CUT_OFF = "--network=none"
# What shows that a file sees to apt's settings itself: the hook of Debian's images, and the setting against it.
SETUP_SIGNS = ("docker-clean", "Keep-Downloaded-Packages")


def wanted_caches(facts: Facts, run: Run, invocation: Invocation) -> tuple[Cache, ...]:
    """The caches of a tool that a RUN leaves unmounted; none when one of a kind that excludes others is mounted, or when
    the image itself may need what lies there.
    """
    caches = tuple(found for item in caches_of(facts, run, invocation.tool) if (found := _moved(item, invocation)))
    missing = tuple(item for item in caches if not facts.mounted(run, item.path))
    if any(mount.target is not None and _lies(mount.target, item.mount) for mount in facts.mounts(run) for item in missing):
        return ()
    # dnf and dnf5, one tool with two places: either one mounted will do
    if invocation.tool.kind == "system" and len(missing) < len(caches) and not _roles(caches) - _roles(missing):
        return ()
    needed = any(item.kept for item in missing) and facts.in_image(run)
    if needed and (any(item.runtime for item in missing) or runs_in_container(facts, invocation.tool)):
        return ()
    return missing


def fills_cache(invocation: Invocation) -> bool:
    """Whether a command fills its tool's caches."""
    kind = invocation.tool.kind
    if invocation.action == "install":
        return True
    # a build tool caches what it compiles; the build scripts of a package manager fetch nothing
    return (kind == "build" and invocation.action == "build") or (kind == "system" and invocation.action == "upgrade")


def has_decided(facts: Facts, run: Run, invocation: Invocation, caches: tuple[Cache, ...]) -> bool:
    """Whether the file has chosen the other remedy: the cache is switched off, or a system package manager's is cleaned.

    Never where all rules are asked for.
    """
    if facts.settings.preset == "all":
        return False
    if is_switched_off(facts, run, invocation):
        return True
    return invocation.tool.kind == "system" and not any(leaves(facts, run, item, invocation.tool) for item in caches if item.clean)


def rarely_runs(facts: Facts, run: Run, invocation: Invocation) -> bool:
    """Whether a RUN runs again for little but an edit of its own text, or has a better remedy: the packages are named in it.

    Of the system packages that an image ships, the clean-up in the same RUN is safe, and is advised.
    """
    if invocation.tool.kind == "system":
        return facts.in_image(run)
    return invocation.action == "install" and any(not word.text.startswith((".", "/", "$")) for word in invocation.operands)


def _moved(item: Cache, invocation: Invocation) -> Cache | None:
    """A cache where the options of a command put it; None when that cannot be told."""
    where = invocation.option(*item.options) if item.options else None
    if where is None:
        return item
    return item.at(where) if where.startswith("/") and "$" not in where else None


def mount_caches(facts: Facts, stage: Stage, run: Run, invocation: Invocation) -> Answer:
    """The fix that mounts a tool's caches on a RUN and takes away what defeats them.

    A tool whose later steps need what is in its cache (`kept`) gets the mounts on all RUNs of the stage at once, by the
    first one's fix; so does one that is told to keep its downloads, which without a mount would stay in the layers.
    """
    tool = invocation.tool
    kept = any(item.kept for item in tool.caches)
    if not kept and not (tool.mount_setup and needs_setup(facts, run)):
        return _mounted_on(facts, stage, [run], invocation)
    first, command = next(_unmounted(facts, stage, tool), (run, invocation))
    if first is not run:
        answer = _by_first(facts, first, command.command.span.start, kept)
        return Carried(facts.doc.line(command.command.span.start)) if isinstance(answer, Fix) else answer
    return _by_first(facts, run, invocation.command.span.start, kept)


@once
def _by_first(facts: Facts, run: Run, place: int, kept: bool) -> Answer:
    """The fix of a stage's first RUN, for all of them at once; `place` is where its command begins."""
    stage = facts.stage_of(run)
    invocation = next(item for item in facts.invocations(run) if item.command.span.start == place)
    using = [item for item in stage.all(nodes.Run) if _calls(facts, item, invocation.tool)]
    runs = using if kept else [item for item in using if item.span.start >= run.span.start and _fills(facts, item, invocation.tool)]
    return _mounted_on(facts, stage, runs, invocation)


def _mounted_on(facts: Facts, stage: Stage, runs: list[Run], invocation: Invocation) -> Answer:
    made = [_edits(facts, item, invocation, first=item is runs[0]) for item in runs]
    if refusal := next((item for item in made if isinstance(item, Refusal)), None):
        return refusal
    edits = tuple(edit for item in made if not isinstance(item, Refusal) for edit in item)
    if not are_apart(edits):
        return Refusal("what empties the cache and what fills it are one command: part them")
    title = f"add a cache mount for {invocation.tool.name}"
    if why := _impossible(facts, stage, runs, invocation.tool):
        return Fix(f"{title} (dlint does not make it: {why})", edits, Applicability.DISPLAY)
    return Fix(title, edits, _applicability(facts, stage, runs, invocation))


def _impossible(facts: Facts, stage: Stage, runs: list[Run], tool: Tool) -> str | None:
    """Why steps would fail with an empty cache, as it is when it was pruned; None when they would not."""
    if any(facts.doc.source(flag.span) == CUT_OFF for run in runs for flag in run.flags):
        return f"a RUN without network needs {tool.name}'s cache"
    indexed = any(item.role == "index" for item in tool.caches)
    if any(Need.CERTAIN in (cache_needed(facts, run, tool), indexed and needed_later(facts, run, tool)) for run in runs):
        return "a later step reads the cached files"
    patterns = [pattern for cache in tool.caches for pattern in cache.products]
    lineage = {item.index for item in facts.graph.lineage(stage)}
    related = [item for item in facts.doc.stages if item.index in lineage or stage in facts.graph.lineage(item)]
    used = [(run, item) for other in related for run in other.all(nodes.Run) for item in facts.invocations(run) if item.tool is tool]
    for run, item in used:
        # what follows in the same RUN finds the mount as it is
        if used[-1][0] is not run and any(matches_any(word.text, patterns) for word in item.words[1:]):
            return f"`{item.name}` writes files there that later steps use, and a mount is not in the image"
    return None


def _links(facts: Facts, run: Run, invocation: Invocation) -> bool:
    """Whether a tool is told to put links into its cache in place of files."""
    name = invocation.tool.mount_variable
    said = {invocation.option("--link-mode", "--backend", "--package-import-method"), facts.state(run).env.get(name) if name else None}
    return "symlink" in said or (name is not None and f"{name}=symlink" in facts.doc.source(run.span))


def _fills(facts: Facts, run: Run, tool: Tool) -> bool:
    return any(item.tool is tool and item.action in FILLING for item in facts.invocations(run))


def _unmounted(facts: Facts, stage: Stage, tool: Tool) -> Iterator[tuple[Run, Invocation]]:
    """The RUNs of a stage that are to get mounts of a tool's caches, each with its first command that fills them."""
    for run in stage.all(nodes.Run):
        item = next((item for item in facts.invocations(run) if item.tool is tool and fills_cache(item)), None)
        caches = wanted_caches(facts, run, item) if item is not None else ()
        told = not (facts.quiet and item is not None and rarely_runs(facts, run, item))
        if item is not None and caches and told and not has_decided(facts, run, item, caches):
            yield run, item


def _refresh(facts: Facts, run: Run, invocation: Invocation) -> tuple[list[str], list[Edit]]:
    """Commands that refresh the package index first, as a mount hides the lists of earlier layers; none where the RUN has its own.

    A RUN above that does nothing else moves here, by the edits.
    """
    tool = invocation.tool
    subcommands = tool.action("refresh").subcommands
    if not subcommands or not any(item.role == "index" for item in tool.caches):
        return [], []
    if any(item.tool is tool and item.action == "refresh" for item in facts.invocations(run)):
        return [], []
    above = [node for node in facts.stage_of(run).all(nodes.Run) if node.span.start < run.span.start and _calls(facts, node, tool)]
    script = facts.script(above[-1]) if above and _only_refreshes(facts, above[-1], tool) else None
    if script is not None and merge_down(facts, above[-1], run):
        return [facts.doc.source(script.core)], [delete_instruction(facts.doc, above[-1])]
    name = invocation.words[0].text
    return [f"sudo {name} {subcommands[0]}" if invocation.command.name == "sudo" else f"{name} {subcommands[0]}"], []


def _calls(facts: Facts, run: Run, tool: Tool) -> bool:
    return any(item.tool is tool for item in facts.invocations(run))


def _only_refreshes(facts: Facts, run: Run, tool: Tool) -> bool:
    used = [item.action for item in facts.invocations(run) if item.tool is tool]
    return len(used) == len(facts.commands(run)) and set(used) == {"refresh"}


def _edits(facts: Facts, run: Run, invocation: Invocation, *, first: bool) -> list[Edit] | Refusal:
    """The edits of one RUN; a refusal when something in it would defeat the mount or be defeated by it.

    The `first` one of several sets up what the mounts of all need.
    """
    missing = wanted_caches(facts, run, invocation)
    if not missing:
        return []
    script = facts.script(run)
    # what makes the folder that a guessed place lies in would find the mount in it
    if any(item.guess and script and _names_folder(script.text, posixpath.dirname(item.mount)) for item in missing):
        return Refusal("the step works with the folder that the cache lies in, and would find the mount there")
    # files that are links into the cache would lead nowhere
    if any(item.tool is invocation.tool and _links(facts, run, item) for item in facts.invocations(run)):
        return Refusal("what it installs are links into the cache, which would lead nowhere: let it copy")
    cleanup = _drop_cleanup(facts, run, missing, invocation.tool)
    if isinstance(cleanup, Refusal):
        return cleanup
    commands, moved = _refresh(facts, run, invocation)
    setup = _in_front(facts, run, [*(invocation.tool.mount_setup if first and needs_setup(facts, run) else ()), *commands])
    if setup is None:
        return Refusal("there is no place in front of the script for what the mount needs: start it with a plain command")
    options = [edit for item in facts.invocations(run) if item.tool is invocation.tool for edit in _keep_cache(facts, run, item)]
    if isinstance(run.form, nodes.Exec) and (options or cleanup):
        return Refusal("the RUN is a JSON list: write it in shell form")
    # a mount belongs to root unless it is told otherwise, and another user could not write to it
    user = facts.state(run).user
    number = number_of(user) if user else "0"
    if number is None:
        return Refusal(f"the mount would be root's, and the number of {user} is not known: give the user a number and write it in `USER`")
    return [insert_flags(facts.doc, run, _flags(missing, number)), *cleanup, *moved, *setup, *options]


def needs_setup(facts: Facts, run: Run) -> bool:
    """Whether nothing up to a RUN has to do with the settings that a cache needs."""
    return not (_sets_up(facts, run) or facts.comes_before(run, _sets_up))


def _sets_up(facts: Facts, item: Instruction) -> bool:
    text = facts.doc.source(item.span)
    return any(sign in text for sign in SETUP_SIGNS)


def set_up(facts: Facts, run: Run, tool: Tool, *, flagged: bool = False) -> list[Edit] | None:
    """What must run before the tool so that it fills its cache; None when there is no place for it. With `flagged` it goes behind the
    flags that the RUN has, on a line of its own where it would be long.
    """
    names = {item.words[0].text for item in facts.invocations(run) if item.tool is tool}
    lasting = [text for name, text in tool.mount_setting.items() if name in names]
    # it would be a setting of the image that ships
    if lasting and facts.in_image(run):
        return None
    return _in_front(facts, run, [*tool.mount_setup, *lasting], flagged=flagged)


def _in_front(facts: Facts, run: Run, commands: Sequence[str], *, flagged: bool = False) -> list[Edit] | None:
    """Commands in front of a RUN's script; None when there is no place for them."""
    script = facts.script(run)
    if not commands:
        return []
    if script is None or isinstance(run.form, nodes.Exec):
        return None
    if script.heredoc:
        first = script.commands[0] if script.commands else None
        if first is None or first.within or script.tests:
            return None
        return [insert(first.span.start, "".join(text + facts.doc.newline for text in commands))]
    at = script.core.start
    between = line_joint(facts.doc, facts.doc.source(script.core), trailing=True)
    if stops_at_errors(script):
        # in front of `&& set -e` a failure would leave the rest without the option
        after = skip_gap(facts.doc, script.commands[0].whole.end, script.core.end)
        if facts.doc.text[after : after + 1] == ";":
            at = skip_gap(facts.doc, after + 1, script.core.end)
            own = facts.doc.text[line_start(facts.doc, at) : at]
            between = f"; {facts.doc.escape}{facts.doc.newline}{own if not own.strip() else INDENT}"
    long = flagged and at - line_start(facts.doc, at) + len(commands[0]) + len(" && \\") > LONGEST
    broken = f"{facts.doc.escape}{facts.doc.newline}{INDENT}" if long else ""
    return [insert(at, broken + "".join(text + between for text in commands))]


def _keep_cache(facts: Facts, run: Run, invocation: Invocation) -> list[Edit]:
    """Takes the options away that switch the cache off, and adds the one that keeps packages in it."""
    action = invocation.tool.action(invocation.action)
    edits = [remove_word(facts.doc, flag.span) for flag in invocation.flags if flag.text in action.no_cache]
    keep = flag_to_add(facts, run, invocation)
    if keep and invocation.action in ("install", "upgrade"):
        edits.append(insert(invocation.subcommand_words[-1].span.end, f" {keep}"))
    return edits


def flag_to_add(facts: Facts, run: Run, invocation: Invocation) -> str | None:
    """The option with which a tool works well with a mounted cache; None when it needs none, or the file has set it."""
    tool = invocation.tool
    if tool.mount_flag is None or invocation.has((tool.mount_flag.partition("=")[0],)):
        return None
    name = tool.mount_variable
    if name and (name in facts.state(run).env or f"{name}=" in facts.doc.source(run.span)):
        return None
    return tool.mount_flag


def _names_folder(text: str, path: str) -> bool:
    """Whether a script names a folder itself, not one that lies in it."""
    return re.search(re.escape(path) + r"(?![\w./-])", text) is not None


def _flags(caches: Iterable[Cache], user: str) -> list[str]:
    owner = f",uid={user}" if user != "0" else ""
    flags = []
    for item in caches:
        sharing = f",sharing={item.sharing}" if item.sharing != "shared" else ""
        flags.append(f"--mount=type=cache,target={item.mount}{sharing}{owner}")
    return flags


def _drop_cleanup(facts: Facts, run: Run, caches: tuple[Cache, ...], tool: Tool) -> list[Edit] | Refusal:
    """Takes away what would empty the mounted caches; a refusal when that cannot be told apart from the rest of its command.

    A folder that a cache is mounted in cannot be removed either: the command would fail.
    """
    script = facts.script(run)
    wipes: dict[Span, Command] = {}
    for path, command in removed(facts, run):
        if any(_lies(item.mount, path) and item.mount != path for item in caches):
            return Refusal(f"the step deletes {path}, where the mount would be: delete what is in it by its name")
        if any(_lies(path, item.mount) for item in caches):
            wipes[command.span] = command
    for invocation in facts.invocations(run):
        if invocation.tool is not tool:
            continue
        emptied = [item for item in caches_of(facts, run, tool) if item.emptied_by(invocation)]
        if any(item in caches for item in emptied):
            # what it empties beside them would get into the layer
            if not all(item in caches or facts.mounted(run, item.path) for item in emptied):
                return Refusal(f"`{invocation.name}` empties caches that are not mounted, too: clean them by their paths")
            wipes[invocation.command.span] = invocation.command
    edits: list[Edit] = []
    for command in wipes.values():
        gone = script and _without(facts, run, script, command, caches)
        if not gone:
            text = " ".join(facts.doc.source(command.span).split())
            return Refusal(f"`{shortened(text)}` would empty the mount, and other commands hang on it: take it away by hand")
        edits += gone
    return edits if are_apart(edits) else Refusal("what empties the cache cannot be told from the rest of the step: take it away by hand")


def _without(facts: Facts, run: Run, script: Script, command: Command, caches: tuple[Cache, ...]) -> list[Edit] | None:
    """A command without the paths that lie in caches; without any path it goes."""
    paths = [path for path, _ in removed_by(facts, run, command)]
    if all(any(_lies(path, item.mount) for item in caches) for path in paths):
        edit = remove_command(facts.doc, script, command)
        return [edit] if edit else None
    if command.name != "rm":
        return None
    words = [word for word in command.arguments if not word.text.startswith("-")]
    return [
        remove_word(facts.doc, word.span)
        for word, path in zip(words, paths, strict=True)
        if any(_lies(path, item.mount) for item in caches)
    ]


def _applicability(facts: Facts, stage: Stage, runs: list[Run], invocation: Invocation) -> Applicability:
    tool = invocation.tool
    if tool.kind == "system" or not all(_is_plain(facts, run, tool) for run in runs):
        return Applicability.UNSAFE
    if any(keeps_builds(facts, run, tool) or cache_needed(facts, run, tool) is not Need.NONE for run in runs):
        return Applicability.UNSAFE
    if _hides(facts, stage, runs, tool):
        return Applicability.UNSAFE
    wanted = [item for run in runs for item in caches_of(facts, run, tool)]
    options = [name for item in wanted for name in item.options]
    used = [other for run in runs for other in facts.invocations(run) if other.tool is tool]
    if any(item.guess for item in wanted) or any(other.has((*options, *tool.offline_flags)) for other in used):
        return Applicability.UNSAFE
    # the steps above may come from the cache when the mount is empty
    if len(runs) > 1 and any(item.brittle for item in wanted):
        return Applicability.UNSAFE
    paths = {item.path for item in wanted}
    if any(_is_used(facts, run, item.path, tool) for run in runs for item in wanted):
        return Applicability.UNSAFE
    if commands().offline.search(facts.doc.text) or any(_is_named(facts.doc, runs, facts.home(runs[0]), path) for path in paths):
        return Applicability.UNSAFE
    # what a build tool keeps in its cache may be needed by the container or by a stage that copies it
    if any(item.kept for item in tool.caches) and (facts.ships(stage) or not _others_are_known(facts, stage, runs)):
        return Applicability.UNSAFE
    return Applicability.UNSAFE if _copied_from(facts, stage, runs, tool) else Applicability.SAFE


def keeps_builds(facts: Facts, run: Run, tool: Tool) -> bool:
    """Whether a RUN may find in a tool's cache what another build made there with other flags, variables or libraries."""
    used = [item for item in facts.invocations(run) if item.tool is tool and item.action != "clean"]
    return any(_may_build(facts, run, item, cache) for cache in caches_of(facts, run, tool) if cache.builds for item in used)


def _may_build(facts: Facts, run: Run, item: Invocation, cache: Cache) -> bool:
    if item.tool.kind == "build" and item.action == "install" and not cache.products:
        return False
    if cache.builds_if and facts.context is not None and not has_evidence(facts, cache.builds_if):
        return item.has(("--build-cache",))
    if not any(_is_set(facts, run, item, setting) for setting in cache.builds_not):
        return True
    # an archive or a folder that is named is built all the same, and so is one that is named in a file
    files = item.options(*item.tool.manifest_flags) if item.tool.manifest_flags else []
    return bool(files) or (item.tool.kind == "language" and len(item.packages) < len(item.operands))


def is_switched_off(facts: Facts, run: Run, item: Invocation) -> bool:
    """Whether a command is told to keep no cache, by an option or a variable."""
    if item.has(item.tool.action(item.action).no_cache):
        return True
    words = (*item.command.assignments, *item.command.words)
    env = facts.state(run).env
    return any(env.get(name) or any(word.text.startswith(f"{name}=") for word in words) for name in item.tool.no_cache_variables)


def _is_set(facts: Facts, run: Run, item: Invocation, setting: str) -> bool:
    """Whether a command has an option (`--name`, `--name=value`), or finds a variable (`NAME=value`)."""
    name, _, value = setting.partition("=")
    if name.startswith("-"):
        return item.option(name) == value if value else item.has((name,))
    if any(word.text.startswith(f"{name}=") for word in item.command.assignments):
        return any(word.text == setting for word in item.command.assignments)
    return facts.state(run).env.get(name) == value


def _hides(facts: Facts, stage: Stage, runs: list[Run], tool: Tool) -> bool:
    """Whether the mounts hide what a stage above, or a copy, put into the caches and the steps would have to fetch again."""
    kept = [item for item in caches_of(facts, runs[0], tool) if item.kept]
    above = facts.graph.lineage(stage)[1:]
    filled = (node for item in above for node in item.all(nodes.Run) if not facts.mounts(node))
    if kept and any(_fills(facts, node, tool) for node in filled):
        return True
    copies = (node for item in (stage, *above) for node in item.all(nodes.Copy))
    return any(_brings(facts, node, item.path) for node in copies for item in caches_of(facts, runs[0], tool))


def _brings(facts: Facts, copy: Copy, path: str) -> bool:
    """Whether a COPY may put something into a folder."""
    target = facts.path(copy.destination.text, copy)
    if target is None or target == "/":
        return False
    if _lies(target, path):
        return True
    if not _lies(path, target):
        return False
    if copy.from_ is not None or facts.context is None:
        return True
    below = path[len(target.rstrip("/")) + 1 :].split("/")[0]
    return any(below in name.split("/") for word in copy.paths for name in facts.context.select(word.text))


def _is_plain(facts: Facts, run: Run, tool: Tool) -> bool:
    """Whether a tool surely runs as root in this RUN, with its cache where it is by itself."""
    script = facts.script(run)
    state = facts.state(run)
    if script is None or state.user not in ("root", "0"):
        return False
    moving = {"HOME", *XDG, *tool.no_cache_variables, *(name for item in tool.caches for name in (item.variable, *item.also) if name)}
    # a part of a folder that is known has nothing else in it
    parts = {name for item in tool.caches for name, below in item.also.items() if below and state.env.get(name)}
    if not (moving - parts).isdisjoint(state.env) or any(f"{name}=" in script.text for name in moving):
        return False
    if any("$" in path or "{" in path for path, _ in removed(facts, run)):
        return False
    return all(item.command.words == item.words for item in facts.invocations(run) if item.tool is tool)


def _is_used(facts: Facts, run: Run, path: str, tool: Tool) -> bool:
    """Whether a RUN itself works with a cache's folder or with the home that it lies in, besides emptying the cache."""
    script = facts.script(run)
    home = facts.home(run)
    if script is None or home is None:
        return True
    top = home.rstrip("/")
    inside = path.startswith(top + "/")
    folder = path[len(top) + 1 :].split("/")[0] if inside else path
    names = re.compile(re.escape(folder) + r"(?!\w)")
    # the home as a whole, or names in it that a pattern stands for
    whole = re.compile(rf"(?<![\w./-])(?:{re.escape(top)}|~|\$HOME|\$\{{HOME\}})(?:/?(?![\w./$-])|/[\w.-]*[*?\[])")
    emptied = {item.span for gone, item in removed(facts, run) if _lies(gone, path)}
    emptied |= {item.command.span for item in facts.invocations(run) if item.tool is tool and item.action == "clean"}
    for command in script.commands:
        if command.span in emptied or command.name == "cd":
            continue
        text = facts.doc.source(command.whole)
        if names.search(text) or (inside and whole.search(text)):
            return True
    return False


def _is_named(doc: Dockerfile, runs: list[Run], home: str | None, path: str) -> bool:
    """Whether anything but a mount and the RUNs themselves names the folder that a cache lies in."""
    inside = home is not None and path.startswith(home.rstrip("/") + "/")
    name = path[len(home.rstrip("/")) + 1 :].split("/")[0] if inside and home else path
    for match in re.finditer(re.escape(name) + r"(?!\w)", doc.text):
        # the runs are in file order
        index = bisect_right(runs, match.start(), key=lambda run: run.span.start)
        if index and match.start() < runs[index - 1].span.end:
            continue
        word = doc.text[max(0, match.start() - LONGEST_FLAG) : match.start()].split()
        if not word or not word[-1].startswith("--mount="):
            return True
    return False


def _others_are_known(facts: Facts, stage: Stage, runs: list[Run]) -> bool:
    """Whether no other RUN of a stage may call the tool, as `make` would."""
    known = commands()
    names = known.plain | known.silent | known.accounts
    places = {run.span for run in runs}
    others = (run for run in stage.all(nodes.Run) if run.span not in places)
    return all(
        facts.script(run) is not None and all(item.name in names or invocation_of(item) for item in facts.commands(run))
        for run in others
    )


def _copied_from(facts: Facts, stage: Stage, runs: list[Run], tool: Tool) -> bool:
    """Whether another stage is FROM this one, or takes from it what a cache may hold."""
    paths = {item.path for run in runs for item in caches_of(facts, run, tool)}
    for other in facts.doc.stages[stage.index + 1 :]:
        if facts.graph.parent(other) is stage:
            return True
        for node, reference, source in facts.graph.sources(other):
            if source is not stage:
                continue
            if isinstance(node, nodes.Copy):
                names = [word.text for word in node.paths]
            elif isinstance(node, nodes.Run):
                names = [mount.source or "/" for mount in facts.mounts(node) if mount.from_ == reference]
            else:
                return True
            if any("$" in name or _lies(path, strip_glob(name)) for path in paths for name in names):
                return True
    return False


def _lies(path: str, folder: str) -> bool:
    """Whether a path is a folder or lies in it."""
    return (path.rstrip("/") + "/").startswith(folder.rstrip("/") + "/")


def _roles(caches: Iterable[Cache]) -> set[str]:
    return {item.role for item in caches}
