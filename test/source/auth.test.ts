import { expect, test } from "vitest";
import { Refusal } from "../../src/core/refusal.ts";
import { bearerOrToken } from "../../src/source/auth.ts";
import { request } from "./fixtures.ts";

const withHeader = (authorization: string) => request({}, { headers: { authorization } });
const withToken = (token: string) => request({}, { query: { token } });

function refusal(run: () => void): Refusal {
  try {
    run();
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  throw new Error("It was not refused.");
}

test("the secret passes as a bearer token, in any case of the word, and as ?token=", () => {
  for (const each of [withHeader("Bearer s3cret"), withHeader("bearer s3cret"), withToken("s3cret")])
    bearerOrToken(each, ["s3cret"]);
});

test("each of several secrets passes while they are rotated", () => {
  for (const secret of ["old", "new"]) bearerOrToken(withHeader(`Bearer ${secret}`), ["old", "new"]);
});

test("a wrong or missing secret is refused with what to send, and never repeated", () => {
  for (const each of [
    withHeader("Bearer wr0ng"),
    withHeader("Basic wr0ng"),
    withHeader("wr0ng"),
    withToken("wr0ng"),
    request({}),
  ]) {
    const { code, message } = refusal(() => bearerOrToken(each, ["s3cret"]));
    expect(code).toBe("unauthorized");
    expect(message).toContain("Authorization: Bearer");
    expect(message).not.toMatch(/wr0ng|s3cret/);
  }
});

test("without a secret everything is refused, and an empty secret matches nothing", () => {
  for (const secrets of [[], [""]]) {
    for (const each of [withHeader("Bearer "), withToken(""), withHeader("Bearer x"), request({})]) {
      expect(refusal(() => bearerOrToken(each, secrets)).code).toBe("unauthorized");
    }
  }
});
