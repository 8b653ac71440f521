"""What a verification found, as a value; for people and for machines."""

from __future__ import annotations

import json as json_module
from collections import Counter
from enum import Enum
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from dockerlint.lint.report.escaping import clean, visible

from .image_comparison import Cause, Difference, Setting, Side

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .saved_image import Image, ImageStep

BOLD, DIM, RED, GREEN, PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[0m"
MOST_PATHS, MOST_GROUPS, MOST_STEPS = 20, 8, 20
WIDTH = 72
SIGNS = {Side.BEFORE: "-", Side.AFTER: "+", Side.BOTH: "~"}


class Verdict(Enum):
    """What is proven: nothing but what the fixes are about changed, something did, or it is not built any more."""

    SAME = "same"
    CHANGED = "changed"
    BROKEN = "broken"


class Made(Struct, frozen=True):
    """A fix that is put to the test."""

    # its rule's code
    code: str
    # what it does
    title: str
    # the line of its finding, from 1
    line: int


class Times(Struct, frozen=True):
    """Seconds of two builds."""

    # without the fixes; None when there was no such build
    before: float | None = None
    # with them; None when there was no such build
    after: float | None = None


class VerificationResult(Struct, frozen=True):
    """One verification."""

    # the Dockerfile's path, as it is shown
    file: str
    # the engine's name
    engine: str
    # the engine's version, as it says it
    version: str
    # whether unsafe fixes were among the fixes
    unsafe: bool
    # the fixes that were made
    fixes: tuple[Made, ...]
    # the image without the fixes
    before: Image
    # the image with them; None when it could not be built
    after: Image | None = None
    # the differences between the images' files
    files: tuple[Difference, ...] = ()
    # the differences between the images' configurations
    settings: tuple[Setting, ...] = ()
    # builds without a cache
    cold: Times = Times()
    # builds with a cache, after an edit of `edited`
    rebuild: Times = Times()
    # the file of the context whose edit was followed by a rebuild; None when there was no rebuild
    edited: str | None = None
    # what failed with the fixes, as a sentence; None when nothing did
    broken: str | None = None
    # what the failed build said last
    log: str = ""
    # sentences about what could not be tried
    notes: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """What it comes to."""
        if self.broken is not None:
            return Verdict.BROKEN
        causes = {item.cause for item in self.files} | {item.cause for item in self.settings}
        return Verdict.CHANGED if Cause.UNEXPLAINED in causes else Verdict.SAME

    @property
    def holds(self) -> bool:
        """Whether the fixes do as they say: safe ones change nothing else, the others can at least be built."""
        return self.verdict is Verdict.SAME or (self.unsafe and self.verdict is Verdict.CHANGED)


def as_data(proof: VerificationResult) -> dict[str, Any]:
    """The proof as JSON has it: bytes and seconds."""
    after = proof.after
    return {
        "file": clean(proof.file),
        "engine": {"name": proof.engine, "version": proof.version},
        "verdict": proof.verdict.value,
        "unsafe": proof.unsafe,
        "fixes": [{"code": item.code, "title": clean(item.title), "line": item.line} for item in proof.fixes],
        "files": {
            "before": len(proof.before.files),
            "after": len(after.files) if after else None,
            "differences": [
                {
                    "path": clean(item.path),
                    "side": item.side.value,
                    "what": [clean(what) for what in item.what],
                    "cause": item.cause.value,
                    "why": item.why or None,
                }
                for item in proof.files
            ],
        },
        "configuration": [
            {"name": clean(item.name), "before": item.before, "after": item.after, "cause": item.cause.value}
            for item in proof.settings
        ],
        "image_bytes": {"before": proof.before.size, "after": after.size if after else None},
        "layers": {
            "before": [_layer(step) for step in proof.before.steps],
            "after": [_layer(step) for step in after.steps] if after else None,
        },
        "seconds": {
            "cold": {"before": proof.cold.before, "after": proof.cold.after},
            "rebuild": {"before": proof.rebuild.before, "after": proof.rebuild.after},
        },
        "edited": proof.edited and clean(proof.edited),
        "broken": proof.broken,
        "log": clean(proof.log),
        "notes": list(proof.notes),
    }


def json(proof: VerificationResult) -> str:
    """The proof as one JSON object."""
    return json_module.dumps(as_data(proof), indent=1)


def text(proof: VerificationResult, *, color: bool = False) -> str:
    """The proof for people."""
    return "\n".join(_lines(proof, _Style(color))) + "\n"


class _Style:
    def __init__(self, color: bool) -> None:
        self.color = color

    def __call__(self, text: str, style: str) -> str:
        return f"{style}{text}{PLAIN}" if self.color else text


def _lines(proof: VerificationResult, style: _Style) -> Iterator[str]:
    kind = "fix" if proof.unsafe else "safe fix"
    count = f"{len(proof.fixes)} {kind}{'es' if len(proof.fixes) != 1 else ''}"
    yield style(f"{visible(proof.file)}: {count}, built with {proof.engine} {visible(proof.version)}", BOLD)
    for made in proof.fixes:
        yield f"  line {made.line}: {made.code} {visible(made.title)}"
    for note in proof.notes:
        yield f"note: {visible(note)}"
    if proof.after is not None:
        yield from _files(proof, style)
        yield from _settings(proof.settings, style)
        yield from _sizes(proof.before, proof.after)
        yield from _times(proof)
    yield from _verdict(proof, style)


def _files(proof: VerificationResult, style: _Style) -> Iterator[str]:
    by_cause = {cause: [item for item in proof.files if item.cause is cause] for cause in Cause}
    unexplained = by_cause[Cause.UNEXPLAINED]
    yield f"files          {f'{len(unexplained):,} differ' if unexplained else 'the same'} of {len(proof.before.files):,}"
    for item in unexplained[:MOST_PATHS]:
        what = f" ({', '.join(item.what)})" if item.what else ""
        yield style(f"  {SIGNS[item.side]} {visible(item.path)}{visible(what)}", RED)
    if len(unexplained) > MOST_PATHS:
        yield f"  and {len(unexplained) - MOST_PATHS:,} more (--format json has them all)"
    for cause, title in ((Cause.FIXES, "the fixes are about"), (Cause.NOISE, "noise")):
        if found := by_cause[cause]:
            yield f"  besides, {title}: {_paths(len(found))}, {_signed(found)}"
            yield from (style(line, DIM) for line in _groups(found))


def _groups(found: Sequence[Difference]) -> Iterator[str]:
    """The differences by their reasons, with an example of each."""
    groups: dict[str, list[Difference]] = {}
    for item in found:
        groups.setdefault(item.why, []).append(item)
    for why, items in list(groups.items())[:MOST_GROUPS]:
        first = visible(items[0].path)
        yield f"    {first}{f' and {_paths(len(items) - 1)} more' if len(items) > 1 else ''}: {why}"


def _signed(found: Sequence[Difference]) -> str:
    counts = Counter(item.side for item in found)
    names = {Side.BEFORE: "only before", Side.AFTER: "only after", Side.BOTH: "changed"}
    return ", ".join(f"{counts[side]:,} {name}" for side, name in names.items() if counts[side])


def _settings(settings: Sequence[Setting], style: _Style) -> Iterator[str]:
    unexplained = [item for item in settings if item.cause is Cause.UNEXPLAINED]
    yield f"configuration  {'differs' if unexplained else 'the same'}"
    for item in settings:
        line = f"  {visible(item.name)}: {_value(item.before)} -> {_value(item.after)}"
        yield style(line, RED) if item.cause is Cause.UNEXPLAINED else style(f"{line} (the fixes change this)", DIM)


def _value(value: Any) -> str:
    return _short(visible(value if isinstance(value, str) else json_module.dumps(value)) if value is not None else "not set")


def _sizes(before: Image, after: Image) -> Iterator[str]:
    yield f"image size     {_size(before.size)} -> {_size(after.size)}{_change(before.size, after.size)}"
    one, other = before.steps, after.steps
    # the layers that both begin with say nothing: the base image's, and what no fix touched
    same = 0
    while same < min(len(one), len(other)) and one[same] == other[same]:
        same += 1
    for sign, steps in (("-", one[same:]), ("+", other[same:])):
        for step in steps[:MOST_STEPS]:
            yield f"  {sign} {_size(step.size):>10}  {_short(visible(step.instruction))}"
        if len(steps) > MOST_STEPS:
            yield f"  {sign} and {len(steps) - MOST_STEPS} layers more"


def _times(proof: VerificationResult) -> Iterator[str]:
    for name, times in (("build", proof.cold), ("rebuild", proof.rebuild)):
        if times.before is not None and times.after is not None:
            about = f", after an edit of {visible(proof.edited)}" if name == "rebuild" and proof.edited else ""
            yield f"{name:<14} {times.before:.1f} s -> {times.after:.1f} s{_change(times.before, times.after)}{about}"


def _verdict(proof: VerificationResult, style: _Style) -> Iterator[str]:
    if proof.verdict is Verdict.BROKEN:
        yield style(f"{'the fixes' if len(proof.fixes) > 1 else 'the fix'} broke the build: {visible(proof.broken or '')}", RED)
        yield from log_lines(proof.log)
    elif proof.verdict is Verdict.SAME:
        yield style("the image is the same, apart from what the fixes change", GREEN)
    elif proof.unsafe:
        yield "the image differs: unsafe fixes may do that, check whether it is what you want"
    else:
        yield style("a safe fix changed the image; please report it, with the file if you can", RED)


def log_lines(log: str, most: int = 15) -> list[str]:
    """The last lines of a build's log, fit for a terminal."""
    lines = [line for line in log.replace("\r", "\n").split("\n") if line.strip()]
    return [f"  | {visible(line)}" for line in lines[-most:]]


def _layer(step: ImageStep) -> dict[str, Any]:
    return {"bytes": step.size, "instruction": clean(step.instruction)}


def _paths(count: int) -> str:
    return f"{count:,} path{'s' if count != 1 else ''}"


def _size(value: int) -> str:
    return f"{value / 1e6:,.1f} MB" if value >= 1e5 else f"{value / 1e3:,.1f} kB" if value >= 1000 else f"{value} B"


def _change(before: float, after: float) -> str:
    change = round((after - before) / before * 100) if before else 0
    return f" ({change:+d} %)" if change else ""


def _short(text: str) -> str:
    return text if len(text) <= WIDTH else text[: WIDTH - 3] + "..."
