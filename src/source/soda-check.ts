import type { AlertSeverity, AlertSignal } from "../core/signal/alert.ts";
import { field, list, text, textAt } from "./json.ts";

/** What Soda Cloud and soda-core say of a check in the same words. */
export type SodaOutcome = { status: AlertSignal["status"]; severity: AlertSeverity; words: string };

/** Null for a check that was not evaluated: soda-core writes null, and newer versions a word of their own. */
export function outcomeOf(outcome: unknown): SodaOutcome | null {
  switch (text(outcome)?.toLowerCase()) {
    case "pass":
    case "passed":
      return { status: "resolved", severity: "error", words: "passed" };
    case "warn":
    case "warning":
      return { status: "firing", severity: "warning", words: "warns" };
    case "fail":
    case "failed":
      return { status: "firing", severity: "error", words: "failed" };
    case "error": // The check could not run: nobody knows whether the data is right.
      return { status: "firing", severity: "error", words: "could not be evaluated" };
    default:
      return null;
  }
}

/** The check's name, or what its definition in YAML says: its `name:`, or the line after that of the dataset. */
export function checkName(check: unknown): string | null {
  const definition = (textAt(check, "definition") ?? "").slice(0, 10_000);
  const [first = "", second = ""] = definition.split("\n", 2).map((line) => line.trim());
  const line = /^(checks|filter) for /.test(first) ? second : first;
  const named = /^[ \t]{0,40}name:[ \t]{0,10}(\S.*)$/m.exec(definition)?.[1];
  return textAt(check, "name") ?? text(named) ?? text(line.replace(/^- /, "").replace(/:$/, ""));
}

/** What was measured, for the title. A freshness comes in milliseconds, and beside that in words. */
export function shownValue(check: unknown, { status }: SodaOutcome): string {
  const diagnostics = field(check, "diagnostics");
  const value = textAt(diagnostics, "freshness") ?? textAt(diagnostics, "value");
  return status === "resolved" || value === null ? "" : ` (value ${value})`;
}

/** The users' own attributes, `[{name, value}]`, as labels. */
export function attributesOf(attributes: unknown): Record<string, unknown> {
  const named = list(attributes).map((each): [string | null, unknown] => [
    textAt(each, "name"),
    field(each, "value"),
  ]);
  return Object.fromEntries(
    named.filter(([name]) => name !== null && name !== "__proto__") as [string, unknown][],
  );
}
