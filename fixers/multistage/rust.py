"""Rust: `cargo build --release` leaves programs in target/release, which need no Rust to run."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Any

from dockerlint.fixers.inputs.reads.manifest import table
from dockerlint.fixers.refusal import Refusal
from dockerlint.lint.storage.lazy_regex import regex

from . import runtime_images
from .copy_artifacts import carry
from .shared_libraries import linked
from .split_plan import Product, StageBuild

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .split_plan import Split
    from .stage_reader import Reading, StageStep

OWN = frozenset({"cargo", "rustup", "rustc", "rustfmt", "wasm-pack", "trunk", "sqlx", "diesel", "sccache", "cargo-chef"})
MANIFESTS = ("Cargo.toml", "Cargo.lock", "rust-toolchain", "rust-toolchain.toml", "build.rs", "Makefile")
# Where `cargo install` puts programs in the official image. Source: docker-library/rust, CARGO_HOME.
CARGO_HOME = "/usr/local/cargo"
BINARY = regex(r"src/bin/([\w-]+)(?:\.rs|/main\.rs)")


def plan(reading: Reading) -> Split | Refusal | None:
    """The split of a stage in which cargo builds; None when it does not."""
    builds = [step for step in reading.every_step() if _builds(step)]
    if not builds:
        launch = reading.launch
        runs = not isinstance(launch, Refusal) and launch.words[:2] == ("cargo", "run")
        return Refusal("`cargo run` builds when the container starts: run `cargo build --release`, and name the program in CMD") if runs else None
    if reading.builder is None or reading.builder.family != "rust":
        return Refusal(f"dlint does not know {reading.image} as an image to build Rust in")
    made: dict[str, str] = {}
    last = builds[-1].run
    for step in reading.every_step():
        if step in builds:
            output = _output(reading, step)
            if isinstance(output, Refusal):
                return output
            made[output.path] = "folder" if output.folder else "file"
        elif reading.follow(made, step):
            last = max(last, step.run, key=lambda run: run.span)
    folder = builds[-1].cwd
    if folder is None:
        return Refusal("dlint cannot tell the folder that cargo runs in")
    # a musl target of a glibc builder is linked with nothing; of Alpine's own toolchain that does not always hold
    static = all("-linux-musl" in (_target(reading, step) or "") for step in builds)
    libraries = () if static else linked(reading)
    own = runtime_images.of_distribution(reading.base, reading.image)
    if isinstance(libraries, Refusal):
        return libraries
    if isinstance(own, Refusal) and not static:
        return own
    images = runtime_images.static(reading.base, reading.image) if static else (own,)
    products = tuple(Product(path, kind == "folder") for path, kind in made.items())
    found = tuple(image for image in images if not isinstance(image, Refusal))
    programs = tuple(dict.fromkeys(path for step in builds for path in _programs(reading, step)))
    return carry(reading, StageBuild(last, folder, products, found, OWN, (".rs",), MANIFESTS, libraries=libraries, made=programs))


def _builds(step: StageStep) -> bool:
    if step.name != "cargo" or step.invocation is None:
        return False
    # what is installed by its name is a tool of somebody else's, which may need Rust when it runs
    own = step.invocation.subcommand == "install" and step.invocation.option("--path") is not None
    return own or step.invocation.subcommand in ("build", "b")


def _target(reading: Reading, step: StageStep) -> str | None:
    given = step.invocation.option("--target") if step.invocation else None
    return given or reading.setting(step, "CARGO_BUILD_TARGET")


def _output(reading: Reading, step: StageStep) -> Product | Refusal:
    """The folder that a build puts its programs into: nothing in it comes from elsewhere."""
    invocation = step.invocation
    assert invocation is not None
    if invocation.subcommand == "install":
        root = invocation.option("--root") or reading.setting(step, "CARGO_INSTALL_ROOT")
        path = reading.path(root, step.run, step.cwd) if root else CARGO_HOME
        if path is None:
            return Refusal("dlint cannot tell where `cargo install` puts programs")
        name = _installed(reading, step)
        return Product(posixpath.join(path, "bin", name)) if name else Refusal("dlint cannot tell which program `cargo install` makes")
    folder = invocation.option("--target-dir") or reading.setting(step, "CARGO_TARGET_DIR") or "target"
    target = _target(reading, step)
    if target is not None and ("$" in target or "/" in target):
        return Refusal(f"dlint cannot tell which target {target} is")
    profile = "release" if invocation.has(("--release", "-r")) else invocation.option("--profile") or "debug"
    profile = "debug" if profile == "dev" else profile
    top = reading.path(folder, step.run, step.cwd)
    if top is None or "$" in profile:
        return Refusal("dlint cannot tell where cargo puts its programs")
    return Product(posixpath.join(top, target or "", profile), folder=True)


def _programs(reading: Reading, step: StageStep) -> Iterator[str]:
    """The programs that a `cargo build` puts into its folder, as the manifests have them."""
    output = _output(reading, step)
    invocation = step.invocation
    if isinstance(output, Refusal) or not output.folder or invocation is None or step.cwd is None:
        return
    if only := invocation.option("--bin"):
        yield posixpath.join(output.path, only)
        return
    packages = [step.cwd, *(posixpath.dirname(posixpath.join(step.cwd, name)) for name in reading.files(step.cwd) if name.endswith("/Cargo.toml"))]
    manifests = {folder: _manifest(reading, folder) for folder in packages}
    asked = invocation.option("-p", "--package")
    members = asked is not None or invocation.has(("--workspace", "--all")) or "package" not in manifests[step.cwd]
    for folder, manifest in manifests.items():
        name = table(manifest.get("package")).get("name")
        if (folder == step.cwd or members) and (asked is None or name == asked):
            yield from (posixpath.join(output.path, program) for program in _targets(reading, folder, manifest))


def _targets(reading: Reading, folder: str, manifest: dict[str, Any]) -> Iterator[str]:
    """The names of a package's programs. Source: doc.rust-lang.org, The Cargo Book, "Target auto-discovery"."""
    package = table(manifest.get("package"))
    listed = manifest.get("bin")
    for item in map(table, listed if isinstance(listed, list) else ()):
        if isinstance(item.get("name"), str) and "required-features" not in item:
            yield item["name"]
    if package.get("autobins") is False:
        return
    for name in reading.files(folder):
        if name == "src/main.rs" and isinstance(package.get("name"), str):
            yield package["name"]
        elif match := BINARY.fullmatch(name):
            yield match[1]


def _manifest(reading: Reading, folder: str) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(reading.text(posixpath.join(folder, "Cargo.toml")) or "")
    except (ValueError, RecursionError):
        return {}


def _installed(reading: Reading, step: StageStep) -> str | None:
    """The program of `cargo install --path`, as the manifest names it."""
    import tomllib

    invocation = step.invocation
    assert invocation is not None
    if name := invocation.option("--bin"):
        return name
    path = invocation.option("--path") or "."
    folder = reading.path(path, step.run, step.cwd)
    text = reading.text(posixpath.join(folder, "Cargo.toml")) if folder else None
    try:
        manifest = tomllib.loads(text) if text else {}
    except (ValueError, RecursionError):
        return None
    package, programs = manifest.get("package"), manifest.get("bin")
    if isinstance(programs, list):
        only = programs[0] if len(programs) == 1 else None
        found = only.get("name") if isinstance(only, dict) else None
    else:
        found = package.get("name") if isinstance(package, dict) else None
    return found if isinstance(found, str) else None
