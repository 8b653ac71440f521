"""The language server, driven by a client over standard input and output as an editor does it."""

from __future__ import annotations

import asyncio
import json
import random
import re
import signal
import subprocess
import sys
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("pygls")
pytest_lsp = pytest.importorskip("pytest_lsp")

from lsprotocol import types  # noqa: E402

from dockerlint.lint import check, parse  # noqa: E402
from dockerlint.lint.analysis.facts import Facts  # noqa: E402
from dockerlint.lint.cli import lsp_command as lsp  # noqa: E402
from dockerlint.lint.cli import main  # noqa: E402
from dockerlint.lint.context.build_context import Context  # noqa: E402
from dockerlint.lint.settings import config_files  # noqa: E402
from dockerlint.lint.shellcheck import runner as shellcheck  # noqa: E402
from dockerlint.lint.syntax import source  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
    from pathlib import Path

    Served = Callable[[Callable[["Editor"], Coroutine[Any, Any, None]]], None]

COMMAND = (sys.executable, "-m", "dockerlint.lint.cli", "lsp")
PATIENCE = 60
NO_SHELLCHECK = 'shellcheck = "off"\n'
UTF8, UTF16, UTF32 = types.PositionEncodingKind.Utf8, types.PositionEncodingKind.Utf16, types.PositionEncodingKind.Utf32
CODECS = {UTF8: ("utf-8", 1), UTF16: ("utf-16-le", 2), UTF32: ("utf-32-le", 4)}
BREAK = re.compile(r"\r\n|\n|\r")

WITH_ALL = types.ClientCapabilities(
    workspace=types.WorkspaceClientCapabilities(inlay_hint=types.InlayHintWorkspaceClientCapabilities(refresh_support=True)),
    text_document=types.TextDocumentClientCapabilities(
        code_action=types.CodeActionClientCapabilities(
            is_preferred_support=True,
            data_support=True,
            resolve_support=types.ClientCodeActionResolveOptions(["edit"]),
            code_action_literal_support=types.ClientCodeActionLiteralOptions(
                types.ClientCodeActionKindOptions(["", "quickfix", "source", "source.fixAll"])
            ),
        ),
        publish_diagnostics=types.PublishDiagnosticsClientCapabilities(version_support=True, code_description_support=True),
        document_symbol=types.DocumentSymbolClientCapabilities(hierarchical_document_symbol_support=True),
    ),
)


def offset(text: str, position: types.Position, encoding: str = UTF16) -> int:
    """The character at a place, by counting."""
    start = 0
    for _ in range(position.line):
        match = BREAK.search(text, start)
        assert match, f"no line {position.line}"
        start = match.end()
    codec, size = CODECS[types.PositionEncodingKind(encoding)]
    line = BREAK.split(text[start:], maxsplit=1)[0].encode(codec, "surrogatepass")
    assert position.character * size <= len(line), f"{position} is behind its line"
    return start + len(line[: position.character * size].decode(codec, "surrogatepass"))


def position(text: str, at: int, encoding: str = UTF16) -> types.Position:
    lines = BREAK.split(text[:at])
    codec, size = CODECS[types.PositionEncodingKind(encoding)]
    return types.Position(len(lines) - 1, len(lines[-1].encode(codec, "surrogatepass")) // size)


def applied(text: str, edits: Sequence[Any]) -> str:
    """The text after edits, as the protocol says: all places are those before any of them."""
    spans = [(offset(text, edit.range.start), offset(text, edit.range.end), edit.new_text) for edit in edits]
    spans.sort(key=lambda item: item[:2])
    assert all(one[1] <= other[0] for one, other in pairwise(spans)), "edits overlap"
    for start, end, new in reversed(spans):
        text = text[:start] + new + text[end:]
    return text


@dataclass
class Editor:
    """One editor with one document."""

    client: Any
    uri: str = ""
    text: str = ""
    version: int = 0
    encoding: str = UTF16
    published: list[types.PublishDiagnosticsParams] = field(default_factory=list)
    logged: list[str] = field(default_factory=list)
    registered: list[types.Registration] = field(default_factory=list)
    refreshed: int = 0

    @property
    def document(self) -> types.TextDocumentIdentifier:
        return types.TextDocumentIdentifier(self.uri)

    def open(self, uri: str, text: str) -> None:
        self.uri, self.text, self.version = uri, text, 1
        item = types.TextDocumentItem(uri, "dockerfile", 1, text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))

    def edit(self, start: int, end: int, new: str) -> None:
        range_ = types.Range(position(self.text, start, self.encoding), position(self.text, end, self.encoding))
        self._change(types.TextDocumentContentChangePartial(range_, new), self.text[:start] + new + self.text[end:])

    def replace(self, text: str) -> None:
        self._change(types.TextDocumentContentChangeWholeDocument(text), text)

    def _change(self, change: types.TextDocumentContentChangeEvent, text: str) -> None:
        self.text, self.version = text, self.version + 1
        name = types.VersionedTextDocumentIdentifier(self.version, self.uri)
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(name, [change]))

    def save(self) -> None:
        self.client.text_document_did_save(types.DidSaveTextDocumentParams(self.document))

    async def diagnostics(self) -> list[types.Diagnostic]:
        """Those of the text as it is now."""
        found = await self.until(lambda item: item.uri == self.uri and item.version == self.version)
        return list(found.diagnostics)

    async def until(self, wanted: Callable[[types.PublishDiagnosticsParams], bool]) -> types.PublishDiagnosticsParams:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            for item in reversed(self.published):
                if wanted(item):
                    return item
            await asyncio.sleep(0.01)
        raise AssertionError(f"not published in {PATIENCE} s; logged: {self.logged}")

    async def actions(
        self, only: list[str] | None = None, span: tuple[int, int] | None = None, shown: Sequence[types.Diagnostic] = ()
    ) -> list[types.CodeAction]:
        """Those for a part of the text, all of it by default, and for findings that are shown."""
        start, end = span or (0, len(self.text))
        where = types.Range(position(self.text, start, self.encoding), position(self.text, end, self.encoding))
        context = types.CodeActionContext(list(shown), only)
        params = types.CodeActionParams(self.document, where, context)
        return list(await self.client.text_document_code_action_async(params) or [])

    async def after(self, action: types.CodeAction) -> str:
        if action.edit is None:
            action = await self.client.code_action_resolve_async(action)
        assert action.edit
        assert action.edit.changes
        return applied(self.text, action.edit.changes[self.uri])


