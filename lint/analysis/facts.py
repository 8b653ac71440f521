"""Knowledge that the rules share, worked out once a file: who, where and with which variables each step runs."""

from __future__ import annotations

import posixpath
from functools import cache, cached_property, wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from msgspec.structs import replace

from dockerlint.lint.catalogue import tables, tool
from dockerlint.lint.catalogue.base_images import BaseImage, lookup, unknown
from dockerlint.lint.shell import script as shells
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax import run_mounts as mounts_of

from .build_state import DEFAULT_SHELL, SOMEWHERE, BuildStates, Settings
from .downloads import downloads
from .stages import StageGraph

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

    from dockerlint.lint.catalogue.tool import Invocation
    from dockerlint.lint.context.build_context import Context
    from dockerlint.lint.online.images import RegistryImage
    from dockerlint.lint.shell.script import Command, Script
    from dockerlint.lint.shellcheck.comment_cache import Comments

    from .build_state import State
    from .downloads import Download
    from .other_texts import OtherText

LONGEST_BRIEF = 48
# Commands that only keep a container there for somebody to work in.
WAITING = (["sleep", "infinity"], ["sleep", "inf"], ["tail", "-f", "/dev/null"], ["cat"])
# What a tool is asked by default.
HELP = frozenset({"--help", "-h", "-help", "help", "--version", "-v", "--help-all", "--usage"})
# Stages for tests and development, by their names.
TESTS = regex(r"(?:\A|[-_.])(?:tests?|testing|e2e|ci|lint|dev|devel|development|devcontainer|debug)(?:\Z|[-_.])")
# Options that make a shell wait for input.
SESSION_FLAGS = frozenset({"-i", "-l", "-il", "-li", "--login", "--interactive"})
# Bytes from which copied files are worth a word about where they lie.
BULKY = 1_000_000
ARCHIVES = (".tar", ".tgz", ".gz", ".xz", ".bz2", ".zst", ".zip", ".jar", ".war", ".deb", ".rpm", ".apk", ".whl", ".iso", ".run")
# A comment that says what the default shell is, for images that do not say so by their names.
SHELL_PRAGMA = regex(r"#\s*(?:dlint|hadolint)\s+shell\s*=\s*(\S+)")

N = TypeVar("N", bound=nodes.Instruction)
T = TypeVar("T")
P = ParamSpec("P")
# What hadolint 2.15.1 sees through when it looks for a command (measured): it finds none behind sudo, env or a path.
TRANSPARENT = frozenset({"exec", "command", "builtin", "time"})

def _asks_for_help(node: nodes.CommandInstruction) -> bool:
    """Whether a CMD is what a tool is given when nobody gives it anything."""
    words = [word.text for word in node.form.words] if isinstance(node.form, nodes.Exec) else []
    return isinstance(node, nodes.Cmd) and 0 < len(words) < 3 and words[-1] in HELP


def _is_session(node: nodes.CommandInstruction) -> bool:
    """Whether a command is a shell or the like for somebody who types."""
    if node.form is None:
        return False
    words = [word.text for word in node.form.words] if isinstance(node.form, nodes.Exec) else node.form.text.split()
    if words in WAITING:
        return True
    return bool(words) and posixpath.basename(words[0]) in sessions() and all(word in SESSION_FLAGS for word in words[1:])


@cache
def sessions() -> frozenset[str]:
    """The names of shells and interpreters that wait for input when they are started alone."""
    return frozenset(tables.table("lint/catalogue/data/users.toml")["sessions"])


def once(work: Callable[Concatenate[Facts, nodes.Run, P], T]) -> Callable[Concatenate[Facts, nodes.Run, P], T]:
    """Makes that what follows of a RUN, and of further positional values that can be hashed, is worked out once a file."""

    @wraps(work)
    def kept(facts: Facts, run: nodes.Run, /, *more: P.args, **none: P.kwargs) -> T:
        key = work, run.span.start, *more
        if key not in facts.kept:
            facts.kept[key] = work(facts, run, *more, **none)
        found: T = facts.kept[key]
        return found

    return kept


