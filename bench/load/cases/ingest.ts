import { type Case, inTurn, type Round } from "../case.ts";
import { type LoadOptions, type LoadResult, load } from "../load.ts";
import { cpuMsOf, type Running } from "../processes.ts";
import {
  type AlertmanagerOptions,
  type FloorMode,
  HOW_TO_GET_ALERTMANAGER,
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

export function times(round: Round): { warmMs: number; forMs: number } {
  if (round.quick) return { warmMs: 150, forMs: 400 };
  // A server runs for days: what is measured is code that the compiler has settled on.
  return round.short ? { warmMs: 2_000, forMs: 1_500 } : { warmMs: 4_000, forMs: 3_000 };
}

/** Loads a running process and ends it. */
async function measure(running: Running, shape: Shape, round: Round): Promise<Record<string, number>> {
  try {
    const before = cpuMsOf(running.pid);
    const result: LoadResult = await load({ ...times(round), ...shape, port: running.port });
    const cpuUs = ((cpuMsOf(running.pid) - before) * 1000) / result.ids;
    const { rate, p50, p99, max, errors } = result;
    return { rate, p50, p99, max, errors, cpuUs };
  } finally {
    await running.stop();
  }
}

const product =
  (round: Round, shape: Shape, env: Record<string, string> = {}) =>
  async () =>
    measure(await startProduct(round, { env }), shape, round);
const floor =
  (round: Round, shape: Shape, mode: FloorMode, env: Record<string, string> = {}) =>
  async () =>
    measure(await startFloor(round, mode, env), shape, round);
const alertmanager =
  (round: Round, shape: Shape, options: AlertmanagerOptions = {}) =>
  async () =>
    round.alertmanager === null
      ? HOW_TO_GET_ALERTMANAGER
      : measure(await startAlertmanager(round, round.alertmanager, options), shape, round);

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
