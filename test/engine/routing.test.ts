import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { draftDocument } from "../../src/core/correlate/lineage-document.ts";
import { alertOn, openWorld, temporaryFile, type World } from "./world.ts";

const PAYMENTS = {
  name: "payments",
  match: { asset: "*.payments" },
  team: "payments",
  channel: "C2",
  severity: "SEV1",
};

let place: ReturnType<typeof temporaryFile>;
let world: World;
const start = async (routing: { routes?: unknown; tiers?: unknown }) => {
  world = await openWorld(place.database, "C1", {}, routing);
};
beforeEach(() => {
  place = temporaryFile();
});
afterEach(async () => {
  await world.close();
  place.remove();
});

describe("a routing rule", () => {
  it("decides channel, team and severity of what it opens, and the log says which rule", async () => {
    await start({ routes: [PAYMENTS] });
    await world.ingest(alertOn("payments", { severity: "warning" }));
    const state = (await world.reads.state("INC-1"))!;
    expect(state).toMatchObject({ channel: "C2", team: "payments", severity: "SEV1" });
    const [opened] = await world.reads.events("INC-1");
    expect(opened!.body).toMatchObject({
      routing: { rules: ["payments"], severityReason: "SEV1: rule “payments” says so" },
    });
    const effects = await world.reads.due(world.now(), 10, []);
    expect(effects.find(({ kind }) => kind === "card")!.channel).toBe("C2");
  });

  it("leaves alone what it does not fit", async () => {
    await start({ routes: [PAYMENTS] });
    await world.ingest(alertOn("orders", { severity: "warning" }));
    const state = (await world.reads.state("INC-1"))!;
    expect(state).toMatchObject({ channel: "C1", team: null, severity: "SEV3" });
    expect((await world.reads.events("INC-1"))[0]!.body).not.toHaveProperty("routing");
  });

  it("raises the severity of an incident that its alert joins, and says why; a person's choice stays", async () => {
    await start({ routes: [PAYMENTS] });
    const draft = draftDocument();
    const handle = (name: string) =>
      draft.add({ namespace: "snowflake://acme", name: `analytics.core.${name}`, kind: "model" })!;
    draft.link(handle("orders"), handle("payments"));
    const document = draft.finish({ provider: "yaml", key: "t", at: null });
    await world.engine.learn([{ document, run: null, complete: true, warnings: [] }], world.now());
    await world.ingest(alertOn("orders", { severity: "warning" }));
    await world.ingest(alertOn("payments", { severity: "warning" }));
    const events = await world.reads.events("INC-1");
    expect(events.map(({ body }) => body)).toContainEqual({
      type: "severity_changed",
      from: "SEV3",
      to: "SEV1",
      reason: "SEV1: rule “payments” says so",
    });
  });

  it("holds for each alert: also the second on a table, one that fires again, one about no table", async () => {
    const staging = { name: "staging", match: { labels: { environment: "staging" } }, severity: "SEV4" };
    const pii = { name: "personal data", match: { labels: { pii: "yes" } }, severity: "SEV1" };
    await start({ routes: [pii, staging] });
    const labels = { environment: "staging" };
    const severity = async (key: string) => (await world.reads.state(key))!.severity;
    await world.ingest(alertOn("orders", { labels }), alertOn("orders", { labels, dedupKey: "unique" }));
    await world.ingest(alertOn("orders", { labels, status: "resolved" }));
    await world.ingest(alertOn("orders", { labels }));
    await world.ingest(alertOn("orders", { labels, title: "3 rows are null" }));
    await world.ingest(alertOn("run", { labels, assets: [] }));
    expect([await severity("INC-1"), await severity("INC-2")]).toEqual(["SEV4", "SEV4"]);
    await world.ingest(alertOn("orders", { labels: { pii: "yes" }, dedupKey: "volume" }));
    expect(await severity("INC-1")).toBe("SEV1");
    expect((await world.reads.events("INC-1")).at(-1)!.body).toMatchObject({
      reason: "SEV1: rule “personal data” says so",
    });
  });
});

it("a tier of the lineage says how severe an error there is", async () => {
  await start({ tiers: { gold: "SEV1" } });
  const draft = draftDocument();
  draft.add({ namespace: "snowflake://acme", name: "analytics.core.orders", kind: "model", tier: "gold" });
  const document = draft.finish({ provider: "yaml", key: "t", at: null });
  await world.engine.learn([{ document, run: null, complete: true, warnings: [] }], world.now());
  await world.ingest(alertOn("orders", { severity: "error" }));
  expect((await world.reads.state("INC-1"))!.severity).toBe("SEV1");
});
