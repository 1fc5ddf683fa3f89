import { jsonIn } from "./parse-body.ts";

/** The most of a JSON text that is parsed; a table of thousands of columns is smaller. */
const LONGEST = 5_000_000;

/**
 * Versions of OpenMetadata differ in whether they send values as JSON or as its text (`entity`, `newValue`); a text that
 * is no JSON stays as it is.
 */
export function unfolded(value: unknown): unknown {
  if (typeof value !== "string" || value.length > LONGEST || !/^\s*[[{"]/.test(value)) return value;
  return jsonIn(value) ?? value;
}
