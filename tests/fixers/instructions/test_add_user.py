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
        ('FROM amazonlinux:2023\nCMD ["/server"]\n', "dlint does not know how to create users in amazonlinux"),
        ("FROM debian:12\nRUN true\n", ""),
        ('FROM debian:12\nCMD ["/server"]\nRUN make install\n', ""),
        ('FROM debian:12\nCMD ["/server"]\nCOPY a /b\n', ""),
    ],
)
def test_there_is_no_fix(text: str, reason: str) -> None:
    finding = found(text)
    assert finding.fix is None
    assert f"no fix: {reason}" in finding.message if reason else "no fix" not in finding.message


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
    def find(doc: Dockerfile) -> list[Finding]:
        rule = registry.find("DF401")
        assert rule
        return check(doc, Facts(doc, settings=Settings(preset="all")), [rule])

    text = fix(f'FROM debian:12\n{step}\nCMD ["/server"]\n', find, unsafe=True).text
    lines = [line for line in text.splitlines() if "chown" in line]
    # a volume is not yet there
    made = f"mkdir -p {owned} && " if "VOLUME" in step else ""
    assert lines == ([f"RUN {made}chown app {owned}"] if owned else [])
    assert "USER app" in text


def test_it_is_never_safe() -> None:
    finding = found('FROM debian:12\nCMD ["/server"]\n')
    assert finding.fix
    assert finding.fix.applicability is Applicability.UNSAFE
