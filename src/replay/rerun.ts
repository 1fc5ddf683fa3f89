import { createHindsight, type Deed, deedsOf } from "../core/correlate/hindsight.ts";
import type { LineageStatement } from "../core/correlate/lineage-statement.ts";
import { later } from "../core/duration.ts";
import type { Command } from "../core/incident/command.ts";
import type { Actor } from "../core/incident/person.ts";
import { isOpen } from "../core/incident/state.ts";
import { Refusal } from "../core/refusal.ts";
import type { AlertOutcome } from "../core/signal/alert.ts";
import type { ChangeSignal } from "../core/signal/change.ts";
import { type NamespaceRule, renameSignal } from "../core/signal/dataset.ts";
import { Arrival } from "../engine/arrival.ts";
import type { Job } from "../engine/commit.ts";
import type { Reads } from "../engine/ports.ts";
import { openForWriting } from "../store/open.ts";
import { readsOf } from "../store/reads.ts";
import {
  type LoggedSignal,
  type QueuedPost,
  type ReplayReads,
  replayReadsOf,
} from "../store/replay-reads.ts";
import { openWriter } from "../writer.ts";
import type { WriterSettings } from "../writer-settings.ts";

/** The signals to replay, by id (the last one exclusive), and the span of time they are from (ISO 8601 UTC). */
export type Log = {
  reads: Reads;
  signals: ReplayReads;
  from: number;
  before: number;
  since: string;
  until: string;
};

/** What signals are put through. */
export type Setting = {
  writer: Omit<WriterSettings, "database">;
  waitMs: number;
  lineage: LineageStatement[];
  assetNames: NamespaceRule[];
};

/** A database of the replay's own after it, to be closed by whoever asked for it. */
export type Rerun = {
  reads: Reads;
  placed: ReplayReads;
  /** How many messages each incident asked for in its thread. */
  posts: Map<string, number>;
  close(): Promise<void>;
};

/** How often the clock ticks; the bot's does each minute, and what it does then can wait as long. */
const TICK_MS = 30 * 60_000;
const PAGE = 1000;
/** Changes of a day that are taken in at most. */
const CHANGES_A_DAY = 5000;
const DAY_MS = 86_400_000;
const SYSTEM: Actor = { kind: "system" };

type Group = { at: string; rows: LoggedSignal[] };

/**
 * Puts the signals of a log through the writer as it would run with a setting, on a database of its own that is gone
 * when it is closed. The clock is that of the log: messages are posted when they would have been, and what people did
 * to the recorded incidents is done to those that have their alerts. `progress` is told how many signals are through.
 */
