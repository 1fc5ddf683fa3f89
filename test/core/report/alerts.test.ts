import { expect, test } from "vitest";
import { fold } from "../../../src/core/incident/state.ts";
import { type AlertLine, alertsDocument } from "../../../src/core/report/alerts.ts";

const NOW = "2026-11-22T03:00:00.000Z";
const LINE: AlertLine = {
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
