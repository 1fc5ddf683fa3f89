import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Command } from "../../src/core/incident/command.ts";
import { Refusal } from "../../src/core/refusal.ts";
import type { Document } from "../../src/core/report/document.ts";
import {
  createDeliverer,
  DeliveryFailure,
  type Messenger,
  type Place,
  type Posted,
  type Shown,
} from "../../src/engine/deliver.ts";
import type { OutboxRow } from "../../src/engine/ledger.ts";
import { waitFor } from "../harness/wait.ts";
import { alertOn, openWorld, temporaryFile, type World } from "./world.ts";

/**
 * A workspace in memory that is stricter than the real one: a reply needs its root, an update its message, one message
 * may not be worked on twice at once, and no mark may be posted twice.
 */
class Chat implements Messenger {
  readonly posts: { mark: string; channel: string; threadTs: string | null; ts: string }[] = [];
  readonly shown = new Map<string, Document>();
  /** Every call in order, as `post card:INC-1`. */
  readonly calls: string[] = [];
  /** What goes wrong with a call before it happens, or after; asked with the line that `calls` gets. */
  before: (call: string, channel: string) => DeliveryFailure | null = () => null;
  after: (call: string) => DeliveryFailure | null = () => null;
  /** Held calls wait until it resolves. */
  hold: Promise<void> = Promise.resolve();
  private readonly busy = new Set<string>();
  private next = 1;

  /** Holds calls until what it returns is called. */
  holdCalls(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.hold = promise;
    return resolve;
  }

  private async call<T>(name: string, key: string, channel: string, work: () => T): Promise<T> {
    const line = `${name} ${key}`;
    this.calls.push(line);
    if (this.busy.has(key)) throw new Error(`two calls at once for ${key}`);
    this.busy.add(key);
    try {
      await this.hold;
      const failure = this.before(line, channel);
      if (failure) throw failure;
      const result = work();
      const late = this.after(line);
      if (late) throw late;
      return result;
    } finally {
      this.busy.delete(key);
    }
  }

  post(place: Place, document: Document): Promise<Posted> {
    return this.call("post", place.mark, place.channel, () => this.add(place, document));
  }
  upload(place: Place): Promise<Posted> {
    return this.call("upload", place.mark, place.channel, () =>
      this.add(place, { summary: "", title: null, blocks: [] }),
    );
  }
  update(channel: string, ts: string, document: Document): Promise<void> {
    const mark = this.posts.find((post) => post.ts === ts && post.channel === channel)?.mark;
    if (!mark) throw new Error(`there is no message ${ts} in ${channel}`);
    return this.call("update", mark, channel, () => void this.shown.set(mark, document));
  }
  find(place: Place): Promise<Posted | null> {
    return this.call("find", place.mark, place.channel, () => {
      const post = this.posts.find(({ mark }) => mark === place.mark);
      return post ? { channel: post.channel, ts: post.ts, permalink: null } : null;
    });
  }

  private add(place: Place, document: Document): Posted {
    if (this.posts.some(({ mark }) => mark === place.mark)) throw new Error(`${place.mark} stands twice`);
    const root = /^(?:card|notice):/.test(place.mark);
    if (root !== (place.threadTs === null)) throw new Error(`${place.mark} is in the wrong place`);
    if (!root && !this.posts.some(({ ts }) => ts === place.threadTs))
      throw new Error("there is no such root");
    const ts = `${this.next++}.0`;
    this.posts.push({ ...place, ts });
    this.shown.set(place.mark, document);
    return { channel: place.channel, ts, permalink: null };
  }

  marks(): string[] {
    return this.posts.map(({ mark }) => mark);
  }
}

/** Slack says no for good. */
const refused = new DeliveryFailure("refused", "invalid_blocks");
const mendable = new DeliveryFailure("retry", "channel_not_found");
const unknown = new DeliveryFailure("unknown", "the request timed out");

type Deliverer = ReturnType<typeof createDeliverer>;
let world: World;
let place: ReturnType<typeof temporaryFile>;
let chat: Chat;
let deliverer: Deliverer;
let faults: string[];

beforeEach(async () => {
  place = temporaryFile();
  world = await openWorld(place.database);
  chat = new Chat();
  faults = [];
  deliverer = newDeliverer();
});
afterEach(async () => {
  await deliverer.stop();
  await world.close();
  place.remove();
  expect(faults).toEqual([]);
});

