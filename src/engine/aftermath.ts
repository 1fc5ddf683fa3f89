/**
 * What is looked up once an incident stands: what changed before it, and what was like it. The answers go into its log
 * as commands of the clock, so that people see what was known when.
 */
import { similarIncidents } from "../core/correlate/similar.ts";
import { RANKING, rankChanges, worthTelling } from "../core/correlate/suspects.ts";
import type { BrokenData } from "../core/correlate/ties.ts";
import type { PathRule } from "../core/correlate/touched.ts";
import { later } from "../core/duration.ts";
import type { Command } from "../core/incident/command.ts";
import type { EventType, RecordedEvent, SeenBefore } from "../core/incident/events.ts";
import { assetsInOrder, type IncidentState } from "../core/incident/state.ts";
import { numberSuspects } from "../core/report/suspects.ts";
import { assetId } from "../core/signal/asset.ts";
import type { KnownChange } from "../core/signal/change.ts";
import type { Changes, Ledger } from "./ledger.ts";
import type { Memory } from "./memory.ts";
import type { IncidentAlert } from "./ports.ts";

/** Bounds on what one look may read. */
const LIMITS = {
  changes: 1000,
  /** Changes that were under way at the start and are known to have ended only later. */
  underWay: 200,
  assets: 200,
  past: 30,
  /** Of one incident. */
  alerts: 20,
  /** Incidents that a change which comes late may concern. */
  open: 200,
  late: 10,
} as const;

const HOUR_MS = 3_600_000;
const UNDER_WAY_MS = 6 * HOUR_MS;
/** An incident that has been open for longer is past the question what changed. */
const FRESH_MS = 3 * 24 * HOUR_MS;
/** More than these are read anew; it is memory that many small changes would fill. */
const REMEMBERED = 5000;

/** Events after which something else may have been the cause. */
const MOVES_SUSPICION: ReadonlySet<EventType> = new Set([
  "thread_opened",
  "origin_found",
  "started_at_set",
  "asset_added",
] as const);

export type AftermathDeps = {
  ledger: Ledger;
  memory: Memory;
  rules: PathRule[];
  /** What the batch has changed so far. */
  batch: Pick<Changes, "known" | "incidentAlerts">;
  state(key: string): Promise<IncidentState>;
};

/** A command of the clock, to an incident, at a moment. */
export type Afterthought = { incident: string; command: Command; now: string };

/** Gathers over a batch which incidents are to be looked at, each once however often something gave reason to. */
export function createAftermath(deps: AftermathDeps) {
  const { ledger, memory, batch } = deps;
  /** When they are looked at, by incident. */
  const suspicious = new Map<string, string>();
  const posted = new Map<string, string>();
  const late: { known: KnownChange; now: string }[] = [];

  /** Takes note of what happened to an incident; `hadAssets` before it did. */
  function note(state: IncidentState, events: RecordedEvent[], hadAssets: boolean, now: string): void {
    if (state.thread === null) return;
    const isAbout = !hadAssets && state.assets.size > 0;
    if (isAbout || events.some(({ body }) => MOVES_SUSPICION.has(body.type))) suspicious.set(state.key, now);
    if (events.some(({ body }) => body.type === "thread_opened")) posted.set(state.key, now);
  }

  /** Takes note of a change that was not known before, or not so. */
  function learned(known: KnownChange, now: string): void {
    memory.changes.delete(known.id);
    late.push({ known, now });
  }

  /** What there is to say now; nothing is left to look at after that. */
  async function afterthoughts(): Promise<Afterthought[]> {
    await findConcerned();
    const thoughts: Afterthought[] = [];
    for (const [incident, now] of suspicious) {
      const state = await deps.state(incident);
      if (state.assets.size === 0) continue;
      thoughts.push({
        incident,
        now,
        command: { type: "suspect_changes", suspects: await suspectsOf(state) },
      });
    }
    for (const [incident, now] of posted) {
      const incidents = await similarTo(await deps.state(incident));
      if (incidents.length > 0)
        thoughts.push({ incident, now, command: { type: "tell_similar", incidents } });
    }
    suspicious.clear();
    posted.clear();
    return thoughts;
  }

  /** The open incidents before whose start a change took effect that we heard of only now. */
  async function findConcerned(): Promise<void> {
    const news = late.splice(0);
    if (news.length === 0) return;
    const { now } = news.at(-1)!;
    const open = (await ledger.openIncidents()).sort((a, b) => numberOf(b) - numberOf(a));
    let found = 0;
    for (const key of open.slice(0, LIMITS.open)) {
      if (found >= LIMITS.late) return;
      const state = await deps.state(key);
      const isFresh = Date.parse(now) - Date.parse(state.detectedAt) <= FRESH_MS;
      // Without a thread it will be looked at once it has one.
      if (state.thread === null || !isFresh || !news.some(({ known }) => mayConcern(known, state))) continue;
      suspicious.set(key, now);
      found++;
    }
  }

  async function suspectsOf(state: IncidentState) {
    const ranked = rankChanges(
      await changesAround(state.startedAt),
      brokenData(state),
      memory.lineage!,
      deps.rules,
    );
    return numberSuspects(worthTelling(ranked), state.suspects);
  }

  /** The changes that may have mattered to what broke then, also those that this batch brings. */
  async function changesAround(startedAt: string): Promise<KnownChange[]> {
    const { since, until } = spanBefore(startedAt);
    const found = new Map<string, string>();
    const end = later(until, UNDER_WAY_MS);
    for (const [from, to, limit] of [
      [since, until, LIMITS.changes],
      [later(until, 1), end, LIMITS.underWay],
    ] as const)
      for (const { id, at } of await ledger.changesBetween(from, to, limit)) found.set(id, at);
    if (memory.changes.size > REMEMBERED) memory.changes.clear();
    const unread = [...found].filter(([id, at]) => !batch.known.has(id) && memory.changes.get(id)?.at !== at);
    for (const [id, known] of await ledger.knownChanges(unread.map(([id]) => id)))
      memory.changes.set(id, withoutRaw(known));
    const fresh = [...batch.known.values()].filter(({ at }) => at >= since && at <= end);
    const stored = [...found.keys()].flatMap((id) =>
      batch.known.has(id) ? [] : (memory.changes.get(id) ?? []),
    );
    return [...stored, ...fresh];
  }

  async function similarTo(state: IncidentState): Promise<SeenBefore[]> {
    const alerts = await alertsOf(state.key);
    const clues = cluesOf(state, alerts);
    const keys = await ledger.pastLike(clues.assets.map(assetId), clues.texts.join(" "), LIMITS.past);
    const past = [];
    for (const key of keys) {
      const one = memory.states.get(key) ?? (await ledger.incident(key));
      if (one && key !== state.key && isPast(one))
        past.push({ ...cluesOf(one, await alertsOf(key)), ...endOf(one) });
    }
    return similarIncidents(clues, past).map(({ incident, reason }) => {
      const { key, title, severity, resolvedAt, outcome, causeChange, url } = incident;
      return { key, title, severity, resolvedAt, outcome, causeChange, url, reason };
    });
  }

  async function alertsOf(incident: string): Promise<IncidentAlert[]> {
    const rows = new Map(
      (await ledger.someIncidentAlerts(incident, LIMITS.alerts)).map((row) => [row.fingerprint, row]),
    );
    for (const row of batch.incidentAlerts.values())
      if (row.incident === incident) rows.set(row.fingerprint, row);
    return [...rows.values()].slice(0, LIMITS.alerts);
  }

  return { note, learned, afterthoughts };
}
export type Aftermath = ReturnType<typeof createAftermath>;

