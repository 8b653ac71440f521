"""DF645: `pipefail` is set in a shell that does not know it."""

from __future__ import annotations

from itertools import pairwise, takewhile
from typing import TYPE_CHECKING

from dockerlint.fixers.edits import insert_lines, with_comments
from dockerlint.fixers.refusal import Answer, Carried, Refusal, answered
from dockerlint.lint.analysis.build_state import DEFAULT_SHELL
from dockerlint.lint.analysis.program_calls import calls
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
# Places of the shell, and the commands that put another one there.
PLACES = frozenset({"/bin/sh", "/usr/bin/sh"})
REPLACING = frozenset({"ln", "cp", "mv", "install", "update-alternatives", "dpkg-divert"})
NO_BASH = "the image has no bash: install it first, or leave the option out"
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
    mended: dict[int, int] = {}
    for node in facts.every(nodes.Instruction, triggers=False):
        base = facts.base_of(node)
        if base is None or not _lacks_option(base) or facts.comes_before(node, _replaces_shell):
            continue
        if isinstance(node, nodes.ShellChange):
            yield from _shell(node, base)
        elif isinstance(node, nodes.Run):
            yield from _run(doc, facts, node, base, mended)


def _lacks_option(base: BaseImage) -> bool:
    """Whether the /bin/sh of an image is a dash without the option."""
    return base.shell == "dash" and base.release in table(WITHOUT)["without"].get(base.distribution or "", ())


def _replaces_shell(facts: Facts, node: nodes.Instruction) -> bool:
    """Whether an instruction may put another shell in the place of /bin/sh."""
    if isinstance(node, nodes.Copy):
        return node.destination.text in PLACES
    if not isinstance(node, nodes.Run):
        return False
    for call in calls(facts, node, *REPLACING):
        if not PLACES.isdisjoint(call.texts):
            return True
    return any("dash" in call.texts for call in calls(facts, node, "dpkg-reconfigure"))


def _shell(node: ShellChange, base: BaseImage) -> Iterator[Finding]:
    words = node.form.words if isinstance(node.form, nodes.Exec) else ()
    if not words or words[0].text not in DASHES or not names_option([word.text for word in words]):
        return
    fix: Fix | Refusal = Refusal(NO_BASH)
    if "bash" in base.tools:
        fix = Fix("use bash", (Edit(words[0].span, f'"{BASH}"'),), Applicability.UNSAFE)
    name = words[0].text
    yield answered(words[0].span, f"`{name}` of {_image(base)} is dash, which does not know {OPTION}: every RUN below fails", fix)


def _run(doc: Dockerfile, facts: Facts, run: Run, base: BaseImage, mended: dict[int, int]) -> Iterator[Finding]:
    yield from _called(facts, run, base)
    shell = facts.state(run).shell
    if shell[0] not in DASHES or names_option(shell) or not isinstance(run.form, nodes.Shell) or _has_shebang(doc, run):
        return
    command = next((item for item in facts.commands(run) if _sets_option(item)), None)
    if command is None or _is_tried(facts, run, command):
        return
    stage = facts.stage_of(run).index
    fix: Answer = Refusal(NO_BASH if "bash" not in base.tools else "SHELL names another shell: name bash there")
    if stage in mended:
        fix = Carried(mended[stage])
    elif "bash" in base.tools and shell == DEFAULT_SHELL:
        mended[stage] = doc.line(command.span.start)
        edit = insert_lines(doc, with_comments(doc, run).start, [LINE])
        fix = Fix("use bash", (edit,), Applicability.UNSAFE)
    yield answered(command.span, f"/bin/sh of {_image(base)} is dash, which does not know {OPTION}: this RUN fails", fix)


def _called(facts: Facts, run: Run, base: BaseImage) -> Iterator[Finding]:
    """The shells that a step calls with the option: `sh -o pipefail -c ...`."""
    for call in calls(facts, run, *(name for name in DASHES if "/" not in name)):
        options = list(takewhile(lambda text: text.startswith("-") or text == OPTION, call.texts))
        if call.words[0].text not in DASHES or call.command.sometimes or not names_option(options):
            continue
        fix: Answer = Refusal(NO_BASH)
        if "bash" in base.tools:
            edit = Edit(call.words[0].span, facts.doc.source(call.words[0].span).replace(call.words[0].text, BASH))
            fix = Fix("use bash", (edit,), Applicability.UNSAFE)
        yield answered(call.command.span, f"`{call.words[0].text}` of {_image(base)} is dash, which does not know {OPTION}: this RUN fails", fix)


def _is_tried(facts: Facts, run: Run, command: Command) -> bool:
    """Whether a subshell in front tries the option: `(set -o pipefail) 2>/dev/null && set -o pipefail`."""
    return any(
        item.name == "set" and item.within and names_option([word.text for word in item.words])
        for item in facts.commands(run)
        if item.span.start < command.span.start
    )


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
