"""Links and paths of a repository's own files that lead out of it: not read, not rewritten, and told."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dockerlint.lint.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.skipif(os.name != "posix", reason="links")

MARK = "sentinel-9d27"
OUTSIDE = f"{MARK} first words\nFROM debian\nMAINTAINER {MARK}\n"
COMMANDS = (["check"], ["check", "--fix"], ["check", "--diff", "--unsafe-fixes"], ["check", "--format", "json"], ["cost"])


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """What a run in `in` says; beside it is `out/secret`."""
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out/secret").write_text(OUTSIDE)
    monkeypatch.chdir(tmp_path / "in")

    def run(*words: str) -> str:
        main(list(words))
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return out + err

    return run


def is_untouched() -> bool:
    return Path("../out/secret").read_text() == OUTSIDE


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("kind", ["relative", "absolute", "chain", "folder above"])
def test_a_dockerfile_that_leads_out_of_the_folder_that_is_searched(words: list[str], kind: str, told: Callable[..., str]) -> None:
    Path("sub").mkdir()
    Path("sub/Dockerfile").write_text("FROM debian\nMAINTAINER me\n")
    secret = Path("../out/secret").resolve()
    match kind:
        case "relative":
            Path("Dockerfile").symlink_to(Path("..", "out", "secret"))
        case "absolute":
            Path("Dockerfile").symlink_to(secret)
        case "chain":
            Path("hop").symlink_to(Path("..", "out"))
            Path("Dockerfile").symlink_to(Path("hop", "secret"))
        case _:
            Path("Dockerfile").symlink_to(secret)
    said = told(*words, "sub" if kind == "folder above" else ".")
    assert MARK not in said
    assert is_untouched()
    if kind != "folder above":
        assert "Dockerfile: not checked: this link leads out of the searched folder" in said


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_folder_with_nothing_but_a_link_that_leads_out(words: list[str], told: Callable[..., str]) -> None:
    Path("Dockerfile").symlink_to(Path("..", "out", "secret"))
    said = told(*words, ".")
    assert MARK not in said
    assert "no Dockerfile in this folder" in said


@pytest.mark.parametrize("target", [".git/config", ".env"])
def test_a_dockerfile_that_leads_to_what_is_no_part_of_the_repository(target: str, told: Callable[..., str]) -> None:
    Path(".git").mkdir()
    Path(".gitignore").write_text(".env\n")
    Path(target).write_text(OUTSIDE)
    Path("sub").mkdir()
    Path("sub/Dockerfile").symlink_to(Path("..", target))
    said = told("check", "--fix", ".")
    assert MARK not in said
    assert "sub/Dockerfile: not checked" in said
    assert Path(target).read_text() == OUTSIDE


def test_links_within_the_folder_are_followed(told: Callable[..., str]) -> None:
    Path("common").mkdir()
    Path("common/image").write_text("FROM debian\nMAINTAINER me\n")
    Path("Dockerfile").symlink_to(Path("common", "image"))
    assert "DL4000" in told("check", ".")
    told("check", "--fix", ".")
    assert "MAINTAINER" not in Path("common/image").read_text()
    assert Path("Dockerfile").is_symlink()


def test_two_names_of_a_file_are_fixed_once(told: Callable[..., str]) -> None:
    Path("Dockerfile").write_text("FROM debian\nMAINTAINER me\n")
    Path("Dockerfile.other").symlink_to("Dockerfile")
    said = told("check", "--fix", ".")
    assert "nothing was written" not in said
    assert "MAINTAINER" not in Path("Dockerfile").read_text()


def test_a_link_that_is_named_is_the_users_choice(told: Callable[..., str]) -> None:
    Path("Dockerfile").symlink_to(Path("..", "out", "secret"))
    assert MARK in told("check", "Dockerfile")
    Path("../out/secret").write_text("FROM debian\nMAINTAINER me\n")
    told("check", "--fix", "Dockerfile")
    assert "MAINTAINER" not in Path("../out/secret").read_text()


@pytest.mark.parametrize("name", [".dlint.toml", "pyproject.toml", ".hadolint.yaml", ".hadolint.yml"])
@pytest.mark.parametrize("inside", ["Dockerfile", "sub/Dockerfile"])
@pytest.mark.parametrize("text", [f'{MARK} = "{MARK}"\n', f'[tool.dlint]\n{MARK} = "{MARK}"\n', f"ignored: {MARK}\n"])
def test_configuration_that_leads_out(name: str, inside: str, text: str, told: Callable[..., str]) -> None:
    Path("../out/secret").write_text(text)
    Path(name).symlink_to(Path("..", "out", "secret"))
    Path("sub").mkdir()
    Path(".git").mkdir()
    Path(inside).write_text("FROM debian\n")
    for words in (["check"], ["cost"], ["doctor"], ["ast"]):
        assert MARK not in told(*words, inside)
    if name != "pyproject.toml":
        assert f"{name}: this link leads out of the repository; dlint does not read it" in told("check", ".")


def test_configuration_behind_a_link_within_the_repository(told: Callable[..., str]) -> None:
    Path(".git").mkdir()
    Path("lint").mkdir()
    Path("lint/dlint.toml").write_text('select = ["DL4000"]\n')
    Path("sub").mkdir()
    Path("sub/.dlint.toml").symlink_to(Path("..", "lint", "dlint.toml"))
    Path("sub/Dockerfile").write_text("FROM debian\nMAINTAINER me\n")
    said = told("check", "--quiet", ".")
    assert "DL4000" in said
    assert "DL3006" not in said


@pytest.mark.parametrize("away", ["../out", "/", "sub/../../out", "hop", "./.."])
@pytest.mark.parametrize("is_repository", [True, False])
def test_a_context_of_the_repositorys_own_that_leads_out(away: str, is_repository: bool, told: Callable[..., str]) -> None:
    if is_repository:
        Path(".git").mkdir()
    Path("sub").mkdir()
    Path("hop").symlink_to(Path("..", "out"))
    Path("../out/requirements.txt").write_text(f"{MARK}==1\n")
    Path("Dockerfile").write_text("FROM python:3.12\nCOPY requirements.txt ./\nRUN pip install -r requirements.txt\n")
    Path(".dlint.toml").write_text(f'context = "{away}"\n')
    for words in (["check", "--preset", "all"], ["cost"], ["check", "--diff"]):
        said = told(*words, "Dockerfile")
        assert MARK not in said
        assert ".dlint.toml: context leads out of the repository; name it with --context" in said


def test_a_context_that_is_named_may_be_anywhere(told: Callable[..., str]) -> None:
    Path("Dockerfile").write_text("FROM python:3.12\nCOPY secret ./\n")
    assert "DF605" not in told("check", "--context", "../out", "Dockerfile")
    Path("own.toml").write_text('context = "../out"\n')
    assert "DF605" not in told("check", "--config", "own.toml", "Dockerfile")


@pytest.mark.parametrize("name", ["compose.yaml", "docker-bake.json"])
@pytest.mark.parametrize("is_repository", [True, False])
@pytest.mark.parametrize("kind", ["link", "path", "absolute"])
def test_a_dockerfile_that_a_compose_file_names_outside(name: str, is_repository: bool, kind: str, told: Callable[..., str]) -> None:
    if is_repository:
        Path(".git").mkdir()
    Path("linked").symlink_to(Path("..", "out", "secret"))
    file = {"link": "linked", "path": "../out/secret", "absolute": str(Path("../out/secret").resolve())}[kind]
    build = f'{{"context": ".", "dockerfile": "{file}"}}'
    text = f'{{"services": {{"a": {{"build": {build}}}}}}}' if name == "compose.yaml" else f'{{"target": {{"a": {build}}}}}'
    Path(name).write_text(text)
    for words in COMMANDS[:4]:
        said = told(*words, name)
        assert MARK not in said
        assert "a: not checked: its Dockerfile" in said
    assert is_untouched()


def test_a_context_that_a_compose_file_names_outside_of_the_repository(told: Callable[..., str]) -> None:
    Path(".git").mkdir()
    Path("compose.yaml").write_text("services: {a: {build: {context: ../out, dockerfile: secret}}}\n")
    said = told("check", "--fix", "compose.yaml")
    assert MARK not in said
    assert "a: not checked: its context leads out of the repository" in said
    assert is_untouched()


def test_a_compose_file_may_name_what_is_below_the_current_folder(told: Callable[..., str]) -> None:
    Path("one/.git").mkdir(parents=True)
    Path("two").mkdir()
    Path("two/Dockerfile").write_text("FROM debian\nMAINTAINER me\n")
    Path("one/compose.yaml").write_text("services: {a: {build: ../two}}\n")
    assert "DL4000" in told("check", "one/compose.yaml")
