"""Images as files: what `docker save` writes, and OCI layouts, as archives (packed or not) or folders.

Nothing is unpacked to the disk; an archive is read once, from its first byte to its last.
Sources: the OCI image specification (image-layout.md, manifest.md, config.md, layer.md); moby/moby, image/spec.
"""

from __future__ import annotations

import json
import tarfile
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from msgspec import Struct

from dockerlint.lint.storage.lazy_regex import regex

from . import layer_files
from .archive_stream import Stream, failures, unpacked
from .measured_row import Figures, MeasuredError, Row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from .layer_files import FileEntry

DIGEST = regex(r"sha256:[0-9a-f]{64}")
BLOB = regex(r"blobs/sha256/([0-9a-f]{64})")
PLATFORM = "linux/amd64"
MOST_DOCUMENT = 4_000_000
MOST_DOCUMENTS = 64_000_000
MOST_BYTES = 64 << 30
MOST_ENTRIES = 2_000_000
MOST_DEPTH = 4
MOST_LAYERS = 4_096


class _Blob(Struct, frozen=True):
    """One file of an image: a document (`data`), or a layer (`entries`). `digest` is of the file, `inner` of it unpacked.

    `link` is the name of the file to take instead.
    """

    size: int
    digest: str
    data: bytes | None = None
    entries: tuple[FileEntry, ...] | None = None
    inner: str = ""
    packed: bool = False
    link: str = ""


def read(path: Path, platform: str | None = None) -> tuple[Row, ...]:
    """The history of an image with the bytes of its layers, the oldest row first.

    `platform` chooses from an index; without it the only one is taken, or linux/amd64.
    Raises MeasuredError when there is no image, or it is damaged.
    """
    name = str(path)
    if path.is_dir():
        with _told(name):
            return _Image(name, _Folder(path).blob, platform).rows()
    try:
        with path.open("rb") as file:
            return read_stream(file, name, platform)
    except OSError as error:
        raise MeasuredError(f"{name}: cannot be read: {(error.strerror or str(error)).lower()}") from error


def read_stream(file: IO[bytes], name: str, platform: str | None = None) -> tuple[Row, ...]:
    """The same of an archive that is open, such as standard input."""
    with _told(name):
        outer = Stream(file, name, MOST_BYTES)
        inner = unpacked(outer, name)
        stream = Stream(inner, name, MOST_BYTES, packed=outer) if inner is not None else outer
        blobs = _members(stream, name)
        stream.finish()
        return _Image(name, blobs.get, platform).rows()


@contextmanager
def _told(name: str) -> Iterator[None]:
    try:
        yield
    except failures() as error:
        raise MeasuredError(
            f"{name}: the image is damaged or cut off: {str(error).lower() or type(error).__name__}"
        ) from error


