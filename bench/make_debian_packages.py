"""Make the table of Debian packages that the cost model reads.

    apt-get update
    python bench/make_debian_packages.py [--packages FILE] [--out FILE]

Without `--packages` the list that `apt-get update` left on this machine is read. The answer is a gzip file of text:
one comment line that says what was read, one line `=base` with the packages of a minimal system, then one line a
name, sorted, fields parted by tabs:

    name  installed KiB  download bytes  depends  recommends        a real package
    name  >provider provider ...                                    a virtual one, the package that apt takes first

Groups are parted by spaces, alternatives within a group by `|`. Left out: groups that the minimal system fulfils,
alternatives that no package of the index can fulfil (versions are compared), suggestions and conflicts.
"""

from __future__ import annotations

import argparse
import gzip
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

LISTS = Path("/var/lib/apt/lists")
OUT = Path(__file__).parent.parent / "fixers" / "cost" / "data" / "debian-bookworm.tsv.gz"
PRIORITIES = ("required", "important", "standard", "optional", "extra")
ALTERNATIVE = re.compile(r"([^\s:(\[]+)(?::\S+)?\s*(?:\(\s*([<>=]+)\s*([^)\s]+)\s*\))?")
# Virtual names that only machines write, 28,000 of them; dependencies on them stand in the table as the real package.
ABI_NAMES = ("librust-", "libghc-")


@dataclass(frozen=True, slots=True)
class Alternative:
    """A name, and a condition on its version where there is one."""

    name: str
    relation: str
    version: str


@dataclass(frozen=True, slots=True)
class Package:
    """One paragraph of the index."""

    name: str
    version: str
    priority: int
    essential: bool
    installed: int
    download: int
    provides: list[Alternative]
    depends: list[list[Alternative]]
    recommends: list[list[Alternative]]


Packages = dict[str, Package]
Providers = dict[str, list[tuple[Package, str]]]


def _weight(char: str) -> int:
    if char == "~":
        return -1
    return ord(char) if char.isalpha() else ord(char) + 256


def _part(text: str) -> list[tuple[list[int], int]]:
    """A version part as alternating text and number, in the order that deb-version(7) gives; the text ends with 0."""
    return [([*map(_weight, word), 0], int(number or 0)) for word, number in re.findall(r"(\D*)(\d*)", text)]


def version_key(version: str) -> tuple[int, list[tuple[list[int], int]], list[tuple[list[int], int]]]:
    """What orders versions as deb-version(7) says: epoch, upstream version, revision."""
    epoch, _, rest = version.rpartition(":") if ":" in version else ("0", "", version)
    upstream, _, revision = rest.rpartition("-") if "-" in rest else (rest, "", "")
    return int(epoch), _part(upstream), _part(revision)


def holds(version: str, relation: str, wanted: str) -> bool:
    """Whether `version` fulfils the condition; no condition is always fulfilled."""
    if not relation:
        return True
    left, right = version_key(version), version_key(wanted)
    return {
        "<<": left < right,
        "<=": left <= right,
        "<": left <= right,
        "=": left == right,
        ">=": left >= right,
        ">": left >= right,
        ">>": left > right,
    }[relation]


def read_groups(text: str) -> list[list[Alternative]]:
    """A dependency field: groups that must all hold, each a list of alternatives."""
    groups = []
    for group in text.split(","):
        found = [ALTERNATIVE.match(part.strip()) for part in group.split("|")]
        names = [Alternative(m[1], m[2] or "", m[3] or "") for m in found if m]
        if names:
            groups.append(names)
    return groups


def read_package(paragraph: str) -> Package | None:
    """A paragraph of the index as a package; None when it is empty."""
    fields = dict(line.split(": ", 1) for line in paragraph.split("\n") if ": " in line and not line.startswith(" "))
    if "Package" not in fields:
        return None
    depends = ", ".join(fields[key] for key in ("Pre-Depends", "Depends") if key in fields)
    return Package(
        name=fields["Package"],
        version=fields["Version"],
        priority=PRIORITIES.index(fields.get("Priority", "optional")),
        essential=fields.get("Essential") == "yes",
        installed=int(fields.get("Installed-Size", "0")),
        download=int(fields["Size"]),
        provides=[group[0] for group in read_groups(fields.get("Provides", ""))],
        depends=read_groups(depends),
        recommends=read_groups(fields.get("Recommends", "")),
    )


def read_index(text: str) -> Packages:
    """All packages of an index; the newest version of each."""
    packages: Packages = {}
    for paragraph in text.split("\n\n"):
        package = read_package(paragraph)
        if package is None:
            continue
        known = packages.get(package.name)
        if known is None or version_key(known.version) < version_key(package.version):
            packages[package.name] = package
    return packages


