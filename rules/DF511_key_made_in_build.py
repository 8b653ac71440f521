"""DF511: a key that should be secret is made in the build."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from dockerlint.fixers.cache.cleanup import can_follow, clean_command, follow
from dockerlint.fixers.refusal import Refusal, answered
from dockerlint.lint.analysis.program_calls import calls
from dockerlint.lint.catalogue.tool import removed_paths
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.analysis.program_calls import Call
    from dockerlint.lint.catalogue.tool import Invocation
    from dockerlint.lint.syntax.nodes import Run

# Packages whose installation makes keys, and where these lie (measured, Debian 12).
HOST_KEYS = "/etc/ssh/ssh_host_*"
PACKAGES = {"openssh-server": HOST_KEYS, "ssl-cert": "/etc/ssl/private/ssl-cert-snakeoil.key"}
OPENSSL = frozenset({"genrsa", "genpkey", "gendsa", "rand"})
# What ssh-keygen does without making a key, by its letter; and the letters that take a value. Source: ssh-keygen(1).
READING = frozenset("lyeipcRFHBLkQsMYrK")
VALUES = frozenset("abCDEfFIJjKmMnNOPQRrSstVWwYz")
# Where the key goes, in ssh-keygen and in openssl.
FILES = ("-f", "-out", "-keyout")


@rule(name="key-made-in-build", severity=Severity.WARNING, recommended=False, needs=("ssh-keygen", "openssl", *PACKAGES))
def key_made_in_build(facts: Facts) -> Iterator[Finding]:
    """A step makes a key that ships with the image.

    Everybody who can pull the image has the key, and all containers have the same one. And as it is another one in each build, two builds are
    never the same. A key is made when the container starts, or given to it.

    ```dockerfile bad
    FROM debian:bookworm-slim
    RUN apt-get update && apt-get install -y --no-install-recommends openssh-server && rm -rf /var/lib/apt/lists/*
    CMD ["/usr/sbin/sshd", "-D"]
    ```

    ```dockerfile fixed
    FROM debian:bookworm-slim
    RUN apt-get update && apt-get install -y --no-install-recommends openssh-server && rm -rf /var/lib/apt/lists/* \\
        && rm -f /etc/ssh/ssh_host_*
    CMD ["/usr/sbin/sshd", "-D"]
    ```

    ```dockerfile bad
    FROM nginx:1.27
    RUN openssl req -x509 -nodes -newkey rsa:2048 -subj /CN=localhost -keyout /etc/ssl/key.pem -out /etc/ssl/cert.pem
    ```

    ```dockerfile good
    FROM nginx:1.27
    RUN openssl x509 -in /etc/ssl/certs/ca.pem -noout -subject
    ```

    **Fix safety:** always unsafe: sshd does not start without a key, so the container must make one first (`ssh-keygen -A`).

    **Source:** two builds of the first file were compared; the manual pages ssh-keygen(1) and openssl(1).
    """
    for run in facts.every(nodes.Run):
        if not facts.in_image(run):
            continue
        for call in calls(facts, run, "ssh-keygen", "openssl"):
            if _makes_key(call) and not _is_gone(facts, run, call):
                line = " ".join([call.name, *call.texts[:1]])
                message = f"`{line}` creates a key that everyone who pulls the image has"
                yield answered(call.command.span, message, Refusal("only you know what reads the key: create it when the container starts"))
        for item in facts.invocations(run):
            if item.tool.kind == "system" and item.action == "install":
                yield from _of_packages(facts, run, item)


def _makes_key(call: Call) -> bool:
    words = call.texts
    if call.name == "ssh-keygen":
        return READING.isdisjoint(_letters(words))
    return words[:1] != [] and (words[0] in OPENSSL or (words[0] == "req" and bool({"-newkey", "-x509", "-new"} & set(words)) and "-key" not in words))


def _letters(words: list[str]) -> set[str]:
    """The options of one letter, bundled or not."""
    found = set()
    for word in words:
        if word.startswith("-"):
            for letter in word[1:]:
                found.add(letter)
                if letter in VALUES:
                    break
    return found


def _is_gone(facts: Facts, run: Run, call: Call) -> bool:
    """Whether the same step removes all files that a call writes."""
    words = call.texts
    written = [value for option, value in pairwise(words) if option in FILES]
    if call.name == "ssh-keygen" and "-A" in words:
        written = [HOST_KEYS]
    later = (command for command in facts.commands(run) if command.span.start > call.command.span.start)
    removed = [path for path, _ in removed_paths(later)]
    return bool(written) and all(any(_covers(path, file) for path in removed) for file in written)


def _covers(path: str, file: str) -> bool:
    return file == path or file.startswith(path.rstrip("/") + "/")


def _of_packages(facts: Facts, run: Run, install: Invocation) -> Iterator[Finding]:
    for word in install.packages:
        files = PACKAGES.get(word.text.partition("=")[0])
        if files is None or install.tool.name != "apt" or _is_removed(facts, run, files, install):
            continue
        yield answered(word.span, f"{word.text} creates keys during the install, and everyone who pulls the image has them", _fix(facts, run, install, files))


def _is_removed(facts: Facts, run: Run, files: str, install: Invocation) -> bool:
    """Whether something behind the install removes the keys."""
    start = files.removesuffix("*")
    folder = files.rpartition("/")[0]
    later = (command for command in facts.commands(run) if command.span.start > install.command.span.start)
    return any(path.startswith(start) or _covers(path, folder) for path, _ in removed_paths(later))


def _fix(facts: Facts, run: Run, install: Invocation, files: str) -> Fix | Refusal:
    script = facts.script(run)
    if script is None or not can_follow(script):
        return Refusal("no command can follow this script: end it with a plain command joined by `&&`")
    command = clean_command(install, f"rm -f {files}")
    return Fix(f"add `{command}`", (follow(facts.doc, script, command),), Applicability.UNSAFE)
