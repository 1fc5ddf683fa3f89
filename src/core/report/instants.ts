/**
 * Instants in words, always in UTC and always the same bytes: written out here because Intl's texts change with the ICU
 * data of the machine.
 */
const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS = "January February March April May June July August September October November December".split(
  " ",
);

const two = (n: number) => String(n).padStart(2, "0");

/** `03:10` */
export function utcTime(instant: string): string {
  const date = new Date(instant);
  return `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}`;
}

/** `22 Nov` */
export function utcShortDate(instant: string): string {
  const date = new Date(instant);
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]!.slice(0, 3)}`;
}

/** `22 Nov 2026` */
export function utcDate(instant: string): string {
  return `${utcShortDate(instant)} ${new Date(instant).getUTCFullYear()}`;
}

/** `22 Nov 2026 03:10 UTC` */
export function utcDateTime(instant: string): string {
  return `${utcDate(instant)} ${utcTime(instant)} UTC`;
}

/** `Sunday 22 November 2026` */
export function utcDay(instant: string): string {
  const date = new Date(instant);
  return `${DAYS[date.getUTCDay()]} ${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
}

/** `between 03:10 and 03:14 UTC`, or `at 03:10 UTC`; with dates as soon as the two are not of the same day. */
export function utcBetween(from: string, to: string): string {
  if (from.slice(0, 16) === to.slice(0, 16)) return `at ${utcTime(from)} UTC`;
  if (from.slice(0, 10) === to.slice(0, 10)) return `between ${utcTime(from)} and ${utcTime(to)} UTC`;
  return `between ${utcShortDate(from)} ${utcTime(from)} and ${utcShortDate(to)} ${utcTime(to)} UTC`;
}
