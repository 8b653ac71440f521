"""`dlint cost --html`: the page is written whole, or not at all."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .exit_status import OK, USAGE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dockerlint.fixers.cost.page.view import EstimateView

    from .judged import Judged


def check_page() -> None:
    """Raises UsageError when the library that draws is not there: before the work, not after it."""
    if importlib.util.find_spec("pygal") is None:
        raise click.UsageError("--html draws with pygal, which is not installed: pip install 'dockerlint[html]'")


def write_page(name: str, judged: Sequence[Judged], *, compare: bool) -> int:
    """Writes the page of all files; OK, or USAGE after a sentence that says why it cannot be written."""
    from dockerlint.fixers.cost.page import page
    from dockerlint.lint.report.escaping import sentence
    from dockerlint.lint.storage.safe_write import WriteError, put

    views = [_compared(*judged)] if compare else [_view(item) for item in judged]
    try:
        put(Path(name), page(views).encode("utf-8"))
    except WriteError as error:
        click.echo(f"dlint: {sentence(str(error))}", err=True)
        return USAGE
    return OK


def _compared(one: Judged, other: Judged) -> EstimateView:
    from dockerlint.fixers.cost.page.view import EstimatePair, EstimateView

    names = one.found.file, other.found.file
    if names[0] == names[1]:
        names = f"{names[0]} (PATH)", f"{names[1]} (OTHER)"
    return EstimateView(one.found, EstimatePair((one.found, other.found), names, is_compared=True), **one.fast)


def _view(item: Judged) -> EstimateView:
    from dockerlint.fixers.cost.page.view import EstimatePair, EstimateView

    names = "before", "after dlint --fix"
    return EstimateView(item.found, EstimatePair(item.sides, names, item.changes) if item.sides else None, **item.fast)
