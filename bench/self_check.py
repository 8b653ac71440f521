"""Whether the fixes of real files are worth it by our own figures: no set of them costs more than it saves.

    python bench/self_check.py CORPUS.jsonl[.gz] [--rows ORDER.jsonl.gz] [--write] [--most 40]

Every file is fixed as `dlint --fix` does it, once with the safe fixes and once with the unsafe ones too, and priced before and after.
A set is dearer where the expected seconds of a build and the bytes of the image, on one scale, grow by more than what the fixes of
rules that are not there to save say that they cost. CORPUS holds JSON lines with a `text` each, ORDER some with `dockerfile` and `files`,
which are laid out as the context. The exit status is 1 where a set is dearer.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from corpus import lines_of

from dockerlint.fixers.cost import estimate, price
from dockerlint.fixers.cost.copy_selections import Selections
from dockerlint.fixers.cost.saving import difference
from dockerlint.fixers.loop import fix
from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.context.build_context import Context
from dockerlint.lint.engine.checker import check
from dockerlint.lint.engine.registry import rules
from dockerlint.lint.engine.rule import is_economic
from dockerlint.lint.syntax.parser import parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.engine.findings import Saving
    from dockerlint.lint.syntax.nodes import Dockerfile

OUT = Path(__file__).parent / "self_check.md"


@dataclass
class Verdicts:
    """What came of the files: how many there are, how many were fixed, and sentences on those that are dearer."""

    unsafe: bool
    files: int = 0
    fixed: int = 0
    cheaper: int = 0
    dearer: list[str] = field(default_factory=list)
    told: int = 0
    declined: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def judge(self, name: str, text: str, context: Context | None) -> None:
        """Fixes one file and holds the two estimates against each other."""
        self.files += 1
        selections = Selections(context)

        def facts(doc: Dockerfile) -> Facts:
            return Facts(doc, context)

        def whole(before: Dockerfile, after: Dockerfile) -> Saving | None:
            return difference(estimate(before, facts(before), selections=selections), estimate(after, facts(after), selections=selections))

        start = time.process_time()
        outcome = fix(
            text,
            lambda doc: check(doc, facts(doc), rules()),
            unsafe=self.unsafe,
            worth=lambda doc, findings: price(doc, findings, facts(doc), selections=selections),
            whole=whole,
        )
        self.seconds += time.process_time() - start
        self.declined.update(code for code, _ in outcome.declined)
        if outcome.text == text:
            return
        self.fixed += 1
        saving = whole(parse(text), parse(outcome.text))
        told = sum(min(item.saving.worth, 0.0) for item in outcome.applied if item.saving and not is_economic(item.code))
        if saving is None:
            return
        if saving.worth - told < 0:
            codes = ", ".join(sorted({item.code for item in outcome.applied}))
            self.dearer.append(f"{name}: {saving.rebuild_seconds:+.1f} s, {saving.image_bytes / 1e6:+.1f} MB saved ({codes})")
        self.cheaper += saving.worth > 0
        self.told += saving.worth < 0 and saving.worth >= told

    def __str__(self) -> str:
        declined = ", ".join(f"{code} {count}" for code, count in sorted(self.declined.items())) or "none"
        return (
            f"{self.files} files, {self.fixed} fixed ({'safe and unsafe' if self.unsafe else 'safe'}): {self.cheaper} cheaper, {len(self.dearer)} dearer, "
            f"{self.told} dearer by fixes that are not there to save; declined: {declined}; {self.seconds:.0f} s of a core\n"
        )


def files(options: argparse.Namespace, folder: Path) -> Iterator[tuple[str, str, Context | None]]:
    """The names and texts of the files, with their contexts."""
    for number, line in enumerate(lines_of(options.corpus)):
        yield f"{line.get('repo', '')}/{line.get('path', number)}", line["text"], None
    for number, row in enumerate(lines_of(options.rows) if options.rows else ()):
        place = folder / str(number)
        place.mkdir()
        for name, text in dict(row["files"]).items():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_text(text, encoding="utf-8")
        yield row["id"], row["dockerfile"], Context.of(place)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--rows", type=Path)
    parser.add_argument("--most", type=int, default=40)
    parser.add_argument("--write", action="store_true", help=f"write {OUT.name}")
    options = parser.parse_args()
    verdicts = (Verdicts(unsafe=False), Verdicts(unsafe=True))
    with tempfile.TemporaryDirectory() as folder:
        for name, text, context in files(options, Path(folder)):
            for verdict in verdicts:
                verdict.judge(name, text, context)
    text = "\n".join(map(str, verdicts))
    print(text, end="")
    for sentence in [item for verdict in verdicts for item in verdict.dearer][: options.most]:
        print(sentence)
    if options.write:
        OUT.write_text(f"# The fixes by our own figures\n\n{text}", encoding="utf-8")
    sys.exit(any(verdict.dearer for verdict in verdicts))


if __name__ == "__main__":
    main()
