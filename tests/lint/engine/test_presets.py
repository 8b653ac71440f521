"""What a preset makes rules say or leave unsaid: `recommended` is quiet, `hadolint` is hadolint."""

from __future__ import annotations

import pytest

from dockerlint.lint.analysis.build_state import Settings
from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.engine.checker import check
from dockerlint.lint.engine.findings import Severity
from dockerlint.lint.engine.registry import find
from dockerlint.lint.settings.config import Selector, merge
from dockerlint.lint.syntax.parser import parse

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
    ("DL3009", "FROM debian:12\nRUN apt-get update && rm -rf /tmp/x\n", (True, True, False)),
    ("DL3009", "FROM debian:12\nRUN apt-get update && apt-get dist-clean\n", (False, False, True)),
    ("DL3009", "FROM debian:12\nRUN --mount=type=cache,target=/var/lib/apt apt-get update\n", (False, False, True)),
    ("DL3019", "FROM alpine:3.20 AS build\nRUN apk add gcc\n" + BUILDER, (False, False, True)),
    ("DL3019", "FROM alpine:3.20\nRUN apk add -U git && rm -rf /var/cache/apk/*\n", (False, False, True)),
    ("DL3001", "FROM debian:12\nRUN /bin/ps\n", (True, True, False)),
    ("DL3001", "FROM debian:12\nRUN sudo service x start\n", (True, True, False)),
    ("DL3011", "FROM debian:12\nENV P=70000\nEXPOSE $P\n", (True, True, False)),
    ("DL3021", "FROM debian:12\nCOPY a b .\n", (False, False, True)),
    ("DL3021", "FROM debian:12\nADD a b /c\n", (True, True, False)),
    ("DL3022", "FROM debian:12\nCOPY --from=nginx /a /a\n", (False, False, True)),
    ("DL3022", "FROM debian:12\nCOPY --from=owner/tool /a /a\n", (False, False, True)),
    ("DL3022", "FROM debian:12\nCOPY --from=assets /a /a\n", (False, True, True)),
    ("DL3022", "FROM debian:12 AS App\nFROM debian:12\nCOPY --from=app /a /a\n", (False, False, True)),
    ("DL3023", "FROM debian:12 AS App\nCOPY --from=app /a /a\n", (True, True, False)),
    ("DL3024", "FROM debian:12 AS a\nFROM debian:12 AS A\n", (True, True, False)),
    ("DL3029", "FROM --platform=$ANY debian:12\n", (False, False, True)),
    ("DL3029", "FROM --platform=linux/arm64 debian:12 AS arm64\n", (False, False, True)),
    ("DL3044", "FROM debian:12\nENV PATH=/x:$PATH OLD=$PATH\n", (False, False, True)),
    ("DL3044", "FROM debian:12\nENV A=1 B='$A'\n", (False, False, True)),
    ("DL3044", "FROM debian:12\nENV A=1 B=${A%x}\n", (True, True, False)),
    ("DL3057", "FROM debian:12 AS a\nFROM debian:12\nCOPY --from=a /a /a\nHEALTHCHECK NONE\n", (False, False, True)),
    ("DL3063", "FROM debian:12 AS Scratch\n", (True, True, False)),
    ("DL3064", "FROM debian:12\nENV TOKEN_URL=x\n", (False, False, True)),
    ("DL3064", "FROM debian:12\nARG USERNAME=app\n", (False, False, True)),
    ("DL3064", "FROM debian:12\nENV SECRET=\n", (False, False, True)),
    ("DL3064", "FROM debian:12\nENV MYSQL_PASSWD=x1\n", (True, True, False)),
    ("DL3065", 'FROM --platform="$TARGETPLATFORM" debian:12\n', (True, True, False)),
    ("DL3066", "FROM debian:12\nARG WHO=app\nUSER $WHO\n", (True, True, False)),
    ("DL3066", "FROM debian:12\nUSER 1000 \n", (False, False, True)),
    ("DL3067", "FROM debian:12\nCOPY --from=gcc:14 / /\n", (False, True, True)),
    ("DL3067", "FROM gcc:14 AS build\nFROM debian:12\nCOPY --from=build / /\n", (True, True, True)),
    ("DL3067", "FROM gcc:14 AS build\nFROM scratch\nCOPY --from=build / /\n", (False, True, True)),
    ("DL4005", "FROM debian:12\nRUN ln -s /bin/sh /bin/x\n", (False, False, True)),
    ("DL3025", "FROM debian:12\nCMD exec serve $PORT\n", (False, True, True)),
    ("DL3025", "FROM debian:12\nHEALTHCHECK CMD curl -f localhost\n", (False, True, True)),
    ("DL3025", 'FROM debian:12\nSHELL ["/bin/bash", "-c"]\nCMD serve\n', (False, False, True)),
    ("DL3040", "FROM fedora:40 AS build\nRUN dnf install -y gcc\n" + BUILDER, (False, False, True)),
    ("DL3042", "FROM python:3.12\nRUN --mount=type=cache,target=/root/.cache pip install x\n", (False, False, True)),
    ("DL3042", "FROM python:3.12\nRUN pip install x && rm -rf ~/.cache/pip\n", (False, False, True)),
    ("DL3042", "FROM python:3.12\nENV PIP_NO_CACHE_DIR=1\nENV PIP_NO_CACHE_DIR=0\nRUN pip install x\n", (True, True, False)),
    ("DL3045", "FROM example.org/base:1\nCOPY app app\n", (False, True, True)),
    ("DL4006", "FROM alpine:3.20\n" + PIPE, (False, True, True)),
    ("DL4006", "FROM debian:12\n" + PIPE, (True, True, True)),
    ("DL4006", "FROM debian:12\nRUN echo x | tee /y\n", (False, True, True)),
    ("DL3004", "FROM debian:12\nUSER app\nRUN sudo ls\n", (False, True, True)),
    ("DL3025", "FROM debian:12\nCMD setup && serve\n", (False, True, True)),
    ("DL4006", "FROM debian:12\nRUN curl -f https://example.org/x | grep -q y\n", (False, True, True)),
    ("DL4006", "FROM debian:12\nRUN curl -f https://example.org/x | tar -xz -C /opt\n", (False, True, True)),
    ("DL4006", "FROM debian:12\nRUN set -o pipefail && curl x | sh\n", (False, False, True)),
]


