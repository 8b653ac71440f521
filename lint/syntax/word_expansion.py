"""Variables, quotes and escapes in a word, as the builder reads them.

The rules are those of BuildKit's shell lexer (moby/buildkit, frontend/dockerfile/shell). A word is first parsed into
steps in postfix order, then the steps are evaluated with a stack: nothing recurses, so nesting may be of any depth.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from functools import lru_cache
from typing import TYPE_CHECKING, TypedDict

from msgspec import Struct

from dockerlint.lint.storage.lazy_regex import regex

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TypeAlias, Unpack

# Values may multiply (`$A$A$A...`, `${A//?/$A}`): beyond this many characters a word is an attack, not a setting.
_MOST_CHARACTERS = 1 << 20
# A comparison in a pattern search is that much cheaper than a character of output.
_COMPARISONS = 16
# Compiling a character of a pattern costs about as much as comparing it this often.
_COMPILING = 256

_BYTE_ORDER_MARK = "\ufeff"
# Of words longer than this no steps are kept; of the others, those of the last ones.
_LONGEST_KEPT, _MOST_KEPT = 1000, 2000
_SPECIAL_PARAMETERS = frozenset("@*#?-$!0")
# str.isspace() would add the separators U+001C to U+001F, which the builder keeps in a word.
_SPACE = regex("[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")
_PATTERN_UNIT = regex(r"\\.|.", re.DOTALL)


class ExpansionError(ValueError):
    """The builder would refuse the word. `offset` is the character of the word where the bad part starts."""

    def __init__(self, message: str, offset: int = 0) -> None:
        super().__init__(message)
        self.offset = offset


class VariableReference(Struct, frozen=True):
    """`$name` or `${name...}` at the half-open range of characters `start` to `end` of a word.

    `operator` is as written (`:-`, `##`, `//`, ...), or empty. `name` is empty for a form like `${+x}`.
    """

    start: int
    end: int
    name: str
    operator: str

    @property
    def has_default(self) -> bool:
        """Whether the word says what to take for a variable that is not set."""
        return self.operator in {"-", ":-"}


class ExpansionOptions(TypedDict, total=False):
    """How to read a word other than by default; all are False unless given.

    `raw_quotes` keeps quotes, `raw_escapes` keeps escape characters, `skip_unset` leaves references to variables that
    are not set as they are, `skip_quotes` takes quotes for ordinary characters (the bodies of COPY heredocs).
    """

    raw_quotes: bool
    raw_escapes: bool
    skip_unset: bool
    skip_quotes: bool


def expand(word: str, env: Mapping[str, str | None], escape: str = "\\", **options: Unpack[ExpansionOptions]) -> str:
    """The text that the builder makes of a word; a variable that is not in `env` is empty.

    Raises ExpansionError if the builder would refuse the word, or if the text depends on an unknown value (None).
    """
    return _known(_join(_pieces(word, env, escape, **options)))


def try_expand(word: str, env: Mapping[str, str | None], escape: str = "\\", **options: Unpack[ExpansionOptions]) -> str | None:
    """As `expand`, but None if the text depends on a variable whose value in `env` is None, that is, unknown.

    Raises ExpansionError if the builder would refuse the word whatever the unknown values are.
    """
    return _join(_pieces(word, env, escape, **options))


def expand_words(word: str, env: Mapping[str, str | None], escape: str = "\\", **options: Unpack[ExpansionOptions]) -> list[str]:
    """The words that the builder makes of a text: split at white space that is neither quoted nor escaped.

    White space in values splits too. Raises ExpansionError as `expand` does.
    """
    words: list[str] = []
    current: list[str] = []

    def finish() -> None:
        if text := "".join(current):
            words.append(text)
        current.clear()

    for piece in _pieces(word, env, escape, **options):
        text = _known(piece.text)
        if piece.forgets:
            current.clear()
        elif piece.splits:
            first, *others = _SPACE.split(text)
            current.append(first)
            for other in others:
                finish()
                current.append(other)
        else:
            current.append(text)
    finish()
    return words


def variables(word: str, escape: str = "\\", *, skip_quotes: bool = False) -> tuple[VariableReference, ...]:
    """The references in a word by where they start; one in another's default lies within that one's range.

    Raises ExpansionError if the builder could not read the word whatever the values are.
    """
    steps = _steps(word, escape, False, False, skip_quotes)
    return tuple(sorted((step for step in steps if isinstance(step, VariableReference)), key=lambda reference: reference.start))


def _pieces(
    word: str,
    env: Mapping[str, str | None],
    escape: str,
    *,
    raw_quotes: bool = False,
    raw_escapes: bool = False,
    skip_unset: bool = False,
    skip_quotes: bool = False,
) -> list[_Piece]:
    steps = _steps(word, escape, raw_quotes, raw_escapes, skip_quotes)
    return _Evaluation(word, env, skip_unset=skip_unset).run(steps)


def _steps(word: str, escape: str, *how: bool) -> Sequence[_Step]:
    """The steps of a word; `how` is raw quotes, raw escapes, skip quotes. Raises ExpansionError for what cannot be read."""
    return _read(word, escape, *how) if len(word) > _LONGEST_KEPT else _kept(word, escape, *how)


def _read(word: str, escape: str, *how: bool) -> Sequence[_Step]:
    raw_quotes, raw_escapes, skip_quotes = how
    return _Parser(word, escape, raw_quotes=raw_quotes, raw_escapes=raw_escapes, skip_quotes=skip_quotes).parse()


# most words are asked for several times: whether their variables are known, what they are, where they stand
_kept = lru_cache(maxsize=_MOST_KEPT)(_read)


class _Piece(Struct, frozen=True):
    """Text that is done; None if unknown. `forgets` marks the place where the builder loses the word before it."""

    text: str | None
    splits: bool
    forgets: bool = False


class _Mark(Enum):
    """Where text starts that is put together before it is used, and where such text in double quotes ends."""

    OPERAND = auto()
    QUOTE = auto()
    QUOTE_END = auto()


_LOST = _Piece("", splits=True, forgets=True)


if TYPE_CHECKING:
    _Step: TypeAlias = _Piece | _Mark | VariableReference


class _Level(Struct):
    """What the parser is inside of: `stop` ends it (empty: the end of the word), `start` is where it began."""

    stop: str
    raw_escapes: bool
    start: int = 0
    name: str = ""
    operator: str = ""


class _Parser:
    """Turns a word into steps; an operator's operands come before the reference that uses them."""

    def __init__(
        self, word: str, escape: str, *, raw_quotes: bool = False, raw_escapes: bool = False, skip_quotes: bool = False
    ) -> None:
        self._word = word
        self._escape = escape
        self._raw_quotes = raw_quotes
        self._quotes = "" if skip_quotes else "'\""
        self._levels = [_Level("", raw_escapes)]
        self._steps: list[_Step] = []

    def parse(self) -> list[_Step]:
        word = self._word
        at = 1 if word.startswith(_BYTE_ORDER_MARK) else 0
        while at < len(word):
            level = self._levels[-1]
            found = _special(level.stop, self._escape, self._quotes).search(word, at)
            end = found.start() if found else len(word)
            if end > at:
                self._steps.append(_Piece(word[at:end], splits=True))
            at = self._read_special(end, level) if found else end
        if len(self._levels) > 1:
            raise self._unclosed(self._levels[-1])
        return self._steps

    def _read_special(self, at: int, level: _Level) -> int:
        character = self._word[at]
        if character == level.stop:
            return self._close(at, level)
        if character == "$":
            return self._read_dollar(at)
        if character == self._escape:
            return self._read_escape(at, level)
        if character == "'":
            return self._read_single_quote(at)
        self._steps.append(_Mark.QUOTE)
        self._keep_quote(character)
        self._levels.append(_Level('"', level.raw_escapes, at))
        return at + 1

    def _close(self, at: int, level: _Level) -> int:
        if level.stop == "/":
            self._steps.append(_Mark.OPERAND)
            level.stop = "}"
            return at + 1
        self._levels.pop()
        if level.stop == "}":
            self._steps.append(VariableReference(level.start, at + 1, level.name, level.operator))
        else:
            self._keep_quote(level.stop)
            self._steps.append(_Mark.QUOTE_END)
        return at + 1

    def _keep_quote(self, quote: str) -> None:
        if self._raw_quotes:
            self._steps.append(_Piece(quote, splits=False))

    def _read_escape(self, at: int, level: _Level) -> int:
        kept = self._escape if level.raw_escapes else ""
        character = self._word[at + 1 : at + 2]
        if level.stop == '"' and character not in {'"', "$", self._escape}:
            # In quotes other characters can't be escaped: the escape stands for itself (twice, if it is kept anyway).
            self._steps.append(_Piece(kept + self._escape, splits=False))
            return at + 1
        self._steps.append(_Piece(kept + character, splits=False))
        return at + 2

    def _read_single_quote(self, at: int) -> int:
        end = self._word.find("'", at + 1)
        if end < 0:
            raise ExpansionError("the single quote is not closed: add the missing '", at)
        text = self._word[at : end + 1] if self._raw_quotes else self._word[at + 1 : end]
        self._steps.append(_Piece(text, splits=False))
        return end + 1

    def _read_dollar(self, start: int) -> int:
        if self._word.startswith("{", start + 1):
            return self._read_braces(start)
        end = self._name_end(start + 1)
        if end == start + 1:
            self._steps.append(_Piece("$", splits=True))
        else:
            self._steps.append(VariableReference(start, end, self._word[start + 1 : end], ""))
        return end

    def _read_braces(self, start: int) -> int:
        word = self._word
        if word[start + 2 : start + 3] in {"{", "}", ":"}:
            raise ExpansionError("bad substitution: ${ needs a variable's name", start)
        at = self._name_end(start + 2)
        name = word[start + 2 : at]
        modifier = word[at : at + 1]
        if modifier == "}":
            self._steps.append(VariableReference(start, at + 1, name, ""))
            return at + 1
        if not modifier:
            raise ExpansionError("bad substitution: the closing } is missing", start)
        if modifier == ":":
            # Which of these the builder knows is decided later: it leaves any as it is when it skips unset variables.
            operator = word[at : at + 2]
        elif modifier in "#%/" and word.startswith(modifier, at + 1):
            operator = modifier * 2
        else:
            operator = modifier
        if modifier not in ":+-?#%/" or operator in {":#", ":%"}:
            raise _unsupported(operator, start)
        self._steps.append(_Mark.OPERAND)
        raw = modifier in "#%/"
        self._levels.append(_Level("/" if modifier == "/" else "}", raw, start, name, operator))
        # The second # or % is read as the start of the pattern, which is where the builder looks for it.
        return at + (1 if modifier in "#%" else len(operator))

    def _name_end(self, at: int) -> int:
        word = self._word
        first = word[at : at + 1]
        if first.isdecimal():
            while word[at : at + 1].isdecimal():
                at += 1
            return at
        if first in _SPECIAL_PARAMETERS:
            return at + 1
        return _identifier_end(word, at)

    def _unclosed(self, level: _Level) -> ExpansionError:
        if level.stop == '"':
            return ExpansionError('the double quote is not closed: add the missing "', level.start)
        return ExpansionError(f"bad substitution: the closing {level.stop} is missing", level.start)


