import { expect, it } from "vitest";
import type { WaitingRow } from "../../src/engine/ledger.ts";
import { Turns } from "../../src/engine/turns.ts";

let next = 1;
function row(about: Partial<WaitingRow>): WaitingRow {
  const id = next++;
  return {
    id,
    key: `${about.kind ?? "card"}:${about.incident ?? id}:${id}`,
    incident: "INC-1",
    kind: "card",
    payload: null,
    channel: "C1",
    wanted: 1,
    sent: 0,
    state: "pending",
    attempts: 0,
    notBefore: "",
    ts: null,
    severity: "SEV3",
    ...about,
  };
}

it("lets roots go first, then replies, then redraws, the worst severity first in each", () => {
  const rows = [
    row({ incident: "INC-1", kind: "alerts", ts: "1.0", severity: "SEV1" }),
    row({ incident: "INC-1", ts: "1.1", severity: "SEV1" }),
    row({ incident: "INC-2", ts: "2.1", severity: "SEV2" }),
    row({ incident: "INC-2", kind: "reply", severity: "SEV2" }),
    row({ incident: "INC-1", kind: "reply", severity: "SEV1" }),
    row({ incident: "INC-3", severity: "SEV3" }),
    row({ incident: "INC-3", kind: "reply", severity: "SEV3" }),
    row({ incident: "INC-4", severity: "SEV1" }),
  ];
  const order = new Turns()
    .inOrder(rows, 0)
    .map(({ incident, kind, ts }) => `${incident} ${kind}${ts ? "!" : ""}`);
  expect(order).toEqual([
    "INC-4 card",
    "INC-3 card",
    "INC-1 reply",
    "INC-2 reply",
    "INC-1 card!",
    "INC-2 card!",
    "INC-1 alerts!",
  ]);
});

it("lets what tells of many roots go before them, and keeps those of its channel back until it is gone", () => {
  const digest = row({ incident: "C1", kind: "notice" });
  const silence = row({ incident: "S-1", kind: "notice" });
  const rows = [
    row({ incident: "INC-1", severity: "SEV1" }),
    row({ incident: "INC-2", channel: "C2" }),
    silence,
    digest,
  ];
  const order = (of: WaitingRow[]) => new Turns().inOrder(of, 0).map(({ incident }) => incident);
  expect(order(rows)).toEqual(["C1", "INC-2", "S-1"]);
  expect(order(rows.filter((each) => each !== digest))).toEqual(["INC-1", "INC-2", "S-1"]);
  // Looked for in Slack it holds nothing back.
  digest.state = "sending";
  expect(order(rows)).toEqual(["C1", "INC-1", "INC-2", "S-1"]);
});

it("gives back a turn of which nothing came", () => {
  const turns = new Turns();
  const cards = Array.from({ length: 5 }, (_, i) => row({ incident: `INC-${i}` }));
  for (const card of cards) turns.take(card, 0);
  expect(turns.waitMs(cards[0]!, 0, 0)).toBe(1000);
  turns.giveBack(cards[0]!, 0);
  expect(turns.waitMs(cards[0]!, 0, 0)).toBe(0);
});

it("gives every card that changes all the time its turn, within the budget of fifty a minute", () => {
  const turns = new Turns();
  const cards = Array.from({ length: 40 }, (_, i) =>
    row({ incident: `INC-${i}`, ts: `${i}.0`, severity: i < 10 ? "SEV1" : "SEV4" }),
  );
  const drawn = new Map<string, number[]>();
  for (let now = 0; now < 300_000; now += 100)
    for (const card of turns.inOrder(cards, now)) {
      if (turns.waitMs(card, cards.length, now) > 0) continue;
      turns.take(card, now);
      drawn.set(card.key, [...(drawn.get(card.key) ?? []), now]);
    }
  const total = [...drawn.values()].flat().length;
  expect(total).toBeLessThanOrEqual(10 + 5 * 50);
  expect(total).toBeGreaterThanOrEqual(5 * 40);
  // Nobody starves: each had its turn at least four times in five minutes.
  expect(cards.map(({ key }) => drawn.get(key)?.length ?? 0).every((times) => times >= 4)).toBe(true);
  // The worst were drawn before all others.
  const first = (key: string) => drawn.get(key)![0]!;
  expect(Math.max(...cards.slice(0, 10).map(({ key }) => first(key)))).toBeLessThanOrEqual(
    Math.min(...cards.slice(10).map(({ key }) => first(key))),
  );
});

it("redraws one card at most once in two seconds", () => {
  const turns = new Turns();
  const card = row({ ts: "1.0" });
  turns.take(card, 0);
  expect(turns.waitMs(card, 1, 500)).toBe(1500);
  expect(turns.waitMs(card, 10, 500)).toBe(11_500);
  expect(turns.waitMs(card, 1, 2000)).toBe(0);
});

it("after a 429 holds back that channel only, and edits not at all", () => {
  const turns = new Turns();
  turns.block(row({ channel: "C1" }), 30_000, 0);
  expect(turns.waitMs(row({ channel: "C1" }), 0, 1000)).toBe(29_000);
  expect(turns.waitMs(row({ channel: "C2" }), 0, 1000)).toBe(0);
  expect(turns.waitMs(row({ channel: "C1", ts: "1.0" }), 1, 1000)).toBe(0);
});

it("redraws what a person has just changed once without waiting for its share", () => {
  const turns = new Turns();
  const mine = row({ incident: "INC-1", ts: "1.0", severity: "SEV4" });
  const other = row({ incident: "INC-2", ts: "2.0", severity: "SEV1" });
  for (const card of [mine, other]) turns.take(card, 0);
  expect(turns.waitMs(mine, 100, 3_000)).toBe(117_000);
  turns.attend("INC-1", 3_000);
  expect(turns.attended(3_000)).toEqual(["INC-1"]);
  expect(turns.waitMs(mine, 100, 3_000)).toBe(0);
  expect(turns.inOrder([other, mine], 3_000)).toEqual([mine, other]);
  turns.take(mine, 3_000);
  expect(turns.inOrder([other, mine], 6_000)).toEqual([other, mine]);
  expect(turns.waitMs(mine, 100, 6_000)).toBe(117_000);
  turns.attend("INC-1", 6_000);
  expect(turns.waitMs(mine, 100, 70_000)).toBe(53_000);
  expect(turns.attended(70_000)).toEqual([]);
});
