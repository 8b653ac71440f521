"""Runs the examples of a rule; for our own tests and for those who write plug-ins."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from dockerlint.lint.analysis.build_state import Settings
from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.context.build_context import Context
from dockerlint.lint.engine.checker import check
from dockerlint.lint.settings.config import merge
from dockerlint.lint.settings.config_files import OWN_FILE, from_file
from dockerlint.lint.syntax.parser import parse

from .loop import fix

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dockerlint.lint.engine.findings import Finding
    from dockerlint.lint.engine.rule import Example, Rule
    from dockerlint.lint.syntax.nodes import Dockerfile


def assert_examples(rule: Rule, examples: Iterable[Example] | None = None) -> None:
    """Holds a rule against its documentation, or against other examples of the same form.

    A `bad` text must be found, a `good` one not, and the rule's fixes, unsafe ones included, must make the `fixed` text of
    the `bad` one; doing it twice must change nothing. A `.dlint.toml` among the files beside it is the configuration.
    Raises AssertionError with the text that does not hold.
    """
    for example in rule.examples if examples is None else examples:
        with tempfile.TemporaryDirectory() as folder:
            _assert_example(rule, example, Path(folder))


def findings(rule: Rule, example: Example) -> list[Finding]:
    """What a rule says of an example."""
    with tempfile.TemporaryDirectory() as folder:
        return _finder(rule, example, Path(folder))(parse(example.text))


def _finder(rule: Rule, example: Example, folder: Path) -> Callable[[Dockerfile], list[Finding]]:
    """The rule as a function of a file that has the example's files beside it; these are put into the folder."""
    for name, text in example.context:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf8")
    context = Context.of(folder) if example.context else None
    settings = _settings(folder)
    return lambda doc: check(doc, Facts(doc, context, settings), [rule])


def _assert_example(rule: Rule, example: Example, folder: Path) -> None:
    find = _finder(rule, example, folder)
    found = find(parse(example.text))
    wrong = [item.code for item in found if item.code != rule.code]
    assert not wrong, f"{rule.code} reports {wrong}"
    if example.kind == "good":
        messages = [item.message for item in found]
        assert not found, f"{rule.code} must not find anything in\n\n{example.text}\nbut says {messages}"
        return
    assert found, f"{rule.code} must find something in\n\n{example.text}"
    if example.fixed is None:
        return
    outcome = fix(example.text, find, unsafe=True)
    assert not outcome.dropped, f"{rule.code} drops {outcome.dropped} in\n\n{example.text}"
    assert outcome.text == example.fixed, f"{rule.code} makes\n\n{outcome.text}\nnot\n\n{example.fixed}"
    again = fix(outcome.text, find, unsafe=True).text
    assert again == outcome.text, f"{rule.code} changes its own work:\n\n{again}"


def _settings(folder: Path) -> Settings:
    file = folder / OWN_FILE
    config = merge(from_file(file) if file.is_file() else {})
    return Settings(
        preset="all",
        trusted_registries=config.trusted_registries,
        label_schema=config.label_schema,
        strict_labels=config.strict_labels,
    )
