"""Node's manifests: package.json with its workspaces and scripts, the lock files and settings of npm, Yarn, pnpm and Bun."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Any

from dockerlint.lint.catalogue import tables
from dockerlint.lint.storage.lazy_regex import regex

from .manifest import Doubt, strings, table, texts
from .script_files import AFTER_COPY, script_files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .manifest import Manifest

PACKAGE = ("package.json",)
DEPENDENCIES = ("dependencies", "overrides", "resolutions")
ARCHIVES = (".tgz", ".tar.gz", ".tar")
# What only says where a script's command comes from.
RUNNERS = regex(r"(?:npx|bunx|pnpx|(?:pnpm|yarn|npm)(?: exec| run)?|pnpm dlx|yarn dlx|bun x)\s+(?:(?:-y|--yes|--no-install|--)\s+)*")
JOINS = regex(r"\s*(?:&&|\|\||;)\s*")
# What makes a shell do more with a part of a script than to run it: pipes, background, redirections, substitutions.
SHELL_SYNTAX = regex(r"[|&<>`$(\n]")
# Values of settings that name files, besides those that are copied with them.
SETTING = regex(r"(?<![\w:/.@-])(?:\.{1,2}/)?(?!\.yarn/(?:releases|plugins|patches)/)[\w.-]+/[\w./-]+|\.c?js\b|\$\{")
KEY = regex(r"(?m)^[ \t]*[\"']?(?:--|//\S*:)?([\w.-]+)[\"']?[ \t]*[=: \t]")
# A module beside a program.
MODULE = regex(r"[\"'`]\.{1,2}/")
# Yarn itself, and plugins of its makers.
OWN = regex(r"\.yarn/(?:releases|plugins/@yarnpkg)/[\w.@/-]+")
URL = regex(r"https?:\S*|//\S*")
PLUGIN = regex(r"(?m)^[ \t]*-?[ \t]*path:[ \t]*[\"']?\.yarn/plugins/(?!@yarnpkg/)")
# `"a@file:x"` in the head of an entry of a lock file, and patches of later Yarns.
YARN_LOCAL = regex(r"@(file|link|portal|exec|workspace):([^\"\s,:#]+)")
YARN_PATCH = regex(r"#(?:~/|\./)?([\w.+@/-]+\.patch)\b")
PNPM_FILE = regex(r"\bfile:([\w./@+-]+)")
PNPM_PATCH = regex(r"(?m)^[ \t]+path:[ \t]*[\"']?([\w./@+-]+\.patch)\b")


def _known() -> dict[str, Any]:
    return tables.table("lint/catalogue/data/lifecycle.toml")


def package(manifest: Manifest) -> Iterator[str | Doubt]:
    """package.json: members of its workspace, local packages, scripts that an install runs."""
    data = manifest.json()
    if data is None:
        yield manifest.unread()
        return
    if manifest.here("binding.gyp"):
        yield Doubt("the install compiles binding.gyp", fails=True)
    if any(manifest.here(name) for name in (".pnp.cjs", ".pnp.js", ".yarn/cache")):
        yield Doubt("the repository holds the packages themselves (Plug'n'Play)")
    workspaces = data.get("workspaces")
    patterns = texts(workspaces.get("packages")) if isinstance(workspaces, dict) else texts(workspaces)
    if patterns:
        plain = [item for item in patterns if not item.startswith("!")]
        left_out = tuple(item[1:] for item in patterns if item.startswith("!"))
        for path in manifest.members(plain, PACKAGE, left_out):
            yield path
            if isinstance(path, str) and _has_programs(manifest, path):
                yield Doubt(f"{path} has a `bin`, which an install links only if its file is there", fails=True)
    if (name := _variables(manifest)) is not None:
        yield Doubt(f"{name} sets variables for the install")
    yield from _local_packages(manifest, data)
    if '"injected"' in manifest.text:
        yield Doubt("package.json copies packages of the project (injected)", fails=True)
    for key in ("patchedDependencies",):
        patched = {**table(data.get(key)), **table(table(data.get("pnpm")).get(key))}
        yield from (manifest.at(path) for path in patched.values() if isinstance(path, str))
    if manifest.scripts:
        yield from _lifecycle(manifest, data)


def _variables(manifest: Manifest) -> str | None:
    """A file of variables that the tool reads by itself."""
    known = _known()["environments"]
    is_bun = any(manifest.here(name) for name in ("bun.lock", "bun.lockb", "bunfig.toml"))
    return next((name for name in (*known["all"], *(known["bun"] if is_bun else ())) if manifest.here(name)), None)


def _local_packages(manifest: Manifest, data: dict[str, Any]) -> Iterator[str | Doubt]:
    groups = (value for key, value in data.items() if key.lower().endswith(DEPENDENCIES))
    for text in (text for group in groups for text in strings(group)):
        kind, colon, path = text.partition(":")
        if text.startswith(("./", "../", "/", "~/")):
            kind, colon, path = "file", ":", text
        if not colon or kind not in ("file", "link", "portal", "exec", "patch"):
            # `workspace:` means members
            continue
        if kind in ("exec", "patch"):
            yield from (manifest.at(found) for found in YARN_PATCH.findall(text))
            if kind == "exec":
                yield Doubt(f"package.json has a package that {path} generates", fails=True)
            continue
        yield from _package_at(manifest, path)


def _package_at(manifest: Manifest, path: str) -> Iterator[str | Doubt]:
    """A package of the project that another one takes in: as a whole, for some tools copy it."""
    clean = path.removeprefix("//")
    yield from manifest.local(clean)
    if not clean.endswith(ARCHIVES):
        inner = posixpath.join(clean, "package.json")
        yield from manifest.local(inner)
        if _has_programs(manifest, manifest.at(inner)):
            yield Doubt(f"{inner} has a `bin`, which an install makes executable")


def _has_programs(manifest: Manifest, path: str) -> bool:
    text = manifest.context.read(path) or ""
    return '"bin"' in text or '"directories"' in text


def _lifecycle(manifest: Manifest, data: dict[str, Any]) -> Iterator[str | Doubt]:
    known = _known()
    for name in known["scripts"]["names"]:
        script = table(data.get("scripts")).get(name)
        if script is None:
            continue
        for part in JOINS.split(str(script).strip()):
            command = RUNNERS.sub("", part.strip(), count=1)
            words = command.split()
            if SHELL_SYNTAX.search(part):
                yield Doubt(f"{manifest.path} runs `{_short(part)}`{AFTER_COPY}", fails=True)
                continue
            key = next((key for key in (command, " ".join(words[:1])) if key in known["commands"]), None)
            # with options it may read something else
            if key is None or (command != key and key not in ("echo", "only-allow")):
                yield from script_files(manifest, command)
            elif key in known["repository"]["commands"] and manifest.context.has(".git"):
                yield Doubt(f"{manifest.path} runs `{key}`, which changes the git repository")
            else:
                yield from _these(manifest, known["commands"][key])
    groups = (value for key, value in data.items() if key.lower().endswith("dependencies"))
    depends = {name for group in groups for name in table(group)}
    for item in known["tables"]:
        if item["setting"] in table(data.get(item["key"])) and not depends.isdisjoint(item["packages"]):
            yield Doubt(f"{manifest.path} configures {item['key']}, which reads other files")
    for name in sorted(depends & set(known["packages"])):
        yield from _these(manifest, known["packages"][name])


def _these(manifest: Manifest, names: list[str]) -> Iterator[str | Doubt]:
    """The files among names that are there; a schema that writes into the source is none to be read alone."""
    for name in names:
        if not manifest.here(name):
            continue
        path = manifest.at(name)
        yield path
        schemas = [item for item in manifest.context.files if item == path or item.startswith(path + "/")]
        schemas = [item for item in schemas if item.endswith(".prisma")]
        if path.endswith((".js", ".cjs")) and MODULE.search(manifest.context.read(path) or "./"):
            yield Doubt(f"{name} is a program; dlint cannot tell which files it reads")
        if any(re.search(r"(?m)^[ \t]*output[ \t]*=", manifest.context.read(item) or "output=") for item in schemas):
            yield Doubt(f"{name} sets where Prisma writes its client")
    if "prisma" in names and any(manifest.here(name) for name in (".env", "prisma/.env")):
        yield Doubt("Prisma's client records where .env is")
    if "prisma" in names and any(manifest.here(name) for name in ("prisma.config.ts", "prisma.config.js")):
        yield Doubt("prisma.config.ts is a program; dlint cannot tell which files it reads")


def package_lock(manifest: Manifest) -> Iterator[str | Doubt]:
    """package-lock.json: packages of the project itself are links, archives have their places."""
    data = manifest.json()
    if data is None:
        yield manifest.unread()
        return
    for name, entry in table(data.get("packages")).items():
        where = str(table(entry).get("resolved", ""))
        if table(entry).get("link") is True:
            yield from manifest.local(posixpath.join(where or name, "package.json"))
        elif where.startswith("file:"):
            yield from manifest.local(where.removeprefix("file:").removeprefix("//"))
        elif name and "node_modules" not in name.split("/"):
            yield from manifest.local(posixpath.join(name, "package.json"))
    todo = [table(data.get("dependencies"))]
    while todo:
        for entry in todo.pop().values():
            version = str(table(entry).get("version", ""))
            if version.startswith("file:"):
                yield from manifest.local(version.removeprefix("file:"))
            todo.append(table(table(entry).get("dependencies")))


def yarn_lock(manifest: Manifest) -> Iterator[str | Doubt]:
    """yarn.lock of all Yarns: packages of the project itself, and patches."""
    for kind, path in dict.fromkeys(YARN_LOCAL.findall(manifest.text)):
        if kind == "exec":
            yield Doubt("yarn.lock has a package that a program generates")
        elif kind in ("workspace", "portal") and not path.startswith(("^", "~", "*")):
            yield from manifest.local(posixpath.join(path, "package.json"))
        elif kind == "file":
            yield from _package_at(manifest, path)
    for path in dict.fromkeys(YARN_PATCH.findall(manifest.text)):
        yield manifest.at(path)


def pnpm_lock(manifest: Manifest) -> Iterator[str | Doubt]:
    """pnpm-lock.yaml: archives and folders that are copied, and patches; links are those of members."""
    for path in dict.fromkeys((*PNPM_FILE.findall(manifest.text), *PNPM_PATCH.findall(manifest.text))):
        yield from manifest.local(path)


def pnpm_workspace(manifest: Manifest) -> Iterator[str | Doubt]:
    """pnpm-workspace.yaml: members and patches."""
    data = manifest.yaml()
    if data is None:
        yield manifest.unread()
        return
    patterns = texts(data.get("packages"))
    plain = [item for item in patterns if not item.startswith("!") and item not in (".", "./")]
    left_out = tuple(item[1:] for item in patterns if item.startswith("!"))
    for path in manifest.members(plain, PACKAGE, left_out):
        yield path
        if isinstance(path, str) and _has_programs(manifest, path):
            yield Doubt(f"{path} has a `bin`, which an install links only if its file is there", fails=True)
    if (setting := _file_setting(manifest.text)) is not None:
        yield Doubt(f"pnpm-workspace.yaml sets {setting}, which may read other files")
    if data.get("injectWorkspacePackages") == "true" or "configDependencies" in data:
        yield Doubt("pnpm-workspace.yaml copies packages or runs programs", fails=True)
    yield from (manifest.at(path) for path in table(data.get("patchedDependencies")).values() if isinstance(path, str))
    for text in strings(table(data.get("overrides"))):
        if text.startswith("file:"):
            yield from _package_at(manifest, text.removeprefix("file:"))


def program(manifest: Manifest) -> Iterator[str | Doubt]:
    """A file of settings that is a program."""
    yield Doubt(f"{manifest.name} is a program; dlint cannot tell which files it reads", fails="require(" in manifest.text or "import" in manifest.text)


def settings(manifest: Manifest) -> Iterator[str | Doubt]:
    """.npmrc, .yarnrc, .yarnrc.yml and bunfig.toml: settings that name files."""
    if manifest.name == ".yarnrc.yml" and PLUGIN.search(manifest.text):
        yield Doubt(".yarnrc.yml loads plugins; dlint cannot tell which files they read")
    elif (match := SETTING.search(OWN.sub("", URL.sub("", manifest.text)))) is not None:
        yield Doubt(f"{manifest.name} names the file {_short(match[0])}", fails=True)
    if (setting := _file_setting(manifest.text)) is not None:
        yield Doubt(f"{manifest.name} sets {setting}, which may read other files", fails=True)
    if manifest.name == "bunfig.toml" and re.search(r"\b(?:preload|cache)\b", manifest.text):
        yield Doubt("bunfig.toml names files to load")


def _file_setting(text: str) -> str | None:
    """The first setting that names files, or makes an install look at more than manifests."""
    keys = KEY.findall(text)
    known = _known()["settings"]["names"]
    return next((key for key in keys if re.sub("[-_]", "", key.lower()) in known), None)


def deno(manifest: Manifest) -> Iterator[str | Doubt]:
    """deno.json: members, the map of imports, the lock file, packages that are linked in."""
    data = manifest.json()
    if data is None:
        yield manifest.unread()
        return
    workspace = data.get("workspace")
    members = texts(workspace.get("members")) if isinstance(workspace, dict) else texts(workspace)
    if members:
        yield from manifest.members(members, ("deno.json", "deno.jsonc", "package.json"))
    if data.get("vendor"):
        yield Doubt("deno.json puts packages into the project (vendor)")
    for key in ("importMap", "lock"):
        value = data.get(key)
        path = value.get("path") if isinstance(value, dict) else value
        if isinstance(path, str) and not path.startswith(("http:", "https:")) and manifest.here(path):
            yield from manifest.local(path)
    for path in (*texts(data.get("links")), *texts(data.get("patch"))):
        yield from manifest.local(path)


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "..."
