import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { replayCommand } from "../../src/cli/replay.ts";
import type { Config } from "../../src/config.ts";
import type { AlertSignal } from "../../src/core/signal/alert.ts";
import { readYamlLineage } from "../../src/source/lineage-yaml.ts";
import { alertOn, openWorld, temporaryFile, type World } from "../engine/world.ts";
import { type Postgres, startPostgres } from "../harness/postgres.ts";
import { runCommand } from "./run.ts";

const HOUR_MS = 3_600_000;
const folder = mkdtempSync(join(tmpdir(), "breakwater-replay-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const replay = (...args: string[]) =>
  runCommand(replayCommand, ["--since", "2026-11-01", "--until", "2026-11-23", ...args]);
const proposing = (text: string, ...args: string[]) => replay("--config", file("new.yaml", text), ...args);

const inRun = (run: string): Partial<AlertSignal> => ({ labels: { run } });

/** Two tables of which one is built from the other, and a third; people end both incidents, and one comes back. */
async function live(world: World): Promise<void> {
  const asset = (name: string) => `snowflake://acme/analytics.core.${name}`;
  const { document, warnings } = readYamlLineage(
    { assets: [{ asset: asset("revenue"), upstream: [asset("orders")] }] },
    { key: "shop", at: null },
  );
  await world.engine.learn([{ document, run: null, complete: true, warnings }], world.now());
  await world.ingest(alertOn("orders", inRun("a")), alertOn("revenue", inRun("a")));
  world.advance(10 * 60_000);
  await world.ingest(alertOn("payments", { severity: "critical", ...inRun("a") }));
  world.advance(HOUR_MS);
  for (const incident of ["INC-1", "INC-2"]) {
    await world.command(incident, { type: "acknowledge" });
    await world.command(incident, { type: "restore", assets: [], reason: "reran it" });
    await world.command(incident, { type: "resolve", text: "reran it" });
  }
  world.advance(3 * HOUR_MS);
  await world.ingest(alertOn("orders", { ...inRun("b"), startsAt: world.now() }));
}

/** The environment in which the command runs. */
function runsWith(database: Config["database"], config = ""): void {
  vi.stubEnv("DATABASE_URL", database.type === "postgres" ? database.url : `sqlite:${database.path}`);
  vi.stubEnv("BREAKWATER_CONFIG", file("breakwater.yaml", config));
}
afterEach(() => vi.unstubAllEnvs());

const BY_RUN = "grouping: {keys: [{match: all, by: [labels.run]}]}";
const SPLIT = `INC-1 becomes 2
  INC-1  SEV2  2026-11-22T03:00:00.000Z  not_null on orders failed
  INC-1 (2)  SEV2  2026-11-22T03:00:00.000Z  not_null on revenue failed
  2026-11-22T03:00:00.000Z  not_null on revenue failed
    was grouped: 1 step downstream of analytics.core.orders, which INC-1 is about
    now opened: no incident was open about analytics.core.revenue
`;

describe("breakwater replay", () => {
  const stored = temporaryFile();
  beforeAll(async () => {
    const world = await openWorld(stored.database, "#data-incidents");
    await live(world);
    await world.close();
  });
  afterAll(() => stored.remove());
  beforeEach(() => runsWith(stored.database));

  test("finds no difference in a configuration that says the same", async () => {
    expect(await proposing("reopenWithin: 24h", "--fail-on-change")).toEqual({
      out: expect.stringMatching(
        /^No difference: 2 incidents and \d+ messages either way, over 4 signals from 2026-11-22T03:00:00.000Z to 2026-11-22T07:10:00.000Z.\n$/,
      ),
      err: "",
      code: 0,
    });
  });

  test("says whose an incident becomes and how severe, and by which rule", async () => {
    const { out } = await proposing(
      "routes: [{name: money, match: {asset: '*.payments'}, team: payments, channel: C2, severity: SEV3}]",
    );
    expect(out).toMatch(/^incidents +2 +2$/m);
    expect(out).toMatch(/^ {2}that open one +2 +2$/m);
    expect(out).toContain(`
1 difference:

INC-2 changes
  INC-2  SEV1  2026-11-22T03:10:00.000Z  not_null on payments failed
  severity: SEV1 → SEV3 (SEV3: rule “money” says so)
  team: none → payments (rule “money”)
  channel: #data-incidents → C2 (rule “money”)
`);
  });

  test("says which incidents become one, and why; and what opens for itself", async () => {
    const { out } = await proposing(BY_RUN);
    expect(out).toMatchInlineSnapshot(`
      "4 signals from 2026-11-22T03:00:00.000Z to 2026-11-22T07:10:00.000Z; they went to 2 incidents when they came. Replayed:

                       as it runs  new.yaml
      incidents                 2         2
      messages                  9         9
        that open one           2         2
        in threads              7         7

      1 difference:

      INC-1 and INC-2 are grouped differently: 2 become 2
        INC-1  SEV2  2026-11-22T03:00:00.000Z  not_null on orders failed
        INC-2  SEV1  2026-11-22T03:10:00.000Z  not_null on payments failed
        severity: SEV2 → SEV1 (an alert of level critical joined)
        replies: 4 → 5
        2026-11-22T03:10:00.000Z  not_null on payments failed
          was opened: no incident was open about analytics.core.payments
          now grouped: INC-1 is open for run a
        2026-11-22T07:10:00.000Z  not_null on orders failed
          was grouped: fires again 180 min after INC-1 was resolved
          now opened: no incident was open for run b
      "
    `);
  });

  test("says which incident falls apart, and why", async () => {
    const { out } = await proposing("grouping: {lineage: false}");
    expect(out).toMatch(/^incidents +2 +3$/m);
    expect(out).toMatch(/^ {2}that open one +2 +3$/m);
    expect(out.endsWith(SPLIT)).toBe(true);
  });

  test("ends an incident when people ended it, so that a shorter window opens another", async () => {
    const { out } = await proposing("reopenWithin: 1h");
    expect(out).toContain("INC-1 becomes 2\n");
    expect(out).toContain("    was grouped: fires again 180 min after INC-1 was resolved\n");
    expect(out).toContain("    now opened: no incident was open about analytics.core.orders\n");
  });

  test("prints the same bytes again, also as data", async () => {
    const first = await proposing(BY_RUN, "--json");
    expect(await proposing(BY_RUN, "--json")).toEqual(first);
    const report = JSON.parse(first.out);
    expect(report).toMatchObject({ signals: 4, recorded: 2, before: { incidents: 2, posts: 2 } });
    expect(report.differences[0].before[0]).not.toHaveProperty("key");
  });

  test("ends with exit code 1 where CI asked for it and something differs", async () => {
    expect((await proposing("grouping: {lineage: false}")).code).toBe(0);
    expect((await proposing("grouping: {lineage: false}", "--fail-on-change")).code).toBe(1);
  });

  test("compares with another file than the bot's own", async () => {
    const base = file("base.yaml", "grouping: {lineage: false}");
    const { out } = await proposing("grouping: {lineage: false}", "--against", base);
    expect(out).toMatch(/^No difference: 3 incidents/);
  });

  test("takes lineage of files as the proposed configuration has it", async () => {
    const lineage = file(
      "lineage.yaml",
      "assets: [{asset: 'snowflake://acme/analytics.core.payments', upstream: ['snowflake://acme/analytics.core.orders']}]",
    );
    const { out } = await proposing(`lineage: ['${lineage}']`);
    expect(out).toContain("INC-1 and INC-2 become one\n");
    expect(out).toContain("now grouped: 1 step downstream of analytics.core.orders, which INC-1 is about\n");
  });

  test("refuses what `config check` would refuse, a file that is not there, and a span without alerts", async () => {
    expect(await proposing("grouping: {maxSteps: 0}")).toEqual({
      out: "",
      err: `${join(folder, "new.yaml")}: grouping.maxSteps: write 1 or more\n`,
      code: 1,
    });
    expect(await replay("--config", "nowhere.yaml")).toEqual({
      out: "",
      err: "There is no nowhere.yaml.\n",
      code: 1,
    });
    const none = await proposing("{}", "--until", "2026-11-02");
    expect(none).toMatchObject({ out: "", err: expect.stringContaining("nothing to replay"), code: 1 });
    const backwards = await proposing("{}", "--until", "2026-10-02");
    expect(backwards).toMatchObject({ out: "", err: expect.stringContaining("is not before"), code: 1 });
    vi.stubEnv("DATABASE_URL", `sqlite:${join(folder, "none.db")}`);
    expect((await proposing("{}")).err).toContain("There is no database at");
  });

  test("writes nothing to the bot's database", async () => {
    const world = await openWorld(stored.database);
    const all = () =>
      Promise.all([
        world.readDb.selectFrom("signal").selectAll().execute(),
        world.readDb.selectFrom("event").selectAll().execute(),
        world.readDb.selectFrom("outbox").selectAll().execute(),
        world.readDb.selectFrom("counter").selectAll().execute(),
      ]);
    const before = await all();
    await proposing(BY_RUN);
    expect(await all()).toEqual(before);
    await world.close();
  });
});

describe("on Postgres", () => {
  let postgres: Postgres;
  beforeAll(async () => {
    postgres = await startPostgres();
  }, 60_000);
  afterAll(() => postgres.stop());

  test("the alerts that are stored there are replayed", async () => {
    const database = { type: "postgres", url: postgres.url } as const;
    const world = await openWorld(database, "#data-incidents");
    await live(world);
    await world.close();
    runsWith(database);
    expect((await proposing("grouping: {lineage: false}")).out.endsWith(SPLIT)).toBe(true);
  });
});