@asynccontextmanager
async def editor(
    capabilities: types.ClientCapabilities = WITH_ALL,
    *,
    options: Any = None,
    command: tuple[str, ...] = COMMAND,
    is_killed: bool = False,
) -> AsyncIterator[Editor]:
    client = pytest_lsp.LanguageClient()
    made = Editor(client)

    @client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)  # type: ignore[untyped-decorator]
    def publish(params: types.PublishDiagnosticsParams) -> None:
        made.published.append(params)

    @client.feature(types.WINDOW_LOG_MESSAGE)  # type: ignore[untyped-decorator]
    def log(params: types.LogMessageParams) -> None:
        made.logged.append(params.message)

    @client.feature(types.CLIENT_REGISTER_CAPABILITY)  # type: ignore[untyped-decorator]
    def register(params: types.RegistrationParams) -> None:
        made.registered += params.registrations

    @client.feature(types.WORKSPACE_INLAY_HINT_REFRESH)  # type: ignore[untyped-decorator]
    def refresh(_: None) -> None:
        made.refreshed += 1

    await client.start_io(*command)
    try:
        params = types.InitializeParams(capabilities, initialization_options=options)
        made.encoding = (await client.initialize_session(params)).capabilities.position_encoding
        yield made
        if is_killed:
            return
        await asyncio.wait_for(client.shutdown_session(), PATIENCE)
        assert client._server.returncode == 0
    finally:
        if client._server.returncode is None:
            client._server.kill()
        await client.stop()
        # what is left open would be told as a warning of some later test
        client._server._transport.close()
        await asyncio.sleep(0)


@pytest.fixture(scope="module")
def one_server() -> Iterator[tuple[asyncio.Runner, Editor]]:
    with asyncio.Runner() as runner:
        session = editor()
        yield runner, runner.run(session.__aenter__())
        runner.run(session.__aexit__(None, None, None))


@pytest.fixture
def served(one_server: tuple[asyncio.Runner, Editor]) -> Served:
    """Runs a session on a server that other tests use too, each with a folder of its own."""
    runner, one = one_server
    one.published.clear()
    one.logged.clear()
    return lambda session: runner.run(asyncio.wait_for(session(one), 3 * PATIENCE))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / ".dlint.toml").write_text(NO_SHELLCHECK, encoding="utf-8")
    return tmp_path


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, 3 * PATIENCE))


def expected(text: str, folder: Path) -> list[tuple[str, str, int, int]]:
    path = folder / "Dockerfile"
    found = check(parse(text), Facts(parse(text), Context.of(folder, path)))
    return sorted((item.code, item.message, *item.span) for item in found)


def shown(found: Sequence[types.Diagnostic], text: str, encoding: str) -> list[tuple[str, str, int, int]]:
    return sorted(
        (
            str(item.code),
            item.message,
            offset(text, item.range.start, encoding),
            offset(text, item.range.end, encoding),
        )
        for item in found
    )


TEXT = """\
ARG TAG=12
FROM debian:${TAG} AS build
ARG TAG
ENV HOME_OF=/srv WHO=$TAG
WORKDIR $HOME_OF
RUN apt-get update && apt-get install -y curl
COPY . .

FROM build AS tool
RUN --mount=type=bind,from=build,source=/srv,target=/mnt \\
    # not here: $WHO
    cp /mnt/a "${WHO}" \\$WHO

FROM scratch
COPY --from=tool /srv /srv
COPY --from=0 /etc/os-release /
MAINTAINER me
"""


