/** An instant as the core keeps it, or null with the reason; both null where the sender simply gave none. */
export type InstantReading = { at: string | null; problem: string | null };

const DAY_MS = 24 * 60 * 60 * 1000;
const EARLIEST_MS = Date.UTC(1990, 0, 1);
const ABSENT = new Set(["", "none", "null", "nil", "n/a"]);
const ISO =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,12}))?)?)?\s?(Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?$/i;

/**
 * Reads the time formats that senders use: ISO 8601 with any precision and offset, with a space for the T, without a
 * zone (taken as UTC), without marks (`20261122T031000Z`) or as Go prints it (`… +0000 UTC m=+12.3`), and Unix epochs in
 * s, ms, µs or ns as numbers or digits. Go's zero time (year 1), "None" and "" mean "no time". A time over a day ahead of `receivedAt` or before 1990 is a wrong clock or a wrong field: believing
 * it would break every clock of the incident, so it is left out and said.
 */
export function readInstant(value: unknown, receivedAt: string): InstantReading {
  if (value === null || value === undefined || value === 0) return { at: null, problem: null };
  if (typeof value !== "string" && typeof value !== "number") {
    return { at: null, problem: `a ${Array.isArray(value) ? "list" : typeof value} is no time` };
  }
  const text = String(value).trim();
  const own = ownMs(text);
  if (own !== null && own >= EARLIEST_MS && own <= Date.parse(receivedAt) + DAY_MS)
    return { at: text, problem: null };
  if (ABSENT.has(text.toLowerCase()) || text.startsWith("0001-01-01")) return { at: null, problem: null };
  const shown = text.length > 60 ? `${text.slice(0, 60).toWellFormed()}…` : text;
  const ms = epochMs(text) ?? isoMs(text);
  if (ms === null) return { at: null, problem: `"${shown}" is no time that is understood: send ISO 8601` };
  if (ms < EARLIEST_MS) return { at: null, problem: `"${shown}" is before 1990` };
  if (ms > Date.parse(receivedAt) + DAY_MS)
    return { at: null, problem: `"${shown}" is over a day in the future` };
  return { at: new Date(ms).toISOString(), problem: null };
}

const OWN = /^\d{4}-\d{2}-\d{2}T(?:[01]\d|2[0-3]):\d{2}:\d{2}\.\d{3}Z$/;

/** Of an instant just as we keep it, as many senders write theirs; null for any other text. */
function ownMs(text: string): number | null {
  if (text.length !== 24 || !OWN.test(text)) return null;
  const ms = Date.parse(text);
  // Date.parse rolls 31 February over into another day.
  return new Date(ms).getUTCDate() === Number(text.slice(8, 10)) ? ms : null;
}

function epochMs(text: string): number | null {
  if (!/^\d{9,19}(\.\d{1,12})?$/.test(text)) return null;
  const number = Number(text);
  if (number < 1e11) return Math.round(number * 1000);
  if (number < 1e14) return Math.round(number);
  return Math.round(number / (number < 1e17 ? 1e3 : 1e6));
}

/** What Go writes behind the offset: the zone's name, and how long the process ran. */
const GO_ZONE = /(?<= [+-]\d{4}) (?:[A-Z]{3,5}|[+-]\d{2,4})(?: m=[+-]\d{1,12}\.\d{1,9})?$/;

/** ISO 8601's basic format, as Great Expectations 0.x writes its times. */
const BASIC = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})(?=[.,Z+-]|$)/;

function isoMs(text: string): number | null {
  const match =
    text.length <= 80 ? ISO.exec(text.replace(GO_ZONE, "").replace(BASIC, "$1-$2-$3T$4:$5:$6")) : null;
  if (!match) return null;
  const [year, month, day, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map((part) => Number(part ?? 0));
  const milliseconds = Number((match[7] ?? "").slice(0, 3).padEnd(3, "0"));
  const ms = Date.UTC(year!, month! - 1, day, hour, minute, second, milliseconds);
  const date = new Date(ms);
  // Date.UTC rolls 31 February and 25:61 over into another day; such a text is garbage, not a time.
  const whole =
    date.getUTCMonth() === month! - 1 && date.getUTCDate() === day && hour < 24 && minute < 60 && second < 60;
  return whole ? ms - offsetMs(match[8] ?? "Z") : null;
}

function offsetMs(zone: string): number {
  const match = /^([+-])(\d{2}):?(\d{2})?$/.exec(zone);
  if (!match) return 0;
  const minutes = Number(match[2]) * 60 + Number(match[3] ?? 0);
  return (match[1] === "-" ? -1 : 1) * minutes * 60_000;
}
