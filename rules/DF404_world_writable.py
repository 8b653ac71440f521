"""DF404: files are made writable for everybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.analysis.facts import TESTS
from dockerlint.lint.catalogue.tool import unwrapped
from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.shell.script import Command
    from dockerlint.lint.syntax.nodes import Word

OCTAL = regex(r"[0-7]{3,5}\Z")
CLAUSE = regex(r"([ugoa]*)((?:[-+=][rwxXstugo]*)+)\Z")
OPERATION = regex(r"([-+=])([rwxXstugo]*)")
# Commands that take a mode as an option's value; chmod takes it as its first word.
MODE_FLAGS = {"mkdir": ("-m", "--mode"), "install": ("-m", "--mode")}
STICKY = 0o1000
OTHERS_READ_WRITE = 0o006


@rule(name="world-writable", severity=Severity.WARNING, needs=("chmod", "mkdir", "install"))
def world_writable(facts: Facts) -> Iterator[Finding]:
    """Files are made writable for everybody.

    Every process in the container, whatever its user, can then replace programs and settings. Give the files to the user or
    group that needs to write them. By default dlint leaves images FROM scratch, which have no other users, and images for tests
    or development alone.

    ```dockerfile bad
    FROM debian:bookworm-slim
    COPY app /app
    RUN chmod -R 777 /app
    ```

    ```dockerfile bad
    FROM debian:bookworm-slim
    COPY --chmod=777 app /app
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    COPY --chown=app:app app /app
    RUN chmod -R g+w /app && mkdir -m 1777 /scratch
    ```

    **Source:** SonarQube S2612; the manual page of chmod.
    """
    for copy in facts.every(nodes.Copy):
        flag = copy.flag("chmod")
        if flag and flag.value and opens(flag.value) and facts.in_image(copy) and not _is_harmless(facts, copy):
            yield Finding(flag.span, f"`--chmod={flag.value}` lets every user write to {copy.destination.text}")
    for run in facts.every(nodes.Run):
        if facts.in_image(run) and not _is_harmless(facts, run):
            for command in facts.commands(run):
                yield from _check(command)


def _is_harmless(facts: Facts, node: nodes.Instruction) -> bool:
    """Whether nobody else is in the image, or it is for tests or to work in."""
    stage = facts.find_stage(node)
    if not facts.quiet or stage is None:
        return False
    target = facts.graph.target or stage
    return facts.image(stage) == "scratch" or bool(TESTS.search(stage.name or "")) or not facts.starts_program(target)


def _check(command: Command) -> Iterator[Finding]:
    words = unwrapped(command.words)
    name = words[0].text.rsplit("/", 1)[-1] if words else ""
    mode = _chmod_mode(words) if name == "chmod" else _option(words, MODE_FLAGS.get(name, ()))
    if mode is None:
        return
    word, text = mode
    if not opens(text):
        return
    paths = [item.text for item in words[1:] if item is not word and not item.text.startswith("-")]
    what = paths[-1] if paths else "what it creates"
    yield Finding(word.span, f"mode {text} lets every user write to {what[:80]}")


def _chmod_mode(words: tuple[Word, ...]) -> tuple[Word, str] | None:
    """The mode of a chmod; `-w` and its like take rights away."""
    for word in words[1:]:
        if not word.text.startswith("-"):
            return word, word.text
        if word.text.startswith("--reference"):
            return None
    return None


def _option(words: tuple[Word, ...], flags: tuple[str, ...]) -> tuple[Word, str] | None:
    for index, word in enumerate(words[:-1]):
        if word.text in flags:
            return words[index + 1], words[index + 1].text
    for word in words:
        for flag in flags:
            if word.text.startswith(f"{flag}=") or (
                len(flag) == 2 and word.text.startswith(flag) and word.text[2:3].isdigit()
            ):
                return word, word.text[len(flag) :].lstrip("=")
    return None


def opens(mode: str) -> bool:
    """Whether a mode gives others the right to write; folders such as /tmp, with the sticky bit, are fit for that.

    Nor is a drop box meant, where others may put something but not look.
    """
    if OCTAL.match(mode):
        bits = int(mode, 8)
        return bits & OTHERS_READ_WRITE == OTHERS_READ_WRITE and not bits & STICKY
    allowed = sticky = False
    for part in mode.split(","):
        match = CLAUSE.match(part)
        if match is None:
            return False
        for sign, rights in OPERATION.findall(match[2]):
            if "t" in rights:
                sticky = sign != "-"
            # without a letter in front the umask decides, and it keeps others from writing
            if {"o", "a"} & set(match[1]):
                allowed = "w" in rights if sign == "=" else sign == "+" if "w" in rights else allowed
    return allowed and not sticky
