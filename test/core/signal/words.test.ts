import { expect, test } from "vitest";
import { readSeverity, readStatus } from "../../../src/core/signal/words.ts";

test("severities in the words of senders", () => {
  const words = [
    "page",
    "CRITICAL",
    "P1",
    " high ",
    "warn",
    "none",
    "notice",
    "P0",
    "SEV-1",
    " sev 2",
    "sev3",
  ];
  expect(words.map(readSeverity)).toEqual([
    "critical",
    "critical",
    "critical",
    "error",
    "warning",
    "info",
    "info",
    "critical",
    "critical",
    "error",
    "warning",
  ]);
});

test("statuses in the words of senders", () => {
  expect(["Triggered", "failed", "OK", "recovered", "running"].map(readStatus)).toEqual([
    "firing",
    "firing",
    "resolved",
    "resolved",
    null,
  ]);
});

test("what is no word of theirs is null", () => {
  for (const value of ["loud", "", "sev-", "sev-12", "constructor", null, undefined, 1, {}])
    expect(readSeverity(value)).toBeNull();
});
