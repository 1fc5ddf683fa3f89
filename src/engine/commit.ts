import type { LineageStatement } from "../core/correlate/lineage-statement.ts";
import { later } from "../core/duration.ts";
import type { Asked, Command } from "../core/incident/command.ts";
import { decide } from "../core/incident/decide.ts";
import type { IncidentState } from "../core/incident/state.ts";
import { Refusal } from "../core/refusal.ts";
import type { AlertOutcome } from "../core/signal/alert.ts";
import type { ChangeOutcome, ChangeSignal } from "../core/signal/change.ts";
import type { Explanation } from "../core/verb/answers.ts";
import type { Arrival } from "./arrival.ts";
import { ingest, release } from "./assign.ts";
import { Batch, CLOCK, type CommitSettings, type News } from "./batch.ts";
import { putElsewhere, tellSplit } from "./by-hand.ts";
import { mergeInto, sortForming } from "./combine.ts";
import { endYielding, tellOfMany } from "./digest.ts";
import { explain } from "./explain.ts";
import { learn, learnLineage } from "./learn.ts";
import type { Ledger, OutboxOutcome, OutboxRow } from "./ledger.ts";
import { type Memory, recall } from "./memory.ts";
import { assetsNamed } from "./named-asset.ts";
import type {
  CommandRequest,
  CommandResult,
  LineageOutcome,
  SilenceRequest,
  SilenceResult,
} from "./ports.ts";
import { endFlapping, endQuiet } from "./recur.ts";
import { cutoffs } from "./retention.ts";
import { announceEnds, silence } from "./silence.ts";

/** One piece of work for the writer, with the moment it was asked (ISO 8601 UTC). */
export type Job =
  | { type: "ingest"; alerts: Arrival[]; now: string }
  | { type: "lineage"; statements: LineageStatement[]; now: string }
  | { type: "changes"; changes: ChangeSignal[]; now: string }
  | { type: "command"; request: CommandRequest; now: string }
  | { type: "silence"; request: SilenceRequest; now: string }
  | { type: "explain"; incident: string | null; fingerprints: string[]; now: string }
  /** `rootOf`: the incident whose root message it is; a digest that tells of that one goes before it. */
  | { type: "claim"; id: number; rootOf?: string; now: string }
  | { type: "settle"; id: number; outcome: OutboxOutcome; now: string }
  | { type: "tick"; now: string }
  /** What incidents told is put where they are searched by it. */
  | { type: "index"; now: string };

export type JobResult =
  | {
      ok: true;
      /** Whether something happened to an incident. */
      tells: boolean;
      /** Whether there is something to show that was not waiting to be shown before. */
      queues: boolean;
      value:
        | AlertOutcome[]
        | ChangeOutcome[]
        | LineageOutcome[]
        | CommandResult
        | SilenceResult
        | (Explanation | null)[]
        | boolean
        | null;
    }
  | { ok: false; refusal: { code: Refusal["code"]; message: string; issues: Refusal["issues"] } };

/**
 * Carries out a batch of jobs in one transaction: each sees what the ones before it did, and all become durable
 * together. A refusal is one job's answer and changes nothing; any other error fails the batch, and with it the
 * transaction. `memory` lasts between batches and is the caller's to clear after a failure.
 */
export async function commitJobs(
  ledger: Ledger,
  jobs: Job[],
  settings: CommitSettings,
  memory: Memory,
): Promise<JobResult[]> {
  const { topology } = await recall(memory, ledger);
  const batch = new Batch(ledger, settings, memory, topology);
  await batch.prefetchArrivals(jobs.filter((job) => job.type === "ingest"));
  const results: JobResult[] = [];
  for (const job of jobs) {
    const { events, effects } = batch.changes;
    const before = { events: events.length, effects: effects.size };
    try {
      const value = await run(batch, job);
      const tells = events.length > before.events;
      results.push({ ok: true, tells, queues: effects.size > before.effects, value });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      results.push({
        ok: false,
        refusal: { code: error.code, message: error.message, issues: error.issues },
      });
    }
  }
  await batch.flush();
  return results;
}

async function run(batch: Batch, job: Job): Promise<Extract<JobResult, { ok: true }>["value"]> {
  switch (job.type) {
    case "ingest":
      return ingest(batch, job.alerts, job.now);
    case "lineage":
      return learnLineage(batch, job.statements, job.now);
    case "changes":
      return learn(batch, job.changes, job.now);
    case "command":
      return batch.once(job.request.idempotencyKey, () => command(batch, job.request, job.now));
    case "silence":
      return batch.once(job.request.idempotencyKey, () => silence(batch, job.request, job.now));
    case "explain":
      return explain(batch, job.incident, job.fingerprints, job.now);
    case "claim":
      return claim(batch, job.id, job.rootOf, job.now);
    case "settle":
      return settle(batch, job.id, job.outcome, job.now);
    case "tick":
      return tick(batch, job.now);
    case "index":
      return (await batch.ledger.indexTerms(INDEXED)) === INDEXED;
    default:
      return job satisfies never;
  }
}

