import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
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

describe("what is wrong is refused in plain words, with the name of the field", () => {
  const folder = mkdtempSync(join(tmpdir(), "breakwater-config-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "breakwater.yaml");
  const CHANNEL = 'write a channel\'s id, such as C0123456789, or its name as "#name", in quotes';

  test.each([
    ["retension: {}", "retension: there is no such key"],
    ["selfAlarm: { chanel: C1 }", "selfAlarm.chanel: there is no such key"],
    ["channel: #data-incidents", `channel: ${CHANNEL}`],
    ["channel: data-incidents", `channel: ${CHANNEL}`],
    ["selfAlarm: { channel: ops }", `selfAlarm.channel: ${CHANNEL}`],
    ["routes: [{ name: a, match: all, channel: payments }]", `routes.0.channel: ${CHANNEL}`],
    ["runbooks: 5", "runbooks: write a text"],
    ["openSources: generic", "openSources: write a list, such as [one, two]"],
    ["openOnNetwork: yes", "openOnNetwork: write true or false"],
    ["maxBodyMiB: 0.5", "maxBodyMiB: write a whole number"],
    ["maxBodyMiB: 0", "maxBodyMiB: write 1 or more"],
    ["maxBodyMiB: 257", "maxBodyMiB: write 256 or fewer"],
    ["access: all", "access: write workspace, members or anyone"],
    ["rateLimit: 5", "rateLimit: write keys with their values, such as { key: value }"],
    ["assetNames: [{ from: warehouse }]", "assetNames.0.to: is missing"],
    ["assetNames: [{ from: '', to: b }]", "assetNames.0.from: is empty"],
    [
      "redactionAllow: { soda: [emial] }",
      "redactionAllow.soda.0: is neither a kind, such as email, nor a field, such as labels.reporter",
    ],
  ])("%s", (text, said) => {
    writeFileSync(path, text);
    expect(() => loadConfig({ BREAKWATER_CONFIG: path })).toThrow(`${path}: ${said}`);
  });

  test.each([
    ["BREAKWATER_CHANNEL", "data-incidents", CHANNEL],
    ["LOG_LEVEL", "trace", "write debug, info, warn, error or silent"],
    ["SLACK_API_URL", "slack.com", "write an address that begins with http:// or https://"],
    ["PORT", "65536", "write a port, such as 8080"],
  ])("%s=%s", (name, value, said) => {
    expect(() => loadConfig({ [name]: value })).toThrow(`environment: ${name}: ${said}`);
  });
});

test("a second document in breakwater.yaml is refused, and not left out", () => {
  const folder = mkdtempSync(join(tmpdir(), "breakwater-config-"));
  const path = join(folder, "breakwater.yaml");
  try {
    writeFileSync(path, "command: /inc\n---\ncommand: /data\n");
    expect(() => loadConfig({ BREAKWATER_CONFIG: path })).toThrow(/not valid YAML: .+multiple documents/);
    writeFileSync(path, "---\ncommand: /inc\n");
    expect(loadConfig({ BREAKWATER_CONFIG: path }).command).toBe("/inc");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
