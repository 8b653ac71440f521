"""Histories and logs of builders, as rows."""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dockerlint.fixers.cost.measured import MeasuredError, build_log, docker_history

DATA = Path(__file__).parents[3] / "data" / "measured"


def seconds(text: str) -> dict[str, float | None]:
    """The seconds of each step, in the middle, by what stands in the brackets and its words."""
    return {
        " ".join([*row.labels, row.text]): row.figures.seconds.mid if row.figures.seconds else None
        for row in build_log.read(text, "x.log")
    }


def plain(*lines: str) -> str:
    return "".join(f"#{line}\n" for line in lines)


# --- plain ---


def test_a_real_log_of_stages_built_side_by_side() -> None:
    text = (DATA / "multi" / "build.log").read_text(encoding="utf-8")
    assert seconds(text) == {
        "base FROM docker.io/library/busybox": None,
        "base WORKDIR /src": 0.0,
        "right COPY . .": 0.0,
        'right RUN sleep 1; echo right > /right; for i in 1 2 3; do echo "line $i"; sleep 0.2; done': 1.7,
        "left RUN sleep 2 && echo left > /left": 2.1,
        "right RUN echo same > /same": 0.1,
        "left RUN echo same > /same": 0.1,
        "stage-3 COPY --from=left /left /same /": 0.0,
        "stage-3 COPY --from=right /right /r/": 0.0,
    }


def test_a_real_log_from_the_cache_has_no_times() -> None:
    found = seconds((DATA / "multi" / "build-cached.log").read_text(encoding="utf-8"))
    assert len(found) == 9
    assert set(found.values()) == {None}


def test_a_step_that_failed_has_no_time() -> None:
    found = seconds((DATA / "failed" / "build.log").read_text(encoding="utf-8"))
    assert list(found.values()) == [None, 1.1, None]


def test_a_figure_with_one_decimal_has_bounds() -> None:
    amount = build_log.read(plain("1 [1/1] RUN a", "1 DONE 3.0s"), "x")[0].figures.seconds
    assert amount is not None
    assert (amount.low, amount.mid, amount.high) == pytest.approx((2.95, 3.0, 3.05))


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["5 [2/3] RUN a", "5 DONE 1.0s", "5 [2/3] RUN a", "5 DONE 2.5s"], {"RUN a": 2.5}),
        (["5 [2/3] RUN a", "5 0.100 DONE 9.0s", "5 DONE 1.0s"], {"RUN a": 1.0}),
        (["5 [2/3] RUN a", "5 0.1 CACHED", "5 DONE 1.0s"], {"RUN a": 1.0}),
        (["5 [2/3] RUN a", "5 CANCELED"], {"RUN a": None}),
        (["5 [2/3] RUN a", "5 ..."], {"RUN a": None}),
        (["5 [ 2/13] RUN a", "5 DONE 1.0s"], {"RUN a": 1.0}),
        (["5 [build  2/13] RUN a", "5 DONE 1.0s"], {"build RUN a": 1.0}),
        (["5 [linux/arm64 build 2/3] RUN a", "5 DONE 1.0s"], {"linux/arm64 build RUN a": 1.0}),
        (["5 [web build 2/3] RUN a", "5 DONE 1.0s"], {"web build RUN a": 1.0}),
        (["5 [1/3] RUN a", "5 DONE 99999999999999999999s"], {"RUN a": None}),
        (["5 [1/2] FROM b", "5 resolve b done", "5 DONE 0.0s"], {"FROM b": None}),
        (
            ["5 [1/2] FROM b", "5 sha256:0123456789abcdef 29.13MB / 29.13MB 1.2s done", "5 DONE 4.0s"],
            {"FROM b": 4.0},
        ),
        (["5 [1/2] FROM b", "5 extracting sha256:0123456789abcdef 1.1s done", "5 DONE 4.0s"], {"FROM b": 4.0}),
        (["5 [1/2] FROM b", "5 sha256:0123456789abcdef", "5 DONE 4.0s"], {"FROM b": None}),
        (["7 [internal] load build context", "7 DONE 9.0s", "5 [1/1] RUN a", "5 DONE 1.0s"], {"RUN a": 1.0}),
        (
            ["5 [1/1] RUN a", "5 DONE 1.0s", "8 exporting to image", "8 exporting layers 5.0s done", "8 DONE 5.1s"],
            {"RUN a": 1.0},
        ),
        (["5 [1/1] RUN a", "5 DONE 1.0s", "9 pushing x with docker", "9 DONE 5.1s"], {"RUN a": 1.0}),
    ],
)
def test_plain_logs(lines: list[str], expected: dict[str, float | None]) -> None:
    assert seconds(plain(*lines)) == expected


