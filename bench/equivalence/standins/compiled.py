"""go, cargo, mvn, cc, make: module caches, build caches by content, products. Effects of go: recorded.json."""

import os
import sys

from common import binary, cached, digest, empty, fail, home, need_network, read, remove, shell, split, tree, write

# ------------------------------------------------------------ go


def go_folders():
    path = os.environ.get("GOPATH") or f"{home()}/go"
    return path, os.environ.get("GOMODCACHE") or f"{path}/pkg/mod", os.environ.get("GOCACHE") or f"{home()}/.cache/go-build"


class Module:
    def __init__(self):
        folder = os.getcwd()
        while not os.path.exists(f"{folder}/go.mod"):
            if folder == "/":
                fail("go: go.mod file not found in current directory or any parent directory; see 'go help modules'")
            folder = os.path.dirname(folder)
        self.folder, self.name, self.needs, self.replaced = folder, "app", {}, {}
        for line in read(f"{folder}/go.mod").splitlines():
            words = line.replace("require", "").split()
            if line.startswith("module "):
                self.name = words[1]
            elif line.startswith("replace "):
                self.replaced[words[1]] = words[3]
            elif len(words) == 2 and words[1].startswith("v"):
                self.needs[words[0]] = words[1]

    def sums(self):
        known = read(f"{self.folder}/go.sum", "")
        for name, version in self.needs.items():
            if name not in self.replaced and f"{name} {version}" not in known:
                fail(f"go: {name}@{version}: missing go.sum entry")

    def load(self, cache):
        """The text of each module needed."""
        self.sums()
        texts = []
        for name, version in self.needs.items():
            if name in self.replaced:
                where = os.path.normpath(os.path.join(self.folder, self.replaced[name]))
                if not os.path.exists(f"{where}/go.mod"):
                    fail(f"go: {name}: replacement directory {self.replaced[name]} does not exist")
                texts.append("".join(read(f"{where}/{item}") for item in tree(where)))
            else:
                texts.append(module(cache, name, version))
        return texts


def module(cache, name, version):
    path = f"{cache}/{name}@{version}/lib.go"
    if os.path.exists(path):
        return read(path)
    text = cached(f"{cache}/cache/download", f"{name}/@v/{version}.zip", f"package {name} {version}\n", f"go: {name}@{version}: Get")
    write(path, text, 0o444)
    return text


def go(_, words):
    options, rest = split(words[1:], values=("-o", "-ldflags", "-tags", "-mod", "-p", "-C"))
    command = words[0] if words else "help"
    top, modules, builds = go_folders()
    if command == "mod" and rest[:1] in (["download"], ["tidy"], ["verify"], ["vendor"]):
        loaded = Module()
        texts = loaded.load(modules)
        if rest[0] == "vendor":
            for name, text in zip(loaded.needs, texts):
                write(f"{loaded.folder}/vendor/{name}/lib.go", text)
    elif command in ("build", "install", "test", "vet", "generate", "run"):
        for item in rest if command == "install" else ():
            if "@" in item:
                name, version = item.split("@")
                text = module(modules, name, version.replace("latest", "v1.0.0"))
                binary(f"{os.environ.get('GOBIN') or top + '/bin'}/{name.rsplit('/', 1)[-1]}", digest(text))
                return
        build(command, options, rest, modules, builds, top)
    elif command == "clean":
        if "-modcache" in options:
            empty(modules)
            remove(modules)
        if "-cache" in options:
            empty(builds)
    elif command == "env":
        print("\n".join({"GOPATH": top, "GOMODCACHE": modules, "GOCACHE": builds}.get(item, "") for item in rest))
    elif command == "get":
        module(modules, *rest[0].replace("@latest", "@v1.0.0").split("@"))
    else:
        print("go version go1.22")


