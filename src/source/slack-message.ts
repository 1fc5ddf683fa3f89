import { cleanText } from "../core/signal/text.ts";
import { field, firstLine, list, object, text, textAt } from "./json.ts";
import {
  bareLinks,
  factsIn,
  headingOf,
  type SlackFact,
  type SlackLink,
  withoutEmphasis,
  withoutTokens,
} from "./slack-text.ts";

/** A message to Slack, whatever it is built of: text, blocks, or attachments with either. */
export type SlackMessage = {
  /** What stands largest: a header, an attachment's title, or the first line. Null for a message without any text. */
  title: string | null;
  /** All text but the title, in its order, without marks. */
  paragraphs: string[];
  /** `*Name:* value`, attachment fields and the like; a name may come several times. */
  facts: SlackFact[];
  links: SlackLink[];
  color: string | null;
  /** The lines with their marks, and the links of each, for who knows how the sender writes them. */
  lines: { text: string; links: SlackLink[] }[];
};

type Piece = { text: string; kind: "header" | "text" | "fact" | "title"; name?: string };

const MAX_PIECES = 500;
const MAX_TITLE = 1000;

export function readSlackMessage(body: unknown): SlackMessage {
  const blocks = blocksOf(field(body, "blocks"));
  const attachments = list(field(body, "attachments")).slice(0, 50);
  const inside = attachments.map(attachmentOf);
  const fallback = textAt(body, "text");
  // Beside blocks, the text is only what a notification shows.
  const shown = blocks.pieces.length > 0 || fallback === null ? [] : [piece(fallback)];
  const pieces = [...shown, ...blocks.pieces, ...inside.flatMap((each) => each.pieces)].slice(0, MAX_PIECES);
  const whole = messageOf(pieces, [...blocks.links, ...inside.flatMap((each) => each.links)]);
  const color = attachments.map((each) => textAt(each, "color")).find((each) => each !== null) ?? null;
  return { ...whole, title: whole.title ?? firstLine(plain(fallback ?? "").slice(0, MAX_TITLE)), color };
}

function messageOf(pieces: Piece[], buttons: SlackLink[]): Omit<SlackMessage, "color"> {
  const links: SlackLink[] = [];
  const facts: SlackFact[] = [];
  const lines = pieces.flatMap((each) => each.text.split("\n").map(withoutTokens));
  const written = pieces.map((each) => ({ ...each, ...withoutTokens(each.text) }));
  let heading: string | null = null;
  for (const each of written) {
    links.push(...each.links, ...bareLinks(each.text));
    if (each.name !== undefined) facts.push([each.name, withoutEmphasis(each.text)]);
    else if (heading !== null && headingOf(each.text) === null)
      facts.push([heading, withoutEmphasis(each.text)]);
    else facts.push(...factsIn(each.text));
    heading = headingOf(each.text);
  }
  const titled =
    written.find((each) => each.kind === "header") ??
    written.find((each) => each.kind === "title") ??
    written.find((each) => each.kind === "text" && withoutEmphasis(each.text) !== "");
  const first = (titled?.text ?? "").trim().split("\n", 1)[0]!.slice(0, MAX_TITLE);
  const paragraphs = written.map((each) => {
    const rest = each === titled ? each.text.trim().slice(first.length) : each.text;
    const said = withoutEmphasis(
      rest
        .split("\n")
        .map((line) => line.trim())
        .join("\n"),
    );
    return each.name === undefined || said === "" ? said : `${each.name}: ${said}`;
  });
  return {
    title: withoutEmphasis(first) || null,
    paragraphs: paragraphs.filter((each) => each !== ""),
    facts: facts.filter(([, value]) => value !== "").slice(0, 200),
    links: [...buttons, ...links],
    lines,
  };
}

function plain(mrkdwn: string): string {
  return withoutEmphasis(withoutTokens(mrkdwn).text);
}

function piece(value: string, kind: Piece["kind"] = "text"): Piece {
  return { text: cleanText(value, 20_000), kind };
}

type Pieces = { pieces: Piece[]; links: SlackLink[] };