class _Scanner:
    """Reads the files of an image, and keeps count of what they take."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._entries = 0
        self._documents = 0
        # what all layers together may be, unpacked
        self._bytes = MOST_BYTES

    def blob(self, file: IO[bytes], size: int) -> _Blob:
        """One file of an image, of so many bytes."""
        raw = Stream(file, self._name, size, hashed=True)
        head = raw.peek(tarfile.BLOCKSIZE)
        if head.lstrip()[:1] in (b"{", b"[") and size <= MOST_DOCUMENT and not _is_tar(head):
            self._documents += size
            if self._documents > MOST_DOCUMENTS:
                raise MeasuredError(f"{self._name}: there are more documents in the archive than an image has")
            data = b"".join(iter(raw.read, b""))
            return _Blob(size, raw.finish(), data)
        inner = unpacked(raw, self._name)
        entries, digest = None, ""
        if inner is not None:
            stream = Stream(inner, self._name, self._bytes, hashed=True, packed=raw)
            if _is_tar(stream.peek(tarfile.BLOCKSIZE)):
                entries = self._layer(stream)
                digest = stream.finish()
                self._bytes -= stream.tell()
        elif _is_tar(head):
            entries = self._layer(raw)
        whole = raw.finish()
        return _Blob(size, whole, None, entries, digest or whole, inner is not None)

    def _layer(self, stream: Stream) -> tuple[FileEntry, ...]:
        found = []
        for member in _each(stream):
            item = layer_files.entry(member)
            if item is not None:
                found.append(item)
                self._entries += 1
            if self._entries > MOST_ENTRIES:
                raise MeasuredError(
                    f"{self._name}: there are more than {MOST_ENTRIES:,} files in the image; dlint does not read it"
                )
        return tuple(found)


def _is_tar(head: bytes) -> bool:
    """A tar archive by its magic; an empty one is zeros."""
    return head[257:262] == b"ustar" or (len(head) == tarfile.BLOCKSIZE and not any(head)) or _is_old_tar(head)


def _is_old_tar(head: bytes) -> bool:
    """An archive from before there was a magic: the checksum of its first header holds."""
    if len(head) < tarfile.BLOCKSIZE:
        return False
    try:
        stated = int(head[148:156].strip(b" \0") or b"-1", 8)
    except ValueError:
        return False
    return stated == sum(head) - sum(head[148:156]) + 8 * 32


def _each(stream: Stream) -> Iterator[tarfile.TarInfo]:
    """The members of an archive, of which none is kept."""
    with tarfile.TarFile(fileobj=stream, mode="r", errors="surrogateescape") as archive:  # type: ignore[arg-type]
        while (member := archive.next()) is not None:
            yield member
            archive.members = []  # type: ignore[attr-defined]


def _members(stream: Stream, name: str) -> dict[str, _Blob]:
    if not _is_tar(stream.peek(tarfile.BLOCKSIZE)):
        raise MeasuredError(f"{name}: not a tar archive; make one with `docker save -o FILE.tar IMAGE`")
    scanner = _Scanner(name)
    found: dict[str, _Blob] = {}
    with tarfile.TarFile(fileobj=stream, mode="r", errors="surrogateescape") as archive:  # type: ignore[arg-type]
        while (member := archive.next()) is not None:
            path = layer_files.clean(member.name)
            if member.issym() or member.islnk():
                base = path.rpartition("/")[0] if member.issym() else ""
                found[path] = _Blob(0, "", link=layer_files.clean(f"{base}/{member.linkname}"))
            elif member.isreg() and (file := archive.extractfile(member)):
                found[path] = scanner.blob(file, member.size)
            archive.members = []  # type: ignore[attr-defined]
            if len(found) > MOST_ENTRIES:
                raise MeasuredError(f"{name}: there are more files in the archive than an image has")
    return found


class _Folder:
    """The files of an image in a folder, read when they are asked for. Links out of it are not followed."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._scanner = _Scanner(str(root))
        self._known: dict[Path, _Blob] = {}

    def blob(self, name: str) -> _Blob | None:
        path = (self._root / name).resolve()
        if not path.is_relative_to(self._root) or not path.is_file():
            return None
        if path not in self._known:
            with path.open("rb") as file:
                self._known[path] = self._scanner.blob(file, path.stat().st_size)
        return self._known[path]


