"""Time grows with the size of a file and no faster: what is priced, and how ignores are found, does not multiply."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockerlint.fixers import loop
from dockerlint.fixers.cost import price, saving
from dockerlint.lint.analysis.build_state import Settings
from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.engine.checker import check
from dockerlint.lint.engine.findings import Applicability, Finding, Fix
from dockerlint.lint.engine.registry import rules
from dockerlint.lint.engine.suppressions import ignores, kept
from dockerlint.lint.syntax.parser import parse
from dockerlint.lint.syntax.span import Edit, Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dockerlint.lint.syntax.nodes import Dockerfile

RUNS = "RUN apt-get update && apt-get install curl\n"


def found(text: str) -> tuple[Facts, list[Finding]]:
    doc = parse(text)
    facts = Facts(doc, None, Settings(preset="all"))
    return facts, check(doc, facts, rules())


@pytest.mark.parametrize(("below", "count"), [("RUN true\n", 4000), ("WORKDIR a\n", 0), ("WORKDIR a\nRUN true\n" * 2000, 0)])
def test_thousands_of_ignores(below: str, count: int) -> None:
    started = time.process_time()
    facts, findings = found("FROM debian:12\n" + "# dlint ignore=DL3000\n" * 4000 + below)
    assert sum(item.code == "DF701" for item in findings) == count
    price(facts.doc, findings, facts)
    # it was 36 s
    assert time.process_time() - started < 10


@pytest.mark.parametrize(
    ("text", "gone", "put", "is_priced"),
    [
        ("FROM a\n# b\nRUN c\n", "# b\n", "", False), ("FROM a\n# b\nRUN c\n", "b", "d", False), ("FROM a\n\n\nRUN c\n", "\n\nRUN", "\nRUN", True),
        ("FROM a\n# b\nRUN c\n", "# b", "RUN d", True), ("FROM a\n# b\nRUN c\n", "# b\nRUN", "RUN", True),
        ("# escape=`\nFROM a\nRUN c\n", "# escape=`\n", "", True), ("# b\n# escape=`\nFROM a\nRUN c\n", "# b\n", "", True),
        ("FROM a\nRUN b \\\n# c\n  d\n", "# c\n", "", True), ("FROM a\nRUN <<E\n# c\nE\n", "# c\n", "", True), ("FROM a\nRUN b\n", "\nRUN", " AS x\nRUN", True),
        ("FROM a\n# b\nRUN c\n", "\nRUN", "RUN", True),
    ],
)  # fmt: skip
def test_comments_and_blank_lines_have_no_price(text: str, gone: str, put: str, is_priced: bool) -> None:
    doc = parse(text)
    start = text.index(gone)
    assert saving._touches_steps(doc, Fix("", (Edit(Span(start, start + len(gone)), put),), Applicability.SAFE)) is is_priced


def test_what_is_priced_is_bounded_by_steps_and_by_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    priced: list[object] = []
    monkeypatch.setattr(saving, "_saving", lambda *given: priced.append(given))
    for text in ("FROM debian:12\n" + RUNS * 300, "FROM debian:12\nRUN true" + " \\\n  && cd /tmp && sudo curl -k http://e.org/a" * 1000 + "\n"):
        facts, findings = found(text)
        assert sum(item.fix is not None for item in findings) > 200
        priced.clear()
        price(facts.doc, findings, facts)
        assert 0 < len(priced) * len(text) <= saving.MOST_STEPS * saving.STEP_CHARACTERS


def test_what_the_loop_asks_to_be_priced_is_bounded() -> None:
    asked: list[int] = []

    def find(doc: object) -> list[Finding]:
        text = getattr(doc, "text", "")
        at = text.find("old")
        return [Finding(Span(at, at + 3), "", Fix("", (Edit(Span(at, at + 3), "new"),), Applicability.SAFE), "X")] if at >= 0 else []

    text = "FROM a\n" + "WORKDIR old\n" * 400

    def worth(doc: Dockerfile, findings: Sequence[Finding]) -> Sequence[None]:
        asked.append(len(findings) * len(doc.text))
        return [None] * len(findings)

    done = loop.fix(text, find, worth=worth)
    assert done.text == text.replace("old", "new")
    assert loop.MOST_PRICED * 0.9 < sum(asked) <= loop.MOST_PRICED


CODES = st.sampled_from(["DL3000", "dl3", "DF4", "all", "SC2086", "DL3059"])
LINES = st.lists(
    st.one_of(
        st.builds("# dlint ignore={}".format, CODES), st.builds("# dlint stage ignore={}".format, CODES), st.builds("# dlint global ignore={}".format, CODES),
        st.sampled_from(["# hadolint ignore=DL3000", "# hadolint stage ignore=DL3000", "# check=skip=WorkdirRelativePath", "# why", "", "WORKDIR a", "FROM debian AS x", "RUN cd a \\\n# dlint ignore=DL3003\n  b"]),
    ),
    max_size=12,
)  # fmt: skip


@pytest.mark.parametrize("as_hadolint", [False, True])
@given(lines=LINES)
def test_ignores_that_are_looked_up_silence_what_each_of_them_does(lines: list[str], as_hadolint: bool) -> None:
    doc = parse("FROM debian\n" + "\n".join(lines) + "\n")
    active = rules()
    findings = check(doc, Facts(doc, None, Settings(preset="all")), active, ignores=False)
    names = {rule.code: frozenset(name.lower() for name in (rule.code, rule.name, *rule.aliases)) for rule in active}
    each = ignores(doc, as_hadolint=as_hadolint)
    wanted = [item for item in findings if not any(ignore.silences(item, names[item.code]) for ignore in each)]
    assert kept(findings, doc, active, as_hadolint=as_hadolint) == wanted
