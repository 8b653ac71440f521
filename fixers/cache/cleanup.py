"""Removes what package managers leave behind in the RUN that makes it, and knows who still needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.edits import append_command, can_append, delete_instruction, hides_failures, insert
from dockerlint.fixers.refusal import Refusal
from dockerlint.lint.analysis.leftovers import caches_of, removed
from dockerlint.lint.analysis.users import is_root
from dockerlint.lint.catalogue.tool import unwrapped
from dockerlint.lint.engine.findings import Applicability, Fix
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import json_strings, nodes
from dockerlint.lint.syntax.span import Edit, Span

from .cache_readers import INTERPRETERS, Need, cache_needed, following, needed_later
from .tool_removal import stays

if TYPE_CHECKING:

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.catalogue.tool import Cache, Invocation, Tool
    from dockerlint.lint.shell.script import Command, Script
    from dockerlint.lint.syntax.nodes import Dockerfile, Run, Word

# Actions that fill a cache with packages.
FILLING = frozenset({"install", "upgrade"})
# How many steps on a clean-up may stand: far more than there are in any file that is written by hand.
FARTHEST = 100
# A path that means itself to a shell.
PLAIN_PATH = regex(r"/[\w./@+,:-]*")


def cleaned(facts: Facts, run: Run, cache: Cache, invocation: Invocation, after: int) -> bool:
    """Whether a RUN empties a tool's cache behind a place: by `rm`, or by the same tool's clean command."""
    places = (cache.path, *invocation.tool.cache_aliases)
    for path, command in removed(facts, run):
        if command.span.start >= after and any(_lies_in(place, path) for place in places):
            return True
    if any(item.command.span.start >= after and _cleans(item, cache, invocation) for item in facts.invocations(run)):
        return True
    # `bash -c "... rm -rf ..."` is not read further
    inner = (unwrapped(item.words) for item in facts.commands(run) if item.span.start >= after)
    return any(_is_inner_clean(words, places) for words in inner)


def clean_up(facts: Facts, run: Run, invocation: Invocation, cache: Cache) -> Fix | Refusal:
    """The fix that empties a tool's cache at the end of a RUN; None where a command cannot simply be added.

    The tool's own command does it where the tool is sure to be there still, else its folders are removed by their paths. The
    fix is unsafe where something later perhaps needs what lies there. There is none where it certainly does, nor where a
    later step is there to clean it: bringing that one here is another rule's fix.
    """
    script = facts.script(run)
    if cache.clean is None:
        return Refusal(f"{invocation.tool.name} has no command that empties it: mount it")
    if script is None or not can_follow(script):
        return Refusal("no command can follow this script: end it with a plain command joined by `&&`")
    if hides_failures(script, facts.state(run).shell):
        return Refusal("a command behind it would hide that an earlier one failed: join them by `&&`, or start with `set -e`")
    if later := _cleaned_later(facts, run, cache, invocation):
        return Refusal(f"line {facts.doc.line(later.span.start)} deletes it, too late: that command belongs here")
    tool = invocation.tool
    need = needed_later(facts, run, tool) if cache.role == "index" else cache_needed(facts, run, tool)
    if need is Need.CERTAIN:
        return Refusal("a later step works with what lies there: mount it in both")
    if only_refreshes(facts, run):
        trust = Applicability.SAFE if need is Need.NONE else Applicability.UNSAFE
        return Fix(f"delete the RUN, whose {tool.name} lists nobody uses", (delete_instruction(facts.doc, run),), trust)
    clean, trusted = cache.clean, need is Need.NONE
    if not clean.startswith("rm ") and not stays(facts, run, script, tool):
        paths = _places(facts, run, tool, cache)
        if not all(map(PLAIN_PATH.fullmatch, paths)):
            return Refusal(f"the name of {paths[0]} means something to a shell: delete it by hand")
        clean, trusted = f"rm -rf {' '.join(paths)}", trusted and _owns(facts, run, paths)
    command = clean_command(invocation, clean)
    applicability = Applicability.SAFE if trusted else Applicability.UNSAFE
    return Fix(f"add `{command}`", (follow(facts.doc, script, command),), applicability)


def only_refreshes(facts: Facts, run: Run) -> bool:
    """Whether a RUN does nothing but fetch package lists: once they are cleaned, it has no purpose."""
    script = facts.script(run)
    refreshing = {item.command.span for item in facts.invocations(run) if item.action == "refresh"}
    if script is None or not script.chained or script.tests:
        return False
    return all(item.span in refreshing and not item.redirects for item in script.commands)


def _places(facts: Facts, run: Run, tool: Tool, cache: Cache) -> list[str]:
    """The folders that a tool's clean command empties: the cache's, and those of others that have no command of their own."""
    others = (item.path for item in caches_of(facts, run, tool) if item.clean is None)
    return list(dict.fromkeys((cache.path, *others)))


def _owns(facts: Facts, run: Run, paths: list[str]) -> bool:
    """Whether the user of a RUN may remove folders: root any, others those in their home."""
    home = facts.home(run)
    return is_root(facts.state(run).user) is not False or all(home is not None and _lies_in(path, home) for path in paths)


def _cleaned_later(facts: Facts, run: Run, cache: Cache, invocation: Invocation) -> Run | None:
    """The step further down that empties a tool's cache; None when none does."""
    stage = facts.find_stage(run)
    if stage is None or facts.as_hadolint:
        return None
    for node in following(stage, run)[:FARTHEST]:
        if not isinstance(node, nodes.Run):
            continue
        fills = any(item.tool is invocation.tool and item.action in FILLING for item in facts.invocations(node))
        if not fills and cleaned(facts, node, cache, invocation, 0):
            return node
    return None


