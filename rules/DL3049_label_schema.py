"""DL3049 to DL3056 and DL3058: labels that are not as the configured schema wants them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.catalogue import label_formats
from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile, Label, Pair, Stage


@rule("DL3049", name="missing-label", severity=Severity.INFO)
def missing_label(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """An image lacks a label that the configuration's `label-schema` has.

    Labels are inherited from the stages that it is FROM. Stages that others build on or copy from need none.

    ```context .dlint.toml
    label-schema = { "org.opencontainers.image.source" = "url" }
    ```

    ```dockerfile bad
    FROM debian:bookworm-slim
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    LABEL org.opencontainers.image.source="https://example.com/app"
    ```

    **Source:** hadolint DL3049.
    """
    for name in facts.settings.label_schema:
        lacking = _lacking_for_hadolint(doc, name) if facts.as_hadolint else _lacking(facts, name)
        for stage in lacking:
            yield Finding("DL3049", stage.from_.span, f"the label {name} is missing")


@rule("DL3050", name="superfluous-label", severity=Severity.INFO)
def superfluous_label(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """A label is not in the configuration's `label-schema`, and `strict-labels` allows no other.

    ```context .dlint.toml
    strict-labels = true
    label-schema = { version = "semver" }
    ```

    ```dockerfile bad
    FROM debian:bookworm-slim
    LABEL version="1.2.0" verison="1.2.0"
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    LABEL version="1.2.0"
    ```

    **Source:** hadolint DL3050.
    """
    del doc
    schema = facts.settings.label_schema
    if not facts.settings.strict_labels or (not schema and not facts.as_hadolint):
        return
    for node in _nodes(facts):
        for pair in node.pairs:
            if _key(pair) not in schema:
                yield Finding("DL3050", pair.span, f"the label {_key(pair)} is not in the schema")


@rule("DL3051", name="empty-label", severity=Severity.WARNING, needs=("label",))
def empty_label(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """A label of the configuration's `label-schema` is empty.

    ```context .dlint.toml
    label-schema = { maintainer = "text" }
    ```

    ```dockerfile bad
    FROM debian:bookworm-slim
    LABEL maintainer=""
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    LABEL maintainer="Anna Author"
    ```

    **Source:** hadolint DL3051.
    """
    del doc
    for pair, kind, value in _values(facts):
        if not value and not label_formats.may_be_empty(kind):
            yield Finding("DL3051", pair.span, f"the label {_key(pair)} is empty")


@rule("DL3052", name="label-is-no-url", severity=Severity.WARNING, needs=("label",))
def label_is_no_url(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """A label is not a URL, as the configuration's `label-schema` wants it.

    ```context .dlint.toml
    label-schema = { homepage = "url" }
    ```

    ```dockerfile bad
    FROM debian:bookworm-slim
    LABEL homepage="example.com"
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    LABEL homepage="https://example.com"
    ```

    **Source:** hadolint DL3052; RFC 3986.
    """
    del doc
    yield from _unfit("DL3052", "url", "a URL such as https://example.com", facts)


@rule("DL3053", name="label-is-no-date", severity=Severity.WARNING, needs=("label",))
def label_is_no_date(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """A label is not a date, as the configuration's `label-schema` wants it (`rfc3339`).

    ```context .dlint.toml
    label-schema = { created = "rfc3339" }
    ```

    ```dockerfile bad
    FROM debian:bookworm-slim
    LABEL created="May 3, 2025"
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    LABEL created="2025-05-03T10:00:00Z"
    ```

    **Source:** hadolint DL3053; RFC 3339.
    """
    del doc
    yield from _unfit("DL3053", "rfc3339", "a date such as 2025-05-03T10:00:00Z", facts)


@rule("DL3054", name="label-is-no-license", severity=Severity.WARNING, needs=("label",))
def label_is_no_license(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """A label is not a license of the SPDX list, as the configuration's `label-schema` wants it (`spdx`).

    Expressions of several licenses are fine.

    ```context .dlint.toml
    label-schema = { license = "spdx" }
    ```

    ```dockerfile bad
    FROM debian:bookworm-slim
    LABEL license="Apache 2"
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    LABEL license="Apache-2.0 OR MIT"
    ```

    **Source:** hadolint DL3054; the SPDX specification, license expressions.
    """
    del doc
    yield from _unfit("DL3054", "spdx", "a license of the SPDX list such as Apache-2.0", facts)


@rule("DL3055", name="label-is-no-commit", severity=Severity.WARNING, needs=("label",))
def label_is_no_commit(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """A label is not a Git commit, as the configuration's `label-schema` wants it (`hash`).

    ```context .dlint.toml
    label-schema = { revision = "hash" }
    ```

    ```dockerfile bad
    FROM debian:bookworm-slim
    LABEL revision="main"
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    LABEL revision="43c572f1272b6b3171dd1db9e41b7027128ce080"
    ```

    **Source:** hadolint DL3055.
    """
    del doc
    yield from _unfit("DL3055", "hash", "a Git commit such as 43c572f", facts)


@rule("DL3056", name="label-is-no-version", severity=Severity.WARNING, needs=("label",))
def label_is_no_version(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """A label is not a semantic version, as the configuration's `label-schema` wants it (`semver`).

    ```context .dlint.toml
    label-schema = { version = "semver" }
    ```

    ```dockerfile bad
    FROM debian:bookworm-slim
    LABEL version="1.2"
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    LABEL version="1.2.0-rc.1"
    ```

    **Source:** hadolint DL3056; Semantic Versioning 2.0.0.
    """
    del doc
    yield from _unfit("DL3056", "semver", "a semantic version such as 1.2.0", facts)


@rule("DL3058", name="label-is-no-email", severity=Severity.WARNING, needs=("label",))
def label_is_no_email(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """A label is not an e-mail address, as the configuration's `label-schema` wants it (`email`).

    ```context .dlint.toml
    label-schema = { maintainer = "email" }
    ```

    ```dockerfile bad
    FROM debian:bookworm-slim
    LABEL maintainer="Anna Author"
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    LABEL maintainer="anna@example.com"
    ```

    **Source:** hadolint DL3058; RFC 5322.
    """
    del doc
    yield from _unfit("DL3058", "email", "an e-mail address such as anna@example.com", facts)


def _unfit(code: str, kind: str, wanted: str, facts: Facts) -> Iterator[Finding]:
    """The labels of a kind whose value is not of it; empty ones are DL3051's, but hadolint tells them here too."""
    for pair, wanted_kind, value in _values(facts):
        if wanted_kind.lower() != kind or not (value or facts.as_hadolint):
            continue
        if not label_formats.fits(kind, value, as_hadolint=facts.as_hadolint):
            yield Finding(code, pair.span, f"the label {_key(pair)} is not {wanted}")


