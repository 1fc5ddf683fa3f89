import { activeWindows } from "../core/correlate/maintenance.ts";
import { type Matchable, matchable } from "../core/correlate/matcher.ts";
import { activeSilences } from "../core/correlate/silence.ts";
import { type AssetFacts, assetFacts } from "../core/correlate/tiers.ts";
import type { Relation } from "../core/incident/events.ts";
import { isOpen } from "../core/incident/state.ts";
import { plural } from "../core/plural.ts";
import { formatDuration } from "../core/report/clocks.ts";
import { type AlertSignal, fingerprint } from "../core/signal/alert.ts";
import type { Attempt, Explanation } from "../core/verb/answers/explain.ts";
import { areApart } from "./apart.ts";
import { asSignals } from "./as-signal.ts";
import { objection } from "./assign.ts";
import { alertKey, type Batch } from "./batch.ts";
import { causes } from "./fires-on.ts";
import { recallHeld } from "./memory.ts";
import type { HeldAlert } from "./ports.ts";

/**
 * What would become of alerts were they to come now, with all that is tried on them. Asked of the writer, which has the
 * graph, the open incidents and the silences in memory: a second graph in the thread that answers Slack would hold it up
 * for two of Slack's three seconds at 100,000 assets, and could say something else. Null for one that the incident does
 * not have, unless it is held, wherever that counts.
 */
export async function explain(
  batch: Batch,
  incident: string | null,
  fingerprints: string[],
  now: string,
): Promise<(Explanation | null)[]> {
  const { held } = await recallHeld(batch.memory, batch.ledger);
  const told = await batch.ledger.heldSignals(fingerprints.filter((print) => held.has(print)));
  const explained: (Explanation | null)[] = [];
  for (const print of fingerprints) {
    const alert = held.get(print) ?? null;
    const signal = alert
      ? (batch.changes.held.get(print)?.signal ?? told.get(print)!)
      : await signalIn(batch, incident, print);
    explained.push(signal ? await explainOne(batch, { ...signal, status: "firing" }, alert, now) : null);
  }
  return explained;
}

async function signalIn(batch: Batch, incident: string | null, print: string): Promise<AlertSignal | null> {
  if (incident === null) return null;
  const key = alertKey(incident, print);
  const row =
    batch.incidentAlerts.get(key) ??
    (await batch.ledger.incidentAlerts([{ incident, fingerprint: print }])).get(key);
  return row ? (await asSignals(batch, [row]))[0]! : null;
}

async function explainOne(
  batch: Batch,
  signal: AlertSignal,
  held: HeldAlert | null,
  now: string,
): Promise<Explanation> {
  await batch.prefetch([signal]);
  const facts = assetFacts(signal, batch.memory.lineage);
  const { severityReason, trail } = batch.routeOf(signal);
  return {
    held: held && {
      by: held.by,
      holder: held.holder,
      reason: await batch.holds.stillHolds(held, now),
      since: held.since,
      incident: held.incident,
    },
    facts: factWords(facts),
    severityReason,
    routes: trail,
    grouping: [
      ...(await ownIncident(batch, signal)),
      ...batch.keysOf(signal).all.map((key) => keyTried(batch, key)),
      ...(await lineageTried(batch, signal, now)),
    ],
    holds: await holdsTried(batch, signal, matchable(signal, facts.teams), now),
  };
}

function factWords({ teams, tiers, exposuresDownstream, maturity }: AssetFacts): string[] {
  return [
    ...(teams.length > 0 ? [`owned by ${teams.join(", ")}`] : []),
    ...(tiers.length > 0 ? [`tier ${tiers.join(", ")}`] : []),
    ...(exposuresDownstream > 0
      ? [
          `${plural(exposuresDownstream, "exposure")} downstream${maturity ? `, maturity up to ${maturity}` : ""}`,
        ]
      : []),
  ];
}

async function ownIncident(batch: Batch, signal: AlertSignal): Promise<Attempt[]> {
  const key = batch.alerts.get(fingerprint(signal))?.incident;
  if (!key) return [];
  const { phase } = await batch.state(key);
  const matched = isOpen(phase);
  const why = matched ? `${key} has it and is open; the rest is tried once it is not` : `${key} is ${phase}`;
  return [{ rule: "its own incident", matched, why }];
}

