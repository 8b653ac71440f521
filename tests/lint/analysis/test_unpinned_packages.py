"""`--pin-from`: lists of packages are read, and their versions written to what is installed without one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dockerlint.fixers.loop import fix
from dockerlint.lint.analysis.build_state import Settings
from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.analysis.installed_packages import merge, parse, read
from dockerlint.lint.cli import main
from dockerlint.lint.engine.checker import check
from dockerlint.lint.engine.findings import Applicability, Finding
from dockerlint.lint.engine.registry import find
from dockerlint.lint.storage.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from dockerlint.lint.syntax.nodes import Dockerfile

DPKG = """\
Desired=Unknown/Install/Remove/Purge/Hold
| Status=Not/Inst/Conf-files/Unpacked/halF-conf/Half-inst/trig-aWait/Trig-pend
|/ Err?=(none)/Reinst-required (Status,Err: uppercase=bad)
||/ Name            Version             Architecture Description
+++-===============-===================-============-=====================
ii  curl            7.88.1-10+deb12u8   amd64        fetches things
hi  libc6:amd64     2.36-9+deb12u7      amd64        the C library
rc  nano            7.2-1               amd64        was here once
"""
APK = "WARNING: opening from cache failed\nmusl-1.2.5-r0\nca-certificates-bundle-20240226-r0\nlibstdc++-13.2.1_git20240309-r0\n"
APK_LIST = "curl-8.9.1-r1 x86_64 {curl} (curl) [installed]\npy3-pip-24.0-r2 noarch {py3-pip} (MIT) [installed]\n"
RPM = "bash-5.2.26-3.fc40.x86_64\ntzdata-2024a-5.fc40.noarch\ngpg-pubkey-a15b79cc-63d04c2c\npython3-libs-3.12.4-1.fc40.x86_64\n"
PIP = "# made by hand\nFlask_Login==0.6.3\nnumpy===2.0.0\n-e git+https://example.org/x@abc#egg=x\nown @ file:///src/own\n"
NPM = '{"name": "lib", "dependencies": {"@scope/tool": {"version": "1.2.3"}, "linked": {"missing": true}}}'


@pytest.mark.parametrize(
    ("text", "kind", "versions"),
    [
        (DPKG, "dpkg", {"curl": "7.88.1-10+deb12u8", "libc6": "2.36-9+deb12u7"}),
        (
            APK,
            "apk",
            {"musl": "1.2.5-r0", "ca-certificates-bundle": "20240226-r0", "libstdc++": "13.2.1_git20240309-r0"},
        ),
        (APK_LIST, "apk", {"curl": "8.9.1-r1", "py3-pip": "24.0-r2"}),
        (RPM, "rpm", {"bash": "5.2.26-3.fc40", "tzdata": "2024a-5.fc40", "python3-libs": "3.12.4-1.fc40"}),
        (PIP, "pip", {"flask-login": "0.6.3", "numpy": "2.0.0"}),
        (NPM, "npm", {"@scope/tool": "1.2.3"}),
        (PIP.replace("\n", "\r\n"), "pip", {"flask-login": "0.6.3", "numpy": "2.0.0"}),
    ],
)
def test_lists_are_recognised(text: str, kind: str, versions: dict[str, str]) -> None:
    assert parse(text) == (kind, versions)


@pytest.mark.parametrize(
    "text", ["", "hello world\n", "FROM debian:12\nRUN ls\n", "{", "[]", '{"dependencies": 3}', "{" * 100_000, "flask==1\nwhat is this\n"]
)
def test_other_texts_are_none(text: str) -> None:
    assert parse(text) is None


@pytest.mark.parametrize("version", ["1;reboot", "$(id)", "1 2", "`id`", "a'b"])
def test_versions_that_a_shell_would_read_are_left_out(version: str) -> None:
    assert parse(f'{{"dependencies": {{"x": {{"version": "{version}"}}}}}}') == ("npm", {})


def test_errors_say_what_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "list"
    with pytest.raises(ConfigError, match="cannot be read"):
        read(file)
    file.write_text("hello\n")
    with pytest.raises(ConfigError, match="not a list of packages: give what"):
        read(file)
    file.write_text("-e git+https://example.org/x\n# nothing\nown @ file:///x\n")
    with pytest.raises(ConfigError, match=r"not a list of packages|names no installed package"):
        read(file)
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="not a text file"):
        read(file)


def test_lists_add_up() -> None:
    merged = merge(iter([{"pip": {"a": "1", "b": "1"}}, {"npm": {"c": "1"}}, {"pip": {"b": "2"}}]))
    assert merged == {"pip": {"a": "1", "b": "2"}, "npm": {"c": "1"}}


PINS = {
    "dpkg": {"curl": "7.88.1", "git": "1:2.39.5-0+deb12u2"},
    "apk": {"curl": "8.9.1-r1"},
    "rpm": {"httpd": "2.4.62-1.fc40"},
    "pip": {"flask-login": "0.6.3", "uvicorn": "0.30.1"},
    "npm": {"@scope/tool": "1.2.3", "serve": "14.2.3"},
}


@pytest.mark.parametrize(
    ("code", "before", "after"),
    [
        ("DL3008", "apt-get install -y curl nano", "apt-get install -y curl=7.88.1 nano"),
        ("DL3008", 'apt-get install -y "curl" git:amd64', 'apt-get install -y "curl=7.88.1" git:amd64=1:2.39.5-0+deb12u2'),
        ("DL3008", "apt-get install -y \\\n    curl \\\n    git", "apt-get install -y \\\n    curl=7.88.1 \\\n    git=1:2.39.5-0+deb12u2"),
        ("DL3008", "apt-get install -y nano", "apt-get install -y nano"),
        ("DL3008", "apt-get install -y curl=1 $more", "apt-get install -y curl=1 $more"),
        ("DL3018", "apk add --no-cache curl", "apk add --no-cache curl=8.9.1-r1"),
        ("DL3041", "dnf install -y httpd", "dnf install -y httpd-2.4.62-1.fc40"),
        ("DL3013", "pip install Flask_Login", "pip install Flask_Login==0.6.3"),
        ("DL3013", "pip install 'uvicorn[standard]'", "pip install 'uvicorn[standard]==0.30.1'"),
        ("DL3016", "npm install -g @scope/tool", "npm install -g @scope/tool@1.2.3"),
        ("DL3016", "npm install -g serve@latest", "npm install -g serve@14.2.3"),
    ],
)
def test_versions_are_written(code: str, before: str, after: str) -> None:
    rule = find(code)
    assert rule
    trust: set[Applicability] = set()

    def search(doc: Dockerfile) -> list[Finding]:
        findings = check(doc, Facts(doc, settings=Settings(preset="all", pins=PINS)), [rule])
        trust.update(item.fix.applicability for item in findings if item.fix)
        return findings

    outcome = fix(f"FROM debian:12\nRUN {before}\n", search, unsafe=True)
    assert outcome.text == f"FROM debian:12\nRUN {after}\n"
    assert trust <= {Applicability.UNSAFE}


def test_a_stage_that_does_not_ship_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "pins").write_text("curl-8.9.1-r1\n")
    file = tmp_path / "Dockerfile"
    text = "FROM alpine:3.20 AS build\nRUN apk add curl\n\nFROM alpine:3.20\nRUN apk add curl\nCOPY --from=build /a /a\n"
    file.write_text(text)
    flags = ["--no-config", "--select", "DL3018", "--fix", "--unsafe-fixes", "--exit-zero"]
    assert main([*flags, "--pin-from", str(tmp_path / "pins"), str(file)]) == 0
    assert file.read_text() == text.replace("curl\nCOPY", "curl=8.9.1-r1\nCOPY")


def test_a_list_that_is_none_is_a_usage_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "Dockerfile").write_text("FROM alpine:3.20\n")
    assert main(["--no-config", "--pin-from", str(tmp_path / "Dockerfile"), str(tmp_path / "Dockerfile")]) == 2
    assert "not a list of packages" in capsys.readouterr().err
