import type { Config } from "../config.ts";
import { readLineageFiles, withdrawals } from "../configured-lineage.ts";
import { Grouping } from "../core/correlate/grouping.ts";
import type { LineageStatement } from "../core/correlate/lineage-statement.ts";
import { Refusal } from "../core/refusal.ts";
import { compareReplays, type Difference, type FieldChange, type Replayed } from "../core/report/replay.ts";
import type { Reads } from "../engine/ports.ts";
import { loadRunbooks } from "../runbooks.ts";
import { openForReading } from "../store/open.ts";
import { readsOf } from "../store/reads.ts";
import { replayReadsOf } from "../store/replay-reads.ts";
import { writerSettings } from "../writer-settings.ts";
import { allPlaced, reasonFor, replayedOf, type Verdict, verdictOf } from "./outcome.ts";
import { type Log, type Rerun, rerun, type Setting } from "./rerun.ts";

export type ReplayRequest = {
  database: Config["database"];
  /** What the signals go through first, and what they go through for comparison. */
  baseline: Config;
  proposed: Config;
  /** Which signals: received since (inclusive) and until (exclusive), ISO 8601 UTC. */
  since: string;
  until: string;
  /** How many of how many signals are through, over both replays. */
  progress(done: number, total: number): void;
};

/** Why a signal is where it is, on both sides. */
export type Turn = { title: string; at: string; before: Verdict; after: Verdict };
export type ExplainedDifference = Omit<Difference, "turns" | "fields"> & {
  fields: (FieldChange & { reason: string | null })[];
  turns: Turn[];
};
export type Totals = { incidents: number; posts: number; replies: number };
export type ReplayReport = {
  signals: number;
  /** When the first and the last of them came, ISO 8601 UTC. */
  first: string;
  last: string;
  /** How many incidents the signals went to when they came. */
  recorded: number;
  before: Totals;
  after: Totals;
  differences: ExplainedDifference[];
};

/**
 * Puts the signals of a database through two configurations and says what differs. Nothing is written to that database.
 * Refuses where there are no signals in the span, or where lineage or runbooks that a configuration names cannot be read.
 */
export async function replay(request: ReplayRequest): Promise<ReplayReport> {
  const db = openForReading(request.database);
  const open: Rerun[] = [];
  try {
    const log = await logOf(readsOf(db), replayReadsOf(db), request);
    const settings = [
      await settingOf(log.reads, request.baseline, "known"),
      await settingOf(log.reads, request.proposed, "new"),
    ];
    const signals = log.before - log.from;
    for (const [i, setting] of settings.entries())
      open.push(await rerun(log, setting, (done) => request.progress(i * signals + done, 2 * signals)));
    const { recorded, ...span } = await recordedIn(log);
    const [before, after] = [await replayedOf(open[0]!, recorded), await replayedOf(open[1]!, recorded)];
    if (before.placed.length !== recorded.length || after.placed.length !== recorded.length)
      throw new Refusal("conflict", "Alerts were taken out of the database meanwhile. Run this again.");
    const sides: Side[] = [
      { run: open[0]!, replayed: before },
      { run: open[1]!, replayed: after },
    ];
    const differences: ExplainedDifference[] = [];
    for (const difference of compareReplays(before, after))
      differences.push(await explain(difference, sides[0]!, sides[1]!));
    return {
      signals: recorded.length,
      ...span,
      recorded: new Set(recorded.filter((key) => key !== null)).size,
      before: totalsOf(before),
      after: totalsOf(after),
      differences,
    };
  } finally {
    for (const run of open) await run.close();
    await db.destroy();
  }
}

async function logOf(reads: Reads, signals: Log["signals"], { since, until }: ReplayRequest): Promise<Log> {
  const [from, before] = [await signals.signalSince(since), await signals.signalSince(until)];
  if (from >= before)
    throw new Refusal(
      "not_found",
      `No alert was received from ${since} to ${until}, so there is nothing to replay. Give an earlier --since, or look at DATABASE_URL: it says which database is meant.`,
    );
  return { reads, signals, from, before, since, until };
}

/**
 * Lineage is what the bot has, but what people write in files. Of those that a configuration names, the bot has what
 * they said when it started (`known`); a proposed configuration comes with what they say now (`new`).
 */
async function settingOf(reads: Reads, config: Config, files: "known" | "new"): Promise<Setting> {
  const { runbooks } = await loadRunbooks(config.runbooksDir);
  const stored = (await reads.lineage()).map(({ document }) => document);
  const named = await readLineageFiles(config.lineageFiles);
  const sizes = stored.map(({ provider, key, assets }) => ({ provider, key, assets: assets.length }));
  const gone = new Set(withdrawals(sizes, named).map(({ document }) => document.key));
  const fresh = named
    .map(({ statement }) => statement)
    .filter(({ document }) => files === "new" || !stored.some(({ key }) => key === document.key));
  const replaced = new Set(fresh.map(({ document }) => document.key));
  const kept = stored.filter(
    ({ provider, key }) => provider !== "yaml" || !(gone.has(key) || replaced.has(key)),
  );
  // What a replay stores is thrown away soon enough.
  const { retention: _, ...writer } = writerSettings(config, runbooks);
  return {
    writer,
    waitMs: Grouping.parse(config.grouping).wait,
    lineage: [
      ...kept.map((document): LineageStatement => ({ document, run: null, complete: false, warnings: [] })),
      ...fresh,
    ],
    assetNames: config.assetNames,
  };
}

/** The recorded incident of each signal, or the one that took it in later; and when the first and the last of them came. */
async function recordedIn({ reads, signals, from, before }: Log) {
  const roots = new Map<string, string>();
  async function rootOf(key: string): Promise<string> {
    const known = roots.get(key);
    if (known !== undefined) return known;
    const into = (await reads.state(key))?.mergedInto;
    const root = into ? await rootOf(into) : key;
    roots.set(key, root);
    return root;
  }
  const recorded: (string | null)[] = [];
  const span = { first: "", last: "" };
  for await (const { incident, receivedAt } of allPlaced(signals, from, before)) {
    recorded.push(incident === null ? null : await rootOf(incident));
    span.first ||= receivedAt;
    span.last = receivedAt;
  }
  return { recorded, ...span };
}

type Side = { run: Rerun; replayed: Replayed };

async function explain(difference: Difference, before: Side, after: Side): Promise<ExplainedDifference> {
  const fields = [];
  for (const change of difference.fields)
    fields.push({ ...change, reason: await reasonFor(after.run, difference.after[0]!, change) });
  const turns: Turn[] = [];
  for (const signal of difference.turns) {
    const [row] = await before.run.placed.signals(signal + 1, signal + 2, 1);
    turns.push({
      title: row!.signal.title,
      at: row!.receivedAt,
      before: await verdictOf(before.run, before.replayed, signal),
      after: await verdictOf(after.run, after.replayed, signal),
    });
  }
  return { ...difference, fields, turns };
}

function totalsOf({ incidents }: Replayed): Totals {
  const posted = [...incidents.values()].flatMap(({ replies }) => replies ?? []);
  return { incidents: incidents.size, posts: posted.length, replies: posted.reduce((sum, n) => sum + n, 0) };
}
