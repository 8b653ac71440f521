"""What `dlint verify` reads of images, and how it holds them against each other."""

from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from dockerlint.fixers.verify import ignored_differences, podman_buildah
from dockerlint.fixers.verify.expected_changes import Aim, Aims
from dockerlint.fixers.verify.image_comparison import Cause, Side, compare_files, compare_settings, without_noise
from dockerlint.fixers.verify.image_files import ArchiveError, ImageEntry, ImageLayer, flatten, read_layer
from dockerlint.fixers.verify.saved_image import Reader
from dockerlint.fixers.verify.workspace import Workspace, source_file
from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.context.build_context import Context
from dockerlint.lint.storage import installation
from dockerlint.lint.syntax.parser import parse

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE = ImageEntry("file", 0o644, 0, 0, 1, "x")
FOLDER = ImageEntry("folder", 0o755, 0, 0)


def tar(*members: tuple[str, dict[str, Any], bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, fields, data in members:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            for field, value in fields.items():
                setattr(member, field, value)
            archive.addfile(member, io.BytesIO(data))
    return out.getvalue()


def layer(*members: tuple[str, dict[str, Any], bytes]) -> ImageLayer:
    return read_layer(io.BytesIO(tar(*members)))


def image(layers: Mapping[str, bytes], config: Mapping[str, Any] | None = None, links: Mapping[str, str] | None = None) -> bytes:
    members: list[tuple[str, dict[str, Any], bytes]] = [(name, {}, data) for name, data in layers.items() if data]
    members += [(name, {"type": tarfile.SYMTYPE, "linkname": target}, b"") for name, target in (links or {}).items()]
    members.append(("blobs/config", {}, json.dumps(config or {}).encode().ljust(600)))
    members.append(("manifest.json", {}, json.dumps([{"Config": "blobs/config", "Layers": list(layers)}]).encode()))
    return tar(*members)


def read(data: bytes) -> Any:
    return Reader().read(io.BytesIO(data))


# ---------------------------------------------------------------- layers


@pytest.mark.parametrize(
    ("fields", "data", "entry"),
    [
        ({"mode": 0o100755, "uid": 7, "gid": 8}, b"", {"kind": "file", "mode": 0o755, "uid": 7, "gid": 8}),
        ({"mode": 0o4755}, b"", {"mode": 0o4755}),
        ({"type": tarfile.DIRTYPE, "mode": 0o1777}, b"", {"kind": "folder", "mode": 0o1777, "size": 0}),
        ({"type": tarfile.SYMTYPE, "linkname": "../x", "mode": 0o640}, b"", {"kind": "link", "target": "../x", "mode": 0o777}),
        ({"type": tarfile.CHRTYPE, "devmajor": 1, "devminor": 3}, b"", {"kind": "character device", "target": "1:3"}),
        ({"type": tarfile.FIFOTYPE}, b"", {"kind": "pipe"}),
        ({}, b"abc", {"size": 3}),
    ],
)
def test_entries(fields: dict[str, Any], data: bytes, entry: dict[str, Any]) -> None:
    found = layer(("./a", fields, data)).entries["/a"]

    assert {name: getattr(found, name) for name in entry} == entry


def test_content_counts_and_time_does_not() -> None:
    one, other, same = (layer(("a", {"mtime": time}, data)).entries["/a"] for time, data in ((1, b"x"), (1, b"y"), (2, b"x")))

    assert one != other
    assert one == same


def test_capabilities_count() -> None:
    plain = layer(("a", {}, b"")).entries["/a"]
    capable = layer(("a", {"pax_headers": {"SCHILY.xattr.security.capability": "\x01\udcff"}}, b"")).entries["/a"]

    assert plain != capable
    assert capable.attributes[0][0] == "security.capability"


def test_hard_links_are_the_file() -> None:
    found = layer(("a", {"mode": 0o600}, b"x"), ("d/b", {"type": tarfile.LNKTYPE, "linkname": "a"}, b""))

    assert found.entries["/d/b"] == found.entries["/a"]
    assert found.size == 1


def test_a_hard_link_to_a_lower_layer() -> None:
    upper = layer(("b", {"type": tarfile.LNKTYPE, "linkname": "./a"}, b""))

    assert flatten([ImageLayer({"/a": FILE}), upper])["/b"] == FILE
    assert flatten([upper])["/b"].kind == "hard link"


@pytest.mark.parametrize(
    ("upper", "left"),
    [
        (ImageLayer({}), {"/a", "/d", "/d/b", "/d/e", "/d/e/f"}),
        (layer((".wh.a", {}, b"")), {"/d", "/d/b", "/d/e", "/d/e/f"}),
        (layer((".wh.d", {}, b"")), {"/a"}),
        (layer(("d/.wh.e", {}, b"")), {"/a", "/d", "/d/b"}),
        (layer(("d/.wh..wh..opq", {}, b""), ("d/new", {}, b"")), {"/a", "/d", "/d/new"}),
        (layer((".wh..wh..opq", {}, b""), ("new", {}, b"")), {"/new"}),
        (layer(("d", {}, b"now a file")), {"/a", "/d"}),
        (layer((".wh.d", {}, b""), ("d", {"type": tarfile.DIRTYPE}, b""), ("d/x", {}, b"")), {"/a", "/d", "/d/x"}),
        (layer(("d", {"type": tarfile.DIRTYPE, "mode": 0o700}, b"")), {"/a", "/d", "/d/b", "/d/e", "/d/e/f"}),
    ],
)
def test_layers_over_each_other(upper: ImageLayer, left: set[str]) -> None:
    lower = ImageLayer({"/a": FILE, "/d": FOLDER, "/d/b": FILE, "/d/e": FOLDER, "/d/e/f": FILE})

    assert set(flatten([lower, upper])) == left
    assert flatten([lower, upper]).keys() >= upper.entries.keys()


NAMES = st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map("/".join)


@given(st.lists(st.tuples(NAMES, st.sampled_from(["file", "folder", "gone"])), max_size=12))
def test_layers_do_what_file_operations_do(steps: list[tuple[str, str]]) -> None:
    """One layer for each operation, held against a model that knows nothing of layers."""
    model: dict[str, str] = {}
    layers = []
    for name, what in steps:
        path = "/" + name
        above = [path[:at] for at in range(1, len(path)) if path[at] == "/"]
        if any(model.get(folder) != "folder" for folder in above):
            continue
        if what != "folder" or model.get(path) != "folder":
            model = {other: kind for other, kind in model.items() if other != path and not other.startswith(path + "/")}
        if what == "gone":
            folder, _, last = name.rpartition("/")
            layers.append(layer((f"{folder}/.wh.{last}".lstrip("/"), {}, b"")))
        else:
            model[path] = what
            layers.append(layer((name, {"type": tarfile.DIRTYPE if what == "folder" else tarfile.REGTYPE}, b"")))

    assert {path: entry.kind for path, entry in flatten(layers).items()} == model


# ---------------------------------------------------------------- archives


def test_an_archive() -> None:
    layers = {"1/layer.tar": tar(("a", {}, b"12")), "2/layer.tar": tar(("b", {}, b"345"), (".wh.a", {}, b""))}
    config = {"history": [{"created_by": "one"}, {"created_by": "ENV", "empty_layer": True}, {"comment": "two"}]}

    found = read(image(layers, config))

    assert set(found.files) == {"/b"}
    assert found.size == 5
    assert [(step.size, step.instruction) for step in found.steps] == [(2, "one"), (3, "two")]


def test_compressed_layers_and_links_to_layers() -> None:
    layers = {"blobs/sha256/1": gzip.compress(tar(("a", {}, os.urandom(2000)))), "legacy/layer.tar": b""}

    found = read(image(layers, links={"legacy/layer.tar": "../blobs/sha256/1"}))

    assert len(found.layers) == 2
    assert set(found.files) == {"/a"}


@pytest.mark.parametrize("name", ["1/layer.tar", "blobs/sha256/" + "a" * 64])
def test_a_layer_is_known_by_its_digest_alone(name: str) -> None:
    reader = Reader()
    first, second = (reader.read(io.BytesIO(image({name: tar(("a", {}, data))}))) for data in (b"1", b"2"))

    assert (first.files == second.files) == ("a" * 64 in name)


GOOD = image({"1/layer.tar": tar(("a", {}, b"x" * 5000))})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no archive",
        tar(),
        tar(("manifest.json", {}, b"[]")),
        tar(("manifest.json", {}, b"{")),
        tar(("manifest.json", {}, b"[1]")),
        tar(("manifest.json", {}, b'[{"Config": "c", "Layers": ["l"]}]'), ("c", {}, b"{}")),
        tar(("manifest.json", {}, b'[{"Config": "c", "Layers": null}]'), ("c", {}, b"{")),
        image({"1/layer.tar": b"\x28\xb5\x2f\xfd" + os.urandom(1000)}),
        image({"1/layer.tar": b""}, links={"1/layer.tar": "../2/layer.tar", "2/layer.tar": "../1/layer.tar"}),
        GOOD[:3000],
        GOOD[:6000],
    ],
)
def test_what_is_no_archive(data: bytes) -> None:
    with pytest.raises(ArchiveError):
        read(data)


