import { parentPort, workerData } from "node:worker_threads";
import type { LogAnswer, LogRequest } from "./app-logs.ts";
import { papersOf } from "./app-report.ts";
import type { Config } from "./config.ts";
import { openForReading } from "./store/open.ts";
import { readsOf } from "./store/reads.ts";

// The thread that reads whole logs, which may take seconds: the sockets are served meanwhile. One after another, as each may
// take hundreds of megabytes.
const port = parentPort!;
const db = openForReading(workerData as Config["database"], false);
const papers = papersOf(readsOf(db));
let last: Promise<unknown> = Promise.resolve();

async function take({ id, name, given }: LogRequest): Promise<void> {
  const draw = papers[name] as (...given: never[]) => Promise<unknown>;
  const answer: LogAnswer = await draw(...(given as never[])).then(
    (value) => ({ id, value }),
    (error: unknown) => ({
      id,
      fault: error instanceof Error ? (error.stack ?? error.message) : String(error),
    }),
  );
  port.postMessage(answer);
}

async function end(): Promise<void> {
  await db.destroy();
  port.close();
}

port.on("message", (request: LogRequest | "end") => {
  last = last.then(() => (request === "end" ? end() : take(request)));
});
