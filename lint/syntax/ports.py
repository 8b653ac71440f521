"""The parts of a port as EXPOSE takes it: `[address:][host port:]port[/protocol]`."""

from __future__ import annotations

import ipaddress

from msgspec import Struct

from .go_values import unsigned
from .word_expansion import ExpansionError, variables

PROTOCOLS = ("tcp", "udp", "sctp")
PORT_BITS = 16
LIKE = "it must be like 80, 80/tcp or 8000-8010"


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


def port_problem(text: str) -> str | None:
    """Why the builder refuses a word of EXPOSE that holds no variables any more; None when it does not."""
    *host, container = text.split(":")
    port, _, protocol = container.partition("/")
    if protocol and protocol.lower() not in PROTOCOLS:
        return f"the protocol must be one of {', '.join(PROTOCOLS)}"
    ports = _range(port)
    if ports is None:
        return _range_problem(port)
    address = ":".join(host[:-1])
    if address and not _is_address(address):
        return f"{address!r} is not an address"
    if host and host[-1]:
        outer = _range(host[-1])
        if outer is None:
            return _range_problem(host[-1])
        if len(ports) not in (1, len(outer)):
            return "the two ranges differ in length"
    return None


def _range(text: str) -> range | None:
    """The ports that a number or `first-last` stands for; None when it is none."""
    first, dash, last = text.partition("-")
    start = unsigned(first.removeprefix("+"), PORT_BITS)
    end = unsigned(last.removeprefix("+"), PORT_BITS) if dash else start
    if start is None or end is None or end < start:
        return None
    return range(start, end + 1)


def _range_problem(text: str) -> str:
    first, _, last = text.partition("-")
    if not first.isdecimal() or not (last or first).isdecimal():
        return LIKE
    if unsigned(first, PORT_BITS) is None or unsigned(last or first, PORT_BITS) is None:
        return f"ports end at {2**PORT_BITS - 1}"
    return "the range ends before it starts"


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text[1:-1] if text.startswith("[") and text.endswith("]") else text)
    except ValueError:
        return False
    return True
