"""The steps of a stage: which are for the build alone, which the final stage needs, which may stay where they are."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from dockerlint.fixers.effects.footprint import commands, overlap
from dockerlint.fixers.image.build_tools import bare
from dockerlint.lint.catalogue.name_patterns import matches_any
from dockerlint.lint.context.dockerignore import clean_path
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.word_expansion import ExpansionError, variables

from . import runtime_images
from .draft import RefusedError, lies_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .draft import Draft
    from .stage_reader import StageStep

# Instructions that say how a container runs, and change nothing while the image is built.
CONFIGURING = (nodes.Label, nodes.Expose, nodes.Stopsignal, nodes.Healthcheck, nodes.CommandInstruction, nodes.Maintainer, nodes.Volume)


def sort(plan: Draft, node: nodes.Instruction) -> None:
    """Puts an instruction of the build stage into the final one too, moves it there, or leaves it behind."""
    match node:
        case nodes.Volume():
            _check_volume(plan, node)
            plan.head.append(node)
            plan.moved.append(node)
        case _ if isinstance(node, CONFIGURING):
            plan.head.append(node)
            plan.moved.append(node)
        case nodes.Env():
            _check_env(plan, node)
            plan.head.append(node)
        case nodes.ShellChange(form=nodes.Exec(words=words)) if words:
            plan.head.append(node)
            plan.programs.add(posixpath.basename(words[0].text))
            plan.shell = True
        case nodes.Workdir():
            if not any(isinstance(item, nodes.Workdir) for item in plan.head) or _moves(plan, node):
                plan.head.append(node)
        case nodes.Arg() | nodes.User():
            plan.head.append(node)
        case nodes.Copy():
            _sort_copy(plan, node)
        case nodes.Run():
            _sort_run(plan, node)
        case _:
            raise RefusedError(f"`{plan.reading.facts.brief(node)}` is an instruction that dlint does not split")


def _moves(plan: Draft, node: nodes.Workdir) -> bool:
    """Whether a WORKDIR names another folder than the one before."""
    path = plan.reading.expand(node.argument.text, node)
    before = plan.reading.workdir(node)
    return path is None or before is None or posixpath.normpath(posixpath.join(before, path)) != before


def _check_volume(plan: Draft, node: nodes.Volume) -> None:
    for word in node.words:
        path = plan.reading.path(word.text, node, "/")
        if path is None or any(overlap(path, item.path) for item in plan.build.products):
            raise RefusedError(f"`{plan.reading.facts.brief(node)}` holds what is built")


def _check_env(plan: Draft, node: nodes.Env) -> None:
    """A value that the builder's image has a part in would be another one in another image; but for PATH."""
    builder = plan.reading.builder
    known = {"PATH", *plan.reading.facts.state(node).env, *(builder.env if builder else ()), *(builder.shared if builder else ())}
    for pair in node.pairs:
        for name in _names(plan, [pair.value.text] if pair.value else []):
            if name not in known:
                raise RefusedError(f"{pair.key.text} is made from ${name} of the base image")


def _names(plan: Draft, texts: Iterable[str]) -> set[str]:
    try:
        return {reference.name for text in texts if "$" in text for reference in variables(text, plan.reading.doc.escape)}
    except ExpansionError as error:
        raise RefusedError("dlint cannot resolve a variable") from error


def _sort_copy(plan: Draft, copy: nodes.Copy) -> None:
    """A copy to elsewhere, one of data and one from an image is made in both stages; one of source code stays behind."""
    target = plan.reading.destination(copy)
    if target is None:
        raise RefusedError(f"dlint cannot tell where `{plan.reading.facts.brief(copy)}` puts things")
    if copy.from_ is None and overlap(target, plan.build.folder) and not _is_data(plan, copy):
        plan.left.append(target.rstrip("/") or "/")
        plan.behind.append(f"`{plan.reading.facts.brief(copy)}`")
        return
    plan.head.append(copy)
    plan.kept.append(target)


