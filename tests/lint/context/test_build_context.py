"""The build context: ignore files as the builder matches them, and nothing from outside the folder."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.context.build_context import Context
from dockerlint.lint.context.dockerignore import Ignore
from dockerlint.lint.engine.checker import check
from dockerlint.lint.engine.registry import find
from dockerlint.lint.syntax.parser import parse

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("patterns", "ignored", "kept"),
    [
        ("a", ["a", "a/b", "a/b/c"], ["b/a", "ab"]),
        ("/a", ["a", "a/b"], ["b/a"]),
        ("./a/", ["a/b"], ["b"]),
        ("a/", ["a", "a/b"], ["ab"]),
        ("*", ["a", "a/b"], []),
        ("*.txt", ["a.txt", ".txt"], ["b/a.txt", "a.txt1"]),
        ("*/a", ["b/a", "b/a/c"], ["a", "b/c/a"]),
        ("**/a", ["a", "b/a", "b/c/a", "b/a/c"], ["ba"]),
        ("**/*.pyc", ["a.pyc", "b/c/a.pyc"], ["a.py"]),
        ("**", ["a", "a/b"], []),
        ("a/**", ["a/b", "a/b/c"], ["a", "b"]),
        ("a/**/b", ["a/b", "a/c/b", "a/c/d/b"], ["a/cb", "b"]),
        ("**.log", ["x.log", "a/x.log"], ["x.log1"]),
        ("a/**b", ["a/b", "a/c/b"], ["a/cb"]),
        ("a?c", ["abc"], ["ac", "a/c"]),
        ("[ab]c", ["ac", "bc"], ["cc"]),
        ("[^a]c", ["bc"], ["ac"]),
        ("a\\*", ["a*"], ["ab"]),
        ("a.b", ["a.b"], ["axb"]),
        ("*\n!a", ["b"], ["a", "a/b"]),
        ("a\n!a/b", ["a", "a/c"], ["a/b", "a/b/c"]),
        ("!a\na", ["a"], []),
        ("a\n! a/b", ["a/c"], ["a/b"]),
        ("*.md\n!README*.md\nREADME-secret.md", ["a.md", "README-secret.md"], ["README.md"]),
        ("# a\n\n  \nb", ["b"], ["a", "# a"]),
        (" # a", ["# a"], ["a"]),
        ("\ufeffa\r\nb\r\n", ["a", "b"], ["c"]),
        ("../a", [], ["a"]),
        (".", [], ["a"]),
        ("/", [], ["a"]),
        ("[", [], ["a"]),
        ("a b", ["a b"], ["a", "b"]),
    ],
)
def test_ignore(patterns: str, ignored: list[str], kept: list[str]) -> None:
    ignore = Ignore.parse(patterns)
    assert [path for path in ignored if not ignore.matches(path)] == []
    assert [path for path in kept if ignore.matches(path)] == []


def fill(folder: Path, *names: str) -> Path:
    for name in names:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    return folder


def test_files_below_an_ignored_folder_may_be_taken_back(tmp_path: Path) -> None:
    fill(tmp_path, "a/b/c", "a/d", "e")
    (tmp_path / ".dockerignore").write_text("a\n!a/b\n.dockerignore\n")
    assert list(Context.of(tmp_path).files) == ["e", "a/b/c"]


def test_the_dockerfiles_own_ignore_file_wins(tmp_path: Path) -> None:
    fill(tmp_path, "a", "b", "x/Dockerfile")
    (tmp_path / ".dockerignore").write_text("a\n")
    (tmp_path / "x" / "Dockerfile.dockerignore").write_text("b\n")
    assert "b" in Context.of(tmp_path).files
    assert "a" not in Context.of(tmp_path).files
    own = Context.of(tmp_path, tmp_path / "x" / "Dockerfile")
    assert "a" in own.files
    assert "b" not in own.files


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        (".", {"a.txt", "b.txt", "c/a.txt", "c/d/a.txt"}),
        ("/", {"a.txt", "b.txt", "c/a.txt", "c/d/a.txt"}),
        ("c", {"c/a.txt", "c/d/a.txt"}),
        ("./c/", {"c/a.txt", "c/d/a.txt"}),
        ("../c", {"c/a.txt", "c/d/a.txt"}),
        ("*.txt", {"a.txt", "b.txt"}),
        ("*/a.txt", {"c/a.txt"}),
        ("**/a.txt", {"c/a.txt"}),
        ("[ab].txt", {"a.txt", "b.txt"}),
        ("[z-a]", set()),
        ("no", set()),
    ],
)
def test_select(tmp_path: Path, pattern: str, names: set[str]) -> None:
    context = Context.of(fill(tmp_path, "a.txt", "b.txt", "c/a.txt", "c/d/a.txt"))
    assert set(context.select(pattern)) == names


def test_has(tmp_path: Path) -> None:
    context = Context.of(fill(tmp_path, "a/b"))
    assert [name for name in ("a", "a/", "./a/b", "/a/b", ".", "") if not context.has(name)] == []
    assert [name for name in ("b", "a/b/c", "aa") if context.has(name)] == []


def test_nothing_is_read_outside(tmp_path: Path) -> None:
    inside, outside = tmp_path / "in", tmp_path / "out"
    fill(outside, "secret", "folder/secret")
    fill(inside, "plain", "real/x")
    (inside / "link").symlink_to(outside / "secret")
    (inside / "folder").symlink_to(outside / "folder")
    (inside / "near").symlink_to(inside / "plain")
    (inside / "loop").symlink_to(inside / "loop")
    context = Context.of(inside)
    assert context.read("plain") == "plain"
    assert context.read("near") == "plain"
    names = ("link", "folder/secret", "folder", "../out/secret", str(outside / "secret"), "loop", "real", "none")
    assert [name for name in names if context.read(name) is not None] == []
    assert not any(name.startswith("folder/") for name in context.files)
    assert "folder" in context.files


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "package.json")
    assert Context.of(tmp_path).read("package.json") is None


def test_bytes_that_are_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\xff\x00")
    (tmp_path / ".dockerignore").write_bytes(b"\xff\na/b\n")
    assert Context.of(tmp_path).read("a") == "\ufffd\x00"


def test_an_ignored_file_is_not_read(tmp_path: Path) -> None:
    fill(tmp_path, "a")
    (tmp_path / ".dockerignore").write_text("a")
    assert Context.of(tmp_path).read("a") is None


@pytest.mark.parametrize(("names", "advice"), [((".git/a",), "add it to"), ((".git/a", "node_modules/b"), "add them to")])
def test_what_a_context_has_too_much_is_told(tmp_path: Path, names: tuple[str, ...], advice: str) -> None:
    fill(tmp_path, *names)
    doc = parse("FROM debian:12\nCOPY . .\n")
    rule = find("DF108")
    assert rule
    assert advice in check(doc, Facts(doc, Context.of(tmp_path)), [rule])[0].message