/** The card's title says how many alerts there are, so that a stale card shows. */
async function show(row: OutboxRow): Promise<Shown> {
  const state = (await world.reads.state(row.incident))!;
  const summary = row.kind === "reply" ? "reply" : `${state.alerts.total} alerts, ${state.phase}`;
  return { type: "message", document: { summary, title: null, blocks: [] } };
}

function newDeliverer(more: Partial<Parameters<typeof createDeliverer>[0]> = {}): Deliverer {
  return createDeliverer({
    messenger: chat,
    reads: world.reads,
    show,
    submit: async (job) => {
      const result = await world.submit(job);
      if (!result.ok) throw new Error(result.refusal.message);
      return result.value;
    },
    now: () => Date.parse(world.now()),
    log: {
      warn: () => {},
      error: (fields, message) => faults.push(`${message}: ${JSON.stringify(fields)}`),
    },
    ...more,
  });
}

/** Lets everything happen that can at this moment of the clock. */
async function settle(): Promise<void> {
  let before = -1;
  for (let quiet = 0; quiet < 3; quiet++) {
    deliverer.wake();
    await new Promise((done) => setTimeout(done, 6));
    if (chat.calls.length !== before) quiet = 0;
    before = chat.calls.length;
  }
}

/** Advances the clock second by second. */
async function pass(seconds: number): Promise<void> {
  for (let i = 0; i < seconds; i++) {
    world.advance(1000);
    await settle();
  }
}

async function outbox(): Promise<Record<string, string>> {
  const rows = await world.readDb.selectFrom("outbox").select(["key", "state"]).execute();
  return Object.fromEntries(rows.map(({ key, state }) => [key, state]));
}

const severity = (to: "SEV1" | "SEV3"): Command => ({ type: "set_severity", severity: to, reason: "worse" });
const declared = (title: string): Command => ({
  type: "open",
  kind: "incident",
  title,
  severity: "SEV2",
  channel: "C1",
  summary: null,
  assets: [],
  startedAt: "2026-11-22T03:00:00.000Z",
  origin: null,
  groupingKey: null,
  reason: "declared",
});

