/** Changes and a small graph for the tests of what may have caused an incident. */
import { buildLineage } from "../../../src/core/correlate/lineage.ts";
import { draftDocument } from "../../../src/core/correlate/lineage-document.ts";
import type { Asset } from "../../../src/core/signal/asset.ts";
import type { ChangeSignal, KnownChange } from "../../../src/core/signal/change.ts";

export const table = (name: string): Asset => ({ namespace: "snowflake://fernhollow", name: `shop.${name}` });

/** When the data of the tests' incident broke. */
export const BROKE = "2026-11-22T03:00:00.000Z";
export const minutesBefore = (minutes: number) =>
  new Date(Date.parse(BROKE) - minutes * 60_000).toISOString();

/** A change that took effect some minutes before the data broke, with an id that says what it is in the test. */
export function changed(id: string, minutes: number, over: Partial<ChangeSignal> = {}): KnownChange {
  const at = minutesBefore(minutes);
  const change: ChangeSignal = {
    source: "github",
    dedupKey: id,
    deliveryId: null,
    kind: "push",
    status: "succeeded",
    title: `Change ${id}`,
    description: null,
    actor: "mira-oak",
    repository: null,
    revision: null,
    environment: null,
    paths: [],
    assets: [],
    labels: {},
    links: [],
    startedAt: null,
    endedAt: at,
    warnings: [],
    raw: null,
    ...over,
  };
  const effective = change.endedAt ?? change.startedAt ?? at;
  return { id, change, at: effective, firstReceivedAt: at, lastReceivedAt: at };
}

/** raw.orders → stg.orders → core.orders → marts.revenue, beside it raw.products → core.products → marts.revenue. */
export const SHOP = (() => {
  const draft = draftDocument();
  const add = (name: string, paths: string[], group?: string) =>
    draft.add({ kind: "model", ...table(name), paths, ...(group && { group }) })!;
  const sources = "models/staging/sources.yml";
  const schema = "models/schema.yml";
  const rawOrders = add("raw.orders", [sources]);
  const rawProducts = add("raw.products", [sources]);
  const stgOrders = add("stg.orders", ["models/staging/stg_orders.sql", schema]);
  const orders = add("core.orders", ["models/core/orders.sql", schema], "finance");
  const products = add("core.products", ["models/core/products.sql", schema]);
  const revenue = add("marts.revenue", ["models/marts/revenue.sql", "models/marts/_revenue.yml"], "finance");
  const budget = add("marts.budget", ["models/marts/budget.sql"], "finance");
  draft.link(rawOrders, stgOrders);
  draft.link(stgOrders, orders);
  draft.link(orders, revenue);
  draft.link(rawProducts, products);
  draft.link(products, revenue);
  draft.link(revenue, budget);
  return buildLineage([draft.finish({ provider: "dbt", key: "shop/prod", at: null })]);
})();

/** A line of tables, each read by the next: t0 → t1 → … */
export const LINE = (() => {
  const draft = draftDocument();
  const ids = Array.from({ length: 12 }, (_, i) => draft.add({ kind: "table", ...table(`line.t${i}`) })!);
  for (const [i, id] of ids.slice(1).entries()) draft.link(ids[i]!, id);
  return buildLineage([draft.finish({ provider: "dbt", key: "line", at: null })]);
})();
