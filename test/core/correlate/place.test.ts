import { expect, it } from "vitest";
import { groupingKeys, type KnownAlert, type KnownGroup, place } from "../../../src/core/correlate/place.ts";
import type { AlertSignal } from "../../../src/core/signal/alert.ts";
import { datasetKey } from "../../../src/core/signal/dataset.ts";
import { alertOn } from "../../engine/world.ts";

const HOUR = 3_600_000;
const now = "2026-11-22T12:00:00.000Z";
const nobody = { open: null, resolved: null };
const firing: KnownAlert = {
  ...{ status: "firing", incident: "INC-1", startsAt: null, observedAt: null },
  lastSeenAt: "2026-11-22T11:00:00.000Z",
};
const passed: KnownAlert = { ...firing, status: "resolved" };
const where = (
  signal: AlertSignal,
  alert: KnownAlert | null,
  incidentOpen: boolean,
  group: KnownGroup = nobody,
) => {
  const situation = {
    alert,
    isHeld: false,
    incidentOpen,
    group,
    about: "about it",
    kin: null,
    provenAt: null,
  };
  return place(signal, situation, now, 24 * HOUR);
};

it("groups by the asset first, then by what the sender groups, then by the alert alone", () => {
  expect(groupingKeys(alertOn("orders", { groupHint: "g" })).keys[0]).toBe(
    `asset:${datasetKey({ namespace: "snowflake://acme", name: "analytics.core.orders" })}`,
  );
  expect(groupingKeys(alertOn("orders", { assets: [], groupHint: "g" })).keys[0]).toBe("group:dbt:g");
  expect(groupingKeys(alertOn("orders", { assets: [] })).keys[0]).toBe("alert:dbt:test.orders");
});

it.each([
  ["new, nobody has it", alertOn("a"), null, false, nobody, { to: "open" }],
  [
    "new, someone has its asset",
    alertOn("a"),
    null,
    false,
    { open: "INC-2", resolved: null },
    { to: "attach", incident: "INC-2" },
  ],
  ["still firing", alertOn("a"), firing, true, nobody, { to: "duplicate", incident: "INC-1" }],
  ["fires again while open", alertOn("a"), passed, true, nobody, { to: "attach", incident: "INC-1" }],
  [
    "fires again an hour after it was resolved",
    alertOn("a"),
    passed,
    false,
    { open: null, resolved: { incident: "INC-1", at: "2026-11-22T11:00:00.000Z" } },
    { to: "reopen", incident: "INC-1" },
  ],
  [
    "fires again two days after",
    alertOn("a"),
    passed,
    false,
    { open: null, resolved: { incident: "INC-1", at: "2026-11-20T12:00:00.000Z" } },
    { to: "open" },
  ],
  [
    "repeated by its sender after a person resolved",
    alertOn("a", { startsAt: "2026-11-22T01:00:00.000Z" }),
    { ...firing, startsAt: "2026-11-22T01:00:00.000Z" },
    false,
    { open: null, resolved: { incident: "INC-1", at: "2026-11-22T11:00:00.000Z" } },
    { to: "duplicate", incident: "INC-1" },
  ],
  [
    "passes",
    alertOn("a", { status: "resolved" }),
    firing,
    true,
    nobody,
    { to: "resolve", incident: "INC-1" },
  ],
  [
    "passes twice",
    alertOn("a", { status: "resolved" }),
    passed,
    true,
    nobody,
    { to: "duplicate", incident: "INC-1" },
  ],
  ["passes, never seen", alertOn("a", { status: "resolved" }), null, false, nobody, { to: "ignore" }],
  [
    "older than what is known",
    alertOn("a", { observedAt: "2026-11-22T01:00:00.000Z" }),
    { ...passed, observedAt: "2026-11-22T02:00:00.000Z" },
    true,
    nobody,
    { to: "ignore" },
  ],
] as const)("%s", (_, signal, alert, open, group, expected) => {
  const placement = where(signal, alert, open, group);
  expect(placement).toMatchObject(expected);
  expect(placement.reason).not.toBe("");
});

it("takes what says only since when it fires for a late repeat soon after its end, and for true later on", () => {
  const startsAt = "2026-11-22T01:00:00.000Z";
  const ended = { ...passed, startsAt, observedAt: "2026-11-22T11:50:00.000Z" };
  const at = (lastSeenAt: string, changes: object = {}) =>
    where(alertOn("a", { startsAt, ...changes }), { ...ended, lastSeenAt }, true).to;
  expect(at("2026-11-22T11:55:01.000Z")).toBe("ignore");
  expect(at("2026-11-22T11:55:00.000Z")).toBe("attach");
  expect(at("2026-11-22T11:59:00.000Z", { startsAt: "2026-11-22T11:51:00.000Z" })).toBe("attach");
  // Who says when it was seen is taken at that word, however late.
  expect(at("2026-11-22T11:00:00.000Z", { observedAt: startsAt })).toBe("ignore");
});
