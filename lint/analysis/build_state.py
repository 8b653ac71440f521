"""Who, where and with which variables each instruction runs: what the builder would find there, as far as the file tells."""

from __future__ import annotations

import posixpath
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from dockerlint.lint.catalogue.base_images import lookup
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.word_expansion import ExpansionError, expand, variables

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dockerlint.lint.online.images import Images, RegistryImage

    from .installed_packages import Pins
    from .stages import StageGraph

DEFAULT_SHELL = ("/bin/sh", "-c")
WINDOWS_SHELL = ("cmd", "/S", "/C")
# Stands for the folder that the image's author chose and nobody told us: two steps in it still see the same files.
SOMEWHERE = "/?"
# No folder of Linux has a longer one. Source: limits.h, PATH_MAX.
LONGEST_PATH = 4096
# Build arguments that need no ARG. Source: Dockerfile reference, "Predefined ARGs" and "global scope" platform arguments.
PREDEFINED = frozenset(
    "HTTP_PROXY http_proxy HTTPS_PROXY https_proxy FTP_PROXY ftp_proxy NO_PROXY no_proxy ALL_PROXY all_proxy".split()
)
PLATFORM = frozenset(
    "TARGETPLATFORM TARGETOS TARGETARCH TARGETVARIANT BUILDPLATFORM BUILDOS BUILDARCH BUILDVARIANT TARGETSTAGE".split()
)


class Settings(Struct, frozen=True):
    """What the command line and the configuration say about the build."""

    # the stage to build; the last one when None
    target: str | None = None
    # values given for ARGs, by name
    build_args: Mapping[str, str] = field(default_factory=dict)
    # which rules are asked for: recommended, hadolint, reproducible or all
    preset: str = "recommended"
    # what builds: buildkit, buildah, kaniko or classic
    builder: str = "buildkit"
    # the oldest release of the Dockerfile language that must do; None when any may
    min_frontend: str | None = None
    # registries that images may come from; any when empty
    trusted_registries: tuple[str, ...] = ()
    # labels that an image must have, each with the kind of its value (catalogue/label_formats.py)
    label_schema: Mapping[str, str] = field(default_factory=dict)
    # whether an image may have no other labels
    strict_labels: bool = False
    # what looks images up in their registries; None where nobody asked for that
    images: Images | None = None
    # versions to pin packages to, by package manager and name (installed_packages.py)
    pins: Pins = field(default_factory=dict)


class State(Struct, frozen=True):
    """What an instruction finds before it runs."""

    # as USER names it, with its group; None when the base image or a variable decides it and neither is known
    user: str | None
    # an absolute path; None when it is not known
    workdir: str | None
    # the program and options that run the shell form
    shell: tuple[str, ...]
    # variables by name; a value is None when the build decides it
    env: Mapping[str, str | None] = field(default_factory=dict)
    # whether the base image may have set variables that are not in `env`
    open: bool = True


