import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockerlint.lint.syntax.word_expansion import (
    ExpansionError,
    VariableReference,
    expand,
    expand_words,
    try_expand,
    variables,
)

CASES = Path(__file__).parents[4] / "shared" / "conformance" / "buildkit_words.jsonl"
ENV = {
    "USER": "ada",
    "EMPTY": "",
    "FILE": "/srv/data.tar.gz",
    "LIST": "one  two three",
    "STAR": "*",
    "LINES": "up\ndown",
    "1": "first",
    "É": "accent",
    "ROWS": "x\nx\nxy",
    "STARS": "a*b*c",
}

EXPANDED = [
    # names
    ("$USER", "ada"),
    ("$USER.txt", "ada.txt"),
    ("${USER}s", "adas"),
    ("$USERS", ""),
    ("$É!", "accent!"),
    ("$1st", "firstst"),
    ("$12", ""),
    ("$$USER", "USER"),
    ("$-$?$#", ""),
    ("costs 5$", "costs 5$"),
    ("$/$ $", "$/$ $"),
    ("${+x}|${%x}", "|"),
    ("\ufeff$USER", "ada"),
    # quotes and escapes
    ("'$USER'", "$USER"),
    ('"$USER"', "ada"),
    ('"it\'s"', "it's"),
    ("'say \"hi\"'", 'say "hi"'),
    (r"\$USER", "$USER"),
    (r"\\$USER", r"\ada"),
    (r"a\b\ c", "ab c"),
    (r'"a\b\"\$\\"', 'a\\b"$\\'),
    (r"'a\b'", r"a\b"),
    ("end\\", "end"),
    # defaults and alternatives
    ("${NONE-x}${EMPTY-x}${USER-x}", "xada"),
    ("${NONE:-x}${EMPTY:-x}${USER:-x}", "xxada"),
    ("${NONE+x}|${EMPTY+x}|${USER+x}", "|x|x"),
    ("${NONE:+x}|${EMPTY:+x}|${USER:+x}", "||x"),
    ("${EMPTY?no}${USER:?no}", "ada"),
    ("${NONE:-${EMPTY:-$USER}}", "ada"),
    ("${NONE:-'a}b'}", "a}b"),
    (r"${NONE:-a\}b}", "a}b"),
    ('${NONE:-"$USER"}', "ada"),
    ("${NONE-}", ""),
    # patterns at the ends
    ("${FILE#*/}", "srv/data.tar.gz"),
    ("${FILE##*/}", "data.tar.gz"),
    ("${FILE%.*}", "/srv/data.tar"),
    ("${FILE%%.*}", "/srv/data"),
    ("${FILE#/???}", "/data.tar.gz"),
    ("${FILE#srv}", "/srv/data.tar.gz"),
    ("${FILE%gz*}", "/srv/data.tar."),
    ("${FILE%$STAR.gz}", "/srv/data.tar"),
    ("${STAR#\\*}|${STAR#\\?}", "|*"),
    ("${STARS%\\**}|${STARS%%\\**}", "a*b|a"),
    ("${NONE##x}", ""),
    ("${FILE'#'}", None),
    ("${LINES#*n}", "up\ndown"),
    ("${LINES#*p}", "\ndown"),
    ("${LINES##*}", "\ndown"),
    ("${LINES#up?}", "up\ndown"),
    # replacing
    ("${FILE/a/o}", "/srv/dota.tar.gz"),
    ("${FILE//a/o}", "/srv/doto.tor.gz"),
    ("${FILE//\\//-}", "-srv-data.tar.gz"),
    ("${FILE/.*/}", "/srv/data"),
    ("${FILE//nothing/x}", "/srv/data.tar.gz"),
    ("${USER/$NONE/x}", "xada"),
    ("${USER//$NONE/.}", ".a.d.a."),
    ("${USER//*/x}", "x"),
    ("${LINES//*/x}", "x\nx"),
    ("${USER//a/'<$0${0}$$$x>'}", "<aa$>d<aa$>"),
    ("${USER/a/'$0'}", "$0da"),
    ("${USER/\\*/x}", "ada"),
    ("${STARS/\\*?/}", "a*c"),
    ("${ROWS/x\nx*y/-}", "x\n-"),
    ("${USER//a/'$'}", "$d$"),
    # what the builder refuses
    ("'open", None),
    ('"open', None),
    ('"open\\"', None),
    ('"open\\', None),
    ("${", None),
    ("${USER", None),
    ("${USER:", None),
    ("${USER:-", None),
    ("${USER:-'}", None),
    ("${}", None),
    ("${{USER}}", None),
    ("${:-x}", None),
    ("${.}", None),
    ("${USER=x}", None),
    ("${USER:=x}", None),
    ("${USER:0:1}", None),
    ("${USER^^}", None),
    ("${USER:#a}", None),
    ("${USER:%a}", None),
    ("${#USER}", None),
    ("${USER/a}", None),
    ("${USER/a/b", None),
    ("${USER#\\a}", None),
    ("${NONE?}", None),
    ("${EMPTY:?}", None),
]


