"""Holds what two builds gave against each other. What a fix may change is listed here, by what its rule's page says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from .executor import Built, Config, Tree

HOME = r"(?:/root|/home/[^/]+)?"
# what a clean-up, or an option that keeps no cache, takes out of the image: by rule, as patterns of whole paths
APT = ("/var/lib/apt/lists", "/var/cache/apt")
DNF = ("/var/cache/dnf", "/var/cache/libdnf5", "/var/cache/yum")
PIP = (rf"{HOME}/\.cache/pip", "/var/pip", "/tmp/pip")
NODE = (rf"{HOME}/\.npm", r"/usr/local/share/\.cache/yarn", rf"{HOME}/\.cache/yarn", rf"{HOME}/\.local/share/pnpm/store")
ZYPP, PACMAN = "/var/cache/zypp", "/var/cache/pacman/pkg"
OTHERS = (PACMAN, rf"{HOME}/\.cache/uv", rf"{HOME}/\.composer/cache", "/usr/local/bundle/cache", "/usr/local/cargo/registry")
CLEANED = {
    "DL3009": APT, "DL3019": ("/var/cache/apk", "/etc/apk/cache"), "DL3032": DNF, "DL3040": DNF, "DL3042": PIP, "DL3060": NODE,
    "DL3036": (ZYPP,), "DL3046": ("/var/log/(?:lastlog|faillog)",), "DF202": (*PIP, *NODE, *OTHERS),
}  # fmt: skip
# folders that a tool makes on the way to its cache
ABOVE = re.compile(rf"{HOME}/\.(?:cache|composer|local(?:/share(?:/pnpm)?)?)|/usr/local/share/\.cache")
MOUNT = re.compile(r"--mount=type=cache\S*?[,=](?:target|dst|destination)=([^,\s]+)")
# rules about files that were downloaded or left behind
ABOUT_LEFTOVERS = frozenset({"DF201", "DF204", "DF212"})
# what names the command line, which an option that is added changes
LOGS = re.compile(r"/var/log/(?:apt|dpkg|dnf|yum)[^/]*(?:/.*)?")
SIGNALS = {str(number): f"SIG{name}" for name, number in (("HUP", 1), ("INT", 2), ("QUIT", 3), ("KILL", 9), ("TERM", 15))}


def differences(before: Built, after: Built, codes: Collection[str], texts: tuple[str, str]) -> list[str]:
    """What differs and is not what a fix of these codes is about, a line each."""
    found = list(_files(before.tree, after.tree, codes, texts))
    return found + list(_settings(before.config, after.config, codes))


def _files(before: Tree, after: Tree, codes: Collection[str], texts: tuple[str, str]) -> list[str]:
    found = []
    named = _removed_names(*texts)
    caches = _caches(codes, texts)
    for path in sorted(before.keys() | after.keys()):
        old, new = before.get(path), after.get(path)
        if old == new or LOGS.fullmatch(path):
            continue
        if new is None and caches.holds(path, before):
            continue
        if old is None and new is not None and new.kind == "folder" and caches.holds(path, after):
            continue
        if new is None and ABOUT_LEFTOVERS & set(codes) and any(_is_named(path, name) for name in named):
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


class Caches:
    """The folders that the fixes of a pair are about."""

    def __init__(self, patterns: Collection[str]) -> None:
        self.inside = re.compile(f"(?:{'|'.join(sorted(patterns))})(?:/.*)?") if patterns else None

    def holds(self, path: str, tree: Tree) -> bool:
        """Whether a path lies in one, or is a folder with nothing else in it."""
        if self.inside is None:
            return False
        if self.inside.fullmatch(path):
            return True
        below = [name for name in tree if name.startswith(path + "/")] if tree[path].kind == "folder" else []
        above = ABOVE.fullmatch(path) or any(map(self.inside.fullmatch, below))
        return tree[path].kind == "folder" and bool(above) and all(self.inside.fullmatch(name) or self.holds(name, tree) for name in below)


def _caches(codes: Collection[str], texts: tuple[str, str]) -> Caches:
    """What the rules clean, and what is mounted after the fix only."""
    patterns = {pattern for code in codes for pattern in CLEANED.get(code, ())}
    old, new = ([place.rstrip("/") for place in MOUNT.findall(text)] for text in texts)
    return Caches(patterns | {re.escape(place) for place in new if new.count(place) > old.count(place)})


def _shown(value: object) -> str:
    return oct(value) if isinstance(value, int) and value > 0o777 // 8 else str(value)


def _is_named(path: str, name: str) -> bool:
    """Whether a path is one that `rm` was given, or lies below it; a relative one is looked for in any folder."""
    return path == name or path.startswith(name + "/") or (not name.startswith("/") and path.endswith("/" + name))


def _removed_names(before: str, after: str) -> set[str]:
    """Paths that the fixed text removes by name and the old one did not."""

    def removed(text: str) -> list[str]:
        return [word for command in re.findall(r"\brm\s[^&;|\n\\]*", text) for word in command.split()[1:] if not word.startswith("-")]

    names = [word.strip("\"'") for word in removed(after)]
    old = [word.strip("\"'") for word in removed(before)]
    new = {name for name in names if names.count(name) > old.count(name)}
    return new | {name.rstrip("/*") for name in new}


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
    if "DF725" in codes and "StopSignal" in plain:
        signal = plain["StopSignal"].upper()
        plain["StopSignal"] = SIGNALS.get(signal, f"SIG{signal.removeprefix('SIG')}")
    if "DL4000" in codes:
        author = plain.pop("Author", None) or plain["Labels"].get("org.opencontainers.image.authors")
        plain["Labels"] = {**plain["Labels"], "org.opencontainers.image.authors": author}
    return plain
