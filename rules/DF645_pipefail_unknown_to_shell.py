"""DF645: `pipefail` is set in a shell that does not know it."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from dockerlint.fixers.edits import insert_lines, with_comments
from dockerlint.lint.analysis.build_state import DEFAULT_SHELL
from dockerlint.lint.catalogue.tables import table
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.span import Edit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.catalogue.base_images import BaseImage
    from dockerlint.lint.shell.script import Command
    from dockerlint.lint.syntax.nodes import Dockerfile, Run, ShellChange

OPTION = "pipefail"
# dash by its own name is the same shell.
DASHES = frozenset({"/bin/sh", "/usr/bin/sh", "sh", "/bin/dash", "/usr/bin/dash", "dash"})
BASH = "/bin/bash"
LINE = 'SHELL ["/bin/bash", "-o", "pipefail", "-c"]'
WITHOUT = "lint/catalogue/data/pipefail.toml"


@rule(name="pipefail-unknown-to-shell", severity=Severity.ERROR, needs=(OPTION,))
def pipefail_unknown_to_shell(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """`pipefail` is set in a shell that does not know it.

    /bin/sh is dash on Debian and Ubuntu, and up to Debian 12 and Ubuntu 24.04 dash stops with `Illegal option -o pipefail`. Given to
    SHELL, no RUN below works. busybox, which Alpine has, and bash know the option.

    ```dockerfile bad
    FROM debian:bookworm-slim
    SHELL ["/bin/sh", "-o", "pipefail", "-c"]
    RUN curl -f https://example.org/list | sort > /list
    ```

    ```dockerfile fixed
    FROM debian:bookworm-slim
    SHELL ["/bin/bash", "-o", "pipefail", "-c"]
    RUN curl -f https://example.org/list | sort > /list
    ```

    ```dockerfile bad
    FROM debian:bookworm-slim
    RUN set -o pipefail && curl -f https://example.org/list | sort > /list
    ```

    ```dockerfile fixed
    FROM debian:bookworm-slim
    SHELL ["/bin/bash", "-o", "pipefail", "-c"]
    RUN set -o pipefail && curl -f https://example.org/list | sort > /list
    ```

    ```dockerfile good
    FROM alpine:3.20
    SHELL ["/bin/sh", "-o", "pipefail", "-c"]
    RUN wget -O - https://example.org/list | sort > /list
    ```

    **Fix safety:** always unsafe: the new shell runs the steps below too, and a CMD or ENTRYPOINT in shell form.

    **Source:** dash(1); the shells of the official images, asked.
    """
    if facts.as_hadolint:
        return
    mended: set[int] = set()
    for node in facts.every(nodes.Instruction, triggers=False):
        base = facts.base_of(node)
        if base is None or not _lacks_option(base):
            continue
        if isinstance(node, nodes.ShellChange):
            yield from _shell(node, base)
        elif isinstance(node, nodes.Run):
            yield from _run(doc, facts, node, base, mended)


def _lacks_option(base: BaseImage) -> bool:
    """Whether the /bin/sh of an image is a dash without the option."""
    return base.shell == "dash" and base.release in table(WITHOUT)["without"].get(base.distribution or "", ())


def _shell(node: ShellChange, base: BaseImage) -> Iterator[Finding]:
    words = node.form.words if isinstance(node.form, nodes.Exec) else ()
    if not words or words[0].text not in DASHES or not names_option([word.text for word in words]):
        return
    fix = None
    if "bash" in base.tools:
        fix = Fix("use bash", (Edit(words[0].span, f'"{BASH}"'),), Applicability.UNSAFE)
    name = words[0].text
    yield Finding(words[0].span, f"`{name}` of {_image(base)} is dash, which does not know {OPTION}: every RUN below fails", fix)


def _run(doc: Dockerfile, facts: Facts, run: Run, base: BaseImage, mended: set[int]) -> Iterator[Finding]:
    shell = facts.state(run).shell
    if shell[0] not in DASHES or names_option(shell) or not isinstance(run.form, nodes.Shell) or _has_shebang(doc, run):
        return
    command = next((item for item in facts.commands(run) if _sets_option(item)), None)
    if command is None:
        return
    stage = facts.stage_of(run).index
    fix = None
    if "bash" in base.tools and shell == DEFAULT_SHELL and stage not in mended:
        mended.add(stage)
        edit = insert_lines(doc, with_comments(doc, run).start, [LINE])
        fix = Fix("use bash", (edit,), Applicability.UNSAFE)
    yield Finding(command.span, f"/bin/sh of {_image(base)} is dash, which does not know {OPTION}: this RUN fails", fix)


def _has_shebang(doc: Dockerfile, run: Run) -> bool:
    """Whether a here-document names its own interpreter, or is given to another program."""
    if not run.heredocs:
        return False
    body = doc.source(run.heredocs[0].body)
    return body.startswith("#!") or not doc.source(run.form.span if run.form else run.span).startswith("<<")


def _sets_option(command: Command) -> bool:
    """Whether a command sets the option in the step's own shell, and always."""
    if command.name != "set" or command.within or command.sometimes:
        return False
    return names_option([word.text for word in command.words])


def names_option(words: list[str] | tuple[str, ...]) -> bool:
    """Whether the option is among a shell's or a `set`'s: `-o pipefail`, `-eo pipefail`."""
    text = " ".join(words).split()
    return any(flag.startswith("-") and flag.endswith("o") and name == OPTION for flag, name in pairwise(text))


def _image(base: BaseImage) -> str:
    return f"{base.repository.rpartition('/')[2]}" + (f":{base.tag}" if base.tag else "")