@pytest.mark.parametrize(("word", "expected"), EXPANDED)
def test_expands(word: str, expected: str | None) -> None:
    if expected is None:
        with pytest.raises(ExpansionError):
            expand(word, ENV)
    else:
        assert expand(word, ENV) == expected


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("`$USER", "$USER"),
        ("C:\\$USER\\x", "C:\\ada\\x"),
        ('"a`"b\\"', 'a"b\\'),
        # The pattern keeps the escape, and knows no other than the backslash: here the star stays one.
        ("${TICKED#`*}", "ada"),
    ],
)
def test_expands_with_backtick(word: str, expected: str) -> None:
    assert expand(word, {**ENV, "TICKED": "`ada"}, "`") == expected


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("a b", ["a", "b"]),
        ("  a\t\nb  ", ["a", "b"]),
        ("", []),
        ("''", []),
        ("a '' b", ["a", "b"]),
        ("'a b' c", ["a b", "c"]),
        ("a\\ b", ["a b"]),
        ("x$LIST", ["xone", "two", "three"]),
        ('"$LIST"y', ["one  two threey"]),
        ("$EMPTY a", ["a"]),
        ("a\u00a0b\x1cc", ["a", "b\x1cc"]),
        ("a ${NONE:-b c}d", ["a", "b", "cd"]),
        # The builder loses what stands before an operator's word in the same word.
        ("a b${NONE:-c}d", ["a", "cd"]),
        ('a"b${NONE:-c}d"', ["bcd"]),
        ("a b${USER}d", ["a", "badad"]),
    ],
)
def test_splits(word: str, expected: list[str]) -> None:
    assert expand_words(word, ENV) == expected


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("cat <<EOF >'a b'", ["cat", "<<EOF", ">'a b'"]),
        ("<<\"E F\" <<'G'", ['<<"E F"', "<<'G'"]),
        ("<<\\EOF x", ["<<\\EOF", "x"]),
        ("<<$X <<${X}", ["<<$X", "<<${X}"]),
        ("${X:-a} ${X:=b} ${X%%c} ${X//d/e}", ["${X:-a}", "${X:=b}", "${X%%c}", "${X/d/e}"]),
        ('"a\\b\\""', ['"a\\\\b\\""']),
    ],
)
def test_splits_as_written(word: str, expected: list[str]) -> None:
    assert expand_words(word, {}, raw_quotes=True, raw_escapes=True, skip_unset=True) == expected


def test_skip_quotes_takes_them_for_text() -> None:
    assert expand("it's '$USER' \"", ENV, skip_quotes=True) == "it's 'ada' \""
    assert variables("it's $USER", skip_quotes=True) == (VariableReference(5, 10, "USER", ""),)


