"""The tree in the notation of BuildKit's parser dump, to hold one parser against the other."""

from __future__ import annotations

from functools import singledispatch
from typing import TYPE_CHECKING

from . import nodes

if TYPE_CHECKING:
    from collections.abc import Iterable

ESCAPES = {
    '"': '\\"',
    "\\": "\\\\",
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
}


def buildkit(doc: nodes.Dockerfile) -> str:
    """One line an instruction: `(keyword [flags] "argument" ...)`."""
    return "".join(f"({_instruction(doc, node)})\n" for node in doc.instructions)


def _instruction(doc: nodes.Dockerfile, node: nodes.Instruction) -> str:
    head = node.keyword.text.lower()
    if node.flags:
        head += f" [{' '.join(_quote(_flag(flag)) for flag in node.flags)}]"
    if isinstance(node, nodes.Onbuild):
        return f"{head} ({_instruction(doc, node.trigger)})"
    values = _bad(doc, node) if isinstance(node, nodes.Bad) else _values(node)
    return " ".join([head, *map(_quote, values)])


def _flag(flag: nodes.Flag) -> str:
    return f"--{flag.name}" if flag.value is None else f"--{flag.name}={flag.value}"


@singledispatch
def _values(node: nodes.Instruction) -> Iterable[str]:
    """The arguments of an instruction, as BuildKit lists them."""
    raise TypeError(f"no notation for {type(node).__name__}")


@_values.register(nodes.From)
def _from(node: nodes.From) -> Iterable[str]:
    words = (node.image, node.as_keyword, node.alias)
    return [word.text for word in words if word]


@_values.register(nodes.Run)
@_values.register(nodes.CommandInstruction)
@_values.register(nodes.ShellChange)
def _command_line(node: nodes.Run | nodes.CommandInstruction | nodes.ShellChange) -> Iterable[str]:
    return _form(node.form)


@_values.register(nodes.Healthcheck)
def _healthcheck(node: nodes.Healthcheck) -> Iterable[str]:
    return [node.kind.text, *_form(node.form)]


@_values.register(nodes.Copy)
def _copy(node: nodes.Copy) -> Iterable[str]:
    return [word.text for word in (*node.sources, node.destination)]


@_values.register(nodes.Env)
@_values.register(nodes.Label)
def _pairs(node: nodes.Env | nodes.Label) -> Iterable[str]:
    for pair in node.pairs:
        yield from (pair.key.text, pair.value.text if pair.value else "", "" if pair.legacy else "=")


@_values.register(nodes.Arg)
def _arg(node: nodes.Arg) -> Iterable[str]:
    return [pair.key.text if pair.value is None else f"{pair.key.text}={pair.value.text}" for pair in node.pairs]


@_values.register(nodes.Words)
def _words(node: nodes.Words) -> Iterable[str]:
    return [word.text for word in node.words]


@_values.register(nodes.Text)
def _text(node: nodes.Text) -> Iterable[str]:
    return [node.argument.text]


def _form(form: nodes.Exec | nodes.Shell | None) -> list[str]:
    if form is None:
        return []
    return [word.text for word in form.words] if isinstance(form, nodes.Exec) else [form.text]


def _bad(doc: nodes.Dockerfile, node: nodes.Bad) -> list[str]:
    """What BuildKit's first pass makes of an instruction that its second one refuses."""
    text = "".join(doc.source(piece) for piece in doc.pieces(node.span))[len(node.keyword.text) :].strip()
    if node.name in ("FROM", "EXPOSE", "VOLUME", "COPY", "ADD"):
        return text.split()
    return [text] if text else []


def _quote(text: str) -> str:
    return '"' + "".join(map(_quoted, text)) + '"'


def _quoted(char: str) -> str:
    if char in ESCAPES:
        return ESCAPES[char]
    if char == " " or char.isprintable():
        return char
    code = ord(char)
    # a byte that is no UTF-8, as Go's strconv.Quote has it
    code = code - 0xDC00 if 0xDC80 <= code <= 0xDCFF else code
    if code < 0x80 or code != ord(char):
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
