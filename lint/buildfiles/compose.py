"""The builds of a compose file. Source: the Compose specification, "Compose Build" and "Interpolation"."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dockerlint.lint.storage.lazy_regex import regex

from .build_spec import BuildFileError, BuildSpec, scalar, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# How many mappings may be merged into one, and how many entries may come of it: a few lines can ask for billions.
MOST_MERGES = 100
MOST_ENTRIES = 10_000
# How deep defaults may stand within defaults.
DEEPEST = 20
# Types that PyYAML guesses where Compose, which goes by YAML 1.2, has text: `no`, `22:22`, `2024-01-01`.
GUESSED = frozenset(f"tag:yaml.org,2002:{kind}" for kind in ("bool", "int", "timestamp"))
NAME = regex(r"[A-Za-z_][A-Za-z0-9_]*")
OPERATOR = regex(r":?[-?+]")
# What stands for itself: within braces, and outside of them.
PLAIN = regex(r"[^$}]+")
OUTER = regex(r"[^$]+")


def recipes(text: str, where: str, env: Mapping[str, str]) -> Iterator[BuildSpec]:
    """The builds of the services in file order; raises BuildFileError when the text is no compose file."""
    services = table(table(_load(text, where), f"{where}: the file").get("services"), f"{where}: services")
    for name, service in services.items():
        build = table(service, f"{where}: services.{name}").get("build")
        if build is not None:
            yield _recipe(name, build, f"{where}: services.{name}.build", env)


def interpolate(text: str, env: Mapping[str, str]) -> str | None:
    """A text with its variables put in; None when one of them has no value here and no default."""
    return _Interpolation(text, env).read(0, 0)[0]


def _load(text: str, where: str) -> Any:
    import yaml

    from . import safe_yaml

    class ComposeLoader(safe_yaml.Loader):
        def flatten_mapping(self, node: yaml.MappingNode) -> None:
            merged = [value for key, value in node.value if key.tag == "tag:yaml.org,2002:merge"]
            if sum(len(item.value) if isinstance(item, yaml.SequenceNode) else 1 for item in merged) > MOST_MERGES:
                raise yaml.YAMLError(f"more than {MOST_MERGES} merges into one mapping")
            super().flatten_mapping(node)
            if len(node.value) > MOST_ENTRIES:
                raise yaml.YAMLError(f"a mapping of more than {MOST_ENTRIES} entries")

    def tagged(loader: yaml.SafeLoader, tag: str, node: yaml.Node) -> Any:
        if tag == "reset":
            return None
        if isinstance(node, yaml.MappingNode):
            return loader.construct_mapping(node, deep=True)
        if isinstance(node, yaml.SequenceNode):
            return loader.construct_sequence(node, deep=True)
        return loader.construct_scalar(node) if isinstance(node, yaml.ScalarNode) else None

    ComposeLoader.yaml_implicit_resolvers = {
        start: [(tag, pattern) for tag, pattern in resolvers if tag not in GUESSED]
        for start, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    ComposeLoader.add_multi_constructor("!", tagged)
    try:
        return yaml.load(text, Loader=ComposeLoader)  # noqa: S506 - it is a safe loader
    except (yaml.YAMLError, ValueError) as error:
        raise BuildFileError(f"{where}: not valid YAML: {' '.join(str(error).split())}") from error


def _recipe(name: str, build: Any, where: str, env: Mapping[str, str]) -> BuildSpec:
    if isinstance(build, str):
        return BuildSpec(name, interpolate(build, env))
    fields = table(build, where)
    if fields.get("dockerfile_inline") is not None:
        return BuildSpec(name, why_not="its Dockerfile is written into the file")
    target = _text(fields, "target", None, where, env)
    return BuildSpec(
        name,
        _text(fields, "context", ".", where, env),
        _text(fields, "dockerfile", "Dockerfile", where, env),
        target,
        _args(fields.get("args"), f"{where}.args", env),
        why_not="" if target or not fields.get("target") else f"its target, {fields['target']}, has no value here",
    )


def _text(fields: Mapping[str, Any], key: str, default: str | None, where: str, env: Mapping[str, str]) -> str | None:
    value = fields.get(key)
    if value is None or value == "":
        return default
    if not isinstance(value, str):
        value = scalar(value)
    if value is None:
        raise BuildFileError(f"{where}.{key} must be text")
    return interpolate(value, env)


def _args(value: Any, where: str, env: Mapping[str, str]) -> dict[str, str]:
    """The arguments that have a value: one with a name only takes it from the environment."""
    pairs: Mapping[str, Any]
    if isinstance(value, list):
        split = [str(item).partition("=") for item in value]
        pairs = {key: text if equals else None for key, equals, text in split}
    else:
        pairs = table(value, where)
    found = {}
    for key, given in pairs.items():
        text = env.get(key) if given is None else interpolate(given, env) if isinstance(given, str) else scalar(given)
        if text is not None:
            found[key] = text
    return found


class _Interpolation:
    """Reads a text from left to right, once: each part gives its value and where it ends."""

    def __init__(self, text: str, env: Mapping[str, str]) -> None:
        self.text = text
        self.env = env

    def read(self, at: int, depth: int) -> tuple[str | None, int]:
        """Up to the closing brace that belongs to what is around it, or to the end."""
        parts: list[str | None] = []
        plain = PLAIN if depth else OUTER
        while at < len(self.text) and not (depth and self.text[at] == "}"):
            if match := plain.match(self.text, at):
                parts.append(match[0])
                at = match.end()
                continue
            part, at = self._dollar(at + 1, depth)
            parts.append(part)
        return _joined(parts), at

    def _dollar(self, at: int, depth: int) -> tuple[str | None, int]:
        if self.text.startswith("$", at):
            return "$", at + 1
        braced = self.text.startswith("{", at)
        name = NAME.match(self.text, at + braced)
        if name is None:
            return None, at
        value = self.env.get(name[0])
        if not braced:
            return value, name.end()
        operator = OPERATOR.match(self.text, name.end())
        if operator is None or depth == DEEPEST:
            closed = self.text.startswith("}", name.end())
            return (value, name.end() + 1) if closed else (None, len(self.text))
        other, end = self.read(operator.end(), depth + 1)
        if end == len(self.text):
            return None, end
        return _chosen(operator[0], value, other), end + 1


def _chosen(operator: str, value: str | None, other: str | None) -> str | None:
    is_there = bool(value) if operator.startswith(":") else value is not None
    if operator.endswith("+"):
        return other if is_there else ""
    if is_there:
        return value
    return other if operator.endswith("-") else None


def _joined(parts: list[str | None]) -> str | None:
    known = [part for part in parts if part is not None]
    return "".join(known) if len(known) == len(parts) else None