def at(marked: str, text: str = TEXT) -> int:
    """The place of `|` in a piece of the text."""
    before, _, after = marked.partition("|")
    assert text.count(before + after) == 1, marked
    return text.index(before + after) + len(before)


# ------------------------------------------------------------ editing


PIECES = (
    "RUN apt-get update && apt-get install -y curl\n",
    "RUN echo a \\\n  && cd /x\n",
    "FROM debian:12 AS a\r\n",
    "COPY --from=a . .\n",
    "# dlint ignore=DL3003\n",
    "ENV A=😀 B=$A\n",
    "MAINTAINER é\n",
    "RUN <<EOF\ncurl x | sh\nEOF\n",
    "COYP a b\n",
    "\\",
    "\f",
    "\u2028",
    '"',
    "$",
    "\n",
    "\r\n",
    " ",
    "x",
    "",
)


@pytest.mark.parametrize("encoding", [UTF8, UTF16, UTF32])
def test_after_many_edits_the_findings_are_those_of_the_last_text(folder: Path, encoding: str) -> None:
    dice = random.Random(f"dlint {encoding}")  # noqa: S311 - a test's dice
    capabilities = types.ClientCapabilities(general=types.GeneralClientCapabilities(position_encodings=[encoding]))

    def place(text: str) -> int:
        return dice.choice([item for item in range(len(text) + 1) if text[max(item - 1, 0) : item + 1] != "\r\n"])

    async def session() -> None:
        async with editor(capabilities) as one:
            assert one.encoding == encoding
            one.open((folder / "Dockerfile").as_uri(), TEXT)
            for _ in range(12):
                for _ in range(dice.randrange(1, 12)):
                    start = place(one.text)
                    end = min(len(one.text), start + dice.choice((0, 0, 1, 5, 60)))
                    if one.text[max(end - 1, 0) : end + 1] == "\r\n":
                        end += 1
                    one.edit(start, end, dice.choice(PIECES))
                found = await one.diagnostics()
                assert shown(found, one.text, one.encoding) == expected(one.text, folder)
            versions = [item.version or 0 for item in one.published]
            assert versions == sorted(versions), "an older version was published after a newer one"
            assert one.logged == []

    run(session())


BROKEN = (
    "",
    "\n",
    "FROM",
    "FROM a AS",
    "RUN <<EOF\nnever ends",
    'CMD ["a',
    "COPY --from= a b",
    "RUN --mount=type=cache",
    "\0\1\2",
    "\udc80FROM a",
    "FROM a\nONBUILD ONBUILD RUN x",
    "FROM a\n" + "RUN x \\\n" * 300,
    "# escape=`\nFROM a\nRUN b `",
    "FROM a\nENV " + "${A:-" * 200,
    "\ufeffFROM a\r\nMAINTAINER x\r\n",
)


def test_broken_files(folder: Path, served: Served) -> None:
    async def session(one: Editor) -> None:
        one.open((folder / "Dockerfile").as_uri(), TEXT)
        for text in BROKEN:
            one.replace(text)
            assert shown(await one.diagnostics(), text, one.encoding) == expected(text, folder), text
            here = types.Position(0, 1)
            client, document = one.client, one.document
            for ask, kind in (
                (client.text_document_hover_async, types.HoverParams),
                (client.text_document_definition_async, types.DefinitionParams),
                (client.text_document_completion_async, types.CompletionParams),
            ):
                await ask(kind(document, here))
            await client.text_document_document_symbol_async(types.DocumentSymbolParams(document))
            await client.text_document_references_async(
                types.ReferenceParams(types.ReferenceContext(include_declaration=True), document, here)
            )
            await one.actions()
        one.replace("FROM debian:12\nUSER a\nMAINTAINER me\n")
        assert [item.code for item in await one.diagnostics()] == ["DL4000"]
        assert one.logged == []

    served(session)


# ------------------------------------------------------------ actions


FIXED = (
    TEXT,
    TEXT.replace("\n", "\r\n"),
    "\ufeffFROM debian:12\r\nMAINTAINER 😀\r\n\r\n\r\nRUN cd /a\r\n",
    "FROM debian:12\nRUN cd /srv && make\nRUN apt-get update\nRUN apt-get install -y curl\nCOPY . /x\nMAINTAINER me",
)


@pytest.mark.parametrize("resolves", [True, False])
def test_all_safe_fixes_are_those_of_the_command_line(folder: Path, *, resolves: bool) -> None:
    path = folder / "Dockerfile"
    capabilities = WITH_ALL if resolves else types.ClientCapabilities()

    async def session() -> None:
        async with editor(capabilities) as one:
            one.open(path.as_uri(), "")
            for text in FIXED:
                one.replace(text)
                (action,) = await one.actions(["source.fixAll"])
                assert action.kind == "source.fixAll.dlint"
                assert (action.edit is None) == resolves
                path.write_bytes(source.encode(text))
                config_files.forget()
                main(["--fix", "--quiet", "--no-cache", "--output", str(folder / "report"), str(path)])
                assert await one.after(action) == source.decode(path.read_bytes()) != text

    run(session())


