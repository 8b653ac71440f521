"""A run that is ended at any moment, or that has no room: each file has its old or its new text, and the next run goes on."""

from __future__ import annotations

import os
import random
import resource
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dockerlint.lint.storage import safe_write
from dockerlint.lint.storage.safe_write import WriteError, write
from dockerlint.lint.storage.sqlite_store import Store

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and limits of Unix")

OLD, NEW = b"FROM a\n", b"FROM b\n" * 20_000
TEXT = "FROM debian:12\n# {}\nMAINTAINER me\nADD a /a\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "Dockerfile"
    path.write_bytes(OLD)
    path.chmod(0o640)
    return path


def named(process: int, machine: str = "") -> str:
    """The name that a process gives to a file that is not yet in its place."""
    made = f".Dockerfile.{process}.{machine or safe_write._machine()}01234567"
    return f"{made}.{safe_write._seal(made)}.dlint"


def killed_at(step: str, path: Path) -> int:
    """Writes in another process, which is killed as it comes to a step; the signal that ended it."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    owner, name = (Path, step.removeprefix("Path.")) if step.startswith("Path.") else (os, step)
    setattr(owner, name, lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL))
    write(path, NEW, OLD)
    os._exit(0)


def test_a_killed_process_that_nobody_has_asked_for_yet_is_dead(file: Path) -> None:
    child = os.fork()
    if not child:
        os._exit(0)
    time.sleep(0.2)
    (file.parent / named(child)).write_bytes(NEW)
    safe_write._clear.cache_clear()
    write(file, NEW, OLD)
    os.waitpid(child, 0)
    assert list(file.parent.iterdir()) == [file]


def test_another_process_may_have_the_number_by_now(file: Path) -> None:
    left = file.parent / named(os.getpid())
    for age, there in ((60, True), (7_200, False)):
        left.write_bytes(NEW)
        os.utime(left, (time.time() - age,) * 2)
        safe_write._clear.cache_clear()
        file.write_bytes(OLD)
        write(file, NEW, OLD)
        assert left.exists() is there


@pytest.mark.parametrize(
    ("step", "text", "left"),
    [
        ("Path.resolve", OLD, 0), ("access", OLD, 0), ("open", OLD, 0), ("fsync", OLD, 1), ("Path.chmod", OLD, 1),
        ("Path.read_bytes", OLD, 1), ("Path.replace", OLD, 1),
    ],
)  # fmt: skip
def test_killed_at_each_step(file: Path, step: str, text: bytes, left: int) -> None:
    assert killed_at(step, file) == -signal.SIGKILL
    assert file.read_bytes() == text
    assert len(list(file.parent.iterdir())) == 1 + left
    safe_write._clear.cache_clear()
    write(file, NEW, OLD)
    assert file.read_bytes() == NEW
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert [path.name for path in file.parent.iterdir()] == ["Dockerfile"]


def test_killed_after_the_last_step(file: Path) -> None:
    # from here on the new text is in its place
    child = os.fork()
    if not child:
        safe_write._sync_folder = lambda _: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[assignment]
        write(file, NEW, OLD)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert file.read_bytes() == NEW
    assert [path.name for path in file.parent.iterdir()] == ["Dockerfile"]


@pytest.mark.parametrize(
    ("name", "stays"),
    [
        (named(9999999), False), (named(os.getpid()), True), (named(1), True), (named(9999999, "89abcdef"), True),
        (".Dockerfile.9999999.dlint", True), (".Dockerfile.9999999.abcd1234.dlint", True), (named(9999999)[:-8] + "xx.dlint", True), (named(9999999).replace("Docker", "Other"), True),
        (".Dockerfile.dlint", True), (".Dockerfile.9999999.abcd_123.txt", True), ("Dockerfile.9999999.abcd_123.dlint", True),
    ],
)  # fmt: skip
def test_only_what_is_left_over_goes(file: Path, name: str, stays: bool) -> None:
    other = file.with_name(name)
    other.write_bytes(b"x")
    safe_write._clear.cache_clear()
    write(file, NEW, OLD)
    assert other.exists() == stays


def limit_files() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (8, 8))


def dlint(*words: str, home: Path) -> list[str]:
    return [sys.executable, "-m", "dockerlint.lint.cli", "--shellcheck", "off", "--no-savings", *words]


def environment(home: Path) -> dict[str, str]:
    package = str(Path(safe_write.__file__).parents[3])
    return {**os.environ, "PYTHONPATH": package, "XDG_CACHE_HOME": str(home)}


def project(folder: Path, count: int) -> dict[Path, bytes]:
    folder.mkdir(exist_ok=True)
    texts = {folder / f"Dockerfile.{at}": TEXT.format(at).encode() for at in range(count)}
    for path, text in texts.items():
        path.write_bytes(text)
    return texts


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_run_that_is_killed(tmp_path: Path, jobs: str) -> None:
    folder, env, count = tmp_path / "files", environment(tmp_path / "home"), 30
    old = project(folder, count)
    command = dlint("--fix", "--jobs", jobs, str(folder), home=tmp_path)
    subprocess.run(command, env=env, capture_output=True, check=False, timeout=120)
    new = {path: path.read_bytes() for path in old}
    assert all(new[path] != old[path] for path in old)
    dice = random.Random(3)  # noqa: S311 - moments
    for _ in range(4):
        project(folder, count)
        with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            # from here on files change
            end = time.monotonic() + 60
            while all(path.read_bytes() == old[path] for path in old) and time.monotonic() < end and process.poll() is None:
                time.sleep(0.01)
            time.sleep(dice.uniform(0, 0.2))
            # the first process only: those that work for it must end by themselves
            process.kill()
            process.communicate(timeout=60)
        assert all(path.read_bytes() in (old[path], new[path]) for path in old)
    # a run that writes clears up after processes that are gone; those of the killed run take a moment to go
    for _ in range(10):
        project(folder, count)
        subprocess.run(command, env=env, capture_output=True, check=False, timeout=120)
        if set(folder.iterdir()) == set(new):
            break
        time.sleep(0.5)
    assert {path: path.read_bytes() for path in folder.iterdir()} == new


def test_no_room_for_the_new_text(tmp_path: Path) -> None:
    old = project(tmp_path / "files", 2)
    done = subprocess.run(
        dlint("--fix", "--no-cache", str(tmp_path / "files"), home=tmp_path),
        env=environment(tmp_path / "home"), preexec_fn=limit_files, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.count("File too large; nothing was written") == 2
    assert "Traceback" not in done.stderr
    assert {path: path.read_bytes() for path in (tmp_path / "files").iterdir()} == old


def test_no_room_for_what_is_kept(tmp_path: Path) -> None:
    project(tmp_path / "files", 2)
    command = dlint("--jobs", "1", str(tmp_path / "files"), home=tmp_path)
    env = environment(tmp_path / "home")
    first = subprocess.run(command, env=env, preexec_fn=limit_files, capture_output=True, check=False, timeout=120)
    second = subprocess.run(command, env=env, capture_output=True, check=False, timeout=120)
    assert (first.returncode, first.stdout, first.stderr) == (second.returncode, second.stdout, second.stderr)
    assert b"4 findings" in first.stdout


def test_no_room_for_the_report(tmp_path: Path) -> None:
    project(tmp_path / "files", 2)
    done = subprocess.run(
        dlint("--no-cache", "--output", str(tmp_path / "report"), str(tmp_path / "files"), home=tmp_path),
        env=environment(tmp_path / "home"), preexec_fn=limit_files, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert (done.returncode, "report: cannot be written: file too large" in done.stderr) == (2, True)


def test_no_room_for_the_baseline_leaves_the_one_that_is_there(tmp_path: Path) -> None:
    project(tmp_path / "files", 40)
    baseline = tmp_path / "baseline.json"
    baseline.write_text('{"version": 1, "files": {}}')
    done = subprocess.run(
        dlint("--no-cache", "--baseline", str(baseline), "--write-baseline", str(tmp_path / "files"), home=tmp_path),
        env=environment(tmp_path / "home"), preexec_fn=limit_files, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert (done.returncode, "the baseline cannot be written: " in done.stderr, "Traceback" in done.stderr) == (2, True, False)
    assert baseline.read_text() == '{"version": 1, "files": {}}'


COMMANDS = (
    ["FILE"], ["--format", "json", "FILE"], ["--diff", "FILE"], ["--fix", "-"], ["cost", "FILE"], ["ast", "FILE"], ["rules"], ["rules", "--format", "json"],
    ["explain", "DL3006"], ["doctor"], ["--version"], ["--help"],
)  # fmt: skip


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_no_room_for_standard_output(words: list[str], tmp_path: Path) -> None:
    project(tmp_path / "files", 1)
    path = next((tmp_path / "files").iterdir())
    command = [sys.executable, "-m", "dockerlint.lint.cli", *[str(path) if word == "FILE" else word for word in words]]
    with path.open("rb") as given, Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            command, env=environment(tmp_path / "home"), stdin=given, stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=120
        )
    assert done.stderr.splitlines()[-1] == "dlint: standard output: cannot be written: no space left on device"
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)


def test_killed_while_results_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "kept.sqlite"
    for wait in (0.0, 0.002, 0.01, 0.03, 0.06):
        child = os.fork()
        if not child:
            store = Store(path)
            while True:
                store.put({os.urandom(8): b"x" * 50_000 for _ in range(20)})
        time.sleep(0.05 + wait)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        store = Store(path)
        store.put({b"key": b"value"})
        assert store.get([b"key"]) == {b"key": b"value"}
        store.close()


def test_a_read_only_file_system_is_a_sentence(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(os, "open", fail)
    with pytest.raises(WriteError, match="Read-only file system; nothing was written"):
        write(file, NEW, OLD)
    assert file.read_bytes() == OLD


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_what_another_user_left_over_stays(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = file.with_name(named(9999999))
    other.write_bytes(b"x")
    os.chown(other, 1234, 1234)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    safe_write._clear.cache_clear()
    safe_write._clear(file.parent)
    assert other.exists()


def test_other_names_of_a_file_are_told(tmp_path: Path) -> None:
    path, other = tmp_path / "Dockerfile", tmp_path / "copy"
    path.write_text(TEXT.format(1))
    other.hardlink_to(path)
    done = subprocess.run(dlint("--fix", "--exit-zero", str(path), home=tmp_path / "home"), env=environment(tmp_path / "home"), capture_output=True, text=True, check=False)
    assert f"{path}: the file had 1 other name(s), by hard links: they keep the old text" in done.stderr
    assert (done.returncode, "MAINTAINER" in path.read_text(), other.read_text()) == (0, False, TEXT.format(1))


@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize("whole", [True, False])
def test_a_run_that_is_asked_to_end_leaves_nothing_over(tmp_path: Path, jobs: str, whole: bool) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    for at in range(150):
        (folder / f"Dockerfile.{at:03}").write_text(TEXT.format(at))
    command = dlint("--fix", "--exit-zero", "--jobs", jobs, str(folder), home=tmp_path / "home")
    with subprocess.Popen(command, env=environment(tmp_path / "home"), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True) as process:
        while not any("MAINTAINER" not in path.read_text() for path in folder.glob("Dockerfile.*")) and process.poll() is None:
            time.sleep(0.01)
        (os.killpg if whole else os.kill)(process.pid, signal.SIGTERM)
        err = process.communicate(timeout=60)[1]
    assert b"Traceback" not in err
    assert b"internal error" not in err
    assert process.returncode in (143, 0)
    assert len(list(folder.iterdir())) == 150
    texts = [path.read_text() for path in folder.iterdir()]
    assert all(text.startswith("FROM debian:12\n") and text.endswith("\n") for text in texts)


def test_runs_side_by_side(tmp_path: Path) -> None:
    """As pre-commit starts them: each with some of the files, all with one cache."""
    folder = tmp_path / "files"
    folder.mkdir()
    paths = [folder / f"Dockerfile.{at}" for at in range(40)]
    for at, path in enumerate(paths):
        path.write_text(TEXT.format(at))
    runs = [subprocess.Popen(dlint("--fix", "--exit-zero", *map(str, paths[at::4]), home=tmp_path / "home"), env=environment(tmp_path / "home"), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for at in range(4)]
    for run in runs:
        assert b"error" not in run.communicate(timeout=120)[1]
        assert run.returncode == 0
    assert sorted(folder.iterdir()) == sorted(paths)
    assert all("MAINTAINER" not in path.read_text() for path in paths)


@pytest.mark.parametrize("temporary", ["/nonexistent", "/proc"])
def test_a_folder_for_temporary_files_that_cannot_be_used(tmp_path: Path, temporary: str) -> None:
    path = tmp_path / "Dockerfile"
    path.write_text("FROM debian:12\nRUN echo $x\nMAINTAINER me\n")
    command = [sys.executable, "-m", "dockerlint.lint.cli", "--fix", "--exit-zero", str(path)]
    done = subprocess.run(command, env={**environment(tmp_path / "home"), "TMPDIR": temporary}, capture_output=True, text=True, check=False)
    assert (done.returncode, "internal error" in done.stderr, "MAINTAINER" in path.read_text()) == (0, False, False)
    assert not [item for item in tmp_path.iterdir() if item.name not in ("Dockerfile", "home")]
