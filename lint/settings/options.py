"""The options by their names in files, in the environment and on the command line: checked values of their kinds."""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from dockerlint.lint.engine.findings import Severity
from dockerlint.lint.report.render import FORMATS
from dockerlint.lint.storage.errors import ConfigError

from .config import PRESETS, Layer, Selector, did_you_mean
from .network_rate import RATE_IN_SCHEMA, rate

if TYPE_CHECKING:
    from collections.abc import Iterable

ENVIRONMENT = "DLINT_"
BUILDERS = ("buildkit", "buildah", "kaniko", "classic")
LEVELS = tuple(severity.value for severity in Severity)
NEVER = "never"
LONGEST_SHOWN = 80
# What a float can hold, and no infinity.
MOST_FACTOR = 1e300
IN_ENVIRONMENT, ON_COMMAND_LINE = "environment", "command line"


def from_environment(environ: Mapping[str, str]) -> Layer:
    """What the variables `DLINT_<KEY>` say: lists separated by commas, tables as `key=value` separated by commas."""
    table: dict[str, object] = {}
    for key, option in OPTIONS.items():
        text = environ.get(_variable(key))
        if not text:
            continue
        try:
            table[key] = option.from_text(text)
        except ValueError as error:
            raise ConfigError(f"{_variable(key)} must be {error}, not {text!r}") from error
    return layer(table, IN_ENVIRONMENT, Path())


def from_options(table: Mapping[str, object]) -> Layer:
    """What the command line says: keys as in a file, values already of their kinds; None is not given."""
    return layer({key: value for key, value in table.items() if value is not None}, ON_COMMAND_LINE, Path())


def _variable(key: str) -> str:
    return ENVIRONMENT + key.upper().replace("-", "_")


def layer(table: object, origin: str, base: Path) -> Layer:
    """A partial configuration of a table of options; relative paths in it are relative to `base`.

    Raises ConfigError for an unknown key or a value of the wrong kind.
    """
    if not isinstance(table, dict):
        raise ConfigError(f"{origin}: the options must be a table")
    read: Layer = {}
    for key, value in table.items():
        option = OPTIONS.get(key)
        if option is None:
            raise ConfigError(f"{origin}: unknown key {key!r}{did_you_mean(key, OPTIONS)}")
        read[key.replace("-", "_")] = option.read(value, OptionPlace(origin, key, base))
    return read


class OptionPlace(Struct, frozen=True):
    """Where a value stands: for messages, and for what relative paths are relative to."""

    origin: str
    key: str
    base: Path

    @property
    def where(self) -> str:
        """The option as the user wrote it."""
        if self.origin == ON_COMMAND_LINE:
            return f"--{self.key}"
        return _variable(self.key) if self.origin == IN_ENVIRONMENT else f"{self.origin}: {self.key}"

    def wrong(self, wanted: str, value: object) -> ConfigError:
        """The error to raise for a value of another kind than `wanted`."""
        return ConfigError(f"{self.where} must be {wanted}, not {short(value)}")


def short(value: object) -> str:
    """A value as a message shows it: the beginning of a long one."""
    shown = reprlib.Repr()
    shown.maxlevel, shown.maxstring = 3, LONGEST_SHOWN
    try:
        return shown.repr(value)
    except ValueError:
        return "a number of thousands of digits"


def text_value(value: object, place: OptionPlace) -> str:
    """A text."""
    if not isinstance(value, str):
        raise place.wrong("a text", value)
    return value


def frontend_release(value: object, place: OptionPlace) -> str:
    """A release of the Dockerfile language."""
    # only where the option is given: the table of releases is not read otherwise
    from dockerlint.lint.catalogue.builder_releases import Release

    if not isinstance(value, str) or Release.parse(value) is None:
        raise place.wrong("a release of the Dockerfile language such as \"1.4\" or \"1.7-labs\"", value)
    return value


def flag(value: object, place: OptionPlace) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise place.wrong("true or false", value)
    return value


def texts(value: object, place: OptionPlace) -> tuple[str, ...]:
    """A list of texts."""
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise place.wrong("a list of texts", value)
    return tuple(value)


def selectors(value: object, place: OptionPlace) -> tuple[Selector, ...]:
    """A list of codes, prefixes or names."""
    return tuple(Selector(item, place.where) for item in texts(value, place))


def table_value(value: object, place: OptionPlace) -> dict[str, str]:
    """A table of texts."""
    if not isinstance(value, Mapping) or not all(isinstance(item, str) for pair in value.items() for item in pair):
        raise place.wrong("a table of texts", value)
    return dict(value)


def _path(value: object, place: OptionPlace) -> Path:
    return place.base / Path(text_value(value, place)).expanduser()


def one_of(names: Iterable[str]) -> Callable[[object, OptionPlace], str]:
    """One of these texts."""
    known = tuple(names)

    def read(value: object, place: OptionPlace) -> str:
        if value not in known:
            hint = did_you_mean(value, known) if isinstance(value, str) else ""
            raise ConfigError(f"{place.where} must be one of {', '.join(known)}, not {short(value)}{hint}")
        return str(value)

    return read


_level = one_of(LEVELS)


def _threshold(value: object, place: OptionPlace) -> Severity | None:
    level = one_of((*LEVELS, NEVER))(value, place)
    return None if level == NEVER else Severity(level)


