import { distance } from "fastest-levenshtein";
import { Refusal } from "../refusal.ts";
import { VERBS } from "./registry.ts";
import type { Verb } from "./verb.ts";
import { summary } from "./verbs/summary.ts";
import { KEY, takeKey, takeWord } from "./words.ts";

/** A line taken apart; `rest` still holds Slack's tokens, which the verb reads. */
export type Line = { verb: Verb; key: string | null; rest: string } | { empty: true };

/** Keys one behind the other, by spaces, commas or an `and`. A colon ends the row: what stands behind it is said of the first. */
const ONE = String.raw`[#\`"'“‘]?${KEY}[\`"'”’]?`;
const JOIN = String.raw`(?:\s*(?:,|&amp;|\+|/)\s*(?:and\s+)?|\s+(?:and\s+)?)`;
const ROW = new RegExp(`^${ONE}(?:${JOIN}${ONE})+(?=[\\s,:;.]|$)`, "i");

/** The words people know every verb by. */
const NAMES = VERBS.flatMap((verb) =>
  [verb.name, ...verb.aliases].map((name) => ({ name, verb, words: name.split(" ") })),
).sort((a, b) => b.words.length - a.words.length);

/** The words with which the further forms of a verb begin: who walks a runbook types `done`. */
const FORMS = VERBS.flatMap((verb) =>
  formWords(verb).map((word) => ({ word, line: `${verb.name} ${word}` })),
);

/** `next` and `done` of a form that is written `next|done [note]`. */
function formWords(verb: Verb): string[] {
  return (verb.also ?? []).flatMap(({ usage }) => takeWord(usage).word.split("|"));
}

/**
 * Takes a typed line apart: `verb INC-1 rest`, `INC-1 verb rest`, `verb form INC-1 rest`, or the key alone, which shows
 * the incident.
 * `command` is the slash command's name, which people also type behind a mention.
 */
export function parseLine(text: string, options: { command: string }): Line {
  const line = withoutCommand(unwrapped(visible(text)), options.command);
  if (line === "") return { empty: true };
  const first = takeKey(line);
  if (first && first.rest === "") return { verb: summary, key: first.key, rest: "" };
  const before = keysInARow(line);
  const { verb, rest } = takeVerb(before?.rest ?? first?.rest ?? line);
  refuseSeveral(verb, before, first !== null, keysInARow(rest));
  if (first || verb.about === "none") return { verb, key: first?.key ?? null, rest };
  const second = takeKey(rest) ?? keyBehindForm(verb, rest);
  if (!second || (verb.namesAnother === "first" && !namesTwo(second.rest))) return { verb, key: null, rest };
  return { verb, key: second.key, rest: second.rest };
}

type Row = { keys: string[]; listed: boolean; rest: string };

/** Two keys or more with which a text begins; `listed` where more than spaces parts them. */
function keysInARow(text: string): Row | null {
  const [row] = ROW.exec(text) ?? [];
  if (row === undefined) return null;
  const keys = row.match(new RegExp(ONE, "gi"))!.map((word) => takeKey(word)!.key);
  return {
    keys,
    listed: /,|&|\+|\/|\band\b/i.test(row),
    rest: text
      .slice(row.length)
      .replace(/^[,:;.]/, "")
      .trim(),
  };
}

/**
 * What was meant for two incidents must not be done to the first, with the second taken for the reason or, worse, for
 * the one to merge into.
 */
function refuseSeveral(verb: Verb, before: Row | null, hasKey: boolean, behind: Row | null): void {
  if (verb.about === "none") return;
  const merges = verb.namesAnother === "first";
  const fits = merges ? !hasKey && behind?.keys.length === 2 && !behind.listed : hasKey;
  const row = before ?? (fits ? null : behind);
  if (!row) return;
  const lines = row.keys.slice(0, 2).map((key) => `\`${verb.name} ${key}${merges ? " into <INC-n>" : ""}\``);
  throw new Refusal(
    "invalid",
    `Several incidents are named, and one is taken at a time: write ${lines.join(", then ")}.`,
  );
}

/**
 * The key in `timeline edit INC-1 5 …` and `postmortem json INC-1`: behind the word with which one of a verb's further
 * forms begins, or one of the words of which it takes one.
 */
function keyBehindForm(verb: Verb, text: string): { key: string; rest: string } | null {
  const { word, rest } = takeWord(text);
  const [, oneOf = ""] = /^\[(\w+(?:\|\w+)+)\]$/.exec(verb.usage) ?? [];
  if (![...oneOf.split("|"), ...formWords(verb)].includes(folded(word))) return null;
  const found = takeKey(rest);
  return found && { key: found.key, rest: `${word} ${found.rest}`.trim() };
}

/** Spaces of every width as plain ones, and nothing invisible that would make `ack` another word. */
function visible(text: string): string {
  return text
    .replace(/[\u200B\u200E\u200F\u202A-\u202E\u2060\u2066-\u2069\uFEFF]/g, "")
    .replace(/[^\S\n]/g, " ")
    .trim();
}

