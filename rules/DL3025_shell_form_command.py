"""DL3025: CMD or ENTRYPOINT is in shell form."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from dockerlint.fixers.instructions.exec_form import BUILTINS, exec_form, why_shell
from dockerlint.fixers.refusal import Refusal, answered
from dockerlint.lint.analysis.build_state import DEFAULT_SHELL
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import CommandInstruction, Dockerfile, Healthcheck, Instruction, Shell

# What joins commands, outside of quotes.
COMPOUND = ("&&", "||", ";", "|", "&", "\n", "$(", "`")
# Quoted text, to the end where it is not closed, and copies of descriptors, which join nothing.
NOT_JOINING = regex(r"'[^']*+(?:'|\Z)|\"(?:[^\"\\]|\\.)*+(?:\"|\Z)|\d*[<>]&[-\d]|&>")


@rule(
    name="shell-form-command",
    severity=Severity.WARNING,
    aliases=("JSONArgsRecommended",),
    needs=("cmd", "entrypoint"),
)
def shell_form_command(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """CMD or ENTRYPOINT is in shell form.

    A shell is then the container's first process. Many shells do not pass signals on: the program does not receive SIGTERM from
    `docker stop`, and the engine kills it ten seconds later. An ENTRYPOINT in this form also ignores CMD. A file that sets
    SHELL has chosen this form. By default dlint also leaves commands alone that start with `exec`, which replaces the shell,
    commands that need a shell (`a && b`, pipes, loops), and health checks.

    ```dockerfile bad
    FROM python:3.12-slim
    CMD gunicorn --bind 0.0.0.0:8000 "app:create_app"
    ```

    ```dockerfile fixed
    FROM python:3.12-slim
    CMD ["gunicorn", "--bind", "0.0.0.0:8000", "app:create_app"]
    ```

    ```dockerfile good
    FROM python:3.12-slim
    CMD ["gunicorn", "--bind", "0.0.0.0:8000", "app:create_app"]
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    SHELL ["/bin/bash", "-c"]
    CMD server --port "$PORT"
    ```

    **Fix safety:** safe when nothing in the line means anything to a shell and CMD does not meet an ENTRYPOINT, of this
    file or of a base image that may have one: each means something else by the other's form. Unsafe otherwise, and for
    scripts, which need a `#!` line then. A line that needs a shell has no fix.

    **Source:** hadolint DL3025; BuildKit's check JSONArgsRecommended.
    """
    kinds = frozenset(item.name for item in facts.every(nodes.CommandInstruction))
    for node in facts.every(nodes.CommandInstruction, triggers=not facts.as_hadolint):
        if isinstance(node.form, nodes.Shell) and not _chosen(doc, facts, node, node.form):
            yield answered(node.span, _message(facts, node), _fix(doc, facts, node, node.form, kinds))
    if facts.quiet:
        return
    for check in facts.every(nodes.Healthcheck, triggers=not facts.as_hadolint):
        if isinstance(check.form, nodes.Shell):
            yield answered(check.span, f"`{facts.brief(check)}` starts a shell for each check: use the exec form", _fix(doc, facts, check, check.form, kinds))


def _chosen(doc: Dockerfile, facts: Facts, node: CommandInstruction, form: Shell) -> bool:
    """Whether the shell form is what the author wants."""
    if facts.as_hadolint or not doc.source(form.span).strip():
        return False
    if facts.comes_before(node, _changes_shell):
        return True
    return facts.quiet and (form.text.startswith("exec ") or _is_compound(form.text))


def _is_compound(text: str) -> bool:
    """Whether a command line is more than one plain command: it then needs a shell."""
    plain = NOT_JOINING.sub("", text)
    first = plain.split(maxsplit=1)[:1]
    return any(mark in plain for mark in COMPOUND) or not BUILTINS.isdisjoint(first)


def _message(facts: Facts, node: CommandInstruction) -> str:
    program = posixpath.basename(node.form.text.split()[0]) if isinstance(node.form, nodes.Shell) and node.form.text.split() else "it"
    return f"`{facts.brief(node)}` runs under `/bin/sh -c`: {program} may not receive SIGTERM"


def _changes_shell(_: Facts, item: Instruction) -> bool:
    return isinstance(item, nodes.ShellChange)


def _fix(
    doc: Dockerfile, facts: Facts, node: CommandInstruction | Healthcheck, form: Shell, kinds: frozenset[str]
) -> Fix | Refusal:
    if doc.escape != "\\":
        return Refusal("the file's escape character is not a backslash: write the list by hand")
    if facts.state(node).shell != DEFAULT_SHELL:
        return Refusal("SHELL names a shell of its own, which may read the words in another way")
    edits = exec_form(doc, form)
    if edits is None:
        return Refusal(why_shell(doc, form))
    combined = isinstance(node, nodes.CommandInstruction) and bool(kinds - {node.name})
    if isinstance(node, nodes.Cmd) and not combined:
        base = facts.base_of(node)
        combined = base is None or not base.runs_commands_as_given
    # the shell runs a script that has no `#!` itself, the kernel refuses it
    script = form.text.split()[0].endswith(".sh")
    return Fix("use the exec form", edits, Applicability.UNSAFE if combined or script else Applicability.SAFE)
