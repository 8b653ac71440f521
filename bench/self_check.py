"""Whether the safe fixes of real files are worth it by our own figures: no slower to build, and no larger, both without a word.

    python bench/self_check.py CORPUS.jsonl[.gz] [--write] [--most 40]

Every file is fixed as `dlint --fix` does it, and priced before and after. A set of fixes is worse in seconds where it adds
more than SLACK of the expected seconds of a build, worse in bytes where the image grows by more than LEAST bytes, and
none of the fixes says that it costs seconds, or bytes. CORPUS holds JSON lines with a `text` each. The exit status is 1 where one is worse.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, field
from pathlib import Path

from corpus import lines_of

from dockerlint.fixers.cost import estimate, price
from dockerlint.fixers.cost.copy_selections import Selections
from dockerlint.fixers.loop import fix
from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.engine.checker import check
from dockerlint.lint.engine.registry import rules
from dockerlint.lint.syntax.parser import parse

OUT = Path(__file__).parent / "self_check.md"
LEAST = 1_000_000
SLACK, LEAST_SECONDS = 0.01, 0.1


@dataclass
class Verdicts:
    """What came of the files: how many there are, how many were fixed, and sentences on those that are worse."""

    files: int = 0
    fixed: int = 0
    slower: list[str] = field(default_factory=list)
    larger: list[str] = field(default_factory=list)
    told: int = 0

    def judge(self, name: str, text: str) -> None:
        """Fixes one file and holds the two estimates against each other."""
        self.files += 1
        doc = parse(text)
        facts = Facts(doc)
        selections = Selections()
        outcome = fix(
            text,
            lambda doc: check(doc, Facts(doc), rules()),
            worth=lambda doc, findings: price(doc, findings, Facts(doc), selections=selections),
        )
        if outcome.text == text:
            return
        self.fixed += 1
        fixed = parse(outcome.text)
        before = estimate(doc, facts, selections=selections)
        after = estimate(fixed, Facts(fixed), selections=selections)
        codes = ", ".join(sorted({item.code for item in outcome.applied}))
        seconds = after.expected.seconds.mid - before.expected.seconds.mid
        slower = seconds > max(LEAST_SECONDS, SLACK * before.expected.seconds.mid)
        if slower and any(item.saving is not None and item.saving.rebuild_seconds < 0 for item in outcome.applied):
            self.told += 1
        elif slower:
            self.slower.append(f"{name}: {seconds:+.1f} s of {before.expected.seconds.mid:.1f} s ({codes})")
        size = after.image.adds.mid - before.image.adds.mid
        if size <= LEAST:
            return
        if any(item.saving is not None and item.saving.image_bytes < 0 for item in outcome.applied):
            self.told += 1
        else:
            self.larger.append(f"{name}: {size / 1e6:+.1f} MB ({codes})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--most", type=int, default=40)
    parser.add_argument("--write", action="store_true", help=f"write {OUT.name}")
    options = parser.parse_args()
    verdicts = Verdicts()
    for number, line in enumerate(lines_of(options.corpus)):
        verdicts.judge(f"{line.get('repo', '')}/{line.get('path', number)}", line["text"])
    text = (
        f"{verdicts.files} files, {verdicts.fixed} with safe fixes: {len(verdicts.slower)} slower to build, "
        f"{len(verdicts.larger)} larger, both without a word, {verdicts.told} one of the two with a word\n"
    )
    print(text, end="")
    for sentence in (verdicts.slower + verdicts.larger)[: options.most]:
        print(sentence)
    if options.write:
        OUT.write_text(f"# The safe fixes by our own figures\n\n{text}", encoding="utf-8")
    sys.exit(bool(verdicts.slower or verdicts.larger))


if __name__ == "__main__":
    main()
