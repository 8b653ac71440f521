"""pip and python: HTTP cache by URL, wheels built of archives by their URL alone, site-packages, virtual environments.

Effects: recorded.json.
"""

import os
import sys

from common import TOOLS, cached, digest, empty, fail, home, link, read, remove, split, tree, writable, write

VERSION = "3.11"
# name: what it needs, "wheel" or the kind of archive
PACKAGES = {
    "six": ([], "wheel"),
    "click": ([], "wheel"),
    "idna": ([], "wheel"),
    "requests": (["idna"], "wheel"),
    "flask": (["click"], "wheel"),
    "gunicorn": ([], "wheel"),
    "pytest": (["six"], "wheel"),
    "pip": ([], "wheel"),
    "setuptools": ([], "wheel"),
    "wheel": ([], "wheel"),
    "uv": ([], "wheel"),
    # archives: built by what the environment and the system hold
    "flagpkg": ([], "environment"),
    "ffipkg": ([], "library"),
}
COMMANDS_OF = ("flask", "gunicorn", "pytest")
NEWEST = "2.0"


def prefix():
    """The virtual environment that the program lies in, or /usr/local."""
    top = os.path.dirname(os.path.dirname(os.path.abspath(sys.argv[0])))
    if os.path.exists(f"{top}/pyvenv.cfg"):
        return top
    return "/usr/local"


def site(top):
    return f"{top}/lib/python{VERSION}/site-packages"


def cache_folder(options):
    if any(item in options for item in ("--no-cache-dir", "--no-cache")):
        return None
    if os.environ.get("PIP_NO_CACHE_DIR", "").lower() not in ("", "0", "false", "off", "no"):
        return None
    if os.environ.get("PIP_NO_CACHE_DIR", None) in ("0", "false", "off", "no"):
        # pip reads it as the switch it is: off is on
        pass
    base = os.environ.get("XDG_CACHE_HOME") or home().rstrip("/") + "/.cache"
    folder = (options.get("--cache-dir") or [os.environ.get("PIP_CACHE_DIR") or f"{base}/pip"])[0]
    if not writable(folder):
        sys.stderr.write(f"WARNING: The directory '{folder}' or its parent directory is not owned; caching is disabled\n")
        return None
    return folder


def requirement(text):
    for sign in ("==", ">=", "~=", "<=", "<", ">"):
        if sign in text:
            name, version = text.split(sign, 1)
            return name.strip().lower(), version.strip() if sign == "==" else None
    return text.strip().lower(), None


def requirements(path, constraints, found, seen):
    """Lines of a requirements file; -r and -c by the folder of the file that names them."""
    if path in seen:
        return
    seen.append(path)
    if not os.path.exists(path):
        fail(f"ERROR: Could not open requirements file: [Errno 2] No such file or directory: '{path}'")
    for line in read(path).splitlines():
        line = line.split(" #")[0].strip()
        if not line or line.startswith("#"):
            continue
        for flag in ("-r", "--requirement", "-c", "--constraint", "-e", "--editable"):
            if line.startswith((flag + " ", flag + "=")):
                other = line[len(flag) + 1 :].strip()
                if flag in ("-e", "--editable"):
                    found.append(("-e", os.path.normpath(os.path.join(os.getcwd(), other))))
                else:
                    below = os.path.join(os.path.dirname(path), other)
                    requirements(below, constraints, constraints if flag in ("-c", "--constraint") else found, seen)
                break
        else:
            if not line.startswith("-"):
                found.append(("", line))


