"""DF510: an archive holds the times of the build."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.edits import insert
from dockerlint.fixers.refusal import Refusal, answered
from dockerlint.lint.analysis.program_calls import calls
from dockerlint.lint.catalogue.tables import table
from dockerlint.lint.catalogue.tool import removed_paths
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.analysis.program_calls import Call
    from dockerlint.lint.catalogue.base_images import BaseImage
    from dockerlint.lint.shell.script import Command
    from dockerlint.lint.syntax.nodes import Run

# Of GNU tar: the order, the times and the owners that do not depend on the build.
FIXED_TAR = "--sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner"
# busybox and libarchive call it the same and know none of these.
TARS = "lint/catalogue/data/tar_sort.toml"
# Letters that take a value. Source: tar(1), gzip(1).
TAR_VALUES = frozenset("bCfFgHIKLNTVX")
GZIP_VALUES = frozenset("bS")
UNPACKING = frozenset({"--decompress", "--uncompress", "--list", "--test"})
# What zip does without writing an archive of files. Source: zip(1).
NOT_ZIPPING = frozenset({"-h", "-h2", "-?", "--help", "-L", "--license", "-v", "--version", "-T", "--test", "-d", "--delete", "-sf", "--show-files"})
# Programs that write a file of what they read.
WRITERS = frozenset({"tee", "dd", "split"})


@rule(name="archive-with-times", severity=Severity.INFO, recommended=False, needs=("tar", "gzip", "zip"))
def archive_with_times(facts: Facts) -> Iterator[Finding]:
    """An archive made in the build holds the order, the times and the owners of that build's files.

    `tar` takes files in the order of the folder and writes down when they were made, `gzip` the time of its file. Two archives of
    the same files are not the same then.

    ```dockerfile bad
    FROM debian:bookworm-slim
    COPY site /srv/site
    RUN tar -czf /srv/site.tar.gz -C /srv site
    ```

    ```dockerfile fixed
    FROM debian:bookworm-slim
    COPY site /srv/site
    RUN tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -czf /srv/site.tar.gz -C /srv site
    ```

    ```dockerfile bad
    FROM debian:bookworm-slim
    COPY list.txt /srv/
    RUN gzip -9 /srv/list.txt
    ```

    ```dockerfile fixed
    FROM debian:bookworm-slim
    COPY list.txt /srv/
    RUN gzip -n -9 /srv/list.txt
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    COPY site.tar.gz /srv/
    RUN tar -xzf /srv/site.tar.gz -C /srv
    ```

    **Fix safety:** always unsafe: who unpacks the archive gets root's files with the time 0. `zip` has no such option: give the files one
    time first, and a sorted list, and leave out the rest of what it writes of them (`-X`). busybox's `tar` has none either.

    **Source:** two builds of each of these files were compared; the manual pages of GNU tar and gzip.
    """
    for run in facts.every(nodes.Run):
        for call in calls(facts, run, "tar", "gzip", "zip"):
            yield from _check(facts, run, call)


def _check(facts: Facts, run: Run, call: Call) -> Iterator[Finding]:
    words = call.texts
    if call.name == "tar" and "c" in _letters(words, TAR_VALUES) | _long(words, "--create") and _lasts(facts, run, call):
        missing = [what for what, option in (("order", "--sort"), ("times", "--mtime")) if not _has(words, option)]
        if missing:
            fix = _tar_fix(facts, run, call) if len(missing) == 2 else None
            yield answered(call.command.span, f"`tar` stores the {' and '.join(missing)} of the files in the archive: every build differs", fix or HALF)
    elif call.name == "gzip" and _keeps_time(call):
        fix = _behind_name(run, call, "-n")
        yield answered(call.command.span, "`gzip` stores the time of the file in the archive: every build differs", fix or IN_JSON)
    elif call.name == "zip" and words and NOT_ZIPPING.isdisjoint(words):
        why = Refusal("zip has no option for it: run `touch -d @0` on the files first, and add `-X`")
        yield answered(call.command.span, "`zip` stores the times of the files in the archive: every build differs", why)


HALF = Refusal("dlint does not know whether this `tar` is GNU's and has `--sort`, or some of its options are there: add the rest by hand")
IN_JSON = Refusal("the RUN is a JSON list: add `-n` to it by hand")


def _has(words: list[str], option: str) -> bool:
    return any(word == option or word.startswith(option + "=") for word in words)


def _long(words: list[str], option: str) -> set[str]:
    """The letter of an option that is written out."""
    return {option[2]} if option in words else set()


def _letters(words: list[str], valued: frozenset[str]) -> set[str]:
    """The options of one letter, bundled or not; the first word of tar may be a bundle without a dash: `tar czf site.tgz site`."""
    found = set(words[0]) if valued is TAR_VALUES and words and _is_bare(words[0]) else set()
    for word in words:
        if word == "--":
            break
        if word[:1] == "-" != word[1:2]:
            for letter in word[1:]:
                found.add(letter)
                if letter in valued:
                    break
    return found


def _is_bare(word: str) -> bool:
    return word.isalpha()


def _lasts(facts: Facts, run: Run, call: Call) -> bool:
    """Whether an archive gets into the layer: it is a file that nothing removes in the same step."""
    archive = _archive(call)
    if archive in (None, "-", "/dev/stdout"):
        return _written(call.command) is not None or _writes_behind(facts, run, call)
    later = (command for command in facts.commands(run) if command.span.start > call.command.span.start)
    return all(path != archive for path, _ in removed_paths(later))


def _archive(call: Call) -> str | None:
    """The file that tar is to write; None when it does not say."""
    words = call.texts
    if not _is_bare(words[0]):
        return call.value("--file", "f")
    valued = [letter for letter in words[0] if letter in TAR_VALUES]
    at = valued.index("f") + 1 if "f" in valued else len(words)
    return words[at] if at < len(words) else None


def _written(command: Command) -> str | None:
    """The file that a command's output is redirected to."""
    found = [item.target.text for item in command.redirects if item.operator in (">", ">>", ">|", "1>") and item.target]
    return found[-1] if found and found[-1] != "/dev/null" else None


