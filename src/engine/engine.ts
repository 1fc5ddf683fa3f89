import { Refusal } from "../core/refusal.ts";
import type { AlertOutcome } from "../core/signal/alert.ts";
import type { ChangeOutcome } from "../core/signal/change.ts";
import type { Explanation } from "../core/verb/answers.ts";
import { Arrival } from "./arrival.ts";
import type { Job } from "./commit.ts";
import type { CommandResult, Engine, LineageOutcome, Reads, SilenceResult } from "./ports.ts";
import type { Writer } from "./writer.ts";

/**
 * Senders give up after ten seconds or so and send again, and what they gave up would be stored besides. Half of that is
 * as late as an alert may be refused: of what does not send again, each refusal is a loss.
 */
const MAX_LAG_MS = 5_000;

/**
 * The use cases over a writer and the reads. `now` gives ISO 8601 UTC; `committed` is told when there may be new effects,
 * and of the incident where a person did something.
 */
export function createEngine(deps: {
  writer: Writer;
  reads: Reads;
  now: () => string;
  committed: (attended: string | null) => void;
  /** Alerts accepted and not yet durable; beyond it a sender is asked to come again. */
  maxWaiting?: number;
  /** For how long the oldest write has been waited for. */
  lagMs?: () => number;
}): Engine & { tick(): Promise<void>; index(): Promise<void> } {
  const { maxWaiting = 50_000, lagMs = () => 0 } = deps;
  let waiting = 0;
  /** Whether incidents may have told something that is not indexed; a process before this one may have left some. */
  let told = true;

  async function run(job: Job): Promise<unknown> {
    const result = await deps.writer.submit(job);
    if (!result.ok) throw new Refusal(result.refusal.code, result.refusal.message, result.refusal.issues);
    if (job.type === "index") return result.value;
    // Most alerts are known already, and nothing comes of them; of the others most are about what waits to be shown anyway.
    const isIngest = job.type === "ingest";
    if (!isIngest || result.tells) told = true;
    if (!isIngest || result.queues) deps.committed(attendedBy(job, result.value));
    return result.value;
  }

  return {
    reads: deps.reads,
    async ingest(signals, receivedAt) {
      if (signals.length === 0) return [];
      if (signals.length > maxWaiting) {
        throw new Refusal(
          "too_large",
          `${signals.length} alerts are more than the ${maxWaiting} that are taken at once. Send them in parts; nothing of this was taken.`,
        );
      }
      if (waiting + signals.length > maxWaiting || lagMs() > MAX_LAG_MS) {
        throw new Refusal(
          "unavailable",
          "Too many alerts are waiting to be stored. Send this again in a few seconds; nothing of it was taken.",
        );
      }
      waiting += signals.length;
      try {
        const alerts = signals.map(Arrival.of);
        return (await run({ type: "ingest", alerts, now: receivedAt })) as AlertOutcome[];
      } finally {
        waiting -= signals.length;
      }
    },
    async learn(statements, receivedAt) {
      if (statements.length === 0) return [];
      return (await run({ type: "lineage", statements, now: receivedAt })) as LineageOutcome[];
    },
    async record(changes, receivedAt) {
      if (changes.length === 0) return [];
      return (await run({ type: "changes", changes, now: receivedAt })) as ChangeOutcome[];
    },
    async command(request) {
      return (await run({ type: "command", request, now: deps.now() })) as CommandResult;
    },
    async silence(request) {
      return (await run({ type: "silence", request, now: deps.now() })) as SilenceResult;
    },
    async explain(incident, fingerprints) {
      if (fingerprints.length === 0) return [];
      return (await run({
        type: "explain",
        incident,
        fingerprints,
        now: deps.now(),
      })) as (Explanation | null)[];
    },
    async tick() {
      while ((await run({ type: "tick", now: deps.now() })) === true);
    },
    async index() {
      if (!told) return;
      told = false;
      while ((await run({ type: "index", now: deps.now() })) === true);
    },
  };
}

/** The incident in which a job did what a person asked for. */
function attendedBy(job: Job, value: unknown): string | null {
  return job.type === "command" && job.request.actor.kind === "person"
    ? (value as CommandResult).incident
    : null;
}
