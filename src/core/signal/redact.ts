import { hash as digest } from "node:crypto";
import { ALERT_LIMITS, type AlertSignal, clip, Link } from "./alert.ts";
import type { Asset } from "./asset.ts";
import { CHANGE_LIMITS, type ChangeSignal } from "./change.ts";
import { isMasked, KIND_WORDS, type Kind, PATTERNS, PERSONAL_KINDS, secretNamed } from "./redact-patterns.ts";
import { isSuspect } from "./redact-suspect.ts";

/**
 * What may stay, by source (`*` is every source): a kind (`email`), or the path of a field (`labels.owner`,
 * `raw.payload.user.email`, `*` for any one key), which holds for what is under it too. A path lets data of people
 * stand, and secrets that only the field's name makes suspect; what is a secret by its looks (a private key, an issued
 * token, a password in a URL) goes unless its kind is allowed.
 */
export type RedactionRules = { allow: Record<string, string[]> };

/** What a path of `allow` may begin with: the fields of alerts and changes that are looked through. */
const FIELDS = [
  ...["title", "description", "dedupKey", "deliveryId", "groupHint", "labels", "links", "warnings", "raw"],
  ...["actor", "repository", "revision", "environment", "paths"],
];

/** Whether an entry of `allow` can make an exception: a kind, or the path of a field. */
export function isException(entry: string): boolean {
  const [field, ...keys] = entry.split(".");
  return Object.hasOwn(KIND_WORDS, entry) || (FIELDS.includes(field!) && !keys.includes(""));
}

/** Fields that say how a team is reached. They are what people on call need, and no data of customers. */
export const DEFAULT_ALLOW: RedactionRules["allow"] = {
  "*": [
    ...["owner", "owners", "owner_email", "model_owner", "table_owner", "test_owner", "team", "team_email"],
    ...["contact", "contacts", "oncall", "on_call", "channel", "slack_channel", "escalation"],
  ].map((name) => `labels.${name}`),
};

/** An alert without secrets and data of people; the same object where there are none. */
export function redactAlert(signal: AlertSignal, rules: RedactionRules): AlertSignal {
  const { text, identity, within, links, assets, raw } = redactorOf(rules, signal.source);
  return withChanges(signal, {
    title: text("title", signal.title, ALERT_LIMITS.title),
    description: text("description", signal.description, ALERT_LIMITS.description),
    dedupKey: identity("dedupKey", signal.dedupKey, ALERT_LIMITS.dedupKey),
    deliveryId: identity("deliveryId", signal.deliveryId, 500),
    groupHint: identity("groupHint", signal.groupHint, 1000),
    assets: assets(signal.assets),
    impacted: assets(signal.impacted),
    labels: within("labels", signal.labels, ALERT_LIMITS.labelValue),
    links: links(signal.links),
    warnings: within("warnings", signal.warnings, 500),
    raw: raw(signal.raw),
  });
}

/**
 * A change without secrets and data of people; the same object where there are none. Of an actor's e-mail address the
 * part before the @ is kept, as who did it is the first thing that people on call ask.
 */
export function redactChange(change: ChangeSignal, rules: RedactionRules): ChangeSignal {
  const { text, identity, within, links, assets, raw } = redactorOf(rules, change.source);
  return withChanges(change, {
    title: text("title", change.title, 300),
    description: text("description", change.description, 4000),
    dedupKey: identity("dedupKey", change.dedupKey, 1000),
    deliveryId: identity("deliveryId", change.deliveryId, 500),
    actor: text("actor", change.actor === null ? null : nameOfActor(change.actor), 200),
    repository: text("repository", change.repository, 300),
    revision: text("revision", change.revision, 200),
    environment: text("environment", change.environment, 200),
    paths: within("paths", change.paths, CHANGE_LIMITS.path),
    assets: assets(change.assets),
    labels: within("labels", change.labels, 1000),
    links: links(change.links),
    warnings: within("warnings", change.warnings, 500),
    raw: raw(change.raw),
  });
}

