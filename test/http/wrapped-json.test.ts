/** JSON within a form, a text of JSON or base64 is held to the limits of a body: it is parsed by the same process. */
import { expect, test } from "vitest";
import { SOURCES } from "../../src/source/registry.ts";
import { edgeDeps, startEdge } from "./harness.ts";

const FORM = "application/x-www-form-urlencoded";
const JSON_TYPE = "application/json";
const glue = (x: string) =>
  `{"id":"1","detail-type":"Glue Job State Change","source":"aws.glue","account":"4","region":"eu-west-1","time":"2026-11-22T03:10:00Z","detail":{"jobName":"j","state":"FAILED","jobRunId":"jr","x":${x}}}`;
const event = { specversion: "1.0", id: "1", type: "load.failed", source: "shop" };
const base64 = (x: string) => ({
  ...event,
  data_base64: Buffer.from(`{"title":"t","status":"firing","x":${x}}`).toString("base64"),
});
const failedTest = {
  alert_class_id: "a",
  alert_id: "1",
  test_unique_id: "test.shop.n",
  test_name: "n",
  status: "fail",
};
const push = (x: string) =>
  `{"ref":"refs/heads/main","after":"abc","before":"def","repository":{"full_name":"a/b"},"head_commit":{"id":"abc","message":"m","timestamp":"2026-11-22T03:10:00Z"},"commits":[],"x":${x}}`;
const slack = (x: string) => `{"text":"t failed","x":${x}}`;
const datadog = (x: string) =>
  `{"title":"[Triggered] t","alert_transition":"Triggered","alert_id":"1","x":${x}}`;
const form = (payload: string) => `payload=${encodeURIComponent(payload)}`;

/** The wrapping, the address, how a value gets into it, and its type. */
const WRAPPED: [string, string, (x: string) => string, string][] = [
  ["SNS", "alerts/eventbridge", (x) => JSON.stringify({ Type: "Notification", Message: glue(x) }), JSON_TYPE],
  ["a queue", "alerts/eventbridge", (x) => JSON.stringify({ Records: [{ body: glue(x) }] }), JSON_TYPE],
  ["GitHub's form", "changes/github", (x) => form(push(x)), FORM],
  ["GitHub's JSON", "changes/github", push, JSON_TYPE],
  ["Datadog's form", "alerts/datadog", (x) => form(datadog(x)), FORM],
  ["Datadog's JSON", "alerts/datadog", datadog, JSON_TYPE],
  ["Slack's form", "alerts/slack-webhook", (x) => form(slack(x)), FORM],
  ["Slack's JSON", "alerts/slack-webhook", slack, JSON_TYPE],
  ["base64", "alerts/cloudevents", (x) => JSON.stringify(base64(x)), "application/cloudevents+json"],
  ["a column", "alerts/elementary", (x) => JSON.stringify({ ...failedTest, model_meta: x }), JSON_TYPE],
];

const start = () =>
  startEdge({
    sources: SOURCES,
    config: { ...edgeDeps().deps.config, sandbox: true, maxBodyBytes: 32 * 2 ** 20 },
  });

test.each(WRAPPED)("%s", async (_what, path, wrap, type) => {
  const edge = await start();
  const post = async (x: string) => {
    const answer = await fetch(`${edge.url}/v1/${path}`, {
      method: "POST",
      body: wrap(x),
      headers: { "content-type": type },
    });
    const { detail } = (await answer.json()) as { detail?: string };
    return [answer.status, detail];
  };
  expect(await post(`${"[".repeat(90)}${"]".repeat(90)}`)).toEqual([200, undefined]);
  const taken = edge.engine.ingested.length + edge.engine.recorded.length;
  expect(taken).toBe(1);
  expect(await post(`${"[".repeat(101)}${"]".repeat(101)}`)).toEqual([
    expect.toBeOneOf([400, 422]),
    expect.stringContaining("is nested deeper than 100 levels."),
  ]);
  expect(await post(`[${"[],".repeat(2_000_001)}1]`)).toEqual([
    expect.toBeOneOf([400, 422]),
    expect.stringContaining("has more than 2,000,000 objects and lists. Send it in several."),
  ]);
  expect(edge.engine.ingested.length + edge.engine.recorded.length).toBe(taken);
});

test.each(["alerts/datadog", "alerts/slack-webhook", "changes/github"])(
  "%s takes no form of very many fields",
  async (path) => {
    const { url } = await start();
    const body = `payload=1${"&a".repeat(5_000_000)}`;
    const answer = await fetch(`${url}/v1/${path}`, {
      method: "POST",
      body,
      headers: { "content-type": FORM },
    });
    expect([answer.status, await answer.json()]).toMatchObject([
      422,
      { detail: "The form has more than 1,000 fields." },
    ]);
  },
);

test("a text that only looks like JSON is a text still", async () => {
  const { url, engine } = await start();
  const text = `[nightly] ${"[".repeat(20)} "load failed`;
  const answer = await fetch(`${url}/v1/alerts/slack-webhook`, {
    method: "POST",
    body: JSON.stringify({ text }),
    headers: { "content-type": JSON_TYPE },
  });
  expect(answer.status).toBe(200);
  expect(engine.ingested).toMatchObject([{ status: "firing" }]);
});
