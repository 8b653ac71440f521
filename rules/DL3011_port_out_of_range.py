"""DL3011: EXPOSE names a port above 65535."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts

LAST_PORT = 65535
NUMBERS = regex(r"[0-9]+")


@rule(name="port-out-of-range", severity=Severity.ERROR, needs=("expose",))
def port_out_of_range(facts: Facts) -> Iterator[Finding]:
    """EXPOSE names a port above 65535.

    There are no such ports, and the builder refuses the file.

    ```dockerfile bad
    FROM nginx:1.27
    EXPOSE 80 80443
    ```

    ```dockerfile good
    FROM nginx:1.27
    EXPOSE 80 8443
    ```

    **Source:** hadolint DL3011; RFC 6335.
    """
    for node in facts.every(nodes.Expose, triggers=not facts.as_hadolint):
        for word in node.words:
            text = word.text if facts.as_hadolint else facts.expand(word.text, node) or word.text
            if facts.as_hadolint and "$" in text:
                continue
            ends = text.partition("/")[0].split("-", 1)
            bad = next((end for end in ends if NUMBERS.fullmatch(end) and _exceeds(end)), None)
            if bad is not None:
                yield Finding(word.span, f"port {bad} does not exist: the last one is {LAST_PORT}")


def _exceeds(number: str) -> bool:
    """Whether it is too big; numbers may be of any length."""
    digits = number.lstrip("0")
    return len(digits) > len(str(LAST_PORT)) or int(digits or "0") > LAST_PORT