def _is_data(plan: Draft, copy: nodes.Copy) -> bool:
    """Whether all that a copy brings into the source tree looks like what a program reads when it runs."""
    data = runtime_images.data()["data"]
    for word in copy.sources:
        is_heredoc = word.text.startswith("<<")
        path = clean_path(copy.destination.text if is_heredoc else word.text)
        name = posixpath.basename(path)
        if matches_any(name, plan.build.manifests) or name.endswith(plan.build.sources):
            return False
        if name.endswith(tuple(data["suffixes"])):
            continue
        if name not in data["folders"]:
            return False
        context = plan.reading.facts.context
        if context is not None and any(file.endswith(plan.build.sources) for file in context.select(path)):
            return False
    return True


def _sort_run(plan: Draft, run: nodes.Run) -> None:
    """A step that makes users and folders is made in both stages; what it installs is looked at; the rest stays behind."""
    steps = plan.reading.steps(run)
    if steps is None:
        raise RefusedError(f"`{plan.reading.facts.brief(run)}` is too complex a script: dlint cannot tell what it creates")
    kinds = [_kind(plan, step) for step in steps]
    if "final" not in kinds:
        return
    if {"build", "packages"}.intersection(kinds):
        step = next(step for step, kind in zip(steps, kinds, strict=True) if kind == "final")
        raise RefusedError(f"`{plan.reading.doc.source(step.command.span)}` is needed at run time: put it into a RUN of its own")
    plan.head.append(run)
    _run_in_final(plan, steps)


def makes_users(plan: Draft, run: nodes.Run) -> set[str]:
    """The names that a step gives to the commands that make users; none where it does anything else."""
    steps: Sequence[StageStep] = plan.reading.steps(run) or ()
    if not all(step.name in commands().accounts | commands().silent for step in steps):
        return set()
    return {operand for step in steps if step.name in commands().accounts for operand in step.operands}


def _run_in_final(plan: Draft, steps: Iterable[StageStep]) -> None:
    """Notes what a step of the final stage needs, and which users it creates."""
    plan.shell = True
    for step in steps:
        if step.name in commands().accounts:
            plan.programs.add(step.name)
            plan.users.update(step.operands)


def _kind(plan: Draft, step: StageStep) -> str:
    """What a command is about: `build`, `packages`, `final` for what the final stage needs as well, `nothing`."""
    known = commands()
    reading = plan.reading
    for redirect in step.command.redirects:
        path = reading.path(redirect.target.text, step.run, step.cwd) if redirect.target else "/dev/null"
        if path is None or not (plan.stays(path) or path.startswith("/dev/")):
            raise RefusedError(f"`{reading.doc.source(step.command.span)}` writes files that a program may read")
    if step.invocation is not None and step.invocation.tool.kind == "system":
        if step.invocation.action == "install":
            _packages(plan, step)
        return "packages"
    name = step.name
    if not name or name in known.silent or name in ("cd", "export"):
        return "nothing"
    if name in known.accounts:
        return "final"
    if name in plan.build.own or posixpath.normpath(step.words[0]) in plan.build.own:
        return "build"
    if name in runtime_images.data()["build-only"]["commands"]:
        return _fetching(plan, step)
    if name in known.plain:
        return _plain(plan, step)
    raise RefusedError(f"dlint cannot tell what `{name}` makes")


def _fetching(plan: Draft, step: StageStep) -> str:
    """A command that fetches or unpacks must write where the build is."""
    for text in step.words[1:]:
        start = text.find("/")
        if "://" in text or start < 0 or (start and text[0] != "-"):
            continue
        path = plan.reading.path(text[start:], step.run, step.cwd)
        if path is None or not (plan.stays(path) or plan.is_product(path)):
            raise RefusedError(f"`{plan.reading.doc.source(step.command.span)}` writes files that a program may read")
    if step.cwd is None or not (plan.stays(step.cwd) or step.name not in ("git", "curl", "wget", "unzip")):
        raise RefusedError(f"`{plan.reading.doc.source(step.command.span)}` writes files that a program may read")
    return "build"


