"""DF418: a download relies on a broken digest or protocol."""

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

DIGESTS = ("md5sum", "sha1sum", "md5", "sha1")
CHECK = regex(r"-[a-z]*c[a-z]*|--check")
PROTOCOLS = frozenset(
    {
        "--sslv2",
        "--sslv3",
        "-2",
        "-3",
        "--tlsv1.0",
        "--tlsv1.1",
        "--secure-protocol=SSLv3",
        "--secure-protocol=TLSv1",
        "-ssl3",
        "-tls1",
        "-tls1_1",
    }
)


@rule(
    name="weak-digest",
    severity=Severity.INFO,
    recommended=False,
    needs=("openssl", "md5", "sha1", "curl", "wget"),
)
def weak_digest(facts: Facts) -> Iterator[Finding]:
    """A download relies on a broken digest or protocol.

    For MD5 and SHA-1, files of the same digest can be made. SSL and the first versions of TLS can be read by others. SHA-256 and
    TLS 1.2 are what today's tools take by themselves.

    ```dockerfile bad
    FROM debian:bookworm-slim
    COPY tool.tar.gz MD5SUMS /tmp/
    RUN cd /tmp && md5sum -c MD5SUMS
    ```

    ```dockerfile bad
    FROM debian:bookworm-slim
    RUN curl --tlsv1.0 -fsSLO https://example.com/tool.tar.gz
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    COPY tool.tar.gz SHA256SUMS /tmp/
    RUN cd /tmp && sha256sum -c SHA256SUMS
    ```

    **Source:** SonarQube S4790 and S4423; RFC 6151, RFC 8996.
    """
    for run in facts.every(nodes.Run):
        for call in calls(facts, run, *DIGESTS):
            if any(CHECK.fullmatch(text) for text in call.texts):
                yield Finding(
                    call.words[0].span, f"`{call.name}` does not protect against tampering: use `sha256sum`"
                )
        for call in calls(facts, run, "curl", "wget", "openssl"):
            for word in call.words[1:]:
                if word.text in PROTOCOLS:
                    yield Finding(word.span, f"`{word.text}` allows a protocol that attackers can read")
