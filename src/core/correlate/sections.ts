import { z } from "zod";
import { InhibitRule } from "./inhibit.ts";
import { MaintenanceWindow } from "./maintenance.ts";
import { Route } from "./route.ts";
import { Tiers } from "./tiers.ts";

/** The sections of breakwater.yaml that say whose an alert is, how severe, and when it is held back. */
export const RoutingSections = z.object({
  routes: named(Route),
  tiers: Tiers.default({}),
  maintenance: named(MaintenanceWindow),
  inhibit: named(InhibitRule),
});

/** People are told the name of the rule that decided, so it must be one rule's only. */
function named<Item extends z.ZodType<{ name: string }>>(item: Item) {
  return z
    .array(item, "write a list, each item starting with a dash")
    .superRefine((items, context) => {
      const seen = new Set<string>();
      for (const [index, { name }] of items.entries()) {
        if (seen.has(name))
          context.addIssue({
            code: "custom",
            path: [index, "name"],
            message: `“${name}” is used twice; give each its own name`,
          });
        seen.add(name);
      }
    })
    .default([]);
}
