"""What is too large, goes round, never ends, vanishes or is named to do harm: a sentence, and no hang."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from html import unescape
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from dockerlint.lint.cli import main
from dockerlint.lint.context.build_context import Context
from dockerlint.lint.context.dockerignore import Ignore, glob_to_regex
from dockerlint.lint.context.gitignore import is_left_out, patterns
from dockerlint.lint.report import sarif
from dockerlint.lint.report.escaping import HIDDEN
from dockerlint.lint.report.render import FORMATS
from dockerlint.lint.settings import config_files
from dockerlint.lint.settings.config_files import from_file
from dockerlint.lint.settings.discovery import Missing, discover
from dockerlint.lint.shell.script import script
from dockerlint.lint.storage import sqlite_store
from dockerlint.lint.storage.errors import ConfigError, SourceError
from dockerlint.lint.syntax import grammar, nodes, parser, source
from dockerlint.lint.syntax.parser import parse

if TYPE_CHECKING:
    from collections.abc import Callable

unix = pytest.mark.skipif(os.name != "posix", reason="files that Unix has")
TEXT = "FROM debian\nWORKDIR app\n"


class Done(NamedTuple):
    status: int
    out: str
    err: str


@pytest.fixture
def dlint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> Done:
        status = main(["--shellcheck", "off", "--no-savings", *words])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        assert "internal error" not in err
        return Done(status, out, err)

    return run


# ---------------------------------------------------------------- size


def test_a_file_of_100_megabytes_is_refused_at_once(dlint: Callable[..., Done]) -> None:
    with Path("Dockerfile").open("wb") as file:
        file.truncate(100 << 20)
    Path("other").write_text(TEXT)
    started = time.monotonic()
    done = dlint("Dockerfile", "other")
    assert time.monotonic() - started < 20
    assert done.err.startswith("dlint: Dockerfile: it has over 16 MB, more than a builder takes")
    assert (done.status, "other:1:6" in done.out) == (2, True)


def test_the_largest_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "MOST_BYTES", 20)
    (tmp_path / "a").write_bytes(b"x" * 20)
    (tmp_path / "b").write_bytes(b"x" * 21)
    assert source.read(tmp_path / "a").text == "x" * 20
    with pytest.raises(SourceError, match="more than a builder takes"):
        source.read(tmp_path / "b")


@unix
def test_a_device_that_never_ends(dlint: Callable[..., Done]) -> None:
    done = dlint("/dev/zero")
    assert (done.status, done.err) == (2, "dlint: /dev/zero: it has over 16 MB, more than a builder takes\n")


@unix
def test_a_pipe_that_nobody_writes_to(dlint: Callable[..., Done]) -> None:
    os.mkfifo("Dockerfile")
    done = dlint("Dockerfile")
    assert (done.status, done.err) == (2, "dlint: Dockerfile: cannot be read: this is a pipe that nobody writes to\n")
    assert "no Dockerfile in this folder" in dlint(".").err


@unix
def test_a_pipe_is_read_to_its_end() -> None:
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.close(read)
        time.sleep(0.3)
        os.write(write, TEXT.encode())
        os._exit(0)
    os.close(write)
    # as `dlint <(...)` gives it
    assert source.read(Path(f"/dev/fd/{read}")).text == TEXT
    os.waitpid(child, 0)


@unix
@pytest.mark.parametrize("name", [".gitignore", ".dockerignore", ".dlint.toml", ".hadolint.yaml", "Dockerfile.dockerignore"])
def test_pipes_beside_the_file_are_not_waited_for(name: str, dlint: Callable[..., Done]) -> None:
    Path("Dockerfile").write_text(TEXT)
    os.mkfifo(name)
    assert dlint(".", "--preset", "all").status == 1


def test_a_huge_ignore_file(dlint: Callable[..., Done]) -> None:
    Path("Dockerfile").write_text("FROM debian\nCOPY . .\n")
    Path(".dockerignore").write_text("a\n" * 2_000_001)
    done = dlint("--preset", "all", "Dockerfile")
    assert (done.status, ".dockerignore: this has over 4 MB; dlint does not read it" in done.err) == (2, True)
    Path(".dockerignore").write_text("".join(f"a{at}/*.b\n" for at in range(3_000)))
    assert dlint("--preset", "all", "Dockerfile").status == 1


def test_an_ignore_file_that_cannot_be_read(dlint: Callable[..., Done], monkeypatch: pytest.MonkeyPatch) -> None:
    Path("Dockerfile").write_text("FROM debian\nCOPY . .\n")
    Path(".dockerignore").write_text("a\n")

    real = os.open

    def fail(path: Any, *words: Any, **more: Any) -> int:
        if str(path).endswith(".dockerignore"):
            raise PermissionError(13, "Permission denied")
        return real(path, *words, **more)

    monkeypatch.setattr(os, "open", fail)
    done = dlint("--preset", "all", "--no-cache", "Dockerfile")
    assert (done.status, done.err) == (2, "dlint: .dockerignore: cannot be read: permission denied\n")


@unix
@pytest.mark.parametrize("path", ["/dev/null", "/proc/self/mem", "/proc/1/mem", "/dev/full", "/proc/self/fd", "/dev/tty"])
def test_what_is_no_file(path: str, dlint: Callable[..., Done]) -> None:
    if not Path(path).exists():
        pytest.skip("a system without it")
    Path("Dockerfile").write_text(TEXT)
    done = dlint(path, "Dockerfile")
    assert "Dockerfile:1:6" in done.out
    # nothing is in /dev/null, and a folder without a Dockerfile is told only
    assert done.status == (1 if path in ("/dev/null", "/proc/self/fd") else 2)
    assert done.err.count("\n") <= 1


def test_names_of_packages_that_are_no_utf_8(dlint: Callable[..., Done], capsys: pytest.CaptureFixture[str]) -> None:
    Path("Dockerfile").write_bytes(
        b"FROM debian:12\nRUN apt-get update && apt-get install -y bash \xed\xa0\x80dev python\nRUN npm install -g \xff\n"
    )
    assert dlint("--preset", "all", "--savings", "Dockerfile").status == 1
    main(["cost", "Dockerfile"])
    assert "error" not in capsys.readouterr().err


# ---------------------------------------------------------------- folders


@unix
def test_loops_of_links(dlint: Callable[..., Done]) -> None:
    Path("a/b").mkdir(parents=True)
    Path("a/b/Dockerfile").write_text("FROM debian\nCOPY . .\n")
    Path("a/b/up").symlink_to(Path("..", ".."))
    Path("a/Dockerfile").symlink_to("Dockerfile")
    Path("a/b/package.json").symlink_to("package.json")
    done = dlint("--preset", "all", ".")
    assert (done.status, done.out.count("DL3006"), done.err) == (1, 1, "")


@unix
def test_folders_nested_more_deeply_than_calls_can_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    depth = sys.getrecursionlimit() + 200
    for _ in range(depth):
        os.mkdir("d")  # noqa: PTH102 - the whole path would be too long
        os.chdir("d")
    Path("Dockerfile").write_text(TEXT)
    os.chdir(tmp_path)
    try:
        found = list(discover(["."]))
        assert [str(path) for path in found] == ["d/" * depth + "Dockerfile"]
        Context.of(tmp_path).files.items()
    finally:
        # Python, and with it pytest, cannot take it away
        subprocess.run(["rm", "-rf", "d"], check=True)


@unix
def test_settings_are_looked_for_above_very_deep_folders(tmp_path: Path) -> None:
    (tmp_path / ".dlint.toml").write_text("")
    depth = sys.getrecursionlimit() + 200
    assert config_files._upwards(str(tmp_path) + "/d" * depth, config_files._own) == str(tmp_path / ".dlint.toml")


def test_a_folder_that_cannot_be_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "b/Dockerfile").write_text(TEXT)
    real = os.scandir

    def scandir(path: Path) -> object:
        if Path(path).name == "a":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    first, second = discover([str(tmp_path)])
    assert isinstance(first, Missing)
    assert first.sentence == f"{tmp_path / 'a'}: cannot be searched: permission denied"
    assert second == tmp_path / "b/Dockerfile"


def test_a_folder_named_dockerfile(dlint: Callable[..., Done]) -> None:
    Path("Dockerfile").mkdir()
    Path("Dockerfile/Containerfile").write_text(TEXT)
    assert "Dockerfile/Containerfile:1:6" in dlint(".").out
    assert "Dockerfile/Containerfile:1:6" in dlint("Dockerfile").out


def test_a_file_that_vanishes(dlint: Callable[..., Done], monkeypatch: pytest.MonkeyPatch) -> None:
    Path("a").write_text(TEXT)
    Path("b").write_text(TEXT)
    real = os.open

    def too_late(path: Any, *words: Any, **more: Any) -> int:
        if str(path) == "a":
            Path("a").unlink(missing_ok=True)
        return real(path, *words, **more)

    monkeypatch.setattr(os, "open", too_late)
    done = dlint("a", "b")
    assert done.err.startswith("dlint: a: cannot be read: no such file or directory")
    assert (done.status, "b:1:6" in done.out) == (2, True)


@pytest.mark.parametrize("length", [241, 245, 250])
def test_a_name_as_long_as_names_can_be(length: int, dlint: Callable[..., Done]) -> None:
    name = "D" * length
    Path(name).write_text("FROM debian\nMAINTAINER me\n")
    assert dlint(name).status == 1
    assert dlint("--fix", name, "--exit-zero").status == 0
    assert "MAINTAINER" not in Path(name).read_text()
    assert "too long" in dlint("D" * 300).err


# ---------------------------------------------------------------- patterns that take years


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("*a" * 30 + "b", "a" * 255), ("**/a/" * 30 + "b", "a/" * 2000), ("**a" * 30 + "b", "a" * 4000),
        ("**/*a*a/" * 20 + "x", "aaaa/" * 800), ("?*" * 30 + "b", "a" * 255), ("[a]*" * 30 + "b", "a" * 255),
    ],
)  # fmt: skip
def test_stars_take_no_time(pattern: str, path: str, tmp_path: Path) -> None:
    started = time.monotonic()
    assert not Ignore.parse(pattern).matches(path)
    assert glob_to_regex(pattern, deep=False)
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text(pattern)
    assert not is_left_out(tmp_path, path[:250])
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("line", ["\\", "a\\", "!", "[[a]b", "[z-a]", "a/**/b\\", "*a*a*a*a"])
def test_lines_of_gitignore_that_are_no_patterns(line: str) -> None:
    spec = patterns(["first", line, "last"])
    assert [spec.match_file(name) for name in ("first", "last", "other")] == [True, True, False]


def test_a_bad_pattern_of_the_configuration(dlint: Callable[..., Done]) -> None:
    Path("Dockerfile").write_text(TEXT)
    Path(".dlint.toml").write_text('[per-file-ignores]\n"[z-a]" = ["DL3"]\n')
    done = dlint("Dockerfile")
    assert (done.status, done.err) == (2, "dlint: per-file-ignores: '[z-a]' is not a valid pattern\n")


@pytest.mark.parametrize("piece", ["|", "f(se ", "(", '"$(', "{ ", "&& ", "<<X ", "${a", "é|", "case a in b) ", ";;", "$((", "a=( ", "[[ "])
def test_long_scripts_that_are_no_shell_take_no_time(piece: str) -> None:
    started = time.process_time()
    good = "apt-get install -y b; "
    for text in ((good + piece * 60_000)[:60_000], (good * 2_000 + piece * 30_000)[:60_000], good + piece * 50_000):
        doc = parse(f"FROM a\nRUN {text}\n")
        run = next(node for node in doc.instructions if isinstance(node, nodes.Run))
        found = script(doc, run)
        assert found is not None
        assert [word.text for word in found.commands[0].words] == ["apt-get", "install", "-y", "b"]
        assert not found.sound
    assert time.process_time() - started < 20


@pytest.mark.parametrize("sign", ["<", ">", "|", "<<<", "><", ">|"])
def test_long_rows_of_signs_take_no_time(sign: str) -> None:
    started = time.process_time()
    doc = parse(f'FROM a\nRUN echo "a" {(sign * 60_000)[:60_000]}\n')
    run = next(node for node in doc.instructions if isinstance(node, nodes.Run))
    found = script(doc, run)
    assert found is not None
    assert not found.sound
    assert time.process_time() - started < 4


def test_long_scripts_are_read_to_their_end() -> None:
    doc = parse("FROM a\nRUN " + "echo é | tee b; " * 3_000 + "\n")
    run = next(node for node in doc.instructions if isinstance(node, nodes.Run))
    found = script(doc, run)
    assert found is not None
    assert (found.sound, len(found.commands)) == (True, 6_000)


# ---------------------------------------------------------------- bombs

LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{at}: &a{at} [{', '.join([f'*a{at - 1}'] * 9)}]\n" for at in range(1, 10)
)
MERGES = "a0: &a0 {x0: 1}\n" + "".join(
    f"a{at}: &a{at}\n  <<: [{', '.join([f'*a{at - 1}'] * 9)}]\n  x{at}: 1\n" for at in range(1, 12)
)


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        (".hadolint.yaml", LAUGHS + "ignored: *a9\n", "aliases stand for more than"),
        (".hadolint.yaml", MERGES + "override: *a11\n", "aliases stand for more than"),
        (".hadolint.yaml", "ignored: &a [*a]\n", "an alias refers to what contains it"),
        (".hadolint.yaml", "ignored: " + "[" * 5_000, "nested too deeply"),
        (".hadolint.yaml", "a: 2024-99-99\n", "not valid YAML"),
        (".dlint.toml", "select = " + "[" * 50_000, "nested too deeply"),
        (".dlint.toml", "a = " + "{a=" * 5_000, "nested too deeply"),
        ("pyproject.toml", "select = " + "[" * 50_000, "nested too deeply"),
        (".dlint.toml", "select = [" + "1," * 100_000 + "]", "must be a list of texts, not [1, 1, 1, 1, 1, 1, ...]"),
    ],
)
def test_bombs_are_refused(tmp_path: Path, name: str, text: str, sentence: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    started = time.monotonic()
    with pytest.raises(ConfigError) as error:
        from_file(path)
    assert sentence in str(error.value)
    assert len(str(error.value)) < 1_000
    assert time.monotonic() - started < 30


# Python refuses to read a number of so many digits, and to write one.
HUGE = "9" * 10_000
HUGE_HEX = "0x" + "f" * 10_000


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (".dlint.toml", f"machine = {HUGE}\n"), (".dlint.toml", f"machine = {HUGE_HEX}\n"), (".dlint.toml", f"select = [{HUGE_HEX}]\n"),
        (".dlint.toml", "machine = 1e999\n"), (".dlint.toml", "machine = nan\n"), (".dlint.toml", f"a = {HUGE_HEX}\n"), ("pyproject.toml", f"[tool.dlint]\na = {HUGE}\n"),
        (".hadolint.yaml", f"ignored: [{HUGE}]\n"), (".hadolint.yaml", f"ignored: [{HUGE_HEX}]\n"), (".hadolint.yaml", f"{HUGE_HEX}: 1\n"), (".hadolint.yaml", f"no-fail: {HUGE}\n"),
        ("compose.yaml", f"services: {{a: {{build: {{context: ., args: {{A: {HUGE}}}}}}}}}\n"), ("compose.yaml", f"services: {{a: {{build: {HUGE_HEX}}}}}\n"),
        ("compose.yaml", f"services: {HUGE_HEX}\n"), ("compose.yaml", "services: " + "[" * 5_000), ("compose.yaml", "services: " + "{a: " * 5_000),
        ("docker-bake.json", f'{{"target": {{"a": {{"args": {{"A": {HUGE}}}}}}}}}'), ("docker-bake.json", '{"target":' * 50_000), ("docker-bake.json", "[" * 50_000),
        ("docker-bake.hcl", f'target "a" {{ args = {{ A = {HUGE} }} }}\n'), ("docker-bake.hcl", "a = " + "[" * 3_000), ("docker-bake.hcl", "a {" * 3_000),
        ("baseline.json", f'{{"version": {HUGE}}}'), ("baseline.json", f'{{"version": 1, "files": {{"a": [{HUGE}]}}}}'), ("baseline.json", '{"a":' * 100_000),
    ],
)  # fmt: skip
def test_huge_numbers_and_deep_texts(name: str, text: str, dlint: Callable[..., Done]) -> None:
    Path("Dockerfile").write_text(TEXT)
    Path(name).write_text(text)
    is_build = name.startswith(("compose", "docker-bake"))
    started = time.monotonic()
    done = dlint(*(["--baseline", name] if name == "baseline.json" else []), name if is_build else "Dockerfile")
    assert time.monotonic() - started < 30
    # a name may be as long as it likes
    assert len(done.err) < 2_000 or f"no Dockerfile at {HUGE_HEX}" in done.err
    # no more than a number that is taken as a text
    assert done.status == 2 or "args" in text or (done.status == 1 and not done.err)


@pytest.mark.parametrize("option", ["--history", "--build-log", "--image"])
@pytest.mark.parametrize("text", ['[{"Size": %s}]', '{"vertexes": [{"digest": "a", "started": %s}]}', '{"CreatedBy": "a", "Size": %s}\n', "#1 DONE %s.1s\n", "%s"])
def test_huge_numbers_in_measurements(option: str, text: str, dlint: Callable[..., Done], capsys: pytest.CaptureFixture[str]) -> None:
    Path("Dockerfile").write_text(TEXT)
    for number in (HUGE, "[" * 100_000, "1e999", "NaN"):
        Path("measured").write_text(text % number)
        main(["cost", option, "measured", "Dockerfile"])
        out, err = capsys.readouterr()
        assert out + err
        assert "internal error" not in err
        assert len(err) < 2_000


@pytest.mark.parametrize("text", [LAUGHS + "services: *a9\n", MERGES + "services: *a11\n", "services: &a [*a]\n"])
def test_bombs_in_a_compose_file(text: str, dlint: Callable[..., Done]) -> None:
    Path("compose.yaml").write_text(text)
    started = time.monotonic()
    done = dlint("compose.yaml")
    assert (done.status, done.err.startswith("dlint: compose.yaml: ")) == (2, True)
    assert time.monotonic() - started < 30


def test_triggers_of_triggers(dlint: Callable[..., Done]) -> None:
    Path("Dockerfile").write_text(TEXT + "ONBUILD " * 5_000 + "RUN x\n" + "ONBUILD \\\n" * 3_000 + "RUN x\n")
    done = dlint("--format", "gnu", "Dockerfile")
    assert (done.status, done.out.count("ONBUILD cannot trigger another ONBUILD")) == (1, 2)


def test_builds_that_go_round(dlint: Callable[..., Done]) -> None:
    Path("Dockerfile").write_text(TEXT)
    Path("compose.yaml").write_text(
        "services:\n  a: {extends: {service: b}, build: .}\n  b: {extends: {service: a, file: compose.yaml}}\n"
    )
    assert dlint("compose.yaml").status == 1
    Path("docker-bake.json").write_text('{"target": {"a": {"inherits": ["b"]}, "b": {"inherits": ["a"]}}}')
    assert "inherits from itself" in dlint("docker-bake.json").err


@pytest.mark.parametrize(
    "name", ["package.json", "package-lock.json", "pyproject.toml", "Cargo.toml", "Cargo.lock", "composer.json", "Pipfile.lock"]
)
@pytest.mark.parametrize("kind", ["deep", "huge"])
def test_manifests_that_nothing_can_read(kind: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    is_toml = name.endswith(("toml", "Cargo.lock"))
    deep = "a = " + "[" * 5_000 if is_toml else '{"a":' * 100_000
    huge = f"version = {HUGE}\n[package]\nversion = {HUGE_HEX}\n" if is_toml else f'{{"version": {HUGE}, "dependencies": {{"a": {HUGE}}}}}'
    Path(name).write_text(deep if kind == "deep" else huge)
    Path(".dlint.toml").write_text("")
    steps = "npm ci", "pip install .", "cargo build --release", "cargo install --path .", "composer install", "pipenv install"
    Path("Dockerfile").write_text("FROM debian\nWORKDIR /a\nCOPY . .\n" + "".join(f"RUN {step}\n" for step in steps))
    assert main(["--preset", "all", "--shellcheck", "off", "Dockerfile"]) == 1
    assert capsys.readouterr().err == ""


# ---------------------------------------------------------------- names and texts that act

NASTY = "a\x1b[2J\u202e\x9b<script>&`[x](http://e.org)\r"


@unix
@pytest.mark.parametrize("format_", FORMATS)
def test_nothing_of_a_file_reaches_a_terminal_or_a_page(format_: str, dlint: Callable[..., Done]) -> None:
    folder = Path(NASTY.replace("/", "") + "\n")
    folder.mkdir()
    nasty = NASTY.replace("\r", "").replace(" ", "")
    (folder / "Dockerfile").write_text(f'FROM {nasty}\nENV A="{NASTY}" B=$nope\nRUN apt-get install {nasty}\nCOPY --from={nasty} a b\nFOO{nasty}\n')
    done = dlint("--preset", "all", "--format", format_, ".")
    assert done.out
    out = done.out.replace("}\0", "}") if format_ == "codeclimate" else done.out
    assert HIDDEN.search(out.replace("\n", "")) is None
    assert HIDDEN.search(done.err.replace("\n", "")) is None
    if format_ in ("checkstyle", "junit", "markdown"):
        assert "<script>" not in done.out
        assert "<script>" in unescape(done.out).replace("\\", "")


@unix
def test_sarif_shows_text_as_text(dlint: Callable[..., Done]) -> None:
    Path("a\x1b\u202e b").mkdir()
    Path("a\x1b\u202e b/Dockerfile").write_text(f"FROM {NASTY.strip()}\n")
    log = json.loads(dlint("--preset", "all", "--format", "sarif", ".").out)
    results = log["runs"][0]["results"]
    assert results
    for result in results:
        assert HIDDEN.search(result["message"]["text"]) is None
        # no link: what stands before the bracket is no end of one
        assert "](" not in result["message"]["text"].replace("]\\(", "")
        assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "a%1B%E2%80%AE%20b/Dockerfile"
    assert any("]\\(" in result["message"]["text"] for result in results)


# ---------------------------------------------------------------- early Pythons


def test_patterns_of_early_pythons_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    # that of Debian 12 went round for ever in each file
    texts = ["\ufeff" + WINDOWS[0], *WINDOWS, 'FROM node:2 AS x\nRUN a \\\n  # c\n  b\nCOPY --a="b c" ["a" , \\\n "b"]\nENV a="b c" d=e\\ f\\\n']
    usual = [parse(text) for text in texts]
    monkeypatch.setattr(sys, "version_info", (3, 11, 2))
    # what is kept was made by this one
    shutil.rmtree(sqlite_store.folder(), ignore_errors=True)
    caches = (grammar.tables, parser._language, parser._known)
    for cache in caches:
        cache.cache_clear()
    try:
        assert "(?!)" in grammar.tables("\\").terminals["WORD"]
        assert [parse(text) for text in texts] == usual
    finally:
        for cache in caches:
            cache.cache_clear()


# ---------------------------------------------------------------- Windows

WINDOWS = [
    "FROM python:3.12-slim\nWORKDIR app\nCOPY . .\nRUN apt-get update && \\\n    apt-get install curl\nMAINTAINER me\nCMD python a.py\n",
    "# escape=`\nFROM debian:12\nRUN apt-get update && `\n    apt-get install curl\nADD a /a\n",
    "FROM debian:12\nRUN <<EOF\napt-get update\napt-get install curl\nEOF\nENV A B\n",
]


@pytest.mark.parametrize("text", WINDOWS)
def test_line_ends_of_windows(text: str, dlint: Callable[..., Done]) -> None:
    Path("unix").write_bytes(text.encode())
    Path("windows").write_bytes(text.replace("\n", "\r\n").encode())
    shown = [dlint("--preset", "all", "--format", "gnu", name).out.replace(f"{name}:", "") for name in ("unix", "windows")]
    assert shown[0].replace("\n", "")
    assert shown[0] == shown[1]
    for name in ("unix", "windows"):
        dlint("--fix", name)
    fixed = Path("unix").read_bytes()
    assert fixed != text.encode()
    assert Path("windows").read_bytes() == fixed.replace(b"\n", b"\r\n")


@pytest.mark.parametrize("format_", FORMATS)
def test_reports_of_line_ends_of_windows(format_: str, dlint: Callable[..., Done]) -> None:
    told = []
    for ends in ("\n", "\r\n"):
        Path("Dockerfile").write_bytes(WINDOWS[0].replace("\n", ends).encode())
        out = dlint("--preset", "all", "--no-cache", "--format", format_, "Dockerfile").out
        assert "\r" not in out
        # a fix puts in the ends that the file has
        told.append(out.replace("\\r\\n", "\\n"))
    assert told[0]
    if format_ != "sarif":  # its hash of a file is that of its bytes
        assert told[0] == told[1]


def test_paths_of_windows_in_a_dockerfile() -> None:
    doc = parse("# escape=`\r\nFROM a\r\nWORKDIR C:\\app\r\nCOPY src\\my` app ..\\x `\r\n  C:\\app\\\r\n")
    copy = next(node for node in doc.instructions if isinstance(node, nodes.Copy))
    assert not doc.problems
    assert [word.text for word in copy.sources] == ["src\\my`", "app", "..\\x"]
    assert copy.destination.text == "C:\\app\\"


@pytest.mark.parametrize(
    ("path", "uri"), [("sub\\a b\\Dockerfile", "sub/a%20b/Dockerfile"), ("Dockerfile", "Dockerfile"), ("é\\#1\\Dockerfile", "%C3%A9/%231/Dockerfile")]
)
def test_paths_of_windows_in_sarif(path: str, uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "PurePath", PureWindowsPath)
    assert sarif._artifact(path).uri == uri


def test_configuration_with_line_ends_of_windows(dlint: Callable[..., Done]) -> None:
    Path("Dockerfile").write_bytes(b"FROM debian\r\nWORKDIR app\r\n")
    Path(".dlint.toml").write_bytes(b"\xef\xbb\xbfselect = [\r\n  'DL3006',\r\n]\r\n")
    assert [line.split()[1] for line in dlint("--quiet", "Dockerfile").out.splitlines()] == ["DL3006"]
    Path("other").mkdir()
    Path("other/pyproject.toml").write_bytes(b"[tool.dlint]\r\nignore = ['DL3006']\r\n")
    Path("other/Dockerfile").write_bytes(b"FROM debian\r\nWORKDIR app\r\n")
    assert "DL3006" not in dlint("--preset", "hadolint", "other").out
    Path("compose.yaml").write_bytes(b"services:\r\n  a:\r\n    build:\r\n      context: .\r\n")
    assert "DL3006" in dlint("compose.yaml").out
