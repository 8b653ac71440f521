"""What the container and HEALTHCHECK run, and which of a build's products that takes."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from dockerlint.fixers.refusal import Refusal
from dockerlint.lint.syntax import nodes

from .draft import RefusedError
from .runtime_images import USUAL_PATH

if TYPE_CHECKING:
    from .draft import Draft
    from .stage_reader import Launch

# Programs that start another one; with a `--` or without.
INITS = frozenset({"tini", "dumb-init"})
# What a shell does by itself.
BUILT_IN = frozenset({"exit", "test", "[", "true", "false", "echo", "printf", "sh", ":"})


def launches_of(plan: Draft) -> list[Launch]:
    """What the container runs, then what HEALTHCHECK does."""
    launch = plan.reading.launch
    checks = [node for node in plan.reading.stage.all(nodes.Healthcheck) if node.kind.text.upper() != "NONE"]
    found = [launch, *(plan.reading.check(node) for node in checks[-1:])]
    launches = []
    for item in found:
        if isinstance(item, Refusal):
            raise RefusedError(item.reason)
        plan.shell = plan.shell or item.shell
        launches.append(item)
    return launches


def take_products(plan: Draft, launches: list[Launch]) -> None:
    """Notes which products are copied, and where to; each command line must start one of them, or a program that is there."""
    plan.copies.update({item.path: item.path for item in plan.build.products if item.whole})
    for launch in launches:
        words = _without_init(plan, list(launch.words))
        found = [word for word in words if _take(plan, word, launch)]
        name = posixpath.basename(words[0])
        is_check = isinstance(launch.by[0], nodes.Healthcheck)
        if words[0] in found or (is_check and name in BUILT_IN) or (plan.build.checked and not is_check):
            continue
        if is_check and "/" not in words[0]:
            plan.programs.add(name)
        elif name not in plan.build.programs or not found:
            raise RefusedError(f"dlint does not see the build create what `{' '.join(launch.words[:3])}` runs")
    mounted = (path for path in plan.copies for run in plan.reading.runs if plan.reading.facts.mounted(run, path))
    if path := next(mounted, None):
        raise RefusedError(f"{path} is on a mount, not in the image")


def _without_init(plan: Draft, words: list[str]) -> list[str]:
    """A command line without `tini --`; the program it starts with comes along as a package."""
    name = posixpath.basename(words[0])
    if name not in INITS or len(words) < 2:
        return words
    plan.programs.add(name)
    at = words.index("--") + 1 if "--" in words else 1
    if at >= len(words) or words[at].startswith("-"):
        raise RefusedError(f"dlint cannot tell what {name} starts")
    return words[at:]


def _take(plan: Draft, word: str, launch: Launch) -> bool:
    """Whether a word of a command line is a product, which is then copied."""
    reading = plan.reading
    node = launch.by[-1]
    if "/" in word or word != launch.words[0]:
        path = reading.path(word, node, reading.workdir())
        if path is None or not any(item.holds(path) for item in plan.build.products):
            return False
        if not any(item.whole and item.holds(path) for item in plan.build.products):
            plan.copies.setdefault(path, _parent(path) if any(char in path for char in "*?[") else path)
        return True
    env_path = (reading.facts.final(reading.stage).env.get("PATH") or "").split(":")
    own = reading.builder.path if reading.builder else ()
    for folder in (*env_path, *USUAL_PATH, *own):
        path = posixpath.join(folder, word)
        if folder and any(item.holds(path) for item in plan.build.products):
            usual = folder in USUAL_PATH or folder in env_path
            if not any(item.whole and item.holds(path) for item in plan.build.products):
                plan.copies[path] = path if usual else f"/usr/local/bin/{word}"
            return True
    return False


def _parent(path: str) -> str:
    return posixpath.dirname(path).rstrip("/") + "/"
