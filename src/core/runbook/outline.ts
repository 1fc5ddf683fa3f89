import { type MatchRule, type RunbookProblem, readFrontMatter, splitFrontMatter } from "./front-matter.ts";

/** What says when a runbook fits, and what it is called then. */
export type RunbookOutline = {
  slug: string;
  title: string;
  /** Any rule may match. None: it is never suggested, and can still be started by name. */
  match: MatchRule[];
};

/** Enough for any runbook a person reads at night; markdown of unlimited size would hold up the process. */
const TEXT_LIMIT = 100_000;
export const SLUG = /^[a-z0-9]+(-[a-z0-9]+)*$/;

/** Quotes and lists within one another on one line: all that reads markdown calls itself once for each. */
const NESTED_TOO_DEEP = /^(?:[ \t]*(?:>|[-*+](?=[ \t])|\d{1,9}[.)](?=[ \t]))){50}/m;

/** What would hold up the process, or end it, were it read as markdown. */
export function unreadable(text: string): RunbookProblem | null {
  if (text.length > TEXT_LIMIT)
    return {
      line: 1,
      message: `The file has ${text.length} characters, the limit is ${TEXT_LIMIT}. Split it into several runbooks.`,
    };
  const deep = NESTED_TOO_DEEP.exec(text);
  if (!deep) return null;
  const line = text.slice(0, deep.index).split("\n").length;
  return { line, message: "Quotes and lists are nested too deep here to be read. Write it flat." };
}

/** A runbook's name is its file's, without folder and `.md`. */
export function slugOf(path: string): string {
  return path.replace(/^.*[\\/]/, "").replace(/\.md$/i, "");
}

/** A heading at the start of a line ends whatever is open above it but a fence and HTML. */
const STEP = /^## +[^\s#]/;
const MAY_HIDE_A_HEADING = /```|~~~|</;

/**
 * The outline of a runbook by its front matter alone: reading markdown takes longer than all else that an alert waits
 * for at a start. It is the one that `parseRunbook` comes to, or null where only reading the whole file can tell.
 */
export function readOutline(slug: string, text: string): RunbookOutline | null {
  if (!SLUG.test(slug) || unreadable(text)) return null;
  const { yaml, body, unclosed } = splitFrontMatter(text);
  const front = unclosed ? null : readFrontMatter(yaml, 2).frontMatter;
  if (!front?.title || !hasStep(body)) return null;
  return { slug, title: front.title, match: front.match };
}

function hasStep(body: string): boolean {
  const lines = body.split("\n");
  const step = lines.findIndex((line) => STEP.test(line));
  return step >= 0 && !lines.slice(0, step).some((line) => MAY_HIDE_A_HEADING.test(line));
}
