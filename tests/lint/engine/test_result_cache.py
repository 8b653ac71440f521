from __future__ import annotations

import io
import json
import os
import sys
import time
from typing import TYPE_CHECKING, NamedTuple

import pytest

from dockerlint.lint.cli import main
from dockerlint.lint.cli import many_files as run
from dockerlint.lint.context.build_context import Context
from dockerlint.lint.context.recording_context import Watched, is_same
from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.report.render import FORMATS
from dockerlint.lint.storage import sqlite_store
from dockerlint.lint.syntax.nodes import Dockerfile, Workdir

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

TEXT = """FROM node:22-slim
WORKDIR /app
COPY . .
RUN npm install && apt-get update && apt-get install curl
ADD index.js .
CMD node index.js
"""
PACKAGE = '{"dependencies": {"express": "4.19.2"}, "devDependencies": {"eslint": "9.0.0"}}'


class Done(NamedTuple):
    status: int
    out: str
    err: str


# The texts that rules were given.
LOOKED: list[str] = []


@rule("XX500", name="looked-at", severity=Severity.STYLE)
def looked_at(doc: Dockerfile) -> Iterator[Finding]:
    """Says in which process a file was looked at, where it asks for that."""
    LOOKED.append(doc.text)
    for node in doc.instructions:
        if isinstance(node, Workdir) and node.argument.text == "/process":
            yield Finding(node.span, f"process {os.getpid()}")


