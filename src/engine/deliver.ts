import { setTimeout as sleep } from "node:timers/promises";
import type { Severity } from "../core/incident/events.ts";
import type { IncidentState } from "../core/incident/state.ts";
import type { Document } from "../core/report/document.ts";
import type { Job } from "./commit.ts";
import { isLiving, type Notice, type OutboxOutcome, type OutboxRow, type WaitingRow } from "./ledger.ts";
import { neverBack } from "./pace.ts";
import { isRoot, Turns } from "./turns.ts";

/** Where a message stands. `permalink` only where it was asked for. */
export type Posted = { channel: string; ts: string; permalink: string | null };

/** A message's place: `threadTs` null is the channel itself. `mark` finds it again. */
export type Place = { channel: string; threadTs: string | null; mark: string };

export type Upload = { filename: string; title: string; mediaType: string; body: string };

/** The chat, as delivery needs it. Every method rejects with DeliveryFailure, and nothing else, when it does not succeed. */
export type Messenger = {
  post(place: Place, document: Document, options: { permalink: boolean }): Promise<Posted>;
  update(channel: string, ts: string, document: Document): Promise<void>;
  upload(place: Place, file: Upload): Promise<Posted>;
  /** A message of ours with this mark, or a file with this title, posted since an instant (ISO 8601 UTC). */
  find(place: Place, fileTitle: string | null, since: string): Promise<Posted | null>;
};

/**
 * Why a call did not succeed. `unknown`: it may have happened. `retry`: it did not, and may yet. `rate_limited`: come
 * back after `retryAfterMs`. `refused`: it will not, as long as nothing changes. `gone`: there is no such message any more.
 */
export class DeliveryFailure extends Error {
  readonly kind: "unknown" | "retry" | "rate_limited" | "refused" | "gone";
  readonly retryAfterMs: number;
  constructor(kind: DeliveryFailure["kind"], message: string, retryAfterMs = 0) {
    super(message);
    this.name = "DeliveryFailure";
    this.kind = kind;
    this.retryAfterMs = retryAfterMs;
  }
}

/** What a row of the outbox shows now; null when there is nothing (any more) to show. */
export type Shown = { type: "message"; document: Document } | { type: "file"; file: Upload } | null;

export type DelivererDeps = {
  messenger: Messenger;
  reads: {
    state(key: string): Promise<IncidentState | null>;
    due(now: string, limit: number, attended: readonly string[]): Promise<WaitingRow[]>;
    comingRoots(after: string, until: string): Promise<Map<string, Severity>>;
    sending(): Promise<WaitingRow[]>;
    /** When the next row that is put off may go, ISO 8601 UTC. */
    nextDue(now: string): Promise<string | null>;
  };
  show(row: OutboxRow, state: IncidentState): Promise<Shown>;
  submit(job: Extract<Job, { type: "claim" | "settle" }>): Promise<unknown>;
  now: () => number;
  log: { warn(fields: object, message: string): void; error(fields: object, message: string): void };
  /** How many calls at once; each incident has at most one. */
  concurrency?: number;
};

const LOOK_AHEAD = 500;
const LEAST_GAP_MS = 25;
/** A root lets a worse one go first that comes to its channel no later than this: a storm is not all there at once. */
const GIVE_WAY_MS = 1_000;
/** A post that timed out, or whose sender was killed, may still be on its way: looked for any sooner it is not there yet. */
const LOOK_AFTER_MS = 2_000;
const MAX_BACKOFF_MS = 5 * 60_000;
/** No answer of Slack, or of a proxy before it, silences a channel longer than this, nor does a clock that is set back. */
const MAX_PUT_OFF_MS = 10 * 60_000;

/**
 * The loop over the outbox. A post is claimed (durably) before the call and settled after it, so that a crash in
 * between leaves a row that is first looked for in Slack and only then posted again: at most one message a row.
 */
