"""Files that are no Dockerfiles are told once, by what they are."""

from __future__ import annotations

import pytest

from dockerlint.lint.engine.checker import check
from dockerlint.lint.syntax.parser import parse


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('{\n  "name": "app",\n  "scripts": {"build": "tsc"}\n}\n', "this is package.json"),
        ('[\n  {"a": 1}\n]\n', "this is JSON"),
        ("\n<!DOCTYPE html>\n<html>\n</html>\n", "this is HTML"),
        ("services:\n  web:\n    build: .\n", "this is a Compose file"),
        ('# us\nversion: "3"\nservices:\n  web:\n    image: x\n', "this is a Compose file"),
        ("---\nkind: Pod\nmetadata:\n  name: x\n", "this is YAML"),
        ("diff --git a/x b/x\n--- a/x\n+++ b/x\n", "this is a patch"),
        ("*.pyc\n.git\nnode_modules\n", "this is an ignore file"),
        ("once upon\na time\nthere was\n", "no line is an instruction"),
        ("FROM {{ image }}\nRUN x\n", "a template with `{{ }}`"),
        ("FROM debian:12\n{% if x %}\nRUN x\n{%- endif %}\nRUN y\n", "a Jinja template"),
        ("FROM <%= image %>\nRUN x\n", "an ERB template"),
        ("FROM %%BASE%%\nRUN x\n", "`%%NAME%%`"),
        ("FROM @BASE_IMAGE@\nRUN x\n", "`@NAME@`"),
        ('FROM debian:12\nARG A="${templateOption:a}"\nARG B="${templateOption:b}"\n', "a dev container template"),
        ("FROM debian:12\nENV A=${{ github.ref }}\nENV B=${{ github.sha }}\n", "a template with `{{ }}`"),
    ],
)
def test_told_once(text: str, what: str) -> None:
    errors = [item for item in check(parse(text)) if item.code in ("DL1000", "DF640", "DF641", "DF642")]
    assert len(errors) == 1
    assert what in errors[0].message


@pytest.mark.parametrize(
    "text",
    [
        "FROM debian:12\nENV FORMAT={{.Name}}\nRUN docker ps --format '{{.ID}}' | sed 's/%%A%%/@B@/'\n",
        'FROM debian:12\nLABEL a="@TEAM@" b="%%x%%"\nCMD ["sh", "-c", "echo <%= x %>"]\n',
        "# {% not a template %}\nFROM debian:12\nRUN <<EOF\n{% x %}\nEOF\n",
    ],
)
def test_what_a_dockerfile_may_have(text: str) -> None:
    assert not [item for item in check(parse(text)) if item.code in ("DL1000", "DF641", "DF642")]


def test_other_errors_of_a_dockerfile_are_told_one_by_one() -> None:
    found = check(parse("FROM debian:12\nRUM a\nCOYP a b\n"))
    assert [item.message for item in found if item.code == "DL1000"] == ["unknown instruction 'RUM': did you mean RUN?", "unknown instruction 'COYP': did you mean COPY?"]
