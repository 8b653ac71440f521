"""The figures that the cost model stands on: sums, base images, packages, managers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockerlint.fixers.cost import distribution_packages, registry_packages, tool_figures
from dockerlint.fixers.cost.base_sizes import base_sizes
from dockerlint.fixers.cost.bounded import ZERO, Amount, longest, total
from dockerlint.fixers.cost.distribution_packages import TABLES, closure
from dockerlint.fixers.cost.locked_packages import Packages
from dockerlint.lint.catalogue import base_images, tables
from dockerlint.lint.catalogue.base_images import lookup, parse_reference
from dockerlint.lint.catalogue.basis import Basis
from dockerlint.lint.storage import installation

MEASURED, INDEXED, HEURISTIC = Basis.MEASURED, Basis.INDEXED, Basis.HEURISTIC
# The stand-in for debian:bookworm-slim that the measured layers lie on has these above the official image.
STAND_IN = ("ca-certificates", "openssl", "libssl3")


# --- sums ---


@st.composite
def amounts(draw: st.DrawFn) -> Amount:
    low, mid, high = sorted(draw(st.lists(st.integers(0, 10**12), min_size=3, max_size=3)))
    known = Amount(low, mid, high, draw(st.sampled_from(Basis)))
    return draw(st.sampled_from([known, known, Amount.unknown(), ZERO]))


@given(st.lists(amounts(), max_size=6), st.randoms())
def test_a_sum_does_not_depend_on_the_order(parts: list[Amount], random: object) -> None:
    shuffled = list(parts)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert total(parts) == total(shuffled)


@given(st.lists(amounts(), max_size=6))
def test_a_sum_is_complete_only_when_its_parts_are(parts: list[Amount]) -> None:
    assert total(parts).is_complete == all(part.is_complete for part in parts)
    assert total(parts).mid == sum(part.mid for part in parts if part.is_known)


@given(amounts(), amounts())
def test_a_difference_holds_what_a_sum_undoes(left: Amount, right: Amount) -> None:
    back = (left + right) - right
    assert back.low <= left.low
    assert back.high >= left.high
    assert back.mid == pytest.approx(left.mid)


@given(st.lists(amounts(), min_size=1, max_size=6))
def test_the_longest_is_no_shorter_than_any(parts: list[Amount]) -> None:
    most = longest(parts)
    assert all(most.low >= part.low and most.mid >= part.mid and most.high >= part.high for part in parts)


@pytest.mark.parametrize(
    ("parts", "basis"),
    [
        ([], MEASURED),
        ([Amount.unknown()], None),
        ([ZERO, Amount.unknown()], None),
        ([Amount.exact(1, INDEXED), ZERO], INDEXED),
        ([Amount.exact(1, INDEXED), Amount.exact(1, MEASURED)], INDEXED),
        ([Amount.exact(1, INDEXED), Amount.exact(1, HEURISTIC), Amount.unknown()], HEURISTIC),
    ],
)
def test_the_worst_basis_of_known_parts_counts(parts: list[Amount], basis: Basis | None) -> None:
    assert total(parts).basis is basis


def test_a_short_branch_does_not_spoil_the_basis_of_a_long_one() -> None:
    long, short = Amount.exact(100, MEASURED), Amount(1, 2, 3, HEURISTIC)
    assert longest([long, short]).basis is MEASURED
    assert longest([long, Amount(1, 2, 300, HEURISTIC)]).basis is HEURISTIC


def test_products_and_multiples_keep_bounds_in_order() -> None:
    some = Amount(1, 2, 4, INDEXED)
    assert some * -1 == Amount(-4, -2, -1, INDEXED)
    assert 3 * some == Amount(3, 6, 12, INDEXED)
    assert some.times(Amount(0.5, 1, 2, HEURISTIC)) == Amount(0.5, 2, 8, HEURISTIC)
    assert some.times(Amount.unknown()) == Amount.unknown()
    assert Amount.unknown() * 0 == ZERO
    with pytest.raises(ValueError, match="out of order"):
        Amount(3, 2, 1, MEASURED)


def test_the_unknown_is_shown_as_such() -> None:
    shown = (Amount.exact(5) + Amount.unknown()).as_json()
    assert json.loads(json.dumps(shown, allow_nan=False)) == {"low": 5, "mid": 5, "high": None, "basis": "measured"}
    assert Amount.unknown().as_json()["basis"] is None


# --- base images ---


@pytest.mark.parametrize(
    ("reference", "user", "shell", "manager", "distribution", "release"),
    [
        ("scratch", "root", "none", "none", "none", None),
        ("alpine:3.19", "root", "ash", "apk", "alpine", "3.19"),
        ("debian", "root", "dash", "apt", "debian", "trixie"),
        ("debian:12-slim", "root", "dash", "apt", "debian", "bookworm"),
        ("debian:bullseye-20240101-slim", "root", "dash", "apt", "debian", "bullseye"),
        ("ubuntu:jammy", "root", "dash", "apt", "ubuntu", "22.04"),
        ("fedora:40", "root", "bash", "dnf", "fedora", "40"),
        ("centos:7", "root", "bash", "yum", "centos", None),
        ("rockylinux:9-minimal", "root", "bash", "microdnf", "rhel", None),
        ("node:18.17-alpine3.18", "root", "ash", "apk", "alpine", "3.18"),
        ("node:20-bookworm-slim", "root", "dash", "apt", "debian", "bookworm"),
        ("python:3.11-slim-bullseye", "root", "dash", "apt", "debian", "bullseye"),
        ("php:8.2-fpm-alpine", "root", "ash", "apk", "alpine", None),
        ("eclipse-temurin:17-jre-alpine", "root", "ash", "apk", "alpine", None),
        ("nginxinc/nginx-unprivileged:1.27", "101", None, None, None, None),
        ("mcr.microsoft.com/dotnet/sdk:8.0", "root", "dash", "apt", "debian", None),
        ("mcr.microsoft.com/dotnet/aspnet:8.0-jammy-chiseled", "app", "none", "none", None, None),
        ("gcr.io/distroless/static-debian12", "root", "none", "none", "debian", None),
        ("gcr.io/distroless/static-debian12:nonroot", "nonroot", "none", "none", "debian", None),
        ("gcr.io/distroless/base:debug", "root", "busybox", "none", "debian", None),
        ("cgr.dev/chainguard/static", "65532", "none", "none", "wolfi", None),
        ("cgr.dev/chainguard/python:latest-dev", "65532", "ash", "apk", "wolfi", None),
        ("nvidia/cuda:12.1.0-cudnn8-devel-ubuntu22.04", "root", "dash", "apt", "ubuntu", "22.04"),
        ("node:no-such-tag", "root", None, None, None, None),
        ("node@sha256:0123", "root", None, None, None, None),
    ],
)
def test_what_a_base_brings(
    reference: str, user: str, shell: str | None, manager: str | None, distribution: str | None, release: str | None
) -> None:
    image = lookup(reference)
    assert image is not None
    found = (image.user, image.shell, image.package_manager, image.distribution, image.release)
    assert found == (user, shell, manager, distribution, release)


@pytest.mark.parametrize("reference", ["", "$BASE", "nobody/knows:1", "localhost:5000/app:2", "build"])
def test_an_unknown_image_is_unknown(reference: str) -> None:
    assert lookup(reference) is None
    assert not base_sizes(reference).compressed.is_known


@pytest.mark.parametrize(
    ("reference", "parts"),
    [
        ("debian", ("debian", "latest", None)),
        ("docker.io/library/debian:12", ("debian", "12", None)),
        ("public.ecr.aws/docker/library/node:22-slim", ("node", "22-slim", None)),
        ("localhost:5000/app", ("localhost:5000/app", "latest", None)),
        ("node@sha256:01", ("node", None, "sha256:01")),
        ("node:22@sha256:01", ("node", "22", "sha256:01")),
    ],
)
def test_references_are_normalised(reference: str, parts: tuple[str, str | None, str | None]) -> None:
    found = parse_reference(reference)
    assert (found.repository, found.tag, found.digest) == parts


def test_user_and_shell_answer_as_questions() -> None:
    root, other, unknown = lookup("debian"), lookup("gcr.io/distroless/cc:nonroot"), lookup("memcached:1.6")
    assert root is not None
    assert other is not None
    assert unknown is not None
    assert (root.runs_as_root, other.runs_as_root) == (True, False)


@pytest.mark.parametrize(
    ("reference", "compressed", "on_disk", "basis"),
    [
        # read in docker-library/repo-info, as the rows say
        ("debian:bookworm-slim", 28.2e6, 74.83e6, INDEXED),
        ("python:3.12", 410.9e6, 1110e6, INDEXED),
        ("ubuntu:24.04", 29.8e6, 78.16e6, INDEXED),
        # remembered
        ("ruby:3.3", 370e6, 1000e6, HEURISTIC),
    ],
)
def test_sizes(reference: str, compressed: float, on_disk: float, basis: Basis) -> None:
    sizes = base_sizes(reference)
    assert (sizes.compressed.mid, sizes.on_disk.mid, sizes.on_disk.basis) == (compressed, on_disk, basis)
    assert sizes.source
    assert sizes.date


def test_sizes_that_are_half_known_are_derived() -> None:
    node = base_sizes("node:22")
    assert node.compressed == Amount.around(408.5e6, 0.95, 1.05, INDEXED)
    assert node.on_disk.basis is HEURISTIC
    assert node.on_disk.low < 1090e6 < node.on_disk.high  # what people report
    ubuntu = base_sizes("ubuntu:22.04")
    assert ubuntu.on_disk.mid == 78.08e6
    assert ubuntu.compressed.low < 29.5e6 < ubuntu.compressed.high
    assert base_sizes("scratch").on_disk == ZERO


@pytest.mark.parametrize(
    ("reference", "line"),
    [
        ("mcr.microsoft.com/dotnet/aspnet:8.0.4", "mcr.microsoft.com/dotnet/aspnet:8.0"),
        ("debian:bookworm-20240513-slim", "debian:bookworm-slim"),
        ("maven:3.9.6-eclipse-temurin-21", "maven:3.9-eclipse-temurin-21"),
        ("ubuntu:jammy-20240530", "ubuntu:jammy"),
        ("docker.io/library/node:22.3.0", "node:22"),
        ("arm64v8/debian:bookworm-slim", "debian:bookworm-slim"),
        ("amd64/python:3.12-slim", "python:3.12-slim"),
    ],
)
def test_a_tag_is_as_large_as_its_line(reference: str, line: str) -> None:
    found, expected = base_sizes(reference), base_sizes(line)
    assert found.on_disk == expected.on_disk
    assert found.compressed == expected.compressed


@pytest.mark.parametrize("reference", ["node:no-such-tag", "node:${TAG}", "node@sha256:0123"])
def test_a_tag_that_is_not_known_may_be_any_of_the_repository(reference: str) -> None:
    found = base_sizes(reference).on_disk
    assert found.basis is HEURISTIC
    for tag in ("node:22-alpine", "node:22-slim", "node:22"):
        assert found.low <= base_sizes(tag).on_disk.mid <= found.high


def test_the_words_of_a_tag_narrow_what_it_may_be() -> None:
    slim = base_sizes("node:${VERSION}-slim").on_disk
    assert slim.high < base_sizes("node:22").on_disk.low
    assert slim.low <= base_sizes("node:22-slim").on_disk.mid <= slim.high


def test_what_is_for_windows_is_no_size_of_another_tag() -> None:
    assert base_sizes("golang:${VERSION}").on_disk.high < 3e9
    assert base_sizes("golang:1.26-windowsservercore-ltsc2022").on_disk.mid > 3e9
    assert not base_sizes("node:22-windowsservercore").on_disk.is_known


def test_images_unpack_to_a_believable_size() -> None:
    data = tables.table(base_images.DATA)
    for row in data["image"]:
        if row.get("compressed_mb") and row.get("disk_mb"):
            assert 1.4 < row["disk_mb"] / row["compressed_mb"] < 3.7, row["repositories"]


def test_every_row_says_where_it_is_from() -> None:
    data = tables.table(base_images.DATA)
    for row in data["image"]:
        sized = "compressed_mb" in row or "disk_mb" in row
        assert sized == ("basis" in row) == ("source" in row) == ("date" in row), row["repositories"]
        assert row.get("basis") != "indexed" or row["source"] != "remembered", row["repositories"]
        for repository in row["repositories"]:
            tag = row.get("tags", ["latest"])[0]
            assert "{" in tag or lookup(f"{repository}:{tag}".replace("*", "x")) is not None


# --- Debian's packages ---


def debian(*names: str, recommends: bool = False, present: tuple[str, ...] = ()) -> distribution_packages.Closure:
    return closure(names, recommends=recommends, distribution="debian", release="bookworm", present=present)


@pytest.mark.parametrize(
    ("names", "recommends", "count", "layer"),
    [
        # Layers of `apt-get install` on Debian 12 (release 12.15) without package lists, in bytes, and how many
        # packages came; Docker 20.10, overlay2, 2026-11-21. Those of apache2 are cases a2 and a3 of recorded builds.
        ("apache2", True, None, 112_164_627),
        ("apache2", False, None, 110_339_102),
        ("git", False, 23, 92_570_107),
        ("build-essential", False, 55, 297_631_187),
        ("build-essential", True, 124, 358_437_101),
        ("python3-pip", False, 27, 61_043_697),
        ("python3-pip", True, 149, 449_810_307),
        ("ffmpeg", False, 199, 454_820_996),
        ("nodejs npm", False, 384, 223_114_997),
        ("gcc libpq-dev python3-dev", False, 71, 278_649_400),
        ("golang-go git gcc libc6-dev make", False, 63, 733_002_951),
        ("postgresql-client", True, 24, 63_098_514),
    ],
)
def test_a_closure_against_a_measured_layer(names: str, recommends: bool, count: int | None, layer: int) -> None:
    found = debian(*names.split(), recommends=recommends, present=STAND_IN)
    assert found.unknown == ()
    assert count is None or found.packages == count
    assert found.installed.mid == pytest.approx(layer, rel=0.10)
    assert found.installed.low <= layer <= found.installed.high
    assert found.installed.basis is INDEXED
    assert found.download.mid < found.installed.mid


def test_names_are_taken_without_version_architecture_and_release() -> None:
    plain = debian("curl", "g++", "libssl-dev")
    assert debian("curl=7.88.1-10+deb12u14", "g++:amd64", "libssl-dev/stable") == plain
    assert debian("curl", "curl", "g++", "libssl-dev") == plain


def test_unknown_names_are_named_and_widen_the_bounds() -> None:
    found = debian("curl", "no-such-package", "$EXTRA", "./local.deb")
    assert found.unknown == ("no-such-package", "$EXTRA", "./local.deb")
    known = debian("curl").installed
    assert found.installed.low > known.low
    assert found.installed.high > known.high + 1e9
    assert found.installed.basis is HEURISTIC


def test_what_is_there_costs_nothing() -> None:
    assert debian("bash", "coreutils", "apt").installed == ZERO
    first = debian("git")
    again = debian("git", "curl", present=tuple(first.names))
    assert again.packages < debian("git", "curl").packages
    assert not again.names & first.names


def test_alternatives_and_virtual_names() -> None:
    assert "exim4-daemon-light" in debian("default-mta").names
    assert "exim4-daemon-light" in debian("bsd-mailx").names  # depends on `default-mta | mail-transport-agent`
    assert "exim4-daemon-light" not in debian("msmtp-mta", "bsd-mailx").names
    assert "exim4-daemon-light" not in debian("bsd-mailx", present=("postfix",)).names


@pytest.mark.parametrize("release", sorted(TABLES))
def test_each_release_has_its_own_table(release: str) -> None:
    git = closure(["git"], recommends=False, distribution="debian", release=release)
    assert git.installed.basis is INDEXED
    assert 60e6 < git.installed.mid < 140e6
    assert release in distribution_packages.origin(release)
    pythons = {"bullseye": "python3.9", "bookworm": "python3.11", "trixie": "python3.13"}
    python = closure(["python3"], recommends=False, distribution="debian", release=release)
    assert pythons[release] in python.names


@pytest.mark.parametrize(
    ("distribution", "release", "table"),
    [
        ("debian", "buster", "bullseye"),
        ("debian", "sid", "trixie"),
        ("debian", None, "trixie"),
        ("ubuntu", "20.04", "bullseye"),
        ("ubuntu", "22.04", "bookworm"),
        ("ubuntu", "24.04", "trixie"),
        ("ubuntu", None, "trixie"),
    ],
)
def test_other_releases_are_heuristics_about_the_same(distribution: str, release: str | None, table: str) -> None:
    sure = closure(["git"], recommends=False, distribution="debian", release=table)
    guess = closure(["git"], recommends=False, distribution=distribution, release=release)
    assert distribution_packages.table_of(distribution, release) == table
    assert guess.installed.basis is HEURISTIC
    assert guess.installed.mid == pytest.approx(sure.installed.mid, rel=0.1)
    assert guess.installed.low < sure.installed.low
    assert guess.installed.high > sure.installed.high


def test_other_distributions() -> None:
    httpd = closure(["httpd"], recommends=True, distribution="fedora")  # measured in a published case: 44.8 MB
    assert httpd.installed.mid == 44.8e6
    derived = closure(["libxml2-dev"], recommends=False, distribution="alpine")
    assert derived.installed.basis is HEURISTIC
    assert 0 < derived.installed.mid < debian("libxml2-dev").installed.mid
    nothing = closure(["git"], recommends=False, distribution="plan9")
    assert nothing.unknown == ("git",)
    assert nothing.installed == tool_figures.amount("package.unlisted")


@pytest.mark.parametrize(
    ("distribution", "name", "same"),
    [
        ("alpine", "py3-numpy", "python3-numpy"),
        ("alpine", "gmp", "libgmp10"),
        ("alpine", "glib-dev", "libglib2.0-dev"),
        ("alpine", "ttf-dejavu", "fonts-dejavu"),
        ("fedora", "ncurses-libs", "libncurses6"),
        ("fedora", "ghc-aeson-devel", "libghc-aeson-dev"),
        ("fedora", "perl-Moose", "libmoose-perl"),
        ("arch", "python-yaml", "python3-yaml"),
    ],
)
def test_names_of_other_distributions_are_made_by_rules(distribution: str, name: str, same: str) -> None:
    found = closure([name], recommends=False, distribution=distribution)
    sure = closure([same], recommends=False, distribution="debian", release="trixie")
    assert found.unknown == ()
    assert found.packages == max(sure.packages, 1)
    assert found.installed.basis is HEURISTIC
    assert found.installed.low < found.installed.mid


@pytest.mark.parametrize(
    ("release", "name", "same"),
    [
        ("stretch", "python-requests", "python3-requests"),
        ("buster", "libicu63", "libicu67"),
        ("jessie", "openjdk-8-jdk", "openjdk-17-jdk"),
        ("jessie", "php5-fpm", "php-fpm"),
    ],
)
def test_names_of_older_releases_are_those_of_today(release: str, name: str, same: str) -> None:
    found = closure([name], recommends=False, distribution="debian", release=release)
    sure = closure([same], recommends=False, distribution="debian", release="bullseye")
    assert (found.unknown, found.packages) == ((), sure.packages)


@pytest.mark.parametrize("name", ["no-such-thing", "libvirt*", "x" * 5000, "$NAME", "git clone"])
def test_what_no_rule_finds_stays_unknown(name: str) -> None:
    assert closure([name], recommends=False, distribution="alpine").unknown == (name,)


@pytest.mark.parametrize(("release", "base"), [("bullseye", 96), ("bookworm", 88), ("trixie", 78)])
def test_a_table_is_whole(release: str, base: int) -> None:
    assert (
        len(distribution_packages._table(release).base) == base
    )  # 88: as many as the official bookworm-slim image has


@pytest.mark.parametrize("release", sorted(distribution_packages.TABLES))
def test_each_name_of_a_table_is_found_and_no_other(release: str) -> None:
    table = distribution_packages._table(release)
    rows = [line.split("\t") for line in bytes(table._data).decode().splitlines()[2:]]
    # of most rows nothing is read before they are asked for
    assert 100 < len(table._firsts) < len(rows) / 20
    assert [table._search(row[0]) for row in rows] == rows
    names = {row[0] for row in rows}
    assert not [
        name for row in rows[::50] for name in (row[0] + "!", row[0][:-1]) if name not in names and table._search(name)
    ]
    assert [table._search(name) for name in ("", "\t", "!", "~", "zzzz", "\udc80", "\n")] == [None] * 7


def test_the_tables_are_small() -> None:
    assert sum(path.stat().st_size for path in distribution_packages.DATA.iterdir()) < 3_100_000


# --- language registries ---


def found(*names: str, closed: bool = False) -> registry_packages.Found:
    return registry_packages.wheels([Packages(names, closed)])


def test_packages_are_found_by_any_spelling() -> None:
    assert found("Scikit_Learn") == found("scikit-learn")
    assert found("scikit-learn").size.mid > registry_packages.package_size("pip", "scikit-learn").mid  # type: ignore[union-attr]
    assert registry_packages.package_size("pip", "no-such-wheel") is None


def test_what_is_needed_comes_along_unless_the_list_is_closed() -> None:
    assert found("flask", closed=True).count == Amount.exact(1.0, INDEXED)
    assert found("flask").count.mid > 5
    assert found("flask", "werkzeug").size == found("flask").size
    download = found("flask").download
    assert download is not None
    assert 0 < download.mid < found("flask").size.mid


def test_strangers_bring_as_many_as_is_usual() -> None:
    usual = tool_figures.amount("pip.closure")
    strange = found("no-such-wheel")
    assert strange.count.mid == usual.mid
    assert strange.size.mid == pytest.approx(tool_figures.amount("pip.other_package").mid * usual.mid)
    assert strange.size.basis is MEASURED


def test_packages_that_are_built_otherwise_now_keep_what_most_have() -> None:
    assert registry_packages.needs("npm", "typescript") == ()
    size = registry_packages.package_size("npm", "typescript")
    assert size is not None
    assert 20e6 < size.mid < 35e6


@pytest.mark.parametrize(
    ("name", "megabytes"), [("express", 3.5), ("webpack", 37), ("next", 310), ("eslint", 12), ("vite", 36)]
)
def test_packages_of_npm_bring_what_they_need(name: str, megabytes: float) -> None:
    size = registry_packages._found("npm", set(), {name}, "npm.other_package", "npm.closure").size
    assert size.low <= megabytes * 1e6 <= size.high


# --- managers ---


def all_figures() -> list[str]:
    data = tables.table(tool_figures.DATA)
    names = []
    queue = [("", data)]
    while queue:
        prefix, entry = queue.pop()
        if "value" in entry:
            names.append(prefix)
            continue
        queue.extend((f"{prefix}.{key}".lstrip("."), value) for key, value in entry.items())
    return names


@pytest.mark.parametrize("name", all_figures())
def test_every_figure_has_order_unit_source_and_date(name: str) -> None:
    found = tool_figures.figure(name)
    assert found.amount.is_complete
    assert found.unit
    assert found.source
    assert found.date.startswith("20")
    assert ("remembered" not in found.source and "assumed:" not in found.source) or found.amount.basis is HEURISTIC


def test_measured_figures() -> None:
    assert tool_figures.amount("apt.lists.debian").mid == pytest.approx(19_852_735, rel=0.01)
    assert tool_figures.amount("pip.cache").mid == pytest.approx(31_570_387 / 153_895_767, rel=0.01)
    assert tool_figures.amount("dnf.lists").mid == pytest.approx(273e6 - 44.8e6, rel=0.01)


@pytest.mark.parametrize("name", ["apt", "apt.nothing", "nothing"])
def test_a_figure_that_is_not_there_is_an_error(name: str) -> None:
    with pytest.raises(KeyError, match="no figure"):
        tool_figures.figure(name)


def test_the_data_is_shipped_with_the_code() -> None:
    found = [distribution_packages.DATA / f"debian-{release}.tsv.gz" for release in TABLES]
    found += [registry_packages.DATA / f"registry-{name}.tsv.gz" for name in ("npm", "pip")]
    found += [
        Path(installation.TOP, name) for name in (base_images.DATA, tool_figures.DATA, distribution_packages.OTHERS)
    ]
    for path in found:
        assert path.is_file()
        assert "data" in path.parts
