"""What a history would have rebuilt: hits and misses by a slow builder of our own, totals, and the command."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import pairwise, takewhile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dockerlint.fixers.cost import cost_report, estimate
from dockerlint.fixers.cost.bounded import Amount
from dockerlint.fixers.cost.build_graph import HOLE, BuildGraph
from dockerlint.fixers.cost.context_visibility import Sights
from dockerlint.fixers.cost.copy_selections import Selections
from dockerlint.fixers.cost.scenarios import standing
from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.cli import main
from dockerlint.lint.context import commit_history
from dockerlint.lint.context.build_context import Context
from dockerlint.lint.syntax.parser import parse

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping, Sequence

    from dockerlint.fixers.cost.replay import Replay

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")

# A tree: texts by path, and whether a file may be run; of a link, where it leads.
Tree = dict[str, tuple[str, bool]]
LINK = "-> "


@pytest.fixture(scope="module", autouse=True)
def _alone() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
        patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        yield


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all examples of a property: each puts its own commits there."""
    return tmp_path_factory.mktemp("made") / "repository"


def git(folder: Path, *words: str, given: bytes = b"") -> bytes:
    return subprocess.run(["git", *words], cwd=folder, input=given, check=True, capture_output=True).stdout


def make(folder: Path, trees: Sequence[Tree]) -> None:
    """Makes a repository with these trees as its commits, or gives one these commits in place of its own."""
    if not (folder / ".git").exists():
        git(folder.parent, "init", "-q", "--template=", "-b", "main", folder.name)
    stream = ""
    for number, tree in enumerate(trees):
        stream += f"commit refs/heads/main\ncommitter A <a@example.org> {1_700_000_000 + number} +0000\ndata 0\n"
        stream += "deleteall\n" if number else ""
        for path, (text, run) in tree.items():
            mode = "120000" if text.startswith(LINK) else "100755" if run else "100644"
            text = text.removeprefix(LINK)
            stream += f"M {mode} inline {path}\ndata {len(text)}\n{text}\n"
    git(folder, "fast-import", "--quiet", "--force", given=("reset refs/heads/main\n" + stream).encode())
    for left in folder.iterdir():
        if left.is_dir() and not left.is_symlink():
            if left.name != ".git":
                shutil.rmtree(left)
        else:
            left.unlink()
    lay_out(folder, trees[-1])


def lay_out(folder: Path, tree: Tree) -> None:
    for name, (text, run) in tree.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if text.startswith(LINK):
            path.symlink_to(text.removeprefix(LINK))
            continue
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755 if run else 0o644)


def plain(**files: str) -> Tree:
    return {name.replace("__", "/"): (text, False) for name, text in files.items()}


def cost(folder: Path, text: str, dockerfile: Path | None = None) -> tuple[Replay, BuildGraph, Facts]:
    context = Context.of(folder, dockerfile)
    doc = parse(text)
    facts = Facts(doc, context)
    found = estimate(doc, facts, history=commit_history.read(context, dockerfile, 200)).replay
    assert found is not None
    return found, BuildGraph.of(facts), facts


def lines_again(folder: Path, text: str, dockerfile: Path | None = None) -> list[set[int]]:
    """The lines of the steps that each commit runs again."""
    found, graph, facts = cost(folder, text, dockerfile)
    return [{facts.doc.line(graph.steps[number].node.span.start) for number in item.again} for item in found.each]


# ----- a slow builder: it looks at the files of each commit, and knows nothing of the code that is tested


@dataclass(frozen=True)
class Line:
    """One instruction; `reads` are sources of a copy or bind mounts of a RUN, `flags` of a copy without their dashes."""

    kind: str
    text: str = ""
    reads: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()

    def __str__(self) -> str:
        match self.kind:
            case "run":
                return " ".join(
                    ["RUN", *(f"--mount=type=bind,source={path},target=/b" for path in self.reads), self.text]
                )
            case "copy" | "take":
                return " ".join(["COPY", *(f"--{flag}" for flag in self.flags), *self.reads, self.text])
            case _:
                return f"{self.kind.upper()} {self.text}"


