"""Holds what two builds gave against each other. What a fix may change is listed here, by what its rule's page says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from .executor import Built, Config, Tree

# the caches and lists that a clean-up or a mount takes out of the image
CACHES = (
    "/var/lib/apt/lists", "/var/cache/apt", "/var/cache/apk", "/etc/apk/cache", "/var/cache/dnf", "/var/cache/yum",
    "/root/.cache", "/root/.npm", "/usr/local/share/.cache", "/root/.local/share/pnpm", "/root/.m2", "/root/.composer/cache",
    "/usr/local/bundle/cache", "/usr/local/cargo/registry", "/go/pkg/mod", "/var/pip", "/tmp/pip", "/cache", "/home/node/.npm",
    "/home/node/.cache", "/home/node/.local/share/pnpm", "/var/lib/apt",
)  # fmt: skip
# the rules that do so
ABOUT_CACHES = frozenset({"DF103", "DF107", "DF201", "DF202", "DL3009", "DL3019", "DL3032", "DL3036", "DL3040", "DL3042", "DL3060", "DF104"})
# rules about files that were downloaded or left behind
ABOUT_LEFTOVERS = frozenset({"DF201", "DF204", "DF212"})
LOGS = re.compile(r"/var/log/.*|.*/_logs/.*|/var/cache/ldconfig/aux-cache")


def differences(before: Built, after: Built, codes: Collection[str], texts: tuple[str, str]) -> list[str]:
    """What differs and is not what a fix of these codes is about, a line each."""
    found = list(_files(before.tree, after.tree, codes, texts, before.stubs | after.stubs))
    return found + list(_settings(before.config, after.config, codes))


def _files(before: Tree, after: Tree, codes: Collection[str], texts: tuple[str, str], stubs: set[str]) -> list[str]:
    found = []
    named = _removed_names(*texts)
    for path in sorted(before.keys() | after.keys()):
        old, new = before.get(path), after.get(path)
        if old == new or LOGS.fullmatch(path):
            continue
        if path in stubs and (old or new).kind == "folder":  # type: ignore[union-attr]
            continue
        if new is None and ABOUT_CACHES & set(codes) and _is_cache(path, before):
            continue
        if old is None and new is not None and new.kind == "folder" and ABOUT_CACHES & set(codes) and _is_cache(path, after):
            continue
        if new is None and ABOUT_LEFTOVERS & set(codes) and any(path == name or path.startswith(name + "/") for name in named):
            continue
        if new is None:
            found.append(f"{path} is missing after the fix")
        elif old is None:
            found.append(f"{path} is new after the fix")
        else:
            what = [name for name in ("kind", "mode", "uid", "gid", "data") if getattr(old, name) != getattr(new, name)]
            shown = ", ".join(f"{name} {_shown(getattr(old, name))} -> {_shown(getattr(new, name))}" for name in what)
            found.append(f"{path}: {shown}")
    return found


def _shown(value: object) -> str:
    return oct(value) if isinstance(value, int) and value > 0o777 // 8 else str(value)


def _is_cache(path: str, tree: Tree) -> bool:
    """Whether it lies in a cache, or is a folder that only holds one."""
    if any(path == cache or path.startswith(cache + "/") for cache in CACHES):
        return True
    if tree[path].kind != "folder":
        return False
    below = [name for name in tree if name.startswith(path + "/")]
    return bool(below) and all(any(name == cache or name.startswith(cache + "/") or cache.startswith(name + "/") for cache in CACHES) for name in below)


def _removed_names(before: str, after: str) -> set[str]:
    """Paths that the fixed text removes by name and the old one did not."""

    def removed(text: str) -> list[str]:
        return [word for command in re.findall(r"\brm\s[^&;|\n\\]*", text) for word in command.split()[1:] if not word.startswith("-")]

    names = [word.strip("\"'") for word in removed(after)]
    old = [word.strip("\"'") for word in removed(before)]
    new = {name for name in names if names.count(name) > old.count(name)}
    # relative to a folder that is not looked for: by name
    return {name if name.startswith("/") else f"/tmp/{name}" for name in new} | {name.rstrip("/*") for name in new}


def _settings(before: Config, after: Config, codes: Collection[str]) -> list[str]:
    old, new = _plain(before, codes), _plain(after, codes)
    return [f"configuration: {key} {old.get(key)!r} -> {new.get(key)!r}" for key in sorted(old.keys() | new.keys()) if old.get(key) != new.get(key)]


def _plain(config: Config, codes: Collection[str]) -> Config:
    plain = {key: value for key, value in config.items() if key != "CmdSet"}
    if "DL3025" in codes:
        if check := plain.get("Healthcheck"):
            plain["Healthcheck"] = [check[0], " ".join(re.findall(r"[^\s\[\]\",]+", check[1]))]
        for key in ("Cmd", "Entrypoint"):
            if value := plain.get(key):
                plain[key] = value[-1].removeprefix("exec ") if len(value) == 3 and value[1].startswith("-") and value[1].endswith("c") else " ".join(value)
    if "DF725" in codes:
        plain.pop("StopSignal", None)
    if "DL4000" in codes:
        plain.pop("Author", None)
        plain["Labels"] = {key: value for key, value in plain["Labels"].items() if key != "org.opencontainers.image.authors"}
    return plain
