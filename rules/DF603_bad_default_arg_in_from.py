"""DF603: FROM names no valid image with the default values of its ARGs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.variable_references import uses
from dockerlint.lint.syntax.word_expansion import ExpansionError, expand

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile

# What the builder sets by itself, with values that stand for those of any machine.
PLATFORM = {
    **{f"{side}{part}": value for side in ("TARGET", "BUILD") for part, value in (
        ("PLATFORM", "linux/amd64"), ("OS", "linux"), ("ARCH", "amd64"), ("VARIANT", ""), ("OSVERSION", ""),
    )},
    "TARGETSTAGE": "default",
}  # fmt: skip

# Source: the package distribution/reference, its grammar.
_PATH = r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*"
_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
REFERENCE = regex(
    rf"(?:(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-fA-F:]+\])(?::\d+)?/)?{_PATH}(?:/{_PATH})*"
    r"(?::\w[\w.-]{0,127})?(?:@[a-zA-Z][a-zA-Z0-9]*(?:[-_+.][a-zA-Z][a-zA-Z0-9]*)*:[0-9a-fA-F]{32,})?",
    re.ASCII,
)


@rule(
    name="bad-default-arg-in-from", severity=Severity.WARNING, aliases=("InvalidDefaultArgInFrom",), needs=("$",)
)
def bad_default_arg_in_from(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """FROM names no valid image with the default values of its ARGs.

    The file cannot be built unless somebody knows which `--build-arg` to give. An ARG without a default may be meant
    so: by default only wrong defaults are reported.

    ```dockerfile bad
    ARG VARIANT="slim:"
    FROM debian:bookworm-${VARIANT}
    ```

    ```dockerfile bad
    ARG BASE
    FROM ${BASE}
    ```

    ```dockerfile good
    ARG VARIANT=slim
    ARG TAG
    FROM debian:${TAG:-bookworm}-${VARIANT}
    ```

    **Source:** BuildKit's check InvalidDefaultArgInFrom.
    """
    try:
        defaults = _defaults(doc)
    except ExpansionError:
        return
    for stage in doc.stages:
        text = stage.from_.image.text
        found = list(uses(doc, stage.from_))
        if "$" not in text or (facts.quiet and any(_is_demanded(facts, defaults, use.name) for use in found)):
            continue
        try:
            image = expand(text, defaults, doc.escape)
        except ExpansionError:
            continue
        if not REFERENCE.fullmatch(image):
            what = f"`{image}`, not a valid image name," if image else "an empty image name"
            message = f"`{text}` becomes {what} with the default values of its ARGs"
            yield Finding(doc.marked(stage.from_, stage.from_.image.span), message)


def _defaults(doc: Dockerfile) -> dict[str, str]:
    """The ARGs before the first FROM, as they are when no build argument is given."""
    values = dict(PLATFORM)
    for node in doc.preamble:
        if isinstance(node, nodes.Arg):
            for pair in node.pairs:
                if pair.value is not None:
                    values[pair.key.text] = expand(pair.value.text, values, doc.escape)
    return values


def _is_demanded(facts: Facts, defaults: dict[str, str], name: str) -> bool:
    """Whether the value of a build argument is left to who builds, or given here."""
    return name not in defaults or name in facts.settings.build_args
