"""What the environment and the command line say, as partial configurations."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dockerlint.lint.settings.config import Layer

LEVELS = ("error", "warning", "info", "style")
SAME_NAME = ("preset", "fail-on", "shellcheck", "baseline", "target", "context", "network", "machine")


def layers(options: Mapping[str, Any]) -> tuple[Layer, ...]:
    """What the environment and the command line say, the weaker first.

    Raises ConfigError for a value that is no good.
    """
    from dockerlint.lint.settings.options import from_environment, from_options

    table: dict[str, object] = {
        "select": _words(options.get("select")),
        "ignore": _words(options.get("ignore")),
        "build-args": _build_args(options["build_arg"]) or None,
        "format": options.get("format_"),
        "severity": _severities(options) or None,
        "trusted-registries": _words(options.get("trusted_registry")),
        "label-schema": dict(options.get("require_label") or ()) or None,
        # a switch that is off leaves the word to the weaker layers
        "strict-labels": True if options.get("strict_labels") else None,
        "inline-ignores": False if options.get("disable_ignore_pragma") else None,
        "color": False if options.get("no_color") else None,
        **{key: options.get(key.replace("-", "_")) for key in SAME_NAME},
    }
    if options.get("failure_threshold"):
        from dockerlint.lint.settings.hadolint_config import threshold

        table["fail-on"] = threshold(options["failure_threshold"])
    return from_environment(os.environ), from_options(table)


def file_layer(options: Mapping[str, Any]) -> Layer | None:
    """The configuration file that was asked for; empty if none is to be read; None if it is to be looked for."""
    from dockerlint.lint.settings.config_files import from_file

    if options["no_config"]:
        return {}
    return from_file(Path(options["config"]).resolve()) if options["config"] else None


def _words(given: Iterable[str] | None) -> list[str] | None:
    words = [word.strip() for part in given or () for word in part.split(",")]
    return [word for word in words if word] or None


def _severities(options: Mapping[str, Any]) -> dict[str, str]:
    """The levels of rules by their codes; as in hadolint the worst counts of several (measured with 2.15.1)."""
    return {code: level for level in reversed(LEVELS) for code in _words(options.get(level)) or ()}


def _build_args(given: Iterable[str]) -> dict[str, str]:
    """`KEY=VALUE` as docker reads it: `KEY` alone takes its value from the environment, if it is there."""
    pairs = [item.partition("=") for item in given]
    found = {key: value if equals else os.environ.get(key) for key, equals, value in pairs}
    return {key: value for key, value in found.items() if value is not None}
