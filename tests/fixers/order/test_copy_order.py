"""Real orders of copy and install: each row of the shared corpus, fixed, still finds what it reads."""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dockerlint.fixers.inputs.project_install import bringer, image_paths_of, project_installs
from dockerlint.fixers.loop import fix
from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.context.build_context import Context
from dockerlint.lint.engine.checker import check
from dockerlint.lint.engine.registry import rules
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.parser import parse

if TYPE_CHECKING:
    from dockerlint.fixers.inputs.project_install import ProjectInstall
    from dockerlint.lint.engine.findings import Finding
    from dockerlint.lint.syntax.nodes import Dockerfile

ROWS = Path(__file__).parents[4] / "shared" / "corpus" / "order.jsonl.gz"
pytestmark = pytest.mark.skipif(not ROWS.exists(), reason="the corpus is not here")


@cache
def rows() -> list[dict[str, Any]]:
    if not ROWS.exists():
        return []
    with gzip.open(ROWS, "rt", encoding="utf8") as lines:
        return [json.loads(line) for line in lines]


def lay_out(folder: Path, row: dict[str, Any]) -> Context:
    for path, text in row["files"].items():
        whole = folder / path
        whole.parent.mkdir(parents=True, exist_ok=True)
        whole.write_text(text, encoding="utf8")
    return Context.of(folder)


def find(doc: Dockerfile, context: Context) -> list[Finding]:
    chosen = [rule for rule in rules() if rule.code in ("DF101", "DF102")]
    return check(doc, Facts(doc, context), chosen)


def installs(doc: Dockerfile, context: Context) -> list[tuple[Facts, ProjectInstall]]:
    found = []
    for facts in (Facts(doc, context), Facts(doc, context).in_some_folder):
        found = found or [(facts, item) for stage in doc.stages for item in project_installs(facts, stage)]
    return found


def sources(facts: Facts, install: ProjectInstall) -> dict[str, str]:
    """The files of the context that an install reads, by where it reads them."""
    found = {path: bringer(facts, install.run, path) for path in image_paths_of(install)}
    return {path: item[1] for path, item in found.items() if item is not None}


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["id"])
def test_what_an_install_reads_is_copied_before_it(row: dict[str, Any], tmp_path: Path) -> None:
    context = lay_out(tmp_path, row)
    doc = parse(row["dockerfile"])
    fixed = parse(fix(row["dockerfile"], lambda text: find(text, context), unsafe=True).text)
    before, after = installs(doc, context), installs(fixed, context)
    for facts, item in before:
        same = [(other, found) for other, found in after if found.invocation.tool is item.invocation.tool and found.place == item.place]
        assert same, "an install is gone"
        # the same manifests, brought by the same files, wherever it reads them
        wanted = sources(facts, item)
        assert any(sources(other, found) == wanted for other, found in same)
    for facts, item in after:
        assert sources(facts, item).keys() == set(image_paths_of(item))
    kept = {doc.source(node.span) for node in doc.instructions if not isinstance(node, nodes.Copy)}
    assert kept <= {fixed.source(node.span) for node in fixed.instructions}, "a fix takes no step away"


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["id"])
def test_no_finding_is_without_fix_and_without_reason(row: dict[str, Any], tmp_path: Path) -> None:
    for item in find(parse(row["dockerfile"]), lay_out(tmp_path, row)):
        assert item.fix is not None or "no fix: " in item.message or "carried by the fix" in item.message
