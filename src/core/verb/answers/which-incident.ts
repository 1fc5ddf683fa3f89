import type { IncidentState } from "../../incident/state.ts";
import type { Block, Button, Document, Text } from "../../report/document.ts";
import { clip } from "../../signal/alert.ts";
import { plainText } from "../words.ts";
import { SHOWN_TITLE } from "./incident-line.ts";

/** Slack's limits on a button's value and on the buttons of one block. */
const VALUE_LIMIT = 2000;
const BUTTONS = 25;
const SHOWN_LINE = 120;

/** An incident that may be meant, and the line without its key. */
export type Choice = { state: IncidentState; line: string };

/**
 * The answer to a line that could mean several incidents: each with the line to type and a button that sends it. A line
 * too long for a button is only shown; cutting it would carry out something else. `why` says what is unclear.
 */
export function whichIncidentDocument(choices: Choice[], why: string, command: string): Document {
  const shown = choices.slice(0, BUTTONS);
  const buttons = shown
    .map(({ state: { key }, line }): Button => ({ action: "pick", label: key, value: `${key} ${line}` }))
    .filter((button) => button.value.length <= VALUE_LIMIT);
  const blocks: Block[] = [
    { type: "list", items: shown.map((choice) => choiceText(choice, command)) },
    ...(buttons.length > 0 ? [{ type: "actions" as const, buttons }] : []),
  ];
  const left = choices.length - shown.length;
  if (left > 0) blocks.push({ type: "context", text: `and ${left} more: list shows them` });
  return { summary: `Which incident? ${why} Nothing was changed.`, title: "Which incident?", blocks };
}

function choiceText({ state, line }: Choice, command: string): Text {
  const typed = `${command} ${state.key} ${clip(plainText(line, {}), SHOWN_LINE)}`;
  const which = ` ${state.severity} ${state.phase} · ${clip(state.title, SHOWN_TITLE)} · `;
  return [{ strong: state.key }, which, { code: typed }];
}
