"""DF511: a key that should be secret is made in the build."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.cache.cleanup import can_follow, clean_command, follow
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
PACKAGES = {"openssh-server": "/etc/ssh/ssh_host_*", "ssl-cert": "/etc/ssl/private/ssl-cert-snakeoil.key"}
OPENSSL = frozenset({"genrsa", "genpkey", "gendsa", "dhparam", "rand"})
# What ssh-keygen does without making a key.
READING = frozenset({"-l", "-y", "-e", "-i", "-p", "-c", "-R", "-F", "-H", "-B", "-L", "-k", "-Q"})


@rule(name="key-made-in-build", severity=Severity.WARNING, recommended=False, needs=("ssh-keygen", "openssl", "openssh-server"))
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
            if _makes_key(call):
                line = " ".join([call.name, *call.texts[:1]])
                yield Finding(call.command.span, f"`{line}` creates a key that everyone who pulls the image has: create it when the container starts")
        for item in facts.invocations(run):
            if item.tool.kind == "system" and item.action == "install":
                yield from _of_packages(facts, run, item)


def _makes_key(call: Call) -> bool:
    words = call.texts
    if call.name == "ssh-keygen":
        return READING.isdisjoint(words)
    return words[:1] != [] and (words[0] in OPENSSL or (words[0] == "req" and bool({"-newkey", "-x509", "-new"} & set(words)) and "-key" not in words))


def _of_packages(facts: Facts, run: Run, install: Invocation) -> Iterator[Finding]:
    for word in install.packages:
        files = PACKAGES.get(word.text.partition("=")[0])
        if files is None or install.tool.name != "apt" or _is_removed(facts, run, files, install):
            continue
        yield Finding(word.span, f"{word.text} creates keys during the install, and everyone who pulls the image has them", _fix(facts, run, install, files))


def _is_removed(facts: Facts, run: Run, files: str, install: Invocation) -> bool:
    """Whether something behind the install removes the keys."""
    start = files.removesuffix("*")
    later = (command for command in facts.commands(run) if command.span.start > install.command.span.start)
    return any(path.startswith(start) for path, _ in removed_paths(later))


def _fix(facts: Facts, run: Run, install: Invocation, files: str) -> Fix | None:
    script = facts.script(run)
    if script is None or not can_follow(script):
        return None
    command = clean_command(install, f"rm -f {files}")
    return Fix(f"add `{command}`", (follow(facts.doc, script, command),), Applicability.UNSAFE)
