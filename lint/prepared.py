"""What is worked out of this program's own files and kept between runs, as that takes most of the time of a small one."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from . import installation

if TYPE_CHECKING:
    from collections.abc import Callable


def prepared(name: str, make: Callable[[], Any]) -> Any:
    """What `make` gives, which JSON must be able to hold: made anew when a file of this program has changed.

    Where nothing can be kept it is made each time.
    """
    from .store import folder

    path = folder() / f"{name}.json"
    state = installation.state()
    with suppress(OSError, ValueError, TypeError, KeyError, RecursionError):
        kept = json.loads(path.read_bytes())
        if kept["of"] == state:
            return kept["value"]
    value = make()
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # another run may read it meanwhile
        made = path.with_name(f"{path.name}.{os.getpid()}")
        made.write_text(json.dumps({"of": state, "value": value}, separators=(",", ":")), encoding="utf-8")
        made.replace(path)
    return value
