import type { FastifyInstance, FastifyLoggerOptions } from "fastify";
import { Registry } from "prom-client";
import type { Papers } from "./app-report.ts";
import type { SlackSide } from "./app-slack.ts";
import type { Config } from "./config.ts";
import type { Engine } from "./engine/ports.ts";
import { spoken } from "./engine/troubles.ts";
import type { Watch } from "./engine/watch.ts";
import type { HealthReport } from "./http/operations.ts";
import { outboxMetrics } from "./http/outbox-metrics.ts";
import { buildServer } from "./http/server.ts";
import type { SlackConnection } from "./slack/connect.ts";
import { SOURCES } from "./source/registry.ts";

/** What the HTTP edge is made from. */
export type HttpPart = {
  config: Config;
  engine: Engine;
  watch: Watch;
  report: Papers["report"];
  log: FastifyLoggerOptions;
  iso: () => string;
  /** What there is of Slack by now: it comes after this. */
  slack: () => SlackConnection | null;
  alarm: () => SlackSide["alarm"] | null;
};

/** The HTTP edge, not listening yet, how healthy all of it is, and its reports. */
export function httpSide({ config, engine, watch, report: reportOf, log, iso, slack, alarm }: HttpPart) {
  const health = () => healthOf(watch, slack(), config.slack !== null);
  const report = (format: string, key: string) => reportOf(key, format, iso(), config.command);
  const metrics = new Registry();
  const server = buildServer({
    engine,
    config,
    sources: SOURCES,
    now: iso,
    log,
    metrics,
    report,
    // Looked up only when it is used: that loads Node's client, which few sources ever need.
    fetch: (...request) => fetch(...request),
    health,
  });
  server.addHook("onResponse", async (request, reply) => {
    const { source } = request.params as { source?: string };
    if (source && SOURCES.some(({ name }) => name === source)) watch.answered(source, reply.statusCode);
  });
  slackRoute(server, slack);
  outboxMetrics(metrics, async () => {
    const { waiting, parked, oldestMs } = await watch.outbox();
    return {
      waiting,
      parked,
      oldestSeconds: oldestMs / 1000,
      writerLagSeconds: watch.lagMs() / 1000,
      slackConnected: slack()?.health().ok ?? false,
      troubles: alarm()?.raised() ?? [],
    };
  });
  return { server, health, report };
}

/** HTTP mode: Slack's requests come in through the one server, as the bytes that are signed. */
function slackRoute(server: FastifyInstance, slack: () => SlackConnection | null): void {
  server.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
    scope.post("/slack/events", { schema: { hide: true } }, async (request, reply) => {
      const connection = slack();
      if (!connection) return reply.code(503).header("retry-after", "5").send();
      if (!connection.handle) return reply.code(404).send();
      const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
      const answer = await connection.handle(request.headers, body);
      return reply.code(answer.status).type(answer.contentType).send(answer.body);
    });
  });
}

async function healthOf(watch: Watch, slack: SlackConnection | null, wanted: boolean): Promise<HealthReport> {
  const outbox = await watch.outbox().catch(() => null);
  const wrong = watch.unwritable() ?? (outbox ? null : "it cannot be read");
  const oldest = outbox && outbox.waiting > 0 ? `, the oldest for ${spoken(outbox.oldestMs)}` : "";
  const connection = slack?.health() ?? {
    ok: !wanted,
    detail: wanted ? "starting" : "no Slack is configured",
  };
  return {
    checks: [
      { name: "database", ok: wrong === null, detail: wrong },
      { name: "slack", ...connection },
      {
        name: "outbox",
        ok: outbox !== null && !outbox.late,
        detail: outbox && `${outbox.waiting} waiting${oldest}, ${outbox.parked} given up`,
      },
    ],
  };
}
