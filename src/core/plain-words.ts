import type { z } from "zod";

/** What to write instead, for zod's `error` option: the schemas' own words go before these. */
export const inPlainWords: z.core.$ZodErrorMap = (issue) => {
  if (issue.input === undefined) return "is missing";
  switch (issue.code) {
    case "invalid_type":
      return WANTED[issue.expected];
    case "invalid_value":
      return `write ${issue.values.join(", ").replace(/, ([^,]*)$/, " or $1")}`;
    case "too_small":
      return issue.origin === "string" ? "is empty" : `write ${issue.minimum} or more`;
    case "too_big":
      return issue.origin === "string"
        ? `write at most ${issue.maximum} characters`
        : `write ${issue.maximum} or fewer`;
    case "invalid_format":
      return issue.format === "url" ? "write an address that begins with http:// or https://" : undefined;
    default:
      return undefined;
  }
};

const KEYS = "write keys with their values, such as { key: value }";
const WANTED: Record<string, string> = {
  string: "write a text",
  boolean: "write true or false",
  number: "write a number",
  int: "write a whole number",
  array: "write a list, such as [one, two]",
  object: KEYS,
  record: KEYS,
};

/** The issues, where several unknown keys are one of zod's: each key by its own path. */
export function eachKey(issues: readonly z.core.$ZodIssue[]): Pick<z.core.$ZodIssue, "path" | "message">[] {
  return issues.flatMap((issue) =>
    issue.code === "unrecognized_keys"
      ? issue.keys.map((key) => ({ path: [...issue.path, key], message: "there is no such key" }))
      : [issue],
  );
}
