"""npm, yarn (classic), pnpm, node, tsc: caches by package, node_modules, workspaces, life cycle scripts. Effects of npm: recorded.json."""

import os
import sys

from common import (
    TOOLS,
    cached,
    digest,
    dump,
    empty,
    fail,
    home,
    link,
    literal,
    read,
    remove,
    shell,
    split,
    tree,
    writable,
    write,
)

# name: what it needs, install script, program
PACKAGES = {
    "is-number": ([], "", ""),
    "is-odd": (["is-number"], "", ""),
    "left-pad": ([], "", ""),
    "express": (["left-pad"], "", ""),
    "typescript": ([], "", "tsc"),
    "serve": ([], "", "serve"),
    # its script compiles by the environment
    "bcrypt": ([], 'mkdir -p build && echo "${CFLAGS:-none} $(cat /usr/include/ffi.h 2>/dev/null)" > build/bcrypt.node', ""),
    "jest": (["is-odd"], "", "jest"),
    "yarn": ([], "", ""),
    "pnpm": ([], "", ""),
}
NEWEST = "3.0.0"


def cache_of(tool, options):
    env = os.environ
    if tool == "npm":
        return (options.get("--cache") or [env.get("npm_config_cache") or env.get("NPM_CONFIG_CACHE") or f"{home()}/.npm"])[0] + "/_cacache"
    if tool == "yarn":
        plain = "/usr/local/share/.cache/yarn" if os.geteuid() == 0 else f"{home()}/.cache/yarn"
        return (options.get("--cache-folder") or [env.get("YARN_CACHE_FOLDER") or plain])[0] + "/v6"
    store = env.get("npm_config_store_dir") or env.get("NPM_CONFIG_STORE_DIR")
    store = store or (f"{env['PNPM_HOME']}/store" if env.get("PNPM_HOME") else f"{home()}/.local/share/pnpm/store")
    return (options.get("--store-dir") or [store])[0] + "/v3"


class Project:
    """The package.json of a folder, with those of its members."""

    def __init__(self, folder="."):
        path = os.path.join(folder, "package.json")
        if not os.path.exists(path):
            fail(f"npm ERR! enoent ENOENT: no such file or directory, open '{os.path.abspath(path)}'", 254)
        self.folder, self.data = folder, literal(path)
        self.members = []
        patterns = self.data.get("workspaces", [])
        if os.path.exists(os.path.join(folder, "pnpm-workspace.yaml")):
            lines = read(os.path.join(folder, "pnpm-workspace.yaml")).splitlines()
            patterns = [line.strip(" -'\"") for line in lines if line.strip().startswith("-")]
        for pattern in patterns:
            for name in self.matching(pattern):
                if os.path.exists(os.path.join(folder, name, "package.json")):
                    self.members.append(Project(os.path.join(folder, name)))
                elif not pattern.endswith("*"):
                    # npm warns and goes on; the member is not linked
                    sys.stderr.write(f"npm WARN workspaces {name} has no package.json\n")

    def matching(self, pattern):
        if not pattern.endswith("/*"):
            return [pattern]
        top = pattern[:-2]
        where = os.path.join(self.folder, top)
        return [f"{top}/{name}" for name in sorted(os.listdir(where))] if os.path.isdir(where) else []

    @property
    def name(self):
        return self.data.get("name", "app")

    def needs(self, dev):
        found = dict(self.data.get("dependencies", {}))
        if dev:
            found.update(self.data.get("devDependencies", {}))
        return found


def closure(project, dev):
    """name: version or file: path, of all that a project and its members need."""
    wanted, own = {}, {member.name for member in project.members}
    for item in [project, *project.members]:
        for name, version in item.needs(dev).items():
            if name in own:
                continue
            if version.startswith(("file:", "link:")):
                wanted[name] = "file:" + os.path.normpath(os.path.join(item.folder, version.split(":", 1)[1]))
            else:
                wanted[name] = version.lstrip("^~").replace("*", NEWEST).replace("latest", NEWEST)
    queue = list(wanted)
    while queue:
        name = queue.pop(0)
        if wanted[name].startswith("file:"):
            below = Project(wanted[name][5:]).needs(False)
        elif name in PACKAGES:
            below = dict.fromkeys(PACKAGES[name][0], NEWEST)
        else:
            fail(f"npm ERR! 404 Not Found - GET https://registry.npmjs.org/{name}")
        for other, version in below.items():
            if other not in wanted and other not in own:
                wanted[other] = version
                queue.append(other)
    return wanted