/** `maria@fernhollow.example` is `maria`, `Maria Silva <maria@…>` is `Maria Silva`. */
function nameOfActor(actor: string): string {
  return (
    /^([^<]*[^<\s])\s*<[^<>]*@[^<>]*>$/.exec(actor)?.[1] ?? /^([^\s@]+)@[^\s@]+$/.exec(actor)?.[1] ?? actor
  );
}

function withChanges<Signal extends object>(signal: Signal, next: Partial<Signal>): Signal {
  const same = (Object.keys(next) as (keyof Signal)[]).every((key) => next[key] === signal[key]);
  return same ? signal : { ...signal, ...next };
}

type Allowed = ReadonlySet<Kind>;

/** What is written in place of a find. */
type Mark = (kind: Kind, found: string) => string;

const inWords: Mark = (kind) => `[redacted ${KIND_WORDS[kind]}]`;

/** In a URL, which has to stay one. */
const inUrl: Mark = () => "redacted";

/** In what tells things apart: two secrets stay two, and one stays the same one. */
const inIdentity: Mark = (kind, found) => `[redacted ${KIND_WORDS[kind]} ${hash(found)}]`;

function hash(text: string): string {
  return digest("sha256", text).slice(0, 12);
}

function isPlain(text: string): boolean {
  return text.length < 5 || !isSuspect(text);
}

/**
 * `isPlain`, which remembers what it was asked of late: a text stands in an alert several times (as a label and in what
 * was sent), and in the alerts of a storm over and over.
 */
function plainTexts(): (text: string) => boolean {
  let recent = new Set<string>();
  let before = new Set<string>();
  return (text) => {
    if (text.length > REMEMBERED.length) return isPlain(text);
    if (recent.has(text)) return true;
    if (!before.has(text) && !isPlain(text)) return false;
    if (recent.size >= REMEMBERED.count) {
      before = recent;
      recent = new Set();
    }
    recent.add(text);
    return true;
  };
}

/** So many texts are remembered, twice, if they are no longer than these UTF-16 units. */
const REMEMBERED = { count: 500, length: 500 };

function redactText(text: string, allowed: Allowed, mark: Mark, limit = Number.POSITIVE_INFINITY): string {
  return isPlain(text) ? text : replaceFinds(text, allowed, mark, limit);
}

function replaceFinds(text: string, allowed: Allowed, mark: Mark, limit: number): string {
  let now = text;
  // A mark or a cut can leave beside it what then looks like a find; a few rounds leave nothing for a next time.
  for (let round = 0; round < 4; round += 1) {
    const before = now;
    for (const { kind, find, length } of PATTERNS) {
      if (allowed.has(kind)) continue;
      now = now.replace(find, (whole: string, kept: string, found: string) => {
        const counts = length?.(found, kept) ?? found.length;
        return counts === 0 ? whole : kept + mark(kind, found.slice(0, counts)) + found.slice(counts);
      });
    }
    if (now.length > limit) now = mark === inIdentity ? `[redacted ${hash(text)}]` : clip(now, limit);
    if (now === before) break;
  }
  return now;
}

/** Where in the allow-list's paths a field is: the nodes that its path has led to so far. */
type PathNode = { open: boolean; keys: Map<string, PathNode> };

type Rules = {
  paths: PathNode;
  /** What is allowed anywhere, in a field that is an id, and in a field that a path names. */
  everywhere: Allowed;
  inId: Allowed;
  inOpen: Allowed;
};

type Redactor = ReturnType<typeof redactor>;

const PREPARED = new WeakMap<RedactionRules, Map<string, Redactor>>();

function redactorOf(rules: RedactionRules, source: string): Redactor {
  const bySource = PREPARED.get(rules) ?? new Map<string, Redactor>();
  PREPARED.set(rules, bySource);
  const known = bySource.get(source);
  if (known) return known;
  const made = redactor(prepare(rules, source));
  bySource.set(source, made);
  return made;
}

