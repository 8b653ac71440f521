"""What registries say of images: digest, platforms, size by layer, user, environment, entrypoint and shell.

Manifests and configurations are kept between runs by their digests, under which they never change; which digest a tag has is asked
in each run. What is not as its digest says is not taken.
"""

from __future__ import annotations

import hashlib
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from msgspec import DecodeError, Struct, ValidationError, field
from msgspec.json import decode

from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.storage.safe_write import WriteError, put
from dockerlint.lint.storage.sqlite_store import folder

from .registry_client import HUB, MOST_BYTES, MOST_SECONDS, ImageName, RegistryClient, RegistryError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# Of one run.
MOST_IMAGES = 200
MOST_KEPT = 500
DIGEST = regex(r"sha256:[0-9a-f]{64}")
# Source: the distribution specification, "Pulling manifests", and the reference grammar of distribution/reference.
HOST = regex(r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?")
REPOSITORY = regex(r"[a-z0-9]+(?:(?:[._]|__|-+|/)[a-z0-9]+)*")
TAG = regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
LONGEST_NAME = 255
DEFAULT_PLATFORM = "linux/amd64"
UNKNOWN = "unknown"


class RegistryImage(Struct, frozen=True):
    """An image as its registry has it: of one platform, but for `digest`, which is what the tag stands for, and `platforms`.

    `layers` are bytes as pulled, from the lowest on. `user`, `workdir` and `shell` are as a build finds them. `platform` is empty,
    and so is all that follows it, where an index has no image for the one that was asked for.
    """

    digest: str
    platforms: tuple[str, ...]
    platform: str
    layers: tuple[int, ...]
    user: str
    workdir: str
    env: tuple[str, ...]
    entrypoint: tuple[str, ...]
    shell: tuple[str, ...]

    @property
    def compressed_bytes(self) -> int:
        """What a pull moves."""
        return sum(self.layers)

    @property
    def variables(self) -> dict[str, str]:
        """The variables that the image sets."""
        return dict(item.split("=", 1) for item in self.env if "=" in item)


class _OfPlatform(Struct):
    os: str = UNKNOWN
    architecture: str = UNKNOWN
    variant: str = ""

    @property
    def text(self) -> str:
        parts = [self.os, self.architecture, *([self.variant] if self.variant else [])]
        return "/".join(parts)


class _Descriptor(Struct):
    digest: str
    size: int = 0
    platform: _OfPlatform = field(default_factory=_OfPlatform)


class _ManifestOrIndex(Struct):
    """A manifest of an image, or an index of several."""

    manifests: list[_Descriptor] | None = None
    config: _Descriptor | None = None
    layers: list[_Descriptor] = field(default_factory=list)


class _RunSettings(Struct, rename="pascal"):
    user: str | None = None
    working_dir: str | None = None
    env: list[str] | None = None
    entrypoint: list[str] | None = None
    shell: list[str] | None = None


class _ImageConfig(Struct):
    os: str = UNKNOWN
    architecture: str = UNKNOWN
    variant: str | None = None
    config: _RunSettings | None = None


def name_of(reference: str) -> ImageName:
    """Where a reference points. Raises RegistryError for what is none."""
    text, _, digest = reference.partition("@")
    path, colon, tag = text.rpartition(":")
    if not colon or "/" in tag:
        path, tag = text, "latest"
    first, slash, rest = path.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        host, repository = first, rest
    else:
        host, repository = HUB, path if slash else f"library/{path}"
    if host == "index.docker.io":
        host = HUB
    if host == HUB and "/" not in repository:
        repository = f"library/{repository}"
    good = HOST.fullmatch(host) and len(repository) <= LONGEST_NAME and REPOSITORY.fullmatch(repository) and TAG.fullmatch(tag)
    if not good or (digest and not DIGEST.fullmatch(digest)):
        raise RegistryError(f"{reference!r} is not an image reference with a tag or a sha256 digest")
    return ImageName(host, repository, digest or tag)


class Images:
    """The images that one run has looked up; `failed` says of which that was not possible, and why."""

    def __init__(self) -> None:
        self.failed: dict[str, str] = {}
        self._client: RegistryClient | None = None
        self._known: dict[tuple[str, str], RegistryImage | None] = {}
        self._digests: dict[str, str] = {}

    def get(self, reference: str, platform: str | None = None) -> RegistryImage | None:
        """What is known of an image for a platform, `linux/amd64` if None; None when it cannot be had.

        An index without that platform gives what it has, so that it can be said which there are.
        """
        key = (reference, platform or DEFAULT_PLATFORM)
        if key not in self._known:
            self._known[key] = self._looked_up(*key)
        return self._known[key]

    def _looked_up(self, reference: str, platform: str) -> RegistryImage | None:
        if reference in self.failed:
            return None
        if len(self._known) >= MOST_IMAGES:
            self.failed[reference] = f"{MOST_IMAGES} images were looked up in this run, which is as many as it may"
            return None
        try:
            return self._image(name_of(reference), platform, time.monotonic() + MOST_SECONDS)
        except RegistryError as error:
            self.failed[reference] = str(error)
            return None

    def _image(self, name: ImageName, platform: str, until: float) -> RegistryImage:
        client = self._client = self._client or RegistryClient()
        digest, body = _kept(name.reference) or self._fetched(client, name, until)
        top = _decoded(name, body, _ManifestOrIndex)
        manifest, platforms = top, ()
        if top.manifests is not None:
            # what a build says of itself stands among the images, with an unknown platform
            images = [item for item in top.manifests if UNKNOWN not in (item.platform.os, item.platform.architecture)]
            platforms = tuple(dict.fromkeys(item.platform.text for item in images))
            one = _chosen(images, platform)
            if one is None:
                return RegistryImage(digest, platforms, "", (), "", "", (), (), ())
            manifest = _decoded(name, self._content(client, name, one.digest, until, is_manifest=True), _ManifestOrIndex)
        if manifest.config is None:
            raise RegistryError(f"{name.host} has something else than an image there")
        config = _decoded(name, self._content(client, name, manifest.config.digest, until), _ImageConfig)
        of = config.config or _RunSettings()
        own = _OfPlatform(config.os, config.architecture, config.variant or "").text
        return RegistryImage(
            digest,
            platforms or (own,),
            own,
            tuple(layer.size for layer in manifest.layers),
            of.user or "root",
            of.working_dir or "/",
            tuple(of.env or ()),
            tuple(of.entrypoint or ()),
            tuple(of.shell or ()),
        )

    def _fetched(self, client: RegistryClient, name: ImageName, until: float) -> tuple[str, bytes]:
        """Digest and text of what a tag or a digest stands for."""
        answer = client.manifest(name, until)
        digest = f"sha256:{hashlib.sha256(answer.body).hexdigest()}"
        wanted = name.reference if DIGEST.fullmatch(name.reference) else answer.digest
        if wanted.startswith("sha256:") and wanted != digest:
            raise RegistryError(f"{name.host} answers with something else than {wanted}")
        # not before it is known to be an image's: error pages have digests too
        _decoded(name, answer.body, _ManifestOrIndex)
        _keep(digest, answer.body)
        return digest, answer.body

    def _content(self, client: RegistryClient, name: ImageName, digest: str, until: float, *, is_manifest: bool = False) -> bytes:
        if not DIGEST.fullmatch(digest):
            raise RegistryError(f"{name.host} names {digest[:80]!r}, which is not a sha256 digest")
        found = _kept(digest)
        if found:
            return found[1]
        of = ImageName(name.host, name.repository, digest)
        answer = client.manifest(of, until) if is_manifest else client.blob(of, digest, until)
        if f"sha256:{hashlib.sha256(answer.body).hexdigest()}" != digest:
            raise RegistryError(f"{name.host} answers with something else than {digest}")
        _keep(digest, answer.body)
        return answer.body


def _chosen(images: Sequence[_Descriptor], platform: str) -> _Descriptor | None:
    """The image for a platform; one without a variant takes the first that has one, as builders do for arm64."""
    exact = next((item for item in images if item.platform.text == platform), None)
    return exact or next((item for item in images if item.platform.text.startswith(f"{platform}/")), None)


def _decoded(name: ImageName, body: bytes, kind: type[Any]) -> Any:
    try:
        return decode(body, type=kind)
    except ValidationError as error:
        raise RegistryError(f"{name.host} has something else than an image there: {error}") from error
    except (DecodeError, RecursionError) as error:
        raise RegistryError(f"{name.host} does not answer in JSON") from error


def _place(digest: str) -> Path:
    return folder() / "registry" / digest.removeprefix("sha256:")


def _kept(digest: str) -> tuple[str, bytes] | None:
    """A digest with what it stands for, if an earlier run has kept that."""
    if not DIGEST.fullmatch(digest):
        return None
    with suppress(OSError):
        body = _place(digest).read_bytes()
        if len(body) <= MOST_BYTES and f"sha256:{hashlib.sha256(body).hexdigest()}" == digest:
            return digest, body
    return None


def _keep(digest: str, body: bytes) -> None:
    """Keep a text for later runs; the oldest go when there are too many."""
    path = _place(digest)
    with suppress(OSError, WriteError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        put(path, body)
        files = sorted(path.parent.iterdir(), key=lambda item: item.stat().st_mtime, reverse=True)
        for old in files[MOST_KEPT:]:
            old.unlink()
