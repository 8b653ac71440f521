"""The .NET SDK: `dotnet publish` gathers a program with all that it needs but the runtime."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from dockerlint.fixers.refusal import Refusal
from dockerlint.lint.catalogue.base_images import parse_reference
from dockerlint.lint.storage.lazy_regex import regex

from . import runtime_images
from .copy_artifacts import carry
from .split_plan import Product, StageBuild

if TYPE_CHECKING:
    from .split_plan import Runtime, Split
    from .stage_reader import Reading, StageStep

OWN = frozenset({"dotnet"})
MANIFESTS = (
    "*.csproj", "*.fsproj", "*.vbproj", "*.sln", "*.slnx", "*.props", "*.targets", "nuget.config", "NuGet.Config", "NuGet.config", "global.json",
    "packages.lock.json",
)
PROJECTS = (".csproj", ".fsproj", ".vbproj")
SOURCES = (".cs", ".fs", ".vb", ".razor", ".cshtml", ".resx")
FRAMEWORK = regex(r"<TargetFramework>\s*net(?:coreapp)?(\d+\.\d+)\s*</TargetFramework>")
# What may need the part of the framework for the web; without any the plain runtime does. The image for the web has both.
WEB = regex(r"Sdk=\"Microsoft\.NET\.Sdk\.(?:Web|BlazorWebAssembly|Razor)\"|AspNetCore|<ProjectReference|<Import\b")
ASPNET = "Sdk=\"Microsoft.NET.Sdk.Web\""
VERSION = regex(r"(\d+)\.(\d+)")
# The image for the web chooses a port by a variable, the SDK's does not: what the program listens to stays as it was.
# Source: dotnet/dotnet-docker, src/aspnet and src/sdk, "ASPNETCORE_HTTP_PORTS" from 8.0, "ASPNETCORE_URLS" before.
NEW_PORTS = 8
# The user of the images from 8.0. Source: the same.
APP = frozenset({"app"})
# What the SDK's images on Alpine have for languages and time zones, and the smaller ones have not. Source: the same,
# src/sdk/*/alpine*.
CULTURES = ("icu-data-full", "icu-libs", "tzdata")
INVARIANT = "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT"


def plan(reading: Reading) -> Split | Refusal | None:
    """The split of a stage in which a .NET project is published; None when there is none."""
    builds = [step for step in reading.every_step() if _does(step, "publish")]
    if not builds:
        only = any(_does(step, "build") for step in reading.every_step())
        return Refusal("`dotnet build` does not collect what the program needs: use `dotnet publish`") if only else None
    if reading.builder is None or reading.builder.family != "dotnet":
        return Refusal(f"dlint does not know {reading.image} as an image to build .NET in")
    if len(builds) > 1:
        return Refusal("the file publishes several projects")
    (step,) = builds
    project = _project(reading, step)
    text = reading.text(project) if project else None
    if project is None or text is None:
        return Refusal("only the project file says which runtime it needs, and it is not in the build context")
    version = VERSION.match(parse_reference(reading.image).tag or "")
    framework = FRAMEWORK.search(text)
    if version is None or framework is None or framework[1] != version[0]:
        return Refusal(f"the project file does not name the .NET version of {reading.image}")
    runtime = runtime_images.of_language("dotnet-web" if WEB.search(text) else "dotnet", reading.image)
    output = _output(reading, step, project, framework[1])
    if runtime is None or output is None or step.cwd is None:
        return Refusal(f"dlint knows no runtime image for {reading.image}" if runtime is None else "dlint cannot tell where the program is published to")
    return carry(reading, _build(reading, step, runtime, output, text))


def _build(reading: Reading, step: StageStep, runtime: Runtime, output: str, text: str) -> StageBuild:
    version = VERSION.search(runtime.image.rpartition(":")[2])
    new = version is not None and int(version[1]) >= NEW_PORTS
    env = reading.facts.final(reading.stage).env
    lines = []
    if "/aspnet:" in runtime.image and "ASPNETCORE_URLS" not in env and "ASPNETCORE_HTTP_PORTS" not in env and ASPNET in text:
        lines.append("ENV ASPNETCORE_HTTP_PORTS=" if new else "ENV ASPNETCORE_URLS=")
    libraries: tuple[str, ...] = ()
    if runtime.manager == "apk" and INVARIANT not in env and "<InvariantGlobalization>true" not in text:
        libraries = CULTURES
        lines.append(f"ENV {INVARIANT}=false")
    product = Product(output, folder=True, whole=True)
    return StageBuild(
        step.run,
        step.cwd or "/",
        (product,),
        (runtime,),
        OWN,
        SOURCES,
        MANIFESTS,
        frozenset({"dotnet"}),
        APP if new else frozenset(),
        libraries,
        lines=tuple(lines),
    )


def _does(step: StageStep, action: str) -> bool:
    return step.name == "dotnet" and step.operands[:1] == [action]


def _project(reading: Reading, step: StageStep) -> str | None:
    """The path of the project file that is published: the one that is named, or the only one in its folder."""
    invocation = step.invocation
    assert invocation is not None
    named = invocation.operands[0].text if invocation.operands else "."
    path = reading.path(named, step.run, step.cwd)
    if path is None or path.endswith(PROJECTS):
        return path
    names = [name for name in reading.files(path) if "/" not in name and name.endswith(PROJECTS)]
    return posixpath.join(path, names[0]) if len(names) == 1 else None


def _output(reading: Reading, step: StageStep, project: str, framework: str) -> str | None:
    """The folder that a project is published to: where -o says, below its own folder by default."""
    invocation = step.invocation
    assert invocation is not None
    given = invocation.option("-o", "--output")
    if given is not None:
        # relative to where the command runs, since the SDK 7.0.200 too
        path = reading.path(given, step.run, step.cwd)
        return None if path in (step.cwd, posixpath.dirname(project), "/") else path
    if invocation.option("-r", "--runtime") or invocation.option("-f", "--framework"):
        return None
    major = int(framework.partition(".")[0])
    chosen = invocation.option("-c", "--configuration") or ("Release" if major >= NEW_PORTS else "Debug")
    if "$" in chosen:
        return None
    return posixpath.join(posixpath.dirname(project), "bin", chosen, f"net{framework}", "publish")
