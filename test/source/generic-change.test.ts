import { expect, test } from "vitest";
import { z } from "zod";
import { Refusal } from "../../src/core/refusal.ts";
import { generic } from "../../src/source/generic.ts";
import { GenericChange } from "../../src/source/generic-change.ts";
import { fixture, request } from "./fixtures.ts";

const one = (body: unknown) => generic.readChanges(request(body)).changes![0]!;

function refusal(body: unknown): Refusal {
  try {
    generic.readChanges(request(body));
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  throw new Error("It was not refused.");
}

test("one change, a list, and a list under changes are read alike", () => {
  const change = { title: "Deployed", id: "d-1" };
  const plain = one(change);
  expect(generic.readChanges(request([change])).changes).toEqual([plain]);
  expect(generic.readChanges(request({ changes: [change] })).changes).toEqual([plain]);
  expect(generic.readChanges(request([])).changes).toEqual([]);
});

test("left out, the kind is other and it has succeeded", () => {
  expect(one({ title: "Flag on" })).toMatchObject({ kind: "other", status: "succeeded" });
});

test("a wrong change in a batch takes none of the others with it", () => {
  const { changes, rejected } = generic.readChanges(fixture("generic", "batch-with-one-wrong", "changes"));
  expect(changes).toHaveLength(2);
  expect(rejected.map((each) => each.path)).toEqual(["changes[1].kind", "changes[1].assets[0]"]);
});

test.each([
  [{}, "title"],
  [{ title: "" }, "title"],
  [{ title: "t", kind: "magic" }, "kind"],
  [{ title: "t", status: "maybe" }, "status"],
  [{ title: "t", paths: "a.sql" }, "paths"],
  [{ title: "t", paths: ["a.sql", 7] }, "paths[1]"],
  [{ title: "t", assets: ["orders"] }, "assets[0]"],
  [{ title: "t", labels: { a: {} } }, "labels.a"],
  [{ changes: {} }, "changes"],
  [{ changes: [{ title: 1 }] }, "changes[0].title"],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: as a pipeline leaves it when it does not fill it in.
  [{ title: "t", revision: "${GIT_SHA}" }, "revision"],
  [{ title: "Deploy of {{ app }}" }, "title"],
  [{ title: "t", paths: ["$FILES"] }, "paths[0]"],
])("%j is refused at %s", (body, path) => {
  const { code, issues } = refusal(body);
  expect(code).toBe("invalid");
  expect(issues.map((issue) => issue.path)).toContain(path);
});

test.each([
  ["in_progress", "started"],
  ["success", "succeeded"],
  ["FAILURE", "failed"],
  ["canceled", "cancelled"],
])("the usual word %s means %s", (word, status) => {
  expect(one({ title: "t", status: word }).status).toBe(status);
});

test("`at` is the end, or the start of what is still going on", () => {
  const at = "2026-11-22T02:00:00Z";
  expect(one({ title: "t", at })).toMatchObject({ startedAt: null, endedAt: "2026-11-22T02:00:00.000Z" });
  expect(one({ title: "t", status: "started", at })).toMatchObject({
    startedAt: "2026-11-22T02:00:00.000Z",
    endedAt: null,
  });
});

test("without an id a revision tells changes apart, and a warning says so", () => {
  const change = { title: "Deployed", revision: "abc", environment: "prod" };
  const key = one(change).dedupKey;
  expect(one(change).warnings.join()).toContain("id");
  expect(one({ ...change, status: "failed", at: "2026-11-22T02:00:00Z" }).dedupKey).toBe(key);
  expect(one({ ...change, revision: "def" }).dedupKey).not.toBe(key);
  expect(one({ ...change, environment: "dev" }).dedupKey).not.toBe(key);
  expect(one({ ...change, id: "d-1" }).warnings).toEqual([]);
});

test("the schema can be published, with words on every field", () => {
  const schema = z.toJSONSchema(GenericChange, { io: "input" });
  expect(schema.required).toEqual(["title"]);
  for (const [name, field] of Object.entries(schema.properties!))
    expect((field as { description?: string }).description, name).toBeTruthy();
});
