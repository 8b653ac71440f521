from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dockerlint.lint.buildfiles import compose, resolve
from dockerlint.lint.cli import main
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax.nodes import Dockerfile, Workdir
from dockerlint.lint.syntax.span import Edit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from dockerlint.lint.analysis.facts import Facts

ENV = {"SET": "set", "EMPTY": "", "REG": "here"}


@rule("XX300", name="how-built", severity=Severity.WARNING)
def how_built(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """Says how a file is built at `WORKDIR how`, and for all at `WORKDIR same`, which it can fix."""
    for node in doc.instructions:
        if not isinstance(node, Workdir):
            continue
        span = node.argument.span
        if node.argument.text == "same":
            yield Finding(span, "same", Fix("rename it", (Edit(span, "new"),), Applicability.SAFE))
        if node.argument.text == "how":
            assert facts.context
            args = sorted(facts.settings.build_args.items())
            yield Finding(span, f"{facts.context.root.name} {facts.settings.target} {args}")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("DLINT_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put(name: str, text: str = "FROM debian:12\n") -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def shown(path: Path, env: Mapping[str, str] = ENV) -> list[tuple[str, str, str, str | None, dict[str, str]]]:
    read = resolve.read(path, env)
    assert (read.errors, read.notes) == ((), ())
    return [
        (item.name, item.dockerfile.as_posix(), item.context.as_posix(), item.target, dict(item.args))
        for item in read.builds
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("compose.yaml", True),
        ("compose.yml", True),
        ("compose.override.yaml", True),
        ("docker-compose.yaml", True),
        ("docker-compose.prod.yml", True),
        ("docker-compose-dev.yml", True),
        ("docker-bake.hcl", True),
        ("docker-bake.json", True),
        ("docker-bake.override.hcl", True),
        ("Dockerfile", False),
        ("Dockerfile.compose.yaml", False),
        ("decompose.yaml", False),
        ("bake.hcl", False),
    ],
)
def test_names(name: str, expected: bool) -> None:
    assert resolve.is_build_file(name) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("$SET", "set"),
        ("a${SET}b", "asetb"),
        ("${EMPTY}", ""),
        ("$$SET", "$SET"),
        ("}$SET}", "}set}"),
        ("${NONE}", None),
        ("$NONE/x", None),
        ("${NONE:-other}", "other"),
        ("${NONE-other}", "other"),
        ("${NONE:-}", ""),
        ("${EMPTY:-other}", "other"),
        ("${EMPTY-other}", ""),
        ("${SET:-other}", "set"),
        ("${NONE:-${SET}}-x", "set-x"),
        ("${NONE:-${NONE2:-deep}}", "deep"),
        ("${NONE:-${NONE2}}", None),
        ("${SET:?no value}", "set"),
        ("${NONE?no value}", None),
        ("${SET:+yes}", "yes"),
        ("${NONE:+yes}", ""),
        ("${SET", None),
        ("${SET:-a", None),
        ("${1}", None),
        ("$", None),
        ("${A:-" * 5000, None),
        ("${A:-" * 5000 + "}" * 5000, None),
    ],
)  # fmt: skip
def test_interpolation(text: str, expected: str | None) -> None:
    assert compose.interpolate(text, ENV) == expected


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        ("app", ("app/Dockerfile", "app", None, {})),
        ("./app/", ("app/Dockerfile", "app", None, {})),
        ("{context: app}", ("app/Dockerfile", "app", None, {})),
        ("{context: app, dockerfile: ../Other}", ("Other", "app", None, {})),
        ("{dockerfile: app/Dockerfile}", ("app/Dockerfile", ".", None, {})),
        ("{context: app, target: dev}", ("app/Dockerfile", "app", "dev", {})),
        ("{context: app, target: '${SET}'}", ("app/Dockerfile", "app", "set", {})),
        ("{context: '${NONE:-app}'}", ("app/Dockerfile", "app", None, {})),
        ("{context: app, args: {A: 1, B: yes, C: true, D: x, E: 22:22}}",
         ("app/Dockerfile", "app", None, {"A": "1", "B": "yes", "C": "true", "D": "x", "E": "22:22"})),
        ("{context: app, args: [A=1, B=x=y, SET, NONE]}",
         ("app/Dockerfile", "app", None, {"A": "1", "B": "x=y", "SET": "set"})),
        ("{context: app, args: {SET: , NONE: }}", ("app/Dockerfile", "app", None, {"SET": "set"})),
        ("{context: app, args: {A: '${NONE}', B: '${NONE:-b}'}}", ("app/Dockerfile", "app", None, {"B": "b"})),
        ("{context: app, args: {<<: *args, B: own}}", ("app/Dockerfile", "app", None, {"A": "a", "B": "own"})),
        ("!override {context: app, args: !reset {A: 1}}", ("app/Dockerfile", "app", None, {})),
    ],
)  # fmt: skip
def test_compose(here: Path, build: str, expected: tuple[object, ...]) -> None:
    put("app/Dockerfile")
    put("Other")
    file = put(
        "compose.yaml", f"x-args: &args {{A: a, B: b}}\nservices:\n  db: {{image: db}}\n  web:\n    build: {build}\n"
    )
    assert shown(file) == [("web", *expected)]


