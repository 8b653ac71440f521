"""`dlint diff`: what a branch does to findings and costs, in real repositories, small ones."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from dockerlint.lint.cli import main
from dockerlint.lint.cli.change_report import MARKER
from dockerlint.lint.context.build_context import Context
from dockerlint.lint.context.git_context import GitContext
from dockerlint.lint.git import objects as git_objects
from dockerlint.lint.git.client import GitError
from dockerlint.lint.git.objects import Objects
from dockerlint.lint.git.repository import Repository
from dockerlint.lint.git.tree import CommitTree, Tree, WorkTree

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")

WHO = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in {"NAME": "A", "EMAIL": "a@example.org", "DATE": "2024-05-06T07:08:09+00:00"}.items()
}
GOOD = "FROM debian:12\nUSER 1000\n"
WORSE = "FROM debian:12\nRUN cd /srv\nUSER 1000\nWORKDIR app\n"
NODE = "FROM node:20\nWORKDIR /app\nCOPY package.json .\nRUN npm install\nUSER node\n"
SMALL = '{"dependencies": {"express": "^4.0.0"}}'
LARGE = '{"dependencies": {"express": "^4.0.0", "webpack": "^5.0.0", "typescript": "^5.0.0", "next": "^14.0.0"}}'
CODE = "DL3000"  # of WORSE's WORKDIR


class Scratch:
    """A repository with a work tree."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def git(self, *words: str, given: str = "") -> str:
        done = subprocess.run(
            ["git", *words], cwd=self.folder, env={**os.environ, **WHO}, input=given, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def write(self, files: dict[str, str | None]) -> None:
        for name, text in files.items():
            path = self.folder / name
            if text is None:
                path.unlink()
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def commit(self, files: dict[str, str | None]) -> str:
        self.write(files)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "one")
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scratch:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    made = Scratch(tmp_path / "repo")
    made.git("init", "-q", "-b", "main")
    monkeypatch.chdir(made.folder)
    return made


def diff(capfd: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any, str]:
    """Exit status, the object of `--format json` (None where there is none), what was said beside it."""
    capfd.readouterr()
    status = main(["diff", "--shellcheck", "off", "--format", "json", *words])
    out, err = capfd.readouterr()
    return status, json.loads(out) if out else None, err


def shown(capfd: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    capfd.readouterr()
    status = main(["diff", "--shellcheck", "off", *words])
    out, err = capfd.readouterr()
    return status, out, err


def names(capfd: pytest.CaptureFixture[str], folder: Path, *words: str) -> str:
    shown(capfd, *words, "--names", str(folder / "names"))
    return (folder / "names").read_text(encoding="utf-8")


def codes(findings: list[dict[str, Any]]) -> list[str]:
    return sorted(item["code"] for item in findings)


def summed(found: Any) -> list[tuple[str, str, list[str], list[str]]]:
    return [(item["file"], item["status"], codes(item["added"]), codes(item["removed"])) for item in found["files"]]


def test_findings_that_a_branch_adds_and_removes(repo: Scratch, capfd: pytest.CaptureFixture[str]) -> None:
    base = repo.commit({"Dockerfile": GOOD, "b/Dockerfile": WORSE, "c/Dockerfile": WORSE})
    head = repo.commit({"Dockerfile": WORSE, "b/Dockerfile": GOOD})

    status, found, _ = diff(capfd, base)

    assert status == 1
    assert (found["base"], found["head"]) == (base, None)
    added = summed(found)[0][2]
    assert CODE in added
    assert summed(found) == [("Dockerfile", "modified", added, []), ("b/Dockerfile", "modified", [], added)]
    assert diff(capfd, base, "--head", "HEAD")[1]["head"] == head


def test_a_commit_that_is_named_by_its_id_is_told_once(repo: Scratch, capfd: pytest.CaptureFixture[str]) -> None:
    base = repo.commit({"Dockerfile": GOOD})
    head = repo.commit({"Dockerfile": WORSE})

    assert f"\n{base[:12]} -> {head[:12]}\n" in shown(capfd, base, "--head", head)[1]
    assert f"\nmain~1 ({base[:12]}) -> work tree\n" in shown(capfd, "main~1")[1]


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ([], 1),
        (["--fail-on", "never"], 0),
        (["--ignore", CODE], 0),
        (["--select", CODE], 1),
        (["--select", CODE, "--fail-on", "error"], 0),
        (["--select", CODE, "b"], 0),
    ],
)
def test_only_what_is_added_fails(repo: Scratch, capfd: pytest.CaptureFixture[str], words: list[str], status: int) -> None:
    base = repo.commit({"Dockerfile": "FROM debian:12\nUSER 1000\n", "b/Dockerfile": "FROM debian:12\nWORKDIR app\n"})
    repo.commit({"Dockerfile": "FROM debian:12\nUSER 1000\nWORKDIR app\n", "b/Dockerfile": "FROM debian:12\n"})

    assert diff(capfd, base, *words)[0] == status


