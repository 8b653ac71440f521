"""The tool catalogue: each file loads, and command lines are recognised."""

from __future__ import annotations

import time
import tomllib
from collections import Counter
from importlib import resources
from typing import TYPE_CHECKING

import pytest

from dockerlint.lint.catalogue import tool
from dockerlint.lint.shell import script as shell
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.parser import parse

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

FILES = sorted(
    (file for file in resources.files("dockerlint.lint.catalogue").joinpath("tools").iterdir() if file.name.endswith(".toml")),
    key=lambda file: file.name,
)
LONG = 100_000
SLOWEST = 1.0


def invoke(command: str) -> tool.Invocation | None:
    doc = parse(f"FROM a\nRUN {command}\n")
    run = doc.instructions[1]
    assert isinstance(run, nodes.Run)
    script = shell.script(doc, run)
    assert script is not None
    return tool.invocation(script.commands[0])


@pytest.mark.parametrize(
    ("command", "name", "action", "subcommand", "operands"),
    [
        ("apt-get install -y curl", "apt", "install", "install", ["curl"]),
        ("apt-get -y install curl", "apt", "install", "install", ["curl"]),
        ("apt-get -o A::B=c install curl", "apt", "install", "install", ["curl"]),
        ("apt-get -t bookworm-backports install curl", "apt", "install", "install", ["curl"]),
        ("/usr/bin/apt-get update", "apt", "refresh", "update", []),
        ("sudo apt-get update", "apt", "refresh", "update", []),
        ("sudo -u root -E apt-get update", "apt", "refresh", "update", []),
        ("env A=1 B=2 apt-get update", "apt", "refresh", "update", []),
        ("env -u A apt-get update", "apt", "refresh", "update", []),
        ("A=1 apt-get update", "apt", "refresh", "update", []),
        ("timeout -k 5 10 apt-get update", "apt", "refresh", "update", []),
        ("sudo env A=1 nice -n 5 apt-get update", "apt", "refresh", "update", []),
        ("gosu app npm ci", "npm", "install", "ci", []),
        ("pip install -r r.txt", "pip", "install", "install", []),
        ("pip3 install flask", "pip", "install", "install", ["flask"]),
        ("pip3.12 install flask", "pip", "install", "install", ["flask"]),
        ("python -m pip install flask", "pip", "install", "install", ["flask"]),
        ("python3.12 -m pip install flask", "pip", "install", "install", ["flask"]),
        ("pip cache purge", "pip", "clean", "cache purge", []),
        ("go mod download", "go", "install", "mod download", []),
        ("go build -o /a ./b", "go", "build", "build", ["./b"]),
        ("npm run build", "npm", "build", "run build", []),
        ("npm cache clean --force", "npm", "clean", "cache clean", []),
        ("yarn", "yarn", "install", "", []),
        ("yarn --frozen-lockfile", "yarn", "install", "", []),
        ("yarn add a", "yarn", "install", "add", ["a"]),
        ("yarn global add a", "yarn", "install", "global add", ["a"]),
        ("dnf -y module install nodejs:20", "dnf", "install", "module install", ["nodejs:20"]),
        ("apk add --no-cache --virtual .deps gcc", "apk", "install", "add", ["gcc"]),
        ("apk --no-cache add gcc", "apk", "install", "add", ["gcc"]),
        ("apt-get frobnicate", "apt", "", "frobnicate", []),
    ],
)
def test_invocation(command: str, name: str, action: str, subcommand: str, operands: list[str]) -> None:
    found = invoke(command)
    assert found is not None
    assert (found.tool.name, found.action, found.subcommand) == (name, action, subcommand)
    assert [word.text for word in found.operands] == operands


@pytest.mark.parametrize("command", ["aptx install a", "echo apt-get install", "python -m http.server", "sudo", "env A=1", "time", "pipz install a"])
def test_no_invocation(command: str) -> None:
    assert invoke(command) is None


@pytest.mark.parametrize(
    ("command", "option", "given"),
    [
        ("apt-get install -y a", "-y", True),
        ("apt-get install -qy a", "-y", True),
        ("apt-get -qqy install a", "-y", True),
        ("apt-get install --yes a", "--yes", True),
        ("apt-get install --yes=true a", "--yes", True),
        ("apt-get install a", "-y", False),
        ("apt-get install -- -y", "-y", False),
        ("apt-get install -o -y a", "-y", False),
        ("apt-get install --yesterday a", "--yes", False),
        ("apt-get install -q=y a", "-y", False),
    ],
)
def test_has(command: str, option: str, given: bool) -> None:
    found = invoke(command)
    assert found is not None
    assert found.has((option,)) is given


