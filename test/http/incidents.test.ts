import { describe, expect, it } from "vitest";
import type { z } from "zod";
import type { EventBody, RecordedEvent } from "../../src/core/incident/events.ts";
import { fold, type IncidentState } from "../../src/core/incident/state.ts";
import { Refusal } from "../../src/core/refusal.ts";
import { timelineJson } from "../../src/core/report/api.ts";
import type { IncidentAlert, IncidentFilter, Reads } from "../../src/engine/ports.ts";
import { REPORT_POLICY } from "../../src/http/postmortem.ts";
import { Incident, IncidentDetail, IncidentList, Timeline } from "../../src/http/shapes.ts";
import { edgeDeps, read, sendAlert, startEdge, TOKEN } from "./harness.ts";

const ORDERS = { namespace: "bigquery", name: "shop.core.orders" };

const events = (key: string): RecordedEvent[] => {
  const bodies: EventBody[] = [
    {
      type: "opened",
      kind: "incident",
      severity: "SEV2",
      title: "orders is late",
      channel: "C1",
      startedAt: "2026-11-22T02:00:00.000Z",
      origin: {
        source: "dbt",
        fingerprint: "f1",
        title: "orders is late",
        description: null,
        asset: ORDERS,
        labels: {},
        links: [],
      },
      groupingKey: "g",
      reason: "no open incident has this asset",
    },
    { type: "thread_opened", channel: "C1", ts: "1.2", permalink: "https://team.slack.com/archives/C1/p12" },
    { type: "asset_added", asset: ORDERS, reason: "named" },
    { type: "role_assigned", role: "lead", person: { id: "U1", name: "Ada" } },
    { type: "acknowledged" },
    { type: "change_linked", text: "deploy 7", url: null, changedAt: "2026-11-22T01:50:00.000Z" },
    {
      type: "runbook_started",
      runbook: "late",
      title: "Late table",
      hash: "h",
      steps: [{ id: "s1", title: "Look" }],
    },
    { type: "task_added", task: 1, text: "add a check", owner: null, due: "2026-12-01" },
  ];
  return bodies.map((body, index) => ({
    incident: key,
    seq: index + 1,
    at: `2026-11-22T02:0${index}:00.000Z`,
    recordedAt: `2026-11-22T02:0${index}:00.000Z`,
    actor: { kind: "person", id: "U1", name: "Ada" },
    via: "slash",
    permalink: null,
    body,
    hash: `h${index + 1}`,
  }));
};
const state = (key: string): IncidentState => fold(events(key))!;

const ALERT: IncidentAlert = {
  incident: "INC-1",
  fingerprint: "f1",
  source: "dbt",
  status: "firing",
  severity: "error",
  title: "orders is late",
  description: null,
  assets: [ORDERS],
  labels: { team: "core" },
  links: [],
  warnings: [],
  startsAt: null,
  endsAt: null,
  firstSeenAt: "2026-11-22T02:00:00.000Z",
  lastSeenAt: "2026-11-22T02:00:00.000Z",
  count: 1,
  outcome: "opened",
  reason: "no open incident has this asset",
};

/** INC-1 and INC-2 exist; `asked` is what the store was asked for. */
function reads(asked: unknown[] = []): Partial<Reads> {
  const exists = (key: string) => key === "INC-1" || key === "INC-2";
  return {
    state: async (key) => (exists(key) ? state(key) : null),
    timeline: async (key) => (exists(key) ? JSON.stringify(timelineJson(events(key))) : null),
    alerts: async (key, limit) => {
      asked.push({ key, limit });
      return [ALERT];
    },
    list: async (filter: IncidentFilter, limit, cursor) => {
      asked.push({ filter, limit, cursor });
      if (cursor === "bad") throw new Refusal("invalid", "This cursor is none of ours.");
      const incidents = ["INC-2", "INC-1"].map((key) => ({ ...state(key), assets: new Map() }));
      return { incidents, next: "n2" };
    },
  };
}

// The names that DESIGN promises; fields may be added, none renamed.
const INCIDENT_FIELDS =
  "key kind state severity title startedAt detectedAt acknowledgedAt mitigatedAt resolvedAt lead channel threadTs url assets alerts originAsset mergedInto".split(
    " ",
  );
