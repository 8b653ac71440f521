"""DF638: a JSON array is invalid, so a shell runs it as text."""

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
    """A JSON array is invalid, so a shell runs it as text.

    Single quotes and extra commas are the usual reason. The shell then looks for a program called `[`, and the container ends
    at once.

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
            fix = Fix("write a valid JSON array", (Edit(node.form.span, mended),), Applicability.UNSAFE)
        yield answered(
            node.form.span, f"invalid JSON array: `{node.name}` runs it as a shell command", fix
        )
