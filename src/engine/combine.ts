import { type Move, sortOut } from "../core/correlate/sort-out.ts";
import { older } from "../core/correlate/topology.ts";
import type { Asked, Command } from "../core/incident/command.ts";
import { decide } from "../core/incident/decide.ts";
import type { Origin, RecordedEvent } from "../core/incident/events.ts";
import { assetsInOrder, countedDowntime, downtimeSince, type IncidentState } from "../core/incident/state.ts";
import { Refusal } from "../core/refusal.ts";
import { type Asset, assetId } from "../core/signal/asset.ts";
import { asSignals } from "./as-signal.ts";
import { type Batch, CLOCK, type News, tell } from "./batch.ts";
import { followMerge, heldOn, holdForming } from "./hold.ts";
import { endForming, isForming } from "./memory.ts";
import type { IncidentAlert } from "./ports.ts";
import { broughtFrom } from "./recur.ts";

export async function mergeInto(
  batch: Batch,
  from: IncidentState,
  command: Extract<Command, { type: "merge_into" }>,
  asked: Asked,
  news: News,
): Promise<RecordedEvent[]> {
  const into = await batch.state(command.into);
  requireSameKind(from, into);
  const mergedEvents = decide(from, command, asked);
  const { moving, staying, replaced } = await joined(batch, from.key, into.key);
  const held = await heldOn(batch, from.key);
  const count = (status: IncidentAlert["status"]) =>
    withStatus(moving, status).length - withStatus(replaced, status).length;
  const uncounted = Map.groupBy(
    withStatus([...staying, ...replaced], "firing").flatMap((row) => row.assets.map(assetId)),
    (id) => id,
  );
  const absorbed = decide(
    into,
    {
      type: "absorb",
      incident: from.key,
      title: from.title,
      groupingKeys: from.groupingKeys,
      alerts: {
        total: moving.length - replaced.length,
        firing: count("firing"),
        resolved: count("resolved"),
        ...(held.length > 0 ? { held: held.length } : {}),
      },
      assets: assetsInOrder(from).map((known) => ({
        ...known.asset,
        firing: known.firing - (uncounted.get(assetId(known.asset))?.length ?? 0),
        recovery: known.recovery,
        downtime: countedDowntime(from, known),
      })),
      startedAt: from.startedAt,
      detectedAt: from.detectedAt,
      roles: from.roles,
      tasks: from.tasks.flatMap(({ text, owner, due, doneAt }) =>
        doneAt === null ? { text, owner, due } : [],
      ),
      sources: from.sources,
      roots: from.roots,
      ...broughtFrom(from, moving),
      ...(from.apart.length > 0 ? { apart: from.apart } : {}),
    },
    asked,
  );
  const events = batch.append(from.key, mergedEvents, asked);
  tell(news, from.key, events);
  tell(news, into.key, batch.append(into.key, absorbed, asked));
  const { severity } = from;
  if (severity < into.severity && !into.severitySetByPerson) {
    const worse: Command = { type: "set_severity", severity, reason: `${from.key}, which it took in, was` };
    const system: Asked = { ...asked, actor: { kind: "system" } };
    tell(news, into.key, batch.append(into.key, decide(await batch.state(into.key), worse, system), system));
  }
  const { acknowledgedAt: since, acknowledgedBy: actor } = from;
  if (since !== null && actor !== null) {
    const whoDid: Asked = { ...asked, actor, permalink: null };
    const earlier = decide(await batch.state(into.key), { type: "acknowledge", since }, whoDid);
    tell(news, into.key, batch.append(into.key, earlier, whoDid));
  }
  for (const row of moving) await batch.moveAlert(row, into.key, "row");
  await followMerge(batch, held, into.key);
  return events;
}

/**
 * What becomes of the alerts of one incident that is merged into another. One that both have, as it came to one after it
 * had been in the other, is as it was where it came last: there it moves from, or stays, and counts once.
 */
