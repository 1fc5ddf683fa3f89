import { createBacklog, createSourceWatch, spoken, type Trouble, type Waiting, watched } from "./troubles.ts";
import type { Writer } from "./writer.ts";

export type WatchDeps = {
  writer: Writer;
  outbox: {
    waiting(): Promise<Waiting[]>;
    undelivered(): Promise<{ pending: number; dead: number }>;
  };
  /** What is wrong with where the database is, in words; null where nothing is. */
  place(): string | null;
  /** Whether Slack reaches us; null where none is configured. */
  slack(): { ok: boolean; detail: string | null } | null;
  /** So long a message may wait, or Slack be out of reach, before that is trouble. */
  afterMs: number;
  /** Milliseconds that only ever grow. */
  clock: () => number;
};

/** What the bot knows of its own state: what /readyz, the metrics and the alarm about itself are made from. */
export function createWatch(deps: WatchDeps) {
  const { afterMs, clock } = deps;
  const writer = watched(deps.writer, clock);
  const sources = createSourceWatch(clock);
  const backlog = createBacklog(clock);
  let unreachableSince: number | null = null;

  async function outbox() {
    const { pending, dead } = await deps.outbox.undelivered();
    // Most of the time nothing waits, and there is nothing to read.
    const oldestMs = backlog.look(pending > 0 ? await deps.outbox.waiting() : []);
    return { waiting: pending, parked: dead, oldestMs, late: oldestMs > afterMs };
  }

  function slackTroubles(): Trouble[] {
    const health = deps.slack();
    if (!health || health.ok) unreachableSince = null;
    else unreachableSince ??= clock();
    if (unreachableSince === null || clock() - unreachableSince <= afterMs) return [];
    return [{ name: "slack", words: "Slack does not reach me: buttons and commands are not answered" }];
  }

  function placeTroubles(): Trouble[] {
    const place = deps.place();
    return place === null ? [] : [{ name: "database", words: `the database takes no writes: ${place}` }];
  }

  async function outboxTroubles(): Promise<Trouble[]> {
    const state = await outbox().catch(() => null);
    if (!state) return [{ name: "database", words: "the database cannot be read" }];
    const { parked, oldestMs, late } = state;
    return [
      ...(late
        ? [{ name: "outbox", words: `a message to Slack has been waiting for ${spoken(oldestMs)}` }]
        : []),
      ...(parked > 0
        ? [
            {
              name: "parked",
              words: `Slack refused ${parked === 1 ? "a message" : `${parked} messages`} for good. \`npm run -s breakwater -- outbox list\` says which and why, \`outbox retry\` tries again`,
            },
          ]
        : []),
    ];
  }

  return {
    /** The same writer, watched. */
    writer: writer.writer,
    outbox,
    /** Why nothing can be stored, in words; null where it can. */
    unwritable: () => deps.place() ?? writer.troubles()[0]?.words ?? null,
    lagMs: () => writer.lagMs(),
    /** How a request of a source was answered, by its HTTP status. */
    answered: sources.answered,
    async troubles(): Promise<Trouble[]> {
      const all = [
        ...(await outboxTroubles()),
        ...writer.troubles(),
        ...slackTroubles(),
        ...sources.troubles(),
        // Of two with one name the last counts: this one says why.
        ...placeTroubles(),
      ];
      return [...new Map(all.map((trouble) => [trouble.name, trouble])).values()];
    },
  };
}
export type Watch = ReturnType<typeof createWatch>;
