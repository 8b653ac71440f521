"""A stage that compiles for another platform moves to the build machine's, where the compiler is told what to compile for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.edits import insert, insert_lines, with_comments
from dockerlint.fixers.effects.footprint import overlap
from dockerlint.fixers.inputs.image_paths import absolute
from dockerlint.lint.analysis.stages import references
from dockerlint.lint.engine.findings import Applicability, Fix
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.catalogue.tool import Invocation
    from dockerlint.lint.shell.script import Command
    from dockerlint.lint.syntax.nodes import Run, Stage

ARGS = ("TARGETOS", "TARGETARCH")
SETTINGS = "GOOS=$TARGETOS GOARCH=$TARGETARCH "
NAMES = ("GOOS", "GOARCH")
# What lies there is not the same on all platforms: programs, libraries, and where `go install` puts programs.
OF_A_PLATFORM = ("/bin", "/sbin", "/lib", "/usr/bin", "/usr/sbin", "/usr/lib", "/usr/local", "/opt", "/go", "/root")


def cross_compile(facts: Facts, stage: Stage) -> tuple[Fix | None, str]:
    """The fix for Go, whose compiler alone makes programs for all platforms when there is no C in them; or none, and why."""
    if facts.settings.builder != "buildkit":
        return None, f"{facts.settings.builder} does not set TARGETOS and TARGETARCH"
    built = [(run, item) for run in stage.all(nodes.Run) for item in facts.invocations(run) if _compiles(item)]
    if not built:
        return None, "no other stage copies what it compiles"
    for run, item in built:
        if reason := _holds_on(facts, run, item):
            return None, reason
    outputs = tuple(path + "/" for run, item in built if (path := _output(facts, run, item)))
    if reason := _taken(facts, stage, outputs):
        return None, reason
    first = built[0][0]
    known = facts.state(first).env
    missing = [name for name in ARGS if name not in known]
    edits = [insert(stage.from_.keyword.span.end, " --platform=$BUILDPLATFORM")]
    if missing:
        edits.append(insert_lines(facts.doc, with_comments(facts.doc, first).start, [f"ARG {' '.join(missing)}"]))
    edits += [insert(item.words[0].span.start, SETTINGS) for _, item in built]
    return Fix("cross-compile on the build platform", tuple(edits), Applicability.UNSAFE), ""


def _compiles(item: Invocation) -> bool:
    """Whether a command makes programs for the image; tests and generators run on the machine that builds."""
    return item.tool.cross_compiles and item.subcommand in ("build", "install")


def _holds_on(facts: Facts, run: Run, item: Invocation) -> str:
    """Why a command needs the platform it is for, "" when it does not."""
    command = item.command
    script = facts.script(run)
    if script is None or not script.sound or command.name != "go":
        return "the RUN is not a plain script"
    if item.subcommand == "install":
        return "`go install` uses another folder for other platforms"
    settings = _settings(facts, run, command)
    if any(name in settings for name in NAMES):
        return "the script sets the platform itself"
    return "" if settings.get("CGO_ENABLED") == "0" else "it needs CGO_ENABLED=0, or a C compiler for the other platform"


def _settings(facts: Facts, run: Run, command: Command) -> dict[str, str | None]:
    """The variables that a command finds: the file's, those that its script exports, its own."""
    found = dict(facts.state(run).env)
    for item in facts.commands(run):
        words = item.arguments if item.name == "export" and not item.within else item.assignments if item is command else ()
        found |= {name: value for name, _, value in (word.text.partition("=") for word in words)}
        if item is command:
            break
    return found


def _output(facts: Facts, run: Run, item: Invocation) -> str | None:
    """The path that `-o` names."""
    output = item.option("-o")
    workdir = facts.state(run).workdir if not any(command.name == "cd" for command in facts.commands(run)) else None
    return absolute(output, workdir) if output else None


def _taken(facts: Facts, stage: Stage, outputs: tuple[str, ...]) -> str:
    """Why what is taken from a stage must be of the target's platform, "" when all of it is."""
    if any(facts.graph.children(stage)):
        return "another stage is FROM this one"
    for other in facts.doc.stages[stage.index + 1 :]:
        for node in other.instructions:
            if not any(facts.graph.find(reference, other.index) is stage for reference in references(node)):
                continue
            line = facts.doc.line(node.span.start)
            if not isinstance(node, nodes.Copy):
                return f"line {line} mounts it"
            for word in node.sources:
                path = absolute(word.text, "/")
                if path is None or (not (path + "/").startswith(outputs) and any(overlap(path, there) for there in OF_A_PLATFORM)):
                    return f"line {line} copies {word.text} from it"
    return ""
