"""The tool catalogue: what package managers and build tools do, read from one TOML file each (`tools/`)."""

from __future__ import annotations

import posixpath
import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field
from msgspec.structs import replace

from dockerlint.lint.storage import plugins
from dockerlint.lint.storage.errors import PluginError
from dockerlint.lint.storage.lazy_regex import regex

from . import tables
from .name_patterns import matches

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from importlib.resources.abc import Traversable

    from dockerlint.lint.shell.script import Command
    from dockerlint.lint.syntax.nodes import Word

# Commands that run the command after them, and their options that take a value.
WRAPPERS: dict[str, frozenset[str]] = {
    "sudo": frozenset({"-u", "--user", "-g", "--group", "-h", "-p", "-C", "-r", "-t"}),
    "doas": frozenset({"-u", "-C"}),
    "gosu": frozenset(),
    "su-exec": frozenset(),
    "env": frozenset({"-u", "--unset", "-C", "--chdir"}),
    "exec": frozenset({"-a"}),
    "command": frozenset(),
    "time": frozenset({"-f", "-o"}),
    "nice": frozenset({"-n"}),
    "nohup": frozenset(),
    "timeout": frozenset({"-k", "-s"}),
    "eatmydata": frozenset(),
}
# Options with which a tool only says something about itself.
ASKING = frozenset({"--version", "-v", "-V", "--help", "-h"})
# A subcommand that is written as an option.
OPERATION = regex(r"-[A-Z]\w*|--(?:sync|remove|query|upgrade|files|database|deptest)")
WRAPPERS_WITH_OPERAND = frozenset({"gosu", "su-exec", "timeout"})


class Cache(Struct, frozen=True):
    """A directory that a tool fills. Paths are absolute, or begin with `~`: the home of the user that runs the tool."""

    # where it is
    path: str
    # index (package lists), packages (downloaded packages) or cache (anything else)
    role: str
    # the target to mount: `path`, or a folder above it
    mount: str
    # how builds that run at the same time may use a mount of it: shared, locked or private
    sharing: str = "shared"
    # the command that empties it; None when there is none
    clean: str | None = None
    # the environment variable that moves it; None when there is none
    variable: str | None = None
    # its part of the folder that `variable` names; "" when the variable names the cache itself
    below: str = ""
    # further variables that move it, each with its part of the folder that the variable names
    also: Mapping[str, str] = field(default_factory=dict)
    # options of the tool that move it
    options: tuple[str, ...] = ()
    # variables that move it, when they are set, to a place that cannot be told
    unless: tuple[str, ...] = ()
    # `root` or `others` when it is used for these alone; None when it is used for everybody
    users: str | None = None
    # pairs of a file's name and a pattern; the cache is used only if the build context has, for each pair, such a file
    # with a match
    evidence: tuple[tuple[str, str], ...] = ()
    # pairs of the same kind; the cache is not used if the build context has, for any pair, such a file with a match
    counter: tuple[tuple[str, str], ...] = ()
    # whether it is not certain that the cache is at `path`
    guess: bool = False
    # whether programs look into it when they run
    runtime: bool = False
    # whether steps that find it empty do not fill it again
    brittle: bool = False
    # whether later steps need what is in it
    kept: bool = False
    # repositories of the only base images where it is used; any when empty
    images: tuple[str, ...] = ()
    # repositories of the base images where it is not used
    not_images: tuple[str, ...] = ()
    # the subcommands that empty it; all of the action `clean` when empty
    cleaned_by: tuple[str, ...] = ()
    # options of the clean command of which it needs one to empty it; none when empty
    clean_options: tuple[str, ...] = ()
    # commands that print where it is
    asked_by: tuple[str, ...] = ()
    # whether the tool keeps in it what it built, and finds that again whatever variables, flags and libraries it was built with:
    # from a mount, what another build made of the same source
    builds: bool = False
    # options (`--name`, `--name=value`) and variables (`NAME=value`) with which nothing is built
    builds_not: tuple[str, ...] = ()
    # pairs as in `evidence`; where there are any, it keeps builds only if the build context has one of these, or is not at hand
    builds_if: tuple[tuple[str, str], ...] = ()
    # patterns of the words of a command that puts what the project makes into it
    products: tuple[str, ...] = ()

    def at(self, path: str) -> Cache:
        """The cache at another place, or with its part of it where a folder of several is moved."""
        path = posixpath.join(path, self.below) if self.below else path
        if path.startswith("/"):
            path = "/" + posixpath.normpath(path).lstrip("/")
        clean = self.clean.replace(self.path, path) if self.clean else None
        return replace(self, path=path, mount=path, clean=clean, guess=False)

    def emptied_by(self, command: Invocation) -> bool:
        """Whether a command of the cache's tool is one that empties it."""
        if self.cleaned_by:
            return command.subcommand in self.cleaned_by
        return command.action == "clean" and (not self.clean_options or command.has(self.clean_options))


