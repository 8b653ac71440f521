"""Builds a release into a folder; `--publish`, later, hands what is there to the services.

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

VSCE = "@vscode/vsce@3.6.2"
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
        sums = records.checksums([*files, self.out / "provenance.intoto.json"])
        (self.out / "SHA256SUMS").write_text(sums, encoding="utf-8")

    def check(self) -> None:
        """Raise ReleaseError unless the folder holds all of a release, as it was built."""
        sums = self.out / "SHA256SUMS"
        if not sums.exists():
            raise ReleaseError(f"{self.out}: there is no SHA256SUMS: build a release first")
        named = [line.split("  ", 1)[1] for line in sums.read_text(encoding="utf-8").splitlines()]
        if records.checksums(self.out / name for name in named) != sums.read_text(encoding="utf-8"):
            raise ReleaseError(f"{self.out}: files are not as SHA256SUMS says: build the release again")
        kinds = {f"one file for {target}": standalone.file_name(target) for target in TARGETS}
        kinds |= {"wheel": "dockerlint-*.whl", "sdist": "dockerlint-*.tar.gz", "npm packages": f"{self.places.npm}-{self.version}.tgz"}
        kinds |= {"extension": "*.vsix", "Homebrew formula": "dockerlint.rb", "winget manifests": f"{self.places.winget}.installer.yaml"}
        missing = [kind for kind, pattern in kinds.items() if not list(self.out.glob(pattern))]
        if subprocess.run(["docker", "image", "inspect", self.image], capture_output=True, check=False).returncode:  # noqa: S607
            missing.append(f"image {self.image}")
        if missing:
            raise ReleaseError(f"not published: there is no {', '.join(missing)}")

    def publishing(self) -> list[list[str]]:
        """The commands that hand the files to the services. The release's page stays a draft until all the others went well."""
        tag = f"v{self.version}"
        packages = [str(path) for path in sorted(self.out.glob(f"{self.places.npm}-*.tgz"))]
        launcher = str(self.out / f"{self.places.npm}-{self.version}.tgz")
        files = [str(path) for path in sorted(self.out.iterdir()) if path.name != "notes.md"]
        return [
            ["gh", "release", "create", tag, "--draft", "--verify-tag", "--notes-file", str(self.out / "notes.md"), *files],
            ["docker", "push", self.image],
            ["uv", "publish", *(name for name in files if "/dockerlint-" in name and name.endswith((".whl", f"dockerlint-{self.version}.tar.gz")))],
            # the launcher asks for the others
            *(["npm", "publish", "--access", "public", name] for name in (*(name for name in packages if name != launcher), launcher)),
            *(["npx", "--yes", VSCE, "publish", "--packagePath", name] for name in files if name.endswith(".vsix")),
            ["gh", "release", "edit", tag, "--draft=false"],
        ]


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="the folder to build into, which is emptied first; dist by default")
    parser.add_argument("--add", type=Path, metavar="FOLDER", help="files of other systems")
    parser.add_argument("--parts", default="standalone,image,vscode", help="what to build besides wheel, sdist and records")
    parser.add_argument("--network", default="default", help="the network of the image's build, as docker has it")
    parser.add_argument("--publish", action="store_true", help="publish what an earlier run has built")
    given = parser.parse_args()
    release = Release(given.out.resolve(), given.network)
    try:
        if given.publish:
            refuse_unready((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), release.version, release.places)
            release.check()
        else:
            release.build([part for part in given.parts.split(",") if part], given.add)
    except ReleaseError as error:
        sys.exit(f"release: {error}")
    for note in release.left_out:
        print(f"!!!! left out: {note}", file=sys.stderr)
    for file in sorted(release.out.iterdir()):
        print(f"{file.stat().st_size:>12,}  {file.name}")
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
