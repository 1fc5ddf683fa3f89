import { expect, test } from "vitest";
import type { EventBody } from "../../../src/core/incident/events.ts";
import { unsettledAssets } from "../../../src/core/incident/state.ts";
import {
  incidentDetailJson,
  incidentJson,
  postmortemJson,
  timelineJson,
} from "../../../src/core/report/api.ts";
import { card } from "../../../src/core/report/card.ts";
import { drawing } from "../../../src/core/report/drawing.ts";
import { prepare } from "../../../src/core/report/postmortem.ts";
import { alertsOf, ana, attached, dbt, inputOf, Log, on, opened, story, warehouse } from "./late-orders.ts";

/** Others read these: a field may come, none may go or change its name. */
const INCIDENT = [
  ...[
    "key",
    "kind",
    "state",
    "severity",
    "title",
    "startedAt",
    "detectedAt",
    "acknowledgedAt",
    "mitigatedAt",
    "resolvedAt",
    "lead",
    "channel",
  ],
  ...["threadTs", "url", "assets", "alerts", "originAsset", "mergedInto"],
];
const ALERT = [
  ...[
    "fingerprint",
    "source",
    "status",
    "severity",
    "title",
    "assets",
    "labels",
    "links",
    "startsAt",
    "endsAt",
    "firstSeenAt",
    "lastSeenAt",
  ],
  ...["count", "outcome", "reason"],
];
const now = on("29 00:00");

test("an incident has the fields that were promised", () => {
  const json = incidentJson(story().state, now);
  expect(Object.keys(json)).toEqual(expect.arrayContaining(INCIDENT));
  expect(json).toMatchObject({
    ...{
      key: "INC-12",
      kind: "incident",
      state: "closed",
      severity: "SEV2",
      lead: "Ana Diaz",
      mergedInto: null,
    },
    ...{
      startedAt: on("21 22:40"),
      detectedAt: on("22 03:10"),
      acknowledgedAt: on("22 03:16"),
      mitigatedAt: on("22 05:31"),
      resolvedAt: on("23 09:12"),
    },
    ...{
      channel: "C0DATA",
      threadTs: "1795316999.000100",
      url: "https://acme.slack.example/archives/C0DATA/p1795316999000100",
    },
    alerts: { total: 40, firing: 0, resolved: 40, held: 0 },
    originAsset: { namespace: "snowflake://acme.eu", name: "analytics.staging.stg_orders" },
  });
  expect(json.assets[0]).toEqual({
    namespace: "snowflake://acme.eu",
    name: "analytics.staging.stg_orders",
    recovery: "verified",
    downtimeSeconds: 72_300,
  });
});

test("assets are told in one order, also where a database gives them back in another", () => {
  const names = ["marts.b", "marts.c", "staging.stg_orders", "marts.a"].map((name) => `analytics.${name}`);
  const { state } = new Log()
    .add("22 03:10", dbt, "alert", opened())
    .add("22 03:11", ana, "slash", ...names.map(added));
  const assetCounts = { impacted: 4, recovering: 0, verified: 0, waived: 0 };
  const told = (from: typeof state) => [
    incidentJson(from, now).assets.map(({ name }) => name),
    unsettledAssets(from).map(({ asset }) => asset.name),
    card({ state: from, assetCounts, now }),
  ];
  expect(told({ ...state, assets: new Map([...state.assets].reverse()) })).toEqual(told(state));
  expect(told(state)[0]).toEqual([names[2], names[3], names[0], names[1]]);
});

function added(name: string): EventBody {
  return { type: "asset_added", asset: warehouse(name), reason: null };
}

test("what is absent is null", () => {
  const log = new Log().add("22 03:10", dbt, "alert", opened({ origin: null }));
  const absent = {
    acknowledgedAt: null,
    mitigatedAt: null,
    resolvedAt: null,
    lead: null,
    threadTs: null,
    url: null,
    originAsset: null,
    mergedInto: null,
  };
  expect(incidentJson(log.state, now)).toMatchObject(absent);
  expect(JSON.stringify(incidentJson(log.state, now))).not.toContain("undefined");
});

