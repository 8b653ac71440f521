"""What the one file runs: the command, with room for the processes that it starts."""

import multiprocessing

from dockerlint.lint.cli import program

if __name__ == "__main__":
    multiprocessing.freeze_support()
    program()
