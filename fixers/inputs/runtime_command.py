"""What a container starts: the words of its command, and of the scripts of the context that it runs."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from msgspec import Struct

from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import nodes

from .install_inputs import brought

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Stage

WORD = regex(r"[A-Za-z0-9_][\w.+-]*")
COMMENT = regex(r"(?m)^\s*#(?!!).*$")
SUFFIXES = (".sh", ".bash")
# What the names of scripts without a suffix have in them.
NAMES = ("entrypoint", "start", "run", "init", "boot")
# Official images have one of that name on their PATH.
ENTRYPOINT = "docker-entrypoint.sh"


class Started(Struct, frozen=True):
    """What is run, as text without comments, and the words of it in which a program's name may stand; `unread` are scripts that
    are run and cannot be read.
    """

    text: str
    words: frozenset[str]
    unread: tuple[str, ...]


def started(facts: Facts, stage: Stage) -> Started:
    """What a container of a stage may call, as far as its command, its health check and their scripts say it."""
    texts: list[str] = []
    unread: list[str] = []
    for item in facts.graph.lineage(stage):
        for node in item.instructions:
            if isinstance(node, nodes.CommandInstruction | nodes.Healthcheck):
                texts.append(facts.doc.source(node.span))
                for name in _scripts(node):
                    script = _read(facts, stage, name)
                    if script is None:
                        unread.append(name)
                    else:
                        texts.append(script)
    text = COMMENT.sub("", "\n".join(texts))
    return Started(text, frozenset(word.rstrip(".") for word in WORD.findall(text)), tuple(unread))


def command_line(facts: Facts, stage: Stage) -> str:
    """The entrypoint and the command of a stage on one line; of each the last one counts."""
    found: dict[str, str] = {}
    for item in reversed(facts.graph.lineage(stage)):
        for node in item.all(nodes.CommandInstruction):
            form = node.form
            found[node.name] = " ".join(word.text for word in form.words) if isinstance(form, nodes.Exec) else form.text if form else ""
    return " ".join(found[name] for name in ("ENTRYPOINT", "CMD") if name in found)


def _scripts(node: nodes.CommandInstruction | nodes.Healthcheck) -> Iterator[str]:
    """The words of a command that name scripts, but for the entrypoint that official images bring."""
    form = node.form
    texts = [word.text for word in form.words] if isinstance(form, nodes.Exec) else form.text.split() if form else []
    for text in texts:
        named = text.endswith(SUFFIXES) or ("/" in text and any(part in posixpath.basename(text) for part in NAMES))
        if named and text != ENTRYPOINT:
            yield text


def _read(facts: Facts, stage: Stage, name: str) -> str | None:
    """The text of a script of the context, by the path that it is called by, or by its name in whatever folder."""
    if facts.context is None:
        return None
    workdir = facts.final(stage).workdir
    for item in facts.graph.lineage(stage):
        for copy in item.all(nodes.Copy):
            folder = workdir if "/" in name else (facts.path(copy.destination.text, copy) or "").removesuffix(name)
            source = brought(facts, copy, posixpath.normpath(posixpath.join(folder or "/", name))) if copy.from_ is None else None
            if source is not None:
                return facts.context.read(source)
    return None
