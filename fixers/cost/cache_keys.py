"""Which steps run again after a change, as the builder's cache decides it.

The rules are those of BuildKit (solver/llbsolver/ops: exec.go, file.go; cache/contenthash): a step's key is made of its
own words, of the keys of what it stands on, and of the content of the files it reads. A RUN's key holds the environment,
ARG values and all, used or not; metadata has no key at all; a linked copy does not depend on what lies below it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.context.dockerignore import clean_path
from dockerlint.lint.syntax import nodes

from .build_graph import BuildGraph, Origin

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .build_graph import CopySource, Step

# Options of a mount that the key leaves out, as the builder clears them before it hashes.
NOT_IN_KEY = frozenset({"id", "sharing"})

Touched = Callable[["Step", "CopySource"], bool]


class ContextChange(Struct, frozen=True):
    """What is different in the next build.

    `touched` says of a step and one of its sources in the context whether content changed there. `keys` are the steps whose own
    words or variables changed (see `changed_keys`); `bases` that images moved that are not named by digest; `all` that
    there is no cache.
    """

    touched: Touched | None = None
    keys: frozenset[int] = frozenset()
    bases: bool = False
    all: bool = False


def rerun(graph: BuildGraph, change: ContextChange) -> frozenset[int]:
    """The numbers of the steps that run again; a pull is run again when its image moved or has another name."""
    again: set[int] = set()
    fresh: set[int] = set()
    for step in graph.steps:
        if step.is_pull:
            hit = step.number not in change.keys and not (change.bases and not step.pinned)
        else:
            hit = not (change.all or _misses(step, change, fresh))
        if not hit:
            again.add(step.number)
        # who stands on a linked copy also stands on what lies below that
        if not hit or step.parent in fresh:
            fresh.add(step.number)
    return frozenset(again)


def _misses(step: Step, change: ContextChange, fresh: set[int]) -> bool:
    if step.number in change.keys:
        return True
    if step.parent in fresh and not step.is_linked:
        return True
    return any(_moved(step, source, change, fresh) for source in step.sources)


def _moved(step: Step, source: CopySource, change: ContextChange, fresh: set[int]) -> bool:
    if source.origin is Origin.STEP:
        return source.step in fresh
    return source.origin is Origin.CONTEXT and change.touched is not None and change.touched(step, source)


def own_keys(graph: BuildGraph, facts: Facts, *, spelled: bool = True) -> tuple[Hashable, ...]:
    """What of each step's key is in the Dockerfile itself: its words and, of a RUN, all that it is run with.

    `spelled` False leaves out how a step names what it reads from: stages by any name, and `./x` for `x`.
    """
    return tuple(_own_key(step, facts, spelled=spelled) for step in graph.steps)


def changed_keys(before: Sequence[Hashable], after: Sequence[Hashable]) -> frozenset[int]:
    """The steps whose own keys differ, of two builds of one file."""
    return frozenset(number for number, (old, new) in enumerate(zip(before, after, strict=True)) if old != new)


def with_args(graph: BuildGraph, facts: Facts, args: Mapping[str, str]) -> frozenset[int]:
    """The steps whose own keys change when the build gets these arguments instead of those of `facts`."""
    settings = replace(facts.settings, build_args={**facts.settings.build_args, **args})
    other = Facts(facts.doc, facts.context, settings)
    return changed_keys(own_keys(graph, facts), own_keys(BuildGraph.of(other), other))


def _own_key(step: Step, facts: Facts, *, spelled: bool) -> Hashable:
    node = step.node
    if step.is_pull:
        return step.image
    state = facts.state(node)
    match node:
        case nodes.Run():
            left_out = NOT_IN_KEY if spelled else NOT_IN_KEY | {"from"}
            mounts = tuple(
                (mount.kind, mount.target, _mount_options(mount.options, left_out)) for mount in facts.mounts(node)
            )
            flags = tuple((flag.name, flag.value) for flag in node.flags if flag.name != "mount")
            env = frozenset(state.env.items())
            return "RUN", _script(node, facts), env, state.workdir, state.user, state.shell, mounts, flags
        case nodes.Copy():
            words = (*node.paths, node.destination)
            texts = tuple(
                facts.path(word.text, node) if word is node.destination else _read(word, node, facts) for word in words
            )
            if not spelled and node.flag("parents") is None:
                texts = (*(clean_path(text) for text in texts[:-1] if text is not None), texts[-1])
            flags = tuple(flag for flag in _flags(node, facts) if spelled or flag[0] != "from")
            return node.name, texts, flags, _heredocs(node, facts)
        case nodes.Workdir():
            return "WORKDIR", facts.path(node.argument.text, node) or _read(node.argument, node, facts), state.user
        case _:
            return node.name


def _read(word: nodes.Word, node: nodes.Instruction, facts: Facts) -> str:
    text = facts.expand(word.text, node)
    return word.text if text is None else text


def _script(node: nodes.Run, facts: Facts) -> Hashable:
    match node.form:
        case nodes.Exec(words=words):
            return tuple(word.text for word in words)
        case nodes.Shell(text=text):
            return text, _heredocs(node, facts)
        case _:
            return None


def _heredocs(node: nodes.Run | nodes.Copy, facts: Facts) -> Hashable:
    """The texts of heredocs; of a COPY the builder puts variables in, in a RUN the shell does it."""
    texts = [facts.doc.source(heredoc.body) for heredoc in node.heredocs]
    env = facts.state(node).env if isinstance(node, nodes.Copy) else {}
    used = [name for name in env if any(name in text for text in texts)]
    kinds = tuple((heredoc.name, heredoc.strip_tabs, heredoc.expand) for heredoc in node.heredocs)
    return kinds, tuple(texts), tuple((name, env[name]) for name in sorted(used))


def _flags(node: nodes.Copy, facts: Facts) -> tuple[tuple[str, str | None], ...]:
    return tuple((flag.name, facts.expand(flag.value, node) if flag.value else None) for flag in node.flags)


def _mount_options(options: Mapping[str, str], left_out: frozenset[str]) -> Hashable:
    return frozenset((name, value) for name, value in options.items() if name not in left_out)
