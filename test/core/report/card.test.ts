import { describe, expect, it } from "vitest";
import { card } from "../../../src/core/report/card.ts";
import type { Block } from "../../../src/core/report/document.ts";
import { expectMessage } from "../../slack/golden.ts";
import {
  acknowledged,
  alert,
  dbt,
  jonas,
  mitigated,
  opening,
  resolved,
  Story,
  table,
  triggered,
} from "./incident-story.ts";

function buttons(story: Story): string[] {
  return card(story.card).blocks.flatMap((block: Block) =>
    block.type === "actions"
      ? block.buttons.map((one) => `${one.label}${one.style === "primary" ? "!" : ""}`)
      : [],
  );
}

describe("the card", () => {
  it("asks for an acknowledgement", async () => {
    const story = triggered();
    expect(card(story.card).summary).toBe("INC-1 SEV2, Needs acknowledgement: orders is 3 hours late");
    expect(buttons(story)).toEqual([
      "Acknowledge!",
      "Start runbook",
      "Mitigated",
      "Take lead",
      "Severity",
      "More…",
    ]);
    await expectMessage("card-triggered", card(story.card));
  });

  it("shows who has it and how far the runbook is", async () => {
    const story = acknowledged();
    expect(buttons(story)).toEqual([
      "Mitigated!",
      "Runbook",
      "Data recovered",
      "Severity",
      "Unacknowledge",
      "More…",
    ]);
    await expectMessage("card-acknowledged", card(story.card));
  });

  it("is not over when mitigated", async () => {
    const story = mitigated();
    expect(buttons(story)).toEqual(["Data recovered!", "Runbook", "Severity", "More…"]);
    await expectMessage("card-mitigated", card(story.card));
  });

  it("offers Resolve once no data is left to recover", () => {
    const story = mitigated();
    story.does({ type: "restore", assets: [], reason: "checked" });
    expect(buttons(story)[0]).toBe("Resolve!");
  });

  it("leads on to the postmortem when resolved", async () => {
    const story = resolved();
    expect(buttons(story)).toEqual(["Postmortem!", "Write review", "Reopen", "Close", "More…"]);
    await expectMessage("card-resolved", card(story.card));
  });

  it("is quiet when closed", async () => {
    const story = resolved();
    story.does({ type: "close", reason: null });
    await expectMessage("card-closed", card(story.card));
  });

  it("says into which incident it was merged, and has nothing to press", async () => {
    const story = triggered("INC-2");
    story.does({ type: "merge_into", into: "INC-1", reason: "same table" });
    expect(buttons(story)).toEqual([]);
    await expectMessage("card-merged", card(story.card));
  });

  it("says why it was cancelled", async () => {
    const story = triggered();
    story.does({ type: "cancel", reason: "the test was wrong, not the data" });
    await expectMessage("card-cancelled", card(story.card));
  });

  it("marks a drill loudly", async () => {
    const story = triggered("DRILL-1", { kind: "drill" });
    expect(card(story.card).title).toContain("DRILL");
    expect(card(story.card).summary).toMatch(/^DRILL: /);
    await expectMessage("card-drill", card(story.card));
  });

  it("counts what it has no room for", async () => {
    const story = triggered();
    const impacted = Array.from({ length: 40 }, (_, index) => table(`analytics.marts.model_${index}`));
    story.does(alert({ fingerprint: "f2", assets: [], impacted }), { by: dbt, via: "alert" });
    await expectMessage("card-storm", card(story.card));
  });

  it("counts each kind of what there is, apart from what it names", () => {
    const story = triggered();
    const impacted = ["a", "b", "c", "d"].map((name) => table(`analytics.marts.${name}`));
    story.does(alert({ fingerprint: "f2", assets: [], impacted }), { by: dbt, via: "alert" });
    story.does({ type: "restore", assets: ["a"], reason: "checked" });
    story.does({ type: "waive", assets: ["b"], reason: "unused" });
    const data = JSON.stringify(card(story.card).blocks).match(
      /"label":"Data","value":(.*?)\},\{"label"/,
    )![1];
    expect(data).toContain(" impacted");
    expect(data).toContain(" – of 6 in all, 4 impacted, 1 verified, 1 waived");
    expect(data).not.toContain("more");
  });

  it("was declared by a person", async () => {
    const story = new Story();
    story.does(
      opening({
        origin: null,
        title: "Revenue looks too low",
        summary: "Finance sees half of yesterday's",
        reason: "declared by Jonas Lindqvist",
      }),
      { by: jonas, via: "slash", after: 0 },
    );
    await expectMessage("card-declared", card(story.card));
  });

  it("shows a hostile title and asset as data", async () => {
    const story = new Story();
    const title = "<!channel> *urgent* :rotating_light: <https://evil.example|click> ``` @here";
    story.does(opening({ title }), { by: dbt, via: "alert", after: 0 });
    story.does(alert({ title, assets: [table("x`<@U0MAYA>`y")] }), { by: dbt, via: "alert", after: 0 });
    await expectMessage("card-hostile", card(story.card));
  });

  it.each([triggered(), acknowledged(), mitigated(), resolved()])(
    "fits on one screen of a phone",
    (story) => {
      const lines = card(story.card).blocks.reduce(
        (sum, block) => sum + (block.type === "facts" ? block.facts.length : 1),
        0,
      );
      expect(lines).toBeLessThanOrEqual(11);
    },
  );
});
