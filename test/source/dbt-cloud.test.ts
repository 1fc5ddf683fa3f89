import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { dbtCloud } from "../../src/source/dbt-cloud.ts";
import { fixture, request } from "./fixtures.ts";

const read = (name: string) => dbtCloud.read(fixture("dbt-cloud", name)).alerts;
const run = (name: string) => dbtCloud.readChanges(fixture("dbt-cloud", name, "changes")).changes![0]!;
const withHeader = (body: string, authorization: string) =>
  request(undefined, { rawBody: Buffer.from(body), headers: { authorization } });
const sign = (body: string) => createHmac("sha256", "s3cret").update(body).digest("hex");

test("the bare signature in Authorization is taken, also while secrets are rotated", () => {
  dbtCloud.authenticate(withHeader("{}", sign("{}")), ["s3cret"]);
  dbtCloud.authenticate(withHeader("{}", sign("{}").toUpperCase()), ["old", "s3cret"]);
});

test("a tampered body and a bearer token are refused", () => {
  for (const each of [withHeader("{ }", sign("{}")), withHeader("{}", "Bearer s3cret"), request({})])
    expect(() => dbtCloud.authenticate(each, ["s3cret"])).toThrow(/Authorization/);
});

test("a failed run is told twice and is one alert; the next success resolves it", () => {
  const [errored] = read("errored");
  const [completed] = read("completed-errored");
  const [succeeded] = read("completed-success");
  expect([errored!.status, completed!.status, succeeded!.status]).toEqual(["firing", "firing", "resolved"]);
  expect(completed!.dedupKey).toBe(errored!.dedupKey);
  expect(succeeded!.dedupKey).toBe(errored!.dedupKey);
  expect(completed!.observedAt).toBe(errored!.observedAt);
  expect(succeeded!.observedAt! > errored!.observedAt!).toBe(true);
});

test("the job in another environment is another alert", () => {
  const event = fixture("dbt-cloud", "errored");
  const body = event.body as { data: object };
  const staging = { ...event, body: { ...body, data: { ...body.data, environmentId: "2211" } } };
  expect(dbtCloud.read(staging).alerts[0]!.dedupKey).not.toBe(read("errored")[0]!.dedupKey);
});

test("a run that is cancelled or has only begun says nothing of the job", () => {
  expect(read("completed-cancelled")).toEqual([]);
  expect(read("started")).toEqual([]);
});

test("the text None is no message", () => {
  expect(read("completed-errored")[0]).toMatchObject({ title: "Nightly build errored", description: null });
});

test("a run is one change from its start to its end, and names who started it", () => {
  expect([run("started").status, run("errored").status, run("completed-cancelled").status]).toEqual([
    "started",
    "failed",
    "cancelled",
  ]);
  expect(run("errored").dedupKey).toBe(run("started").dedupKey);
  expect(run("completed-success").dedupKey).not.toBe(run("started").dedupKey);
  expect(run("errored").actor).toBe("Mira Oak");
  expect(run("started").actor).toBeNull();
});

test("an event of another kind is nothing; what is no webhook of dbt is refused", () => {
  const other = { ...(fixture("dbt-cloud", "started").body as object), eventType: "job.created" };
  expect(dbtCloud.read(request(other))).toEqual({ alerts: [], rejected: [] });
  for (const body of [null, {}, { eventType: "job.run.errored" }, { eventType: "job.run.errored", data: {} }])
    expect(() => dbtCloud.read(request(body))).toThrow();
});
