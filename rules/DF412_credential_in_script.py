"""DF412: a credential is written into a script, a label or a command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.catalogue.secret_variables import shape
from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.span import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile

# A word, or the first line of a key, which holds blanks.
WORD = regex(r"-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----|[^\s\"',;|&()<>]+")
# What stands for a password in examples, and in the addresses of a file's own services.
EXAMPLE = regex(
    r"(?i)://[^:]*:(?:password|passwd|pass|secret|token|xxx+|\*+|changeme|example|<[^>]*>|\{[^}]*\})@|@localhost|@127\.|(?-i:EXAMPLE)"
)


@rule(name="credential-in-script", severity=Severity.ERROR)
def credential_in_script(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """A credential is written into a script, a label or a command.

    Everybody who can read the Dockerfile, the image or its history has it, also when a later step deletes what it was used for.
    dlint recognizes keys and tokens of large services, private keys, and URLs with a password. DL3064 covers variables.

    ```dockerfile bad
    FROM debian:bookworm-slim
    RUN git clone https://deploy:k9Tr2xQ@git.example.com/app.git /app
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    RUN --mount=type=secret,id=token,env=TOKEN git clone https://deploy:$TOKEN@git.example.com/app.git /app
    ```

    **Source:** CIS Docker Benchmark 4.10; SonarQube S6437; the services' documentation on the form of their keys.
    """
    if shape(doc.text) is None:
        return
    for node in facts.every(nodes.Instruction):
        if isinstance(node, nodes.Env | nodes.Arg | nodes.Onbuild | nodes.Bad):
            continue
        source = doc.source(node.span)
        for match in WORD.finditer(source):
            kind = shape(match[0])
            if kind and not EXAMPLE.search(match[0]):
                start = node.span.start + match.start()
                message = f"{kind} in {node.name} stays in the image: use a secret mount"
                yield Finding(Span(start, start + len(match[0])), message)
                break
