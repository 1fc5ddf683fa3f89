import type { Registry } from "prom-client";
import { z } from "zod";
import { HttpProblem } from "./problem.ts";
import { answer, problemResponses, type Scope } from "./scope.ts";
import { Health, Readiness, Root } from "./shapes.ts";

/** What readiness rests on: the database, the connection to Slack, the outbox. `detail` is shown to anyone: no secrets. */
export type HealthReport = { checks: { name: string; ok: boolean; detail: string | null }[] };

/** A check that has no answer by then counts as failed: a probe that hangs tells an orchestrator nothing. */
const HEALTH_TIMEOUT_MS = 5_000;

type Deps = { health: () => Promise<HealthReport>; registry: Registry };

/** Open to anyone who reaches the port, as probes and scrapers expect; nothing here names an incident or an alert. */
export function operationRoutes(scope: Scope, { health, registry }: Deps): void {
  const tags = ["operations"];

  scope.get("/", {
    schema: {
      tags,
      operationId: "getRoot",
      summary: "Where to go from here",
      response: { 200: answer("Pointers.", Root) },
    },
    handler: async () => ({
      name: "Breakwater",
      openapi: "/openapi.json",
      documentation: "docs/http.md in the repository",
    }),
  });

  scope.get("/healthz", {
    schema: {
      tags,
      operationId: "getHealth",
      summary: "Whether the process is alive",
      response: { 200: answer("It is.", Health) },
    },
    handler: async () => ({ status: "ok" as const }),
  });

  scope.get("/readyz", {
    schema: {
      tags,
      operationId: "getReadiness",
      summary: "Whether it can do its work",
      response: { 200: answer("It can.", Readiness), ...problemResponses("unavailable") },
    },
    handler: async (request) => {
      const { checks } = await withinTime(health()).catch((err) => {
        request.log.error({ err }, "health check");
        return { checks: [{ name: "health", ok: false, detail: "the check itself failed" }] };
      });
      const failed = checks
        .filter(({ ok }) => !ok)
        .map(({ name, detail }) => ({ path: name, message: detail ?? "failed" }));
      if (failed.length === 0) return { status: "ready" as const, checks };
      const detail = `Not ready: ${failed.map(({ path, message }) => `${path}: ${message}`).join("; ")}.`;
      throw new HttpProblem("unavailable", detail, { errors: failed });
    },
  });

  scope.get("/metrics", {
    schema: {
      tags,
      operationId: "getMetrics",
      summary: "Metrics in the Prometheus text format",
      response: { 200: answer("All of them.", z.string(), "text/plain") },
    },
    handler: async (_request, reply) => reply.type(registry.contentType).send(await registry.metrics()),
  });
}

async function withinTime(report: Promise<HealthReport>): Promise<HealthReport> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error("the health checks took too long")), HEALTH_TIMEOUT_MS);
  return Promise.race([report, promise]).finally(() => clearTimeout(timer));
}
