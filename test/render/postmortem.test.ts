import { describe, expect, test } from "vitest";
import { postmortem } from "../../src/core/report/postmortem.ts";
import { POSTMORTEM_FORMATS } from "../../src/render/formats.ts";
import { renderPostmortem } from "../../src/render/postmortem.ts";
import { ana, inputOf, story } from "../core/report/late-orders.ts";
import { renderText } from "../harness/plain-text.ts";

const golden = (name: string) => `../golden/report/${name}`;

describe("the story of INC-12", () => {
  test.each(POSTMORTEM_FORMATS)("as %s", async (format) => {
    const { filename, body } = renderPostmortem(format, inputOf(story()));
    await expect(body).toMatchFileSnapshot(golden(filename));
  });

  test("as text", async () => {
    await expect(renderText(postmortem(inputOf(story())))).toMatchFileSnapshot(
      golden("INC-12-postmortem.txt"),
    );
  });
});

describe("same input, same bytes", () => {
  test.each(POSTMORTEM_FORMATS)(
    "%s is the same a year later, and whatever order the alerts come in",
    (format) => {
      const first = renderPostmortem(format, inputOf(story()));
      const input = inputOf(story(), "2028-02-29T12:00:00.000Z");
      expect(renderPostmortem(format, { ...input, alerts: input.alerts.toReversed() })).toEqual(first);
    },
  );

  test.each(POSTMORTEM_FORMATS)("%s is not changed by having been exported", (format) => {
    const exported = story().add("25 10:00", ana, "slash", { type: "postmortem_exported", format: "html" });
    expect(renderPostmortem(format, inputOf(exported))).toEqual(renderPostmortem(format, inputOf(story())));
  });

  test("rendering changes nothing of what it was given", () => {
    const input = inputOf(story());
    const before = structuredClone(input);
    for (const format of POSTMORTEM_FORMATS) renderPostmortem(format, input);
    expect(input).toEqual(before);
  });
});

test("files are named for the incident and say what they are", () => {
  const named = POSTMORTEM_FORMATS.map((format) => renderPostmortem(format, inputOf(story()))).map(
    ({ filename, mediaType }) => [filename, mediaType],
  );
  expect(named).toEqual([
    ["INC-12-postmortem.md", "text/markdown; charset=utf-8"],
    ["INC-12-postmortem.html", "text/html; charset=utf-8"],
    ["INC-12-postmortem.json", "application/json; charset=utf-8"],
    ["INC-12-timeline.csv", "text/csv; charset=utf-8"],
  ]);
});

test.each(POSTMORTEM_FORMATS)(
  "%s holds nothing of what was hidden or worded otherwise afterwards",
  (format) => {
    const log = story().add(
      "24 16:00",
      ana,
      "slash",
      { type: "noted", text: "password is hunter2" },
      { type: "noted", text: "swordfish" },
    );
    const seq = log.events.length;
    log.add(
      "24 16:01",
      ana,
      "modal",
      { type: "entry_hidden", seq: seq - 1, reason: null },
      { type: "entry_edited", seq, text: "a word", at: null },
    );
    expect(renderPostmortem(format, inputOf(log)).body).not.toMatch(/hunter2|swordfish/);
  },
);