def test_paths_are_relative_to_the_compose_file(here: Path) -> None:
    put("deploy/app/Dockerfile")
    put("deploy/up/Dockerfile")
    put("Dockerfile")
    file = put("deploy/in/compose.yaml", "services: {a: {build: ../app}, b: {build: ../..}}")
    found = [item[1] for item in shown(file)]
    assert found == ["deploy/app/Dockerfile", "Dockerfile"]


HCL = """
variable "TAG" { default = "12" }
variable "BASE" { default = "debian:${TAG}" }
variable "SET" { default = "unset" }
variable "NONE" {}
variable "LOOP" { default = "${LOOP}" }
function "shout" {
  params = [word]
  result = upper(word)
}
target "base" {
  context = "app"
  args = { A = "a", B = "b" }
}
target "web" {
  inherits = ["base"]
  target = "dev"
  args = {
    B = BASE
    "C" = "x-${SET}"
    D = shout("d")
    E = "${shout(TAG)}"
    F = 3
    G = true
    H = null
    I = NONE
    J = "say \\"$${x}\\""
    K = LOOP
    L = <<EOT
text
EOT
  }
}
group "default" { targets = ["web"] }
"""
JSON = {
    "variable": {
        "TAG": {"default": "12"},
        "BASE": {"default": "debian:${TAG}"},
        "SET": {"default": "unset"},
        "NONE": {},
        "LOOP": {"default": "${LOOP}"},
    },
    "target": {
        "base": {"context": "app", "args": {"A": "a", "B": "b"}},
        "web": {
            "inherits": ["base"],
            "target": "dev",
            "args": {
                "B": "${BASE}",
                "C": "x-${SET}",
                "D": '${shout("d")}',
                "F": 3,
                "G": True,
                "H": None,
                "I": "${NONE}",
                "J": 'say "$${x}"',
                "K": "${LOOP}",
            },
        },
    },
    "group": {"default": {"targets": ["web"]}},
}


@pytest.mark.parametrize("name", ["docker-bake.hcl", "docker-bake.json"])
def test_bake(here: Path, name: str) -> None:
    put("app/Dockerfile")
    file = put(name, HCL if name.endswith("hcl") else json.dumps(JSON))
    args = {"A": "a", "B": "debian:12", "C": "x-set", "F": "3", "G": "true", "J": 'say "${x}"'}
    assert shown(file) == [("web", "app/Dockerfile", "app", "dev", args)]


def test_a_later_parent_wins_with_all_that_it_has(here: Path) -> None:
    put("Dockerfile")
    targets = {
        "root": {"args": {"A": "root", "B": "root"}},
        "one": {"inherits": ["root"], "args": {"A": "one"}, "target": "one"},
        "two": {"inherits": ["root"], "args": {"B": "two"}},
        "web": {"inherits": ["one", "two"]},
    }
    file = put("docker-bake.json", json.dumps({"target": targets, "group": {"default": {"targets": ["web"]}}}))
    assert shown(file) == [("web", "Dockerfile", ".", "one", {"A": "root", "B": "two"})]


