"""Look-ups against a registry on this machine, which misbehaves as it is told to."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("httpx")

import httpx

import dockerlint.lint
from dockerlint.lint.online.credentials import credentials
from dockerlint.lint.online.images import Images, name_of
from dockerlint.lint.online.registry_client import RegistryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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
        (b'{"config": {"digest": "sha256:../../etc/passwd"}}', "is not a sha256 digest"),
        (b'{"manifests": [{"digest": "../x", "platform": {"os": "linux", "architecture": "amd64"}}]}', "is not a sha256 digest"),
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
    with pytest.raises(RegistryError, match="not an image reference"):
        name_of(reference)


def test_only_this_machine_is_asked_without_encryption() -> None:
    assert name_of("127.0.0.1:5000/a").address == "http://127.0.0.1:5000/v2/a"
    assert name_of("localhost/a").address == "http://localhost/v2/a"
    assert name_of("localhost.example.org/a").address == "https://localhost.example.org/v2/a"
    assert name_of("127.0.0.1.example.org/a").address == "https://127.0.0.1.example.org/v2/a"
    assert name_of("debian").address == "https://registry-1.docker.io/v2/library/debian"


# ------------------------------------------------------------ the command line

PACKAGE = Path(dockerlint.lint.__file__).parents[2]
OLD = "sha256:" + "0" * 64


@dataclass
class Ran:
    status: int
    out: str
    err: str


@pytest.fixture
def dlint(registry: Registry, tmp_path: Path) -> Callable[..., Ran]:
    """Runs dlint in a folder with a Dockerfile."""

    def run(dockerfile: str, *words: str) -> Ran:
        (tmp_path / "Dockerfile").write_text(dockerfile, encoding="utf-8")
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("DLINT_")},
            "PYTHONPATH": str(PACKAGE),
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
            "DOCKER_CONFIG": str(tmp_path / "docker"),
        }
        done = subprocess.run(
            [sys.executable, "-m", "dockerlint.lint.cli", *words], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    return run


def test_nothing_is_asked_unless_the_user_asks(registry: Registry, dlint: Callable[..., Ran]) -> None:
    registry.image("app", "1", CONFIG, [10])
    dlint(f"FROM {registry.host}/app:1\n", "--preset", "all", "Dockerfile")
    dlint(f"FROM {registry.host}/app:1\n", "cost", "Dockerfile")
    assert registry.requests == []


def test_fix_pins_the_digest_and_unsafe_fixes_refresh_it(registry: Registry, dlint: Callable[..., Ran], tmp_path: Path) -> None:
    now = registry.image("app", "1", CONFIG, [10])
    image = f"{registry.host}/app:1"
    done = dlint(f"FROM {image} AS base\nFROM base\n", "--online", "--select", "DF503", "--fix", "Dockerfile")
    assert done.status == 0, done.err
    assert (tmp_path / "Dockerfile").read_text() == f"FROM {image}@{now} AS base\nFROM base\n"

    pinned = f"FROM {image}@{OLD}\n"
    found = dlint(pinned, "--online", "--select", "DF503", "--fix", "Dockerfile")
    assert f"`{image}` now points to another image ({now[7:19]}) than this digest [?]" in found.out
    assert (tmp_path / "Dockerfile").read_text() == pinned
    dlint(pinned, "--online", "--select", "DF503", "--fix", "--unsafe-fixes", "Dockerfile")
    assert (tmp_path / "Dockerfile").read_text() == f"FROM {image}@{now}\n"


def test_a_variable_is_not_pinned(registry: Registry, dlint: Callable[..., Ran], tmp_path: Path) -> None:
    registry.image("app", "1", CONFIG, [10])
    text = f"ARG TAG=1\nFROM {registry.host}/app:$TAG\n"
    dlint(text, "--online", "--select", "DF503", "--fix", "Dockerfile")
    assert (tmp_path / "Dockerfile").read_text() == text


def codes(done: Ran) -> set[str]:
    return {finding["code"] for finding in json.loads(done.out)}


def test_rules_know_the_user_the_variables_and_the_platforms(registry: Registry, dlint: Callable[..., Ran]) -> None:
    registry.image("own", "1", {"User": "app", "Env": ["HOME_OF=/x"]}, [10])
    registry.image("root", "1", {}, [10])
    own = f"FROM --platform=linux/arm64 {registry.host}/own:1\nRUN echo $HOME_OF > /tmp/x\nCOPY $HOME_OF $OTHER_OF /y/\n"
    found = dlint(own, "--online", "--select", "DF401,DF602,DF607", "--format", "json", "Dockerfile")
    assert [(item["code"], item["line"]) for item in json.loads(found.out)] == [("DF607", 1), ("DF602", 3)]
    assert "is for linux/amd64, but the build asks for linux/arm64" in found.out
    assert "OTHER_OF" in found.out
    root = dlint(own.replace("own:1", "root:1"), "--online", "--preset", "all", "--select", "DF401", "--format", "json", "Dockerfile")
    assert codes(root) == {"DF401"}


def test_costs_have_the_size_that_is_measured(registry: Registry, dlint: Callable[..., Ran]) -> None:
    registry.image("app", "1", CONFIG, [10_000_000, 2_345_678])
    found = dlint(f"FROM {registry.host}/app:1\n", "cost", "--online", "--format", "json", "Dockerfile")
    [step] = json.loads(found.out)["steps"]
    assert step["ships"] == {"low": 12345678.0, "mid": 12345678.0, "high": 12345678.0, "basis": "measured"}


def test_what_cannot_be_looked_up_is_a_note_and_the_rest_is_done(registry: Registry, dlint: Callable[..., Ran]) -> None:
    text = f"FROM {registry.host}/none:1\nADD x /\n"
    for words in (["--online", "--select", "DL3020", "Dockerfile"], ["cost", "--online", "Dockerfile"]):
        done = dlint(text, *words)
        assert f"Dockerfile:1: {registry.host}/none:1 was not looked up: {registry.host} answers 404: it has no such image" in done.err
        assert done.status < 2
        assert "Traceback" not in done.err


# ------------------------------------------------------------ Debian's docker-registry

# Of `me` and `secret`, by `htpasswd -nbB`.
PASSWORDS = "me:$2y$05$qZZQf9.nV59Y6qH4tMUXe.CoqP40h0cg47i1SZj.2mNH4miGqvtRO"
CONFIGURATION = """\
version: 0.1
log: {{level: error, accesslog: {{disabled: true}}}}
storage:
  filesystem: {{rootdirectory: {root}}}