@dataclass(frozen=True)
class File:
    """Stages, each a base image and what follows; the last one takes from all others."""

    stages: tuple[tuple[str, tuple[Line, ...]], ...]

    def rows(self) -> Iterator[tuple[int, Line]]:
        """Each line with the number of its stage."""
        last = len(self.stages) - 1
        for number, (image, lines) in enumerate(self.stages):
            yield number, Line("from", f"{image} AS s{number}")
            yield from ((number, line) for line in lines)
            if number == last:
                yield from ((number, Line("take", "/o/", ("/r",), (f"from=s{other}",))) for other in range(last))

    def __str__(self) -> str:
        return "".join(f"{line}\n" for _, line in self.rows())


def fits(pattern: list[str], path: list[str]) -> bool:
    if not pattern:
        return not path
    if pattern[0] == "**":
        return bool(path) if len(pattern) == 1 else any(fits(pattern[1:], path[at:]) for at in range(len(path) + 1))
    return bool(path) and fnmatchcase(path[0], pattern[0]) and fits(pattern[1:], path[1:])


def covers(pattern: str, path: str) -> bool:
    """Whether a pattern names a path or a folder that it is in."""
    parts = path.split("/")
    return any(fits(pattern.split("/"), parts[:end]) for end in range(1, len(parts) + 1))


def ignored(path: str, lines: Sequence[str]) -> bool:
    result = False
    for line in filter(None, lines):
        if covers(line.removeprefix("!").strip("/"), path):
            result = not line.startswith("!")
    return result


def entries(folder: Path, ignore: Sequence[str]) -> dict[str, Hashable]:
    """What the builder gets of a folder: of each path all that its content hash is made of."""
    found: dict[str, Hashable] = {}
    folders = []
    for top, names, files in os.walk(folder):
        for name in (*names, *files):
            path = Path(top) / name
            inside = path.relative_to(folder).as_posix()
            if path.is_symlink():
                value: Hashable = ("link", str(path.readlink()))
            elif path.is_dir():
                folders.append(inside)
                continue
            else:
                value = ("file", path.read_bytes(), path.stat().st_mode & 0o100)
            if not ignored(inside, ignore):
                found[inside] = value
    there = [
        path for path in folders if not ignored(path, ignore) or any(name.startswith(path + "/") for name in found)
    ]
    return found | dict.fromkeys(there, "folder")


def content(folder: Path, seen: Mapping[str, Hashable], source: str, flags: Sequence[str], *, plain: bool) -> Hashable:
    """What a source of a step stands for, by path."""
    include = ""
    if "parents" in flags:
        above, pivot, below = source.partition("/./")
        source, include = (above, below) if pivot else (".", source)
        include = os.path.normpath(include)
    source = os.path.normpath(source).strip("/")
    tops = [""] if source == "." else []
    above = "/".join(takewhile(lambda part: not set(part) & set("*?["), source.split("/")[:-1]))
    led = (folder / above).resolve().relative_to(folder).as_posix() + source[len(above) :] if above else source
    globs = [] if plain else [text.replace("**", "*").split("/") for text in (source, led)]
    tops += [path for path in seen if path in {source, led} or any(fits(glob, path.split("/")) for glob in globs)]
    for path in [*tops, source]:
        # where a link leads that is named, or stands on the way
        real = (folder / path).resolve()
        if real.exists() and real != folder / path:
            tops.append(real.relative_to(folder).as_posix())
    exclude = [flag.removeprefix("exclude=") for flag in flags if flag.startswith("exclude=")]
    chosen: dict[tuple[str, str], Hashable] = {}
    for top in tops:
        for path, value in seen.items():
            if path != top and top and not path.startswith(top + "/"):
                continue
            inside = path[len(top) :].strip("/")
            if include and not covers(include, inside):
                continue
            if not (inside and ignored(inside, exclude)):
                chosen[top, path] = value
    return frozenset(chosen.items())


