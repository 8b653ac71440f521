"""DF708: the comment directly above an ARG or a named FROM does not begin with its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.engine.check_directive import ALL, Checks
from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.syntax.nodes import Dockerfile, Instruction

CHECK = "InvalidDefinitionDescription"


@rule(
    name="definition-description", severity=Severity.STYLE, aliases=(CHECK,), recommended=False, needs=("#",)
)
def definition_description(doc: Dockerfile) -> Iterator[Finding]:
    """The comment directly above an ARG or a named FROM does not begin with its name.

    `docker build --call=outline` and `--call=targets` show comments of the form `# NAME what it is for` as descriptions,
    and pass over all others. A blank line, or a `#` with nothing behind it, says that a comment is no description.

    BuildKit has this as an experiment: it looks only at files that ask for it, and so does dlint.

    ```dockerfile bad
    # check=experimental=InvalidDefinitionDescription

    # which version to install
    ARG VERSION=1
    FROM alpine:3.20 AS base
    ```

    ```dockerfile good
    # check=experimental=InvalidDefinitionDescription

    # VERSION is the version to install
    ARG VERSION=1

    # what all stages need

    FROM alpine:3.20 AS base
    ```

    **Source:** BuildKit's check InvalidDefinitionDescription.
    """
    if Checks.of(doc).experimental.isdisjoint({CHECK.lower(), ALL}):
        return
    lines = {doc.line(comment.span.start): comment for comment in doc.comments}
    for node in doc.instructions:
        names = _names(node)
        comment = lines.get(doc.line(node.span.start) - 1)
        text = comment.text[1:].strip() if comment else ""
        if names and text and text.split(" ")[0] not in names:
            name = names[0] if len(names) == 1 else "NAME"
            message = f"the comment above this {node.name} is not its description: start it with `# {name} `"
            yield Finding(node.span, message)


def _names(node: Instruction) -> list[str]:
    """What the instruction defines, as the builder names it."""
    if isinstance(node, nodes.Arg):
        return [pair.key.text for pair in node.pairs]
    if isinstance(node, nodes.From) and node.alias:
        return [node.alias.text.lower()]
    return []
