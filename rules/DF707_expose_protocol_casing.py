"""DF707: the protocol in EXPOSE is not in lower case."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.edits import replace_word
from dockerlint.fixers.refusal import Refusal, answered
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.ports import Port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile


@rule(
    name="expose-protocol-casing",
    severity=Severity.STYLE,
    aliases=("ExposeProtoCasing",),
    recommended=False,
    needs=("expose",),
)
def expose_protocol_casing(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """The protocol in EXPOSE is not in lower case.

    The image lists it in lower case whatever the file says.

    ```dockerfile bad
    FROM nginx:1.27
    EXPOSE 80/TCP 443/tcp
    ```

    ```dockerfile fixed
    FROM nginx:1.27
    EXPOSE 80/tcp 443/tcp
    ```

    ```dockerfile good
    FROM nginx:1.27
    EXPOSE 80 443/tcp
    ```

    **Fix safety:** safe: the builder makes it lower-case itself.

    **Source:** BuildKit's check ExposeProtoCasing.
    """
    for node in facts.every(nodes.Expose):
        for word in node.words:
            port = Port.parse(word.text, doc.escape)
            if port is None or "$" in port.protocol or port.protocol == port.protocol.lower():
                continue
            lower = word.text.removesuffix(port.protocol) + port.protocol.lower()
            fix: Fix | Refusal = Refusal("it comes from a variable or has escapes: write it in lower case where it is set")
            if doc.source(word.span) == word.text:
                fix = Fix(f"use `{lower}`", (replace_word(word, lower),), Applicability.SAFE)
            message = f"`{word.text}`: the protocol is not in lower case"
            yield answered(doc.marked(node, word.span), message, fix)
