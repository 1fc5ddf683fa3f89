/** Every secret there is, a server that uses them all and fails in every way it can: none is ever seen again. */
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { startApp } from "../../src/app.ts";
import { loadConfig } from "../../src/config.ts";
import { waitFor } from "../harness/wait.ts";
import { SOURCE_SECRETS, VARIABLES } from "./everything.ts";

// Several processes start here, and Slack is waited for.
vi.setConfig({ testTimeout: 90_000 });

const SECRETS = {
  SLACK_BOT_TOKEN: "xoxb-hush-bot-0123456789",
  SLACK_SIGNING_SECRET: "hush-signing-0123456789",
  BREAKWATER_API_TOKEN: "hush-api-0123456789",
  BREAKWATER_HEARTBEAT_URL: "http://127.0.0.1:1/hush-heartbeat-0123456789",
  ...VARIABLES,
};
const PASSWORD = "hush-database-0123456789";

let dir = "";
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "breakwater-secrets-"));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

function seenIn(text: string): string[] {
  const secrets = [...Object.values(SECRETS), PASSWORD];
  const encoded = secrets.flatMap((secret) => [secret, Buffer.from(secret).toString("base64").slice(0, -2)]);
  return encoded.filter((secret) => text.includes(secret));
}

/** A Slack that answers everything with a fault, and repeats the body it was sent, as careless proxies do. */
async function brokenSlack() {
  const server = createServer(async (request, response) => {
    let sent = "";
    for await (const chunk of request) sent += chunk;
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ ok: false, error: `bad request: ${sent}` }));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/`,
    stop: () => server.close(),
  };
}

test("no secret reaches the log, an answer or the database, whatever is sent and whatever fails", async () => {
  const slack = await brokenSlack();
  const config = loadConfig({
    ...SECRETS,
    SLACK_API_URL: slack.url,
    DATABASE_URL: `sqlite:${join(dir, "breakwater.db")}`,
    PORT: "0",
  });
  const lines: string[] = [];
  const app = await startApp(config, {
    log: { level: "debug", stream: { write: (line: string) => void lines.push(line) } },
  });
  const answers: string[] = [];
  async function send(path: string, body: string, headers: Record<string, string> = {}) {
    const answer = await fetch(app.url + path, {
      method: "POST",
      body,
      headers: { "content-type": "application/json", ...headers },
    });
    answers.push(JSON.stringify([...answer.headers]) + (await answer.text()));
    return answer.status;
  }
  const secretOf = (name: string) => SOURCE_SECRETS.get(name)![0]!;
  const event = (key: string) =>
    JSON.stringify({
      routing_key: key,
      event_action: "trigger",
      dedup_key: "late",
      payload: { summary: "orders is late", source: "x", severity: "error" },
    });
  const generic = { authorization: `Bearer ${secretOf("generic")}` };
  // Rightly: in the body, in the address, in headers.
  const taken = [
    await send("/v2/enqueue", event(secretOf("pagerduty"))),
    await send(`/v1/alerts/pagerduty?token=${secretOf("pagerduty")}`, event(secretOf("pagerduty"))),
    await send(`/slack/incoming/${secretOf("slack-webhook")}`, JSON.stringify({ text: "orders failed" })),
    await send(
      `/v1/alerts/slack-webhook?token=${secretOf("slack-webhook")}`,
      JSON.stringify({ text: "x failed" }),
    ),
    await send("/v2/alerts", '{"message": "orders"}', { authorization: `GenieKey ${secretOf("opsgenie")}` }),
    await send("/v1/alerts/generic", '{"title": "orders"}', generic),
    await send(`/v1/alerts/generic?token=${secretOf("generic")}`, '{"title": "orders"}'),
    await send("/v1/alerts/grafana", '{"alerts": []}', {
      authorization: `Basic ${Buffer.from(`grafana:${secretOf("grafana")}`).toString("base64")}`,
    }),
    // Somebody's tool writes its own settings into its alert.
    await send(
      "/v1/alerts/generic",
      JSON.stringify({ title: "failed", description: `token=${secretOf("generic")}` }),
      generic,
    ),
  ];
  expect(taken.filter((status) => status >= 300)).toEqual([]);
  // Wrongly: to other sources, in bodies that cannot be read, at addresses that are not there.
  for (const [name, [secret]] of SOURCE_SECRETS) {
    const bearer = { authorization: `Bearer ${secret}`, "x-api-key": secret!, cookie: secret! };
    await send(`/v1/alerts/${name}?token=${secret}`, "{broken", bearer);
    await send(`/v1/alerts/${name}`, '{"alerts": 7}', bearer);
    await send(`/v1/alerts/${name}?secret=${secret}`, "{}", { "x-hub-signature-256": secret! });
    await send(`/nope/${name}?token=${secret}`, "{}", bearer);
    await send(`/slack/incoming/wrong-${secret}`, "{}");
  }
  await send("/slack/events", "{}", { "x-slack-signature": SECRETS.SLACK_SIGNING_SECRET });
  for (const path of [
    "/v1/incidents",
    `/v1/incidents?token=${SECRETS.BREAKWATER_API_TOKEN}`,
    "/readyz",
    "/metrics",
  ]) {
    const answer = await fetch(app.url + path, {
      headers: { authorization: `Bearer ${SECRETS.BREAKWATER_API_TOKEN}` },
    });
    answers.push(await answer.text());
  }
  // Slack's own errors hold the token here, and delivering and joining meet them.
  await waitFor(() => lines.some((line) => line.includes("joining Slack failed")), { what: "Slack to fail" });
  await app.stop();
  slack.stop();
  expect(lines.length).toBeGreaterThan(100);
  const files = await Promise.all((await readdir(dir)).map((name) => readFile(join(dir, name), "latin1")));
  expect(files.join("")).toContain("orders is late");
  expect({
    log: seenIn(lines.join("")),
    answers: seenIn(answers.join("")),
    database: seenIn(files.join("")),
  }).toEqual({
    log: [],
    answers: [],
    database: [],
  });
});

test("the command line prints no secret, neither asked for its configuration nor when the database is away", async () => {
  const run = (env: Record<string, string>, ...args: string[]) =>
    promisify(execFile)(process.execPath, ["src/main.js", ...args], {
      env: { PATH: process.env.PATH, ...SECRETS, ...env },
      timeout: 60_000,
    }).then(
      ({ stdout, stderr }) => ({ code: 0, said: stdout + stderr }),
      (error: { code: number; stdout: string; stderr: string }) => ({
        code: error.code,
        said: error.stdout + error.stderr,
      }),
    );
  const away = { DATABASE_URL: `postgres://breakwater:${PASSWORD}@127.0.0.1:1/breakwater`, PORT: "0" };
  const said = await Promise.all([
    run(away, "config", "check"),
    run(away, "serve"),
    run(away, "db", "verify"),
    run({ ...away, SLACK_BOT_TOKEN: "hush-bot-of-another-shape" }, "config", "check"),
    run({ SLACK_API_URL: `not-an-address-${PASSWORD}` }, "serve"),
  ]);
  expect(said.map(({ code }) => code === 0)).toEqual([true, false, false, false, false]);
  for (const { said: words } of said) {
    expect(words).not.toBe("");
    expect(seenIn(words)).toEqual([]);
    expect(words).not.toContain("hush-bot-of-another-shape");
  }
});
