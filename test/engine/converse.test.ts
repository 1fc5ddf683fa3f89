import { describe, expect, test } from "vitest";
import type { Config } from "../../src/config.ts";
import { talking } from "./conversation.ts";
import { alertOn, ana, type World } from "./world.ts";

const HOUR_MS = 3_600_000;

type Say = (line: string) => Promise<string>;

/** What is said in the channel is answered with a document, of which the words are looked at. */
const reading = (play: (say: Say, world: World) => Promise<void>, routing?: Config["routing"]) =>
  talking(async (say, world) => {
    await play(async (line) => {
      const { kind, text } = await say(line);
      if (kind !== "document") throw new Error(`${line} was answered with a ${kind}`);
      return text;
    }, world);
  }, routing);

/** Opens a SEV1 and 30 of the least severity after it, and ends one. */
const inManyIncidents = (play: (say: Say, world: World) => Promise<void>) =>
  reading(async (say, world) => {
    await world.ingest(alertOn("first", { severity: "critical" }));
    for (let i = 2; i <= 32; i++) {
      world.advance(1000);
      await world.ingest(alertOn(`t${i}`, { severity: "info" }));
    }
    await world.command("INC-2", { type: "cancel", reason: "an exercise" });
    await play(say, world);
  });

test("list has the worst first however many are open, and says how many there are", () =>
  inManyIncidents(async (say) => {
    const open = await say("list");
    expect(open).toMatch(/^31 open incidents: INC-1 SEV1 triggered, INC-3 SEV4 triggered, /);
    expect(open).toContain("and 6 more; search finds one by its words");
    expect(await say("list all")).toMatch(/^31 open incidents: INC-1 SEV1 triggered, /);
  }));

test("search says that there are more than it shows", () =>
  inManyIncidents(async (say) => {
    const found = await say("search failed");
    expect(found).toMatch(/^The newest 25 incidents found for “failed”: INC-32, INC-31, /);
    expect(found).toContain("and older ones; more words find fewer");
    expect(await say("search first")).toMatch(/^1 incident found for “first”: INC-1\n/);
  }));

describe("explain", () => {
  const silence = (world: World, matcher: string) =>
    world.engine.silence({
      ask: { type: "silence", matcher, lengthMs: 2 * HOUR_MS, reason: "backfill is running" },
      ...{ incident: null, channel: "C1", actor: ana, via: "slash", permalink: null, idempotencyKey: null },
    });
  const unique = (table: string) =>
    alertOn(table, { dedupKey: `unique.${table}`, title: `unique on ${table} failed` });

  test("says of an alert that its incident lists as held what holds it, since when, and what comes after", () =>
    reading(async (say, world) => {
      await world.ingest(alertOn("orders"));
      await silence(world, "title=unique*");
      world.advance(60_000);
      await world.ingest(unique("orders"));
      await say("silence extend S-1 1h it is slow");
      const said = await say("explain INC-1 unique");
      expect(said).toMatch(/^Why INC-1 has 1 alert “unique”\n/);
      expect(said).toContain(
        '["Held back since ",{"time":"2026-11-22T03:01:00.000Z","style":"datetime"},": silenced by Ana Diaz until 22 Nov 2026 06:00 UTC (S-1, title=unique*): backfill is running"]',
      );
      expect(said).toContain("Counted on INC-1 as held back");
      expect(said).toContain("it is told if it still fires then");
      expect(said).toContain('{"code":"unsilence S-1"}');
      expect(said).not.toContain("Here because");
    }));

  test("finds what is held in no incident, whatever is open, and whichever incident is asked", () =>
    reading(async (say, world) => {
      await silence(world, "title=unique*");
      await world.ingest(unique("orders"));
      const held = /^Why 1 alert “unique” is held back\n.*silenced by Ana Diaz.*In no incident/;
      expect(await say("explain unique")).toMatch(held);
      await world.ingest(alertOn("payments"));
      const instead = await say("explain INC-1 unique");
      expect(instead).toMatch(held);
      expect(instead).toContain("No alert of INC-1 is called so.");
      await world.ingest(alertOn("customers"));
      expect(await say("explain unique")).toMatch(held);
      expect(await say("explain payments")).toMatch(/^Which incident\? 2 are open here/);
      expect(await say("explain INC-2 revenue")).toMatch(
        /^No alert of INC-2 is called “revenue”, nor one that is held back\n/,
      );
    }));

  test("says so where nothing is open and nothing that is held is called so", () =>
    reading(async (say) => {
      await expect(say("explain orders")).rejects.toThrow(
        "No incident is open in this channel, and no alert that is held back is called “orders”. Name the incident you mean: `explain INC-1 <alert>`; `list all` shows them.",
      );
    }));

  test("says which window or rule holds it", () =>
    reading(
      async (say, world) => {
        await world.ingest(alertOn("orders"));
        expect(await say("explain orders")).toContain(
          '": maintenance “migration” until 22 Nov 2026 05:00 UTC (asset=*.orders)"',
        );
        await world.ingest(alertOn("platform", { title: "The cluster is down", source: "cloudwatch" }));
        await world.ingest(alertOn("revenue"));
        const said = await say("explain INC-1 revenue");
        expect(said).toContain('": rule “platform down”: “The cluster is down” fires"');
        expect(said).not.toContain("unsilence");
      },
      {
        maintenance: [
          {
            name: "migration",
            match: "asset=*.orders",
            from: "2026-11-22T03:00:00Z",
            to: "2026-11-22T05:00:00Z",
          },
        ],
        // biome-ignore lint/suspicious/noThenProperty: it is the word in the file.
        inhibit: [{ name: "platform down", when: "source=cloudwatch", then: "asset=*.revenue" }],
      },
    ));

  test("of an alert that was told before and is held anew says both, once", () =>
    reading(async (say, world) => {
      await world.ingest(alertOn("orders"));
      await world.ingest(alertOn("orders", { status: "resolved" }));
      await silence(world, "asset=*.orders");
      await world.ingest(alertOn("orders"));
      const said = await say("explain orders");
      expect(said).toMatch(/^Why INC-1 has 1 alert “orders”\n/);
      expect(said).toContain("Here because: ");
      expect(said).toContain("Held back since ");
    }));

  test("says of one whose silence has just ended that it is told soon", () =>
    reading(async (say, world) => {
      await silence(world, "asset=*.orders");
      await world.ingest(alertOn("orders"));
      world.advance(2 * HOUR_MS);
      expect(await say("explain orders")).toContain("nothing holds it any more; it is told within a minute");
    }));
});

