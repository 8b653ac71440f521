"""`pip install .`: what the installation of a Python project itself reads, and which requirements can be installed before."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from dockerlint.lint.storage.lazy_regex import regex

from .manifest import Manifest, table, texts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dockerlint.lint.catalogue.tool import Invocation
    from dockerlint.lint.context.build_context import Context

OWN = regex(r"\.(?:/)?(\[[\w,.\s-]+\])?\Z")
EDITABLE = ("-e", "--editable")
ROOTS = ("pyproject.toml", "setup.py", "setup.cfg")
BESIDE = (*ROOTS, "MANIFEST.in")
# Build backends that read no more than pyproject.toml and what it names. Sources: their documentation.
BACKENDS = ("setuptools.build_meta", "setuptools.build_meta:__legacy__", "hatchling.build", "flit_core.buildapi", "poetry.core.masonry.api", "pdm.backend")
MOST_PACKAGES = 30


class Project(Struct, frozen=True):
    """A Python project: the files that its metadata come from, those with its requirements, whether it names any; and why
    it may read more, or None.
    """

    files: tuple[str, ...]
    requirements: tuple[str, ...]
    depends: bool
    static: bool
    why: str | None


def own(invocation: Invocation) -> str | None:
    """How a command installs the project in its folder: `editable`, `whole`, or None when it does not."""
    if invocation.tool.name not in ("pip", "uv") or invocation.subcommand not in ("install", "pip install"):
        return None
    if any(OWN.match(word.text) for word in invocation.options(*EDITABLE)) and not invocation.operands:
        return "editable"
    return "whole" if len(invocation.operands) == 1 and OWN.match(invocation.operands[0].text) else None


def project(context: Context, folder: str) -> Project | None:
    """What the installation of the project in a folder of the context reads; None when there is no project."""
    present = [name for name in BESIDE if posixpath.join(folder, name) in context.files]
    if not set(present) & set(ROOTS):
        return None
    found = _ProjectFound(context, folder)
    if "pyproject.toml" in present:
        found.pyproject()
    if "setup.cfg" in present:
        found.setup_cfg()
    if "setup.py" in present:
        found.setup_py("setup.py", [])
    packages = [
        path
        for path in context.files
        if posixpath.basename(path) == "__init__.py" and path.startswith(f"{folder}/" if folder else "")
    ]
    if len(packages) > MOST_PACKAGES:
        found.doubt("the project has too many packages to list")
        packages = []
    files = [posixpath.join(folder, name) for name in (*present, *found.reads)]
    missing = next((path for path in files if not context.has(path)), None)
    if missing is not None:
        found.doubt(f"{missing} is not in the build context")
    names = [name for name in found.requirements if posixpath.join(folder, name) in context.files]
    if not names and posixpath.join(folder, "requirements.txt") in context.files:
        names = ["requirements.txt"]
    return Project(
        tuple(dict.fromkeys((*files, *packages))),
        tuple(posixpath.join(folder, name) for name in names),
        found.depends,
        found.static,
        found.why,
    )


def without_project(invocation: Invocation, requirements: Iterable[str]) -> str:
    """The command with requirement files in place of the project."""
    gone = {word.span for word in (*invocation.operands, *invocation.options(*EDITABLE))}
    gone |= {flag.span for flag in invocation.flags if flag.text in EDITABLE or flag.text.startswith("--editable=")}
    words = [word.text for word in invocation.words if word.span not in gone]
    return " ".join((*words, *(f"-r {name}" for name in requirements)))


class _ProjectFound:
    """What has been read of a project so far."""

    def __init__(self, context: Context, folder: str) -> None:
        self.context = context
        self.folder = folder
        self.reads: dict[str, None] = {}
        self.requirements: dict[str, None] = {}
        self.depends = False
        self.static = False
        self.why: str | None = None

    def doubt(self, why: str) -> None:
        self.why = self.why or why

    def text(self, name: str) -> str:
        return self.context.read(posixpath.join(self.folder, name)) or ""

    def add(self, *names: str) -> None:
        for name in names:
            clean = posixpath.normpath(name.strip())
            if clean.startswith(("..", "/")) or any(char in clean for char in "*?["):
                self.doubt(f"the project names {clean[:40]}, outside the build context")
            else:
                self.reads[clean] = None

    def setup_py(self, name: str, seen: list[str]) -> None:
        """setup.py, or a module that it runs."""
        if name in seen:
            return
        # few projects have one
        from dockerlint.fixers.inputs.setup_py import read as read_setup

        found = read_setup(self.text(name))
        self.depends = self.depends or found.depends
        if found.why is not None:
            self.doubt(found.why if name == "setup.py" else f"setup.py runs {name}: {found.why}")
        self.add(*found.reads)
        self.requirements.update(dict.fromkeys(found.requirements))
        for path in found.runs:
            self.setup_py(path, [*seen, name])
        for module in found.imports:
            path = module.replace(".", "/")
            here = [item for item in (f"{path}.py", f"{path}/__init__.py") if posixpath.join(self.folder, item) in self.context.files]
            if not here or "." in module:
                self.doubt(f"setup.py imports {module}")
                continue
            self.add(here[0])
            self.setup_py(here[0], [*seen, name])

    def setup_cfg(self) -> None:
        """setup.cfg: values that are taken from files. Source: setuptools' documentation, "Configuring setuptools using
        setup.cfg files".
        """
        import configparser

        parser = configparser.RawConfigParser(strict=False)
        try:
            parser.read_string(self.text("setup.cfg"))
        except configparser.Error:
            self.doubt("dlint cannot read setup.cfg")
            return
        for section in ("metadata", "options", "options.extras_require"):
            for key, value in parser.items(section) if parser.has_section(section) else ():
                kind, _, rest = str(value or "").strip().partition(":")
                if kind == "file":
                    names = [item for item in re.split(r"[,\n]", rest) if item.strip()]
                    self.add(*names)
                    if key == "install_requires":
                        self.requirements.update(dict.fromkeys(posixpath.normpath(item.strip()) for item in names))
                elif kind == "attr":
                    self._attribute(rest.strip())
                if key == "install_requires":
                    self.depends = True
        if parser.has_option("options", "setup_requires") or parser.has_section("options.cmdclass"):
            self.doubt("setup.cfg asks for packages to build with")

    def pyproject(self) -> None:
        """pyproject.toml: texts and values that are taken from files. Source: PyPA's specification; the backends'
        documentation.
        """
        data = Manifest(self.context, posixpath.join(self.folder, "pyproject.toml"), self.text("pyproject.toml")).toml()
        if data is None:
            self.doubt("dlint cannot read pyproject.toml")
            return
        build, own_table, tool = (table(data.get(name)) for name in ("build-system", "project", "tool"))
        if str(build.get("build-backend", BACKENDS[0])) not in BACKENDS or "backend-path" in build:
            self.doubt(f"dlint does not know the build backend {str(build.get('build-backend'))[:40]}")
        if any(re.match(r"setuptools[-_]scm|hatch-vcs|versioneer|cython|numpy|pybind11|cffi|.*rust", str(item), re.IGNORECASE) for item in texts(build.get("requires"))):
            self.doubt("pyproject.toml builds more than its metadata says")
        if "hooks" in str(table(tool.get("hatch")).get("build", "")) or table(table(tool.get("hatch")).get("version")).get("source"):
            self.doubt("pyproject.toml lets hatch run hooks")
        dynamic = texts(own_table.get("dynamic"))
        if own_table.get("dependencies") or table(tool.get("poetry")).get("dependencies"):
            self.depends = True
            self.static = "dependencies" not in dynamic and bool(own_table.get("dependencies"))
        self._texts(own_table, table(tool.get("poetry")))
        self._dynamic(table(table(tool.get("setuptools")).get("dynamic")))
        version = table(table(tool.get("hatch")).get("version")).get("path")
        if isinstance(version, str):
            self.add(version)

    def _texts(self, own_table: dict[str, Any], poetry: dict[str, Any]) -> None:
        for value in (own_table.get("readme"), own_table.get("license"), poetry.get("readme")):
            if isinstance(value, dict):
                value = value.get("file")
            elif value is own_table.get("license"):
                continue
            if isinstance(value, str | list):
                self.add(*([value] if isinstance(value, str) else texts(value)))

    def _dynamic(self, dynamic: dict[str, Any]) -> None:
        for key, value in dynamic.items():
            said = table(value)
            names = said.get("file")
            for name in [names] if isinstance(names, str) else texts(names):
                self.add(name)
                if key == "dependencies":
                    self.depends = True
                    self.requirements[posixpath.normpath(name)] = None
            if isinstance(said.get("attr"), str):
                self._attribute(said["attr"])

    def _attribute(self, dotted: str) -> None:
        """`attr: package.module.name`: the module is read, and imported when that does not do."""
        module = dotted.rpartition(".")[0].replace(".", "/")
        for top in ("", "src/"):
            for name in (f"{top}{module}.py", f"{top}{module}/__init__.py"):
                if module and posixpath.join(self.folder, name) in self.context.files:
                    self.add(name)
                    self.setup_py(name, [])
                    return
        self.doubt(f"pyproject.toml sets {dotted[:40]}, which may read files")
