"""hadolint's configuration, its file and its environment variables, as ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from dockerlint.lint.engine.findings import Severity
from dockerlint.lint.report.render import FORMATS, HADOLINT_NAMES
from dockerlint.lint.storage.errors import ConfigError
from dockerlint.lint.syntax.source import MOST_SETTINGS, reason, whole

from .config import did_you_mean
from .options import LEVELS, OptionPlace, flag, one_of, selectors, short, table_value, texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .config import Layer, Selector

# Two thresholds that any finding reaches.
ANY_LEVEL = ("ignore", "none")
ENVIRONMENT = "HADOLINT_"
TRUTHY = frozenset({"1", "y", "on", "true", "yes"})


def translate(path: Path) -> Layer:
    """What a `.hadolint.yaml` says, with our names.

    As there, unknown keys count for nothing, but `notes` tells them, and the thresholds `ignore` and `none` fail on any finding
    (measured with hadolint 2.15.1). Raises ConfigError when the file cannot be read or a value is of the wrong kind.
    """
    table = _read_yaml(path)
    layer: Layer = {}
    for key, read in _HADOLINT.items():
        if table.get(key) is not None:
            layer |= read(table[key], OptionPlace(str(path), key, path.parent))
    if unknown := [*_unknown(table, _HADOLINT), *_unknown(table.get("override"), LEVELS, "override.")]:
        layer["notes"] = tuple(f"{path}: {sentence}" for sentence in unknown)
    return layer


def _unknown(table: object, known: Iterable[str], above: str = "") -> Iterator[str]:
    """A sentence for each key of a table that is not known, with the one that may be meant."""
    if isinstance(table, Mapping):
        names = list(known)
        for key in table:
            if key not in names:
                is_text = isinstance(key, str)
                yield f"unknown key {short(above + key if is_text else key)} is ignored{did_you_mean(key, names) if is_text else ''}"


def from_environment(environ: Mapping[str, str]) -> Layer:
    """What hadolint's variables say, with our names.

    As there, a value that cannot be read counts for nothing, and the file is stronger (measured with hadolint 2.15.1).
    HADOLINT_VERBOSE has no meaning here, and NO_COLOR is heeded wherever colours are.
    """
    layer: Layer = {}
    for name, read in _VARIABLES.items():
        text = environ.get(ENVIRONMENT + name)
        if not text:
            continue
        try:
            found = read(text, OptionPlace("environment", ENVIRONMENT + name, Path()))
        except ConfigError:
            continue
        layer |= {key: {**layer.get(key, {}), **value} if isinstance(value, dict) else value for key, value in found.items()}
    return layer


def _read_yaml(path: Path) -> Mapping[str, Any]:
    import yaml

    from dockerlint.lint.buildfiles.safe_yaml import Loader

    try:
        table = yaml.load(whole(path, MOST_SETTINGS).decode("utf-8-sig"), Loader=Loader)  # noqa: S506 - it is a safe loader
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {reason(error)}") from error
    except RecursionError as error:
        raise ConfigError(f"{path}: nested too deeply") from error
    # ValueError: a date that there is not, or no UTF-8
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from error
    if table is None:
        return {}
    if not isinstance(table, Mapping):
        raise ConfigError(f"{path}: the file must be a mapping of options")
    return table


def _foreign(value: object, place: OptionPlace) -> tuple[Selector, ...]:
    return tuple(replace(selector, foreign=True) for selector in selectors(value, place))


def _override(value: object, place: OptionPlace) -> Layer:
    if not isinstance(value, Mapping):
        raise place.wrong("a table", value)
    levels = ((level, _foreign(value[level], place)) for level in LEVELS if value.get(level) is not None)
    return {"severity": {selector: Severity(level) for level, selectors in levels for selector in selectors}}


def _hadolint_threshold(value: object, place: OptionPlace) -> Layer:
    return {"fail_on": Severity(threshold(one_of((*LEVELS, *ANY_LEVEL))(value, place)))}


def threshold(name: str) -> str:
    """The level from which findings fail, by hadolint's name."""
    return Severity.STYLE.value if name in ANY_LEVEL else name


def _hadolint_format(value: object, place: OptionPlace) -> Layer:
    name = HADOLINT_NAMES.get(str(value), value)
    return {"format": one_of(FORMATS)(name, place)}


_HADOLINT: Mapping[str, Callable[[Any, OptionPlace], Layer]] = {
    "ignored": lambda value, place: {"ignore": _foreign(value, place)},
    "override": _override,
    "trustedRegistries": lambda value, place: {"trusted_registries": texts(value, place)},
    "label-schema": lambda value, place: {"label_schema": table_value(value, place)},
    "strict-labels": lambda value, place: {"strict_labels": flag(value, place)},
    "disable-ignore-pragma": lambda value, place: {"inline_ignores": not flag(value, place)},
    "format": _hadolint_format,
    "failure-threshold": _hadolint_threshold,
    "no-fail": lambda value, place: {"fail_on": None} if flag(value, place) else {},
    "no-color": lambda value, place: {"color": not flag(value, place)},
}


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _labels(text: str, place: OptionPlace) -> Layer:
    pairs = [word.partition(":") for word in _words(text)]
    return {"label_schema": table_value({name: kind for name, colon, kind in pairs if colon}, place)}


def _override_of(level: str) -> Callable[[str, OptionPlace], Layer]:
    return lambda text, place: _override({level: _words(text)}, place)


# Source: hadolint's README, "Configure", and the names in its program.
_VARIABLES: Mapping[str, Callable[[str, OptionPlace], Layer]] = {
    "FAILURE_THRESHOLD": lambda text, place: _hadolint_threshold(text, place),
    "NOFAIL": lambda text, _: {"fail_on": None} if text.lower() in TRUTHY else {},
    "FORMAT": lambda text, place: _hadolint_format(text, place),
    "IGNORE": lambda text, place: {"ignore": _foreign(_words(text), place)},
    **{f"OVERRIDE_{level.upper()}": _override_of(level) for level in LEVELS},
    "TRUSTED_REGISTRIES": lambda text, _: {"trusted_registries": tuple(_words(text))},
    "REQUIRE_LABELS": _labels,
    "STRICT_LABELS": lambda text, _: {"strict_labels": text.lower() in TRUTHY},
    "DISABLE_IGNORE_PRAGMA": lambda text, _: {"inline_ignores": text.lower() not in TRUTHY},
}