def _severities(value: object, place: OptionPlace) -> dict[Selector, Severity]:
    table = table_value(value, place)
    return {Selector(key, place.where): Severity(_level(item, place)) for key, item in table.items()}


def _per_file(value: object, place: OptionPlace) -> dict[tuple[Path, str], tuple[Selector, ...]]:
    if not isinstance(value, Mapping):
        raise place.wrong("a table of lists", value)
    return {(place.base, str(pattern)): selectors(codes, place) for pattern, codes in value.items()}


def _rate(value: object, place: OptionPlace) -> str:
    text = text_value(value, place)
    try:
        rate(text)
    except ValueError as error:
        raise ConfigError(f"{place.where} must be {error}") from error
    return text


def _factor(value: object, place: OptionPlace) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < MOST_FACTOR:
        raise place.wrong("a number above 0", value)
    return float(value)


def _number(text: str) -> object:
    try:
        return float(text)
    except ValueError:
        return text


def _split(text: str) -> object:
    return [item.strip() for item in text.split(",") if item.strip()]


def _pairs(text: str) -> dict[str, str]:
    pairs = [item.partition("=") for item in text.split(",") if item.strip()]
    if not all(equals for _, equals, _ in pairs):
        raise ValueError("key=value, separated by commas")
    return {key.strip(): value.strip() for key, _, value in pairs}


def _per_file_pairs(text: str) -> object:
    return {pattern: codes.split() for pattern, codes in _pairs(text).items()}


def _boolean(text: str) -> object:
    known = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    if text.lower() not in known:
        raise ValueError("true or false")
    return known[text.lower()]


class Option(Struct, frozen=True):
    """A key: what it means, how its value is checked, what of that a JSON Schema can say, and how an environment variable has it."""

    about: str
    read: Callable[[Any, OptionPlace], Any]
    schema: Mapping[str, Any]
    from_text: Callable[[str], object] = str


TEXT: Mapping[str, Any] = {"type": "string"}
FLAG: Mapping[str, Any] = {"type": "boolean"}
# A code, a prefix of codes, a name, an alias or a preset; `dockerlint.lint.settings.schema` says which there are.
SELECTOR: Mapping[str, Any] = {"$ref": "#/definitions/selector"}
SELECTORS: Mapping[str, Any] = {"type": "array", "items": SELECTOR}
TEXTS: Mapping[str, Any] = {"type": "array", "items": TEXT}
TABLE: Mapping[str, Any] = {"type": "object", "additionalProperties": TEXT}


def _choice(about: str, names: Iterable[str]) -> Option:
    known = tuple(names)
    return Option(about, one_of(known), {"enum": list(known)})


OPTIONS: Mapping[str, Option] = {
    "select": Option("Use only these rules instead of the preset.", selectors, SELECTORS, _split),
    "ignore": Option("Leave these rules out.", selectors, SELECTORS, _split),
    "preset": _choice("Set of rules to start from.", PRESETS),
    "severity": Option(
        "Level of the findings of a rule.",
        _severities,
        {"type": "object", "additionalProperties": {"enum": list(LEVELS)}, "propertyNames": SELECTOR},
        _pairs,
    ),
    "fail-on": Option("Exit with 1 on findings of this level or worse.", _threshold, {"enum": [*LEVELS, NEVER]}),
    "builder": _choice("Builder of the image: dlint advises cache mounts for BuildKit only.", BUILDERS),
    "min-frontend": Option(
        "Oldest Dockerfile syntax release that the builder must support (DF634).", frontend_release, {"type": "string", "pattern": r"^1(\.\d+)*(-labs)?$"}
    ),
    "target": Option("Stage to build; the last one by default.", text_value, TEXT),
    "build-args": Option("Build arguments.", table_value, TABLE, _pairs),
    "context": Option("Build context; the Dockerfile's folder by default.", _path, TEXT),
    "trusted-registries": Option("Registries that base images may come from (DL3026).", texts, TEXTS, _split),
    "label-schema": Option("Required labels and the type of their values (DL3049 to DL3056).", table_value, TABLE, _pairs),
    "strict-labels": Option("Whether to forbid other labels.", flag, FLAG, _boolean),
    "shellcheck": _choice("Whether to run ShellCheck on RUN scripts: if it is installed, always, or never.", ("auto", "on", "off")),
    "network": Option("Download speed for costs and savings, such as 50Mbit.", _rate, {"type": "string", "pattern": RATE_IN_SCHEMA}),
    "machine": Option(
        "Speed of the machine for costs and savings, as a multiple of two ordinary cores.",
        _factor,
        {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": MOST_FACTOR},
        _number,
    ),
    "format": _choice("Output format.", FORMATS),
    "color": Option("Whether to use colour.", flag, FLAG, _boolean),
    "baseline": Option("Report only findings that are not in this baseline.", _path, TEXT),
    "per-file-ignores": Option(
        "Rules to ignore in some files, by a pattern as in .gitignore.",
        _per_file,
        {"type": "object", "additionalProperties": SELECTORS},
        _per_file_pairs,
    ),
    "inline-ignores": Option("Whether comments can ignore findings.", flag, FLAG, _boolean),
}
