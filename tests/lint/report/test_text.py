from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import pytest

from dockerlint.lint.catalogue.basis import Basis
from dockerlint.lint.engine.file_report import FileReport, Fixed, Gain, Priced
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Saving, Severity
from dockerlint.lint.engine.rule import Rule
from dockerlint.lint.report.escaping import visible
from dockerlint.lint.report.excerpt import excerpt
from dockerlint.lint.report.places import place
from dockerlint.lint.report.render import ReportOptions, render
from dockerlint.lint.report.saving_text import duration, phrase, size
from dockerlint.lint.report.text import changes
from dockerlint.lint.syntax.parser import parse
from dockerlint.lint.syntax.span import Edit, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

FIXED = (
    Fixed("DF101", "moved the copy", 3, "`COPY . .` stands above it", Saving(0, 30, Basis.HEURISTIC)),
    Fixed("DF103", "mounted", 4, "no cache is mounted"),
)
TEXT = "FROM debian\nRUN apt-get update && \\\n    apt-get install curl\nCOPY . .\n"


def nothing(doc: object, facts: object) -> Iterator[Finding]:
    return iter(())


def priced(
    text: str,
    wanted: str,
    code: str = "DF101",
    severity: Severity = Severity.WARNING,
    saving: Saving | None = None,
    safety: Applicability | None = None,
    message: str = "something is off",
) -> Priced:
    """A finding about the first `wanted` in `text`."""
    start = text.index(wanted)
    span = Span(start, start + len(wanted))
    fix = None if safety is None else Fix("mend it", (Edit(span, ""),), safety)
    rule = Rule(code, f"name-{code.lower()}", severity, (), True, nothing, lambda: "Summary.\n\nWhy.")
    return Priced(Finding(span, message, fix, code), rule, severity, saving, span if fix else None)


def shown(text: str, *items: Priced, path: str = "Dockerfile", **options: object) -> str:
    return render("text", [FileReport(path, parse(text), items)], ReportOptions(**options))  # type: ignore[arg-type]


def test_piped_is_one_line_a_finding_and_a_summary() -> None:
    saving = Saving(228e6, 43, Basis.HEURISTIC)
    item = priced(TEXT, "COPY . .", saving=saving, safety=Applicability.SAFE)
    assert shown(TEXT, item) == (
        "Dockerfile:4:1: DF101 warning: something is off [*] (saves 228 MB, 43 s a rebuild, heuristic)\n"
        "1 finding (1 warning), 1 fixable with --fix; worth about 228 MB and 43 s a rebuild\n"
    )


def test_the_line_that_sums_up_says_what_a_rebuild_is() -> None:
    def of(seconds: float) -> str:
        item = priced(TEXT, "COPY . .", saving=Saving(228e6, seconds, Basis.HEURISTIC), safety=Applicability.SAFE)
        return shown(TEXT, item, rebuild=lambda: "70% after an edit")

    assert of(43).endswith("worth about 228 MB and 43 s a rebuild (70% after an edit)\n")
    assert of(0).endswith("worth about 228 MB\n")


def test_bytes_that_two_fixes_of_a_place_save_are_told_once() -> None:
    place_ = "RUN apt-get update"
    first, again = (
        priced(TEXT, place_, code, saving=Saving(20e6, seconds, Basis.HEURISTIC), safety=Applicability.UNSAFE)
        for code, seconds in (("DF103", 3), ("DL3009", 0))
    )
    other = priced(TEXT, "COPY . .", saving=Saving(20e6, 0, Basis.HEURISTIC), safety=Applicability.SAFE)
    text = shown(TEXT, first, again, other)
    assert text.count("saves 20 MB") == 2
    assert "DL3009 warning: something is off [?]\n" in text
    assert text.endswith("worth about 40 MB and 3.0 s a rebuild\n")


