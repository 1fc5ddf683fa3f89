import type { IncidentState } from "../../incident/state.ts";
import type { Block, Button, Document, Text } from "../../report/document.ts";
import { clip } from "../../signal/alert.ts";
import { plainText } from "../words.ts";

/** Slack's limits on a button's value and on the buttons of one block. */
const VALUE_LIMIT = 2000;
const BUTTONS = 25;
const SHOWN_LINE = 120;

/**
 * The answer to a line that could mean several open incidents: each with the line to type and a button that sends it.
 * A line too long for a button is only shown; cutting it would carry out something else.
 */
export function whichIncidentDocument(incidents: IncidentState[], line: string, command: string): Document {
  const shown = incidents.slice(0, BUTTONS);
  const keys = shown.map((state) => state.key);
  const asked = clip(plainText(line, {}), SHOWN_LINE);
  const buttons = keys
    .map((key): Button => ({ action: "pick", label: key, value: `${key} ${line}` }))
    .filter((button) => button.value.length <= VALUE_LIMIT);
  const blocks: Block[] = [
    { type: "list", items: shown.map((state): Text => choice(state, `${command} ${state.key} ${asked}`)) },
    ...(buttons.length > 0 ? [{ type: "actions" as const, buttons }] : []),
  ];
  const left = incidents.length - shown.length;
  if (left > 0) blocks.push({ type: "context", text: `and ${left} more: list shows them` });
  return {
    summary: `Which incident? ${incidents.length} are open here: ${keys.join(", ")}. Nothing was changed.`,
    title: "Which incident?",
    blocks,
  };
}

function choice(state: IncidentState, line: string): Text {
  return [{ strong: state.key }, ` ${state.severity} ${state.phase} · ${state.title} · `, { code: line }];
}
