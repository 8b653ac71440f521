"""DL3010: COPY brings an archive that a RUN unpacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.instructions.add_archive import add_archive
from dockerlint.fixers.refusal import Refusal, answered
from dockerlint.lint.analysis.program_calls import calls
from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.analysis.program_calls import Call
    from dockerlint.lint.syntax.nodes import Copy, Dockerfile, Instruction

# What ADD unpacks. Source: the Dockerfile reference, ADD, local tar archives.
ARCHIVE = regex(r".*\.(?:tar|tar\.(?:gz|bz2|xz|zst)|tgz|tbz2?|txz)$")
# What hadolint 2.15.1 takes for one, and for a command that unpacks it (measured).
ARCHIVE_AS_HADOLINT = regex(r".*\.(?:tar|Z|bz2|gz|lz|lzma|tZ|tb2|tbz2?|tgz|tlz|tpz|txz|xz)$")
TARS = ("tar", "bsdtar", "gtar")
UNPACKERS = frozenset({"unzip", "gunzip", "bunzip2", "unlzma", "unxz", "zgz", "uncompress", "zcat", "gzcat"})
LONG = frozenset({"--extract", "--get"})
SEPARATOR = regex(r"[/\\]")
VARIABLE = regex(r"\$(\w+)")
MORE = Refusal("the copy, the `tar` or a step between does more than ADD can: make it a plain `COPY` and `tar -xf ARCHIVE -C FOLDER`, one after the other")


@rule(name="archive-copied", severity=Severity.INFO)
def archive_copied(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """COPY brings an archive that a RUN unpacks.

    The archive stays in its layer beside what was in it. ADD unpacks a local tar archive by itself and leaves nothing of
    it. Stages that do not ship are left alone.

    ```dockerfile bad
    FROM debian:bookworm-slim
    COPY site.tar.gz /srv/
    RUN tar -xzf /srv/site.tar.gz -C /srv
    ```

    ```dockerfile fixed
    FROM debian:bookworm-slim
    ADD site.tar.gz /srv/
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    ADD site.tar.gz /srv/
    ```

    **Fix safety:** always unsafe: owners and modes are what the builder makes of those in the archive, and the archive itself is
    gone. There is one where the next step begins with a plain `tar -xf` of it, and nothing else names it.

    **Source:** hadolint DL3010; the Dockerfile reference, ADD.
    """
    for instructions in (doc.preamble, *(stage.instructions for stage in doc.stages)):
        copies = [node for node in instructions if isinstance(node, nodes.Copy) and _is_local(node)]
        archives = {copy.span.start: names for copy in copies if (names := _archives(copy, facts))}
        unpacked = _unpacked(facts, instructions) if archives else {}
        for copy in copies:
            if copy.span.start in archives and facts.in_image(copy):
                last = max(unpacked.get(name, -1) for name in archives[copy.span.start])
                if last > copy.span.start:
                    message = "COPY stores an archive that a later RUN unpacks: ADD unpacks it and stores it once"
                    run = next(node for node in instructions if node.span.start == last)
                    fix = add_archive(facts, copy, run) if isinstance(run, nodes.Run) and not facts.as_hadolint else None
                    yield answered(copy.span, message, fix or MORE)


def _is_local(copy: Copy) -> bool:
    return not isinstance(copy, nodes.Add) and copy.from_ is None


def _unpacked(facts: Facts, instructions: tuple[Instruction, ...]) -> dict[str, int]:
    """The names that stand in commands which unpack archives, and where the last of these is."""
    found: dict[str, int] = {}
    for run in instructions:
        if isinstance(run, nodes.Run):
            for call in calls(facts, run, *TARS, *(UNPACKERS if facts.as_hadolint else ())):
                if _unpacks(call, facts):
                    texts = (text for text in call.texts if not (facts.as_hadolint and text.startswith("-")))
                    found.update((_braced(_name(text)), run.span.start) for text in texts)
    return found


def _unpacks(call: Call, facts: Facts) -> bool:
    if call.name in UNPACKERS:
        return True
    if facts.as_hadolint and call.name != TARS[0]:
        return False
    texts = call.texts
    if any(text in LONG or (text[:1] == "-" != text[1:2] and "x" in text) for text in texts):
        return True
    # the old style: `tar xf name`
    return not facts.as_hadolint and bool(texts) and texts[0].isalpha() and "x" in texts[0]


def _archives(copy: Copy, facts: Facts) -> list[str]:
    """The names that the archives of a COPY have in the image; the destination's, when that is one."""
    pattern = ARCHIVE_AS_HADOLINT if facts.as_hadolint else ARCHIVE
    target = _name(copy.destination.text)
    names = [target] if pattern.match(target) else [_name(word.text) for word in copy.sources]
    # hadolint compares a script's `${X}` with a COPY's words as they are written
    return [name if facts.as_hadolint else _braced(name) for name in names if pattern.match(name)]


def _name(path: str) -> str:
    return SEPARATOR.split(path.strip("\"'"))[-1]


def _braced(name: str) -> str:
    return VARIABLE.sub(r"${\1}", name)
