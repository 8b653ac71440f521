"""Node: a build script makes what runs; it needs the production's dependencies, and neither the others nor the sources."""

from __future__ import annotations

import posixpath
import re
import shlex
from typing import TYPE_CHECKING, Any

from msgspec.json import decode
from msgspec.structs import replace

from dockerlint.fixers.image import slim_base
from dockerlint.fixers.inputs import package_json
from dockerlint.fixers.inputs.runtime_command import started
from dockerlint.fixers.refusal import Refusal
from dockerlint.lint.analysis.users import ROOT
from dockerlint.lint.catalogue.base_images import parse_reference
from dockerlint.lint.storage.lazy_regex import regex

from . import runtime_images, static_site
from .copy_artifacts import carry
from .split_plan import Product, StageBuild

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.fixers.inputs.package_json import NodePackage
    from dockerlint.lint.syntax.nodes import Run

    from .split_plan import Runtime, Split
    from .stage_reader import Reading, StageStep
    from .static_site import Served

MANAGERS = frozenset({"npm", "yarn", "pnpm"})
OWN = MANAGERS | {"npx", "pnpx", "node", "corepack", "tsc", "nest", "vite", "next"}
SOURCES = (".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs", ".vue", ".svelte")
MANIFESTS = (
    "package*.json", "package.json", "package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "pnpm-workspace.yaml", ".npmrc",
    ".yarnrc*", "tsconfig*.json", "tsconfig.json", "nest-cli.json", "angular.json", "*.config.*", ".eslintrc*", ".prettierrc*", "jest.config*", "*.md",
)  # fmt: skip
LOCKS = ("package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml")
# How the tools take the development's dependencies away. Sources: npm's and pnpm's pages on `prune`; Yarn 1's on `install`.
PRUNE = {"npm": "npm prune --omit=dev", "pnpm": "pnpm prune --prod", "yarn": "yarn install --production --ignore-scripts --prefer-offline"}
# Programs in build scripts that write nothing that runs, or only where another one does.
IDLE = frozenset(
    """
    rimraf rm del-cli echo eslint prettier jest vitest mocha tslint cross-env dotenv mkdir mkdirp copyfiles cpx cp tsc-alias run-s run-p
    npm-run-all npm yarn pnpm true
    """.split()
)
# Options by which a program is told where to write. Sources: the manuals of tsc, esbuild, Babel, swc, ncc.
OUT_FLAGS = {
    "tsc": ("--outDir",),
    "esbuild": ("--outfile", "--outdir"),
    "babel": ("-d", "--out-dir", "-o", "--out-file"),
    "swc": ("-d", "--out-dir", "-o", "--out-file"),
    "ncc": ("-o", "--out"),
    "vite": ("--outDir",),
}  # fmt: skip
COMMENT = regex(r"(?m)^[ \t]*//.*$")
OUT_DIR = regex(r"\"outDir\"\s*:\s*\"([^\"]+)\"")
EXTENDS = regex(r"\"extends\"\s*:\s*\"([^\"]+)\"")
REFERENCE = regex(r"\"path\"\s*:\s*\"([^\"]+)\"")
NO_EMIT = regex(r"\"noEmit\"\s*:\s*true")
# In the order in which the tools look for them.
CONFIGS = ("js", "mjs", "ts", "cjs")
VITE_OUT = regex(r"\boutDir\s*:\s*(?:['\"]([^'\"]+)['\"])?")
NEXT_OUTPUT = regex(r"\b(?:output|distDir)\s*:")
PLAIN = regex(r"[\w./@+-]+")
MOST_EXTENDED = 5


