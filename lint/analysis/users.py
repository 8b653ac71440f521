"""Users by name and number, as far as they can be told without looking into the image."""

from __future__ import annotations

# Users of official images, and of all of Debian's and Alpine's. Source: the images' Dockerfiles, base-passwd.
NUMBERS = {
    "node": "1000",
    "gradle": "1000",
    "jovyan": "1000",
    "vscode": "1000",
    "www-data": "33",
    "nobody": "65534",
    "nonroot": "65532",
}
ROOT = frozenset({"root", "0"})


def number_of(user: str) -> str | None:
    """The number of a user as USER names it, without its group; None when it is not known."""
    name = user.partition(":")[0]
    return name if name.isdecimal() else "0" if name in ROOT else NUMBERS.get(name)


def is_root(user: str | None) -> bool | None:
    """Whether a user is root; None when it is not known who it is."""
    if not user:
        return None
    return user.partition(":")[0] in ROOT
