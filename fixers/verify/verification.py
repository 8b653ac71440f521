"""The course of a verification: build before, build after, compare, edit, rebuild."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from .image_comparison import Cause, compare_files, compare_settings, differences, without_noise
from .program_run import ProgramError
from .saved_image import Reader
from .verification_result import Times, VerificationResult

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .base import BuildRequest, Engine
    from .expected_changes import Aims
    from .saved_image import Image
    from .verification_result import Made
    from .workspace import Workspace


class UnfixedError(Exception):
    """The file cannot be built as it is, so that nothing can be proven; `log` is what the build said last."""

    def __init__(self, sentence: str, log: str) -> None:
        super().__init__(sentence)
        self.log = log


class Subject(Struct, frozen=True):
    """What is put to the test: both texts as bytes, the fixes between them, what they are about, the file to edit."""

    file: str
    before: bytes
    after: bytes
    fixes: tuple[Made, ...]
    aims: Aims
    unsafe: bool = False
    edited: str | None = None


class Trial(Struct):
    """One verification on its way; `say` is told what is going on."""

    engine: Engine
    recipe: BuildRequest
    workspace: Workspace
    say: Callable[[str], None]

    def run(self, subject: Subject) -> VerificationResult:
        """Builds both, compares them, and builds both again after an edit.

        Raises UnfixedError when the file cannot be built as it is, ProgramError when a build takes too long, and
        ArchiveError when an image cannot be read.
        """
        reader = Reader()
        dockerfile = self.workspace.write("before", subject.before)
        fixed = self.workspace.write("after", subject.after)
        try:
            cold = self._build(dockerfile, "before", cold=True)
        except ProgramError as error:
            raise UnfixedError(f"{subject.file}: the build fails before any fix: {error}", error.log) from error
        before = self._image(reader, "before")
        proof = VerificationResult(
            subject.file, self.engine.name, self.engine.version, subject.unsafe, subject.fixes, before, cold=Times(cold)
        )
        try:
            cold_after = self._build(fixed, "after", cold=True)
        except ProgramError as error:
            return self._broken(proof, error, str(error))
        after = self._image(reader, "after")
        files = compare_files(before.files, after.files, subject.aims)
        if not subject.unsafe and any(item.cause is Cause.UNEXPLAINED for item in files):
            files = without_noise(files, self._noise(reader, dockerfile, before))
        proof = replace(
            proof,
            after=after,
            files=files,
            settings=compare_settings(before.config, after.config, subject.aims),
            cold=Times(cold, cold_after),
        )
        return self._rebuilt(proof, subject, dockerfile, fixed) if subject.edited else proof

    def _noise(self, reader: Reader, dockerfile: Path, before: Image) -> set[str]:
        """The paths that differ when the file is built once more as it was. Without that build there is no noise."""
        self.say("building before once more, to see what differs by chance")
        try:
            self._build(dockerfile, "again", cold=True)
        except ProgramError:
            return set()
        return {item.path for item in differences(before.files, self._image(reader, "again").files)}

    def _rebuilt(self, proof: VerificationResult, subject: Subject, dockerfile: Path, fixed: Path) -> VerificationResult:
        """Both builds again, each after an edit of its own: else the second would find steps of the first in the cache."""
        edited = subject.edited
        assert edited
        self.workspace.edit(edited, 1)
        try:
            before = self._build(dockerfile, "before-edited", cold=False)
        except ProgramError as error:
            return replace(proof, notes=(*proof.notes, f"no rebuild: after an edit of {edited} it fails before any fix: {error}"))
        self.workspace.edit(edited, 1)
        try:
            after = self._build(fixed, "after-edited", cold=False)
        except ProgramError as error:
            return self._broken(replace(proof, edited=edited), error, f"after an edit of {edited}: {error}")
        return replace(proof, rebuild=Times(before, after), edited=edited)

    def _broken(self, proof: VerificationResult, error: ProgramError, sentence: str) -> VerificationResult:
        if error.late:
            # that it takes longer than someone will wait is no proof that it does not work
            raise error
        return replace(proof, broken=sentence, log=error.log)

    def _build(self, dockerfile: Path, tag: str, *, cold: bool) -> float:
        self.say(f"building {tag.replace('-', ', ')} ({self.engine.name})")
        start = time.perf_counter()
        self.engine.build(self.recipe, dockerfile, tag, self.workspace.folder / f"{tag}.log", cold=cold)
        return time.perf_counter() - start

    def _image(self, reader: Reader, tag: str) -> Image:
        with self.engine.save(tag, self.recipe.seconds) as stream:
            return reader.read(stream)
