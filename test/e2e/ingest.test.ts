/** Alerts at the front door of the running app: what is taken, what is refused, and that a refusal leaves nothing behind. */
import SQLite from "better-sqlite3";
import { expect, test } from "vitest";
import { type Answer, CHANNEL, LATE_ORDERS, openWorld } from "./world.ts";

const SECRET = "generic-secret";
const world = openWorld({
  config: {
    openSources: new Set(),
    sandbox: false,
    redaction: { allow: {} },
    assetNames: [],
    maxBodyBytes: 20_000,
    sourceSecrets: new Map([
      ["generic", [SECRET, "next-secret"]],
      ["alertmanager", ["alertmanager-secret"]],
    ]),
  },
});

const WITH_SECRET = { authorization: `Bearer ${SECRET}` };
const send = (body: unknown, headers: Record<string, string> = WITH_SECRET, source = "generic") =>
  world.send(source, body, headers);

/** How many rows each table holds that an alert could leave something in. */
function rows(): Record<string, number> {
  const db = new SQLite(world.databasePath, { readonly: true });
  try {
    const tables = ["event", "signal", "incident", "incident_group", "incident_alert", "alert", "outbox"];
    return Object.fromEntries(
      tables.map((table) => [table, db.prepare(`SELECT count(*) FROM ${table}`).pluck().get() as number]),
    );
  } finally {
    db.close();
  }
}

/** A problem in the sense of RFC 9457, and not a row more than before. */
async function refused(answer: Promise<Answer>, status: number, code: string): Promise<Answer> {
  const before = rows();
  const { type, body, headers, ...rest } = await answer;
  expect(type).toBe("application/problem+json");
  expect(body).toMatchObject({ type: `urn:breakwater:problem:${code}`, status });
  expect(body.detail.length).toBeGreaterThan(10);
  expect(body.instance).toContain(headers.get("x-request-id"));
  expect(rows()).toEqual(before);
  expect(await world.slack.messages(CHANNEL)).toEqual([]);
  return { type, body, headers, ...rest };
}

const outcomes = (answer: Answer) => answer.body.alerts.map((alert: { outcome: string }) => alert.outcome);

test("an incident is found by its words at once, and indexed by them soon after", async () => {
  await send(LATE_ORDERS);
  const found = async () => {
    const { body } = await world.get("/v1/incidents?q=orders");
    return body.incidents.map(({ key }: { key: string }) => key);
  };
  expect(await found()).toEqual(["INC-1"]);
  const indexed = () => {
    const db = new SQLite(world.databasePath, { readonly: true });
    const words = db.prepare("select term from incident_term where incident = 'INC-1'").pluck().all();
    db.close();
    return words;
  };
  await world.slack.waitFor(() => indexed().includes("orders"), { what: "the index" });
  expect(await found()).toEqual(["INC-1"]);
});

test("an alert without a secret is refused", async () => {
  await refused(send(LATE_ORDERS, {}), 401, "unauthorized");
});

test("an alert with a wrong secret, or that of another source, is refused", async () => {
  for (const secret of ["wrong", "alertmanager-secret", `${SECRET}x`, ""])
    await refused(send(LATE_ORDERS, { authorization: `Bearer ${secret}` }), 401, "unauthorized");
  await refused(world.send("generic?token=wrong", LATE_ORDERS), 401, "unauthorized");
});

test("a source without a secret is closed, whatever is sent", async () => {
  await refused(send(LATE_ORDERS, WITH_SECRET, "airflow"), 401, "unauthorized");
});

test("both secrets count while they are rotated, in the header and in the address", async () => {
  expect((await send(LATE_ORDERS, { authorization: "Bearer next-secret" })).status).toBe(200);
  expect((await world.send(`generic?token=${SECRET}`, LATE_ORDERS)).status).toBe(200);
});

test("an unknown source is refused with the ones that there are", async () => {
  const { body } = await refused(send(LATE_ORDERS, WITH_SECRET, "nagios"), 404, "not_found");
  expect(body.detail).toContain("alertmanager");
});

test("a body that is too large is refused, also when it does not say so", async () => {
  const large = JSON.stringify({ ...LATE_ORDERS, description: "x".repeat(30_000) });
  await refused(send(large), 413, "too_large");
  const stream = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode(large));
      controller.close();
    },
  });
  const init = { method: "POST", body: stream, duplex: "half" } as RequestInit;
  const headers = { "content-type": "application/json", ...WITH_SECRET };
  await refused(world.request("/v1/alerts/generic", { ...init, headers }), 413, "too_large");
});

test("a body of another type is refused", async () => {
  for (const type of ["text/html", "application/x-www-form-urlencoded", "application/xml"])
    await refused(
      send(JSON.stringify(LATE_ORDERS), { ...WITH_SECRET, "content-type": type }),
      415,
      "unsupported_media_type",
    );
});

