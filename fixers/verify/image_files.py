"""Files as an image holds them: layers read from tar streams, and what comes of one laid over another."""

from __future__ import annotations

import hashlib
import posixpath
import tarfile
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import IO

# A name that takes away the file of the layers below, and the one that takes away all that a folder held there.
# Source: OCI image specification, "Layer Filesystem Changeset", Whiteouts.
WHITEOUT, OPAQUE = ".wh.", ".wh..wh..opq"
CHUNK = 1 << 20
KINDS = {
    tarfile.DIRTYPE: "folder",
    tarfile.SYMTYPE: "link",
    tarfile.CHRTYPE: "character device",
    tarfile.BLKTYPE: "block device",
    tarfile.FIFOTYPE: "pipe",
}
FILE, FOLDER = "file", "folder"
ATTRIBUTE = "SCHILY.xattr."


class ArchiveError(Exception):
    """What an engine wrote is no image archive, or is cut off; the message is a sentence."""


class ImageEntry(Struct, frozen=True):
    """What there is at a path."""

    # file, folder, link, hard link, character device, block device or pipe
    kind: str
    # the permission bits
    mode: int
    # the owner's number
    uid: int
    # the group's number
    gid: int
    # bytes of a file; 0 for the others
    size: int = 0
    # a hash of a file's content, in hex; "" for the others
    digest: str = ""
    # what a link leads to; "" for the others
    target: str = ""
    # extended attributes: their names, each with a hash of its value in hex
    attributes: tuple[tuple[str, str], ...] = ()


class ImageLayer(Struct, frozen=True):
    """One layer of an image. Paths are absolute."""

    # what it has, by path
    entries: Mapping[str, ImageEntry]
    # paths of the layers below that it takes away
    removed: frozenset[str] = frozenset()
    # folders whose contents of the layers below it takes away
    emptied: frozenset[str] = frozenset()
    # bytes of its files
    size: int = 0


def read_layer(stream: IO[bytes]) -> ImageLayer:
    """A layer from a tar stream, compressed or not. Raises ArchiveError."""
    entries: dict[str, ImageEntry] = {}
    hard_links: dict[str, str] = {}
    removed, emptied, size = set(), set(), 0
    try:
        with tarfile.open(fileobj=stream, mode="r|*", errorlevel=1) as tar:
            for member in tar:
                path = _absolute(member.name)
                folder, name = posixpath.split(path)
                if name == OPAQUE:
                    emptied.add(folder)
                elif name.startswith(WHITEOUT):
                    removed.add(posixpath.join(folder, name[len(WHITEOUT) :]))
                elif member.islnk():
                    hard_links[path] = _absolute(member.linkname)
                elif path != "/":
                    entries[path] = _entry(tar, member)
                    size += entries[path].size
    except (tarfile.TarError, EOFError, OSError, ValueError) as error:
        raise ArchiveError(f"a layer of the image cannot be read: {error}") from error
    for path, target in hard_links.items():
        # another name for a file of the same layer: as far as anyone can see it is that file
        entries[path] = entries.get(target) or ImageEntry("hard link", 0, 0, 0, target=target)
    return ImageLayer(entries, frozenset(removed), frozenset(emptied), size)


def flatten(layers: Iterable[ImageLayer]) -> dict[str, ImageEntry]:
    """The files that one sees when each layer lies over those before it."""
    files: dict[str, ImageEntry] = {}
    for layer in layers:
        changed = {path for path, entry in layer.entries.items() if path in files and entry.kind != FOLDER}
        # where there was a folder and now is something else, its files are gone as well
        gone = layer.removed | {path for path in changed if files[path].kind == FOLDER}
        if gone or layer.emptied:
            files = {path: entry for path, entry in files.items() if not _is_gone(path, gone, layer.emptied)}
        below = files.copy()
        for path, entry in layer.entries.items():
            if entry.kind == "hard link":
                files[path] = below.get(entry.target) or entry
            else:
                files[path] = entry
    return files


def _is_gone(path: str, removed: frozenset[str], emptied: frozenset[str]) -> bool:
    return path in removed or "/" in emptied or any(above in removed or above in emptied for above in ancestors(path))


def ancestors(path: str) -> Iterator[str]:
    """The folders above an absolute path, the nearest first, without the root."""
    while (path := posixpath.dirname(path)) not in ("/", ""):
        yield path


def _absolute(name: str) -> str:
    return posixpath.normpath("/" + name.lstrip("/"))


def _entry(tar: tarfile.TarFile, member: tarfile.TarInfo) -> ImageEntry:
    attributes = sorted(
        (key.removeprefix(ATTRIBUTE), hashlib.blake2b(value.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest())
        for key, value in member.pax_headers.items()
        if key.startswith(ATTRIBUTE)
    )
    entry = ImageEntry(
        KINDS.get(member.type, FILE), member.mode & 0o7777, member.uid, member.gid, attributes=tuple(attributes)
    )
    if member.issym():
        # the mode of a link means nothing, and engines write what they like
        return replace(entry, mode=0o777, target=member.linkname)
    if member.ischr() or member.isblk():
        return replace(entry, target=f"{member.devmajor}:{member.devminor}")
    if entry.kind != FILE:
        return entry
    source = tar.extractfile(member)
    digest = hashlib.blake2b(digest_size=20)
    while source and (chunk := source.read(CHUNK)):
        digest.update(chunk)
    return replace(entry, size=member.size, digest=digest.hexdigest())
