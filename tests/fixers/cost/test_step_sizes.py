"""Bytes of each step: what it adds, what ships, what is wasted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockerlint.fixers.cost import estimate
from dockerlint.fixers.cost.locked_packages import Packages
from dockerlint.fixers.cost.registry_packages import wheels
from dockerlint.fixers.cost.tool_figures import amount
from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.catalogue.basis import Basis
from dockerlint.lint.context.build_context import Context
from dockerlint.lint.syntax.parser import parse

if TYPE_CHECKING:
    from pathlib import Path

    from dockerlint.fixers.cost import Estimate
    from dockerlint.fixers.cost.cost_model import StepCost

LISTS = amount("apt.lists.debian").mid
# What a package manager writes down besides.
RECORDS = amount("apt.layer.state").mid


def cost(text: str, folder: Path | None = None) -> Estimate:
    doc = parse(text)
    assert not doc.problems
    return estimate(doc, Facts(doc, Context.of(folder) if folder else None))


def steps(text: str, folder: Path | None = None) -> list[StepCost]:
    """The steps of a file that starts from Debian, without the pull."""
    return list(cost("FROM debian:bookworm-slim\n" + text, folder).steps[1:])


def adds(text: str, folder: Path | None = None) -> list[float]:
    return [step.adds.mid for step in steps(text, folder)]


def test_lists_left_are_waste_and_lists_removed_are_nothing() -> None:
    left, clean = (
        steps(f"RUN apt-get update && apt-get install -y apache2{tail}\n")[0]
        for tail in ("", " && rm -rf /var/lib/apt/lists/*")
    )
    assert left.wasted.mid == pytest.approx(LISTS)
    assert clean.wasted.mid == 0
    assert left.adds.mid - clean.adds.mid == pytest.approx(LISTS)


def test_a_later_cleanup_frees_nothing() -> None:
    install, cleanup = steps("RUN apt-get update && apt-get install -y apache2\nRUN rm -rf /var/lib/apt/lists/*\n")
    assert install.wasted.mid == pytest.approx(LISTS)
    assert cleanup.adds.mid == 0
    assert install.adds.mid > LISTS


def test_a_cleanup_before_the_install_frees_nothing_either() -> None:
    assert adds("RUN rm -rf /var/lib/apt/lists/* && apt-get update\n") == [pytest.approx(LISTS)]


def test_lists_are_not_written_twice() -> None:
    first, second = steps("RUN apt-get update\nRUN apt-get update && apt-get install -y tini\n")
    assert first.adds.mid == pytest.approx(LISTS)
    assert second.adds.mid < 5e6


def test_what_a_cache_mount_holds_is_in_no_layer() -> None:
    mount = "--mount=type=cache,target=/var/lib/apt --mount=type=cache,target=/var/cache/apt"
    (step,) = steps(f"RUN {mount} apt-get update && apt-get install -y apache2\n")
    (clean,) = steps("RUN apt-get update && apt-get install -y apache2 && rm -rf /var/lib/apt/lists/*\n")
    assert step.adds == clean.adds
    assert step.wasted.mid == 0


def test_downloaded_packages_stay_when_the_hook_that_deletes_them_is_gone() -> None:
    install = "apt-get install -y apache2"
    (plain,) = steps(f"RUN {install}\n")
    (kept,) = steps(f"RUN rm /etc/apt/apt.conf.d/docker-clean && {install}\n")
    assert kept.wasted.mid > 10e6
    assert kept.adds.mid == pytest.approx(plain.adds.mid + kept.wasted.mid)


def test_packages_that_are_there_are_not_installed_again() -> None:
    first, second = adds("RUN apt-get install -y git\nRUN apt-get install -y git\n")
    assert first > 50e6
    assert second < 2e6


@pytest.mark.parametrize(
    ("tail", "freed"),
    [
        ("apt-get purge -y --auto-remove cmake", True),
        ("apt-get purge -y cmake && apt-get autoremove -y", True),
        ("apt-get purge -y cmake", False),
        ("apt-get purge -y --auto-remove git", False),
    ],
)
def test_a_removal_in_the_same_step_frees_what_nothing_else_needs(tail: str, freed: bool) -> None:
    (plain,) = adds("RUN apt-get install -y cmake\n")
    (step,) = adds(f"RUN apt-get install -y cmake && {tail}\n")
    assert step == pytest.approx(RECORDS if freed else plain)


def test_a_removal_of_some_keeps_the_others() -> None:
    (both,) = adds("RUN apt-get install -y --no-install-recommends cmake tini\n")
    (one,) = adds("RUN apt-get install -y --no-install-recommends tini\n")
    (left,) = adds("RUN apt-get install -y --no-install-recommends cmake tini && apt-get purge -y --autoremove cmake\n")
    assert left == pytest.approx(one)
    assert left < both / 10


def test_a_virtual_package_is_removed_by_its_name() -> None:
    found = cost("FROM alpine:3.22\nRUN apk add --no-cache --virtual .deps gcc && apk del .deps\n")
    assert found.steps[1].adds.mid == 0


def test_a_removal_in_a_later_step_is_waste_of_the_earlier_one() -> None:
    install, remove = steps("RUN apt-get install -y cmake\nRUN apt-get purge -y --auto-remove cmake\n")
    assert install.wasted.mid == pytest.approx(install.adds.mid)
    assert remove.adds.mid == RECORDS
    assert remove.seconds.mid > amount("apt.install.start").mid


@pytest.mark.parametrize("command", ["./install.sh", "bash setup.sh", "frobnicate --all"])
def test_what_nobody_knows_is_unknown(command: str) -> None:
    (step,) = steps(f"RUN {command}\n")
    assert not step.adds.is_complete
    assert step.adds.mid == 0
    assert not step.seconds.is_complete


def test_what_is_known_of_a_step_counts_though_the_rest_is_not() -> None:
    (step,) = steps("RUN apt-get update && ./install.sh\n")
    assert step.adds.mid == pytest.approx(LISTS)
    assert not step.adds.is_complete


def test_a_package_nobody_has_heard_of_widens_the_bounds() -> None:
    known, more = steps("RUN apt-get install -y apache2\nRUN apt-get install -y no-such-package-of-ours\n")
    assert known.adds.mid > 50e6
    assert more.adds.is_complete
    assert more.adds.high > 100 * more.adds.low


@pytest.mark.parametrize(
    ("command", "least", "most"),
    [
        ("curl -o x https://example.org/x", 0, 1e9),
        ("curl -fsSLO https://example.org/tool-1.2.tar.gz", 10e3, 1e9),
        ("wget -q https://example.org/key.asc", 0, 1e6),
        ("git clone https://x/y.git", 10e3, 1e9),
        ("curl -sSL https://example.org/a.tgz | tar xz -C /opt", 10e3, 3e9),
        ("curl -sSf https://sh.example.org | sh", 1e3, 3e9),
        ("make install", 10e3, 1e9),
        ("./configure --prefix=/usr", 1e3, 1e8),
        ("docker-php-ext-install pdo gd intl", 1e5, 1e8),
    ],
)
def test_what_is_known_by_its_kind_is_bounded(command: str, least: float, most: float) -> None:
    (step,) = steps(f"RUN {command}\n")
    assert step.adds.is_complete
    assert least <= step.adds.low < step.adds.high <= most
    assert step.seconds.is_complete


@pytest.mark.parametrize("build", ["make", "cargo build --release", "mvn package", "gradle build", "dotnet publish -c Release",
                                   "sbt assembly", "mix compile", "swift build -c release", "npm run build", "go build ./...",
                                   "xx-cargo build --release", "cross build", "cargo install ripgrep", "cargo chef cook --release"])  # fmt: skip
def test_a_compile_is_never_a_moment(build: str) -> None:
    (step,) = steps(f"RUN {build}\n")
    assert step.seconds.mid >= 2
    assert step.seconds.high >= 10 * step.seconds.low or step.seconds.low >= 2


@pytest.mark.parametrize(
    ("fetch", "build"),
    [
        ("cargo fetch", "cargo build --release"),
        ("mvn dependency:go-offline", "mvn package"),
        ("dotnet restore", "dotnet publish"),
        ("mix deps.get", "mix compile"),
        ("go mod download", "go build -o /app ."),
    ],
)
def test_a_fetch_downloads_and_the_build_compiles(fetch: str, build: str) -> None:
    first, second = steps(f"RUN {fetch}\nRUN {build}\n")
    together = steps(f"RUN {build}\n")[0]
    assert second.seconds.mid > 1
    assert first.seconds.mid + second.seconds.mid >= 0.9 * together.seconds.mid


def test_dependencies_are_compiled_once() -> None:
    cook, build = steps("RUN cargo chef cook --release\nRUN cargo build --release\n")
    alone = steps("RUN cargo build --release\n")[0]
    assert build.seconds.mid < alone.seconds.mid / 2
    assert cook.seconds.mid > build.seconds.mid


def test_a_download_that_goes_to_the_next_command_leaves_no_file() -> None:
    (step,) = steps("RUN curl -fsSL https://example.org/key | apt-key add -\n")
    assert step.adds.high <= 1e6
    assert step.seconds.high < 60


# ------------------------------------------------------------ files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "requirements.txt").write_text("flask==3.0.3\npandas==2.2.2\n")
    (tmp_path / "big.bin").write_bytes(b"\0" * 1_000_000)
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "main.py").write_bytes(b"\0" * 2000)
    return tmp_path


def test_copies_are_as_big_as_their_files(folder: Path) -> None:
    whole, part = steps("COPY . /app\nCOPY src /other\n", folder)
    assert whole.adds.mid == sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    assert part.adds.mid == 2000


def test_ignored_files_are_not_copied(folder: Path) -> None:
    (folder / ".dockerignore").write_text("*.bin\n")
    (step,) = steps("COPY . /app\n", folder)
    assert step.adds.mid < 10_000


def test_without_the_context_a_copy_is_assumed_by_its_name() -> None:
    everything, script, lock, folder = steps("COPY . /app\nCOPY run.sh /\nCOPY package-lock.json ./\nCOPY src/ src/\n")
    assert all(step.adds.is_complete for step in (everything, script, lock, folder))
    assert script.adds.high < 1e6 < lock.adds.high < everything.adds.high
    assert script.adds.basis is Basis.HEURISTIC


def test_a_file_copied_twice_is_waste_once(folder: Path) -> None:
    first, second = steps("WORKDIR /app\nCOPY big.bin ./\nCOPY . .\n", folder)[1:]
    assert first.wasted == first.adds
    assert second.adds.mid > 1_000_000
    assert second.wasted.mid == 0


@pytest.mark.parametrize(
    ("command", "copied"),
    [
        ("chown -R app:app /app", True),
        ("chmod -R 755 /app", True),
        ("chmod 755 /app/big.bin", False),
        ("chown -R app /elsewhere", False),
    ],
)
def test_a_change_of_owner_writes_files_again(folder: Path, command: str, copied: bool) -> None:
    copy, change = steps(f"COPY . /app\nRUN {command}\n", folder)
    assert change.adds.mid == (copy.adds.mid if copied else 0)
    assert copy.wasted.mid == (copy.adds.mid if copied else 0)


def test_removed_files_are_waste(folder: Path) -> None:
    copy, remove = steps("WORKDIR /app\nCOPY . .\nRUN rm big.bin\n", folder)[1:]
    assert copy.wasted.mid == 1_000_000
    assert remove.adds.mid == 0


def test_moved_files_are_written_again(folder: Path) -> None:
    copy, move = steps("COPY . /app\nRUN mv /app/big.bin /srv/\n", folder)
    assert move.adds.mid == 1_000_000
    assert copy.wasted.mid == 1_000_000


def test_stages_that_do_not_ship_cost_no_image(folder: Path) -> None:
    text = "FROM debian:12 AS build\nCOPY . /app\nFROM debian:bookworm-slim\nCOPY --from=build /app/big.bin /\n"
    _, copy, base, out = cost(text, folder).steps
    assert copy.ships.mid == 0
    assert copy.wasted.mid == 0
    assert out.adds.mid == 1_000_000
    assert cost(text, folder).image.adds.mid == base.adds.mid + out.adds.mid


@pytest.mark.parametrize(
    ("install", "path"),
    [
        ("pip install --user -r /requirements.txt", "/root/.local"),
        ("pip install --prefix=/install -r /requirements.txt", "/install"),
        ("python -m venv /venv && /venv/bin/pip install -r /requirements.txt", "/venv"),
        ("pip install -r /requirements.txt", "/usr/local/lib/python3.12/site-packages"),
    ],
)
def test_installed_packages_are_found_by_a_later_stage(folder: Path, install: str, path: str) -> None:
    text = f"FROM python:3.12 AS build\nCOPY requirements.txt /\nRUN {install}\nFROM python:3.12-slim\nCOPY --from=build {path} /x\n"
    assert cost(text, folder).steps[-1].adds.mid > 100e6


def test_requirements_bring_what_they_need(folder: Path) -> None:
    text = "FROM python:3.12\nCOPY requirements.txt /\nRUN pip install --no-cache-dir -r /requirements.txt\n"
    step = cost(text, folder).steps[-1]
    # pandas alone is half of it: numpy comes along
    assert step.adds.mid > 140e6
    assert step.wasted.mid == 0


@pytest.mark.parametrize(
    ("setting", "flag", "kept"),
    [
        ("", "", True),
        ("", "--no-cache-dir", False),
        ("ENV PIP_NO_CACHE_DIR=1\n", "", False),
        ("ENV PIP_NO_CACHE_DIR=0\n", "", True),
    ],
)
def test_pip_keeps_its_downloads_unless_told_not_to(setting: str, flag: str, kept: bool) -> None:
    step = cost(f"FROM python:3.12\n{setting}RUN pip install {flag} pandas\n").steps[-1]
    assert (step.wasted.mid > 0) is kept


def test_npm_reads_the_lock_file(tmp_path: Path) -> None:
    packages = {"": {}, "node_modules/typescript": {"dev": True}} | {f"node_modules/p{n}": {} for n in range(50)}
    (tmp_path / "package-lock.json").write_text(json.dumps({"packages": packages}))
    text = "FROM node:20\nWORKDIR /app\nCOPY package-lock.json ./\nRUN npm ci\n"
    every = cost(text, tmp_path).steps[-1]
    production = cost(text.replace("npm ci", "npm ci --omit=dev"), tmp_path).steps[-1]
    assert every.adds.is_complete
    assert every.adds.mid > 2 * production.adds.mid > 0


def test_a_manifest_that_was_never_copied_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "package-lock.json").write_text('{"packages": {}}')
    step = cost("FROM node:20\nRUN npm ci\n", tmp_path).steps[-1]
    assert step.adds.high > 20 * step.adds.low


def test_a_manifest_may_be_mounted(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("pandas\n")
    mount = "--mount=type=bind,source=requirements.txt,target=requirements.txt"
    step = cost(f"FROM python:3.12\nRUN {mount} pip install -r requirements.txt\n", tmp_path).steps[-1]
    assert step.adds.mid > 100e6


@pytest.mark.parametrize(
    ("tag", "command", "figure"),
    [
        ("1.19", "go build -o /app .", "go.precompiled.cache"),
        ("1.19.8-bookworm", "CGO_ENABLED=0 go build -o /app .", "go.pure.cache"),
        ("1.20", "go build -o /app .", "go.build.cache"),
        ("1.25-alpine", "CGO_ENABLED=0 go build -o /app .", "go.build.cache"),
        ("latest", "go build -o /app .", "go.build.cache"),
    ],
)
def test_the_standard_library_of_go_is_compiled_where_it_is_not_there(
    tmp_path: Path, tag: str, command: str, figure: str
) -> None:
    (tmp_path / "go.mod").write_text("module example.org/app\n\ngo 1.19\n")
    build = cost(f"FROM golang:{tag}\nWORKDIR /src\nCOPY . .\nRUN {command}\n", tmp_path).steps[-1]
    assert build.wasted.mid == amount(figure).mid


def test_pure_go_may_be_asked_for_by_the_environment(tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text("module example.org/app\n\ngo 1.19\n")
    text = "FROM golang:1.19\nENV CGO_ENABLED=0\nWORKDIR /src\nCOPY . .\nRUN go build -o /app .\n"
    assert cost(text, tmp_path).steps[-1].wasted.mid == amount("go.pure.cache").mid


@pytest.mark.parametrize(("imports", "figure"), [('"net/http"', "go.binary.server"), ('"fmt"', "go.binary.base")])
def test_a_server_of_go_is_larger(tmp_path: Path, imports: str, figure: str) -> None:
    (tmp_path / "go.mod").write_text("module example.org/app\n\ngo 1.19\n")
    (tmp_path / "main.go").write_text(f"package main\n\nimport {imports}\n")
    text = (
        "FROM golang:1.22 AS b\nWORKDIR /src\nCOPY . .\nRUN go build -o /app .\nFROM scratch\nCOPY --from=b /app /app\n"
    )
    assert cost(text, tmp_path).image.adds.mid == amount(figure).mid


def test_pip_keeps_the_archives_that_it_downloads(tmp_path: Path) -> None:
    kept, none = adds("RUN pip install flask\n"), adds("RUN pip install --no-cache-dir flask\n")
    download = wheels([Packages(("flask",), closed=False)]).download
    assert download is not None
    assert kept[0] - none[0] == pytest.approx(download.mid)


def test_a_program_built_in_another_stage_is_copied(tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text("module example.org/hello\n\ngo 1.22\n")
    text = "FROM golang:1.22 AS b\nWORKDIR /src\nCOPY . .\nRUN go build -o /out/hello .\nFROM scratch\nCOPY --from=b /out/hello /\n"
    found = cost(text, tmp_path)
    assert 1e6 < found.image.adds.mid < 10e6
    assert found.steps[3].adds.mid > 15e6


# ------------------------------------------------------------ properties

COMMANDS = st.sampled_from(
    [
        "apt-get update",
        "apt-get install -y curl",
        "apt-get install -y --no-install-recommends git nonsense-name",
        "rm -rf /var/lib/apt/lists/*",
        "apt-get purge -y --auto-remove curl",
        "pip install flask",
        "npm install left-pad",
        "go build -o /x .",
        "mkdir -p /app",
        "chown -R me /app",
        "curl -O https://example.org/x",
        "cp -r /app /srv",
        "mv /app /opt",
        "cd /app",
        "if true; then apt-get install -y vim; fi",
    ]
)
RUNS = st.lists(COMMANDS, min_size=1, max_size=4).map(lambda items: "RUN " + " && ".join(items))
COPIES = st.sampled_from(["COPY . /app", "COPY a b /app/", "ADD https://example.org/x /", "WORKDIR /app", "LABEL a=b"])
FILES = st.lists(st.one_of(RUNS, COPIES), max_size=6)


@given(FILES)
def test_every_figure_has_ordered_bounds(lines: list[str]) -> None:
    found = cost("\n".join(["FROM debian:bookworm-slim", *lines]) + "\n")
    figures = [
        getattr(step, name) for step in found.steps for name in ("adds", "ships", "wasted", "seconds", "seconds_warm")
    ]
    figures += [item.seconds for item in found.scenarios] + [item.pushed for item in found.scenarios]
    figures += [found.expected.seconds, found.expected.pushed, found.image.adds, found.image.ships, found.image.wasted]
    assert all(0 <= figure.low <= figure.mid <= figure.high for figure in figures)


@given(FILES)
def test_no_step_wastes_more_than_it_adds(lines: list[str]) -> None:
    found = cost("\n".join(["FROM debian:bookworm-slim", *lines]) + "\n")
    assert all(step.wasted.mid <= step.adds.mid + 1e-6 for step in found.steps)
    assert found.image.wasted.mid <= found.image.adds.mid + 1e-6


@given(
    FILES, st.integers(0, 5), st.sampled_from(["rm -rf /var/lib/apt/lists/*", "apt-get clean", "rm -rf ~/.cache /app"])
)
def test_a_cleanup_never_raises_what_a_step_adds(lines: list[str], at: int, cleanup: str) -> None:
    runs = [number for number, line in enumerate(lines) if line.startswith("RUN")]
    if not runs:
        return
    number = runs[at % len(runs)]
    cleaned = [*lines]
    cleaned[number] += f" && {cleanup}"
    before, after = (cost("\n".join(["FROM debian:bookworm-slim", *text]) + "\n") for text in (lines, cleaned))
    line = number + 2
    old, new = (next(step for step in found.steps if step.line == line) for found in (before, after))
    assert new.adds.mid <= old.adds.mid + 1e-6


def test_a_manifest_that_comes_from_a_stage_is_that_of_the_stage(tmp_path: Path) -> None:
    names: dict[str, object] = {f"node_modules/p{number}": {} for number in range(40)}
    (tmp_path / "package-lock.json").write_text(json.dumps({"packages": names}))
    text = """\
