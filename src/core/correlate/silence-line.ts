import { closest } from "fastest-levenshtein";
import { printDuration, takeDuration } from "../duration.ts";
import { Refusal } from "../refusal.ts";
import { compileGlob } from "../runbook/glob.ts";
import type { Matcher } from "./matcher.ts";
import { takeMatcher } from "./matcher-words.ts";

/**
 * What a person types to silence: `<matcher> <duration> <reason>`, such as `source=dbt asset=*.orders 2h backfill is
 * running`. Throws a Refusal that names the part that is missing.
 */
export function readSilenceLine(words: string): { matcher: Matcher; lengthMs: number; reason: string } {
  const taken = takeMatcher(words);
  if ("problem" in taken) throw new Refusal("invalid", `The matcher is not clear: ${taken.problem}.`);
  const { matcher, rest } = taken;
  const length = takeDuration(rest);
  if (!length)
    throw new Refusal(
      "invalid",
      rest === ""
        ? `Say for how long and why: \`silence ${matcher.text} 2h <reason>\`.`
        : `\`${rest.split(/\s/, 1)[0]!.slice(0, 60)}\` is neither \`name=value\` nor a duration such as 30m, 2h or 1d. Put a value with spaces in quotes.`,
    );
  const reason = length.rest.replace(/^because\s+/i, "").trim();
  if (reason === "")
    throw new Refusal(
      "invalid",
      `Say why, for whoever wonders at night: \`silence ${matcher.text} ${printDuration(length.milliseconds)} <reason>\`.`,
    );
  return { matcher, lengthMs: length.milliseconds, reason };
}

/** A source that there is none of is a slip, by which nothing would be held, or all but nothing. */
export function refuseUnknownSource({ terms }: Matcher, sources: readonly string[]): void {
  for (const { field, not, globs } of terms) {
    const unknown =
      field === "source" ? globs.find((glob) => !sources.some((name) => fits(glob, name))) : undefined;
    if (unknown === undefined) continue;
    const hold = not ? "hold everything else" : "hold nothing";
    throw new Refusal(
      "invalid",
      `No source is called \`${unknown.slice(0, 60)}\`, so this would ${hold}. Did you mean \`source${not ? "!=" : "="}${closest(unknown.toLowerCase(), sources)}\`? What a sender calls itself in its payload is a label: \`labels.source\`.`,
    );
  }
}

function fits(glob: string, name: string): boolean {
  const compiled = compileGlob(glob);
  return "glob" in compiled && compiled.glob.matches(name);
}
