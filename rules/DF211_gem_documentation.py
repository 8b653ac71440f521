"""DF211: gems are installed with their documentation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.cache.cleanup import add_option
from dockerlint.lint.analysis.program_calls import calls
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts

OFF = frozenset({"--no-document", "-N", "--no-doc", "--no-rdoc", "--no-ri"})


@rule(name="gem-documentation", severity=Severity.INFO, recommended=False, needs=("gem",))
def gem_documentation(facts: Facts) -> Iterator[Finding]:
    """Gems are installed with their documentation.

    Nobody reads it in an image; building it takes time, and it stays in the layer. The official ruby images turn it off.

    ```dockerfile bad
    FROM debian:bookworm-slim
    RUN gem install bundler:2.5.0
    ```

    ```dockerfile fixed
    FROM debian:bookworm-slim
    RUN gem install --no-document bundler:2.5.0
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    RUN gem install --no-document bundler:2.5.0
    ```

    **Fix safety:** always unsafe: somebody may want to read it with `ri` after all.

    **Source:** `gem help install`; the official ruby image's /usr/local/etc/gemrc.
    """
    for run in facts.every(nodes.Run):
        base = facts.base_of(run)
        if (base and base.repository == "ruby") or "gemrc" in facts.doc.text or not facts.in_image(run):
            continue
        for call in calls(facts, run, "gem"):
            if (
                not call.texts
                or call.texts[0] not in ("install", "update", "i")
                or any(text in OFF for text in call.texts)
            ):
                continue
            fix = Fix("add `--no-document`", (add_option(run, call.words[1], "--no-document"),), Applicability.UNSAFE)
            yield Finding(
                call.command.span,
                f"`gem {call.texts[0]}` builds documentation that an image does not need",
                fix,
            )