def test_what_only_moves_is_not_new(repo: Scratch, capfd: pytest.CaptureFixture[str]) -> None:
    base = repo.commit({"Dockerfile": WORSE})
    repo.commit({"Dockerfile": "# one\n\n" + WORSE.replace("RUN cd", "RUN  cd")})

    status, found, err = diff(capfd, base)

    assert (status, found["files"], err) == (0, [], "")


def test_two_of_a_kind_are_told_apart(repo: Scratch, capfd: pytest.CaptureFixture[str]) -> None:
    base = repo.commit({"Dockerfile": "FROM debian:12\nWORKDIR app\n"})
    repo.commit({"Dockerfile": "FROM debian:12\nWORKDIR app\nWORKDIR app\n"})

    assert summed(diff(capfd, base, "--select", CODE)[1]) == [("Dockerfile", "modified", [CODE], [])]


@pytest.mark.parametrize("staged", [False, True])
def test_a_renamed_file_is_held_against_its_old_self(
    repo: Scratch, capfd: pytest.CaptureFixture[str], *, staged: bool
) -> None:
    base = repo.commit({"old/Dockerfile": WORSE})
    (repo.folder / "new").mkdir()
    repo.git("mv", "old/Dockerfile", "new/api.Dockerfile")
    repo.write({"new/api.Dockerfile": WORSE + "EXPOSE 80\nWORKDIR other\n"})
    if not staged:
        repo.commit({})

    words = [] if staged else ["--head", "HEAD"]
    for paths in ([], ["old"], ["new/"]):
        found = diff(capfd, base, *words, *paths, "--select", CODE)[1]

        assert summed(found) == [("new/api.Dockerfile", "renamed", [CODE], [])]
        assert found["files"][0]["before"] == "old/Dockerfile"
    assert "new/api.Dockerfile (renamed from old/Dockerfile)" in shown(capfd, base, *words)[1]


def test_an_old_name_that_is_taken_again(repo: Scratch, capfd: pytest.CaptureFixture[str]) -> None:
    repo.commit({"Dockerfile": WORSE})
    repo.git("mv", "Dockerfile", "b.Dockerfile")
    repo.write({"Dockerfile": GOOD})

    assert summed(diff(capfd, "HEAD", "--select", CODE)[1]) == [
        ("Dockerfile", "modified", [], [CODE]),
        ("b.Dockerfile", "added", [CODE], []),
    ]


def test_files_that_come_and_go(repo: Scratch, capfd: pytest.CaptureFixture[str]) -> None:
    base = repo.commit({"a/Dockerfile": "FROM debian:12\nWORKDIR app\n", "x": "1"})
    repo.commit({"a/Dockerfile": None, "b/Dockerfile": "FROM alpine:3.20\nENV A=1 B=2 C=3\nWORKDIR srv\nRUN apk add curl\n"})

    status, found, _ = diff(capfd, base, "--select", CODE)

    assert status == 1
    assert summed(found) == [("a/Dockerfile", "deleted", [], [CODE]), ("b/Dockerfile", "added", [CODE], [])]
    gone = found["files"][0]
    assert gone["cost"]["image"]["after"] is None
    assert gone["cost"]["image"]["change"] == -gone["cost"]["image"]["before"]["mid"]


def test_a_context_that_grows_costs(repo: Scratch, capfd: pytest.CaptureFixture[str]) -> None:
    base = repo.commit({"web/Dockerfile": NODE, "web/package.json": SMALL, "other/Dockerfile": GOOD})
    repo.write({"web/package.json": LARGE})

    status, found, _ = diff(capfd, base)

    assert (status, summed(found)) == (0, [("web/Dockerfile", "modified", [], [])])
    image = found["files"][0]["cost"]["image"]
    assert image["change"] == image["after"]["mid"] - image["before"]["mid"] > 1e6
    assert found["total"]["image"]["change"] == image["change"]
    text = shown(capfd, base)[1]
    assert re.search(r"^  image .* MB  -> .* MB +\+[\d.]+ MB$", text, re.MULTILINE), text