@pytest.mark.parametrize("before", ["2026-01-02T03:04:05.678Z ", "2026-01-02T03:04:05.1234567Z ", "\x1b[34m", "  "])
def test_what_build_services_put_before_lines_is_skipped(before: str) -> None:
    lines = plain("5 [1/1] RUN a", "5 DONE 1.0s").splitlines()
    assert seconds("".join(f"{before}{line}\r\n" for line in lines)) == {"RUN a": 1.0}


@pytest.mark.parametrize("text", ["", "hello\n", "Step 1/2 : FROM a\n", plain("1 [internal] load x", "1 DONE 0.0s")])
def test_what_is_no_log_is_refused(text: str) -> None:
    with pytest.raises(MeasuredError, match=r"^x\.log: it has no BuildKit steps"):
        build_log.read(text, "x.log")


# --- rawjson ---


def stamp(at: float) -> str:
    return f"2026-01-02T03:04:{at:012.9f}Z"


def vertex(name: str, start: float | None = None, end: float | None = None, **more: Any) -> dict[str, Any]:
    times = {"started": stamp(start)} if start is not None else {}
    times |= {"completed": stamp(end)} if end is not None else {}
    return {"digest": f"sha256:{name}", "name": name, **times, **more}


def raw(*statuses: dict[str, Any]) -> str:
    return "".join(json.dumps(status) + "\n" for status in statuses)


RUN = "[1/1] RUN a"


@pytest.mark.parametrize(
    ("vertexes", "expected"),
    [
        ([vertex(RUN), vertex(RUN, 1), vertex(RUN, 1, 3.25)], 2.25),
        ([vertex(RUN, 1, 3), vertex(RUN, 1, 3)], 2.0),
        ([vertex(RUN, 1, 3), vertex(RUN, 5, 6)], 3.0),
        ([vertex(RUN, 1, 3), vertex(RUN, 2, 6)], 5.0),
        ([vertex(RUN, 1, 9), vertex(RUN, 2, 3), vertex(RUN, 5, 6)], 8.0),
        ([vertex(RUN, 1, 1, cached=True)], None),
        ([vertex(RUN, 1, 3, error="exit code: 1")], None),
        ([vertex(RUN, 1)], None),
        ([vertex(RUN, 3, 1)], None),
        ([vertex(RUN, 1, 3) | {"completed": "soon"}], None),
        ([{"Digest": "d", "Name": RUN, "Started": stamp(1), "Completed": stamp(2), "Cached": False}], 1.0),
    ],
)
def test_rawjson(vertexes: list[dict[str, Any]], expected: float | None) -> None:
    key = "Vertexes" if "Name" in vertexes[0] else "vertexes"
    for text in (raw({key: vertexes}), raw(*({key: [item]} for item in vertexes))):
        assert seconds(text)["RUN a"] == (pytest.approx(expected) if expected is not None else None)


def test_rawjson_has_pulls_and_noise() -> None:
    name = "[1/2] FROM docker.io/library/debian:12"
    data = base64.b64encode(b"#1 DONE 99.0s\n").decode()
    fetch = {"id": "sha256:" + "0" * 64, "vertex": f"sha256:{name}", "current": 5, "total": 9, "timestamp": stamp(1)}
    start = raw({"vertexes": [vertex(name, 0, 4), vertex(RUN, 4, 5)]}) + "WARNING: something\n"
    logs = raw({"logs": [{"vertex": f"sha256:{RUN}", "stream": 1, "data": data, "timestamp": stamp(4)}]})
    assert seconds(start + logs)["FROM docker.io/library/debian:12"] is None
    found = seconds(start + raw({"statuses": [fetch]}) + logs)
    assert found == {"FROM docker.io/library/debian:12": pytest.approx(4.0), "RUN a": pytest.approx(1.0)}


