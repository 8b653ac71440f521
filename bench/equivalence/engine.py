"""Holds the executor against a real engine: the same Dockerfiles, built by both; success, files and configuration must be the same.

    python -m equivalence.engine [--builds N] [--seed S] [--time-box SECONDS] [--record]     (in bench/)

docker answers where DOCKER_HOST says. An engine older than 23 knows no here-documents: those Dockerfiles are left out and counted.
Exit status: 0 all are the same; 1 some are not; 75 no engine answers.
"""

from __future__ import annotations

import argparse
import functools
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .executor import Built, Store, Tree
    from .generate import Case

RESULTS = Path(__file__).parent.parent / "equivalence.json"
CANNOT = 75
PREFIX = "equivalence-base"
TAG = f"equivalence-result:{os.getpid()}"
# how often an engine that does not answer is asked again, each two seconds
WAITS = 30
# made by the engine when a container is made or a step is run
OWN = re.compile(r"/(?:dev|proc|sys)(?:/.*)?|/\.dockerenv|/etc/(?:hosts|hostname|resolv\.conf|mtab)|/run(?:/secrets.*)?")
# what this engine does not know, or does otherwise: it leaves the folder of the mount, in which apk then keeps its index
LEFT_OUT = re.compile(r"<<|target=/etc/apk/cache")
FIELDS = ("User", "WorkingDir", "Entrypoint", "Cmd", "StopSignal", "Shell")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m equivalence.engine", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--builds", type=int, default=2000, help="two make a pair")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--time-box", type=float, metavar="SECONDS")
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--add", action="store_true", help="to what is recorded of other seeds with the same executor; with --record")
    options = parser.parse_args()
    from .sandbox import Sandbox, can_run

    why = can_run() or (None if _answers() else "no docker answers")
    if why:
        print(f"bench/equivalence: SKIPPED: {why}: the executor was not held against an engine", file=sys.stderr)
        return CANNOT
    sandbox = Sandbox()
    from . import campaign, images
    from .executor import Store

    try:
        with tempfile.TemporaryDirectory() as name:
            bases = Path(name) / "bases"
            images.make(bases)
            store = Store(sandbox, bases)
            import_images(bases)
            totals = _hold(store, options)
    finally:
        sandbox.close()
    print(f"{totals['builds']} builds in {totals['seconds']:.0f} s: {totals['same']} the same ({totals['failed']} of them fail in both), {len(totals['different'])} not; {totals['left_out']} left out (here-documents, /etc/apk/cache)")
    if options.record:
        rows = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
        row = {**totals, "seeds": [options.seed], "date": datetime.now(UTC).date().isoformat(), "engine": _version(), "code": campaign.code("bench/equivalence")}
        known = rows.get("engine")
        if options.add and known is not None and known["code"] == row["code"] and options.seed not in known["seeds"]:
            row |= {name: known[name] + row[name] for name in (*totals, "seeds")}
        rows["engine"] = row
        RESULTS.write_text(json.dumps(rows, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return 1 if totals["different"] else 0


def _docker(*words: str, **more: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["docker", *words], capture_output=True, text=True, errors="replace", check=False, **more)


def _answers() -> bool:
    return shutil.which("docker") is not None and _docker("version", "--format", "{{.Server.Version}}").returncode == 0


def _version() -> str:
    return f"docker {_docker('version', '--format', '{{.Server.Version}}').stdout.strip()}"


def import_images(bases: Path) -> None:
    """Gives the engine the same base images, under names of their own."""
    from . import images

    for image in images.IMAGES.values():
        changes = [f"ENV {key}={value}" for key, value in {"PATH": images.PATH, **image.env}.items()]
        changes += [f"WORKDIR {image.workdir}", f"CMD {json.dumps(list(image.command))}"]
        changes += [f"USER {image.runs_as}"] if image.runs_as else []
        words = [word for change in changes for word in ("-c", change)]
        with tempfile.TemporaryDirectory() as name:
            top = Path(name) / "root"
            for layer in ("common", images.folder(image.name)):
                subprocess.run(["cp", "-a", "--remove-destination", f"{bases / layer}/.", str(top)] if top.exists() else ["cp", "-a", str(bases / layer), str(top)], check=True)
            tar = subprocess.Popen(["tar", "-C", str(top), "-c", "."], stdout=subprocess.PIPE)
            done = subprocess.run(["docker", "import", *words, "-", tagged(image.name)], stdin=tar.stdout, capture_output=True, text=True, check=False)
            tar.wait()
            if done.returncode:
                raise RuntimeError(done.stderr)


def tagged(name: str) -> str:
    """What a base image is called in the engine."""
    return f"{PREFIX}/{name}"


def for_engine(text: str) -> str:
    """The text with the names that the images have in the engine."""
    from . import images

    names = "|".join(re.escape(name) for name in sorted(images.IMAGES, key=len, reverse=True))
    text = re.sub(rf"(?mi)^(FROM\s+(?:--platform=\S+\s+)?)({names})(?=\s|$)", rf"\1{PREFIX}/\2", text)
    return re.sub(rf"(?mi)^(ARG\s+\w+=)({names})(?=\s*$)", rf"\1{PREFIX}/\2", text)


def _hold(store: Store, options: argparse.Namespace) -> dict[str, Any]:
    from . import campaign
    from .dockerfile import BuildError
    from .executor import Builder, Context
    from .fixes import fix_all
    from .generate import Case

    totals: dict[str, Any] = {"builds": 0, "same": 0, "failed": 0, "left_out": 0, "different": []}
    start = time.monotonic()
    for batch in campaign._batches(options.seed):
        for case, fixed in zip(batch, fix_all(batch), strict=True):
            for text in (case.text, fixed.text):
                if totals["builds"] >= options.builds or (options.time_box and time.monotonic() - start > options.time_box):
                    totals["seconds"] = time.monotonic() - start
                    return totals
                if LEFT_OUT.search(text):
                    totals["left_out"] += 1
                    continue
                builder = Builder(store)
                try:
                    built: Built | None = builder.build(text, Context(case.files))
                    said = ""
                except BuildError as error:
                    built, said = None, str(error)
                try:
                    problems = _compare(Case(text, case.files), built, said)
                finally:
                    builder.close()
                totals["builds"] += 1
                totals["same"] += not problems
                totals["failed"] += not problems and built is None
                if problems:
                    totals["different"].append({"dockerfile": text, "problems": problems[:5]})
                    print(f"!! {problems[:6]}\n{text}", flush=True)
        print(f"{time.monotonic() - start:6.0f} s  {totals['builds']} builds, {totals['same']} the same", flush=True)
    return totals


def _compare(case: Case, built: Built | None, said: str) -> list[str]:
    from .executor import Context

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "context"
        folder.mkdir()
        Context(case.files).write(folder)
        file = Path(name) / "Dockerfile"
        file.write_text(for_engine(case.text), encoding="utf-8")
        # cache mounts of other builds must not be seen: their ids get a part of this one's
        marked = re.sub(r"(--mount=type=cache,\S*?)(?=[\s\\])", lambda match: _own_id(match[1], name), file.read_text(encoding="utf-8"))
        file.write_text(marked, encoding="utf-8")
        for _ in range(WAITS):
            done = _docker("build", "--network=host", "--progress=plain", "-q", "-t", TAG, "-f", str(file), str(folder))
            if not re.search("annot connect to the Docker daemon|failed to dial|error during connect", done.stderr):
                break
            time.sleep(2)
        if done.returncode:
            return [] if built is None else [f"the engine fails, the executor does not: {done.stderr[-600:]}"]
        if built is None:
            return [f"the executor fails, the engine does not: {said[-600:]}"]
        (image,) = json.loads(_docker("image", "inspect", TAG).stdout)
        folders = _layers(image)
        tree = _exported() if folders is None else _stacked(tuple(folders))
        return [*_files(tree, built), *_settings(image["Config"], built.config)]


def _own_id(flag: str, name: str) -> str:
    target = re.search(r"(?:target|dst)=([^,\s]+)", flag)
    identity = re.search(r",id=([^,\s]+)", flag)
    word = (identity or target)[1] if identity or target else ""  # type: ignore[index]
    flag = re.sub(r",id=[^,\s]+", "", flag)
    return f"{flag},id={hashlib.blake2b(f'{name}{word}'.encode(), digest_size=6).hexdigest()}"


def _layers(image: dict[str, Any]) -> list[str] | None:
    """The folders of an image's layers, lowest first, where the engine keeps them at hand in overlays."""
    driver = image.get("GraphDriver") or {}
    data = driver.get("Data") or {}
    if driver.get("Name") != "overlay2" or not Path(data.get("UpperDir", "/nowhere")).is_dir():
        return None
    lower = data.get("LowerDir", "")
    return [*reversed(lower.split(":") if lower else []), data["UpperDir"]]


@functools.lru_cache(maxsize=256)
def _stacked(folders: tuple[str, ...]) -> Tree:
    """The files of layers on one another."""
    from .executor import scan

    return scan(folders[-1], _stacked(folders[:-1])) if folders else {}


def _exported() -> Tree:
    """The files of the image that was built last."""
    from .executor import Entry

    container = _docker("create", TAG, "x").stdout.strip()
    tree: Tree = {}
    try:
        stream = subprocess.Popen(["docker", "export", container], stdout=subprocess.PIPE)
        with tarfile.open(fileobj=stream.stdout, mode="r|") as tar:
            for info in tar:
                path = "/" + info.name.strip("/").removeprefix("./")
                if info.isdir():
                    tree[path] = Entry("folder", info.mode & 0o7777, info.uid, info.gid)
                elif info.issym():
                    tree[path] = Entry("link", 0o777, info.uid, info.gid, info.linkname)
                elif info.isfile():
                    file = tar.extractfile(info)
                    assert file
                    tree[path] = Entry("file", info.mode & 0o7777, info.uid, info.gid, hashlib.blake2b(file.read(), digest_size=12).hexdigest())
                elif info.islnk():
                    tree[path] = tree.get("/" + info.linkname.strip("/"), Entry("other", 0, 0, 0))
        stream.wait()
    finally:
        _docker("rm", "-f", container)
    return tree


def _files(tree: Mapping[str, Any], built: Built) -> list[str]:
    found = []
    for path in sorted(tree.keys() | built.tree.keys()):
        if OWN.fullmatch(path) or path == "/" or path.startswith("/usr/lib/standin/"):
            continue
        engine, own = tree.get(path), built.tree.get(path)
        if engine == own:
            continue
        if own is None and engine is not None and engine.kind == "folder" and (path in built.stubs or path == "/etc"):
            # this engine leaves the folders that mounts need
            continue
        found.append(f"{path}: engine {engine}, executor {own}")
    return found


def _settings(config: dict[str, Any], own: dict[str, Any]) -> list[str]:
    found = []
    for name in FIELDS:
        one, other = config.get(name) or None, own.get(name) or None
        if name == "WorkingDir":
            one, other = one or "/", other or "/"
        if one != other:
            found.append(f"configuration {name}: engine {one!r}, executor {other!r}")
    env = dict(item.split("=", 1) for item in config.get("Env") or [])
    if env != own["Env"]:
        found.append(f"configuration Env: engine {env}, executor {own['Env']}")
    if (config.get("Labels") or {}) != own["Labels"]:
        found.append(f"configuration Labels: engine {config.get('Labels')}, executor {own['Labels']}")
    ports = sorted(config.get("ExposedPorts") or {})
    if ports != sorted(own.get("ExposedPorts") or []):
        found.append(f"configuration ExposedPorts: engine {ports}, executor {own.get('ExposedPorts')}")
    return found


if __name__ == "__main__":
    sys.exit(main())
