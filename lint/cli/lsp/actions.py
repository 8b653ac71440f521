"""What an editor offers for findings: their fixes, all safe fixes at once, and to ignore them."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from lsprotocol.types import CodeAction, CodeActionKind, TextEdit, WorkspaceEdit

from dockerlint.fixers.edits import insert
from dockerlint.lint.engine.findings import Applicability
from dockerlint.lint.report.escaping import clean, is_clean
from dockerlint.lint.report.places import BOM
from dockerlint.lint.syntax.span import Edit, Span

from .diagnostics import SOURCE, diagnostic

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from lsprotocol.types import Diagnostic

    from dockerlint.lint.engine.file_report import Priced
    from dockerlint.lint.syntax.nodes import Dockerfile, Instruction

    from .file_setup import FileView

FIX_ALL = "source.fixAll.dlint"
UNSAFE = " (unsafe)"


def actions(view: FileView, span: Span, shown: Sequence[Diagnostic], only: Sequence[str] | None) -> list[CodeAction]:
    """What can be done about the findings that an editor shows there, and about those of the instructions that a span touches; of
    the kinds in `only`, of all when None.

    That to fix all has no edit yet: `with_edit` works it out.
    """
    found: list[CodeAction] = []
    if _asked(CodeActionKind.QuickFix, only):
        wanted = _wanted(view, span, shown)
        found += [*_fixes(view, wanted), *_ignores(view, wanted)]
    if _asked(FIX_ALL, only) and any(_is_safe(item) for item in view.found):
        found.append(CodeAction("Make all safe fixes", FIX_ALL, data={"uri": view.document.uri}))
    return found


def with_edit(view: FileView, action: CodeAction) -> CodeAction:
    """The action to fix all, with its edit."""
    edits = [view.places.edit(edit) for edit in _changes(view.document.text, _fixed(view))]
    return _with(action, view, edits)


def _with(action: CodeAction, view: FileView, edits: Sequence[TextEdit]) -> CodeAction:
    """An action with edits of the view's document."""
    action.edit = WorkspaceEdit({view.document.uri: list(edits)})
    return action


def _wanted(view: FileView, span: Span, shown: Sequence[Diagnostic]) -> list[Priced]:
    """The findings to act on: first those that the editor names, then those at the span, then the others of its instructions."""
    named = [(str(item.code), view.places.span(item.range)) for item in shown if item.source in (None, SOURCE)]
    wide = _instructions(view.doc, span)

    def rank(item: Priced) -> int:
        place = item.finding.span
        if any(code == item.finding.code and _touches(place, at) for code, at in named):
            return 0
        return 1 if _touches(place, span) else 2

    return sorted((item for item in view.found if rank(item) < 2 or _touches(item.finding.span, wide)), key=rank)


def _instructions(doc: Dockerfile, span: Span) -> Span:
    """The span, and the whole lines of the instructions that it touches."""
    for node in doc.instructions:
        first, last = doc.line(node.span.start), doc.line(max(node.span.end - 1, node.span.start))
        lines = Span(doc.line_span(first).start, doc.line_span(last).end)
        if _touches(lines, span):
            span = Span(min(lines.start, span.start), max(lines.end, span.end))
    return span


def _asked(kind: str, only: Sequence[str] | None) -> bool:
    # added, not formatted: they are members of an enumeration
    return only is None or any(not wanted or (kind + ".").startswith(wanted + ".") for wanted in only)


def _touches(one: Span, other: Span) -> bool:
    return one.start <= other.end and other.start <= one.end


def _is_safe(item: Priced) -> bool:
    return item.finding.fix is not None and item.finding.fix.applicability is Applicability.SAFE


def _fixes(view: FileView, items: Iterable[Priced]) -> Iterator[CodeAction]:
    for item in items:
        fix = item.finding.fix
        # bytes that were no UTF-8 cannot be sent
        if fix is None or fix.applicability is Applicability.DISPLAY or not is_clean(edit.text for edit in fix.edits):
            continue
        is_safe = _is_safe(item)
        title = f"{item.finding.code}: {clean(fix.title)}{'' if is_safe else UNSAFE}"
        action = CodeAction(title, CodeActionKind.QuickFix, [diagnostic(view.places, item)], is_preferred=is_safe)
        yield _with(action, view, [view.places.edit(edit) for edit in fix.edits])


def _ignores(view: FileView, items: Iterable[Priced]) -> Iterator[CodeAction]:
    seen = set()
    for item in items:
        node = _around(view, item.finding.span)
        edit = _above(view.doc, node, item.finding.code) if node else _at_top(view.doc, item.finding.code)
        if edit in seen:
            continue
        seen.add(edit)
        title = f"Ignore {item.finding.code} {'here' if node else 'in this file'}"
        action = CodeAction(title, CodeActionKind.QuickFix, [diagnostic(view.places, item)])
        yield _with(action, view, [view.places.edit(edit)])


def _above(doc: Dockerfile, node: Instruction, code: str) -> Edit:
    """The comment that ignores a rule in an instruction, on a line of its own."""
    start = doc.line_span(doc.line(node.span.start)).start
    if doc.text.startswith(BOM, start):
        start += 1
    return insert(start, f"{doc.text[start : node.span.start]}# dlint ignore={code}{doc.newline}")


def _at_top(doc: Dockerfile, code: str) -> Edit:
    """The comment that ignores a rule in the file, below the parser's directives: they end at the first other comment."""
    comment = f"# dlint global ignore={code}{doc.newline}"
    if not doc.directives:
        return insert(int(doc.text.startswith(BOM)), comment)
    end = doc.text.find("\n", doc.directives[-1].span.end)
    return insert(end + 1, comment) if end >= 0 else insert(len(doc.text), doc.newline + comment)


def _around(view: FileView, span: Span) -> Instruction | None:
    return next((node for node in view.doc.instructions if node.span.start <= span.start <= node.span.end), None)


def _fixed(view: FileView) -> str:
    """The text with all safe fixes, as `dlint --fix` makes them."""
    work = view.setup.work
    if work is None:
        return view.document.text
    from dockerlint.fixers.loop import fix

    return fix(view.document.text, work.find, worth=work.price, whole=work.whole).text


def _changes(before: str, after: str) -> Iterator[Edit]:
    """The edits from one text to another, line by line."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    starts = [0]
    for line in old:
        starts.append(starts[-1] + len(line))
    for tag, first, last, at, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            yield Edit(Span(starts[first], starts[last]), "".join(new[at:end]))
