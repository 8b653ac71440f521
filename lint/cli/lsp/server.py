"""The server: which documents are open, and who answers what an editor asks."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar, cast

from lsprotocol import types
from msgspec import Struct
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol, lsp_method

from dockerlint.lint.cli.exit_status import FINDINGS, OK
from dockerlint.lint.syntax.source import MOST_BYTES

from ..task import DEBUG, internal
from . import actions, completion, diagnostics, hover, inlay_hints, navigation, symbols
from .documents import Document
from .file_setup import NAMES, FileView, Setup, SupersededError
from .positions import Positions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Seconds without a key before a text is looked at.
PAUSE = 0.1
# A text of the largest size that is checked, with each character escaped.
MOST_MESSAGE = 6 * MOST_BYTES
MOST_HEADER = 1024
WATCHED = (*NAMES, ".dockerignore", "*.dockerignore")

Answer = TypeVar("Answer")
Placed = types.CompletionParams | types.DefinitionParams | types.HoverParams | types.ReferenceParams


class Protocol(LanguageServerProtocol):
    """pygls' protocol, less its own copies of the texts: it takes more characters for line breaks than editors do."""

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: types.DidChangeTextDocumentParams) -> Iterator[Any]:
        """Leaves the change to the server."""
        yield self.fm.features[types.TEXT_DOCUMENT_DID_CHANGE], (params,), None

    def structure_message(self, data: dict[str, Any]) -> Any:
        """A message as a value; None for one that is none, which is answered at once where an answer is waited for."""
        try:
            return super().structure_message(data)
        except JsonRpcException as error:
            if "method" in data and "id" in data:
                self._send_response(data["id"], error=error.to_response_error())
            return None

    def handle_message(self, message: Any) -> None:
        """Leaves what was no message out."""
        if message is not None:
            super().handle_message(message)


