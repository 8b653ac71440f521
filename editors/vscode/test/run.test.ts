import assert from "node:assert/strict";
import test from "node:test";

import { run } from "../src/run";

const node = { command: process.execPath, args: ["-e"] };

test("the text goes in; status and both streams come back", async () => {
  const script = "process.stdin.on('data', (d) => process.stdout.write(d)); console.error(process.argv[1]); process.exitCode = 2";
  assert.deepEqual(await run(node, [script, "a b"], process.cwd(), "FROM é\n"), { status: 2, out: "FROM é\n", err: "a b\n" });
});

test("a program that does not read its input is no error", async () => {
  assert.equal((await run(node, ["process.exit(0)"], process.cwd(), "x".repeat(1_000_000))).status, 0);
});

test("what takes too long, or says too much, is stopped", async () => {
  await assert.rejects(run(node, ["setInterval(() => {}, 1000)"], process.cwd(), "", { milliseconds: 200, bytes: 10 }), /more than 0\.2 s/);
  const endless = "setInterval(() => console.log('x'.repeat(1000)), 1)";
  await assert.rejects(run(node, [endless], process.cwd(), "", { milliseconds: 10_000, bytes: 5000 }), /more than 5000 bytes/);
});

test("a program that is not there is told by name", async () => {
  await assert.rejects(run({ command: "/nowhere/dlint", args: [] }, [], process.cwd()), /^Error: \/nowhere\/dlint cannot be run/);
});
