"""How docs/generate.py lays out the rules: their pages, an example first, and the list of them by subject."""

from __future__ import annotations

import csv
import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from dockerlint.lint.cli.explain_command import TITLES, facts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dockerlint.lint.engine.rule import Rule

CONCEPTS = Path(__file__).parent / "concepts.csv"
FENCE = re.compile(r"^(`{3,})(\S+)[ ]?([^\n]*)\n(.*?)^\1$", re.MULTILINE | re.DOTALL)
SUBJECTS = ("Rebuild time", "Size", "Stages", "Security", "Reproducibility", "Correctness", "Style")
# Of codes that are hadolint's: what concepts.csv says of them. The later one counts of several.
CATEGORIES = {
    "correctness": "Correctness", "portability": "Correctness", "style": "Style", "reproducibility": "Reproducibility", "security": "Security", "size": "Size",
    "cache": "Rebuild time", "time": "Rebuild time",
}  # fmt: skip

LIST_HEAD = """\
# Rules

By subject. Level is how bad a finding is unless the configuration says otherwise. Rules of the *recommended* preset run by default.
Fix: `--fix`, perhaps with `--unsafe-fixes`, changes at least some of what the rule finds. Aliases are the names that
other checkers give the same thing; each of them works wherever a code does.
"""
TABLE_HEAD = """
## {subject}

| code | name | level | recommended | fix | finds | aliases |
|---|---|---|---|---|---|---|
"""


def page(rule: Rule) -> str:
    """A rule's page: its summary, an example, why it matters, more examples. Files beside an example are folded."""
    summary, rest = _divided(rule.documentation)
    parts = _parts(rest)
    first = _first_example(parts)
    others = [part for at, part in enumerate(parts) if at not in first]
    name = f" {rule.name}" if rule.name != rule.code else ""
    body = "\n\n".join([f"# {rule.code}{name}", f"*{facts(rule)}*", summary, *_shown([parts[at] for at in first]), *_shown(others)])
    return body + "\n"


def by_subject(rules: Sequence[Rule]) -> dict[str, list[Rule]]:
    """The rules of each subject, in the subjects' order."""
    of_hadolint = _of_hadolint()
    found: dict[str, list[Rule]] = {subject: [] for subject in SUBJECTS}
    for rule in rules:
        digit = rule.code[2:3]
        is_ours = rule.code.startswith("DF") and digit.isdigit() and 1 <= int(digit) <= len(SUBJECTS)
        found[SUBJECTS[int(digit) - 1] if is_ours else of_hadolint.get(rule.code, "Correctness")].append(rule)
    return found


def listed(rules: Sequence[Rule]) -> str:
    """The page that lists the rules."""
    tables = (TABLE_HEAD.format(subject=subject) + "".join(map(_row, found)) for subject, found in by_subject(rules).items())
    return LIST_HEAD + "".join(tables)


def _of_hadolint() -> dict[str, str]:
    with CONCEPTS.open(encoding="utf-8", newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: list(CATEGORIES).index(row["category"]))
    return {code: CATEGORIES[row["category"]] for row in rows for code in row["codes"].split()}


def _divided(documentation: str) -> tuple[str, str]:
    """The first paragraph, and what comes behind it."""
    summary, _, rest = documentation.partition("\n\n")
    return summary, rest


Part = tuple[str, str, str]  # the language of a block or "" for words, what stands behind it, the text


def _parts(text: str) -> list[Part]:
    """The words and blocks of a text, in order."""
    parts: list[Part] = []
    end = 0
    for match in FENCE.finditer(text):
        parts.append(("", "", text[end : match.start()].strip()))
        parts.append((match[2], match[3], match[4]))
        end = match.end()
    parts.append(("", "", text[end:].strip()))
    return [part for part in parts if part[0] or part[2]]


def _first_example(parts: list[Part]) -> list[int]:
    """The places of the first bad example, of what it becomes, and of the files beside it; these come last, as they are folded."""
    at = next((at for at, part in enumerate(parts) if part[:2] == ("dockerfile", "bad")), None)
    if at is None:
        return []
    has_counterpart = at + 1 < len(parts) and parts[at + 1][:2] in (("dockerfile", "fixed"), ("dockerfile", "good"))
    beside = [place for place, part in enumerate(parts[:at]) if part[0] == "context"]
    return [at, *([at + 1] if has_counterpart else []), *beside]


def _shown(parts: list[Part]) -> list[str]:
    shown: list[str] = []
    files: list[Part] = []
    for part in [*parts, ("", "", "")]:
        if part[0] == "context":
            files.append(part)
            continue
        if files:
            shown.append(_folded(files))
            files = []
        if part[0] == "dockerfile":
            shown.append(f"{TITLES[part[1]]}:\n\n{_fenced('dockerfile', part[2])}")
        elif part[0]:
            shown.append(_fenced(f"{part[0]} {part[1]}".rstrip(), part[2]))
        elif part[2]:
            shown.append(part[2])
    return shown


def _folded(files: list[Part]) -> str:
    names = ", ".join(f"<code>{name}</code>" for _, name, _ in files)
    blocks = "\n\n".join(f"`{name}`:\n\n{_fenced(PurePosixPath(name).suffix.removeprefix('.') or 'text', text)}" for _, name, text in files)
    return f'<details markdown="1">\n<summary>Beside it: {names}</summary>\n\n{blocks}\n\n</details>'


def _fenced(language: str, text: str) -> str:
    fence = "````" if "```" in text else "```"
    return f"{fence}{language}\n{text}{fence}"


def _row(rule: Rule) -> str:
    cells = (
        f"[{rule.code}]({rule.code}.md)",
        rule.name,
        rule.severity.value,
        "yes" if rule.recommended else "",
        "yes" if rule.fixable else "",
        rule.summary.replace("|", "\\|"),
        ", ".join(rule.aliases),
    )
    return f"| {' | '.join(cells)} |\n"
