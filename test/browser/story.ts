import { story } from "../../src/sandbox/story.ts";

type Json = Record<string, unknown>;
type Delivery = { path: string; body: Json };

/** The sandbox's first alerts once more, each tool now saying that all is well. */
export function resolvedStory(now: Date): Delivery[] {
  const at = now.toISOString();
  return story(now).map(({ path, body }): Delivery => {
    const sent = structuredClone(body) as Json;
    if (sent.run_results)
      return { path, body: { ...sent, run_results: succeeded(sent.run_results as Json, at) } };
    if (sent.alerts) {
      const alerts = (sent.alerts as Json[]).map((alert) => ({ ...alert, status: "resolved", endsAt: at }));
      return { path, body: { ...sent, status: "resolved", alerts } };
    }
    return { path, body: { ...sent, status: "resolved", try_number: 3, end_date: at, error: null } };
  });
}

function succeeded(run: Json, at: string): Json {
  const timing = [{ name: "execute", started_at: at, completed_at: at }];
  const results = (run.results as Json[]).map((result) => ({
    ...result,
    status: "success",
    message: "",
    timing,
  }));
  return { ...run, metadata: { ...(run.metadata as Json), generated_at: at }, results };
}

/** Sends deliveries to the bot as their tools would. */
export async function post(url: string, deliveries: Delivery[]): Promise<void> {
  for (const { path, body } of deliveries) {
    const answer = await fetch(url + path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
  }
}