@lru_cache(maxsize=32)
def _special(stop: str, escape: str, quotes: str) -> re.Pattern[str]:
    """What ends a run of plain text within a level."""
    characters = f'"${escape}' if stop == '"' else f"${quotes}{escape}{stop}"
    return re.compile(f"[{re.escape(characters)}]")


def _unsupported(operator: str, offset: int) -> ExpansionError:
    return ExpansionError(f"bad substitution: the builder has no operator {operator!r}", offset)


class _Evaluation:
    """Runs the steps of one word; `_budget` is what the values may still add to it."""

    def __init__(self, word: str, env: Mapping[str, str | None], *, skip_unset: bool) -> None:
        self._word = word
        self._env = env
        self._skip_unset = skip_unset
        # The word's own text is copied once a nesting level, which deserves no blame at sane depths.
        self._budget = _MOST_CHARACTERS + _COMPARISONS * len(word)

    def run(self, steps: Sequence[_Step]) -> list[_Piece]:
        top: list[_Piece] = []
        stack = [top]
        for step in steps:
            if isinstance(step, _Piece):
                stack[-1].append(step)
            elif isinstance(step, VariableReference):
                text = self._substitute(step, self._operands(step, stack))
                self._spend(len(text or ""), step.start)
                stack[-1].append(_Piece(text, splits=True))
            elif step is _Mark.QUOTE_END:
                quoted = _join(stack.pop())
                stack[-1].append(_Piece(quoted, splits=False))
            else:
                if step is _Mark.OPERAND:
                    # The builder reads operands with the buffer that holds the word so far, and drops that word.
                    top.append(_LOST)
                stack.append([])
        return top

    def _operands(self, reference: VariableReference, stack: list[list[_Piece]]) -> list[str | None]:
        count = 0 if not reference.operator else 2 if reference.operator[0] == "/" else 1
        return [_join(stack.pop()) for _ in range(count)][::-1]

    def _spend(self, cost: int, offset: int) -> None:
        self._budget -= cost
        if self._budget < 0:
            raise ExpansionError("the word is too costly to expand: shorten its values and patterns", offset)

    def _substitute(self, reference: VariableReference, operands: list[str | None]) -> str | None:
        is_set = reference.name in self._env
        value = self._env[reference.name] if is_set else ""
        if self._skip_unset and not is_set:
            return self._as_written(reference, operands)
        operator = reference.operator
        if not operator:
            return value
        if operator[0] in "#%":
            return self._trim(reference, value, operands[0])
        if operator[0] == "/":
            return self._replace(reference, value, *operands)
        if operator.removeprefix(":") not in {"-", "+", "?"}:
            raise _unsupported(operator, reference.start)
        if value is None:
            return None
        absent = not is_set or (operator[0] == ":" and not value)
        return _choose(reference, operands[0], value, absent=absent)

    def _as_written(self, reference: VariableReference, operands: list[str | None]) -> str | None:
        if not operands:
            return self._word[reference.start : reference.end]
        texts = [operand for operand in operands if operand is not None]
        if len(texts) < len(operands):
            return None
        operator = reference.operator
        if operator[0] != ":":
            # A second # or % is part of the operand; the second / the builder itself leaves out.
            operator = operator[0]
        return f"${{{reference.name}{operator}{'/'.join(texts)}}}"

    def _trim(self, reference: VariableReference, value: str | None, pattern: str | None) -> str | None:
        if pattern is None:
            return None
        operator = reference.operator[0]
        longest = pattern.startswith(operator)
        if longest:
            pattern = pattern[1:]
        backwards = operator == "%"
        if backwards:
            pattern = "".join(reversed(_PATTERN_UNIT.findall(pattern)))
        matcher = self._pattern(reference, pattern, value, longest=longest)
        if value is None:
            return None
        if backwards:
            value = value[::-1]
        value = value[matcher.prefix(value) :]
        return value[::-1] if backwards else value

    def _replace(
        self, reference: VariableReference, value: str | None, pattern: str | None, replacement: str | None
    ) -> str | None:
        if pattern is None:
            return None
        matcher = self._pattern(reference, pattern, value, longest=True)
        if value is None or replacement is None:
            return None
        if reference.operator == "//":
            return self._replace_all(reference, value, matcher, replacement)
        found = matcher.find(value, 0)
        return value[: found[0]] + replacement + value[found[1] :] if found else value

    def _replace_all(self, reference: VariableReference, value: str, matcher: _Pattern, replacement: str) -> str:
        done: list[str] = []
        template = _template(replacement)
        at = last = 0
        while at <= len(value) and (found := matcher.find(value, at)):
            start, end = found
            done.append(value[last:start])
            # Nothing right after a match is no match of its own.
            if end > last or start == 0:
                done.append("".join(value[start:end] if part is None else part for part in template))
                self._spend(len(done[-1]) + len(template), reference.start)
            last = end
            at = max(at + 1, end)
        return "".join(done) + value[last:]

    def _pattern(self, reference: VariableReference, pattern: str, value: str | None, *, longest: bool) -> _Pattern:
        self._spend((len(value or "") + _COMPILING) * len(pattern) // _COMPARISONS, reference.start)
        return _Pattern(pattern, longest=longest, offset=reference.start)


class _Pattern:
    """A pattern of `*` and `?`, neither of which matches a line break; a search takes time in proportion to
    the pattern's length times the value's.

    The pattern falls into parts between its stars. All but the last one may take their earliest place, and need never
    move from it: atomic groups say so, and keep the regex engine from trying other places.
    """

    def __init__(self, pattern: str, *, longest: bool, offset: int) -> None:
        first, *others = _parts(pattern, offset)
        self._first = re.compile("".join(first))
        self._first_length = len(first)
        middle = "".join(f"(?>.*?{''.join(part)})" for part in others[:-1] if part)
        last = (".*" if longest else ".*?") + "".join(others[-1]) if others else ""
        self._rest = re.compile(middle + last)

    def prefix(self, value: str) -> int:
        """How many characters at the start of the value match; 0 if none do."""
        first = self._first.match(value)
        rest = self._rest.match(value, first.end()) if first else None
        return rest.end() if rest else 0

    def find(self, value: str, at: int) -> tuple[int, int] | None:
        """Where the first match at or after `at` starts and ends."""
        while first := self._first.search(value, at):
            rest = self._rest.match(value, first.end())
            if rest:
                return first.start(), rest.end()
            # Further on in the same line there is only less to match the rest.
            line_end = value.find("\n", first.end())
            if line_end < 0:
                return None
            at = max(first.start() + 1, line_end + 1 - self._first_length)
        return None


def _parts(pattern: str, offset: int) -> list[list[str]]:
    """The parts between the stars, each as a list of regexes for one character."""
    parts: list[list[str]] = [[]]
    characters = iter(pattern.removeprefix(_BYTE_ORDER_MARK))
    for character in characters:
        if character == "*":
            parts.append([])
            continue
        if character == "?":
            parts[-1].append(".")
            continue
        if character == "\\":
            character = next(characters, "")
            if character not in {"*", "?", "\\", "}", "/"}:
                raise ExpansionError(f"bad pattern {pattern!r}: \\ can't escape {character!r} in it", offset)
        parts[-1].append(re.escape(character))
    return parts


def _template(replacement: str) -> list[str | None]:
    """The parts of a replacement, None for the match: the builder's regex library reads `$$`, `$0` and `${0}` in it.

    Other names are those of groups, which patterns don't have, and give nothing.
    """
    parts: list[str | None] = []
    at = 0
    while (dollar := replacement.find("$", at)) >= 0:
        parts.append(replacement[at:dollar])
        at = dollar + 1
        if replacement.startswith("$", at):
            parts.append("$")
            at += 1
            continue
        braced = replacement.startswith("{", at)
        end = _identifier_end(replacement, at + braced)
        if end == at + braced or (braced and not replacement.startswith("}", end)):
            parts.append("$")
            continue
        if replacement[at + braced : end] == "0":
            parts.append(None)
        at = end + braced
    parts.append(replacement[at:])
    return parts


def _identifier_end(text: str, at: int) -> int:
    while (character := text[at : at + 1]).isalpha() or character.isdecimal() or character == "_":
        at += 1
    return at


def _choose(reference: VariableReference, operand: str | None, value: str, *, absent: bool) -> str | None:
    match reference.operator[-1]:
        case "-":
            return operand if absent else value
        case "+":
            return "" if absent else operand
        case _ if absent:
            reason = operand or "the word requires a value, and there is none"
            raise ExpansionError(f"{reference.name}: {reason}", reference.start)
        case _:
            return value


def _join(pieces: Sequence[_Piece]) -> str | None:
    texts = [piece.text for piece in pieces if piece.text is not None]
    return "".join(texts) if len(texts) == len(pieces) else None


def _known(text: str | None) -> str:
    if text is None:
        raise ExpansionError("the text depends on a variable whose value only the build knows")
    return text
