"""The program's modules in one file: taken from there as long as they are what their sources say."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dockerlint.lint.storage.installation import FOLDERS, TOP

PROGRAM = "from dockerlint.lint.cli import program; program()"
# Whether two modules came from the file, and what the second says of itself.
ASK = """
from dockerlint.lint.cli import bytecode
bytecode.use()
from dockerlint.lint import nodes, parser
print(*(type(module.__spec__.loader).__name__ for module in (nodes, parser)), parser.__file__, getattr(parser, "ADDED", 0), parser.__spec__.cached)
"""

pytestmark = pytest.mark.skipif(not hasattr(os, "pread"), reason="no reading at a place here")


class Copy:
    """A copy of this program, and a Dockerfile; nothing compiled comes with it but what another copy has."""

    def __init__(self, folder: Path, of: Copy | None = None) -> None:
        self.top = folder / "dockerlint"
        for name in FOLDERS:
            left_out = shutil.ignore_patterns(*() if of else ("__pycache__",))
            shutil.copytree(of.top / name if of else Path(TOP, name), self.top / name, ignore=left_out)
        self.file = self.top / "lint" / "cli" / "__pycache__" / f"bytecode.{sys.implementation.cache_tag}.pyc.all"
        self.module = self.top / "lint" / "parser.py"
        self._folder = folder
        (folder / "Dockerfile").write_text("FROM debian:12\nWORKDIR old\n")

    def python(self, program: str, *words: str, **variables: str) -> str:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("DLINT_", "PYTHON"))}
        environment = {**inherited, "XDG_CACHE_HOME": str(self._folder / "cache"), "PYTHONPATH": str(self._folder), **variables}
        command = [sys.executable, "-c", program, *words]
        done = subprocess.run(command, cwd=self._folder, env=environment, capture_output=True, text=True, check=False)
        assert done.stderr == ""
        return done.stdout

    def run(self, **variables: str) -> str:
        """What a run says of a file that has changed."""
        with (self._folder / "Dockerfile").open("a") as file:
            file.write("\n")
        return self.python(PROGRAM, "Dockerfile", **variables)

    def asked(self) -> list[str]:
        return self.python(ASK).split()


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """A copy that has run twice."""
    copy = Copy(tmp_path_factory.mktemp("copy"))
    for _ in range(2):
        copy.run()
    return copy


def test_the_first_run_leaves_an_empty_file_and_the_second_fills_it(tmp_path: Path) -> None:
    copy = Copy(tmp_path)
    first = copy.run()
    assert "Dockerfile:2:" in first
    assert copy.file.stat().st_size < 1_000
    assert copy.asked()[0] == "SourceFileLoader"

    assert copy.run() == first
    assert copy.file.stat().st_size > 1_000
    assert copy.asked() == ["_Loader", "_Loader", str(copy.module), "0", str(copy.module.parent / "__pycache__" / f"parser.{sys.implementation.cache_tag}.pyc")]
    filled = copy.file.stat().st_mtime_ns
    assert copy.run() == first
    assert copy.file.stat().st_mtime_ns == filled
    assert list(copy.file.parent.glob("*.all*")) == [copy.file]


def test_a_source_that_has_changed_is_read(ran: Copy) -> None:
    before = ran.module.read_text()
    ran.module.write_text(f"{before}ADDED = 1\n")
    try:
        assert ran.asked()[3] == "1"
        # and is kept as it is now, with the others
        ran.run()
        *loaders, _, added, _ = ran.asked()
        assert (loaders, added) == (["_Loader", "_Loader"], "1")
    finally:
        ran.module.write_text(before)


@pytest.mark.parametrize("damage", ["nothing", "head", "half", "table", "start"])
def test_a_damaged_file_is_made_anew(ran: Copy, damage: str) -> None:
    expected, whole = ran.run(), ran.file.read_bytes()
    start = int.from_bytes(whole[8:16], "little")
    damaged = {
        "nothing": b"",
        "head": b"x" * 16 + whole[16:],
        "half": whole[: len(whole) // 2],
        "table": whole[:start] + b"?" * (len(whole) - start),
        "start": whole[:8] + (2**64 - 1).to_bytes(8, "little") + whole[16:],
    }[damage]
    ran.file.write_bytes(damaged)
    assert ran.run() == expected
    assert ran.file.read_bytes() != damaged
    ran.run()
    assert ran.asked()[0] == "_Loader"


def test_it_is_one_versions_and_one_places(ran: Copy, tmp_path: Path) -> None:
    """An installation that came in the place of another, and one that was moved."""
    expected = ran.run()
    module = ran.top / "lint" / "cli" / "bytecode.py"
    module.write_text(f"{module.read_text()}# another version\n")
    assert ran.asked()[0] == "SourceFileLoader"
    assert ran.run() == ran.run() == expected
    assert ran.asked()[0] == "_Loader"

    moved = Copy(tmp_path, ran)
    assert moved.file.exists()
    assert moved.asked()[1:3] == ["SourceFileLoader", str(moved.module)]


def test_where_python_keeps_nothing_compiled_neither_does_it(tmp_path: Path) -> None:
    copy = Copy(tmp_path)
    assert copy.run(PYTHONDONTWRITEBYTECODE="1") == copy.run(PYTHONDONTWRITEBYTECODE="1")
    assert not copy.file.exists()


def test_code_that_is_held_against_its_source_by_a_hash_stays_with_python(tmp_path: Path) -> None:
    copy = Copy(tmp_path)
    compiled = [sys.executable, "-m", "compileall", "-q", "--invalidation-mode", "checked-hash", str(copy.top)]
    subprocess.run(compiled, check=True)
    for _ in range(2):
        copy.run()
    assert copy.file.stat().st_size < 1_000


def test_an_interrupt_while_it_is_written_changes_nothing(ran: Copy) -> None:
    program = f"""
from dockerlint.lint.cli import bytecode
def interrupted(*_):
    raise KeyboardInterrupt
bytecode.keep = interrupted
{PROGRAM}"""
    # `python` holds that nothing goes to standard error
    assert ran.python(program, "Dockerfile") == ran.run()
