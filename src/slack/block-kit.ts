/**
 * A neutral document as a Slack message. Whatever the document holds, the message is one that Slack accepts: long texts
 * go over several blocks, and what does not fit is left out by whole items, with a line that says how much.
 */
import type { Block, Button, Document } from "../core/report/document.ts";
import { clip } from "../core/signal/alert.ts";
import { codeBlock, type Dialect, linkAddress, mrkdwn, oneLine, plain } from "./escape.ts";
import { LIMITS, type SlackBlock, type SlackMessage, weight } from "./limits.ts";
import { markdownPieces } from "./markdown.ts";
import { alignedTable } from "./table.ts";
import { bare, fitTo, line, pieces, rendered, split } from "./text.ts";

/**
 * `dates: "slack"` writes instants so that each reader sees their own zone. `"plain"` is for the local Slack page, which
 * shows such markup, and the entities of `&<>`, as they are: it gets UTC words, and text it can show (see escape.ts).
 */
export type RenderOptions = { dates: "slack" | "plain" };

export function renderDocument(document: Document, options: RenderOptions): SlackMessage {
  const dialect = options.dates === "slack" ? "slack" : "local";
  const titled: Block[] =
    document.title === null ? [] : [{ type: "heading", level: 1, text: document.title }];
  const parts = [...titled, ...document.blocks].map((block) => partOf(block, dialect));
  return { text: notification(document, dialect), blocks: layOut(parts) };
}

/** What a part of the document comes to. Buttons are never dropped for want of room for words: they come with their share of it. */
type Part =
  | { kind: "block"; block: SlackBlock }
  | { kind: "pieces"; pieces: string[]; gap: string; more: (dropped: number) => string }
  | { kind: "buttons"; blocks: SlackBlock[] };

/** A section's limit, less what an "…and 12 more" under it needs. */
const PIECE = LIMITS.sectionText - 100;
const MORE = 60;
/** More pieces than could ever fit are counted and not rendered. */
const PIECES = 600;

function partOf(block: Block, dialect: Dialect): Part {
  switch (block.type) {
    case "heading":
      return heading(block.level, block.text, dialect);
    case "paragraph":
      return words(pieces(capped(block.text), PIECE, dialect));
    case "context":
      return small(line(block.text, LIMITS.contextText, dialect));
    case "figure":
      return small(line(block.alt, LIMITS.contextText, dialect));
    case "quote":
      return words(
        rendered(capped(block.text), PIECE * 3, dialect)
          .split("\n")
          .flatMap(quoted),
      );
    case "list":
      return counted(
        block.items,
        (item, index) => `${block.ordered ? `${index + 1}.` : "•"} ${line(item, 600, dialect)}`,
      );
    case "facts":
      return counted(block.facts, ({ label, value }) => {
        const name = fitTo(oneLine(label), 200, (text) => mrkdwn(text, dialect));
        return `${name ? `*${name}:* ` : ""}${line(value, 1000, dialect)}`;
      });
    case "table":
      return table(block, dialect);
    case "code":
      return code(block.text, dialect);
    case "markdown":
      return words(markdownPieces(clip(block.text, LIMITS.messageChars * 2), PIECE, dialect), "\n\n");
    case "divider":
      return { kind: "block", block: { type: "divider" } };
    case "actions":
      return { kind: "buttons", blocks: buttonRows(block.buttons) };
    default:
      return block satisfies never;
  }
}

/** Text beyond a whole message's worth could never be shown; escaping it would only cost time. */
function capped<T>(text: T): T {
  return typeof text === "string" ? (clip(text, LIMITS.messageChars + 1) as T) : text;
}

function words(pieces: string[], gap = "\n"): Part {
  return { kind: "pieces", pieces, gap, more: () => "…" };
}

function counted<T>(items: T[], render: (item: T, index: number) => string): Part {
  const shown = items.slice(0, PIECES).map(render);
  const beyond = items.length - shown.length;
  return { kind: "pieces", pieces: shown, gap: "\n", more: (dropped) => `…and ${dropped + beyond} more` };
}

function heading(level: 1 | 2 | 3, text: string, dialect: Dialect): Part {
  if (level > 1) return words([wrapStrong(fitTo(oneLine(text), PIECE - 2, (part) => mrkdwn(part, dialect)))]);
  const title = clip(plain(text), LIMITS.headerText);
  if (title.trim() === "") return words([]);
  return { kind: "block", block: { type: "header", text: { type: "plain_text", text: title, emoji: true } } };
}

function wrapStrong(text: string): string {
  return text.trim() ? `*${text.trim()}*` : "";
}

function small(text: string): Part {
  if (text.trim() === "") return words([]);
  return { kind: "block", block: { type: "context", elements: [{ type: "mrkdwn", text, verbatim: true }] } };
}

function quoted(text: string): string[] {
  return text.length <= PIECE - 2 ? [`> ${text}`] : [`> ${text.slice(0, PIECE / 2)}…`];
}

function code(text: string, dialect: Dialect): Part {
  const escaping = (part: string) => codeBlock(part, dialect);
  const parts = split(capped(text), PIECE, escaping).map((part) => part.replace(/\n$/, ""));
  return words(parts.filter((part) => part.trim()).map(escaping));
}

function table(block: Extract<Block, { type: "table" }>, dialect: Dialect): Part {
  if (block.columns.length === 0) return words([]);
  const rows = block.rows.slice(0, 100).map((row) => row.map(bare));
  const columns = block.columns.map((column) => ({ ...column, title: oneLine(column.title) }));
  const lines = alignedTable(columns, rows);
  while (lines.length > 1 && codeBlock(lines.join("\n"), dialect).length > PIECE) lines.pop();
  const drawn = codeBlock(lines.join("\n"), dialect);
  if (drawn.length > PIECE || lines.join("").trim() === "") return words([]);
  const missing = block.rows.length - (lines.length - 1);
  return words([missing > 0 ? `${drawn}\n…and ${missing} more` : drawn]);
}

