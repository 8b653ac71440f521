"""Which features of newer builders a file uses: each row of the table is found in its example, and nothing else is."""

from __future__ import annotations

from typing import Any

import pytest

from dockerlint.lint.analysis.build_state import Settings
from dockerlint.lint.analysis.builder_features import used_features
from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.analysis.refusals import refusals
from dockerlint.lint.catalogue.builder_releases import NEWEST, Feature, Release, built_in, engine_of, features
from dockerlint.lint.cli.build_requirements import build_requirements
from dockerlint.lint.engine.checker import check
from dockerlint.lint.engine.registry import find
from dockerlint.lint.syntax.parser import parse

# What an example cannot do without.
WITH = {
    "mount-variables": {"run-mount"},
    "mount-secret-env": {"run-mount"},
    "chmod-letters": {"copy-chmod"},
    "chmod-variable": {"copy-chmod"},
    "add-keep-git-dir": {"add-git"},
    "git-checksum": {"add-git", "add-checksum"},
    "git-query": {"add-git"},
}


def facts(text: str, **settings: Any) -> Facts:
    return Facts(parse(text), settings=Settings(**settings))


@pytest.mark.parametrize("feature", features().values(), ids=lambda feature: feature.name)
def test_a_feature_is_found_in_its_example(feature: Feature) -> None:
    found = {use.feature.name for use in used_features(facts(f"FROM scratch\n{feature.example}\n"))}
    assert found == {feature.name} | WITH.get(feature.name, set())


@pytest.mark.parametrize("feature", features().values(), ids=lambda feature: feature.name)
def test_releases_before_it_refuse_the_file(feature: Feature) -> None:
    """Those that only know it in labs do too, and none since it came."""
    text = f"FROM scratch\n{feature.example}\n"

    def is_refused(syntax: str) -> bool:
        return any("Dockerfile language" in problem.message for problem in refusals(facts(f"# syntax={syntax}\n{text}")))

    needed = (features()[name] for name in {feature.name} | WITH.get(feature.name, set()))
    assert is_refused("docker/dockerfile:1.0") == any(item.refused for item in needed)
    assert not is_refused("docker/dockerfile:1-labs")
    assert not is_refused("example.com/language")
    assert is_refused("docker/dockerfile:1") == (feature.frontend is None)
    if feature.frontend:
        assert not is_refused(f"docker/dockerfile:{feature.frontend}")


def test_releases_stand_in_order_and_six_below_is_buildkit() -> None:
    minors = [item.minor for item in built_in()]
    assert minors == sorted(minors)
    assert all(int(item.buildkit.partition(".")[2]) == item.minor + 6 for item in built_in())
    assert engine_of(3) == "23.0"
    assert engine_of(19) == "28.5"
    assert engine_of(NEWEST) is None


@pytest.mark.parametrize(
    ("syntax", "release"),
    [
        ("docker/dockerfile", Release(NEWEST)),
        ("docker/dockerfile:latest", Release(NEWEST)),
        ("docker/dockerfile:1", Release(NEWEST)),
        ("docker.io/docker/dockerfile:1.4.3", Release(4)),
        ("docker/dockerfile:1.7-labs", Release(7, labs=True)),
        ("docker/dockerfile:1.7.0-labs", Release(7, labs=True)),
        ("docker/dockerfile:labs", Release(NEWEST, labs=True)),
        ("docker/dockerfile:1.4@sha256:" + "a" * 64, Release(4)),
        ("docker/dockerfile:experimental", None),
        ("docker/dockerfile:1.5-rc1", None),
        ("example.com/frontend:1.4", None),
    ],
)
def test_the_release_that_a_directive_asks_for(syntax: str, release: Release | None) -> None:
    assert Release.of_syntax(syntax) == release


def messages(text: str, **settings: Any) -> list[str]:
    rule = find("DF634")
    assert rule
    return [finding.message for finding in check(parse(text), facts(text, **settings), [rule])]


TEXT = "FROM debian:12\nCOPY --link a /b\nCOPY --link --chmod=u+x a /c\nRUN --mount=type=secret,id=a,env=B true\n"


def test_by_default_only_what_the_configuration_says_is_told() -> None:
    assert messages(TEXT) == []
    assert len(messages(TEXT, preset="all")) == 1


def test_the_least_release_that_must_do() -> None:
    assert [message.partition(" needs ")[2].partition(",")[0] for message in messages(TEXT, min_frontend="1.2")] == [
        "Dockerfile 1.4 (Docker 23.0)",
        "Dockerfile 1.14 (Docker 28.0)",
        "Dockerfile 1.10 (Docker 28.0)",
    ]
    assert len(messages(TEXT, min_frontend="1.10")) == 1
    assert messages(TEXT, min_frontend="1.14") == []
    assert messages(f"# syntax=docker/dockerfile:1\n{TEXT}", min_frontend="1.2") == []


def test_another_builder() -> None:
    assert messages(TEXT, builder="buildah") == [
        "the buildah builder refuses `--chmod` in letters",
        "the buildah builder refuses a secret as variable, `RUN --mount=type=secret,env=`",
    ]
    assert "the classic builder ignores `COPY --link`" in messages(TEXT, builder="classic")


def test_what_a_file_needs() -> None:
    told = "\n".join(build_requirements(facts(f"# syntax=docker/dockerfile:1\n{TEXT}")))
    assert "1.14 or newer: `--chmod` in letters (line 4)" in told
    assert "BuildKit 0.20, Docker Engine 28.0" in told
    assert "buildah, podman      no: `--chmod` in letters (line 4)" in told
    assert "docker/dockerfile:1 (line 1)" in told


def test_a_plain_file_builds_anywhere() -> None:
    told = list(build_requirements(facts("FROM debian:12\nRUN true\nCOPY a /b\n")))
    assert [line.split("  ")[-1].strip() for line in told] == ["1.0 or newer", "any BuildKit", "yes", "yes", "yes"]
