"""`RUN --mount=...`: its options as a value, and what the builder refuses of them."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .nodes import Flag, Run

COMMON = {"type", "target", "dst", "destination"}
OPTIONS = {
    "bind": {"source", "src", "from", "rw", "readwrite", "ro", "readonly"},
    "cache": {"id", "source", "src", "from", "ro", "readonly", "rw", "readwrite", "sharing", "mode", "uid", "gid"},
    "tmpfs": {"size"},
    "secret": {"id", "source", "src", "required", "mode", "uid", "gid", "env"},
    "ssh": {"id", "required", "mode", "uid", "gid"},
}
SHARINGS = ("shared", "private", "locked")


@dataclass(frozen=True, slots=True)
class Mount:
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
    """What the builder refuses in the text after `--mount=`."""
    mount = parse_mount(value)
    if "$" in mount.kind:
        return
    known = OPTIONS.get(mount.kind)
    if known is None:
        yield f"unknown mount type {mount.kind!r}: it must be one of {', '.join(OPTIONS)}"
        return
    for name in mount.options:
        if name not in known | COMMON:
            yield f"a {mount.kind} mount has no option {name!r}"
    if mount.target is None and mount.kind in ("bind", "cache", "tmpfs"):
        yield f"a {mount.kind} mount needs a target"
    sharing = mount.options.get("sharing")
    if sharing is not None and "$" not in sharing and sharing not in SHARINGS:
        yield f"sharing must be one of {', '.join(SHARINGS)}, not {sharing!r}"


def _split(value: str) -> list[str]:
    # the builder reads the value as one line of comma-separated values, quotes included
    return next(csv.reader([value]), []) if '"' in value else value.split(",")