class Action(Struct, frozen=True):
    """What a group of subcommands does, and the options that matter for it."""

    # several words (`mod download`) may include options that must be given (`build --only-dependencies`); "" is the
    # bare command
    subcommands: tuple[str, ...]
    # options that answer its questions; the first one is the one to write
    yes: tuple[str, ...] = ()
    # options that keep it from filling its cache
    no_cache: tuple[str, ...] = ()
    # options that leave out recommended packages; the first one is the one to write
    no_recommends: tuple[str, ...] = ()
    # options that set what `yes_settings` and `no_recommends_settings` say; no rule reads them
    options: tuple[str, ...] = ()
    # settings, given as an option's value, that do what `no_recommends` does
    no_recommends_settings: tuple[str, ...] = ()
    # subcommands whose operands have no versions
    unversioned: tuple[str, ...] = ()
    # options that give all operands their versions
    versions: tuple[str, ...] = ()
    # settings, given as an option's value, that do what `yes` does
    yes_settings: tuple[str, ...] = ()
    # subcommands that read nothing of the project but its manifests
    plain: tuple[str, ...] = ()
    # options with which that stays so
    plain_flags: tuple[str, ...] = ()
    # for subcommands that install the project itself too: the options that, all together, prevent it
    without_project: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    # options, subcommands and variables with which the lock file is not written
    frozen: tuple[str, ...] = ()
    # subcommands that put the packages which they are given into the manifest, and install the rest of it as well
    adds: tuple[str, ...] = ()
    # subcommands that throw away what an earlier install of the project has left, and install all of it again
    afresh: tuple[str, ...] = ()


class Lock(Struct, frozen=True):
    """A lock file, and the install that holds to it."""

    # its name
    file: str
    # the name of the manifest that it belongs to
    manifest: str
    # those that may change it
    subcommands: tuple[str, ...]
    # options of which one is enough to hold to it
    strict: tuple[str, ...]
    # what to write: an option to add, or another subcommand
    fix: str
    # environment variables that do what `strict` does
    variables: tuple[str, ...] = ()


class Production(Struct, frozen=True):
    """How an install leaves out the packages that only development needs."""

    # those that install these packages unless something says otherwise
    subcommands: tuple[str, ...] = ()
    # options that decide whether these packages are installed
    given: tuple[str, ...] = ()
    # variables that do so: `NAME=value`, or a name for any value
    variables: tuple[str, ...] = ()
    # options that ask for these packages
    wanted: tuple[str, ...] = ()
    # patterns of the names of requirement files that hold them
    files: tuple[str, ...] = ()
    # subcommands that remove these packages again
    prune: tuple[str, ...] = ()
    # the option to add; None when there is none
    fix: str | None = None
    # the name of the manifest that may list these packages; None when none is known
    manifest: str | None = None
    # finds them in the manifest; None when that is not known
    pattern: re.Pattern[str] | None = None


