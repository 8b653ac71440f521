"""DF113: make compiles one file at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.edits import insert
from dockerlint.fixers.refusal import Refusal, answered
from dockerlint.lint.analysis.program_calls import calls
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts

PARALLEL = regex(r"-[a-zA-Z]*j|--jobs|\$\{?\w*(?:FLAGS|JOBS|OPTS)")
# Targets that compile; others may do anything.
LONG = frozenset({"all", "build", "release"})


@rule(name="serial-make", severity=Severity.INFO, recommended=False, needs=("make",))
def serial_make(facts: Facts) -> Iterator[Finding]:
    """make compiles one file at a time.

    With `-j` it uses all processors of the builder. Makefiles that do not name all dependencies may fail with it, which is why it is
    not the default.

    ```dockerfile bad
    FROM gcc:14
    COPY . /src
    RUN make -C /src
    ```

    ```dockerfile fixed
    FROM gcc:14
    COPY . /src
    RUN make -j"$(nproc)" -C /src
    ```

    ```dockerfile good
    FROM gcc:14
    COPY . /src
    RUN make -C /src -j4 && make -C /src install
    ```

    **Fix safety:** always unsafe: the Makefile may rely on the order.

    **Source:** the manual of GNU make, "Parallel Execution".
    """
    for run in facts.every(nodes.Run):
        if "MAKEFLAGS" in facts.state(run).env or "MAKEFLAGS" in facts.doc.source(run.span):
            continue
        made = False
        for call in calls(facts, run, "make", "gmake"):
            targets = [text for text in call.texts if not text.startswith("-") and "=" not in text]
            if any(PARALLEL.match(text) for text in call.texts):
                made = True
            # what comes after a compilation is quick
            if made or not (set(targets) <= LONG or call.value("--directory", "C") in targets):
                continue
            fix: Fix | Refusal = Refusal("only a shell can ask for the number of processors: write the RUN in shell form")
            if isinstance(run.form, nodes.Shell):
                edit = insert(call.words[0].span.end, ' -j"$(nproc)"')
                fix = Fix('use `make -j"$(nproc)"`', (edit,), Applicability.UNSAFE)
            yield answered(call.words[0].span, "`make` without `-j` compiles one file at a time", fix)
            made = True