def test_error_says_where_and_why() -> None:
    with pytest.raises(ExpansionError, match="closing } is missing") as caught:
        expand("abc${USER", ENV)
    assert caught.value.offset == 3
    with pytest.raises(ExpansionError, match="NONE: give me ada") as caught:
        expand("ab${NONE:?give me $USER}", ENV)
    assert caught.value.offset == 2


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("$WHO", None),
        ("a", "a"),
        ("'$WHO'", "$WHO"),
        ("${WHO:-x}", None),
        ("${WHO+x}", None),
        ("${USER:-$WHO}", "ada"),
        ("${NONE:-$WHO}", None),
        ("${NONE:+$WHO}", ""),
        ("${USER:+$WHO}", None),
        ("${USER#$WHO}", None),
        ("${USER//$WHO/x}", None),
        ("${USER/a/$WHO}", None),
        ("${WHO%x}", None),
        ("${WHO:?}", None),
        ('"$WHO"', None),
    ],
)
def test_unknown_values(word: str, expected: str | None) -> None:
    env = {**ENV, "WHO": None}
    assert try_expand(word, env) == expected
    if expected is None:
        with pytest.raises(ExpansionError, match="only the build knows"):
            expand(word, env)


@pytest.mark.parametrize("word", ["${WHO#\\a}", "${NONE?$WHO}", "${WHO", "${WHO=x}"])
def test_unknown_values_excuse_no_mistake(word: str) -> None:
    with pytest.raises(ExpansionError):
        try_expand(word, {"WHO": None})


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("plain \\$no '$no' $", []),
        ("$A-${B}", [("$A", "A", ""), ("${B}", "B", "")]),
        ('"$A"', [("$A", "A", "")]),
        ("${A:-$B}", [("${A:-$B}", "A", ":-"), ("$B", "B", "")]),
        ("${A##x}${A#x}", [("${A##x}", "A", "##"), ("${A#x}", "A", "#")]),
        ("${A%%x}${A//x/$B}", [("${A%%x}", "A", "%%"), ("${A//x/$B}", "A", "//"), ("$B", "B", "")]),
        ("${A/x/y}${A?z}", [("${A/x/y}", "A", "/"), ("${A?z}", "A", "?")]),
        ("$@$10", [("$@", "@", ""), ("$10", "10", "")]),
    ],
)
def test_variables(word: str, expected: list[tuple[str, str, str]]) -> None:
    found = [(word[used.start : used.end], used.name, used.operator) for used in variables(word)]
    assert found == expected


def test_variables_know_their_defaults() -> None:
    used = variables("${A-x}${A:-x}${A:+x}${A#x}$A")
    assert [reference.has_default for reference in used] == [True, True, False, False, False]


DEEP = 100_000


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("${A:-" * DEEP + "x" + "}" * DEEP, "x"),
        ('${A:-"' * DEEP + "x" + '"}' * DEEP, "x"),
        ("${A:-" * DEEP, None),
        ("${A/" * DEEP, None),
        ("${A:-longer" * DEEP + "}" * DEEP, None),
        ("${V//?/" * 20 + "$V" + "}" * 20, None),
        ("$V" * DEEP, None),
        ("${V#" + "*a?" * DEEP + "}", None),
    ],
    ids=["defaults", "quotes", "open", "patterns", "copies", "power", "many", "long pattern"],
)
def test_attacks_end(word: str, expected: str | None) -> None:
    env = {"V": "v" * 100}
    if expected is None:
        with pytest.raises(ExpansionError):
            expand(word, env)
    else:
        assert expand(word, env) == expected


def test_hard_patterns_are_fast_enough_to_finish() -> None:
    value = "a" * 20_000
    assert expand("${V##" + "*a" * 30 + "b}", {"V": value}) == value
    assert expand("${V//" + "a*" * 30 + "b/x}", {"V": value}) == value
    assert expand("${V//*b*/x}", {"V": "a\n" * 20_000}) == "a\n" * 20_000


WORDS = st.text("$${{}}}ABa:-+?#%/*'\"\\` \n.", max_size=30)
VALUES = st.dictionaries(st.sampled_from("ABa"), st.text("ab*/\\$0 \n", max_size=8))
ESCAPES = st.sampled_from("\\`")
FLAGS = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("raw_quotes", "raw_escapes", "skip_unset", "skip_quotes"), st.booleans())
)