describe("in order", () => {
  it("posts the root first, then the replies as they came, each once", async () => {
    await world.ingest(alertOn("orders"));
    await world.command("INC-1", { type: "acknowledge" });
    await world.command("INC-1", severity("SEV1"));
    await world.command("INC-1", { type: "mitigate", text: "reran" });
    deliverer.start();
    await settle();
    await pass(3);
    const replies = chat.marks().slice(2);
    expect(chat.marks().slice(0, 2)).toEqual(["card:INC-1", "alerts:INC-1"]);
    expect(replies.length).toBeGreaterThanOrEqual(3);
    expect(replies).toEqual(replies.toSorted((a, b) => sequence(a) - sequence(b)));
    const root = chat.posts[0]!;
    expect(chat.posts.slice(1).every(({ threadTs }) => threadTs === root.ts)).toBe(true);
    expect(await world.reads.state("INC-1")).toMatchObject({ thread: { channel: "C1", ts: root.ts } });
  });

  it("looks at once after a commit, and after many only now and then, the last of them too", async () => {
    await deliverer.stop();
    let looks = 0;
    const due: typeof world.reads.due = (...given) => {
      looks++;
      return world.reads.due(...given);
    };
    deliverer = newDeliverer({ reads: { ...world.reads, due } });
    deliverer.start();
    await settle();
    const before = looks;
    deliverer.committed();
    expect(looks).toBe(before + 1);
    for (let i = 0; i < 200; i++) {
      deliverer.committed();
      await new Promise((done) => setImmediate(done));
    }
    expect(looks - before).toBeLessThan(50);
    await world.ingest(alertOn("orders"));
    deliverer.committed();
    await waitFor(() => chat.marks().includes("card:INC-1"), { what: "the card", timeout: 4000 });
  });

  it("rests after a look that took long, though something else comes due every moment", async () => {
    await deliverer.stop();
    let looks = 0;
    const due = async () => {
      looks++;
      await new Promise((done) => setTimeout(done, 20));
      return [];
    };
    const nextDue = async () => new Date(Date.now() + 1).toISOString();
    deliverer = newDeliverer({ reads: { ...world.reads, due, nextDue }, now: Date.now });
    deliverer.start();
    await new Promise((done) => setTimeout(done, 500));
    // One after the other they would be more than twenty.
    expect(looks).toBeLessThan(8);
    expect(looks).toBeGreaterThan(1);
  });

  it("does not rest for long after one look that was held up by something else", async () => {
    await deliverer.stop();
    let looks = 0;
    const due = async () => {
      if (looks++ === 0) await new Promise((done) => setTimeout(done, 300));
      return [];
    };
    deliverer = newDeliverer({ reads: { ...world.reads, due } });
    deliverer.start();
    await waitFor(() => looks === 1, { what: "the first look" });
    await new Promise((done) => setTimeout(done, 350));
    deliverer.committed();
    deliverer.committed();
    // Ten times what the first took would be three seconds.
    await waitFor(() => looks === 3, { what: "a look for each commit", timeout: 1000 });
  });

  it("lets a worse incident go first that comes a moment later, and waits for no other", async () => {
    await world.close();
    world = await openWorld(place.database, "C1", { wait: "5s" });
    deliverer = newDeliverer();
    deliverer.start();
    await world.ingest(alertOn("mild", { severity: "warning" }));
    world.advance(500);
    await world.ingest(alertOn("severe", { severity: "critical" }));
    world.advance(500);
    await world.ingest(alertOn("milder", { severity: "info" }));
    world.advance(4100);
    // The first one's time has come, and the worst one's comes within the second.
    await settle();
    expect(chat.marks()).toEqual([]);
    world.advance(500);
    await settle();
    expect(chat.marks().filter((mark) => mark.startsWith("card"))).toEqual(["card:INC-2", "card:INC-1"]);
    await pass(1);
    expect(chat.marks()).toContain("card:INC-3");
  });

  it("keeps the order when the first reply has to be tried again", async () => {
    await world.ingest(alertOn("orders"));
    deliverer.start();
    await settle();
    let failures = 2;
    chat.before = (call) => (call.startsWith("post reply") && failures-- > 0 ? mendable : null);
    await world.command("INC-1", { type: "acknowledge" });
    await settle();
    await world.command("INC-1", severity("SEV1"));
    await settle();
    await pass(12);
    expect(chat.marks().filter((mark) => mark.startsWith("reply"))).toEqual([
      "reply:INC-1:4",
      "reply:INC-1:5",
    ]);
  });

  it("has one root, however often it is woken meanwhile", async () => {
    const go = chat.holdCalls();
    await world.ingest(alertOn("orders"));
    deliverer.start();
    for (let i = 0; i < 20; i++) deliverer.wake();
    await world.ingest(alertOn("orders", { dedupKey: "another" }));
    deliverer.wake();
    await settle();
    expect(chat.calls).toEqual(["post card:INC-1"]);
    go();
    await settle();
    await pass(3);
    expect(chat.marks()).toEqual(["card:INC-1", "alerts:INC-1"]);
    expect(chat.shown.get("card:INC-1")).toMatchObject({ summary: "2 alerts, triggered" });
  });

  it("says when what was due has been tried, and does not wait for a Slack that hangs", async () => {
    await world.ingest(alertOn("orders"));
    deliverer.start();
    await deliverer.tried(10_000);
    expect(chat.marks()).toEqual(["card:INC-1"]);
    let answer = () => {};
    chat.hold = new Promise((resolve) => {
      answer = resolve;
    });
    await world.ingest(alertOn("customers"));
    deliverer.wake();
    await deliverer.tried(50);
    expect(chat.calls).toContain("post card:INC-2");
    expect(chat.marks()).not.toContain("card:INC-2");
    answer();
    await settle();
  });

  it("puts nothing into the channel while the root is missing", async () => {
    chat.before = (call) => (call === "post card:INC-1" ? mendable : null);
    await world.ingest(alertOn("orders"));
    await world.command("INC-1", { type: "acknowledge" });
    deliverer.start();
    await pass(40);
    expect(new Set(chat.calls)).toEqual(new Set(["post card:INC-1"]));
    expect(chat.posts).toEqual([]);
  });
});