async function joined(batch: Batch, from: string, into: string) {
  const there = new Map((await batch.incidentAlertsOf(into)).map((row) => [row.fingerprint, row]));
  const rows = await batch.incidentAlertsOf(from);
  await batch.readAlerts(rows.map((row) => row.fingerprint));
  const moving = rows.filter(
    ({ fingerprint: print }) => !there.has(print) || batch.alerts.get(print)?.incident === from,
  );
  const gone = new Set(moving);
  return {
    moving,
    staying: rows.filter((row) => !gone.has(row)),
    replaced: moving.flatMap((row) => there.get(row.fingerprint) ?? []),
  };
}

function withStatus(rows: IncidentAlert[], status: IncidentAlert["status"]): IncidentAlert[] {
  return rows.filter((row) => row.status === status);
}

/** A drill is practice, and nothing of it is counted. */
export function requireSameKind(from: IncidentState, into: IncidentState): void {
  if (into.kind === from.kind) return;
  throw new Refusal(
    "invalid",
    `${into.kind === "drill" ? into.key : from.key} is a drill, which is practice: no alert goes between a drill and an incident.`,
  );
}

/** Sorts the alerts of all incidents that nobody has seen yet into problems, whatever order they came in. */
export async function sortForming(batch: Batch, now: string): Promise<void> {
  const { memory, settings, holds } = batch;
  // What inhibits an alert may have come to an incident that stands already.
  if (!memory.unsorted && !holds.isNeeded) return;
  const { grouping } = settings;
  const all: IncidentState[] = [];
  for (const key of memory.forming) {
    const state = batch.states.get(key) ?? (await batch.state(key));
    const late = Date.parse(now) - Date.parse(state.detectedAt) > grouping.wait + FORMING_GRACE_MS;
    if (late) endForming(memory, key);
    else all.push(state);
  }
  const states = fewEnough(all).sort((a, b) => older(a.key, b.key));
  const few = new Set(states.map(({ key }) => key));
  for (const key of memory.formingAlerts.keys()) if (!few.has(key)) memory.formingAlerts.delete(key);
  if (states.length === 0) return;
  const news: News = new Map();
  const asked: Asked = { ...CLOCK, now };
  if (grouping.lineage) await sortByLineage(batch, states, asked, news);
  if (holds.isNeeded) {
    for (const { key } of states) {
      const state = await batch.state(key);
      if (isForming(state)) await holdForming(batch, state, asked, news);
    }
  }
  for (const [key, events] of news) batch.announce(key, events);
  memory.unsorted = false;
}

/** Those whose alerts are few enough together to be read at once; the smallest are most likely parts of something else. */
function fewEnough(states: IncidentState[]): IncidentState[] {
  const all = states.reduce((sum, state) => sum + state.alerts.total, 0);
  if (all <= FORMING_ALERTS) return states;
  let alerts = 0;
  const small = new Set(
    states
      .toSorted((a, b) => a.alerts.total - b.alerts.total)
      .filter((state) => {
        alerts += state.alerts.total;
        return alerts <= FORMING_ALERTS;
      }),
  );
  return states.filter((state) => small.has(state));
}

