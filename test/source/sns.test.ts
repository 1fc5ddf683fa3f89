import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Refusal } from "../../src/core/refusal.ts";
import { snsHandshake, snsOrSecret } from "../../src/source/sns.ts";
import type { SourceRequest } from "../../src/source/source.ts";
import { request } from "./fixtures.ts";

/** Signed by a key that exists no more, for the certificate beside them. */
const FOLDER = join(import.meta.dirname, "../fixtures");
const CERTIFICATE = readFileSync(join(FOLDER, "sns/certificate.pem"), "utf8");
const EXPIRED = readFileSync(join(FOLDER, "sns/expired.pem"), "utf8");
const signed = (name: string): Record<string, string> => JSON.parse(readFileSync(join(FOLDER, name), "utf8"));

const ALARM = signed("sources/cloudwatch/alarm.json"); // SignatureVersion 1
const OK = signed("sources/cloudwatch/ok.json"); // SignatureVersion 2
const SUBSCRIPTION = signed("sns/subscription.json");
const UNSUBSCRIPTION = signed("sns/unsubscription.json");
const TOPIC = "arn:aws:sns:eu-west-1:444455556666:data-alarms";

/** Amazon's side: serves the certificate, answers confirmations, and writes down what was asked of it. */
function amazon(answer: (url: string, tries: number) => Response = () => new Response(CERTIFICATE)) {
  const asked: string[] = [];
  const options: RequestInit[] = [];
  const fetcher = async (url: unknown, init?: RequestInit) => {
    asked.push(String(url));
    options.push(init ?? {});
    return answer(String(url), asked.length);
  };
  return { asked, options, fetch: fetcher as typeof fetch };
}

function sent(message: object, more: Partial<SourceRequest> = {}): SourceRequest {
  return request(message, { fetch: amazon().fetch, ...more });
}

