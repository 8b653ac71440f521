"""DF601: FROM uses a variable that no ARG before the first FROM declares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.refusal import Refusal, answered
from dockerlint.lint.analysis.build_state import PLATFORM
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.did_you_mean import nearest
from dockerlint.lint.syntax.variable_references import is_variable_name, uses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.syntax.nodes import Dockerfile, From
    from dockerlint.lint.syntax.variable_references import VariableUse


@rule(name="undefined-arg-in-from", severity=Severity.WARNING, aliases=("UndefinedArgInFrom",), needs=("$",))
def undefined_arg_in_from(doc: Dockerfile) -> Iterator[Finding]:
    """FROM uses a variable that no ARG before the first FROM declares.

    It is empty, and a `--build-arg` of that name does not change that. ENV, and ARG within a stage, do not count there.

    ```dockerfile bad
    ARG DEBIAN_VERSION=bookworm
    FROM debian:${DEBIAN_VERSIONS}
    ```

    ```dockerfile fixed
    ARG DEBIAN_VERSION=bookworm
    FROM debian:${DEBIAN_VERSION}
    ```

    ```dockerfile bad
    FROM debian:bookworm AS build
    ARG VARIANT=slim
    FROM debian:bookworm-${VARIANT}
    ```

    ```dockerfile good
    ARG VERSION=bookworm
    FROM --platform=$BUILDPLATFORM debian:${VERSION}
    ```

    **Fix safety:** unsafe: it takes the only declared name that is nearly the same, which need not be the one meant.

    **Source:** BuildKit's check UndefinedArgInFrom; the Dockerfile reference, "Understand how ARG and FROM interact".
    """
    declared = {pair.key.text for node in doc.preamble if isinstance(node, nodes.Arg) for pair in node.pairs}
    known = declared | PLATFORM | {"TARGETOSVERSION", "BUILDOSVERSION"}
    for stage in doc.stages:
        seen = set()
        for use in uses(doc, stage.from_):
            if use.name not in known and use.name not in seen:
                seen.add(use.name)
                yield _finding(doc, stage.from_, use, known)


def _finding(doc: Dockerfile, node: From, use: VariableUse, known: set[str]) -> Finding:
    near = nearest(use.name, set(filter(is_variable_name, known)))
    message = f"no ARG before the first FROM declares `${use.name}`"
    fix: Fix | Refusal = Refusal("its value is not known: write the ARG above the first FROM")
    if near:
        message += f": did you mean `${near}`?"
        edits = tuple(edit for item in uses(doc, node) if item.name == use.name and (edit := item.renamed(near)))
        fix = Fix(f"use `${near}`", edits, Applicability.UNSAFE) if edits else Refusal("the name is escaped or split: write it by hand")
    elif any(pair.key.text == use.name for arg in doc.instructions if isinstance(arg, nodes.Arg) for pair in arg.pairs):
        message += ": an ARG inside a stage does not apply to FROM"
        fix = Refusal("write that ARG above the first FROM too")
    return answered(doc.marked(node, use.span), message, fix)
