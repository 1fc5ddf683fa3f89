import { Worker } from "node:worker_threads";

/** The writer's thread, which loads its code while this one loads its own. It holds no process up until it is opened. */
export function loadWriterThread(): Worker {
  const thread = new Worker(new URL("./writer-thread.ts", import.meta.url));
  thread.unref();
  return thread;
}
