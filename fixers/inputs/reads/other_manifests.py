"""Manifests of Go, Rust, PHP, Ruby, Elixir, Erlang, Haskell, Swift, Dart, Crystal, Nim and D."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Any

from dockerlint.lint.storage.lazy_regex import regex

from .manifest import Doubt, table, texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .manifest import Manifest

GO_REPLACE = regex(r"=>\s*[\"`]?(\.{1,2}(?:/[^\s\"`]*)?|/[^\s\"`]*)")
# Where Cargo looks for the sources of targets.
TARGET_FOLDERS = {"bin": "src/bin", "test": "tests", "bench": "benches", "example": "examples"}
GO_USE = regex(r"(?m)^[ \t]*(?:use[ \t]+)?[\"`]?(\.{1,2}(?:/[^\s\"`]*)?)[\"`]?\s*(?://.*)?$")
# Lines of a Gemfile that read nothing; it is a program. Source: bundler.io, "gemfile(5)".
GEMFILE = regex(
    r"source\s+[\"']https?://[^\"'#]*[\"'](?:\s+do)?\Z|ruby\s+[\"'~><=\d., ]+\Z|end\Z|(?:group|platforms?)[ (][\w\s:,\"'-]*\)?\s+do\Z"
    r"|git_source\(:\w+\)\s*(?:\{|do)\s*\|\w+\|\s*[\"']https://[^\"']*[\"']\s*\}?\Z"
    r"|gem\s+[\"'][\w./-]+[\"'](?:\s*,\s*(?:[\"'][~><=!\d. a-z]+[\"']|:?(?:require|group|groups|platforms?|git|github|branch|tag|ref|force_ruby_platform|source|gitlab|bitbucket):?\s*(?:=>)?\s*[\w\s:\"'./\[\]%@-]+))*\Z"
    r"|git(?:hub)?\s+[\"']https?://[^\"'#]*[\"'].*\sdo\Z"
)
LONGEST_LINE = 300
GEM_PATH = regex(r"\bpath:?\s*(?:=>\s*)?[\"']([^\"'#]+)[\"']")
# A repository or a source that is no address.
GEM_FOLDER = regex(r"\b(?:git|source)\b:?\s*(?:=>)?\s*[\"'](?!https?://|ssh://|git://|git@)")
# Calls of Ruby that read other files, and the file that they name.
RUBY_READS = regex(
    r"""(?x)\b(?:require_relative|eval_gemfile|load|File\.(?:read|readlines|open|foreach)|IO\.(?:read|readlines)|YAML\.load_file)\b
    \s*\(?\s*(?:["']([^"'#]+)["'])?
    |\brequire\s*\(?\s*(?:File\.|["']\.{1,2}/|__dir__)|\binstance_eval\b|\$(?::|LOAD_PATH)"""
)
GEM_RUBY = regex(r"ruby\s+file:\s*[\"']([\w.-]+)[\"']\Z")
# Calls of Elixir that read other files or run programs, and the file that they name.
MIX_READS = regex(
    r"""(?x)(?:\bFile\.(?:read|stream|open|ls|cp)\w*!?|\bCode\.(?:require_file|eval_file|load_file|compile_file|eval_string)
    |:file\.\w+|\bEEx\.eval_file|\bConfig\.Reader\.\w+!?)\s*\(?\s*(?:Path\.(?:join|expand)\(\s*)?(?:__DIR__\s*(?:,|<>)\s*)?(?:"/?([^"\#]+)")?
    |\bSystem\.(?:cmd|shell)\b|:os\.cmd\b"""
)
MIX_APPS = regex(r"\bapps_path:\s*\"([^\"#\n]+)\"")
MIX_PATH = regex(r"\bpath:\s*\"([^\"#\n]+)\"")
# Terms of a rebar.config that name programs or folders of the project.
REBAR_LOOKS = regex(r"\{\s*(project_plugins|plugins|pre_hooks|provider_hooks|project_app_dirs|erl_first_files)\b")
SHARD_PATH = regex(r"(?m)^[ \t]+path:[ \t]*[\"']?([^\"'#\s]+)")
DUB_PATH = regex(r"\bpath=\"([^\"]+)\"")
DUB_PART = regex(r"(?m)^[ \t]*subPackage[ \t]+\"([^\"]+)\"")
SWIFT_PATH = regex(r"\.package\(\s*(?:name:\s*\"[^\"]*\"\s*,\s*)?path:\s*\"([^\"]*)\"")
SWIFT_LOOKS = regex(r"(?m)^[ \t]*(?:@\w+[ \t]+)?import[ \t]+(?!PackageDescription\b|CompilerPluginSupport\b)\w+|\bgitInformation\b|#if canImport|\bDirectory\b")
CABAL_FIELD = regex(r"(?mi)^(packages|optional-packages|import|source-repository-package)\s*:?(.*(?:\n[ \t]+.*)*)")


def go_mod(manifest: Manifest) -> Iterator[str | Doubt]:
    """go.mod: modules that are replaced by folders."""
    for path in GO_REPLACE.findall(manifest.text):
        yield from manifest.local(posixpath.join(path, "go.mod"))


def go_work(manifest: Manifest) -> Iterator[str | Doubt]:
    """go.work: its modules."""
    for path in (*GO_USE.findall(manifest.text), *GO_REPLACE.findall(manifest.text)):
        yield from manifest.local(posixpath.join(path, "go.mod"))
        if manifest.here(posixpath.join(path, "go.sum")):
            yield from manifest.local(posixpath.join(path, "go.sum"))


def cargo(manifest: Manifest) -> Iterator[str | Doubt]:
    """Cargo.toml: members of the workspace, and packages by path."""
    data = manifest.toml()
    if data is None:
        yield manifest.unread()
        return
    workspace = table(data.get("workspace"))
    members = [item for item in texts(workspace.get("members")) if item != "."]
    if members:
        left_out = tuple(texts(workspace.get("exclude")))
        yield from manifest.members(members, ("Cargo.toml",), left_out)
    yield from _cargo_targets(manifest, data)
    root = table(data.get("package")).get("workspace")
    if isinstance(root, str):
        yield from manifest.local(posixpath.join(root, "Cargo.toml"))
    todo: list[object] = [value for key, value in data.items() if key.endswith(("dependencies", "target", "patch", "replace", "workspace"))]
    while todo:
        item = todo.pop()
        if isinstance(item, dict):
            if isinstance(item.get("path"), str):
                yield from manifest.local(posixpath.join(item["path"], "Cargo.toml"))
            todo.extend(item.values())


def _cargo_targets(manifest: Manifest, data: dict[str, Any]) -> Iterator[str | Doubt]:
    """The sources of targets that have none named: without them Cargo refuses the manifest.

    Source: doc.rust-lang.org, The Cargo Book, "Cargo Targets".
    """
    package = table(data.get("package"))
    named = {item.get("name") for item in _tables(data.get("bin"))}
    wanted = [(key, str(item.get("name"))) for key in TARGET_FOLDERS for item in _tables(data.get(key)) if "path" not in item]
    if (default := package.get("default-run")) is not None and default not in named:
        wanted.append(("bin", str(default)))
    for key, name in wanted:
        folder = TARGET_FOLDERS[key]
        places = [f"{folder}/{name}.rs", f"{folder}/{name}/main.rs"]
        places += ["src/main.rs"] if key == "bin" and name == package.get("name") else []
        place = next((path for path in places if manifest.here(path)), None)
        if place is None:
            yield Doubt(f"{manifest.path} has a target {name} whose source is missing", fails=True)
            return
        yield manifest.at(place)


def _tables(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def cargo_config(manifest: Manifest) -> Iterator[str | Doubt]:
    """.cargo/config.toml: packages that lie in the repository."""
    data = manifest.toml()
    if data is None:
        yield manifest.unread()
        return
    for item in map(table, table(data.get("source")).values()):
        for folder in (item[key] for key in ("directory", "local-registry") if isinstance(item.get(key), str)):
            yield Doubt(f"{manifest.path} replaces packages with those of a folder")
            # relative to the folder that `.cargo` lies in
            yield from manifest.local(posixpath.join("..", folder))


def composer(manifest: Manifest) -> Iterator[str | Doubt]:
    """composer.json: repositories that are folders."""
    data = manifest.json()
    if data is None:
        yield manifest.unread()
        return
    config = table(data.get("config"))
    if moved := next((name for name in ("vendor-dir", "bin-dir", "cache-dir", "data-dir", "cafile", "capath") if name in config), None):
        yield Doubt(f"composer.json sets {moved}, which moves files")
    repositories = data.get("repositories")
    listed = list(repositories.values()) if isinstance(repositories, dict) else repositories
    for item in listed if isinstance(listed, list) else ():
        where = table(item).get("url")
        if table(item).get("type") in ("path", "artifact") and isinstance(where, str):
            if any(char in where for char in "*?[{"):
                yield from manifest.members([where], ("composer.json",))
                yield Doubt("composer.json names packages with a pattern")
            else:
                yield from manifest.local(where)


def composer_project(
    manifest: Manifest, lock: str | None, *, all_classes: bool, scripts: bool, plugins: bool, classes: bool
) -> Iterator[Doubt]:
    """Why `composer install` may look at the source itself: its scripts, plugins, and the list of its classes.

    `scripts`, `plugins` and `classes` say whether it runs the ones and makes the last, `all_classes` whether of all classes.
    """
    data = manifest.json()
    if data is None:
        yield manifest.unread()
        return
    if manifest.context.has(".git"):
        yield Doubt("composer reads the project's version from git")
    named = {name for name in table(data.get("scripts")) if name.startswith(("pre-", "post-"))}
    if scripts and named:
        yield Doubt(f"composer.json runs scripts ({min(named)}): install with `--no-scripts`")
    autoload = (table(data.get("autoload")), table(data.get("autoload-dev")))
    config = table(data.get("config"))
    every = all_classes or any(config.get(name) for name in ("optimize-autoloader", "classmap-authoritative"))
    if classes and (every or any("classmap" in item for item in autoload)):
        yield Doubt("composer builds the class map from the source: install with `--no-autoloader`")
    if not plugins:
        return
    if lock is None:
        yield Doubt("there is no composer.lock to say which plugins run")
    elif '"composer-plugin"' in lock:
        yield Doubt("composer.lock has plugins, which may read the source: install with `--no-plugins`")


def gemfile(manifest: Manifest) -> Iterator[str | Doubt]:
    """Gemfile: gems by path, which are taken whole; a line of no known kind may read anything.

    Gems that lie in the repository are taken first. Source: bundler.io, "bundle-cache(1)".
    """
    if manifest.here("vendor/cache"):
        yield manifest.at("vendor/cache")
    for line in manifest.text.splitlines():
        said = re.sub(r"(?:^|\s)#.*", "", line).strip()
        if not said:
            continue
        if path := GEM_PATH.search(said):
            # taken whole, with what its gemspec reads
            yield from manifest.local(path[1])
            yield Doubt("the gemspec is a program; dlint cannot tell which files it reads")
        elif ruby := GEM_RUBY.match(said):
            yield from manifest.local(ruby[1])
        elif said.startswith("gemspec"):
            specs = [name for name in manifest.context.files if posixpath.dirname(name) == manifest.folder and name.endswith(".gemspec")]
            yield from specs
            yield Doubt("the gemspec is a program; dlint cannot tell which files it reads")
        elif len(said) > LONGEST_LINE or not GEMFILE.match(said) or GEM_FOLDER.search(said):
            yield from manifest.named(said)
            yield Doubt(f"Gemfile may read files: `{said[:40]}`")
    yield from manifest.reads(RUBY_READS)


def gemspec(manifest: Manifest) -> Iterator[str | Doubt]:
    """A gemspec: a program, which as a rule reads the file that has the version."""
    for match in RUBY_READS.finditer(manifest.text):
        path = match[1]
        found = next((name for name in (path, f"{path}.rb") if path and manifest.here(name)), None)
        if found is None:
            yield Doubt(f"{manifest.path} reads files: `{' '.join(match[0].split())}`", fails=True)
            return
        yield manifest.at(found)
    yield Doubt("the gemspec is a program; dlint cannot tell which files it reads")


def bundle_config(manifest: Manifest) -> Iterator[str | Doubt]:
    """.bundle/config: settings that name files."""
    if re.search(r"BUNDLE_(?:LOCAL|GEMFILE|CACHE_PATH|BUILD)", manifest.text):
        yield Doubt(".bundle/config names files to read")


def mix(manifest: Manifest) -> Iterator[str | Doubt]:
    """mix.exs: packages by path; it is a program."""
    yield Doubt(f"{manifest.name} is a program; dlint cannot tell which files it reads")
    yield from manifest.named(manifest.text)
    yield from manifest.reads(MIX_READS)
    for path in MIX_APPS.findall(manifest.text):
        yield from manifest.members([f"{path}/*"], ("mix.exs",))
    for path in MIX_PATH.findall(manifest.text):
        if manifest.here(posixpath.join(path, "mix.exs")):
            yield from manifest.local(posixpath.join(path, "mix.exs"))


def stack(manifest: Manifest) -> Iterator[str | Doubt]:
    """stack.yaml: its packages, and dependencies that are folders, which are taken whole."""
    data = manifest.yaml()
    if data is None:
        yield manifest.unread()
        return
    for folder in texts(data.get("packages")) or ["."]:
        yield from _haskell_package(manifest, folder)
    for path in texts(data.get("extra-deps")):
        if path.startswith((".", "/")):
            yield from manifest.local(path)
    for key in ("resolver", "snapshot"):
        if str(data.get(key, "")).endswith((".yaml", ".yml")) and "://" not in data[key]:
            yield from manifest.local(data[key])


def cabal_project(manifest: Manifest) -> Iterator[str | Doubt]:
    """cabal.project: its packages."""
    for match in CABAL_FIELD.finditer(re.sub(r"(?m)^[ \t]*--.*$", "", manifest.text)):
        if match[1].lower() == "import":
            yield Doubt("cabal.project imports files")
        elif match[1].lower() != "source-repository-package":
            for word in match[2].replace(",", " ").split():
                folder = posixpath.dirname(word) if word.endswith(".cabal") else word
                yield from _haskell_package(manifest, folder or ".")


def _haskell_package(manifest: Manifest, folder: str) -> Iterator[str | Doubt]:
    if "*" in folder or folder.startswith("/"):
        yield Doubt(f"{manifest.name} names packages with a pattern")
        return
    top = manifest.at(folder)
    top = "" if top == "." else top
    for path in manifest.context.files:
        if posixpath.dirname(path) == top and (path.endswith(".cabal") or posixpath.basename(path) == "package.yaml"):
            yield path


def haskell_package(manifest: Manifest) -> Iterator[str | Doubt]:
    """package.yaml or a .cabal file: hpack looks for modules, and a custom build is a program."""
    if manifest.name == "package.yaml":
        yield Doubt("hpack lists the modules of the source in the .cabal file")
        return
    yield Doubt(f"{manifest.name} lists modules, which the install may look for")
    if re.search(r"(?mi)^build-type\s*:\s*(?!simple\b)\w", manifest.text):
        yield Doubt(f"{manifest.name} has a custom build script")


def swift(manifest: Manifest) -> Iterator[str | Doubt]:
    """Package.swift: packages by path; a program that can read nothing as long as it imports nothing else."""
    if SWIFT_LOOKS.search(manifest.text):
        yield Doubt(f"{manifest.name} is a program; dlint cannot tell which files it reads")
    for path in SWIFT_PATH.findall(manifest.text):
        yield from manifest.local(posixpath.join(path, "Package.swift"))


def pub(manifest: Manifest) -> Iterator[str | Doubt]:
    """pubspec.yaml: packages by path, which are taken whole, and members of the workspace."""
    data = manifest.yaml()
    if data is None:
        yield manifest.unread()
        return
    if members := texts(data.get("workspace")):
        yield from manifest.members(members, ("pubspec.yaml",))
    if manifest.here("example/pubspec.yaml"):
        yield Doubt("the install also reads example/pubspec.yaml")
    for key in ("dependencies", "dev_dependencies", "dependency_overrides"):
        for item in table(data.get(key)).values():
            path = table(item).get("path")
            if isinstance(path, str):
                yield from manifest.local(path)


def nothing(manifest: Manifest) -> Iterator[str | Doubt]:
    """A file that refers to nothing."""
    del manifest
    yield from ()


def program(manifest: Manifest) -> Iterator[str | Doubt]:
    """A manifest that is a program, which may read anything."""
    yield Doubt(f"{manifest.path} is a program")


def rebar(manifest: Manifest) -> Iterator[str | Doubt]:
    """rebar.config: terms that name programs, which run when it is read or look into the project."""
    if found := REBAR_LOOKS.search(manifest.text):
        yield Doubt(f"{manifest.path} sets {found[1]}")
    if manifest.here("_checkouts"):
        yield Doubt("_checkouts takes the place of packages")


def shard(manifest: Manifest) -> Iterator[str | Doubt]:
    """shard.yml: packages by path, of which links are made."""
    for path in SHARD_PATH.findall(manifest.text):
        yield from manifest.local(path)


def dub_json(manifest: Manifest) -> Iterator[str | Doubt]:
    """dub.json: packages by path, and packages within this one."""
    data = manifest.json()
    if data is None:
        yield manifest.unread()
        return
    parts = data.get("subPackages")
    listed = parts if isinstance(parts, list) else []
    todo: list[object] = [data, *listed]
    while todo:
        item = todo.pop()
        if isinstance(item, str):
            yield from _dub_package(manifest, item)
        for value in table(table(item).get("dependencies")).values():
            if isinstance(table(value).get("path"), str):
                yield from _dub_package(manifest, table(value)["path"])


def dub_sdl(manifest: Manifest) -> Iterator[str | Doubt]:
    """dub.sdl: packages by path, and packages within this one."""
    for path in (*DUB_PATH.findall(manifest.text), *DUB_PART.findall(manifest.text)):
        yield from _dub_package(manifest, path)


def _dub_package(manifest: Manifest, path: str) -> Iterator[str | Doubt]:
    """The manifest of a package in a folder."""
    name = next((name for name in ("dub.json", "dub.sdl") if manifest.here(posixpath.join(path, name))), "dub.json")
    yield from manifest.local(posixpath.join(path, name))
