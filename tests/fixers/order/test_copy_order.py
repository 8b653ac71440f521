"""Orders of copy and install: what moves, and that each row of the shared corpus, fixed, still finds what it reads."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dockerlint.fixers.inputs.project_install import bringer, image_paths_of, project_installs
from dockerlint.fixers.loop import fix
from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.context.build_context import Context
from dockerlint.lint.engine.checker import check
from dockerlint.lint.engine.findings import Applicability
from dockerlint.lint.engine.registry import rules
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.parser import parse

if TYPE_CHECKING:
    from dockerlint.fixers.inputs.project_install import ProjectInstall
    from dockerlint.lint.engine.findings import Finding
    from dockerlint.lint.syntax.nodes import Dockerfile

ROWS = Path(__file__).parents[4] / "shared" / "corpus" / "order.jsonl.gz"
needs_rows = pytest.mark.skipif(not ROWS.exists(), reason="the corpus is not here")


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
    found: list[tuple[Facts, ProjectInstall]] = []
    for facts in (Facts(doc, context), Facts(doc, context).in_some_folder):
        found = found or [(facts, item) for stage in doc.stages for item in project_installs(facts, stage)]
    return found


def sources(facts: Facts, install: ProjectInstall) -> dict[str, str]:
    """The files of the context that an install reads, by where it reads them."""
    found = {path: bringer(facts, install.run, path) for path in image_paths_of(install)}
    return {path: item[1] for path, item in found.items() if item is not None}


@needs_rows
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


@needs_rows
@pytest.mark.parametrize("row", rows(), ids=lambda row: row["id"])
def test_no_finding_is_without_fix_and_without_reason(row: dict[str, Any], tmp_path: Path) -> None:
    for item in find(parse(row["dockerfile"]), lay_out(tmp_path, row)):
        assert item.fix is not None or "no fix: " in item.message or "carried by the fix" in item.message


CARGO = '[package]\nname = "shop"\nversion = "1.0.0"\n'
MOVES = [
    (
        "an install that a script does",
        {"requirements.txt": "flask\n", "setup.sh": "set -e\npip install -r requirements.txt\npython manage.py x\n", "a.py": ""},
        "FROM python:3.12-slim\nWORKDIR /a\nCOPY . .\nRUN sh setup.sh\n",
        "FROM python:3.12-slim\nWORKDIR /a\nCOPY requirements.txt ./\nRUN pip install -r requirements.txt\nCOPY . .\nRUN sh setup.sh\n",
    ),
    (
        "an install of a Makefile, in a folder of its own",
        {"web/package.json": "{}", "Makefile": "deps:\n\tcd web && npm install\n", "web/a.js": ""},
        "FROM node:22-slim\nWORKDIR /a\nCOPY . .\nRUN make deps\n",
        "FROM node:22-slim\nWORKDIR /a\nCOPY web/package.json ./web/\nRUN cd /a/web && npm install\nCOPY . .\nRUN make deps\n",
    ),
    (
        "what mix asks for stays above, and the dependencies are compiled there",
        {"mix.exs": "", "mix.lock": "", "lib/a.ex": ""},
        "FROM elixir:1.17\nWORKDIR /a\nCOPY . .\nRUN mix local.hex --force && mix local.rebar --force\nRUN mix deps.get\nRUN MIX_ENV=prod mix compile\n",
        "FROM elixir:1.17\nWORKDIR /a\nRUN mix local.hex --force && mix local.rebar --force\nCOPY mix.exs mix.lock ./\nRUN mix deps.get\nRUN MIX_ENV=prod mix deps.compile\nCOPY . .\nRUN MIX_ENV=prod mix compile\n",
    ),
    (
        "a file that compiles them itself",
        {"mix.exs": "", "mix.lock": "", "lib/a.ex": ""},
        "FROM elixir:1.17\nWORKDIR /a\nCOPY . .\nRUN mix local.hex --force && mix deps.get && mix deps.compile && mix compile\n",
        "FROM elixir:1.17\nWORKDIR /a\nCOPY mix.exs mix.lock ./\nRUN mix local.hex --force && mix deps.get && mix deps.compile\nCOPY . .\nRUN mix compile\n",
    ),
    (
        "a program of Rust, its build script and its library",
        {"Cargo.toml": CARGO, "Cargo.lock": "", "build.rs": "", "src/main.rs": "", "src/lib.rs": ""},
        "FROM rust:1.83\nWORKDIR /a\nCOPY . .\nRUN cargo build --release --locked\n",
        (
            "FROM rust:1.83\nWORKDIR /a\nCOPY Cargo.toml Cargo.lock ./\nRUN mkdir -p src && echo 'fn main() {}' | tee src/main.rs build.rs > /dev/null "
            "&& touch src/lib.rs && cargo build --release --locked && cargo clean --release -p shop && rm -r src build.rs\nCOPY . .\n"
            "RUN cargo build --release --locked\n"
        ),
    ),
    (
        "a target of Rust with a source of its own is fetched for, not built",
        {"Cargo.toml": f'{CARGO}[[bin]]\nname = "b"\npath = "b.rs"\n', "b.rs": "", "src/main.rs": ""},
        "FROM rust:1.83\nWORKDIR /a\nCOPY . .\nRUN cargo build\n",
        "FROM rust:1.83\nWORKDIR /a\nCOPY Cargo.toml ./\nRUN mkdir -p src && touch src/lib.rs && cargo fetch && rm -r src\nCOPY . .\nRUN cargo build\n",
    ),
    (
        "an option that names a target is not built either",
        {"Cargo.toml": CARGO, "src/main.rs": ""},
        "FROM rust:1.83\nWORKDIR /a\nCOPY . .\nRUN cargo build --bin other\n",
        "FROM rust:1.83\nWORKDIR /a\nCOPY Cargo.toml ./\nRUN mkdir -p src && touch src/lib.rs && cargo fetch && rm -r src\nCOPY . .\nRUN cargo build --bin other\n",
    ),
    (
        "the folder that the image starts in, and a step on the source",
        {"package.json": "{}", "start.sh": ""},
        "FROM node:22-slim\nCOPY ./ ./\nRUN chmod +x start.sh\nRUN npm install\n",
        "FROM node:22-slim\nCOPY package.json ./\nRUN npm install\nCOPY ./ ./\nRUN chmod +x start.sh\n",
    ),
    (
        "a copy that goes past a WORKDIR keeps its place",
        {"requirements.txt": "flask\n", "a.py": ""},
        "FROM python:3.12-slim\nWORKDIR /srv\nCOPY . app\nWORKDIR app\nRUN pip install -r requirements.txt\n",
        "FROM python:3.12-slim\nWORKDIR /srv\nWORKDIR app\nCOPY requirements.txt /srv/app/\nRUN pip install -r requirements.txt\nCOPY . /srv/app\n",
    ),
    (
        "the manifest of a later copy is the one that is read",
        {"composer.json": "{}", "deploy/composer.json": '{"require": {"a/b": "1"}}', "a.php": ""},
        "FROM php:8.3-cli\nWORKDIR /a\nCOPY . .\nCOPY deploy/composer.json ./\nRUN composer install --no-scripts --no-autoloader\n",
        "FROM php:8.3-cli\nWORKDIR /a\nCOPY deploy/composer.json ./\nRUN composer install --no-scripts --no-autoloader\nCOPY . .\nCOPY deploy/composer.json ./\n",
    ),
    (
        "the folder that cd goes to",
        {"go.mod": "module a\n", "go.sum": "", "main.go": ""},
        "FROM golang:1.24\nCOPY . /src\nRUN cd /src && go mod download && go build -o app .\n",
        "FROM golang:1.24\nCOPY go.mod go.sum /src/\nRUN cd /src && go mod download\nCOPY . /src\nRUN cd /src && go build -o app .\n",
    ),
    (
        "an option names the folder",
        {"web/package.json": "{}", "web/package-lock.json": "{}", "web/a.js": ""},
        "FROM node:22-slim\nWORKDIR /a\nCOPY . .\nRUN npm --prefix web ci\n",
        "FROM node:22-slim\nWORKDIR /a\nCOPY web/package.json web/package-lock.json ./web/\nRUN npm --prefix web ci\nCOPY . .\n",
    ),
]


@pytest.mark.parametrize(("files", "text", "result"), [row[1:] for row in MOVES], ids=[row[0] for row in MOVES])
def test_moves(files: dict[str, str], text: str, result: str, tmp_path: Path) -> None:
    context = lay_out(tmp_path, {"files": files})
    assert fix(text, lambda doc: find(doc, context), unsafe=True).text == result


@pytest.mark.parametrize(
    ("between", "why"),
    [
        ("RUN frobnicate", "dlint cannot tell whether it needs the source"),
        ("RUN ./setup.sh", "setup.sh may install what the install needs"),
        ("RUN sed -i s/a/b/ package.json", "it changes a manifest"),
        ("RUN cp tool /usr/local/bin/", "the install may need what it writes"),
        ("RUN apt-get install -y $(cat packages.txt)", "the install may need what it installs"),
    ],
)
def test_what_is_in_the_way_is_named(between: str, why: str, tmp_path: Path) -> None:
    files = {"package.json": "{}", "package-lock.json": "{}", "setup.sh": "apt-get install -y nodejs\n", "tool": "", "packages.txt": ""}
    context = lay_out(tmp_path, {"files": files})
    found = find(parse(f"FROM node:22-slim\nWORKDIR /a\nCOPY . .\n{between}\nRUN npm ci\n"), context)
    assert [item.fix for item in found if item.code == "DF101"] == [None]
    assert next(item.message for item in found if item.code == "DF101").endswith(f"no fix: `{between}` (line 4) is in between: {why}")


def test_a_script_that_installs_all_again_is_told(tmp_path: Path) -> None:
    context = lay_out(tmp_path, {"files": {"package.json": '{"scripts": {"setup": "npm ci"}}', "package-lock.json": "{}", "a.js": ""}})
    (found,) = find(parse("FROM node:22\nWORKDIR /a\nCOPY . .\nRUN npm run setup\n"), context)
    assert found.fix is None
    assert "comes before `npm ci` of `npm run setup` (line 4)" in found.message
    assert found.message.endswith("no fix: `npm run setup` runs `npm ci`, which installs all again: give the install a RUN of its own")


def test_in_an_unknown_folder_nothing_is_proven(tmp_path: Path) -> None:
    context = lay_out(tmp_path, {"files": {"requirements.txt": "flask\n", "a.py": ""}})
    found = find(parse("FROM nobody/knows\nCOPY . .\nRUN pip install -r requirements.txt\n"), context)
    assert [item.fix.applicability for item in found if item.fix] == [Applicability.UNSAFE]


@pytest.mark.skipif(shutil.which("cargo") is None, reason="cargo is not installed")
def test_cargo_compiles_the_sources_although_they_are_older(tmp_path: Path) -> None:
    members = {"a": "[dependencies]\nb = { path = '../b' }\n", "b": "[[bench]]\nname = 'x'\nharness = false\n"}
    files = {f"{name}/Cargo.toml": f"[package]\nname = '{name}'\nversion = '1.0.0'\nedition = '2021'\n{more}" for name, more in members.items()}
    files |= {"Cargo.toml": "[workspace]\nmembers = ['a', 'b']\nresolver = '2'\n", "b/benches/x.rs": "fn main() {}\n", "b/src/lib.rs": "pub fn f() -> u32 { 41 }\n"}
    files |= {"a/src/main.rs": 'fn main() { println!("{} {}", b::f(), env!("WORD")); }\n', "a/build.rs": 'fn main() { println!("cargo:rustc-env=WORD=set"); }\n'}
    context = lay_out(tmp_path / "context", {"files": files})
    text = fix("FROM rust:1.83\nWORKDIR /a\nCOPY . .\nRUN cargo build --release\n", lambda doc: find(doc, context), unsafe=True).text
    image = tmp_path / "image"
    image.mkdir()
    for node in parse(text).instructions:
        if isinstance(node, nodes.Copy) and len(node.sources) == 1 and node.sources[0].text == ".":
            shutil.copytree(tmp_path / "context", image, dirs_exist_ok=True)
            for path in image.rglob("*.rs"):
                os.utime(path, (1_500_000_000, 1_500_000_000))
        elif isinstance(node, nodes.Copy):
            for word in node.sources:
                place = image / node.destination.text / Path(word.text).name
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(tmp_path / "context" / word.text, place)
        elif isinstance(node, nodes.Run) and isinstance(node.form, nodes.Shell):
            subprocess.run(["sh", "-c", node.form.text], cwd=image, env={**os.environ, "CARGO_NET_OFFLINE": "true"}, check=True, capture_output=True)
    done = subprocess.run([str(image / "target/release/a")], check=True, capture_output=True, text=True)
    assert done.stdout == "41 set\n"
