"""The catalogue of tools: what command lines mean, where caches lie, and that its parts fit together."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from dockerlint.fixers.cache.cleanup import cleaned
from dockerlint.fixers.cost.work_recipes import recipe
from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.analysis.leftovers import caches_of
from dockerlint.lint.catalogue.tool import Cache, Invocation, Tool, catalogue, tool
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.parser import parse

if TYPE_CHECKING:
    from collections.abc import Iterator

CACHES = [(item, cache) for item in catalogue() for cache in item.caches if cache.clean]
# Those that the cost model has no figures of its own for.
UNPRICED = {"ccache", "deno", "flutter", "node-gyp", "pipx", "sccache"}


def run_of(text: str) -> tuple[Facts, nodes.Run]:
    doc = parse(text)
    return Facts(doc), next(doc.stages[-1].all(nodes.Run))


def invocation_of(command: str) -> Invocation | None:
    facts, run = run_of(f"FROM debian:12\nRUN {command}\n")
    return next(iter(facts.invocations(run)), None)


# command, tool, action, subcommand, packages
COMMANDS = [
    ("zypper -n --gpg-auto-import-keys in -t pattern a", "zypper", "install", "in", "a"),
    ("zypper rm a b", "zypper", "remove", "rm", "a b"),
    ("pacman -Syu --noconfirm a b", "pacman", "install", "-Syu", "a b"),
    ("pacman --noconfirm -S a", "pacman", "install", "-S", "a"),
    ("pacman -Scc", "pacman", "clean", "-Scc", ""),
    ("pacman -Q", "pacman", "", "-Q", ""),
    ("gem install a:1 -- --with-x y", "gem", "install", "install", "a:1"),
    ("bundle", "bundler", "install", "", ""),
    ("bundle --version", "bundler", "", "", ""),
    ("bundle install --jobs 4", "bundler", "install", "install", ""),
    ("yarn", "yarn", "install", "", ""),
    ("yarn --version", "yarn", "", "", ""),
    ("yarn --frozen-lockfile", "yarn", "install", "", ""),
    ("cargo build --release -p a", "cargo", "build", "build", ""),
    ("cargo run -- install", "cargo", "build", "run", ""),
    ("cargo fetch", "cargo", "install", "fetch", ""),
    ("uv pip install --system a", "uv", "install", "pip install", "a"),
    ("uv sync --extra dev", "uv", "install", "sync", ""),
    ("python3 -m poetry install --only main", "poetry", "install", "install", ""),
    ("pipenv install --system --deploy", "pipenv", "install", "install", ""),
    ("pnpm -C app install", "pnpm", "install", "install", ""),
    ("bun pm cache rm", "bun", "clean", "pm cache rm", ""),
    ("composer global require a/b", "composer", "install", "global require", "a/b"),
    ("micromamba install -y -n base -f env.yml", "conda", "install", "install", ""),
    ("./mvnw -B -pl app clean package", "maven", "build", "clean package", ""),
    ("mvn clean", "maven", "", "clean", ""),
    ("mvn dependency:go-offline", "maven", "install", "dependency:go-offline", ""),
    ("./gradlew clean bootJar -x test", "gradle", "build", "clean bootJar", ""),
    ("dotnet restore", "dotnet", "install", "restore", ""),
    ("dotnet nuget locals all --clear", "dotnet", "clean", "nuget locals", ""),
    ("pipx install a", "pipx", "install", "install", "a"),
]


@pytest.mark.parametrize(("command", "name", "action", "subcommand", "packages"), COMMANDS)
def test_command_lines(command: str, name: str, action: str, subcommand: str, packages: str) -> None:
    found = invocation_of(command)
    assert found is not None
    assert (found.tool.name, found.action, found.subcommand) == (name, action, subcommand)
    if action == "install":
        assert " ".join(word.text for word in found.packages) == packages


# base image, settings, tool, where its first cache lies; None where that cannot be told
PLACES = [
    ("rust:1.78", "", "cargo", "/usr/local/cargo/registry"),
    ("debian:12", "", "cargo", "/root/.cargo/registry"),
    ("debian:12", "ENV CARGO_HOME=/c", "cargo", "/c/registry"),
    ("debian:12", "USER app", "npm", "/home/app/.npm"),
    ("debian:12", "USER 1000", "npm", None),
    ("debian:12", "ENV HOME=/h\nUSER 1000", "npm", "/h/.npm"),
    ("node:22", "ENV PNPM_HOME=/pnpm", "pnpm", "/pnpm/store"),
    ("node:22", "ARG PNPM_HOME", "pnpm", None),
    ("ruby:3.3", "", "bundler", "/usr/local/bundle/cache"),
    ("ruby:3.3", "ENV BUNDLE_PATH=/gems", "bundler", None),
    ("debian:12", "", "bundler", None),
    ("composer:2", "", "composer", "/tmp/cache"),
    ("php:8.3-cli", "", "composer", "/root/.composer/cache"),
    ("gradle:8", "", "gradle", "/home/gradle/.gradle/caches"),
    ("debian:12", "ENV POETRY_CACHE_DIR=/p", "poetry", "/p/artifacts"),
]


@pytest.mark.parametrize(("image", "settings", "name", "expected"), PLACES)
def test_caches_lie_where_image_user_and_variables_say(
    image: str, settings: str, name: str, expected: str | None
) -> None:
    facts, run = run_of(f"FROM {image}\n{settings}\nRUN true\n")
    found = caches_of(facts, run, tool(name))
    assert next((cache.path for cache in found), None) == expected


def test_the_virtual_environments_of_poetry_are_not_mounted_over() -> None:
    assert all("/pypoetry/" in cache.mount for cache in tool("poetry").caches)


def test_a_command_that_cleans_moves_with_its_cache() -> None:
    facts, run = run_of("FROM debian:12\nENV PIP_CACHE_DIR=/c/pip\nRUN true\n")
    assert [cache.clean for cache in caches_of(facts, run, tool("pip"))] == ["rm -rf /c/pip"]


@pytest.mark.parametrize(
    ("item", "cache"), CACHES, ids=lambda value: value.name if isinstance(value, Tool) else value.path
)
def test_what_is_written_to_clean_is_seen_to_clean(item: Tool, cache: Cache) -> None:
    install = next((name for action in ("install", "build") for name in item.action(action).subcommands if name), "install")
    home = cache.path.replace("~", "/root")
    facts, run = run_of(f"FROM debian:12\nRUN {item.commands[0]} {install} a && {cache.clean}\n")
    used = next(found for found in facts.invocations(run) if found.tool is item)
    place = next(known for known in item.cache_homes("/root") if known.path == home)
    assert cleaned(facts, run, place, used, used.command.span.end)


def strays(item: Tool) -> Iterator[str]:
    """Special cases of a tool that are no cases of an action."""
    for action in item.actions.values():
        yield from {*action.unversioned, *action.plain} - set(action.subcommands)
    installs = {name for action in item.actions.values() for name in action.subcommands}
    for lock in item.locks:
        yield from set(lock.subcommands) - installs
        if not lock.fix.startswith("-") and lock.fix not in installs:
            yield lock.fix


def test_special_cases_are_cases_of_their_action() -> None:
    assert [f"{item.name}: {stray}" for item in catalogue() for stray in strays(item)] == []


def test_no_command_stands_for_two_tools() -> None:
    names = Counter(name for item in catalogue() for name in item.commands)
    assert [name for name, count in names.items() if count > 1] == []


def test_no_subcommand_has_two_actions() -> None:
    for item in catalogue():
        names = Counter(name for action in item.actions.values() for name in action.subcommands)
        assert [name for name, count in names.items() if count > 1] == [], item.name


def test_the_cost_model_knows_the_tools() -> None:
    assert {item.name for item in catalogue() if recipe(item.name) is None} == UNPRICED
