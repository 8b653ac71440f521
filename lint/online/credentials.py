"""Who a user is at a registry: what `docker login` has kept, in docker's configuration or with a helper that this names.

Source: docs.docker.com, `docker login`, "Credential stores"; the protocol of the helpers: github.com/docker/docker-credential-helpers.
"""

from __future__ import annotations

import base64
import binascii
import os
import shutil
import subprocess
from pathlib import Path

from msgspec import DecodeError, Struct, field
from msgspec.json import decode

from dockerlint.lint.storage.lazy_regex import regex

HUB = "https://index.docker.io/v1/"
HELPER = regex(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
# Seconds that a helper may take; one may ask the user to unlock a store.
PATIENCE = 20
MOST_BYTES = 1_000_000
# A helper's name for a token in the place of a password.
TOKEN = "<token>"  # noqa: S105 - the name of a user


class Credentials(Struct, frozen=True):
    """A name and a password; or, with an empty name, a token that the registry's token service changes for another."""

    user: str
    secret: str


class _Auth(Struct):
    auth: str = ""
    identitytoken: str = ""


class _DockerConfig(Struct, rename={"helpers": "credHelpers", "store": "credsStore"}):
    auths: dict[str, _Auth] = field(default_factory=dict)
    helpers: dict[str, str] = field(default_factory=dict)
    store: str = ""


class _Told(Struct, rename="pascal"):
    username: str = ""
    secret: str = ""


def credentials(host: str) -> Credentials | None:
    """What is kept for a registry's host; None when there is nothing, or it cannot be read."""
    config = _config()
    key = HUB if host == "docker.io" else host
    helper = config.helpers.get(key) or config.helpers.get(host) or config.store
    if helper:
        return _asked(helper, key)
    names = (key, host, f"https://{host}", f"https://{host}/v1/", f"https://{host}/v2/")
    kept = next((config.auths[name] for name in names if name in config.auths), None)
    return _read(kept) if kept else None


def _config() -> _DockerConfig:
    folder = os.environ.get("DOCKER_CONFIG")
    path = Path(folder) if folder else Path.home() / ".docker"
    try:
        return decode((path / "config.json").read_bytes(), type=_DockerConfig)
    except (OSError, DecodeError, RuntimeError):
        return _DockerConfig()


def _read(kept: _Auth) -> Credentials | None:
    if kept.identitytoken:
        return Credentials("", kept.identitytoken)
    try:
        user, colon, secret = base64.b64decode(kept.auth, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return Credentials(user, secret) if colon and user else None


def _asked(helper: str, key: str) -> Credentials | None:
    """What a helper says. Its name is from the user's own configuration, never from a project."""
    if not HELPER.fullmatch(helper):
        return None
    program = shutil.which(f"docker-credential-{helper}")
    if program is None:
        return None
    try:
        done = subprocess.run([program, "get"], input=key.encode(), capture_output=True, timeout=PATIENCE, check=False)
        told = decode(done.stdout[:MOST_BYTES], type=_Told) if done.returncode == 0 else None
    except (OSError, subprocess.TimeoutExpired, DecodeError):
        return None
    if told is None or not told.secret:
        return None
    return Credentials("" if told.username == TOKEN else told.username, told.secret)
