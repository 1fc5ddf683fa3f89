import { z } from "zod";
import { severityOf } from "../incident/decide.ts";
import { SEVERITIES, type Severity } from "../incident/events.ts";
import type { AlertSeverity, AlertSignal } from "../signal/alert.ts";
import type { Lineage } from "./lineage.ts";

/**
 * `tiers` of breakwater.yaml: how severe an error on an asset of a tier is. A warning there is one lower and an info two,
 * as they are without tiers (an error is SEV2, a warning SEV3); a critical is one higher.
 */
export const Tiers = z.record(
  z.string().trim().toLowerCase().min(1, "write a tier's name, such as gold"),
  z.enum(SEVERITIES, `write one of ${SEVERITIES.join(", ")}`),
  "map tiers to severities, such as { gold: SEV1, bronze: SEV3 }",
);
export type Tiers = z.infer<typeof Tiers>;

/** What lineage knows of an alert's assets, as far as it bears on who and how severe. */
export type AssetFacts = {
  /** Groups and owners. */
  teams: string[];
  tiers: string[];
  exposuresDownstream: number;
  /** The highest maturity of those exposures. */
  maturity: string | null;
};
export const NO_FACTS: AssetFacts = { teams: [], tiers: [], exposuresDownstream: 0, maturity: null };

const MATURITIES = ["low", "medium", "high"];
/** Beyond so many consumers the number says no more. */
const CONSUMERS = 500;

export function assetFacts({ assets }: Pick<AlertSignal, "assets">, lineage: Lineage | null): AssetFacts {
  if (lineage === null) return NO_FACTS;
  const ids = [...new Set(assets.map((asset) => lineage.resolve(asset)?.id ?? null))].filter(
    (id) => id !== null,
  );
  const known = ids.map((id) => lineage.attributes(id));
  const consumers = new Map<number, string | null>();
  for (const id of ids) {
    if (consumers.size >= CONSUMERS) break;
    for (const consumer of lineage.consumersOf(id, { limit: CONSUMERS }))
      consumers.set(consumer.id, consumer.maturity);
  }
  const rank = Math.max(
    -1,
    ...[...consumers.values()].map((each) => MATURITIES.indexOf(each?.toLowerCase() ?? "")),
  );
  const owners = known.flatMap((each) => each.owners.flatMap(({ name, email }) => name ?? email ?? []));
  return {
    teams: [...new Set([...known.flatMap(({ groups }) => groups), ...owners])],
    tiers: [...new Set(known.flatMap(({ tiers }) => tiers))],
    exposuresDownstream: consumers.size,
    maturity: MATURITIES[rank] ?? null,
  };
}

export type SeverityReason = { severity: Severity; reason: string };

/**
 * A severity from the sender's level, the highest tier of the assets, and whether an exposure of high maturity is
 * downstream, which raises it by one. A sender's critical is never lowered.
 */
export function severityFrom(
  level: AlertSeverity,
  {
    tiers,
    exposuresDownstream,
    maturity,
  }: Pick<AssetFacts, "tiers" | "exposuresDownstream"> & { maturity?: string | null },
  rules: Tiers,
): SeverityReason {
  const reasons = [`its sender says ${level}`];
  let severity = severityOf(level);
  const tier = highestTier(tiers, rules);
  if (tier) {
    const steps = SEVERITIES.indexOf(severityOf(level)) - SEVERITIES.indexOf(severityOf("error"));
    const said = moved(tier.severity, steps);
    const kept = level === "critical" && said > severity;
    reasons.push(
      kept ? `a critical is not lowered by tier ${tier.name}` : `the asset is of tier ${tier.name}`,
    );
    if (!kept) severity = said;
  }
  if (exposuresDownstream > 0 && maturity?.toLowerCase() === "high" && severity !== "SEV1") {
    severity = moved(severity, -1);
    const many = exposuresDownstream === 1 ? "an exposure" : `one of ${exposuresDownstream} exposures`;
    reasons.push(`${many} downstream is of high maturity`);
  }
  return { severity, reason: `${severity}: ${reasons.join(", ")}` };
}

function highestTier(tiers: readonly string[], rules: Tiers): { name: string; severity: Severity } | null {
  const [highest] = tiers
    .map((tier) => tier.trim().toLowerCase())
    .flatMap((name) => (Object.hasOwn(rules, name) ? [{ name, severity: rules[name]! }] : []))
    .sort((a, b) => (a.severity < b.severity ? -1 : a.severity > b.severity ? 1 : a.name < b.name ? -1 : 1));
  return highest ?? null;
}

/** So many steps down (or up, below 0), within SEV1 to SEV4. */
export function moved(severity: Severity, steps: number): Severity {
  const at = SEVERITIES.indexOf(severity) + steps;
  return SEVERITIES[Math.min(Math.max(at, 0), SEVERITIES.length - 1)]!;
}
