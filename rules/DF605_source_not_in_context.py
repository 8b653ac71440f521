"""DF605: COPY names a file that is not in the build context."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from dockerlint.fixers.edits import replace_word
from dockerlint.fixers.refusal import Refusal, answered
from dockerlint.lint.analysis.copy_sources import context_sources
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax.did_you_mean import most_alike

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.context.build_context import Context
    from dockerlint.lint.syntax.nodes import Dockerfile, Word

# Folders that builds write to, before the image is built.
BUILT = frozenset("target build dist out bin obj publish release releases artifacts output coverage vendor".split())


@rule(name="source-not-in-context", severity=Severity.WARNING)
def source_not_in_context(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """COPY names a file that is not in the build context.

    The build fails there, perhaps after minutes. Nothing is said when most of what the file copies is missing, since its
    context then is another folder (see `--context`), nor of what git ignores and of folders that builds write to. By
    default only names are reported that are nearly those of files that are there.

    ```context requirements.txt
    flask
    ```

    ```context app.py
    import flask
    ```

    ```dockerfile bad
    FROM python:3.12-slim
    COPY requirement.txt /srv/
    COPY app.py /srv/
    ```

    ```dockerfile fixed
    FROM python:3.12-slim
    COPY requirements.txt /srv/
    COPY app.py /srv/
    ```

    ```dockerfile good
    FROM python:3.12-slim
    COPY requirements.txt app.p? /srv/
    COPY dist/app.whl /srv/
    ```

    **Fix safety:** unsafe: it takes the file whose name is most like the one that is missing.

    **Source:** the Dockerfile reference, COPY: sources must be in the build context.
    """
    context = facts.context
    if context is None:
        return
    sources = [(item, context.find(item[2])) for item in context_sources(facts) if item[2]]
    missing = [item for item, found in sources if not found]
    if len(missing) > len(sources) - len(missing):
        return
    for node, word, path in missing:
        if _is_expected_later(context, path):
            continue
        near = _near(context, path)
        if near is None and facts.quiet:
            continue
        fix: Fix | Refusal = Refusal("no file of the folder has a name like it: add the file, or take the source out")
        message = f"`{word.text}` is not in the build context"
        if near:
            message += f": did you mean `{near}`?"
            edit = replace_word(word, word.text.removesuffix(path) + near)
            fix = Fix(f"use `{near}`", (edit,), Applicability.UNSAFE) if _is_plain(doc, node.json, word, path) else Refusal("the name is quoted or in JSON: write it by hand")
        yield answered(doc.marked(node, word.span), message, fix)


def _is_expected_later(context: Context, path: str) -> bool:
    """Whether something may make it before the image is built, or it is ignored, which is another rule's matter."""
    parts = path.split("/")
    return not BUILT.isdisjoint(parts[:-1] or parts) or context.ignore.matches(path) or context.is_left_out(path)


def _near(context: Context, path: str) -> str | None:
    """The path in the same folder that is most like it."""
    folder, name = posixpath.split(path)
    names = context.names(folder)
    for other in names:
        if other.casefold() == name.casefold():
            return posixpath.join(folder, other)
    found = most_alike(name, names)
    return posixpath.join(folder, found) if found else None


def _is_plain(doc: Dockerfile, json: bool, word: Word, path: str) -> bool:
    """Whether the word is written as the path, so that another can take its place."""
    return not json and doc.source(word.span) == word.text and word.text.endswith(path)
