"""Names and texts that act on a terminal, a page or a reader's eye: each command, each format, each sentence of an error."""

from __future__ import annotations

import json
import os
import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dockerlint.lint.cli import main
from dockerlint.lint.report.escaping import visible
from dockerlint.lint.report.render import FORMATS

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.skipif(os.name != "posix", reason="names that Unix allows")

# All that Unicode calls a Bidi_Control, C0 and C1 controls, separators, and what a page would take for its own.
ACTS = "\x1b[2J\x1b]8;;http://e.org\x07\x08\x9b1m\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029\x7f"
NASTY = f"a{ACTS}<script>&`[x](http://e.org)"
FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
# What dlint itself colours with.
COLOURS = re.compile("\x1b\\[[0-9;]*m")
FOLDER = NASTY.replace("/", "")
DOCKERFILE = (
    f'ARG {NASTY}=1\nFROM {NASTY} AS {NASTY}\nLABEL {NASTY}="{NASTY}"\nENV A="{NASTY}" B=$nope\nRUN apt-get install {NASTY} && cd {NASTY}\n'
    f'COPY --from={NASTY} {NASTY} /{NASTY}/\nCOPY ["a", "/d/{NASTY}/"]\nRUN cat "/d/{NASTY}/a"\nEXPOSE {NASTY}\nUSER {NASTY}\nFOO{NASTY} {NASTY}\n'
    f"# dlint ignore={NASTY}\nWORKDIR {NASTY}\nFROM debian:12 AS X{NASTY}\nCOPY . .\nADD http://e.org/{NASTY} /\nMAINTAINER {NASTY}\n"
    f"RUN <<{NASTY}\nx\n{NASTY}\nONBUILD {NASTY}\n"
)


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """What a run writes to standard output and standard error, as a terminal would get it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FORCE_COLOR", "1")
    (tmp_path / ".dlint.toml").write_text('shellcheck = "off"\npreset = "all"\n')
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / "Dockerfile").write_text(DOCKERFILE, encoding="utf8")
    (tmp_path / FOLDER / "package.json").write_text(json.dumps({"name": NASTY, "dependencies": {NASTY: NASTY}}))
    (tmp_path / FOLDER / NASTY.replace("/", "")).write_text("x")

    def run(*words: str) -> str:
        main(list(words))
        out, err = capfd.readouterr()
        assert "Traceback" not in err
        assert "internal error" not in err
        return out + err

    return run


def check_harmless(text: str) -> None:
    assert text
    found = FORBIDDEN.search(COLOURS.sub("", text))
    assert found is None, f"{found[0]!r} in {text[max(0, found.start() - 60) : found.end() + 20]!r}"


FILE = f"{FOLDER}/Dockerfile"
RUNS = [
    *(["--format", name, FILE] for name in FORMATS if name != "codeclimate"),
    *(["--format", name, "."] for name in ("text", "gnu", "sarif")),
    ["--no-savings", FILE],
    ["--statistics", FILE],
    ["--quiet", FILE],
    ["--diff", "--unsafe-fixes", FILE],
    ["--fix", "--unsafe-fixes", FILE],
    ["cost", FILE],
    ["cost", "--format", "json", FILE],
    ["cost", "--compare", FILE, FILE],
    ["ast", FILE],
    ["ast", "--format", "json", FILE],
    ["explain", "--why", f"{FILE}:8"],
    ["explain", "--why", f"{FILE}:99"],
    ["doctor", FOLDER],
    ["rules"],
]
# The words of the command line, too: they may come from a list of files.
WRONG = [
    [NASTY], ["check", f"--{NASTY}"], ["--select", NASTY, FILE], ["--preset", NASTY, FILE], ["--format", NASTY, FILE], ["--config", NASTY, FILE],
    ["--baseline", NASTY, FILE], ["--context", NASTY, FILE], ["--target", NASTY, FILE], ["--build-arg", NASTY, FILE], ["--jobs", NASTY, FILE],
    ["--output", f"{NASTY}/x", FILE], ["cost", NASTY], ["cost", "--compare", NASTY, FILE], ["cost", "--html", f"{NASTY}/x/y", FILE], ["cost", "--image", NASTY, FILE],
    ["cost", "--history", NASTY, FILE], ["cost", "--build-log", NASTY, FILE], ["cost", "--network", NASTY, FILE], ["cost", "--replay", "2", FILE],
    ["ast", NASTY], ["ast", FOLDER], ["explain", NASTY], ["explain", "--why", NASTY], ["explain", "--why", f"{NASTY}:1"], ["diff", NASTY],
    ["doctor", NASTY], ["config", "--from-hadolint", NASTY], ["scan", NASTY, "--out", f"{NASTY}/o"], ["verify", NASTY], ["verify", FILE, "--edit", NASTY],
    ["verify", FILE, "--engine", NASTY], ["new-rule", NASTY, NASTY], ["cache", NASTY], ["completion", NASTY],
]  # fmt: skip


@pytest.mark.parametrize("words", RUNS, ids=lambda words: " ".join(words).replace(FOLDER, "X"))
def test_reports_do_not_act(words: list[str], said: Callable[..., str]) -> None:
    check_harmless(said(*words))


@pytest.mark.parametrize("words", WRONG, ids=lambda words: visible(" ".join(words).replace(NASTY, "X").replace(FOLDER, "X")))
def test_errors_do_not_act(words: list[str], said: Callable[..., str]) -> None:
    check_harmless(said(*words))


TOML = json.dumps(NASTY)  # JSON's escapes are those of TOML, but for the one of a slash
SETTINGS = {
    ".dlint.toml": [
        f"{TOML} = 1\n", f"select = [{TOML}]\n", f"format = {TOML}\n", f"preset = {TOML}\n", f"fail-on = {TOML}\n", f"context = {TOML}\n",
        f"machine = {TOML}\n", f"network = {TOML}\n", f"baseline = {TOML}\n", f"[severity]\n{TOML} = 'info'\n", f"[severity]\nDL3006 = {TOML}\n",
        f"[per-file-ignores]\n{TOML} = ['x']\n", f"[label-schema]\na = {TOML}\n", f"[build-args]\n{TOML} = 1\n", f"shellcheck = {TOML}\n", f"a = {NASTY}\n",
    ],
    "pyproject.toml": [f"[tool.dlint]\n{TOML} = 1\n", f"[tool.dlint]\nselect = {TOML}\n"],
    ".hadolint.yaml": [f"{TOML}: 1\n", f"ignored: [{TOML}]\n", f"failure-threshold: {TOML}\n", f"override: {{{TOML}: [a]}}\n", f"a: [{NASTY}\n", f"format: {TOML}\n"],
    "compose.yaml": [
        f"services: {{{TOML}: {{build: {{context: {TOML}}}}}}}\n", f"services: {{{TOML}: {TOML}}}\n", f"services: {{a: {{build: {{context: ., dockerfile: {TOML}}}}}}}\n",
        f"services: {{a: {{extends: {{service: {TOML}, file: {TOML}}}}}}}\n", f"a: [{NASTY}\n", f"include: [{TOML}]\n",
        f"services: {{a: {{build: {{context: ., target: {TOML}}}}}}}\n", "services: {a: {build: '${" + ACTS.replace("\x1b", "").replace("\x07", "") + "}'}}\n",
    ],
    "docker-bake.json": [json.dumps({"target": {NASTY: {"inherits": [NASTY], "dockerfile": NASTY}}}), json.dumps({"target": {NASTY: 1}}), NASTY],
    "docker-bake.hcl": [f"target {TOML} {{ inherits = [{TOML}] }}\n", f"target {NASTY} {{}}\n", f"target \"a\" {{ context = {TOML} \n dockerfile = {TOML} }}\n"],
    ".dockerignore": [f"{NASTY}\n[{NASTY}\n", f"[z-a]{NASTY}\n"],
    ".gitignore": [f"[{NASTY}\n"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text"), [pytest.param(name, text, id=f"{name}-{at}") for name, texts in SETTINGS.items() for at, text in enumerate(texts)]
)
def test_what_is_said_of_other_files_does_not_act(name: str, text: str, said: Callable[..., str]) -> None:
    Path(FOLDER, name).write_text(text, encoding="utf8")
    is_build = name.startswith(("compose", "docker-bake"))
    asked = f"{FOLDER}/{name}" if is_build else FILE
    check_harmless(said(asked) + said("cost", asked) + said("doctor", FOLDER))


def test_comparisons_do_not_act(said: Callable[..., str]) -> None:
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@e.org"]
    for words in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "a"]):
        subprocess.run([*git, *words], check=True)
    path = Path(FILE)
    path.write_text(path.read_text(encoding="utf8") + f"RUN apt-get install {NASTY}\nEXPOSE 99999{NASTY}\n", encoding="utf8")
    for format_ in ("text", "markdown", "json"):
        check_harmless(said("diff", "main", "--format", format_))
    path.rename(path.with_name(f"Dockerfile.{FOLDER}"))
    check_harmless(said("diff", "main"))
    check_harmless(said("cost", f"{FOLDER}/Dockerfile.{FOLDER}", "--replay", "3"))


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.add(tag)
        self.found.update(name for name, _ in attrs if name.startswith("on"))


def test_a_page_of_a_hostile_folder(said: Callable[..., str]) -> None:
    pytest.importorskip("pygal")
    main(["cost", "--html", "page.html", FILE, FILE])
    page = Path("page.html").read_text(encoding="utf8")
    check_harmless(page)
    assert not {"script", "a", "img"} & Tags(page).found
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize("debug", [False, True])
def test_what_is_said_of_a_bug_does_not_act(debug: bool, said: Callable[..., str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError(NASTY)

    if debug:
        monkeypatch.setenv("DLINT_DEBUG", "1")
    for place, words in (("dockerlint.lint.cli.ast_command._shown", ["ast", FILE]), ("dockerlint.lint.cli.one_file.check", ["--no-cache", FILE])):
        monkeypatch.setattr(place, fail)
        assert main(words) == 3
        out, err = capfd.readouterr()
        assert "internal error: ZeroDivisionError: a\\x1b" in err
        assert ("Traceback" in err) is debug
        check_harmless(out + err)
