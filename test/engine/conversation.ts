import type { Config } from "../../src/config.ts";
import { compileRunbooks } from "../../src/core/runbook/match.ts";
import { parseRunbook } from "../../src/core/runbook/parse.ts";
import { type Answer, createConversation } from "../../src/engine/converse.ts";
import { openWorld, temporaryFile, type World } from "./world.ts";

const ANA = { id: "U1", name: "Ana Diaz", timeZone: "UTC" };

function runbook(slug: string) {
  return parseRunbook(slug, `---\ntitle: About ${slug}\n---\n## Do\nLook at ${slug}.\n`).runbook!;
}

/** The words of an answer, or of a form its name and incident, and what its buttons carry. */
export type Said = { kind: Answer["kind"]; text: string; buttons: string[] };
export type Say = (line: string, threadTs?: string) => Promise<Said>;

/** Says lines in the channel, or in a thread, of a world of its own. */
export async function talking(
  play: (say: Say, world: World) => Promise<void>,
  routing: Config["routing"] = {},
): Promise<void> {
  const file = temporaryFile();
  const world = await openWorld(file.database, "C1", {}, routing);
  const conversation = createConversation({
    engine: world.engine,
    catalog: compileRunbooks([runbook("load-late"), runbook("other")]),
    names: async () => ({}),
    isBot: async (id) => id === "U0BOT",
    command: "/incident",
    routing: { maintenance: [], inhibit: [] },
    sources: ["generic"],
    channel: "C1",
    now: world.now,
  });
  let said = 0;
  const say: Say = async (line, threadTs) => {
    said += 1;
    const answer = await conversation.say(
      line,
      ANA,
      { channel: "C1", threadTs: threadTs ?? null },
      { via: threadTs ? "mention" : "slash", permalink: null, key: String(said) },
    );
    if (answer.kind === "form")
      return { kind: "form", text: `${answer.form} ${answer.incident?.key}`, buttons: [] };
    const { summary, blocks } = answer.document;
    const buttons = blocks.flatMap((block) => (block.type === "actions" ? block.buttons : []));
    return {
      kind: answer.kind,
      text: `${summary}\n${JSON.stringify(blocks)}`,
      buttons: buttons.map(({ value }) => value),
    };
  };
  try {
    await play(say, world);
  } finally {
    await world.close();
    file.remove();
  }
}
