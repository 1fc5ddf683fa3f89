import { expect, test } from "vitest";
import { alertsMeant, alertsNamed } from "../../../src/core/verb/alert-words.ts";

const alert = (fingerprint: string, title: string, ...tables: string[]) => ({
  fingerprint,
  title,
  assets: tables.map((name) => ({ namespace: "snowflake://acme", name })),
});

const ORDERS = alert("a000000000000001", "not_null failed", "analytics.core.orders");
const FRESH = alert("a000000000000002", "Orders table is late", "analytics.core.orders");
const DAILY = alert("a000000000000003", "row count of orders_daily fell", "analytics.core.orders_daily");
const COPY = alert("a000000000000004", "copy failed", "legacy.orders");
const ALL = [ORDERS, FRESH, DAILY];

test.each([
  ["a000000000000003", [DAILY]],
  ["orders", [ORDERS, FRESH]],
  ["core.ORDERS", [ORDERS, FRESH]],
  ["snowflake://acme/analytics.core.orders_daily", [DAILY]],
  ["row fell", [DAILY]],
  ["not_null orders", [ORDERS]],
  ["core", ALL],
  ["revenue", []],
])("%j means the alerts that a person would say it does", (text, expected) => {
  expect(alertsNamed(ALL, text)).toEqual(expected);
});

test("an exact title goes before what else has its words, and whole words before parts", () => {
  const storm = Array.from({ length: 60 }, (_, i) =>
    alert(`f${i}`, `check ${i} on orders_${i} failed`, `core.orders_${i}`),
  );
  const titles = (text: string) => alertsNamed(storm, text).map(({ title }) => title);
  expect(titles("Check 3 on  orders_3 failed")).toEqual(["check 3 on orders_3 failed"]);
  expect(titles("check 3")).toEqual(["check 3 on orders_3 failed"]);
  expect(titles("3 failed check")).toEqual(["check 3 on orders_3 failed"]);
  expect(titles("3 on orders_3")).toEqual(["check 3 on orders_3 failed"]);
  expect(titles("on orders_31 fail")).toEqual(["check 31 on orders_31 failed"]);
  expect(titles("eck 31")).toEqual(["check 31 on orders_31 failed"]);
  const [short, long] = [alert("f1", "orders", "a.b"), alert("f2", "orders is late", "c.orders")];
  expect(alertsNamed([long, short], "orders")).toEqual([short]);
});

const meant = (alerts: typeof ALL, text: string, all = false) =>
  alertsMeant(alerts, { alerts: text, all, type: "split" }, "INC-1");

test("a table means all alerts on it, words that fit several are refused unless all was said", () => {
  expect(meant(ALL, "orders")).toEqual([ORDERS, FRESH]);
  expect(() => meant(ALL, "core")).toThrow(
    "“core” fits 3 alerts of INC-1: “not_null failed” (`a000000000000001`), “Orders table is late” (`a000000000000002`), “row count of orders_daily fell” (`a000000000000003`). Say more words or a fingerprint, or `split all core` for all of them.",
  );
  expect(meant(ALL, "core", true)).toEqual(ALL);
});

test("a name that two tables have is not one of them", () => {
  expect(() => meant([ORDERS, COPY], "orders")).toThrow(/fits 2 alerts/);
  expect(meant([ORDERS, COPY], "legacy.orders")).toEqual([COPY]);
});

test("a storm is not listed whole", () => {
  const storm = Array.from({ length: 40 }, (_, i) => alert(`f${i}`, `check ${i} failed`, `t${i}`));
  expect(() => meant(storm, "revenue")).toThrow(/“check 4 failed” \(`f4`\) and 35 more\. A part of a title/);
  expect(() => meant([], "revenue")).toThrow("INC-1 has no alert called “revenue”. It has none.");
});
