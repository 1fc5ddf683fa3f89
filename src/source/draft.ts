import { hash } from "node:crypto";
import type { z } from "zod";
import { Refusal } from "../core/refusal.ts";
import { ALERT_LIMITS, type AlertSeverity, type AlertSignal, Link } from "../core/signal/alert.ts";
import { Asset, assetId } from "../core/signal/asset.ts";
import type { ChangeSignal } from "../core/signal/change.ts";
import { readInstant } from "../core/signal/instant.ts";
import { cleanJson, cleanLine, cleanText } from "../core/signal/text.ts";
import { text } from "./json.ts";
import type { Reading } from "./source.ts";

/** An alert as a source reads it, with the sender's values as they came; `finishAlert` makes it fit to keep. */
export type AlertDraft = {
  source: string;
  dedupKey: string;
  deliveryId?: string | null;
  status: AlertSignal["status"];
  severity: AlertSeverity;
  title: string;
  description?: string | null;
  assets?: (Asset | null)[];
  impacted?: (Asset | null)[];
  labels?: Record<string, unknown>;
  links?: { title: string; url: unknown }[];
  startsAt?: unknown;
  endsAt?: unknown;
  observedAt?: unknown;
  groupHint?: string | null;
  warnings?: string[];
  raw: unknown;
};

/**
 * The one place where what a sender sent is cut to `ALERT_LIMITS`, cleaned and normalised. What has to be left out is
 * said in `warnings`; only an alert without identity or title is refused.
 */
export function finishAlert(draft: AlertDraft, receivedAt: string): AlertSignal {
  const warnings = [...(draft.warnings ?? [])];
  const assets = keepAssets(draft.assets ?? [], "assets", warnings);
  const known = new Set(assets.map(assetId));
  const impacted = keepAssets(draft.impacted ?? [], "impacted assets", warnings);
  const labels = keepLabels(draft.labels ?? {}, warnings);
  const links = keepLinks(draft.links ?? [], warnings);
  const startsAt = keepInstant(draft.startsAt, "start", receivedAt, warnings);
  const signal: AlertSignal = {
    source: draft.source,
    dedupKey: required("dedup_key", shorten(draft.dedupKey, ALERT_LIMITS.dedupKey)),
    deliveryId: draft.deliveryId ? shorten(draft.deliveryId, 500) || null : null,
    status: draft.status,
    severity: draft.severity,
    title: required("title", cleanLine(draft.title, ALERT_LIMITS.title)),
    description: cleanText(draft.description?.trim() ?? "", ALERT_LIMITS.description) || null,
    assets,
    impacted: impacted.filter((asset) => !known.has(assetId(asset))),
    labels,
    links,
    startsAt,
    endsAt: keepInstant(draft.endsAt, "end", receivedAt, warnings),
    observedAt:
      startsAt !== null && draft.observedAt === draft.startsAt
        ? startsAt
        : keepInstant(draft.observedAt, "observation", receivedAt, warnings),
    groupHint: draft.groupHint ? shorten(draft.groupHint, 1000) || null : null,
    warnings: [],
    raw: cleanJson(draft.raw),
  };
  return { ...signal, warnings: [...new Set(warnings)].slice(0, 50).map((each) => cleanText(each, 500)) };
}

/** 16 hex digits that stand for some values, where a sender gives no identity of its own. */
export function hashOf(...values: unknown[]): string {
  return hash("sha256", JSON.stringify(values)).slice(0, 16);
}

/**
 * Reads the parts of one body, each on its own: a part that is refused is listed with its path and takes none of the
 * others with it. A body of which no part can be read is refused as a whole, so that its sender hears of it.
 */
export function readEach<Part>(
  parts: { path: string; part: Part }[],
  read: (part: Part, path: string) => AlertSignal | null,
): Reading {
  const { kept, rejected } = eachPart(parts, read);
  return { alerts: kept, rejected };
}

/** As `readEach`, for changes. */
export function readEachChange<Part>(
  parts: { path: string; part: Part }[],
  read: (part: Part, path: string) => ChangeSignal | null,
): Reading {
  const { kept, rejected } = eachPart(parts, read);
  return { alerts: [], changes: kept, rejected };
}

function eachPart<Part, Signal>(
  parts: { path: string; part: Part }[],
  read: (part: Part, path: string) => Signal | null,
): { kept: Signal[]; rejected: Reading["rejected"] } {
  const reading: { kept: Signal[]; rejected: Reading["rejected"] } = { kept: [], rejected: [] };
  let refused = 0;
  for (const { path, part } of parts) {
    try {
      const signal = read(part, path);
      if (signal !== null) reading.kept.push(signal);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      refused += 1;
      const issues = error.issues.length > 0 ? error.issues : [{ path: "", message: error.message }];
      for (const issue of issues)
        reading.rejected.push({ path: joinPath(path, issue.path), message: issue.message });
    }
  }
  if (refused === 0 || refused < parts.length) return reading;
  const [first] = reading.rejected;
  throw invalid(
    `Nothing in this body could be read. ${first!.path || "body"}: ${first!.message}`,
    reading.rejected.slice(0, 50),
  );
}

/** As many as no sender has to say at once; more would hold up everything else while they are read. */
const MAX_PARTS = 50_000;

