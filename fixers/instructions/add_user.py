"""Makes a user for the container's command, where it is plain that the command gets along without root."""

from __future__ import annotations

import posixpath
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from dockerlint.fixers.edits import insert_lines, whole_lines, with_comments
from dockerlint.fixers.effects.footprint import overlap
from dockerlint.fixers.refusal import Refusal
from dockerlint.lint.catalogue import tables
from dockerlint.lint.catalogue.name_patterns import matches
from dockerlint.lint.catalogue.tool import catalogue, unwrapped
from dockerlint.lint.engine.findings import Applicability, Fix
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.catalogue.base_images import BaseImage
    from dockerlint.lint.shell.script import Command
    from dockerlint.lint.syntax.nodes import Dockerfile, Instruction, Stage

WORD = regex(r"[\w.-]+")
PORT = regex(r"\d+")
LEADING = regex(r"\d{1,4}")
# What only starts what follows.
STARTERS = frozenset({"tini", "dumb-init", "exec", "env", "docker-entrypoint.sh"})
PLAIN = regex(r"/[\w./+-]+")


class Users(Struct, frozen=True):
    """The data of `lint/catalogue/data/users.toml`."""

    name: str
    number: str
    make: dict[str, str]
    lean: tuple[str, ...]
    ready: tuple[dict[str, Any], ...]
    started: tuple[dict[str, Any], ...]
    commands: frozenset[str]
    bases: tuple[str, ...]
    words: frozenset[str]
    system: frozenset[str]
    below: tuple[str, ...]
    ports: int


@cache
def users() -> Users:
    """How users are made, and what they cannot do."""
    data = tables.table("lint/catalogue/data/users.toml")
    root = data["root"]
    return Users(
        data["name"],
        data["number"],
        data["make"],
        tuple(data["lean"]["images"]),
        tuple(data["ready"]),
        tuple(data["started"]),
        frozenset(root["commands"]),
        tuple(root["bases"]),
        frozenset(root["words"]),
        frozenset(root["system"]),
        tuple(path + "/" for path in root["below"]),
        root["ports"],
    )


def run_as_user(facts: Facts, stage: Stage) -> Fix | Refusal:
    """The fix that makes a user and runs the stage's command as this user."""
    base = facts.base(stage)
    starts = _starts(stage)
    if base is None:
        return Refusal("dlint does not know the base image")
    if not starts and (refusal := _starts_by_itself(base)):
        return refusal
    if reason := next((reason for node in starts if (reason := _needs_root(facts, node))), ""):
        return Refusal(reason)
    name, command = _making(base)
    doc = facts.doc
    owned = sorted(_written(facts, stage))
    if owned and not command and base.distribution == "none":
        return Refusal(f"the image has no `chown` to give {owned[0]} to another user: copy it with `--chown`")
    edits = []
    if command:
        first = stage.from_
        line_end = doc.text.find("\n", first.span.end)
        edits.append(insert_lines(doc, line_end + 1 if line_end >= 0 else len(doc.text), [f"RUN {command}"]))
    # a volume is a folder of the container, not yet of the image
    volumes = {path for node in stage.all(nodes.Volume) for word in node.words if (path := facts.path(word.text, node))}
    missing = [path for path in owned if path in {item.rstrip("/") for item in volumes}]
    make = f"mkdir -p {' '.join(missing)} && " if missing else ""
    lines = [f"RUN {make}chown {name} {' '.join(owned)}"] if owned else []
    edits.append(insert_lines(doc, _place(doc, stage, starts), [*lines, f"USER {name}"]))
    return Fix(f"run as user `{name}`", tuple(edits), Applicability.UNSAFE)


def must_be_root(facts: Facts, stage: Stage) -> bool:
    """Whether the stage starts a server that has to begin as root, and that changes to another user itself."""
    known = users().commands
    base = facts.base(stage)
    if not any(isinstance(node, nodes.CommandInstruction) for item in facts.graph.lineage(stage) for node in item.instructions):
        return base is not None and any(matches(f"{base.repository}:{base.tag}", item if ":" in item else f"{item}:*") for item in users().bases)
    return any(word in known or posixpath.basename(word) in known for node in _starts(stage) for word in _words(node))


def _starts(stage: Stage) -> list[nodes.Cmd | nodes.Entrypoint]:
    """The CMDs and the ENTRYPOINTs of a stage."""
    return [node for node in stage.instructions if isinstance(node, nodes.Cmd | nodes.Entrypoint)]


def low_port(facts: Facts, stage: Stage) -> str | None:
    """A port below 1024 that the stage exposes: only root may listen there on some runtimes."""
    for node in stage.all(nodes.Expose):
        for word in node.words:
            text = facts.expand(word.text, node) or ""
            match = PORT.match(text)
            if match and 0 < int(match[0][:6]) < users().ports:
                return match[0]
    return None


def _place(doc: Dockerfile, stage: Stage, starts: list[nodes.Cmd | nodes.Entrypoint]) -> int:
    """Where the line starts from which on no step has to run as root: at the command, or below the last step behind it."""
    steps = [node for node in stage.instructions if isinstance(node, nodes.Run | nodes.Copy | nodes.Workdir)]
    if starts and not (steps and steps[-1].span.start > starts[0].span.start):
        return with_comments(doc, starts[0]).start
    return whole_lines(doc, (steps or stage.instructions or (stage.from_,))[-1]).end


