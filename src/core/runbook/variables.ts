import type { Nodes, Root } from "mdast";
import { clip } from "../signal/alert.ts";
import { type Asset, assetId } from "../signal/asset.ts";
import { parseMarkdown, place, walk } from "./markdown.ts";

/**
 * What a step may say about the incident it is walked in. Help, lint and docs/runbooks.md come from this table.
 *
 * - A `name` is meant to be pasted into commands and queries.
 * - `words` are free text from the alert, to read and never to paste; lint keeps them out of code.
 * - An `address` is shown as a link that displays itself.
 */
export const VARIABLES = {
  asset: {
    kind: "name",
    description: "the asset that broke, with its namespace",
    example: "snowflake://acme/analytics.marts.orders",
  },
  relation: {
    kind: "name",
    description: "the asset's name without its namespace, as a query writes it",
    example: "analytics.marts.orders",
  },
  table: { kind: "name", description: "the last part of the asset's name", example: "orders" },
  schema: { kind: "name", description: "the part of the asset's name before the table", example: "marts" },
  database: {
    kind: "name",
    description: "the part of the asset's name before the schema",
    example: "analytics",
  },
  source: { kind: "name", description: "the tool that sent the alert", example: "dbt" },
  title: { kind: "words", description: "the incident's title", example: "orders is 3 hours late" },
  error: {
    kind: "words",
    description: "what the alert said went wrong",
    example: "column customer_id does not exist",
  },
  incident: { kind: "name", description: "the incident's key", example: "INC-42" },
  severity: { kind: "name", description: "the incident's severity", example: "SEV2" },
  started_at: {
    kind: "name",
    description: "when the data broke, in UTC",
    example: "2026-11-22T03:10:00.000Z",
  },
  run_url: {
    kind: "address",
    description: "the failed run in the tool that sent the alert",
    example: "https://airflow.example.com/dags/orders_daily/grid",
  },
  "label.KEY": { kind: "name", description: "the alert's label KEY", example: "orders_daily" },
} as const satisfies Record<string, { kind: Kind; description: string; example: string }>;

type Kind = "name" | "words" | "address";
export type VariableName = Exclude<keyof typeof VARIABLES, "label.KEY">;

/** Values come from alerts and are hostile until `fill` has made them harmless. Absent and null are the same. */
export type Variables = { [name in VariableName]?: string | null } & { labels?: Record<string, string> };

/** The variables that follow from an asset's name, read as `database.schema.table` from its end. */
export function assetVariables(
  asset: Asset | null,
): Pick<Variables, "asset" | "relation" | "table" | "schema" | "database"> {
  if (!asset) return {};
  const parts = asset.name.split(".");
  return {
    asset: assetId(asset),
    relation: asset.name,
    table: parts.at(-1),
    schema: parts.at(-2),
    database: parts.at(-3),
  };
}

/** One `{{ … }}` in a text. `known` is false where no such variable exists; such a token is left as it is. */
export type Token = { start: number; end: number; name: string; known: boolean };

const TOKEN = /\{\{[ \t]*([A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_./-]{1,100})?)[ \t]*\}\}/g;

/** Only plain names are tokens, so that dbt's `{{ ref('orders') }}` can stand in a code block. */
export function findTokens(markdown: string): Token[] {
  return Array.from(markdown.matchAll(TOKEN), (match) => {
    const name = match[1]!;
    const known = name.startsWith("label.") || (name !== "label.KEY" && Object.hasOwn(VARIABLES, name));
    return { start: match.index, end: match.index + match[0].length, name, known };
  });
}

export function kindOf(name: string): Kind {
  return name.startsWith("label.") ? "name" : VARIABLES[name as VariableName].kind;
}

/** Where a token stands decides what its value could do there. A `host` is the part of a link that says whose it is. */
export type Setting = "code" | "host" | "path" | "words";

/**
 * Replaces the variables in a step's markdown. Whatever the values are, the text keeps the structure its author gave
 * it: no value adds a link, a mention, code, a heading or a line, or gets out of the code it stands in.
 */
export function fill(markdown: string, variables: Variables): string {
  const settled = settingsOf(markdown).filter(({ token }) => token.known);
  let filled = "";
  let at = 0;
  for (const { token, setting } of settled) {
    filled += markdown.slice(at, token.start) + render(token.name, setting, variables);
    at = token.end;
  }
  return filled + markdown.slice(at);
}

/**
 * Each token with its setting. The text is parsed with a stand-in for every token, because `[run]({{ run_url }})` is
 * not a link while the spaces are in it. The stand-in has a dot so that `https://{{ label.host }}` parses as a link.
 */
export function settingsOf(markdown: string): { token: Token; setting: Setting }[] {
  const tokens = findTokens(markdown);
  if (tokens.length === 0) return [];
  const standIn = "x.x";
  let masked = "";
  let at = 0;
  const offsets = tokens.map((token) => {
    masked += markdown.slice(at, token.start);
    const offset = masked.length;
    masked += standIn;
    at = token.end;
    return offset;
  });
  masked += markdown.slice(at);
  const nodes = settingNodes(parseMarkdown(masked));
  return tokens.map((token, index) => ({ token, setting: settingAt(offsets[index]!, nodes, masked) }));
}

type SettingNode = { node: Nodes; start: number; end: number };

/** The nodes whose text is not plain words, in reading order: a later one that covers an offset is the inner one. */
function settingNodes(root: Root): SettingNode[] {
  const types = new Set([
    "code",
    "inlineCode",
    "html",
    "link",
    "image",
    "definition",
    "linkReference",
    "imageReference",
    "footnoteReference",
    "footnoteDefinition",
  ]);
  return Array.from(walk(root), ({ node }) => ({ node, place: place(node) }))
    .filter(({ node, place }) => place !== null && types.has(node.type))
    .map(({ node, place }) => ({ node, start: place!.start, end: place!.end }));
}

