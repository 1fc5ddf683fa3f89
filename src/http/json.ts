import { isUtf8 } from "node:buffer";
import { excessIn, MAX_DEPTH, nestsTooDeep } from "../source/json-limits.ts";
import { HttpProblem } from "./problem.ts";

/** Refuses a body that would hold up everything else while it is parsed. Whatever parses one comes after this. */
export function checkShape(body: Buffer): void {
  const excess = excessIn(body);
  if (excess !== null) throw malformed(`The body ${excess}.`);
}

/**
 * Reads a JSON body (RFC 8259: UTF-8, a byte order mark is tolerated) or refuses with where it breaks. Of a key given
 * twice the last one counts. A `__proto__` key is dropped: it is plain data after JSON.parse, but the first careless
 * copy of the object further in would make it a prototype.
 */
export function parseJson(body: Buffer): unknown {
  const text = decode(body);
  if (text.trim() === "") throw malformed("The body is empty. Send JSON.");
  if (nestsTooDeep(body)) throw malformed(`The body is nested deeper than ${MAX_DEPTH} levels.`);
  try {
    const value: unknown = JSON.parse(text);
    if (mayNamePrototype(text)) dropPrototypes(value);
    return value;
  } catch {
    throw malformed(`The body is not valid JSON: ${whereItBreaks(text)}.`);
  }
}

function malformed(detail: string): HttpProblem {
  return new HttpProblem("malformed_body", detail);
}

function decode(body: Buffer): string {
  if (!isUtf8(body)) throw malformed("The body is not valid UTF-8. JSON is always sent as UTF-8.");
  const text = body.toString("utf8");
  return text.startsWith("\ufeff") ? text.slice(1) : text;
}

/** Whether a key could read `__proto__`, also with some of its letters escaped. */
function mayNamePrototype(text: string): boolean {
  return text.includes("__proto__") || (text.includes("\\u00") && /\\u00(?:5f|6f|7[024])/i.test(text));
}

/** Afterwards, as a reviver would make parsing ten times slower, and this process does nothing else meanwhile. */
function dropPrototypes(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  if (Object.hasOwn(value, "__proto__")) Reflect.deleteProperty(value, "__proto__");
  for (const member of Array.isArray(value) ? value : Object.values(value)) dropPrototypes(member);
}

const TOKEN =
  /([{}[\],:])|("[ !#-[\]-\uffff]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[ !#-[\]-\uffff]*)*")|(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)/y;
const SPACE = /[ \t\r\n]*/y;

/** What may stand next: a value, a key, the colon after one, or a comma or closing bracket. */
type Expected = "value" | "value or ]" | "key" | "key or }" | ":" | ", or ]" | ", or }" | "the end";

/** JSON.parse tells the place of only some mistakes, so a body that it refused is walked once more, token by token. */
function whereItBreaks(text: string): string {
  const open: ("[" | "{")[] = [];
  const after = (): Expected => (open.length === 0 ? "the end" : open.at(-1) === "[" ? ", or ]" : ", or }");
  let expected: Expected = "value";
  let at = 0;
  for (;;) {
    SPACE.lastIndex = at;
    at += SPACE.exec(text)![0].length;
    if (at >= text.length)
      return `it ends too early, ${expected === "the end" ? "a value" : expected} is missing`;
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(text);
    const next: Expected | null = token ? follow(token, expected, open, after) : null;
    if (next === null) return `${place(text, at)}, expected ${expected}`;
    expected = next;
    at += token![0].length;
  }
}

/** What may follow a token, or null where it must not stand. Keeps the stack of open brackets. */
function follow(
  token: RegExpExecArray,
  expected: Expected,
  open: ("[" | "{")[],
  after: () => Expected,
): Expected | null {
  const [, mark, string] = token;
  const wantsValue = expected === "value" || expected === "value or ]";
  if (mark === "[" || mark === "{") {
    if (!wantsValue) return null;
    open.push(mark);
    return mark === "[" ? "value or ]" : "key or }";
  }
  if (mark === "]" || mark === "}") {
    if (!expected.endsWith(mark)) return null;
    open.pop();
    return after();
  }
  if (mark === ",") return expected === ", or ]" ? "value" : expected === ", or }" ? "key" : null;
  if (mark === ":") return expected === ":" ? "value" : null;
  if (string !== undefined && expected.startsWith("key")) return ":";
  return wantsValue ? after() : null;
}

function place(text: string, at: number): string {
  const before = text.slice(0, at);
  const line = before.split("\n").length;
  return `unexpected text at line ${line}, column ${at - before.lastIndexOf("\n")}`;
}
