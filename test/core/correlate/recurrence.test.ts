import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  Flapping,
  fewestRuns,
  isQuiet,
  noteRuns,
  type Recurring,
  recur,
  runCount,
} from "../../../src/core/correlate/recurrence.ts";

const RULES = Flapping.parse({ changes: 4, within: "1h", quiet: "30m" });
const at = (minute: number) => new Date(Date.UTC(2026, 10, 22, 3, minute)).toISOString();
type Said = { status: "firing" | "resolved"; observedAt?: string | null; endsAt?: string | null };
const say = (said: Said) => ({ observedAt: null, endsAt: null, ...said });

/** How an alert stands after signals that came so many minutes apart, and after which of them it flapped. */
function standing(signals: Said[], minutes = 1) {
  let known: Recurring | null = null;
  const flapped: number[] = [];
  for (const [index, signal] of signals.entries()) {
    const { flapsNow, ...recurrence } = recur(known, say(signal), at(index * minutes), RULES);
    if (flapsNow) flapped.push(index);
    known = { ...recurrence, status: signal.status, lastSeenAt: at(index * minutes) };
  }
  return { known: known!, flapped };
}
const turns = (count: number): Said[] =>
  Array.from({ length: count }, (_, index) => ({ status: index % 2 === 0 ? "firing" : "resolved" }));
const observed = (...times: number[]): Said[] => [
  { status: "firing" },
  ...times.map((minute): Said => ({ status: "resolved", observedAt: at(minute) })),
];

describe("runs that pass in a row", () => {
  it("are those that the sender observed at different times", () => {
    expect(standing(observed(1, 2, 2, 3)).known).toMatchObject({ passes: 3, passedAt: at(3) });
  });
  it("are told apart by their end where nothing else is said, and each message is one without any time", () => {
    const ended = (minute: number): Said => ({ status: "resolved", endsAt: at(minute) });
    expect(standing([{ status: "firing" }, ended(1), ended(1), ended(2)]).known.passes).toBe(2);
    const bare: Said = { status: "resolved" };
    expect(standing([{ status: "firing" }, bare, bare, bare]).known.passes).toBe(3);
  });
  it("begin anew where it fires in between", () => {
    expect(standing([...observed(1, 2), { status: "firing" }]).known.passes).toBe(0);
    expect(standing([...observed(1, 2), { status: "firing" }, { status: "resolved" }]).known.passes).toBe(1);
  });
  it("go on from a row that an earlier version wrote, as one", () => {
    const row: Recurring = { status: "resolved", lastSeenAt: at(0) };
    expect(recur(row, say({ status: "resolved" }), at(1), RULES).passes).toBe(2);
  });
});

it("the fewest runs that all have passed are known, whatever came in what order", () => {
  const step = fc.record({
    alert: fc.constantFrom("a", "b", "c", "d"),
    fires: fc.boolean(),
    ask: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const passes = new Map<string, number>();
      const count = runCount([]);
      for (const { alert, fires, ask } of steps) {
        passes.set(alert, fires ? 0 : (passes.get(alert) ?? 0) + 1);
        noteRuns(count, alert, passes.get(alert)!);
        const passing = [...passes.values()].filter((each) => each > 0);
        if (ask) expect(fewestRuns(count)).toBe(passing.length > 0 ? Math.min(...passing) : 0);
      }
    }),
  );
});

describe("an alert flaps", () => {
  it("with the change that is once too often, which its first firing is not", () => {
    expect(standing(turns(4)).flapped).toEqual([]);
    expect(standing(turns(5)).flapped).toEqual([4]);
  });
  it("only where they lie within the window", () => {
    expect(standing(turns(40), 20).flapped[0]).toBe(4);
    expect(standing(turns(40), 21).flapped).toEqual([]);
  });
  it("not for what it says again", () => {
    expect(standing([...turns(4), ...Array<Said>(20).fill({ status: "resolved" })]).flapped).toEqual([]);
  });
  it("until it has not changed for so long, whatever it says again meanwhile", () => {
    const { known } = standing(turns(5));
    const repeated = { ...known, lastSeenAt: at(30) };
    expect(isQuiet(repeated, at(33), RULES)).toBe(false);
    expect(isQuiet(repeated, at(34), RULES)).toBe(true);
  });
  it("by what it says and not by what it counts as while it is held", () => {
    const held: Recurring = { ...standing(turns(5)).known, status: "firing", flapping: "resolved" };
    expect(recur(held, say({ status: "resolved" }), at(9), RULES)).toMatchObject({ flapsNow: false });
    expect(recur(held, say({ status: "firing" }), at(9), RULES).changes.at(-1)).toBe(at(9));
  });
  it("exactly where so many changes lie within the window, whatever came", () => {
    const signal = fc.record({
      status: fc.constantFrom("firing" as const, "resolved" as const),
      gap: fc.integer({ min: 0, max: 40 }),
    });
    fc.assert(
      fc.property(fc.array(signal, { maxLength: 40 }), (signals) => {
        let known: Recurring | null = null;
        let minute = 0;
        const changes: number[] = [];
        for (const { status, gap } of signals) {
          minute += gap;
          const changed = known !== null && known.status !== status;
          if (changed) changes.push(minute);
          const { flapsNow, ...recurrence } = recur(known, say({ status }), at(minute), RULES);
          expect(flapsNow).toBe(changed && changes.filter((each) => minute - each <= 60).length >= 4);
          expect(recurrence.changes.length).toBeLessThanOrEqual(4);
          known = { ...recurrence, status, lastSeenAt: at(minute) };
        }
      }),
    );
  });
});
