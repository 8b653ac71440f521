"""Which packages have the shared libraries that a program was linked with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.cost.distribution_packages import TABLES, closure
from dockerlint.fixers.image.build_tools import bare
from dockerlint.fixers.refusal import Refusal
from dockerlint.lint.catalogue.name_patterns import matches_any

from . import runtime_images

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dockerlint.fixers.cost.distribution_packages import Closure

    from .stage_reader import Reading

# Headers of what every image of the distribution has, and of the kernel.
EVERYWHERE = ("musl-dev", "libc-dev", "linux-*", "libc6-dev", "libstdc++-*dev", "libgcc-*dev")


def linked(reading: Reading) -> tuple[str, ...] | Refusal:
    """The packages of the libraries whose headers a stage installs, by Debian's index; a Refusal where there is none."""
    headers = [name for name in _installed(reading) if runtime_images.is_headers(name)]
    headers = [name for name in headers if not matches_any(name, EVERYWHERE)]
    if not headers:
        return ()
    base = reading.base
    if base is None or base.distribution != "debian" or base.release not in TABLES:
        return Refusal(f"dlint does not know which library {headers[0]} belongs to in this release")
    # the C library's headers bring others along, whose libraries nothing is linked with unless they are asked for
    usual = [name for name in _closure(base.release, ["libc6-dev"]).names if not name.startswith("lib") or runtime_images.is_headers(name)]
    present = [name for name in usual if name not in headers]
    found = _closure(base.release, headers, present)
    if found.unknown:
        return Refusal(f"Debian {base.release} has no package {found.unknown[0]}")
    names = {name for name in found.names if name.startswith("lib") and not runtime_images.is_headers(name)}
    implied = {other for name in names for other in _closure(base.release, [name]).names if other != name}
    return tuple(sorted(names - implied))


def _closure(release: str, names: Iterable[str], present: Iterable[str] = ()) -> Closure:
    return closure(names, recommends=False, distribution="debian", release=release, present=present)


def _installed(reading: Reading) -> list[str]:
    """The names of the packages that a stage installs with its system's package manager."""
    found = []
    for step in reading.every_step():
        invocation = step.invocation
        if invocation is not None and invocation.tool.kind == "system" and invocation.action == "install":
            found += [bare(word.text) for word in invocation.operands]
    return list(dict.fromkeys(found))
