"""Images as files: bytes of layers, and which of them later layers hide."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dockerlint.fixers.cost.measured import MeasuredError, archive_stream, image_archive

if TYPE_CHECKING:
    from dockerlint.fixers.cost.measured.measured_row import Figures

DATA = Path(__file__).parents[3] / "data" / "measured"
MULTI = DATA / "multi"


class Item(NamedTuple):
    """A member of a layer: bytes of a file, a folder (None), a hard link to another path (a text)."""

    path: str
    content: int | str | None


def layer(items: list[Item]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path, content in items:
            info = tarfile.TarInfo(path)
            if content is None:
                info.type = tarfile.DIRTYPE
            elif isinstance(content, str):
                info.type, info.linkname = tarfile.LNKTYPE, content
            else:
                info.size = content
            tar.addfile(info, io.BytesIO(b"x" * info.size))
    return out.getvalue()


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def archived(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def config(layers: list[bytes], **more: Any) -> bytes:
    history = [{"created_by": f"RUN /bin/sh -c step {number} # buildkit"} for number, _ in enumerate(layers)]
    diff_ids = [f"sha256:{digest(data)}" for data in layers]
    return json.dumps({"history": history, "rootfs": {"type": "layers", "diff_ids": diff_ids}, **more}).encode()


def docker_save(layers: list[bytes], **more: Any) -> dict[str, bytes]:
    """The files of what `docker save` wrote before Docker 25."""
    image = config(layers, **more)
    names = [f"{digest(data)}{number}/layer.tar" for number, data in enumerate(layers)]
    manifest = json.dumps([{"Config": f"{digest(image)}.json", "RepoTags": None, "Layers": names}]).encode()
    return {**dict(zip(names, layers, strict=True)), f"{digest(image)}.json": image, "manifest.json": manifest}


def packed(data: bytes, how: str) -> bytes:
    if how == "gzip":
        return gzip.compress(data, mtime=0)
    if how == "zstd":
        return bytes(pytest.importorskip("zstandard").ZstdCompressor().compress(data))
    return data


def oci(layers: list[bytes], how: str = "gzip", platform: dict[str, str] | None = None) -> dict[str, bytes]:
    """The files of an OCI layout."""
    blobs: dict[str, bytes] = {}

    def put(data: bytes) -> dict[str, Any]:
        blobs[f"blobs/sha256/{digest(data)}"] = data
        return {"digest": f"sha256:{digest(data)}", "size": len(data)}

    parts = [put(packed(data, how)) for data in layers]
    manifest = put(json.dumps({"schemaVersion": 2, "config": put(config(layers)), "layers": parts}).encode())
    index = {"schemaVersion": 2, "manifests": [{**manifest, **({"platform": platform} if platform else {})}]}
    return {**blobs, "index.json": json.dumps(index).encode(), "oci-layout": b'{"imageLayoutVersion":"1.0.0"}'}


def figures(data: bytes | dict[str, bytes], platform: str | None = None) -> list[Figures]:
    whole = archived(data) if isinstance(data, dict) else data
    return [row.figures for row in image_archive.read_stream(io.BytesIO(whole), "x.tar", platform)]


def problem(data: bytes | dict[str, bytes], platform: str | None = None) -> str:
    with pytest.raises(MeasuredError) as caught:
        figures(data, platform)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("x.tar: ")
    return str(caught.value)


LAYERS = [
    layer([Item("etc", None), Item("etc/a", 1000), Item("etc/b", 200), Item("big", 5000)]),
    layer([Item("etc/.wh.b", 0), Item("big", 7), Item("new", 30)]),
]
KNOWN = [(6200, 5200), (37, 0)]


# --- real images ---


@pytest.mark.parametrize("name", ["docker-save.tar.gz", "oci.tar", "oci-zstd.tar.gz"])
def test_a_real_image_has_the_bytes_that_docker_says(name: str) -> None:
    if "zstd" in name:
        pytest.importorskip("zstandard")
    rows = image_archive.read(MULTI / name)
    said = [json.loads(line) for line in (MULTI / "history.json").read_text(encoding="utf-8").splitlines()]
    assert [(row.text, row.figures.adds) for row in rows] == [
        (item["CreatedBy"], int(item["Size"])) for item in reversed(said)
    ]
    assert all((row.figures.ships is None) == (name == "docker-save.tar.gz") for row in rows if row.figures.adds)


# --- forms ---


@pytest.mark.parametrize("how", ["plain", "gzip", "zstd"])
def test_layers_are_read_however_they_are_packed(how: str) -> None:
    files = oci(LAYERS, how)
    found = figures(files)
    assert [(item.adds, item.wasted) for item in found] == KNOWN
    sizes = [len(packed(data, how)) for data in LAYERS] if how != "plain" else [None, None]
    assert [item.ships for item in found] == sizes


@pytest.mark.parametrize("how", ["plain", "gzip", "zstd"])
@pytest.mark.parametrize("make", [docker_save, oci])
def test_the_whole_archive_may_be_packed(how: str, make: Any) -> None:
    assert [(item.adds, item.wasted) for item in figures(packed(archived(make(LAYERS)), how))] == KNOWN


@pytest.mark.parametrize("make", [docker_save, oci])
def test_the_order_of_the_files_does_not_matter(make: Any) -> None:
    files = make(LAYERS)
    assert figures(dict(reversed(files.items()))) == figures(files)


@pytest.mark.parametrize("make", [docker_save, oci])
def test_a_folder_is_as_good_as_an_archive(make: Any, tmp_path: Path) -> None:
    for name, data in make(LAYERS).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    assert [row.figures for row in image_archive.read(tmp_path)] == figures(make(LAYERS))


def test_links_do_not_lead_out_of_a_folder(tmp_path: Path) -> None:
    inside = tmp_path / "image"
    inside.mkdir()
    (tmp_path / "manifest.json").write_bytes(b"[]")
    (inside / "manifest.json").symlink_to(tmp_path / "manifest.json")
    with pytest.raises(MeasuredError, match="neither manifest"):
        image_archive.read(inside)


def test_a_layer_that_comes_twice_may_be_a_link() -> None:
    files = docker_save([LAYERS[1], LAYERS[1]])
    first, second = (name for name in files if name.endswith("layer.tar"))
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            if name == second:
                info.type, info.linkname = tarfile.SYMTYPE, f"../{first}"
            else:
                info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    assert [(item.adds, item.wasted) for item in figures(out.getvalue())] == [(37, 37), (37, 0)]


def test_entries_without_a_layer_add_nothing() -> None:
    history = [
        {"created_by": "COPY a /"},
        {"created_by": "ENV A=b", "empty_layer": True},
        {"created_by": "RUN b"},
        {"created_by": "CMD c", "empty_layer": True},
    ]
    assert [item.adds for item in figures(docker_save(LAYERS, history=history))] == [6200, 0, 37, 0]


def test_layers_before_the_history_are_the_bases() -> None:
    rows = image_archive.read_stream(io.BytesIO(archived(docker_save(LAYERS, history=[{"created_by": "RUN b"}]))), "x.tar")
    assert [(row.text, row.figures.adds) for row in rows] == [("", 6200), ("RUN b", 37)]


# --- several platforms ---


def index(*platforms: dict[str, Any]) -> dict[str, bytes]:
    """One layout with an image for each platform; the image's first layer says which."""
    files: dict[str, bytes] = {}
    manifests = []
    for number, platform in enumerate(platforms, 1):
        one = oci([layer([Item("a", number)])], platform=platform)
        manifests += json.loads(one["index.json"])["manifests"]
        files |= one
    return {**files, "index.json": json.dumps({"manifests": manifests}).encode()}


