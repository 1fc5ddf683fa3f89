import type { Asset } from "../signal/asset.ts";
import type { KnownChange } from "../signal/change.ts";
import type { Lineage } from "./lineage.ts";
import { isReverting, reasonOf, type Tie, type Timing } from "./suspect-words.ts";
import { type BrokenData, environmentOf, linkChanges, relevance } from "./ties.ts";
import type { PathRule } from "./touched.ts";

export type Confidence = "likely" | "possible" | "unlikely";

/** A change that may have been the cause. `asset` and `distance` say what it touched, null where that is not known. */
export type Suspect = {
  change: KnownChange;
  /** 0 to 1, to three digits. */
  score: number;
  confidence: Confidence;
  /** Why, for people. */
  reason: string;
  asset: Asset | null;
  distance: number | null;
  /** It is known which data it touched, and that is other data. */
  touchedOther: boolean;
};

export type RankingOptions = Partial<typeof RANKING>;

/** How far back is looked, after which time a change counts half, how much clocks may differ, how many are told. */
export const RANKING = { windowHours: 72, halfLifeHours: 24, graceMinutes: 5, limit: 5 };

const WEIGHT = { grave: 1, usual: 0.8, withoutEffect: 0.25, otherEnvironment: 0.3 } as const;
const LIKELY = 0.5;
const POSSIBLE = 0.15;

/**
 * "What changed?" The changes that took effect before the data broke, or were under way when it did, by how much speaks
 * for each: what it touches, how long before, how it went. The same changes give the same list in whatever order they
 * come. Changes of one commit (its push, merge, deployment) count as one, with the files of all.
 */
export function rankChanges(
  changes: KnownChange[],
  broken: BrokenData,
  lineage: Lineage,
  rules: PathRule[] = [],
  options: RankingOptions = {},
): Suspect[] {
  const settings = { ...RANKING, ...options };
  const linked = linkChanges(changes, broken, lineage, rules);
  const suspects = linked.flatMap(({ change, tie, commit }) => {
    const timing = timingOf(change, broken.startedAt, settings);
    return timing === null ? [] : [{ commit, suspect: suspectOf(change, tie, timing, broken, settings) }];
  });
  const ranked = suspects.sort((a, b) => compareSuspects(a.suspect, b.suspect));
  const ofCommits = [...Map.groupBy(ranked, ({ commit }) => commit).values()];
  return ofCommits.map(([best]) => best!.suspect).slice(0, settings.limit);
}

/**
 * Those worth a message: what is likely or possible. Where nothing is, the first two of which it is not known what they
 * touched, as a person would look at those first; a longer list of innocent changes would only send people the wrong way.
 */
export function worthTelling(ranked: Suspect[]): Suspect[] {
  const founded = ranked.filter(({ confidence }) => confidence !== "unlikely");
  return founded.length > 0 ? founded : ranked.filter(({ touchedOther }) => !touchedOther).slice(0, 2);
}

function compareSuspects(a: Suspect, b: Suspect): number {
  if (a.score !== b.score) return b.score - a.score;
  if (a.change.at !== b.change.at) return a.change.at < b.change.at ? 1 : -1;
  return a.change.id < b.change.id ? -1 : 1;
}

function suspectOf(
  change: KnownChange,
  tie: Tie,
  timing: Timing,
  broken: BrokenData,
  { halfLifeHours }: typeof RANKING,
): Suspect {
  const recency = 0.5 ** (timing.ageMs / (halfLifeHours * 3_600_000));
  const score = Math.round(relevance(tie) * recency * weight(change, broken) * 1000) / 1000;
  return {
    change,
    score,
    confidence: score >= LIKELY ? "likely" : score >= POSSIBLE ? "possible" : "unlikely",
    reason: reasonOf(change.change, tie, timing, isElsewhere(change, broken)),
    asset: tie.kind === "touches" ? tie.touched.asset : null,
    distance: tie.kind === "touches" ? tie.distance : null,
    touchedOther: tie.kind === "elsewhere" || tie.kind === "unplaced",
  };
}

/** Null for what is too long ago, or began only after the data broke. */
function timingOf({ change, at }: KnownChange, brokeAt: string, settings: typeof RANKING): Timing | null {
  const broke = Date.parse(brokeAt);
  const known = Date.parse(at);
  const began = change.startedAt === null ? known : Math.min(Date.parse(change.startedAt), known);
  const latest = broke + settings.graceMinutes * 60_000;
  if (began > latest) return null;
  const underWay = change.status === "started" || known > latest;
  const ageMs = change.status === "started" ? Math.max(0, broke - began) : Math.max(0, broke - known);
  return ageMs > settings.windowHours * 3_600_000 ? null : { ageMs, underWay };
}

function weight(known: KnownChange, broken: BrokenData): number {
  const { change } = known;
  const place = isElsewhere(known, broken) ? WEIGHT.otherEnvironment : 1;
  if (hadNoEffect(known)) return WEIGHT.withoutEffect * place;
  // A pipeline that failed has often deployed nothing, so its failure adds nothing.
  const failed = change.status === "failed" && change.kind !== "pipeline";
  const grave = failed || change.kind === "schema" || isReverting(change);
  return (grave ? WEIGHT.grave : WEIGHT.usual) * place;
}

/** Cancelled, without changes by its sender's word, or on a branch that is not the one that is deployed. */
function hadNoEffect({ change: { status, labels } }: KnownChange): boolean {
  const { branch, default_branch: main, changed } = labels;
  return (
    status === "cancelled" ||
    changed === "false" ||
    (branch !== undefined && main !== undefined && branch !== main)
  );
}

function isElsewhere({ change }: KnownChange, broken: BrokenData): boolean {
  const [there, here] = [environmentOf(change.environment), environmentOf(broken.environment)];
  return there !== null && here !== null && there !== here;
}
