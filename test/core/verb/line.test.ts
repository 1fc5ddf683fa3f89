import { describe, expect, test } from "vitest";
import { keysNamed, parseLine, withoutKey } from "../../../src/core/verb/line.ts";

function read(text: string) {
  const line = parseLine(text, { command: "/incident" });
  return "empty" in line ? "empty" : [line.verb.name, line.key, line.rest];
}

function refusal(text: string): string {
  try {
    read(text);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error(`\`${text}\` was not refused`);
}

test.each([
  ["ack", ["ack", null, ""]],
  ["ack INC-1", ["ack", "INC-1", ""]],
  ["INC-1 ack", ["ack", "INC-1", ""]],
  ["inc-1 ACK", ["ack", "INC-1", ""]],
  ["ack #INC-1", ["ack", "INC-1", ""]],
  ["ack INC-007", ["ack", "INC-7", ""]],
  ["ack inc2", ["ack", "INC-2", ""]],
  ["resolve INC_2 reran it", ["resolve", "INC-2", "reran it"]],
  ["INC2", ["summary", "INC-2", ""]],
  ["merge INC1 into inc2", ["merge", "INC-1", "into inc2"]],
  ["drill-3 note it works", ["note", "DRILL-3", "it works"]],
  ["note INC-12: the bucket is empty", ["note", "INC-12", "the bucket is empty"]],
  ["  status   INC-1   all  good ", ["status", "INC-1", "all  good"]],
  ["sev 2 wrong", ["severity", null, "2 wrong"]],
  ["catch up INC-4", ["summary", "INC-4", ""]],
  ["INC-4 Catch Up", ["summary", "INC-4", ""]],
  ["false alarm INC-2 a test", ["cancel", "INC-2", "a test"]],
  ["follow up buy a bucket", ["task", null, "buy a bucket"]],
  ["action items", ["tasks", null, ""]],
  ["INC-9", ["summary", "INC-9", ""]],
  ["ack: INC-1", ["ack", "INC-1", ""]],
  ["“ack INC-1”", ["ack", "INC-1", ""]],
  ["`/incident ack INC-1`", ["ack", "INC-1", ""]],
  ["/incident ack", ["ack", null, ""]],
  ["ａｃｋ　ＩＮＣ－１", ["ack", "INC-1", ""]],
  ["ack\u00a0INC‑1", ["ack", "INC-1", ""]],
  ["\u200back\u2003INC-1\ufeff", ["ack", "INC-1", ""]],
  ["timeline edit INC-3 5 the bucket was empty", ["timeline", "INC-3", "edit 5 the bucket was empty"]],
  ["timeline INC-3 edit 5 at 02:10", ["timeline", "INC-3", "edit 5 at 02:10"]],
  ["runbook Start inc-3", ["runbook", "INC-3", "Start"]],
  ["summary set INC-3, all good", ["summary", "INC-3", "set all good"]],
  ["postmortem json INC-45", ["postmortem", "INC-45", "json"]],
  ["ack note INC-3", ["ack", null, "note INC-3"]],
  ["move all INC-1 users to INC-2", ["move", "INC-1", "all users to INC-2"]],
  ["move all users to INC-2", ["move", null, "all users to INC-2"]],
  ["note see INC-3 for more", ["note", null, "see INC-3 for more"]],
  ["note first line\nsecond line", ["note", null, "first line\nsecond line"]],
])("%j", (text, expected) => {
  expect(read(text)).toEqual(expected);
});

test.each(["", "   ", "\u3000", "/incident", "``"])("nothing in %j", (text) => {
  if (text === "``") expect(read("` `")).toBe("empty");
  else expect(read(text)).toBe("empty");
});

describe("another incident's key is not the target", () => {
  test.each([
    ["merge INC-2", ["merge", null, "INC-2"]],
    ["merge INC-2 the same load", ["merge", null, "INC-2 the same load"]],
    ["merge into INC-2", ["merge", null, "into INC-2"]],
    ["merge INC-1 INC-2", ["merge", "INC-1", "INC-2"]],
    ["merge INC-1 into INC-2 same", ["merge", "INC-1", "into INC-2 same"]],
    ["INC-1 merge INC-2", ["merge", "INC-1", "INC-2"]],
    ["search INC-2", ["search", null, "INC-2"]],
    ["new INC-2 is back", ["new", null, "INC-2 is back"]],
  ])("%j", (text, expected) => {
    expect(read(text)).toEqual(expected);
  });
});

describe("several keys in a row: one incident at a time, and none is taken for the reason", () => {
  test.each([
    ["ack INC-2 INC-3", "`ack INC-2`, then `ack INC-3`"],
    ["ack INC-2, INC-3", "`ack INC-2`, then `ack INC-3`"],
    ["ack inc2 inc3", "`ack INC-2`, then `ack INC-3`"],
    ["resolve inc-9,INC-10 both are right", "`resolve INC-9`, then `resolve INC-10`"],
    ["cancel #INC-2 and INC-3 tests", "`cancel INC-2`, then `cancel INC-3`"],
    ["status INC-2 &amp; INC-3 are the same", "`status INC-2`, then `status INC-3`"],
    ["INC-2, INC-3 ack", "`ack INC-2`, then `ack INC-3`"],
    ["merge INC-8, INC-9 into INC-7", "`merge INC-8 into <INC-n>`, then `merge INC-9 into <INC-n>`"],
    ["merge INC-8 and INC-9", "`merge INC-8 into <INC-n>`, then `merge INC-9 into <INC-n>`"],
    ["merge INC-7 INC-8 INC-9", "`merge INC-7 into <INC-n>`, then `merge INC-8 into <INC-n>`"],
    ["INC-7 merge INC-8 INC-9", "`merge INC-8 into <INC-n>`, then `merge INC-9 into <INC-n>`"],
  ])("%j", (text, lines) => {
    expect(refusal(text)).toBe(`Several incidents are named, and one is taken at a time: write ${lines}.`);
  });

  test.each([
    ["note INC-2: INC-3 has the same cause", ["note", "INC-2", "INC-3 has the same cause"]],
    ["INC-2 note INC-3 is the same", ["note", "INC-2", "INC-3 is the same"]],
    ["ack INC-2 and call me", ["ack", "INC-2", "and call me"]],
    ["search INC-2 INC-3", ["search", null, "INC-2 INC-3"]],
    ["new INC-2 and INC-3 are back", ["new", null, "INC-2 and INC-3 are back"]],
    ["merge INC-1 INC-2 as INC-3", ["merge", "INC-1", "INC-2 as INC-3"]],
  ])("but not %j", (text, expected) => {
    expect(read(text)).toEqual(expected);
  });
});

test.each([
  ["akc", "Did you mean `ack`?"],
  ["akc INC-1", "Did you mean `ack`?"],
  ["sevrity 2 x", "Did you mean `severity`?"],
  ["runbok", "Did you mean `runbook`?"],
  ["postmortm", "Did you mean `postmortem`?"],
  ["ACKN", "Did you mean `acknowledge`?"],
  ["INC-1 reslove it", "Did you mean `resolve`?"],
  ["done", "There is no `done`. Did you mean `runbook done` or `task done`?"],
  ["INC-1 Skip no access", "Did you mean `runbook skip`?"],
  ["next the bucket is empty", "There is no `next`. Did you mean `runbook next`?"],
  ["hide 12", "Did you mean `timeline hide`?"],
  ["sev1 the finance report reads it", "There is no `sev1`. Did you mean `severity 1` or `new sev1`?"],
  ["INC-1 SEV-2: again", "Did you mean `severity 2` or `new sev2`?"],
])("%j is answered with the nearest verb", (text, words) => {
  expect(refusal(text)).toContain(words);
});

test("words that are no verb are shown the way to help and to a new incident", () => {
  expect(refusal("zebra crossing")).toBe(
    "There is no `zebra`. `help` lists all verbs, `new <title>` opens an incident.",
  );
  expect(refusal("<@U0ANA> lead")).toMatch(/^That does not begin with a verb\./);
});

describe("keys among the words", () => {
  test.each([
    ["severity 3 INC-2 because", { named: ["INC-2"], another: null }],
    ["waive orders inc-02, nobody reads it", { named: ["INC-2"], another: null }],
    ["note see INC-3 (and DRILL-1) for more", { named: ["INC-3", "DRILL-1"], another: null }],
    ["note as in INC-3, INC-3’s cause", { named: ["INC-3"], another: null }],
    ["link <https://jira.example.com/INC-3|INC-3>", { named: [], another: null }],
    ["note the INC-x and INC-3a, inc and INC--3", { named: [], another: null }],
    ["severity 3 inc2 because", { named: ["INC-2"], another: null }],
    ["merge INC-2", { named: [], another: "INC-2" }],
    ["merge into INC-2 as INC-3 was", { named: ["INC-3"], another: "INC-2" }],
    ["merge INC-1 into INC-2", { named: [], another: "INC-2" }],
    ["move all users to INC-2 because of INC-3", { named: ["INC-3"], another: "INC-2" }],
    ["restored orders to INC-2", { named: ["INC-2"], another: null }],
  ])("%j", (text, expected) => {
    const line = parseLine(text, { command: "/incident" });
    if ("empty" in line) throw new Error("an empty line");
    expect(keysNamed(line.verb, line.rest)).toEqual(expected);
  });

  test("a key is taken out of the words that are left", () => {
    expect(withoutKey("3 INC-2 because of INC-2", "INC-2")).toBe("3 because of INC-2");
    expect(withoutKey("<@U1> #inc-02.", "INC-2")).toBe("<@U1>");
  });
});
