"""What a dependency install reads: its manifests and lock files, and whether anything else."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dockerlint.lint.catalogue.name_patterns import matches, matches_any
from dockerlint.lint.context.dockerignore import clean_path
from dockerlint.lint.engine.findings import Applicability
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import nodes

from .reads import local_project, python_manifests
from .reads.closure import closure
from .reads.manifest import Manifest
from .reads.python_manifests import is_package

if TYPE_CHECKING:
    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.catalogue.tool import Invocation, Tool
    from dockerlint.lint.context.build_context import Context
    from dockerlint.lint.syntax.nodes import Copy, Instruction, Run

PACKAGE_FILE = regex(r"\.(?:whl|zip|tar\.gz|tgz|tar\.bz2)\b")
# A package's name with its version: an operand that no folder or file can be meant by.
PACKAGE = regex(r"[A-Za-z0-9@][\w.@-]*(?:\[[\w,.-]*\])?(?:[=<>~!^]+[\w.*,=<>~!^-]*)?")
FOLDER_FLAGS = ("--prefix", "-C", "--dir", "--cwd")
# Variables by which the tools are configured.
SETTINGS = regex(r"PIP_|UV_(?!LINK|COMPILE|PYTHON_DOWN|LOCKED|FROZEN|NO_DEV|NO_CACHE)|POETRY_|PDM_|COMPOSER(?!_ALLOW|_NO)|BUNDLE_(?!WITH|DEPLOY|FROZEN|JOBS|RETRY|PATH)|CONDA|MAVEN_|DENO_|NUGET_|Nuget|PYTHON(?!.*VERSION)|NODE_(?:OPTIONS|PATH|EXTRA)|npm_config_|NPM_CONFIG_|YARN_(?!VERSION)|GO")
# Stands for a working folder that the base image decides on.
UNKNOWN = "/?"
SETS_PATH = regex(r"[/\\]|\.[A-Za-z]")
# Of these, those whose value is a file or a folder even where it looks like any word.
NAMES_PATH = regex(
    r"(?i)(?:FIND_LINKS|CONSTRAINTS?|BUILD_CONSTRAINT|OVERRIDES?|REQUIREMENTS?|EDITABLE|TARGET|PREFIX|ROOT|SRC|LOG|REPORT|CERT|CA_?FILE"
    r"|CERTFILE|KEYFILE|CONFIG_FILE|USERCONFIG|GLOBALCONFIG|MODULES_FOLDER|MIRROR|RC_FILENAME|LOCKFILE_FILENAME|PROJECT_ENVIRONMENT"
    r"|VENDOR_DIR|BIN_DIR|GEMFILE|PNPMFILE|LOCKFILE_DIR|MODULES_DIR|CACHE(?:_?DIR|_FOLDER)?|WORKING_DIR(?:ECTORY)?|PROJECT)\Z"
)


class Manifests(Struct, frozen=True):
    """The files that an install reads, relative to the folder it runs in; folders are read as a whole.

    `known` when there was a context to look at, `why` then says why it may read more than these, None when it surely does
    not. `needs_project` says why it installs the project itself as well, which takes its source. `first` is the command that
    installs what `files` name, where it is not the install itself. `fails` says why it does not run without the source,
    `lacks` which file it reads that the context does not have.
    """

    files: tuple[str, ...]
    known: bool
    why: str | None = None
    needs_project: str | None = None
    first: str | None = None
    fails: str | None = None
    lacks: str | None = None

    @property
    def complete(self) -> bool:
        """Whether the context shows that the install reads nothing else of the source."""
        return self.known and self.why is None and self.needs_project is None


def primary(invocation: Invocation) -> tuple[str, ...]:
    """The files without which the install has nothing to do, as patterns of which one must be there; none when it reads no
    manifest.
    """
    tool = invocation.tool
    named = tuple(word.text for word in invocation.options(*tool.manifest_flags)) if tool.manifest_flags else ()
    if named:
        return named
    if local_project.own(invocation):
        return local_project.ROOTS
    if not tool.project or invocation.is_global:
        return ()
    if (there := project_flag(invocation)) is not None:
        is_file = matches_any(posixpath.basename(there), tool.manifests)
        return (there,) if is_file else tuple(posixpath.join(there, name) for name in tool.roots)
    if tool.kind == "build":
        named = tuple(word.text for word in invocation.operands if _is_root(tool, word.text))
        return named or tool.roots
    action = tool.action(invocation.action)
    return () if invocation.action == "install" and invocation.operands and invocation.subcommand not in action.adds else tool.roots


def manifests(facts: Facts, invocation: Invocation, folder: str) -> Manifests:
    """What an install reads of a folder of the context; without a context what it reads as a rule."""
    context = facts.context
    wanted = primary(invocation)
    tool = invocation.tool
    elsewhere = project_flag(invocation) is not None
    names = tuple(posixpath.basename(name) if elsewhere or posixpath.isabs(name) else name for name in wanted)
    mixed = any(posixpath.isabs(name) for name in wanted) and len({posixpath.dirname(name) for name in wanted}) > 1
    by_name = bool(tool.manifest_flags and invocation.options(*tool.manifest_flags))
    if context is None or mixed:
        return Manifests(names if by_name else tool.manifests[:1], known=False)
    # with `=false` they run
    scripts = all(flag.text != "--ignore-scripts" for flag in invocation.flags)
    if not by_name and (how := local_project.own(invocation)):
        return _own_project(context, invocation, folder, how)
    if by_name:
        return _requirements(context, tool, names, folder)
    found = _present(context, tool.manifests, folder)
    if any("*" not in name and "/" in name for name in names):
        found = (*names, *(name for name in found if not _is_root(tool, name)))
    if not any(matches_any(name, names) for name in found):
        return Manifests(found, known=False)
    read = closure(context, (posixpath.normpath(posixpath.join(folder, name)) for name in found), scripts=scripts)
    above = _parent(context, tool, folder, read.files)
    return Manifests(
        tuple(posixpath.relpath(name, folder or ".") for name in read.files),
        known=True,
        fails=read.fails,
        lacks=read.lacks,
        why=read.why or (f"{above} also decides what is installed" if above else None),
        needs_project=_needs_project(facts, invocation, folder),
    )


def project_flag(invocation: Invocation) -> str | None:
    """The folder or manifest of the project that an option names, such as that of `npm --prefix web ci`."""
    return invocation.option(*invocation.tool.project_flags) if invocation.tool.project_flags else None


def _own_project(context: Context, invocation: Invocation, folder: str, how: str) -> Manifests:
    """What to install before the source of a Python project is there: for an editable install the project itself, whose
    packages are there by name, otherwise the requirements that it has in files.
    """
    found = local_project.project(context, folder)
    if found is None or not found.depends:
        return Manifests((), known=False)
    top = folder or "."
    if how == "editable":
        files = tuple(posixpath.relpath(path, top) for path in found.files)
        return Manifests(files, known=True, why=found.why, needs_project="an editable install records which files are there")
    static = invocation.tool.name == "uv" and found.static
    paths = (posixpath.join(folder, "pyproject.toml"),) if static else found.requirements
    if not paths:
        return Manifests((), known=True, why="no file lists its dependencies alone")
    read = _requirements(context, invocation.tool, tuple(posixpath.relpath(path, top) for path in paths), folder)
    if read.why is not None and not static:
        return Manifests((), known=True, why=read.why)
    named = [posixpath.relpath(path, top) for path in paths]
    return replace(read, why=None, needs_project="it adds a step", first=local_project.without_project(invocation, named))


def _is_root(tool: Tool, name: str) -> bool:
    return matches_any(posixpath.basename(name), tool.roots)


def _needs_project(facts: Facts, invocation: Invocation, folder: str) -> str | None:
    """Why an install takes the source of the project itself; None when it installs no more than what it depends on."""
    context, tool = facts.context, invocation.tool
    without = invocation.tool.action(invocation.action).without_project.get(invocation.subcommand)
    if without is None or context is None:
        return None
    if tool.name == "composer":
        return _composer_needs(context, invocation, folder)
    if all(invocation.has((option,)) for option in without) or invocation.has(("--no-install-workspace", "--only-group")):
        return None
    manifest = Manifest(context, posixpath.join(folder, "pyproject.toml"), "")
    text = context.read(manifest.path)
    data = replace(manifest, text=text).toml() if text is not None else None
    if data is not None and not is_package(data, tool.name):
        return None
    return f"it installs the project itself: add `{without[0]}`"


def _composer_needs(context: Context, invocation: Invocation, folder: str) -> str | None:
    path = posixpath.join(folder, "composer.json")
    text = context.read(path)
    if text is None:
        return None
    # few read PHP's
    from .reads.other_manifests import composer_project

    doubts = composer_project(
        Manifest(context, path, text),
        context.read(posixpath.join(folder, "composer.lock")),
        all_classes=invocation.has(("-o", "--optimize-autoloader", "-a", "--classmap-authoritative")),
        scripts=not invocation.has(("--no-scripts",)),
        plugins=not invocation.has(("--no-plugins",)),
        classes=not invocation.has(("--no-autoloader",)),
    )
    return next((doubt.why for doubt in doubts), None)


def trusted(facts: Facts, run: Run, invocation: Invocation, reads: Manifests) -> tuple[Applicability, str | None]:
    """How far one may trust that an install reads its manifests only, and why no further: it is shown where its words name
    anything else.
    """
    name = invocation.name
    if not reads.known or facts.context is None:
        return Applicability.DISPLAY, "its manifests are not in the build context"
    if reads.fails:
        return Applicability.DISPLAY, f"it would fail without the source: {reads.why}"
    if invocation.action != "install":
        # what fetches for a build fails where a manifest names parts of the source that are not there
        if invocation.tool.name == "maven" and sum(name.endswith("pom.xml") for name in reads.files) > 1:
            return Applicability.DISPLAY, "Maven cannot fetch for modules that depend on each other"
        return Applicability.DISPLAY if reads.lacks else Applicability.UNSAFE, reads.why or "it adds a step"
    if local_project.own(invocation) and reads.needs_project:
        return Applicability.DISPLAY if reads.why else Applicability.UNSAFE, reads.why or reads.needs_project
    action = invocation.tool.action("install")
    manifest_flags = invocation.tool.manifest_flags
    other = next(
        (
            flag.text
            for flag in invocation.flags
            if flag.text not in manifest_flags and flag.text.partition("=")[0] not in (*action.plain_flags, *invocation.tool.project_flags)
        ),
        None,
    )
    if invocation.subcommand not in action.plain or other is not None:
        return Applicability.DISPLAY, f"dlint does not know which files `{f'{name} {other}' if other else name}` reads"
    operands = (word.text for word in invocation.operands if not _is_root(invocation.tool, word.text))
    if not all(PACKAGE.fullmatch(text) and not PACKAGE_FILE.search(text) for text in operands if "$" not in text):
        return Applicability.DISPLAY, f"`{name}` names files"
    command = invocation.command
    wrapped = command.words != invocation.words or command.assignments or "/" in command.name
    variable = any("$" in word.text or "`" in word.text for word in command.words)
    if wrapped or variable:
        return Applicability.UNSAFE, "variables or other programs decide what runs"
    if _is_configured(facts, run):
        return Applicability.UNSAFE, "an environment variable may name files"
    if not facts.context.whole:
        return Applicability.UNSAFE, "the build context is too large to search"
    if not reads.complete:
        return Applicability.UNSAFE, reads.needs_project or reads.why
    return Applicability.SAFE, None


def _is_configured(facts: Facts, run: Run) -> bool:
    """Whether a variable may send a tool to a file."""
    env = facts.state(run).env
    return any(
        SETTINGS.match(name) and (value is None or SETS_PATH.search(value) or (value and NAMES_PATH.search(name)))
        for name, value in env.items()
    )


def place(facts: Facts, copy: Copy, path: str) -> str | None:
    """The folder below a COPY's destination that it puts a file of the context into; None when it does not bring it."""
    for word in copy.paths:
        source = facts.expand(word.text, copy)
        if source is None:
            continue
        clean = clean_path(source)
        if is_folder(facts.context, source, clean):
            if clean == "" or path.startswith(clean + "/"):
                return posixpath.dirname(path[len(clean) :].lstrip("/"))
        elif path == clean or (facts.context is not None and path in facts.context.select(clean)):
            return ""
    return None