AMD, ARM = {"os": "linux", "architecture": "amd64"}, {"os": "linux", "architecture": "arm64", "variant": "v8"}
NOTED = {"os": "unknown", "architecture": "unknown"}


@pytest.mark.parametrize(
    ("platforms", "asked", "size"),
    [
        ([ARM, AMD], None, 2),
        ([ARM, AMD], "linux/arm64", 1),
        ([ARM, AMD], "linux/arm64/v8", 1),
        ([ARM], None, 1),
        ([ARM, NOTED], None, 1),
        ([AMD, NOTED], "linux/amd64", 1),
    ],
)
def test_a_platform_is_chosen(platforms: list[dict[str, Any]], asked: str | None, size: int) -> None:
    assert [item.adds for item in figures(index(*platforms), asked)] == [size]


def test_an_index_may_lead_to_an_index() -> None:
    files = oci(LAYERS)
    inner = files["index.json"]
    name = f"blobs/sha256/{digest(inner)}"
    outer = {"manifests": [{"digest": f"sha256:{digest(inner)}", "size": len(inner)}]}
    assert figures({**files, name: inner, "index.json": json.dumps(outer).encode()}) == figures(files)


def test_a_platform_that_is_not_there_is_told_with_those_that_are() -> None:
    assert "it has no image for linux/s390x, but for linux/amd64, linux/arm64/v8" in problem(
        index(ARM, AMD), "linux/s390x"
    )
    assert "--platform" in problem(index(ARM, {**ARM, "architecture": "s390x"}))
    assert "2 images for linux/amd64" in problem(index(AMD, AMD))