def test_an_image_without_layers() -> None:
    assert read(image({})).files == {}


@given(st.binary(max_size=2000))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with suppress(ArchiveError):
        read_layer(io.BytesIO(data))


@given(st.integers(0, len(GOOD)), st.binary(max_size=4))
def test_damaged_archives_are_read_or_refused(at: int, data: bytes) -> None:
    with suppress(ArchiveError):
        read(GOOD[:at] + data + GOOD[at + len(data) :])


# ---------------------------------------------------------------- files


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"mode": 0o600}, "mode 644 -> 600"),
        ({"uid": 5}, "owner 0:0 -> 5:0"),
        ({"digest": "y"}, "content"),
        ({"digest": "y", "size": 3}, "content, 1 -> 3 bytes"),
        ({"kind": "folder"}, "file -> folder"),
        ({"target": "z"}, "target  -> z"),
        ({"attributes": (("a", "b"),)}, "extended attributes"),
    ],
)
def test_what_differs(change: dict[str, Any], what: str) -> None:
    (found,) = compare_files({"/a": FILE}, {"/a": replace(FILE, **change)}, Aims())

    assert found.side is Side.BOTH
    assert found.what == (what,)
    assert found.cause is Cause.UNEXPLAINED


OTHER = replace(FILE, digest="y")
MODE = replace(FILE, mode=0o600)


