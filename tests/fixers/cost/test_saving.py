"""What a fix saves: the estimate of the text less that of the fixed text."""

from __future__ import annotations

import pytest

from dockerlint.fixers.cost import Estimate, estimate, price
from dockerlint.fixers.cost import saving as saving_module
from dockerlint.fixers.cost.copy_selections import Selections
from dockerlint.fixers.cost.saving import change
from dockerlint.fixers.edits import apply
from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Saving
from dockerlint.lint.report.saving_text import phrase
from dockerlint.lint.syntax.parser import parse
from dockerlint.lint.syntax.span import Edit, Span

SPLIT = "FROM fedora\nRUN dnf install -y httpd\nRUN dnf clean all\n"
BUSTING = "FROM fedora\nADD index.html /var/www/html/\nRUN dnf install -y httpd && dnf clean all\n"
FRIENDLY = "FROM fedora\nRUN dnf install -y httpd && dnf clean all\nADD index.html /var/www/html/\n"


def finding(text: str, old: str, new: str) -> Finding:
    start = text.index(old)
    span = Span(start, start + len(old))
    return Finding(span, "message", Fix("title", (Edit(span, new),), Applicability.SAFE), code="X001")


def saving(text: str, old: str, new: str) -> Saving | None:
    doc = parse(text)
    return price(doc, [finding(text, old, new)], Facts(doc))[0]


def test_a_cleanup_in_the_same_step_saves_the_published_bytes() -> None:
    found = saving(SPLIT, "httpd\nRUN dnf clean all", "httpd && dnf clean all")
    assert found is not None
    assert found.image_bytes == pytest.approx(228e6, rel=0.01)


def test_a_file_copied_last_saves_the_published_seconds() -> None:
    before, after = estimate(parse(BUSTING)), estimate(parse(FRIENDLY))
    edit = before.scenario("source edit").seconds.mid - after.scenario("source edit").seconds.mid
    assert edit == pytest.approx(43.2, rel=0.5)
    found = saving(BUSTING, BUSTING, FRIENDLY)
    assert found is not None
    assert found.image_bytes == 0
    assert 0.5 * edit < found.rebuild_seconds < edit


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        (SPLIT, "httpd\nRUN dnf clean all", "httpd && dnf clean all"),
        (BUSTING, BUSTING, FRIENDLY),
        ("FROM debian:12\nRUN apt-get install -y git\n", "-y git", "-y --no-install-recommends git"),
    ],
)
def test_a_saving_is_the_difference_of_two_estimates(text: str, old: str, new: str) -> None:
    item = finding(text, old, new)
    assert item.fix
    before, after = estimate(parse(text)), estimate(parse(apply(text, item.fix.edits)))
    found = saving(text, old, new)
    assert found is not None
    assert found.image_bytes == pytest.approx(before.image.adds.mid - after.image.adds.mid, abs=1e6)
    seconds = before.expected.seconds.mid - after.expected.seconds.mid
    assert found.rebuild_seconds == pytest.approx(seconds, abs=0.1)


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        pytest.param("from debian:12\nRUN ls\n", "from", "FROM", id="another spelling"),
        pytest.param("FROM debian:12\nCMD ls\n", "ls", '["ls"]', id="metadata"),
        pytest.param("FROM debian:12\nADD x /x\n", "ADD", "COPY", id="the same files"),
        pytest.param("FROM debian:12\nRUN apt-get update\n", "apt-get update", "./unknown.sh", id="known made unknown"),
        pytest.param("FROM debian:12\nRUN ls\n", "RUN", "RUNN", id="it breaks the file"),
    ],
)
def test_nothing_saved_is_no_saving(text: str, old: str, new: str) -> None:
    assert saving(text, old, new) is None


def test_a_fix_that_makes_the_image_larger_says_so() -> None:
    found = saving("FROM debian:12\nRUN ls\n", "RUN ls", "RUN apt-get update")
    assert found is not None
    assert found.image_bytes == pytest.approx(-19.85e6)
    assert phrase(found) == "costs about 20 MB and about 0.2 s a rebuild"


def test_figures_without_an_upper_bound_are_not_set_against_each_other() -> None:
    def of(text: str) -> Estimate:
        return estimate(parse(text))

    known, other = of("FROM debian:12\nRUN ls\n"), of("FROM debian:12\nRUN apt-get update\n")
    open_, less = of("FROM debian:12\nRUN ./a && apt-get update\n"), of("FROM debian:12\nRUN ./a\n")
    assert change(known, other)[0] is not None
    assert change(open_, less)[0] is None


def test_findings_without_a_fix_have_no_saving() -> None:
    doc = parse(SPLIT)
    found = price(doc, [Finding(Span(0, 4), "m", code="X001"), finding(SPLIT, "httpd\nRUN dnf", "httpd && dnf")], Facts(doc))
    assert found[0] is None
    assert found[1] is not None


def test_what_comes_before_a_change_is_not_worked_out_again() -> None:
    lines = [f"RUN apt-get update && apt-get install -y package-{number} curl git cmake" for number in range(20)]
    text = "\n".join(["FROM debian:bookworm-slim", "COPY . .", *lines]) + "\n"
    doc = parse(text)
    findings = [finding(text, f"package-{number} ", f"package-{number} tini ") for number in range(20)]
    selections = Selections()

    price(doc, findings, Facts(doc), selections=selections)

    done, steps = len(selections.done), len(doc.instructions)
    # the file as it is, then of each fix the step that it changes and those on top of it
    assert done == steps + sum(range(1, len(findings) + 1))


def test_of_more_steps_than_an_image_may_have_the_first_are_priced(monkeypatch: pytest.MonkeyPatch) -> None:
    text = SPLIT + "".join(f"RUN dnf install -y vim-{number}\n" for number in range(6))
    doc = parse(text)
    findings = [finding(text, "httpd\nRUN dnf clean all", "httpd && dnf clean all")]
    findings += [finding(text, f"RUN dnf install -y vim-{number}\n", "") for number in range(6)]
    every = price(doc, findings, Facts(doc))
    assert None not in every
    monkeypatch.setattr(saving_module, "MOST_STEPS", 2 * len(doc.instructions))
    assert price(doc, findings, Facts(doc)) == [*every[:2], *[None] * 5]