export function createDeliverer(deps: DelivererDeps) {
  const turns = new Turns();
  /** What waits, waits by this one; events bear the time of the real clock. */
  const clock = neverBack(deps.now);
  const busy = new Set<string>();
  const working = new Set<Promise<void>>();
  let stopped = true;
  let timer: NodeJS.Timeout | null = null;
  let looking: Promise<void> | null = null;
  let lookAgain = false;
  /** How long the last two looks took, and the pause after one that a commit asked for. */
  let tookMs = [0, 0];
  let resting: NodeJS.Timeout | null = null;
  let missed = false;
  /** Rows whose outcome is unknown, with how often it could not even be looked up. */
  const lost = new Map<number, { row: WaitingRow; notBefore: number; looks: number }>();
  let hasTakenOver = false;

  const iso = (ms: number) => new Date(ms).toISOString();
  const backoffMs = (times: number) => Math.min(MAX_BACKOFF_MS, 1000 * 2 ** Math.min(times, 16));
  const settle = (row: OutboxRow, outcome: OutboxOutcome) =>
    deps.submit({ type: "settle", id: row.id, outcome, now: iso(deps.now()) });

  /** False where it is not to be posted now; then its turn is another's. */
  async function claim(row: WaitingRow): Promise<boolean> {
    const rootOf = isRoot(row) ? { rootOf: row.incident } : {};
    if (await deps.submit({ type: "claim", id: row.id, ...rootOf, now: iso(deps.now()) })) return true;
    turns.giveBack(row, clock());
    return false;
  }

  /** `claiming` is called before anything says that a post may have happened. */
  async function deliver(row: WaitingRow, claiming: () => void): Promise<void> {
    if (row.kind === "notice") return deliverNotice(row, claiming);
    let state = await deps.reads.state(row.incident);
    if (state && isUnseen(row, state)) return void (await settle(row, { type: "dropped" }));
    let shown = state && (await deps.show(row, state));
    if (!state || !shown)
      return void (await settle(row, { type: "dead", error: "there is nothing to show" }));
    if (row.ts && shown.type === "message") {
      await deps.messenger.update(row.channel, row.ts, shown.document);
      return void (await settle(row, {
        type: "sent",
        version: state.version,
        channel: row.channel,
        ts: row.ts,
        permalink: null,
      }));
    }
    if (row.kind !== "card" && !state.thread)
      throw new DeliveryFailure("retry", "the root message does not stand yet");
    // Also a claim that fails may have been stored; a row that says so and is looked after by nobody would never go out.
    claiming();
    if (!(await claim(row))) return;
    if (row.kind === "card") {
      // Claiming sorts out what has gathered, so it may be another incident's now, or say more.
      state = (await deps.reads.state(row.incident))!;
      if (isUnseen(row, state)) return void (await settle(row, { type: "dropped" }));
      shown = (await deps.show(row, state))!;
    }
    const place = placeOf(row, state);
    const posted =
      shown.type === "file"
        ? await deps.messenger.upload(place, shown.file)
        : await deps.messenger.post(place, shown.document, { permalink: row.kind === "card" });
    turns.posted(row, place.channel, posted.channel, clock());
    await settle(row, { type: "sent", version: state.version, ...posted });
  }

  /** Posts what stands in a channel by itself. */
  async function deliverNotice(row: WaitingRow, claiming: () => void): Promise<void> {
    claiming();
    if (!(await claim(row))) return;
    const { document } = row.payload as Notice;
    const posted = await deps.messenger.post(placeOf(row, null), document, { permalink: false });
    turns.posted(row, row.channel, posted.channel, clock());
    await settle(row, { type: "sent", version: row.wanted, ...posted });
  }

  /** Looks for a post whose outcome is unknown. Found: settled with version 0, so a living message is then redrawn. */
  async function reconcile(row: WaitingRow): Promise<void> {
    const state = await deps.reads.state(row.incident);
    const shown = row.kind === "file" ? await deps.show(row, state!) : null;
    const found = await deps.messenger.find(
      placeOf(row, state),
      shown?.type === "file" ? shown.file.title : null,
      state?.detectedAt ?? (row.payload as Notice).at,
    );
    await settle(
      row,
      found
        ? { type: "sent", version: isLiving(row) ? 0 : row.wanted, ...found }
        : {
            type: "retry",
            // Once at once; a Slack that goes on answering nothing we know is not to be asked every other second.
            notBefore: row.attempts === 0 ? "" : iso(clock() + backoffMs(row.attempts)),
            error: "posted again after an unknown outcome",
          },
    );
    lost.delete(row.id);
  }

  async function attempt(row: WaitingRow): Promise<void> {
    // From the claim on, only a look at Slack or a settled row says what became of a post.
    let posting = lost.has(row.id);
    try {
      await (posting
        ? reconcile(row)
        : deliver(row, () => {
            posting = true;
          }));
    } catch (error) {
      await failed(row, error, posting);
    }
  }

  function lose(row: WaitingRow, forMs: number, looks = 0): void {
    lost.set(row.id, { row: { ...row, state: "sending" }, notBefore: clock() + forMs, looks });
  }

  async function failed(row: WaitingRow, error: unknown, posting: boolean): Promise<void> {
    const failure =
      error instanceof DeliveryFailure
        ? error
        : new DeliveryFailure(posting ? "unknown" : "retry", String(error));
    if (!(error instanceof DeliveryFailure)) deps.log.error({ err: error, key: row.key }, "delivery failed");
    const now = clock();
    const looked = lost.get(row.id);
    const times = looked ? looked.looks + 1 : row.attempts;
    const waitMs =
      failure.kind === "rate_limited" ? Math.min(MAX_PUT_OFF_MS, failure.retryAfterMs) : backoffMs(times);
    if (looked && failure.kind !== "refused") {
      deps.log.warn({ key: row.key, reason: failure.message }, "Slack could not be asked for a message");
      return lose(row, waitMs, times);
    }
    // Where it was (a thread whose root somebody deleted) there is nothing to look at any more.
    lost.delete(row.id);
    if (failure.kind === "rate_limited") turns.block(row, waitMs, now);
    if (failure.kind === "unknown" && posting) {
      deps.log.warn(
        { key: row.key, reason: failure.message },
        "it is unknown whether Slack has this message; looking for it",
      );
      return lose(row, LOOK_AFTER_MS);
    }
    deps.log.warn(
      { key: row.key, reason: failure.message, kind: failure.kind },
      "Slack did not take a message",
    );
    const outcome: OutboxOutcome =
      failure.kind === "refused"
        ? { type: "dead", error: failure.message }
        : failure.kind === "gone"
          ? { type: "dropped" }
          : {
              type: "retry",
              notBefore: iso(now + waitMs),
              error: failure.message,
            };
    await settle(row, outcome).catch((unsettled: unknown) => {
      // The row still says that a post is under way, and nobody else would ever look after it.
      if (posting) lose(row, LOOK_AFTER_MS);
      throw unsettled;
    });
  }

  /** What the process before this one was in the middle of; nothing is delivered before that is known. */
  async function takeOver(): Promise<void> {
    const notBefore = clock() + LOOK_AFTER_MS;
    for (const row of await deps.reads.sending()) lost.set(row.id, { row, notBefore, looks: 0 });
    hasTakenOver = true;
  }

  /** Starts what may go now; returns milliseconds until the next thing may, or null. */
  async function look(): Promise<number | null> {
    if (!hasTakenOver) await takeOver();
    const now = clock();
    let wait: number | null = null;
    const later = (ms: number) => {
      wait = wait === null ? ms : Math.min(wait, ms);
    };
    const rows = [...lost.values()]
      .map((l) => l.row)
      .concat(await deps.reads.due(iso(now), LOOK_AHEAD, turns.attended(now)));
    const redraws = rows.filter((row) => row.ts !== null).length;
    const coming = rows.some(isRoot)
      ? await deps.reads.comingRoots(iso(now), iso(now + GIVE_WAY_MS))
      : new Map<string, Severity>();
    const blocked = new Set<string>();
    for (const row of turns.inOrder(rows, now)) {
      if (stopped) return null;
      if (busy.has(row.incident) || (row.ts === null && blocked.has(row.incident))) continue;
      // A digest, which is about its channel, is on its way there.
      if (isRoot(row) && busy.has(row.channel)) continue;
      if (isRoot(row) && row.state === "pending" && row.severity > (coming.get(row.channel) ?? row.severity))
        continue;
      const notBefore = lost.get(row.id)?.notBefore ?? 0;
      const ms = Math.max(notBefore - now, turns.waitMs(row, redraws, now));
      if (ms > 0) {
        later(ms);
        // Until the root stands nothing goes under it, nor a reply ahead of another; redraws neither wait nor are waited for.
        if (row.ts === null) blocked.add(row.incident);
        continue;
      }
      if (working.size >= (deps.concurrency ?? 8)) return wait;
      turns.take(row, now);
      start(row);
    }
    const next = await deps.reads.nextDue(iso(now));
    if (next !== null) later(Math.max(1, Date.parse(next) - now));
    return wait;
  }

  function start(row: WaitingRow): void {
    busy.add(row.incident);
    const work = attempt(row)
      .catch((error: unknown) =>
        deps.log.error({ err: error, key: row.key }, "a delivery could not be recorded"),
      )
      .finally(() => {
        busy.delete(row.incident);
        working.delete(work);
        wake();
      });
    working.add(work);
  }

  function wake(): void {
    if (stopped) return;
    lookAgain = true;
    if (looking) return;
    looking = (async () => {
      let wait: number | null = null;
      try {
        while (lookAgain && !stopped) {
          lookAgain = false;
          const began = performance.now();
          wait = await look();
          tookMs = [performance.now() - began, tookMs[0]!];
        }
      } catch (error) {
        deps.log.error({ err: error }, "the outbox could not be read");
        wait = 1000;
      }
      looking = null;
      if (timer) clearTimeout(timer);
      // Rows put off (`not_before`) come due without a wake, hence a look every few seconds at the least. Where thousands
      // wait, some come due every moment.
      if (!stopped) timer = setTimeout(wake, Math.min(Math.max(wait ?? 5000, restMs()), 5000));
    })();
  }

  /**
   * Something was committed; `attended` is the incident in which a person did something. In a storm that is so many times a
   * second, and looking each time would be most of the work: the first is looked at at once, the ones after it together.
   */
  function committed(attended: string | null = null): void {
    if (attended !== null) turns.attend(attended, clock());
    missed = resting !== null;
    if (missed || stopped) return;
    wake();
    resting = setTimeout(
      () => {
        resting = null;
        if (missed) committed();
      },
      Math.max(LEAST_GAP_MS, restMs()),
    );
  }

  /** Looking is never most of the work, however much waits. A single look may have been held up by something else. */
  function restMs(): number {
    return 10 * Math.min(...tookMs);
  }

  return {
    wake,
    committed,
    start() {
      stopped = false;
      wake();
    },
    /** Resolves once what is due has been tried, or after so long. */
    async tried(withinMs: number) {
      await looking;
      await Promise.race([Promise.all(working), sleep(withinMs, undefined, { ref: false })]);
    },
    /** Starts nothing more, and resolves when what was under way is settled. */
    async stop() {
      stopped = true;
      if (timer) clearTimeout(timer);
      if (resting) clearTimeout(resting);
      await looking;
      await Promise.allSettled(working);
    },
  };
}

/** Taken in by another incident before its first message: nobody has seen it, and nobody needs to. */
function isUnseen(row: OutboxRow, state: IncidentState): boolean {
  return row.ts === null && state.phase === "merged" && state.thread === null;
}

function placeOf(row: OutboxRow, state: IncidentState | null): Place {
  if (state === null) return { channel: row.channel, threadTs: null, mark: row.key };
  if (row.kind === "card") return { channel: state.channel, threadTs: null, mark: row.key };
  return {
    channel: state.thread?.channel ?? state.channel,
    threadTs: state.thread?.ts ?? null,
    mark: row.key,
  };
}