def plan(reading: Reading) -> Split | Refusal | None:
    """The split of a stage in which a build script of Node runs; None when there is none."""
    builds = [step for step in reading.every_step() if _builds(step)]
    if not builds:
        return None
    if parse_reference(reading.image).repository != "node":
        return Refusal(f"dlint does not know {reading.image} as an image to build Node in")
    step = builds[-1]
    if len(builds) > 1 or step.cwd is None or step.cwd != reading.workdir(step.run):
        return Refusal("the build is not one RUN in the folder of WORKDIR")
    if reading.facts.state(step.run).user not in ROOT:
        return Refusal("the build runs as another user than root")
    package = package_json.read(reading.text(posixpath.join(step.cwd, "package.json")))
    if package is None:
        return Refusal("only package.json says what the build creates, and it is not in the build context")
    if "workspaces" in package.raw or any("prisma" in name for name in package.dependencies | package.development):
        return Refusal("dlint does not know what workspaces, or Prisma's generator, put into node_modules")
    outputs = _outputs(reading, step, package)
    if isinstance(outputs, Refusal):
        return outputs
    server = _server(reading, step, package, outputs)
    if server is not None:
        return server if isinstance(server, Refusal) else static_site.plan(reading, step, server, OWN, MANIFESTS)
    refusal = _unfit(reading, package, outputs, step.cwd)
    if refusal:
        return refusal
    return _split(reading, step, package, outputs)


def _split(reading: Reading, step: StageStep, package: NodePackage, outputs: list[str]) -> Split | Refusal:
    assert step.cwd is not None
    last, tail = _ends(reading, step, package)
    if isinstance(tail, Refusal):
        return tail
    whole = [posixpath.join(step.cwd, "package.json"), *outputs]
    if package.dependencies:
        whole.insert(0, posixpath.join(step.cwd, "node_modules"))
    products = tuple(Product(path, not posixpath.splitext(path)[1], True) for path in whole)
    build = StageBuild(
        last,
        step.cwd,
        products,
        (_runtime(reading, step),),
        OWN,
        SOURCES,
        MANIFESTS,
        frozenset({"node", "npm"}),
        frozenset({"node"}),
        checked=True,
        tail=tail,
    )
    return carry(reading, build)


def _builds(step: StageStep) -> bool:
    return step.name in MANAGERS and step.invocation is not None and step.invocation.action == "build"


def _runtime(reading: Reading, step: StageStep) -> Runtime:
    """The slim variant of the same image; the image itself where a package is compiled in it, or the variant lacks a program."""
    written = reading.stage.from_.image.text
    same = replace(runtime_images.of_image(reading.image), image=written)
    base = reading.base
    tag = slim_base.variant(base) if base is not None else None
    texts = [reading.text(posixpath.join(step.cwd or "/", name)) for name in LOCKS]
    known = [text for text in texts if text is not None]
    if base is None or tag is None or not known or "$" in written or "@" in written:
        return same
    words = started(reading.facts, reading.stage).words
    if any(slim_base.may_compile(text) for text in known) or slim_base.called(base, tag, words):
        return same
    name = written.rpartition(":")[0] if ":" in written.rpartition("/")[2] else written
    return runtime_images.of_image(f"{name}:{tag}")


def _ends(reading: Reading, step: StageStep, package: NodePackage) -> tuple[Run, tuple[str, ...] | Refusal]:
    """The last step of the build, and what its stage still has to do: what only the build needs goes."""
    pruned = [item for item in reading.every_step() if item.name in MANAGERS and "prune" in item.operands[:1]]
    if pruned:
        return max(step.run, pruned[-1].run, key=lambda run: run.span), ()
    cache = ("rm -rf .next/cache",) if "next" in package.dependencies else ()
    if not package.development or not package.dependencies:
        return step.run, tuple(f"RUN {command}" for command in cache)
    installs = {item.name for item in reading.every_step() if item.invocation and item.invocation.action == "install" and item.name in MANAGERS}
    if len(installs) != 1:
        return step.run, Refusal("several tools install the dependencies")
    (tool,) = installs
    lock = reading.text(posixpath.join(step.cwd or "/", "yarn.lock")) or ""
    manager = str(package.raw.get("packageManager", ""))
    if tool == "yarn" and ("__metadata:" in lock or re.match(r"yarn@[2-9]", manager)):
        return step.run, Refusal("Yarn 2 and later cannot remove development dependencies")
    return step.run, (f"RUN {' && '.join((PRUNE[tool], *cache))}",)


# ---------------------------------------------------------------- what the build makes