@pytest.mark.parametrize(
    ("path", "before", "after", "cause"),
    [
        ("/var/log/dpkg.log", FILE, OTHER, Cause.NOISE),
        ("/var/log/dpkg.log", FILE, MODE, Cause.UNEXPLAINED),
        ("/var/log/dpkg.log", FILE, None, Cause.UNEXPLAINED),
        ("/var/logs", FILE, OTHER, Cause.UNEXPLAINED),
        ("/app/__pycache__/a.cpython-312.pyc", FILE, OTHER, Cause.NOISE),
        ("/app/__pycache__/a.cpython-312.pyc", None, FILE, Cause.UNEXPLAINED),
        ("/app/a.pyc", FILE, OTHER, Cause.UNEXPLAINED),
        ("/etc/shadow", FILE, OTHER, Cause.NOISE),
        ("/etc/passwd", FILE, OTHER, Cause.UNEXPLAINED),
        ("/etc/passwd-", FILE, OTHER, Cause.NOISE),
        ("/etc/ssl/certs/0a1b2c3d.0", FILE, None, Cause.NOISE),
        ("/etc/ssl/certs/own.pem", FILE, None, Cause.UNEXPLAINED),
        ("/root/.npm/_logs/now.log", None, FILE, Cause.NOISE),
        ("/root/.npm/_logs/now.log", FILE, MODE, Cause.UNEXPLAINED),
        ("/root/.npm/_logs/now.log", ImageEntry("pipe", 0o644, 0, 0), None, Cause.UNEXPLAINED),
        ("/srv/cache/x", FILE, OTHER, Cause.FIXES),
        ("/srv/cache/x", FILE, None, Cause.FIXES),
        ("/srv/cache", FOLDER, None, Cause.FIXES),
        ("/srv/cache-of-mine", FILE, None, Cause.UNEXPLAINED),
        ("/srv", FOLDER, None, Cause.FIXES),
        ("/srv", FOLDER, replace(FOLDER, mode=0o700), Cause.UNEXPLAINED),
    ],
)
def test_why_it_differs(path: str, before: ImageEntry | None, after: ImageEntry | None, cause: Cause) -> None:
    aims = Aims((Aim("/srv/cache", "the cache"),))
    (found,) = compare_files({path: before} if before else {}, {path: after} if after else {}, aims)

    assert found.cause is cause
    assert bool(found.why) == (cause is not Cause.UNEXPLAINED)


