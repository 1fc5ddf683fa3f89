import { expect, test } from "vitest";
import { Refusal } from "../../src/core/refusal.ts";
import { refusalDocument } from "../../src/slack/answer.ts";

test("a refusal says the same to who hears it read as to who sees it: what is typed keeps its stars, words have none", () => {
  const refusal = new Refusal(
    "blocked",
    "Press *Data recovered* or type `silence asset=*.orders 2h <reason>`.",
  );
  const { summary, blocks } = refusalDocument(refusal);
  expect(summary).toBe("Press Data recovered or type `silence asset=*.orders 2h <reason>`.");
  expect(blocks).toEqual([
    {
      type: "paragraph",
      text: ["🚧 ", "Press Data recovered or type ", { code: "silence asset=*.orders 2h <reason>" }, "."],
    },
  ]);
});
