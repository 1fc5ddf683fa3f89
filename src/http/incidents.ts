import { z } from "zod";
import { SEVERITIES } from "../core/incident/events.ts";
import type { IncidentState } from "../core/incident/state.ts";
import { PHASES } from "../core/incident/state.ts";
import { Refusal } from "../core/refusal.ts";
import { incidentDetailJson, incidentJson } from "../core/report/api.ts";
import type { IncidentFilter, Reads } from "../engine/ports.ts";
import type { Guard } from "./bearer.ts";
import { HttpProblem } from "./problem.ts";
import { answer, problemResponses, type Scope } from "./scope.ts";
import { IncidentDetail, IncidentList, Timeline } from "./shapes.ts";

type Deps = { reads: Reads; guard: Guard; now: () => string };

/** The most alerts one incident's answer lists; a storm can have a hundred thousand. */
const ALERT_LIST_LIMIT = 1_000;

export const KeyParameter = z.object({
  key: z
    .string()
    .regex(/^(inc|drill)-[1-9]\d{0,8}$/i, "write an incident key such as INC-12 or DRILL-3")
    .toUpperCase()
    .describe("The incident's key, in either case."),
});

const list = <T extends string>(values: readonly T[], toCase: (text: string) => string) =>
  z
    .string()
    .transform((text) => text.split(",").map((each) => toCase(each.trim())))
    .pipe(z.array(z.enum(values)));

const NO_TIME = { error: "write a time such as 2026-11-22T03:10:00Z or a date" };

/** Times are compared as texts of one length; an offset can push the last day of 9999 beyond that. */
export const moment = z
  .union([z.iso.datetime({ offset: true }), z.iso.date()], NO_TIME)
  .transform((text) => new Date(text).toISOString())
  .refine((text) => /^\d{4}-/.test(text), NO_TIME);

/** Postgres takes no NUL in a text, so nothing that is stored has one. */
const withoutNul = <T extends z.ZodType<string>>(text: T) =>
  text.refine((value) => !value.includes("\0"), { error: "leave out the NUL character" });

/** Unknown parameters are refused: a misspelt filter that is silently ignored answers another question. */
export const IncidentQuery = z.strictObject({
  state: list(PHASES, (text) => text.toLowerCase())
    .optional()
    .describe(`Separated by commas: ${PHASES.join(", ")}.`),
  severity: list(SEVERITIES, (text) => text.toUpperCase())
    .optional()
    .describe(`Separated by commas: ${SEVERITIES.join(", ")}.`),
  kind: z
    .enum(["incident", "drill"])
    .optional()
    .describe("Real incidents or drills only; there are no drills yet."),
  asset: withoutNul(
    z
      .string()
      .regex(/^.+\/.+$/, "write namespace/name")
      .max(1501),
  )
    .optional()
    .describe("An affected asset, as `namespace/name`."),
  source: withoutNul(z.string().min(1).max(40)).optional().describe("A source that sent an alert of it."),
  since: moment.optional().describe("Detected at this time or later (ISO 8601)."),
  until: moment.optional().describe("Detected before this time (ISO 8601)."),
  q: z.string().trim().min(1).max(200).optional().describe("Words in its texts."),
  limit: z.coerce.number().int().min(1).max(200).default(50).describe("How many on a page."),
  cursor: z.string().min(1).max(500).optional().describe("`next` of the page before."),
});

/** The read API: what is committed, for whoever has a token. */
export function incidentRoutes(scope: Scope, { reads, guard: onRequest, now }: Deps): void {
  const about = { tags: ["incidents"], security: [{ bearer: [] }] };

  scope.get("/v1/incidents", {
    onRequest,
    schema: {
      ...about,
      operationId: "listIncidents",
      summary: "Incidents, newest first",
      querystring: IncidentQuery,
      response: {
        200: answer("One page.", IncidentList),
        ...problemResponses("bad_parameter", "unauthorized", "rate_limited"),
      },
    },
    handler: async (request) => {
      const { limit, cursor = null, ...query } = request.query;
      const page = await pageOf(reads, filterOf(query), limit, cursor);
      const asOf = now();
      return { incidents: page.incidents.map((state) => incidentJson(state, asOf)), next: page.next };
    },
  });

  scope.get("/v1/incidents/:key", {
    onRequest,
    schema: {
      ...about,
      operationId: "getIncident",
      summary: "One incident with its alerts, changes, runbooks and action items",
      params: KeyParameter,
      response: {
        200: answer("The incident.", IncidentDetail),
        ...problemResponses("bad_parameter", "unauthorized", "not_found", "rate_limited"),
      },
    },
    handler: async (request) => {
      const state = found(await reads.state(request.params.key), request.params.key);
      return incidentDetailJson(state, await reads.alerts(state.key, ALERT_LIST_LIMIT), now());
    },
  });

  scope.get("/v1/incidents/:key/timeline", {
    onRequest,
    schema: {
      ...about,
      operationId: "getTimeline",
      summary: "What happened, in order",
      params: KeyParameter,
      response: {
        200: answer("The timeline.", Timeline),
        ...problemResponses("bad_parameter", "unauthorized", "not_found", "rate_limited"),
      },
    },
    handler: async (request, reply) => {
      const text = found(await reads.timeline(request.params.key), request.params.key);
      return reply.type("application/json; charset=utf-8").send(text);
    },
  });
}

/** Who asks for one incident by its key hears plainly that it is not there. */
export function found<T>(value: T | null, key: string): T {
  if (value !== null) return value;
  throw new HttpProblem("not_found", `There is no incident ${key}. GET /v1/incidents lists them.`);
}

function filterOf(query: Omit<z.infer<typeof IncidentQuery>, "limit" | "cursor">): IncidentFilter {
  const { state: phases, severity: severities, q: text, ...same } = query;
  return { phases, severities, text, ...same };
}

/**
 * One page with the assets of each incident. `reads.list` leaves them out, and an empty list would say that nothing is
 * affected, so each incident of the page is read once more.
 */
async function pageOf(reads: Reads, filter: IncidentFilter, limit: number, cursor: string | null) {
  const { incidents, next } = await reads.list(filter, limit, cursor).catch(asParameter);
  const whole = await Promise.all(
    incidents.map(async (summary): Promise<IncidentState> => (await reads.state(summary.key)) ?? summary),
  );
  return { incidents: whole, next };
}

/** What the store refuses about a list is a parameter of the address (the cursor), not a body. */
function asParameter(error: unknown): never {
  if (error instanceof Refusal && error.code === "invalid")
    throw new HttpProblem("bad_parameter", error.message, { errors: error.issues });
  throw error;
}
