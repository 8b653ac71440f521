"""DF407: a secret mount is readable for every user in the RUN."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.span import Edit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile

MODE = regex(r"(?<=mode=)[0-7]{3,4}(?![0-7])")
OTHERS = 0o007
ROOT = frozenset({"root", "0"})
# Programs that run a command as another user.
SWITCHES = frozenset({"su", "sudo", "doas", "gosu", "su-exec", "runuser", "setpriv", "chroot", "s6-setuidgid", "setuidgid", "capsh"})


@rule(name="secret-mount-readable", severity=Severity.WARNING, needs=("--mount",))
def secret_mount_readable(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """A secret mount is readable for every user in the RUN.

    Without a mode it is readable for its owner only. Other users in the RUN, such as that of an install script, should not read
    it.

    ```dockerfile bad
    FROM node:22-slim
    RUN --mount=type=secret,id=npmrc,target=/root/.npmrc,mode=0444 npm ci
    ```

    ```dockerfile fixed
    FROM node:22-slim
    RUN --mount=type=secret,id=npmrc,target=/root/.npmrc,mode=0400 npm ci
    ```

    ```dockerfile good
    FROM node:22-slim
    RUN --mount=type=secret,id=npmrc,target=/root/.npmrc npm ci
    ```

    **Fix safety:** safe where the step runs as root, and nothing in it as another user; otherwise unsafe, the user may need the right.

    **Source:** the Dockerfile reference, `RUN --mount=type=secret`; SonarQube S6469.
    """
    for run in facts.every(nodes.Run):
        for mount in facts.mounts(run):
            mode = mount.options.get("mode", "")
            if mount.kind not in ("secret", "ssh") or mount.flag is None or not mode.isdecimal():
                continue
            if not MODE.fullmatch("mode=" + mode, len("mode=")) or not int(mode, 8) & OTHERS:
                continue
            less = f"{int(mode, 8) & 0o700:04o}"
            text = MODE.sub(less, doc.source(mount.flag.span))
            alone = facts.state(run).user in ROOT and not any(
                word.text.rsplit("/", 1)[-1] in SWITCHES for command in facts.commands(run) for word in command.words
            )
            trust = Applicability.SAFE if alone else Applicability.UNSAFE
            fix = Fix(f"use mode {less}", (Edit(mount.flag.span, text),), trust)
            yield Finding(
                mount.flag.span, f"mode {mode} lets every user in this RUN read the {mount.kind}", fix
            )