def test_figures_that_hold_different_unknowns_are_not_subtracted(repo: Scratch, capfd: pytest.CaptureFixture[str]) -> None:
    base = repo.commit({"Dockerfile": "FROM example.org/a:1\nUSER 1\n", "b/Dockerfile": "FROM example.org/a:1\nUSER 1\n"})
    repo.commit({"Dockerfile": "FROM example.org/b:1\nUSER 1\n", "b/Dockerfile": "FROM example.org/a:1\nCOPY x /x\nUSER 1\n", "b/x": "x" * 50_000})

    found = {item["file"]: item["cost"]["image"]["change"] for item in diff(capfd, base)[1]["files"]}

    assert found["Dockerfile"] is None
    assert found["b/Dockerfile"] == 50_000
    assert diff(capfd, base)[1]["total"]["image"]["change"] is None


def test_the_ignore_file_of_each_side_holds(repo: Scratch, capfd: pytest.CaptureFixture[str]) -> None:
    base = repo.commit({"Dockerfile": "FROM scratch\nCOPY . /\n", "data.bin": "x" * 3_000_000})
    repo.commit({".dockerignore": "*.bin\n"})

    change = diff(capfd, base, "--head", "HEAD")[1]["files"][0]["cost"]["image"]["change"]

    assert -3_000_000 <= change < -2_990_000


def test_an_ignore_file_beside_the_dockerfile_wins(repo: Scratch, capfd: pytest.CaptureFixture[str]) -> None:
    base = repo.commit({"a/x.Dockerfile": "FROM scratch\nCOPY . /\n", "a/data.bin": "x" * 3_000_000, "a/.dockerignore": "*.bin\n"})
    repo.commit({"a/x.Dockerfile.dockerignore": "*.txt\n"})

    assert diff(capfd, base)[1]["files"][0]["cost"]["image"]["change"] == pytest.approx(3_000_000, abs=50)


def test_what_the_base_did_since_is_not_told(repo: Scratch, capfd: pytest.CaptureFixture[str]) -> None:
    repo.commit({"Dockerfile": GOOD, "b/Dockerfile": WORSE})
    repo.git("checkout", "-q", "-b", "branch")
    repo.commit({"Dockerfile": WORSE})
    repo.git("checkout", "-q", "main")
    repo.commit({"b/Dockerfile": GOOD})
    repo.git("checkout", "-q", "branch")

    assert [item[0] for item in summed(diff(capfd, "main")[1])] == ["Dockerfile"]
    assert [item[0] for item in summed(diff(capfd, "branch", "--head", "main")[1])] == ["b/Dockerfile"]


def test_the_work_tree_is_what_git_sees_of_it(repo: Scratch, capfd: pytest.CaptureFixture[str]) -> None:
    base = repo.commit({"Dockerfile": "FROM scratch\nCOPY . /\n", ".gitignore": "out/\n"})
    repo.write({"new/Dockerfile": WORSE, "out/Dockerfile": WORSE, "out/much": "x" * 1_000_000})

    assert summed(diff(capfd, base, "--select", CODE)[1]) == [("new/Dockerfile", "added", [CODE], [])]
    assert diff(capfd, base, "--head", "HEAD")[1]["files"] == []


def test_an_unsaved_delete_is_one(repo: Scratch, capfd: pytest.CaptureFixture[str]) -> None:
    base = repo.commit({"Dockerfile": WORSE})
    (repo.folder / "Dockerfile").unlink()

    assert summed(diff(capfd, base, "--select", CODE)[1]) == [("Dockerfile", "deleted", [], [CODE])]


