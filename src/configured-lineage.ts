import { readFile } from "node:fs/promises";
import { posix } from "node:path";
import { draftDocument, type LineageDocument } from "./core/correlate/lineage-document.ts";
import type { LineageStatement } from "./core/correlate/lineage-statement.ts";
import { Refusal } from "./core/refusal.ts";
import { readYaml } from "./core/yaml.ts";
import { FILE_KEY, readYamlLineage } from "./source/lineage-yaml.ts";

/** What a file that breakwater.yaml names says of lineage. */
export type LineageFile = { file: string; statement: LineageStatement };

/** How many wrong fields a refusal names; the rest are counted. */
const NAMED = 20;

/**
 * Reads the lineage that people keep in files, as `lineage:` of breakwater.yaml names them. Throws one Refusal for all
 * of them, with a line for each wrong field: `lineage.yaml: assets[0].kind: …`.
 */
export async function readLineageFiles(files: readonly string[]): Promise<LineageFile[]> {
  const unique = [...new Set(files.map((file) => posix.normalize(file)))];
  const read = await Promise.all(unique.map(tryReading));
  const wrong = read.flatMap((each) => ("wrong" in each ? each.wrong : []));
  if (wrong.length > 0) {
    const lines = wrong.slice(0, NAMED).map(({ path, message }) => `${path}: ${message}`);
    if (wrong.length > NAMED) lines.push(`and ${wrong.length - NAMED} more`);
    throw new Refusal("invalid", `Lineage that breakwater.yaml names is wrong.\n${lines.join("\n")}`, wrong);
  }
  return read.flatMap((each) => ("wrong" in each ? [] : [each]));
}

type Wrong = { path: string; message: string };

async function tryReading(file: string): Promise<LineageFile | { wrong: Wrong[] }> {
  try {
    // A file has no time of its own at which it was stated.
    const name = { key: `${FILE_KEY}${file}`, at: null };
    const { document, warnings } = readYamlLineage(readYaml(await readFile(file, "utf8")), name);
    return { file, statement: { document, run: null, complete: true, warnings } };
  } catch (error) {
    if (error instanceof Refusal) {
      const wrong = error.issues.map(({ path, message }) => ({
        path: path === "" ? file : `${file}: ${path}`,
        message,
      }));
      return { wrong };
    }
    return { wrong: [{ path: file, message: `cannot be read: ${(error as Error).message}` }] };
  }
}

/** What takes back the statements of files that are named no longer: each as if the file were empty. */
export function withdrawals(
  stored: readonly (Pick<LineageDocument, "provider" | "key"> & { assets: number })[],
  files: readonly LineageFile[],
): LineageStatement[] {
  const named = new Set(files.map(({ statement }) => statement.document.key));
  return stored
    .filter(({ provider, key }) => provider === "yaml" && key.startsWith(FILE_KEY) && !named.has(key))
    .filter(({ assets }) => assets > 0)
    .map(({ key }) => ({
      document: draftDocument().finish({ provider: "yaml", key, at: null }),
      run: null,
      complete: true,
      warnings: [],
    }));
}
