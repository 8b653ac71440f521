"""Safe fixes of caches: what reads them later, what hides them, what is in no layer. Each text is one that a build refutes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dockerlint.fixers.loop import fix
from dockerlint.lint.analysis.build_state import Settings
from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.context.build_context import Context
from dockerlint.lint.engine.checker import check
from dockerlint.lint.engine.registry import rules

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dockerlint.lint.engine.findings import Finding
    from dockerlint.lint.syntax.nodes import Dockerfile


def fixed(text: str, codes: str, folder: Path, files: Mapping[str, str] | None = None, *, unsafe: bool = False, preset: str = "all") -> str:
    chosen = [rule for rule in rules() if rule.code in codes.split()]
    for name, content in (files or {}).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    context = Context.of(folder) if files else None

    def find(doc: Dockerfile) -> list[Finding]:
        return check(doc, Facts(doc, context, Settings(preset=preset)), chosen)

    outcome = fix(text, find, unsafe=unsafe)
    assert not outcome.dropped
    return outcome.text


APT = "FROM debian:12\nRUN apt-get update && apt-get install -y sl\n"
START = {"start.sh": '#!/bin/sh\napt-get install -y "$EXTRA"\nexec "$@"\n', "x.py": ""}


@pytest.mark.parametrize(
    "text",
    [
        APT + 'CMD ["apt-get", "install", "-y", "jq"]\n',
        APT + "CMD apt-cache search jq\n",
        APT + 'COPY start.sh /start.sh\nENTRYPOINT ["/start.sh"]\n',
        APT + 'COPY . /srv\nWORKDIR /srv\nENTRYPOINT ["sh", "./start.sh"]\n',
        # a script that nobody has seen
        APT + 'COPY --from=x /start.sh /other.sh\nENTRYPOINT ["/other.sh"]\n',
        APT + "FROM scratch\nFROM debian:12\nCOPY --from=0 /var/lib/apt /l\n",
        APT + "RUN ls /var/lib/apt/lists > /packages\n",
        APT.replace("12", "12 AS a") + 'FROM a\nCMD ["apt-get", "install", "-y", "jq"]\n',
        # a removal refreshes nothing; of a package that is not there it looks into the lists
        APT + "RUN apt-get purge -y sl\nRUN apt-get install -y jq\n",
        APT + "RUN apt-get purge -y jq\n",
    ],
)
def test_lists_that_are_needed_later_stay(text: str, tmp_path: Path) -> None:
    assert fixed(text, "DL3009", tmp_path, START) == text


@pytest.mark.parametrize("later", ["apt-get install -y jq", "apt-get purge -y jq", "apt-get purge -y sl\nRUN apt-get install -y jq"])
def test_lists_that_are_needed_later_are_not_mounted_away(later: str, tmp_path: Path) -> None:
    text = f"{APT}RUN {later}\n"
    assert "type=cache" not in fixed(text, "DF103", tmp_path, unsafe=True).splitlines()[1]


def test_lists_that_nobody_needs_go(tmp_path: Path) -> None:
    text = APT + 'COPY start.sh x.py /\nENTRYPOINT ["python3", "/x.py"]\n'
    assert "rm -rf /var/lib/apt/lists/*" in fixed(text, "DL3009", tmp_path, START)


def test_lists_for_a_removal_of_what_was_installed_go(tmp_path: Path) -> None:
    text = APT + "RUN apt-get purge -y sl && apt-get autoremove -y\n"
    assert "rm -rf /var/lib/apt/lists/*" in fixed(text, "DL3009", tmp_path)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("FROM debian:12\nRUN apt-get update\nRUN true\n", "FROM debian:12\nRUN true\n"),
        ("FROM debian:12\nRUN apt-get update\nRUN apt-get update && apt-get install -y sl\n", APT.rstrip() + " && rm -rf /var/lib/apt/lists/*\n"),
        ("FROM debian:12\nRUN apt-get update\nRUN rm -rf /var/lib/apt/lists/*\n", "FROM debian:12\n"),
        ("FROM debian:12\nRUN apt-get update\nRUN rm -rf /var/lib/apt/lists/* /x\n", "FROM debian:12\nRUN apt-get update && rm -rf /var/lib/apt/lists/* /x\n"),
    ],
)
def test_a_run_without_a_purpose_goes(text: str, result: str, tmp_path: Path) -> None:
    assert fixed(text, "DL3009 DF201", tmp_path) == result


PIP = "FROM python:3.11-slim\nRUN pip install six\n"
NPM = "FROM node:20\nRUN npm ci\n"


@pytest.mark.parametrize(
    ("codes", "text"),
    [
        ("DL3042 DF103", PIP + "RUN ls -R /root/.cache/pip > /files\n"),
        ("DL3042 DF103", PIP + "RUN cp -r ~/.cache /kept\n"),
        # it fails where nothing is there
        ("DL3042 DF103", PIP + "RUN rm -r /root/.cache/pip\n"),
        ("DL3019", "FROM alpine:3.20\nRUN apk add curl\nENV A=1\nRUN rm /var/cache/apk/*\n"),
        ("DL3019", "FROM alpine:3.20\nRUN apk add -U curl\nENV A=1\nRUN rm /var/cache/apk/*\n"),
        ("DL3019", "FROM alpine:3.20\nRUN apk add -U curl\nRUN ls /var/cache/apk > /x\n"),
        ("DL3042 DF103", PIP + "RUN tar -czf /a.tgz /\n"),
        ("DL3042 DF103", PIP + "RUN --network=none pip install six\n"),
        ("DL3042 DF103", PIP + "RUN pip install --no-index --find-links /w six\n"),
        ("DL3042 DF103", PIP + 'CMD ["sh", "-c", "pip install -r /data/requirements.txt && python x.py"]\n'),
        ("DL3042 DF103", PIP.replace("slim", "slim AS a") + "FROM a\nRUN find /root/.cache -type f > /files\n"),
        ("DL3042 DF103", "FROM python:3.11-slim\nRUN pip install six && ls ~/.cache/pip > /files\n"),
        ("DF202 DF103", NPM + "FROM node:20\nCOPY --from=0 /root/.npm /root/.npm\n"),
        ("DF202 DF103", NPM + "FROM node:20\nRUN --mount=from=0,source=/root/.npm,target=/n cp -r /n /m\n"),
        ("DF202 DF103", NPM + "FROM node:20\nRUN --mount=from=0,target=/n cp -r /n/root/.npm /m\n"),
        ("DF202 DF103", NPM + 'CMD ["npm", "install"]\n'),
        ("DL3042 DF103", PIP + "FROM python:3.11-slim\nCOPY --from=0 /root/.cache /cache\n"),
        ("DL3040", "FROM fedora:40\nRUN dnf install -y make\nRUN dnf install make\n"),
        ("DL3042", PIP + 'HEALTHCHECK CMD ls /root/.cache\nCMD ["x"]\n'),
    ],
)
def test_caches_that_are_read_later_stay(codes: str, text: str, tmp_path: Path) -> None:
    # what reads it may itself be told to keep none
    assert fixed(text, codes, tmp_path).splitlines()[:2] == text.splitlines()[:2]


def test_a_folder_that_is_copied_is_not_mounted_away(tmp_path: Path) -> None:
    text = PIP + "FROM python:3.11-slim\nCOPY --from=0 /root/.cache /cache\n"
    assert fixed(text, "DL3042 DF103", tmp_path, unsafe=True) == text


def test_a_script_of_the_container_reads_a_cache(tmp_path: Path) -> None:
    text = PIP + 'COPY start.sh /\nENTRYPOINT ["/start.sh"]\n'
    assert fixed(text, "DL3042", tmp_path, {"start.sh": "#!/bin/sh\nls /root/.cache\n"}) == text


GO = "FROM golang:1.22\nRUN --mount=type=cache,target={} go build && {}\n"


@pytest.mark.parametrize(
    ("target", "clean", "goes"),
    [
        ("/go/pkg/mod", "go clean -modcache", True),
        ("/go/pkg/mod", "go clean -cache", False),
        ("/root/.cache/go-build", "go clean -cache", True),
        ("/root/.cache/go-build", "go clean -modcache", False),
        ("/root/.cache/go-build", "go clean", False),
        ("/go/pkg/mod", "go clean -cache -modcache", False),
    ],
)
def test_a_clean_command_is_dropped_where_all_that_it_empties_is_mounted(target: str, clean: str, *, goes: bool, tmp_path: Path) -> None:
    text = GO.format(target, clean)
    assert fixed(text, "DF107", tmp_path) == (text.replace(f" && {clean}", "") if goes else text)


def test_a_cache_that_is_only_made_or_emptied_goes(tmp_path: Path) -> None:
    text = PIP + "RUN mkdir -p /root/.cache && chown -R root /root && rm -rf /root/.cache/other\n"
    assert "--no-cache-dir" in fixed(text, "DL3042", tmp_path)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("FROM fedora:40\nRUN dnf install -y jq && rpm -e dnf", " && rm -rf /var/cache/dnf /var/cache/libdnf5"),
        ("FROM node:20\nRUN yarn install --pure-lockfile && npm rm -g yarn", " && rm -rf /usr/local/share/.cache/yarn"),
        # another user's folder it may not remove
        ("FROM fedora:40\nUSER app\nRUN dnf install -y jq && rpm -e dnf", ""),
    ],
)
def test_a_tool_that_is_gone_does_not_clean(text: str, result: str, tmp_path: Path) -> None:
    assert fixed(text, "DL3040 DL3060", tmp_path) == text + result


def test_an_index_that_the_container_needs_is_left(tmp_path: Path) -> None:
    text = 'FROM alpine:3.20\nRUN apk add -U curl\nCMD ["apk", "add", "jq"]\n'
    assert fixed(text, "DL3019", tmp_path) == text


@pytest.mark.parametrize(
    "step",
    [
        "RUN pip install flagpkg",
        "COPY flagpkg-1.tar.gz /\nRUN pip install --only-binary=:all: /flagpkg-1.tar.gz",
        "RUN pip install --only-binary=:all: -r requirements.txt",
        "RUN uv sync --locked",
        "RUN poetry install --no-root",
        "RUN pnpm install",
        "RUN mvn -B package",
        "COPY . .\nRUN go build -o /a .",
        "RUN gradle build",
    ],
)
def test_what_other_builds_made_is_not_taken_for_certain(step: str, tmp_path: Path) -> None:
    text = f"FROM x AS build\n{step}\nFROM scratch\nCOPY --from=build /a /a\n"
    assert fixed(text, "DF103", tmp_path) == text


@pytest.mark.parametrize(
    "step",
    [
        "RUN pip install --only-binary=:all: flask",
        "RUN pip install --only-binary :all: flask",
        "RUN PIP_ONLY_BINARY=:all: pip install flask",
        "RUN npm ci",
        "RUN pnpm install --ignore-scripts",
        "RUN CGO_ENABLED=0 go build -o /a .",
        "ENV CGO_ENABLED=0\nRUN go build -o /a .",
        "RUN composer install",
        "RUN gradle build --no-build-cache",
    ],
)
def test_downloads_are_mounted_for_certain(step: str, tmp_path: Path) -> None:
    text = f"FROM golang:1.22 AS build\n{step}\nFROM scratch\nCOPY --from=build /a /a\n"
    assert "--mount=type=cache" in fixed(text, "DF103", tmp_path)


def test_a_build_cache_that_the_project_does_not_switch_on(tmp_path: Path) -> None:
    text = "FROM gradle:8 AS build\nRUN gradle build\nFROM scratch\nCOPY --from=build /a /a\n"
    assert "--mount=type=cache" in fixed(text, "DF103", tmp_path, {"build.gradle": ""})
    assert fixed(text, "DF103", tmp_path, {"gradle.properties": "org.gradle.caching=true\n"}) == text


@pytest.mark.parametrize(
    "text",
    [
        "FROM maven:3.9 AS b\nRUN mvn -B -f common/pom.xml install\nRUN mvn -B -f app/pom.xml package\n",
        "FROM maven:3.9 AS b\nRUN mvn install:install-file -Dfile=a.jar\nFROM b\nRUN mvn package\n",
        "FROM golang:1.22\nRUN go mod download\nRUN --network=none go build\n",
        "FROM golang:1.22 AS d\nRUN go mod download\nFROM d\nRUN --network=none CGO_ENABLED=0 go build\n",
        "FROM python:3.11\nRUN pip install six\nRUN ls -R /root/.cache/pip\n",
    ],
)
def test_what_fails_with_an_empty_cache_is_not_mounted(text: str, tmp_path: Path) -> None:
    result = fixed(text, "DF103", tmp_path, unsafe=True)
    assert "mvn" not in result or "--mount" not in result
    assert not any("--mount" in line and "--network" in line for line in result.splitlines())
    assert "--mount" not in result.split("ls -R", maxsplit=1)[0] or "ls -R" not in result


def test_a_mount_that_hides_what_a_stage_above_has_fetched_is_not_certain(tmp_path: Path) -> None:
    text = "FROM golang:1.22 AS d\nRUN go mod download\nFROM d AS b\nRUN CGO_ENABLED=0 go build -o /a .\nFROM scratch\nCOPY --from=b /a /a\n"
    assert fixed(text, "DF103", tmp_path) == text


@pytest.mark.parametrize("option", ["--no-cache-dir ", ""])
def test_the_author_decides(option: str, tmp_path: Path) -> None:
    text = f"FROM python:3.11\n{'' if option else 'ENV PIP_NO_CACHE_DIR=1'}\nRUN pip install {option}-r requirements.txt\n"
    assert fixed(text, "DF103", tmp_path, unsafe=True, preset="recommended") == text


def test_a_mounted_cache_that_is_switched_off_is_not_switched_on_for_certain(tmp_path: Path) -> None:
    text = "FROM python:3.11\nRUN --mount=type=cache,target=/root/.cache/pip pip install --no-cache-dir /a.tar.gz\n"
    assert fixed(text, "DF107", tmp_path) == text
