import { expect, test } from "vitest";
import { misleads } from "../../../src/core/report/link-label.ts";

const EVIL = "https://evil.example/1";

test.each([
  "https://bank.example",
  "see https://bank.example/x now",
  "HTTPS://BANK.EXAMPLE",
  "https:\u200e//bank.example",
  "https:\u202a//bank.example/x",
  "ht\u200btps://ban\u2060k.exa\u00admple",
  "https\u061c://bank.example",
  "www.bank.tld",
  "w\u200dww.bank.tld",
  "bank.example/login",
  "bank.tld/login",
  "bank.tld:8443/login",
  "Sign in:bank.example",
  "//bank.example",
  "bank․example",
  "ｂａｎｋ．ｃｏｍ",
  "bank。com",
  "bank.tld⁄login",
  "(bank.co.uk)",
  "Bank.com.",
  "bank.com:443",
  "10.0.0.1",
  "help@bank.tld",
  "https://bank.example@evil.example/1",
  "https://evil.example/2",
  "https://evil.example.com",
  "evil.example…",
])("%j is no label for another address", (label) => {
  // What ends in an ellipsis is the beginning of an address, here of a longer host.
  expect(misleads(label, label.endsWith("…") ? "https://evil.example.tld/1" : EVIL)).toBe(true);
});

test.each([
  "orders.sql",
  "dbt run 12",
  "analytics.marts.orders",
  "bigquery/shop.raw.orders",
  "models/marts/orders.sql",
  "orders.sql:12",
  "stg_orders.com",
  "sales.info",
  "app.dev.orders",
  "dbt-core@1.9.0",
  "3.5/4 tests passed",
  "Load failed.It was late",
  "@ana: look",
  "👩‍🔧 orders.sql",
  "Open in Monte Carlo",
])("%j keeps its words", (label) => expect(misleads(label, EVIL)).toBe(false));

test.each([
  ["https://evil.example/1", "https://evil.example/1"],
  ["https://x.example/a_(b),c", "https://x.example/a_(b),c"],
  ["x.example", "https://x.example/dags/7"],
  ["x.example/dags/7", "https://x.example/dags/7/"],
  ["https://x.example/dags/7/gri…", "https://x.example/dags/7/grid?run=1"],
  ["Run 7 at x.example:8080", "http://x.example:8080/runs/7"],
  ["data@acme.example", "mailto:data@acme.example"],
])("%j may stand for %j", (label, url) => expect(misleads(label, url)).toBe(false));