def clean_command(invocation: Invocation, clean: str) -> str:
    """A clean command as the file would write it: by the tool's own name, and by sudo if that is how it was called."""
    name, _, rest = clean.partition(" ")
    if name in invocation.tool.commands:
        clean = f"{invocation.words[0].text} {rest}"
    return f"sudo {clean}" if invocation.command.name == "sudo" else clean


def without_cache(item: Invocation) -> bool:
    """Whether a command is told to keep no cache."""
    return item.has(item.tool.action(item.action).no_cache)


def mounted(facts: Facts, run: Run, item: Invocation) -> bool:
    """Whether one of a tool's caches is mounted, wherever the home is that it lies in."""
    targets = lasting_mounts(facts, run)
    tails = tuple(cache.path[1:] for cache in item.tool.caches if cache.path.startswith("~"))
    if tails and any(target.endswith(tails) for target in targets):
        return True
    if facts.as_hadolint:
        # hadolint 2.15.1 wants the newest of the places, and nothing above it (measured)
        return item.tool.caches[-1].path in targets
    return any(facts.mounted(run, cache.path) for cache in caches_of(facts, run, item.tool))


def lasting_mounts(facts: Facts, run: Run) -> frozenset[str]:
    """The folders of a RUN that do not get into its layer: what cache and tmpfs mounts lie on."""
    kinds = ("cache", "tmpfs")
    return frozenset(mount.target for mount in facts.mounts(run) if mount.kind in kinds and mount.target is not None)


def tidy(facts: Facts, run: Run, used: list[Invocation]) -> bool:
    """Whether the same RUN deletes a tool's cache after its last use."""
    if facts.as_hadolint:
        return False
    last = max(item.command.span.end for item in used if item.action != "clean")
    return any(cleaned(facts, run, cache, used[0], last) for cache in caches_of(facts, run, used[0].tool))


def add_option(run: Run, word: Word, option: str) -> Edit:
    """An option behind a word of a RUN's script or JSON list."""
    if isinstance(run.form, nodes.Exec):
        return insert(word.span.end, f", {json_strings.written(option)}")
    return insert(word.span.end, f" {option}")


def drop_command(doc: Dockerfile, script: Script, command: Command) -> Edit | None:
    """Takes a command away that another one follows; None when that would change what the others do."""
    index = script.commands.index(command)
    following = script.commands[index + 1] if index + 1 < len(script.commands) else None
    if following is None or command.within or following.within or not script.sound:
        return None
    gone = Span(command.span.start, following.span.start)
    if command.before == "&&":
        joined = following.before == "&&"
    else:
        joined = command.before in ("", ";", "\n") and following.before in ("&&", ";", "\n")
    if not joined or any(gone.contains(comment.span) for comment in doc.comments) or "#" in doc.source(gone):
        return None
    return Edit(gone, "")


def can_follow(script: Script) -> bool:
    """Whether ` && command` behind a script leaves its exit status as it is, and runs when the script went well.

    The folder and the variables that it finds need not be those of the script's start.
    """
    last = script.text.rstrip()
    if not script.sound or not script.commands or last.endswith(("&", ";", "|", "\\")) or "<<" in script.text:
        return False
    leaves = (item for item in script.commands if item.name in ("exit", "exec", "return") and not item.within)
    return "#" not in last.rpartition("\n")[2] and all(item.before == "||" for item in leaves)


def follow(doc: Dockerfile, script: Script, command: str) -> Edit:
    """Puts a clean-up behind a script that it `can_follow`."""
    if not script.heredoc or can_append(script):
        return append_command(doc, script, command)
    # a line of its own would hide the failure of the one before
    blank = len(script.text) - len(script.text.rstrip())
    return insert(script.span.end - blank, f" && {command}")


def _is_inner_clean(words: tuple[Word, ...], places: tuple[str, ...]) -> bool:
    if not words or words[0].text.rsplit("/", 1)[-1] not in INTERPRETERS:
        return False
    return any("rm " in word.text and place in word.text for word in words for place in places)


def _cleans(item: Invocation, cache: Cache, invocation: Invocation) -> bool:
    if item.tool is not invocation.tool:
        shared = {cache.path, *invocation.tool.cache_aliases} & {other.path for other in item.tool.caches}
        return item.action == "clean" and bool(shared)
    return cache.emptied_by(item) and (bool(cache.cleaned_by) or item.words[0].text == invocation.words[0].text)


def _lies_in(path: str, folder: str) -> bool:
    folder = folder.rstrip("/")
    return path == folder or path.startswith(folder + "/")
