"""`import dockerlint`: what it exports, against the command line, and the example of its page."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import dockerlint
from dockerlint.lint.cli import main, python_api
from dockerlint.lint.engine.findings import Applicability, Finding, Severity
from dockerlint.lint.engine.rule import rule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dockerlint.lint.syntax.nodes import Dockerfile

PAGE = Path(__file__).parents[3] / "docs" / "python.md"
TEXT = "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm install\nRUN apt-get update && apt-get install -y curl\nMAINTAINER é\n"


@rule("XX300", name="broken-rule", severity=Severity.WARNING)
def broken_rule(doc: Dockerfile) -> Iterator[Finding]:
    """It fails."""
    raise RuntimeError(doc.text[:4])


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(("DLINT_", "HADOLINT_"))]:
        monkeypatch.delenv(name)
    (tmp_path / "package.json").write_text('{"name": "a", "dependencies": {"express": "4"}}')
    (tmp_path / "package-lock.json").write_text('{"lockfileVersion": 3, "packages": {}}')
    (tmp_path / "index.js").write_text("1\n")
    (tmp_path / "Dockerfile").write_text(TEXT, encoding="utf-8")
    (tmp_path / ".dlint.toml").write_text('ignore = ["DF401"]\n')
    return tmp_path / "Dockerfile"


def row(item: dockerlint.Diagnostic) -> dict[str, Any]:
    """A diagnostic as the command line's JSON has it, less the edits of its fix."""
    fix = item.fix and {"title": item.fix.title, "applicability": item.fix.applicability.name.lower()}
    saving = item.saving and {
        "image_bytes": round(item.saving.image_bytes), "rebuild_seconds": round(item.saving.rebuild_seconds, 2), "basis": item.saving.basis.value
    }  # fmt: skip
    places = {name: getattr(item, name) for name in ("file", "line", "column", "end_line", "end_column", "code", "name", "message")}
    related = [{"code": other.code, "line": other.line, "column": other.column} for other in item.related]
    return {**places, "level": item.severity.value, "fix": fix, "saving": saving, "primary": item.primary, "related": related}


@pytest.mark.parametrize("options", [{}, {"preset": "all"}, {"preset": "hadolint", "severity": {"DL4000": "info"}}, {"select": ["DF1"], "ignore": ["DF103"]}])
def test_it_finds_what_the_command_line_does(project: Path, options: Any, capsys: pytest.CaptureFixture[str]) -> None:
    words = {"preset": "--preset", "select": "--select", "ignore": "--ignore"}
    given = [word for key, flag in words.items() if key in options for word in (flag, options[key] if key == "preset" else ",".join(options[key]))]
    given += [word for code, level in options.get("severity", {}).items() for word in (f"--{level}", code)]
    main(["--format", "json", *given, "Dockerfile"])
    rows = json.loads(capsys.readouterr().out)
    for item in rows:
        del item["aliases"]
        if item["fix"]:
            del item["fix"]["edits"]

    found = dockerlint.check(project.relative_to(Path.cwd()), **options)
    assert rows
    assert [row(item) for item in found] == rows


@pytest.mark.parametrize("unsafe", [False, True])
def test_it_fixes_as_the_command_line_does(project: Path, *, unsafe: bool) -> None:
    report = dockerlint.fix(project, unsafe=unsafe)
    assert project.read_text(encoding="utf-8") == TEXT
    assert report.fixes
    left = dockerlint.check(project)
    main(["--fix", *(["--unsafe-fixes"] if unsafe else []), "Dockerfile"])
    assert report.text == project.read_text(encoding="utf-8") != TEXT
    assert [row(item) for item in report.diagnostics] == [row(item) for item in dockerlint.check(project)] != [row(item) for item in left]


def test_it_costs_what_the_command_line_says(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["cost", "--format", "json", "Dockerfile"])
    told = json.loads(capsys.readouterr().out)
    told = told[0] if isinstance(told, list) else told
    found = dockerlint.cost(Path("Dockerfile"))
    assert [item.line for item in found.steps] == [item["line"] for item in told["steps"]]
    assert found.image.adds.mid == pytest.approx(told["image"]["adds"]["mid"])
    assert found.expected.seconds.mid == pytest.approx(told["expected"]["seconds"]["mid"], rel=0.01)