def test_a_bake_file_in_a_folder_may_be_run_from_here(here: Path) -> None:
    put("app/Dockerfile")
    file = put("deploy/docker-bake.json", json.dumps({"target": {"web": {"context": "app"}}}))
    assert shown(file)[0][1] == "app/Dockerfile"
    put("deploy/app/Dockerfile")
    assert shown(file)[0][1] == "deploy/app/Dockerfile"


def test_a_base_without_a_file_is_no_build(here: Path) -> None:
    put("app/Dockerfile")
    targets = {"_all": {"args": {"A": "1"}}, "web": {"inherits": ["_all"], "context": "app"}}
    file = put("docker-bake.json", json.dumps({"target": targets}))
    assert [item[0] for item in shown(file)] == ["web"]


def bake(**target: object) -> str:
    return json.dumps({"target": {"web": target}})


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("compose.yaml", "services: {web: {build: 'https://example.com/a.git#main'}}", "is not on this machine"),
        ("compose.yaml", "services: {web: {build: 'git@example.com:a/b.git'}}", "is not on this machine"),
        ("compose.yaml", "services: {web: {build: {dockerfile_inline: FROM x}}}", "written into the file"),
        ("compose.yaml", "services: {web: {build: '$NONE'}}", "a variable in its context or dockerfile"),
        ("compose.yaml", "services: {web: {build: {target: '$NONE'}}}", "its target, $NONE, has no value here"),
        ("docker-bake.json", bake(context="https://example.com/a.git"), "is not on this machine"),
        ("docker-bake.json", bake(context="target:base"), "is not on this machine"),
        ("docker-bake.json", bake(context="${NONE}"), "a variable in its context or dockerfile"),
        ("docker-bake.json", bake(target="${NONE}"), "its target, ${NONE}, has no value here"),
        ("docker-bake.hcl", 'target "web" { dockerfile-inline = "FROM x" }', "written into the file"),
    ],
)
def test_passed_over(here: Path, name: str, text: str, sentence: str) -> None:
    put("Dockerfile")
    read = resolve.read(put(name, text), ENV)
    assert (read.builds, read.errors) == ((), ())
    [note] = read.notes
    assert note.startswith(f"{name}: web: not checked: ")
    assert sentence in note


MERGES = "\n".join(["a0: &a0 {k: v, l: w}", *(f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}" for n in range(1, 40))])
DOUBLES = {f"V{n}": {"default": f"${{V{n - 1}}}${{V{n - 1}}}"} for n in range(1, 60)} | {"V0": {"default": "x"}}


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        (
            "compose.yaml",
            "services: {web: {build: none}}",
            "compose.yaml: web: no Dockerfile at none/Dockerfile",
        ),
        ("compose.yaml", "services: {web: {build: " + "x" * 5000 + "}}", "no Dockerfile at"),
        ("compose.yaml", "services: [", "compose.yaml: not valid YAML"),
        ("compose.yaml", "- a", "compose.yaml: the file must be a table"),
        ("compose.yaml", "services: [a]", "compose.yaml: services must be a table"),
        ("compose.yaml", "services: {web: {build: [a]}}", "services.web.build must be a table"),
        ("compose.yaml", "services: {web: {build: {args: 1.5}}}", "services.web.build.args must be a table"),
        ("compose.yaml", "services: {web: {build: {context: [a]}}}", "services.web.build.context must be text"),
        ("compose.yaml", "[" * 100_000, "nested too deeply"),
        ("compose.yaml", MERGES, "its aliases stand for more than 4,000,000 characters"),
        ("compose.yaml", "services: &a\n  b: *a\n", "an alias refers to what contains it"),
        ("compose.yaml", "".join(f"k{at}: 1\n" for at in range(10_001)), "a mapping of more than 10000 entries"),
        ("compose.yaml", "#" * 1_000_001, "it has over 1,000,000 bytes"),
        ("compose.yaml", "a: \udcff", "not UTF-8 (byte 0xff)"),
        ("docker-bake.json", "{", "docker-bake.json: not valid JSON"),
        ("docker-bake.json", "[" * 100_000, "nested too deeply"),
        ("docker-bake.json", "[]", "the file must be a table"),
        ("docker-bake.json", bake(inherits=["none"]), "target.web inherits from the unknown target none"),
        ("docker-bake.json", bake(inherits=["web"]), "target.web inherits from itself"),
        ("docker-bake.json", bake(context="none"), "web: no Dockerfile at none/Dockerfile"),
        ("docker-bake.hcl", 'target "web" {\n  context = =\n}\n', "docker-bake.hcl:2:13: not valid HCL"),
        (
            "docker-bake.hcl",
            "a = 1\na {\n}\n",
            "not valid HCL: Attribute a",
        ),
        ("docker-bake.hcl", "a = " + "[" * 100 + "]" * 100 + "\n", "nested too deeply"),
        ("docker-bake.hcl", "a = 1" + "+1" * 5000 + "\n", "nested too deeply"),
        ("docker-bake.hcl", "target {\n  context = true\n}\n", "target must be a table"),
        ("docker-bake.hcl", 'target = ["a"]\n', "target must be a table"),
    ],
)
def test_errors(here: Path, name: str, text: str, sentence: str) -> None:
    Path(name).write_bytes(text.encode("utf-8", "surrogateescape"))
    read = resolve.read(Path(name), ENV)
    [error] = read.errors
    assert sentence in error
    assert read.builds == ()


