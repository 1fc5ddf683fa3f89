import type { AlertSeverity, AlertSignal } from "./alert.ts";

const SEVERITY_WORDS: Record<AlertSeverity, string[]> = {
  critical: [
    "critical",
    "crit",
    "fatal",
    "page",
    "emergency",
    "emerg",
    "disaster",
    "blocker",
    "p0",
    "p1",
    "sev0",
    "sev1",
  ],
  error: ["error", "err", "high", "major", "failure", "p2", "sev2"],
  warning: ["warning", "warn", "medium", "moderate", "minor", "average", "p3", "sev3"],
  info: [
    "info",
    "information",
    "informational",
    "notice",
    "low",
    "none",
    "debug",
    "ok",
    "p4",
    "p5",
    "sev4",
    "sev5",
  ],
};

const STATUS_WORDS: Record<AlertSignal["status"], string[]> = {
  firing: [
    "firing",
    "fired",
    "trigger",
    "triggered",
    "alerting",
    "alert",
    "active",
    "open",
    "failed",
    "fail",
    "failure",
    "error",
  ],
  resolved: [
    "resolved",
    "resolve",
    "ok",
    "success",
    "succeeded",
    "pass",
    "passed",
    "closed",
    "recovered",
    "recovery",
  ],
};

/** The severity that a sender's word means, whatever its case (`SEV-1` is sev1); null for a word that means none of the four. */
export function readSeverity(word: unknown): AlertSeverity | null {
  return lookUp(SEVERITY_WORDS, typeof word === "string" ? word.replace(/^(\s*sev)[ -](?=\d)/i, "$1") : word);
}

/** Whether a sender's word says broken or whole again; null for a word that says neither (`running`, `queued`). */
export function readStatus(word: unknown): AlertSignal["status"] | null {
  return lookUp(STATUS_WORDS, word);
}

function lookUp<Meaning extends string>(words: Record<Meaning, string[]>, word: unknown): Meaning | null {
  if (typeof word !== "string") return null;
  const said = word.trim().toLowerCase();
  for (const meaning of Object.keys(words) as Meaning[]) if (words[meaning].includes(said)) return meaning;
  return null;
}
