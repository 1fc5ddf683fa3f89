import { setInterval } from "node:timers";
import type { FastifyLoggerOptions } from "fastify";
import { Registry } from "prom-client";
import type { Config } from "./config.ts";
import { compileRunbooks } from "./core/runbook/match.ts";
import { createConversation } from "./engine/converse.ts";
import { createDeliverer } from "./engine/deliver.ts";
import { createEngine } from "./engine/engine.ts";
import type { Engine, Reads } from "./engine/ports.ts";
import { show } from "./engine/show.ts";
import { buildServer } from "./http/server.ts";
import { POSTMORTEM_FORMATS, type PostmortemFormat, renderPostmortem } from "./render/postmortem.ts";
import { loadRunbooks } from "./runbooks.ts";
import { connectSlack, type SlackConnection } from "./slack/connect.ts";
import { createMessenger, slackClient } from "./slack/messenger.ts";
import { createPeople } from "./slack/people.ts";
import { SOURCES } from "./source/registry.ts";
import { openForReading } from "./store/open.ts";
import { readsOf } from "./store/reads.ts";
import { startWriter } from "./writer.ts";

const TICK_MS = 60_000;
/** How many alerts a report lists; the log has all of them. */
const REPORTED_ALERTS = 1000;

export type AppOptions = {
  log: FastifyLoggerOptions;
  /** The sandbox's page shows Slack's date markup as text, and cannot choose among people by itself. */
  local?: { people: { id: string; name: string }[] };
  now?: () => number;
};

export type App = { url: string; engine: Engine; stop(): Promise<void> };

/** The composition root: joins store, engine, sources, HTTP and Slack, in the order in which each can do its work. */
export async function startApp(config: Config, options: AppOptions): Promise<App> {
  const now = options.now ?? Date.now;
  const iso = () => new Date(now()).toISOString();
  const { runbooks, problems } = await loadRunbooks(config.runbooksDir);
  const channel = config.channel ?? "#data-incidents";
  const writer = await startWriter(
    {
      database: config.database,
      channel,
      reopenWithinMs: config.reopenWithinMs,
      closeAfterMs: config.closeAfterMs,
      runbooks: runbooks.map(({ slug, text }) => ({ slug, text })),
    },
    // Without it nothing can be stored, so nothing may be answered 2xx: end, and be restarted.
    (error) => {
      server.log.fatal({ err: error }, "the writer is gone; ending");
      process.exit(1);
    },
  );
  const db = openForReading(config.database);
  const reads = readsOf(db);
  let wake = () => {};
  const engine = createEngine({ writer, reads, now: iso, committed: () => wake() });
  const report = (format: string, key: string) => reportOf(reads, format, key, iso(), config.command);
  let slack: SlackConnection | null = null;

  const server = buildServer({
    engine,
    config,
    sources: SOURCES,
    now: iso,
    log: options.log,
    metrics: new Registry(),
    report,
    async health() {
      const waiting = await reads.undelivered();
      const slackHealth = slack?.health() ?? {
        ok: true,
        detail: config.slack ? "starting" : "no Slack is configured",
      };
      return {
        checks: [
          { name: "database", ok: true, detail: null },
          { name: "slack", ...slackHealth },
          { name: "outbox", ok: true, detail: `${waiting.pending} waiting, ${waiting.dead} given up` },
        ],
      };
    },
  });
  for (const { file, line, message } of problems) server.log.warn(`${file}:${line}: ${message}`);
  server.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
    scope.post("/slack/events", { schema: { hide: true } }, async (request, reply) => {
      if (!slack?.handle) return reply.code(404).send();
      const answer = await slack.handle(request.headers, request.body as Buffer);
      return reply.code(answer.status).type(answer.contentType).send(answer.body);
    });
  });
  const url = await server.listen({ host: config.host, port: config.port });

  const stops: (() => Promise<void>)[] = [];
  if (config.slack) {
    const client = slackClient(config.slack.botToken, config.slack.apiUrl);
    const render = { dates: options.local ? "plain" : "slack" } as const;
    const deliverer = createDeliverer({
      messenger: createMessenger(client, render),
      reads,
      show: (row, state) =>
        show(
          {
            reads,
            report: async (key, format) => fileOf(await report(format, key)),
            command: config.command,
            now: iso,
          },
          row,
          state,
        ),
      submit: async (job) => {
        const result = await writer.submit(job);
        return result.ok ? result.value : null;
      },
      now,
      log: server.log,
    });
    wake = deliverer.wake;
    await deliverer.start();
    stops.push(() => deliverer.stop());
    const people = createPeople(client, now);
    const conversation = createConversation({
      engine,
      catalog: compileRunbooks(runbooks),
      names: people.names,
      command: config.command,
      channel,
      now: iso,
    });
    slack = await connectSlack(config.slack, client, server.log, () => ({
      engine,
      conversation,
      people,
      client,
      render,
      command: config.command,
      channel,
      everybody: options.local?.people ?? null,
      now: iso,
      log: server.log,
    }));
    stops.unshift(() => slack!.stop());
  }
  const ticking = setInterval(
    () =>
      void engine
        .tick()
        .catch((error: unknown) => server.log.error({ err: error }, "the clock's work failed")),
    TICK_MS,
  );

  return {
    url,
    engine,
    async stop() {
      clearInterval(ticking);
      await server.close();
      for (const stop of stops) await stop();
      await db.destroy();
      await writer.close();
    },
  };
}

function isFormat(format: string): format is PostmortemFormat {
  return POSTMORTEM_FORMATS.some((known) => known === format);
}

/** The postmortem of an incident as a file, or null where there is no such incident. */
export async function reportOf(
  reads: Reads,
  format: string,
  key: string,
  asOf: string,
  slash: string,
): Promise<ReturnType<typeof renderPostmortem> | null> {
  const state = await reads.state(key);
  if (!state || !isFormat(format)) return null;
  return renderPostmortem(format, {
    state,
    events: await reads.events(key),
    alerts: await reads.alerts(key, REPORTED_ALERTS),
    asOf,
    slash,
  });
}

function fileOf(report: Awaited<ReturnType<typeof reportOf>>) {
  return report && { ...report, title: report.filename };
}
