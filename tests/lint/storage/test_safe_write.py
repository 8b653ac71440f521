"""Writing a fixed file: at any moment the old or the new text is there, whole."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dockerlint.lint.storage import safe_write
from dockerlint.lint.storage.safe_write import WriteError, write

if TYPE_CHECKING:
    from types import FrameType

OLD, NEW = b"FROM a\n", b"FROM b\r\n\xff"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "Dockerfile"
    path.write_bytes(OLD)
    return path


def names(folder: Path) -> list[str]:
    return sorted(item.name for item in folder.iterdir())


def test_write(file: Path) -> None:
    write(file, NEW, OLD)
    assert file.read_bytes() == NEW
    assert names(file.parent) == ["Dockerfile"]


@pytest.mark.parametrize("mode", [0o644, 0o600, 0o755, 0o664, 0o200 | 0o400])
def test_the_mode_stays(file: Path, mode: int) -> None:
    file.chmod(mode)
    write(file, NEW, OLD)
    assert stat.S_IMODE(file.stat().st_mode) == mode


@pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser may give files away")
def test_the_owner_stays(file: Path) -> None:
    os.chown(file, 1234, 2345)
    file.parent.chmod(0o2755)
    write(file, NEW, OLD)
    assert (file.stat().st_uid, file.stat().st_gid) == (1234, 2345)


@pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser may give files away")
def test_the_group_of_a_folder_does_not_count(file: Path) -> None:
    os.chown(file.parent, 0, 3456)
    file.parent.chmod(0o2775)
    before = file.stat()
    write(file, NEW, OLD)
    assert file.stat().st_gid == before.st_gid


def test_a_link_stays_a_link(file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "links"
    folder.mkdir()
    link = folder / "Dockerfile"
    link.symlink_to("../Dockerfile")
    far = folder / "far"
    far.symlink_to(link)
    write(far, NEW, OLD)
    assert far.is_symlink()
    assert link.is_symlink()
    assert file.read_bytes() == NEW
    assert names(folder) == ["Dockerfile", "far"]


@pytest.mark.parametrize("target", ["gone", "loop"])
def test_a_link_that_leads_nowhere(tmp_path: Path, target: str) -> None:
    link = tmp_path / "loop"
    link.symlink_to(tmp_path / target)
    with pytest.raises(WriteError, match="nothing was written"):
        write(link, NEW, OLD)
    assert names(tmp_path) == ["loop"]


def test_a_file_that_changed_meanwhile(file: Path) -> None:
    file.write_bytes(b"FROM c\n")
    with pytest.raises(WriteError, match="has changed"):
        write(file, NEW, OLD)
    assert file.read_bytes() == b"FROM c\n"
    assert names(file.parent) == ["Dockerfile"]


def test_a_file_that_is_gone(file: Path) -> None:
    file.unlink()
    with pytest.raises(WriteError, match="nothing was written"):
        write(file, NEW, OLD)
    assert names(file.parent) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write any file")
def test_a_read_only_file(file: Path) -> None:
    file.chmod(0o444)
    with pytest.raises(WriteError, match="read-only"):
        write(file, NEW, OLD)
    assert file.read_bytes() == OLD


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_read_only_folder(file: Path) -> None:
    file.parent.chmod(0o555)
    with pytest.raises(WriteError, match="nothing was written"):
        write(file, NEW, OLD)
    file.parent.chmod(0o755)
    assert file.read_bytes() == OLD


@pytest.mark.parametrize("step", ["fsync", "replace", "chmod"])
def test_a_step_that_fails(file: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    def fail(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    owner: object = os if step == "fsync" else Path
    monkeypatch.setattr(owner, step, fail)
    with pytest.raises(WriteError, match="No space left"):
        write(file, NEW, OLD)
    assert file.read_bytes() == OLD
    assert names(file.parent) == ["Dockerfile"]


def test_an_interrupt_leaves_nothing_behind(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write(file, NEW, OLD)
    assert file.read_bytes() == OLD
    assert names(file.parent) == ["Dockerfile"]


# the file object of which nobody knew yet
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interrupt_at_any_line_leaves_nothing_behind(file: Path) -> None:
    def interrupt(after: int) -> bool:
        """Whether there was an interrupt, at so many lines of the module."""
        left = after

        def trace(frame: FrameType, event: str, _: object) -> Any:
            nonlocal left
            if frame.f_code.co_filename != safe_write.__file__:
                return None
            left -= event == "line"
            if left < 0:
                sys.settrace(None)
                raise KeyboardInterrupt
            return trace

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            write(file, NEW, OLD)
        except KeyboardInterrupt:
            return True
        finally:
            sys.settrace(before)
        return False

    after = 0
    while interrupt(after):
        assert file.read_bytes() in (OLD, NEW)
        assert names(file.parent) == ["Dockerfile"], after
        file.write_bytes(OLD)
        after += 1
    assert after > 15


def test_a_folder_that_cannot_be_synced(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sync = os.fsync

    def fail(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(22, "Invalid argument")
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", fail)
    write(file, NEW, OLD)
    assert file.read_bytes() == NEW


WRITER = """
import sys
from pathlib import Path
from dockerlint.lint.storage.safe_write import write
path = Path(sys.argv[1])
one, other = b"a" * 300_000, b"b" * 300_000
print("ready", flush=True)
while True:
    write(path, other, one)
    write(path, one, other)
"""


@pytest.mark.parametrize("wait", [0.0, 0.003, 0.011, 0.027, 0.05])
def test_killed_at_any_moment(file: Path, wait: float) -> None:
    file.write_bytes(b"a" * 300_000)
    package = str(Path(safe_write.__file__).parents[3])
    environment = {**os.environ, "PYTHONPATH": package}
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(file)], stdout=subprocess.PIPE, env=environment
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        time.sleep(wait)
        process.send_signal(signal.SIGKILL)
    assert file.read_bytes() in (b"a" * 300_000, b"b" * 300_000)
