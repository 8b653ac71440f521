"""DF401: the container runs as root: neither the file nor its base image sets another user."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.instructions.add_user import low_port, must_be_root, run_as_user
from dockerlint.fixers.refusal import answered
from dockerlint.lint.engine.findings import Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts


@rule(name="no-user", severity=Severity.INFO)
def no_user(facts: Facts) -> Iterator[Finding]:
    """The container runs as root: neither the file nor its base image sets another user.

    An attacker who breaks out of a root process is root on everything that is mounted, and on the host unless user namespaces
    are on. Base images whose user is not known are left alone. By default dlint reports only services: images that start a
    program, and listen (EXPOSE, HEALTHCHECK), keep data (VOLUME) or bring files of their own. Images to build on or to work in,
    tools that are only installed, stages for tests and development, and servers that must start as root and change to another
    user themselves, such as nginx and sshd, are left alone.

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
    if facts.quiet and (not facts.is_service(target) or must_be_root(facts, target)):
        return
    message = f"no USER: the container runs as root, the default of `{image}`"
    answer = run_as_user(facts, target)
    if isinstance(answer, Fix) and (port := low_port(facts, target)):
        message += f"; some runtimes let only root listen on port {port}"
    yield answered(target.from_.image.span, message, answer)
