"""Makes the base images: a small Debian-like root with the shells and tools of this machine, and stand-ins for package tools.

Each image is two layers: one that all share, and its own.
"""

from __future__ import annotations

import os
import py_compile
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
STANDINS = HERE / "standins"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# what a stand-in's interpreter needs of the standard library, beside what is built in
MODULES = ("os", "stat", "posixpath", "genericpath", "codecs", "abc", "io", "_collections_abc", "encodings")
EXTENSIONS = ("zlib",)
HELPERS = ("curl", "wget", "git", "make", "gcc", "cc", "sudo", "gpg")


class MissingError(Exception):
    """This machine lacks what images are made of."""


@dataclass(frozen=True)
class Image:
    """A base image: its tools, its configuration, files of its own."""

    name: str
    tools: tuple[str, ...]
    env: dict[str, str] = field(default_factory=dict)
    workdir: str = "/"
    command: tuple[str, ...] = ("bash",)
    entrypoint: tuple[str, ...] = ()
    family: str = "debian"
    user: tuple[str, int] | None = None
    # files of its own: path to text
    extra: tuple[tuple[str, str], ...] = ()
    # who runs its command
    runs_as: str = ""


APT = ("apt-get", "apt", "apt-cache", "dpkg", "useradd", "groupadd")
FULL = ("curl", "wget", "git", "gcc", "cc", "make", "gpg")
ALPINE = ("apk", "adduser", "addgroup")
CERTIFICATES = (("etc/ssl/certs/ca-certificates.crt", "certificates\n"),)
ZONES = ("usr/local/go/lib/time/zoneinfo.zip", "zones\n")
PYTHON = ("pip", "pip3", "python", "python3")
NODE = ("node", "npm", "npx", "yarn")
RUBY_ENV = {"GEM_HOME": "/usr/local/bundle", "BUNDLE_SILENCE_ROOT_WARNING": "1", "PATH": f"/usr/local/bundle/bin:{PATH}"}
IMAGES = {
    image.name: image
    for image in (
        Image("debian:12", APT),
        Image("debian:12-slim", APT),
        Image("debian:bookworm-slim", APT),
        Image("debian:stable-slim", APT),
        Image("ubuntu:24.04", APT),
        Image("python:3.11-slim", (*APT, *PYTHON), {"PYTHON_VERSION": "3.11.2"}, command=("python3",), extra=CERTIFICATES),
        Image("node:20", (*APT, *NODE, *FULL), {"NODE_VERSION": "20.0.0", "YARN_VERSION": "1.22.0"}, command=("node",), user=("node", 1000), extra=CERTIFICATES),
        Image("node:20-slim", (*APT, *NODE), {"NODE_VERSION": "20.0.0", "YARN_VERSION": "1.22.0"}, command=("node",), user=("node", 1000)),
        Image("golang:1.22", (*APT, "go", *FULL), {"GOPATH": "/go", "PATH": f"/go/bin:/usr/local/go/bin:{PATH}"}, "/go", extra=(*CERTIFICATES, ZONES)),
        Image("rust:1.75", (*APT, "cargo", *FULL), {"CARGO_HOME": "/usr/local/cargo", "PATH": f"/usr/local/cargo/bin:{PATH}"}, extra=CERTIFICATES),
        Image("rust:1.75-slim", (*APT, "cargo", "gcc", "cc"), {"CARGO_HOME": "/usr/local/cargo", "PATH": f"/usr/local/cargo/bin:{PATH}"}, extra=CERTIFICATES),
        Image("maven:3.9", (*APT, "mvn", "java"), {"MAVEN_HOME": "/usr/share/maven"}, command=("mvn",), extra=CERTIFICATES),
        Image("ruby:3.3", (*APT, "gem", "bundle", "ruby", *FULL), RUBY_ENV, extra=CERTIFICATES),
        Image("ruby:3.3-slim", (*APT, "gem", "bundle", "ruby"), RUBY_ENV, extra=CERTIFICATES),
        Image("php:8.3-cli", (*APT, "php", "composer"), extra=CERTIFICATES),
        Image("alpine:3.20", ALPINE, family="alpine", command=("/bin/sh",), extra=CERTIFICATES),
        Image("alpine:3", ALPINE, family="alpine", command=("/bin/sh",), extra=CERTIFICATES),
        Image("gcr.io/distroless/static-debian12:nonroot", (), family="alpine", command=(), extra=CERTIFICATES, runs_as="65532"),
        Image("node:20-alpine", (*ALPINE, *NODE), {"NODE_VERSION": "20.0.0"}, family="alpine", command=("node",), user=("node", 1000)),
        Image("fedora:40", ("dnf", "yum", "rpm", "useradd", "groupadd"), family="fedora"),
        Image("opensuse/leap:15.6", ("zypper", "rpm", "useradd", "groupadd"), family="suse"),
        Image("archlinux:base", ("pacman", "useradd", "groupadd"), family="arch"),
    )
}
# where a tool lies when it is not in /usr/bin
LOCAL = frozenset((*PYTHON, *NODE, "composer", "gem", "bundle", "ruby"))
NAMES_OF_MODULES = ("_collections_abc",)


