"""DL3029 and DL3065: FROM --platform that pins, or that says nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.edits import remove_word
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile, Flag, Stage

TARGET = "TARGETPLATFORM"
BOTH = (TARGET, "BUILDPLATFORM")


@rule(
    "DL3029",
    name="constant-platform",
    severity=Severity.WARNING,
    aliases=("FromPlatformFlagConstDisallowed",),
    recommended=False,
    needs=("--platform",),
)
def constant_platform(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """FROM has a constant `--platform`.

    On another machine all steps run under emulation, and a multi-platform image holds the same platform for all. A stage whose
    name contains the system or the architecture is left alone.

    ```dockerfile bad
    FROM --platform=linux/amd64 alpine:3.20
    ```

    ```dockerfile fixed
    FROM alpine:3.20
    ```

    ```dockerfile good
    FROM --platform=linux/arm64 alpine:3.20 AS build-arm64
    FROM --platform=$BUILDPLATFORM golang:1.23 AS build
    ```

    **Fix safety:** unsafe: the image may be meant for that platform only.

    **Source:** hadolint DL3029; BuildKit's check FromPlatformFlagConstDisallowed.
    """
    for stage, flag in _flags(doc):
        value = flag.value or ""
        if facts.as_hadolint:
            found = not any(name in value for name in BOTH)
        else:
            found = bool(value) and "$" not in value and not _is_named_so(stage, value)
        if found:
            fix = Fix("remove `--platform`", (remove_word(doc, flag.span),), Applicability.UNSAFE)
            yield Finding(flag.span, f"`--platform={value}` allows this platform only", fix)


@rule(
    "DL3065",
    name="redundant-platform",
    severity=Severity.WARNING,
    aliases=("RedundantTargetPlatform",),
    needs=("--platform",),
)
def redundant_platform(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """FROM asks for its default platform.

    ```dockerfile bad
    FROM --platform=$TARGETPLATFORM alpine:3.20
    ```

    ```dockerfile fixed
    FROM alpine:3.20
    ```

    ```dockerfile good
    FROM --platform=$BUILDPLATFORM golang:1.23
    ```

    **Fix safety:** safe: the target's platform is the default. A file that sets TARGETPLATFORM itself is left alone.

    **Source:** hadolint DL3065; BuildKit's check RedundantTargetPlatform.
    """
    for _, flag in _flags(doc):
        value = doc.source(flag.span).partition("=")[2] if facts.as_hadolint else flag.value
        if value not in (f"${TARGET}", f"${{{TARGET}}}"):
            continue
        if not facts.as_hadolint and facts.global_args.get(TARGET) is not None:
            continue
        fix = Fix("remove `--platform`", (remove_word(doc, flag.span),), Applicability.SAFE)
        yield Finding(flag.span, f"`--platform={value}` is the default", fix)


def _flags(doc: Dockerfile) -> Iterator[tuple[Stage, Flag]]:
    for stage in doc.stages:
        if flag := stage.from_.flag("platform"):
            yield stage, flag


def _is_named_so(stage: Stage, platform: str) -> bool:
    """Whether the stage's name has the system or the architecture of a platform in it."""
    return any(part in (stage.name or "") for part in platform.lower().split("/")[:2] if part)