def _writes_behind(facts: Facts, run: Run, call: Call) -> bool:
    """Whether what stands behind a command in its pipe writes a file."""
    commands = facts.commands(run)
    at = next(number for number, command in enumerate(commands) if command.span == call.command.span)
    for command in commands[at + 1 :]:
        if command.before != "|":
            return False
        if _written(command) or command.name in WRITERS:
            return True
    return False


def _keeps_time(call: Call) -> bool:
    """Whether gzip packs a file, by name or as its input (measured); what it reads from a pipe has no time."""
    words = call.texts
    letters = _letters(words, GZIP_VALUES)
    named = [word for at, word in enumerate(words) if not word.startswith("-") and words[at - 1] != "-S"]
    is_given = bool(named) or any(item.operator == "<" for item in call.command.redirects)
    is_quiet = "n" in letters or "--no-name" in words
    return is_given and not is_quiet and not {"d", "l", "t"} & letters and UNPACKING.isdisjoint(words)


def _tar_fix(facts: Facts, run: Run, call: Call) -> Fix | None:
    base = facts.base_of(run)
    if base is None or not _sorts(base) or any(_has(call.texts, option) for option in ("--", "--owner", "--group", "--numeric-owner")):
        return None
    if call.texts[0].startswith("-"):
        return _behind_name(run, call, FIXED_TAR)
    # a bundle without a dash has its values right behind it
    return None if not isinstance(run.form, nodes.Shell) else _fix(call.words[-1].span.end, FIXED_TAR)


def _sorts(base: BaseImage) -> bool:
    """Whether an image's tar has the option `--sort`."""
    data = table(TARS)
    return base.distribution in data["gnu"] and base.release not in data["without"].get(base.distribution, ())


def _behind_name(run: Run, call: Call, options: str) -> Fix | None:
    return _fix(call.words[0].span.end, options) if isinstance(run.form, nodes.Shell) else None


def _fix(place: int, options: str) -> Fix:
    return Fix(f"add `{options}`", (insert(place, f" {options}"),), Applicability.UNSAFE)