function keyTried(batch: Batch, key: string): Attempt {
  const { open = null, resolved = null } = batch.groups.get(key) ?? {};
  const why = open
    ? `${open} is open and holds it`
    : resolved
      ? `no open incident holds it; ${resolved.incident} did, and reopens within ${formatDuration(batch.settings.reopenWithinMs)} of its end`
      : "no open incident holds it";
  return { rule: `key ${key}`, matched: open !== null, why };
}

/** Of each relation the nearest incidents, and what speaks against them. */
async function lineageTried(batch: Batch, signal: AlertSignal, now: string): Promise<Attempt[]> {
  const { lineage, maxSteps, window, windowKind } = batch.settings.grouping;
  if (!lineage) return [{ rule: "lineage", matched: false, why: "it is turned off (grouping.lineage)" }];
  const own = batch.alerts.get(fingerprint(signal))?.incident ?? null;
  const current = own ? await batch.state(own) : null;
  const within = `within the window of ${formatDuration(window)}, ${windowKind}`;
  const tried: Attempt[] = [];
  const looks: [Relation["kind"], string, typeof batch.topology.above][] = [
    ["downstream", "above", batch.topology.above],
    ["upstream", "below", batch.topology.below],
    ["sibling", "beside", batch.topology.beside],
  ];
  for (const [kind, where, look] of looks) {
    const found = causes(signal)
      .flatMap((asset) => look(asset))
      .sort((a, b) => a.steps - b.steps)
      .slice(0, SHOWN);
    if (found.length === 0)
      tried.push({ rule: `lineage, ${kind}`, matched: false, why: `no open incident stands ${where} it` });
    for (const { incident, asset, steps } of found) {
      const isApart = current !== null && (await areApart(batch, current, incident));
      const against = isApart
        ? `a person took it apart from ${current.key}`
        : steps > maxSteps
          ? `more than ${plural(maxSteps, "step")} (grouping.maxSteps)`
          : await objection(batch, incident, kind, signal, now);
      const relation = `${plural(steps, "step")} ${kind === "sibling" ? "beside" : `${kind} of`} ${asset.name} (${incident})`;
      const sure = kind === "sibling" ? "medium" : "high";
      tried.push({
        rule: `lineage, ${kind}`,
        matched: against === null,
        why: `${relation}: ${against ?? `${within}; confidence ${sure}`}`,
      });
    }
  }
  return tried;
}

async function holdsTried(
  batch: Batch,
  signal: AlertSignal,
  subject: Matchable,
  now: string,
): Promise<Attempt[]> {
  const { maintenance, inhibit } = batch.settings.routing;
  const silences = [...(await recallHeld(batch.memory, batch.ledger)).silences.values()];
  const active = new Set<string>(activeSilences(silences, now).map(({ id }) => id));
  const under = new Set(activeWindows(maintenance, now).map(({ window }) => window));
  const inhibited = await batch.holds.inhibited(fingerprint(signal));
  return [
    ...silences.map(({ id, match }) => tryOn(`silence ${id}`, match, subject, active.has(id))),
    ...maintenance.map((window) =>
      tryOn(`window “${window.name}”`, window.match, subject, under.has(window)),
    ),
    ...inhibit.map(({ name, held }): Attempt => {
      const rule = `inhibition “${name}”`;
      if (inhibited?.rule === name) return { rule, matched: true, why: inhibited.reason };
      const { fits, why } = held.try(subject);
      return { rule, matched: false, why: fits ? "nothing fires that it would be inhibited by" : why };
    }),
  ];
}

function tryOn(
  rule: string,
  matcher: { try(alert: Matchable): { fits: boolean; why: string } },
  subject: Matchable,
  isActive: boolean,
): Attempt {
  const { fits, why } = matcher.try(subject);
  return {
    rule,
    matched: fits && isActive,
    why: isActive || !fits ? why : `${why}, but it is not in force now`,
  };
}

/** As many incidents of one relation are listed. */
const SHOWN = 3;
