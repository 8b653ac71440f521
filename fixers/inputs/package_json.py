"""What a package.json says: the project's dependencies, and the scripts that its commands stand for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.json import decode

from dockerlint.lint.storage.lazy_regex import regex

if TYPE_CHECKING:
    from collections.abc import Mapping

# `npm run x`, `npm start`, `yarn x`, `pnpm x`, `bun run x`. Source: the tools' documentation on running scripts.
CALL = regex(r"(?<![\w./-])(npm|yarn|pnpm|bun)\s+(?:-s\s+|--silent\s+)?(?:run(?:-script)?\s+(?:-s\s+|--silent\s+)?)?([\w.:-]+)")
NAME = regex(r"@?[\w.-]+(?:/[\w.-]+)?")
# Programs that do not have the name of their package. Source: "bin" in the packages' own package.json.
PROGRAMS = {
    "typescript": ("tsc", "tsserver"),
    "@angular/cli": ("ng",),
    "@nestjs/cli": ("nest",),
    "@vue/cli-service": ("vue-cli-service",),
    "@babel/cli": ("babel",),
    "@babel/node": ("babel-node",),
    "@swc/cli": ("swc",),
    "@remix-run/dev": ("remix",),
    "@react-router/dev": ("react-router",),
    "@sveltejs/kit": ("svelte-kit",),
    "@11ty/eleventy": ("eleventy",),
    "@ionic/cli": ("ionic",),
    "@craco/craco": ("craco",),
    "webpack-cli": ("webpack",),
    "gulp-cli": ("gulp",),
    "grunt-cli": ("grunt",),
    "npm-run-all": ("npm-run-all", "run-s", "run-p"),
}


class NodePackage(Struct, frozen=True):
    """One package.json; `raw` is all that it says."""

    dependencies: frozenset[str]
    development: frozenset[str]
    scripts: Mapping[str, str]
    raw: Mapping[str, Any]

    def expanded(self, command: str) -> str:
        """A command line with the texts of all scripts that it calls behind it, those before and after them too."""
        texts = [command]
        seen: set[str] = set()
        for text in texts:
            for name in (match[2] for match in CALL.finditer(text)):
                for script in (f"pre{name}", name, f"post{name}"):
                    if script in self.scripts and script not in seen:
                        seen.add(script)
                        texts.append(self.scripts[script])
        return "\n".join(texts)

    def development_in(self, text: str) -> str | None:
        """A dependency of the development that a text names, by itself or by a program of it; None when there is none."""
        words = set(NAME.findall(text)) | set(re.findall(r"[\w.-]+", text))
        return next((name for name in sorted(self.development) if not words.isdisjoint((name, *programs(name)))), None)


def programs(package: str) -> tuple[str, ...]:
    """The programs that a package may bring; declarations of types bring none."""
    if package.startswith("@types/"):
        return ()
    return PROGRAMS.get(package, (package.rpartition("/")[2],))


def read(text: str | None) -> NodePackage | None:
    """The package.json of a text; None when it is none."""
    if text is None:
        return None
    try:
        data = decode(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict):
        return None
    scripts = _table(data, "scripts")
    return NodePackage(
        frozenset((*_table(data, "dependencies"), *_table(data, "optionalDependencies"))),
        frozenset(_table(data, "devDependencies")) - frozenset(_table(data, "dependencies")),
        {name: value for name, value in scripts.items() if isinstance(value, str)},
        data,
    )


def _table(data: dict[str, Any], key: str) -> dict[str, Any]:
    value = data.get(key)
    return value if isinstance(value, dict) else {}


