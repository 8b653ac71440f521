"""What no editor sends: places that are none, messages of gigabytes, and very many edits."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest.importorskip("pygls")

URI = "file:///nowhere/Dockerfile"
INVALID_PARAMS = -32602
METHOD_NOT_FOUND = -32601
OPEN = {"textDocument": {"uri": URI, "languageId": "dockerfile", "version": 1, "text": "FROM debian\nENV A=b\nRUN echo $A\n"}}
TWO_32 = 1 << 32


def framed(message: dict[str, Any]) -> bytes:
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


@pytest.fixture
def server() -> Iterator[Server]:
    found = Server()
    with found.process:
        yield found
        found.process.kill()


class Server:
    """A server that is talked to in raw bytes."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "dockerlint.lint.cli", "lsp"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.send({"id": 0, "method": "initialize", "params": {"capabilities": {}, "processId": None, "rootUri": None}})
        self.capabilities: dict[str, Any] = self.answer(0)["result"]["capabilities"]
        self.send({"method": "initialized", "params": {}})
        self.send({"method": "textDocument/didOpen", "params": OPEN})

    def send(self, message: dict[str, Any]) -> None:
        self.raw(framed(message))

    def raw(self, data: bytes) -> None:
        assert self.process.stdin
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def answer(self, number: int) -> dict[str, Any]:
        """The answer to a question; what the server says between is passed over."""
        assert self.process.stdout
        while True:
            length = 0
            while (line := self.process.stdout.readline().strip()):
                if line.startswith(b"Content-Length:"):
                    length = int(line.partition(b":")[2])
            assert length, "the server has ended"
            found: dict[str, Any] = json.loads(self.process.stdout.read(length))
            if found.get("id") == number and "method" not in found:
                return found

    def hover(self, number: int, line: object, character: object) -> dict[str, Any]:
        place = {"line": line, "character": character}
        self.send({"id": number, "method": "textDocument/hover", "params": {"textDocument": {"uri": URI}, "position": place}})
        return self.answer(number)

    def end(self) -> int:
        self.send({"id": 9999, "method": "shutdown"})
        self.answer(9999)
        self.send({"method": "exit"})
        return self.process.wait(30)

    @property
    def memory(self) -> int:
        """Bytes that it holds."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * 4096


@pytest.mark.parametrize("bad", [TWO_32, -1, 1 << 70, "a", None, [], TWO_32 - 1])
def test_a_place_that_is_none_is_answered(bad: object, server: Server) -> None:
    for number, place in enumerate([(bad, 0), (0, bad)], 1):
        assert server.hover(number, *place)["error"]["code"] == INVALID_PARAMS
    range_ = {"start": {"line": 0, "character": 0}, "end": {"line": bad, "character": 0}}
    server.send({"id": 3, "method": "textDocument/codeAction", "params": {"textDocument": {"uri": URI}, "range": range_, "context": {"diagnostics": []}}})
    assert server.answer(3)["error"]["code"] == INVALID_PARAMS
    server.send({"method": "textDocument/didChange", "params": {"textDocument": {"uri": URI, "version": 2}, "contentChanges": [{"range": range_, "text": ""}]}})
    # the largest place that the protocol has is one
    assert "error" not in server.hover(4, 0, (1 << 31) - 1)
    assert server.hover(5, 2, 10)["result"] is not None
    assert server.end() == 0


QUESTIONS = ("hover", "completion", "definition", "references", "inlayHint", "codeAction", "a finding's")


def question(name: str, line: object, character: object) -> tuple[str, dict[str, Any]]:
    """A question about a place, or about a range or a finding that ends there."""
    place, top = {"line": line, "character": character}, {"line": 0, "character": 0}
    whole, empty = {"start": top, "end": place}, {"start": top, "end": top}
    params: dict[str, Any] = {"textDocument": {"uri": URI}}
    match name:
        case "inlayHint":
            params["range"] = whole
        case "codeAction":
            params |= {"range": whole, "context": {"diagnostics": []}}
        case "a finding's":
            name = "codeAction"
            params |= {"range": empty, "context": {"diagnostics": [{"range": whole, "message": "x"}]}}
        case _:
            params |= {"position": place, "context": {"includeDeclaration": True}} if name == "references" else {"position": place}
    return f"textDocument/{name}", params


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_bad_place_in_any_question_is_an_error_and_no_traceback(name: str, server: Server) -> None:
    bad_values: list[object] = [TWO_32, -1, 1 << 31, 1 << 70, "a", None, [], {}, *[TWO_32] * 20]
    for number, bad in enumerate(bad_values, 100):
        method, params = question(name, bad, 0)
        server.send({"id": number, "method": method, "params": params})
        assert server.answer(number)["error"]["code"] == INVALID_PARAMS, bad
    # behind the text, and behind its line, is its end
    for number, place in enumerate([((1 << 31) - 1, 0), (0, (1 << 31) - 1), (3, 0), (2, 5000)], 200):
        method, params = question(name, *place)
        server.send({"id": number, "method": method, "params": params})
        assert "result" in server.answer(number), place
    assert server.end() == 0
    assert server.process.stderr
    assert server.process.stderr.read() == b""


def test_formatting_is_not_offered(server: Server) -> None:
    server.send({"id": 5, "method": "textDocument/formatting", "params": {"textDocument": {"uri": URI}, "options": {"tabSize": 2, "insertSpaces": True}}})
    assert server.answer(5)["error"]["code"] == METHOD_NOT_FOUND
    assert not any("ormatting" in name for name in server.capabilities)
    assert server.end() == 0


@pytest.mark.parametrize("length", [b"1" + b"0" * 12, b"9" * 900, b"9" * 5000, b"200000000"])
def test_a_huge_message_is_refused(length: bytes, server: Server) -> None:
    server.raw(b"Content-Length: " + length + b"\r\n\r\n{")
    server.process.stdin.close()  # type: ignore[union-attr]
    server.process.stdin = None
    out, err = server.process.communicate(timeout=30)
    assert server.process.returncode == 1
    assert b"Traceback" not in err
    if len(length) < 1000:
        assert b"dlint: a message of over 100,663,296 bytes is not read" in err
    assert len(out) < 10_000


def test_a_header_without_an_end_takes_no_memory(server: Server) -> None:
    server.hover(1, 0, 0)
    before = server.memory
    for _ in range(30):
        server.raw(b"x" * 1_000_000)
    server.raw(b"\r\n")
    assert server.hover(2, 2, 10)["result"] is not None
    assert server.memory - before < 20_000_000
    assert server.end() == 0


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs /proc")
def test_memory_stays_as_it_is_over_many_edits(server: Server) -> None:
    held = []
    for step in range(4):
        for at in range(200):
            version = step * 200 + at + 2
            change = {"range": {"start": {"line": 1, "character": 6}, "end": {"line": 1, "character": 7}}, "text": chr(97 + version % 26)}
            server.send({"method": "textDocument/didChange", "params": {"textDocument": {"uri": URI, "version": version}, "contentChanges": [change]}})
            if at % 10 == 0:
                server.hover(version, 2, 10)
        held.append(server.memory)
    assert held[3] - held[1] < 4_000_000, held
    assert server.end() == 0
