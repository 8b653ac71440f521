"""One pair: a Dockerfile before and after its fixes, built cold, and with hostile caches."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from . import compare
from .dockerfile import BuildError
from .executor import Builder, Built, Context, start

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .executor import Layer, Store
    from .fixes import Fixed
    from .generate import Case

COMMENT = {".py": "#", ".rb": "#", ".go": "//", ".rs": "//", ".js": "//", ".java": "//", ".c": "//", ".php": "//"}
FOREIGN = "ENV FLAG=foreign CFLAGS=-Oforeign TZ=Foreign/Zone RUSTFLAGS=foreign CGO_CFLAGS=foreign"


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
        second.layers = {key: layer for key, layer in first.layers.items() if not _has_mounts(layer, first)}
        try:
            after = second.build(fixed.text, context)
        except BuildError as error:
            return Outcome(True, [Problem("cold", "build", str(error))], ("cold",))
        problems = _unsafe(store, before, after) if unsafe else _same(store, "cold", case, fixed, before, after)
        names = ["cold"]
        if not problems and not unsafe and hostile:
            mounted = "type=cache" in fixed.text
            if mounted:
                problems += _filled(store, case, fixed, context)
                names.append("filled")
            changed = replace(context, files=_edited(context.files, case.edited, "1"))
            problems += _again(store, "offline", case, fixed, changed, first, second, network=False)
            names.append("offline")
            if mounted:
                changed = replace(context, files=_edited(context.files, case.edited, "2"))
                first.prune_mounts()
                second.prune_mounts()
                problems += _again(store, "pruned", case, fixed, changed, first, second, network=True)
                names.append("pruned")
        return Outcome(True, problems, tuple(names))
    finally:
        second.made = [name for name in second.made if name not in set(first.made)]
        second.close()
        first.close()


def _has_mounts(layer: Layer, builder: Builder) -> bool:
    here: Layer | None = layer
    while here is not None:
        if here.key in builder.mounted:
            return True
        here = here.parent
    return False


def _same(store: Store, scenario: str, case: Case, fixed: Fixed, before: Built, after: Built, *, network: bool = True) -> list[Problem]:
    found = compare.differences(before, after, fixed.codes, (case.text, fixed.text))
    # a step that puts up with a failure gives other files without a network
    if found and network:
        return [Problem(scenario, "files", "\n".join(found[:8]))]
    if before.tree == after.tree and before.config == after.config:
        # the same image says the same
        return []
    answers = [_start(store, built, network) for built in (before, after)]
    if answers[0] != answers[1] and not (network is False and answers[0][0] != 0):
        return [Problem(scenario, "start", f"before: {answers[0]}\nafter: {answers[1]}")]
    if scenario == "cold" and answers[0][0] == 0:
        # what starts without a network must do so afterwards
        offline = [_start(store, built, False) for built in (before, after)]
        if offline[0][0] == 0 and offline[0] != offline[1]:
            return [Problem("cold", "start", f"without network, before: {offline[0]}\nafter: {offline[1]}")]
    return []


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


def _filled(store: Store, case: Case, fixed: Fixed, context: Context) -> list[Problem]:
    """With cache mounts that another Dockerfile has filled: one with other variables, and other versions in its lists."""
    stranger = Builder(store)
    first, second = Builder(store), Builder(store)
    try:
        text = re.sub(r"(?mi)^(FROM (?!scratch)[^\n]*\n)", lambda match: f"{match[1]}{FOREIGN}\n", fixed.text)
        text = re.sub(r"(?m)^(ENV|ARG) (FLAG|CFLAGS|TZ|RUSTFLAGS)\b.*$", "ENV OTHER=1", text) if "${FLAG" not in text else text
        try:
            stranger.build(text, replace(context, files=_edited(context.files, case.edited, "foreign")))
        except BuildError:
            pass
        for folder in stranger.mounts.values():
            (store.path(folder) / "stranger.txt").write_text("of another\n", encoding="utf-8")
        first.fill_from(stranger)
        second.fill_from(stranger)
        try:
            before = first.build(case.text, context)
        except BuildError:
            return []
        try:
            after = second.build(fixed.text, context)
        except BuildError as error:
            return [Problem("filled", "build", str(error))]
        return _same(store, "filled", case, fixed, before, after)
    finally:
        for builder in (stranger, first, second):
            builder.close()


def _again(store: Store, scenario: str, case: Case, fixed: Fixed, context: Context, first: Builder, second: Builder, *, network: bool) -> list[Problem]:
    first.network = second.network = network
    try:
        before = first.build(case.text, context)
    except BuildError:
        return []
    try:
        after = second.build(fixed.text, context)
    except BuildError as error:
        return [Problem(scenario, "build", str(error))]
    return _same(store, scenario, case, fixed, before, after, network=network)


def _edited(files: Mapping[str, str], name: str, mark: str) -> dict[str, str]:
    """The files after an edit of one that changes nothing of what it does."""
    if name not in files:
        return dict(files)
    suffix = "." + name.rsplit(".", 1)[-1]
    return {**files, name: f"{files[name].rstrip()}\n{COMMENT.get(suffix, '')} edit {mark}\n"}
