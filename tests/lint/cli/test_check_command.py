from __future__ import annotations

import io
import json
import os
import pty
import re
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click
import pytest

from dockerlint.fixers.cost import price
from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.cli import commands, main
from dockerlint.lint.cli.check_run import DEFAULTS
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Saving, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.report.saving_text import in_brackets
from dockerlint.lint.storage import prepared
from dockerlint.lint.syntax.nodes import Dockerfile, Run, Workdir
from dockerlint.lint.syntax.parser import parse
from dockerlint.lint.syntax.span import Edit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

GOOD = "FROM debian:12\n"
OLD = "FROM debian:12\nWORKDIR old\nWORKDIR risky\n"
WASTE = "FROM debian:12\nWORKDIR old\nRUN apt-get update && apt-get install -y curl && echo unneeded\nWORKDIR risky\n"
WASTE_TWICE = (
    "FROM debian:12\n"
    "RUN apt-get update && apt-get install -y curl && echo unneeded\n"
    "RUN apt-get update && apt-get install -y git && echo doubtful\n"
)
BROKEN = "FROM debian:12\nCOYP a b\nWORKDIR old\n"


@rule("XX100", name="old-folder", severity=Severity.WARNING, aliases=("OldFolder",))
def old_folder(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """A folder is called old, risky or bug, or a step is one that nobody needs."""
    for node in doc.instructions:
        if isinstance(node, Run):
            trust = Applicability.SAFE if "unneeded" in doc.source(node.span) else Applicability.UNSAFE
            yield Finding(node.span, "unneeded step", Fix("drop the step", (Edit(node.span, ""),), trust))
        if not isinstance(node, Workdir):
            continue
        name, span = node.argument.text, node.argument.span
        if name == "bug":
            raise RuntimeError("cannot think")
        if name == "old":
            yield Finding(span, "old folder", Fix("rename it", (Edit(span, "new"),), Applicability.SAFE))
        if name == "risky":
            yield Finding(span, "risky folder", Fix("drop it", (Edit(span, "safe"),), Applicability.UNSAFE))
        if name == "edited":
            # by another program, at this moment
            Path("Dockerfile").write_text("FROM other\n")
        if name == "target":
            yield Finding(span, f"built for {facts.settings.target} with {dict(facts.settings.build_args)}")


@rule("XX200", name="any-folder", severity=Severity.STYLE, recommended=False)
def any_folder(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """There is a folder."""
    for node in doc.instructions:
        if isinstance(node, Workdir):
            yield Finding(node.span, "a folder")


def saving_of(text: str, line: int) -> Saving:
    """What it saves to drop the instruction on a line."""
    doc = parse(text)
    (node,) = (item for item in doc.instructions if doc.line(item.span.start) == line)
    fix = Fix("drop the step", (Edit(node.span, ""),), Applicability.SAFE)
    (saving,) = price(doc, [Finding(node.span, "unneeded step", fix)], Facts(doc))
    assert saving
    return saving


def never(path: object, mode: int) -> bool:
    return False


class Done(NamedTuple):
    status: int
    out: str
    err: str


class Dlint:
    """The command in a folder of its own."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.capsys = capsys

    def put(self, name: str, text: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def __call__(self, *words: str) -> Done:
        self.capsys.readouterr()
        status = main(words)
        return Done(status, *self.capsys.readouterr())


@pytest.fixture
def dlint(
    tmp_path: Path, plug_in: Callable[[str], None], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Dlint:
    for name in [name for name in os.environ if name.startswith("DLINT_")] + ["FORCE_COLOR", "NO_COLOR"]:
        monkeypatch.delenv(name, raising=False)
    plug_in(__name__)
    # but for the one about syntax errors, which stays
    monkeypatch.setenv("DLINT_IGNORE", "DF,DL,SC")
    monkeypatch.chdir(tmp_path)
    return Dlint(tmp_path, capsys)


# ---------------------------------------------------------------- words and exit status


@pytest.mark.parametrize(
    ("words", "status", "out"),
    [
        (["Dockerfile"], 1, "Dockerfile:2:9: XX100 warning: old folder [*]"),
        (["check", "Dockerfile"], 1, "Dockerfile:2:9: XX100"),
        ([], 1, "Dockerfile:2:9: XX100"),
        (["."], 1, "Dockerfile:2:9: XX100"),
        (["--quiet"], 1, "Dockerfile:2:9: XX100"),
        (["--fail-on", "error"], 0, "XX100"),
        (["--fail-on", "never"], 0, "XX100"),
        (["--exit-zero", "Dockerfile"], 0, "XX100"),
        (["--select", "XX2"], 0, "XX200 style: a folder"),
        (["--select", "XX2", "--fail-on", "style"], 1, "XX200"),
        (["--select", "any-folder,OldFolder"], 1, "XX200"),
        (["--ignore", "XX1"], 0, "no findings in 1 file"),
        (["--preset", "all"], 1, "XX200"),
        (["--preset", "hadolint"], 0, "no findings"),
        (["--statistics"], 1, "     2  XX100     old-folder"),
        (["--version"], 0, "dlint "),
        (["--help"], 0, "Exit status"),
        (["check", "--help"], 0, "--unsafe-fixes"),
        (["rules"], 0, "old-folder"),
        (["explain", "oldfolder"], 0, "# XX100 old-folder"),
        (["ast", "Dockerfile"], 0, "Workdir 2:1-2:12"),
    ],
)
def test_words(words: list[str], status: int, out: str, dlint: Dlint) -> None:
    dlint.put("Dockerfile", OLD)
    done = dlint(*words)
    assert (done.status, out in done.out) == (status, True), done
    assert done.err == ""


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["nothing.here"], "dlint: nothing.here: no such file or folder\n"),
        (["explian"], "dlint: explian: no such file or folder; did you mean 'explain'?\n"),
        (["empty", "--fail-on-empty"], "dlint: empty: no Dockerfile in this folder (looked for Dockerfile, "),
        (["binary"], "dlint: binary: this is a binary file (NUL byte at offset 4), not a Dockerfile\n"),
        (["wide"], "dlint: wide: this is UTF-16"),
        (["conf/Dockerfile"], "unknown key 'selct'; did you mean 'select'?\n"),
        (["--select", "XX999", "Dockerfile"], "dlint: --select: there is no rule 'XX999'"),
        (["--ignore", "old-foldr", "Dockerfile"], "did you mean 'old-folder'?\n"),
        (["--config", "missing.toml"], "'missing.toml' does not exist"),
        (["--format", "jsn"], "'jsn'"),
        (["--fail-on", "bad"], "'bad'"),
        (["--unsafe-fixes", "Dockerfile"], "it needs --fix or --diff"),
        (["--write-baseline"], "--write-baseline needs --baseline FILE"),
        (["--baseline", "known.json", "Dockerfile"], "the baseline cannot be read: no such file or directory"),
        (["--output", "no/such/folder", "Dockerfile"], "cannot be written: no such file or directory"),
        (["--nonsense"], "--nonsense"),
        (["-", "Dockerfile"], "cannot be checked together"),
        (["explain", "XX10O"], "there is no rule 'XX10O'; did you mean 'XX100'?"),
        (["ast", "nothing.here"], "nothing.here: cannot be read: no such file or directory"),
        (["explain"], "CODE"),
    ],
)
def test_bad_use_is_a_sentence_and_status_2(words: list[str], sentence: str, dlint: Dlint) -> None:
    dlint.put("Dockerfile", GOOD)
    dlint.put("conf/Dockerfile", GOOD)
    dlint.put("conf/.dlint.toml", "selct = []\n")
    dlint.put("binary", b"FROM\0\1\2")
    dlint.put("wide", "FROM debian".encode("utf-16"))
    (dlint.folder / "empty").mkdir()
    done = dlint(*words)
    assert done.status == 2
    assert sentence in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("bad", ["nothing.here", "binary", "conf/Dockerfile", "locked"])
def test_one_bad_file_does_not_stop_the_others(bad: str, dlint: Dlint) -> None:
    dlint.put("first", OLD)
    dlint.put("last", OLD)
    dlint.put("binary", b"\0")
    dlint.put("conf/Dockerfile", GOOD)
    dlint.put("conf/.dlint.toml", "selct = []\n")
    dlint.put("locked", GOOD).chmod(0)
    if bad == "locked" and os.access("locked", os.R_OK):
        pytest.skip("this user may read everything")
    for words in (("first", bad, "last"), (bad, "first", "last")):
        done = dlint(*words)
        assert done.status == 2
        assert "first:2:9" in done.out
        assert "last:2:9" in done.out
        assert done.err.count("\n") == 1


def test_a_config_file_that_many_files_share_is_complained_about_once(dlint: Dlint) -> None:
    dlint.put(".dlint.toml", "target = 1\n")
    dlint.put("a/Dockerfile", GOOD)
    dlint.put("b/Dockerfile", GOOD)
    done = dlint("a", "b")
    assert (done.status, done.err.count("target must be")) == (2, 1)


def test_a_bug_in_a_rule_is_told_and_the_others_are_done(dlint: Dlint, monkeypatch: pytest.MonkeyPatch) -> None:
    dlint.put("bad", "FROM a\nWORKDIR bug\n")
    dlint.put("good", OLD)
    done = dlint("bad", "good")
    assert done.status == 3
    assert "good:2:9" in done.out
    assert done.err.startswith("dlint: bad: XX100: internal error: RuntimeError: cannot think (test_check_command.py:")
    assert done.err.count("internal error") == 1
    assert "please report it" in done.err
    assert "Traceback" not in done.err
    # so that what the option sets is taken back
    monkeypatch.setenv("DLINT_DEBUG", "")
    assert "Traceback" in dlint("--debug", "bad").err
    monkeypatch.setenv("DLINT_DEBUG", "1")
    assert "Traceback" in dlint("bad").err


def test_a_bug_in_a_rule_does_not_stop_the_other_rules(dlint: Dlint) -> None:
    path = dlint.put("Dockerfile", "FROM a\nWORKDIR old\nWORKDIR bug\n")
    done = dlint("--preset", "all", "--jobs", "2", "Dockerfile")
    assert (done.status, done.out.count("XX200"), done.out.count("XX100")) == (3, 2, 0)
    done = dlint("--fix", "--preset", "all", "Dockerfile")
    assert (done.status, done.err.count("Dockerfile: XX100: internal error")) == (3, 1)
    assert path.read_text() == "FROM a\nWORKDIR old\nWORKDIR bug\n"
    # nothing is kept of a run that was not whole
    assert dlint("--preset", "all", "Dockerfile").status == 3


def test_a_file_that_does_not_parse_is_a_finding(dlint: Dlint) -> None:
    dlint.put("Dockerfile", BROKEN)
    done = dlint("Dockerfile")
    assert done.status == 1
    assert "Dockerfile:2:1: DL1000 error:" in done.out
    assert "Dockerfile:3:9: XX100" in done.out


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing\n", "\ufeff"])
def test_an_empty_file_is_a_finding(text: str, dlint: Dlint) -> None:
    dlint.put("Dockerfile", text)
    done = dlint("Dockerfile")
    assert (done.status, "DL1000 error" in done.out, done.err) == (1, True, "")


def test_bytes_that_are_no_utf8_are_noted_and_survive_a_fix(dlint: Dlint) -> None:
    path = dlint.put("Dockerfile", b"\xef\xbb\xbfFROM debian:12\r\n# caf\xe9\r\nWORKDIR old\r\n")
    done = dlint("--fix", "Dockerfile")
    assert done.status == 0
    assert "Dockerfile:2: the file is not UTF-8 (byte 0xe9)" in done.err
    assert path.read_bytes() == b"\xef\xbb\xbfFROM debian:12\r\n# caf\xe9\r\nWORKDIR new\r\n"


def test_a_line_of_ten_megabytes(dlint: Dlint) -> None:
    dlint.put("Dockerfile", "FROM debian:12\nRUN echo " + "x" * 10_000_000 + "\nWORKDIR old\n")
    started = time.monotonic()
    done = dlint("Dockerfile")
    assert (done.status, "Dockerfile:3:9: XX100" in done.out) == (1, True)
    assert time.monotonic() - started < 20


# ---------------------------------------------------------------- fixing


def test_fix_says_what_it_saves(dlint: Dlint) -> None:
    first, _, third = WASTE_TWICE.splitlines(keepends=True)
    path = dlint.put("Dockerfile", WASTE_TWICE)
    done = dlint("--fix", "Dockerfile")
    assert path.read_text() == first + "\n" + third
    summary, *lines = done.err.splitlines()
    assert summary.startswith("Dockerfile: fixed 1 finding, image ")
    assert lines == [
        f"  line 2: XX100 drop the step {in_brackets(saving_of(WASTE_TWICE, 2))}",
        "    unneeded step",
        "  left for --unsafe-fixes:",
        f"    line 3: XX100 drop the step {in_brackets(saving_of(first + third, 2))}",
    ]


def test_fix_writes_and_says_what_it_did(dlint: Dlint) -> None:
    path = dlint.put("Dockerfile", OLD)
    done = dlint("--fix", "Dockerfile")
    assert path.read_text() == OLD.replace("old", "new")
    assert done.err == (
        "Dockerfile: fixed 1 finding\n"
        "  line 2: XX100 rename it\n"
        "    old folder\n"
        "  left for --unsafe-fixes:\n"
        "    line 3: XX100 drop it\n"
    )
    assert "1 finding (1 warning), 1 fixable with --unsafe-fixes" in done.out
    assert done.status == 1
    again = dlint("--fix", "--unsafe-fixes", "--quiet", "Dockerfile")
    assert again == (0, "", "")
    assert path.read_text() == "FROM debian:12\nWORKDIR new\nWORKDIR safe\n"


def test_diff_shows_and_writes_nothing(dlint: Dlint) -> None:
    path = dlint.put("sub/Dockerfile", OLD.rstrip("\n"))
    done = dlint("--diff", "--unsafe-fixes", "sub")
    assert done.status == 1
    assert path.read_text() == OLD.rstrip("\n")
    assert done.out.startswith("--- a/sub/Dockerfile\n+++ b/sub/Dockerfile\n@@ -1,3 +1,3 @@\n")
    assert "would fix 2 findings" in done.err
    patch = subprocess.run(["git", "apply", "-p1"], input=done.out, text=True, capture_output=True, check=False)
    assert (patch.returncode, patch.stderr) == (0, "")
    assert path.read_text() == "FROM debian:12\nWORKDIR new\nWORKDIR safe"
    assert dlint("--diff", "sub") == (0, "", "")


def test_a_diff_says_why_by_the_lines_of_the_file_as_it_is(dlint: Dlint) -> None:
    dlint.put("Dockerfile", "FROM debian:12\nRUN apt-get update\nRUN apt-get install -y curl\nRUN pip install flask\n")
    dlint.put("b/Dockerfile", "FROM fedora:42\nRUN dnf install -y httpd\nRUN dnf clean all\n")
    *lines, last = dlint("--diff", "--select", "DF104,DF201,DF103,DL3009,DL3040,DL3042").err.splitlines()
    assert [line.split(": ")[1].split(" ")[0] for line in lines if line.startswith("  line ")] == ["DF104", "DL3009", "DL3042", "DF201"]
    assert [line.split(":")[0] for line in lines if line.startswith("  line ")] == ["  line 2", "  line 3", "  line 4", "  line 3"]
    assert "  gone with these: DL3009 (line 2)" in lines
    assert re.fullmatch(r"would fix 4 findings in 2 files, images about \d+ MB smaller, of \S+ MB", last)


def test_diff_exit_zero(dlint: Dlint) -> None:
    dlint.put("Dockerfile", OLD)
    assert dlint("--diff", "--exit-zero").status == 0


@pytest.mark.parametrize("option", ["--fix", "--diff"])
def test_standard_input(option: str, dlint: Dlint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"FROM a\r\n# \xe9\r\nWORKDIR old\r\n")))
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, write_through=True))
    assert main([option, "-"]) == int(option == "--diff")
    if option == "--fix":
        assert written.getvalue() == b"FROM a\r\n# \xe9\r\nWORKDIR new\r\n"
    else:
        assert b"-WORKDIR old\r\n+WORKDIR new\r\n" in written.getvalue()


def test_standard_input_is_checked(dlint: Dlint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(OLD.encode())))
    done = dlint("-")
    assert (done.status, done.out.startswith("-:2:9: XX100")) == (1, True)


def test_a_read_only_file_is_left_alone(dlint: Dlint, monkeypatch: pytest.MonkeyPatch) -> None:
    path = dlint.put("Dockerfile", OLD)
    path.chmod(0o444)
    monkeypatch.setattr("os.access", never)
    done = dlint("--fix", "Dockerfile")
    assert done.status == 2
    assert "Dockerfile: the file is read-only; nothing was written" in done.err
    assert "fixed" not in done.err
    assert "Dockerfile:2:9" in done.out
    assert path.read_text() == OLD


def test_a_file_that_changes_meanwhile_is_left_alone(dlint: Dlint) -> None:
    path = dlint.put("Dockerfile", OLD + "WORKDIR edited\n")
    done = dlint("--fix", "Dockerfile")
    assert (done.status, "has changed since" in done.err) == (2, True)
    assert path.read_text() == "FROM other\n"


# ---------------------------------------------------------------- reports


def test_json_of_several_files(dlint: Dlint) -> None:
    dlint.put("a/Dockerfile", OLD)
    dlint.put("b/Dockerfile", BROKEN)
    done = dlint("--format", "json", "--exit-zero", "--no-cache")
    rows = json.loads(done.out)
    assert [(row["file"], row["line"], row["code"]) for row in rows] == [
        ("a/Dockerfile", 2, "XX100"),
        ("a/Dockerfile", 3, "XX100"),
        ("b/Dockerfile", 2, "DL1000"),
        ("b/Dockerfile", 3, "XX100"),
    ]
    assert (done.status, done.err) == (0, "")


def test_output_goes_to_a_file(dlint: Dlint) -> None:
    dlint.put("Dockerfile", OLD)
    done = dlint("--format", "json", "--output", "found.json")
    assert (done.status, done.out) == (1, "")
    assert len(json.loads((dlint.folder / "found.json").read_text())) == 2


def test_savings_are_paired_with_findings_unless_they_are_not_wanted(dlint: Dlint) -> None:
    dlint.put("Dockerfile", WASTE)
    saved = saving_of(WASTE, 3)
    assert [row["saving"] for row in json.loads(dlint("--format", "json").out)] == [
        None,
        {
            "image_bytes": pytest.approx(saved.image_bytes, abs=1),
            "rebuild_seconds": pytest.approx(saved.rebuild_seconds, abs=0.1),
            "basis": saved.basis.value,
        },
        None,
    ]
    assert [row["saving"] for row in json.loads(dlint("--format", "json", "--no-savings").out)] == [None] * 3


def test_colours_are_for_terminals_and_for_who_asks(dlint: Dlint, monkeypatch: pytest.MonkeyPatch) -> None:
    dlint.put("Dockerfile", OLD)
    assert "\x1b" not in dlint().out
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[33;1m" in dlint().out
    monkeypatch.setenv("NO_COLOR", "1")
    out = dlint().out
    assert "\x1b" not in out
    assert "2 | WORKDIR old\n    |         ^^^" in out


def on_terminal(dlint: Dlint, columns: int, *words: str, **environment: str) -> tuple[int, bytes]:
    """Exit status and output of a run on a terminal of that width."""
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (50, columns))
    environ = {**os.environ, "TERM": "xterm", **environment}
    environ.pop("COLUMNS", None)
    command = [sys.executable, "-m", "dockerlint.lint.cli", *words]
    process = subprocess.Popen(command, stdout=slave, stderr=slave, env=environ, cwd=dlint.folder)
    os.close(slave)
    shown = b""
    while True:
        try:
            piece = os.read(master, 4096)
        except OSError:
            break
        shown += piece
        if not piece:
            break
    os.close(master)
    return process.wait(), shown


def test_a_terminal_gets_colour_and_excerpts(dlint: Dlint) -> None:
    dlint.put("Dockerfile", "FROM debian:12\nCOYP a b\n")
    status, shown = on_terminal(dlint, 80, "--no-savings")
    assert status == 1
    assert b"\x1b[31;1mDL1000 error" in shown
    assert b"^^^^" in shown


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_a_terminal_gets_lines_of_its_width(dlint: Dlint, columns: int) -> None:
    dlint.put("Dockerfile", "FROM node:18\nENV DB_PASSWORD=hunter2\nCOPY . .\nRUN npm install && echo " + "x" * 90 + "\nCMD npm start\n")
    for words in (["--preset", "recommended"], ["--preset", "recommended", "--diff"]):
        _, shown = on_terminal(dlint, columns, *words, NO_COLOR="1", DLINT_IGNORE="")
        assert b"\x1b" not in shown
        report = shown.decode().split("--- a/")[0]
        assert max(map(len, report.splitlines())) <= columns
        assert ("[?]" in report) is ("--diff" not in words)


def test_a_reader_that_goes_is_no_error(dlint: Dlint) -> None:
    for number in range(200):
        dlint.put(f"d{number}/Dockerfile", "FROM debian:12\n" + "COYP a b\n" * 50)
    command = [sys.executable, "-m", "dockerlint.lint.cli", "--no-savings", "--format", "gnu"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=dlint.folder)
    assert process.stdout
    assert process.stderr
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 1


# ---------------------------------------------------------------- configuration


def test_each_file_has_its_own_configuration(dlint: Dlint) -> None:
    dlint.put("a/Dockerfile", OLD)
    dlint.put("b/Dockerfile", OLD)
    dlint.put("b/.dlint.toml", 'ignore = ["XX100"]\n')
    dlint.put("c/Dockerfile", OLD)
    dlint.put("c/.hadolint.yaml", "override: {info: [XX100]}\n")
    assert [line.split(": ")[:2] for line in dlint("--quiet").out.splitlines()] == [
        ["a/Dockerfile:2:9", "XX100 warning"],
        ["a/Dockerfile:3:9", "XX100 warning"],
        ["c/Dockerfile:2:9", "XX100 info"],
        ["c/Dockerfile:3:9", "XX100 info"],
    ]
    assert dlint("b", "c").status == 0
    assert dlint("--no-config", "b").status == 1
    assert dlint("--config", "b/.dlint.toml", "a").status == 0


def test_environment_and_options(dlint: Dlint, monkeypatch: pytest.MonkeyPatch) -> None:
    dlint.put("Dockerfile", "FROM a\nWORKDIR target\n")
    dlint.put(".dlint.toml", 'target = "file"\nbuild-args = {A = "1", B = "1"}\n')
    monkeypatch.setenv("DLINT_TARGET", "environment")
    monkeypatch.setenv("C", "3")
    assert "built for environment with {'A': '1', 'B': '1'}" in dlint().out
    words = ("--target", "option", "--build-arg", "B=2", "--build-arg", "C", "--build-arg", "UNSET")
    assert "built for option with {'A': '1', 'B': '2', 'C': '3'}" in dlint(*words).out
    monkeypatch.setenv("DLINT_FORMAT", "json")
    assert json.loads(dlint().out)
    assert dlint("--format", "text").out.startswith("Dockerfile:2:9")
    monkeypatch.setenv("DLINT_FAIL_ON", "warn")
    done = dlint()
    assert (done.status, "DLINT_FAIL_ON must be one of error" in done.err) == (2, True)


def test_inline_ignores_hold_unless_hadolints_file_says_not(dlint: Dlint) -> None:
    for name in ("a/Dockerfile", "b/Dockerfile"):
        dlint.put(name, "FROM a\n# dlint ignore=XX100 it has to be\nWORKDIR old\n")
    dlint.put("b/.hadolint.yaml", "disable-ignore-pragma: true\n")
    assert (dlint("a").status, dlint("b").status) == (0, 1)


def test_a_baseline_leaves_only_what_is_new(dlint: Dlint) -> None:
    path = dlint.put("sub/Dockerfile", OLD)
    written = dlint("--baseline", "sub/known.json", "--write-baseline")
    assert written.status == 0
    assert "sub/known.json: written" in written.err
    path.write_text("# moved\n\n" + OLD)
    assert dlint("--baseline", "sub/known.json").status == 0
    path.write_text(OLD + "WORKDIR old\n")
    done = dlint("--baseline", "sub/known.json", "--quiet")
    assert done.status == 1
    assert done.out == "sub/Dockerfile:4:9: XX100 warning: old folder [*]\n"


def test_a_baseline_can_be_reviewed(dlint: Dlint) -> None:
    dlint.put("sub/b/Dockerfile", "FROM debian:12\nWORKDIR   old\n" + 'LABEL a="' + "x" * 200 + '"\nWORKDIR old\n')
    dlint.put("sub/a.Dockerfile", b"FROM debian:12\n  RUN  echo \xff\x1b[2J\n")
    dlint("--baseline", "sub/known.json", "--write-baseline")
    text = (dlint.folder / "sub/known.json").read_text(encoding="ascii")
    assert "\x1b" not in text
    # a line a finding, so that two of them can be compared
    rows = [json.loads(line.strip().rstrip(",")) for line in text.splitlines() if '"hash"' in line]
    assert json.loads(text) == {"version": 2, "findings": rows}
    assert [(row["file"], row["code"], row["excerpt"]) for row in rows] == [
        ("a.Dockerfile", "XX100", "RUN echo \ufffd\x1b[2J"),
        ("b/Dockerfile", "XX100", "WORKDIR old"),
        ("b/Dockerfile", "XX100", "WORKDIR old"),
    ]
    assert len({row["hash"] for row in rows[1:]}) == 2
    assert dlint("--baseline", "sub/known.json").status == 0
    # to take a line out is to hear of it again
    kept = [row for row in rows if row["file"] != "a.Dockerfile"]
    dlint.put("sub/known.json", json.dumps({"version": 2, "findings": kept}))
    assert dlint("--baseline", "sub/known.json", "--quiet").out.startswith("sub/a.Dockerfile:2:")


def test_a_baseline_of_hashes_only_is_still_read(dlint: Dlint) -> None:
    dlint.put("sub/Dockerfile", OLD)
    dlint("--baseline", "sub/known.json", "--write-baseline")
    rows = json.loads((dlint.folder / "sub/known.json").read_text())["findings"]
    dlint.put("sub/known.json", json.dumps({"version": 1, "files": {"Dockerfile": [row["hash"] for row in rows]}}))
    assert len(rows) == 2
    assert dlint("--baseline", "sub/known.json").status == 0


@pytest.mark.parametrize(
    "text",
    [
        "[]", '"x"', "{}", '{"version": 3, "findings": []}', '{"version": 2}', '{"version": 2, "findings": {}}', '{"version": 2, "findings": [1]}',
        '{"version": 2, "findings": [{"file": "a", "code": "b", "excerpt": "c"}]}', '{"version": 2, "findings": [{"file": 1, "code": "b", "excerpt": "c", "hash": "d"}]}',
        '{"version": 1, "files": []}', '{"version": 1, "files": {"a": 1}}', '{"version": true}',
    ],
)  # fmt: skip
def test_what_is_no_baseline(text: str, dlint: Dlint) -> None:
    dlint.put("Dockerfile", OLD)
    dlint.put("known.json", text)
    done = dlint("--baseline", "known.json", "Dockerfile")
    assert (done.status, "not a baseline of version 2 or 1" in done.err, "Traceback" in done.err) == (2, True, False)


def test_an_empty_baseline(dlint: Dlint) -> None:
    dlint.put("Dockerfile", GOOD)
    dlint("--baseline", "known.json", "--write-baseline", "--preset", "hadolint")
    assert json.loads((dlint.folder / "known.json").read_text()) == {"version": 2, "findings": []}
    assert dlint("--baseline", "known.json", "Dockerfile").status == 0


def test_many_files_in_several_processes_give_the_same(dlint: Dlint) -> None:
    for number in range(30):
        dlint.put(f"d{number:02}/Dockerfile", OLD if number % 3 else "FROM a\nWORKDIR bug\n")
    one, many = dlint("--jobs", "1", "--format", "json"), dlint("--jobs", "3", "--format", "json")
    assert one == many
    assert (one.status, len(json.loads(one.out))) == (3, 40)


# ---------------------------------------------------------------- the other commands


def test_rules_for_machines(dlint: Dlint) -> None:
    rows = json.loads(dlint("rules", "--format", "json").out)
    known = [(row["code"], row["aliases"], row["recommended"]) for row in rows]
    assert ("DL1000", [], True) in known
    assert known[-2:] == [
        ("XX100", ["OldFolder"], True),
        ("XX200", [], False),
    ]


def test_the_tree_of_a_file_with_errors(dlint: Dlint) -> None:
    dlint.put("Dockerfile", BROKEN)
    done = dlint("ast", "--format", "json", "Dockerfile")
    tree = json.loads(done.out)
    assert [node["type"] for node in tree["instructions"]] == ["From", "Bad", "Workdir"]
    assert tree["instructions"][2]["argument"]["span"] == {"line": 3, "column": 9, "end_line": 3, "end_column": 12}
    assert done.status == 1
    assert done.err.startswith("Dockerfile:2:1: ")


def test_explain_titles_its_examples(dlint: Dlint) -> None:
    out = dlint("explain", "DL1000").out
    assert out.startswith("# DL1000 parse-error\n\n*error · recommended*\n")
    assert "Bad:\n\n```dockerfile\n" in out


def test_start_up_loads_only_what_it_needs() -> None:
    program = "import sys; from dockerlint.lint.cli import main; main(['--version']); print(*sys.modules, sep='\\n')"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert loaded.isdisjoint({"lark", "tree_sitter", "rich", "yaml", "pathspec", "sarif_om", "difflib"})
    assert not [name for name in done.stdout.split() if name.startswith(("dockerlint.rules", "dockerlint.fixers"))]


def test_a_run_over_paths_loads_no_click_and_a_known_file_no_parser(tmp_path: Path) -> None:
    program = "import sys; from dockerlint.lint.cli import main; main(['Dockerfile']); print(*sys.modules, file=sys.stderr)"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DLINT_")}
    environment["XDG_CACHE_HOME"] = str(tmp_path / "cache")

    def loaded(key: str) -> set[str]:
        (tmp_path / "Dockerfile").write_text(f"FROM debian:12\nWORKDIR {key}\n")
        command = [sys.executable, "-c", program]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
        assert "Dockerfile:2:" in done.stdout
        return set(done.stderr.split())

    # the first one makes the tables, where no wheel has brought them
    assert ("lark" in loaded("A")) is not prepared.SHIPPED.is_dir()
    changed, known = loaded("B"), loaded("B")
    late = {"difflib", "csv", "json", "tempfile", "threading", "unicodedata", "importlib.resources"}
    assert changed.isdisjoint({"click", "lark", *late})
    assert known.isdisjoint({"click", "lark", "json", "tree_sitter", "dockerlint.lint.syntax.parser", "dockerlint.rules", "dockerlint.fixers"})
    # each takes half a millisecond: a few more than there are
    assert len(changed) < 380, len(changed)
    assert len(known) < 220, len(known)


def test_without_docstrings_it_finds_the_same(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM debian:12\nWORKDIR old\n")
    program = "import sys; from dockerlint.lint.cli import main; sys.exit(main())"
    words = [program, "Dockerfile", "--no-cache"]

    ways = [subprocess.run([sys.executable, *flags, "-c", *words], cwd=tmp_path, capture_output=True, text=True, check=False) for flags in ([], ["-OO"])]

    assert "DL3000" in ways[0].stdout
    assert (ways[1].returncode, ways[1].stdout, ways[1].stderr) == (ways[0].returncode, ways[0].stdout, ways[0].stderr)


@pytest.mark.parametrize(("text", "status"), [(GOOD, 0), (GOOD + "WORKDIR old\n" * 2_000, 1), (None, 2)])
def test_as_a_program_it_ends_with_all_that_is_said(tmp_path: Path, text: str | None, status: int) -> None:
    if text is not None:
        (tmp_path / "Dockerfile").write_text(text)
    words = ["Dockerfile", "--no-cache", "--no-savings", "--select", "DL3000"]
    program = "import atexit; from dockerlint.lint.cli import program; atexit.register(print, 'last'); program()"
    usual = "import sys; from dockerlint.lint.cli import main; sys.exit(main())"

    ways = [subprocess.run([sys.executable, "-c", way, *words], cwd=tmp_path, capture_output=True, text=True, check=False) for way in (program, usual)]

    assert ways[0].returncode == ways[1].returncode == status
    assert ways[0].stdout == ways[1].stdout + "last\n"
    assert ways[0].stderr == ways[1].stderr


@pytest.mark.parametrize(("closed", "words", "status"), [(">&-", "Dockerfile", 1), (">&-", "--quiet Dockerfile", 1), ("2>&-", "missing", 2)])
def test_a_closed_stream_is_no_bug(tmp_path: Path, closed: str, words: str, status: int) -> None:
    (tmp_path / "Dockerfile").write_text("FROM debian:12\nWORKDIR old\n")
    program = "import sys; from dockerlint.lint.cli import main; sys.exit(main())"
    command = ["sh", "-c", f'exec "$0" -c "$1" {words} {closed}', sys.executable, program]

    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (status, "", "")


def test_options_that_are_not_given_are_the_defaults() -> None:
    command = commands.dlint.get_command(click.Context(commands.dlint), "check")
    assert command

    assert command.make_context("check", []).params == {"paths": (), **DEFAULTS}


@pytest.mark.parametrize("paths", [["Dockerfile"], [], ["missing"], ["Dockerfile", "missing"], ["sub"]])
def test_paths_alone_are_the_same_as_with_an_option(paths: list[str], dlint: Dlint) -> None:
    dlint.put("Dockerfile", OLD)
    dlint.put("sub/Dockerfile", OLD)

    assert dlint(*paths) == dlint("--savings", *paths)


# ---------------------------------------------------------------- the real rules


def test_the_whole_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "Dockerfile"
    path.write_text(
        "FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\nCMD python app.py\n"
    )
    (tmp_path / "requirements.txt").write_text("flask==3.0.0\n")
    (tmp_path / "app.py").write_text("import flask\n")
    assert main(["--format", "json"]) == 1
    found = {row["code"]: row for row in json.loads(capsys.readouterr().out)}
    assert found["DF101"]["saving"]["rebuild_seconds"] > 0
    assert main(["--fix", "--exit-zero"]) == 0
    assert "DF101" in capsys.readouterr().err
    fixed = path.read_text()
    assert fixed.index("requirements.txt") < fixed.index("RUN") < fixed.index("COPY . .")
    assert main(["--fix", "--exit-zero"]) == 0
    assert path.read_text() == fixed
    assert "DF101" not in capsys.readouterr().out


# ---------------------------------------------------------------- cost

APP = "FROM debian:12\nRUN apt-get update && apt-get install -y curl # \x1b[31m\n"


def test_cost_is_a_table(dlint: Dlint) -> None:
    dlint.put("Dockerfile", APP)
    done = dlint("cost")
    assert (done.status, done.err) == (0, "")
    assert "RUN apt-get update" in done.out
    assert "\x1b" not in done.out


def test_cost_for_machines_follows_the_network(dlint: Dlint, monkeypatch: pytest.MonkeyPatch) -> None:
    dlint.put("Dockerfile", APP)
    slow, fast = (json.loads(dlint("cost", "--format", "json", "--network", rate).out) for rate in ("1Mbit", "1Gbit"))
    assert slow["file"] == "Dockerfile"
    assert slow["steps"][1]["seconds"]["mid"] > fast["steps"][1]["seconds"]["mid"]
    monkeypatch.setenv("DLINT_NETWORK", "1Mbit")
    assert json.loads(dlint("cost", "--format", "json").out) == slow


def test_cost_of_two_files_side_by_side(dlint: Dlint) -> None:
    dlint.put("Dockerfile", APP)
    dlint.put("other", "FROM debian:12\n")
    done = json.loads(dlint("cost", "Dockerfile", "--compare", "other", "--format", "json").out)
    assert (done["before"]["file"], done["after"]["file"]) == ("Dockerfile", "other")
    assert dlint("cost", "Dockerfile", "--compare", "other").status == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["nothing.here", "Dockerfile"], "nothing.here: no such file or folder"),
        (["--network", "fast"], "--network must be a rate such as 50Mbit"),
        (["Dockerfile", "--compare", "nothing.here"], "nothing.here: no such file or folder"),
        (["Dockerfile", "--compare", "Dockerfile"], "--compare takes one PATH"),
    ],
)
def test_cost_of_what_is_not_there(words: list[str], sentence: str, dlint: Dlint) -> None:
    dlint.put("Dockerfile", APP)
    done = dlint("cost", *words)
    assert (done.status, sentence in done.err) == (2, True), done
    assert ("debian" in done.out) is (words[0] == "nothing.here")


def test_a_terminal_does_not_act_on_a_diff(dlint: Dlint, monkeypatch: pytest.MonkeyPatch) -> None:
    dlint.put("Dockerfile", OLD + "# \x1b]0;title\x07\n")
    assert "\x1b]0;title\x07" in dlint("--diff", "Dockerfile").out
    monkeypatch.setenv("FORCE_COLOR", "1")
    shown = dlint("--diff", "Dockerfile").out
    assert "\x1b]" not in shown
    assert "title" in shown
    assert "\x1b[31m-WORKDIR old\x1b[0m\n\x1b[32m+WORKDIR new\x1b[0m\n" in shown
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in dlint("--diff", "Dockerfile").out
