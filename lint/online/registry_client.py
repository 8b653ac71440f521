"""Gets manifests and small blobs from image registries, by the distribution protocol, with httpx.

All is bounded: how long an answer may be, how long an image may take, how often one is led elsewhere. Credentials go to the registry
and to the token service that it names, and not to where either leads. oras-py and python-dxf know the protocol too, but read answers of
any length, and have no time limit for an answer as a whole (oras 0.2.43, python-dxf 12.1.1).
Source: the OCI distribution specification 1.1; "Token Authentication Specification", distribution.github.io.
"""

from __future__ import annotations

import base64
import ssl
import time
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urljoin, urlsplit

import httpx
from msgspec import DecodeError, Struct
from msgspec.json import decode

from dockerlint.lint.storage.lazy_regex import regex

from .credentials import credentials

if TYPE_CHECKING:
    from collections.abc import Mapping

# What registries must take at least: the specification, "Pushing Manifests". Configurations of images are smaller, too.
MOST_BYTES = 4 * 1024 * 1024
MOST_TOKEN_BYTES = 1024 * 1024
# Seconds for an answer's next part, and for all that is asked for one image.
PATIENCE = 5.0
MOST_SECONDS = 15.0
MOST_REDIRECTS = 5
HUB, HUB_API = "docker.io", "registry-1.docker.io"
CHALLENGE = regex(r'(\w+)="([^"]*)"')
MANIFESTS = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
WHY = {
    401: "it wants a login: `docker login` keeps one",
    403: "it does not let us read the image",
    404: "it has no such image",
    429: "it has had too many requests: try again later, or log in",
}
# Answers come as they are: a small one may unpack to a large one.
HEADERS = {"User-Agent": "dlint", "Accept-Encoding": "identity"}
BUSY = 429
MOVED = frozenset({301, 302, 303, 307, 308})


class RegistryError(Exception):
    """Why an image could not be looked up; the message is a part of a sentence."""


class ImageName(Struct, frozen=True):
    """Where an image is: `host` as people write it, `repository` in full, and a tag or a digest."""

    host: str
    repository: str
    reference: str

    @property
    def address(self) -> str:
        """What the registry's own paths follow. Only this machine is asked without encryption, as docker does it."""
        host = HUB_API if self.host == HUB else self.host
        return f"{'http' if is_local(host) else 'https'}://{host}/v2/{self.repository}"


class Answer(Struct, frozen=True):
    """What a registry said."""

    body: bytes
    kind: str
    digest: str


def is_local(host: str) -> bool:
    """Whether a host, perhaps with a port, is this machine."""
    name = urlsplit(f"//{host}").hostname or ""
    return name in {"localhost", "::1"} or bool(regex(r"127\.\d+\.\d+\.\d+").fullmatch(name))


