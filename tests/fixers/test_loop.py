"""The fix loop: conflicts, fixes that break the file, fixes that undo each other, and where it ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from dockerlint.fixers.edits import apply
from dockerlint.fixers.loop import ENDLESS, fix
from dockerlint.lint.analysis.build_state import Settings
from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.catalogue.basis import Basis
from dockerlint.lint.engine.checker import check
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Saving
from dockerlint.lint.engine.registry import rules
from dockerlint.lint.syntax.nodes import Dockerfile
from dockerlint.lint.syntax.span import Edit, Span

SAFE, UNSAFE, DISPLAY = Applicability.SAFE, Applicability.UNSAFE, Applicability.DISPLAY
Find = Callable[[Dockerfile], list[Finding]]


def replacing(*pairs: tuple[str, str], code: str = "XX", level: Applicability = SAFE) -> Find:
    """A rule that finds the first places of some texts, each with a fix that writes another in its place."""

    def find(doc: Dockerfile) -> list[Finding]:
        found = []
        for old, new in pairs:
            at = doc.text.find(old)
            if at >= 0:
                span = Span(at, at + len(old))
                found.append(Finding(span, "found", Fix(f"write {new}", (Edit(span, new),), level), code))
        return found

    return find


def both(*finds: Find) -> Find:
    return lambda doc: [finding for find in finds for finding in find(doc)]


def test_until_nothing_is_left() -> None:
    outcome = fix("FROM a\nRUN one\n", replacing(("one", "two"), ("two", "three")))
    assert outcome.text == "FROM a\nRUN three\n"
    assert [item.title for item in outcome.applied] == ["write two", "write three"]
    assert [item.line for item in outcome.applied] == [2, 2]


@pytest.mark.parametrize(
    ("level", "unsafe", "text"),
    [(SAFE, False, "RUN b"), (UNSAFE, False, "RUN a"), (UNSAFE, True, "RUN b"), (DISPLAY, True, "RUN a")],
)
def test_only_what_may_be_trusted(level: Applicability, unsafe: bool, text: str) -> None:
    assert fix("RUN a", replacing(("RUN a", "RUN b"), level=level), unsafe=unsafe).text == text


def test_a_fix_that_breaks_the_file_is_dropped_and_the_others_are_made() -> None:
    find = both(replacing(("RUN one", "RUNE one"), code="BAD"), replacing(("EXPOSE 1", "EXPOSE 2"), code="GOOD"))
    outcome = fix("FROM a\nRUN one\nEXPOSE 1\n", find)
    assert outcome.text == "FROM a\nRUN one\nEXPOSE 2\n"
    assert [(item.code, item.line, item.reason) for item in outcome.dropped] == [("BAD", 2, "the result would not parse")]
    assert [item.code for item in outcome.applied] == ["GOOD"]


def test_a_file_that_does_not_parse_is_fixed_all_the_same() -> None:
    outcome = fix("FROM a\nRUNE one\nEXPOSE 1\n", replacing(("EXPOSE 1", "EXPOSE 2")))
    assert outcome.text == "FROM a\nRUNE one\nEXPOSE 2\n"


def test_fixes_that_only_break_the_file_together() -> None:
    # each alone leaves a file that parses; the second one that comes is guilty
    def find(doc: Dockerfile) -> list[Finding]:
        found = []
        for name, other in (("a", "x"), ("b", "y")):
            at = doc.text.find(f"FROM {name}\n")
            if at >= 0:
                span = Span(at, at + 7)
                fixed = Fix(other, (Edit(span, f"RUN {other}\n"),), SAFE)
                found.append(Finding(span, "found", fixed, name))
        return found

    outcome = fix("FROM a\nEXPOSE 1\nFROM b\n", find)
    assert not [line for line in outcome.text.splitlines() if line.startswith("RUNE")]
    assert outcome.text == fix(outcome.text, find).text


def test_fixes_that_undo_each_other_end() -> None:
    outcome = fix("FROM a\nRUN one\n", replacing(("one", "two"), ("two", "one")))
    assert outcome.text == "FROM a\nRUN two\n"
    assert [item.reason for item in outcome.dropped] == ["it undoes another fix"]


def test_a_fix_that_changes_nothing_ends() -> None:
    outcome = fix("FROM a\nRUN one\n", replacing(("one", "one")))
    assert outcome.text == "FROM a\nRUN one\n"
    assert len(outcome.dropped) == 1


def test_rules_that_feed_each_other_end() -> None:
    outcome = fix("FROM a\nRUN one\n", replacing(("one", "one one")))
    assert outcome.text == "FROM a\nRUN one\n"
    assert [(item.code, item.reason) for item in outcome.dropped] == [("XX", ENDLESS)]


def test_overlapping_edits_of_one_fix_are_not_made() -> None:
    def find(doc: Dockerfile) -> list[Finding]:
        edits = (Edit(Span(0, 6), "FROM b"), Edit(Span(5, 6), "c"))
        return [Finding(Span(0, 1), "found", Fix("torn", edits, SAFE), code="XX")]

    outcome = fix("FROM a\n", find)
    assert outcome.text == "FROM a\n"
    assert [item.reason for item in outcome.dropped] == ["its edits overlap"]


def two_edits(doc: Dockerfile) -> list[Finding]:
    """A fix with an edit in the first and in the last instruction; whole or not at all."""
    if "one" not in doc.text or "three" not in doc.text:
        return []
    edits = tuple(Edit(Span(doc.text.find(old), doc.text.find(old) + len(old)), new) for old, new in (("one", "1"), ("three", "3")))
    return [Finding(Span(0, 4), "found", Fix("both", edits, SAFE), code="PAIR")]


@pytest.mark.parametrize(("pair", "single", "text"), [(2.0, 1.0, "1 two 3"), (1.0, 2.0, "one TWO three")])
def test_of_conflicting_fixes_the_bigger_saving_goes_first(pair: float, single: float, text: str) -> None:
    seconds = {"PAIR": pair, "TWO": single}

    def single_find(doc: Dockerfile) -> list[Finding]:
        # it holds for one pass only, so that the one that goes first is seen
        return replacing(("two", "TWO"), code="TWO")(doc) if "one" in doc.text else []

    def pair_find(doc: Dockerfile) -> list[Finding]:
        return two_edits(doc) if "two" in doc.text else []

    def worth(doc: Dockerfile, findings: Sequence[Finding]) -> Sequence[Saving | None]:
        return [Saving(0, seconds[finding.code], Basis.HEURISTIC) for finding in findings]

    outcome = fix("FROM one\nRUN two\nRUN three\n", both(single_find, pair_find), worth=worth)
    assert " ".join(line.split()[-1] for line in outcome.text.splitlines()) == text


def test_fixes_far_apart_are_made_in_one_pass() -> None:
    calls = []

    def find(doc: Dockerfile) -> list[Finding]:
        calls.append(doc.text)
        return replacing(("one", "1"), ("three", "3"))(doc)

    assert fix("FROM one\nRUN two\nRUN three\n", find).text == "FROM 1\nRUN two\nRUN 3\n"
    assert len(calls) == 2


@pytest.mark.parametrize(
    "text",
    [
        "FROM a\r\nRUN one  \r\n\r\n  # c\r\nRUN b\r\n",
        "\ufeffFROM a\nRUN one\n",
        "FROM a\nRUN one",
        "FROM a\nRUN one \udc80\udcff\n",
        "# escape=`\nFROM a\nRUN one `\n  b\n",
        "FROM a\n\t RUN\tone\t\n\n\n",
        "FROM a\nRUN <<E\none\n\tb\nE\n",
    ],
)
def test_nothing_else_moves(text: str) -> None:
    assert fix(text, replacing(("one", "1"))).text == text.replace("one", "1")


def test_many_fixes_that_wait_for_each_other() -> None:
    # each pass can make but one of them
    copies = [f"COPY f{number} /data/f{number}\n" for number in range(150)]
    install = "RUN dnf install -y httpd\n"
    rule = next(rule for rule in rules() if rule.code == "DF102")

    def find(doc: Dockerfile) -> list[Finding]:
        return check(doc, Facts(doc, settings=Settings(preset="all")), [rule])

    outcome = fix("FROM fedora:40\n" + "".join(copies[:99]) + install, find)
    assert outcome.text == "FROM fedora:40\n" + install + "".join(copies[:99])
    far = fix("FROM fedora:40\n" + "".join(copies) + install, find).text
    assert fix(far, find).text == far




def test_many_findings_at_once() -> None:
    text = "FROM a\n" + "RUN one\n" * 2000

    def find(doc: Dockerfile) -> list[Finding]:
        spans = [Span(node.span.start + 4, node.span.end) for node in doc.instructions[1:] if "one" in doc.source(node.span)]
        return [Finding(span, "found", Fix("two", (Edit(span, "two"),), SAFE), code="XX") for span in spans]

    assert fix(text, find).text == text.replace("one", "two")


def priced(costs: dict[str, float]) -> dict[str, Callable[..., object]]:
    """Prices by words: a text takes the seconds of those that are in it."""

    def seconds(text: str) -> float:
        return sum(cost for word, cost in costs.items() if word in text)

    def saving(before: str, after: str) -> Saving | None:
        saved = seconds(before) - seconds(after)
        return Saving(0, saved, Basis.HEURISTIC) if saved else None

    def worth(doc: Dockerfile, findings: Sequence[Finding]) -> list[Saving | None]:
        return [saving(doc.text, apply(doc.text, item.fix.edits)) if item.fix else None for item in findings]

    return {"worth": worth, "whole": lambda before, after: saving(before.text, after.text)}


def test_what_costs_more_than_it_saves_is_not_made() -> None:
    find = both(replacing(("one", "ONE"), code="DF103"), replacing(("two", "TWO"), code="DF201"))
    outcome = fix("FROM a\nRUN one\nRUN two\n", find, **priced({"ONE": 3, "two": 1}))  # type: ignore[arg-type]
    assert outcome.text == "FROM a\nRUN one\nRUN TWO\n"
    assert outcome.declined == {("DF103", "one")}
    assert not outcome.dropped
    assert fix(outcome.text, find, **priced({"ONE": 3, "two": 1})).text == outcome.text  # type: ignore[arg-type]


def test_what_only_pays_together_is_made_together() -> None:
    # each of the two costs as long as the other is there
    find = both(replacing(("one", "1"), code="DF103"), replacing(("two", "2"), code="DF103"))

    def seconds(text: str) -> float:
        return 1.0 if "1\nRUN 2" in text else 5.0 if "1" in text or "2" in text else 3.0

    def saving(before: str, after: str) -> Saving:
        return Saving(0, seconds(before) - seconds(after), Basis.HEURISTIC)

    outcome = fix(
        "FROM a\nRUN one\nRUN two\n",
        find,
        worth=lambda doc, findings: [saving(doc.text, apply(doc.text, item.fix.edits)) if item.fix else None for item in findings],
        whole=lambda before, after: saving(before.text, after.text),
    )
    assert outcome.text == "FROM a\nRUN 1\nRUN 2\n"


def test_a_set_that_costs_more_than_it_saves_loses_its_dearest_rule() -> None:
    # no fix is dear by itself: what they leave together is
    find = both(replacing(("one", "1"), code="DF103"), replacing(("two", "2"), code="DF201"), replacing(("three", "3"), code="DL3020"))

    def seconds(text: str) -> float:
        return 9.0 if "1" in text and "2" in text else 3.0 - ("1" in text) - 2 * ("2" in text)

    def saving(before: str, after: str) -> Saving | None:
        saved = seconds(before) - seconds(after)
        return Saving(0, saved, Basis.HEURISTIC) if saved else None

    outcome = fix(
        "FROM a\nRUN one\nRUN two\nRUN three\n",
        find,
        worth=lambda doc, findings: [saving(doc.text, apply(doc.text, item.fix.edits)) if item.fix else None for item in findings],
        whole=lambda before, after: saving(before.text, after.text),
    )
    assert outcome.text == "FROM a\nRUN one\nRUN 2\nRUN 3\n"
    assert outcome.declined == {("DF103", "one")}


def test_a_rule_that_is_not_there_to_save_may_cost() -> None:
    find = both(replacing(("one", "ONE"), code="DF401"), replacing(("two", "TWO"), code="DF201"))
    outcome = fix("FROM a\nRUN one\nRUN two\n", find, **priced({"ONE": 3, "two": 1}))  # type: ignore[arg-type]
    assert outcome.text == "FROM a\nRUN ONE\nRUN TWO\n"
    assert outcome.declined == frozenset()
