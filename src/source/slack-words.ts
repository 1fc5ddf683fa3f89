import type { AlertSeverity, AlertSignal } from "../core/signal/alert.ts";

/** What a sentence written for people says of status and severity. */

const GOOD = [
  "white_check_mark",
  "heavy_check_mark",
  "ballot_box_with_check",
  "large_green_circle",
  "green_circle",
  "tada",
  "✅",
  "✔",
  "☑",
  "🟢",
  "🎉",
];
const BAD = [
  "no_entry",
  "red_circle",
  "rotating_light",
  "fire",
  "x",
  "❌",
  "🔴",
  "🚨",
  "⛔",
  "🔥",
  "🛑",
  "💥",
];

const GOOD_WORDS =
  /\b(success|successful|successfully|succeeded|succeeds|passed|passes|passing|resolved|recovered|recovery|fixed|healthy|ok|completed)\b/i;
const BAD_WORDS =
  /\b(fail|fails|failed|failing|failure|failures|error|errors|errored|exception|alert|alerting|firing|triggered|down|late|stale|missing|broken|breach|breached|warning|warn|critical|unsuccessful|unhealthy|incomplete|not (ok|successful|passed|resolved|fixed|healthy|completed))\b/i;
const NOTHING_BAD = /\b(no|0|zero|without|without any) (fail\w*|errors?|exceptions?|warnings?|alerts?)\b/gi;
/**
 * A status by itself, before what it is about: `[RESOLVED] …`, `OK: …`, `Recovery - …`, `Alert resolved: …`; not
 * "Recovery job failed".
 */
const LEADS_WELL =
  /^[^A-Za-z0-9]{0,20}(?:(?:alert|alarm|incident|issue|monitor) (?:is |was |has been )?)?(resolved|recovered|recovery|fixed|ok|success|succeeded|passed)(?=\s*[\])}:!–—|]|\s-\s|[\s.]*$)/i;

/**
 * Whether a message says that something is whole again. What stands first counts ("[RESOLVED] load failed"), then any
 * word of something bad, then one of something good; a message that says neither is news, and news is an alert.
 */
export function statusOfWords(title: string, color: string | null): AlertSignal["status"] {
  if (LEADS_WELL.test(withoutMarks(title))) return "resolved";
  const words = title.replace(NOTHING_BAD, " ");
  const marks = firstMark(title);
  if (BAD_WORDS.test(words)) return "firing";
  if (marks !== null) return marks;
  if (GOOD_WORDS.test(words)) return "resolved";
  return /^(good|#36a64f|#2eb886|#2eb67d)$/i.test(color ?? "") ? "resolved" : "firing";
}

function firstMark(title: string): AlertSignal["status"] | null {
  const at = (marks: string[]) =>
    Math.min(...marks.map((mark) => positionOf(title, /^\w/.test(mark) ? `:${mark}:` : mark)));
  const [good, bad] = [at(GOOD), at(BAD)];
  if (good === bad) return null;
  return good < bad ? "resolved" : "firing";
}

function positionOf(title: string, mark: string): number {
  const at = title.indexOf(mark);
  return at < 0 ? Number.POSITIVE_INFINITY : at;
}

export function severityOfWords(title: string, color: string | null): AlertSeverity {
  if (/\b(critical|fatal|emergency|p1|sev-?1)\b/i.test(title)) return "critical";
  if (/\b(error|errors|failed|failure|fails)\b/i.test(title)) return "error";
  if (/\b(warn|warns|warning)\b|:warning:|⚠/i.test(title) || color === "warning") return "warning";
  return "error";
}

/** Numbers that change from one message to the next: amounts, and ids of runs. Others may be names ("shard 3"). */
const COUNTS =
  /#\d+\b|\b\d{5,}\b|\b\d+(\.\d+)?\s?(%|(ms|s|m|h|min|seconds?|minutes?|hours?|days?|rows?|records?|times|tests?|issues?|of \d+)\b)/gi;

const TALLY = /(^|[,;:([]\s?)\d+ (passed|failed|succeeded|errors?|warnings?)\b/gi;

/**
 * What a title speaks of, whatever it says of it: without marks, status words, times and numbers of runs, so that "❌
 * nightly load failed at 03:10" and "✅ nightly load succeeded" are one thing.
 */
export function subjectOf(title: string): string {
  return title
    .slice(0, 1000)
    .replace(/:[a-z0-9_+-]{1,60}:/gi, " ")
    .replace(/\[(firing|resolved|alerting|ok|no data)(:\d+)?\]/gi, " ")
    .replace(/\b\d{4}-\d{2}-\d{2}([T ][\d:.,]{4,20}(Z|UTC|[+-][\d:]{2,6})?)?/g, " ")
    .replace(TALLY, " ")
    .replace(COUNTS, " ")
    .replace(new RegExp(GOOD_WORDS, "gi"), " ")
    .replace(new RegExp(BAD_WORDS, "gi"), " ")
    .replace(/\b(was|is|has|have|been|again|with|at|in|after)\b/gi, " ")
    .replace(/[^\p{L}\p{N}._/-]+/gu, " ")
    .replace(/(?<=\s|^)[._/-]+|[._/-]+(?=\s|$)/g, " ")
    .replace(/\s+/g, " ")
    .trim()
    .toLowerCase();
}

/** Emoji, as characters or `:name:`, at the ends of a title say in pictures what the status says. */
export function withoutMarks(title: string): string {
  return title
    .replace(/^(\s|:[a-z0-9_+-]{1,60}:|\p{Extended_Pictographic}|\uFE0F)+/iu, "")
    .replace(/(\s|:[a-z0-9_+-]{1,60}:|\p{Extended_Pictographic}|\uFE0F)+$/iu, "");
}