def build(command, options, rest, modules, builds, top):
    loaded = Module()
    vendored = os.path.isdir(f"{loaded.folder}/vendor")
    texts = [read(f"{loaded.folder}/vendor/{item}") for item in tree(f"{loaded.folder}/vendor")] if vendored else loaded.load(modules)
    package = (rest or ["."])[0]
    where = loaded.folder if package.endswith("...") else os.path.normpath(os.path.join(os.getcwd(), package))
    if where.endswith(".go"):
        where = os.path.dirname(where)
    sources = [item for item in tree(where, ("vendor",)) if item.endswith(".go")]
    if not sources:
        fail(f"no Go files in {where}")
    code = [read(f"{loaded.folder}/{item}") for item in tree(loaded.folder, ("vendor", "bin")) if item.endswith(".go")]
    for line in "\n".join(read(f"{where}/{item}") for item in sources).splitlines():
        if line.startswith("//go:embed "):
            for name in line.split()[1:]:
                path = os.path.join(where, name)
                if not os.path.exists(path):
                    fail(f"pattern {name}: no matching files found")
                code += [read(path)] if os.path.isfile(path) else [read(f"{path}/{item}") for item in tree(path)]
    settings = [os.environ.get(name, "") for name in ("GOOS", "GOARCH", "CGO_ENABLED", "GOFLAGS", "CGO_CFLAGS")]
    key = digest(*texts, *code, options.get("-ldflags"), options.get("-tags"), *settings)
    if os.path.exists(f"{builds}/{key[:2]}/{key}"):
        product = read(f"{builds}/{key[:2]}/{key}")
    else:
        product = f"{loaded.name} {key}"
        write(f"{builds}/{key[:2]}/{key}", product)
    name = loaded.name.rsplit("/", 1)[-1] if where == loaded.folder else where.rsplit("/", 1)[-1]
    if command == "install":
        binary(f"{os.environ.get('GOBIN') or top + '/bin'}/{name}", product)
    elif command == "build" and not (package.endswith("...") and "-o" not in options):
        out = (options.get("-o") or [name])[0]
        binary(os.path.join(out, name) if out.endswith("/") or os.path.isdir(out) else out, product)
    elif command == "run":
        print(product)


# ------------------------------------------------------------ cargo


def toml(path):
    """Sections with their plain lines."""
    found, section = {}, ""
    for line in read(path).splitlines():
        line = line.strip()
        if line.startswith("["):
            section = line.strip("[]")
            found.setdefault(section, {})
        elif "=" in line:
            key, value = (part.strip() for part in line.split("=", 1))
            found.setdefault(section, {})[key] = value
    return found


def quoted(text, key):
    return text.split(f'{key} = "', 1)[1].split('"')[0] if f'{key} = "' in text else None


class Crate:
    def __init__(self, folder):
        if not os.path.exists(f"{folder}/Cargo.toml"):
            fail(f"error: could not find `Cargo.toml` in `{os.path.abspath(folder)}`", 101)
        self.folder, data = folder, toml(f"{folder}/Cargo.toml")
        self.name = data.get("package", {}).get("name", '"app"').strip('"')
        self.needs, self.paths, self.targets = {}, [], []
        for name, value in data.get("dependencies", {}).items():
            if quoted(value, "path"):
                self.paths.append(Crate(os.path.normpath(os.path.join(folder, quoted(value, "path")))))
            else:
                self.needs[name] = value.strip('"')
        for member in data.get("workspace", {}).get("members", "[]").strip("[]").split(","):
            if member.strip():
                self.paths.append(Crate(os.path.join(folder, member.strip().strip('"'))))
        if "package" in data and not os.path.exists(f"{folder}/src/main.rs") and not os.path.exists(f"{folder}/src/lib.rs"):
            fail(f"error: no targets specified in the manifest: {folder}/src/main.rs", 101)
        if "[bench]" in data and not os.path.isdir(f"{folder}/benches"):
            fail("error: can't find bench", 101)

    def all(self):
        return [self, *(item for path in self.paths for item in path.all())]


def cargo(_, words):
    options, rest = split(words, values=("--bin", "-p", "--target", "--features", "--path", "--root", "--manifest-path"))
    command, *names = rest or ["help"]
    top = os.environ.get("CARGO_HOME") or f"{home()}/.cargo"

    def registry(name, version):
        text = cached(f"{top}/registry/cache", f"{name}-{version}.crate", f"{name} {version}\n", f"error: failed to download `{name}`")
        write(f"{top}/registry/src/{name}-{version}/lib.rs", text)
        return text

    if command == "install" and names:
        binary(f"{top}/bin/{names[0]}", digest(registry(names[0], "1.0")))
        return
    if command not in ("fetch", "build", "test", "check", "run"):
        print("cargo 1.75")
        return
    crates = Crate(".").all()
    needs = {name: version for crate in crates for name, version in crate.needs.items()}
    listed = "".join(f"{name} {version}\n" for name, version in sorted(needs.items()))
    if read("Cargo.lock", "").replace("# lock\n", "") != listed:
        if "--locked" in options or "--frozen" in options:
            fail("error: the lock file Cargo.lock needs to be updated but --locked was passed", 101)
        need_network("error: failed to update registry")
        write("Cargo.lock", "# lock\n" + listed)
    texts = [registry(name, version) for name, version in sorted(needs.items())]
    if command == "fetch":
        return
    target = os.environ.get("CARGO_TARGET_DIR", "target")
    kind = "release" if "--release" in options else "debug"
    sources = [read(f"{crate.folder}/{item}") for crate in crates for item in tree(crate.folder, ("target",)) if item.endswith(".rs")]
    key = digest(*texts, *sources, os.environ.get("RUSTFLAGS", ""), kind)
    for crate in crates:
        if os.path.exists(f"{crate.folder}/src/main.rs"):
            binary(f"{target}/{kind}/{crate.name}", f"{crate.name} {key}")
        else:
            write(f"{target}/{kind}/lib{crate.name}.rlib", key)
    write(f"{target}/{kind}/.fingerprint/{key}", key)


