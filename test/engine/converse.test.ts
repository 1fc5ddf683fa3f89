import { expect, test } from "vitest";
import { compileRunbooks } from "../../src/core/runbook/match.ts";
import { createConversation } from "../../src/engine/converse.ts";
import { alertOn, openWorld, temporaryFile, type World } from "./world.ts";

const ANA = { id: "U1", name: "Ana Diaz", timeZone: "UTC" };

/** Opens a SEV1 and 30 of the least severity after it, and ends one; what is said is then answered with a document. */
async function inManyIncidents(play: (say: (line: string) => Promise<string>) => Promise<void>) {
  const file = temporaryFile();
  const world: World = await openWorld(file.database);
  const conversation = createConversation({
    engine: world.engine,
    catalog: compileRunbooks([]),
    names: async () => ({}),
    command: "/incident",
    routing: { maintenance: [], inhibit: [] },
    channel: "C1",
    now: world.now,
  });
  try {
    await world.ingest(alertOn("first", { severity: "critical" }));
    for (let i = 2; i <= 32; i++) {
      world.advance(1000);
      await world.ingest(alertOn(`t${i}`, { severity: "info" }));
    }
    await world.command("INC-2", { type: "cancel", reason: "an exercise" });
    await play(async (line) => {
      const answer = await conversation.say(
        line,
        ANA,
        { channel: "C1", threadTs: null },
        { via: "slash", permalink: null, key: line },
      );
      if (answer.kind !== "document") throw new Error(`${line} was answered with a ${answer.kind}`);
      return `${answer.document.summary}\n${JSON.stringify(answer.document.blocks)}`;
    });
  } finally {
    await world.close();
    file.remove();
  }
}

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
