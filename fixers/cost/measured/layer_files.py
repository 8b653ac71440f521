"""What is in the layers of an image, and which of it later layers hide."""

from __future__ import annotations

import posixpath
from enum import Enum, auto
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct, field

if TYPE_CHECKING:
    import tarfile
    from collections.abc import Iterable, Sequence

# Source: the OCI image specification, "Image Layer Filesystem Changeset".
WHITEOUT = ".wh."
OPAQUE = ".wh..wh..opq"


class FileKind(Enum):
    """What an entry of a layer does to the file system."""

    FILE = auto()
    FOLDER = auto()
    LINK = auto()
    REMOVED = auto()
    EMPTIED = auto()


class FileEntry(NamedTuple):
    """One member of a layer: a path without a slash before it, bytes of a file, the other name of a hard link."""

    path: str
    kind: FileKind
    size: int = 0
    target: str = ""


def entry(member: tarfile.TarInfo) -> FileEntry | None:
    """What a member of a layer's archive stands for; None for the root, and what is of no file system."""
    path = clean(member.name)
    folder, _, name = path.rpartition("/")
    if not path:
        return None
    if name == OPAQUE:
        return FileEntry(folder, FileKind.EMPTIED)
    if name.startswith(WHITEOUT):
        hidden = name.removeprefix(WHITEOUT)
        return FileEntry(f"{folder}/{hidden}" if folder else hidden, FileKind.REMOVED) if hidden else None
    if member.isdir():
        return FileEntry(path, FileKind.FOLDER)
    if member.islnk():
        return FileEntry(path, FileKind.LINK, 0, clean(member.linkname))
    # links, devices and pipes are files without bytes
    return FileEntry(path, FileKind.FILE, member.size if member.isreg() else 0)


def clean(path: str) -> str:
    """A path within an archive, without a slash before it; what leads out of it stays within."""
    return posixpath.normpath("/" + path).lstrip("/")


class _Content(Struct):
    """The bytes of a file, of which a layer is the owner and which has as many names."""

    layer: int
    size: int
    names: int = 0


class _Node(Struct):
    """A file (`content`), or a folder and what is in it."""

    content: _Content | None = None
    children: dict[str, _Node] = field(default_factory=dict)


class _Tree:
    """The file system as the layers so far leave it; `wasted` are the bytes of each layer that are hidden by now."""

    def __init__(self, count: int) -> None:
        self.root = _Node()
        self.wasted = [0] * count

    def apply(self, number: int, entries: Sequence[FileEntry]) -> None:
        """One more layer: first what it hides of those below, then what is in it."""
        for item in entries:
            if item.kind is FileKind.REMOVED:
                self._remove(item.path)
            elif item.kind is FileKind.EMPTIED and (node := self._find(item.path)):
                self._drop(node.children.values())
                node.children = {}
        for item in entries:
            if item.kind is FileKind.FOLDER:
                self._folder(item.path)
            elif item.kind is FileKind.FILE:
                self._put(item.path, _Content(number, item.size))
            elif item.kind is FileKind.LINK:
                node = self._find(item.target)
                self._put(item.path, (node.content if node else None) or _Content(number, 0))

    def _find(self, path: str) -> _Node | None:
        node: _Node | None = self.root
        for part in path.split("/") if path else ():
            node = node.children.get(part) if node else None
        return node

    def _folder(self, path: str) -> _Node:
        """The folder of a path; a file in the way of it is hidden."""
        node = self.root
        for part in path.split("/") if path else ():
            node = node.children.setdefault(part, _Node())
            if node.content is not None:
                self._drop([_Node(node.content)])
                node.content = None
        return node

    def _put(self, path: str, content: _Content) -> None:
        folder, _, name = path.rpartition("/")
        parent = self._folder(folder)
        content.names += 1
        old = parent.children.get(name)
        parent.children[name] = _Node(content)
        if old is not None:
            self._drop([old])

    def _remove(self, path: str) -> None:
        folder, _, name = path.rpartition("/")
        parent = self._find(folder)
        node = parent.children.pop(name, None) if parent else None
        if node is not None:
            self._drop([node])

    def _drop(self, nodes: Iterable[_Node]) -> None:
        """Nobody sees these any more; bytes are hidden with the last of their names."""
        left = list(nodes)
        while left:
            node = left.pop()
            left += node.children.values()
            content = node.content
            if content is not None:
                content.names -= 1
                if not content.names:
                    self.wasted[content.layer] += content.size


def added(entries: Iterable[FileEntry]) -> int:
    """The bytes of a layer, unpacked."""
    return sum(item.size for item in entries)


def wasted(layers: Sequence[Sequence[FileEntry]]) -> list[int]:
    """The bytes of each layer, the lowest first, that a later one overwrites or takes away."""
    tree = _Tree(len(layers))
    for number, entries in enumerate(layers):
        tree.apply(number, entries)
    return tree.wasted
