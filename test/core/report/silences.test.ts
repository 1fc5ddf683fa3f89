import fc from "fast-check";
import { expect, it } from "vitest";
import { MaintenanceWindow } from "../../../src/core/correlate/maintenance.ts";
import { Silence } from "../../../src/core/correlate/silence.ts";
import type { Document } from "../../../src/core/report/document.ts";
import {
  endingDocument,
  type HeldAlert,
  silencedDocument,
  silencesDocument,
} from "../../../src/core/report/silences.ts";
import { renderText } from "../../harness/plain-text.ts";

const silence = Silence.parse({
  id: "S-3",
  matcher: "source=dbt asset=*.orders",
  createdBy: { kind: "person", id: "U1", name: "Ana Diaz" },
  createdAt: "2026-11-22T03:00:00.000Z",
  startsAt: "2026-11-22T03:00:00.000Z",
  endsAt: "2026-11-22T05:00:00.000Z",
  reason: "backfill is running",
  endedAt: null,
  endedBy: null,
  incident: "INC-4",
  channel: null,
  announcedEnd: null,
  version: 1,
  hash: "",
});
const window = MaintenanceWindow.parse({
  name: "Sunday load",
  match: "source=airflow",
  from: "2026-11-22T01:00:00Z",
  to: "2026-11-22T04:00:00Z",
});
const active = { window, from: "2026-11-22T01:00:00.000Z", to: "2026-11-22T04:00:00.000Z" };
const held: HeldAlert = {
  title: "not_null on orders failed",
  source: "dbt",
  asset: "analytics.core.orders",
  since: "2026-11-22T03:10:00.000Z",
  by: "silence",
  holder: "S-3",
  reason: "silenced by Ana Diaz until 22 Nov 2026 05:00 UTC (S-3)",
};

it("lists silences, windows and every held alert", () => {
  const document = silencesDocument({
    silences: [{ silence, held: 12 }],
    windows: [{ active, held: 1 }],
    held: [held],
  });
  expect(document.summary).toBe("1 silence, 1 maintenance window, 1 alert held");
  expect(renderText(document)).toMatchInlineSnapshot(`
    "1 silence, 1 maintenance window, 1 alert held
    =============================================

    Silences

    - 🔕 S-3 source=dbt asset=*.orders – until 22 Nov 2026 05:00 UTC, 12 alerts held – Ana Diaz: backfill is running (INC-4)

    Maintenance

    - 🚧 Sunday load source=airflow – until 22 Nov 2026 04:00 UTC, 1 alert held

    Held alerts

    - not_null on orders failed on analytics.core.orders (dbt) since 22 Nov 2026 03:10 UTC – by S-3

    unsilence S-3 ends one; its alerts that still fire are told then.
    "
  `);
});

it("says that nothing is silenced", () => {
  expect(silencesDocument({ silences: [], windows: [], held: [] }).summary).toBe(
    "Nothing is silenced: every firing alert is told.",
  );
});

it("lists what a rule holds where nobody has silenced anything", () => {
  expect(silencesDocument({ silences: [], windows: [], held: [held] }).summary).toBe(
    "0 silences, 1 alert held",
  );
});

it("announces the end of a silence with what it holds", () => {
  const now = "2026-11-22T04:45:00.000Z";
  expect(endingDocument(silence, 12, now).summary).toBe("Silence S-3 ends in 15 min, 12 alerts are held.");
  expect(endingDocument(silence, 1, now).summary).toBe("Silence S-3 ends in 15 min, 1 alert is held.");
  expect(endingDocument(silence, 0, now).summary).toBe("Silence S-3 ends in 15 min, no alerts are held.");
  expect(renderText(endingDocument(silence, 12, now))).toMatchInlineSnapshot(`
    "🔔 Silence S-3 ends in 15 min, at 05:00 UTC; 12 alerts are held. Those that still fire then are told.

    source=dbt asset=*.orders – Ana Diaz: backfill is running
    "
  `);
});

it("says why a silence ends or lasts longer in the words of whoever did that, and not in those it began with", () => {
  const over = {
    ...silence,
    endedAt: silence.endsAt,
    endedBy: { kind: "person", id: "U2", name: "Jonas" } as const,
  };
  const line = (document: Document) => renderText(document).split("\n")[0];
  expect(line(silencedDocument({ type: "unsilence", reason: null }, over, 0))).toBe(
    "🔔 Silence ended (S-3) source=dbt asset=*.orders – Jonas",
  );
  expect(line(silencedDocument({ type: "unsilence", reason: "done" }, over, 0))).toMatch(/ – Jonas: done$/);
  expect(line(silencedDocument({ type: "extend", reason: "slow" }, silence, 0))).toMatch(/: slow$/);
  expect(line(silencedDocument({ type: "extend", reason: null }, silence, 0))).toMatch(
    /: backfill is running$/,
  );
});

it("stays small, however much is held", () => {
  fc.assert(
    fc.property(fc.nat(300), fc.nat(300), fc.string({ maxLength: 3000 }), (many, alerts, text) => {
      const document = silencesDocument({
        silences: Array.from({ length: many }, () => ({
          silence: { ...silence, reason: text || "x" },
          held: alerts,
        })),
        windows: Array.from({ length: many }, () => ({ active, held: 0 })),
        held: Array.from({ length: alerts }, () => ({ ...held, title: text || "x" })),
      });
      expect(document.blocks.length).toBeLessThanOrEqual(10);
      for (const block of document.blocks)
        if (block.type === "list") expect(block.items.length).toBeLessThanOrEqual(20);
    }),
    { numRuns: 30 },
  );
});
