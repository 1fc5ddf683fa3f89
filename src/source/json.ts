import { isBlank } from "../core/signal/text.ts";

/**
 * Reading JSON of unknown shape: whatever a sender puts where, these answer null instead of throwing. Only own
 * properties count, so that a field called `constructor` or `__proto__` finds nothing.
 */
export type JsonObject = Record<string, unknown>;

export function object(value: unknown): JsonObject | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : null;
}

export function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The value at a path of keys, undefined where the path ends early. */
export function field(value: unknown, ...keys: string[]): unknown {
  let at = value;
  for (const key of keys) {
    const parent = object(at);
    if (parent === null || !Object.hasOwn(parent, key)) return undefined;
    at = parent[key];
  }
  return at;
}

/** A text or number as trimmed text; null for anything else and for what shows nothing, so that another field may. */
export function text(value: unknown): string | null {
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  if (typeof value !== "string") return null;
  return isBlank(value) ? null : value.trim();
}

/** A boolean, also one that a sender wrote as a text (`"true"`, Python's `"False"`); null for anything else. */
export function truth(value: unknown): boolean | null {
  if (typeof value === "boolean") return value;
  const word = text(value)?.toLowerCase();
  return word === "true" ? true : word === "false" ? false : null;
}

/** The text at a path of keys. */
export function textAt(value: unknown, ...keys: string[]): string | null {
  return text(field(value, ...keys));
}

/** The first line of a text that says something. */
export function firstLine(value: string | null): string | null {
  return text((value ?? "").trim().split("\n", 1)[0]);
}
