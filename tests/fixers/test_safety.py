"""The promise of safe fixes: the image behaves as before. Each text is one that a careless rewrite would break."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import tarfile
from typing import TYPE_CHECKING

import pytest

from dockerlint.fixers.effects.footprint import Clash, Footprint, footprint
from dockerlint.fixers.loop import FixOutcome, fix
from dockerlint.lint.analysis.build_state import Settings
from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.context.build_context import Context
from dockerlint.lint.engine.checker import check
from dockerlint.lint.engine.findings import Applicability
from dockerlint.lint.engine.registry import rules
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.parser import parse

if TYPE_CHECKING:
    from pathlib import Path

    from dockerlint.lint.engine.findings import Finding
    from dockerlint.lint.syntax.nodes import Dockerfile

DEBIAN = "FROM debian:bookworm-slim\n"
PYTHON = "FROM python:3.12-slim\nWORKDIR /app\n"
NODE = "FROM node:22-slim\nWORKDIR /app\n"
LISTS = "/var/lib/apt/lists/*"
INSTALL = "RUN apt-get update && apt-get install -y curl"
CLEAN = f"RUN rm -rf {LISTS}\n"


def fixed(text: str, code: str, context: Context | None = None, *, unsafe: bool = False) -> str:
    chosen = [rule for rule in rules() if rule.code == code]
    assert chosen

    def find(doc: Dockerfile) -> list[Finding]:
        return check(doc, Facts(doc, context, Settings(preset="all")), chosen)

    outcome: FixOutcome = fix(text, find, unsafe=unsafe)
    assert not outcome.dropped
    assert not parse(outcome.text).problems
    assert fix(outcome.text, find, unsafe=unsafe).text == outcome.text
    return outcome.text


# ---------------------------------------------------------------- DF104: an update goes into the install


@pytest.mark.parametrize(
    "first",
    [
        "export A=1", "A=1", "cd /x", "umask 077", "set -e", ". /etc/profile", "source /x", "alias x=y", "pushd /x", "eval 'cd x'",
        "builtin cd /x", "command cd /x", "read x", "ulimit -n 5", "shopt -s x", "exec true", "exit 0", ": ${A:=1}",
    ],
)
def test_what_lasts_is_not_merged(first: str) -> None:
    text = f"{DEBIAN}RUN apt-get update && {first}\nRUN apt-get install -y curl\n"
    assert fixed(text, "DF104", unsafe=True) == text


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("apt-get update || true", "apt-get install -y curl"),
        ("apt-get update; true", "apt-get install -y curl"),
        ("apt-get update &", "apt-get install -y curl"),
        ("apt-get update # why", "apt-get install -y curl"),
        ("apt-get update 2>&1 | tee log", "apt-get install -y curl"),
        ("! apt-get update", "apt-get install -y curl"),
        ("apt-get update", "apt-get install -y curl || true"),
        ("apt-get update", "apt-get install -y curl; true"),
        ("apt-get update", "(apt-get install -y curl)"),
        ("apt-get update", '["apt-get", "install", "-y", "curl"]'),
        ("apt-get update", "<<E\napt-get install -y curl\nE"),
        ("apt-get update", "cat <<E && apt-get install -y curl\nx\nE"),
        ("--network=none apt-get update", "apt-get install -y curl"),
        ("--mount=type=tmpfs,target=/x apt-get update", "apt-get install -y curl"),
    ],
)
def test_what_is_no_plain_chain_is_not_merged(first: str, second: str) -> None:
    text = f"{DEBIAN}RUN {first}\nRUN {second}\n"
    assert fixed(text, "DF104", unsafe=True) == text


@pytest.mark.parametrize(
    "between", ["USER app", "WORKDIR /x", 'SHELL ["/bin/bash", "-c"]', "ENV A=1", "ARG A=1", "COPY a.list /etc/apt/", "RUN true", "VOLUME /x", "ADD a /"]
)
def test_what_stands_between_makes_it_unsafe(between: str) -> None:
    text = f"{DEBIAN}RUN apt-get update\n{between}\nRUN apt-get install -y curl\n"
    assert fixed(text, "DF104") == text


@pytest.mark.parametrize(
    ("first", "second", "merged"),
    [
        ("apt-get update > log", "apt-get install -y curl", "apt-get update > log && apt-get install -y curl"),
        ("[ -f /x ] && apt-get update", "[ -f /y ] && apt-get install -y a", "[ -f /x ] && apt-get update && [ -f /y ] && apt-get install -y a"),
        ("apt-get update && echo 'a  b'", "apt-get install -y curl", "apt-get update && echo 'a  b' && apt-get install -y curl"),
        ("A=1 apt-get update", "B=2 apt-get install -y curl", "A=1 apt-get update && B=2 apt-get install -y curl"),
        ("apt-get update \\\n # why\n -q", "apt-get install -y curl", "apt-get update \\\n # why\n -q \\\n && apt-get install -y curl"),
    ],
)
def test_merged_as_written(first: str, second: str, merged: str) -> None:
    assert fixed(f"{DEBIAN}RUN {first}\nRUN {second}\n", "DF104") == f"{DEBIAN}RUN {merged}\n"


# ---------------------------------------------------------------- DF201: a clean-up goes to the RUN that makes the waste


@pytest.mark.parametrize(
    "later",
    [
        f"RUN [ -f x ] && rm -rf {LISTS}\n",
        f"RUN if true; then rm -rf {LISTS}; fi\n",
        f"RUN rm -rf {LISTS} || true\n",
        f"RUN rm -rf {LISTS}; true\n",
        f"RUN rm -rf {LISTS} $(cat /etc/x)\n",
        f"RUN rm -rf {LISTS} && \\\n  # say so\n  echo hi\n",
        f"RUN rm -rf {LISTS} ${{X:=/y}} && echo $X\n",
        f"USER app\n{CLEAN}",
        f"RUN --mount=type=cache,target=/x rm -rf {LISTS}\n",
        f"RUN apt-get update && apt-get install -y wget && rm -rf {LISTS}\n",
    ],
)
def test_not_moved_up(later: str) -> None:
    text = f"{DEBIAN}{INSTALL}\n{later}"
    assert fixed(text, "DF201", unsafe=True) == text


@pytest.mark.parametrize(
    "first",
    [
        "apt-get update && apt-get install -y curl # why",
        "apt-get update && apt-get install -y curl;",
        "apt-get update && apt-get install -y curl && if true; then exit 0; fi",
        "apt-get update && apt-get install -y curl && cd /x",
        "apt-get update && apt-get install -y curl && umask 077",
        "set -f && apt-get update && apt-get install -y curl",
        "<<E\napt-get update\napt-get install -y curl\nE",
        "<<E\nset -e\napt-get update\napt-get install -y curl && true\nE",
        "<<E\nset -e\napt-get update\napt-get install -y curl\n[ -f /x ]\nE",
        "apt-get update && apt-get install -y curl && cat <<E\nx\nE",
        '["apt-get", "update"]',
    ],
)
def test_not_moved_into(first: str) -> None:
    text = f"{DEBIAN}RUN {first}\n{CLEAN}"
    assert fixed(text, "DF201", unsafe=True) == text


def test_a_line_of_a_heredoc_takes_one_line() -> None:
    text = f"{DEBIAN}RUN <<E\nset -e\napt-get update\napt-get install -y a\nE\nRUN apt-get clean \\\n && rm -rf {LISTS}\n"
    assert fixed(text, "DF201", unsafe=True) == text


def test_the_install_still_finds_the_lists() -> None:
    text = f"{DEBIAN}RUN apt-get update\nRUN apt-get install -y curl && rm -rf {LISTS}\n"
    assert fixed(text, "DF201", unsafe=True) == f"{DEBIAN}RUN apt-get update && apt-get install -y curl && rm -rf {LISTS}\n"
    assert fixed(text, "DF201", unsafe=False) == text


@pytest.mark.parametrize("first", ["apt-cache policy", "ls /var/lib/apt/lists > x"])
def test_what_reads_the_files_comes_along(first: str) -> None:
    text = f"{DEBIAN}{INSTALL}\nRUN {first} && rm -rf {LISTS}\n"
    assert fixed(text, "DF201", unsafe=True) == f"{DEBIAN}{INSTALL} && {first} && rm -rf {LISTS}\n"
    assert fixed(text, "DF201", unsafe=False) == text


def test_an_archive_is_unpacked_before_it_goes() -> None:
    text = f"{DEBIAN}RUN curl -o /tmp/a https://example.org/a\nRUN tar xf /tmp/a && rm /tmp/a\n"
    result = f"{DEBIAN}RUN curl -o /tmp/a https://example.org/a && tar xf /tmp/a && rm /tmp/a\n"
    assert fixed(text, "DF201", unsafe=True) == result
    text = f"{DEBIAN}RUN curl -o /tmp/a https://example.org/a\nRUN tar xf /tmp/a\nRUN rm /tmp/a\n"
    assert fixed(text, "DF201", unsafe=True) == result
    assert fixed(text, "DF201", unsafe=False) == text


@pytest.mark.parametrize(
    ("first", "later", "result"),
    [
        (INSTALL, f"RUN rm -rf {LISTS} 2>/dev/null\n", f"{INSTALL} && rm -rf {LISTS} 2>/dev/null\n"),
        (f"{INSTALL} > log", CLEAN, f"{INSTALL} > log && rm -rf {LISTS}\n"),
        (INSTALL, f"RUN rm -rf {LISTS} && echo 'a  b' > x\n", f"{INSTALL} && rm -rf {LISTS}\nRUN echo 'a  b' > x\n"),
        (INSTALL, f"RUN apt-get clean && rm -rf {LISTS}\n", f"{INSTALL} && apt-get clean && rm -rf {LISTS}\n"),
        (INSTALL, f"RUN apt-get clean \\\n  && rm -rf {LISTS}\n", f"{INSTALL} && apt-get clean \\\n  && rm -rf {LISTS}\n"),
        (f"{INSTALL} \\\n    wget", CLEAN, f"{INSTALL} \\\n    wget \\\n    && rm -rf {LISTS}\n"),
        ("RUN <<E\nset -e\napt-get update\napt-get install -y a\nE", CLEAN, f"RUN <<E\nset -e\napt-get update\napt-get install -y a\nrm -rf {LISTS}\nE\n"),
    ],
)
def test_moved_up(first: str, later: str, result: str) -> None:
    assert fixed(f"{DEBIAN}{first}\n{later}", "DF201") == DEBIAN + result


# ---------------------------------------------------------------- DF103: a cache is mounted


@pytest.mark.parametrize(
    "text",
    [
        "RUN pip install a && rm -rf /root/.cache",
        "RUN pip install a && rm -rf ~/.cache",
        "RUN pip install a && rm -rf $HOME/.cache",
        "RUN pip install a && rm -rf /root/.cache/* /tmp/*",
        "RUN pip install a; rm -rf ~/.cache/pip",
        "RUN --mount=type=bind,target=/root/.cache/pip pip install a",
        "RUN --mount=type=cache,target=/root/.cache/pip/http pip install a",
        'RUN ["pip", "install", "--no-cache-dir", "a"]',
    ],
)
def test_never_mounted(text: str) -> None:
    assert fixed(PYTHON + text, "DF103", unsafe=True) == PYTHON + text


@pytest.mark.parametrize(
    "text",
    [
        "RUN pip install a && rm -rf $X",
        "ENV HOME=/x\nRUN pip install a",
        "ENV XDG_CACHE_HOME=/x\nRUN pip install a",
        "ENV PIP_CACHE_DIR=/tmp\nRUN pip install a",
        "ENV PIP_NO_CACHE_DIR=1\nRUN pip install a",
        "RUN export HOME=/x && pip install a",
        "RUN HOME=/x pip install a",
        "RUN sudo -u app pip install --no-cache-dir a",
        "USER app\nRUN pip install --no-cache-dir a",
        "USER 1000\nRUN pip install --no-cache-dir a",
        "COPY wheels /root/.cache/pip\nRUN pip install a",
        "RUN pip install a\nRUN chown -R app /root/.cache",
        "RUN pip install a\nFROM scratch\nCOPY --from=0 /root /r",
        "RUN pip install a\nFROM scratch\nRUN --mount=type=bind,from=0,target=/x true",
        "RUN pip install a\nRUN pip install --no-index --find-links /x b",
        '#\nSHELL ["cmd", "/C"]\nRUN pip install a',
    ],
)
def test_not_mounted_for_certain(text: str) -> None:
    assert fixed(PYTHON + text, "DF103") == PYTHON + text


MOUNT = "--mount=type=cache,target=/root/.cache/pip"


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("RUN pip install a", f"RUN {MOUNT} pip install a"),
        ("RUN pip install a && rm -rf ~/.cache/pip", f"RUN {MOUNT} pip install a"),
        ("RUN pip install a && rm -rf ~/.cache/pip/* /tmp/*", f"RUN {MOUNT} pip install a && rm -rf /tmp/*"),
        ("RUN pip install a && pip cache purge && b", f"RUN {MOUNT} pip install a && b"),
        ("RUN pip install a > log && rm -r ~/.cache/pip", f"RUN {MOUNT} pip install a > log"),
        ("RUN <<E\npip install --no-cache-dir a\nE", f"RUN {MOUNT} <<E\npip install a\nE"),
        ("RUN \\\n  pip install \\\n  --no-cache-dir \\\n  a", f"RUN {MOUNT} \\\n  pip install \\\n  a"),
        ("RUN --mount=type=secret,id=a pip install a", f"RUN --mount=type=secret,id=a {MOUNT} pip install a"),
    ],
)
def test_mounted(text: str, result: str) -> None:
    assert fixed(PYTHON + text, "DF103", unsafe=True) == PYTHON + result


def test_modules_that_another_step_needs_stay_in_the_layer() -> None:
    text = "FROM golang:1.23 AS build\nRUN go mod download\nRUN make\nFROM scratch\nCOPY --from=build /x /x\n"
    assert fixed(text, "DF103") == text
    assert fixed(text.replace("RUN make\n", ""), "DF103") != text.replace("RUN make\n", "")


# ---------------------------------------------------------------- DF101: manifests first


def context_of(folder: Path, files: dict[str, str]) -> Context:
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return Context.of(folder)


PACKAGE = {"dependencies": {"a": "1.0.0"}}
WEB = {"package.json": json.dumps(PACKAGE), "package-lock.json": "{}", "index.js": "x"}
APP = {"requirements.txt": "flask\n", "app.py": "x"}


@pytest.mark.parametrize(
    "changed",
    [
        {"node_modules/a/b.js": "x"},
        {"binding.gyp": "{}"},
        {".npmrc": "script-shell=./x.sh\n"},
        {"package.json": json.dumps({"scripts": {"postinstall": "node x.js"}})},
        {"package.json": json.dumps({"scripts": {"prepare": "node x.js"}})},
        {"package.json": json.dumps({"workspaces": ["x"]})},
        {"package.json": json.dumps({"dependencies": {"a": "file:a"}})},
        {"package.json": json.dumps({"peerDependencies": {"a": "link:a"}})},
        {"package.json": json.dumps({"overrides": {"a": {"b": "file:a"}}})},
        {"package.json": "[" * 100_000},
        {"package.json": "{"},
        {"package-lock.json": json.dumps({"packages": {"node_modules/a": {"resolved": "file:a.tgz"}}})},
        {"package-lock.json": json.dumps({"packages": {"node_modules/a": {"resolved": "vendor/a", "link": True}}})},
    ],
)
def test_packages_that_are_not_all(tmp_path: Path, changed: dict[str, str]) -> None:
    text = NODE + "COPY . .\nRUN npm ci\n"
    assert fixed(text, "DF101", context_of(tmp_path, WEB | changed)) == text


@pytest.mark.parametrize(
    "steps",
    [
        "COPY . .\nRUN npm ci && npm run build\n",
        "COPY . .\nRUN npm ci; npm run build\n",
        "COPY . .\nRUN [ -f index.js ] && npm ci\n",
        "COPY . .\nRUN npm ci < index.js\n",
        "COPY . .\nRUN npm ci > index.js\n",
        "COPY . .\nRUN npm ci && echo * > /x\n",
        "COPY . .\nRUN npm ci && rm -rf /app/index.js\n",
        "COPY . .\nRUN npm ci --prefix web\n",
        "COPY . .\nRUN npm --prefix=web ci\n",
        "COPY . .\nRUN npm -C web ci\n",
        "COPY . .\nRUN npm ci --workspace=x\n",
        "COPY . .\nRUN npm ci --script-shell ./x.sh\n",
        "COPY . .\nRUN npm install-test\n",
        "COPY . .\nRUN apt-get install ./a.deb && npm ci\n",
        "COPY . .\nRUN --mount=type=bind,source=x,target=y npm ci\n",
        "COPY . .\nRUN --mount=type=cache,target=/app/node_modules npm ci\n",
        "COPY . .\nENV npm_config_userconfig=/app/x\nRUN npm ci\n",
        "COPY . .\nENV NODE_OPTIONS=--require=/app/x.js\nRUN npm ci\n",
        "COPY . .\nENV PATH=/app/bin:$PATH\nRUN npm ci\n",
        "COPY . .\nRUN ls\nRUN npm ci\n",
        "COPY . .\nRUN touch x\nRUN npm ci\n",
        "COPY . .\nCOPY other/package.json .\nRUN npm ci\n",
        "COPY . .\nCOPY --from=x /y ./\nRUN npm ci\n",
        "COPY . .\nWORKDIR sub\nRUN npm ci\n",
        "COPY --chown=node . /srv\nWORKDIR /srv\nRUN npm ci\n",
        "COPY --exclude=package-lock.json . .\nRUN npm ci\n",
        "COPY --parents . .\nRUN npm ci\n",
        "COPY . /root\nWORKDIR /root\nRUN npm ci\n",
    ],
)
def test_installs_that_may_read_more(tmp_path: Path, steps: str) -> None:
    more = {"web/package.json": "{}", "other/package.json": "{}", "sub/package.json": "{}", "a.deb": ""}
    text = NODE + steps
    assert fixed(text, "DF101", context_of(tmp_path, WEB | more)) == text


@pytest.mark.parametrize(
    "requirements",
    [
        ".", "-e .", "./vendor/a", "vendor/a.whl", "a-1.0-py3-none-any.whl", "a @ file:///app/a", "a @ ./a", "-f ./wheels\na",
        "--find-links=wheels\na", "-r ../a.txt", "-r ${X}.txt", "-e git+https://example.org/a.git#egg=a", "a\\\n @ ./a", "-r /app/a.txt",
        "--editable=.", "file:a", "a.zip",
    ],
)
def test_requirements_that_lead_elsewhere(tmp_path: Path, requirements: str) -> None:
    text = PYTHON + "COPY . .\nRUN pip install -r requirements.txt\n"
    assert fixed(text, "DF101", context_of(tmp_path, APP | {"requirements.txt": requirements})) == text


@pytest.mark.parametrize(
    "install",
    [
        "pip install -r requirements.txt .", "pip install -r requirements.txt -e .", "pip install -r requirements.txt -e.",
        "pip install -r requirements.txt --editable=.", "pip install -r requirements.txt vendor/a.whl", "pip install -r requirements.txt a.whl",
        "pip install -r requirements.txt -f wheels", "pip install -r requirements.txt --find-links=wheels", "pip install -r requirements.txt -t .",
        "pip install -r requirements.txt --target=lib", "pip download -d x -r requirements.txt", "pip wheel -r requirements.txt",
        "pip install -r requirements.txt $MORE", "pip install -r $FILE", "pip install --requirement=requirements.txt -r other.txt",
        "PIP_FIND_LINKS=wheels pip install -r requirements.txt",
        "./venv/bin/pip install -r requirements.txt", "sed -i s/a/b/ requirements.txt && pip install -r requirements.txt",
        "pip install -r requirements.txt && pip install .", "pip install -r requirements.txt && pip install --editable=.",
        "pip install -r requirements.txt && python setup.py install", "pip install -r requirements.txt && pip list > list.txt",
    ],
)
def test_pip_installs_that_may_read_more(tmp_path: Path, install: str) -> None:
    text = f"{PYTHON}COPY . .\nRUN {install}\n"
    files = APP | {"other.txt": "b", "setup.py": "", "wheels/x": "", "vendor/a.whl": "", "lib/x": ""}
    assert fixed(text, "DF101", context_of(tmp_path, files)) == text


@pytest.mark.parametrize("command", ["go mod tidy", "go mod vendor", "go get ./..."])
def test_go_commands_that_read_the_source(tmp_path: Path, command: str) -> None:
    text = f"FROM golang:1.23\nWORKDIR /src\nCOPY . .\nRUN {command}\n"
    files = {"go.mod": "module x\n", "go.sum": "", "main.go": "package main"}
    assert fixed(text, "DF101", context_of(tmp_path, files), unsafe=True) == text


@pytest.mark.parametrize(
    ("text", "result"),
    [
        (PYTHON + "COPY . /srv\nRUN pip install -r /srv/requirements.txt\n", PYTHON + "COPY requirements.txt /srv/\nRUN pip install -r /srv/requirements.txt\nCOPY . /srv\n"),
        (PYTHON + "COPY . .\nRUN pip install -r sub/r.txt", PYTHON + "COPY sub/r.txt ./sub/\nRUN pip install -r sub/r.txt\nCOPY . ."),
        (PYTHON + "COPY . .\r\nRUN pip install -r requirements.txt\r\n", PYTHON + "COPY requirements.txt ./\nRUN pip install -r requirements.txt\nCOPY . .\r\n"),
        (PYTHON + "COPY sub/ .\nRUN pip install -r r.txt\n", PYTHON + "COPY sub/r.txt ./\nRUN pip install -r r.txt\nCOPY sub/ .\n"),
        (PYTHON + "# all\nCOPY . .\n# install\nRUN pip install -r requirements.txt\n", PYTHON + "COPY requirements.txt ./\n# install\nRUN pip install -r requirements.txt\n\n# all\nCOPY . .\n"),
    ],
)
def test_manifests_go_where_the_copy_puts_them(tmp_path: Path, text: str, result: str) -> None:
    context = context_of(tmp_path, APP | {"sub/r.txt": "a", "sub/x": ""})
    assert fixed(text, "DF101", context) == result


def test_requirements_are_followed(tmp_path: Path) -> None:
    files = APP | {"requirements.txt": "-r sub/a.txt\nflask\n", "sub/a.txt": "-c b.txt\n", "sub/b.txt": "x==1\n"}
    result = fixed(PYTHON + "COPY . .\nRUN pip install -r requirements.txt\n", "DF101", context_of(tmp_path, files))
    assert result == PYTHON + "COPY requirements.txt ./\nCOPY sub/a.txt sub/b.txt ./sub/\nRUN pip install -r requirements.txt\nCOPY . .\n"


def test_a_context_that_is_not_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dockerlint.lint.context.build_context.MOST_FILES", 2)
    text = PYTHON + "COPY . .\nRUN pip install -r requirements.txt\n"
    assert fixed(text, "DF101", context_of(tmp_path, APP)) == text


# ---------------------------------------------------------------- DF102: a copy goes below an install


@pytest.mark.parametrize(
    "text",
    [
        "COPY a /d/\nRUN [ -f /d/a ] && apt-get install -y curl\n",
        "WORKDIR /d\nCOPY a .\nRUN apt-get install -y curl && ls\n",
        "COPY a /d/\nRUN apt-get install -y curl && cat /*/a\n",
        "COPY a.deb /d/\nRUN apt-get install -y /d/a.deb\n",
        "COPY a /d/\nRUN apt-get install -y $(cat /d/a)\n",
        "COPY a /d/\nRUN cd /d && apt-get install -y curl\n",
        "COPY a /d/\nENV APT_CONFIG=/d/a\nRUN apt-get install -y curl\n",
        "COPY --chown=app a /d/\nRUN useradd app && apt-get install -y curl\n",
        "RUN ln -s /usr/lib /d\nCOPY a /d/\nRUN apt-get install -y curl\n",
        "COPY a /d/\nRUN ln -s /d /e && apt-get install -y curl && cat /e/a\n",
        "COPY a /d/\nRUN apt-get install -y curl \\\n",
        "COPY a /d/\nRUN dnf install -y --installroot=/d httpd\n",
        "COPY a /usr/bin/\nRUN apt-get install -y curl\n",
        "COPY a.list /etc/apt/sources.list.d/\nRUN apt-get install -y curl\n",
        'COPY a /d/\nSHELL ["/d/a", "-c"]\nRUN apt-get install -y curl\n',
        "COPY a $X/d\nRUN apt-get install -y curl\n",
    ],
)
def test_a_copy_that_is_needed_stays(text: str) -> None:
    assert fixed(DEBIAN + text, "DF102", unsafe=True) == DEBIAN + text


def test_copies_keep_their_order() -> None:
    copies = "COPY a /d/\nCOPY b /e/\nCOPY c /d/\n"
    text = f"{DEBIAN}{copies}{INSTALL}\n"
    assert fixed(text, "DF102") == f"{DEBIAN}{INSTALL}\n{copies}"


# ---------------------------------------------------------------- DF203: owner and mode are set by the copy

OWN = "RUN chown -R node:node /app\n"


def test_owner_goes_to_the_copy() -> None:
    assert fixed(f"FROM node:22-slim\nCOPY . /app\n{OWN}", "DF203") == "FROM node:22-slim\nCOPY --chown=node:node . /app\n"


@pytest.mark.parametrize(
    "text",
    [
        # what is there already, or may be
        f"FROM example.org/node\nCOPY . /app\n{OWN}",
        f"FROM node:4-onbuild\nCOPY . /app\n{OWN}",
        f"FROM composer:2\nCOPY . /app\n{OWN}",
        "FROM node:22-slim\nCOPY . /home/node\nRUN chown -R node:node /home/node\n",
        "FROM node:22-slim\nCOPY . /opt/yarn\nRUN chown -R node:node /opt/yarn\n",
        "FROM nginx\nCOPY . /var/www/html\nRUN chown -R nginx:nginx /var/www/html\n",
        "FROM nginx\nCOPY . /srv/www\nRUN chown -R nginx:nginx /srv\n",
        f"FROM node:22-slim\nRUN curl -fsS https://example.org/x | bash\nCOPY . /app\n{OWN}",
        f"FROM node:22-slim\nRUN useradd -d /app app\nCOPY . /app\n{OWN}",
        # COPY gives the folders above to the owner too
        "FROM node:22-slim\nCOPY . /srv/x/app\nRUN chown -R node:node /srv/x/app\n",
        "FROM node:22-slim AS a\nRUN make\nFROM node:22-slim\nCOPY --from=a . /app\n" + OWN,
        f"FROM node:22-slim\nARG WHO\nCOPY . /app\n{OWN.replace('node:node', '$WHO')}",
    ],
)
def test_owner_is_no_safe_matter(text: str) -> None:
    assert fixed(text, "DF203") == text
    assert fixed(text, "DF203", unsafe=True) != text


@pytest.mark.parametrize(
    "steps",
    [
        # more than the flags can do
        "COPY . /app\nRUN chown -RH node:node /app\n",
        "COPY . /app\nRUN chown -R -h node:node /app\n",
        "COPY . /app\nRUN chown -R node: /app\n",
        'COPY . /app\nRUN chown -R "" /app\n',
        "COPY . /app\nRUN chown -R node.node /app\n",
        "COPY . /app\nRUN chown -R '$WHO' /app\n",
        "COPY . /app\nRUN chown -R $WHO /app\n",
        "COPY . /app\nRUN chown -R $(id -u) /app\n",
        "ENV WHO='a b'\nCOPY . /app\nRUN chown -R $WHO /app\n",
        "COPY . /app\nRUN chown -R node:node /app /data\n",
        "COPY . /app\nRUN chmod -R a+rX /app\n",
        "COPY . /app\nRUN chmod -R 2755 /app\n",
        "COPY --link . /app\n" + OWN,
        "COPY --parents . /app\n" + OWN,
        "ADD . /app\n" + OWN,
        "ADD a.tar /app/\n" + OWN,
        "COPY . /app/\nCOPY <<E /app/x\nx\nE\n" + OWN,
        "COPY --chown=www-data . /app/\nCOPY . /app\n" + OWN,
        # the step is more than that
        "COPY . /app\nRUN chown -R node:node /app || true\n",
        "COPY . /app\nRUN [ -d /app ] && chown -R node:node /app\n",
        "COPY . /app\nRUN chown -R node:node /app > /log\n",
        "COPY . /app\nRUN X=1 chown -R node:node /app\n",
        "COPY . /app\nRUN --mount=type=cache,target=/x chown -R node:node /app\n",
        'COPY . /app\nRUN ["chown", "-R", "node:node", "/app"]\n',
        "COPY . /app\nRUN <<E\nchown -R node:node /app\nE\n",
        "COPY . /app\nWORKDIR /\nRUN cd /x && chown -R node:node app\n",
        "ENV WHO=node\nCOPY . /app\nRUN WHO=x && chown -R $WHO /app\n",
        "COPY . /app\nRUN chown -R node:node /app && \\\n  # next\n  true\n",
        "COPY . /app\nUSER node\n" + OWN,
        # others are there, or look at it
        "RUN mkdir -p /app/data\nCOPY . /app\n" + OWN,
        "RUN mkdir -p /app /app/data\nCOPY . /app\n" + OWN,
        "RUN mkdir -p /app $X\nCOPY . /app\n" + OWN,
        'RUN ["mkdir", "/app"]\nCOPY . /app\n' + OWN,
        "RUN --mount=type=cache,target=/app/c mkdir -p /app\nCOPY . /app\n" + OWN,
        "RUN mkdir /app; touch /app/x\nCOPY . /app\n" + OWN,
        "RUN touch /app/x\nCOPY . /app\n" + OWN,
        "WORKDIR /app/data\nCOPY . /app\n" + OWN,
        "WORKDIR $X\nCOPY . /app\n" + OWN,
        "COPY . /app\nVOLUME /app\n" + OWN,
        "COPY . /app\nVOLUME $X\n" + OWN,
        "COPY . /app\nRUN cp -a /app /copy\n" + OWN,
        "COPY . /app\nRUN ./configure\n" + OWN,
        "COPY . /app\nRUN cat /app/x && chown -R node:node /app\n",
        "COPY . /app\nRUN ln -s /app /srv/app\n" + OWN,
        "COPY . /app\nCOPY . $X\n" + OWN,
        "COPY . /\nCOPY . /app\n" + OWN,
        # the owner is not there yet
        "COPY . /app\nRUN useradd x\n" + OWN,
        "COPY . /app\nRUN useradd x && chown -R node:node /app\n",
        "COPY . /app\nRUN apt-get install -y nginx\n" + OWN,
        "COPY . /app\nCOPY passwd /etc/\n" + OWN,
        "ARG WHO=node\nCOPY . /app\nARG WHO=root\nRUN chown -R $WHO /app\n",
        # a folder that COPY would give another mode
        "COPY . /app\nCOPY x /app/a/b\nRUN chmod -R 700 /app\n",
        "COPY . /app\nCOPY x /app/a/\nRUN chmod -R 700 /app\n",
    ],
)
def test_owner_stays_with_its_step(steps: str) -> None:
    text = "FROM node:22-slim\n" + steps
    rule = next(rule for rule in rules() if rule.code == "DF203")
    doc = parse(text)
    assert check(doc, Facts(doc, settings=Settings(preset="all")), [rule])
    assert fixed(text, "DF203", unsafe=True) == text


@pytest.mark.parametrize(
    "before", ["FROM node:22-slim AS base\nONBUILD COPY . /app\nFROM base\n", "FROM node:22-slim AS base\nCOPY . /app\nFROM base\n"]
)
def test_what_the_stage_below_brings_has_no_flag(before: str) -> None:
    text = f"{before}COPY . /app\n{OWN}"
    assert fixed(text, "DF203", unsafe=True) == text


@pytest.mark.parametrize(
    ("steps", "result"),
    [
        ("COPY . /app\nRUN set -e && chown -R node:node /app\n", "COPY --chown=node:node . /app\nRUN set -e\n"),
        ("RUN X=1 && true\nCOPY . /app\nRUN X=1 && true\n" + OWN, "RUN X=1 && true\nCOPY --chown=node:node . /app\nRUN X=1 && true\n"),
        ("COPY . /app\nONBUILD RUN make\n" + OWN, "COPY --chown=node:node . /app\nONBUILD RUN make\n"),
        ("COPY . /app\nVOLUME /data\n" + OWN, "COPY --chown=node:node . /app\nVOLUME /data\n"),
        ("WORKDIR /srv\nCOPY . /app\n" + OWN, "WORKDIR /srv\nCOPY --chown=node:node . /app\n"),
        ("COPY . /app\nCOPY x /etcetera\n" + OWN, "COPY --chown=node:node . /app\nCOPY x /etcetera\n"),
        ("COPY . /app\nRUN apt-get clean\n" + OWN, "COPY --chown=node:node . /app\nRUN apt-get clean\n"),
        ("COPY . /home/node/app\nRUN chown -R node:node /home/node/app\n", None),
        ("COPY . /opt/app\nRUN chown -R node:node /opt/app\n", "COPY --chown=node:node . /opt/app\n"),
        ("COPY . /app\nCOPY x /app/a\nRUN chmod -R 700 /app\n", "COPY --chmod=700 . /app\nCOPY --chmod=700 x /app/a\nRUN chmod 700 /app\n"),
        ("COPY . /app\nCOPY x /app/a/b/\nRUN chmod -R 755 /app\n", "COPY --chmod=755 . /app\nCOPY --chmod=755 x /app/a/b/\n"),
        ("WORKDIR /app\nCOPY . .\nRUN chown --recursive 1:1 /app\n", "WORKDIR /app\nCOPY --chown=1:1 . .\nRUN chown 1:1 /app\n"),
        ("USER 0\nCOPY . /app\n" + OWN, "USER 0\nCOPY --chown=node:node . /app\n"),
    ],
)
def test_owner_is_the_same_for_certain(steps: str, result: str | None) -> None:
    text = "FROM node:22-slim\n"
    assert fixed(text + steps, "DF203") == text + (result or steps)


def test_numbers_need_no_account() -> None:
    text = "FROM node:22-slim\nCOPY . /app\nRUN useradd x\nRUN chown -R 1000:1000 /app\n"
    assert fixed(text, "DF203") == "FROM node:22-slim\nCOPY --chown=1000:1000 . /app\nRUN useradd x\n"


def test_bits_that_chown_takes_away(tmp_path: Path) -> None:
    context = context_of(tmp_path, {"big": "x" * 2_000_000})
    text = f"FROM node:22-slim\nCOPY . /app\n{OWN}"
    assert fixed(text, "DF203", context) != text
    (tmp_path / "big").chmod(0o4755)
    assert fixed(text, "DF203", context) == text


@pytest.mark.parametrize(("builder", "command", "safe", "unsafe"), [("kaniko", "chown", False, True), ("classic", "chmod", False, False)])
def test_other_builders(builder: str, command: str, safe: bool, unsafe: bool) -> None:
    text = f"FROM node:22-slim\nCOPY . /app\nRUN {command} -R 755 /app\n"
    doc = parse(text)
    rule = next(rule for rule in rules() if rule.code == "DF203")
    (found,) = check(doc, Facts(doc, settings=Settings(preset="all", builder=builder)), [rule])
    assert (found.fix is not None) is unsafe
    assert (found.fix is not None and found.fix.applicability is Applicability.SAFE) is safe


# ---------------------------------------------------------------- DL3003: WORKDIR in place of `cd`


@pytest.mark.parametrize(
    "step",
    [
        "RUN make && cd /x && make",
        "RUN cd /x",
        "RUN cd /x; make",
        "RUN cd /x || make",
        "RUN cd /x && make || true",
        "RUN [ -f /x ] && cd /x && make",
        "RUN cd /x > /log && make",
        "RUN A=1 cd /x && make",
        "RUN cd && make",
        "RUN cd - && make",
        "RUN cd -P /x && make",
        "RUN cd ~ && make",
        "RUN cd $X && make",
        "RUN cd '/x y' && make",
        "RUN cd /x/* && make",
        "RUN cd /x && \\\n  # why\n  make",
        "RUN <<E\ncd /x\nmake\nE",
        "RUN (cd /x && make)",
        "RUN ln -s /y /x\nRUN cd /x && make",
        "ONBUILD RUN cd /x && make",
        "RUN make /x && cd /x && make",
        "RUN <<E\ncd /x && make\nE",
        'RUN ["cd", "/x"]',
        "ENV X=/x\nRUN cd '$X' && make",
        "WORKDIR /x\nRUN cd -P && make",
        'WORKDIR "/a b"\nRUN cd c && make',
    ],
)
def test_cd_stays(step: str) -> None:
    text = f"FROM gcc:14\n{step}\nWORKDIR /srv\n"
    assert fixed(text, "DL3003", unsafe=True) == text


@pytest.mark.parametrize(
    "after",
    [
        "",
        "CMD make\n",
        "RUN make\nWORKDIR /srv\n",
        "RUN cat /y && make\nWORKDIR /srv\n",
        'RUN ["make"]\nWORKDIR /srv\n',
        "COPY a b\nWORKDIR /srv\n",
        "WORKDIR y\n",
        "WORKDIR $Y\n",
        "VOLUME y\nWORKDIR /srv\n",
        "FROM build\nCOPY --from=build /x /x\n",
        "FROM scratch\n",
    ],
)
def test_cd_that_others_would_notice_stays(after: str) -> None:
    text = f"FROM gcc:14 AS build\nRUN cd /x && make\n{after}"
    assert fixed(text, "DL3003", unsafe=True) == text


# ---------------------------------------------------------------- DL3010: ADD in place of COPY and tar


@pytest.mark.parametrize(
    "steps",
    [
        "COPY --chown=1 a.tar /d/\nRUN tar -xf /d/a.tar -C /d\n",
        'COPY ["a.tar", "/d/"]\nRUN tar -xf /d/a.tar -C /d\n',
        "COPY a.tar b.tar /d/\nRUN tar -xf /d/a.tar -C /d\n",
        "COPY a*.tar /d/\nRUN tar -xf /d/a*.tar -C /d\n",
        "COPY a.tar /d/\nRUN --network=none tar -xf /d/a.tar -C /d\n",
        "USER app\nCOPY a.tar /d/\nRUN tar -xf /d/a.tar -C /d\n",
        "COPY a.tar /d/\nRUN tar -xf /d/a.tar -C /d; true\n",
        "COPY a.tar /d/\nRUN [ -f /x ] && tar -xf /d/a.tar -C /d\n",
        "COPY a.tar /d/\nRUN <<E\ntar -xf /d/a.tar -C /d\nE\n",
        "COPY a.tar /d/\nCOPY x /d/x\nRUN tar -xf /d/a.tar -C /d\n",
        "COPY a.tar /d/\nRUN rm -rf /d/x && tar -xf /d/a.tar -C /d\n",
        "COPY a.tar /d/\nRUN tar -xf /d/a.tar -C /d --strip-components=1\n",
        "COPY a.tar /d/\nRUN tar -xf /d/a.tar --strip-components=1\n",
        "COPY a.tar /d/\nRUN tar -xf /d/a.tar -C /d x\n",
        "COPY a.tar /d/\nRUN tar -xf /d/a.tar -C $X\n",
        "COPY a.tar /d/\nRUN tar -xf /d/a.tar -C '/d e'\n",
        "COPY a.tar /d/\nRUN tar -xf /e/a.tar -C /d\n",
        "COPY a.tar /d/\nRUN tar -xkf /d/a.tar -C /d\n",
        "COPY a.tar /d/\nRUN tar -xf /d/a.tar -C /d > /log\n",
        "COPY a.tar /d/\nRUN X=1 tar -xf /d/a.tar -C /d\n",
        "COPY a.tar /d/\nRUN bsdtar -xf /d/a.tar -C /d\n",
        "COPY a.tar /d/\nRUN tar -xf /d/a.tar -C /d && md5sum /d/a.tar\n",
        "COPY a.tar /d/\nRUN tar -xf /d/a.tar -C /d && rm /d/a.tar /d/x\n",
        "COPY a.tar /d/\nRUN tar -xf /d/a.tar -C /d && rm /d/a.tar > /log\n",
        "COPY a.tar /d/\nRUN tar -xf /d/a.tar -C /d && \\\n  # why\n  true\n",
        "COPY a.tar $X/\nRUN tar -xf $X/a.tar -C /d\n",
    ],
)
def test_archive_stays(steps: str) -> None:
    rule = next(rule for rule in rules() if rule.code == "DL3010")
    doc = parse(DEBIAN + steps)
    assert check(doc, Facts(doc), [rule])
    assert fixed(DEBIAN + steps, "DL3010", unsafe=True) == DEBIAN + steps


def test_an_archive_is_never_safely_added() -> None:
    text = f"{DEBIAN}COPY a.tar /d/\nRUN tar -xf /d/a.tar -C /d\n"
    assert fixed(text, "DL3010") == text
    assert fixed(text, "DL3010", unsafe=True) == f"{DEBIAN}ADD a.tar /d/\n"


# ---------------------------------------------------------------- DF106: compiled on the build platform


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        ("RUN go build -o /app .\nFROM scratch\nCOPY --from=0 /app /app\n", "it needs CGO_ENABLED=0"),
        ("ENV CGO_ENABLED=1\nRUN go build -o /app .\nFROM scratch\nCOPY --from=0 /app /app\n", "it needs CGO_ENABLED=0"),
        ("RUN (export CGO_ENABLED=0); go build -o /app .\nFROM scratch\nCOPY --from=0 /app /app\n", "it needs CGO_ENABLED=0"),
        ("RUN go build -o /app . && export CGO_ENABLED=0\nFROM scratch\nCOPY --from=0 /app /app\n", "it needs CGO_ENABLED=0"),
        ("RUN CGO_ENABLED=0 GOARCH=arm go build -o /app .\nFROM scratch\nCOPY --from=0 /app /app\n", "the script sets"),
        ("ENV GOOS=linux\nRUN CGO_ENABLED=0 go build -o /app .\nFROM scratch\nCOPY --from=0 /app /app\n", "the script sets"),
        ("RUN CGO_ENABLED=0 go install .\nFROM scratch\nCOPY --from=0 /app /app\n", "`go install` uses"),
        ('RUN ["go", "build"]\nFROM scratch\nCOPY --from=0 /app /app\n', "the RUN is not a plain script"),
        ("RUN CGO_ENABLED=0 nice go build\nFROM scratch\nCOPY --from=0 /app /app\n", "the RUN is not a plain script"),
        ("RUN go test ./...\nFROM scratch\nCOPY --from=0 /app /app\n", "no other stage copies"),
        ("RUN CGO_ENABLED=0 go build -o /bin/a .\nFROM scratch\nCOPY --from=0 /bin/ab /\n", "line 4 copies /bin/ab"),
        ("RUN CGO_ENABLED=0 go build -o /app .\nFROM build\nFROM scratch\nCOPY --from=0 /app /app\n", "another stage is FROM"),
        ("RUN CGO_ENABLED=0 go build -o /app .\nFROM debian\nRUN --mount=from=build,target=/x cp /x/app /app\n", "line 4 mounts it"),
        ("RUN CGO_ENABLED=0 go build -o /app .\nFROM scratch\nCOPY --from=build /app /lib/x.so /\n", "line 4 copies /lib/x.so"),
        ("RUN CGO_ENABLED=0 go build -o /app .\nFROM scratch\nCOPY --from=build / /\n", "line 4 copies / from it"),
        ("ARG X\nRUN CGO_ENABLED=0 go build -o /app .\nFROM scratch\nCOPY --from=build $X /\n", "line 5 copies $X from it"),
        ("RUN cd x && CGO_ENABLED=0 go build -o bin .\nFROM scratch\nCOPY --from=build /bin /\n", "line 4 copies /bin from it"),
    ],
)
def test_compiled_where_it_is(steps: str, reason: str) -> None:
    text = f"FROM golang:1.23 AS build\n{steps}"
    doc = parse(text)
    rule = next(rule for rule in rules() if rule.code == "DF106")
    (found,) = check(doc, Facts(doc, settings=Settings(preset="all")), [rule])
    assert f"no fix: {reason}" in found.message
    assert found.fix is None


# ---------------------------------------------------------------- DL3009: the lists go in the RUN that made them

GET = "apt-get update && apt-get install -y curl"


@pytest.mark.parametrize(
    ("script", "result"),
    [
        (GET, f"{GET} && rm -rf {LISTS}"),
        ("apt-get update || exit 1; apt-get install -y curl", f"apt-get update || exit 1; apt-get install -y curl && rm -rf {LISTS}"),
        (f"(test -f /x && exit 0) && {GET}", f"(test -f /x && exit 0) && {GET} && rm -rf {LISTS}"),
        (f'{GET} && echo "rm -rf {LISTS}"', f'{GET} && echo "rm -rf {LISTS}" && rm -rf {LISTS}'),
        (f"{GET} && echo /var/lib/apt/lists", f"{GET} && echo /var/lib/apt/lists && rm -rf {LISTS}"),
        (f"{GET} && npm cache clean --force", f"{GET} && npm cache clean --force && rm -rf {LISTS}"),
        (f"cd /x && {GET}", f"cd /x && {GET} && rm -rf {LISTS}"),
    ],
)
def test_lists_go(script: str, result: str) -> None:
    assert fixed(f"{DEBIAN}RUN {script}\n", "DL3009") == f"{DEBIAN}RUN {result}\n"


@pytest.mark.parametrize(
    "script",
    [
        f"{GET};", f"{GET} &", f"{GET} |", f"{GET} # why", f"{GET} && cat <<E\nx\nE", f"{GET} && exit 0", f"{GET} && exec true", f"({GET}",
        '["apt-get", "update"]',
    ],
)
def test_nothing_can_follow(script: str) -> None:
    text = f"{DEBIAN}RUN {script}\n"
    assert fixed(text, "DL3009", unsafe=True) == text


@pytest.mark.parametrize(
    "later",
    [
        "RUN ./x.sh\n", "RUN /x\n", "RUN $X\n", "RUN make\n", "RUN bash x\n", "RUN . ./x\n", "RUN ((\n", "ONBUILD RUN true\n", '#\nSHELL ["x"]\nRUN y\n',
    ],
)
def test_lists_that_a_later_step_may_need(later: str) -> None:
    text = f"{DEBIAN.strip()} AS a\nRUN {GET}\n"
    for whole in (text + later, f"{text}FROM a\n{later}"):
        assert fixed(whole, "DL3009") == whole
        assert fixed(whole, "DL3009", unsafe=True) != whole


@pytest.mark.parametrize("later", ["RUN apt-get install -y wget\n", "RUN apt-cache policy\n", "RUN apt-get upgrade -y && apt-get update\n"])
def test_lists_that_a_later_step_needs(later: str) -> None:
    text = f"{DEBIAN.strip()} AS a\nRUN {GET}\n"
    assert fixed(text + later, "DL3009", unsafe=True).startswith(text)
    whole = f"{text}FROM a\n{later}"
    assert fixed(whole, "DL3009", unsafe=True).startswith(text)


@pytest.mark.parametrize(
    "later", ["RUN apt-get update && apt-get install -y wget\n", "RUN --mount=type=cache,target=/var/lib/apt apt-get install -y wget\n", "RUN apt-get remove -y curl\nRUN true\n", "RUN echo x\n"]
)
def test_lists_that_no_later_step_needs(later: str) -> None:
    text = f"{DEBIAN}RUN {GET}\n"
    assert fixed(text + later, "DL3009").startswith(f"{DEBIAN}RUN {GET} && rm -rf {LISTS}\n")


def test_a_mount_without_a_target_is_no_mount() -> None:
    text = f"{PYTHON}RUN --mount=type=cache pip install a\n"
    rule = next(rule for rule in rules() if rule.code == "DL3042")
    doc = parse(text)
    assert check(doc, Facts(doc), [rule])


# ---------------------------------------------------------------- DL3025: words that mean the same without a shell


@pytest.mark.parametrize(
    "command", ["exec", "exec exec a", "-x a", "A=1 a", "cd /x", "a 'b", "a\\\nb c", "a\\\n b\\\nc", "a $B", "a *", "a ~", "a !b", "a #b", "a; b", "a {b}", 'a "$B"', 'a "b\\c"']
)
def test_needs_a_shell(command: str) -> None:
    text = f"FROM node:22-slim\nCMD {command}\n"
    assert fixed(text, "DL3025", unsafe=True) == text


@pytest.mark.parametrize(
    ("command", "form"),
    [
        ("a \\\nb", '["a", \\\n"b"]'), ("a\\\n b", '["a",\\\n "b"]'), ("a\\\n b\\\n c", '["a",\\\n "b",\\\n "c"]'), ("exec a", '["a"]'), ("a'b c'\"d\"", '["ab cd"]'), ("\\\n a b", '\\\n ["a", "b"]'),
    ],
)
def test_needs_no_shell(command: str, form: str) -> None:
    assert fixed(f"FROM node:22-slim\nCMD {command}\n", "DL3025", unsafe=True) == f"FROM node:22-slim\nCMD {form}\n"


# ---------------------------------------------------------------- footprints: what a command may touch


@pytest.mark.parametrize(
    ("command", "path", "clash"),
    [
        ("pip", "/w", Clash.CERTAIN),
        ("pip install --constraint limits a", "/w/limits", Clash.CERTAIN),
        ("pip install --constraint limits a", "/w/a", Clash.POSSIBLE),
        ("pip install ./a", "/w/a", Clash.CERTAIN),
        ("pip install a.whl", "/w/a.whl", Clash.CERTAIN),
        ("pip install $A", "/w/x", Clash.CERTAIN),
        ("X=1", "/w", Clash.NONE),
        ("X=/w", "/w", Clash.CERTAIN),
        ("grep -r a", "/w/b", Clash.CERTAIN),
        ("grep a /x", "/w/b", Clash.NONE),
        ("find -name a", "/w/b", Clash.CERTAIN),
        ("find /x -name a", "/w/b", Clash.NONE),
        ("chmod 755 /x", "/w", Clash.NONE),
        ("useradd -d /w app", "/w/x", Clash.CERTAIN),
        ("./x > /w/a", "/w/a", Clash.CERTAIN),
        ("true > a", "/w/a", Clash.CERTAIN),
        ("echo *", "/w", Clash.CERTAIN),
        ("echo a", "/w", Clash.NONE),
    ],
)
def test_footprints(tmp_path: Path, command: str, path: str, clash: Clash) -> None:
    doc = parse(f"FROM python:3.12-slim\nWORKDIR /w\nRUN {command}\n")
    facts = Facts(doc, context_of(tmp_path, APP))
    (run,) = facts.every(nodes.Run)
    assert footprint(facts, run).at(path) is clash


def test_footprints_meet() -> None:
    nothing, anything, root = (Footprint.of(found) for found in ([], [(None, Clash.CERTAIN)], [("/", Clash.CERTAIN)]))
    assert nothing.meets(anything) == (Clash.NONE, "")
    assert anything.meets(root)[0] is Clash.CERTAIN
    assert root.where("/x") == (Clash.CERTAIN, "/")
    assert Footprint.of([(None, Clash.CERTAIN), ("/x", Clash.POSSIBLE)]).at("/x") is Clash.CERTAIN
    assert Footprint.of([(None, Clash.CERTAIN), ("/x", Clash.CERTAIN)]).where("/x/y") == (Clash.CERTAIN, "/x")


# ---------------------------------------------------------------- DF101: what an install reads besides


def package(**more: object) -> dict[str, str]:
    return {"package.json": json.dumps({"dependencies": {"left": "1"}, **more})}


YARN = {"yarn.lock": ""}
PNPM = {"pnpm-lock.yaml": "lockfileVersion: '9.0'\n", "pnpm-workspace.yaml": "packages:\n  - 'packages/*'\n", "packages/a/package.json": "{}"}
BUN = {"bun.lock": "{}"}


@pytest.mark.parametrize(
    ("install", "files"),
    [
        ("npm ci --ignore-scripts=false", package(scripts={"postinstall": "node build.js"})),
        # it runs whenever the packages change
        ("npm ci", package(scripts={"dependencies": "node build.js"})),
        ("npm ci", package(scripts={"postinstall": "echo x | node build.js"})),
        ("npm ci", package(scripts={"postinstall": "echo x & node build.js"})),
        ("npm ci", package(scripts={"postinstall": "echo $(node build.js)"})),
        ("npm ci", package(scripts={"postinstall": "echo x > index.js"})),
        ("npm ci", package(scripts={"preinstall": "npx only-allow npm | node build.js"})),
        ("npm ci", {".npmrc": "cafile=ca.pem\n", "ca.pem": "x"}),
        ("npm ci", {".npmrc": "//registry.example.org/:certfile = cert\n", "cert": "x"}),
        ("npm ci", {".corepack.env": "COREPACK_INTEGRITY_KEYS=0"}),
        ("yarn install --frozen-lockfile", YARN | {".yarnrc": 'yarn-offline-mirror "mirror"\n', "mirror/a.tgz": "x"}),
        ("yarn install --frozen-lockfile", YARN | {".yarnrc": '--install.modules-folder "lib"\n', "lib/x": "x"}),
        ("yarn install --immutable", YARN | {".yarnrc.yml": "httpsCaFilePath: ca.pem\n", "ca.pem": "x"}),
        ("yarn install --immutable", YARN | {".yarnrc.yml": "lockfileFilename: other.lock\n", "other.lock": "x"}),
        ("yarn install --immutable", YARN | {".yarnrc.yml": "enableConstraintsChecks: true\n", "yarn.config.cjs": "x"}),
        ("yarn install --immutable", YARN | {".yarnrc.yml": "injectEnvironmentFiles:\n  - .env\n", ".env": "A=1"}),
        ("yarn install --immutable", YARN | {".env.yarn": "A=1"}),
        ("pnpm install --frozen-lockfile", PNPM | {".npmrc": "shared-workspace-lockfile=false\n", "packages/a/pnpm-lock.yaml": "x"}),
        ("pnpm install --frozen-lockfile", PNPM | {"pnpm-workspace.yaml": "packages:\n  - 'packages/*'\npnpmfile: hooks\n", "hooks": "x"}),
        ("pnpm install --frozen-lockfile", PNPM | {"pnpm-workspace.yaml": "packages:\n  - 'packages/*'\nmodulesDir: lib\n", "lib/x": "x"}),
        ("pnpm install --frozen-lockfile", PNPM | package(scripts={"pnpm:devPreinstall": "node build.js"})),
        ("bun install --frozen-lockfile", BUN | {".env": "NPM_TOKEN=x"}),
    ],
)
def test_node_installs_that_read_more(tmp_path: Path, install: str, files: dict[str, str]) -> None:
    text = f"{NODE}COPY . .\nRUN {install}\n"
    context = context_of(tmp_path, WEB | files)
    assert fixed(text, "DF101", context) == text
    rule = next(rule for rule in rules() if rule.code == "DF101")
    (found,) = check(parse(text), Facts(parse(text), context, Settings(preset="all")), [rule])
    if found.fix is None:
        assert "; no fix: " in found.message
        return
    assert found.fix.applicability is not Applicability.SAFE
    assert "not proven" in found.fix.title


@pytest.mark.parametrize("sources", [". conf", "package.json package-lock.json conf"])
def test_a_manifest_of_another_folder(tmp_path: Path, sources: str) -> None:
    text = f"{NODE}COPY {sources} ./\nRUN npm ci\n"
    assert fixed(text, "DF101", context_of(tmp_path, WEB | {"conf/.npmrc": "registry=https://example.org", "conf/x": ""})) == text


@pytest.mark.parametrize("line", ["--pre --find-links wheels", "-i https://example.org/ -f wheels", "a @ git+file:///app/vendor/a"])
def test_requirements_with_files_behind_other_words(tmp_path: Path, line: str) -> None:
    text = PYTHON + "COPY . .\nRUN pip install -r requirements.txt\n"
    context = context_of(tmp_path, APP | {"requirements.txt": line + "\nflask\n", "wheels/x": ""})
    assert fixed(text, "DF101", context) == text


def test_a_comment_has_no_next_line(tmp_path: Path) -> None:
    files = APP | {"requirements.txt": "# C:\\\n-r base.txt\n", "base.txt": "flask\n"}
    result = fixed(PYTHON + "COPY . .\nRUN pip install -r requirements.txt\n", "DF101", context_of(tmp_path, files))
    assert result == PYTHON + "COPY requirements.txt base.txt ./\nRUN pip install -r requirements.txt\nCOPY . .\n"


@pytest.mark.parametrize("name", ["PIP_FIND_LINKS", "PIP_CONSTRAINT", "PIP_TARGET", "PIP_REQUIREMENT", "PIP_CONFIG_FILE", "PIP_PREFIX"])
def test_variables_that_name_files_by_a_word(tmp_path: Path, name: str) -> None:
    text = f"{PYTHON}COPY . .\nENV {name}=files\nRUN pip install -r requirements.txt\n"
    assert fixed(text, "DF101", context_of(tmp_path, APP | {"files/x": ""})) == text


@pytest.mark.parametrize(("prefix", "held"), [("--prefix=lib", True), ("--prefix lib", True), ("--prefix /app/lib", True), ("--prefix=/lib2", False)])
def test_an_install_into_the_source(tmp_path: Path, prefix: str, held: bool) -> None:
    text = f"{PYTHON}COPY . .\nRUN pip install {prefix} -r requirements.txt\n"
    assert (fixed(text, "DF101", context_of(tmp_path, APP | {"lib/x": ""})) == text) is held


@pytest.mark.parametrize("quote", ['"', "`"])
def test_go_takes_quoted_folders(tmp_path: Path, quote: str) -> None:
    context = context_of(tmp_path, {"go.mod": f"module x\nreplace a => {quote}./b{quote}\n", "b/go.mod": "module a\n", "main.go": ""})
    assert "COPY b/go.mod ./b/\n" in fixed("FROM golang:1.23\nWORKDIR /src\nCOPY . .\nRUN go mod download\n", "DF101", context)
    context = context_of(tmp_path, {"go.mod": "module x\n", "go.work": f"go 1.23\nuse (\n\t{quote}./b{quote}\n\t.\n)\n"})
    assert "COPY b/go.mod ./b/\n" in fixed("FROM golang:1.23\nWORKDIR /src\nCOPY . .\nRUN go mod download\n", "DF101", context)


@pytest.mark.parametrize("reference", ["<ProjectReference Include='b/b.csproj' />", '<ProjectReference Include = "b/b.csproj" />', "<Import Project='b/b.csproj' />"])
def test_xml_has_two_kinds_of_quotes(tmp_path: Path, reference: str) -> None:
    project = '<Project Sdk="Microsoft.NET.Sdk"><ItemGroup>{}</ItemGroup></Project>'
    context = context_of(tmp_path, {"a.csproj": project.format(reference), "a.cs": "", "b/b.csproj": project.format(""), "b/b.cs": ""})
    text = "FROM mcr.microsoft.com/dotnet/sdk:8.0\nWORKDIR /src\nCOPY . .\nRUN dotnet restore\n"
    assert "COPY b/b.csproj ./b/\n" in fixed(text, "DF101", context)


@pytest.mark.parametrize("config", [{"vendor-dir": "lib"}, {"bin-dir": "bin"}])
def test_composer_may_install_elsewhere(tmp_path: Path, config: dict[str, str]) -> None:
    text = "FROM composer:2\nWORKDIR /app\nCOPY . .\nRUN composer install --no-dev\n"
    files = {"composer.json": "{}", "composer.lock": "{}", "lib/x.php": "", "bin/x": ""}
    assert fixed(text, "DF101", context_of(tmp_path, files)) != text
    assert fixed(text, "DF101", context_of(tmp_path, files | {"composer.json": json.dumps({"config": config})})) == text


@pytest.mark.parametrize(
    ("settings", "more"),
    [('dependencies = []\n[tool.uv]\nfind-links = ["wheels"]', {}), ('dynamic = ["version"]', {}), ("", {"uv.toml": 'find-links = ["wheels"]'})],
)
def test_uv_may_read_more(tmp_path: Path, settings: str, more: dict[str, str]) -> None:
    text = PYTHON + "COPY . .\nRUN uv sync --locked --no-install-project\n"
    files = {"pyproject.toml": '[project]\nname = "a"\n', "uv.lock": "", "a.py": "", "wheels/x": ""}
    assert fixed(text, "DF101", context_of(tmp_path, files)) != text
    assert fixed(text, "DF101", context_of(tmp_path, files | {"pyproject.toml": f'[project]\nname = "a"\n{settings}\n'} | more)) == text


# ---------------------------------------------------------------- DF103: a RUN works with what would be mounted over


@pytest.mark.parametrize(
    "step",
    [
        "pip install flask && cp -r /root/.cache/pip /opt/cache",
        "pip install flask && cp -a /root /opt/home",
        "pip install flask && tar -czf /x.tgz ~/.cache",
        "pip install flask && mv ~/.cache /opt/cache",
        "pip install flask && rm -rf /root/.c*",
        "pip install flask && rm -rf /root/.[a-z]*",
        "pip install flask && cd /root && rm -rf .cache",
        "pip install flask && cd && rm -rf .cache",
        'pip install flask && bash -c "rm -rf /root/.cache"',
        "pip install flask && rmdir /root/.cache/pip",
        "mkdir /c && ln -s /c /root/.cache && pip install flask",
        "pip install -t /root/.cache/pip/x flask",
    ],
)
def test_a_cache_that_its_run_works_with(step: str) -> None:
    text = f"FROM python:3.12-slim\nRUN {step}\n"
    assert fixed(text, "DF103") == text


@pytest.mark.parametrize(
    "step",
    [
        "RUN uv pip install --system --link-mode=symlink flask", "RUN UV_LINK_MODE=symlink uv pip install --system flask",
        "ENV UV_LINK_MODE=symlink\nRUN uv pip install --system flask", "RUN bun install --backend=symlink", "RUN bun install --backend symlink",
    ],
)
def test_links_into_a_cache_are_not_mounted_away(step: str) -> None:
    text = f"FROM python:3.12-slim\n{step}\n"
    assert fixed(text, "DF103", unsafe=True) == text


def test_a_cache_that_its_run_empties_is_mounted() -> None:
    text = "FROM python:3.12-slim\nRUN pip install flask && rm -rf /tmp/x ~/.cache/pip\n"
    result = fixed(text, "DF103", unsafe=True)
    assert result == "FROM python:3.12-slim\nRUN --mount=type=cache,target=/root/.cache/pip pip install flask && rm -rf /tmp/x\n"


# ---------------------------------------------------------------- DF202, DL3009: a clean-up at the end of a RUN


@pytest.mark.parametrize(
    "later",
    [
        "xargs apt-get install -y < packages", "echo vim | xargs -n1 apt-get install -y", "find /x -name a -exec apt-get install -y vim +",
        "su -c 'apt-get install -y vim'", "runuser -u root -- apt-get install -y vim", "flock /x apt-get install -y vim",
        "fish -c 'apt-get install -y vim'", "perl -e 'system(\"apt-get install -y vim\")'", "python3 -c 'import apt'",
        "busybox sh -c 'apt-get install -y vim'", "rosdep install -y --from-paths src", "mk-build-deps -i debian/control",
        "nala install -y vim", "apt-fast install -y vim", "ubuntu-drivers install", "ansible-playbook site.yml", "puppet apply site.pp",
    ],
)
def test_others_that_read_the_lists(later: str) -> None:
    text = f"{DEBIAN}{INSTALL}\nRUN {later}\n"
    assert fixed(text, "DL3009") == text


def test_others_that_only_name_the_tool() -> None:
    for later in ("echo apt-get install", "rm -f /etc/apt/x", "dpkg -i x.deb"):
        assert fixed(f"{DEBIAN}{INSTALL}\nRUN {later}\n", "DL3009") != f"{DEBIAN}{INSTALL}\nRUN {later}\n"


COMPOUND = [
    "(apt-get update; apt-get install -y curl)",
    "apt-get update; for p in a b; do apt-get install -y $p; done",
    "apt-get update; { apt-get install -y a; true; }",
    "apt-get update; if true; then apt-get install -y a; true; fi",
    "f() { apt-get update; apt-get install -y a; }; f",
]


@pytest.mark.parametrize("script", COMPOUND)
@pytest.mark.parametrize(
    "start", ["RUN set -e; ", "RUN set -eux; ", "RUN set -o errexit; ", 'SHELL ["/bin/bash", "-eo", "pipefail", "-c"]\nRUN ']
)
def test_an_error_ends_what_stands_before_a_clean_up(script: str, start: str) -> None:
    text = f"{DEBIAN}{start}{script}\n"
    assert fixed(text, "DL3009", unsafe=True) == text


def test_the_last_of_plain_commands_is_followed() -> None:
    text = f"{DEBIAN}RUN set -e; apt-get update; apt-get install -y $(cat /x)\n"
    assert fixed(text, "DL3009") == f"{DEBIAN}RUN set -e; apt-get update; apt-get install -y $(cat /x) && rm -rf {LISTS}\n"


def test_a_clean_up_is_not_moved_behind_what_must_stop() -> None:
    text = f'{DEBIAN}SHELL ["/bin/bash", "-ec"]\nRUN (apt-get update; apt-get install -y curl)\n{CLEAN}'
    assert fixed(text, "DF201", unsafe=True) == text


@pytest.mark.parametrize("reader", ["apk search x > /y", "apk fetch x", "apk policy x > /y", "apk add --no-network x"])
def test_an_index_that_is_read(reader: str) -> None:
    for text in (f"FROM alpine:3.20\nRUN apk add curl\nRUN {reader}\n", f"FROM alpine:3.20\nRUN apk add curl && {reader}\n"):
        assert fixed(text, "DL3019") == text


# ---------------------------------------------------------------- DF204: an archive is deleted

FETCH = "WORKDIR /opt\nRUN wget https://example.org/y.tgz && tar xf y.tgz"


@pytest.mark.parametrize(
    "later",
    [
        " && ln -s y.tgz z.tgz", "\nRUN ls > /n", "\nRUN cp -r /opt /x", "\nRUN cp *.tgz /x", "\nRUN find . -name '*.tgz' > /n",
        "\nRUN for f in *.tgz; do tar xf $f; done", "\nRUN tar czf /all.tgz .", "\nRUN cd .. && cp opt/*.tgz /x", "\nONBUILD RUN cp *.tgz /x",
    ],
)
def test_an_archive_that_is_taken_without_its_name(later: str) -> None:
    text = f"{DEBIAN}{FETCH}{later}\n"
    assert fixed(text, "DF204") == text


@pytest.mark.parametrize("later", ["", "\nRUN ls /srv", "\nRUN cp /srv/*.conf /etc/", "\nRUN make"])
def test_an_archive_that_nobody_takes(later: str) -> None:
    assert fixed(f"{DEBIAN}{FETCH}{later}\n", "DF204") == f"{DEBIAN}{FETCH} && rm y.tgz{later}\n"


# ---------------------------------------------------------------- DF407, DL3020


@pytest.mark.parametrize("step", ["su app -c 'cat /run/secrets/x'", "sudo -u app make", "exec gosu app make", "/sbin/su-exec app make"])
def test_a_secret_that_another_user_reads(step: str) -> None:
    text = f"{DEBIAN}RUN --mount=type=secret,id=x,mode=0444 {step}\n"
    assert fixed(text, "DF407") == text
    assert fixed(text, "DF407", unsafe=True) != text


def archives() -> dict[str, bytes]:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("x"))
    tar = buffer.getvalue()
    return {"tar": tar, "gzip": gzip.compress(tar), "bzip2": bz2.compress(tar), "xz": lzma.compress(tar), "zstd": b"\x28\xb5\x2f\xfd" + tar}


@pytest.mark.parametrize("kind", ["tar", "gzip", "bzip2", "xz", "zstd"])
def test_an_archive_is_one_whatever_its_name(tmp_path: Path, kind: str) -> None:
    context = context_of(tmp_path, {"folder/x": "", "plain": "text"})
    for name in ("rootfs", "folder/rootfs"):
        (tmp_path / name).write_bytes(archives()[kind])
    (tmp_path / "link").symlink_to("rootfs")
    for source in ("rootfs", "./rootfs", "root*", "link"):
        assert fixed(f"{DEBIAN}ADD {source} /\n", "DL3020", context) == f"{DEBIAN}ADD {source} /\n"
    for source in ("plain", "folder", "."):
        assert fixed(f"{DEBIAN}ADD {source} /\n", "DL3020", context) == f"{DEBIAN}COPY {source} /\n"


# ---------------------------------------------------------------- DF101: what lies in the project, and what writes there

PRISMA = {"dependencies": {"@prisma/client": "5"}}


@pytest.mark.parametrize(
    ("install", "files"),
    [
        ("npm ci", {"package.json": json.dumps(PRISMA | {"prisma": {"schema": "db/schema.prisma"}}), "db/schema.prisma": "x"}),
        # the client that is made notes where it is, and reads it when it runs
        ("npm ci", {"package.json": json.dumps(PRISMA), "prisma/schema.prisma": "x", ".env": "DATABASE_URL=x"}),
        ("npm ci", {"package.json": json.dumps({"dependencies": {"msw": "2"}, "msw": {"workerDirectory": ["public"]}}), "public/a": ""}),
        ("npm ci", {"package.json": json.dumps({"dependencies": {"puppeteer": "1"}}), ".puppeteerrc.cjs": "require('./x')"}),
        ("yarn install --immutable", YARN | {".yarn/install-state.gz": "x"}),
        ("yarn install --immutable", YARN | {".yarn/unplugged/a/x": "x"}),
    ],
)
def test_packages_that_look_around(tmp_path: Path, install: str, files: dict[str, str]) -> None:
    text = f"{NODE}COPY . .\nRUN {install}\n"
    assert fixed(text, "DF101", context_of(tmp_path, WEB | files)) == text


def test_a_pattern_that_stands_for_folders(tmp_path: Path) -> None:
    text = f"{NODE}COPY * ./\nRUN npm ci\n"
    assert fixed(text, "DF101", context_of(tmp_path, WEB)) != text
    assert fixed(text, "DF101", context_of(tmp_path, WEB | {"conf/.npmrc": "x=1"})) == text


PROJECT = "[project]\nname = 'a'\nversion = '1'\n"


@pytest.mark.parametrize(
    ("install", "files"),
    [
        ("poetry install --no-root", {"pyproject.toml": PROJECT, "poetry.lock": "", "poetry.toml": "[virtualenvs]\npath = 'envs'\n"}),
        ("pipenv sync --system", {"Pipfile": "[packages]\nx = '*'\n", "Pipfile.lock": '{"default": {"x": {"path": "./x"}}}'}),
        ("conda env create -f environment.yml", {"environment.yml": "prefix: ./env\ndependencies:\n  - python\n"}),
        ("pdm install --no-self", {"pyproject.toml": PROJECT + "[tool.pdm.scripts]\npost_install = 'python x.py'\n", "pdm.lock": ""}),
        ("uv pip install --system -r pyproject.toml", {"pyproject.toml": "[project]\nname = 'a'\ndynamic = ['dependencies']\n"}),
        ("uv sync --frozen --no-install-project", {"pyproject.toml": PROJECT, "uv.lock": 'source = { registry = "wheels" }\n'}),
        ("uv sync --frozen --no-install-project", {"pyproject.toml": PROJECT, "uv.lock": 'source = { git = "file:///app/x" }\n'}),
    ],
)
def test_python_installs_that_read_more(tmp_path: Path, install: str, files: dict[str, str]) -> None:
    text = f"{PYTHON}COPY . .\nRUN {install}\n"
    assert fixed(text, "DF101", context_of(tmp_path, {"a.py": "", "wheels/x": "", "env/x": ""} | files)) == text


@pytest.mark.parametrize(
    ("install", "files", "copied"),
    [
        (
            "poetry install --no-root",
            {"pyproject.toml": PROJECT, "poetry.lock": '[package.source]\ntype = "directory"\nurl = "libs/x"\n', "libs/x/setup.py": ""},
            "COPY libs/x ./libs/x/\n",
        ),
        ("pdm install --no-self", {"pyproject.toml": PROJECT, "pdm.lock": "", ".pdm-python": "/x"}, "COPY pyproject.toml pdm.lock .pdm-python ./\n"),
        (
            "bundle install --frozen",
            {"Gemfile": "source 'https://rubygems.org'\n", "Gemfile.lock": "", "vendor/cache/a.gem": ""},
            "COPY vendor/cache ./vendor/cache/\n",
        ),
    ],
)
def test_what_lies_in_the_project_is_copied_first(tmp_path: Path, install: str, files: dict[str, str], copied: str) -> None:
    context = context_of(tmp_path, files | {"a.py": ""})
    assert copied in fixed(f"{PYTHON}COPY . .\nRUN {install}\n", "DF101", context)


@pytest.mark.parametrize("gem", ["git: '/app/a'", "git: './a'", ":git => './a'", "source: 'file:///app/gems'"])
def test_gems_of_the_project(tmp_path: Path, gem: str) -> None:
    text = f"{PYTHON}COPY . .\nRUN bundle install --frozen\n"
    gemfile = "source 'https://rubygems.org'\ngem 'b', git: 'https://example.org/b'\n"
    context = context_of(tmp_path, {"Gemfile": gemfile, "Gemfile.lock": "", "a/x": ""})
    assert fixed(text, "DF101", context) != text
    context = context_of(tmp_path, {"Gemfile": f"{gemfile}gem 'a', {gem}\n"})
    assert fixed(text, "DF101", context) == text


@pytest.mark.parametrize(
    "files",
    [
        {"Cargo.toml": '[package]\nname = "a"\n[lib]\npath = "l.rs"\n[[bin]]\nname = "b"\n'},
        {"Cargo.toml": '[package]\nname = "a"\n[lib]\npath = "l.rs"\n[[bench]]\nname = "b"\n', "speed/b.rs": ""},
        {".cargo/config": '[source.x]\ndirectory = "vendor"\n', "vendor/x": ""},
    ],
)
def test_cargo_looks_for_sources(tmp_path: Path, files: dict[str, str]) -> None:
    plain = {"Cargo.toml": '[package]\nname = "a"\n[lib]\npath = "l.rs"\n', "Cargo.lock": "", "l.rs": ""}
    text = "FROM rust:1\nWORKDIR /src\nCOPY . .\nRUN cargo fetch\n"
    assert fixed(text, "DF101", context_of(tmp_path, plain)) != text
    assert fixed(text, "DF101", context_of(tmp_path, plain | files)) == text


@pytest.mark.parametrize(
    ("manifest", "source"),
    [
        ('[[bin]]\nname = "b"\n', "src/bin/b.rs"),
        ('[[bin]]\nname = "b"\n', "src/bin/b/main.rs"),
        ('[[bin]]\nname = "a"\n', "src/main.rs"),
        ('[[bench]]\nname = "b"\nharness = false\n', "benches/b.rs"),
        ('[[test]]\nname = "b"\n', "tests/b/main.rs"),
        ('[[example]]\nname = "b"\n', "examples/b.rs"),
        ('[[bin]]\nname = "c"\npath = "c.rs"\n[package.metadata]\n', None),
    ],
)
@pytest.mark.parametrize("default", ["", 'default-run = "b"\n'])
def test_cargo_gets_the_sources_it_looks_for(tmp_path: Path, manifest: str, source: str | None, default: str) -> None:
    head = f'[package]\nname = "a"\n{default}[lib]\npath = "l.rs"\n'
    files = {"Cargo.toml": head + manifest, "Cargo.lock": "", "l.rs": "", "src/bin/b.rs": "", "other": ""}
    files |= {source: ""} if source else {}
    result = fixed("FROM rust:1\nWORKDIR /src\nCOPY . .\nRUN cargo fetch\n", "DF101", context_of(tmp_path, files))
    assert "RUN cargo fetch\nCOPY . .\n" in result
    assert (source is None or source in result) or source == "src/bin/b/main.rs"
    assert not default or "src/bin/b.rs" in result or 'name = "b"' in manifest


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("RUN cd / && make\nWORKDIR /srv\n", "RUN make\nWORKDIR /srv\n"),
        ("RUN cd x && make\nWORKDIR /srv\n", "WORKDIR /x\nRUN make\nWORKDIR /srv\n"),
        # the step above keeps its own, for the copy is in its way
        (
            "RUN cd /x && make\nCOPY a b\nRUN cd /x && make\nWORKDIR /srv\n",
            "RUN cd /x && make\nCOPY a b\nWORKDIR /x\nRUN make\nWORKDIR /srv\n",
        ),
        (
            "RUN cd /x && make\nFROM a\nRUN cd /x && make\nWORKDIR /srv\n",
            "RUN cd /x && make\nFROM a\nWORKDIR /x\nRUN make\nWORKDIR /srv\n",
        ),
    ],
)
def test_cd_is_a_workdir(text: str, result: str) -> None:
    assert fixed(f"FROM gcc:14 AS a\n{text}", "DL3003") == f"FROM gcc:14 AS a\n{result}"
