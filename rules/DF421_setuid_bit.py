"""DF421: a RUN sets the setuid or setgid bit on a program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.analysis.program_calls import calls
from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts

# Of folders the group's bit (2755, g+s) only says which group new files get; the octal form must have the user's.
SETS = regex(r"0?[4567][0-7]{3}|(?:[rwxXugoa=+,-]*,)?[ua]*[+=][rwxX]*s[rwxXs]*")


@rule(name="setuid-bit", severity=Severity.WARNING, needs=("chmod",))
def setuid_bit(facts: Facts) -> Iterator[Finding]:
    """A RUN sets the setuid or setgid bit on a program.

    With the bit set on a program of root, a weakness in it makes any user of the container root. Capabilities, or a process that
    starts with the rights it needs, are narrower.

    ```dockerfile bad
    FROM debian:bookworm-slim
    COPY ping /usr/local/bin/
    RUN chmod u+s /usr/local/bin/ping
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    RUN find / -xdev -perm /6000 -type f -exec chmod a-s {} +
    ```

    **Source:** CIS Docker Benchmark 4.8; the manual page of chmod.
    """
    for run in facts.every(nodes.Run):
        if not facts.in_image(run):
            continue
        for call in calls(facts, run, "chmod"):
            for word in call.words[1:]:
                if SETS.fullmatch(word.text):
                    what = call.texts[-1][:60]
                    yield Finding(
                        word.span, f"`chmod {word.text}` sets the setuid or setgid bit on {what}: it runs with its owner's rights"
                    )
                if not word.text.startswith("-"):
                    break
