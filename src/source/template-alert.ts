import type { AlertSignal } from "../core/signal/alert.ts";
import type { Asset } from "../core/signal/asset.ts";
import { parseAssetId } from "../core/signal/dataset.ts";
import { readSeverity, readStatus } from "../core/signal/words.ts";
import { assetOfLabels } from "./asset-labels.ts";
import { finishAlert, invalid } from "./draft.ts";
import { list, object, text, textAt } from "./json.ts";
import { isPlaceholder, saidText } from "./placeholder.ts";

/** A body that a user's own template made: it says itself what is broken, by the identity `dedup_key`. */
export function isTemplateAlert(part: unknown): boolean {
  return textAt(part, "dedup_key") !== null && textAt(part, "title") !== null;
}

/**
 * `{status, title, dedup_key, description, severity, run_id, run_url, labels, assets, delivery_id, occurred_at}`, the
 * plain alert that tools with a free template can be made to send. A status that says nothing is taken as firing.
 */
export function readTemplateAlert(part: unknown, source: string, receivedAt: string): AlertSignal {
  refuseUnfilled(part, ["dedup_key", "status"]);
  const body = object(part) ?? {};
  const labels = object(body.labels) ?? {};
  const said = statusOf(body.status);
  const status = said ?? "firing";
  const severity = readSeverity(body.severity);
  const warnings = [
    ...unfilledWarnings(body, ""),
    ...unfilledWarnings(labels, "labels."),
    ...(said === null ? ["The status was not understood and taken as firing: use firing or resolved."] : []),
    ...(saidText(body.severity) !== null && severity === null
      ? ["The severity is not known and was taken as error: use critical, error, warning or info."]
      : []),
  ];
  const dedupKey = textAt(body, "dedup_key")!;
  const run = saidText(body.run_id);
  const occurred = saidText(body.occurred_at);
  return finishAlert(
    {
      source,
      dedupKey,
      deliveryId: saidText(body.delivery_id) ?? (run === null ? null : `${dedupKey}/${run}/${status}`),
      status,
      severity: severity ?? "error",
      title: saidText(body.title) ?? dedupKey,
      description: saidText(body.description),
      assets: [...list(body.assets).map(assetOf), assetOfLabels(saidLabels(labels), source)],
      labels: { run_id: run, ...saidLabels(labels) },
      links: [{ title: "Run", url: saidText(body.run_url) ?? saidText(body.url) }],
      startsAt: status === "firing" ? occurred : null,
      endsAt: status === "resolved" ? occurred : null,
      observedAt: occurred,
      groupHint: run,
      warnings,
      raw: part,
    },
    receivedAt,
  );
}

/** A template can also write the name of the state that a run is in, which is Completed where all went well. */
function statusOf(word: unknown): AlertSignal["status"] | null {
  return saidText(word)?.toLowerCase() === "completed" ? "resolved" : readStatus(word);
}

/** `namespace/name`, or the two as an object. */
function assetOf(asset: unknown): Asset | null {
  const written = saidText(asset);
  if (written !== null) return parseAssetId(written);
  const namespace = saidText(textAt(asset, "namespace"));
  const name = saidText(textAt(asset, "name"));
  return namespace === null || name === null ? null : { namespace, name };
}

const TEMPLATE = /\{\{[^{}]{0,200}\}\}|\{%[^{}]{0,200}%\}|\$\{[^{}$]{0,200}\}/;

/**
 * An identity made of placeholders that were not filled in would be one and the same for everything, so its sender is
 * told at once.
 */
export function refuseUnfilled(part: unknown, fields: string[]): void {
  for (const field of fields) {
    const value = textAt(part, field);
    const found = value === null ? undefined : TEMPLATE.exec(value.slice(0, 5000))?.[0];
    // `$X`, and the words None and null, count only where they are all that there is.
    if (value === null || (found === undefined && saidText(value) !== null)) continue;
    const message = `holds a template that was not filled in: ${(found ?? value).slice(0, 80)}`;
    throw invalid(`${field} ${message}. Check how the sender fills in its template.`, [
      { path: field, message },
    ]);
  }
}

/** Values that say something, without those that the template left unfilled. */
export function saidLabels(labels: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(labels).filter(([, value]) => text(value) === null || saidText(value) !== null),
  );
}

export function unfilledWarnings(fields: Record<string, unknown>, path: string): string[] {
  return Object.entries(fields)
    .filter(([, value]) => isPlaceholder(value))
    .map(
      ([name]) =>
        `${path}${name.slice(0, 100)} holds a template that was not filled in; it was taken as absent.`,
    );
}