class Facts:
    """The facts of one file.

    `doc` is the file's tree, `context` the files beside it, None when they are not at hand. `settings` say how it is built.
    `shellcheck` answers for ShellCheck, None when it is not to be asked. `kept` is what `once` keeps. `placed` False is for those
    who look at no spans of scripts: these are then those of another text of the file, which saves time.
    `base_workdir` stands for the working folder of base images of which it is not known.
    """

    def __init__(
        self,
        doc: nodes.Dockerfile,
        context: Context | None = None,
        settings: Settings | None = None,
        shellcheck: Comments | None = None,
        *,
        placed: bool = True,
        base_workdir: str | None = None,
    ) -> None:
        self.doc = doc
        self.shellcheck = shellcheck
        self.context = context
        self.settings = settings or Settings()
        self._placed = placed
        self._base_workdir = base_workdir
        self._every: dict[tuple[type[nodes.Instruction], bool], tuple[nodes.Instruction, ...]] = {}
        self._images: dict[int, str | None] = {}
        self.kept: dict[Hashable, Any] = {}

    @property
    def has_made_up_folder(self) -> bool:
        """Whether these are facts `in_some_folder`."""
        return self._base_workdir is not None

    @cached_property
    def in_some_folder(self) -> Facts:
        """The same facts with a made-up folder, SOMEWHERE, where the base image's working folder is not known: relative paths
        of COPY and RUN can be held against each other, though not against others.
        """
        return Facts(self.doc, self.context, self.settings, self.shellcheck, placed=self._placed, base_workdir=SOMEWHERE)

    @cached_property
    def graph(self) -> StageGraph:
        """The stage graph of the file."""
        return StageGraph.of(self.doc, self.settings.target)

    def ships(self, stage: nodes.Stage) -> bool:
        """Whether the stage's layers are part of the image that is built."""
        return stage.index in self.graph.shipped

    def starts_program(self, stage: nodes.Stage) -> bool:
        """Whether a container of the stage does something by itself: else the image is one to build on, or to work in.

        It does by a CMD or ENTRYPOINT that starts more than a shell, or perhaps by one of its base image.
        """
        instructions = [node for item in self.graph.lineage(stage) for node in item.instructions]
        if any(isinstance(node, nodes.Onbuild) for node in instructions):
            return False
        starting = [node for node in instructions if isinstance(node, nodes.CommandInstruction)]
        if starting:
            # an ENTRYPOINT before a CMD is most often a script that starts what it is given
            commands = [node for node in starting if isinstance(node, nodes.Cmd)]
            return not _is_session((commands or starting)[-1])
        base = self.base(stage)
        return base is None or not base.runs_commands_as_given

    def is_service(self, stage: nodes.Stage) -> bool:
        """Whether the stage is an application that runs for others, as far as the file says: it starts a program, and listens,
        keeps data or brings files of its own. A tool that is installed and called by hand does not, and stages for tests and
        development are not meant to.
        """
        if TESTS.search(stage.name or "") or not self.starts_program(stage):
            return False
        instructions = [node for item in self.graph.lineage(stage) for node in item.instructions]
        if any(isinstance(node, nodes.Expose | nodes.Healthcheck | nodes.Volume) for node in instructions):
            return True
        starting = [node for node in instructions if isinstance(node, nodes.CommandInstruction)]
        if any(_asks_for_help(node) for node in starting):
            return False
        return bool(starting) and any(isinstance(node, nodes.Copy | nodes.Add) for node in instructions)

    def in_image(self, node: nodes.Instruction) -> bool:
        """Whether what a step leaves behind gets into an image: not in a stage that is only copied from.

        True where that is not known, as before the first FROM and for ONBUILD; hadolint does not ask.
        """
        stage = self._stage_of.get(node.span.start)
        return stage is None or self.as_hadolint or self.ships(stage)

    @cached_property
    def other_text(self) -> OtherText | None:
        """What the file is when it is a template or no Dockerfile; hadolint does not ask."""
        from .other_texts import other_text

        return None if self.as_hadolint else other_text(self.doc)

    @property
    def as_hadolint(self) -> bool:
        """Whether findings are to be hadolint's, also where our judgement differs."""
        return self.settings.preset == "hadolint"

    @property
    def quiet(self) -> bool:
        """Whether only what is worth somebody's time is to be said."""
        return self.settings.preset == "recommended"

    def every(self, kind: type[N], *, triggers: bool = True) -> Iterator[N]:
        """The instructions of a kind in file order, those before the first FROM too, and ONBUILD's `triggers`."""
        key = kind, triggers
        if key not in self._every:
            self._every[key] = tuple([node for node in self._instructions[triggers] if isinstance(node, kind)])
        # each is of the kind that was asked for
        return iter(self._every[key])  # type: ignore[arg-type]

    @cached_property
    def _instructions(self) -> tuple[tuple[nodes.Instruction, ...], tuple[nodes.Instruction, ...]]:
        """All instructions, and all with the triggers in place of their ONBUILD."""
        every = self.doc.instructions
        return every, tuple(node.trigger if isinstance(node, nodes.Onbuild) else node for node in every)

    def before(self, node: nodes.Instruction) -> Iterator[nodes.Instruction]:
        """What comes before an instruction: in its stage, nearest first, then in those that the stage is FROM.

        Before the first FROM it is all that is written above it, the same for an ONBUILD trigger.
        """
        stage = self._stage_of.get(node.span.start)
        if stage is None:
            yield from (item for item in reversed(self.doc.instructions) if item.span.end <= node.span.start)
            return
        yield from (item for item in reversed(stage.instructions) if item.span.end <= node.span.start)
        for parent in self.graph.lineage(stage)[1:]:
            yield from reversed(parent.instructions)

    def comes_before(
        self, node: nodes.Instruction, test: Callable[Concatenate[Facts, nodes.Instruction, P], bool], *values: P.args, **none: P.kwargs
    ) -> bool:
        """Whether a test, given further values that can be hashed, holds for an instruction that comes `before` this one.

        Each instruction is tested once, however often that is asked.
        """
        stage = self._stage_of.get(node.span.start)
        found = self._first_end(stage, test, *values, **none)
        if found is not None and found <= node.span.start:
            return True
        return stage is not None and any(
            self._first_end(parent, test, *values, **none) is not None for parent in self.graph.lineage(stage)[1:]
        )

    def _first_end(
        self, stage: nodes.Stage | None, test: Callable[Concatenate[Facts, nodes.Instruction, P], bool], *values: P.args, **none: P.kwargs
    ) -> int | None:
        """Where the first instruction of a stage ends for which a test holds, of the whole file for None."""
        key = test, stage.index if stage else None, *values
        if key not in self.kept:
            instructions = stage.instructions if stage else self.doc.instructions
            self.kept[key] = next((item.span.end for item in instructions if test(self, item, *values, **none)), None)
        found: int | None = self.kept[key]
        return found

    def stage_of(self, node: nodes.Instruction) -> nodes.Stage:
        """The stage that an instruction is in; raises KeyError for one before the first FROM."""
        return self._stage_of[node.span.start]

    def find_stage(self, node: nodes.Instruction) -> nodes.Stage | None:
        """The stage that an instruction is in; None before the first FROM, and for an ONBUILD trigger."""
        return self._stage_of.get(node.span.start)

    @cached_property
    def _stage_of(self) -> dict[int, nodes.Stage]:
        pairs = ((node, stage) for stage in self.doc.stages for node in (stage.from_, *stage.instructions))
        return {node.span.start: stage for node, stage in pairs}

    def brief(self, node: nodes.Instruction) -> str:
        """An instruction on one line, cut where it gets long, for messages."""
        text = " ".join("".join(self.doc.source(piece) for piece in self.doc.pieces(node.span)).split())
        return text if len(text) <= LONGEST_BRIEF else text[: LONGEST_BRIEF - 3] + "..."

    # ------------------------------------------------------------ bases

    def image(self, stage: nodes.Stage) -> str | None:
        """The image that the stage's lineage starts from, variables put in; None when the build decides it."""
        if stage.index not in self._images:
            self._images[stage.index] = self.expand_global(self.graph.base(stage))
        return self._images[stage.index]

    def base(self, stage: nodes.Stage) -> BaseImage | None:
        """What is known of the image that the stage's lineage starts from."""
        image = self.image(stage)
        return self._known(image, self.registry_image(stage)) if image else None

    def _known(self, image: str, told: RegistryImage | None) -> BaseImage | None:
        """What the tables know of an image, and over it what its registry told."""
        known = lookup(image)
        if told is None or not told.platform:
            return known
        known = known or unknown(image)
        return replace(known, user=told.user, entrypoint=known.entrypoint if told.entrypoint else "none")

    def registry_image(self, stage: nodes.Stage) -> RegistryImage | None:
        """What its registry says of the image that the stage's lineage starts from; None when it was not asked, or cannot say."""
        return self._states.registry_image(stage)

    def looked_up(self, image: str, platform: str | None = None) -> RegistryImage | None:
        """What the registry says of an image, for a platform such as `linux/arm64`; None when it was not asked, or cannot say."""
        return self._states.looked_up(image, platform)

    def base_of(self, node: nodes.Instruction) -> BaseImage | None:
        """What is known of the image that an instruction's stage starts from; None before the first FROM."""
        stage = self._stage_of.get(node.span.start)
        return self.base(stage) if stage else None

    @cached_property
    def values(self) -> dict[str, tuple[str, ...]]:
        """What the file sets each variable to, anywhere, as it is written."""
        found: dict[str, tuple[str, ...]] = {}
        for node in self.doc.instructions:
            if isinstance(node, nodes.Env | nodes.Arg):
                for pair in node.pairs:
                    if pair.value is not None:
                        found[pair.key.text] = (*found.get(pair.key.text, ()), pair.value.text)
        return found

    # ------------------------------------------------------------ state and words

    @cached_property
    def _states(self) -> BuildStates:
        return BuildStates(self.doc, self.graph, self.settings, self._first_shell, self._base_workdir)

    @cached_property
    def named_shell(self) -> tuple[str, ...] | None:
        """The default shell as a comment `# hadolint shell=...` names it."""
        named = (SHELL_PRAGMA.match(comment.text) for comment in self.doc.comments if "=" in comment.text)
        return next(((match[1], "-c") for match in named if match), None)

    @property
    def _first_shell(self) -> tuple[str, ...]:
        # of hadolint's rules only ShellCheck's heed that comment (measured with 2.15.1)
        return DEFAULT_SHELL if self.as_hadolint else self.named_shell or DEFAULT_SHELL

    def state(self, node: nodes.Instruction) -> State:
        """What an instruction finds before it runs; an ONBUILD trigger is taken to run where it is written."""
        return self._states.state(node)

    def final(self, stage: nodes.Stage) -> State:
        """What a stage leaves to the container and to stages FROM it."""
        return self._states.final(stage)

    @property
    def global_args(self) -> dict[str, str | None]:
        """The ARGs before the first FROM with their values; None where the build decides."""
        return self._states.global_args

    def expand_global(self, text: str) -> str | None:
        """A text of FROM with the global ARGs put in; None when one is unknown or the text is bad."""
        return self._states.expand_global(text)

    def expand(self, text: str, node: nodes.Instruction, state: State | None = None) -> str | None:
        """A word of an instruction with its variables put in; None when one is unknown or the word is bad."""
        return self._states.expand(text, node, state)

    def path(self, word: str, node: nodes.Instruction) -> str | None:
        """A path in the image, made absolute; a slash at its end is kept. None when unknown."""
        text = self.expand(word, node)
        if text is None:
            return None
        workdir = self.state(node).workdir
        if not text.startswith("/"):
            if workdir is None:
                return None
            absolute = posixpath.normpath(posixpath.join(workdir, text))
        else:
            absolute = posixpath.normpath(text)
        return absolute.rstrip("/") + "/" if text.endswith(("/", "/.")) or text == "." else absolute

    def is_bulky(self, copy: nodes.Copy) -> bool:
        """Whether a COPY or ADD brings much: by the context's files, else when it names a folder or an archive."""
        if self.context is not None and copy.from_ is None:
            names = {name for word in copy.paths for name in self.context.select(word.text)}
            return sum(self.context.files[name] for name in names) >= BULKY
        return any(_looks_bulky(word.text) for word in copy.paths)

    # ------------------------------------------------------------ scripts

    @once
    def script(self, run: nodes.Run) -> Script | None:
        """The script of a RUN; None for the exec form and for shells that are not of the POSIX kind."""
        shell = self.state(run).shell if self._states.knows(run) else DEFAULT_SHELL
        return shells.script(self.doc, run, placed=self._placed) if shells.is_shell(shell[0]) else None

    def commands(self, run: nodes.Run) -> tuple[Command, ...]:
        """The commands of a RUN; of the exec form, its one command."""
        if isinstance(run.form, nodes.Exec):
            words = run.form.words
            return (shells.Command(run.form.span, words[0].text, words),) if words else ()
        script = self.script(run)
        return script.commands if script else ()

    @once
    def invocations(self, run: nodes.Run) -> tuple[Invocation, ...]:
        """The commands of a RUN that are tools of the catalogue."""
        found = (tool.invocation(command) for command in self.commands(run))
        return tuple(item for item in found if item and (not self.as_hadolint or _plain(item)))

    @once
    def downloads(self, run: nodes.Run) -> tuple[Download, ...]:
        """What the commands of a RUN fetch, in order."""
        return tuple(downloads(self.commands(run)))

    @once
    def mounts(self, run: nodes.Run) -> tuple[mounts_of.Mount, ...]:
        """The mounts of a RUN, with the variables of their targets put in where they are known."""
        found = []
        for mount in mounts_of.mounts(run):
            target = self.path(mount.target, run) if mount.target and self._states.knows(run) else mount.target
            found.append(replace(mount, target=target.rstrip("/") or "/" if target else mount.target))
        return tuple(found)

    def mounted(self, run: nodes.Run, path: str) -> bool:
        """Whether a path of a RUN lies on a cache or tmpfs mount: what is left there does not get into the layer."""
        return any(mount.kind in ("cache", "tmpfs") and mount.covers(path) for mount in self.mounts(run))

    def home(self, node: nodes.Instruction) -> str | None:
        """The home directory of the user that an instruction runs as; None when it is not known."""
        state = self.state(node)
        if "HOME" in state.env:
            return state.env["HOME"]
        user = state.user.partition(":")[0] if state.user is not None else "root"
        if user in ("root", "0"):
            return "/root"
        return None if not user or user.isdecimal() else f"/home/{user}"


def _plain(invocation: Invocation) -> bool:
    words = invocation.command.words
    ahead = words[: len(words) - len(invocation.words)]
    return "/" not in invocation.words[0].text and all(word.text in TRANSPARENT for word in ahead)


def _looks_bulky(source: str) -> bool:
    return source.rstrip("/") in ("", ".") or source.lower().endswith(ARCHIVES)
