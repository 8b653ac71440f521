"""What is read from a git history: real repositories, small ones."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from dockerlint.lint.context import commit_history as history
from dockerlint.lint.context.build_context import Context
from dockerlint.lint.context.commit_history import HistoryError

if TYPE_CHECKING:
    from pathlib import Path

    from dockerlint.lint.context.commit_history import Commit, History

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


class Repository:
    """A repository with a work tree; git is told nothing by the user's own configuration."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def git(self, *words: str, given: str = "") -> str:
        who = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER") for what, value in _WHO.items()}
        settings = {**os.environ, **who, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        done = subprocess.run(
            ["git", *words], cwd=self.folder, env=settings, input=given, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def begin(self) -> Repository:
        self.git("init", "-q", "-b", "main")
        return self

    def commit(self, /, **files: str | None) -> str:
        return self.commit_files({name.replace("__", "/").replace("_dot_", "."): text for name, text in files.items()})

    def commit_files(self, files: dict[str, str | None]) -> str:
        """Commits these texts; None removes a file."""
        for name, text in files.items():
            path = self.folder / name
            if text is None:
                path.unlink()
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "one")
        return self.git("rev-parse", "HEAD")

    def history(self, below: str = "", most: int = 200, dockerfile: str = "Dockerfile") -> History:
        root = self.folder / below
        file = self.folder / dockerfile
        return history.read(Context.of(root, file), file, most)

    def last(self, below: str = "", dockerfile: str = "Dockerfile") -> Commit:
        return self.history(below, dockerfile=dockerfile).commits[-1]


_WHO = {"NAME": "A", "EMAIL": "a@example.org", "DATE": "2024-05-06T07:08:09+00:00"}
# git's own folder is part of a context that does not leave it out; most tests are about other things
IGNORE = ".git\n"


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "repo").begin()
    made.commit_files(
        {"Dockerfile": "FROM a\n", ".dockerignore": IGNORE, "src/a.py": "1", "src/b.py": "1", "run.sh": "1"}
    )
    return made


def test_commits_come_the_oldest_first_with_date_and_paths(repo: Repository) -> None:
    one = repo.commit_files({"src/a.py": "2"})
    other = repo.commit_files({"src/b.py": "2", "new.txt": ""})
    found = repo.history()
    assert [item.id for item in found.commits] == [one, other]
    assert [sorted(item.paths) for item in found.commits] == [["src/a.py"], ["new.txt", "src/b.py"]]
    assert found.commits[0].date == "2024-05-06T07:08:09+00:00"
    assert not found.shallow


def test_the_first_commit_has_nothing_to_be_held_against(repo: Repository) -> None:
    with pytest.raises(HistoryError, match="no commit that follows on another"):
        repo.history()


def test_no_more_commits_than_asked_for(repo: Repository) -> None:
    for number in range(5):
        last = repo.commit_files({"src/a.py": f"{number} times"})
    found = repo.history(most=2)
    assert (len(found.commits), found.commits[-1].id, found.shallow) == (2, last, False)


def test_a_commit_of_nothing_is_a_commit(repo: Repository) -> None:
    repo.git("commit", "-q", "--allow-empty", "-m", "nothing")
    assert repo.last().paths == ()


def test_a_time_that_changed_is_nothing(repo: Repository) -> None:
    os.utime(repo.folder / "run.sh", (1, 1))
    repo.commit_files({"src/a.py": "2"})
    assert repo.last().paths == ("src/a.py",)


def test_a_removed_file_is_touched(repo: Repository) -> None:
    repo.commit_files({"src/a.py": None})
    assert repo.last().paths == ("src/a.py",)


def test_a_rename_touches_both_names(repo: Repository) -> None:
    repo.git("mv", "src/a.py", "src/c.py")
    repo.git("commit", "-q", "-m", "mv")
    assert sorted(repo.last().paths) == ["src/a.py", "src/c.py"]


def test_a_mode_counts(repo: Repository) -> None:
    repo.git("update-index", "--chmod=+x", "run.sh")
    repo.git("commit", "-q", "-m", "mode")
    assert repo.last().paths == ("run.sh",)


def test_a_link_that_leads_elsewhere_is_touched(repo: Repository) -> None:
    link = repo.folder / "link"
    link.symlink_to("src/a.py")
    repo.commit_files({})
    link.unlink()
    link.symlink_to("src/b.py")
    repo.commit_files({})
    assert [item.paths for item in repo.history().commits] == [("link",), ("link",)]


