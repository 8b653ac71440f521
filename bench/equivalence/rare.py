"""Pieces of Dockerfiles that rules are about which are seldom met: the campaign asks for those that it has few of."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from .generate import Author


def suse(author: Author) -> None:
    """zypper's cache."""
    names = " ".join(author.some(("git", "make", "jq", "tree", "gcc"), 1, 2))
    yes = author.pick("zypper -n install", "zypper --non-interactive install", "zypper install -y", "zypper -n in")
    clean = author.pick("", "", "", "zypper clean --all", "rm -rf /var/cache/zypp")
    author.run(author.pick("", "zypper refresh"), f"{yes} {author.pick('', '--no-recommends ')}{names}", clean)
    author.maybe(30, "ENV Y=1")
    author.maybe(25, f"RUN {author.pick('zypper clean --all', 'zypper clean', 'rm -rf /var/cache/zypp')}")
    author.maybe(20, "RUN zypper -n install unzip")


def suse_asking(author: Author) -> None:
    """Nothing is left to be asked for."""
    names = " ".join(author.some(("git", "make", "jq", "tree", "gcc"), 1, 2))
    less = author.pick("", "--no-recommends ")
    author.run(f"zypper -n install {less}{names}", author.pick("", "", "zypper clean --all"))
    author.add(f"RUN zypper {author.pick('install', 'in')} {less}{names}")


def arch(author: Author) -> None:
    names = " ".join(author.some(("git", "make", "jq", "tree"), 1, 2))
    author.run(f"pacman -Sy --noconfirm {names}", author.pick("", "", "rm -rf /var/cache/pacman/pkg/*"))
    author.run(f"pacman -S --needed {names}")


def fedora(author: Author) -> None:
    tool = author.pick("dnf", "yum", "yum")
    names = " ".join(author.some(("git", "make", "jq", "tree", "curl"), 1, 2))
    clean = author.pick("", "", "", "", "", f"{tool} clean all", f"rm -rf /var/cache/{tool}")
    author.run(f"{tool} install -y {author.pick('', '--setopt=install_weak_deps=False ')}{names}", clean)
    author.maybe(20, f"RUN {tool} remove -y {names.split()[0]}")
    author.maybe(10, f"RUN {tool} clean all")
    author.maybe(10, f"RUN {tool} install -y unzip")


def fedora_asking(author: Author) -> None:
    """Nothing is left to be asked for."""
    tool = author.pick("dnf", "yum")
    names = " ".join(author.some(("git", "make", "jq", "tree", "curl"), 1, 2))
    less = author.pick("", "--setopt=install_weak_deps=False ")
    author.run(f"{tool} install -y {less}{names}", author.pick("", "", f"{tool} clean all"))
    author.add(f"RUN {tool} install {less}{names}")


def uv(author: Author) -> None:
    author.files["requirements.txt"] = author.pick("six\n", "six\nflask\n", "flagpkg\n")
    author.add("RUN pip install --no-cache-dir uv", "COPY requirements.txt /r/")
    author.maybe(15, author.pick("ENV UV_LINK_MODE=copy", "ENV FLAG=uv"))
    mount = author.pick("/root/.cache/uv", "/root/.cache", "/root/.cache/uv")
    author.run(f"uv pip install --system {author.pick('', '--no-cache ')}{author.pick('six', '-r /r/requirements.txt', 'click flask')}", flags=f"--mount=type=cache,target={mount}")


def copied_owner(author: Author) -> None:
    author.files["site/index.html"], author.files["site/sub/run.sh"] = "<p>\n", "#!/bin/sh\necho site\n"
    # less than a megabyte is not worth a word to the rule
    author.files["site/big.txt"] = "0" * 1_000_000
    target = author.pick("/site", "/srv/own/site", "/opt/site", "/data/www")
    owner = author.pick("1000:1000", "daemon:daemon", "nobody:nogroup", "1000", "daemon")
    made = author.pick("", "", f"WORKDIR {target}", f"RUN mkdir -p {target}")
    author.add(*([made] if made else []), f"{author.pick('COPY', 'ADD')} {author.pick('site', 'site/')} {target}{author.pick('', '/')}")
    author.maybe(20, author.pick("ENV Q=1", "RUN echo x > /x", "LABEL q=1"))
    author.add(f"RUN {author.pick(f'chown -R {owner}', 'chmod -R 755', 'chmod -R 0750', f'chown -R {owner}')} {target}{author.pick('', '/')}")
    author.maybe(20, f"RUN find {target} -exec stat -c '%n %a %u' {{}} + | sort > /listing")


