"""Modules that libraries load as they start, for little or nothing that is asked of them here: loaded once more of them is wanted.

Each takes from one to five hundredths of a small run: msgspec loads textwrap and its own inspect for schemas, and uuid, which
asks platform for the system's name; pathlib loads urllib.parse, which reads the addresses of hosts with ipaddress; click cleans
the help of each option with inspect.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def put_off() -> None:
    """Put others in the place of these modules, which load them when asked for more than they know."""
    for name, known in NAMES.items():
        if name not in sys.modules:
            sys.modules[name] = _StandIn(name, known)


class _StandIn(ModuleType):
    def __init__(self, name: str, known: Mapping[str, object]) -> None:
        super().__init__(name)
        vars(self).update(known)

    def __getattr__(self, attribute: str) -> object:
        # asked of each module that something is imported from; none of these is a package
        if attribute == "__path__":
            raise AttributeError(attribute)
        return getattr(_loaded(self.__name__), attribute)


def _loaded(name: str) -> ModuleType:
    if isinstance(sys.modules.get(name), _StandIn):
        del sys.modules[name]
    return import_module(name)


def _clean(doc: str) -> str:
    return _loaded("inspect").cleandoc(doc) if "\n" in doc else doc.expandtabs().lstrip()


# Each with what of it is known without it.
NAMES: dict[str, dict[str, object]] = {
    "textwrap": {},
    "msgspec.inspect": {},
    "ipaddress": {},
    "inspect": {"cleandoc": _clean},
}
if sys.platform == "linux":
    # elsewhere there are other ways to know
    NAMES["platform"] = {"system": lambda: os.uname().sysname}