def test_a_bare_repository_needs_a_head(
    repo: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    repo.commit({"a/Dockerfile": GOOD})
    repo.commit({"a/Dockerfile": WORSE})
    repo.git("clone", "-q", "--bare", str(repo.folder), str(tmp_path / "bare"))
    monkeypatch.chdir(tmp_path / "bare")

    assert summed(diff(capfd, "main~1", "--head", "main", "a", "--select", CODE)[1]) == [("a/Dockerfile", "modified", [CODE], [])]
    status, _, err = diff(capfd, "main~1")
    assert (status, "--head" in err) == (2, True)


def test_paths_are_from_the_current_folder(
    repo: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    base = repo.commit({"a/Dockerfile": GOOD, "b/Dockerfile": GOOD, "b/build.txt": GOOD})
    repo.commit({"a/Dockerfile": WORSE, "b/Dockerfile": WORSE, "b/build.txt": WORSE})
    monkeypatch.chdir(repo.folder / "b")

    assert [item[0] for item in summed(diff(capfd, base)[1])] == ["../a/Dockerfile", "Dockerfile"]
    assert [item[0] for item in summed(diff(capfd, base, ".")[1])] == ["Dockerfile"]
    assert [item[0] for item in summed(diff(capfd, base, "build.txt", "../a")[1])] == ["../a/Dockerfile", "build.txt"]
    assert [item[0] for item in summed(diff(capfd, base, str(repo.folder / "a"))[1])] == ["../a/Dockerfile"]
    assert names(capfd, tmp_path, base) == "../a/Dockerfile\0Dockerfile\0"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nothing"], "nothing: no such commit in "),
        (["HEAD", "--head", "HEAD~9"], "HEAD~9: no such commit in "),
        (["HEAD:Dockerfile"], "HEAD:Dockerfile: no such commit in "),
        (["--", "--output=stolen"], "--output=stolen: no such commit in "),
        (["--", "--path-format=x"], "--path-format=x: no such commit in "),
        (["--", "-h"], "-h: no such commit in "),
        (["a\0b"], "no such commit in "),
        (["HEAD", "missing"], "missing: no Dockerfile before or after"),
        (["HEAD", "--select", "DL9999"], "there is no rule 'DL9999'"),
        (["HEAD", "../.."], "../..: not in the repository "),
        (["HEAD", "/etc"], "not in the repository "),
    ],
)
def test_what_cannot_be_compared_is_a_sentence(
    repo: Scratch, capfd: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    repo.commit({"Dockerfile": GOOD})

    status, out, err = shown(capfd, *words)

    assert (status, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1
    assert sorted(path.name for path in repo.folder.iterdir()) == [".git", "Dockerfile"]


def test_no_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))

    assert shown(capfd, "HEAD") == (2, "", f"dlint: {tmp_path} is not in a git repository\n")


