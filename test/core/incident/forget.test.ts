import { describe, expect, it } from "vitest";
import { forgetter, namesIn } from "../../../src/core/incident/forget.ts";

const none = { texts: new Set<string>(), silences: new Map<string, string>() };
const forget = forgetter({
  id: "U7",
  names: ["Ana", "Ana Diaz"],
  texts: new Set(["left it running"]),
  silences: new Map([["S-1", "deploy"]]),
});

describe("forgetting a person", () => {
  it.each([
    ["Ana Diaz did it", "erased person did it"],
    ["ask ANA, then <@U7> or <@U7|ana>", "ask erased person, then erased person or erased person"],
    ["Anaconda, banana and Diana stay", "Anaconda, banana and Diana stay"],
    ["U77 and xU7 are others", "U77 and xU7 are others"],
    ["left it running", "[erased]"],
    ["she left it running", "she left it running"],
    [
      "silenced by Ana until 06:00 (S-1, job=deploy): deploy",
      "silenced by erased person until 06:00 (S-1, job=deploy): [erased]",
    ],
    [
      "silenced by Bo until 06:00 (S-2, job=deploy): deploy",
      "silenced by Bo until 06:00 (S-2, job=deploy): deploy",
    ],
    ["deploy", "deploy"],
  ])("in %j", (text, expected) => {
    expect(forget.inText(text)).toBe(expected);
  });

  it("takes names of any letters literally", () => {
    const other = forgetter({ id: "U1", names: ["J. (Jo) O'Neil+", "Ødegård"], ...none });
    expect(other.inText("by J. (Jo) O'Neil+ and ødegård, not JX (Jo)")).toBe(
      "by erased person and erased person, not JX (Jo)",
    );
  });

  it("leaves what things are told apart by, and gives the same value back where they are not in it", () => {
    const asset = { namespace: "ana", name: "Ana" };
    const value = { asset, dedupKey: "Ana", labels: { owner: "Ana" }, by: { id: "U7", name: "Ana Diaz" } };
    expect(forget.inValue(value)).toEqual({
      ...value,
      labels: { owner: "erased person" },
      by: { id: null, name: "erased person" },
    });
    const others = { asset, list: [1, null, "Bo"] };
    expect(forget.inValue(others)).toBe(others);
  });

  it("takes the reason of a silence from what speaks of that silence", () => {
    const others = [{ silence: "S-2", reason: "deploy" }, { id: "S-1", reason: "other" }, { id: "S-1" }];
    expect(
      forget.inValue([{ silence: "S-1", reason: "deploy" }, { id: "S-1", reason: "deploy" }, ...others]),
    ).toEqual([{ silence: "S-1", reason: "[erased]" }, { id: "S-1", reason: "[erased]" }, ...others]);
  });

  it("finds the names that go with an id", () => {
    expect(namesIn([{ by: { id: "U7", name: "Ana" } }, { id: "U8", name: "Bo" }], "U7")).toEqual(["Ana"]);
  });
});