def _starts_by_itself(base: BaseImage) -> Refusal | None:
    """Why nobody but root may start what an image starts by itself; None when anybody may."""
    fitting = (item for item in users().started if _is_of(base, item))
    found = next((item["command"] for item in fitting), None)
    if found is None:
        return Refusal(f"this stage names no command, and dlint does not know that of {base.repository}: write the CMD here")
    return Refusal(f"`{found}`, the command of {base.repository}, must start as root") if found else None


def _is_of(base: BaseImage, item: dict[str, Any]) -> bool:
    """Whether a row of the data speaks of an image."""
    if not any(matches(base.repository, pattern) for pattern in item["repositories"]):
        return False
    number = LEADING.match(base.tag or "")
    if "since" in item and (number is None or int(number[0]) < item["since"]):
        return False
    return any(matches(base.tag or "", pattern) for pattern in item.get("tags", ("*",)))


def _making(base: BaseImage) -> tuple[str, str | None]:
    """The user's name, and the command that makes the user if there is none yet and the image has it."""
    known = users()
    ready = next((item["user"] for item in known.ready if _is_of(base, item)), None)
    if ready:
        return ready, None
    template = known.make.get(base.distribution or "")
    if template is None or any(matches(f"{base.repository}:{base.tag}", pattern) for pattern in known.lean):
        return known.number, None
    return known.name, template.format(name=known.name)


def _needs_root(facts: Facts, node: nodes.Cmd | nodes.Entrypoint) -> str:
    """Why a command cannot do without root, or is not known well enough; empty when it can."""
    known = users()
    words = _words(node)
    if not words:
        return ""
    for word in words:
        # a command that installs when the container starts, too
        if {word, posixpath.basename(word)} & (known.commands | _managers()):
            return f"`{posixpath.basename(word)}` must start as root"
    script = next((word for word in words if word.endswith((".sh", ".bash"))), None) or (
        words[0] if "entrypoint" in words[0] else None
    )
    if script is None:
        return ""
    text = _script(facts, node, script)
    if text is None:
        return f"dlint cannot read {script}: it is not in the build context"
    found = sorted((known.words | _managers()).intersection(WORD.findall(text)))
    return f"{script} calls `{found[0]}`, which may need root" if found else ""


def _words(node: nodes.Cmd | nodes.Entrypoint) -> list[str]:
    """A command without what only starts it."""
    words = [word.text for word in node.form.words] if isinstance(node.form, nodes.Exec) else _shell_words(node)
    while words and posixpath.basename(words[0]) in STARTERS:
        words = [word for word in words[1:] if word != "--" and not word.startswith("-")]
    return words


@cache
def _managers() -> frozenset[str]:
    """The commands of the systems' package managers."""
    return frozenset(name for tool in catalogue() if tool.kind == "system" for name in tool.commands)


def _shell_words(node: nodes.Cmd | nodes.Entrypoint) -> list[str]:
    text = node.form.text if isinstance(node.form, nodes.Shell) else ""
    return [word.strip("\"'();&|") for word in text.split()]


def _script(facts: Facts, node: Instruction, script: str) -> str | None:
    """The text of a script of the context that a COPY of the file brings."""
    if facts.context is None:
        return None
    name = posixpath.basename(script)
    copies = (copy for copy in facts.stage_of(node).all(nodes.Copy) if copy.from_ is None)
    found = {path for copy in copies for word in copy.paths for path in facts.context.select(word.text)}
    texts = [path for path in found if posixpath.basename(path) == name]
    return facts.context.read(texts[0]) if len(texts) == 1 else None


def _written(facts: Facts, stage: Stage) -> Iterator[str]:
    """The folders that the process is meant to write in: volumes, and folders that the build makes and leaves empty."""
    made: dict[str, int] = {}
    filled: list[str] = []
    for node in stage.instructions:
        if isinstance(node, nodes.Volume):
            made.update((path, node.span.start) for word in node.words if (path := facts.path(word.text, node)))
        elif isinstance(node, nodes.Copy):
            filled += [path for path in [facts.path(node.destination.text, node)] if path]
        elif isinstance(node, nodes.Run):
            found = facts.commands(node)
            made.update((path, node.span.start) for item in found for path in _folders(facts, node, item))
            filled += [path for item in found if item.name != "mkdir" for path in _named(facts, node, item)]
    for path in made:
        clean = path.rstrip("/") or "/"
        if clean in users().system or not PLAIN.fullmatch(clean) or clean.startswith(users().below):
            continue
        if not any(overlap(clean, place.rstrip("/") or "/") for place in filled):
            yield clean


def _folders(facts: Facts, run: nodes.Run, command: Command) -> Iterator[str]:
    words = unwrapped(command.words)
    if not words or words[0].text != "mkdir" or command.sometimes:
        return
    moved = any(item.name in ("cd", "pushd") and item.span.start < command.span.start for item in facts.commands(run))
    for before, word in pairwise(words):
        # the mode stands in a word of its own: mkdir(1)
        is_path = not word.text.startswith("-") and before.text not in ("-m", "--mode") and (word.text.startswith("/") or not moved)
        path = facts.path(word.text, run) if is_path else None
        if path:
            yield path


def _named(facts: Facts, run: nodes.Run, command: Command) -> Iterator[str]:
    """The paths that a command names: what it may put something into."""
    for word in command.words[1:]:
        if "/" in word.text and not word.text.startswith("-") and (path := facts.path(word.text, run)):
            yield path