def test_each_quick_fix_makes_the_edits_of_its_finding(folder: Path, served: Served) -> None:
    from dockerlint.fixers.edits import apply
    from dockerlint.lint.engine.findings import Applicability

    async def session(one: Editor) -> None:
        one.open((folder / "Dockerfile").as_uri(), "")
        seen = set()
        for text in FIXED:
            one.replace(text)
            facts = Facts(parse(text), Context.of(folder, folder / "Dockerfile"))
            wanted = {}
            for item in check(facts.doc, facts):
                if item.fix and item.fix.applicability is not Applicability.DISPLAY:
                    is_safe = item.fix.applicability is Applicability.SAFE
                    title = f"{item.code}: {item.fix.title}{'' if is_safe else ' (unsafe)'}"
                    wanted[title, is_safe, apply(text, item.fix.edits)] = item.code
                    seen.add(is_safe)
            found = [item for item in await one.actions(["quickfix"]) if not item.title.startswith("Ignore")]
            made = {(item.title, bool(item.is_preferred), await one.after(item)): item for item in found}
            assert made.keys() == wanted.keys()
            assert all([str(about.code) for about in item.diagnostics or ()] == [wanted[key]] for key, item in made.items())
        assert seen == {True, False}

    served(session)


MANY = """\
FROM debian:12
  RUN apt-get update && \\
      # a comment
      apt-get install curl && \\
      cd /srv && sudo ls

MAINTAINER me
"""


def test_quick_fixes_wherever_the_cursor_is_on_the_instruction(folder: Path, served: Served) -> None:
    async def session(one: Editor) -> None:
        one.open((folder / "Dockerfile").as_uri(), MANY)
        run = parse(MANY).instructions[1].span
        start = MANY.rindex("\n", 0, run.start) + 1
        codes = {item.code for item in await one.diagnostics() if start <= offset(MANY, item.range.start) < run.end}
        assert len(codes) > 2
        for cursor in range(start, run.end + 1):
            found = await one.actions(["quickfix"], (cursor, cursor))
            assert {str(about.code) for item in found for about in item.diagnostics or ()} == codes, cursor
        assert await one.actions(["quickfix"], (run.end + 1, run.end + 1)) == []

    served(session)


def test_what_the_cursor_is_on_comes_first(folder: Path, served: Served) -> None:
    async def session(one: Editor) -> None:
        one.open((folder / "Dockerfile").as_uri(), MANY)
        found = await one.diagnostics()
        for item in found:
            at = offset(MANY, item.range.start)
            here = {other.code for other in found if offset(MANY, other.range.start) <= at <= offset(MANY, other.range.end)}
            first = [action for action in await one.actions(["quickfix"], (at, at)) if action.title.startswith("Ignore")][: len(here)]
            assert {action.title.split()[1] for action in first} == here

    served(session)


def test_quick_fixes_for_the_findings_that_the_editor_names(folder: Path, served: Served) -> None:
    async def session(one: Editor) -> None:
        one.open((folder / "Dockerfile").as_uri(), MANY)
        for item in await one.diagnostics():
            end = len(MANY)
            actions = await one.actions(["quickfix"], (end, end), [item])
            assert {str(about.code) for action in actions for about in action.diagnostics or ()} >= {item.code}
            assert actions[-1].diagnostics is not None
            # of those on an instruction it comes first
            at = offset(MANY, item.range.start)
            first = (await one.actions(["quickfix"], (at, at), [item]))[0]
            assert first.diagnostics is not None
            fixable = any(action.title.startswith(f"{item.code}: ") for action in actions)
            assert first.diagnostics[0].code == item.code or not fixable
        foreign = types.Diagnostic(types.Range(types.Position(0, 0), types.Position(6, 0)), "no", code="DL4000", source="other")
        assert await one.actions(["quickfix"], (len(MANY), len(MANY)), [foreign]) == []

    served(session)


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        "MAINTAINER me\r\n",
        "# syntax=docker/dockerfile:1\n# escape=`\nFROM debian:12\n  RUN cd /a\n",
        "\ufeffFROM debian:12\nMAINTAINER me\n",
        "# check=skip=none",
        "",
    ],
)
def test_to_ignore_a_finding_is_to_hear_no_more_of_it(folder: Path, text: str, served: Served) -> None:
    async def session(one: Editor) -> None:
        one.open((folder / "Dockerfile").as_uri(), text)
        before = await one.diagnostics()
        actions = [item for item in await one.actions(["quickfix"]) if item.title.startswith("Ignore")]
        assert {item.title.split()[1] for item in actions} == {item.code for item in before}
        for action in actions:
            (about,) = action.diagnostics or ()
            one.replace(await one.after(action))
            after = await one.diagnostics()
            assert len(parse(one.text).directives) == len(parse(text).directives)
            assert {item.code for item in after} <= {item.code for item in before}
            many = sum(item.code == about.code for item in before)
            assert sum(item.code == about.code for item in after) < many, action.title
            one.replace(text)

    served(session)