class Tool(Struct, frozen=True, eq=False):
    """One tool of the catalogue, as its TOML file describes it. Flags are options as they are written, with their dashes."""

    # the name that messages and data use
    name: str
    # system (packages of a distribution), language (packages of a language) or build (compiles too)
    kind: str
    # the names that it is called by; patterns are allowed
    commands: tuple[str, ...]
    # the names that `python -m` calls it by
    modules: tuple[str, ...]
    # all subcommands there are, to tell a wrong one; not checked when empty
    subcommands: tuple[str, ...]
    # options that take the next word as their value
    value_flags: frozenset[str]
    # what its subcommands do, by name: install, refresh, upgrade, remove, clean, build ...
    actions: dict[str, Action]
    # the directories that it fills
    caches: tuple[Cache, ...]
    # the lock files that it can hold to
    locks: tuple[Lock, ...]
    # the names of the files that an install reads, the main one first
    manifests: tuple[str, ...]
    # options that name such a file
    manifest_flags: tuple[str, ...]
    # options that name the folder of another project, or its manifest
    project_flags: tuple[str, ...]
    # the manifests of which one makes a folder a project of the tool
    roots: tuple[str, ...]
    # a source file without which a manifest is refused; None when there is none
    stub: str | None
    # whether it works on the project in its folder
    project: bool
    # files and folders that it writes in the project's folder
    writes: tuple[str, ...]
    # the file or folder of an image that holds, or lists, what it installs for the whole machine; None when that is not known
    installed: str | None
    # variables that keep it from filling its cache
    no_cache_variables: tuple[str, ...]
    # the option to write for that; None when there is none
    no_cache_flag: str | None
    # matches a package with a version; None when packages have none
    pin: re.Pattern[str] | None
    # the text between package and version; None when that is not known
    pin_sign: str | None
    # the kind of list that says which packages are installed (installed_packages.py); None when there is none
    package_list: str | None
    # matches operands that name no package; None when all do
    not_packages: re.Pattern[str] | None
    # commands that make it keep what it downloads, to run before it in a step with a cache mount
    mount_setup: tuple[str, ...]
    # the same, for one of its commands alone
    mount_setting: Mapping[str, str]
    # the option of an install that does so, or that a cache mount calls for; None when there is none
    mount_flag: str | None
    # the variable that does what `mount_flag` does; None when there is none
    mount_variable: str | None
    # the command that downloads the dependencies and builds nothing; None when there is none
    prefetch: str | None
    # the command that compiles what was downloaded, and nothing of the project; None when there is none
    compile_dependencies: str | None
    # the paths of the cache in other versions of the tool
    cache_aliases: tuple[str, ...]
    # other commands that read its package lists
    index_readers: tuple[str, ...]
    # options that keep it from downloading
    offline_flags: tuple[str, ...]
    # options that must be written before the subcommand
    front_flags: tuple[str, ...]
    # matches a package that is fetched from version control; None when that is not possible
    repository: re.Pattern[str] | None
    # matches such a package that names its revision; None when that is not possible
    revision: re.Pattern[str] | None
    # whether its subcommands are options (`pacman -S`)
    operations: bool
    # whether the words after `--` are for another program
    foreign_rest: bool
    # whether it can compile for another platform than its own
    cross_compiles: bool
    # how an install leaves out packages for development; None when there is no such thing
    production: Production | None

    def action(self, name: str) -> Action:
        """An action by name; one without subcommands when the tool has no such action."""
        return self.actions.get(name, Action(()))

    def cache_homes(self, home: str) -> tuple[Cache, ...]:
        """The caches with `~` replaced by a home directory."""
        return _caches_at(self, home.rstrip("/"))