class _Image:
    """Finds its way from the files of an image to its history."""

    def __init__(self, name: str, blob: Callable[[str], _Blob | None], platform: str | None) -> None:
        self._name = name
        self._blob = blob
        self._platform = platform

    def rows(self) -> tuple[Row, ...]:
        """The history, with the bytes of each layer."""
        saved = self._optional("manifest.json")
        if saved is not None:
            return self._saved(saved)
        index = self._optional("index.json")
        if index is None:
            raise MeasuredError(
                f"{self._name}: not an image: it has neither manifest.json nor index.json; "
                "make it with `docker save -o FILE.tar IMAGE`"
            )
        manifest = self._manifest(index)
        config = self._document(self._path(manifest.get("config")))
        descriptors = _list(manifest.get("layers"))
        self._count(descriptors)
        found = [self._layer(self._path(item), item.get("size")) for item in descriptors]
        return self._history(config, found)

    def _saved(self, manifest: Any) -> tuple[Row, ...]:
        images = _list(manifest)
        if len(images) != 1:
            raise self._error(f"there are {len(images)} images in it; save one alone")
        image = _dict(images[0])
        names = [item for item in _list(image.get("Layers")) if isinstance(item, str)]
        self._count(names)
        config = self._document(str(image.get("Config")))
        return self._history(config, [self._layer(layer_files.clean(item)) for item in names])

    def _manifest(self, index: Any, depth: int = 0) -> dict[str, Any]:
        """The manifest of the platform, through indexes of indexes."""
        chosen = self._choose([_dict(item) for item in _list(_dict(index).get("manifests"))])
        found = _dict(self._document(self._path(chosen)))
        if "manifests" in found and depth < MOST_DEPTH:
            return self._manifest(found, depth + 1)
        if not isinstance(found.get("layers"), list):
            raise self._error("the kind of the image's manifest is unknown")
        return found

    def _choose(self, found: list[dict[str, Any]]) -> dict[str, Any]:
        images = {str(item.get("digest")): item for item in found if _platform(item) != "unknown/unknown"}
        if not images:
            raise self._error("the index names no image")
        wanted = self._platform or PLATFORM
        fitting = [item for item in images.values() if _fits(_platform(item), wanted)]
        if not self._platform and len(images) == 1:
            return next(iter(images.values()))
        if not fitting:
            names = ", ".join(sorted(_platform(item) or "one that does not say" for item in images.values()))
            raise self._error(f"it has no image for {wanted}, but for {names}; choose one with --platform")
        if len(fitting) > 1:
            raise self._error(f"there are {len(fitting)} images for {wanted} in it; save one alone")
        return fitting[0]

    def _path(self, descriptor: Any) -> str:
        digest = _dict(descriptor).get("digest")
        if not isinstance(digest, str) or not DIGEST.fullmatch(digest):
            raise self._error("a file of the image is named by something other than a sha256 digest")
        return f"blobs/{digest.replace(':', '/')}"

    def _find(self, path: str) -> _Blob:
        blob = self._blob(path)
        for _ in range(MOST_DEPTH):
            if blob is None or not blob.link:
                break
            blob = self._blob(blob.link)
        if blob is None or blob.link:
            raise self._error(f"{_short(path)} is missing in it; the image may be cut off")
        stated = BLOB.fullmatch(path)
        if stated and stated[1] != blob.digest:
            raise self._error(f"{_short(path)} does not have the content that its name says; the image is damaged")
        return blob

    def _optional(self, path: str) -> Any:
        return self._document(path) if self._blob(path) is not None else None

    def _document(self, path: str) -> Any:
        data = self._find(path).data
        if data is None:
            raise self._error(f"{_short(path)} is not a JSON document")
        try:
            return json.loads(data)
        except (ValueError, RecursionError) as error:
            raise self._error(f"{_short(path)} is damaged: {str(error).lower()}") from error

    def _layer(self, path: str, size: Any = None) -> _Blob:
        blob = self._find(path)
        if blob.entries is None:
            raise self._error(f"{_short(path)} is not a known kind of layer")
        if size is not None and size != blob.size:
            raise self._error(f"{_short(path)} has {blob.size:,} bytes, not as many as the manifest says")
        return blob

    def _count(self, names: list[Any]) -> None:
        if len(names) > MOST_LAYERS:
            raise self._error(f"there are {len(names):,} layers in it, which is not plausible")

    def _history(self, config: Any, found: list[_Blob]) -> tuple[Row, ...]:
        """Each entry of the history that is not empty has the next layer; layers before the history are the base's."""
        history = [_dict(item) for item in _list(_dict(config).get("history"))]
        self._check(_list(_dict(_dict(config).get("rootfs")).get("diff_ids")), found)
        if sum(len(blob.entries or ()) for blob in found) > MOST_ENTRIES:
            raise self._error(f"there are more than {MOST_ENTRIES:,} files in its layers; dlint does not read it")
        hidden = layer_files.wasted([blob.entries or () for blob in found])
        rows = [
            Row("", Figures(layer_files.added(blob.entries or ()), blob.size if blob.packed else None, lost))
            for blob, lost in zip(found, hidden, strict=True)
        ]
        full = sum(item.get("empty_layer") is not True for item in history)
        if full > len(rows):
            raise self._error(f"its history has {full} layers, but there are {len(rows)}")
        result, left = rows[: len(rows) - full], iter(rows[len(rows) - full :])
        for item in history:
            text = str(item.get("created_by") or "")
            empty = item.get("empty_layer") is True
            result.append(Row(text, Figures(0, 0, 0) if empty else next(left).figures, empty=empty))
        return tuple(result)

    def _check(self, stated: list[Any], found: list[_Blob]) -> None:
        if stated and [f"sha256:{blob.inner}" for blob in found] != stated:
            raise self._error("its layers are not those that its configuration names; the image is damaged")

    def _error(self, sentence: str) -> MeasuredError:
        return MeasuredError(f"{self._name}: {sentence}")


def _short(path: str) -> str:
    return path if len(path) <= 40 else path[:37] + "..."


def _platform(descriptor: dict[str, Any]) -> str:
    found = _dict(descriptor.get("platform"))
    return "/".join(str(found[key]) for key in ("os", "architecture", "variant") if found.get(key))


def _fits(platform: str, wanted: str) -> bool:
    """`linux/arm64` is also `linux/arm64/v8`."""
    return platform == wanted or platform.startswith(wanted + "/")


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