def test_a_folder_with_something_else_in_it_is_not_explained() -> None:
    before = {"/srv": FOLDER, "/srv/cache": FILE, "/srv/data": FILE, "/opt": FOLDER, "/opt/.npm": FOLDER}
    before |= {"/opt/.npm/_logs": FOLDER, "/opt/.npm/_logs/a": FILE}

    found = {item.path: item.cause for item in compare_files(before, {}, Aims((Aim("/srv/cache", ""),)))}

    assert found["/srv"] is Cause.UNEXPLAINED
    assert found["/srv/cache"] is Cause.FIXES
    assert found["/opt"] is Cause.NOISE


def test_noise_is_proven_by_a_second_build() -> None:
    found = compare_files({"/a": FILE, "/b": FILE}, {"/a": OTHER, "/b": OTHER}, Aims())

    assert [item.cause for item in without_noise(found, {"/a"})] == [Cause.NOISE, Cause.UNEXPLAINED]


def test_the_table_of_noise_says_why() -> None:
    text = Path(installation.TOP, ignored_differences.DATA).read_text(encoding="utf-8")

    assert all(item.why for item in ignored_differences.known())
    assert text.count("[[noise]] #") == len(ignored_differences.known())


# ---------------------------------------------------------------- settings


@pytest.mark.parametrize(
    ("before", "after", "names"),
    [
        ({"Cmd": None}, {"Cmd": []}, []),
        ({"Cmd": ["a"]}, {"Cmd": ["b"]}, ["Cmd"]),
        ({"Entrypoint": ["a"]}, {}, ["Entrypoint"]),
        ({"Env": ["A=1", "B=2"]}, {"Env": ["B=2", "A=1"]}, []),
        ({"Env": ["A=1"]}, {"Env": ["A=2", "B="]}, ["Env A"]),
        ({"Labels": {"a": "1"}}, {"Labels": {"a": "2"}}, ["Label a"]),
        ({"Labels": {"dlint.verify": "1"}}, {"Labels": {"dlint.verify": "2"}}, []),
        ({"ExposedPorts": {"80/tcp": {}}}, {}, ["ExposedPorts"]),
        ({"Volumes": {"/a": {}}}, {"Volumes": {"/a": {}, "/b": {}}}, ["Volumes"]),
        ({"Healthcheck": {"Test": ["NONE"]}}, {}, ["Healthcheck"]),
        ({"StopSignal": "9"}, {"StopSignal": "SIGKILL"}, ["StopSignal"]),
        ({"Shell": ["sh"]}, {}, ["Shell"]),
        ({"User": "a", "WorkingDir": "/"}, {"User": "b", "WorkingDir": "/x"}, ["User", "WorkingDir"]),
        ({"Hostname": "a", "Image": "b"}, {}, []),
    ],
)
def test_settings(before: dict[str, Any], after: dict[str, Any], names: list[str]) -> None:
    found = compare_settings({"config": before, "os": "linux"}, {"config": after, "os": "linux"}, Aims())

    assert [item.name for item in found] == names
    assert all(item.cause is Cause.UNEXPLAINED for item in found)


def test_author_and_platform() -> None:
    assert [item.name for item in compare_settings({"author": "me"}, {}, Aims())] == ["author"]
    assert [item.name for item in compare_settings({"architecture": "a"}, {"architecture": "b"}, Aims())] == ["architecture"]


def test_settings_that_the_fixes_are_about() -> None:
    aims = Aims(fields=frozenset({"Cmd"}), labels=frozenset({"a"}))

    found = compare_settings({"config": {"Cmd": ["a"], "User": "a"}}, {"config": {"Labels": {"a": "1", "b": "1"}}}, aims)

    assert {item.name: item.cause for item in found} == {
        "User": Cause.UNEXPLAINED,
        "Cmd": Cause.FIXES,
        "Label a": Cause.FIXES,
        "Label b": Cause.UNEXPLAINED,
    }


# ---------------------------------------------------------------- what the fixes are about


