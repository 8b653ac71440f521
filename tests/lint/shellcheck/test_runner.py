"""ShellCheck: what it gets, where its comments land, how they are kept, and what becomes of them on the command line."""

from __future__ import annotations

import json
import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from dockerlint.fixers.loop import fix
from dockerlint.lint.analysis.build_state import Settings
from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.cli import main, one_file
from dockerlint.lint.engine import shellcheck_findings, shellcheck_rules
from dockerlint.lint.engine.checker import check
from dockerlint.lint.engine.findings import Applicability, Finding, Severity
from dockerlint.lint.settings.config import Config, Selector
from dockerlint.lint.shellcheck import runner
from dockerlint.lint.shellcheck.comment_cache import Comments
from dockerlint.lint.shellcheck.runner import ShellCheck, ShellCheckError, comments
from dockerlint.lint.storage import sqlite_store
from dockerlint.lint.storage.sqlite_store import Store
from dockerlint.lint.syntax.parser import parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from dockerlint.lint.syntax.nodes import Dockerfile

INSTALLED = runner.find()
needs_shellcheck = pytest.mark.skipif(INSTALLED is None, reason="ShellCheck is not installed")


def said(code: int, start: tuple[int, int], end: tuple[int, int], *puts: tuple[int, str, str]) -> dict[str, Any]:
    """One of ShellCheck's objects; `puts` are texts that its mend puts in: column, where it belongs, text."""
    parts = [
        {
            "line": start[0],
            "endLine": start[0],
            "column": column,
            "endColumn": column,
            "insertionPoint": where,
            "precedence": 7,
            "replacement": text,
        }
        for column, where, text in puts
    ]
    return {
        "line": start[0],
        "column": start[1],
        "endLine": end[0],
        "endColumn": end[1],
        "level": "info",
        "code": code,
        "message": "recorded",
        "fix": {"replacements": parts} if parts else None,
    }


class Recorded(ShellCheck, frozen=True):
    """Says of the last line of each script what was recorded; positions count from that script's own first line."""

    objects: tuple[dict[str, Any], ...]
    asked: list[list[str]]

    def check(self, scripts: Sequence[str], calls: int = 1) -> list[list[dict[str, Any]] | None]:  # noqa: ARG002
        self.asked.append(list(scripts))
        return [[self._moved(item, script) for item in self.objects] for script in scripts]

    def _moved(self, item: dict[str, Any], script: str) -> dict[str, Any]:
        lines = script.splitlines()
        ahead = next(at for at, line in enumerate(lines) if not line.startswith(("#!", "export ", "set -", ":")))
        moved = json.loads(json.dumps(item))
        for part in (moved, *((moved["fix"] or {}).get("replacements", ()))):
            part["line"] += ahead
            part["endLine"] += ahead
        return dict(moved)


def recorded(*objects: dict[str, Any], version: tuple[int, ...] = (0, 11, 0)) -> Recorded:
    return Recorded("recorded", version, objects, [])


def facts_of(text: str, *objects: dict[str, Any], preset: str = "all") -> Facts:
    return Facts(parse(text), settings=Settings(preset=preset), shellcheck=Comments(recorded(*objects), None))


def found(facts: Facts) -> list[Finding]:
    return check(facts.doc, facts, shellcheck_findings.rules(facts))


def scripts_of(text: str, preset: str = "all") -> list[str]:
    return shellcheck_findings.scripts(Facts(parse(text), settings=Settings(preset=preset)))


# ------------------------------------------------------------ what it gets


@pytest.mark.parametrize(
    ("text", "shell"),
    [
        ("FROM example.org/x:1\nRUN ls\n", "#!/bin/sh"),
        ("FROM debian:12\nRUN ls\n", "#!/bin/dash"),
        ("FROM alpine:3.20\nRUN ls\n", "#!/bin/busybox sh"),
        ("FROM fedora:40\nRUN ls\n", "#!/bin/bash"),
        ('FROM alpine:3.20\nSHELL ["/bin/bash", "-c"]\nRUN ls\n', "#!/bin/bash"),
        ('FROM alpine:3.20\nSHELL ["ash", "-c"]\nRUN ls\n', "#!/bin/busybox sh"),
        ("FROM alpine:3.20\nRUN <<EOF\n#!/usr/bin/env bash\nls\nEOF\n", "#!/bin/bash"),
        ("FROM alpine:3.20\nRUN bash <<EOF\nls\nEOF\n", "#!/bin/bash"),
        ('FROM alpine:3.20 AS a\nSHELL ["/bin/bash", "-c"]\nFROM a\nRUN ls\n', "#!/bin/bash"),
        ('FROM debian:12\nSHELL ["/bin/bash", "-c"]\nONBUILD RUN ls\n', "#!/bin/bash"),
    ],
)
def test_shell_of_a_script(text: str, shell: str) -> None:
    assert [script.partition("\n")[0] for script in scripts_of(text)] == [shell]


