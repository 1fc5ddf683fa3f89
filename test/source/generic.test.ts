import { describe, expect, test } from "vitest";
import { z } from "zod";
import { Refusal } from "../../src/core/refusal.ts";
import { GenericAlert, generic } from "../../src/source/generic.ts";
import { fixture, request } from "./fixtures.ts";

function refusal(body: unknown): Refusal {
  try {
    generic.read(request(body));
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  throw new Error("It was not refused.");
}

const one = (body: unknown, headers?: Record<string, string>) =>
  generic.read(request(body, headers ? { headers } : {})).alerts[0]!;

test("one alert, a list, and a list under alerts are read alike", () => {
  const alert = { title: "orders is late", dedup_key: "orders" };
  const [plain] = generic.read(request(alert)).alerts;
  expect(generic.read(request([alert])).alerts).toEqual([plain]);
  expect(generic.read(request({ alerts: [alert] })).alerts).toEqual([plain]);
  expect(generic.read(request([])).alerts).toEqual([]);
});

test("a wrong alert in a batch takes none of the others with it", () => {
  const { alerts, rejected } = generic.read(fixture("generic", "batch-with-one-wrong"));
  expect(alerts).toHaveLength(2);
  expect(rejected.map((each) => each.path)).toEqual(["alerts[1].severity", "alerts[1].assets[0]"]);
});

test.each([
  [{}, "title"],
  [{ title: "" }, "title"],
  [{ title: "\u202e" }, "title"],
  [{ title: "\u200b\u2060\u00ad" }, "title"],
  [{ title: "t", severity: "loud" }, "severity"],
  [{ title: "t", status: "running" }, "status"],
  [{ title: "t", labels: { a: {} } }, "labels.a"],
  [{ title: "t", assets: ["orders"] }, "assets[0]"],
  [{ title: "t", assets: [{ namespace: "bigquery" }] }, "assets[0].name"],
  [{ alerts: {} }, "alerts"],
  [{ alerts: [{ title: 1 }] }, "alerts[0].title"],
])("%j is refused at %s", (body, path) => {
  const { code, issues } = refusal(body);
  expect(code).toBe("invalid");
  expect(issues.map((issue) => issue.path)).toContain(path);
});

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: these are the templates that senders leave unrendered.
test.each([
  [{}, "title", "is missing"],
  [{ title: 5 }, "title", "write a text"],
  [{ title: "t", status: "gone" }, "status", "write firing or resolved"],
  [{ title: "t", assets: "a/b" }, "assets", "write a list, such as [one, two]"],
  [{ title: "t", assets: [5] }, "assets[0]", "write namespace/name, or { namespace, name }"],
  [{ title: "t", labels: { env: {} } }, "labels.env", "write a text or a number"],
  [{ title: "t", links: [{ title: "Run" }] }, "links[0].url", "is missing"],
])("of %j it is said what to write", (body, path, message) => {
  expect(refusal(body).issues).toEqual([{ path, message }]);
});

describe("templates that were not filled in", () => {
  test.each([
    [{ title: "{{ dag_id }} failed" }, "title"],
    [{ title: "${ALERT_TITLE}" }, "title"],
    [{ title: "$EVENT_TITLE" }, "title"],
    [{ title: "t", dedup_key: "{{key}}" }, "dedup_key"],
    [{ title: "t", status: "{% if x %}" }, "status"],
    [{ title: "t", labels: { env: "$ENV" } }, "labels.env"],
    [{ title: "t", assets: ["bigquery/{{ table }}"] }, "assets[0]"],
    [{ title: "t", description: "{{ text }}" }, "description"],
  ])("%j is refused at %s", (body, path) => {
    const { issues, message } = refusal(body);
    expect(issues.map((issue) => issue.path)).toEqual([path]);
    expect(message).toContain(path);
  });

  test("text that speaks of money or quotes a template is none", () => {
    expect(one({ title: "$5 missing", description: "at {{ ref('orders') }} in ${HOME}" }).title).toBe(
      "$5 missing",
    );
  });
});
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: as above.

test("without a dedup_key the identity comes from title, assets and place, and a warning says so", () => {
  const alert = { title: "late", assets: ["bigquery/p.d.t"], labels: { service: "loader" } };
  const derived = one(alert);
  expect(derived.warnings.join()).toContain("dedup_key");
  expect(
    one({ ...alert, status: "resolved", description: "fine", labels: { service: "loader", rows: 3 } })
      .dedupKey,
  ).toBe(derived.dedupKey);
  expect(one({ ...alert, labels: { service: "other" } }).dedupKey).not.toBe(derived.dedupKey);
  expect(one({ ...alert, dedup_key: "k" }).warnings).toEqual([]);
});

test("two long identities that differ at the end stay two", () => {
  const long = "k".repeat(2000);
  expect(one({ title: "t", dedup_key: `${long}1` }).dedupKey).not.toBe(
    one({ title: "t", dedup_key: `${long}2` }).dedupKey,
  );
});

describe("CloudEvents", () => {
  test("an event is the same alert in structured and in binary mode", () => {
    const structured = generic.read(fixture("generic", "cloudevent-structured"));
    expect(structured.alerts[0]).toMatchObject({
      status: "firing",
      severity: "critical",
      labels: { team: "façade" },
    });
    expect(generic.read(fixture("generic", "cloudevent-binary"))).toEqual(structured);
  });

  test("a raw UTF-8 header, read as Latin-1, is mended", () => {
    const binary = fixture("generic", "cloudevent-binary");
    const headers = { ...binary.headers, "ce-team": Buffer.from("façade").toString("latin1") };
    expect(generic.read({ ...binary, headers }).alerts[0]!.labels.team).toBe("façade");
  });

  test("a batch is read event by event; what is no alert is left out", () => {
    const { alerts, rejected } = generic.read(fixture("generic", "cloudevent-batch"));
    expect(alerts.map((alert) => alert.status)).toEqual(["resolved", "firing"]);
    expect(rejected).toEqual([{ path: "[3].id", message: "is required" }]);
    expect(generic.read({ ...fixture("generic", "cloudevent-batch"), body: [] }).alerts).toEqual([]);
  });

  test("the recovery of a subject has the identity of its failure", () => {
    const [recovered] = generic.read(fixture("generic", "cloudevent-batch")).alerts;
    const [failed] = generic.read(fixture("generic", "cloudevent-structured")).alerts;
    expect(recovered!.dedupKey).toBe(failed!.dedupKey);
    expect(recovered!.deliveryId).not.toBe(failed!.deliveryId);
  });

  test("data_base64 is decoded", () => {
    const data = Buffer.from(JSON.stringify({ title: "late", dedup_key: "k" })).toString("base64");
    const event = { specversion: "1.0", id: "1", source: "/s", type: "x", data_base64: data };
    expect(one(event, { "content-type": "application/cloudevents+json" })).toMatchObject({
      title: "late",
      dedupKey: "k",
    });
  });

  test("an event that is no alert gives an empty reading, another version is refused", () => {
    const event = fixture("generic", "cloudevent-not-an-alert");
    expect(generic.read(event)).toEqual({ alerts: [], rejected: [] });
    expect(() => generic.read({ ...event, body: { ...(event.body as object), specversion: "0.3" } })).toThrow(
      /specversion/,
    );
  });
});

describe("more than anybody reads", () => {
  test("of assets and labels is left out, with how much", () => {
    const labels = Object.fromEntries(Array.from({ length: 10_001 }, (_, n) => [`k${n}`, "v"]));
    const assets = Array.from({ length: 10_001 }, (_, n) => `bigquery/shop.raw.t${n}`);
    const alert = one({ title: "t", dedup_key: "k", labels, assets });
    expect([Object.keys(alert.labels).length, alert.assets.length]).toEqual([100, 200]);
    expect(alert.warnings).toEqual(
      expect.arrayContaining([
        "Only the first 10000 of 10001 assets were read.",
        "Only the first 10000 of 10001 labels were read.",
      ]),
    );
  });

  test("of alerts is refused", () => {
    const alerts = Array.from({ length: 50_001 }, () => ({}));
    expect(refusal({ alerts }).message).toBe("alerts has 50,001 entries. Send at most 50,000 at once.");
  });
});

test("the schema can be published, with words on every field", () => {
  const schema = z.toJSONSchema(GenericAlert, { io: "input" });
  expect(schema.required).toEqual(["title"]);
  for (const [name, field] of Object.entries(schema.properties!))
    expect((field as { description?: string }).description, name).toBeTruthy();
});
