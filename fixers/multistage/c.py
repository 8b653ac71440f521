"""C and C++: what gcc, make and cmake make, with the shared libraries that it was linked with."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from dockerlint.fixers.refusal import Refusal
from dockerlint.lint.catalogue.base_images import parse_reference
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import nodes

from . import runtime_images
from .copy_artifacts import carry
from .shared_libraries import linked
from .split_plan import Product, StageBuild

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .split_plan import Runtime, Split
    from .stage_reader import Reading, StageStep

COMPILERS = frozenset({"gcc", "g++", "cc", "c++", "clang", "clang++"})
PLUS_PLUS = frozenset({"g++", "c++", "clang++"})
MAKERS = frozenset({"make", "ninja", "cmake"})
OWN = COMPILERS | MAKERS | {
    "configure", "autogen.sh", "bootstrap", "autoreconf", "autoconf", "automake", "aclocal", "libtoolize", "autoheader", "ctest", "strip", "ldconfig",
    "pkg-config", "meson", "ar", "ranlib", "ld", "objcopy",
}
SOURCES = (".c", ".h", ".cc", ".cpp", ".cxx", ".c++", ".hpp", ".hh", ".hxx", ".S", ".s", ".o", ".a")
PLUS_PLUS_SOURCES = (".cc", ".cpp", ".cxx", ".c++", ".C")
MANIFESTS = ("Makefile*", "makefile", "GNUmakefile", "*.mk", "CMakeLists.txt", "*.cmake", "CMakePresets.json", "configure*", "*.am", "*.ac", "*.in", "meson.build", "compile_commands.json")
MAKEFILES = ("GNUmakefile", "makefile", "Makefile")
# Where everything that configure and cmake install goes by default; in images of distributions nothing else is there.
# Sources: GNU Coding Standards, "Directory Variables"; CMake's documentation, CMAKE_INSTALL_PREFIX; the Filesystem Hierarchy Standard.
PREFIX = "/usr/local"
EMPTY_PREFIX = frozenset({"debian", "ubuntu", "alpine"})
RULE = regex(r"[\w$(){}./ +-]+")
ASSIGNED = regex(r"(?m)^[ \t]*(?:override[ \t]+|export[ \t]+)?(\w+)[ \t]*(?:[:?]?=)[ \t]*([^#\n]*)")
OUTPUT = regex(r"[ \t]-o[ \t]*([\w$(){}./+-]+)")
VARIABLE = regex(r"\$[({](\w+)[)}]")
# How often a value is looked up in another one.
DEEPEST = 5
# A name that is longer is none of a program.
LONGEST = 200


NOT_BUILDING = frozenset({"clean", "distclean", "check", "test", "tests", "depend", "mrproper", "help"})


def plan(reading: Reading) -> Split | Refusal | None:
    """The split of a stage in which C or C++ is compiled; None when it is not, or for something else."""
    if reading.builder is None or reading.builder.family != "c":
        return None
    made: dict[str, str] = {}
    whole: list[str] = []
    steps: list[StageStep] = []
    last = None
    unknown: Refusal | None = None
    for step in reading.every_step():
        found = _makes(reading, step)
        if isinstance(found, Refusal):
            # what is not seen to be made may be installed by a later step, which is seen
            unknown = found
        elif found:
            made.update({item.path: "folder" if item.folder else "file" for item in found})
            whole += [item.path for item in found if item.whole]
        elif not reading.follow(made, step):
            continue
        if found is not None:
            steps.append(step)
        last = step.run
    if last is None or not steps:
        return None
    if not made:
        return unknown
    folder = next((step.cwd for step in reversed(steps) if step.cwd), None)
    if folder is None:
        return Refusal("dlint cannot tell the folder of the build")
    images = _runtimes(reading, steps, folder)
    libraries = _libraries(reading, steps, folder)
    if isinstance(images, Refusal):
        return images
    if isinstance(libraries, Refusal):
        return libraries
    products = tuple(Product(path, kind == "folder", path in whole) for path, kind in made.items())
    lines = ("RUN ldconfig",) if PREFIX in whole and images[0].manager == "apt" else ()
    return carry(reading, StageBuild(last, folder, products, images, OWN, SOURCES, MANIFESTS, libraries=libraries, lines=lines))


# ---------------------------------------------------------------- what is made


def _makes(reading: Reading, step: StageStep) -> tuple[Product, ...] | Refusal | None:
    """The products of a command; None for one that makes none, a Refusal where they cannot be told."""
    if step.name in COMPILERS:
        return _compiled(reading, step)
    if step.name in ("make", "ninja"):
        return _made(reading, step)
    if step.name == "cmake" and "--install" in step.words:
        return _installed(reading, step, _value(step, "--prefix"), "")
    if step.name == "cmake" and (folder := _value(step, "--build")):
        if _value(step, "--target", "-t") == "install":
            return _installed(reading, step, None, "")
        path = reading.path(folder, step.run, step.cwd)
        return (Product(path, folder=True),) if path and path != step.cwd else Refusal(f"dlint cannot tell where cmake builds {folder}")
    return None


def _compiled(reading: Reading, step: StageStep) -> tuple[Product, ...] | Refusal | None:
    words = step.words[1:]
    if {"-c", "-E", "-S", "-M", "-MM"}.intersection(words) or not any(word.endswith(SOURCES) or "*" in word for word in words):
        return None
    if "-shared" in words:
        return Refusal("dlint cannot tell what loads a shared library")
    out = _value(step, "-o") or next((word[2:] for word in words if word.startswith("-o") and len(word) > 2), "a.out")
    path = reading.path(out, step.run, step.cwd)
    return (Product(path),) if path else Refusal(f"dlint cannot tell where {out} is put")


def _made(reading: Reading, step: StageStep) -> tuple[Product, ...] | Refusal | None:
    folder = _value(step, "-C", "--directory")
    top = reading.path(folder, step.run, step.cwd) if folder else step.cwd
    if top is None:
        return Refusal("dlint cannot tell the folder that make runs in")
    settings = dict(word.partition("=")[::2] for word in step.operands if "=" in word)
    targets = [word for word in step.operands if "=" not in word and not word.isdecimal() and word != folder]
    if any(word.startswith("install") for word in targets):
        prefix = next((settings[name] for name in ("prefix", "PREFIX", "CMAKE_INSTALL_PREFIX") if name in settings), None)
        return _installed(reading, step, prefix, settings.get("DESTDIR", ""))
    if targets and NOT_BUILDING.issuperset(targets):
        return None
    if step.name == "ninja" or any(item.name == "cmake" for item in _before(reading, step)):
        # a folder of its own for what is made, as cmake asks for
        return (Product(top, folder=True),) if top not in {copy for copy in map(reading.destination, _copies(reading)) if copy} else Refusal("cmake builds in the source tree")
    text = _makefile(reading, step, top)
    if text is None:
        return Refusal("only the Makefile says what `make` creates, and it is not in the build context")
    return tuple(Product(posixpath.normpath(posixpath.join(top, name))) for name in _targets(text, settings))


def _copies(reading: Reading) -> Iterable[nodes.Copy]:
    return reading.stage.all(nodes.Copy)


def _makefile(reading: Reading, step: StageStep, top: str) -> str | None:
    named = _value(step, "-f", "--file", "--makefile")
    names = (named,) if named else MAKEFILES
    found = (reading.text(posixpath.join(top, name)) for name in names)
    return next((text for text in found if text is not None), None)


def _targets(text: str, settings: dict[str, str]) -> list[str]:
    """The files that a Makefile makes by a rule of their own, or by the option -o of a command; no objects."""
    text = re.sub(r"\\\r?\n", " ", text)
    values = {name: value.strip()[:LONGEST] for name, value in ASSIGNED.findall(text)} | settings
    heads = (line.partition(":")[::2] for line in text.splitlines() if ":" in line)
    rules = [head for head, rest in heads if RULE.fullmatch(head) and rest[:1] not in ("=", ":")]
    names = [word for rule in rules for word in _expanded(rule, values).split()]
    names += [_expanded(word, values) for word in OUTPUT.findall(text)]
    return [name for name in dict.fromkeys(names) if not name.startswith(".") and "$" not in name and not name.endswith((".o", ".a", ".d"))]


def _expanded(text: str, values: dict[str, str]) -> str:
    for _ in range(DEEPEST):
        if "$" not in text or len(text) > LONGEST:
            break
        text = VARIABLE.sub(lambda match: values.get(match[1], "$"), text)
    return text


def _installed(reading: Reading, step: StageStep, prefix: str | None, destination: str) -> tuple[Product, ...] | Refusal:
    """The folder that all is installed in: as the command says, or an earlier configuration; else the usual one."""
    configured = _before(reading, step)
    for item in configured:
        if item.name == "configure":
            prefix = prefix or next((word.partition("=")[2] for word in item.words if word.startswith("--prefix=")), None)
        if item.name == "cmake":
            prefix = prefix or next((word.partition("=")[2] for word in item.words if word.startswith("-DCMAKE_INSTALL_PREFIX")), None)
    if prefix is None and not any(item.name in ("configure", "cmake") for item in configured) and step.name == "make":
        text = _makefile(reading, step, step.cwd or "/")
        found = {name: value.strip() for name, value in ASSIGNED.findall(text)} if text else {}
        prefix = found.get("PREFIX") or found.get("prefix")
        if prefix is None:
            return Refusal("dlint cannot tell where `make install` puts things")
    path = reading.path(prefix or PREFIX, step.run, "/")
    top = reading.path(destination, step.run, step.cwd) if destination else ""
    if path is None or top is None:
        return Refusal("dlint cannot tell where it is installed to")
    if top:
        return (Product(top, folder=True),)
    own = parse_reference(reading.image).repository in EMPTY_PREFIX
    if path == PREFIX and not own:
        return Refusal(f"{PREFIX} also holds files of {reading.image}")
    if path != PREFIX and not path.startswith("/opt/"):
        return Refusal(f"it is installed to {path}, where the system's own files are")
    return (Product(path, folder=True, whole=True),)


def _before(reading: Reading, step: StageStep) -> list[StageStep]:
    """The commands before one, that configure what it builds, nearest first."""
    found = [item for item in reading.every_step() if item.command.span < step.command.span and item.name in ("configure", "cmake")]
    return found[::-1]


def _value(step: StageStep, *names: str) -> str | None:
    """The value of an option: the next word, or what follows `=`."""
    words = step.words
    for at, word in enumerate(words):
        if word in names:
            return words[at + 1] if at + 1 < len(words) else None
        key, equals, value = word.partition("=")
        if equals and key in names:
            return value
    return None


# ---------------------------------------------------------------- what it needs


def _is_static(reading: Reading, step: StageStep) -> bool:
    flags = reading.setting(step, "LDFLAGS") or ""
    return "-static" in [part for word in (*step.words, flags) for part in word.replace("=", " ").split()]


def _has_plus_plus(reading: Reading, steps: Iterable[StageStep], folder: str) -> bool:
    """Whether C++ is compiled, or that cannot be excluded."""
    steps = list(steps)
    names = [*reading.files(folder), *(word for step in steps for word in step.words)]
    if any(step.name in PLUS_PLUS for step in steps) or any(name.endswith(PLUS_PLUS_SOURCES) for name in names):
        return True
    return not all(step.name in COMPILERS for step in steps) and not reading.files(folder)


def _runtimes(reading: Reading, steps: list[StageStep], folder: str) -> tuple[Runtime, ...] | Refusal:
    if all(_is_static(reading, step) for step in steps):
        return runtime_images.static(reading.base, reading.image)
    own_library = any("-static-libstdc++" in word for step in steps for word in step.words)
    if parse_reference(reading.image).repository == "gcc" and not own_library and _has_plus_plus(reading, steps, folder):
        return Refusal(f"{reading.image} has its own C++ library: link with -static-libstdc++ -static-libgcc")
    own = runtime_images.of_distribution(reading.base, reading.image)
    return own if isinstance(own, Refusal) else (own,)


def _libraries(reading: Reading, steps: list[StageStep], folder: str) -> tuple[str, ...] | Refusal:
    if all(_is_static(reading, step) for step in steps):
        return ()
    found = linked(reading)
    if isinstance(found, Refusal) or reading.base is None or reading.base.package_manager != "apk":
        return found
    return (*found, "libstdc++") if _has_plus_plus(reading, steps, folder) else found
