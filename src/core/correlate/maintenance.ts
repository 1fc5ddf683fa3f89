import { z } from "zod";
import { durationBetween } from "../duration.ts";
import { utcDateTime } from "../report/instants.ts";
import {
  addDays,
  type Day,
  dayAt,
  firstInstantAt,
  isTimeZone,
  type TimeOfDay,
  weekdayOf,
} from "../wall-clock.ts";
import type { Matchable, Matcher } from "./matcher.ts";
import { NarrowMatch } from "./matcher-yaml.ts";

/**
 * Maintenance windows of breakwater.yaml: known hours in which firing alerts that fit are held. Like silences they
 * never hold the news that an alert has resolved.
 *
 * A window is either once, `from` and `to`, or comes again: on `days` (every day without) `at` a time of day, `for` a
 * length, in a `timezone`. The length is time that passes, not what clocks show. Where clocks are set forward over the
 * beginning, the window begins at that moment; where the beginning comes twice, at the first.
 */
export const WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const;
const FULL_WEEKDAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

const Weekday = z.string("write a day such as sun").transform((said, context) => {
  const day = said.toLowerCase();
  const index = Math.max(WEEKDAYS.indexOf(day as (typeof WEEKDAYS)[number]), FULL_WEEKDAYS.indexOf(day));
  if (index >= 0) return index;
  context.addIssue({ code: "custom", message: `is no day; write ${WEEKDAYS.join(", ")}` });
  return z.NEVER;
});

const OffsetInstant = z.iso
  .datetime({ offset: true, error: "write an instant with its offset, such as 2026-11-22T02:00:00+01:00" })
  .transform((text) => new Date(text).toISOString());

const AtTime = z
  .string('write a time of day such as "02:00"')
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'write a time of day such as "02:00"')
  .transform((text): TimeOfDay => {
    const [hour, minute] = text.split(":").map(Number);
    return { hour: hour!, minute: minute!, second: 0 };
  });

const TimeZone = z
  .string("write a time zone such as Europe/Berlin")
  .refine(isTimeZone, "is no time zone; write one such as Europe/Berlin or UTC");

const LONGEST = "7d";

/** `days` are numbers, 0 for Sunday. */
type When =
  | { kind: "once"; from: string; to: string }
  | { kind: "recurring"; days: ReadonlySet<number>; at: TimeOfDay; lengthMs: number; timezone: string };

export const MaintenanceWindow = z
  .strictObject({
    name: z.string("give it a name").trim().min(1, "give it a name").max(100),
    match: NarrowMatch,
    from: OffsetInstant.optional(),
    to: OffsetInstant.optional(),
    days: z
      .array(Weekday, "write a list of days, such as [sat, sun]")
      .min(1, "is empty; leave it out for every day")
      .optional(),
    at: AtTime.optional(),
    for: durationBetween("1m", LONGEST).optional(),
    timezone: TimeZone.optional(),
  })
  .transform((said, context): { name: string; match: Matcher; when: When } => {
    const wrong = (path: string, message: string) =>
      context.addIssue({ code: "custom", path: [path], message });
    const { name, match } = said;
    if (said.from !== undefined || said.to !== undefined) {
      for (const field of ["days", "at", "for", "timezone"] as const)
        if (said[field] !== undefined)
          wrong(field, "does not go with from and to; write either those or days, at and for");
      if (said.from === undefined) wrong("from", "is missing; write when it begins");
      else if (said.to === undefined) wrong("to", "is missing; write when it ends");
      else if (said.to <= said.from) wrong("to", "is not after from; write a later instant");
      else return { name, match, when: { kind: "once", from: said.from, to: said.to } };
      return z.NEVER;
    }
    if (said.at === undefined) wrong("at", "is missing; write a time of day, or from and to for once");
    if (said.for === undefined) wrong("for", "is missing; write how long it lasts, such as 3h");
    if (said.timezone === undefined) wrong("timezone", "is missing; write one such as Europe/Berlin or UTC");
    if (said.at === undefined || said.for === undefined || said.timezone === undefined) return z.NEVER;
    const days = new Set(said.days ?? WEEKDAYS.keys());
    return {
      name,
      match,
      when: { kind: "recurring", days, at: said.at, lengthMs: said.for, timezone: said.timezone },
    };
  });
export type MaintenanceWindow = z.infer<typeof MaintenanceWindow>;

/** A window under way, with this occurrence's beginning and end. */
export type ActiveWindow = { window: MaintenanceWindow; from: string; to: string };

/** Look them up once for a batch of alerts, not for each. */
export function activeWindows(windows: readonly MaintenanceWindow[], now: string): ActiveWindow[] {
  return windows.flatMap((window) => {
    const under = occurrenceAt(window, Date.parse(now));
    return under ? [{ window, ...under }] : [];
  });
}

/** Of several that overlap, the one that ends last. */
function occurrenceAt({ when }: MaintenanceWindow, now: number): { from: string; to: string } | null {
  if (when.kind === "once") {
    const { from, to } = when;
    return Date.parse(from) <= now && now < Date.parse(to) ? { from, to } : null;
  }
  const { days, at, lengthMs, timezone } = when;
  const today = dayAt(now, timezone);
  const reach = Math.ceil(lengthMs / 86_400_000) + 1;
  for (let back = 0; back <= reach; back += 1) {
    const day: Day = addDays(today, -back);
    if (!days.has(weekdayOf(day))) continue;
    const from = firstInstantAt(day, at, timezone);
    if (from <= now && now < from + lengthMs)
      return { from: new Date(from).toISOString(), to: new Date(from + lengthMs).toISOString() };
  }
  return null;
}

/** The window that holds an alert, the one that does so longest; null for a resolved alert, always. */
export function heldByWindow(
  alert: Matchable,
  active: readonly ActiveWindow[],
): (ActiveWindow & { reason: string }) | null {
  if (alert.status === "resolved") return null;
  const [held] = active
    .filter(({ window }) => window.match.try(alert).fits)
    .sort((a, b) => (a.to < b.to ? 1 : a.to > b.to ? -1 : 0));
  return held ? { ...held, reason: windowWords(held) } : null;
}

/** Why an alert is held by a window. */
export function windowWords({ window, to }: ActiveWindow): string {
  return `maintenance “${window.name}” until ${utcDateTime(to)} (${window.match.text})`;
}