function settingAt(offset: number, nodes: SettingNode[], masked: string): Setting {
  const covering = nodes.findLast(({ start, end }) => start <= offset && offset < end);
  if (!covering) return "words";
  switch (covering.node.type) {
    case "code":
    case "inlineCode":
    case "html":
      return "code";
    case "link": {
      const target = targetStart(covering.node, covering.start, masked);
      return offset < target ? "words" : linkPart(masked.slice(target, offset));
    }
    case "footnoteDefinition":
      return "words";
    // An image, a reference and a definition have no part that is words to us; the strictest setting fits all of them.
    default:
      return linkPart(masked.slice(covering.start, offset));
  }
}

/** A written-out link `[words](target)` has its target after its words; an autolink is all target. */
function targetStart(link: Extract<Nodes, { type: "link" }>, start: number, masked: string): number {
  const lastWord = link.children.at(-1);
  return masked[start] === "[" && lastWord ? (place(lastWord)?.end ?? start) : start;
}

function linkPart(before: string): Setting {
  return /https?:\/\/[^/?#\s]+[/?#][^\s]*$/i.test(before) ? "path" : "host";
}

const VALUE_LIMIT = 300;

function render(name: string, setting: Setting, variables: Variables): string {
  const value = oneLine(lookUp(name, variables) ?? "");
  const missing = `(no ${spoken(name)})`;
  switch (setting) {
    case "code":
      return value === "" ? missing : inCode(name, value);
    case "words":
      if (value === "") return escapeWords(missing);
      return kindOf(name) === "address" ? (autolink(value) ?? escapeWords(value)) : escapeWords(value);
    case "path":
      return encodeURIComponent(value).replace(
        /[!'()*]/g,
        (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
      );
    // RFC 2606 keeps `.invalid` from ever existing: an alert must not choose where the author's link goes.
    case "host":
      return "https://blocked.invalid";
    default:
      return setting satisfies never;
  }
}

function lookUp(name: string, { labels, ...variables }: Variables): string | null | undefined {
  if (!name.startsWith("label.")) return variables[name as VariableName];
  const key = name.slice("label.".length);
  return labels && Object.hasOwn(labels, key) ? labels[key] : null;
}

function spoken(name: string): string {
  return name.replace(/^label\./, "label ").replace(/^(run|started)_/, "$1 ");
}

/**
 * Control and formatting characters go: they break lines, reverse the reading direction, or hide text. A lone half of a
 * surrogate pair goes too, since it cannot be encoded. The cut keeps a stack trace from filling a phone.
 */
function oneLine(value: string): string {
  const clean = value.replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, " ").replace(/[\p{Cf}\p{Cs}\p{Co}\p{Cn}]/gu, "");
  return clip(clean.trim(), VALUE_LIMIT);
}

/** Starts with a letter, digit, underscore or slash, so that it can't be read as an option or a file redirection. */
const SAFE_NAME = /^[A-Za-z0-9_/][A-Za-z0-9_.:/@+-]*$/;
/** `--` begins a comment in SQL; `//` does in Snowflake, unless a colon makes it part of an address. */
const COMMENT = /--|(?<!:)\/\//;
const UNSAFE_WORDS = /(?:[^A-Za-z0-9_.:/@-]|-{2,}|(?<!:)\/{2,})+/g;

/**
 * A responder pastes code into a shell or a query console with production rights, at night. So a name is passed through
 * only if nothing in it can mean something there: no quotes, spaces, semicolons, backslashes, backticks, `$`, `;`, `&`.
 * A name that has such a character is replaced as a whole and not cleaned: a cleaned name could be another table's. The
 * replacement in parentheses is a syntax error in every shell and SQL dialect, so a pasted command stops there. Free
 * words name nothing, so of them only what is unsafe goes.
 */
function inCode(name: string, value: string): string {
  if (kindOf(name) === "words") return value.replace(UNSAFE_WORDS, " ").trim() || `(no ${spoken(name)})`;
  if (SAFE_NAME.test(value) && !COMMENT.test(value)) return value;
  return `(unsafe ${spoken(name)}: take it from the alert)`;
}

/** A link that shows its own address, so that it can't pretend to lead elsewhere. Null for anything but plain http(s). */
function autolink(value: string): string | null {
  const url = URL.parse(value);
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password) return null;
  const href = url.href.replace(/[\s<>|`\\"^{}]/g, (char) => encodeURIComponent(char));
  return `<${href}>`;
}

/** Joins two characters invisibly, so that what they would begin (an address, a mention) is not recognised. */
const JOINER = "\u2060";

/**
 * Makes a value plain words in every dialect of markdown. Backslashes are enough for a strict reader; angle brackets
 * are exchanged for look-alikes as well, because a reader that undoes the backslashes too early would hand Slack a
 * working `<!channel>`. Underscores inside a word mean nothing in markdown and stay, so that names can be copied.
 */
function escapeWords(value: string): string {
  return value
    .replaceAll("<", "‹")
    .replaceAll(">", "›")
    .replace(/[\\`*[\]~|&#$]/g, "\\$&")
    .replace(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, "\\_")
    .replace(/^[-+=().:]|!$/g, "\\$&")
    .replace(/^(\d+)([.)])/, "$1\\$2")
    .replace(/:(?=\/\/)|www(?=\.)|@/gi, `$&${JOINER}`);
}
