import { describe, expect, test } from "vitest";
import { assetId } from "../../src/core/signal/asset.ts";
import { withoutTokens } from "../../src/source/slack-text.ts";
import { slackWebhook } from "../../src/source/slack-webhook.ts";
import { fixture, request } from "./fixtures.ts";

const read = (name: string) => slackWebhook.read(fixture("slack-webhook", name)).alerts;
const say = (text: string, more: object = {}) => slackWebhook.read(request({ text, ...more })).alerts[0]!;

describe("the secret", () => {
  const at =
    (path: string, more: object = {}) =>
    () =>
      slackWebhook.authenticate(request({}, { path, ...more }), ["lamp/1", "wick"]);

  test("is the end of the address, as at Slack", () => {
    for (const path of [
      "/slack/incoming/wick",
      "/slack/incoming/wick/",
      "/slack/incoming/wick?x=1",
      "/slack/incoming/lamp%2F1",
    ])
      expect(at(path)).not.toThrow();
  });

  test("may also be a bearer token or ?token=", () => {
    expect(at("/v1/alerts/slack-webhook", { headers: { authorization: "Bearer wick" } })).not.toThrow();
    expect(at("/v1/alerts/slack-webhook", { query: { token: "wick" } })).not.toThrow();
  });

  test("is needed", () => {
    for (const path of [
      "/slack/incoming/",
      "/slack/incoming/wic",
      "/slack/incoming/wick/more",
      "/slack/incoming/%E0%A4%A",
      "",
    ])
      expect(at(path)).toThrow(/secret/);
  });
});

describe("the body", () => {
  const parse = (body: string, type = "application/json") =>
    slackWebhook.parse(request(null, { rawBody: Buffer.from(body), headers: { "content-type": type } }));

  test("is JSON, or JSON in a form", () => {
    const form = `payload=${encodeURIComponent('{"text":"a+b & c"}')}`;
    expect(parse('{"text":"a"}')).toEqual({ text: "a" });
    expect(parse(form, "application/x-www-form-urlencoded")).toEqual({ text: "a+b & c" });
    expect(parse(form)).toEqual({ text: "a+b & c" });
    expect(parse('{"text":"a"}', "application/x-www-form-urlencoded")).toEqual({ text: "a" });
  });

  test("that is neither is refused", () => {
    expect(() => parse("payload=x", "application/x-www-form-urlencoded")).toThrow(/payload/);
    expect(() => parse("hello")).toThrow(/JSON/);
    for (const body of [
      null,
      [],
      "x",
      {},
      { text: " " },
      { blocks: [{ type: "divider" }], attachments: [{}] },
    ])
      expect(() => slackWebhook.read(request(body))).toThrow(/text|object/);
  });

  test("whose template was not filled in is refused", () =>
    expect(() => say("DAG {{ dag.dag_id }} failed")).toThrow(/template/));
});

describe("Elementary", () => {
  test("a warning that becomes a failure is one thing, the same test of another column is another", () => {
    const message = (status: string, word: string, column: string) =>
      slackWebhook.read(
        request({
          blocks: [
            {
              type: "header",
              text: { type: "plain_text", text: `${word}: "unique" test failed on lake.orders` },
            },
            {
              type: "section",
              text: { type: "mrkdwn", text: `*Test:* unique | *Status:* ${status} | *Time:* N/A` },
            },
          ],
          attachments: [
            { blocks: [{ type: "section", fields: [{ type: "mrkdwn", text: `*Column*\n${column}` }] }] },
          ],
        }),
      ).alerts[0]!;
    const [warned, failed, other] = [
      message("warn", "Warning", "a"),
      message("fail", "Failure", "a"),
      message("fail", "Failure", "b"),
    ];
    expect(failed.dedupKey).toBe(warned.dedupKey);
    expect([warned.severity, failed.severity]).toEqual(["warning", "error"]);
    expect(other.dedupKey).not.toBe(failed.dedupKey);
    expect(failed.assets.map(assetId)).toEqual(["elementary/lake.orders"]);
  });

  test("a group is read line by line", () => {
    const alerts = read("elementary-group");
    expect(alerts.map((alert) => [alert.severity, alert.assets.map(assetId).join()])).toEqual([
      ["error", "elementary/returns"],
      ["error", "elementary/lake.logistics.shipments"],
      ["warning", "elementary/lake.logistics.depots"],
      ["warning", ""],
    ]);
    expect(alerts.map((alert) => alert.links.length)).toEqual([1, 1, 1, 0]);
    expect(new Set(alerts.map((alert) => alert.dedupKey)).size).toBe(4);
  });

  test("tables are named where ?namespace= says", () => {
    const sent = { ...fixture("slack-webhook", "elementary-test-failed"), query: { namespace: "bigquery" } };
    expect(slackWebhook.read(sent).alerts[0]!.assets.map(assetId)).toEqual([
      "bigquery/lake.logistics.shipments",
    ]);
  });
});