# code, text, and whether recommended and all say something
QUIET = [
    ("DL4006", "FROM debian:12\nRUN curl -f https://example.org/x | tar -xz -C /opt\n", (False, True)),
    ("DL4006", "FROM debian:12\nRUN curl -f https://example.org/x | gunzip | mysql\n", (True, True)),
    ("DL4006", "FROM debian:12\nRUN curl -f https://example.org/x | sudo gpg --dearmor -o /k\n", (False, True)),
    ("DL4006", "FROM debian:12\nRUN curl -f https://example.org/x | gpg --list-packets > /k\n", (True, True)),
    ("DL4006", "FROM debian:12\nRUN curl -f https://example.org/x | grep -q y\n", (False, True)),
    ("DL4006", "FROM debian:12\nRUN curl -f https://example.org/x | sed s/a/b/ > /etc/y\n", (True, True)),
    ("DL4006", "FROM debian:12\nRUN ldd /bin/x | awk '{print $3}' | xargs -I{} cp {} /lib\n", (False, True)),
    ("DL4006", "FROM debian:12\nRUN sha512sum *.tar | sha512sum -c\n", (False, True)),
    ("DL4006", "FROM debian:12\nRUN echo $(lsb_release -sc) | tee /y\n", (False, True)),
    ("DL4006", "FROM debian:12\nRUN echo $(curl -f https://example.org/x | sh) | cat\n", (True, True)),
    ("DL4006", "FROM debian:12\nRUN ls | sort; curl -f https://example.org/x | bash -s\n", (True, True)),
    ("DL3004", "FROM debian:12\nRUN sudo ls\n", (True, True)),
    ("DL3004", "FROM debian:12\nRUN sudo -u app ls\n", (False, True)),
    ("DL3004", "FROM jenkins/jenkins:lts\nRUN sudo ls\n", (False, True)),
    ("DL3004", "FROM debian:12\nUSER app\nRUN sudo ls\n", (False, True)),
    ("DL3025", "FROM debian:12\nCMD setup && serve\n", (False, True)),
    ("DL3025", "FROM debian:12\nCMD cd /srv\n", (False, True)),
    ("DL3025", "FROM debian:12\nCMD serve --title 'a && b' > /log 2>&1\n", (True, True)),
    ("DL3025", "FROM debian:12\nCMD serve --port $PORT\n", (True, True)),
    ("DF103", "FROM debian:12\nRUN apt-get update && apt-get install -y curl\n", (False, True)),
    ("DF103", "FROM debian:12 AS build\nRUN apt-get update && apt-get install -y gcc\n" + BUILDER, (True, True)),
    ("DF401", 'FROM debian:12\nEXPOSE 80\nCMD ["/app"]\n', (True, True)),
    ("DF401", 'FROM debian:12\nRUN apt-get install -y pandoc\nENTRYPOINT ["pandoc"]\n', (False, True)),
    ("DF401", 'FROM debian:12\nCOPY app /app\nENTRYPOINT ["/app"]\nCMD ["--help"]\n', (False, True)),
    ("DF401", 'FROM debian:12 AS app\nCOPY app /app\nCMD ["/app"]\nFROM app AS dev-envs\n', (False, True)),
    ("DF401", 'FROM debian:12\nEXPOSE 22\nCMD ["sleep", "infinity"]\n', (False, True)),
    ("DF401", 'FROM node:22\nCOPY entrypoint.sh /\nENTRYPOINT ["/entrypoint.sh"]\nCMD ["node"]\n', (False, True)),
    ("DF401", "FROM nginx:1.27\nEXPOSE 80\nCOPY html /usr/share/nginx/html\n", (False, True)),
    ("DF401", "FROM tomcat:10\nEXPOSE 8080\nCOPY app.war /usr/local/tomcat/webapps/\n", (True, True)),
    ("DF202", "FROM golang:1.22\nRUN GOPATH=/tmp/x go get example.org/x\n", (True, True)),
    ("DL4006", "FROM debian:12\nRUN echo x | tee /y | tee /z\n", (False, True)),
    ("DF401", 'FROM debian:12\nCMD ["bash", "-l"]\n', (False, True)),
    ("DF401", 'FROM python:3.12\nCMD ["python3"]\n', (False, True)),
    ("DF401", 'FROM python:3.12\nCOPY app.py .\nCMD ["python3", "app.py"]\n', (True, True)),
    ("DF103", "FROM python:3.12\nRUN pip install flask\n", (False, True)),
    ("DF103", "FROM python:3.12\nCOPY . .\nRUN pip install .\n", (True, True)),
    ("DF103", "FROM python:3.12\nRUN pip install -r requirements.txt\n", (True, True)),
    ("DL3064", "FROM debian:12\nENV DB_PASSWORD=XXXXXXXX\n", (False, False)),
    ("DF401", "FROM debian:12\nRUN apt-get update\n", (False, True)),
    ("DF401", 'FROM debian:12\nONBUILD COPY . /app\nCMD ["/app/run"]\n', (False, True)),
    ("DF401", 'FROM debian:12\nCMD ["nginx", "-g", "daemon off;"]\n', (False, True)),
    ("DF404", 'FROM debian:12\nRUN chmod 777 /x\nCMD ["/x"]\n', (True, True)),
    ("DF404", 'FROM scratch\nCOPY --chmod=777 x /\nCMD ["/x"]\n', (False, True)),
    ("DF404", "FROM debian:12\nRUN chmod 777 /x\n", (False, True)),
    ("DF404", 'FROM debian:12 AS test\nRUN chmod 777 /x\nCMD ["/x"]\n', (False, True)),
    ("DL1000", "FROM {{ image }}\n{% if a %}\nRUN x\n{% endif %}\n", (True, True)),
]


