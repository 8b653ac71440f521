"""What the builder refuses although it can read it: flags, arities, names. One function an instruction."""

from __future__ import annotations

import re
from functools import singledispatch
from typing import TYPE_CHECKING

from dockerlint.lint.storage.lazy_regex import regex

from . import nodes
from .did_you_mean import most_alike
from .run_mounts import mount_problems

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

KEYWORDS = (
    "ADD ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL MAINTAINER ONBUILD RUN SHELL STOPSIGNAL USER VOLUME "
    "WORKDIR"
).split()

# How like a word must be to one that there is, to be held for it.
ALIKE = 0.6

# Flags by instruction: "text" takes a value, "bool" true or false or nothing, "list" may be given more than once.
FLAGS: dict[str, dict[str, str]] = {
    "FROM": {"platform": "text"},
    "RUN": {"mount": "list", "network": "text", "security": "text", "device": "list"},
    "COPY": {"from": "text", "chown": "text", "chmod": "text", "link": "bool", "parents": "bool", "exclude": "list"},
    "ADD": {
        "chown": "text",
        "chmod": "text",
        "link": "bool",
        "keep-git-dir": "bool",
        "checksum": "text",
        "unpack": "bool",
        "exclude": "list",
    },
    "HEALTHCHECK": {
        "interval": "text",
        "timeout": "text",
        "start-period": "text",
        "start-interval": "text",
        "retries": "text",
    },
}

CHOICES = {("RUN", "network"): ("default", "none", "host"), ("RUN", "security"): ("sandbox", "insecure")}

_NEEDS = {
    "FROM": "FROM takes one image, or `image AS name`",
    "COPY": "COPY needs at least one source and a destination",
    "ADD": "ADD needs at least one source and a destination",
    "ENV": "ENV must be `ENV key=value ...`",
    "LABEL": "LABEL must be `LABEL key=value ...`",
    "ARG": "ARG needs at least one name",
    "SHELL": 'SHELL must be a JSON list of at least one string: SHELL ["executable", "parameter"]',
    "HEALTHCHECK": "HEALTHCHECK must be `HEALTHCHECK [options] CMD command` or `HEALTHCHECK NONE`",
    "ONBUILD": "ONBUILD needs an instruction to trigger",
    "EXPOSE": "EXPOSE needs at least one port",
    "VOLUME": "VOLUME needs at least one path",
}

PROTOCOLS = ("tcp", "udp", "sctp")
# `[address:][host port:]port[-port][/protocol]`
PORTS = regex(r"(?:(?:[\d.]+|\[[\da-fA-F:]+\])?:)?(?:\d*(?:-\d+)?:)?(\d{1,9})(?:-(\d{1,9}))?(?:/(\w+))?\Z")
LAST_PORT = 65535
# Source: signal(7); the builder takes them in any case, with or without SIG, and numbers.
SIGNALS = frozenset(
    "ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM TRAP TSTP "
    "TTIN TTOU UNUSED URG USR1 USR2 VTALRM WINCH XCPU XFSZ RTMIN RTMAX".split()
)
REALTIME = regex(r"RTMIN\+(?:\d|1[0-5])\Z|RTMAX-(?:\d|1[0-4])\Z")

STAGE_NAME = regex(r"[a-z][a-z0-9\-_.]*\Z")
DURATION = regex(r"[+-]?(?:0|(?:\d+(?:\.\d*)?(?:ns|us|µs|μs|ms|s|m|h))+)\Z")
SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
SHORTEST_INTERVAL = 0.001


def validate(node: nodes.Instruction) -> Iterator[nodes.Problem]:
    """What the builder would say against one instruction."""
    yield from _flags(node)
    yield from _arguments(node)


def expected(keyword: str, unexpected: str | None) -> str:
    """A sentence for an instruction that does not parse; `unexpected` is the word that it stopped at."""
    name = keyword.upper()
    needs = _NEEDS.get(name, f"{name} needs exactly one argument")
    if unexpected is None:
        return needs
    if name in ("ENV", "LABEL"):
        return f"{needs}: no = in {unexpected!r}"
    return f"{needs}: {unexpected!r} is unexpected"


def unknown_instruction(keyword: str) -> str:
    """A sentence for a keyword that there is not, with the nearest one that there is."""
    return f"unknown instruction {keyword!r}" + _did_you_mean(keyword.upper(), KEYWORDS)


