"""What rule a user meant who wrote a code or a name that there is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.storage.lazy_regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dockerlint.lint.engine.rule import Rule

# `DL3008`, also without its letters, with a sign between, or with letters that look like digits.
CODE = regex(r"([A-Za-z]{0,3})[-_ ]*([0-9][0-9OoIl]*)")
DIGITS = str.maketrans("OoIl", "0011")


def meant(text: str, rules: Iterable[Rule]) -> str:
    """`; did you mean ...?` with the one rule that was meant, or nothing.

    Codes are numbers: most are one digit away from several others, and then nobody knows which was meant.
    """
    rules = list(rules)
    found = _code(text, [rule.code for rule in rules]) if CODE.fullmatch(text) else _name(text, rules)
    return f"; did you mean {found!r}?" if found else ""


def _code(text: str, codes: list[str]) -> str | None:
    from dockerlint.lint.syntax.did_you_mean import is_one_slip

    letters, number = CODE.fullmatch(text).groups()  # type: ignore[union-attr] # the caller has looked
    plain = (letters + number.translate(DIGITS)).upper()
    same = [code for code in codes if code == plain or (not letters and code.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == plain)]
    near = same or [code for code in codes if is_one_slip(plain, code)]
    return near[0] if len(near) == 1 else None


def _name(text: str, rules: list[Rule]) -> str | None:
    from dockerlint.lint.syntax.did_you_mean import most_alike

    names = {name.casefold(): name for rule in rules for name in (rule.name, *rule.aliases)}
    near = most_alike(text.casefold(), names, most=len(names))
    return names[near] if near else None
