"""Go: `go build` and `go install` make one program, which needs no Go to run."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from dockerlint.fixers.refusal import Refusal
from dockerlint.lint.storage.lazy_regex import regex

from . import runtime_images
from .copy_artifacts import carry
from .shared_libraries import linked
from .split_plan import Product, StageBuild

if TYPE_CHECKING:
    from .split_plan import Split
    from .stage_reader import Reading, StageStep

# Tools of Go's projects that write code, or nothing. Source: their own documentation.
OWN = frozenset(
    {"go", "gofmt", "gotestsum", "golangci-lint", "protoc", "buf", "swag", "templ", "wire", "mockgen", "sqlc", "stringer", "govulncheck", "staticcheck"}
)
MANIFESTS = ("go.mod", "go.sum", "go.work", "go.work.sum", "Makefile")
# Where Go looks for time zones behind the system's own folders. Source: Go, src/time/zoneinfo_read.go and zoneinfo_unix.go.
ZONES = "/usr/local/go/lib/time/zoneinfo.zip"
MODULE = regex(r"(?m)^module[ \t]+\"?([\w./~-]+)")
MAIN = regex(r"(?m)^package[ \t]+main\b")
MAJOR = regex(r"v\d+")
SEPARATOR = regex(r"[\s'\"=]+")


def plan(reading: Reading) -> Split | Refusal | None:
    """The split of a stage in which Go builds; None when it does not."""
    launch = reading.launch
    if not isinstance(launch, Refusal) and launch.words[:2] == ("go", "run"):
        return Refusal("`go run` builds when the container starts: run `go build`, and name the program in CMD")
    builds = [step for step in reading.every_step() if _builds(step) and not _is_tool(reading, step)]
    if not builds:
        return None
    if reading.builder is None or reading.builder.family != "go":
        return Refusal(f"dlint does not know {reading.image} as an image to build Go in")
    made: dict[str, str] = {}
    last = builds[-1].run
    for step in reading.every_step():
        if step in builds:
            output = _output(reading, step)
            if isinstance(output, Refusal):
                return output
            made.update({item.path: "folder" if item.folder else "file" for item in output})
        elif reading.follow(made, step):
            last = max(last, step.run, key=lambda run: run.span)
    folder = builds[-1].cwd
    if folder is None:
        return Refusal("dlint cannot tell the folder that `go build` runs in")
    static = all(_is_static(reading, step) for step in builds)
    libraries = () if static else linked(reading)
    own = runtime_images.of_distribution(reading.base, reading.image)
    if isinstance(libraries, Refusal):
        return libraries
    if isinstance(own, Refusal) and not static:
        return own
    images = runtime_images.static(reading.base, reading.image) if static else (own,)
    products = tuple(Product(path, kind == "folder", kind == "folder") for path, kind in made.items())
    build = StageBuild(
        last,
        folder,
        products,
        tuple(image for image in images if not isinstance(image, Refusal)),
        OWN,
        (".go",),
        MANIFESTS,
        libraries=libraries,
        extra=((ZONES, "tzdata"),),
    )
    return carry(reading, build)


def _builds(step: StageStep) -> bool:
    return step.name == "go" and step.invocation is not None and step.invocation.subcommand in ("build", "install")


def _is_tool(reading: Reading, step: StageStep) -> bool:
    """Whether a program of somebody else's is installed: many of these need Go, or the source, when they run."""
    if step.invocation is None or step.invocation.subcommand != "install":
        return False
    for word in step.invocation.operands:
        path = word.text.partition("/...")[0]
        if "@" in path:
            return True
        if "." in path.partition("/")[0].lstrip(".") and not f"{step.cwd}/".endswith(f"/src/{path}/") and path != _module(reading, step):
            return True
    return False


def _module(reading: Reading, step: StageStep) -> str | None:
    """The name of the module in the folder of a command, as go.mod says."""
    text = reading.text(posixpath.join(step.cwd, "go.mod")) if step.cwd else None
    module = MODULE.search(text) if text else None
    return module[1] if module else None