test("a checkpoint of Great Expectations that passes ends its failure", () => {
  const [failed] = read("great-expectations-failure");
  const [passed] = read("great-expectations-success");
  expect([failed!.status, passed!.status]).toEqual(["firing", "resolved"]);
  expect(passed!.dedupKey).toBe(failed!.dedupKey);
  expect(failed!.labels).toMatchObject({ tool: "great-expectations", checkpoint: "nightly_depots" });
});

test.each([
  ["The dag nightly failed", "airflow/nightly", "firing"],
  ["The task load failed", "airflow/load", "firing"],
  ["DAG nightly task load failed at 2026-11-22T03:00:00+00:00.", "airflow/nightly/load", "firing"],
  [":red_circle: Task Failed.\n*Task*: load\n*Dag*: nightly", "airflow/nightly/load", "firing"],
  [":heavy_check_mark: Task Succeeded.\n*Task*: load\n*Dag*: nightly", "airflow/nightly/load", "resolved"],
  ["✅ *Pipeline succeeded*\n• DAG: `nightly`\n• Run: `manual__1`", "airflow/nightly", "resolved"],
])("of Airflow's notifier %j is %s, %s", (text, key, status) => {
  expect(say(text)).toMatchObject({ dedupKey: key, status, labels: { tool: "airflow" } });
});

test("a suite of Great Expectations 0.x is read the same where GX Cloud links its status", () => {
  const suite = (state: string, name: string) =>
    say(`${name}: ${state}`, {
      blocks: [
        {
          type: "section",
          text: {
            type: "mrkdwn",
            text:
              "*<https://gx.example/1 | Validation Result>*\n" +
              `*Batch Validation Status*: *<https://gx.example/1 | ${state}>*\n            \n` +
              `*Expectation suite name*: \`${name}\`\n*Data asset name*: \`depots\`\n*Run ID*: \`r\`\n` +
              "*Batch ID*: `b`\n*Summary*: *3* of *4* expectations were met",
          },
        },
      ],
    });
  const [plain] = read("great-expectations-0x");
  const failed = suite("Failed :x:", "depots.strict");
  const passed = suite("Success :tada:", "depots.strict");
  expect([failed.dedupKey, failed.status]).toEqual([plain!.dedupKey, "firing"]);
  expect([passed.dedupKey, passed.status]).toEqual([plain!.dedupKey, "resolved"]);
  expect(suite("Failed :x:", "depots.warning").dedupKey).not.toBe(failed.dedupKey);
});

describe("a message of nobody in particular", () => {
  test.each([
    ["✅ load succeeded", "resolved"],
    [":white_check_mark: all good", "resolved"],
    ["[RESOLVED] load failed", "resolved"],
    ["Recovered: load", "resolved"],
    ["RECOVERY - load failed on db1", "resolved"],
    [":white_check_mark: [RESOLVED] load failed", "resolved"],
    ["Alert resolved: load failed", "resolved"],
    [":white_check_mark: Incident was resolved - load failed", "resolved"],
    ["Alert resolved too early: load failed", "firing"],
    ["Alert: load failed, not resolved", "firing"],
    ["✅ OK", "resolved"],
    ["Recovery job failed", "firing"],
    ["Fixed income positions: load failed", "firing"],
    ["OK rate below threshold: load failed", "firing"],
    ["Success rate of nightly load is down to 40%", "firing"],
    ["12 tests passed, 0 failed", "resolved"],
    ["load finished without errors :tada:", "resolved"],
    ["❌ load failed", "firing"],
    ["load was not successful", "firing"],
    ["3 passed, 1 failed", "firing"],
    ["unsuccessful load", "firing"],
    ["something odd in orders", "firing"],
    [":rotating_light: orders", "firing"],
  ])("%j is %s", (text, status) => expect(say(text).status).toBe(status));

  test("is ended by its counterpart, whatever number and time it names", () => {
    const key = say("❌ nightly load failed after 12 minutes at 2026-11-22 03:10 (#4711)").dedupKey;
    expect(say("✅ nightly load succeeded").dedupKey).toBe(key);
    expect(say("❌ hourly load failed").dedupKey).not.toBe(key);
    expect(read("form-payload")[0]!.dedupKey).toBe(read("all-is-well")[0]!.dedupKey);
    expect(say("Alert resolved: nightly load failed").dedupKey).toBe(key);
    expect(say("❌ shard 3 failed").dedupKey).not.toBe(say("❌ shard 4 failed").dedupKey);
  });

  test("is told apart by what its facts name", () => {
    const on = (Table: string) =>
      say("Check failed", { attachments: [{ fields: [{ title: "Table", value: Table }] }] });
    expect(on("a").dedupKey).not.toBe(on("b").dedupKey);
    expect(on("shop.orders").assets.map(assetId)).toEqual(["slack-webhook/shop.orders"]);
  });

  test("has no tool, and says what its identity rests on", () => {
    expect(say("odd").labels.tool).toBeUndefined();
    expect(say("odd").warnings.join()).toMatch(/title/);
  });
});

