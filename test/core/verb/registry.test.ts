import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Block, Document, Text } from "../../../src/core/report/document.ts";
import { spans } from "../../../src/core/report/document.ts";
import { commandsMarkdown, GROUPS, helpDocument } from "../../../src/core/verb/help.ts";
import { parseLine } from "../../../src/core/verb/line.ts";
import { VERBS } from "../../../src/core/verb/registry.ts";
import { context } from "./incident.ts";

const root = new URL("../../../", import.meta.url);

test("every verb's file is registered under its name, and nothing else is", () => {
  const files = readdirSync(new URL("src/core/verb/verbs/", root)).map((file) => file.replace(/\.ts$/, ""));
  expect(VERBS.map((verb) => verb.name).sort()).toEqual(files.sort());
});

test("no two verbs share a name or an alias", () => {
  const names = VERBS.flatMap((verb) => [verb.name, ...verb.aliases]);
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  expect(names.filter((name) => name !== name.toLowerCase().trim())).toEqual([]);
});

/** What Slack makes of a line that a person types with `@ana` chosen from the list. */
function asSlackSends(line: string): string {
  return line.replaceAll("@ana", "<@U0ANA|ana>");
}

describe("every example works when it is copied", () => {
  const examples = VERBS.flatMap((verb) =>
    [verb, ...(verb.also ?? [])].map(({ example }) => ({ verb, example })),
  );
  test.each(examples)("$example", ({ verb, example }) => {
    for (const line of [example, example.replace(verb.name, `${verb.name} INC-1`), `INC-1 ${example}`]) {
      if (verb.about === "none" && line !== example) continue;
      const read = parseLine(asSlackSends(line), { command: "/incident" });
      if ("empty" in read) throw new Error("nothing was read");
      expect(read.verb.name).toBe(verb.name);
      if (line !== example) expect(read.key).toBe("INC-1");
      const asked = read.verb.parse(read.rest, context({ incident: null }));
      // An example says all that the verb needs, so none but the one that means the form is answered with a form.
      expect(asked.kind === "form").toBe(example === "postmortem edit");
    }
  });
  test.each(VERBS.flatMap((verb) => verb.aliases.map((alias) => [alias, verb.name])))(
    "%s is %s",
    (alias, name) => {
      const read = parseLine(`${alias} INC-1`, { command: "/incident" });
      expect("empty" in read ? null : read.verb.name).toBe(name);
    },
  );
});

function words(text: Text): string {
  return spans(text)
    .map((span) => (typeof span === "string" ? span : "code" in span ? span.code : JSON.stringify(span)))
    .join("");
}

function wordsOf(document: Document): string {
  const of = (block: Block): string[] => {
    if (block.type === "list") return block.items.map(words);
    if (block.type === "facts") return block.facts.map((fact) => `${fact.label}: ${words(fact.value)}`);
    return block.type === "heading" || block.type === "paragraph" || block.type === "context"
      ? [words(block.text)]
      : [];
  };
  return [document.summary, document.title ?? "", ...document.blocks.flatMap(of)].join("\n");
}

describe("help", () => {
  const overview = helpDocument("/inc", null);

  test("begins with the five things one needs at night, in their order", () => {
    const list = overview.blocks.find((block) => block.type === "list")!;
    expect(list.items.map((item) => words(item).split(" ")[0])).toEqual([
      "ack",
      "runbook",
      "mitigate",
      "restored",
      "resolve",
    ]);
  });

  test("lists every verb once under its group, each group on one phone screen, with the command's own name", () => {
    const lists = overview.blocks.filter((block) => block.type === "list").slice(1);
    expect(lists).toHaveLength(GROUPS.length);
    expect(lists.flatMap((list) => list.items)).toHaveLength(VERBS.length);
    for (const list of lists) {
      expect(list.items.length).toBeLessThanOrEqual(11);
      for (const item of list.items) expect(words(item).length).toBeLessThanOrEqual(100);
    }
    expect(wordsOf(overview)).toContain("/inc ack INC-1");
  });

  test.each(VERBS.map((verb) => verb.name))(
    "of %s shows both doors, its aliases and all its forms",
    (name) => {
      const verb = VERBS.find((known) => known.name === name)!;
      const shown = wordsOf(helpDocument("/incident", name));
      expect(shown).toContain(`In the thread: @breakwater ${verb.example}`);
      expect(shown).toContain(`In a channel: /incident ${name}${verb.about === "incident" ? " INC-1" : ""}`);
      for (const alias of verb.aliases) expect(shown).toContain(alias);
      for (const form of verb.also ?? []) expect(shown).toContain(form.example);
    },
  );

  test("knows aliases, and suggests what is near", () => {
    expect(helpDocument("/incident", "catch up").title).toBe("Help: summary");
    expect(helpDocument("/incident", "runbook next").title).toBe("Help: runbook");
    expect(helpDocument("/incident", "tasks").title).toBe("Help: tasks");
    expect(() => helpDocument("/incident", "sevrity")).toThrow("Did you mean `help severity`?");
    expect(() => helpDocument("/incident", "zebra")).toThrow("`help` lists all verbs.");
  });

  test("is plain text, so no help line holds markup", () => {
    for (const verb of VERBS)
      for (const { help } of [verb, ...(verb.also ?? [])]) expect(help).not.toMatch(/[`*<>]/);
  });
});

test("docs/commands.md is what the registry says", () => {
  expect(readFileSync(new URL("docs/commands.md", root), "utf8")).toBe(commandsMarkdown());
});
