"""What a release is called and where it goes: the version of pyproject.toml, the places of release.toml."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
PLACEHOLDER = "OWNER"
HEADING = re.compile(r"## \[([^\]]+)\] - (.+)")
UNRELEASED = "unreleased"


class ReleaseError(Exception):
    """Why there can be no release; the message says what to do."""


@dataclass(frozen=True)
class Places:
    """Names of the project at the services that have it: see release.toml."""

    repository: str
    image: str
    npm: str
    winget: str
    publisher: str

    @property
    def page(self) -> str:
        """The address of the repository."""
        return f"https://github.com/{self.repository}"

    def asset(self, version: str, name: str) -> str:
        """The address of a file of a release."""
        return f"{self.page}/releases/download/v{version}/{name}"


def places() -> Places:
    """What release.toml says."""
    return Places(**tomllib.loads((ROOT / "release" / "release.toml").read_text(encoding="utf-8")))


def version() -> str:
    """The version, which stands in pyproject.toml and nowhere else."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["version"])


def description() -> str:
    """One line on what dlint is."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["description"])


def notes(changelog: str, of: str) -> tuple[str, str]:
    """The date and the text of a version's section of a changelog.

    Raises ReleaseError when there is no section, or nothing in it.
    """
    lines = changelog.splitlines()
    headings = [(number, found) for number, line in enumerate(lines) if (found := HEADING.fullmatch(line))]
    for place, (number, found) in enumerate(headings):
        if found[1] != of:
            continue
        end = headings[place + 1][0] if place + 1 < len(headings) else len(lines)
        text = "\n".join(lines[number + 1 : end]).strip()
        if not text:
            raise ReleaseError(f"CHANGELOG.md: the section of {of} is empty")
        return found[2], f"{text}\n"
    raise ReleaseError(f"CHANGELOG.md: there is no section `## [{of}] - DATE`")


def refuse_unready(changelog: str, of: str, to: Places) -> None:
    """Raise ReleaseError for what must not be published: a section without its date, places that nobody owns."""
    date, _ = notes(changelog, of)
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", date):
        raise ReleaseError(f"CHANGELOG.md: {of} is {date}: write the date of its release")
    unowned = [name for name, value in vars(to).items() if PLACEHOLDER in value.upper()]
    if unowned:
        raise ReleaseError(f"release/release.toml: {', '.join(unowned)}: write who owns it in the place of {PLACEHOLDER}")
