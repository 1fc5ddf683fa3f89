/** Why a change is suspected, in one phrase that a person can check. */
import { formatDuration } from "../report/clocks.ts";
import { clip } from "../signal/alert.ts";
import type { Asset } from "../signal/asset.ts";
import type { ChangeKind, ChangeSignal } from "../signal/change.ts";
import { cleanLine } from "../signal/text.ts";
import { isDescription, type Touched } from "./touched.ts";

/** What links a change to what is broken. */
export type Tie =
  /**
   * It touched an asset that is `distance` steps above `of` (0: the same). `beside`: `of` is affected, and not the
   * likely origin, although that is known. `others` counts what else it touched that is broken or upstream.
   */
  | { kind: "touches"; touched: Touched; distance: number; of: Asset; beside: boolean; others: number }
  /** Files that stand for no asset (a macro, a lock file), in a repository whose other files do. */
  | { kind: "repository"; repository: string }
  | { kind: "group"; asset: Asset; group: string }
  /** It may concern everything; `environment` is set where it is that of the incident. */
  | { kind: "platform"; what: ChangeKind; environment: string | null }
  /** It touched something that is known not to be upstream. */
  | { kind: "elsewhere"; asset: Asset }
  /** It touched something else, and lineage says nothing of how the two are connected. */
  | { kind: "unplaced"; asset: Asset }
  | { kind: "time" };

/** How long before the data broke it took effect, and whether it was still under way. */
export type Timing = { ageMs: number; underWay: boolean };

export function reasonOf(
  change: ChangeSignal,
  tie: Tie,
  timing: Timing,
  /** Whether it was made in another environment than the incident's. */
  elsewhere: boolean,
): string {
  const parts = [
    tieWords(tie),
    timeWords(timing),
    ...(elsewhere ? [`though in ${name(change.environment ?? "")}`] : []),
    ...courseWords(change),
  ];
  return parts.join(", ");
}

function tieWords(tie: Tie): string {
  switch (tie.kind) {
    case "touches": {
      const more = tie.others > 0 ? `, plus ${tie.others} more affected or upstream` : "";
      return `${touchWords(tie.touched)}, ${placeWords(tie)}${more}`;
    }
    case "repository":
      return `changed ${name(tie.repository)}, which also holds what is broken or upstream`;
    case "group":
      return `touched ${assetWord(tie.asset)}, of the same group (${name(tie.group)})`;
    case "platform":
      return tie.environment === null
        ? `${article(tie.what)} that may concern everything`
        : `${article(tie.what)} in ${name(tie.environment)}, as what is broken`;
    case "elsewhere":
      return `only close in time: ${assetWord(tie.asset)}, which it touched, is not upstream`;
    case "unplaced":
      return `only close in time: it touched ${assetWord(tie.asset)}, and lineage does not lead from there to what is broken`;
    case "time":
      return "only close in time: which data it touched is not known";
    default:
      return tie satisfies never;
  }
}

function touchWords({ asset, how, path, glob, among }: Touched): string {
  const what = assetWord(asset);
  switch (how) {
    case "named":
      return `touched ${what}`;
    case "file":
      return `changed ${pathWord(path)}, which ${isDescription(path ?? "") ? "describes" : "defines"} ${what}`;
    case "shared file":
      return `changed ${pathWord(path)}, which describes ${what} and ${among - 1} more`;
    case "rule":
      return `changed ${pathWord(path ?? glob)}, which a rule ties to ${what}`;
    default:
      return how satisfies never;
  }
}

function placeWords({ distance, of, beside }: Extract<Tie, { kind: "touches" }>): string {
  if (distance > 0) return `${distance} step${distance === 1 ? "" : "s"} upstream of ${assetWord(of)}`;
  return beside ? "which is affected" : "which is broken itself";
}

function timeWords({ ageMs, underWay }: Timing): string {
  if (underWay) return "under way when the data broke";
  return ageMs < 60_000 ? "just as the data broke" : `${formatDuration(ageMs)} before the data broke`;
}

/** How it went, where that says something. */
function courseWords(change: ChangeSignal): string[] {
  const { status, labels } = change;
  const { branch, default_branch: main } = labels;
  return [
    ...(status === "failed" ? ["and it failed"] : []),
    ...(isReverting(change) ? ["and it takes something back"] : []),
    ...(status === "cancelled" ? ["but it was cancelled"] : []),
    ...(labels.changed === "false" ? ["but it changed nothing"] : []),
    ...(branch !== undefined && main !== undefined && branch !== main ? [`but only on ${name(branch)}`] : []),
  ];
}

/** A rollback or a revert, by its title: nobody takes back what worked. */
export function isReverting({ title }: Pick<ChangeSignal, "title">): boolean {
  return /\b(?:roll(?:ed|ing|s)?[ _-]?back|revert(?:s|ed|ing)?)\b/i.test(title);
}

/** `database.schema.table` without its database; any other name (a path, a topic) as it is. */
function assetWord({ name: full }: Asset): string {
  const parts = full.split(".");
  return parts.length === 3 && !full.includes("/") ? name(parts.slice(1).join(".")) : name(full);
}

function name(text: string): string {
  return cleanLine(text, 80);
}

/** The end of a path says more than its beginning. */
function pathWord(path: string | null): string {
  const line = cleanLine(path ?? "", 500);
  return line.length <= 80 ? line : clip(`…${line.slice(-79).toWellFormed()}`, 80);
}

function article(kind: ChangeKind): string {
  return kind === "infrastructure" ? "a change of infrastructure" : `a ${kind}`;
}