def _nodes(facts: Facts) -> Iterator[Label]:
    return facts.every(nodes.Label, triggers=not facts.as_hadolint)


def _values(facts: Facts) -> Iterator[tuple[Pair, str, str]]:
    """The labels of the schema with their kinds and values; not those whose value the build decides."""
    for node in _nodes(facts):
        for pair in node.pairs:
            kind = facts.settings.label_schema.get(_key(pair))
            if kind is None:
                continue
            written = pair.value.text if pair.value else ""
            value = _unquoted(written) if facts.as_hadolint else facts.expand(written, node)
            if value is not None:
                yield pair, kind, value


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text


def _key(pair: Pair) -> str:
    return pair.key.text.strip("\"'")


def _has(stage: Stage, name: str) -> bool:
    return any(_key(pair) == name for node in stage.all(nodes.Label) for pair in node.pairs)


def _lacking(facts: Facts, name: str) -> list[Stage]:
    """The images that the file makes without the label; by default the target only."""
    target = facts.graph.target
    results = (target,) if facts.quiet and target else facts.graph.results
    return [stage for stage in results if not any(_has(item, name) for item in facts.graph.lineage(stage))]


def _lacking_for_hadolint(doc: Dockerfile, name: str) -> list[Stage]:
    """As hadolint 2.15.1 sees it (measured): a stage is fine that has or inherits the label, that is copied from, or that
    a stage without a name which has the label is FROM.
    """
    having: set[str] = set()
    fine: set[str] = set()
    lacking = []
    for stage in doc.stages:
        alias, image = stage.from_.alias, stage.from_.image.text
        fine |= {node.from_ for node in stage.all(nodes.Copy) if node.from_}
        if _has(stage, name) or image in having:
            having |= {alias.text} if alias else set()
            fine |= {image} if not alias and _has(stage, name) else set()
        else:
            lacking.append(stage)
    return [stage for stage in lacking if not stage.from_.alias or stage.from_.alias.text not in fine]
