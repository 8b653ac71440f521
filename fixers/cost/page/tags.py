"""Elements of the page: all that is in a text or an attribute is escaped when the tree is written, in that one place."""

from __future__ import annotations

from xml.etree.ElementTree import Element, tostring

from dockerlint.lint.report.escaping import clean, visible

SVG = "{http://www.w3.org/2000/svg}"
# What a chart may be made of; a library's scripts, styles and links are none of it.
SVG_TAGS = frozenset({"svg", "g", "rect", "path", "line", "circle", "text"})
SVG_ATTRIBUTES = frozenset(
    {"class", "d", "height", "role", "rx", "ry", "text-anchor", "transform", "viewBox", "width", "x", "x1", "x2", "y", "y1", "y2"}
)

Child = Element | str


def tag(name: str, /, *children: Child, **attributes: str | float) -> Element:
    """An element; `class_` stands for `class`, `data_x` for `data-x`. What cannot be seen in a text is spelled out."""
    found = Element(name, {_name(key): shown(str(value)) for key, value in attributes.items()})
    for child in children:
        add(found, child)
    return found


def add(parent: Element, child: Child) -> None:
    """Puts an element or a text behind what is in another."""
    if not isinstance(child, str):
        parent.append(child)
    elif len(parent):
        parent[-1].tail = (parent[-1].tail or "") + shown(child)
    else:
        parent.text = (parent.text or "") + shown(child)


def shown(text: str) -> str:
    """A text from anywhere, for people: nothing in it acts on the page."""
    return visible(clean(text))


def drawing(found: Element) -> Element:
    """A chart of a library with nothing in it but shapes and texts."""
    name = found.tag.removeprefix(SVG)
    kept = {key: value for key, value in found.attrib.items() if key in SVG_ATTRIBUTES}
    result = Element(name, kept)
    result.text = shown(found.text.strip()) if found.text else None
    result.extend([drawing(child) for child in found if child.tag.removeprefix(SVG) in SVG_TAGS])
    return result


def titled(chart: Element, title: str, description: str, name: str) -> Element:
    """A chart with the words for those who do not see it; `name` is its own among the page's."""
    chart.set("role", "img")
    chart.set("aria-labelledby", f"{name}-title {name}-desc")
    chart.insert(0, tag("title", title, id=f"{name}-title"))
    chart.insert(1, tag("desc", description, id=f"{name}-desc"))
    return chart


def written(root: Element) -> str:
    """The whole page as text."""
    return "<!DOCTYPE html>\n" + tostring(root, encoding="unicode", method="html") + "\n"


def _name(key: str) -> str:
    return key.rstrip("_").replace("_", "-")
