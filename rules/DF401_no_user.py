"""DF401: the container runs as root."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint import nodes
from dockerlint.lint.findings import Finding, Severity
from dockerlint.lint.rule import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.facts import Facts
    from dockerlint.lint.nodes import Dockerfile


@rule("DF401", name="no-user", severity=Severity.INFO)
def no_user(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """The container runs as root: neither the file nor its base image chooses another user.

    Whoever breaks out of a process that runs as root has root's rights on what is mounted, and on the host where user
    namespaces are off. Base images whose user is not known are left alone.

    ```dockerfile bad
    FROM python:3.12-slim
    COPY app.py /app/
    CMD ["python", "/app/app.py"]
    ```

    ```dockerfile good
    FROM python:3.12-slim
    COPY app.py /app/
    USER 1000
    CMD ["python", "/app/app.py"]
    ```

    **Source:** CIS Docker Benchmark 4.1; the Dockerfile reference, USER.
    """
    del doc
    target = facts.graph.target
    if target is None or any(any(stage.all(nodes.User)) for stage in facts.graph.lineage(target)):
        return
    image = facts.image(target)
    base = facts.base(target)
    if image != "scratch" and (base is None or base.runs_as_root is not True):
        return
    message = f"the container runs as root: there is no USER, and {image} starts as root"
    yield Finding("DF401", target.from_.image.span, message)
