"""Python: what pip compiles goes into a virtual environment, which the final stage copies and the compilers do not reach."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dockerlint.fixers.image.build_tools import bare, is_one, libraries
from dockerlint.fixers.image.slim_base import variant
from dockerlint.fixers.refusal import Refusal
from dockerlint.lint.analysis.users import ROOT
from dockerlint.lint.catalogue.base_images import parse_reference
from dockerlint.lint.catalogue.name_patterns import matches_any
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import nodes

from . import runtime_images
from .copy_artifacts import carry
from .split_plan import Product, Split, StageBuild

if TYPE_CHECKING:
    from .stage_reader import Reading, StageStep

FOLDER = "/opt/venv"
CREATE = f"RUN python -m venv {FOLDER}"
PATH = f"ENV PATH={FOLDER}/bin:$PATH"
PIP = regex(r"pip(?:3(?:\.\d+)?)?")
PYTHON = regex(r"python(?:3(?:\.\d+)?)?")
# Options with which pip installs elsewhere, or leaves no more than a reference to the source.
ELSEWHERE = ("--user", "--target", "-t", "--prefix", "--root", "-e", "--editable", "--python")
# Other tools that install for Python: whether they do so into the environment depends on more than PATH.
OTHERS = frozenset({"poetry", "pipenv", "uv", "pdm", "pipx", "conda", "easy_install"})
# Places of the image's own packages, which are not those of the environment.
SYSTEM = regex(r"/usr/local/(?:bin/(?:pip|python)|lib/python)|site-packages|dist-packages|/usr/bin/python")
MANIFESTS = ("*requirements*.txt", "*constraints*.txt", "requirements", "Pipfile*", "pyproject.toml", "setup.py", "setup.cfg")
OWN_PATH = regex(r"\$\{?PATH\b")


def plan(reading: Reading) -> Split | Refusal | None:
    """The split of a stage that installs compilers or headers for pip; None when it does not."""
    packages = _packages(reading)
    names = [bare(package) for package in packages]
    built = [name for name in names if is_one(name, "compilers") or is_one(name, "headers")]
    installs = [step for step in reading.every_step() if _installs(step)]
    if not built or not installs or parse_reference(reading.image).repository != "python":
        return None
    if reading.base is not None and variant(reading.base) is not None:
        # what pip compiles may be linked with libraries that the slim variant lacks
        return Refusal(f"the final stage would be on {reading.image} again, which has compilers of its own")
    refusal = _unfit(reading, installs)
    if refusal:
        return refusal
    more = next((name for name in built if is_one(name, "bring-more")), None)
    if more:
        return Refusal(f"the program may need what came with {more}")
    kept = [package for package in packages if bare(package) not in built]
    manager = (reading.base.package_manager if reading.base else None) or ""
    linked = libraries(reading.base, manager, built, [bare(package) for package in kept])
    if isinstance(linked, Refusal):
        return linked
    distribution = runtime_images.data()["distribution"].get(reading.base.distribution if reading.base else None)
    if distribution is None:
        return Refusal(f"dlint does not know what {reading.image} is made on")
    runtime = runtime_images.of_image(reading.image, ["python", "python3", *distribution["brings"]])
    # what else is installed is there for the program: nothing says that only the build calls it
    wanted = tuple(dict.fromkeys((*kept, *linked)))
    build = StageBuild(
        installs[-1].run,
        FOLDER,
        (Product(FOLDER, True, True),),
        (replace(runtime, image=reading.stage.from_.image.text),),
        frozenset({"pip", "pip3", *(step.name for step in installs)}),
        libraries=wanted,
        lines=(PATH,),
        checked=True,
        later=frozenset({"python", "python3", "pip", "pip3"}),
        above=((installs[0].run, CREATE), (installs[0].run, PATH)),
    )
    split = carry(reading, build)
    return _tidied(reading, split, wanted) if isinstance(split, Split) else split


def _packages(reading: Reading) -> list[str]:
    """What the stage installs with its system's package manager."""
    items = (step.invocation for step in reading.every_step())
    found = (word.text for item in items if item and item.tool.kind == "system" and item.action == "install" for word in item.packages)
    return list(dict.fromkeys(found))


def _installs(step: StageStep) -> bool:
    item = step.invocation
    return item is not None and item.tool.name == "pip" and item.action == "install"


def _unfit(reading: Reading, installs: list[StageStep]) -> Refusal | None:
    """Why pip's installs cannot be sent into a virtual environment."""
    text = reading.doc.text
    found = SYSTEM.search(text)
    if found:
        return Refusal(f"the file names {found[0]}, and the packages would move from there")
    for node in reading.stage.all(nodes.Env):
        for pair in node.pairs:
            if pair.key.text == "PATH" and (pair.value is None or not OWN_PATH.search(pair.value.text)):
                return Refusal("the file replaces PATH")
    if reading.facts.state(installs[0].run).user not in ROOT:
        return Refusal("pip does not run as root")
    for step in reading.every_step():
        item = step.invocation
        if step.name in OTHERS:
            return Refusal(f"dlint does not know where {step.name} installs packages")
        if item is not None and item.tool.name == "pip" and item.has(ELSEWHERE):
            return Refusal("an option tells pip to install elsewhere")
        early = step.run.span <= installs[-1].run.span
        if early and PYTHON.fullmatch(step.name) and not (item and item.tool.name == "pip"):
            return Refusal(f"dlint cannot tell what `{' '.join(step.words[:3])}` makes")
    return None


def _tidied(reading: Reading, split: Split, wanted: tuple[str, ...]) -> Split:
    """Without manifests that a later COPY of everything brings too; what is installed again does not stay behind."""
    below = [node for node in reading.stage.all(nodes.Copy) if node.span.start > split.last.span.end and node.from_ is None]
    folders = [reading.destination(node) for node in below if [word.text for word in node.sources] in (["."], ["./"])]
    tops = tuple(folder.rstrip("/") + "/" for folder in folders if folder is not None)
    head = tuple(item for item in split.head if not (isinstance(item, nodes.Copy) and tops and _is_manifest(reading, item, tops)))
    return replace(split, head=head, behind=tuple(name for name in split.behind if name not in wanted))


def _is_manifest(reading: Reading, copy: nodes.Copy, tops: tuple[str, ...]) -> bool:
    """Whether a COPY brings no more than what an install reads, to where all is copied later."""
    target = reading.destination(copy)
    names = [posixpath.normpath(word.text) for word in copy.sources]
    at_top = target is not None and (target.rstrip("/") + "/" in tops or posixpath.dirname(target) + "/" in tops)
    plain = all("/" not in name and matches_any(name, MANIFESTS) for name in names)
    return at_top and plain and copy.from_ is None and not copy.flags
