/** Every parser of what comes from outside: whatever it gets, it understands or refuses, soon, and changes nothing else. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { loadConfig } from "../../src/config.ts";
import { matchable } from "../../src/core/correlate/matcher.ts";
import { parseMatcher, takeMatcher } from "../../src/core/correlate/matcher-words.ts";
import { printDuration, readDuration, takeDuration } from "../../src/core/duration.ts";
import { Refusal } from "../../src/core/refusal.ts";
import { compileGlob } from "../../src/core/runbook/glob.ts";
import { lintRunbooks } from "../../src/core/runbook/lint.ts";
import { parseRunbook } from "../../src/core/runbook/parse.ts";
import { fill, findTokens } from "../../src/core/runbook/variables.ts";
import { datasetFromUri, datasetKey, parseAssetId, relationParts } from "../../src/core/signal/dataset.ts";
import { readInstant } from "../../src/core/signal/instant.ts";
import { parseLine } from "../../src/core/verb/line.ts";
import { readDay, takePastTime } from "../../src/core/verb/time.ts";
import { plainText, takeLink, takeQuoted } from "../../src/core/verb/words.ts";
import { readYaml } from "../../src/core/yaml.ts";
import { parseJson } from "../../src/http/json.ts";
import { HttpProblem } from "../../src/http/problem.ts";
import { markdownToHtml } from "../../src/render/html-markdown.ts";
import { codeBlock, inlineCode, linkAddress, mrkdwn } from "../../src/slack/escape.ts";
import { markdownPieces } from "../../src/slack/markdown.ts";
import { readYamlLineage } from "../../src/source/lineage-yaml.ts";
import { readSlackMessage } from "../../src/source/slack-message.ts";
import { bareLinks, factsIn, withoutEmphasis, withoutTokens } from "../../src/source/slack-text.ts";
import { context, NOW } from "../core/verb/incident.ts";
import { anyText, FRAGMENTS, FUZZ_TEST_MS, within } from "./budget.ts";

const clock = { now: NOW, timeZone: "Europe/Berlin" };
const folder = mkdtempSync(join(tmpdir(), "breakwater-fuzz-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ALERT = matchable({
  ...{ status: "firing" as const, source: "dbt", title: "orders is late", severity: "error" as const },
  labels: JSON.parse('{"env": "prod", "__proto__": "x"}'),
  assets: [{ namespace: "snowflake://acme", name: "analytics.marts.orders" }],
});

/** What each parser does with a text; what it must hold beside not breaking is expected here. */
const PARSERS: Record<string, (text: string) => unknown> = {
  "a matcher": (text) => {
    const read = parseMatcher(text);
    if ("problem" in read) return expect(read.problem).not.toBe("");
    expect(typeof read.matcher.try(ALERT).fits).toBe("boolean");
    // Its printed form means the same.
    const again = parseMatcher(read.matcher.text);
    return expect("matcher" in again && again.matcher.text).toBe(read.matcher.text);
  },
  "a length of time": (text) => {
    const read = readDuration(text);
    if (read === null) return;
    expect(Number.isSafeInteger(read) && read >= 0).toBe(true);
    expect(readDuration(printDuration(read))).toBe(read);
  },
  "the line of a silence": (text) => {
    const taken = takeMatcher(text);
    if ("problem" in taken) return;
    const time = takeDuration(taken.rest);
    if (time !== null) expect(time.rest.length).toBeLessThanOrEqual(text.length);
  },
  "words for a past time": (text) => {
    const taken = takePastTime(text, clock);
    if (taken !== null) expect(new Date(taken.at).toISOString()).toBe(taken.at);
  },
  "words for a day": (text) => {
    const day = readDay(text, clock, { bare: true });
    if (day !== null) expect(day).toMatch(/^\d{4}-\d{2}-\d{2}$/);
  },
  "a line to the bot": (text) => {
    const read = parseLine(text, { command: "/incident" });
    if (!("empty" in read)) read.verb.parse(read.rest, context());
  },
  "words with Slack's tokens": (text) => {
    expect(plainText(text, {})).not.toMatch(/<@[UW]\w|<!(?:here|channel|everyone)/i);
    takeLink(text);
    takeQuoted(text);
  },
  "a runbook": (text) => {
    const { runbook, problems } = parseRunbook("fuzz", text);
    if (runbook === null) expect(problems.length).toBeGreaterThan(0);
    parseRunbook("fuzz", `---\ntitle: x\n${text}\n---\n# x\n\n## one\n`);
    lintRunbooks([{ path: "runbooks/fuzz.md", text: `---\ntitle: x\n---\n# x\n\n## one\n\n${text}` }]);
  },
  "the variables of a runbook": (text) => {
    for (const { start, end } of findTokens(text)) expect(end).toBeGreaterThan(start);
    fill(text, { labels: { a: text } });
  },
  "markdown for Slack and for pages": (text) => {
    markdownPieces(text, 3000, "slack");
    expect(markdownToHtml(text)).not.toMatch(/<script|<img|<iframe|javascript:[^"]*"|\son\w+="/i);
  },
  "lineage in a file": (text) => {
    readYamlLineage(yaml(text), { key: "file:fuzz", at: null });
    readYamlLineage({ assets: [{ asset: text, upstream: [text] }] }, { key: "file:fuzz", at: null });
  },
  "breakwater.yaml": (text) => {
    const path = join(folder, "breakwater.yaml");
    writeFileSync(path, text);
    expect(loadConfig({ BREAKWATER_CONFIG: path }).sandbox).toBe(false);
  },
  "a message of Slack": (text) => {
    readSlackMessage({ text, attachments: [{ text, title: text, fields: [{ title: text, value: text }] }] });
    for (const read of [withoutTokens, bareLinks, withoutEmphasis, factsIn]) read(text);
  },
  "JSON in a body": (text) => {
    parseJson(Buffer.from(text));
    parseJson(Buffer.from(JSON.stringify({ [text]: text })));
  },
  "the name of a dataset": (text) => {
    relationParts(text);
    for (const asset of [datasetFromUri(text), parseAssetId(text), { namespace: text, name: text }])
      if (asset) expect(typeof datasetKey(asset)).toBe("string");
  },
  "an instant": (text) => {
    const { at } = readInstant(text, NOW);
    if (at !== null) expect(new Date(at).toISOString()).toBe(at);
  },
  "a glob": (text) => {
    const read = compileGlob(text.slice(0, 200));
    if ("glob" in read) expect(typeof read.glob.matches(text)).toBe("boolean");
  },
  "text that goes to Slack": (text) => {
    for (const escaped of [mrkdwn(text), inlineCode(text), codeBlock(text)])
      expect(escaped).not.toMatch(/[<>]/);
    const address = linkAddress(text);
    if (address !== null) expect(address).toMatch(/^https?:\/\/[^<>|\s]+$/);
  },
};

function yaml(text: string): unknown {
  try {
    return readYaml(text);
  } catch {
    return null;
  }
}

function readOrRefused(parse: (text: string) => unknown, text: string): void {
  try {
    parse(text);
  } catch (error) {
    if (!(error instanceof Refusal || error instanceof HttpProblem)) throw error;
    expect(error.message).not.toBe("");
    expect(error.message.length).toBeLessThan(5000);
  }
}

/** Files that a team writes for itself, which are short; all else may come from anybody. */
const OWN_FILES = ["a runbook", "markdown for Slack and for pages", "lineage in a file", "breakwater.yaml"];

describe.each(Object.entries(PARSERS))("%s", (name, parse) => {
  test(
    "is understood or refused, whatever it is",
    () => {
      const property = fc.property(anyText, (text) => readOrRefused(parse, text));
      fc.assert(property, within(2 / Object.keys(PARSERS).length));
    },
    FUZZ_TEST_MS,
  );

  test("takes reasonable time where one thing is said without end", () => {
    const length = OWN_FILES.includes(name) ? 1_000 : 20_000;
    const slow: string[] = [];
    for (const fragment of FRAGMENTS) {
      const started = performance.now();
      readOrRefused(parse, `x${fragment.repeat(Math.ceil(length / fragment.length))}!`);
      const ms = performance.now() - started;
      if (ms > 1_000) slow.push(`${JSON.stringify(fragment)}: ${Math.round(ms)} ms`);
    }
    expect(slow).toEqual([]);
  });
});

test("no prototype was changed by any of it", () => {
  expect(Object.keys(Object.prototype)).toEqual([]);
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
});
