"""`RUN --mount=...`: its options as a value, and what the builder refuses of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from dockerlint.lint.storage.lazy_regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .nodes import Flag, Run

KINDS = ("bind", "cache", "tmpfs", "secret", "ssh")
SHARINGS = ("shared", "private", "locked")

# The options, and the kinds of mounts that take them; None is all of them.
OPTIONS: dict[str, tuple[str, ...] | None] = {
    "type": None,
    "target": None,
    "dst": None,
    "destination": None,
    "source": None,
    "src": None,
    "from": ("bind", "cache", "tmpfs", "ssh"),
    "id": None,
    "ro": None,
    "readonly": None,
    "rw": None,
    "readwrite": None,
    "sharing": ("cache",),
    "size": ("tmpfs",),
    "required": ("secret", "ssh"),
    "env": ("secret",),
    "mode": ("cache", "secret", "ssh"),
    "uid": ("cache", "secret", "ssh"),
    "gid": ("cache", "secret", "ssh"),
}
SWITCHES = frozenset({"ro", "readonly", "rw", "readwrite", "required"})
NUMBERS = {"mode": regex(r"[0-7]{1,11}\Z"), "uid": regex(r"\d{1,10}\Z"), "gid": regex(r"\d{1,10}\Z")}
BOOLEANS = frozenset("1 t T TRUE true True 0 f F FALSE false False".split())


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
    for option in _split(value):
        name, equals, text = option.partition("=")
        options[name.strip().lower()] = text if equals else "true"
    target = next((options[name] for name in ("target", "dst", "destination") if name in options), None)
    return Mount(options.get("type", "bind"), target, options, flag)


def mounts(run: Run) -> tuple[Mount, ...]:
    """The mounts of a RUN, in order."""
    return tuple(parse_mount(flag.value, flag) for flag in run.flags if flag.name == "mount" and flag.value is not None)


def mount_problems(value: str) -> Iterator[str]:
    """What the builder refuses in the text after `--mount=`; what variables decide is passed over."""
    mount = parse_mount(value)
    if "$" in mount.kind:
        return
    if mount.kind not in KINDS:
        yield f"unknown mount type {mount.kind!r}: it must be one of {', '.join(KINDS)}"
        return
    for option in _split(value):
        name, equals, text = option.partition("=")
        yield from _option_problems(mount.kind, name.strip().lower(), text if equals else None)
    if mount.target in (None, "", "/") and mount.kind in ("bind", "cache", "tmpfs"):
        yield f"a {mount.kind} mount needs a target below /"
    if mount.kind == "secret":
        given = {name for name in ("id", "source", "src", "target", "dst", "destination") if name in mount.options}
        if not given:
            yield "a secret mount needs an id or a target"
        if "id" in given and given & {"source", "src"}:
            yield "a secret mount takes an id or a source, not both"


def _option_problems(kind: str, name: str, text: str | None) -> Iterator[str]:
    """What is wrong with one option; `text` is None when it stands alone."""
    if name not in OPTIONS:
        yield f"a mount has no option {name!r}"
        return
    kinds = OPTIONS[name]
    if kinds is not None and kind not in kinds:
        yield f"a {kind} mount has no option {name!r}"
    if text is None:
        if name not in SWITCHES:
            yield f"the option {name!r} needs a value"
        return
    if name == "from" and "$" in text[:-1]:
        yield "`from` takes no variables: name a stage FROM that image and mount from it"
    if "$" in text:
        return
    if name == "sharing" and text.lower() not in SHARINGS:
        yield f"sharing must be one of {', '.join(SHARINGS)}, not {text!r}"
    if name in SWITCHES and text not in BOOLEANS:
        yield f"{name} must be true or false, not {text!r}"
    if name in NUMBERS and not NUMBERS[name].match(text):
        yield f"{name} must be {'an octal number' if name == 'mode' else 'a number'}, not {text!r}"


def _split(value: str) -> list[str]:
    # the builder reads the value as one line of comma-separated values, quotes included
    if '"' not in value:
        return value.split(",")
    import csv

    return next(csv.reader([value]), [])
