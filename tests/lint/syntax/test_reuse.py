"""What is kept from one text for the next must not be seen: trees, scripts and savings are those of a fresh start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from dockerlint.fixers.cost import step_sizes
from dockerlint.fixers.cost.copy_selections import Selections
from dockerlint.fixers.cost.cost_model import estimate
from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.shell import script
from dockerlint.lint.syntax import nodes, parser, word_expansion
from dockerlint.lint.syntax.parser import parse

if TYPE_CHECKING:
    import pytest

LINES = (
    "# a comment\n",
    "\n",
    "FROM debian:bookworm AS base\n",
    "FROM base\n",
    "ARG VERSION=1.0\n",
    'ENV A=1 B="two words" C=$A\n',
    "WORKDIR /app\n",
    "USER app\n",
    "COPY --from=base --chown=1:1 /a /b ./c/\n",
    'COPY ["a b", "c"]\n',
    "COPY <<EOF <<-'END' /x/\nsome $A\nEOF\n\ttext\n\tEND\n",
    "RUN apt-get update && \\\n  # why\n  apt-get install -y curl gcc \\\n && rm -rf /var/lib/apt/lists/*\n",
    'RUN --mount=type=cache,target=/root/.cache pip install "$(cat a)" 2>&1 | tee b\n',
    "RUN <<EOF\nmake `nproc` ü\nif true; then cd /x; fi\nEOF\n",
    "RUN pip install flask\n",
    "ONBUILD RUN make\n",
    'HEALTHCHECK --interval=1s CMD ["true"]\n',
    'CMD ["a", "b\\n"]\n',
    "FROM\n",
    "COPPY a b\n",
)
TEXTS = st.lists(st.sampled_from(LINES), max_size=8)


def forget() -> None:
    parser._known.cache_clear()
    script._known.cache_clear()
    word_expansion._kept.cache_clear()


def scripts(doc: nodes.Dockerfile) -> list[script.Script | None]:
    facts = Facts(doc)
    return [facts.script(run) for run in facts.every(nodes.Run)]


@settings(max_examples=50)
@given(TEXTS, TEXTS)
def test_a_text_is_read_as_if_it_were_the_first(before: list[str], after: list[str]) -> None:
    forget()
    scripts(parse("".join(before)))
    doc = parse("".join(after))
    found = doc, scripts(doc)
    forget()
    fresh = parse("".join(after))
    assert found == (fresh, scripts(fresh))


@settings(max_examples=50)
@given(TEXTS, TEXTS)
def test_a_text_costs_what_it_costs_by_itself(before: list[str], after: list[str]) -> None:
    selections = Selections()
    estimate(parse("".join(before)), selections=selections)
    doc = parse("".join(after))
    reused = estimate(doc, Facts(doc, placed=False), selections=selections)
    fresh = estimate(doc)
    assert reused.steps == fresh.steps
    assert reused.image == fresh.image
    assert reused.scenarios == fresh.scenarios


def test_a_part_is_moved_with_all_that_is_in_it() -> None:
    for line in LINES:
        (here,), (there,) = (parse(text).instructions or (None,) for text in (line, "\n\n\n" + line))
        forget()
        assert here is None or nodes.moved(here, 3) == there
        assert here is None or nodes.moved(here, 0) is here


def test_long_builds_cost_what_short_ones_do(corpus: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    docs = [parse(text) for text in corpus[::7]]
    kept = [estimate(doc, Facts(doc)) for doc in docs]
    monkeypatch.setattr(step_sizes, "MOST_KEPT", -1)
    for doc, known in zip(docs, kept, strict=True):
        found = estimate(doc, Facts(doc))
        assert (found.steps, found.image, found.scenarios) == (known.steps, known.image, known.scenarios), doc.text
