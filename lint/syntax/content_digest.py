"""Digests as `ADD --checksum` takes them: `sha256:` and 64 hexadecimal digits."""

from __future__ import annotations

from dockerlint.lint.storage.lazy_regex import regex

# Hexadecimal digits by algorithm. Source: the package opencontainers/go-digest.
LENGTHS = {"sha256": 64, "sha384": 96, "sha512": 128}
_HEXADECIMAL = regex(r"[0-9a-f]*\Z")


def digest_problem(text: str) -> str | None:
    """Why the builder refuses a digest of a download; None when it does not."""
    algorithm, colon, digits = text.partition(":")
    if not colon or algorithm not in LENGTHS:
        return f"`--checksum={text}` is not a digest: write sha256:, sha384: or sha512: and hexadecimal digits"
    if len(digits) != LENGTHS[algorithm] or not _HEXADECIMAL.match(digits):
        return f"`--checksum`: {algorithm} needs {LENGTHS[algorithm]} lower-case hexadecimal digits, not {digits!r}"
    return None
