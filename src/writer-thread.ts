import { parentPort } from "node:worker_threads";
import { Refusal } from "./core/refusal.ts";
import { Arrival } from "./engine/arrival.ts";
import type { Job } from "./engine/commit.ts";
import { settleWhenIdle } from "./settle.ts";
import { openForWriting } from "./store/open.ts";
import { type OpenedWriter, openWriter } from "./writer.ts";
import { type ThreadAnswer, type ThreadRequest, together } from "./writer-start.ts";

// The thread that owns the database file: transactions wait for the disk here, and the sockets are served meanwhile.
const port = parentPort!;
// The answers of one transaction, before the next one begins.
const send = together<ThreadAnswer>((answers) => port.postMessage(answers), queueMicrotask);
/** Opened first, and told nothing else before it has said that it is. */
let writer: OpenedWriter;

async function take(request: ThreadRequest): Promise<void> {
  if ("open" in request) {
    try {
      const waits = () => send({ waits: true });
      writer = await openWriter(request.open, openForWriting(request.open.database), { waits });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      send({ refused: { code: error.code, message: error.message } });
      return end();
    }
    settleWhenIdle();
    return send({ ready: true, statements: writer.statements });
  }
  if ("close" in request) {
    await writer.close();
    return end();
  }
  const { id } = request;
  try {
    send({ id, result: await writer.submit("job" in request ? request.job : ingestOf(request)) });
  } catch (error) {
    send({ id, fault: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
}

/** Once the last answers have left. Nothing else is waited for here, so the thread ends by itself then. */
function end(): void {
  setImmediate(() => port.close());
}

function ingestOf({ alerts, now }: Extract<ThreadRequest, { alerts: object[] }>): Job {
  return { type: "ingest", alerts: alerts.map((alert) => new Arrival(alert)), now };
}

port.on("message", (requests: ThreadRequest[]) => {
  for (const request of requests) void take(request);
});