const ALERT_FIELDS =
  "fingerprint source status severity title assets labels links startsAt endsAt firstSeenAt lastSeenAt count outcome reason".split(
    " ",
  );
const ENTRY_FIELDS = "seq at recordedAt kind text actor via permalink hash".split(" ");

describe("the shapes of the read API", () => {
  it("has a list with the fields it promises, assets and all", async () => {
    const edge = await startEdge({ reads: reads() });
    const list = (await (await read(edge, "/v1/incidents")).json()) as z.infer<typeof IncidentList>;
    expect(IncidentList.parse(list)).toEqual(list);
    expect(list.incidents.map(({ key }) => key)).toEqual(["INC-2", "INC-1"]);
    expect(list.next).toBe("n2");
    const [first] = list.incidents;
    expect(Object.keys(first!)).toEqual(expect.arrayContaining(INCIDENT_FIELDS));
    expect(first).toMatchObject({
      state: "acknowledged",
      lead: "Ada",
      mitigatedAt: null,
      originAsset: ORDERS,
    });
    expect(first!.assets).toEqual([{ ...ORDERS, recovery: "impacted", downtimeSeconds: 4200 }]);
    expect(Object.keys(first!.alerts)).toEqual(["total", "firing", "resolved", "held"]);
  });

  it("has one incident with its alerts, changes, runbooks and action items", async () => {
    const asked: unknown[] = [];
    const edge = await startEdge({ reads: reads(asked) });
    const response = await read(edge, "/v1/incidents/inc-1");
    const incident = (await response.json()) as z.infer<typeof IncidentDetail>;
    expect(response.headers.get("content-type")).toBe("application/json; charset=utf-8");
    expect(IncidentDetail.parse(incident)).toEqual(incident);
    expect(Object.keys(incident)).toEqual(
      expect.arrayContaining([...INCIDENT_FIELDS, "alertList", "changes", "runbooks", "actionItems"]),
    );
    expect(Object.keys(incident.alertList[0]!)).toEqual(expect.arrayContaining(ALERT_FIELDS));
    expect(incident).toMatchObject({
      key: "INC-1",
      url: "https://team.slack.com/archives/C1/p12",
      changes: [{ text: "deploy 7" }],
      runbooks: [{ runbook: "late" }],
      actionItems: [{ task: 1, text: "add a check" }],
    });
    expect(asked).toEqual([{ key: "INC-1", limit: 1000 }]);
  });

  it("has a timeline with the fields it promises", async () => {
    const edge = await startEdge({ reads: reads() });
    const timeline = (await (await read(edge, "/v1/incidents/INC-1/timeline")).json()) as z.infer<
      typeof Timeline
    >;
    expect(Timeline.parse(timeline)).toEqual(timeline);
    expect(timeline.entries.length).toBeGreaterThan(0);
    for (const entry of timeline.entries)
      expect(Object.keys(entry)).toEqual(expect.arrayContaining(ENTRY_FIELDS));
  });

  it("documents every field that it sends", () => {
    expect(Object.keys(Incident.shape)).toEqual(expect.arrayContaining(INCIDENT_FIELDS));
  });
});