# ------------------------------------------------------------ navigation


DEFINITIONS = (
    ("ARG |TAG=12", "ARG |TAG=12"),
    ("debian:${T|AG}", "ARG |TAG=12"),
    ("\nARG T|AG\n", "ARG |TAG=12"),
    ("WHO=$|TAG", "ARG |TAG=12"),
    ("WORKDIR $HOME|_OF", "ENV |HOME_OF"),
    ('"${W|HO}"', "|WHO=$TAG"),
    ("FROM bu|ild AS", "AS |build"),
    ("AS b|uild", "AS |build"),
    ("from=b|uild,", "AS |build"),
    ("--from=to|ol", "AS |tool"),
    ("--from=|0", "AS |build"),
    ("# not here: $W|HO", None),
    ("\\$W|HO", None),
    ("FROM scr|atch", None),
    ("R|UN apt-get", None),
)
REFERENCES: tuple[tuple[str, list[str]], ...] = (
    ("ARG |TAG=12", ["ARG |TAG=12", "debian:${|TAG}", "\nARG |TAG\n", "WHO=$|TAG"]),
    ("|WHO=$TAG", ["|WHO=$TAG", '"${|WHO}"']),
    ("AS |build", ["AS |build", "FROM |build AS", "from=|build,", "--from=|0"]),
    ("--from=|tool", ["AS |tool", "--from=|tool"]),
    ("|MAINTAINER", []),
)


def test_definitions_and_references(folder: Path, served: Served) -> None:
    async def session(one: Editor) -> None:
        one.open((folder / "Dockerfile").as_uri(), TEXT)
        for marked, wanted in DEFINITIONS:
            place = position(TEXT, at(marked))
            found = await one.client.text_document_definition_async(types.DefinitionParams(one.document, place))
            places = [offset(TEXT, item.range.start) for item in found]
            assert places == ([at(wanted)] if wanted else []), marked
        for marked, every in REFERENCES:
            for declared in (True, False):
                place = position(TEXT, at(marked))
                context = types.ReferenceContext(include_declaration=declared)
                params = types.ReferenceParams(context, one.document, place)
                found = await one.client.text_document_references_async(params)
                places = [offset(TEXT, item.range.start) for item in found]
                assert places == [at(item) for item in (every if declared else every[1:])], (marked, declared)

    served(session)


OF_THE_BUILDER = (
    ("an ENV wins over a later ARG", "FROM a\nENV V=1\nARG V=2\nRUN echo $|V\n", "ENV |V"),
    ("the nearer ENV", "FROM a\nENV V=1\nENV V=2\nRUN echo $|V\n", "|V=2"),
    ("of the stage below it", "FROM a AS one\nENV V=1\nFROM b\nRUN echo $|V\n", None),
    ("of the stage it is FROM", "FROM a AS one\nENV V=1\nFROM one\nRUN echo $|V\n", "ENV |V"),
    ("not what comes later", "FROM a\nRUN echo $|V\nENV V=1\n", None),
    ("of an ARG before FROM only with an ARG", "ARG V=1\nFROM a\nRUN echo $|V\n", None),
    ("FROM knows no stage's ARG", "ARG V=1\nFROM a\nARG V=2\nFROM b:$|V\n", "|V=1"),
    ("no stage from below", "FROM a\nCOPY --from=|later / /\nFROM b AS later\n", None),
    ("of two stages of a name the last", "FROM a AS n\nFROM b AS N\nFROM scratch\nCOPY --from=|n / /\n", "AS |N"),
)


@pytest.mark.parametrize(("marked", "wanted"), [row[1:] for row in OF_THE_BUILDER], ids=[row[0] for row in OF_THE_BUILDER])
def test_definitions_are_those_of_the_builder(folder: Path, served: Served, marked: str, wanted: str | None) -> None:
    text = marked.replace("|", "")

    async def session(one: Editor) -> None:
        one.open((folder / "Dockerfile").as_uri(), text)
        params = types.DefinitionParams(one.document, position(text, marked.index("|")))
        found = await one.client.text_document_definition_async(params)
        assert [offset(text, item.range.start) for item in found] == ([at(wanted, text)] if wanted else [])

    served(session)


def test_symbols(folder: Path, served: Served) -> None:
    async def session(one: Editor) -> None:
        one.open((folder / "Dockerfile").as_uri(), TEXT)
        found = await one.client.text_document_document_symbol_async(types.DocumentSymbolParams(one.document))
        assert [(item.name, item.detail, len(item.children or ())) for item in found] == [
            ("ARG TAG=12", None, 0),
            ("build", "debian:${TAG}", 5),
            ("tool", "build", 1),
            ("stage 2", "scratch", 3),
        ]
        for item in found:
            span = [offset(TEXT, place) for place in (item.range.start, item.range.end)]
            chosen = [offset(TEXT, place) for place in (item.selection_range.start, item.selection_range.end)]
            assert span[0] <= chosen[0] <= chosen[1] <= span[1]

    served(session)


