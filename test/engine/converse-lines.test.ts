import { describe, expect, test } from "vitest";
import { type Say, talking } from "./conversation.ts";
import { alertOn, type World } from "./world.ts";

/** INC-1 is open here; INC-2 was cancelled. */
function withOneOpen(play: (say: Say, world: World) => Promise<void>) {
  return talking(async (say, world) => {
    await world.ingest(alertOn("orders"));
    await world.ingest(alertOn("users"));
    await world.command("INC-2", { type: "cancel", reason: "an exercise" });
    await play(say, world);
  });
}

test.each([
  ["severity 3 INC-2 nobody reads it", "severity 3 nobody reads it"],
  ["waive orders INC-2 nobody reads it", "waive orders nobody reads it"],
  ["lead <@U1> INC-2", "lead <@U1>"],
  ["note see INC-2 for more", "note see for more"],
])("%s, while only INC-1 is open, asks which of the two is meant", (line, meant) =>
  withOneOpen(async (say, world) => {
    const before = (await world.reads.state("INC-1"))!.version;
    const { kind, text, buttons } = await say(line);
    expect(kind).toBe("document");
    expect(text).toContain("Which incident? INC-2 stands in the words. Nothing was changed.");
    expect(buttons).toEqual([`INC-2 ${meant}`, `INC-1 ${line}`]);
    expect((await world.reads.state("INC-1"))!.version).toBe(before);
  }),
);

test("what is picked is done to the incident that was picked", () =>
  withOneOpen(async (say, world) => {
    const { buttons } = await say("severity 3 INC-2 nobody reads it");
    await say(buttons[0]!);
    expect((await world.reads.state("INC-2"))!.severity).toBe("SEV3");
    expect((await world.reads.state("INC-1"))!.severity).toBe("SEV2");
  }));

test("a key that no incident has is asked about too", () =>
  withOneOpen(async (say) => {
    const { text, buttons } = await say("severity 3 INC-9 nobody reads it");
    expect(text).toContain("There is no INC-9");
    expect(buttons).toEqual(["INC-1 severity 3 INC-9 nobody reads it"]);
  }));

test("in its thread what is written about another incident is a note", () =>
  withOneOpen(async (say, world) => {
    await world.command("INC-1", { type: "record_thread", channel: "C1", ts: "1.1", permalink: null });
    expect((await say("note see INC-2 for more", "1.1")).kind).toBe("done");
  }));

test("of several open ones none is offered to be merged into itself, and a key among the words goes first", () =>
  withOneOpen(async (say, world) => {
    await world.ingest(alertOn("refunds"));
    await world.ingest(alertOn("payments"));
    expect((await say("merge INC-3")).buttons).toEqual(["INC-4 merge INC-3", "INC-1 merge INC-3"]);
    expect((await say("status INC-1 first")).kind).toBe("done");
    expect((await say("lead <@U1> INC-3")).buttons).toEqual([
      "INC-3 lead <@U1>",
      "INC-4 lead <@U1> INC-3",
      "INC-1 lead <@U1> INC-3",
    ]);
  }));

test.each([
  ["task done 1", "Action item 1 of INC-1 is done already."],
  ["lead none", "Nobody is lead of INC-1, so there is nobody to take it from."],
  ["role comms none", "Nobody is comms of INC-1, so there is nobody to take it from."],
  ["title Orders", "INC-1 is called “Orders” already."],
  ["impacted orders reads it", "orders is marked as wrong in INC-1 already."],
])("%s where it is so says what is so, to the asker alone", (line, words) =>
  withOneOpen(async (say) => {
    await say("task count the rows");
    await say("task done 1");
    await say("title Orders");
    const { kind, text } = await say(line);
    expect(text).toContain(words);
    expect(kind).toBe("document");
  }),
);

test("runbook show shows the runbook that is named, or says that it is not under way", () =>
  withOneOpen(async (say) => {
    await say("runbook start load-late");
    expect((await say("runbook show load-late")).text).toContain("Look at load-late");
    expect((await say("runbook show")).text).toContain("Look at load-late");
    await expect(say("runbook show other")).rejects.toThrow(
      "`other` is not under way in INC-1. `runbook start other` begins it.",
    );
    await expect(say("runbook show nonsense")).rejects.toThrow("There is no runbook `nonsense`.");
  }));

describe("where none is open", () => {
  /** INC-1 and then INC-2 ended here an hour apart. */
  function withNoneOpen(ended: string[], play: (say: Say, world: World) => Promise<void>) {
    return talking(async (say, world) => {
      for (const table of ended) await world.ingest(alertOn(table));
      for (const [i] of ended.entries()) {
        world.advance(3_600_000);
        await world.command(`INC-${i + 1}`, { type: "cancel", reason: "an exercise" });
      }
      await play(say, world);
    });
  }

  test.each(["summary", "timeline", "tasks", "postmortem", "reopen"])(
    "%s finds the only one that ended",
    (verb) =>
      withNoneOpen(["orders"], async (say) => {
        expect((await say(verb)).text).toContain("INC-1");
      }),
  );

  test("what would change it is asked first", () =>
    withNoneOpen(["orders"], async (say, world) => {
      const { text, buttons } = await say("reopen it failed again");
      expect(text).toContain("Which incident? None is open here; INC-1 ended lately. Nothing was changed.");
      expect(buttons).toEqual(["INC-1 reopen it failed again"]);
      expect((await say(buttons[0]!)).kind).toBe("done");
      expect((await world.reads.state("INC-1"))!.phase).toBe("triggered");
    }));

  test("several that ended are offered, the last one first", () =>
    withNoneOpen(["orders", "users"], async (say) => {
      expect((await say("postmortem md")).buttons).toEqual(["INC-2 postmortem md", "INC-1 postmortem md"]);
    }));

  test("what ended weeks ago is not offered, and nothing to a verb for open ones", () =>
    withNoneOpen(["orders"], async (say, world) => {
      await expect(say("mitigate paused it")).rejects.toThrow("No incident is open in this channel.");
      world.advance(15 * 86_400_000);
      await expect(say("summary")).rejects.toThrow("No incident is open in this channel.");
    }));
});
