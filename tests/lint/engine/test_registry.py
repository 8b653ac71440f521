"""Rules are found by what is kept of them, loaded when a file needs them, and no file needs one that is passed over."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockerlint.lint.analysis.build_state import Settings
from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.catalogue import tool as tools
from dockerlint.lint.catalogue.name_patterns import matches
from dockerlint.lint.engine import checker, registry, shipped_tables
from dockerlint.lint.engine.registry import rules
from dockerlint.lint.engine.rule import examples
from dockerlint.lint.storage import installation, prepared, sqlite_store
from dockerlint.lint.syntax.parser import parse

NEEDY = [rule for rule in rules() if rule.needs]
CASES = Path(__file__).parents[2] / "rules"
EXAMPLES = [
    *(example for rule in rules() for example in rule.examples),
    *(example for file in CASES.glob("*.md") for example in examples(file.read_text(encoding="utf-8"))),
]
TEXTS = [text for example in EXAMPLES for text in (example.text, example.fixed) if text]
# These look at programs by their names, not at the tools that these are.
BY_PROGRAM = frozenset({"DF621"})
PRESETS = ("all", "hadolint", "recommended")


def passed_over(text: str, settings: Settings) -> list[str]:
    """The rules that find something in a text although they say that there can be nothing."""
    doc = parse(text)
    facts = Facts(doc, settings=settings)
    plain = checker._plain(doc, facts)
    able = {rule.code for rule in checker.able(NEEDY, plain)}
    return [rule.code for rule in NEEDY if rule.code not in able and list(rule.check(doc, facts))]


def test_most_rules_say_what_they_need() -> None:
    assert len(NEEDY) > len(rules()) / 2


def test_needs_are_as_texts_are_when_they_are_compared() -> None:
    for rule in NEEDY:
        for need in rule.needs:
            assert need == need.casefold().translate(checker.QUOTES), rule.code


def test_what_a_rule_of_a_tool_needs_is_in_each_name_of_the_tool() -> None:
    needed = {need for rule in NEEDY if rule.code not in BY_PROGRAM for need in rule.needs}
    found = [tool for tool in tools.catalogue() if tool.name in needed]
    assert found
    assert [name for tool in found for name in (*tool.commands, *tool.modules) if tool.name not in name] == []


@pytest.mark.parametrize("preset", PRESETS)
def test_no_rule_is_passed_over_in_the_examples(preset: str) -> None:
    for text in TEXTS:
        assert passed_over(text, Settings(preset=preset)) == [], text


@pytest.mark.parametrize("preset", PRESETS)
def test_no_rule_is_passed_over_in_real_files(preset: str, corpus: list[str]) -> None:
    for text in corpus[:: 3 if preset == "all" else 9]:
        assert passed_over(text, Settings(preset=preset)) == [], text


@pytest.mark.parametrize(
    "text",
    [
        "FROM debian\nRUN apt-\\\n# between\nget install curl\n",
        "FROM debian\nRUN ap't'-get install curl\n",
        'FROM debian\nRUN a"pt-get" install curl\n',
        "FROM debian\nRUN a\\pt-get install curl\n",
        "FROM debian\nENV PM=apt-get\nRUN $PM install curl\n",
        "# escape=`\nFROM debian\nRUN apt-`\nget install curl\n",
        "FROM debian\nRUN <<EOF\napt-\\\nget install curl\nEOF\n",
    ],
)
def test_a_command_is_seen_however_it_is_written(text: str) -> None:
    doc = parse(text)
    assert "apt-get" in checker._plain(doc, Facts(doc))


def test_values_of_build_arguments_are_seen() -> None:
    doc = parse("FROM debian\nARG PM\nRUN $PM install curl\n")
    assert "apt-get" in checker._plain(doc, Facts(doc, settings=Settings(build_args={"PM": "apt-get"})))


def test_two_rules_never_share_a_code() -> None:
    codes = [row[2] for row in registry.rows()]
    assert len(codes) == len(set(codes))


def test_a_rule_that_is_not_loaded_says_where_it_lies() -> None:
    # docs/generate.py tells our rules from those of plug-ins by it
    assert [rule.code for rule in rules() if not rule.check.__module__.startswith(f"{registry.RULES}.")] == []


def test_what_is_kept_of_a_rule_is_what_it_is() -> None:
    own = registry._own()
    for rule in rules():
        found = own[rule.code]
        assert (rule.name, rule.severity, rule.aliases, rule.recommended, rule.needs, rule.documentation) == (
            found.name,
            found.severity,
            found.aliases,
            found.recommended,
            found.needs,
            found.documentation,
        )


def loaded(path: Path, *options: str) -> set[str]:
    """The modules that a check of a file loads, when all that can be kept is kept."""
    code = (
        "import sys; from dockerlint.lint.cli import main\n"
        f"main({[*options, str(path)]!r})\n"
        "print('loaded', *sys.modules)"
    )
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True) for _ in range(2)]
    return set(runs[-1].stdout.splitlines()[-1].split()[1:])


SMALL = 'FROM busybox:1.36\nCOPY hello /hello\nUSER 1000\nCMD ["/hello"]\n'


def test_a_small_file_loads_few_rules(tmp_path: Path) -> None:
    path = tmp_path / "Dockerfile"
    path.write_text(SMALL)
    modules = loaded(path, "--no-cache", "--shellcheck", "off")
    found = {name for name in modules if name.startswith("dockerlint.rules.")}
    assert len(found) < 50, sorted(found)
    assert not any("DL3009" in name or "DF407" in name for name in found)
    assert not {"libcst", "rich", "yaml", "hcl2", "sarif_om", "tomllib", "pathspec"} & modules


def test_a_file_that_is_known_loads_no_rules(tmp_path: Path) -> None:
    path = tmp_path / "Dockerfile"
    path.write_text(SMALL)
    modules = loaded(path)
    assert not {name for name in modules if name.startswith(("dockerlint.rules", "dockerlint.fixers", "lark", "tree_sitter"))}
    assert len({name for name in modules if name.startswith("dockerlint.")}) < 60


# ---------------------------------------------------------------- what is kept


@pytest.fixture
def folder() -> Path:
    return sqlite_store.folder()


def test_what_is_prepared_is_made_once(folder: Path) -> None:
    assert prepared.prepared("x", lambda: {"a": [1]}, dict[str, list[int]]) == {"a": [1]}
    assert prepared.prepared("x", lambda: pytest.fail("it is kept"), dict[str, list[int]]) == {"a": [1]}
    assert [path.name for path in folder.iterdir()] == [f"x-{installation.PLACE}.json"]


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"of": "another", "value": 2}', b"\xff", b'{"value": 2}', b"[" * 100_000])
def test_what_is_damaged_or_old_is_made_anew(folder: Path, damage: bytes) -> None:
    folder.mkdir()
    kept = folder / f"x-{installation.PLACE}.json"
    kept.write_bytes(damage)
    assert prepared.prepared("x", lambda: 1, int) == 1
    assert json.loads(kept.read_bytes())["value"] == 1


def test_without_a_place_to_keep_it_it_is_made_each_time(folder: Path) -> None:
    folder.write_text("a file, no folder")
    assert prepared.prepared("x", lambda: 1, int) == 1
    assert prepared.prepared("x", lambda: 2, int) == 2


def test_what_is_shipped_is_not_made(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepared, "SHIPPED", tmp_path)
    (tmp_path / "x.json").write_bytes(b"[1]")
    assert prepared.prepared("x", lambda: pytest.fail("it is there"), list[int]) == [1]
    assert not folder.exists()
    # what is of something else too is nothing that could be shipped
    assert prepared.prepared("x", lambda: [2], list[int], "something else") == [2]
    (tmp_path / "x.json").write_bytes(b"[1")
    assert prepared.prepared("x", lambda: [3], list[int]) == [3]


def test_each_build_ships_the_same(tmp_path: Path) -> None:
    program = "import sys; from pathlib import Path; from dockerlint.lint.engine.shipped_tables import ship; ship(Path(sys.argv[1]))"
    for seed in "12":
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        subprocess.run([sys.executable, "-c", program, str(tmp_path / seed)], env=environment, check=True)
    first, second = ({path.name: path.read_bytes() for path in (tmp_path / seed).iterdir()} for seed in "12")
    assert first == second
    assert set(first) == {f"{name}.json" for name in shipped_tables.shipped()}


def packed_in(folder: Path, data: bytes) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "table.tsv.gz"
    path.write_bytes(gzip.compress(data))
    return path


def test_a_packed_table_is_unpacked_once(folder: Path, tmp_path: Path) -> None:
    packed = packed_in(tmp_path / "data", b"a\tb\n")
    assert prepared.unpacked(packed)[:] == b"a\tb\n"
    (kept,) = folder.iterdir()
    assert kept.read_bytes() == b"a\tb\n"
    kept.write_bytes(b"c\td\n")
    assert prepared.unpacked(packed)[:] == b"c\td\n", "the kept one is read"


@pytest.mark.parametrize("damage", [b"", b"a", b"longer than it was"])
def test_a_damaged_table_is_unpacked_anew(folder: Path, tmp_path: Path, damage: bytes) -> None:
    packed = packed_in(tmp_path / "data", b"a\tb\n")
    prepared.unpacked(packed)
    next(folder.iterdir()).write_bytes(damage)
    assert prepared.unpacked(packed)[:] == b"a\tb\n"
    assert [path.read_bytes() for path in folder.iterdir()] == [b"a\tb\n"]


def test_what_other_versions_left_goes_some_day(folder: Path, tmp_path: Path) -> None:
    prepared.unpacked(packed_in(tmp_path / "data", b"a\n"))
    prepared.unpacked(packed_in(tmp_path / "data", b"longer\n"))
    assert {path.read_bytes() for path in folder.iterdir()} == {b"a\n", b"longer\n"}
    for path in folder.iterdir():
        os.utime(path, (0, 0))
    prepared.prepared("x", lambda: 1, int)
    assert [path.name for path in folder.iterdir()] == [f"x-{installation.PLACE}.json"]


def test_installations_do_not_take_each_others_place(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared.prepared("x", lambda: 1, int)
    with monkeypatch.context() as other:
        other.setattr(installation, "PLACE", "another")
        other.setattr(installation, "state", lambda: "another")
        assert prepared.prepared("x", lambda: 2, int) == 2
    assert prepared.prepared("x", lambda: 3, int) == 1


def test_what_is_prepared_is_cleared(folder: Path, tmp_path: Path) -> None:
    prepared.prepared("x", lambda: 1, int)
    prepared.unpacked(packed_in(tmp_path / "data", b"a\n"))
    prepared.clear()
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    "pattern", ["a", "a*", "*a", "*", "**", "a*a", "[ab]", "a?", "*[", "[*", "?", "a[!b]*", "", "a.b", "*.b"]
)
@given(st.text("ab.[]*?\n"))
def test_names_match_as_in_the_library(pattern: str, name: str) -> None:
    assert matches(name, pattern) == fnmatchcase(name, pattern)
