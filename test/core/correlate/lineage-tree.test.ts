import { describe, expect, test } from "vitest";
import { buildLineage } from "../../../src/core/correlate/lineage.ts";
import { draftDocument, type LineageKind } from "../../../src/core/correlate/lineage-document.ts";
import { lookUp } from "../../../src/core/correlate/lineage-lookup.ts";
import { type LineageTree, lineageTree } from "../../../src/core/correlate/lineage-tree.ts";

/** A lineage of edges written `a > b`; what begins with `dash` is a dashboard. */
function lineageOf(...edges: string[]) {
  const draft = draftDocument();
  const handle = (name: string) => {
    const kind: LineageKind = name.startsWith("dash") ? "dashboard" : "table";
    return draft.add({ namespace: "w", name, kind })!;
  };
  for (const edge of edges) {
    const [from, to] = edge.split(" > ");
    if (to === undefined) handle(from!);
    else draft.link(handle(from!), handle(to));
  }
  return buildLineage([draft.finish({ provider: "yaml", key: "k", at: null })]);
}

/** `a(b(d) c)` */
function drawn(lineage: ReturnType<typeof lineageOf>, direction: "up" | "down", root: string): string {
  const id = lineage.find({ namespace: "w", name: root })!;
  const reached = direction === "down" ? lineage.descendants(id) : lineage.ancestors(id);
  const leaves = new Set(lineage.consumersOf(id).map((consumer) => consumer.id));
  const draw = ({ id, branches }: LineageTree): string =>
    `${lineage.asset(id).name}${branches.length > 0 ? `(${branches.map(draw).join(" ")})` : ""}`;
  return draw(lineageTree(lineage, id, direction, reached, direction === "down" ? leaves : undefined));
}

describe("the tree of what is below or above", () => {
  test("has each asset once, under the first of those that are a step nearer", () => {
    const diamond = ["a > c", "a > b", "b > d", "c > d", "d > e", "a > e"];
    expect(drawn(lineageOf(...diamond), "down", "a")).toBe("a(b(d) c e)");
    expect(drawn(lineageOf(...diamond.toReversed()), "down", "a")).toBe("a(b(d) c e)");
    expect(drawn(lineageOf(...diamond), "up", "e")).toBe("e(a d(b c))");
  });

  test("leaves dashboards to the list of consumers, except on the way to something else", () => {
    const lineage = lineageOf("a > b", "b > dash1", "dash1 > dash2", "a > dash3", "dash3 > c");
    expect(drawn(lineage, "down", "a")).toBe("a(b dash3(c))");
  });

  test("ends where things go round in circles", () => {
    expect(drawn(lineageOf("a > b", "b > c", "c > a", "c > b"), "down", "a")).toBe("a(b(c))");
  });
});

describe("looking an asset up", () => {
  const lineage = lineageOf("shop.orders > dash.orders", "shop.old_orders", "raw/day=1");
  const found = (written: string) => {
    const lookup = lookUp(lineage, written);
    const ids = lookup.is === "found" ? [lookup.id] : lookup.is === "several" ? lookup.ids : lookup.near;
    return [lookup.is, ...ids.map((id) => lineage.asset(id).name)];
  };

  test("goes by whole parts of the name", () => {
    expect(found("orders")).toEqual(["several", "dash.orders", "shop.orders"]);
    expect(found("SHOP.orders")).toEqual(["found", "shop.orders"]);
    expect(found("old_orders")).toEqual(["found", "shop.old_orders"]);
    expect(found("day=1")).toEqual(["found", "raw/day=1"]);
    expect(found("raw/day=1")).toEqual(["found", "raw/day=1"]);
  });

  test("offers what is near, and nothing for a text that is near to all", () => {
    expect(found("ordres")).toEqual(["unknown", "dash.orders", "shop.orders"]);
    expect(found("xy")).toEqual(["unknown"]);
    expect(found("x/old_order")).toEqual(["unknown", "shop.old_orders"]);
  });
});
