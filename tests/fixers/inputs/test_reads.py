"""The readers of manifests, which are found by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from dockerlint.fixers.inputs.reads import closure
from dockerlint.fixers.inputs.reads.manifest import Doubt, Manifest
from dockerlint.lint.context.build_context import Context


@pytest.mark.parametrize("reader", sorted(set(closure.READERS.values())))
def test_there_is_a_reader_of_each_name(reader: str) -> None:
    manifest = Manifest(Context(Path("missing")), "x", "")
    assert all(isinstance(item, str | Doubt) for item in closure._named(reader)(manifest))
