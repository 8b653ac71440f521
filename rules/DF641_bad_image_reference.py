"""DF641: an image name is not valid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile

REFERENCE = regex(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*(?::\d+)?/)?"
    r"[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*)*"
    r"(?::\w[\w.-]{0,127})?(?:@[a-zA-Z][a-zA-Z0-9]*(?:[-_+.][a-zA-Z][a-zA-Z0-9]*)*:[0-9a-fA-F]{32,})?"
)

# 64 hexadecimal digits are an image's identifier, which the builder does not take.
IDENTIFIER = regex(r"[0-9a-f]{64}")
NUMBER = regex(r"\+?\d+")


@rule(name="bad-image-reference", severity=Severity.ERROR)
def bad_image_reference(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """An image name is not valid.

    Repositories are in lower case, a tag holds no colon or slash, a digest is `sha256:` and 64 digits. The builder refuses the file.

    ```dockerfile bad
    FROM Debian:12
    ```

    ```dockerfile bad
    FROM debian:12:slim
    ```

    ```dockerfile good
    FROM debian:12-slim@sha256:b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c
    ```

    **Source:** the grammar of references in the distribution project.
    """
    if facts.other_text is not None:
        return
    for stage in doc.stages:
        image = facts.expand_global(stage.from_.image.text)
        if facts.graph.parent(stage) is None and image and not _is_image(image):
            message = f"`{image}` is not a valid image name"
            if facts.graph.find(image, stage.index):
                message = f"`FROM {image}` finds no stage: write the name in lower case, `FROM {image.lower()}`"
            yield Finding(stage.from_.image.span, message)
        for copy in stage.all(nodes.Copy):
            flag = copy.flag("from")
            name = copy.from_ or ""
            if flag is None or not name or "$" in name or NUMBER.fullmatch(name) or facts.graph.find(name, len(doc.stages)):
                continue
            if not _is_image(name):
                yield Finding(flag.span, f"`{name}` is not a valid stage or image name")


def _is_image(name: str) -> bool:
    return REFERENCE.fullmatch(name) is not None and IDENTIFIER.fullmatch(name) is None
