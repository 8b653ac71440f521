"""Walks LALR(1) tables over a text: what Lark's parser with its contextual lexer does, for the tables that grammar.py makes.

Kept because it saves more than 15 ms of each run, a fifth of a small one. To make a parser ready and parse six instructions takes
71 ms here, 94 with `Lark.load` of what `Lark.save` wrote, 109 with the module that `lark.tools.standalone` writes and 171 with
Lark from the grammar (least of 12 processes each, less Python's own start; `bench/grammar.py`).
"""

from __future__ import annotations

from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from dockerlint.lint.storage.lazy_regex import regex

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterator, Mapping, Sequence

END = "$END"


class Token(Struct, frozen=True):
    """A piece of the text that is a terminal of the grammar."""

    # the terminal's name, or END behind the last piece of the text
    type: str
    # the text as it is written; empty for END
    value: str
    # the place of its first character in the whole text
    start: int
    # the place behind its last character
    end: int


class GrammarRule(Struct, frozen=True):
    """One way to build a rule of the grammar."""

    # the rule's name; the builder's method for it has the same one
    name: str
    # how many symbols the rule takes off the stack
    length: int
    # the symbols that become children: the place of each among `length`, and whether it is a list whose items become
    # children instead
    kept: Sequence[tuple[int, bool]]
    # whether the children stay a list, which becomes part of the parent's children
    is_list: bool
    # whether an only child stands in the place of its parent, so that the builder is not called
    passes_one: bool


class UnexpectedError(Exception):
    """The text goes on in no way that the grammar has. `at` is where, the length of the text when it ends too early."""

    def __init__(self, at: int) -> None:
        super().__init__(at)
        self.at = at


