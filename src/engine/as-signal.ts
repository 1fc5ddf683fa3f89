import { AlertSeverity, type AlertSignal } from "../core/signal/alert.ts";
import type { Batch } from "./batch.ts";
import type { IncidentAlert } from "./ports.ts";

/**
 * Alerts of an incident as if they came now, for what asks of a signal: keys, routes, runbooks. A sender's own idea of
 * what belongs together is not kept with an alert, so `groupHint` is null.
 */
export async function asSignals(batch: Batch, rows: IncidentAlert[]): Promise<AlertSignal[]> {
  const unread = rows.map(({ fingerprint }) => fingerprint).filter((print) => !batch.alerts.has(print));
  const stored = await batch.ledger.alerts(unread);
  return rows.map((row) => ({
    source: row.source,
    dedupKey: (batch.alerts.get(row.fingerprint) ?? stored.get(row.fingerprint))?.dedupKey ?? row.fingerprint,
    deliveryId: null,
    status: row.status,
    severity: AlertSeverity.parse(row.severity),
    title: row.title,
    description: row.description,
    assets: row.assets,
    impacted: [],
    labels: row.labels,
    links: row.links,
    startsAt: row.startsAt,
    endsAt: row.endsAt,
    observedAt: null,
    groupHint: null,
    warnings: row.warnings,
    raw: null,
  }));
}
