"""Which comments are an ignore, ours and hadolint's, and what they cover."""

from __future__ import annotations

import pytest

from dockerlint.lint.analysis.build_state import Settings
from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.engine.checker import check
from dockerlint.lint.engine.registry import find
from dockerlint.lint.engine.suppressions import ignores
from dockerlint.lint.syntax.parser import parse

ROOT = "FROM debian:12\n{}\nUSER root\n"


def lines(text: str, *codes: str, preset: str = "all") -> list[int]:
    """The lines with a finding of these rules."""
    rules = [rule for code in codes if (rule := find(code))]
    assert len(rules) == len(codes)
    doc = parse(text)
    return [doc.line(item.span.start) for item in check(doc, Facts(doc, settings=Settings(preset=preset)), rules)]


HADOLINTS = [
    "# hadolint ignore=DL3002",
    "#hadolint ignore=DL3002",
    "#  hadolint\t ignore = DL3002 ",
    "# hadolint ignore=DL3001,DL3002",
    "# hadolint ignore=DL3001 ,\tDL3002",
    "# hadolint ignore=SC1,DL9999,DL3002",
    "# hadolint ignore=DL3002 # the entrypoint drops the rights",
    "   # hadolint ignore=DL3002",
    "# hadolint global ignore=DL3002",
]
NOT_HADOLINTS = [
    "# hadolint ignore=crazy,DL3002",
    "# hadolint ignore=DL3002,crazy",
    "# hadolint ignore=DL3002,",
    "# hadolint ignore=DL3002,,DL3001",
    "# hadolint ignore=dl3002",
    "# hadolint ignore=DL300",
    "# hadolint ignore=DL30021",
    "# hadolint ignore=DF101,DL3002",
    "# hadolint ignore=DL3002 the entrypoint drops the rights",
    "# hadolint ignore=DL3002;DL3001",
    "# hadolint ignore:DL3002",
    "# hadolint ignore=all",
    "# hadolint ignore=last-user-root",
    "# Hadolint ignore=DL3002",
    "# hadolint globalignore=DL3002",
    "# see hadolint ignore=DL3002",
]
OWN = [
    "# dlint ignore=DL3002",
    "# dlint ignore=dl3002",
    "# dlint ignore=last-user-root",
    "# dlint ignore=DL3",
    "# dlint ignore=DL3004,DL3002",
    "# dlint ignore=crazy,DL3002",
    "# dlint ignore=DL3002 the entrypoint drops the rights",
    "# dlint ignore=DL3002: the entrypoint drops the rights",
    "# dlint ignore=DL3002 , DL3004 the entrypoint drops the rights",
    "# dlint ignore=all",
    "# dlint global ignore=DL3002",
]
NOT_OWN = [
    "# dlint ignore=DL30021",
    "# dlint ignore=DL4",
    "# dlint ignore=last-user",
    "# dlint ignore=last",
    "# dlint ignore",
    "# dlint ignore= ",
    "# why: DL3002 dlint ignore=DL3002",
    "# dlint ignored=DL3002",
]


@pytest.mark.parametrize("preset", ["all", "hadolint"])
@pytest.mark.parametrize("comment", [*HADOLINTS, *OWN])
def test_it_ignores(comment: str, preset: str) -> None:
    assert lines(ROOT.format(comment), "DL3002", preset=preset) == []


@pytest.mark.parametrize("preset", ["all", "hadolint"])
@pytest.mark.parametrize("comment", [*NOT_HADOLINTS, *NOT_OWN])
def test_it_ignores_nothing(comment: str, preset: str) -> None:
    assert lines(ROOT.format(comment), "DL3002", preset=preset) == [3]


def test_an_alias_is_a_name() -> None:
    text = "FROM debian:12\n# dlint ignore=DuplicateStageName on purpose\n# dlint ignore=MaintainerDeprecated\nMAINTAINER a\n"
    assert lines(text, "DL4000") == []


