"""Reads Dockerfiles for the executor: apart from dlint's own parser, so that both cannot be wrong in the same way.

Source: the Dockerfile reference (format, parser directives, environment replacement, here-documents).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

HEREDOC = re.compile(r"<<(-?)(['\"]?)([A-Za-z_][A-Za-z0-9_]*)\2")
FLAG = re.compile(r"--([a-z-]+)(?:=(\S*))?(?:\s+|$)")
WITH_HEREDOC = frozenset({"RUN", "COPY", "ADD"})


class BuildError(Exception):
    """The builder refuses the file, or a step fails."""


@dataclass
class Heredoc:
    """A here-document: its name, its text, whether variables are left as they are."""

    name: str
    text: str
    raw: bool


@dataclass
class Instruction:
    """One instruction: its name in capitals, its flags, what follows, its here-documents."""

    name: str
    rest: str
    flags: list[tuple[str, str]] = field(default_factory=list)
    heredocs: list[Heredoc] = field(default_factory=list)
    escape: str = "\\"

    @property
    def json(self) -> list[str] | None:
        """The words of the exec form; None for the shell form."""
        if not self.rest.lstrip().startswith("["):
            return None
        try:
            value = json.loads(self.rest)
        except ValueError:
            return None
        return value if isinstance(value, list) and all(isinstance(item, str) for item in value) else None

    def flag(self, name: str) -> str | None:
        """The value of a flag."""
        return next((value for key, value in reversed(self.flags) if key == name), None)


def read(text: str) -> list[Instruction]:
    """The instructions of a file. Raises BuildError."""
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    escape = _escape(lines)
    found = []
    at = 0
    while at < len(lines):
        line = lines[at]
        at += 1
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        joined = ""
        while True:
            stripped = line.rstrip(" \t")
            if not stripped.endswith(escape):
                joined += line
                break
            joined += stripped[:-1]
            while at < len(lines) and (not lines[at].strip() or lines[at].lstrip().startswith("#")):
                at += 1
            if at >= len(lines):
                break
            line = lines[at]
            at += 1
        item = _instruction(joined, escape)
        if item.name in WITH_HEREDOC:
            for match in HEREDOC.finditer(item.rest):
                body = []
                while at < len(lines):
                    one = lines[at].lstrip("\t") if match[1] else lines[at]
                    at += 1
                    if one == match[3]:
                        break
                    body.append(one)
                item.heredocs.append(Heredoc(match[3], "".join(f"{one}\n" for one in body), bool(match[2])))
        found.append(item)
    return found


def _escape(lines: list[str]) -> str:
    for line in lines:
        match = re.fullmatch(r"#\s*(\w+)\s*=\s*(\S+)\s*", line)
        if match is None:
            return "\\"
        if match[1].lower() == "escape":
            return match[2]
    return "\\"


def _instruction(text: str, escape: str) -> Instruction:
    name, _, rest = text.strip().partition(" ") if " " in text.strip() else text.strip().partition("\t")
    item = Instruction(name.upper(), rest.strip(), escape=escape)
    if item.name in {"RUN", "COPY", "ADD", "FROM", "HEALTHCHECK"}:
        while match := FLAG.match(item.rest):
            item.flags.append((match[1], match[2] if match[2] is not None else "true"))
            item.rest = item.rest[match.end() :]
    return item


def expand(text: str, env: Mapping[str, str], escape: str = "\\") -> str:
    """A word with its variables put in and its quotes taken away."""
    return "".join(_expanded(text, env, escape))


def words(text: str, env: Mapping[str, str], escape: str = "\\") -> list[str]:
    """The words of a line, each expanded; quotes keep blanks together."""
    found: list[str] = []
    current, quote, started = "", "", False
    index = 0
    while index < len(text):
        char = text[index]
        if char == escape and quote != "'" and index + 1 < len(text):
            current += text[index : index + 2]
            index += 2
            started = True
            continue
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char.isspace():
            if started:
                found.append(current)
            current, started = "", False
            index += 1
            continue
        current += char
        started = True
        index += 1
    if started:
        found.append(current)
    return [expand(word, env, escape) for word in found]


def _expanded(text: str, env: Mapping[str, str], escape: str) -> list[str]:
    out: list[str] = []
    quote = ""
    index = 0
    while index < len(text):
        char = text[index]
        if char == escape and quote != "'" and index + 1 < len(text):
            following = text[index + 1]
            out.append(following if not quote or following in f'"${escape}' else char + following)
            index += 2
        elif char in "'\"" and (not quote or quote == char):
            quote = "" if quote else char
            index += 1
        elif char == "$" and quote != "'":
            value, index = _variable(text, index, env, escape)
            out.append(value)
        else:
            out.append(char)
            index += 1
    return out


def _variable(text: str, index: int, env: Mapping[str, str], escape: str) -> tuple[str, int]:
    if text.startswith("${", index):
        end = text.find("}", index)
        if end < 0:
            raise BuildError(f"bad substitution: {text}")
        match = re.fullmatch(r"(\w+)(?:(:?[-+])(.*))?", text[index + 2 : end])
        if match is None:
            raise BuildError(f"unsupported modifier: {text}")
        value = env.get(match[1])
        has = value is not None and (value != "" or not (match[2] or "").startswith(":"))
        if match[2] and match[2][-1] == "-" and not has:
            value = expand(match[3], env, escape)
        elif match[2] and match[2][-1] == "+":
            value = expand(match[3], env, escape) if has else ""
        return value or "", end + 1
    match = re.compile(r"\$(\w+)").match(text, index)
    if match is None:
        return "$", index + 1
    return env.get(match[1], ""), match.end()