/** A line copied from a help text with its backticks or quotes. */
function unwrapped(line: string): string {
  const wrapped = /^(?:`([^`]*)`|"([^"]*)"|“([^”]*)”|‘([^’]*)’)$/.exec(line);
  return wrapped
    ? wrapped
        .slice(1)
        .find((inner) => inner !== undefined)!
        .trim()
    : line;
}

function withoutCommand(line: string, command: string): string {
  const { word, rest } = takeWord(line);
  return word.toLowerCase() === command.toLowerCase() ? rest : line;
}

/** Compatibility forms and case aside: full-width letters are what some keyboards type at night. */
function folded(word: string): string {
  return word.normalize("NFKC").toLowerCase();
}

/** The incident's key that a text is, and null where it is anything else. */
export function keyOf(text: string): string | null {
  const found = takeKey(text);
  return found?.rest === "" ? found.key : null;
}

/** `merge INC-1 INC-2` and `merge INC-1 into INC-2` name both; `merge INC-2` only where this one goes. */
function namesTwo(rest: string): boolean {
  return takeKey(rest.replace(/^into\s+/i, "")) !== null;
}

/** So many keys among the words of a line are asked about. */
const ASKED_ABOUT = 5;

/**
 * The keys among the words of a line that stand where none is looked for, each once: `severity 3 INC-2 because`. `another`
 * is the one that the verb's own words name, as `merge INC-2` does; it is none of them.
 */
export function keysNamed(verb: Verb, rest: string): { named: string[]; another: string | null } {
  const words = rest.split(/\s+/);
  const keys = words.map(keyIn);
  const place =
    verb.namesAnother === "first"
      ? keys.findIndex(
          (key, i) => key !== null && words.slice(0, i).every((word) => /^(?:in)?to$/i.test(word)),
        )
      : verb.namesAnother === "behind to"
        ? keys.findIndex((key, i) => key !== null && /^(?:in)?to$/i.test(words[i - 1] ?? ""))
        : -1;
  const others = keys.filter((key, i): key is string => key !== null && i !== place);
  return { named: [...new Set(others)].slice(0, ASKED_ABOUT), another: keys[place] ?? null };
}

/** The words without a key that turned out to say which incident is meant: only where it stands first. */
export function withoutKey(rest: string, key: string): string {
  const place = [...rest.matchAll(/\S+/g)].find(([word]) => keyIn(word) === key);
  if (!place) return rest;
  const after = rest.slice(place.index + place[0].length).trimStart();
  return `${rest.slice(0, place.index)}${after}`.trim();
}

/** The key that a word of a sentence is: `(INC-3)` and `INC-3’s` too. */
function keyIn(word: string): string | null {
  return takeKey(word.replace(/^[([{]+|[)\]}?!,:;.]+$|['’]s$/g, ""))?.key ?? null;
}

function takeVerb(text: string): { verb: Verb; rest: string } {
  for (const { verb, words } of NAMES) {
    const rest = takeWords(text, words);
    if (rest !== null) return { verb, rest };
  }
  throw unknownVerb(text);
}

function takeWords(text: string, words: string[]): string | null {
  let left = text;
  for (const expected of words) {
    const { word, rest } = takeWord(left);
    if (folded(word).replace(/[:,.!]$/, "") !== expected) return null;
    left = rest;
  }
  return left;
}

function unknownVerb(text: string): Refusal {
  const { word, rest } = takeWord(text);
  const shown = /^[\p{L}\p{N}_-]{1,30}$/u.test(word)
    ? `There is no \`${word}\`.`
    : "That does not begin with a verb.";
  const forms = FORMS.filter((form) => form.word === folded(word)).map(({ line }) => line);
  // `sev1 Orders are missing` may mean either, and one of them would change an incident that it is not about.
  const severity = /^sev-?([1-4])[:,]?$/.exec(folded(word))?.[1];
  if (severity) forms.push(`severity ${severity}`, `new sev${severity}`);
  const nearest = forms.length > 0 ? [...new Set(forms)].slice(0, 2) : nearestNames(word);
  const next =
    nearest.length > 0
      ? `Did you mean ${nearest.map((name) => `\`${name}\``).join(" or ")}? \`help\` lists all verbs.`
      : `\`help\` lists all verbs${rest ? ", `new <title>` opens an incident" : ""}.`;
  return new Refusal("invalid", `${shown} ${next}`);
}

/** The names or aliases that were probably meant, two at most: those the word begins, else within a third of their letters. */
export function nearestNames(word: string): string[] {
  const typed = folded(word).slice(0, 30);
  if (typed === "") return [];
  const begun = typed.length < 3 ? [] : NAMES.filter(({ name }) => name.startsWith(typed));
  if (begun.length > 0) return [begun[0]!.name];
  const ranked = NAMES.map(({ name }) => ({
    name,
    far: transposed(typed, name) ? 1 : distance(typed, name),
  })).sort((a, b) => a.far - b.far);
  const [best] = ranked;
  if (!best || best.far > Math.max(1, Math.floor(best.name.length / 3))) return [];
  return ranked
    .filter(({ far }) => far === best.far)
    .slice(0, 2)
    .map(({ name }) => name);
}

/** Two neighbouring letters swapped: the commonest slip of all is one slip, where the edit distance counts two. */
function transposed(typed: string, name: string): boolean {
  if (typed.length !== name.length) return false;
  return [...name].some(
    (_, i) => name.slice(0, i) + (name[i + 1] ?? "") + name[i] + name.slice(i + 2) === typed,
  );
}
