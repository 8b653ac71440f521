"""The final stage: the image it starts from, what is installed in it, what its users and variables need."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dockerlint.fixers.edits import line_joint
from dockerlint.fixers.image.build_tools import bare
from dockerlint.lint.analysis.users import ROOT
from dockerlint.lint.syntax import nodes

from . import runtime_images
from .draft import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .draft import Draft
    from .split_plan import Runtime

LISTS = "/var/lib/apt/lists/*"
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
# What a shell does by itself.
BUILT_IN = frozenset({"exit", "test", "[", "true", "false", "echo", "printf", "sh", ":"})
# Libraries that are named alike in each release, and run what was linked with an older one. Source: GCC, "ABI Policy".
UNCHANGING = frozenset({"libstdc++", "libstdc++6", "libgcc"})
# Users that each of the images to run in has.
COMMON_USERS = ROOT | {"nobody"}


def check_users(plan: Draft) -> None:
    """Users that the final stage names must be made in it."""
    reading = plan.reading
    base = reading.base
    if base is not None and base.runs_as_root is False:
        raise RefusedError(f"{reading.image} sets a user of its own")
    for node in reading.stage.instructions:
        text = node.argument.text if isinstance(node, nodes.User) else None
        if isinstance(node, nodes.Copy) and (node in plan.head or node.span.start >= plan.build.last.span.end):
            text = node.flag_value("chown")
        user = reading.facts.expand(text, node) if text is not None else "root"
        if user is None:
            raise RefusedError(f"dlint cannot tell who `{reading.facts.brief(node)}` names")
        for name in user.split(":"):
            if not (name.isdecimal() or name in COMMON_USERS | plan.users | plan.build.users or not name):
                raise RefusedError(f"dlint cannot tell where the user {name} comes from")


def choose_runtime(plan: Draft) -> Runtime:
    """The first image that can do what the final stage asks for."""
    reading = plan.reading
    user = any(reading.stage.all(nodes.User))
    wanted = {bare(name) for name in plan.packages}
    for runtime in plan.build.runtimes:
        installs = bool((wanted | plan.programs | set(plan.build.libraries)) - runtime.brings)
        if installs and wanted | plan.programs <= {"ca-certificates"} and not plan.build.libraries:
            installs = False
        if (plan.shell and not runtime.shell) or (installs and runtime.manager == "none"):
            continue
        if user or runtime.user == "root":
            return runtime
    raise RefusedError("dlint knows no image that has what the file asks for")


def trusted(plan: Draft, runtime: Runtime) -> list[str]:
    """Certificates, where the builder has them and the runtime has not."""
    had = plan.had | (plan.reading.builder.brings if plan.reading.builder else frozenset())
    if "ca-certificates" not in had or "ca-certificates" in runtime.brings:
        return []
    others = [name for name in _wanted(plan, runtime) if name != "ca-certificates"]
    if others:
        plan.packages = list(dict.fromkeys([*plan.packages, "ca-certificates"]))
        return []
    plan.packages = []
    return [CERTIFICATES]


def _wanted(plan: Draft, runtime: Runtime) -> list[str]:
    """The packages that the runtime has to be given."""
    found = [*plan.packages, *plan.build.libraries]
    names = {bare(name) for name in found}
    for program in sorted(plan.programs - runtime.brings - names - BUILT_IN):
        if program in ("apt-get", "apt", "apk") and runtime.manager in program:
            continue
        package = runtime_images.provides(runtime.manager, program)
        if package is None and program in plan.had:
            package = program
        if package is None:
            raise RefusedError(f"dlint does not know which package has `{program}`")
        found.append(package)
    return [name for name in dict.fromkeys(found) if name not in runtime.brings]


def install(plan: Draft, runtime: Runtime) -> None:
    """The step that installs packages, before any other of the final stage."""
    wanted = _wanted(plan, runtime)
    if not wanted:
        return
    pinned = next((name for name in wanted if re.search(r"[=~<>]", name)), None)
    # a library's package has another name in another release
    libraries = [name for name in wanted if (name in plan.build.libraries or name.startswith("lib")) and name not in UNCHANGING]
    moving = pinned or next(iter(libraries), None)
    if moving and not runtime.exact:
        raise RefusedError(f"{plan.reading.image} does not say which release it is, for {moving}")
    names = " ".join(wanted)
    if runtime.manager == "apk":
        plan.head.insert(0, f"RUN apk add --no-cache {names}")
        return
    plan.head.insert(0, line_joint(plan.reading.doc, "").join(("RUN apt-get update", f"apt-get install -y {'' if plan.recommends else '--no-install-recommends '}{names}", f"rm -rf {LISTS}")))


def variables_of(plan: Draft, below: list[nodes.Instruction]) -> list[str]:
    """The variables of the builder's image that instructions of the final stage name."""
    builder = plan.reading.builder
    texts = [word for item in (*plan.head, *below) if not isinstance(item, str) for word in _words(item)]
    used = {name for name in (builder.env if builder else ()) if any(_names_variable(text, name) for text in texts)}
    return [f"ENV {name}={builder.env[name]}" for name in sorted(used)] if builder else []


def without_idle(head: list[nodes.Instruction | str], below: list[nodes.Instruction]) -> list[nodes.Instruction | str]:
    """Without the ARGs that nothing uses, and the WORKDIRs that another one replaces before anything is done in them.

    `below` is what follows the head in the final stage.
    """
    found: list[nodes.Instruction | str] = []
    replaced = False
    for item in reversed(head):
        if isinstance(item, nodes.Workdir):
            if replaced:
                continue
            replaced = item.argument.text.startswith("/")
        elif isinstance(item, nodes.Run | nodes.Copy | str):
            replaced = False
        if isinstance(item, nodes.Arg) and not _is_used(item, [*found, *below]):
            continue
        found.append(item)
    return found[::-1]


def _is_used(arg: nodes.Arg, later: list[nodes.Instruction | str]) -> bool:
    names = {pair.key.text for pair in arg.pairs}
    texts = (word for item in later if not isinstance(item, str) for word in _words(item))
    return any(_names_variable(text, name) for text in texts for name in names)


def _names_variable(text: str, name: str) -> bool:
    return bool(re.search(rf"\$\{{?{re.escape(name)}\b", text))


def _words(node: nodes.Instruction) -> Iterator[str]:
    """The texts of an instruction that may name a variable."""
    match node:
        case nodes.Env() | nodes.Label() | nodes.Arg():
            yield from (pair.value.text for pair in node.pairs if pair.value)
        case nodes.Text():
            yield node.argument.text
        case nodes.Words():
            yield from (word.text for word in node.words)
        case nodes.Copy():
            yield from (word.text for word in (*node.sources, node.destination))
            yield from (flag.value or "" for flag in node.flags)
        case nodes.Run(form=nodes.Shell(text=text)) | nodes.CommandInstruction(form=nodes.Shell(text=text)):
            yield text
        case _:
            return
