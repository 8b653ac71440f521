"""Writes to standard output and standard error."""

from __future__ import annotations

import os
import sys


def write(text: str | bytes, *, err: bool = False, colour: bool | None = None) -> None:
    """Write all of a text at once, so that what goes to both streams keeps its order. Bytes go out as they are."""
    if os.name == "nt":
        # old consoles know no escape sequences: click turns them into calls
        import click

        click.echo(text, nl=False, err=err, color=colour)
        return
    stream = sys.stderr if err else sys.stdout
    if isinstance(text, bytes):
        stream.flush()
        stream.buffer.write(text)
    else:
        stream.write(text)
    stream.flush()
