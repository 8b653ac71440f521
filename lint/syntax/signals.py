"""Signals as STOPSIGNAL takes them: names in any case, with or without SIG, and numbers."""

from __future__ import annotations

from dockerlint.lint.storage.lazy_regex import regex

from .did_you_mean import most_alike
from .go_values import integer

# Source: the package moby/sys/signal, its list for Linux; signal(7).
SIGNALS = frozenset(
    "ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM TRAP TSTP "
    "TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ RTMIN RTMAX".split()
)
REALTIME = regex(r"RTMIN\+(?:[1-9]|1[0-5])\Z|RTMAX-(?:[1-9]|1[0-4])\Z")
# How like a name must be to one that there is, to be held for it.
ALIKE = 0.6


def signal_problem(text: str) -> str | None:
    """Why the builder refuses a signal; None when it does not."""
    number = integer(text, 64)
    name = text.upper().removeprefix("SIG")
    if number or (number is None and (name in SIGNALS or REALTIME.match(name))):
        return None
    near = most_alike(name, SIGNALS, ALIKE)
    return f"unknown signal {text!r}" + (f": did you mean {near}?" if near else "")
