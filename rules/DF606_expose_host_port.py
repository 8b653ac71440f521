"""DF606: EXPOSE names a port or an address of the host."""

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


@rule(name="expose-host-port", severity=Severity.WARNING, aliases=("ExposeInvalidFormat",), needs=("expose",))
def expose_host_port(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """EXPOSE names a port or an address of the host.

    EXPOSE publishes nothing, and an image cannot choose what the host does: the builder drops that part. The host's port
    belongs into `docker run -p` or into the compose file.

    ```dockerfile bad
    FROM nginx:1.27
    EXPOSE 127.0.0.1:8080:80/tcp
    ```

    ```dockerfile fixed
    FROM nginx:1.27
    EXPOSE 80/tcp
    ```

    ```dockerfile good
    FROM nginx:1.27
    EXPOSE 80/tcp
    ```

    **Fix safety:** unsafe: the image stays the same, but the host's part may tell its readers which port to publish.

    **Source:** BuildKit's check ExposeInvalidFormat.
    """
    for node in facts.every(nodes.Expose):
        for word in node.words:
            port = Port.parse(word.text, doc.escape)
            if port is None or not port.host.strip(":\"'"):
                continue
            fix: Fix | Refusal = Refusal("there are quotes or escapes in it: write the container's port alone")
            if not any(char in word.text for char in "\"'" + doc.escape):
                kept = word.text[len(port.host) + 1 :]
                fix = Fix("keep only the container's port", (replace_word(word, kept),), Applicability.UNSAFE)
            message = f"`{word.text}` names a host port, which EXPOSE cannot set: `{port.host}` has no effect"
            yield answered(doc.marked(node, word.span), message, fix)
