"""Java: Maven and Gradle make a jar, which needs a JRE and no compiler."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from dockerlint.fixers.effects.footprint import commands
from dockerlint.fixers.refusal import Refusal
from dockerlint.lint.storage.lazy_regex import regex

from . import runtime_images
from .copy_artifacts import carry
from .split_plan import Product, StageBuild

if TYPE_CHECKING:
    from .split_plan import Split
    from .stage_reader import Reading, StageStep

MAVEN = frozenset({"mvn", "mvnw"})
GRADLE = frozenset({"gradle", "gradlew"})
OWN = MAVEN | GRADLE | {"java", "javac", "jar", "jlink"}
MANIFESTS = (
    "pom.xml", "mvnw*", ".mvn", "*.gradle", "*.gradle.kts", "gradlew*", "gradle", "gradle.properties", "gradle.lockfile", "libs.versions.toml",
    "settings.xml", "maven-wrapper.properties",
)
MODULE = regex(r"<module>\s*([\w./-]+)\s*</module>")
# Plugins that put a project's dependencies into its jar. Source: their own documentation.
GATHERED = regex(
    r"spring-boot-maven-plugin|maven-shade-plugin|jar-with-dependencies|org\.springframework\.boot|[.:\"']shadow\b|johnrengelman\.shadow"
    r"|micronaut-maven-plugin|helidon-parent"
)
# What lays the dependencies beside the jar instead.
BESIDE = regex(r"copy-dependencies|<classpathPrefix>|quarkus")
DEPENDS = regex(r"^[ \t]*(?:implementation|api|runtimeOnly|compile)\b", re.MULTILINE)
NOT_IN_JAR = regex(r"<scope>\s*(?:test|provided)\s*</scope>")


def plan(reading: Reading) -> Split | Refusal | None:
    """The split of a stage in which Maven or Gradle build; None when they do not."""
    builds = [step for step in reading.every_step() if _builds(step)]
    if not builds:
        return None
    if reading.builder is None or reading.builder.family != "java":
        return Refusal(f"dlint does not know {reading.image} as an image to build Java in")
    runtime = runtime_images.of_language("java", reading.image)
    if runtime is None:
        return Refusal(f"dlint knows no JRE image that has the Java of {reading.image}")
    made: dict[str, str] = {}
    last = builds[-1].run
    for step in reading.every_step():
        if step in builds:
            folders = _folders(reading, step)
            if isinstance(folders, Refusal):
                return folders
            made.update(dict.fromkeys(folders, "folder"))
        elif reading.follow(made, step):
            last = max(last, step.run, key=lambda run: run.span)
    folder = builds[-1].cwd
    if folder is None:
        return Refusal("dlint cannot tell the folder of the build")
    products = tuple(Product(path, kind == "folder", path.endswith("/build/install")) for path, kind in made.items())
    return carry(
        reading,
        StageBuild(last, folder, products, (runtime,), OWN, (".java", ".kt", ".scala", ".groovy"), MANIFESTS, frozenset({"java"})),
    )


def _builds(step: StageStep) -> bool:
    wanted = commands().artefacts.get(step.name, ()) if step.name in MAVEN | GRADLE else ()
    # `:app:bootJar` names a task of a module
    return any(word.rpartition(":")[2] in wanted for word in step.operands)


def _depends(text: str) -> bool:
    """Whether manifests name dependencies that a program needs when it runs."""
    parts = (part.partition("</dependency>")[0] for part in text.split("<dependency>")[1:])
    return any(not NOT_IN_JAR.search(part) for part in parts) or bool(DEPENDS.search(text))


def _folders(reading: Reading, step: StageStep) -> list[str] | Refusal:
    """Where a build puts its jars; only what its manifest says is known to be whole."""
    invocation = step.invocation
    assert invocation is not None
    maven = step.name in MAVEN
    given = invocation.option("-f", "--file") if maven else invocation.option("-p", "--project-dir")
    at = reading.path(given, step.run, step.cwd) if given else step.cwd
    top = posixpath.dirname(at) if at and maven and given and given.endswith(".xml") else at
    if top is None:
        return Refusal("dlint cannot tell the folder of the build")
    names = ("pom.xml",) if maven else ("build.gradle", "build.gradle.kts")
    found = (reading.text(posixpath.join(top, name)) for name in names)
    text = next((text for text in found if text is not None), None)
    if text is None:
        return Refusal(f"only {names[0]} says what is in the jar, and it is not in the build context")
    modules = MODULE.findall(text) if maven else []
    texts = [text, *(reading.text(posixpath.join(top, name, "pom.xml")) or "" for name in modules)]
    if not maven:
        modules = [name.rpartition("/")[0] for name in reading.files(top) if name.endswith(("/build.gradle", "/build.gradle.kts"))]
        texts += [reading.text(posixpath.join(top, name, file)) or "" for name in modules for file in names]
    whole = "\n".join(texts)
    if BESIDE.search(whole):
        return Refusal("the jar loads its dependencies from files beside it")
    if _depends(whole) and not GATHERED.search(whole):
        return Refusal("dlint sees no plugin that puts the dependencies into the jar")
    below = ("target",) if maven else ("build/libs", "build/install")
    if not maven and not any(word.endswith("installDist") for word in step.operands):
        below = ("build/libs",)
    return [posixpath.normpath(posixpath.join(top, name, folder)) for name in ("", *modules) for folder in below]
