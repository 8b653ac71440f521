/** Runs dlint for an answer: with a time and a size that it may take, and with a text for its standard input. */

import { spawn } from "node:child_process";

import type { Program } from "./program";

export interface Done {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

export interface Limits {
  readonly milliseconds: number;
  readonly bytes: number;
}

const LIMITS: Limits = { milliseconds: 20_000, bytes: 16_000_000 };

export function run(program: Program, words: readonly string[], folder: string, input = "", limits = LIMITS): Promise<Done> {
  return new Promise((resolve, reject) => {
    const child = spawn(program.command, [...program.args, ...words], { cwd: folder, stdio: "pipe" });
    const ended = setTimeout(() => stop(`it takes more than ${limits.milliseconds / 1000} s`), limits.milliseconds);
    let size = 0;

    function stop(why: string): void {
      child.kill("SIGKILL");
      reject(new Error(`dlint was stopped: ${why}`));
    }

    function read(stream: NodeJS.ReadableStream): () => string {
      const parts: Buffer[] = [];
      stream.on("data", (part: Buffer) => {
        size += part.length;
        if (size > limits.bytes) stop(`it says more than ${limits.bytes} bytes`);
        else parts.push(part);
      });
      return () => Buffer.concat(parts).toString("utf8");
    }

    const out = read(child.stdout);
    const err = read(child.stderr);
    child.on("error", (error) => {
      clearTimeout(ended);
      reject(new Error(`${program.command} cannot be run: ${error.message}`));
    });
    child.on("close", (status) => {
      clearTimeout(ended);
      resolve({ status: status ?? -1, out: out(), err: err() });
    });
    // it may end without reading all of it
    child.stdin.on("error", () => {});
    child.stdin.end(input);
  });
}
