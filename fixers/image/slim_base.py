"""The slim variant of a base image in place of the full one, where nothing is seen that only the full one has."""

from __future__ import annotations

import posixpath
import re
from functools import cache
from typing import TYPE_CHECKING, Any

from dockerlint.fixers.edits import replace_word
from dockerlint.fixers.inputs.install_inputs import brought
from dockerlint.fixers.inputs.reads.python_manifests import REQUIREMENT_FILE
from dockerlint.fixers.inputs.runtime_command import started
from dockerlint.fixers.refusal import Refusal
from dockerlint.lint.catalogue import tables
from dockerlint.lint.catalogue.base_images import lookup
from dockerlint.lint.catalogue.name_patterns import matches_any
from dockerlint.lint.catalogue.tool import unwrapped
from dockerlint.lint.engine.findings import Applicability, Fix
from dockerlint.lint.shell.script import SHELLS
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import nodes

from .build_tools import bare, is_one

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.catalogue.base_images import BaseImage
    from dockerlint.lint.catalogue.tool import Invocation
    from dockerlint.lint.syntax.nodes import Run, Stage, Word

# The name of a release behind a version: `3.12-bookworm`.
RELEASE = regex(r"(.*?)-?(jessie|stretch|buster|bullseye|bookworm|trixie|forky)\Z")
# The archives that tar unpacks with the help of a program, and the letter and the option that say so.
PACKED = {"xz": (("xz",), "J", "--xz"), "bzip2": (("bz2", ".tbz"), "j", "--bzip2")}
# Tools that install for Python and for Node, by the table that says what they may compile.
TABLES = {
    "pip": "pip", "pipenv": "pip", "poetry": "pip", "pdm": "pip", "uv": "pip", "pipx": "pip",
    "npm": "npm", "yarn": "npm", "pnpm": "npm", "bun": "npm",
}  # fmt: skip
LOCKS = {"npm": ("package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock")}


def variant(base: BaseImage) -> str | None:
    """The tag of the slim variant of an image; None when the table of images knows none with a size."""
    tag = base.tag or "latest"
    release = RELEASE.fullmatch(tag)
    names = ["slim"] if tag == "latest" else [f"{tag}-slim"]
    if release and tag != "latest":
        names.append(f"{release[1]}-slim-{release[2]}" if release[1] else f"slim-{release[2]}")
    for name in names:
        found = lookup(f"{base.repository}:{name}")
        if found is not None and (found.disk_bytes or found.compressed_bytes):
            return name
    return None


def change(facts: Facts, root: Stage, base: BaseImage, tag: str) -> Fix | Refusal:
    """The fix that takes the slim variant of the base image of a stage and of all that are built on it.

    It is unsafe: what a program needs of the system cannot all be seen.
    """
    word = root.from_.image
    image = word.text.rpartition("/")[2]
    if "$" in word.text or "@" in word.text:
        return Refusal("the image is given by a variable or a digest")
    slim = lookup(f"{base.repository}:{tag}")
    assert slim is not None
    if slim.package_manager != base.package_manager or slim.distribution != base.distribution:
        return Refusal("the slim variant uses another distribution")
    if base.release and slim.release and base.release != slim.release:
        return Refusal("the slim variant uses another release")
    if not any(isinstance(node, nodes.CommandInstruction) for stage in facts.doc.stages for node in stage.instructions):
        return Refusal("the image has no command: people may work in it")
    stages = [stage for stage in facts.doc.stages if facts.graph.lineage(stage)[-1] is root]
    for stage in stages:
        reason = _obstacle(facts, stage, base, slim)
        if reason:
            return Refusal(reason)
    name = word.text.rpartition(":")[0] if ":" in image else word.text
    edit = replace_word(word, f"{name}:{tag}")
    return Fix(f"use `{name}:{tag}`", (edit,), Applicability.UNSAFE)


def may_compile(text: str) -> bool:
    """Whether a lock file of Node names a package that may be compiled when it is installed."""
    return any(marker in text for marker in _data()["language"]["npm"]["markers"])


def called(base: BaseImage, tag: str, words: frozenset[str]) -> bool:
    """Whether one of the words names a program that the slim variant lacks."""
    slim = lookup(f"{base.repository}:{tag}")
    return slim is None or not words.isdisjoint(_lacking(base, slim, set()))


def _obstacle(facts: Facts, stage: Stage, base: BaseImage, slim: BaseImage) -> str | None:
    """What a stage needs of the full variant, in words; None when nothing is seen."""
    installed = {bare(word.text) for run in _runs(facts, stage) for item in _system(facts, run) for word in item.packages}
    package = next((name for name in sorted(installed) if is_one(name, "compilers") or is_one(name, "headers")), None)
    if package:
        return f"{package} is a package to compile with"
    patterns = _data()["manual"]["packages"]
    package = next((name for name in sorted(installed) if matches_any(name, patterns)), None)
    if package:
        return f"{package} may need the folders of manual pages"
    if base.repository in ("debian", "ubuntu"):
        return None
    lacking = _lacking(base, slim, installed)
    for run in stage.all(nodes.Run):
        reason = _obstacle_in_run(facts, run, lacking)
        if reason:
            return reason
    calls = started(facts, stage)
    if calls.unread:
        return f"dlint cannot tell what {calls.unread[0]} calls"
    called = calls.words & lacking
    if called:
        return f"the container may call {min(called)}"
    return _without_certificates(facts, stage, slim, installed, calls.words)


def _lacking(base: BaseImage, slim: BaseImage, installed: set[str]) -> set[str]:
    """The programs that the slim variant lacks and the file does not install."""
    data = _data()
    found = set(data["compile"]["programs"]) | (base.tools - slim.tools)
    for package, programs in data["programs"].items():
        found |= set(programs)
        if package in installed:
            found -= set(programs)
    return found - slim.tools - {*data["always"]["programs"], "ca-certificates"}


