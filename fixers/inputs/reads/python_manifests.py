"""Python's manifests: pyproject.toml for uv, Poetry and PDM, the Pipfile, requirement files and Conda's environments."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Any

from dockerlint.lint.storage.lazy_regex import regex

from .manifest import Doubt, strings, table, texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .manifest import Manifest

# Lines of a requirements file: those that name another one, and those that name a package of an index or a repository.
# Source: pip's documentation, "Requirements File Format"; PEP 508.
REQUIREMENT_FILE = regex(r"\s*(?:-r|--requirement|-c|--constraint)[\s=]*(\S+)\s*\Z")
REQUIREMENT = regex(
    r"[A-Za-z0-9][\w.-]*\s*(?:\[[\w\s,.-]*\])?\s*(?:\Z|[=<>~!(;]|@\s*(?:https?://|git\+(?:https?|ssh|git)://)|--hash)"
    r"|(?:git\+)?https?://"
    r"|(?:-i|--index-url|--extra-index-url)[\s=]+https?://"
    r"|--(?:trusted-host|pre|prefer-binary|no-binary|only-binary|require-hashes)\b"
)
# Options that name files; a line may have several options.
FILE_OPTION = regex(r"\s(?:-[frce]|--(?:find|req|con|edi|index-url[\s=]+file:|extra-index-url[\s=]+file:))")
PACKAGE_FILE = regex(r"\.(?:whl|zip|tar\.gz|tgz|tar\.bz2)\b")
# A package of Conda: `name`, `name=1.2=build`, `channel::name>=1`.
CONDA = regex(r"(?:[\w./-]+::)?[A-Za-z0-9_][\w.-]*(?:\s*[=<>!~ ].*)?\Z")
PIPFILE_LOCAL = regex(r"\b(?:path|file|editable)\s*=|\$\{")


def requirements(manifest: Manifest) -> Iterator[str | Doubt]:
    """A requirements file: the files that it includes; anything but packages of an index is a doubt."""
    yield from _lines(manifest, list(requirement_lines(manifest.text)))


def _lines(manifest: Manifest, lines: list[str]) -> Iterator[str | Doubt]:
    for line in lines:
        if other := REQUIREMENT_FILE.match(line):
            if other[1].startswith(("http:", "https:")):
                continue
            yield from manifest.local(other[1])
        elif not REQUIREMENT.match(line) or FILE_OPTION.search(line) or (PACKAGE_FILE.search(line) and "://" not in line) or "${" in line:
            yield Doubt(f"{manifest.name} has the entry `{line[:40]}`, which may name files")


def requirement_lines(text: str) -> Iterator[str]:
    """The lines of a requirements file that say something, continued ones joined."""
    # a comment does not go on in the next line, whatever its end is
    text = re.sub(r"(?m)^[ \t]*#.*$", "", text)
    for line in re.sub(r"\\\r?\n", "", text).splitlines():
        said = re.sub(r"(?:^|\s)#.*", "", line).strip()
        if said:
            yield said


def environment(manifest: Manifest) -> Iterator[str | Doubt]:
    """Conda's environment.yml, with the lines for pip in it."""
    data = manifest.yaml()
    if data is None:
        yield manifest.unread()
        return
    listed = data.get("dependencies")
    for item in listed if isinstance(listed, list) else ():
        if isinstance(item, dict) and set(item) == {"pip"}:
            yield from _lines(manifest, texts(item["pip"]))
        elif not isinstance(item, str) or not CONDA.match(item):
            yield Doubt(f"{manifest.name} has an entry that dlint does not read")
    if "prefix" in data or any(text.startswith(("file:", "./", "../", "/")) for text in texts(data.get("channels"))):
        yield Doubt(f"{manifest.name} has a local channel, or sets its own folder")


def pipfile(manifest: Manifest) -> Iterator[str | Doubt]:
    """Pipfile: packages by path are a doubt."""
    if PIPFILE_LOCAL.search(manifest.text):
        yield Doubt("Pipfile takes packages from folders")


