"""Configuration: files, environment and command line, each a partial one, merged into a Config.

The nearest `.dlint.toml`, or `pyproject.toml` with a `[tool.dlint]`, upwards from a folder; if there is none, the nearest
`.hadolint.yaml`, translated. Command line > environment (`DLINT_*`) > file > default. An option that is a table is merged key
by key. `ignore` adds to what the weaker layers ignore; `select` starts anew: their `ignore` and `preset` no longer count.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from .findings import Severity
from .source import reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .rule import Rule

OWN_FILE = ".dlint.toml"
PYPROJECT = "pyproject.toml"
HADOLINT_FILES = (".hadolint.yaml", ".hadolint.yml")
ENVIRONMENT = "DLINT_"

PRESETS = ("recommended", "hadolint", "all")
FORMATS = (
    "text",
    "json",
    "sarif",
    "github",
    "gitlab",
    "checkstyle",
    "junit",
    "sonarqube",
    "codeclimate",
    "gnu",
    "rdjson",
    "markdown",
)
BUILDERS = ("buildkit", "buildah", "kaniko", "classic")
LEVELS = tuple(severity.value for severity in Severity)
NEVER = "never"
SYNTAX_ERROR = "DL1000"
NOTHING: Mapping[str, Any] = MappingProxyType({})

SHELLCHECK_CODE = re.compile(r"SC\d*")
EXACT = 1000

Layer = dict[str, Any]


class ConfigError(Exception):
    """A configuration that cannot be used; the message says where, what is wrong, and what to do."""


class Selector(NamedTuple):
    """A code, a prefix of codes, a name, an alias or a preset, and where it was given.

    A `foreign` one stands in another linter's configuration: it may name a rule that there is not here.
    """

    text: str
    origin: str
    foreign: bool = False

    def specificity(self, rule: Rule) -> int:
        """How closely it names the rule: 0 not at all, 1 by a preset, then by the length of a prefix, most by name."""
        folded = self.text.casefold()
        if folded in (name.casefold() for name in (rule.code, rule.name, *rule.aliases)):
            return EXACT
        if folded in PRESETS:
            return int(in_preset(rule, folded))
        return 1 + len(folded) if folded and rule.code.casefold().startswith(folded) else 0


@dataclass(frozen=True, slots=True)
class Config:
    """All options that a file, the environment or the command line can set; relative paths are already resolved."""

    select: tuple[Selector, ...] = ()
    ignore: tuple[Selector, ...] = ()
    preset: str = "recommended"
    severity: Mapping[Selector, Severity] = field(default_factory=dict)
    fail_on: Severity | None = Severity.WARNING
    builder: str = "buildkit"
    target: str | None = None
    build_args: Mapping[str, str] = NOTHING
    context: Path | None = None
    trusted_registries: tuple[str, ...] = ()
    label_schema: Mapping[str, str] = NOTHING
    strict_labels: bool = False
    shellcheck: str = "auto"
    network: str | None = None
    format: str = "text"
    baseline: Path | None = None
    per_file_ignores: Mapping[tuple[Path, str], tuple[Selector, ...]] = field(default_factory=dict)
    inline_ignores: bool = True

    def rules(self, known: Iterable[Rule], path: Path | None = None) -> tuple[Rule, ...]:
        """The rules that are active, for one file if `path` is given.

        Of two selectors the closer one counts, and `ignore` wins over an equal one. Syntax errors are only ignored by their
        full code or name. Raises ConfigError when a selector names nothing.
        """
        known = tuple(known)
        self._refuse_unknown(known)
        ignored = (*self.ignore, *self._ignored_in(path))
        return tuple(rule for rule in known if self._active(rule, ignored))

    def level(self, rule: Rule) -> Severity:
        """The severity of a rule's findings."""
        given = [(selector.specificity(rule), severity) for selector, severity in self.severity.items()]
        best = max(given, key=lambda item: item[0], default=(0, rule.severity))
        return best[1] if best[0] else rule.severity

    def _active(self, rule: Rule, ignored: tuple[Selector, ...]) -> bool:
        against = _closest(ignored, rule)
        if rule.code == SYNTAX_ERROR:
            return against < EXACT
        chosen = _closest(self.select, rule) if self.select else int(in_preset(rule, self.preset))
        return chosen > against

    def _ignored_in(self, path: Path | None) -> Iterator[Selector]:
        if path is None:
            return
        for (base, pattern), selectors in self.per_file_ignores.items():
            if _matches(pattern, base, path):
                yield from selectors

    def _refuse_unknown(self, known: tuple[Rule, ...]) -> None:
        per_file = (selector for selectors in self.per_file_ignores.values() for selector in selectors)
        for selector in (*self.select, *self.ignore, *self.severity, *per_file):
            if selector.foreign or selector.text.casefold() in PRESETS or SHELLCHECK_CODE.fullmatch(selector.text):
                continue
            if not any(selector.specificity(rule) for rule in known):
                names = [name for rule in known for name in (rule.code, rule.name, *rule.aliases)]
                raise ConfigError(f"{selector.origin}: there is no rule {selector.text!r}{did_you_mean(selector.text, names)}")


