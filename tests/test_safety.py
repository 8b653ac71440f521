"""The promise of safe fixes: the image behaves as before. Each text is one that a careless rewrite would break."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from dockerlint.fixers.loop import Outcome, fix
from dockerlint.lint.checker import check
from dockerlint.lint.context import Context
from dockerlint.lint.facts import Facts, Settings
from dockerlint.lint.parser import parse
from dockerlint.lint.registry import rules

if TYPE_CHECKING:
    from pathlib import Path

    from dockerlint.lint.findings import Finding
    from dockerlint.lint.nodes import Dockerfile

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

    outcome: Outcome = fix(text, find, unsafe=unsafe)
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
        ("apt-get update \\\n # why\n -q", "apt-get install -y curl", "apt-get update \\\n # why\n -q \\\n    && apt-get install -y curl"),
    ],
)
def test_merged_as_written(first: str, second: str, merged: str) -> None:
    assert fixed(f"{DEBIAN}RUN {first}\nRUN {second}\n", "DF104") == f"{DEBIAN}RUN {merged}\n"


# ---------------------------------------------------------------- DF201: a clean-up goes to the RUN that makes the waste


@pytest.mark.parametrize(
    "later",
    [
        f"RUN apt-cache policy && rm -rf {LISTS}\n",
        f"RUN ls /var/lib/apt/lists > x && rm -rf {LISTS}\n",
        f"RUN [ -f x ] && rm -rf {LISTS}\n",
        f"RUN if true; then rm -rf {LISTS}; fi\n",
        f"RUN rm -rf {LISTS} || true\n",
        f"RUN rm -rf {LISTS}; true\n",
        f"RUN rm -rf {LISTS} $(cat /etc/x)\n",
        f"RUN rm -rf {LISTS} && \\\n  # say so\n  echo hi\n",
        f"USER app\n{CLEAN}",
        f"RUN --mount=type=cache,target=/x rm -rf {LISTS}\n",
        f"RUN apt-get install -y wget\n{CLEAN}",
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


def test_the_install_still_finds_the_lists() -> None:
    text = f"{DEBIAN}RUN apt-get update\nRUN apt-get install -y curl && rm -rf {LISTS}\n"
    assert fixed(text, "DF201", unsafe=True) == text


def test_an_archive_is_unpacked_before_it_goes() -> None:
    text = f"{DEBIAN}RUN curl -o /tmp/a https://example.org/a\nRUN tar xf /tmp/a && rm /tmp/a\n"
    assert fixed(text, "DF201", unsafe=True) == text
    text = f"{DEBIAN}RUN curl -o /tmp/a https://example.org/a\nRUN tar xf /tmp/a\nRUN rm /tmp/a\n"
    assert fixed(text, "DF201", unsafe=True) == text


@pytest.mark.parametrize(
    ("first", "later", "result"),
    [
        (INSTALL, f"RUN rm -rf {LISTS} 2>/dev/null\n", f"{INSTALL} && rm -rf {LISTS} 2>/dev/null\n"),
        (f"{INSTALL} > log", CLEAN, f"{INSTALL} > log && rm -rf {LISTS}\n"),
        (INSTALL, f"RUN rm -rf {LISTS} && echo 'a  b' > x\n", f"{INSTALL} && rm -rf {LISTS}\nRUN echo 'a  b' > x\n"),
        (INSTALL, f"RUN apt-get clean && rm -rf {LISTS}\n", f"{INSTALL} && apt-get clean && rm -rf {LISTS}\n"),
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
    assert fixed(PYTHON + text, "DF103") == PYTHON + result


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
        "COPY . .\nRUN npm ci || true\n",
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
        "COPY --exclude=x . .\nRUN npm ci\n",
        "COPY --parents . .\nRUN npm ci\n",
        'COPY [".", "."]\nRUN npm ci\n',
        "COPY . /root\nWORKDIR /root\nRUN npm ci\n",
        "COPY . /\nWORKDIR /\nRUN npm ci\n",
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
        "cd /app && pip install -r requirements.txt", "PIP_FIND_LINKS=wheels pip install -r requirements.txt",
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
    monkeypatch.setattr("dockerlint.lint.context.MOST_FILES", 2)
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
