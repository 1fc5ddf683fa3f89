import { appendFileSync } from "node:fs";

/** One line of the table that `npm run test:faults` prints at its end. */
export type Tried = { fault: string; times: number; survived: number; figures?: string };

/** Notes what was tried and how much of it did no harm; call it once that is checked. */
export function tried(fault: string, times: number, figures = "", survived = times): void {
  const path = process.env.BREAKWATER_TRIED;
  const line: Tried = { fault, times, survived, figures };
  if (path) appendFileSync(path, `${JSON.stringify(line)}\n`);
}
