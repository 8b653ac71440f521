"""Merges a Dockerfile that takes in an artefact with the one beside it that builds it."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from dockerlint.fixers.edits import (
    insert,
    insert_flags,
    insert_lines,
    remove_word,
    replace_word,
    whole_lines,
    with_comments,
)
from dockerlint.fixers.effects.footprint import commands
from dockerlint.fixers.refusal import Refusal
from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.engine.findings import Applicability, Fix
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.parser import parse

from .stage_reader import Reading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.syntax.nodes import Copy, Dockerfile, Word
    from dockerlint.lint.syntax.span import Edit

    from .stage_reader import StageStep

STAGE_NAME = "build"
BOM = "\ufeff"
# How the options of compilers name what they write. Source: the manuals of go, gcc, clang and rustc.
OUTPUT = ("-o", "--output")
# To these the option is another one.
OTHER = frozenset({"make", "ninja", "scons"})
PLAIN = regex(r"[\w./@+-]+")


def missing(facts: Facts, copy: Copy) -> list[Word]:
    """The sources of a COPY that are not in the context; those of a URL or a variable are not looked for."""
    if facts.context is None or copy.from_ is not None:
        return []
    words = [word for word in copy.paths if "://" not in word.text and "$" not in word.text and not word.text.startswith("git@")]
    return [word for word in words if not facts.context.select(word.text)]


def merge(facts: Facts, builder: str) -> Fix | Refusal:
    """The fix that puts the stages of `builder`, a file of the context, in front and copies from them what is missing.

    It is unsafe: whoever builds must no longer run the two builds, and what an old artefact on disk held is not known.
    """
    doc = facts.doc
    text = facts.context.beside(builder) if facts.context else None
    if text is None:
        return Refusal(f"dlint cannot read {builder}")
    other = parse(text)
    refusal = _unlike(doc, other, builder)
    if refusal:
        return refusal
    name = other.stages[-1].from_.alias.text if other.stages[-1].from_.alias else STAGE_NAME
    taken = {stage.name for stage in (*doc.stages, *other.stages[:-1])}
    if name.lower() in taken or re.search(rf"from={re.escape(name)}\b", doc.text, re.IGNORECASE):
        return Refusal(f"another stage or image is named {name}")
    made = _made(Facts(other, facts.context))
    edits: list[Edit] = []
    for copy in doc.stages[0].all(nodes.Copy):
        words = missing(facts, copy)
        paths = {}
        for word in words:
            found = [path for path in made if posixpath.basename(path) == posixpath.basename(word.text)]
            if len(found) != 1 or isinstance(copy, nodes.Add) or copy.json:
                return Refusal(f"dlint cannot tell where {builder} puts {word.text}")
            paths[word] = found[0]
        if words:
            edits += _copies(doc, copy, paths, name)
    edits.append(_stages(doc, other, name))
    return Fix(f"add the stages of {builder} to this file", tuple(edits), Applicability.UNSAFE)


def _unlike(doc: Dockerfile, other: Dockerfile, builder: str) -> Refusal | None:
    """Why the texts do not fit into one file."""
    if other.problems or not other.stages or doc.problems:
        return Refusal(f"{builder} has errors")
    if other.escape != doc.escape:
        return Refusal(f"{builder} has another escape character")
    if other.directive("syntax") and not doc.directive("syntax"):
        return Refusal(f"{builder} has another `# syntax=` line")
    keys = [{pair.key.text for node in item.preamble if isinstance(node, nodes.Arg) for pair in node.pairs} for item in (doc, other)]
    if keys[0] & keys[1]:
        return Refusal("both files declare the same ARG before FROM")
    return None


def _made(facts: Facts) -> dict[str, str]:
    """The files that compilers write in the last stage of a file, at the places where they are at its end."""
    reading = Reading(facts, facts.doc.stages[-1])
    made: dict[str, str] = {}
    for step in reading.every_step():
        output = _output(step)
        path = reading.path(output, step.run, step.cwd) if output and not output.endswith(("/", "/.")) else None
        if path is not None and PLAIN.fullmatch(path):
            made[path] = "file"
        elif output is None:
            reading.follow(made, step)
    return {path: kind for path, kind in made.items() if kind == "file" and PLAIN.fullmatch(path)}


def _output(step: StageStep) -> str | None:
    if step.name in OTHER or (step.name not in commands().compilers and step.name not in commands().artefacts):
        return None
    words = step.words
    for at, word in enumerate(words[:-1]):
        if word in OUTPUT:
            return words[at + 1]
    values = (word.partition("=") for word in words)
    return next((value for key, equals, value in values if equals and key in OUTPUT), None)


def _copies(doc: Dockerfile, copy: Copy, paths: dict[Word, str], name: str) -> Iterator[Edit]:
    """The COPY takes what is missing from the stage; what the context has is copied as before."""
    if len(paths) == len(copy.sources):
        yield insert_flags(doc, copy, [f"--from={name}"])
        yield from (replace_word(word, path) for word, path in paths.items())
        return
    yield from (remove_word(doc, word.span) for word in paths)
    flags = "".join(f" {doc.source(flag.span)}" for flag in copy.flags)
    line = f"{copy.keyword.text}{flags} --from={name} {' '.join(paths.values())} {doc.source(copy.destination.span)}"
    yield insert_lines(doc, whole_lines(doc, copy).end, [line])


def _stages(doc: Dockerfile, other: Dockerfile, name: str) -> Edit:
    """The text of the other file, without its directives, in front of the first FROM."""
    last = other.stages[-1].from_
    top = max((directive.span.end for directive in other.directives), default=len(BOM) if other.text.startswith(BOM) else 0)
    keyword = "AS" if last.keyword.text.isupper() else "as"
    named = other.text if last.alias else other.text[: last.span.end] + f" {keyword} {name}" + other.text[last.span.end :]
    text = "\n".join(line.rstrip("\r") for line in named[top:].split("\n")).strip("\n")
    start = max(with_comments(doc, doc.stages[0].from_).start, len(BOM) if doc.text.startswith(BOM) else 0)
    return insert(start, text.replace("\n", doc.newline) + doc.newline * 2)