def _is_static(reading: Reading, step: StageStep) -> bool:
    """Whether what a build makes surely needs no library: cgo is off, or the linker is told so."""
    flags = step.invocation.option("-ldflags") if step.invocation else None
    words = SEPARATOR.split(flags or "")
    return reading.setting(step, "CGO_ENABLED") == "0" or ("-extldflags" in words and "-static" in words)


def _output(reading: Reading, step: StageStep) -> list[Product] | Refusal:
    """Where a build puts its programs."""
    invocation = step.invocation
    assert invocation is not None
    if invocation.option("-C"):
        return Refusal("`go -C` builds in another folder")
    packages = [word.text for word in invocation.operands]
    if packages and all(name.endswith(".go") for name in packages):
        packages = packages[:1]
    names = [name for package in packages or ["."] for name in _names(reading, step, package)]
    if invocation.subcommand == "install":
        return _in(_bin(reading, step), names) if None not in names else Refusal("dlint cannot tell which programs `go install` makes")
    out = invocation.option("-o")
    path = reading.path(out, step.run, step.cwd) if out is not None else step.cwd
    if path is None:
        return Refusal(f"dlint cannot tell where `go build{f' -o {out}' if out else ''}` puts the program")
    is_folder = out is None or out.endswith("/") or path == step.cwd or path in (*runtime_images.USUAL_PATH, "/")
    if not is_folder:
        return [Product(path)]
    if out is not None and path != step.cwd and path not in (*runtime_images.USUAL_PATH, "/"):
        return [Product(path, folder=True)]
    if out is None and len(packages) > 1:
        return Refusal("`go build` of several packages keeps no program: use `-o FOLDER/`")
    if None in names:
        return Refusal("only go.mod says how `go build` names its program, and it is not in the build context: use `-o`")
    return _in(path, names)


def _in(folder: str, names: list[str | None]) -> list[Product]:
    return [Product(posixpath.join(folder, name)) for name in names if name]


def _bin(reading: Reading, step: StageStep) -> str:
    """Where `go install` puts programs: GOBIN, or below the first folder of GOPATH."""
    gobin, gopath = reading.setting(step, "GOBIN"), reading.setting(step, "GOPATH")
    return gobin or posixpath.join((gopath or "/go").partition(":")[0], "bin")


def _names(reading: Reading, step: StageStep, package: str) -> list[str | None]:
    """The names of the programs of a package: that of its folder, of its module, or of its first file; None for one that is
    not known.
    """
    if package.endswith(".go"):
        return [posixpath.basename(package).removesuffix(".go")]
    path = package.rstrip("/")
    if path.endswith("..."):
        return _mains(reading, step, path.removesuffix("...").rstrip("/"))
    if "$" in path or path.startswith("..") or "*" in path:
        return [None]
    if path.startswith("./") and posixpath.normpath(path) != ".":
        return [posixpath.basename(posixpath.normpath(path))]
    if path not in (".", ""):
        # a module's path; `example.org/tool/v2` is called tool
        return [_last(path)]
    module = _module(reading, step)
    return [_last(module) if module else None]


def _mains(reading: Reading, step: StageStep, below: str) -> list[str | None]:
    """The programs of all packages below a folder, as the files of the context say."""
    if step.cwd is None or below not in ("", "."):
        return [None]
    found: dict[str, None] = {}
    for name in reading.files(step.cwd):
        folder = posixpath.dirname(name)
        if folder in found or not name.endswith(".go") or name.endswith("_test.go"):
            continue
        if MAIN.search(reading.text(posixpath.join(step.cwd, name)) or ""):
            found[folder] = None
    names = [name for folder in sorted(found) for name in _names(reading, step, f"./{folder}" if folder else ".")]
    return names or [None]


def _last(path: str) -> str:
    parts = path.rstrip("/").split("/")
    return parts[-2] if len(parts) > 1 and MAJOR.fullmatch(parts[-1]) else parts[-1]
