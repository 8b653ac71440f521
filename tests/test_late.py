"""Modules that are loaded once something of them is wanted."""

from __future__ import annotations

import json
import subprocess
import sys

from dockerlint.lint.cli import late

PROGRAM = """
import json, sys
from dockerlint.lint.cli import late
# msgspec takes it where it is installed, and it looks at functions
sys.modules["typing_extensions"] = None
before = set(sys.modules)
late.put_off()
import click, msgspec, pathlib, uuid
click.Option(['--a'], help='A.')
late_ones = [name for name in {names!r} if name in sys.modules.keys() - before and sys.modules[name].__spec__]
import inspect, ipaddress, platform, textwrap
from textwrap import dedent
from typing import Any
found = [platform.system(), platform.machine(), textwrap.fill("a b", 1), dedent(" a"), str(ipaddress.ip_address("::1")),
    *map(inspect.cleandoc, ["", " ", "a", " a\\tb ", "a\\n  b\\n    c\\n"]), inspect.isfunction(dedent),
    msgspec.json.schema(dict[str, Any]), msgspec.inspect.type_info(int).__class__.__module__, str(uuid.UUID(int=1))]
json.dump([late_ones, found, [bool(sys.modules[name].__spec__) for name in {names!r}]], sys.stdout)
"""


def ran(program: str) -> tuple[list[str], list[object], list[bool]]:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    early, found, loaded = json.loads(done.stdout)
    return early, found, loaded


def test_they_are_loaded_when_asked_and_are_what_they_were() -> None:
    program = PROGRAM.format(names=[*late.NAMES])
    early, found, loaded = ran(program)
    assert (early, all(loaded)) == ([], True)
    # as they are without
    assert found == ran(program.replace("late.put_off()", ""))[1]
