"""DF402: a file with credentials is copied into the image."""

from __future__ import annotations

import posixpath
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from msgspec import Struct

from dockerlint.lint.analysis.leftovers import removed
from dockerlint.lint.catalogue import tables
from dockerlint.lint.catalogue.name_patterns import matches, matches_any
from dockerlint.lint.context.dockerignore import clean_path
from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile

# Paths whose judgement is remembered.
MOST_PATHS = 4000


class _Secrets(Struct, frozen=True):
    names: tuple[str, ...]
    paths: tuple[str, ...]
    public: tuple[str, ...]
    contents: tuple[tuple[str, re.Pattern[str]], ...]
    # the names, and those whose files hold credentials only where their contents say so
    named: tuple[str, ...]


@cache
def _secrets() -> _Secrets:
    data = tables.table("lint/catalogue/data/secrets.toml")
    contents = tuple((name, regex(pattern)) for name, pattern in data["with"].items())
    paths = tuple(start + path for path in data["paths"] for start in ("", "*/"))
    return _Secrets(tuple(data["names"]), paths, tuple(data["public"]), contents, (*data["names"], *data["with"]))


@rule(name="secret-file-copied", severity=Severity.ERROR)
def secret_file_copied(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """A file with credentials is copied into the image.

    Everyone who can pull the image can read it, even if a later step deletes it: the layer keeps the file. A secret mount gives
    the file to the one step that needs it and leaves nothing behind.

    ```dockerfile bad
    FROM node:22-slim
    COPY id_rsa /root/.ssh/id_rsa
    ```

    ```dockerfile bad
    FROM node:22-slim
    WORKDIR /app
    COPY .npmrc package.json ./
    RUN npm ci
    RUN rm .npmrc
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
    known: dict[str, tuple[str, ...]] = {}
    for stage in doc.stages:
        if not facts.ships(stage):
            continue
        yield from _deleted(facts, stage)
        for copy in stage.all(nodes.Copy):
            if copy.from_ is not None:
                continue
            for word in copy.paths:
                if word.text not in known:
                    known[word.text] = tuple(path for path in _copied(facts, word) if _is_secret(facts, path))
                for path in known[word.text]:
                    message = f"`{path}` holds credentials, and everyone who has the image can read them: use a secret mount"
                    yield Finding(word.span, message)


def _deleted(facts: Facts, stage: nodes.Stage) -> Iterator[Finding]:
    """Files for credentials that a RUN deletes from an earlier layer: who deletes them knows that they hold some."""
    written: dict[str, nodes.Instruction] = {}
    for node in stage.instructions:
        if isinstance(node, nodes.Run):
            paths = [(path, facts.path(path, node), command) for path, command in removed(facts, node)]
            for path, absolute, command in paths:
                maker = written.pop(absolute, None) if absolute else None
                if maker is not None:
                    message = f"`{path}` stays in the layer of `{facts.brief(maker)}` (line {facts.doc.line(maker.span.start)}): use a secret mount"
                    yield Finding(command.span, message)
            gone = {absolute for _, absolute, _ in paths}
            written.update((path, node) for path in _redirected(facts, node) if path not in gone)
        elif isinstance(node, nodes.Copy) and node.from_ is None:
            written.update((path, node) for path in _placed(facts, node))


def _redirected(facts: Facts, run: nodes.Run) -> Iterator[str]:
    """The files for credentials that a RUN writes by `>` into its layer."""
    for command in facts.commands(run):
        for redirect in command.redirects:
            if redirect.target is not None and redirect.operator.startswith(">") and _may_hold(redirect.target.text):
                path = facts.path(redirect.target.text, run)
                if path is not None and not facts.mounted(run, path):
                    yield path


def _placed(facts: Facts, copy: nodes.Copy) -> Iterator[str]:
    """Where a COPY puts the files for credentials that it names."""
    target = facts.path(copy.destination.text, copy)
    for word in copy.paths:
        if target is not None and _may_hold(word.text):
            yield posixpath.join(target, posixpath.basename(clean_path(word.text)))
            if len(copy.sources) == 1:
                yield target.rstrip("/")


@lru_cache(MOST_PATHS)
def _may_hold(path: str) -> bool:
    """Whether a file's name is one for credentials, whatever is in it."""
    known = _secrets()
    clean = clean_path(path)
    name = posixpath.basename(clean)
    if matches_any(name, known.public):
        return False
    if matches_any(name, known.named):
        return True
    return matches_any(clean, known.paths)


def _copied(facts: Facts, word: nodes.Word) -> tuple[str, ...]:
    """The files that a source names: as written, or those of the context."""
    path = clean_path(word.text)
    if facts.context is None or path in facts.context.files:
        return (path,)
    return facts.context.select(word.text) or (path,)


def _is_secret(facts: Facts, path: str) -> bool:
    known = _secrets()
    name = posixpath.basename(path)
    if matches_any(name, known.public):
        return False
    if matches_any(name, known.names):
        return True
    if matches_any(path, known.paths):
        return True
    for pattern, content in known.contents:
        if matches(name, pattern):
            text = facts.context.read(path) if facts.context else None
            return text is not None and bool(content.search(text))
    return False
