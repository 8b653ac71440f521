"""What the fixes save over histories: `dlint cost --replay 200` before and after `dlint check --fix`, over made repositories.

    python bench/replay_savings.py [--commits 220] [--keep FOLDER] [--write]

Each repository has a Dockerfile that copies its sources above the install of its dependencies, as real projects have it, with the
manifest, the lock file and the sources of its language. Its history comes from a fixed seed: most commits change a source file, some the
documentation or tests, a few a dependency. Every figure is one of dlint's cost model, nothing is built.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OUT = Path(__file__).parent / "replay.md"
MARK = "## What the fixes save over histories"
SEED = 11
START = 1_700_000_000
SOURCES = 40
# What commits of such projects change, and how often.
KINDS = (("source", 74), ("documentation", 9), ("test", 7), ("dependency", 6), ("new source", 3), ("Dockerfile", 1))

Files = dict[str, str]


class Shape(NamedTuple):
    """A kind of project: its Dockerfile, and its manifests at some version of its dependencies."""

    name: str
    dockerfile: str
    source: str
    manifests: Callable[[int], Files]


NPM = "express body-parser cookie debug depd encodeurl etag finalhandler fresh http-errors methods mime ms on-finished parseurl qs send vary pg pino zod lodash axios dotenv helmet cors morgan uuid dayjs".split()
PYTHON = "flask jinja2 werkzeug click itsdangerous markupsafe sqlalchemy psycopg2-binary gunicorn requests urllib3 certifi idna pydantic alembic redis celery".split()
GO = "github.com/gin-gonic/gin github.com/jackc/pgx/v5 github.com/spf13/cobra github.com/spf13/viper go.uber.org/zap github.com/stretchr/testify google.golang.org/grpc".split()
CRATES = "serde serde_json tokio hyper axum tower tracing anyhow thiserror clap rand regex sqlx reqwest uuid chrono".split()
GEMS = "rails puma pg bootsnap rack rake nokogiri activerecord actionpack sidekiq redis devise".split()
COMPOSER = "symfony/http-foundation symfony/routing symfony/console monolog/monolog guzzlehttp/guzzle doctrine/orm doctrine/dbal twig/twig vlucas/phpdotenv ramsey/uuid".split()
HEX = "phoenix plug plug_cowboy ecto ecto_sql postgrex jason telemetry phoenix_html phoenix_live_view gettext".split()


def _npm(version: int) -> Files:
    names = {name: f"^{1 + len(name) % 4}.{version}.0" for name in NPM}
    packages = {f"node_modules/{name}": {"version": text.removeprefix("^"), "resolved": f"https://registry.npmjs.org/{name}"} for name, text in names.items()}
    package = {"name": "shop", "version": "1.0.0", "scripts": {"start": "node src/index.js"}, "dependencies": names}
    lock = {"name": "shop", "lockfileVersion": 3, "packages": {"": {"dependencies": names}, **packages}}
    return {"package.json": json.dumps(package, indent=1) + "\n", "package-lock.json": json.dumps(lock, indent=1) + "\n"}


def _typescript(version: int) -> Files:
    files = _npm(version)
    package = json.loads(files["package.json"]) | {"scripts": {"build": "tsc"}, "devDependencies": {"typescript": "^5.4.0"}}
    return files | {"package.json": json.dumps(package, indent=1) + "\n", "tsconfig.json": '{"compilerOptions": {"outDir": "dist"}, "include": ["src"]}\n'}


def _pip(version: int) -> Files:
    return {"requirements.txt": "".join(f"{name}==2.{version}.0\n" for name in PYTHON)}


def _poetry(version: int) -> Files:
    names = "".join(f'{name} = "^2.{version}"\n' for name in PYTHON)
    lock = "".join(f'[[package]]\nname = "{name}"\nversion = "2.{version}.0"\n\n' for name in PYTHON)
    head = '[tool.poetry]\nname = "shop"\nversion = "1.0.0"\ndescription = ""\nauthors = []\npackage-mode = false\n\n[tool.poetry.dependencies]\npython = "^3.12"\n'
    return {"pyproject.toml": head + names, "poetry.lock": lock}


def _go(version: int) -> Files:
    lines = "".join(f"\t{name} v1.{version}.0\n" for name in GO)
    sums = "".join(f"{name} v1.{version}.0 h1:a=\n{name} v1.{version}.0/go.mod h1:b=\n" for name in GO)
    return {"go.mod": f"module example.org/shop\n\ngo 1.24\n\nrequire (\n{lines})\n", "go.sum": sums}


def _maven(version: int) -> Files:
    dependency = f"<dependency><groupId>org.springframework.boot</groupId><artifactId>spring-boot-starter-web</artifactId><version>3.{version}.0</version></dependency>"
    head = '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
    own = f"<groupId>org.example</groupId><artifactId>shop</artifactId><version>1</version><dependencies>{dependency}</dependencies>"
    return {"pom.xml": f"{head}{own}</project>\n"}


def _gradle(version: int) -> Files:
    build = f"plugins {{\n  id 'java'\n  id 'application'\n}}\nrepositories {{ mavenCentral() }}\ndependencies {{ implementation 'org.springframework:spring-web:6.{version}.0' }}\n"
    return {"build.gradle": build, "settings.gradle": "rootProject.name = 'shop'\n"}


def _dotnet(version: int) -> Files:
    package = f'<PackageReference Include="Npgsql.EntityFrameworkCore.PostgreSQL" Version="8.{version}.0" />'
    project = f'<Project Sdk="Microsoft.NET.Sdk.Web">\n<PropertyGroup><TargetFramework>net8.0</TargetFramework></PropertyGroup>\n<ItemGroup>{package}</ItemGroup>\n</Project>\n'
    return {"Shop.csproj": project}


def _cargo(version: int) -> Files:
    names = "".join(f'{name} = "1.{version}"\n' for name in CRATES)
    lock = "".join(f'[[package]]\nname = "{name}"\nversion = "1.{version}.0"\nsource = "registry+https://github.com/rust-lang/crates.io-index"\n\n' for name in CRATES)
    return {"Cargo.toml": f'[package]\nname = "shop"\nversion = "1.0.0"\nedition = "2021"\n\n[dependencies]\n{names}', "Cargo.lock": f"version = 3\n\n{lock}"}


def _bundler(version: int) -> Files:
    gems = "".join(f'gem "{name}"\n' for name in GEMS)
    lock = "".join(f"    {name} (7.{version}.0)\n" for name in GEMS)
    names = "".join(f"  {name}\n" for name in GEMS)
    text = f"GEM\n  remote: https://rubygems.org/\n  specs:\n{lock}\nPLATFORMS\n  ruby\n\nDEPENDENCIES\n{names}\nBUNDLED WITH\n   2.5.0\n"
    return {"Gemfile": f'source "https://rubygems.org"\n{gems}', "Gemfile.lock": text}


def _composer(version: int) -> Files:
    wanted = dict.fromkeys(COMPOSER, f"^6.{version}")
    lock = {"packages": [{"name": name, "version": f"6.{version}.0"} for name in COMPOSER], "packages-dev": []}
    package = {"name": "example/shop", "require": wanted, "autoload": {"psr-4": {"Shop\\": "src/"}}}
    return {"composer.json": json.dumps(package, indent=1) + "\n", "composer.lock": json.dumps(lock, indent=1) + "\n"}


def _mix(version: int) -> Files:
    names = ", ".join(f'{{:{name}, "~> 1.{version}"}}' for name in HEX)
    lock = "".join(f'  "{name}": {{:hex, :{name}, "1.{version}.0", "a", [:mix], [], "hexpm", "b"}},\n' for name in HEX)
    text = f'defmodule Shop.MixProject do\n  use Mix.Project\n\n  def project do\n    [app: :shop, version: "1.0.0", deps: deps()]\n  end\n\n  defp deps do\n    [{names}]\n  end\nend\n'
    return {"mix.exs": text, "mix.lock": f"%{{\n{lock}}}\n"}


SHAPES = (
    Shape("npm", 'FROM node:22-slim\nWORKDIR /app\nCOPY . .\nRUN npm ci\nCMD ["node", "src/index.js"]\n', "src/part{}.js", _npm),
    Shape("typescript", 'FROM node:22-slim\nWORKDIR /app\nCOPY ./ ./\nRUN npm install\nRUN npm run build\nCMD ["node", "dist/index.js"]\n', "src/part{}.ts", _typescript),
    Shape("pip", 'FROM python:3.13\nADD ./ /app\nWORKDIR /app\nRUN pip3 install -r /app/requirements.txt\nCMD ["python3", "src/part0.py"]\n', "src/part{}.py", _pip),
    Shape("poetry", 'FROM python:3.12-slim\nRUN pip install poetry==1.8.3\nWORKDIR /app\nCOPY . .\nRUN poetry install --no-root\nCMD ["poetry", "run", "python", "src/part0.py"]\n', "src/part{}.py", _poetry),
    Shape("go", 'FROM golang:1.24 AS build\nWORKDIR /app\nCOPY . .\nRUN go mod download\nRUN CGO_ENABLED=0 go build -o /shop .\n\nFROM alpine:3.20\nCOPY --from=build /shop /shop\nCMD ["/shop"]\n', "part{}.go", _go),
    Shape("maven", 'FROM maven:3.9-eclipse-temurin-21 AS build\nWORKDIR /app\nCOPY . .\nRUN mvn -q -DskipTests package\n\nFROM eclipse-temurin:21-jre\nCOPY --from=build /app/target/shop-1.jar /shop.jar\nCMD ["java", "-jar", "/shop.jar"]\n', "src/main/java/Part{}.java", _maven),
    Shape("gradle", 'FROM gradle:8-jdk21 AS build\nWORKDIR /app\nCOPY . .\nRUN gradle build --no-daemon -x test\n\nFROM eclipse-temurin:21-jre\nCOPY --from=build /app/build/libs/shop.jar /shop.jar\nCMD ["java", "-jar", "/shop.jar"]\n', "src/main/java/Part{}.java", _gradle),
    Shape("dotnet", 'FROM mcr.microsoft.com/dotnet/sdk:8.0 AS build\nWORKDIR /app\nCOPY . .\nRUN dotnet restore\nRUN dotnet publish -c Release -o /out --no-restore\n\nFROM mcr.microsoft.com/dotnet/aspnet:8.0\nWORKDIR /app\nCOPY --from=build /out .\nCMD ["dotnet", "Shop.dll"]\n', "src/Part{}.cs", _dotnet),
    Shape("cargo", 'FROM rust:1.83 AS build\nWORKDIR /app\nCOPY . .\nRUN cargo build --release\n\nFROM debian:bookworm-slim\nCOPY --from=build /app/target/release/shop /usr/local/bin/shop\nCMD ["shop"]\n', "src/part{}.rs", _cargo),
    Shape("bundler", 'FROM ruby:3.3\nADD ./ /app\nWORKDIR /app\nRUN bundle install --jobs=8\nCMD ["bundle", "exec", "puma"]\n', "app/part{}.rb", _bundler),
    Shape("composer", 'FROM composer:2\nWORKDIR /app\nCOPY . .\nRUN composer install --no-dev --optimize-autoloader\nCMD ["php", "src/part0.php"]\n', "src/Part{}.php", _composer),
    Shape("mix", 'FROM elixir:1.17\nWORKDIR /app\nENV MIX_ENV=prod\nCOPY . .\nRUN mix local.hex --force && mix local.rebar --force\nRUN mix deps.get --only prod\nRUN mix compile\nCMD ["mix", "run", "--no-halt"]\n', "lib/part{}.ex", _mix),
)
# The file that a build of the language starts with.
MAIN = {"go": "main.go", "cargo": "src/main.rs", "npm": "src/index.js"}


def stream(shape: Shape, commits: int) -> Iterator[bytes]:
    """The repository as `git fast-import` reads it."""
    chance = random.Random(f"{SEED} {shape.name}")  # noqa: S311
    paths = [shape.source.format(number) for number in range(SOURCES)]
    body = "".join(f"// line {line} of a source file\n" for line in range(60))
    first = {path: f"// {path}\n{body}" for path in paths} | shape.manifests(0)
    first |= {"Dockerfile": shape.dockerfile, ".dockerignore": ".git\n", "README.md": "a made project\n", "tests/test1": "\n"}
    if shape.name in MAIN:
        first[MAIN[shape.name]] = "fn main() {}\n" if shape.name == "cargo" else "package main\n\nfunc main() {}\n"
    yield _commit(0, first)
    version = 0
    for number in range(1, commits):
        kind = chance.choices([kind for kind, _ in KINDS], [weight for _, weight in KINDS])[0]
        if kind == "source":
            changes = dict.fromkeys(chance.sample(paths, chance.choice((1, 1, 2, 3))), f"// {number}\n{body}")
        elif kind == "documentation":
            changes = {"README.md": f"{number}\n"}
        elif kind == "test":
            changes = {f"tests/test{chance.randrange(9)}": f"{number}\n"}
        elif kind == "dependency":
            version += 1
            changes = shape.manifests(version)
        elif kind == "new source":
            paths.append(shape.source.format(len(paths)))
            changes = {paths[-1]: body}
        else:
            changes = {"Dockerfile": f"# {number}\n{shape.dockerfile}"}
        yield _commit(number, changes)


def _commit(number: int, changes: Files) -> bytes:
    lines = [f"commit refs/heads/main\ncommitter A <a@example.org> {START + number * 3600} +0000\ndata 0\n"]
    lines += [f"M 100644 inline {path}\ndata {len(text)}\n{text}\n" for path, text in changes.items()]
    return "".join(lines).encode()


def make(folder: Path, shape: Shape, commits: int) -> None:
    """Makes a repository with its work tree."""
    folder.mkdir(parents=True)
    settings = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull}
    for words, given in (
        (["init", "-q", "-b", "main"], b""),
        (["fast-import", "--quiet"], b"".join(stream(shape, commits))),
        (["checkout", "-q", "-f", "main"], b""),
    ):
        subprocess.run(["git", *words], cwd=folder, env=settings, input=given, check=True)  # noqa: S607


def replayed(folder: Path) -> float:
    """The seconds that the last 200 commits would have taken, by the Dockerfile as it is."""
    dlint = str(Path(sys.executable).with_name("dlint"))
    done = subprocess.run([dlint, "cost", "--replay", "200", "--format", "json", "Dockerfile"], cwd=folder, check=True, capture_output=True)
    return float(json.loads(done.stdout)["replay"]["seconds"]["mid"])


def fixed(folder: Path, *options: str) -> None:
    """Makes the fixes as the command line does it, with its standard set of rules."""
    dlint = str(Path(sys.executable).with_name("dlint"))
    words = [dlint, "check", "--fix", *options, "--no-config", "--no-cache", "--exit-zero", "--shellcheck", "off", "Dockerfile"]
    subprocess.run(words, cwd=folder, check=True, capture_output=True)


def measure(folder: Path) -> tuple[float, float, float]:
    """The seconds before, with the safe fixes, and with the unsafe ones too."""
    before = replayed(folder)
    fixed(folder)
    safe = replayed(folder)
    shutil.copy(folder / "Dockerfile", folder / "Dockerfile.safe")
    fixed(folder, "--unsafe-fixes")
    return before, safe, replayed(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--commits", type=int, default=220)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="make the repositories there, and leave them")
    parser.add_argument("--write", action="store_true", help=f"write the table to {OUT.name}")
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as spare:
        for shape in SHAPES:
            folder = (options.keep or Path(spare)) / shape.name
            make(folder, shape, options.commits)
            rows.append((shape.name, *measure(folder)))
            print(*rows[-1], flush=True)
    lines = [
        f"| {name} | {before:,.0f} s | {safe:,.0f} s | {1 - safe / before:.0%} | {unsafe:,.0f} s | {1 - unsafe / before:.0%} |"
        for name, before, safe, unsafe in rows
    ]
    shares = [(1 - safe / before, 1 - unsafe / before) for _, before, safe, unsafe in rows]
    saved = [mean(share) for share in zip(*shares, strict=True)]
    lines.append(f"| mean | | | {saved[0]:.0%} | | {saved[1]:.0%} |")
    table = "\n".join(("| repository | before | `--fix` | saved | `--fix --unsafe-fixes` | saved |", "|---|---|---|---|---|---|", *lines))
    print(table)
    if options.write:
        head = OUT.read_text(encoding="utf-8").partition(MARK)[0].rstrip()
        how = f"`python bench/replay_savings.py`: `dlint cost --replay 200` over made histories of {options.commits} commits, by dlint's own figures; nothing is built."
        OUT.write_text(f"{head}\n\n{MARK}\n\n{how}\n\n{table}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
