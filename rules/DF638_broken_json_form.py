"""DF638: a list is no JSON, and is run by a shell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dockerlint.fixers.refusal import Refusal, answered
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import json_strings, nodes
from dockerlint.lint.syntax.span import Edit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile

LIST = regex(r"\[\s*([\"'\u201c\u2018].*)\]", re.DOTALL)
WORD = regex(r"'([^']*)'|\"([^\"]*)\"")


@rule(name="broken-json-form", severity=Severity.ERROR, needs=("[",))
def broken_json_form(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """A command in brackets is no JSON, so a shell gets it as it stands.

    Single quotes and commas too many are the usual reason. The shell then looks for a program called `[`, and the container ends at
    once.

    ```dockerfile bad
    FROM debian:bookworm-slim
    CMD ['nginx', '-g', 'daemon off;']
    ```

    ```dockerfile fixed
    FROM debian:bookworm-slim
    CMD ["nginx", "-g", "daemon off;"]
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    CMD ["nginx", "-g", "daemon off;"]
    ```

    **Fix safety:** always unsafe: the command does something else from now on.

    **Source:** the Dockerfile reference, "Exec form": double quotes.
    """
    for node in facts.every(nodes.Instruction):
        if not isinstance(node, nodes.Run | nodes.CommandInstruction | nodes.Healthcheck) or not isinstance(
            node.form, nodes.Shell
        ):
            continue
        text = doc.source(node.form.span).strip()
        match = LIST.fullmatch(text)
        # of a RUN it may be a test
        if match is None or (isinstance(node, nodes.Run) and "," not in text):
            continue
        words = [one or other for one, other in WORD.findall(match[1])]
        mended = f"[{', '.join(map(json_strings.written, words))}]"
        whole = not WORD.sub("", match[1]).strip(" ,\t")
        fix: Fix | Refusal = Refusal("more than quotes and commas is missing: write each word in double quotes")
        if whole and "\\" not in text:
            fix = Fix("write it as JSON", (Edit(node.form.span, mended),), Applicability.UNSAFE)
        yield answered(
            node.form.span, f"this list is no JSON, so {node.name} gives it to a shell as it stands", fix
        )
