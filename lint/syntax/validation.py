"""What the builder refuses although it can read it: flags, arities, names. One function an instruction."""

from __future__ import annotations

from functools import singledispatch
from typing import TYPE_CHECKING

from dockerlint.lint.storage.lazy_regex import regex

from . import nodes
from .did_you_mean import most_alike
from .go_values import integer, is_boolean, nanoseconds
from .span import Span

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
    "SHELL": 'SHELL must be a JSON array of at least one string: SHELL ["executable", "parameter"]',
    "HEALTHCHECK": "HEALTHCHECK must be `HEALTHCHECK [options] CMD command` or `HEALTHCHECK NONE`",
    "ONBUILD": "ONBUILD needs an instruction to trigger",
    "EXPOSE": "EXPOSE needs at least one port",
    "VOLUME": "VOLUME needs at least one path",
}

STAGE_NAME = regex(r"[a-z][a-z0-9\-_.]*\Z")
SHORTEST_INTERVAL = 10**6
RETRIES_BITS = 32
# Instructions whose flags the builder does not look at. Source: BuildKit, frontend/dockerfile/instructions/parse.go.
FLAGS_UNREAD = frozenset({"ARG", "STOPSIGNAL"})
# Bytes of a line that the builder still reads. Source: Go's bufio.MaxScanTokenSize, less the line's end.
LONGEST_LINE = 65535
CHECK_OPTIONS = ("skip", "error", "experimental")


def is_stage_name(text: str) -> bool:
    """Whether a stage can be called so; case does not count."""
    return STAGE_NAME.match(text.lower()) is not None


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
    first, *others = keyword.split(None, 1)
    if others and first.upper() in KEYWORDS:
        code = ord(keyword[len(first)])
        return f"the character after {first} is U+{code:04X}, which the builder does not read as a space: type a space"
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


NOT_ONLY_STRINGS = "a JSON array may hold strings only"


def _flags(node: nodes.Instruction) -> Iterator[nodes.Problem]:
    if node.name in FLAGS_UNREAD or (isinstance(node, nodes.Healthcheck) and node.kind.text.upper() == "NONE"):
        return
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
        if choices and flag.value is not None and flag.value not in choices:
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
    if node.alias and not is_stage_name(node.alias.text):
        rule = "it must start with a letter and hold only letters, digits, - _ ."
        yield nodes.Problem(node.alias.span, f"bad stage name {node.alias.text!r}: {rule}")


@_arguments.register(nodes.Run)
def _run(node: nodes.Run) -> Iterator[nodes.Problem]:
    yield from _form(node.form)


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


@_arguments.register(nodes.Volume)
def _volume(node: nodes.Volume) -> Iterator[nodes.Problem]:
    if not node.words:
        yield nodes.Problem(node.span, _NEEDS["VOLUME"])
    elif not node.json and is_list_of_others(" ".join(word.text for word in node.words)):
        yield nodes.Problem(node.words[0].span, NOT_ONLY_STRINGS)


@_arguments.register(nodes.Healthcheck)
def _healthcheck(node: nodes.Healthcheck) -> Iterator[nodes.Problem]:
    kind = node.kind.text.upper()
    if kind not in ("CMD", "NONE"):
        yield nodes.Problem(node.kind.span, f"{_NEEDS['HEALTHCHECK']}, not {node.kind.text!r}")
    elif kind == "NONE" and node.form is not None:
        yield nodes.Problem(node.form.span, "HEALTHCHECK NONE takes no command")
    elif kind == "CMD" and (node.form is None or (isinstance(node.form, nodes.Exec) and not node.form.words)):
        yield nodes.Problem(node.span, "HEALTHCHECK CMD needs a command")
    yield from _form(node.form)
    if kind == "NONE":
        return
    for flag in node.flags:
        if not flag.value:
            continue
        if flag.name == "retries":
            yield from _retries(flag)
        elif flag.name in FLAGS["HEALTHCHECK"]:
            yield from _interval(flag)


def _retries(flag: nodes.Flag) -> Iterator[nodes.Problem]:
    count = integer(flag.value or "", RETRIES_BITS)
    if count is None or count < 0:
        yield nodes.Problem(flag.span, f"--retries must be a whole number, 0 or more, not {flag.value!r}")


def _interval(flag: nodes.Flag) -> Iterator[nodes.Problem]:
    duration = nanoseconds(flag.value or "")
    if duration is None:
        yield nodes.Problem(flag.span, f"--{flag.name} must be a duration such as 30s or 1m30s, not {flag.value!r}")
    elif duration and duration < SHORTEST_INTERVAL:
        yield nodes.Problem(flag.span, f"--{flag.name} cannot be less than 1ms")


def long_lines(text: str) -> Iterator[nodes.Problem]:
    """The lines, comments among them, that are too long for the builder to read."""
    if len(text) * 4 <= LONGEST_LINE:
        return
    at = 0
    for line in text.split("\n"):
        if len(line) * 4 > LONGEST_LINE and len(line.encode("utf-8", "surrogateescape")) > LONGEST_LINE:
            yield nodes.Problem(
                Span(at, at + len(line)),
                f"the line is longer than {LONGEST_LINE} bytes: put it into a file, or split it with line continuations",
            )
        at += len(line) + 1


def check_problem(value: str) -> str | None:
    """Why the builder refuses what stands behind `check=`; None when it does not."""
    for option in value.split(";"):
        name, equals, text = option.partition("=")
        if not equals or name not in CHECK_OPTIONS:
            return f"`check` has no option {option.strip()!r}: it must be skip=, error= or experimental=, divided by semicolons"
        if name == "error" and not is_boolean(text.strip()):
            return f"`check=error` must be true or false, not {text.strip()!r}"
    return None
