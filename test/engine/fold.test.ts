import fc from "fast-check";
import { expect, it } from "vitest";
import type { ByHand, Command } from "../../src/core/incident/command.ts";
import type { NumberedSuspect } from "../../src/core/incident/events.ts";
import { brokenAt } from "../../src/core/incident/log.ts";
import { fold, isOpen } from "../../src/core/incident/state.ts";
import { Refusal } from "../../src/core/refusal.ts";
import { alertOn, openWorld, temporaryFile, type World } from "./world.ts";

/** Alerts that flap soon and are quiet soon, incidents that end by themselves, and others that need two runs. */
const FLAPPING = { changes: 3, within: "10m", quiet: "4m" };
const ROUTES = [
  { name: "by itself", match: "asset=*users", autoResolve: true },
  { name: "two runs", match: "asset=*orders", passes: 2 },
];

const word = fc.string({ minLength: 1, maxLength: 12 }).map((s) => s.trim() || "x");
const table = fc.constantFrom("orders", "users", "payments");
const step = fc.constantFrom("a", "b", "c", null);

const SUSPECT: NumberedSuspect = {
  ...{ number: 1, change: "c1", title: "Deploy 7", url: null, actor: null, source: "github" },
  ...{ at: "2026-11-22T02:00:00.000Z", confidence: "likely", reason: "touched orders" },
};

const command: fc.Arbitrary<Command> = fc.oneof(
  fc.constantFrom<Command>(
    { type: "acknowledge" },
    { type: "unacknowledge", reason: null },
    { type: "mitigate", text: "reran" },
    { type: "restore", assets: [], reason: "checked" },
    { type: "resolve", text: "fixed" },
    { type: "close", reason: null },
    { type: "reopen", reason: "again" },
    { type: "cancel", reason: "false alarm" },
    { type: "clear_role", role: "lead" },
    { type: "record_thread", channel: "C1", ts: "1.2", permalink: null },
    { type: "suspect_changes", suspects: [SUSPECT] },
    { type: "suspect_changes", suspects: [] },
    { type: "name_cause", number: 1 },
    { type: "link_change", text: "deployed", url: null, changedAt: null },
    { type: "name_cause", number: 1, noted: true },
    {
      type: "tell_similar",
      incidents: [
        {
          ...{ key: "INC-9", title: "t", severity: "SEV2", resolvedAt: "2026-11-21T02:00:00.000Z" },
          ...{ outcome: null, causeChange: null, url: null, reason: "same alert" },
        },
      ],
    },
    {
      type: "start_runbook",
      runbook: "late",
      title: "Late",
      hash: "h",
      steps: [
        { id: "a", title: "A" },
        { id: "b", title: "B" },
        { id: "c", title: "C" },
      ],
    },
  ),
  fc.record({
    type: fc.constant("set_severity" as const),
    severity: fc.constantFrom("SEV1" as const, "SEV4" as const),
    reason: word,
  }),
  fc.record({
    type: fc.constant("assign_role" as const),
    role: fc.constantFrom("lead", "scribe"),
    person: fc.constantFrom({ id: "U1", name: "Ana" }, { id: null, name: "Bo" }),
  }),
  fc.record({
    type: fc.constant("note" as const),
    text: word,
    at: fc.constantFrom(null, "2026-11-22T01:00:00.000Z"),
  }),
  fc.record({
    type: fc.constant("pin" as const),
    messageTs: fc.constantFrom("1", "2"),
    author: fc.constant({ kind: "system" as const }),
    text: word,
    at: fc.constant("2026-11-22T02:59:00.000Z"),
  }),
  fc.record({
    type: fc.constantFrom("unpin" as const, "delete_pin" as const),
    messageTs: fc.constantFrom("1", "2"),
  }),
  fc.record({ type: fc.constant("edit_pin" as const), messageTs: fc.constantFrom("1", "2"), text: word }),
  fc.record({
    type: fc.constant("edit_entry" as const),
    seq: fc.integer({ min: 1, max: 12 }),
    text: fc.option(word),
    at: fc.constantFrom(null, "2026-11-22T02:00:00.000Z", "2026-11-22T05:00:00.000Z"),
  }),
  fc.record({
    type: fc.constant("hide_entry" as const),
    seq: fc.integer({ min: 1, max: 12 }),
    reason: fc.constant(null),
  }),
  fc.record({ type: fc.constant("waive" as const), assets: table.map((t) => [t]), reason: word }),
  fc.record({
    type: fc.constant("add_assets" as const),
    assets: fc.array(fc.record({ namespace: fc.constant("bi"), name: word }), { minLength: 1, maxLength: 3 }),
    reason: word,
  }),
  fc.record({
    type: fc.constant("set_started_at" as const),
    startedAt: fc.constant("2026-11-21T22:00:00.000Z"),
    reason: word,
  }),
  fc.record({
    type: fc.constant("finish_step" as const),
    runbook: fc.constantFrom("late", null),
    step,
    outcome: fc.constantFrom("done" as const, "skipped" as const, "failed" as const),
    note: fc.option(word),
  }),
  fc.record({ type: fc.constant("step_back" as const), runbook: fc.constant(null), step }),
  fc.record({
    type: fc.constant("add_task" as const),
    text: word,
    owner: fc.constant(null),
    due: fc.constant(null),
  }),
  fc.record({ type: fc.constant("finish_task" as const), task: fc.integer({ min: 1, max: 3 }) }),
  fc.record({
    type: fc.constant("merge_into" as const),
    into: fc.constantFrom("INC-1", "INC-2"),
    reason: fc.constant(null),
  }),
  fc.record({
    type: fc.constant("write_review" as const),
    section: fc.constantFrom("well" as const, "factor" as const),
    statements: fc.array(word),
    append: fc.boolean(),
  }),
);

