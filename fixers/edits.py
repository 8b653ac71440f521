"""Text edits that keep the layout: each gives the characters to change, all others stay as they are."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from itertools import islice, pairwise
from typing import TYPE_CHECKING

from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax.span import Edit, Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dockerlint.lint.shell.script import Command, Script
    from dockerlint.lint.syntax.nodes import Dockerfile, Instruction, Word

BOM = "\ufeff"
INDENT = "    "
WIDE = 100
# No line that is written gets longer than this, where it can be broken.
LONGEST = 120
# How much of a file is looked at for its style: characters, instructions.
STYLE_TEXT, STYLE_NODES = 20_000, 50
LEADING = regex(r"\r?\n([ \t]*)&& ")
TRAILING = regex(r"&&[ \t]*[\\`][ \t]*\r?\n([ \t]*)(?=[^ \t\r\n#])")
# What happens in these ends with them.
_HARMLESS_CONTEXT = frozenset({"subshell", "substitution", "pipeline"})
_ERREXIT = regex(r"(?:-[exuv]*o?(?: |\Z)|pipefail(?: |\Z))+")


def apply(text: str, edits: Iterable[Edit]) -> str:
    """The text with the edits made; they must not overlap. Insertions at one place keep their order.

    A byte order mark stays in front of all.
    """
    first = len(BOM) if text.startswith(BOM) else 0
    out = []
    at = 0
    for edit in sorted(edits, key=lambda item: item.span):
        out += [text[at : max(edit.span.start, first)], edit.text]
        at = max(edit.span.end, first)
    out.append(text[at:])
    return "".join(out)


def are_apart(edits: Iterable[Edit]) -> bool:
    """Whether no two edits change the same character."""
    spans = sorted(edit.span for edit in edits)
    return all(one.end <= other.start for one, other in pairwise(spans))


def replace_word(word: Word, text: str) -> Edit:
    """Another text in a word's place."""
    return Edit(word.span, text)


def insert(offset: int, text: str) -> Edit:
    """A text at a place."""
    return Edit(Span(offset, offset), text)


def remove_word(doc: Dockerfile, span: Span) -> Edit:
    """Takes a word away with the blanks before it; and the line with it, when it stands alone on a continued line."""
    start, end = span
    while start and doc.text[start - 1] in " \t":
        start -= 1
    alone = start and doc.text[start - 1] == "\n"
    if not alone:
        return Edit(Span(start, end), "")
    rest = re.compile(rf"[ \t]*{re.escape(doc.escape)}[ \t]*\r?\n").match(doc.text, end)
    if rest:
        return Edit(Span(start, rest.end()), "")
    following = re.compile(r"[ \t]+(?=[^ \t\r\n])").match(doc.text, end)
    if following:
        return Edit(Span(span.start, following.end()), "")
    # the last line of its instruction: the continuation before it goes too
    index = bisect_right(doc.continuations, span.start, key=lambda gap: gap.end)
    before = doc.continuations[index - 1] if index else None
    if before is None or doc.text[before.end : span.start].strip():
        return Edit(Span(start, end), "")
    begin = before.start
    while doc.text[begin - 1] in " \t":
        begin -= 1
    return Edit(Span(begin, end), "")


def line_start(doc: Dockerfile, offset: int) -> int:
    """Where the line of an offset starts, behind a byte order mark: that belongs to the file and not to its first line."""
    return doc.text.rfind("\n", 0, offset) + 1 or (len(BOM) if doc.text.startswith(BOM) else 0)


def whole_lines(doc: Dockerfile, node: Instruction) -> Span:
    """The lines that an instruction takes, with their line breaks and no others."""
    start = line_start(doc, node.span.start)
    end = doc.text.find("\n", node.span.end)
    return Span(start, len(doc.text) if end < 0 else end + 1)


def with_comments(doc: Dockerfile, node: Instruction) -> Span:
    """The lines that an instruction takes, with the comment lines directly above."""
    start, end = whole_lines(doc, node)
    while start > 0:
        previous = line_start(doc, start - 1)
        if not has_comment(doc, Span(previous, start)):
            break
        start = previous
    return Span(start, end)


