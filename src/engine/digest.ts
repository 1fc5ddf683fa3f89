import { older } from "../core/correlate/topology.ts";
import type { IncidentState } from "../core/incident/state.ts";
import { digestDocument } from "../core/report/digest.ts";
import { type Batch, noticeKey } from "./batch.ts";
import type { Memory } from "./memory.ts";

/**
 * More first messages than these are told of together before they go. Slack takes a burst of five and then one a second
 * (see `Turns`), so this many stand within the ten seconds in which people should know.
 */
const MANY = 15;
/** A storm that goes on is told of no more often, so that at most one message in ten of a channel is a digest. */
const DIGEST_EVERY_MS = 10_000;

/**
 * Where many incidents wait in a channel for their first message, one message says so before them: the last of them would
 * be heard of minutes later. Only those count whose wait is over, so what has gathered is to be sorted out before.
 */
export async function tellOfMany(batch: Batch, now: string): Promise<void> {
  const { memory, settings } = batch;
  if (memory.forming.size <= MANY) return;
  const at = Date.parse(now);
  const waiting: IncidentState[] = [];
  for (const key of memory.forming) {
    const state = batch.states.get(key) ?? (await batch.state(key));
    if (Date.parse(state.detectedAt) + settings.grouping.wait <= at) waiting.push(state);
  }
  for (const [channel, unseen] of Map.groupBy(waiting, (state) => state.channel)) {
    const last = memory.telling.get(channel) ?? memory.digests.get(channel);
    const agoMs = last ? at - Date.parse(last.at) : DIGEST_EVERY_MS;
    // A clock that was set back says that the last one is yet to come.
    if (agoMs >= 0 && agoMs < DIGEST_EVERY_MS) continue;
    const untold = unseen.filter(({ key }) => !last?.told.has(key));
    if (untold.length > MANY) await tell(batch, channel, untold, unseen, now);
  }
}

/**
 * `untold` are the `unseen` ones that no digest told of yet. A digest is about its channel, so while it is on its way the
 * deliverer posts no root message there.
 */
async function tell(
  batch: Batch,
  channel: string,
  untold: IncidentState[],
  unseen: IncidentState[],
  now: string,
): Promise<void> {
  const { memory, ledger } = batch;
  const keys = unseen.map(({ key }) => key);
  memory.telling.set(channel, { at: now, told: new Set(keys) });
  const newest = untold
    .map(({ key }) => key)
    .sort(older)
    .at(-1)!;
  // After a restart those that still wait were told of before, unless others have opened since.
  if (await ledger.isQueued(noticeKey(channel, newest))) return;
  for (const key of keys) memory.yielding.add(key);
  batch.notice(channel, newest, channel, digestDocument(untold), now);
}

/** What a notice is about has been told, or is put off: where that is a channel, its root messages wait no longer. */
export function endYielding(memory: Memory, about: string): void {
  for (const key of memory.digests.get(about)?.told ?? []) memory.yielding.delete(key);
}
