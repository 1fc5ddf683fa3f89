import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { gitlab } from "../../src/source/gitlab.ts";
import { fixture, RECEIVED_AT, request } from "./fixtures.ts";

const KEY = Buffer.from("thirty-two bytes of a signing ke");
const SECRET = `whsec_${KEY.toString("base64")}`;
const NOW = String(Date.parse(RECEIVED_AT) / 1000);
const read = (name: string) => gitlab.readChanges(fixture("gitlab", name, "changes")).changes!;

function signed(more: { at?: string; key?: Buffer; body?: string; headers?: object } = {}) {
  const { at = NOW, key = KEY, body = "{}" } = more;
  const signature = createHmac("sha256", key).update(`msg-1.${at}.{}`).digest("base64");
  const headers = {
    "webhook-id": "msg-1",
    "webhook-timestamp": at,
    "webhook-signature": `v1,bm90IHRoaXM= v1,${signature}`,
    ...more.headers,
  };
  return request(undefined, { rawBody: Buffer.from(body), headers });
}

const token = (value: string) => request({}, { headers: { "x-gitlab-token": value } });

test("the secret token proves a request, and no other does", () => {
  gitlab.authenticate(token("s3cret"), ["old", "s3cret"]);
  for (const each of [token("wr0ng"), token(""), request({})])
    expect(() => gitlab.authenticate(each, ["s3cret"])).toThrow(/X-Gitlab-Token|secret/);
});

test("a signature by one of the signing tokens proves a request", () => {
  gitlab.authenticate(signed(), [SECRET]);
  gitlab.authenticate(signed(), ["another", SECRET]);
});

test("a signature over another body, by another key, or without its time is refused", () => {
  for (const each of [
    signed({ body: "{ }" }),
    signed({ key: Buffer.from("another") }),
    signed({ headers: { "webhook-timestamp": "" } }),
    signed({ headers: { "webhook-id": "msg-2" } }),
  ])
    expect(() => gitlab.authenticate(each, [SECRET])).toThrow(/webhook-/);
});

test("a signature older than five minutes is refused, whoever sends it again", () => {
  gitlab.authenticate(signed({ at: String(Number(NOW) - 299) }), [SECRET]);
  expect(() => gitlab.authenticate(signed({ at: String(Number(NOW) - 301) }), [SECRET])).toThrow(/ago/);
  expect(() => gitlab.authenticate(signed({ at: String(Number(NOW) + 301) }), [SECRET])).toThrow(/ahead/);
  expect(() => gitlab.authenticate(signed({ at: "soon" }), [SECRET])).toThrow(/cannot be read/);
});

test("of a hook with both tokens, knowing one is enough", () => {
  gitlab.authenticate(signed({ headers: { "x-gitlab-token": "s3cret" } }), ["s3cret"]);
  expect(() => gitlab.authenticate(signed({ headers: { "x-gitlab-token": "x" } }), ["s3cret"])).toThrow();
});

test("a deployment is one change, from running to its end, with the whole hash of its commit", () => {
  const [begun] = read("deployment-running");
  const [ended] = read("deployment-succeeded");
  expect([begun!.status, ended!.status]).toEqual(["started", "succeeded"]);
  expect(ended!.dedupKey).toBe(begun!.dedupKey);
  expect(ended!.deliveryId).not.toBe(begun!.deliveryId);
  expect(ended!.revision).toHaveLength(40);
});

test("a pipeline names the environment it deployed to, and not one it could have", () => {
  expect(read("pipeline-that-deployed")[0]).toMatchObject({ status: "succeeded", environment: "prod" });
  const [failed] = read("pipeline-failed");
  expect(failed!.environment).toBeNull();
  expect(failed!.description).toContain("Failed: dbt-test");
  expect(failed!.description).not.toContain("lint");
});

test("commits that GitLab leaves out are said to be left out", () => {
  expect(read("push")[0]!.warnings.join()).toMatch(/newest 2 of 24/);
});

test.each(["merge-request-opened", "pipeline-running", "push-that-deletes-a-branch", "wiki-page"])(
  "%s changes nothing",
  (name) => expect(read(name)).toEqual([]),
);

test("an event that lacks what is needed is answered as one that changed nothing: GitLab stops after four refusals", () => {
  for (const body of [
    {},
    { object_kind: "push" },
    { object_kind: "pipeline", project: { path_with_namespace: "a/b" } },
    { object_kind: "deployment", status: "success", project: { path_with_namespace: "a/b" } },
    { object_kind: 7, project: [] },
  ])
    expect(gitlab.readChanges(request(body))).toMatchObject({ changes: [], rejected: [] });
});
