"""The GitHub action and the GitLab template: their scripts are run, in repositories as the services check them out."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

import dockerlint.lint
from dockerlint.lint.cli.change_report import MARKER
from dockerlint.lint.shellcheck import runner as shellcheck

ROOT = Path(__file__).parent.parent
ACTION = ROOT / "action.yml"
GITHUB = ROOT / "integrations" / "github"
GITLAB = ROOT / "integrations" / "gitlab" / "dlint.gitlab-ci.yml"
PACKAGE = Path(dockerlint.lint.__file__).parents[2]

pytestmark = [
    pytest.mark.skipif(not ACTION.exists(), reason="they are no part of the package"),
    pytest.mark.skipif(not (shutil.which("git") and shutil.which("bash")), reason="there is no git or no bash"),
]

GOOD = "FROM debian:12\nUSER 1000\n"
BAD = "FROM debian:12\nUSER 1000\nWORKDIR app\n"
CODE = "DL3000"
PULL = "7"

# What of `gh api` the script needs, with the comments in a file; told to fail, it fails as for a token that may only read.
GH = """#!{python}
import json, os, pathlib, sys

store, log = pathlib.Path(os.environ["COMMENTS"]), pathlib.Path(os.environ["CALLS"])
words = sys.argv[1:]
with log.open("a") as file:
    file.write(json.dumps(words) + chr(10))
if os.environ.get("READ_ONLY"):
    sys.exit("gh: Resource not accessible by integration (HTTP 403)")
comments = json.loads(store.read_text())
assert words.pop(0) == "api"
method = words[words.index("--method") + 1] if "--method" in words else "GET"
url = next(word for word in words if word.startswith("repos/"))
if method == "GET":
    assert "--paginate" in words and url == "repos/o/r/issues/7/comments", words
    import subprocess
    expression = words[words.index("--jq") + 1]
    marker = {marker!r}
    assert expression == '.[] | select(.user.type == "Bot" and (.body | startswith("' + marker + '"))) | .id', expression
    for item in comments:
        if item["user"]["type"] == "Bot" and item["body"].startswith(marker):
            print(item["id"])
    sys.exit()
field = words[words.index("--field") + 1]
assert field.startswith("body=@"), field
body = pathlib.Path(field.removeprefix("body=@")).read_text()
if method == "POST":
    assert url == "repos/o/r/issues/7/comments", url
    comments.append({{"id": 100 + len(comments), "user": {{"type": "Bot"}}, "body": body}})
else:
    assert method == "PATCH", method
    found = next(item for item in comments if url == "repos/o/r/issues/comments/" + str(item["id"]))
    found["body"] = body
