import { Refusal } from "../refusal.ts";
import {
  addDays,
  candidatesAt,
  type Day,
  dayAt,
  instantsAt,
  offsetAt,
  type TimeOfDay,
  wallTime,
  weekdayOf,
} from "../wall-clock.ts";

/**
 * Times as people type them, read in their own zone. What could mean two instants is refused with the words that mean
 * one: a wrong clock in a postmortem is worse than one more line to type.
 */
export type Clock = {
  now: string;
  timeZone: string;
  /** A bare time of day is the last one up to this instant, where that is not now. */
  upTo?: string;
};

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

const TIME = String.raw`(?<hour>\d{1,2})(?::(?<minute>\d{2})(?::(?<second>\d{2})(?:\.\d{1,9})?)?)?(?:\s?(?<half>am|pm)\b)?`;
const END = String.raw`(?=[\s,;:.!?)–—]|$)`;
/** `2026-11-22 03:10`, `2026-11-22T03:10:00Z`, `yesterday 23:50`, `today at 3am`; an offset only behind a full date. */
const DATED = new RegExp(
  String.raw`^(?:(?<date>\d{4}-\d{1,2}-\d{1,2})|(?<near>today|yesterday|tomorrow))(?:T|,?\s+(?:at\s+)?)${TIME}(?:\s?(?<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2}))?${END}`,
  "i",
);
/** The other way round: `3pm yesterday`, `03:10 UTC on 2026-11-22`. */
const DAY_BEHIND = new RegExp(
  String.raw`^${TIME}(?:\s?(?<zone>Z|UTC|GMT))?,?\s+(?:on\s+)?(?:(?<date>\d{4}-\d{1,2}-\d{1,2})|(?<near>today|yesterday|tomorrow))${END}`,
  "i",
);
/** `03:10`, `3:10 pm`, `03:10 UTC`. */
const BARE = new RegExp(String.raw`^${TIME}(?:\s?(?<zone>Z|UTC|GMT))?${END}`, "i");
const AGO = /^(?<count>\d{1,4})\s?(?<unit>m|mins?|minutes?|h|hours?|d|days?)\s+ago(?=[\s,;:.!?)–—]|$)/i;
/** `03/04`: a day and a month, or a month and a day. */
const UNCLEAR_DATE = /^(\d{1,2})[/.](\d{1,2})(?:[/.](\d{4}|\d{2}))?$/;
/** The same with a time behind it; without one it may be `1/2 of the rows`. */
const UNCLEAR_HEAD = /^(\d{1,2}[/.]\d{1,2}(?:[/.]\d{2,4})?),?\s+\d{1,2}:\d{2}/;

/**
 * The past moment that a text begins with and the text behind it, or null where it begins with none. A bare time of day
 * is the last one that has passed.
 */
export function takePastTime(text: string, clock: Clock): { at: string; rest: string } | null {
  const unclear = UNCLEAR_HEAD.exec(text);
  if (unclear) refuseUnclearDate(unclear[1]!, clock);
  const found = readAgo(text, clock) ?? readDated(text, clock) ?? readBare(text, clock);
  if (!found) return null;
  if (found.at > Date.parse(clock.now)) {
    throw new Refusal("invalid", `\`${found.written}\` is still to come. Give a time that has passed.`);
  }
  const rest = text.slice(found.written.length).replace(/^[\s,;:.–—]+/, "");
  return { at: new Date(found.at).toISOString(), rest };
}

const DAYS_AHEAD: Record<string, number> = { yesterday: -1, today: 0, tomorrow: 1 };

type Found = { at: number; written: string };

function readAgo(text: string, clock: Clock): Found | null {
  const match = AGO.exec(text);
  if (!match) return null;
  const unit = match.groups!.unit![0]!.toLowerCase();
  const length = unit === "m" ? MINUTE : unit === "h" ? 60 * MINUTE : DAY;
  return { at: Date.parse(clock.now) - Number(match.groups!.count) * length, written: match[0] };
}

function readDated(text: string, clock: Clock): Found | null {
  const match = DATED.exec(text) ?? DAY_BEHIND.exec(text);
  const time = match && timeOfDay(match.groups!, match[0]);
  if (!time) return null;
  const { date, near, zone } = match.groups!;
  const here = today(clock);
  const day = date ? dayOf(date) : addDays(here, DAYS_AHEAD[near!.toLowerCase()]!);
  if (zone && /^[+-]/.test(zone))
    return { at: wallTime(day, time) - offsetMinutes(zone) * MINUTE, written: match[0] };
  const timeZone = zone ? "UTC" : clock.timeZone;
  return { at: only(day, time, timeZone, instantsAt(day, time, timeZone)), written: match[0] };
}

