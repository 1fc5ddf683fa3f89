import { Worker } from "node:worker_threads";
import type { Papers } from "./app-report.ts";
import type { Config } from "./config.ts";

/** What passes between this thread and the one that reads logs (src/app-logthread.ts). */
export type LogRequest = { id: number; name: keyof Papers; given: unknown[] };
export type LogAnswer = { id: number; value: unknown } | { id: number; fault: string };

/** What 200,000 events need. Beyond that the thread ends, and nothing else; `breakwater export` has all that there is. */
const MOST_MB = 1024;

/** A log that is asked for is often asked for again; a thread with nothing to do takes 30 MB. */
const IDLE_MS = 60_000;

type Thread = { worker: Worker; waiting: Map<number, PromiseWithResolvers<unknown>> };

/**
 * A thread that draws what is drawn from whole logs, started for the first and ended when there is no more. Should it die
 * (a log may be too long for its memory), who waits for it is told, and the next has one of its own.
 */
export function logThread(database: Config["database"]) {
  let thread: Thread | null = null;
  let next = 1;
  let idle: NodeJS.Timeout | undefined;

  function start(): Thread {
    const worker = new Worker(new URL("./app-logthread.ts", import.meta.url), {
      workerData: database,
      resourceLimits: { maxOldGenerationSizeMb: MOST_MB },
    });
    const started: Thread = { worker, waiting: new Map() };
    const fail = (error: Error) => {
      if (thread === started) thread = null;
      for (const { reject } of started.waiting.values()) reject(error);
      started.waiting.clear();
    };
    worker.on("error", fail);
    worker.on("exit", (code) => fail(new Error(`the thread that reads logs ended with code ${code}`)));
    worker.on("message", (answer: LogAnswer) => {
      const asked = started.waiting.get(answer.id);
      started.waiting.delete(answer.id);
      if ("fault" in answer) asked?.reject(new Error(answer.fault));
      else asked?.resolve(answer.value);
      if (started.waiting.size === 0) idle = setTimeout(close, IDLE_MS).unref();
    });
    // Whoever waits for an answer keeps the process going, if anything is to.
    worker.unref();
    return started;
  }

  /** Ends it; what it has not answered is rejected. */
  async function close(): Promise<void> {
    clearTimeout(idle);
    if (!thread) return;
    const { worker, waiting } = thread;
    thread = null;
    if (waiting.size > 0) return void (await worker.terminate());
    worker.postMessage("end" satisfies LogRequest | "end");
    // Not `once` of node:events, which rejects where the thread fails to end well: it has ended all the same.
    await new Promise<void>((ended) => worker.once("exit", () => ended()));
  }

  return {
    ask(name: keyof Papers, given: unknown[]): Promise<unknown> {
      clearTimeout(idle);
      thread ??= start();
      const id = next++;
      const asked = Promise.withResolvers<unknown>();
      thread.waiting.set(id, asked);
      thread.worker.postMessage({ id, name, given } satisfies LogRequest);
      return asked.promise;
    },
    close,
  };
}
