from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import Rule
from dockerlint.lint.settings.config import Config, merge
from dockerlint.lint.settings.config_files import for_folder, from_file
from dockerlint.lint.settings.options import from_environment, from_options
from dockerlint.lint.storage.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def nothing(doc: object, facts: object) -> Iterator[Finding]:
    return iter(())


def rule(code: str, name: str, *aliases: str, recommended: bool = True) -> Rule:
    return Rule(code, name, Severity.WARNING, aliases, recommended, nothing, lambda: "Summary.")


RULES = (
    rule("DF101", "early-copy"),
    rule("DF201", "late-cleanup", recommended=False),
    rule("DL1000", "parse-error"),
    rule("DL3008", "apt-unpinned", recommended=False),
    rule("DL3009", "apt-lists", "LeftLists"),
)


def active(**options: object) -> list[str]:
    config = merge(from_options({key.replace("_", "-"): value for key, value in options.items()}))
    return [item.code for item in config.rules(RULES)]


@pytest.mark.parametrize(
    ("options", "codes"),
    [
        ({}, "DF101 DL1000 DL3009"),
        ({"preset": "hadolint"}, "DL1000 DL3008 DL3009"),
        ({"preset": "all"}, "DF101 DF201 DL1000 DL3008 DL3009"),
        ({"preset": "reproducible"}, "DL1000 DL3008"),
        ({"select": ["DF2"]}, "DF201 DL1000"),
        ({"select": ["df2", "apt-unpinned"]}, "DF201 DL1000 DL3008"),
        ({"select": ["LEFTLISTS"]}, "DL1000 DL3009"),
        ({"select": ["recommended", "DL3008"]}, "DF101 DL1000 DL3008 DL3009"),
        ({"select": ["DL3008"], "ignore": ["DL3"]}, "DL1000 DL3008"),
        ({"select": ["DL3"], "ignore": ["DL3008"]}, "DL1000 DL3009"),
        ({"select": ["DL3008"], "ignore": ["DL3008"]}, "DL1000"),
        ({"ignore": ["DL"]}, "DF101 DL1000"),
        ({"ignore": ["DL1000", "SC2086"]}, "DF101 DL3009"),
    ],
)
def test_selection(options: dict[str, object], codes: str) -> None:
    assert active(**options) == codes.split()


@pytest.mark.parametrize(
    ("layers", "codes"),
    [
        ([{"ignore": ["DF101"]}, {"ignore": ["DL3009"]}], "DL1000"),
        ([{"ignore": ["DL3009"]}, {"select": ["DL3009"]}], "DL1000 DL3009"),
        ([{"select": ["DF2"]}, {"preset": "hadolint"}], "DL1000 DL3008 DL3009"),
        ([{"preset": "all", "ignore": ["DL3008"]}, {"ignore": ["DF1"]}], "DF201 DL1000 DL3009"),
        ([{"ignore": ["DL3008"]}, {"preset": "all"}], "DF101 DF201 DL1000 DL3009"),
    ],
)
def test_stronger_layers(layers: list[dict[str, object]], codes: str) -> None:
    config = merge(*map(from_options, layers))
    assert [item.code for item in config.rules(RULES)] == codes.split()


def test_a_rule_that_is_not_there_is_an_error_with_a_hint() -> None:
    with pytest.raises(ConfigError, match=r"^--select: there is no rule 'DL3080'; did you mean 'DL300\d'\?$"):
        active(select=["DL3080"])
    with pytest.raises(ConfigError, match=r"--ignore.*'apt-list'; did you mean 'apt-lists'\?"):
        active(ignore=["apt-list"])


def test_the_closer_severity_wins_then_the_stronger_layer() -> None:
    config = merge(from_options({"severity": {"DL3": "info", "DL3008": "style"}}))
    by_code = {item.code: config.level(item) for item in RULES}
    assert by_code["DL3009"] is Severity.INFO
    assert by_code["DL3008"] is Severity.STYLE
    assert by_code["DF101"] is Severity.WARNING
    twice = merge(from_environment({"DLINT_SEVERITY": "DL3008=error"}), from_options({"severity": {"DL3008": "style"}}))
    assert twice.level(RULES[3]) is Severity.STYLE


def test_the_order_of_layers(tmp_path: Path) -> None:
    (tmp_path / ".dlint.toml").write_text('target = "file"\nfail-on = "info"\n[build-args]\nA = "file"\nB = "file"\n')
    environ = {"DLINT_TARGET": "env", "DLINT_BUILD_ARGS": "A=env", "DLINT_STRICT_LABELS": "yes", "PATH": "/bin"}
    config = merge(for_folder(tmp_path), from_environment(environ), from_options({"build-args": {"C": "cli"}}))
    assert config.target == "env"
    assert config.build_args == {"A": "env", "B": "file", "C": "cli"}
    assert config.strict_labels
    assert config.fail_on is Severity.INFO


