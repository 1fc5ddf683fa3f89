import { expect, test } from "vitest";
import { argocd } from "../../src/source/argocd.ts";
import { fixture, request } from "./fixtures.ts";

const read = (name: string) => argocd.read(fixture("argocd", name));
const told = (name: string) =>
  read(name).alerts.map(({ dedupKey, status }) => [dedupKey.split("/").at(-1), status]);

test("sync and health are alerts of their own, each resolved by its own news", () => {
  expect(told("sync-failed")).toEqual([
    ["sync", "firing"],
    ["health", "resolved"],
  ]);
  expect(told("degraded")).toEqual([
    ["sync", "resolved"],
    ["health", "firing"],
  ]);
  expect(told("synced-and-healthy")).toEqual([
    ["sync", "resolved"],
    ["health", "resolved"],
  ]);
});

test("what fires and what resolves it have one identity, and messages of their own", () => {
  const [failed] = read("sync-failed").alerts;
  const [synced] = read("synced-and-healthy").alerts;
  expect(synced!.dedupKey).toBe(failed!.dedupKey);
  expect(synced!.deliveryId).not.toBe(failed!.deliveryId);
});

test("an application that is progressing, or of which nothing is known, says nothing", () => {
  expect(told("sync-running")).toEqual([]);
  expect(read("only-progressing")).toMatchObject({ alerts: [], changes: [] });
});

test("health may break twice after one sync, so no news of it is taken for a retry", () => {
  expect(read("degraded").alerts[1]!.deliveryId).toBeNull();
});

test("a sync is one change from its beginning to its end; syncing the revision again is another", () => {
  const change = (name: string) => argocd.readChanges(fixture("argocd", name, "changes")).changes![0]!;
  expect([change("sync-running").status, change("synced-and-healthy").status]).toEqual([
    "started",
    "succeeded",
  ]);
  expect(change("synced-and-healthy").dedupKey).toBe(change("sync-running").dedupKey);
  expect(change("sync-failed").dedupKey).not.toBe(change("sync-running").dedupKey);
});

test("the whole Application is read as the template is", () => {
  const [sync, health] = read("whole-application").alerts;
  const [, templated] = read("degraded").alerts;
  expect([sync!.status, health!.status]).toEqual(["resolved", "firing"]);
  expect(health!.dedupKey).toBe(templated!.dedupKey);
  expect(health!.title).toBe("orders-loader is degraded");
});

test("two Argo CDs with an application of one name are kept apart", () => {
  const one = (url: string) =>
    argocd.read(request({ app: "a", health: "Degraded", url })).alerts[0]!.dedupKey;
  expect(one("https://argocd.prod.example/x")).not.toBe(one("https://argocd.dev.example/x"));
});

test("<no value>, as Go templates write it, is no value", () => {
  const [change] = argocd.readChanges(
    request({ app: "a", phase: "Succeeded", revision: "1", initiated_by: "<no value>" }),
  ).changes!;
  expect(change!.actor).toBeNull();
});

test.each([
  [{}, "app"],
  [{ app: "<no value>" }, "app"],
  [{ app: "{{.app.metadata.name}}", phase: "Failed" }, "app"],
  [{ app: "orders-{{.name}}", phase: "Failed" }, "app"],
  [{ app: "a", phase: "Succeeded", revision: "<no value>" }, "revision"],
])("%j is refused at %s", (body, path) => {
  try {
    argocd.readChanges(request(body));
  } catch (error) {
    expect((error as { issues: object[] }).issues).toMatchObject([{ path }]);
    return;
  }
  throw new Error("It was not refused.");
});
