"""What goes with the files of a release: checksums, a bill of materials, and where they come from."""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from project import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

STATEMENT = "https://in-toto.io/Statement/v1"
PROVENANCE = "https://slsa.dev/provenance/v1"


def checksum(file: Path) -> str:
    """The SHA-256 of a file, as hexadecimal digits."""
    with file.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()


def checksums(files: Iterable[Path]) -> str:
    """Lines for `sha256sum --check`."""
    return "".join(f"{checksum(file)}  {file.name}\n" for file in sorted(files))


def bill_of_materials(version: str, out: Path) -> None:
    """Write what the image and the one file hold besides dlint, as CycloneDX 1.6, from the list with their checksums."""
    words = [sys.executable, "-m", "cyclonedx_py", "requirements", "release/requirements.txt", "--pyproject", "pyproject.toml"]
    words += ["--output-reproducible", "--output-format", "JSON", "--spec-version", "1.6", "--output-file", str(out)]
    subprocess.run(words, cwd=ROOT, check=True)
    component = json.loads(out.read_text(encoding="utf-8"))["metadata"]["component"]
    if component["version"] != version:
        raise AssertionError(f"{out}: is of {component['version']}, not {version}")


def provenance(files: Iterable[Path], repository: str, commit: str, builder: str) -> dict[str, Any]:
    """An in-toto statement with SLSA's provenance: which commit the files were built from, and by what.

    It is not signed: who downloads a file checks the attestation that the release's workflow makes, `gh attestation verify`.
    Source: slsa.dev/spec/v1.0/provenance.
    """
    source = f"git+https://github.com/{repository}"
    return {
        "_type": STATEMENT,
        "subject": [{"name": file.name, "digest": {"sha256": checksum(file)}} for file in sorted(files)],
        "predicateType": PROVENANCE,
        "predicate": {
            "buildDefinition": {
                "buildType": f"https://github.com/{repository}/blob/{commit}/release/release.py",
                "externalParameters": {"source": source},
                "internalParameters": {"python": platform.python_version(), "system": platform.platform()},
                "resolvedDependencies": [{"uri": f"{source}@{commit}", "digest": {"gitCommit": commit}}, *_packages()],
            },
            "runDetails": {"builder": {"id": builder}},
        },
    }


def _packages() -> list[Mapping[str, object]]:
    listed = ROOT / "release" / "requirements.txt"
    return [{"uri": "release/requirements.txt", "digest": {"sha256": checksum(listed)}}]
