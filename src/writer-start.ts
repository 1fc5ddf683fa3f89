import type { Worker } from "node:worker_threads";
import { Refusal } from "./core/refusal.ts";
import type { ArrivalText } from "./engine/arrival.ts";
import type { Job, JobResult } from "./engine/commit.ts";
import type { StatementInForce } from "./engine/ports.ts";
import type { OpenedWriter } from "./writer.ts";
import { loadWriterThread } from "./writer-load.ts";
import type { WriterSettings } from "./writer-settings.ts";

/** What passes between this thread and the writer's (src/writer-thread.ts). */
export type ThreadRequest =
  | { open: WriterSettings }
  | { id: number; job: Job }
  | { id: number; alerts: ArrivalText[]; now: string }
  /** The thread then ends. */
  | { close: true };
export type ThreadAnswer =
  /** Another bot has the database, and is waited for. */
  | { waits: true }
  | { ready: true; statements: StatementInForce[] }
  /** It could not be opened; the thread then ends. */
  | { refused: Pick<Refusal, "code" | "message"> }
  | { id: number; result: JobResult }
  | { id: number; fault: string };

/**
 * Passes on in one go what comes until `soon` calls, or until `isMuch`: crossing to another thread costs as much for one
 * as for many.
 */
export function together<Each>(
  pass: (all: Each[]) => void,
  soon: (go: () => void) => void,
  isMuch: (gathered: Each[]) => boolean = () => false,
): (each: Each) => void {
  let gathered: Each[] = [];
  const go = () => {
    const all = gathered;
    gathered = [];
    if (all.length > 0) pass(all);
  };
  return (each) => {
    gathered.push(each);
    if (isMuch(gathered)) go();
    else if (gathered.length === 1) soon(go);
  };
}

/** So many alerts do not wait until all sockets are read: the writer would have nothing to do meanwhile. */
const MANY_ALERTS = 8;

function areMany(requests: ThreadRequest[]): boolean {
  let alerts = 0;
  for (const request of requests) if ("alerts" in request) alerts += request.alerts.length;
  return alerts >= MANY_ALERTS;
}

/**
 * Starts the one writer: in a thread of its own for a file (a commit waits for the disk there), in this thread for
 * Postgres (which waits for the network). `failed` is called if the thread dies, or another bot has the database; nothing
 * can be stored after that. `waits` is called if another bot has it to begin with.
 */
export async function startWriter(
  settings: WriterSettings,
  failed: (error: Error) => void,
  thread?: Worker,
  waits: () => void = () => {},
): Promise<OpenedWriter> {
  if (settings.database.type === "sqlite")
    return openIn(thread ?? loadWriterThread(), settings, failed, waits);
  await thread?.terminate();
  const { openWriter } = await import("./writer.ts");
  return openWriter(settings, undefined, { waits, lost: failed });
}

function openIn(
  thread: Worker,
  settings: WriterSettings,
  failed: (error: Error) => void,
  waits: () => void,
): Promise<OpenedWriter> {
  thread.ref();
  const waiting = new Map<number, { resolve(result: JobResult): void; reject(error: Error): void }>();
  // What the sockets bring in one turn of the loop.
  const send = together<ThreadRequest>((requests) => thread.postMessage(requests), setImmediate, areMany);
  let started = false;
  let closing = false;
  /** Why there is no thread any more; what is submitted then would wait for ever. */
  let gone: Error | null = null;
  let next = 1;

  return new Promise((ready, refuse) => {
    const fail = (error: Error) => {
      if (gone) return;
      gone = error;
      refuse(error);
      for (const job of waiting.values()) job.reject(error);
      waiting.clear();
      closed();
      // Whoever is still waiting for the start is told by the refusal above.
      if (started && !closing) failed(error);
    };
    let closed: () => void = () => {};
    thread.on("error", fail);
    thread.on("exit", (code) => fail(new Error(`the writer thread ended with code ${code}`)));
    const hear = (response: ThreadAnswer) => {
      if ("waits" in response) return waits();
      if ("ready" in response) {
        started = true;
        return ready({ submit, close, statements: response.statements });
      }
      if ("refused" in response) return fail(new Refusal(response.refused.code, response.refused.message));
      const job = waiting.get(response.id);
      waiting.delete(response.id);
      if ("fault" in response) job?.reject(new Error(response.fault));
      else job?.resolve(response.result);
    };
    thread.on("message", (responses: ThreadAnswer[]) => responses.forEach(hear));
    const submit = (job: Job) =>
      new Promise<JobResult>((resolve, reject) => {
        if (gone) return reject(gone);
        const id = next++;
        waiting.set(id, { resolve, reject });
        // People and Slack do not wait until all sockets are read.
        if (job.type !== "ingest") return thread.postMessage([{ id, job }] satisfies ThreadRequest[]);
        send({ id, alerts: job.alerts, now: job.now });
      });
    const close = () => {
      closing = true;
      return new Promise<void>((done) => {
        if (gone) return done();
        closed = done;
        send({ close: true });
      });
    };
    send({ open: settings });
  });
}