describe("living messages", () => {
  it("redraws a card at most once in two seconds, and always ends with what is so", async () => {
    await world.ingest(alertOn("orders"));
    deliverer.start();
    await settle();
    chat.calls.length = 0;
    for (let i = 0; i < 5; i++) {
      for (let j = 0; j < 6; j++) {
        await world.ingest(alertOn("orders", { dedupKey: `t${i}.${j}` }));
        deliverer.wake();
        world.advance(100);
      }
      await settle();
    }
    // Three seconds passed, so at most two redraws of each.
    for (const key of ["card:INC-1", "alerts:INC-1"])
      expect(chat.calls.filter((call) => call === `update ${key}`).length).toBeLessThanOrEqual(2);
    await pass(3);
    expect(chat.shown.get("card:INC-1")).toMatchObject({ summary: "31 alerts, triggered" });
    expect(chat.shown.get("alerts:INC-1")).toMatchObject({ summary: "31 alerts, triggered" });
    expect(Object.values(await outbox()).every((state) => state === "done")).toBe(true);
  });

  it.each([
    ["also when it waited to be drawn already", async () => {}],
    [
      "also when a transaction fails before it stands",
      // What no door sends is a fault of ours, not a refusal.
      () =>
        expect(
          world.command("INC-1", { type: "note", text: null as unknown as string, at: null }),
        ).rejects.not.toBeInstanceOf(Refusal),
    ],
  ])("redraws once more what changes while it is being drawn, %s", async (_, meanwhile) => {
    await world.ingest(alertOn("orders"));
    deliverer.start();
    await settle();
    await pass(3);
    const go = chat.holdCalls();
    await world.ingest(alertOn("orders", { dedupKey: "second" }));
    await settle();
    expect(chat.calls.at(-1)).toMatch(/^update/);
    await world.ingest(alertOn("orders", { dedupKey: "third" }));
    await meanwhile();
    go();
    await pass(4);
    expect(chat.shown.get("card:INC-1")).toMatchObject({ summary: "3 alerts, triggered" });
    expect(chat.shown.get("alerts:INC-1")).toMatchObject({ summary: "3 alerts, triggered" });
    expect(Object.values(await outbox())).not.toContain("pending");
  });

  it("shows that it was merged, where that came while the first message was on its way", async () => {
    const go = chat.holdCalls();
    await world.ingest(alertOn("orders"), alertOn("users"));
    deliverer.start();
    await settle();
    expect(chat.calls).toContain("post card:INC-2");
    await world.command("INC-2", { type: "merge_into", into: "INC-1", reason: null });
    go();
    await pass(4);
    expect(chat.shown.get("card:INC-2")).toMatchObject({ summary: "1 alerts, merged" });
    expect(Object.values(await outbox())).not.toContain("pending");
  });

  it("shows after a restart what came while a message waited to be drawn", async () => {
    await world.ingest(alertOn("orders"));
    deliverer.start();
    await pass(3);
    await deliverer.stop();
    for (const dedupKey of ["second", "third"]) await world.ingest(alertOn("orders", { dedupKey }));
    await world.restart();
    deliverer = newDeliverer();
    deliverer.start();
    await pass(3);
    expect(chat.shown.get("card:INC-1")).toMatchObject({ summary: "3 alerts, triggered" });
    await world.ingest(alertOn("orders", { dedupKey: "fourth" }));
    await pass(3);
    expect(chat.shown.get("card:INC-1")).toMatchObject({ summary: "4 alerts, triggered" });
  });

  it("tells of a storm of 1,000 alerts with a handful of calls", async () => {
    deliverer.start();
    for (let i = 0; i < 20; i++) {
      await world.ingest(
        ...Array.from({ length: 50 }, (_, j) => alertOn("orders", { dedupKey: `t${i}.${j}` })),
      );
      deliverer.wake();
      world.advance(100);
    }
    await settle();
    await pass(3);
    expect(chat.shown.get("card:INC-1")).toMatchObject({ summary: "1000 alerts, triggered" });
    expect(chat.shown.get("alerts:INC-1")).toMatchObject({ summary: "1000 alerts, triggered" });
    expect(chat.marks()).toEqual(["card:INC-1", "alerts:INC-1"]);
    expect(chat.calls.length).toBeLessThanOrEqual(10);
  });
});