test("search finds an incident by its key, and says that words are found whole", () =>
  inManyIncidents(async (say) => {
    expect(await say("search INC-4")).toMatch(/^1 incident found for “INC-4”: INC-4\n/);
    expect(await say("find #inc-12")).toMatch(/^1 incident found for “#inc-12”: INC-12\n/);
    expect(await say("search INC-99")).toMatch(/^0 incidents found for “INC-99”\n/);
    expect(await say("search irst")).toContain(
      "Try fewer words, and whole ones: a table's name, or its last part. An incident's key finds it too.",
    );
  }));

test("alerts lists all alerts of an incident, the one that opened it first, page by page", () =>
  inManyIncidents(async (say, world) => {
    for (let i = 1; i <= 44; i++) {
      world.advance(1000);
      await world.ingest(alertOn("first", { dedupKey: `check ${i}`, title: `check ${i} failed` }));
    }
    const first = await say("alerts INC-1");
    expect(first).toMatch(/^45 alerts of INC-1: 45 firing, page 1 of 3\n/);
    expect(first).toContain('{"code":"alerts INC-1 2"}," goes on, "');
    expect(first).toContain("🔴 firing · ");
    const pages = [first, await say("INC-1 alerts 2"), await say("alerts INC-1 3")];
    const titles = pages.flatMap((page) => page.match(/not_null on first failed|check \d+ failed/g));
    expect(titles).toHaveLength(45);
    expect(titles.slice(0, 2)).toEqual(["not_null on first failed", "check 44 failed"]);
    expect(new Set(titles).size).toBe(45);
    expect(pages[2]).not.toContain("goes on");
    await expect(say("alerts INC-1 4")).rejects.toThrow(
      "INC-1 has 3 pages of alerts. `alerts INC-1 3` is the last.",
    );
  }));

test("a search for more words than are searched for is refused, and says how many it takes", () =>
  inManyIncidents(async (say) => {
    const pasted = Array.from({ length: 66 }, (_, n) => `${n + 10}`);
    await expect(say(`search ${pasted.join(" ")}`)).rejects.toThrow(
      "A search takes at most 20 words, these are 66. Leave out all but the rarest.",
    );
    expect(await say(`search failed ${pasted.slice(0, 19).join(" ")}`)).toMatch(/^0 incidents found/);
  }));

test("an incident that was declared without a severity gets that of what is merged into it or moved to it; a person's stays", () =>
  talking(async (say, world) => {
    const severity = async (key: string) => (await world.reads.state(key))!.severity;
    await say("new Orders look wrong");
    await say("new sev3 Refunds look wrong");
    await world.ingest(
      alertOn("orders", { severity: "warning" }),
      alertOn("users", { severity: "error" }),
      alertOn("users", { severity: "error", dedupKey: "unique", title: "unique" }),
      alertOn("refunds", { severity: "error" }),
    );
    expect(await severity("INC-1")).toBe("SEV3");
    await say("move INC-4 unique to INC-1");
    await say("merge INC-5 into INC-2");
    expect([await severity("INC-1"), await severity("INC-2")]).toEqual(["SEV2", "SEV3"]);
    await say("severity INC-3 1 the board reads it");
    await say("merge INC-3 into INC-1");
    expect(await severity("INC-1")).toBe("SEV1");
    await say("severity INC-2 4 a copy");
    expect(await severity("INC-2")).toBe("SEV4");
  }));

test("a bot is given neither the lead nor a role nor an action item", () =>
  talking(async (say, world) => {
    await say("new Orders look wrong");
    for (const line of ["lead <@U0BOT>", "role comms <@U0BOT>", "task add a check <@U0BOT> tomorrow"])
      await expect(say(line), line).rejects.toThrow(/is a bot\. Choose a person\.$/);
    await say("task add a check");
    await say("lead <@U0ANA>");
    const state = (await world.reads.state("INC-1"))!;
    expect([Object.keys(state.roles), state.tasks.length]).toEqual([["lead"], 1]);
  }));