@pytest.mark.parametrize(
    ("command", "names", "value"),
    [
        ("npm ci --prefix web", ("--prefix",), "web"),
        ("npm --prefix=web ci", ("--prefix",), "web"),
        ("npm ci", ("--prefix",), None),
        ("pip install -r a.txt", ("-r",), "a.txt"),
        ("pip install -ra.txt", ("-r",), "a.txt"),
        ("npm ci --prefix", ("--prefix",), None),
    ],
)
def test_option(command: str, names: tuple[str, ...], value: str | None) -> None:
    found = invoke(command)
    assert found is not None
    assert found.option(*names) == value


def test_options_are_given_more_than_once() -> None:
    found = invoke("pip install -r a.txt -c b.txt -r c.txt d")
    assert found is not None
    assert [word.text for word in found.options("-r")] == ["a.txt", "c.txt"]


def test_homes() -> None:
    paths = {cache.path for cache in tool.tool("pip").cache_homes("/home/app/")}
    assert paths == {"/home/app/.cache/pip"}


@pytest.mark.parametrize(
    ("command", "paths"),
    [
        ("rm -rf /a/* /b/ c", ["/a", "/b", "c"]),
        ("sudo rm -rf /a", ["/a"]),
        ("find /a /b -type f -delete", ["/a", "/b"]),
        ("find /a -name x", []),
        ("rm -rf /*", ["/"]),
        ("rmdir /a", []),
    ],
)
def test_removed_paths(command: str, paths: list[str]) -> None:
    doc = parse(f"FROM a\nRUN {command}\n")
    run = doc.instructions[1]
    assert isinstance(run, nodes.Run)
    script = shell.script(doc, run)
    assert script is not None
    assert [path for path, _ in tool.removed_paths(script.commands)] == paths


def faults(file: resources.abc.Traversable) -> Iterator[str]:
    """What is wrong with a file of the catalogue."""
    found = tool.tool(tomllib.loads(file.read_text(encoding="utf8"))["name"])
    if file.name != f"{found.name}.toml":
        yield f"describes {found.name}"
    every = Counter(subcommand for action in found.actions.values() for subcommand in action.subcommands)
    yield from (f"{subcommand} has several actions" for subcommand, count in every.items() if count > 1)
    unknown = {subcommand.split()[0] for subcommand in every if subcommand} - set(found.subcommands)
    yield from (f"{name} is no known subcommand" for name in unknown if found.subcommands)
    for name, action in found.actions.items():
        yield from (f"{plain} is plain, and not of {name}" for plain in set(action.plain) - set(action.subcommands))
    for cache in found.caches:
        if not cache.path.startswith(("/", "~/")):
            yield f"{cache.path} is not absolute"
        if cache.sharing not in ("shared", "private", "locked") or cache.role not in ("index", "packages", "cache"):
            yield f"{cache.path} has the sharing {cache.sharing} and the role {cache.role}"


def test_each_file_is_sound() -> None:
    assert len(FILES) > 30
    assert [f"{file.name}: {fault}" for file in FILES for fault in faults(file)] == []


def test_an_unknown_tool() -> None:
    with pytest.raises(KeyError, match="no tool frob"):
        tool.tool("frob")


PATTERNS = [
    (found.name, pattern)
    for found in tool.catalogue()
    for pattern in (found.pin, found.not_packages, found.repository, found.revision)
    if pattern is not None
]
HOSTILE = ["a" * LONG, "-" * LONG, "." * LONG, "a." * (LONG // 2), "1" * LONG + "!", "a/" * (LONG // 2), "=" * LONG, "a-1" * (LONG // 3), "@" * LONG, " " * LONG, "a\n" * LONG]


@pytest.mark.parametrize(("name", "pattern"), PATTERNS)
def test_patterns_are_linear(name: str, pattern: re.Pattern[str]) -> None:
    for text in HOSTILE:
        start = time.process_time()
        pattern.match(text)
        pattern.fullmatch(text)
        assert time.process_time() - start < SLOWEST, f"{name}: {pattern.pattern} takes long on {text[:10]!r}"
