"""Which steps run again: one case for each rule of the builder's cache."""

from __future__ import annotations

from textwrap import dedent

import pytest

from dockerlint.fixers.cost.build_graph import BuildGraph
from dockerlint.fixers.cost.cache_keys import ContextChange, changed_keys, own_keys, rerun, with_args
from dockerlint.lint.analysis.build_state import Settings
from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.syntax.parser import parse


def graph_of(text: str, **settings: object) -> tuple[BuildGraph, Facts]:
    doc = parse(dedent(text).lstrip())
    assert not doc.problems
    facts = Facts(doc, None, Settings(**settings))  # type: ignore[arg-type]
    return BuildGraph.of(facts), facts


def lines(graph: BuildGraph, facts: Facts, change: ContextChange) -> list[int]:
    return [facts.doc.line(graph.steps[number].node.span.start) for number in sorted(rerun(graph, change))]


def touching(*patterns: str) -> ContextChange:
    return ContextChange(touched=lambda _, source: source.pattern in patterns)


CONTENT = [
    pytest.param("FROM a\nCOPY x /\nRUN make\nCOPY y /", ["x"], [2, 3, 4], id="a miss makes all later steps miss"),
    pytest.param("FROM a\nRUN make\nCOPY x /", ["x"], [3], id="steps above a copy hit"),
    pytest.param("FROM a\nCOPY x /\nLABEL a=b\nEXPOSE 80\nCMD ls\nRUN make", ["x"], [2, 6], id="metadata is no step"),
    pytest.param("FROM a\nCOPY x /\nCOPY --link y /y", ["x"], [2], id="a linked copy hits after a change above it"),
    pytest.param("FROM a\nCOPY --link y /y\nRUN make", ["y"], [2, 3], id="what stands on a linked copy does not"),
    pytest.param(
        "FROM a\nCOPY x /\nCOPY --link y /y\nRUN make",
        ["x"],
        [2, 4],
        id="nor what stands on what is below a linked copy",
    ),
    pytest.param("FROM a\nCOPY --link=false y /y\nCOPY x /", ["y"], [2, 3], id="a link that is switched off"),
    pytest.param(
        "FROM a\nRUN --mount=type=bind,source=p.json,target=/p.json npm ci\nCOPY x /",
        ["p.json"],
        [2, 3],
        id="a bind mount keys on what it mounts",
    ),
    pytest.param(
        "FROM a\nRUN --mount=type=bind,source=p.json,target=/p.json npm ci\nCOPY x /",
        ["x"],
        [3],
        id="a bind mount does not key on other files",
    ),
    pytest.param(
        "FROM a\nRUN --mount=type=secret,id=x --mount=type=cache,target=/x make",
        ["x", ""],
        [],
        id="secrets and caches have no content",
    ),
    pytest.param(
        "FROM a AS one\nCOPY x /\nRUN make\nFROM b\nRUN ls\nCOPY --from=one /x /x\nRUN true",
        ["x"],
        [2, 3, 6, 7],
        id="a copy from a stage depends on that stage",
    ),
    pytest.param(
        "FROM a AS one\nCOPY x /\nFROM b\nRUN --mount=from=one,target=/o cp /o/x /",
        ["x"],
        [2, 4],
        id="and so does a mount",
    ),
    pytest.param(
        "FROM a AS one\nCOPY x /\nFROM one\nRUN make", ["x"], [2, 4], id="FROM a stage goes on with its chain"
    ),
    pytest.param("FROM a AS other\nCOPY x /\nFROM b\nRUN ls", ["x"], [], id="a stage that nobody needs is not built"),
    pytest.param("FROM a\nADD https://example.org/x /\nRUN ls", ["https://example.org/x"], [], id="an URL is no file"),
    pytest.param("FROM a\nCOPY <<E /x\nhello\nE\nRUN ls", [""], [], id="a heredoc is no file"),
    pytest.param("FROM a\nWORKDIR /x\nWORKDIR /\nCOPY y .\nWORKDIR sub", ["y"], [4, 5], id="WORKDIR / makes no folder"),
]


@pytest.mark.parametrize(("text", "changed", "expected"), CONTENT)
def test_changed_content_runs_again_what_depends_on_it(text: str, changed: list[str], expected: list[int]) -> None:
    graph, facts = graph_of(text)
    assert lines(graph, facts, touching(*changed)) == expected


def test_a_moved_base_runs_its_whole_chain_again() -> None:
    graph, facts = graph_of("FROM a AS one\nRUN ls\nFROM b@sha256:00\nRUN true\nCOPY --from=one /x /\nRUN false")
    assert lines(graph, facts, ContextChange(bases=True)) == [1, 2, 5, 6]


