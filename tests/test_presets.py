"""What a preset makes rules say or leave unsaid: `recommended` is quiet, `hadolint` is hadolint."""

from __future__ import annotations

import pytest

from dockerlint.lint.checker import check
from dockerlint.lint.facts import Facts, Settings
from dockerlint.lint.parser import parse
from dockerlint.lint.registry import find

BUILD_AS_ROOT = "FROM node:22 AS build\nUSER root\nRUN npm ci\n\nFROM node:22-slim\nUSER node\n"
ROOT_BELOW = "FROM node:22 AS base\nUSER root\n\nFROM base\nCMD ['x']\n"
PIPE = "RUN curl -f https://example.org/x | sh\n"
BUILDER = "\nFROM scratch\nCOPY --from=build /app /app\n"


def says(code: str, text: str, preset: str) -> bool:
    rule = find(code)
    assert rule is not None
    doc = parse(text)
    return bool(check(doc, Facts(doc, settings=Settings(preset=preset)), [rule]))


# code, text, and whether recommended, all and hadolint say something
TABLE = [
    ("DL3000", "FROM nginx:1.27\nWORKDIR /srv\nWORKDIR html\n", (False, False, True)),
    ("DL3000", "FROM nginx:1.27\nONBUILD WORKDIR html\n", (True, True, False)),
    ("DL3002", BUILD_AS_ROOT, (False, True, True)),
    ("DL3002", ROOT_BELOW, (True, True, True)),
    ("DL3004", "FROM debian:12\nRUN /usr/bin/sudo ls\n", (True, True, False)),
    ("DL3008", "FROM debian:12\nRUN sudo apt-get install -y curl\n", (True, True, False)),
    ("DL3008", "FROM debian:12\nRUN apt-get install -y $PACKAGES\n", (False, False, True)),
    ("DL3009", "FROM debian:12 AS build\nRUN apt-get update\n" + BUILDER, (False, False, False)),
    ("DL3009", "FROM debian:12\nRUN apt-get update && rm -f /tmp/x\n", (True, True, False)),
    ("DL3009", "FROM debian:12\nRUN apt-get update && apt-get dist-clean\n", (False, False, True)),
    ("DL3009", "FROM debian:12\nRUN --mount=type=cache,target=/var/lib/apt apt-get update\n", (False, False, True)),
    ("DL3019", "FROM alpine:3.20 AS build\nRUN apk add gcc\n" + BUILDER, (False, False, True)),
    ("DL3019", "FROM alpine:3.20\nRUN apk add -U git && rm -rf /var/cache/apk/*\n", (False, False, True)),
    ("DL3025", "FROM debian:12\nCMD exec serve $PORT\n", (False, True, True)),
    ("DL3025", "FROM debian:12\nHEALTHCHECK CMD curl -f localhost\n", (False, True, True)),
    ("DL3025", 'FROM debian:12\nSHELL ["/bin/bash", "-c"]\nCMD serve\n', (False, False, True)),
    ("DL3040", "FROM fedora:40 AS build\nRUN dnf install -y gcc\n" + BUILDER, (False, False, True)),
    ("DL3042", "FROM python:3.12\nRUN --mount=type=cache,target=/root/.cache pip install x\n", (False, False, True)),
    ("DL3042", "FROM python:3.12\nRUN pip install x && rm -rf ~/.cache/pip\n", (False, False, True)),
    ("DL3045", "FROM example.org/base:1\nCOPY app app\n", (False, True, True)),
    ("DL4006", "FROM alpine:3.20\n" + PIPE, (False, True, True)),
    ("DL4006", "FROM debian:12\n" + PIPE, (True, True, True)),
    ("DL4006", "FROM debian:12\nRUN echo x | tee /y\n", (False, True, True)),
    ("DL4006", "FROM debian:12\nRUN set -o pipefail && curl x | sh\n", (False, False, True)),
]


@pytest.mark.parametrize(("code", "text", "expected"), TABLE)
def test_presets_differ_on_purpose(code: str, text: str, expected: tuple[bool, ...]) -> None:
    assert tuple(says(code, text, preset) for preset in ("recommended", "all", "hadolint")) == expected


@pytest.mark.parametrize("code", ["DL3003", "DL3008", "DL3015", "DL3018", "DL3041", "DL3059"])
def test_pins_and_style_are_not_recommended(code: str) -> None:
    rule = find(code)
    assert rule is not None
    assert not rule.recommended
