/** `__proto__` and its like, by every way in which a sender names things: they are words, never a prototype. */
import { gzipSync } from "node:zlib";
import { afterEach, expect, test } from "vitest";
import { SOURCES } from "../../src/source/registry.ts";
import { edgeDeps, NOW, read, startEdge } from "../http/harness.ts";
import { SOURCE_SECRETS } from "./everything.ts";

const LABELS =
  '{"__proto__": {"polluted": "yes"}, "constructor": {"prototype": {"polluted": "yes"}}, "toString": "x", "team": "a"}';
const ALERT = `{"title": "late", "status": "firing", "alertname": "late", "message": "late", "labels": ${LABELS}, "tags": ${LABELS}, "__proto__": {"polluted": "yes", "title": "forged"}}`;
const edge = () =>
  startEdge({
    sources: SOURCES,
    config: { ...edgeDeps().deps.config, sourceSecrets: SOURCE_SECRETS, openSources: new Set() },
  });

afterEach(() => {
  expect(Object.keys(Object.prototype)).toEqual([]);
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  expect(({} as Record<string, unknown>).title).toBeUndefined();
});

const inside = (text: string) => JSON.stringify(text);
const BODIES: Record<string, [body: string | Buffer, type: string]> = {
  JSON: [ALERT, "application/json"],
  "a list": [`[${ALERT}]`, "application/json"],
  "escaped letters": [ALERT.replaceAll("__proto__", "\\u005f_prot\\u006f__"), "application/json"],
  "JSON in a text of JSON": [
    `{"Type": "Notification", "Message": ${inside(ALERT)}, "payload": ${inside(ALERT)}}`,
    "application/json",
  ],
  "JSON in a form": [
    `payload=${encodeURIComponent(ALERT)}&__proto__=x&__proto__[polluted]=yes`,
    "application/x-www-form-urlencoded",
  ],
  "JSON in base64": [
    `{"specversion": "1.0", "id": "1", "type": "x", "source": "y", "time": "${NOW}", "data_base64": "${Buffer.from(ALERT).toString("base64")}"}`,
    "application/cloudevents+json",
  ],
  "compressed JSON": [gzipSync(ALERT), "application/json"],
};

test.each(Object.entries(BODIES))(
  "in %s every source reads words, and no object has a prototype of theirs",
  async (_name, [body, type]) => {
    const { url, engine, log } = await edge();
    for (const [name, [secret]] of SOURCE_SECRETS)
      for (const kind of ["alerts", "changes", "lineage"]) {
        const query = `token=${secret}&__proto__[polluted]=yes&constructor.prototype.polluted=yes&__proto__=x`;
        const answer = await fetch(`${url}/v1/${kind}/${name}?${query}`, {
          method: "POST",
          headers: {
            "content-type": type,
            "x-gitlab-token": secret!,
            ...(Buffer.isBuffer(body) ? { "content-encoding": "gzip" } : {}),
          },
          body: Buffer.isBuffer(body) ? new Uint8Array(body) : body,
        });
        expect([200, 400, 401, 404, 415, 422]).toContain(answer.status);
        expect(await answer.text()).not.toContain("forged");
      }
    for (const signal of [...engine.ingested, ...engine.recorded]) {
      expect(signal.title).not.toBe("forged");
      expect(Object.getPrototypeOf(signal.labels)).toBe(Object.prototype);
      for (const label of Object.values(signal.labels)) expect(typeof label).toBe("string");
    }
    expect(log()).not.toContain('"msg":"fault"');
  },
);

test("some of that was read as alerts, so the above is about something", async () => {
  const { url, engine } = await edge();
  const headers = {
    authorization: `Bearer ${SOURCE_SECRETS.get("generic")![0]}`,
    "content-type": "application/json",
  };
  const body = ALERT.replace(/, "constructor": [^}]*}}/, "").replace(
    /"__proto__": {"polluted": "yes"}, /,
    "",
  );
  expect((await fetch(`${url}/v1/alerts/generic`, { method: "POST", headers, body })).status).toBe(200);
  expect(engine.ingested[0]!.labels).toMatchObject({ team: "a" });
});

test("a list's filters and a header called like one are refused or ignored", async () => {
  const server = await edge();
  for (const query of ["__proto__=x", "__proto__[q]=x", "constructor=x", "constructor[prototype][q]=x"])
    expect((await read(server, `/v1/incidents?${query}`)).status).toBe(400);
  const answer = await read(server, "/v1/incidents", {
    authorization: "Bearer read-token-1",
    constructor: "x",
    __proto__x: "y",
  });
  expect(answer.status).toBe(200);
});