# --- what is no good ---


def without(files: dict[str, bytes], ending: str) -> dict[str, bytes]:
    return {name: data for name, data in files.items() if not name.endswith(ending)}


def changed(files: dict[str, bytes], name: str, **values: Any) -> dict[str, bytes]:
    return {**files, name: json.dumps({**json.loads(files[name]), **values}).encode()}


def spaced_manifest(files: dict[str, bytes]) -> dict[str, bytes]:
    name = "blobs/" + json.loads(files["index.json"])["manifests"][0]["digest"].replace(":", "/")
    return {**files, name: files[name] + b" "}


def broken_blob(files: dict[str, bytes]) -> dict[str, bytes]:
    name = next(name for name in files if name.startswith("blobs/") and len(files[name]) < 300)
    return {**files, name: files[name][:-1] + bytes([files[name][-1] ^ 1])}


SAVED = docker_save(LAYERS)
LAID = oci(LAYERS)
TWO = json.dumps(json.loads(SAVED["manifest.json"]) * 2).encode()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not a tar archive"),
        (b"FROM debian\n" * 100, "not a tar archive"),
        (gzip.compress(b"no tar" * 1000), "not a tar archive"),
        (archived({"etc/passwd": b"root"}), "neither manifest.json nor index.json"),
        (without(SAVED, "1/layer.tar"), "is missing in it"),
        (without(LAID, digest(packed(LAYERS[1], "gzip"))), "is missing in it"),
        ({**SAVED, "manifest.json": TWO}, "2 images in it"),
        ({**SAVED, "manifest.json": b"[]"}, "0 images in it"),
        ({**SAVED, "manifest.json": b"[1"}, "manifest.json is damaged"),
        ({**SAVED, "manifest.json": b"[" * 100_000}, "manifest.json is damaged"),
        ({**SAVED, "manifest.json": b"[7]"}, "is missing in it"),
        (
            docker_save(LAYERS, rootfs={"diff_ids": ["sha256:" + "0" * 64] * 2}),
            "not those that its configuration names",
        ),
        (docker_save(LAYERS, history=[{}] * 3), "its history has 3 layers, but there are 2"),
        (changed(LAID, "index.json", manifests=[]), "names no image"),
        (changed(LAID, "index.json", manifests=[{"digest": "sha256:../../x"}]), "other than a sha256 digest"),
        (changed(LAID, "index.json", manifests=[{"digest": 3}]), "other than a sha256 digest"),
        (broken_blob(LAID), "image is damaged"),
        (spaced_manifest(LAID), "does not have the content that its name says"),
        (gzip.compress(archived(LAID))[:-1], "cut off"),
        (oci([b"x" * 2000]), "is not a known kind of layer"),
    ],
)
def test_what_is_no_good_is_refused_with_a_sentence(data: Any, words: str) -> None:
    assert words in problem(data)


def test_a_size_that_is_not_the_manifests_is_told() -> None:
    files = oci(LAYERS)
    index_ = json.loads(files["index.json"])
    name = "blobs/" + index_["manifests"][0]["digest"].replace(":", "/")
    manifest = json.loads(files.pop(name))
    manifest["layers"][0]["size"] += 1
    data = json.dumps(manifest).encode()
    index_["manifests"][0] = {"digest": f"sha256:{digest(data)}"}
    files |= {f"blobs/sha256/{digest(data)}": data, "index.json": json.dumps(index_).encode()}
    assert "not as many as the manifest says" in problem(files)


def test_a_file_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(MeasuredError, match="cannot be read: no such file"):
        image_archive.read(tmp_path / "x.tar")


def test_without_zstandard_the_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    files = oci(LAYERS, "zstd")
    monkeypatch.setitem(__import__("sys").modules, "zstandard", None)
    assert "pip install 'dockerlint[zstd]'" in problem(files)


def test_more_bytes_than_make_sense_are_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_archive, "MOST_BYTES", 1_000_000)
    assert "more in the archive than 1,000,000 bytes" in problem(oci([layer([Item("a", 2_000_000)])]))
    assert "more in the archive" in problem(gzip.compress(archived(docker_save([layer([Item("a", 2_000_000)])]))))


def test_layers_are_counted_together(monkeypatch: pytest.MonkeyPatch) -> None:
    many = [layer([Item(f"a{number}", 400_000)]) for number in range(3)]
    monkeypatch.setattr(image_archive, "MOST_BYTES", 1_000_000)
    assert figures(oci(many[:2]))
    assert "more in the archive" in problem(oci(many))


