"""BuildKit's checks: their directive, what stands at which line, and what the rules know of variables and the context."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dockerlint.lint.analysis.build_state import Settings
from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.catalogue.base_env import variables_of
from dockerlint.lint.catalogue.platforms import Platform, of_image
from dockerlint.lint.catalogue.platforms import parse as parse_platform
from dockerlint.lint.cli import main
from dockerlint.lint.context.build_context import Context
from dockerlint.lint.context.gitignore import is_left_out
from dockerlint.lint.engine.check_directive import CHECKS, Checks, is_check
from dockerlint.lint.engine.checker import check
from dockerlint.lint.engine.registry import find, rules
from dockerlint.lint.engine.suppressions import ignores
from dockerlint.lint.syntax.did_you_mean import is_one_slip, nearest
from dockerlint.lint.syntax.nodes import Run
from dockerlint.lint.syntax.parser import parse
from dockerlint.lint.syntax.ports import Port
from dockerlint.lint.syntax.variable_references import uses

CASES = Path(__file__).parents[4] / "shared" / "conformance" / "buildkit_lint.jsonl"
# In these the documentation shows a form that the check does not look at, or leaves out the switch of an experiment.
NOT_AS_SHOWN = {"docs/LegacyKeyValueFormat:doc-bad1", "docs/InvalidDefinitionDescription:doc-bad1"}


def lines(code: str, text: str, preset: str = "all", context: Context | None = None, **build_args: str) -> list[int]:
    """The lines at which a rule finds something."""
    rule = find(code)
    assert rule is not None
    doc = parse(text)
    settings = Settings(preset=preset, build_args=build_args)
    return [doc.line(item.span.start) for item in check(doc, Facts(doc, context, settings), [rule])]


# ---------------------------------------------------------------- the directive


@pytest.mark.parametrize(
    ("value", "skip", "experimental", "error"),
    [
        ("skip=all", {"all"}, set(), False),
        ("skip=A, B ;error=true", {"a", "b"}, set(), True),
        (" error = True ; experimental=C", set(), {"c"}, True),
        ("error=false;nonsense;skip=", set(), set(), False),
    ],
)
def test_directive(value: str, skip: set[str], experimental: set[str], error: bool) -> None:
    assert Checks.parse(value) == Checks(frozenset(skip), frozenset(experimental), error)


def test_every_check_has_a_rule() -> None:
    assert {alias for rule in rules() for alias in rule.aliases} >= CHECKS
    assert sum(is_check(rule) for rule in rules()) >= len(CHECKS)


@pytest.mark.parametrize(
    ("directive", "found"),
    [
        ("skip=all", []),
        ("skip=fromascasing", []),
        ("skip=StageNameCasing", [2]),
        ("error=true", [2]),
        ("experimental=all", [2]),
    ],
)
def test_skip_silences_the_whole_file(directive: str, found: list[int]) -> None:
    assert lines("DF703", f"# check={directive}\nFROM scratch as one\n") == found


def test_skip_above_an_instruction_is_for_that_one() -> None:
    text = "FROM scratch AS a\n# check=skip=FromAsCasing\nFROM scratch as b\nFROM scratch as c\n"
    assert lines("DF703", text) == [4]


@pytest.mark.parametrize("switch", ["InvalidDefinitionDescription", "all"])
def test_skip_all_spares_the_experiments_that_are_on(switch: str) -> None:
    text = f"# check=skip=all;experimental={switch}\n# words\nARG A=1\nFROM scratch as b\n"
    assert lines("DF708", text) == [3]
    assert lines("DF703", text) == []
    assert [item.spared for item in ignores(parse(text))] == [frozenset({"invaliddefinitiondescription"})]


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("# check=error=true\nFROM scratch as a\n", "error"),
        ("# check=error=0\nFROM scratch as a\n", "style"),
        ("FROM scratch as a\n", "style"),
    ],
)
def test_error_makes_errors_of_checks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, level: str
) -> None:
    (tmp_path / "Dockerfile").write_text(text, encoding="utf-8")
    status = main(["check", "--select", "DF703", "--format", "json", "--no-config", str(tmp_path)])
    assert [item["level"] for item in json.loads(capsys.readouterr().out)] == [level]
    assert status == (level == "error")


# ---------------------------------------------------------------- places


@pytest.mark.parametrize(
    ("code", "text", "found"),
    [
        ("DF707", "FROM scratch\nEXPOSE 80/tcp \\\n  81/TCP\n", [2]),
        ("DF606", "FROM scratch\nEXPOSE 80 \\\n  81:81\n", [2]),
        ("DF602", "FROM scratch\nENV A=1 \\\n  B=$C\n", [2]),
        ("DF601", "FROM \\\n  scratch$C\n", [1]),
        ("DF705", "FROM scratch\nENV \\\n  A b\n", [2]),
        ("DF702", "FROM scratch \\\n  AS One\n", [1]),
        ("DF706", "FROM scratch\nCOPY a \\\n\n\n  b \\\n  /\n", [6]),
        ("DF706", "FROM scratch\nCOPY <<E \\\n\n  /\ntext\nE\n", [4]),
        ("DF706", "FROM scratch\nRUN true \\\n\n", [3]),
    ],
)
def test_line_is_the_one_that_buildkit_names(code: str, text: str, found: list[int]) -> None:
    assert lines(code, text) == found


def cases() -> list[Any]:
    if not CASES.is_file():
        return []
    read = [json.loads(line) for line in CASES.read_text(encoding="utf-8").splitlines()]
    return [pytest.param(case, id=case["id"]) for case in read if case["id"] not in NOT_AS_SHOWN]


@pytest.mark.parametrize("case", cases())
def test_buildkits_own_cases(case: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(case["dockerfile"], encoding="utf-8", newline="")
    if case.get("dockerignore") is not None:
        (tmp_path / ".dockerignore").write_text(case["dockerignore"], encoding="utf-8")
    doc = parse(case["dockerfile"])
    settings = Settings(preset="all", build_args=case.get("build_args") or {})
    facts = Facts(doc, Context.of(tmp_path), settings)
    names = {rule.code: CHECKS.intersection(rule.aliases) for rule in rules()}
    seen = {(name, doc.line(item.span.start)) for item in check(doc, facts, rules()) for name in names[item.code]}
    if case["kind"].startswith("doc"):
        assert (case["rule"] in {name for name, _ in seen}) == (case["kind"] == "doc-bad")
    elif case.get("lines_unverified"):
        assert {name for name, _ in seen} == {item["rule"] for item in case["expected"]}
    else:
        assert seen == {(item["rule"], item["line"]) for item in case["expected"]}


# ---------------------------------------------------------------- variables


@pytest.mark.parametrize(
    ("instruction", "written"),
    [
        ('COPY --chown=$A:${B:-x} $C \\\n  "$D" /$E', ["$A", "${B:-x}", "$C", "$D", "/$E"[1:]]),
        ('COPY ["$A", "/"]', ["$A"]),
        ("RUN --network=$A --mount=type=bind,source=$B,target=/$C echo $D", ["$B", "$C"]),
        ("ENV A$A=$B 'C=$C'=1", ["$A", "$B"]),
        ("LABEL a=${A:-$B}", ["${A:-$B}", "$B"]),
        ("COPY <<E /\n'$A' \\$B\nE", ["$A"]),
        ("COPY <<'E' /\n$A\nE", []),
        ("CMD echo $A", []),
        ("MAINTAINER $A", []),
        ("USER ${A:bad}", []),
        ("USER ${A", []),
        ("WORKDIR $A\\\n  B", ["$A"]),
    ],
)
def test_uses_stand_where_they_are_written(instruction: str, written: list[str]) -> None:
    doc = parse("FROM scratch\n" + instruction + "\n")
    assert [doc.source(use.span) for use in uses(doc, doc.instructions[1])] == written
    assert all(use.exact for use in uses(doc, doc.instructions[1]))


def test_use_that_cannot_be_placed_has_its_word() -> None:
    doc = parse('FROM scratch\nRUN --mount=type=bind,source="$A",target=/x true\n')
    run = doc.instructions[1]
    assert isinstance(run, Run)
    (use,) = uses(doc, run)
    assert not use.exact
    assert use.renamed("B") is None
    assert use.span == run.flags[0].span


def test_arguments_of_the_build_do_not_declare() -> None:
    assert lines("DF601", "FROM alpine:$TAG\n", TAG="3.20") == [1]
    assert lines("DF602", "FROM alpine\nUSER $WHO\n", WHO="me") == [2]


# code, text, and at which lines recommended and all say something
QUIET = [
    ("DF602", "FROM alpine\nENV A=${B:-c}\n", [], [2]),
    ("DF602", "FROM alpine\nENV A=x:$A\n", [], [2]),
    ("DF602", "FROM alpine\nENV A=$HTTP_PROXY\n", [], [2]),
    ("DF602", "FROM alpine\nENV A=$B\n", [2], [2]),
    ("DF603", "ARG A\nFROM $A\n", [], [2]),
    ("DF603", "ARG A=b:\nFROM $A\n", [2], [2]),
]


@pytest.mark.parametrize(("code", "text", "recommended", "everything"), QUIET)
def test_recommended_is_quiet(code: str, text: str, recommended: list[int], everything: list[int]) -> None:
    assert (lines(code, text, "recommended"), lines(code, text, "all")) == (recommended, everything)


@pytest.mark.parametrize(
    ("image", "has", "lacks"),
    [
        ("python:3.12-slim", "PYTHON_VERSION", "NODE_VERSION"),
        ("docker.io/library/node@sha256:" + "0" * 64, "NODE_VERSION", "GOPATH"),
        ("arm32v7/golang:1.25", "GOPATH", "LANG"),
        ("scratch", "PATH", "LANG"),
        ("registry.access.redhat.com/ubi9/ubi-minimal", "container", "HOME"),
    ],
)
def test_variables_of_known_images(image: str, has: str, lacks: str) -> None:
    names = variables_of(image)
    assert names is not None
    assert has in names
    assert lacks not in names


@pytest.mark.parametrize(
    "image", ["example.org/python:3", "somebody/node", "python:3.12-windowsservercore", "easypi/alpine-arm"]
)
def test_variables_of_other_images_are_not_known(image: str) -> None:
    assert variables_of(image) is None


@pytest.mark.parametrize(
    ("name", "known", "meant"),
    [
        ("PAHT", ["PATH", "LANG"], "PATH"),
        ("VERSION1", ["VERSION2", "VERSION3"], None),
        ("PYTHON_VERSIONS", ["PYTHON_VERSION", "LANG"], "PYTHON_VERSION"),
        ("DEBIAN_RELEASE", ["DEBIAN_RELEASE_NAME"], "DEBIAN_RELEASE_NAME"),
        ("path", ["PATH"], "PATH"),
        ("foo", ["PATH", "LANG"], None),
    ],
)
def test_nearest_name(name: str, known: list[str], meant: str | None) -> None:
    assert nearest(name, known) == meant


@pytest.mark.parametrize(
    ("one", "other", "slip"),
    [
        ("abcd", "abdc", True),
        ("abcd", "abc", False),
        ("abcde", "abcd", True),
        ("abcd", "axyd", False),
        ("abcd", "abxd", True),
    ],
)
def test_one_slip(one: str, other: str, slip: bool) -> None:
    assert is_one_slip(one, other) is slip
    assert is_one_slip(other, one) is slip


# ---------------------------------------------------------------- words of their own kind


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("80", ("", "80", "")),
        ("127.0.0.1:8080:80/TCP", ("127.0.0.1:8080", "80", "TCP")),
        ("[::1]:53:53/udp", ("[::1]:53", "53", "udp")),
        ("${A:-1/2}:${B:-3}/${C:-t/x}", ("${A:-1/2}", "${B:-3}", "${C:-t/x}")),
        (":80", ("", "80", "")),
    ],
)
def test_ports_fall_into_parts(text: str, parts: tuple[str, str, str]) -> None:
    assert Port.parse(text, "\\") == Port(*parts)


def test_port_with_a_bad_variable_has_no_parts() -> None:
    assert Port.parse("${A", "\\") is None


def test_platforms() -> None:
    assert parse_platform("Linux/aarch64") == parse_platform("linux/arm64/v8") == Platform("linux", "arm64")
    assert of_image("arm64v8/alpine:3") == Platform("linux", "arm64")
    assert parse_platform("linux") is None
    assert of_image("alpine") is None
    assert of_image("ghcr.io/arm64v8/alpine") is None
    assert str(Platform("linux", "386")) == "linux/386"


# ---------------------------------------------------------------- the context


def context(folder: Path, ignore: str | None, *names: str) -> Context:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x", encoding="utf-8")
    if ignore is not None:
        (folder / ".dockerignore").write_text(ignore, encoding="utf-8")
    return Context.of(folder)


def test_what_is_ignored_is_found_nevertheless(tmp_path: Path) -> None:
    found = context(tmp_path, "a/*\n", "a/x.txt", "a/y.txt", "b/c/x.txt")
    assert found.find("a/*.txt") == ("a/x.txt", "a/y.txt")
    assert found.find("./b/../a/x.txt") == ("a/x.txt",)
    assert found.find("**/x.txt") == ("a/x.txt",)
    assert found.find("*/c/[xy].txt") == ("b/c/x.txt",)
    assert found.find("nothing/*") == ()
    assert found.find("[") == ()


def test_nothing_is_looked_up_outside(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_text("x", encoding="utf-8")
    inside = context(tmp_path / "inside", None, "a")
    (tmp_path / "inside" / "link").symlink_to(tmp_path / "outside")
    (tmp_path / "inside" / "loop").symlink_to("loop")
    assert inside.find("link") == ("link",)
    assert inside.find("link/*") == ()
    assert inside.find("loop/x") == ()
    assert inside.find("../outside/secret") == ()


def test_missing_files_are_told_where_most_are_there(tmp_path: Path) -> None:
    here = context(tmp_path, None, "setup.py", "README.md")
    text = "FROM scratch\nCOPY setup.py /\nCOPY setup.pi /\nCOPY README.md other.txt /\n"
    assert lines("DF605", text, "recommended", here) == [3]
    assert lines("DF605", text, "all", here) == [3, 4]
    assert lines("DF605", "FROM scratch\nCOPY setup.pi /\n", "all", here) == []
    assert lines("DF605", text, "all", None) == []


def test_git_says_what_is_made_later(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text("*.jar\n/made/\n", encoding="utf-8")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / ".gitignore").write_text("!kept.jar\n", encoding="utf-8")
    assert is_left_out(tmp_path, "app.jar")
    assert is_left_out(tmp_path, "made/it/x")
    assert not is_left_out(tmp_path, "sub/kept.jar")
    assert is_left_out(tmp_path / "sub", "app.jar")
    assert not is_left_out(tmp_path, "app.txt")


def test_ignore_file_of_the_dockerfile_is_named(tmp_path: Path) -> None:
    context(tmp_path, "", "a.txt")
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY a.txt /\n", encoding="utf-8")
    (tmp_path / "Dockerfile.dockerignore").write_text("*.txt\n", encoding="utf-8")
    rule = find("DF604")
    assert rule is not None
    doc = parse((tmp_path / "Dockerfile").read_text(encoding="utf-8"))
    (item,) = check(doc, Facts(doc, Context.of(tmp_path, tmp_path / "Dockerfile")), [rule])
    assert "Dockerfile.dockerignore" in item.message
