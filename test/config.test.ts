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

test.each([
  "postgres://u:pa55/word@db.example.com/breakwater",
  "postgres://u:pa55#word@db.example.com/breakwater",
  "postgres://u:pa55?word@db.example.com/breakwater",
  "postgres://db.example.com:99999/breakwater",
])("DATABASE_URL=%s is refused, with what to write instead and without the secret", (url) => {
  const loading = () => loadConfig({ DATABASE_URL: url });
  expect(loading).toThrow(/^environment: DATABASE_URL: is no valid address of a Postgres.+%2F/);
  expect(loading).not.toThrow(/pa55/);
});

test.each([
  "postgres://u:pa55%2Fword@db.example.com/breakwater?options=-c%20search_path%3Dbreakwater",
  "postgresql://u:p@/breakwater?host=/var/run/postgresql",
  "postgres:///breakwater?host=/var/run/postgresql",
  "postgres://%2Fvar%2Frun%2Fpostgresql/breakwater",
  "postgres://u:100%@[::1]:5432/b",
])("DATABASE_URL=%s is an address of a Postgres", (url) => {
  expect(loadConfig({ DATABASE_URL: url }).database).toEqual({ type: "postgres", url });
});
