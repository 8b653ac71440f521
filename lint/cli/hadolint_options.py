"""The options of `dlint check` that are there for hands that know hadolint: its names, with what they mean there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dockerlint.lint.report.render import HADOLINT_NAMES

from .config_layers import LEVELS
from .shared_options import codes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


def hadolint_options(function: Callable[..., int]) -> Callable[..., int]:
    """Thresholds, levels of rules, registries, labels and comments by hadolint's names."""
    for option in reversed((*_levels(), *_others())):
        function = option(function)
    return function


def _levels() -> Iterator[Callable[..., Callable[..., int]]]:
    for level in LEVELS:
        text = f"Give the findings of these rules the level `{level}`."
        yield click.option(f"--{level}", multiple=True, metavar="CODES", shell_complete=codes, help=text)


def _others() -> Iterator[Callable[..., Callable[..., int]]]:
    # read when the options are used, not when they are declared
    yield click.option(
        "-t", "--failure-threshold", type=click.Choice([*LEVELS, "ignore", "none"]),
        help="Exit with 1 on findings of this level or worse, as --fail-on; on any finding with ignore and none.",
    )  # fmt: skip
    yield click.option("--trusted-registry", multiple=True, metavar="REGISTRY", help="Registry that base images may come from (DL3026).")
    yield click.option(
        "--require-label", multiple=True, metavar="LABEL[:KIND]", callback=_labels, help="Required label and the type of its value (DL3049 to DL3058)."
    )
    yield click.option("--strict-labels", is_flag=True, help="Forbid labels that are not required (DL3050).")
    yield click.option("--disable-ignore-pragma", is_flag=True, help="Ignore the comments that ignore findings.")
    yield click.option("--file-path-in-report", metavar="PATH", help="Path to show in checkstyle, codeclimate, gitlab, junit and sonarqube reports.")


def format_name(ctx: click.Context, option: click.Parameter, value: str | None) -> str | None:  # noqa: ARG001 - click's signature
    """A format by dlint's name."""
    return HADOLINT_NAMES.get(value, value) if value else value


def _labels(ctx: click.Context, option: click.Parameter, given: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """The labels with their kinds; as in hadolint one without a kind is a text."""
    if not given or ctx.resilient_parsing:
        return ()
    from dockerlint.lint.catalogue.label_formats import KINDS

    found = []
    for text in given:
        label, _, kind = text.partition(":")
        if kind and kind not in KINDS:
            raise click.BadParameter(f"{kind!r} is not a label type: use one of {', '.join(KINDS)}", ctx, option)
        found.append((label, kind or KINDS[0]))
    return tuple(found)
