"""DF405: the verification of certificates, signatures or host keys is switched off."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from msgspec import Struct

from dockerlint.fixers.edits import delete_instruction, remove_command, remove_word
from dockerlint.fixers.refusal import Refusal, answered
from dockerlint.lint.catalogue import tables
from dockerlint.lint.catalogue.name_patterns import matches_any
from dockerlint.lint.catalogue.tool import unwrapped
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.span import Edit, Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.shell.script import Command
    from dockerlint.lint.syntax.nodes import Dockerfile, Run, Word

BY_HAND = Refusal("more of the command hangs on it: take it out by hand, and add the certificate or key that is missing")
# How the patterns of texts are meant: a text may be a line of a file, or several, in any case of letters.
TEXT = re.IGNORECASE | re.MULTILINE


class _Option(Struct, frozen=True):
    commands: tuple[str, ...]
    flags: tuple[str, ...]
    what: str
    value: bool
    bundle: bool
    value_letters: str


class _VerificationData(Struct, frozen=True):
    """The settings by the command's name, the variables by theirs; of each text, what it holds in lower case, first."""

    options: tuple[_Option, ...]
    settings: dict[str, list[tuple[tuple[str, ...], str]]]
    variables: dict[str, list[tuple[tuple[str, ...], str]]]
    texts: tuple[tuple[str, re.Pattern[str], str], ...]


