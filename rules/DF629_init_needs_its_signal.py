"""DF629: the program shuts down cleanly only on another signal than SIGTERM."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts

SIGNALS = {"/sbin/init": "SIGRTMIN+3", "/usr/sbin/init": "SIGRTMIN+3", "systemd": "SIGRTMIN+3", "nginx": "SIGQUIT"}


@rule(name="init-needs-its-signal", severity=Severity.INFO, recommended=False)
def init_needs_its_signal(facts: Facts) -> Iterator[Finding]:
    """The program shuts down cleanly only on another signal than SIGTERM.

    systemd ends at SIGRTMIN+3 and restarts itself at SIGTERM; nginx drops its connections at SIGTERM and finishes them at SIGQUIT.

    ```dockerfile bad
    FROM debian:bookworm-slim
    CMD ["/sbin/init"]
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    STOPSIGNAL SIGRTMIN+3
    CMD ["/sbin/init"]
    ```

    **Source:** systemd(1), "Signals"; nginx's documentation, "Controlling nginx".
    """
    target = facts.graph.target
    if target is None:
        return
    line = facts.graph.lineage(target)
    if any(any(stage.all(nodes.Stopsignal)) for stage in line):
        return
    for stage in line:
        for node in stage.all(nodes.CommandInstruction):
            words = node.form.words if isinstance(node.form, nodes.Exec) else ()
            name = words[0].text if words else ""
            signal = SIGNALS.get(name) or SIGNALS.get(name.rsplit("/", 1)[-1])
            # the official image has it
            base = facts.base(target)
            if signal and "nginx" not in (facts.image(target) or "nginx") and not (base and base.repository == "nginx"):
                yield Finding(
                    words[0].span, f"{name} shuts down cleanly only on {signal}: add `STOPSIGNAL {signal}`"
                )
