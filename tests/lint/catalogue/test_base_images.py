"""The table of base images: each of its patterns can be read, and tags say what they are built on."""

from __future__ import annotations

from functools import reduce

import pytest

from dockerlint.lint.catalogue.base_images import DATA, lookup
from dockerlint.lint.catalogue.tables import table

STANDS_FOR = {"*": "1", "{version}": "1.2", "{debian}": "bookworm", "{ubuntu}": "noble", "{alpine}": "3.20", "{java}": "17"}


def test_each_pattern_of_a_tag_can_be_asked() -> None:
    for entry in table(DATA)["image"]:
        for repository in entry["repositories"]:
            for tag in entry.get("tags", ["*"]):
                name = reduce(lambda text, item: text.replace(*item), STANDS_FOR.items(), tag)
                assert lookup(f"{repository.replace('*', 'x')}:{name}") is not None, (repository, tag)


@pytest.mark.parametrize(
    ("image", "distribution"),
    [
        ("elixir:1.16-otp-26-slim", "debian"),
        ("pypy:3.11-7.3.20-slim", "debian"),
        ("maven:3.9-eclipse-temurin-21", "ubuntu"),
        ("maven:3-amazoncorretto-17-debian-bookworm", "debian"),
        ("amazoncorretto:17-al2023", "amazon"),
        ("openjdk:17-bullseye", "debian"),
        ("eclipse-temurin:21-jre-ubi9-minimal", "rhel"),
        ("tomcat:10-jre17-temurin-noble", "ubuntu"),
    ],
)
def test_the_distribution_that_a_tag_names(image: str, distribution: str) -> None:
    base = lookup(image)
    assert base is not None
    assert base.distribution == distribution