def build(file: File, folder: Path, ignore: Sequence[str]) -> dict[int, Hashable]:
    """The cache keys of all steps, by line."""
    seen = entries(folder, ignore)
    keys: dict[int, Hashable] = {}
    results: dict[int, Hashable] = {}
    env: list[str] = []
    for row, (stage, line) in enumerate(file.rows(), 1):
        below = results.get(stage)
        match line.kind:
            case "from":
                env = []
                key: Hashable = ("from", line.text.split()[0])
            case "run":
                read = tuple(content(folder, seen, path, (), plain=True) for path in line.reads)
                key = ("run", line.text, tuple(env), line.reads, read, below)
            case "copy":
                read = tuple(content(folder, seen, path, line.flags, plain=False) for path in line.reads)
                key = ("copy", line.text, line.flags, line.reads, read, None if "link" in line.flags else below)
            case "take":
                key = ("take", line.text, results[int(line.flags[0].removeprefix("from=s"))], below)
            case "workdir":
                key = ("workdir", line.text, below)
            case _:
                env += [line.text] if line.kind == "env" else []
                continue
        keys[row] = key
        results[stage] = (key, below) if "link" in line.flags else key
    return keys


def misses(before: Mapping[int, Hashable], after: Mapping[int, Hashable]) -> set[int]:
    there = set(before.values())
    return {line for line, key in after.items() if key not in there}


def laid_out(folder: Path, trees: Sequence[Tree]) -> list[Path]:
    """A folder for each commit, with what git has in its own."""
    found = []
    for number, tree in enumerate(trees):
        found.append(folder.resolve() / str(number))
        lay_out(found[-1], {**tree, **{path: (str(number), False) for path in commit_history.OWN}})
    return found


PATHS = [
    "a.py",
    "b.md",
    "src/a.py",
    "src/b.md",
    "src/deep/c.py",
    "src/deep/d.md",
    "docs/x.md",
    "docs/ext/y.md",
    "package.json",
]
IGNORES = [
    "",
    ".git",
    ".git *.md",
    ".git **/*.md",
    ".git docs",
    ".git src/* !src/a.py",
    "* !src",
    ".git **/deep",
    ".git src/** !**/a.py",
    ".git docs/**",
    ".git/* !.git/HEAD",
    ".git * !**/*.md",
]
SOURCES = [
    ".",
    "./",
    "*",
    "src",
    "./src/",
    "src/*",
    "/src",
    "*.md",
    "package*.json",
    "src/a.py",
    "src/*/c.py",
    "s?c",
    "docs",
]
SOURCES += ["link", "way", "link/a.py", "link/*", "wa*", "l*/deep", "missing*", "docs/ext", ".git", "**/*.md", "[ab].*"]
PARENTS = ["src/**/*.py", "src/./deep/c.py", "docs/*", "./src", "**/*.md", "s*/./**/d.md", "docs/./ext"]
EXCLUDES = ["*.md", "**/*.md", "deep", "src/a.py", "docs", "a.py", "**/deep"]


def copies() -> st.SearchStrategy[Line]:
    reads = st.lists(st.sampled_from(SOURCES), min_size=1, max_size=2, unique=True)
    excludes = st.lists(st.sampled_from(EXCLUDES).map("exclude={}".format), max_size=2, unique=True)
    one = st.builds(
        lambda some, out, link: Line("copy", "/d/", tuple(some), (*(["link"] if link else []), *out)),
        reads,
        excludes | st.just([]),
        st.booleans(),
    )
    other = st.builds(
        lambda some, out: Line("copy", "/d/", tuple(some), ("parents", *out)),
        st.lists(st.sampled_from(PARENTS), min_size=1, max_size=2, unique=True),
        excludes,
    )
    return one | one | other


def lines() -> st.SearchStrategy[Line]:
    binds = st.lists(st.sampled_from(["src", "package.json", "link", ".", "docs/ext", "way"]), max_size=1)
    runs = st.builds(lambda text, some: Line("run", text, tuple(some)), st.sampled_from(["true", "make"]), binds)
    others = st.sampled_from([Line("env", "A=1"), Line("env", "A=2"), Line("label", "x=1"), Line("workdir", "/w")])
    return copies() | copies() | runs | others


def files() -> st.SearchStrategy[File]:
    stage = st.tuples(st.sampled_from(["one", "two"]), st.lists(lines(), max_size=4).map(tuple))
    return st.lists(stage, min_size=1, max_size=3).map(lambda stages: File(tuple(stages)))