def _obstacle_in_run(facts: Facts, run: Run, lacking: set[str]) -> str | None:
    script = facts.script(run)
    if script is None and not isinstance(run.form, nodes.Exec):
        return "dlint cannot read a RUN"
    if script is not None and not script.sound:
        return "dlint cannot read a RUN"
    for command in facts.commands(run):
        words = unwrapped(command.words)
        for word in words[:1]:
            name = word.text.rsplit("/", 1)[-1]
            if name in lacking:
                return f"a RUN calls {name}"
            if name == "tar" and _unpacks_by(words[1:]) & lacking:
                return "a RUN unpacks a format that the slim variant cannot"
            if "$" in name or (name in SHELLS and len(words) > 1) or name in (".", "source") or word.text.startswith("."):
                return f"dlint cannot tell what `{facts.brief(run)}` calls"
    for item in facts.invocations(run):
        reason = _obstacle_in_install(facts, run, item)
        if reason:
            return reason
    return None


def _unpacks_by(words: Sequence[Word]) -> set[str]:
    """The programs that tar calls for what its words say; its first word may be a bundle of letters without a dash."""
    letters = {char for at, word in enumerate(words) if word.text.startswith("-") or not at for char in word.text if word.text.lstrip("-").isalpha()}
    texts = [word.text for word in words]
    return {
        program
        for program, (suffixes, letter, option) in PACKED.items()
        if letter in letters or option in texts or any(text.endswith(suffixes) for text in texts)
    }


def _obstacle_in_install(facts: Facts, run: Run, item: Invocation) -> str | None:
    """What an install may have to compile."""
    if item.tool.kind == "system" or item.action not in ("install", "build") or item.tool.name == "composer":
        return None
    table = TABLES.get(item.tool.name)
    if table is None or (item.action == "build" and table != "npm"):
        return f"`{item.words[0].text}` may have to compile packages"
    data = _data()["language"][table]
    for word in item.operands:
        name = re.split(r"[\[=<>~!@;]", word.text.lstrip("@"), maxsplit=1)[0].lower().replace("_", "-")
        if name in data["packages"] or any(marker in word.text for marker in data["markers"]):
            return f"{word.text} may need a compiler"
    if item.is_global or item.action == "build" or (item.operands and not _is_project(item)):
        return None
    texts = list(_manifests(facts, run, item, table))
    if not texts:
        return f"what `{item.name}`".rstrip() + " installs cannot be read"
    for text in texts:
        found = next((marker for marker in data["markers"] if marker in text), None) or _named(text, data["packages"])
        if found:
            return f"{found} in its manifests may need a compiler"
    return None


def _is_project(item: Invocation) -> bool:
    return any(word.text.startswith((".", "/")) for word in item.operands)


def _named(text: str, packages: list[str]) -> str | None:
    """A package that a manifest names."""
    names = {name.lower().replace("_", "-") for name in re.findall(r"[A-Za-z0-9][\w.-]*", text)}
    return next((name for name in packages if name in names), None)


def _manifests(facts: Facts, run: Run, item: Invocation, table: str) -> Iterator[str]:
    """The texts that say what an install installs; none where one of them is not at hand."""
    wanted = [word.text for option in ("-r", "--requirement") for word in item.options(option)] if table == "pip" else []
    if wanted:
        texts = [text for name in wanted for text in _requirements(facts, run, name)]
        yield from (text for text in texts if text is not None and None not in texts)
        return
    names = LOCKS.get(table) or item.tool.manifests
    found = (_read(facts, run, name) for name in names)
    yield from (text for text in found if text is not None)


def _requirements(facts: Facts, run: Run, name: str) -> Iterator[str | None]:
    """A requirements file and those that it includes; None for one that is not at hand."""
    todo, seen = [name], set()
    while todo:
        name = posixpath.normpath(todo.pop())
        if name in seen:
            continue
        seen.add(name)
        text = _read(facts, run, name)
        yield text
        lines = (line for line in (text or "").splitlines() if line.lstrip().startswith("-"))
        folder = posixpath.dirname(name)
        todo += [posixpath.join(folder, match[1]) for line in lines if (match := REQUIREMENT_FILE.match(line))]


def _read(facts: Facts, run: Run, name: str) -> str | None:
    """The text of a file of the context that lies at a path of a RUN: copied there, or mounted."""
    path = facts.path(name, run)
    if facts.context is None or path is None or "*" in name:
        return None
    for node in facts.before(run):
        if isinstance(node, nodes.Copy) and node.from_ is None and (source := brought(facts, node, path)):
            return facts.context.read(source)
    return None


def _without_certificates(facts: Facts, stage: Stage, slim: BaseImage, installed: set[str], words: frozenset[str]) -> str | None:
    """Whether something fetches by TLS where the slim variant has no certificates and the file installs none."""
    if "ca-certificates" in slim.tools or "ca-certificates" in installed:
        return None
    called = {command.name.rsplit("/", 1)[-1] for run in _runs(facts, stage) for command in facts.commands(run)} | words
    tls = sorted(called & set(_data()["tls"]["programs"]))
    return f"{tls[0]} needs CA certificates, which the slim variant lacks" if tls else None


def _runs(facts: Facts, stage: Stage) -> Iterator[Run]:
    return (run for item in facts.graph.lineage(stage) for run in item.all(nodes.Run))


def _system(facts: Facts, run: Run) -> Iterator[Invocation]:
    return (item for item in facts.invocations(run) if item.tool.kind == "system" and item.action == "install")


@cache
def _data() -> dict[str, Any]:
    return tables.table("lint/catalogue/data/slim.toml")