class Invocation(Struct, frozen=True):
    """One call of a tool of the catalogue."""

    # the tool that is called
    tool: Tool
    # the command as the script has it, with `sudo`, `env` and the like
    command: Command
    # the words from the tool's own name on, or from `python` on for `python -m`
    words: tuple[Word, ...]
    # the subcommand as the catalogue writes it, or its first operand when the catalogue has no such subcommand
    subcommand: str
    # the words of `subcommand`, without the options in it
    subcommand_words: tuple[Word, ...]
    # the key in the tool's `actions`; "" when the subcommand is in none, or the tool only describes itself
    action: str
    # its options, without their values when these are words of their own
    flags: tuple[Word, ...]
    # the other words after the subcommand
    operands: tuple[Word, ...]

    @property
    def name(self) -> str:
        """How the script calls it: `npm ci`, `python3 -m pip install`."""
        module = f" -m {self.words[2].text}" if len(self.words) > 2 and self.words[1].text == "-m" else ""
        return f"{self.words[0].text}{module} {self.subcommand}".strip()

    def has(self, options: Iterable[str]) -> bool:
        """Whether one of the options is given, be it alone, with a value, or within a bundle such as `-qy`."""
        return any(_given(flag.text, option) for flag in self.flags for option in options)

    def option(self, *names: str) -> str | None:
        """The value of an option: `--name=value`, `--name value` or `-nvalue`."""
        for flag in self.flags:
            name, equals, value = flag.text.partition("=")
            if name in names and equals:
                return value
            if flag.text in names:
                return self._following(flag)
            for short in names:
                if len(short) == 2 and flag.text.startswith(short) and not flag.text.startswith("--"):
                    return flag.text[2:]
        return None

    def options(self, *names: str) -> list[Word]:
        """The words that are values of an option, as often as it is given."""
        values: list[Word] = []
        for flag in self.flags:
            if flag.text in names:
                index = self.words.index(flag)
                values.extend(self.words[index + 1 : index + 2])
        return values

    @property
    def is_global(self) -> bool:
        """Whether it installs for the whole machine rather than for the project in its folder."""
        return self.has(("-g", "--global")) or self.subcommand.startswith("global ")

    @property
    def packages(self) -> tuple[Word, ...]:
        """The operands of an install that name packages: no variables alone, no paths, no files."""
        pattern = self.tool.not_packages
        return tuple(word for word in self.operands if not pattern or not pattern.match(word.text))

    def _following(self, flag: Word) -> str | None:
        index = self.words.index(flag)
        return self.words[index + 1].text if index + 1 < len(self.words) else None


@cache
def catalogue() -> tuple[Tool, ...]:
    """All tools, ours by name, then those of plug-ins.

    Raises ValueError naming the file when one of ours cannot be read, as that is a bug, and PluginError for another's.
    """
    try:
        found = [_named_tool(name, data) for name, data in sorted(tables.folder("lint/catalogue/tools").items())]
    except _ToolError as error:
        raise ValueError(str(error)) from error
    names = {item.name for item in found}
    for plugin, module in plugins.modules(plugins.TOOLS):
        from importlib import resources

        try:
            added = list(_read_folder(resources.files(module)))
        except _ToolError as error:
            raise PluginError(f"{plugin}: {error}") from error
        taken = next((item.name for item in added if item.name in names), None)
        if taken:
            raise PluginError(f"{plugin}: there is a tool {taken} already")
        names |= {item.name for item in added}
        found += added
    return tuple(found)


class _ToolError(Exception):
    """A file that describes no tool."""


def _named_tool(name: str, data: dict[str, Any]) -> Tool:
    try:
        return _tool(data)
    except (KeyError, TypeError, AttributeError, re.error) as error:
        raise _ToolError(f"{name}: {error!r}") from error


def _read_folder(folder: Traversable) -> Iterator[Tool]:
    import tomllib

    for file in sorted(folder.iterdir(), key=lambda item: item.name):
        if file.name.endswith(".toml"):
            try:
                data = tomllib.loads(file.read_text(encoding="utf8"))
            except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
                raise _ToolError(f"{file.name}: {error!r}") from error
            yield _named_tool(file.name, data)


def tool(name: str) -> Tool:
    """A tool by name; raises KeyError when the catalogue has none."""
    return next((item for item in catalogue() if item.name == name), None) or _missing(name)


def invocation(command: Command) -> Invocation | None:
    """What a command does with a tool of the catalogue, behind `sudo`, `env` and their like, and as `python -m`."""
    words = unwrapped(command.words)
    if not words:
        return None
    found, rest = _recognise(words)
    if found is None:
        return None
    return _read(found, command, words, rest)


def unwrapped(words: tuple[Word, ...]) -> tuple[Word, ...]:
    """The words of a command without the commands that only run it."""
    while words:
        name = words[0].text
        if "/" in name:
            name = _base(name)
        if name not in WRAPPERS:
            break
        values = WRAPPERS[name]
        at = 1
        while at < len(words) and (words[at].text.startswith("-") or (name == "env" and "=" in words[at].text)):
            at += 2 if words[at].text in values else 1
        if name in WRAPPERS_WITH_OPERAND:
            at += 1
        words = words[at:]
    return words


