"""The parts of a port as EXPOSE takes it: `[address:][host port:]port[/protocol]`."""

from __future__ import annotations

from msgspec import Struct

from .word_expansion import ExpansionError, variables


class Port(Struct, frozen=True):
    """What is written before the container's port, that port, and the protocol behind it; empty where there is none."""

    host: str
    port: str
    protocol: str

    @classmethod
    def parse(cls, text: str, escape: str) -> Port | None:
        """The parts of a word; colons and slashes within variables divide nothing. None for a word that is no good."""
        try:
            references = variables(text, escape)
        except ExpansionError:
            return None
        blanked = text
        for reference in references:
            filler = "0" * (reference.end - reference.start)
            blanked = blanked[: reference.start] + filler + blanked[reference.end :]
        colon = blanked.rfind(":") + 1
        slash = blanked.find("/", colon)
        end = len(text) if slash < 0 else slash
        return cls(text[: max(colon - 1, 0)], text[colon:end], text[end + 1 :])
