import { parentPort, workerData } from "node:worker_threads";
import { type FloorAlert, floorRows } from "./floor-rows.ts";

// Commits all that gathered while the last commit ran; there is no timer.
const rows = floorRows(workerData as string);
let queue: { id: number; alerts: FloorAlert[] }[] = [];

parentPort!.on("message", (request: { id: number; alerts: FloorAlert[] }) => {
  if (queue.push(request) === 1) setImmediate(commit);
});

function commit(): void {
  const batch = queue;
  queue = [];
  rows.commit(batch.map(({ alerts }) => alerts));
  parentPort!.postMessage(batch.map(({ id }) => id));
}
