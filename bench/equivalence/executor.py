"""Builds Dockerfiles as BuildKit does, over a sandbox: steps, stages, keys, mounts. Held against the real engine: engine.py.

Sources: the Dockerfile reference; BuildKit's dockerfile2llb (what of a stage enters a step) and its executor (mounts).
"""

from __future__ import annotations

import fnmatch
import hashlib
import io
import os
import posixpath
import re
import shlex
import stat
import tarfile
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from . import dockerfile, images
from .dockerfile import BuildError, Instruction
from .sandbox import remove

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from .sandbox import Sandbox

PREDEFINED = {"TARGETPLATFORM": "linux/amd64", "TARGETARCH": "amd64", "TARGETOS": "linux", "BUILDPLATFORM": "linux/amd64", "BUILDARCH": "amd64", "BUILDOS": "linux"}


@dataclass(frozen=True)
class Entry:
    """A path of an image; `data` is a file's digest or a link's target."""

    kind: str
    mode: int
    uid: int
    gid: int
    data: str = ""
    place: str = field(default="", compare=False)


Tree = dict[str, Entry]


@dataclass
class Layer:
    """A folder of changes above its parent."""

    upper: str
    work: str
    parent: Layer | None
    tree: Tree
    key: str

    def uppers(self) -> list[str]:
        """The folders of this layer and all below it, topmost first."""
        found: list[str] = []
        layer: Layer | None = self
        while layer is not None:
            found.append(layer.upper)
            layer = layer.parent
        return found


Config = dict[str, Any]


@dataclass
class Stage:
    """A stage on its way. `args` holds what ARG and ENV have set: of one name, the later holds."""

    name: str | None
    layer: Layer | None
    config: Config
    args: dict[str, str] = field(default_factory=dict)
    shell: list[str] = field(default_factory=lambda: ["/bin/sh", "-c"])

    def env(self) -> dict[str, str]:
        return {**self.config["Env"], **self.args}


@dataclass
class Built:
    """What a build gives."""

    layer: Layer | None
    config: Config
    stubs: set[str] = field(default_factory=set)

    @property
    def tree(self) -> Tree:
        return self.layer.tree if self.layer else {}


@dataclass
class Mounts:
    """The cache mounts of a builder: id to folder; `owner` tells whose they were when they were made."""

    top: str
    folders: dict[str, str] = field(default_factory=dict)


class Builder:
    """A builder with its layer cache and its cache mounts. All builds of one share both."""

    def __init__(self, store: Store, network: bool = True) -> None:
        self.store = store
        self.network = network
        self.layers: dict[str, Layer] = {}
        self.mounts: dict[str, str] = {}
        self.made: list[str] = []
        # keys of the layers whose step had a cache mount
        self.mounted: set[str] = set()
        self.log = ""

    def build(self, text: str, context: Context) -> Built:
        """Builds the last stage. Raises BuildError; `log` is what the failed step said."""
        return Build(self, context).run(dockerfile.read(text))

    def prune_mounts(self) -> None:
        """Cache mounts go, the layers stay."""
        for folder in self.mounts.values():
            remove(self.store.path(folder))
        self.mounts = {}

    def fill_from(self, other: Builder) -> None:
        """Takes a copy of the cache mounts of another builder."""
        for key, folder in other.mounts.items():
            self.mounts[key] = self.store.copy(folder)

    def mount(self, key: str, mode: int, uid: int, gid: int, initial: Tree | None = None) -> str:
        """The folder of a cache mount, made when there is none."""
        if key not in self.mounts:
            folder = self.store.new("c")
            path = self.store.path(folder)
            path.mkdir()
            os.chown(path, uid, gid)
            path.chmod(mode)
            for name, entry in (initial or {}).items():
                _restore(path, name, entry)
            self.mounts[key] = folder
        return self.mounts[key]

    def close(self) -> None:
        """Deletes the layers and the mounts."""
        self.prune_mounts()
        for name in self.made:
            remove(self.store.path(name))
        self.made = []
        self.layers = {}


class Store:
    """The folder of all layers, with those of the base images."""

    def __init__(self, sandbox: Sandbox, bases: Path) -> None:
        self.sandbox = sandbox
        self.number = 0
        self.bases: dict[str, Layer] = {}
        common = Layer(str(bases / "common"), "", None, {}, "common")
        common.tree = scan(common.upper, {})
        for image in images.IMAGES.values():
            upper = str(bases / images.folder(image.name))
            self.bases[image.name] = Layer(upper, "", common, scan(upper, common.tree), image.name)

    def path(self, name: str) -> Path:
        return self.sandbox.top / name

    def new(self, letter: str) -> str:
        self.number += 1
        return f"{letter}{self.number}"

    def copy(self, name: str) -> str:
        """A copy of a folder, owners and modes included."""
        new = self.new("c")
        _copy(str(self.path(name)), str(self.path(new)))
        return new