FROM node:20 AS manifests
COPY package-lock.json /kept/
FROM node:20
WORKDIR /app
COPY --from=manifests /kept/ ./
RUN npm ci
"""
    direct = "FROM node:20\nWORKDIR /app\nCOPY package-lock.json ./\nRUN npm ci\n"
    found, expected = (cost(item, tmp_path).steps[-1] for item in (text, direct))
    assert found.adds == expected.adds
    assert found.adds.high < 40 * 10e6


@pytest.mark.parametrize(
    ("first", "second", "done"),
    [
        ("composer install --no-scripts --no-autoloader", "composer install", True),
        ("composer install --no-dev", "composer install", False),
        ("composer require a/b", "composer install", False),
        ("npm ci", "npm install", True),
        ("npm install", "npm ci", False),
        ("npm install && rm -rf node_modules", "npm install", False),
        ("cd /other && npm install", "npm install", False),
        ("pip install -r requirements.txt", "pip install -r requirements.txt", True),
        ("pip install -r requirements.txt", "pip install -U -r requirements.txt", False),
        ("pip install -r other.txt", "pip install -r requirements.txt", False),
        ("pip install -r requirements.txt", "sh setup.sh", True),
        ("npm install", "make deps", True),
    ],
)
def test_the_same_install_finds_its_packages(tmp_path: Path, first: str, second: str, done: bool) -> None:
    (tmp_path / "composer.json").write_text('{"require": {"a/a": "1"}, "require-dev": {"b/b": "1"}}')
    (tmp_path / "requirements.txt").write_text("flask\n")
    (tmp_path / "other.txt").write_text("django\n")
    (tmp_path / "setup.sh").write_text("set -e\npip install -r requirements.txt\n")
    (tmp_path / "Makefile").write_text("deps: first\n\t@npm install\n\nfirst:\n\techo\n")
    (tmp_path / "package.json").write_text('{"dependencies": {"express": "4"}}')
    found = steps(f"WORKDIR /app\nCOPY . .\nRUN {first}\nRUN {second}\n", tmp_path)
    alone = steps(f"WORKDIR /app\nCOPY . .\nRUN {second}\n", tmp_path)
    assert (found[-1].adds.mid < alone[-1].adds.mid) is done
