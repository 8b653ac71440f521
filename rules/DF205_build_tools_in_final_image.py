"""DF205: the final image ships compilers and headers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.image.build_tools import shipped, take_away
from dockerlint.fixers.refusal import Refusal, answered
from dockerlint.lint.catalogue.name_patterns import matches_any
from dockerlint.lint.engine.findings import Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.shell.script import SHELLS
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Stage

MOST_NAMED = 2
INTERPRETERS = ("python*", "node", "irb", "ruby", "php", "perl", "R", "julia", "ghci", "iex", "jshell")


@rule(name="build-tools-in-final-image", severity=Severity.INFO)
def build_tools_in_final_image(facts: Facts) -> Iterator[Finding]:
    """The final image ships compilers and headers.

    They are often larger than the program, and help an attacker. Build in a separate stage and copy the result, or remove them
    in the RUN that installs them (with apk: a virtual package). Images without a command, and images in which nothing is
    compiled, may exist for their tools and are left alone.

    ```dockerfile bad
    FROM python:3.12-slim
    RUN apt-get update && apt-get install -y gcc libpq-dev && rm -rf /var/lib/apt/lists/*
    COPY requirements.txt .
    RUN pip install --no-cache-dir -r requirements.txt
    CMD ["python", "-m", "app"]
    ```

    ```dockerfile fixed
    FROM python:3.12-slim AS build
    RUN apt-get update && apt-get install -y gcc libpq-dev && rm -rf /var/lib/apt/lists/*
    COPY requirements.txt .
    RUN python -m venv /opt/venv
    ENV PATH=/opt/venv/bin:$PATH
    RUN pip install --no-cache-dir -r requirements.txt

    FROM python:3.12-slim
    RUN apt-get update \\
        && apt-get install -y --no-install-recommends libgomp1 libpq5 \\
        && rm -rf /var/lib/apt/lists/*
    COPY requirements.txt .
    COPY --from=build /opt/venv /opt/venv
    ENV PATH=/opt/venv/bin:$PATH
    CMD ["python", "-m", "app"]
    ```

    ```dockerfile bad
    FROM python:3.12-alpine
    RUN apk add --no-cache bash gcc musl-dev libffi-dev && pip install --no-cache-dir cffi==1.17.1
    CMD ["python3", "-m", "app"]
    ```

    ```dockerfile fixed
    FROM python:3.12-alpine
    RUN apk add --no-cache --virtual .build-deps gcc musl-dev libffi-dev \\
        && apk add --no-cache bash libgcc libgomp && pip install --no-cache-dir cffi==1.17.1 && apk del .build-deps
    CMD ["python3", "-m", "app"]
    ```

    ```dockerfile good
    FROM python:3.12 AS build
    COPY requirements.txt .
    RUN pip wheel --no-cache-dir --wheel-dir /wheels -r requirements.txt

    FROM python:3.12-slim
    RUN --mount=type=bind,from=build,source=/wheels,target=/wheels pip install --no-cache-dir /wheels/*
    CMD ["python", "-m", "app"]
    ```

    Where one RUN installs, compiles, and is the last to need them, it removes them; of Python's packages that are compiled in a later
    step a virtual environment is made in a build stage. The libraries that came along are kept by name: Debian's indexes say which
    ones belong to which headers; elsewhere they must be installed by their own names, else there is no fix.

    **Fix safety:** always unsafe: what the program calls or loads when it runs cannot all be seen.

    **Source:** Docker's guides on multi-stage builds and on best practices.
    """
    target = facts.graph.target
    if target is None or not _has_command(facts, target):
        return
    found = shipped(facts, target)
    if found is None:
        return
    more = f" and {len(found.names) - MOST_NAMED} more" if len(found.names) > MOST_NAMED else ""
    what = f"the image ships {', '.join(found.names[:MOST_NAMED])}{more}, needed only to build"
    place = found.installs[0].packages[0].span
    fix = take_away(facts, found)
    if isinstance(fix, Fix):
        yield Finding(place, f"{what}: remove them in the RUN that installs them", fix)
        return
    split = _split(facts, target)
    if isinstance(split, Fix):
        yield Finding(place, f"{what}: a build stage keeps them out", split)
        return
    yield answered(place, f"{what}: a build stage keeps them out", split or fix)


def _split(facts: Facts, target: Stage) -> Fix | Refusal | None:
    """The fix that installs Python's packages in a stage of its own; why there is none; None when it is not Python's."""
    # most files have nothing to split: what works it out is read when it is needed
    from dockerlint.fixers.multistage import python
    from dockerlint.fixers.multistage import split_stage as split
    from dockerlint.fixers.multistage.stage_reader import Reading
    from dockerlint.fixers.refusal import Refusal

    if len(facts.doc.stages) != 1 or facts.settings.target is not None:
        return None
    found = python.plan(Reading(facts, target))
    if found is None or isinstance(found, Refusal):
        return found
    return split.fix(facts, found)


def _has_command(facts: Facts, target: Stage) -> bool:
    """Whether a stage, or one that it is built on, says what to run other than a shell."""
    for stage in facts.graph.lineage(target):
        for node in reversed(stage.instructions):
            if isinstance(node, nodes.Cmd | nodes.Entrypoint):
                words = node.form.words if isinstance(node.form, nodes.Exec) else ()
                line = (
                    [word.text for word in words]
                    if words
                    else node.form.text.split()
                    if isinstance(node.form, nodes.Shell)
                    else []
                )
                return bool(line) and not _is_prompt(line)
    return False


def _is_prompt(line: list[str]) -> bool:
    """Whether a command line starts no more than a shell, or an interpreter that asks for its program."""
    name = line[0].rsplit("/", 1)[-1]
    return name in SHELLS or (len(line) == 1 and matches_any(name, INTERPRETERS))
