"""What builds a release, and the image's Dockerfile: all that needs no engine and no network."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import yaml

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).parent.parent
RELEASE = ROOT / "release"

pytestmark = pytest.mark.skipif(not RELEASE.exists(), reason="it is no part of the package")

CHANGELOG = "# Changelog\n\n## [0.2.0] - 2026-12-01\n\n### Added\n- two\n\n## [0.1.0] - unreleased\n\n- one\n\n## [0.0.1] - 2026-01-01\n"


@pytest.fixture(autouse=True)
def beside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(RELEASE))


def module(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, RELEASE / f"{name}.py")
    assert spec
    assert spec.loader
    found: ModuleType = importlib.util.module_from_spec(spec)
    sys.modules[name] = found
    spec.loader.exec_module(found)
    return found


def test_a_section_of_the_changelog_becomes_the_notes() -> None:
    project = module("project")
    assert project.notes(CHANGELOG, "0.2.0") == ("2026-12-01", "### Added\n- two\n")
    assert project.notes(CHANGELOG, "0.1.0") == ("unreleased", "- one\n")
    for missing, why in (("0.0.1", "is empty"), ("0.3.0", "there is no section")):
        with pytest.raises(project.ReleaseError, match=why):
            project.notes(CHANGELOG, missing)


def test_there_is_a_section_for_the_version_of_now() -> None:
    project = module("project")
    assert project.notes((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), project.version())[1]


def test_what_is_not_ready_is_not_published() -> None:
    project = module("project")
    ours = project.Places("a/b", "ghcr.io/a/b", "n", "a.b", "a")
    project.refuse_unready(CHANGELOG, "0.2.0", ours)
    with pytest.raises(project.ReleaseError, match="write the date"):
        project.refuse_unready(CHANGELOG, "0.1.0", ours)
    with pytest.raises(project.ReleaseError, match=r"release\.toml: repository, image"):
        project.refuse_unready(CHANGELOG, "0.2.0", project.Places("OWNER/b", "ghcr.io/owner/b", "n", "a.b", "a"))


def test_the_version_stands_in_one_place() -> None:
    version = module("project").version()
    held = re.compile(rf"(?<![\d.]){re.escape(version)}(?![\d.])")
    files = [
        *ROOT.glob("lint/**/*.py"), *RELEASE.glob("*"), *ROOT.glob("integrations/npm/*"), *ROOT.glob(".github/**/*.yml"),
        ROOT / "editors/vscode/package.json", ROOT / "Dockerfile", ROOT / "action.yml", ROOT / ".pre-commit-hooks.yaml",
    ]  # fmt: skip
    texts = {path.name: path.read_text(encoding="utf-8") for path in files if path.is_file() and path.name not in ("requirements.txt", "base_env.toml")}
    # a comment may have it as an example
    lines = {f"{name}: {line}" for name, text in texts.items() for line in text.splitlines() if held.search(line.partition("#")[0])}
    assert lines == set()


def test_formula_and_manifests_name_each_file_with_its_checksum() -> None:
    project, manifests = module("project"), module("manifests")
    places = project.Places("a/b", "ghcr.io/a/b", "n", "a.b", "ab")
    files = {target: (f"dlint-{target}", hashlib.sha256(target.encode()).hexdigest()) for target in ("linux-x64", "darwin-arm64", "win32-x64")}
    formula = manifests.formula("1.2.3", 'says "x" #{y}', places, files)
    assert r'desc "says \"x\" \#{y}"' in formula
    assert 'url "https://github.com/a/b/releases/download/v1.2.3/dlint-darwin-arm64"' in formula
    assert formula.count("sha256 ") == 2
    assert formula.count(" do\n") + formula.count("def ") == formula.count("  end\n")
    made = {name: yaml.safe_load(text) for name, text in manifests.winget("1.2.3", "says", places, files).items()}
    assert set(made) == {"a.b.yaml", "a.b.installer.yaml", "a.b.locale.en-US.yaml"}
    assert made["a.b.installer.yaml"]["Installers"] == [
        {
            "Architecture": "x64",
            "InstallerUrl": "https://github.com/a/b/releases/download/v1.2.3/dlint-win32-x64",
            "InstallerSha256": files["win32-x64"][1].upper(),
        }
    ]
    assert {item["ManifestType"] for item in made.values()} == {"version", "installer", "defaultLocale"}
    schema = json.loads((ROOT / "tests/data/schemas/winget.json").read_text(encoding="utf-8"))
    for item in made.values():
        jsonschema.validate(item, schema)
    assert manifests.winget("1.2.3", "says", places, {"linux-x64": files["linux-x64"]}) == {}


@pytest.mark.skipif(shutil.which("ruby") is None, reason="there is no ruby")
def test_ruby_reads_the_formula(tmp_path: Path) -> None:
    project, manifests = module("project"), module("manifests")
    places = project.Places("a/b", "ghcr.io/a/b", "n", "a.b", "a")
    path = tmp_path / "dockerlint.rb"
    path.write_text(manifests.formula("1.2.3", 'says "x" #{y}', places, {"linux-x64": ("dlint-linux-x64", "0" * 64)}), encoding="utf-8")
    done = subprocess.run(["ruby", "-cw", path], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("Syntax OK\n", "")


STATEMENT = {
    "type": "object",
    "required": ["_type", "subject", "predicateType", "predicate"],
    "properties": {
        "_type": {"const": "https://in-toto.io/Statement/v1"},
        "predicateType": {"const": "https://slsa.dev/provenance/v1"},
        "subject": {"type": "array", "minItems": 1, "items": {"required": ["name", "digest"]}},
        "predicate": {"required": ["buildDefinition", "runDetails"]},
    },
}


def test_provenance_and_checksums_are_of_the_files(tmp_path: Path) -> None:
    records = module("records")
    (tmp_path / "b").write_bytes(b"two")
    (tmp_path / "a").write_bytes(b"one")
    statement = records.provenance([tmp_path / "b", tmp_path / "a"], "a/b", "c0ffee", "here")
    jsonschema.validate(statement, STATEMENT)
    one = hashlib.sha256(b"one").hexdigest()
    assert statement["subject"][0] == {"name": "a", "digest": {"sha256": one}}
    (tmp_path / "SHA256SUMS").write_text(records.checksums([tmp_path / "b", tmp_path / "a"]))
    assert subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=tmp_path, capture_output=True, check=False).returncode == 0


def test_what_an_image_holds_is_pinned_by_checksums() -> None:
    text = (RELEASE / "requirements.txt").read_text(encoding="utf-8")
    packages = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert packages
    for line in packages:
        assert re.match(r"[a-z0-9-]+==\S+ .*\\$|[a-z0-9-]+==\S+ \\$", line), line
    held = {line.partition("==")[0] for line in packages}
    wanted = subprocess.run(
        [sys.executable, "-c", "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies'])"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    assert {re.split(r"[<>=,]", name)[0].lower().replace("_", "-") for name in wanted} <= held


def test_actions_are_pinned_by_commits() -> None:
    for path in (ROOT / ".github" / "workflows").glob("*.yml"):
        uses = re.findall(r"uses: (\S+)(.*)", path.read_text(encoding="utf-8"))
        assert uses
        for action, comment in uses:
            assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action), action
            assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment), action
        yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("words", [["--preset", "all", "--fail-on", "style"], ["--diff", "--fix", "--unsafe-fixes"], ["--diff", "--preset", "all"]])
def test_the_images_dockerfile_has_no_finding_and_no_fix(words: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dockerlint.lint.cli", *words, "--no-cache", "--no-config", "Dockerfile"],
        cwd=ROOT, env={"PYTHONPATH": str(ROOT / ".pkg"), "PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) in ((0, "no findings in 1 file\n"), (0, "")), done.stdout + done.stderr


def test_the_settings_of_the_editor_extension_are_those_it_asks_for() -> None:
    folder = ROOT / "editors" / "vscode"
    manifest = json.loads((folder / "package.json").read_text(encoding="utf-8"))
    source = (folder / "src" / "extension.ts").read_text(encoding="utf-8")
    asked = {f"dlint.{name}" for name in re.findall(r'settings\(\)\.get\("(\w+)"', source)}
    assert asked == set(manifest["contributes"]["configuration"]["properties"])
    registered = set(re.findall(r'registerCommand\("([\w.]+)"', source))
    assert registered == {item["command"] for item in manifest["contributes"]["commands"]}


def test_every_action_is_pinned_by_its_commit() -> None:
    files = [ROOT / "action.yml", *(ROOT / ".github" / "workflows").glob("*.yml")]
    used = [line.split("uses:")[1].strip() for path in files for line in path.read_text(encoding="utf-8").splitlines() if "uses:" in line]
    assert used
    for line in used:
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line
    # one commit an action, in all files
    assert len({line.partition("@")[0] for line in used}) == len(set(used))


def test_the_image_is_given_all_that_the_wheel_is_made_of() -> None:
    from dockerlint.lint.context.build_context import Context

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    hook = (ROOT / "hatch_build.py").read_text(encoding="utf-8")
    top_level = re.search(r"^TOP_LEVEL = \((.*)\)$", hook, re.MULTILINE)
    assert top_level
    needed = {
        "pyproject.toml", "hatch_build.py", "release/requirements.txt", project["project"]["readme"], *project["project"]["license-files"],
        *wheel["only-include"], *wheel["shared-data"], *(f".pkg/dockerlint/{name}" for name in re.findall(r'"(.+?)"', top_level[1])),
    }  # fmt: skip
    files = Context.of(ROOT, ROOT / "Dockerfile").files
    assert not {path for path in needed if not any(file == path or file.startswith(f"{path}/") for file in files)}