def archive_left(author: Author) -> None:
    url = "https://example.org/" + author.pick("tool.tar.gz", "data-1.tgz")
    name = url.rsplit("/", 1)[1]
    author.fetchers("curl")
    place = author.pick("/tmp", "/opt", "/var/tmp")
    author.maybe(40, f"WORKDIR {author.pick('/opt', '/w')}")
    author.add(f"RUN mkdir -p {place}")
    here = author.chance(40)
    author.run(f"curl -fsSL{'O' if here else ''} {url}" + ("" if here else f" -o {place}/{name}"), f"tar -xzf {name if here else f'{place}/{name}'}" + author.pick("", " -C /srv"))
    author.maybe(20, author.pick("RUN ls /tmp > /tmp-list", "RUN ls -R /opt > /opt-list", f"RUN cat {place}/{name} > /copy || true"))


def wget(author: Author) -> None:
    author.fetchers("wget")
    author.run(author.pick("wget https://example.org/file.txt -P /opt", "cd /opt && wget https://example.org/file.txt", "wget -O /opt/f https://example.org/file.txt", "wget -c https://example.org/file.txt"))


def sparse_user(author: Author) -> None:
    author.add(f"RUN useradd {author.pick('', '-m ', '-r ', '-M -s /bin/false ')}{author.pick('-u 1000910000', '--uid 200000', '-u 1234567')} jo")
    author.maybe(30, "RUN id jo > /who || true")


def secret(author: Author) -> None:
    mode = author.pick("0444", "0644", "444", "0440")
    author.add(f"RUN --mount=type=secret,id=token,mode={mode} cat /run/secrets/token 2>/dev/null || echo none > /token")


def unwritable(author: Author) -> None:
    author.add(f"USER {author.pick('1234', '1000:1000', '65534')}")
    place = author.pick("/cached", "/home/x/.cache", "/var/own")
    author.add(f"RUN --mount=type=cache,target={place}{author.pick('', ',id=own', ',sharing=locked')} (touch {place}/x 2>/dev/null; echo done > /tmp/done)", "USER root")
    author.maybe(40, f"RUN test -e {place}/x && echo there > /seen || true")


def folder(author: Author) -> None:
    work = author.pick("/data/x", "/opt/app", "/w")
    author.maybe(70, f"RUN mkdir -p {work}")
    author.add(f"RUN cd {work if author.lines[-1].startswith('RUN mkdir') else '/opt'} && {author.pick('touch y', 'pwd > where', 'mkdir -p a/b && touch a/b/c')}")
    author.add(author.pick("WORKDIR /srv", "WORKDIR /"), author.pick("RUN pwd > at", "ENV Q=1"))


def relative(author: Author) -> None:
    """A stage from nothing, whose folder is known."""
    author.files["index.html"] = "<p>\n"
    author.add("", "FROM scratch", f"WORKDIR {author.pick('app', 'srv/www', './a')}", "COPY index.html .")
    author.maybe(40, "WORKDIR sub")
    author.empty = True


def checks(author: Author) -> None:
    author.add(*author.some(("HEALTHCHECK CMD true", "HEALTHCHECK --interval=1m CMD ls /", "HEALTHCHECK NONE"), 2, 3))


def entries(author: Author) -> None:
    author.add('ENTRYPOINT ["echo", "old"]')
    author.maybe(30, "RUN echo x > /x")
    author.add('ENTRYPOINT ["echo", "new"]')
    author.entered = True


def yarn(author: Author) -> None:
    author.files["package.json"] = '{"name": "app", "version": "1.0.0", "dependencies": {"left-pad": "3.0.0"}}'
    author.add("WORKDIR /app", "COPY package.json ./")
    # without a mount the cache is to be cleaned
    author.maybe(75, "# dlint ignore=DF103")
    author.run(f"yarn install {author.pick('--production', '--non-interactive', '--prod --ignore-optional', '')}", author.pick("", "", "yarn cache clean"))


def apk(author: Author) -> None:
    author.run(author.pick("", "apk update"), f"apk add {author.pick('', '-U ', '--virtual .d ')}{author.pick('jq', 'tree make', 'git')}", author.pick("", "", "rm -rf /var/cache/apk/*"))
    author.maybe(30, "ENV Y=1")
    author.maybe(20, "RUN " + author.pick("rm /var/cache/apk/*", "rm -r /var/cache/apk", "rm -rf /var/cache/apk"))


def early(author: Author) -> None:
    name = author.pick("GIT_SHA", "BUILD_DATE", "VERSION", "CI_COMMIT")
    author.add(author.pick(f"ARG {name}", f"ARG {name}=1", f"ARG {name}=abc\nENV {name}=${name}", f"ARG {name}\nLABEL revision=${name}"))
    author.system()
    author.maybe(50, f"RUN echo ${name} > /built")


