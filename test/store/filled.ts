import type { Config } from "../../src/config.ts";
import { LineageAsset, type LineageDocument } from "../../src/core/correlate/lineage-document.ts";
import type { Actor } from "../../src/core/incident/person.ts";
import { ChangeSignal } from "../../src/core/signal/change.ts";
import { type Database, openForReading } from "../../src/store/open.ts";
import { type Fault, verifyDatabase } from "../../src/store/verify.ts";
import { alertOn, ana, openWorld, type World } from "../engine/world.ts";

export const bo: Actor = { kind: "person", id: "U0BO", name: "Bo Karlsson" };
/** Somebody whose name and id are found nowhere by chance. */
export const zoe: Actor = { kind: "person", id: "U0ZOE7Q", name: "Zoë Quartermain" };

const RUNBOOK = "---\ntitle: Late table\n---\n\n## Look\n\nLook at it.\n";

/** Fills a database through the engine with something of everything: three incidents, people, changes, deliveries. */
export async function fill(database: Config["database"]): Promise<void> {
  const world = await openWorld(database);
  const as = (actor: Actor, incident: string, command: Parameters<typeof world.command>[1]) => {
    world.advance(60_000);
    return world.command(incident, command, actor);
  };
  await world.ingest(
    alertOn("orders", { deliveryId: "d1" }),
    alertOn("users", { title: "users late, ask Zoë Quartermain" }),
    alertOn("payments", { labels: { owner: "zoë quartermain" } }),
  );
  await world.engine.index();
  const document: LineageDocument = {
    provider: "yaml",
    key: "shop.yaml",
    at: null,
    assets: [
      LineageAsset.parse({ kind: "table", namespace: "snowflake://acme", name: "raw.orders" }),
      LineageAsset.parse({ kind: "table", namespace: "snowflake://acme", name: "analytics.core.orders" }),
    ],
    edges: [[0, 1]],
  };
  const statement = { document, run: null, complete: true, warnings: [] };
  await world.engine.learn([statement], world.now());
  document.edges = [];
  await world.engine.learn([statement], world.now());
  await as(zoe, "INC-1", { type: "acknowledge" });
  await as(ana, "INC-1", {
    type: "assign_role",
    role: "lead",
    person: { id: "U0ZOE7Q", name: "Zoë Quartermain" },
  });
  await as(zoe, "INC-1", { type: "note", text: "my own cat walked over the keyboard", at: null });
  await as(bo, "INC-1", {
    type: "note",
    text: "asked Zoë Quartermain (<@U0ZOE7Q>) to rerun",
    at: null,
  });
  await as(ana, "INC-1", {
    type: "pin",
    messageTs: "17.1",
    author: zoe,
    text: "the pipeline never liked me",
    at: world.now(),
  });
  await world.engine.command({
    incident: "INC-1",
    command: {
      type: "start_runbook",
      runbook: "late",
      title: "Late table",
      hash: "h1",
      steps: [{ id: "look", title: "Look" }],
    },
    actor: zoe,
    via: "button",
    idempotencyKey: "E1",
    runbook: { slug: "late", hash: "h1", text: RUNBOOK },
  });
  await as(zoe, "INC-1", {
    type: "finish_step",
    runbook: "late",
    step: "look",
    outcome: "done",
    note: "seen by me alone",
  });
  await world.ingest(alertOn("payments", { status: "resolved" }));
  await as(ana, "INC-2", { type: "merge_into", into: "INC-1", reason: "same cause" });
  await as(ana, "INC-1", { type: "restore", assets: [], reason: "counted" });
  await as(zoe, "INC-1", { type: "resolve", text: "restarted the loader twice" });
  await deliver(world);
  const change = { source: "github", dedupKey: "deploy/7", kind: "deployment", status: "succeeded" };
  const unsaid = { deliveryId: null, description: null, repository: null, revision: null, environment: null };
  const none = { paths: [], assets: [], labels: {}, links: [], warnings: [], raw: {} };
  await world.engine.record(
    [
      ChangeSignal.parse({
        ...{ ...change, ...unsaid, ...none, title: "Deploy 7", actor: "Zoë Quartermain" },
        ...{ startedAt: null, endedAt: world.now() },
      }),
    ],
    world.now(),
  );
  await world.close();
}

/** As though Slack had taken all that is due. */
export async function deliver(world: World): Promise<void> {
  for (const row of await world.reads.due(world.now(), 100, [])) {
    await world.submit({ type: "claim", id: row.id, now: world.now() });
    await world.submit({
      type: "settle",
      id: row.id,
      outcome: {
        type: "sent",
        version: row.wanted,
        channel: "C1",
        ts: `1700000000.00000${row.id}`,
        permalink: null,
      },
      now: world.now(),
    });
  }
}

/** What `db verify` finds, one line each. */
export async function faultsOf(db: Database): Promise<string[]> {
  const faults: Fault[] = [];
  await verifyDatabase(db, { fault: (fault) => faults.push(fault), progress: () => {} });
  return faults.map(({ place, what }) => `${place}: ${what}`);
}

export async function faultsIn(database: Config["database"]): Promise<string[]> {
  const db = openForReading(database);
  try {
    return await faultsOf(db);
  } finally {
    await db.destroy();
  }
}
