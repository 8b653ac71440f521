"""`dlint ast`: the tree of a Dockerfile."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.syntax.nodes import Dockerfile


@click.command("ast")
@click.argument("file")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "json", "buildkit"]),
    default="text",
    help="Output format; buildkit is the notation of BuildKit's parser dump.",
)
def command(file: str, format_: str) -> int:
    """Show the tree of a Dockerfile.

    What the builder would refuse goes to standard error, and the exit status is then 1.

    \b
    dlint ast Dockerfile
    dlint ast --format json - < Dockerfile
    """
    from dockerlint.lint.report.escaping import sentence, visible
    from dockerlint.lint.report.places import place
    from dockerlint.lint.syntax.parser import parse
    from dockerlint.lint.syntax.source import STDIN, read, read_stdin

    source = read_stdin() if file == STDIN else read(Path(file))
    doc = parse(source.text)
    click.echo(_shown(doc, format_))
    for problem in doc.problems:
        line, column, *_ = place(doc, problem.span)
        click.echo(f"{visible(source.path)}:{line}:{column}: {sentence(problem.message)}", err=True)
    return 1 if doc.problems else 0


def _shown(doc: Dockerfile, format_: str) -> str:
    if format_ == "buildkit":
        from dockerlint.lint.syntax.buildkit_dump import buildkit

        return buildkit(doc).rstrip("\n")
    tree = _tree(doc)
    return json.dumps(tree, indent=1) if format_ == "json" else "\n".join(_lines(tree))


def _tree(doc: Dockerfile) -> dict[str, Any]:
    return {
        "type": "Dockerfile",
        "escape": doc.escape,
        **{name: _value(doc, getattr(doc, name)) for name in ("directives", "comments", "instructions")},
        "stages": [
            {"index": stage.index, "name": _value(doc, stage.name), "lines": [doc.line(stage.span.start), doc.line(stage.span.end)]}
            for stage in doc.stages
        ],
    }


def _value(doc: Dockerfile, value: Any) -> Any:
    """Nodes as objects with their type, spans as lines and columns, the rest as it is."""
    from dockerlint.lint.report.escaping import clean
    from dockerlint.lint.report.places import place
    from dockerlint.lint.syntax.span import Span

    if isinstance(value, Span):
        return place(doc, value)._asdict()
    if isinstance(value, Struct):
        parts = {name: _value(doc, getattr(value, name)) for name in value.__struct_fields__}
        return {"type": type(value).__name__, **parts}
    if isinstance(value, tuple):
        return [_value(doc, item) for item in value]
    return clean(value) if isinstance(value, str) else value


def _lines(value: Any, name: str = "", depth: int = 0) -> Iterator[str]:
    """An object a line, with its place and text; what it is made of below it, indented."""
    from dockerlint.lint.report.escaping import visible

    indent, label = "  " * depth, f"{name}: " if name else ""
    if isinstance(value, dict) and "type" in value:
        text = f" {json.dumps(value['text'], ensure_ascii=True)}" if "text" in value else ""
        yield f"{indent}{label}{value['type']}{_place(value.get('span'))}{text}"
        for key, item in value.items():
            if key not in ("type", "span", "text"):
                yield from _lines(item, key, depth + 1)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _lines(item, f"{name}[{number}]", depth)
    elif isinstance(value, dict):
        said = _place(value) if "end_column" in value else " ".join(f"{key}={visible(str(item))}" for key, item in value.items())
        yield f"{indent}{label}{said.strip()}"
    elif value is not None:
        yield f"{indent}{label}{json.dumps(value)}"


def _place(span: dict[str, int] | None) -> str:
    return f" {span['line']}:{span['column']}-{span['end_line']}:{span['end_column']}" if span else ""
