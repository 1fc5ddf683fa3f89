import { describe, expect, test } from "vitest";
import { AlertSignal } from "../../src/core/signal/alert.ts";
import { ChangeSignal } from "../../src/core/signal/change.ts";
import { SOURCES } from "../../src/source/registry.ts";
import type { SourceRequest } from "../../src/source/source.ts";
import { type FixtureKind, fixture, fixtureNames } from "./fixtures.ts";

// After a change that is meant: `npx vitest run test/source/golden.test.ts -u`, and read the difference.
const READERS = SOURCES.flatMap(({ name, read, readChanges }) => [
  ...(read ? [{ name, kind: "sources" as FixtureKind, read }] : []),
  ...(readChanges ? [{ name, kind: "changes" as FixtureKind, read: readChanges }] : []),
]);

describe.each(READERS)("$name reads as $kind", ({ name, kind, read }) => {
  test.each(fixtureNames(name, kind))("%s", async (fixtureName) => {
    const reading = read(fixture(name, fixtureName, kind) as SourceRequest);
    for (const alert of reading.alerts) expect(AlertSignal.parse(alert)).toEqual(alert);
    for (const change of reading.changes ?? []) expect(ChangeSignal.parse(change)).toEqual(change);
    const golden = `../golden/${kind}/${name}/${fixtureName}.json`;
    // Lineage has tests of its own; a manifest's would drown what is read of the alerts.
    const { lineage: _, ...shown } = reading;
    await expect(`${JSON.stringify(shown, null, 2)}\n`).toMatchFileSnapshot(golden);
  });
});
