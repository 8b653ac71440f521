"""`RUN --device=name,required`: what the builder refuses of it."""

from __future__ import annotations

from .comma_separated import FieldsError, fields
from .go_values import is_boolean


def device_problem(value: str) -> str | None:
    """Why the builder refuses the text after `--device=`; None when it does not."""
    name = ""
    try:
        parts = fields(value)
    except FieldsError as error:
        return str(error)
    for part in parts:
        key, equals, text = part.partition("=")
        key = key.lower()
        if key == "required" and (not equals or is_boolean(text)):
            continue
        if key == "required":
            return f"required must be true or false, not {text!r}"
        if key == "name" and equals:
            if name:
                return f"the device is named twice: {name} and {text}"
            name = text
        elif not name:
            name = part
        elif equals:
            return f"a device has no option {key!r}: it must be name or required"
        else:
            return f"the option {part!r} needs a value"
    return None