def fetch(tool, cache, name, version):
    key = f"https://registry.npmjs.org/{name}/-/{name}-{version}.tgz"
    return cached(cache, f"content/{digest(key)}", f"{name} {version}\n", f"{tool} ERR! network")


def place(tool, cache, name, version, modules, scripts):
    text = fetch(tool, cache, name, version)
    folder = f"{modules}/{name}"
    remove(folder)
    _, script, bin_name = PACKAGES[name]
    write(f"{folder}/package.json", dump({"name": name, "version": version}) + "\n")
    write(f"{folder}/index.js", f'module.exports = "{text.strip()}"\n')
    if bin_name:
        bins = f"{modules}/.bin/{bin_name}"
        if bin_name == "tsc":
            link(TOOLS, bins)
        else:
            write(bins, f"#!/bin/sh\necho {bin_name} {version} \"$@\"\n", 0o755)
    if script and scripts and shell(script, folder):
        fail(f"{tool} ERR! {name}: its install script failed")


def install(tool, options, strict, lock):
    project = Project()
    production = os.environ.get("NODE_ENV") == "production" and not options.get("--include")
    dev = not (production or "dev" in options.get("--omit", []) or {"--production", "--prod", "-P"} & set(options))
    cache = cache_of(tool, options)
    if not writable(cache):
        if tool == "npm":
            fail("npm ERR! Your cache folder contains root-owned files")
        cache = None
    whole = closure(project, True)
    listed = "".join(f"{name} {version}\n" for name, version in sorted(whole.items()))
    if os.path.exists(lock):
        known = read(lock)
        if strict and lock_lines(known) != listed:
            fail(f"{tool} ERR! {lock} and package.json are not in sync")
        if not strict and lock_lines(known) != listed:
            write(lock, as_lock(lock, listed))
    elif strict and tool in ("npm", "pnpm"):
        fail(f"{tool} ERR! The command can only install with an existing {lock}")
    elif tool != "npm" or "--no-package-lock" not in options:
        if not strict:
            write(lock, as_lock(lock, listed))
    scripts = "--ignore-scripts" not in options
    if tool == "npm" and strict:
        remove("node_modules")
    if scripts:
        lifecycle(tool, project, ("preinstall",))
    for name, version in sorted(closure(project, dev).items()):
        if version.startswith("file:"):
            link(os.path.relpath(version[5:], "node_modules"), f"node_modules/{name}")
        elif not os.path.exists(f"node_modules/{name}/package.json"):
            place(tool, cache, name, version, "node_modules", scripts)
    for member in project.members:
        link(os.path.relpath(member.folder, "node_modules"), f"node_modules/{member.name}")
        for name, path in member.data.get("bin", {}).items():
            if os.path.exists(os.path.join(member.folder, path)):
                link(os.path.relpath(os.path.join(member.folder, path), "node_modules/.bin"), f"node_modules/.bin/{name}")
    write(f"node_modules/.{tool}-state", listed)
    if scripts:
        lifecycle(tool, project, ("install", "postinstall", "prepare"))
    if tool == "npm":
        log(cache)
    print(f"added {len(whole)} packages")


def as_lock(lock, listed):
    if lock.endswith(".json"):
        packages = {f"node_modules/{line.split()[0]}": {"version": line.split()[1]} for line in listed.splitlines()}
        return dump({"lockfileVersion": "3", "packages": packages}) + "\n"
    return "# lock\n" + "".join(f"{line.replace(' ', ': ')}\n" for line in listed.splitlines())


