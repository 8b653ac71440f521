"""The JSON Schema of `.dlint.toml`, and of the table `[tool.dlint]` of a pyproject.toml."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .config import PRESETS
from .options import OPTIONS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dockerlint.lint.engine.rule import Rule

# Where SchemaStore serves the schemas that it has.
ADDRESS = "https://json.schemastore.org/dlint.json"
# The draft that SchemaStore asks for, as most editors know it.
DRAFT = "http://json-schema.org/draft-07/schema#"


def schema(rules: Iterable[Rule]) -> dict[str, Any]:
    """The schema, as JSON has it; `rules` are those that an editor proposes.

    It says of each option what the option says of itself. Other codes than those of `rules` are no error in it, as plug-ins and
    ShellCheck have their own.
    """
    known = sorted({*PRESETS, *(name for rule in rules for name in (rule.code, rule.name))})
    return {
        "$schema": DRAFT,
        "$id": ADDRESS,
        "title": "dlint",
        "description": "Configuration of dlint, a Dockerfile linter: .dlint.toml, or [tool.dlint] in pyproject.toml.",
        "type": "object",
        "additionalProperties": False,
        "properties": {key: {"description": option.about, **option.schema} for key, option in OPTIONS.items()},
        "definitions": {
            "selector": {
                "description": "A code, a prefix of codes, a name, an alias or a preset.",
                "anyOf": [{"enum": known}, {"type": "string"}],
            }
        },
    }
