"""How many findings of each rule with fixes have one, how many say why not, and how many say nothing.

    python bench/refusals.py CORPUS.jsonl[.gz] [--write] [--show DF103 --most 20]

Every file is checked by itself, without its context, with all rules that can fix something. CORPUS holds JSON lines with a `text` each.
`--show` prints the findings of a rule that have no fix. The exit status is 1 where a finding has neither a fix nor a reason.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter, defaultdict
from pathlib import Path

from corpus import lines_of

from dockerlint.fixers.refusal import says_why
from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.engine.checker import check
from dockerlint.lint.engine.findings import Applicability
from dockerlint.lint.engine.registry import rules
from dockerlint.lint.syntax.parser import parse

OUT = Path(__file__).parent / "refusals.md"
KINDS = ("found", "safe", "unsafe", "display", "reason", "silent")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--show", default="", help="a rule's code")
    parser.add_argument("--most", type=int, default=40)
    parser.add_argument("--write", action="store_true", help=f"write {OUT.name}")
    options = parser.parse_args()
    fixable = [rule for rule in rules() if rule.fixable]
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    shown = 0
    for number, line in enumerate(lines_of(options.corpus)):
        doc = parse(line["text"])
        for item in check(doc, Facts(doc), fixable):
            if item.fix:
                kind = Applicability(item.fix.applicability).name.lower()
            else:
                kind = "reason" if says_why(item) else "silent"
            counts[item.code]["found"] += 1
            counts[item.code][kind] += 1
            if item.code == options.show and kind in ("silent", "reason") and shown < options.most:
                shown += 1
                print(f"{number}:{doc.line(item.span.start)} {kind}: {item.message}")
    rows = [f"| {code} | " + " | ".join(str(counts[code][kind]) for kind in KINDS) + " |" for code in sorted(counts)]
    table = "\n".join(("| rule | " + " | ".join(KINDS) + " |", "|---" * (len(KINDS) + 1) + "|", *rows))
    silent = sum(count["silent"] for count in counts.values())
    print(table)
    if options.write:
        OUT.write_text(f"# Findings with and without a fix\n\nOf the rules that can fix, over the files of `{options.corpus.name}`.\n\n{table}\n", encoding="utf-8")
    print(f"silent: {silent}")
    sys.exit(bool(silent))


if __name__ == "__main__":
    main()