def test_the_summary_counts_levels_and_fixes() -> None:
    items = (
        priced(TEXT, "debian", severity=Severity.ERROR, safety=Applicability.SAFE),
        priced(TEXT, "curl", severity=Severity.ERROR, safety=Applicability.UNSAFE),
        priced(TEXT, "COPY", severity=Severity.STYLE, safety=Applicability.DISPLAY),
    )
    last = shown(TEXT, *items).splitlines()[-1]
    assert last == "3 findings (2 errors, 1 style), 1 fixable with --fix, 1 more with --unsafe-fixes"
    assert shown(TEXT, items[1]).splitlines()[-1] == "1 finding (1 error), 1 fixable with --unsafe-fixes"
    assert shown(TEXT) == "no findings in 1 file\n"
    assert shown(TEXT, items[2], quiet=True) == "Dockerfile:4:1: DF101 style: something is off\n"


def test_the_most_valuable_comes_first_then_the_worst_then_by_place() -> None:
    items = (
        priced(TEXT, "FROM", code="DF1", severity=Severity.INFO),
        priced(TEXT, "debian", code="DF2", severity=Severity.ERROR),
        priced(TEXT, "RUN", code="DF3", saving=Saving(0, 1, Basis.HEURISTIC)),
        priced(TEXT, "apt-get update", code="DF4", saving=Saving(500e6, 0, Basis.HEURISTIC)),
        priced(TEXT, "COPY", code="DF5", severity=Severity.ERROR),
    )
    codes = [line.split()[1] for line in shown(TEXT, *items, quiet=True).splitlines()]
    assert codes == ["DF4", "DF3", "DF2", "DF5", "DF1"]


def test_on_a_terminal_the_place_is_underlined() -> None:
    item = priced(TEXT, "debian", saving=Saving(0, 4.2, Basis.MEASURED), safety=Applicability.UNSAFE)
    assert shown(TEXT, item, excerpts=True, quiet=True).splitlines() == [
        "DF101 warning name-df101 [?] Dockerfile:1:6",
        "  something is off",
        "  1 | FROM debian",
        "    |      ^^^^^^",
        "  fix: mend it",
        "  saves 4.2 s a rebuild (measured)",
        "",
    ]


def test_several_lines_show_the_first_one() -> None:
    lines = shown(TEXT, priced(TEXT, "apt-get update && \\\n    apt-get"), excerpts=True).splitlines()
    assert lines[2:4] == ["  2 | RUN apt-get update && \\", "    |     ^^^^^^^^^^^^^^^^^^^..."]


def test_colour_is_there_only_when_asked_for() -> None:
    item = priced(TEXT, "debian")
    assert "\x1b[" in shown(TEXT, item, excerpts=True, colour=True)
    assert "\x1b" not in shown(TEXT, item, excerpts=True)


def columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("RUN\techo x", "echo"),
        ("RUN echo 漢字 && cat", "cat"),
        ("RUN echo \x1b[31mred && cat", "cat"),
        ("RUN echo \udcff && cat", "cat"),
        ("RUN " + "x" * 500 + " cat " + "y" * 500, "cat"),
        ("RUN " + "漢" * 500 + " cat " + "字" * 500, "cat"),
        ("RUN cat " + "y" * 500, "cat " + "y" * 500),
        ("\ufeffRUN cat", "cat"),
    ],
)
def test_the_underline_stands_under_the_place(line: str, wanted: str) -> None:
    text = f"{line}\n"
    start = text.index(wanted)
    part = excerpt(parse(text), Span(start, start + len(wanted)), 80)
    whole = part.before + part.marked + part.after
    assert part.marked.startswith("cat") or part.marked == wanted
    assert columns(part.before) == part.indent
    assert part.underline == "^" * columns(part.marked)
    assert columns(whole) + len(part.number) + 5 <= 80
    assert "\x1b" not in whole
    assert "\t" not in whole


def test_a_line_of_ten_megabytes_is_cut_at_once() -> None:
    text = "RUN echo " + "x" * 10_000_000 + " cat\n"
    part = excerpt(parse("RUN x\n"), Span(0, 0), 80)
    assert part.number == "1"
    doc = parse(text)
    part = excerpt(doc, Span(len(text) - 4, len(text) - 1), 80)
    assert (part.before[0], part.marked) == ("…", "cat")