const byHand: fc.Arbitrary<ByHand> = fc.record({
  type: fc.constantFrom("split" as const, "move" as const),
  into: fc.constantFrom("INC-1", "INC-2", "INC-3"),
  alerts: table,
  all: fc.boolean(),
  reason: fc.option(word),
});

const move = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("command" as const),
      incident: fc.constantFrom("INC-1", "INC-2", "INC-3"),
      command: fc.oneof({ weight: 3, arbitrary: command }, { weight: 1, arbitrary: byHand }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("alert" as const),
      table,
      test: fc.constantFrom("a", "b"),
      status: fc.constantFrom("firing" as const, "resolved" as const),
      also: fc.constantFrom(null, "refunds", "returns"),
      run: fc.constantFrom(null, "1", "2"),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("turns" as const),
      table,
      times: fc.integer({ min: 2, max: 5 }),
      also: fc.constantFrom(null, "refunds"),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("wait" as const), minutes: fc.constantFrom(1, 5) }) },
);
type Move = typeof move extends fc.Arbitrary<infer Value> ? Value : never;

/** One alert may name more at one time than at another. */
function both({ table, also }: { table: string; also: string | null }) {
  return [table, also].flatMap((name) => (name ? alertOn(name).assets : []));
}

/** What there is to wait for of a move. */
function carryOut(world: World, move: Move): Promise<unknown>[] {
  switch (move.do) {
    case "command":
      return [world.command(move.incident, move.command)];
    case "alert":
      return [move.also, null, "refunds"].map((also) =>
        world.ingest(
          alertOn(move.table, {
            dedupKey: `${move.table}.${move.test}`,
            status: move.status,
            assets: both({ ...move, also }),
            impacted: also ? alertOn(`${also}_daily`).assets : [],
            groupHint: also && move.run,
          }),
        ),
      );
    case "turns":
      return Array.from({ length: move.times }, (_, index) =>
        world.ingest(
          alertOn(move.table, { status: index % 2 === 0 ? "resolved" : "firing", assets: both(move) }),
        ),
      );
    case "wait":
      world.advance(move.minutes * 60_000);
      return [world.submit({ type: "tick", now: world.now() })];
    default:
      return move satisfies never;
  }
}

it("stores exactly what the log folds to, in an unbroken chain, whatever was asked", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(move, { minLength: 1, maxLength: 25 }), async (moves) => {
      const place = temporaryFile();
      const world = await openWorld(place.database, "C1", { flapping: FLAPPING }, { routes: ROUTES });
      try {
        await world.ingest(alertOn("orders"), alertOn("users"));
        // In one go, so that batches of every size are committed together.
        const asked = moves.flatMap((each) => {
          world.advance(1000);
          return carryOut(world, each);
        });
        for (const result of await Promise.allSettled(asked)) {
          if (result.status === "rejected") expect(result.reason).toBeInstanceOf(Refusal);
        }
        const { incidents } = await world.reads.list({}, 100, null);
        expect(incidents.length).toBeGreaterThanOrEqual(2);
        for (const { key } of incidents) {
          const events = await world.reads.events(key);
          expect(fold(events)).toEqual(await world.reads.state(key, { entries: true }));
          expect(brokenAt(events)).toBeNull();
          const state = fold(events)!;
          expect(state.alerts.firing).toBeGreaterThanOrEqual(0);
          expect(state.alerts.firing + state.alerts.resolved).toBe(state.alerts.total);
          const rows = await world.reads.alerts(key, 1000);
          const firing = rows.filter(({ status }) => status === "firing").flatMap((row) => row.assets);
          // What was merged keeps the rows of what it gave away.
          if (state.phase !== "merged")
            for (const known of state.assets.values())
              expect(known.firing).toBe(firing.filter(({ name }) => name === known.asset.name).length);
          if (isOpen(state.phase))
            expect(
              rows
                .filter((row) => row.flapping)
                .map((row) => row.fingerprint)
                .sort(),
            ).toEqual(Object.keys(state.flapping).sort());
          else expect(state.flapping).toEqual({});
        }
      } finally {
        await world.close();
        place.remove();
      }
    }),
    { numRuns: 60 },
  );
});