describe("pace", () => {
  it("keeps to one post a second in a channel, whatever the number of incidents there", async () => {
    for (let i = 0; i < 20; i++) await world.command(null, declared(`p${i}`));
    deliverer.start();
    await settle();
    expect(chat.posts.length).toBe(5);
    await pass(5);
    expect(chat.posts.length).toBe(10);
    await pass(10);
    expect(chat.posts.length).toBe(20);
  });

  it("waits as long as Slack says in that channel, and goes on everywhere else", async () => {
    let limited = true;
    chat.before = (call, channel) =>
      limited && channel === "C1" && call.startsWith("post")
        ? new DeliveryFailure("rate_limited", "rate limited", 30_000)
        : null;
    await world.command(null, { ...declared("here"), channel: "C1" } as Command);
    await world.command(null, { ...declared("also here"), channel: "C1" } as Command);
    await world.command(null, { ...declared("there"), channel: "C2" } as Command);
    deliverer.start();
    await settle();
    // The calls of the first look were on their way together; after that answer nothing more goes to C1.
    const tried = chat.calls.filter(
      (call) => call === "post card:INC-1" || call === "post card:INC-2",
    ).length;
    expect(tried).toBeLessThanOrEqual(2);
    expect(chat.marks()).toEqual(["card:INC-3"]);
    await world.command("INC-3", severity("SEV1"));
    await world.command("INC-1", severity("SEV1"));
    await pass(25);
    expect(chat.calls.filter((call) => /INC-[12]/.test(call)).length).toBe(tried);
    expect(chat.calls.filter((call) => call === "update card:INC-3").length).toBe(1);
    expect(chat.marks()).toEqual(["card:INC-3", "reply:INC-3:3"]);
    limited = false;
    await pass(10);
    expect(chat.marks().slice(2).toSorted()).toEqual(["card:INC-1", "card:INC-2", "reply:INC-1:2"]);
  });

  it("redraws a card whose replies have to wait for their channel", async () => {
    await world.command(null, declared("here"));
    await world.command(null, declared("also here"));
    deliverer.start();
    await pass(4);
    chat.before = (call) =>
      call.startsWith("post") ? new DeliveryFailure("rate_limited", "rate limited", 300_000) : null;
    await world.command("INC-2", severity("SEV1"));
    await pass(2);
    await world.command("INC-1", severity("SEV1"));
    await pass(5);
    expect(chat.calls.filter((call) => call.startsWith("post reply"))).toEqual(["post reply:INC-2:3"]);
    expect(chat.calls).toContain("update card:INC-1");
  });

  it("asks again after ten minutes, however long Slack says to wait", async () => {
    let limited = true;
    chat.before = () =>
      limited ? new DeliveryFailure("rate_limited", "rate limited", 99_999_999_999_000) : null;
    await world.command(null, declared("here"));
    deliverer.start();
    await settle();
    limited = false;
    await pass(9 * 60);
    expect(chat.marks()).toEqual([]);
    await pass(2 * 60);
    expect(chat.marks()).toEqual(["card:INC-1"]);
  });

  it("lets redraws wait for their own limit without holding up posts", async () => {
    await world.ingest(alertOn("orders"));
    deliverer.start();
    await settle();
    await pass(2);
    chat.before = (call) =>
      call.startsWith("update") ? new DeliveryFailure("rate_limited", "rate limited", 60_000) : null;
    await world.command("INC-1", { type: "acknowledge" });
    await settle();
    await pass(3);
    expect(chat.marks()).toContain("reply:INC-1:4");
    expect(chat.calls.filter((call) => call.startsWith("update")).length).toBe(1);
    chat.before = () => null;
    await pass(60);
    expect(chat.shown.get("card:INC-1")).toMatchObject({ summary: "1 alerts, acknowledged" });
  });
});

describe("many incidents at once", () => {
  it("let what a person does be seen first, of an incident that stands and of one that does not yet", async () => {
    await world.ingest(alertOn("orders"));
    deliverer.start();
    await pass(3);
    await world.ingest(...Array.from({ length: 100 }, (_, n) => alertOn(`t${n}`)));
    await pass(10);
    world.tells(deliverer.committed);
    const before = chat.calls.length;
    await world.command("INC-1", { type: "acknowledge" });
    await world.command("INC-90", { type: "acknowledge" });
    await pass(5);
    const calls = chat.calls.slice(before);
    expect(calls.slice(0, 5).toSorted()).toEqual([
      "post alerts:INC-90",
      "post card:INC-90",
      "post reply:INC-1:4",
      "post reply:INC-90:3",
      "update card:INC-1",
    ]);
    expect(chat.shown.get("card:INC-1")).toMatchObject({ summary: "1 alerts, acknowledged" });
  });

  it("wait no longer for what nobody did there, however many posts wait", async () => {
    await world.ingest(alertOn("orders"));
    deliverer.start();
    await pass(3);
    for (let n = 0; n < 600; n++) await world.command(null, declared(`p${n}`));
    await world.ingest(alertOn("orders", { dedupKey: "another" }));
    await pass(3);
    expect(chat.shown.get("card:INC-1")).toMatchObject({ summary: "2 alerts, triggered" });
  });

  it("wait while Slack is being told of them all, and not for a digest that Slack does not take", async () => {
    const go = chat.holdCalls();
    chat.before = (call) => (call.startsWith("post notice:") ? mendable : null);
    await world.ingest(...Array.from({ length: 20 }, (_, n) => alertOn(`t${n}`)));
    deliverer.start();
    await pass(3);
    expect(chat.calls).toEqual(["post notice:C1:INC-20"]);
    go();
    await settle();
    expect(chat.marks().length).toBeGreaterThan(0);
    expect(chat.marks()).not.toContain("notice:C1:INC-20");
    chat.before = () => null;
    await pass(3);
    expect(chat.marks()).toContain("notice:C1:INC-20");
  });

  it("are told of first, and each root follows once", async () => {
    await world.ingest(...Array.from({ length: 20 }, (_, n) => alertOn(`t${n}`)));
    deliverer.start();
    await pass(40);
    const roots = chat.posts.filter(({ threadTs }) => threadTs === null).map(({ mark }) => mark);
    expect(roots[0]).toBe("notice:C1:INC-20");
    expect(roots.slice(1).toSorted()).toEqual(
      Array.from({ length: 20 }, (_, n) => `card:INC-${n + 1}`).toSorted(),
    );
  });
});

