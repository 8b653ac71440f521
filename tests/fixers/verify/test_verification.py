"""`dlint verify` from the command line to the engine, which is a program that only plays docker."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from dockerlint.fixers.verify import workspace
from dockerlint.fixers.verify.base import EngineError
from dockerlint.fixers.verify.engines import find
from dockerlint.fixers.verify.program_run import shielded, stoppable
from dockerlint.lint.cli import main
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax.nodes import Dockerfile, Workdir
from dockerlint.lint.syntax.span import Edit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from dockerlint.lint.analysis.facts import Facts

SAFE = "FROM debian:12\nCOPY app.py /app/\nWORKDIR old\n"
RISKY = "FROM debian:12\nCOPY app.py /app/\nWORKDIR risky\n"
DONE = "FROM debian:12\nCOPY app.py /app/\nWORKDIR new\n"

# Plays docker as far as dlint calls it. Its folder holds the plan, which says what the build of each tag comes to, a
# record of all calls, and the images.
DOCKER = '''
import io, json, os, sys, tarfile, time
from pathlib import Path

HOME = Path(os.environ["FAKE_DOCKER"])
PLAN = json.loads((HOME / "plan.json").read_text())
IMAGES = HOME / "images"
words = sys.argv[1:]
options = dict(word[2:].split("=", 1) for word in words if word.startswith("--") and "=" in word)


def build():
    tag = options["tag"].rsplit(":", 1)[1]
    plan = PLAN.get(tag, PLAN.get(tag.split("-")[0], {}))
    context = Path(words[-1])
    seen = {str(path.relative_to(context)): path.read_text() for path in context.rglob("*") if path.is_file()}
    call["context"], call["dockerfile"] = seen, Path(options["file"]).read_text()
    call["mode"] = (context / "app.py").stat().st_mode & 0o777
    call["ignore"] = Path(options["file"] + ".dockerignore").exists()
    record()
    print("step 1: " + plan.get("says", "\\x1b[31mworking"), flush=True)
    (HOME / ("building-" + tag)).write_text(str(os.getpid()))
    time.sleep(plan.get("seconds", 0))
    if plan.get("fails"):
        sys.exit(1)
    (IMAGES / tag).write_text(json.dumps({"label": options["label"], "plan": plan}))


def save():
    plan = json.loads((IMAGES / words[2].rsplit(":", 1)[1]).read_text())["plan"]
    if plan.get("cut"):
        sys.stdout.buffer.write(b"no archive")
        return
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        for path, text in plan.get("files", {"etc/hosts": "localhost"}).items():
            add(tar, path, text.encode())
    config = {"config": plan.get("config", {}), "history": [{"created_by": "COPY"}], "os": "linux"}
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        add(tar, "1/layer.tar", layer.getvalue())
        add(tar, "config.json", json.dumps(config).encode())
        add(tar, "manifest.json", json.dumps([{"Config": "config.json", "Layers": ["1/layer.tar"]}]).encode())
    sys.stdout.buffer.write(out.getvalue())


def add(tar, path, data):
    member = tarfile.TarInfo(path)
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))


def record():
    with (HOME / "calls").open("a") as calls:
        calls.write(json.dumps(call) + "\\n")


call = {"words": words, "options": options, "buildkit": os.environ.get("DOCKER_BUILDKIT")}
if words[0] == "build":
    build()
else:
    record()
    if words[0] == "version":
        if PLAN.get("dead"):
            sys.exit("Cannot connect to the Docker daemon")
        print("99.1")
    elif words[1] == "save":
        save()
    elif words[1] == "ls":
        wanted = options["filter"].removeprefix("label=")
        print("\\n".join(path.name for path in IMAGES.iterdir() if json.loads(path.read_text())["label"] == wanted))
    elif words[1] == "rm":
        for name in words[3:]:
            (IMAGES / name).unlink()
'''


@rule("XX100", name="old-folder", severity=Severity.WARNING)
def old_folder(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """A folder is called old or risky."""
    for node in doc.instructions:
        if isinstance(node, Workdir) and node.argument.text == "old":
            edit = Edit(node.argument.span, "new")
            yield Finding(node.argument.span, "old folder", Fix("rename it", (edit,), Applicability.SAFE))
        if isinstance(node, Workdir) and node.argument.text == "risky":
            edit = Edit(node.argument.span, "tame")
            yield Finding(node.argument.span, "risky folder", Fix("tame it", (edit,), Applicability.UNSAFE))


@dataclass
class Verify:
    """The command in a folder with a Dockerfile, and a docker that does as `plan` says."""

    folder: Path
    docker: Path
    capsys: pytest.CaptureFixture[str]
    out: str = ""
    err: str = ""

    def plan(self, **plan: Any) -> None:
        (self.docker / "plan.json").write_text(json.dumps({name.replace("_", "-"): item for name, item in plan.items()}))

    def put(self, text: str) -> None:
        (self.folder / "Dockerfile").write_text(text)

    def __call__(self, *words: str) -> int:
        self.capsys.readouterr()
        status = main(["verify", *words, str(self.folder)])
        self.out, self.err = self.capsys.readouterr()
        return status

    @property
    def calls(self) -> list[dict[str, Any]]:
        path = self.docker / "calls"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    @property
    def builds(self) -> dict[str, dict[str, Any]]:
        return {call["options"]["tag"].rsplit(":", 1)[1]: call for call in self.calls if call["words"][0] == "build"}

    @property
    def leftovers(self) -> list[str]:
        return [path.name for path in (*(self.docker / "images").iterdir(), *(self.docker.parent / "tmp").iterdir())]


@pytest.fixture
def verify(tmp_path: Path, plug_in: Callable[[str], None], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Verify:
    for name in [name for name in os.environ if name.startswith("DLINT_")] + ["FORCE_COLOR", "NO_COLOR"]:
        monkeypatch.delenv(name, raising=False)
    docker = tmp_path / "docker"
    for name in ("docker/images", "bin", "tmp", "project"):
        (tmp_path / name).mkdir(parents=True)
    program = tmp_path / "bin" / "docker"
    program.write_text(f"#!{sys.executable}\n{DOCKER}")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("FAKE_DOCKER", str(docker))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr("tempfile.tempdir", None)
    plug_in(__name__)
    monkeypatch.setenv("DLINT_SELECT", old_folder.code)
    made = Verify(tmp_path / "project", docker, capsys)
    made.plan()
    made.put(SAFE)
    (made.folder / "app.py").write_text("print()\n")
    return made


# ---------------------------------------------------------------- what comes of it


def test_the_same_image(verify: Verify) -> None:
    assert verify() == 0
    assert "1 safe fix, built with docker 99.1" in verify.out
    assert "files          the same of 1" in verify.out
    assert "the image is the same, apart from what the fixes change" in verify.out
    assert verify.leftovers == []


def test_a_safe_fix_that_changes_a_file(verify: Verify) -> None:
    verify.plan(before={"files": {"a": "1", "b": "1"}}, after={"files": {"a": "2", "c\n": "1"}}, again={"files": {"a": "1", "b": "1"}})

    assert verify() == 1
    assert "  ~ /a (content)\n  - /b\n  + /c\\n\n" in verify.out
    assert "a safe fix changed the image" in verify.out
    assert verify.leftovers == []


def test_what_differs_by_chance_is_no_change(verify: Verify) -> None:
    verify.plan(before={"files": {"a": "1"}}, after={"files": {"a": "2"}}, again={"files": {"a": "3"}})

    assert verify() == 0
    assert "besides, noise: 1 path, 1 changed" in verify.out
    assert "differs between two builds of the file as it was" in verify.out


def test_a_third_build_only_for_what_is_not_explained(verify: Verify) -> None:
    verify.plan(before={"files": {"var/log/x": "1"}}, after={"files": {"var/log/x": "2"}})

    assert verify() == 0
    assert "again" not in verify.builds


def test_the_configuration(verify: Verify) -> None:
    verify.plan(before={"config": {"User": "app", "Env": ["A=1"]}}, after={"config": {"Env": ["A=\x1b"], "Cmd": []}})

    assert verify() == 1
    assert "configuration  differs\n  User: app -> not set\n  Env A: 1 -> \\x1b\n" in verify.out


def test_unsafe_fixes_are_not_made_unasked(verify: Verify) -> None:
    verify.put(RISKY)

    assert verify() == 0
    assert verify.out == f"{verify.folder}: no safe fix to verify\n"
    assert verify.calls == []


def test_unsafe_fixes_may_change_the_image(verify: Verify) -> None:
    verify.put(RISKY)
    verify.plan(after={"files": {"new": "1"}})

    assert verify("--unsafe-fixes") == 0
    assert "  + /new\n" in verify.out
    assert "the image differs" in verify.out
    assert "again" not in verify.builds
    assert "WORKDIR tame" in verify.builds["after"]["dockerfile"]


@pytest.mark.parametrize("words", [[], ["--unsafe-fixes"]])
def test_a_fix_that_breaks_the_build(verify: Verify, words: list[str]) -> None:
    verify.plan(after={"fails": True, "says": "\x1b[31mno such thing"})

    assert verify(*words) == 1
    assert "the fix broke the build: `docker build` failed with status 1" in verify.out
    assert "  | step 1: \\x1b[31mno such thing\n" in verify.out
    assert verify.leftovers == []


def test_a_build_that_fails_before_any_fix(verify: Verify) -> None:
    verify.plan(before={"fails": True, "says": "\x1b[31mno such thing"})

    assert verify() == 2
    assert verify.out == ""
    assert "Dockerfile: the build fails before any fix: `docker build` failed with status 1" in verify.err
    assert "  | step 1: \\x1b[31mno such thing\n" in verify.err
    assert "after" not in verify.builds
    assert verify.leftovers == []


@pytest.mark.parametrize("tag", ["before", "after"])
def test_a_build_that_takes_too_long(verify: Verify, tag: str) -> None:
    verify.plan(**{tag: {"seconds": 60}})
    start = time.monotonic()

    assert verify("--timeout", "1") == 2
    assert "`docker build` was not done within 1 s" in verify.err
    assert time.monotonic() - start < 30
    assert is_over(verify, tag)
    assert verify.leftovers == []


def test_an_archive_that_is_none(verify: Verify) -> None:
    verify.plan(after={"cut": True})

    assert verify() == 2
    assert "the engine's archive of the image cannot be read" in verify.err
    assert verify.leftovers == []


def test_json(verify: Verify) -> None:
    verify.plan(before={"files": {"a": "1"}}, after={"files": {"a": "22", "root/x": ""}}, again={"files": {"a": "1"}})

    assert verify("--format", "json", "--no-rebuild") == 1
    proof = json.loads(verify.out)
    seconds = proof.pop("seconds")
    assert seconds["cold"]["before"] > 0
    assert seconds["rebuild"] == {"before": None, "after": None}
    assert proof == {
        "file": f"{verify.folder}/Dockerfile",
        "engine": {"name": "docker", "version": "99.1"},
        "verdict": "changed",
        "unsafe": False,
        "fixes": [{"code": "XX100", "title": "rename it", "line": 3}],
        "files": {
            "before": 1,
            "after": 2,
            "differences": [
                {"path": "/a", "side": "both", "what": ["content, 1 -> 2 bytes"], "cause": "unexplained", "why": None},
                {"path": "/root/x", "side": "after", "what": [], "cause": "unexplained", "why": None},
            ],
        },
        "configuration": [],
        "image_bytes": {"before": 1, "after": 2},
        "layers": {"before": [{"bytes": 1, "instruction": "COPY"}], "after": [{"bytes": 2, "instruction": "COPY"}]},
        "edited": None,
        "broken": None,
        "log": "",
        "notes": [],
    }


def test_json_of_nothing(verify: Verify) -> None:
    verify.put(DONE)

    assert verify("--format", "json") == 0
    assert json.loads(verify.out) == {"file": str(verify.folder), "verdict": "nothing", "fixes": []}


# ---------------------------------------------------------------- what the engine is told


def test_how_it_is_built(verify: Verify) -> None:
    verify("--build-arg", "A=1 2", "--target", "0", "--network", "host")

    words = verify.builds["before"]["words"]
    assert {"--build-arg=A=1 2", "--target=0", "--network=host", "--no-cache"} <= set(words)
    assert verify.builds["before"]["buildkit"] == "1"
    assert "--no-cache" in verify.builds["after"]["words"]
    assert "--no-cache" not in verify.builds["before-edited"]["words"]
    assert verify.builds["before"]["dockerfile"] == SAFE
    assert verify.builds["after"]["dockerfile"] == DONE


def test_each_rebuild_is_of_another_edit_of_a_copy(verify: Verify) -> None:
    assert verify() == 0

    contents = {tag: call["context"]["app.py"] for tag, call in verify.builds.items()}
    assert contents == {"before": "print()\n", "after": "print()\n", "before-edited": "print()\n\n", "after-edited": "print()\n\n\n"}
    assert (verify.folder / "app.py").read_text() == "print()\n"
    assert "after an edit of app.py" in verify.out


@pytest.mark.parametrize(
    ("plan", "status", "said"),
    [
        ({"before-edited": {"fails": True}}, 0, "note: no rebuild: after an edit of app.py it fails before any fix"),
        ({"after-edited": {"fails": True}}, 1, "the fix broke the build: after an edit of app.py: `docker build` failed"),
    ],
)
def test_a_rebuild_that_fails(verify: Verify, plan: dict[str, Any], status: int, said: str) -> None:
    verify.plan(**plan)

    assert verify() == status
    assert said in verify.out


def test_the_file_to_edit(verify: Verify) -> None:
    (verify.folder / "b.py").write_text("")

    assert verify("--edit", "./b.py") == 0
    assert verify.builds["before-edited"]["context"]["b.py"] == "\n"
    assert verify("--edit", "../x") == 2
    assert "--edit ../x: no such file in the build context" in verify.err


def test_a_read_only_file_is_edited_and_keeps_its_mode(verify: Verify) -> None:
    (verify.folder / "app.py").chmod(0o444)

    assert verify() == 0
    assert verify.builds["before-edited"]["context"]["app.py"] == "print()\n\n"
    assert verify.builds["before-edited"]["mode"] == 0o444


def test_no_file_to_edit(verify: Verify) -> None:
    verify.put("FROM debian:12\nWORKDIR old\n")

    assert verify() == 0
    assert "note: no rebuild: no source file of the context is copied" in verify.out
    assert set(verify.builds) == {"before", "after"}


def test_a_context_that_is_too_big_to_copy(verify: Verify, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspace, "MOST_BYTES", 5)

    assert verify() == 0
    assert "note: no rebuild: the context is too big to be copied" in verify.out
    assert verify.builds["before"]["words"][-1] == str(verify.folder)
    assert (verify.folder / "app.py").read_text() == "print()\n"


def test_syntax_lines(verify: Verify) -> None:
    verify.put(f"# syntax=docker/dockerfile:1\n# escape=`\n{SAFE}")

    assert verify() == 0
    assert verify.builds["before"]["dockerfile"].startswith("# syntax=docker/dockerfile:1\n# escape=`\nFROM")
    assert verify("--no-syntax") == 0
    assert verify.builds["before"]["dockerfile"] == f"# escape=`\n{SAFE}"


def test_a_syntax_that_cannot_be_fetched(verify: Verify) -> None:
    verify.put(f"# syntax=docker/dockerfile:1\n{SAFE}")
    verify.plan(before={"fails": True, "says": "resolve image config for docker.io/docker/dockerfile:1"})

    assert verify() == 2
    assert "--no-syntax builds it" in verify.err


def test_an_ignore_file_of_its_own(verify: Verify) -> None:
    (verify.folder / "Dockerfile.dockerignore").write_text("secret\n")
    (verify.folder / "secret").write_text("1")

    assert verify() == 0
    assert "secret" not in verify.builds["before"]["context"]
    assert verify.builds["before"]["ignore"]
    assert verify.builds["after"]["ignore"]


# ---------------------------------------------------------------- what cannot be done


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--engine", "podman"], "dlint: podman is not installed\n"),
        (["--select", "XX9"], "there is no rule 'XX9'"),
        (["--timeout", "0"], "Invalid value for '--timeout'"),
    ],
)
def test_bad_options(verify: Verify, words: list[str], said: str) -> None:
    assert verify(*words) == 2
    assert said in verify.err
    assert verify.builds == {}


def test_no_engine_answers(verify: Verify) -> None:
    verify.plan(dead=True)

    assert verify() == 2
    assert verify.err == (
        "dlint: docker does not answer: Cannot connect to the Docker daemon; podman is not installed; buildah is not installed\n"
    )


def test_several_dockerfiles(verify: Verify) -> None:
    (verify.folder / "Dockerfile.dev").write_text(SAFE)

    assert verify() == 2
    assert "there are 2 Dockerfiles" in verify.err


@pytest.mark.parametrize("fixable", ["old", "new"])
def test_a_file_that_does_not_parse(verify: Verify, fixable: str) -> None:
    verify.put(f"FROM debian:12\nCOYP a b\nWORKDIR {fixable}\n")

    assert verify() == 2
    assert "Dockerfile:2: " in verify.err
    assert verify.builds == {}


def test_standard_input_needs_a_context(verify: Verify, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "-"]) == 2
    assert "--context DIR says what to build" in capsys.readouterr().err


# ---------------------------------------------------------------- clean-up


def is_over(verify: Verify, tag: str) -> bool:
    """Whether the engine's client that built a tag has ended."""
    pid = int((verify.docker / f"building-{tag}").read_text())
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


