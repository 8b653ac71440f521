"""Rules about package managers together: what presets differ in, and that remedies do not fight each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dockerlint.fixers.loop import fix
from dockerlint.lint.analysis.build_state import Settings
from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.context.build_context import Context
from dockerlint.lint.engine.checker import check
from dockerlint.lint.engine.registry import find
from dockerlint.lint.syntax.parser import parse

if TYPE_CHECKING:
    from pathlib import Path

    from dockerlint.lint.engine.findings import Finding
    from dockerlint.lint.engine.rule import Rule
    from dockerlint.lint.syntax.nodes import Dockerfile

BUILDER = "\nFROM scratch\nCOPY --from=build /app /app\n"
REMEDIES = ("DF103", "DF107", "DF202", "DL3042", "DL3060")


def rule_of(code: str) -> Rule:
    rule = find(code)
    assert rule is not None
    return rule


def says(code: str, text: str, preset: str) -> bool:
    doc = parse(text)
    return bool(check(doc, Facts(doc, settings=Settings(preset=preset)), [rule_of(code)]))


# code, text, and whether recommended, all and hadolint say something
TABLE = [
    ("DL3010", "FROM debian:12\nCOPY a.tar /\nRUN tar xf /a.tar\n", (True, True, False)),
    ("DL3010", "FROM debian:12\nCOPY a.gz /\nRUN gunzip /a.gz\n", (False, False, True)),
    ("DL3010", "FROM debian:12 AS build\nCOPY a.tar /\nRUN tar -xf /a.tar\n" + BUILDER, (False, False, True)),
    ("DL3013", "FROM python:3.12\nRUN pip install --timeout 9 a==1\n", (False, False, True)),
    ("DL3013", "FROM python:3.12\nRUN pip install -r a.txt b\n", (True, True, False)),
    ("DL3013", "FROM python:3.12\nRUN pip install '.[dev]'\n", (False, False, True)),
    ("DL3014", "FROM debian:12\nRUN apt-get upgrade\n", (True, True, False)),
    ("DL3014", "FROM debian:12\nRUN yes | apt-get install a\n", (False, False, True)),
    ("DL3014", "FROM debian:12\nRUN sudo apt-get install a\n", (True, True, False)),
    ("DL3016", "FROM node:22\nRUN npm install a@latest\n", (True, True, False)),
    ("DL3016", "FROM node:22\nRUN npm i a\n", (True, True, False)),
    ("DL3016", "FROM node:22\nRUN npm install --omit dev\n", (False, False, True)),
    ("DL3028", "FROM ruby:3.3\nRUN gem install --no-document a\n", (True, True, False)),
    ("DL3028", "FROM ruby:3.3\nRUN gem install ./a.gem\n", (False, False, True)),
    ("DL3030", "FROM centos:7\nRUN yum update\n", (True, True, False)),
    ("DL3032", "FROM centos:7\nRUN yum update -y\n", (True, True, False)),
    ("DL3032", "FROM centos:7\nRUN --mount=type=cache,target=/var/cache/yum yum install -y a\n", (False, False, True)),
    ("DL3032", "FROM centos:7 AS build\nRUN yum install -y a\n" + BUILDER, (False, False, True)),
    ("DL3033", "FROM centos:7\nRUN yum install -y a.rpm\n", (False, False, True)),
    ("DL3034", "FROM opensuse/leap:15\nRUN zypper up\n", (True, True, False)),
    ("DL3036", "FROM opensuse/leap:15\nRUN zypper -n in a && rm -rf /var/cache/zypp\n", (False, False, True)),
    (
        "DL3036",
        "FROM opensuse/leap:15\nRUN --mount=type=cache,target=/var/cache zypper -n in a\n",
        (False, False, True),
    ),
    ("DL3037", "FROM opensuse/leap:15\nRUN zypper -n in -t pattern a\n", (False, False, True)),
    ("DL3038", "FROM fedora:40\nRUN dnf5 install a\n", (True, True, False)),
    ("DL3046", "FROM debian:12\nRUN useradd --uid 123456 a\n", (True, True, False)),
    ("DL3046", "FROM debian:12\nARG USERID\nRUN useradd -u $USERID a\n", (False, False, True)),
    ("DL3047", "FROM debian:12\nRUN wget a 2>/dev/null\n", (False, False, True)),
    ("DL3047", "FROM debian:12\nRUN sudo wget a\n", (True, True, False)),
    ("DL3060", "FROM node:22\nRUN yarn global add a\n", (True, True, False)),
    ("DL3060", "FROM node:22\nRUN --mount=type=cache,target=/usr/local/share yarn install\n", (False, False, True)),
    ("DL3062", "FROM golang:1.22\nRUN go install example.org/a@main\n", (True, True, False)),
    ("DL3062", "FROM golang:1.22\nRUN go run main.go\n", (False, False, True)),
    ("DL4001", "FROM debian:12\nRUN sudo curl a\nRUN wget b\n", (True, True, False)),
]


@pytest.mark.parametrize(("code", "text", "expected"), TABLE)
def test_presets_differ_on_purpose(code: str, text: str, expected: tuple[bool, ...]) -> None:
    assert tuple(says(code, text, preset) for preset in ("recommended", "all", "hadolint")) == expected


@pytest.mark.parametrize(
    "code", ["DL3013", "DL3016", "DL3027", "DL3028", "DL3033", "DL3035", "DL3037", "DL3047", "DL3062", "DL4001"]
)
def test_pins_and_style_are_not_recommended(code: str) -> None:
    assert not rule_of(code).recommended


# base image, command, and what it becomes with a builder that mounts caches, and with one that does not
REMEDIED = [
    ("node:22", "npm ci", "--mount=type=cache,target=/root/.npm npm ci", "npm ci && npm cache clean --force"),
    (
        "node:22",
        "npm ci && npm cache clean --force",
        "--mount=type=cache,target=/root/.npm npm ci",
        "npm ci && npm cache clean --force",
    ),
    (
        "python:3.12",
        "uv sync --locked --no-cache",
        "uv sync --locked --no-cache",
        "uv sync --locked --no-cache",
    ),
    (
        "node:22",
        "yarn install --production",
        "--mount=type=cache,target=/usr/local/share/.cache/yarn,sharing=locked yarn install --production",
        "yarn install --production && yarn cache clean",
    ),
]


@pytest.mark.parametrize(("image", "command", "mounted", "cleaned"), REMEDIED)
def test_mount_and_clean_up_settle_on_one(image: str, command: str, mounted: str, cleaned: str) -> None:
    codes = [rule_of(code) for code in REMEDIES]
    for builder, expected in (("buildkit", mounted), ("kaniko", cleaned)):

        def look(doc: Dockerfile, builder: str = builder) -> list[Finding]:
            return check(doc, Facts(doc, settings=Settings(builder=builder)), codes)

        outcome = fix(f"FROM {image}\nRUN {command}\n", look)
        assert not outcome.dropped
        assert " ".join(outcome.text.split()) == f"FROM {image} RUN {expected}"
        assert not look(parse(outcome.text))


CARGO = "[package]\nname = 'a'\n"
FETCH = "mkdir -p src && touch src/lib.rs && cargo fetch && rm -r src"
# base image, command, manifests, and what comes before the source; None where the fix is only shown
SPLITS = [
    ("maven:3", "./mvnw package", {"pom.xml": "<project/>", "mvnw": "", ".mvn/wrapper.properties": ""}, [
        "COPY pom.xml mvnw ./", "COPY .mvn ./.mvn/", "RUN ./mvnw dependency:go-offline", "COPY . .", "RUN ./mvnw package",
    ]),
    ("maven:3", "mvn package", {"pom.xml": "<project><modules><module>a</module></modules></project>"}, None),
    ("rust:1", "cargo build", {"Cargo.toml": CARGO, "Cargo.lock": "", ".cargo/config.toml": ""}, [
        "COPY Cargo.toml Cargo.lock ./", "COPY .cargo/config.toml ./.cargo/", f"RUN {FETCH}", "COPY . .", "RUN cargo build",
    ]),
    ("rust:1", "cargo build", {"Cargo.toml": CARGO + "[workspace]\n"}, [
        "COPY Cargo.toml ./", f"RUN {FETCH}", "COPY . .", "RUN cargo build",
    ]),
    ("rust:1", "cargo build", {"Cargo.toml": CARGO + "[dependencies]\na = {path = 'a'}\n"}, None),
    ("node:22", "pnpm install", {"package.json": "{}", "pnpm-lock.yaml": ""}, [
        "COPY package.json pnpm-lock.yaml ./", "RUN pnpm install", "COPY . .",
    ]),
    ("python:3.12", "uv sync", {"pyproject.toml": "", "uv.lock": ""}, [
        "COPY pyproject.toml uv.lock ./", "RUN uv sync", "COPY . .",
    ]),
    ("ruby:3.3", "bundle install", {"Gemfile": "", "Gemfile.lock": ""}, [
        "COPY Gemfile Gemfile.lock ./", "RUN bundle install", "COPY . .",
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("image", "command", "files", "expected"), SPLITS)
def test_manifests_are_copied_first(
    tmp_path: Path, image: str, command: str, files: dict[str, str], expected: list[str] | None
) -> None:
    for name, text in {**files, "code.txt": ""}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf8")
    context = Context.of(tmp_path)
    text = f"FROM {image}\nWORKDIR /app\nCOPY . .\nRUN {command}\n"

    def look(doc: Dockerfile) -> list[Finding]:
        return check(doc, Facts(doc, context), [rule_of("DF101")])

    assert look(parse(text))
    lines = fix(text, look, unsafe=True).text.splitlines()[2:]
    assert lines == (expected or ["COPY . .", f"RUN {command}"])


# settings, install, and whether it may ignore the lock file beside it
LOCKED = [
    ("", "cargo build --release", "Cargo.lock", True),
    ("", "cargo build --locked", "Cargo.lock", False),
    ("", "uv sync", "uv.lock", True),
    ("ENV UV_FROZEN=1", "uv sync", "uv.lock", False),
    ("", "UV_LOCKED=1 uv sync", "uv.lock", False),
    ("", "pnpm install", "pnpm-lock.yaml", True),
    ("ENV CI=true", "pnpm install", "pnpm-lock.yaml", False),
    ("", "pnpm add a", "pnpm-lock.yaml", False),
    ("", "composer update", "composer.lock", True),
    ("", "composer install", "composer.lock", False),
    ("", "pipenv install --system", "Pipfile.lock", True),
    ("", "pipenv install --system --deploy", "Pipfile.lock", False),
    ("", "bun install", "bun.lock", True),
    ("", "dotnet restore", "packages.lock.json", True),
]


@pytest.mark.parametrize(("settings", "install", "lock", "expected"), LOCKED)
def test_lock_files_are_held_to(settings: str, install: str, lock: str, expected: bool) -> None:
    text = f"FROM debian:12\n{settings}\nWORKDIR /app\nCOPY {lock} ./\nRUN {install}\n"
    assert says("DF501", text, "recommended") is expected