@rule(name="verification-off", severity=Severity.WARNING)
def verification_off(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """The verification of certificates, signatures or host keys is switched off.

    Anyone between the builder and the server can then put files into the image. Install the missing certificate or key instead.

    ```dockerfile bad
    FROM debian:bookworm-slim
    RUN curl -fsSLk https://example.com/tool.tar.gz | tar -xz
    ```

    ```dockerfile fixed
    FROM debian:bookworm-slim
    RUN curl -fsSL https://example.com/tool.tar.gz | tar -xz
    ```

    ```dockerfile bad
    FROM node:22-slim
    ENV NODE_TLS_REJECT_UNAUTHORIZED=0
    ```

    ```dockerfile fixed
    FROM node:22-slim
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    COPY internal-ca.crt /usr/local/share/ca-certificates/
    RUN update-ca-certificates && curl -fsSL https://example.com/tool.tar.gz | tar -xz
    ```

    **Fix safety:** always unsafe: the build fails where the certificate or key is not known.

    **Source:** Checkov CKV2_DOCKER_2 to 16; SonarQube S4830; the tools' manual pages.
    """
    for node in facts.every(nodes.Env):
        yield from _pairs(doc, node)
    for argument in facts.every(nodes.Arg):
        yield from _pairs(doc, argument)
    for run in facts.every(nodes.Run):
        commands = facts.commands(run)
        line = " ".join([word.text for command in commands for word in command.words]).lower()
        texts = [text for text in _data().texts if text[0] in line]
        for command in commands:
            yield from _of_command(doc, facts, run, command)
            yield from _of_texts(command, texts)


def _pairs(doc: Dockerfile, node: nodes.Env | nodes.Arg) -> Iterator[Finding]:
    for pair in node.pairs:
        what = _by_variable(pair.key.text, pair.value.text if pair.value else "")
        if what:
            fix: Fix | Refusal = Refusal("the instruction sets more than that: take it out by hand")
            if len(node.pairs) == 1 and node in doc.instructions:
                fix = Fix(f"remove `{pair.key.text}`", (delete_instruction(doc, node),), Applicability.UNSAFE)
            yield answered(pair.span, f"`{pair.key.text}` turns off verification of {what}", fix)


def _of_command(doc: Dockerfile, facts: Facts, run: Run, command: Command) -> Iterator[Finding]:
    for assignment in (*command.assignments, *(command.arguments if command.name in ("export", "env") else ())):
        name, _, value = assignment.text.partition("=")
        what = _by_variable(name, value)
        if what:
            yield answered(assignment.span, f"`{name}` turns off verification of {what}", BY_HAND)
    words = unwrapped(command.words)
    name = words[0].text.rsplit("/", 1)[-1] if words else ""
    plain = isinstance(run.form, nodes.Shell)
    for option in _options_of(name):
        yield from _options(doc, words, option, plain=plain)
    setting = next((what for wanted, what in _data().settings.get(name, ()) if _is_setting(words, wanted)), None)
    if setting:
        script = facts.script(run)
        edit = remove_command(doc, script, command) if script else None
        text = " ".join(word.text for word in words)
        fix: Fix | Refusal = BY_HAND
        if edit:
            fix = Fix(f"remove `{text[:60]}`", (edit,), Applicability.UNSAFE)
        yield answered(command.span, f"`{text[:60]}` turns off verification of {setting}", fix)


def _of_texts(command: Command, texts: Sequence[tuple[str, re.Pattern[str], str]]) -> Iterator[Finding]:
    """What a command's words hold that is a line of a configuration file."""
    words = unwrapped(command.words)
    for _, pattern, what in texts:
        for word in words[1:]:
            if pattern.search(word.text):
                yield answered(word.span, f"this line turns off verification of {what}", BY_HAND)


def _options(doc: Dockerfile, words: tuple[Word, ...], option: _Option, *, plain: bool) -> Iterator[Finding]:
    for index, word in enumerate(words[1:], start=1):
        flag = next((flag for flag in option.flags if word.text == flag), None)
        if flag is None and option.value:
            flag = next((flag for flag in option.flags if word.text.startswith(flag + "=")), None)
        span = word.span
        edit: Edit | None = None
        if flag is not None:
            if option.value and word.text == flag and index + 1 < len(words):
                span = Span(span.start, words[index + 1].span.end)
            # `-o StrictHostKeyChecking=no`, `-c http.sslVerify=false`: the option goes with its value
            if not flag.startswith("-") and words[index - 1].text.startswith("-"):
                span = Span(words[index - 1].span.start, span.end)
            edit = remove_word(doc, span)
        elif option.bundle and (letter := _bundled(word.text, option)):
            flag = f"-{letter}"
            source = doc.source(word.span)
            edit = Edit(word.span, source.replace(letter, "", 1)) if source == word.text else None
        if flag is None:
            continue
        # of words of a JSON list the commas would have to go too
        fix: Fix | Refusal = BY_HAND
        if edit and plain:
            fix = Fix(f"remove `{flag}`", (edit,), Applicability.UNSAFE)
        yield answered(word.span, f"`{flag}` turns off verification of {option.what}", fix)


def _bundled(text: str, option: _Option) -> str | None:
    """The letter within `-fsSLk` that is one of the options; those behind a letter with a value are its value."""
    if not text.startswith("-") or text.startswith("--") or len(text) < 3:
        return None
    letters = {flag[1] for flag in option.flags if len(flag) == 2}
    for char in text[1:]:
        if char in letters:
            return char
        if char in option.value_letters:
            return None
    return None


def _is_setting(words: tuple[Word, ...], wanted: tuple[str, ...]) -> bool:
    """Whether the wanted words are among those behind a command's name, in their order."""
    texts = iter(word.text.lower() for word in words[1:])
    return all(item.lower() in texts for item in wanted)


def _by_variable(name: str, value: str) -> str | None:
    text = value.strip("\"'").lower()
    for values, what in _data().variables.get(name, ()):
        if text in values or ("*" in values and text not in ("", "0", "false") and "$" not in text):
            return what
    return None


@lru_cache(1000)
def _options_of(name: str) -> tuple[_Option, ...]:
    """The options of a command, by its name without a folder."""
    return tuple(option for option in _data().options if matches_any(name, option.commands))


@cache
def _data() -> _VerificationData:
    data = tables.table("lint/catalogue/data/verification.toml")
    settings: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for item in data["setting"]:
        name, *words = item["words"]
        settings.setdefault(name, []).append((tuple(words), item["what"]))
    variables: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for item in data["variable"]:
        for name in item["names"]:
            variables.setdefault(name, []).append((tuple(item["values"]), item["what"]))
    return _VerificationData(
        tuple(
            _Option(
                tuple(item["commands"]),
                tuple(item["flags"]),
                item["what"],
                item.get("value", False),
                item.get("bundle", False),
                item.get("value-letters", ""),
            )
            for item in data["option"]
        ),
        settings,
        variables,
        tuple((item["holds"], regex(item["pattern"], TEXT), item["what"]) for item in data["text"]),
    )
