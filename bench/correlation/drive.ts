import { type AlertOutcome, fingerprint } from "../../src/core/signal/alert.ts";
import { openWorld, temporaryFile, type World } from "../../test/engine/world.ts";
import type { Placed } from "./score.ts";
import { STORM_START } from "./stage.ts";
import type { Storm, StormAlert } from "./storms.ts";

const MINUTE = 60_000;

/** Ticks come each minute while something has just happened, then farther apart: nothing waits that long. */
const BUSY_MS = 15 * MINUTE;
const QUIET_TICK_MS = 15 * MINUTE;

/** How long the engine is left alone after the last alert before its work is judged. */
const AFTERWARDS_MS = 60 * MINUTE;

/** Sends a storm through a real engine on a database of its own, and reads where each firing alert has ended. */
export async function drive(storm: Storm): Promise<Placed[]> {
  const file = temporaryFile();
  const world = await openWorld(file.database);
  try {
    const first = storm.alerts[0]!.at;
    world.advance(STORM_START + first - MINUTE - Date.parse(world.now()));
    await world.engine.learn(
      storm.documents.map((document) => ({ document, run: null, complete: true, warnings: [] })),
      world.now(),
    );
    const sent: Sent[] = [];
    for (const batch of arrivals(storm.alerts)) {
      await passTime(world, STORM_START + batch[0]!.at);
      const outcomes = await world.ingest(...batch.map(({ signal }) => signal));
      sent.push(...batch.map((alert, at) => ({ ...alert, outcome: outcomes[at]! })));
    }
    await passTime(world, Date.parse(world.now()) + AFTERWARDS_MS);
    return await placesOf(world, sent);
  } finally {
    await world.close();
    file.remove();
  }
}

type Sent = StormAlert & { outcome: AlertOutcome };

/** Alerts that arrive at the same moment come in one request. */
function arrivals(alerts: StormAlert[]): StormAlert[][] {
  return [...Map.groupBy(alerts, ({ at }) => at).values()];
}

async function passTime(world: World, until: number): Promise<void> {
  const since = Date.parse(world.now());
  for (let now = since; now < until; ) {
    const step = now - since < BUSY_MS ? MINUTE : QUIET_TICK_MS;
    const next = Math.min(now + step, until);
    world.advance(next - now);
    now = next;
    await world.engine.tick();
  }
}

/**
 * Where each firing alert is at last. The answer at its arrival is followed through merges; where the alert is no longer
 * in that incident, or there was no answer (it was held, or came out of order), it is where the ledger has it now.
 */
async function placesOf(world: World, sent: Sent[]): Promise<Placed[]> {
  const { mergedInto, held } = await ledgerOf(world);
  const follow = (key: string): string => {
    const into = mergedInto.get(key);
    return into ? follow(into) : key;
  };
  return sent.flatMap(({ signal, truth, outcome }, at) => {
    if (signal.status !== "firing") return [];
    const rows = held.get(fingerprint(signal)) ?? [];
    const answered = outcome.incident === null ? null : follow(outcome.incident);
    const incident = answered !== null && rows.includes(answered) ? answered : rows[0];
    return [{ truth: [truth].flat(), incident: incident ?? `nowhere-${at}` }];
  });
}

/** Which incident was merged into which, and for each alert the incidents that hold it, the one it was last seen in first. */
async function ledgerOf({ reads }: World) {
  const mergedInto = new Map<string, string>();
  const rows: { print: string; incident: string; seenAt: string }[] = [];
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<typeof reads.list>> = await reads.list({}, 200, cursor);
    for (const state of page.incidents) {
      if (state.mergedInto !== null) {
        mergedInto.set(state.key, state.mergedInto);
        continue;
      }
      for (const alert of await reads.alerts(state.key, 100_000)) {
        rows.push({ print: alert.fingerprint, incident: state.key, seenAt: alert.lastSeenAt });
      }
    }
    cursor = page.next;
  } while (cursor !== null);
  rows.sort((a, b) => (a.seenAt > b.seenAt ? -1 : 1));
  const held = new Map<string, string[]>();
  for (const { print, incident } of rows) held.set(print, [...(held.get(print) ?? []), incident]);
  return { mergedInto, held };
}
