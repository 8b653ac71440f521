"""DF402: a file with credentials is copied into the image."""

from __future__ import annotations

import posixpath
import re
import tomllib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from dockerlint.lint import nodes
from dockerlint.lint.context import clean_path
from dockerlint.lint.findings import Finding, Severity
from dockerlint.lint.rule import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.facts import Facts
    from dockerlint.lint.nodes import Dockerfile


@dataclass(frozen=True, slots=True)
class _Secrets:
    names: tuple[str, ...]
    paths: tuple[str, ...]
    public: tuple[str, ...]
    contents: tuple[tuple[str, re.Pattern[str]], ...]


@cache
def _secrets() -> _Secrets:
    text = resources.files("dockerlint.lint").joinpath("data", "secrets.toml").read_text(encoding="utf8")
    data = tomllib.loads(text)
    contents = tuple((name, re.compile(pattern)) for name, pattern in data["with"].items())
    return _Secrets(tuple(data["names"]), tuple(data["paths"]), tuple(data["public"]), contents)


@rule("DF402", name="secret-file-copied", severity=Severity.ERROR)
def secret_file_copied(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """A file with credentials is copied into the image.

    Whoever can pull the image can read it, also when a later step deletes it: the layer keeps the file. A secret mount
    gives the file to the one step that needs it and leaves nothing behind.

    ```dockerfile bad
    FROM node:22-slim
    COPY id_rsa /root/.ssh/id_rsa
    ```

    ```dockerfile good
    FROM node:22-slim
    RUN --mount=type=secret,id=deploy_key,target=/root/.ssh/id_rsa git clone git@example.com:team/app.git
    ```

    ```dockerfile good
    FROM node:22-slim
    COPY .env.example /app/.env.example
    ```

    **Source:** the Dockerfile reference, `RUN --mount=type=secret`; CIS Docker Benchmark 4.10.
    """
    for stage in doc.stages:
        for copy in stage.all(nodes.Copy):
            if copy.from_ is not None:
                continue
            for word in copy.paths:
                for path in _copied(facts, word):
                    if _is_secret(facts, path):
                        message = f"{path} holds credentials, and whoever has the image has them: use a secret mount"
                        yield Finding("DF402", word.span, message)


def _copied(facts: Facts, word: nodes.Word) -> tuple[str, ...]:
    """The files that a source names: as written, or those of the context."""
    path = clean_path(word.text)
    if facts.context is None or path in facts.context.files:
        return (path,)
    return facts.context.select(word.text) or (path,)


def _is_secret(facts: Facts, path: str) -> bool:
    known = _secrets()
    name = posixpath.basename(path)
    if any(fnmatchcase(name, pattern) for pattern in known.public):
        return False
    if any(fnmatchcase(name, pattern) for pattern in known.names):
        return True
    if any(fnmatchcase(path, pattern) or fnmatchcase(path, f"*/{pattern}") for pattern in known.paths):
        return True
    for pattern, content in known.contents:
        if fnmatchcase(name, pattern):
            text = facts.context.read(path) if facts.context else None
            return text is not None and bool(content.search(text))
    return False
