import { describe, expect, it } from "vitest";
import { markdownPieces } from "../../src/slack/markdown.ts";
import { split } from "../../src/slack/text.ts";

const LIMIT = 3000;
const words = (count: number) => Array.from({ length: count }, (_, n) => `word${n}`).join(" ");

describe("a runbook's markdown for Slack", () => {
  it("shows a quote within a quote as part of it, as Slack has one level", () => {
    expect(markdownPieces("> one\n>\n> > two\n", LIMIT, "slack")).toEqual(["> one", "> two"]);
  });

  it.each([
    ["a quote of many levels", `${"> ".repeat(60)}${words(2000)}`],
    [
      "a list of many levels",
      `${Array.from({ length: 60 }, (_, n) => `${"  ".repeat(n)}- ${words(60)}`).join("\n")}`,
    ],
    ["quotes and lists by turns", `${"> - ".repeat(40)}${words(2000)}`],
  ])("takes %s: soon, in pieces that fit, and every word once", (_, markdown) => {
    const since = performance.now();
    const pieces = markdownPieces(markdown, LIMIT, "slack");
    expect(performance.now() - since).toBeLessThan(2_000);
    expect(pieces.filter((piece) => piece.length > LIMIT)).toEqual([]);
    expect(pieces.join("\n").match(/word\d+/g)).toEqual(markdown.match(/word\d+/g));
  });

  it("leaves a long quote unmarked rather than repeating or losing a line of it", () => {
    const lines = Array.from({ length: 230 }, (_, n) => `line${n}`);
    const pieces = markdownPieces(lines.map((each) => `> ${each}  `).join("\n"), 2000, "slack");
    expect(pieces.filter((piece) => piece.length > 2000)).toEqual([]);
    expect(pieces.join("\n").match(/line\d+/g)).toEqual(lines);
  });
});

describe("split", () => {
  it.each([0, -1, 1])("ends with a limit of %i, and halves no character", (limit) => {
    expect(split("a😀b", limit, (part) => part)).toEqual(["a", "😀", "b"]);
  });
});