http: {{addr: "127.0.0.1:{port}"}}
auth:
  htpasswd: {{realm: here, path: {root}/passwords}}
"""


@pytest.fixture
def real(tmp_path: Path) -> Iterator[str]:
    """The host of a real registry that wants a login."""
    program = shutil.which("docker-registry")
    if program is None:
        pytest.skip("Debian's package docker-registry is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    root = tmp_path / "registry"
    root.mkdir()
    (root / "passwords").write_text(f"{PASSWORDS}\n")
    (root / "config.yml").write_text(CONFIGURATION.format(root=root, port=port))
    server = subprocess.Popen([program, "serve", str(root / "config.yml")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.05)
        yield f"127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait()


def push(host: str, name: str, tag: str, config: dict[str, Any], layers: list[bytes], kind: str, config_kind: str, layer_kind: str) -> str:
    with httpx.Client(base_url=f"http://{host}", auth=("me", "secret")) as http:
        found = []
        for data in (text(config), *layers):
            started = http.post(f"/v2/{name}/blobs/uploads/")
            url = httpx.URL(started.headers["Location"]).copy_merge_params({"digest": digest(data)})
            assert http.put(url, content=data).status_code == 201
            found.append({"digest": digest(data), "size": len(data)})
        manifest = {
            "schemaVersion": 2,
            "mediaType": kind,
            "config": {"mediaType": config_kind, **found[0]},
            "layers": [{"mediaType": layer_kind, **layer} for layer in found[1:]],
        }
        return put_manifest(http, name, tag, manifest)


def put_manifest(http: httpx.Client, name: str, tag: str, manifest: dict[str, Any]) -> str:
    data = text(manifest)
    done = http.put(f"/v2/{name}/manifests/{tag}", content=data, headers={"Content-Type": manifest["mediaType"]})
    assert done.status_code == 201, done.text
    return digest(data)


OCI_KINDS = (MANIFEST, "application/vnd.oci.image.config.v1+json", "application/vnd.oci.image.layer.v1.tar+gzip", INDEX)
DOCKER_KINDS = (
    DOCKER, "application/vnd.docker.container.image.v1+json", "application/vnd.docker.image.rootfs.diff.tar.gzip", DOCKER_LIST,
)  # fmt: skip


@pytest.mark.parametrize(("manifest", "config", "layer", "index"), [OCI_KINDS, DOCKER_KINDS], ids=["oci", "docker"])
def test_a_real_registry(registry: Registry, real: str, tmp_path: Path, manifest: str, config: str, layer: str, index: str) -> None:
    images = {
        platform: push(
            real, "team/app", f"v1-{platform}",
            {"os": "linux", "architecture": platform, "config": {"User": user, "Env": ["PATH=/bin"]}, "rootfs": {"type": "layers", "diff_ids": []}},
            [b"x" * size], manifest, config, layer,
        )
        for platform, user, size in (("amd64", "app", 1000), ("arm64", "", 2000))
    }  # fmt: skip
    with httpx.Client(base_url=f"http://{real}", auth=("me", "secret")) as http:
        listed = [
            {"mediaType": manifest, "digest": of, "size": 1, "platform": {"os": "linux", "architecture": platform}}
            for platform, of in images.items()
        ]
        top = put_manifest(http, "team/app", "v1", {"schemaVersion": 2, "mediaType": index, "manifests": listed})
    anonymous = Images()
    assert anonymous.get(f"{real}/team/app:v1") is None
    assert "401" in anonymous.failed[f"{real}/team/app:v1"]
    logged_in(tmp_path, auths={real: {"auth": auth("me", "secret")}})
    found = Images().get(f"{real}/team/app:v1")
    assert found is not None
    assert (found.digest, found.platforms, found.layers, found.user) == (top, ("linux/amd64", "linux/arm64"), (1000,), "app")
    arm = Images().get(f"{real}/team/app:v1", "linux/arm64")
    assert arm is not None
    assert (arm.layers, arm.user) == ((2000,), "root")
    missing = Images()
    assert missing.get(f"{real}/team/app:v2") is None
    assert "404" in missing.failed[f"{real}/team/app:v2"]