/** Buttons in rows of what Slack takes. One action twice (two runbooks to start) goes into a row of its own. */
function buttonRows(buttons: Button[]): SlackBlock[] {
  const rows: Extract<SlackBlock, { type: "actions" }>[] = [];
  for (const button of buttons) {
    const element = renderButton(button);
    if (!element) continue;
    const row = rows.at(-1);
    const taken = row?.elements.some((other) => other.action_id === element.action_id);
    if (row && !taken && row.elements.length < LIMITS.actionsElements) row.elements.push(element);
    else rows.push({ type: "actions", elements: [element] });
  }
  return rows;
}

type ButtonElement = Extract<
  Extract<SlackBlock, { type: "actions" }>["elements"][number],
  { type: "button" }
>;

/** Null for a button that Slack would refuse: a value that is cut would act on something else. */
function renderButton(button: Button): ButtonElement | null {
  const label = clip(plain(button.label), LIMITS.buttonText);
  const url = button.url === undefined ? undefined : linkAddress(button.url);
  if (label.trim() === "" || url === null) return null;
  if (button.value.length > LIMITS.buttonValue) return null;
  return {
    type: "button",
    action_id: button.action,
    text: { type: "plain_text", text: label, emoji: true },
    ...(button.value && { value: button.value }),
    ...(url && { url }),
    ...(button.style && { style: button.style }),
    ...(button.confirm && { confirm: confirmation(button.confirm) }),
  };
}

function confirmation(confirm: NonNullable<Button["confirm"]>): NonNullable<ButtonElement["confirm"]> {
  const text = (words: string, limit: number, otherwise: string) => ({
    type: "plain_text" as const,
    text: clip(plain(words) || otherwise, limit),
  });
  return {
    title: text(confirm.title, LIMITS.confirmTitle, "Are you sure?"),
    text: text(confirm.text, LIMITS.confirmText, "Are you sure?"),
    confirm: text(confirm.yes, LIMITS.confirmButton, "Yes"),
    deny: text("Cancel", LIMITS.confirmButton, "Cancel"),
  };
}

/** Lays the parts out in order within one message's limits. */
function layOut(parts: Part[]): SlackBlock[] {
  const buttons = keptButtons(parts);
  // One block and one line stay free to say that something is missing.
  const room = {
    blocks: LIMITS.messageBlocks - buttons.size - 1,
    chars: LIMITS.messageChars - weight([...buttons]) - MORE,
  };
  const out: SlackBlock[] = [];
  const put = (block: SlackBlock): boolean => {
    if (room.blocks < 1 || weight([block]) >= room.chars) return false;
    room.blocks -= 1;
    room.chars -= weight([block]);
    out.push(block);
    return true;
  };
  let missing = 0;
  for (const part of parts) {
    if (part.kind === "buttons") out.push(...part.blocks.filter((block) => buttons.has(block)));
    else if (part.kind === "block") missing += put(part.block) ? 0 : 1;
    else missing += putPieces(part, room, put) ? 0 : 1;
  }
  if (missing > 0) out.push(section(`…and ${missing} more ${missing === 1 ? "part" : "parts"}`));
  return out;
}

/** As many rows of buttons as leave more than half of the message to words. */
function keptButtons(parts: Part[]): Set<SlackBlock> {
  const kept: SlackBlock[] = [];
  for (const block of parts.flatMap((part) => (part.kind === "buttons" ? part.blocks : []))) {
    if (kept.length < 20 && weight([...kept, block]) < LIMITS.messageChars / 2) kept.push(block);
  }
  return new Set(kept);
}

/** Packs pieces into as few sections as they fit in. False where not even the first found room. */
function putPieces(
  part: Extract<Part, { kind: "pieces" }>,
  room: { blocks: number; chars: number },
  put: (block: SlackBlock) => boolean,
): boolean {
  const pieces = part.pieces.filter((piece) => piece.trim() !== "");
  const sections: string[] = [];
  let left = room.chars - MORE;
  let placed = 0;
  for (const piece of pieces) {
    const last = sections.at(-1);
    const joins = last !== undefined && last.length + part.gap.length + piece.length <= PIECE;
    const cost = piece.length + (joins ? part.gap.length : 0);
    if (cost >= left || (!joins && sections.length >= room.blocks)) break;
    if (joins) sections[sections.length - 1] = last + part.gap + piece;
    else sections.push(piece);
    left -= cost;
    placed += 1;
  }
  if (placed === 0) return pieces.length === 0;
  const more = part.more(pieces.length - placed);
  if (placed < pieces.length || /^…and [1-9]/.test(more)) sections[sections.length - 1] += `\n${more}`;
  return sections.every((text) => put(section(text)));
}

function section(text: string): SlackBlock {
  return { type: "section", text: { type: "mrkdwn", text, verbatim: true } };
}

/** The line for notifications, screen readers and search, in bytes because `chat.update` counts them. */
function notification(document: Document, dialect: Dialect): string {
  const words = oneLine(document.summary) || oneLine(document.title ?? "") || "(no text)";
  let length: number = LIMITS.textBytes;
  let text = fitTo(words, length, (part) => mrkdwn(part, dialect));
  while (Buffer.byteLength(text) > LIMITS.textBytes) {
    length = Math.floor(length / 2);
    text = fitTo(words, length, (part) => mrkdwn(part, dialect));
  }
  return text.trim() ? text : "(no text)";
}