# ------------------------------------------------------------ Maven


def inner(text, name):
    return [part.split(f"</{name}>")[0] for part in text.split(f"<{name}>")[1:]]


class Pom:
    def __init__(self, path):
        if not os.path.exists(path):
            fail(f"[ERROR] there is no POM in this directory: {path}")
        text = read(path)
        self.folder = os.path.dirname(path) or "."
        self.needs = [(inner(item, "groupId")[0], inner(item, "artifactId")[0]) for item in inner(text, "dependency")]
        self.name = inner(text.split("<dependencies>")[0], "artifactId")[0]
        self.modules = [Pom(f"{self.folder}/{name}/pom.xml") for name in inner(text, "module")]

    def all(self):
        return [*(item for pom in self.modules for item in pom.all()), self]


def mvn(_, words):
    words = [word for word in words if not word.startswith(("-D", "-X"))] if not any("repo.local" in w for w in words) else words
    options, goals = split(words, values=("-f", "--file", "-pl", "-s", "-P"))
    local = [word.split("=", 1)[1] for word in words if word.startswith("-Dmaven.repo.local=")]
    repository = local[0] if local else f"{home()}/.m2/repository"
    offline = "-o" in options or "--offline" in options
    poms = Pom((options.get("-f") or options.get("--file") or ["pom.xml"])[0]).all()
    made = {pom.name: pom for pom in poms}

    def artifact(group, name):
        path = f"{repository}/{group.replace('.', '/')}/{name}/1.0/{name}-1.0.jar"
        if os.path.exists(path):
            return read(path)
        if group == "local" or offline:
            fail(f"[ERROR] Could not find artifact {group}:{name}:jar:1.0")
        need_network("[ERROR] Could not transfer artifact")
        write(path, f"{group}:{name}\n")
        return read(path)

    artifact("org.apache.maven.plugins", "maven-compiler-plugin")
    for goal in goals:
        for pom in poms:
            texts = [artifact(group, name) for group, name in pom.needs if name not in made]
            if "dependency" in goal:
                continue
            if goal == "clean":
                remove(f"{pom.folder}/target")
            if goal in ("package", "install", "verify", "deploy"):
                code = [read(f"{pom.folder}/src/{item}") for item in tree(f"{pom.folder}/src")]
                below = [read(f"{made[name].folder}/target/{name}.jar") for _, name in pom.needs if name in made]
                write(f"{pom.folder}/target/{pom.name}.jar", f"{pom.name} {digest(*texts, *code, *below)}\n")
            if goal == "install":
                write(f"{repository}/local/{pom.name}/1.0/{pom.name}-1.0.jar", read(f"{pom.folder}/target/{pom.name}.jar"))


def java(_, words):
    print(read(words[words.index("-jar") + 1]).strip() if "-jar" in words else "openjdk 21")


# ------------------------------------------------------------ C


def cc(_, words):
    options, rest = split(words, values=("-o", "-I", "-L"))
    if not rest:
        print("gcc 12")
        return
    texts = []
    for path in rest:
        text = read(path)
        for line in text.splitlines():
            if line.startswith('#include "'):
                texts.append(read(os.path.join(os.path.dirname(path), line.split('"')[1])))
            if line.startswith("#include <"):
                texts.append(read("/usr/include/" + line.split("<")[1].split(">")[0]))
        texts.append(text)
    binary((options.get("-o") or ["a.out"])[0], digest(*texts, *sorted(item for item in options if item.startswith("-O"))))


def make(_, words):
    options, rest = split(words, values=("-C", "-f"))
    if options.get("-C"):
        os.chdir(options["-C"][0])
    text = read("Makefile")
    goal = ([item for item in rest if "=" not in item] or [text.split(":")[0]])[0]
    env = dict(item.split("=", 1) for item in rest if "=" in item)
    current = None
    for line in text.splitlines():
        if line.startswith("\t"):
            if current == goal and shell(line.strip().lstrip("@"), env=env):
                fail(f"make: *** [Makefile: {goal}] Error 1", 2)
        elif ":" in line:
            current = line.split(":")[0].strip()


COMMANDS = {"go": go, "cargo": cargo, "mvn": mvn, "java": java, "gcc": cc, "cc": cc, "make": make}