@pytest.mark.parametrize(
    "text",
    [
        'FROM debian:12\nSHELL ["pwsh", "-c"]\nRUN Get-Variable | Write-Host\n',
        'FROM debian:12\nSHELL ["cmd", "/S", "/C"]\nRUN dir\n',
        'FROM debian:12\nSHELL ["/bin/zsh", "-c"]\nRUN ls\n',
        "FROM mcr.microsoft.com/windows/servercore:ltsc2022\nRUN dir\n",
        "FROM golang:1.24-nanoserver-ltsc2022\nRUN dir\n",
        "# hadolint shell=powershell.exe\nFROM example.org/windows:1\nRUN Get-Variable\n",
        'FROM debian:12\nRUN ["ls", "$x"]\n',
        "FROM debian:12\nRUN <<EOF\n#!/usr/bin/python3\nprint(1)\nEOF\n",
    ],
)
def test_what_it_does_not_get(text: str) -> None:
    assert scripts_of(text) == []


def test_variables_and_options_are_known() -> None:
    text = 'FROM debian:12\nARG a\nENV b=1 c.d=2\nSHELL ["/bin/bash", "-eo", "pipefail", "-c"]\nRUN ls $a $b $c $d $http_proxy\n'
    lines = scripts_of(text)[0].splitlines()
    assert lines[:3] == ["#!/bin/bash", "set -e", "set -o pipefail"]
    assert {"export a=1", "export b=1", "export http_proxy=1"} <= set(lines)
    assert not any("c.d" in line for line in lines)
    assert lines[-1] == "ls $a $b $c $d $http_proxy"


def test_variables_are_those_of_the_stage() -> None:
    (script,) = scripts_of("ARG x\nFROM debian:12 AS a\nENV y=1\nFROM debian:12\nRUN ls\n")
    assert "export x" not in script
    assert "export y" not in script


def test_as_hadolint_a_variable_makes_it_forget_the_shell() -> None:
    text = 'FROM alpine:3.20\nSHELL ["/bin/bash", "-c"]\nRUN ls\nENV a=1\nRUN ls\n'
    shells = [script.partition("\n")[0] for script in scripts_of(text, "hadolint")]
    assert shells == ["#!/bin/bash", "#!/bin/sh"]


# ------------------------------------------------------------ where its comments land


@pytest.mark.parametrize(
    ("text", "start", "end", "place"),
    [
        ("FROM debian:12\nRUN echo $x\n", (1, 6), (1, 8), "$x"),
        ("FROM debian:12\nRUN true && \\\n    # why\n    echo $x\n", (1, 18), (1, 20), "$x"),
        ("FROM debian:12\r\nRUN true && \\\r\n  echo $x\r\n", (1, 16), (1, 18), "$x"),
        ("#escape=`\nFROM debian:12\nRUN true && `\n  echo $x\n", (1, 16), (1, 18), "$x"),
        ("FROM debian:12\nRUN <<EOF\ntrue\necho $x\nEOF\n", (2, 6), (2, 8), "$x"),
        ("FROM debian:12\nRUN cat <<A > /f && echo $x\nhello\nA\n", (1, 22), (1, 24), "$x"),
        ("FROM debian:12\nRUN echo é\udcff $x\n", (1, 9), (1, 11), "$x"),
        ("FROM debian:12\nONBUILD RUN --network=none echo $x\n", (1, 6), (1, 8), "$x"),
        ("FROM debian:12\nRUN grep a\\\nb\n", (1, 6), (1, 8), "a\\\nb"),
    ],
)
def test_places(text: str, start: tuple[int, int], end: tuple[int, int], place: str) -> None:
    facts = facts_of(text, said(2086, start, end))
    (finding,) = found(facts)
    assert finding.code == "SC2086"
    assert facts.doc.source(finding.span) == place


def test_a_place_behind_the_script_is_its_end() -> None:
    facts = facts_of("FROM debian:12\nRUN ls\n", said(1089, (1, 3), (9, 99)))
    (finding,) = found(facts)
    assert facts.doc.source(finding.span) == ""


def test_what_it_says_of_our_own_lines_is_left_out() -> None:
    facts = facts_of("FROM debian:12\nRUN ls\n", said(2239, (0, 1), (0, 3)))
    assert found(facts) == []


