"""Why a rewrite is not made, and the finding that says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dockerlint.lint.engine.findings import Finding, Fix

if TYPE_CHECKING:
    from dockerlint.lint.syntax.span import Span

# How a finding without a fix says why: by a reason, or by naming the fix that mends it too.
NO_FIX, CARRIED = "no fix: ", "carried by the fix at line "


class Refusal(Struct, frozen=True):
    """Why there is no fix, in words that finish `no fix: ...`; what would let it pass stands behind a colon."""

    reason: str


class Carried(Struct, frozen=True):
    """There is no fix of its own: the one of another finding mends it too."""

    # where that finding is, from 1
    line: int


Answer = Fix | Refusal | Carried


def answered(span: Span, message: str, answer: Answer) -> Finding:
    """A finding with its fix; without one, the message ends with the reason."""
    if isinstance(answer, Fix):
        return Finding(span, message, answer)
    why = f"{CARRIED}{answer.line}" if isinstance(answer, Carried) else f"{NO_FIX}{answer.reason}"
    return Finding(span, f"{message}; {why}")


def says_why(finding: Finding) -> bool:
    """Whether a finding has a fix, or says why it has none."""
    return finding.fix is not None or NO_FIX in finding.message or CARRIED in finding.message
