"""Look-ups against a registry on this machine, which misbehaves as it is told to."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("httpx")

from dockerlint.lint.online.credentials import credentials
from dockerlint.lint.online.images import Images, name_of
from dockerlint.lint.online.registry_client import RegistryError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER = "application/vnd.docker.distribution.manifest.v2+json"


def digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def text(value: object) -> bytes:
    return json.dumps(value).encode()


@dataclass
class Reply:
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    # Seconds between the bytes of the body; it never ends where that is so for `endless`.
    drip: float = 0
    endless: bool = False


@dataclass
class Request:
    method: str
    path: str
    authorization: str | None
    body: bytes


class Handler(BaseHTTPRequestHandler):
    registry: Registry
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def _answer(self, body: bytes) -> None:
        shown = self.headers.get("Authorization")
        self.registry.requests.append(Request(self.command, self.path, shown, body))
        path = self.path.partition("?")[0]
        if path.startswith("/v2/") and self.registry.wants and shown != self.registry.wants:
            self._send(Reply(401, headers={"WWW-Authenticate": self.registry.challenge}))
        else:
            self._send(self.registry.replies.get(path, Reply(404)))

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if not reply.endless:
            self.send_header("Content-Length", str(len(reply.body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        try:
            self._body(reply)
        except OSError:
            return

    def _body(self, reply: Reply) -> None:
        if not reply.drip and not reply.endless:
            self.wfile.write(reply.body)
            return
        end = time.monotonic() + 30
        while time.monotonic() < end:
            self.wfile.write(reply.body or b" ")
            self.wfile.flush()
            time.sleep(reply.drip)

    def log_message(self, *words: object) -> None:
        pass


class Registry:
    """Replies by path; a path that has none is 404. `wants` is the Authorization that all of /v2/ asks for."""

    def __init__(self) -> None:
        self.replies: dict[str, Reply] = {}
        self.requests: list[Request] = []
        self.wants: str | None = None
        self.challenge = ""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Of", (Handler,), {"registry": self}))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def paths(self, part: str = "") -> list[str]:
        return [request.path for request in self.requests if part in request.path]

    def blob(self, name: str, data: bytes) -> str:
        self.replies[f"/v2/{name}/blobs/{digest(data)}"] = Reply(body=data)
        return digest(data)

    def manifest(self, name: str, tag: str, value: dict[str, Any]) -> str:
        data = text(value)
        headers = {"Content-Type": value["mediaType"], "Docker-Content-Digest": digest(data)}
        for reference in (tag, digest(data)):
            self.replies[f"/v2/{name}/manifests/{reference}"] = Reply(body=data, headers=headers)
        return digest(data)

    def image(self, name: str, tag: str, config: dict[str, Any], layers: list[int], *, kind: str = MANIFEST, platform: str = "linux/amd64") -> str:
        system, architecture, *variant = platform.split("/")
        about = {"os": system, "architecture": architecture, "config": config} | ({"variant": variant[0]} if variant else {})
        of = self.blob(name, text(about))
        listed = [{"mediaType": "layer", "digest": digest(str(size).encode()), "size": size} for size in layers]
        return self.manifest(name, tag, {"schemaVersion": 2, "mediaType": kind, "config": {"digest": of, "size": 1}, "layers": listed})

    def index(self, name: str, tag: str, images: dict[str, str], *, kind: str = INDEX) -> str:
        listed = []
        for platform, of in images.items():
            system, architecture, *variant = platform.split("/")
            listed.append({"digest": of, "size": 1, "platform": {"os": system, "architecture": architecture} | ({"variant": variant[0]} if variant else {})})
        return self.manifest(name, tag, {"schemaVersion": 2, "mediaType": kind, "manifests": listed})


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Registry]:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.setattr("dockerlint.lint.online.images.folder", lambda: tmp_path / "kept")
    # nothing of this machine is to be asked through a proxy
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    made = Registry()
    yield made
    made.stop()


def logged_in(tmp_path: Path, **config: object) -> None:
    folder = tmp_path / "docker"
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")


def auth(user: str, secret: str) -> str:
    return base64.b64encode(f"{user}:{secret}".encode()).decode()


CONFIG = {"User": "app", "Env": ["PATH=/bin", "A=b=c"], "Entrypoint": ["/run.sh"], "WorkingDir": "/srv", "Shell": ["/bin/bash", "-c"]}


@pytest.mark.parametrize(("kind", "index"), [(MANIFEST, INDEX), (DOCKER, DOCKER_LIST)])
def test_an_index_of_either_kind(registry: Registry, kind: str, index: str) -> None:
    amd = registry.image("team/app", "amd", CONFIG, [10, 200], kind=kind)
    arm = registry.image("team/app", "arm", {}, [7], kind=kind, platform="linux/arm64/v8")
    proof = registry.image("team/app", "proof", {}, [1], platform="unknown/unknown")
    top = registry.index("team/app", "1.0", {"linux/amd64": amd, "linux/arm64/v8": arm, "unknown/unknown": proof}, kind=index)
    images = Images()
    found = images.get(f"{registry.host}/team/app:1.0")
    assert found is not None
    assert (found.digest, found.platforms, found.platform) == (top, ("linux/amd64", "linux/arm64/v8"), "linux/amd64")
    assert (found.compressed_bytes, found.user, found.workdir, found.shell) == (210, "app", "/srv", ("/bin/bash", "-c"))
    assert found.variables == {"PATH": "/bin", "A": "b=c"}
    other = images.get(f"{registry.host}/team/app:1.0", "linux/arm64")
    assert other is not None
    assert (other.platform, other.layers, other.user, other.workdir) == ("linux/arm64/v8", (7,), "root", "/")
    none = images.get(f"{registry.host}/team/app:1.0", "windows/amd64")
    assert none is not None
    assert (none.platform, none.layers, none.platforms) == ("", (), found.platforms)


def test_what_has_a_digest_is_kept_between_runs_and_a_tag_asked_anew(registry: Registry) -> None:
    registry.image("app", "1", CONFIG, [10])
    reference = f"{registry.host}/app:1"
    first = Images().get(reference)
    assert first is not None
    registry.requests.clear()
    assert Images().get(reference) == first
    assert registry.paths() == ["/v2/app/manifests/1"]
    registry.requests.clear()
    assert Images().get(f"{registry.host}/app@{first.digest}") == first
    assert registry.paths() == []
    second = registry.image("app", "1", {"User": "0"}, [20])
    moved = Images().get(reference)
    assert moved is not None
    assert (moved.digest, moved.user) == (second, "0")


def test_what_was_kept_and_changed_is_not_taken(registry: Registry, tmp_path: Path) -> None:
    registry.image("app", "1", CONFIG, [10])
    reference = f"{registry.host}/app:1"
    first = Images().get(reference)
    for path in (tmp_path / "kept" / "registry").iterdir():
        path.write_bytes(path.read_bytes().replace(b"app", b"bad"))
    assert Images().get(reference) == first


def test_each_image_is_asked_once_a_run(registry: Registry) -> None:
    images = Images()
    for _ in range(3):
        assert images.get(f"{registry.host}/none:1") is None
        assert images.get(f"{registry.host}/none:1", "linux/arm64") is None
    assert registry.paths() == ["/v2/none/manifests/1"]
    assert images.failed == {f"{registry.host}/none:1": f"{registry.host} answers 404: it has no such image"}


BASIC = 'Basic realm="registry"'


def test_a_login_is_shown_when_the_registry_asks_for_one(registry: Registry, tmp_path: Path) -> None:
    registry.image("app", "1", CONFIG, [10])
    registry.wants, registry.challenge = f"Basic {auth('me', 'secret')}", BASIC
    assert Images().get(f"{registry.host}/app:1") is None
    logged_in(tmp_path, auths={registry.host: {"auth": auth("me", "secret")}})
    registry.requests.clear()
    assert Images().get(f"{registry.host}/app:1") is not None
    assert [request.authorization for request in registry.requests][:2] == [None, registry.wants]


def test_a_wrong_login_is_shown_once(registry: Registry, tmp_path: Path) -> None:
    registry.image("app", "1", CONFIG, [10])
    registry.wants, registry.challenge = f"Basic {auth('me', 'other')}", BASIC
    logged_in(tmp_path, auths={registry.host: {"auth": auth("me", "secret")}})
    images = Images()
    assert images.get(f"{registry.host}/app:1") is None
    assert "401: it wants a login" in images.failed[f"{registry.host}/app:1"]
    assert len(registry.requests) == 2


@pytest.mark.parametrize("login", [True, False])
def test_a_token_is_got_with_the_login_or_without(registry: Registry, tmp_path: Path, login: bool) -> None:
    registry.image("team/app", "1", CONFIG, [10])
    registry.wants = "Bearer t0ken"
    registry.challenge = f'Bearer realm="http://{registry.host}/token?a=1",service="here",scope="ignored"'
    registry.replies["/token"] = Reply(body=text({"access_token": "t0ken"}))
    if login:
        logged_in(tmp_path, auths={f"https://{registry.host}/v2/": {"auth": auth("me", "secret")}})
    assert Images().get(f"{registry.host}/team/app:1") is not None
    [asked] = [request for request in registry.requests if request.path.startswith("/token")]
    assert asked.path == "/token?a=1&service=here&scope=repository%3Ateam%2Fapp%3Apull"
    assert asked.authorization == (f"Basic {auth('me', 'secret')}" if login else None)


def test_a_helper_is_asked_for_the_login(registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    helper = tmp_path / "bin" / "docker-credential-mine"
    helper.parent.mkdir()
    helper.write_text(f'#!/bin/sh\n[ "$1" = get ] && [ "$(cat)" = {registry.host} ] && echo \'{{"Username": "<token>", "Secret": "long"}}\'\n')
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{helper.parent}:/usr/bin:/bin")
    logged_in(tmp_path, credHelpers={registry.host: "mine"}, auths={registry.host: {}})
    registry.image("app", "1", CONFIG, [10])
    registry.wants, registry.challenge = "Bearer t", f'Bearer realm="http://{registry.host}/token",service="s"'
    registry.replies["/token"] = Reply(body=text({"token": "t"}))
    assert Images().get(f"{registry.host}/app:1") is not None
    [asked] = [request for request in registry.requests if request.path == "/token"]
    assert asked.method == "POST"
    assert b"refresh_token=long" in asked.body
    assert b"grant_type=refresh_token" in asked.body


@pytest.mark.parametrize("name", ["../evil", "a b", "none", ""])
def test_a_helper_that_is_not_there_is_no_login(registry: Registry, tmp_path: Path, name: str) -> None:
    logged_in(tmp_path, credHelpers={registry.host: name})
    assert credentials(registry.host) is None


@pytest.mark.parametrize("config", ["{", "[]", '{"auths": 1}', '{"auths": {"HOST": {"auth": "%%"}}}', '{"auths": {"HOST": {"auth": "YQ=="}}}'])
def test_a_broken_configuration_is_no_login(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, config: str) -> None:
    (tmp_path / "config.json").write_text(config.replace("HOST", "registry.example"))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    assert credentials("registry.example") is None


def test_a_login_is_not_shown_where_the_registry_leads_to(registry: Registry, tmp_path: Path) -> None:
    other = Registry()
    try:
        registry.image("app", "1", CONFIG, [10])
        logged_in(tmp_path, auths={registry.host: {"auth": auth("me", "secret")}, other.host: {"auth": auth("you", "theirs")}})
        registry.wants, registry.challenge = f"Basic {auth('me', 'secret')}", BASIC
        for path, reply in list(registry.replies.items()):
            if "/blobs/" in path:
                other.replies["/elsewhere"] = reply
                registry.replies[path] = Reply(307, headers={"Location": f"http://{other.host}/elsewhere"})
        assert Images().get(f"{registry.host}/app:1") is not None
        assert [(request.path, request.authorization) for request in other.requests] == [("/elsewhere", None)]
    finally:
        other.stop()


@pytest.mark.parametrize("to", ["http://example.org/x", "ftp://127.0.0.1/x", "file:///etc/passwd"])
def test_it_is_not_followed_where_nothing_is_encrypted(registry: Registry, to: str) -> None:
    registry.replies["/v2/app/manifests/1"] = Reply(302, headers={"Location": to})
    images = Images()
    assert images.get(f"{registry.host}/app:1") is None
    assert images.failed[f"{registry.host}/app:1"] == f"{registry.host} leads to an address that is not encrypted"


def test_circles_end(registry: Registry) -> None:
    registry.replies["/v2/app/manifests/1"] = Reply(302, headers={"Location": "/v2/app/manifests/1"})
    images = Images()
    assert images.get(f"{registry.host}/app:1") is None
    assert images.failed[f"{registry.host}/app:1"] == f"{registry.host} leads in circles"
    assert len(registry.requests) == 6


def test_a_token_service_that_is_not_encrypted_gets_no_login(registry: Registry, tmp_path: Path) -> None:
    logged_in(tmp_path, auths={registry.host: {"auth": auth("me", "secret")}})
    registry.wants, registry.challenge = "Bearer t", 'Bearer realm="http://example.org/token"'
    images = Images()
    assert images.get(f"{registry.host}/app:1") is None
    assert "not encrypted" in images.failed[f"{registry.host}/app:1"]


def test_a_busy_registry_is_left_alone_for_the_rest_of_the_run(registry: Registry) -> None:
    registry.replies["/v2/app/manifests/1"] = Reply(429, headers={"Retry-After": "1"})
    images = Images()
    assert images.get(f"{registry.host}/app:1") is None
    assert images.get(f"{registry.host}/app:2") is None
    assert "429: it has had too many requests" in images.failed[f"{registry.host}/app:1"]
    assert len(registry.requests) == 1


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "does not answer in JSON"),
        (b"<html>", "does not answer in JSON"),
        (b"\xff\xfe", "does not answer in JSON"),
        (b"[]", "something else than an image"),
        (b"{}", "something else than an image"),
        (b'{"config": {"digest": "sha256:../../etc/passwd"}}', "is no sha256 digest"),
        (b'{"manifests": [{"digest": "../x", "platform": {"os": "linux", "architecture": "amd64"}}]}', "is no sha256 digest"),
        (b'{"layers": [{"size": "x", "digest": "y"}]}', "something else than an image"),
        (b'{"manifests": ' + b"[" * 100_000, "something else than an image"),
        (b'{"x": ' * 100_000, "JSON"),
        (b" " * (4 * 1024 * 1024 + 1), "more than 4194304 bytes"),
    ],
    ids=["nothing", "html", "bytes", "list", "empty", "path", "path in an index", "kinds", "deep list", "deep", "long"],
)
def test_a_bad_answer_is_a_sentence(registry: Registry, body: bytes, why: str) -> None:
    registry.replies["/v2/app/manifests/1"] = Reply(body=body)
    images = Images()
    assert images.get(f"{registry.host}/app:1") is None
    assert why in images.failed[f"{registry.host}/app:1"]


def test_what_is_not_as_its_digest_says_is_refused(registry: Registry) -> None:
    registry.image("app", "1", CONFIG, [10])
    for path, reply in registry.replies.items():
        if "/blobs/" in path:
            reply.body = reply.body.replace(b'"app"', b'"bad"')
    images = Images()
    assert images.get(f"{registry.host}/app:1") is None
    assert "answers with something else than sha256:" in images.failed[f"{registry.host}/app:1"]


@pytest.mark.parametrize("reply", [Reply(endless=True, body=b"x" * 65536), Reply(drip=0.05, endless=True, body=b" "), Reply(drip=5)])
def test_an_answer_without_an_end_ends(registry: Registry, monkeypatch: pytest.MonkeyPatch, reply: Reply) -> None:
    monkeypatch.setattr("dockerlint.lint.online.images.MOST_SECONDS", 0.5)
    monkeypatch.setattr("dockerlint.lint.online.registry_client.PATIENCE", 0.5)
    registry.replies["/v2/app/manifests/1"] = reply
    if reply.drip == 5:
        reply.body = b" "
        reply.headers["Content-Length"] = "2"
    began = time.monotonic()
    images = Images()
    assert images.get(f"{registry.host}/app:1") is None
    assert time.monotonic() - began < 4
    assert images.failed


def test_who_does_not_answer_is_told(registry: Registry) -> None:
    host = registry.host
    registry.stop()
    images = Images()
    assert images.get(f"{host}/app:1") is None
    assert images.failed[f"{host}/app:1"].startswith(f"{host} does not answer: ")


@pytest.mark.parametrize(
    ("reference", "host", "repository", "last"),
    [
        ("debian", "docker.io", "library/debian", "latest"),
        ("debian:12-slim", "docker.io", "library/debian", "12-slim"),
        ("docker.io/debian:12", "docker.io", "library/debian", "12"),
        ("index.docker.io/a/b", "docker.io", "a/b", "latest"),
        ("a/b:1", "docker.io", "a/b", "1"),
        ("localhost/a", "localhost", "a", "latest"),
        ("quay.io:443/a/b/c:x", "quay.io:443", "a/b/c", "x"),
        (f"a.example/b:1@{'sha256:' + 'a' * 64}", "a.example", "b", "sha256:" + "a" * 64),
    ],
)
def test_references(reference: str, host: str, repository: str, last: str) -> None:
    name = name_of(reference)
    assert (name.host, name.repository, name.reference) == (host, repository, last)


@pytest.mark.parametrize(
    "reference",
    ["", ":", "A/b", "a.example/../x", "a.example/b?c=d", "a.example/b#c", "a.example/b@sha256:zz", "a.example@b/c", "a b", "a.example/b:c/d\n", "a/b\x1b[1m", "u:p@a.example/b"],
)
def test_what_is_no_reference_is_asked_nowhere(reference: str) -> None:
    with pytest.raises(RegistryError, match="no reference"):
        name_of(reference)


def test_only_this_machine_is_asked_without_encryption() -> None:
    assert name_of("127.0.0.1:5000/a").address == "http://127.0.0.1:5000/v2/a"
    assert name_of("localhost/a").address == "http://localhost/v2/a"
    assert name_of("localhost.example.org/a").address == "https://localhost.example.org/v2/a"
    assert name_of("127.0.0.1.example.org/a").address == "https://127.0.0.1.example.org/v2/a"
    assert name_of("debian").address == "https://registry-1.docker.io/v2/library/debian"
