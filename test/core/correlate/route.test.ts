import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { buildLineage } from "../../../src/core/correlate/lineage.ts";
import { draftDocument } from "../../../src/core/correlate/lineage-document.ts";
import { matchable } from "../../../src/core/correlate/matcher.ts";
import { Route, recoveryBy, routeAlert } from "../../../src/core/correlate/route.ts";
import { assetFacts, NO_FACTS, severityFrom, Tiers } from "../../../src/core/correlate/tiers.ts";
import { SEVERITIES } from "../../../src/core/incident/events.ts";
import { ALERT_SEVERITIES, type AlertSignal } from "../../../src/core/signal/alert.ts";
import { alertOn } from "../../engine/world.ts";

const tiers = Tiers.parse({ Gold: "SEV1", silver: "SEV2", bronze: "SEV4" });
const routes = (...said: object[]) => said.map((each, n) => Route.parse({ name: `rule ${n + 1}`, ...each }));
const route = (rules: Route[], changes: Partial<AlertSignal> = {}, facts = NO_FACTS) =>
  routeAlert(matchable(alertOn("orders", changes), facts.teams), { routes: rules, tiers }, facts);

describe("routing", () => {
  test("the first rule that fits decides, and the trail says why each did or did not apply", () => {
    const rules = routes(
      { match: "source=airflow", team: "platform" },
      { match: "asset=*.orders", team: "payments", channel: "#pay", runbook: "late-table" },
      { match: "all", team: "data", severity: "SEV4" },
    );
    expect(route(rules)).toEqual({
      team: "payments",
      channel: "#pay",
      severity: "SEV2",
      severityReason: "SEV2: its sender says error",
      runbook: "late-table",
      autoResolve: null,
      passes: null,
      trail: [
        { rule: "rule 1", matched: false, why: "source is dbt, not airflow", set: [] },
        {
          rule: "rule 2",
          matched: true,
          why: "asset is analytics.core.orders; gives team payments, channel #pay, runbook late-table; the rule below it was not tried",
          set: ["team", "channel", "runbook"],
        },
      ],
    });
  });
  test("with continue, later rules fill in what is open and change nothing", () => {
    const rules = routes(
      { match: "source=dbt", team: "analytics", autoResolve: false, continue: true },
      { match: "all", team: "nobody", autoResolve: true, continue: true },
      { match: "severity=error", team: "data", passes: 3, runbook: "late-table" },
    );
    const routing = route(rules);
    expect(routing).toMatchObject({
      team: "analytics",
      autoResolve: false,
      passes: 3,
      runbook: "late-table",
    });
    expect(routing.trail.map(({ set }) => set)).toEqual([["team", "autoResolve"], [], ["runbook", "passes"]]);
    expect(routing.trail[1]?.why).toBe("it is for all alerts; gives nothing that was still open");
  });
  test("what it says of how an incident recovers is kept with the name of the rule that lets it end by itself", () => {
    const rules = routes(
      { match: "source=dbt", passes: 3, continue: true },
      { match: "all", autoResolve: true, passes: 9 },
    );
    expect(recoveryBy(route(rules))).toEqual({ passes: 3, autoResolve: true, rules: ["rule 2"] });
    expect(recoveryBy(route(rules.slice(0, 1)))).toEqual({ passes: 3, autoResolve: false, rules: [] });
    for (const said of [{ team: "x" }, { passes: 1 }, { autoResolve: false }])
      expect(recoveryBy(route(routes({ match: "all", ...said })))).toBeNull();
  });
  test("where nothing fits, nothing is said but the severity", () => {
    expect(route([])).toMatchObject({ team: null, channel: null, severity: "SEV2", trail: [] });
  });
  test("a rule may set, raise or lower the severity", () => {
    const severity = (said: unknown, changes: Partial<AlertSignal> = {}) => {
      const routing = route(routes({ name: "r", match: "all", severity: said }), changes);
      return routing.severityReason;
    };
    expect(severity("SEV3")).toBe("SEV3: rule “r” says so");
    expect(severity({ raise: 1 })).toBe("SEV1: rule “r” has it raised by 1 from SEV2: its sender says error");
    expect(severity({ lower: 1 }, { severity: "info" })).toBe(
      "SEV4: rule “r” has it lowered by 1 from SEV4: its sender says info",
    );
  });
  test("a rule may ask for the team that owns the asset", () => {
    const rules = routes({ match: "team=finance", channel: "#fin" });
    expect(route(rules, {}, { ...NO_FACTS, teams: ["core", "Finance"] }).channel).toBe("#fin");
    expect(route(rules).trail[0]?.why).toBe("it has no team");
  });
  test("what comes out is the first thing said, rule by rule, whatever the rules", () => {
    const match = fc.constantFrom("all", "source=dbt", "source=x", "severity=error", "team=a");
    const rule = fc.record({
      match,
      team: fc.constantFrom("a", "b"),
      passes: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
      continue: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 6 }), (said) => {
        const rules = routes(...said);
        const routing = route(rules);
        const applied = rules.filter((each) =>
          routing.trail.some(({ rule, matched }) => matched && rule === each.name),
        );
        expect(routing.team).toBe(applied[0]?.team ?? null);
        expect(routing.passes).toBe(applied.find(({ passes }) => passes !== undefined)?.passes ?? null);
        expect(applied.slice(0, -1).every((each) => each.continue)).toBe(true);
        expect(routing.trail.length === rules.length || applied.at(-1)?.continue === false).toBe(true);
      }),
    );
  });

  test.each<[object, string]>([
    [{ match: "all" }, ": sets nothing; give it a team, channel, severity, runbook, autoResolve or passes"],
    [
      { match: "all", severity: "high" },
      "severity: write one of SEV1, SEV2, SEV3, SEV4, or { raise: 1 } or { lower: 1 }",
    ],
    [{ match: "all", severity: { raise: 9 } }, "severity.raise: write one of SEV1"],
    [{ match: "all", passes: 0 }, "passes: write 1 or more"],
    [{ match: "all", runbook: "Late Table" }, "runbook: write a runbook's slug, such as late-table"],
    [{ match: { asset: 1 }, team: "x" }, "match.asset: write a glob as text"],
    [{ match: "all", team: "x", autoResolve: "yes" }, "autoResolve: write true or false"],
  ])("%j is refused", (said, words) => {
    const issues = Route.safeParse({ name: "x", ...said }).error?.issues ?? [];
    expect(issues.map((each) => `${each.path.join(".")}: ${each.message}`).join("\n")).toContain(words);
  });
});

