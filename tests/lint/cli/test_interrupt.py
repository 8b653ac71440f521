from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-c", "import sys; from dockerlint.lint.cli import main; sys.exit(main())"]
SLOW = "FROM debian:12\n" + "RUN apt-get update && apt-get install -y curl && cd /tmp && curl -O https://example.com/$x\n" * 3


@pytest.fixture
def many(tmp_path: Path) -> Path:
    for number in range(400):
        (tmp_path / f"{number:03}.Dockerfile").write_text(SLOW)
    return tmp_path


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_an_interrupt_ends_it_at_once_with_what_was_found(many: Path, jobs: str) -> None:
    words = ["--no-cache", "--shellcheck", "off", "--jobs", jobs, "--format", "json", "."]
    with subprocess.Popen(
        [*COMMAND, *words], cwd=many, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout
        assert process.stderr
        first = process.stdout.readline() + process.stdout.readline()
        # as a terminal does: to all processes
        os.killpg(process.pid, signal.SIGINT)
        rest, errors = process.stdout.read(), process.stderr.read()
    assert process.returncode == 130
    items = json.loads(first + rest)
    assert 0 < len({item["file"] for item in items}) < 400
    assert errors == "dlint: interrupted: this is what was found so far\n"


@pytest.mark.skipif(sys.platform == "win32", reason="the program is a script of sh")
def test_an_interrupt_waits_for_no_other_process(many: Path) -> None:
    program = many / "shellcheck"
    begun = many / "begun"
    program.write_text(f'#!/bin/sh\n[ "$1" = --version ] && exec echo version: 0.10.0\n: >{begun}\nexec sleep 120\n')
    program.chmod(0o755)
    # the one beside Python comes first
    beside = ["-c", COMMAND[-1].replace("sys;", f"sys; sys.executable = {str(program)!r};", 1)]
    with subprocess.Popen(
        [sys.executable, *beside, "--no-cache", "--shellcheck", "on", "--jobs", "2", "."],
        cwd=many, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True,
    ) as process:  # fmt: skip
        while not begun.exists() and process.poll() is None:
            time.sleep(0.01)
        # this one alone, as an editor does
        process.send_signal(signal.SIGINT)
        try:
            assert process.wait(60) == 130
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        assert process.stderr
        assert process.stderr.read() == "dlint: interrupted: this is what was found so far\n"


BEGINNING = """
import os, signal, sys
from multiprocessing.context import ForkProcess
begin = ForkProcess._Popen
def interrupted(process):
    begun = begin(process)
    os.killpg(0, signal.SIGINT)
    return begun
ForkProcess._Popen = staticmethod(interrupted)
from dockerlint.lint.cli import main
sys.exit(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked")
def test_an_interrupt_while_other_processes_begin(many: Path) -> None:
    words = ["--no-cache", "--shellcheck", "off", "--jobs", "2", "."]
    with subprocess.Popen(
        [sys.executable, "-c", BEGINNING, *words],
        cwd=many, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True,
    ) as process:  # fmt: skip
        try:
            errors = process.communicate(timeout=60)[1]
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    assert (process.returncode, errors) == (130, "dlint: interrupted: this is what was found so far\n")


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGKILL, signal.SIGUSR1])
def test_what_another_process_did_not_do_is_missed(many: Path, by: int) -> None:
    words = ["--no-cache", "--shellcheck", "off", "--jobs", "2", "--exit-zero", "--format", "json", "."]
    with subprocess.Popen(
        [*COMMAND, *words], cwd=many, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        process.stdout.readline()
        other, *_ = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(other), by)
        errors = process.communicate(timeout=60)[1]
    assert process.returncode == 3
    assert errors.startswith("dlint: internal error: ")
    assert "process" in errors


def test_a_terminal_sees_how_far_it_is(many: Path) -> None:
    for path in many.iterdir():
        path.write_text("FROM debian:12\nRUN cd /tmp\n")
    leader, follower = pty.openpty()
    environment = {**os.environ, "TERM": "xterm"}
    with subprocess.Popen(
        [*COMMAND, "--no-cache", "--exit-zero", "--output", "found.txt", "."],
        cwd=many, stdout=subprocess.DEVNULL, stderr=follower, env=environment,
    ) as process:  # fmt: skip
        os.close(follower)
        shown = b""
        while select.select([leader], [], [], 30)[0]:
            try:
                piece = os.read(leader, 65536)
            except OSError:
                break
            if not piece:
                break
            shown += piece
    os.close(leader)
    assert process.returncode == 0
    assert b"/400" in shown
    assert "400 files" in (many / "found.txt").read_text() or "findings" in (many / "found.txt").read_text()


def test_nobody_at_a_terminal_sees_nothing(many: Path) -> None:
    for path in many.iterdir():
        path.write_text("FROM debian:12\n")
    done = subprocess.run([*COMMAND, "--no-cache", "."], cwd=many, capture_output=True, text=True, check=False)
    assert done.stderr == ""