def lock_lines(text):
    """The lines of a lock file, in any of its forms."""
    if text.startswith("{"):
        data = eval(text, {"__builtins__": {}, "true": True, "false": False, "null": None}).get("packages", {})
        pairs = [(path.rsplit("node_modules/", 1)[1], item["version"]) for path, item in data.items() if "node_modules/" in path]
        return "".join(f"{name} {version}\n" for name, version in sorted(pairs))
    return "".join(line.replace(": ", " ", 1) + "\n" for line in text.splitlines() if line and not line.startswith("#"))


def log(cache):
    if cache:
        write(os.path.dirname(cache) + "/_logs/debug.log", "ok\n")


def lifecycle(tool, project, names):
    for item in [project, *project.members]:
        for name in names:
            script = item.data.get("scripts", {}).get(name)
            if script and run_script(script, item.folder):
                fail(f"{tool} ERR! {item.name}: {name} failed")


def run_script(script, folder="."):
    path = f"{os.path.abspath('node_modules/.bin')}:{os.path.abspath(folder)}/node_modules/.bin:{os.environ.get('PATH', '')}"
    return shell(script, folder, {"PATH": path})


def globally(tool, options, names):
    cache = cache_of(tool, options)
    if not writable(cache):
        fail("npm ERR! Your cache folder contains root-owned files")
    modules = "/usr/local/lib/node_modules"
    queue = list(names)
    for word in queue:
        name, _, version = word.partition("@")
        if name not in PACKAGES:
            fail(f"npm ERR! 404 {name}")
        place(tool, cache, name, version.replace("latest", "") or NEWEST, modules, True)
        queue += [item for item in PACKAGES[name][0] if item not in queue]
        bins = f"{modules}/.bin/{PACKAGES[name][2]}"
        if PACKAGES[name][2]:
            link(bins, f"/usr/local/bin/{PACKAGES[name][2]}")
        if name in ("yarn", "pnpm"):
            link(TOOLS, f"/usr/local/bin/{name}")
    log(cache)


VALUES = ("--omit", "--include", "--cache", "--prefix", "--registry", "--cache-folder", "--store-dir", "-w", "--workspace", "--loglevel")


def npm(_, words):
    options, rest = split(words, values=VALUES)
    command, *names = rest or ["help"]
    if command == "ci":
        install("npm", options, True, "package-lock.json")
    elif command in ("install", "i"):
        if "-g" in options or "--global" in options:
            globally("npm", options, names)
        elif names:
            for name in names:
                name, _, version = name.partition("@")
                data = literal("package.json") if os.path.exists("package.json") else {"name": "app"}
                data.setdefault("dependencies", {})[name] = version or NEWEST
                write("package.json", dump(data) + "\n")
            install("npm", options, False, "package-lock.json")
        else:
            install("npm", options, False, "package-lock.json")
    elif command == "cache":
        if names[:1] == ["clean"]:
            if "--force" not in options and "-f" not in options:
                fail("npm ERR! As of npm@5, the npm cache self-heals; use --force")
            empty(cache_of("npm", options))
    elif command in ("run", "run-script", "start", "test"):
        scripted("npm", names[0] if command.startswith("run") else command)
    elif command == "prune":
        project = Project()
        kept = closure(project, not ({"--production"} & set(options) or "dev" in options.get("--omit", [])))
        for name in sorted(os.listdir("node_modules")) if os.path.isdir("node_modules") else ():
            if name in PACKAGES and name not in kept:
                remove(f"node_modules/{name}")
    elif command == "config":
        if names[:1] == ["set"]:
            write(f"{home()}/.npmrc", read(f"{home()}/.npmrc", "") + " ".join(names[1:]) + "\n")
    elif command == "uninstall":
        for name in names:
            remove(f"/usr/local/lib/node_modules/{name}")
    else:
        print("10.0.0")


def scripted(tool, name):
    project = Project()
    script = project.data.get("scripts", {}).get(name)
    if script is None:
        fail(f"{tool} ERR! Missing script: {name}")
    sys.exit(run_script(script))


def yarn(_, words):
    options, rest = split(words, values=VALUES)
    command, *names = rest or ["install"]
    if command == "install":
        install("yarn", options, "--frozen-lockfile" in options, "yarn.lock")
    elif command == "cache":
        if names == ["dir"]:
            print(cache_of("yarn", options))
        elif names[:1] == ["clean"]:
            empty(os.path.dirname(cache_of("yarn", options)))
    elif command == "run":
        scripted("yarn", names[0])
    elif command in ("build", "start", "test"):
        scripted("yarn", command)
    else:
        print("1.22.0")


