"""DF102: a file that changes often is copied before a costly step that does not need it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.effects.footprint import Clash
from dockerlint.fixers.order.step_order import Reorder, is_costly, is_from_context, rewrite
from dockerlint.fixers.refusal import CARRIED
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.fixers.order.step_order import OrderPlan
    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile, Instruction

NO_LINE = "no fix: the file ends in a continued line, so nothing can be added below it"


@rule(name="volatile-step-first", severity=Severity.WARNING)
def volatile_step_first(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """A file that changes often is copied before a costly step that does not need it.

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
    reorder = Reorder(facts)
    for stage in doc.stages:
        told: set[int] = set()
        for most, applicability in ((Clash.NONE, Applicability.SAFE), (Clash.POSSIBLE, Applicability.UNSAFE)):
            for plan in reorder.plans(stage, most):
                fix = _fix(facts, plan, applicability)
                carried = "" if fix else NO_LINE
                for copy, run in _needless(facts, plan):
                    if copy.span.start in told:
                        continue
                    told.add(copy.span.start)
                    step = f"`{facts.brief(run)}` (line {doc.line(run.span.start)})"
                    message = f"`{facts.brief(copy)}` comes before {step}, which does not need it but runs again after every edit"
                    # all that moves is moved by one fix
                    yield Finding(copy.span, f"{message}; {carried}" if carried else message, None if carried else fix)
                    carried = f"{CARRIED}{doc.line(copy.span.start)}" if fix else NO_LINE


def _needless(facts: Facts, plan: OrderPlan) -> Iterator[tuple[Instruction, nodes.Run]]:
    """The copies of the context that go below a costly step, in file order, each with the last one of these."""
    for node in sorted((node for node, _ in plan.moves if is_from_context(node)), key=lambda node: node.span):
        costly = [item for item in plan.passes(node) if isinstance(item, nodes.Run) and is_costly(facts, item)]
        if costly:
            yield node, costly[-1]


def _fix(facts: Facts, plan: OrderPlan, applicability: Applicability) -> Fix | None:
    edits = rewrite(facts.doc, plan)
    copies = all(isinstance(node, nodes.Copy) for node, _ in plan.moves)
    count = len(plan.moves)
    what = f"`{facts.brief(plan.moves[0][0])}`" if count == 1 else f"{count} copies" if copies else f"{count} instructions"
    return Fix(f"move {what} further down", edits, applicability) if edits else None
