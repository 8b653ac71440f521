"""What is run, what is asked over the network, and what is read: nothing, nothing, and nothing outside of the context."""

from __future__ import annotations

import ast
import importlib
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dockerlint.fixers.cost.cost_model import estimate
from dockerlint.fixers.loop import fix
from dockerlint.lint.analysis.build_state import Settings
from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.cli import main
from dockerlint.lint.context.build_context import Context
from dockerlint.lint.engine.checker import check
from dockerlint.lint.engine.registry import rules
from dockerlint.lint.syntax.parser import parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.engine.findings import Finding
    from dockerlint.lint.syntax.nodes import Dockerfile

# Where programs are run, and which: git for the history of a context and for comparisons, ShellCheck for scripts, an engine
# for `dlint verify`, what of these is there for `dlint doctor`, and dlint itself to look at files of somebody else's.
RUNNERS = ("lint.git", "lint.shellcheck.runner", "lint.cli.doctor_command", "lint.cli.scan.worker_guard", "fixers.verify.program_run")
# The language server speaks over standard input and output; the two
# ends of `scan` speak with each other.
ALLOWED = {
    # only with --online: docker's credential helpers, and the protocol of registries
    "lint.online.credentials": ["imports subprocess"],
    "lint.online.registry_client": ["imports httpx", "imports ssl"],
    "lint.cli.lsp.server": ["imports asyncio"],
    "lint.cli.scan.worker": ["calls pickle.load"],
    "lint.cli.scan.worker_guard": ["calls pickle.load"],
}
NETWORK = frozenset(
    "urllib.request urllib3 http http.client http.server socket socketserver ssl requests httpx aiohttp ftplib smtplib "
    "imaplib poplib telnetlib xmlrpc xmlrpc.client nntplib asyncio".split()
)
STARTS = frozenset({"run", "Popen", "call", "check_call", "check_output", "getoutput", "getstatusoutput"})
OTHER_WAYS = frozenset(
    "os.system os.popen os.execv os.execve os.execvp os.execvpe os.execl os.execle os.execlp os.spawnl os.spawnv os.spawnvp "
    "os.posix_spawn os.posix_spawnp os.startfile pty.spawn eval exec compile __import__ pickle.load pickle.loads marshal.loads "
    "yaml.load_all yaml.unsafe_load yaml.full_load shelve.open runpy.run_path".split()
)


def sources() -> Iterator[tuple[str, Path]]:
    for folder in ("lint", "fixers", "rules"):
        top = Path(importlib.import_module(f"dockerlint.{folder}").__path__[0])
        for path in sorted(top.rglob("*.py")):
            yield ".".join((folder, *path.relative_to(top).with_suffix("").parts)).removesuffix(".__init__"), path


def trees() -> Iterator[tuple[str, ast.Module]]:
    for name, path in sources():
        yield name, ast.parse(path.read_text(encoding="utf-8"))


def calls(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def imported(tree: ast.Module) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def problems(name: str, tree: ast.Module) -> list[str]:
    """What a module does that none may."""
    found = [f"imports {item}" for item in sorted(imported(tree) & NETWORK)]
    if "subprocess" in imported(tree) and not name.startswith(RUNNERS):
        found.append("imports subprocess")
    for function, call in calls(tree):
        given = {keyword.arg: keyword.value for keyword in call.keywords}
        if function in OTHER_WAYS:
            found.append(f"calls {function}")
        if "shell" in given and ast.unparse(given["shell"]) == "True":
            found.append(f"gives a shell to {function}")
        if function.startswith("subprocess.") and function.rpartition(".")[2] in STARTS:
            found += started(function, call, given)
    return found


def started(function: str, call: ast.Call, given: dict[str | None, ast.expr]) -> Iterator[str]:
    if function == "subprocess.run" and "timeout" not in given:
        yield "runs a program without a time limit"
    if function not in ("subprocess.run", "subprocess.Popen"):
        yield f"calls {function}"
    if isinstance(call.args[0], ast.Constant | ast.JoinedStr | ast.BinOp):
        yield "runs a program by a text"
    if not {"stdin", "input"} & given.keys():
        yield "leaves standard input to a program"


def test_no_network_and_no_programs() -> None:
    found = [(name, item) for name, tree in trees() for item in problems(name, tree)]

    assert [(name, item) for name, item in found if item not in ALLOWED.get(name, ())] == []


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("import socket", 1), ("from urllib.request import urlopen", 1), ("from urllib import request", 1),
        ("from urllib.parse import quote", 0), ("import subprocess", 1), ("import os\nos.system('a')", 1), ("eval('1')", 1),
        ("re.compile('a')", 0), ("from os import path", 0), ("f(shell=True)", 1),
        ("subprocess.run(['a'], stdin=x, timeout=1)", 0), ("subprocess.run(['a'], stdin=x)", 1), ("subprocess.run(['a'], timeout=1)", 1),
        ("subprocess.run('a', stdin=x, timeout=1)", 1), ("subprocess.check_output(['a'], stdin=x, timeout=1)", 1),
    ],
)  # fmt: skip
def test_what_is_looked_for(text: str, count: int) -> None:
    assert len(problems("rules.a", ast.parse(text))) == count