function prepare(rules: RedactionRules, source: string): Rules {
  const entries = ["*", source].flatMap((key) => (Object.hasOwn(rules.allow, key) ? rules.allow[key]! : []));
  const kinds = entries.filter((entry): entry is Kind => Object.hasOwn(KIND_WORDS, entry));
  const paths: PathNode = { open: false, keys: new Map() };
  for (const entry of entries) {
    if (Object.hasOwn(KIND_WORDS, entry)) continue;
    let node = paths;
    for (const key of entry.split(".")) {
      const next = node.keys.get(key) ?? { open: false, keys: new Map() };
      node.keys.set(key, next);
      node = next;
    }
    node.open = true;
  }
  return {
    paths,
    everywhere: new Set(kinds),
    inId: new Set([...kinds, "card"]),
    inOpen: new Set([...kinds, ...PERSONAL_KINDS]),
  };
}

const NOWHERE: PathNode[] = [];

function step(nodes: PathNode[], key: string): PathNode[] {
  let found = NOWHERE;
  for (const node of nodes) {
    const next = node.open ? [node] : [node.keys.get(key), node.keys.get("*")];
    for (const each of next) if (each !== undefined) found = [...found, each];
  }
  return found;
}

function isOpen(nodes: PathNode[]): boolean {
  return nodes.length > 0 && nodes.some(({ open }) => open);
}

/** Deeper than any payload that was cut for storing; what is below is not looked at, so it is not kept either. */
const MAX_DEPTH = 64;

/** So many names of fields are remembered, if they are no longer than names are: a tool sends the same ones all day. */
const NAMES = { count: 1000, length: 100 };

/** The name of a field as it may be kept, and the kind of secret under it. */
type Name = { name: string; secret: Kind | null };

