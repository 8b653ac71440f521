"""Names for findings that stay the same when lines above them come and go."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dockerlint.lint.syntax.lines import Lines

    from .findings import Finding


def fingerprints(doc: Lines, findings: Iterable[Finding]) -> list[str]:
    """A name a finding: hash of its code and its source text without regard to blanks, then its number among equals."""
    seen: Counter[str] = Counter()
    names = []
    for finding in findings:
        words = " ".join(doc.source(finding.span).split())
        digest = hashlib.sha256(f"{finding.code}\0{words}".encode("utf-8", "surrogateescape")).hexdigest()[:24]
        seen[digest] += 1
        names.append(f"{digest}:{seen[digest]}")
    return names