HOVERS = (
    ("R|UN apt-get", "adds **", "runs again on"),
    ("debian:${T|AG}", "`TAG` is", "12"),
    ("WORKDIR $HOME|_OF", "`HOME_OF` is", "/srv"),
    ("MAINT|AINER", "# DL4000", "Source:"),
)


def test_hover(folder: Path, served: Served) -> None:
    async def session(one: Editor) -> None:
        one.open((folder / "Dockerfile").as_uri(), TEXT)
        for marked, *wanted in HOVERS:
            place = position(TEXT, at(marked))
            found = await one.client.text_document_hover_async(types.HoverParams(one.document, place))
            assert all(part in found.contents.value for part in wanted), (marked, found.contents.value)
            assert offset(TEXT, found.range.start) <= at(marked) <= offset(TEXT, found.range.end)
        nothing = types.HoverParams(one.document, position(TEXT, at("\n|\nFROM build")))
        assert await one.client.text_document_hover_async(nothing) is None

    served(session)


def test_a_value_is_no_markdown(folder: Path, served: Served) -> None:
    async def session(one: Editor) -> None:
        text = "FROM scratch\nENV A=~~~~[x](y)\nLABEL b=$A\n"
        one.open((folder / "Dockerfile").as_uri(), text)
        place = position(text, text.index("$A") + 1)
        found = await one.client.text_document_hover_async(types.HoverParams(one.document, place))
        assert found.contents.value == "`A` is\n\n~~~~~\n~~~~[x](y)\n~~~~~"

    served(session)


COMPLETIONS: tuple[tuple[str, set[str], set[str]], ...] = (
    ("", {"FROM", "RUN", "COPY"}, {"from"}),
    ("FROM debian AS one\nru", {"run", "copy"}, {"RUN"}),
    ("FROM debian AS one\nONBUILD ", {"RUN"}, set()),
    ("FROM debian AS one\nFROM ", {"one"}, {"RUN"}),
    ("FROM debian AS one\nFROM --platform=$", {"TARGETPLATFORM"}, {"one"}),
    ("FROM debian AS one\nCOPY --", {"--from=", "--link", "--chown="}, {"--mount="}),
    ("FROM debian AS one\nFROM a AS two\nCOPY --from=", {"one"}, {"two2", "RUN"}),
    ("FROM debian AS one\nRUN --mo", {"--mount=", "--network="}, {"--from="}),
    ("FROM debian AS one\nRUN --mount=ty", {"type=", "target="}, {"sharing="}),
    ("FROM debian AS one\nRUN --mount=type=", {"cache", "secret"}, {"one"}),
    ("FROM debian AS one\nRUN --mount=type=cache,", {"sharing=", "target=", "ro"}, {"required"}),
    ("FROM debian AS one\nFROM a\nRUN --mount=type=bind,from=", {"one"}, {"a"}),
    ("FROM debian AS one\nRUN --mount=type=cache,target=/x \\\n  --network=", {"none", "host"}, {"one"}),
    ("FROM debian AS one\nARG Q=1\nENV P=1\nRUN echo ${", {"Q", "P"}, {"RUN"}),
    ("ARG G=1\nFROM debian:$", {"G"}, {"P"}),
    ("# dlint ignore=", {"DL3008", "DF103"}, {"RUN"}),
    ("FROM a\n# hadolint ignore=DL3008,DL", {"DL3009"}, {"RUN"}),
    ("# any ", set(), {"RUN"}),
    ("FROM a\nRUN apt-get ", set(), {"RUN"}),
    ("FROM a\nRUN <<EOF\n", set(), {"RUN"}),
)


def test_completion(folder: Path, served: Served) -> None:
    async def session(one: Editor) -> None:
        one.open((folder / "Dockerfile").as_uri(), "")
        for text, wanted, unwanted in COMPLETIONS:
            for rest in ("\nEOF\n",) if "<<" in text else ("", "\nRUN later\n"):
                one.replace(text + rest)
                place = position(one.text, len(text))
                params = types.CompletionParams(one.document, place)
                found = await one.client.text_document_completion_async(params) or []
                labels = {item.label for item in found}
                assert wanted <= labels, (text, labels)
                assert not unwanted & labels, (text, labels)
                for item in found:
                    start = offset(one.text, item.text_edit.range.start)
                    assert item.text_edit.range.end == place
                    assert start == len(text) or not text[start:].isspace()

    served(session)


def test_hints(folder: Path) -> None:
    (folder / "app.py").write_text("print()\n" * 20_000, encoding="utf-8")
    text = "FROM debian:12\nCOPY app.py /\nENV A=1\n"

    async def session(options: Any, *, there: bool) -> None:
        async with editor(options=options) as one:
            one.open((folder / "Dockerfile").as_uri(), text)
            whole = types.Range(types.Position(0, 0), types.Position(3, 0))
            params = types.InlayHintParams(one.document, whole)
            if not there:
                with pytest.raises(Exception, match="inlayHint"):
                    await one.client.text_document_inlay_hint_async(params)
                return
            found = {item.position.line: item.label for item in await one.client.text_document_inlay_hint_async(params)}
            assert found.keys() == {0, 1}
            assert found[1].startswith("+0.2 MB · ")
            assert found[1].endswith("again on source edit, base update")

    run(session(None, there=True))
    run(session({"hints": False}, there=False))