describe("when it goes wrong", () => {
  it("looks for a post whose outcome is unknown, and does not repeat one that happened", async () => {
    let times = 1;
    chat.after = (call) => (call.startsWith("post") && times-- > 0 ? unknown : null);
    await world.ingest(alertOn("orders"));
    deliverer.start();
    await settle();
    expect(chat.calls).toEqual(["post card:INC-1"]);
    await pass(5);
    expect(chat.calls.filter((call) => call === "post card:INC-1").length).toBe(1);
    expect(chat.calls).toContain("find card:INC-1");
    expect(chat.marks()).toEqual(["card:INC-1", "alerts:INC-1"]);
    expect(await world.reads.state("INC-1")).toMatchObject({ thread: { ts: "1.0" } });
    expect(Object.values(await outbox())).toEqual(["done", "done"]);
  });

  it("posts once more what is not there after an unknown outcome", async () => {
    let times = 1;
    chat.before = (call) => (call.startsWith("post") && times-- > 0 ? unknown : null);
    await world.ingest(alertOn("orders"));
    deliverer.start();
    await pass(6);
    expect(chat.calls.slice(0, 3)).toEqual(["post card:INC-1", "find card:INC-1", "post card:INC-1"]);
    expect(chat.marks()).toEqual(["card:INC-1", "alerts:INC-1"]);
  });

  it("draws no more what somebody deleted, gives nothing up for it, and goes on in the thread", async () => {
    await world.ingest(alertOn("orders"));
    deliverer.start();
    await pass(3);
    chat.before = (call) =>
      call === "update card:INC-1" ? new DeliveryFailure("gone", "message_not_found") : null;
    await world.command("INC-1", { type: "acknowledge" });
    await pass(5);
    expect(chat.calls.filter((call) => call === "update card:INC-1")).toHaveLength(1);
    expect(chat.marks()).toEqual(["card:INC-1", "alerts:INC-1", "reply:INC-1:4"]);
    expect(new Set(Object.values(await outbox()))).toEqual(new Set(["done"]));
  });

  it("keeps looking, ever more rarely, while even that fails, and posts nothing meanwhile", async () => {
    let away = true;
    chat.after = (call) => (away && call.startsWith("post") ? unknown : null);
    chat.before = (call) => (away && call.startsWith("find") ? unknown : null);
    await world.ingest(alertOn("orders"));
    deliverer.start();
    await settle();
    await pass(60);
    const looks = chat.calls.filter((call) => call.startsWith("find")).length;
    expect(looks).toBeGreaterThanOrEqual(3);
    expect(looks).toBeLessThanOrEqual(8);
    expect(chat.calls.filter((call) => call.startsWith("post")).length).toBe(1);
    away = false;
    await pass(70);
    expect(chat.marks()).toEqual(["card:INC-1", "alerts:INC-1"]);
  });

  it("posts ever more rarely while each outcome is unknown and Slack says that nothing is there", async () => {
    let away = true;
    chat.before = (call) => (away && call.startsWith("post") ? unknown : null);
    await world.ingest(alertOn("orders"));
    deliverer.start();
    await pass(130);
    // At 0, 2, 6, 12, 22, 40, 74 s: each time looked for after two seconds, and put off then.
    const posts = chat.calls.filter((call) => call === "post card:INC-1").length;
    expect(posts).toBeGreaterThanOrEqual(6);
    expect(posts).toBeLessThanOrEqual(8);
    expect(chat.calls.filter((call) => call.startsWith("find")).length).toBeLessThanOrEqual(posts);
    away = false;
    await pass(130);
    expect(chat.marks()).toEqual(["card:INC-1", "alerts:INC-1"]);
  });

  it("gives up a reply that cannot be looked for, as its thread is gone, and goes on with the card", async () => {
    await world.ingest(alertOn("orders"));
    deliverer.start();
    await pass(4);
    chat.before = (call) =>
      call === "post reply:INC-1:4" ? unknown : call === "find reply:INC-1:4" ? refused : null;
    await world.command("INC-1", severity("SEV1"));
    await pass(10);
    expect(await outbox()).toEqual({ "card:INC-1": "done", "alerts:INC-1": "done", "reply:INC-1:4": "dead" });
    expect(chat.calls.filter((call) => call === "find reply:INC-1:4").length).toBe(1);
    expect(chat.calls).toContain("update card:INC-1");
  });

  it("gives up what Slack refuses, and tries again when there is something new to say", async () => {
    await world.ingest(alertOn("orders"));
    deliverer.start();
    await settle();
    await pass(2);
    chat.before = (call) => (call === "update card:INC-1" ? refused : null);
    await world.ingest(alertOn("orders", { dedupKey: "second" }));
    await settle();
    await pass(30);
    expect((await outbox())["card:INC-1"]).toBe("dead");
    expect(chat.calls.filter((call) => call === "update card:INC-1").length).toBe(1);
    chat.before = () => null;
    await world.ingest(alertOn("orders", { dedupKey: "third" }));
    await settle();
    await pass(2);
    expect(chat.shown.get("card:INC-1")).toMatchObject({ summary: "3 alerts, triggered" });
    expect((await outbox())["card:INC-1"]).toBe("done");
  });

  it("lets nothing follow a refused root, and all of it when the root stands at last", async () => {
    chat.before = (call) => (call === "post card:INC-1" ? refused : null);
    await world.ingest(alertOn("orders"));
    await world.command("INC-1", { type: "acknowledge" });
    deliverer.start();
    await pass(10);
    expect(chat.calls).toEqual(["post card:INC-1"]);
    chat.before = () => null;
    await world.command("INC-1", severity("SEV1"));
    await settle();
    await pass(4);
    expect(chat.marks()).toEqual(["card:INC-1", "alerts:INC-1", "reply:INC-1:3", "reply:INC-1:4"]);
  });

  it("tries again ever more rarely: posts and redraws alike", async () => {
    let broken = "post card:INC-1";
    chat.before = (call) => (call === broken ? mendable : null);
    await world.ingest(alertOn("orders"));
    deliverer.start();
    await pass(130);
    // At 0, 1, 3, 7, 15, 31, 63, 127 s.
    expect(chat.calls.length).toBeGreaterThanOrEqual(6);
    expect(chat.calls.length).toBeLessThanOrEqual(8);
    broken = "nothing";
    await pass(130);
    expect(chat.marks()).toEqual(["card:INC-1", "alerts:INC-1"]);
    broken = "update card:INC-1";
    chat.calls.length = 0;
    await world.command("INC-1", severity("SEV1"));
    await pass(64);
    const redraws = chat.calls.filter((call) => call === "update card:INC-1").length;
    expect(redraws).toBeGreaterThanOrEqual(5);
    expect(redraws).toBeLessThanOrEqual(7);
  });

  it("recovers a root whose channel was wrong once that is mended, with its thread in order", async () => {
    chat.before = () => mendable;
    await world.ingest(alertOn("orders"));
    await world.command("INC-1", { type: "acknowledge" });
    await world.command("INC-1", severity("SEV1"));
    deliverer.start();
    await pass(20);
    chat.before = () => null;
    await pass(16);
    expect(chat.marks()).toEqual(["card:INC-1", "alerts:INC-1", "reply:INC-1:3", "reply:INC-1:4"]);
    expect(chat.shown.get("card:INC-1")).toMatchObject({ summary: "1 alerts, acknowledged" });
  });

  it("calls again, not at once, when a message cannot even be composed, and looks for nothing in Slack", async () => {
    let broken = true;
    deliverer = newDeliverer({
      show: async (row) => {
        if (broken) throw new Error("a fault in rendering");
        return show(row);
      },
    });
    await world.ingest(alertOn("orders"));
    deliverer.start();
    await pass(10);
    expect(chat.calls).toEqual([]);
    expect(faults.length).toBeLessThanOrEqual(6);
    expect(faults.splice(0).join()).toContain("delivery failed");
    broken = false;
    await pass(20);
    expect(chat.marks()).toEqual(["card:INC-1", "alerts:INC-1"]);
  });

  it("loses nothing while the database takes no writes", async () => {
    let full = false;
    deliverer = newDeliverer({
      submit: async (job) => {
        if (full && job.type === "settle") throw new Error("database or disk is full");
        return (await world.submit(job)) as { value: unknown };
      },
    });
    full = true;
    await world.ingest(alertOn("orders"));
    deliverer.start();
    await pass(20);
    expect(chat.marks()).toEqual(["card:INC-1"]);
    full = false;
    await pass(40);
    expect(chat.marks()).toEqual(["card:INC-1", "alerts:INC-1"]);
    expect(Object.values(await outbox())).toEqual(["done", "done"]);
    faults.length = 0;
  });

  it("looks after a row whose claim was stored, although nobody heard of it", async () => {
    let deaf = true;
    deliverer = newDeliverer({
      submit: async (job) => {
        const result = (await world.submit(job)) as { value: unknown };
        if (deaf) throw new Error("Connection terminated");
        return result.value;
      },
      log: { warn: () => {}, error: () => {} },
    });
    await world.ingest(alertOn("orders"));
    deliverer.start();
    await settle();
    expect(await outbox()).toMatchObject({ "card:INC-1": "sending" });
    deaf = false;
    await pass(20);
    expect(chat.marks()).toEqual(["card:INC-1", "alerts:INC-1"]);
  });
});