def test_a_file_that_became_a_folder(repo: Repository) -> None:
    repo.commit_files({"run.sh": None})
    repo.commit_files({"run.sh/in": "1"})
    repo.git("rm", "-q", "-r", "run.sh")
    repo.commit_files({"run.sh": "1"})
    assert [sorted(item.paths) for item in repo.history().commits] == [
        ["run.sh"],
        ["run.sh", "run.sh/in"],
        ["run.sh", "run.sh/in"],
    ]


def test_names_that_are_hard_to_write(repo: Repository) -> None:
    names = ["with space", "uml\u00e4ut", 'quo"te', ":colon", "line\nbreak", "tab\there", "-dash"]
    repo.commit_files(dict.fromkeys(names, "1"))
    assert sorted(repo.last().paths) == sorted(names)


def test_bytes_that_are_no_utf8_are_named_as_the_context_names_them(repo: Repository) -> None:
    name = os.fsdecode(b"caf\xe9")
    repo.commit_files({name: "1"})
    assert repo.last().paths == (name,)
    assert name in Context.of(repo.folder).files


def test_a_merge_is_one_commit_with_all_that_it_brought(repo: Repository) -> None:
    repo.git("checkout", "-q", "-b", "side")
    repo.commit_files({"src/a.py": "2"})
    repo.commit_files({"src/new.py": "2"})
    repo.git("checkout", "-q", "main")
    repo.commit_files({"src/b.py": "2"})
    repo.git("merge", "-q", "--no-ff", "-m", "merge", "side")
    assert [sorted(item.paths) for item in repo.history().commits] == [["src/b.py"], ["src/a.py", "src/new.py"]]


@pytest.mark.parametrize("name", ["all", "dirty", "none"])
def test_a_submodule_that_moved_touches_all_that_is_in_it(name: str, repo: Repository, tmp_path: Path) -> None:
    inner = Repository(tmp_path / "inner").begin()
    first = inner.commit_files({"lib.py": "1", "deep/more.py": "1"})
    second = inner.commit_files({"lib.py": "2"})
    repo.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner.folder), "lib")
    repo.git("-C", "lib", "checkout", "-q", first)
    repo.commit_files({})
    # what is set to be ignored there is still what the builder gets
    repo.git("config", "-f", ".gitmodules", "submodule.lib.ignore", name)
    repo.git("config", "diff.ignoreSubmodules", name)
    repo.commit_files({})
    repo.git("update-index", "--cacheinfo", f"160000,{second},lib")
    repo.git("commit", "-q", "--allow-empty", "-m", "moved")
    assert sorted(repo.last().paths) == ["lib", "lib/.git", "lib/deep/more.py", "lib/lib.py"]


def test_a_shallow_clone_says_so(repo: Repository, tmp_path: Path) -> None:
    for number in range(5):
        repo.commit_files({"src/a.py": f"{number} times"})
    repo.git("clone", "-q", "--depth", "3", f"file://{repo.folder}", str(tmp_path / "clone"))
    clone = Repository(tmp_path / "clone")
    found = clone.history(most=10)
    assert (len(found.commits), found.shallow) == (2, True)
    assert not clone.history(most=2).shallow


def test_a_context_in_a_folder_of_the_repository(repo: Repository) -> None:
    repo.commit_files({"srcs.txt": "1", "src/deep/c.py": "1"})
    repo.commit_files({"src/a.py": "2", "run.sh": "2"})
    assert [item.paths for item in repo.history("src").commits] == [("deep/c.py", "deep"), ("a.py",)]


def test_a_context_that_git_does_not_know(repo: Repository) -> None:
    repo.commit_files({".gitignore": "out\n"})
    (repo.folder / "out").mkdir()
    assert [item.paths for item in repo.history("out").commits] == [()]


def test_a_dockerfile_outside_of_the_context(repo: Repository) -> None:
    repo.commit_files({"Dockerfile": "FROM b\n"})
    assert repo.last("src").dockerfile == ("FROM a\n", "FROM b\n")
    assert repo.last("src").paths == ()


def test_the_context_through_a_link(repo: Repository, tmp_path: Path) -> None:
    (tmp_path / "way").symlink_to(repo.folder / "src")
    repo.commit_files({"src/a.py": "2"})
    found = history.read(Context.of(tmp_path / "way"), None, 10)
    assert found.commits[0].paths == ("a.py",)


def test_the_texts_of_a_dockerfile_that_changed(repo: Repository) -> None:
    repo.commit_files({"Dockerfile": "FROM b\n"})
    repo.commit_files({"src/a.py": "2"})
    repo.commit_files({"Dockerfile": None, "src/a.py": "3"})
    repo.commit_files({"Dockerfile": "FROM c\n"})
    texts = [item.dockerfile for item in repo.history().commits]
    assert texts == [("FROM a\n", "FROM b\n"), None, None, None]


