import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { PAGES, ROOT, read } from "./pages.ts";

/** A heading's anchor as forges make it. */
function anchor(heading: string): string {
  return heading
    .replace(/[`*]/g, "")
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
}

/** A page without its code blocks, where brackets are not links. */
function prose(page: string): string {
  return read(page).replace(/^( *)```[\s\S]*?^\1```$/gm, "");
}

function anchorsOf(page: string): string[] {
  return [...prose(page).matchAll(/^#{1,6} (.+)$/gm)].map((match) => anchor(match[1]!));
}

describe.each(PAGES)("%s", (page) => {
  test("has no link that leads nowhere", () => {
    const broken: string[] = [];
    for (const [, target] of prose(page).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target!) || target!.includes("{{")) continue;
      const [path, fragment] = target!.split("#");
      const file = path ? join(dirname(page), path) : page;
      if (!existsSync(join(ROOT, file))) broken.push(target!);
      else if (fragment && !anchorsOf(file).includes(fragment)) broken.push(target!);
    }
    expect(broken).toEqual([]);
  });
});

test("every page of docs is linked from README.md, or from a page that is", () => {
  const reached = new Set(["README.md"]);
  for (const page of reached)
    for (const [, target] of prose(page).matchAll(/\]\(([^)\s#]+\.md)[^)]*\)/g)) {
      const file = join(dirname(page), target!);
      if (PAGES.includes(file)) reached.add(file);
    }
  expect(PAGES.filter((page) => !reached.has(page))).toEqual([]);
});

test("every file that a page names in code is there", () => {
  const named = PAGES.flatMap((page) =>
    [
      ...prose(page).matchAll(
        /`((?:src|test|migrations|docs|runbooks|bench)\/[\w./-]+\.(?:ts|md|json|png))`/g,
      ),
    ].map((match) => ({ page, file: match[1]! })),
  );
  expect(named.length).toBeGreaterThan(20);
  // CONTRIBUTING.md also names files that its reader is about to make.
  const made = /^CONTRIBUTING\.md$/;
  const missing = named.filter(({ page, file }) => !made.test(page) && !existsSync(join(ROOT, file)));
  expect(missing.map(({ page, file }) => `${page}: ${file}`)).toEqual([]);
});