describe("filters", () => {
  const cases: [string, Partial<IncidentFilter>, number, string | null][] = [
    ["", {}, 50, null],
    ["?state=triggered,acknowledged", { phases: ["triggered", "acknowledged"] }, 50, null],
    ["?state=Resolved&severity=sev1,SEV2", { phases: ["resolved"], severities: ["SEV1", "SEV2"] }, 50, null],
    [
      "?asset=bigquery/shop.core.orders&source=dbt&kind=drill",
      { asset: "bigquery/shop.core.orders", source: "dbt", kind: "drill" },
      50,
      null,
    ],
    [
      "?since=2026-11-20&until=2026-11-21T01:00:00%2B01:00",
      { since: "2026-11-20T00:00:00.000Z", until: "2026-11-21T00:00:00.000Z" },
      50,
      null,
    ],
    ["?q=late%20orders&limit=200&cursor=abc", { text: "late orders" }, 200, "abc"],
    ["?limit=1", {}, 1, null],
  ];
  it.each(cases)("%s", async (query, filter, limit, cursor) => {
    const asked: unknown[] = [];
    const edge = await startEdge({ reads: reads(asked) });
    expect((await read(edge, `/v1/incidents${query}`)).status).toBe(200);
    expect(asked).toEqual([{ filter, limit, cursor }]);
  });

  it.each([
    ["?limit=0", "limit"],
    ["?limit=201", "limit"],
    ["?limit=ten", "limit"],
    ["?limit=", "limit"],
    ["?limit=1.5", "limit"],
    ["?limit=1&limit=2", "limit"],
    ["?state=open", "state.0"],
    ["?state=", "state.0"],
    ["?severity=SEV5", "severity.0"],
    ["?since=yesterday", "since"],
    ["?until=2026-02-31", "until"],
    ["?since=9999-12-31T23:59:59-23:59", "since"],
    ["?until=0000-01-01T00:00:00%2B23:59", "until"],
    ["?asset=orders", "asset"],
    ["?asset=a/%00", "asset"],
    ["?source=%00", "source"],
    ["?q=", "q"],
    ["?colour=red", "colour"],
    ["?__proto__=1", "__proto__"],
    ["?cursor=bad", undefined],
  ])("%s is refused with the parameter named", async (query, path) => {
    const edge = await startEdge({ reads: reads() });
    const response = await read(edge, `/v1/incidents${query}`);
    const problem = (await response.json()) as { type: string; errors?: { path: string }[] };
    expect([response.status, problem.type]).toEqual([400, "urn:breakwater:problem:bad_parameter"]);
    expect(problem.errors?.[0]?.path).toBe(path);
  });
});

describe("keys", () => {
  it.each([
    "INC-0",
    "INC-01",
    "INC",
    "INC-",
    "TASK-1",
    "INC-1%27--",
    "INC-12345678901",
    "..%2f..",
    "x".repeat(500),
  ])("%s is no key: 400", async (key) => {
    const edge = await startEdge({ reads: reads() });
    const response = await read(edge, `/v1/incidents/${key}/timeline`);
    expect([response.status, await response.json()]).toMatchObject([
      400,
      { type: "urn:breakwater:problem:bad_parameter" },
    ]);
  });

  it.each(["", "/timeline", "/postmortem.md"])("INC-99%s is not there: 404", async (rest) => {
    const edge = await startEdge({ reads: reads() });
    const response = await read(edge, `/v1/incidents/INC-99${rest}`);
    expect([response.status, await response.json()]).toMatchObject([
      404,
      { detail: "There is no incident INC-99. GET /v1/incidents lists them." },
    ]);
  });
});