def test_one_layer_many_times_is_counted_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    one = layer([Item(f"f{number}", 0) for number in range(8)])
    monkeypatch.setattr(image_archive, "MOST_ENTRIES", 10)
    assert "files in its layers" in problem(oci([one, one]))


@pytest.mark.parametrize("name", ["[slug].js", "{a}"])
def test_a_layer_may_look_like_a_document(name: str) -> None:
    assert [item.adds for item in figures(docker_save([layer([Item(name, 5)])]))] == [5]


def test_more_files_than_make_sense_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_archive, "MOST_ENTRIES", 10)
    assert "more than 10 files" in problem(oci([layer([Item(f"f{number}", 0) for number in range(20)])]))
    assert "more files in the archive" in problem({f"x{number}": b"" for number in range(20)})


def test_more_documents_than_make_sense_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_archive, "MOST_DOCUMENTS", 1000)
    assert "more documents" in problem({f"{number}.json": b"[" + b" " * 300 for number in range(9)})


def test_a_header_that_says_it_is_huge_is_refused() -> None:
    info = tarfile.TarInfo("pax")
    info.type, info.size = tarfile.XHDTYPE, 1 << 32
    assert "header of" in problem(info.tobuf(tarfile.GNU_FORMAT) + bytes(4096))


def test_headers_that_only_announce_headers_end() -> None:
    info = tarfile.TarInfo("pax")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 2
    assert problem((info.tobuf(tarfile.GNU_FORMAT) + b"a\0".ljust(512, b"\0")) * 5000)


def test_a_member_of_absurd_size_is_cut_off() -> None:
    info = tarfile.TarInfo("a")
    info.size = 1 << 60
    bad = info.tobuf(tarfile.GNU_FORMAT) + b"x" * 5000
    assert problem(oci([bad]))
    assert problem(bad)


# what is not needed does not stand last, where it could be cut off
UNNAMED = without(LAID, "oci-layout")
WHOLE = [archived(SAVED), archived(UNNAMED), gzip.compress(archived(UNNAMED), mtime=0)]