def test_a_mode_of_the_dockerfile_is_no_other_text(repo: Repository) -> None:
    repo.git("update-index", "--chmod=+x", "Dockerfile")
    repo.git("commit", "-q", "-m", "mode")
    assert (repo.last().dockerfile, repo.last().paths) == (None, ("Dockerfile",))


def test_what_the_ignore_file_of_today_hides_is_not_there(repo: Repository) -> None:
    repo.commit_files({".dockerignore": ".git\n*.md\n!keep.md\n"})
    repo.commit_files({"a.md": "1", "keep.md": "1"})
    assert repo.last().paths == ("keep.md",)


def test_a_folder_is_there_though_all_that_is_in_it_is_hidden(repo: Repository) -> None:
    repo.commit_files({".dockerignore": ".git\n**/*.md\n"})
    repo.commit_files({"docs/deep/a.md": "1"})
    repo.commit_files({"docs/deep/b.md": "1"})
    repo.commit_files({"docs/deep/a.md": None})
    repo.commit_files({"docs/deep/b.md": None})
    paths = [sorted(item.paths) for item in repo.history().commits]
    assert paths[1:] == [["docs", "docs/deep"], [], [], ["docs", "docs/deep"]]


def test_a_hidden_folder_is_there_for_what_is_let_through_in_it(repo: Repository) -> None:
    repo.commit_files({".dockerignore": "*\n!**/*.md\n"})
    repo.commit_files({"docs/a.md": "1", "docs/x.txt": "1"})
    repo.commit_files({"docs/b.md": "1", "docs/y.txt": "1"})
    repo.commit_files({"docs/b.md": None})
    repo.commit_files({"docs/a.md": None, "docs/c.md": "1"})
    repo.commit_files({"docs/c.md": None})
    paths = [{*item.paths} for item in repo.history().commits]
    assert paths[1:] == [
        {"docs", "docs/a.md"},
        {"docs/b.md"},
        {"docs/b.md"},
        {"docs/a.md", "docs/c.md"},
        {"docs", "docs/c.md"},
    ]


def test_a_commit_touches_what_it_begins_to_hide_and_what_it_shows_again(repo: Repository) -> None:
    repo.commit_files({"docs/a.md": "1", "docs/b.md": "1"})
    repo.commit_files({".dockerignore": ".git\ndocs/*.md\n", "src/a.py": "2"})
    repo.commit_files({"docs/a.md": "2"})
    repo.commit_files({".dockerignore": ".git\ndocs/a.md\n"})
    paths = [sorted(item.paths) for item in repo.history().commits]
    assert paths[1:] == [[".dockerignore", "docs/a.md", "docs/b.md", "src/a.py"], [], [".dockerignore", "docs/b.md"]]


def test_an_ignore_file_that_came_and_one_that_took_its_place(repo: Repository) -> None:
    repo.commit_files({".dockerignore": None, "a.md": "1", "b.md": "1"})
    repo.commit_files({".dockerignore": ".git\na.md\n"})
    repo.commit_files({"Dockerfile.dockerignore": ".git\nb.md\n"})
    paths = [{name for name in item.paths if name.partition("/")[0] != ".git"} for item in repo.history().commits]
    assert paths[1:] == [{".dockerignore", "a.md"}, {"Dockerfile.dockerignore", "a.md", "b.md"}]


def test_gits_own_folder_changes_with_each_commit_where_nothing_hides_it(repo: Repository) -> None:
    repo.commit_files({".dockerignore": "none\n"})
    repo.commit_files({"src/a.py": "2"})
    assert repo.last().paths == ("src/a.py", *history.OWN)
    assert repo.last("src").paths == ("a.py",)
    repo.commit_files({".dockerignore": ".git/*\n!.git/objects\n"})
    assert {*repo.last().paths} == {".dockerignore", ".git/logs", ".git/refs", *history.OWN}
    repo.commit_files({})
    assert repo.last().paths == (".git/objects",)


def test_in_a_linked_work_tree_it_is_a_file_that_stays(repo: Repository, tmp_path: Path) -> None:
    repo.commit_files({".dockerignore": "none\n"})
    repo.commit_files({"src/a.py": "2"})
    repo.git("worktree", "add", "-q", "--detach", str(tmp_path / "tree"))
    assert Repository(tmp_path / "tree").last().paths == ("src/a.py",)


def test_no_repository(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match="is not in a git repository"):
        history.read(Context(tmp_path), None, 10)


def test_no_commits_yet(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match="has no commits yet"):
        Repository(tmp_path).begin().history()


