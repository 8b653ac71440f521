import assert from "node:assert/strict";
import test from "node:test";

import { find, type Machine } from "../src/program";

const none = { path: "", interpreter: "" };

function machine(files: string[], over: Partial<Machine> = {}): Machine {
  return { platform: "linux", searchPath: "bin::/usr/bin:/usr/local/bin", isProgram: (file) => files.includes(file), ...over };
}

test("a path in the settings is taken as it is, before an interpreter", () => {
  const found = find({ path: "/x/dlint", interpreter: "/x/python" }, "/ext/bin", machine(["/ext/bin/dlint"]));
  assert.deepEqual(found, { command: "/x/dlint", args: [] });
});

test("an interpreter runs the module", () => {
  const found = find({ path: "", interpreter: "/x/python" }, "/ext/bin", machine([]));
  assert.deepEqual(found, { command: "/x/python", args: ["-m", "dockerlint.lint.cli"] });
});

test("the one that comes with the extension is before those on the PATH", () => {
  assert.equal(find(none, "/ext/bin", machine(["/ext/bin/dlint", "/usr/bin/dlint"]))?.command, "/ext/bin/dlint");
  assert.equal(find(none, "/ext/bin", machine(["/usr/local/bin/dlint"]))?.command, "/usr/local/bin/dlint");
});

test("folders of the PATH that are relative would be those of the workspace", () => {
  assert.equal(find(none, "/ext/bin", machine(["bin/dlint", "dlint"])), undefined);
});

test("on Windows it is dlint.exe", () => {
  const found = find(none, "/ext/bin", machine(["/ext/bin/dlint.exe"], { platform: "win32" }));
  assert.equal(found?.command, "/ext/bin/dlint.exe");
});
