"""One pair: a Dockerfile before and after its fixes, built cold, and with hostile caches."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from . import compare
from .dockerfile import BuildError
from .executor import Builder, Built, Context, start

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .executor import Layer, Store
    from .fixes import Fixed
    from .generate import Case

COMMENT = {".py": "#", ".rb": "#", ".go": "//", ".rs": "//", ".js": "//", ".java": "//", ".c": "//", ".php": "//"}
TOLERANT = re.compile(r"\|\||;")
FOREIGN = "ENV FLAG=foreign CFLAGS=-Oforeign TZ=Foreign/Zone RUSTFLAGS=foreign CGO_CFLAGS=foreign"


Difference = frozenset[tuple[str, Any, Any]]


@dataclass(frozen=True)
class Problem:
    """What went wrong in which scenario. `kind` is one of build, files, start, unproven."""

    scenario: str
    kind: str
    detail: str


@dataclass
class Outcome:
    """What came of a pair; `built` says whether it could be built before its fixes."""

    built: bool
    problems: list[Problem]
    scenarios: tuple[str, ...] = ()
    why: str = ""


def run(store: Store, case: Case, fixed: Fixed, *, unsafe: bool = False, hostile: bool = True) -> Outcome:
    """Builds both, and holds them against each other."""
    context = Context(case.files)
    first, second = Builder(store), Builder(store)
    try:
        try:
            before = first.build(case.text, context)
        except BuildError as error:
            return Outcome(False, [], why=str(error))
        _share(first, second)
        try:
            after = second.build(fixed.text, context)
        except BuildError as error:
            return Outcome(True, [Problem("cold", "build", str(error))], ("cold",))
        answered: set[Difference] = set()
        problems = _unsafe(store, before, after) if unsafe else _same(store, "cold", case, fixed, before, after, answered)
        names = ["cold"]
        if not problems and not unsafe and hostile:
            mounted = "type=cache" in fixed.text
            if mounted:
                problems += _filled(store, case, fixed, context, (first, second), answered)
                names.append("filled")
            changed = replace(context, files=_edited(context.files, case.edited, "1"))
            problems += _again(store, "offline", case, fixed, changed, first, second, answered, network=False)
            names.append("offline")
            if mounted:
                changed = replace(context, files=_edited(context.files, case.edited, "2"))
                first.prune_mounts()
                second.prune_mounts()
                problems += _again(store, "pruned", case, fixed, changed, first, second, answered, network=True)
                names.append("pruned")
        return Outcome(True, problems, tuple(names))
    finally:
        second.made = [name for name in second.made if name not in set(first.made)]
        second.close()
        first.close()


def _share(first: Builder, second: Builder) -> None:
    """Gives the second builder the layers of the first into which no cache mount went: it would make the same."""
    for key, layer in first.layers.items():
        if key not in second.layers and not _has_mounts(layer, first):
            second.layers[key] = layer


def _has_mounts(layer: Layer, builder: Builder) -> bool:
    here: Layer | None = layer
    while here is not None:
        if here.key in builder.mounted:
            return True
        here = here.parent
    return False


def _same(store: Store, scenario: str, case: Case, fixed: Fixed, before: Built, after: Built, answered: set[Difference], *, network: bool = True) -> list[Problem]:
    """What is wrong. `answered` holds the differences of images with which their commands have given the same answer."""
    found = compare.differences(before, after, fixed.codes, (case.text, fixed.text))
    # a step that puts up with a failure gives other files without a network
    if found and (network or not TOLERANT.search(case.text)):
        return [Problem(scenario, "files", "\n".join(found[:8]))]
    difference = _difference(before, after)
    if not difference or difference in answered:
        # the same image says the same, and an edit of the sources makes no other difference
        return []
    answers = [_start(store, built, network) for built in (before, after)]
    if answers[0] != answers[1] and not (network is False and answers[0][0] != 0):
        return [Problem(scenario, "start", f"before: {answers[0]}\nafter: {answers[1]}")]
    if scenario == "cold" and answers[0][0] == 0:
        # what starts without a network must do so afterwards
        offline = [_start(store, built, False) for built in (before, after)]
        if offline[0][0] == 0 and offline[0] != offline[1]:
            return [Problem("cold", "start", f"without network, before: {offline[0]}\nafter: {offline[1]}")]
    answered.add(difference)
    return []


def _difference(before: Built, after: Built) -> Difference:
    """What of the image is not the same: paths with both entries, the configuration when it differs."""
    found: set[tuple[str, Any, Any]] = {(path, old, after.tree.get(path)) for path, old in before.tree.items() if after.tree.get(path) != old}
    found |= {(path, None, after.tree[path]) for path in after.tree.keys() - before.tree.keys()}
    if before.config != after.config:
        found.add((repr(before.config), None, repr(after.config)))
    return frozenset(found)


def _start(store: Store, built: Built, network: bool) -> tuple[int, str]:
    status, output = start(store, built, network)
    # the shell says its own name before a message, the program alone does not
    return status, re.sub(r"(?m)^(?:sh|bash|/bin/sh|/bin/bash): (?:\d+|line \d+): ", "", output)


def _unsafe(store: Store, before: Built, after: Built) -> list[Problem]:
    new = start(store, after)
    if new[0] == 0:
        return []
    old = start(store, before)
    if old[0] == 0 and new[0] != 0:
        return [Problem("cold", "start", f"before: {old}\nafter: {new}")]
    return []


def _filled(store: Store, case: Case, fixed: Fixed, context: Context, cold: tuple[Builder, Builder], answered: set[Difference]) -> list[Problem]:
    """With cache mounts that another Dockerfile has filled: one with other variables, and other versions in its lists."""
    stranger = Builder(store)
    first, second = Builder(store), Builder(store)
    try:
        text = re.sub(r"(?mi)^(FROM (?!scratch)[^\n]*\n)", lambda match: f"{match[1]}{FOREIGN}\n", fixed.text)
        text = re.sub(r"(?m)^(ENV|ARG) (FLAG|CFLAGS|TZ|RUSTFLAGS)\b.*$", "ENV OTHER=1", text) if "${FLAG" not in text else text
        with contextlib.suppress(BuildError):
            stranger.build(text, replace(context, files=_edited(context.files, case.edited, "foreign")))
        for folder in stranger.mounts.values():
            (store.path(folder) / "stranger.txt").write_text("of another\n", encoding="utf-8")
        for builder, known in zip((first, second), cold, strict=True):
            builder.fill_from(stranger)
            _share(known, builder)
        try:
            before = first.build(case.text, context)
        except BuildError:
            return []
        try:
            after = second.build(fixed.text, context)
        except BuildError as error:
            return [Problem("filled", "build", str(error))]
        return _same(store, "filled", case, fixed, before, after, answered)
    finally:
        for builder in (stranger, first, second):
            builder.close()


def _again(store: Store, scenario: str, case: Case, fixed: Fixed, context: Context, first: Builder, second: Builder, answered: set[Difference], *, network: bool) -> list[Problem]:
    first.network = second.network = network
    try:
        before = first.build(case.text, context)
    except BuildError:
        return []
    _share(first, second)
    try:
        after = second.build(fixed.text, context)
    except BuildError as error:
        return [Problem(scenario, "build", str(error))]
    return _same(store, scenario, case, fixed, before, after, answered, network=network)


def _edited(files: Mapping[str, str], name: str, mark: str) -> dict[str, str]:
    """The files after an edit of one that changes nothing of what it does."""
    if name not in files:
        return dict(files)
    suffix = "." + name.rsplit(".", 1)[-1]
    return {**files, name: f"{files[name].rstrip()}\n{COMMENT.get(suffix, '')} edit {mark}\n"}