def read_providers(packages: Packages) -> Providers:
    """Who provides a name: the package and the version it provides, the likelier choice of apt first."""
    providers: Providers = {}
    for package in packages.values():
        for offer in package.provides:
            providers.setdefault(offer.name, []).append((package, offer.version))
    for offers in providers.values():
        offers.sort(key=lambda offer: (offer[0].priority, offer[0].name))
    return providers


class Resolver:
    """Says which packages can fulfil an alternative."""

    def __init__(self, packages: Packages) -> None:
        self.packages = packages
        self.providers = read_providers(packages)

    def fulfils(self, wanted: Alternative) -> list[str]:
        """Names of packages that fulfil `wanted`, the package of that name first."""
        found = []
        real = self.packages.get(wanted.name)
        if real is not None and holds(real.version, wanted.relation, wanted.version):
            found.append(real.name)
        for package, version in self.providers.get(wanted.name, []):
            if not wanted.relation or (version and holds(version, wanted.relation, wanted.version)):
                found.append(package.name)
        return found

    def minimal(self) -> frozenset[str]:
        """What a minimal system has: essential and required packages, apt, and all that these need.

        `usrmerge` converts an old system; debootstrap makes new ones with `usr-is-merged`, which saves them perl.
        """
        queue = [p.name for p in self.packages.values() if p.essential or p.priority == 0 or p.name == "apt"]
        seen: dict[str, None] = {}
        while queue:
            name = queue.pop(0)
            if name in seen:
                continue
            seen[name] = None
            for group in self.packages[name].depends:
                choices = [choice for wanted in group for choice in self.fulfils(wanted) if choice != "usrmerge"]
                if choices and not any(choice in seen or choice in queue for choice in choices):
                    queue.append(choices[0])
        return frozenset(seen)

    def field(self, groups: list[list[Alternative]], base: frozenset[str]) -> str:
        """A dependency field in the table's form."""
        written: dict[str, None] = {}
        for group in groups:
            names: dict[str, None] = {}
            for wanted in group:
                choices = self.fulfils(wanted)
                if any(choice in base for choice in choices):
                    break
                if choices:
                    names[wanted.name if wanted.name in choices or len(choices) > 1 else choices[0]] = None
            else:
                if names:
                    written["|".join(names)] = None
        return " ".join(written)

    def rows(self, base: frozenset[str]) -> list[str]:
        """The table's lines, sorted by name."""
        rows = []
        for package in self.packages.values():
            sizes = f"{package.installed}\t{package.download}"
            fields = f"{self.field(package.depends, base)}\t{self.field(package.recommends, base)}"
            rows.append(f"{package.name}\t{sizes}\t{fields}".rstrip("\t"))
        for name, offers in self.providers.items():
            if name not in self.packages and (len(offers) > 1 or not name.startswith(ABI_NAMES)):
                rows.append(f"{name}\t>" + " ".join(dict.fromkeys(package.name for package, _ in offers)))
        return sorted(rows)


def read_text(path: Path) -> str:
    """The index's text; lz4 files are unpacked by apt's own helper."""
    if path.suffix != ".lz4":
        return path.read_text(encoding="utf-8")
    helper = ["/usr/lib/apt/apt-helper", "cat-file", str(path)]
    return subprocess.run(helper, check=True, capture_output=True).stdout.decode()


def find_packages() -> Path:
    """The list of Debian 12 main that `apt-get update` left here."""
    found = sorted(LISTS.glob("*_dists_bookworm_main_binary-amd64_Packages*"))
    if not found:
        raise SystemExit(f"no package list of bookworm in {LISTS}: run `apt-get update`, or pass --packages")
    return found[0]


def read_release(packages: Path) -> str:
    """`12.15 2026-07-11` from the release file beside the list; `unknown` without one."""
    release = Path(str(packages).split("_main_")[0] + "_InRelease")
    if not release.is_file():
        return "unknown"
    text = release.read_text(encoding="utf-8")
    version = re.search(r"^Version: (\S+)", text, re.MULTILINE)
    date = re.search(r"^Date: \w+, (.+?) \d\d:", text, re.MULTILINE)
    return f"{version[1] if version else '?'}, {date[1] if date else '?'}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packages", type=Path)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    path = options.packages or find_packages()
    resolver = Resolver(read_index(read_text(path)))
    base = resolver.minimal()
    head = [f"# Debian bookworm main amd64, release {read_release(path)}; made by bench/make_debian_packages.py"]
    lines = [*head, "=base\t" + " ".join(sorted(base)), *resolver.rows(base)]
    data = gzip.compress("\n".join(lines).encode() + b"\n", 9, mtime=0)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_bytes(data)
    print(f"{options.out}: {len(resolver.packages)} packages, {len(base)} in the base, {len(data)} bytes")


if __name__ == "__main__":
    main()