function readBare(text: string, clock: Clock): Found | null {
  const match = BARE.exec(text);
  const time = match && timeOfDay(match.groups!, match[0]);
  if (!time) return null;
  const timeZone = match.groups!.zone ? "UTC" : clock.timeZone;
  const now = Date.parse(clock.upTo ?? clock.now);
  const here = today({ now: clock.upTo ?? clock.now, timeZone });
  for (const day of [here, addDays(here, -1)]) {
    const instants = instantsAt(day, time, timeZone);
    const past = instants.filter((at) => at <= now);
    const skipped = instants.length === 0 && wallTime(day, time) - offsetAt(now, timeZone) <= now;
    if (past.length > 0 || skipped) return { at: only(day, time, timeZone, past), written: match[0] };
  }
  throw new Refusal("invalid", `It is unclear on which day \`${match[0]}\` was. Write the date too.`);
}

/** The one instant of a wall-clock time; none or two of them, where clocks change, is refused with what to write. */
function only(day: Day, time: TimeOfDay, timeZone: string, instants: number[]): number {
  if (instants.length === 1) return instants[0]!;
  const words = `${isoDay(day)} ${pad(time.hour)}:${pad(time.minute)}`;
  const around = instants.length === 0 ? candidatesAt(day, time, timeZone) : instants;
  const choice = around.map((at) => `\`${new Date(at).toISOString().slice(0, 16)}Z\``).join(" or ");
  throw new Refusal(
    "invalid",
    instants.length === 0
      ? `There was no ${words} in ${timeZone}: the clocks were changed. Write it in UTC, such as ${choice}.`
      : `${words} happened twice in ${timeZone}, since the clocks were changed. Write it in UTC: ${choice}.`,
  );
}

/** Null where the words are no time of day after all (`3 tables`); a refusal where they are an impossible one. */
function timeOfDay(groups: Record<string, string | undefined>, written: string): TimeOfDay | null {
  if (groups.minute === undefined && groups.half === undefined) return null;
  const hour = Number(groups.hour);
  const half = groups.half?.toLowerCase();
  const time = {
    hour: half ? (hour % 12) + (half === "pm" ? 12 : 0) : hour,
    minute: Number(groups.minute ?? 0),
    second: Number(groups.second ?? 0),
  };
  const possible = (half ? hour >= 1 && hour <= 12 : hour < 24) && time.minute < 60 && time.second < 60;
  if (!possible) throw new Refusal("invalid", `\`${written}\` is no time of day. Write it like \`03:10\`.`);
  return time;
}

