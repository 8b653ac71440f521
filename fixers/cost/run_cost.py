"""What a RUN does: the bytes it leaves in the layer, and the time and the downloads it takes."""

from __future__ import annotations

import functools
import posixpath
import re
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dockerlint.lint.analysis.build_state import SOMEWHERE
from dockerlint.lint.catalogue import tool as tools
from dockerlint.lint.catalogue.basis import Basis
from dockerlint.lint.storage.lazy_regex import regex

from ..inputs.inner_commands import DEEPEST, inner
from . import compiles, locked_packages, other_commands
from .bounded import ZERO, Amount, share
from .distribution_packages import Closure, closure
from .layer_contents import LayerEntry, within
from .registry_packages import listed, unlisted, wheels
from .run_work import RunWork
from .tool_figures import amount
from .work_recipes import brought, commands, recipe

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.catalogue.base_images import BaseImage
    from dockerlint.lint.catalogue.tool import Invocation
    from dockerlint.lint.shell.script import Command
    from dockerlint.lint.syntax import nodes
    from dockerlint.lint.syntax.nodes import Word
    from dockerlint.lint.syntax.run_mounts import Mount

    from .layer_contents import Ledger
    from .work_recipes import WorkRecipe

UNKNOWN = Amount.unknown()
# The records of a distribution's package manager.
PACKAGE_RECORDS = "/var/lib/dpkg"
SITE = "/usr/local/lib/python/site-packages"
PYTHON = regex(r"/python\d+(?:\.\d+)*(?=/|$)")
NAME = regex(r"@?[A-Za-z0-9.][\w.+-]*(?:/[\w.-]+)?")
GO_VERSION = regex(r"1\.(\d+)")
# Options of `install` with which it copies nothing.
MAKES_FOLDERS = frozenset(("-d", "--directory"))
# The release of Go (1.N) from which on the standard library is compiled with each program.
FIRST_TO_COMPILE = 20
# How many files are looked into for what a program imports.
MOST_GO_FILES = 100
MAKES = ("make", "gmake")
# Options of pip with which it installs what is there.
AGAIN = ("-U", "--upgrade", "--force-reinstall", "-I", "--ignore-installed")
RECURSIVE = regex(r"--recursive|-[A-Za-z]*R[A-Za-z]*")


def run(node: nodes.Run, step: int, ledger: Ledger, facts: Facts) -> RunWork:
    """Reads the script of a RUN, records in the ledger what it leaves there, and says how much work it is."""
    return RunScript(node, step, ledger, facts).read()


def place(path: str) -> str:
    """A path with Python's version taken out of it, as `SITE` has none."""
    return PYTHON.sub("/python", path)


