import type { ActionName } from "./action-name.ts";

/**
 * A small neutral document: what a thread reply, a card, a help text or a postmortem says, before anyone decides how it
 * looks. Each target has one renderer (Block Kit in src/slack, Markdown, HTML and text in src/render).
 *
 * Text is data. A plain string is shown as it is, character for character: a renderer escapes whatever its target
 * would read as markup, a ping or a link. Only the typed spans below can make something bold, a link or a mention.
 */
export type Span =
  | string
  /** `tone` lets a target that has colours show a badge; the words say the same without it. */
  | { strong: string; tone?: Tone }
  | { em: string }
  | { code: string }
  | { link: string; url: string }
  /** An instant, shown in the reader's own zone where the target can (Slack), else in UTC with the date. */
  | { time: string; style: "datetime" | "time" | "date" | "ago" }
  /** A person by name; `id` (a Slack user id) makes it a mention in Slack when `ping` is set, else only the name shows. */
  | { person: string; id: string | null; ping?: boolean }
  /** A Slack emoji name without colons, always beside words that say the same. */
  | { emoji: string };

export type Tone = "bad" | "warn" | "info" | "good" | "quiet";

/** A line of text. A bare string is the commonest case. */
export type Text = Span | Span[];

export type Block =
  | { type: "heading"; level: 1 | 2 | 3; text: string }
  | { type: "paragraph"; text: Text }
  /** Small print under something: who and when. */
  | { type: "context"; text: Text }
  | { type: "quote"; text: Text }
  | { type: "list"; ordered?: boolean; items: Text[] }
  /** `prominent` facts are the few numbers a reader should see first. */
  | { type: "facts"; prominent?: boolean; facts: { label: string; value: Text }[] }
  | { type: "table"; columns: { title: string; align?: "left" | "right" }[]; rows: Text[][] }
  | { type: "code"; text: string; language?: string }
  /** Markdown written by our own team (a runbook step), already filled with escaped variables. */
  | { type: "markdown"; text: string }
  | { type: "divider" }
  /** A drawing for targets that can show one; the others show `alt`. `svg` comes from our own code only. */
  | { type: "figure"; svg: string; alt: string }
  /** Slack only: what a person can press. */
  | { type: "actions"; buttons: Button[] };

/**
 * A button. `action` names what it does, `value` what it does it to (see action-name.ts).
 * `confirm` asks before it acts. `url` buttons open a page.
 */
export type Button = {
  action: ActionName;
  label: string;
  value: string;
  style?: "primary" | "danger";
  url?: string;
  confirm?: { title: string; text: string; yes: string };
};

/** `summary` is the line for notifications, screen readers and search: complete on its own, state in words. */
export type Document = { summary: string; title: string | null; blocks: Block[] };

/** The spans of a text, always as an array. */
export function spans(text: Text): Span[] {
  return Array.isArray(text) ? text : [text];
}
