"""What Homebrew and winget are told of a release: where its files are, and their checksums."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

    from project import Places

# Homebrew's names of the systems and processors that Node's names stand for.
HOMEBREW = {"darwin-arm64": ("macos", "arm"), "darwin-x64": ("macos", "intel"), "linux-arm64": ("linux", "arm"), "linux-x64": ("linux", "intel")}
WINGET = {"win32-arm64": "arm64", "win32-x64": "x64"}
# Source: the schemas of winget's manifests, https://aka.ms/winget-manifest.version.1.12.0.schema.json and its siblings.
WINGET_VERSION = "1.12.0"


def formula(version: str, description: str, places: Places, files: Mapping[str, tuple[str, str]]) -> str:
    """A Homebrew formula; `files` has by target, such as `linux-x64`, a file's name and its SHA-256.

    Source: "Formula Cookbook", docs.brew.sh.
    """
    lines = [
        "class Dockerlint < Formula",
        f"  desc {_ruby(description)}",
        f"  homepage {_ruby(places.page)}",
        f"  version {_ruby(version)}",
        '  license "Apache-2.0"',
    ]
    for system in ("macos", "linux"):
        of_system = [(HOMEBREW[target][1], *file) for target, file in sorted(files.items()) if HOMEBREW.get(target, ("",))[0] == system]
        if not of_system:
            continue
        lines += ["", f"  on_{system} do"]
        for processor, name, checksum in of_system:
            lines += [
                f"    on_{processor} do",
                f"      url {_ruby(places.asset(version, name))}",
                f"      sha256 {_ruby(checksum)}",
                "    end",
            ]
        lines.append("  end")
    lines += [
        "",
        "  def install",
        '    bin.install Dir["dlint-*"].first => "dlint"',
        "  end",
        "",
        "  test do",
        '    assert_match version.to_s, shell_output("#{bin}/dlint --version")',
        "  end",
        "end",
    ]
    return "\n".join(lines) + "\n"


def _ruby(text: str) -> str:
    """A text as Ruby writes it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("#", "\\#")
    return f'"{escaped}"'


def winget(version: str, description: str, places: Places, files: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    """winget's three manifests, by their file names; `files` as for `formula`."""
    common: dict[str, object] = {"PackageIdentifier": places.winget, "PackageVersion": version}
    installers = [
        {"Architecture": WINGET[target], "InstallerUrl": places.asset(version, name), "InstallerSha256": checksum.upper()}
        for target, (name, checksum) in sorted(files.items())
        if target in WINGET
    ]
    if not installers:
        return {}
    manifests: dict[str, dict[str, object]] = {
        "": {"DefaultLocale": "en-US"},
        ".installer": {"InstallerType": "portable", "Commands": ["dlint"], "Installers": installers},
        ".locale.en-US": {
            "PackageLocale": "en-US",
            "Publisher": places.publisher,
            "PackageName": "dlint",
            "PackageUrl": places.page,
            "License": "Apache-2.0",
            "ShortDescription": description,
        },
    }
    kinds = {"": "version", ".installer": "installer", ".locale.en-US": "defaultLocale"}
    return {
        f"{places.winget}{name}.yaml": yaml.safe_dump(
            {**common, **fields, "ManifestType": kinds[name], "ManifestVersion": WINGET_VERSION}, sort_keys=False
        )
        for name, fields in manifests.items()
    }