def _did_you_mean(word: str, known: Iterable[str]) -> str:
    """`: did you mean X?`, or nothing when nothing is near."""
    near = most_alike(word, known, ALIKE)
    return f": did you mean {near}?" if near else ""


def is_list_of_others(text: str) -> bool:
    """Whether a text is a JSON list that holds something besides strings."""
    if not text.startswith("["):
        return False
    import json

    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, list) and any(not isinstance(item, str) for item in value)


NOT_ONLY_STRINGS = "a list in exec form may hold strings only"


def _flags(node: nodes.Instruction) -> Iterator[nodes.Problem]:
    known = FLAGS.get(node.name, {})
    seen = set()
    for flag in node.flags:
        kind = known.get(flag.name)
        if kind is None:
            near = _did_you_mean(f"--{flag.name}", [f"--{name}" for name in known])
            yield nodes.Problem(flag.span, f"{node.name} has no flag --{flag.name}{near}")
            continue
        if flag.name in seen and kind != "list":
            yield nodes.Problem(flag.span, f"--{flag.name} is given twice")
        seen.add(flag.name)
        if kind == "bool" and flag.value is not None and flag.value.lower() not in ("true", "false"):
            yield nodes.Problem(flag.span, f"--{flag.name} must be true or false, not {flag.value!r}")
        if kind != "bool" and flag.value is None:
            yield nodes.Problem(flag.span, f"--{flag.name} needs a value")
        choices = CHOICES.get((node.name, flag.name))
        if choices and flag.value is not None and "$" not in flag.value and flag.value not in choices:
            yield nodes.Problem(flag.span, f"--{flag.name} must be one of {', '.join(choices)}, not {flag.value!r}")


@singledispatch
def _arguments(_node: nodes.Instruction) -> Iterator[nodes.Problem]:
    yield from ()


@_arguments.register(nodes.Bad)
def _bad(node: nodes.Bad) -> Iterator[nodes.Problem]:
    # in small letters, as the builder compares them: among capitals a long s would be an S
    if node.keyword.text.lower() not in map(str.lower, KEYWORDS):
        yield nodes.Problem(node.keyword.span, unknown_instruction(node.keyword.text))


@_arguments.register(nodes.From)
def _from(node: nodes.From) -> Iterator[nodes.Problem]:
    if node.alias and not STAGE_NAME.match(node.alias.text.lower()):
        rule = "it must start with a letter and hold only letters, digits, - _ ."
        yield nodes.Problem(node.alias.span, f"bad stage name {node.alias.text!r}: {rule}")


@_arguments.register(nodes.Run)
def _run(node: nodes.Run) -> Iterator[nodes.Problem]:
    yield from _form(node.form)
    for flag in node.flags:
        if flag.name == "mount" and flag.value is not None:
            yield from (nodes.Problem(flag.span, message) for message in mount_problems(flag.value))


@_arguments.register(nodes.CommandInstruction)
def _commandinstruction(node: nodes.CommandInstruction) -> Iterator[nodes.Problem]:
    yield from _form(node.form)


def _form(form: nodes.Exec | nodes.Shell | None) -> Iterator[nodes.Problem]:
    if isinstance(form, nodes.Shell) and is_list_of_others(form.text):
        yield nodes.Problem(form.span, NOT_ONLY_STRINGS)


@_arguments.register(nodes.Copy)
def _copy(node: nodes.Copy) -> Iterator[nodes.Problem]:
    words = " ".join(word.text for word in (*node.sources, node.destination))
    if not node.json and is_list_of_others(words):
        yield nodes.Problem(node.sources[0].span, NOT_ONLY_STRINGS)
    if any(heredoc.span == node.destination.span for heredoc in node.heredocs):
        yield nodes.Problem(node.destination.span, f"the destination of {node.name} cannot be a heredoc")


@_arguments.register(nodes.ShellChange)
def _shellchange(node: nodes.ShellChange) -> Iterator[nodes.Problem]:
    if not isinstance(node.form, nodes.Exec) or not node.form.words:
        yield nodes.Problem(node.span, _NEEDS["SHELL"])


@_arguments.register(nodes.Env)
def _env(node: nodes.Env) -> Iterator[nodes.Problem]:
    yield from _names(node.pairs, "ENV")


@_arguments.register(nodes.Label)
def _label(node: nodes.Label) -> Iterator[nodes.Problem]:
    yield from _names(node.pairs, "LABEL")