def updated(author: Author) -> None:
    author.add("RUN apt-get update")
    author.maybe(25, author.pick("ENV Y=1", "LABEL y=1", "COPY README.md /"))
    author.run(f"apt-get install -y {author.pick('jq', 'tree make', 'git')}", author.pick("", "", "rm -rf /var/lib/apt/lists/*"))


def cleaned_later(author: Author) -> None:
    how = author.pick("apt", "npm", "made")
    if how == "apt":
        author.run("apt-get update", f"apt-get install -y {author.pick('jq', 'tree', 'git')}")
        author.maybe(25, "ENV Y=1")
        author.add(f"RUN {author.pick('rm -rf /var/lib/apt/lists/*', 'apt-get clean && rm -rf /var/lib/apt/lists/*', 'rm -r /var/lib/apt/lists')}")
    elif how == "npm":
        author.fetchers("curl")
        author.add("RUN curl -fsSL https://example.org/file.txt -o /tmp/f.zip", f"RUN {author.pick('rm /tmp/f.zip', 'rm -f /tmp/f.zip')}")
    else:
        author.fetchers("curl")
        author.add("RUN curl -fsSL https://example.org/tool.tar.gz -o /opt/t.tgz && tar -xzf /opt/t.tgz -C /opt", "RUN rm -rf /opt/t.tgz")


def written(author: Author) -> None:
    """Ways of writing."""
    author.add(*author.some(("EXPOSE 80/TCP", "EXPOSE 53/Udp 54/udp", "STOPSIGNAL 15", "STOPSIGNAL term", "MAINTAINER Jo <jo@example.org>", "LABEL a b", "# dlint ignore=DL3013\nENV Q=1", "# hadolint ignore=DL3003\nRUN true", "run echo x > /x", "RUN echo a && \\\n\n    echo b > /b"), 4, 8))


DEBIAN = ("debian:12", "ubuntu:24.04", "node:20", "python:3.11-slim")
# by rule: what is written, on which images
PIECES: dict[str, tuple[Callable[[Author], None], tuple[str, ...]]] = {
    "DF104": (updated, DEBIAN), "DF105": (early, (*DEBIAN, "alpine:3.20", "fedora:40")), "DF111": (unwritable, (*DEBIAN, "alpine:3.20")),
    "DF112": (uv, ("python:3.11-slim",)), "DF201": (cleaned_later, DEBIAN), "DF203": (copied_owner, (*DEBIAN, "alpine:3.20")),
    "DF204": (archive_left, DEBIAN), "DF407": (secret, (*DEBIAN, "alpine:3.20")), "DF621": (arch, ("archlinux:base",)),
    "DF701": (written, DEBIAN), "DF704": (written, DEBIAN), "DF705": (written, DEBIAN), "DF706": (written, DEBIAN),
    "DF707": (written, DEBIAN), "DF725": (written, DEBIAN), "DL3000": (relative, ("debian:12", "alpine:3.20")), "DL3003": (folder, (*DEBIAN, "alpine:3.20")),
    "DL3012": (checks, (*DEBIAN, "alpine:3.20")), "DL3019": (apk, ("alpine:3.20", "node:20-alpine")), "DL3030": (fedora_asking, ("fedora:40",)),
    "DL3032": (fedora, ("fedora:40",)), "DL3034": (suse_asking, ("opensuse/leap:15.6",)), "DL3036": (suse, ("opensuse/leap:15.6",)),
    "DL3038": (fedora_asking, ("fedora:40",)), "DL3040": (fedora, ("fedora:40",)), "DL3046": (sparse_user, (*DEBIAN, "fedora:40")),
    "DL3047": (wget, DEBIAN), "DL3060": (yarn, ("node:20", "node:20-alpine")), "DL4000": (written, DEBIAN), "DL4004": (entries, (*DEBIAN, "alpine:3.20")),
}  # fmt: skip


def steered(author: Author, code: str) -> None:
    """A Dockerfile with what a rule is about, among other things."""
    piece, bases = PIECES[code]
    base = author.pick(*bases)
    author.alpine, author.fedora = "alpine" in base, base.startswith("fedora")
    author.has_fetchers = base == "node:20"
    author.add(f"FROM {author.base(base)}")
    author.files["data.txt"] = "data\n"
    author.edited = "data.txt"
    author.declarations(25)
    plain = base.startswith(("opensuse", "archlinux"))
    if author.chance(25) and not plain:
        author.system()
    author.maybe(30, "COPY data.txt /data.txt")
    piece(author)
    if author.empty:
        return
    author.declarations(25)
    if author.chance(30) and not plain:
        author.odd()
    author.maybe(20, "COPY . /all")
    if author.entered:
        author.add('CMD ["hello"]')
    else:
        author.finish(author.pick(["echo", "hello"], ["ls", "/"], ["cat", "/etc/os-release"]))
