"""DL4001: both curl and wget are called in one stage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.analysis.program_calls import calls
from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile

PROGRAMS = ("curl", "wget")


@rule(name="curl-and-wget", severity=Severity.WARNING, recommended=False, needs=("wget",))
def curl_and_wget(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """Both curl and wget are called in one stage.

    One of them is enough; the other must be installed for nothing.

    ```dockerfile bad
    FROM debian:bookworm-slim
    RUN wget -q https://example.org/a
    RUN curl -fsSLO https://example.org/b
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    RUN curl -fsSLO https://example.org/a
    RUN curl -fsSLO https://example.org/b
    ```

    **Source:** hadolint DL4001.
    """
    for group in _groups(doc):
        called: set[str] = set()
        for run in group:
            found = list(calls(facts, run, *PROGRAMS))
            new = [call for call in found if called - {call.name}]
            called.update(call.name for call in found)
            if found and len(called) == len(PROGRAMS):
                call = next(iter(new), found[-1])
                other = next(name for name in PROGRAMS if name != call.name)
                message = f"`{call.name}` and `{other}` are both used in this stage: one is enough"
                yield Finding(call.command.span, message)


def _groups(doc: Dockerfile) -> Iterator[list[nodes.Run]]:
    """The RUNs of each stage, and of its triggers, which run in another one; those before the first FROM are a group too."""
    for instructions in (doc.preamble, *(stage.instructions for stage in doc.stages)):
        yield [node for node in instructions if isinstance(node, nodes.Run)]
        triggers = (node.trigger for node in instructions if isinstance(node, nodes.Onbuild))
        yield [node for node in triggers if isinstance(node, nodes.Run)]
