"""A stage as a split looks at it: its steps with the folder that each runs in, what it copies, and what it runs at last."""

from __future__ import annotations

import posixpath
import shlex
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct

from dockerlint.fixers.inputs.install_inputs import brought
from dockerlint.fixers.refusal import Refusal
from dockerlint.lint.catalogue import tool
from dockerlint.lint.shell.script import is_shell
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.word_expansion import ExpansionError, try_expand, variables

from . import runtime_images

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.catalogue.tool import Invocation
    from dockerlint.lint.shell.script import Command

# What makes more of a command line than one program and its words.
GRAMMAR = frozenset(";|&<>()`\n")
# At the end of a HEALTHCHECK it says no more than that a failure is one.
OR_FAIL = ("|| exit 1", "|| false", "||exit 1")
# How many source files are looked through for the names of data.
MOST_SOURCES = 500
BIGGEST_SOURCE = 500_000


class StageStep(Struct, frozen=True):
    """A command of a RUN."""

    # the RUN
    run: nodes.Run
    # the command as the script has it
    command: Command
    # the folder that it runs in, an absolute path; None when that is not known
    cwd: str | None
    # what it does with a tool of the catalogue; None when it calls none
    invocation: Invocation | None

    @property
    def name(self) -> str:
        """The program's name without its folder; empty for an assignment."""
        return self.words[0].rsplit("/", 1)[-1] if self.words else ""

    @property
    def words(self) -> list[str]:
        """The words of the command behind `env`, `time` and their like."""
        return [word.text for word in tool.unwrapped(self.command.words)]

    @property
    def operands(self) -> list[str]:
        """The words behind the name that are no options."""
        return [text for text in self.words[1:] if not text.startswith("-")]


class Launch(Struct, frozen=True):
    """A command line that a container runs."""

    # its words, without the shell that reads them
    words: tuple[str, ...]
    # whether a shell reads them
    shell: bool
    # the instructions that it comes from
    by: tuple[nodes.Instruction, ...]