def placed(facts: Facts, word: str, node: Instruction) -> str | None:
    """A path in the image, as `Facts.path` has it; below UNKNOWN where the base image decides on the working folder."""
    path = facts.path(word, node)
    if path is not None or facts.state(node).workdir is not None or any(isinstance(item, nodes.Workdir) for item in facts.before(node)):
        return path
    text = facts.expand(word, node)
    if text is None or text.startswith("/"):
        return None
    below = posixpath.normpath(posixpath.join(UNKNOWN, text))
    return below.rstrip("/") + "/" if text.endswith(("/", "/.")) or text == "." else below


def brought(facts: Facts, copy: Copy, image_path: str, target: str | None = None) -> str | None:
    """The file of the context that a COPY puts at a path of the image; None when it does not, or that cannot be told.

    `target` is where it copies to, for who knows more of that than the file says.
    """
    target = target or placed(facts, copy.destination.text, copy)
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
    if is_folder(context, source, clean):
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
        return path if matches(path, clean) else None
    return clean if target == image_path else None


def is_folder(context: Context | None, source: str, clean: str) -> bool:
    """Whether a source of a COPY, as it is written and as a path of the context, is a folder."""
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
        hits = [name for name in names if matches(name, pattern) and name.count("/") == pattern.count("/")]
        if not hits and any(name.startswith(pattern + "/") for name in names):
            hits = [pattern]
        found += [name for name in hits if name not in found]
    return tuple(found)