export async function rerun(log: Log, setting: Setting, progress: (signals: number) => void): Promise<Rerun> {
  // SQLite keeps a database without a name on disk as far as it does not fit into memory, and never syncs it.
  const database = { type: "sqlite", path: "" } as const;
  const db = openForWriting(database);
  const writer = await openWriter({ ...setting.writer, database }, db);
  const reads = readsOf(db);
  const placed = replayReadsOf(db);
  const hindsight = createHindsight();
  const recorded = new Set<string>();
  /** What is still to come, the earliest last. */
  const deeds: Deed[] = [];
  let cards: { at: string; id: number; incident: string }[] = [];
  const posts = new Map<string, number>();
  let lastQueued = 0;
  let now = log.since;
  let nextTick: string | null = null;

  const forward = (at: string) => {
    if (at > now) now = at;
  };
  async function ask(job: Job): Promise<unknown> {
    const result = await writer.submit(job);
    // A refusal is an answer here too: what people did does not always fit what the setting makes of it.
    return result.ok ? result.value : null;
  }
  async function ingested(job: Job): Promise<AlertOutcome[]> {
    const result = await writer.submit(job);
    if (!result.ok) throw new Refusal(result.refusal.code, result.refusal.message, result.refusal.issues);
    return result.value as AlertOutcome[];
  }
  const command = (incident: string, command: Command, actor: Actor) =>
    ask({ type: "command", request: { incident, command, actor, via: "cli" }, now });

  async function advance(to: string): Promise<void> {
    for (;;) {
      const card = cards.at(-1);
      const deed = deeds.at(-1);
      const at = earliest(card?.at, deed?.at, nextTick);
      if (at > to) return;
      forward(at);
      if (card?.at === at) await post(cards.pop()!);
      else if (deed?.at === at) await repeat(deeds.pop()!);
      else {
        await ask({ type: "tick", now });
        nextTick = later(at, TICK_MS);
      }
      await lookForCards();
    }
  }

  /** Messages in a thread decide nothing, so they are counted; only the first of an incident is posted. */
  async function lookForCards(): Promise<void> {
    const queued = await placed.queuedAfter(lastQueued);
    lastQueued = queued.at(-1)?.id ?? lastQueued;
    for (const { id, incident, kind, notBefore } of queued) {
      if (kind === "card") cards.push({ at: notBefore > now ? notBefore : now, id, incident });
      else posts.set(incident, (posts.get(incident) ?? 0) + 1);
    }
    if (queued.some(isCard))
      cards = cards.sort((a, b) => (a.at === b.at ? b.id - a.id : a.at < b.at ? 1 : -1));
  }

  async function post({ id, incident }: { id: number; incident: string }): Promise<void> {
    if (!(await ask({ type: "claim", id, now }))) return;
    const state = (await reads.state(incident))!;
    const unseen = state.phase === "merged" && state.thread === null;
    const sent = {
      type: "sent",
      version: state.version,
      channel: state.channel,
      ts: `${id}`,
      permalink: null,
    } as const;
    await ask({ type: "settle", id, outcome: unseen ? { type: "dropped" } : sent, now });
  }

  /** Does to the incidents that have the alerts of a recorded one what was done to that. */
  async function repeat(deed: Deed): Promise<void> {
    hindsight.learn(deed);
    if (deed.type === "merged" || deed.type === "moved") return;
    const alerts = hindsight.alertsOf(deed.incident);
    for (const incident of await placed.holders(alerts)) {
      if (deed.type === "acknowledged") await command(incident, { type: "acknowledge" }, deed.actor);
      else if (deed.type !== "reopened") await endIfOver(incident, deed);
      else if (deed.actor.kind === "person")
        await command(incident, { type: "reopen", reason: deed.reason }, deed.actor);
    }
  }

  async function endIfOver(
    incident: string,
    { type, reason, actor }: Extract<Deed, { reason: string }>,
  ): Promise<void> {
    const state = await reads.state(incident);
    if (!state || !isOpen(state.phase)) return;
    if (hindsight.isOver(await placed.fingerprintsIn(incident)) !== true) return;
    if (type === "cancelled") return void (await command(incident, { type: "cancel", reason }, actor));
    await end(incident, reason, actor);
  }

  async function end(incident: string, text: string, actor: Actor): Promise<void> {
    await command(incident, { type: "restore", assets: [], reason: text }, actor);
    await command(incident, { type: "resolve", text }, actor);
  }

  /** An incident that people never had before them is over when its alerts are. */
  async function endUnseen(incident: string): Promise<void> {
    const state = await reads.state(incident);
    if (!state || !isOpen(state.phase) || state.alerts.firing > 0) return;
    if (hindsight.isOver(await placed.fingerprintsIn(incident)) === null)
      await end(incident, "its alerts have resolved", SYSTEM);
  }

  /** Reads what became of the recorded incidents that signals went to. */
  async function look({ rows, at }: Group): Promise<void> {
    for (const { incident } of rows) if (incident !== null) await lookUp(incident, at);
  }
  async function lookUp(incident: string, at: string): Promise<void> {
    if (recorded.has(incident)) return;
    recorded.add(incident);
    for (const deed of deedsOf(await log.reads.events(incident))) {
      if (deed.at > log.until) continue;
      if (deed.at < at) hindsight.learn(deed);
      else deeds.push(deed);
      if (deed.type === "merged") await lookUp(deed.into, at);
    }
    deeds.sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0));
  }

  async function ingest(groups: Group[]): Promise<void> {
    const answers = await Promise.all(
      groups.map(({ at, rows }) => {
        forward(at);
        const signals = rows.map(({ signal }) => renameSignal({ ...signal, raw: null }, setting.assetNames));
        return ingested({ type: "ingest", alerts: signals.map(Arrival.of), now });
      }),
    );
    for (const [i, { rows }] of groups.entries()) {
      for (const [j, { fingerprint, incident }] of rows.entries()) {
        if (incident !== null) hindsight.note(fingerprint, incident);
        const answer = answers[i]![j]!;
        if (incident === null && answer.outcome === "resolved" && answer.incident)
          await endUnseen(answer.incident);
      }
    }
    await lookForCards();
  }

  async function run(): Promise<void> {
    await ask({ type: "lineage", statements: setting.lineage, now });
    await learnChanges(log, setting, (changes) => ask({ type: "changes", changes, now }));
    let through = 0;
    /** Signals that no message, deed or tick comes between are committed together. */
    let batch: Group[] = [];
    const flush = async () => {
      await ingest(batch);
      through += batch.reduce((sum, { rows }) => sum + rows.length, 0);
      progress(through);
      batch = [];
    };
    for await (const group of groupsOf(log)) {
      const first = batch[0]?.at ?? group.at;
      await look(group);
      nextTick ??= group.at;
      const stop = earliest(cards.at(-1)?.at, deeds.at(-1)?.at, nextTick, later(first, setting.waitMs));
      if (batch.length > 0 && (group.at >= stop || batch.length >= PAGE)) await flush();
      if (batch.length === 0) await advance(group.at);
      batch.push(group);
    }
    if (batch.length > 0) await flush();
    await advance(log.until);
  }

  try {
    await run();
  } catch (error) {
    await writer.close();
    throw error;
  }
  return { reads, placed, posts, close: writer.close };
}

function isCard({ kind }: QueuedPost): boolean {
  return kind === "card";
}

/** Signals that came at the same moment came in one request, and are decided on together. */
async function* groupsOf({ signals, from, before }: Log): AsyncGenerator<Group> {
  let group: Group | null = null;
  for (let next = from; ; ) {
    const page = await signals.signals(next, before, PAGE);
    for (const row of page) {
      if (group && group.at !== row.receivedAt) {
        yield group;
        group = null;
      }
      group ??= { at: row.receivedAt, rows: [] };
      group.rows.push(row);
    }
    if (page.length < PAGE) break;
    next = page.at(-1)!.id + 1;
  }
  if (group) yield group;
}

/** All changes of the span and of the days before it, a day at a time. */
async function learnChanges(
  { reads, since, until }: Log,
  setting: Setting,
  learn: (changes: ChangeSignal[]) => Promise<unknown>,
): Promise<void> {
  for (let day = later(since, -4 * DAY_MS); day < until; day = later(day, DAY_MS)) {
    const known = await reads.changes({ since: day, until: later(day, DAY_MS) }, CHANGES_A_DAY);
    if (known.length > 0)
      await learn(known.map(({ change }) => renameSignal({ ...change, raw: null }, setting.assetNames)));
  }
}

function earliest(...instants: (string | null | undefined)[]): string {
  return instants.reduce<string>((first, at) => (at && at < first ? at : first), "9999");
}
