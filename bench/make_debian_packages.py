"""Make the tables of Debian packages that the cost model reads.

    apt-get update
    python bench/make_debian_packages.py bookworm
    python bench/make_debian_packages.py trixie --mirror URL
    python bench/make_debian_packages.py trixie --packages main.xz --compare noble-main.xz noble-universe.xz

The package list is what `apt-get update` left on this machine, or a mirror's, or a file. The answer is a gzip file of text:
one comment line that says what was read, one line `=base` with the packages of a minimal system, then one line a
name, sorted, fields parted by tabs:

    name  installed KiB  download kB  depends  recommends        a real package
    name  >provider provider ...                                 a virtual one, the package that apt takes first

Groups are parted by spaces, alternatives within a group by `|`; sizes have three and two digits. Left out: groups that the minimal
system fulfils, alternatives that no package of the index can fulfil (versions are compared), suggestions and conflicts, and
packages that hardly anybody installs into an image (games, documentation, libraries for Debian's own builds, see
SECTIONS and SELDOM) unless one that stays needs or recommends them.

`--compare` writes no table: it says how much what packages bring differs between two releases, which is the factor for
distributions that have no table of their own.
"""

from __future__ import annotations

import argparse
import functools
import gzip
import lzma
import re
import statistics
import subprocess
import urllib.request
from dataclasses import dataclass
from pathlib import Path

