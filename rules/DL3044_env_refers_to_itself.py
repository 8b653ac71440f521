"""DL3044: an ENV uses a variable that the same ENV sets."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from dockerlint.fixers.edits import has_comment
from dockerlint.fixers.refusal import Answer, Carried, Refusal, answered
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.span import Edit, Span
from dockerlint.lint.syntax.word_expansion import ExpansionError, variables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile, Env, Pair


@rule(name="env-refers-to-itself", severity=Severity.ERROR, needs=("$",))
def env_refers_to_itself(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """An ENV uses a variable that the same ENV sets.

    All values of an ENV are made before any of them is set: the variable still has its former value, and is empty when it
    had none. A variable that is set above is left alone, and one that is built upon its former value, as `PATH`.

    ```dockerfile bad
    FROM debian:bookworm-slim
    ENV HOME_DIR=/srv/app BIN_DIR=$HOME_DIR/bin
    ```

    ```dockerfile fixed
    FROM debian:bookworm-slim
    ENV HOME_DIR=/srv/app
    ENV BIN_DIR=$HOME_DIR/bin
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    ENV HOME_DIR=/srv/app
    ENV BIN_DIR=$HOME_DIR/bin PATH=$HOME_DIR/bin:$PATH
    ```

    **Fix safety:** unsafe: the variable gets the value that was meant, which it did not have so far.

    **Source:** hadolint DL3044; the Dockerfile reference, environment replacement.
    """
    known: set[str] = set()
    for node in facts.every(nodes.Instruction, triggers=not facts.as_hadolint):
        if isinstance(node, nodes.Env):
            yield from _check(doc, facts, node, known)
        if isinstance(node, nodes.Env | nodes.Arg):
            known |= {pair.key.text for pair in node.pairs}


def _check(doc: Dockerfile, facts: Facts, node: Env, known: set[str]) -> Iterator[Finding]:
    uses = [_used(doc, facts, pair) for pair in node.pairs]
    fresh = _fresh(facts, node, uses, known)
    times = Counter(pair.key.text for pair in node.pairs)
    used = [
        frozenset(name for name in names & fresh if name != pair.key.text or times[name] > 1)
        for pair, names in zip(node.pairs, uses, strict=True)
    ]
    fix: Answer = _fix(doc, node, uses, used) or Refusal("a value would change with the order: set it in an ENV of its own")
    for pair, names in zip(node.pairs, used, strict=True):
        if names and pair.value:
            message = f"`${min(names)}` is set by the same ENV: here it still has its old value"
            yield answered(pair.value.span, message, fix)
            if facts.as_hadolint:
                # hadolint tells an instruction once
                return
            fix = Carried(doc.line(pair.value.span.start)) if isinstance(fix, Fix) else fix


def _fresh(facts: Facts, node: Env, uses: list[frozenset[str]], known: set[str]) -> frozenset[str]:
    """The variables that the ENV sets and that have no value before it, as far as the file says.

    For hadolint it does not matter in which stage a variable is set above.
    """
    names = {pair.key.text for pair in node.pairs}
    if facts.as_hadolint:
        return frozenset(names - known)
    own = {pair.key.text for pair, used in zip(node.pairs, uses, strict=True) if pair.key.text in used}
    return frozenset(names - own - facts.state(node).env.keys())


def _used(doc: Dockerfile, facts: Facts, pair: Pair) -> frozenset[str]:
    """The variables that a value uses; those that it gives a default are not meant."""
    if pair.value is None or "$" not in pair.value.text:
        return frozenset()
    if facts.as_hadolint:
        # hadolint 2.15.1 heeds no quotes and no escapes (measured)
        return frozenset(first or second for first, second in re.findall(r"\$(?:(\w+)|\{(\w+)\})", pair.value.text))
    try:
        found = variables(pair.value.text, doc.escape)
    except ExpansionError:
        return frozenset()
    return frozenset(reference.name for reference in found if not reference.has_default)


def _fix(doc: Dockerfile, node: Env, uses: list[frozenset[str]], used: list[frozenset[str]]) -> Fix | None:
    """Starts a new ENV at each pair that uses what this one sets above it."""
    line = doc.line_span(doc.line(node.span.start)).start
    indent = doc.text[line : node.span.start]
    keys = {pair.key.text for pair in node.pairs}
    above: set[str] = set()
    in_this: set[str] = set()
    edits = []
    for index, (pair, every, fresh) in enumerate(zip(node.pairs, uses, used, strict=True)):
        # what is used must be set above, and what has a value before the ENV must keep it
        if not fresh <= above or (every - {pair.key.text} - fresh) & keys:
            return None
        if fresh & in_this:
            gap = Span(node.pairs[index - 1].span.end, pair.span.start)
            if has_comment(doc, gap):
                return None
            edits.append(Edit(gap, f"{doc.newline}{indent}{node.keyword.text} "))
            in_this.clear()
        above.add(pair.key.text)
        in_this.add(pair.key.text)
    if indent.strip() or not edits:
        return None
    return Fix("split the ENV in two", tuple(edits), Applicability.UNSAFE)
