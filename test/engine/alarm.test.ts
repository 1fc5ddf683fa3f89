import { beforeEach, describe, expect, it } from "vitest";
import { createAlarm } from "../../src/engine/alarm.ts";
import { DeliveryFailure } from "../../src/engine/deliver.ts";
import { createBacklog, createSourceWatch, type Trouble, watched } from "../../src/engine/troubles.ts";

describe("the alarm about ourselves", () => {
  const full: Trouble = { name: "database", words: "the disk is full" };
  let now: number;
  let troubles: Trouble[];
  let posted: string[];
  let marks: string[];
  let fails: DeliveryFailure | null;
  let landed: boolean;
  let alarm: ReturnType<typeof createAlarm>;

  beforeEach(() => {
    now = Date.parse("2026-11-22T03:00:00Z");
    troubles = [];
    posted = [];
    marks = [];
    fails = null;
    landed = true;
    alarm = createAlarm({
      look: async () => troubles,
      messenger: {
        async post({ channel, mark, threadTs }, document) {
          expect([channel, threadTs]).toEqual(["C0OPS", null]);
          if (!fails || (fails.kind === "unknown" && landed)) {
            posted.push(document.summary);
            marks.push(mark);
          }
          if (fails) throw fails;
          return { channel, ts: "1.0", permalink: null };
        },
        find: async ({ channel, mark }) =>
          marks.includes(mark) ? { channel, ts: "1.0", permalink: null } : null,
      },
      channel: "C0OPS",
      now: () => now,
      log: { warn: () => {}, error: () => {} },
    });
  });

  async function pass(minutes: number): Promise<void> {
    for (let i = 0; i < minutes * 6; i++) {
      now += 10_000;
      await alarm.tick();
    }
  }

  it("is told once, and once when it is over", async () => {
    troubles = [full];
    await pass(10);
    expect(posted).toEqual(["⚠️ Something is wrong with me: the disk is full."]);
    expect(alarm.raised()).toEqual(["database"]);
    troubles = [];
    await pass(10);
    expect(posted.slice(1)).toEqual(["✅ Over after 10 min: the disk is full."]);
    expect(alarm.raised()).toEqual([]);
    troubles = [full];
    await pass(1);
    expect(posted).toHaveLength(3);
    expect(new Set(marks).size).toBe(3);
  });

  it("is told when Slack can be reached again, if it is still so then", async () => {
    fails = new DeliveryFailure("retry", "token_revoked");
    troubles = [full];
    await pass(5);
    expect(posted).toEqual([]);
    fails = null;
    await pass(1);
    expect(posted).toHaveLength(1);
    fails = new DeliveryFailure("rate_limited", "rate limited", 30_000);
    troubles = [];
    await pass(1);
    fails = null;
    await pass(1);
    expect(posted[1]).toContain("Over");
  });

  it("is not told when it was over before anybody could hear of it", async () => {
    fails = new DeliveryFailure("retry", "token_revoked");
    troubles = [full];
    await pass(1);
    troubles = [];
    fails = null;
    await pass(1);
    expect(posted).toEqual([]);
  });

  it.each([true, false])(
    "is told once though Slack's answer is lost (it had landed: %s)",
    async (arrived) => {
      fails = new DeliveryFailure("unknown", "the request timed out");
      landed = arrived;
      troubles = [full];
      await alarm.tick();
      fails = null;
      await pass(5);
      expect(posted).toHaveLength(1);
    },
  );
});

describe("what is trouble", () => {
  let now = 0;
  const clock = () => now;
  beforeEach(() => {
    now = 0;
  });

  it("is a message that waits, each version for itself", () => {
    const backlog = createBacklog(clock);
    const row = { id: 1, sent: 0, attempts: 0, notBefore: "" };
    expect(backlog.look([row])).toBe(0);
    now = 60_000;
    expect(backlog.look([{ ...row, attempts: 3 }])).toBe(60_000);
    expect(backlog.look([{ ...row, sent: 4 }])).toBe(0);
    now = 90_000;
    expect(backlog.look([{ ...row, sent: 4 }, row])).toBe(30_000);
    expect(backlog.look([])).toBe(0);
  });

  it("is a source that is refused ten times in a row, until one is taken or it falls silent", () => {
    const sources = createSourceWatch(clock);
    const refuse = (times: number, status = 401) => {
      for (let i = 0; i < times; i++) sources.answered("dbt", status);
    };
    refuse(9);
    expect(sources.troubles()).toEqual([]);
    refuse(1);
    expect(sources.troubles()).toEqual([
      { name: "source dbt", words: expect.stringContaining("the secret is missing or wrong") },
    ]);
    now = 16 * 60_000;
    expect(sources.troubles()).toEqual([]);
    refuse(1);
    expect(sources.troubles()).toHaveLength(1);
    sources.answered("dbt", 200);
    refuse(9);
    expect(sources.troubles()).toEqual([]);
    // Our own faults, and asking to slow down, say nothing of the sender.
    refuse(5, 503);
    refuse(5, 429);
    expect(sources.troubles()).toEqual([]);
  });

  it("is a writer that does not answer, and a database that takes no writes", async () => {
    const answers: ((result: { ok: boolean }) => void)[] = [];
    const watch = watched(
      { submit: () => new Promise((done) => answers.push(done as never)), close: async () => {} },
      clock,
    );
    const job = { type: "tick", now: "2026-11-22T03:00:00.000Z" } as const;
    const first = watch.writer.submit(job);
    now = 11_000;
    expect(watch.lagMs()).toBe(11_000);
    expect(watch.troubles().map(({ name }) => name)).toEqual(["writer"]);
    answers[0]!({ ok: false, refusal: { code: "unavailable", message: "", issues: [] } } as never);
    await first;
    expect(watch.troubles().map(({ name }) => name)).toEqual(["database"]);
    const second = watch.writer.submit(job);
    answers[1]!({ ok: true });
    await second;
    expect(watch.troubles()).toEqual([]);
  });
});