function redactor(rules: Rules) {
  const names = new Map<string, Name>();
  const isPlain = plainTexts();
  const redacted = (text: string, allowed: Allowed, mark: Mark, limit = Number.POSITIVE_INFINITY) =>
    isPlain(text) ? text : replaceFinds(text, allowed, mark, limit);
  const start = (field: string) => step([rules.paths], field);
  const allowedAt = (nodes: PathNode[], key: string): Allowed => {
    if (isOpen(nodes)) return rules.inOpen;
    // The digits of an id are no card's, even where the checksum happens to fit.
    return /ids?$/i.test(key) ? rules.inId : rules.everywhere;
  };
  const nameOf = (key: string): Name => {
    const known = names.get(key);
    if (known) return known;
    const name = redactText(key, rules.everywhere, inIdentity, 200);
    const made = { name, secret: secretNamed(name) };
    if (names.size >= NAMES.count) names.clear();
    if (key.length <= NAMES.length) names.set(key, made);
    return made;
  };

  const walk = (
    value: unknown,
    key: string,
    nodes: PathNode[],
    named: Kind | null,
    depth: number,
    limit: number,
  ): unknown => {
    if (typeof value === "string") {
      if (named !== null && !isMasked(value)) return clip(inWords(named, value), limit);
      return isPlain(value) ? value : replaceFinds(value, allowedAt(nodes, key), inWords, limit);
    }
    if (typeof value === "number" || typeof value === "bigint") {
      if (named === "password") return inWords(named, "");
      // Only a card's number or more has that many digits.
      if (value < 1e12) return value;
      const text = redactText(String(value), allowedAt(nodes, key), inWords);
      return text === String(value) ? value : text;
    }
    if (typeof value !== "object" || value === null) return value;
    if (depth >= MAX_DEPTH) return "…";
    return Array.isArray(value)
      ? walkList(value, key, nodes, named, depth, limit)
      : walkObject(value as Record<string, unknown>, nodes, named, depth, limit);
  };

  const walkList = (
    list: unknown[],
    key: string,
    nodes: PathNode[],
    named: Kind | null,
    depth: number,
    limit: number,
  ) => {
    let copy: unknown[] | null = null;
    for (let i = 0; i < list.length; i += 1) {
      const member = walk(list[i], key, step(nodes, String(i)), named, depth + 1, limit);
      if (member === list[i]) continue;
      copy ??= [...list];
      copy[i] = member;
    }
    return copy ?? list;
  };

  const walkObject = (
    object: Record<string, unknown>,
    nodes: PathNode[],
    named: Kind | null,
    depth: number,
    limit: number,
  ) => {
    const keys = Object.keys(object);
    let members: [string, unknown][] | null = null;
    for (let i = 0; i < keys.length; i += 1) {
      const key = keys[i]!;
      const value = object[key];
      const { name, secret: itsOwn } = nameOf(key);
      const under = step(nodes, key);
      const secret = isOpen(under) ? null : (named ?? (isValue(name) ? secretBeside(object) : itsOwn));
      const kind = secret === null || rules.everywhere.has(secret) ? null : secret;
      const member = walk(value, key, under, kind, depth + 1, limit);
      if (members === null && member === value && name === key) continue;
      members ??= keys.slice(0, i).map((before) => [before, object[before]]);
      members.push([name, member]);
    }
    // Not by assignment: an own `__proto__` would set the prototype.
    return members === null ? object : Object.fromEntries(members);
  };

  return {
    text: <Text extends string | null>(field: string, text: Text, limit: number) =>
      text === null ? text : (redacted(text, allowedAt(start(field), ""), inWords, limit) as Text),
    identity: <Text extends string | null>(field: string, text: Text, limit: number) =>
      text === null ? text : (redacted(text, allowedAt(start(field), ""), inIdentity, limit) as Text),
    within: <Value extends object>(field: string, value: Value, limit: number) =>
      walk(value, field, start(field), null, 0, limit) as Value,
    raw: (value: unknown) => walk(value, "raw", start("raw"), null, 0, Number.POSITIVE_INFINITY),
    assets: (assets: Asset[]) => mapChanged(assets, withoutUser),
    links: (links: Link[]) => {
      const allowed = allowedAt(start("links"), "");
      const kept = mapChanged(links, (link) => redactLink(link, allowed, redacted));
      return kept === links ? links : kept.filter((link) => Link.safeParse(link).success);
    },
  };
}

function isValue(key: string): boolean {
  return key === "value" || key === "Value";
}

/** The kind of secret under a key `value` whose real name is a value beside it: `{name: "token", value: "…"}`. */
function secretBeside(object: Record<string, unknown>): Kind | null {
  const name = object.name ?? object.key ?? object.title ?? object.Name ?? object.Key;
  return typeof name === "string" ? secretNamed(redactText(name, new Set(), inWords)) : null;
}

function redactLink(link: Link, allowed: Allowed, redacted: typeof redactText): Link {
  const title = redacted(link.title, allowed, inWords, 200);
  const url = redacted(link.url.replace(/^(https?:\/\/)[^/?#]*@/i, "$1"), allowed, inUrl);
  return title === link.title && url === link.url ? link : { title, url };
}

/** In Azure's storage the part before the `@` is the container, and only a password makes it a user. */
function withoutUser(asset: Asset): Asset {
  const namespace = asset.namespace.replace(
    /^([a-z][a-z0-9+.:-]{0,40}:\/\/)([^/?#]*)@/i,
    (whole: string, scheme: string, user: string) =>
      /^(?:abfs|wasb)s?:/i.test(scheme) && !user.includes(":") ? whole : scheme,
  );
  return namespace === asset.namespace ? asset : { ...asset, namespace };
}

function mapChanged<Item>(list: Item[], change: (item: Item) => Item): Item[] {
  const next = list.map(change);
  return next.every((item, index) => item === list[index]) ? list : next;
}