CHANGE = st.dictionaries(
    st.sampled_from(PATHS), st.none() | st.tuples(st.sampled_from("12"), st.booleans()), max_size=3
)


def history_of(changes: Sequence[Mapping[str, tuple[str, bool] | None]]) -> list[Tree]:
    tree: Tree = dict.fromkeys(PATHS[::2], ("0", False)) | {
        "link": (LINK + "src", False),
        "way": (LINK + "package.json", False),
    }
    trees = [tree]
    for change in changes:
        # in the end all that a link may lead to is gone; what holds the folder is there always
        tree = {path: value for path, value in {**tree, **change}.items() if value is not None}
        trees.append(tree)
    return trees


@settings(max_examples=25, deadline=None)
@given(files(), st.lists(CHANGE, min_size=1, max_size=6), st.sampled_from(IGNORES))
def test_hits_and_misses_are_those_of_a_build_of_each_commit(
    repository: Path, file: File, changes: list[dict[str, tuple[str, bool] | None]], ignore: str
) -> None:
    # the Dockerfile is not in the context here: it does not change
    trees = [{**tree, ".dockerignore": (ignore.replace(" ", "\n"), False)} for tree in history_of(changes)]
    make(repository, trees)
    with TemporaryDirectory() as spare:
        folders = laid_out(Path(spare), trees)
        keys = [build(file, folder, ignore.split()) for folder in folders]
        expected = [misses(before, after) for before, after in pairwise(keys)]
        assert lines_again(repository, str(file)) == expected


def edited(file: File, edits: Sequence[tuple[int, int, Line | None]]) -> File:
    """Puts lines in, in another's place, or out."""
    stages = [list(lines) for _, lines in file.stages]
    for stage, at, line in edits:
        into = stages[stage % len(stages)]
        at %= len(into) + 1
        into[at : at + (line is None or at % 2)] = [line] if line else []
    return File(tuple((image, tuple(lines)) for (image, _), lines in zip(file.stages, stages, strict=True)))


EDITS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 4), st.none() | lines()), max_size=2)


@settings(max_examples=25, deadline=None)
@example(File((("one", (Line("copy", "/d/", (".git",)),)),)), [([], {}, ".git/* !.git/HEAD")])
@given(
    files(),
    st.lists(st.tuples(EDITS, CHANGE, st.sampled_from(IGNORES) | st.none()), min_size=1, max_size=5),
)
def test_also_where_the_dockerfile_and_the_ignore_file_change(
    repository: Path, file: File, steps: list[tuple[Any, dict[str, tuple[str, bool] | None], str | None]]
) -> None:
    ignore = ".git"
    texts, ignores = [file], [ignore]
    for edits, _, other in steps:
        texts.append(edited(texts[-1], edits))
        ignores.append(ignores[-1] if other is None else other)
    trees = [
        {**tree, "Dockerfile": (str(text), False), ".dockerignore": (item.replace(" ", "\n"), False)}
        for tree, text, item in zip(history_of([change for _, change, _ in steps]), texts, ignores, strict=True)
    ]
    make(repository, trees)
    with TemporaryDirectory() as spare:
        folders = laid_out(Path(spare), trees)
        found = lines_again(repository, str(texts[-1]), repository / "Dockerfile")
        for number, again in enumerate(found, 1):
            before, after = texts[number - 1], texts[number]
            if before == after:
                before = after = texts[-1]
            if str(after) != str(texts[-1]):
                # what stands today in the place of a step of then is a matter of judgement
                continue
            hidden = ignores[number - 1 : number + 1] if ignores[number - 1] != ignores[number] else [ignores[-1]] * 2
            old = build(before, folders[number - 1], hidden[0].split())
            new = build(after, folders[number], hidden[1].split())
            assert again == misses(old, new), (number, str(before), str(after))


# ----- single cases