def _plain(plan: Draft, step: StageStep) -> str:
    """A command on files: of the build, or on files that the final stage needs as well."""
    reading = plan.reading
    texts = step.operands[1:] if step.name in ("chmod", "chown", "chgrp", "sed", "grep", "tr", "cut") else step.operands
    paths = [reading.path(text, step.run, step.cwd) for text in texts]
    if step.name in ("cp", "mv", "install", "ln") and len(paths) == 2 and paths[1] is not None and not plan.stays(paths[1]):
        if plan.is_product(paths[1]):
            return "build"
        if paths[0] is None or not plan.stays(paths[0]) or texts[1].endswith(("/", ".")) or step.name == "ln":
            raise RefusedError(f"`{reading.doc.source(step.command.span)}` creates files that a program may read")
        plan.copies[paths[1]] = paths[1]
        return "build"
    if any(path is None for path in paths):
        raise RefusedError(f"`{reading.doc.source(step.command.span)}`: dlint cannot tell which files that is")
    known = [path for path in paths if path is not None]
    if step.name in ("chown", "chgrp") and any(overlap(path, reading.workdir() or "/") for path in known):
        raise RefusedError(f"`{reading.doc.source(step.command.span)}` changes the folder that the program runs in")
    if all(plan.stays(path) or plan.is_product(path) for path in known):
        return "build"
    return "final"


def _packages(plan: Draft, step: StageStep) -> None:
    """Sorts what an install brings: what only a build needs stays behind, libraries and programs come along."""
    invocation = step.invocation
    assert invocation is not None
    if invocation.has(("-t", "--virtual")) and invocation.tool.name == "apk":
        return
    for word in invocation.operands:
        name = bare(word.text)
        plan.had.add(name)
        if runtime_images.is_headers(name):
            continue
        if runtime_images.is_build_only(name):
            if not _is_mentioned(plan, name):
                plan.behind.append(name)
                continue
        elif not re.fullmatch(r"[a-z0-9][\w.+-]*", name):
            raise RefusedError(f"dlint cannot tell what the package {word.text} is")
        if word.text not in plan.packages:
            plan.packages.append(word.text)
            lean = invocation.tool.action("install")
            plan.recommends = plan.recommends or not invocation.has((*lean.no_recommends, *lean.no_recommends_settings))


def _is_mentioned(plan: Draft, name: str) -> bool:
    """Whether the source names a program in quotes, as in a call of it."""
    quoted = re.compile(rf"[\"'`]{re.escape(name)}[\"'`]")
    return any(quoted.search(text) for text in plan.reading.sources(plan.build.folder, plan.build.sources))


# ---------------------------------------------------------------- the steps that stay where they are


def check_below(plan: Draft, node: nodes.Instruction) -> None:
    """What stands below the build becomes part of the final stage as it is: it must find there what it needs."""
    if isinstance(node, nodes.Env):
        _check_env(plan, node)
    if isinstance(node, nodes.ShellChange) and isinstance(node.form, nodes.Exec) and node.form.words:
        plan.programs.add(posixpath.basename(node.form.words[0].text))
    if isinstance(node, nodes.Copy) and (target := plan.reading.destination(node)) is not None:
        plan.kept.append(target)
    if not isinstance(node, nodes.Run):
        return
    brief = f"`{plan.reading.facts.brief(node)}`"
    steps = plan.reading.steps(node)
    if steps is None:
        raise RefusedError(f"{brief} is too complex a script: dlint cannot tell what it needs")
    known = commands()
    for step in steps:
        if step.invocation is not None and step.invocation.tool.kind == "system":
            plan.programs.add(step.invocation.tool.commands[0])
        elif step.name in known.plain:
            _check_paths(plan, step, brief)
        elif step.name and step.name not in known.silent | known.accounts | plan.build.later | {"cd", "export"}:
            raise RefusedError(f"{brief} calls {step.name} after the build")
    _run_in_final(plan, steps)


def _check_paths(plan: Draft, step: StageStep, brief: str) -> None:
    """A command below the build must not be about files that stay behind."""
    texts = step.operands[1:] if step.name in ("chmod", "chown", "chgrp", "sed", "grep", "tr", "cut") else step.operands
    workdir = plan.reading.workdir(step.run) or "/"
    for text in texts:
        path = plan.reading.path(text, step.run, step.cwd)
        if path is None:
            raise RefusedError(f"{brief}: dlint cannot tell which files that is")
        there = (*plan.copies.values(), *plan.kept)
        if any(overlap(item, path) for item in there) or lies_in(workdir, path) or step.name in ("mkdir", "touch"):
            continue
        if plan.in_tree(path):
            raise RefusedError(f"{brief} changes {path}, which stays in the build stage")