# What stands between an ignore and its instruction; whether it still holds, and whether it does for hadolint.
PLACES = [
    ("{}\n\nUSER root\n", False, False),
    ("{}\n   \nUSER root\n", False, False),
    ("{}\n# why\nUSER root\n", True, False),
    ("{}\n#\n# why\n  USER root\n", True, False),
    ("{}\n# why\n\nUSER root\n", False, False),
    ("{}\n\n# why\nUSER root\n", False, False),
    ("# why\n{}\nUSER root\n", True, True),
    ("{}\nRUN make\nUSER root\n", False, False),
    ("USER \\\n{}\n  root\n", True, False),
    ("RUN make \\\n{}\n  all\nUSER root\n", False, False),
    ("USER root\n{}\n", False, False),
    ("{}\r\nUSER root\r\n", True, True),
]


@pytest.mark.parametrize(("text", "ours", "hadolints"), PLACES)
def test_an_ignore_holds_for_the_instruction_directly_below(text: str, ours: bool, hadolints: bool) -> None:
    whole = "FROM debian:12\n" + text.format("# hadolint ignore=DL3002")
    assert (lines(whole, "DL3002") == []) is ours
    assert (lines(whole, "DL3002", preset="hadolint") == []) is hadolints
    own = "FROM debian:12\n" + text.format("# dlint ignore=DL3002 why")
    assert (lines(own, "DL3002", preset="hadolint") == []) is ours


def test_two_ignores_add_up() -> None:
    text = "FROM debian:12\n# hadolint ignore=DL3002\n# dlint ignore=DL3066\nUSER root\n"
    assert lines(text, "DL3002", "DL3066") == []


def test_an_ignore_of_a_stage_holds_for_it_and_no_other() -> None:
    text = "FROM a\nUSER root\n\n# {} stage ignore=DL3002,DL3006\n\n# why\nFROM b\nUSER root\nRUN x\nUSER 0\nFROM c\nUSER root\n"
    for tool in ("dlint", "hadolint"):
        assert lines(text.format(tool), "DL3002", "DL3006") == [1, 2, 11, 12]


def test_above_the_first_stage_other_things_may_come_between() -> None:
    text = "# dlint stage ignore=DL3002\n\nARG X\nFROM a:1\nUSER root\nFROM b:1\nUSER root\n"
    assert lines(text, "DL3002") == [7]


@pytest.mark.parametrize(
    "text", ["FROM a:1\n# dlint stage ignore=DL3002\nUSER root\n", "# dlint stage ignore=DL3002\nRUN x\n"]
)
def test_an_ignore_of_a_stage_must_stand_above_its_from(text: str) -> None:
    assert ignores(parse(text)) == ()


# Measured with hadolint 2.15.1: it counts from the second line below to the next FROM, this included.
STAGES_OF_HADOLINT = [
    ("# hadolint stage ignore=DL3002,DL3006\nFROM a\nUSER root\nFROM b\nUSER root\n", [2, 5]),
    ("# hadolint stage ignore=DL3002,DL3006\n\nFROM a\nUSER root\nFROM b\nUSER root\n", [4, 5, 6]),
    ("FROM a\nUSER root\n# hadolint stage ignore=DL3002,DL3006\nFROM b\nUSER root\n", [1, 2, 4]),
    ("FROM a\n# hadolint stage ignore=DL3002\nUSER root\n", [1, 3]),
    ("FROM a\nUSER root\n# hadolint stage ignore=DL3002", [1, 2]),
]


@pytest.mark.parametrize(("text", "expected"), STAGES_OF_HADOLINT)
def test_stages_as_hadolint_counts_them(text: str, expected: list[int]) -> None:
    assert lines(text, "DL3002", "DL3006", preset="hadolint") == expected


def test_an_ignore_of_the_file_holds_wherever_it_stands() -> None:
    text = "FROM a:1\nUSER root\nFROM b:1\nUSER root\n# {} global ignore=DL3002\n"
    for tool in ("dlint", "hadolint"):
        assert lines(text.format(tool), "DL3002") == []


def test_without_inline_ignores_nothing_is_silenced() -> None:
    rule = find("DL3002")
    assert rule is not None
    doc = parse(ROOT.format("# dlint ignore=DL3002"))
    assert check(doc, Facts(doc), [rule]) == []
    assert len(check(doc, Facts(doc), [rule], ignores=False)) == 1


def test_a_long_list_is_read_in_no_time() -> None:
    names = ",".join(["DL3001"] * 50_000)
    assert lines(ROOT.format(f"# hadolint ignore={names} crazy"), "DL3002") == [3]
