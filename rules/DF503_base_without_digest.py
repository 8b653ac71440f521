"""DF503: a base image is not pinned by its digest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax.span import Edit, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile, Word

SHOWN_DIGITS = 12


@rule(name="base-without-digest", severity=Severity.INFO, recommended=False)
def base_without_digest(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """A base image is not pinned by its digest.

    Tags move: the same file builds on another base next week. A digest names one image for ever; tools such as Renovate keep it
    up to date. With `--online` dlint asks the registry: the fix adds the tag's current digest, and outdated digests are found
    too.

    ```dockerfile bad
    FROM debian:bookworm-slim
    ```

    ```dockerfile good
    FROM debian:bookworm-slim@sha256:b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c
    ```

    **Fix safety:** adding a digest is safe: the tag names that image now. Replacing an older digest with the current one is
    unsafe: that is another image.

    **Source:** Docker's guide on best practices, "Pin base image versions".
    """
    for stage in doc.stages:
        word = stage.from_.image
        image = facts.expand_global(word.text)
        if facts.graph.parent(stage) is not None or image in (None, "scratch") or image is None:
            continue
        name, at, digest = image.partition("@")
        told = facts.looked_up(name)
        if not at:
            fix = Fix("pin its digest", (Edit(Span(word.span.end, word.span.end), f"@{told.digest}"),), Applicability.SAFE) if told else None
            yield Finding(word.span, f"`{image}` is not pinned by digest: its tag can move to another image", _plain(word, fix))
        elif told and told.digest != digest and _has_tag(name):
            start = word.span.end - len(digest)
            fix = Fix("use the current digest", (Edit(Span(start, word.span.end), told.digest),), Applicability.UNSAFE)
            short = told.digest.partition(":")[2][:SHOWN_DIGITS]
            yield Finding(word.span, f"`{name}` now points to another image ({short}) than this digest", _plain(word, fix))


def _plain(word: Word, fix: Fix | None) -> Fix | None:
    """A fix for a reference without variables: of others the digest would be of one value."""
    return None if "$" in word.text or "\\" in word.text or "'" in word.text or '"' in word.text else fix


def _has_tag(name: str) -> bool:
    return ":" in name.rpartition("/")[2]