@pytest.mark.parametrize(
    ("before", "after", "paths"),
    [
        ("RUN a", "RUN a && rm -rf /var/lib/apt/lists/*", {"/var/lib/apt/lists"}),
        ("RUN a && rm -rf /x/y", "RUN rm -rf /x/y && a", set()),
        ("RUN a\nRUN rm -rf /x/y", "RUN a && rm -rf /x/y", set()),
        ("RUN a", "RUN a && rm -rf / /* $HOME/x ~/.cache/pip", {"/root/.cache/pip", "/root/x"}),
        ("RUN a", "RUN a && rm -rf $SOMEWHERE/y `b`/z", set()),
        ("RUN a", "WORKDIR /opt\nRUN rm a.tgz", {"/opt/a.tgz"}),
        ("RUN a", "WORKDIR /opt\nRUN cd /tmp && rm b/a.tgz", {"/**/a.tgz"}),
        ("RUN pip install x", "RUN --mount=type=cache,target=/root/.cache/pip pip install x", {"/root/.cache/pip"}),
        ("RUN pip install x", "RUN --mount=type=bind,target=/src pip install x", set()),
        ("RUN pip install x", "RUN pip install --no-cache-dir x", {"/root/.cache/pip"}),
        ("USER app\nRUN pip install x", "USER app\nRUN pip install --no-cache-dir x", {"/home/app/.cache/pip"}),
        ("RUN npm ci", "RUN npm ci && npm cache clean --force", {"/root/.npm"}),
    ],
)
def test_aims(before: str, after: str, paths: set[str]) -> None:
    one, other = (Facts(doc) for doc in (parse(f"FROM debian\n{text}\n") for text in (before, after)))

    assert {aim.path for aim in Aims.of(one, other, ()).paths} == paths


def test_aims_of_codes() -> None:
    facts = Facts(parse("FROM debian\n"))

    aims = Aims.of(facts, facts, ["DL4000", "DL3046", "DL3025", "XX1"])

    assert aims.labels == {"org.opencontainers.image.authors"}
    assert aims.fields == {"author", "Cmd", "Entrypoint"}
    assert {aim.path for aim in aims.paths} == {"/var/log/lastlog", "/var/log/faillog"}


# ---------------------------------------------------------------- the copy of the context


def test_the_copy_of_a_context(tmp_path: Path) -> None:
    root = tmp_path / "project"
    for name in ("src/deep", "empty", "out/kept", "logs"):
        (root / name).mkdir(parents=True)
    for name, text in {
        "src/deep/a.py": "1",
        "out/kept/b": "2",
        "out/c": "3",
        "logs/d.log": "4",
        ".dockerignore": "out\n!out/kept\nlogs\n",
    }.items():
        (root / name).write_text(text)
    (root / "link").symlink_to("src")
    (root / "gone").symlink_to("/nowhere")
    (root / "src/deep/a.py").chmod(0o751)
    (root / "empty").chmod(0o500)
    os.mkfifo(root / "pipe")
    (tmp_path / "work").mkdir()

    made = Workspace.of(Context.of(root), tmp_path / "work")

    assert made.copied
    found = {str(path.relative_to(made.context)) for path in made.context.rglob("*")}
    assert found == {"src", "src/deep", "src/deep/a.py", "empty", "out", "out/kept", "out/kept/b", ".dockerignore", "link", "gone"}
    assert (made.context / "link").is_symlink()
    assert (made.context / "src/deep/a.py").stat().st_mode & 0o777 == 0o751
    assert (made.context / "empty").stat().st_mode & 0o777 == 0o500
    (root / "empty").chmod(0o700)
    (made.context / "empty").chmod(0o700)


@pytest.mark.parametrize(
    ("copies", "name"),
    [
        ("COPY . .", "app.py"),
        ("COPY requirements.txt .", None),
        ("COPY README.md .", "README.md"),
        ("COPY sub/ ./", "sub/b.py"),
        ("COPY --from=x app.py .", None),
        ("RUN a", None),
        ("COPY link.py .", None),
    ],
)
def test_the_file_that_is_edited(tmp_path: Path, copies: str, name: str | None) -> None:
    (tmp_path / "sub").mkdir()
    for file in ("README.md", "app.py", "requirements.txt", "sub/b.py", "Dockerfile", ".env", "a.txt"):
        (tmp_path / file).write_text("")
    (tmp_path / "link.py").symlink_to("app.py")
    context = Context.of(tmp_path)
    facts = Facts(parse(f"FROM debian\n{copies}\n"), context)

    assert source_file(facts, context) == name


# ---------------------------------------------------------------- stores


def test_mounts_below_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = tmp_path / "mountinfo"
    table.write_text("1 2 0:3 / / rw - ext4 x rw\n4 5 0:6 /a /s/dlint-verify-1/root rw - overlay x rw\n7 8 0:9 / /s/dlint-verify-12 rw - x\n")
    monkeypatch.setattr(podman_buildah, "MOUNTS", table)

    assert podman_buildah._mounts_below(tmp_path.__class__("/s/dlint-verify-1")) == ["/s/dlint-verify-1/root"]