class BoundedInput:
    """Standard input, of which no line and no message is larger than makes sense; after one that is it is at its end."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self.is_refused = False

    def readline(self) -> bytes:
        """A line of a header, or a part of it."""
        return b"" if self.is_refused else self._source.readline(MOST_HEADER)

    def read(self, size: int) -> bytes:
        """A message of so many bytes."""
        self.is_refused = self.is_refused or size > MOST_MESSAGE
        return b"" if self.is_refused else self._source.read(size)


class Open(Struct):
    """A document that an editor has open. Only the worker reads and writes `setup` and `view`."""

    document: Document
    setup: Setup | None = None
    view: FileView | None = None
    is_stale: bool = False
    check: asyncio.Task[None] | None = None


class DlintServer(LanguageServer):
    """Texts are kept here as they come; all else is done by one worker, in turn, so that the loop is always free."""

    def __init__(self) -> None:
        super().__init__("dlint", version("dockerlint"), protocol_cls=Protocol)
        self.is_done = False
        self._is_loaded = False
        self._opened: dict[str, Open] = {}
        self._worker = ThreadPoolExecutor(1)
        self._asker = ThreadPoolExecutor(1)
        self._logged: set[str] = set()
        self._can_resolve = False
        kinds = [types.CodeActionKind.QuickFix, actions.FIX_ALL]
        for method, handler, options in (
            (types.INITIALIZE, self._initialize, None),
            (types.INITIALIZED, self._watch, None),
            (types.SHUTDOWN, self._shut_down, None),
            (types.TEXT_DOCUMENT_DID_OPEN, self._open, None),
            (types.TEXT_DOCUMENT_DID_CHANGE, self._change, None),
            (types.TEXT_DOCUMENT_DID_SAVE, self._save, None),
            (types.TEXT_DOCUMENT_DID_CLOSE, self._close, None),
            (types.WORKSPACE_DID_CHANGE_WATCHED_FILES, self._renew, None),
            (types.TEXT_DOCUMENT_CODE_ACTION, self._actions, types.CodeActionOptions(kinds, resolve_provider=True)),
            (types.CODE_ACTION_RESOLVE, self._resolve, None),
            (types.TEXT_DOCUMENT_COMPLETION, self._completion, types.CompletionOptions(list(completion.TRIGGERS))),
            (types.TEXT_DOCUMENT_DEFINITION, self._definition, None),
            (types.TEXT_DOCUMENT_DOCUMENT_SYMBOL, self._symbols, None),
            (types.TEXT_DOCUMENT_HOVER, self._hover, None),
            (types.TEXT_DOCUMENT_REFERENCES, self._references, None),
        ):
            self._serve(method, handler, options)

    def stop(self) -> None:
        """Ends the workers; what they are at is of no use any more."""
        for opened in self._opened.values():
            if opened.setup:
                opened.setup.is_wanted = lambda: False
        self._worker.shutdown(wait=False, cancel_futures=True)
        self._asker.shutdown(wait=False, cancel_futures=True)

    def _serve(self, method: str, handler: Callable[[Any], Any], options: object = None) -> None:
        # pygls notes on each function what it is for, which a method does not take
        self.feature(method, options)(partial(handler))

    # ------------------------------------------------------------ the session

    def _initialize(self, params: types.InitializeParams) -> None:
        options = params.initialization_options
        if not isinstance(options, dict) or options.get("hints", True):
            self._serve(types.TEXT_DOCUMENT_INLAY_HINT, self._hints)
        of_text = params.capabilities.text_document
        of_actions = of_text.code_action if of_text else None
        support = of_actions.resolve_support if of_actions else None
        self._can_resolve = support is not None and "edit" in support.properties

    def _watch(self, _: types.InitializedParams) -> None:
        """Ask to be told when a file changes that says how others are checked."""
        of_workspace = self.client_capabilities.workspace
        watching = of_workspace.did_change_watched_files if of_workspace else None
        if watching and watching.dynamic_registration:
            watchers = [types.FileSystemWatcher(f"**/{name}") for name in WATCHED]
            method = types.WORKSPACE_DID_CHANGE_WATCHED_FILES
            options = types.DidChangeWatchedFilesRegistrationOptions(watchers)
            self.client_register_capability(types.RegistrationParams([types.Registration("files", method, options)]))

    def _shut_down(self, _: None) -> None:
        self.is_done = True

    # ------------------------------------------------------------ texts

    def _open(self, params: types.DidOpenTextDocumentParams) -> None:
        item = params.text_document
        places = Positions(item.text, self.workspace.position_encoding or types.PositionEncodingKind.Utf16)
        self._opened[item.uri] = Open(Document(item.uri, item.version, places))
        self._check(item.uri, 0.0, ask=True)

    def _change(self, params: types.DidChangeTextDocumentParams) -> None:
        uri = params.text_document.uri
        opened = self._opened.get(uri)
        if opened is None:
            return
        opened.document = opened.document.edited(params.content_changes, params.text_document.version)
        self._check(uri, PAUSE)

    def _save(self, params: types.DidSaveTextDocumentParams) -> None:
        opened = self._opened.get(params.text_document.uri)
        if opened is not None:
            # the files beside it may have changed with it
            opened.is_stale = True
            self._check(params.text_document.uri, 0.0, ask=True)
            self._refresh_hints()

    def _close(self, params: types.DidCloseTextDocumentParams) -> None:
        uri = params.text_document.uri
        opened = self._opened.pop(uri, None)
        if opened and opened.check:
            opened.check.cancel()
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, []))

    def _renew(self, _: types.DidChangeWatchedFilesParams) -> None:
        for uri, opened in self._opened.items():
            opened.is_stale = True
            self._check(uri, PAUSE)
        self._refresh_hints()

    def _refresh_hints(self) -> None:
        """Have the editor ask for the costs again: they changed without an edit."""
        of_workspace = self.client_capabilities.workspace
        of_hints = of_workspace.inlay_hint if of_workspace else None
        if of_hints and of_hints.refresh_support:
            self.workspace_inlay_hint_refresh(None)

    # ------------------------------------------------------------ findings

    def _check(self, uri: str, pause: float, *, ask: bool = False) -> None:
        """Show what there is in a document after a pause; a later call takes the place of an earlier one."""
        opened = self._opened[uri]
        if opened.check:
            opened.check.cancel()
        opened.check = asyncio.get_running_loop().create_task(self._checked(opened, pause, ask=ask))

    async def _checked(self, opened: Open, pause: float, *, ask: bool) -> None:
        await asyncio.sleep(pause)
        try:
            shown = await self._show(opened, None)
            if ask and shown is not None and await self._learn(opened):
                await self._show(opened, shown)
        except Exception as error:
            self._log(f"{opened.document.path}: {internal(error)}")

    async def _show(self, opened: Open, shown: list[types.Diagnostic] | None) -> list[types.Diagnostic] | None:
        """Publish what is found, unless it is what is `shown`; None when the text has changed meanwhile."""
        document = opened.document
        try:
            found = await self._in_turn(self._diagnostics, opened)
        except SupersededError:
            return None
        if opened.document is not document:
            return None
        if found != shown:
            params = types.PublishDiagnosticsParams(document.uri, found, document.version)
            self.text_document_publish_diagnostics(params)
        return found

    def _diagnostics(self, opened: Open) -> list[types.Diagnostic]:
        found = diagnostics.diagnostics(self._view(opened))
        if not self._is_loaded:
            # the rules and the grammar stay: to look for garbage among them takes as long as a check
            self._is_loaded = True
            gc.freeze()
        return found

    async def _learn(self, opened: Open) -> bool:
        """Asks ShellCheck, beside the worker; whether there may be something new."""
        setup, doc = opened.setup, opened.document.doc
        if setup is None or not await asyncio.get_running_loop().run_in_executor(self._asker, setup.learn, doc):
            return False
        await self._in_turn(_forget, opened)
        return True

    def _log(self, sentence: str) -> None:
        """Tell the editor of an error of ours, once."""
        if sentence not in self._logged:
            self._logged.add(sentence)
            self.window_log_message(types.LogMessageParams(types.MessageType.Error, sentence))

    # ------------------------------------------------------------ the worker

    def _view(self, opened: Open) -> FileView:
        document = opened.document
        if opened.setup is None or opened.is_stale or not opened.setup.is_current:
            opened.is_stale = False
            opened.setup = Setup(document.path)
            opened.view = None
        if opened.view is None or opened.view.document is not document:
            opened.view = FileView(document, opened.setup)
        opened.setup.is_wanted = lambda: opened.document is document
        return opened.view

    async def _in_turn(self, work: Callable[[Open], Answer], opened: Open) -> Answer:
        """What the worker makes of a document when its turn comes; then what rules said in vain is logged."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._worker, work, opened)
        finally:
            while opened.setup and opened.setup.failed:
                self._log(opened.setup.failed.pop())

    async def _answer(self, uri: str, answer: Callable[[FileView], Answer]) -> Answer | None:
        """An answer about the text as it is now; None for a document that is not open."""
        opened = self._opened.get(uri)
        while opened is not None:
            try:
                return await self._in_turn(lambda item: answer(self._view(item)), opened)
            except SupersededError:
                continue
        return None

    # ------------------------------------------------------------ questions

    async def _actions(self, params: types.CodeActionParams) -> list[types.CodeAction] | None:
        def answer(view: FileView) -> list[types.CodeAction]:
            asked = params.context
            found = actions.actions(view, view.places.span(params.range), asked.diagnostics, asked.only)
            return [self._ready(view, action) for action in found]

        return await self._answer(params.text_document.uri, answer)

    def _ready(self, view: FileView, action: types.CodeAction) -> types.CodeAction:
        """With its edit, where the editor does not ask for that later."""
        return action if action.edit or self._can_resolve else actions.with_edit(view, action)

    async def _resolve(self, action: types.CodeAction) -> types.CodeAction:
        uri = action.data.get("uri", "") if isinstance(action.data, dict) else ""
        return await self._answer(uri, lambda view: actions.with_edit(view, action)) or action

    async def _completion(self, params: types.CompletionParams) -> list[types.CompletionItem] | None:
        return await self._at(params, completion.completion)

    async def _definition(self, params: types.DefinitionParams) -> list[types.Location] | None:
        return await self._at(params, navigation.definition)

    async def _references(self, params: types.ReferenceParams) -> list[types.Location] | None:
        return await self._at(params, partial(navigation.references, declaration=params.context.include_declaration))

    async def _hover(self, params: types.HoverParams) -> types.Hover | None:
        return await self._at(params, hover.hover)

    async def _hints(self, params: types.InlayHintParams) -> list[types.InlayHint] | None:
        return await self._answer(params.text_document.uri, lambda view: inlay_hints.hints(view, view.places.span(params.range)))

    async def _symbols(self, params: types.DocumentSymbolParams) -> list[types.DocumentSymbol] | None:
        return await self._answer(params.text_document.uri, symbols.symbols)

    async def _at(
        self, params: Placed, answer: Callable[[FileView, int], Answer]
    ) -> Answer | None:
        return await self._answer(
            params.text_document.uri, lambda view: answer(view, view.places.offset(params.position))
        )


def _forget(opened: Open) -> None:
    opened.view = None


def serve() -> int:
    """Answer on standard output what is asked on standard input, to the end; 1 when it ends without a word."""
    if not os.environ.get(DEBUG):
        # pygls tells each message that is none by a traceback, which fills the pipe of an editor that does not read it
        logging.getLogger("pygls").setLevel(logging.CRITICAL + 1)
    server = DlintServer()
    # what a plug-in prints must not get between the messages
    with open(os.dup(sys.stdout.fileno()), "wb") as output, redirect_stdout(sys.stderr):  # noqa: PTH123 - it has no path
        given = BoundedInput(sys.stdin.buffer)
        server.start_io(cast("BinaryIO", given), output)
        if given.is_refused:
            print(f"dlint: a message of over {MOST_MESSAGE:,} bytes is not read", file=sys.stderr)  # noqa: T201 - the editor shows it
    server.stop()
    return OK if server.is_done else FINDINGS
