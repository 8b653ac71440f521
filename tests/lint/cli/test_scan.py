"""`dlint scan`: sources, limits, resuming, the cluster, the page."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from dockerlint.lint.cli import main
from dockerlint.lint.cli.scan import chunks, dockerfile_sources
from dockerlint.lint.cli.scan.figure_text import megabytes
from dockerlint.lint.cli.scan.scan_values import Chunk, File, Job, ScanError, ScanFailure, program
from dockerlint.lint.settings.config import Config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

parquet = pytest.importorskip("pyarrow.parquet", reason="dlint[scan] is not installed: NOTHING of dlint scan is tested")
pytest.importorskip("pygal", reason="dlint[scan] is not installed: NOTHING of dlint scan is tested")

GIT = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
WASTEFUL = "FROM debian:bookworm-slim\nRUN apt-get update && apt-get install -y curl\n"
PLAIN = "FROM debian:bookworm-slim\nCOPY . /app\n"
JOB = Job(Config(), 60, 2_000_000_000, "x")
# Small chunks, so that there are many of few files.
RUN = """
import sys
from dockerlint.lint.cli.scan import chunks
chunks.ONE_IN, chunks.MOST_FILES = 8, 16
from dockerlint.lint.cli import main
sys.exit(main())
"""
POISON = '''
import os, signal, time
from dockerlint.lint import nodes
from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule

@rule("XX900", name="poison", severity=Severity.WARNING)
def poison(doc, facts):
    """Does what the file says."""
    for node in facts.every(nodes.Workdir):
        word = node.argument.text
        yield Finding(node.span, "a folder")
        if word == "hang":
            while True:
                pass
        if word == "sleep":
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT, signal.SIGTERM])
            time.sleep(1000)
        if word == "raise":
            raise RuntimeError("cannot think")
        if word == "memory":
            kept = [bytearray(1_000_000)]
            while True:
                kept.append(bytearray(50_000_000))
        if word == "die":
            os.kill(os.getpid(), signal.SIGSEGV)
        if word == "exit":
            os._exit(0)
        if word == "print":
            print("in between")
        if word == "slow":
            time.sleep(0.02)
'''


def rows(out: Path, kind: str) -> list[dict[str, Any]]:
    found = [row for path in (out / kind).glob("*.parquet") for row in parquet.read_table(path).to_pylist()]
    return sorted(found, key=lambda row: json.dumps(row))


def everything(out: Path) -> dict[str, list[dict[str, Any]]]:
    return {kind: rows(out, kind) for kind in ("files", "findings", "failures")}


def records(path: Path, texts: Sequence[tuple[str, str]], repository: str = "acme") -> Path:
    lines = (json.dumps({"repo": repository, "path": name, "text": text}) for name, text in texts)
    path.write_text("\n".join(lines) + "\n")
    return path


def scan(*words: object) -> int:
    return main(["scan", *map(str, words)])


@pytest.fixture
def git(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    who = {f"GIT_{role}_{what}": "a@example.org" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    for name, value in {**who, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}.items():
        monkeypatch.setenv(name, value)

    def run(folder: Path, *words: str) -> str:
        folder.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return run


def commit(git: Callable[..., str], folder: Path, files: dict[str | bytes, str]) -> str:
    if not (folder / ".git").exists():
        git(folder, "init", "-q", "-b", "main")
    for name, text in files.items():
        path = folder / os.fsdecode(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "one")
    return git(folder, "rev-parse", "HEAD")


# ------------------------------------------------------------ git


@GIT
def test_work_trees_and_bare_mirrors_are_read_from_git(tmp_path: Path, git: Callable[..., str]) -> None:
    source, out = tmp_path / "repos", tmp_path / "out"
    one = commit(git, source / "acme" / "shop", {"Dockerfile": WASTEFUL, "src/Dockerfile.api": PLAIN, "src/big": "x" * 50_000, "README.md": "x"})
    git(source, "clone", "-q", "--mirror", str(source / "acme" / "shop"), str(source / "acme" / "mirror.git"))
    # neither what is not committed nor what git does not know is seen
    (source / "acme" / "shop" / "Dockerfile").write_text("FROM scratch\n")
    (source / "acme" / "shop" / "Dockerfile.new").write_text("FROM scratch\n")

    assert scan(source, "--out", out) == 0

    found = rows(out, "files")
    assert sorted((row["repository"], row["path"], row["commit"]) for row in found) == [
        (name, path, one) for name in ("acme/mirror", "acme/shop") for path in ("Dockerfile", "src/Dockerfile.api")
    ]
    assert {row["base_image"] for row in found} == {"debian:bookworm-slim"}
    # both see the files of the commit: what COPY takes is the folder's 50 kB and a little
    api = [row["image_bytes"] for row in found if row["path"] == "src/Dockerfile.api"]
    base = next(row["image_bytes"] for row in found if row["path"] == "Dockerfile")
    assert api[0] == api[1]
    assert base > api[0]
    assert rows(out, "failures") == []


@GIT
def test_the_context_is_that_of_the_commit(tmp_path: Path, git: Callable[..., str]) -> None:
    source = tmp_path / "repo"
    commit(git, source, {"Dockerfile": PLAIN, "big": "x" * 3_000_000, "other": "x"})
    assert scan(source, "--out", tmp_path / "one", "--quiet") == 0
    commit(git, source, {".dockerignore": "big\n"})
    (source / "big").unlink()
    assert scan(source, "--out", tmp_path / "two", "--quiet") == 0
    (one,), (two,) = rows(tmp_path / "one", "files"), rows(tmp_path / "two", "files")
    assert one["image_bytes"] - two["image_bytes"] == pytest.approx(3_000_000, rel=0.01)


@GIT
def test_a_work_tree_is_read_at_the_default_branch_of_its_origin(tmp_path: Path, git: Callable[..., str]) -> None:
    origin, clone = tmp_path / "origin", tmp_path / "repos" / "clone"
    main_ = commit(git, origin, {"Dockerfile": WASTEFUL})
    git(tmp_path, "clone", "-q", str(origin), str(clone))
    git(clone, "checkout", "-q", "-b", "mine")
    commit(git, clone, {"Dockerfile": "FROM scratch\n"})
    assert [item.commit for item in dockerfile_sources.read(tmp_path / "repos") if isinstance(item, File)] == [main_]


@GIT
def test_what_is_no_repository_is_told_and_stops_nothing(tmp_path: Path, git: Callable[..., str]) -> None:
    # the folder above is a repository, whose Dockerfiles must not be taken for those of what is broken below it
    commit(git, tmp_path, {"Dockerfile": WASTEFUL})
    source = tmp_path / "repos"
    for name in ("objects", "refs"):
        (source / "broken.git" / name).mkdir(parents=True)
    (source / "broken.git" / "HEAD").write_text("nonsense\n")
    (source / "empty" / ".git").mkdir(parents=True)
    git(source / "unborn", "init", "-q")
    commit(git, source / "good", {"Dockerfile": PLAIN})
    found = list(dockerfile_sources.read(source))
    assert [item.repository for item in found if isinstance(item, File)] == ["good"]
    assert {item.repository: item.kind for item in found if isinstance(item, ScanFailure)} == dict.fromkeys(
        ("broken", "empty", "unborn"), "unreadable"
    )
    assert any("has no commits" in item.reason for item in found if isinstance(item, ScanFailure))


@GIT
def test_hostile_paths_of_a_repository(tmp_path: Path, git: Callable[..., str]) -> None:
    source, out = tmp_path / "repos", tmp_path / "out"
    names: dict[str | bytes, str] = {
        "a\nb/Dockerfile": PLAIN,
        b"\xff\xfe/Dockerfile": PLAIN,
        "-rf/Dockerfile": PLAIN,
        "tab\t/Dockerfile": PLAIN,
        "<script>alert(1)</script>/Dockerfile": WASTEFUL,
        b"\xfe/Dockerfile": "FROM a\0",
    }
    folder = source / "-x"
    commit(git, folder, names)
    (tmp_path / "secret").write_text("FROM secret\n")
    (folder / "Dockerfile").symlink_to("../../secret")
    (folder / "Dockerfile.link").symlink_to("tab\t/Dockerfile")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "links")
    assert scan(source, "--out", out, "--quiet") == 0
    assert {row["path"] for row in rows(out, "files")} == {
        "a\nb/Dockerfile", "\ufffd\ufffd/Dockerfile", "-rf/Dockerfile", "tab\t/Dockerfile", "<script>alert(1)</script>/Dockerfile",
    }  # fmt: skip
    assert [row["path"] for row in rows(out, "failures")] == ["\ufffd/Dockerfile"]


@GIT
def test_nothing_of_a_repository_is_run(tmp_path: Path, git: Callable[..., str]) -> None:
    source = tmp_path / "repo"
    commit(git, source, {"Dockerfile": PLAIN, ".gitattributes": "* filter=evil diff=evil\n"})
    mark = tmp_path / "ran"
    evil = f"touch {mark}"
    for name in ("filter.evil.smudge", "filter.evil.clean", "diff.evil.textconv", "core.fsmonitor", "core.pager"):
        git(source, "config", name, evil)
    assert scan(source, "--out", tmp_path / "out", "--quiet") == 0
    assert len(rows(tmp_path / "out", "files")) == 1
    assert not mark.exists()


# ------------------------------------------------------------ records


def test_json_lines_and_parquet_give_the_same(tmp_path: Path) -> None:
    import pyarrow

    texts = [(f"{number}/Dockerfile", WASTEFUL.replace("curl", f"curl tool{number}")) for number in range(5)]
    plain = records(tmp_path / "a.jsonl", texts)
    with gzip.open(tmp_path / "a.jsonl.gz", "wb") as file:
        file.write(plain.read_bytes())
    for name, kind in (("a.parquet", pyarrow.large_string()), ("b.parquet", pyarrow.binary())):
        columns = {
            "repository": pyarrow.array(["acme"] * 5),
            "path": pyarrow.array([path for path, _ in texts]),
            "text": pyarrow.array([text for _, text in texts]).cast(kind),
        }
        parquet.write_table(pyarrow.table(columns), tmp_path / name, row_group_size=2)
    first = list(dockerfile_sources.read(plain))
    assert [item.path for item in first if isinstance(item, File)] == [path for path, _ in texts]
    for name in ("a.jsonl.gz", "a.parquet", "b.parquet"):
        assert list(dockerfile_sources.read(tmp_path / name)) == first
    # a folder of them is read whole
    assert len(list(dockerfile_sources.read(tmp_path))) == 20


def test_bad_lines_are_told_and_stop_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dockerfile_sources, "MOST_LINE", 100)
    lines = ["", "no json", "[1]", '{"path": "a"}', '{"path": "a", "text": 1}', '{"path": "a", "text": "' + "x" * 500 + '"}', "[" * 90]
    good = '{"path": "a\\ud800", "text": "FROM b\\udc80"}'
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join([*lines, good]))
    found = list(dockerfile_sources.read(path))
    assert [item.reason.split(":")[1] for item in found if isinstance(item, ScanFailure)] == ["2", "3", "4", "5", "6", "7"]
    assert [item for item in found if isinstance(item, File)] == [File("a.jsonl", "a?", "FROM b?")]


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.parquet", b"nonsense", "cannot be read"),
        ("a.jsonl.gz", b"nonsense", "cannot be read"),
        ("a.jsonl.gz", gzip.compress(b"{}\n" * 1000)[:-9], "cannot be read"),
        ("a.csv", b"a,b\n", "neither a folder nor a file whose name ends in"),
        ("none/x", None, "cannot be read: no such file"),
    ],
    ids=["parquet", "gzip", "cut off", "suffix", "missing"],
)
def test_a_source_that_is_no_good(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, data: bytes | None, said: str) -> None:
    if data is not None:
        (tmp_path / name).write_bytes(data)
    assert scan(tmp_path / name, "--out", tmp_path / "out") == 2
    shown = capsys.readouterr().err
    assert said in shown
    assert "Traceback" not in shown


def test_parquet_without_the_columns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import pyarrow

    parquet.write_table(pyarrow.table({"content": ["FROM a"]}), tmp_path / "a.parquet")
    assert scan(tmp_path / "a.parquet", "--out", tmp_path / "out") == 2
    assert "the columns `path` and `text` are needed; there are content" in capsys.readouterr().err


def test_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(ScanError, match="no git repository below"):
        list(dockerfile_sources.read(tmp_path))


def test_the_figures_are_those_of_check_and_cost(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "f"
    folder.mkdir()
    text = WASTEFUL + "COPY package.json .\nRUN npm install\nRUN cd /tmp && pip install flask\n"
    (folder / "Dockerfile").write_text(text)
    records(tmp_path / "a.jsonl", [("Dockerfile", text)])
    assert scan(tmp_path / "a.jsonl", "--out", tmp_path / "out", "--preset", "all", "--quiet") == 0
    main(["check", "--no-config", "--preset", "all", "--shellcheck", "off", "--no-cache", "--format", "json", str(folder / "Dockerfile"), "--exit-zero"])
    checked = json.loads(capsys.readouterr().out)
    found = rows(tmp_path / "out", "findings")
    assert sorted((row["code"], row["line"], row["column"], row["level"], row["message"]) for row in found) == sorted(
        (item["code"], item["line"], item["column"], item["level"], item["message"])
        for item in checked
    )
    (file,) = rows(tmp_path / "out", "files")
    counted = [row for row in found if row["counted"]]
    assert counted
    assert file["saving_seconds"] == pytest.approx(sum(row["saving_seconds"] for row in counted))
    assert file["saving_bytes"] == pytest.approx(sum(row["saving_bytes"] for row in counted))
    assert file["findings"] == len(found)


# ------------------------------------------------------------ chunks


@given(st.lists(st.integers(0, 10_000), unique=True, min_size=1, max_size=3000), st.integers(0, 10_000))
def test_a_new_file_changes_the_chunks_near_it_only(numbers: list[int], new: int) -> None:
    def keys(of: list[int]) -> list[str]:
        return [chunk.key for chunk in chunks.chunks(JOB, (File("r", str(number), "FROM a") for number in of))]

    before, after = keys(numbers), keys([*numbers[: len(numbers) // 2], new + 20_000, *numbers[len(numbers) // 2 :]])
    assert before != after
    # unless a run of files without an end was cut for its length
    if len(before) == 1 or len(numbers) < chunks.MOST_FILES:
        assert len(set(after) - set(before)) <= 2


def test_a_chunk_is_named_by_all_that_its_rows_depend_on() -> None:
    item = File("r", "p", "t", "c", "/top")
    other = Job(Config(preset="all"), 60, 2_000_000_000, "x")
    every = [
        Chunk.of(JOB, [item]),
        Chunk.of(JOB, [item, item]),
        Chunk.of(Job(Config(), 60, 2_000_000_000, "y"), [item]),
        Chunk.of(other, [item]),
        *(Chunk.of(JOB, [item._replace(**{name: "new"})]) for name in ("repository", "path", "text", "commit")),
    ]
    assert len({chunk.key for chunk in every}) == len(every)
    limits = Job(Config(), 1, 1, "x")
    assert Chunk.of(limits, [item]).key == every[0].key


def test_the_program_is_named_by_its_files() -> None:
    assert program() == program()
    assert len(program()) == 24


# ------------------------------------------------------------ poison


@pytest.fixture
def poisoned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of a plug-in whose rule does what a file says, on the path of all processes."""
    site = tmp_path / "site"
    info = site / "poison-1.0.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: poison\nVersion: 1.0.0\n")
    (info / "entry_points.txt").write_text("[dlint.rules]\npoison = poison_rules\n")
    (site / "poison_rules.py").write_text(POISON)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(site), *sys.path]))
    return site


