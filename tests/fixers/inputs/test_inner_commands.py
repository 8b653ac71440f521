"""What a command of a RUN runs by a script of the context."""

from __future__ import annotations

import pytest

from dockerlint.fixers.inputs.inner_commands import inner
from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.parser import parse

FILES = {
    "/app/build.sh": "#!/bin/sh\nset -e\ncd web\nnpm ci\n",
    "/app/tool": "#!/usr/bin/env bash\nmake deps\n",
    "/app/program": "\x7fELF",
    "/app/plain.sh": "pip install -r a.txt\n",
    "/app/Makefile": "X := 1\nall: app\n\napp: deps\n\tcc a.c\n\ndeps: first second\n\t@npm install\n\nfirst:; echo first\n\nsecond: deps\n\t-echo second\n",
    "/app/package.json": '{"scripts": {"presetup": "echo before", "setup": "npm ci && tsc"}}',
    "/app/self.sh": "sh self.sh\necho self\n",
    "/app/broken.sh": "if\n",
}


def run(command: str) -> list[str]:
    facts = Facts(parse(f"FROM a\nRUN {command}\n"))
    (node,) = facts.doc.stages[0].all(nodes.Run)
    found = inner(facts.commands(node)[-1], "/app", FILES.get)
    return [" ".join(word.text for word in item.words) for each in found for item in each.commands]


@pytest.mark.parametrize(
    ("command", "found"),
    [
        ("./build.sh", ["set -e", "cd web", "npm ci"]),
        ("sudo /app/build.sh", ["set -e", "cd web", "npm ci"]),
        ("bash -ex plain.sh arg", ["pip install -r a.txt"]),
        ("./plain.sh", []),
        ("./program", []),
        ("./tool", ["make deps", "echo first", "echo second", "npm install"]),
        ("make -j4 deps", ["echo first", "echo second", "npm install"]),
        ("make", ["echo first", "echo second", "npm install", "cc a.c"]),
        ("make -C other deps", []),
        ("make missing", []),
        ("npm run setup", ["echo before", "npm ci", "tsc"]),
        ("npm run other", []),
        ("sh self.sh", ["sh self.sh", "echo self"] * 3),
        ("sh broken.sh", []),
        ("sh missing.sh", []),
        ("sh -c build.sh", []),
        ("echo build.sh", []),
    ],
)
def test_what_runs_in_turn(command: str, found: list[str]) -> None:
    assert run(command) == found