async function refusal(run: Promise<unknown>): Promise<Refusal> {
  const error = await run.then(
    () => null,
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(Refusal);
  return error;
}

test.each([
  ["a notification, version 1", ALARM],
  ["a notification without surprises, version 2", OK],
  ["a subscription, version 1", SUBSCRIPTION],
  ["a subscription, version 2", signed("sns/subscription-v2.json")],
  ["the end of a subscription, whose token is signed too", UNSUBSCRIPTION],
])("%s from a listed topic passes", async (_, message) => {
  await snsOrSecret(sent(message), ["arn:aws:sns:eu-west-1:444455556666:other", TOPIC]);
});

test.each(Object.keys(ALARM).filter((key) => !/^Sign|^Unsub|^Type|^TopicArn/.test(key)))(
  "a message whose %s was changed is refused",
  async (key) => {
    const changed = { ...ALARM, [key]: key === "Timestamp" ? "2026-11-22T11:55:13.271Z" : `${ALARM[key]} ` };
    expect(await refusal(snsOrSecret(sent(changed), [TOPIC]))).toMatchObject({ code: "unauthorized" });
  },
);

test("a subject that was not signed, and a signature that is none, are refused", async () => {
  const { Subject: _, ...without } = ALARM;
  for (const message of [without, { ...OK, Signature: "AAAA" }, { ...OK, Signature: "%%" }])
    expect((await refusal(snsOrSecret(sent(message), [TOPIC]))).message).toMatch(/signature/);
});

test("the version of the signature is not interchangeable, and must be known", async () => {
  for (const SignatureVersion of ["2", "3", "", undefined])
    expect(await refusal(snsOrSecret(sent({ ...ALARM, SignatureVersion }), [TOPIC]))).toMatchObject({
      code: "unauthorized",
    });
});

test("a signed message of a topic that is not listed is refused with the ARN to add, and nothing is fetched", async () => {
  const { asked, fetch } = amazon();
  for (const secrets of [["arn:aws:sns:eu-west-1:444455556666:data-alarm"], ["plain"]]) {
    const { code, message } = await refusal(snsOrSecret(sent(ALARM, { fetch }), secrets));
    expect(code).toBe("unauthorized");
    expect(message).toContain(TOPIC);
    expect(message).toMatch(/BREAKWATER_SOURCE_<NAME>_SECRET/);
  }
  expect(asked).toEqual([]);
});

test("a secret in the URL stands in for the list of topics, but not for the signature", async () => {
  await snsOrSecret(sent(ALARM, { query: { token: "plain" } }), ["plain"]);
  const forged = sent({ ...ALARM, Message: "{}" }, { query: { token: "plain" } });
  expect((await refusal(snsOrSecret(forged, ["plain"]))).message).toMatch(/signature/);
});

test("a message older than an hour is refused, and one from the future", async () => {
  for (const receivedAt of ["2026-11-22T12:56:00.000Z", "2026-11-22T10:54:00.000Z"])
    expect((await refusal(snsOrSecret(sent(ALARM, { receivedAt }), [TOPIC]))).message).toMatch(
      /signed \d+ s/,
    );
  await snsOrSecret(sent(ALARM, { receivedAt: "2026-11-22T12:54:00.000Z" }), [TOPIC]);
});

test.each([
  "http://sns.eu-west-1.amazonaws.com/a.pem",
  "https://sns.eu-west-1.amazonaws.com.evil.example/a.pem",
  "https://sns.eu-west-1.amazonaws.com@evil.example/a.pem",
  "https://user:word@sns.eu-west-1.amazonaws.com/a.pem",
  "https://sns.eu-west-1.amazonaws.com:8443/a.pem",
  "https://evil.example/sns.eu-west-1.amazonaws.com/a.pem",
  "https://s3.eu-west-1.amazonaws.com/a.pem",
  "https://xsns.eu-west-1.amazonaws.com/a.pem",
  "https://sns.a.b.amazonaws.com/a.pem",
  "https://sns.eu-west-1.amazonaws.com/a.pem.txt",
  "https://sns.eu-west-1.amazonaws.com/?a=.pem",
  "file:///etc/ssl/a.pem",
  "a.pem",
  "",
])("the certificate is never fetched from %j", async (SigningCertURL) => {
  const { asked, fetch } = amazon();
  const { code } = await refusal(snsOrSecret(sent({ ...ALARM, SigningCertURL }, { fetch }), [TOPIC]));
  expect(code).toBe("unauthorized");
  expect(asked).toEqual([]);
});

test("the certificate is fetched once, without redirects and with a time limit", async () => {
  const { asked, options, fetch } = amazon();
  await Promise.all([
    snsOrSecret(sent(ALARM, { fetch }), [TOPIC]),
    snsOrSecret(sent(OK, { fetch }), [TOPIC]),
  ]);
  await snsOrSecret(sent(SUBSCRIPTION, { fetch }), [TOPIC]);
  expect(asked).toEqual([ALARM.SigningCertURL]);
  expect(options[0]).toMatchObject({ redirect: "error", signal: expect.any(AbortSignal) });
});

test("a certificate that is out of date does not count", async () => {
  const { fetch } = amazon(() => new Response(EXPIRED));
  expect((await refusal(snsOrSecret(sent(ALARM, { fetch }), [TOPIC]))).message).toMatch(
    /not valid at this time/,
  );
});

test("where the certificate cannot be had the sender is asked to try again, and it is fetched anew then", async () => {
  let up = false;
  const { asked, fetch } = amazon(() => (up ? new Response(CERTIFICATE) : new Response("", { status: 503 })));
  expect(await refusal(snsOrSecret(sent(ALARM, { fetch }), [TOPIC]))).toMatchObject({ code: "unavailable" });
  expect(asked).toHaveLength(2);
  up = true;
  await snsOrSecret(sent(ALARM, { fetch }), [TOPIC]);
});

test("one failure in getting the certificate is made good by the second try", async () => {
  const { asked, fetch } = amazon((_, tries) => {
    if (tries === 1) throw new TypeError("fetch failed");
    return new Response(CERTIFICATE);
  });
  await snsOrSecret(sent(ALARM, { fetch }), [TOPIC]);
  expect(asked).toHaveLength(2);
});

test("a certificate that is none, or endless, is not waited for", async () => {
  for (const body of ["<html>", CERTIFICATE + " ".repeat(100_000)]) {
    const { fetch } = amazon(() => new Response(body));
    expect(await refusal(snsOrSecret(sent(ALARM, { fetch }), [TOPIC]))).toMatchObject({
      code: "unavailable",
    });
  }
});

test("the header must say the type that the message says", async () => {
  const announced = (type: string) => ({ headers: { "x-amz-sns-message-type": type } });
  await snsOrSecret(sent(ALARM, announced("Notification")), [TOPIC]);
  const { message } = await refusal(snsOrSecret(sent(ALARM, announced("SubscriptionConfirmation")), [TOPIC]));
  expect(message).toMatch(/x-amz-sns-message-type/);
});

test("what carries no signature needs a secret: as a bearer token, API key, password or in the URL", async () => {
  const raw = { AlarmName: "a" };
  const password = Buffer.from("aws:plain").toString("base64");
  for (const more of [
    { headers: { authorization: "Bearer plain" } },
    { headers: { "x-api-key": "plain" } },
    { headers: { authorization: `Basic ${password}` } },
    { query: { token: "plain" } },
  ]) {
    await snsOrSecret(sent(raw, more), [TOPIC, "plain"]);
    await refusal(snsOrSecret(sent(raw, more), [TOPIC, "another"]));
  }
  await refusal(snsOrSecret(sent(raw), [TOPIC, "plain"]));
  const { Signature: _, ...unsigned } = ALARM;
  await refusal(snsOrSecret(sent(unsigned), [TOPIC, "plain"]));
  for (const rawBody of [Buffer.from(""), Buffer.from("StackId='a'"), Buffer.from("[]"), Buffer.from("null")])
    await refusal(snsOrSecret(sent({}, { rawBody }), [TOPIC, "plain"]));
});

test("a topic's ARN is no secret", async () => {
  const { code, message } = await refusal(snsOrSecret(sent({}, { query: { token: TOPIC } }), [TOPIC]));
  expect(code).toBe("unauthorized");
  expect(message).toMatch(/only topics are configured/);
});

test("a subscription is confirmed at the address in it, and nothing else came with it", async () => {
  const { asked, fetch } = amazon();
  expect(await snsHandshake(sent(SUBSCRIPTION, { fetch }))).toBe(true);
  expect(asked).toEqual([SUBSCRIPTION.SigningCertURL, SUBSCRIPTION.SubscribeURL]);
});

test("on an open source too, no address is asked for before its signature is verified", async () => {
  const { Signature: _, ...unsigned } = SUBSCRIPTION;
  const elsewhere = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=theirs";
  for (const message of [
    unsigned,
    { ...SUBSCRIPTION, SubscribeURL: elsewhere },
    { ...SUBSCRIPTION, Token: "b" },
  ]) {
    const { asked, fetch } = amazon();
    expect(await refusal(snsHandshake(sent(message, { fetch })))).toMatchObject({ code: "unauthorized" });
    expect(asked).not.toContain(message.SubscribeURL);
  }
});

test("a confirmation that fails is a 503, so that SNS sends it again", async () => {
  const { asked, fetch } = amazon((url) =>
    url === SUBSCRIPTION.SubscribeURL ? new Response("", { status: 500 }) : new Response(CERTIFICATE),
  );
  expect(await refusal(snsHandshake(sent(SUBSCRIPTION, { fetch })))).toMatchObject({ code: "unavailable" });
  expect(asked).toHaveLength(3);
});

test("the end of a subscription is only taken note of", async () => {
  const { asked, fetch } = amazon();
  expect(await snsHandshake(sent(UNSUBSCRIPTION, { fetch }))).toBe(true);
  expect(asked).toEqual([]);
});

test("whatever else comes is no handshake", async () => {
  for (const body of [ALARM, {}, [], null, "text", { Records: [{ Sns: SUBSCRIPTION }] }])
    expect(await snsHandshake(sent({}, { body }))).toBe(false);
});