def pnpm(_, words):
    options, rest = split(words, values=VALUES)
    command, *names = rest or ["help"]
    if command in ("install", "i"):
        install("pnpm", options, "--frozen-lockfile" in options or os.environ.get("CI") == "true", "pnpm-lock.yaml")
    elif command == "fetch":
        for line in lock_lines(read("pnpm-lock.yaml")).splitlines():
            name, version = line.split()
            if not version.startswith("file:"):
                fetch("pnpm", cache_of("pnpm", options), name, version)
    elif command == "store":
        empty(cache_of("pnpm", options))
    elif command == "run":
        scripted("pnpm", names[0])
    elif command in ("build", "start", "test"):
        scripted("pnpm", command)
    else:
        print("9.0.0")


def require(name, folder, seen):
    """What a module exports, looked for as node does."""
    if name.startswith("."):
        path = os.path.normpath(os.path.join(folder, name))
        for candidate in (path, f"{path}.js", f"{path}/index.js"):
            if os.path.isfile(candidate):
                return run(candidate, seen)
        fail(f"Error: Cannot find module '{name}'")
    here = os.path.abspath(folder)
    while True:
        path = os.path.join(here, "node_modules", name)
        if os.path.isdir(path):
            main = literal(f"{path}/package.json").get("main", "index.js") if os.path.exists(f"{path}/package.json") else "index.js"
            beside = "".join(read(f"{path}/{item}") for item in tree(path) if item.startswith("build/"))
            return run(f"{path}/{main}", seen) + beside
        if here == "/":
            fail(f"Error: Cannot find module '{name}'")
        here = os.path.dirname(here)


def run(path, seen=()):
    """Of JavaScript: require("x"), console.log("x"), a file's read, module.exports = "x"."""
    if path in seen:
        return ""
    exported = []
    for line in read(path).splitlines():
        if 'require("' in line:
            exported.append(require(line.split('require("')[1].split('"')[0], os.path.dirname(os.path.abspath(path)), (*seen, path)))
        elif 'readFileSync("' in line:
            exported.append(read(line.split('readFileSync("')[1].split('"')[0]))
        elif 'writeFileSync("' in line:
            write(line.split('writeFileSync("')[1].split('"')[0], digest(*exported) + "\n")
        elif "console.log(" in line:
            print(line.split("console.log(")[1].rstrip(");"), *exported)
        elif "module.exports" in line:
            exported.append(line.split("=")[1].strip())
    return " ".join(exported)


def node(_, words):
    words = [word for word in words if not word.startswith("--")]
    if not words:
        print("v20.0.0")
    elif words[0] in ("-e", "-p"):
        print(words[1])
    else:
        path = words[0]
        for candidate in (path, f"{path}.js", f"{path}/index.js"):
            if os.path.isfile(candidate):
                run(candidate)
                return
        fail(f"Error: Cannot find module '{os.path.abspath(path)}'")


def tsc(_, words):
    options, _ = split(words, values=("-p", "--project", "--outDir"))
    where = (options.get("-p") or options.get("--project") or ["."])[0]
    config = where if where.endswith(".json") else f"{where}/tsconfig.json"
    if not os.path.exists(config):
        fail("error TS5058: The specified path does not exist: tsconfig.json")
    top = os.path.dirname(config) or "."
    if not os.path.isdir(f"{top}/src"):
        fail("error TS18003: No inputs were found in config file")
    for name in tree(f"{top}/src"):
        if name.endswith(".ts"):
            write(f"{top}/dist/{name[:-3]}.js", f"// {digest(read(config))}\n" + read(f"{top}/src/{name}"))


def npx(_, words):
    words = [word for word in words if not word.startswith("-")]
    sys.exit(run_script(" ".join(words)))


COMMANDS = {"npm": npm, "npx": npx, "yarn": yarn, "pnpm": pnpm, "node": node, "tsc": tsc}
