"""What a dependency install reads: its manifests and lock files, and whether anything else."""

from __future__ import annotations

import json
import posixpath
import re
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import TYPE_CHECKING

from dockerlint.lint.context import clean_path
from dockerlint.lint.findings import Applicability

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.context import Context
    from dockerlint.lint.facts import Facts
    from dockerlint.lint.nodes import Copy, Run
    from dockerlint.lint.tools import Invocation, Tool

# Scripts of package.json that an install runs. Source: npm's documentation, "scripts", life cycle operation order.
LIFECYCLE = ("preinstall", "install", "postinstall", "prepublish", "preprepare", "prepare", "postprepare")
LOCAL = ("file:", "link:", "portal:", "workspace:", "./", "../")
# What refers to parts of the source in other manifests.
LOCAL_PARTS = {
    "pnpm-lock.yaml": re.compile(r"\b(?:link|file|workspace):"),
    "bun.lock": re.compile(r"\b(?:link|file|workspace):|\"patchedDependencies\""),
    "Pipfile": re.compile(r"\b(?:path|file|editable)\s*=|\$\{"),
    "Cargo.toml": re.compile(r"(?m)^\s*(?:\[workspace|\[\[|build\s*=)|\bpath\s*="),
    "pom.xml": re.compile(r"<(?:module|systemPath)>"),
}
LOCAL_REPLACE = re.compile(r"=>\s*\.{0,2}/")

# Lines of a requirements file: those that name another one, and those that name a package of an index or a repository.
# Source: pip's documentation, "Requirements File Format"; PEP 508.
REQUIREMENT_FILE = re.compile(r"\s*(?:-r|--requirement|-c|--constraint)[\s=]*(\S+)\s*\Z")
REQUIREMENT = re.compile(
    r"[A-Za-z0-9][\w.-]*\s*(?:\[[\w\s,.-]*\])?\s*(?:\Z|[=<>~!(;]|@\s*(?:https?://|git\+)|--hash)"
    r"|(?:git\+)?https?://"
    r"|(?:-i|--index-url|--extra-index-url)[\s=]+https?://"
    r"|--(?:trusted-host|pre|prefer-binary|no-binary|only-binary|require-hashes)\b"
)
PACKAGE_FILE = re.compile(r"\.(?:whl|zip|tar\.gz|tgz|tar\.bz2)\b")
# Packages that a lock file takes from the folder it lies in.
LOCAL_LOCK = re.compile(
    r"\"(?:file|link):|\"link\"\s*:\s*true|@(?:file|link|portal|exec):|@workspace:(?!\.\")|#\./(?!\.yarn/patches/)"
)
# Values of .npmrc, .yarnrc and .yarnrc.yml that name files, besides those that are copied with them.
LOCAL_SETTING = re.compile(r"(?<![\w:/.-])(?:\.{1,2}/)?(?!\.yarn/(?:releases|plugins|patches)/)[\w.-]+/[\w./-]+|\.c?js\b|\$\{")
# A package's name with its version: an operand that no folder or file can be meant by.
PACKAGE = re.compile(r"[A-Za-z0-9@][\w.@-]*(?:\[[\w,.-]*\])?(?:[=<>~!^]+[\w.*,=<>~!^-]*)?")
FOLDER_FLAGS = ("--prefix", "-C", "--dir", "--cwd")
# Variables by which the tools are configured.
SETTINGS = re.compile(r"PIP_|PYTHON(?!.*VERSION)|NODE_(?:OPTIONS|PATH|EXTRA)|npm_config_|NPM_CONFIG_|YARN_(?!VERSION)|GO")
SETS_PATH = re.compile(r"[/\\]|\.[A-Za-z]")


@dataclass(frozen=True, slots=True)
class Manifests:
    """The files that an install reads, relative to the folder it runs in.

    `complete` when the context shows that it reads nothing else of the source; `known` when there was a context to look at.
    """

    files: tuple[str, ...]
    complete: bool
    known: bool


def primary(invocation: Invocation) -> tuple[str, ...]:
    """The files without which the install has nothing to do, as patterns; none when it reads no manifest."""
    tool = invocation.tool
    if tool.project and invocation.option(*FOLDER_FLAGS) is not None:
        return ()
    named = tuple(word.text for word in invocation.options(*tool.manifest_flags)) if tool.manifest_flags else ()
    if named:
        return named
    if not tool.project or invocation.is_global:
        return ()
    if invocation.action == "install" and invocation.operands and tool.kind == "language":
        return ()
    return tool.manifests[:1]


