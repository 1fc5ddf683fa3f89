import type { IncomingMessage, ServerResponse } from "node:http";
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import type { z } from "zod";
import { inPlainWords } from "../core/plain-words.ts";
import { HttpProblem, PROBLEM_TYPE, PROBLEMS, Problem, type ProblemCode } from "./problem.ts";

/** Where routes are registered: a Fastify instance whose schemas are zod's. */
export type Scope = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/** Checks parameters with their zod schema and names every wrong one. */
export function validatorCompiler({ schema }: { schema: z.ZodType }) {
  return (data: unknown) => {
    const parsed = schema.safeParse(data, { error: inPlainWords });
    if (parsed.success) return { value: parsed.data };
    const errors = parsed.error.issues.flatMap(namedIssues);
    const detail = errors.map(({ path, message }) => `${path}: ${message}`).join("; ");
    return { error: new HttpProblem("bad_parameter", detail, { errors }) };
  };
}

function namedIssues(issue: z.core.$ZodIssue): { path: string; message: string }[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({ path: key, message: "there is no such parameter" }));
  }
  return [{ path: issue.path.join("."), message: issue.message }];
}

/** The problems of a route, for the OpenAPI document: one answer per status, which names its codes. */
export function problemResponses(...codes: ProblemCode[]) {
  const byStatus: Record<string, { description: string; content: object }> = {};
  for (const code of [...codes, "internal"] as const) {
    const { status, title } = PROBLEMS[code];
    const before = byStatus[status]?.description;
    byStatus[status] = {
      description: `${before ? `${before} ` : ""}${title} (\`${code}\`).`,
      content: { [PROBLEM_TYPE]: { schema: Problem } },
    };
  }
  return byStatus;
}

/** One answer of a route, for the OpenAPI document. */
export function answer(description: string, schema: z.ZodType, mediaType = "application/json") {
  return { description, content: { [mediaType]: { schema } } };
}
