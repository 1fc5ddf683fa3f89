import { describe, expect, test } from "vitest";
import { AlertSignal } from "../../src/core/signal/alert.ts";
import { SOURCES } from "../../src/source/registry.ts";
import { fixture, fixtureNames } from "./fixtures.ts";

// After a change that is meant: `npx vitest run test/source/golden.test.ts -u`, and read the difference.
describe.each(SOURCES.map((source) => ({ name: source.name, source })))("$name reads", ({ name, source }) => {
  test.each(fixtureNames(name))("%s", async (fixtureName) => {
    const reading = source.read(fixture(name, fixtureName));
    for (const alert of reading.alerts) expect(AlertSignal.parse(alert)).toEqual(alert);
    const golden = `../golden/sources/${name}/${fixtureName}.json`;
    await expect(`${JSON.stringify(reading, null, 2)}\n`).toMatchFileSnapshot(golden);
  });
});