def make(top: Path) -> None:
    """Writes the layers of all images below a folder: `common`, and one by each image's `folder`."""
    for program in ("bash", "dash", "busybox", "cc"):
        if shutil.which(program) is None:
            raise MissingError(f"there is no {program} here; on Debian: apt-get install bash dash busybox-static gcc libc6-dev")
    top.mkdir(parents=True, exist_ok=True)
    _common(top / "common")
    for image in IMAGES.values():
        _own(top / folder(image.name), image)


def folder(name: str) -> str:
    """An image's folder."""
    return name.replace(":", "-").replace("/", "-")


def _common(top: Path) -> None:
    for name in ("usr/bin", "usr/sbin", "usr/lib", "usr/lib64", "usr/local/bin", "etc", "root", "tmp", "var/log", "var/cache", "proc", "dev", "sys", "home", "run", "opt", "srv"):
        (top / name).mkdir(parents=True)
    (top / "tmp").chmod(0o1777)
    (top / "root").chmod(0o700)
    for name in ("bin", "sbin", "lib", "lib64"):
        (top / name).symlink_to(f"usr/{name}")
    interpreter = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
    for program, target in (("bash", "usr/bin/bash"), ("dash", "usr/bin/dash"), ("busybox", "usr/bin/busybox"), (interpreter, "usr/lib/standin/python")):
        path = shutil.which(program)
        assert path
        _install(top, path, target)
    applets = subprocess.run([str(top / "usr/bin/busybox"), "--list"], capture_output=True, text=True, check=True).stdout.split()
    for name in applets:
        if name not in {"sh", "ash", "bash", "busybox", "sudo", "dpkg", "rpm", "wget", *HELPERS}:
            (top / "usr/bin" / name).symlink_to("busybox")
    standin = top / "usr/lib/standin"
    for source in STANDINS.glob("*.py"):
        shutil.copyfile(source, standin / source.name)
        py_compile.compile(str(standin / source.name), dfile=source.name, doraise=True, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    tool = standin / "tool"
    tool.write_text("#!/usr/lib/standin/run\n" + (STANDINS / "tool.py").read_text(encoding="utf-8"), encoding="utf-8")
    tool.chmod(0o755)
    _runner(standin)
    (standin / "tools").mkdir()
    for name in HELPERS:
        (standin / "tools" / name).write_text("", encoding="utf-8")
    _library(standin)
    (top / "etc/hosts").write_text("127.0.0.1 localhost\n", encoding="utf-8")
    (top / "etc/resolv.conf").write_text("", encoding="utf-8")
    (top / "etc/hostname").write_text("", encoding="utf-8")


def _runner(standin: Path) -> None:
    """What starts stand-ins, and what compilers make."""
    subprocess.run(["cc", "-Os", "-static", "-o", str(standin / "run"), str(HERE / "run.c")], check=True)
    printer = HERE / "elf.c"
    command = ["cc", "-Os", "-static", "-nostdlib", "-ffreestanding", "-fno-stack-protector", "-s", "-Wl,--build-id=none"]
    subprocess.run([*command, "-o", str(standin / "printer"), str(printer)], check=True)


def _library(standin: Path) -> None:
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    source = Path(sysconfig.get_paths()["stdlib"])
    target = standin / "lib" / version
    target.mkdir(parents=True)
    for name in MODULES:
        if (source / name).is_dir():
            shutil.copytree(source / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source / f"{name}.py", target / f"{name}.py")
    for path in target.rglob("*.py"):
        py_compile.compile(str(path), dfile=path.name, doraise=True, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    dynamic = target / "lib-dynload"
    dynamic.mkdir()
    for name in EXTENSIONS:
        for path in (source / "lib-dynload").glob(f"{name}.*.so"):
            _install(standin.parent.parent.parent, str(path), str((dynamic / path.name).relative_to(standin.parent.parent.parent)))


def _install(top: Path, path: str, target: str) -> None:
    """A program or library with the libraries that it needs."""
    (top / target).parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, top / target)
    (top / target).chmod(0o755)
    said = subprocess.run(["ldd", path], capture_output=True, text=True, check=False).stdout
    for line in said.splitlines():
        for word in line.split():
            if not word.startswith("/"):
                continue
            # where the loader looks for it in any case, and any user may read it
            place = top / ("usr" + word if word.startswith("/lib") else word[1:] if word.startswith("/usr/lib") else f"usr/lib/{Path(word).name}")
            if not place.exists():
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(word, place)
                place.chmod(0o755)


DOCKER_CLEAN = (
    'DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb /var/cache/apt/*.bin || true"; };\n'
    'APT::Update::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb /var/cache/apt/*.bin || true"; };\n'
    'Dir::Cache::pkgcache ""; Dir::Cache::srcpkgcache "";\n'
)


def _own(top: Path, image: Image) -> None:
    (top / "usr/bin").mkdir(parents=True)
    (top / "usr/local/bin").mkdir(parents=True)
    (top / "etc").mkdir()
    alpine = image.family == "alpine"
    if image.workdir != "/":
        (top / image.workdir.lstrip("/")).mkdir(parents=True)
    if not alpine:
        # busybox's is stricter
        path = shutil.which("sha256sum")
        assert path
        _install(top, path, "usr/bin/sha256sum")
    (top / "usr/bin/sh").symlink_to("busybox" if alpine else "bash" if image.family in ("fedora", "suse", "arch") else "dash")
    for name in image.tools:
        place = "usr/local/bin" if name in LOCAL else "usr/bin"
        (top / place / name).symlink_to("/usr/lib/standin/tool")
    if alpine:
        (top / "usr/bin/ash").symlink_to("busybox")
        # its root has it, but for bash itself
        (top / "etc/apk").mkdir()
        (top / "etc/apk/world").write_text("", encoding="utf-8")
        (top / "var/cache/apk").mkdir(parents=True)
        (top / "lib").mkdir() if False else (top / "usr/lib/apk/db").mkdir(parents=True)
    if "apt-get" in image.tools:
        (top / "etc/apt/apt.conf.d").mkdir(parents=True)
        (top / "etc/apt/apt.conf.d/docker-clean").write_text(DOCKER_CLEAN, encoding="utf-8")
        for name in ("var/lib/apt/lists/partial", "var/cache/apt/archives/partial", "var/lib/dpkg/info"):
            (top / name).mkdir(parents=True)
    if image.family == "fedora":
        (top / "etc/dnf").mkdir()
        (top / "etc/dnf/dnf.conf").write_text("[main]\ngpgcheck=True\n", encoding="utf-8")
        (top / "var/cache/dnf").mkdir(parents=True)
    users = ["root:x:0:0:root:/root:/bin/sh", "daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin", "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin"]
    groups = ["root:x:0:", "daemon:x:1:", "nogroup:x:65534:"]
    if image.user:
        name, number = image.user
        users.append(f"{name}:x:{number}:{number}::/home/{name}:/bin/sh")
        groups.append(f"{name}:x:{number}:")
        (top / "home" / name).mkdir(parents=True)
        os.chown(top / "home" / name, number, number)
    for file, lines in (("passwd", users), ("group", groups), ("shadow", []), ("gshadow", [])):
        (top / "etc" / file).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    release = {"debian": "ID=debian\n", "alpine": "ID=alpine\n", "fedora": "ID=fedora\n", "suse": "ID=opensuse-leap\n", "arch": "ID=arch\n"}[image.family]
    (top / "etc/os-release").write_text(release, encoding="utf-8")
    for place, text in image.extra:
        (top / place).parent.mkdir(parents=True, exist_ok=True)
        (top / place).write_text(text, encoding="utf-8")
    if "pip" in image.tools:
        (top / "usr/local/lib/python3.11/site-packages").mkdir(parents=True)