describe("the severity of an alert", () => {
  const exposed = { tiers: [], exposuresDownstream: 2, maturity: "high" };
  test.each([
    ["error", { tiers: [], exposuresDownstream: 0 }, "SEV2: its sender says error"],
    [
      "error",
      { tiers: ["bronze", " GOLD "], exposuresDownstream: 0 },
      "SEV1: its sender says error, the asset is of tier gold",
    ],
    [
      "warning",
      { tiers: ["gold"], exposuresDownstream: 0 },
      "SEV2: its sender says warning, the asset is of tier gold",
    ],
    [
      "error",
      { tiers: ["bronze"], exposuresDownstream: 0 },
      "SEV4: its sender says error, the asset is of tier bronze",
    ],
    [
      "critical",
      { tiers: ["bronze"], exposuresDownstream: 0 },
      "SEV1: its sender says critical, a critical is not lowered by tier bronze",
    ],
    ["error", { tiers: ["constructor"], exposuresDownstream: 0 }, "SEV2: its sender says error"],
    ["warning", exposed, "SEV2: its sender says warning, one of 2 exposures downstream is of high maturity"],
    ["warning", { ...exposed, maturity: "low" }, "SEV3: its sender says warning"],
    ["critical", exposed, "SEV1: its sender says critical"],
  ] as const)("%s with %j: %s", (level, facts, reason) => {
    expect(severityFrom(level, { ...facts, tiers: [...facts.tiers] }, tiers).reason).toBe(reason);
  });
  test("of a critical is never lowered, and a worse level is never less severe", () => {
    const facts = fc.record({
      tiers: fc.array(fc.constantFrom("gold", "silver", "bronze", "other")),
      exposuresDownstream: fc.nat(3),
      maturity: fc.constantFrom("high", "low", null),
    });
    const rules = fc.dictionary(fc.constantFrom("gold", "silver", "bronze"), fc.constantFrom(...SEVERITIES));
    fc.assert(
      fc.property(facts, rules, (facts, rules) => {
        const severities = ALERT_SEVERITIES.map((level) => severityFrom(level, facts, rules).severity);
        expect(severities[0]).toBe("SEV1");
        expect(severities).toEqual(severities.toSorted());
      }),
    );
  });
  test("knows tiers, teams and exposures by lineage", () => {
    const draft = draftDocument();
    const orders = draft.add({
      kind: "model",
      namespace: "snowflake://acme",
      name: "analytics.core.orders",
      owner: "Ana",
      group: "finance",
      tier: "gold",
    })!;
    const board = draft.add({ kind: "exposure", namespace: "dbt", name: "board", maturity: "medium" })!;
    const app = draft.add({ kind: "exposure", namespace: "dbt", name: "app", maturity: "high" })!;
    draft.link(orders, board);
    draft.link(orders, app);
    const lineage = buildLineage([draft.finish({ provider: "dbt", key: "shop", at: null })]);
    expect(assetFacts(alertOn("orders"), lineage)).toEqual({
      teams: ["finance", "Ana"],
      tiers: ["gold"],
      exposuresDownstream: 2,
      maturity: "high",
    });
    expect(assetFacts(alertOn("nowhere"), lineage)).toEqual(NO_FACTS);
    expect(assetFacts(alertOn("orders"), null)).toEqual(NO_FACTS);
  });
});
