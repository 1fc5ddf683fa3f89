/**
 * Wall-clock times of a zone as instants, and back. Plain arithmetic and Intl, since calendar libraries count in the
 * zone of the process. Instants are milliseconds since 1970.
 */
export type Day = { year: number; month: number; day: number };
export type TimeOfDay = { hour: number; minute: number; second: number };

const DAY = 86_400_000;

/** A wall-clock time as if it were UTC. */
export function wallTime(day: Day, time: TimeOfDay = { hour: 0, minute: 0, second: 0 }): number {
  return Date.UTC(day.year, day.month - 1, day.day, time.hour, time.minute, time.second);
}

export function isTimeZone(name: string): boolean {
  try {
    formatOf(name);
    return true;
  } catch {
    return false;
  }
}

/** Making one takes far longer than using it. */
const FORMATS = new Map<string, Intl.DateTimeFormat>();

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = FORMATS.get(timeZone);
  if (known) return known;
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone,
    calendar: "gregory",
    numberingSystem: "latn",
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  FORMATS.set(timeZone, format);
  return format;
}

/** How far a zone's wall clock is ahead of UTC at an instant. */
export function offsetAt(instant: number, timeZone: string): number {
  const parts = formatOf(timeZone).formatToParts(instant);
  const part = (type: Intl.DateTimeFormatPartTypes) => Number(parts.find((p) => p.type === type)!.value);
  const day = { year: part("year"), month: part("month"), day: part("day") };
  const wall = wallTime(day, { hour: part("hour"), minute: part("minute"), second: part("second") });
  return wall - Math.floor(instant / 1000) * 1000;
}

/** The calendar day of a zone at an instant. */
export function dayAt(instant: number, timeZone: string): Day {
  const at = new Date(instant + offsetAt(instant, timeZone));
  return { year: at.getUTCFullYear(), month: at.getUTCMonth() + 1, day: at.getUTCDate() };
}

export function addDays(day: Day, days: number): Day {
  const at = new Date(Date.UTC(day.year, day.month - 1, day.day + days));
  return { year: at.getUTCFullYear(), month: at.getUTCMonth() + 1, day: at.getUTCDate() };
}

/** 0 is Sunday. */
export function weekdayOf(day: Day): number {
  return new Date(wallTime(day)).getUTCDay();
}

/** What the wall-clock time would be by the zone's offset before it and after it: the same twice on all but two days a year. */
export function candidatesAt(day: Day, time: TimeOfDay, timeZone: string): number[] {
  const wall = wallTime(day, time);
  const offsets = new Set([offsetAt(wall - DAY, timeZone), offsetAt(wall + DAY, timeZone)]);
  return [...offsets].map((offset) => wall - offset).sort((a, b) => a - b);
}

/** The instants at which a zone's wall clock shows this: one, none in a gap, two where an hour is repeated. */
export function instantsAt(day: Day, time: TimeOfDay, timeZone: string): number[] {
  const wall = wallTime(day, time);
  return candidatesAt(day, time, timeZone).filter((at) => at + offsetAt(at, timeZone) === wall);
}

/**
 * The first instant at which a zone's wall clock shows this time or, where the clocks jump over it, a later one: the
 * moment they are changed.
 */
export function firstInstantAt(day: Day, time: TimeOfDay, timeZone: string): number {
  const [first] = instantsAt(day, time, timeZone);
  if (first !== undefined) return first;
  const wall = wallTime(day, time);
  const around = candidatesAt(day, time, timeZone);
  // The clock shows less than `wall` at `before`, and more at `after`.
  let [before, after] = [around[0]!, around.at(-1)!];
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (middle + offsetAt(middle, timeZone) < wall) before = middle;
    else after = middle;
  }
  return after;
}