class Tables:
    """A grammar as LALR(1) tables. Symbols are named by texts, states are numbers."""

    def __init__(
        self,
        terminals: Mapping[str, str],
        ignored: Sequence[str],
        beginnings: Mapping[str, str],
        word: str,
        keywords: Mapping[str, str],
        actions: Sequence[Mapping[str, int]],
        accepted: Sequence[Sequence[str]],
        rules: Sequence[Sequence[Any]],
        start: int,
        end: int,
    ) -> None:
        # regular expressions by terminal, in the order of precedence; those in `keywords` are not among them
        self.terminals = terminals
        # terminals that are skipped, such as blanks
        self.ignored = frozenset(ignored)
        # for some terminals the text that each match begins with; elsewhere the expression need not be tried
        self.beginnings = beginnings
        # the terminal whose match may turn out to be a keyword
        self.word = word
        # terminals by the word that they stand for, in lower case
        self.keywords = keywords
        # for each state by symbol: the state to go to, or the inverse (~) of the place in `rules` of the rule that is
        # complete
        self.actions = actions
        # the rules that an action can complete
        self.rules = [GrammarRule(*row) for row in rules]
        # the state to begin in
        self.start = start
        # the state in which the whole text is read, when no text is left
        self.end = end
        # for each state the terminals that it tries, in the order of precedence
        self._accepted = [tuple(names) for names in accepted]
        # what `scanner` has made so far, by the terminals to try
        self._scanners: dict[tuple[str, ...], list[tuple[str, re.Pattern[str]]]] = {}
        # one compiled expression for several terminals, by their names
        self._patterns: dict[tuple[str, ...], re.Pattern[str]] = {}

    def scanner(self, state: int) -> list[tuple[str, re.Pattern[str]]]:
        """The patterns to try in a state, one after the other, each with what the text there has to begin with.

        The name of the group that matches is that of the terminal.
        """
        names = self._accepted[state]
        found = self._scanners.get(names)
        if found is None:
            found = self._scanners[names] = [(self._beginning(group), self._pattern(group)) for group in self._groups(names)]
        return found

    def _groups(self, names: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        """Neighbours that the same states try are one pattern, so that none is compiled twice and few have to be tried."""
        return (tuple(group) for _, group in groupby(names, self._users.__getitem__))

    @cached_property
    def _users(self) -> dict[str, frozenset[tuple[str, ...]]]:
        lists = set(self._accepted)
        return {name: frozenset(names for names in lists if name in names) for name in self.terminals}

    def _beginning(self, names: tuple[str, ...]) -> str:
        return self.beginnings.get(names[0], "") if len(names) == 1 else ""

    def _pattern(self, names: tuple[str, ...]) -> re.Pattern[str]:
        found = self._patterns.get(names)
        if found is None:
            text = "|".join(f"(?P<{name}>{self.terminals[name]})" for name in names)
            found = self._patterns[names] = regex(text)
        return found


class Parser:
    """Makes values of texts: `builder` has a method for each rule, which gets the list of its children, by the rule's name.

    It may have methods for terminals too, which get the token and give what stands in its place.
    """

    def __init__(self, tables: Tables, builder: object) -> None:
        # the grammar
        self.tables = tables
        # for each of the grammar's rules the builder's method; None where it has none, as for rules that pass on what
        # they hold
        self._made: list[Callable[[list[Any]], Any] | None] = [getattr(builder, rule.name, None) for rule in tables.rules]
        named = ((name, getattr(builder, name, None)) for name in tables.terminals)
        # the builder's methods for terminals, by terminal; the others' tokens are children as they are
        self._of_terminal: dict[str, Callable[[Token], Any]] = {name: method for name, method in named if method}

    def parse(self, text: str) -> Any:
        """What the builder makes of the whole text.

        Raises UnexpectedError.
        """
        tables = self.tables
        states = [tables.start]
        values: list[Any] = []
        at = 0
        while True:
            token = self._next(text, at, states[-1])
            at = token.end
            state = self._reduced(token, states, values)
            if token.type == END:
                return values[-1]
            states.append(state)
            of_terminal = self._of_terminal.get(token.type)
            values.append(of_terminal(token) if of_terminal else token)

    def _next(self, text: str, at: int, state: int) -> Token:
        """The terminal that stands at a place, or after it where what stands there is ignored."""
        end = len(text)
        scanner = self.tables.scanner(state)
        while at < end:
            for beginning, pattern in scanner:
                if text.startswith(beginning, at) and (match := pattern.match(text, at)):
                    break
            else:
                raise UnexpectedError(at)
            name, at = match.lastgroup, match.end()
            assert name
            if name not in self.tables.ignored:
                value = match[0]
                if name == self.tables.word:
                    name = self.tables.keywords.get(value.lower(), name)
                return Token(name, value, match.start(), at)
        return Token(END, "", end, end)

    def _reduced(self, token: Token, states: list[int], values: list[Any]) -> int:
        """Completes the rules that end before a token; gives the state to go to with it, at the end of the text the last one."""
        tables = self.tables
        while True:
            if token.type == END and states[-1] == tables.end:
                return tables.end
            action = tables.actions[states[-1]].get(token.type)
            if action is None:
                raise UnexpectedError(token.start)
            if action >= 0:
                return action
            rule = tables.rules[~action]
            first = len(values) - rule.length
            value = self._complete(~action, values[first:])
            del values[first:], states[len(states) - rule.length :]
            values.append(value)
            states.append(tables.actions[states[-1]][rule.name])

    def _complete(self, number: int, symbols: list[Any]) -> Any:
        rule = self.tables.rules[number]
        children: list[Any] = []
        for at, is_list in rule.kept:
            if not is_list:
                children.append(symbols[at])
            elif children:
                children += symbols[at]
            else:
                # the list of a repeated symbol grows by one item at a time: a copy each time would be quadratic
                children = symbols[at]
        if rule.is_list:
            return children
        if rule.passes_one and len(children) == 1:
            return children[0]
        made = self._made[number]
        assert made, rule.name
        return made(children)