class RunScript:
    """One RUN being read, command by command."""

    def __init__(self, node: nodes.Run, step: int, ledger: Ledger, facts: Facts) -> None:
        # the RUN
        self.node = node
        # the number of its step
        self.step = step
        # the file system that it finds, and changes
        self.ledger = ledger
        # the facts of its file
        self.facts = facts
        # what it takes so far
        self.work = RunWork()
        # the user, folder and variables that it finds
        self.state = facts.state(node)
        # the folder that the next command runs in; SOMEWHERE when the file does not say
        self.folder = self.state.workdir or SOMEWHERE
        # the home of its user; /root when that is not known
        self.home = facts.home(node) or "/root"
        # its mounts, with absolute targets
        self.mounts = tuple(
            replace(mount, target=self.path(mount.target)) if mount.target else mount for mount in facts.mounts(node)
        )
        # whether the command at hand may be skipped, as it depends on another one
        self.sometimes = False
        # whether the command before, in a pipeline, has printed a download
        self.piped = False
        # how many scripts that call each other are being read
        self.depth = 0
        # the packages that it has removed so far
        self.removed: set[str] = set()

    def read(self) -> RunWork:
        """Goes through the commands: bytes go to the ledger, and the work is what it returns."""
        script = self.facts.script(self.node)
        found = self.facts.commands(self.node)
        if (script is not None and not script.sound) or (not found and self.node.form is not None):
            self.unknown()
        small = amount("command.small")
        self.ledger.put(LayerEntry(self.step, None, Amount(0, 0, small.high, small.basis)))
        for command in found:
            if "substitution" not in command.within and command.words:
                if "pipeline" not in command.within:
                    self.piped = False
                self.sometimes = command.sometimes
                self._command(command)
        return self.work

    def _command(self, command: Command) -> None:
        words = tools.unwrapped(command.words)
        if not words:
            return
        name = words[0].text.rsplit("/", 1)[-1]
        texts = [word.text for word in words[1:]]
        if name == "cd" and texts:
            self.folder = self.path(texts[0])
            return
        if not self.sometimes:
            self._changes(name, texts, command)
        invocation = tools.invocation(_plain(command, words[0]))
        if (invocation is None or not invocation.action) and self._inner(command):
            return
        if invocation is not None:
            self._tool(invocation)
        elif name in ("cp", "mv") or (name == "install" and not MAKES_FOLDERS.intersection(texts)):
            self._transfer(name, texts)
        elif name == "virtualenv" or (name.startswith("python") and texts[:2] == ["-m", "venv"]):
            self.put(self.path(texts[-1] if texts else "."), amount("python.venv"))
            self.work.add(amount("python.venv_seconds"))
        elif not other_commands.run(self, name, texts, command):
            self.unknown()

    def _inner(self, command: Command) -> bool:
        """Goes through what a command runs by a script of the context; whether there is one that can be read."""
        if self.depth >= DEEPEST:
            return False
        found = next(inner(command, self.folder, self.text), None)
        if found is None or not found.commands:
            return False
        # what a Makefile compiles has a figure of its own
        if command.name in MAKES and not any(tools.invocation(item) for item in found.commands):
            return False
        folder, sometimes = self.folder, self.sometimes
        self.depth += 1
        for item in found.commands:
            if "substitution" not in item.within and item.words:
                self.sometimes = sometimes or item.sometimes
                self._command(item)
        self.depth -= 1
        self.folder, self.sometimes = folder, sometimes
        return True

    def _transfer(self, name: str, texts: list[str]) -> None:
        """Copies or moves files: known ones keep their size, moved ones of an earlier step are written again."""
        paths = [self.path(tools.strip_glob(text)) for text in texts if not text.startswith("-")]
        *sources, target = paths or [self.folder]
        found = [entry for source in sources for entry in self.ledger.below(source)]
        if not found and name != "mv":
            self.put(target, amount("copied.file"))
        for source in sources:
            if name == "mv":
                self.ledger.move(source, target, self.step)
        if name != "mv":
            for entry in found:
                self.put(target, entry.size, cache=entry.cache, packed=entry.packed)

    def _changes(self, name: str, texts: list[str], command: Command) -> None:
        """What a command does to files that are there."""
        for path, _ in tools.removed_paths([command]):
            self.ledger.drop(self.path(path), self.step)
        if name in ("chown", "chmod", "chgrp") and any(RECURSIVE.fullmatch(text) for text in texts):
            operands = [text for text in texts if not text.startswith("-")]
            for path in operands[1:]:
                self.ledger.rewrite(self.path(tools.strip_glob(path)), self.step)

    # ------------------------------------------------------------ helpers

    def path(self, text: str) -> str:
        """A path of the script, made absolute; what variables it has besides HOME stay as they are."""
        for name in ("$HOME", "${HOME}", "~"):
            if text == name or text.startswith(name + "/"):
                text = self.home + text.removeprefix(name)
        known = self.facts.expand(text, self.node) if "$" in text else text
        return place(posixpath.normpath(posixpath.join(self.folder, known or text)))

    def put(
        self,
        path: str | None,
        size: Amount,
        *,
        cache: bool = False,
        packed: bool = False,
        names: frozenset[str] = frozenset(),
        project: locked_packages.Packages | None = None,
    ) -> None:
        """Bytes at a path, unless a mount keeps them out of the layer."""
        if size == ZERO or (path is not None and self._mounted(path)):
            return
        if self.sometimes:
            size = Amount(0.0, size.mid, size.high, size.basis)
        self.ledger.put(LayerEntry(self.step, path, size, cache, packed, names, project=project))

    def _mounted(self, path: str) -> bool:
        return any(mount.kind in ("cache", "tmpfs") and mount.covers(path) for mount in self.mounts)

    def cached(self, path: str) -> bool:
        """Whether what is at a path is still there at the next build."""
        return any(mount.kind == "cache" and mount.covers(path) for mount in self.mounts)

    def unknown(self) -> None:
        """Records a command of which nothing is known."""
        self.put(None, UNKNOWN)
        self.work.add(UNKNOWN)

    def _caches(self, tool: tools.Tool) -> tuple[tools.Cache, ...]:
        return tool.cache_homes(self.home)

    def _cache_path(self, tool: tools.Tool) -> str | None:
        """Where the tool keeps downloads: where a variable says, else the catalogue's first cache."""
        for item in self._caches(tool):
            value = self.state.env.get(item.variable) if item.variable else None
            return value or item.path
        return None

    def text(self, path: str) -> str | None:
        """The text of a file as the script sees it: from a bind mount, or copied from the context before."""
        context = self.facts.context
        if context is None:
            return None
        for mount in self.mounts:
            if mount.kind == "bind" and mount.from_ is None and mount.covers(path):
                return context.read(_mounted_source(mount, path))
        file = self.ledger.find(path)
        return context.read(file.path) if file else None

    # ------------------------------------------------------------ tools

    def _tool(self, invocation: Invocation) -> None:
        known = recipe(invocation.tool.name)
        if invocation.action == "clean":
            self._clean(invocation)
        elif known is None:
            self.unknown()
        elif known.kind == "system":
            self._system(invocation, known)
        elif invocation.action == "install" and known.kind == "python":
            self._python(invocation, known)
        elif invocation.action == "install" and known.kind == "environment":
            self._environment(known)
        elif invocation.action == "install":
            self._fetch(invocation, known)
        elif invocation.action == "build" and known.go:
            self._go_build(invocation, known)
        elif invocation.action == "build" and known.compile is not None:
            compiles.project(self, invocation, known, known.compile)
        elif invocation.action or invocation.subcommand not in commands().small_subcommands:
            self.unknown()

    def _clean(self, invocation: Invocation) -> None:
        for item in self._caches(invocation.tool):
            # apt's `clean` leaves the lists, its `distclean` does not
            if item.role != "index" or invocation.subcommand in ("distclean", "dist-clean"):
                self.ledger.drop(item.path, self.step)

    # --- packages of a distribution

    def _system(self, invocation: Invocation, known: WorkRecipe) -> None:
        self._lists(invocation, known)
        if invocation.action == "install":
            self._install(invocation, known)
        elif invocation.action == "remove":
            self._remove(invocation, known)
        elif invocation.action == "upgrade" and known.upgrade:
            self._upgrade(known)
        elif not (invocation.action or invocation.subcommand in commands().small_subcommands):
            self.unknown()

    def _upgrade(self, known: WorkRecipe) -> None:
        """Newer versions of what is there: how much that is depends on how old the base is."""
        size = amount(known.upgrade)
        self.put("/usr", size)
        seconds = amount(known.install + ".start") + _each_megabyte(known.install + ".per_megabyte", size)
        self.work.add(seconds, share(size, amount("compress.ratio")))

    def _base(self) -> BaseImage | None:
        return self.facts.base(self.facts.stage_of(self.node))

    def _distribution(self, known: WorkRecipe) -> tuple[str, str | None]:
        base = self._base()
        if base is None or base.distribution in (None, "none"):
            return known.family, None
        return base.distribution or known.family, base.release

    def _lists(self, invocation: Invocation, known: WorkRecipe) -> None:
        wanted = invocation.action in known.lists_on or invocation.has(known.lists_with)
        if not wanted or (known.lists_not_with and invocation.has(known.lists_not_with)):
            return
        caches = self._caches(invocation.tool)
        path = next((item.path for item in caches if item.role == "index"), caches[0].path if caches else None)
        if path is None or self.ledger.below(path):
            return
        suffix = ""
        if known.lists_by_distribution:
            distribution, _ = self._distribution(known)
            suffix = "." + (distribution if distribution in known.lists_by_distribution else known.family)
        name = known.lists_of_command.get(invocation.words[0].text.rsplit("/", 1)[-1], known.lists)
        self.put(path, amount(name + suffix), cache=True, packed=True)
        seconds = amount(known.lists_seconds) if known.lists_seconds else ZERO
        self.work.add(seconds, amount(known.lists_download + suffix), cached=self.cached(path))

    def _install(self, invocation: Invocation, known: WorkRecipe) -> None:
        names = [word.text for word in invocation.packages]
        recommends = known.family == "debian" and not invocation.has(invocation.tool.action("install").no_recommends)
        found = self._closure(tuple(names), known, frozenset(self.ledger.packages), recommends=recommends)
        installed, download = found.installed, found.download
        if len(invocation.operands) > len(names) or not names:
            # a variable that nobody told us holds some more of them
            some = amount("package.some")
            installed += some.times(amount("package.unlisted"))
            download += some.times(amount("package.unlisted_download"))
        virtual = invocation.option("-t", "--virtual") if known.family == "alpine" else None
        asked = frozenset([virtual] if virtual else (_bare(name) for name in names))
        self.put("/usr", installed, names=asked)
        self.ledger.packages |= found.names
        cached = False
        packages = next((item for item in self._caches(invocation.tool) if item.role == "packages"), None)
        if packages is not None:
            kept = not known.keep_downloads or known.keep_downloads in self.ledger.dropped
            cached = kept and self.cached(packages.path)
            if kept and known.keep_downloads:
                self.put(packages.path, download, cache=True, packed=True)
        seconds = amount(known.install + ".start") + _each_megabyte(known.install + ".per_megabyte", installed)
        if known.install_per_package:
            seconds += amount(known.install_per_package) * found.packages
        self.work.add(seconds, download, cached=cached)

    def _closure(self, names: tuple[str, ...], known: WorkRecipe, present: frozenset[str], *, recommends: bool) -> Closure:
        distribution, release = self._distribution(known)
        base = self._base()
        there = brought(base.tools) if base and known.family == "debian" else frozenset()
        return _resolved(names, recommends, distribution, release, there, present)

    def _remove(self, invocation: Invocation, known: WorkRecipe) -> None:
        self.removed |= {_bare(word.text) for word in invocation.operands}
        if known.removal:
            self.work.add(amount(known.install + ".start"))
        goes = invocation.has(known.orphans_go_with) or invocation.subcommand in known.orphans_go_by
        if (known.orphans_stay and not goes) or self.sometimes:
            return

        def resize(left: frozenset[str]) -> Amount:
            # what of it was there before nobody knows any more: the ledger takes it for no more than it was
            return self._closure(tuple(sorted(left)), known, frozenset(), recommends=False).installed

        self.ledger.packages -= self.removed
        self.ledger.uninstall(self.removed, self.step, resize)
        if known.removal and not any(entry.names for entry in self.ledger.of(self.step)):
            # the package manager writes down what is there, now as after an install
            self.put(PACKAGE_RECORDS, amount(known.removal))

    # --- Python

    def _python(self, invocation: Invocation, known: WorkRecipe) -> None:
        files = [word.text for word in invocation.options(*known.files_with)]
        named = [match[0] for word in invocation.packages if (match := NAME.match(word.text))]
        lists = [self._packages(name, dev=True) for name in files]
        projects = [word.text for word in invocation.operands if word.text.startswith(".")]
        projects += [word.text for word in invocation.options("-e", "--editable")]
        if projects or (not files and not named):
            lists.append(self.first(known.files or ("pyproject.toml",), dev=True))
        site = self._site(invocation, known)
        project = _same_list(lists) if not (named or projects or invocation.operands) else None
        if project is not None and not invocation.has(AGAIN) and any(entry.project == project for entry in self.ledger.below(site)):
            self.work.add(amount(known.start) if known.start else ZERO)
            return
        all_named = len(invocation.operands) - len(projects) <= len(invocation.packages)
        found = wheels([*lists, locked_packages.Packages(tuple(named), closed=False) if named else None])
        size, download = found.size, found.download
        missing = sum(found is None for found in lists) + (not all_named)
        if missing:
            more = unlisted(known) * missing
            size, download = size + more, download + share(more, amount("pip.cache")) if download else None
        self.put(site, size, names=frozenset(named), project=project)
        self._finish(invocation, known, size, found.count, download=download)

    def _site(self, invocation: Invocation, known: WorkRecipe) -> str:
        """Where the packages of a Python install go."""
        target = invocation.option("-t", "--target", "--prefix", "--root")
        if target is not None:
            return self.path(target)
        if known.into:
            return self.path(known.into)
        if invocation.has(["--user"]):
            return self.home + "/.local"
        program = invocation.words[0].text
        if "/bin/" in program and not program.startswith(("/usr/bin/", "/usr/local/bin/", "/bin/")):
            return self.path(program.split("/bin/", 1)[0])
        environment = self.state.env.get("VIRTUAL_ENV")
        first = (self.state.env.get("PATH") or "").split(":")[0]
        if environment is None and first.endswith("/bin") and not first.startswith(("/usr", "/bin")):
            environment = first.removesuffix("/bin")
        return environment or SITE

    # --- packages of a project

    def _environment(self, known: WorkRecipe) -> None:
        """An environment of packages that no table has."""
        size = amount(known.installed)
        self.put(self.path(known.into), size)
        self.work.add(amount(known.seconds), share(size, amount(known.download)))

    def _fetch(self, invocation: Invocation, known: WorkRecipe) -> None:
        compiling = known.compile
        if compiling is not None and invocation.subcommand in compiling.of_install:
            compiles.dependencies(self, invocation, known, compiling)
        else:
            self.locked(invocation, known)

    def locked(self, invocation: Invocation, known: WorkRecipe) -> None:
        """The packages of a project, or those that are named, as an install or the first build fetches them."""
        production = invocation.has(known.production) or self.state.env.get("NODE_ENV") == "production"
        named = [match[0] for word in invocation.packages if (match := NAME.match(word.text))]
        elsewhere = invocation.has(known.elsewhere) or invocation.subcommand.startswith("global")
        if named and invocation.action == "install":
            found: locked_packages.Packages | None = locked_packages.Packages(tuple(named), closed=False)
        else:
            found = self.first(known.files, dev=not (production and known.production))
        folder = known.elsewhere_into if elsewhere and known.elsewhere_into else known.into
        into = self.path(folder)
        if known.into_cache and self.ledger.below(into):
            # an earlier step fetched them, and left them for this one
            self.work.add(amount(known.start) if known.start else ZERO)
            return
        project = None if named else found or locked_packages.Packages((), closed=False)
        again = project is not None and invocation.subcommand not in invocation.tool.action("install").afresh
        if again and any(entry.project == project for entry in self.ledger.below(into)):
            # the packages are there: the same install finds nothing to do
            self.work.add(amount(known.start) if known.start else ZERO)
            return
        packages = listed(found, known)
        size, count = packages.size, packages.count
        if len(invocation.operands) > len(invocation.packages) and invocation.action == "install":
            size += unlisted(known)
        if known.into_cache and self._mounted(into):
            self._finish(invocation, known, size, count, at=into)
            return
        self.put(into, size, names=frozenset(named), cache=known.into_cache, project=project)
        self._finish(invocation, known, size, count, at=into if known.into_cache else None)

    def first(self, names: Iterable[str], *, dev: bool) -> locked_packages.Packages | None:
        """The packages of the first of these files that is there."""
        for name in names:
            for candidate in self._candidates(name):
                found = self._packages(candidate, dev=dev)
                if found is not None:
                    return found
        return None

    def beside(self, names: Iterable[str]) -> locked_packages.Packages | None:
        """The packages of the first of these files that is at the context's top, whether a step copies it or not."""
        context = self.facts.context
        if context is None:
            return None
        for name in names:
            text = context.read(name)
            found = locked_packages.packages(name, text, dev=True) if text is not None else None
            if found is not None:
                return found
        return None

    def _candidates(self, name: str) -> list[str]:
        if "*" not in name:
            return [name]
        suffix = name.removeprefix("*")
        return [path for entry in self.ledger.entries for path in entry.files or () if path.endswith(suffix)]

    def _packages(self, name: str, *, dev: bool) -> locked_packages.Packages | None:
        text = self.text(self.path(name))
        return None if text is None else locked_packages.packages(name, text, dev=dev)

    def _finish(
        self,
        invocation: Invocation,
        known: WorkRecipe,
        size: Amount,
        count: Amount,
        *,
        at: str | None = None,
        download: Amount | None = None,
    ) -> None:
        """The tool's own cache, and the time that an install takes; `download` where it is known of each package."""
        path = at or self._cache_path(invocation.tool)
        if at is None and known.cache and path is not None and self._keeps(invocation):
            kept = download if download is not None and known.keeps_downloads else _share(size, known.cache)
            self.put(path, kept, cache=True, packed=True)
        seconds = amount(known.start) if known.start else ZERO
        warm = seconds
        if known.per_megabyte:
            seconds += _each_megabyte(known.per_megabyte, size)
            warm = seconds
        elif known.seconds:
            seconds += count.times(amount(known.seconds))
            warm += count.times(amount(known.warm or known.seconds))
        if download is None:
            download = _share(size, known.download or known.cache) if known.download or known.cache else UNKNOWN
        self.work.add(seconds, download, warm=warm, cached=path is not None and self.cached(path))

    def _keeps(self, invocation: Invocation) -> bool:
        tool = invocation.tool
        if invocation.has(tool.action("install").no_cache):
            return False
        given = {word.text.partition("=")[0]: word.text.partition("=")[2] for word in invocation.command.assignments}
        values = [given.get(name, self.state.env.get(name, "")) for name in tool.no_cache_variables]
        return not any(value not in ("", "0", "off", "false") for value in values)

    # --- Go

    def _go_build(self, invocation: Invocation, known: WorkRecipe) -> None:
        modules = self.first(known.files, dev=True)
        fetched = self.path(known.into)
        figures = self._go_figures(invocation, known)
        seconds = amount(figures + ".std")
        if modules is None and self.facts.context is not None:
            # a program of files alone, as the context shows
            modules = locked_packages.Packages((), closed=True)
        count = Amount.exact(float(len(modules.names)), Basis.INDEXED) if modules else amount(known.project_packages)
        if not self.ledger.below(fetched):
            size = count.times(amount(known.installed)) if modules is None or modules.names else ZERO
            self.put(fetched, size, cache=True)
            self.work.add(ZERO, _share(size, known.download), cached=self.cached(fetched))
        compiling = count.times(amount(known.compile_of_packages)) if modules is None or modules.names else ZERO
        cache_path = self._caches(invocation.tool)[-1].path
        self.put(cache_path, amount(figures + ".cache"), cache=True)
        self.work.add(seconds + compiling, warm=amount(known.go + ".warm"), cached=self.cached(cache_path))
        program = "go.binary.server" if self._serves() else "go.binary.base"
        size = amount(program) + count.times(amount("go.binary.per_module"))
        if invocation.subcommand == "build":
            self.put(self.path(invocation.option("-o") or self._module()), size)
        elif invocation.subcommand == "install":
            for word in invocation.operands:
                self.put("/go/bin/" + posixpath.basename(word.text.partition("@")[0]), size)

    def _go_figures(self, invocation: Invocation, known: WorkRecipe) -> str:
        """The figures of a build: before 1.20, Go came with its standard library compiled, for use with C."""
        base = self._base()
        version = GO_VERSION.match(base.tag or "") if base is not None and base.repository == "golang" else None
        if version is None or int(version[1]) >= FIRST_TO_COMPILE:
            return known.go
        given = {word.text for word in invocation.command.assignments}
        pure = "CGO_ENABLED=0" in given or self.state.env.get("CGO_ENABLED") == "0"
        return "go.pure" if pure else "go.precompiled"

    def _serves(self) -> bool:
        """Whether a Go file that is there imports the HTTP library, which is the most of such a program."""
        names = [path for entry in self.ledger.entries for path in entry.files or () if path.endswith(".go")]
        return any('"net/http"' in (self.text(path) or "") for path in names[:MOST_GO_FILES])

    def _module(self) -> str:
        """The name that the program gets: that of the module's last part."""
        line = re.search(r"(?m)^module\s+(\S+)", self.text(self.path("go.mod")) or "")
        return posixpath.basename(line[1]) if line else "."


