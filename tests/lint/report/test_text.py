from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from dockerlint.lint.catalogue.basis import Basis
from dockerlint.lint.engine.file_report import FileReport, Fixed, Gain, Priced
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Saving, Severity
from dockerlint.lint.engine.rule import Rule
from dockerlint.lint.report.escaping import visible
from dockerlint.lint.report.excerpt import excerpt
from dockerlint.lint.report.fix_text import changes
from dockerlint.lint.report.places import place
from dockerlint.lint.report.render import ReportOptions, render
from dockerlint.lint.report.saving_text import duration, phrase, size
from dockerlint.lint.report.text import HEADINGS
from dockerlint.lint.report.wrapping import wrapped
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
        "Dockerfile:4:1: DF101 warning: something is off [*] (saves about 230 MB and about 43 s a rebuild)\n"
        "1 finding (1 warning), 1 fixable with --fix; all fixes together save about 230 MB and about 43 s a rebuild, or more\n"
        "[*] safe fix: dlint --fix\n"
    )


def test_where_the_figures_are_from_is_told_once_where_there_are_figures() -> None:
    def of(seconds: float) -> list[str]:
        item = priced(TEXT, "COPY . .", saving=Saving(0, seconds, Basis.HEURISTIC), safety=Applicability.SAFE)
        return shown(TEXT, item, item, rebuild=lambda: "these are estimates").splitlines()

    assert of(43)[-2:] == ["these are estimates", "[*] safe fix: dlint --fix"]
    assert "these are estimates" not in of(0)


def test_bytes_that_two_fixes_of_a_place_save_are_told_once() -> None:
    place_ = "RUN apt-get update"
    first, again = (
        priced(TEXT, place_, code, saving=Saving(20e6, seconds, Basis.HEURISTIC), safety=Applicability.UNSAFE)
        for code, seconds in (("DF103", 3), ("DL3009", 0))
    )
    other = priced(TEXT, "COPY . .", saving=Saving(20e6, 0, Basis.HEURISTIC), safety=Applicability.SAFE)
    text = shown(TEXT, first, again, other)
    assert text.count("(saves about 20 MB") == 2
    assert "DL3009 warning: something is off [?]\n" in text
    assert "save about 40 MB and about 3.0 s a rebuild, or more\n" in text


def test_bytes_and_seconds_of_remedies_that_leave_each_other_alone_add_up() -> None:
    whole = priced(TEXT, TEXT, "DF101", saving=Saving(0, 30, Basis.HEURISTIC), safety=Applicability.SAFE)
    sizes = [
        priced(TEXT, place_, code, saving=Saving(size_, seconds, Basis.HEURISTIC), safety=Applicability.SAFE)
        for place_, code, size_, seconds in (("debian", "DL1", 20e6, 0), ("curl", "DL2", 8e6, 2), ("COPY", "DL3", -1e6, 0))
    ]
    assert "; all fixes together save about 27 MB and about 30 s a rebuild, or more\n" in shown(TEXT, whole, *sizes)


def test_the_summary_counts_levels_and_fixes() -> None:
    items = (
        priced(TEXT, "debian", severity=Severity.ERROR, safety=Applicability.SAFE),
        priced(TEXT, "curl", severity=Severity.ERROR, safety=Applicability.UNSAFE),
        priced(TEXT, "COPY", severity=Severity.STYLE, safety=Applicability.DISPLAY),
    )
    *_, last, signs = shown(TEXT, *items).splitlines()
    assert signs == "[*] safe fix: dlint --fix; [?] fix that may change what the image does: dlint --fix --unsafe-fixes"
    assert last == "3 findings (2 errors, 1 style), 1 fixable with --fix, 1 more with --unsafe-fixes"
    assert shown(TEXT, items[1]).splitlines()[-2] == "1 finding (1 error), 1 fixable with --unsafe-fixes"
    assert shown(TEXT) == "no findings in 1 file\n"
    assert shown(TEXT, items[2], quiet=True) == "Dockerfile:4:1: DF101 style: something is off\n"