def test_as_hadolint_only_the_last_comment_of_a_run_counts() -> None:
    objects = said(2154, (1, 1), (1, 2)), said(2086, (1, 1), (1, 2))
    text = "FROM debian:12\nRUN ls\n"
    assert {finding.code for finding in found(facts_of(text, *objects))} == {"SC2154", "SC2086"}
    assert [finding.code for finding in found(facts_of(text, *objects, preset="hadolint"))] == ["SC2086"]


def test_indentation_is_no_repeated_blank() -> None:
    object_ = said(2291, (1, 1), (1, 12))
    assert found(facts_of("FROM debian:12\nRUN echo a \\\n    b\n", object_)) == []
    assert len(found(facts_of("FROM debian:12\nRUN echo a      b\n", object_))) == 1


# ------------------------------------------------------------ what mends it


def mended(text: str, *objects: dict[str, Any]) -> tuple[str, Applicability] | None:
    (finding,) = found(facts_of(text, *objects))
    if finding.fix is None:
        return None

    def find(doc: Dockerfile) -> list[Finding]:
        return [finding] if doc.text == text else []

    return fix(text, find, unsafe=True).text, finding.fix.applicability


def test_quotes_are_put_in() -> None:
    object_ = said(2086, (1, 6), (1, 8), (6, "afterEnd", '"'), (8, "beforeStart", '"'))
    assert mended("FROM debian:12\nRUN echo $x\n", object_) == ('FROM debian:12\nRUN echo "$x"\n', Applicability.UNSAFE)


def test_a_closing_quote_stays_on_its_line() -> None:
    object_ = said(2086, (1, 6), (1, 8), (6, "afterEnd", '"'), (8, "beforeStart", '"'))
    done = mended("FROM debian:12\nRUN echo $x\\\n && ls\n", object_)
    assert done == ('FROM debian:12\nRUN echo "$x"\\\n && ls\n', Applicability.UNSAFE)


@pytest.mark.parametrize(
    ("script", "trust"),
    [
        ("`ls -l`", Applicability.SAFE),
        ("`(ls)`", Applicability.UNSAFE),
        (r"`ls \$x`", Applicability.UNSAFE),
        ('`ls "a"`', Applicability.UNSAFE),
    ],
)
def test_backquotes_without_quoting_are_the_same(script: str, trust: Applicability) -> None:
    end = 6 + len(script)
    object_ = said(2006, (1, 6), (1, end), (6, "afterEnd", "$("), (end - 1, "beforeStart", ")"))
    for part, stop in zip(object_["fix"]["replacements"], (7, end), strict=True):
        part["endColumn"] = stop
    done = mended(f"FROM debian:12\nRUN echo {script}\n", object_)
    assert done == (f"FROM debian:12\nRUN echo $({script[1:-1]})\n", trust)


def test_no_fix_across_a_continuation() -> None:
    object_ = said(2006, (1, 6), (1, 8), (6, "afterEnd", "x"))
    object_["fix"]["replacements"][0]["endColumn"] = 8
    assert mended("FROM debian:12\nRUN grep a\\\nb\n", object_) is None


def test_no_fix_that_brings_a_new_line() -> None:
    assert mended("FROM debian:12\nRUN ls\n", said(2086, (1, 1), (1, 2), (1, "afterEnd", "a\nb"))) is None


# ------------------------------------------------------------ rules


@pytest.mark.parametrize(("level", "recommended"), [("error", True), ("warning", True), ("info", False), ("style", False)])
def test_presets(level: str, recommended: bool) -> None:
    rule = shellcheck_rules.script_rule("SC2086", Severity(level))
    for preset, expected in {"recommended": recommended, "hadolint": True, "all": True}.items():
        assert bool(Config(preset=preset).active([rule])) is expected


@pytest.mark.parametrize(
    ("config", "active"),
    [
        (Config(select=(Selector("SC", ""),)), True),
        (Config(select=(Selector("SC2086", ""),)), True),
        (Config(select=(Selector("SC3", ""),)), False),
        (Config(preset="all", ignore=(Selector("SC2086", ""),)), False),
        (Config(select=(Selector("SC", ""),), ignore=(Selector("SC20", ""),)), False),
    ],
)
def test_selectors(config: Config, active: bool) -> None:
    assert bool(config.active([shellcheck_rules.script_rule("SC2086", Severity.INFO)])) is active


@pytest.mark.parametrize(
    ("config", "wanted"),
    [
        (Config(), True),
        (Config(shellcheck="off"), False),
        (Config(select=(Selector("DL3008", ""),)), False),
        (Config(select=(Selector("s", ""),)), True),
        (Config(select=(Selector("all", ""),)), True),
    ],
)
def test_it_is_not_asked_for_nothing(config: Config, wanted: bool) -> None:
    assert config.wants_shellcheck is wanted


