import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Refusal } from "../../src/core/refusal.ts";
import { AlertSignal } from "../../src/core/signal/alert.ts";
import { ChangeSignal } from "../../src/core/signal/change.ts";
import { SOURCES } from "../../src/source/registry.ts";
import type { Reading, SourceRequest } from "../../src/source/source.ts";
import { type FixtureKind, fixture, fixtureNames, request } from "./fixtures.ts";

type Read = (sent: SourceRequest) => Reading;

/** Whatever a sender sends: signals that can be kept, or a refusal that says what is wrong. Never another error. */
function holds(read: Read, sent: SourceRequest): void {
  try {
    const { alerts, changes, rejected } = read(sent);
    for (const alert of alerts) AlertSignal.parse(alert);
    for (const change of changes ?? []) ChangeSignal.parse(change);
    for (const each of rejected) expect(each.message).not.toBe("");
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    expect(error.code).toBe("invalid");
    expect(error.message.length).toBeLessThan(1000);
  }
}

const ODD = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<unknown>(
    "",
    "\u0000",
    "\ud800",
    "None",
    "{{ x }}",
    "$X",
    -1,
    1e300,
    [],
    {},
    [[]],
    "x".repeat(5000),
    "0001-01-01T00:00:00Z",
  ),
  fc.constant(JSON.parse('{"__proto__": {"a": 1}, "constructor": null, "": "empty"}')),
);

/** The places of a payload at which something can be changed. */
function paths(value: unknown, path: string[] = []): string[][] {
  if (typeof value !== "object" || value === null) return [path];
  return [
    path,
    ...Object.keys(value).flatMap((key) => paths((value as Record<string, unknown>)[key], [...path, key])),
  ];
}

function changed(value: unknown, path: string[], to: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return to;
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<string, unknown>;
  if (rest.length === 0 && to === undefined) {
    if (Array.isArray(copy)) copy.splice(Number(key), 1);
    else delete copy[key];
  } else copy[key] = changed(copy[key], rest, to);
  return copy;
}

const READERS = SOURCES.flatMap((each) => [
  ...(each.read ? [{ name: each.name, kind: "sources" as FixtureKind, read: each.read }] : []),
  ...(each.readChanges ? [{ name: each.name, kind: "changes" as FixtureKind, read: each.readChanges }] : []),
]);

describe.each(READERS)("$name survives as $kind", ({ name, kind, read }) => {
  const originals = fixtureNames(name, kind).map((each) => fixture(name, each, kind));
  const places = originals.map((original) => paths(original.body));

  test("payloads with a few values changed or missing", () => {
    const change = fc.tuple(fc.nat(), fc.option(ODD, { nil: undefined, freq: 4 }));
    fc.assert(
      fc.property(
        fc.nat(originals.length - 1),
        fc.array(change, { minLength: 1, maxLength: 4 }),
        (index, changes) => {
          let body = originals[index]!.body;
          for (const [place, to] of changes) {
            const path = places[index]![place % places[index]!.length]!;
            // An earlier change may have taken this place away.
            if (paths(body).some((each) => each.join("\n") === path.join("\n")))
              body = changed(body, path, to);
          }
          holds(read, { ...originals[index]!, body });
        },
      ),
      { numRuns: 500 },
    );
  });

  test("any JSON, any headers and query", () => {
    const words = fc.dictionary(
      fc.constantFrom(
        "content-type",
        "ce-specversion",
        "ce-id",
        "ce-type",
        "ce-source",
        "namespace",
        "target",
        "url",
      ),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.jsonValue(), words, (body, more) =>
        holds(read, request(body, { headers: more, query: more })),
      ),
      { numRuns: 500 },
    );
  });

  test("a very deep and a very long body, in reasonable time", () => {
    let deep: unknown = {};
    for (let i = 0; i < 20_000; i += 1) deep = [deep];
    const started = performance.now();
    holds(
      read,
      request(
        {},
        { body: { alerts: [{ title: "t", status: "firing", labels: { deep }, annotations: { deep } }] } },
      ),
    );
    holds(
      read,
      request(
        {},
        { body: { dag_id: "d", name: "n", status: "firing", labels: { deep }, tags: deep, outlets: deep } },
      ),
    );
    holds(
      read,
      request(
        {},
        { body: { results: [{ unique_id: "model.a.b", status: "error", message: deep, timing: deep }] } },
      ),
    );
    for (const key of [
      "alerts",
      "title",
      "labels",
      "description",
      "name",
      "dag_id",
      "run_results",
      "manifest",
      "results",
    ]) {
      holds(read, request({}, { body: { title: "t", [key]: deep } }));
      holds(read, request({}, { body: { title: "t", [key]: `$${"{{{%"}`.repeat(200_000) } }));
    }
    expect(performance.now() - started).toBeLessThan(5000);
  });
});
