import { distance } from "fastest-levenshtein";
import { CLOSING_QUOTES } from "../quotes.ts";
import { compileGlob } from "../runbook/glob.ts";
import { ALERT_SEVERITIES } from "../signal/alert.ts";
import { compileMatcher, MATCH_FIELDS, MATCHER_LIMITS, type Matcher, type Term } from "./matcher.ts";

/**
 * A matcher as people type it: `name=value` and `name!=value`, separated by spaces or commas; all must hold.
 *
 * - Names: source, asset, title, severity, team, and any label by its name (`env`, `labels.env`, `labels."run id"`).
 * - Values are globs: `*` is any text, `?` one character, `{a,b}` either; `|` separates values of which one must fit.
 *   A value with a space, or a comma outside braces, stands in quotes; a backslash makes the next character itself.
 * - `all` says that every alert is meant.
 */
export type MatcherResult = { matcher: Matcher } | { problem: string };

export const MATCHER_EXAMPLE = "source=dbt asset=*.orders";

export function parseMatcher(text: string): MatcherResult {
  const taken = takeMatcher(text);
  if ("problem" in taken || taken.rest === "") return taken;
  const [word] = taken.rest.split(/\s/, 1);
  return {
    problem: `\`${word!.slice(0, 60)}\` is not \`name=value\`; put a value with spaces in quotes, such as title="late again"`,
  };
}

/** The matcher that a text begins with, and the words behind it. */
export function takeMatcher(text: string): { matcher: Matcher; rest: string } | { problem: string } {
  const terms: Term[] = [];
  let all = false;
  let rest = text.trim();
  while (rest !== "") {
    const everything = /^all(?=[\s,]|$)/i.exec(rest);
    if (everything) {
      all = true;
      rest = rest.slice(everything[0].length);
    } else {
      const taken = takeTerm(rest);
      if (taken === null) break;
      if ("problem" in taken) return taken;
      terms.push(taken.term);
      rest = taken.rest;
    }
    rest = rest.replace(/^[\s,]+/, "");
  }
  if (!all && terms.length === 0) return { problem: nothingSaid(rest) };
  const made = makeMatcher(terms, all);
  return "problem" in made ? made : { ...made, rest };
}

function nothingSaid(rest: string): string {
  const [word] = rest.split(/[\s,]/, 1);
  const said = word === "" ? "nothing is" : `\`${word!.slice(0, 60)}\` is not`;
  return `${said} \`name=value\`; write what it is about, such as \`${MATCHER_EXAMPLE}\`, or \`all\``;
}

/** Brings terms into their one form and compiles them, or says what is wrong with them. */
export function makeMatcher(terms: readonly Term[], all: boolean): MatcherResult {
  if (terms.length > MATCHER_LIMITS.terms)
    return {
      problem: `it has ${terms.length} terms and may have ${MATCHER_LIMITS.terms}; join values with |`,
    };
  const plain = terms.map((term) => ({ ...term, globs: term.globs.map(inOneForm) }));
  for (const term of plain) {
    const problem = problemOf(term);
    if (problem) return { problem };
  }
  const text = printMatcher(plain, all);
  if (text.length > MATCHER_LIMITS.text)
    return {
      problem: `it is ${text.length} characters long and may have ${MATCHER_LIMITS.text}; use * to shorten it`,
    };
  return { matcher: compileMatcher(plain, all, text) };
}

/** The problem of a term's values, or null. */
export function problemOf({ field, globs }: Term): string | null {
  const name = printName(field);
  if (typeof field !== "string" && field.label.length > MATCHER_LIMITS.label)
    return `a label's name has ${MATCHER_LIMITS.label} characters at most, this one has ${field.label.length}`;
  if (globs.length > MATCHER_LIMITS.globs)
    return `${name} has ${globs.length} values and may have ${MATCHER_LIMITS.globs}; use * to join some`;
  for (const glob of globs) {
    const compiled = compileGlob(glob);
    if ("problem" in compiled) return `${name}: ${compiled.problem}`;
    if (field === "severity" && !ALERT_SEVERITIES.some((severity) => compiled.glob.matches(severity)))
      return `${name} is one of ${ALERT_SEVERITIES.join(", ")}, as senders say it; \`${glob}\` is none of them`;
  }
  return null;
}

function printMatcher(terms: readonly Term[], all: boolean): string {
  return [...(all ? ["all"] : []), ...terms.map(printTerm)].join(" ");
}

function printTerm({ field, not, globs }: Term): string {
  const value = globs.join("|");
  const bare = !/^[=~]/.test(value) && !OPENING.test(value) && bareLength(value) === value.length;
  return `${printName(field)}${not ? "!=" : "="}${bare ? value : `"${value}"`}`;
}

const NAME = /^[\p{L}_][\p{L}\p{N}_.\-/]*/u;

function printName(field: Term["field"]): string {
  if (typeof field === "string") return field;
  const { label } = field;
  const word = NAME.exec(label)?.[0] === label;
  if (word && isBareLabel(label)) return label;
  return `labels.${word ? label : `"${label.replace(/["\\]/g, "\\$&")}"`}`;
}

/** Whether the name alone reads as this label, and neither as a field nor as a slip. */
function isBareLabel(name: string): boolean {
  const read = fieldOf(name);
  return "field" in read && typeof read.field !== "string" && read.field.label === name;
}

type Taken = { term: Term; rest: string } | { problem: string };
const OPERATOR = /^(?:!=|=~|!~|==|=|[<>]=?)/;

