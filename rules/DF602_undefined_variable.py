"""DF602: an instruction uses a variable that is not set."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from msgspec import Struct

from dockerlint.fixers.edits import insert_lines, with_comments
from dockerlint.fixers.refusal import Refusal, answered
from dockerlint.lint.analysis.build_state import PLATFORM, PREDEFINED
from dockerlint.lint.catalogue.base_env import ALWAYS, variables_of
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.did_you_mean import nearest, slip_of
from dockerlint.lint.syntax.span import Edit, Span
from dockerlint.lint.syntax.variable_references import is_variable_name, uses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile, Heredoc, Instruction, Stage
    from dockerlint.lint.syntax.variable_references import VariableUse

ESCAPED = Refusal("the name is escaped or split: write it by hand")
# Set in a running container, and by the shell of a RUN, but not for the builder.
AT_RUN_TIME = frozenset({"HOME", "HOSTNAME", "OLDPWD", "PWD", "SHELL", "USER"})
# Only BuildKit's own scanner reads these.
NOT_IN_ENV = frozenset({"BUILDKIT_SBOM_SCAN_CONTEXT", "BUILDKIT_SBOM_SCAN_STAGE"})

# The delimiter of a heredoc as it is written, escapes and all.
DELIMITER = regex(r"\d*<<-?([^<\s]+)\Z")


@rule(name="undefined-variable", severity=Severity.WARNING, aliases=("UndefinedVar",), needs=("$",))
def undefined_variable(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """An instruction uses a variable that is not set.

    The builder inserts an empty text: a path loses a part, a version becomes empty, and the build goes on. An ARG before the
    first FROM does not count in a stage, nor do the platform arguments, until the stage declares them; HOME is set only for
    RUN. The variables in a RUN's command are its shell's affair.

    Where it is not known what the base image sets, only slips of one character are reported, and variables that the
    file declares in the wrong place.

    ```dockerfile bad
    FROM debian:bookworm-slim
    ENV PATH=/opt/tool/bin:$PAHT
    ```

    ```dockerfile fixed
    FROM debian:bookworm-slim
    ENV PATH=/opt/tool/bin:$PATH
    ```

    ```dockerfile bad
    ARG VERSION=1.4
    FROM debian:bookworm-slim
    COPY tool-${VERSION}.tar.gz /tmp/
    ```

    ```dockerfile fixed
    ARG VERSION=1.4
    FROM debian:bookworm-slim
    ARG VERSION
    COPY tool-${VERSION}.tar.gz /tmp/
    ```

    ```dockerfile bad
    FROM nginx:1.27
    COPY <<EOF /etc/nginx/conf.d/default.conf
    server { location / { try_files $uri /index.html; } }
    EOF
    ```

    ```dockerfile fixed
    FROM nginx:1.27
    COPY <<"EOF" /etc/nginx/conf.d/default.conf
    server { location / { try_files $uri /index.html; } }
    EOF
    ```

    ```dockerfile good
    FROM python:3.12-slim
    ARG TARGETARCH
    COPY bin/$TARGETARCH/tool /usr/local/bin/
    LABEL python=$PYTHON_VERSION
    ```

    **Fix safety:** unsafe: the image changes, to what the author most likely meant.

    **Source:** BuildKit's check UndefinedVar; the Dockerfile reference, "Environment replacement".
    """
    of_bases = frozenset(use.name for stage in doc.stages for use in uses(doc, stage.from_))
    for stage in doc.stages:
        image = facts.image(stage)
        told = facts.registry_image(stage)
        given = ALWAYS.union(told.variables) if told and told.platform else variables_of(image) if image else None
        places = _places(stage)
        for node in stage.instructions:
            if not isinstance(node, nodes.Onbuild):
                yield from _Look(doc, facts, node, given, of_bases, places).findings()


def _places(stage: Stage) -> dict[str, list[int]]:
    """Where the instructions start that set each variable."""
    found: dict[str, list[int]] = {}
    for node in stage.instructions:
        if isinstance(node, nodes.Env | nodes.Arg):
            for pair in node.pairs:
                found.setdefault(pair.key.text, []).append(node.span.start)
    return found


class _Look(Struct, frozen=True):
    """A look at one instruction; `given` are the variables of the base image, None when they are not known.

    `of_bases` are the variables that choose base images, `places` says where the stage sets which.
    """

    doc: Dockerfile
    facts: Facts
    node: Instruction
    given: frozenset[str] | None
    of_bases: frozenset[str]
    places: dict[str, list[int]]

    def findings(self) -> Iterator[Finding]:
        unset = [use for use in uses(self.doc, self.node) if self._is_unset(use)]
        told = set()
        for use in unset:
            heredoc = self._heredoc(use)
            key = heredoc or use.name
            if key in told or self._is_meant(use):
                continue
            found = self._in_heredoc(heredoc, unset) if heredoc else self._reason(use)
            if found:
                told.add(key)
                reason, fix = found
                place = use.span if heredoc else self.doc.marked(self.node, use.span)
                yield answered(place, f"`${use.name}` is not set here: {reason}", fix)

    def _set(self) -> set[str]:
        return {*filter(is_variable_name, self.facts.state(self.node).env), *(self.given or ALWAYS)}

    def _is_unset(self, use: VariableUse) -> bool:
        if use.name in self.facts.state(self.node).env or use.name in (self.given or ALWAYS) | NOT_IN_ENV:
            return False
        # of one ARG's variables each knows those before it; of one ENV's it does not
        before = self.node.pairs if isinstance(self.node, nodes.Arg) else ()
        return all(pair.key.text != use.name or pair.span.end > use.span.start for pair in before)

    def _is_meant(self, use: VariableUse) -> bool:
        """Whether the author may know that it is not set: it has a default, or is put before its own old value."""
        if not self.facts.quiet:
            return False
        itself = isinstance(self.node, nodes.Env | nodes.Arg) and use.name in (p.key.text for p in self.node.pairs)
        return bool(use.reference.operator) or itself or use.name in PREDEFINED

    def _heredoc(self, use: VariableUse) -> Heredoc | None:
        heredocs = self.node.heredocs if isinstance(self.node, nodes.Copy) else ()
        return next((item for item in heredocs if item.body.contains(use.span)), None)

    def _reason(self, use: VariableUse) -> tuple[str, Fix | Refusal] | None:
        """Why it is not set, or what was meant; None when the base image may have set it."""
        name = use.name
        if line := self._set_later(name):
            return f"only line {line} sets it", Refusal("what lies between may need it as it is: move the ARG or ENV up")
        if name in self.facts.global_args and (self.given is not None or name not in self.of_bases):
            where = "the builder sets it only in stages with" if name in PLATFORM else "this stage needs its own"
            return f"{where} `ARG {name}`", self._declare(name)
        if self.given is None:
            slip = slip_of(name, self._set())
            return self._meant(use, slip) if slip else None
        if self.node.span.start in self.places.get(name, ()):
            return f"what this {self.node.name} sets applies from the next instruction on", Refusal("which value is meant is not known: split the instruction in two")
        if near := nearest(name, self._set()):
            return self._meant(use, near)
        if name in AT_RUN_TIME:
            return "only RUN and the running container know it", Refusal("its value is not known here: write it out")
        return "no ARG or ENV of this stage or its base image sets it", Refusal("what it is to be is not known: declare it, or write its value")

    def _set_later(self, name: str) -> int | None:
        """The line further down where the stage sets it first; None when this instruction does."""
        starts = self.places.get(name, [])
        at = bisect_left(starts, self.node.span.start)
        return self.doc.line(starts[at]) if at < len(starts) and starts[at] != self.node.span.start else None

    def _declare(self, name: str) -> Fix:
        start = with_comments(self.doc, self.node).start
        keyword = "arg" if self.node.keyword.text.islower() else "ARG"
        return Fix(f"add `{keyword} {name}`", (insert_lines(self.doc, start, [f"{keyword} {name}"]),), Applicability.UNSAFE)

    def _meant(self, use: VariableUse, near: str) -> tuple[str, Fix | Refusal]:
        same = (item for item in uses(self.doc, self.node) if item.name == use.name)
        edits = tuple(edit for item in same if (edit := item.renamed(near)))
        return f"did you mean `${near}`?", Fix(f"use `${near}`", edits, Applicability.UNSAFE) if edits else ESCAPED

    def _in_heredoc(self, heredoc: Heredoc, unset: list[VariableUse]) -> tuple[str, Fix | Refusal] | None:
        """The reason for all of a heredoc: its text was meant as it is written."""
        names = {use.name for use in unset if heredoc.body.contains(use.span) and not use.reference.operator}
        if self.given is None and all(name.isupper() for name in names):
            return None
        others = [use for use in uses(self.doc, self.node) if heredoc.body.contains(use.span) and use.name not in names]
        fix: Fix | Refusal = Refusal("some of its variables are set: write `\\$` before the others")
        written = DELIMITER.search(self.doc.source(heredoc.span))
        if not others and written and heredoc.name.isidentifier():
            name = Span(heredoc.span.start + written.start(1), heredoc.span.end)
            fix = Fix(f'quote the heredoc: `<<"{heredoc.name}"`', (Edit(name, f'"{heredoc.name}"'),), Applicability.UNSAFE)
        more = f" (and {len(names) - 1} more)" if len(names) > 1 else ""
        return f'the builder replaces it{more} with nothing; `<<"{heredoc.name}"` keeps the text', fix
