import { expect, it } from "vitest";
import type { Block, Text } from "../../../src/core/report/document.ts";
import { spans } from "../../../src/core/report/document.ts";
import { postmortem } from "../../../src/core/report/postmortem.ts";
import { parseLine } from "../../../src/core/verb/line.ts";
import { dbt, inputOf, Log, on, opened } from "./late-orders.ts";

function texts(block: Block): Text[] {
  if (block.type === "list") return block.items;
  if (block.type === "facts") return block.facts.map((f) => f.value);
  if (block.type === "table") return block.rows.flat();
  return "text" in block ? [block.text] : [];
}

it("hints only at lines that can be typed as they stand", () => {
  const log = new Log().add("22 03:10", dbt, "alert", opened());
  const document = postmortem(inputOf(log, on("22 09:00")));
  const lines = document.blocks
    .flatMap(texts)
    .flatMap(spans)
    .flatMap((span) =>
      typeof span === "object" && "code" in span && span.code.startsWith("/incident") ? [span.code] : [],
    );
  expect(lines.length).toBeGreaterThan(4);
  for (const hint of lines) {
    const typed = hint
      .replace("@owner", "<@U0MAYA>")
      .replace("<due date>", "2026-12-24")
      .replace("<url>", "https://ci.example/1")
      .replaceAll(/<(text|what changed)>/g, "the loader has no owner");
    const line = parseLine(typed, { command: "/incident" });
    if ("empty" in line) throw new Error(`${hint} says nothing`);
    const ask = line.verb.parse(line.rest, {
      now: "2026-12-01T00:00:00.000Z",
      timeZone: "UTC",
      asker: { id: "U0MAYA", name: "Maya Okafor" },
      names: { U0MAYA: "Maya Okafor" },
      incident: log.state,
    });
    expect(ask.kind, hint).toMatch(/commands|query/);
  }
});
