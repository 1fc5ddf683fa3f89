import { parentPort, workerData } from "node:worker_threads";
import { requestTemplate } from "./alerts.ts";
import { type Answer, type Connection, openConnection } from "./connection.ts";
import type { LoadOptions, LoadResult } from "./load.ts";
import { quantile } from "./stats.ts";

// The load generator, in a thread of its own, so that whatever else the bench times is not held up by it.
const options = workerData as LoadOptions;
const template = requestTemplate(options.perRequest, options.severity, options.startsAt);
const connections = await Promise.all(
  Array.from({ length: options.connections }, () => openConnection(options.port)),
);
const latencies: number[] = [];
const result: LoadResult = {
  requests: 0,
  alerts: 0,
  refused: 0,
  refusedWithoutRetryAfter: 0,
  errors: 0,
  unsent: 0,
  ids: 0,
  seconds: 0,
  rate: 0,
  p50: 0,
  p99: 0,
  max: 0,
};
let nextId = options.firstId;
let measuring = false;
let stopped = false;

function nextRequest(): Buffer {
  const ids: number[] = [];
  const groups: number[] = [];
  for (let n = 0; n < options.perRequest; n += 1) {
    const id =
      options.distinct === null ? nextId : options.firstId + ((nextId - options.firstId) % options.distinct);
    nextId += 1;
    ids.push(id);
    groups.push(options.firstGroup + (options.groups === null ? id : id % options.groups));
  }
  return template.fill(ids, groups);
}

function isOver(): boolean {
  return stopped || (options.alerts !== null && nextId - options.firstId >= options.alerts);
}

function note(answer: Answer, since: number): void {
  if (answer.status === 429 || answer.status === 503) {
    result.refused += 1;
    if (!/\r\nretry-after:/i.test(answer.head)) result.refusedWithoutRetryAfter += 1;
    return;
  }
  if (answer.status < 200 || answer.status > 299) {
    result.errors += 1;
    return;
  }
  if (!measuring) return;
  result.requests += 1;
  result.alerts += options.perRequest;
  latencies.push(performance.now() - since);
}

/** Each connection sends its next request when it has the answer to the last. */
async function closedLoop(connection: Connection): Promise<void> {
  while (!isOver()) {
    const request = nextRequest();
    const sentAt = performance.now();
    note(await connection.ask(request), sentAt);
  }
}

/** So many requests may wait for a free connection before further ones are counted as unsent. */
const MAX_DUE = 5_000;

/** Requests are due at a fixed rate, whatever becomes of those before; their time counts from when they were due. */
async function openLoop(perSecond: number): Promise<void> {
  const due: number[] = [];
  const free = [...connections];
  const startedAt = performance.now();
  let scheduled = 0;
  let underWay = 0;
  const send = () => {
    while (free.length > 0 && due.length > 0) {
      const connection = free.pop()!;
      const since = due.shift()!;
      underWay += 1;
      connection
        .ask(nextRequest())
        .then((answer) => note(answer, since))
        .catch(() => {
          result.errors += 1;
        })
        .finally(() => {
          underWay -= 1;
          free.push(connection);
          send();
        });
    }
  };
  while (!isOver()) {
    const now = performance.now();
    for (; startedAt + (scheduled * 1000) / perSecond <= now; scheduled += 1) {
      if (due.length < MAX_DUE) due.push(startedAt + (scheduled * 1000) / perSecond);
      else result.unsent += 1;
    }
    send();
    await new Promise((tick) => setTimeout(tick, 1));
  }
  due.length = 0;
  while (underWay > 0) await new Promise((tick) => setTimeout(tick, 1));
}

parentPort!.on("message", () => {
  stopped = true;
});
// The threads' clocks begin at different moments.
parentPort!.postMessage({ type: "started", at: performance.timeOrigin + performance.now() });
const warm = setTimeout(() => {
  measuring = true;
  measuredFrom = performance.now();
}, options.warmMs);
let measuredFrom = performance.now();
if (options.warmMs === 0) {
  clearTimeout(warm);
  measuring = true;
}
const end =
  options.forMs === null ? null : setTimeout(() => (stopped = true), options.warmMs + options.forMs);
await (options.perSecond === null
  ? Promise.all(
      connections.map((connection) =>
        closedLoop(connection).catch(() => {
          result.errors += 1;
        }),
      ),
    )
  : openLoop(options.perSecond));
clearTimeout(warm);
if (end) clearTimeout(end);
result.seconds = (performance.now() - measuredFrom) / 1000;
result.rate = result.alerts / result.seconds;
result.ids = nextId - options.firstId;
if (latencies.length > 0) {
  result.p50 = quantile(latencies, 0.5);
  result.p99 = quantile(latencies, 0.99);
  result.max = quantile(latencies, 1);
}
for (const connection of connections) connection.close();
parentPort!.postMessage({ type: "result", result });
parentPort!.close();