# Whatever these tests themselves were told to ignore, a job in the background Ctrl-C for example.
PROGRAM = """
import signal
from dockerlint.lint.cli import main
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
raise SystemExit(main())
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("tag", ["before", "after"])
def test_interrupted(verify: Verify, number: signal.Signals, tag: str) -> None:
    verify.put("FROM debian:12\nMAINTAINER me\nCOPY app.py /app/\n")
    verify.plan(**{tag: {"seconds": 60}})
    command = [sys.executable, "-c", PROGRAM, "verify", "--select", "DL4000", str(verify.folder)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    started = verify.docker / f"building-{tag}"
    for _ in range(600):
        if started.exists() and started.read_text():
            break
        time.sleep(0.05)
    process.send_signal(number)
    _, errors = process.communicate(timeout=30)

    assert process.returncode == 130, errors
    assert b"interrupted; what was built is removed" in errors
    assert is_over(verify, tag)
    assert verify.leftovers == []
    assert verify.calls[-1]["words"][:2] == (["image", "rm"] if tag == "after" else ["image", "ls"])


def test_signals_that_are_ignored_stay_so() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stoppable():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGTERM)
            with shielded():
                signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_only_its_own_images_are_removed(verify: Verify) -> None:
    (verify.docker / "images" / "mine").write_text(json.dumps({"label": "dlint.verify=another"}))

    assert verify() == 0
    assert verify.leftovers == ["mine"]


def test_what_killed_runs_left_is_pruned_by_label_and_age(verify: Verify) -> None:
    verify()

    prunes = [call["words"] for call in verify.calls if call["words"][:2] == ["image", "prune"]]
    assert prunes == [["image", "prune", "-af", "--filter", "label=dlint.verify", "--filter", "until=24h"]]


# ---------------------------------------------------------------- real engines


@pytest.fixture(params=["docker", "podman", "buildah"])
def engine(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    try:
        find(name)
    except EngineError as error:
        pytest.skip(f"no real build: {error}")
    return name


def test_a_real_engine(engine: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\nMAINTAINER me\nADD page.html deep/page.html /srv/\nCMD /srv/page.html\n")
    (tmp_path / "deep").mkdir()
    for folder in (tmp_path, tmp_path / "deep"):
        (folder / "page.html").write_text("<p>hello\n")

    status = main(["verify", "--no-config", "--engine", engine, "--format", "json", "--select", "DL4000,DL3020", str(tmp_path)])

    out, errors = capsys.readouterr()
    assert status == 0, errors
    proof = json.loads(out)
    assert proof["verdict"] == "same"
    assert {item["code"] for item in proof["fixes"]} == {"DL4000", "DL3020"}
    assert proof["files"]["before"] == proof["files"]["after"] == 2
    assert {item["name"]: item["cause"] for item in proof["configuration"]} == {
        "author": "fixes",
        "Label org.opencontainers.image.authors": "fixes",
    }
    assert proof["edited"] == "page.html"
    assert proof["seconds"]["rebuild"]["after"] > 0


def test_a_real_engine_shows_what_changed(
    engine: str, tmp_path: Path, plug_in: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    plug_in(__name__)
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY app.py /app/\nWORKDIR old\nCOPY app.py .\n")
    (tmp_path / "app.py").write_text("print()\n")

    status = main(["verify", "--no-config", "--select", old_folder.code, "--engine", engine, "--no-rebuild", str(tmp_path)])

    out, errors = capsys.readouterr()
    assert status == 1, errors
    for line in ("  - /old\n", "  - /old/app.py\n", "  + /new\n", "  + /new/app.py\n", "  WorkingDir: /old -> /new\n"):
        assert line in out
