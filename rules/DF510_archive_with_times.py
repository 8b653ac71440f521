"""DF510: an archive holds the times of the build."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.edits import insert
from dockerlint.lint.analysis.program_calls import calls
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.analysis.program_calls import Call
    from dockerlint.lint.syntax.nodes import Run

# Of GNU tar: the order, the times and the owners that do not depend on the build.
FIXED_TAR = "--sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner"
# busybox and libarchive call it the same and know none of these.
GNU = frozenset({"debian", "ubuntu", "fedora", "centos", "rockylinux", "almalinux", "ubi", "amazonlinux", "opensuse", "oraclelinux"})
TO_STDOUT = frozenset({"-c", "--stdout", "--to-stdout"})
UNPACKING = frozenset({"-d", "--decompress", "--uncompress", "-l", "--list", "-t", "--test"})


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
    time first, and a sorted list. busybox's `tar` has none either.

    **Source:** two builds of each of these files were compared; the manual pages of GNU tar and gzip.
    """
    for run in facts.every(nodes.Run):
        for call in calls(facts, run, "tar", "gzip", "zip"):
            yield from _check(facts, run, call)


def _check(facts: Facts, run: Run, call: Call) -> Iterator[Finding]:
    words = call.texts
    if call.name == "tar" and _creates(words):
        missing = [what for what, option in (("order", "--sort"), ("times", "--mtime")) if not _has(words, option)]
        if missing:
            fix = _tar_fix(facts, run, call) if len(missing) == 2 else None
            yield Finding(call.command.span, f"`tar` stores the {' and '.join(missing)} of the files in the archive: every build differs", fix)
    elif call.name == "gzip" and _keeps_time(words):
        fix = _behind_name(run, call, "-n")
        yield Finding(call.command.span, "`gzip` stores the time of the file in the archive: every build differs", fix)
    elif call.name == "zip" and words:
        yield Finding(call.command.span, "`zip` stores the times of the files in the archive: run `touch -d @0` on them first")


def _has(words: list[str], option: str) -> bool:
    return any(word == option or word.startswith(option + "=") for word in words)


def _creates(words: list[str]) -> bool:
    if _has(words, "--create"):
        return True
    # the first word may be a bundle without a dash: `tar czf site.tgz site`
    bundles = [word for at, word in enumerate(words) if word[:1] == "-" != word[1:2] or (at == 0 and word.isalpha())]
    return any("c" in word for word in bundles)


def _keeps_time(words: list[str]) -> bool:
    """Whether gzip packs a file; what it reads from a pipe has no time."""
    short = {char for word in words if word[:1] == "-" != word[1:2] for char in word[1:]}
    named = [word for word in words if not word.startswith("-")]
    is_quiet = "n" in short or "--no-name" in words
    return bool(named) and not is_quiet and not {"d", "l", "t"} & short and UNPACKING.isdisjoint(words)


def _tar_fix(facts: Facts, run: Run, call: Call) -> Fix | None:
    base = facts.base_of(run)
    if base is None or base.distribution not in GNU or any(_has(call.texts, option) for option in ("--owner", "--group", "--numeric-owner")):
        return None
    if call.texts[0].startswith("-"):
        return _behind_name(run, call, FIXED_TAR)
    # a bundle without a dash has its values right behind it
    return None if not isinstance(run.form, nodes.Shell) else _fix(call.words[-1].span.end, FIXED_TAR)


def _behind_name(run: Run, call: Call, options: str) -> Fix | None:
    return _fix(call.words[0].span.end, options) if isinstance(run.form, nodes.Shell) else None


def _fix(place: int, options: str) -> Fix:
    return Fix(f"add `{options}`", (insert(place, f" {options}"),), Applicability.UNSAFE)
