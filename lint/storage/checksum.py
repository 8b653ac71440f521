"""The checksum by which what is kept between runs is found and held to be whole."""

from __future__ import annotations

try:
    # hashlib has the same and loads OpenSSL too, which takes longer than all that is hashed in a small run
    from _blake2 import blake2b
except ImportError:
    from hashlib import blake2b


def checksum(data: bytes, size: int) -> bytes:
    """The BLAKE2b digest of some data, of `size` bytes."""
    return blake2b(data, digest_size=size).digest()
