import type { Config } from "./config.ts";
import type { Reads } from "./engine/ports.ts";
import type { waitingOf } from "./store/parked.ts";
import type { OutboxReads } from "./store/reads.ts";

type AllReads = Reads & OutboxReads;

export type OpenReads = {
  reads: AllReads;
  waiting(): ReturnType<typeof waitingOf>;
  close(): Promise<void>;
};

/**
 * The reads of a database that the writer has opened. What they are made with is loaded for the first of them: alerts
 * are stored by the writer, and none waits for this.
 */
export function readLater(database: Config["database"]): OpenReads {
  let opening: ReturnType<typeof open> | null = null;
  const opened = () => {
    opening ??= open(database);
    return opening;
  };
  const reads = new Proxy({} as AllReads, {
    get:
      (_, name: keyof AllReads) =>
      async (...given: never[]) => {
        const read = (await opened()).reads[name] as (...given: never[]) => unknown;
        return read(...given);
      },
  });
  return {
    reads,
    waiting: async () => (await opened()).waiting(),
    async close() {
      await (await opening)?.close();
    },
  };
}

async function open(database: Config["database"]): Promise<OpenReads> {
  const { openForReading } = await import("./store/open.ts");
  const { readsOf } = await import("./store/reads.ts");
  const { waitingOf } = await import("./store/parked.ts");
  const db = openForReading(database, false);
  return { reads: readsOf(db), waiting: () => waitingOf(db), close: () => db.destroy() };
}
