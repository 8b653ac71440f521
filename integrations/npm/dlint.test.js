"use strict";

const assert = require("node:assert/strict");
const { spawn, spawnSync } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const test = require("node:test");

const { find } = require("./find.js");

const LAUNCHER = path.join(__dirname, "dlint.js");
const missing = () => {
  throw Object.assign(new Error("not here"), { code: "MODULE_NOT_FOUND" });
};

function folderWith(script) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "dlint-npm-"));
  fs.writeFileSync(path.join(folder, "dlint"), script, { mode: 0o755 });
  return folder;
}

function asked(over) {
  return find({ name: "p", self: LAUNCHER, env: {}, platform: "linux", arch: "x64", resolve: missing, ...over });
}

test("the variable wins over the package", () => {
  assert.equal(asked({ env: { DLINT_BINARY: "/x/dlint" }, resolve: (file) => file }), "/x/dlint");
});

test("each system has a package of its own", () => {
  assert.equal(asked({ resolve: (file) => file }), "p-linux-x64/dlint");
  assert.equal(asked({ platform: "win32", arch: "arm64", resolve: (file) => file }), "p-win32-arm64/dlint.exe");
});

test("a package that is broken is told, not passed over", () => {
  const broken = () => {
    throw Object.assign(new Error("broken"), { code: "ERR_INVALID_PACKAGE_CONFIG" });
  };
  assert.throws(() => asked({ resolve: broken }), /broken/);
});

test("without a package the PATH is searched, but not for the launcher itself", () => {
  const other = folderWith("#!/bin/sh\n");
  const own = fs.mkdtempSync(path.join(os.tmpdir(), "dlint-npm-"));
  fs.symlinkSync(LAUNCHER, path.join(own, "dlint"));
  const PATH = ["relative", "", "/nowhere", own, other].join(path.delimiter);
  assert.equal(asked({ env: { PATH } }), path.join(other, "dlint"));
  assert.equal(asked({ env: { PATH: own } }), undefined);
});

test("the status, the arguments and the streams are the program's", () => {
  const program = path.join(folderWith('#!/bin/sh\ncat\nprintf "%s|" "$@" >&2\nexit 3\n'), "dlint");
  const done = spawnSync(process.execPath, [LAUNCHER, "a b", "--c"], { input: "text", env: { DLINT_BINARY: program, PATH: process.env.PATH } });
  assert.deepEqual([done.status, done.stdout.toString(), done.stderr.toString()], [3, "text", "a b|--c|"]);
});

test("no program, or one that does not run, is a sentence and status 2", () => {
  const none = spawnSync(process.execPath, [LAUNCHER], { env: { PATH: "/nowhere" } });
  assert.equal(none.status, 2);
  assert.match(none.stderr.toString(), /^dlint: dockerlint-cli has no program for .*DLINT_BINARY\n$/);
  const gone = spawnSync(process.execPath, [LAUNCHER], { env: { DLINT_BINARY: "/nowhere/dlint" } });
  assert.equal(gone.status, 2);
  assert.match(gone.stderr.toString(), /^dlint: \/nowhere\/dlint cannot be run: /);
});

test("a signal is passed on, and the end by a signal told as such", async () => {
  const program = path.join(folderWith('#!/bin/sh\necho ready\nexec sleep 60\n'), "dlint");
  const child = spawn(process.execPath, [LAUNCHER], { env: { DLINT_BINARY: program, PATH: process.env.PATH }, stdio: ["ignore", "pipe", "inherit"] });
  await new Promise((resolve) => child.stdout.once("data", resolve));
  child.kill("SIGTERM");
  const [, signal] = await new Promise((resolve) => child.on("exit", (...ended) => resolve(ended)));
  assert.equal(signal, "SIGTERM");
});
