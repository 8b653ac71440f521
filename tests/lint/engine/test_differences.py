"""docs/differences.md against the rules: each case is judged as it says, and none of the table of presets is missing."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import NamedTuple

import pytest

from dockerlint.lint.analysis.build_state import Settings
from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.engine import shellcheck_findings
from dockerlint.lint.engine.checker import check
from dockerlint.lint.engine.registry import find
from dockerlint.lint.settings.config import Config
from dockerlint.lint.shellcheck import runner
from dockerlint.lint.shellcheck.comment_cache import Comments
from dockerlint.lint.syntax.parser import parse

PAGE = Path(__file__).parents[3] / "docs" / "differences.md"
CASE = re.compile(
    r"^(?:## (?P<code>\w+).*|hadolint: (?P<hadolint>yes|no), all: (?P<all>yes|no), recommended: (?P<recommended>yes|no)\n\n"
    r"```dockerfile\n(?P<text>(?:(?!```).*\n)+)```)$",
    re.MULTILINE,
)


class Case(NamedTuple):
    """A Dockerfile, and whether recommended, all and hadolint say something; as a row of the table of presets."""

    code: str
    text: str
    expected: tuple[bool, ...]


def cases() -> list[Case]:
    found: list[Case] = []
    code = ""
    for match in CASE.finditer(PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""):
        code = match["code"] or code
        if match["text"]:
            verdict = tuple(match[preset] == "yes" for preset in ("recommended", "all", "hadolint"))
            found.append(Case(code, match["text"], verdict))
    return found


def says(case: Case, preset: str) -> bool:
    doc = parse(case.text)
    settings = Settings(preset=preset)
    rule = find(case.code)
    if rule:
        return bool(check(doc, Facts(doc, settings=settings), [rule]))
    program = runner.find()
    if program is None:
        pytest.skip("ShellCheck is not installed")
    facts = Facts(doc, settings=settings, shellcheck=Comments(program, None))
    rules = Config(preset=preset).active(shellcheck_findings.rules(facts))
    return any(item.code == case.code for item in check(doc, facts, rules))


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.code)
def test_cases_are_judged_as_they_say(case: Case) -> None:
    assert tuple(says(case, preset) for preset in ("recommended", "all", "hadolint")) == case.expected
    assert len(set(case.expected)) > 1, "this is no difference"


def test_there_are_cases() -> None:
    assert not PAGE.exists() or len(cases()) > 50


def test_every_difference_of_the_table_is_told() -> None:
    if not PAGE.exists():
        pytest.skip("the documentation is not here")
    spec = importlib.util.spec_from_file_location("presets", Path(__file__).with_name("test_presets.py"))
    assert spec
    assert spec.loader
    presets = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(presets)
    told = set(cases())
    table = {Case(*row) for row in presets.TABLE if len(set(row[2])) > 1}
    assert sorted(table - told) == [], "tell it in docs/differences.md"