SPLIT = "FROM node:20\nWORKDIR /app\nCOPY package*.json ./\nRUN npm ci\nCOPY . .\nRUN npm run build\n"
WHOLE = "FROM node:20\nWORKDIR /app\nCOPY . .\nRUN npm ci\nRUN npm run build\n"
START = plain(
    **{
        "package.json": '{"dependencies": {"express": "^4.18.0"}}',
        "package-lock.json": '{"lockfileVersion": 3, "packages": {"": {}, "node_modules/express": {"version": "4.18.2"}}}',
        "src/a.js": "1",
        "docs/a.md": "1",
        ".dockerignore": ".git\ndocs\n",
    }
)
SOURCE_EDIT = {**START, **plain(**{"src/a.js": "2"})}
DEPENDENCY = {**SOURCE_EDIT, **plain(**{"package.json": '{"dependencies": {"express": "^4.19.0"}}'})}
DOCS = {**DEPENDENCY, **plain(**{"docs/a.md": "2"})}


def test_what_each_kind_of_commit_costs(tmp_path: Path) -> None:
    folder = tmp_path / "repository"
    make(folder, [START, SOURCE_EDIT, DEPENDENCY, DOCS])
    found, graph, _ = cost(folder, SPLIT)
    assert [item.kind for item in found.each] == ["source", "dependency", ""]
    assert [sorted(item.again) for item in found.each] == [[4, 5], [2, 3, 4, 5], []]
    assert (found.commits, found.rebuilt_steps, found.cached_steps) == (3, 6, 12)
    assert found.rebuilt_steps + found.cached_steps == 3 * len(graph.steps)
    assert found.seconds.mid == pytest.approx(sum(item.seconds.mid for item in found.each))
    assert found.pushed.mid == pytest.approx(sum(item.pushed.mid for item in found.each))
    assert found.since == found.each[0].date == "2023-11-14T22:13:21+00:00"
    assert found.each[0].seconds.mid < found.each[1].seconds.mid
    assert found.each[2].pushed.mid == 0


def test_cache_mounts_are_out_of_date_after_a_change_of_dependencies(tmp_path: Path) -> None:
    folder = tmp_path / "repository"
    make(folder, [START, SOURCE_EDIT, DEPENDENCY])
    text = WHOLE.replace("RUN npm ci", "RUN --mount=type=cache,target=/root/.npm npm ci")
    found, _, _ = cost(folder, text)
    assert [sorted(item.again) for item in found.each] == [[2, 3, 4]] * 2
    assert found.each[0].seconds.mid < found.each[1].seconds.mid


def test_the_shares_of_scenarios_are_those_of_the_commits(tmp_path: Path) -> None:
    folder = tmp_path / "repository"
    make(folder, [START, SOURCE_EDIT, DEPENDENCY, DOCS, {**DOCS, **plain(**{"docs/b.md": "1"})}])
    doc = parse(SPLIT)
    context = Context.of(folder)
    found = estimate(doc, Facts(doc, context), history=commit_history.read(context, None, 9))
    stated = {item.name: item.weight for item in standing()}
    rest = 1 - stated["cold"] - stated["base update"]
    shares = {item.name: item.weight for item in found.scenarios}
    assert shares == pytest.approx(
        stated | {"nothing": rest / 2, "source edit": rest / 4, "dependency change": rest / 4}
    )
    assert sum(shares.values()) == pytest.approx(1)
    expected = sum(item.weight * item.seconds.mid for item in found.scenarios)
    assert found.expected.seconds.mid == pytest.approx(expected)
    assert estimate(doc, Facts(doc, context)).replay is None


