"""For MkDocs (`hooks` in mkdocs.yml): some files from outside of docs/ are pages; links to others become plain text."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
# What is part of the site though it lies elsewhere, by its place in the site.
ELSEWHERE = {"accuracy.md": "bench/accuracy.md", "accuracy.svg": "bench/accuracy.svg", "contributing.md": "CONTRIBUTING.md"}
PLACES = {f"../{path}": place for place, path in ELSEWHERE.items()}
LINK = re.compile(r"\[([^\]\n]*)\]\(([^)\s#]+)(#[^)\s]*)?\)")


# In rules/index.md: a subject, and the row of a rule.
ENTRY = re.compile(r"^## (?P<subject>.+)$|^\| \[(?P<code>\w+)\]\(\w+\.md\) \| (?P<name>\S+) \|", re.MULTILINE)


def on_config(config: Any) -> Any:
    """The site's settings, with the rules in the menu, by subject as their list has them."""
    for entry in config["nav"]:
        if "Rules" in entry:
            entry["Rules"] = ["rules/index.md", *rules((ROOT / "docs" / "rules" / "index.md").read_text(encoding="utf-8"))]
    return config


def rules(listed: str) -> list[dict[str, list[dict[str, str]]]]:
    """The menu of the rules, of the page that lists them."""
    menu: list[dict[str, list[dict[str, str]]]] = []
    for match in ENTRY.finditer(listed):
        if match["subject"]:
            menu.append({match["subject"]: []})
        else:
            code, name = match["code"], match["name"]
            (pages,) = menu[-1].values()
            pages.append({code if name == code else f"{code} {name}": f"rules/{code}.md"})
    return menu


def on_files(files: Any, config: Any) -> Any:
    """The site's files, with those from elsewhere."""
    from mkdocs.structure.files import File

    for place, path in ELSEWHERE.items():
        files.append(File.generated(config, place, abs_src_path=str(ROOT / path)))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """The page's text; links within the site, and to elsewhere on the web, stay as they are."""
    del config
    here = page.file.src_uri
    # links are those of the place in the repository
    folder = posixpath.dirname(f"../{ELSEWHERE[here]}" if here in ELSEWHERE else here)

    def shown(match: re.Match[str]) -> str:
        text, target, anchor = match[1], match[2], match[3] or ""
        if "://" in target:
            return match[0]
        path = posixpath.normpath(posixpath.join(folder, target))
        path = PLACES.get(path, path.removeprefix("../docs/"))
        file = files.get_file_from_path(path)
        if file is None or not file.inclusion.is_included():
            return text
        return f"[{text}]({posixpath.relpath(path, posixpath.dirname(here) or '.')}{anchor})"

    return LINK.sub(shown, markdown)
