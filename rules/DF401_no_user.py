"""DF401: the container runs as root."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.instructions.add_user import low_port, run_as_user
from dockerlint.fixers.refusal import answered
from dockerlint.lint.engine.findings import Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts


@rule(name="no-user", severity=Severity.INFO)
def no_user(facts: Facts) -> Iterator[Finding]:
    """The container runs as root: neither the file nor its base image chooses another user.

    Whoever breaks out of a process that runs as root has root's rights on what is mounted, and on the host where user
    namespaces are off. Base images whose user is not known are left alone.

    ```dockerfile bad
    FROM python:3.12-slim
    COPY app.py /app/
    CMD ["python", "/app/app.py"]
    ```

    ```dockerfile fixed
    FROM python:3.12-slim
    RUN groupadd --system app && useradd --system --gid app --create-home app
    COPY app.py /app/
    USER app
    CMD ["python", "/app/app.py"]
    ```

    ```dockerfile good
    FROM python:3.12-slim
    COPY app.py /app/
    USER 1000
    CMD ["python", "/app/app.py"]
    ```

    **Fix safety:** always unsafe: the process may write where only root can. Volumes, and folders that the build makes and
    leaves empty, are given to the new user. Images that bring a user for this (Node, Gradle, .NET from 8 on) run as that one; where
    the image is not known to have a program that makes users, the process gets a number. There is no fix for servers that root has to
    start, nor for scripts that are not at hand or that change users themselves.

    **Source:** CIS Docker Benchmark 4.1; the Dockerfile reference, USER.
    """
    target = facts.graph.target
    if target is None or any(any(stage.all(nodes.User)) for stage in facts.graph.lineage(target)):
        return
    image = facts.image(target)
    base = facts.base(target)
    if image != "scratch" and (base is None or base.runs_as_root is not True):
        return
    message = f"the container runs as root: there is no USER, and {image} starts as root"
    answer = run_as_user(facts, target)
    if isinstance(answer, Fix) and (port := low_port(facts, target)):
        message += f"; another user may not listen on port {port} everywhere"
    yield answered(target.from_.image.span, message, answer)
