import { describe, expect, test } from "vitest";
import { compareReplays, type Replayed } from "../../../src/core/report/replay.ts";

/** A replay that put signals where the letters say, a dot being nowhere. */
function put(letters: string, severity = "SEV2"): Replayed {
  const placed = [...letters].map((letter) => (letter === "." ? null : letter));
  const incidents = [...new Set(placed)].flatMap((key) =>
    key === null
      ? []
      : [
          {
            key,
            name: key,
            title: `about ${key}`,
            at: "2026-11-22T03:00:00.000Z",
            severity,
            team: null,
            channel: "C1",
            runbook: null,
            suspect: null,
            replies: 0,
          },
        ],
  );
  return { placed, incidents: new Map(incidents.map((incident) => [incident.key, incident])) };
}

/** What differs, in one line each; titles are all one, as the letters of both sides mean nothing to each other. */
function compare(before: Replayed, after: Replayed): string[] {
  for (const side of [before, after])
    for (const incident of side.incidents.values()) Object.assign(incident, { title: "t" });
  return compareReplays(before, after).map(
    ({ kind, before: from, after: to, left, joined, turns }) =>
      `${kind} ${from.map(({ key }) => key).join("")}→${to.map(({ key }) => key).join("")} left ${left} joined ${joined} turns ${turns.join(",")}`,
  );
}

describe("two replays of the same signals", () => {
  test.each([
    ["are the same whatever the incidents are called", "aab.b", "xxy.y", []],
    ["say which incidents become one", "aabbc", "xxxxy", ["merged ab→x left 0 joined 0 turns 2"]],
    ["say which falls apart", "aaab", "xyxz", ["split a→xy left 0 joined 0 turns 1"]],
    ["say which are cut differently", "aabb", "xyyy", ["regrouped ab→xy left 0 joined 0 turns 1,2"]],
    ["say which opens no longer", "aabb", "xx..", ["gone b→ left 2 joined 0 turns 2"]],
    ["say which is new", "aa..", "xxyy", ["new →y left 0 joined 2 turns 2"]],
    ["say what is left out of one", "aaa", "x.x", ["changed a→x left 1 joined 0 turns 1"]],
    [
      "tell differences in the order in which they began",
      "abacc",
      "xyzww",
      ["split a→xz left 0 joined 0 turns 2"],
    ],
    [
      "see one problem where two are joined by a third",
      "abcac",
      "xyxxy",
      ["regrouped abc→xy left 0 joined 0 turns 1,2"],
    ],
  ])("%s", (_, before, after, expected) => {
    expect(compare(put(before), put(after))).toEqual(expected);
  });

  test("say what changes of an incident that stays", () => {
    expect(compareReplays(put("aa"), put("aa", "SEV1"))).toMatchObject([
      { kind: "changed", fields: [{ field: "severity", before: "SEV2", after: "SEV1" }] },
    ]);
  });
});
