import { hash as hashOf } from "node:crypto";
import { type Asset, assetId } from "../signal/asset.ts";
import type { Asked } from "./command.ts";
import { EventBody, type NewEvent, type RecordedEvent, type Relation } from "./events.ts";
import type { IncidentState } from "./state.ts";

/** JSON with sorted keys: the same value gives the same bytes, whatever order it was built or parsed in. */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  let fields = "";
  for (const key of Object.keys(value).sort()) {
    const field = (value as Record<string, unknown>)[key];
    if (field !== undefined) fields += `${fields && ","}${JSON.stringify(key)}:${canonicalJson(field)}`;
  }
  return `{${fields}}`;
}

/** The parts of an event that may have to be forgotten, each as a hash; with them the chain holds without the parts. */
export type Digests = { actor: string; permalink: string; body: string };

/** An event as it is stored, its JSON parsed and no more: what is checked is what stands there. */
export type LogEntry = Omit<RecordedEvent, "actor" | "via" | "body"> & {
  actor: unknown;
  via: string;
  body: unknown;
};

function sha256(text: string): string {
  return hashOf("sha256", text);
}

/** The salt keeps a digest from being found by trying every name there is; it is forgotten together with the part. */
export function digestsOf({ salt, actor, permalink, body }: Omit<LogEntry, "hash">): Digests {
  const digest = (part: unknown) => sha256(`${salt ?? ""}\n${canonicalJson(part)}`);
  return { actor: digest(actor), permalink: digest(permalink), body: digest(body) };
}

/** SHA-256 over the hash before and everything of the event: a changed, lost or swapped entry breaks the chain. */
function hashEvent(previous: string, entry: Omit<LogEntry, "hash">): string {
  const { incident, seq, at, recordedAt, via } = entry;
  const digests = entry.digests ?? digestsOf(entry);
  return sha256(`${previous}\n${canonicalJson({ incident, seq, at, recordedAt, via, ...digests })}`);
}

/**
 * Turns decided events into log entries that continue the incident's chain. Bodies are parsed as they will be when they
 * are read back: a field too many would break the chain, and a wrong one the reading of the whole log.
 * `salt` is a random text that nobody can guess; without one, what is erased later could be guessed from its hash.
 */
export function record<Body = EventBody>(
  incident: string,
  tail: { version: number; hash: string },
  decided: NewEvent<NoInfer<Body>>[],
  asked: Asked,
  salt = "",
  schema: { parse(body: unknown): unknown } = EventBody,
): RecordedEvent<Body>[] {
  let { version, hash } = tail;
  return decided.map((event) => {
    const seq = ++version;
    const entry = {
      incident,
      seq,
      at: event.at ?? asked.now,
      recordedAt: asked.now,
      actor: event.actor ?? asked.actor,
      via: event.via ?? asked.via,
      permalink: event.permalink === undefined ? asked.permalink : event.permalink,
      body: schema.parse(event.body) as Body,
      // One of its own for each event, or forgetting one would mean forgetting all that were recorded with it.
      ...(salt === "" ? {} : { salt: sha256(`${salt}\n${incident}\n${seq}`).slice(0, 32) }),
    };
    hash = hashEvent(hash, entry);
    return { ...entry, hash };
  });
}

/** Follows a chain entry by entry; the answer is whether an entry continues what came before it. */
export function followChain(): (entry: LogEntry) => boolean {
  let previous = "";
  let seq = 0;
  return ({ hash, ...entry }) => {
    const whole = entry.seq === ++seq && hashEvent(previous, entry) === hash;
    previous = hash;
    return whole;
  };
}

/** Where a chain first breaks (a sequence number), or null when it is whole. */
export function brokenAt(events: LogEntry[]): number | null {
  const follows = followChain();
  const at = events.findIndex((event) => !follows(event));
  return at < 0 ? null : at + 1;
}

/** How lineage tied alerts to their incident when they last joined it, by fingerprint; those that it did not tie are left out. */
export function relationsIn(log: readonly RecordedEvent[]): Map<string, Relation> {
  const relations = new Map<string, Relation>();
  for (const { body } of log)
    if (body.type === "alert_attached") {
      if (body.relation) relations.set(body.fingerprint, body.relation);
      else relations.delete(body.fingerprint);
    }
  return relations;
}

/** The assets whose state an event changes; `"all"` where it moves a clock they share. */
export function touchedAssets(body: EventBody): Asset[] | "all" {
  switch (body.type) {
    case "alert_attached":
    case "alert_refired":
    case "alert_widened":
      return [...body.assets, ...(body.impacted ?? [])];
    case "alert_resolved":
    case "absorbed":
    case "alerts_received":
      return body.assets;
    case "alerts_moved":
      return [...body.alerts.flatMap((alert) => alert.assets), ...body.released];
    case "asset_added":
    case "asset_impacted":
    case "asset_recovering":
    case "asset_verified":
    case "asset_waived":
      return [body.asset];
    case "started_at_set":
      return "all";
    default:
      return [];
  }
}

/** The number of the entry that an event writes, if any is of its kind, or changes; `state` is the one before it. */
export function touchedEntry(
  state: Pick<IncidentState, "pins"> | null,
  { seq, body }: RecordedEvent,
): number {
  switch (body.type) {
    case "entry_edited":
    case "entry_hidden":
      return body.seq;
    case "unpinned":
    case "pin_deleted":
    case "pin_edited":
      return state?.pins[body.messageTs] ?? seq;
    default:
      return seq;
  }
}

/** So many alerts of an incident are searched by their titles; a storm tells of more than anybody would look for. */
const TOLD_BY_TITLE = 20;

/** Whether an event tells what its incident may be found by, as it was before: of a storm only the beginning does. */
export function tellsNew(state: IncidentState | null, body: EventBody): boolean {
  if (state === null || body.type !== "alert_attached") return true;
  if (state.alerts.total < TOLD_BY_TITLE || !state.sources.includes(body.source)) return true;
  return [...body.assets, ...body.impacted].some((asset) => !state.assets.has(assetId(asset)));
}
