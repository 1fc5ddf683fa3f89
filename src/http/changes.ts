import { z } from "zod";
import { later } from "../core/duration.ts";
import { changeJson } from "../core/report/api.ts";
import type { Reads } from "../engine/ports.ts";
import type { Guard } from "./bearer.ts";
import { moment } from "./incidents.ts";
import { answer, problemResponses, type Scope } from "./scope.ts";
import { ChangeList } from "./shapes.ts";

type Deps = { reads: Reads; guard: Guard; now: () => string };

const DAY_MS = 86_400_000;

const ChangeQuery = z.strictObject({
  since: moment.optional().describe("Took effect at this time or later (ISO 8601); a day ago unless given."),
  until: moment.optional().describe("Took effect before this time (ISO 8601); now unless given."),
  limit: z.coerce.number().int().min(1).max(200).default(50).describe("How many at most."),
});

/** `GET /v1/changes`: what changed lately, whatever came of it. */
export function changeRoutes(scope: Scope, { reads, guard, now }: Deps): void {
  scope.get("/v1/changes", {
    onRequest: guard,
    schema: {
      tags: ["changes"],
      security: [{ bearer: [] }],
      operationId: "listChanges",
      summary: "Changes, the latest first",
      querystring: ChangeQuery,
      response: {
        200: answer("The changes of that time.", ChangeList),
        ...problemResponses("bad_parameter", "unauthorized", "rate_limited"),
      },
    },
    handler: async ({ query }) => {
      const asOf = now();
      // One that came this very millisecond is among them.
      const until = query.until ?? later(asOf, 1);
      const since = query.since ?? later(asOf, -DAY_MS);
      return { changes: (await reads.changes({ since, until }, query.limit)).map(changeJson) };
    },
  });
}
