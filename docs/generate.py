"""Writes the rules' pages in docs/rules from the rules' own docstrings, docs/coverage.md from docs/concepts.csv,
docs/refusals.md from docs/refusals.toml, docs/dlint.schema.json from the options, and tests/data/messages.md, a table of all messages.

`python docs/generate.py` writes them. With `--check` it writes nothing, says which differ, and then exits with 1.
"""

from __future__ import annotations

import csv
import json
import sys
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
from messages import messages
from rule_pages import listed, page

from dockerlint.lint.engine.registry import RULES, rules
from dockerlint.lint.settings.schema import schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.engine.rule import Rule

FOLDER = Path(__file__).parent / "rules"
LIST = "index.md"
CONCEPTS = Path(__file__).parent / "concepts.csv"
COVERAGE = Path(__file__).parent / "coverage.md"
REFUSED = Path(__file__).parent / "refusals.toml"
REFUSALS = Path(__file__).parent / "refusals.md"
ROOT = Path(__file__).parents[1]
MESSAGES = ROOT / "tests" / "data" / "messages.md"
SCHEMA = Path(__file__).parent / "dlint.schema.json"
# ShellCheck's findings, which are passed on under its own codes.
SHELLCHECK = "SC*"
TOOLS = {
    "buildkit": "BuildKit's checks",
    "checkov": "Checkov",
    "CIS": "CIS Docker Benchmark",
    "sonar": "SonarQube",
    "tally": "tally",
    "parfum": "Parfum",
    "binnacle": "binnacle",
    "kics": "KICS",
    "slim": "Slim (mint)",
    "semgrep": "Semgrep",
    "trivy": "Trivy",
}

COVERAGE_HEAD = """\
# What is covered

What a dozen checkers look for in Dockerfiles, one concept a line, with their rules and ours. A concept may be several rules of one
checker, or a part of one. This page is made from [concepts.csv](concepts.csv) by `python docs/generate.py`; corrections are welcome.

"""

REFUSALS_HEAD = """\
# What the builder refuses

All that a BuildKit refuses before it runs the first step, as far as the file alone decides it: each is an error, and is found without a
builder. *Since* is the release of the Dockerfile language that refuses it first; 1.2, which Docker 20.10 has, stands for that release and
those before it. Values are looked at with the variables put in that the file sets. What only `--build-arg`, the base image or the context
decides is left to the build.

`docker build --check` of Docker 28.5.2 refuses the example of each row that is not newer, and takes its counterpart; both are in
[refusals.toml](refusals.toml), of which `python docs/generate.py` makes this page.

| refused | since | rule | BuildKit, frontend/dockerfile/ |
|---|---|---|---|
"""

PAGE_FOOT = """
---

[All rules](index.md) · [how to ignore a finding](../suppressing.md) · this page is made from
[rules/{file}](../../rules/{file}) by `python docs/generate.py`
"""


def pages() -> dict[str, str]:
    """The text of each page by its file name. Rules of plug-ins that happen to be installed are left out."""
    own = _own()
    texts = {f"{rule.code}.md": page(rule) + PAGE_FOOT.format(file=_file(rule)) for rule in own}
    return texts | {LIST: listed(own)}


def _own() -> list[Rule]:
    return [rule for rule in rules() if _module(rule).startswith(RULES + ".")]


def schema_text() -> str:
    """The JSON Schema of the configuration, with our own rules."""
    return json.dumps(schema(_own()), indent=2) + "\n"


@dataclass(frozen=True, slots=True)
class Concept:
    """A line of concepts.csv. `others` are rules of other checkers, by checker; of `codes` and `reason` one is empty."""

    name: str
    category: str
    others: dict[str, list[str]]
    codes: list[str]
    reason: str


def concepts() -> list[Concept]:
    """What checkers look for, in the order of the file."""
    with CONCEPTS.open(encoding="utf-8", newline="") as file:
        return [
            Concept(row["concept"], row["category"], _others(row["others"]), row["codes"].split(), row["reason"])
            for row in csv.DictReader(file)
        ]


