import { logThread } from "./app-logs.ts";
import { type Papers, papersOf } from "./app-report.ts";
import type { Config } from "./config.ts";
import type { Reads } from "./engine/ports.ts";
import type { waitingOf } from "./store/parked.ts";
import type { OutboxReads } from "./store/reads.ts";

type AllReads = Reads & OutboxReads;

type OpenReads = {
  reads: AllReads;
  waiting(): ReturnType<typeof waitingOf>;
  close(): Promise<void>;
};

/** So many events are read and drawn in some ten milliseconds; nobody notices that. */
const SHORT_LOG = 500;

/**
 * The reads of a database that the writer has opened. What they are made with is loaded for the first of them: alerts
 * are stored by the writer, and none waits for this. What is drawn from a long log is drawn in a thread of its own.
 */
export function readLater(database: Config["database"]): OpenReads & Pick<Papers, "report"> {
  let opening: ReturnType<typeof open> | null = null;
  const opened = () => {
    opening ??= open(database);
    return opening;
  };
  const logs = logThread(database);
  const drawn = <Name extends keyof Papers>(name: Name) =>
    (async (...given: [string, ...never[]]) => {
      const { reads } = await opened();
      if ((await reads.length(given[0])) > SHORT_LOG) return logs.ask(name, given);
      return (papersOf(reads)[name] as (...given: [string, ...never[]]) => unknown)(...given);
    }) as Papers[Name];
  const long: Partial<AllReads> = {
    story: drawn("story"),
    timeline: drawn("timeline"),
    relations: drawn("relations"),
  };
  const reads = new Proxy({} as AllReads, {
    get: (_, name: keyof AllReads) =>
      long[name] ??
      (async (...given: never[]) => {
        const read = (await opened()).reads[name] as (...given: never[]) => unknown;
        return read(...given);
      }),
  });
  return {
    reads,
    report: drawn("report"),
    waiting: async () => (await opened()).waiting(),
    async close() {
      await logs.close();
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