def _outputs(reading: Reading, step: StageStep, package: NodePackage) -> list[str] | Refusal:
    """The folders and files that a build script writes, as its programs are told to."""
    assert step.cwd is not None
    line = " ".join(step.words)
    found: list[str] = []
    texts = package.expanded(line).split("\n")[1:]
    if not texts:
        return Refusal(f"package.json has no script for `{line}`")
    for words in (words for text in texts for words in _lines(text)):
        program = posixpath.basename(words[0])
        if program in IDLE or _checks_only(reading, step.cwd, words):
            continue
        output = _output(reading, step.cwd, program, words)
        if isinstance(output, Refusal):
            return output
        path = posixpath.normpath(posixpath.join(step.cwd, output))
        if not path.startswith(step.cwd.rstrip("/") + "/") or not PLAIN.fullmatch(path):
            return Refusal(f"`{program}` writes outside of {step.cwd}")
        found.append(path)
        if program == "next":
            beside = ("public", *(f"next.config.{suffix}" for suffix in CONFIGS))
            found += [posixpath.join(step.cwd, name) for name in beside if _is_there(reading, step.cwd, name)]
    if not found:
        return Refusal(f"dlint does not see what `{line}` writes")
    return list(dict.fromkeys(found))


def _is_there(reading: Reading, folder: str, name: str) -> bool:
    """Whether the context brings a file or a folder to a folder of the image."""
    return any(file == name or file.startswith(name + "/") for file in reading.files(folder))


def _lines(text: str) -> Iterator[list[str]]:
    """The commands of a script, without variables that are set for one and without `npx` and `cross-env`."""
    for part in re.split(r"&&|;|\|\|?", text):
        try:
            words = shlex.split(part)
        except ValueError:
            words = ["?"]
        while words and (words[0] in ("npx", "cross-env", "dotenv", "--") or "=" in words[0]):
            words = words[1:]
        if words:
            yield words


def _output(reading: Reading, folder: str, program: str, words: list[str]) -> str | Refusal:
    """Where one program writes, relative to its folder."""
    given = _given(words, OUT_FLAGS.get(program, ()))
    if given is not None:
        return given
    unknown = Refusal(f"dlint cannot tell where `{program}` writes")
    match program:
        case "tsc" | "nest":
            project = _given(words, ("-p", "--project", "--path")) or _first(reading, folder, program)
            return _typescript(reading, folder, project) or unknown
        case "vite":
            text = _config(reading, folder, "vite.config")
            match = VITE_OUT.search(text)
            if words[1:2] not in (["build"], []) or re.search(r"\broot\s*:", text) or (match and match[1] is None):
                return unknown
            return match[1] if match else "dist"
        case "react-scripts":
            return "build" if words[1:2] == ["build"] and "BUILD_PATH" not in reading.doc.text else unknown
        case "ng":
            return _angular(reading.text(posixpath.join(folder, "angular.json"))) or unknown
        case "next":
            return unknown if words[1:2] != ["build"] or NEXT_OUTPUT.search(_config(reading, folder, "next.config")) else ".next"
        case _:
            return unknown


def _given(words: list[str], flags: tuple[str, ...]) -> str | None:
    for at, word in enumerate(words):
        name, equals, value = word.partition("=")
        if name in flags:
            return value if equals else next(iter(words[at + 1 : at + 2]), None)
    return None


def _config(reading: Reading, folder: str, stem: str) -> str:
    """The text of a tool's configuration; an empty one where there is none."""
    texts = (reading.text(posixpath.join(folder, f"{stem}.{suffix}")) for suffix in CONFIGS)
    return next((text for text in texts if text is not None), "")


def _first(reading: Reading, folder: str, program: str) -> str:
    """The configuration that a program takes by itself: Nest looks for one of its own first."""
    own = "tsconfig.build.json"
    return own if program == "nest" and reading.text(posixpath.join(folder, own)) is not None else "tsconfig.json"