def coverage() -> str:
    """The page that says who looks for what."""
    found = concepts()
    ours = [item for item in found if item.codes]
    alone = [item for item in ours if not item.others]
    return COVERAGE_HEAD + "\n".join(
        [
            f"Of {len(found)} concepts dlint covers {len(ours)}; {len(alone)} of them nobody else listed here does.",
            "",
            "## By checker",
            "",
            "| checker | concepts | of these covered here |",
            "|---|---|---|",
            f"| dlint | {len(ours)} | |",
            *_by_checker(found),
            "",
            "## What we alone have",
            "",
            "| concept | rules |",
            "|---|---|",
            *(f"| {_cell(item.name)} | {_links(item)} |" for item in alone),
            *_by_category(ours),
            "",
            "## Left out",
            "",
            "| concept | others | why |",
            "|---|---|---|",
            *(
                f"| {_cell(item.name)} | {_rules_of_others(item)} | {_cell(item.reason)} |"
                for item in found
                if not item.codes
            ),
            "",
        ]
    )


def refusals() -> str:
    """The page of what the builder refuses."""
    with REFUSED.open("rb") as file:
        rows = tomllib.load(file)["refusal"]
    cells = ((_cell(row["what"]), row["since"], f"[{row['code']}](rules/{row['code']}.md)", row["source"]) for row in rows)
    return REFUSALS_HEAD + "".join(f"| {' | '.join(row)} |\n" for row in cells)


def _by_checker(found: list[Concept]) -> Iterator[str]:
    has = Counter(tool for item in found for tool in item.others)
    shared = Counter(tool for item in found if item.codes for tool in item.others)
    for tool, count in sorted(has.items(), key=lambda pair: (-pair[1], pair[0])):
        yield f"| {TOOLS.get(tool, tool)} | {count} | {shared[tool]} |"


def _by_category(found: list[Concept]) -> Iterator[str]:
    for category in dict.fromkeys(item.category for item in found):
        yield from ("", f"## {category.capitalize()}", "", "| concept | rules | others |", "|---|---|---|")
        for item in found:
            if item.category == category and item.others:
                yield f"| {_cell(item.name)} | {_links(item)} | {_rules_of_others(item)} |"


def _links(item: Concept) -> str:
    return ", ".join(f"[{code}](rules/{code}.md)" if code != SHELLCHECK else "ShellCheck's" for code in item.codes)


def _rules_of_others(item: Concept) -> str:
    return "; ".join(f"{TOOLS.get(tool, tool)} {', '.join(names)}" for tool, names in item.others.items())


def _others(text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for part in filter(None, text.split("; ")):
        tool, _, name = part.partition(":")
        found.setdefault(tool, []).append(name)
    return found


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def differing(texts: dict[str, str]) -> dict[str, str]:
    """What is wrong in the folder, by file name: a page that is missing, out of date, or of no rule."""
    found = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md")}
    wrong = dict.fromkeys(found.keys() - texts.keys(), "there is no such rule")
    for name, text in texts.items():
        if found.get(name) != text:
            wrong[name] = "differs from its rule's docstring" if name in found else "is missing"
    return dict(sorted(wrong.items()))


def write(texts: dict[str, str]) -> None:
    """Make the folder hold these pages and no others."""
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.glob("*.md"):
        if path.name not in texts:
            path.unlink()
    for name, text in texts.items():
        (FOLDER / name).write_text(text, encoding="utf-8", newline="\n")


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; say which pages differ.")
def main(check: bool) -> None:
    """Write the rules' pages from their docstrings."""
    texts = pages()
    wrong = {FOLDER / name: problem for name, problem in differing(texts).items()}
    made = {COVERAGE: (coverage(), "concepts.csv and the rules say"), REFUSALS: (refusals(), "refusals.toml says"), SCHEMA: (schema_text(), "the options say"), MESSAGES: (messages(_own()), "the sources say")}
    for path, (text, source) in made.items():
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            wrong[path] = f"differs from what {source}"
    if not check:
        write(texts)
        for path, (text, _) in made.items():
            path.write_text(text, encoding="utf-8", newline="\n")
    for path, problem in wrong.items():
        done = "written" if path in made or path.name in texts else "removed"
        click.echo(f"{path.relative_to(ROOT)}: {problem if check else done}")
    if check and wrong:
        click.echo("run `python docs/generate.py` to write them anew", err=True)
        sys.exit(1)


def _module(rule: Rule) -> str:
    return rule.check.__module__


def _file(rule: Rule) -> str:
    return _module(rule).rpartition(".")[2] + ".py"


if __name__ == "__main__":
    main()