def test_an_image_that_a_copy_names_moves_like_a_base() -> None:
    graph, facts = graph_of("FROM scratch\nCOPY x /x\nCOPY --from=nginx /etc /etc\nCOPY --from=nginx /usr /usr")
    assert [step.image for step in graph.steps if step.is_pull] == ["nginx"]
    assert lines(graph, facts, ContextChange(bases=True)) == [3, 3, 4]


def test_without_a_cache_all_runs_but_images_are_there() -> None:
    graph, facts = graph_of("FROM a\nRUN ls\nCOPY x /\n")
    assert lines(graph, facts, ContextChange(all=True)) == [2, 3]


ARGUMENTS = [
    pytest.param("FROM a\nARG V\nCOPY x /\nRUN ls", [4], id="an argument enters every later RUN, used or not"),
    pytest.param("FROM a\nRUN ls\nARG V\nRUN pwd", [4], id="but no earlier one"),
    pytest.param("FROM a\nARG V\nCOPY x-$V /\nLABEL v=$V", [3], id="a copy only where it stands in it"),
    pytest.param("FROM a\nARG V\nENV E=$V\nRUN ls", [4], id="a variable made of it too"),
    pytest.param("FROM a\nARG V\nWORKDIR /$V\nRUN ls", [3, 4], id="a folder named after it"),
    pytest.param("ARG V\nFROM a\nRUN ls", [], id="an argument before FROM is not the stage's"),
    pytest.param("ARG V\nFROM a:$V\nRUN ls", [2, 3], id="unless FROM uses it"),
    pytest.param("FROM a AS one\nARG V\nRUN ls\nFROM b\nRUN ls", [], id="an argument ends with its stage"),
    pytest.param("FROM a\nRUN echo $V", [], id="an argument that is not declared says nothing"),
    pytest.param("FROM a\nARG V\nCOPY <<E /x\n$V\nE\n", [3], id="a heredoc of a copy is expanded"),
]


@pytest.mark.parametrize(("text", "expected"), ARGUMENTS)
def test_another_build_argument_runs_again_what_has_it_in_its_key(text: str, expected: list[int]) -> None:
    graph, facts = graph_of(text, build_args={"V": "1"})
    change = ContextChange(keys=with_args(graph, facts, {"V": "2"}))
    assert lines(graph, facts, change) == expected


EDITS = [
    pytest.param("RUN ls", "# a comment\nRUN   ls", False, id="comments and blanks are not in the key"),
    pytest.param("RUN a && \\\n b", "RUN a && \\\n # why\n b", False, id="nor comments between lines"),
    pytest.param("RUN ls", "RUN ls -l", True, id="words are"),
    pytest.param("RUN <<E\nls\nE", "RUN <<E\nls -l\nE", True, id="the lines of a heredoc are"),
    pytest.param("ENV A=1\nRUN ls", "ENV A=2\nRUN ls", True, id="variables are, used or not"),
    pytest.param("USER a\nRUN ls", "USER b\nRUN ls", True, id="the user is"),
    pytest.param('SHELL ["/bin/bash", "-c"]\nRUN ls', 'SHELL ["/bin/sh", "-c"]\nRUN ls', True, id="the shell is"),
    pytest.param("LABEL a=1\nRUN ls", "LABEL a=2\nRUN ls", False, id="labels are not"),
    pytest.param("EXPOSE 1\nCMD a\nRUN ls", "EXPOSE 2\nCMD b\nRUN ls", False, id="nor are ports and commands"),
    pytest.param("COPY a /x", "COPY a /y", True, id="the destination is"),
    pytest.param("COPY a /x", "COPY --chown=1 a /x", True, id="the owner is"),
    pytest.param("ENV A=1\nCOPY a /x", "ENV A=2\nCOPY a /x", False, id="variables that a copy does not name are not"),
    pytest.param("RUN ls", "RUN --mount=type=cache,target=/c ls", True, id="a new cache mount is"),
    pytest.param(
        "RUN --mount=type=cache,target=/c,id=a ls",
        "RUN --mount=type=cache,target=/c,id=b,sharing=locked ls",
        False,
        id="its id and sharing are not",
    ),
    pytest.param("RUN ls", "RUN --network=none ls", True, id="the network is"),
]


@pytest.mark.parametrize(("before", "after", "differs"), EDITS)
def test_what_of_an_instruction_is_in_its_key(before: str, after: str, differs: bool) -> None:
    old, new = (own_keys(*graph_of(f"FROM a\n{text}\n")) for text in (before, after))
    assert bool(changed_keys(old, new)) is differs
