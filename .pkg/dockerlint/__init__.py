"""A Dockerfile linter: `check` finds, `fix` rewrites, `cost` says what it costs. The command line is `dlint`.

Each name is loaded when it is asked for, as the command line needs none of them. docs/python.md shows how they are used.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dockerlint.lint.cli.python_api import (
        Applicability,
        ConfigError,
        Diagnostic,
        Estimate,
        Fix,
        Fixed,
        FixReport,
        PluginError,
        Related,
        Saving,
        Severity,
        SourceError,
        check,
        cost,
        fix,
    )

__all__ = [
    "Applicability", "ConfigError", "Diagnostic", "Estimate", "Fix", "FixReport", "Fixed", "PluginError", "Related", "Saving", "Severity", "SourceError",
    "check", "cost", "fix",
]  # fmt: skip


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    from dockerlint.lint.cli import python_api

    return getattr(python_api, name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