@pytest.mark.parametrize("pragma", ["# hadolint ignore=SC2086", "# dlint ignore=SC2086", "# dlint global ignore=SC2086"])
def test_inline_ignores(pragma: str) -> None:
    text = f"FROM debian:12\n{pragma}\nRUN echo $x\n"
    assert found(facts_of(text, said(2086, (1, 6), (1, 8)))) == []
    assert len(found(facts_of(text, said(2046, (1, 6), (1, 8))))) == 1


def test_explain(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "sc2086"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("# SC2086\n")
    assert "https://www.shellcheck.net/wiki/SC2086" in shown
    assert "not quoted" in shown


def test_sentences_have_a_level_and_are_sentences() -> None:
    for code, (level, sentence) in shellcheck_rules._sentences().items():
        assert shellcheck_rules.CODE.fullmatch(code)
        assert Severity(level)
        assert sentence.endswith(".")


# ------------------------------------------------------------ running it


def program(folder: Path, *lines: str) -> ShellCheck:
    """Something that is called like ShellCheck."""
    file = folder / "shellcheck"
    file.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return ShellCheck(str(file), (0, 11, 0))


def test_many_scripts_go_in_few_calls(tmp_path: Path) -> None:
    double = program(tmp_path, f'echo call >> {tmp_path}/calls; echo \'{{"comments": []}}\'')
    scripts = [f"echo {number}" for number in range(runner.MOST_SCRIPTS + 1)]
    assert double.check(scripts, calls=1) == [[]] * len(scripts)
    assert (tmp_path / "calls").read_text().split() == ["call", "call"]


@pytest.mark.parametrize(
    "lines", [("exit 2",), ("echo nonsense",), ("echo '[]'",), ("echo '{\"comments\": [3]}'",), ("echo x >&2", "exit 4")]
)
def test_failure_is_an_error(tmp_path: Path, lines: tuple[str, ...]) -> None:
    with pytest.raises(ShellCheckError, match="failed with status"):
        program(tmp_path, *lines).check(["ls"])


def test_what_cannot_be_run_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ShellCheckError, match="cannot be run"):
        ShellCheck(str(tmp_path / "none"), (0,)).check(["ls"])


def test_a_slow_script_costs_only_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "PATIENCE", 0.4)
    monkeypatch.setattr(runner, "PATIENCE_ALONE", 0.4)
    slow = program(tmp_path, "for last; do :; done", 'grep -q slow ./* && sleep 5', 'echo \'{"comments": []}\'')
    assert slow.check(["echo slow", "ls"]) == [None, []]


def test_a_huge_script_is_left_out() -> None:
    assert ShellCheck("none", (0,)).check(["#" * 10_000_000]) == [None]


def test_options_of_the_user_and_the_repository_do_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELLCHECK_OPTS", "--exclude=SC2086")
    double = program(tmp_path, f'echo "$SHELLCHECK_OPTS $1" > {tmp_path}/seen; echo \'{{"comments": []}}\'')
    double.check(["ls"])
    assert (tmp_path / "seen").read_text().split() == ["--norc"]


@pytest.mark.parametrize("bad", [3, [3], [{}], [{"code": 1}], {"comments": []}, ["x"], [{"code": "x"}]])
def test_objects_of_another_form_are_refused(bad: object) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        comments(bad)


# ------------------------------------------------------------ keeping it


def kept_in(folder: Path) -> Store:
    return Store(folder / "kept.sqlite")


def test_nothing_is_asked_twice(tmp_path: Path) -> None:
    object_ = said(2086, (1, 1), (1, 2))
    first = recorded(object_)
    Comments(first, kept_in(tmp_path)).learn(["#!/bin/sh\nls\n", "#!/bin/sh\nls\n", "#!/bin/sh\npwd\n"])
    assert first.asked == [["#!/bin/sh\nls\n", "#!/bin/sh\npwd\n"]]
    second = recorded()
    kept = Comments(second, kept_in(tmp_path)).of("#!/bin/sh\nls\n")
    assert kept
    assert kept[0].code == 2086
    assert second.asked == []


@pytest.mark.parametrize("broken", [b"", b"[", b'{"a": 1}', b"[3]", b"\xff", b'[{"code": "x"}]', b"[[[[[["])
def test_a_broken_entry_is_made_anew(tmp_path: Path, broken: bytes) -> None:
    comments = Comments(recorded(said(2154, (1, 1), (1, 2))), kept_in(tmp_path))
    kept_in(tmp_path).put({comments._key("ls"): broken})
    again = comments.of("ls")
    assert again
    assert again[0].code == 2154
    assert Comments(recorded(), kept_in(tmp_path)).of("ls") == again


