import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { matchable } from "../../../src/core/correlate/matcher.ts";
import {
  activeSilences,
  compileSilence,
  decideSilence,
  endingSoon,
  evolveSilence,
  Silence,
  type SilenceCommand,
  SilenceEvent,
  silencedBy,
} from "../../../src/core/correlate/silence.ts";
import { readSilenceLine, refuseUnknownSource } from "../../../src/core/correlate/silence-line.ts";
import { record } from "../../../src/core/incident/log.ts";
import type { Actor } from "../../../src/core/incident/person.ts";
import { Refusal } from "../../../src/core/refusal.ts";
import { alertOn } from "../../engine/world.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const START = Date.parse("2026-11-22T03:00:00.000Z");
const instant = (ms: number) => new Date(START + ms).toISOString();
const now = instant(0);
const ana: Actor = { kind: "person", id: "U1", name: "Ana Diaz" };
const jonas: Actor = { kind: "person", id: "U2", name: "Jonas Weber" };

type Wanted = Extract<SilenceCommand, { type: "silence" }>;
const wanted = (changes: Partial<Wanted> = {}): Wanted => ({
  type: "silence",
  id: "S-1",
  matcher: "source=dbt",
  lengthMs: 2 * HOUR,
  reason: "backfill is running",
  startsAt: null,
  incident: null,
  channel: null,
  ...changes,
});

/** A silence after these commands, each so long after the start. */
function silenceAfter(...steps: [SilenceCommand, number, Actor?][]): Silence {
  let silence: Silence | null = null;
  for (const [command, ms, actor = ana] of steps)
    for (const body of decideSilence(silence, command, instant(ms))) {
      const asked = { actor, via: "slash", now: instant(ms), permalink: null } as const;
      const tail = { version: silence?.version ?? 0, hash: silence?.hash ?? "" };
      const [event] = record<SilenceEvent>("S-1", tail, [{ body }], asked, "", SilenceEvent);
      silence = evolveSilence(silence, event!);
    }
  return Silence.parse(silence);
}
const held = (silence: Silence, ms: number, alert = alertOn("orders")) =>
  silencedBy(matchable(alert), [compileSilence(silence)], instant(ms));

describe("a silence", () => {
  test("holds what fits until it ends, and names who, until when and why", () => {
    const silence = silenceAfter([wanted(), 0]);
    expect(silence).toMatchObject({
      createdBy: ana,
      startsAt: now,
      endsAt: instant(2 * HOUR),
      endedAt: null,
    });
    expect(held(silence, 0)?.reason).toBe(
      "silenced by Ana Diaz until 22 Nov 2026 05:00 UTC (S-1, source=dbt): backfill is running",
    );
    expect(held(silence, 2 * HOUR - 1)).not.toBeNull();
    expect(held(silence, 2 * HOUR)).toBeNull();
    expect(held(silence, 0, alertOn("orders", { source: "airflow" }))).toBeNull();
  });
  test("begins later where that is asked for", () => {
    const silence = silenceAfter([wanted({ startsAt: instant(HOUR) }), 0]);
    expect(held(silence, 0)).toBeNull();
    expect(held(silence, HOUR)).not.toBeNull();
    expect(silence.endsAt).toBe(instant(3 * HOUR));
  });
  test("ends when somebody ends it", () => {
    const silence = silenceAfter([wanted(), 0], [{ type: "unsilence", reason: "done" }, HOUR, jonas]);
    expect(silence).toMatchObject({ endedAt: instant(HOUR), endedBy: jonas });
    expect(held(silence, HOUR)).toBeNull();
  });
  test("is extended from its end", () => {
    const silence = silenceAfter([wanted(), 0], [{ type: "extend", byMs: HOUR, reason: null }, HOUR]);
    expect(silence.endsAt).toBe(instant(3 * HOUR));
  });
  test("of several the one that lasts longest is named", () => {
    const silences = [
      silenceAfter([wanted({ id: "S-2", lengthMs: 3 * HOUR }), 0]),
      silenceAfter([wanted(), 0]),
    ].map(compileSilence);
    expect(silencedBy(matchable(alertOn("orders")), silences, now)?.silence.id).toBe("S-2");
    expect(activeSilences(silences, now).map(({ id }) => id)).toEqual(["S-1", "S-2"]);
  });

  test.each<[string, Partial<Wanted>, string]>([
    [
      "a matcher that is not clear",
      { matcher: "orders" },
      "The matcher is not clear: `orders` is not `name=value`",
    ],
    ["a matcher of everything", { matcher: "title=*" }, "would silence nearly everything"],
    ["a matcher that only leaves out", { matcher: "source!=dbt" }, "put `all` before it"],
    ["no reason", { reason: "  " }, "needs a reason"],
    ["a reason too long", { reason: "x".repeat(1001) }, "Shorten it by 1"],
    ["30 seconds", { lengthMs: 30_000 }, "lasts 1m at least"],
    ["no number", { lengthMs: Number.NaN }, "lasts 1m at least"],
    ["31 days", { lengthMs: 31 * DAY }, "ends within 30d"],
    ["a beginning in the past", { startsAt: instant(-1) }, "can't begin in the past"],
    ["a beginning in a year", { startsAt: instant(365 * DAY) }, "begins within 30d"],
  ])("%s is refused", (_, changes, words) => {
    expect(() => decideSilence(null, wanted(changes), now)).toThrow(words);
  });
  test("all is silenced only where it is said", () => {
    expect(silenceAfter([wanted({ matcher: "all" }), 0]).matcher).toBe("all");
    expect(silenceAfter([wanted({ matcher: "source!=dbt, all" }), 0]).matcher).toBe("all source!=dbt");
  });
  test("one that is over is neither extended nor ended again", () => {
    const silence = silenceAfter([wanted(), 0]);
    const at = instant(2 * HOUR);
    expect(() => decideSilence(silence, { type: "unsilence", reason: null }, at)).toThrow(
      "S-1 ended on 22 Nov 2026 05:00 UTC. To silence the same again: `silence source=dbt 2h <reason>`.",
    );
    expect(() => decideSilence(silence, { type: "extend", byMs: HOUR, reason: null }, at)).toThrow(
      "S-1 ended",
    );
    expect(() => decideSilence(null, { type: "unsilence", reason: null }, at)).toThrow("no such silence");
    expect(() => decideSilence(silence, { type: "extend", byMs: 30 * DAY, reason: null }, now)).toThrow(
      "ends within 30d",
    );
  });
});

