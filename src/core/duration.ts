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

/** The instant so many milliseconds after another, or before it; both as ISO 8601 in UTC. */
export function later(instant: string, milliseconds: number): string {
  return new Date(Date.parse(instant) + milliseconds).toISOString();
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

/** What an amount ends with. */
const BREAK = /^[\s,;:.–—]+|^$/;

/**
 * The length of time that a person's words begin with, and the words behind it: `2h`, `90 min`, `1h30m`, `1h 30m`,
 * `2 days`, `for 2h`. Null where they begin with none.
 */
export function takeDuration(words: string): { milliseconds: number; rest: string } | null {
  const taken = takeAmounts(words.trim().replace(/^for\s+/i, ""), Number.POSITIVE_INFINITY);
  return taken && { ...taken, rest: taken.rest.replace(BREAK, "") };
}

/** The sum of the amounts at the beginning, of which the first has a smaller unit than `below` milliseconds. */
function takeAmounts(words: string, below: number): { milliseconds: number; rest: string } | null {
  let rest = words;
  let milliseconds = 0;
  let unit = below;
  for (let match = SPOKEN.exec(rest); match; match = SPOKEN.exec(rest)) {
    const letter = match[2]![0]!.toLowerCase();
    unit = letter === "w" ? 7 * UNITS.d! : UNITS[letter]!;
    if (rest === words && unit >= below) return null;
    milliseconds += Number(match[1]) * unit;
    rest = rest.slice(match[0].length);
  }
  // `2hx` is no length of time, and neither is `2 months`.
  if (rest === words || !BREAK.test(rest)) return null;
  // Behind spaces only a smaller unit adds to it: `2h 3 days of rows` is two hours.
  const more = /^\s/.test(rest) ? takeAmounts(rest.trimStart(), unit) : null;
  return more ? { ...more, milliseconds: milliseconds + more.milliseconds } : { milliseconds, rest };
}
