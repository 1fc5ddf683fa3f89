import { type Clock, takePastTime } from "./time.ts";

/** A time that cannot be anything else: `2026-11-22 03:10`, `yesterday 23:50`, `3pm yesterday`. */
const DATED =
  /^(?:\d{4}-\d{1,2}-\d{1,2}[T\s]|(?:today|yesterday),?\s+(?:at\s+)?\d|\d{1,2}(?::\d{2})?\s?(?:[ap]m)?\s+(?:today|yesterday)\b)/i;

/** What a line says and when it happened: `at 03:10 <text>`, or a day and time at its head. */
export function takeWhen(words: string, clock: Clock): { at: string | null; text: string } {
  // A bare `10:30` at the head stays text: it is as often the name of a job as the time of an event.
  const told = /^at\s+(?=\S)/i.exec(words);
  const dated = DATED.test(words);
  const found = told || dated ? takePastTime(told ? words.slice(told[0].length) : words, clock) : null;
  return found ? { at: found.at, text: found.rest } : { at: null, text: words };
}
