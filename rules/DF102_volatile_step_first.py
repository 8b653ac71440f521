"""DF102: what changes often stands above what takes long."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.footprint import Clash, overlap
from dockerlint.fixers.order import clash, destination, is_costly, links, move_below
from dockerlint.lint import nodes
from dockerlint.lint.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.rule import rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dockerlint.lint.facts import Facts
    from dockerlint.lint.nodes import Dockerfile

# How many steps a copy may pass over: far more than there are in any file that is written by hand.
FARTHEST = 100


@rule("DF102", name="volatile-step-first", severity=Severity.WARNING)
def volatile_step_first(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """A file that changes often is copied above a costly step that does not need it.

    When a copied file changes, the builder runs every later step of the stage again. A package install below the copy
    is repeated for each edit, although its result is the same; above the copy it comes from the cache.

    ```dockerfile bad
    FROM fedora:40
    COPY index.html /data/www/
    RUN dnf install -y httpd && dnf clean all
    CMD ["httpd", "-DFOREGROUND"]
    ```

    ```dockerfile fixed
    FROM fedora:40
    RUN dnf install -y httpd && dnf clean all
    COPY index.html /data/www/
    CMD ["httpd", "-DFOREGROUND"]
    ```

    ```dockerfile good
    FROM fedora:40
    COPY internal.repo /etc/yum.repos.d/
    RUN dnf install -y httpd && dnf clean all
    ```

    **Fix safety:** the copy moves only past steps that neither read nor write what it writes. Where a package might hold
    a file of the same name (below /var, /opt, /srv and homes) the fix is unsafe; an unknown command stops it.

    **Source:** BuildKit's cache keys: a miss makes every later step of the chain miss.
    """
    linked = links(facts)
    for stage in doc.stages:
        moves = []
        for index, node in enumerate(stage.instructions):
            if isinstance(node, nodes.Copy) and node.from_ is None and not node.heredocs and node.paths:
                move = _move(facts, node, stage.instructions[index + 1 : index + 1 + FARTHEST], linked)
                moves += [move] if move else []
        fixed: set[tuple[int, Clash]] = set()
        for copy, run, level in moves:
            key = run.span.start, level
            fix = None
            if key not in fixed:
                # those that go below the same step go together, in their order
                fixed.add(key)
                fix = _fix(doc, [other for other, below, its in moves if below is run and its is level], run, level)
            line = doc.line(run.span.start)
            message = f"`{facts.brief(copy)}` stands above the step on line {line}, which does not need it but runs again after each edit"
            yield Finding("DF102", copy.span, message, fix)


def _move(
    facts: Facts, copy: nodes.Copy, following: Sequence[nodes.Instruction], linked: Sequence[str]
) -> tuple[nodes.Copy, nodes.Run, Clash] | None:
    """The last costly step that a copy may go below, and whether it surely may."""
    worst = Clash.NONE
    best: nodes.Run | None = None
    level = Clash.NONE
    for node in following:
        worst = max(worst, clash(facts, copy, node))
        if worst is Clash.CERTAIN:
            break
        if isinstance(node, nodes.Run) and is_costly(facts, node):
            best, level = node, worst
    target = destination(facts, copy)
    if best is None or target is None or any(overlap(path, target) for path in linked):
        return None
    return copy, best, level


def _fix(doc: Dockerfile, copies: Sequence[nodes.Copy], run: nodes.Run, level: Clash) -> Fix | None:
    edits = move_below(doc, copies, run)
    title = "move the copy below it" if len(copies) == 1 else f"move {len(copies)} copies below it"
    applicability = Applicability.SAFE if level is Clash.NONE else Applicability.UNSAFE
    return Fix(title, edits, applicability) if edits else None