class Reading:
    """What the modules of the languages ask a stage for; worked out when it is asked for."""

    def __init__(self, facts: Facts, stage: nodes.Stage) -> None:
        # the facts of the file
        self.facts = facts
        # the file
        self.doc = facts.doc
        # the stage
        self.stage = stage
        # what is known of its base image; None when nothing is
        self.base = facts.base(stage)
        # the base image's reference; as it is written when a variable decides it
        self.image = facts.image(stage) or stage.from_.image.text
        # what the split knows of the base image as one to build in; None when it is not one of these
        self.builder = runtime_images.builder(self.image)
        # the steps of the RUNs so far, by the RUN's place in the text; None when they cannot be read
        self._steps: dict[int, tuple[StageStep, ...] | None] = {}

    @property
    def runs(self) -> tuple[nodes.Run, ...]:
        """The RUNs of the stage."""
        return tuple(self.stage.all(nodes.Run))

    def workdir(self, node: nodes.Instruction | None = None) -> str | None:
        """The folder that an instruction finds itself in, at the stage's end by default."""
        workdir = self.builder.workdir if self.builder else None
        for item in self.stage.instructions:
            if node is not None and item.span.start >= node.span.start:
                break
            if isinstance(item, nodes.Workdir):
                path = self.expand(item.argument.text, item)
                workdir = None if path is None or (workdir is None and path[:1] != "/") else posixpath.join(workdir or "/", path)
        return posixpath.normpath(workdir) if workdir else None

    def expand(self, text: str, node: nodes.Instruction) -> str | None:
        """A word with its variables put in, those that the builder's image is known to set too; None when one is unknown."""
        known = self.facts.expand(text, node)
        if known is not None or self.builder is None or not self.builder.env:
            return known
        env = {**self.builder.env, **self.facts.state(node).env}
        try:
            if any(reference.name not in env for reference in variables(text, self.doc.escape)):
                return None
            return try_expand(text, env, self.doc.escape)
        except ExpansionError:
            return None

    def path(self, text: str, node: nodes.Instruction, cwd: str | None) -> str | None:
        """A path of a command or an instruction, made absolute; None where a variable or a substitution decides it."""
        if "$(" in text or "`" in text or text.startswith("~"):
            return None
        plain = self.expand(text, node) if "$" in text else text
        if plain is None or (cwd is None and not plain.startswith("/")):
            return None
        return posixpath.normpath(posixpath.join(cwd or "/", plain))

    def destination(self, copy: nodes.Copy) -> str | None:
        """Where a COPY or ADD writes, as `Facts.path`, but for a folder that the base image chooses too."""
        text = self.expand(copy.destination.text, copy)
        path = self.path(text, copy, self.workdir(copy)) if text is not None else None
        if path is None or text is None:
            return None
        return path.rstrip("/") + "/" if text.endswith(("/", "/.")) or text == "." else path

    # ------------------------------------------------------------ steps

    def steps(self, run: nodes.Run) -> tuple[StageStep, ...] | None:
        """The commands of a RUN in order; None when they cannot be read, or do not simply follow each other."""
        if run.span.start not in self._steps:
            self._steps[run.span.start] = self._read(run)
        return self._steps[run.span.start]

    def _read(self, run: nodes.Run) -> tuple[StageStep, ...] | None:
        script = self.facts.script(run)
        if script is None and not isinstance(run.form, nodes.Exec):
            return None
        if script is not None and (not script.sound or any(set(command.within) - {"pipeline"} for command in script.commands)):
            return None
        cwd = self.workdir(run)
        found = []
        for command in self.facts.commands(run):
            found.append(StageStep(run, command, cwd, tool.invocation(command)))
            if command.name == "cd":
                cwd = self.path(command.arguments[0].text, run, cwd) if command.arguments else None
            elif command.name in ("pushd", "popd"):
                cwd = None
        return tuple(found)

    def every_step(self) -> Iterator[StageStep]:
        """The steps of all RUNs that can be read."""
        for run in self.runs:
            yield from self.steps(run) or ()

    def setting(self, step: StageStep, name: str) -> str | None:
        """The value of a variable for a command: set for it alone, earlier in its RUN, or by the file. None when not known."""
        for command in reversed([item.command for item in self.steps(step.run) or () if item.command.span <= step.command.span]):
            assigned = [*command.assignments, *(command.words[1:] if command.name in ("export", "env") else ())]
            alone = command is not step.command and bool(command.words) and command.name != "export"
            for word in assigned:
                key, equals, value = word.text.partition("=")
                if key == name and equals and not alone:
                    return value if "$" not in value else None
        return self.facts.state(step.run).env.get(name)

    def follow(self, made: dict[str, str], step: StageStep) -> bool:
        """Where what a build made goes by `cp`, `mv`, `install` and `ln`: adds the new paths to `made`, which says of a path
        whether it is a `file`, a `folder` or a `pattern`; whether there was any.
        """
        if step.name not in ("cp", "mv", "install", "ln") or len(step.operands) < 2:
            return False
        *sources, target = (self.path(text, step.run, step.cwd) for text in _plain_operands(step))
        if target is None:
            return False
        found = False
        into = step.operands[-1].endswith(("/", "/.")) or step.operands[-1] in (".", "..") or len(sources) > 1
        for source in sources:
            kind = _kind(made, source) if source is not None else None
            if kind is None or source is None:
                continue
            found = True
            if into and any(char in source for char in "*?["):
                kind, name = "pattern", posixpath.basename(source)
            else:
                name = posixpath.basename(source)
            made[posixpath.join(target, name) if into else target] = kind if into else "file"
            if step.name == "mv" and made.get(source) == "file":
                del made[source]
        return found

    # ------------------------------------------------------------ the context

    def context_path(self, image_path: str) -> str | None:
        """The file of the context that lies at a path of the image; None when there is none, or no context."""
        if self.facts.context is None:
            return None
        for copy in reversed(list(self.stage.all(nodes.Copy))):
            target = self.destination(copy)
            if copy.from_ is not None or copy.heredocs or target is None:
                continue
            if (path := brought(self.facts, copy, image_path, target)) is not None:
                return path
        return None

    def text(self, image_path: str) -> str | None:
        """The text of a file that a COPY brings to a path of the image; None when it is not at hand."""
        path = self.context_path(image_path)
        return self.facts.context.read(path) if path is not None and self.facts.context else None

    def context_folder(self, folder: str) -> str | None:
        """The folder of the context that is copied to a folder of the image."""
        probe = posixpath.join(folder, "\0")
        for copy in reversed(list(self.stage.all(nodes.Copy))):
            target = self.destination(copy)
            if copy.from_ is None and not copy.heredocs and target is not None and len(copy.sources) == 1:
                source = self.facts.expand(copy.sources[0].text, copy)
                top = target.rstrip("/") + "/"
                if source is not None and probe.startswith(top) and not any(char in source for char in "*?["):
                    path = posixpath.normpath(posixpath.join(source.lstrip("/") or ".", probe[len(top) :]))
                    return posixpath.dirname(path) if not path.startswith("..") else None
        return None

    def files(self, folder: str) -> tuple[str, ...]:
        """The files of the context that lie below a folder of the image, relative to it."""
        top = self.context_folder(folder)
        if top is None or self.facts.context is None:
            return ()
        start = top + "/" if top else ""
        return tuple(name[len(start) :] for name in self.facts.context.files if name.startswith(start))

    def sources(self, folder: str, suffixes: tuple[str, ...]) -> Iterator[str]:
        """The texts of the source files below a folder of the image, tests left out."""
        context = self.facts.context
        top = self.context_folder(folder)
        if context is None or top is None:
            return
        names = [posixpath.join(top, name) for name in self.files(folder) if name.endswith(suffixes) and not name.endswith("_test.go")]
        for name in names[:MOST_SOURCES]:
            text = context.read(name) if context.files[name] <= BIGGEST_SOURCE else None
            if text is not None:
                yield text

    # ------------------------------------------------------------ what runs

    @cached_property
    def launch(self) -> Launch | Refusal:
        """The command line of the container."""
        entry = next((node for node in reversed(self.stage.instructions) if isinstance(node, nodes.Entrypoint)), None)
        cmd = next((node for node in reversed(self.stage.instructions) if isinstance(node, nodes.Cmd)), None)
        by = tuple(node for node in (entry, cmd) if node is not None)
        if not by:
            return Refusal("no CMD or ENTRYPOINT says what runs")
        if entry is None or isinstance(entry.form, nodes.Shell) or cmd is None:
            return self._launch(by[0].form, (by[0],))
        first = self._launch(entry.form, (entry,))
        if isinstance(first, Refusal) or first.shell or not isinstance(cmd.form, nodes.Exec):
            return first if isinstance(first, Refusal) or first.shell else Refusal("the file has an ENTRYPOINT, and its CMD is in shell form")
        return Launch((*first.words, *(word.text for word in cmd.form.words)), False, by)

    def check(self, node: nodes.Healthcheck) -> Launch | Refusal:
        """The command line of a HEALTHCHECK."""
        return self._launch(node.form, (node,))

    def _launch(self, form: nodes.Exec | nodes.Shell | None, by: tuple[nodes.Instruction, ...]) -> Launch | Refusal:
        if isinstance(form, nodes.Exec):
            words = tuple(word.text for word in form.words)
            if len(words) == 3 and is_shell(words[0]) and words[1] == "-c":
                return _script(words[2], by)
            if words and is_shell(words[0]):
                return Refusal(f"dlint cannot tell what {' '.join(words)} calls")
            return Launch(words, False, by) if words else Refusal("the command is empty")
        return _script(form.text, by) if form is not None else Refusal("the command is empty")


