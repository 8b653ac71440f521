"""The builds of a bake file, in JSON or HCL. Source: Docker's "Bake file reference"."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from dockerlint.lint.storage.lazy_regex import regex

from .build_spec import BuildFileError, BuildSpec, scalar, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

IDENTIFIER = regex(r"[A-Za-z_][A-Za-z0-9_-]*\Z")
# `$${` and `%%{` are written for `${` and `%{`; a variable is put in; what else starts a template is not worked out.
TEMPLATE = regex(r"\$\$\{|%%\{|\$\{[ \t]*([A-Za-z_][A-Za-z0-9_-]*)[ \t]*\}|\$\{|%\{")
ESCAPED = {"$${": "${", "%%{": "%{"}
# A template that is never worked out.
UNKNOWN = "${?}"
BLOCKS = ("variable", "target", "group")
# A longer value is not worked out: a few variables that name each other can ask for any length.
LONGEST = 100_000
# How many levels a tree of HCL may have: to work on a deeper one, its reader may run out of stack.
DEEPEST = 120


def recipes(text: str, where: str, env: Mapping[str, str]) -> Iterator[BuildSpec]:
    """The targets in file order, less those that only give to others what they have when there are groups.

    Raises BuildFileError when the text is no bake file.
    """
    tables = _from_hcl(text, where) if where.endswith(".hcl") else _from_json(text, where)
    bake = _Bake(where, {key: table(tables.get(key), f"{where}: {key}") for key in BLOCKS}, env)
    for name in bake.tables["target"]:
        recipe = bake.recipe(name)
        if not (recipe.is_base and bake.grouped):
            yield recipe


def _from_json(text: str, where: str) -> Mapping[str, Any]:
    try:
        return table(json.loads(text), f"{where}: the file")
    except ValueError as error:
        raise BuildFileError(f"{where}: not valid JSON: {error}") from error


def _from_hcl(text: str, where: str) -> Mapping[str, Any]:
    """The blocks of each kind by name, with texts and expressions as JSON has them: as templates."""
    import hcl2

    # hcl2 has no errors of its own
    from dockerlint.lint.syntax.grammar import error_of_lark

    try:
        tree = hcl2.parses_to_tree(text)
        if _is_deep(tree):
            raise BuildFileError(f"{where}: nested too deeply")
        blocks = hcl2.serialize(hcl2.transform(tree))
    except error_of_lark() as error:
        line, column = getattr(error, "line", None), getattr(error, "column", None)
        raise BuildFileError(f"{where}:{line}:{column}: not valid HCL" if line else f"{where}: not valid HCL") from error
    except RecursionError as error:
        raise BuildFileError(f"{where}: nested too deeply") from error
    except (RuntimeError, ValueError) as error:
        # an attribute and a block of one name; a number of thousands of digits
        raise BuildFileError(f"{where}: not valid HCL: {error}") from error
    found: dict[str, dict[str, Any]] = {}
    for kind in BLOCKS:
        items = blocks.get(kind, [])
        if not isinstance(items, list):
            raise BuildFileError(f"{where}: {kind} must be a block with a name")
        for label, body in ((label, body) for item in items for label, body in table(item, f"{where}: {kind}").items()):
            merged = found.setdefault(kind, {}).setdefault(_key(label), {})
            merged |= table(_templates(body), f"{where}: {kind}")
    return found


def _is_deep(tree: Any) -> bool:
    """Whether a tree has more than DEEPEST levels."""
    level = [tree]
    for _ in range(DEEPEST):
        level = [child for node in level for child in getattr(node, "children", ())]
    return bool(level)


def _templates(value: Any) -> Any:
    if isinstance(value, dict):
        return {_key(key): _templates(item) for key, item in value.items() if not key.startswith("__")}
    if isinstance(value, list):
        return [_templates(item) for item in value]
    if not isinstance(value, str):
        return value
    if value.startswith('"<<'):
        return UNKNOWN
    if value.startswith('"'):
        return _unquoted(value)
    return f"${{{value}}}" if IDENTIFIER.match(value) else value


def _key(text: str) -> str:
    return _unquoted(text) if text.startswith('"') else text


def _unquoted(text: str) -> str:
    try:
        return str(json.loads(text, strict=False))
    except ValueError:
        return UNKNOWN


class _Bake:
    """The tables of a bake file, and what its variables are worth in an environment."""

    def __init__(self, where: str, tables: Mapping[str, Mapping[str, Any]], env: Mapping[str, str]) -> None:
        self.where = where
        self.tables = tables
        self.env = env
        self.values: dict[str, str | None] = {}
        self.known: dict[str, dict[str, Any]] = {}
        self.parents = {name: self._parents(name) for name in tables["target"]}
        self.inherited = {parent for parents in self.parents.values() for parent in parents}
        groups = [table(group, f"{where}: group.{name}") for name, group in tables["group"].items()]
        self.grouped = {str(name) for group in groups for name in _list(group.get("targets"))}

    def recipe(self, name: str) -> BuildSpec:
        """One target with what it inherits."""
        fields = self._fields(name)
        is_base = name in self.inherited and name not in self.grouped
        if fields.get("dockerfile-inline") is not None:
            return BuildSpec(name, why_not="its Dockerfile is written into the file", is_base=is_base)
        target = self._value(fields.get("target"))
        unknown = fields.get("target") and target is None
        return BuildSpec(
            name,
            self._value(fields.get("context") or "."),
            self._value(fields.get("dockerfile") or "Dockerfile"),
            target or None,
            {key: text for key, item in fields["args"].items() if (text := self._value(item)) is not None},
            why_not=f"its target, {fields['target']}, has no value here" if unknown else "",
            is_base=is_base,
        )

    def _own(self, name: str) -> Mapping[str, Any]:
        return table(self.tables["target"].get(name), f"{self.where}: target.{name}")

    def _parents(self, name: str) -> list[str]:
        given = [self._value(item) for item in _list(self._own(name).get("inherits"))]
        parents = [parent for parent in given if parent is not None]
        for parent in parents:
            if parent not in self.tables["target"]:
                raise BuildFileError(f"{self.where}: target.{name} inherits from the unknown target {parent}")
        return parents

    def _fields(self, name: str) -> dict[str, Any]:
        """The fields of a target over those of its parents; raises BuildFileError when they go round."""
        for item in self._lineage(name):
            fields: dict[str, Any] = {"args": {}}
            for source in (*(self.known[parent] for parent in self.parents[item]), self._own(item)):
                args = table(source.get("args"), f"{self.where}: target.{item}.args")
                fields |= {**source, "args": {**fields["args"], **args}}
            self.known[item] = fields
        return self.known[name]

    def _lineage(self, name: str) -> list[str]:
        """What a target inherits from and itself, less what is known already, each after its parents."""
        order: list[str] = []
        above: list[tuple[str, bool]] = [(name, False)]
        open_: set[str] = set()
        done = set(self.known)
        while above:
            item, is_left = above.pop()
            if is_left:
                open_.discard(item)
                done.add(item)
                order.append(item)
            elif item in open_:
                raise BuildFileError(f"{self.where}: target.{item} inherits from itself")
            elif item not in done:
                open_.add(item)
                above += [(item, True), *((parent, False) for parent in reversed(self.parents[item]))]
        return order

    def _value(self, value: Any) -> str | None:
        if not isinstance(value, str):
            return scalar(value)
        parts: list[str] = []
        ends = [(0, 0), *(match.span() for match in TEMPLATE.finditer(value)), (len(value), len(value))]
        for (_, start), (end, after) in pairwise(ends):
            parts.append(value[start:end])
            found = value[end:after]
            name = TEMPLATE.match(found)
            put = ESCAPED.get(found, "") if name is None or name[1] is None else self._variable(name[1])
            if put is None or found in ("${", "%{"):
                return None
            parts.append(put)
        text = "".join(parts)
        return text if len(text) <= LONGEST else None

    def _variable(self, name: str) -> str | None:
        """What a variable is worth: the environment wins over its default; one without any is not known."""
        if name not in self.values:
            # stands there while the default is worked out, so that one that leads back to itself is not known
            self.values[name] = None
            variable = self.tables["variable"].get(name)
            if variable is not None:
                default = table(variable, f"{self.where}: variable.{name}").get("default")
                self.values[name] = self.env[name] if name in self.env else self._value(default)
        return self.values[name]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