def _copy(source: str, target: str) -> None:
    status = os.lstat(source)
    if stat.S_ISLNK(status.st_mode):
        os.symlink(os.readlink(source), target)
    elif stat.S_ISDIR(status.st_mode):
        os.mkdir(target)
        for name in os.listdir(source):
            _copy(f"{source}/{name}", f"{target}/{name}")
    else:
        with open(source, "rb") as file, open(target, "wb") as copy:
            copy.write(file.read())
    os.lchown(target, status.st_uid, status.st_gid)
    if not stat.S_ISLNK(status.st_mode):
        os.chmod(target, stat.S_IMODE(status.st_mode))


def _restore(top: Path, name: str, entry: Entry) -> None:
    path = top / name
    if entry.kind == "folder":
        path.mkdir(parents=True, exist_ok=True)
    elif entry.kind == "link":
        path.symlink_to(entry.data)
    else:
        path.write_bytes(_bytes(entry.place))
    os.lchown(path, entry.uid, entry.gid)
    if entry.kind != "link":
        path.chmod(entry.mode)


def _bytes(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def scan(upper: str, below: Tree) -> Tree:
    """The tree of a layer over that of its parent."""
    tree = dict(below)
    _scan(upper, "", tree)
    return tree


def _drop(tree: Tree, path: str) -> None:
    prefix = path + "/"
    for name in [name for name in tree if name == path or name.startswith(prefix)]:
        del tree[name]


def _scan(folder: str, prefix: str, tree: Tree) -> None:
    with os.scandir(folder) as items:
        for item in items:
            path = f"{prefix}/{item.name}"
            status = item.stat(follow_symlinks=False)
            mode = status.st_mode
            if stat.S_ISCHR(mode) and status.st_rdev == 0:
                _drop(tree, path)
                continue
            known = tree.get(path)
            if stat.S_ISDIR(mode):
                if known is not None and (known.kind != "folder" or _opaque(item.path)):
                    _drop(tree, path)
                tree[path] = Entry("folder", stat.S_IMODE(mode), status.st_uid, status.st_gid)
                _scan(item.path, path, tree)
                continue
            if known is not None and known.kind == "folder":
                _drop(tree, path)
            if stat.S_ISLNK(mode):
                tree[path] = Entry("link", 0o777, status.st_uid, status.st_gid, os.readlink(item.path))
            elif stat.S_ISREG(mode):
                digest = hashlib.blake2b(_bytes(item.path), digest_size=12).hexdigest()
                tree[path] = Entry("file", stat.S_IMODE(mode), status.st_uid, status.st_gid, digest, item.path)
            else:
                tree[path] = Entry("other", stat.S_IMODE(mode), status.st_uid, status.st_gid)


def _opaque(path: str) -> bool:
    try:
        return os.getxattr(path, "trusted.overlay.opaque") == b"y"
    except OSError:
        return False


# ------------------------------------------------------------ context


@dataclass(frozen=True)
class Context:
    """The files of a build context: path to text; executable ones by name."""

    files: Mapping[str, str]
    executable: frozenset[str] = frozenset()

    def tree(self) -> dict[str, tuple[Entry, bytes]]:
        """Paths below `/`, without what .dockerignore leaves out, with their folders."""
        ignore = self.files.get(".dockerignore", "").splitlines()
        found: dict[str, tuple[Entry, bytes]] = {}
        for name, text in sorted(self.files.items()):
            if _ignored(name, ignore):
                continue
            parts = name.split("/")
            for count in range(1, len(parts)):
                found.setdefault("/" + "/".join(parts[:count]), (Entry("folder", 0o755, 0, 0), b""))
            data = archive(text) if name.endswith((".tar.gz", ".tgz")) and text.startswith("tar:") else text.encode("utf-8", "surrogateescape")
            mode = 0o755 if name in self.executable else 0o644
            found["/" + name] = (Entry("file", mode, 0, 0, hashlib.blake2b(data, digest_size=12).hexdigest()), data)
        return found

    def write(self, folder: Path) -> None:
        """Writes the files into a folder."""
        for name, (entry, data) in self.tree_of_all().items():
            path = folder / name.lstrip("/")
            if entry.kind == "folder":
                path.mkdir(parents=True, exist_ok=True)
                path.chmod(0o755)
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
                path.chmod(entry.mode)

    def tree_of_all(self) -> dict[str, tuple[Entry, bytes]]:
        """As `tree`, with what .dockerignore leaves out."""
        return replace(self, files={name: text for name, text in self.files.items() if name != ".dockerignore"}).tree() | (
            {"/.dockerignore": (Entry("file", 0o644, 0, 0), self.files[".dockerignore"].encode())} if ".dockerignore" in self.files else {}
        )


def archive(text: str) -> bytes:
    """The archive that a text like `tar:name=content;...` stands for; the same bytes each time."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for part in text.removeprefix("tar:").split(";"):
            name, _, content = part.partition("=")
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(content.encode()), 0o644
            tar.addfile(info, io.BytesIO(content.encode()))
    import zlib

    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    return packer.compress(stream.getvalue()) + packer.flush()


def _ignored(name: str, patterns: list[str]) -> bool:
    ignored = False
    for line in patterns:
        pattern = line.strip()
        if not pattern or pattern.startswith("#"):
            continue
        negated = pattern.startswith("!")
        pattern = pattern.lstrip("!").strip("/").removeprefix("./")
        expression = re.escape(pattern).replace(r"\*\*/", "(?:.*/)?").replace(r"\*\*", ".*").replace(r"\*", "[^/]*").replace(r"\?", "[^/]")
        if re.fullmatch(f"{expression}(?:/.*)?", name):
            ignored = not negated
    return ignored


# ------------------------------------------------------------ a build


class Build:
    """One build."""

    def __init__(self, builder: Builder, context: Context) -> None:
        self.builder, self.context = builder, context
        self.store = builder.store
        self.globals: dict[str, str] = {}
        self.stages: list[list[Instruction]] = []
        self.names: list[str | None] = []
        self.done: dict[int, Stage] = {}
        self.stubs: set[str] = set()
        self._context_tree: dict[str, tuple[Entry, bytes]] | None = None

    def run(self, instructions: list[Instruction]) -> Built:
        for item in instructions:
            if item.name == "FROM":
                self.stages.append([item])
                parts = item.rest.split()
                self.names.append(parts[2].lower() if len(parts) == 3 and parts[1].upper() == "AS" else None)
            elif not self.stages:
                if item.name != "ARG":
                    raise BuildError(f"no build stage in current context: {item.name}")
                for word in dockerfile.words(item.rest, self.globals, item.escape):
                    name, sign, value = word.partition("=")
                    self.globals[name] = value if sign else ""
            else:
                self.stages[-1].append(item)
        if not self.stages:
            raise BuildError("file with no instructions")
        stage = self.stage(len(self.stages) - 1)
        return Built(stage.layer, stage.config, self.stubs)

    def find(self, name: str, before: int, *, numbers: bool = True) -> int | None:
        lowered = name.lower()
        for index in range(before - 1, -1, -1):
            if self.names[index] == lowered:
                return index
        return int(name) if numbers and name.isdigit() and int(name) < before else None

    def stage(self, index: int) -> Stage:
        """A stage, built when it is first asked for."""
        if index in self.done:
            return self.done[index]
        first, *rest = self.stages[index]
        name = dockerfile.expand(first.rest.split()[0], {**PREDEFINED, **self.globals}, first.escape)
        stage = self._base(name, index)
        # docker refuses the whole file for an instruction it does not know
        for item in rest:
            handler = getattr(self, f"do_{item.name.lower()}", None)
            if handler is None:
                raise BuildError(f"unknown instruction: {item.name}")
        for item in rest:
            getattr(self, f"do_{item.name.lower()}")(stage, item, index)
        self.done[index] = stage
        return stage

    def _base(self, name: str, index: int) -> Stage:
        if name == "scratch":
            empty = Layer(self._folder("u"), "", None, {}, "scratch")
            return Stage(None, empty, {"Env": {"PATH": images.PATH}, "Labels": {}, "WorkingDir": "/"})
        known = next((at for at in range(index - 1, -1, -1) if self.names[at] == name.lower()), None)
        if known is not None:
            other = self.stage(known)
            config = {key: (dict(value) if isinstance(value, dict) else value) for key, value in other.config.items()}
            config.pop("CmdSet", None)
            return Stage(None, other.layer, config, {}, list(other.shell))
        image = images.IMAGES.get(name)
        if image is None:
            raise BuildError(f"{name}: not found")
        env = {"PATH": images.PATH, **image.env}
        config = {"Env": env, "Labels": {}, "WorkingDir": image.workdir, "Cmd": list(image.command)}
        if image.runs_as:
            config["User"] = image.runs_as
        if image.entrypoint:
            config["Entrypoint"] = list(image.entrypoint)
        return Stage(None, self.store.bases[name], config)

    def _folder(self, letter: str) -> str:
        name = self.store.new(letter)
        self.store.path(name).mkdir(mode=0o755)
        self.builder.made.append(name)
        return name

    # ------------------------------------------------------------ settings

    def _words(self, stage: Stage, item: Instruction) -> list[str]:
        return dockerfile.words(item.rest, stage.env(), item.escape)

    def _pairs(self, stage: Stage, item: Instruction) -> list[tuple[str, str]]:
        first = item.rest.split(None, 1)
        if not first:
            raise BuildError(f"{item.name} requires at least one argument")
        if "=" not in first[0]:
            if len(first) < 2:
                raise BuildError(f"{item.name} must have two arguments")
            return [(dockerfile.expand(first[0], stage.env(), item.escape), dockerfile.expand(first[1], stage.env(), item.escape))]
        found = []
        for word in self._words(stage, item):
            if "=" not in word:
                raise BuildError(f"can't find = in {word}")
            key, _, value = word.partition("=")
            found.append((key, value))
        return found

    def do_env(self, stage: Stage, item: Instruction, _: int) -> None:
        for key, value in self._pairs(stage, item):
            stage.config["Env"][key] = value
            stage.args.pop(key, None)

    def do_label(self, stage: Stage, item: Instruction, _: int) -> None:
        for key, value in self._pairs(stage, item):
            stage.config["Labels"][key] = value

    def do_arg(self, stage: Stage, item: Instruction, _: int) -> None:
        for word in self._words(stage, item):
            name, sign, value = word.partition("=")
            if sign:
                stage.args[name] = value
            elif name in self.globals:
                stage.args[name] = self.globals[name]
            elif name in PREDEFINED:
                stage.args[name] = PREDEFINED[name]

    def do_maintainer(self, stage: Stage, item: Instruction, _: int) -> None:
        stage.config["Author"] = item.rest

    def do_user(self, stage: Stage, item: Instruction, _: int) -> None:
        stage.config["User"] = dockerfile.expand(item.rest, stage.env(), item.escape)

    def do_expose(self, stage: Stage, item: Instruction, _: int) -> None:
        ports = {word if "/" in word else f"{word}/tcp" for word in self._words(stage, item)}
        stage.config["ExposedPorts"] = sorted({*stage.config.get("ExposedPorts", ()), *(port.lower() for port in ports)})

    def do_volume(self, stage: Stage, item: Instruction, _: int) -> None:
        paths = item.json or self._words(stage, item)
        stage.config["Volumes"] = sorted({*stage.config.get("Volumes", ()), *paths})

    def do_shell(self, stage: Stage, item: Instruction, _: int) -> None:
        if not item.json:
            raise BuildError("SHELL requires the arguments to be in JSON form")
        stage.shell = item.json
        stage.config["Shell"] = item.json

    def do_stopsignal(self, stage: Stage, item: Instruction, _: int) -> None:
        stage.config["StopSignal"] = dockerfile.expand(item.rest, stage.env(), item.escape)

    def do_healthcheck(self, stage: Stage, item: Instruction, _: int) -> None:
        stage.config["Healthcheck"] = [sorted(item.flags), item.rest]

    def do_onbuild(self, stage: Stage, item: Instruction, _: int) -> None:
        stage.config["OnBuild"] = [*stage.config.get("OnBuild", ()), item.rest]

    def do_cmd(self, stage: Stage, item: Instruction, _: int) -> None:
        stage.config["Cmd"] = item.json if item.json is not None else [*stage.shell, item.rest]
        stage.config["CmdSet"] = True

    def do_entrypoint(self, stage: Stage, item: Instruction, _: int) -> None:
        stage.config["Entrypoint"] = item.json if item.json is not None else [*stage.shell, item.rest]
        if not stage.config.get("CmdSet"):
            stage.config.pop("Cmd", None)

    # ------------------------------------------------------------ steps

    def do_workdir(self, stage: Stage, item: Instruction, _: int) -> None:
        path = posixpath.normpath(posixpath.join(stage.config["WorkingDir"], dockerfile.expand(item.rest, stage.env(), item.escape)))
        stage.config["WorkingDir"] = path
        if path == "/":
            return
        uid, gid, _groups = self._user(stage, stage.config.get("User") or "")
        entry = {"path": path, "kind": "folder", "mode": 0o755, "uid": uid, "gid": gid, "parent": [uid, gid]}
        self._write(stage, [entry], f"WORKDIR {path} {uid}:{gid}")

    def do_run(self, stage: Stage, item: Instruction, index: int) -> None:
        env = stage.env()
        words = item.json
        rest = item.rest
        if words is None and item.heredocs and re.fullmatch(r"<<-?(['\"]?)\w+\1", rest.strip()):
            words = self._script(stage, item.heredocs[0].text)
        elif words is None:
            if item.heredocs:
                rest += "\n" + "".join(f"{doc.text}{doc.name}\n" for doc in item.heredocs)
            words = [*stage.shell, rest]
        uid, gid, groups = self._user(stage, stage.config.get("User") or "")
        if "HOME" not in env:
            env = {**env, "HOME": self._home(stage, uid)}
        env.setdefault("PATH", images.PATH)
        mounts, key = self._mounts(stage, item, index)
        network = self.builder.network and item.flag("network") != "none"
        whole = _digest(stage.layer, "RUN", words, sorted(env.items()), stage.config["WorkingDir"], uid, gid, key, item.flag("network"))
        assert stage.layer
        stubs = self._stubs(stage.layer.tree, [mount["target"] for mount in mounts])
        self.stubs |= set(stubs)
        if whole in self.builder.layers:
            stage.layer = self.builder.layers[whole]
            return
        layer = self._layer(stage.layer, whole)
        request = {"argv": self._program(stage, words, env), "env": env, "cwd": stage.config["WorkingDir"], "uid": uid, "gid": gid, "groups": groups}
        request |= {"mounts": mounts, "network": network}
        status, output = self._sandbox(layer, request)
        if status != 0:
            self.builder.log = output
            raise BuildError(f"`{' '.join(words)}` did not complete successfully: exit code: {status}\n{output[-1500:]}")
        self._clean_stubs(layer, stubs)
        layer.tree = scan(str(self.store.path(layer.upper)), stage.layer.tree)
        self.builder.layers[whole] = layer
        if any(mount.get("cache") for mount in mounts):
            self.builder.mounted.add(whole)
        stage.layer = layer

    def _script(self, stage: Stage, text: str) -> list[str]:
        if text.startswith("#!"):
            line, _, _rest = text.partition("\n")
            # BuildKit mounts the script; the shells that are generated take one on the command line as well
            return [*shlex.split(line[2:]), "-c", text]
        return [*stage.shell, text]

    def _program(self, stage: Stage, words: list[str], env: Mapping[str, str]) -> list[str]:
        if "/" in words[0]:
            return words
        assert stage.layer
        for folder in env["PATH"].split(":"):
            path = resolve(stage.layer.tree, f"{folder}/{words[0]}")
            if path in stage.layer.tree and stage.layer.tree[path].kind == "file":
                return [f"{folder}/{words[0]}", *words[1:]]
        raise BuildError(f"exec: {words[0]}: executable file not found in $PATH")

    def _layer(self, parent: Layer, key: str) -> Layer:
        return Layer(self._folder("u"), self._folder("w"), parent, {}, key)

    def _sandbox(self, layer: Layer, request: dict[str, Any]) -> tuple[int, str]:
        assert layer.parent
        return self.store.sandbox.run({"lowers": layer.parent.uppers(), "upper": layer.upper, "work": layer.work, **request})

    def _stubs(self, tree: Tree, targets: list[str]) -> list[str]:
        """Folders that only a mount needs: BuildKit takes them away again."""
        found = []
        for target in targets:
            path = posixpath.normpath(target)
            while path not in ("/", ""):
                if path not in tree:
                    found.append(path)
                path = posixpath.dirname(path)
        found += [name for name in ("/proc", "/dev") if name not in tree]
        return sorted(set(found), reverse=True)

    def _clean_stubs(self, layer: Layer, stubs: list[str]) -> None:
        for path in stubs:
            place = self.store.path(layer.upper) / path.lstrip("/")
            if place.is_dir() and not any(place.iterdir()):
                place.rmdir()
            elif place.is_file() and place.stat().st_size == 0:
                place.unlink()

    def _user(self, stage: Stage, text: str) -> tuple[int, int, list[int]]:
        name, _, group = text.partition(":")
        tree = stage.layer.tree if stage.layer else {}
        users = [line.split(":") for line in self._text(tree, "/etc/passwd").splitlines() if line.count(":") > 4]
        groups = [line.split(":") for line in self._text(tree, "/etc/group").splitlines() if line.count(":") > 1]
        uid, gid, more = 0, 0, []
        if name:
            found = next((item for item in users if item[0] == name), None) or next((item for item in users if item[2] == name), None)
            if found is not None:
                uid, gid = int(found[2]), int(found[3])
                more = [int(item[2]) for item in groups if len(item) > 3 and found[0] in item[3].split(",")]
            elif name.isdigit():
                uid = int(name)
            else:
                raise BuildError(f"unable to find user {name}: no matching entries in passwd file")
        if group:
            line = next((item for item in groups if item[0] == group), None)
            if line is None and not group.isdigit():
                raise BuildError(f"unable to find group {group}: no matching entries in group file")
            gid = int(line[2]) if line else int(group)
        return uid, gid, more

    def _home(self, stage: Stage, uid: int) -> str:
        tree = stage.layer.tree if stage.layer else {}
        lines = [line.split(":") for line in self._text(tree, "/etc/passwd").splitlines() if line.count(":") > 4]
        return next((line[5] for line in lines if line[2] == str(uid)), "/")

    def _text(self, tree: Tree, path: str) -> str:
        entry = tree.get(resolve(tree, path))
        return self._data(entry).decode("utf-8", "replace") if entry and entry.kind == "file" else ""

    def _data(self, entry: Entry) -> bytes:
        return _bytes(str(self.store.path(entry.place))) if entry.kind == "file" else b""

    def _mounts(self, stage: Stage, item: Instruction, index: int) -> tuple[list[dict[str, Any]], list[Any]]:
        mounts: list[dict[str, Any]] = []
        key: list[Any] = []
        for name, text in item.flags:
            if name == "mount":
                mount, part = self._mount(stage, dockerfile.expand(text, stage.env(), item.escape), index)
                mounts += [mount] if mount else []
                key.append(part)
        return mounts, key

    def _mount(self, stage: Stage, text: str, index: int) -> tuple[dict[str, Any] | None, list[Any]]:
        options: dict[str, str] = {}
        for part in text.split(","):
            name, sign, value = part.partition("=")
            options[name.lower()] = value if sign else "true"
        kind = options.get("type", "bind")
        target = options.get("target") or options.get("dst") or options.get("destination")
        if kind == "secret":
            return None, [kind, options.get("id", "")]
        if not target:
            raise BuildError(f"mount target not set: {text}")
        target = posixpath.join(stage.config["WorkingDir"], target)
        if kind == "tmpfs":
            return {"kind": "tmpfs", "target": target}, [kind, target]
        if kind == "cache":
            uid, gid = int(options.get("uid", 0)), int(options.get("gid", 0))
            mode = int(options.get("mode", "0755"), 8)
            identity = options.get("id") or target
            initial = self._initial(options, index) if "from" in options else None
            folder = self.builder.mount(posixpath.normpath(identity) if identity.startswith("/") else identity, mode, uid, gid, initial)
            readonly = options.get("ro", options.get("readonly", "false")) == "true"
            return {"kind": "bind", "source": folder, "target": target, "readonly": readonly, "cache": True}, [kind, target, identity, readonly]
        if kind != "bind":
            raise BuildError(f"unsupported mount type {kind!r}")
        source = posixpath.normpath("/" + options.get("source", options.get("src", "/")).lstrip("/"))
        writable = options.get("rw", options.get("readwrite", "false")) == "true"
        if "from" in options:
            return self._of_stage(options["from"], index, source, target, writable)
        folder = self._folder("b")
        tree = self._of_context()
        chosen = {path: value for path, value in tree.items() if path == source or source == "/" or path.startswith(source + "/")}
        if not chosen:
            raise BuildError(f"failed to calculate checksum: {source}: not found")
        place = folder
        for path, (entry, data) in sorted(chosen.items()):
            below = path[len(source) :].lstrip("/") if source != "/" else path.lstrip("/")
            where = self.store.path(folder) / below if below else self.store.path(folder)
            if not below and entry.kind == "file":
                place = f"{folder}/file"
                where = self.store.path(place)
            _put(where, entry, data if data is not None else self._data(entry))
        digest = hashlib.blake2b(repr([(path, value[0]) for path, value in sorted(chosen.items())]).encode()).hexdigest()
        return {"kind": "bind", "source": place, "target": target, "readonly": not writable}, [kind, target, digest]

    def _of_stage(self, name: str, index: int, source: str, target: str, writable: bool) -> tuple[dict[str, Any], list[Any]]:
        layer = self._layer_of(name, index, numbers=False)
        path = resolve(layer.tree, source)
        if path != "/" and path not in layer.tree:
            raise BuildError(f"failed to calculate checksum: {source}: not found")
        if writable:
            raise BuildError("a writable mount of a stage is not simulated")
        return {"kind": "bind", "lowers": layer.uppers(), "source": path, "target": target, "readonly": True}, ["bind", target, path, layer.key]

    def _initial(self, options: dict[str, str], index: int) -> Tree:
        source = posixpath.normpath("/" + options.get("source", "/").lstrip("/"))
        found = {}
        held = self._layer_of(options["from"], index, numbers=False).tree
        for path, entry in sorted(held.items()):
            if path.startswith(source.rstrip("/") + "/"):
                found[path[len(source.rstrip("/")) + 1 :]] = replace(entry, place=str(self.store.path(entry.place)) if entry.place else "")
        return found

    def _of_context(self) -> dict[str, tuple[Entry, bytes | None]]:
        if self._context_tree is None:
            self._context_tree = self.context.tree()
        return dict(self._context_tree)

    def _source(self, name: str, index: int) -> dict[str, tuple[Entry, bytes | None]]:
        return {path: (entry, None) for path, entry in self._layer_of(name, index).tree.items()}

    def _layer_of(self, name: str, index: int, *, numbers: bool = True) -> Layer:
        """What a stage or an image holds; for a mount a number is the name of an image."""
        at = self.find(name, index, numbers=numbers)
        layer = self.stage(at).layer if at is not None else self.store.bases.get(name)
        if layer is None:
            raise BuildError(f"{name}: not found")
        return layer

    # ------------------------------------------------------------ COPY

    def do_add(self, stage: Stage, item: Instruction, index: int) -> None:
        self.do_copy(stage, item, index)

    def do_copy(self, stage: Stage, item: Instruction, index: int) -> None:
        words = item.json if item.json is not None else self._words(stage, item)
        if item.json is not None:
            words = [dockerfile.expand(word, stage.env(), item.escape) for word in item.json]
        if len(words) < 2:
            raise BuildError(f"{item.name} requires at least two arguments")
        *sources, target = words
        origin = item.flag("from")
        tree = self._source(origin, index) if origin else self._of_context()
        owner = self._user(stage, dockerfile.expand(item.flag("chown") or "0:0", stage.env(), item.escape))[:2] if item.flag("chown") else (None, None)
        if item.flag("chown") and ":" not in str(item.flag("chown")) and str(item.flag("chown")).isdigit():
            owner = (int(str(item.flag("chown"))), int(str(item.flag("chown"))))
        mode = int(item.flag("chmod") or "0", 8) if item.flag("chmod") else None
        place = posixpath.join(stage.config["WorkingDir"], target)
        is_folder = target.endswith(("/", "/.")) or target in (".", "..")
        entries: list[dict[str, Any]] = []
        docs = {doc.name: doc for doc in item.heredocs}
        for source in sources:
            match = dockerfile.HEREDOC.fullmatch(source) if docs else None
            if match:
                text = docs[match[3]].text
                text = text if docs[match[3]].raw else "".join(dockerfile.expand(line, stage.env(), "\\") if "$" in line else line for line in text.splitlines(True))
                entry = Entry("file", 0o644, 0, 0)
                self._one(entries, entry, text.encode(), posixpath.join(place, match[3]) if is_folder else place, owner, mode)
                continue
            if item.name == "ADD" and source.startswith(("http://", "https://")):
                raise BuildError("ADD of an address is not simulated")
            found = self._match(tree, source, origin)
            if not found:
                raise BuildError(f'failed to calculate checksum: "{source}": not found')
            if len(sources) + len(found) > 2 and not is_folder:
                raise BuildError(f"When using {item.name} with more than one source file, the destination must be a directory and end with a /")
            for path in found:
                self._copy(entries, tree, path, place, is_folder, owner, mode, item.name == "ADD" and not origin)
        signature = [(entry["path"], entry["kind"], entry.get("mode"), entry["uid"], entry["gid"], entry.get("target"), entry.get("digest")) for entry in entries]
        self._write(stage, entries, f"COPY {signature}")

    def _match(self, tree: Mapping[str, Any], source: str, origin: str | None) -> list[str]:
        path = posixpath.normpath("/" + source.lstrip("/"))
        if not any(char in path for char in "*?["):
            if origin:
                path = resolve({name: value[0] for name, value in tree.items()}, path, last=False)
            return [path] if path == "/" or path in tree else []
        expression = re.compile(fnmatch.translate(path).replace(".*", "[^/]*").replace("(?s:.)", "[^/]"))
        return sorted(name for name in tree if name.count("/") == path.count("/") and expression.match(name))

    def _copy(self, entries: list[dict[str, Any]], tree: Mapping[str, tuple[Entry, bytes | None]], path: str, place: str, is_folder: bool, owner: tuple[int | None, int | None], mode: int | None, unpack: bool) -> None:
        entry, data = tree[path] if path != "/" else (Entry("folder", 0o755, 0, 0), b"")
        if entry.kind != "folder":
            content = data if data is not None else self._data(entry) if entry.kind == "file" else b""
            if unpack and path.endswith((".tar.gz", ".tgz")) and content[:2] == b"\x1f\x8b":
                self._unpack(entries, content, place, owner)
                return
            self._one(entries, entry, content, posixpath.join(place, posixpath.basename(path)) if is_folder else place, owner, mode)
            return
        entries.append({"path": posixpath.normpath(place), "kind": "folder", "mode": 0o755, "uid": owner[0] or 0, "gid": owner[1] or 0, "parent": [owner[0] or 0, owner[1] or 0]})
        prefix = path.rstrip("/") + "/"
        for name in sorted(tree):
            if name.startswith(prefix):
                below, inner = tree[name]
                self._one(entries, below, inner if inner is not None else self._data(below), posixpath.join(place, name[len(prefix) :]), owner, mode)

    def _one(self, entries: list[dict[str, Any]], entry: Entry, data: bytes, place: str, owner: tuple[int | None, int | None], mode: int | None) -> None:
        uid = entry.uid if owner[0] is None else owner[0]
        gid = entry.gid if owner[1] is None else owner[1]
        item: dict[str, Any] = {"path": posixpath.normpath(place), "kind": entry.kind, "uid": uid, "gid": gid, "parent": [owner[0] or 0, owner[1] or 0]}
        if entry.kind == "link":
            item["target"] = entry.data
        else:
            item["mode"] = entry.mode if mode is None else mode
        if entry.kind == "folder":
            item["reset"] = True
        if entry.kind == "file":
            item["text"] = data.decode("latin-1")
            item["digest"] = hashlib.blake2b(data, digest_size=12).hexdigest()
        entries.append(item)

    def _unpack(self, entries: list[dict[str, Any]], data: bytes, place: str, owner: tuple[int | None, int | None]) -> None:
        entries.append({"path": posixpath.normpath(place), "kind": "folder", "mode": 0o755, "uid": owner[0] or 0, "gid": owner[1] or 0})
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            for info in tar:
                stream = tar.extractfile(info)
                entry = Entry("file", info.mode, info.uid, info.gid)
                self._one(entries, entry, stream.read() if stream else b"", posixpath.join(place, info.name), owner, None)

    def _write(self, stage: Stage, entries: list[dict[str, Any]], what: str) -> None:
        key = _digest(stage.layer, what)
        if key not in self.builder.layers:
            assert stage.layer
            layer = Layer(self._folder("u"), "", stage.layer, dict(stage.layer.tree), key)
            writer = Writer(self.store.path(layer.upper), layer.tree)
            for entry in entries:
                writer.add(entry)
            self.builder.layers[key] = layer
        stage.layer = self.builder.layers[key]

    # ------------------------------------------------------------ start


def start(store: Store, built: Built, network: bool = True) -> tuple[int, str]:
    """Runs the container's command; its exit status and output."""
    builder = Builder(store, network)
    build = Build(builder, Context({}))
    stage = Stage(None, built.layer, built.config)
    try:
        command = built.config.get("Cmd") or []
        words = [*(built.config.get("Entrypoint") or []), *command]
        if not words:
            return 0, "(no command)"
        uid, gid, groups = build._user(stage, built.config.get("User") or "")
        env = dict(built.config["Env"])
        env.setdefault("PATH", images.PATH)
        env.setdefault("HOME", build._home(stage, uid))
        assert built.layer
        layer = build._layer(built.layer, "start")
        request = {"argv": build._program(stage, words, env), "env": env, "cwd": built.config["WorkingDir"], "uid": uid, "gid": gid, "groups": groups}
        return build._sandbox(layer, {**request, "network": network})
    except BuildError as error:
        return 127, str(error)
    finally:
        builder.close()


class Writer:
    """Writes what COPY and WORKDIR bring into a layer's folder, and into its tree: what an overlay would make of it."""

    def __init__(self, upper: Path, tree: Tree) -> None:
        self.upper, self.tree = upper, tree

    def add(self, entry: dict[str, Any]) -> None:
        """Adds one folder, file or link. Raises BuildError where something else is in the way."""
        kind, owner = entry["kind"], entry.get("parent", [0, 0])
        path = resolve(self.tree, entry["path"], last=kind == "folder")
        if path == "/":
            return
        known = self.tree.get(path)
        if kind == "folder":
            linked = self.tree.get(resolve(self.tree, entry["path"], last=False))
            if (known is not None and known.kind != "folder") or (entry.get("reset") and linked is not None and linked.kind == "link"):
                raise BuildError(f"cannot copy to non-directory: {path}")
            self.parents(posixpath.dirname(path), owner)
            if known is None or entry.get("reset"):
                known = Entry("folder", entry["mode"], entry["uid"], entry["gid"])
            self.folder(path, known)
            return
        if known is not None and known.kind == "folder":
            raise BuildError(f"cannot copy to non-directory: {path}")
        self.parents(posixpath.dirname(path), owner)
        place = self.upper / path.lstrip("/")
        if os.path.lexists(place):
            place.unlink()
        if kind == "link":
            place.symlink_to(entry["target"])
            made = Entry("link", 0o777, entry["uid"], entry["gid"], entry["target"])
        else:
            place.write_bytes(entry["text"].encode("latin-1"))
            made = Entry("file", entry["mode"], entry["uid"], entry["gid"], entry["digest"], str(place))
        os.lchown(place, entry["uid"], entry["gid"])
        if kind != "link":
            place.chmod(entry["mode"])
        self.tree[path] = made

    def parents(self, path: str, owner: list[int]) -> None:
        """The folders above, made where they are not there; those of lower layers as they are there."""
        if path == "/":
            return
        known = self.tree.get(path)
        if known is not None and known.kind != "folder":
            raise BuildError(f"not a directory: {path}")
        self.parents(posixpath.dirname(path), owner)
        self.folder(path, known or Entry("folder", 0o755, owner[0], owner[1]))

    def folder(self, path: str, entry: Entry) -> None:
        place = self.upper / path.lstrip("/")
        if not place.is_dir() or self.tree.get(path) != entry:
            place.mkdir(exist_ok=True)
            os.chown(place, entry.uid, entry.gid)
            place.chmod(entry.mode)
        self.tree[path] = entry


def _put(where: Path, entry: Entry, data: bytes) -> None:
    if entry.kind == "folder":
        where.mkdir(parents=True, exist_ok=True)
    elif entry.kind == "link":
        where.parent.mkdir(parents=True, exist_ok=True)
        where.symlink_to(entry.data)
        return
    else:
        where.parent.mkdir(parents=True, exist_ok=True)
        where.write_bytes(data)
    os.chown(where, entry.uid, entry.gid)
    where.chmod(entry.mode)


def _digest(parent: Layer | None, *parts: Any) -> str:
    return hashlib.blake2b(repr([parent.key if parent else "", *parts]).encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


def resolve(tree: Mapping[str, Entry], path: str, last: bool = True) -> str:
    """A path with the links on its way followed, within the image."""
    done = "/"
    parts = [part for part in path.split("/") if part and part != "."]
    hops = 0
    while parts:
        part = parts.pop(0)
        if part == "..":
            done = posixpath.dirname(done)
            continue
        here = posixpath.join(done, part)
        entry = tree.get(here)
        if entry is not None and entry.kind == "link" and (parts or last) and hops < 40:
            hops += 1
            parts = [item for item in entry.data.split("/") if item and item != "."] + parts
            if entry.data.startswith("/"):
                done = "/"
            continue
        done = here
    return done
