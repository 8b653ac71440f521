"""Which step each measured row is about."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dockerlint.fixers.cost.bounded import Amount
from dockerlint.fixers.cost.build_graph import BuildGraph
from dockerlint.fixers.cost.measured import (
    Figures,
    Measurements,
    build_log,
    docker_history,
    image_archive,
    step_match,
    step_wording,
)
from dockerlint.fixers.cost.measured.measured_row import Row
from dockerlint.lint.analysis.build_state import Settings
from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.syntax.parser import parse

if TYPE_CHECKING:
    from collections.abc import Sequence

DATA = Path(__file__).parents[3] / "data" / "measured"


def facts_of(text: str, **more: Any) -> Facts:
    return Facts(parse(text), settings=Settings(**more))


def instructions(facts: Facts, found: dict[int, Figures]) -> dict[str, int | None]:
    graph = BuildGraph.of(facts)
    return {step_match.text(graph.steps[number], facts): figures.adds for number, figures in sorted(found.items())}


def of_image(facts: Facts, *rows: tuple[str, int]) -> dict[str, int | None]:
    found = step_match.of_image([Row(text, Figures(adds=size)) for text, size in rows], BuildGraph.of(facts), facts)
    return instructions(facts, found)


def of_log(facts: Facts, *rows: tuple[str, float]) -> dict[tuple[int, str], float]:
    lines = "".join(f"#{number} {name}\n#{number} DONE {time:.1f}s\n" for number, (name, time) in enumerate(rows))
    graph = BuildGraph.of(facts)
    found = step_match.of_log(build_log.read(lines, "x"), graph, facts)
    return {
        (graph.steps[number].stage, step_match.text(graph.steps[number], facts)): figures.seconds.mid
        for number, figures in found.items()
        if figures.seconds is not None
    }


# --- real builds ---

SINGLE = {
    "FROM debian:bookworm-slim": 81_357_438,
    "WORKDIR ${APP}": 0,
    "RUN mkdir -p /data /cache && head -c 300000 /dev/zero >/data/big && head -c 50000 /dev/urandom > /cache/tmp": 350_000,
    "COPY a.txt b.txt ./": 5,
    "RUN rm -rf /cache && echo $VERSION > /data/version": 4,
    "COPY conf ${APP}/conf": 4,
    'RUN ["/bin/sh", "-c", "echo exec > /data/exec"]': 5,
    "RUN sleep 1 && head -c 1000 /dev/zero >/data/big": 1000,
}


@pytest.mark.parametrize("name", ["history.json", "history-legacy.json", "history-cut.json"])
def test_histories_of_one_file_by_two_builders(name: str) -> None:
    facts = facts_of((DATA / "single" / "Dockerfile").read_text(encoding="utf-8"))
    rows = docker_history.read((DATA / "single" / name).read_text(encoding="utf-8"), name)
    found = instructions(facts, step_match.of_image(rows, BuildGraph.of(facts), facts))
    assert found == {text: size for text, size in SINGLE.items() if text in found}
    assert len(found) >= (8 if "cut" not in name else 4)


def test_a_log_of_one_stage() -> None:
    facts = facts_of((DATA / "single" / "Dockerfile").read_text(encoding="utf-8"))
    rows = build_log.read((DATA / "single" / "build.log").read_text(encoding="utf-8"), "x")
    found = step_match.of_log(rows, BuildGraph.of(facts), facts)
    times = [found[number].seconds for number in range(8)]
    assert [time.mid if time else None for time in times] == [None, 0.0, 0.1, 0.0, 0.1, 0.0, 0.1, 1.1]


@pytest.mark.parametrize("name", ["build.log", "build.rawjson"])
def test_a_log_of_stages_with_the_same_words(name: str) -> None:
    facts = facts_of((DATA / "multi" / "Dockerfile").read_text(encoding="utf-8"))
    graph = BuildGraph.of(facts)
    found = step_match.of_log(build_log.read((DATA / "multi" / name).read_text(encoding="utf-8"), "x"), graph, facts)
    assert len(found) == 9
    slow = {
        graph.steps[at].stage: item.seconds.mid for at, item in found.items() if item.seconds and item.seconds.mid > 1
    }
    assert slow == {1: pytest.approx(2.1, abs=0.05), 2: pytest.approx(1.7, abs=0.05)}


def test_an_image_is_of_the_last_stage() -> None:
    facts = facts_of((DATA / "multi" / "Dockerfile").read_text(encoding="utf-8"))
    rows = image_archive.read(DATA / "multi" / "docker-save.tar.gz")
    found = instructions(facts, step_match.of_image(rows, BuildGraph.of(facts), facts))
    assert found == {"COPY --from=left /left /same /": 10, "COPY --from=right /right /r/": 6}


# --- words ---


@pytest.mark.parametrize(
    ("step", "row"),
    [
        ("RUN a && b", "RUN /bin/sh -c a && b # buildkit"),
        ("RUN a \\\n  # why\n  && b", "RUN /bin/sh -c a   && b # buildkit"),
        ("RUN --mount=type=cache,target=/c a", "RUN /bin/sh -c a # buildkit"),
        ("RUN a", "/bin/sh -c a"),
        ("RUN a", "|2 A=1 B=two words /bin/sh -c a"),
        ("RUN a", "RUN |1 A=/bin/sh -c /bin/sh -c a # buildkit"),
        ("RUN a", "a"),
        ('SHELL ["/bin/bash", "-o", "pipefail", "-c"]\nRUN a', "RUN /bin/bash -o pipefail -c a # buildkit"),
        ('RUN ["a", "b c"]', "RUN a b c # buildkit"),
        ("RUN echo $X", "RUN /bin/sh -c echo $X # buildkit"),
        ("RUN <<EOF\napt-get update\nmore\nEOF", "RUN /bin/sh -c apt-get update\nmore\n # buildkit"),
        ("RUN cat <<EOF >/x\nhey\nEOF", "RUN /bin/sh -c cat <<EOF >/x\nhey\nEOF # buildkit"),
        ("COPY a b ./", "COPY a b ./ # buildkit"),
        ("COPY --chown=1 --from=0 a /b", "COPY a /b # buildkit"),
        ("COPY a /b", "/bin/sh -c #(nop) COPY file:0123456789abcdef in /b "),
        ("ADD a b /c/", "/bin/sh -c #(nop) ADD multi:0123456789abcdef in /c/ "),
        ("WORKDIR /w\nCOPY a b", "/bin/sh -c #(nop) COPY dir:0123456789abcdef in /w/b "),
        ('COPY ["a b", "/c"]', "COPY a b /c # buildkit"),
        ("ARG D=/x\nCOPY a ${D}/y", "COPY a /x/y # buildkit"),
        ("ARG D\nCOPY some/files ${D}/more", "COPY some/files /what/ever/more # buildkit"),
        ("COPY <<EOF /long/name\nhey\nEOF", "COPY EOF /long/name # buildkit"),
        ("WORKDIR /a\nWORKDIR b", "WORKDIR /a/b"),
        ("WORKDIR /a", "/bin/sh -c #(nop) WORKDIR /a"),
        ("run a", "RUN /bin/sh -c a # buildkit"),
    ],
)
def test_a_history_is_understood(step: str, row: str) -> None:
    found = of_image(
        facts_of(f"FROM debian\n{step}\nRUN last one\n"), (row, 7), ("RUN /bin/sh -c last one # buildkit", 1)
    )
    assert 7 in found.values()


@pytest.mark.parametrize(
    ("step", "row"),
    [
        ("RUN a && b", "[2/2] RUN a && b"),
        ("RUN a \\\n  && b", "[2/2] RUN a   && b"),
        (
            "RUN --mount=type=cache,target=/c --network=none a",
            "[2/2] RUN --mount=type=cache,target=/c --network=none a",
        ),
        ('RUN ["a", "b c"]', '[2/2] RUN ["a", "b c"]'),
        ("ARG V=1\nRUN echo $V $i", "[2/2] RUN echo 1 $i"),
        ("RUN echo this is in $PATH", "[2/2] RUN echo this is in /bin:/sbin"),
        ("ARG V=1\nRUN echo $V ${x^^}", "[2/2] RUN echo $V ${x^^}"),
        ("RUN echo '$PATH' > /some/file", "[2/2] RUN echo '$PATH' > /some/file"),
        ("RUN <<EOF\napt-get update\nmore\nEOF", "[2/2] RUN <<EOF (apt-get update...)"),
        ("RUN <<EOF\napt-get update\nEOF", "[2/2] RUN <<EOF (apt-get update)"),
        ("RUN apt-get update && apt-get install", "[2/2] RUN apt-get update && apt-..."),
        ('ADD ["a.txt", "/a b"]', "[2/2] ADD [a.txt, /a b]"),
        ("COPY --link --from=other/image a /b", "[2/2] COPY --link --from=other/image a /b"),
        ("COPY <<EOF /long/name\nhey\nEOF", "[2/2] COPY <<EOF /long/name"),
        ("WORKDIR sub", "[2/2] WORKDIR sub"),
    ],
)
def test_a_log_is_understood(step: str, row: str) -> None:
    assert 7.0 in of_log(facts_of(f"FROM debian\n{step}\n"), (row, 7.0)).values()


@pytest.mark.parametrize(
    ("step", "row"),
    [
        ("RUN a", "RUN /bin/sh -c ab # buildkit"),
        ("RUN ab", "RUN /bin/sh -c a # buildkit"),
        ("RUN $CMD", "RUN /bin/sh -c rm -rf / # buildkit"),
        ("COPY a /b", "ADD a /b # buildkit"),
        ("COPY a /b", "COPY a /c # buildkit"),
        ("WORKDIR $DIR", "WORKDIR /other"),
        ("COPY a /b", "/bin/sh -c #(nop) COPY file:0123456789abcdef in /c "),
        ("RUN a b", "RUN /bin/sh -c a # b # buildkit"),
    ],
)
def test_other_words_are_another_step(step: str, row: str) -> None:
    assert of_image(facts_of(f"FROM debian\n{step}\n"), (row, 7)) == {}


def test_the_rows_below_the_first_step_are_the_bases() -> None:
    facts = facts_of("FROM debian\nRUN a\n")
    base = [("ADD rootfs.tar.xz / # buildkit", 100), ("CMD bash", 0), ("RUN /bin/sh -c other # buildkit", 10)]
    assert of_image(facts, *base, ("RUN /bin/sh -c a # buildkit", 7)) == {"FROM debian": 110, "RUN a": 7}


def test_the_base_is_not_known_when_the_first_step_is_not() -> None:
    facts = facts_of("FROM debian\nRUN changed\nRUN a\n")
    rows = [("", 100), ("RUN /bin/sh -c old # buildkit", 5), ("RUN /bin/sh -c a # buildkit", 7)]
    assert of_image(facts, *rows) == {"RUN a": 7}


def test_a_file_without_steps_is_all_base() -> None:
    assert of_image(facts_of("FROM debian\nCMD x\n"), ("", 100), ("CMD x", 0)) == {"FROM debian": 100}


def test_a_base_with_the_same_words_is_not_the_step() -> None:
    facts = facts_of("FROM debian\nWORKDIR /app\nRUN a\n")
    rows = [("WORKDIR /app", 1), ("RUN /bin/sh -c a # buildkit", 2), ("WORKDIR /app", 3), ("RUN /bin/sh -c a", 4)]
    assert of_image(facts, *rows) == {"FROM debian": 3, "WORKDIR /app": 3, "RUN a": 4}


def test_what_the_base_says_too_is_left_out_when_a_step_is_missing() -> None:
    facts = facts_of("FROM debian\nRUN a\nRUN changed\nRUN b\n")
    assert of_image(facts, ("RUN a", 1), ("RUN a", 2), ("RUN b", 3)) == {"RUN b": 3}


def test_what_is_repeated_does_not_spoil_what_else_is() -> None:
    assert step_match.align([0, 1, 1], [0, 0, 1, 1]) == {1: 2, 2: 3}


def test_the_workdir_that_makes_nothing_is_no_step() -> None:
    facts = facts_of("FROM debian\nRUN a\nWORKDIR /\nRUN a\n")
    rows = [Row(text, Figures(adds=size)) for text, size in (("", 9), ("RUN a", 1), ("WORKDIR /", 0), ("RUN a", 2))]
    found = step_match.of_image(rows, BuildGraph.of(facts), facts)
    assert [found[number].adds for number in range(3)] == [9, 1, 2]


def test_steps_in_one_layer_have_no_bytes_of_their_own() -> None:
    facts = facts_of("FROM scratch\nCOPY a /\nCOPY b /b\nCMD x\n")
    nop = "/bin/sh -c #(nop) "
    rows = [
        Row(f"{nop}COPY file:1 in /", Figures(0, 0, 0), empty=True),
        Row(f"{nop}COPY file:2 in /b", Figures(0, 0, 0), empty=True),
    ]
    whole = [*rows, Row(f'{nop}CMD ["x"]', Figures(9, 9, 0))]
    assert step_match.of_image(whole, BuildGraph.of(facts), facts) == {}
    assert step_match.of_image([rows[0], Row(rows[1].text, Figures(9, 9, 0))], BuildGraph.of(facts), facts) == {}
    # docker history does not say which of them have no layer
    told = [Row(row.text, row.figures) for row in whole]
    assert step_match.of_image(told, BuildGraph.of(facts), facts) == {}


def test_an_image_has_the_stages_that_it_is_built_on() -> None:
    facts = facts_of("FROM debian AS base\nRUN a\nFROM base\nRUN b\n")
    assert of_image(facts, ("", 9), ("RUN a", 1), ("RUN b", 2)) == {"FROM debian": 9, "RUN a": 1, "RUN b": 2}


def test_the_target_says_which_stage_the_image_is_of() -> None:
    text = "FROM debian AS one\nRUN a\nFROM alpine AS two\nRUN b\n"
    assert of_image(facts_of(text, target="one"), ("", 9), ("RUN a", 1)) == {"FROM debian": 9, "RUN a": 1}
    assert of_image(facts_of(text), ("", 9), ("RUN a", 1)) == {}


# --- logs ---


def test_stages_are_told_apart_by_name() -> None:
    facts = facts_of("FROM a AS one\nRUN x\nFROM b\nRUN x\nCOPY --from=one /x /y\n")
    found = of_log(
        facts, ("[stage-1 2/3] RUN x", 2), ("[one 2/2] RUN x", 1), ("[stage-1 3/3] COPY --from=one /x /y", 3)
    )
    assert found == {(0, "RUN x"): 1.0, (1, "RUN x"): 2.0, (1, "COPY --from=one /x /y"): 3.0}


def test_what_stands_before_the_stage_does_not_matter() -> None:
    facts = facts_of("FROM a AS one\nRUN x\nFROM b\nCOPY --from=one /x /y\n")
    assert of_log(facts, ("[linux/arm64 one 2/2] RUN x", 1)) == {(0, "RUN x"): 1.0}
    assert of_log(facts, ("[web one 2/2] RUN x", 1)) == {(0, "RUN x"): 1.0}
    assert of_log(facts_of("FROM a\nRUN x\n"), ("[web 2/2] RUN x", 1)) == {(0, "RUN x"): 1.0}


def test_what_is_built_once_counts_for_all_that_ask_for_it() -> None:
    facts = facts_of(
        "FROM a AS one\nRUN x\nRUN y\nFROM a AS two\nRUN x\nRUN z\nFROM scratch\nCOPY --from=one / /\nCOPY --from=two / /\n"
    )
    found = of_log(facts, ("[one 2/3] RUN x", 1), ("[one 3/3] RUN y", 2), ("[two 3/3] RUN z", 3))
    assert found == {(0, "RUN x"): 1.0, (0, "RUN y"): 2.0, (1, "RUN x"): 1.0, (1, "RUN z"): 3.0}


def test_the_same_words_on_another_step_are_not_built_once() -> None:
    facts = facts_of("FROM a AS one\nRUN x\nFROM b AS two\nRUN x\nCOPY --from=one / /\n")
    assert of_log(facts, ("[one 2/2] RUN x", 1)) == {(0, "RUN x"): 1.0}


@pytest.mark.parametrize("image", ["docker.io/library/debian:12", "docker.io/library/debian:12@sha256:" + "0" * 64])
def test_pulls_go_by_the_image(image: str) -> None:
    facts = facts_of("FROM debian:12\nRUN x\nCOPY --from=nginx /a /b\n")
    lines = f"#1 [1/3] FROM {image}\n#1 extracting sha256:0123456789ab done\n#1 DONE 4.0s\n"
    graph = BuildGraph.of(facts)
    found = step_match.of_log(build_log.read(lines, "x"), graph, facts)
    assert {graph.steps[number].image: item.seconds.mid for number, item in found.items() if item.seconds} == {
        "debian:12": 4.0
    }


def test_a_log_of_another_build_matches_nothing() -> None:
    assert of_log(facts_of("FROM a\nRUN x\n"), ("[1/2] FROM b", 1), ("[2/2] RUN y", 2)) == {}


# --- places ---

KINDS = st.lists(st.integers(0, 5), max_size=12)


@given(KINDS, st.data())
@settings(max_examples=500)
def test_missing_rows_never_move_the_others(steps: list[int], data: st.DataObject) -> None:
    kept = data.draw(st.lists(st.booleans(), min_size=len(steps), max_size=len(steps)))
    places = [at for at, keep in enumerate(kept) if keep]
    found = step_match.align([steps[at] for at in places], steps)
    assert all(places[row] == step for row, step in found.items())
    if all(kept):
        assert len(found) == len(steps)


@given(KINDS, KINDS)
@settings(max_examples=300)
def test_only_the_same_kind_is_aligned_and_in_order(rows: list[int], steps: list[int]) -> None:
    found = sorted(step_match.align(rows, steps).items())
    assert all(rows[row] == steps[step] for row, step in found)
    assert [step for _, step in found] == sorted({step for _, step in found})


@given(st.lists(st.integers(0, 40), unique=True, max_size=15), st.integers(0, 15), st.integers(0, 15))
def test_an_inserted_and_a_removed_step_lose_only_themselves(kinds: list[int], gone: int, new: int) -> None:
    steps = [*kinds[:new], 99, *kinds[new:]]
    rows = [*kinds[:gone], *kinds[gone + 1 :]]
    found = step_match.align(rows, steps)
    assert {rows[row] for row in found} == set(rows)


WORDS = st.sampled_from(
    [
        "RUN make",
        "RUN make install",
        "COPY . .",
        "COPY a $B/long/name",
        "WORKDIR /app",
        "RUN echo $A $PATH done",
        'RUN ["make"]',
    ]
)


@given(st.lists(WORDS, min_size=1, max_size=8), st.data())
@settings(max_examples=200, deadline=None)
def test_figures_never_get_to_another_step(lines: list[str], data: st.DataObject) -> None:
    """A history with rows left out, of files that repeat themselves."""
    facts = facts_of("FROM debian\nARG A=1\n" + "\n".join(lines) + "\n")
    spoken = {
        "RUN make": "RUN |1 A=1 /bin/sh -c make # buildkit",
        "RUN make install": "RUN |1 A=1 /bin/sh -c make install # buildkit",
        "COPY . .": "COPY . . # buildkit",
        "COPY a $B/long/name": "COPY a /where/long/name # buildkit",
        "WORKDIR /app": "WORKDIR /app",
        "RUN echo $A $PATH done": "RUN |1 A=1 /bin/sh -c echo $A $PATH done # buildkit",
        'RUN ["make"]': "RUN make # buildkit",
    }
    rows = [Row(spoken[line], Figures(adds=number)) for number, line in enumerate(lines, 1)]
    kept = [row for row in rows if data.draw(st.booleans())]
    base = [Row("ADD rootfs.tar.xz / # buildkit", Figures(adds=1000)), Row("CMD bash", Figures(adds=0))]
    found = step_match.of_image([*base, *kept], BuildGraph.of(facts), facts)
    assert all(figures.adds == number for number, figures in found.items() if number)
    if len(kept) == len(rows):
        assert len(found) == len(lines) + 1


def test_patterns_need_words_and_order() -> None:
    pattern = step_wording.Pattern(("RUN a", "b", "c"))
    assert pattern.fits("RUN a1b2c")
    assert pattern.fits("RUN abc")
    assert not pattern.fits("RUN ac")
    assert not pattern.fits("RUN a c b")
    assert not step_wording.Pattern(("RUN ab", "ba")).fits("RUN aba")


def test_many_rows_take_no_long_time() -> None:
    import time

    lines = [f"RUN echo {number % 50} $X{number}" for number in range(400)]
    facts = facts_of("FROM a\n" + "\n".join(lines) + "\n")
    rows = [Row(f"RUN |1 X=a /bin/sh -c echo {number % 90}", Figures(adds=1)) for number in range(4000)]
    start = time.perf_counter()
    step_match.of_image(rows, BuildGraph.of(facts), facts)
    assert time.perf_counter() - start < 10


# --- what outlives edits ---

TEXT = "FROM debian\nRUN a\nRUN b\nCOPY x /y\n"


def measured(text: str = TEXT) -> Measurements:
    facts = facts_of(text)
    graph = BuildGraph.of(facts)
    return Measurements.of({step.number: Figures(adds=10 + step.number) for step in graph.steps}, facts)


def carried(text: str, found: Measurements | None = None) -> dict[str, int | None]:
    facts = facts_of(text)
    return instructions(facts, (found or measured()).on(BuildGraph.of(facts), facts))


ALL = {"FROM debian": 10, "RUN a": 11, "RUN b": 12, "COPY x /y": 13}


@pytest.mark.parametrize(
    ("text", "lost"),
    [
        (TEXT, ()),
        (TEXT.replace("RUN b", "RUN  \\\n # why\n b"), ()),
        (TEXT.replace("RUN b", "RUN c"), ("RUN b",)),
        (TEXT.replace("RUN b\n", ""), ("RUN b",)),
        (TEXT.replace("RUN b\n", "RUN b\nRUN c\n"), ()),
        ("FROM debian\nCOPY x /y\nRUN b\nRUN a\n", ()),
        (TEXT.replace("FROM debian", "FROM debian AS named"), ()),
        (TEXT.replace("FROM debian", "FROM alpine"), tuple(ALL)),
        (TEXT.replace("RUN a", "RUN --mount=type=cache,target=/c a"), ("RUN a",)),
        (TEXT + "RUN a\n", ("RUN a",)),
    ],
)
def test_an_edited_step_loses_its_figures_and_no_other(text: str, lost: Sequence[str]) -> None:
    assert carried(text) == {name: size for name, size in ALL.items() if name not in lost}


def test_repeated_steps_keep_their_order() -> None:
    facts = facts_of("FROM debian\nRUN a\nRUN b\nRUN a\n")
    found = Measurements.of({1: Figures(adds=1), 3: Figures(adds=3)}, facts).on(BuildGraph.of(facts), facts)
    assert {number: item.adds for number, item in found.items()} == {1: 1, 3: 3}


def test_newer_figures_win_one_by_one() -> None:
    facts = facts_of(TEXT)
    newer = Measurements.of({1: Figures(adds=1), 2: Figures(seconds=Amount.exact(2))}, facts)
    older = Measurements.of(
        {1: Figures(adds=9, ships=8, seconds=Amount.exact(7)), 2: Figures(5, 4, 3), 3: Figures(6)}, facts
    )
    found = newer.over(older, facts).on(BuildGraph.of(facts), facts)
    assert found == {
        1: Figures(1, None, None, Amount.exact(7)),
        2: Figures(5, 4, 3, Amount.exact(2)),
        3: Figures(6),
    }


def test_what_the_engine_told_of_real_builds() -> None:
    record = Path(__file__).parents[5] / "shared" / "engine" / "measured.json"
    if not record.is_file():
        pytest.skip("the record of real builds is not at hand")
    cases = json.loads(record.read_text(encoding="utf-8"))["cases"]
    assert len(cases) > 15
    for case in cases:
        facts = facts_of(case["dockerfile"])
        graph = BuildGraph.of(facts)
        chain = [*graph.chain(graph.last)][::-1]
        above = len([step for step in chain if not step.is_pull])
        layers = [item for item in case["layers"] if not item["instruction"].startswith("CMD")]
        lines = [
            json.dumps({"CreatedBy": created(item["instruction"], chain, facts), "Size": str(item["bytes"])})
            for item in layers
        ]
        found = step_match.of_image(docker_history.read("\n".join(reversed(lines)), case["id"]), graph, facts)
        sizes = [item["bytes"] for item in layers]
        expected = ([sum(sizes[: len(sizes) - above])] if chain[0].is_pull else []) + sizes[len(sizes) - above :]
        assert [found[step.number].adds for step in chain] == expected, case["id"]


def created(said: str, chain: Sequence[Any], facts: Facts) -> str:
    """The history's words for a layer of the record, which has cut them."""
    if said == "FROM":
        return "/bin/sh -c #(nop) ADD file:0123456789abcdef in / "
    if not said.startswith("RUN "):
        return f"{said} # buildkit"
    start = said.removesuffix(" # buil").removeprefix("RUN ")
    whole = [step_wording.without_flags(step_match.text(step, facts)).removeprefix("RUN ") for step in chain]
    (script,) = {text for text in whole if text.startswith(start)}
    return f"RUN /bin/sh -c {script} # buildkit"
