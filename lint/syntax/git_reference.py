"""Sources of ADD that are git repositories: which are, and what the builder refuses of their queries.

Source: BuildKit, frontend/dockerfile/dfgitutil and util/gitutil.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from msgspec import Struct, field

from dockerlint.lint.storage.lazy_regex import regex

from .go_values import is_boolean

if TYPE_CHECKING:
    from collections.abc import Mapping

# `git@host:path`; without a user it could be a file's name.
_SCP = regex(r"[a-zA-Z0-9_-]+@[a-zA-Z0-9.-]+:[^?#]*(?:\?([^#]*))?(?:#(.*))?\Z", 0)
_SCHEMES = ("https://", "http://", "ssh://", "git://")
SWITCHES = frozenset({"submodules", "keep-git-dir", "fetch-by-commit"})
QUERIES = SWITCHES | {"ref", "tag", "branch", "subdir", "checksum", "commit", "mtime"}
_PREFIXES = {"tag": "refs/tags/", "branch": "refs/heads/"}


class GitReference(Struct, frozen=True):
    """What a git source says besides the address: `fragment` behind the `#`, and the query's values by name."""

    fragment: str = ""
    query: tuple[tuple[str, str], ...] = field(default=())

    @classmethod
    def parse(cls, source: str) -> GitReference | None:
        """The reference that a source is; None when it is a file or a plain download. A bad address is none."""
        if source.lower().startswith(_SCHEMES):
            try:
                address = urlsplit(source)
            except ValueError:
                return None
            if address.scheme in ("http", "https") and not address.path.endswith(".git"):
                return None
            return cls(address.fragment, _pairs(address.query))
        match = _SCP.match(source)
        return cls(match[2] or "", _pairs(match[1] or "")) if match else None

    @property
    def values(self) -> Mapping[str, str]:
        """The query's values by name."""
        return dict(self.query)

    @property
    def checksum(self) -> str:
        """The commit that the query demands; empty when it demands none."""
        return self.values.get("checksum") or self.values.get("commit") or ""

    def problem(self) -> str | None:
        """Why the builder refuses the query; None when it does not."""
        names = [name for name, _ in self.query]
        for name, value in self.query:
            if name not in QUERIES:
                return f"a git source has no query {name!r}: it must be one of {', '.join(sorted(QUERIES))}"
            if names.count(name) > 1:
                return f"the query {name!r} is given twice"
            if not value and name not in SWITCHES:
                return f"the query {name!r} needs a value"
            if value and name in SWITCHES and not is_boolean(value):
                return f"the query {name!r} must be true or false, not {value!r}"
        return self._conflict()

    def _conflict(self) -> str | None:
        values = self.values
        fragment_ref, _, fragment_folder = self.fragment.partition(":")
        folder = values.get("subdir")
        if folder and fragment_folder and folder != fragment_folder:
            return f"two folders: {fragment_folder!r} behind the # and subdir={folder}"
        if "tag" in values and "branch" in values:
            return "tag and branch exclude each other"
        refs = [fragment_ref, values.get("ref", "")]
        refs += [prefix + values[name].removeprefix(prefix) for name, prefix in _PREFIXES.items() if name in values]
        different = sorted(set(filter(None, refs)))
        return f"two refs: {' and '.join(different)}" if len(different) > 1 else None


def _pairs(query: str) -> tuple[tuple[str, str], ...]:
    return tuple(parse_qsl(query, keep_blank_values=True))
