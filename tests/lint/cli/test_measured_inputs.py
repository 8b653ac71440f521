"""Measured figures in `dlint cost`, and in what fixes save; how they are kept."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest.mock import ANY

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from dockerlint.fixers.cost import estimate, price
from dockerlint.fixers.cost.bounded import Amount
from dockerlint.fixers.cost.build_graph import BuildGraph
from dockerlint.fixers.cost.measured import Figures, MeasuredError, Measurements, measured_file
from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.catalogue.basis import Basis
from dockerlint.lint.cli import main
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Saving
from dockerlint.lint.syntax.parser import parse
from dockerlint.lint.syntax.span import Edit, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

DATA = Path(__file__).parents[2] / "data" / "measured"
SINGLE, MULTI = DATA / "single", DATA / "multi"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("single", "multi", "failed"):
        shutil.copytree(DATA / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


Run = SimpleNamespace


@pytest.fixture
def run(folder: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    def call(*argv: str) -> Any:
        status = main(list(argv))
        out, err = capsys.readouterr()
        return Run(status=status, out=out, err=err)

    return call


def cost(run: Callable[..., Any], *argv: str) -> Any:
    found = run("cost", "--no-config", "--format", "json", *argv)
    assert found.status == 0, found.err
    data = json.loads(found.out)
    return Run(err=found.err, steps={step["instruction"]: step for step in data["steps"]}, **data["image"], data=data)


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def mid(steps: dict[str, Any], name: str) -> dict[str, tuple[float, str]]:
    return {at: (row[name]["mid"], row[name]["basis"]) for at, row in steps.items()}


# --- the command ---


def test_measured_bytes_take_the_place_of_estimated_ones(run: Callable[..., Any]) -> None:
    found = cost(run, "single/Dockerfile", "--history", "single/history.json")
    assert found.err == "dlint: --history single/history.json: 8 of 8 steps measured\n"
    assert list(mid(found.steps, "adds").values()) == [
        (size, "measured") for size in (81_357_438, 0, 350_000, 5, 4, 4, 5, 1000)
    ]
    assert found.adds["mid"] == 81_708_456
    assert found.adds["basis"] == "measured"
    # how well they compress is still a guess, in proportion
    assert found.ships["basis"] == "heuristic"
    assert 0 < found.ships["mid"] < found.adds["mid"]


def test_an_archive_says_what_ships_and_what_is_wasted(run: Callable[..., Any]) -> None:
    found = cost(run, "multi/Dockerfile", "--image", "multi/oci.tar")
    assert (found.adds["mid"], found.ships["basis"], found.wasted) == (
        16,
        "measured",
        {"low": 0, "mid": 0, "high": 0, "basis": "measured"},
    )
    assert found.ships["mid"] == 146 + 140


def test_measured_seconds_make_the_scenarios(run: Callable[..., Any]) -> None:
    found = cost(run, "multi/Dockerfile", "--build-log", "multi/build.log")
    times = mid(found.steps, "seconds")
    assert times["RUN sleep 2 && echo left > /left"] == (2.1, "measured")
    assert sum(step["seconds"]["basis"] == "measured" for step in found.data["steps"]) == 8
    start = 0.05
    cold = next(item for item in found.data["scenarios"] if item["name"] == "cold")["seconds"]["mid"]
    # the branches are built side by side: the longer one counts
    assert cold == pytest.approx(2.1 + 0.1 + start, abs=0.2)


def test_all_inputs_go_together(run: Callable[..., Any]) -> None:
    found = cost(
        run,
        "multi/Dockerfile",
        "--history",
        "multi/history.json",
        "--image",
        "multi/oci.tar",
        "--build-log",
        "multi/build.rawjson",
    )
    copy = found.steps["COPY --from=left /left /same /"]
    assert copy["basis"] == "measured"
    assert copy["ships"] == {"low": 140, "mid": 140, "high": 140, "basis": "measured"}
    assert found.err.count("\n") == 3


def test_the_table_says_how_many(run: Callable[..., Any]) -> None:
    found = run("cost", "--no-config", "multi/Dockerfile", "--build-log", "multi/build.log")
    assert "8 of 9 steps measured" in found.out
    assert "~2.1 s" not in found.out
    assert " 2.1 s" in found.out
    assert "measured" not in run("cost", "--no-config", "multi/Dockerfile").out


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (
            ["failed/Dockerfile", "--history", "single/history.json"],
            "it is of another build, or",
        ),
        (["failed/Dockerfile", "--image", "multi/oci.tar"], "it is of another build, or"),
        (["single/Dockerfile", "--build-log", "failed/build.log"], "it is of another build, or"),
        (["multi/Dockerfile", "--build-log", "multi/build-cached.log"], "all steps in it came from the cache"),
    ],
)
def test_what_fits_nothing_is_told_and_left_out(run: Callable[..., Any], argv: list[str], words: str) -> None:
    found = run("cost", "--no-config", *argv)
    assert (found.status, words in found.err) == (0, True), found.err
    assert found.out == run("cost", "--no-config", argv[0]).out


@pytest.mark.parametrize("option", ["--history", "--build-log", "--image"])
@pytest.mark.parametrize("content", [None, b"", b"\0" * 2000, b"\xff\xfe" + b"\xd8\x00" * 9, b"{", b"#1 x\n", "{}"])
def test_bad_files_are_sentences(run: Callable[..., Any], folder: Path, option: str, content: Any) -> None:
    if content is not None:
        (folder / "bad").write_bytes(content if isinstance(content, bytes) else content.encode())
    found = run("cost", "--no-config", "single/Dockerfile", option, "bad")
    assert found.status == 2
    assert found.out == run("cost", "--no-config", "single/Dockerfile").out
    assert re.fullmatch(r"dlint: bad(:\d+)?: .+; the estimate does without it\n", found.err), found.err


def test_a_folder_is_no_log(run: Callable[..., Any]) -> None:
    found = run("cost", "--no-config", "single/Dockerfile", "--history", "multi")
    assert (found.status, found.err) == (2, "dlint: multi: cannot be read: is a directory; the estimate does without it\n")


@pytest.mark.parametrize(
    "argv",
    [
        ["single/Dockerfile", "multi/Dockerfile", "--history", "single/history.json"],
        [".", "--history", "single/history.json"],
        ["single/Dockerfile", "--compare", "multi/Dockerfile", "--history", "single/history.json"],
        ["single/Dockerfile", "--save"],
        ["single/Dockerfile", "--platform", "linux/arm64"],
        ["-", "--history", "-"],
        ["single/Dockerfile", "--history", "-", "--build-log", "-"],
    ],
)
def test_options_that_do_not_go_together(run: Callable[..., Any], folder: Path, argv: list[str]) -> None:
    found = run("cost", "--no-config", *argv)
    assert found.status == 2
    assert "Error: " in found.err
    assert not list(folder.rglob(".dlint"))


@pytest.mark.parametrize(
    ("option", "file"),
    [("--history", "single/history.json"), ("--build-log", "single/build.log"), ("--image", "multi/oci.tar")],
)
def test_standard_input(run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, option: str, file: str) -> None:
    path = f"{file.partition('/')[0]}/Dockerfile"
    named = cost(run, path, option, file)
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(Path(file).read_bytes())))
    assert cost(run, path, option, "-").data == named.data


def test_utf_16_of_a_windows_shell(run: Callable[..., Any], folder: Path) -> None:
    text = (SINGLE / "history.json").read_text(encoding="utf-8")
    (folder / "wide.json").write_text(text, encoding="utf-16")
    assert "8 of 8 steps" in cost(run, "single/Dockerfile", "--history", "wide.json").err


# --- kept ---


def test_what_was_kept_is_used_by_later_runs(run: Callable[..., Any], folder: Path) -> None:
    measured = cost(
        run,
        "single/Dockerfile",
        "--image",
        "multi/oci.tar",
        "--history",
        "single/history.json",
        "--build-log",
        "single/build.log",
    )
    assert not (folder / "single/.dlint").exists()
    saved = cost(
        run, "single/Dockerfile", "--history", "single/history.json", "--build-log", "single/build.log", "--save"
    )
    assert saved.data == measured.data
    assert names(folder / "single/.dlint") == ["measured.json"]
    later = cost(run, "single/Dockerfile")
    assert later.err == ""
    assert later.data == saved.data
    assert "8 of 8 steps measured" in run("cost", "--no-config", "single/Dockerfile").out


def test_an_edit_loses_the_figures_of_its_step_only(run: Callable[..., Any], folder: Path) -> None:
    cost(run, "single/Dockerfile", "--history", "single/history.json", "--save")
    file = folder / "single/Dockerfile"
    file.write_text(file.read_text().replace("RUN sleep 1 ", "RUN sleep 2 "))
    bases = [basis for _, basis in mid(cost(run, "single/Dockerfile").steps, "adds").values()]
    assert bases[:-1] == ["measured"] * 7
    assert bases[-1] != "measured"
    assert "7 of 8 steps measured" in run("cost", "--no-config", "single/Dockerfile").out


def test_runs_add_to_what_is_kept(run: Callable[..., Any], folder: Path) -> None:
    cost(run, "single/Dockerfile", "--history", "single/history.json", "--save")
    cost(run, "single/Dockerfile", "--build-log", "single/build.log", "--save")
    shutil.copy(folder / "multi/Dockerfile", folder / "single/other.Dockerfile")
    cost(run, "single/other.Dockerfile", "--build-log", "multi/build.log", "--save")
    last = cost(run, "single/Dockerfile").steps["RUN sleep 1 && head -c 1000 /dev/zero >/data/big"]
    assert (last["adds"]["mid"], last["seconds"]["mid"]) == (1000, 1.1)
    kept = json.loads((folder / "single/.dlint/measured.json").read_text())
    assert list(kept["files"]) == ["Dockerfile", "other.Dockerfile"]


def test_what_the_context_holds_now_is_nearer_than_what_was_kept(run: Callable[..., Any], folder: Path) -> None:
    for name in "ab":
        (folder / f"single/{name}.txt").write_text("x" * 100)
    fresh = cost(run, "single/Dockerfile", "--history", "single/history.json", "--save")
    assert fresh.steps["COPY a.txt b.txt ./"]["adds"]["mid"] == 5
    assert cost(run, "single/Dockerfile").steps["COPY a.txt b.txt ./"]["adds"]["mid"] == 200


def test_what_is_kept_should_not_get_into_the_image(run: Callable[..., Any], folder: Path) -> None:
    argv = ("cost", "--no-config", "single/Dockerfile", "--history", "single/history.json", "--save")
    assert "name .dlint in .dockerignore" in run(*argv).err
    (folder / "single/.dockerignore").write_text(".dlint\n")
    assert ".dockerignore" not in run(*argv).err


def test_nothing_is_kept_of_what_fits_nothing(run: Callable[..., Any], folder: Path) -> None:
    run("cost", "--no-config", "failed/Dockerfile", "--history", "single/history.json", "--save")
    assert not (folder / "failed/.dlint").exists()


def test_standard_input_has_no_place_to_keep_it(
    run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    def give() -> None:
        monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO((SINGLE / "Dockerfile").read_bytes())))

    give()
    found = run("cost", "--no-config", "-", "--history", "single/history.json", "--save")
    assert (found.status, "--context" in found.err) == (2, True)
    give()
    assert "8 of 8" in cost(run, "-", "--context", "multi", "--history", "single/history.json", "--save").err
    assert (folder / "multi/.dlint/measured.json").exists()


BAD = [
    "",
    "{",
    "[]",
    '{"version": 2, "files": {}}',
    '{"version": 1}',
    '{"version": 1, "files": []}',
    '{"version": 1, "files": {"Dockerfile": 7}}',
    '{"version": 1, "files": {"Dockerfile": [7]}}',
    '{"version": 1, "files": {"Dockerfile": [{"adds": 1}]}}',
    '{"version": 1, "files": {"Dockerfile": [{"key": 7}]}}',
    '{"version": 1, "files": {"Dockerfile": [{"key": "a", "adds": -1}]}}',
    '{"version": 1, "files": {"Dockerfile": [{"key": "a", "adds": 1.5}]}}',
    '{"version": 1, "files": {"Dockerfile": [{"key": "a", "seconds": 1}]}}',
    '{"version": 1, "files": {"Dockerfile": [{"key": "a", "seconds": [3, 2, 1]}]}}',
    '{"version": 1, "files": {"Dockerfile": [{"key": "a", "seconds": [NaN, NaN, NaN]}]}}',
    '{"version": 1, "files": {"Dockerfile": [{"key": "a", "seconds": [0, 1, Infinity]}]}}',
    '{"version": 1, "files": {"Dockerfile": [{"key": "a", "seconds": [0, 1, 1' + "0" * 400 + "]}]}}",
    "[" * 100_000,
]


@pytest.mark.parametrize("text", BAD)
def test_a_damaged_file_is_told_and_not_used(run: Callable[..., Any], folder: Path, text: str) -> None:
    plain = run("cost", "--no-config", "single/Dockerfile")
    kept = folder / "single/.dlint/measured.json"
    kept.parent.mkdir()
    kept.write_text(text)
    found = run("cost", "--no-config", "single/Dockerfile")
    assert (found.status, found.out) == (0, plain.out)
    assert re.fullmatch(r"dlint: single/\.dlint/measured\.json: .+; the estimate does without it\n", found.err)
    checked = run("--no-config", "single/Dockerfile")
    assert "measured.json" in checked.err
    assert checked.status in (0, 1)
    assert run("cost", "--no-config", "single/Dockerfile", "--history", "single/history.json", "--save").status in (
        0,
        2,
    )


def test_a_damaged_file_is_not_written_over(run: Callable[..., Any], folder: Path) -> None:
    kept = folder / "single/.dlint/measured.json"
    kept.parent.mkdir()
    kept.write_text("{")
    found = run("cost", "--no-config", "single/Dockerfile", "--history", "single/history.json", "--save")
    assert (found.status, kept.read_text()) == (2, "{")
    assert "delete it" in found.err


@pytest.mark.parametrize("which", ["folder", "file", "dangling"])
def test_links_are_not_followed(run: Callable[..., Any], folder: Path, which: str) -> None:
    outside = folder / "outside"
    outside.mkdir()
    target = outside / "measured.json"
    if which != "dangling":
        target.write_text('{"version": 1, "files": {}}')
    if which == "folder":
        (folder / "single/.dlint").symlink_to(outside)
    else:
        (folder / "single/.dlint").mkdir()
        (folder / "single/.dlint/measured.json").symlink_to(target)
    before = target.read_text() if target.exists() else None
    found = run("cost", "--no-config", "single/Dockerfile", "--history", "single/history.json", "--save")
    assert found.status == 2
    assert "must be a plain" in found.err
    assert (target.read_text() if target.exists() else None) == before
    assert names(outside) == (["measured.json"] if which != "dangling" else [])


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_folder_that_cannot_be_written_is_told(run: Callable[..., Any], folder: Path) -> None:
    (folder / "single").chmod(0o555)
    found = run("cost", "--no-config", "single/Dockerfile", "--history", "single/history.json", "--save")
    assert (found.status, "cannot be written" in found.err) == (2, True)


SIZES = st.none() | st.integers(0, 1 << 40)
TIMES = st.none() | st.lists(st.integers(0, 9_000_000), min_size=3, max_size=3).map(sorted).map(
    lambda of: Amount(of[0] / 1000, of[1] / 1000, of[2] / 1000, Basis.MEASURED)
)
FIGURES = st.tuples(SIZES, SIZES, SIZES, TIMES).map(lambda given: Figures(*given, saved=True))


@given(
    st.lists(st.tuples(st.text("0123456789abcdef", min_size=16, max_size=16), FIGURES), max_size=5),
    st.text(min_size=1, max_size=5),
)
@settings(max_examples=50, deadline=None)
def test_what_is_kept_comes_back(tmp_path_factory: pytest.TempPathFactory, entries: Any, name: str) -> None:
    root = tmp_path_factory.mktemp("context")
    kept = Measurements(tuple(entries))
    assert measured_file.load(root, name) is None
    measured_file.save(root, name, kept)
    assert measured_file.load(root, name) == kept
    measured_file.save(root, "other", Measurements(()))
    assert measured_file.load(root, name) == kept


def test_a_file_that_changes_meanwhile_is_not_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measured_file.save(tmp_path, "a", Measurements(()))
    read = Path.read_bytes

    def then_change(file: Path) -> bytes:
        data = read(file)
        file.write_text("another run's")
        return data

    monkeypatch.setattr(Path, "read_bytes", then_change)
    with pytest.raises(MeasuredError, match="has changed"):
        measured_file.save(tmp_path, "b", Measurements(()))
    assert measured_file.path(tmp_path).read_text() == "another run's"


# --- what fixes save ---


def measured(text: str, **figures: Figures) -> Measurements:
    """Figures by the first word behind RUN, COPY or FROM."""
    facts = Facts(parse(text))
    graph = BuildGraph.of(facts)
    words = {step.number: facts.doc.source(step.node.span).split()[1] for step in graph.steps}
    return Measurements.of({number: figures[word] for number, word in words.items() if word in figures}, facts)


def saving(text: str, new: str, found: Measurements | None) -> Saving | None:
    doc = parse(text)
    fix = Fix("title", (Edit(Span(0, len(text)), new),), Applicability.SAFE)
    return price(doc, [Finding(Span(0, 1), "message", fix, code="X001")], Facts(doc), found)[0]


BUSTING = "FROM debian\nCOPY . /app\nRUN slow\n"
FRIENDLY = "FROM debian\nRUN slow\nCOPY . /app\n"


def test_a_moved_step_saves_its_measured_seconds() -> None:
    known = measured(BUSTING, slow=Figures(seconds=Amount.exact(100)), **{".": Figures(5, seconds=Amount.exact(1))})
    found = saving(BUSTING, FRIENDLY, known)
    assert found is not None
    weight = estimate(parse(BUSTING)).scenario("source edit").weight
    assert found.rebuild_seconds >= 100 * weight
    assert found.rebuild_seconds <= 100
    assert found.basis is Basis.MEASURED


def test_a_saving_with_a_guess_in_it_is_a_guess() -> None:
    more = "RUN apt-get update\n"
    known = measured(BUSTING + more, slow=Figures(seconds=Amount.exact(100)))
    found = saving(BUSTING + more, FRIENDLY + more, known)
    assert found is not None
    assert found.basis is Basis.HEURISTIC


def test_what_a_fix_rewrites_is_told_from_two_estimates() -> None:
    text = "FROM debian:12\nRUN apt-get update && apt-get install -y git\nRUN other\n"
    new = text.replace("-y git", "-y --no-install-recommends git")
    without = saving(text, new, None)
    # the real layer is far from the estimate: that is nothing which the fix would save
    known = measured(text, **{"apt-get": Figures(adds=900_000_000)}, other=Figures(adds=5))
    assert without is not None
    # with the unknown time of the other step there are no bounds of the whole
    assert saving(text, new, known) == replace(without, seconds_bounds=None, bytes_bounds=ANY)


def test_a_removed_step_saves_its_measured_bytes() -> None:
    text = "FROM debian\nRUN a\nRUN b\n"
    known = measured(text, a=Figures(adds=5), b=Figures(adds=7_000_000))
    # it has no figures after the fix, so it has none before
    assert saving(text, "FROM debian\nRUN a\n", known) == saving(text, "FROM debian\nRUN a\n", None)


def test_check_uses_what_was_kept(run: Callable[..., Any], folder: Path) -> None:
    context = folder / "app"
    (context / "src").mkdir(parents=True)
    (context / "src/app.py").write_text("print()\n")
    (context / "requirements.txt").write_text("flask\n")
    (context / "Dockerfile").write_text(
        "FROM python:3.11-slim\nWORKDIR /app\nCOPY . /app\nRUN pip install --no-cache-dir -r requirements.txt\n"
    )
    lines = ["1 [1/4] FROM python:3.11-slim", "2 [2/4] WORKDIR /app", "3 [3/4] COPY . /app"]
    lines += ["4 [4/4] RUN pip install --no-cache-dir -r requirements.txt"]
    log = "".join(
        f"#{line}\n#{line[0]} DONE {seconds}s\n"
        for line, seconds in zip(lines, ("0.0", "0.0", "0.1", "500.0"), strict=True)
    )
    (folder / "build.log").write_text(log)

    def seconds() -> float:
        found = run("--no-config", "--no-cache", "--preset", "all", "--format", "json", "app/Dockerfile")
        savings = [item["saving"] for item in json.loads(found.out) if item.get("saving")]
        return max((item["rebuild_seconds"] for item in savings), default=0.0)

    before = seconds()
    assert 0 < before < 100
    assert "3 of 4" in cost(run, "app/Dockerfile", "--build-log", "build.log", "--save").err
    assert seconds() > 250


# --- the model ---


def steps_of(text: str, found: Measurements) -> list[Any]:
    return list(estimate(parse(text), measured=found).steps)


def test_filled_cache_mounts_keep_their_share() -> None:
    text = "FROM debian:12\nRUN --mount=type=cache,target=/root/.cache/pip pip install pandas\n"
    plain = estimate(parse(text)).steps[1]
    assert 0 < plain.seconds_warm.mid < plain.seconds.mid
    step = steps_of(
        text, measured(text, **{"--mount=type=cache,target=/root/.cache/pip": Figures(seconds=Amount.exact(60))})
    )[1]
    assert step.seconds.mid == 60
    assert step.seconds_warm.mid == pytest.approx(60 * plain.seconds_warm.mid / plain.seconds.mid)
    assert step.seconds_warm.basis is not Basis.MEASURED


def test_hidden_bytes_hold_as_long_as_what_hides_them_is_there() -> None:
    text = "FROM scratch\nCOPY a /\nRUN b\nRUN c\n"
    known = measured(text, a=Figures(100, 50, 40), b=Figures(10, 5, 10), c=Figures(0, 1, 0))
    assert [step.wasted.mid for step in steps_of(text, known)] == [40, 10, 0]
    assert [step.wasted.mid for step in steps_of(text.replace("RUN c", "RUN d"), known)] == [0, 0, 0]
    assert [step.wasted.mid for step in steps_of(text.replace("COPY a", "COPY x"), known)] == [0, 10, 0]


def test_waste_is_never_more_than_there_is() -> None:
    text = "FROM debian:12\nRUN apt-get update\nRUN rm -rf /var/lib/apt/lists/*\n"
    step = steps_of(text, measured(text, **{"apt-get": Figures(adds=1000)}))[1]
    assert (step.adds.mid, step.wasted.mid, step.wasted.high) == (1000, 1000, 1000)


def test_measured_figures_of_stages_that_do_not_ship_do_not_ship() -> None:
    text = "FROM debian AS a\nRUN x\nFROM scratch\nCOPY --from=a /x /\n"
    found = estimate(parse(text), measured=measured(text, x=Figures(100, 50, 40)))
    step = found.steps[1]
    assert (step.adds.mid, step.ships.mid, step.wasted.mid) == (100, 0, 0)


def test_no_measurements_are_no_measurements() -> None:
    doc = parse(BUSTING)
    assert estimate(doc).measured is None
    assert estimate(doc, measured=Measurements(())).measured == 0


def test_every_step_of_a_file_gets_its_own(folder: Path) -> None:
    def check(words: Sequence[str]) -> None:
        text = "FROM debian\n" + "".join(f"RUN {word}\n" for word in words)
        facts = Facts(parse(text))
        graph = BuildGraph.of(facts)
        known = Measurements.of({step.number: Figures(adds=step.number) for step in graph.steps}, facts)
        assert {at: item.adds for at, item in known.on(graph, facts).items()} == {
            at: at for at in range(len(words) + 1)
        }

    for words in (["a"], ["a", "a", "a"], ["a", "b", "a", "b"]):
        check(words)


def test_two_files_are_compared_by_the_figures_that_both_have(run: Callable[..., Any], folder: Path) -> None:
    run("cost", "--no-config", "single/Dockerfile", "--history", "single/history.json", "--save")
    text = (folder / "single/Dockerfile").read_text()
    (folder / "single/other.Dockerfile").write_text(text.replace("RUN sleep 1 ", "RUN sleep 2 "))
    for pair in (("Dockerfile", "other.Dockerfile"), ("other.Dockerfile", "Dockerfile")):
        first, second = (f"single/{name}" for name in pair)
        found = run("cost", "--no-config", "--format", "json", first, "--compare", second)
        before, after = (json.loads(found.out)[side] for side in ("before", "after"))
        assert [step["adds"] for step in before["steps"]] == [step["adds"] for step in after["steps"]]
        assert [step["adds"]["basis"] for step in before["steps"]].count("measured") >= 7
        assert before["steps"][-1]["adds"]["mid"] != 1000
