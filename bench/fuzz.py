"""Random input for all that reads what others wrote: no exception that is not ours, no hang, no more memory than is allowed.

    python bench/fuzz.py [TARGET ...] [--seconds 60] [--inputs N] [--corpus CORPUS.jsonl[.gz]] [--failures FOLDER] [--add]

With atheris installed new inputs are made from those that reached new code; without it they are mutations of the seeds.
Each target has a process of its own. An input may take SECONDS_EACH of the processor and all of them together MEMORY; what
takes more, or ends the process, is a failure too. The inputs that failed are left in FOLDER. The tally goes to
bench/fuzz.json; --add adds to the one that is there. Exits with 1 when there was a failure.
"""

from __future__ import annotations

import argparse
import functools
import gzip
import hashlib
import io
import json
import mmap
import os
import platform
import random
import re
import resource
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
import traceback
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpus import texts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

TALLY = Path(__file__).with_name("fuzz.json")
SECONDS_EACH = 10
MEMORY = 3 << 30
LONGEST = 8_000
# Without a sign of life for so long, a process hangs in code that no signal can interrupt.
PATIENCE = 300
REPORT_EVERY = 2.0
# How long it takes to start another process.
RESTART = 5.0
# The file that holds the input at hand, after its length.
LAST = 1 << 20
LENGTH = 8
ARTIFACT = re.compile(r"Test unit written to (\S+)")
# What a splice puts in: tokens of all the languages that are read, and characters that are easily taken for something else.
PIECES = [
    "\\", "\\\n", "\n", "\r\n", "\r", '"', "'", "`", "`\n", "$", "${", "}", "${a:-", "${a//", "$((", "<<EOF", "<<-'X'", "<<\"A B\"", "<<<", "EOF\n", "\nX\n",
    "#", "# dlint ignore=", "# check=skip=all;error=true\n", "# syntax=a\n", "# escape=`\n", "# escape=", "[", "]", ",", "{", ":", "&&", "||", ";", ";;", "|", "|&",
    "(", ")", "()", "\t", "--", "=", "+=", "*", "**", "!", "../", "/", "C:\\", "<", ">", "2>&1", "&", "ONBUILD ", "RUN ", "FROM ", " AS ", "ARG ", "ENV a=", "COPY . .\n",
    "COPY --from=0 ", "--mount=type=cache,target=", "--platform=$", "ADD http://", "HEALTHCHECK --interval=1s CMD ", 'SHELL ["', "USER ", "WORKDIR ", "EXPOSE 1-",
    "VOLUME [", "LABEL ", "MAINTAINER ", "if ", "then ", "fi", "for i in ", "do ", "done", "case x in ", "esac", "while ", "f() {", "apt-get install -y ", "apk add ",
    "pip install ", "npm ci", "cd /", "sudo ", "rm -rf ", "curl -O ", "wget ", "export A=", "9" * 30, "1e999", "-1", "null", "true", "{\"a\":", "&a [*a,*a]", "<<: *a",
    "\x00", "\x0b", "\x0c", "\x1b[2J", "\x7f", "\x85", "\xa0", "\u00ad", "\u061c", "\u200b", "\u200d", "\u200e", "\u2028", "\u2029", "\u202e", "\u2067", "\u3000",
    "\ufeff", "\ufffe", "\U000e0041", "\U0010ffff", "é", "e\u0301", "ß", "İ", "K", "\u017f", "٣", "²", "①", "😀", "名前", "=", "\u2011",
]  # fmt: skip
# The same, as no text has it: broken UTF-8, UTF-16.
RAW = (b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x80", b"\xff\xfeF\x00R\x00", b"\x80")
SPLICES = (*(piece.encode() for piece in PIECES), *RAW)
NESTS = ((b"(", b")"), (b"$(", b")"), (b"{ ", b"; }"), (b"[", b"]"), (b'{"a":', b"}"), (b"${a:-", b"}"), (b"`", b"`"), (b"if a; then ", b"; fi"), (b"ONBUILD ", b""), (b'"', b'"'))  # fmt: skip
DEPTHS = (2, 10, 60, 300, 2_000)


@dataclass(slots=True)
class Tally:
    """What came of one target. `slowest` is in seconds of the processor, `memory` in bytes.

    `stops` counts how often the process ended at an input that did no harm when it was tried again.
    """

    inputs: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    memory: int = 0
    stops: int = 0
    failures: dict[str, str] = field(default_factory=dict)

    def plus(self, other: Tally) -> Tally:
        return Tally(
            self.inputs + other.inputs,
            round(self.seconds + other.seconds, 1),
            max(self.slowest, other.slowest),
            max(self.memory, other.memory),
            self.stops + other.stops,
            self.failures | other.failures,
        )


class TooSlowError(Exception):
    """An input that took SECONDS_EACH."""


# ---------------------------------------------------------------- what is tried


@dataclass(frozen=True, slots=True)
class Target:
    """`prepare` loads what is needed and gives the function that is tried; a seed is one input to start from."""

    prepare: Callable[[], Callable[[bytes], object]]
    seeds: Sequence[bytes]
    takes_corpus: bool = False
    longest: int = LONGEST


DOCKERFILES = (
    "# syntax=docker/dockerfile:1\nARG V=1\nFROM --platform=$BUILDPLATFORM debian:${V:-12} AS a\nRUN apt-get update && apt-get install -y curl\nCOPY . .\n",
    'FROM python:3.12-slim\nSHELL ["/bin/bash", "-c"]\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\nUSER app\nCMD ["python", "app.py"]\n',
    "FROM node:22\nWORKDIR /app\nCOPY package*.json ./\nRUN --mount=type=cache,target=/root/.npm npm ci\nCOPY . .\nRUN npm run build\nHEALTHCHECK CMD curl x\n",
    "FROM a\r\nRUN <<EOF cat <<'X'\r\nset -e\r\necho $x\r\nEOF\r\ny\r\nX\r\nONBUILD ADD --chown=1:2 https://e.org/a.tgz /a/\r\nEXPOSE 80/tcp 1-9\r\n",
    "# escape=`\nFROM mcr.microsoft.com/windows:ltsc2022\nRUN dir C:\\ `\n && echo x\nLABEL a=\"b\\\"c\" d='e f'\nVOLUME [\"/x\", \"/y\"]\n",
    "FROM golang:1.22 AS build\nWORKDIR /src\nCOPY . .\nRUN CGO_ENABLED=0 go build -o /app .\nFROM scratch\nCOPY --from=build /app /app\nENTRYPOINT [\"/app\"]\n",
    "FROM alpine:3.19\n# hadolint ignore=DL3018\nRUN apk add curl; wget -O- http://x | sh; cd /tmp; rm -rf /var/cache/apk/*\nENV A=$B C=${D:+x}\nSTOPSIGNAL 9\n",
)
SCRIPTS = (
    "apt-get update && apt-get install -y --no-install-recommends a b=1 && rm -rf /var/lib/apt/lists/*",
    "set -eux; for i in 1 2; do case $i in a|b) echo \"$(cat x)\";; *) exit 1;; esac; done > log 2>&1 | tee y",
    "if [ -f a ]; then { (cd b && make -j$(nproc)) || true; } else f() { :; }; fi; cat <<E\n$x\nE\n",
    "x=${a#*/} y='b c' sudo -u app env -i A=1 sh -c 'pip install \"a>=1\"' -- $((1+2)) ${z[@]} {1..3} <(ls)",
)
MANIFESTS = {
    "package.json": '{"name":"a","version":"1.0.0","scripts":{"build":"tsc","postinstall":"node x"},"dependencies":{"express":"^4.18.2"},"workspaces":["a/*"]}',
    "package-lock.json": '{"lockfileVersion":3,"packages":{"":{"dependencies":{"a":"1"}},"node_modules/a":{"version":"1.0.0","resolved":"https://e.org/a.tgz","dev":true}}}',
    "yarn.lock": '# yarn lockfile v1\n\n\na@^1.0.0:\n  version "1.0.0"\n  resolved "https://e.org/a.tgz#1"\n',
    "pnpm-lock.yaml": "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      a: {specifier: 1, version: 1.0.0}\npackages:\n  a@1.0.0: {}\n",
    "requirements.txt": "flask==3.0.0 ; python_version > '3'\n-r other.txt\n-e .\n--hash=sha256:ab\na @ file:///x\nnumpy>=1 \\\n  --x\n",
    "pyproject.toml": '[project]\nname = "a"\ndependencies = ["flask>=3"]\n[tool.poetry.dependencies]\na = {path = "x"}\n[build-system]\nrequires = ["hatchling"]\n',
    "setup.py": "from setuptools import setup\nimport os\nx = open(os.path.join(os.path.dirname(__file__), 'a.txt')).read()\nsetup(name='a', install_requires=['b'], **{'c': 1})\n",
    "setup.cfg": "[metadata]\nname = a\nversion = file: VERSION\n[options]\ninstall_requires =\n  b\n",
    "poetry.lock": '[[package]]\nname = "a"\nversion = "1.0"\nfiles = []\n[metadata]\nlock-version = "2.0"\n',
    "uv.lock": 'version = 1\n[[package]]\nname = "a"\nversion = "1"\nsource = { editable = "." }\n',
    "Pipfile": '[packages]\nflask = "*"\n[dev-packages]\n',
    "go.mod": "module a\n\ngo 1.22\n\nrequire (\n\tb.org/c v1.2.3 // indirect\n)\nreplace d => ../d\n",
    "go.sum": "b.org/c v1.2.3 h1:abc=\nb.org/c v1.2.3/go.mod h1:abc=\n",
    "go.work": "go 1.22\nuse (\n  ./a\n)\n",
    "main.go": 'package main\n\nimport (\n  _ "embed"\n  "C"\n)\n\n//go:embed x.txt\nvar s string\nfunc main() {}\n',
    "Cargo.toml": '[package]\nname = "a"\nversion = "0.1.0"\nbuild = "build.rs"\n[dependencies]\nserde = {version = "1", path = "../x"}\n[workspace]\nmembers = ["a/*"]\n',
    "Cargo.lock": 'version = 3\n[[package]]\nname = "a"\nversion = "1.0.0"\n',
    "pom.xml": "<project><modelVersion>4.0.0</modelVersion><groupId>a</groupId><parent><relativePath>../x</relativePath></parent><modules><module>m</module></modules></project>",
    "build.gradle": "plugins { id 'java' }\ndependencies { implementation files('x.jar') }\napply from: 'x.gradle'\n",
    "app.csproj": '<Project Sdk="Microsoft.NET.Sdk.Web"><PropertyGroup><TargetFramework>net8.0</TargetFramework></PropertyGroup><ItemGroup><PackageReference Include="A" Version="1"/></ItemGroup></Project>',
    "composer.json": '{"require":{"php":">=8","a/b":"^1"},"repositories":[{"type":"path","url":"x"}],"scripts":{"post-install-cmd":"x"}}',
    "composer.lock": '{"packages":[{"name":"a/b","version":"1.0.0"}],"packages-dev":[]}',
    "Gemfile": "source 'https://rubygems.org'\ngem 'rails', path: 'x'\ngemspec\n",
    "Gemfile.lock": "GEM\n  remote: https://rubygems.org/\n  specs:\n    rails (7.0.0)\n\nPLATFORMS\n  ruby\n",
    ".npmrc": "registry=https://e.org/\nscript-shell=./x\n",
    ".dockerignore": "*\n!package.json\n**/node_modules\n",
}
ECOSYSTEMS = (
    "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm ci\nRUN yarn install --frozen-lockfile\nRUN pnpm install --frozen-lockfile\nRUN npm run build\nCMD [\"node\", \"x.js\"]\n",
    "FROM python:3.12\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\nRUN pip install .\nRUN poetry install\nRUN uv sync\nRUN pipenv install\nCMD [\"python\", \"a.py\"]\n",
    "FROM golang:1.22\nWORKDIR /app\nCOPY . .\nRUN go mod download\nRUN CGO_ENABLED=0 go build -o /a .\nCMD [\"/a\"]\n",
    "FROM rust:1.79\nWORKDIR /app\nCOPY . .\nRUN cargo build --release\nCMD [\"/app/target/release/a\"]\n",
    "FROM maven:3-eclipse-temurin-21\nWORKDIR /app\nCOPY . .\nRUN mvn package\nRUN gradle build\nCMD [\"java\", \"-jar\", \"a.jar\"]\n",
    "FROM mcr.microsoft.com/dotnet/sdk:8.0\nWORKDIR /app\nCOPY . .\nRUN dotnet restore\nRUN dotnet publish -c Release -o out\nCMD [\"dotnet\", \"out/app.dll\"]\n",
    "FROM php:8.3\nWORKDIR /app\nCOPY . .\nRUN composer install\nFROM ruby:3.3\nWORKDIR /app\nCOPY . .\nRUN bundle install\n",
)  # fmt: skip
COMPOSE = (
    "services:\n  a:\n    build: {context: ./a, dockerfile: ${D:-Dockerfile}, target: t, args: {V: 1, W: \"$${x}\"}}\n  b:\n    build: .\n",
    "x-b: &b\n  build: &c\n    context: .\n    args: [A=1, B]\nservices:\n  a: *b\n  c:\n    <<: [*b, {build: !reset null}]\n",
)
BAKE = (
    'variable "T" { default = "1" }\ngroup "default" { targets = ["a"] }\ntarget "b" { args = { V = "${T}" } }\ntarget "a" {\n  inherits = ["b"]\n  context = "."\n  dockerfile = "Dockerfile.${T}"\n}\n',
)
BAKE_JSON = (
    '{"variable":{"T":{"default":"1"}},"target":{"b":{"args":{"V":"${T}"}},"a":{"inherits":["b"],"context":".","target":"x"}},"group":{"default":{"targets":["a"]}}}',
)
TOML = (
    'select = ["DL3", "DF1"]\nignore = ["DL3008"]\npreset = "all"\nfail-on = "error"\ncontext = "x"\nmachine = 1.5\nnetwork = "10MB/s"\n[severity]\nDL3008 = "info"\n[per-file-ignores]\n"*.x" = ["DL3"]\n[build-args]\nA = "b"\n',
    '[tool.dlint]\nshellcheck = "off"\nlabel-schema = {a = "semver"}\nformat = "sarif"\ntrusted-registries = ["a.org"]\nstrict-labels = true\n',
)
HADOLINT = (
    "ignored: [DL3008, SC2086]\noverride:\n  error: [DL3003]\n  warning: &a [DL3004]\n  info: *a\ntrustedRegistries: [docker.io]\nlabel-schema: {a: semver}\nno-fail: false\nfailure-threshold: warning\nformat: tty\n",
)
IGNORES = (
    "# a\n*\n!src/**/*.py\n**/node_modules\n*.log\n/build/\n[a-z]?.txt\n\\!x\n!**/[!a]b\n",
    "a/../b\n./x/\n../y\n**/**/z\n*/*/*\n[\n[]\n[a\n{a,b}\n",
)
LOGS = (
    "#1 [internal] load build definition from Dockerfile\n#1 DONE 0.1s\n\n#5 [2/4] RUN a\n#5 0.123 x\n#5 DONE 12.3s\n#6 [3/4] COPY . .\n#6 CACHED\n#7 [build 4/4] RUN b\n#7 ERROR: no\n",
    '{"vertexes":[{"digest":"sha256:a","name":"[1/2] RUN a","started":"2024-01-01T00:00:00.123456789Z","completed":"2024-01-01T00:00:02Z"}]}\n{"statuses":[{"vertex":"sha256:a","id":"sha256:b"}]}\n',
)
HISTORIES = (
    '{"CreatedBy":"RUN /bin/sh -c a # buildkit","Size":"12.3MB","Comment":"x"}\n{"CreatedBy":"FROM","Size":"0"}\n',
    '[{"CreatedBy":"/bin/sh -c #(nop) CMD [\\"a\\"]","Size":123}]',
)
GIT = (
    f"{'a' * 40} 2024-01-01T00:00:00+00:00 {'b' * 40}\0\n:100644 100644 {'c' * 40} {'d' * 40} M\0a/b.py\0:000000 160000 {'0' * 40} {'e' * 40} A\0sub\0{'b' * 40} 2024-01-01T00:00:00Z\0",
)
LISTS = (
    "Desired=Unknown/Install\n||/ Name Version Architecture Description\n+++-====-====-====-====\nii  curl  7.88.1-10+deb12u5  amd64  x\n",
    "curl-8.5.0-r0 x86_64 {curl} (MIT) [installed]\n",
    "Flask==3.0.0\n-e git+x\nb @ file:///x\n",
    '{"name":"a","dependencies":{"b":{"version":"1.0.0","dependencies":{}}}}',
    "bash-5.1.8-6.el9.x86_64\ngpg-pubkey-1-2\n",
)
IMAGES = (
    '[{"Config":"c.json","Layers":["l.tar"]}]\n--\n{"history":[{"created_by":"RUN a"},{"created_by":"ENV x","empty_layer":true}],"rootfs":{"diff_ids":[]}}\n--\na/b\n',
    '{"manifests":[{"digest":"@1","platform":{"os":"linux","architecture":"amd64"}}]}\n--\n{"layers":[{"digest":"@3","size":2048}],"config":{"digest":"@2"}}\n--\n{"history":[{}]}\n--\na\n',
)
KEPT = ('{"version":1,"files":{"Dockerfile":[{"key":"RUN a","adds":1,"seconds":[0,1,2]}]}}',)


def texts(function: Callable[[str], object]) -> Callable[[bytes], object]:
    return lambda data: function(data.decode("utf-8", "surrogateescape"))



def parsing() -> Callable[[bytes], object]:
    import importlib

    check = importlib.import_module("mutate").check

    def run(text: str) -> None:
        wrong = check(text)
        assert wrong is None, wrong

    return texts(run)


def shell() -> Callable[[bytes], object]:
    from dockerlint.lint.shell.script import script
    from dockerlint.lint.syntax import nodes
    from dockerlint.lint.syntax.parser import parse

    def run(text: str) -> None:
        for before in ("RUN ", "# escape=`\nRUN ", "RUN <<DLINT\n"):
            doc = parse(before + text)
            for node in doc.instructions:
                if isinstance(node, nodes.Run) and (found := script(doc, node)):
                    assert all(0 <= item.span.start <= item.span.end <= len(doc.text) for item in found.commands)

    return texts(run)


def expansion() -> Callable[[bytes], object]:
    from dockerlint.lint.syntax.word_expansion import ExpansionError, expand_words, try_expand, variables

    def run(text: str) -> None:
        for escape in "\\`":
            with suppress(ExpansionError):
                try_expand(text, {"a": "x/y.z", "b": "", "c": None}, escape)
            with suppress(ExpansionError):
                expand_words(text, {"a": "x y"}, escape)
            with suppress(ExpansionError):
                variables(text, escape)

    return texts(run)


@functools.cache
def folder() -> Path:
    """A folder in memory where there is one, for what is read from files; it goes with the process."""
    root = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    kept = tempfile.TemporaryDirectory(prefix="dlint-fuzz-", dir=root)
    folder.kept = kept  # type: ignore[attr-defined]
    return Path(kept.name)


def of_file(name: str, read: Callable[[Path], object], *allowed: type[Exception]) -> Callable[[bytes], object]:
    path = folder() / name

    def run(data: bytes) -> None:
        path.write_bytes(data)
        with suppress(*allowed):
            read(path)

    return run


def toml() -> Callable[[bytes], object]:
    from dockerlint.lint.engine.registry import rules
    from dockerlint.lint.settings import config_files
    from dockerlint.lint.settings.config import merge
    from dockerlint.lint.storage.errors import ConfigError

    known = rules()

    def run(data: bytes) -> None:
        for name in (config_files.OWN_FILE, config_files.PYPROJECT):
            path = folder() / name
            path.write_bytes(data)
            try:
                if name == config_files.PYPROJECT and config_files._own(str(folder())) is None:
                    continue
                merge(config_files.from_file.__wrapped__(path)).rules(known, path)
            except ConfigError:
                pass
            finally:
                path.unlink()

    return run


def yaml() -> Callable[[bytes], object]:
    from dockerlint.lint.engine.registry import rules
    from dockerlint.lint.settings import hadolint_config
    from dockerlint.lint.settings.config import merge
    from dockerlint.lint.storage.errors import ConfigError

    known = rules()
    return of_file(".hadolint.yaml", lambda path: merge(hadolint_config.translate(path)).rules(known, path), ConfigError)


def ignore() -> Callable[[bytes], object]:
    from dockerlint.lint.context.dockerignore import Ignore, glob_to_regex

    paths = ("a", "src/a/b.py", "node_modules/x/y", "a" * 200, "/".join("ab" * 40), "é\n.log")

    def run(text: str) -> None:
        found = Ignore.parse(text)
        for path in paths:
            found.matches(path)
        glob_to_regex(text, deep=False)

    return texts(run)


def gitignore() -> Callable[[bytes], object]:
    from dockerlint.lint.context.gitignore import is_left_out

    (folder() / ".git").mkdir()
    return of_file(".gitignore", lambda path: [is_left_out(path.parent, name) for name in ("a", "b/c.log", "x/y/z")])


def build_log() -> Callable[[bytes], object]:
    from dockerlint.fixers.cost.measured import MeasuredError
    from dockerlint.fixers.cost.measured import build_log as log

    return refusing(lambda data: log.read(data.decode("utf-8", "replace"), "x"), MeasuredError)


def history() -> Callable[[bytes], object]:
    from dockerlint.fixers.cost.measured import MeasuredError
    from dockerlint.fixers.cost.measured import docker_history as history

    return refusing(lambda data: history.read(data.decode("utf-8", "replace"), "x"), MeasuredError)


def refusing(function: Callable[[bytes], object], *allowed: type[Exception]) -> Callable[[bytes], object]:
    def run(data: bytes) -> None:
        with suppress(*allowed):
            function(data)

    return run


def archive() -> Callable[[bytes], object]:
    from dockerlint.fixers.cost.measured import MeasuredError
    from dockerlint.fixers.cost.measured import image_archive as archive

    return refusing(lambda data: archive.read_stream(io.BytesIO(data), "x"), MeasuredError)


def image() -> Callable[[bytes], object]:
    """Images whose archive is whole and whose documents are not: the documents by lines of `--`, the last one file names."""
    from dockerlint.fixers.cost.measured import MeasuredError
    from dockerlint.fixers.cost.measured import image_archive as archive

    return refusing(lambda data: archive.read_stream(io.BytesIO(saved(data)), "x"), MeasuredError)


def saved(data: bytes) -> bytes:
    parts = [*data.split(b"\n--\n"), b"", b"", b""][:4]
    names = parts[3 if parts[0].startswith(b"{") else 2].decode("utf-8", "replace").split("\n")
    layer = tar(dict.fromkeys(names, b"x"))
    if parts[0].startswith(b"{"):
        parts[3] = layer
    for at in (3, 2, 1):
        digest = hashlib.sha256(parts[at]).hexdigest().encode()
        parts = [part.replace(b"@%d" % at, b"sha256:" + digest) if index < at else part for index, part in enumerate(parts)]
    if parts[0].startswith(b"{"):
        blobs = {f"blobs/sha256/{hashlib.sha256(part).hexdigest()}": part for part in parts[1:]}
        return tar({"index.json": parts[0], **blobs})
    return tar({"manifest.json": parts[0], "c.json": parts[1], "l.tar": layer})


def tar(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as file:
        for name, data in files.items():
            member = tarfile.TarInfo(name.replace("\0", "") or "x")
            member.size = len(data)
            file.addfile(member, io.BytesIO(data))
    return out.getvalue()


def git_log() -> Callable[[bytes], object]:
    from dockerlint.lint.context import commit_history as history

    return refusing(lambda data: list(history._logged(os.fsdecode(data))), history.HistoryError)


def build_file(name: str) -> Callable[[], Callable[[bytes], object]]:
    def prepare() -> Callable[[bytes], object]:
        from dockerlint.lint.buildfiles import resolve

        return of_file(name, lambda path: resolve.read(path, {"D": "x"}).layers())

    return prepare


def package_list() -> Callable[[bytes], object]:
    from dockerlint.lint.analysis import installed_packages

    return texts(installed_packages.parse)


def kept() -> Callable[[bytes], object]:
    from dockerlint.fixers.cost.measured import MeasuredError, measured_file

    path = measured_file.path(folder())
    path.parent.mkdir()

    def run(data: bytes) -> None:
        path.write_bytes(data)
        with suppress(MeasuredError):
            measured_file.load(folder(), "Dockerfile")

    return run


def rules() -> Callable[[bytes], object]:
    """All rules, with prices, in all formats; no control character may be left in what a terminal shows."""
    return texts(functools.partial(lint, root=manifests_in(folder())))


def fixes() -> Callable[[bytes], object]:
    """All fixes, also the unsafe ones: they end, and what they make parses."""
    from dockerlint.fixers.loop import fix
    from dockerlint.lint.analysis.build_state import Settings
    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.engine.checker import check
    from dockerlint.lint.engine.registry import rules as known
    from dockerlint.lint.syntax.parser import parse

    context = manifests_in(folder())
    everything = known()

    def run(text: str) -> None:
        def find(doc: Any) -> Any:
            return check(doc, Facts(doc, context, Settings(preset="all")), everything)

        problems = len(parse(text).problems)
        for unsafe in (False, True):
            assert len(parse(fix(text, find, unsafe=unsafe).text).problems) <= problems

    return texts(run)


def manifests() -> Callable[[bytes], object]:
    """A project's own files: the first byte says which of them is as the rest of the input has it."""
    from dockerlint.lint.context.build_context import Context

    root = folder()
    manifests_in(root)
    names = list(MANIFESTS)

    def run(data: bytes) -> None:
        name = names[data[0] % len(names)] if data else names[0]
        (root / name).write_bytes(data[1:])
        try:
            for text in ECOSYSTEMS:
                lint(text, root=Context.of(root), reports=False)
        finally:
            (root / name).write_text(MANIFESTS[name])

    return run


def manifests_in(root: Path) -> Any:
    from dockerlint.lint.context.build_context import Context

    for name, text in MANIFESTS.items():
        (root / name).write_text(text, encoding="utf8")
    return Context.of(root)


def lint(text: str, *, root: Any, reports: bool = True) -> None:
    from dockerlint.fixers.cost import price
    from dockerlint.lint.analysis.build_state import Settings
    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.engine.checker import check
    from dockerlint.lint.engine.file_report import FileReport, Priced
    from dockerlint.lint.engine.registry import rules as known
    from dockerlint.lint.report.escaping import HIDDEN
    from dockerlint.lint.report.render import FORMATS, ReportOptions, render
    from dockerlint.lint.syntax.lines import Lines
    from dockerlint.lint.syntax.parser import parse

    doc = parse(text)
    facts = Facts(doc, root, Settings(preset="all"))
    everything = known()
    findings = check(doc, facts, everything)
    by_code = {rule.code: rule for rule in everything}
    savings = price(doc, findings, facts) if findings else ()
    if not reports:
        return
    items = tuple(
        Priced(item, by_code[item.code], by_code[item.code].severity, saving)
        for item, saving in zip(findings, savings, strict=True)
    )
    report = FileReport("a\x1b[2J\u202e<b>/Dockerfile", Lines(doc.text), items)
    for name in FORMATS:
        shown = render(name, [report], ReportOptions(excerpts=True))
        shown.encode("utf-8")
        # what ends an issue for Code Climate is a NUL
        hidden = HIDDEN.search(shown.replace("\n", "").replace("}\0", "}"))
        assert hidden is None, f"{name}: {hidden[0]!r} is shown as it is"


TARGETS = {
    "parse": Target(parsing, [text.encode() for text in DOCKERFILES], takes_corpus=True, longest=60_000),
    "shell": Target(shell, [text.encode() for text in SCRIPTS], longest=60_000),
    "expansion": Target(expansion, [b"${a:-${b:+x}}y", b"'$a'\"$b\"\\$c ${a#*/} ${a//x/y} ${a%%.*} $$", b"${c:?no}`$a"]),
    "toml": Target(toml, [text.encode() for text in TOML]),
    "yaml": Target(yaml, [text.encode() for text in HADOLINT]),
    "dockerignore": Target(ignore, [text.encode() for text in IGNORES]),
    "gitignore": Target(gitignore, [text.encode() for text in IGNORES]),
    "compose": Target(build_file("compose.yaml"), [text.encode() for text in COMPOSE]),
    "bake-hcl": Target(build_file("docker-bake.hcl"), [text.encode() for text in BAKE]),
    "bake-json": Target(build_file("docker-bake.json"), [text.encode() for text in BAKE_JSON]),
    "build-log": Target(build_log, [text.encode() for text in LOGS]),
    "docker-history": Target(history, [text.encode() for text in HISTORIES]),
    "archive": Target(archive, [saved(text.encode()) for text in IMAGES] + [gzip.compress(saved(IMAGES[0].encode()), mtime=0)]),
    "image": Target(image, [text.encode() for text in IMAGES]),
    "git-log": Target(git_log, [text.encode() for text in GIT]),
    "package-list": Target(package_list, [text.encode() for text in LISTS]),
    "measured": Target(kept, [text.encode() for text in KEPT]),
    "rules": Target(rules, [text.encode() for text in DOCKERFILES], takes_corpus=True),
    "fixes": Target(fixes, [text.encode() for text in DOCKERFILES], takes_corpus=True),
    "manifests": Target(manifests, [bytes([at]) + text.encode() for at, text in enumerate(MANIFESTS.values())]),
}  # fmt: skip


# ---------------------------------------------------------------- one target, in a process of its own


class Trial:
    """Tries inputs, and keeps count."""

    def __init__(self, name: str, options: argparse.Namespace) -> None:
        self.name = name
        self.options = options
        self.tally = Tally()
        self.run = TARGETS[name].prepare()
        # what is loaded with the first call is no part of the time of an input
        with suppress(Exception):
            self.run(TARGETS[name].seeds[0])
        self.started = self.told = time.monotonic()
        # what ends the process at once leaves no other trace of its input
        self.path: Path = options.failures / f"{name}-last"
        self.path.write_bytes(bytes(LAST))
        with self.path.open("r+b") as file:
            self.last = mmap.mmap(file.fileno(), LAST)
        signal.signal(signal.SIGPROF, self._too_slow)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))

    def one(self, data: bytes) -> None:
        before = time.process_time()
        self.last[: len(data) + LENGTH] = len(data).to_bytes(LENGTH, "big") + data
        signal.setitimer(signal.ITIMER_PROF, SECONDS_EACH)
        try:
            self.run(data)
        except Exception as error:
            self._failed(error, data)
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        self.tally.inputs += 1
        took = time.process_time() - before
        if took > self.tally.slowest:
            self.tally.slowest = round(took, 3)
            if took > SECONDS_EACH / 10:
                self._keep("slow", data)
        now = time.monotonic()
        if now - self.told > REPORT_EVERY:
            self.told = now
            self.tell()
        if now - self.started > self.options.seconds or self.tally.inputs >= self.options.inputs:
            self.tell()
            sys.stdout.flush()
            self.path.unlink()
            # the fuzzer's own way out is an exception that it takes for a crash
            os._exit(0)

    def tell(self) -> None:
        """A line of the tally as it is now."""
        self.tally.seconds = round(time.monotonic() - self.started, 1)
        self.tally.memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(json.dumps(asdict(self.tally)), flush=True)

    def _too_slow(self, *_: object) -> None:
        raise TooSlowError(f"more than {SECONDS_EACH} s")

    def _failed(self, error: Exception, data: bytes) -> None:
        where = [frame for frame in traceback.extract_tb(error.__traceback__) if "dockerlint" in frame.filename]
        at = f"{Path(where[-1].filename).name}:{where[-1].lineno}" if where and not isinstance(error, TooSlowError) else self.name
        key = f"{type(error).__name__} at {at}"
        if key not in self.tally.failures:
            self.tally.failures[key] = str(error)[:300]
            path = self._keep(key, data)
            path.with_suffix(".txt").write_text("".join(traceback.format_exception(error)), encoding="utf8", errors="replace")

    def _keep(self, key: str, data: bytes) -> Path:
        path: Path = self.options.failures / f"{self.name}-{key.replace(' ', '-').replace(':', '-')}"
        path.write_bytes(data)
        return path


