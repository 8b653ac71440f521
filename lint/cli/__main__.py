"""`python -m dockerlint.lint.cli`: the command where no script is installed."""

from . import program

program()
