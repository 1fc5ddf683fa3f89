import { z } from "zod";
import { isTooBroad, MATCH_FIELDS, type Matcher, type Term } from "./matcher.ts";
import { MATCHER_EXAMPLE, makeMatcher, parseMatcher, problemOf, takeGlobs } from "./matcher-words.ts";

/**
 * A matcher in breakwater.yaml: the text that people type, or fields with a glob, several with bars between them, or a
 * list: `{ source: "dbt|airflow", asset: ["*.orders", "*.returns"], labels: { env: prod } }`. `all` is every alert; an
 * empty one is refused, as it may as well be a slip.
 */
export const Match = z.unknown().transform((value, context): Matcher => {
  const read = typeof value === "string" ? fromText(value) : fromFields(value);
  if ("matcher" in read) return read.matcher;
  for (const { path, message } of read.problems) context.addIssue({ code: "custom", path, message });
  return z.NEVER;
});

/** One that what holds alerts back needs: broad ones only where somebody wrote `all`. */
export const NarrowMatch = Match.refine((matcher) => !isTooBroad(matcher), {
  message: "fits every alert; say more, or write all where that is meant",
});

type Problem = { path: string[]; message: string };
type Read = { matcher: Matcher } | { problems: Problem[] };

function fromText(text: string): Read {
  const parsed = parseMatcher(text);
  return "matcher" in parsed ? parsed : { problems: [{ path: [], message: parsed.problem }] };
}

const FIELDS: readonly string[] = [...MATCH_FIELDS, "labels"];

function fromFields(value: unknown): Read {
  if (!isRecord(value))
    return {
      problems: [
        { path: [], message: `write fields such as { source: dbt }, or text such as ${MATCHER_EXAMPLE}` },
      ],
    };
  if (Object.keys(value).length === 0)
    return { problems: [{ path: [], message: "is empty; write all where every alert is meant" }] };
  const problems: Problem[] = [];
  const terms: Term[] = [];
  const read = (field: Term["field"], path: string[], said: unknown) => {
    const term = termOf(field, said);
    const problem = typeof term === "string" ? term : problemOf(term);
    if (problem !== null) problems.push({ path, message: problem });
    else terms.push(term as Term);
  };
  for (const [name, said] of Object.entries(value)) {
    const field = MATCH_FIELDS.find((each) => each === name);
    if (field) read(field, [name], said);
    else if (name !== "labels")
      problems.push({ path: [name], message: `is not a field; the fields are ${FIELDS.join(", ")}` });
    else if (!isRecord(said) || Object.keys(said).length === 0)
      problems.push({ path: [name], message: "map label names to globs, such as { env: prod }" });
    else
      for (const [label, glob] of Object.entries(said)) {
        if (label === "")
          problems.push({ path: [name], message: "has a label without a name; write the name" });
        else read({ label }, [name, label], glob);
      }
  }
  if (problems.length > 0) return { problems };
  const made = makeMatcher(terms, false);
  return "matcher" in made ? made : { problems: [{ path: [], message: made.problem }] };
}

function termOf(field: Term["field"], said: unknown): Term | string {
  const globs = Array.isArray(said) ? said : [said];
  if (globs.length === 0) return "is empty; leave it out to match anything, or fill it";
  if (!globs.every((glob) => typeof glob === "string"))
    return 'write a glob as text, such as "*.orders", or a list of them; put numbers in quotes';
  const each = globs.map(takeGlobs);
  if (each.some((values) => values === null))
    return "has an empty value beside a |; write \\| for the character";
  return { field, not: false, globs: each.flatMap((values) => values!) };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
