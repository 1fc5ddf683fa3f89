/** An answer later than this counts as none. */
const TIMEOUT_MS = 10_000;

export type HeartbeatDeps = {
  /** Where somebody waits for it; whoever knows it can keep the silence from being heard, so it is a secret. */
  url: string;
  everyMs: number;
  /** Whether all is well: without that, no beat. */
  ready: () => Promise<boolean>;
  fetch: typeof fetch;
  log: { warn(fields: object, message: string): void };
};

/**
 * The dead man's switch: a GET now and then for as long as all is well, at a service that calls somebody when none came
 * (healthchecks.io and its like). What tells of our end cannot be ourselves. Returns what ends it.
 */
export function startHeartbeat({ url, everyMs, ready, fetch, log }: HeartbeatDeps): () => void {
  async function beat(): Promise<void> {
    if (!(await ready())) return;
    // Not followed elsewhere: the address is the one that was configured, or it is wrong.
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const answer = await fetch(url, { redirect: "error", signal });
    await answer.body?.cancel();
    if (!answer.ok) throw new Error(`it was answered ${answer.status}`);
  }
  // An error of the network may name the address, and the log keeps no secrets.
  const told = (error: unknown) =>
    log.warn({ reason: withoutAddress(error) }, "the heartbeat did not reach whoever waits for it");
  const run = () => void beat().catch(told);
  run();
  const timer = setInterval(run, everyMs);
  return () => clearInterval(timer);
}

function withoutAddress(error: unknown): string {
  const words = error instanceof Error ? error.message : String(error);
  return words.replaceAll(/https?:\/\/\S+/g, "(the address)");
}
