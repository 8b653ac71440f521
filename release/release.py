"""Builds a release into a folder, and with `--publish` hands it to the services.

`python release/release.py` is a dry run: it builds all that this machine can build, says what it leaves out and why, and prints the
commands that would publish. Needs what release/tools.txt lists; npm, docker and git where they have to do with it.

Files of other systems, built there by `release/standalone.py` and `release/build_vscode.sh`, are taken from `--add FOLDER`.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import manifests
import npm_packages
import records
import standalone
from project import ROOT, ReleaseError, description, notes, places, refuse_unready, version

TARGETS = (*manifests.HOMEBREW, *manifests.WINGET)


class Release:
    """The files of one release, and how they are published."""

    def __init__(self, out: Path, network: str) -> None:
        self.version, self.places, self.out, self.network = version(), places(), out, network
        self.left_out: list[str] = []
        self.commit = _output("git", "rev-parse", "HEAD") if shutil.which("git") and (ROOT / ".git").exists() else "unknown"

    def build(self, parts: list[str], add: Path | None) -> None:
        """Make all parts that are asked for; what cannot be made here is noted."""
        shutil.rmtree(self.out, ignore_errors=True)
        self.out.mkdir(parents=True)
        _, text = notes((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), self.version)
        (self.out / "notes.md").write_text(text, encoding="utf-8")
        # a wheel and an sdist are the same wherever they are built from one commit
        _run(sys.executable, "-m", "build", "--outdir", self.out, ROOT, env={"SOURCE_DATE_EPOCH": self._date()})
        for file in sorted(add.iterdir()) if add else []:
            shutil.copy2(file, self.out)
        if "standalone" in parts:
            _say(f"one file for {standalone.target()}")
            standalone.build(self._only("*.whl"), self.out)
        self._system_packages()
        if "image" in parts:
            self._image()
        if "vscode" in parts:
            self._vscode()
        self._records()

    def _date(self) -> str:
        return _output("git", "log", "-1", "--format=%ct") if self.commit != "unknown" else "0"

    def _only(self, pattern: str) -> Path:
        [found] = self.out.glob(pattern)
        return found

    def standalones(self) -> dict[str, Path]:
        """The one files that are there, by their targets."""
        files = {target: self.out / standalone.file_name(target) for target in TARGETS}
        return {target: file for target, file in files.items() if file.exists()}

    def _system_packages(self) -> None:
        files = self.standalones()
        missing = [target for target in TARGETS if target not in files]
        if missing:
            self.left_out.append(f"one file for {', '.join(missing)}: built on these systems, see .github/workflows/release.yml")
        if not files:
            return
        if shutil.which("npm"):
            npm_packages.pack(self.places.npm, self.version, files, self.out)
        else:
            self.left_out.append("npm packages: npm is not installed")
        named = {target: (file.name, records.checksum(file)) for target, file in files.items()}
        about = self.version, description(), self.places, named
        (self.out / "dockerlint.rb").write_text(manifests.formula(*about), encoding="utf-8")
        for name, text in manifests.winget(*about).items():
            (self.out / name).write_text(text, encoding="utf-8")

    def _image(self) -> None:
        if not shutil.which("docker") or subprocess.run(["docker", "info"], capture_output=True, check=False).returncode:  # noqa: S607
            self.left_out.append("image: no docker answers here")
            return
        labels = {
            "org.opencontainers.image.version": self.version,
            "org.opencontainers.image.revision": self.commit,
            "org.opencontainers.image.source": self.places.page,
        }
        words = [word for name, value in labels.items() for word in ("--label", f"{name}={value}")]
        _run("docker", "build", f"--network={self.network}", *words, "--tag", self.image, ROOT)
        _run(ROOT / "release" / "smoke.sh", "docker", "run", "--rm", "-i", self.image)

    @property
    def image(self) -> str:
        """The image's name and tag."""
        return f"{self.places.image}:{self.version}"

    def _vscode(self) -> None:
        if not shutil.which("npm"):
            self.left_out.append("extension for Visual Studio Code: npm is not installed")
            return
        _run(
            ROOT / "release" / "build_vscode.sh", self.out,
            env={"VERSION": self.version, "PUBLISHER": self.places.publisher, "REPOSITORY": self.places.page},
        )  # fmt: skip

    def _records(self) -> None:
        records.bill_of_materials(self.version, self.out / "sbom.cdx.json")
        files = [path for path in self.out.iterdir() if path.name != "notes.md"]
        builder = os.environ.get("GITHUB_WORKFLOW_REF", "local")
        statement = records.provenance(files, self.places.repository, self.commit, builder)
        (self.out / "provenance.intoto.json").write_text(json.dumps(statement, indent=2) + "\n", encoding="utf-8")
        self.assets = sorted([*files, self.out / "provenance.intoto.json"])
        (self.out / "SHA256SUMS").write_text(records.checksums(self.assets), encoding="utf-8")

    def publishing(self) -> list[list[str]]:
        """The commands that hand the files to the services; those that a failure can be followed by a second try come first."""
        files = sorted(path for path in self.out.iterdir() if path.name != "notes.md")
        systems, launcher = [], []
        for file in self.out.glob(f"{self.places.npm}-*.tgz"):
            (launcher if file.name == f"{self.places.npm}-{self.version}.tgz" else systems).append(file)
        commands: list[list[str]] = [["gh", "release", "create", f"v{self.version}", "--draft", "--notes-file", str(self.out / "notes.md"), *map(str, files)]]
        if not any(note.startswith("image") for note in self.left_out):
            commands.append(["docker", "push", self.image])
        commands.append(["uv", "publish", *map(str, sorted(self.out.glob("dockerlint-*.whl")) + sorted(self.out.glob("dockerlint-*.tar.gz")))])
        commands += [["npm", "publish", "--access", "public", str(file)] for file in (*sorted(systems), *launcher)]
        commands += [["npx", "vsce", "publish", "--packagePath", str(file)] for file in sorted(self.out.glob("*.vsix"))]
        commands.append(["gh", "release", "edit", f"v{self.version}", "--draft=false"])
        return commands


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="the folder to build into, which is emptied first; dist by default")
    parser.add_argument("--add", type=Path, metavar="FOLDER", help="files of other systems")
    parser.add_argument("--parts", default="standalone,image,vscode", help="what to build besides wheel, sdist and records")
    parser.add_argument("--network", default="default", help="the network of the image's build, as docker has it")
    parser.add_argument("--publish", action="store_true", help="publish, in place of printing how")
    given = parser.parse_args()
    release = Release(given.out.resolve(), given.network)
    try:
        if given.publish:
            refuse_unready((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), release.version, release.places)
        release.build([part for part in given.parts.split(",") if part], given.add)
    except ReleaseError as error:
        sys.exit(f"release: {error}")
    for note in release.left_out:
        print(f"!!!! left out: {note}", file=sys.stderr)
    for file in sorted(release.out.iterdir()):
        print(f"{file.stat().st_size:>12,}  {file.name}")
    if given.publish and release.left_out:
        sys.exit("release: not published: parts of it are left out")
    for command in release.publishing():
        print(("" if given.publish else "would run: ") + shlex.join(command), flush=True)
        if given.publish:
            _run(*command)


def _run(*words: str | Path, env: dict[str, str] | None = None) -> None:
    subprocess.run([str(word) for word in words], env={**os.environ, **(env or {})}, check=True, stdin=subprocess.DEVNULL)


def _output(*words: str) -> str:
    return subprocess.run(words, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def _say(sentence: str) -> None:
    print(f"== {sentence}", flush=True)


if __name__ == "__main__":
    main()
