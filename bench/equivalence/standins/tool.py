"""Starts the stand-in that the program is called like."""

import sys

sys.path.insert(0, "/usr/lib/standin")
name = sys.argv[0].rsplit("/", 1)[-1]

import table  # noqa: E402

module = table.MODULES.get(name)
if module is None:
    sys.exit(f"{name}: no stand-in")
__import__(module).COMMANDS[name](name, sys.argv[1:])