def _checks_only(reading: Reading, folder: str, words: list[str]) -> bool:
    """Whether the compiler of TypeScript is asked for its errors and writes nothing."""
    if words[0].rpartition("/")[2] not in ("tsc", "vue-tsc"):
        return False
    if "--noEmit" in words or words[0].endswith("vue-tsc"):
        return True
    project = _given(words, ("-p", "--project")) or next((word for word in words[1:] if not word.startswith("-")), "tsconfig.json")
    path = posixpath.normpath(posixpath.join(folder, project))
    text = COMMENT.sub("", reading.text(path) or "")
    others = [posixpath.normpath(posixpath.join(posixpath.dirname(path), name)) for name in REFERENCE.findall(text)]
    if not {"-b", "--build"}.intersection(words) or not others:
        return bool(NO_EMIT.search(text))
    return all(NO_EMIT.search(reading.text(name) or reading.text(posixpath.join(name, "tsconfig.json")) or "") for name in others)


def _typescript(reading: Reading, folder: str, project: str) -> str | None:
    """The `outDir` of a tsconfig.json, or of one that it extends; None when there is none."""
    path = posixpath.normpath(posixpath.join(folder, project))
    for _ in range(MOST_EXTENDED):
        text = reading.text(path)
        if text is None:
            # a folder stands for the file in it
            path = posixpath.join(path, "tsconfig.json")
            text = reading.text(path)
        if text is None:
            return None
        text = COMMENT.sub("", text)
        if match := OUT_DIR.search(text):
            return posixpath.relpath(posixpath.join(posixpath.dirname(path), match[1]), folder)
        above = EXTENDS.search(text)
        if above is None or not above[1].startswith("."):
            return None
        path = posixpath.normpath(posixpath.join(posixpath.dirname(path), above[1]))
        path = path if path.endswith(".json") else f"{path}.json"
    return None


def _angular(text: str | None) -> str | None:
    """The output folder of the only project of angular.json."""
    try:
        projects: Any = decode(text or "")["projects"]
        (project,) = projects.values()
        found = project["architect"]["build"]["options"]["outputPath"]
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        return None
    return found if isinstance(found, str) else None


# ---------------------------------------------------------------- what the container runs


def _server(reading: Reading, step: StageStep, package: NodePackage, outputs: list[str]) -> Served | Refusal | None:
    """What a program that serves static files serves; None when something else is started."""
    launch = reading.launch
    if isinstance(launch, Refusal) or step.cwd is None or reading.workdir() != step.cwd:
        return None
    commands = _commands(package, list(launch.words))
    if len(commands) != 1:
        return None
    return static_site.served(commands[0], step.cwd, outputs, _config(reading, step.cwd, "vite.config"))


def _commands(package: NodePackage, words: list[str]) -> list[list[str]]:
    """The commands that a command line comes down to, those of scripts in place of the call of a script."""
    texts = package.expanded(" ".join(words)).split("\n")
    lines = (line for text in texts[1 if words[0] in MANAGERS else 0 :] for line in _lines(text))
    return [line for line in lines if posixpath.basename(line[0]) not in MANAGERS]


def _unfit(reading: Reading, package: NodePackage, outputs: list[str], folder: str) -> Refusal | None:
    """Why the command needs more than what the build makes and the production's dependencies."""
    launch = reading.launch
    if isinstance(launch, Refusal):
        return launch
    line = " ".join(launch.words)
    text = package.expanded(line)
    needed = package.development_in(text)
    if needed:
        return Refusal(f"`{line}` needs {needed}, a development dependency")
    named = {word for step in reading.every_step() if step.invocation and step.invocation.is_global for word in step.operands[1:]}
    programs = {program for name in named for program in package_json.programs(name.rpartition("@")[0] or name)}
    commands = _commands(package, list(launch.words))
    if not commands or launch.words[0] in MANAGERS - {"npm", "yarn"}:
        return Refusal(f"dlint cannot tell what `{line}` runs")
    for words in commands:
        program = posixpath.basename(words[0])
        if program in programs:
            return Refusal(f"`{program}` is installed for the whole image")
        if program == "next" and words[1:2] == ["start"]:
            continue
        if program != "node":
            return Refusal(f"dlint cannot tell what `{program}` reads when it runs")
        script = next((word for word in words[1:] if not word.startswith("-")), None)
        path = reading.path(script, launch.by[-1], folder) if script else None
        if path is None or not any(path.startswith(output + "/") or path == output for output in outputs):
            return Refusal(f"`{' '.join(words)}` runs a file that dlint does not see the build create")
    return None