# ------------------------------------------------------------ the session


@pytest.mark.parametrize("name", ["visual-studio-code", "neovim", "emacs"])
def test_editors_get_only_what_they_understand(folder: Path, name: str) -> None:
    async def session() -> None:
        async with editor(pytest_lsp.client_capabilities(name)) as one:
            one.open((folder / "Dockerfile").as_uri(), TEXT)
            assert {item.code for item in await one.diagnostics()} == {code for code, *_ in expected(TEXT, folder)}
            await one.client.text_document_document_symbol_async(types.DocumentSymbolParams(one.document))
            for action in await one.actions():
                await one.after(action)
            place = position(TEXT, at("W|ORKDIR"))
            await one.client.text_document_hover_async(types.HoverParams(one.document, place))
            await one.client.text_document_completion_async(types.CompletionParams(one.document, place))

    run(session())


def test_a_server_that_is_killed_and_started_again(folder: Path) -> None:
    uri = (folder / "Dockerfile").as_uri()

    async def session() -> None:
        async with editor(is_killed=True) as one:
            one.open(uri, TEXT)
            await one.diagnostics()
            one.edit(0, 0, "MAINTAINER a\n")
            one.client._server.send_signal(signal.SIGKILL)
            with pytest.raises(RuntimeError, match="exited with return code: -9"):
                await one.actions()
        async with editor() as other:
            other.open(uri, "MAINTAINER a\n" + TEXT)
            found = await other.diagnostics()
            assert shown(found, other.text, other.encoding) == expected(other.text, folder)

    run(session())
    assert sorted(item.name for item in folder.iterdir()) == [".dlint.toml"]


def test_closing_takes_the_findings_away(folder: Path, served: Served) -> None:
    async def session(one: Editor) -> None:
        one.open((folder / "Dockerfile").as_uri(), TEXT)
        assert await one.diagnostics()
        one.edit(0, 0, "MAINTAINER a\n")
        one.client.text_document_did_close(types.DidCloseTextDocumentParams(one.document))
        assert (await one.until(lambda item: item.version is None)).diagnostics == ()
        await asyncio.sleep(0.3)
        assert one.published[-1].version is None
        assert await one.actions() == []

    served(session)


def test_a_text_in_no_file_has_no_context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("PASSWORD=a\n", encoding="utf-8")
    text = "FROM debian:12\nUSER a\nCOPY . /x\nMAINTAINER me\n"

    async def session() -> None:
        async with editor() as one:
            one.open("untitled:Untitled-1", text)
            assert [item.code for item in await one.diagnostics()] == ["DL4000"]
            one.client.text_document_did_close(types.DidCloseTextDocumentParams(one.document))
            one.open((tmp_path / "Dockerfile").as_uri(), text)
            assert [item.code for item in await one.diagnostics()] == ["DF402", "DL4000"]

    run(session())


def test_configuration_is_read_again(folder: Path) -> None:
    settings = folder / ".dlint.toml"
    watching = types.DidChangeWatchedFilesClientCapabilities(dynamic_registration=True)
    capabilities = types.ClientCapabilities(
        workspace=types.WorkspaceClientCapabilities(did_change_watched_files=watching)
    )

    async def session() -> None:
        async with editor(capabilities) as one:
            one.open((folder / "Dockerfile").as_uri(), "FROM debian:12\nUSER a\nMAINTAINER me\n")
            assert [item.code for item in await one.diagnostics()] == ["DL4000"]
            assert [item.method for item in one.registered] == ["workspace/didChangeWatchedFiles"]
            # by the next key
            settings.write_text(NO_SHELLCHECK + 'ignore = ["DL4000"]\n', encoding="utf-8")
            one.edit(0, 0, "\n")
            assert await one.diagnostics() == []
            # by the editor's word
            settings.write_text(NO_SHELLCHECK + "ignroe = 1\n", encoding="utf-8")
            one.published.clear()
            changes = [types.FileEvent(settings.as_uri(), types.FileChangeType.Changed)]
            one.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams(changes))
            (problem,) = await one.diagnostics()
            assert "did you mean 'ignore'" in problem.message
            assert problem.severity == types.DiagnosticSeverity.Error
            place = types.Position(1, 0)
            assert await one.client.text_document_hover_async(types.HoverParams(one.document, place)) is None
            settings.unlink()
            one.edit(0, 0, "\n")
            assert [item.code for item in await one.diagnostics()] == ["DL4000"]

    run(session())