class RegistryClient:
    """One run's talk with registries. Tokens are kept while it lasts; a registry that is busy is not asked again."""

    def __init__(self) -> None:
        # no connection stays open, as nobody says when the last image was looked up
        limits = httpx.Limits(max_keepalive_connections=0)
        self._http = httpx.Client(follow_redirects=False, timeout=PATIENCE, headers=HEADERS, limits=limits, verify=_trusted())
        self._tokens: dict[tuple[str, str], str] = {}
        self._busy: set[str] = set()

    def manifest(self, name: ImageName, until: float) -> Answer:
        """The manifest or the index of an image. Raises RegistryError."""
        return self._get(name, f"{name.address}/manifests/{name.reference}", until, {"Accept": ", ".join(MANIFESTS)})

    def blob(self, name: ImageName, digest: str, until: float) -> Answer:
        """A small blob, such as an image's configuration. Raises RegistryError."""
        return self._get(name, f"{name.address}/blobs/{digest}", until, {})

    def _get(self, name: ImageName, url: str, until: float, headers: Mapping[str, str]) -> Answer:
        if name.host in self._busy:
            raise RegistryError(f"{name.host} was busy a moment ago")
        try:
            status, answer, challenge = self._asked(name, url, until, headers)
            if status == httpx.codes.UNAUTHORIZED and self._log_in(name, challenge, until):
                status, answer, _ = self._asked(name, url, until, headers)
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise RegistryError(f"{name.host} does not answer: {_reason(error)}") from error
        if status == BUSY:
            self._busy.add(name.host)
        if status != httpx.codes.OK:
            raise RegistryError(f"{name.host} answers {status}{': ' + WHY[status] if status in WHY else ''}")
        return answer

    def _asked(self, name: ImageName, url: str, until: float, headers: Mapping[str, str]) -> tuple[int, Answer, str]:
        """Status, body and challenge of what a registry leads to in the end."""
        token = self._tokens.get((name.host, name.repository))
        own = urlsplit(url).netloc
        for _ in range(MOST_REDIRECTS + 1):
            to = {**headers, **({"Authorization": token} if token and urlsplit(url).netloc == own else {})}
            with self._http.stream("GET", url, headers=to) as response:
                if response.status_code not in MOVED:
                    body = _body(response, MOST_BYTES, until) if response.status_code == httpx.codes.OK else b""
                    kind = response.headers.get("Content-Type", "").partition(";")[0].strip()
                    answer = Answer(body, kind, response.headers.get("Docker-Content-Digest", ""))
                    return response.status_code, answer, response.headers.get("WWW-Authenticate", "")
                url = _allowed(urljoin(url, response.headers.get("Location", "")), own)
        raise RegistryError(f"{name.host} leads in circles")

    def _log_in(self, name: ImageName, challenge: str, until: float) -> bool:
        """Get what the registry asks for; whether there is something new to show to it."""
        kind, _, rest = challenge.partition(" ")
        known = credentials(name.host)
        key = (name.host, name.repository)
        if key in self._tokens:
            return False
        if kind.lower() == "basic":
            if known is None or not known.user:
                return False
            self._tokens[key] = _basic(known.user, known.secret)
            return True
        if kind.lower() != "bearer":
            return False
        self._tokens[key] = f"Bearer {self._token(name, dict(CHALLENGE.findall(rest)), until)}"
        return True

    def _token(self, name: ImageName, asked: Mapping[str, str], until: float) -> str:
        """A token to read one repository with, anonymous where no login is kept."""
        realm = _allowed(asked.get("realm", ""), urlsplit(name.address).netloc)
        known = credentials(name.host)
        fields = {"service": asked.get("service", ""), "scope": f"repository:{name.repository}:pull"}
        if known and not known.user:
            form = {**fields, "grant_type": "refresh_token", "client_id": "dlint", "refresh_token": known.secret}
            call = self._http.stream("POST", realm, data=form)
        else:
            headers = {"Authorization": _basic(known.user, known.secret)} if known else {}
            separator = "&" if urlsplit(realm).query else "?"
            call = self._http.stream("GET", f"{realm}{separator}{urlencode(fields)}", headers=headers)
        with call as response:
            if response.status_code != httpx.codes.OK:
                raise RegistryError(f"{name.host}: its token service answers {response.status_code}: {WHY[401]}")
            body = _body(response, MOST_TOKEN_BYTES, until)
        try:
            told = decode(body, type=dict[str, Any])
        except DecodeError as error:
            raise RegistryError(f"{name.host}: its token service does not answer in JSON") from error
        token = told.get("token") or told.get("access_token")
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise RegistryError(f"{name.host}: its token service gives no token")
        return token


@cache
def _trusted() -> ssl.SSLContext:
    """Whom to trust: the certificates of the system, as docker does."""
    return ssl.create_default_context()


def _allowed(url: str, own: str) -> str:
    """An address that a registry named, if it may be asked: what is encrypted may be anywhere, all else only here."""
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and is_local(parts.netloc) and is_local(own)):
        return url
    raise RegistryError(f"{own} leads to an address that is not encrypted")


def _body(response: httpx.Response, most: int, until: float) -> bytes:
    """All of an answer. Raises RegistryError when it is too long or takes too long."""
    found = bytearray()
    for part in response.iter_raw():
        found += part
        if len(found) > most:
            raise RegistryError(f"{response.url.host} answers with more than {most} bytes")
        if time.monotonic() > until:
            raise RegistryError(f"{response.url.host} takes more than {MOST_SECONDS:.0f} s")
    return bytes(found)


def _basic(user: str, secret: str) -> str:
    return f"Basic {base64.b64encode(f'{user}:{secret}'.encode()).decode()}"


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__
