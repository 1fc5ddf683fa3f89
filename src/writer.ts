import { Grouping } from "./core/correlate/grouping.ts";
import { RoutingSections } from "./core/correlate/sections.ts";
import { compileRunbooks, matchRunbooks } from "./core/runbook/match.ts";
import type { StatementInForce } from "./engine/ports.ts";
import { createWriter, type Transact, type Writer } from "./engine/writer.ts";
import { openingFault, storeFault } from "./store/fault.ts";
import { type Holding, holdForBot } from "./store/hold.ts";
import { ledgerOf } from "./store/ledger.ts";
import { migrate } from "./store/migrate.ts";
import { atOneMoment, type Database, isPostgres, openForWriting } from "./store/open.ts";
import { readsOf } from "./store/reads.ts";
import { recordStart } from "./store/start.ts";
import type { WriterSettings } from "./writer-settings.ts";

/** `statements`: whose lineage was in force when it was opened. */
export type OpenedWriter = Writer & { statements: StatementInForce[] };

/**
 * Opens the database for writing, brings it up to date, and joins it with the commit loop. For a bot that starts it is held
 * first, so that no other bot writes to it. Runs wherever it is called.
 */
export async function openWriter(
  settings: WriterSettings,
  db: Database = openForWriting(settings.database, false),
  holding: Holding = {},
): Promise<OpenedWriter> {
  const hold = settings.start ? await holdForBot(settings.database, holding) : null;
  const statements = await firstOf(db, settings).catch((error: unknown) => {
    throw openingFault(error);
  });
  const catalog = compileRunbooks(settings.runbooks);
  const writer = createWriter(transactOn(db), {
    channel: settings.channel,
    reopenWithinMs: settings.reopenWithinMs,
    closeAfterMs: settings.closeAfterMs,
    grouping: Grouping.parse(settings.grouping),
    pathRules: settings.pathRules,
    routing: RoutingSections.parse(settings.routing),
    ...(settings.retention ? { retention: settings.retention } : {}),
    suggestRunbooks: (signal, severity, routed) => {
      const fitting = matchRunbooks(catalog, { ...signal, severity });
      const named = routed && catalog.runbooks.get(routed);
      if (!named) return fitting;
      const first = { slug: named.slug, title: named.title, reason: "a routing rule names it" };
      return [first, ...fitting.filter(({ slug }) => slug !== routed)];
    },
  });
  return {
    statements,
    submit: writer.submit,
    async close() {
      await writer.close();
      await db.destroy();
      await hold?.release();
    },
  };
}

/** What is done before anything else is: brought up to date, the start on record, the lineage in force read. */
async function firstOf(db: Database, { database, start }: WriterSettings): Promise<StatementInForce[]> {
  await bringUpToDate(db, database);
  if (start) await recordStart(db, start);
  return readsOf(db).lineageStatements();
}

/** On Postgres over a connection of its own, which is patient: an index over many rows takes its time. */
function bringUpToDate(db: Database, database: WriterSettings["database"]): Promise<unknown> {
  if (!isPostgres(db)) return migrate(db);
  const patient = openForWriting(database);
  return migrate(patient).finally(() => patient.destroy());
}

function transactOn(db: Database): Transact {
  return async (work) => {
    try {
      // Or a second writer's change between our reading a row and writing it would be overwritten unseen.
      return await atOneMoment(db, (trx) => work(ledgerOf(trx)));
    } catch (error) {
      throw storeFault(error);
    }
  };
}