describe("who may read", () => {
  const PATHS = [
    "/v1/incidents",
    "/v1/incidents/INC-1",
    "/v1/incidents/INC-1/timeline",
    "/v1/incidents/INC-1/postmortem.html",
  ];
  const config = (more: object) => ({ ...edgeDeps().deps.config, ...more });

  it.each(PATHS)("nobody reads %s without a configured token, whatever they send", async (path) => {
    const edge = await startEdge({ reads: reads(), config: config({ apiTokens: [] }) });
    for (const authorization of ["", "Bearer ", "Bearer undefined", `Bearer ${TOKEN}`]) {
      const response = await read(edge, path, { authorization });
      expect([response.status, await response.json()]).toMatchObject([
        401,
        { detail: /closed.*BREAKWATER_API_TOKEN/ },
      ]);
    }
  });

  it.each(PATHS)("%s is open to each of several tokens and to nobody else", async (path) => {
    const edge = await startEdge({
      reads: reads(),
      config: config({ apiTokens: ["old", "new", "two words"] }),
      report: async () => REPORT,
    });
    const status = async (headers: Record<string, string>, query = "") =>
      (await read(edge, path + query, headers)).status;
    expect(await status({ authorization: "Bearer old" })).toBe(200);
    expect(await status({ authorization: "bearer  new" })).toBe(200);
    expect(await status({ authorization: "Bearer two words" })).toBe(200);
    for (const authorization of [
      "Bearer older",
      "Bearer ol",
      "Bearer OLD",
      "Basic old",
      "old",
      "Bearer old,new",
      "Bearer old new",
    ]) {
      expect([authorization, await status({ authorization })]).toEqual([authorization, 401]);
    }
    expect(await status({}, "?token=old")).toBe(401);
  });

  it("is asked for a bearer token, and told when the one it sent is wrong", async () => {
    const edge = await startEdge({ reads: reads() });
    expect((await read(edge, "/v1/incidents", {})).headers.get("www-authenticate")).toBe(
      'Bearer realm="breakwater"',
    );
    const wrong = await read(edge, "/v1/incidents", { authorization: "Bearer x" });
    expect(wrong.headers.get("www-authenticate")).toBe('Bearer realm="breakwater", error="invalid_token"');
  });

  it("is anyone in the sandbox, until a token is configured", async () => {
    const open = await startEdge({ reads: reads(), config: config({ apiTokens: [], sandbox: true }) });
    expect((await read(open, "/v1/incidents", {})).status).toBe(200);
    const closed = await startEdge({ reads: reads(), config: config({ sandbox: true }) });
    expect((await read(closed, "/v1/incidents", {})).status).toBe(401);
  });
});

const REPORT = {
  filename: "INC-1.html",
  mediaType: "text/html; charset=utf-8",
  body: "<!doctype html><p>Dünn</p>",
};

describe("the postmortem", () => {
  it("is drawn one after the other, so that an alert does not wait for all that are asked for", async () => {
    let drawn = 0;
    const edge = await startEdge({
      async report() {
        const until = performance.now() + 10;
        while (performance.now() < until);
        drawn++;
        return REPORT;
      },
    });
    const asked = Array.from({ length: 60 }, () => read(edge, "/v1/incidents/INC-1/postmortem.html"));
    expect((await sendAlert(edge)).status).toBe(200);
    expect(drawn).toBeLessThan(50);
    for (const { status } of await Promise.all(asked)) expect(status).toBe(200);
    expect(drawn).toBe(60);
  });

  it.each(["md", "html", "json", "csv"] as const)(
    "comes as %s with the type and name that its renderer gives",
    async (format) => {
      const asked: string[] = [];
      const edge = await startEdge({
        report: async (...of) => {
          asked.push(...of);
          return { filename: `INC-1.${format}`, mediaType: `text/x-${format}; charset=utf-8`, body: "Dünn" };
        },
      });
      const response = await read(edge, `/v1/incidents/inc-1/postmortem.${format}`);
      expect([response.status, await response.text(), asked]).toEqual([200, "Dünn", [format, "INC-1"]]);
      expect(response.headers.get("content-type")).toBe(`text/x-${format}; charset=utf-8`);
      expect(response.headers.get("content-disposition")).toBe(`inline; filename="INC-1.${format}"`);
      expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    },
  );

  it("is a page that may run and fetch nothing", async () => {
    const edge = await startEdge({ report: async () => REPORT });
    const response = await read(edge, "/v1/incidents/INC-1/postmortem.html");
    expect(response.headers.get("content-security-policy")).toBe(REPORT_POLICY);
    expect(await response.text()).toBe(REPORT.body);
  });

  it("has a name that cannot break out of its header", async () => {
    const edge = await startEdge({ report: async () => ({ ...REPORT, filename: 'a"\r\nX-Evil: 1;é.html' }) });
    const response = await read(edge, "/v1/incidents/INC-1/postmortem.html");
    expect(response.headers.get("content-disposition")).toBe('inline; filename="a___X-Evil_ 1__.html"');
    expect(response.headers.get("x-evil")).toBeNull();
  });

  it("comes in no other format", async () => {
    const edge = await startEdge({ report: async () => REPORT });
    const response = await read(edge, "/v1/incidents/INC-1/postmortem.pdf");
    expect([response.status, await response.json()]).toMatchObject([400, { errors: [{ path: "format" }] }]);
  });
});
