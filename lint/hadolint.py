"""hadolint's configuration file as ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from .config import ConfigError, Layer, Selector
from .findings import Severity
from .options import LEVELS, Place, flag, one_of, selectors, table_value, texts
from .report import FORMATS
from .source import reason

if TYPE_CHECKING:
    from pathlib import Path

_HADOLINT_FORMATS = {"tty": "text", "gitlab_codeclimate": "gitlab"}


def translate(path: Path) -> Layer:
    """What a `.hadolint.yaml` says, with our names.

    As there, unknown keys count for nothing, and the thresholds `ignore` and `none` fail on any finding (measured with
    hadolint 2.15.1). Raises ConfigError when the file cannot be read or a value is of the wrong kind.
    """
    table = _read_yaml(path)
    layer: Layer = {}
    for key, read in _HADOLINT.items():
        if table.get(key) is not None:
            layer |= read(table[key], Place(str(path), key, path.parent))
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
        return {}
    if not isinstance(table, Mapping):
        raise ConfigError(f"{path}: the file must be a table of options")
    return table


def _foreign(value: object, place: Place) -> tuple[Selector, ...]:
    return tuple(selector._replace(foreign=True) for selector in selectors(value, place))


def _override(value: object, place: Place) -> Layer:
    if not isinstance(value, Mapping):
        raise place.wrong("a table", value)
    levels = ((level, _foreign(value[level], place)) for level in LEVELS if value.get(level) is not None)
    return {"severity": {selector: Severity(level) for level, selectors in levels for selector in selectors}}


def _hadolint_threshold(value: object, place: Place) -> Layer:
    level = one_of((*LEVELS, "ignore", "none"))(value, place)
    return {"fail_on": Severity(level) if level in LEVELS else Severity.STYLE}


def _hadolint_format(value: object, place: Place) -> Layer:
    name = _HADOLINT_FORMATS.get(str(value), value)
    return {"format": one_of(FORMATS)(name, place)}


_HADOLINT: Mapping[str, Callable[[Any, Place], Layer]] = {
    "ignored": lambda value, place: {"ignore": _foreign(value, place)},
    "override": _override,
    "trustedRegistries": lambda value, place: {"trusted_registries": texts(value, place)},
    "label-schema": lambda value, place: {"label_schema": table_value(value, place)},
    "strict-labels": lambda value, place: {"strict_labels": flag(value, place)},
    "disable-ignore-pragma": lambda value, place: {"inline_ignores": not flag(value, place)},
    "format": _hadolint_format,
    "failure-threshold": _hadolint_threshold,
    "no-fail": lambda value, place: {"fail_on": None} if flag(value, place) else {},
}
