"""DF633: a user name is used in an image without /etc/passwd."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.analysis.copy_sources import is_archive
from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile


@rule(name="user-name-in-scratch", severity=Severity.WARNING, needs=("scratch",))
def user_name_in_scratch(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """A user name is used in an image without /etc/passwd.

    Names are looked up in /etc/passwd of the image. On scratch there is none until one is copied: the container does not start, or
    the COPY fails. A number needs no list.

    ```dockerfile bad
    FROM scratch
    COPY app /app
    USER app
    CMD ["/app"]
    ```

    ```dockerfile good
    FROM scratch
    COPY app /app
    USER 65534
    CMD ["/app"]
    ```

    **Source:** the Dockerfile reference, USER and `COPY --chown`.
    """
    for stage in doc.stages:
        if facts.image(stage) != "scratch" or any(_brings_users(facts, part) for part in facts.graph.lineage(stage)):
            continue
        for node in stage.instructions:
            if isinstance(node, nodes.User) and _is_name(node.argument.text):
                yield Finding(
                    node.argument.span,
                    f"this stage has no /etc/passwd to look {node.argument.text} up in: use a number",
                )
            flag = node.flag("chown") if isinstance(node, nodes.Copy) else None
            if flag and flag.value and _is_name(flag.value):
                yield Finding(flag.span, f"this stage has no /etc/passwd to look {flag.value} up in: use a number")


def _is_name(text: str) -> bool:
    # root needs no list
    return "$" not in text and any(not part.isdecimal() and part not in ("", "root") for part in text.split(":"))


def _brings_users(facts: Facts, stage: nodes.Stage) -> bool:
    """Whether a copy of a stage may bring /etc/passwd: by its name, with its folder, in an archive, or as a whole."""
    for copy in stage.all(nodes.Copy):
        target = (facts.path(copy.destination.text, copy) or "/").rstrip("/")
        if "passwd" in facts.doc.source(copy.span) or target == "/etc":
            return True
        if target == "" and any(
            word.text.rstrip("/") in ("", ".", "/rootfs", "rootfs") or "root" in word.text or is_archive(word.text)
            for word in copy.paths
        ):
            return True
        if target == "" and any(
            word.text.endswith(("/etc", "/etc/", "*")) or word.text in ("etc", "etc/") for word in copy.paths
        ):
            return True
    return any(True for _ in stage.all(nodes.Run))
