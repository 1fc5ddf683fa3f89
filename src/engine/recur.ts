/** What becomes of alerts that come and go: runs that pass are counted, and flapping is held and said. */
import { fewestRuns, isQuiet, type RunCount, recur, runCount } from "../core/correlate/recurrence.ts";
import { recoveryBy } from "../core/correlate/route.ts";
import type { Asked, Command } from "../core/incident/command.ts";
import { decide } from "../core/incident/decide.ts";
import type { FlappingAlerts, RecordedEvent, RecoveryRule } from "../core/incident/events.ts";
import { type IncidentState, isOpen } from "../core/incident/state.ts";
import { formatDuration } from "../core/report/clocks.ts";
import type { AlertSignal } from "../core/signal/alert.ts";
import { alertKey, type Batch, CLOCK, type News, tell } from "./batch.ts";
import { fireOn } from "./fires-on.ts";
import type { IncidentAlert } from "./ports.ts";

/** What the routing rules say of how the incident of a firing alert recovers. */
export function recoveryFor(batch: Batch, signal: AlertSignal): RecoveryRule | null {
  const { routes } = batch.settings.routing;
  // Asking lineage whose an alert is takes time, and most teams leave this as it is.
  const isAsked = routes.some(({ passes, autoResolve }) => passes !== undefined || autoResolve !== undefined);
  return isAsked ? recoveryBy(batch.routeOf(signal)) : null;
}

/** What an incident's alerts bring along to another. */
export function broughtFrom(
  { recovery, touchedByPerson, flapping }: IncidentState,
  alerts: { fingerprint: string }[],
): { recovery?: RecoveryRule; flapping?: FlappingAlerts } {
  const { passes, rules } = recovery;
  const autoResolve = recovery.autoResolve && !touchedByPerson;
  const held = alerts.flatMap(({ fingerprint }) =>
    Object.hasOwn(flapping, fingerprint) ? [[fingerprint, flapping[fingerprint]!] as const] : [],
  );
  return {
    ...(passes > 1 || autoResolve ? { recovery: { passes, autoResolve, rules } } : {}),
    ...(held.length > 0 ? { flapping: Object.fromEntries(held) } : {}),
  };
}

/** Keeps to itself what an alert that flaps says, with the reason; null where it does not flap, or not any more. */
export async function holdFlapping(
  batch: Batch,
  signal: AlertSignal,
  print: string,
  incident: string,
  asked: Asked,
  news: News,
): Promise<string | null> {
  const state = await batch.state(incident);
  if (!isOpen(state.phase) || !Object.hasOwn(state.flapping, print)) return null;
  const row = await rowOf(batch, incident, print);
  const { flapping } = batch.settings.grouping;
  if (row && isQuiet(row, asked.now, flapping)) {
    await endOne(batch, state, row, asked, news);
    return null;
  }
  const { flapsNow: _, ...recurrence } = recur(row, signal, asked.now, flapping);
  // That it comes and goes is held; that it is about more data is not.
  const isWide = row !== null && signal.status === "firing";
  const assets = isWide ? await fireOn(batch, signal, row, "it flaps", asked, news) : (row ?? signal).assets;
  const held = { ...recurrence, held: true, assets };
  batch.rememberIn(incident, signal, print, row, "deduplicated", "it flaps", asked.now, held);
  return `flaps; held in ${incident} until it is quiet for ${formatDuration(flapping.quiet)}`;
}

/** Says that an alert flaps, from the change on that made it so. Returns that in words. */
export async function beginFlapping(
  batch: Batch,
  { incident, fingerprint, title, changes = [] }: IncidentAlert,
  asked: Asked,
  news: News,
): Promise<string> {
  const { quiet } = batch.settings.grouping.flapping;
  const overMs = Date.parse(changes.at(-1)!) - Date.parse(changes[0]!);
  const system: Asked = { ...asked, actor: { kind: "system" } };
  const begun = { fingerprint, title, changes: changes.length, overMs, quietMs: quiet };
  const state = await batch.state(incident);
  const events = batch.append(incident, decide(state, { type: "begin_flapping", ...begun }, system), system);
  tell(news, incident, events);
  return `flaps: ${changes.length} changes in ${formatDuration(overMs)}; held in ${incident} until it is quiet for ${formatDuration(quiet)}`;
}

/** Lets go of the alerts that have been quiet for long enough. */
export async function endQuiet(batch: Batch, now: string): Promise<void> {
  const news: News = new Map();
  const asked: Asked = { ...CLOCK, now };
  for (const key of [...batch.memory.flapping]) {
    for (const print of Object.keys((await batch.state(key)).flapping)) {
      const row = await rowOf(batch, key, print);
      if (row && isQuiet(row, now, batch.settings.grouping.flapping))
        await endOne(batch, await batch.state(key), row, asked, news);
    }
  }
  for (const [key, events] of news) batch.announce(key, events);
}

/** Lets go of all alerts of an incident that is over: what is over holds nothing. */
export async function endFlapping(batch: Batch, incident: string, asked: Asked): Promise<RecordedEvent[]> {
  const news: News = new Map();
  const state = await batch.state(incident);
  for (const print of isOpen(state.phase) ? [] : Object.keys(state.flapping)) {
    const row = await rowOf(batch, incident, print);
    if (row) await endOne(batch, await batch.state(incident), row, asked, news);
  }
  return news.get(incident) ?? [];
}

/** An alert stands again as it last was. */
async function endOne(
  batch: Batch,
  state: IncidentState,
  row: IncidentAlert,
  asked: Asked,
  news: News,
): Promise<void> {
  const { flapping: status = row.status, ...counted } = row;
  const { incident, fingerprint, source, title, assets } = row;
  const severity = "info";
  const alert = {
    fingerprint,
    source,
    title,
    assets,
    severity,
    known: counted.status,
    reason: "quiet",
  } as const;
  const command: Command = { type: "end_flapping", alert, status };
  const system: Asked = { ...asked, actor: { kind: "system" } };
  tell(news, incident, batch.append(incident, decide(state, command, system), system));
  // What it did before is told; only what it does from now on counts.
  batch.keepIn({ ...counted, status, changes: [] });
  if (status === "resolved") await countRuns(batch, incident, asked, news);
}

/** Counts the run that the alert which has just passed was the last of; asks for the end, or ends, where it is time to. */
export async function countRuns(batch: Batch, incident: string, asked: Asked, news: News): Promise<void> {
  const state = await batch.state(incident);
  if (!isOpen(state.phase) || state.alerts.firing > 0) return;
  const runs = state.recovery.passes === 1 ? 1 : fewestRuns(await runsOf(batch, incident));
  const system: Asked = { ...asked, actor: { kind: "system" } };
  const decided = decide(state, { type: "count_runs", runs }, system);
  tell(news, incident, batch.append(incident, decided, system));
}

/** Read once, and kept in step with the rows from then on (`keepIn`). */
async function runsOf(batch: Batch, incident: string): Promise<RunCount> {
  const { runs } = batch.memory;
  const known = runs.get(incident) ?? runCount(await batch.incidentAlertsOf(incident));
  runs.set(incident, known);
  return known;
}

async function rowOf(batch: Batch, incident: string, print: string): Promise<IncidentAlert | null> {
  const key = alertKey(incident, print);
  const known = batch.incidentAlerts.get(key);
  if (known) return known;
  const row = (await batch.ledger.incidentAlerts([{ incident, fingerprint: print }])).get(key) ?? null;
  if (row) batch.incidentAlerts.set(key, row);
  return row;
}
