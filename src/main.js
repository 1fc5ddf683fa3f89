#!/usr/bin/env node
import { existsSync, lstatSync, mkdirSync } from "node:fs";
import { enableCompileCache, getCompileCacheDir } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

// Plain JavaScript, as it is loaded before anything compiled is kept: taking the types off it would need what takes
// types off, which takes as long to load as a tenth of the start.

/**
 * A folder of this user's among the temporary files, in which compiled code is kept from one start to the next. Whoever
 * can write there decides what runs, so one that others can write is not used.
 * @returns {string | null}
 */
function folderForCompiled() {
  const folder = join(tmpdir(), `breakwater-${process.getuid?.()}`);
  try {
    // One level: `recursive` never returns where a parent cannot hold folders.
    if (!existsSync(folder)) mkdirSync(folder, { mode: 0o700 });
    const { uid, mode } = lstatSync(folder);
    return uid === process.getuid?.() && (mode & 0o077) === 0 ? folder : null;
  } catch {
    // Nothing can be written here: it starts all the same.
    return null;
  }
}

// With NODE_COMPILE_CACHE it is on already.
const folder = getCompileCacheDir() ? null : folderForCompiled();
if (folder) {
  enableCompileCache(folder);
  // The writer's thread finds it there.
  process.env.NODE_COMPILE_CACHE = folder;
}

// A reader that has seen enough, such as `head`, is no fault.
process.stdout.on("error", (/** @type {NodeJS.ErrnoException} */ error) => {
  if (error.code === "EPIPE") process.exit();
  process.stderr.write(`What was asked for cannot be written to standard output: ${error.message}.\n`);
  process.exit(1);
});

// Not imported above: that would be before anything is kept.
const { program } = await import("./cli/program.ts");
const breakwater = await program(process.argv[2]);
await breakwater.parseAsync();
