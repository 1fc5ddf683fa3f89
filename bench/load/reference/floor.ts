/**
 * What is the least that has to be done: node:http, JSON.parse, and rows of SQLite, without anything that makes a
 * product. It answers at the same address as the product and takes the same bytes. `BENCH_MODE`:
 *
 * - `group`: one writer in a thread of its own commits all that has gathered, with WAL and synchronous=FULL;
 * - `each`: one such transaction a request, in this thread, as is usual;
 * - `parse`: parses, and stores nothing.
 */
import { createServer } from "node:http";
import { Worker } from "node:worker_threads";
import { type FloorAlert, floorRows } from "./floor-rows.ts";

const { BENCH_MODE: mode = "group", BENCH_FILE: file = "", PORT: port = "0" } = process.env;

type Store = (alerts: FloorAlert[]) => Promise<void>;

const stores: Record<string, () => Store> = {
  parse: () => async () => {},
  each: () => {
    const rows = floorRows(file);
    return async (alerts) => rows.commit([alerts]);
  },
  group: () => {
    const writer = new Worker(new URL("./floor-writer.ts", import.meta.url), { workerData: file });
    const waiting = new Map<number, () => void>();
    let next = 1;
    writer.on("message", (ids: number[]) => {
      for (const id of ids) {
        waiting.get(id)?.();
        waiting.delete(id);
      }
    });
    writer.on("error", (error) => {
      throw error;
    });
    return (alerts) =>
      new Promise((stored) => {
        const id = next++;
        waiting.set(id, stored);
        writer.postMessage({ id, alerts });
      });
  },
};

const store = stores[mode]!();
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    if (request.method !== "POST") return void response.end("ok");
    const alerts: FloorAlert[] = JSON.parse(Buffer.concat(chunks).toString());
    store(alerts).then(
      () => response.writeHead(200, { "content-type": "application/json" }).end("{}"),
      () => response.writeHead(500).end(),
    );
  });
});
server.listen(Number(port), "127.0.0.1");
process.on("SIGTERM", () => process.exit(0));