def test_variables_that_double_are_given_up(here: Path) -> None:
    put("Dockerfile")
    target = {"web": {"args": {"A": "${V59}", "B": "${V3}"}}}
    file = put("docker-bake.json", json.dumps({"variable": DOUBLES, "target": target}))
    assert shown(file)[0][4] == {"B": "x" * 8}


def test_the_same_build_is_done_once(here: Path) -> None:
    put("app/Dockerfile")
    file = put(
        "compose.yaml",
        "services: {a: {build: app}, b: {build: {context: ./app}}, c: {build: {context: app, target: x}}}",
    )
    layers = resolve.read(file, {}).layers()
    assert {path: [layer["target"] for layer in ways] for path, ways in layers.items()} == {
        Path("app/Dockerfile"): [None, "x"]
    }


# ---------------------------------------------------------------- the command

FILE = "FROM debian:12 AS dev\nWORKDIR same\nFROM debian:12\nWORKDIR how\n"
TWO = """services:
  web: {build: {context: app, target: dev, args: {A: 1}}}
  job: {build: {context: app, target: dev, args: [A=1]}}
  api: {build: {context: app, args: {A: 2}}}
"""


def messages(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, list[tuple[str, int, str]]]:
    status = main(["--format", "json", *words])
    return status, [(item["file"], item["line"], item["message"]) for item in json.loads(capsys.readouterr().out)]