def test_errors_and_security_come_first_then_what_saves_most_then_the_rest() -> None:
    items = (
        priced(TEXT, "FROM", code="DF101", severity=Severity.INFO),
        priced(TEXT, "debian", code="DF102", severity=Severity.ERROR),
        priced(TEXT, "RUN", code="DF103", saving=Saving(0, 1, Basis.HEURISTIC), safety=Applicability.SAFE),
        priced(TEXT, "apt-get update", code="DF104", saving=Saving(500e6, 0, Basis.HEURISTIC), safety=Applicability.UNSAFE),
        priced(TEXT, "apt-get install", code="DF402", severity=Severity.WARNING),
        priced(TEXT, "curl", code="DF401", severity=Severity.INFO),
        priced(TEXT, "COPY", code="DF105", severity=Severity.ERROR),
        priced(TEXT, ". .", code="DF106", severity=Severity.WARNING),
    )
    codes = [line.split()[1] for line in shown(TEXT, *items, quiet=True).splitlines()]
    assert codes == ["DF102", "DF105", "DF402", "DF104", "DF103", "DF106", "DF101", "DF401"]
    lines = shown(TEXT, *items, quiet=True, excerpts=True).splitlines()
    assert [line for line in lines if line in HEADINGS.values()] == list(HEADINGS.values())


def test_findings_of_one_cause_are_one_row() -> None:
    saving = Saving(8e6, 0, Basis.HEURISTIC)
    items = (
        replace(priced(TEXT, "RUN", code="DF202", severity=Severity.WARNING), cause=0, rank=1),
        replace(priced(TEXT, "RUN", severity=Severity.INFO, safety=Applicability.SAFE, saving=saving), cause=0),
        replace(priced(TEXT, "curl", code="DL3009", safety=Applicability.UNSAFE), cause=0, rank=2),
        priced(TEXT, "debian", code="DF401"),
    )
    first, second, total, signs = shown(TEXT, *items).splitlines()
    assert first == "Dockerfile:1:6: DF401 warning: something is off"
    assert second == "Dockerfile:2:1: DF101 warning: something is off [*] (saves about 8.0 MB; also DF202, DL3009 (line 3))"
    assert total.startswith("4 findings (3 warnings, 1 info) of 2 problems, 1 fixable with --fix; ")
    assert signs == "[*] safe fix: dlint --fix"


def test_the_fix_of_another_finding_of_the_cause_is_told_by_its_code() -> None:
    items = (
        replace(priced(TEXT, "RUN", code="DF419"), cause=3),
        replace(priced(TEXT, "RUN", code="DF401", safety=Applicability.UNSAFE), cause=3, rank=1),
    )
    lines = shown(TEXT, *items, excerpts=True, quiet=True).splitlines()
    assert lines[0] == "DF419 warning name-df419 [?] Dockerfile:2:1"
    assert lines[4:] == ["  [?] fix (DF401): mend it", "  also DF401", ""]


@pytest.mark.parametrize("columns_", [30, 40, 80, 200])
def test_text_is_broken_between_words_at_the_width_of_the_terminal(columns_: int) -> None:
    message = "`COPY . .` comes before `npm install`, 漢字漢字漢字 and " + "y" * 50 + ": every edit installs all of it again"
    item = priced(TEXT, "COPY . .", message=message, safety=Applicability.SAFE, saving=Saving(5e6, 0, Basis.HEURISTIC))
    text = shown(TEXT, item, path="services/api/Dockerfile", excerpts=True, width=columns_, rebuild=lambda: "these are estimates " * 9)
    lines = text.splitlines()
    assert max(columns(line) for line in lines if "services/" not in line and "|" not in line) <= columns_
    assert "".join(wrapped(message, columns_)).replace(" ", "") == message.replace(" ", "")
    assert lines[0 if columns_ > 70 else 1].endswith("services/api/Dockerfile:4:1")


def test_levels_are_explained_where_there_are_several() -> None:
    items = priced(TEXT, "debian", severity=Severity.ERROR), priced(TEXT, "COPY", severity=Severity.INFO)
    assert "error: the build or the container fails, or a secret leaks; info: worth a look" in shown(TEXT, *items, excerpts=True, width=120)
    assert "worth a look" not in shown(TEXT, items[1], excerpts=True)
    assert "worth a look" not in shown(TEXT, *items)