def project(manifest: Manifest) -> Iterator[str | Doubt]:
    """pyproject.toml: members of uv's workspace, and packages by path, which are taken whole."""
    data = manifest.toml()
    if data is None:
        yield manifest.unread()
        return
    uv, poetry, pdm = (table(table(data.get("tool")).get(name)) for name in ("uv", "poetry", "pdm"))
    workspace = table(uv.get("workspace"))
    if members := texts(workspace.get("members")):
        yield from manifest.members(members, ("pyproject.toml",), tuple(texts(workspace.get("exclude"))))
    for source in _sources(uv.get("sources")):
        if isinstance(source.get("path"), str):
            yield from manifest.local(source["path"])
    yield from _uv_doubts(manifest, uv, table(data.get("project")))
    groups = [poetry.get("dependencies"), poetry.get("dev-dependencies")]
    groups += [table(group).get("dependencies") for group in table(poetry.get("group")).values()]
    for group in groups:
        for source in _sources(group):
            path = source.get("path") or source.get("file")
            if isinstance(path, str):
                yield from manifest.local(path)
    if any(name.startswith(("pre_", "post_")) for name in table(pdm.get("scripts"))) or "plugins" in pdm:
        yield Doubt("pyproject.toml has scripts that PDM runs during the install")
    listed = (data.get("dependency-groups"), table(data.get("project")), pdm.get("dev-dependencies"))
    for text in (text for part in listed for text in strings(part)):
        # PEP 508 takes local files by their whole addresses only
        if "file:" in text or text.startswith("-e "):
            yield Doubt("pyproject.toml takes packages from folders")
            return


def _uv_doubts(manifest: Manifest, uv: dict[str, Any], own: dict[str, Any]) -> Iterator[Doubt]:
    """Why uv may read more: packages in folders, and what it builds the project for, to hold it against its lock file."""
    if uv.get("find-links"):
        yield Doubt("pyproject.toml names folders of packages")
    others = table(table((manifest.toml() or {}).get("tool")))
    if texts(own.get("dynamic")) and (manifest.here("uv.lock") or others.keys().isdisjoint(("poetry", "pdm"))):
        yield Doubt("pyproject.toml has dynamic values, which building the project computes")
    for index in (item for item in _sources({"": uv.get("index")}) if not str(item.get("url", "https:")).startswith("http")):
        yield Doubt(f"pyproject.toml has an index {str(index.get('url'))[:30]}")


def uv_settings(manifest: Manifest) -> Iterator[str | Doubt]:
    """uv.toml: folders of packages."""
    data = manifest.toml()
    if data is None or "find-links" in data or "index" in data or "pip" in data or "cache-dir" in data:
        yield Doubt("uv.toml may name files to read")


def _sources(value: object) -> list[dict[str, Any]]:
    """The tables in a mapping of names to a table or a list of tables."""
    found: list[dict[str, Any]] = []
    for item in table(value).values():
        found += [part for part in (item if isinstance(item, list) else [item]) if isinstance(part, dict)]
    return found


def uv_lock(manifest: Manifest) -> Iterator[str | Doubt]:
    """uv.lock: packages of the project, by where they lie."""
    if re.search(r"\b(?:registry|git) = \"(?!https?://|ssh://|git@)", manifest.text):
        yield Doubt("uv.lock takes packages from a folder")
    for kind, path in re.findall(r"\b(editable|virtual|directory|path) = \"([^\"\n]*)\"", manifest.text):
        if path in (".", ""):
            continue
        yield from manifest.local(posixpath.join(path, "pyproject.toml") if kind in ("editable", "virtual") else path)


def poetry_lock(manifest: Manifest) -> Iterator[str | Doubt]:
    """poetry.lock: packages that lie in the project, those of its packages too."""
    for path in re.findall(r"(?m)^type = \"(?:directory|file)\"\nurl = \"([^\"\n]*)\"", manifest.text.replace("\r\n", "\n")):
        yield from manifest.local(path)


def poetry_settings(manifest: Manifest) -> Iterator[str | Doubt]:
    """poetry.toml: folders."""
    if re.search(r"(?m)^[ \t]*(?:[\w.-]*\.)?(?:path|cache-dir|data-dir)\b", manifest.text):
        yield Doubt("poetry.toml names folders")


def pipfile_lock(manifest: Manifest) -> Iterator[str | Doubt]:
    """Pipfile.lock: packages that lie in the project."""
    if re.search(r"\"(?:path|file|editable)\"\s*:", manifest.text):
        yield Doubt("Pipfile.lock takes packages from folders")


def is_package(data: dict[str, Any], tool: str) -> bool:
    """Whether a tool installs the project itself, as its pyproject.toml says. Sources: uv's documentation, "Projects",
    `tool.uv.package`; Poetry's, `package-mode`; PDM's, `distribution`.
    """
    own = table(table(data.get("tool")).get(tool))
    if tool == "uv":
        said = own.get("package")
        return said if isinstance(said, bool) else "build-system" in data
    return own.get("package-mode" if tool == "poetry" else "distribution") is not False
