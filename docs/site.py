"""For MkDocs (`hooks` in mkdocs.yml): links to files that are no pages of the site become plain text."""

from __future__ import annotations

import posixpath
import re
from typing import Any

LINK = re.compile(r"\[([^\]\n]*)\]\(([^)\s#]+)(#[^)\s]*)?\)")


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """The page's text; links within the site, and to elsewhere on the web, stay as they are."""
    del config
    folder = posixpath.dirname(page.file.src_uri)

    def shown(match: re.Match[str]) -> str:
        text, target = match[1], match[2]
        if "://" in target:
            return match[0]
        path = posixpath.normpath(posixpath.join(folder, target))
        file = files.get_file_from_path(path)
        return match[0] if file is not None and file.inclusion.is_included() else text

    return LINK.sub(shown, markdown)
