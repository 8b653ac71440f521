"""How much of real files the cost model has a figure for, and how sure it is of it.

    python bench/coverage.py CORPUS.jsonl[.gz] [--list bases|steps] [--most 40] [--write]

CORPUS holds JSON lines with a `text` each. No context is at hand, so that files that a COPY takes are not known by their
sizes. A figure is bounded where both its bounds are finite. `--list` names what is not known, most frequent first.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from corpus import lines_of

from dockerlint.fixers.cost.copy_selections import Selections
from dockerlint.fixers.cost.cost_model import estimate
from dockerlint.fixers.cost.neighbours import Neighbours
from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.syntax.parser import parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.fixers.cost.bounded import Amount
    from dockerlint.fixers.cost.cost_model import Estimate

OUT = Path(__file__).parent / "coverage.md"


@dataclass
class Tally:
    """Counts over the files of a corpus; `known` and `bounded` are by kind of step and by figure."""

    files: int = 0
    closed: Counter[str] = field(default_factory=Counter)
    steps: Counter[str] = field(default_factory=Counter)
    known: Counter[tuple[str, str]] = field(default_factory=Counter)
    bounded: Counter[tuple[str, str]] = field(default_factory=Counter)
    bases: Counter[tuple[str, str]] = field(default_factory=Counter)
    pulls: Counter[bool] = field(default_factory=Counter)
    unknown_bases: Counter[str] = field(default_factory=Counter)
    unknown_steps: Counter[str] = field(default_factory=Counter)

    def add(self, answer: Estimate) -> None:
        """Counts one file's estimate."""
        self.files += 1
        self.closed["bytes"] += answer.image.adds.is_complete
        self.closed["seconds"] += answer.scenario("cold").seconds.is_complete
        self.closed["both"] += answer.image.adds.is_complete and answer.scenario("cold").seconds.is_complete
        for step, cost in zip(answer.plan.graph.steps, answer.steps, strict=True):
            kind = "pull" if step.is_pull else type(step.node).__name__.upper()
            self.steps[kind] += 1
            for name, amount in (("size", cost.adds), ("seconds", cost.seconds)):
                self.known[kind, name] += amount.is_known
                self.bounded[kind, name] += amount.is_complete
                self.bases[name, _basis(amount)] += 1
            if not (cost.adds.is_complete and cost.seconds.is_complete):
                self.unknown_steps[cost.instruction] += 1
            if step.image is not None:
                known = cost.adds.is_complete
                self.pulls[known] += 1
                self.unknown_bases[step.image or cost.instruction] += not known


def _basis(amount: Amount) -> str:
    if amount.basis is None:
        return "unknown"
    return amount.basis.value if amount.is_complete else f"{amount.basis.value}, in part"


def measure(corpus: Path) -> Tally:
    """The counts over a corpus, with each repository's Dockerfiles at their places."""
    tally = Tally()
    with tempfile.TemporaryDirectory() as top:
        files = list(_lay_out(corpus, Path(top)))
        for file in files:
            doc = parse(file.read_text(encoding="utf8"))
            around = Neighbours.of(file)
            tally.add(estimate(doc, Facts(doc), selections=Selections(neighbours=around.sizes if around else None)))
    return tally


def _lay_out(corpus: Path, top: Path) -> Iterator[Path]:
    for number, line in enumerate(lines_of(corpus)):
        repository = top / line.get("repo", str(number))
        (repository / ".git").mkdir(parents=True, exist_ok=True)
        file = repository / line.get("path", "Dockerfile")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(line["text"], encoding="utf8")
        yield file


def rows(tally: Tally) -> Iterator[str]:
    """The table, in Markdown."""
    steps = tally.steps.total()
    yield f"{tally.files} files, {steps} steps, {tally.pulls.total()} pulls"
    yield ""
    yield "| steps | number | with a size | bounded | with seconds | bounded |"
    yield "|---|---|---|---|---|---|"
    for kind, count in [("all", steps), *tally.steps.most_common()]:
        kinds = list(tally.steps) if kind == "all" else [kind]
        shares = (
            _share(sum(counter[name, figure] for name in kinds), count)
            for figure in ("size", "seconds")
            for counter in (tally.known, tally.bounded)
        )
        yield f"| {kind} | {count} | {' | '.join(shares)} |"
    yield ""
    yield f"base pulls known within bounds: {_share(tally.pulls[True], tally.pulls.total())}"
    yield ""
    for name in ("bytes", "seconds", "both"):
        yield f"files with a closed total of {name}: {_share(tally.closed[name], tally.files)}"
        yield ""
    yield "| basis | sizes | seconds |"
    yield "|---|---|---|"
    for basis in sorted({basis for _, basis in tally.bases}):
        yield f"| {basis} | {_share(tally.bases['size', basis], steps)} | {_share(tally.bases['seconds', basis], steps)} |"


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--list", choices=("bases", "steps"), dest="listed")
    parser.add_argument("--most", type=int, default=40)
    parser.add_argument("--write", action="store_true", help=f"write {OUT.name}")
    options = parser.parse_args()
    tally = measure(options.corpus)
    text = "\n".join(rows(tally)) + "\n"
    print(text)
    if options.write:
        OUT.write_text(f"# What the cost model knows of real files\n\n{text}", encoding="utf8")
    if options.listed:
        found = tally.unknown_bases if options.listed == "bases" else tally.unknown_steps
        for name, count in found.most_common(options.most):
            if count:
                print(f"{count:5} {name}")


if __name__ == "__main__":
    main()
