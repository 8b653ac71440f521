"""DF641: an image name is not valid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.run_mounts import mounts

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
VARIABLE = regex(r"\$.")
# Characters of a repository's name without its registry, with the `library/` that Docker Hub's own images have.
LONGEST_PATH = 255
OFFICIAL = "library/"


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
        for node in stage.instructions:
            for flag, name in _sources(node):
                if not facts.graph.find(name, len(doc.stages)) and not _is_image(name):
                    yield Finding(flag.span, f"`{name}` is not a valid stage or image name")


def _sources(node: nodes.Instruction) -> Iterator[tuple[nodes.Flag, str]]:
    """The flags that name a stage or an image, with the name; not those with a variable or a stage's number."""
    if isinstance(node, nodes.Copy):
        flag = node.flag("from")
        name = node.from_ or ""
        if flag and name and "$" not in name and not NUMBER.fullmatch(name):
            yield flag, name
    if isinstance(node, nodes.Run):
        for mount in mounts(node):
            if mount.flag and mount.from_ and not VARIABLE.search(mount.from_):
                yield mount.flag, mount.from_


def _is_image(name: str) -> bool:
    if IDENTIFIER.fullmatch(name) or not REFERENCE.fullmatch(name):
        return False
    return len(_path(name)) <= LONGEST_PATH


def _path(name: str) -> str:
    """The repository that an image's name stands for, without registry, tag and digest."""
    folders, slash, last = name.partition("@")[0].rpartition("/")
    repository = folders + slash + last.partition(":")[0]
    first, slash, rest = repository.partition("/")
    if not slash:
        return OFFICIAL + repository
    is_registry = first == "localhost" or first != first.lower() or any(char in first for char in ".:")
    return rest if is_registry else repository
