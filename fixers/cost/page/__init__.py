"""What Dockerfiles cost, as one page of HTML that stands alone: no script, nothing from the network."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from .section import section
from .tags import tag, written

if TYPE_CHECKING:
    from collections.abc import Sequence
    from xml.etree.ElementTree import Element

    from .view import EstimateView

STYLE = Path(__file__).parent / "style.css"


def page(views: Sequence[EstimateView]) -> str:
    """The page: a section a file."""
    return document(
        f"dlint cost: {', '.join(view.found.file for view in views)}",
        tag(
            "header",
            tag("h1", "What it costs"),
            tag(
                "p",
                "Estimates of dlint; nothing was built. ~ stands before a likely figure, > before a lower bound where a "
                "part is not known, ? where nothing is known. Under a figure are its lower and its upper bound.",
                class_="soft",
            ),
        ),
        tag("main", *(section(view, number) for number, view in enumerate(views))),
    )


def document(title: str, *body: Element) -> str:
    """A whole page that stands alone, in our style."""
    style = STYLE.read_text(encoding="utf-8")
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_policy(style)),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", title),
    )
    sheet = tag("style")
    sheet.text = style  # our own file: spelled as it is, for its hash
    head.append(sheet)
    return written(tag("html", head, tag("body", *body), lang="en"))


def _policy(style: str) -> str:
    """Nothing is loaded, nothing is run, and the one style is this one."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
