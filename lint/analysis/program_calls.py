"""Commands of RUN scripts by the program that they call, for rules about programs that are no tools of the catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dockerlint.lint.catalogue.tool import unwrapped

from .facts import TRANSPARENT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.shell.script import Command
    from dockerlint.lint.syntax.nodes import Run, Word

    from .facts import Facts


class Call(Struct, frozen=True):
    """A command and its words from the program's name on."""

    command: Command
    words: tuple[Word, ...]

    @property
    def name(self) -> str:
        """The program's name without its folder."""
        return self.words[0].text.rsplit("/", 1)[-1]

    @property
    def texts(self) -> list[str]:
        """The words behind the name."""
        return [word.text for word in self.words[1:]]

    def value(self, long: str, short: str) -> str | None:
        """The value of an option: `--name value`, `--name=value`, `-n value`, `-nvalue` or, in a bundle, `-xn value`."""
        texts = self.texts
        for at, text in enumerate(texts):
            following = texts[at + 1] if at + 1 < len(texts) else None
            if text.startswith(long + "="):
                return text.partition("=")[2]
            if text == long:
                return following
            if text.startswith("-") and not text.startswith("--") and short in text[1:]:
                return text.partition(short)[2] or following
        return None


def calls(facts: Facts, run: Run, *names: str) -> Iterator[Call]:
    """The commands of a RUN that call one of these programs, behind `sudo`, `env` and their like too."""
    for command in facts.commands(run):
        words = _as_hadolint(command.words) if facts.as_hadolint else unwrapped(command.words)
        if words and (words[0].text if facts.as_hadolint else words[0].text.rsplit("/", 1)[-1]) in names:
            yield Call(command, words)


def _as_hadolint(words: tuple[Word, ...]) -> tuple[Word, ...]:
    at = 0
    while at < len(words) and words[at].text in TRANSPARENT:
        at += 1
    return words[at:]
