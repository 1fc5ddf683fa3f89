import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import { Refusal } from "./core/refusal.ts";
import type { LintProblem } from "./core/runbook/lint.ts";
import { type RunbookOutline, readOutline, slugOf } from "./core/runbook/outline.ts";
import type { Runbook } from "./core/runbook/parse.ts";

export type RunbookFile = { path: string; text: string };

/**
 * Every usable runbook of a folder, by slug, and everything lint says about the folder. A problem does not keep a usable
 * runbook from being used: at night a runbook with a flaw beats none. Of two with one name, the first by path is kept.
 */
export async function loadRunbooks(
  dir: string,
  warn?: (line: string) => void,
): Promise<{ runbooks: Runbook[]; problems: LintProblem[] }> {
  return parseRunbooks(await readRunbookFiles([dir], warn));
}

/** The same of files that were read. What reads markdown is imported here: no alert waits for it. */
export async function parseRunbooks(
  files: RunbookFile[],
): Promise<{ runbooks: Runbook[]; problems: LintProblem[] }> {
  const { parseRunbook } = await import("./core/runbook/parse.ts");
  const { lintRunbooks } = await import("./core/runbook/lint.ts");
  const runbooks = files.flatMap(({ path, text }) => parseRunbook(slugOf(path), text).runbook ?? []);
  return { runbooks: firstOfEach(runbooks), problems: lintRunbooks(files) };
}

/** When the runbooks of these files fit and what they are called, for the same ones of them as `parseRunbooks` finds usable. */
export async function outlineRunbooks(files: RunbookFile[]): Promise<RunbookOutline[]> {
  const outlines = files.map(async ({ path, text }) => {
    const slug = slugOf(path);
    const outline = readOutline(slug, text);
    if (outline) return outline;
    const { parseRunbook } = await import("./core/runbook/parse.ts");
    return parseRunbook(slug, text).runbook ?? [];
  });
  return firstOfEach((await Promise.all(outlines)).flat());
}

function firstOfEach<Each extends RunbookOutline>(runbooks: Each[]): Each[] {
  const bySlug = new Map(runbooks.toReversed().map((runbook) => [runbook.slug, runbook]));
  return [...bySlug.values()].sort((a, b) => (a.slug < b.slug ? -1 : 1));
}

/**
 * The markdown files at these paths, folders read with their subfolders, each file once, in the order of their paths.
 * A README.md in a folder is for people who browse the repository, and no runbook. Throws a Refusal for a path that is not
 * there. `warn` is told of what is called like a runbook and cannot be read, such as the lock that an editor leaves: the
 * others are as good without it.
 */
export async function readRunbookFiles(
  paths: string[],
  warn: (line: string) => void = () => {},
): Promise<RunbookFile[]> {
  const found = (await Promise.all(paths.map(findMarkdown))).flat();
  const files = (await onceEach(found)).sort().map(async (path) => {
    try {
      return [{ path, text: await textOf(path) }];
    } catch (error) {
      warn(`${path} is left out, as it cannot be read: ${(error as Error).message}`);
      return [];
    }
  });
  return (await Promise.all(files)).flat();
}

/**
 * Each file once under each of its names, by the shortest way there: a link to a folder leads to the same files again, as
 * where Kubernetes mounts a ConfigMap.
 */
async function onceEach(paths: string[]): Promise<string[]> {
  const ways = await Promise.all(
    paths.map(async (path) => ({ path, file: await realpath(path).catch(() => path) })),
  );
  const shortest = new Map<string, string>();
  for (const { path, file } of ways) {
    const key = `${basename(path)}\n${file}`;
    const known = shortest.get(key);
    if (known === undefined || path.length < known.length) shortest.set(key, path);
  }
  return [...shortest.values()];
}

async function textOf(path: string): Promise<string> {
  // Reading something else, such as a pipe, might never end.
  if (!(await stat(path)).isFile()) throw new Error("it is no file");
  return readFile(path, "utf8");
}

async function findMarkdown(path: string): Promise<string[]> {
  const info = await stat(path).catch(() => null);
  if (!info) {
    throw new Refusal(
      "not_found",
      `There is no ${path}. Give the folder your runbooks are in, or create it with a first .md file.`,
    );
  }
  if (!info.isDirectory()) return [relative("", path)];
  const entries = await readdir(path, { recursive: true });
  return entries
    .filter((entry) => /\.md$/i.test(entry) && !/(^|[\\/])readme\.md$/i.test(entry))
    .map((entry) => relative("", join(path, entry)));
}