def test_names_that_cannot_be_written(repo: Scratch, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    repo.commit({"Dockerfile": GOOD})

    assert shown(capfd, "HEAD", "--names", str(tmp_path / "no" / "file"))[:2] == (2, "")


def test_no_commit_yet(repo: Scratch, capfd: pytest.CaptureFixture[str]) -> None:
    assert shown(capfd, "HEAD")[0] == 2


def test_histories_with_nothing_in_common(
    repo: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    base = repo.commit({"Dockerfile": GOOD})
    repo.git("checkout", "-q", "--orphan", "other")
    repo.commit({"Dockerfile": WORSE})
    assert "share no commit\n" in shown(capfd, base)[2]

    repo.git("clone", "-q", "--depth=1", f"file://{repo.folder}", str(tmp_path / "shallow"))
    monkeypatch.chdir(tmp_path / "shallow")
    status, _, err = shown(capfd, base)
    assert status == 2
    assert "the clone is shallow: `git fetch --unshallow`" in err


def test_a_file_that_is_no_good(repo: Scratch, capfd: pytest.CaptureFixture[str]) -> None:
    base = repo.commit({"Dockerfile": GOOD, "b/Dockerfile": "\0"})
    repo.commit({"Dockerfile": "\0", "b/Dockerfile": WORSE})

    status, found, err = diff(capfd, base, "--select", CODE)

    assert status == 2
    assert [item[:3] for item in summed(found)] == [("b/Dockerfile", "modified", [CODE])]
    assert err.count("this is a binary file") == 2
    # what was wrong before is no error of the branch
    assert diff(capfd, base, "b", "--select", CODE)[0] == 1


def test_the_configuration_of_the_work_tree_holds_for_both(repo: Scratch, capfd: pytest.CaptureFixture[str]) -> None:
    base = repo.commit({"docker/Dockerfile": "FROM scratch\nCOPY data /\n", "app/data": "x", "docker/data": "y" * 10**6})
    repo.commit({".dlint.toml": 'context = "app"\nignore = ["DL3000"]\n', "app/data": "x" * 100_000})
    repo.write({"docker/Dockerfile": "FROM scratch\nCOPY data /\nWORKDIR app\n"})

    found = diff(capfd, base)[1]

    assert found["files"][0]["added"] == []
    assert found["files"][0]["cost"]["image"]["change"] == pytest.approx(99_999, abs=10)


HOSTILE = "a\n| <script>@x #1 [l](u) `c` \x1b[31m\u202e"


def test_hostile_names_do_nothing(repo: Scratch, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    base = repo.commit({"x": "1"})
    repo.commit({f"{HOSTILE}/Dockerfile": 'FROM debian:12\nWORKDIR a<b>@c|\n'})

    comment = shown(capfd, base, "--format", "markdown")[1]
    text = shown(capfd, base)[1]

    assert comment.startswith(f"{MARKER}\n")
    row = next(line for line in comment.splitlines() if "Dockerfile (added)" in line)
    assert row.startswith("| a\\\\n\\| \\<script\\>@<!-- -->x #<!-- -->1 \\[l\\]\\(u\\) \\`c\\` ")
    for out in (comment, text):
        assert not re.search("[\x00-\x09\x0b-\x1f\u202e]", out)
        assert "\nDockerfile" not in out
    assert not re.search(r"(?<!\\)<(?!!-- |/?details>|/?summary>)", comment)
    assert diff(capfd, base)[1]["files"][0]["file"] == f"{HOSTILE}/Dockerfile"
    assert names(capfd, tmp_path, base) == f"{HOSTILE}/Dockerfile\0"


def test_a_comment_has_room_for_a_lot(repo: Scratch, capfd: pytest.CaptureFixture[str]) -> None:
    base = repo.commit({"x": "1"})
    long = "l" * 200
    repo.commit({f"{long}/{number}/Dockerfile": WORSE for number in range(60)})

    comment = shown(capfd, base, "--format", "markdown")[1]

    assert len(comment) < 65_536
    assert "no room for them here" in comment
    assert comment.count("<details>") == comment.count("</details>") == 2


def test_nothing_of_the_repository_is_run(repo: Scratch, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    base = repo.commit({"Dockerfile": GOOD, "old/Dockerfile": WORSE, "data.txt": "1"})
    mark = tmp_path / "ran"
    hook = tmp_path / "hooks" / "post-index-change"
    hook.parent.mkdir()
    hook.write_text(f"#!/bin/sh\ntouch {mark}\n", encoding="utf-8")
    hook.chmod(0o755)
    (repo.folder / "new").mkdir()
    repo.git("mv", "old/Dockerfile", "new/Dockerfile")
    repo.write({"Dockerfile": WORSE, "data.txt": "2", ".gitattributes": "* filter=hurt diff=hurt\n", "new/Dockerfile": WORSE + "\n"})
    for key in (
        "filter.hurt.clean", "filter.hurt.smudge", "filter.hurt.process", "diff.hurt.textconv", "diff.hurt.command",
        "diff.external", "core.fsmonitor", "core.pager", "core.sshCommand", "core.alternateRefsCommand", "pager.diff-tree",
    ):  # fmt: skip
        repo.git("config", key, f"touch {mark};")
    repo.git("config", "core.hooksPath", str(hook.parent))
    index = (repo.folder / ".git" / "index").read_bytes()

    found = [diff(capfd, base)[1], diff(capfd, base, "--head", "HEAD")[1]]

    assert [item["status"] for item in found[0]["files"]] == ["modified"]
    assert not mark.exists()
    assert (repo.folder / ".git" / "index").read_bytes() == index


def test_links_are_not_followed_out(repo: Scratch, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    secret = tmp_path / "outside"
    secret.mkdir()
    (secret / "Dockerfile").write_text(WORSE, encoding="utf-8")
    base = repo.commit({"x": "1", "in/Dockerfile": GOOD, "real.txt": GOOD})
    (repo.folder / "Dockerfile").symlink_to(secret / "Dockerfile")
    (repo.folder / "a.Dockerfile").symlink_to("../outside/Dockerfile")
    (repo.folder / "b.Dockerfile").symlink_to("real.txt")
    (repo.folder / "circle.Dockerfile").symlink_to("circle.Dockerfile")
    (repo.folder / "in" / "Dockerfile").unlink()
    (repo.folder / "in").rmdir()
    (repo.folder / "in").symlink_to(secret)

    for words in ([], ["--head", "HEAD"]):
        found = diff(capfd, base, *words)[1]
        assert [(item["file"], item["status"]) for item in found["files"]] == [
            ("b.Dockerfile", "added"),
            ("in/Dockerfile", "deleted"),
        ]
        repo.commit({})


def test_a_folder_that_became_a_link_is_gone(repo: Scratch, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    repo.commit({"in/Dockerfile": GOOD, ".gitignore": "in\n"})
    repo.git("add", "-f", "in/Dockerfile")
    repo.git("commit", "-q", "--amend", "-m", "one")
    shutil.move(repo.folder / "in", tmp_path / "outside")
    (repo.folder / "in").symlink_to(tmp_path / "outside")

    assert [item[:2] for item in summed(diff(capfd, "HEAD")[1])] == [("in/Dockerfile", "deleted")]


def test_a_partial_clone_fetches_nothing(
    repo: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    repo.git("config", "uploadpack.allowFilter", "true")
    base = repo.commit({"Dockerfile": GOOD})
    repo.commit({"Dockerfile": WORSE})
    there = tmp_path / "partial"
    repo.git("clone", "-q", "--filter=blob:none", "--no-checkout", f"file://{repo.folder}", str(there))
    monkeypatch.chdir(there)

    status, out, err = shown(capfd, base, "--head", "HEAD")

    assert (status, out) == (2, "")
    assert err == f"dlint: {there}: the clone is partial: `git fetch --refetch --no-filter` fetches what is missing\n"


def test_another_folder_is_not_its_work_tree(repo: Scratch, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    repo.commit({"Dockerfile": GOOD})
    (tmp_path / "Dockerfile").write_text(WORSE, encoding="utf-8")
    repo.git("config", "core.worktree", str(tmp_path))

    status, out, err = shown(capfd, "HEAD")

    assert (status, out) == (2, "")
    assert f"{tmp_path} is the work tree, but there is no .git in it" in err


def test_a_sparse_checkout_is_refused(repo: Scratch, capfd: pytest.CaptureFixture[str]) -> None:
    base = repo.commit({"a/Dockerfile": GOOD, "b/Dockerfile": GOOD})
    repo.git("sparse-checkout", "set", "a")

    status, _, err = diff(capfd, base)

    assert (status, "the checkout is sparse" in err) == (2, True)
    assert diff(capfd, base, "--head", "HEAD")[:2][0] == 0


def pointer(size: int) -> str:
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize {size}\n"


def test_a_pointer_of_lfs_has_the_size_of_its_file(repo: Scratch, capfd: pytest.CaptureFixture[str]) -> None:
    files: dict[str, str | None] = {"Dockerfile": "FROM scratch\nCOPY a b /\n", "b": "1"}
    base = repo.commit({**files, "a": pointer(1_000_000), ".gitattributes": "a filter=lfs\n"})
    repo.commit({"a": pointer(3_000_000), "b": pointer(5)})

    assert diff(capfd, base, "--head", "HEAD")[1]["files"][0]["cost"]["image"]["change"] == pytest.approx(2e6, abs=10)
    repo.commit({".gitattributes": ""})
    assert diff(capfd, "HEAD~1", "--head", "HEAD")[1]["files"][0]["cost"]["image"]["change"] < -2_990_000


def trees(repo: Scratch, objects: Objects) -> list[Tree]:
    return [CommitTree(repo.folder, "HEAD", objects), WorkTree(repo.folder)]


@pytest.mark.parametrize("folder", ["", "app"])
@pytest.mark.parametrize("ignore", ["", "*.log\n.git\n", "*\n!src\nsrc/*.log\n.git\n", "src\n!src/one.py\n.git\n"])
def test_a_context_of_git_is_as_the_one_on_disk(repo: Scratch, folder: str, ignore: str) -> None:
    root = repo.folder / folder
    texts: dict[str, str | None] = {
        "Dockerfile": GOOD, "src/one.py": "1", "src/two.log": "22", "src/deep/er/x": "é", "B/b": "b", "b/B": "", "a[b]": "?",
        "run.sh": "#!/bin/sh", "zlib/z": "z", ".dockerignore": ignore, ".gitignore": "dist/\n*.pyc\n", "src/.gitignore": "!keep.pyc\n",
    }  # fmt: skip
    repo.write({f"{folder}/{name}".lstrip("/"): text for name, text in texts.items()})
    if folder:
        repo.write({"outside": "o"})
    for name, target in {
        "link": "src/one.py", "folder-link": "src", "out": "../outside", "absolute": "/src/one.py", "etc": "/etc/passwd",
        "src/up": "../run.sh", "src/deep/far": "../../folder-link/two.log", "circle": "circle", "dangling": "nowhere",
    }.items():  # fmt: skip
        (root / name).symlink_to(target)
    repo.commit({})
    disk = Context.of(root, root / "Dockerfile")
    with Objects(repo.folder) as objects:
        for tree in trees(repo, objects):
            git = GitContext.within(tree, repo.folder, folder, f"{folder}/Dockerfile".lstrip("/"))
            files = {name: size for name, size in disk.files.items() if not name.startswith(".git/")}
            assert list(git.files.items()) == list(files.items())
            assert git.ignore == disk.ignore
            assert (git.ignore_file is None) == (disk.ignore_file is None)
            paths = [*files, *texts, "", "src", "src/deep", "folder-link/one.py", "folder-link/deep/er/x", "nothing", "../x"]
            for path in paths:
                assert git.read(path) == disk.read(path), path
                assert git.follow(path) == disk.follow(path), path
                assert git.has(path) == disk.has(path), path
                assert git.keeps_back(path) == disk.keeps_back(path), path
                assert git.is_left_out(path) == disk.is_left_out(path), path
                assert git.names(path) == [name for name in disk.names(path) if name != ".git"], path
            for path in ("dist/x", "a.pyc", "src/keep.pyc", "src/other.pyc", "src/dist/y"):
                assert git.is_left_out(path) == disk.is_left_out(path), path
            for pattern in ("*", "src/*", "s*/*.py", "*/*", "folder-link/*", "out/*", "[", "a?b?", "link", "src/deep/er/x", "."):
                found = [name for name in disk.find(pattern) if not name.startswith(".git/") and name != ".git"]
                assert sorted(git.find(pattern)) == sorted(found), pattern
                assert set(git.select(pattern)) == {name for name in disk.select(pattern) if not name.startswith(".git/")}


def test_trees_of_the_same_files_are_the_same(repo: Scratch) -> None:
    repo.commit({"a": "1", "b/c": "2", "b/d": "3"})
    (repo.folder / "b/c").chmod(0o755)
    repo.write({"b/d": "4"})
    with Objects(repo.folder) as objects:
        commit, work = trees(repo, objects)
        assert {path: commit.is_same(work, path) for path in commit.entries} == {"a": True, "b/c": False, "b/d": False}
        assert {path: work.is_same(commit, path) for path in commit.entries} == {"a": True, "b/c": False, "b/d": False}
        assert not commit.is_same(Tree({}), "a")


def test_a_submodule_is_an_empty_folder(repo: Scratch, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    base = repo.commit({"Dockerfile": "FROM scratch\nCOPY . /\n"})
    other = Scratch(repo.folder / "module")
    other.git("init", "-q")
    commit = other.commit({"Dockerfile": WORSE, "much": "x" * 1_000_000})
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{commit},module")
    repo.git("commit", "-q", "-m", "module")

    for words in ([], ["--head", "HEAD"]):
        assert diff(capfd, base, *words)[1]["files"] == []


def test_objects_that_are_not_there(repo: Scratch) -> None:
    repo.commit({"a": "text"})
    with Objects(repo.folder) as objects:
        assert objects.blob(repo.git("rev-parse", "HEAD:a")) == b"text"
        assert objects.blob("0" * 40) is None
        assert objects.blob(repo.git("rev-parse", "HEAD")) is None
        assert objects.blob(repo.git("rev-parse", "HEAD:a")) == b"text"


def test_git_that_does_not_answer(repo: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = tmp_path / "bin" / "git"
    slow.parent.mkdir()
    slow.write_text("#!/bin/sh\nexec sleep 20\n", encoding="utf-8")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{slow.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(git_objects, "PATIENCE", 0.2)

    with Objects(repo.folder) as objects, pytest.raises(GitError, match="git stopped while it read"):
        objects.blob("0" * 40)


def test_renames_are_by_the_new_name(repo: Scratch) -> None:
    one = repo.commit({"a": "text\n" * 9, "b": "other\n" * 9, "c": "3"})
    repo.git("mv", "a", "x\ny")
    repo.git("mv", "b", "z")
    found = Repository.of(repo.folder)
    assert found.renames(one, None) == {"x\ny": "a", "z": "b"}
    assert found.renames(one, repo.commit({})) == {"x\ny": "a", "z": "b"}