function attachmentOf(attachment: unknown): Pieces {
  const own: Pieces = { pieces: [], links: [] };
  const title = textAt(attachment, "title");
  const url = textAt(attachment, "title_link");
  for (const name of ["pretext", "title", "text"]) {
    const value = textAt(attachment, name);
    if (value !== null) own.pieces.push(piece(value, name === "title" ? "title" : "text"));
  }
  for (const each of list(field(attachment, "fields")).slice(0, 100)) {
    const name = textAt(each, "title");
    const value = textAt(each, "value");
    if (value !== null) {
      const key =
        name === null
          ? undefined
          : plain(name)
              .toLowerCase()
              .replace(/:$/, "")
              .replace(/[\s/-]+/g, "_");
      own.pieces.push({ ...piece(value, "fact"), ...(key ? { name: key.slice(0, 100) } : {}) });
    }
  }
  if (url !== null) own.links.push({ title: title === null ? "Link" : plain(title), url });
  own.links.push(...list(field(attachment, "actions")).slice(0, 20).flatMap(buttonOf));
  const blocks = blocksOf(field(attachment, "blocks"));
  const found = { pieces: [...own.pieces, ...blocks.pieces], links: [...own.links, ...blocks.links] };
  const fallback = textAt(attachment, "fallback");
  if (found.pieces.length === 0 && fallback !== null) found.pieces.push(piece(fallback));
  return found;
}

/** https://docs.slack.dev/reference/block-kit/blocks; tables of sample rows are left out. */
function blocksOf(blocks: unknown): Pieces {
  const found: Pieces = { pieces: [], links: [] };
  for (const block of list(blocks).slice(0, 200)) {
    const type = textAt(block, "type");
    const said = blockText(field(block, "text"));
    if (said !== null) found.pieces.push(piece(said, type === "header" ? "header" : "text"));
    for (const each of list(field(block, "fields")).slice(0, 50)) {
      const value = blockText(each);
      if (value !== null) found.pieces.push(piece(value, "fact"));
    }
    if (type === "rich_text") {
      const value = richText(field(block, "elements"), 0).trim();
      if (value !== "") found.pieces.push(piece(value));
      continue;
    }
    for (const each of list(field(block, "elements")).slice(0, 50)) {
      const value = textAt(each, "type") === "button" ? null : blockText(each);
      if (value !== null) found.pieces.push(piece(value));
      found.links.push(...buttonOf(each));
    }
    found.links.push(...buttonOf(field(block, "accessory")));
  }
  return found;
}

/** A text object, or the text itself. */
function blockText(value: unknown): string | null {
  return text(value) ?? textAt(value, "text");
}

function buttonOf(element: unknown): SlackLink[] {
  const url = textAt(element, "url");
  return url === null ? [] : [{ title: plain(blockText(field(element, "text")) ?? "") || "Link", url }];
}

/** Rich text written as mrkdwn, so that it is read like any other. */
function richText(elements: unknown, depth: number): string {
  if (depth > 5) return "";
  return list(elements)
    .slice(0, 200)
    .map((element) => {
      const children = field(element, "elements");
      if (Array.isArray(children)) return `${richText(children, depth + 1)}\n`;
      return richElement(element);
    })
    .join("");
}

function richElement(element: unknown): string {
  const said = field(element, "text");
  switch (textAt(element, "type")) {
    case "link":
      return `<${textAt(element, "url") ?? ""}|${text(said) ?? textAt(element, "url") ?? ""}>`;
    case "emoji":
      return `:${textAt(element, "name") ?? ""}:`;
    case "user":
      return `<@${textAt(element, "user_id") ?? ""}>`;
    case "channel":
      return `<#${textAt(element, "channel_id") ?? ""}>`;
    case "broadcast":
      return `@${textAt(element, "range") ?? ""}`;
    default: {
      const bold = object(field(element, "style"))?.bold === true;
      const words = typeof said === "string" ? said : "";
      return bold && words.trim() !== "" ? `*${words.trim()}*${/\s$/.test(words) ? " " : ""}` : words;
    }
  }
}
