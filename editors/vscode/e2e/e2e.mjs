/**
 * The extension in a real editor: code-server, with a headless Chromium.
 *
 *     node e2e.mjs CODE_SERVER CHROMIUM EXTENSION.vsix DLINT
 *
 * CODE_SERVER is the `out/node/entry.js` of the npm package of that name (Node 24 for version 4.139.1, with which this was written), and
 * DLINT the program that the setting `dlint.path` names.
 */

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

import { chromium } from "playwright-core";

const [codeServer, browserPath, vsix, dlint] = process.argv.slice(2);
const SECONDS = 60_000;
const DOCKERFILE = `FROM debian:12-slim
ADD app.py /srv/
RUN apt-get update && apt-get install -y curl
USER 1000
`;

const home = mkdtempSync(path.join(tmpdir(), "dlint-e2e-"));
const workspace = path.join(home, "workspace");
const file = path.join(workspace, "Dockerfile");
mkdirSync(path.join(workspace, ".vscode"), { recursive: true });
writeFileSync(file, DOCKERFILE);
writeFileSync(path.join(workspace, "app.py"), "print()\n");
writeFileSync(path.join(workspace, ".dlint.toml"), 'preset = "all"\n');
writeFileSync(path.join(workspace, ".vscode", "settings.json"), JSON.stringify({ "dlint.path": dlint, "workbench.startupEditor": "none" }));

const folders = ["--user-data-dir", path.join(home, "data"), "--extensions-dir", path.join(home, "extensions")];
const environment = { ...process.env, HOME: home, XDG_CONFIG_HOME: path.join(home, "config"), XDG_CACHE_HOME: path.join(home, "cache") };

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  return port;
}

function install() {
  const done = spawnSync(process.execPath, [codeServer, ...folders, "--install-extension", vsix], { env: environment, encoding: "utf8" });
  assert.equal(done.status, 0, done.stdout + done.stderr);
}

async function start(port) {
  const words = ["--auth", "none", "--bind-addr", `127.0.0.1:${port}`, "--disable-telemetry", "--disable-update-check", "--disable-workspace-trust"];
  const server = spawn(process.execPath, [codeServer, ...folders, ...words, workspace], { env: environment, stdio: "inherit", detached: true });
  for (const end = Date.now() + SECONDS; Date.now() < end; ) {
    const answer = await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => undefined);
    if (answer?.ok) return server;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error("code-server does not answer");
}

async function eventually(what, check) {
  const end = Date.now() + SECONDS;
  for (;;) {
    const found = await check();
    if (found) return found;
    if (Date.now() > end) throw new Error(`not seen within ${SECONDS / 1000} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function command(page, title) {
  await page.keyboard.press("F1");
  const box = page.locator(".quick-input-widget input").first();
  await box.waitFor();
  await box.fill(`>${title}`);
  await page.locator(".quick-input-list .monaco-list-row", { hasText: title }).first().waitFor();
  await page.keyboard.press("Enter");
}

async function use(page) {
  await page.locator(".monaco-workbench").waitFor();
  await page.keyboard.press("Control+P");
  const box = page.locator(".quick-input-widget input").first();
  await box.waitFor();
  await box.fill("Dockerfile");
  await page.locator(".quick-input-list .monaco-list-row", { hasText: "Dockerfile" }).first().waitFor();
  await page.keyboard.press("Enter");
  await page.locator(".editor-instance .view-line", { hasText: "debian:12-slim" }).first().waitFor();

  const problems = page.locator('a[aria-label^="Warnings: "], a[aria-label*="Errors: "]').first();
  await page.locator(".squiggly-warning").first().waitFor();
  console.log(`findings are shown: ${await problems.getAttribute("aria-label").catch(() => "marked in the text")}`);

  const figures = page.locator('[id="OWNER.dlint.dlint.cost"], .statusbar-item[id$="dlint.cost"]').first();
  await figures.waitFor();
  const text = (await figures.innerText()).replace(/\s+/g, " ");
  assert.match(text, /[~>]\d+(\.\d+)? (MB|GB).*[~>]\d+(\.\d+)? (s|min)/);
  console.log(`the status bar says: ${text}`);

  await eventually("the size behind a step", async () => /MB/.test(await page.locator(".view-lines").first().innerText()));
  console.log("costs stand behind the steps");

  await page.locator(".view-line", { hasText: "debian:12-slim" }).first().click();
  await command(page, "dlint: Fix all");
  await eventually("the fix", async () => (await page.locator(".view-lines").first().innerText()).includes("COPY"));
  await page.keyboard.press("Control+S");
  await eventually("the fixed file", () => readFileSync(file, "utf8").includes("COPY app.py /srv/"));
  console.log("fix all is made and saved");

  await command(page, "dlint: Show cost");
  await eventually("the costs", async () => {
    const texts = await page.locator(".view-lines").allInnerTexts();
    return texts.some((shown) => /source.edit/.test(shown));
  });
  console.log("the costs are shown");
}

let server, browser, page;
try {
  install();
  const port = await freePort();
  server = await start(port);
  browser = await chromium.launch({ executablePath: browserPath, args: ["--no-sandbox"] });
  page = await browser.newPage({ viewport: { width: 1400, height: 800 } });
  page.setDefaultTimeout(SECONDS);
  await page.goto(`http://127.0.0.1:${port}/?folder=${workspace}`);
  await use(page);
  if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT });
  console.log("e2e: passed");
} catch (error) {
  if (page && process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT });
  console.error(error);
  process.exitCode = 1;
} finally {
  await browser?.close();
  if (server) process.kill(-server.pid);
  if (process.env.KEEP) spawnSync("cp", ["-r", path.join(home, "data"), process.env.KEEP]);
  rmSync(home, { recursive: true, force: true, maxRetries: 5 });
}