test("one incident adds its alerts, changes, runbooks and action items", () => {
  const json = incidentDetailJson(story().state, alertsOf(story()), now);
  expect(Object.keys(json)).toEqual(
    expect.arrayContaining([...INCIDENT, "alertList", "changes", "runbooks", "actionItems"]),
  );
  expect(Object.keys(json.alertList[0]!)).toEqual(expect.arrayContaining(ALERT));
  expect(Object.keys(json.alertList[0]!.labels)).toEqual(["env", "project"]);
  expect(json.runbooks[0]).toMatchObject({
    runbook: "late-table",
    carriedOut: 4,
    percent: 67,
    counts: { done: 3, skipped: 1, failed: 1, "not reached": 1 },
  });
  expect(json.runbooks[0]?.steps.map(({ outcome, tookSeconds }) => [outcome, tookSeconds])).toEqual([
    ["done", 240],
    ["done", 720],
    ["skipped", 120],
    ["failed", 2220],
    ["done", 51_000],
    ["not reached", null],
  ]);
  expect(json.actionItems[0]).toEqual({
    task: 1,
    text: "Check raw.orders for freshness every 30 minutes",
    owner: "Ben Okafor",
    due: "2026-11-27",
    doneAt: null,
  });
});

test("the timeline has the fields that were promised", () => {
  const [first] = timelineJson(story().events).entries;
  expect(Object.keys(first!)).toEqual(
    expect.arrayContaining(["seq", "at", "recordedAt", "kind", "text", "actor", "via", "permalink", "hash"]),
  );
});

test("the export has its parts, and its clocks in seconds", () => {
  const json = postmortemJson(prepare(inputOf(story())));
  expect(Object.keys(json)).toEqual([
    ...[
      "schemaVersion",
      "asOf",
      "incident",
      "timeline",
      "clocks",
      "impact",
      "runbooks",
      "alerts",
      "review",
      "actionItems",
      "changes",
      "suspects",
      "similar",
      "links",
      "integrity",
    ],
  ]);
  expect(json.clocks).toEqual({
    ttdSeconds: 16_200,
    ttaSeconds: 360,
    ttmSeconds: 8460,
    ttrSeconds: 108_120,
    totalSeconds: 124_320,
  });
  expect(json.impact.assets.find((asset) => asset.recovery === "waived")).toMatchObject({
    waivedReason: "retrained weekly, next run is on Friday",
    intervals: [{ from: on("22 03:05"), to: on("23 08:50"), seconds: 107_100 }],
  });
  expect(json.integrity).toEqual({
    entries: 123,
    lastAt: on("24 15:00"),
    hash: story().events.at(-1)!.hash,
    brokenAt: null,
  });
});

test("where the clock was set back meanwhile, nothing took less than no time", () => {
  const asset = warehouse("analytics.staging.stg_orders");
  const log = new Log()
    .add("22 03:10", dbt, "alert", opened({ startedAt: on("22 03:10") }))
    .add("22 03:10", dbt, "alert", attached(1, "dbt", "late", [asset], on("22 03:10")))
    .add("22 01:16", ana, "button", { type: "acknowledged" })
    .add("22 01:20", ana, "button", { type: "asset_verified", asset, reason: null })
    .add("22 01:30", ana, "slash", { type: "resolved", text: "done" });
  const state = log.state;
  expect(incidentJson(state, now).assets[0]).toMatchObject({ downtimeSeconds: 0 });
  const { clocks, impact } = postmortemJson(prepare(inputOf(log)));
  expect(clocks).toMatchObject({ ttaSeconds: 0, ttrSeconds: 0 });
  expect(impact.assets[0]).toMatchObject({ downtimeSeconds: 0, intervals: [{ seconds: 0 }] });
  expect(drawing(state, log.events, now).alt).toBe(
    "INC-12 over time, from 22 Nov 2026 03:10 UTC. 1 asset affected.",
  );
});