def _missing(name: str) -> Tool:
    raise KeyError(f"the catalogue has no tool {name}")


def _base(text: str) -> str:
    return text.rsplit("/", 1)[-1]


@lru_cache(1000)
def _caches_at(used: Tool, home: str) -> tuple[Cache, ...]:
    return tuple(
        replace(
            item,
            path=_at_home(item.path, home),
            mount=_at_home(item.mount, home),
            clean=item.clean and item.clean.replace("~", home),
        )
        for item in used.caches
    )


def _at_home(path: str, home: str) -> str:
    return home + path[1:] if path.startswith("~") else path


@cache
def _by_command() -> dict[str, Tool]:
    return {name: item for item in catalogue() for name in item.commands if not _is_pattern(name)}


@cache
def _by_pattern() -> tuple[tuple[str, Tool], ...]:
    return tuple((name, item) for item in catalogue() for name in item.commands if _is_pattern(name))


def _is_pattern(name: str) -> bool:
    return "*" in name or "[" in name


def _recognise(words: tuple[Word, ...]) -> tuple[Tool | None, tuple[Word, ...]]:
    name = _base(words[0].text)
    if found := _by_command().get(name):
        return found, words[1:]
    if name.startswith("python") and len(words) > 2 and words[1].text == "-m":
        module = words[2].text
        return next((item for item in catalogue() if module in item.modules), None), words[3:]
    return next((item for pattern, item in _by_pattern() if matches(name, pattern)), None), words[1:]


def _read(found: Tool, command: Command, words: tuple[Word, ...], rest: tuple[Word, ...]) -> Invocation:
    flags: list[Word] = []
    operands: list[Word] = []
    at = 0
    only_operands = False
    while at < len(rest):
        word = rest[at]
        at += 1
        if only_operands or not word.text.startswith("-") or word.text == "-":
            operands.append(word)
        elif word.text == "--":
            if found.foreign_rest:
                break
            only_operands = True
        elif found.operations and not operands and OPERATION.fullmatch(word.text):
            operands.append(word)
        else:
            flags.append(word)
            if word.text in found.value_flags:
                at += 1
    action, subcommand = _action(found, operands, flags)
    if not operands and any(flag.text in ASKING for flag in flags):
        action = ""
    count = sum(not part.startswith("-") or found.operations for part in subcommand.split())
    head = tuple(operands[:count]) if count else tuple(operands[:1])
    return Invocation(
        tool=found,
        command=command,
        words=words,
        subcommand=subcommand or " ".join(word.text for word in head),
        subcommand_words=head,
        action=action,
        flags=tuple(flags),
        operands=tuple(operands[count:]) if action else tuple(operands[1:]),
    )


def _action(found: Tool, operands: list[Word], flags: list[Word]) -> tuple[str, str]:
    """The action of a command line, and its subcommand as the catalogue has it; the longest one wins."""
    texts = [word.text for word in operands]
    given = {word.text for word in flags}
    best = ("", "", -1)
    for name, action in found.actions.items():
        for subcommand in action.subcommands:
            parts = subcommand.split()
            if len(parts) <= best[2] or not (parts or not texts):
                continue
            words = [part for part in parts if found.operations or not part.startswith("-")]
            if texts[: len(words)] == words and given.issuperset(part for part in parts if part not in words):
                best = (name, subcommand, len(parts))
    return best[:2]


def _given(flag: str, option: str) -> bool:
    if flag == option or flag.startswith(option + "="):
        return True
    # `-qy` holds -y; a long option with one dash is no bundle
    bundle = len(option) == 2 and option[0] == "-" and option[1] != "-"
    return bundle and flag[0] == "-" and flag[1:2] != "-" and flag[1:].isalpha() and len(flag) <= 5 and option[1] in flag[1:]