class Setup:
    """What a setup.py or pyproject.toml says."""

    def __init__(self, folder):
        self.name, self.version, self.needs, self.modules, self.scripts = "app", "0.1", [], None, {}
        here = os.getcwd()
        os.chdir(folder)
        try:
            if os.path.exists("setup.py"):
                self.run()
            elif os.path.exists("pyproject.toml"):
                self.declared()
            else:
                fail(f"ERROR: {folder} does not appear to be a Python project: neither 'setup.py' nor 'pyproject.toml' found.")
        finally:
            os.chdir(here)

    def take(self, **values):
        self.name = values.get("name", self.name)
        self.version = values.get("version", self.version).strip()
        self.needs = values.get("install_requires", [])
        self.modules = values.get("py_modules")

    def run(self):
        kind = type(sys)
        module = kind("setuptools")
        module.setup, module.find_packages = self.take, lambda *_, **__: []
        sys.modules["setuptools"] = module
        try:
            exec(compile(read("setup.py"), "setup.py", "exec"), {"__name__": "__main__", "__file__": "setup.py"})
        except Exception as error:
            fail(f"error: subprocess-exited-with-error: setup.py: {error}")

    def declared(self):
        for line in read("pyproject.toml").splitlines():
            key, _, value = (part.strip() for part in line.partition("="))
            if key in ("name", "version", "readme"):
                setattr(self, key, value.strip('"'))
            if key == "dependencies":
                self.needs = [item.strip().strip('"') for item in value.strip("[]").split(",") if item.strip()]
        if getattr(self, "readme", None) and not os.path.exists(self.readme):
            fail(f"OSError: Readme file does not exist: {self.readme}")


class Installer:
    def __init__(self, options, top, target):
        self.options, self.top, self.target = options, top, target
        self.cache = cache_folder(options)
        self.constraints = []
        self.pending = []

    def gather(self, words):
        seen = []
        for path in self.options.get("-c", []) + self.options.get("--constraint", []):
            requirements(path, self.constraints, self.constraints, seen)
        for path in self.options.get("-r", []) + self.options.get("--requirement", []):
            requirements(path, self.constraints, self.pending, seen)
        self.pending += [("-e", path) for path in self.options.get("-e", []) + self.options.get("--editable", [])]
        self.pending += [("", word) for word in words]

    def fetch(self, name, version):
        """What stands for the file that is downloaded."""
        kind = PACKAGES[name][1]
        suffix = "tar.gz" if kind in ("environment", "library") else "whl"
        key = f"https://files.pythonhosted.org/{name}-{version}.{suffix}"
        folder = self.cache and f"{self.cache}/http"
        return key, cached(folder, digest(key), f"{name} {version} {kind}\n", f"ERROR: Could not find a version that satisfies {name}")

    def build(self, key, text, named=True):
        """An archive's wheel: by the archive's URL alone, as pip keeps it; looked for where the package's name is known."""
        name, version, kind = text.split()
        if kind == "wheel":
            return text
        path = self.cache and f"{self.cache}/wheels/{digest(key)[:2]}/{digest(key)}/{name}-{version}.whl"
        if path and named and os.path.exists(path):
            return read(path)
        if kind == "environment":
            built = digest(os.environ.get("FLAG", ""), os.environ.get("CFLAGS", ""))
        else:
            built = digest(read("/usr/include/ffi.h", "none"))
        text = f"{name} {version} {built}\n"
        if path:
            write(path, text)
        return text

    def install(self):
        done, queue = set(), list(self.pending)
        limits = dict(requirement(text) for flag, text in self.constraints if not flag)
        while queue:
            flag, text = queue.pop(0)
            if " @ file://" in text:
                self.archive(text.split("file://")[1], True)
                continue
            if flag == "-e" or text.startswith((".", "/")) or text.endswith((".tar.gz", ".whl")):
                queue += self.local(flag, text)
                continue
            name, version = requirement(text)
            name = name.split("[")[0]
            if name in done:
                continue
            done.add(name)
            if name not in PACKAGES:
                fail(f"ERROR: No matching distribution found for {name}")
            present = self.version_of(name)
            version = version or limits.get(name)
            if present and (version is None or version == present) and not self.fresh():
                print(f"Requirement already satisfied: {name}")
            else:
                self.place(self.build(*self.fetch(name, version or NEWEST)), present)
            queue += [("", item) for item in PACKAGES[name][0]]

    def fresh(self):
        return any(item in self.options for item in ("-U", "--upgrade", "-I", "--ignore-installed", "--force-reinstall"))

    def version_of(self, name):
        for item in os.listdir(self.target) if os.path.isdir(self.target) else ():
            if item.startswith(f"{name}-") and item.endswith(".dist-info"):
                return item[len(name) + 1 : -len(".dist-info")]
        return None

    def place(self, text, present=None, origin=None, source=None):
        name, version, built = text.split()
        if present:
            uninstall(self.target, self.top, name)
        info = f"{self.target}/{name}-{version}.dist-info"
        write(f"{self.target}/{name}.py", source or f'VALUE = "{name} {version} {built}"\n')
        files = [f"{name}.py"]
        if "--no-compile" not in self.options:
            write(f"{self.target}/__pycache__/{name}.cpython-311.pyc", digest(text))
            files.append(f"__pycache__/{name}.cpython-311.pyc")
        write(f"{info}/METADATA", f"Name: {name}\nVersion: {version}\n")
        write(f"{info}/INSTALLER", "pip\n")
        if origin:
            write(f"{info}/direct_url.json", origin + "\n")
        if name == "uv":
            link(TOOLS, f"{self.top}/bin/uv")
        if name in COMMANDS_OF:
            write(f"{self.top}/bin/{name}", f"#!/bin/sh\necho {name} {version} {built} \"$@\"\n", 0o755)
        write(f"{info}/RECORD", "\n".join(files) + "\n")
        print(f"Successfully installed {name}-{version}")

    def archive(self, path, named):
        key = f"file://{os.path.abspath(path)}"
        built = self.build(key, read(path), named)
        self.place(built, self.version_of(built.split()[0]), key)

    def local(self, flag, path):
        if path.endswith((".tar.gz", ".whl")) and not os.path.isdir(path):
            self.archive(path, False)
            return []
        folder = os.path.abspath(path.split("[")[0])
        if not os.path.isdir(folder):
            fail(f"ERROR: Invalid requirement: '{path}'")
        setup = Setup(folder)
        code = "".join(read(f"{folder}/{item}") for item in tree(folder, ("build", "node_modules")) if item.endswith(".py") and item != "setup.py")
        if setup.modules and flag != "-e":
            for item in setup.modules:
                if not os.path.exists(f"{folder}/{item}.py"):
                    fail(f"error: file '{item}.py' (for module '{item}') not found")
        write(f"{folder}/{setup.name}.egg-info/PKG-INFO", f"{setup.name} {setup.version}\n")
        if flag == "-e":
            write(f"{self.target}/__editable__.{setup.name}.pth", folder + "\n")
            write(f"{self.target}/{setup.name}-{setup.version}.dist-info/METADATA", f"Name: {setup.name}\n")
        else:
            write(f"{folder}/build/lib/{setup.name}.txt", digest(code))
            self.place(f"{setup.name} {setup.version} {digest(code)}", self.version_of(setup.name), f"file://{folder}")
        return [("", item) for item in setup.needs]


