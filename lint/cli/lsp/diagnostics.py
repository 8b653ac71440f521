"""Findings as an editor shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol.types import CodeDescription, Diagnostic, DiagnosticSeverity, Position, Range

from dockerlint.lint.engine.findings import Severity
from dockerlint.lint.engine.shellcheck_rules import CODE, WIKI
from dockerlint.lint.report.escaping import clean

if TYPE_CHECKING:
    from dockerlint.lint.engine.file_report import Priced

    from .file_setup import FileView
    from .positions import Positions

SOURCE = "dlint"
LEVELS = {
    Severity.ERROR: DiagnosticSeverity.Error,
    Severity.WARNING: DiagnosticSeverity.Warning,
    Severity.INFO: DiagnosticSeverity.Information,
    Severity.STYLE: DiagnosticSeverity.Hint,
}
TOP = Range(Position(0, 0), Position(0, 0))


def diagnostics(view: FileView) -> list[Diagnostic]:
    """All of one version; of a file whose configuration is no good, that."""
    if view.setup.problem is not None:
        return [Diagnostic(TOP, clean(view.setup.problem), DiagnosticSeverity.Error, source=SOURCE)]
    return [diagnostic(view.places, item) for item in view.found]


def diagnostic(places: Positions, item: Priced) -> Diagnostic:
    """One finding."""
    code = item.finding.code
    return Diagnostic(
        places.range(item.finding.span),
        clean(item.finding.message),
        LEVELS[item.severity],
        code,
        CodeDescription(WIKI + code) if CODE.fullmatch(code) else None,
        SOURCE,
    )