def in_preset(rule: Rule, preset: str) -> bool:
    """Whether a preset has the rule."""
    if preset == "all":
        return True
    return rule.hadolint if preset == "hadolint" else rule.recommended


def did_you_mean(given: str, names: Iterable[str]) -> str:
    """`; did you mean ...?` with the nearest of the names, or nothing."""
    from difflib import get_close_matches

    folded = {name.casefold(): name for name in names}
    near = get_close_matches(given.casefold(), folded, n=1, cutoff=0.6)
    return f"; did you mean {folded[near[0]]!r}?" if near else ""


# ---------------------------------------------------------------- layers


def merge(*layers: Layer) -> Config:
    """One Config of partial ones, the weakest first."""
    merged: Layer = {}
    for layer in layers:
        merged |= {key: _combined(key, merged, layer) for key in layer}
        if "select" in layer:
            merged["ignore"] = layer.get("ignore", ())
            merged["preset"] = layer.get("preset", Config().preset)
        elif "preset" in layer:
            merged.pop("select", None)
    return Config(**merged)


def _combined(key: str, merged: Layer, layer: Layer) -> Any:
    value = layer[key]
    if isinstance(value, Mapping):
        return {**merged.get(key, {}), **value}
    return (*merged.get(key, ()), *value) if key == "ignore" else value


def for_folder(folder: Path) -> Layer:
    """What the nearest configuration file upwards from a folder says.

    Raises ConfigError when that file is no good.
    """
    path = _nearest(folder.resolve())
    return from_file(path) if path else {}


@cache
def _nearest(folder: Path) -> Path | None:
    return _upwards(folder, _own) or _upwards(folder, _hadolint)


def _upwards(folder: Path, look: Callable[[Path], Path | None]) -> Path | None:
    return next((path for level in (folder, *folder.parents) if (path := look(level))), None)


@cache
def _own(folder: Path) -> Path | None:
    if (folder / OWN_FILE).is_file():
        return folder / OWN_FILE
    path = folder / PYPROJECT
    return path if path.is_file() and "dlint" in _read_toml(path).get("tool", {}) else None


@cache
def _hadolint(folder: Path) -> Path | None:
    return next((folder / name for name in HADOLINT_FILES if (folder / name).is_file()), None)


@cache
def from_file(path: Path) -> Layer:
    """What one configuration file says; its name decides how it is read.

    Raises ConfigError when it cannot be read, has an unknown key, or a value of the wrong kind.
    """
    if path.suffix in (".yaml", ".yml"):
        return _translate_hadolint(path)
    table = _read_toml(path)
    if path.name == PYPROJECT:
        table = table.get("tool", {}).get("dlint", {})
    return _layer(table, str(path), path.parent)


def from_environment(environ: Mapping[str, str]) -> Layer:
    """What the variables `DLINT_<KEY>` say: lists separated by commas, tables as `key=value` separated by commas."""
    table: dict[str, object] = {}
    for key, option in OPTIONS.items():
        name = ENVIRONMENT + key.upper().replace("-", "_")
        text = environ.get(name)
        if text:
            table[key] = option.from_text(text, f"the environment variable {name}")
    return _layer(table, "environment", Path())