@pytest.fixture
def fake(here: Path, plug_in: Callable[[str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    plug_in(__name__)
    monkeypatch.setenv("DLINT_SELECT", how_built.code)
    put("app/Dockerfile", FILE)


def test_each_build_is_checked_as_it_is_built(fake: None, capsys: pytest.CaptureFixture[str]) -> None:
    put("compose.yaml", TWO)
    name = str(Path("app/Dockerfile"))
    assert messages(capsys, "compose.yaml") == (1, [
        (name, 2, "same"),
        (name, 4, "app None [('A', '2')]"),
        (name, 4, "app dev [('A', '1')]"),
    ])  # fmt: skip


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--target", "mine"], ["app mine [('A', '1')]", "app mine [('A', '2')]"]),
        (["--build-arg", "A=3"], ["app None [('A', '3')]", "app dev [('A', '3')]"]),
        (["--context", "other"], ["other None [('A', '2')]", "other dev [('A', '1')]"]),
        (["app/Dockerfile"], ["app None [('A', '2')]", "app None []", "app dev [('A', '1')]"]),
    ],
)
def test_the_command_line_wins(
    fake: None, capsys: pytest.CaptureFixture[str], words: list[str], expected: list[str]
) -> None:
    put("compose.yaml", TWO)
    put("other/x")
    found = messages(capsys, "compose.yaml", *words)[1]
    assert sorted(message for _, line, message in found if line == 4) == expected
    assert [message for _, line, message in found if line == 2] == ["same"]


def test_a_build_wins_over_the_configuration_file(fake: None, capsys: pytest.CaptureFixture[str]) -> None:
    put("compose.yaml", "services: {web: {build: {context: app, args: {A: 1}}}}")
    put(".dlint.toml", 'target = "file"\nbuild-args = { A = "0", B = "0" }\n')
    assert messages(capsys, "compose.yaml")[1][-1][2] == "app None [('A', '1'), ('B', '0')]"


def test_several_processes(fake: None, capsys: pytest.CaptureFixture[str]) -> None:
    put("compose.yaml", TWO)
    put("b/Dockerfile", "FROM debian:12\nWORKDIR how\n")
    _, found = messages(capsys, "--jobs", "2", "compose.yaml", "b/Dockerfile")
    assert [message for _, _, message in found if message != "same"] == [
        "app None [('A', '2')]",
        "app dev [('A', '1')]",
        "b None []",
    ]


def test_fix_changes_the_file_once(fake: None, capsys: pytest.CaptureFixture[str]) -> None:
    put("compose.yaml", TWO)
    assert main(["--fix", "compose.yaml"]) == 1
    assert Path("app/Dockerfile").read_text(encoding="utf-8") == FILE.replace("same", "new")
    assert capsys.readouterr().err.count("rename it") == 1


def test_what_cannot_be_built_does_not_stop_the_rest(fake: None, capsys: pytest.CaptureFixture[str]) -> None:
    put("compose.yaml", "services: {no: {build: none}, far: {build: 'https://example.com/x.git'}, web: {build: app}}")
    assert main(["compose.yaml"]) == 2
    out, err = capsys.readouterr()
    assert "app None []" in out
    assert "dlint: compose.yaml: no: no Dockerfile at" in err
    assert "\ncompose.yaml: far: not checked: its context" in "\n" + err.replace("dlint: ", "")


def test_a_compose_file_without_builds(fake: None, capsys: pytest.CaptureFixture[str]) -> None:
    put("compose.yaml", "services: {db: {image: db}}")
    assert main(["compose.yaml"]) == 0


def test_folders_are_not_searched_for_them(fake: None, capsys: pytest.CaptureFixture[str]) -> None:
    put("compose.yaml", TWO)
    assert messages(capsys, ".")[1] == [("app/Dockerfile", 2, "same"), ("app/Dockerfile", 4, "app None []")]


def test_a_stage_that_another_build_wants_is_needed(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put("app/Dockerfile", "FROM debian:12 AS dev\nRUN true\nFROM debian:12\nRUN false\n")
    put("compose.yaml", TWO)
    assert "DF302" not in {code(item) for item in _all(capsys, "compose.yaml")}
    assert "DF302" in {code(item) for item in _all(capsys, "app/Dockerfile")}


def _all(capsys: pytest.CaptureFixture[str], path: str) -> list[dict[str, object]]:
    main(["--preset", "all", "--shellcheck", "off", "--no-savings", "--format", "json", path])
    found: list[dict[str, object]] = json.loads(capsys.readouterr().out)
    return found


def code(item: dict[str, object]) -> object:
    return item["code"]


def test_the_program(here: Path) -> None:
    put("app/Dockerfile", "FROM debian:12\nCOPY requirement.txt app.py /srv/\n")
    for name in ("app/requirement.txt", "app/app.py", "requirements.txt", "app.py"):
        put(name, "text\n")
    put("docker-bake.hcl", 'target "web" {\n  dockerfile = "app/Dockerfile"\n}\n')
    words = [sys.executable, "-m", "dockerlint.lint.cli", "--select", "DF605", "docker-bake.hcl"]
    found = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stderr) == (1, "")
    assert found.stdout.startswith("app/Dockerfile:2:6: DF605")
    words[-1] = "app/Dockerfile"
    assert subprocess.run(words, capture_output=True, text=True, check=False).returncode == 0