def manifests(context: Context | None, invocation: Invocation, folder: str) -> Manifests:
    """What an install reads of a folder of the context; without a context what it reads as a rule."""
    wanted = primary(invocation)
    names = tuple(posixpath.basename(name) if posixpath.isabs(name) else name for name in wanted)
    mixed = any(posixpath.isabs(name) for name in wanted) and len({posixpath.dirname(name) for name in wanted}) > 1
    if context is None or mixed:
        return Manifests(names, complete=False, known=False)
    if invocation.tool.manifest_flags and invocation.options(*invocation.tool.manifest_flags):
        return _requirements(context, names, folder)
    found = _present(context, invocation.tool.manifests, folder)
    known = any(fnmatch(name, names[0]) for name in found) if names else False
    complete = known and _self_contained(context, found, folder) and not _has_parent(context, invocation.tool, folder)
    return Manifests(found, complete=complete, known=known)


def trusted(facts: Facts, run: Run, invocation: Invocation, reads: Manifests) -> Applicability:
    """How far one may trust that an install reads its manifests only: it is shown where its words name anything else."""
    if not reads.known or facts.context is None:
        return Applicability.DISPLAY
    if invocation.action != "install":
        # what fetches for a build fails where a manifest names parts of the source
        return Applicability.UNSAFE if reads.complete else Applicability.DISPLAY
    action = invocation.tool.action("install")
    manifest_flags = invocation.tool.manifest_flags
    known = all(
        flag.text in manifest_flags or flag.text.partition("=")[0] in action.plain_flags for flag in invocation.flags
    )
    if invocation.subcommand not in action.plain or not known:
        return Applicability.DISPLAY
    operands = (word.text for word in invocation.operands)
    if not all(PACKAGE.fullmatch(text) and not PACKAGE_FILE.search(text) for text in operands if "$" not in text):
        return Applicability.DISPLAY
    command = invocation.command
    wrapped = command.words != invocation.words or command.assignments or "/" in command.name
    variable = any("$" in word.text or "`" in word.text for word in command.words)
    if wrapped or variable or not reads.complete or not facts.context.whole or _is_configured(facts, run):
        return Applicability.UNSAFE
    return Applicability.SAFE


def _is_configured(facts: Facts, run: Run) -> bool:
    """Whether a variable may send a tool to a file."""
    env = facts.state(run).env
    return any(SETTINGS.match(name) and (value is None or SETS_PATH.search(value)) for name, value in env.items())


def place(facts: Facts, copy: Copy, path: str) -> str | None:
    """The folder below a COPY's destination that it puts a file of the context into; None when it does not bring it."""
    for word in copy.paths:
        source = facts.expand(word.text, copy)
        if source is None:
            continue
        clean = clean_path(source)
        if _is_folder(facts.context, source, clean):
            if clean == "" or path.startswith(clean + "/"):
                return posixpath.dirname(path[len(clean) :].lstrip("/"))
        elif path == clean or (facts.context is not None and path in facts.context.select(clean)):
            return ""
    return None


def brought(facts: Facts, copy: Copy, image_path: str) -> str | None:
    """The file of the context that a COPY puts at a path of the image; None when it does not, or that cannot be told."""
    target = facts.path(copy.destination.text, copy)
    if target is None:
        return None
    for word in copy.paths:
        source = facts.expand(word.text, copy)
        if source is None:
            continue
        path = _brought_by(facts.context, source, target, image_path, single=len(copy.sources) == 1)
        if path is not None:
            return path
    return None


