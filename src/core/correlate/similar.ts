import type { Asset } from "../signal/asset.ts";
import { datasetKey } from "../signal/dataset.ts";
import { cleanLine } from "../signal/text.ts";
import { errorWords } from "./error-text.ts";

/** What an incident is recognised by. `texts` are titles and error texts of its alerts, as they came. */
export type Clues = {
  fingerprints: string[];
  assets: Asset[];
  texts: string[];
  testNames: string[];
  sources: string[];
};

export type PastIncident = Clues & {
  key: string;
  title: string;
  severity: string;
  /** ISO 8601 UTC. */
  resolvedAt: string;
  /** What resolved it, in the words of who did. */
  outcome: string | null;
  /** The title of the change that was marked as its cause. */
  causeChange: string | null;
  /** Its thread. */
  url: string | null;
};

export type Similar = {
  incident: PastIncident;
  /** 0 to 1, to three digits. */
  score: number;
  /** In what it is alike, for people. */
  reason: string;
};

/** How much a word says, higher for rare ones; see `rarenessIn`. */
export type WordWeight = (word: string) => number;

/**
 * How much each likeness says at its fullest. They add up as independent hints do (1 − Π(1 − hint)): the same alert says
 * more than the same table with the same error, that more than the same table, that more than the same error elsewhere.
 */
const HINTS = { fingerprint: 0.7, asset: 0.4, text: 0.35, test: 0.15, source: 0.05 } as const;
/** Less alike is no memory worth a message. */
const LEAST_SCORE = 0.3;
/** Errors share words like "failed"; below this they are not alike. */
const LEAST_TEXT = 0.3;
const SAME_TEXT = 0.8;
const TOLD = 3;

/**
 * "Seen before?" The past incidents most like a new one, at most three, the likest first; of those about as alike the
 * latest, as what helped last is likelier to help again. Without `weightOf`, words weigh by how rare they are among
 * the past incidents given.
 */
export function similarIncidents(current: Clues, past: PastIncident[], weightOf?: WordWeight): Similar[] {
  const pastWords = past.map((incident) => wordsOf(incident));
  const weigh = weightOf ?? rarenessIn(pastWords);
  const words = wordsOf(current);
  return past
    .map((incident, index): Similar => {
      const alike = likeness(current, incident, likeWords(words, pastWords[index]!, weigh));
      return { incident, score: scoreOf(alike), reason: reasonOf(alike) };
    })
    .filter(({ score }) => score >= LEAST_SCORE)
    .sort(compareSimilar)
    .slice(0, TOLD);
}

/** The rareness of words among documents: ln(1 + documents / documents with the word). */
export function rarenessIn(documents: ReadonlySet<string>[]): WordWeight {
  const counts = new Map<string, number>();
  for (const words of documents) for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return (word) => Math.log(1 + Math.max(1, documents.length) / Math.max(1, counts.get(word) ?? 0));
}

function wordsOf({ texts }: Clues): Set<string> {
  return new Set(texts.flatMap((text) => [...errorWords(text)]));
}

/** Each 0 to 1, with what the reason names. */
type Likeness = {
  fingerprint: number;
  asset: number;
  text: number;
  test: number;
  source: number;
  sharedAssets: string[];
  sharedTests: string[];
};

function likeness(current: Clues, past: Clues, text: number): Likeness {
  const keys = new Map(current.assets.map((asset) => [datasetKey(asset), asset.name]));
  const pastKeys = past.assets.map(datasetKey);
  const fingerprint = overlap(current.fingerprints, past.fingerprints);
  return {
    // One alert that came back says much, however many came with it.
    fingerprint: fingerprint === 0 ? 0 : 0.5 + fingerprint / 2,
    asset: overlap([...keys.keys()], pastKeys),
    text: text < LEAST_TEXT ? 0 : text,
    test: overlap(current.testNames, past.testNames),
    source: overlap(current.sources, past.sources),
    sharedAssets: [...new Set(pastKeys)].flatMap((key) => keys.get(key) ?? []).sort(),
    sharedTests: shared(current.testNames, past.testNames),
  };
}

/** The cosine of two sets: 1 where they are the same, little where one is a small part of the other. */
function overlap(a: string[], b: string[]): number {
  const sizes = new Set(a).size * new Set(b).size;
  return sizes === 0 ? 0 : shared(a, b).length / Math.sqrt(sizes);
}

function shared(a: string[], b: string[]): string[] {
  const known = new Set(a);
  return [...new Set(b)].filter((each) => known.has(each)).sort();
}

/** The cosine again, where rare words count more. */
function likeWords(a: ReadonlySet<string>, b: ReadonlySet<string>, weigh: WordWeight): number {
  const length = (words: Iterable<string>) => {
    // Sorted, so that the same words add up to the same last digit in whatever order they came.
    return [...words].sort().reduce((sum, word) => sum + weigh(word) ** 2, 0);
  };
  const whole = Math.sqrt(length(a) * length(b));
  return whole === 0 ? 0 : Math.min(1, length([...a].filter((word) => b.has(word))) / whole);
}

function scoreOf(alike: Likeness): number {
  const unlike = (Object.keys(HINTS) as (keyof typeof HINTS)[]).reduce(
    (left, hint) => left * (1 - HINTS[hint] * Math.min(1, alike[hint])),
    1,
  );
  return Math.round((1 - unlike) * 1000) / 1000;
}

/** A twentieth of likeness is nothing a person would see. */
const STEPS = 20;

function compareSimilar(a: Similar, b: Similar): number {
  const steps = Math.round(b.score * STEPS) - Math.round(a.score * STEPS);
  if (steps !== 0) return steps;
  if (a.incident.resolvedAt !== b.incident.resolvedAt)
    return a.incident.resolvedAt < b.incident.resolvedAt ? 1 : -1;
  return a.incident.key < b.incident.key ? -1 : 1;
}

const NAMES_SHOWN = 2;

function reasonOf(alike: Likeness): string {
  const { sharedAssets, sharedTests } = alike;
  const parts = [
    ...(alike.fingerprint > 0 ? ["same alert"] : []),
    ...(sharedAssets.length > 0 ? [`same data (${list(sharedAssets)})`] : []),
    ...(alike.fingerprint === 0 && sharedTests.length > 0 ? [`same test (${list(sharedTests)})`] : []),
    ...(alike.text > 0 ? [alike.text > SAME_TEXT ? "same error" : "similar error"] : []),
  ];
  return parts.join(", ") || "same source";
}

function list(names: string[]): string {
  const said = names.slice(0, NAMES_SHOWN).map((name) => cleanLine(name, 80));
  const more = names.length - said.length;
  return more > 0 ? `${said.join(", ")} and ${more} more` : said.join(" and ");
}