@pytest.mark.parametrize("whole", WHOLE, ids=["saved", "layout", "packed"])
def test_a_cut_archive_is_refused_wherever_it_is_cut(whole: bytes) -> None:
    # the zeros at the end of an archive may be missing
    end = len(whole.rstrip(b"\0")) if whole[:2] != archive_stream.GZIP else len(whole)
    for cut in range(0, end, max(end // 150, 1)):
        # a cut between two members leaves a whole archive, which lacks a file then
        assert problem(whole[:cut])


@pytest.mark.parametrize("whole", WHOLE, ids=["saved", "layout", "packed"])
@given(data=st.data())
@settings(max_examples=120, deadline=None)
def test_flipped_bits_never_give_other_figures(whole: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(whole) - 1))
    flipped = bytearray(whole)
    flipped[at] ^= 1 << data.draw(st.integers(0, 7))
    with suppress(MeasuredError):
        found = [(item.adds, item.wasted) for item in figures(bytes(flipped))]
        assert found == KNOWN


@given(st.binary(max_size=3000))
@settings(max_examples=200, deadline=None)
def test_noise_is_refused(noise: bytes) -> None:
    for data in (noise, b"\x1f\x8b\x08\x00" + noise, b"\x28\xb5\x2f\xfd" + noise, archived({"manifest.json": noise})):
        with pytest.raises(MeasuredError):
            figures(data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["manifests", "layers", "config", "digest", "size", "Layers", "Config", "platform", "os"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON, st.sampled_from(["index.json", "manifest.json"]))
@settings(max_examples=200, deadline=None)
def test_documents_of_any_shape_are_refused(document: Any, name: str) -> None:
    with pytest.raises(MeasuredError):
        figures({**LAID, name: json.dumps(document).encode()})


# --- what later layers hide ---

NAMES = st.sampled_from("abc")
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)


@st.composite
def changesets(draw: st.DrawFn) -> list[list[Item]]:
    """Layers as a builder could write them: no path twice, nothing below a file, links to files of the layer."""
    found = []
    for _ in range(draw(st.integers(1, 4))):
        items: dict[str, int | str | None] = {}
        for path in draw(st.lists(PATHS, max_size=5, unique=True)):
            above = ["/".join(path.split("/")[:end]) for end in range(1, path.count("/") + 1)]
            if any(items.get(name) is not None for name in above) or any(name.startswith(path + "/") for name in items):
                continue
            files = [name for name, content in items.items() if isinstance(content, int) and ".wh." not in name]
            kinds = [st.none(), st.integers(0, 999)] + ([st.sampled_from(files)] if files else [])
            items[path] = draw(st.one_of(kinds))
        for path in draw(st.lists(PATHS, max_size=3, unique=True)):
            folder, _, name = path.rpartition("/")
            where = f"{folder}/" if folder else ""
            items[draw(st.sampled_from([f"{where}.wh.{name}", f"{path}/.wh..wh..opq"]))] = 0
        found.append([Item(*item) for item in draw(st.permutations(list(items.items())))])
    return found


def in_order(items: list[Item]) -> list[Item]:
    """Links behind what they lead to, as an archive needs it."""
    return sorted(items, key=lambda item: isinstance(item.content, str))


Table = dict[str, tuple[int, str] | None]


def without_path(table: Table, path: str, *, itself: bool = True) -> Table:
    return {
        name: node for name, node in table.items() if not name.startswith(path + "/") and not (itself and name == path)
    }


def hide(table: Table, items: list[Item]) -> Table:
    for path, _ in items:
        folder, _, name = path.rpartition("/")
        if name == ".wh..wh..opq":
            table = without_path(table, folder, itself=False)
        elif name.startswith(".wh."):
            table = without_path(table, f"{folder}/{name[4:]}" if folder else name[4:])
    return table


def put(table: Table, path: str, node: tuple[int, str] | None) -> Table:
    for above in ["/".join(path.split("/")[:end]) for end in range(1, path.count("/") + 1)]:
        table = {**(table if table.get(above) is None else without_path(table, above)), above: None}
    stays = node is None and table.get(path) is None
    return {**(table if stays else without_path(table, path)), path: node}


def oracle(layers: list[list[Item]]) -> list[int]:
    """Every path of every layer in one flat table; bytes are lost when no path leads to them any more."""
    table: Table = {}
    sizes: dict[tuple[int, str], int] = {}
    for number, items in enumerate(layers):
        table = hide(table, items)
        for path, content in items:
            if ".wh." in path:
                continue
            if isinstance(content, int):
                sizes[number, path] = content
            node = table[content] if isinstance(content, str) else None if content is None else (number, path)
            table = put(table, path, node)
    left = set(table.values())
    return [
        sum(size for node, size in sizes.items() if node[0] == at and node not in left) for at in range(len(layers))
    ]


@given(changesets(), st.sampled_from(["plain", "gzip", "zstd"]))
@settings(max_examples=300, deadline=None)
def test_hidden_bytes_are_those_that_no_path_leads_to(layers: list[list[Item]], how: str) -> None:
    ordered = [in_order(items) for items in layers]
    found = figures(oci([layer(items) for items in ordered], how))
    assert [item.adds for item in found] == [
        sum(item.content for item in items if isinstance(item.content, int)) for items in ordered
    ]
    assert [item.wasted for item in found] == oracle(ordered)


@pytest.mark.parametrize(
    ("below", "above", "hidden"),
    [
        ([Item("a/b/c", 10), Item("a/d", 5)], [Item(".wh.a", 0)], 15),
        ([Item("a/b/c", 10), Item("a/d", 5)], [Item("a/.wh..wh..opq", 0), Item("a/n", 1)], 15),
        ([Item("a/b", 10)], [Item("a", 3)], 10),
        ([Item("a", 10)], [Item("a", None)], 10),
        ([Item("a", 10)], [Item("a/b", 1)], 10),
        ([Item("a", 10), Item("b", "a")], [Item(".wh.a", 0)], 0),
        ([Item("a", 10), Item("b", "a")], [Item(".wh.a", 0), Item("b", 2)], 10),
        ([Item("./a", 10)], [Item("/a", 2)], 10),
        ([Item("a", 10)], [Item(".wh..wh.plnk", 3), Item(".wh.", 0)], 0),
        ([Item("a", 10)], [Item(".wh.a", 0), Item("a", 4)], 10),
        ([Item("a", 10)], [Item("x", "a")], 0),
    ],
)
def test_hiding(below: list[Item], above: list[Item], hidden: int) -> None:
    assert [item.wasted for item in figures(docker_save([layer(below), layer(above)]))] == [hidden, 0]


def test_deep_paths_do_no_harm() -> None:
    deep = "/".join(["a"] * 20_000)
    assert [item.wasted for item in figures(docker_save([layer([Item(deep, 9)]), layer([Item(".wh.a", 0)])]))] == [9, 0]