class Run:
    """The command in a folder of its own; `looked` are the texts that it had to look at, and did not remember."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str], plug_in: Callable[[str], None]) -> None:
        self.folder = folder
        self.capsys = capsys
        self.plug_in = plug_in
        self.looked = LOOKED
        plug_in(__name__)

    def __call__(self, *words: str) -> Done:
        self.capsys.readouterr()
        self.looked.clear()
        return Done(main(["--jobs", "1", *words]), *self.capsys.readouterr())


@pytest.fixture
def dlint(tmp_path: Path, capsys: pytest.CaptureFixture[str], plug_in: Callable[[str], None], monkeypatch: pytest.MonkeyPatch) -> Run:
    (tmp_path / ".git").mkdir()
    (tmp_path / "Dockerfile").write_text(TEXT)
    (tmp_path / "package.json").write_text(PACKAGE)
    (tmp_path / "index.js").write_text("// nothing\n")
    (tmp_path / ".dockerignore").write_text("node_modules\n")
    monkeypatch.chdir(tmp_path)
    return Run(tmp_path, capsys, plug_in)


@pytest.mark.parametrize("format_", FORMATS)
def test_what_is_remembered_reads_as_what_was_found(dlint: Run, format_: str) -> None:
    fresh = dlint("--format", format_, "--preset", "all")
    assert dlint.looked
    assert fresh.status == 1
    again = dlint("--format", format_, "--preset", "all")
    assert again == fresh
    assert not dlint.looked


def test_on_a_terminal_too(dlint: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    fresh = dlint()
    assert "\x1b[" in fresh.out
    assert dlint() == fresh
    assert not dlint.looked


def change(name: str, text: str) -> Callable[[Run, pytest.MonkeyPatch], list[str]]:
    def make(run: Run, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        (run.folder / name).parent.mkdir(exist_ok=True)
        (run.folder / name).write_text(text)
        return []

    return make


def option(*words: str) -> Callable[[Run, pytest.MonkeyPatch], list[str]]:
    return lambda *_: list(words)


def variable(name: str, value: str) -> Callable[[Run, pytest.MonkeyPatch], list[str]]:
    def make(run: Run, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        monkeypatch.setenv(name, value)
        return []

    return make


def another_day(run: Run, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(time, "time", lambda: 0.0)
    return []


def another_version(run: Run, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    run.plug_in(__name__)
    return []


def another_shellcheck(run: Run, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    # beside this Python there may be one too
    monkeypatch.setattr(sys, "executable", str(run.folder / "bin" / "python"))
    monkeypatch.setenv("PATH", str(run.folder / "bin"))
    program = run.folder / "bin" / "shellcheck"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho '{\"comments\": []}'\n")
    program.chmod(0o755)
    return []


def another_folder(run: Run, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    (run.folder / "sub").mkdir()
    monkeypatch.chdir(run.folder / "sub")
    return ["../Dockerfile"]


CHANGES = {
    "the file": change("Dockerfile", TEXT + "# more\n"),
    "a file that was read": change("package.json", PACKAGE.replace("4.19.2", "4.19.1")),
    "a file more": change("more.js", ""),
    "what is ignored": change(".dockerignore", "node_modules\nindex.js\n"),
    "what was measured": change(".dlint/measured.json", "{}"),
    "the configuration": change(".dlint.toml", 'ignore = ["DL3015"]\n'),
    "a rule less": option("--ignore", "DL3015"),
    "the preset": option("--preset", "all"),
    "the target": option("--build-arg", "A=1"),
    "the context": option("--context", ".."),
    "the savings": option("--no-savings"),
    "the environment": variable("DLINT_IGNORE", "DL3015"),
    "the day": another_day,
    "the program": another_version,
    "ShellCheck": another_shellcheck,
    "the folder": another_folder,
}


@pytest.mark.parametrize("name", CHANGES)
def test_whatever_may_matter_makes_it_look_again(dlint: Run, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    dlint("Dockerfile")
    words = CHANGES[name](dlint, monkeypatch)
    dlint(*([] if name == "the folder" else ["Dockerfile"]), *words)
    assert dlint.looked


@pytest.mark.parametrize("words", [("--no-cache",), ("--fix",), ("--diff",)])
def test_nothing_is_taken_from_memory_when_it_must_not(dlint: Run, words: tuple[str, ...]) -> None:
    dlint()
    dlint(*words)
    assert dlint.looked


def test_nothing_is_kept_when_it_must_not(dlint: Run) -> None:
    dlint("--no-cache")
    assert not list(sqlite_store.folder().glob("results*"))


def test_a_damaged_memory_is_no_memory(dlint: Run) -> None:
    fresh = dlint()
    sqlite_store.results().path.write_bytes(b"damaged")
    assert dlint() == fresh
    assert dlint.looked
    assert dlint() == fresh
    assert not dlint.looked


def test_a_value_of_another_form_is_no_value(dlint: Run) -> None:
    fresh = dlint()
    kept = sqlite_store.results()
    connection = kept._open()
    keys = [key for (key,) in connection.execute("SELECT key FROM kept")]
    for value in (b"[]", b"{}", b"null", b'{"items": [[1]]}', b'{"items": [[["a"], 1]], "asked": []}', b"\xff"):
        kept.put(dict.fromkeys(keys, value))
        assert dlint() == fresh
        assert dlint.looked


def test_what_could_not_be_read_is_tried_again(dlint: Run) -> None:
    (dlint.folder / "Dockerfile").write_bytes(b"FROM a\0")
    fresh = dlint("Dockerfile")
    assert (fresh.status, "binary file" in fresh.err) == (2, True)
    assert dlint("Dockerfile") == fresh


def test_notes_are_remembered(dlint: Run) -> None:
    (dlint.folder / "Dockerfile").write_bytes(b"FROM debian:12\n# \xe9\n")
    fresh = dlint("Dockerfile")
    assert "not UTF-8" in fresh.err
    assert dlint("Dockerfile") == fresh
    assert not dlint.looked


def test_a_message_with_bytes_that_are_no_text_is_found_anew(dlint: Run) -> None:
    (dlint.folder / "Dockerfile").write_bytes(b"FROM debian:12\nFOO\xe9 a\n")
    fresh = dlint("Dockerfile")
    assert "unknown instruction" in fresh.out
    assert dlint("Dockerfile") == fresh


def test_only_what_changed_is_looked_at_and_the_order_stays(dlint: Run) -> None:
    for number in range(9):
        (dlint.folder / f"{number}.Dockerfile").write_text(f"FROM debian:{number}\nRUN cd /tmp\n")
    fresh = dlint()
    (dlint.folder / "4.Dockerfile").write_text("FROM debian:4\nRUN cd /tmp\n# more\n")
    again = dlint()
    assert "FROM debian:4\nRUN cd /tmp\n# more\n" in dlint.looked
    assert again.out == fresh.out


def test_standard_input_is_not_remembered(dlint: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(2):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(TEXT.encode())))
        dlint("-")
        assert dlint.looked


def test_a_rule_that_there_is_not_is_told_each_time(dlint: Run) -> None:
    for _ in range(2):
        assert dlint("--select", "XX999", "Dockerfile").status == 2


def test_the_memory_can_be_shown_and_cleared(dlint: Run) -> None:
    dlint()
    shown = main(["cache", "show"]), dlint.capsys.readouterr().out
    assert shown[0] == 0
    assert f"{sqlite_store.results().path}: " in shown[1]
    assert " of at most 64 MB" in shown[1]
    assert main(["cache", "clear"]) == 0
    assert not sqlite_store.results().path.exists()
    dlint()
    assert dlint.looked


# ---------------------------------------------------------------- what a context was asked


def test_each_question_is_noted(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    (tmp_path / ".gitignore").write_text("b\n")
    asked = Watched.of(tmp_path)
    public = {name for name in vars(Context) if not name.startswith("_")}
    answers = {
        "of": None,
        "root": None,
        "ignore_file": None,
        "files": lambda: asked.files,
        "ignore": lambda: asked.ignore,
        "whole": lambda: asked.whole,
        "has": lambda: asked.has("a"),
        "select": lambda: asked.select("a"),
        "find": lambda: asked.find("a*"),
        "names": lambda: asked.names("", "a*"),
        "read": lambda: asked.read("a"),
        "keeps_back": lambda: asked.keeps_back("a"),
        "is_left_out": lambda: asked.is_left_out("b"),
        "beside": lambda: asked.beside("a"),
        "mode": lambda: asked.mode("a"),
        "follow": None,  # only a history asks for it, and nothing of that is kept
    }
    assert public <= answers.keys()
    for ask in answers.values():
        if ask:
            ask()
    assert is_same(Context.of(tmp_path), asked.asked.items())
    assert {question[0] for question in asked.asked} == {"files", "ignore", "names", "read", "beside", "mode", "left out"}


@pytest.mark.parametrize(
    ("question", "name", "text"),
    [
        (lambda context: context.read("a"), "a", "2"),
        (lambda context: context.files, "c", ""),
        (lambda context: context.beside("c"), "c", ""),
        (lambda context: context.mode("c"), "c", ""),
        (lambda context: context.names("", "*"), "c", ""),
        (lambda context: context.ignore, ".dockerignore", "x"),
        (lambda context: context.is_left_out("b"), ".gitignore", ""),
    ],
)
def test_another_answer_is_seen(
    tmp_path: Path, question: Callable[[Context], object], name: str, text: str
) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "a").write_text("1")
    (tmp_path / ".gitignore").write_text("b\n")
    (tmp_path / ".dockerignore").write_text("y")
    asked = Watched.of(tmp_path)
    question(asked)
    pairs = json.loads(json.dumps(list(asked.asked.items())))
    assert is_same(Context.of(tmp_path), pairs)
    (tmp_path / name).write_text(text)
    assert not is_same(Context.of(tmp_path), pairs)
    assert not is_same(None, pairs)


def test_other_processes_begin_once(dlint: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    (dlint.folder / "many").mkdir()
    for number in range(20):
        (dlint.folder / "many" / f"{number:02}.Dockerfile").write_text(f"FROM debian:{number}\nWORKDIR /process\n")
    monkeypatch.setattr(run, "BATCH", 6)
    found = json.loads(dlint("--jobs", "2", "--no-savings", "--format", "json", "--select", "XX500", "many").out)
    assert [item["file"][-13:-11] for item in found] == [f"{number:02}" for number in range(20)]
    # each batch may be done by one of them alone
    processes = {item["message"] for item in found}
    assert f"process {os.getpid()}" not in processes
    assert len(processes) <= 2
