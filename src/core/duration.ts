import { z } from "zod";

const UNITS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** The milliseconds that `90s`, `15m`, `24h` or `14d` stands for; null for other text. */
export function readDuration(text: string): number | null {
  const match = /^(\d{1,6})([smhd])$/.exec(text);
  return match && Number(match[1]) * UNITS[match[2]!]!;
}

/** As `readDuration` reads it, in the largest unit that says it whole. */
export function printDuration(milliseconds: number): string {
  const unit = ["d", "h", "m"].find((each) => milliseconds > 0 && milliseconds % UNITS[each]! === 0) ?? "s";
  return `${Math.round(milliseconds / UNITS[unit]!)}${unit}`;
}

const EXPECTED = "write a duration such as 90s, 15m, 24h or 14d";

/** A length of time in a file: `90s`, `15m`, `24h`, `14d`. Becomes milliseconds. */
export const Duration = z.string(EXPECTED).transform((text, context) => {
  const milliseconds = readDuration(text);
  if (milliseconds !== null) return milliseconds;
  context.addIssue({ code: "custom", message: EXPECTED });
  return z.NEVER;
});

/** The same within bounds, both included, which are written as durations. */
export function durationBetween(least: string, most: string) {
  const [from, to] = [readDuration(least)!, readDuration(most)!];
  return Duration.refine(
    (milliseconds) => milliseconds >= from && milliseconds <= to,
    `write a duration from ${least} to ${most}`,
  );
}

const SPOKEN = /^(\d{1,6})\s?(seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d|weeks?|w)/i;

/**
 * The length of time that a person's words begin with, and the words behind it: `2h`, `90 min`, `1h30m`, `2 days`,
 * `for 2h`. Null where they begin with none.
 */
export function takeDuration(words: string): { milliseconds: number; rest: string } | null {
  let rest = words.trim().replace(/^for\s+/i, "");
  let milliseconds: number | null = null;
  for (let match = SPOKEN.exec(rest); match; match = SPOKEN.exec(rest)) {
    const unit = match[2]![0]!.toLowerCase();
    milliseconds = (milliseconds ?? 0) + Number(match[1]) * (unit === "w" ? 7 * UNITS.d! : UNITS[unit]!);
    rest = rest.slice(match[0].length);
    if (/^[\s,;:.–—]|^$/.test(rest)) break;
  }
  // `2hx` is no length of time, and neither is `2 months`.
  if (milliseconds === null || !/^[\s,;:.–—]|^$/.test(rest)) return null;
  return { milliseconds, rest: rest.replace(/^[\s,;:.–—]+/, "") };
}
