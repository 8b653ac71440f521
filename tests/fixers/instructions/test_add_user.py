from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dockerlint.fixers.loop import fix
from dockerlint.lint.analysis.build_state import Settings
from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.context.build_context import Context
from dockerlint.lint.engine import registry
from dockerlint.lint.engine.checker import check
from dockerlint.lint.engine.findings import Applicability
from dockerlint.lint.syntax.parser import parse

if TYPE_CHECKING:
    from pathlib import Path

    from dockerlint.lint.engine.findings import Finding
    from dockerlint.lint.syntax.nodes import Dockerfile


def found(text: str, folder: Path | None = None) -> Finding:
    rule = registry.find("DF401")
    assert rule
    doc = parse(text)
    (finding,) = rule.check(doc, Facts(doc, Context.of(folder) if folder else None, Settings(preset="all")))
    return finding


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("FROM debian:12\nCMD nginx -g 'daemon off;'\n", "`nginx` must start as root"),
        ('FROM debian:12\nCMD ["/usr/sbin/sshd", "-D"]\n', "`sshd` must start as root"),
        ('FROM debian:12\nENTRYPOINT ["tini", "--"]\nCMD ["cron", "-f"]\n', "`cron` must start as root"),
        ("FROM debian:12\nCMD service cron start && tail -f x\n", "`service` must start as root"),
        ('FROM debian:12\nENTRYPOINT ["/run.sh"]\n', "dlint cannot read /run.sh: it is not in the build context"),
        ('FROM debian:12\nENTRYPOINT ["/docker-entrypoint"]\n', "dlint cannot read /docker-entrypoint: it is not in the build context"),
        ('FROM scratch\nVOLUME /data\nCMD ["/server"]\n', "the image has no `chown` to give /data to another user"),
        ("FROM php:8.3-apache\nRUN true\n", "`apache2-foreground`, the command of php, must start as root"),
        ("FROM nginx:1.27\nCOPY a /b\n", "`nginx`, the command of nginx, must start as root"),
        ("FROM tomcat:10\nCOPY a /b\n", "this stage names no command, and dlint does not know that of tomcat"),
    ],
)
def test_there_is_no_fix(text: str, reason: str) -> None:
    finding = found(text)
    assert finding.fix is None
    assert f"no fix: {reason}" in finding.message


@pytest.mark.parametrize(
    ("image", "user", "make"),
    [
        ("mcr.microsoft.com/dotnet/aspnet:8.0", "app", None),
        ("mcr.microsoft.com/dotnet/aspnet:10.0-alpine", "app", None),
        ("mcr.microsoft.com/dotnet/aspnet:6.0", "app", "useradd"),
        ("mcr.microsoft.com/dotnet/runtime:3.1-alpine", "app", "adduser"),
        ("node:22-slim", "node", None),
        ("gradle:8-jdk21", "gradle", None),
        ("maven:3.9-eclipse-temurin-21", "app", "useradd"),
        ("maven:3.9-eclipse-temurin-21-alpine", "app", "adduser"),
        ("maven:3-amazoncorretto-17-debian-bookworm", "app", "useradd"),
        ("maven:3-amazoncorretto-17-alpine", "app", "adduser"),
        ("maven:3-amazoncorretto-17", "65532:65532", None),
        ("amazoncorretto:21", "65532:65532", None),
        ("amazoncorretto:21-alpine", "app", "adduser"),
        ("amazoncorretto:17-al2023", "65532:65532", None),
        ("openjdk:17-bullseye", "app", "useradd"),
        ("eclipse-temurin:21-jre-ubi9-minimal", "65532:65532", None),
        ("almalinux:9-minimal", "65532:65532", None),
        ("rockylinux:9", "app", "useradd"),
    ],
)
def test_the_user_that_an_image_has_or_can_make(image: str, user: str, make: str | None) -> None:
    text = fixed(f'FROM {image}\nCMD ["/server"]\n')
    assert f"USER {user}\n" in text
    assert (make in text) if make else ("RUN" not in text)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ('FROM node:22\nCMD ["/server"]\nRUN make install\n', 'FROM node:22\nCMD ["/server"]\nRUN make install\nUSER node\n'),
        ('FROM node:22\nCMD ["/server"]\nCOPY a /b', 'FROM node:22\nCMD ["/server"]\nCOPY a /b\nUSER node'),
        ("FROM node:22\nRUN make\nLABEL a=b\n", "FROM node:22\nRUN make\nUSER node\nLABEL a=b\n"),
    ],
)
def test_the_steps_keep_their_user(text: str, result: str) -> None:
    assert fixed(text) == result


def fixed(text: str) -> str:
    def find(doc: Dockerfile) -> list[Finding]:
        rule = registry.find("DF401")
        assert rule
        return check(doc, Facts(doc, settings=Settings(preset="all")), [rule])

    return fix(text, find, unsafe=True).text


def test_a_script_of_the_context_is_read(tmp_path: Path) -> None:
    text = 'FROM debian:12\nCOPY run.sh /\nENTRYPOINT ["/run.sh"]\n'
    (tmp_path / "run.sh").write_text('#!/bin/sh\nexec /server "$@"\n')
    assert found(text, tmp_path).fix
    (tmp_path / "run.sh").write_text('#!/bin/sh\nexec gosu app /server "$@"\n')
    assert "run.sh calls `gosu`" in found(text, tmp_path).message


def test_ports_of_root_are_told() -> None:
    assert "port 80" in found('FROM debian:12\nEXPOSE 8080 80/tcp\nCMD ["/server"]\n').message
    assert "port" not in found('FROM debian:12\nEXPOSE 8080\nCMD ["/server"]\n').message
    assert "port" not in found('FROM debian:12\nEXPOSE $PORT\nCMD ["/server"]\n').message


@pytest.mark.parametrize(
    ("step", "owned"),
    [
        ("RUN mkdir -p /data", "/data"),
        ("RUN mkdir -m 700 /data/x", "/data/x"),
        ("VOLUME /var/lib/tool", "/var/lib/tool"),
        ('VOLUME ["/b", "/a"]', "/a /b"),
        ("RUN mkdir /data && curl -o /data/file https://example.com/", None),
        ("RUN mkdir /data && tar -xf x -C /data", None),
        ("RUN mkdir -p /usr/share/tool /etc/tool /tmp/x /var/log", None),
        ("RUN mkdir /data\nCOPY files /data/", None),
        ("RUN mkdir /data/sub\nCOPY files /data", None),
        ("RUN mkdir $(cat name)", None),
        ("RUN cd && mkdir a", None),
        ("RUN cd /x && mkdir a /b", "/b"),
        ("RUN test -d /x || mkdir /x", None),
    ],
)
def test_only_what_is_made_to_be_written_in_gets_an_owner(step: str, owned: str | None) -> None:
    text = fixed(f'FROM debian:12\n{step}\nCMD ["/server"]\n')
    lines = [line for line in text.splitlines() if "chown" in line]
    # a volume is not yet there
    made = f"mkdir -p {owned} && " if "VOLUME" in step else ""
    assert lines == ([f"RUN {made}chown app {owned}"] if owned else [])
    assert "USER app" in text


def test_it_is_never_safe() -> None:
    finding = found('FROM debian:12\nCMD ["/server"]\n')
    assert finding.fix
    assert finding.fix.applicability is Applicability.UNSAFE
