import { expect, test } from "vitest";
import { chooseTarget } from "../../../src/core/verb/target.ts";
import { explain } from "../../../src/core/verb/verbs/explain.ts";
import { list } from "../../../src/core/verb/verbs/list.ts";
import { severity } from "../../../src/core/verb/verbs/severity.ts";

const nothing = {
  key: null,
  threadIncident: null,
  openInChannel: [] as string[],
  named: [] as string[],
  another: null,
  endedLately: [] as string[],
  verb: severity,
};

test("a key that was typed wins over everything", () => {
  const asked = { ...nothing, key: "INC-9", threadIncident: "INC-1", openInChannel: ["INC-1", "INC-2"] };
  expect(chooseTarget(asked)).toEqual({ incident: "INC-9" });
});

test("then the thread it was typed in", () => {
  expect(chooseTarget({ ...nothing, threadIncident: "INC-1", openInChannel: ["INC-2", "INC-3"] })).toEqual({
    incident: "INC-1",
  });
});

test("then the only one that is open here", () => {
  expect(chooseTarget({ ...nothing, openInChannel: ["INC-2"] })).toEqual({ incident: "INC-2" });
});

test("several are a question, never a guess", () => {
  expect(chooseTarget({ ...nothing, openInChannel: ["INC-2", "INC-3"] })).toEqual({
    pick: ["INC-2", "INC-3"],
  });
});

test("a key among the words of a line is a question where it is not the only one open here", () => {
  const asked = { ...nothing, openInChannel: ["INC-1"] };
  expect(chooseTarget({ ...asked, named: ["INC-2"] })).toEqual({ pick: ["INC-2", "INC-1"] });
  expect(chooseTarget({ ...asked, named: ["INC-1"] })).toEqual({ incident: "INC-1" });
  expect(chooseTarget({ ...nothing, named: ["INC-2"] })).toEqual({ pick: ["INC-2"] });
});

test("in a thread a key among the words is one of the words", () => {
  expect(chooseTarget({ ...nothing, threadIncident: "INC-1", named: ["INC-2"] })).toEqual({
    incident: "INC-1",
  });
});

test("an incident is not offered to be merged into itself", () => {
  const asked = { ...nothing, openInChannel: ["INC-3", "INC-2", "INC-1"], another: "INC-1" };
  expect(chooseTarget(asked)).toEqual({ pick: ["INC-3", "INC-2"] });
});

test("where none is open, the only one that ended lately may be looked at; several are a question", () => {
  expect(chooseTarget({ ...nothing, endedLately: ["INC-3"] })).toEqual({ incident: "INC-3", toLookAt: true });
  expect(chooseTarget({ ...nothing, endedLately: ["INC-3", "INC-1"] })).toEqual({ pick: ["INC-3", "INC-1"] });
  expect(chooseTarget({ ...nothing, openInChannel: ["INC-2"], endedLately: ["INC-3"] })).toEqual({
    incident: "INC-2",
  });
});

test("none is refused with how to name one", () => {
  expect(() => chooseTarget(nothing)).toThrow("`severity INC-1 <1-4> <reason>`");
});

test("a verb whose words may mean what is held asks without one where none is open, and picks where several are", () => {
  expect(chooseTarget({ ...nothing, verb: explain })).toEqual({ none: true });
  expect(chooseTarget({ ...nothing, verb: explain, openInChannel: ["INC-2", "INC-3"] })).toEqual({
    pick: ["INC-2", "INC-3"],
  });
});

test("a verb that needs none gets none", () => {
  expect(chooseTarget({ ...nothing, verb: list, key: "INC-1", openInChannel: ["INC-2", "INC-3"] })).toEqual({
    none: true,
  });
});
