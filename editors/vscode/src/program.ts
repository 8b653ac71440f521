/** Which dlint an editor runs, and how. */

import * as fs from "node:fs";
import * as path from "node:path";

export interface Settings {
  readonly path: string;
  readonly interpreter: string;
}

export interface Program {
  readonly command: string;
  /** What stands before the words of dlint's own command line. */
  readonly args: readonly string[];
}

export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly searchPath: string;
  readonly isProgram: (file: string) => boolean;
}

export const machine: Machine = {
  platform: process.platform,
  searchPath: process.env["PATH"] ?? "",
  isProgram: (file) => {
    try {
      fs.accessSync(file, fs.constants.X_OK);
      return fs.statSync(file).isFile();
    } catch {
      return false;
    }
  },
};

/**
 * The program of the settings, the one that comes with the extension in `bundled`, or the one on the PATH; nothing when there is none.
 * What the settings name is taken as it is, so that a mistake in them is told and not passed over.
 */
export function find(settings: Settings, bundled: string, on: Machine = machine): Program | undefined {
  if (settings.path) return { command: settings.path, args: [] };
  if (settings.interpreter) return { command: settings.interpreter, args: ["-m", "dockerlint.lint.cli"] };
  const name = on.platform === "win32" ? "dlint.exe" : "dlint";
  const folders = [bundled, ...on.searchPath.split(path.delimiter).filter((folder) => path.isAbsolute(folder))];
  const command = folders.map((folder) => path.join(folder, name)).find((file) => on.isProgram(file));
  return command === undefined ? undefined : { command, args: [] };
}