def test_with_the_dockerfile_changed_on_the_way_each_change_counts_where_its_step_is_today(tmp_path: Path) -> None:
    folder = tmp_path / "repository"
    texts = [
        "FROM a:1\nARG VERSION=1\nRUN make\nCOPY x /x\n",
        "FROM a:1\nARG VERSION=2\nRUN make\nCOPY x /x\n",
        "FROM a:1\nLABEL x=y\nARG VERSION=2\nRUN make\nCOPY x /x\n",
        "FROM a:2\nLABEL x=y\nARG VERSION=2\nRUN make\nCOPY x /x\n",
        "FROM a:2\nLABEL x=y\nARG VERSION=2\nRUN make\nRUN more\nCOPY x /x\n",
        "FROM a:2\nLABEL x=y\nARG VERSION=2\nRUN make\nCOPY x /x\n",
        "FROM a:2\nLABEL x=y\nARG VERSION=2\nRUN make\nCOPY ./x /x\n",
        "FROM a:3 AS b\nLABEL x=y\nARG VERSION=3\nRUN make\nCOPY x /x\n",
    ]
    make(folder, [plain(**{"Dockerfile": text, ".dockerignore": ".git\nDockerfile", "x": "1"}) for text in texts])
    again = lines_again(folder, texts[-1], folder / "Dockerfile")
    assert again == [{4, 5}, set(), {1, 4, 5}, {5}, {5}, set(), {1, 4, 5}]


def test_a_stage_by_another_name_is_the_same_stage(tmp_path: Path) -> None:
    folder = tmp_path / "repository"
    old = "FROM a AS one\nRUN make\nFROM b\nCOPY --from=one /x /x\nRUN --mount=from=one,target=/y ls\n"
    make(folder, [plain(Dockerfile=text, x="1") for text in (old, old.replace("one", "two"))])
    assert lines_again(folder, old.replace("one", "two"), folder / "Dockerfile") == [set()]


def test_a_linked_copy_stays_where_it_was_when_what_lies_below_it_is_made_anew(tmp_path: Path) -> None:
    folder = tmp_path / "repository"
    old = "FROM a\nRUN one\nCOPY --link x /x\nRUN two\n"
    make(folder, [plain(Dockerfile=text, x="1") for text in (old, old.replace("one", "other"))])
    assert lines_again(folder, old.replace("one", "other"), folder / "Dockerfile") == [{2, 4}]


def test_a_linked_copy_that_changes_with_what_lies_below_it(tmp_path: Path) -> None:
    folder = tmp_path / "repository"
    old, new = ("FROM a\nRUN one\nCOPY --link x /x\nRUN two\n", "FROM a\nRUN other\nCOPY --link x /y\nRUN two\n")
    make(folder, [plain(Dockerfile=text, x="1") for text in (old, new)])
    assert lines_again(folder, new, folder / "Dockerfile") == [{2, 3, 4}]


def test_gits_own_folder_makes_each_commit_a_change_of_all(tmp_path: Path) -> None:
    folder = tmp_path / "repository"
    make(folder, [{**tree, **plain(**{".dockerignore": "docs\n"})} for tree in (START, SOURCE_EDIT, SOURCE_EDIT)])
    assert lines_again(folder, "FROM a\nCOPY package.json .\nCOPY . .\n") == [{3}, {3}]


def test_a_source_that_nobody_knows_may_be_any_file(tmp_path: Path) -> None:
    folder = tmp_path / "repository"
    make(folder, [START, SOURCE_EDIT, {**SOURCE_EDIT, **plain(**{"docs/a.md": "9"})}])
    assert lines_again(folder, "FROM a\nARG WHAT\nCOPY $WHAT /x\n") == [{3}, set()]


def test_links_are_followed_where_they_are_named_and_not_behind_a_wildcard(tmp_path: Path) -> None:
    folder = tmp_path / "repository"
    links = {"link": (LINK + "src", False), "src/in": (LINK + "../docs/a.md", False), ".dockerignore": (".git", False)}
    make(folder, [START | links, SOURCE_EDIT | links, SOURCE_EDIT | plain(**{"docs/a.md": "9"}) | links])
    named = ["link", "link/a.js", "lin*", "link/*", "l*/a.js", "link/in", "src/in", "src/i*", "src"]
    text = "FROM a\n" + "".join(f"COPY --link {name} /x\n" for name in named)
    first, other = ({named[line - 2] for line in again} for again in lines_again(folder, text))
    assert first == {"link", "link/a.js", "lin*", "link/*", "src"}
    # a link within a folder is copied as a link
    assert other == {"link/in", "src/in", "src/i*", "link/*"}


def test_a_pattern_that_the_builder_refuses_sees_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "repository"
    make(folder, [START, SOURCE_EDIT])
    assert lines_again(folder, "FROM a\nCOPY [z-a].js /x\nCOPY src /y\n") == [{3}]


