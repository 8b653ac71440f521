"""Which images build and which run: the data of `runtimes.toml`."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from dockerlint.fixers.image.build_tools import is_one
from dockerlint.fixers.refusal import Refusal
from dockerlint.lint.catalogue import tables
from dockerlint.lint.catalogue.base_images import lookup, parse_reference
from dockerlint.lint.catalogue.name_patterns import matches_any

from .split_plan import Runtime

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dockerlint.lint.catalogue.base_images import BaseImage

DATA = "fixers/multistage/runtimes.toml"
# The folders of PATH in images that set no other. Source: the builder's own default.
USUAL_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")


class Builder(Struct, frozen=True):
    """An image to build in; the fields are those of a `[[builder]]`."""

    family: str
    workdir: str
    path: tuple[str, ...]
    brings: frozenset[str]
    env: Mapping[str, str]
    shared: frozenset[str]


def builder(reference: str) -> Builder | None:
    """What is known of an image as one to build in."""
    repository = parse_reference(reference).repository
    row = next((row for row in data()["builder"] if repository in row["repositories"]), None)
    if row is None:
        return None
    return Builder(row["family"], row["workdir"], tuple(row["path"]), frozenset(row["brings"]), row.get("env", {}), frozenset(row.get("shared", ())))


def of_distribution(base: BaseImage | None, image: str) -> Runtime | Refusal:
    """The small image of the distribution that a builder is made on; of the newest release where it does not say which."""
    row = data()["distribution"].get(base.distribution) if base and base.distribution else None
    if base is None or row is None:
        return Refusal(f"dlint knows no small image for what {image} is made on")
    if base.release:
        name, exact = row["named"].format(release=base.release), True
    elif "newest" in row:
        name, exact = row["newest"], False
    else:
        return Refusal(f"{image} does not say which release of {base.distribution} it is")
    return Runtime(name, row["manager"], True, exact, frozenset(row["brings"]), USUAL_PATH)


def static(base: BaseImage | None, image: str) -> tuple[Runtime, ...]:
    """Images for a program without libraries, the smallest first; the last is for what calls or installs something."""
    row = data()["static"]
    small = Runtime(row["user"], "none", False, True, frozenset(row["user-brings"]), USUAL_PATH, "nonroot")
    root = Runtime(row["root"], "none", False, True, frozenset(row["root-brings"]), USUAL_PATH)
    own = of_distribution(base, image)
    if isinstance(own, Refusal):
        return small, root
    return (small, own) if own.manager == "apk" else (small, root, own)


def of_image(image: str, brings: Iterable[str] = ()) -> Runtime:
    """An image as a runtime, by what is known of it in general, and what it `brings` besides."""
    base = lookup(image)
    manager = (base.package_manager if base else None) or "none"
    own = next((row["brings"] for row in data()["distribution"].values() if row["manager"] == manager), ())
    tools = frozenset((*brings, *own)) | (base.tools if base else frozenset())
    shell = base is not None and base.shell not in (None, "none", "cmd")
    return Runtime(image, manager, shell, True, tools | {"sh"} if shell else tools, USUAL_PATH, (base.user if base else None) or "root")


def of_language(family: str, image: str) -> Runtime | None:
    """The runtime variant of an image to build in, by `[[runtime]]`; None when there is none, or the tag does not say which."""
    reference = parse_reference(image)
    for row in data()["runtime"]:
        if row["family"] == family and reference.repository == row["repository"]:
            match = re.compile(row["tag"]).fullmatch(reference.tag or "")
            if match:
                return of_image(row["image"].format(**match.groupdict("")), row["brings"])
    return None


def provides(manager: str, program: str) -> str | None:
    """The package that has a program; None when it is not known."""
    name: str | None = data()["program"].get(manager, {}).get(program)
    return name


def is_build_only(package: str) -> bool:
    """Whether a package is there to fetch, unpack or translate with, and no library's headers."""
    return is_one(package, "compilers") or matches_any(package, data()["build-only"]["packages"])


def is_headers(package: str) -> bool:
    """Whether a package is what programs are compiled against: its library may be needed at run time."""
    return is_one(package, "headers")


@cache
def data() -> dict[str, Any]:
    """The whole table."""
    return tables.table(DATA)
