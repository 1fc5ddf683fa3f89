import { createHash } from "node:crypto";
import type { Heading, Root } from "mdast";
import { toString as plainText } from "mdast-util-to-string";
import { type FrontMatter, type RunbookProblem, readFrontMatter, splitFrontMatter } from "./front-matter.ts";
import { parseMarkdown, place } from "./markdown.ts";
import { type RunbookOutline, SLUG, unreadable } from "./outline.ts";

/** `id` is stable while the heading's words are, whatever its number or place, so that statistics span revisions. */
export type RunbookStep = { id: string; title: string; body: string; optional: boolean };

export type Runbook = RunbookOutline & {
  owner: string | null;
  /** The day someone last checked it, `YYYY-MM-DD`. */
  reviewed: string | null;
  /** Markdown before the first step. */
  intro: string;
  /** At least one. */
  steps: RunbookStep[];
  /** Markdown after the steps, to read and not to walk. */
  reference: string;
  /** SHA-256 of the exact text, in hex: what a walk pins. */
  hash: string;
  text: string;
};

const STEP_ID_LIMIT = 80;

/** A heading that is a step, and where in the file it stands. */
export type StepPlace = RunbookStep & { line: number };

export type ParsedRunbook = {
  runbook: Runbook | null;
  problems: RunbookProblem[];
  /** For lint: the document with its line numbers as in the file, and the steps with theirs. */
  body: string;
  root: Root;
  steps: StepPlace[];
};

/**
 * Reads one runbook. The rule for what is a step is one sentence: every `##` heading is a step, until a `#` heading
 * after the first step ends them. With any problem in the front matter, or without a title or a step, there is no runbook.
 */
export function parseRunbook(
  slug: string,
  text: string,
): { runbook: Runbook | null; problems: RunbookProblem[] } {
  const { runbook, problems } = parseRunbookWithPlaces(slug, text);
  return { runbook, problems };
}

export function parseRunbookWithPlaces(slug: string, text: string): ParsedRunbook {
  const problems: RunbookProblem[] = [];
  if (!SLUG.test(slug)) {
    const message = `"${slug}" can't be typed as a runbook's name. Rename the file to lower-case words joined by dashes, such as late-table.md.`;
    problems.push({ line: 1, message });
  }
  const tooMuch = unreadable(text);
  if (tooMuch)
    return {
      runbook: null,
      problems: [...problems, tooMuch],
      body: "",
      root: parseMarkdown(""),
      steps: [],
    };

  const { yaml, body, unclosed } = splitFrontMatter(text);
  if (unclosed)
    problems.push({ line: 1, message: "The front matter has no end. Add a line --- after its last field." });
  const read = readFrontMatter(yaml, 2);
  problems.push(...read.problems);

  const root = parseMarkdown(body);
  const layout = layOut(root, body);
  const title = read.frontMatter?.title ?? layout.title;
  if (read.frontMatter && !title)
    problems.push({ line: 1, message: "It has no title. Add `title:` to the front matter, or a # heading." });
  if (layout.steps.length === 0)
    problems.push({
      line: 1,
      message: "It has no steps. Write each step under a ## heading, such as `## Pause the export`.",
    });

  const usable = read.frontMatter && title && !unclosed && layout.steps.length > 0 && SLUG.test(slug);
  const runbook = usable ? assemble(slug, text, title, read.frontMatter, layout) : null;
  return { runbook, problems, body, root, steps: layout.steps };
}

function assemble(
  slug: string,
  text: string,
  title: string,
  frontMatter: FrontMatter,
  layout: Layout,
): Runbook {
  return {
    slug,
    title,
    owner: frontMatter.owner ?? null,
    reviewed: frontMatter.reviewed ?? null,
    match: frontMatter.match,
    intro: layout.intro,
    steps: layout.steps.map(({ id, title, body, optional }) => ({ id, title, body, optional })),
    reference: layout.reference,
    hash: createHash("sha256").update(text).digest("hex"),
    text,
  };
}

type Layout = { title: string | null; intro: string; steps: StepPlace[]; reference: string };

function layOut(root: Root, body: string): Layout {
  const headings = root.children.filter((node): node is Heading => node.type === "heading");
  const firstStep = headings.findIndex((heading) => heading.depth === 2);
  const before = firstStep < 0 ? headings : headings.slice(0, firstStep);
  const after = firstStep < 0 ? [] : headings.slice(firstStep);
  const end = after.find((heading) => heading.depth === 1);
  const stepHeadings = after
    .slice(0, end ? after.indexOf(end) : undefined)
    .filter((heading) => heading.depth === 2);

  const title = before.find((heading) => heading.depth === 1);
  const introStart = title ? place(title)!.end : 0;
  const introEnd = stepHeadings[0] ? place(stepHeadings[0])!.start : body.length;
  const stepsEnd = end ? place(end)!.start : body.length;
  return {
    title: title ? plainText(title).trim() || null : null,
    intro: body.slice(introStart, introEnd).trim(),
    steps: readSteps(stepHeadings, body, stepsEnd),
    reference: body.slice(stepsEnd).trim(),
  };
}

function readSteps(headings: Heading[], body: string, stepsEnd: number): StepPlace[] {
  const taken = new Set<string>();
  return headings.map((heading, index) => {
    const { end, line } = place(heading)!;
    const next = headings[index + 1];
    const { title, optional } = readHeading(plainText(heading));
    return {
      id: uniqueId(title, taken),
      title,
      body: body.slice(end, next ? place(next)!.start : stepsEnd).trim(),
      optional,
      line,
    };
  });
}

/** `Step 3: Rebuild (optional)` is the step "Rebuild", and optional. Numbers are shown by the walk itself. */
function readHeading(text: string): { title: string; optional: boolean } {
  const title = text.trim().replace(/^(?:step\s+\d{1,3}\s*[:.)–—-]|\d{1,3}[.):])\s*/iu, "");
  const bare = title.replace(/\s*\(optional\)$/i, "");
  return { title: bare, optional: bare !== title };
}

function uniqueId(title: string, taken: Set<string>): string {
  const words = title.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  const slug = Array.from(words.join("-")).slice(0, STEP_ID_LIMIT).join("") || "step";
  let id = slug;
  for (let n = 2; taken.has(id); n++) id = `${slug}-${n}`;
  taken.add(id);
  return id;
}
