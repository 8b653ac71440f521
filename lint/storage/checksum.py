"""The checksum by which what is kept between runs is found and held to be whole."""

from __future__ import annotations

from hashlib import blake2b


def checksum(data: bytes, size: int) -> bytes:
    """The BLAKE2b digest of some data, of `size` bytes."""
    return blake2b(data, digest_size=size).digest()
