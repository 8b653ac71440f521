"""Generates Dockerfiles with their contexts: hypothesis strategies, a function for each ecosystem, habits of writing over all."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from hypothesis import strategies as st

from .rare import steered

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hypothesis.strategies import DrawFn

T = TypeVar("T")


@dataclass(frozen=True)
class Case:
    """A Dockerfile and its context: path to text. `edited` is a source file that a developer changes."""

    text: str
    files: Mapping[str, str]
    edited: str = ""


class Author:
    """Who writes: draws what is written."""

    def __init__(self, draw: DrawFn) -> None:
        self.draw = draw
        self.files: dict[str, str] = {}
        self.edited = ""
        self.lines: list[str] = []
        self.user: str | None = None

    def pick(self, *options: T) -> T:
        return self.draw(st.sampled_from(options))

    def chance(self, percent: int) -> bool:
        return self.draw(st.integers(0, 99)) < percent

    def some(self, options: tuple[T, ...], least: int = 1, most: int = 3) -> list[T]:
        return self.draw(st.lists(st.sampled_from(options), min_size=least, max_size=most, unique=True))

    def add(self, *lines: str) -> None:
        self.lines += lines

    def maybe(self, percent: int, *lines: str) -> None:
        if self.chance(percent):
            self.lines += lines

    def run(self, *commands: str, flags: str = "") -> None:
        """A RUN of commands, in one of the ways in which people join them."""
        commands = tuple(command for command in commands if command and not _removes_mount(command, flags))
        style = self.pick("and", "and", "and", "lines", "lines", "leading", "split", "semicolon", "heredoc", "set-e")
        prefix = f"RUN {flags} ".replace("  ", " ")
        if len(commands) == 1 or style == "and":
            self.add(prefix + " && ".join(commands))
        elif style == "lines":
            self.add(prefix + " && \\\n    ".join(commands))
        elif style == "leading":
            self.add(prefix + " \\\n && ".join(commands))
        elif style == "split" and not flags:
            for command in commands:
                self.add(f"RUN {command}")
        elif style == "semicolon":
            self.add(prefix + "set -e; " + "; \\\n    ".join(commands))
        elif style == "heredoc":
            self.add(prefix + "<<EOF\nset -e\n" + "\n".join(commands) + "\nEOF")
        else:
            self.add(prefix + "set -ex && " + " && ".join(commands))

    def copy(self, sources: str, target: str) -> None:
        word = self.pick("COPY", "COPY", "COPY", "ADD")
        flags = self.pick("", "", "", "", "", "--chown=1000:1000 ", "--chmod=755 ")
        self.add(f"{word} {flags}{sources} {target}")

    # ------------------------------------------------------------ what may stand anywhere

    def declarations(self, percent: int = 30) -> None:
        self.maybe(percent, f"ENV {self.pick('FLAG=1', 'FLAG=2', 'CFLAGS=-O2', 'TZ=Europe/Rome', 'APP_HOME=/app', 'NODE_ENV=production', 'LANG C.UTF-8', 'A=1 B=2')}")
        if self.chance(percent // 2):
            name = self.pick("VERSION", "GIT_SHA", "BUILD_DATE", "FLAG", "RELEASE")
            self.add(f"ARG {name}={self.pick('1', 'abc', '2024')}")
            self.maybe(40, self.pick(f"ENV APP_{name}=${name}", f'LABEL org.opencontainers.image.revision="${name}"', f"RUN echo ${name} > /release.txt", f"ENV FLAG=${{{name}:-x}}"))
        self.maybe(percent // 2, self.pick('LABEL maintainer="me@example.org"', "LABEL version 1.0", 'LABEL a="b" c="d"', "MAINTAINER Jo <jo@example.org>", "EXPOSE 8080", "EXPOSE 80/TCP 443/tcp", "STOPSIGNAL 15", "STOPSIGNAL term", "STOPSIGNAL SIGTERM"))
        self.maybe(percent // 4, self.pick("VOLUME /data", 'SHELL ["/bin/bash", "-o", "pipefail", "-c"]' if not self.alpine else 'SHELL ["/bin/ash", "-o", "pipefail", "-c"]', 'SHELL ["/bin/sh", "-ec"]', "HEALTHCHECK CMD true", "HEALTHCHECK NONE"))

    alpine = False
    fedora = False

    def system(self) -> None:
        """Packages of the system."""
        if self.alpine:
            return self.apk()
        if self.fedora:
            return self.dnf()
        return self.apt()

    def apt(self) -> None:
        names = self.some(("curl", "git", "make", "jq", "unzip", "tree", "libffi-dev", "tzdata", "gcc", "gnupg", "ca-certificates", "wget"))
        lonely = names[:1] if names[0] in ("make", "tree", "unzip", "libffi-dev", "tzdata", "ca-certificates") else None
        tool = self.pick("apt-get", "apt-get", "apt-get", "apt")
        yes = self.pick("-y ", "-y ", "-y ", "-yq ", "-qqy ", "--yes ", "--assume-yes ")
        if lonely and self.chance(60):
            names, yes = lonely, ""
        less = self.pick("", "", "--no-install-recommends ")
        words = " ".join(names)
        if self.chance(20):
            words = " \\\n    ".join(names)
        install = f"{tool} install {yes}{less}{words}"
        if self.chance(8):
            install = f"DEBIAN_FRONTEND=noninteractive {install}"
        clean = self.pick("", "", "", "", "rm -rf /var/lib/apt/lists/*", "apt-get clean", "apt-get clean && rm -rf /var/lib/apt/lists/*", "rm -rf /var/lib/apt/lists", "apt-get purge -y --auto-remove curl", "apt-get autoremove -y")
        mounts = ""
        if self.chance(20):
            sharing = self.pick("", ",sharing=locked", ",sharing=shared")
            mounts = f"--mount=type=cache,target=/var/cache/apt{sharing}" + self.pick("", f" --mount=type=cache,target=/var/lib/apt{sharing}", f" --mount=type=cache,target=/var/lib/apt/lists{sharing}")
        between = self.pick("", "", "", "", "COPY . /between", "ENV X=1", "USER root", "WORKDIR /w")
        how = self.pick("one", "one", "one", "split", "later", "again", "hook")
        if how == "split":
            self.add(f"RUN {tool} update")
            self.maybe(50, between or "ENV Y=1")
            self.run(install, clean)
        elif how == "later":
            self.run(f"{tool} update", install, flags=mounts)
            self.maybe(40, between or "ENV Y=1")
            self.add(f"RUN {self.pick('rm -rf /var/lib/apt/lists/*', 'apt-get clean', 'rm -rf /var/cache/apt /var/lib/apt/lists')}")
        elif how == "again":
            self.run(f"{tool} update", install, flags=mounts)
            self.maybe(30, between or "ENV Y=1")
            self.maybe(20, f"RUN apt-get {self.pick('purge', 'remove', 'autoremove')} -y {self.pick(names[0], 'tree', '')}")
            self.run(f"apt-get {self.pick('', 'update && apt-get ')}install -y {self.pick('less', 'tree', 'nginx')}", clean)
        elif how == "hook":
            keep = "rm -f /etc/apt/apt.conf.d/docker-clean; echo 'Binary::apt::APT::Keep-Downloaded-Packages \"true\";' > /etc/apt/apt.conf.d/keep-cache"
            self.add(f"RUN {keep}")
            self.run(f"{tool} update", install, flags=mounts or "--mount=type=cache,target=/var/cache/apt --mount=type=cache,target=/var/lib/apt")
        else:
            self.run(f"{tool} update", install, clean, flags=mounts)

    def apk(self) -> None:
        names = " ".join(self.some(("curl", "git", "make", "jq", "build-base", "libffi-dev", "tzdata")))
        plain = self.pick("apk add", "apk add", "apk add --no-cache", "apk update && apk add", "apk --no-cache add", "apk add -U", "apk add --update")
        virtual = self.pick("", "", "--virtual .deps ")
        mounts = self.pick("", "", "", "--mount=type=cache,target=/var/cache/apk", "--mount=type=cache,target=/etc/apk/cache")
        clean = self.pick("", "", "rm -rf /var/cache/apk/*", "apk del .deps" if virtual else "apk del git", "apk del make")
        if self.chance(20):
            self.run(f"{plain} {virtual}{names}", flags=mounts)
            self.maybe(30, "ENV Y=1")
            self.add("RUN " + self.pick("rm -rf /var/cache/apk/*", "rm -rf /var/cache/apk", "rm /var/cache/apk/*", clean or "true"))
        else:
            self.run(f"{plain} {virtual}{names}", clean, flags=mounts)

    def dnf(self) -> None:
        tool = self.pick("dnf", "dnf", "yum")
        names = " ".join(self.some(("curl", "git", "make", "jq", "gcc", "tree", "libffi-dev")))
        clean = self.pick("", "", f"{tool} clean all", f"rm -rf /var/cache/{tool}", f"{tool} remove -y make", "rpm -e tree")
        weak = self.pick("", "", "--setopt=install_weak_deps=False ")
        mounts = self.pick("", "", "", f"--mount=type=cache,target=/var/cache/{tool}")
        if self.chance(25):
            self.run(f"{tool} install -y {weak}{names}", flags=mounts)
            self.maybe(30, "ENV Y=1")
            self.add(f"RUN {tool} clean all")
        else:
            self.run(f"{tool} install -y {weak}{names}", clean, flags=mounts)

    def odd(self) -> None:
        """A step of its own, of the kinds that rules are about."""
        kind = self.pick("download", "download", "download", "user", "user", "chown", "chown", "chown", "cd", "cd", "workdir", "workdir", "checksum", "checksum", "temporary", "scratch", "clone", "reader", "secret", "mounted")
        getattr(self, f"odd_{kind}")()

    def fetchers(self, name: str) -> None:
        """Installs what downloads, where the image has it not."""
        if self.has_fetchers:
            return
        if self.alpine:
            self.run(f"apk add --no-cache {name}")
        elif self.fedora:
            self.run(f"dnf install -y {name} && dnf clean all")
        else:
            self.run(f"apt-get update && apt-get install -y {name} && rm -rf /var/lib/apt/lists/*")

    def odd_download(self) -> None:
        url = self.pick("https://example.org/tool.tar.gz", "https://example.org/data-1.tgz", "https://example.org/install.sh", "https://example.org/file.txt")
        name = url.rsplit("/", 1)[1]
        unpack = f"tar -xzf /tmp/{name} -C /opt" if name.endswith("gz") else f"sh /tmp/{name}" if name.endswith("sh") else f"cat /tmp/{name} > /opt/copy"
        fetch = self.pick(f"curl -fsSL {url} -o /tmp/{name}", f"wget -O /tmp/{name} {url}", f"wget -q -O /tmp/{name} {url}", f"cd /tmp && wget {url}", f"curl -fsSLo /tmp/{name} {url}")
        self.fetchers("curl" if fetch.startswith("curl") else "wget")
        remove = f"rm {self.pick('-f ', '-rf ', '')}/tmp/{name}"
        how = self.pick("three", "two", "one", "one")
        if how == "three":
            self.run(fetch)
            self.run(unpack)
            self.maybe(70, f"RUN {remove}")
        elif how == "two":
            self.run(fetch, unpack)
            self.maybe(30, "ENV Z=1")
            self.maybe(80, f"RUN {remove}")
        else:
            self.run(fetch, unpack, self.pick("", "", remove))
        self.maybe(10, "RUN ls /tmp > /tmp-list")

    def odd_user(self) -> None:
        if self.alpine or self.user:
            return
        uid = self.pick("1001", "5000", "100000", "60000")
        self.run(self.pick("groupadd -g 3000 web", ""), f"useradd {self.pick('-m ', '-r ', '', '-l ')}-u {uid} jo")
        self.maybe(40, "RUN mkdir -p /srv/jo && chown jo /srv/jo")
        if self.chance(40):
            self.user = "jo"

    def odd_chown(self) -> None:
        self.files["site/index.html"] = "<p>hello</p>\n"
        self.files["site/run.sh"] = "#!/bin/sh\necho site\n"
        source = self.pick("site", "site/", "site/run.sh", "site/index.html site/run.sh")
        target = self.pick("/srv/site", "/srv/site/", "/var/www/html/")
        self.add(f"{self.pick('COPY', 'COPY', 'ADD')} {source} {target if ' ' not in source else target.rstrip('/') + '/'}")
        self.maybe(20, "ENV Q=1")
        plain = target.rstrip("/")
        self.add("RUN " + self.pick(f"chown -R 1000:1000 {plain}", f"chmod -R 755 {plain}", f"chown -R nobody {plain}", f"chmod -R a+rX {plain}", f"chown -R daemon:daemon {plain} && chmod -R 750 {plain}", f"chmod +x {plain}/run.sh || true", f"chown 1000 {plain}"))

    def odd_cd(self) -> None:
        self.add(self.pick("RUN mkdir -p /data/x && cd /data/x && touch y", "RUN cd /opt && echo 1 > one && cd /srv && echo 2 > two", "RUN cd /opt && mkdir -p a", "RUN cd /usr/share && ls > /shares"))

    def odd_workdir(self) -> None:
        self.add("WORKDIR /srv/base", f"WORKDIR {self.pick('sub', './sub', 'sub/below')}", "RUN pwd > where.txt")

    def odd_checksum(self) -> None:
        digest = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
        blanks = self.pick(" ", " ", "  ") if not self.alpine else "  "
        self.add("RUN " + self.pick(f'echo hello > /tmp/h && echo "{digest}{blanks}/tmp/h" | sha256sum -c', f'echo hello > /h && echo "{digest}{blanks}/h" | sha256sum -c -', "echo hello > /h && sha256sum /h > /h.sum && sha256sum -c /h.sum"))

    def odd_temporary(self) -> None:
        self.add("RUN mkdir -p /tmp/build && echo x > /tmp/build/x && cp /tmp/build/x /usr/local/x", "RUN rm -rf /tmp/build")

    def odd_scratch(self) -> None:
        self.add("RUN mkdir -p /build && echo x > /build/x && cp /build/x /usr/local/x && rm -rf /build")

    def odd_secret(self) -> None:
        mode = self.pick(",mode=0444", ",mode=0644", "", ",mode=0400")
        self.add(f"RUN --mount=type=secret,id=token{mode} cat /run/secrets/token 2>/dev/null || echo none > /token")

    def odd_mounted(self) -> None:
        """A cache mount that the user of the step cannot write to, or can."""
        owner = self.pick("", "", ",uid=1234", ",mode=0777")
        self.add("USER 1234", f"RUN --mount=type=cache,target=/cached{owner} (touch /cached/x 2>/dev/null; echo done > /tmp/done)", "USER root")

    def odd_clone(self) -> None:
        self.fetchers("git")
        self.cloned += 1
        place = f"/opt/lib{self.cloned}"
        self.add(f"RUN git clone https://example.org/lib.git {place}" + self.pick("", f" && rm -rf {place}/.git", f" && cd {place} && cat README.md > /readme"))
        self.maybe(20, f"RUN rm -rf {place}/.git")

    def odd_reader(self) -> None:
        """A step that says what it sees: of caches, of lists, of variables."""
        self.add("RUN " + self.pick("ls -R /root > /list 2>/dev/null || true", "du -s /var > /dev/null", "find /etc -name '*.conf' | sort | head -3 > /conf", "ls /var/lib/apt/lists > /lists || true", "ls /var/cache > /caches", "echo $PATH > /env"))

    cloned = 0
    # the last stage is empty; an entry point is set
    empty = entered = False

    def base(self, name: str) -> str:
        """What follows FROM."""
        if self.chance(6):
            self.lines.insert(0, f"ARG BASE={name}")
            return self.pick("$BASE", "${BASE}")
        if self.chance(8):
            return f"--platform={self.pick('linux/amd64', '$TARGETPLATFORM')} {name}"
        return name

    has_fetchers = False

    def finish(self, command: list[str], *, allow_user: bool = True) -> None:
        """USER, CMD, ENTRYPOINT and what surrounds them."""
        if allow_user and self.user and self.chance(60):
            self.add(f"USER {self.user}")
        shell_form = " ".join(command)
        style = self.pick("exec", "exec", "exec", "shell", "shell", "entry", "entry-cmd", "twice", "script", "start-install")
        if style == "exec":
            self.add(f"CMD {json.dumps(command)}")
        elif style == "shell":
            self.add(f"{self.pick('CMD', 'ENTRYPOINT')} {shell_form}")
        elif style == "entry":
            self.add(f"ENTRYPOINT {json.dumps(command)}")
        elif style == "entry-cmd":
            self.add(f"ENTRYPOINT {json.dumps(command[:1])}", f"CMD {json.dumps(command[1:])}")
        elif style == "twice":
            self.add('CMD ["echo", "old"]', f"CMD {json.dumps(command)}")
        elif style == "script":
            body = self.pick("", "", "ls /var/lib/apt/lists 2>/dev/null | head -1\n", "ls /root/.cache 2>/dev/null\n", "cat /release.txt 2>/dev/null\n", "test -d /tmp/build && echo there\n")
            self.files["docker-entrypoint.sh"] = f"#!/bin/sh\n{body}exec \"$@\"\n"
            self.add("COPY --chmod=755 docker-entrypoint.sh /entry.sh", 'ENTRYPOINT ["/entry.sh"]', f"CMD {json.dumps(command)}")
        else:
            tool = "apk add tree" if self.alpine else "dnf install -y tree" if self.fedora else self.pick("apt-get install -y tree", "apt-get update && apt-get install -y tree")
            self.add(f"CMD {tool} && {shell_form}")


def _removes_mount(command: str, flags: str) -> bool:
    """Whether a command removes a folder that a mount holds: the step would fail."""
    targets = re.findall(r"target=([^,\s]+)", flags)
    if command.startswith("go clean -modcache"):
        return "/go/pkg/mod" in targets
    words = command.replace("~", "/root").split()
    return words[0] == "rm" and any(target == word.rstrip("/") or target.startswith(word.rstrip("/") + "/") for word in words[1:] for target in targets)


# ------------------------------------------------------------ ecosystems


def python(author: Author) -> None:
    author.add(f"FROM {author.base('python:3.11-slim')}")
    author.declarations()
    if author.chance(30):
        author.system()
    author.maybe(85, f"WORKDIR {author.pick('/app', '/usr/src/app', '/code')}")
    names = author.some(("six", "flask", "requests", "gunicorn", "flagpkg", "ffipkg", "click==1.5"), 1, 3)
    layout = author.pick("plain", "plain", "plain", "nested", "constraints", "setup", "editable", "direct", "venv", "archive")
    flags, needed = python_files(author, names, layout)
    cache = author.pick("", "", "", "", "--no-cache-dir ", "--no-cache-dir ", "--cache-dir /tmp/pip ", "--disable-pip-version-check ", "-q ")
    install = f"{author.pick('pip', 'pip', 'pip3', 'python -m pip')} install {cache}"
    target = {"setup": ".", "editable": "-e .", "direct": " ".join(names), "archive": "/flagpkg-1.tar.gz six"}.get(layout, f"{flags}-r requirements.txt")
    mounts = author.pick("", "", "", "", "--mount=type=cache,target=/root/.cache/pip", "--mount=type=cache,target=/root/.cache", "--mount=type=cache,id=pip,target=/root/.cache/pip,sharing=locked", "--mount=type=bind,source=requirements.txt,target=requirements.txt" if layout == "plain" else "")
    # what is mounted cannot be removed
    removals = () if "type=cache" in mounts else ("rm -rf /root/.cache/pip", "rm -rf ~/.cache", "rm -rf /root/.cache")
    after = author.pick("", "", "", *removals, "pip uninstall -y six", "pip uninstall -y pip", *(() if "--no-cache" in cache else ("pip cache purge",)))
    if layout in ("plain", "nested") and author.chance(15):
        author.add("RUN pip install --no-cache-dir uv")
        mounts = author.pick("", "--mount=type=cache,target=/root/.cache/uv", "--mount=type=cache,target=/root/.cache/uv")
        install, after = f"uv pip install --system {author.pick('', '--link-mode=copy ', '--no-cache ')}", author.pick("", "uv cache clean" if not mounts else "")
    if layout == "archive":
        author.add("COPY flagpkg-1.tar.gz /")
    if layout == "venv":
        author.add("RUN python -m venv /venv", 'ENV PATH="/venv/bin:$PATH"')
    if "purge" not in after:
        author.maybe(20, author.pick("ENV PIP_NO_CACHE_DIR=1", "ENV PIP_CACHE_DIR=/var/pip"))
    whole = author.chance(50) or layout in ("setup", "editable", "nested")
    if whole:
        author.copy(".", author.pick(".", "./"))
    elif "bind" not in mounts:
        author.copy(needed, "./")
    author.maybe(15, "USER root")
    author.run(author.pick("", "", "pip install -U pip", "pip install --upgrade pip setuptools wheel"), install + target, after, flags=mounts)
    if "uninstall -y pip" not in after:
        author.maybe(15, author.pick("RUN pip download -d /wheels six", "RUN pip install click"))
    author.maybe(12, "RUN " + author.pick("rm -rf /root/.cache", "rm -rf /root/.cache/pip", "rm -r /root/.cache/pip", "ls -R /root/.cache/pip > /files || true"))
    if author.chance(25):
        author.odd()
    if not whole or author.chance(10):
        author.copy(".", ".")
    author.declarations(15)
    author.finish(["python", "app.py"])


def python_files(author: Author, names: list[str], layout: str) -> tuple[str, str]:
    """The manifests and sources; flags of the install, and what has to be copied for it."""
    files = author.files
    plain = [name.split("==")[0] for name in names]
    files["app.py"] = "".join(f"import {name}\nprint({name}.VALUE)\n" for name in plain) + "print('app')\n"
    author.edited = "app.py"
    files["requirements.txt"] = "".join(f"{name}\n" for name in names)
    if layout == "nested":
        files["requirements/base.txt"] = files["requirements.txt"]
        files["requirements.txt"] = "-r requirements/base.txt\n" + author.pick("", "idna\n")
    if layout == "constraints":
        files["constraints.txt"] = "six==1.0\nclick==1.5\n"
        inside = author.chance(50)
        files["requirements.txt"] = ("-c constraints.txt\n" if inside else "") + "".join(f"{name}\n" for name in plain)
        return "" if inside else "-c constraints.txt ", author.pick("requirements.txt constraints.txt", "*.txt")
    if layout in ("setup", "editable"):
        reads = author.pick("", "", 'open("VERSION").read()', 'open("README.md").read()')
        files["VERSION"], files["README.md"] = "1.2\n", "readme\n"
        version = reads if "VERSION" in reads else '"1.0"'
        read = f"text = {reads}\n" if "README" in reads else ""
        files["setup.py"] = f'from setuptools import setup\n{read}setup(name="proj", version={version}, py_modules=["app"], install_requires={plain!r})\n'
    if layout == "archive":
        files["flagpkg-1.tar.gz"] = "flagpkg 2.0 environment\n"
        files["app.py"] = "import flagpkg\nprint(flagpkg.VALUE)\n"
    return "", "requirements.txt"


def javascript(author: Author) -> None:
    author.alpine = author.chance(30)
    author.has_fetchers = not author.alpine
    author.add(f"FROM {author.base('node:20-alpine' if author.alpine else 'node:20')}")
    author.declarations()
    author.maybe(90, f"WORKDIR {author.pick('/app', '/usr/src/app', '/home/node/app')}")
    if author.chance(20):
        author.system()
    tool = author.pick("npm", "npm", "npm", "yarn", "pnpm")
    data = javascript_files(author, tool)
    lock = {"npm": "package-lock.json", "yarn": "yarn.lock", "pnpm": "pnpm-lock.yaml"}[tool]
    locked = author.chance(70)
    if locked:
        author.files[lock] = lock_of(tool, data, author.files)
    if tool == "pnpm":
        author.add("RUN npm install -g pnpm" + author.pick("", " && npm cache clean --force", " && rm -rf /root/.npm"))
    if author.chance(15):
        author.run(f"npm install -g {author.pick('serve', 'typescript', 'is-odd')}", author.pick("", "npm cache clean --force", "rm -rf /usr/local/lib/node_modules/npm /usr/local/bin/npm" if tool == "yarn" else ""))
    as_node = author.chance(15)
    whole = author.chance(50) or bool(data.get("workspaces")) or "lib" in data["dependencies"]
    if as_node:
        author.add("RUN chown node:node .", "USER node")
        author.user = "node"
    prefix = "--chown=node:node " if as_node else ""
    if whole:
        author.add(f"COPY {prefix}. .")
    else:
        manifests = f"package.json {lock} ./" if locked else "package.json ./"
        author.add(f"COPY {prefix}{author.pick('package*.json ./', manifests) if tool == 'npm' else manifests}")
        if "scripts/hook.js" in author.files:
            author.add(f"COPY {prefix}scripts ./scripts")
    javascript_install(author, tool, locked=locked, as_node=as_node)
    if not whole:
        author.add(f"COPY {prefix}. .")
    if "build" in data["scripts"]:
        author.maybe(70, f"RUN {tool} run build")
    if author.chance(20) and not as_node:
        author.odd()
    author.declarations(15)
    author.finish(["node", "index.js"], allow_user=not as_node)


def javascript_install(author: Author, tool: str, *, locked: bool, as_node: bool) -> None:
    """The step that installs, with its mount and its clean-up."""
    strict = {"npm": ("npm ci", "npm ci", "npm ci --ignore-scripts"), "yarn": ("yarn install --frozen-lockfile",), "pnpm": ("pnpm install --frozen-lockfile",)}[tool]
    loose = {"npm": ("npm install", "npm i", "npm install --omit=dev", "npm install --no-audit"), "yarn": ("yarn", "yarn install", "yarn install --production"), "pnpm": ("pnpm install",)}[tool]
    install = author.pick(*loose, *(strict if locked else ()))
    home = "/home/node" if as_node else "/root"
    where = {"npm": f"{home}/.npm", "yarn": "/home/node/.cache/yarn" if as_node else "/usr/local/share/.cache/yarn", "pnpm": f"{home}/.local/share/pnpm/store"}[tool]
    owner = author.pick(",uid=1000", ",uid=1000,gid=1000", "") if as_node else ""
    mounts = author.pick("", "", "", "", *(f"--mount=type=cache,target={where}{owner}{more}" for more in ("", ",sharing=locked", ",id=x")))
    own = {"npm": ("npm cache clean --force",), "yarn": ("yarn cache clean",), "pnpm": ("pnpm store prune",)}[tool]
    removals = {"npm": ("rm -rf ~/.npm", f"rm -rf {where}"), "yarn": ('rm -rf "$(yarn cache dir)"',), "pnpm": (f"rm -rf {where}",)}[tool]
    author.run(install, author.pick("", "", "", *own, *(() if mounts else removals)), flags=mounts)
    if not as_node:
        author.maybe(10, "RUN " + author.pick("rm -rf /root/.npm", "rm -r /root/.npm", "npm cache clean --force || true", "ls -R /root > /root-list || true"))


def javascript_files(author: Author, tool: str) -> dict[str, Any]:
    """The manifests and sources; what is in package.json."""
    names = author.some(("is-odd", "express", "left-pad", "bcrypt"), 1, 2)
    data: dict[str, Any] = {"name": "app", "version": "1.0.0", "dependencies": dict.fromkeys(names, "3.0.0"), "scripts": {}}
    files = author.files
    files["index.js"] = "".join(f'require("{name}")\n' for name in names) + "console.log('app')\n"
    author.edited = "index.js"
    if author.chance(25):
        data["devDependencies"] = {"typescript": "3.0.0"}
        data["scripts"]["build"] = "tsc"
        files["tsconfig.json"] = "{}"
        files["src/main.ts"] = "console.log('main')\n"
    if author.chance(20):
        files["scripts/hook.js"] = "console.log('hook')\n"
        data["scripts"][author.pick("postinstall", "prepare", "preinstall")] = author.pick("node scripts/hook.js", "echo hook", "cat index.js > built.txt || true")
    if author.chance(15):
        data["dependencies"]["lib"] = "file:./lib"
        files["lib/package.json"] = '{"name": "lib", "version": "1.0.0", "dependencies": {"left-pad": "3.0.0"}}'
        files["lib/index.js"] = 'module.exports = "lib"\n'
    if author.chance(15):
        data["workspaces"] = author.pick(["packages/*"], ["packages/a", "packages/b"])
        files["packages/a/package.json"] = '{"name": "a", "version": "1.0.0", "dependencies": {"left-pad": "3.0.0"}}'
        files["packages/b/package.json"] = '{"name": "b", "version": "1.0.0", "dependencies": {"a": "1.0.0"}, "bin": {"b": "cli.js"}}'
        files["packages/b/cli.js"] = "#!/usr/bin/env node\n"
        if tool == "pnpm":
            files["pnpm-workspace.yaml"] = "packages:\n  - 'packages/*'\n"
    files["package.json"] = json.dumps(data, indent=2)
    return data


def lock_of(tool: str, data: dict[str, Any], files: Mapping[str, str]) -> str:
    """The lock file of a project, as the stand-ins of the tools write it."""
    needs = {**data["dependencies"], **data.get("devDependencies", {})}
    own = {json.loads(text)["name"]: json.loads(text) for name, text in files.items() if name.startswith("packages/") and name.endswith("package.json")}
    for member in own.values():
        needs |= {name: version for name, version in member.get("dependencies", {}).items() if name not in own}
    below = {"express": ["left-pad"], "is-odd": ["is-number"]}
    for name in list(needs):
        for other in below.get(name, ()):
            needs.setdefault(other, "3.0.0")
    if "lib" in needs:
        needs["lib"] = "file:lib"
        needs.setdefault("left-pad", "3.0.0")
    if tool == "npm":
        return json.dumps({"name": "app", "lockfileVersion": 3, "packages": {f"node_modules/{name}": {"version": needs[name]} for name in sorted(needs)}}, indent=2)
    return "# lock\n" + "".join(f"{name}: {needs[name]}\n" for name in sorted(needs))


def golang(author: Author) -> None:
    author.has_fetchers = True
    staged = author.chance(60)
    named = author.chance(70)
    author.add(f"FROM {author.base('golang:1.22')}" + (f" {author.pick('AS', 'AS', 'as')} {author.pick('build', 'builder', 'Build')}" if staged and named else ""))
    name = author.lines[-1].split()[-1] if staged and named else "0"
    author.declarations(20)
    author.maybe(20, author.pick("ENV CGO_ENABLED=0", "ENV GOPATH=/go", "ENV GOFLAGS=-mod=mod", "ENV GOCACHE=/cache"))
    author.add(f"WORKDIR {author.pick('/src', '/go/src/app', '/app')}")
    files = author.files
    needs = author.some(("example.com/lib", "example.com/log"), 0, 2)
    replaced = author.chance(15)
    files["go.mod"] = "module example.com/app\n\ngo 1.22\n" + "".join(f"require {item} v1.0.0\n" for item in needs) + ("require example.com/own v1.0.0\nreplace example.com/own => ./own\n" if replaced else "")
    files["go.sum"] = "".join(f"{item} v1.0.0 h1:x=\n" for item in needs)
    files["main.go"] = "package main\n" + author.pick("", "//go:embed page.html\n") + "func main() {}\n"
    files["page.html"] = "<p>\n"
    author.edited = "main.go"
    if replaced:
        files["own/go.mod"], files["own/own.go"] = "module example.com/own\n", "package own\n"
    if author.chance(30):
        files["cmd/tool/main.go"] = "package main\nfunc main() {}\n"
    build = author.pick("go build -o /bin/app .", "go build -o /bin/app .", "CGO_ENABLED=0 go build -o /bin/app", "go build -ldflags '-s -w' -o /bin/app .", "go build -o /bin/app ./")
    mounts = author.pick("", "", "", "--mount=type=cache,target=/go/pkg/mod", "--mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build", "--mount=type=cache,target=/root/.cache/go-build")
    if author.chance(50) and not replaced:
        author.copy(author.pick("go.mod go.sum", "go.*"), "./")
        author.run("go mod download", flags=mounts if author.chance(60) else "")
        author.copy(author.pick(".", "."), ".")
    else:
        author.copy(".", ".")
        author.maybe(20, "RUN go mod download")
    clean = author.pick("", "", "", "go clean -cache", "go clean -modcache", "rm -rf /root/.cache/go-build", "rm -rf /go/pkg/mod")
    offline = author.chance(6)
    author.run(build, clean, flags=(mounts + " --network=none").strip() if offline else mounts)
    if author.chance(10):
        author.add("RUN go install example.com/gen@v1.0.0")
    if not staged:
        if author.chance(25):
            author.odd()
        author.finish(["/bin/app"])
        return
    final = author.pick("scratch", "scratch", "debian:12", "alpine:3.20")
    author.add("", f"FROM {final}")
    author.alpine, author.has_fetchers, author.user = final.startswith("alpine"), False, None
    reference = name if name == "0" else author.pick(name, name, name.lower(), "0")
    if final == "scratch":
        author.add(f"COPY --from={reference} /bin/app /app", 'ENTRYPOINT ["/app"]')
        return
    author.declarations(20)
    if author.chance(30):
        author.system()
    author.add(f"COPY --from={reference} /bin/app /usr/local/bin/app")
    if author.chance(25):
        author.odd()
    author.finish(["/usr/local/bin/app"])


def rust(author: Author) -> None:
    author.has_fetchers = True
    staged = author.chance(60)
    author.add(f"FROM {author.base('rust:1.75')}" + (" AS build" if staged else ""), "WORKDIR /src")
    author.declarations(20)
    files = author.files
    needs = author.some(("serde", "log", "rand"), 0, 2)
    files["Cargo.toml"] = '[package]\nname = "app"\nversion = "0.1.0"\n\n[dependencies]\n' + "".join(f'{name} = "1.0"\n' for name in needs)
    files["src/main.rs"] = "fn main() {}\n"
    author.edited = "src/main.rs"
    if author.chance(20):
        files["Cargo.toml"] += 'own = { path = "own" }\n'
        files["own/Cargo.toml"], files["own/src/lib.rs"] = '[package]\nname = "own"\n', "pub fn f() {}\n"
    if author.chance(70):
        files["Cargo.lock"] = "# lock\n" + "".join(f"{name} 1.0\n" for name in sorted(needs))
    mounts = author.pick("", "", "--mount=type=cache,target=/usr/local/cargo/registry", "--mount=type=cache,target=/src/target")
    save = " && cp target/release/app /app" if "target" in mounts.rsplit("/", 1)[-1] else ""
    if author.chance(25) and "own" not in files["Cargo.toml"]:
        author.copy("Cargo.*", "./")
        author.add('RUN mkdir src && echo "fn main() {}" > src/main.rs && cargo fetch')
    author.copy(".", ".")
    author.run("cargo build --release" + (" --locked" if "Cargo.lock" in files and author.chance(50) else "") + save, author.pick("", "", "rm -rf /usr/local/cargo/registry"), flags=mounts)
    product = "/app" if save else "/src/target/release/app"
    if not staged:
        author.finish([product])
        return
    author.add("FROM debian:12")
    author.has_fetchers = False
    if author.chance(40):
        author.system()
    author.add(f"COPY --from={author.pick('build', '0')} {product} /usr/local/bin/app")
    author.finish(["/usr/local/bin/app"])


def maven(author: Author) -> None:
    def pom(name: str, needs: tuple[str, ...] = (), modules: tuple[str, ...] = ()) -> str:
        listed = "".join(f"<dependency><groupId>{item.split(':')[0]}</groupId><artifactId>{item.split(':')[1]}</artifactId><version>1.0</version></dependency>" for item in needs)
        below = f"<modules>{''.join(f'<module>{item}</module>' for item in modules)}</modules>" if modules else ""
        return f"<project><modelVersion>4.0.0</modelVersion><groupId>local</groupId><artifactId>{name}</artifactId><version>1.0</version>{below}<dependencies>{listed}</dependencies></project>\n"

    author.add(f"FROM {author.base('maven:3.9')} AS build", "WORKDIR /src")
    files = author.files
    files["pom.xml"] = pom("app", ("org.x:util",))
    files["src/App.java"] = "class App {}\n"
    author.edited = "src/App.java"
    mounts = author.pick("", "", "", "--mount=type=cache,target=/root/.m2/repository", "--mount=type=cache,target=/root/.m2")
    if author.chance(30):
        files["common/pom.xml"], files["common/src/C.java"] = pom("common"), "class C {}\n"
        files["app/pom.xml"], files["app/src/App.java"] = pom("app", ("local:common", "org.x:util")), "class App {}\n"
        author.edited = "app/src/App.java"
        author.add("COPY common common")
        author.run("mvn -B -f common/pom.xml install", flags=mounts if author.chance(30) else "")
        author.add("COPY app app")
        author.run("mvn -B -f app/pom.xml package", flags=mounts)
        jar = "/src/app/target/app.jar"
    else:
        if author.chance(40):
            author.copy("pom.xml", "./")
            author.run("mvn -B dependency:go-offline", flags=mounts)
        author.copy(".", ".")
        author.run(author.pick("mvn -B package", "mvn clean package -DskipTests", "mvn -B install"), author.pick("", "", "rm -rf /root/.m2"), flags=mounts)
        jar = "/src/target/app.jar"
    if author.chance(50):
        author.add("FROM maven:3.9", f"COPY --from=build {jar} /app.jar", 'CMD ["java", "-jar", "/app.jar"]')
    else:
        author.finish(["java", "-jar", jar])


def ruby(author: Author) -> None:
    author.has_fetchers = True
    author.add(f"FROM {author.base('ruby:3.3')}", "WORKDIR /app")
    author.declarations()
    gems = author.some(("rake", "rack", "puma", "nokogiri"), 1, 3)
    files = author.files
    files["Gemfile"] = 'source "https://rubygems.org"\n' + "".join(f'gem "{name}"\n' for name in gems)
    files["app.rb"] = "puts 1\n"
    author.edited = "app.rb"
    if author.chance(60):
        files["Gemfile.lock"] = "GEM\n" + "".join(f"  {name} (1.0)\n" for name in sorted(gems))
    if author.chance(15):
        files["Gemfile.more"] = 'gem "rake"\n'
        files["Gemfile"] += 'eval_gemfile "Gemfile.more"\n'
    mounts = author.pick("", "", "", "--mount=type=cache,target=/usr/local/bundle/cache")
    clean = author.pick("", "", "rm -rf /usr/local/bundle/cache", "rm -rf /usr/local/bundle/cache/*.gem")
    if author.chance(30):
        author.run(f"gem install {author.pick('rake', 'puma')}", author.pick("", "rm -rf /usr/local/bundle/cache"))
    if author.chance(50) and "Gemfile.more" not in files:
        author.copy("Gemfile*", "./")
        author.run("bundle install", clean, flags=mounts)
        author.copy(".", ".")
    else:
        author.copy(".", ".")
        author.run("bundle install", clean, flags=mounts)
    if author.chance(20):
        author.odd()
    author.finish(author.pick(["ruby", "app.rb"], ["bundle", "exec", gems[0]]))


def php(author: Author) -> None:
    author.add(f"FROM {author.base('php:8.3-cli')}", "WORKDIR /app")
    author.declarations()
    names = author.some(("monolog/monolog", "psr/log", "symfony/yaml"), 1, 2)
    files = author.files
    data: dict[str, Any] = {"name": "own/app", "require": dict.fromkeys(names, "^1.0")}
    files["index.php"] = "<?php echo 1;\n"
    author.edited = "index.php"
    if author.chance(25):
        data["repositories"] = [{"type": "path", "url": "lib"}]
        data["require"]["own/lib"] = "*"
        files["lib/composer.json"], files["lib/lib.php"] = '{"name": "own/lib"}', "<?php\n"
    if author.chance(20):
        data["scripts"] = {"post-install-cmd": author.pick("echo done", "cat index.php > built.php")}
    files["composer.json"] = json.dumps(data, indent=2)
    if author.chance(60):
        files["composer.lock"] = json.dumps({"packages": sorted(data["require"])})
    mounts = author.pick("", "", "", "--mount=type=cache,target=/root/.composer/cache")
    clean = author.pick("", "", "composer clear-cache", "rm -rf /root/.composer", "rm -rf ~/.composer/cache")
    install = f"composer install {author.pick('', '--no-dev ', '--no-scripts ', '--no-cache ', '--no-interaction --prefer-dist ')}".strip()
    if author.chance(40) and "repositories" not in data and "cat" not in str(data.get("scripts")):
        author.copy("composer.*", "./")
        author.run(install, clean, flags=mounts)
        author.copy(".", ".")
    else:
        author.copy(".", ".")
        author.run(install, clean, flags=mounts)
    if author.chance(20):
        author.odd()
    author.finish(["php", "index.php"])


def system(author: Author) -> None:
    base = author.pick("debian:12", "debian:12", "ubuntu:24.04", "alpine:3.20", "fedora:40")
    author.alpine, author.fedora = base.startswith("alpine"), base.startswith("fedora")
    author.add(f"FROM {author.base(base)}")
    author.declarations(40)
    author.system()
    for _ in range(author.draw(st.integers(0, 3))):
        author.odd() if author.chance(75) else author.system()
        author.declarations(15)
    if author.chance(30):
        author.files["main.c"], author.files["Makefile"] = "int main() {}\n", "app:\n\tgcc -o app main.c\n"
        author.edited = "main.c"
        author.add("COPY . /c" if author.chance(50) else "COPY main.c Makefile /c/")
        packages = {True: "apk add gcc make", False: "dnf install -y gcc make" if author.fedora else "apt-get update && apt-get install -y gcc make"}[author.alpine]
        author.run(packages, f"make -C /c{author.pick('', ' app')}", author.pick("", "rm -f /c/main.c"))
        author.finish(["/c/app"])
    else:
        author.finish(author.pick(["echo", "hello"], ["ls", "/opt"], ["cat", "/etc/os-release"]))


def odd(author: Author) -> None:
    base = author.pick("debian:12", "node:20", "python:3.11-slim", "alpine:3.20", "golang:1.22")
    author.alpine = base.startswith("alpine")
    author.has_fetchers = base in ("node:20", "golang:1.22")
    author.add(f"FROM {author.base(base)}" + author.pick("", " AS base"))
    author.files["data.txt"] = "data\n"
    author.edited = "data.txt"
    author.declarations(50)
    for _ in range(author.draw(st.integers(1, 4))):
        author.odd()
        author.declarations(20)
        author.maybe(20, author.pick("COPY . /all", "COPY data.txt /data.txt", "ADD data.txt /d/", "COPY data.txt d", "USER nobody", "USER root"))
    author.finish(["echo", "hello"])


def staged(author: Author) -> None:
    """A stage on a stage, with caches and mounts on both sides."""
    author.add("FROM python:3.11-slim AS base", "WORKDIR /app")
    author.declarations(30)
    author.files["requirements.txt"] = "six\nflagpkg\n"
    author.files["app.py"] = "import six\nprint(six.VALUE)\n"
    author.edited = "app.py"
    if author.chance(40):
        author.system()
    if author.chance(40):
        author.run("pip install " + author.pick("flask", "six", "click"), flags=author.pick("", "--mount=type=cache,target=/root/.cache/pip"))
    author.add("", f"FROM base {author.pick('AS', 'as')} {author.pick('deps', 'Deps', 'DEPS')}")
    name = author.lines[-1].split()[-1]
    author.copy("requirements.txt", "./")
    author.run("pip install " + author.pick("", "", "--no-cache-dir ", "--target /deps ") + "-r requirements.txt", flags=author.pick("", "", "--mount=type=cache,target=/root/.cache/pip"))
    author.maybe(20, "RUN pip wheel -w /wheels flagpkg")
    author.add("", f"FROM {author.pick('base', 'base', name.lower(), 'python:3.11-slim')}", "WORKDIR /app")
    author.declarations(20)
    reference = author.pick(name, name.lower(), "1")
    author.add(f"COPY --from={reference} {author.pick('/usr/local/lib/python3.11/site-packages /usr/local/lib/python3.11/site-packages', '/root /from-root', '/app /deps-app')}")
    author.maybe(15, f"COPY --from={reference} {author.pick('/root/.cache /cache', '/var/lib/apt /lists', '/var/cache /caches')}")
    author.maybe(20, f"RUN --mount=type=bind,from={name.lower()},target=/m ls -R /m/root > /seen")
    author.copy(".", ".")
    author.run("pip install " + author.pick("six", "-r requirements.txt", "--no-index --find-links /wheels six || true"))
    if author.chance(20):
        author.odd()
    author.finish(["python", "app.py"])


ECOSYSTEMS: tuple[Callable[[Author], None], ...] = (python, python, python, javascript, javascript, golang, golang, rust, maven, ruby, php, system, system, system, odd, odd, staged, staged)


# ------------------------------------------------------------ habits


def habits(author: Author, text: str) -> str:
    """Ways of writing that change nothing."""
    lines = text.split("\n")
    if author.chance(8):
        word = author.pick("RUN", "COPY", "ENV", "WORKDIR", "CMD")
        lines = [line.replace(word, word.lower(), 1) if line.startswith(word + " ") else line for line in lines]
    if author.chance(8):
        lines = [line + "  " if line and not line.startswith("EOF") and not line.endswith("\\") and author.chance(30) else line for line in lines]
    if author.chance(6):
        found = [index for index, line in enumerate(lines) if line.endswith("\\")]
        if found:
            at = author.pick(*found)
            lines.insert(at + 1, "")
    if author.chance(8):
        at = author.draw(st.integers(0, len(lines) - 1))
        inside = any(line == "EOF" for line in lines[at:]) or (at > 0 and lines[at - 1].endswith("\\"))
        if not inside:
            lines.insert(at, author.pick("# a comment", "", "# dlint ignore=DL3008", "# hadolint ignore=DL3059", "# hadolint ignore=DL3013"))
    return "\n".join(lines)


@st.composite
def cases(draw: DrawFn, wanted: str | None = None) -> Case:
    """Dockerfiles that mostly build, with their contexts; with a rule's code, those that it has something to say of."""
    author = Author(draw)
    if wanted is None:
        author.pick(*ECOSYSTEMS)(author)
    else:
        steered(author, wanted)
    author.maybe(3, "LABEL end=1")
    if author.chance(10):
        author.files[".dockerignore"] = author.pick("*.md\n", ".git\nnode_modules\n", "**/*.tmp\n")
    text = habits(author, "\n".join(author.lines) + "\n")
    for name in ("README.md",):
        author.files.setdefault(name, "readme\n")
    return Case(text, dict(author.files), author.edited or "README.md")
