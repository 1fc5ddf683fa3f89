import { expect, test } from "vitest";
import { loadConfig } from "../src/config.ts";
import { read } from "./docs/pages.ts";

/** Every variable there is, as the page names them. */
const VARIABLES = [...read("docs/configuration.md").matchAll(/^\| `([A-Z_]+)` \|/gm)].map(
  ([, name]) => name!,
);

test.each(["", " "])("a variable that is set to %j is as though it were not set", (value) => {
  expect(VARIABLES).toContain("PORT");
  const empty = Object.fromEntries(VARIABLES.map((name) => [name, value]));
  expect(loadConfig({ ...empty, BREAKWATER_SOURCE_DBT_SECRET: value })).toEqual(loadConfig({}));
});

test.each([
  ["[::1]", "::1", true],
  [" ::1 ", "::1", true],
  ["[::]", "::", false],
  ["0.0.0.0", "0.0.0.0", false],
])("HOST=%s listens on %s", (written, host, loopback) => {
  expect(loadConfig({ HOST: written })).toMatchObject({ host, loopback });
});