def uninstall(target, top, name):
    for item in os.listdir(target) if os.path.isdir(target) else ():
        if item.startswith(f"{name}-") and item.endswith(".dist-info"):
            for file in read(f"{target}/{item}/RECORD", "").split():
                remove(f"{target}/{file}")
            remove(f"{target}/{item}")
            remove(f"{top}/bin/{name}")
            return True
    return False


VALUES = (
    "-r", "--requirement", "-c", "--constraint", "-e", "--editable", "-t", "--target", "--cache-dir", "--prefix", "-d", "--dest",
    "-w", "--wheel-dir", "-i", "--index-url", "--timeout", "--retries", "--progress-bar", "--root-user-action", "-f", "--find-links",
    "--no-binary", "--only-binary",
)


def pip(_, words):
    options, rest = split(words, values=VALUES)
    command, *names = rest or ["help"]
    top = prefix()
    target = (options.get("-t") or options.get("--target") or [None])[0]
    if "--user" in options or (top == "/usr/local" and not os.access(site(top) if os.path.isdir(site(top)) else top, os.W_OK)):
        top = f"{home()}/.local"
    if options.get("--prefix"):
        top = options["--prefix"][0]
    installer = Installer(options, top, target or site(top))
    if command == "install":
        installer.gather(names)
        if not installer.pending:
            fail("ERROR: You must give at least one requirement to install (see \"pip help install\")")
        installer.install()
    elif command in ("download", "wheel"):
        where = (options.get("-d") or options.get("--dest") or options.get("-w") or options.get("--wheel-dir") or ["."])[0]
        installer.gather(names)
        for _, text in installer.pending:
            name, version = requirement(text)
            if name not in PACKAGES:
                fail(f"ERROR: No matching distribution found for {name}")
            key, data = installer.fetch(name, version or NEWEST)
            data = installer.build(key, data) if command == "wheel" else data
            suffix = "whl" if command == "wheel" or key.endswith("whl") else "tar.gz"
            write(f"{where}/{name}-{version or NEWEST}.{suffix}", data)
    elif command == "uninstall":
        if "-y" not in options and "--yes" not in options:
            fail("Proceed (Y/n)? ERROR: Exception: EOF")
        for name in names:
            if name == "pip" and not uninstall(site(top), top, name):
                for item in ("pip", "pip3"):
                    remove(f"{top}/bin/{item}")
            elif not uninstall(site(top), top, name):
                sys.stderr.write(f"WARNING: Skipping {name} as it is not installed.\n")
    elif command == "cache":
        if names[:1] == ["dir"]:
            print(cache_folder({}))
        elif names[:1] == ["purge"]:
            folder = cache_folder({})
            if folder is None:
                fail("ERROR: pip cache commands can not function since cache is disabled.")
            empty(f"{folder}/http")
            empty(f"{folder}/wheels")
    elif command in ("freeze", "list"):
        for item in sorted(os.listdir(site(top))) if os.path.isdir(site(top)) else ():
            if item.endswith(".dist-info"):
                print(item[: -len(".dist-info")].replace("-", "==", 1))
    elif command == "config":
        pass
    else:
        print("pip 23.0")


