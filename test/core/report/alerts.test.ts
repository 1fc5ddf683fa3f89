import { expect, test } from "vitest";
import { fold } from "../../../src/core/incident/state.ts";
import { type AlertLine, alertsDocument } from "../../../src/core/report/alerts.ts";

const NOW = "2026-11-22T03:00:00.000Z";
const LINE: AlertLine = {
  fingerprint: "f",
  source: "soda",
  status: "firing",
  title: "orders is late",
  description: null,
  links: [],
  firstSeenAt: NOW,
  lastSeenAt: NOW,
  count: 1,
  outcome: "opened",
  reason: "no incident was open about orders",
};
const state = fold([
  {
    incident: "INC-1",
    seq: 1,
    at: NOW,
    recordedAt: NOW,
    actor: { kind: "source", name: "soda" },
    via: "alert",
    permalink: null,
    hash: "h",
    body: {
      type: "opened",
      kind: "incident",
      severity: "SEV2",
      title: "orders is late",
      channel: "C1",
      startedAt: NOW,
      origin: null,
      groupingKey: null,
      reason: "r",
    },
  },
])!;
const said = (line: AlertLine) => JSON.stringify(alertsDocument({ state, alerts: [line], total: 1 }));

test("an alert that was only partly understood says so, and no other does", () => {
  expect(said({ ...LINE, warnings: ["The time of the start was left out."] })).toContain(
    "only partly understood",
  );
  for (const warnings of [[], undefined])
    expect(said(warnings ? { ...LINE, warnings } : LINE)).not.toContain("only partly understood");
});

test("the alert of the likely origin stands before the one that opened it", () => {
  const found = { asset: { namespace: "n", name: "t" }, title: "t", description: null, reason: "r" };
  const document = alertsDocument({
    state: {
      ...state,
      origin: { ...LINE, asset: null, labels: {}, fingerprint: "f0" },
      likelyOrigin: { ...found, fingerprint: "f1", confidence: "high" },
    },
    alerts: [0, 1].map((n) => ({ ...LINE, fingerprint: `f${n}`, title: `check ${n}` })),
    total: 2,
  });
  expect(JSON.stringify(document.blocks).match(/check \d/g)).toEqual(["check 1", "check 0"]);
});

test("the alert that opened it stands first, and where the others are is said", () => {
  const origin = { ...LINE, asset: null, labels: {} };
  const alerts = Array.from({ length: 10 }, (_, i) => ({
    ...LINE,
    fingerprint: `f${i}`,
    title: `check ${i}`,
    firstSeenAt: `2026-11-22T03:0${i}:00.000Z`,
  }));
  const document = alertsDocument({
    state: {
      ...state,
      origin: { ...origin, fingerprint: "f7" },
      alerts: { total: 58, firing: 58, resolved: 0, held: 2 },
    },
    alerts,
    total: 60,
  });
  const titles = JSON.stringify(document.blocks).match(/check \d/g);
  expect(titles).toEqual([
    "check 7",
    "check 0",
    "check 1",
    "check 2",
    ...[3, 4, 5, 6, 8, 9].map((n) => `check ${n}`),
  ]);
  expect(document.blocks.at(-1)).toEqual({
    type: "context",
    text: ["…and 50 more alerts; ", { code: "alerts" }, " lists them all"],
  });
});

test("where all of them were moved elsewhere, it says so", () => {
  expect(alertsDocument({ state, alerts: [], total: 0 })).toMatchObject({
    summary: "INC-1 alerts: none left",
    blocks: [{ type: "heading", text: "Alerts: none left" }],
  });
});
