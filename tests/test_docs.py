"""What the documentation says, against the code. About the repository: not run against an installed wheel."""

from __future__ import annotations

import importlib
import importlib.util
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from dockerlint.fixers.rule_testing import assert_examples
from dockerlint.lint.cli.commands import DEFAULT, dlint
from dockerlint.lint.cli.startup import COMMANDS
from dockerlint.lint.engine.registry import find, rules
from dockerlint.lint.engine.rule import Rule
from dockerlint.lint.engine.suppressions import ignores
from dockerlint.lint.report.render import FORMATS
from dockerlint.lint.settings.config_files import from_file
from dockerlint.lint.settings.discovery import NOT_DOCKERFILES, PATTERNS
from dockerlint.lint.settings.options import OPTIONS
from dockerlint.lint.syntax.parser import parse

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
CELL = re.compile(r"^\| (`[^|]*?) \|", re.MULTILINE)
CODE = re.compile(r"`([^`]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
RULE_CODE = re.compile(r"\bD[FL]\d{3,4}\b")


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def block(name: str, language: str) -> str:
    """The first fenced block of a language in a page, however far it is indented."""
    match = re.search(rf"^( *)(`{{3,}}){language}\n(.*?)^\1\2$", text(name), re.MULTILINE | re.DOTALL)
    assert match, f"{name} has no block of {language}"
    return textwrap.dedent(match[3])


def commands(page: Path) -> Iterator[str]:
    """The calls of dlint in a page, in blocks and between backticks."""
    for match in re.finditer(r"(?:^[- ]*|`)dlint ([^`\n#<>]*)", page.read_text(encoding="utf-8"), re.MULTILINE):
        yield match[1]


def anchors(page: str) -> set[str]:
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in HEADING.findall(page)}


def leads_somewhere(page: Path, link: str) -> bool:
    """Whether the page that a link names is there, with the heading that it names."""
    name, _, anchor = link.partition("#")
    target = page.parent / name if name else page
    return target.exists() and (not anchor or anchor in anchors(target.read_text(encoding="utf-8")))


def test_links_lead_somewhere() -> None:
    links = [(page, link) for page in PAGES for link in LINK.findall(page.read_text(encoding="utf-8")) if "://" not in link]

    assert len(links) > len(PAGES)
    assert [f"{page.name}: {link}" for page, link in links if not leads_somewhere(page, link)] == []


def test_promises_name_tests_that_are_there() -> None:
    page = (ROOT / "docs" / "fixes.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", page)
    promises = re.findall(r"(?m)^\| (?!promise|---|mark)[^|]+ \| (.+) \|$", page.partition("## What is promised")[2].partition("## Versions")[0])

    assert len(promises) > 10
    assert [cell for cell in promises if "::test_" not in cell] == []
    assert [f"{path}::{name}" for path, name in named if f"\ndef {name}(" not in (ROOT / path).read_text(encoding="utf-8")] == []


def unknown_options(words: str) -> set[str]:
    name = words.split(" ", 1)[0]
    context = dlint.make_context("dlint", [], resilient_parsing=True)
    command = dlint.get_command(context, name if name in COMMANDS else DEFAULT)
    assert command is not None
    known = {option for item in (command, dlint) for one in item.get_params(context) for option in one.opts}
    known |= {option for one in command.params for option in one.secondary_opts}
    return set(OPTION.findall(words)) - known


def test_options_exist() -> None:
    shown = [(page, words) for page in PAGES for words in commands(page)]

    assert len(shown) > 50
    assert [f"{page.name}: {words}" for page, words in shown if unknown_options(words)] == []


def test_codes_exist() -> None:
    made_up = {("CONTRIBUTING.md", "DF499"), ("write-a-rule.md", "DF299")}
    pages = [page for page in PAGES if page.parent.name != "rules"]
    named = {(page.name, code) for page in pages for code in RULE_CODE.findall(page.read_text(encoding="utf-8"))} - made_up

    assert named
    assert sorted(f"{page}: {code}" for page, code in named if not find(code)) == []


def test_what_is_shown_of_a_run_is_what_it_prints() -> None:
    # in a process of its own: it runs in the repository, and without what the environment says
    done = subprocess.run([sys.executable, ROOT / "docs" / "console.py", "--check"], capture_output=True, text=True, check=False)

    assert (done.stdout, done.returncode) == ("", 0)


def test_every_key_is_described() -> None:
    cells = [cell for row in CELL.findall(text("docs/configuration.md")) for cell in CODE.findall(row)]

    assert sorted(cells) == sorted(OPTIONS)


def test_every_format_is_described() -> None:
    cells = [cell for row in CELL.findall(text("docs/ci.md")) for cell in CODE.findall(row)]

    assert sorted(cells) == sorted(FORMATS)


