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
    """A directory that a tool fills and does not need at run time.

    `kept` says that later steps need what lies there. `images` are the only base images where it is used, `not_images`
    those where it is not. `cleaned_by` are the subcommands that empty it, all of the clean action when there are none.

    `role` is index (package lists), packages (downloaded packages) or cache. `mount` is the target to mount, which may lie
    above `path`; `~` is the home of the user that runs the tool. `variable` moves it when it is set: to its value, or to
    `below` in the folder that it names; so do those in `also`, each with its own part, and `options` of the tool. `unless` are variables that move it to where it cannot
    be told. `users` says that it is there for `root` only, or for `others`. `evidence` are pairs of a file's name and a
    pattern: the cache is there only if the build context has a file of each name with it; `counter` the other way round, for
    any of them. `guess` says that it is not sure to lie there, `runtime` that programs look into it when they run,
    `brittle` that steps which find it empty do not fill it again.
    """

    path: str
    role: str
    mount: str
    sharing: str = "shared"
    clean: str | None = None
    variable: str | None = None
    below: str = ""
    also: Mapping[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    users: str | None = None
    evidence: tuple[tuple[str, str], ...] = ()
    counter: tuple[tuple[str, str], ...] = ()
    guess: bool = False
    runtime: bool = False
    brittle: bool = False
    kept: bool = False
    images: tuple[str, ...] = ()
    not_images: tuple[str, ...] = ()
    cleaned_by: tuple[str, ...] = ()

    def at(self, path: str) -> Cache:
        """The cache at another place, or with its part of it where a folder of several is moved."""
        path = posixpath.join(path, self.below) if self.below else path
        clean = self.clean.replace(self.path, path) if self.clean else None
        return replace(self, path=path, mount=path, clean=clean, guess=False)


class Action(Struct, frozen=True):
    """What a group of subcommands does, and the options that matter for it.

    A subcommand may be of several words (`mod download`), of which some may be options that are given with it (`build
    --only-dependencies`); an empty one stands for the bare command. `unversioned` are
    those whose operands have no versions; `versions` are options that give them versions all at once. The first of `yes`
    is the one to write. `yes_settings` and `no_recommends_settings` do, as an option's value, what `yes` and
    `no_recommends` do. `plain` are those that read the project's manifests and nothing else of it, whichever of
    `plain_flags` are given. Those in `without_project` install the project itself too, unless all of these options are given.
    `frozen` are options, subcommands and variables with which the lock file is not written.
    """

    subcommands: tuple[str, ...]
    yes: tuple[str, ...] = ()
    no_cache: tuple[str, ...] = ()
    no_recommends: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    no_recommends_settings: tuple[str, ...] = ()
    unversioned: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    yes_settings: tuple[str, ...] = ()
    plain: tuple[str, ...] = ()
    plain_flags: tuple[str, ...] = ()
    without_project: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    frozen: tuple[str, ...] = ()


class Lock(Struct, frozen=True):
    """A lock file, the manifest it belongs to, and the install that holds to it.

    `strict` are the options of which one must be there, `variables` those that do the same when they are set; `fix` is what
    to write: an option to add, or another subcommand.
    """

    file: str
    manifest: str
    subcommands: tuple[str, ...]
    strict: tuple[str, ...]
    fix: str
    variables: tuple[str, ...] = ()


class Production(Struct, frozen=True):
    """How an install leaves the development's dependencies out.

    `subcommands` install them unless one of the options or subcommands in `given`, or one of `variables` (`NAME=value`, or a name
    for any value), says otherwise. `wanted` are options that ask for them, `files` patterns of requirement files that hold them.
    `prune` are subcommands that take them away again, `fix` is the option to add, and `pattern` finds them in the manifest.
    """

    subcommands: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    wanted: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    prune: tuple[str, ...] = ()
    fix: str | None = None
    manifest: str | None = None
    pattern: re.Pattern[str] | None = None


class Tool(Struct, frozen=True, eq=False):
    """One tool of the catalogue; the fields are those of its TOML file.

    `cache_aliases` are places where other versions of the tool have their cache; `index_readers` are other commands
    that need its package lists; `offline_flags` keep it from fetching anything; `front_flags` stand before the subcommand.
    `pin` matches a package with a version, `pin_sign` stands between the two, and `package_list` is the kind of list that
    says which are installed (see `installed`). `repository` matches one that is fetched from a version control system, `revision` such
    a one with a revision. `operations` says that its subcommands are options (`pacman -S`), `foreign_rest` that what
    follows `--` is not for the tool itself. `roots` are the manifests of which one makes a folder a project of the tool; the
    first of `manifests` where none are named. `stub` is a source file without which a manifest is refused.
    `mount_setup` are commands that make the tool fill its cache, `mount_flag` an option of installs that does so, and
    `mount_variable` does what `mount_flag` does, when it is set.
    """

    name: str
    kind: str
    commands: tuple[str, ...]
    modules: tuple[str, ...]
    subcommands: tuple[str, ...]
    value_flags: frozenset[str]
    actions: dict[str, Action]
    caches: tuple[Cache, ...]
    locks: tuple[Lock, ...]
    manifests: tuple[str, ...]
    manifest_flags: tuple[str, ...]
    roots: tuple[str, ...]
    stub: str | None
    project: bool
    writes: tuple[str, ...]
    no_cache_variables: tuple[str, ...]
    no_cache_flag: str | None
    pin: re.Pattern[str] | None
    pin_sign: str | None
    package_list: str | None
    not_packages: re.Pattern[str] | None
    mount_setup: tuple[str, ...]
    mount_flag: str | None
    mount_variable: str | None
    prefetch: str | None
    cache_aliases: tuple[str, ...]
    index_readers: tuple[str, ...]
    offline_flags: tuple[str, ...]
    front_flags: tuple[str, ...]
    repository: re.Pattern[str] | None
    revision: re.Pattern[str] | None
    operations: bool
    foreign_rest: bool
    cross_compiles: bool
    production: Production | None

    def action(self, name: str) -> Action:
        """An action by name; one without subcommands when the tool has no such action."""
        return self.actions.get(name, Action(()))

    def cache_homes(self, home: str) -> tuple[Cache, ...]:
        """The caches with `~` replaced by a home directory."""
        return _caches_at(self, home.rstrip("/"))


class Invocation(Struct, frozen=True):
    """A tool at work: `action` is the group its subcommand is in, `words` are those from the tool's own name on."""

    tool: Tool
    command: Command
    words: tuple[Word, ...]
    subcommand: str
    subcommand_words: tuple[Word, ...]
    action: str
    flags: tuple[Word, ...]
    operands: tuple[Word, ...]

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
        roots=tuple(data.get("roots", data.get("manifests", ())[:1])),
        stub=data.get("stub"),
        project=data.get("project", False),
        writes=tuple(data.get("writes", ())),
        no_cache_variables=tuple(data.get("no-cache-variables", ())),
        no_cache_flag=data.get("no-cache-flag"),
        pin=regex(data["pin"]) if "pin" in data else None,
        pin_sign=data.get("pin-sign"),
        package_list=data.get("package-list"),
        not_packages=regex(data["not-packages"]) if "not-packages" in data else None,
        mount_setup=tuple(data.get("mount-setup", ())),
        mount_flag=data.get("mount-flag"),
        mount_variable=data.get("mount-variable"),
        prefetch=data.get("prefetch"),
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
    names = ("images", "not_images", "cleaned_by", "unless", "options")
    lists: dict[str, Any] = {name: tuple(item[name]) for name in names if name in item}
    pairs: dict[str, Any] = {name: tuple(map(tuple, item[name])) for name in ("evidence", "counter") if name in item}
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
