"""What is too large to be read, or to be shown, is told in a sentence, at once."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dockerlint.fixers.cost.measured import MeasuredError, archive_stream, build_log, docker_history, image_archive
from dockerlint.lint.cli import main
from dockerlint.lint.engine import baseline
from dockerlint.lint.engine.checker import check
from dockerlint.lint.engine.registry import rules
from dockerlint.lint.report.escaping import sentence
from dockerlint.lint.syntax.did_you_mean import is_one_slip, most_alike, nearest
from dockerlint.lint.syntax.parser import parse

if TYPE_CHECKING:
    from collections.abc import Callable

TEXT = "FROM debian\nMAINTAINER me\n"
MEGABYTE = "x" * 1_000_001


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    monkeypatch.chdir(tmp_path)
    Path("Dockerfile").write_text(TEXT)

    def run(*words: str) -> tuple[int, str]:
        started = time.monotonic()
        status = main(list(words))
        assert time.monotonic() - started < 5
        err = capsys.readouterr().err
        assert "Traceback" not in err
        assert "internal error" not in err
        return status, err

    return run


@pytest.mark.parametrize("name", [".dlint.toml", "pyproject.toml", ".hadolint.yaml", ".hadolint.yml", "compose.yaml", "docker-bake.json", "docker-bake.hcl"])
@pytest.mark.parametrize("size", [1_000_001, 60_000_000])
def test_files_that_set_something(name: str, size: int, told: Callable[..., tuple[int, str]]) -> None:
    with Path(name).open("w") as file:
        file.write("# ")
        file.truncate(size)
    status, err = told(name if name.startswith(("compose", "docker-bake")) else "Dockerfile")
    assert status == 2
    assert f"{name}: cannot be read: it has over 1,000,000 bytes" in err


def test_the_largest_configuration_is_read(told: Callable[..., tuple[int, str]]) -> None:
    Path(".dlint.toml").write_text("#" * 999_970 + "\nignore = ['DL4000']\n")
    assert told("--select", "DL4000", "--fail-on", "info", "Dockerfile") == (1, "")
    assert told("--fail-on", "error", "Dockerfile") == (0, "")


def test_a_baseline(told: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baseline, "MOST_BYTES", 1000)
    Path("known.json").write_text(" " * 1001)
    assert told("--baseline", "known.json", "Dockerfile") == (2, "dlint: known.json: the baseline cannot be read: it has over 1,000 bytes, too many for such a file\n")


def test_a_list_of_packages(told: Callable[..., tuple[int, str]]) -> None:
    with Path("list").open("w") as file:
        file.truncate(20_000_000)
    assert told("--pin-from", "list", "Dockerfile") == (2, "dlint: list: cannot be read: it has over 16,000,000 bytes, too many for such a file\n")


# ---------------------------------------------------------------- names in errors


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (".dlint.toml", f"{MEGABYTE[:900_000]} = 1\n"), (".dlint.toml", f'select = ["{MEGABYTE[:900_000]}"]\n'), (".dlint.toml", f'select = ["{"x y " * 200_000}"]\n'),
        (".dlint.toml", f'[severity]\n"{MEGABYTE[:900_000]}" = "info"\n'), (".hadolint.yaml", f'"{MEGABYTE[:900_000]}: [\n'),
        ("compose.yaml", f'services: {{"{MEGABYTE[:900_000]}": 1}}\n'), ("compose.yaml", f'services: {{a: {{build: {{context: "{MEGABYTE[:900_000]}"}}}}}}\n'),
        ("docker-bake.json", json.dumps({"target": {"a": {"inherits": [MEGABYTE[:900_000]]}}})),
    ],
)  # fmt: skip
def test_long_names_of_a_file(name: str, text: str, told: Callable[..., tuple[int, str]]) -> None:
    Path(name).write_text(text)
    for words in ([], ["cost"], ["doctor"]):
        _, err = told(*words, name if name.startswith(("compose", "docker-bake")) else "Dockerfile")
        assert len(err) < 5_000


@pytest.mark.parametrize("words", [["{}"], ["--select", "{}"], ["--preset", "{}"], ["--config", "{}"], ["--context", "{}"], ["explain", "{}"], ["cost", "{}"], ["diff", "{}"], ["scan", "{}"], ["ast", "{}"]])
def test_long_names_on_the_command_line(words: list[str], told: Callable[..., tuple[int, str]]) -> None:
    _, err = told(*[word.format("y" * 100_000) for word in words])
    assert len(err) < 5_000


def test_long_names_in_findings() -> None:
    name = "x" * 60_000
    text = (
        f"ARG {name}=1\nFROM {name}:1 AS {name}\nFOO{name} a\nRUN apt-get install {name} && cd {name}\nCOPY --from={name}1 {name} {name}\n"
        f"EXPOSE {name}\nUSER {name}\nWORKDIR {name}\nADD {name} {name}\nSTOPSIGNAL {name}\nRUN --{name} x\nSHELL {name}\n"
    )
    findings = check(parse(text), rules=rules())
    assert len(findings) > 10
    assert max(len(item.message) for item in findings) < 1_000
    assert max(len(item.fix.title) for item in findings if item.fix) < 1_000


def test_a_sentence_keeps_both_ends() -> None:
    assert sentence("a: no such file") == "a: no such file"
    assert sentence("x" * 299 + ": b") == "x" * 299 + ": b"
    assert sentence("x" * 100_000 + "yz: it is no file") == "x" * 200 + "..." + "x" * 77 + "yz:" + " it is no file"
    assert len(sentence("a b " * 100_000)) < 4_001


def test_long_names_are_not_compared() -> None:
    started = time.process_time()
    name = "ab" * 500_000
    assert not is_one_slip(name, name + "c")
    assert nearest(name, [name + "c"] * 200) is None
    assert most_alike("select", [name]) is None
    assert time.process_time() - started < 1


# ---------------------------------------------------------------- measurements


def packed(layers: int, size: int) -> bytes:
    """An image, packed, of layers of zeros that are packed too."""

    def tar(files: dict[str, bytes]) -> bytes:
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as file:
            for name, data in files.items():
                member = tarfile.TarInfo(name)
                member.size = len(data)
                file.addfile(member, io.BytesIO(data))
        return out.getvalue()

    layer = gzip.compress(tar({"zeros": bytes(size)}), 9, mtime=0)
    names = [f"{at}.tar" for at in range(layers)]
    manifest = json.dumps([{"Config": "c.json", "Layers": names}]).encode()
    return gzip.compress(tar({"manifest.json": manifest, "c.json": b'{"history": []}', **dict.fromkeys(names, layer)}))


@pytest.mark.parametrize(("layers", "size"), [(1, 8_000_000), (8, 1_000_000)])
def test_an_image_that_unpacks_to_very_much(layers: int, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    data = packed(layers, size)
    assert image_archive.read_stream(io.BytesIO(data), "a.tar")
    monkeypatch.setattr(archive_stream, "UNPACKED_ANYWAY", 500_000)
    with pytest.raises(MeasuredError, match=r"a.tar: [\d,]+ bytes of it unpack to over [\d,]+; dlint does not read it"):
        image_archive.read_stream(io.BytesIO(data), "a.tar")


def test_what_an_image_unpacks_to_is_bounded_over_all_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_archive, "MOST_BYTES", 3_000_000)
    assert image_archive.read_stream(io.BytesIO(packed(2, 1_000_000)), "a.tar")
    with pytest.raises(MeasuredError, match="there is more in the archive than"):
        image_archive.read_stream(io.BytesIO(packed(4, 1_000_000)), "a.tar")


@pytest.mark.parametrize("text", ["".join(f"#{at} [1/2] RUN x\n" for at in range(100_002)), "\n".join(f'{{"vertexes":[{{"digest":"{at}","name":"[1/2] RUN x"}}]}}' for at in range(100_002))])
def test_a_log_of_too_many_steps(text: str) -> None:
    with pytest.raises(MeasuredError, match="there are more than 100,000 steps in it"):
        build_log.read(text, "log")


def test_a_history_of_too_many_entries() -> None:
    entry = '{"CreatedBy": "a", "Size": 1}\n'
    assert len(docker_history.read(entry * 1_000, "history")) == 1_000
    with pytest.raises(MeasuredError, match="there are more than 100,000 entries in it"):
        docker_history.read(entry * 100_001, "history")


@pytest.mark.parametrize("option", ["--build-log", "--history"])
def test_measurements_of_too_many_bytes(option: str, told: Callable[..., tuple[int, str]]) -> None:
    with Path("said").open("wb") as file:
        file.truncate(64_000_001)
    _, err = told("cost", option, "said", "Dockerfile")
    assert err == "dlint: said: there is more in it than 64,000,000 bytes; dlint does not read it; the estimate does without it\n"
