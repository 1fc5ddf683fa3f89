/**
 * Asks `fn` again and again until it answers something other than false, null or undefined, and returns that. An error
 * thrown by `fn` means "not yet" and is told if the time runs out. Only for what crosses a socket: logic is tested on a
 * clock the test advances.
 */
export async function waitFor<T>(
  fn: () => T | Promise<T>,
  { what, timeout = 15_000 }: { what: string; timeout?: number },
): Promise<Exclude<T, false | null | undefined>> {
  const deadline = performance.now() + timeout;
  let last = "";
  for (;;) {
    try {
      const result = await fn();
      if (result !== false && result !== null && result !== undefined)
        return result as Exclude<T, false | null | undefined>;
      last = `the last answer was ${String(result)}`;
    } catch (error) {
      last = `the last try failed: ${error instanceof Error ? error.message : String(error)}`;
    }
    if (performance.now() >= deadline) throw new Error(`Waited ${timeout} ms for ${what}; ${last}`);
    await new Promise((done) => setTimeout(done, 20));
  }
}