describe("the end of a silence", () => {
  const ids = (silence: Silence, ms: number) =>
    endingSoon([silence], instant(ms), 15 * MINUTE).map(({ id }) => id);

  test("is announced once, and again after an extension", () => {
    const silence = silenceAfter([wanted(), 0]);
    expect(ids(silence, 105 * MINUTE - 1)).toEqual([]);
    expect(ids(silence, 105 * MINUTE)).toEqual(["S-1"]);
    const announced = silenceAfter([wanted(), 0], [{ type: "announce_end" }, 105 * MINUTE]);
    expect(ids(announced, 106 * MINUTE)).toEqual([]);
    expect(decideSilence(announced, { type: "announce_end" }, instant(106 * MINUTE))).toEqual([]);
    const extended = silenceAfter(
      [wanted(), 0],
      [{ type: "announce_end" }, 105 * MINUTE],
      [{ type: "extend", byMs: HOUR, reason: null }, 110 * MINUTE],
    );
    expect(ids(extended, 110 * MINUTE)).toEqual([]);
    expect(ids(extended, 166 * MINUTE)).toEqual(["S-1"]);
  });
  test("of one that was short to begin with, or is over, is not", () => {
    expect(ids(silenceAfter([wanted({ lengthMs: 10 * MINUTE }), 0]), 1)).toEqual([]);
    expect(
      ids(silenceAfter([wanted(), 0], [{ type: "unsilence", reason: null }, HOUR]), 110 * MINUTE),
    ).toEqual([]);
    expect(ids(silenceAfter([wanted(), 0]), 121 * MINUTE)).toEqual([]);
  });
});

describe("a line to silence", () => {
  test("is matcher, duration and reason", () => {
    const { matcher, lengthMs, reason } = readSilenceLine(
      "source=dbt, asset=*.orders for 1h30m because 2h of backfill env=x",
    );
    expect([matcher.text, lengthMs, reason]).toEqual([
      "source=dbt asset=*.orders",
      90 * MINUTE,
      "2h of backfill env=x",
    ]);
  });
  test.each([
    ["", "The matcher is not clear: nothing is `name=value`"],
    ["orders 2h x", "`orders` is not `name=value`"],
    ["source=dbt", "Say for how long and why: `silence source=dbt 2h <reason>`."],
    ["source=dbt tonight", "`tonight` is neither `name=value` nor a duration"],
    ["source=dbt 30m", "Say why, for whoever wonders at night: `silence source=dbt 30m <reason>`."],
  ])("%j is refused with what is missing", (line, words) => {
    expect(() => readSilenceLine(line)).toThrow(words);
  });
  test.each([
    ["source=dtb", "`dtb`, so this would hold nothing. Did you mean `source=dbt`?"],
    ["source=dbt|airfow", "`airfow`, so this would hold nothing. Did you mean `source=airflow`?"],
    ["source!=soda asset=*.a", "`soda`, so this would hold everything else"],
    ["source=x*", "`x*`"],
  ])("%s names no source", (text, words) => {
    const matcher = readSilenceLine(`${text} 1h why`).matcher;
    expect(() => refuseUnknownSource(matcher, ["airflow", "dbt"])).toThrow(`No source is called ${words}`);
  });
  test.each(["source=DBT", "source=d*|airflow", "source={dbt,x}", "labels.source=dtb", "source!=dbt all"])(
    "%s names a source, or none is meant",
    (text) => {
      refuseUnknownSource(readSilenceLine(`${text} 1h why`).matcher, ["airflow", "dbt"]);
    },
  );
  test("any line is read or refused", () => {
    const word = fc.constantFrom(
      "all",
      "source=dbt",
      "2h",
      "for",
      " ",
      "because",
      "99999d",
      "x",
      '"',
      "=",
      ",",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(word).map((words) => words.join(" ")),
        ),
        (line) => {
          try {
            const { matcher, lengthMs, reason } = readSilenceLine(line);
            decideSilence(null, wanted({ matcher: matcher.text, lengthMs, reason }), now);
          } catch (error) {
            expect(error).toBeInstanceOf(Refusal);
          }
        },
      ),
    );
  });
});

test("a resolve is never held, whatever the silences", () => {
  const silence = fc.record({
    matcher: fc.constantFrom("all", "source=dbt", "asset=orders", "severity=error"),
    lengthMs: fc.integer({ min: MINUTE, max: 30 * DAY }),
  });
  fc.assert(
    fc.property(fc.array(silence), fc.integer({ min: 0, max: 40 * DAY }), (list, ms) => {
      const silences = list.map((each, n) =>
        compileSilence(silenceAfter([wanted({ ...each, id: `S-${n}` }), 0])),
      );
      const resolved = matchable(alertOn("orders", { status: "resolved" }));
      expect(silencedBy(resolved, silences, instant(ms))).toBeNull();
      const longest = Math.max(0, ...list.map(({ lengthMs }) => lengthMs));
      expect(silencedBy(matchable(alertOn("orders")), silences, instant(ms)) !== null).toBe(ms < longest);
    }),
  );
});