# ----- the command


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    file = plain(Dockerfile=WHOLE)
    make(folder, [{**tree, **file} for tree in (START, SOURCE_EDIT, DEPENDENCY, DOCS)])
    monkeypatch.chdir(folder)
    return folder


class Dlint:
    """Runs `dlint cost`; gives the status and what it wrote."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capsys = capsys
        self._monkeypatch = monkeypatch

    def __call__(self, *words: str, text: str = "") -> tuple[int, str, str]:
        self._monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        status = main(["cost", "--no-config", *words])
        shown = self._capsys.readouterr()
        return status, shown.out, shown.err


@pytest.fixture
def dlint(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Dlint:
    return Dlint(capsys, monkeypatch)


def test_the_command_says_what_the_commits_would_have_rebuilt(project: Path, dlint: Dlint) -> None:
    status, out, err = dlint("--replay", "Dockerfile")
    assert (status, err) == (0, "")
    last = out.splitlines()[-2:]
    assert last[0].startswith("the last 3 commits (since 2023-11-14) would have rebuilt for ")
    assert "6 steps run, 9 from the cache" in last[0]
    # the source edit no longer installs, so one step of the two commits is spared
    assert last[1].startswith("after `dlint --fix`: ")
    assert "steps run" in last[1]


@pytest.mark.parametrize(
    ("words", "commits"),
    [
        (["--replay", "2", "Dockerfile"], 2),
        (["--replay=2", "Dockerfile"], 2),
        (["Dockerfile", "--replay"], 3),
        (["--replay", "--", "Dockerfile"], 3),
        (["--replay", "./Dockerfile"], 3),
    ],
)
def test_the_number_of_commits_may_be_left_out(words: list[str], commits: int, project: Path, dlint: Dlint) -> None:
    status, out, _ = dlint("--format", "json", *words)
    assert (status, json.loads(out)["replay"]["commits"]) == (0, commits)


@pytest.mark.parametrize("number", ["0", "-1", "1000001"])
def test_a_number_of_commits_that_makes_no_sense(number: str, project: Path, dlint: Dlint) -> None:
    status, _, err = dlint("--replay", number, "Dockerfile")
    assert (status, "--replay" in err) == (2, True)


def test_for_machines(project: Path, dlint: Dlint) -> None:
    found = json.loads(dlint("--replay", "--format", "json", "Dockerfile")[1])["replay"]
    assert {"commits", "rebuilt_steps", "cached_steps", "seconds"} <= set(found)
    assert (found["commits"], found["rebuilt_steps"], found["cached_steps"]) == (3, 6, 9)
    assert set(found["seconds"]) == {"low", "mid", "high", "basis"}
    fixed = found["fixed"]
    assert fixed["commits"] == 3
    assert fixed["seconds"]["mid"] < found["seconds"]["mid"]
    assert fixed["fixed"] is None


def test_no_fix_no_word_of_it(project: Path, dlint: Dlint) -> None:
    (project / "Dockerfile").write_text("FROM scratch\nCOPY src /src\n", encoding="utf-8")
    status, out, _ = dlint("--replay", "Dockerfile")
    assert (status, "--fix" in out) == (0, False)


def test_two_files_over_the_same_commits(project: Path, dlint: Dlint) -> None:
    (project / "other").write_text(SPLIT, encoding="utf-8")
    status, out, err = dlint("--replay", "Dockerfile", "--compare", "other")
    assert (status, err) == (0, "")
    assert "last 3 commits" in out
    both = json.loads(dlint("--replay", "Dockerfile", "--compare", "other", "--format", "json")[1])
    assert both["before"]["replay"]["seconds"]["mid"] > both["after"]["replay"]["seconds"]["mid"]
    assert both["before"]["replay"]["fixed"] is None


def test_of_two_files_the_changes_of_the_first_count_for_both(project: Path, dlint: Dlint) -> None:
    edited = WHOLE.replace("npm run build", "npm run all")
    make(project, [{**START, **plain(Dockerfile=text)} for text in (WHOLE, edited)])
    (project / "other").write_text(SPLIT, encoding="utf-8")
    both = json.loads(dlint("--replay", "Dockerfile", "--compare", "other", "--format", "json")[1])
    assert [both[side]["replay"]["commits"] for side in ("before", "after")] == [1, 1]
    # the Dockerfile itself is in the context
    assert [both[side]["replay"]["rebuilt_steps"] for side in ("before", "after")] == [3, 2]


def test_no_history_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dlint: Dlint) -> None:
    (tmp_path / "Dockerfile").write_text(WHOLE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    status, out, err = dlint("--replay", "--format", "json", "Dockerfile")
    assert (status, json.loads(out)["replay"]) == (0, None)
    assert err == "dlint: --replay: . is not in a git repository, so it has no history\n"


def test_standard_input_has_no_context_of_its_own(project: Path, dlint: Dlint) -> None:
    status, _, err = dlint("--replay", "-", text=WHOLE)
    assert (status, "standard input has no context" in err) == (0, True)
    status, out, err = dlint("--replay", "--context", ".", "--format", "json", "-", text=WHOLE)
    assert (status, err, json.loads(out)["replay"]["rebuilt_steps"]) == (0, "", 6)


def test_a_shallow_clone_is_told(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dlint: Dlint) -> None:
    git(tmp_path, "clone", "-q", "--depth", "2", f"file://{project}", "clone")
    monkeypatch.chdir(tmp_path / "clone")
    status, out, err = dlint("--replay", "Dockerfile")
    assert (status, "the last commit (since" in out) == (0, True)
    assert err == "dlint: --replay: the clone is shallow: 1 of 200 commits can be replayed\n"


@pytest.mark.parametrize(("seconds", "shown"), [(59.0, "59.0 s"), (1260.0, "21.0 min"), (11_520.0, "3 h 12 min")])
def test_many_builds_take_hours(seconds: float, shown: str) -> None:
    assert cost_report.long_duration(Amount.exact(seconds)) == shown


def test_the_known_part_of_a_path_with_a_variable_counts(tmp_path: Path) -> None:
    for name in ("api/requirements.txt", "web/requirements.txt", "api/main.py", "notes.txt", "requirements.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x\n")
    doc = parse("FROM debian\nARG P\nCOPY ${P}/requirements.txt /a/\nCOPY src-$P/x.py $P /b/\n")
    facts = Facts(doc, Context.of(tmp_path))
    graph = BuildGraph.of(facts)
    sights = Sights.of(graph, Context.of(tmp_path))
    seen = {
        path: {source.pattern for (_, source), number in sights.sources.items() if number in sights.see(path)}
        for path in ("api/requirements.txt", "requirements.txt", "api/main.py", "src-1/x.py", "deep/er/requirements.txt")
    }
    first = f"{HOLE}/requirements.txt"
    assert seen == {
        "api/requirements.txt": {first, None},
        "requirements.txt": {first, None},
        "deep/er/requirements.txt": {first, None},
        "api/main.py": {None},
        "src-1/x.py": {f"src-{HOLE}/x.py", None},
    }
    assert Selections(Context.of(tmp_path)).kinds(first) == {"dependency"}


def test_git_s_own_files_are_told_as_the_reason(tmp_path: Path) -> None:
    def run(*words: str) -> None:
        subprocess.run(["git", "-C", str(tmp_path), *words], check=True, capture_output=True)

    run("init", "-q")
    run("config", "user.email", "a@example.org")
    run("config", "user.name", "a")
    (tmp_path / "Dockerfile").write_text("FROM debian\nCOPY . /src\n")
    for text in ("1", "2"):
        (tmp_path / "notes.txt").write_text(text)
        run("add", ".")
        run("commit", "-qm", text)
    words = "`.git` is in the context"

    def shown() -> str:
        context = Context.of(tmp_path)
        doc = parse((tmp_path / "Dockerfile").read_text())
        history = commit_history.read(context, tmp_path / "Dockerfile", 10)
        return cost_report.text([estimate(doc, Facts(doc, context), history=history)])

    assert words in shown()
    (tmp_path / ".dockerignore").write_text(".git\n")
    assert words not in shown()
