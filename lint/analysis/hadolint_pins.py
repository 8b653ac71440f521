"""Packages without a version as hadolint 2.15.1 reads an install: all that is here was measured with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

    from dockerlint.lint.catalogue.tool import Invocation
    from dockerlint.lint.syntax.nodes import Run, Word

    from .facts import Facts

VARIABLE = regex(r"\$\{?(\w+)\}?")


class _Reading(Struct, frozen=True):
    """How it reads a tool.

    `settled` are words that need no version, or have one; all others are packages without. `values` are the options that it
    knows to take a word, None stands for those of the catalogue. With one of `silent` it says nothing.
    """

    commands: re.Pattern[str]
    subcommands: frozenset[str]
    settled: re.Pattern[str]
    values: frozenset[str] | None = frozenset()
    silent: frozenset[str] = frozenset()
    every_option_takes_a_value: bool = False
    subcommand_comes_first: bool = False
    first_only: frozenset[str] = frozenset()


_REPOSITORY = r"(?:git|hg|svn|bzr)\+"
_PYTHON = regex(rf"{_REPOSITORY}.*@|(?!{_REPOSITORY})(?:\.$|.*/|.*\.(?:whl|tar\.gz)$|.*[=<>~!@].)")
_PYTHON_VALUES = frozenset(
    """
    -e --editable -t --target -i --index-url --extra-index-url -f --find-links --trusted-host --platform --python-version
    --implementation --abi --root --prefix --src --upgrade-strategy --progress-bar --no-binary --only-binary --proxy
    --root-user-action --python --build -b
    """.split()
)
_READINGS = {
    "apt": _Reading(
        regex("apt-get"),
        frozenset({"install"}),
        regex(r"\./|/|https?:|[^$].*(?:\.deb|-)$|[^=]+=.+|[^/]+/.+"),
        values=None,
    ),
    "apk": _Reading(
        regex("apk"),
        frozenset({"add"}),
        regex(r"!|\./|/|https?:|\.|[^$].*\.apk$|[^=<>~]+[=<>~]=?.+"),
        values=None,
    ),
    "dnf": _Reading(
        regex("dnf|microdnf"),
        frozenset({"install", "module install"}),
        regex(r".+-\d.*|[\w.+-]+:[\w.+/-]+$"),
        values=None,
    ),
    "yum": _Reading(
        regex("yum"),
        frozenset({"install", "group install", "module install"}),
        regex(r".+-\d[\w.:~+-]*$|(?!https?:)[\w.+-]+:[\w.+/-]+$"),
    ),
    "zypper": _Reading(regex("zypper"), frozenset({"install", "in"}), regex(r".*[=<>].|.*\.rpm$")),
    "pip": _Reading(
        regex(r"pip[\d.-]*|python[\d.]*"),
        frozenset({"install"}),
        _PYTHON,
        values=_PYTHON_VALUES,
        silent=frozenset(
            {"-r", "--requirement", "-c", "--constraint", "--constraint=", "-e", "--editable", "--editable="}
        ),
    ),
    "pipx": _Reading(regex("pipx"), frozenset({"install"}), _PYTHON, values=_PYTHON_VALUES),
    "npm": _Reading(
        regex("npm"),
        frozenset({"install"}),
        regex(r"/|\.{1,2}/|~/|.*\.(?:tar|tar\.gz|tgz)$|git(?:\+\w+)?://.*#|(?!git(?:\+\w+)?://)[^@]+@.|@[^@]+@."),
        values=frozenset({"--loglevel", "--registry"}),
        subcommand_comes_first=True,
    ),
    "gem": _Reading(
        regex("gem"),
        frozenset({"install", "i"}),
        regex(r".*:."),
        silent=frozenset({"-v", "--version", "--version="}),
        every_option_takes_a_value=True,
    ),
    "go": _Reading(
        regex("go"),
        frozenset({"install", "get", "run"}),
        regex(r"[./]|.+@(?!(?:latest|none)$)"),
        first_only=frozenset({"run"}),
    ),
}


def unpinned(item: Invocation, run: Run, facts: Facts) -> Iterator[Word]:
    """The words of an install that hadolint takes for packages without a version."""
    reading = _READINGS.get(item.tool.name)
    if (
        reading is None
        or not reading.commands.fullmatch(item.words[0].text)
        or item.subcommand not in reading.subcommands
    ):
        return
    if any(_name(flag.text) in reading.silent for flag in item.flags):
        return
    operands = list(item.operands) if reading.values is None else list(_operands(item, reading))
    if item.words[0].text.startswith("python") and item.words[3] != item.subcommand_words[0]:
        return
    if reading.subcommand_comes_first and tuple(operands[:1]) != item.subcommand_words:
        return
    packages = [word for word in operands if word not in item.subcommand_words]
    if item.subcommand.startswith("group "):
        # it does not know groups: their keyword is a package too
        packages = operands
    for word in packages[:1] if item.subcommand in reading.first_only else packages:
        text = _with_any_values(word.text, run, facts) if "$" in word.text else word.text
        if not reading.settled.match(text):
            yield word


def _name(flag: str) -> str:
    """An option without its value; with its `=`, for some are known without one only."""
    name, equals, _ = flag.partition("=")
    return name + equals


def _operands(item: Invocation, reading: _Reading) -> Iterator[Word]:
    """The words that hadolint takes for operands: options and what it knows as their values are none."""
    # behind `python -m`
    words = item.words[3:] if item.words[0].text.startswith("python") else item.words[1:]
    is_value = False
    for word in words:
        if word.text == "--" and item.tool.foreign_rest:
            return
        if word.text.startswith("-"):
            takes = reading.every_option_takes_a_value or word.text in (reading.values or ())
            is_value = takes and "=" not in word.text
        elif is_value:
            is_value = False
        else:
            yield word


def _with_any_values(text: str, run: Run, facts: Facts) -> str:
    """A word as hadolint judges it: a variable that the file declares above is a version, whatever its value."""
    args = [pair for node in facts.every(nodes.Arg) for pair in node.pairs]
    envs = [pair for node in facts.every(nodes.Env) for pair in node.pairs]
    names = {pair.key.text for pair in args + envs if pair.span.start < run.span.start}
    return VARIABLE.sub(lambda match: "1" if match[1] in names else match[0], text)
