import { parentPort, workerData } from "node:worker_threads";
import {
  openWriter,
  type ThreadAnswer,
  type ThreadRequest,
  together,
  type WriterSettings,
} from "./writer.ts";

// The thread that owns the database file: transactions wait for the disk here, and the sockets are served meanwhile.
const port = parentPort!;
// The answers of one transaction, before the next one begins.
const send = together<ThreadAnswer>((answers) => port.postMessage(answers), queueMicrotask);
const writer = await openWriter(workerData as WriterSettings);

function take(request: ThreadRequest): void {
  if ("close" in request) {
    // Whoever asked ends the thread then.
    void writer.close().then(() => send({ closed: true }));
    return;
  }
  writer.submit(request.job).then(
    (result) => send({ id: request.id, result }),
    (error: unknown) =>
      send({
        id: request.id,
        fault: error instanceof Error ? (error.stack ?? error.message) : String(error),
      }),
  );
}

port.on("message", (requests: ThreadRequest[]) => requests.forEach(take));
send({ ready: true });
