import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const ROOT = join(import.meta.dirname, "../..");

/** What is made or installed, not written. */
const NOT_OURS = new Set(["node_modules", ".git", "data", "coverage", "out"]);

/** Every file of the repository, by its path in it. */
export function filesOf(folder = ""): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (NOT_OURS.has(entry.name) || entry.name.endsWith(".log")) return [];
    return entry.isDirectory() ? filesOf(path) : entry.isFile() ? [path] : [];
  });
}

export function read(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

export const PAGES = filesOf().filter((path) => path.endsWith(".md") && !path.startsWith("test/"));

/** The cells of every table row whose first cell begins with code, without the code's backticks. */
export function rowsOf(page: string): string[][] {
  return [...page.matchAll(/^\| (`[^\n]*) \|$/gm)].map((match) =>
    match[1]!.split(/(?<!\\) ?\| ?/).map((cell) => cell.trim()),
  );
}

/** What stands in backticks. */
export function codes(text: string): string[] {
  return [...text.matchAll(/`([^`\n]+)`/g)].map((match) => match[1]!);
}
