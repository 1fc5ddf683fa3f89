import { parentPort, workerData } from "node:worker_threads";
import { openWriter, type WriterSettings } from "./writer.ts";

/** What the main thread sends. */
export type Request =
  | { id: number; job: Parameters<Awaited<ReturnType<typeof openWriter>>["submit"]>[0] }
  | { close: true };
export type Response =
  | { ready: true }
  | { id: number; result: unknown }
  | { id: number; fault: string }
  | { closed: true };

// The thread that owns the database file: transactions wait for the disk here, and the sockets are served meanwhile.
const port = parentPort!;
const send = (response: Response) => port.postMessage(response);
const writer = await openWriter(workerData as WriterSettings);

port.on("message", (request: Request) => {
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