@pytest.mark.parametrize(("code", "text", "expected"), QUIET)
def test_what_is_not_worth_a_word_is_told_only_with_all_rules(code: str, text: str, expected: tuple[bool, ...]) -> None:
    assert tuple(says(code, text, preset) for preset in ("recommended", "all")) == expected


@pytest.mark.parametrize(("code", "text", "expected"), TABLE)
def test_presets_differ_on_purpose(code: str, text: str, expected: tuple[bool, ...]) -> None:
    assert tuple(says(code, text, preset) for preset in ("recommended", "all", "hadolint")) == expected


@pytest.mark.parametrize(
    "code", ["DL1001", "DL3003", "DL3008", "DL3015", "DL3018", "DL3041", "DL3048", "DL3057", "DL3059", "DL3066"]
)
def test_pins_and_style_are_not_recommended(code: str) -> None:
    rule = find(code)
    assert rule is not None
    assert not rule.recommended


EARLIER_OF_TWO = "FROM debian:12\nCMD a\n  CMD b\n"


def test_hadolint_points_at_the_line_of_the_instruction_that_wins() -> None:
    rule = find("DL4003")
    assert rule is not None
    doc = parse(EARLIER_OF_TWO)
    places = {}
    for preset in ("recommended", "hadolint"):
        (finding,) = check(doc, Facts(doc, settings=Settings(preset=preset)), [rule])
        places[preset] = doc.position(finding.span.start)
    assert places == {"recommended": (2, 1), "hadolint": (3, 1)}


def test_hadolint_tells_an_env_once() -> None:
    rule = find("DL3044")
    assert rule is not None
    doc = parse("FROM debian:12\nENV A=1 B=$A C=$A\n")
    found = {preset: len(check(doc, Facts(doc, settings=Settings(preset=preset)), [rule])) for preset in ("recommended", "hadolint")}
    assert found == {"recommended": 2, "hadolint": 1}


@pytest.mark.parametrize(
    "text", ["FROM debian:12\n  USER \\\n    root\n", "FROM debian:12\n\tRUN a && \\\n    sudo b\n"]
)
def test_hadolints_findings_are_at_the_start_of_the_line(text: str) -> None:
    rules = [rule for code in ("DL3002", "DL3004") if (rule := find(code))]
    doc = parse(text)
    (finding,) = check(doc, Facts(doc, settings=Settings(preset="hadolint")), rules)
    assert doc.position(finding.span.start) == (2, 1)


def test_two_rules_of_hadolints_wait_until_they_get_a_level() -> None:
    known = [rule for code in ("DL1001", "DL3002", "DL3057") if (rule := find(code))]
    assert [rule.code for rule in merge({"preset": "hadolint"}).rules(known)] == ["DL3002"]
    levels = {"preset": "hadolint", "severity": {Selector("DL3057", "test"): Severity.INFO}}
    assert [rule.code for rule in merge(levels).rules(known)] == ["DL3002", "DL3057"]