/** Null where the text begins with no term at all. */
function takeTerm(text: string): Taken | null {
  const name = takeName(text);
  const operator = name && OPERATOR.exec(name.rest)?.[0];
  if (!name || !operator) return null;
  const field = name.quoted === null ? fieldOf(name.written) : labelOf(name.quoted);
  if ("problem" in field) return field;
  if (operator !== "=" && operator !== "!=")
    return {
      problem: `\`${name.written}${operator}\` is not understood; write = or !=, with * in the value and | between values`,
    };
  const value = takeValue(name.rest.slice(operator.length), `${name.written}${operator}`);
  if ("problem" in value) return value;
  const globs = takeGlobs(value.value);
  if (globs === null)
    return {
      problem: `\`${name.written}${operator}\` has an empty value beside a |; write \\| for the character`,
    };
  return { term: { field: field.field, not: operator === "!=", globs }, rest: value.rest };
}

function takeName(text: string): { written: string; quoted: string | null; rest: string } | null {
  const quoted = /^labels\."((?:[^"\\]|\\.)*)"/is.exec(text);
  if (quoted)
    return {
      written: quoted[0],
      quoted: quoted[1]!.replace(/\\(.)/gs, "$1"),
      rest: text.slice(quoted[0].length),
    };
  const written = NAME.exec(text)?.[0];
  return written === undefined ? null : { written, quoted: null, rest: text.slice(written.length) };
}

type FieldResult = { field: Term["field"] } | { problem: string };

/** A bare name is a field or a label; one that is nearly a field's would be a label that no alert has. */
function fieldOf(name: string): FieldResult {
  const lower = name.toLowerCase();
  const field = MATCH_FIELDS.find((each) => each === lower);
  if (field) return { field };
  if (lower.startsWith("labels.")) return labelOf(name.slice("labels.".length));
  if (lower === "status")
    return {
      problem:
        "`status` can't be matched, since only firing alerts are ever held or routed; leave it out, or write labels.status for the label",
    };
  const near = MATCH_FIELDS.find((each) => distance(each, lower) <= 1 || areSwapped(each, lower));
  if (near) return { problem: `\`${name}\` is not a field; write ${near}, or labels.${name} for the label` };
  return labelOf(name);
}

function labelOf(label: string): FieldResult {
  if (label === "")
    return { problem: "`labels.` names no label; write it behind the dot, such as labels.env" };
  return { field: { label } };
}

function areSwapped(field: string, typed: string): boolean {
  if (field.length !== typed.length) return false;
  const at = [...field].findIndex((char, index) => char !== typed[index]);
  const swapped = `${field.slice(0, at)}${field[at + 1] ?? ""}${field[at] ?? ""}${field.slice(at + 2)}`;
  return at >= 0 && swapped === typed;
}

const OPENING = new RegExp(`^[${Object.keys(CLOSING_QUOTES).join("")}]`);

function takeValue(text: string, before: string): { value: string; rest: string } | { problem: string } {
  const close = CLOSING_QUOTES[text[0] ?? ""];
  if (close === undefined) {
    const length = bareLength(text);
    if (length > 0) return { value: text.slice(0, length), rest: text.slice(length) };
    return { problem: `\`${before}\` has no value; write it right behind, such as ${before}*` };
  }
  let end = 1;
  while (end < text.length && text[end] !== close) end += text[end] === "\\" ? 2 : 1;
  if (end >= text.length)
    return { problem: `the quote behind \`${before}\` is not closed; end it with ${close}` };
  const [value, rest] = [text.slice(1, end), text.slice(end + 1)];
  if (value === "") return { problem: `\`${before}\` has an empty value; write * for any` };
  if (!/^[\s,]|^$/.test(rest))
    return { problem: `text follows the closing quote of \`${before}\`; put a space or a comma between` };
  return { value, rest };
}

/** How long a value without quotes is: up to a space, or a comma outside braces. */
function bareLength(text: string): number {
  let braced = false;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at]!;
    if (/\s/.test(char) || (char === "," && !braced)) return at;
    if (char === "{" || char === "}") braced = char === "{";
    else if (char === "\\" && at + 1 < text.length && !/\s/.test(text[at + 1]!)) at += 1;
  }
  return text.length;
}

/** The values between the bars that stand outside braces, without spaces around them; null where one of several is empty. */
export function takeGlobs(value: string): string[] | null {
  const parts: string[] = [];
  let from = 0;
  walk(value, (char, at, braced) => {
    if (char !== "|" || braced) return;
    parts.push(value.slice(from, at));
    from = at + 1;
  });
  const globs = [...parts, value.slice(from)].map((part) => part.trim());
  return globs.length > 1 && globs.includes("") ? null : globs;
}

/** With a backslash before the characters that would end a value or part it. */
function inOneForm(glob: string): string {
  let from = 0;
  let out = "";
  walk(glob, (char, at, braced) => {
    if (char !== '"' && (char !== "|" || braced)) return;
    out += `${glob.slice(from, at)}\\`;
    from = at;
  });
  return out + glob.slice(from);
}

function walk(glob: string, visit: (char: string, at: number, braced: boolean) => void): void {
  let braced = false;
  for (let at = 0; at < glob.length; at += 1) {
    const char = glob[at]!;
    if (char === "\\") at += 1;
    else if (char === "{" || char === "}") braced = char === "{";
    else visit(char, at, braced);
  }
}
