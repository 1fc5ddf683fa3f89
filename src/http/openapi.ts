import swagger, { type FastifyDynamicSwaggerOptions } from "@fastify/swagger";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { Problem } from "./problem.ts";
import type { Scope } from "./scope.ts";
import { IncidentDetail, IncidentList, Ingested, Postmortem, Timeline } from "./shapes.ts";
import { AlertBody } from "./signals.ts";

/** Schemas with a name of their own in the document; the others stand where they are used. */
const NAMED = { AlertBody, IncidentDetail, IncidentList, Ingested, Postmortem, Problem, Timeline };
const names = new Map<z.ZodType, string>(Object.entries(NAMED).map(([name, schema]) => [schema, name]));

type Transform = NonNullable<FastifyDynamicSwaggerOptions["transform"]>;
type RouteSchema = Record<string, unknown> & {
  response?: Record<string, { content: Record<string, { schema: z.ZodType }> }>;
};

/** Collects the routes registered after it into an OpenAPI 3.1 document, made from the very schemas that they use. */
export function registerOpenApi(app: FastifyInstance): void {
  app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Breakwater",
        version: "1",
        description: "Alerts in, incidents out. Every error is an RFC 9457 problem.",
        license: { name: "Apache-2.0", identifier: "Apache-2.0" },
      },
      components: {
        schemas: Object.fromEntries(
          Object.entries(NAMED).map(([name, schema]) => [name, jsonSchema(schema)]),
        ),
        securitySchemes: {
          bearer: {
            type: "http",
            scheme: "bearer",
            description: "The source's secret, or a token of the read API.",
          },
          urlToken: {
            type: "apiKey",
            in: "query",
            name: "token",
            description: "For senders that can only set an address.",
          },
          routingKey: {
            type: "apiKey",
            in: "header",
            name: "X-Routing-Key",
            description: "As PagerDuty's clients do; most send it as `routing_key` of the body instead.",
          },
          genieKey: {
            type: "apiKey",
            in: "header",
            name: "Authorization",
            description: "As Opsgenie's clients do: `GenieKey <secret>`.",
          },
          serviceAccountKey: {
            type: "apiKey",
            in: "header",
            name: "ServiceAccountAuthenticationKey",
            description: "As DataKitchen's agents and TestGen do.",
          },
        },
      },
    },
    transform: (({ schema, url }) => ({ schema: toJson((schema ?? {}) as RouteSchema), url })) as Transform,
  });
}

export function openApiRoute(scope: Scope): void {
  scope.get("/openapi.json", {
    schema: { tags: ["operations"], operationId: "getOpenApi", summary: "This document" },
    handler: async () => scope.swagger(),
  });
}

/** A route's schema with every zod schema in it as JSON Schema. */
function toJson(route: RouteSchema): object {
  const fields = Object.entries(route).map(([name, value]) => [
    name,
    value instanceof z.ZodType ? reference(value) : value,
  ]);
  if (!route.response) return Object.fromEntries(fields);
  const response = Object.entries(route.response).map(([status, { content, ...rest }]) => {
    const types = Object.entries(content).map(([type, { schema }]) => [type, { schema: reference(schema) }]);
    return [status, { ...rest, content: Object.fromEntries(types) }];
  });
  return { ...Object.fromEntries(fields), response: Object.fromEntries(response) };
}

function reference(schema: z.ZodType): object {
  const name = names.get(schema);
  return name ? { $ref: `#/components/schemas/${name}` } : jsonSchema(schema);
}

/** `input`: what a client may send; what we answer has no defaults or transformations, so that it reads the same. */
function jsonSchema(schema: z.ZodType): object {
  const { $schema, ...json } = z.toJSONSchema(schema, {
    io: "input",
    override: ({ jsonSchema }) => tidy(jsonSchema),
  });
  return json;
}

/** Takes out what zod adds that says nothing to a reader: the regular expression of a date, the bounds of an integer. */
function tidy(json: z.core.JSONSchema.BaseSchema): void {
  if (json.format === "date-time") delete json.pattern;
  if (json.minimum === Number.MIN_SAFE_INTEGER) delete json.minimum;
  if (json.maximum === Number.MAX_SAFE_INTEGER) delete json.maximum;
}
