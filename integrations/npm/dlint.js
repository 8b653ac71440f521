#!/usr/bin/env node
"use strict";

const { spawn } = require("node:child_process");

const { find } = require("./find.js");
const { name } = require("./package.json");

const USAGE = 2;
// An interrupt reaches the program from the terminal as it reaches us.
const PASSED_ON = ["SIGTERM", "SIGHUP"];

const program = find({ name, self: __filename });
if (!program) {
  console.error(
    `dlint: ${name} has no program for ${process.platform}-${process.arch}, and there is none on the PATH: ` +
      "`pipx install dockerlint` brings one; or name one in DLINT_BINARY",
  );
  process.exit(USAGE);
}
const child = spawn(program, process.argv.slice(2), { stdio: "inherit" });
for (const signal of PASSED_ON) process.on(signal, () => child.kill(signal));
process.on("SIGINT", () => {});
child.on("error", (error) => {
  console.error(`dlint: ${program} cannot be run: ${error.message}`);
  process.exit(USAGE);
});
child.on("exit", (status, signal) => {
  if (signal) {
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  } else {
    process.exit(status);
  }
});