def test_the_configuration_shown_is_good(tmp_path: Path) -> None:
    for name in ("docs/configuration.md", "docs/suppressing.md"):
        path = tmp_path / name / ".dlint.toml"
        path.parent.mkdir(parents=True)
        path.write_text(block(name, "toml"), encoding="utf-8")

        assert from_file(path)


def test_the_ignores_shown_are_read() -> None:
    doc = parse(block("docs/suppressing.md", "dockerfile"))

    assert [sorted(ignore.names) for ignore in ignores(doc)] == [["dl3006"], ["dl3004", "no-user"]]


@pytest.mark.parametrize("name", ["dlint", "dlint-fix"])
def test_hooks_leave_out_what_a_search_does(name: str) -> None:
    hook = next(item for item in yaml.safe_load(text(".pre-commit-hooks.yaml")) if item["id"] == name)
    left_out = re.compile(hook["exclude"])

    assert [pattern for pattern in NOT_DOCKERFILES if not left_out.search(pattern.replace("*", "a/Dockerfile"))] == []
    assert [pattern for pattern in PATTERNS if left_out.search(pattern.replace("*", "a"))] == []


@pytest.mark.parametrize(
    ("page", "name"),
    [
        ("CONTRIBUTING.md", "DF499_ssh_exposed"),
        ("docs/write-a-rule.md", "DF299_editor_installed"),
    ],
)
def test_the_rule_shown_works(tmp_path: Path, page: str, name: str) -> None:
    path = tmp_path / f"{name}.py"
    path.write_text(block(page, "python"), encoding="utf-8")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    code, _, function = name.partition("_")
    rule = getattr(module, function)

    assert isinstance(rule, Rule)
    assert rule.code == code
    assert {example.kind for example in rule.examples} == {"bad", "good"}
    assert_examples(rule)


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scripts of docs/ can be imported, by their names."""
    monkeypatch.syspath_prepend(str(ROOT / "docs"))


def test_the_picture_is_what_dlint_says(scripts: None) -> None:
    picture = importlib.import_module("picture")
    svg = text("docs/terminal.svg")

    assert picture.words(svg) == picture.words(picture.drawn(picture.said()))
    assert "DF101" in "".join(picture.words(svg))
    # nothing of it is fetched from elsewhere
    assert not re.findall(r"@import|@font-face|url\((?!#)|(?:href|src)=", svg)


def test_a_picture_of_something_else_is_told(scripts: None) -> None:
    picture = importlib.import_module("picture")

    assert picture.words(picture.drawn("$ dlint\n\x1b[1ma  b\x1b[0m <c>\n")) == ["dlint", "$dlint", "ab<c>"]


def test_the_front_page_says_what_it_is_shows_it_and_installs_it() -> None:
    _, sentence, picture, install, *_ = text("docs/index.md").split("\n\n")

    assert sentence.startswith("dlint is a Dockerfile linter")
    assert sentence.count(".") == 1
    assert picture.endswith("(terminal.svg)")
    assert len(install.splitlines()) == 3


def test_rule_pages_show_an_example_first_and_fold_what_is_beside_it(scripts: None) -> None:
    page = importlib.import_module("rule_pages").page
    for rule in rules():
        shown = page(rule)
        parts = shown.split("\n\n")
        if any(example.kind == "bad" for example in rule.examples):
            assert parts[3] == "Bad:", rule.code
            assert parts[4].startswith("```dockerfile"), rule.code
        documentation = re.sub(r"^```.*?^```$", "", rule.documentation, flags=re.MULTILINE | re.DOTALL)
        # nothing is lost
        assert all(part.strip() in shown for part in documentation.split("\n\n")), rule.code
        blocks = re.findall(r"^`{3,}dockerfile (?:bad|good|fixed)$", rule.documentation, re.MULTILINE)
        assert len(re.findall(r"^(?:Bad|Good|Fixed):\n\n`{3,}dockerfile$", shown, re.MULTILINE)) == len(blocks), rule.code
        outside = re.sub(r"<details.*?</details>", "", shown, flags=re.DOTALL)
        assert "Beside it" not in outside
        assert shown.count("<details") == shown.count("</details>")


def _site() -> Any:
    """docs/site.py, whose name is one of Python's own modules too."""
    spec = importlib.util.spec_from_file_location("docs_site", ROOT / "docs" / "site.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_rule_is_in_the_menu_by_subject(scripts: None) -> None:
    pages = importlib.import_module("rule_pages")
    menu = _site()
    listed = text("docs/rules/index.md")
    found = {subject: [page for entry in entries for page in entry.values()] for item in menu.rules(listed) for subject, entries in item.items()}

    assert list(found) == list(pages.SUBJECTS)
    assert sorted(page for entries in found.values() for page in entries) == sorted(f"rules/{path.name}" for path in (ROOT / "docs" / "rules").glob("D*.md"))
    assert "rules/DF101.md" in found["Rebuild time"]
    assert "rules/DL3009.md" in found["Size"]
    assert "rules/DL3002.md" in found["Security"]