def test_on_a_terminal_the_place_is_underlined() -> None:
    item = priced(TEXT, "debian", saving=Saving(0, 4.2, Basis.MEASURED), safety=Applicability.UNSAFE)
    assert shown(TEXT, item, excerpts=True, quiet=True).splitlines() == [
        "DF101 warning name-df101 [?] Dockerfile:1:6",
        "  something is off",
        "  1 | FROM debian",
        "    |      ^^^^^^",
        "  [?] fix: mend it",
        "  saves 4.2 s a rebuild",
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
    report = FileReport("Dockerfile", parse(TEXT), (), FIXED, settled=(("DF202", 9), ("DL3009", 4), ("DF202", 4)))
    assert list(changes(report, "fixed")) == [
        "Dockerfile: fixed 2 findings, saves about 30 s a rebuild",
        "  line 3: DF101 moved the copy (saves about 30 s a rebuild)",
        "    `COPY . .` stands above it",
        "  line 4: DF103 mounted",
        "    no cache is mounted",
        "  gone with these: DF202 (lines 4, 9), DL3009 (line 4)",
    ]


@pytest.mark.parametrize(
    ("gain", "words"),
    [
        (Gain((1.25e9, 9.5e8), (43.0, 0.5)), "image about 300 MB smaller, of 1.2 GB, build after a source edit about 43 s -> 0.5 s"),
        (Gain((1.222e9, 1.25e9), None), "image about 28 MB larger, of 1.2 GB"),
        (Gain((1.25e9, 1.25e9), (43.0, 43.2)), "saves about 30 s a rebuild"),
        (None, "saves about 30 s a rebuild"),
    ],
)
def test_what_all_fixes_of_a_file_save_is_told_once(gain: Gain | None, words: str) -> None:
    head, *_ = changes(FileReport("Dockerfile", parse(TEXT), (), FIXED, gain), "fixed")
    assert head == f"Dockerfile: fixed 2 findings, {words}"


def test_what_is_left_and_why() -> None:
    left = (Fixed("DF101", "mend it", 4, "something is off", Saving(8e6, 0, Basis.HEURISTIC)),)
    refused = (Fixed("DF301", "", 2, "it builds; no fix: not known how"),)
    report = FileReport("Dockerfile", parse(TEXT), (), left=left, refused=refused)
    told = ["Dockerfile: would fix nothing", "  left for --unsafe-fixes:", "    line 4: DF101 mend it (saves about 8.0 MB)"]
    assert list(changes(report, "would fix", are_findings_shown=True)) == told
    assert list(changes(report, "would fix")) == [
        *told,
        "      something is off",
        "  no fix:",
        "    line 2: DF301 it builds; no fix: not known how",
    ]
    assert max(map(len, changes(report, "would fix", room=24))) <= 24


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
        (Saving(5e6, 0, Basis.INDEXED), "saves about 5.0 MB"),
        (Saving(-5e6, 20, Basis.INDEXED), "saves about 20 s a rebuild, costs about 5.0 MB"),
        (Saving(228.4e6, 0, Basis.MEASURED), "saves 228 MB"),
        (Saving(228.4e6, 0, Basis.HEURISTIC, (200e6, 300e6)), "saves about 230 MB"),
        (Saving(8e6, 0, Basis.HEURISTIC, (3.46e6, 29e6)), "saves 3.5 to 29 MB"),
        (Saving(2e6, 0, Basis.HEURISTIC, (690e3, 22e6)), "saves 0.7 to 22 MB"),
        (Saving(2e6, 0, Basis.HEURISTIC, (90e3, 22e6)), "saves up to 22 MB"),
        (Saving(0, 0.1, Basis.HEURISTIC, None, (0.096, 0.2)), "saves 0.1 to 0.2 s a rebuild"),
        (Saving(2e8, 0, Basis.HEURISTIC, (40e6, 2.5e9)), "saves 40 MB to 2.5 GB"),
        (Saving(-8e6, 0, Basis.HEURISTIC, (-29e6, -3e6)), "costs 3 to 29 MB"),
        (Saving(0, 300, Basis.HEURISTIC, None, (119, 1140)), "saves 2 to 19 min a rebuild"),
        (Saving(0, 300, Basis.HEURISTIC, None, (1000, 11520)), "saves 17 min to 3 h 10 min a rebuild"),
    ],
)
def test_phrases(saving: Saving | None, words: str) -> None:
    assert phrase(saving) == words


def test_a_byte_order_mark_is_no_column() -> None:
    doc = parse("\ufeffFROM a\nRUN b\n")
    assert place(doc, Span(1, 5)) == (1, 1, 1, 5)
    assert place(doc, Span(0, 1)) == (1, 1, 1, 1)
    assert place(doc, Span(8, 11)) == (2, 1, 2, 4)