function refuseUnclearDate(text: string, clock: Clock): void {
  const match = UNCLEAR_DATE.exec(text);
  if (!match) return;
  const year = match[3] ? (match[3].length === 2 ? `20${match[3]}` : match[3]) : String(today(clock).year);
  const [first, second] = [pad(Number(match[1])), pad(Number(match[2]))];
  const readings = [...new Set([`${year}-${first}-${second}`, `${year}-${second}-${first}`])].filter(isDay);
  const choice = readings.length > 0 ? readings : [isoDay(today(clock))];
  throw new Refusal(
    "invalid",
    `\`${match[0]}\` can be read in two ways. Write the date as ${choice.map((d) => `\`${d}\``).join(" or ")}.`,
  );
}

const WEEKDAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
const COUNTED = /^(?:(in\s+)?(\d{1,3})|(in\s+)a)\s?(d|days?|w|weeks?)$/i;
const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const MONTH = `(?<month>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)(?:t|uary|ruary|ch|il|e|y|ust|tember|ober|ember)?`;
const DAY_OF_MONTH = String.raw`(?<day>\d{1,2})(?:st|nd|rd|th)?`;
/** `31 dec`, `Dec 31st`, `31 december 2026`. */
const MONTH_DAYS = [
  new RegExp(String.raw`^${DAY_OF_MONTH} ${MONTH}(?:,? (?<year>\d{4}))?$`),
  new RegExp(String.raw`^${MONTH} ${DAY_OF_MONTH}(?:,? (?<year>\d{4}))?$`),
];

/** The words behind which a day must follow: `by friday`. */
export const DUE_WORD = /^(?:by|due|until|before)(?:\s+|$)/i;

/**
 * The day that these words name, `YYYY-MM-DD` in the asker's zone, or null where they name none. `bare` allows the
 * short `2d` without `in`, which elsewhere may be part of a sentence ("the last 2d").
 */
export function readDay(words: string, clock: Clock, options: { bare: boolean }): string | null {
  const said = words.toLowerCase();
  const here = today(clock);
  if (said === "today") return isoDay(here);
  if (said === "yesterday") return isoDay(addDays(here, -1));
  if (said === "tomorrow") return isoDay(addDays(here, 1));
  if (/^\d{4}-\d{1,2}-\d{1,2}$/.test(said)) return isoDay(dayOf(said));
  if (options.bare && /^\d/.test(said)) refuseUnclearDate(said, clock);
  const counted = COUNTED.exec(said);
  if (counted && (counted[1] || counted[3] || options.bare)) {
    return isoDay(addDays(here, Number(counted[2] ?? 1) * (counted[4]!.startsWith("w") ? 7 : 1)));
  }
  return (options.bare ? readMonthDay(said, here) : null) ?? readWeekday(said, here);
}

/** Without a year, the next such day. */
function readMonthDay(said: string, here: Day): string | null {
  const groups = MONTH_DAYS.map((form) => form.exec(said)?.groups).find((found) => found !== undefined);
  if (!groups) return null;
  const month = MONTHS.indexOf(groups.month!) + 1;
  const inYear = (year: number) => `${year}-${pad(month)}-${pad(Number(groups.day))}`;
  if (groups.year) return isoDay(dayOf(inYear(Number(groups.year))));
  // A 29 February may be years away.
  const years = [0, 1, 2, 3, 4, 5, 6, 7, 8].map((more) => here.year + more);
  const next = years.map(inYear).find((day) => isDay(day) && day >= isoDay(here));
  return next ?? isoDay(dayOf(inYear(here.year)));
}

const SPAN = `(?:days?|weeks?|months?|quarters?|years?|weekend|sprint)`;
const WEEKDAY = `(?:mon|tues?|wed|thu|thurs?|fri|sat|sun|(?:mon|tues|wednes|thurs|fri|satur|sun)day)`;
/** What a person means as a day, and what names none or more than one: `next week`, `friday 5pm`, `the 31st`. */
const NEARLY_DAY = new RegExp(
  String.raw`^(?:(?:(?:the )?(?:end|beginning|middle) of )?(?:the )?(?:next|this|coming|last)? ?${SPAN}|(?:next|this|coming|last) ${WEEKDAY}|(?:${WEEKDAY}|today|tomorrow|tonight)(?: .{1,12})?|eo[dwmqy]|the \d{1,2}(?:st|nd|rd|th)|\d{1,2}(?::\d{2})? ?(?:am|pm)|\d{1,2}:\d{2}|in (?:\d+|a|an|some|two|three) ${SPAN}|\d{4}-\d.{0,10})$`,
);

/** Whether the words were meant as a day, although `readDay` cannot read one in them. */
export function isNearlyDay(words: string): boolean {
  return NEARLY_DAY.test(words.toLowerCase().replace(/\s+/g, " "));
}

/** The next such weekday. On that very weekday it could mean today or in a week, so it is asked. */
function readWeekday(said: string, here: Day): string | null {
  const wanted =
    said.length < 3 ? -1 : WEEKDAYS.findIndex((name) => name === said || weekdayShort(name).includes(said));
  if (wanted < 0) return null;
  const days = (wanted - weekdayOf(here) + 7) % 7;
  if (days > 0) return isoDay(addDays(here, days));
  const name = WEEKDAYS[wanted]!;
  throw new Refusal(
    "invalid",
    `Today is ${name[0]!.toUpperCase()}${name.slice(1)}. Write \`today\` or \`${isoDay(addDays(here, 7))}\`.`,
  );
}

function weekdayShort(name: string): string[] {
  return name.startsWith("t") ? [name.slice(0, 3), name.slice(0, 4), name.slice(0, 5)] : [name.slice(0, 3)];
}

/** The asker's calendar day, `YYYY-MM-DD`. */
export function dayHere(clock: Clock): string {
  return isoDay(today(clock));
}

function today(clock: Clock): Day {
  return dayAt(Date.parse(clock.now), clock.timeZone);
}

function isDay(text: string): boolean {
  const [year, month, day] = text.split("-").map(Number);
  const at = new Date(Date.UTC(year!, month! - 1, day!));
  return at.getUTCFullYear() === year && at.getUTCMonth() === month! - 1 && at.getUTCDate() === day;
}

function dayOf(text: string): Day {
  if (!isDay(text))
    throw new Refusal("invalid", `There is no ${text} in the calendar. Write the date like \`2026-11-22\`.`);
  const [year, month, day] = text.split("-").map(Number);
  return { year: year!, month: month!, day: day! };
}

function isoDay(day: Day): string {
  return `${String(day.year).padStart(4, "0")}-${pad(day.month)}-${pad(day.day)}`;
}

const pad = (n: number) => String(n).padStart(2, "0");

function offsetMinutes(zone: string): number {
  const [, sign, hours, minutes] = /^([+-])(\d{2}):?(\d{2})$/.exec(zone)!;
  return (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
}
