"""DL3020: ADD is used for plain files and folders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.edits import replace_word
from dockerlint.fixers.refusal import Refusal, answered
from dockerlint.lint.analysis.copy_sources import is_archive, is_pattern, is_remote
from dockerlint.lint.context.dockerignore import clean_path
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Add

# Flags that COPY does not have.
OWN_FLAGS = frozenset({"checksum", "keep-git-dir", "unpack"})


@rule(name="add-for-copy", severity=Severity.INFO, hadolint_severity=Severity.ERROR, needs=("add",))
def add_for_copy(facts: Facts) -> Iterator[Finding]:
    """ADD is used for plain files and folders.

    ADD also fetches URLs and unpacks archives. Where none of this is wanted, COPY says so, and a file that happens to be
    an archive stays as it is.

    ```dockerfile bad
    FROM python:3.12-slim
    ADD requirements.txt /app/
    ```

    ```dockerfile fixed
    FROM python:3.12-slim
    COPY requirements.txt /app/
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    ADD rootfs.tar.gz /
    ADD https://example.org/tool.sh /usr/local/bin/
    ```

    **Fix safety:** safe where no source is a URL, a Git repository or an archive, by its name and, with a context, by its
    first bytes; unsafe for patterns that may stand for an archive too, unless the context shows that they do not. There is no fix for other sources.

    **Source:** hadolint DL3020; the Dockerfile reference, ADD.
    """
    for node in facts.every(nodes.Add, triggers=not facts.as_hadolint):
        plain = [word.text for word in node.paths if not _needs_add(facts, node, word.text)]
        if not plain or OWN_FLAGS & {flag.name for flag in node.flags}:
            continue
        yield answered(node.keyword.span, f"use `COPY {plain[0]}`: nothing here needs ADD's download or unpacking", _fix(facts, node))


def _needs_add(facts: Facts, node: Add, source: str) -> bool:
    plain = source.strip("\"'")
    if "$" not in source or facts.as_hadolint:
        return is_remote(plain) or is_archive(plain)
    known = facts.expand(source, node)
    return known is None or is_remote(known) or is_archive(known)


def _fix(facts: Facts, node: Add) -> Fix | Refusal:
    sources = [word.text.strip("\"'") for word in node.paths]
    if any("$" in source or is_remote(source) or is_archive(source) for source in sources):
        return Refusal("another source of it may need ADD: give that one an instruction of its own")
    keyword = "copy" if node.keyword.text.islower() else "COPY"
    trusted = all(_holds_no_archive(facts, source) for source in sources)
    applicability = Applicability.SAFE if trusted else Applicability.UNSAFE
    return Fix("use `COPY`", (replace_word(node.keyword, keyword),), applicability)


def _has_marks(text: str | None) -> bool:
    """Whether a file starts as one that ADD unpacks, whatever its name; so may one that cannot be read.

    Sources: RFC 1952; the formats of bzip2, xz and Zstandard; POSIX, pax, "ustar Interchange Format". Bytes that are no
    UTF-8 have come in as U+FFFD.
    """
    return text is None or text.startswith(("\x1f\ufffd", "BZh", "\ufffd7zXZ", "(\ufffd/\ufffd")) or text[257:262] == "ustar"


def _holds_no_archive(facts: Facts, source: str) -> bool:
    if facts.context is not None:
        # of a folder nothing is unpacked
        files = facts.context.select(source) if is_pattern(source) else {clean_path(source)} & facts.context.files.keys()
        return not any(is_archive(name) or _has_marks(facts.context.read(name)) for name in files)
    # `*.json` can only be a file of that name; `app-*` may be an archive
    name = source.rsplit("/", 1)[-1]
    return not is_pattern(source) or ("." in name and not is_pattern(name.rsplit(".", 1)[-1]))
