"""What a command of a RUN runs in turn: a script of the context, a target of a Makefile, a script of package.json."""

from __future__ import annotations

import posixpath
from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.json import decode

from dockerlint.lint.catalogue.tool import unwrapped
from dockerlint.lint.shell.script import script
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.parser import parse

from .image_paths import absolute

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dockerlint.lint.shell.script import Command

SHELLS = frozenset({"sh", "bash", "ash", "dash"})
SHEBANG = regex(r"#!\s*/\S*\b(?:env\s+)?(?:ba|da|a)?sh\b")
MAKEFILES = ("GNUmakefile", "makefile", "Makefile")
# A rule of a Makefile: its targets and what these need. Source: the GNU make manual, "Rule Syntax".
RULE = regex(r"(?m)^([\w./-]+(?:[ \t]+[\w./-]+)*)[ \t]*:(?![:=])[ \t]*([^\n#;=]*)(?:;([^\n]*))?")
RECIPE_SIGNS = "@-+ \t"
RUNNERS = {"npm": ("run", "run-script"), "pnpm": ("run",), "yarn": ("run",), "bun": ("run",)}
# A longer script is a program; deeper than this nobody calls them.
LONGEST = 50_000
DEEPEST = 3
DELIMITER = "END_OF_THE_INNER_SCRIPT"


class Inner(Struct, frozen=True):
    """The commands that another one runs, in order, and the folder that they start in; None when it is not known."""

    commands: tuple[Command, ...]
    folder: str | None


def inner(command: Command, folder: str | None, read: Callable[[str], str | None], depth: int = 0) -> Iterator[Inner]:
    """What a command runs in turn, as far as files of the context say it; `read` gives the text of a file by its path in the image.

    `folder` is where the command runs.
    """
    words = [word.text for word in unwrapped(command.words)]
    if not words or depth >= DEEPEST:
        return
    text = _script(words, folder, read) or _target(words, folder, read) or _package_script(words, folder, read)
    if text is None or len(text) > LONGEST:
        return
    found = _commands(text)
    yield Inner(found, folder)
    for item in found:
        yield from inner(item, folder_at(found, item, folder), read, depth + 1)


def folder_at(commands: tuple[Command, ...], command: Command, folder: str | None) -> str | None:
    """The folder that one of several commands runs in, after each `cd` before it; None when it is not known."""
    for item in commands:
        if item is command:
            break
        if item.name in ("pushd", "popd") or (item.name == "cd" and item.sometimes):
            return None
        if item.name == "cd" and item.within == command.within[: len(item.within)]:
            folder = absolute(item.arguments[0].text, folder) if len(item.arguments) == 1 else None
    return folder


@lru_cache(maxsize=200)
def _commands(text: str) -> tuple[Command, ...]:
    """The commands of a shell's script."""
    doc = parse(f"FROM a\nRUN <<{DELIMITER}\n{text}\n{DELIMITER}\n")
    run = next((node for node in doc.instructions if isinstance(node, nodes.Run)), None)
    found = script(doc, run) if run is not None and DELIMITER not in text else None
    return found.commands if found is not None and found.sound else ()


def _script(words: list[str], folder: str | None, read: Callable[[str], str | None]) -> str | None:
    """The text of a shell's script that is called by its name, or given to a shell."""
    name = posixpath.basename(words[0])
    if name in SHELLS:
        file = next((word for word in words[1:] if not word.startswith(("-", "+"))), None)
        if "-c" in words:
            return None
    else:
        file = words[0] if "/" in words[0] else None
    path = absolute(file, folder) if file is not None else None
    text = read(path) if path is not None else None
    return text if text is not None and (name in SHELLS or SHEBANG.match(text)) else None


def _target(words: list[str], folder: str | None, read: Callable[[str], str | None]) -> str | None:
    """The recipes of a Makefile's targets, those that they need first."""
    if posixpath.basename(words[0]) not in ("make", "gmake") or folder is None or any(word.startswith("-") and not word.startswith("-j") for word in words):
        return None
    text = next((found for name in MAKEFILES if (found := read(posixpath.join(folder, name))) is not None), None)
    if text is None or len(text) > LONGEST:
        return None
    recipes, needs, first = _rules(text)
    todo = [word for word in words[1:] if not word.startswith("-") and "=" not in word] or ([first] if first else [])
    done: dict[str, None] = {}
    for target in todo:
        _order(target, needs, done)
    return "\n".join(line for target in done for line in recipes.get(target, ())) or None


def _rules(text: str) -> tuple[dict[str, list[str]], dict[str, list[str]], str | None]:
    """The lines of each target, the targets that each needs, and the first target."""
    recipes: dict[str, list[str]] = {}
    needs: dict[str, list[str]] = {}
    current: list[str] = []
    for line in text.replace("\\\n", " ").splitlines():
        rule = RULE.match(line)
        if line.startswith("\t"):
            for target in current:
                recipes.setdefault(target, []).append(line.lstrip(RECIPE_SIGNS))
        elif rule is not None:
            current = rule[1].split()
            for target in current:
                needs.setdefault(target, []).extend(rule[2].replace("|", " ").split())
                if rule[3]:
                    recipes.setdefault(target, []).append(rule[3].lstrip(RECIPE_SIGNS))
        elif line.strip() and not line.startswith("#"):
            current = []
    return recipes, needs, next((target for target in needs if not target.startswith(".")), None)


def _order(target: str, needs: dict[str, list[str]], done: dict[str, None]) -> None:
    """Puts a target behind all that it needs; none twice."""
    todo = [(target, False)]
    seen: set[str] = set()
    while todo:
        name, ready = todo.pop()
        if ready:
            done.setdefault(name)
        elif name not in seen and name not in done:
            seen.add(name)
            todo += [(name, True), *((item, False) for item in reversed(needs.get(name, ())))]


def _package_script(words: list[str], folder: str | None, read: Callable[[str], str | None]) -> str | None:
    """A script of the package.json of a folder, with what runs before it."""
    runner = RUNNERS.get(words[0])
    if runner is None or folder is None or len(words) < 3 or words[1] not in runner or words[2].startswith("-"):
        return None
    text = read(posixpath.join(folder, "package.json"))
    try:
        scripts = decode(text)["scripts"] if text is not None else {}
        lines = [scripts[name] for name in (f"pre{words[2]}", words[2]) if isinstance(scripts.get(name), str)]
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return "\n".join(lines) or None