store.write_text(json.dumps(comments))
"""
DLINT = """#!/bin/sh
PYTHONPATH='{package}' exec '{python}' -m dockerlint.lint.cli "$@"
"""


@dataclass(frozen=True)
class Ran:
    status: int
    out: str
    err: str
    summary: str
    outputs: dict[str, str]

    @property
    def annotated(self) -> set[str]:
        return set(re.findall(r"^::\w+ file=([^,]*),.*title=[^,:]*" + CODE, self.out, re.MULTILINE))


class Runner:
    """A repository on a server, a checkout of it, and what a service sets around a job."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.origin, self.checkout = folder / "origin", folder / "checkout"
        self.bin, self.calls, self.store = folder / "bin", folder / "calls", folder / "comments"
        for path in (self.origin, self.bin, folder / "temp"):
            path.mkdir()
        self.program("gh", GH.format(python=sys.executable, marker=MARKER))
        self.program("dlint", DLINT.format(package=PACKAGE, python=sys.executable))
        self.store.write_text("[]", encoding="utf-8")
        self.calls.write_text("", encoding="utf-8")
        self.git("init", "-q", "-b", "main")
        self.git("config", "uploadpack.allowAnySHA1InWant", "true")

    def program(self, name: str, text: str) -> None:
        path = self.bin / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "INPUT_", "CI_", "DLINT_"))}
        who = {f"GIT_{role}_{what}": "a@example.org" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        return {
            **kept, **who,
            "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "DLINT_SHELLCHECK": "off",
            "PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}", "XDG_CACHE_HOME": str(self.folder / "cache"),
            "COMMENTS": str(self.store), "CALLS": str(self.calls),
        }  # fmt: skip

    def git(self, *words: str, folder: Path | None = None) -> str:
        done = subprocess.run(
            ["git", *words], cwd=folder or self.origin, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def commit(self, files: dict[str, str | None]) -> str:
        for name, text in files.items():
            path = self.origin / name
            if text is None:
                path.unlink()
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "one")
        return self.git("rev-parse", "HEAD")

    def pull(self, files: dict[str, str | None]) -> dict[str, str]:
        """A branch with these files, and the merge that GitHub makes of it, checked out as actions/checkout does."""
        base = self.git("rev-parse", "main")
        if self.git("branch", "--list", "branch"):
            self.git("checkout", "-q", "branch")
        else:
            self.git("checkout", "-q", "-b", "branch")
        self.commit(files)
        self.git("checkout", "-q", "--detach", "main")
        self.git("merge", "-q", "--no-ff", "-m", "merge", "branch")
        merge = self.git("rev-parse", "HEAD")
        self.git("update-ref", f"refs/pull/{PULL}/merge", merge)
        self.git("checkout", "-q", "main")
        self.check_out(merge, 1)
        return {
            "GITHUB_SHA": merge, "GITHUB_REF": f"refs/pull/{PULL}/merge", "PULL_REQUEST": PULL, "PULL_REQUEST_BASE": base,
        }  # fmt: skip

    def check_out(self, commit: str, depth: int) -> None:
        shutil.rmtree(self.checkout, ignore_errors=True)
        self.checkout.mkdir()
        self.git("init", "-q", folder=self.checkout)
        self.git("remote", "add", "origin", f"file://{self.origin}", folder=self.checkout)
        self.git("fetch", "-q", "--no-tags", f"--depth={depth}", "origin", commit, folder=self.checkout)
        self.git("checkout", "-q", "--detach", "FETCH_HEAD", folder=self.checkout)

    def run(self, variables: dict[str, str], **inputs: str) -> Ran:
        summary, output = self.folder / "summary", self.folder / "output"
        for path in (summary, output):
            path.write_text("", encoding="utf-8")
        defaults = {"COMMENT": "true", "SARIF": "false", "NEW_ONLY": "false", "PATHS": "", "FAIL_ON": "", "PRESET": ""}
        done = subprocess.run(
            ["bash", str(GITHUB / "run.sh")],
            cwd=self.checkout,
            env={
                **self.environment, "RUNNER_TEMP": str(self.folder / "temp"), "GITHUB_STEP_SUMMARY": str(summary),
                "GITHUB_OUTPUT": str(output), "GITHUB_REPOSITORY": "o/r", "GH_TOKEN": "secret", "PULL_REQUEST": "",
                "PULL_REQUEST_BASE": "", **{f"INPUT_{key}": value for key, value in {**defaults, **inputs}.items()}, **variables,
            },
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        lines = output.read_text(encoding="utf-8").splitlines()
        outputs = dict(line.split("=", 1) for line in lines)
        return Ran(done.returncode, done.stdout, done.stderr, summary.read_text(encoding="utf-8"), outputs)

    @property
    def comments(self) -> list[str]:
        return [item["body"] for item in json.loads(self.store.read_text(encoding="utf-8"))]

    @property
    def methods(self) -> list[str]:
        calls = [json.loads(line) for line in self.calls.read_text(encoding="utf-8").splitlines()]
        return [words[words.index("--method") + 1] if "--method" in words else "GET" for words in calls]


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    made = Runner(tmp_path)
    made.commit({"Dockerfile": GOOD, "old/Dockerfile": BAD, "web/Dockerfile": GOOD + "COPY x /\n", "web/x": "1"})
    return made


def test_a_pull_request(runner: Runner) -> None:
    pull = runner.pull({"Dockerfile": BAD})

    ran = runner.run(pull, SARIF="true")

    assert ran.status == 1, ran.err
    assert ran.annotated == {"Dockerfile"}
    assert runner.comments == [ran.summary]
    assert ran.summary.startswith(f"{MARKER}\n")
    assert f"| added | Dockerfile:3:9 | warning | {CODE} |" in ran.summary
    assert "HEAD^1" not in ran.err
    sarif = json.loads(Path(ran.outputs["sarif"]).read_text(encoding="utf-8"))
    places = {item["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for item in sarif["runs"][0]["results"]}
    # of all files: else code scanning would take what is in the others for mended
    assert places == {"Dockerfile", "old/Dockerfile"}


def test_the_comment_is_rewritten(runner: Runner) -> None:
    stranger = {"id": 1, "user": {"type": "User"}, "body": f"{MARKER}\nmine"}
    runner.store.write_text(json.dumps([stranger]), encoding="utf-8")
    first = runner.run(runner.pull({"Dockerfile": BAD}))
    second = runner.run(runner.pull({"Dockerfile": BAD + "WORKDIR other\n"}))
    assert runner.comments == [stranger["body"], second.summary]
    assert first.summary != second.summary

    third = runner.run(runner.pull({"Dockerfile": GOOD}))

    assert (third.status, third.annotated) == (0, set())
    assert runner.comments == [stranger["body"], third.summary]
    assert "no findings added or removed; no change of costs" in third.summary
    assert runner.methods == ["GET", "POST", "GET", "PATCH", "GET", "PATCH"]


def test_a_change_of_something_else_is_not_commented_on(runner: Runner) -> None:
    ran = runner.run(runner.pull({"docs/x.md": "words"}))

    assert (ran.status, ran.annotated, runner.comments, runner.methods) == (0, set(), [], ["GET"])


def test_a_changed_context_counts(runner: Runner) -> None:
    ran = runner.run(runner.pull({"web/x": "1" * 500_000}))

    assert ran.status == 0, ran.err
    assert "| web/Dockerfile |" in runner.comments[0]


def test_what_was_there_fails_unless_only_new_counts(runner: Runner) -> None:
    pull = runner.pull({"old/Dockerfile": BAD + "EXPOSE 80\n"})

    assert runner.run(pull).status == 1
    assert runner.run(pull, NEW_ONLY="true").status == 0
    assert runner.run(pull, FAIL_ON="never").status == 0


def test_what_it_is_held_against(runner: Runner) -> None:
    """The merge with its parents at hand, the branch itself with all its history, and a shallow one of it."""
    pull = runner.pull({"Dockerfile": BAD})
    runner.commit({"web/Dockerfile": BAD})
    head = runner.git("rev-parse", "branch")
    for commit, depth in ((pull["GITHUB_SHA"], 2), (head, 100), (head, 1)):
        runner.check_out(commit, depth)

        ran = runner.run(pull)

        assert (ran.status, ran.annotated) == (1, {"Dockerfile"}), ran.err
        assert "web/Dockerfile" not in ran.summary


def test_a_base_that_went_on_since(runner: Runner) -> None:
    """GitHub makes the merge anew, with the newest base, when a run is begun again; the event has the base of the first time."""
    base = runner.pull({"Dockerfile": BAD})["PULL_REQUEST_BASE"]
    runner.commit({"web/Dockerfile": BAD})
    pull = {**runner.pull({}), "PULL_REQUEST_BASE": base}

    ran = runner.run(pull)

    assert (ran.status, ran.annotated) == (1, {"Dockerfile"}), ran.err
    assert "web/Dockerfile" not in ran.summary


def test_a_token_that_may_only_read_is_a_warning(runner: Runner) -> None:
    ran = runner.run({**runner.pull({"Dockerfile": GOOD + "EXPOSE 80\nCMD [\"x\"]\n", "web/x": "1" * 500_000}), "READ_ONLY": "1"})

    assert ran.status == 0, ran.err
    assert "::warning title=dlint::the pull request could not be commented on" in ran.out
    assert ran.summary


def test_nothing_is_posted_or_kept_unasked(runner: Runner) -> None:
    pull = runner.pull({"Dockerfile": BAD})

    assert runner.run(pull, COMMENT="false").outputs == {}
    assert runner.run({**pull, "GH_TOKEN": ""}).summary
    assert runner.methods == []


def test_a_push_checks_all_files(runner: Runner) -> None:
    commit = runner.git("rev-parse", "main")
    runner.check_out(commit, 1)

    ran = runner.run({"GITHUB_SHA": commit, "GITHUB_REF": "refs/heads/main"}, SARIF="true")

    assert (ran.status, ran.annotated, ran.summary, runner.methods) == (1, {"old/Dockerfile"}, "", [])
    assert "sarif" in ran.outputs
    assert runner.run({"GITHUB_SHA": commit}, PATHS="web\nDockerfile\n").status == 0


def test_what_cannot_be_read_fails(runner: Runner) -> None:
    ran = runner.run(runner.pull({"Dockerfile": BAD + "\0", "web/Dockerfile": BAD}))
    assert (ran.status, ran.annotated) == (2, {"web/Dockerfile"}), ran.err
    assert "this is a binary file" in ran.err

    pull = runner.pull({"Dockerfile": GOOD})
    assert runner.run(pull, PRESET="nonsense").status == 2
    ran = runner.run({**pull, "GITHUB_REF": "refs/heads/main", "PULL_REQUEST_BASE": "0" * 40})
    assert (ran.status, ran.annotated) == (2, set())
    assert "no such commit in" in ran.err


def test_names_are_data(runner: Runner) -> None:
    names = ["$(touch pwned).Dockerfile", "-x.Dockerfile", "a b;touch pwned.Dockerfile", "`touch pwned`/Dockerfile", "n\nl.Dockerfile"]
    pull = runner.pull(dict.fromkeys(names, BAD))

    ran = runner.run(pull, PATHS=".\n$(touch pwned).Dockerfile\n")

    assert ran.status == 1, ran.err
    assert len(ran.annotated) == len(names)
    assert ran.summary.count(f"| warning | {CODE} |") == len(names)
    assert not list(runner.folder.rglob("pwned"))


@pytest.mark.parametrize(("version", "asked"), [("", "/the action"), ("1.2.3", "dockerlint==1.2.3"), ("1; x", "dockerlint==1; x")])
def test_what_is_installed(runner: Runner, version: str, asked: str) -> None:
    python = runner.bin / "python"
    log = runner.folder / "log"
    runner.program("python", f'#!/bin/sh\nmkdir -p "$3/bin"\ncp "$0" "$3/bin/python" 2>/dev/null\nprintf "%s\\n" "$@" >>{log}\n')
    output = runner.folder / "output"
    environment = {
        **runner.environment, "PYTHON": str(python), "RUNNER_TEMP": str(runner.folder / "temp"), "ACTION_PATH": "/the action",
        "INPUT_VERSION": version, "GITHUB_OUTPUT": str(output),
    }  # fmt: skip

    subprocess.run(["bash", str(GITHUB / "install.sh")], env=environment, cwd=runner.folder, check=True)

    place = runner.folder / "temp" / "dlint-environment"
    words = log.read_text(encoding="utf-8").splitlines()
    assert words == ["-m", "venv", str(place), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", asked]
    assert output.read_text(encoding="utf-8") == f"dlint={place}/bin/dlint\n"


def test_the_scripts_are_clean() -> None:
    program = shellcheck.find()
    if program is None:
        pytest.skip("there is no ShellCheck")
    for script in GITHUB.glob("*.sh"):
        done = subprocess.run([program.program, str(script)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def steps() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load(ACTION.read_text(encoding="utf-8"))["runs"]["steps"]
    return found


def test_the_action_puts_no_expression_into_a_script() -> None:
    for step in steps():
        assert "${{" not in step.get("run", ""), step
        assert "shell" in step or "uses" in step


def test_the_action_knows_its_inputs_and_outputs() -> None:
    text = ACTION.read_text(encoding="utf-8")
    action = yaml.safe_load(text)
    assert set(re.findall(r"inputs\.([\w-]+)", text)) == set(action["inputs"])
    ids = {step["id"] for step in steps() if "id" in step}
    assert set(re.findall(r"steps\.(\w+)\.outputs", text)) <= ids
    given = {name for step in steps() for name in step.get("env", {})}
    for script in GITHUB.glob("*.sh"):
        used = set(re.findall(r"\$\{?((?:INPUT|PULL)_\w+|GH_TOKEN|DLINT|PYTHON|ACTION_PATH)\b", script.read_text(encoding="utf-8")))
        assert used <= given, used - given
    for step in steps():
        for script_name in re.findall(r"integrations/\S+\.sh", step.get("run", "")):
            assert (ROOT / script_name).is_file()


class Lab(Runner):
    """A job of GitLab's: the lines of a script are one, run by bash that stops at the first error."""

    def job(self, variables: dict[str, str]) -> Ran:
        job = yaml.safe_load(GITLAB.read_text(encoding="utf-8"))["dlint"]
        lines = "\n".join(job["script"])
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", lines], cwd=self.checkout, env={**self.environment, **variables},
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        return Ran(done.returncode, done.stdout, done.stderr, "", {})


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    made = Lab(tmp_path)
    made.commit({"Dockerfile": GOOD, "old/Dockerfile": BAD})
    return made


def report(lab: Lab) -> set[str]:
    data = json.loads((lab.checkout / "gl-code-quality-report.json").read_text(encoding="utf-8"))
    return {item["location"]["path"] for item in data if CODE in item["check_name"]}


def test_a_branch_on_gitlab(lab: Lab) -> None:
    lab.check_out("main", 100)

    ran = lab.job({"CI_COMMIT_SHA": lab.git("rev-parse", "main")})

    assert (ran.status, report(lab)) == (1, {"old/Dockerfile"}), ran.err
    assert not (lab.checkout / "dlint.md").exists()


@pytest.mark.parametrize(("text", "status"), [(BAD, 1), (GOOD + "ENV A=1\n", 0), ("\0", 2)])
def test_a_merge_request_on_gitlab(lab: Lab, text: str, status: int) -> None:
    base = lab.git("rev-parse", "main")
    lab.git("checkout", "-q", "-b", "branch")
    commit = lab.commit({"Dockerfile": text})
    lab.check_out(commit, 100)

    ran = lab.job({"CI_COMMIT_SHA": commit, "CI_MERGE_REQUEST_DIFF_BASE_SHA": base})

    assert ran.status == status, ran.err
    assert "old/Dockerfile" in report(lab)
    if status < 2:
        comment = (lab.checkout / "dlint.md").read_text(encoding="utf-8")
        assert comment.startswith(MARKER)
        assert (CODE in comment) == (status == 1)
        assert comment in ran.out


def test_the_job_keeps_what_it_writes() -> None:
    job = yaml.safe_load(GITLAB.read_text(encoding="utf-8"))["dlint"]
    script = "\n".join(job["script"])
    for name in (job["artifacts"]["reports"]["codequality"], *job["artifacts"]["paths"]):
        assert name in script
    assert set(re.findall(r"\$\{?([A-Z]\w+)", "\n".join(job["before_script"]))) <= set(job["variables"])


def test_megalinter_takes_the_plug_in() -> None:
    (path,) = (ROOT / "integrations").glob("*/*.megalinter-descriptor.yml")
    # Source: megalinter/plugin_factory.py of oxsecurity/megalinter
    assert "/mega-linter-plugin-" in path.as_posix()
    descriptor = yaml.safe_load(path.read_text(encoding="utf-8"))
    jsonschema.validate(descriptor, json.loads((ROOT / "tests/data/schemas/megalinter.json").read_text(encoding="utf-8")))
    (linter,) = descriptor["linters"]
    assert all(command.startswith("RUN ") and "\n" not in command for command in linter["install"]["dockerfile"])
    assert set(linter["install"]) == {"dockerfile"}
    names = {"Dockerfile": True, "Dockerfile.dev": True, "Containerfile": True, "Dockerfiles": False, "Makefile": False}
    assert {name: any(re.fullmatch(regex, name) for regex in linter["file_names_regex"]) for name in names} == names


def test_the_plug_in_calls_dlint_by_options_that_there_are(tmp_path: Path) -> None:
    (path,) = (ROOT / "integrations").glob("*/*.megalinter-descriptor.yml")
    (linter,) = yaml.safe_load(path.read_text(encoding="utf-8"))["linters"]
    (tmp_path / "Dockerfile").write_text(BAD, encoding="utf-8")
    (tmp_path / linter["config_file_name"]).write_text('preset = "all"\n', encoding="utf-8")
    sarif = [str(tmp_path / "out.sarif") if word == "{{SARIF_OUTPUT_FILE}}" else word for word in linter["cli_sarif_args"]]
    words = [linter["cli_config_arg_name"], str(tmp_path / linter["config_file_name"]), *sarif, "Dockerfile"]
    command = [sys.executable, "-m", "dockerlint.lint.cli"]
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE), "DLINT_SHELLCHECK": "off"}
    for given, status in ((words, 1), ([linter["cli_version_arg_name"]], 0), ([linter["cli_help_arg_name"]], 0)):
        done = subprocess.run([*command, *given], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == status, done.stderr
    assert CODE in (tmp_path / "out.sarif").read_text(encoding="utf-8")
