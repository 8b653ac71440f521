"""The JSON Schema takes what the options take, and nothing else."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from dockerlint.lint.cli.commands import dlint
from dockerlint.lint.engine.registry import rules
from dockerlint.lint.settings.options import OPTIONS, layer
from dockerlint.lint.settings.schema import schema
from dockerlint.lint.storage.errors import ConfigError

SCHEMA = schema(rules())
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)
DOCS = Path(__file__).parents[3] / "docs"

WORDS = st.sampled_from(
    ["DL3008", "recommended", "all", "hadolint", "error", "never", "off", "on", "auto", "sarif", "kaniko", "text", "semver", "*.md", "x"]
)
RATES = st.from_regex(r"\s?[0-9]{1,3}(\.[0-9]{1,2})?\s?[kMGTm]?(bit|Bit|B|b|bits|)(/s|ps|PS|p)?\s?", fullmatch=True)
NUMBERS = st.integers(-5, 5) | st.floats(-2, 2) | st.sampled_from([1e299, 1e300, 1e301, 0, 0.0])
PLAIN = WORDS | RATES | NUMBERS | st.booleans()
VALUES = PLAIN | st.lists(PLAIN, max_size=3) | st.dictionaries(WORDS, PLAIN | st.lists(PLAIN, max_size=2), max_size=3)


def takes(table: dict[str, Any]) -> bool:
    try:
        layer(table, "a file", Path())
    except ConfigError:
        return False
    return True


def test_the_schema_is_one() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)


@given(st.sampled_from(sorted(OPTIONS)), VALUES)
def test_any_value_is_judged_as_the_option_judges_it(key: str, value: Any) -> None:
    assert VALIDATOR.is_valid({key: value}) == takes({key: value})


@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [
        ("select", ["DL3"], "DL3"),
        ("severity", {"DL3008": "info"}, {"DL3008": "never"}),
        ("fail-on", "never", "none"),
        ("network", "6.25MB/s", "0 Mbit"),
        ("machine", 0.5, 0),
        ("machine", 1, True),
        ("per-file-ignores", {"a/*": ["DL3"]}, {"a/*": "DL3"}),
        ("build-args", {"A": "1"}, {"A": 1}),
        ("strict-labels", True, "true"),
        ("format", "rdjson", "xml"),
    ],
)
def test_both_kinds_of_each_value(key: str, good: object, bad: object) -> None:
    assert VALIDATOR.is_valid({key: good})
    assert takes({key: good})
    assert not VALIDATOR.is_valid({key: bad})
    assert not takes({key: bad})


def test_an_unknown_key_is_an_error() -> None:
    assert not VALIDATOR.is_valid({"fail_on": "error"})


def test_each_option_says_what_it_means() -> None:
    assert all(option.about.endswith(".") for option in OPTIONS.values())


def test_rules_are_proposed_and_others_taken() -> None:
    proposed = SCHEMA["definitions"]["selector"]["anyOf"][0]["enum"]
    assert {"DF101", "recommended", "DL3008"} <= set(proposed)
    assert VALIDATOR.is_valid({"ignore": ["SC2086", "ACME001"]})


def test_the_command_writes_it() -> None:
    done = CliRunner().invoke(dlint, ["config", "--schema"], standalone_mode=False)
    assert done.return_value == 0
    assert json.loads(done.stdout) == SCHEMA


@pytest.mark.parametrize("words", [["config"], ["config", "--schema", "--from-hadolint", "x"]])
def test_the_command_does_one_of_two(words: list[str]) -> None:
    done = CliRunner().invoke(dlint, words)
    assert done.exit_code == 2
    assert "either --from-hadolint or --schema" in done.output


@pytest.mark.skipif(not DOCS.exists(), reason="the documentation is not there")
def test_what_the_documentation_shows_is_valid() -> None:
    blocks = [block for page in DOCS.glob("*.md") for block in re.findall(r"^```toml\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)]
    tables = [tomllib.loads(block) for block in blocks]
    ours = [table for table in tables if table.keys() & OPTIONS.keys()]
    assert ours
    for table in ours:
        VALIDATOR.validate(table)
