"""Sizes of base images, with bounds; the facts are in `lint/catalogue/data/images.toml`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dockerlint.lint.catalogue.base_images import alike, lookup
from dockerlint.lint.catalogue.basis import Basis

from .bounded import ZERO, Amount

if TYPE_CHECKING:
    from dockerlint.lint.catalogue.base_images import BaseImage

# How far a size may be off: tags move on, and a remembered size was for some version of the image.
SPREAD = {Basis.INDEXED: (0.95, 1.05), Basis.MEASURED: (0.95, 1.05), Basis.HEURISTIC: (0.7, 1.4)}

# Bytes on disk for a byte pulled, from pairs of one image read in docker-library/repo-info in 2026-07 to 2026-09:
# alpine 2.18, ubuntu:24.04 2.62, debian:bookworm-slim 2.65, nginx 2.56, python:3.12 2.70, python:3.12-slim 2.76.
EXPANSION = Amount(2.0, 2.65, 3.0, Basis.HEURISTIC)


class BaseSizes(Struct, frozen=True):
    """Bytes of a base image: `compressed` is what a pull or push moves, `on_disk` what its layers unpack to.

    `source` and `date` say where the row is from; both are empty when the size is not known.
    """

    compressed: Amount
    on_disk: Amount
    source: str
    date: str


UNKNOWN = BaseSizes(Amount.unknown(), Amount.unknown(), "", "")


def base_sizes(reference: str, pulled: int | None = None) -> BaseSizes:
    """The sizes of an image by its reference, which may have a variable in its tag; unknown amounts for one that is not known.

    `pulled` are the bytes of its layers where the registry told, which is exact.
    A tag that no row is for is like the rows of its line, or of its repository: the bounds then span all of those.
    Where only one of the two sizes is known, the other one follows by `EXPANSION` and is a heuristic.
    """
    if reference.startswith("$") and "/" in reference:
        # a variable stands for a registry, most often for a mirror of the public one
        reference = reference.partition("/")[2]
    image = lookup(reference)
    if pulled is not None:
        compressed = Amount.exact(pulled)
        disk = image.disk_bytes if image else None
        on_disk = compressed.times(EXPANSION) if disk is None or image is None or image.basis is None else _amount(disk, image.basis)
        return BaseSizes(compressed, on_disk, "the registry", "")
    if image is not None and image.basis is not None:
        return _sizes(image)
    return _span([_sizes(like) for like in alike(reference)])


def _span(found: list[BaseSizes]) -> BaseSizes:
    """What may be any of several; bounds span all of them, the likely one is in their middle."""
    if not found:
        return UNKNOWN
    on_disk, compressed = (
        Amount(
            min(size.low for size in sizes),
            sorted(size.mid for size in sizes)[(len(sizes) - 1) // 2],
            max(size.high for size in sizes),
            Basis.HEURISTIC,
        )
        for sizes in ([item.on_disk for item in found], [item.compressed for item in found])
    )
    newest = max(found, key=lambda item: item.date)
    return BaseSizes(compressed, on_disk, newest.source, newest.date)


def _sizes(image: BaseImage) -> BaseSizes:
    assert image.basis is not None
    compressed = _amount(image.compressed_bytes, image.basis)
    on_disk = _amount(image.disk_bytes, image.basis)
    if not on_disk.is_known:
        on_disk = compressed.times(EXPANSION)
    if not compressed.is_known:
        low, mid, high = on_disk.low / EXPANSION.high, on_disk.mid / EXPANSION.mid, on_disk.high / EXPANSION.low
        compressed = Amount(low, mid, high, Basis.HEURISTIC)
    return BaseSizes(compressed, on_disk, image.source or "", image.date or "")


def _amount(size: int | None, basis: Basis) -> Amount:
    if size is None:
        return Amount.unknown()
    return Amount.around(size, *SPREAD[basis], basis) if size else ZERO
