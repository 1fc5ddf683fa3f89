import { type Document, isMap, isScalar, LineCounter, type Node, parseDocument } from "yaml";
import { z } from "zod";
import { Severity } from "../incident/events.ts";
import { compileGlob } from "./glob.ts";

/** Something an author has to put right. `line` counts from 1; the file's name is the caller's to add. */
export type RunbookProblem = { line: number; message: string };

const glob = z.string('must be a glob in text, such as "*.orders"').superRefine((value, context) => {
  const compiled = compileGlob(value);
  if ("problem" in compiled)
    context.addIssue({ code: "custom", message: `does not compile: ${compiled.problem}` });
});

/** An empty list could be read as "any" or as "none", so it is refused. */
const listOf = <T extends z.ZodType>(item: T) =>
  z
    .array(item, "must be a list, such as [a, b]")
    .min(1, "is empty; remove the field to match anything, or fill it");

/** All fields that are given must hold. A rule without any (`{}`) is the catch-all: see match.ts. */
export const MatchRule = z.strictObject(
  {
    sources: listOf(
      z
        .string("must be a source name, such as dbt")
        .regex(
          /^[a-z0-9][a-z0-9-]{0,39}$/,
          "is not a source name; write it as in /v1/alerts/<source>, such as great-expectations",
        ),
    ).optional(),
    assets: listOf(glob).optional(),
    labels: z
      .record(z.string(), glob, "must map label names to globs, such as { resource_type: test }")
      .refine(
        (labels) => Object.keys(labels).length > 0,
        "is empty; remove the field to match anything, or fill it",
      )
      .optional(),
    severities: listOf(Severity.or(z.never("must be one of SEV1, SEV2, SEV3, SEV4"))).optional(),
    titles: listOf(glob).optional(),
  },
  "must be a rule, such as { sources: [dbt] }, or {} to match every incident",
);
export type MatchRule = z.infer<typeof MatchRule>;

const RULE_FIELDS = Object.keys(MatchRule.shape);

export const FrontMatter = z.strictObject(
  {
    title: z
      .string("must be text")
      .trim()
      .min(1, "is empty; write it, or remove it to use the # heading")
      .optional(),
    owner: z
      .string("must be text, such as data-platform")
      .trim()
      .min(1, "is empty; name a team, or remove it")
      .nullish(),
    reviewed: z.iso.date("must be a date such as 2026-03-31").nullish(),
    match: z
      .array(MatchRule, "must be a list of rules, each starting with a dash")
      .nullish()
      .transform((rules) => rules ?? []),
  },
  "must be fields such as `title: Late table`",
);
export type FrontMatter = z.infer<typeof FrontMatter>;

const FIELDS = Object.keys(FrontMatter.shape);

/**
 * Takes the YAML out and leaves its lines empty, so that every line number in the body is the file's. Windows line ends
 * and a byte-order mark are read as if they were not there; the hash is still over the exact text.
 */
export function splitFrontMatter(text: string): { yaml: string; body: string; unclosed: boolean } {
  const lines = text
    .replace(/^\uFEFF/, "")
    .replaceAll("\r\n", "\n")
    .split("\n");
  if (lines[0]?.trimEnd() !== "---") return { yaml: "", body: lines.join("\n"), unclosed: false };
  const end = lines.findIndex((line, index) => index > 0 && line.trimEnd() === "---");
  if (end < 0) return { yaml: "", body: lines.join("\n"), unclosed: true };
  return {
    yaml: lines.slice(1, end).join("\n"),
    body: "\n".repeat(end + 1) + lines.slice(end + 1).join("\n"),
    unclosed: false,
  };
}

/**
 * Reads the YAML between the two `---` lines. `firstLine` is the line of the file that the YAML starts on. Whatever is
 * not understood is a problem and no front matter comes back: a rule half read would match the wrong alerts.
 */
export function readFrontMatter(
  yaml: string,
  firstLine: number,
): { frontMatter: FrontMatter; problems: [] } | { frontMatter: null; problems: RunbookProblem[] } {
  const lines = new LineCounter();
  const document = parseDocument(yaml, { lineCounter: lines, prettyErrors: false, logLevel: "silent" });
  const lineAt = (offset: number) => firstLine + lines.linePos(offset).line - 1;

  const broken = [...document.errors, ...document.warnings].map((error) => ({
    line: lineAt(error.pos[0]),
    message: `The front matter is not valid YAML: ${error.message}. Put text with : # * { or [ in quotes.`,
  }));
  if (broken.length > 0) return { frontMatter: null, problems: broken };

  const value = toPlain(document);
  if ("problem" in value)
    return { frontMatter: null, problems: [{ line: firstLine, message: value.problem }] };

  const parsed = FrontMatter.safeParse(value.plain ?? {});
  if (parsed.success) return { frontMatter: parsed.data, problems: [] };
  return {
    frontMatter: null,
    problems: parsed.error.issues.flatMap((issue) => explain(issue, document, lineAt)),
  };
}

/** `toJS` throws on anchors that expand without end, which is the only way it fails on a valid document. */
function toPlain(document: Document): { plain: unknown } | { problem: string } {
  try {
    return { plain: document.toJS() };
  } catch {
    return {
      problem: "The front matter repeats itself through YAML anchors too often. Write the rules out.",
    };
  }
}

function explain(
  issue: z.core.$ZodIssue,
  document: Document,
  lineAt: (offset: number) => number,
): RunbookProblem[] {
  const path = issue.path as (string | number)[];
  if (issue.code === "unrecognized_keys") {
    const known = (path.length === 0 ? FIELDS : RULE_FIELDS).join(", ");
    return issue.keys.map((key) => ({
      line: lineAt(offsetOf(document, [...path, key])),
      message: `${nameOf([...path, key])} is not a field of ${path.length === 0 ? "the front matter" : "a match rule"}. Known fields: ${known}.`,
    }));
  }
  const subject = path.length === 0 ? "The front matter" : nameOf(path);
  return [{ line: lineAt(offsetOf(document, path)), message: `${subject} ${innermost(issue)}.` }];
}

/** A union wraps the message of its members; the one written for people is the last member's. */
function innermost(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_union") return issue.errors.at(-1)?.[0]?.message ?? issue.message;
  return issue.message;
}

function nameOf(path: (string | number)[]): string {
  return path
    .map((part, index) => (typeof part === "number" ? `[${part}]` : index === 0 ? part : `.${part}`))
    .join("");
}

/** The offset of the key, where the path ends in one, else of the value, else of the nearest parent that is written. */
function offsetOf(document: Document, path: (string | number)[]): number {
  const parent =
    path.length === 0 ? document.contents : (document.getIn(path.slice(0, -1), true) as Node | undefined);
  const key = path.at(-1);
  if (isMap(parent)) {
    const pair = parent.items.find((item) => isScalar(item.key) && item.key.value === key);
    if (isScalar(pair?.key) && pair.key.range) return pair.key.range[0];
  }
  const node = document.getIn(path, true) as Node | undefined;
  if (node?.range) return node.range[0];
  return path.length === 0 ? 0 : offsetOf(document, path.slice(0, -1));
}
