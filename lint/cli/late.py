"""Modules that libraries load as they start, for what is never asked of them here: loaded once something of them is wanted.

Each takes about a hundredth of a small run: msgspec loads textwrap and its own inspect for schemas, and uuid, which asks platform
for the system's name; pathlib loads urllib.parse, which reads the addresses of hosts with ipaddress.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# Each with what of it is known without it.
NAMES: dict[str, dict[str, object]] = {"textwrap": {}, "msgspec.inspect": {}, "ipaddress": {}}
if sys.platform == "linux":
    # elsewhere there are other ways to know
    NAMES["platform"] = {"system": lambda: os.uname().sysname}


def put_off() -> None:
    """Put others in the place of these modules, which load them when asked for anything."""
    for name, known in NAMES.items():
        if name not in sys.modules:
            sys.modules[name] = _stand_in(name, known)


def _stand_in(name: str, known: Mapping[str, object]) -> ModuleType:
    def get(attribute: str) -> object:
        if sys.modules.get(name) is module:
            del sys.modules[name]
        return getattr(import_module(name), attribute)

    module = ModuleType(name)
    vars(module).update(known, __getattr__=get)
    return module
