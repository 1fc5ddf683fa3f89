import type { IncidentState } from "../core/incident/state.ts";
import { suspectsNow } from "../core/incident/state.ts";
import {
  type FieldChange,
  firstSignals,
  type Replayed,
  type ReplayedIncident,
} from "../core/report/replay.ts";
import type { Reads } from "../engine/ports.ts";
import type { ReplayReads } from "../store/replay-reads.ts";
import type { Rerun } from "./rerun.ts";

const PAGE = 5000;

/** Where a replay put the signals in the end. `recorded` is the incident that each of them went to, by its name. */
export async function replayedOf(run: Rerun, recorded: readonly (string | null)[]): Promise<Replayed> {
  const states = await allIncidents(run.reads);
  const rootOf = (key: string): string => {
    const into = states.get(key)?.mergedInto;
    return into ? rootOf(into) : key;
  };
  const alerts = new Map<string, Set<string>>();
  const alertsIn = async (key: string) => {
    const known = alerts.get(key) ?? new Set(await run.placed.fingerprintsIn(key));
    alerts.set(key, known);
    return known;
  };
  /** What was gathered in one incident may have been sorted into another before anybody saw it. */
  async function endOf(key: string, fingerprint: string): Promise<string> {
    const root = rootOf(key);
    if ((await alertsIn(root)).has(fingerprint)) return root;
    const to = (await moveOf(run.reads, key, fingerprint))?.to;
    return to === undefined ? root : endOf(to, fingerprint);
  }

  const placed: (string | null)[] = [];
  const held = new Map<string, number[]>();
  for await (const { id, incident, fingerprint, outcome } of allPlaced(run.placed, 1)) {
    placed.push(incident === null ? null : await endOf(incident, fingerprint));
    if (outcome === "silenced" || outcome === "inhibited")
      held.set(fingerprint, [...(held.get(fingerprint) ?? []), id - 1]);
  }
  // What was held back opens an incident once nothing holds it any more, without coming again.
  const reached = new Set(placed);
  for (const { key, phase } of states.values()) {
    if (phase === "merged" || reached.has(key)) continue;
    for (const fingerprint of await alertsIn(key))
      for (const signal of held.get(fingerprint) ?? []) placed[signal] ??= key;
  }
  const names = namesOf(placed, recorded);
  const incidents = [...states.values()]
    .filter(({ phase }) => phase !== "merged")
    .map((state) => describe(state, names.get(state.key) ?? state.key, run.posts.get(state.key) ?? 0));
  return { placed, incidents: new Map(incidents.map((incident) => [incident.key, incident])) };
}

function describe(state: IncidentState, name: string, posts: number): ReplayedIncident {
  const { key, title, detectedAt, severity, team, channel, suggestedRunbooks, thread } = state;
  return {
    key,
    name,
    title,
    at: detectedAt,
    severity,
    team,
    channel,
    runbook: suggestedRunbooks[0]?.slug ?? null,
    suspect: suspectsNow(state)[0]?.title ?? null,
    replies: thread === null ? null : posts,
  };
}

async function allIncidents(reads: Reads): Promise<Map<string, IncidentState>> {
  const states = new Map<string, IncidentState>();
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<Reads["list"]>> = await reads.list({}, 500, cursor);
    for (const state of page.incidents) states.set(state.key, state);
    cursor = page.next;
  } while (cursor);
  return states;
}

export async function* allPlaced(reads: ReplayReads, from: number, before = Number.POSITIVE_INFINITY) {
  for (let next = from; ; ) {
    const page = await reads.placed(next, PAGE);
    for (const row of page) if (row.id < before) yield row;
    if (page.length < PAGE || page.at(-1)!.id >= before) return;
    next = page.at(-1)!.id + 1;
  }
}

async function moveOf(reads: Reads, key: string, fingerprint: string) {
  for (const { body } of await reads.events(key))
    if (body.type === "alerts_moved" && body.alerts.some((alert) => alert.fingerprint === fingerprint))
      return body;
  return null;
}

/** By the recorded incident of the first signal; several parts of one are numbered, as are those that nobody had. */
function namesOf(placed: Replayed["placed"], recorded: readonly (string | null)[]): Map<string, string> {
  const names = new Map<string, string>();
  const parts = new Map<string | null, number>();
  for (const [key, signal] of firstSignals(placed)) {
    const name = recorded[signal] ?? null;
    const part = (parts.get(name) ?? 0) + 1;
    parts.set(name, part);
    names.set(key, name === null ? `NEW-${part}` : part === 1 ? name : `${name} (${part})`);
  }
  return names;
}

/** What became of a signal, and why: as it came, or when it was put together with others. */
export async function verdictOf(
  run: Rerun,
  { incidents, placed }: Replayed,
  signal: number,
): Promise<Verdict> {
  const { outcome, incident, reason } = await run.placed.verdict(signal + 1);
  const end = placed[signal] ?? null;
  const named = (text: string) =>
    text.replace(/\bINC-\d+\b/g, (key) => incidents.get(key)?.name ?? "one that is part of another");
  const why = incident !== null && incident !== end ? await joinedBecause(run.reads, incident) : null;
  return {
    outcome: why === null ? outcome : "grouped",
    incident: end === null ? null : incidents.get(end)!.name,
    reason: named(why ?? reason),
  };
}
export type Verdict = { outcome: string; incident: string | null; reason: string };

async function joinedBecause(reads: Reads, incident: string): Promise<string | null> {
  for (const { body } of (await reads.events(incident)).toReversed())
    if (body.type === "merged" || body.type === "alerts_moved") return body.reason;
  return null;
}

/** Why an incident has the severity, or is where it is, that another configuration would not have had it; null where nothing says so. */
export async function reasonFor(
  run: Rerun,
  { key }: ReplayedIncident,
  { field }: FieldChange,
): Promise<string | null> {
  const events = await run.reads.events(key);
  const opened = events[0]!.body;
  if (opened.type !== "opened") return null;
  if (field === "severity") {
    const raised = events.findLast(({ body }) => body.type === "severity_changed")?.body;
    return raised?.type === "severity_changed" ? raised.reason : (opened.routing?.severityReason ?? null);
  }
  if (field !== "team" && field !== "channel" && field !== "runbook") return null;
  const rules = opened.routing?.rules ?? [];
  return rules.length > 0 ? `rule ${rules.map((rule) => `“${rule}”`).join(", ")}` : "no rule fits";
}