def _tool(data: dict[str, Any]) -> Tool:
    return Tool(
        name=data["name"],
        kind=data["kind"],
        commands=tuple(data["commands"]),
        modules=tuple(data.get("modules", ())),
        subcommands=tuple(data.get("subcommands", ())),
        value_flags=frozenset(data.get("value-flags", ())),
        actions={name: _action_of(item) for name, item in data.get("actions", {}).items()},
        caches=tuple(_cache(item) for item in data.get("caches", ())),
        locks=tuple(_lock(item) for item in data.get("locks", ())),
        manifests=tuple(data.get("manifests", ())),
        manifest_flags=tuple(data.get("manifest-flags", ())),
        project_flags=tuple(data.get("project-flags", ())),
        roots=tuple(data.get("roots", data.get("manifests", ())[:1])),
        stub=data.get("stub"),
        project=data.get("project", False),
        writes=tuple(data.get("writes", ())),
        installed=data.get("installed"),
        no_cache_variables=tuple(data.get("no-cache-variables", ())),
        no_cache_flag=data.get("no-cache-flag"),
        pin=regex(data["pin"]) if "pin" in data else None,
        pin_sign=data.get("pin-sign"),
        package_list=data.get("package-list"),
        not_packages=regex(data["not-packages"]) if "not-packages" in data else None,
        mount_setup=tuple(data.get("mount-setup", ())),
        mount_setting=data.get("mount-setting", {}),
        mount_flag=data.get("mount-flag"),
        mount_variable=data.get("mount-variable"),
        prefetch=data.get("prefetch"),
        compile_dependencies=data.get("compile-dependencies"),
        cache_aliases=tuple(data.get("cache-aliases", ())),
        index_readers=tuple(data.get("index-readers", ())),
        offline_flags=tuple(data.get("offline-flags", ())),
        front_flags=tuple(data.get("front-flags", ())),
        repository=regex(data["repository"]) if "repository" in data else None,
        revision=regex(data["revision"]) if "revision" in data else None,
        operations=data.get("operations", False),
        foreign_rest=data.get("foreign-rest", False),
        cross_compiles=data.get("cross-compiles", False),
        production=_production(data["production"]) if "production" in data else None,
    )


def _action_of(item: dict[str, Any]) -> Action:
    values: dict[str, Any] = {
        name.replace("-", "_"): {key: tuple(words) for key, words in value.items()} if isinstance(value, dict) else tuple(value)
        for name, value in item.items()
    }
    return Action(**values)


def _cache(item: dict[str, Any]) -> Cache:
    names = ("images", "not_images", "cleaned_by", "clean_options", "unless", "options", "asked_by", "builds_not", "products")
    lists: dict[str, Any] = {name: tuple(item[name]) for name in names if name in item}
    pairs: dict[str, Any] = {name: tuple(map(tuple, item[name])) for name in ("evidence", "counter", "builds_if") if name in item}
    return Cache(**{"mount": item["path"], **item, **lists, **pairs})


def _lock(item: dict[str, Any]) -> Lock:
    lists = {name: tuple(item.get(name, ())) for name in ("subcommands", "strict", "variables")}
    return Lock(file=item["file"], manifest=item["manifest"], fix=item["fix"], **lists)


def _production(item: dict[str, Any]) -> Production:
    lists = {name: tuple(item.get(name, ())) for name in ("subcommands", "given", "variables", "wanted", "files", "prune")}
    pattern = regex(item["pattern"]) if "pattern" in item else None
    return Production(**lists, fix=item.get("fix"), manifest=item.get("manifest"), pattern=pattern)


def removed_paths(commands: Iterable[Command]) -> Iterator[tuple[str, Command]]:
    """The paths that `rm -r` and `find -delete` take away, without a trailing `/*`; and by which command."""
    for command in commands:
        words = unwrapped(command.words)
        if not words:
            continue
        name = _base(words[0].text)
        if name == "rm":
            for word in words[1:]:
                if not word.text.startswith("-"):
                    yield strip_glob(word.text), command
        elif name == "find" and any(word.text in ("-delete", "rm") for word in words):
            for word in words[1:]:
                if word.text.startswith("-"):
                    break
                yield strip_glob(word.text), command


def strip_glob(path: str) -> str:
    """A path without `/*`, `/.*` or slashes at its end."""
    while path.endswith(("/*", "/.*", "/**")):
        path = path.rsplit("/", 1)[0]
    return path.rstrip("/") or "/"
