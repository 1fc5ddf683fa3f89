import type { Severity } from "../incident/events.ts";
import { clip } from "../signal/alert.ts";
import { type Asset, assetId } from "../signal/asset.ts";
import type { MatchRule } from "./front-matter.ts";
import { compileGlob, type Glob } from "./glob.ts";
import type { RunbookOutline } from "./outline.ts";
import type { Runbook } from "./parse.ts";

/** What an incident or an alert offers the rules. */
export type MatchSubject = {
  source: string;
  assets: Asset[];
  labels: Record<string, string>;
  severity: Severity;
  title: string;
};

export type RunbookMatch = { slug: string; title: string; reason: string };

/** All runbooks with their rules compiled. Made once when they are loaded; matching an alert then compiles nothing. */
export type RunbookCatalog<Each = Runbook> = {
  runbooks: ReadonlyMap<string, Each>;
  rules: readonly CompiledRule[];
};

type CompiledRule = { runbook: RunbookOutline; weight: number; checks: Check[] };
type Hit = { reason: string; literals: number };
type Check = (subject: MatchSubject) => Hit | null;

/** More than three would be a list to choose from, at night, on a phone. */
const MATCH_LIMIT = 3;
const REASON_LIMIT = 300;

/**
 * How much each given field says about the incident. The asset says most: a runbook for one table beats a runbook for
 * one tool. Each label counts, so that a rule with two labels beats a rule with one of them.
 */
const WEIGHTS = { assets: 16, label: 8, titles: 4, sources: 2, severities: 1 } as const;

/** Expects runbooks as they were read (parse.ts, outline.ts), whose globs are known to compile. */
export function compileRunbooks<Each extends RunbookOutline>(
  runbooks: readonly Each[],
): RunbookCatalog<Each> {
  return {
    runbooks: new Map(runbooks.map((runbook) => [runbook.slug, runbook])),
    rules: runbooks.flatMap((runbook) => runbook.match.map((rule) => compileRule(runbook, rule))),
  };
}

/**
 * The runbooks that fit, best first: by the weight of the matching rule, then by how many characters its globs spell
 * out, then by slug, so that the same alert always gets the same answer. Rules with no fields match only where nothing else does.
 */
export function matchRunbooks(
  catalog: RunbookCatalog<RunbookOutline>,
  subject: MatchSubject,
): RunbookMatch[] {
  const best = new Map<string, Candidate>();
  for (const rule of catalog.rules) {
    const candidate = tryRule(rule, subject);
    const previous = best.get(rule.runbook.slug);
    if (candidate && (!previous || compare(candidate, previous) < 0)) best.set(rule.runbook.slug, candidate);
  }
  const ranked = [...best.values()].sort(compare);
  const specific = ranked.filter((candidate) => candidate.weight > 0);
  return (specific.length > 0 ? specific : ranked)
    .slice(0, MATCH_LIMIT)
    .map(({ slug, title, reason }) => ({ slug, title, reason }));
}

type Candidate = RunbookMatch & { weight: number; literals: number };

function compare(a: Candidate, b: Candidate): number {
  return b.weight - a.weight || b.literals - a.literals || (a.slug < b.slug ? -1 : a.slug > b.slug ? 1 : 0);
}

function tryRule({ runbook, weight, checks }: CompiledRule, subject: MatchSubject): Candidate | null {
  const hits: Hit[] = [];
  for (const check of checks) {
    const hit = check(subject);
    if (!hit) return null;
    hits.push(hit);
  }
  const reason = hits.length === 0 ? "no other runbook fits" : hits.map((hit) => hit.reason).join(", ");
  return {
    slug: runbook.slug,
    title: runbook.title,
    reason: clip(reason, REASON_LIMIT),
    weight,
    literals: hits.reduce((sum, hit) => sum + hit.literals, 0),
  };
}

/** The cheap checks stand first, since most rules fail on their source. */
function compileRule(runbook: RunbookOutline, rule: MatchRule): CompiledRule {
  const checks: Check[] = [];
  if (rule.sources) checks.push(checkSource(rule.sources));
  if (rule.severities) checks.push(checkSeverity(rule.severities));
  for (const [key, glob] of Object.entries(rule.labels ?? {}))
    checks.push(checkLabel(key, mustCompile(glob)));
  if (rule.titles) checks.push(checkTitle(rule.titles.map(mustCompile)));
  if (rule.assets) checks.push(checkAssets(rule.assets.map(mustCompile)));
  return { runbook, weight: weigh(rule), checks };
}

function weigh(rule: MatchRule): number {
  return (
    (rule.assets ? WEIGHTS.assets : 0) +
    Object.keys(rule.labels ?? {}).length * WEIGHTS.label +
    (rule.titles ? WEIGHTS.titles : 0) +
    (rule.sources ? WEIGHTS.sources : 0) +
    (rule.severities ? WEIGHTS.severities : 0)
  );
}

function mustCompile(source: string): Glob {
  const compiled = compileGlob(source);
  if ("problem" in compiled)
    throw new Error(`A runbook with a broken glob was let through: ${compiled.problem}`);
  return compiled.glob;
}

function checkSource(sources: string[]): Check {
  return ({ source }) => (sources.includes(source) ? { reason: `alert from ${source}`, literals: 0 } : null);
}

function checkSeverity(severities: Severity[]): Check {
  return ({ severity }) =>
    severities.includes(severity) ? { reason: `severity ${severity}`, literals: 0 } : null;
}

function checkLabel(key: string, glob: Glob): Check {
  return ({ labels }) => {
    const value = Object.hasOwn(labels, key) ? labels[key]! : null;
    if (value === null || !glob.matches(value)) return null;
    return { reason: `${key} is ${clip(value, 80)}`, literals: glob.literals };
  };
}

function checkTitle(globs: Glob[]): Check {
  return ({ title }) => {
    const glob = mostTelling(globs.filter((glob) => glob.matches(title)));
    return glob && { reason: `title says ${inWords(glob)}`, literals: glob.literals };
  };
}

/** A glob may name an asset with its namespace or without, as people do. */
function checkAssets(globs: Glob[]): Check {
  return ({ assets }) => {
    let best: { glob: Glob; asset: Asset } | null = null;
    for (const glob of globs) {
      if (best && glob.literals <= best.glob.literals) continue;
      const asset = assets.find((asset) => glob.matches(asset.name) || glob.matches(assetId(asset)));
      if (asset) best = { glob, asset };
    }
    return (
      best && {
        reason: `about ${clip(best.asset.name, 120)}`,
        literals: best.glob.literals,
      }
    );
  };
}

/** A glob as the words it looks for: `*{error,fail}* in *` is “error/fail … in”. */
function inWords({ source }: Glob): string {
  const words = source
    .replace(/[{}]/g, "")
    .replaceAll(",", "/")
    .replace(/^\*+|\*+$/g, "")
    .replace(/\s*\*+\s*/g, " … ");
  return words === "" ? "something" : `“${words.trim()}”`;
}

function mostTelling(globs: Glob[]): Glob | null {
  return globs.reduce<Glob | null>(
    (best, glob) => (best && best.literals >= glob.literals ? best : glob),
    null,
  );
}