function spanBefore(startedAt: string): { since: string; until: string } {
  const since = later(startedAt, -RANKING.windowHours * HOUR_MS);
  return { since, until: later(startedAt, RANKING.graceMinutes * 60_000) };
}

function mayConcern({ at, change }: KnownChange, { startedAt }: IncidentState): boolean {
  const { since, until } = spanBefore(startedAt);
  const began = change.startedAt !== null && change.startedAt < at ? change.startedAt : at;
  return began <= until && at >= since;
}

function withoutRaw(known: KnownChange): KnownChange {
  return { ...known, change: { ...known.change, raw: null } };
}

/** What it is about and what fires; where nothing does, as in one that a person declared, all that was named. */
function brokenData(state: IncidentState): BrokenData {
  const all = assetsInOrder(state);
  const firing = all.filter((known) => known.firing > 0).map(({ asset }) => asset);
  const broken = [...state.roots, ...firing];
  const labels = state.origin?.labels ?? {};
  return {
    startedAt: state.startedAt,
    assets: (broken.length > 0 ? broken : all.map(({ asset }) => asset)).slice(0, LIMITS.assets),
    originAsset: state.likelyOrigin?.asset ?? state.origin?.asset ?? null,
    environment: labels.environment ?? labels.env ?? null,
  };
}

function isPast(state: IncidentState): boolean {
  return state.kind === "incident" && (state.phase === "resolved" || state.phase === "closed");
}

const TEST_LABELS = ["test", "test_name", "check"] as const;

function cluesOf(state: IncidentState, alerts: IncidentAlert[]) {
  const named = assetsInOrder(state).map(({ asset }) => asset);
  const assets = (state.roots.length > 0 ? state.roots : named).slice(0, LIMITS.assets);
  return {
    fingerprints: alerts.map(({ fingerprint }) => fingerprint),
    assets,
    texts: [state.title, ...alerts.flatMap(({ title, description }) => [title, description ?? ""])],
    testNames: alerts.flatMap(({ labels }) =>
      TEST_LABELS.flatMap((label) => (Object.hasOwn(labels, label) ? (labels[label] ?? []) : [])),
    ),
    sources: state.sources,
  };
}

/** How it ended. */
function endOf(state: IncidentState) {
  const { key, title, severity, outcome, thread, detectedAt } = state;
  return {
    key,
    title,
    severity,
    resolvedAt: state.resolvedAt ?? detectedAt,
    outcome,
    causeChange: state.changes.find(({ cause }) => cause)?.text ?? null,
    url: thread?.permalink ?? null,
  };
}

function numberOf(incident: string): number {
  return Number(incident.split("-")[1]);
}
