"""`RUN --mount=...`: its options as a value, and what the builder refuses of them."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from msgspec import Struct, field

from .comma_separated import FieldsError, fields
from .go_values import is_boolean, is_size, unsigned

if TYPE_CHECKING:
    from collections.abc import Callable

    from .nodes import Flag, Run

KINDS = ("bind", "cache", "tmpfs", "secret", "ssh")
SHARINGS = ("shared", "private", "locked")

TARGETS = ("target", "dst", "destination")
SOURCES = ("source", "src")
READ_ONLY = ("ro", "readonly", "rw", "readwrite")
OPTIONS = frozenset((*TARGETS, *SOURCES, *READ_ONLY, *"type from id sharing size required env mode uid gid".split()))
# The kinds of mounts that take an option; one that is not here is for all of them.
KINDS_OF = {
    "from": ("bind", "cache", "tmpfs", "ssh"),
    "sharing": ("cache",),
    "mode": ("cache", "secret", "ssh"),
    "uid": ("cache", "secret", "ssh"),
    "gid": ("cache", "secret", "ssh"),
}
# Options that the builder holds against the kind that stands before them.
KINDS_SO_FAR = {"required": ("secret", "ssh"), "size": ("tmpfs",)}
# Options that make sense for one kind only, though the builder takes them for any.
ONLY_OF = {"env": ("secret",)}
ID_BITS = 32


class Mount(Struct, frozen=True):
    """One mount of a RUN; `target` is None where the builder chooses it (secret, ssh)."""

    kind: str
    target: str | None
    options: dict[str, str] = field(default_factory=dict)
    flag: Flag | None = None

    @property
    def source(self) -> str | None:
        """What is mounted, of `from`'s stage, image or the context."""
        return self.options.get("source", self.options.get("src"))

    @property
    def from_(self) -> str | None:
        """The stage or image that a bind or cache mount starts from."""
        return self.options.get("from")

    def covers(self, path: str) -> bool:
        """Whether a path lies at the mount's target or below it."""
        if self.target is None:
            return False
        target = self.target.rstrip("/") or "/"
        return path == target or path.startswith(target.rstrip("/") + "/")


def parse_mount(value: str, flag: Flag | None = None) -> Mount:
    """A mount from the text after `--mount=`; options that stand alone have the value `true`."""
    options: dict[str, str] = {}
    for option in _options(value):
        name, equals, text = option.partition("=")
        options[name.strip().lower()] = text if equals else "true"
    target = next((options[name] for name in ("target", "dst", "destination") if name in options), None)
    return Mount(options.get("type", "bind").lower(), target, options, flag)


def mounts(run: Run) -> tuple[Mount, ...]:
    """The mounts of a RUN, in order."""
    return tuple(parse_mount(flag.value, flag) for flag in run.flags if flag.name == "mount" and flag.value is not None)


def options_of(kind: str) -> list[str]:
    """The options that a kind of mount has, as they are written: with `=` where one needs a value."""
    limits = KINDS_OF | KINDS_SO_FAR | ONLY_OF
    names = sorted(name for name in OPTIONS if kind in limits.get(name, (kind,)))
    return [name if name in READ_ONLY or name == "required" else f"{name}=" for name in names]


def mount_problem(value: str, expand: Callable[[str], str | None], workdir: str | None) -> str | None:
    """Why the builder refuses the text after `--mount=`; None when it does not.

    `expand` puts in variables, and gives None for what the file alone does not decide; such options are passed over, and so
    is a relative target where the `workdir` is None.
    """
    kind = "bind"
    given: dict[str, str | None] = {}
    try:
        parts = fields(value)
    except FieldsError as error:
        return str(error)
    for option in parts:
        name, equals, text = option.partition("=")
        name = name.lower()
        if name == "from" and "$" in text[:-1]:
            return "`from` takes no variables: name a stage FROM that image and mount from it"
        known = expand(text) if equals else "true"
        if problem := _option_problem(kind, name, known, is_alone=not equals):
            return problem
        if name == "type":
            if known is None:
                return None
            kind = known.lower()
        given[name] = known
    return _wrong_kind(kind, given) or _wrong_target(kind, given, workdir)


def _option_problem(kind: str, name: str, text: str | None, *, is_alone: bool) -> str | None:
    """What is wrong with one option; its `text` is None when that is not known."""
    if name not in OPTIONS:
        return f"a mount has no option {name!r}"
    if kind not in KINDS_SO_FAR.get(name, (kind,)):
        return f"a {kind} mount has no option {name!r}; `type` must stand before it"
    if is_alone:
        return None if name in READ_ONLY or name == "required" else f"the option {name!r} needs a value"
    return None if text is None else _value_problem(name, text)


def _value_problem(name: str, text: str) -> str | None:
    if name == "type" and text.lower() not in KINDS:
        return f"unknown mount type {text!r}: it must be one of {', '.join(KINDS)}"
    if name == "sharing" and text.lower() not in SHARINGS:
        return f"sharing must be one of {', '.join(SHARINGS)}, not {text!r}"
    if (name in READ_ONLY or name == "required") and not is_boolean(text):
        return f"{name} must be true or false, not {text!r}"
    if name == "size" and not is_size(text):
        return f"size must be a number of bytes such as 64m, not {text!r}"
    if name == "mode" and unsigned(text, ID_BITS, 8) is None:
        return f"mode must be an octal number, not {text!r}"
    if name in ("uid", "gid") and unsigned(text, ID_BITS) is None:
        return f"{name} must be a number, not {text!r}"
    return None


def _wrong_kind(kind: str, given: dict[str, str | None]) -> str | None:
    """Which options do not go with the kind of mount, or with each other."""
    for name, kinds in KINDS_OF.items():
        if given.get(name) and kind not in kinds:
            return f"a {kind} mount has no option {name!r}"
    if kind == "ssh" and any(given.get(name) for name in SOURCES):
        return "an ssh mount has no source"
    if kind == "secret":
        has_source = any(given.get(name) for name in SOURCES)
        if has_source and given.get("id"):
            return "a secret mount takes an id or a source, not both"
        # an unknown value may be the one that is needed
        if all(given.get(name, "") == "" for name in ("id", *SOURCES, *TARGETS)):
            return "a secret mount needs an id or a target"
    return None


def _wrong_target(kind: str, given: dict[str, str | None], workdir: str | None) -> str | None:
    if kind not in ("bind", "cache", "tmpfs"):
        return None
    target = next((given[name] for name in reversed(given) if name in TARGETS), "")
    if target is None or (workdir is None and not target.startswith("/")):
        return None
    path = target if target.startswith("/") else posixpath.normpath(posixpath.join(workdir or "/", target))
    if path != "/":
        return None
    return f"a {kind} mount needs a target below /"


def _options(value: str) -> list[str]:
    try:
        return fields(value)
    except FieldsError:
        return value.split(",")
