"""Which features of newer builders a file uses, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dockerlint.lint.catalogue.builder_releases import Feature, features
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.git_reference import GitReference
from dockerlint.lint.syntax.permission_mode import is_symbolic
from dockerlint.lint.syntax.run_mounts import parse_mount
from dockerlint.lint.syntax.variable_references import uses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.syntax.nodes import Instruction
    from dockerlint.lint.syntax.span import Span

    from .facts import Facts

# Operators of variables, and what they are called in the table.
OPERATORS = {"#": "trim", "##": "trim", "%": "trim", "%%": "trim", "/": "replace", "//": "replace"} | dict.fromkeys("-+?", "no-colon")
HEALTH_FLAGS = {"start-interval": "health-start-interval"}


class Use(NamedTuple):
    """A feature, and the place that needs it."""

    feature: Feature
    span: Span
    node: Instruction


def used_features(facts: Facts) -> tuple[Use, ...]:
    """The features that a file uses, in file order; of an instruction each once."""
    found = []
    for node in facts.every(nodes.Instruction, triggers=False):
        seen: set[str] = set()
        for name, span in _of(facts, node):
            if name not in seen:
                seen.add(name)
                found.append(Use(features()[name], span, node))
    return tuple(found)


def _of(facts: Facts, node: Instruction) -> Iterator[tuple[str, Span]]:
    if isinstance(node, nodes.Onbuild):
        yield from _of(facts, node.trigger)
        if isinstance(node.trigger, nodes.Copy) and node.trigger.flag("from"):
            yield "trigger-from", node.trigger.span
        return
    for flag in node.flags:
        name = HEALTH_FLAGS.get(flag.name, f"{node.name.lower()}-{flag.name}")
        if name in features():
            yield name, flag.span
    if isinstance(node, nodes.Run | nodes.Copy) and node.heredocs:
        yield "heredoc", node.heredocs[0].span
    if isinstance(node, nodes.Copy):
        yield from _modes(node)
    if isinstance(node, nodes.Add):
        yield from _sources(facts, node)
    if isinstance(node, nodes.Run):
        yield from _mounts(node)
    if isinstance(node, nodes.Run):
        return
    for use in uses(facts.doc, node):
        if use.reference.operator in OPERATORS:
            yield OPERATORS[use.reference.operator], use.span


def _modes(node: nodes.Copy) -> Iterator[tuple[str, Span]]:
    flag = node.flag("chmod")
    if flag and flag.value and "$" in flag.value:
        yield "chmod-variable", flag.span
    elif flag and flag.value and is_symbolic(flag.value):
        yield "chmod-letters", flag.span


def _sources(facts: Facts, node: nodes.Add) -> Iterator[tuple[str, Span]]:
    for word in node.paths:
        git = GitReference.parse(facts.expand(word.text, node) or word.text)
        if git is None:
            continue
        yield "add-git", word.span
        if git.query:
            yield "git-query", word.span
        if node.flag("checksum"):
            yield "git-checksum", word.span


def _mounts(node: nodes.Run) -> Iterator[tuple[str, Span]]:
    for flag in node.flags:
        if flag.name != "mount" or not flag.value:
            continue
        mount = parse_mount(flag.value, flag)
        if "$" in flag.value:
            yield "mount-variables", flag.span
        if mount.kind == "secret" and mount.options.get("env"):
            yield "mount-secret-env", flag.span