@functools.cache
def _resolved(
    names: tuple[str, ...],
    recommends: bool,
    distribution: str,
    release: str | None,
    tools_there: frozenset[str],
    packages_there: frozenset[str],
) -> Closure:
    """The closure of an install; the same lines come back in every version of a file that is priced."""
    there = packages_there
    if tools_there:
        there |= closure(sorted(tools_there), recommends=False, distribution=distribution, release=release).names
    return closure(names, recommends=recommends, distribution=distribution, release=release, present=there)


def _plain(command: Command, first: Word) -> Command:
    """The command with the tool's own name in the place of one that wraps it (`xx-cargo`)."""
    wrapped = commands().wrap.get(first.text)
    if wrapped is None:
        return command
    at = command.words.index(first)
    words = (*command.words[:at], replace(first, text=wrapped), *command.words[at + 1 :])
    return replace(command, words=words)


def _bare(name: str) -> str:
    match = NAME.match(name)
    return match[0] if match else name


def _mounted_source(mount: Mount, path: str) -> str:
    target = (mount.target or "/").rstrip("/")
    rest = path.removeprefix(target).lstrip("/")
    return posixpath.join(mount.source or "", rest) if rest else mount.source or ""


def _each_megabyte(name: str, size: Amount) -> Amount:
    """Seconds by a figure for a megabyte; of a size that is known in part, those of that part and an unknown rest."""
    rate = amount(name)
    if size.is_complete:
        return rate.times(size * 1e-6)
    return rate * (size.mid * 1e-6) + UNKNOWN


def _share(size: Amount, name: str) -> Amount:
    return share(size, amount(name))


def lies_in(path: str, folder: str) -> bool:
    """Whether a path is in a folder, Python's version aside."""
    return within(place(path), place(folder))


def _same_list(lists: list[locked_packages.Packages | None]) -> locked_packages.Packages | None:
    """All that some lists name; None when one of them cannot be read, or there is none."""
    known = [item for item in lists if item is not None]
    if not known or len(known) < len(lists):
        return None
    return locked_packages.Packages(tuple(name for item in known for name in item.names), all(item.closed for item in known))
