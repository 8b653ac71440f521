"""Regular expressions that are compiled when they are first of use: most runs need few of them, and compiling takes long."""

from __future__ import annotations

import re
from typing import Any, cast


class _Lazy:
    """Stands for a compiled expression until one of its attributes is asked for, and then passes all on."""

    def __init__(self, text: str, flags: int) -> None:
        self._source = text, flags
        self.pattern = text

    def __getattr__(self, name: str) -> Any:
        # from now on the attribute is found without a detour
        found = self.__dict__[name] = getattr(re.compile(*self._source), name)
        return found


def regex(text: str, flags: int = 0) -> re.Pattern[str]:
    """What `re.compile` gives, made at its first use. For patterns that stand in the code, as a bad one is found out late."""
    return cast("re.Pattern[str]", _Lazy(text, flags))
