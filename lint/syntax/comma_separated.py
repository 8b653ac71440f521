"""Comma-separated options of a flag: a line of CSV as the builder reads it."""

from __future__ import annotations

from dockerlint.lint.storage.lazy_regex import regex

# Quotes stand around a whole field; within it a quote is doubled. Source: Go's package encoding/csv.
_FIELD = r'(?:"(?:[^"]|"")*+"|[^",]*+)'
LINE = regex(rf"{_FIELD}(?:,{_FIELD})*+\Z")


class FieldsError(ValueError):
    """The text is no line of CSV."""


def fields(text: str) -> list[str]:
    """The fields of a line; raises FieldsError for quotes that do not close or stand within a field."""
    if '"' not in text:
        return text.split(",")
    import csv

    if not LINE.match(text):
        raise FieldsError(f"the quotes in {text!r} must stand around a whole option")
    return next(csv.reader([text]), [])