def test_a_text_has_no_configuration_and_no_context(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DLINT_PRESET", "nonsense")
    monkeypatch.setenv("HADOLINT_IGNORE", "DL3006")
    (project.parent / ".dlint.toml").write_text('ignore = ["DL4000"]\n')
    assert "DL4000" in {item.code for item in dockerlint.check(TEXT)}
    assert "DL4000" not in {item.code for item in dockerlint.check(project)}
    assert {item.file for item in dockerlint.check(TEXT)} == {"-"}
    assert "DF101" in {item.code for item in dockerlint.check(TEXT, context=project.parent)}


def test_a_file_that_does_not_parse_is_a_diagnostic() -> None:
    (item,) = dockerlint.check("FROM a:1\nCOYP a b\n", select=["DL1000"])
    assert (item.line, item.column, item.code, item.severity) == (2, 1, "DL1000", dockerlint.Severity.ERROR)
    assert dockerlint.check("")[0].code == "DL1000"


def test_bytes_that_are_no_text_are_kept(project: Path) -> None:
    project.write_bytes(b"FROM debian:12\nRUN cd \xff\nMAINTAINER x\n")
    assert dockerlint.fix(project).text.encode("utf-8", "surrogateescape").startswith(b"FROM debian:12\nRUN cd \xff\n")
    assert "\udcff" in dockerlint.fix("FROM debian:12\nRUN cd \udcff\nMAINTAINER x\n").text


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (lambda: dockerlint.check("Dockerfile"), dockerlint.SourceError, "for a file pass pathlib.Path('Dockerfile')"),
        (lambda: dockerlint.check(Path("none")), dockerlint.SourceError, "none: cannot be read: no such file or directory"),
        (lambda: dockerlint.fix(Path()), dockerlint.SourceError, "cannot be read"),
        (lambda: dockerlint.cost("FROM a\0b"), dockerlint.SourceError, "binary"),
        (lambda: dockerlint.check("FROM \ud800"), dockerlint.SourceError, "not Unicode, at offset 5"),
        (lambda: dockerlint.check("FROM a\n" + "#" * (17 << 20)), dockerlint.SourceError, "over 16 MB"),
        (lambda: dockerlint.check("FROM a", preset="strange"), dockerlint.ConfigError, "preset must be one of"),
        (lambda: dockerlint.check("FROM a", select=["DL9999"]), dockerlint.ConfigError, "there is no rule 'DL9999'"),
        (lambda: dockerlint.check("FROM a", presset="all"), dockerlint.ConfigError, "did you mean 'preset'?"),  # type: ignore[call-arg]
    ],
)
def test_errors_are_sentences(call: Callable[[], object], error: type[Exception], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=re.escape(sentence)):
        call()


def test_a_rule_that_fails_is_a_warning(plug_in: Callable[[str], None]) -> None:
    plug_in(__name__)
    with pytest.warns(RuntimeWarning, match="XX300"):
        found = dockerlint.check("FROM debian:12\nMAINTAINER x\n")
    assert "DL4000" in {item.code for item in found}


def test_all_names_are_there() -> None:
    assert sorted(dockerlint.__all__) == sorted(python_api.__all__)
    assert set(dockerlint.__all__) <= set(dir(dockerlint))
    for name in dockerlint.__all__:
        assert getattr(dockerlint, name) is getattr(python_api, name)
    assert dockerlint.Applicability is Applicability
    with pytest.raises(AttributeError, match="nonsense"):
        dockerlint.nonsense  # noqa: B018


def test_to_import_it_loads_nothing() -> None:
    program = "import sys; before = set(sys.modules); import dockerlint; print(*sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert {name for name in done.stdout.split() if name.partition(".")[0] not in sys.stdlib_module_names} == {"dockerlint"}


needs_page = pytest.mark.skipif(not PAGE.is_file(), reason="an installed wheel has no pages")


@needs_page
def test_the_example_of_the_page(tmp_path: Path) -> None:
    program, printed = re.findall(r"^```(?:python|text)\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout == printed


@needs_page
def test_the_example_of_the_page_is_typed(tmp_path: Path) -> None:
    api = pytest.importorskip("mypy.api")
    (program, *_) = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    good, bad = tmp_path / "good.py", tmp_path / "bad.py"
    good.write_text(program)
    bad.write_text('import dockerlint\n\ndockerlint.check(3)\ndockerlint.check("FROM a", preset=1)\nreveal_type(dockerlint.fix("FROM a").text)\n')
    words = ["--strict", "--cache-dir", str(tmp_path / "cache")]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        out, err, status = api.run([*words, "good.py"])
        assert (status, err) == (0, ""), out
        out, _, status = api.run([*words, "bad.py"])
    assert status == 1
    assert 'bad.py:3: error: Argument 1 to "check"' in out
    assert "bad.py:4: error" in out
    assert 'bad.py:5: note: Revealed type is "' in out