LISTS = Path("/var/lib/apt/lists")
DATA = Path(__file__).parent.parent / "fixers" / "cost" / "data"
SECTIONS = frozenset(
    "cli-mono debug doc education electronics embedded games gnome gnustep golang hamradio haskell introspection kde lisp "
    "metapackages news ocaml otherosfs rust science sound tasks xfce zope".split()
)
SELDOM = re.compile(
    r"node-.*|libjs-.*|lib.*-java|r-bioc-.*|.*-l10n-.*|.*-(docs?|dbg|dbgsym|examples|testsuite|tests|cross)"
    r"|.*-(mips|s390x|riscv64|armel|armhf|arm64|ppc64|powerpc|alpha|hppa|m68k|sh4|sparc64|ia64|x32)[a-z0-9]*(-cross)?"
    r"|.*-linux-gnu[a-z0-9]*"
)
# What two releases are compared by: what people install by name.
COMPARED = frozenset("admin database devel editors httpd interpreters libdevel net php utils vcs web".split())
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
    section: str
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
        section=fields.get("Section", "").rpartition("/")[2],
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

    def rows(self, base: frozenset[str]) -> dict[str, list[str]]:
        """The fields of the table's lines after the name, by name."""
        rows = {}
        for package in self.packages.values():
            sizes = [rounded(package.installed, 3), rounded(package.download // 1000, 2)]
            rows[package.name] = [*sizes, self.field(package.depends, base), self.field(package.recommends, base)]
        for name, offers in self.providers.items():
            if name not in self.packages and (len(offers) > 1 or not name.startswith(ABI_NAMES)):
                rows[name] = [">" + " ".join(dict.fromkeys(package.name for package, _ in offers))]
        return rows

    def kept(self, rows: dict[str, list[str]]) -> set[str]:
        """The names worth a line: what people install, and all that this needs and recommends."""
        wanted = [
            package.name
            for package in self.packages.values()
            if package.section not in SECTIONS and not SELDOM.fullmatch(package.name)
        ]
        seen: set[str] = set()
        while wanted:
            name = wanted.pop()
            if name in seen or name not in rows:
                continue
            seen.add(name)
            fields = rows[name]
            if fields[0].startswith(">"):
                wanted.append(fields[0][1:].split()[0])
            else:
                wanted += [choice for groups in fields[2:] for group in groups.split() for choice in group.split("|")]
        virtual = (name for name in rows if name not in self.packages)
        return seen | {name for name in virtual if not seen.isdisjoint(rows[name][0][1:].split())}

    def closure(self, name: str) -> int:
        """KiB that a package and all that it needs take, without the minimal system."""
        base = self.minimal_once()
        seen = set(base)
        queue = [name]
        total = 0
        while queue:
            package = self.packages[queue.pop()]
            if package.name in seen:
                continue
            seen.add(package.name)
            total += package.installed
            for group in package.depends:
                choices = [choice for wanted in group for choice in self.fulfils(wanted)]
                if choices and seen.isdisjoint(choices):
                    queue.append(choices[0])
        return total

    @functools.cache  # noqa: B019 (two of them in a program that ends)
    def minimal_once(self) -> frozenset[str]:
        """`minimal`, worked out once."""
        return self.minimal()


def rounded(number: int, digits: int) -> str:
    """A whole number with a few digits: more would say more than it means, and take a third of the file."""
    return str(round(number, min(0, digits - len(str(number)))))


def read_text(path: Path) -> str:
    """The index's text; lz4 files are unpacked by apt's own helper."""
    if path.suffix == ".xz":
        return lzma.decompress(path.read_bytes()).decode()
    if path.suffix != ".lz4":
        return path.read_text(encoding="utf-8")
    helper = ["/usr/lib/apt/apt-helper", "cat-file", str(path)]
    return subprocess.run(helper, check=True, capture_output=True).stdout.decode()


def fetch(release: str, mirror: str) -> tuple[str, str]:
    """The package list of a release's main from a mirror, and the file that describes the release."""
    top = f"{mirror.rstrip('/')}/dists/{release}"
    if not top.startswith(("http://", "https://")):
        raise SystemExit(f"--mirror must be an address with http or https, not {mirror}")
    with urllib.request.urlopen(f"{top}/main/binary-amd64/Packages.xz", timeout=120) as answer:  # noqa: S310
        text = lzma.decompress(answer.read()).decode()
    with urllib.request.urlopen(f"{top}/InRelease", timeout=60) as answer:  # noqa: S310
        return text, answer.read().decode()


def find_lists(release: str) -> tuple[str, str]:
    """The same, as `apt-get update` left it here."""
    found = sorted(LISTS.glob(f"*_dists_{release}_main_binary-amd64_Packages*"))
    if not found:
        raise SystemExit(
            f"no package list of {release} in {LISTS}: run `apt-get update`, or pass --mirror or --packages"
        )
    about = Path(str(found[0]).split("_main_")[0] + "_InRelease")
    return read_text(found[0]), about.read_text(encoding="utf-8") if about.is_file() else ""


def version_and_date(about: str) -> str:
    """`12.15, 11 Jul 2026` from the file that describes a release."""
    version = re.search(r"^Version: (\S+)", about, re.MULTILINE)
    date = re.search(r"^Date: \w+, (.+?) \d\d:", about, re.MULTILINE)
    return f"{version[1] if version else 'unknown'}, {date[1] if date else 'unknown'}"


def compare(one: Resolver, other: Resolver) -> str:
    """How the closures of packages that both releases have differ in size."""
    names = [name for name, package in one.packages.items() if package.section in COMPARED and name in other.packages]
    ratios = [
        other.closure(name) / size for name in names if (size := one.closure(name)) >= 1024 and other.closure(name)
    ]
    tenths = statistics.quantiles(ratios, n=10)
    return f"{len(ratios)} packages: {tenths[0]:.2f} to {tenths[-1]:.2f}, median {tenths[4]:.2f} (tenth to ninetieth percentile)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("release", help="such as bookworm")
    parser.add_argument("--packages", type=Path, nargs="+", help="package lists, instead of this machine's")
    parser.add_argument("--mirror", help="address of a mirror, up to and without /dists")
    parser.add_argument("--compare", type=Path, nargs="+", help="package lists of another release")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    if options.packages:
        text, about = "\n\n".join(map(read_text, options.packages)), ""
    elif options.mirror:
        text, about = fetch(options.release, options.mirror)
    else:
        text, about = find_lists(options.release)
    resolver = Resolver(read_index(text))
    if options.compare:
        print(compare(resolver, Resolver(read_index("\n\n".join(map(read_text, options.compare))))))
        return
    base = resolver.minimal()
    rows = resolver.rows(base)
    kept = resolver.kept(rows)
    lines = [
        f"# Debian {options.release} main amd64, release {version_and_date(about)}; made by bench/make_debian_packages.py",
        "=base\t" + " ".join(sorted(base)),
        *("\t".join([name, *rows[name]]).rstrip("\t") for name in sorted(kept)),
    ]
    out = options.out or DATA / f"debian-{options.release}.tsv.gz"
    data = gzip.compress("\n".join(lines).encode() + b"\n", 9, mtime=0)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(data)
    print(f"{out}: {len(kept)} of {len(rows)} names, {len(base)} packages in the base, {len(data)} bytes")


if __name__ == "__main__":
    main()