def mutated(data: bytes, dice: random.Random, given: Sequence[bytes] = (), longest: int = LONGEST) -> bytes:
    """Another input of at most `longest` bytes, made by a few changes, some of them with pieces of other inputs `given`."""
    for _ in range(dice.randint(1, 5)):
        at = dice.randrange(len(data) + 1)
        end = min(len(data), at + dice.choice((0, 0, 1, 3, 20, 200)))
        match dice.randrange(10):
            case 0 | 1 | 2 | 3:
                data = data[:at] + dice.choice(SPLICES) + data[end:]
            case 4:
                data = data[:at] + data[end:]
            case 5:
                data = data[:at] + data[at:end] * dice.randint(2, 30) + data[end:]
            case 6 | 7:
                data = data[:at] + excerpt(dice.choice(given) if given else data, dice) + data[end:]
            case _:
                data = data[:at] + nested(data[at:end], dice) + data[end:]
    if dice.random() < 0.2:
        data = recast(data, dice)
    return data[:longest] if dice.random() < 0.99 else swollen(data, dice, longest)


def excerpt(data: bytes, dice: random.Random) -> bytes:
    """Some whole lines, or any piece."""
    if dice.random() < 0.5:
        at = dice.randrange(len(data) + 1)
        return data[at : at + 50]
    lines = data.splitlines(keepends=True)
    at = dice.randrange(len(lines) + 1)
    return b"".join(lines[at : at + dice.randint(1, 4)])