def test_a_bare_repository_is_refused(repo: Repository, tmp_path: Path) -> None:
    repo.git("clone", "-q", "--bare", str(repo.folder), str(tmp_path / "bare"))
    for folder in (tmp_path / "bare", repo.folder / ".git"):
        with pytest.raises(HistoryError, match="bare repository"):
            history.read(Context(folder), None, 10)


def test_no_git(repo: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(HistoryError, match="git is not installed"):
        repo.history()


def test_git_that_takes_too_long(repo: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = tmp_path / "bin" / "git"
    slow.parent.mkdir()
    slow.write_text("#!/bin/sh\nexec sleep 20\n", encoding="utf-8")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{slow.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(history, "PATIENCE", 0.2)
    with pytest.raises(HistoryError, match="git took more than"):
        repo.history()


def test_git_that_fails_is_quoted(repo: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.commit_files({"src/a.py": "2"})
    commit = repo.git("rev-parse", "HEAD")
    (repo.folder / ".git" / "objects" / commit[:2] / commit[2:]).unlink()
    with pytest.raises(HistoryError, match=r"git cannot read the history of .*repo: "):
        repo.history()


def test_a_hook_of_another_repository_does_not_mislead(
    repo: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Repository(tmp_path / "other").begin()
    other.commit_files({"x": "1"})
    repo.commit_files({"src/a.py": "2"})
    monkeypatch.setenv("GIT_DIR", str(other.folder / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other.folder))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other.folder / "nothing"))
    assert history.read(Context.of(repo.folder), None, 10).commits[0].paths == ("src/a.py",)


HOSTILE = {
    "core.fsmonitor": "touch {file}",
    "core.pager": "touch {file}",
    "core.sshCommand": "touch {file};",
    "core.hooksPath": "{folder}",
    "pager.log": "touch {file}",
    "diff.external": "touch {file}",
    "diff.hurt.command": "touch {file}",
    "diff.hurt.textconv": "touch {file};",
    "filter.hurt.smudge": "touch {file}",
    "filter.hurt.process": "touch {file}",
    "gpg.program": "{program}",
    "log.showSignature": "true",
    "log.diffMerges": "off",
    "log.follow": "true",
    "diff.relative": "true",
    "diff.renames": "copies",
    "diff.orderFile": "/nowhere",
    "diff.noprefix": "true",
    "diff.ignoreSubmodules": "all",
    "color.ui": "always",
    "format.pretty": "oneline",
    "core.quotePath": "true",
    "alias.log": "!touch {file}",
    "core.abbrev": "4",
}


def test_the_repositorys_own_configuration_runs_nothing_and_hides_nothing(repo: Repository, tmp_path: Path) -> None:
    hurt = tmp_path / "hurt"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {hurt}\n", encoding="utf-8")
    program.chmod(0o755)
    repo.commit_files({".gitattributes": "* diff=hurt filter=hurt\n"})
    repo.git("mv", "src/a.py", "src/c.py")
    repo.commit_files({"Dockerfile": "FROM b\n"})
    signed = repo.git("cat-file", "commit", "HEAD").replace(
        "\n\n", "\ngpgsig -----BEGIN PGP SIGNATURE-----\n x\n -----END PGP SIGNATURE-----\n\n", 1
    )
    repo.git("update-ref", "HEAD", repo.git("hash-object", "-t", "commit", "-w", "--stdin", given=signed + "\n"))
    repo.git("checkout", "-q", "-b", "side")
    repo.commit_files({"src/new.py": "1"})
    repo.git("checkout", "-q", "main")
    repo.commit_files({"src/b.py": "3"})
    repo.git("merge", "-q", "--no-ff", "-m", "merge", "side")
    for name, value in HOSTILE.items():
        repo.git("config", name, value.format(file=hurt, program=program, folder=tmp_path))
    paths = [sorted(item.paths) for item in repo.history().commits]
    assert paths == [[".gitattributes"], ["Dockerfile", "src/a.py", "src/c.py"], ["src/b.py"], ["src/new.py"]]
    assert not hurt.exists()


def test_a_partial_clone_fetches_nothing(repo: Repository, tmp_path: Path) -> None:
    repo.git("config", "uploadpack.allowFilter", "true")
    repo.commit_files({"Dockerfile": "FROM b\n"})
    repo.commit_files({"Dockerfile": "FROM c\n"})
    clone = tmp_path / "clone"
    repo.git("clone", "-q", "--filter=blob:none", f"file://{repo.folder}", str(clone))
    part = Repository(clone)
    hurt = tmp_path / "hurt"
    part.git("config", "remote.origin.uploadpack", f"touch {hurt}; git-upload-pack")
    with pytest.raises(HistoryError, match="git cannot read the history"):
        part.history()
    assert not hurt.exists()
