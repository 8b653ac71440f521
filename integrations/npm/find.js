"use strict";

const fs = require("node:fs");
const path = require("node:path");

/** The npm package with the program for a system and a processor, as Node names them. */
function packageOf(name, platform, arch) {
  return `${name}-${platform}-${arch}`;
}

/** The program's file name on a system. */
function fileName(platform) {
  return platform === "win32" ? "dlint.exe" : "dlint";
}

/**
 * The program to run: the one that DLINT_BINARY names, the one of this system's package, or one on the PATH that is not `self`.
 * Nothing when there is none.
 */
function find({ name, self, env = process.env, platform = process.platform, arch = process.arch, resolve = require.resolve }) {
  if (env.DLINT_BINARY) return env.DLINT_BINARY;
  try {
    return resolve(`${packageOf(name, platform, arch)}/${fileName(platform)}`);
  } catch (error) {
    if (error.code !== "MODULE_NOT_FOUND") throw error;
  }
  const folders = (env.PATH ?? env.Path ?? "").split(path.delimiter).filter(path.isAbsolute);
  return folders.map((folder) => path.join(folder, fileName(platform))).find((file) => isProgram(file, self));
}

function isProgram(file, self) {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return fs.statSync(file).isFile() && fs.realpathSync(file) !== fs.realpathSync(self);
  } catch {
    return false;
  }
}

module.exports = { fileName, find, packageOf };
