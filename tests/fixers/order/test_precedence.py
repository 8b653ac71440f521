"""Which instructions must keep their order, and why; safety held against a stage that is really carried out."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dockerlint.fixers.effects.footprint import Clash
from dockerlint.fixers.effects.precedence import (
    Access,
    Kind,
    PathUse,
    Precedence,
    destination,
    is_environment,
    is_steady,
    may_read,
)
from dockerlint.fixers.loop import fix
from dockerlint.lint.analysis.build_state import Settings
from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.context.build_context import Context
from dockerlint.lint.engine.checker import check
from dockerlint.lint.engine.registry import rules
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.parser import parse

if TYPE_CHECKING:
    from pathlib import Path

    from dockerlint.fixers.effects.precedence import Conflict
    from dockerlint.lint.engine.findings import Finding
    from dockerlint.lint.syntax.nodes import Dockerfile

NONE, POSSIBLE, CERTAIN = Clash.NONE, Clash.POSSIBLE, Clash.CERTAIN
APT = "RUN apt-get update && apt-get install -y curl"


def between(one: str, other: str, before: str = "") -> Conflict | None:
    """The conflict of the last two instructions."""
    doc = parse(f"FROM debian:12\n{before}{one}\n{other}\n")
    assert not doc.problems
    first, second = doc.instructions[-2:]
    return Precedence(Facts(doc)).conflict(first, second)


def level(one: str, other: str, before: str = "") -> Clash:
    found = between(one, other, before)
    return found.level if found else NONE


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        # variables: who sets them, who names them, who merely gets them
        ("ARG X", "ENV X=1", CERTAIN),
        ("ARG X", "ARG X=2", CERTAIN),
        ("ARG X", "ENV Y=$X", CERTAIN),
        ("ENV Y=$X", "ARG X", CERTAIN),
        ("ENV Y=${Z:-$X}", "ENV X=2", CERTAIN),
        ("ARG X", "ENV Y=1", NONE),
        ("ARG X", "COPY a$X /d/", CERTAIN),
        ("ARG X", "COPY a /d/", NONE),
        ("ARG X", "COPY --chown=${X} a /d/", CERTAIN),
        ("ARG X", "COPY <<E /d/f\n$X\nE", CERTAIN),
        ("ARG X", "LABEL a=$X", CERTAIN),
        ("ARG X", "LABEL a=b \\\n  c=$\\\nX", CERTAIN),
        ("ARG X", "WORKDIR /$X", CERTAIN),
        ("ARG X", "USER $X", CERTAIN),
        ("ARG X", "EXPOSE ${X}", CERTAIN),
        ("ARG X", "CMD echo $X", CERTAIN),
        ("ARG X", "ONBUILD RUN echo $X", CERTAIN),
        ("ARG X", "ONBUILD RUN true", NONE),
        ("ARG XYZ", "RUN echo $XYZ", CERTAIN),
        ("ARG XYZ", "RUN echo XYZ", CERTAIN),
        ("ARG XYZ", APT, NONE),
        ("ARG XYZ", "RUN make", CERTAIN),
        ("ENV PATH=/x", APT, CERTAIN),
        # settings of the image
        ("LABEL a=1", "LABEL a=2", CERTAIN),
        ("LABEL a=1", "LABEL b=2", NONE),
        ("CMD a", "CMD b", CERTAIN),
        ("CMD a", "ENTRYPOINT b", CERTAIN),
        ("CMD a", 'SHELL ["/bin/bash", "-c"]', CERTAIN),
        ("CMD a", "EXPOSE 80", NONE),
        ("EXPOSE 80", APT, NONE),
        # user, folder, shell
        ("USER app", APT, CERTAIN),
        ("WORKDIR /x", APT, CERTAIN),
        ('SHELL ["/bin/bash", "-c"]', APT, CERTAIN),
        ("USER app", "COPY a /d/", NONE),
        ("USER app", "WORKDIR /d", CERTAIN),
        ("RUN useradd app", "USER app", CERTAIN),
        # folders on the way
        ("COPY a /d/a", "RUN mkdir /d/b", CERTAIN),
        ("COPY a /d/a", "RUN touch /d/b", CERTAIN),
        ("COPY a /opt/a", "RUN touch /opt/b", NONE),
        ("COPY a /opt/d/a", "RUN touch /opt/d/b", CERTAIN),
        ("COPY a /d/a", "COPY b /d/b", NONE),
        ("COPY --chown=1 a /d/a", "COPY b /d/b", CERTAIN),
        ("COPY --chown=1 a /d/a", "COPY --chown=1 b /d/b", NONE),
        ("COPY a /d/a", "WORKDIR /d/w", NONE),
        ("COPY --chown=1 a /d/a", "WORKDIR /d/w", CERTAIN),
        ("COPY --chmod=700 a /d/a", "WORKDIR /d/w", CERTAIN),
        # accounts
        ("COPY --chown=app a /d/", "RUN usermod -u 5 app", CERTAIN),
        ("COPY --chown=app a /d/", "RUN sed -i s/a/b/ /etc/passwd", CERTAIN),
        ("COPY --chown=app a /d/", "RUN echo x >> /etc/group", CERTAIN),
        ("COPY --chown=5 a /d/", "RUN usermod -u 6 app", NONE),
        # RUN and RUN
        ("RUN chmod 600 /d/a", APT, NONE),
        ("RUN chmod u+x,g-w /d/a", APT, NONE),
        ("RUN chmod --reference=/etc/x /d/a", APT, CERTAIN),
        ("RUN chown app /d/a", "RUN usermod -u 6 app", CERTAIN),
        ("RUN chmod 600 /etc/a", APT, CERTAIN),
        ("RUN chmod 600 /opt/a", APT, POSSIBLE),
        ("RUN unzip /d/a -d /d", APT, CERTAIN),
        ("RUN chmod 600 $A", APT, CERTAIN),
        ("RUN chmod 600 /d/a", "RUN cp /x /bin/chmod", CERTAIN),
        ("RUN cp /x /bin/chmod", "RUN chmod 600 /d/a", CERTAIN),
        ("RUN --mount=type=cache,target=/x chmod 600 /d/a", APT, CERTAIN),
        ("RUN touch /d/a", "RUN cat /d/a", CERTAIN),
        ("RUN touch /d/a", "RUN frobnicate", CERTAIN),
        ("RUN frobnicate", "COPY a /d/", CERTAIN),
        (APT, "COPY a /d/", NONE),
        ("VOLUME /d /e", "COPY a /d/x", CERTAIN),
        ("VOLUME /d/x", "COPY a /d/y", NONE),
    ],
)  # fmt: skip
def test_pairs(one: str, other: str, expected: Clash) -> None:
    assert level(one, other) is expected


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("", CERTAIN),
        ("WORKDIR /d\n", NONE),
        ("WORKDIR /d/e\n", NONE),
        ("WORKDIR /e\n", CERTAIN),
    ],
)
def test_a_folder_that_is_there_is_not_made(before: str, expected: Clash) -> None:
    assert level("COPY a /d/a", "RUN touch /d/b", before) is expected


@pytest.mark.parametrize(
    ("before", "one", "other", "expected"),
    [
        ("RUN ln -s /usr/lib /d\n", "COPY a /d/", APT, CERTAIN),
        ("RUN ln -s lib /usr/d\n", "COPY a /usr/d/", "COPY b /usr/lib/", CERTAIN),
        ("RUN ln -s /usr/lib /d\n", "COPY a /e/", APT, NONE),
        ("RUN ln -s /usr/lib /d\n", "COPY a /d/", "ENV X=1", NONE),
        ("RUN ln -s /e /d\n", "COPY a /d/", "RUN rm -r /e", CERTAIN),
        ("WORKDIR /w\nRUN ln -s e d\n", "COPY a /w/d/", "RUN rm -r /w/e", CERTAIN),
    ],
)
def test_links_lead_elsewhere(before: str, one: str, other: str, expected: Clash) -> None:
    assert level(one, other, before) is expected


def test_the_reason_is_told() -> None:
    assert between("COPY a /d/a", "RUN cat /d/a") == type(between("ARG X", "ARG X"))(  # type: ignore[misc]
        CERTAIN, PathUse(Kind.FILE, Access.WRITES, "/d"), PathUse(Kind.FILE, Access.TOUCHES, "/d/a")
    )
    found = between("ARG XYZ", "RUN make")
    assert found is not None
    assert (found.first, found.second) == (
        PathUse(Kind.VARIABLE, Access.WRITES, "XYZ"),
        PathUse(Kind.VARIABLE, Access.MAY_READ, "XYZ"),
    )


def test_a_sure_reason_comes_first() -> None:
    # the packages may own /opt/a; that the RUN reads the folder is certain
    found = between("WORKDIR /opt/a", APT)
    assert found is not None
    assert found.level is CERTAIN
    assert found.first.kind is Kind.WORKDIR


def reads(script: str, name: str = "XYZ", before: str = "") -> Clash:
    doc = parse(f"FROM debian:12\n{before}RUN {script}\n")
    run = doc.instructions[-1]
    assert isinstance(run, nodes.Run)
    return may_read(Facts(doc), run, name)


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("apt-get install -y a", NONE),
        ("apk add --no-cache a && rm -rf /x", NONE),
        ("curl -fsSL https://example.org/a | tar xz -C /opt", NONE),
        ("git clone https://example.org/a /a", NONE),
        ("useradd app && mkdir /x && chown app /x", NONE),
        ("set -eux; apt-get update", NONE),
        ("export A=b && apt-get update", NONE),
        ("go mod download", NONE),
        ("npm ci --ignore-scripts", NONE),
        ("pip install --only-binary=:all: a", NONE),
        ("pip install --only-binary=b a", POSSIBLE),
        ("pip install a", POSSIBLE),
        ("npm ci", POSSIBLE),
        ("yarn global add a", POSSIBLE),
        ('["apt-get", "update"]', NONE),
        ("<<E\napt-get update\nE", NONE),
        # runs what nobody knows, or shows all variables
        ("npm run build", CERTAIN),
        ("go build ./...", CERTAIN),
        ("dotnet restore", CERTAIN),
        ("make", CERTAIN),
        ("./build.sh", CERTAIN),
        ("curl https://example.org | sh", CERTAIN),
        ("sh -c 'env'", CERTAIN),
        ("env", CERTAIN),
        ("printenv", CERTAIN),
        ("set", CERTAIN),
        ("export", CERTAIN),
        ("export -p", CERTAIN),
        ("readonly -p > /x", CERTAIN),
        ("set > /env && apt-get update", CERTAIN),
        ("envsubst < /a", CERTAIN),
        ("eval x", CERTAIN),
        (". /x", CERTAIN),
        ("find / -exec x {} +", CERTAIN),
        ("echo ${!Y}", CERTAIN),
        ("echo $X\\\nYZ", CERTAIN),
        ("echo ${XYZ:-a}", CERTAIN),
        ("apt-get install a=$XYZ", CERTAIN),
        ("--mount=type=cache,target=/$XYZ apt-get update", CERTAIN),
        ("cat <<E\n$A\nE", CERTAIN),
        ("<<E\n#!/usr/bin/env python3\nimport os\nE", CERTAIN),
        ("(", CERTAIN),
    ],
)
def test_may_read(script: str, expected: Clash) -> None:
    assert reads(script) is expected


@pytest.mark.parametrize(
    "before",
    [
        'SHELL ["/bin/bash", "-lc"]\n',
        'SHELL ["/bin/bash", "--login", "-c"]\n',
        'SHELL ["powershell", "-Command"]\n',
        "ENV BASH_ENV=/x\n",
        "ENV ENV=/x\n",
    ],
)
def test_a_shell_that_reads_more(before: str) -> None:
    assert reads("apt-get update", before=before) is CERTAIN


@pytest.mark.parametrize("before", ["", 'SHELL ["/bin/bash", "-eo", "pipefail", "-c"]\n', 'SHELL ["/bin/sh", "-ec"]\n'])
def test_a_plain_shell(before: str) -> None:
    assert reads("apt-get update", before=before) is NONE


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("PATH", True), ("LC_ALL", True), ("DEBIAN_FRONTEND", True), ("https_proxy", True), ("PIP_INDEX_URL", True), ("GIT_DIR", True),
        ("GIT_SSL_NO_VERIFY", True), ("VERSION_CONTROL", True), ("SOURCE_DATE_EPOCH", True), ("CFLAGS", True), ("PS1", True),
        ("GIT_SHA", False), ("GIT_COMMIT", False), ("GIT_REF", False), ("BUILD_DATE", False), ("VCS_REF", False), ("APP_VERSION", False),
    ],
)  # fmt: skip
def test_variables_that_the_usual_tools_read(name: str, known: bool) -> None:
    assert is_environment(name) is known
    assert reads("apt-get update", name) is (CERTAIN if known else NONE)


@pytest.mark.parametrize(
    ("script", "steady"),
    [
        ("chmod +x /a && chown 1 /a", True), ("mkdir -p /a/b", True), ("cp /a /b", False), ("sed -i s/a/b/ /a", False),
        ("chmod +x /a; true", False), ("X=1 chmod +x /a", False), ("chmod +x $(x)", False), ('["chmod", "+x", "/a"]', False),
        ("--mount=type=cache,target=/a chmod +x /a", False), ("[ -f /a ] && chmod +x /a", False), ("chmod +x /a | x", False),
    ],
)  # fmt: skip
def test_steady(script: str, steady: bool) -> None:
    doc = parse(f"FROM a\nRUN {script}\n")
    run = doc.instructions[-1]
    assert isinstance(run, nodes.Run)
    assert is_steady(Facts(doc), run) is steady


@pytest.mark.parametrize(
    ("copy", "target"),
    [
        ("COPY a.txt /d/", "/d/a.txt"),
        ("ADD a.txt /d/", "/d"),
        ("ADD a.tar.gz /d/", "/d"),
        ("COPY --parents a.txt /d/", "/d"),
        ("COPY a.txt b.txt /d/", "/d"),
        ("COPY a.txt /d", "/d"),
        ("COPY sub /d/", "/d"),
        ("COPY a.txt $X/", None),
    ],
)
def test_destination(tmp_path: Path, copy: str, target: str | None) -> None:
    for name in ("a.txt", "b.txt", "a.tar.gz", "sub/x"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    doc = parse(f"FROM a\n{copy}\n")
    node = doc.instructions[-1]
    assert isinstance(node, nodes.Copy)
    assert destination(Facts(doc, Context.of(tmp_path)), node) == target


def test_uses_are_told() -> None:
    doc = parse('FROM a\nCOPY --chown=app x$Y /d/\nRUN frobnicate\nENV A=$B\nRUN ["cat", "/x"]\n')
    relation = Precedence(Facts(doc))
    _, copy, unknown, env, run = doc.instructions
    assert set(relation.uses(copy)) == {
        PathUse(Kind.ACCOUNT, Access.READS),
        PathUse(Kind.VARIABLE, Access.READS, "Y"),
        PathUse(Kind.FILE, Access.WRITES, "/d"),
    }
    assert PathUse(Kind.FILE, Access.TOUCHES) in relation.uses(unknown)
    assert set(relation.uses(env)) == {PathUse(Kind.VARIABLE, Access.READS, "B"), PathUse(Kind.VARIABLE, Access.WRITES, "A")}
    assert PathUse(Kind.FILE, Access.TOUCHES, "/x") in relation.uses(run)


# ---------------------------------------------------------------- a stage, carried out


class Machine:
    """Carries out the few instructions and commands that the generated stages are made of.

    A file is what was written to it, by whom; a folder is its owner. A command that fails ends the build.
    """

    def __init__(self) -> None:
        self.files: dict[str, str] = {}
        self.folders = dict.fromkeys(("/", "/opt", "/etc", "/usr", "/usr/bin"), "root")
        self.env: dict[str, str] = {}
        self.accounts = {"root": "0", "app": "1000"}
        self.config: dict[str, str] = {}
        self.workdir = "/"
        self.log: list[str] = []
        self.failed = False

    def state(self) -> object:
        if self.failed:
            return "failed"
        return self.files, self.folders, self.env, self.accounts, self.config, self.workdir, sorted(self.log)

    def run(self, text: str) -> Machine:
        for line in text.splitlines():
            keyword, _, rest = line.partition(" ")
            getattr(self, "_" + keyword.lower())(rest)
        return self

    def expand(self, text: str) -> str:
        return re.sub(r"\$\{?(\w+)\}?", lambda match: self.env.get(match[1], ""), text)

    def path(self, text: str) -> str:
        return posixpath.normpath(posixpath.join(self.workdir, self.expand(text)))

    def make(self, folder: str, owner: str) -> None:
        missing = []
        while folder not in self.folders:
            missing.append(folder)
            folder = posixpath.dirname(folder)
        self.folders.update(dict.fromkeys(missing, owner))

    def _from(self, rest: str) -> None:
        pass

    def _arg(self, rest: str) -> None:
        name, _, value = rest.partition("=")
        self.env[name] = self.expand(value) or f"given {name}"

    def _env(self, rest: str) -> None:
        name, _, value = rest.partition("=")
        self.env[name] = self.expand(value)

    def _label(self, rest: str) -> None:
        name, _, value = rest.partition("=")
        self.config[name] = self.expand(value)

    def _workdir(self, rest: str) -> None:
        self.workdir = self.path(rest)
        self.make(self.workdir, "root")

    def _copy(self, rest: str) -> None:
        owner, words = "root", rest.split()
        if words[0].startswith("--chown="):
            owner = self.accounts.get(self.expand(words.pop(0).partition("=")[2]), "?")
        source, target = words
        folder = self.path(target.rstrip("/"))
        place = posixpath.join(folder, source) if target.endswith("/") or folder in self.folders else folder
        self.make(posixpath.dirname(place), owner)
        self.files[place] = f"copied {source} by {owner}"

    def _run(self, rest: str) -> None:
        for command in rest.split(" && "):
            if not self.failed:
                name, *words = self.expand(command).split()
                getattr(self, "_do_" + name.replace("-", "_"))(words)

    def _do_apt_get(self, words: list[str]) -> None:
        if words[0] == "install":
            self.files |= {f"/usr/bin/{words[-1]}": "package", f"/etc/{words[-1]}.conf": "package"}

    def _do_echo(self, words: list[str]) -> None:
        self.log.append(" ".join(words))

    def _do_env(self, words: list[str]) -> None:  # noqa: ARG002 - as the others
        self.log.append(repr(sorted(self.env.items())))

    def _do_cat(self, words: list[str]) -> None:
        for word in words:
            self.log.append(self.files.get(self.path(word), "missing"))
            self.failed |= self.path(word) not in self.files

    def _do_touch(self, words: list[str]) -> None:
        for path in map(self.path, words):
            self.failed |= posixpath.dirname(path) not in self.folders
            self.files.setdefault(path, "touched")

    def _do_mkdir(self, words: list[str]) -> None:
        for path in (self.path(word) for word in words if word != "-p"):
            if "-p" in words:
                self.make(path, "root")
                continue
            self.failed |= path in self.folders or posixpath.dirname(path) not in self.folders
            self.folders[path] = "root"

    def _do_rm(self, words: list[str]) -> None:
        for path in (self.path(word) for word in words if word != "-rf"):
            self.files = {name: text for name, text in self.files.items() if name != path and not name.startswith(path + "/")}
            self.folders = {
                name: owner for name, owner in self.folders.items() if name != path and not name.startswith(path + "/")
            }

    def _do_chmod(self, words: list[str]) -> None:
        path = self.path(words[1])
        self.failed |= path not in self.files
        self.files[path] = self.files.get(path, "") + f" mode {words[0]}"

    def _do_chown(self, words: list[str]) -> None:
        path = self.path(words[1])
        self.failed |= path not in self.files
        self.files[path] = self.files.get(path, "") + f" of {self.accounts.get(words[0], '?')}"

    def _do_cp(self, words: list[str]) -> None:
        source, target = map(self.path, words)
        self.failed |= source not in self.files or posixpath.dirname(target) not in self.folders
        self.files[target] = self.files.get(source, "")

    def _do_usermod(self, words: list[str]) -> None:
        self.accounts[words[2]] = words[1]


PLACES = st.sampled_from(["/d/a", "/d/b", "/d/e/a", "/opt/a", "/opt/d/a", "a", "e/a", "/etc/curl.conf", "/app/a"])
FOLDERS = st.sampled_from(["/d/", "/d/e/", "/opt/d/", "e/", "./", "/app/"])
NAMES = st.sampled_from(["GIT_SHA", "BUILD_DATE", "OTHER"])
COMMANDS = st.one_of(
    st.sampled_from(["apt-get update", "apt-get install -y curl", "echo hello", "usermod -u 7 app", "rm -rf /d", "mkdir /d/new", "env"]),
    st.builds("touch {}".format, PLACES),
    st.builds("cat {}".format, PLACES),
    st.builds("mkdir -p {}".format, FOLDERS.map(lambda text: text.rstrip("/"))),
    st.builds("chmod 600 {}".format, PLACES),
    st.builds("chown app {}".format, PLACES),
    st.builds("cp {} {}".format, PLACES, PLACES),
    st.builds("echo ${}".format, NAMES),
)
INSTRUCTIONS = st.one_of(
    st.just("RUN apt-get update && apt-get install -y curl"),
    st.just("RUN apt-get update && apt-get install -y vim"),
    st.lists(COMMANDS, min_size=1, max_size=2).map(lambda parts: "RUN " + " && ".join(parts)),
    st.builds("COPY {} {}".format, st.sampled_from(["a", "b"]), st.one_of(PLACES, FOLDERS)),
    st.builds("COPY --chown={} b {}".format, st.sampled_from(["app", "5"]), st.one_of(PLACES, FOLDERS)),
    st.builds("COPY x$OTHER {}".format, FOLDERS),
    st.builds("ARG {}".format, NAMES),
    st.builds("ENV {}=${}".format, NAMES, NAMES),
    st.builds("LABEL {}=${}".format, st.sampled_from(["one", "two"]), NAMES),
    st.builds("WORKDIR {}".format, st.sampled_from(["/d", "/app", "e"])),
)
REORDERING = [rule for rule in rules() if rule.code in ("DF102", "DF105")]


def reordered(text: str) -> str:
    def find(doc: Dockerfile) -> list[Finding]:
        return check(doc, Facts(doc, None, Settings(preset="all")), REORDERING)

    outcome = fix(text, find)
    assert not outcome.dropped
    assert fix(outcome.text, find).text == outcome.text
    return outcome.text


@given(st.lists(INSTRUCTIONS, min_size=2, max_size=9))
@settings(max_examples=400, deadline=None)
def test_a_reordered_stage_makes_the_same(instructions: list[str]) -> None:
    text = "\n".join(["FROM debian:12", "WORKDIR /w", *instructions]) + "\n"
    expected = Machine().run(text)
    if expected.failed:
        # a build that fails has no image to keep
        return
    fixed = reordered(text)
    assert sorted(fixed.splitlines()) == sorted(text.splitlines())
    assert Machine().run(fixed).state() == expected.state(), fixed


def test_the_machine_sees_a_wrong_order() -> None:
    right = "FROM a\nCOPY a /d/\nRUN chmod 600 /d/a\nARG X\nRUN env\n"
    for wrong in (
        "FROM a\nRUN chmod 600 /d/a\nCOPY a /d/\nARG X\nRUN env\n",
        "FROM a\nCOPY a /d/\nRUN chmod 600 /d/a\nRUN env\nARG X\n",
    ):
        assert Machine().run(wrong).state() != Machine().run(right).state()


def test_stages_of_the_oracle_do_move() -> None:
    text = "FROM debian:12\nWORKDIR /w\nARG GIT_SHA\nCOPY a /d/\nRUN chmod 600 /d/a\nRUN apt-get update && apt-get install -y curl\n"
    fixed = reordered(text)
    assert fixed.splitlines()[2:] == [
        "RUN apt-get update && apt-get install -y curl",
        "COPY a /d/",
        "RUN chmod 600 /d/a",
        "ARG GIT_SHA",
    ]
    assert Machine().run(fixed).state() == Machine().run(text).state()