def _script(text: str, by: tuple[nodes.Instruction, ...]) -> Launch | Refusal:
    line = text.strip()
    if isinstance(by[0], nodes.Healthcheck):
        line = next((line.removesuffix(end).rstrip() for end in OR_FAIL if line.endswith(end)), line)
        line = line.replace(">/dev/null", "").replace("> /dev/null", "").replace("2>&1", "")
    line = line.removeprefix("exec ").strip()
    name = by[0].name
    if GRAMMAR.intersection(line):
        return Refusal(f"{name} is a script of several commands")
    try:
        words = shlex.split(line)
    except ValueError:
        return Refusal(f"{name} is a script")
    while words and "=" in words[0] and words[0].partition("=")[0].isidentifier():
        words = words[1:]
    return Launch(tuple(words), True, by) if words else Refusal(f"{name} is empty")


def _plain_operands(step: StageStep) -> list[str]:
    """The operands without the values of `install -m 755 -o root`."""
    found = []
    words = step.words[1:]
    at = 0
    while at < len(words):
        if step.name == "install" and words[at] in ("-m", "-o", "-g"):
            at += 2
            continue
        if not words[at].startswith("-"):
            found.append(words[at])
        at += 1
    return found


def _kind(made: dict[str, str], path: str) -> str | None:
    """What a path is of what was made; None when it is not of it."""
    if path in made:
        return made[path]
    below = any(kind == "folder" and path.startswith(top.rstrip("/") + "/") for top, kind in made.items())
    return "file" if below else None