def delete_instruction(doc: Dockerfile, node: Instruction) -> Edit:
    """Takes an instruction's lines away; of blank lines on both sides one stays."""
    return delete_lines(doc, whole_lines(doc, node))


def delete_lines(doc: Dockerfile, lines: Span) -> Edit:
    """Takes whole lines away; of blank lines on both sides one stays."""
    start, end = lines
    before = doc.text[:start].endswith(("\n\n", "\n\r\n"))
    blank = re.compile(r"[ \t]*\r?\n").match(doc.text, end)
    if before and blank:
        end = blank.end()
    return Edit(Span(start, end), "")


def insert_lines(doc: Dockerfile, offset: int, lines: Iterable[str]) -> Edit:
    """New lines before the line that starts at `offset`, or at the end of the text."""
    text = "".join(line + doc.newline for line in lines)
    if offset == len(doc.text) and doc.text and not doc.text.endswith("\n"):
        return insert(offset, doc.newline + text.removesuffix(doc.newline))
    return insert(offset, text)


def append_command(doc: Dockerfile, script: Script, command: str) -> Edit:
    """` && command` at the end of a script, on a line of its own where the script has several."""
    end = script.core.end
    if script.heredoc:
        return insert(end, doc.newline + command)
    return insert(end, joint(doc, script, len(command)) + command)


def insert_command(doc: Dockerfile, script: Script, before: Command, command: str) -> Edit:
    """A command in front of one of a script's own, which runs only when the new one succeeds."""
    tops = script.top
    following = tops[tops.index(before) + 1 :]
    if before.before in ("", "&&") and (not following or following[0].before == "&&"):
        between = " && " if script.heredoc else joint(doc, script, len(command))
        return insert(before.span.start, f"{command}{between}")
    # in `a && b` the failure of `a` does not end a script that ends at errors
    return insert(before.span.start, f"{command}; ")


def insert_word(doc: Dockerfile, words: Sequence[Word], text: str) -> Edit:
    """A word among others, before the first that comes after it in the alphabet, on a line of its own where they are."""
    place = next((at for at, word in enumerate(words) if word.text > text), len(words))
    before = words[place - 1] if place else words[0]
    start = line_start(doc, before.span.start)
    indent = doc.text[start : before.span.start]
    blank = f" {doc.escape}{doc.newline}{indent}" if start and not indent.strip() else " "
    return insert(before.span.end, blank + text) if place else insert(before.span.start, text + blank)


def can_append(script: Script) -> bool:
    """Whether a command put behind a script runs last, finds what it would find in a script of its own, and runs only
    where the script succeeds.
    """
    if not script.sound or not script.commands:
        return False
    lasting = (item for item in script.commands if item.lasting and not _HARMLESS_CONTEXT.intersection(item.within))
    if not all(_only_stops_early(item) for item in lasting):
        return False
    if script.heredoc:
        return _fails_early(script)
    last = script.text.rstrip()
    if last.endswith(("&", ";", "|")) or "<<" in script.text or "#" in script.text:
        return False
    return all(command.before in ("", "&&", "|", "|&") for command in script.commands if not _inside(command))


def hides_failures(script: Script, shell: Sequence[str]) -> bool:
    """Whether a script that stops at errors would no longer do so within its last command if `&& x` came behind it.

    In front of `&&` the shell goes on after an error, in the functions too that are called there. Source: POSIX, `set`, -e.
    """
    compound = not {"pipeline", "substitution"}.issuperset(script.commands[-1].within)
    return has_errexit(script, shell) and (compound or any("function" in item.within for item in script.commands))


def has_errexit(script: Script, shell: Sequence[str]) -> bool:
    """Whether `-e` is an option of the shell, or is set by the script."""
    return any(flag.startswith("-") and not flag.startswith("--") and "e" in flag for flag in shell[1:]) or any(
        item.name == "set" and any(word.text == "errexit" or (word.text.startswith("-") and "e" in word.text) for word in item.arguments)
        for item in script.commands
    )