def from_options(table: Mapping[str, object]) -> Layer:
    """What the command line says: keys as in a file, values already of their kinds; None is not given."""
    return _layer({key: value for key, value in table.items() if value is not None}, "command line", Path())


def _layer(table: object, origin: str, base: Path) -> Layer:
    if not isinstance(table, dict):
        raise ConfigError(f"{origin}: [tool.dlint] must be a table")
    layer: Layer = {}
    for key, value in table.items():
        option = OPTIONS.get(key)
        if option is None:
            raise ConfigError(f"{origin}: unknown key {key!r}{did_you_mean(key, OPTIONS)}")
        layer[key.replace("-", "_")] = option.read(value, _Place(origin, key, base))
    return layer


def _read_toml(path: Path) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {reason(error)}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: this is no TOML: {error}") from error


# ---------------------------------------------------------------- kinds of values


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a value stands: for messages, and for what relative paths are relative to."""

    origin: str
    key: str
    base: Path

    def wrong(self, wanted: str, value: object) -> ConfigError:
        return ConfigError(f"{self.origin}: {self.key} must be {wanted}, not {value!r}")


def _text(value: object, place: _Place) -> str:
    if not isinstance(value, str):
        raise place.wrong("a text", value)
    return value


def _flag(value: object, place: _Place) -> bool:
    if not isinstance(value, bool):
        raise place.wrong("true or false", value)
    return value


def _texts(value: object, place: _Place) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise place.wrong("a list of texts", value)
    return tuple(value)


def _selectors(value: object, place: _Place) -> tuple[Selector, ...]:
    return tuple(Selector(item, f"{place.origin}: {place.key}") for item in _texts(value, place))


def _table(value: object, place: _Place) -> dict[str, str]:
    if not isinstance(value, Mapping) or not all(isinstance(item, str) for pair in value.items() for item in pair):
        raise place.wrong("a table of texts", value)
    return dict(value)


def _path(value: object, place: _Place) -> Path:
    return place.base / Path(_text(value, place)).expanduser()


def _one_of(names: Iterable[str]) -> Callable[[object, _Place], str]:
    known = tuple(names)

    def read(value: object, place: _Place) -> str:
        if value not in known:
            raise ConfigError(
                f"{place.origin}: {place.key} must be one of {', '.join(known)}, not {value!r}{did_you_mean(str(value), known)}"
            )
        return str(value)

    return read


_level = _one_of(LEVELS)


def _threshold(value: object, place: _Place) -> Severity | None:
    level = _one_of((*LEVELS, NEVER))(value, place)
    return None if level == NEVER else Severity(level)


def _severities(value: object, place: _Place) -> dict[Selector, Severity]:
    table = _table(value, place)
    return {Selector(key, f"{place.origin}: {place.key}"): Severity(_level(item, place)) for key, item in table.items()}


def _per_file(value: object, place: _Place) -> dict[tuple[Path, str], tuple[Selector, ...]]:
    if not isinstance(value, Mapping):
        raise place.wrong("a table of lists", value)
    return {(place.base, str(pattern)): _selectors(codes, place) for pattern, codes in value.items()}


def _split(text: str, name: str) -> object:
    return [item.strip() for item in text.split(",") if item.strip()]


def _pairs(text: str, name: str) -> object:
    pairs = [item.partition("=") for item in text.split(",") if item.strip()]
    if not all(equals for _, equals, _ in pairs):
        raise ConfigError(f"{name}: write key=value, separated by commas, not {text!r}")
    return {key.strip(): value.strip() for key, _, value in pairs}


def _per_file_pairs(text: str, name: str) -> object:
    table = _pairs(text, name)
    assert isinstance(table, dict)
    return {pattern: codes.split() for pattern, codes in table.items()}


def _boolean(text: str, name: str) -> object:
    known = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    if text.lower() not in known:
        raise ConfigError(f"{name} must be true or false, not {text!r}")
    return known[text.lower()]


def _as_is(text: str, name: str) -> object:
    return text


class Option(NamedTuple):
    """A key: how its value is checked, and how it is written in an environment variable."""

    read: Callable[[Any, _Place], Any]
    from_text: Callable[[str, str], object] = _as_is


OPTIONS: Mapping[str, Option] = {
    "select": Option(_selectors, _split),
    "ignore": Option(_selectors, _split),
    "preset": Option(_one_of(PRESETS)),
    "severity": Option(_severities, _pairs),
    "fail-on": Option(_threshold),
    "builder": Option(_one_of(BUILDERS)),
    "target": Option(_text),
    "build-args": Option(_table, _pairs),
    "context": Option(_path),
    "trusted-registries": Option(_texts, _split),
    "label-schema": Option(_table, _pairs),
    "strict-labels": Option(_flag, _boolean),
    "shellcheck": Option(_one_of(("auto", "on", "off"))),
    "network": Option(_text),
    "format": Option(_one_of(FORMATS)),
    "baseline": Option(_path),
    "per-file-ignores": Option(_per_file, _per_file_pairs),
    "inline-ignores": Option(_flag, _boolean),
}
assert {key.replace("-", "_") for key in OPTIONS} == {item.name for item in fields(Config)}


def _closest(selectors: Iterable[Selector], rule: Rule) -> int:
    return max((selector.specificity(rule) for selector in selectors), default=0)


def _matches(pattern: str, base: Path, path: Path) -> bool:
    from pathspec import GitIgnoreSpec

    full, top = path.resolve(), base.resolve()
    if not full.is_relative_to(top):
        return False
    return GitIgnoreSpec.from_lines([pattern]).match_file(full.relative_to(top).as_posix())


# ---------------------------------------------------------------- hadolint's file

_HADOLINT_FORMATS = {"tty": "text", "gitlab_codeclimate": "gitlab"}


def _translate_hadolint(path: Path) -> Layer:
    """hadolint's options as ours.

    As there, unknown keys count for nothing, and its thresholds `ignore` and `none` fail on any finding (measured with 2.15.1).
    """
    table = _read_yaml(path)
    layer: Layer = {}
    for key, translate in _HADOLINT.items():
        if table.get(key) is not None:
            layer |= translate(table[key], _Place(str(path), key, path.parent))
    return layer


def _read_yaml(path: Path) -> Mapping[str, Any]:
    import yaml

    try:
        table = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {reason(error)}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: this is no YAML: {' '.join(str(error).split())}") from error
    if table is None:
        return NOTHING
    if not isinstance(table, Mapping):
        raise ConfigError(f"{path}: the file must be a table of options")
    return table


def _foreign(value: object, place: _Place) -> tuple[Selector, ...]:
    return tuple(selector._replace(foreign=True) for selector in _selectors(value, place))


def _override(value: object, place: _Place) -> Layer:
    if not isinstance(value, Mapping):
        raise place.wrong("a table", value)
    levels = ((level, _foreign(value[level], place)) for level in LEVELS if value.get(level) is not None)
    return {"severity": {selector: Severity(level) for level, selectors in levels for selector in selectors}}


def _hadolint_threshold(value: object, place: _Place) -> Layer:
    level = _one_of((*LEVELS, "ignore", "none"))(value, place)
    return {"fail_on": Severity(level) if level in LEVELS else Severity.STYLE}


def _hadolint_format(value: object, place: _Place) -> Layer:
    name = _HADOLINT_FORMATS.get(str(value), value)
    return {"format": _one_of(FORMATS)(name, place)}


_HADOLINT: Mapping[str, Callable[[Any, _Place], Layer]] = {
    "ignored": lambda value, place: {"ignore": _foreign(value, place)},
    "override": _override,
    "trustedRegistries": lambda value, place: {"trusted_registries": _texts(value, place)},
    "label-schema": lambda value, place: {"label_schema": _table(value, place)},
    "strict-labels": lambda value, place: {"strict_labels": _flag(value, place)},
    "disable-ignore-pragma": lambda value, place: {"inline_ignores": not _flag(value, place)},
    "format": _hadolint_format,
    "failure-threshold": _hadolint_threshold,
    "no-fail": lambda value, place: {"fail_on": None} if _flag(value, place) else {},
}
