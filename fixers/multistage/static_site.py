"""Sites of static files that a program of Node serves: nginx serves them as well, on the same port, from the same folder."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dockerlint.fixers.refusal import Refusal
from dockerlint.lint.analysis.users import ROOT
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import nodes

from . import runtime_images
from .copy_artifacts import carry
from .split_plan import Product, Runtime, Split, StageBuild

if TYPE_CHECKING:
    from .stage_reader import Reading, StageStep

# What makes `vite preview` more than a server of files.
VITE_SERVER = regex(r"\b(?:preview|base|proxy|appType)\s*:")


class SiteServer(Struct, frozen=True):
    """A program that serves files: its port when none is given, and its options; `single` as in `Served`, None when always so.

    `ignored` are options that make no difference to what is served. `hidden` says that without an address it is not to be reached.
    """

    port: str
    ports: tuple[str, ...]
    addresses: tuple[str, ...] = ()
    single: tuple[str, ...] | None = ()
    ignored: tuple[str, ...] = ()
    hidden: bool = False


# Sources: the manuals of serve, http-server and `vite preview`.
SERVERS = {
    "serve": SiteServer("3000", ("-l", "--listen", "-p"), (), ("-s", "--single"), ("-n", "--no-clipboard", "-L", "--no-request-logging")),
    "http-server": SiteServer("8080", ("-p", "--port"), ("-a",), (), ("-s", "--silent")),
    "vite": SiteServer("4173", ("--port",), ("--host",), None, ("--strictPort",), hidden=True),
}


class Served(Struct, frozen=True):
    """A folder that is served on a port; `single` says that each page that is not there is index.html."""

    folder: str
    port: str
    single: bool


def served(words: list[str], folder: str, outputs: list[str], config: str) -> Served | Refusal | None:
    """What a command line serves; None when it calls no server of static files."""
    program = posixpath.basename(words[0])
    server = SERVERS.get(program)
    if server is None or (program == "vite" and words[1:2] != ["preview"]):
        return None
    line = " ".join(words)
    given, places = _options(server, words[2:] if program == "vite" else words[1:])
    known = (*server.ports, *server.addresses, *(server.single or ()), *server.ignored)
    other = next((name for name in given if name not in known), None)
    if other is not None:
        return Refusal(f"dlint does not know what nginx would do for `{other}` of {program}")
    address = next((given[name] for name in server.addresses if name in given), None if server.hidden else "")
    port = next((given[name] for name in server.ports if name in given), server.port)
    if address is None or address.strip("0.:") or (program == "vite" and VITE_SERVER.search(config)):
        return Refusal(f"`{line}` has settings that nginx would not have")
    if not port.isdecimal():
        return Refusal(f"the port of `{line}` is not a number")
    paths = [posixpath.normpath(posixpath.join(folder, place)) for place in places] or (outputs if program == "vite" else [])
    if len(paths) != 1 or paths[0] not in outputs:
        return Refusal(f"`{line}` serves files that dlint does not see the build create")
    return Served(paths[0], port, server.single is None or any(name in given for name in server.single))


def _options(server: SiteServer, words: list[str]) -> tuple[dict[str, str], list[str]]:
    """The options of a command line with their values, and the folders that it names."""
    given: dict[str, str] = {}
    places = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        takes = name in server.ports or (name in server.addresses and bool(rest) and not rest[0].startswith("-"))
        if takes and not equals and rest:
            value = rest.pop(0)
        if word.startswith("-"):
            given[name] = value
        else:
            places.append(word)
    return given, places


def plan(reading: Reading, step: StageStep, found: Served, own: frozenset[str], manifests: tuple[str, ...]) -> Split | Refusal:
    """The split of a stage that builds a site and serves it."""
    if any(node.argument.text not in ROOT for node in reading.stage.all(nodes.User)):
        return Refusal("nginx needs more settings to start as another user")
    row = runtime_images.data()["site"]
    runtime = Runtime(row["image"], row["manager"], True, True, frozenset(row["brings"]), runtime_images.USUAL_PATH)
    missing = "/index.html" if found.single else "=404"
    config = f"server {{ listen {found.port}; root {found.folder}; location / {{ try_files $uri $uri.html $uri/ {missing}; }} }}\\n"
    build = StageBuild(
        step.run,
        step.cwd or "/",
        (Product(found.folder, True, True),),
        (runtime,),
        own,
        manifests=manifests,
        lines=(f"RUN printf '{config}' > /etc/nginx/conf.d/default.conf",),
        checked=True,
    )
    split = carry(reading, build)
    if isinstance(split, Refusal):
        return split
    # the image starts nginx by itself
    gone = frozenset(node for node in reading.stage.instructions if isinstance(node, nodes.CommandInstruction))
    head = tuple(item for item in split.head if item not in gone)
    return replace(split, head=head, moved=split.moved - gone, removed=split.removed | gone)
