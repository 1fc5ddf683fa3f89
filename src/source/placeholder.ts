import { WHOLLY_TEMPLATE } from "./generic-fields.ts";
import { text } from "./json.ts";

const NOTHING = new Set(["null", "none", "nil", "undefined", "n/a", "<no value>"]);

/** Whether a value is nothing but a placeholder that its sender did not fill in: `{{ x }}`, `${x}`, `$X`. */
export function isPlaceholder(value: unknown): boolean {
  return typeof value === "string" && WHOLLY_TEMPLATE.test(value);
}

/** A text that says something: null for an unfilled placeholder and for the words that stand for no value. */
export function saidText(value: unknown): string | null {
  const said = text(value);
  return said === null || isPlaceholder(said) || NOTHING.has(said.toLowerCase()) ? null : said;
}
