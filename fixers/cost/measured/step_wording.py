"""How builders word a step in histories and logs, made comparable: spaces, quotes and commas do not count.

Source: moby/buildkit, frontend/dockerfile/dockerfile2llb/convert.go (commitToHistory, processCmdEnv, summarizeHeredoc);
moby/moby, builder/dockerfile (the builder before it, `#(nop)`), whose words buildah and podman use too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.word_expansion import ExpansionError, expand, variables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.fixers.cost.build_graph import Step
    from dockerlint.lint.analysis.facts import Facts

LAYERED = frozenset({"RUN", "COPY", "ADD", "WORKDIR"})
METADATA = frozenset(
    "ARG CMD ENTRYPOINT ENV EXPOSE HEALTHCHECK LABEL MAINTAINER ONBUILD SHELL STOPSIGNAL USER VOLUME".split()
)
NOT_COMPARED = str.maketrans("", "", "\"'\\,[]`")
BUILDKIT = "# buildkit"
NO_RUN = "#(nop)"
LEGACY_SOURCES = ("file:", "dir:", "multi:")
CUT = ("...", "…")
# A pattern with fewer characters than this fits nearly anything.
LEAST_LITERAL = 8


def loose(text: str) -> str:
    """A text without what builders write in one way or another."""
    return " ".join(text.translate(NOT_COMPARED).split())


def said(created_by: str) -> str:
    """What a history says of an instruction, with its keyword first: `COPY a b`, `RUN /bin/sh -c x`."""
    text = created_by.strip().removesuffix(BUILDKIT).strip()
    shell, mark, rest = text.partition(NO_RUN)
    if mark and "\n" not in shell and len(shell) < len(BUILDKIT) * 8:
        text = rest.strip()
    words = text.split(maxsplit=3)
    if not words:
        return ""
    if words[0] not in LAYERED | METADATA:
        return f"RUN {text}"
    if len(words) == 4 and words[1].startswith(LEGACY_SOURCES) and words[2] == "in":
        return f"{words[0]} in {words[3]}"
    return text


def without_flags(text: str) -> str:
    """An instruction less its flags: histories leave them out, logs do not."""
    keyword, _, rest = text.partition(" ")
    rest = rest.lstrip()
    while rest.startswith("--"):
        rest = rest.partition(" ")[2].lstrip()
    return f"{keyword} {rest}"


class Pattern(Struct, frozen=True):
    """The pieces of a text between the variables that only the builder knows."""

    pieces: tuple[str, ...]

    def fits(self, text: str) -> bool:
        """Whether a text has the pieces in this order, the first at its start and the last at its end."""
        first, *middle, last = self.pieces
        if not text.startswith(first) or not text.endswith(last) or len(text) < len(first) + len(last):
            return False
        at, end = len(first), len(text) - len(last)
        for piece in middle:
            found = text.find(piece, at, end)
            if found < 0:
                return False
            at = found + len(piece)
        return True


def texts(step: Step, facts: Facts) -> Iterator[str]:
    """All that builders may call a step, ready to be compared."""
    match step.node:
        case nodes.Run() as node:
            found = _run(node, facts)
        case nodes.Copy() as node:
            found = _copy(node, facts)
        case nodes.Workdir() as node:
            plain = node.argument.text
            found = iter(
                [f"WORKDIR {text}" for text in (plain, facts.expand(plain, node), facts.path(plain, node)) if text]
            )
        case _:
            found = iter(())
    yield from map(loose, found)


def _run(node: nodes.Run, facts: Facts) -> Iterator[str]:
    shell = " ".join(facts.state(node).shell)
    match node.form:
        case nodes.Exec(words=words):
            yield "RUN " + " ".join(word.text for word in words)
        case nodes.Shell(text=text):
            yield f"RUN {text}"
            yield f"RUN {shell} {text}"
            yield f"RUN {_known(text, node, facts)}"
            if node.heredocs:
                body = facts.doc.source(node.heredocs[0].body).strip()
                first, more, _ = body.partition("\n")
                yield f"RUN {text} ({first.rstrip()}{'...' if more else ''})"
                yield f"RUN {shell} {body}"
                whole = "\n".join(
                    facts.doc.source(item.body) + facts.doc.source(item.terminator) for item in node.heredocs
                )
                yield f"RUN {shell} {text}\n{whole}"


def _known(text: str, node: nodes.Instruction, facts: Facts) -> str:
    """A text with the variables put in that are known; logs show it so, with all that the builder knows."""
    env = {name: value for name, value in facts.state(node).env.items() if value is not None}
    try:
        return expand(text, env, facts.doc.escape, raw_quotes=True, raw_escapes=True, skip_unset=True)
    except ExpansionError:
        # what the shell alone understands, such as ${x^^}, makes the builder show all of it as it is
        return text


def _copy(node: nodes.Copy, facts: Facts) -> Iterator[str]:
    keyword = node.name
    words = [*node.sources, node.destination]
    plain = [word.text.removeprefix("<<").removeprefix("-") for word in words]
    expanded = [facts.expand(text, node) or text for text in plain]
    yield f"{keyword} {' '.join(word.text for word in words)}"
    yield f"{keyword} {' '.join(plain)}"
    yield f"{keyword} {' '.join(expanded)}"
    yield f"{keyword} in {expanded[-1]}"
    if path := facts.path(node.destination.text, node):
        yield f"{keyword} in {path}"


def pattern(step: Step, facts: Facts) -> Pattern | None:
    """What the builder may have put other words into, where variables are in it; None where it has nothing to put in."""
    match step.node:
        case nodes.Run(form=nodes.Shell(text=text)) as node:
            text = _known(text, node, facts)
        case nodes.Copy() as node:
            text = _known(" ".join(word.text for word in (*node.sources, node.destination)), node, facts)
        case nodes.Workdir(argument=argument) as node:
            text = _known(argument.text, node, facts)
        case _:
            return None
    try:
        used = variables(text, facts.doc.escape) if "$" in text else ()
    except ExpansionError:
        return None
    if not used:
        return None
    edges = [0, *(edge for item in used for edge in (item.start, item.end)), len(text)]
    pieces = [loose(text[start:end]) for start, end in zip(edges[::2], edges[1::2], strict=True)]
    if sum(map(len, pieces)) < LEAST_LITERAL:
        return None
    return Pattern((f"{node.name} {pieces[0]}", *pieces[1:]))