test("what is no JSON is refused with where it breaks off", async () => {
  const { body } = await refused(send('{"title": "orders is late"\n"status": 1}'), 400, "malformed_body");
  expect(body.detail).toContain("line 2");
  await refused(send('{"title": "orders is late",'), 400, "malformed_body");
  await refused(send(""), 400, "malformed_body");
});

test("JSON of the wrong shape is refused with the fields that are wrong", async () => {
  const { body } = await refused(send({ severity: "error" }), 422, "invalid");
  expect(body.errors).toEqual([expect.objectContaining({ path: "title" })]);
  for (const wrong of ["null", "7", '"orders is late"', '{"title":""}', '{"title":"{{ title }}"}'])
    await refused(send(wrong), 422, "invalid");
});

test("one wrong alert in a batch takes none of the others with it", async () => {
  const payments = { ...LATE_ORDERS, title: "payments is late", dedup_key: "p", assets: ["bq/payments"] };
  const { status, body } = await send({ alerts: [LATE_ORDERS, { severity: "error" }, payments] });
  expect(status).toBe(200);
  expect(body.alerts.map((alert: { incident: string }) => alert.incident)).toEqual(["INC-1", "INC-2"]);
  expect(body.rejected).toEqual([{ path: "alerts[1].title", message: expect.any(String) }]);
  await world.card("INC-1");
  await world.card("INC-2", "payments is late");
});

test("each alert is told what became of it, to which incident, and why", async () => {
  const freshness = LATE_ORDERS;
  const volume = { ...LATE_ORDERS, title: "orders lost rows", dedup_key: "volume/orders" };
  const steps: [unknown, string, string | null, RegExp][] = [
    [{ ...volume, status: "resolved" }, "ignored", null, /never seen firing/],
    [freshness, "opened", "INC-1", /analytics.marts.orders/],
    [freshness, "deduplicated", "INC-1", /still firing in INC-1/],
    [volume, "grouped", "INC-1", /analytics.marts.orders/],
    [{ ...freshness, status: "resolved" }, "resolved", "INC-1", /resolved in INC-1/],
    [{ ...freshness, status: "resolved" }, "deduplicated", "INC-1", /already resolved/],
    [freshness, "grouped", "INC-1", /fires again in INC-1/],
  ];
  for (const [alert, outcome, incident, reason] of steps) {
    const { status, body } = await send(alert);
    expect(status).toBe(200);
    expect(body.alerts).toEqual([
      { fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/), outcome, incident, reason: expect.any(String) },
    ]);
    expect(body.alerts[0].reason).toMatch(reason);
  }
  await world.card("INC-1", "2 firing");
  expect(await world.slack.messages(CHANNEL)).toHaveLength(1);
  expect((await world.incident("INC-1")).alerts).toMatchObject({ total: 2, firing: 2, resolved: 0 });
});

test("the same delivery sent twice is no news, however it ends", async () => {
  const alert = { ...LATE_ORDERS, delivery_id: "d-1" };
  expect(outcomes(await send(alert))).toEqual(["opened"]);
  const again = await send(alert);
  expect(outcomes(again)).toEqual(["deduplicated"]);
  expect(again.body.alerts[0].reason).toContain("d-1");
});

test("twenty alerts on one table at once open one incident", async () => {
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, n) => send({ ...LATE_ORDERS, dedup_key: `check-${n}` })),
  );
  expect(answers.flatMap(outcomes).toSorted()).toEqual([...Array(19).fill("grouped"), "opened"]);
  await world.card("INC-1", "20 firing");
  expect(await world.slack.messages(CHANNEL)).toHaveLength(1);
});

test("the answer says nothing before the alert is stored", async () => {
  await send(LATE_ORDERS);
  expect(rows()).toMatchObject({ signal: 1, incident: 1, alert: 1, incident_alert: 1, incident_group: 1 });
});

test("an authentic message that is no alert is answered 200 with an empty list", async () => {
  const headers = { authorization: "Bearer alertmanager-secret" };
  const { status, body } = await send(
    { version: "4", status: "firing", alerts: [] },
    headers,
    "alertmanager",
  );
  expect([status, body.alerts]).toEqual([200, []]);
  expect(rows().signal).toBe(0);
});

test("what is read needs the token", async () => {
  await send(LATE_ORDERS);
  for (const path of ["/v1/incidents", "/v1/incidents/INC-1", "/v1/incidents/INC-1/postmortem.html"]) {
    expect((await world.request(path)).status).toBe(401);
    expect((await world.request(path, { headers: WITH_SECRET })).status).toBe(401);
    expect((await world.get(path)).status).toBe(200);
  }
  expect((await world.get("/v1/incidents/INC-9")).status).toBe(404);
});
