import { setTimeout as sleep } from "node:timers/promises";

/** Asks every few ms until it is so; rejects after `withinMs`. */
export async function until(isSo: () => boolean, what: string, withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error(`waited ${withinMs} ms for ${what}`);
    await sleep(2);
  }
}
