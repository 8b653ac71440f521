"""Every ecosystem once: what DF101 and DF103 make of it, with which context, and how sure they are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from dockerlint.fixers.loop import fix
from dockerlint.lint.analysis.build_state import Settings
from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.context.build_context import Context
from dockerlint.lint.engine.checker import check
from dockerlint.lint.engine.findings import Applicability
from dockerlint.lint.engine.registry import find as find_rule
from dockerlint.lint.syntax.parser import parse

if TYPE_CHECKING:
    from pathlib import Path

    from dockerlint.lint.engine.findings import Finding
    from dockerlint.lint.syntax.nodes import Dockerfile

SAFE, UNSAFE, DISPLAY = Applicability.SAFE, Applicability.UNSAFE, Applicability.DISPLAY
Files = dict[str, str]


def examine(
    text: str, code: str, folder: Path, files: Files | None
) -> tuple[list[Finding], str, str]:
    """The findings of a rule, the text with its safe fixes and the one with all of them; fixing twice changes nothing."""
    for name, content in (files or {}).items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    rule = find_rule(code)
    assert rule is not None
    chosen = [rule]
    context = Context.of(folder) if files is not None else None

    def find(doc: Dockerfile) -> list[Finding]:
        return check(doc, Facts(doc, context, Settings(preset="all")), chosen)

    results = []
    for unsafe in (False, True):
        outcome = fix(text, find, unsafe=unsafe)
        assert not outcome.dropped
        assert fix(outcome.text, find, unsafe=unsafe).text == outcome.text
        results.append(outcome.text)
    return find(parse(text)), results[0], results[1]


def levels(findings: list[Finding]) -> list[Applicability | None]:
    return [item.fix.applicability if item.fix else None for item in findings]


# ---------------------------------------------------------------- DF103: caches, one row an ecosystem and a place

SHIP = "FROM debian:12\nCOPY --from=b /out /out\n"


def mount(target: str, sharing: str = "", user: str = "") -> str:
    return f"--mount=type=cache,target={target}" + (f",sharing={sharing}" if sharing else "") + (f",uid={user}" if user else "")


APT = [
    mount("/var/lib/apt", "locked"),
    mount("/var/cache/apt", "locked"),
]
HOOK = (
    "rm -f /etc/apt/apt.conf.d/docker-clean && \\\n    "
)

# name, head, command, mounts, command afterwards when it is another one, how sure
CACHES: list[tuple[str, str, str, list[str], str | None, Applicability]] = [
    ("apt", "FROM debian:12", "apt-get update && apt-get install -y a", APT, HOOK + "apt-get update && apt-get install -y a", UNSAFE),
    ("apk", "FROM alpine:3.20", "apk add --no-cache a", [mount("/var/cache/apk", "locked")], "apk add --cache-dir=/var/cache/apk a", UNSAFE),
    ("dnf", "FROM fedora:40", "dnf install -y a", [mount("/var/cache/dnf", "locked"), mount("/var/cache/libdnf5", "locked")], "dnf install --setopt=keepcache=1 -y a", UNSAFE),
    ("microdnf", "FROM rockylinux:9-minimal", "microdnf install -y a", [mount("/var/cache/dnf", "locked"), mount("/var/cache/libdnf5", "locked")], "microdnf install --setopt=keepcache=1 -y a", UNSAFE),
    ("yum", "FROM centos:7", "yum install -y a", [mount("/var/cache/yum", "locked")], "yum install --setopt=keepcache=1 -y a", UNSAFE),
    ("zypper", "FROM opensuse/leap:15", "zypper -n install a", [mount("/var/cache/zypp", "locked")], None, UNSAFE),
    ("pacman", "FROM archlinux:latest", "pacman -Sy --noconfirm a", [mount("/var/cache/pacman/pkg", "locked")], None, UNSAFE),
    ("pip", "FROM python:3.12", "pip install --no-cache-dir a", [mount("/root/.cache/pip")], "pip install a", UNSAFE),
    ("pip-home", "FROM python:3.12\nENV HOME=/h", "pip install a", [mount("/h/.cache/pip")], None, UNSAFE),
    ("pip-xdg", "FROM python:3.12\nENV XDG_CACHE_HOME=/c", "pip install a", [mount("/c/pip")], None, UNSAFE),
    ("pip-variable", "FROM python:3.12\nENV PIP_CACHE_DIR=/c", "pip install a", [mount("/c")], None, UNSAFE),
    ("pip-option", "FROM python:3.12", "pip install --cache-dir /x a", [mount("/x")], None, UNSAFE),
    ("pip-user", "FROM node:22\nUSER node", "pip install a", [mount("/home/node/.cache/pip", user="1000")], None, UNSAFE),
    ("uv", "FROM python:3.12", "uv sync --locked", [mount("/root/.cache/uv")], "uv sync --link-mode=copy --locked", UNSAFE),
    ("uv-set", "FROM python:3.12\nENV UV_LINK_MODE=copy", "uv sync --locked", [mount("/root/.cache/uv")], None, UNSAFE),
    ("poetry", "FROM python:3.12", "poetry install --no-root", [mount("/root/.cache/pypoetry/artifacts", "locked"), mount("/root/.cache/pypoetry/cache", "locked")], None, UNSAFE),
    ("pdm", "FROM python:3.12", "pdm install", [mount("/root/.cache/pdm")], None, UNSAFE),
    ("pipenv", "FROM python:3.12", "pipenv install --deploy", [mount("/root/.cache/pipenv")], None, UNSAFE),
    ("conda", "FROM continuumio/miniconda3", "conda install -y a && conda clean -afy", [mount("/opt/conda/pkgs", "locked")], "conda install -y a", UNSAFE),
    ("micromamba", "FROM mambaorg/micromamba:1\nUSER root", "micromamba install -y -n base a", [mount("/opt/conda/pkgs", "locked")], None, UNSAFE),
    ("npm", "FROM node:22", "npm ci", [mount("/root/.npm")], None, SAFE),
    ("npm-variable", "FROM node:22\nENV NPM_CONFIG_CACHE=/c", "npm ci", [mount("/c")], None, UNSAFE),
    ("yarn", "FROM node:22", "yarn install", [mount("/usr/local/share/.cache/yarn", "locked")], None, SAFE),
    ("yarn-user", "FROM node:22\nUSER node", "yarn install", [mount("/home/node/.cache/yarn", "locked", "1000")], None, UNSAFE),
    ("pnpm", "FROM node:22", "pnpm install", [mount("/root/.local/share/pnpm/store")], None, UNSAFE),
    ("pnpm-home", "FROM node:22\nENV PNPM_HOME=/pnpm", "pnpm install", [mount("/pnpm/store")], None, UNSAFE),
    ("bun", "FROM oven/bun:1\nUSER root", "bun install", [mount("/root/.bun/install/cache")], None, SAFE),
    ("deno", "FROM denoland/deno:2 AS b\nUSER root", "deno install && deno compile -o /out main.ts", [mount("/deno-dir")], None, SAFE),
    ("go", "FROM golang:1.22 AS b", "go build -o /out .", [mount("/go/pkg/mod"), mount("/root/.cache/go-build")], None, UNSAFE),
    ("go-path", "FROM golang:1.22 AS b\nENV GOPATH=/g", "go build -o /out .", [mount("/g/pkg/mod"), mount("/root/.cache/go-build")], None, UNSAFE),
    ("cargo", "FROM rust:1.80 AS b", "cargo build --release", [mount("/usr/local/cargo/registry"), mount("/usr/local/cargo/git/db")], None, SAFE),
    ("maven", "FROM maven:3.9 AS b", "mvn package", [mount("/root/.m2/repository", "locked")], None, UNSAFE),
    ("gradle", "FROM gradle:8 AS b\nUSER root", "gradle build", [mount("/home/gradle/.gradle", "locked")], None, UNSAFE),
    ("sbt", "FROM debian:12 AS b", "sbt assembly", [mount("/root/.cache/coursier", "locked"), mount("/root/.ivy2/cache", "locked"), mount("/root/.sbt/boot", "locked")], None, SAFE),
    ("dotnet", "FROM mcr.microsoft.com/dotnet/sdk:8.0 AS b\nUSER root", "dotnet publish -o /out", [mount("/root/.nuget/packages", "locked")], None, SAFE),
    ("dotnet-offline", "FROM mcr.microsoft.com/dotnet/sdk:8.0 AS b\nUSER root", "dotnet restore && dotnet publish --no-restore -o /out", [mount("/root/.nuget/packages", "locked")], None, UNSAFE),
    ("composer", "FROM php:8.3-cli", "composer install", [mount("/root/.composer/cache")], None, SAFE),
    ("composer-image", "FROM composer:2\nUSER root", "composer install", [mount("/tmp/cache")], None, SAFE),
    ("bundler", "FROM ruby:3.3", "bundle install", [mount("/usr/local/bundle/cache", "locked")], None, SAFE),
    ("gem", "FROM ruby:3.3", "gem install a", [mount("/usr/local/bundle/cache", "locked")], None, SAFE),
    ("mix", "FROM elixir:1.16 AS b", "mix deps.get", [mount("/root/.hex/packages", "locked"), mount("/root/.cache/rebar3", "locked")], None, SAFE),
    ("stack", "FROM haskell:9.6 AS b", "stack build", [mount("/root/.stack/pantry", "locked"), mount("/root/.stack/snapshots", "locked")], None, UNSAFE),
    ("cabal", "FROM haskell:9.6 AS b", "cabal update && cabal build", [mount("/root/.cache/cabal/packages", "locked"), mount("/root/.local/state/cabal/store", "locked")], None, UNSAFE),
    ("swift", "FROM debian:12 AS b", "swift build", [mount("/root/.cache/org.swift.swiftpm", "locked")], None, SAFE),
    ("dart", "FROM dart:3 AS b", "dart pub get && dart compile exe a.dart -o /out", [mount("/root/.pub-cache")], None, SAFE),
    ("flutter", "FROM debian:12 AS b", "flutter build web", [mount("/root/.pub-cache")], None, SAFE),
    ("ccache", "FROM gcc:13", "ccache gcc -c a.c", [mount("/root/.cache/ccache")], None, SAFE),
    ("sccache", "FROM gcc:13", "sccache gcc -c a.c", [mount("/root/.cache/sccache")], None, SAFE),
    ("node-gyp", "FROM node:22", "node-gyp rebuild", [mount("/root/.cache/node-gyp")], None, SAFE),
]


@pytest.mark.parametrize(("head", "command", "mounts", "after", "sure"), [row[1:] for row in CACHES], ids=[row[0] for row in CACHES])
def test_cache_mounts(
    tmp_path: Path, head: str, command: str, mounts: list[str], after: str | None, sure: Applicability
) -> None:
    tail = SHIP if " AS b" in head else ""
    text = f"{head}\nRUN {command}\n{tail}"
    findings, safe, every = examine(text, "DF103", tmp_path, None)
    assert levels(findings) == [sure]
    assert (safe != text) is (sure is SAFE)
    added = " ".join(every.replace("\\\n", " ").split())
    flags = " ".join(mounts)
    wanted = (after or command).replace("\\\n", " ")
    assert added == " ".join(f"{head} RUN {flags} {wanted} {tail}".split())


BERRY = {"package.json": '{"packageManager": "yarn@4.1.0"}', ".yarnrc.yml": "nodeLinker: node-modules\n"}


@pytest.mark.parametrize(
    ("files", "target"),
    [
        (BERRY, "/root/.yarn/berry/cache"),
        # without a folder node_modules the program itself is in the cache
        (BERRY | {".yarnrc.yml": ""}, None),
        (BERRY | {".yarnrc.yml": "nodeLinker: pnp\n"}, None),
        # before version 4 the cache is in the project
        (BERRY | {"package.json": '{"packageManager": "yarn@3.6.4"}'}, None),
        (BERRY | {".yarnrc.yml": "nodeLinker: node-modules\nenableGlobalCache: false\n"}, None),
        ({"package.json": '{"packageManager": "yarn@1.22.22"}'}, "/usr/local/share/.cache/yarn"),
        ({"package.json": "{}"}, "/usr/local/share/.cache/yarn"),
    ],
)
def test_the_cache_of_the_yarn_that_is_in_use(tmp_path: Path, files: Files, target: str | None) -> None:
    text = "FROM node:22\nRUN yarn install\n"
    _, safe, _ = examine(text, "DF103", tmp_path, files)
    assert safe == (f"FROM node:22\nRUN {mount(target, 'locked')} yarn install\n" if target else text)


@pytest.mark.parametrize(
    "text",
    [
        # what the container runs with is no mere cache
        "FROM denoland/deno:2\nUSER root\nRUN deno install\nCMD [\"run\", \"main.ts\"]\n",
        "FROM dart:3\nRUN dart pub get\nCMD [\"dart\", \"run\"]\n",
        "FROM golang:1.22\nRUN go mod download\nCMD [\"go\", \"run\", \".\"]\n",
        "FROM debian:12\nUSER 1234\nRUN npm ci\n",
        "FROM python:3.12\nRUN pip install --cache-dir $X a\n",
        "FROM python:3.12\nRUN pip install --cache-dir here a\n",
        "FROM python:3.12\nARG PIP_CACHE_DIR\nRUN pip install a\n",
        "FROM python:3.12\nENV XDG_CACHE_HOME=$X\nRUN pip install a\n",
        "FROM elixir:1.16 AS b\nENV MIX_XDG=1 REBAR_CACHE_DIR=$X\nRUN mix deps.get\n" + SHIP,
    ],
)
def test_no_cache_to_mount(tmp_path: Path, text: str) -> None:
    assert examine(text, "DF103", tmp_path, None)[0] == []


@pytest.mark.parametrize(
    "text",
    [
        # the installer would find the folder there already
        "FROM debian:12\nRUN bash conda.sh -b -p /opt/conda && conda install -y a\n",
        'FROM debian:12\nRUN ["apk", "add", "--no-cache", "a"]\n',
    ],
)
def test_no_mount_that_can_be_made(tmp_path: Path, text: str) -> None:
    findings, _, every = examine(text, "DF103", tmp_path, None)
    assert levels(findings) == [None]
    assert every == text


@pytest.mark.parametrize(
    "text",
    [
        # steps from the build cache may have filled a mount that is empty now
        "FROM dart:3 AS b\nRUN dart pub get\nRUN dart compile exe a.dart -o /out\n" + SHIP,
        "FROM mcr.microsoft.com/dotnet/sdk:8.0 AS b\nUSER root\nRUN dotnet restore\nRUN dotnet publish --no-restore -o /out\n" + SHIP,
        "FROM golang:1.22 AS b\nRUN go mod download\nCOPY --from=b /go /x\n",
    ],
)
def test_mounts_that_are_not_proven(tmp_path: Path, text: str) -> None:
    _, safe, every = examine(text, "DF103", tmp_path, None)
    assert safe == text
    assert every != text


def test_apts_hook_goes_once(tmp_path: Path) -> None:
    head = "FROM debian:12\nRUN rm -f /etc/apt/apt.conf.d/docker-clean\n"
    _, _, every = examine(f"{head}RUN apt-get update && apt-get install -y a\n", "DF103", tmp_path, None)
    assert every == head + "RUN " + " \\\n    ".join([*APT, "apt-get update && apt-get install -y a\n"])


def test_the_second_of_apts_mounts(tmp_path: Path) -> None:
    setup = HOOK.replace("\\\n    ", "").strip()
    text = f"FROM debian:12\nRUN {APT[1]} {setup} apt-get update && apt-get install -y a\n"
    _, _, every = examine(text, "DF103", tmp_path, None)
    assert every.count("docker-clean") == 1
    assert "target=/var/lib/apt,sharing=locked" in every


# ---------------------------------------------------------------- DF101: manifests, one row an ecosystem and a case


def package(**values: object) -> str:
    return json.dumps(values)


NODE, PYTHON = "FROM node:22-slim\nWORKDIR /app\n", "FROM python:3.12-slim\nWORKDIR /app\n"
LOCKED = package(lockfileVersion=3)
RUST, DOTNET = "FROM rust:1.80\nWORKDIR /app\n", "FROM mcr.microsoft.com/dotnet/sdk:8.0\nWORKDIR /app\n"
PROJECT = "[project]\nname = 'x'\nversion = '1'\ndependencies = ['flask']\n"
BUILT = PROJECT + "[build-system]\nrequires = ['hatchling']\nbuild-backend = 'hatchling.build'\n"
CSPROJ = '<Project Sdk="Microsoft.NET.Sdk"><ItemGroup><ProjectReference Include="..\\B\\B.csproj" /></ItemGroup></Project>'
SLN = 'Project("{F}") = "A", "src\\A\\A.csproj", "{G}"\nEndProject\n'
GEMS = "source 'https://rubygems.org'\nruby '3.3.0'\ngem 'rails', '~> 7.0', require: false\ngroup :test do\n  gem \"rspec\"\nend\n"
COMPOSER = package(require={"a/b": "1"}, autoload={"psr-4": {"A\\": "src/"}})

# name, head, install as it is, the lines above the copy afterwards, the step below it or None, how sure, files
SPLITS: list[tuple[str, str, str, list[str], str | None, Applicability | None, Files]] = [
    ("npm", NODE, "npm ci", ["COPY package.json package-lock.json .npmrc ./", "RUN npm ci"], None, SAFE, {"package.json": "{}", "package-lock.json": LOCKED, ".npmrc": "fund=false\n"}),
    (
        "npm-workspaces", NODE, "npm ci",
        ["COPY package.json package-lock.json ./", "COPY packages/a/package.json ./packages/a/", "COPY packages/b/package.json ./packages/b/", "RUN npm ci"],
        None, SAFE,
        {
            "package.json": package(workspaces=["packages/*"]), "packages/a/package.json": "{}", "packages/b/package.json": "{}", "packages/a/a.js": "",
            "package-lock.json": package(packages={"node_modules/a": {"resolved": "packages/a", "link": True}, "packages/a": {}, "packages/b": {}}),
        },
    ),
    ("npm-member-script", NODE, "npm ci", ["COPY package.json package-lock.json ./", "COPY p/package.json ./p/", "RUN npm ci"], None, None, {"package.json": package(workspaces=["p"]), "package-lock.json": LOCKED, "p/package.json": package(scripts={"prepare": "tsc"})}),
    ("npm-member-bin", NODE, "npm ci", ["COPY package.json package-lock.json ./", "COPY p/package.json ./p/", "RUN npm ci"], None, None, {"package.json": package(workspaces=["p"]), "package-lock.json": LOCKED, "p/package.json": package(bin="x.js")}),
    ("npm-path", NODE, "npm ci", ["COPY package.json package-lock.json ./", "COPY lib/a ./lib/a/", "RUN npm ci"], None, SAFE, {"package.json": package(dependencies={"a": "file:lib/a"}), "package-lock.json": LOCKED, "lib/a/package.json": "{}", "lib/a/a.js": ""}),
    ("npm-path-bin", NODE, "npm ci", ["COPY package.json package-lock.json ./", "COPY lib/a ./lib/a/", "RUN npm ci"], None, UNSAFE, {"package.json": package(dependencies={"a": "file:lib/a"}), "package-lock.json": LOCKED, "lib/a/package.json": package(bin="a.js"), "lib/a/a.js": ""}),
    ("npm-path-modules", NODE, "npm ci", ["COPY package.json package-lock.json ./", "COPY lib/a ./lib/a/", "RUN npm ci"], None, UNSAFE, {"package.json": package(dependencies={"a": "file:lib/a"}), "package-lock.json": LOCKED, "lib/a/package.json": "{}", "lib/a/node_modules/x": ""}),
    ("npm-archive", NODE, "npm ci", ["COPY package.json package-lock.json ./", "COPY lib/a.tgz ./lib/", "RUN npm ci"], None, SAFE, {"package.json": package(dependencies={"a": "file:lib/a.tgz"}), "package-lock.json": LOCKED, "lib/a.tgz": ""}),
    ("npm-patches", NODE, "npm ci", ["COPY package.json package-lock.json ./", "COPY patches ./patches/", "RUN npm ci"], None, SAFE, {"package.json": package(scripts={"postinstall": "patch-package"}), "package-lock.json": LOCKED, "patches/a.patch": ""}),
    ("npm-prisma", NODE, "npm ci", ["COPY package.json package-lock.json ./", "COPY prisma ./prisma/", "RUN npm ci"], None, SAFE, {"package.json": package(dependencies={"@prisma/client": "5"}), "package-lock.json": LOCKED, "prisma/schema.prisma": "generator c {\n}\n"}),
    ("npm-prisma-output", NODE, "npm ci", ["COPY package.json package-lock.json ./", "COPY prisma ./prisma/", "RUN npm ci"], None, UNSAFE, {"package.json": package(scripts={"postinstall": "npx prisma generate"}), "package-lock.json": LOCKED, "prisma/schema.prisma": 'generator c {\n  output = "../src/db"\n}\n'}),
    ("npm-husky", NODE, "npm ci", ["COPY package.json package-lock.json ./", "RUN npm ci"], None, SAFE, {"package.json": package(scripts={"prepare": "husky || true"}), "package-lock.json": LOCKED}),
    ("npm-husky-git", NODE, "npm ci", ["COPY package.json package-lock.json ./", "RUN npm ci"], None, UNSAFE, {"package.json": package(scripts={"prepare": "husky"}), "package-lock.json": LOCKED, ".git/config": ""}),
    ("npm-script", NODE, "npm ci", ["COPY package.json package-lock.json ./", "RUN npm ci"], None, None, {"package.json": package(scripts={"postinstall": "node x.js"}), "package-lock.json": LOCKED}),
    ("npm-no-scripts", NODE, "npm ci --ignore-scripts", ["COPY package.json package-lock.json ./", "RUN npm ci --ignore-scripts"], None, SAFE, {"package.json": package(scripts={"postinstall": "node x.js"}), "package-lock.json": LOCKED}),
    ("yarn", NODE, "yarn install --frozen-lockfile", ["COPY package.json yarn.lock ./", "COPY w/a/package.json ./w/a/", "RUN yarn install --frozen-lockfile"], None, SAFE, {"package.json": package(private=True, workspaces={"packages": ["w/*"]}), "yarn.lock": "", "w/a/package.json": "{}", "w/a/a.js": ""}),
    (
        "yarn-berry", NODE, "yarn install --immutable",
        ["COPY package.json yarn.lock .yarnrc.yml ./", "COPY .yarn/releases ./.yarn/releases/", "COPY .yarn/patches ./.yarn/patches/", "RUN yarn install --immutable"],
        None, SAFE,
        {"package.json": "{}", "yarn.lock": '"a@patch:a@npm%3A1#./.yarn/patches/a.patch":\n', ".yarnrc.yml": "nodeLinker: node-modules\nyarnPath: .yarn/releases/yarn-4.1.0.cjs\n", ".yarn/releases/yarn-4.1.0.cjs": "", ".yarn/patches/a.patch": ""},
    ),
    ("yarn-plugin", NODE, "yarn install", ["COPY package.json yarn.lock .yarnrc.yml ./", "COPY .yarn/plugins ./.yarn/plugins/", "RUN yarn install"], None, UNSAFE, {"package.json": "{}", "yarn.lock": "", ".yarnrc.yml": "plugins:\n  - path: .yarn/plugins/mine.cjs\n", ".yarn/plugins/mine.cjs": ""}),
    (
        "pnpm", NODE, "pnpm install --frozen-lockfile",
        ["COPY package.json pnpm-lock.yaml pnpm-workspace.yaml ./", "COPY patches ./patches/", "COPY apps/x/package.json ./apps/x/", "RUN pnpm install --frozen-lockfile"],
        None, SAFE,
        {"package.json": package(pnpm={"patchedDependencies": {"a@1": "patches/a.patch"}}), "pnpm-lock.yaml": "patchedDependencies:\n  a@1:\n    path: patches/a.patch\n", "pnpm-workspace.yaml": "packages:\n  - 'apps/*'\n  - '!apps/y'\n", "patches/a.patch": "", "apps/x/package.json": "{}", "apps/y/package.json": "{}"},
    ),
    ("pnpm-program", NODE, "pnpm install", ["COPY package.json pnpm-lock.yaml .pnpmfile.cjs ./", "RUN pnpm install"], None, UNSAFE, {"package.json": "{}", "pnpm-lock.yaml": "", ".pnpmfile.cjs": ""}),
    ("bun", NODE, "bun install --frozen-lockfile", ["COPY package.json bun.lock ./", "COPY w/a/package.json ./w/a/", "RUN bun install --frozen-lockfile"], None, SAFE, {"package.json": package(workspaces=["w/*"]), "bun.lock": '{"workspaces": {}}', "w/a/package.json": "{}", "w/a/a.ts": ""}),
    ("deno", "FROM debian:12\nWORKDIR /app\n", "deno install --frozen", ["COPY deno.json deno.lock ./", "COPY m/deno.json ./m/", "RUN deno install --frozen"], None, SAFE, {"deno.json": package(workspace=["./m"]), "deno.lock": "{}", "m/deno.json": "{}", "main.ts": ""}),
    ("pip", PYTHON, "pip install -r requirements.txt", ["COPY requirements.txt base.txt ./", "RUN pip install -r requirements.txt"], None, SAFE, {"requirements.txt": "-r base.txt\n", "base.txt": "flask\n"}),
    ("uv-pip", PYTHON, "uv pip install --system -r requirements.txt", ["COPY requirements.txt uv.toml ./", "RUN uv pip install --system -r requirements.txt"], None, SAFE, {"requirements.txt": "flask\n", "uv.toml": "native-tls = true\n"}),
    ("uv", PYTHON, "uv sync --locked", ["COPY pyproject.toml uv.lock .python-version ./", "RUN uv sync --no-install-project --locked"], "RUN uv sync --locked", UNSAFE, {"pyproject.toml": BUILT, "uv.lock": "", ".python-version": "3.12"}),
    ("uv-no-package", PYTHON, "uv sync --locked", ["COPY pyproject.toml uv.lock ./", "RUN uv sync --locked"], None, SAFE, {"pyproject.toml": PROJECT, "uv.lock": ""}),
    ("uv-no-project", PYTHON, "uv sync --locked --no-install-project", ["COPY pyproject.toml uv.lock ./", "RUN uv sync --locked --no-install-project"], None, SAFE, {"pyproject.toml": BUILT, "uv.lock": ""}),
    ("uv-members", PYTHON, "uv sync --locked", ["COPY pyproject.toml uv.lock ./", "COPY p/a/pyproject.toml ./p/a/", "COPY lib ./lib/", "RUN uv sync --locked"], None, SAFE, {"pyproject.toml": PROJECT + "[tool.uv.workspace]\nmembers = ['p/*']\n[tool.uv.sources]\nb = {path = 'lib'}\n", "uv.lock": 'source = { virtual = "p/a" }\n', "p/a/pyproject.toml": PROJECT, "lib/pyproject.toml": PROJECT, "lib/b.py": ""}),
    ("poetry", PYTHON, "pip install poetry && poetry install --only main && poetry check", ["COPY pyproject.toml poetry.lock ./", "RUN pip install poetry && poetry install --no-root --only main"], "RUN poetry install --only main && poetry check", UNSAFE, {"pyproject.toml": "[tool.poetry]\nname = 'x'\n", "poetry.lock": ""}),
    ("poetry-no-root", PYTHON, "poetry install --no-root", ["COPY pyproject.toml poetry.lock poetry.toml ./", "COPY lib/b ./lib/b/", "RUN poetry install --no-root"], None, SAFE, {"pyproject.toml": "[tool.poetry]\nname = 'x'\n[tool.poetry.dependencies]\nb = {path = 'lib/b', develop = true}\n", "poetry.lock": "", "poetry.toml": "", "lib/b/b.py": ""}),
    ("pdm", PYTHON, "pdm install --prod", ["COPY pyproject.toml pdm.lock ./", "RUN pdm install --no-self --prod"], "RUN pdm install --prod", UNSAFE, {"pyproject.toml": PROJECT, "pdm.lock": ""}),
    ("pdm-application", PYTHON, "pdm sync", ["COPY pyproject.toml pdm.lock ./", "RUN pdm sync"], None, SAFE, {"pyproject.toml": PROJECT + "[tool.pdm]\ndistribution = false\n", "pdm.lock": ""}),
    ("pipenv", PYTHON, "pipenv install --deploy", ["COPY Pipfile Pipfile.lock ./", "RUN pipenv install --deploy"], None, SAFE, {"Pipfile": "[packages]\n", "Pipfile.lock": "{}"}),
    ("conda", "FROM continuumio/miniconda3\nUSER root\nWORKDIR /app\n", "conda env create -f environment.yml", ["COPY environment.yml requirements.txt ./", "RUN conda env create -f environment.yml"], None, SAFE, {"environment.yml": "dependencies:\n  - python=3.11\n  - pip:\n      - -r requirements.txt\n", "requirements.txt": "flask\n"}),
    ("conda-local", "FROM continuumio/miniconda3\nUSER root\nWORKDIR /app\n", "conda env create -f environment.yml", ["COPY environment.yml ./", "RUN conda env create -f environment.yml"], None, UNSAFE, {"environment.yml": "dependencies:\n  - pip:\n      - -e .\n"}),
    ("go", "FROM golang:1.22\nWORKDIR /src\n", "go mod download", ["COPY go.mod go.sum ./", "COPY lib/go.mod ./lib/", "RUN go mod download"], None, SAFE, {"go.mod": "module x\nreplace y => ./lib\n", "go.sum": "", "lib/go.mod": "module y\n", "lib/y.go": ""}),
    ("go-work", "FROM golang:1.22\nWORKDIR /src\n", "go mod download", ["COPY go.work ./", "COPY a/go.mod a/go.sum ./a/", "COPY b/go.mod ./b/", "RUN go mod download"], None, SAFE, {"go.work": "go 1.22\n\nuse (\n\t./a\n\t./b\n)\n", "a/go.mod": "module a\n", "a/go.sum": "", "b/go.mod": "module b\n"}),
    ("go-outside", "FROM golang:1.22\nWORKDIR /src\n", "go mod download", ["COPY go.mod ./", "RUN go mod download"], None, UNSAFE, {"go.mod": "module x\nreplace y => ../y\n"}),
    ("go-build", "FROM golang:1.22\nWORKDIR /src\n", "go build ./...", ["COPY go.mod ./", "RUN go mod download"], "RUN go build ./...", UNSAFE, {"go.mod": "module x\n"}),
    (
        "cargo", RUST, "cargo build --release",
        ["COPY Cargo.toml Cargo.lock ./", "COPY a/Cargo.toml ./a/", "COPY b/Cargo.toml ./b/", "RUN mkdir -p a/src b/src && touch a/src/lib.rs b/src/lib.rs && cargo fetch && rm -r a/src b/src"],
        "RUN cargo build --release", UNSAFE,
        {"Cargo.toml": "[workspace]\nmembers = ['a', 'b']\n", "Cargo.lock": "", "a/Cargo.toml": "[package]\nname = 'a'\n[dependencies]\nb = {path = '../b'}\n", "b/Cargo.toml": "[package]\nname = 'b'\n", "a/src/main.rs": ""},
    ),
    ("cargo-fetch", RUST, "cargo fetch --locked", ["COPY Cargo.toml Cargo.lock ./", "RUN mkdir -p src && touch src/lib.rs && cargo fetch --locked && rm -r src"], None, UNSAFE, {"Cargo.toml": "[package]\nname = 'a'\n", "Cargo.lock": "", "src/main.rs": ""}),
    ("maven", "FROM maven:3.9\nWORKDIR /app\n", "mvn -B package", ["COPY pom.xml ./", "COPY .mvn ./.mvn/", "RUN mvn dependency:go-offline"], "RUN mvn -B package", UNSAFE, {"pom.xml": "<project/>", ".mvn/jvm.config": "-Xmx1g\n"}),
    ("maven-modules", "FROM maven:3.9\nWORKDIR /app\n", "mvn -B dependency:go-offline", ["COPY pom.xml ./", "COPY a/pom.xml ./a/", "RUN mvn -B dependency:go-offline"], None, SAFE, {"pom.xml": "<project><!-- <module>x</module> --><modules><module>a</module></modules></project>", "a/pom.xml": "<project><parent/></project>"}),
    ("maven-repository", "FROM maven:3.9\nWORKDIR /app\n", "mvn dependency:go-offline", ["COPY pom.xml ./", "RUN mvn dependency:go-offline"], None, UNSAFE, {"pom.xml": "<project><url>file://${project.basedir}/repo</url></project>"}),
    ("gradle", "FROM gradle:8\nWORKDIR /app\n", "gradle dependencies", ["COPY build.gradle.kts settings.gradle.kts ./", "COPY a/build.gradle.kts ./a/", "COPY b/c/build.gradle ./b/c/", "RUN gradle dependencies"], None, UNSAFE, {"settings.gradle.kts": 'include(":a", ":b:c")\n', "build.gradle.kts": "", "a/build.gradle.kts": "", "b/c/build.gradle": ""}),
    ("sbt", "FROM debian:12\nWORKDIR /app\n", "sbt assembly", ["COPY build.sbt ./", "COPY project/build.properties project/plugins.sbt ./project/", "RUN sbt update"], "RUN sbt assembly", UNSAFE, {"build.sbt": "", "project/build.properties": "", "project/plugins.sbt": ""}),
    (
        "dotnet", DOTNET, "dotnet restore",
        ["COPY App.sln Directory.Build.props ./", "COPY src/A/A.csproj ./src/A/", "COPY src/B/B.csproj src/B/packages.lock.json ./src/B/", "RUN dotnet restore"],
        None, SAFE,
        {"App.sln": SLN, "src/A/A.csproj": CSPROJ, "src/B/B.csproj": "<Project/>", "src/B/packages.lock.json": "{}", "Directory.Build.props": "<Project/>", "src/A/P.cs": ""},
    ),
    ("dotnet-named", DOTNET, "dotnet restore src/A/A.csproj", ["COPY src/A/A.csproj ./src/A/", "COPY nuget.config ./", "COPY src/B/B.csproj ./src/B/", "RUN dotnet restore src/A/A.csproj"], None, SAFE, {"src/A/A.csproj": CSPROJ, "src/B/B.csproj": "<Project/>", "nuget.config": "<configuration/>", "src/A/P.cs": ""}),
    ("dotnet-program", DOTNET, "dotnet restore", ["COPY A.csproj ./", "RUN dotnet restore"], None, UNSAFE, {"A.csproj": '<Project><Target><Exec Command="x" /></Target></Project>'}),
    ("dotnet-obj", DOTNET, "dotnet restore", ["COPY A.csproj ./", "RUN dotnet restore"], None, UNSAFE, {"A.csproj": "<Project/>", "obj/project.assets.json": "{}"}),
    ("composer", "FROM php:8.3-cli\nWORKDIR /app\n", "composer install --no-dev -o", ["COPY composer.json composer.lock ./", "RUN composer install --no-scripts --no-autoloader --no-dev -o"], "RUN composer install --no-dev -o", UNSAFE, {"composer.json": COMPOSER, "composer.lock": "{}"}),
    ("composer-plain", "FROM php:8.3-cli\nWORKDIR /app\n", "composer install --no-dev", ["COPY composer.json composer.lock ./", "COPY lib/b ./lib/b/", "RUN composer install --no-dev"], None, SAFE, {"composer.json": package(repositories=[{"type": "path", "url": "lib/b"}]), "composer.lock": "{}", "lib/b/composer.json": "{}"}),
    ("composer-plugin", "FROM php:8.3-cli\nWORKDIR /app\n", "composer install --no-scripts --no-autoloader", ["COPY composer.json composer.lock ./", "RUN composer install --no-scripts --no-autoloader"], None, UNSAFE, {"composer.json": COMPOSER, "composer.lock": '{"packages": [{"type": "composer-plugin"}]}'}),
    ("bundler", "FROM ruby:3.3\nWORKDIR /app\n", "bundle install", ["COPY Gemfile Gemfile.lock ./", "RUN bundle install"], None, UNSAFE, {"Gemfile": GEMS, "Gemfile.lock": ""}),
    ("bundler-frozen", "FROM ruby:3.3\nWORKDIR /app\nENV BUNDLE_FROZEN=1\n", "bundle install", ["COPY Gemfile Gemfile.lock ./", "RUN bundle install"], None, SAFE, {"Gemfile": GEMS, "Gemfile.lock": ""}),
    ("bundler-path", "FROM ruby:3.3\nWORKDIR /app\nENV BUNDLE_FROZEN=1\n", "bundle install", ["COPY Gemfile Gemfile.lock ./", "COPY engines/a ./engines/a/", "RUN bundle install"], None, UNSAFE, {"Gemfile": "gem 'a', path: 'engines/a'\n", "Gemfile.lock": "", "engines/a/a.gemspec": ""}),
    ("bundler-program", "FROM ruby:3.3\nWORKDIR /app\nENV BUNDLE_FROZEN=1\n", "bundle install", ["COPY Gemfile Gemfile.lock ./", "RUN bundle install"], None, None, {"Gemfile": "eval File.read('x')\n", "Gemfile.lock": ""}),
    ("mix", "FROM elixir:1.16\nWORKDIR /app\n", "mix deps.get --only prod && mix deps.compile && mix release", ["COPY mix.exs mix.lock ./", "COPY config/config.exs ./config/", "COPY apps/a/mix.exs ./apps/a/", "RUN mix deps.get --only prod && mix deps.compile"], "RUN mix release", UNSAFE, {"mix.exs": "", "mix.lock": "", "config/config.exs": "", "config/runtime.exs": "", "apps/a/mix.exs": ""}),
    ("stack", "FROM haskell:9.6\nWORKDIR /app\n", "stack build --only-dependencies", ["COPY stack.yaml a.cabal ./", "COPY sub/b.cabal ./sub/", "RUN stack build --only-dependencies"], None, UNSAFE, {"stack.yaml": "packages:\n- .\n- sub\n", "a.cabal": "", "sub/b.cabal": ""}),
    ("cabal", "FROM haskell:9.6\nWORKDIR /app\n", "cabal update && cabal build --only-dependencies && cabal build", ["COPY a.cabal cabal.project ./", "COPY sub/b.cabal ./sub/", "RUN cabal update && cabal build --only-dependencies"], "RUN cabal build", UNSAFE, {"cabal.project": "packages: ./\n  sub/*.cabal\n", "a.cabal": "", "sub/b.cabal": ""}),
    ("swift", "FROM debian:12\nWORKDIR /app\n", "swift package resolve --force-resolved-versions", ["COPY Package.swift Package.resolved ./", "COPY lib/Package.swift ./lib/", "RUN swift package resolve --force-resolved-versions"], None, SAFE, {"Package.swift": 'import PackageDescription\n.package(path: "lib")\n', "Package.resolved": "", "lib/Package.swift": "import PackageDescription\n"}),
    ("swift-program", "FROM debian:12\nWORKDIR /app\n", "swift package resolve --force-resolved-versions", ["COPY Package.swift ./", "RUN swift package resolve --force-resolved-versions"], None, UNSAFE, {"Package.swift": "import Foundation\n"}),
    ("dart", "FROM dart:3\nWORKDIR /app\n", "dart pub get --enforce-lockfile", ["COPY pubspec.yaml pubspec.lock ./", "COPY packages/b ./packages/b/", "RUN dart pub get --enforce-lockfile"], None, SAFE, {"pubspec.yaml": "dependencies:\n  b:\n    path: packages/b\n", "pubspec.lock": "", "packages/b/pubspec.yaml": "name: b\n", "packages/b/lib/b.dart": ""}),
    ("dart-lock", "FROM dart:3\nWORKDIR /app\n", "dart pub get", ["COPY pubspec.yaml pubspec.lock ./", "RUN dart pub get"], None, UNSAFE, {"pubspec.yaml": "name: a\n", "pubspec.lock": ""}),
    ("shards", "FROM debian:12\nWORKDIR /app\n", "shards install --production", ["COPY shard.yml shard.lock ./", "COPY lib_a ./lib_a/", "RUN shards install --production"], None, SAFE, {"shard.yml": "dependencies:\n  a:\n    path: ./lib_a\n  b:\n    github: x/b\n", "shard.lock": "", "lib_a/shard.yml": "name: a\n"}),
    ("shards-lock", "FROM debian:12\nWORKDIR /app\n", "shards install", ["COPY shard.yml shard.lock ./", "RUN shards install"], None, SAFE, {"shard.yml": "name: a\n", "shard.lock": ""}),
    ("shards-build", "FROM debian:12\nWORKDIR /app\n", "shards build --release", ["COPY shard.yml ./", "RUN shards install"], "RUN shards build --release", UNSAFE, {"shard.yml": "name: a\n"}),
    ("nimble", "FROM debian:12\nWORKDIR /app\n", "nimble build -d:release", ["COPY app.nimble nimble.lock ./", "RUN nimble install --depsOnly --accept"], "RUN nimble build -d:release", UNSAFE, {"app.nimble": "requires \"jester\"\n", "nimble.lock": "{}"}),
    ("nimble-deps", "FROM debian:12\nWORKDIR /app\n", "nimble install -y -d && nimble build", ["COPY app.nimble ./", "RUN nimble install -y -d"], "RUN nimble build", UNSAFE, {"app.nimble": "requires \"jester\"\n"}),
    ("dub", "FROM debian:12\nWORKDIR /app\n", "dub build -b release", ["COPY dub.json dub.selections.json ./", "COPY sub/dub.sdl ./sub/", "RUN dub upgrade --missing-only"], "RUN dub build -b release", UNSAFE, {"dub.json": '{"name": "a", "subPackages": ["./sub"]}', "dub.selections.json": "{}", "sub/dub.sdl": 'name "sub"\n'}),
    ("dub-sdl", "FROM debian:12\nWORKDIR /app\n", "dub build", ["COPY dub.sdl ./", "COPY lib/dub.json ./lib/", "RUN dub upgrade --missing-only"], "RUN dub build", UNSAFE, {"dub.sdl": 'dependency "lib" path="lib"\n', "lib/dub.json": "{}"}),
    ("rebar3", "FROM erlang:27\nWORKDIR /app\n", "rebar3 as prod release", ["COPY rebar.config rebar.lock ./", "COPY apps/a/rebar.config ./apps/a/", "RUN rebar3 get-deps"], "RUN rebar3 as prod release", UNSAFE, {"rebar.config": "{deps, [cowboy]}.\n", "rebar.lock": "[].\n", "apps/a/rebar.config": "{deps, []}.\n"}),
    ("rebar3-compile", "FROM erlang:27\nWORKDIR /app\n", "rebar3 compile --deps_only && rebar3 release", ["COPY rebar.config rebar.lock ./", "RUN rebar3 compile --deps_only"], "RUN rebar3 release", UNSAFE, {"rebar.config": "{deps, [cowboy]}.\n", "rebar.lock": "[].\n"}),
    ("setup.py", PYTHON, "pip install .", ["COPY requirements.txt ./", "RUN pip install -r requirements.txt"], "RUN pip install .", UNSAFE, {"setup.py": "from setuptools import setup\nsetup(install_requires=open('requirements.txt').read().split())\n", "requirements.txt": "flask\n"}),
    ("setup.py-editable", PYTHON, "pip install --no-cache-dir -e .", ["COPY setup.py README.md ./", "COPY pkg/__init__.py ./pkg/", "RUN pip install --no-cache-dir -e ."], None, UNSAFE, {"setup.py": "from setuptools import setup\nsetup(long_description=open('README.md').read(), install_requires=['flask'])\n", "README.md": "", "pkg/__init__.py": "", "pkg/a.py": ""}),
    ("pyproject-uv", PYTHON, "uv pip install --system .", ["COPY pyproject.toml ./", "RUN uv pip install --system -r pyproject.toml"], "RUN uv pip install --system .", UNSAFE, {"pyproject.toml": BUILT}),
]


@pytest.mark.parametrize(
    ("head", "install", "above", "below", "sure", "files"), [row[1:] for row in SPLITS], ids=[row[0] for row in SPLITS]
)
def test_splits(
    tmp_path: Path, head: str, install: str, above: list[str], below: str | None, sure: Applicability | None, files: Files
) -> None:
    text = f"{head}COPY . .\nRUN {install}\n"
    findings, safe, every = examine(text, "DF101", tmp_path, {**files, "source": ""})
    wanted = "\n".join([*above, "COPY . .", *([below] if below else [])])
    assert levels(findings) == [sure]
    assert every == (text if sure is None else f"{head}{wanted}\n")
    assert safe == (every if sure is SAFE else text)
    title = findings[0].fix.title if findings[0].fix else findings[0].message
    assert ("not proven" in title, "no fix: " in title) == (sure not in (SAFE, None), sure is None)


# a row of SPLITS, and files of it without which nothing is proven any more
NEEDED = [
    ("npm-workspaces", "packages/a/"), ("npm-path", "lib/a/"), ("npm-archive", "lib/a.tgz"), ("yarn-berry", ".yarn/patches/"),
    ("pip", "base.txt"), ("uv-members", "p/a/"), ("uv-members", "lib/"), ("poetry-no-root", "lib/b/"), ("conda", "requirements.txt"),
    ("go", "lib/go.mod"), ("go-work", "b/go.mod"), ("maven-modules", "a/pom.xml"), ("dotnet", "src/B/B.csproj"),
    ("shards", "lib_a/"), ("dotnet-named", "src/B/B.csproj"), ("composer-plain", "lib/b/"), ("swift", "lib/Package.swift"), ("dart", "packages/b/"),
    ("pnpm", "patches/"),
]


@pytest.mark.parametrize(("name", "gone"), NEEDED)
def test_a_file_that_is_missing(tmp_path: Path, name: str, gone: str) -> None:
    _, head, install, _, _, sure, files = next(row for row in SPLITS if row[0] == name)
    assert sure is SAFE
    left = {path: content for path, content in files.items() if not path.startswith(gone)}
    assert len(left) < len(files)
    text = f"{head}COPY . .\nRUN {install}\n"
    assert examine(text, "DF101", tmp_path, {**left, "source": ""})[1] == text


# a row of SPLITS, files that it has besides or instead, and why it is no longer safe with them
BESIDES: list[tuple[str, Files, str]] = [
    ("npm", {"package.json": package(dependenciesMeta={"a": {"injected": True}})}, "package.json copies packages"),
    ("npm", {"package.json": package(workspaces=["p"])}, "package.json names workspace members that are not in the build context"),
    ("npm", {".npmrc": "script-shell=./x.sh\n"}, ".npmrc names the file ./x.sh"),
    ("composer-plain", {".git/HEAD": ""}, "composer reads the project's version from git"),
    ("composer-plain", {"composer.json": package(scripts={"post-install-cmd": "x"})}, "composer.json runs scripts (post-install-cmd): install with `--no-scripts`"),
    ("composer-plain", {"composer.json": package(autoload={"classmap": ["src"]})}, "composer builds the class map from the source: install with `--no-autoloader`"),
    ("dart", {"example/pubspec.yaml": ""}, "the install also reads example/pubspec.yaml"),
    ("dotnet", {"src/B/B.csproj": '<Project><Import Project="$(Shared)/x.props" /></Project>'}, "src/B/B.csproj refers to $(Shared)/x.props"),
    ("dotnet", {"nuget.config": '<add key="x" value="./feed" />'}, "feed is not in the build context"),
    ("maven-modules", {".mvn/extensions.xml": ""}, ".mvn/extensions.xml loads extensions"),
    ("conda", {"environment.yml": "channels: [./here]\ndependencies: [a]\n"}, "environment.yml has a local channel"),
    ("uv-no-package", {"pyproject.toml": PROJECT + "[[tool.uv.index]]\nname = 'x'\nurl = './feed'\n"}, "pyproject.toml has an index"),
    ("pnpm", {"pnpm-workspace.yaml": "packages: ['apps/*']\ninjectWorkspacePackages: true\n"}, "pnpm-workspace.yaml copies packages"),
    ("bundler-frozen", {".bundle/config": "BUNDLE_LOCAL__A: /x\n"}, ".bundle/config names files to read"),
]


@pytest.mark.parametrize(("name", "besides", "why"), BESIDES)
def test_what_is_besides(tmp_path: Path, name: str, besides: Files, why: str) -> None:
    _, head, install, _, _, _, files = next(row for row in SPLITS if row[0] == name)
    text = f"{head}COPY . .\nRUN {install}\n"
    findings, safe, _ = examine(text, "DF101", tmp_path, {**files, **besides, "source": ""})
    assert safe == text
    fix = findings[0].fix
    assert why in (fix.title if fix else findings[0].message)


def test_a_manifest_above_has_a_say(tmp_path: Path) -> None:
    files = {"package.json": package(workspaces=["web"]), "web/package.json": "{}", "web/index.js": ""}
    text = f"{NODE}COPY web .\nRUN npm install\n"
    findings, safe, _ = examine(text, "DF101", tmp_path, files)
    assert safe == text
    assert findings[0].fix is not None
    assert "package.json also decides what is installed" in findings[0].fix.title


def test_a_program_that_is_no_setup_py_has_no_fix(tmp_path: Path) -> None:
    files = {"setup.py": "import numpy\nfrom setuptools import setup\nsetup(install_requires=['a'])\n", "a.py": ""}
    findings, _, every = examine(f"{PYTHON}COPY . .\nRUN pip install -e .\n", "DF101", tmp_path, files)
    assert levels(findings) == [None]
    assert findings[0].message.endswith("no fix: setup.py imports numpy")
    assert every.endswith("COPY . .\nRUN pip install -e .\n")


def test_requirements_that_stand_nowhere_alone(tmp_path: Path) -> None:
    findings, _, _ = examine(f"{PYTHON}COPY . .\nRUN pip install .\n", "DF101", tmp_path, {"pyproject.toml": BUILT, "a.py": ""})
    assert levels(findings) == [None]
    assert findings[0].message.endswith("no file lists its dependencies alone")


@pytest.mark.parametrize(
    ("install", "files"),
    [
        ("pip install .", {"a.py": ""}),
        ("pip install .", {"setup.py": "from setuptools import setup\nsetup(name='x')\n", "a.py": ""}),
        ("pip install -r requirements.txt", {"requirements.txt": "flask\n"}),
        ("dotnet restore", {"a.cs": ""}),
    ],
)
def test_nothing_to_split(tmp_path: Path, install: str, files: Files) -> None:
    text = f"{PYTHON}COPY . .\nRUN {install}\n"
    assert examine(text, "DF101", tmp_path, files)[0] == []


@pytest.mark.parametrize("script", ["tsc", "npm run build", "node x.js", "echo $(cat a)"])
def test_a_script_that_works_on_the_source_has_no_fix(tmp_path: Path, script: str) -> None:
    files = {"package.json": package(scripts={"prepare": script}), "package-lock.json": LOCKED, "y.js": "require('./z')", "z.js": ""}
    findings, _, every = examine(f"{NODE}COPY . .\nRUN npm ci\n", "DF101", tmp_path, files)
    assert levels(findings) == [None]
    assert f"no fix: package.json runs `{script.removeprefix('npm run ')}`" in findings[0].message
    assert every == f"{NODE}COPY . .\nRUN npm ci\n"


def test_without_a_context_it_is_only_shown(tmp_path: Path) -> None:
    findings, _, _ = examine(f"{NODE}COPY . .\nRUN npm ci\n", "DF101", tmp_path, None)
    assert levels(findings) == [DISPLAY]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("package.json", "[" * 100_000),
        ("package.json", '{"workspaces": ["' + "*/" * 5_000 + '"]}'),
        ("pnpm-workspace.yaml", "packages: " + "[" * 20_000),
        ("pnpm-workspace.yaml", "a: &a [x]\n" + "".join(f"b{i}: &b{i} [*a, *a]\n" for i in range(100))),
        ("pnpm-workspace.yaml", "packages: [" + "{a: " * 200),
        ("yarn.lock", "@file:" * 20_000),
        (".npmrc", "a" * 1_000_000),
    ],
)
def test_hostile_manifests(tmp_path: Path, name: str, text: str) -> None:
    tool = {"pnpm-workspace.yaml": "pnpm install", "yarn.lock": "yarn install"}.get(name, "npm ci")
    files = {"package.json": "{}", "package-lock.json": LOCKED, "index.js": "", name: text}
    examine(f"{NODE}COPY . .\nRUN {tool}\n", "DF101", tmp_path, files)