def remove_command(doc: Dockerfile, script: Script, command: Command) -> Edit | None:
    """Takes a command away with the `&&` or `;` that joins it, and of a plain chain with the comments between the two.

    None when it is the only one, when something else hangs on its success, or when the comment is the next command's.
    """
    tops = script.top
    if not script.chained or script.tests:
        return _cut_out(doc, script, command)
    if len(tops) == 1:
        return None
    index = tops.index(command)
    if index:
        return Edit(Span(tops[index - 1].whole.end, command.whole.end), "")
    gone = Span(command.whole.start, tops[1].whole.start)
    return None if has_comment(doc, gone) else Edit(gone, "")


def _cut_out(doc: Dockerfile, script: Script, command: Command) -> Edit | None:
    """Takes a command out of a script of any kind: what follows it must run whether it succeeds or not, or only if it does."""
    start, end = command.whole
    if command.within or not script.sound or len(script.commands) == 1 or "<<" in doc.source(command.whole):
        return None
    before = _skip_back(doc, script.core.start, start)
    after = skip_gap(doc, end, script.core.end)
    joint, following = _joint_before(doc.text, script.core.start, before), _joint_after(doc.text, after, script.core.end)
    if joint == "&&" and following is not None:
        back = _skip_back(doc, script.core.start, before - len(joint))
        if doc.text[back - 1] != "\n":
            return Edit(Span(back, end), "")
        # a comment stands above, and stays
        return Edit(Span(before - len(joint), after), "") if following == "&&" else None
    if joint is None or following is None:
        return None
    rest = skip_gap(doc, after + len(following), script.core.end)
    if rest < script.core.end:
        # behind `&&` the failure of the first would have ended the list
        return Edit(Span(start, rest), "") if following != "&&" or joint == "" else None
    # the last one gives the script its status, unless it stops at errors anyway
    if joint and stops_at_errors(script):
        return Edit(Span(_skip_back(doc, script.core.start, before - len(joint)), end), "")
    return None


def _joint_before(text: str, start: int, at: int) -> str | None:
    """What joins a command to what stands before it, "" at the start of the script; None where it is another word of the shell's."""
    if at == start:
        return ""
    if text[at - 2 : at] == "&&":
        return "&&"
    return text[at - 1] if text[at - 1] in ";\n" and text[at - 2 : at] != ";;" else None


def _joint_after(text: str, at: int, end: int) -> str | None:
    """What joins a command to what follows it, "" at the end of the script; None where it is another word of the shell's."""
    if at == end:
        return ""
    if text[at : at + 2] == "&&":
        return "&&"
    return text[at] if text[at] in ";\n" and text[at : at + 2] != ";;" else None


def skip_gap(doc: Dockerfile, at: int, end: int) -> int:
    """The next place of a script that is no blank and no continuation."""
    gap = re.compile(rf"(?:[ \t]|{re.escape(doc.escape)}[ \t]*\r?\n)*").match(doc.text, at, end)
    return gap.end() if gap else at


def _skip_back(doc: Dockerfile, start: int, at: int) -> int:
    """The end of what stands before a place of a script, blanks and continuations aside."""
    while at > start:
        if doc.text[at - 1] in " \t":
            at -= 1
        elif doc.text[at - 1] == "\n" and (back := _escape_before(doc, start, at - 1)) is not None:
            at = back
        else:
            break
    return at


def _escape_before(doc: Dockerfile, start: int, at: int) -> int | None:
    """Where the continuation of a line that ends at a place starts; None when the line ends there."""
    while at > start and doc.text[at - 1] in " \t\r":
        at -= 1
    return at - 1 if at > start and doc.text[at - 1] == doc.escape else None


def stops_at_errors(script: Script) -> bool:
    """Whether a script's first command makes it end at the first error."""
    first = script.commands[0] if script.commands else None
    return first is not None and first.name == "set" and any(word.text.startswith("-") and "e" in word.text.split("o")[0] for word in first.arguments)


def has_comment(doc: Dockerfile, span: Span) -> bool:
    """Whether a comment line lies within a span."""
    index = bisect_left(doc.comments, span.start, key=lambda comment: comment.span.start)
    return index < len(doc.comments) and doc.comments[index].span.start < span.end