/** A single object, or a list of them, as parts with their paths. */
export function partsOf(body: unknown, path = ""): { path: string; part: unknown }[] {
  if (!Array.isArray(body)) return [{ path, part: body }];
  if (body.length > MAX_PARTS) {
    const most = MAX_PARTS.toLocaleString("en");
    throw invalid(
      `${path || "The body"} has ${body.length.toLocaleString("en")} entries. Send at most ${most} at once.`,
      [{ path, message: `must have at most ${most} entries` }],
    );
  }
  return body.map((part, index) => ({ path: `${path}[${index}]`, part }));
}

/** What a schema found wrong, with paths such as `assets[0].name`. */
export function issuesIn(issues: readonly Pick<z.core.$ZodIssue, "path" | "message">[]): Refusal["issues"] {
  return issues.map(({ path, message }) => ({
    path: path
      .map((key, index) => (typeof key === "number" ? `[${key}]` : `${index > 0 ? "." : ""}${String(key)}`))
      .join(""),
    message,
  }));
}

/** `alerts[0]` and `labels.env` are `alerts[0].labels.env`. */
function joinPath(parent: string, child: string): string {
  if (parent === "" || child === "" || child.startsWith("[")) return parent + child;
  return `${parent}.${child}`;
}

export function invalid(message: string, issues: { path: string; message: string }[] = []): Refusal {
  return new Refusal("invalid", message, issues);
}

/** Identities are never clipped, as two long ones could then be taken for one: the cut end is stood for by its hash. */
export function shorten(value: string, limit: number): string {
  const cleaned = cleanText(value, Number.POSITIVE_INFINITY).trim();
  return cleaned.length <= limit ? cleaned : `${cleanText(cleaned, limit - 17)}#${hashOf(cleaned)}`;
}

export function required(name: string, kept: string): string {
  if (kept === "")
    throw invalid(`${name} is empty: send a text.`, [{ path: name, message: "must not be empty" }]);
  return kept;
}

export function keepInstant(
  value: unknown,
  name: string,
  receivedAt: string,
  warnings: string[],
): string | null {
  const { at, problem } = readInstant(value, receivedAt);
  if (problem !== null) warnings.push(`The time of the ${name} was left out: ${problem}.`);
  return at;
}

/**
 * Of a longer list no more is looked at, nor of more labels: far more than is kept of any, so that repeats and what is
 * empty take no place, and few enough that nothing waits for it.
 */
export const READ_LIMIT = 10_000;

export function keepAssets(assets: (Asset | null)[], what: string, warnings: string[]): Asset[] {
  const kept = new Map<string, Asset>();
  let left = Math.max(0, assets.length - READ_LIMIT);
  for (const asset of assets.slice(0, READ_LIMIT)) {
    if (asset === null) continue;
    const read = Asset.safeParse({ namespace: cleanName(asset.namespace), name: cleanName(asset.name) });
    if (!read.success) warnings.push(`One of the ${what} was left out: its name is empty or too long.`);
    else if (kept.size < ALERT_LIMITS.assets) kept.set(assetId(read.data), read.data);
    else if (!kept.has(assetId(read.data))) left += 1;
  }
  if (left > 0)
    warnings.push(`Only the first ${ALERT_LIMITS.assets} ${what} were kept, ${left} were left out.`);
  return [...kept.values()];
}

function cleanName(name: string): string {
  return cleanText(name, 2000).trim();
}

/** Lists become `a, b`, other structures their JSON; absent values make no label. */
export function keepLabels(labels: Record<string, unknown>, warnings: string[]): Record<string, string> {
  const kept: Record<string, string> = {};
  const names = Object.keys(labels);
  let count = 0;
  let left = Math.max(0, names.length - READ_LIMIT);
  for (const name of names.slice(0, READ_LIMIT)) {
    const value = labels[name];
    const key = cleanLine(name, 200);
    if (key === "" || key === "__proto__" || value === null || value === undefined || value === "") continue;
    if (count < ALERT_LIMITS.labels) {
      kept[key] = cleanText(labelText(value), ALERT_LIMITS.labelValue);
      count += 1;
    } else left += 1;
  }
  if (left > 0)
    warnings.push(`Only the first ${ALERT_LIMITS.labels} labels were kept, ${left} were left out.`);
  return kept;
}

function labelText(value: unknown): string {
  if (Array.isArray(value) && value.every((each) => text(each) !== null)) return value.join(", ");
  return typeof value === "object" ? JSON.stringify(cleanJson(value)) : String(value);
}

export function keepLinks(links: { title: string; url: unknown }[], warnings: string[]): Link[] {
  const kept = new Map<string, Link>();
  for (const { title, url } of links.slice(0, READ_LIMIT)) {
    const address = text(url);
    if (address === null) continue;
    const link = Link.safeParse({ title: cleanLine(title, 200) || "Link", url: cleanText(address, 4000) });
    // Only web addresses: a `javascript:` or `file:` link has no business in a chat message.
    if (!link.success || !/^https?:\/\//i.test(address))
      warnings.push(`The link "${title}" was left out: it is no http(s) address.`);
    else if (kept.size < ALERT_LIMITS.links && !kept.has(address)) kept.set(address, link.data);
  }
  return [...kept.values()];
}
