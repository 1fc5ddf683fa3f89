import { Session } from "node:inspector/promises";
import { flushCompileCache } from "node:module";
import { performance } from "node:perf_hooks";

/** So long the start of a thread is over, and how often it is looked at whether it has anything to do. */
const LOOK_EVERY_MS = 5_000;
/** The part of its time that a thread with nothing to do is busy. */
const IDLE = 0.05;

/**
 * Once this thread has nothing to do after its start: what it compiled is written down for the next start, which a killed
 * process would not do, and the memory that only the start needed is given back, which is a third of all. Both hold the
 * thread for a few tenths of a second, so neither is done while there is work.
 */
export function settleWhenIdle(): void {
  let before = performance.eventLoopUtilization();
  const looking = setInterval(() => {
    const { utilization } = performance.eventLoopUtilization(before);
    before = performance.eventLoopUtilization();
    if (utilization > IDLE) return;
    clearInterval(looking);
    flushCompileCache();
    void collectGarbage();
  }, LOOK_EVERY_MS).unref();
}

/**
 * By itself V8 collects when it needs room, which an idle bot hardly ever does. Asked of the thread's own inspector,
 * which opens no port: to turn on `gc()` in a running process can crash it (nodejs.org/api/v8.html, setFlagsFromString).
 */
async function collectGarbage(): Promise<void> {
  const session = new Session();
  session.connect();
  await session.post("HeapProfiler.collectGarbage");
  session.disconnect();
}