@given(WORDS | st.text(max_size=20), VALUES, ESCAPES, FLAGS)
def test_says_all_or_raises(word: str, env: dict[str, str], escape: str, flags: dict[str, bool]) -> None:
    try:
        whole = expand(word, env, escape, **flags)
    except ExpansionError:
        return
    words = expand_words(word, env, escape, **flags)
    assert all(words)
    if "${" not in word:
        assert "".join("".join(words).split()) == "".join(whole.split())


@given(st.text("abcXYZ019_./:-=@,~é漢^&|<>()[]{}*?#%!+"), ESCAPES)
def test_ordinary_characters_stay(word: str, escape: str) -> None:
    assert expand(word, ENV, escape) == word
    assert variables(word, escape) == ()


@given(st.lists(st.text("abc/.:=", min_size=1), max_size=5), ESCAPES)
def test_words_survive_joining(words: list[str], escape: str) -> None:
    assert expand_words(" ".join(words), {}, escape) == words


@given(st.text().filter(lambda text: "'" not in text), ESCAPES)
def test_single_quotes_keep_all(text: str, escape: str) -> None:
    assert expand(f"'{text}'", ENV, escape) == text


@given(st.text(min_size=1).filter(lambda text: not text.startswith("\ufeff")), ESCAPES)
def test_escaping_all_keeps_all(text: str, escape: str) -> None:
    assert expand("".join(escape + character for character in text), ENV, escape) == text


@given(WORDS, ESCAPES)
def test_variables_are_where_they_say(word: str, escape: str) -> None:
    try:
        used = variables(word, escape)
    except ExpansionError:
        return
    assert [reference.start for reference in used] == sorted({reference.start for reference in used})
    for reference in used:
        text = word[reference.start : reference.end]
        opening = "${" if text.endswith("}") else "$"
        assert text.startswith(opening + reference.name + reference.operator)


@given(WORDS, VALUES, VALUES)
def test_unknown_values_never_mislead(word: str, env: dict[str, str], guesses: dict[str, str]) -> None:
    """What is said of a word with unknown values holds, whatever they turn out to be."""
    known = {name: value for name, value in env.items() if name not in guesses}
    partly: dict[str, str | None] = {**known, **dict.fromkeys(guesses)}
    try:
        said = try_expand(word, partly)
    except ExpansionError:
        with pytest.raises(ExpansionError):
            expand(word, {**known, **guesses})
        return
    if said is not None:
        assert expand(word, {**known, **guesses}) == said


def backtracking(pattern: str, star: str) -> str:
    """The pattern as a plain regex that tries everything."""
    return "".join({"*": star, "?": "."}.get(character) or re.escape(character) for character in pattern)


@given(st.text("ab?*\n", max_size=7), st.text("ab\n", max_size=12), st.booleans())
def test_patterns_match_as_plain_regexes_do(pattern: str, value: str, longest: bool) -> None:
    env = {"V": value, "P": pattern}
    star = ".*" if longest else ".*?"
    first = re.match(backtracking(pattern, star), value)
    last = re.match(backtracking(pattern[::-1], star), value[::-1])
    assert expand("${V##$P}" if longest else "${V#$P}", env) == (value[first.end() :] if first else value)
    assert expand("${V%%$P}" if longest else "${V%$P}", env) == (value[: len(value) - last.end()] if last else value)
    assert expand("${V/$P/<>}", env) == re.sub(backtracking(pattern, ".*"), "<>", value, count=1)


def conformance() -> list[dict[str, object]]:
    if not CASES.exists():
        return []
    cases = [json.loads(line) for line in CASES.read_text(encoding="utf-8").splitlines()]
    return [case for case in cases if case["platform"] != "windows"]


@pytest.mark.skipif(not CASES.exists(), reason="the builder's own cases are not here")
def test_builder_cases() -> None:
    wrong = []
    for case in conformance():
        word, env = case["word"], case["env"]
        assert isinstance(word, str)
        assert isinstance(env, dict)
        split = "expected_words" in case
        got: object
        try:
            got = expand_words(word, env) if split else expand(word, env)
        except ExpansionError:
            got = None
        if got != case["expected_words" if split else "expected"]:
            wrong.append((case["id"], got))
    assert wrong == []