def test_files_beside_it_are_seen_anew_after_saving(folder: Path, served: Served) -> None:
    async def session(one: Editor) -> None:
        one.open((folder / "Dockerfile").as_uri(), "FROM debian:12\nUSER a\nCOPY . /x\n")
        assert await one.diagnostics() == []
        (folder / ".env").write_text("PASSWORD=a\n", encoding="utf-8")
        one.published.clear()
        before = one.refreshed
        one.save()
        assert [item.code for item in await one.diagnostics()] == ["DF402"]
        assert one.refreshed == before + 1

    served(session)


FAILING = """
import sys
from dockerlint.lint.engine import registry
from dockerlint.lint.cli import main
from dockerlint.lint.engine.findings import Severity
from dockerlint.lint.engine.rule import rule

@rule("XX100", name="failing", severity=Severity.ERROR)
def failing(doc, facts):
    "It fails."
    print("this would break the protocol", flush=True)
    if "bug" in doc.text:
        raise RuntimeError("cannot think")
    return iter(())

known = registry.rules()
registry.rules = lambda: (*known, failing)
sys.exit(main(["lsp"]))
"""


def test_a_rule_that_fails_is_logged_and_the_others_go_on(folder: Path) -> None:
    path = folder / "Dockerfile"

    async def session() -> None:
        async with editor(command=(sys.executable, "-c", FAILING)) as one:
            one.open(path.as_uri(), "FROM debian:12\nUSER a\nMAINTAINER bug\n")
            assert [item.code for item in await one.diagnostics()] == ["DL4000"]
            one.edit(0, 0, "\n")
            assert [item.code for item in await one.diagnostics()] == ["DL4000"]
            assert len(one.logged) == 1
            assert one.logged[0].startswith(f"{path}: XX100: internal error: RuntimeError: cannot think")

    run(session())


@pytest.mark.skipif(shellcheck.find() is None, reason="ShellCheck is not installed")
def test_shellcheck_is_asked_when_a_file_is_saved(tmp_path: Path, served: Served) -> None:
    (tmp_path / ".dlint.toml").write_text('select = ["SC", "DF701"]\n', encoding="utf-8")
    good, bad = "FROM debian:12\nUSER a\nRUN echo one\n", "FROM debian:12\nUSER a\nRUN cat $(ls x\n"
    ignored = "FROM debian:12\nUSER a\n# dlint ignore=SC1009,SC1073,SC1072\nRUN cat $(ls xy\n"

    async def session(one: Editor) -> None:
        one.open((tmp_path / "Dockerfile").as_uri(), good)
        assert await one.diagnostics() == []
        one.replace(bad)
        assert not any(str(item.code).startswith("SC") for item in await one.diagnostics())
        one.save()
        found = await one.until(
            lambda item: item.version == one.version and any(str(about.code).startswith("SC") for about in item.diagnostics)
        )
        about = next(item for item in found.diagnostics if str(item.code).startswith("SC"))
        assert about.code_description
        assert about.code_description.href.endswith(str(about.code))
        # what it would say of this is not known yet: nothing is said against the ignore
        one.replace(ignored)
        assert not any(str(item.code) == "DF701" for item in await one.diagnostics())

    served(session)


def message(method: str, number: int | None = None, **params: Any) -> bytes:
    body = {"jsonrpc": "2.0", "method": method, "params": params} | ({} if number is None else {"id": number})
    data = json.dumps(body).encode()
    return b"Content-Length: %d\r\n\r\n%b" % (len(data), data)


def test_what_a_rule_prints_is_no_message(folder: Path) -> None:
    document = {"uri": (folder / "Dockerfile").as_uri(), "languageId": "dockerfile", "version": 1, "text": "FROM a\n"}
    range_ = {"start": {"line": 0, "character": 0}, "end": {"line": 1, "character": 0}}
    server = subprocess.Popen([sys.executable, "-c", FAILING], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with server:
        assert server.stdin
        assert server.stdout
        server.stdin.write(message("initialize", 1, capabilities={}))
        server.stdin.write(message("textDocument/didOpen", textDocument=document))
        asked = {"textDocument": document, "range": range_, "context": {"diagnostics": []}}
        server.stdin.write(message("textDocument/codeAction", 2, **asked))
        server.stdin.flush()
        seen = []
        while 2 not in seen:
            header = server.stdout.readline()
            assert re.fullmatch(rb"Content-(Length: \d+|Type: .*)\r\n", header)
            size = int(header.removeprefix(b"Content-Length: "))
            while server.stdout.readline().strip():
                pass
            seen.append(json.loads(server.stdout.read(size)).get("id"))
        _, said = server.communicate(message("shutdown", 3) + message("exit"), PATIENCE)
    assert b"this would break the protocol" in said


def test_it_ends_with_its_editor() -> None:
    done = subprocess.run(COMMAND, input=b"", capture_output=True, timeout=PATIENCE, check=False)

    assert (done.returncode, done.stdout) == (1, b"")


def test_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(lsp, "find_spec", lambda _: None)

    assert main(["lsp"]) == 2
    assert "pip install 'dockerlint[lsp]'" in capsys.readouterr().err