def test_a_poisoned_file_stops_nothing(tmp_path: Path, poisoned: Path) -> None:
    words = ["fine", "hang", "raise", "sleep", "memory", "die", "print", "exit", "last"]
    source = records(tmp_path / "a.jsonl", [(word, f"FROM debian:12\nWORKDIR {word}\n") for word in words] + [("nul", "FROM a\0b")])
    out = tmp_path / "out"
    limits = ["--time-limit", "4", "--memory-limit", "500"]
    done = subprocess.run(
        [sys.executable, "-c", RUN, "scan", str(source), "--out", str(out), "--select", "XX900", *limits],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert {row["path"] for row in rows(out, "files")} == {"fine", "print", "last"}
    failed = {row["path"]: row for row in rows(out, "failures")}
    assert {name: row["kind"] for name, row in failed.items()} == {
        "hang": "time", "sleep": "time", "raise": "internal", "memory": "memory", "die": "crash", "exit": "crash", "nul": "unreadable",
    }  # fmt: skip
    assert failed["hang"]["reason"] == "it takes more than 4 s"
    assert "cannot think" in failed["raise"]["reason"]
    assert "500 MB" in failed["memory"]["reason"]
    assert "not looked at: 7" in done.stdout


def test_what_failed_is_tried_again_when_asked(tmp_path: Path) -> None:
    source = records(tmp_path / "a.jsonl", [("a", "FROM a\0")])
    out = tmp_path / "out"
    marker = time.time() - 1000

    def age() -> float:
        (part,) = (out / "failures").glob("*.parquet")
        found = part.stat().st_mtime
        os.utime(part, (marker, marker))
        return found

    assert scan(source, "--out", out, "--quiet") == 0
    age()
    assert scan(source, "--out", out, "--quiet") == 0
    assert age() == marker
    assert scan(source, "--out", out, "--quiet", "--retry-failed") == 0
    assert age() > marker + 500
    assert scan(source, "--out", out, "--quiet", "--fresh") == 0
    assert age() > marker + 500


def test_a_failure_that_was_mended_goes(tmp_path: Path) -> None:
    source, out = records(tmp_path / "a.jsonl", [("a", PLAIN)]), tmp_path / "out"
    assert scan(source, "--out", out, "--quiet") == 0
    before = everything(out)
    assert scan(records(tmp_path / "b.jsonl", [("a", "FROM a\0")]), "--out", tmp_path / "bad", "--quiet") == 0
    (part,) = (out / "files").iterdir()
    (failure,) = (tmp_path / "bad" / "failures").iterdir()
    shutil.copy(failure, out / "failures" / part.name)
    assert scan(source, "--out", out, "--quiet", "--retry-failed") == 0
    assert everything(out) == before


def test_a_rule_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = records(tmp_path / "a.jsonl", [("a", PLAIN)])
    assert scan(source, "--out", tmp_path / "out", "--select", "DF9999") == 2
    assert "there is no rule 'DF9999'" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


# ------------------------------------------------------------ going on


def many(path: Path, count: int, word: str) -> Path:
    return records(path, [(f"{number}/Dockerfile", f"{WASTEFUL}WORKDIR {word}\nLABEL a={number}\n") for number in range(count)])


def begun(source: Path, out: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", RUN, "scan", str(source), "--out", str(out), *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip


def wait_for_parts(out: Path, count: int) -> dict[str, int]:
    """The parts that are there as soon as there are so many, with their times."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        found = {path.name: path.stat().st_mtime_ns for path in (out / "files").glob("*.parquet")} if out.exists() else {}
        if len(found) >= count:
            return found
        time.sleep(0.02)
    raise AssertionError("nothing is written")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_scan_that_was_ended_goes_on(tmp_path: Path, poisoned: Path, number: signal.Signals) -> None:
    source, out, whole = many(tmp_path / "a.jsonl", 120, "slow"), tmp_path / "out", tmp_path / "whole"
    with begun(source, out) as process:
        wait_for_parts(out, 3)
        os.killpg(process.pid, number)
        _, errors = process.communicate(timeout=30)
    there = wait_for_parts(out, 3)
    if number == signal.SIGINT:
        assert process.returncode == 130
        assert errors == f"dlint: interrupted: {len(there)} parts are in {out}; the same command goes on from there\n"
    for folder in (out, whole):
        with begun(source, folder) as again:
            _, errors = again.communicate(timeout=120)
            assert (again.returncode, errors) == (0, "")
    assert everything(out) == everything(whole)
    assert len(rows(out, "files")) == 120
    after = {path.name: path.stat().st_mtime_ns for path in (out / "files").glob("*.parquet")}
    assert len(after) > len(there)
    assert there.items() <= after.items()
    assert not [path for kind in ("files", "findings") for path in (out / kind).iterdir() if path.suffix != ".parquet"]


def test_the_processes_of_a_killed_scan_end(tmp_path: Path, poisoned: Path) -> None:
    source, out = many(tmp_path / "a.jsonl", 60, "slow"), tmp_path / "out"
    with begun(source, out, "--jobs", "1", "--time-limit", "3") as process:
        wait_for_parts(out, 1)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        if not children.exists():
            pytest.skip("the system does not tell the children of a process")
        threads = Path(f"/proc/{process.pid}/task").glob("*/children")
        found = [int(word) for path in threads for word in path.read_text().split()]
        assert found
        process.kill()
        process.communicate(timeout=30)
    end = time.monotonic() + 20
    while any(is_running(number) for number in found):
        assert time.monotonic() < end
        time.sleep(0.1)


def is_running(number: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{number}/status").read_text()
    except OSError:
        return False


def test_parts_of_what_is_not_there_any_more_go(tmp_path: Path) -> None:
    out = tmp_path / "out"
    records(tmp_path / "a.jsonl", [("a", WASTEFUL), ("b", "FROM a\0")])
    assert scan(tmp_path / "a.jsonl", "--out", out, "--quiet") == 0
    (out / "files" / "mine.txt").write_text("x")
    records(tmp_path / "a.jsonl", [("c", PLAIN)])
    assert scan(tmp_path / "a.jsonl", "--out", out, "--quiet") == 0
    assert [row["path"] for row in rows(out, "files")] == ["c"]
    assert rows(out, "failures") == []
    assert (out / "files" / "mine.txt").exists()


def test_a_part_that_is_cut_off_is_made_again(tmp_path: Path) -> None:
    out = tmp_path / "out"
    source = records(tmp_path / "a.jsonl", [("a", WASTEFUL)])
    assert scan(source, "--out", out, "--quiet") == 0
    before = everything(out)
    (part,) = (out / "files").glob("*.parquet")
    part.write_bytes(part.read_bytes()[:-10])
    assert scan(source, "--out", out, "--quiet") == 0
    assert everything(out) == before


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.txt").write_text("x")
    assert scan(records(tmp_path / "a.jsonl", [("a", PLAIN)]), "--out", out) == 2
    assert "this folder holds files that are not of a scan" in capsys.readouterr().err
    assert [path.name for path in out.iterdir()] == ["thesis.txt"]


def test_two_scans_do_not_share_a_folder(tmp_path: Path, poisoned: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = many(tmp_path / "a.jsonl", 60, "slow"), tmp_path / "out"
    with begun(source, out, "--jobs", "1") as process:
        wait_for_parts(out, 1)
        assert scan(source, "--out", out) == 2
        process.kill()
        process.communicate(timeout=30)
    assert "another scan is writing to this folder" in capsys.readouterr().err


def test_what_is_not_installed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    import importlib.util

    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name in ("pyarrow", "distributed") else found(name, *rest))
    assert scan(tmp_path, "--out", tmp_path / "out", "--scheduler", "tcp://127.0.0.1:1") == 2
    assert "pyarrow and distributed, not installed here: pip install 'dockerlint[scan]'" in capsys.readouterr().err


def test_limit(tmp_path: Path) -> None:
    source = many(tmp_path / "a.jsonl", 20, "a")
    assert scan(source, "--out", tmp_path / "out", "--limit", "7", "--quiet") == 0
    assert len(rows(tmp_path / "out", "files")) == 7


# ------------------------------------------------------------ the cluster


@pytest.fixture
def cluster(poisoned: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    # its workers get the path of this process
    monkeypatch.syspath_prepend(str(poisoned))
    distributed = pytest.importorskip("distributed", reason="dlint[scan] is not installed: the cluster is not tested")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50) as made:
        yield made


@pytest.mark.filterwarnings("ignore")
def test_a_worker_that_is_killed_changes_nothing(tmp_path: Path, cluster: Any) -> None:
    source, out, whole = many(tmp_path / "a.jsonl", 160, "slow"), tmp_path / "out", tmp_path / "whole"
    killed: list[int] = []

    with begun(source, out, "--scheduler", cluster.scheduler_address) as process:

        def kill() -> None:
            wait_for_parts(out, 3)
            killed.append(len(list((out / "files").glob("*.parquet"))))
            os.kill(next(iter(cluster.workers.values())).pid, signal.SIGKILL)

        killer = threading.Thread(target=kill)
        killer.start()
        _, errors = process.communicate(timeout=180)
        killer.join()
    assert process.returncode == 0, errors
    with begun(source, whole, "--jobs", "1") as alone:
        _, errors = alone.communicate(timeout=180)
    assert alone.returncode == 0, errors
    assert everything(out) == everything(whole)
    assert len(rows(out, "files")) == 160
    assert 3 <= killed[0] < len(list((out / "files").glob("*.parquet"))) - 2


def test_no_scheduler_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("distributed", reason="dlint[scan] is not installed: the cluster is not tested")
    from dockerlint.lint.cli.scan import cluster as ours

    monkeypatch.setattr(ours, "PATIENCE", 1)
    source = records(tmp_path / "a.jsonl", [("a", PLAIN)])
    assert scan(source, "--out", tmp_path / "out", "--scheduler", "tcp://127.0.0.1:9") == 2
    assert "no Dask scheduler answers at this address" in capsys.readouterr().err


class Fake:
    """Stands for dask: a client, the futures in its hands, and what they give in the order in which they were asked for."""

    __spec__ = "it is installed"
    status = "running"

    def __init__(self, answer: Callable[..., Any]) -> None:
        self.answer = answer
        self.under_way: list[Any] = []
        self.most = 0
        self.keys: list[str] = []

    def Client(self, *_: object, **__: object) -> Fake:  # noqa: N802 - dask's name
        return self

    def as_completed(self) -> Fake:
        return self

    def nthreads(self) -> dict[str, int]:
        return {"tcp://1": 1, "tcp://2": 1}

    def submit(self, function: Callable[..., Any], *given: Any, key: str, **_: object) -> SimpleNamespace:
        error, result = None, None
        self.keys.append(key)
        try:
            result = self.answer(function, given, self.keys)
        except Exception as raised:
            error = raised
        return SimpleNamespace(key=key, status="finished", exception=lambda: error, result=lambda: result, release=lambda: None)

    def add(self, future: SimpleNamespace) -> None:
        self.under_way.append(future)
        self.most = max(self.most, len(self.under_way))

    def __iter__(self) -> Iterator[SimpleNamespace]:
        while self.under_way:
            yield self.under_way.pop(0)

    def close(self) -> None:
        pass


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Fake]]:
    pytest.importorskip("distributed", reason="dlint[scan] is not installed: the cluster is not tested")
    from dockerlint.lint.cli.scan import cluster as ours

    def make(answer: Callable[..., Any]) -> Fake:
        made = Fake(answer)
        monkeypatch.setitem(sys.modules, "distributed", made)
        return made

    monkeypatch.setattr(chunks, "ONE_IN", 2)
    yield make
    guard = getattr(ours._mine, "guard", None)
    if guard:
        guard.close()
        del ours._mine.guard


def test_a_part_that_is_lost_for_good(
    tmp_path: Path, fake: Callable[..., Fake], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    source, out = many(tmp_path / "a.jsonl", 40, "a"), tmp_path / "out"
    poisoned: list[str] = []

    def answer(function: Callable[..., Any], given: tuple[Any, ...], keys: list[str]) -> Any:
        poisoned.append(given[1].key)
        if given[1].key == poisoned[0]:
            raise RuntimeError("workers died of it")
        return function(*given)

    made = fake(answer)
    assert scan(source, "--out", out, "--scheduler", "x", "--quiet") == 3
    shown = capsys.readouterr().err
    assert "dlint: a part was lost: RuntimeError: workers died of it\n" in shown
    assert "what was lost is tried again by the same command" in shown
    assert sum(key.split("-")[1] == poisoned[0] for key in made.keys) == 3
    assert len(set(made.keys)) == len(made.keys)
    assert made.most <= 6
    assert 0 < len(rows(out, "files")) < 40
    assert len(set(poisoned)) > 10
    assert json.loads((out / "scan.json").read_text())["complete"] is False
    assert "Parts of the scan were lost (1)" in (out / "report.html").read_text()

    # this time it goes well: only what was lost is done
    again = fake(lambda function, given, _: function(*given))
    assert scan(source, "--out", out, "--scheduler", "x", "--quiet") == 0
    assert [key.split("-")[1] for key in again.keys] == [poisoned[0]]
    assert len(rows(out, "files")) == 40


def test_a_worker_with_another_version_ends_the_scan(
    tmp_path: Path, fake: Callable[..., Fake], capsys: pytest.CaptureFixture[str]
) -> None:
    fake(lambda function, given, _: function(replace(given[0], program="another"), *given[1:]))
    assert scan(many(tmp_path / "a.jsonl", 3, "a"), "--out", tmp_path / "out", "--scheduler", "x") == 3
    assert "a worker has another version of dlint" in capsys.readouterr().err


def test_a_scheduler_that_goes_away(tmp_path: Path, fake: Callable[..., Fake], capsys: pytest.CaptureFixture[str]) -> None:
    source, out = many(tmp_path / "a.jsonl", 40, "a"), tmp_path / "out"

    def answer(function: Callable[..., Any], given: tuple[Any, ...], keys: list[str]) -> Any:
        if len(keys) > 8:
            made.status = "closed"
            raise RuntimeError("ConnectionPool is closed")
        return function(*given)

    made = fake(answer)
    assert scan(source, "--out", out, "--scheduler", "tcp://x:1", "--quiet") == 3
    assert capsys.readouterr().err.startswith("dlint: the cluster at tcp://x:1 does not answer any more")
    assert 0 < len(rows(out, "files")) < 40
    fake(lambda function, given, _: function(*given))
    assert scan(source, "--out", out, "--scheduler", "tcp://x:1", "--quiet") == 0
    assert len(rows(out, "files")) == 40


# ------------------------------------------------------------ the page


class Seen(HTMLParser):
    """The tags, the attributes and the text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_stands_alone_and_nothing_in_it_acts(tmp_path: Path) -> None:
    hostile = '"><img src=x onerror=alert(1)><script>alert(2)</script>\u202e'
    name = tmp_path / "<b>bold.jsonl"
    records(name, [(f"{hostile}/Dockerfile", WASTEFUL.replace("debian", "debian"))], repository=f"repo{hostile}")
    out = tmp_path / "out"
    assert scan(name, "--out", out, "--quiet", "--preset", "all") == 0
    page = (out / "report.html").read_text()
    seen = Seen()
    seen.feed(page)
    assert not {"img", "script", "b", "a", "iframe", "object", "foreignobject"} & seen.tags
    assert not [word for word in seen.attributes if word.startswith("on") or word in ("src", "href")]
    assert "<img src=x" in seen.text
    assert "\u202e" not in page
    assert "default-src 'none'" in page
    assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org/2000/svg", "")
    for heading in ("By rule", "By repository", "By base image", "Files with the most at stake", "debian:bookworm-slim"):
        assert heading in seen.text


def test_the_summary_and_the_page_say_the_sums(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = many(tmp_path / "a.jsonl", 12, "a")
    out = tmp_path / "out"
    assert scan(source, "--out", out, "--preset", "all", "--top", "3") == 0
    files = rows(out, "files")
    size = sum(row["saving_bytes"] for row in files)
    said = capsys.readouterr().out
    assert said.startswith(f"12 files in 1 repository, {len(rows(out, 'findings'))} findings\nat stake: {megabytes(size)} of images")
    assert size > 0
    seen = Seen()
    seen.feed((out / "report.html").read_text())
    assert megabytes(size) in seen.text
