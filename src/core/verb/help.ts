import { Refusal } from "../refusal.ts";
import type { Block, Document, Text } from "../report/document.ts";
import { usageOf } from "./ask.ts";
import { nearestNames } from "./line.ts";
import { VERBS } from "./registry.ts";
import type { Verb } from "./verb.ts";

/** The way through an incident at night, in the order in which it is walked. */
const AT_NIGHT = ["ack", "runbook", "mitigate", "restored", "resolve"];

export const GROUPS: { group: Verb["group"]; title: string }[] = [
  { group: "respond", title: "Respond" },
  { group: "alerts", title: "Alerts" },
  { group: "data", title: "Data" },
  { group: "words", title: "Say and record" },
  { group: "runbook", title: "Runbook" },
  { group: "after", title: "Afterwards" },
  { group: "look", title: "Look up" },
];

/** All verbs by group, or how one is used; made from the registry alone. `command` is the slash command with its slash. */
export function helpDocument(command: string, verb: string | null): Document {
  return verb === null ? overview(command) : manual(command, verbNamed(verb));
}

function overview(command: string): Document {
  const night = AT_NIGHT.map((name) => VERBS.find((verb) => verb.name === name)!);
  return {
    summary: `What ${command} can do: ${VERBS.map((verb) => verb.name).join(", ")}.`,
    title: "Help",
    blocks: [
      { type: "heading", level: 2, text: "At night, in this order" },
      { type: "list", ordered: true, items: night.map(line) },
      ...GROUPS.flatMap(({ group, title }): Block[] => [
        { type: "heading", level: 2, text: title },
        { type: "list", items: VERBS.filter((verb) => verb.group === group).map(line) },
      ]),
      {
        type: "context",
        text: [
          "In a channel type ",
          { code: `${command} ack INC-1` },
          "; leave the key out where one incident is open. In its thread type ",
          { code: "@breakwater ack" },
          ", since Slack takes no slash commands there. ",
          { code: `${command} help ack` },
          " shows more.",
        ],
      },
    ],
  };
}

function line(verb: Verb): Text {
  return [{ code: usageOf(verb) }, ` ${verb.help}`];
}

function verbNamed(said: string): Verb {
  // `help runbook next`: its forms stand in the manual of the verb.
  const begins = (name: string) => said === name || said.startsWith(`${name} `);
  const verb = VERBS.find((known) => [known.name, ...known.aliases].some(begins));
  if (verb) return verb;
  const [nearest] = nearestNames(said);
  const next = nearest ? `Did you mean \`help ${nearest}\`?` : "`help` lists all verbs.";
  throw new Refusal("not_found", `There is no such verb. ${next}`);
}

function manual(command: string, verb: Verb): Document {
  const blocks: Block[] = [
    { type: "paragraph", text: `${verb.help}.` },
    {
      type: "facts",
      facts: [
        { label: "Write", value: { code: usageOf(verb) } },
        { label: "In a channel", value: { code: inChannel(command, verb, verb.example) } },
        { label: "In the thread", value: { code: `@breakwater ${verb.example}` } },
        ...(verb.aliases.length > 0 ? [{ label: "Also called", value: aliases(verb) }] : []),
      ],
    },
  ];
  for (const form of verb.also ?? []) {
    blocks.push({ type: "paragraph", text: [{ code: usageOf({ ...verb, ...form }) }, ` ${form.help}`] });
    blocks.push({ type: "context", text: ["For example ", { code: form.example }] });
  }
  return { summary: `${usageOf(verb)}: ${verb.help}.`, title: `Help: ${verb.name}`, blocks };
}

function aliases(verb: Verb): Text {
  return verb.aliases.flatMap((alias, i) => (i === 0 ? [{ code: alias }] : [", ", { code: alias }]));
}

/** The example as a slash command, with the key that a channel with several open incidents needs. */
function inChannel(command: string, verb: Verb, example: string): string {
  const line = verb.about === "incident" ? example.replace(verb.name, `${verb.name} INC-1`) : example;
  return `${command} ${line}`;
}

/** docs/commands.md, whole: written from the registry so that the page cannot fall behind it. */
export function commandsMarkdown(): string {
  const lines = [
    "# Commands",
    "",
    "Every verb works in a channel as `/incident <verb> [INC-n] …` and in an incident's thread as `@breakwater <verb> …`",
    "(Slack takes no slash commands in threads). The key may be left out where exactly one incident is open in the",
    "channel; where several are, or where the key of another stands among the words, Breakwater asks which. A line is about one",
    "incident: several keys in a row are refused. Where none is open, what people do afterwards (`summary`, `postmortem`,",
    "`reopen`, …) finds what ended lately. `INC-1` alone shows that incident, and `/incident` alone opens the form for a new",
    "one. A verb that needs more words than it got asks for them in a form, or says how it is written.",
    "",
    "Times are read in your own time zone: `03:10`, `3:10 pm`, `yesterday 23:50`, `2026-11-22 03:10`, `20 min ago`, or",
    "with UTC said, `03:10 UTC` and `2026-11-22T03:10Z`. Due dates: `2026-11-30`, `today`, `tomorrow`, `fri`, `in 3 days`,",
    "and behind `by` or the owner also `3d`, `2w` and `31 jan`.",
  ];
  for (const { group, title } of GROUPS) {
    lines.push("", `## ${title}`);
    for (const verb of VERBS.filter((known) => known.group === group)) lines.push("", ...section(verb));
  }
  return `${lines.join("\n")}\n`;
}

function section(verb: Verb): string[] {
  const rows = [{ usage: verb.usage, help: verb.help, example: verb.example }, ...(verb.also ?? [])];
  return [
    `### \`${verb.name}\``,
    "",
    ...(verb.aliases.length > 0
      ? [`Also called ${verb.aliases.map((alias) => `\`${alias}\``).join(", ")}.`, ""]
      : []),
    "| write | what it does | for example |",
    "| --- | --- | --- |",
    ...rows.map((row) => `| ${cell(usageOf({ ...verb, ...row }))} | ${row.help} | ${cell(row.example)} |`),
  ];
}

function cell(text: string): string {
  return `\`${text.replaceAll("|", "\\|")}\``;
}
