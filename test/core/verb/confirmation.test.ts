import { expect, test } from "vitest";
import { confirmation } from "../../../src/core/verb/confirmation.ts";
import { triggered } from "../report/incident-story.ts";

test("a form that was sent as it was shown is said to have changed nothing", () => {
  expect(confirmation([], triggered().incident, undefined).summary).toBe("Nothing was changed in INC-1.");
});
