import { writeFileSync } from "node:fs";
import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import { openAlone, openForWriting } from "../../src/store/open.ts";
import { temporaryFile } from "../engine/world.ts";
import { startPostgres } from "../harness/postgres.ts";

describe("opening a database alone", () => {
  it("says of one that cannot be opened which it is", async () => {
    await expect(openAlone({ type: "postgres", url: "postgres://ana:x@127.0.0.1:1/b" })).rejects.toThrow(
      "The database cannot be opened: connect ECONNREFUSED 127.0.0.1:1. DATABASE_URL says which it is.",
    );
    const { database, remove } = temporaryFile();
    const path = database.type === "sqlite" ? database.path : "";
    writeFileSync(path, "no database at all".repeat(1000));
    await expect(openAlone(database)).rejects.toThrow(`The database ${path} cannot be opened: file is not`);
    remove();
  });

  it("leaves no connection where it cannot see who else has it open", { timeout: 60_000 }, async () => {
    const postgres = await startPostgres();
    const database = { type: "postgres", url: postgres.url } as const;
    const db = openForWriting(database);
    await sql`create schema blind`.execute(db);
    await sql`create view blind.pg_stat_activity as select 1 / length('') as datname`.execute(db);
    await db.destroy();
    const url = `${postgres.url}?options=${encodeURIComponent("-c search_path=blind,pg_catalog")}`;
    await expect(openAlone({ type: "postgres", url })).rejects.toThrow();
    await (await openAlone(database)).destroy();
    await postgres.stop();
  });
});
