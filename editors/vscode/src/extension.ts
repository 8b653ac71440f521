/** The extension: the language server, four commands, and the status bar. */

import * as path from "node:path";

import * as vscode from "vscode";
import { LanguageClient, State } from "vscode-languageclient/node";

import { shown } from "./figures";
import { find, type Program } from "./program";
import { run } from "./run";

const LANGUAGE = "dockerfile";
const COST = "dlint-cost";
const FINDINGS = 1;

let log: vscode.LogOutputChannel;
let status: vscode.StatusBarItem;
let bundled: string;
let client: LanguageClient | undefined;
let asked = 0;

export async function activate(context: vscode.ExtensionContext): Promise<{ state: () => string }> {
  bundled = context.asAbsolutePath("bin");
  log = vscode.window.createOutputChannel("dlint", { log: true });
  status = vscode.window.createStatusBarItem("dlint.cost", vscode.StatusBarAlignment.Right);
  status.name = "dlint";
  status.command = "dlint.showCost";
  const pages = new Pages();
  context.subscriptions.push(
    log,
    status,
    vscode.workspace.registerTextDocumentContentProvider(COST, pages),
    vscode.commands.registerCommand("dlint.fixAll", fixAll),
    vscode.commands.registerCommand("dlint.showCost", () => told(() => showCost(pages))),
    vscode.commands.registerCommand("dlint.verify", () => told(verify)),
    vscode.commands.registerCommand("dlint.restart", () => told(restart)),
    vscode.commands.registerCommand("dlint.showLog", () => log.show()),
    vscode.window.onDidChangeActiveTextEditor(() => void showFigures()),
    vscode.workspace.onDidSaveTextDocument(() => void showFigures()),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration("dlint")) void told(restart);
    }),
    vscode.workspace.onDidGrantWorkspaceTrust(() => void told(restart)),
  );
  await told(restart);
  return { state: () => (client ? State[client.state] : "none") };
}

export async function deactivate(): Promise<void> {
  if (client?.isRunning()) await client.stop();
}

function settings(): vscode.WorkspaceConfiguration {
  return vscode.workspace.getConfiguration("dlint");
}

function program(): Program {
  const found = find({ path: settings().get("path", ""), interpreter: settings().get("interpreter", "") }, bundled);
  if (found) return found;
  throw new Error("dlint is not installed: `pipx install 'dockerlint[lsp]'` brings it, or say where it is in the setting dlint.path");
}

async function restart(): Promise<void> {
  const old = client;
  client = undefined;
  // one that did not start cannot be stopped
  if (old?.isRunning()) await old.stop();
  const { command, args } = program();
  log.info(`${[command, ...args].join(" ")} lsp`);
  client = new LanguageClient(
    "dlint",
    "dlint",
    { command, args: [...args, "lsp"] },
    {
      documentSelector: [{ language: LANGUAGE, scheme: "file" }, { language: LANGUAGE, scheme: "untitled" }],
      initializationOptions: { hints: settings().get("hints", true) },
      outputChannel: log,
    },
  );
  await client.start();
  await showFigures();
}

function dockerfile(): vscode.TextDocument | undefined {
  const document = vscode.window.activeTextEditor?.document;
  return document?.languageId === LANGUAGE ? document : undefined;
}

async function fixAll(): Promise<void> {
  await vscode.commands.executeCommand("editor.action.codeAction", { kind: "source.fixAll.dlint", apply: "first" });
}

/** What `dlint cost` says of a text; one that lies in no file has no context. */
async function cost(document: vscode.TextDocument, ...words: string[]): Promise<string> {
  const folder = document.uri.scheme === "file" ? path.dirname(document.uri.fsPath) : undefined;
  const context = folder === undefined ? [] : ["--context", folder];
  const done = await run(program(), ["cost", ...words, ...context, "-"], folder ?? bundledParent(), document.getText());
  if (done.status > FINDINGS) throw new Error(done.err.trim() || `dlint cost ended with status ${done.status}`);
  return done.out;
}

function bundledParent(): string {
  return path.dirname(bundled);
}

async function showFigures(): Promise<void> {
  asked += 1;
  const turn = asked;
  const document = dockerfile();
  if (!document || !settings().get("statusBar", true)) {
    status.hide();
    return;
  }
  try {
    const { text, tooltip } = shown(await cost(document, "--format", "json"));
    if (turn !== asked) return;
    status.text = text;
    status.tooltip = tooltip;
    status.show();
  } catch (error) {
    // a Dockerfile that is being written has no cost at times
    log.info(message(error));
    if (turn === asked) status.hide();
  }
}

class Pages implements vscode.TextDocumentContentProvider {
  readonly changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.changed.event;
  private readonly texts = new Map<string, string>();

  set(uri: vscode.Uri, text: string): void {
    this.texts.set(uri.toString(), text);
    this.changed.fire(uri);
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.texts.get(uri.toString()) ?? "";
  }
}

async function showCost(pages: Pages): Promise<void> {
  const document = dockerfile();
  if (!document) throw new Error("open a Dockerfile to see what it costs");
  const uri = vscode.Uri.from({ scheme: COST, path: `${document.uri.path} (cost)` });
  pages.set(uri, await cost(document));
  const page = await vscode.workspace.openTextDocument(uri);
  await vscode.window.showTextDocument(page, { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true, preview: true });
}

async function verify(): Promise<void> {
  const document = dockerfile();
  if (!document || document.uri.scheme !== "file") throw new Error("open a Dockerfile that lies in a folder to verify its fixes");
  if (!vscode.workspace.isTrusted) throw new Error("verify builds what the Dockerfile says: trust the workspace first");
  const go = "Build";
  const answer = await vscode.window.showWarningMessage(
    "dlint builds this Dockerfile before and after its fixes: all that it says is run.",
    { modal: true },
    go,
  );
  if (answer !== go) return;
  await document.save();
  const { command, args } = program();
  const task = new vscode.Task(
    { type: "dlint" },
    vscode.TaskScope.Workspace,
    `verify ${path.basename(document.uri.fsPath)}`,
    "dlint",
    new vscode.ProcessExecution(command, [...args, "verify", document.uri.fsPath], { cwd: path.dirname(document.uri.fsPath) }),
  );
  await vscode.tasks.executeTask(task);
}

/** An error as a sentence for the user. */
async function told(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    log.error(message(error));
    void vscode.window.showErrorMessage(message(error));
  }
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
