"""Which of some names was meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

# Enough of a name to be told from others.
SHORTEST = 4
# To compare longer ones takes long, and nobody has made a slip in one.
LONGEST = 200
# Among more names than this a guess is worth little, and takes long.
MOST = 256
ALIKE = 0.75


def nearest(name: str, known: Collection[str]) -> str | None:
    """The known name that is most like this one; None when none is, or several differ from it in one character."""
    if len(known) > MOST:
        return None
    slips = _slips(name, known)
    if slips:
        return slips[0] if len(slips) == 1 else None
    return most_alike(name, sorted(set(known) - {name}))


def most_alike(name: str, known: Iterable[str], alike: float = ALIKE, most: int = MOST) -> str | None:
    """The known name that is most like this one; None when none is alike enough, 1 being the same and 0 nothing in common,
    and when there are more than `most`.
    """
    names = [item for item in known if len(item) <= LONGEST]
    if len(names) > most or len(name) > LONGEST:
        return None
    from difflib import get_close_matches

    return next(iter(get_close_matches(name, names, n=1, cutoff=alike)), None)


def slip_of(name: str, known: Collection[str]) -> str | None:
    """The one known name that this is a slip of; None when there is none, or there are several."""
    slips = _slips(name, known) if len(known) <= MOST else []
    return slips[0] if len(slips) == 1 else None


def _slips(name: str, known: Collection[str]) -> list[str]:
    return [item for item in known if item != name and is_one_slip(name, item)]


def is_one_slip(name: str, other: str) -> bool:
    """Whether one character is wrong, missing or too many, or two neighbours are swapped; case does not count."""
    one, two = name.casefold(), other.casefold()
    if not SHORTEST <= len(one) <= LONGEST or len(two) < SHORTEST or abs(len(one) - len(two)) > 1:
        return False
    while one and two and one[0] == two[0]:
        one, two = one[1:], two[1:]
    while one and two and one[-1] == two[-1]:
        one, two = one[:-1], two[:-1]
    return (len(one) <= 1 and len(two) <= 1) or (len(one) == 2 and one == two[::-1])