def python(_, words):
    while words and words[0] in ("-u", "-B", "-O", "-I", "-E"):
        words = words[1:]
    if not words:
        return
    top = prefix()
    if words[0] == "-m" and words[1:2] == ["pip"]:
        pip("pip", words[2:])
    elif words[0] == "-m" and words[1:2] == ["venv"]:
        for where in [word for word in words[2:] if not word.startswith("-")]:
            where = os.path.abspath(where)
            write(f"{where}/pyvenv.cfg", f"home = /usr/local/bin\nversion = {VERSION}\n")
            for name in ("python", "python3", "pip", "pip3"):
                link(TOOLS, f"{where}/bin/{name}")
            os.makedirs(site(where), exist_ok=True)
    elif words[0] in ("--version", "-V"):
        print(f"Python {VERSION}.2")
    else:
        paths = [site(top), f"{home()}/.local/lib/python{VERSION}/site-packages"]
        for folder in list(paths):
            names = sorted(os.listdir(folder)) if os.path.isdir(folder) and os.access(folder, os.R_OK) else ()
            paths += [read(f"{folder}/{name}").strip() for name in names if name.endswith(".pth")]
        sys.path[:0] = [*os.environ.get("STANDIN_PYTHONPATH", "").split(":"), *paths]
        sys.dont_write_bytecode = True
        if words[0] == "-c":
            code, name = words[1], "<string>"
            sys.path.insert(0, os.getcwd())
        elif words[0] == "-m":
            name = f"{os.getcwd()}/{words[1].replace('.', '/')}.py"
            sys.path.insert(0, os.getcwd())
            code = read(name) if os.path.exists(name) else f"import {words[1]}; print({words[1]}.VALUE)"
        else:
            name = words[0]
            code = read(name)
            sys.path.insert(0, os.path.dirname(os.path.abspath(name)))
        exec(compile(code, name, "exec"), {"__name__": "__main__", "__file__": name})


def uv(_, words):
    """uv's interface to pip: the same, with a cache of its own. Source: uv's documentation, "Caching"."""
    options, rest = split(words, values=(*VALUES, "--link-mode"))
    base = os.environ.get("UV_CACHE_DIR") or f"{os.environ.get('XDG_CACHE_HOME') or home().rstrip('/') + '/.cache'}/uv"
    if rest[:2] == ["cache", "clean"]:
        empty(base)
    elif rest[:2] == ["pip", "install"]:
        if "--system" not in options and not os.environ.get("VIRTUAL_ENV"):
            fail("error: No virtual environment found")
        installer = Installer(options, prefix(), site(prefix()))
        installer.cache = None if {"--no-cache", "--no-cache-dir", "-n"} & set(options) or os.environ.get("UV_NO_CACHE") else base
        installer.gather(rest[2:])
        installer.install()
    else:
        print("uv 0.5.0")


COMMANDS = {
    "uv": uv, "pip": pip, "pip3": pip, "python": python, "python3": python}