def test_rawjson_says_the_same_as_plain() -> None:
    assert seconds((DATA / "multi" / "build.rawjson").read_text(encoding="utf-8")) == {
        name: pytest.approx(value, abs=0.05) if value is not None else None
        for name, value in seconds((DATA / "multi" / "build.log").read_text(encoding="utf-8")).items()
    }


def test_a_cut_line_is_told() -> None:
    text = raw({"vertexes": [vertex(RUN, 1, 2)]})
    with pytest.raises(MeasuredError, match=r"^x\.log:2: .*cut off"):
        build_log.read(text + text[:30], "x.log")


@given(
    st.text(max_size=80) | st.sampled_from(['{"vertexes":[7]}', '{"vertexes":7}', '{"vertexes":[{"digest":1}]}', "{}"])
)
@settings(deadline=None)
def test_any_text_is_a_log_or_a_sentence(noise: str) -> None:
    for text in (noise, f"#1 {noise}\n#1 DONE {noise}s\n", '{"vertexes":[]}\n' + noise):
        with suppress(MeasuredError):
            assert build_log.read(text, "x.log")


# --- histories ---


def entry(size: Any = "5", created_by: Any = "RUN a") -> dict[str, Any]:
    return {"ID": "<missing>", "CreatedBy": created_by, "Size": size, "Comment": "buildkit.dockerfile.v0"}


@pytest.mark.parametrize(
    "text",
    [
        raw(entry("1"), entry("2")),
        json.dumps([entry("1"), entry("2")]),
        json.dumps([entry("1"), entry("2")], indent=2),
        "\ufeff" + raw(entry(1), entry(2)).replace("\n", "\r\n\r\n"),
        json.dumps(entry(1), indent=1) + json.dumps(entry(2)),
    ],
)
def test_a_history_is_objects_or_a_list_of_them_newest_first(text: str) -> None:
    assert [row.figures.adds for row in docker_history.read(text, "x")] == [2, 1]


@pytest.mark.parametrize(
    ("size", "number"),
    [
        (0, 0),
        ("0", 0),
        ("81357438", 81_357_438),
        ("0B", 0),
        ("350kB", 350_000),
        ("273MB", 273_000_000),
        ("81.4MB", 81_400_000),
        ("1.02GB", 1_020_000_000),
        ("1.2 MB", 1_200_000),
    ],
)
def test_sizes(size: Any, number: int) -> None:
    assert docker_history.read(raw(entry(size)), "x")[0].figures.adds == number


@pytest.mark.parametrize("size", [None, "", "much", "-1", -1, True, 1.5, "1e9", "9" * 40, "5XB", [], "99999PB"])
def test_sizes_that_make_no_sense_are_told(size: Any) -> None:
    with pytest.raises(MeasuredError, match=r"^x: entry 1 has no size"):
        docker_history.read(raw(entry(size)), "x")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no history"),
        ("[]", "no history"),
        ("IMAGE  CREATED\n", "x:1: not valid JSON"),
        (raw(entry()) + "{", "x:2: not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        ("7", "entry 1 has no CreatedBy"),
        (raw(entry(), {"Size": "1"}), "entry 2 has no CreatedBy"),
        (raw(entry(created_by=7)), "entry 1 has no CreatedBy"),
    ],
)
def test_what_is_no_history_is_told(text: str, words: str) -> None:
    with pytest.raises(MeasuredError, match=words):
        docker_history.read(text, "x")


def test_people_and_machines_read_the_same_history() -> None:
    machine, people = (
        docker_history.read((DATA / "single" / name).read_text(encoding="utf-8"), name)
        for name in ("history.json", "history-human.json")
    )
    assert [row.text for row in machine] == [row.text for row in people]
    assert [row.figures.adds for row in people] == pytest.approx([row.figures.adds for row in machine], rel=0.01)