describe("over a restart", () => {
  it("finishes what the last process was in the middle of: posted or not", async () => {
    await world.ingest(alertOn("orders"), alertOn("users"));
    const [posted, dropped] = (await world.reads.due(world.now(), 10, [])).filter(
      (row) => row.kind === "card",
    );
    await world.submit({ type: "claim", id: posted!.id, now: world.now() });
    await world.submit({ type: "claim", id: dropped!.id, now: world.now() });
    await chat.post(
      { channel: "C1", threadTs: null, mark: posted!.key },
      { summary: "as it was", title: null, blocks: [] },
    );
    await world.restart();
    deliverer.start();
    await pass(8);
    expect(chat.calls.filter((call) => call === `post ${posted!.key}`).length).toBe(1);
    expect(chat.calls.filter((call) => call === `post ${dropped!.key}`).length).toBe(1);
    expect(chat.marks().toSorted()).toEqual(["alerts:INC-1", "alerts:INC-2", "card:INC-1", "card:INC-2"]);
    // What was found is redrawn, for it may show an older state.
    expect(chat.shown.get(posted!.key)).toMatchObject({ summary: "1 alerts, triggered" });
    expect(Object.values(await outbox()).every((state) => state === "done")).toBe(true);
  });

  it("keeps the order of what was put off before it", async () => {
    await world.ingest(alertOn("orders"));
    deliverer.start();
    await settle();
    await pass(1);
    chat.before = (call) => (call.startsWith("post reply") ? mendable : null);
    await world.command("INC-1", { type: "acknowledge" });
    await pass(8);
    await deliverer.stop();
    chat.before = () => null;
    await world.restart();
    deliverer = newDeliverer();
    deliverer.start();
    await world.command("INC-1", severity("SEV1"));
    await settle();
    expect(chat.marks()).toEqual(["card:INC-1", "alerts:INC-1"]);
    await pass(12);
    expect(chat.marks().slice(2)).toEqual(["reply:INC-1:4", "reply:INC-1:5"]);
  });

  it("stops only when what is under way is settled, and starts nothing after", async () => {
    const go = chat.holdCalls();
    await world.ingest(alertOn("orders"));
    deliverer.start();
    await settle();
    let stopped = false;
    const stopping = deliverer.stop().then(() => {
      stopped = true;
    });
    await settle();
    expect(stopped).toBe(false);
    go();
    await stopping;
    expect(await outbox()).toEqual({ "card:INC-1": "done", "alerts:INC-1": "pending" });
    await settle();
    expect(chat.calls).toEqual(["post card:INC-1"]);
  });
});

function sequence(mark: string): number {
  return Number(mark.split(":")[2] ?? 0);
}
