import { compileGlob, GLOB_LIMITS, type Glob } from "../runbook/glob.ts";
import { type AlertSignal, clip } from "../signal/alert.ts";
import { type Asset, assetId } from "../signal/asset.ts";
import { datasetKey, parseAssetId } from "../signal/dataset.ts";

/**
 * Which alerts a rule or a silence is about: terms that must all hold. A term names a field and one or more globs (see
 * runbook/glob.ts), of which one must fit; `not` turns it round. People type `source=dbt asset=*.orders
 * severity=warning|info env!=prod` (matcher-words.ts); files may also write it as fields (matcher-yaml.ts).
 *
 * A field with several values (assets, teams) fits where one of them does, and is `not` something where none of them is.
 * What is absent fits no glob, so `env!=prod` holds for an alert without an `env`.
 *
 * Deliberately absent: `status`. Whatever asks a matcher asks it about firing alerts only, since nothing ever holds the
 * news that something is whole again.
 */
export const MATCH_FIELDS = ["source", "asset", "title", "severity", "team"] as const;
export type MatchField = (typeof MATCH_FIELDS)[number];

export type Term = { field: MatchField | { label: string }; not: boolean; globs: readonly string[] };

export type Matcher = {
  /** As a person would type it, in one form for the same terms. */
  text: string;
  /** `all` was written: that there are few terms, or none, is meant. */
  all: boolean;
  terms: readonly Term[];
  /** Whether it fits, and why in words: the terms that fit, or the first that does not. */
  try(alert: Matchable): Fit;
};
export type Fit = { fits: boolean; why: string };

export const MATCHER_LIMITS = { text: 2000, terms: 20, globs: 50, label: 200 } as const;

/** An alert as matchers read it. Made once for an alert, however many rules are tried on it. */
export type Matchable = Pick<AlertSignal, "status" | "source" | "title" | "severity" | "labels"> & {
  assets: readonly { asset: Asset; id: string; key: string }[];
  /** Who owns its assets by lineage, or whom it was routed to. */
  teams: readonly string[];
};

export function matchable(
  alert: Pick<AlertSignal, "status" | "source" | "title" | "severity" | "labels" | "assets">,
  teams: readonly string[] = [],
): Matchable {
  const { status, source, title, severity, labels } = alert;
  const assets = alert.assets.map((asset) => ({ asset, id: assetId(asset), key: datasetKey(asset) }));
  return { status, source, title, severity, labels, assets, teams };
}

/** Expects globs that compile; matcher-words.ts and matcher-yaml.ts see to that. */
export function compileMatcher(terms: readonly Term[], all: boolean, text: string): Matcher {
  const checks = terms.map(checkOf);
  return {
    text,
    all,
    terms,
    try(alert) {
      const reasons: string[] = [];
      for (const check of checks) {
        const { fits, why } = check(alert);
        if (!fits) return { fits, why };
        reasons.push(why);
      }
      return { fits: true, why: reasons.join(", ") || "it is for all alerts" };
    },
  };
}

/**
 * Whether a matcher fits (nearly) every alert although nobody wrote `all`: nothing in it says what an alert has to be.
 * Saying only what it must not be is as broad.
 */
export function isTooBroad({ all, terms }: Matcher): boolean {
  return (
    !all && terms.every(({ not, globs }) => not || globs.some((glob) => fitsAnything(mustCompile(glob))))
  );
}

function fitsAnything(glob: Glob): boolean {
  return glob.matches("\u0001".repeat(40));
}

function checkOf(term: Term): (alert: Matchable) => Fit {
  const find = finderOf(term);
  const name = typeof term.field === "string" ? term.field : term.field.label;
  // Bars and quotes have their backslash only for what is typed between others of them.
  const plain = (glob: string) => glob.replace(/\\(.)/gs, (as, char) => ('|"'.includes(char) ? char : as));
  const wanted = clip(term.globs.map(plain).join(" or "), 120);
  return (alert) => {
    const values = valuesOf(alert, term.field);
    const found = find(alert);
    if (term.not) {
      if (found !== null) return { fits: false, why: `${name} is ${clip(found, 120)}` };
      return { fits: true, why: `${name} is not ${wanted}` };
    }
    if (found !== null) return { fits: true, why: `${name} is ${clip(found, 120)}` };
    const [first] = values;
    if (first === undefined) return { fits: false, why: `it has no ${name}` };
    const more = values.length > 1 ? ` and ${values.length - 1} more` : "";
    return { fits: false, why: `${name} is ${clip(first, 120)}${more}, not ${wanted}` };
  };
}

/** The value that a term's globs fit, or null. */
function finderOf({ field, globs }: Term): (alert: Matchable) => string | null {
  if (field === "asset") {
    const tests = globs.map(assetTest);
    return ({ assets }) => assets.find((each) => tests.some((test) => test(each)))?.asset.name ?? null;
  }
  const compiled = globs.map(mustCompile);
  return (alert) =>
    valuesOf(alert, field).find((value) => compiled.some((glob) => glob.matches(value))) ?? null;
}

function valuesOf(alert: Matchable, field: Term["field"]): readonly string[] {
  if (typeof field !== "string")
    return Object.hasOwn(alert.labels, field.label) ? [alert.labels[field.label]!] : [];
  if (field === "asset") return alert.assets.map(({ asset }) => asset.name);
  return field === "team" ? alert.teams : [alert[field]];
}

const WILD = /[*?{\\]/;

/**
 * An asset is named with its namespace or without, as its sender writes it or in the one form that all senders' names
 * come to. Without wildcards, the end of the name will do: `orders` and `core.orders` are `analytics.core.orders`.
 */
function assetTest(written: string): (asset: Matchable["assets"][number]) => boolean {
  const said = mustCompile(written);
  const ends = WILD.test(written) ? [] : [`*.${written}`, `*/${written}`];
  const alike = [inOneForm(written), ...ends]
    .filter((glob) => glob !== null && glob.length <= GLOB_LIMITS.length)
    .flatMap((glob) => {
      const compiled = compileGlob(glob!);
      return "glob" in compiled ? [compiled.glob] : [];
    });
  return ({ asset, id, key }) =>
    said.matches(asset.name) ||
    said.matches(id) ||
    said.matches(key) ||
    alike.some((glob) => glob.matches(key));
}

/** The namespace in the form of `datasetKey`, where it stands there without wildcards; the name as it was written. */
function inOneForm(written: string): string | null {
  const asset = parseAssetId(written);
  if (!asset || WILD.test(asset.namespace)) return null;
  if (!WILD.test(asset.name)) return escaped(datasetKey(asset));
  const key = datasetKey({ namespace: asset.namespace, name: "t" });
  return `${escaped(key.slice(0, -1))}${asset.name}`;
}

function escaped(text: string): string {
  return text.replace(/[*?{[\\!]/g, "\\$&");
}

function mustCompile(source: string): Glob {
  const compiled = compileGlob(source);
  if ("problem" in compiled)
    throw new Error(`A matcher with a broken glob was let through: ${compiled.problem}`);
  return compiled.glob;
}
