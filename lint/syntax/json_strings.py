"""JSON strings, as the exec form has them. Nearly all are plain, and Python's module for the others takes long to load."""

from __future__ import annotations

# What stands in a JSON string as it is: the printable characters of ASCII, but for two.
PLAIN = frozenset(map(chr, range(32, 127))) - frozenset('"\\')


def read(raw: str) -> str:
    """The text of a JSON string, which the grammar has found to be one."""
    if "\\" not in raw:
        return raw[1:-1]
    import json

    text: str = json.loads(raw)
    return text


def written(text: str) -> str:
    """The JSON string of a text, its letters as they are."""
    if PLAIN.issuperset(text):
        return f'"{text}"'
    import json

    return json.dumps(text, ensure_ascii=False)
