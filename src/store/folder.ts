import { existsSync, mkdirSync } from "node:fs";
import { dirname, resolve } from "node:path";

/**
 * Makes the folder for a file, and those above it that are missing. One by one, as Node's `recursive` never returns where
 * a parent cannot hold folders, and then no signal but SIGKILL ends the process.
 */
export function makeFolderFor(file: string): void {
  const folder = dirname(resolve(file));
  if (existsSync(folder)) return;
  makeFolderFor(folder);
  try {
    mkdirSync(folder);
  } catch (error) {
    // Somebody else may have been first.
    if (!existsSync(folder)) throw error;
  }
}