def insert_flags(doc: Dockerfile, node: Instruction, flags: Iterable[str]) -> Edit:
    """Flags behind an instruction's own, before its arguments; one a line when they are long, or others of the file are."""
    after = node.flags[-1].span.end if node.flags else node.keyword.span.end
    words = list(flags)
    column = doc.position(after)[1]
    line_end = doc.text.find("\n", after)
    rest = len(doc.text) - after if line_end < 0 else line_end - after
    short = column + rest + sum(len(word) + 1 for word in words) <= WIDE and len(words) == 1
    if short and not (_breaks_flags(doc) and _is_plain(doc, after)):
        return insert(after, " " + words[0])
    broken = f" {doc.escape}{doc.newline}{INDENT}"
    argument = re.compile(r"[ \t]+").match(doc.text, after)
    first, *others = words
    text = (broken if node.flags else " ") + first + "".join(broken + word for word in others)
    if argument and doc.text[argument.end() : argument.end() + 1] not in (doc.escape, "\n", "\r"):
        return Edit(Span(after, argument.end()), text + broken)
    return insert(after, text)


def with_flags(doc: Dockerfile, keyword: str, flags: Sequence[str], script: str) -> str:
    """A new instruction; its flags are one a line when they are long, or others of the file are."""
    line = " ".join((keyword, *flags, script))
    if not flags or (len(line.splitlines()[0]) <= LONGEST and not _breaks_flags(doc)):
        return line
    return f" {doc.escape}{doc.newline}{INDENT}".join((f"{keyword} {flags[0]}", *flags[1:], script))


def _breaks_flags(doc: Dockerfile) -> bool:
    """Whether the file breaks the line behind the flags of its RUNs."""
    flagged = (node for node in doc.instructions if node.flags and node.name == "RUN")
    return any(doc.text[node.flags[-1].span.end :][:3].lstrip(" \t").startswith(doc.escape) for node in islice(flagged, STYLE_NODES))


def _is_plain(doc: Dockerfile, after: int) -> bool:
    """Whether a script follows, and no here-document or JSON list."""
    return re.compile(r"[ \t]+[^ \t<\[\r\n]").match(doc.text, after) is not None


def joint(doc: Dockerfile, script: Script, more: int) -> str:
    """What joins a command of so many characters to a script, `&&` included: on its line where that is short enough, else as the
    script's own lines are joined.
    """
    text = doc.source(script.core)
    if "\n" not in text and script.core.end - line_start(doc, script.core.end) + len(" && ") + more <= LONGEST:
        return " && "
    return line_joint(doc, text)


def line_joint(doc: Dockerfile, script: str, *, trailing: bool = False) -> str:
    """What joins commands on lines of their own, as a script does it, else as the file does, else with `&&` in front or behind."""
    own = _style(script)
    behind, _ = own or _style(doc.text[:STYLE_TEXT]) or (trailing, "")
    indents = [match[0] for line in script.splitlines()[1:] if line.strip() and (match := re.match(r"[ \t]*", line))]
    indent = own[1] if own else min(indents, key=len, default=INDENT) or INDENT
    return f" && {doc.escape}{doc.newline}{indent}" if behind else f" {doc.escape}{doc.newline}{indent}&& "


def _style(text: str) -> tuple[bool, str] | None:
    """Whether `&&` stands at the end of lines, and the lines' indentation; None when no line is joined by it."""
    leading, trailing = LEADING.findall(text), TRAILING.findall(text)
    if not leading and not trailing:
        return None
    return len(trailing) > len(leading), (trailing if len(trailing) > len(leading) else leading)[0]


def _inside(command: Command) -> bool:
    return any(context != "pipeline" for context in command.within)


def _only_stops_early(command: Command) -> bool:
    """Whether it is a `set` that does no more than end the script at an error, or print what it does."""
    return command.name == "set" and bool(_ERREXIT.fullmatch(" ".join(word.text for word in command.arguments)))


def _fails_early(script: Script) -> bool:
    """Whether a heredoc's script stops at the first command that fails, so that a line added below runs after success.

    The last command must be one that this holds for: in `a && b` it does not for `a`.
    """
    first, last = script.commands[0], script.commands[-1]
    if first.name != "set" or not any(word.text.startswith("-") and "e" in word.text for word in first.arguments):
        return False
    return not last.within and last.before in ("", "\n", ";") and last.whole.end == script.core.end
