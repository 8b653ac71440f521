"""DL3049 to DL3056 and DL3058: labels that are not as the configured schema wants them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.catalogue import label_formats
from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import Member, family, rule
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
            yield Finding(stage.from_.span, f"label {name} is missing")


@rule("DL3050", name="superfluous-label", severity=Severity.INFO)
def superfluous_label(facts: Facts) -> Iterator[Finding]:
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
    schema = facts.settings.label_schema
    if not facts.settings.strict_labels or (not schema and not facts.as_hadolint):
        return
    for node in _nodes(facts):
        for pair in node.pairs:
            if _key(pair) not in schema:
                yield Finding(pair.span, f"label {_key(pair)} is not in the schema")


@rule("DL3051", name="empty-label", severity=Severity.WARNING, needs=("label",))
def empty_label(facts: Facts) -> Iterator[Finding]:
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
    for pair, kind, value in _values(facts):
        if not value and not label_formats.may_be_empty(kind):
            yield Finding(pair.span, f"label {_key(pair)} is empty")


PAGE = """A label is not {wanted}, as the configuration's `label-schema` wants it{named}.
{note}
```context .dlint.toml
label-schema = {{ {key} = "{kind}" }}
```

```dockerfile bad
FROM debian:bookworm-slim
LABEL {key}="{bad}"
```

```dockerfile good
FROM debian:bookworm-slim
LABEL {key}="{good}"
```

**Source:** hadolint {code}{source}.
"""


def unfit(facts: Facts, kind: str, wanted: str) -> Iterator[Finding]:
    """The labels of a kind whose value is not of it; empty ones are DL3051's, but hadolint tells them here too."""
    for pair, wanted_kind, value in _values(facts):
        if wanted_kind.lower() != kind or not (value or facts.as_hadolint):
            continue
        if not label_formats.fits(kind, value, as_hadolint=facts.as_hadolint):
            yield Finding(pair.span, f"label {_key(pair)} is not {wanted}")


def _format(
    code: str, kind: str, wanted: str, example: str, key: str, bad: str, good: str, *, name: str, source: str = "", note: str = ""
) -> Member:
    """The rule of a format: `wanted` and `example` are how its page and its message name it, `name` is the end of its own."""
    said = "" if name == kind else f" (`{kind}`)"
    words = {"code": code, "kind": kind, "wanted": wanted, "named": said, "key": key, "bad": bad, "good": good, "source": source, "note": note}
    return Member(code, f"label-is-no-{name}", {"kind": kind, "wanted": f"{wanted} such as {example}"}, words, needs=("label",))


EXPRESSIONS = "\nExpressions of several licenses are fine.\n"
FORMATS = family(
    unfit,
    PAGE,
    severity=Severity.WARNING,
    members=(
        _format(
            *("DL3052", "url", "a URL", "https://example.com", "homepage", "example.com", "https://example.com"),
            name="url",
            source="; RFC 3986",
        ),
        _format(
            *("DL3053", "rfc3339", "a date", "2025-05-03T10:00:00Z", "created", "May 3, 2025", "2025-05-03T10:00:00Z"),
            name="date",
            source="; RFC 3339",
        ),
        _format(
            *("DL3054", "spdx", "a license of the SPDX list", "Apache-2.0", "license", "Apache 2", "Apache-2.0 OR MIT"),
            name="license",
            source="; the SPDX specification, license expressions",
            note=EXPRESSIONS,
        ),
        _format(
            *("DL3055", "hash", "a Git commit", "43c572f", "revision", "main", "43c572f1272b6b3171dd1db9e41b7027128ce080"),
            name="commit",
        ),
        _format(
            *("DL3056", "semver", "a semantic version", "1.2.0", "version", "1.2", "1.2.0-rc.1"),
            name="version",
            source="; Semantic Versioning 2.0.0",
        ),
        _format(
            *("DL3058", "email", "an e-mail address", "anna@example.com", "maintainer", "Anna Author", "anna@example.com"),
            name="email",
            source="; RFC 5322",
        ),
    ),
)


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
