import { setImmediate as endOfTurn, setTimeout as sleep } from "node:timers/promises";

/**
 * Reading and drawing holds the process. So of many reads that come together one begins after the other, and in between
 * alerts are taken: for a moment, as a turn of the event loop accepts one connection. One that comes alone begins at once.
 */
export function oneAfterAnother(): () => Promise<void> {
  /** Over when the next may begin; null where nobody has just begun. */
  let pause: Promise<void> | null = null;
  return async () => {
    const before = pause;
    const mine = (before ?? Promise.resolve()).then(async () => {
      await endOfTurn();
      await sleep(1);
      if (pause === mine) pause = null;
    });
    pause = mine;
    await before;
  };
}
