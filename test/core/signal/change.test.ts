import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ChangeSignal, learnChange } from "../../../src/core/signal/change.ts";

const CHANGE: ChangeSignal = {
  source: "terraform",
  dedupKey: "run-1",
  deliveryId: "d1",
  kind: "infrastructure",
  status: "started",
  title: "Apply warehouse",
  description: null,
  actor: "maya",
  repository: null,
  revision: null,
  environment: "prod",
  paths: ["infra/warehouse.tf"],
  assets: [],
  labels: {},
  links: [],
  startedAt: "2026-11-22T02:00:00.000Z",
  endedAt: null,
  warnings: [],
  raw: {},
};
const ENDED: ChangeSignal = {
  ...CHANGE,
  deliveryId: "d2",
  status: "succeeded",
  actor: null,
  paths: ["infra/roles.tf"],
  startedAt: null,
  endedAt: "2026-11-22T02:05:00.000Z",
};
const at = (minute: number) => `2026-11-22T02:${String(minute).padStart(2, "0")}:00.000Z`;
const known = (...changes: ChangeSignal[]) =>
  changes.reduce<ReturnType<typeof learnChange> | null>(
    (before, change, i) => learnChange(before?.known ?? null, change, at(i)),
    null,
  )!;

describe("what is known of a change", () => {
  test("begins with the first message, at the time that it gives", () => {
    const { known: first, outcome } = known(CHANGE);
    expect(outcome.outcome).toBe("recorded");
    expect(first).toMatchObject({ at: CHANGE.startedAt, firstReceivedAt: at(0) });
    expect(known({ ...CHANGE, startedAt: null }).known.at).toBe(at(0));
  });

  test("grows: what one message says and the next leaves out is kept, and it takes effect when it ends", () => {
    const { known: both, outcome } = known(CHANGE, ENDED);
    expect(outcome).toMatchObject({ outcome: "updated", reason: "started before, succeeded now" });
    expect(both).toMatchObject({ at: ENDED.endedAt, firstReceivedAt: at(0), lastReceivedAt: at(1) });
    expect(both.change).toMatchObject({
      status: "succeeded",
      actor: "maya",
      startedAt: CHANGE.startedAt,
      paths: ["infra/warehouse.tf", "infra/roles.tf"],
    });
  });

  test("is not changed by a retry, nor by a repeat under another delivery", () => {
    expect(known(CHANGE, CHANGE).outcome).toMatchObject({ outcome: "deduplicated" });
    expect(known(CHANGE, ENDED, { ...ENDED, deliveryId: "d2" }).outcome.outcome).toBe("deduplicated");
  });

  test("does not begin again once it has ended: deliveries come out of order", () => {
    const { known: still, outcome } = known(ENDED, CHANGE);
    expect([outcome.outcome, still.change.status]).toEqual(["deduplicated", "succeeded"]);
  });

  test("may fail after it succeeded: a rollback is news", () => {
    const failed = { ...ENDED, deliveryId: "d3", status: "failed" as const };
    expect(known(CHANGE, ENDED, failed).known.change.status).toBe("failed");
  });

  test("never goes back to started, in whatever order its messages come", () => {
    const failed = { ...ENDED, deliveryId: "d3", status: "failed" as const };
    fc.assert(
      fc.property(fc.array(fc.constantFrom(CHANGE, ENDED, failed), { minLength: 1 }), (messages) => {
        const { status } = known(...messages).known.change;
        expect(status === "started").toBe(messages.every((message) => message.status === "started"));
      }),
    );
  });
});
