import { parentPort, workerData } from "node:worker_threads";
import { openWriter, type ThreadAnswer, type ThreadRequest, type WriterSettings } from "./writer.ts";

// The thread that owns the database file: transactions wait for the disk here, and the sockets are served meanwhile.
const port = parentPort!;
const send = (answer: ThreadAnswer) => port.postMessage(answer);
const writer = await openWriter(workerData as WriterSettings);

port.on("message", (request: ThreadRequest) => {
  if ("close" in request) {
    void writer.close().then(() => {
      send({ closed: true });
      port.close();
    });
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
});
send({ ready: true });
