"""What ShellCheck said, kept by script: within a run, and between runs in a store that may be lost at any time."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from msgspec.json import decode, encode

from dockerlint.lint.storage.checksum import checksum

from .runner import ScriptComment, ShellCheck, comments

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dockerlint.lint.storage.sqlite_store import Store

KEY_BYTES = 32
MOST_KNOWN = 10_000


class Comments:
    """ShellCheck with a memory. `store` None keeps nothing between runs; `calls` are the most at a time."""

    def __init__(self, program: ShellCheck, store: Store | None, calls: int = 1) -> None:
        self.program = program
        self.store = store
        self.calls = calls
        self._known: dict[str, tuple[ScriptComment, ...] | None] = {}

    def learn(self, scripts: Iterable[str]) -> None:
        """Ask for all that is not known yet, in few calls.

        Raises ShellCheckError.
        """
        if len(self._known) > MOST_KNOWN:
            # a run over very many files must not grow with them
            self._known.clear()
        unknown = [script for script in dict.fromkeys(scripts) if script not in self._known]
        if unknown and self.store is not None:
            self._remember(self.store, unknown)
            unknown = [script for script in unknown if script not in self._known]
        if not unknown:
            return
        new = {}
        for script, said in zip(unknown, self.program.check(unknown, self.calls), strict=True):
            self._known[script] = None if said is None else comments(said)
            if said is not None:
                new[self._key(script)] = encode(said)
        if self.store is not None:
            self.store.put(new)

    def of(self, script: str) -> tuple[ScriptComment, ...] | None:
        """What is said of a script; None when it was left out for its length or the time it takes."""
        self.learn([script])
        return self._known[script]

    def _remember(self, store: Store, scripts: Iterable[str]) -> None:
        keys = {self._key(script): script for script in scripts}
        for key, value in store.get(keys).items():
            # an entry of another form is made anew
            with suppress(ValueError):
                self._known[keys[key]] = comments(decode(value))

    def _key(self, script: str) -> bytes:
        version = ".".join(map(str, self.program.version))
        # the script's first line names its shell
        return checksum(f"{version}\0{script}".encode("utf-8", "surrogateescape"), KEY_BYTES)