def test_relative_paths_are_the_files_own(tmp_path: Path) -> None:
    (tmp_path / ".dlint.toml").write_text('context = "app"\nbaseline = "known.json"\n')
    config = merge(from_file(tmp_path / ".dlint.toml"))
    assert (config.context, config.baseline) == (tmp_path / "app", tmp_path / "known.json")


def test_ignores_for_some_files(tmp_path: Path) -> None:
    (tmp_path / ".dlint.toml").write_text('[per-file-ignores]\n"test/**" = ["DF1"]\n"*.dev" = ["DL3009"]\n')
    config = merge(for_folder(tmp_path))
    cases = {
        "Dockerfile": "DF101 DL1000 DL3009",
        "test/a/Dockerfile": "DL1000 DL3009",
        "x/Dockerfile.dev": "DF101 DL1000",
    }
    for name, codes in cases.items():
        assert [item.code for item in config.rules(RULES, tmp_path / name)] == codes.split()


@pytest.mark.parametrize(
    ("files", "target"),
    [
        ({".dlint.toml": 'target = "own"', "pyproject.toml": '[tool.dlint]\ntarget = "py"'}, "own"),
        ({"pyproject.toml": '[tool.dlint]\ntarget = "py"', "../.dlint.toml": 'target = "above"'}, "py"),
        ({"pyproject.toml": "[tool.other]\na = 1", "../.dlint.toml": 'target = "above"'}, "above"),
        ({".hadolint.yaml": "ignored: [DL3008]", "../.dlint.toml": 'target = "above"'}, "above"),
        ({}, None),
    ],
)
def test_the_nearest_file_counts(files: dict[str, str], target: str | None, tmp_path: Path) -> None:
    folder = tmp_path / "sub"
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
    assert merge(for_folder(folder)).target == target


def test_hadolints_file_is_translated(tmp_path: Path) -> None:
    (tmp_path / ".hadolint.yaml").write_text(
        """
ignored: [DL3009, DL9999]
override:
  info: [DL3008]
  style: [SC2086]
failure-threshold: error
trustedRegistries: [registry.example]
label-schema: {owner: email}
strict-labels: true
disable-ignore-pragma: true
format: tty
no-color: true
some-later-key: 1
"""
    )
    config = merge(for_folder(tmp_path))
    assert [item.code for item in config.rules(RULES)] == ["DF101", "DL1000"]
    assert config.level(RULES[3]) is Severity.INFO
    assert config.fail_on is Severity.ERROR
    assert config.trusted_registries == ("registry.example",)
    assert config.label_schema == {"owner": "email"}
    assert (config.strict_labels, config.inline_ignores, config.format) == (True, False, "text")


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("failure-threshold: none", Severity.STYLE),
        ("no-fail: true", None),
        ("no-fail: false", Severity.WARNING),
        ("", Severity.WARNING),
    ],
)
def test_when_hadolints_file_lets_a_run_fail(text: str, limit: Severity | None, tmp_path: Path) -> None:
    (tmp_path / ".hadolint.yml").write_text(text)
    assert merge(for_folder(tmp_path)).fail_on is limit


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        (".dlint.toml", 'selct = ["DL3"]', "unknown key 'selct'; did you mean 'select'?"),
        (".dlint.toml", 'select = "DL3"', "select must be a list of texts, not 'DL3'"),
        (".dlint.toml", "target = 3", "target must be a text, not 3"),
        (".dlint.toml", 'preset = "recomended"', "preset must be one of recommended, hadolint, reproducible, all"),
        (".dlint.toml", 'fail-on = "warn"', "did you mean 'warning'?"),
        (".dlint.toml", 'network = "fast"', "network must be a rate such as 50Mbit or 6MB/s, not 'fast'"),
        (".dlint.toml", "strict-labels = 1", "strict-labels must be true or false"),
        (".dlint.toml", '[severity]\nDL3 = "bad"', "severity must be one of error"),
        (".dlint.toml", "select = [", "not valid TOML"),
        ("pyproject.toml", "[tool.dlint]\nformt = 'json'", "unknown key 'formt'; did you mean 'format'?"),
        (".hadolint.yaml", "ignored: DL3008", "ignored must be a list of texts"),
        (".hadolint.yaml", "override: [a]", "override must be a table"),
        (".hadolint.yaml", "- a", "must be a mapping of options"),
        (".hadolint.yaml", "a: [", "not valid YAML"),
        (".hadolint.yaml", "format: pretty", "format must be one of"),
    ],
)
def test_bad_files_say_where_and_what(name: str, text: str, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        for_folder(tmp_path)
    assert str(caught.value).startswith(f"{path}: ")
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("DLINT_STRICT_LABELS", "maybe", "DLINT_STRICT_LABELS must be true or false, not 'maybe'"),
        ("DLINT_BUILD_ARGS", "A", "DLINT_BUILD_ARGS must be key=value, separated by commas, not 'A'"),
        ("DLINT_FORMAT", "jsn", "did you mean 'json'?"),
    ],
)
def test_bad_variables(variable: str, value: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=variable) as caught:
        from_environment({variable: value})
    assert sentence in str(caught.value)


def test_an_empty_configuration_is_the_default() -> None:
    assert merge() == Config()