def test_an_empty_file_can_be_shown() -> None:
    item = Priced(Finding(Span(0, 0), "there is nothing", code="DL1000"), priced(TEXT, "debian").rule, Severity.ERROR)
    assert "^" in shown("", item, excerpts=True)


def test_nothing_of_a_file_acts_on_the_terminal() -> None:
    item = priced(TEXT, "debian", message="a \x1b[2J b \r\n c \u202e d \udc9b")
    line = shown(TEXT, item, path="x\x07y", quiet=True)
    assert line == "x\\x07y:1:6: DF101 warning: a \\x1b[2J b \\r\\n c \\u202e d \\x9b\n"
    assert visible("é漢🐳") == "é漢🐳"


def test_statistics_count_codes() -> None:
    items = (priced(TEXT, "FROM", code="DF2"), priced(TEXT, "RUN"), priced(TEXT, "COPY"))
    lines = shown(TEXT, *items, statistics=True).splitlines()
    assert [line.split() for line in lines[:2]] == [["2", "DF101", "name-df101"], ["1", "DF2", "name-df2"]]


def test_fixes_that_were_made() -> None:
    report = FileReport("Dockerfile", parse(TEXT), (), FIXED)
    assert list(changes(report, "fixed")) == [
        "Dockerfile: fixed 2 findings, worth about 30 s a rebuild",
        "  line 3: DF101 moved the copy: saves 30 s a rebuild (heuristic)",
        "    `COPY . .` stands above it",
        "  line 4: DF103 mounted",
        "    no cache is mounted",
    ]


def test_the_figures_of_the_whole_file_before_and_after_its_fixes() -> None:
    gain = Gain((1.25e9, 9.5e8), (43.0, 0.5))
    head, *_ = changes(FileReport("Dockerfile", parse(TEXT), (), FIXED, gain), "fixed")
    assert head == "Dockerfile: fixed 2 findings, image 1,250 MB -> 950 MB, build after a source edit 43 s -> 0.5 s"


def test_figures_that_stay_as_they_are_are_not_told() -> None:
    gain = Gain((1.25e9, 1.25e9), None)
    head, *_ = changes(FileReport("Dockerfile", parse(TEXT), (), FIXED, gain), "fixed")
    assert head == "Dockerfile: fixed 2 findings, worth about 30 s a rebuild"


def test_what_is_left_for_unsafe_fixes() -> None:
    items = (priced(TEXT, "COPY", safety=Applicability.UNSAFE), priced(TEXT, "RUN"))
    assert list(changes(FileReport("Dockerfile", parse(TEXT), items), "would fix")) == [
        "Dockerfile: would fix nothing",
        "  left for --unsafe-fixes:",
        "    line 4: DF101 mend it",
    ]


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (12_345, "12 kB"),
        (1_500_000, "1.5 MB"),
        (228e6, "228 MB"),
        (999.9e6, "1.0 GB"),
        (34.5e9, "34 GB"),
    ],
)
def test_sizes(count: float, words: str) -> None:
    assert size(count) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.42, "0.4 s"), (9.97, "10 s"), (43.4, "43 s"), (119, "119 s"), (150, "2 min"), (11_520, "3 h 12 min")],
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("saving", "words"),
    [
        (None, ""),
        (Saving(100, 0.01, Basis.HEURISTIC), ""),
        (Saving(5e6, 0, Basis.INDEXED), "saves 5.0 MB (indexed)"),
        (Saving(-5e6, 20, Basis.INDEXED), "saves 20 s a rebuild, costs 5.0 MB (indexed)"),
    ],
)
def test_phrases(saving: Saving | None, words: str) -> None:
    assert phrase(saving) == words


def test_a_byte_order_mark_is_no_column() -> None:
    doc = parse("\ufeffFROM a\nRUN b\n")
    assert place(doc, Span(1, 5)) == (1, 1, 1, 5)
    assert place(doc, Span(0, 1)) == (1, 1, 1, 1)
    assert place(doc, Span(8, 11)) == (2, 1, 2, 4)