class Bringers:
    """The COPYs of a stage up to some place, asked again and again which of them brings a file; each looks at it once."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._copies: list[Copy] = []
        self._known: dict[str, tuple[int, tuple[Copy, str] | None]] = {}

    def add(self, copy: Copy) -> None:
        """Takes in the next COPY, which counts when it copies from the context."""
        if copy.from_ is None:
            self._copies.append(copy)

    def first(self, image_path: str) -> tuple[Copy, str] | None:
        """The first COPY that puts a file at a path of the image, and the file of the context that it is."""
        looked_at, found = self._known.get(image_path, (0, None))
        if found is None:
            for copy in self._copies[looked_at:]:
                if path := brought(self._facts, copy, image_path):
                    found = (copy, path)
                    break
            self._known[image_path] = (len(self._copies), found)
        return found


def _brought_by(context: Context | None, source: str, target: str, image_path: str, *, single: bool) -> str | None:
    clean = clean_path(source)
    if _is_folder(context, source, clean):
        top = target.rstrip("/") + "/"
        if not image_path.startswith(top):
            return None
        path = posixpath.join(clean, image_path[len(top) :])
        return path if context is None or context.has(path) else None
    if target.endswith("/") or not single or any(char in clean for char in "*?["):
        if posixpath.dirname(image_path) != (target.rstrip("/") or "/"):
            return None
        path = posixpath.join(posixpath.dirname(clean), posixpath.basename(image_path))
        if context is not None:
            return path if path in context.select(clean) else None
        return path if fnmatch(path, clean) else None
    return clean if target == image_path else None


def _is_folder(context: Context | None, source: str, clean: str) -> bool:
    if clean == "" or source.endswith("/"):
        return True
    if context is None or any(char in clean for char in "*?["):
        return False
    return clean not in context.files and context.has(clean)


def _present(context: Context, patterns: tuple[str, ...], folder: str) -> tuple[str, ...]:
    """The manifests that lie in a folder, in the order of the patterns; a manifest may be a folder itself."""
    top = f"{folder}/" if folder else ""
    names = sorted(name[len(top) :] for name in context.files if name.startswith(top))
    found: list[str] = []
    for pattern in patterns:
        hits = [name for name in names if fnmatch(name, pattern) and name.count("/") == pattern.count("/")]
        if not hits and any(name.startswith(pattern + "/") for name in names):
            hits = [pattern]
        found += [name for name in hits if name not in found]
    return tuple(found)


def _has_parent(context: Context, tool: Tool, folder: str) -> bool:
    """Whether a folder above holds manifests too: that of a workspace has a say in what is installed."""
    above = folder
    while above:
        above = posixpath.dirname(above)
        if any(posixpath.join(above, name) in context.files for name in tool.manifests):
            return True
    return False


def _self_contained(context: Context, names: tuple[str, ...], folder: str) -> bool:
    """Whether the manifests refer to nothing else of the source tree."""
    if any(context.has(posixpath.join(folder, name)) for name in ("binding.gyp", ".pnp.cjs", ".pnp.js", ".yarn/cache")):
        return False
    for name in names:
        if context.has(posixpath.join(folder, name)) and posixpath.join(folder, name) not in context.files:
            continue
        text = context.read(posixpath.join(folder, name))
        if text is None or not _is_plain(name, text):
            return False
    return True


def _is_plain(name: str, text: str) -> bool:
    """Whether a manifest refers to nothing else of the source tree, as far as its kind is known."""
    match name:
        case "package.json":
            return _plain_package(text)
        case "package-lock.json" | "npm-shrinkwrap.json" | "yarn.lock":
            return not LOCAL_LOCK.search(text)
        case ".npmrc" | ".yarnrc" | ".yarnrc.yml":
            return not LOCAL_SETTING.search(re.sub(r"https?:\S*|//\S*", "", text))
        case "go.mod":
            return not LOCAL_REPLACE.search(text)
        case "go.work" | "pnpm-workspace.yaml" | ".pnpmfile.cjs" | "bun.lockb" | "bunfig.toml":
            return False
        case _ if local := LOCAL_PARTS.get(name):
            return not local.search(text)
        case _:
            return True


def _plain_package(text: str) -> bool:
    try:
        package = json.loads(text)
    except (ValueError, RecursionError):
        return False
    if not isinstance(package, dict) or "workspaces" in package:
        return False
    scripts = package.get("scripts", {})
    if not isinstance(scripts, dict) or any(name in scripts for name in LIFECYCLE):
        return False
    groups = (value for key, value in package.items() if key.lower().endswith(("dependencies", "overrides", "resolutions")))
    return not any(text.startswith(LOCAL) for group in groups for text in _strings(group))


def _strings(value: object) -> Iterator[str]:
    """The strings of a JSON value, however deep."""
    todo = [value]
    while todo:
        item = todo.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            todo.extend(item.values())
        elif isinstance(item, list):
            todo.extend(item)


def _requirements(context: Context, names: tuple[str, ...], folder: str) -> Manifests:
    """Follows `-r` and `-c` from file to file."""
    files: list[str] = []
    complete = True
    todo = [posixpath.normpath(name) for name in names]
    while todo:
        name = todo.pop(0)
        if name in files:
            continue
        if "$" in name or posixpath.isabs(name) or name.startswith(".."):
            complete = False
            continue
        text = context.read(posixpath.join(folder, name))
        if text is None:
            return Manifests(tuple(names), complete=False, known=False)
        files.append(name)
        for line in _requirement_lines(text):
            if other := REQUIREMENT_FILE.match(line):
                todo.append(posixpath.normpath(posixpath.join(posixpath.dirname(name), other[1])))
            elif not REQUIREMENT.match(line) or (PACKAGE_FILE.search(line) and "://" not in line) or "${" in line:
                complete = False
    return Manifests(tuple(files), complete=complete, known=True)


def _requirement_lines(text: str) -> Iterator[str]:
    """The lines of a requirements file that say something, continued ones joined."""
    for line in re.sub(r"\\\r?\n", "", text).splitlines():
        said = re.sub(r"(?:^|\s)#.*", "", line).strip()
        if said:
            yield said
