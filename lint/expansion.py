"""The public names of word expansion: what docs/python.md promises, wherever the code lives."""

from .syntax.word_expansion import ExpansionError, expand, expand_words

__all__ = ["ExpansionError", "expand", "expand_words"]
