"""The commits of the git repository that holds a build context, and what each of them changed for the builder.

Only what was committed is known: files that git does not track never change here. Nothing of the repository is run and nothing
is fetched, whatever its configuration says.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dockerlint.lint.git.client import GITLINK, PATIENCE, GitError, ask
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax.source import MOST_BESIDE, decode

from .build_context import ignore_files
from .dockerignore import Ignore

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from .build_context import Context

# What git says of it.
NO_WORK_TREE = "must be run in a work tree"
LOG = (
    "log",
    "--first-parent",
    "-m",
    "--raw",
    "--no-abbrev",
    "-z",
    "--no-renames",
    "--no-ext-diff",
    "--no-textconv",
    "--no-relative",
    "--no-color",
    "--no-notes",
    "--ignore-submodules=none",
    "-O/dev/null",
    "--format=%H %cI %P",
)
# What each commit changes in git's own folder, which the builder gets too where nothing keeps it back.
OWN = (".git/index", ".git/logs/HEAD", ".git/objects", ".git/refs/heads")
# A line of --format, and one of --raw.
HEAD = regex(r"[0-9a-f]{40,64} \S+(?: [0-9a-f]{40,64})*")
CHANGE = regex(r":([0-7]{6}) ([0-7]{6}) [0-9a-f]{40,64} [0-9a-f]{40,64} ([A-Z])\d{0,3}")


class HistoryError(Exception):
    """There is no history to be had; the message is a sentence that says why."""


class Commit(Struct, frozen=True):
    """One commit against the one before it on the main line; a merge is one commit.

    `date` is ISO 8601. `paths` are those of the context that changed for the builder, as both commits' .dockerignore let it see
    them: files with another content or mode, files and folders that came or went. `dockerfile` is the Dockerfile's text
    before and after, None when it is the same or was not there.
    """

    id: str
    date: str
    paths: tuple[str, ...]
    dockerfile: tuple[str, str] | None = None


class History(Struct, frozen=True):
    """The commits, the oldest first; `shallow` says that the clone has no more of them though there are."""

    commits: tuple[Commit, ...]
    shallow: bool = False


class _Entry(Struct, frozen=True):
    """A path of the repository that a commit touched; `status` is A, M, D or T as git has it."""

    status: str
    path: str
    is_module: bool


class _Logged(Struct, frozen=True):
    id: str
    date: str
    has_parent: bool
    entries: tuple[_Entry, ...]


def read(context: Context, dockerfile: Path | None, most: int) -> History:
    """The last `most` commits, each against the one before it; the first of all commits has none and is left out.

    `dockerfile` is the file that is built, None when it is no file. Raises HistoryError when there is no git, no repository
    with a work tree or no such commit, or when git fails or takes too long.
    """
    asked = _git(context.root, "rev-parse", "--is-bare-repository", "--is-inside-work-tree", "--is-shallow-repository")
    is_bare, is_inside, is_shallow = (word == b"true" for word in asked.split())
    if is_bare or not is_inside:
        raise HistoryError(_complaint(context.root, NO_WORK_TREE))
    top = Path(os.fsdecode(_git(context.root, "rev-parse", "--show-toplevel").removesuffix(b"\n")))
    prefix = os.fsdecode(_git(context.root, "rev-parse", "--show-prefix").removesuffix(b"\n"))
    logged = _log(top, most)
    if not logged:
        raise HistoryError(f"{context.root}: the repository has no commit that follows on another one")
    return History(_HistoryReader(top, prefix, context, dockerfile).commits(logged), is_shallow and len(logged) < most)


def _git(folder: Path, *words: str, given: bytes = b"") -> bytes:
    """What git answers; raises HistoryError when it does not."""
    try:
        return ask(folder, *words, given=given, patience=PATIENCE)
    except GitError as error:
        raise HistoryError(str(error) if error.said is None else _complaint(folder, error.said)) from error


def _complaint(folder: Path, said: str) -> str:
    if "not a git repository" in said:
        return f"{folder} is not in a git repository, so it has no history"
    if "does not have any commits" in said or "ambiguous argument 'HEAD'" in said or "bad default revision" in said:
        return f"{folder}: the repository has no commits yet"
    if NO_WORK_TREE in said:
        return f"{folder} is in a bare repository: a context needs the files of a work tree"
    first = said.strip().partition("\n")[0].removeprefix("fatal: ")
    return f"git cannot read the history of {folder}: {first or 'it gives no reason'}"


def _log(top: Path, most: int) -> tuple[_Logged, ...]:
    """The last commits of the main line that follow on another one, the newest first."""
    found = _logged(os.fsdecode(_git(top, *LOG, f"--max-count={most}", "HEAD")))
    # the first commit of all, and the oldest one of a shallow clone, have nothing to be held against
    return tuple(item for item in found if item.has_parent)


def _logged(text: str) -> Iterator[_Logged]:
    """Commits of `git log --raw -z`: a line about each, then, behind a line break, pairs of `:modes ids status` and a path."""
    head: list[str] = []
    entries: list[_Entry] = []
    fields = iter(text.split("\0"))
    for field in fields:
        item = field.strip()
        if match := CHANGE.fullmatch(item):
            entries.append(_Entry(match[3], next(fields, ""), GITLINK in (match[1], match[2])))
        elif match := HEAD.fullmatch(item):
            if head:
                yield _Logged(head[0], head[1], len(head) > 2, tuple(entries))
            head, entries = item.split(), []
        elif item:
            raise HistoryError(f"git prints the history in an unknown format: {item[:60]!a}")
    if head:
        yield _Logged(head[0], head[1], len(head) > 2, tuple(entries))


def _folders(path: str) -> Iterator[str]:
    """The folders that a path lies in, without the root."""
    at = path.rfind("/")
    while at > 0:
        yield path[:at]
        at = path.rfind("/", 0, at)


class _HistoryReader:
    """Walks from the newest commit back; `_files` and `_folders` are what is in the context after the commit at hand."""

    def __init__(self, top: Path, prefix: str, context: Context, dockerfile: Path | None) -> None:
        self._top = top
        self._prefix = prefix
        self._context = context
        self._dockerfile = self._inside(dockerfile) if dockerfile else None
        self._ignores = [name for path in ignore_files(context.root, dockerfile) if (name := self._inside(Path(path)))]
        # in a linked work tree it is a file that stays the same
        self._own = OWN if not prefix and (top / ".git").is_dir() else ()
        self._files: set[str] = set()
        self._counts: Counter[str] = Counter()
        self._hidden: dict[str, bool] = {}

    def _inside(self, path: Path) -> str | None:
        """The path in the repository of a file, None when it is not in it."""
        real = path.resolve()
        # git is asked for old texts a line each
        if not real.is_relative_to(self._top) or "\n" in str(real):
            return None
        return real.relative_to(self._top).as_posix()

    def commits(self, logged: Sequence[_Logged]) -> tuple[Commit, ...]:
        watched = {self._dockerfile, *self._ignores} - {None}
        changed = [item for item in logged if any(entry.path in watched for entry in item.entries)]
        texts = self._texts(changed)
        listed = _git(self._top, "ls-tree", "-r", "-z", "--name-only", "HEAD")
        self._files.update(name for path in os.fsdecode(listed).split("\0") if (name := self._local(path)))
        # the files of a folder have the same folders above them
        for folder, count in Counter(name.rpartition("/")[0] for name in self._files).items():
            for above in _folders(folder + "/"):
                self._counts[above] += count
        found = [self._commit(item, texts) for item in logged]
        return tuple(reversed(found))

    def _local(self, path: str) -> str:
        """A path of the repository as one of the context; "" when it is not in it."""
        return path[len(self._prefix) :] if path.startswith(self._prefix) else ""

    def _texts(self, changed: Iterable[_Logged]) -> dict[str, str]:
        """The texts of the Dockerfile and the ignore files on both sides of commits, by git's names for them."""
        watched = [path for path in (self._dockerfile, *self._ignores) if path]
        names = [f"{item.id}{side}:{path}" for item in changed for side in ("", "^1") for path in watched]
        if not names:
            return {}
        given = os.fsencode("".join(f"{name}\n" for name in names))
        answer = _git(self._top, "cat-file", "--batch", given=given)
        found: dict[str, str] = {}
        at = 0
        for name in names:
            end = answer.index(b"\n", at)
            head = answer[at:end].split()
            at = end + 1
            # `ID TYPE SIZE`, or the name and why there is nothing
            if head[-1].isdigit() and head[-2] in (b"blob", b"tree", b"commit"):
                size = int(head[-1])
                if head[-2] == b"blob" and size <= MOST_BESIDE:
                    found[name] = decode(answer[at : at + size])
                at += size + 1
        return found

    def _commit(self, item: _Logged, texts: dict[str, str]) -> Commit:
        def text(side: str, *paths: str | None) -> str | None:
            """The first of these files that was there, before the commit (`^1`) or after it."""
            return next((texts[name] for path in paths if (name := f"{item.id}{side}:{path}") in texts), None)

        entries = [replace(entry, path=name) for entry in item.entries if (name := self._local(entry.path))]
        before = self._undone(entries)
        old, new = text("^1", *self._ignores) or "", text("", *self._ignores) or ""
        if old == new:
            paths = self._touched(entries, before)
        else:
            paths = self._between(entries, before, Ignore.parse(old), Ignore.parse(new))
        self._step_back(entries, before)
        was, now = text("^1", self._dockerfile), text("", self._dockerfile)
        return Commit(item.id, item.date, paths, None if was is None or now is None or was == now else (was, now))

    def _undone(self, entries: Iterable[_Entry]) -> dict[str, int]:
        """Of each folder that a commit put files into or took some from, how many were in it before."""
        before: dict[str, int] = {}
        for entry in entries:
            step = {"A": -1, "D": 1}.get(entry.status, 0)
            for folder in _folders(entry.path) if step else ():
                before[folder] = before.get(folder, self._counts[folder]) + step
        return before

    def _step_back(self, entries: Iterable[_Entry], counts: dict[str, int]) -> None:
        for folder, count in counts.items():
            self._counts[folder] = count
        self._files.difference_update(entry.path for entry in entries if entry.status == "A")
        self._files.update(entry.path for entry in entries if entry.status == "D")

    def _touched(self, entries: Iterable[_Entry], before: dict[str, int]) -> tuple[str, ...]:
        """What a commit touched, seen through the ignore file of today."""
        # the builder also gets folders that have nothing in them that it may see
        moved = [name for name, count in before.items() if bool(count) != bool(self._counts[name])]
        paths = [name for entry in entries for name in self._names(entry)]
        names = dict.fromkeys(name for name in (*paths, *moved, *self._own) if not self._is_hidden(name))
        if self._context.ignore.has_exceptions:
            names.update(dict.fromkeys(self._shown(entries)))
        return tuple(names)

    def _shown(self, entries: Iterable[_Entry]) -> Iterator[str]:
        """The hidden folders that came or went with the first or the last file in them that is not hidden."""
        seen = {
            entry.path: entry.status for entry in entries if entry.status in "AD" and not self._is_hidden(entry.path)
        }
        for folder in dict.fromkeys(folder for path in seen for folder in _folders(path) if self._is_hidden(folder)):
            inside = folder + "/"
            if {status for path, status in seen.items() if path.startswith(inside)} != {"A", "D"} and not any(
                name.startswith(inside) and name not in seen and not self._is_hidden(name) for name in self._files
            ):
                yield folder

    def _is_hidden(self, name: str) -> bool:
        if name not in self._hidden:
            self._hidden[name] = self._context.ignore.matches(name)
        return self._hidden[name]

    def _names(self, entry: _Entry) -> Iterator[str]:
        """The paths that an entry stands for: of a submodule all that is in it now, as git does not say what changed there."""
        yield entry.path
        if entry.is_module:
            yield from (name for name in self._context.files if name.startswith(entry.path + "/"))

    def _between(self, entries: Sequence[_Entry], before: dict[str, int], old: Ignore, new: Ignore) -> tuple[str, ...]:
        """What a commit touched that changed the ignore file: also what it began to hide, or ceased to."""
        added = {entry.path for entry in entries if entry.status == "A"}
        removed = {entry.path for entry in entries if entry.status == "D"}
        same = {name for entry in entries if entry.status not in "AD" for name in self._names(entry)} | {*self._own}
        gits = {above for name in self._own for above in _folders(name)}
        folders = {name for name, count in self._counts.items() if count}
        folders_before = {name for name in folders | before.keys() if before.get(name, self._counts[name])} | gits
        folders |= gits
        was = _seen(self._files - added | removed | same, folders_before, old)
        now = _seen(self._files | same, folders, new)
        return tuple(sorted(was ^ now | was & now & same))


def _seen(files: set[str], folders: set[str], ignore: Ignore) -> set[str]:
    """What an ignore file lets the builder see: also a folder that it names, for what it lets through in there."""
    seen = {name for name in files if not ignore.matches(name)}
    return (
        seen
        | {name for name in folders if not ignore.matches(name)}
        | {above for name in seen for above in _folders(name)}
    )
