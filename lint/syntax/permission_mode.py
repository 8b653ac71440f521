"""The value of `--chmod`: an octal number, or a mode in letters as chmod(1) takes it."""

from __future__ import annotations

from dockerlint.lint.storage.lazy_regex import regex

OCTAL = regex(r"[0-7]+\Z")
HIGHEST = 0o7777
# Clauses of who (u, g, o, a), an operator and permissions. Source: chmod(1), which BuildKit's frontend follows since 1.14.
_CLAUSE = r"[ugoa]*(?:[-+=][rwxXstugo]*)+"
SYMBOLIC = regex(rf"{_CLAUSE}(?:,{_CLAUSE})*\Z")


def is_symbolic(text: str) -> bool:
    """Whether a mode is in letters."""
    return SYMBOLIC.match(text) is not None


def mode_problem(text: str) -> str | None:
    """Why the builder refuses a mode; None when it does not."""
    if is_symbolic(text) or (OCTAL.match(text) and int(text, 8) <= HIGHEST):
        return None
    return f"`--chmod={text}` is not a mode: write an octal number up to 7777, such as 755, or letters, such as u+x,go=rX"
