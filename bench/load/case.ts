import type { Sink } from "./sink.ts";
import type { Place } from "./subjects.ts";

/** What a case measured in one round, by name; a text says why there is no number. */
export type Measured = Record<string, number | string>;

export type Round = Place & {
  sink: Sink;
  /** 0, 1, …: the order in which subjects take turns changes with it. */
  round: number;
  /** Small sizes and short times, for tests and for the gate: numbers, but not to be quoted. */
  quick: boolean;
  /** Shorter times, for the gate. */
  short: boolean;
  /** A million incidents, a million alerts. */
  full: boolean;
  /** Path of Alertmanager, or null where it is not installed. */
  alertmanager: string | null;
};

/** Subjects measured beside each other. Cases are run as a whole, and as often as there are rounds. */
export type Case = {
  name: string;
  /** What its measurements' names begin with, where that is not its own name. */
  keys?: string[];
  /** So many rounds are enough, as it takes long. */
  mostRounds?: number;
  run(round: Round): Promise<Measured>;
};

/** Runs each in turn, starting with another one each round, so that none always comes first. */
export async function inTurn(
  round: number,
  subjects: [name: string, measure: () => Promise<Record<string, number> | string>][],
): Promise<Measured> {
  const first = round % subjects.length;
  const measured: Measured = {};
  for (const [name, measure] of [...subjects.slice(first), ...subjects.slice(0, first)]) {
    const result = await measure();
    if (typeof result === "string") measured[name] = result;
    else for (const [what, value] of Object.entries(result)) measured[`${name}.${what}`] = value;
  }
  return measured;
}
