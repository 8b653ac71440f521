"""DF214: the final image is based on a development kit although a runtime variant exists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.catalogue.base_images import parse_reference
from dockerlint.lint.catalogue.name_patterns import matches
from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile

# The repository, the tag, and what runs the result.
VARIANTS = (
    ("mcr.microsoft.com/dotnet/sdk", "*", "mcr.microsoft.com/dotnet/aspnet or runtime"),
    ("mcr.microsoft.com/dotnet/core/sdk", "*", "mcr.microsoft.com/dotnet/aspnet or runtime"),
    ("eclipse-temurin", "*jdk*", "the same tag with jre"),
    ("ibm-semeru-runtimes", "*jdk*", "the same tag with jre"),
    ("maven", "*", "a jre image"),
    ("gradle", "*", "a jre image"),
    ("golang", "*", "an image without Go, or scratch"),
    ("rust", "*", "an image without Rust"),
    ("nvidia/cuda", "*-devel-*", "the same tag with runtime or base"),
)


@rule(name="sdk-as-final-base", severity=Severity.INFO)
def sdk_as_final_base(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """The final image is based on a development kit although a runtime variant exists.

    Compilers, headers and build tools are several times the size of what runs the program.

    ```dockerfile bad
    FROM mcr.microsoft.com/dotnet/sdk:8.0 AS build
    COPY . /src
    RUN dotnet publish -o /app /src

    FROM mcr.microsoft.com/dotnet/sdk:8.0
    COPY --from=build /app /app
    ENTRYPOINT ["dotnet", "/app/app.dll"]
    ```

    ```dockerfile good
    FROM mcr.microsoft.com/dotnet/sdk:8.0 AS build
    COPY . /src
    RUN dotnet publish -o /app /src

    FROM mcr.microsoft.com/dotnet/aspnet:8.0
    COPY --from=build /app /app
    ENTRYPOINT ["dotnet", "/app/app.dll"]
    ```

    **Source:** the images' own pages on their variants.
    """
    target = facts.graph.target
    if target is None or len(doc.stages) < 2:
        return
    # a stage that still builds is the matter of DF301
    line = facts.graph.lineage(target)
    if any(item.action == "build" for stage in line for run in stage.all(nodes.Run) for item in facts.invocations(run)):
        return
    if not any(isinstance(node, nodes.CommandInstruction) for stage in line for node in stage.instructions):
        return
    image = facts.image(target) or ""
    reference = parse_reference(image) if image else None
    for repository, tag, runtime in VARIANTS:
        if reference and matches(reference.repository, repository) and matches(reference.tag or "", tag):
            yield Finding(
                line[-1].from_.image.span,
                f"`{image}` is an image to build with: use {runtime} to run the program",
            )
            return