test("tokens of Slack become plain words, and links are kept", () => {
  const { text, links } = withoutTokens(
    "<!channel> <!here|here> <!subteam^S1|@night> <!subteam^S2> <@U1> <@U2|ann> <#C1|ops> <#C2> " +
      "<https://a.example/?a=1&amp;b=2|run &lt;9&gt;> <https://b.example> <mailto:x> <!date^1^{date}|today> a &lt; b",
  );
  expect(text).toBe("@channel here @night @S2 @U1 @ann #ops #C2 run <9> https://b.example x today a < b");
  expect(links).toEqual([
    { title: "run <9>", url: "https://a.example/?a=1&b=2" },
    { title: "Link", url: "https://b.example" },
  ]);
});

test("only web addresses become links", () =>
  expect(say("odd <javascript:alert(1)|x> <https://a.example|y>").links.map((link) => link.url)).toEqual([
    "https://a.example",
  ]));

test("huge and hostile messages are read in reasonable time", () => {
  const started = performance.now();
  for (const piece of [
    "*a",
    "<",
    "<x|",
    "_a ",
    "`",
    "**",
    ": ",
    ":a",
    "😀",
    "\n",
    "* *: ",
    "*Ab*: ",
    "https://",
    "<!",
    "  ",
  ]) {
    const text = `x ${piece.repeat(100_000)}`;
    say(text, {
      attachments: [{ title: text, text, fields: [{ title: text, value: text }], fallback: text }],
    });
    const blocks = Array.from({ length: 300 }, () => ({
      type: "section",
      text: { type: "mrkdwn", text: piece.repeat(1000) },
    }));
    slackWebhook.read(request({ text: "x", blocks }));
  }
  let deep: unknown = [{ type: "text", text: "deep" }];
  for (let i = 0; i < 20_000; i += 1) deep = [{ type: "rich_text_section", elements: deep }];
  slackWebhook.read(request({}, { body: { text: "x", blocks: [{ type: "rich_text", elements: deep }] } }));
  expect(performance.now() - started).toBeLessThan(10_000);
});

test("a test that warns and errors in one group of Elementary is an error", () => {
  const section = (text: string) => ({ type: "section", text: { type: "mrkdwn", text } });
  const line = '*"unique" test failed on orders* - <https://elementary.example/t|View Report>';
  const { alerts } = slackWebhook.read(
    request({
      blocks: [{ type: "header", text: { type: "plain_text", text: "Error: 2 issues detected" } }],
      attachments: [
        {
          blocks: [
            section("*Test Warnings*"),
            section(`⚠️ ${line}`),
            section("*Test Errors*"),
            section(`❗ ${line}`),
          ],
        },
      ],
    }),
  );
  expect(alerts.map(({ severity, title }) => [severity, title])).toEqual([
    ["error", '"unique" test failed on orders'],
  ]);
});

test("Prefect's notifications are about their flow, whatever subject they have and whichever run it is", () => {
  const said = (flow: string, run: string, state: string) =>
    `Flow run ${flow}/${run} observed in state \`${state}\` at 2026-11-22T03:04:05.123456+00:00.\nFlow ID: f1\nFlow run ID: r1\nState message: boom`;
  const read = (body: object) =>
    slackWebhook.read(request(body)).alerts.map(({ dedupKey, status, severity, title }) => ({
      ...{ dedupKey, status, severity, title },
    }));
  const failed = {
    dedupKey: "prefect/load-orders",
    status: "firing",
    severity: "error",
    title: "load-orders failed: boom",
  };
  expect(read({ text: said("load-orders", "gentle-fox", "Failed") })).toEqual([failed]);
  const title = "Prefect flow run notification";
  expect(read({ attachments: [{ title, text: said("load-orders", "tame-bat", "Failed") }] })).toEqual([
    failed,
  ]);
  expect(read({ text: `*${title}*\n\n${said("load-users", "wise-owl", "TimedOut")}` })).toEqual([
    { ...failed, dedupKey: "prefect/load-users", title: "load-users timed out: boom" },
  ]);
  expect(read({ text: said("load-orders", "calm-elk", "Late") })).toMatchObject([{ severity: "warning" }]);
  expect(read({ text: said("load-orders", "calm-elk", "Completed") })).toMatchObject([
    { dedupKey: "prefect/load-orders", status: "resolved", title: "load-orders completed" },
  ]);
  for (const state of ["Running", "Pending", "Cancelled"])
    expect(read({ text: said("load-orders", "calm-elk", state) })).toEqual([]);
});
