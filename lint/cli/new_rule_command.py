"""`dlint new-rule`: a rule to start from."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

import click

from dockerlint.lint.storage.lazy_regex import regex

from .exit_status import OK

if TYPE_CHECKING:
    from collections.abc import Iterable

CODE = regex(r"[A-Z]{2,8}\d{3,4}")
NAME = regex(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
OWN = "rules"

# It finds MAINTAINER, so that its examples hold from the start.
TEMPLATE = Template('''"""$code: SAY IN FIVE WORDS WHAT IT FINDS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint import Finding, Severity, nodes, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile


@rule(name="$name", severity=Severity.INFO, recommended=False)
def $function(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """A sentence that says what it finds.

    Why it matters, in two or three sentences.

    ```dockerfile bad
    FROM debian:bookworm-slim
    MAINTAINER someone@example.com
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    LABEL org.opencontainers.image.authors="someone@example.com"
    ```

    **Source:** the document, or the checker, that it comes from.
    """
    for node in facts.every(nodes.Maintainer):
        yield Finding(node.span, f"`{doc.source(node.span)}`: say what is wrong with it")
''')


@click.command("new-rule")
@click.argument("code")
@click.argument("name")
@click.option("--dir", "folder", type=click.Path(file_okay=False), help=f"Folder for the rule; ./{OWN} by default.")
def command(code: str, name: str, folder: str | None) -> int:
    """Write a rule to start from.

    CODE is such as DF499, NAME such as ssh-exposed: the pattern that the rule finds.

    \b
    dlint new-rule DF499 ssh-exposed
    dlint new-rule ACME002 root-shell --dir src/acme_dockerfiles
    """
    target = Path(folder or OWN)
    if not CODE.fullmatch(code):
        raise click.UsageError(f"{code}: a code is letters and a number, such as DF499")
    if not NAME.fullmatch(name):
        raise click.UsageError(f"{name}: a name is words in lower case with - between them, such as ssh-exposed")
    if not target.is_dir():
        raise click.UsageError(f"{target}: no such folder; name the folder for the rule with --dir")
    _refuse_taken(code, name)
    function = name.replace("-", "_")
    path = target / f"{code}_{function}.py"
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(TEMPLATE.substitute(code=code, name=name, function=function))
    except FileExistsError:
        raise click.UsageError(f"{path}: this file exists already") from None
    for line in _next_steps(path, code, function, own=target.name == OWN):
        click.echo(line)
    return OK


def _refuse_taken(code: str, name: str) -> None:
    from dockerlint.lint.engine.registry import find

    for text in (code, name):
        known = find(text)
        if known:
            free = f"; {_next_free(code)} is free" if text == code else ""
            raise click.UsageError(f"{text} is taken: {known.code} {known.name}{free}")


def _next_free(code: str) -> str:
    """The first code after a taken one that no rule has."""
    from dockerlint.lint.engine.registry import rules

    taken = {rule.code for rule in rules()}
    letters = code.rstrip("0123456789")
    return next(found for number in count(int(code.removeprefix(letters))) if (found := f"{letters}{number}") not in taken)


def _next_steps(path: Path, code: str, function: str, *, own: bool) -> Iterable[str]:
    yield f"{path}: written"
    if own:
        yield f"run its examples:  pytest -q tests/rules/test_rules.py -k {code}"
        yield "write its page:    python docs/generate.py"
    else:
        yield f"let it be found:   `from .{path.stem} import {function}` in the module that your entry point names"
    yield f"try it:            dlint --select {code} Dockerfile"
