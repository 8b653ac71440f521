"""Rewrites held against made-up files: what they must keep, whatever the file looks like around them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dockerlint.fixers.edits import apply, are_apart
from dockerlint.fixers.loop import fix
from dockerlint.lint.analysis.build_state import Settings
from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.analysis.stages import StageGraph
from dockerlint.lint.engine.checker import check
from dockerlint.lint.engine.findings import Applicability
from dockerlint.lint.engine.registry import rules
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.parser import parse

if TYPE_CHECKING:
    from collections.abc import Callable

    from dockerlint.lint.engine.findings import Finding
    from dockerlint.lint.syntax.span import Edit

LISTS = "/var/lib/apt/lists/*"
COMMANDS = st.sampled_from(
    [
        "apt-get update", "apt-get install -y curl", "apt-get install -y --no-install-recommends git  vim", f"rm -rf {LISTS}", "apt-get clean",
        "pip install flask", "npm ci", "npm cache clean --force", "rm -rf /root/.cache", "cd /app", "cd /app/web", "make", "./x.sh", "set -e",
        "export A=1", "echo 'a  b' > /tmp/x", "curl -fsSLO https://example.org/a.tar.gz", "curl -fsSL -o /tmp/b.tgz https://example.org/b.tgz",
        "tar -xzf a.tar.gz", "tar -xf /tmp/b.tgz -C /opt", "rm a.tar.gz", "rm -f /tmp/b.tgz", "chown -R node:node /app", "chown -R 1000 .",
        "chmod -R 755 /app", "useradd app", "[ -f /x ]", "true", "CGO_ENABLED=0 go build -o /app/bin .", "tar xf /srv/s.tar -C /srv", 'echo "é $A"',
    ]
)  # fmt: skip
OPERATORS = st.sampled_from([" && ", " && ", " && ", " && ", " && ", "; ", " || ", " | ", " \\\n    && ", " && \\\n  # why\n  ", " \\\n && "])
FORMS = st.sampled_from(["plain", "plain", "plain", "plain", "plain", "plain", "heredoc", "flag", "subshell", "if"])
OTHERS = st.sampled_from(
    [
        "COPY . .", "COPY . /app", "COPY --chown=node:node web /app/web", "COPY s.tar /srv/", "COPY --from=one /app /app", "WORKDIR /app", "WORKDIR web",
        "USER node", "USER root", "ENV A=2", "ARG B", "LABEL a=b", "EXPOSE 80", "VOLUME /data", "# a comment", "", "ADD s.tar /srv/", "ONBUILD RUN make",
        "CMD node  server.js", "CMD exec node 'a b'", "ENTRYPOINT /app/run \\\n  --flag", "CMD echo $A", 'CMD ["a"]', 'SHELL ["/bin/bash", "-c"]',
    ]
)  # fmt: skip
BASES = st.sampled_from(["debian:bookworm-slim", "node:22-slim", "golang:1.23", "python:3.12-slim", "example.org/base"])


@st.composite
def runs(draw: st.DrawFn) -> str:
    commands = draw(st.lists(COMMANDS, min_size=1, max_size=5))
    form = draw(FORMS)
    if form == "heredoc":
        return "RUN <<EOF\n" + draw(st.sampled_from(["set -e\n", ""])) + "\n".join(commands) + "\nEOF"
    script = commands[0] + "".join(draw(OPERATORS) + command for command in commands[1:])
    if form == "flag":
        return f"RUN --network=none {script}"
    if form == "subshell":
        return f"RUN ({script.split(' # why')[0]}) && true" if "#" not in script else f"RUN {script}"
    if form == "if":
        return f"RUN if [ -f /x ]; then {commands[0]}; fi"
    return f"RUN {script}"


# Steps that a rule's fix is about; what is drawn stands around and between them.
THEMES: dict[str, list[list[str]]] = {
    "DF104": [["RUN apt-get update", "RUN apt-get install -y curl"]],
    "DF106": [["RUN CGO_ENABLED=0 go build -o /app/bin .", "FROM scratch AS two", "COPY --from=one /app/bin /bin/"]],
    "DF201": [
        ["RUN apt-get update && apt-get install -y curl", f"RUN rm -rf {LISTS}"],
        ["RUN curl -fsSL -o /tmp/b.tgz https://example.org/b.tgz", "RUN rm -f /tmp/b.tgz"],
    ],
    "DF203": [
        ["COPY . /app", "RUN chown -R node:node /app"],
        ["WORKDIR /app", "COPY . .", "RUN chown -R 1000 ."],
        ["COPY . /app", "RUN chmod -R 755 /app"],
    ],
    "DF204": [
        ["RUN curl -fsSLO https://example.org/a.tar.gz && tar -xzf a.tar.gz"],
        ["RUN curl -fsSL -o /tmp/b.tgz https://example.org/b.tgz && tar -xf /tmp/b.tgz -C /opt"],
    ],
    "DL3003": [["RUN cd /app && make", "WORKDIR /srv"], ["RUN cd /app && make", "RUN cd /app && make install", "FROM scratch AS two", "COPY --from=one /app /"]],
    "DL3010": [["COPY s.tar /srv/", "RUN tar -xf /srv/s.tar -C /srv"], ["COPY s.tar /srv/", "RUN tar -xf /srv/s.tar -C /srv && rm /srv/s.tar"]],
    "DL3059": [["RUN make", "RUN make install"]],
}


@st.composite
def themes(draw: st.DrawFn, code: str) -> list[str]:
    lines = []
    for line in draw(st.sampled_from(THEMES[code])):
        if line.startswith("RUN "):
            around = draw(st.sampled_from(["", "", "before", "behind"]))
            if around == "before":
                line = line.replace("RUN ", f"RUN {draw(COMMANDS)}{draw(OPERATORS)}", 1)
            elif around == "behind":
                line += draw(OPERATORS) + draw(COMMANDS)
        lines += [line, *draw(st.sampled_from([[], [], ["LABEL c=d"], [draw(OTHERS)], [draw(runs())]]))]
    return lines


@st.composite
def files(draw: st.DrawFn, code: str) -> str:
    theme = draw(themes(code)) if code in THEMES else []
    more_lines = st.lists(st.one_of(runs(), runs(), OTHERS), max_size=2 if theme else 6)
    lines = [f"FROM {draw(BASES)} AS one", *draw(more_lines), *theme, *draw(more_lines)]
    if draw(st.booleans()):
        lines += [f"FROM {draw(BASES)} AS last", *draw(more_lines)]
    text = "\n".join(lines)
    text += draw(st.sampled_from(["\n", "\n", ""]))
    return text.replace("\n", "\r\n") if draw(st.sampled_from([False, False, False, True])) else text


def finder(code: str) -> Callable[[nodes.Dockerfile], list[Finding]]:
    chosen = [rule for rule in rules() if rule.code == code]
    return lambda doc: check(doc, Facts(doc, settings=Settings(preset="all")), chosen)


def commands(doc: nodes.Dockerfile) -> list[str]:
    """The commands of all RUNs in order, as their words read."""
    facts = Facts(doc)
    found = ((run, command) for run in facts.every(nodes.Run) for command in facts.commands(run))
    return [" ".join(word.text for word in (*command.assignments, *command.words)) for _, command in found]


def shape(doc: nodes.Dockerfile) -> list[tuple[str, object, list[str]]]:
    graph = StageGraph.of(doc)
    parents = [graph.parent(stage) for stage in doc.stages]
    return [
        (stage.from_.image.text, parent.index if parent else None, [name for _, name, _ in graph.sources(stage)])
        for stage, parent in zip(doc.stages, parents, strict=True)
    ]


def untouched(doc: nodes.Dockerfile, edits: tuple[Edit, ...]) -> list[str]:
    """The instructions and comments that no edit changes, in order."""
    spans = sorted([*(node.span for node in doc.instructions), *(comment.span for comment in doc.comments)])
    return [doc.source(span) for span in spans if not any(span.start <= edit.span.end and edit.span.start <= span.end for edit in edits)]


def is_part(few: list[str], many: list[str]) -> bool:
    """Whether all of one list stand in another, in their order."""
    rest = iter(many)
    return all(item in rest for item in few)


def same(before: list[str], after: list[str]) -> bool:
    return before == after


def moved(before: list[str], after: list[str]) -> bool:
    return Counter(before) == Counter(after)


def more(before: list[str], after: list[str]) -> bool:
    return is_part(before, after)


def without_lists(change: Callable[[list[str], list[str]], bool]) -> Callable[[list[str], list[str]], bool]:
    """A change, or that a RUN goes that only fetches lists for a clean-up to take away."""

    def kept(before: list[str], after: list[str]) -> bool:
        gone = Counter(before) - Counter(after)
        return change(before, after) or (is_part(after, before) and all(text.startswith(("apt-get update", "apt update", "rm ")) for text in gone))

    return kept


def fewer(before: list[str], after: list[str]) -> bool:
    return is_part(after, before)


def as_before_but(*gone: str) -> Callable[[list[str], list[str]], bool]:
    """Commands of these names may change or go, all others stay as they are."""

    def kept(texts: list[str]) -> list[str]:
        return [text for text in texts if text.split(" ")[0] not in gone]

    return lambda before, after: kept(before) == kept(after)


# What each rewrite says of the commands before and after one of its fixes.
KEEPS: dict[str, Callable[[list[str], list[str]], bool]] = {
    "DF104": moved,
    "DF106": lambda before, after: before == [text.replace("GOOS=$TARGETOS GOARCH=$TARGETARCH ", "") for text in after],
    "DF201": without_lists(moved),
    "DF203": as_before_but("chown", "chmod"),
    "DF204": more,
    "DL3003": fewer,
    "DL3009": without_lists(more),
    "DL3010": fewer,
    "DL3025": same,
    "DL3059": same,
}


@pytest.mark.parametrize("code", [*KEEPS, "DF202"])
@given(data=st.data())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_rewrite_keeps_its_word(code: str, data: st.DataObject) -> None:
    text = data.draw(files(code))
    find = finder(code)
    doc = parse(text)
    for finding in find(doc):
        if finding.fix is None:
            continue
        edits = finding.fix.edits
        assert are_apart(edits)
        after = parse(apply(text, edits))
        assert after.text != text
        assert len(after.problems) <= len(doc.problems)
        assert shape(after) == shape(doc)
        kept = [*(after.source(node.span) for node in after.instructions), *(after.source(comment.span) for comment in after.comments)]
        assert not Counter(untouched(doc, edits)) - Counter(kept)
        if code in KEEPS:
            assert KEEPS[code](commands(doc), commands(after)), after.text
        if code == "DF104" and finding.fix.applicability is Applicability.SAFE:
            assert commands(doc) == commands(after)


@pytest.mark.parametrize("code", [*KEEPS, "DF202"])
@pytest.mark.parametrize("unsafe", [False, True], ids=["safe", "unsafe"])
@given(data=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_rewrites_come_to_an_end(code: str, unsafe: bool, data: st.DataObject) -> None:
    text = data.draw(files(code))
    find = finder(code)
    outcome = fix(text, find, unsafe=unsafe)
    assert outcome.dropped == ()
    assert fix(outcome.text, find, unsafe=unsafe).text == outcome.text
    assert len(find(parse(outcome.text))) <= len(find(parse(text)))
    if "\r" in text:
        assert "\n" not in outcome.text.replace("\r\n", "")