class BuildStates:
    """The states of a file's instructions.

    `shell` is what runs the shell form before any SHELL, on Linux. `workdir` stands for the working folder of base images of which
    it is not known.
    """

    def __init__(
        self, doc: nodes.Dockerfile, graph: StageGraph, settings: Settings, shell: tuple[str, ...], workdir: str | None = None
    ) -> None:
        self.doc = doc
        self.graph = graph
        self.settings = settings
        self.shell = shell
        self.workdir = workdir

    @property
    def as_hadolint(self) -> bool:
        """Whether findings are to be hadolint's, also where our judgement differs."""
        return self.settings.preset == "hadolint"

    def knows(self, node: nodes.Instruction) -> bool:
        """Whether an instruction is one of the file's, or a trigger in it."""
        return node.span.start in self._states

    def state(self, node: nodes.Instruction) -> State:
        """What an instruction finds before it runs; an ONBUILD trigger is taken to run where it is written."""
        return self._states[node.span.start]

    def final(self, stage: nodes.Stage) -> State:
        """What a stage leaves to the container and to stages FROM it."""
        return self._finals[stage.index]

    @cached_property
    def _finals(self) -> dict[int, State]:
        return self._walk[1]

    @cached_property
    def _states(self) -> dict[int, State]:
        return self._walk[0]

    @cached_property
    def _walk(self) -> tuple[dict[int, State], dict[int, State]]:
        states: dict[int, State] = {}
        finals: dict[int, State] = {}
        self._follow(self.doc.preamble, State(None, None, self.shell), states)
        for stage in self.doc.stages:
            state = self._initial(stage, finals)
            states[stage.from_.span.start] = state
            finals[stage.index] = self._follow(stage.instructions, state, states)
        return states, finals

    def _follow(self, instructions: Iterable[nodes.Instruction], state: State, states: dict[int, State]) -> State:
        """Notes what each instruction finds, and gives back what they leave."""
        for node in instructions:
            states[node.span.start] = state
            if isinstance(node, nodes.Onbuild):
                states[node.trigger.span.start] = state
            state = self._after(node, state)
        return state

    def _initial(self, stage: nodes.Stage, finals: dict[int, State]) -> State:
        parent = self.graph.parent(stage)
        if parent is not None:
            return finals[parent.index]
        image = self.expand_global(stage.from_.image.text)
        if image == "scratch":
            return State("root", "/", self.shell, {}, open=False)
        told = self.registry_image(stage)
        if told is not None and told.platform:
            return State(told.user, told.workdir, told.shell or self.shell, told.variables, open=False)
        base = lookup(image) if image else None
        if base is None:
            return State(None, self.workdir, self.shell)
        if base.shell == "cmd":
            return State(base.user, None, self.shell if self.as_hadolint else WINDOWS_SHELL)
        return State(base.user, base.workdir or self.workdir, self.shell)

    def registry_image(self, stage: nodes.Stage) -> RegistryImage | None:
        """What its registry says of the image that the stage's lineage starts from; None when it was not asked, or cannot say."""
        image = self.expand_global(self.graph.base(stage))
        first = self.graph.lineage(stage)[-1]
        flag = first.from_.flag("platform")
        return self.looked_up(image, self.expand_global(flag.value) if flag and flag.value else None) if image else None

    def looked_up(self, image: str, platform: str | None = None) -> RegistryImage | None:
        """What the registry says of an image, for a platform such as `linux/arm64`; None when it was not asked, or cannot say."""
        if self.settings.images is None or image == "scratch":
            return None
        return self.settings.images.get(image, platform)

    def _after(self, node: nodes.Instruction, state: State) -> State:
        match node:
            case nodes.User():
                return replace(state, user=self.expand(node.argument.text, node, state))
            case nodes.Workdir():
                return replace(state, workdir=self._workdir(node, state))
            case nodes.ShellChange(form=nodes.Exec(words=words)) if words:
                return replace(state, shell=tuple(word.text for word in words))
            case nodes.Env():
                values = {pair.key.text: self.expand(pair.value.text, node, state) for pair in node.pairs if pair.value}
                return replace(state, env={**state.env, **values})
            case nodes.Arg():
                return replace(state, env={**state.env, **self._stage_args(node, state)})
            case _:
                return state

    def _stage_args(self, node: nodes.Arg, state: State) -> dict[str, str | None]:
        found: dict[str, str | None] = {}
        for pair in node.pairs:
            name = pair.key.text
            if name in self.settings.build_args:
                found[name] = self.settings.build_args[name]
            elif pair.value is not None:
                found[name] = self.expand(pair.value.text, node, replace(state, env={**state.env, **found}))
            else:
                found[name] = self.global_args.get(name)
        return found

    def _workdir(self, node: nodes.Workdir, state: State) -> str | None:
        path = self.expand(node.argument.text, node, state)
        if path is None:
            return None
        if not path.startswith("/"):
            if not state.workdir or len(state.workdir) > LONGEST_PATH:
                return None
            path = posixpath.join(state.workdir, path)
        return posixpath.normpath(path)

    @cached_property
    def global_args(self) -> dict[str, str | None]:
        """The ARGs before the first FROM with their values; None where the build decides."""
        found: dict[str, str | None] = dict.fromkeys(PLATFORM)
        for node in self.doc.preamble:
            if isinstance(node, nodes.Arg):
                for pair in node.pairs:
                    found[pair.key.text] = self._arg_value(pair, found)
        return found

    def expand_global(self, text: str) -> str | None:
        """A text of FROM with the global ARGs put in; None when one is unknown or the text is bad."""
        return self._expand(text, self.global_args, is_open=False)

    def _arg_value(self, pair: nodes.Pair, env: Mapping[str, str | None]) -> str | None:
        name = pair.key.text
        if name in self.settings.build_args:
            return self.settings.build_args[name]
        return self._expand(pair.value.text, env, is_open=False) if pair.value else None

    def expand(self, text: str, node: nodes.Instruction, state: State | None = None) -> str | None:
        """A word of an instruction with its variables put in; None when one is unknown or the word is bad."""
        state = state or self.state(node)
        return self._expand(text, state.env, is_open=state.open)

    def _expand(self, text: str, env: Mapping[str, str | None], *, is_open: bool) -> str | None:
        escape = self.doc.escape
        try:
            if "$" in text:
                for reference in variables(text, escape):
                    name = reference.name
                    if (name in env and env[name] is None) or (is_open and name not in env) or name in PREDEFINED:
                        return None
            elif "'" not in text and '"' not in text and escape not in text:
                return text
            return expand(text, env, escape)
        except ExpansionError:
            return None
