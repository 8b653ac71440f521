from __future__ import annotations

import os
from pathlib import Path

import pytest

from dockerlint.lint.settings.discovery import Missing, discover, is_dockerfile


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("Dockerfile", True),
        ("Dockerfile.dev", True),
        ("web.Dockerfile", True),
        ("web.dockerfile", True),
        ("Containerfile", True),
        ("Containerfile.alpine", True),
        ("Dockerfile.dockerignore", False),
        ("web.Dockerfile.dockerignore", False),
        ("Containerfile.containerignore", False),
        ("Dockerfile.md", False),
        ("Dockerfile~", False),
        ("Dockerfile.dev~", False),
        ("Dockerfile.orig", False),
        ("Dockerfile.j2", False),
        ("Dockerfiles", False),
        ("MyDockerfile", False),
        ("docker-compose.yml", False),
    ],
)
def test_names(name: str, taken: bool) -> None:
    assert is_dockerfile(name) is taken


def put(top: Path, *names: str) -> None:
    for name in names:
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("FROM scratch\n")


def found(top: Path, *paths: str) -> list[str]:
    """What is found, relative to `top`; sentences for what is not."""
    items = discover(paths or (str(top),))
    return [item.sentence if isinstance(item, Missing) else os.path.relpath(item, top) for item in items]


def test_a_folder_is_searched_in_order(tmp_path: Path) -> None:
    put(tmp_path, "b/Dockerfile", "Dockerfile", "a/deep/x.Dockerfile", ".git/Dockerfile", "a/README.md")
    assert found(tmp_path) == ["Dockerfile", "a/deep/x.Dockerfile", "b/Dockerfile"]


def test_a_file_is_taken_whatever_its_name_and_once(tmp_path: Path) -> None:
    put(tmp_path, "image.txt", "Dockerfile")
    paths = [str(tmp_path / "image.txt"), str(tmp_path), str(tmp_path / "Dockerfile")]
    assert found(tmp_path, *paths) == ["image.txt", "Dockerfile"]


def test_gitignore_files_are_honoured_the_nearest_first(tmp_path: Path) -> None:
    put(
        tmp_path,
        "out/Dockerfile",
        "src/Dockerfile",
        "src/Dockerfile.gen",
        "src/keep/Dockerfile.gen",
        "src/x/Dockerfile",
    )
    (tmp_path / ".gitignore").write_text("out/\n*.gen\n")
    (tmp_path / "src" / "keep" / ".gitignore").write_text("!Dockerfile.gen\n")
    (tmp_path / "src" / ".gitignore").write_text("/x\n")
    assert found(tmp_path) == ["src/Dockerfile", "src/keep/Dockerfile.gen"]


def test_gitignore_files_above_the_folder_hold_up_to_the_repository(tmp_path: Path) -> None:
    put(tmp_path, "repo/sub/Dockerfile", "repo/sub/Dockerfile.gen")
    (tmp_path / "repo" / ".git").mkdir()
    (tmp_path / "repo" / ".gitignore").write_text("*.gen\n")
    (tmp_path / ".gitignore").write_text("Dockerfile\n")
    sub = tmp_path / "repo" / "sub"
    assert found(sub, str(sub)) == ["Dockerfile"]


def test_an_ignored_folder_is_searched_when_it_is_named(tmp_path: Path) -> None:
    put(tmp_path, "build/Dockerfile")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text("build/\n")
    assert found(tmp_path, str(tmp_path / "build")) == ["build/Dockerfile"]


def test_links_to_folders_are_not_followed(tmp_path: Path) -> None:
    put(tmp_path, "a/Dockerfile")
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    (tmp_path / "Containerfile").symlink_to(tmp_path / "a" / "Dockerfile")
    (tmp_path / "Dockerfile").symlink_to(tmp_path / "nowhere")
    assert found(tmp_path) == ["Containerfile", "a/Dockerfile"]


def test_what_is_not_there_does_not_stop_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    put(tmp_path, "Dockerfile")
    (tmp_path / "empty").mkdir()
    missing, empty, good = discover(["no.such", "empty", "Dockerfile"])
    assert isinstance(missing, Missing)
    assert missing.sentence == "no.such: no such file or folder"
    assert isinstance(empty, Missing)
    assert empty.sentence.startswith("empty: no Dockerfile in this folder")
    assert good == Path("Dockerfile")


def test_standard_input_is_passed_through() -> None:
    assert list(discover(["-"])) == [Path("-")]


def test_a_path_with_a_nul_is_a_sentence() -> None:
    (item,) = discover(["a\0b"])
    assert isinstance(item, Missing)