def _parent(context: Context, tool: Tool, folder: str, files: tuple[str, ...]) -> str | None:
    """A manifest in a folder above, besides those that are known to be read: that of a workspace has a say in what is
    installed.
    """
    above = folder
    while above:
        above = posixpath.dirname(above)
        for name in tool.manifests:
            path = posixpath.join(above, name)
            if path in context.files and path not in files:
                return path
    return None


def _requirements(context: Context, tool: Tool, names: tuple[str, ...], folder: str) -> Manifests:
    """Follows `-r` and `-c` from file to file, and reads a file of Conda's as such."""
    if any("$" in name or name.startswith("..") for name in names):
        return Manifests(names, known=False)
    paths = [posixpath.normpath(posixpath.join(folder, name)) for name in names]
    if any(context.read(path) is None for path in paths):
        return Manifests(names, known=False)
    reader = python_manifests.environment if tool.name == "conda" else python_manifests.requirements
    if tool.project:
        # settings of the tool beside the file
        settings = (posixpath.join(folder, name) for name in tool.manifests if name not in {lock.file for lock in tool.locks})
        paths += [path for path in settings if path in context.files and path not in paths]
    read = closure(context, paths, {"pyproject.toml": python_manifests.project, "*.yml": reader, "*.yaml": reader, "*.txt": python_manifests.requirements, "*.in": reader, "*.lock": reader})
    return Manifests(tuple(posixpath.relpath(name, folder or ".") for name in read.files), known=True, why=read.why)
