"""Manifests that are programs, and the scripts that an install runs: what they read is copied with them, or nothing is split."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dockerlint.fixers.inputs.reads.closure import closure
from dockerlint.lint.context.build_context import Context

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def read(folder: Path, start: str, files: Mapping[str, str]) -> tuple[set[str], bool]:
    """The files that are read, and whether an install fails with these alone."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    found = closure(Context.of(folder), [start])
    return set(found.files), found.fails is not None


def package(script: str) -> str:
    return f'{{"scripts": {{"postinstall": "{script}"}}}}'


@pytest.mark.parametrize(
    ("script", "files", "found"),
    [
        ("node scripts/post.js", {"scripts/post.js": "require('./name')", "scripts/name.js": ""}, {"scripts/post.js", "scripts/name.js"}),
        ("node tools/x", {"tools/x.mjs": "import a from '../a.json'", "a.json": "{}"}, {"tools/x.mjs", "a.json"}),
        ("node x.js && node y.js", {"x.js": "require('./lib')", "y.js": "", "lib/index.js": ""}, {"x.js", "y.js", "lib/index.js"}),
        ("sh scripts/a.sh", {"scripts/a.sh": "#!/bin/sh\ncp conf/a.txt b.txt\n", "conf/a.txt": ""}, {"scripts/a.sh", "conf/a.txt"}),
        ("./a.sh --quiet", {"a.sh": "echo hello\n"}, {"a.sh"}),
    ],
)
def test_scripts_of_an_install_are_followed(tmp_path: Path, script: str, files: dict[str, str], found: set[str]) -> None:
    assert read(tmp_path, "package.json", {"package.json": package(script), **files}) == ({"package.json", *found}, False)


@pytest.mark.parametrize(
    ("script", "files"),
    [
        ("node post.js", {}),
        ("node post.js", {"post.js": "require('./name')"}),
        ("node post.js", {"post.js": "const fs = require('fs')"}),
        ("node post.js", {"post.js": "import('child_process')"}),
        ("node post.js", {"post.js": "require(name)"}),
        ("sh a.sh", {"a.sh": "cat *.txt"}),
        ("sh a.sh", {"a.sh": "npm run build"}),
        ("sh a.sh", {"a.sh": ". ./b"}),
        ("tsc", {}),
        ("python3 a.py", {"a.py": ""}),
    ],
)
def test_scripts_that_may_read_more_fail(tmp_path: Path, script: str, files: dict[str, str]) -> None:
    assert read(tmp_path, "package.json", {"package.json": package(script), **files})[1]


@pytest.mark.parametrize(
    ("name", "text", "files", "found"),
    [
        ("mix.exs", 'version: String.trim(File.read!("VERSION"))', {"VERSION": ""}, {"VERSION"}),
        ("mix.exs", 'Code.require_file("build/x.exs", __DIR__)', {"build/x.exs": ""}, {"build/x.exs"}),
        ("mix.exs", 'File.read!(Path.join(__DIR__, "VERSION"))', {"VERSION": ""}, {"VERSION"}),
        ("mix.exs", 'def project, do: [apps_path: "apps"]', {"apps/a/mix.exs": "", "apps/a/lib/x.ex": ""}, {"apps/a/mix.exs"}),
        ("build.gradle", "version = file('version.txt').text.trim()", {"version.txt": ""}, {"version.txt"}),
        ("build.gradle.kts", 'version = file("version.txt").readText()', {"version.txt": ""}, {"version.txt"}),
        ("build.sbt", 'version := IO.read(file("VERSION"))', {"VERSION": ""}, {"VERSION"}),
        ("Gemfile", "gemspec", {"a.gemspec": "require_relative 'lib/a/version'", "lib/a/version.rb": ""}, {"a.gemspec", "lib/a/version.rb"}),
        ("Gemfile", "eval_gemfile 'gems.rb'", {"gems.rb": ""}, {"gems.rb"}),
    ],
)
def test_manifests_that_read_files(tmp_path: Path, name: str, text: str, files: dict[str, str], found: set[str]) -> None:
    assert read(tmp_path, name, {name: text, **files}) == ({name, *found}, False)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("mix.exs", 'File.read!("VERSION")'),
        ("mix.exs", '"VERSION" |> File.read!()'),
        ("mix.exs", 'System.cmd("git", ["describe"])'),
        ("build.gradle", "version = new File(rootDir, 'v').text"),
        ("build.gradle", "'git describe'.execute().text"),
        ("build.sbt", 'val v = "git describe".!!'),
        ("a.gemspec", "$:.push File.expand_path('../lib', __FILE__)"),
        ("Gemfile", "instance_eval(File.read(path))"),
        (".pnpmfile.cjs", "module.exports = require('./hooks')"),
    ],
)
def test_manifests_that_may_read_anything_fail(tmp_path: Path, name: str, text: str) -> None:
    assert read(tmp_path, name, {name: text})[1]