async function command(batch: Batch, request: CommandRequest, now: string): Promise<CommandResult> {
  const { actor, via, permalink = null, runbook } = request;
  const result = await carryOut(batch, request, { actor, via, now, permalink });
  if (runbook) batch.changes.runbooks.set(runbook.hash, runbook);
  return result;
}

async function carryOut(batch: Batch, request: CommandRequest, asked: Asked): Promise<CommandResult> {
  const { command } = request;
  if (command.type === "open") return open(batch, command, asked);
  if (!request.incident) throw new Refusal("invalid", "Say which incident: `INC-1`.");
  const state = await batch.state(request.incident);
  if (command.type === "split" || command.type === "move") return putElsewhere(batch, state, command, asked);
  if (command.type === "merge_into") return merge(batch, state, command, asked);
  if (command.type === "reopen") await refuseRival(batch, state);
  const exact: Command =
    command.type === "name_assets"
      ? { ...command, type: "add_assets", assets: await assetsNamed(batch, state, command.assets) }
      : command;
  const events = batch.append(state.key, decide(state, exact, asked), asked);
  batch.announce(state.key, [...events, ...(await endFlapping(batch, state.key, asked))]);
  return { incident: state.key, events };
}

async function open(
  batch: Batch,
  command: Extract<Command, { type: "open" }>,
  asked: Asked,
): Promise<CommandResult> {
  const decided = decide(null, command, asked);
  const prefix = command.kind === "drill" ? "DRILL" : "INC";
  const key = `${prefix}-${await batch.ledger.nextNumber(command.kind)}`;
  const events = batch.append(key, decided, asked);
  batch.announce(key, events);
  return { incident: key, events };
}

/** Reopening must not leave two open incidents for one grouping key. */
async function refuseRival(batch: Batch, state: IncidentState): Promise<void> {
  const rival = await batch.rivalOf(state);
  if (rival) {
    throw new Refusal(
      "conflict",
      `${rival} is open for the same problem. Work there; once it is resolved or cancelled, \`reopen ${state.key} <reason>\` works.`,
    );
  }
}

async function merge(
  batch: Batch,
  from: IncidentState,
  command: Extract<Command, { type: "merge_into" }>,
  asked: Asked,
): Promise<CommandResult> {
  const news: News = new Map();
  const events = await mergeInto(batch, from, command, asked, news);
  for (const [key, told] of news) batch.announce(key, told);
  return { incident: from.key, events };
}

/** The last moment before a message is posted: what has gathered is sorted out first, and told of where it is much. */
async function claim(batch: Batch, id: number, rootOf: string | undefined, now: string): Promise<boolean> {
  await sortForming(batch, now);
  await tellOfMany(batch, now);
  if (rootOf !== undefined && batch.memory.yielding.delete(rootOf)) return false;
  return batch.ledger.claimOutbox(id);
}

async function settle(batch: Batch, id: number, outcome: OutboxOutcome, now: string): Promise<null> {
  const { undrawn } = batch.memory;
  // A transaction that failed meanwhile took with it what memory knew: then all that came since may be wanted.
  const wantedOf = async ({ key, incident }: OutboxRow) =>
    undrawn.get(key) ?? (await batch.state(incident)).version;
  const row = await batch.ledger.settleOutbox(id, outcome, wantedOf);
  if (row?.state === "done" || row?.state === "dead") undrawn.delete(row.key);
  if (row?.kind === "notice") endYielding(batch.memory, row.incident);
  if (row?.kind !== "card" || outcome.type !== "sent") return null;
  const asked: Asked = { ...CLOCK, now };
  const { channel, ts, permalink } = outcome;
  const opened = batch.append(
    row.incident,
    decide(await batch.state(row.incident), { type: "record_thread", channel, ts, permalink }, asked),
    asked,
  );
  if (opened.length === 0) return null;
  batch.announce(row.incident, opened);
  await tellSplit(batch, row.incident);
  return null;
}

/** The work of the clock; true where more is left than one transaction may take. */
async function tick(batch: Batch, now: string): Promise<boolean> {
  await sortForming(batch, now);
  await tellOfMany(batch, now);
  await endQuiet(batch, now);
  await announceEnds(batch, now);
  const held = await release(batch, now);
  const before = later(now, -batch.settings.closeAfterMs);
  for (const key of await batch.ledger.resolvedBefore(before, 100)) {
    // A job before this one may have reopened it; refusing that would leave the ones after it unclosed.
    if ((await batch.state(key)).phase !== "resolved") continue;
    const asked: Asked = { ...CLOCK, now };
    batch.announce(
      key,
      batch.append(
        key,
        decide(await batch.state(key), { type: "close", reason: "its time for reopening has passed" }, asked),
        asked,
      ),
    );
  }
  const { retention } = batch.settings;
  const pruned = retention ? await batch.ledger.prune(cutoffs(retention, now), PRUNED) : 0;
  return held || pruned > 0;
}

/** So many rows with words are indexed in one transaction: it takes about as long as one that others wait for. */
const INDEXED = 100;

/** So much of a kind is taken away in one transaction, so that nobody waits for it. */
const PRUNED = 2000;