async function sortByLineage(
  batch: Batch,
  forming: IncidentState[],
  asked: Asked,
  news: News,
): Promise<void> {
  // What a person put somewhere is not sorted again, and of what lineage has never heard it explains nothing.
  const states = forming.filter(
    ({ roots, apart, assets }) =>
      roots.length > 0 &&
      apart.length === 0 &&
      [...assets.values()].some(({ asset }) => batch.topology.knows(asset)),
  );
  if (states.length < 2) return;
  const alerts = new Map<string, IncidentAlert[]>();
  for (const state of states) alerts.set(state.key, await batch.incidentAlertsOf(state.key));
  const moves = sortOut(states, alerts, batch.topology, batch.settings.grouping.maxSteps);
  for (const move of moves) await carryOutMove(batch, move, asked, news);
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

/** What two incidents are about from now on, where their alerts do not say so by themselves; `why` alerts are where they go. */
export type About = { origin?: Origin; roots?: Asset[]; intoRoots?: Asset[]; why?: string };

/** Some alerts of one incident go to another, with what only they speak of. */
export async function moveSome(
  batch: Batch,
  from: IncidentState,
  into: IncidentState,
  fingerprints: string[],
  reason: string | null,
  asked: Asked,
  news: News,
  { origin, roots, intoRoots, why }: About = {},
): Promise<void> {
  const rows = await batch.incidentAlertsOf(from.key);
  const going = new Set(fingerprints);
  const leaving = rows.filter((row) => going.has(row.fingerprint));
  if (leaving.length === 0) return;
  const staying = rows.filter((row) => !going.has(row.fingerprint));
  const kept = new Set(staying.flatMap((row) => row.assets.map(assetId)));
  const spokenOf = [...new Map(leaving.flatMap((row) => row.assets.map((a) => [assetId(a), a]))).values()];
  const released = spokenOf.filter((asset) => !kept.has(assetId(asset)));
  const keys = await keysOnlyOf(batch, from, leaving, staying);
  const alerts = leaving.map(({ fingerprint, title, status, assets }) => ({
    fingerprint,
    title,
    status,
    assets,
  }));
  const firing = Map.groupBy(
    leaving.filter(({ status }) => status === "firing").flatMap((row) => row.assets.map(assetId)),
    (id) => id,
  );
  const assets = spokenOf.flatMap((asset) => {
    const known = from.assets.get(assetId(asset));
    if (!known) return [];
    const { recovery } = known;
    // What others that stay speak of as well may have been wrong for another reason before.
    const counted = countedDowntime(from, known);
    const downtime = kept.has(assetId(asset))
      ? downtimeSince(counted, beganAt(leaving.filter((row) => speaksOf(row, asset))))
      : counted;
    return [{ ...asset, firing: firing.get(assetId(asset))?.length ?? 0, recovery, downtime }];
  });
  const began = [beganAt(leaving), ...assets.flatMap(({ downtime }) => downtime.map(({ from }) => from))];
  const sources = [...new Set(leaving.map((row) => row.source))];
  const { key: to } = into;
  const brought = broughtFrom(from, leaving);
  const gone: Command = {
    ...{ type: "move_alerts", to, alerts, groupingKeys: keys, released, reason },
    ...(origin ? { origin } : {}),
    ...(roots ? { roots } : {}),
  };
  tell(news, from.key, batch.append(from.key, decide(from, gone, asked), asked));
  const left = await batch.state(from.key);
  for (const key of keys) batch.noteGroup(key, left);
  const come: Command = {
    type: "receive_alerts",
    ...brought,
    from: from.key,
    alerts,
    groupingKeys: keys,
    sources,
    assets,
    startedAt: began.sort()[0]!,
    detectedAt: noticedAt(leaving),
    reason,
    ...(intoRoots ? { roots: intoRoots } : {}),
  };
  tell(news, to, batch.append(to, decide(await batch.state(to), come, asked), asked));
  for (const row of leaving) {
    batch.letGo(row);
    await batch.moveAlert({ ...row, reason: why ?? reason ?? row.reason }, to, "nothing");
  }
}

/** When the first of these alerts came. */
export function noticedAt(rows: IncidentAlert[]): string {
  return rows.map(({ firstSeenAt }) => firstSeenAt).sort()[0]!;
}

/** When what these alerts speak of broke, as far as they know: of one that fired again, the first time counts. */
export function beganAt(rows: IncidentAlert[]): string {
  const began = rows.flatMap(({ startsAt }) => startsAt ?? []);
  return [noticedAt(rows), ...began].sort()[0]!;
}

function speaksOf({ assets }: IncidentAlert, asset: Asset): boolean {
  return assets.some((each) => assetId(each) === assetId(asset));
}

/** The grouping keys of an incident that only some of its alerts have. */
async function keysOnlyOf(
  batch: Batch,
  { groupingKeys }: IncidentState,
  some: IncidentAlert[],
  others: IncidentAlert[],
): Promise<string[]> {
  const keysOf = async (rows: IncidentAlert[]) =>
    new Set((await asSignals(batch, rows)).flatMap((signal) => batch.keysOf(signal).all));
  const own = await keysOf(some);
  const shared = await keysOf(others);
  return groupingKeys.filter((key) => own.has(key) && !shared.has(key));
}

/** Alerts that come this long after the wait are still sorted with the ones before, where nothing was posted yet. */
const FORMING_GRACE_MS = 60_000;
/** More alerts than these are not looked at together; reading them would hold the batch up. */
const FORMING_ALERTS = 5_000;