@_arguments.register(nodes.Arg)
def _arg(node: nodes.Arg) -> Iterator[nodes.Problem]:
    yield from _names(node.pairs, "ARG")


def _names(pairs: tuple[nodes.Pair, ...], keyword: str) -> Iterator[nodes.Problem]:
    for pair in pairs:
        if not pair.key.text:
            yield nodes.Problem(pair.span, f"{keyword} has a value without a name before the =")
        if pair.legacy and "=" in pair.key.text:
            yield nodes.Problem(pair.span, f'{keyword} has a quoted name: write name="value"')


@_arguments.register(nodes.Onbuild)
def _onbuild(node: nodes.Onbuild) -> Iterator[nodes.Problem]:
    trigger = node.trigger
    if trigger.name == "ONBUILD":
        yield nodes.Problem(trigger.keyword.span, "ONBUILD cannot trigger another ONBUILD")
    elif trigger.name in ("FROM", "MAINTAINER"):
        yield nodes.Problem(trigger.keyword.span, f"ONBUILD cannot trigger {trigger.name}")
    yield from validate(trigger)


@_arguments.register(nodes.Expose)
def _expose(node: nodes.Expose) -> Iterator[nodes.Problem]:
    for word in node.words:
        if "$" not in word.text and (wrong := _port_problem(word.text)):
            yield nodes.Problem(word.span, f"bad port {word.text!r}: {wrong}")


def _port_problem(text: str) -> str | None:
    match = PORTS.match(text)
    if not match:
        return "it must be like 80, 80/tcp or 8000-8010"
    first, last, protocol = match.groups()
    if int(first) > LAST_PORT or int(last or 0) > LAST_PORT:
        return f"ports end at {LAST_PORT}"
    if last and int(last) < int(first):
        return "the range ends before it starts"
    if protocol and protocol.lower() not in PROTOCOLS:
        return f"the protocol must be one of {', '.join(PROTOCOLS)}"
    return None


@_arguments.register(nodes.Volume)
def _volume(node: nodes.Volume) -> Iterator[nodes.Problem]:
    yield from (nodes.Problem(word.span, "VOLUME has an empty path") for word in node.words if not word.text.strip())


@_arguments.register(nodes.Stopsignal)
def _stopsignal(node: nodes.Stopsignal) -> Iterator[nodes.Problem]:
    text = node.argument.text
    name = text.upper().removeprefix("SIG")
    if "$" in text or name in SIGNALS or REALTIME.match(name) or (text.isdecimal() and int(text[:4]) > 0):
        return
    yield nodes.Problem(node.argument.span, f"unknown signal {text!r}{_did_you_mean(name, SIGNALS)}")


@_arguments.register(nodes.Healthcheck)
def _healthcheck(node: nodes.Healthcheck) -> Iterator[nodes.Problem]:
    kind = node.kind.text.upper()
    if kind not in ("CMD", "NONE"):
        yield nodes.Problem(node.kind.span, f"{_NEEDS['HEALTHCHECK']}, not {node.kind.text!r}")
    elif kind == "NONE" and node.form is not None:
        yield nodes.Problem(node.form.span, "HEALTHCHECK NONE takes no command")
    elif kind == "CMD" and node.form is None:
        yield nodes.Problem(node.span, "HEALTHCHECK CMD needs a command")
    yield from _form(node.form)
    for flag in node.flags:
        if flag.value is None or "$" in flag.value:
            continue
        if flag.name == "retries":
            yield from _retries(flag)
        elif flag.name in FLAGS["HEALTHCHECK"]:
            yield from _interval(flag)


def _retries(flag: nodes.Flag) -> Iterator[nodes.Problem]:
    if not re.match(r"[+]?\d{1,10}\Z", flag.value or ""):
        yield nodes.Problem(flag.span, f"--retries must be a whole number, 0 or more, not {flag.value!r}")


def _interval(flag: nodes.Flag) -> Iterator[nodes.Problem]:
    value = flag.value or ""
    if not DURATION.match(value):
        yield nodes.Problem(flag.span, f"--{flag.name} must be a duration such as 30s or 1m30s, not {value!r}")
        return
    seconds = sum(float(n) * SECONDS[unit] for n, unit in re.findall(r"(\d+(?:\.\d*)?)([a-zµμ]+)", value))
    if value.startswith("-") or 0 < seconds < SHORTEST_INTERVAL:
        yield nodes.Problem(flag.span, f"--{flag.name} cannot be less than 1ms")
