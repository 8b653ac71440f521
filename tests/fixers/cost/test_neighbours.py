"""Bases that other Dockerfiles of the repository build."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dockerlint.fixers.cost import estimate
from dockerlint.fixers.cost.base_sizes import base_sizes
from dockerlint.fixers.cost.copy_selections import Selections
from dockerlint.fixers.cost.neighbours import Neighbours
from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.catalogue.basis import Basis
from dockerlint.lint.syntax.parser import parse

if TYPE_CHECKING:
    from pathlib import Path

    from dockerlint.fixers.cost.bounded import Amount


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    write(tmp_path / "tools/base/Dockerfile", "FROM debian:bookworm-slim\nRUN apt-get update && apt-get install -y git\n")
    return tmp_path


def write(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def pulled(file: Path) -> Amount:
    doc = parse(file.read_text())
    around = Neighbours.of(file)
    return estimate(doc, Facts(doc), selections=Selections(neighbours=around.sizes if around else None)).steps[0].adds


@pytest.mark.parametrize("image", ["ours/base", "registry.example.org/team/base:1.2", "base:latest"])
def test_a_base_is_as_large_as_the_file_that_builds_it_says(repository: Path, image: str) -> None:
    found = pulled(write(repository / "tools/app/Dockerfile", f"FROM {image}\n"))
    debian = base_sizes("debian:bookworm-slim").on_disk
    assert found.mid > debian.mid + 50e6
    assert found.basis is Basis.HEURISTIC


@pytest.mark.parametrize("place", ["docker/kit/Dockerfile", "kit.Dockerfile", "Dockerfile.kit", "kit/1.2/Dockerfile"])
def test_a_file_may_stand_in_other_places(repository: Path, place: str) -> None:
    write(repository / place, "FROM alpine:3.22\n")
    found = pulled(write(repository / "deep/down/Dockerfile", "FROM ours/kit:1.2\n"))
    assert found.mid == base_sizes("alpine:3.22").on_disk.mid


def test_a_known_image_is_no_neighbour(repository: Path) -> None:
    write(repository / "python/Dockerfile", "FROM debian\n")
    assert pulled(write(repository / "app/Dockerfile", "FROM python:3.12-slim\n")) == base_sizes("python:3.12-slim").on_disk


def test_files_that_build_on_one_another_come_to_an_end(repository: Path) -> None:
    write(repository / "one/Dockerfile", "FROM ours/two\n")
    write(repository / "two/Dockerfile", "FROM ours/one\n")
    assert not pulled(write(repository / "app/Dockerfile", "FROM ours/one\n")).is_known


def test_nothing_outside_of_the_repository_is_read(tmp_path: Path) -> None:
    write(tmp_path / "base/Dockerfile", "FROM debian\n")
    file = write(tmp_path / "repo/app/Dockerfile", "FROM ours/base\n")
    assert Neighbours.of(file) is None
    (tmp_path / "repo/.git").mkdir()
    assert not pulled(file).is_known
    (tmp_path / "repo/base").symlink_to(tmp_path / "base")
    assert not pulled(file).is_known
