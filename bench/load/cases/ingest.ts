import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Case, inTurn, type Round } from "../case.ts";
import { type LoadOptions, type LoadResult, load } from "../load.ts";
import { cpuMsOf, type Running } from "../processes.ts";
import {
  type AlertmanagerOptions,
  type FloorMode,
  HOW_TO_GET_ALERTMANAGER,
  type Place,
  startAlertmanager,
  startFloor,
  startProduct,
} from "../subjects.ts";

export type Shape = Partial<LoadOptions>;

export const SHAPES = {
  new1: { connections: 64, perRequest: 1 },
  new50: { connections: 8, perRequest: 50 },
  same50: { connections: 8, perRequest: 50, distinct: 2_000 },
  alone1: { connections: 64, perRequest: 1, groups: null },
  waiting1: { connections: 1, perRequest: 1 },
} satisfies Record<string, Shape>;

/** `warmMs` is how long it takes before it counts, where the times are to be quoted. */
export function times(round: Round, warmMs = 4_000): { warmMs: number; forMs: number } {
  if (round.quick) return { warmMs: 150, forMs: 400 };
  return round.short ? { warmMs: 2_000, forMs: 1_500 } : { warmMs, forMs: 3_000 };
}

/** A server runs for days: what is measured is code that the compiler has settled on, and files that have grown. */
const SETTLED_MS = 15_000;

/** Loads a process of its own, ends it, and takes away what it stored: that may be a gigabyte. */
async function measure(
  start: (place: Place) => Promise<Running>,
  shape: Shape,
  round: Round,
): Promise<Record<string, number>> {
  const dir = await mkdtemp(join(round.dir, "ingest-"));
  const running = await start({ ...round, dir });
  try {
    const before = cpuMsOf(running.pid);
    const result: LoadResult = await load({ ...times(round, SETTLED_MS), ...shape, port: running.port });
    const cpuUs = ((cpuMsOf(running.pid) - before) * 1000) / result.ids;
    const { rate, p50, p99, max, errors } = result;
    return { rate, p50, p99, max, errors, cpuUs };
  } finally {
    await running.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

const product = (round: Round, shape: Shape) => async () =>
  measure((place) => startProduct(place), shape, round);
const floor = (round: Round, shape: Shape, mode: FloorMode) => async () =>
  measure((place) => startFloor(place, mode), shape, round);
const alertmanager =
  (round: Round, shape: Shape, options: AlertmanagerOptions = {}) =>
  async () => {
    const { alertmanager: binary } = round;
    if (binary === null) return HOW_TO_GET_ALERTMANAGER;
    return measure((place) => startAlertmanager(place, binary, options), shape, round);
  };

function ingestCase(
  name: string,
  shape: Shape,
  others: FloorMode[] = [],
  am: AlertmanagerOptions = {},
): Case {
  return {
    name,
    run: (round) =>
      inTurn(round.round, [
        [`${name}.ours`, product(round, shape)],
        [`${name}.alertmanager`, alertmanager(round, shape, am)],
        [`${name}.floor`, floor(round, shape, "group")],
        ...others.map((mode): [string, () => Promise<Record<string, number>>] => [
          `${name}.${mode}`,
          floor(round, shape, mode),
        ]),
      ]),
  };
}

export const ingestCases: Case[] = [
  ingestCase("new1", SHAPES.new1, ["each", "parse"]),
  ingestCase("new50", SHAPES.new50),
  ingestCase("same50", SHAPES.same50),
  ingestCase("alone1", SHAPES.alone1, [], { groupBy: "['...']" }),
  ingestCase("waiting1", SHAPES.waiting1),
];
