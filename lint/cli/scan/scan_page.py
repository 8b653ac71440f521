"""A scan on one page of HTML that stands alone: what is at stake, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.cost.page import document
from dockerlint.fixers.cost.page.charts import bar_chart
from dockerlint.fixers.cost.page.tags import tag, titled

from .figure_text import megabytes, share_of, time
from .totals import failed, ranked

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from xml.etree.ElementTree import Element

    from .totals import Share, Totals

HALF, LABEL = 580, 32


def page(found: Totals, title: str, most: int, lost: int = 0) -> str:
    """The page of these totals, with `most` rows a table; `lost` chunks are not in it."""
    return document(
        f"dlint scan: {title}",
        tag(
            "header",
            tag("h1", f"What is at stake in {title}"),
            tag(
                "p",
                "Estimates of dlint; nothing was built. At stake is what the fixes save that leave each other alone: bytes of "
                "images, uncompressed, and seconds of one build of each file, averaged over what makes people build again.",
                class_="soft",
            ),
        ),
        tag("main", *_body(found, most, lost)),
    )


def _body(found: Totals, most: int, lost: int) -> list[Element]:
    parts = [_tiles(found), *_notes(found, lost)]
    for number, (heading, what, shares) in enumerate(
        (
            ("By rule", "findings", found.rules),
            ("By repository", "files", found.by_repository),
            ("By base image", "files", found.by_base),
        )
    ):
        parts += _section(heading, what, shares, most, f"part-{number}")
    return [*parts, *_files(found)]


def _tiles(found: Totals) -> Element:
    stake = found.stake
    tiles = (
        ("image bytes at stake", megabytes(stake.image_bytes), share_of(stake.image_bytes, found.images, "all images")),
        ("build time at stake", time(stake.seconds), share_of(stake.seconds, found.builds, "a build of each file")),
        ("files", f"{found.files:,}", ""),
        ("repositories", f"{len(found.by_repository):,}", ""),
        ("findings", f"{found.findings:,}", ""),
        ("not looked at", f"{found.unread:,}", failed(found.reasons)),
    )
    return tag("div", *(_tile(*tile) for tile in tiles), class_="tiles")


def _tile(name: str, figure: str, below: str) -> Element:
    return tag(
        "div",
        tag("span", name, class_="name"),
        tag("span", figure, class_="figure"),
        tag("span", below, class_="soft"),
        class_="tile",
    )


def _notes(found: Totals, lost: int) -> list[Element]:
    notes = []
    if found.partly:
        notes.append(
            f"Of {found.partly:,} files a part of the size or of the time is not known: it counts for nothing, so the sums are lower bounds."
        )
    if lost:
        notes.append(f"Parts of the scan were lost ({lost:,}) and are not in these figures.")
    return [tag("p", note) for note in notes]


def _section(heading: str, what: str, shares: Mapping[str, Share], most: int, name: str) -> list[Element]:
    rows = ranked(shares, most)
    if not rows:
        return [tag("h2", heading), tag("p", "Nothing is at stake here.")]
    pairs = tag(
        "div",
        _chart(f"{heading}: image bytes", rows, lambda share: share.image_bytes, megabytes, f"{name}-bytes"),
        _chart(f"{heading}: build time", rows, lambda share: share.seconds, time, f"{name}-seconds"),
        class_="pair",
    )
    table = _table(
        [heading.removeprefix("By ").capitalize(), what, "image bytes", "build time"],
        [[key, f"{share.count:,}", megabytes(share.image_bytes), time(share.seconds)] for key, share in rows],
    )
    rest = len(shares) - len(rows)
    more = [tag("p", f"{rest:,} more have less at stake, or nothing.", class_="soft")] if rest else []
    return [tag("h2", heading), pairs, table, *more]


def _chart(
    title: str, rows: Sequence[tuple[str, Share]], of: Callable[[Share], float], short: Callable[[float], str], name: str
) -> Element:
    chart = bar_chart([(key, of(share)) for key, share in rows], HALF, LABEL, short)
    words = "; ".join(f"{key}: {short(of(share))}" for key, share in rows)
    return tag("figure", tag("h4", title), titled(chart, title, words, name), class_="commits")


def _files(found: Totals) -> list[Element]:
    if not found.top:
        return []
    rows = [
        [item.repository, item.path, megabytes(item.image_bytes), time(item.seconds)] for item in found.top
    ]
    return [tag("h2", "Files with the most at stake"), _table(["Repository", "file", "image bytes", "build time"], rows)]


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Element:
    body = tag("tbody")
    for first, *cells in rows:
        row = tag("tr", tag("th", first, scope="row"))
        for head, text in zip(heads[1:], cells, strict=True):
            row.append(tag("td", text, data_label=head, **({"class_": "words"} if head == "file" else {})))
        body.append(row)
    heading = tag("tr", tag("th", heads[0], scope="col", class_="words"))
    for head in heads[1:]:
        heading.append(tag("th", head, scope="col", **({"class_": "words"} if head == "file" else {})))
    return tag("table", tag("thead", heading), body, class_="cards")
