"""DL3022 and DL3023: COPY --from names a stage that is not there, or its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.refusal import Refusal, answered
from dockerlint.lint.catalogue import base_images
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes, run_mounts
from dockerlint.lint.syntax.did_you_mean import MOST, most_alike
from dockerlint.lint.syntax.span import Edit
from dockerlint.lint.syntax.validation import is_stage_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile, Flag, Instruction


@rule("DL3022", name="unknown-stage", severity=Severity.WARNING, needs=("from=",))
def unknown_stage(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """COPY --from, or a mount, names a stage that does not exist.

    The builder then looks for a build context or an image of that name, and fails, or worse, finds one. Names that can
    only be an image, as they have a tag, a digest or a `/`, and names of images that are known are left alone. By default
    only what cannot be meant is told: a name that differs by a letter or two from a stage's. A number that no stage has and a
    stage further below are errors of their own (DL1000).

    ```dockerfile bad
    FROM golang:1.23 AS build
    RUN go install example.com/app@v1.2.0

    FROM debian:bookworm-slim
    COPY --from=biuld /go/bin/app /usr/local/bin/
    ```

    ```dockerfile fixed
    FROM golang:1.23 AS build
    RUN go install example.com/app@v1.2.0

    FROM debian:bookworm-slim
    COPY --from=build /go/bin/app /usr/local/bin/
    ```

    ```dockerfile good
    FROM golang:1.23 AS build

    FROM debian:bookworm-slim
    COPY --from=build /go/bin/app /usr/local/bin/
    COPY --from=nginx:1.27 /etc/nginx/nginx.conf /etc/
    COPY --from=busybox /bin/busybox /bin/
    ```

    **Fix safety:** unsafe: a build context may have the misspelt name.

    **Source:** hadolint DL3022; the Dockerfile reference, COPY --from.
    """
    for index, node in _instructions(doc):
        for flag, name in _references(node, facts):
            if facts.as_hadolint:
                problem = None if _known_to_hadolint(doc, index, name) else f"no earlier stage is named {name}"
                near = None
            else:
                if _is_refused(doc, flag, name):
                    continue
                near = _near(doc, index, name)
                problem = _problem(facts, index, name, near)
            if problem:
                fix = _fix(doc, flag, name, near) if near else Refusal("no stage above has a name like it")
                yield answered(flag.span, problem, fix)


@rule("DL3023", name="copy-from-own-stage", severity=Severity.ERROR, needs=("from=",))
def copy_from_own_stage(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """COPY --from, or a mount, names its own stage.

    A stage cannot need itself to be built, and the builder refuses the file.

    ```dockerfile bad
    FROM node:22-slim AS app
    COPY --from=app /srv /app
    ```

    ```dockerfile good
    FROM node:22-slim AS app
    COPY srv /app
    ```

    **Source:** hadolint DL3023; the Dockerfile reference, COPY --from.
    """
    for index, node in _instructions(doc):
        for flag, name in _references(node, facts):
            if _is_own(doc, facts, index, name):
                yield Finding(flag.span, f"stage {name} copies files from itself")


def _is_own(doc: Dockerfile, facts: Facts, index: int, name: str) -> bool:
    alias = doc.stages[index].from_.alias if index >= 0 else None
    if alias is None:
        return False
    return alias.text == name if facts.as_hadolint else alias.text.lower() == name.lower()


def _instructions(doc: Dockerfile) -> Iterator[tuple[int, Instruction]]:
    """The instructions with the number of their stage; -1 before the first FROM."""
    yield from ((-1, node) for node in doc.preamble)
    for stage in doc.stages:
        yield from ((stage.index, node) for node in stage.instructions)


def _references(node: Instruction, facts: Facts) -> Iterator[tuple[Flag, str]]:
    """The flags that name a stage or an image, and the name."""
    if isinstance(node, nodes.Copy) and (flag := node.flag("from")) and flag.value:
        # hadolint takes quotes for a part of the name
        yield flag, facts.doc.source(flag.span).partition("=")[2] if facts.as_hadolint else flag.value
    if isinstance(node, nodes.Run) and not facts.as_hadolint:
        for mount in run_mounts.mounts(node):
            if mount.from_ and mount.flag:
                yield mount.flag, mount.from_


def _known_to_hadolint(doc: Dockerfile, index: int, name: str) -> bool:
    """Whether hadolint 2.15.1 leaves a name alone: all with a colon, exact names, and numbers (measured)."""
    if ":" in name:
        return True
    known = doc.stages[: index + 1]
    if any(stage.from_.alias and stage.from_.alias.text == name for stage in known):
        return True
    return name.isdecimal() and int(name) < len(known)


def _near(doc: Dockerfile, index: int, name: str) -> str | None:
    """The stage above whose name differs by a letter or two."""
    if any(char in name for char in ":/@$") or name.isdecimal() or index > MOST:
        return None
    aliases = {stage.name: stage.from_.alias.text for stage in doc.stages[: max(index, 0)] if stage.from_.alias}
    found = most_alike(name.lower(), [alias for alias in aliases if alias and is_stage_name(alias)])
    return aliases[found] if found else None


def _is_refused(doc: Dockerfile, flag: Flag, name: str) -> bool:
    """Whether DL1000 or DL3023 tells of it: a number in COPY, or a stage that is there but does not come before."""
    is_later = not any(stage.name == name.lower() for stage in doc.stages if stage.span.end <= flag.span.start)
    is_stage = any(stage.name == name.lower() for stage in doc.stages)
    return (flag.name == "from" and name.isdecimal()) or (is_stage and is_later)


def _problem(facts: Facts, index: int, name: str, near: str | None) -> str | None:
    """What is wrong with a name; None when nothing is, or when it is the stage's own."""
    if facts.graph.find(name, max(index, 0)) or any(char in name for char in ":/@$"):
        return None
    if name.isdecimal():
        return f"no earlier stage is named {name}, and a mount takes no stage numbers"
    if near:
        return f"no earlier stage is named {name}: did you mean {near}?"
    if facts.quiet or base_images.lookup(name) is not None:
        return None
    return f"no earlier stage is named {name}; if it is an image, add its tag"


def _fix(doc: Dockerfile, flag: Flag, name: str, near: str) -> Fix:
    start = doc.source(flag.span).rindex(name)
    span = flag.span._replace(start=flag.span.start + start, end=flag.span.start + start + len(name))
    return Fix(f"use `{near}`", (Edit(span, near),), Applicability.UNSAFE)
