"""The program's compiled modules in one file: to find, open and read them one by one takes a tenth of a small run.

The file lies where Python keeps what it compiles, and a module in it is good by the rule Python has for its own: as long as its
source has the time and the size it was compiled from. Source: PEP 3147 and "Cached bytecode invalidation", Python's reference.
"""

from __future__ import annotations

import marshal
import os
import sys
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dockerlint.lint.storage.installation import TOP

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import CodeType, ModuleType

    # Its source, its compiled file, and the source's time and size.
    Module = tuple[str, str, tuple[int, int]]

PACKAGE = __name__.removesuffix("lint.cli.bytecode")
# The file's length, and where its table starts.
HEAD = 16
# What a compiled file starts with: Python's version, how it is held against its source (here by time), the source's time and size.
PYC_HEAD = 16
BY_TIME = bytes(4)
FOUR_BYTES = 0xFFFF_FFFF


class Together:
    """The modules in the file, for `sys.meta_path`: each with where its code starts, and how long that is."""

    def __init__(self, file: int, modules: dict[str, tuple[Module, int, int]]) -> None:
        self._file = file
        self._modules = modules

    def __contains__(self, name: str) -> bool:
        return name in self._modules

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> ModuleSpec | None:
        """What `sys.meta_path` asks."""
        if name not in self._modules:
            return None
        source, compiled, _ = self._modules[name][0]
        spec = ModuleSpec(name, _Loader(name, source, self), origin=source)
        spec.has_location = True
        spec.cached = compiled
        if source.endswith("__init__.py"):
            spec.submodule_search_locations = [os.path.dirname(source)]  # noqa: PTH120 - as quick as can be
        return spec

    def code(self, name: str) -> CodeType | None:
        """The code of a module in the file; nothing if its source has changed, and it is in the file no more."""
        (source, _, stamp), start, length = self._modules[name]
        if _stamp(source) != stamp:
            del self._modules[name]
            return None
        code: CodeType = _loads(self._file, start, length)
        return code

    def all(self) -> dict[str, tuple[Module, bytes]]:
        """The modules, each with its code."""
        return {name: (module, os.pread(self._file, length, start)) for name, (module, start, length) in self._modules.items()}


class _Loader(SourceFileLoader):
    def __init__(self, name: str, path: str, together: Together) -> None:
        super().__init__(name, path)
        self._together = together

    def get_code(self, fullname: str) -> CodeType | None:
        return self._together.code(fullname) or super().get_code(fullname)


def place() -> str | None:
    """Where the file is; nothing where Python keeps nothing compiled, or files have no reading at a place, as on Windows."""
    compiled = __spec__.cached if __spec__ else None
    return f"{compiled}.all" if compiled and hasattr(os, "pread") else None


def use() -> Together | None:
    """Load modules from the file, if it is there and good."""
    path = place()
    if path is None:
        return None
    try:
        file = os.open(path, os.O_RDONLY)
    except OSError:
        return None
    try:
        together = Together(file, _table(file))
    except (OSError, ValueError, TypeError, EOFError):
        os.close(file)
        return None
    sys.meta_path.insert(0, together)
    return together


def keep(together: Together | None) -> None:
    """Add to the file what this run has loaded from elsewhere.

    A run that finds no file makes an empty one and leaves it at that: where there is one run only, as in continuous integration,
    nobody would have any good of the work.
    """
    path = place()
    if path is None or sys.dont_write_bytecode:
        return
    if together is None:
        _write(path, {})
    elif new := _loaded(together):
        _write(path, {**together.all(), **new})


def _loaded(together: Together) -> dict[str, tuple[Module, bytes]]:
    """The loaded modules of this program that are not in the file, each with its code."""
    found = {}
    for name, module in list(sys.modules.items()):
        if name.startswith(PACKAGE) and name not in together:
            compiled = _compiled(module)
            # as one is compiled all are
            if compiled is None:
                break
            found[name] = compiled
    return found


def _compiled(module: ModuleType) -> tuple[Module, bytes] | None:
    """A module and its code; nothing where Python keeps none, or holds it against the source by a hash."""
    from importlib.util import MAGIC_NUMBER

    spec = module.__spec__
    if spec is None or spec.origin is None or spec.cached is None:
        return None
    try:
        data = Path(spec.cached).read_bytes()
    except OSError:
        return None
    if not data.startswith(MAGIC_NUMBER + BY_TIME):
        return None
    stamp = int.from_bytes(data[8:12], "little"), int.from_bytes(data[12:PYC_HEAD], "little")
    return (spec.origin, spec.cached, stamp), data[PYC_HEAD:]


def _write(path: str, modules: Mapping[str, tuple[Module, bytes]]) -> None:
    body = bytearray(HEAD)
    table = {}
    for name, (module, code) in modules.items():
        table[name] = module, len(body), len(code)
        body += code
    start = len(body)
    body += marshal.dumps((_of(), table))
    body[:HEAD] = len(body).to_bytes(8, "little") + start.to_bytes(8, "little")
    # as Python writes a compiled file: whole or not at all, and without a word where it may not
    SourceFileLoader(__name__, __file__).set_data(path, bytes(body))


def _table(file: int) -> dict[str, tuple[Module, int, int]]:
    """What the file says of its modules; raises ValueError, TypeError or EOFError where it is damaged, or good for something else."""
    head = os.pread(file, HEAD, 0)
    length, start = int.from_bytes(head[:8], "little"), int.from_bytes(head[8:], "little")
    if not HEAD <= start <= length == os.fstat(file).st_size:
        raise ValueError(file)
    of, modules = _loads(file, start, length - start)
    if of != _of():
        raise ValueError(file)
    table: dict[str, tuple[Module, int, int]] = modules
    return table


def _loads(file: int, start: int, length: int) -> Any:
    # not by a position in the file, which other processes share
    return marshal.loads(os.pread(file, length, start))  # noqa: S302 - as Python does with what it compiles


def _of() -> tuple[int, str, tuple[int, int]]:
    """What the file is good for: one Python, one place, as code knows the path of its source, and one version of this module."""
    return sys.hexversion, TOP, _stamp(__file__)


def _stamp(source: str) -> tuple[int, int]:
    """A source's time and size, as a compiled file has them; raises OSError."""
    found = os.stat(source)  # noqa: PTH116 - as quick as can be
    return int(found.st_mtime) & FOUR_BYTES, found.st_size & FOUR_BYTES
