import { type Move, sortOut } from "../core/correlate/sort-out.ts";
import { older } from "../core/correlate/topology.ts";
import type { Asked, Command } from "../core/incident/command.ts";
import { decide } from "../core/incident/decide.ts";
import type { RecordedEvent } from "../core/incident/events.ts";
import type { IncidentState } from "../core/incident/state.ts";
import { assetId } from "../core/signal/asset.ts";
import { alertKey, type Batch, CLOCK, type News, tell } from "./batch.ts";
import type { IncidentAlert } from "./ports.ts";

export async function mergeInto(
  batch: Batch,
  from: IncidentState,
  command: Extract<Command, { type: "merge_into" }>,
  asked: Asked,
  news: News,
): Promise<RecordedEvent[]> {
  const into = await batch.state(command.into);
  const mergedEvents = decide(from, command, asked);
  const known = await batch.incidentAlertsOf(into.key);
  const moving = (await batch.incidentAlertsOf(from.key)).filter(
    (row) => !known.some((k) => k.fingerprint === row.fingerprint),
  );
  const firing = moving.filter((row) => row.status === "firing").length;
  const absorbed = decide(
    into,
    {
      type: "absorb",
      incident: from.key,
      title: from.title,
      groupingKeys: from.groupingKeys,
      alerts: { total: moving.length, firing, resolved: moving.length - firing },
      assets: [...from.assets.values()].map((a) => ({
        ...a.asset,
        firing: a.firing,
        recovery: a.recovery,
      })),
      sources: from.sources,
      roots: from.roots,
    },
    asked,
  );
  const events = batch.append(from.key, mergedEvents, asked);
  tell(news, from.key, events);
  tell(news, into.key, batch.append(into.key, absorbed, asked));
  for (const row of moving) await batch.moveAlert(row, into.key);
  return events;
}

/** Sorts the alerts of all incidents that nobody has seen yet into problems, whatever order they came in. */
export async function sortForming(batch: Batch, now: string): Promise<void> {
  const { grouping } = batch.settings;
  const states: IncidentState[] = [];
  for (const key of [...batch.memory.forming].sort(older)) {
    const state = await batch.state(key);
    const late = Date.parse(now) - Date.parse(state.detectedAt) > grouping.wait + FORMING_GRACE_MS;
    if (late) batch.memory.forming.delete(key);
    else if (state.roots.length > 0 && state.alerts.total <= FORMING_ALERTS) states.push(state);
  }
  if (states.length < 2 || !grouping.lineage) return;
  const alerts = new Map<string, IncidentAlert[]>();
  for (const state of states) alerts.set(state.key, await batch.incidentAlertsOf(state.key));
  const moves = sortOut(states, alerts, batch.topology, grouping.maxSteps);
  const news: News = new Map();
  const asked: Asked = { ...CLOCK, now };
  for (const move of moves) await carryOutMove(batch, move, asked, news);
  for (const [key, events] of news) batch.announce(key, events);
}

async function carryOutMove(batch: Batch, move: Move, asked: Asked, news: News): Promise<void> {
  const into = await batch.state(move.into);
  if (move.type === "origin") {
    tell(news, into.key, batch.append(into.key, decide(into, move.command, asked), asked));
    return;
  }
  const from = await batch.state(move.from);
  if (move.type === "merge") {
    await mergeInto(batch, from, { type: "merge_into", into: into.key, reason: move.reason }, asked, news);
    return;
  }
  await moveSome(batch, from, into, move.fingerprints, move.reason, asked, news);
}

/** Some alerts of one incident go to another, with what only they speak of. */
export async function moveSome(
  batch: Batch,
  from: IncidentState,
  into: IncidentState,
  fingerprints: string[],
  reason: string,
  asked: Asked,
  news: News,
): Promise<void> {
  const rows = await batch.incidentAlertsOf(from.key);
  const leaving = rows.filter((row) => fingerprints.includes(row.fingerprint));
  if (leaving.length === 0) return;
  const staying = new Set(
    rows.filter((row) => !leaving.includes(row)).flatMap((row) => row.assets.map(assetId)),
  );
  const released = [
    ...new Map(leaving.flatMap((row) => row.assets.map((a) => [assetId(a), a]))).values(),
  ].filter((asset) => !staying.has(assetId(asset)));
  const names = new Set(released.map((asset) => `asset:${batch.topology.name(asset)}`));
  const keys = from.groupingKeys.filter((key) => names.has(key));
  const alerts = leaving.map(({ fingerprint, title, status, assets }) => ({
    fingerprint,
    title,
    status,
    assets,
  }));
  const assets = released.flatMap((asset) => {
    const known = from.assets.get(assetId(asset));
    return known ? [{ ...asset, firing: known.firing, recovery: known.recovery }] : [];
  });
  const sources = [...new Set(leaving.map((row) => row.source))];
  const { key: to } = into;
  const gone: Command = { type: "move_alerts", to, alerts, groupingKeys: keys, released, reason };
  tell(news, from.key, batch.append(from.key, decide(from, gone, asked), asked));
  for (const key of keys) batch.groups.set(key, { open: null, resolved: null });
  const come: Command = {
    type: "receive_alerts",
    from: from.key,
    alerts,
    groupingKeys: keys,
    sources,
    assets,
    reason,
  };
  tell(news, to, batch.append(to, decide(await batch.state(to), come, asked), asked));
  for (const row of leaving) {
    batch.changes.leftAlerts.push({ incident: from.key, fingerprint: row.fingerprint });
    batch.changes.incidentAlerts.delete(alertKey(from.key, row.fingerprint));
    batch.incidentAlerts.delete(alertKey(from.key, row.fingerprint));
    await batch.moveAlert(row, to);
  }
}

/** Alerts that come this long after the wait are still sorted with the ones before, where nothing was posted yet. */
const FORMING_GRACE_MS = 60_000;
/** An incident of more alerts than these is left as it is; reading them all would hold the batch up. */
const FORMING_ALERTS = 5_000;