def nested(data: bytes, dice: random.Random) -> bytes:
    """The data in brackets of some kind, or in a heredoc; now and then with the closing ones left out."""
    if dice.random() < 0.3:
        mark = dice.choice((b"<<X", b"<<-X", b"<<'X'", b'3<<"X"'))
        return mark + b"\n" + data + b"\nX\n"
    before, after = dice.choice(NESTS)
    depth = dice.choice(DEPTHS) if dice.random() < 0.3 else 1
    return before * depth + data + after * (depth if dice.random() < 0.7 else 0)


def recast(data: bytes, dice: random.Random) -> bytes:
    """The whole of it as another editor would have written it."""
    match dice.randrange(6):
        case 0:
            return data.replace(b"\n", b"\r\n")
        case 1:
            return data.replace(b"\n", b"\r")
        case 2:
            return b"\xef\xbb\xbf" + data
        case 3:
            return b"# escape=`\n" + data.replace(b"\\\n", b"`\n")
        case 4:
            return data.replace(b" ", b"\t")
        case _:
            return data.replace(b"\n", b"\\\n")


def swollen(data: bytes, dice: random.Random, longest: int) -> bytes:
    """As long as may be, by a piece of it again and again: a very long line, or very many of them."""
    at = dice.randrange(len(data) + 1)
    piece = data[at : at + dice.choice((1, 10, 100))] or b"a"
    return data[:at] + piece * ((longest - len(data)) // len(piece)) + data[at:]


def seeds(name: str, corpus: Path | None) -> Iterator[bytes]:
    yield from TARGETS[name].seeds
    if corpus is None or not TARGETS[name].takes_corpus:
        return
    for text in texts_of(corpus):
        data = text.encode("utf-8", "surrogateescape")
        if len(data) <= LONGEST:
            yield data


def attempt(name: str, options: argparse.Namespace) -> None:
    """Tries inputs until the time is over."""
    given = list(seeds(name, options.corpus))
    try:
        if options.plain:
            raise ImportError
        import atheris
    except ImportError:
        trial = Trial(name, options)
        dice = random.Random(options.seed)  # noqa: S311 - test data
        for data in given:
            trial.one(data)
        while True:
            trial.one(mutated(dice.choice(given), dice, given, TARGETS[name].longest))
    with atheris.instrument_imports(include=["dockerlint"]):
        trial = Trial(name, options)
        # what is only loaded when it is called is loaded now
        for data in given:
            trial.one(data)

    def other(data: bytes, most: int, seed: int) -> bytes:
        dice = random.Random(seed)  # noqa: S311 - test data
        # half of them as the fuzzer thinks best
        return mutated(data, dice, given)[:most] if dice.random() < 0.5 else atheris.Mutate(data, most)

    with tempfile.TemporaryDirectory(prefix="dlint-seeds-") as start:
        for at, data in enumerate(given):
            Path(start, str(at)).write_bytes(data)
        words = [sys.argv[0], start, f"-max_len={LONGEST}", f"-seed={options.seed}", "-timeout=0", "-rss_limit_mb=0", "-verbosity=0"]
        words.append(f"-artifact_prefix={options.failures}/")
        atheris.Setup(words, trial.one, custom_mutator=other)
        atheris.Fuzz()


# ---------------------------------------------------------------- all targets, one after the other


def watched(name: str, options: argparse.Namespace) -> Tally:
    """The tally of a target's process; what ends it before its time is a failure, if it does so again."""
    tally = Tally()
    left = options.seconds
    while left > 1:
        one, status, said = session(name, options, left)
        tally = tally.plus(one)
        left = options.seconds - tally.seconds if status else 0
        if not status:
            continue
        found = ARTIFACT.search(said)
        tally.stops += 1
        keep_last(name, options)
        # what no signal of ours could interrupt was ended by us; else the input at hand tells; without one it did not even start
        if status < 0 or not one.inputs or (found and replayed(name, options, found[1])):
            tally.failures[f"{name} ended with {status}"] = "\n".join(said.splitlines()[-30:])
            break
        # the fuzzer stops now and then for reasons of its own
        left -= RESTART
    return tally


def keep_last(name: str, options: argparse.Namespace) -> None:
    """Leaves the input at which a process ended as it was made."""
    path: Path = options.failures / f"{name}-last"
    if path.exists():
        held = path.read_bytes()
        path.with_name(f"{name}-ended").write_bytes(held[LENGTH : LENGTH + int.from_bytes(held[:LENGTH], "big")])
        path.unlink()


def session(name: str, options: argparse.Namespace, seconds: float) -> tuple[Tally, int, str]:
    """One process: its tally, its status, and what it said."""
    words = ["--seconds", str(seconds), "--seed", str(random.randrange(1 << 30)), "--inputs", str(options.inputs)]  # noqa: S311 - a seed
    words += ["--corpus", str(options.corpus)] if options.corpus else []
    words += ["--plain"] if options.plain else []
    tally = Tally()
    with tempfile.TemporaryFile() as errors, started(name, options, words, errors) as process:
        assert process.stdout is not None
        guard = signal.signal(signal.SIGALRM, lambda *_: process.kill())
        signal.alarm(PATIENCE)
        for line in iter(process.stdout.readline, b""):
            signal.alarm(PATIENCE)
            if line.startswith(b"{"):
                tally = Tally(**json.loads(line))
        signal.alarm(0)
        signal.signal(signal.SIGALRM, guard)
        status = process.wait()
        errors.seek(0)
        return tally, status, errors.read().decode("utf8", "replace")


def replayed(name: str, options: argparse.Namespace, path: str) -> bool:
    """Whether the input at which a process ended ends another one too."""
    with started(name, options, ["--replay", path], subprocess.DEVNULL) as process:
        try:
            process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
        return process.wait() != 0


def started(name: str, options: argparse.Namespace, words: list[str], errors: Any) -> subprocess.Popen[bytes]:
    command = [sys.executable, __file__, "--only", name, "--failures", str(options.failures), *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--inputs", type=int, default=10**12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--failures", type=Path, default=Path(tempfile.gettempdir(), "dlint-fuzz"))
    parser.add_argument("--plain", action="store_true", help="mutations of the seeds only, which is several times as quick")
    parser.add_argument("--add", action="store_true")
    parser.add_argument("--only", help=argparse.SUPPRESS)
    parser.add_argument("--replay", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.failures.mkdir(parents=True, exist_ok=True)
    if options.only and options.replay:
        TARGETS[options.only].prepare()(options.replay.read_bytes())
        return 0
    if options.only:
        attempt(options.only, options)
        return 0
    known = json.loads(TALLY.read_text(encoding="utf8"))["targets"] if options.add and TALLY.exists() else {}
    found = {name: Tally(**item) for name, item in known.items()}
    bad = 0
    if unknown := [name for name in options.targets if name not in TARGETS]:
        parser.error(f"no such target: {', '.join(unknown)}; there are {', '.join(TARGETS)}")
    for name in options.targets or TARGETS:
        tally = watched(name, options)
        bad += len(tally.failures)
        rate = tally.inputs / max(tally.seconds, 0.1)
        print(
            f"{datetime.now(UTC):%H:%M:%S} {name:15} {tally.inputs:9,} inputs {rate:7.0f}/s, slowest {tally.slowest:.3f} s, "
            f"{tally.memory >> 20} MB, {len(tally.failures)} failures",
            flush=True,
        )
        for key, message in tally.failures.items():
            print(f"    {key}: {message}", flush=True)
        found[name] = found.get(name, Tally()).plus(tally)
        written = {
            "date": f"{datetime.now(UTC):%Y-%m-%d}",
            "python": platform.python_version(),
            "engine": engine(plain=options.plain),
            "limits": {"seconds": SECONDS_EACH, "memory": MEMORY, "longest": LONGEST},
            "inputs": sum(item.inputs for item in found.values()),
            "targets": {name: asdict(item) for name, item in sorted(found.items())},
        }
        TALLY.write_text(json.dumps(written, indent=1) + "\n", encoding="utf8")
    return 1 if bad else 0


def engine(*, plain: bool) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        if plain:
            raise PackageNotFoundError
        return f"atheris {version('atheris')}"
    except PackageNotFoundError:
        return "mutations of the seeds"


if __name__ == "__main__":
    sys.exit(main())