def test_the_modules_that_run_programs_are_there() -> None:
    users = {name for name, tree in trees() if "subprocess" in imported(tree)}
    assert {runner for runner in RUNNERS if any(user.startswith(runner) for user in users)} == set(RUNNERS)


def test_processes_that_go_on_are_ended_in_time() -> None:
    # Popen has no time limit of its own: what starts a program there is within what ends it
    tree = dict(trees())["fixers.verify.program_run"]
    names = [function for function, _ in calls(tree)]
    assert names.count("subprocess.Popen") == 1
    assert names.count("self._start") == names.count("_limited")


def test_opened_only_as_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A whole run asks for no connection and starts nothing but ShellCheck, which is switched off here."""
    monkeypatch.chdir(tmp_path)
    Path("Dockerfile").write_text("FROM node:22\nWORKDIR /a\nCOPY . .\nRUN npm ci && curl http://e.org | sh\nADD https://e.org/a.tgz /a\n")
    Path("package.json").write_text('{"scripts": {"postinstall": "touch /tmp/x"}}')
    seen: list[str] = []
    watch = frozenset({"socket.connect", "socket.bind", "socket.getaddrinfo", "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn"})
    state = [True]

    def hook(event: str, _: object) -> None:
        if state[0] and event in watch:
            seen.append(event)

    sys.addaudithook(hook)
    try:
        assert main(["--preset", "all", "--shellcheck", "off", "--fix", "--unsafe-fixes", "--exit-zero", "Dockerfile"]) == 0
        assert main(["cost", "Dockerfile"]) == 0
    finally:
        state[0] = False
    assert seen == []
    assert capsys.readouterr().out


# ---------------------------------------------------------------- links out of the context

SENTINEL = "sentinel-7c1f"
FILES = {
    "package.json": f'{{"name": "{SENTINEL}", "dependencies": {{"{SENTINEL}": "file:{SENTINEL}"}}, "scripts": {{"postinstall": "{SENTINEL}"}}}}',
    "package-lock.json": f'{{"packages": {{"node_modules/{SENTINEL}": {{"version": "1.0.0"}}}}}}',
    ".npmrc": f"script-shell={SENTINEL}\n",
    "requirements.txt": f"{SENTINEL}==1.0\n-e ./{SENTINEL}\n",
    "setup.py": f"from setuptools import setup\nsetup(name='{SENTINEL}', data_files=[open('{SENTINEL}').read()])\n",
    "pyproject.toml": f'[project]\nname = "{SENTINEL}"\ndependencies = ["{SENTINEL}"]\n',
    "go.mod": f"module {SENTINEL}\nrequire {SENTINEL} v1.0.0\nreplace a => ./{SENTINEL}\n",
    "Cargo.toml": f'[package]\nname = "{SENTINEL}"\n[dependencies]\n{SENTINEL} = {{ path = "{SENTINEL}" }}\n',
    "composer.json": f'{{"require": {{"{SENTINEL}/a": "1"}}}}',
    "Gemfile": f"gem '{SENTINEL}', path: '{SENTINEL}'\n",
}
STEPS = (
    "npm ci", "yarn install", "pnpm install", "pip install -r requirements.txt", "pip install .", "poetry install", "uv sync", "pipenv install",
    "go build -o /a .", "cargo build", "mvn package", "gradle build", "dotnet publish", "composer install", "bundle install",
)  # fmt: skip


@contextmanager
def opened() -> Iterator[list[str]]:
    """The files that are opened meanwhile."""
    read: list[str] = []
    state = [True]

    def hook(event: str, given: tuple[object, ...]) -> None:
        if state[0] and event == "open" and isinstance(given[0], str | bytes | os.PathLike):
            read.append(os.path.realpath(os.fsdecode(given[0])))

    sys.addaudithook(hook)
    try:
        yield read
    finally:
        state[0] = False


def outcome(root: Path, more: str = "") -> str:
    """All that is said of a build, and all that is made of it."""
    text = "FROM debian:12\nWORKDIR /a\nCOPY . .\n" + "".join(f"RUN {step}\n" for step in STEPS) + "COPY sub/package.json /b/\n" + more
    context = Context.of(root)

    def find(doc: Dockerfile) -> list[Finding]:
        return check(doc, Facts(doc, context, Settings(preset="all")), rules())

    doc = parse(text)
    told = [str(item) for item in find(doc)]
    return "\n".join([*told, fix(text, find, unsafe=True).text, str(estimate(doc, Facts(doc, context)))])


def fill(folder: Path) -> Path:
    for name, text in FILES.items():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.mark.skipif(os.name != "posix", reason="links")
@pytest.mark.parametrize("kind", ["files", "folder", "relative", "chain"])
def test_links_out_of_the_context_are_not_followed(tmp_path: Path, kind: str) -> None:
    outside, root = fill(tmp_path / "out"), tmp_path / "in"
    root.mkdir()
    (root / "sub").symlink_to(outside if kind != "relative" else Path("..", "out"))
    if kind != "folder":
        for name in FILES:
            target = {"relative": Path("..", "out", name), "chain": Path("hop", name)}.get(kind, outside / name)
            (root / name).symlink_to(target)
    (root / "hop").symlink_to(Path("..", "out"))
    with opened() as read:
        said = outcome(root)
    assert SENTINEL not in said
    assert [path for path in read if Path(path).is_relative_to(outside)] == []


# What names files by a path: {0} leads out of the context.
NAMING = {
    "package.json": '{{"name": "a", "workspaces": ["{0}", "{0}/*"], "dependencies": {{"b": "file:{0}", "c": "link:{0}"}}, "scripts": {{"postinstall": "node {0}/setup.py"}}}}',
    "package-lock.json": '{{"lockfileVersion": 3, "packages": {{"{0}": {{}}, "node_modules/b": {{"resolved": "{0}", "link": true}}}}}}',
    "yarn.lock": '"b@file:{0}":\n  version "1.0.0"\n',
    "pnpm-lock.yaml": "lockfileVersion: '9.0'\nimporters:\n  {0}: {{}}\npatchedDependencies:\n  b: {{path: {0}/package.json}}\n",
    "pnpm-workspace.yaml": "packages: ['{0}', '{0}/*']\n",
    ".npmrc": "userconfig={0}/.npmrc\ncafile={0}/.npmrc\n",
    ".yarnrc": 'yarn-path "{0}/setup.py"\n',
    ".yarnrc.yml": "yarnPath: {0}/setup.py\nplugins: [{0}/setup.py]\n",
    "requirements.txt": "-r {0}/requirements.txt\n-c {0}/requirements.txt\n-e {0}\n{0}\nb @ file:{0}\n--find-links {0}\n",
    "setup.py": "from setuptools import setup\nsetup(name='a', long_description=open('{0}/setup.py').read(), packages=['b'], package_dir={{'b': '{0}'}})\nexec(open('{0}/setup.py').read())\n",
    "setup.cfg": "[metadata]\nname = a\nversion = file: {0}/setup.py\n[options]\npackage_dir =\n  = {0}\n",
    "pyproject.toml": '[project]\nname = "a"\nreadme = "{0}/setup.py"\nlicense = {{file = "{0}/setup.py"}}\n[tool.setuptools.dynamic]\nversion = {{file = "{0}/setup.py"}}\n[tool.poetry.dependencies]\nb = {{path = "{0}"}}\n[tool.uv.sources]\nc = {{path = "{0}"}}\n[tool.uv.workspace]\nmembers = ["{0}"]\n',
    "poetry.lock": '[[package]]\nname = "b"\nversion = "1"\n[package.source]\ntype = "directory"\nurl = "{0}"\n',
    "uv.lock": 'version = 1\n[[package]]\nname = "b"\nversion = "1"\nsource = {{ editable = "{0}" }}\n',
    "Pipfile": '[packages]\nb = {{path = "{0}"}}\n',
    "go.mod": "module a\nreplace b => {0}\n",
    "go.work": "go 1.22\nuse (\n  {0}\n)\n",
    "main.go": 'package main\nimport _ "embed"\n//go:embed {0}/setup.py\nvar s string\n',
    "Cargo.toml": '[package]\nname = "a"\nbuild = "{0}/setup.py"\n[dependencies]\nb = {{ path = "{0}" }}\n[workspace]\nmembers = ["{0}", "{0}/*"]\n[[bin]]\nname = "c"\npath = "{0}/setup.py"\n',
    "pom.xml": "<project><parent><relativePath>{0}/pom.xml</relativePath></parent><modules><module>{0}</module></modules></project>",
    "settings.gradle": "includeBuild '{0}'\ninclude 'b'\nproject(':b').projectDir = file('{0}')\n",
    "build.gradle": "apply from: '{0}/build.gradle'\ndependencies {{ implementation files('{0}/setup.py') }}\n",
    "app.csproj": '<Project Sdk="Microsoft.NET.Sdk"><Import Project="{0}/app.csproj"/><ItemGroup><ProjectReference Include="{0}/app.csproj"/></ItemGroup></Project>',
    "composer.json": '{{"repositories": [{{"type": "path", "url": "{0}"}}], "autoload": {{"files": ["{0}/setup.py"]}}}}',
    "Gemfile": "gem 'b', path: '{0}'\neval_gemfile '{0}/Gemfile'\ngemspec path: '{0}'\n",
    ".dlint.toml": 'baseline = "none"\n',
}  # fmt: skip
MORE = "COPY {0}/setup.py /x/\nCOPY {0} /y/\nADD {0}/package.json /z/\nRUN --mount=type=bind,source={0},target=/s pip install -r {0}/requirements.txt\n"


@pytest.mark.parametrize("away", ["../out", "../../in/../out", "sub/../../out", "./../out", "{outside}", "..\\\\out", "a/b/../../../out"])
def test_paths_out_of_the_context_are_not_followed(tmp_path: Path, away: str) -> None:
    outside, root = fill(tmp_path / "out"), tmp_path / "in"
    (root / "sub").mkdir(parents=True)
    (root / "a/b").mkdir(parents=True)
    away = away.replace("{outside}", str(outside))
    for name, text in NAMING.items():
        (outside / name).write_text((outside / name).read_text() if name in FILES else SENTINEL)
        (root / name).write_text(text.format(away))
        (root / "sub" / name).write_text(text.format(f"../{away}"))
    with opened() as read:
        said = outcome(root, MORE.format(away))
    assert SENTINEL not in said
    assert [path for path in read if Path(path).is_relative_to(outside)] == []


def test_what_a_compose_file_names_is_the_context_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(tmp_path / "out")
    context = tmp_path / "a/b"
    (context / "c").mkdir(parents=True)
    (context / "Dockerfile").write_text("FROM python:3.12\nWORKDIR /a\nCOPY . .\nRUN pip install -r requirements.txt\n")
    (context / "requirements.txt").write_text("-r ../../out/requirements.txt\n")
    (context / "c/compose.yaml").write_text(
        "include: [../../../out/pyproject.toml]\n"
        "services:\n  a: {build: {context: ..}}\n  b: {extends: {file: ../../../out/pyproject.toml, service: x}, env_file: ../../../out/.npmrc}\n"
    )
    monkeypatch.chdir(context / "c")
    with opened() as read:
        assert main(["--preset", "all", "--shellcheck", "off", "compose.yaml"]) == 1
    out, err = capsys.readouterr()
    assert "../Dockerfile:1:6" in out
    assert SENTINEL not in out + err
    assert [path for path in read if Path(path).is_relative_to(tmp_path / "out")] == []


def test_files_of_the_context_are_read(tmp_path: Path) -> None:
    assert SENTINEL in outcome(fill(tmp_path / "in"))


@pytest.mark.skipif(os.name != "posix", reason="links")
def test_an_ignore_file_that_leads_out_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in").mkdir()
    monkeypatch.chdir(tmp_path / "in")
    (tmp_path / "secret").write_text(f"{SENTINEL}\n")
    Path(".dockerignore").symlink_to(Path("..", "secret"))
    Path(".gitignore").symlink_to(Path("..", "secret"))
    Path("Dockerfile").write_text("FROM debian\nCOPY . .\n")
    assert main(["--preset", "all", "."]) == 2
    out, err = capsys.readouterr()
    assert err == "dlint: .dockerignore: this link leads out of the build context; dlint does not read it\n"
    assert SENTINEL not in out