def test_another_version_has_its_own_entries(tmp_path: Path) -> None:
    newer = recorded(version=(0, 12))
    for one in (recorded(), newer):
        Comments(one, kept_in(tmp_path)).learn(["ls"])
        assert one.asked == [["ls"]]


def test_a_folder_that_cannot_be_written_is_no_reason_to_stop(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert Comments(recorded(), kept_in(tmp_path / "file")).of("ls") == ()


def test_many_write_at_once(tmp_path: Path) -> None:
    scripts = [f"echo {number % 5}" for number in range(200)]

    def ask(script: str) -> object:
        return Comments(recorded(said(2086, (1, 1), (1, 2))), kept_in(tmp_path)).of(script)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, scripts))
    nobody = recorded()
    Comments(nobody, kept_in(tmp_path)).learn(scripts)
    assert nobody.asked == []


# ------------------------------------------------------------ the command line


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    # what a process looks up once
    caches = (runner.find, one_file._comments)
    for cache in caches:
        cache.cache_clear()
    yield tmp_path
    for cache in caches:
        cache.cache_clear()


def test_on_without_one_is_an_error(
    alone: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # beside this Python there is one too
    monkeypatch.setattr(sys, "executable", str(alone / "python"))
    monkeypatch.setenv("PATH", str(alone))
    (alone / "Dockerfile").write_text("FROM debian:12\n")
    assert main(["--no-config", "--shellcheck", "on", "Dockerfile"]) == 2
    assert "pip install 'dockerlint[shellcheck]'" in capsys.readouterr().err
    assert main(["--no-config", "--shellcheck", "auto", "--exit-zero", "Dockerfile"]) == 0


@needs_shellcheck
@pytest.mark.parametrize(("flags", "kept"), [((), True), (("--no-cache",), False)])
def test_findings_of_the_real_one(
    alone: Path, capsys: pytest.CaptureFixture[str], flags: tuple[str, ...], kept: bool
) -> None:
    (alone / "Dockerfile").write_text("FROM debian:12\nRUN ls && \\\n    echo $x; cd /tmp/`ls`\n")
    assert main(["--no-config", "--select", "SC", "--format", "json", "Dockerfile", *flags]) == 1
    items = json.loads(capsys.readouterr().out)
    assert {(item["code"], item["line"], item["level"]) for item in items} >= {
        ("SC2154", 3, "warning"),
        ("SC2086", 3, "info"),
        ("SC2164", 3, "warning"),
    }
    assert sqlite_store.comments().path.exists() is kept


@needs_shellcheck
def test_fixes_of_the_real_one(alone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = alone / "Dockerfile"
    file.write_text("FROM debian:12\nARG x\nENV y=a\nRUN cat `ls`; \\\n  echo $(ls) > $z; rm \\\n    $z\n")
    main(["--no-config", "--select", "SC", "--fix", "--unsafe-fixes", "Dockerfile"])
    assert file.read_text() == (
        'FROM debian:12\nARG x\nENV y=a\nRUN cat $(ls); \\\n  echo $(ls) > "$z"; rm \\\n    "$z"\n'
    )


@needs_shellcheck
def test_no_file_beside_is_read(alone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (alone / ".shellcheckrc").write_text("disable=SC2086\n")
    (alone / "other.sh").write_text("y=1\n")
    (alone / "Dockerfile").write_text("FROM debian:12\nRUN . ./other.sh; . /etc/profile; . $1; echo $1\n")
    main(["--no-config", "--select", "SC", "--format", "json", "Dockerfile"])
    assert {item["code"] for item in json.loads(capsys.readouterr().out)} == {"SC2086"}


@needs_shellcheck
def test_many_files_in_many_processes(alone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(20):
        (alone / f"{number}.Dockerfile").write_text(f"FROM debian:12\nRUN echo {number} $x\n")
    main(["--no-config", "--select", "SC2154", "--format", "json", "--jobs", "2", "."])
    assert len(json.loads(capsys.readouterr().out)) == 20


def test_as_hadolint_a_stage_has_what_the_one_below_has() -> None:
    text = 'FROM alpine:3.20 AS a\nENV x=1\nSHELL ["/bin/bash", "-c"]\nFROM a\nRUN ls $x\nFROM alpine:3.20\nRUN ls\n'
    first, second = scripts_of(text, "hadolint")
    assert first.startswith("#!/bin/bash\n")
    assert "export x=1" in first
    assert second.startswith("#!/bin/sh\n")
    assert "export x" not in second
