import { expect, test } from "vitest";
import { createHindsight, type Deed } from "../../../src/core/correlate/hindsight.ts";

const at = { at: "2026-11-22T03:00:00.000Z", actor: { kind: "system" } } as const;
const resolved = (incident: string): Deed => ({ ...at, incident, type: "resolved", reason: "ok" });

test("alerts are over when the last of the incidents that have them is", () => {
  const hindsight = createHindsight();
  hindsight.note("a", "INC-1");
  hindsight.note("b", "INC-2");
  hindsight.learn(resolved("INC-1"));
  expect(hindsight.isOver(["a"])).toBe(true);
  expect(hindsight.isOver(["a", "b"])).toBe(false);
  hindsight.learn(resolved("INC-2"));
  expect(hindsight.isOver(["a", "b", "unheard"])).toBe(true);
  hindsight.learn({ ...at, incident: "INC-1", type: "reopened", reason: "no" });
  expect(hindsight.isOver(["a", "b"])).toBe(false);
  expect(hindsight.isOver(["unheard"])).toBeNull();
});

test("an alert goes with its incident into another, and on its own where it was moved", () => {
  const hindsight = createHindsight();
  hindsight.note("a", "INC-1");
  hindsight.note("b", "INC-1");
  hindsight.learn({ ...at, incident: "INC-1", type: "moved", moves: [{ fingerprint: "b", to: "INC-3" }] });
  hindsight.learn({ ...at, incident: "INC-1", type: "merged", into: "INC-2" });
  hindsight.note("c", "INC-1");
  expect([hindsight.alertsOf("INC-2"), hindsight.alertsOf("INC-3")]).toEqual([["a", "c"], ["b"]]);
  hindsight.learn(resolved("INC-2"));
  expect([hindsight.isOver(["a"]), hindsight.isOver(["b"])]).toEqual([true, false]);
});
