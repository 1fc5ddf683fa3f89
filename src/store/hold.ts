import { realpathSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import SQLite from "better-sqlite3";
import type { Client } from "pg";
import type { Config } from "../config.ts";
import { Refusal } from "../core/refusal.ts";
import { openingFault } from "./fault.ts";
import { endWhenSilent } from "./silent-connection.ts";

/** As long as ending may take (docs/reliability.md); after it the one that holds it is not ending. */
const ENDING_MS = 30_000;
/** Between two tries. */
const PAUSE_MS = 100;
/** Names our locks among those of a Postgres; the other half of the name is the schema. */
const OURS = 0x62726b77;

/** Without a word from us Postgres gives the lock to another after 25 s (below), so we are to notice before. */
const ASK_EVERY_MS = 5_000;
const HELD_SILENT_AFTER_MS = 10_000;

export type Hold = { release(): Promise<void> };

export type Holding = {
  /** Told once, if somebody else has it. */
  waits?: () => void;
  /** Told if it was lost, with the connection to Postgres, and somebody else has it by now. */
  lost?: (error: Error) => void;
  forMs?: number;
};

/** `gone` resolves when the connection that holds it is no more. */
type Taken = Hold & { gone: Promise<unknown> };

/**
 * Has an open database for one running bot, as long as its process lives: a second one would take messages that are being
 * posted for lost, and post them again. Who comes second waits as long as ending may take, and is refused then. There is
 * no lease and no clock in it: a file's lock goes with its process, a Postgres's with its connection. Whoever runs no bot
 * asks nobody.
 */
export async function holdForBot(database: Config["database"], holding: Holding = {}): Promise<Hold> {
  const { lost = () => {} } = holding;
  let taken = await takeInTime(database, holding);
  let ended = false;
  const keep = async () => {
    for (;;) {
      await taken.gone;
      if (ended) return;
      taken = await takeAgain(database, holding);
    }
  };
  keep().catch(lost);
  return {
    async release() {
      ended = true;
      await taken.release();
    },
  };
}

async function takeInTime(
  database: Config["database"],
  { waits = () => {}, forMs = ENDING_MS }: Holding,
): Promise<Taken> {
  const until = performance.now() + forMs;
  for (let tries = 0; ; tries++) {
    const taken = database.type === "sqlite" ? takeFile(database.path) : await takeSchema(database.url);
    if (taken) return taken;
    if (tries === 0) waits();
    if (performance.now() >= until)
      throw new Refusal(
        "conflict",
        "Another Breakwater runs on this database, and two would post everything twice. Stop it, then start this one; DATABASE_URL says which database it is.",
      );
    await sleep(PAUSE_MS);
  }
}

/** Postgres was away, and the writer refuses meanwhile; nobody else is to come first. */
async function takeAgain(database: Config["database"], { forMs }: Holding): Promise<Taken> {
  for (;;) {
    try {
      return await takeInTime(database, forMs === undefined ? {} : { forMs });
    } catch (error) {
      if (error instanceof Refusal && error.code === "conflict") throw error;
      await sleep(1000);
    }
  }
}

/**
 * A file of its own, which stays empty: the database itself has to stay open to commands and to Litestream. It stands
 * beside the database by its real name, however that was named.
 */
function takeFile(path: string): Taken | null {
  const beside = `${realpathSync(path)}-lock`;
  try {
    const file = new SQLite(beside, { timeout: 0 });
    try {
      // Or a journal would stand beside it: nothing is ever written there.
      file.pragma("journal_mode = MEMORY");
      file.exec("begin exclusive");
      return { gone: new Promise(() => {}), release: async () => void file.close() };
    } catch (error) {
      file.close();
      if (error instanceof SQLite.SqliteError && error.code.startsWith("SQLITE_BUSY")) return null;
      throw error;
    }
  } catch (error) {
    throw openingFault(error, beside);
  }
}

async function clientFor(url: string): Promise<Client> {
  const { default: pg } = await import("pg");
  try {
    return new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000, keepAlive: true });
  } catch (error) {
    // A certificate that the address names is not there.
    throw openingFault(error);
  }
}

async function takeSchema(url: string): Promise<Taken | null> {
  const client = await clientFor(url);
  client.on("error", () => {});
  const gone = new Promise((ended) => client.once("end", ended));
  const release = () => client.end().catch(() => {});
  try {
    await client.connect();
    endWhenSilent(client, HELD_SILENT_AFTER_MS);
    // A machine that went without a word holds nothing half a minute later.
    await client.query(
      "set tcp_keepalives_idle = 10; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 3",
    );
    const { rows } = await client.query<{ held: boolean }>(
      "select pg_try_advisory_lock($1, hashtext(coalesce(current_schema(), ''))) as held",
      [OURS],
    );
    if (rows[0]?.held) {
      let answered = true;
      const ask = async () => {
        if (!answered) return;
        answered = false;
        answered = await client.query("select 1").then(
          () => true,
          () => false,
        );
      };
      const asking = setInterval(() => void ask(), ASK_EVERY_MS).unref();
      void gone.then(() => clearInterval(asking));
      return { gone, release };
    }
  } catch (error) {
    await release();
    throw openingFault(error);
  }
  await release();
  return null;
}
