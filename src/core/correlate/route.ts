import { z } from "zod";
import { type RecoveryRule, SEVERITIES, Severity } from "../incident/events.ts";
import type { AlertSeverity } from "../signal/alert.ts";
import type { Matchable } from "./matcher.ts";
import { Match } from "./matcher-yaml.ts";
import { type AssetFacts, moved, severityFrom, type Tiers } from "./tiers.ts";

const SEVERITY_WORDS = `write one of ${SEVERITIES.join(", ")}, or { raise: 1 } or { lower: 1 }`;
const Steps = z.int(SEVERITY_WORDS).min(1, SEVERITY_WORDS).max(3, SEVERITY_WORDS);
const RoutedSeverity = z.union(
  [Severity, z.strictObject({ raise: Steps }), z.strictObject({ lower: Steps })],
  SEVERITY_WORDS,
);
export type RoutedSeverity = z.infer<typeof RoutedSeverity>;

const CHANNEL_WORDS = 'write a channel\'s id, such as C0123456789, or its name as "#name", in quotes';

/** Where messages go. A name without its `#` is refused, as Slack would take it for an id. */
export const ChannelName = z
  .string(CHANNEL_WORDS)
  .trim()
  .regex(/^(#\S{1,80}|[A-Z][A-Z0-9]{1,30})$/, CHANNEL_WORDS);

const text = (what: string) => z.string(`write ${what}`).trim().min(1, `write ${what}`).max(200);

/**
 * One of `routes` in breakwater.yaml: what alerts that fit get. The first that fits decides, unless it says
 * `continue`; then the ones below fill in what is still open.
 */
export const Route = z
  .strictObject({
    name: text("a name, such as payments"),
    match: Match,
    team: text("a team's name").optional(),
    channel: ChannelName.optional(),
    severity: RoutedSeverity.optional(),
    runbook: z
      .string("write a runbook's slug, such as late-table")
      .regex(/^[a-z0-9][a-z0-9-]*$/, "write a runbook's slug, such as late-table")
      .optional(),
    /** Whether an incident of such alerts resolves by itself once they pass; never where a person has acted. */
    autoResolve: z.boolean("write true or false").optional(),
    /** How many runs a check has to pass before the incident asks to be resolved. */
    passes: z
      .int("write a number of runs, such as 2")
      .min(1, "write 1 or more")
      .max(100, "write 100 or fewer")
      .optional(),
    continue: z.boolean("write true or false").default(false),
  })
  .refine((route) => FIELDS.some((field) => route[field] !== undefined), {
    message: "sets nothing; give it a team, channel, severity, runbook, autoResolve or passes",
  });
export type Route = z.infer<typeof Route>;

const FIELDS = ["team", "channel", "severity", "runbook", "autoResolve", "passes"] as const;
type Field = (typeof FIELDS)[number];

export type RoutingRules = { routes: readonly Route[]; tiers: Tiers };

/** One rule that was tried. `set` names what it gave. */
export type Tried = { rule: string; matched: boolean; why: string; set: Field[] };

/** null is what no rule said; `severity` always is one, with the reason in words. */
export type Routing = {
  team: string | null;
  channel: string | null;
  severity: Severity;
  severityReason: string;
  runbook: string | null;
  autoResolve: boolean | null;
  passes: number | null;
  trail: Tried[];
};

/**
 * Where an alert goes. `facts` are what lineage knows of its assets; `alert` should carry their teams (`matchable`), so
 * that rules can ask for them.
 */
export function routeAlert(alert: Matchable, { routes, tiers }: RoutingRules, facts: AssetFacts): Routing {
  const said: Partial<Pick<Route, Field>> = {};
  const trail: Tried[] = [];
  let severityRule: string | null = null;
  for (const [index, route] of routes.entries()) {
    const { fits, why } = route.match.try(alert);
    const set = fits ? FIELDS.filter((field) => route[field] !== undefined && said[field] === undefined) : [];
    Object.assign(said, Object.fromEntries(set.map((field) => [field, route[field]])));
    if (set.includes("severity")) severityRule = route.name;
    trail.push({
      rule: route.name,
      matched: fits,
      why: fits ? whyApplied(why, set, route, routes.length - index - 1) : why,
      set,
    });
    if (fits && !route.continue) break;
  }
  const { severity, reason } = severityBy(said.severity, severityRule, alert.severity, facts, tiers);
  return {
    team: said.team ?? null,
    channel: said.channel ?? null,
    severity,
    severityReason: reason,
    runbook: said.runbook ?? null,
    autoResolve: said.autoResolve ?? null,
    passes: said.passes ?? null,
    trail,
  };
}

/** What the rules say of how an alert's incident recovers; null where that is what holds without rules. */
export function recoveryBy({ passes, autoResolve, trail }: Routing): RecoveryRule | null {
  if ((passes ?? 1) === 1 && autoResolve !== true) return null;
  const said = autoResolve ? trail.filter(({ set }) => set.includes("autoResolve")) : [];
  return { passes: passes ?? 1, autoResolve: autoResolve === true, rules: said.map(({ rule }) => rule) };
}

function whyApplied(why: string, set: Field[], route: Route, below: number): string {
  const gave =
    set.length > 0
      ? `gives ${set.map((field) => `${field} ${valueWords(route[field])}`).join(", ")}`
      : "gives nothing that was still open";
  const end =
    !route.continue && below > 0
      ? `; the ${below === 1 ? "rule" : `${below} rules`} below it ${below === 1 ? "was" : "were"} not tried`
      : "";
  return `${why}; ${gave}${end}`;
}

function valueWords(value: Route[Field]): string {
  if (typeof value !== "object") return String(value);
  return "raise" in value ? `raised by ${value.raise}` : `lowered by ${value.lower}`;
}

function severityBy(
  said: RoutedSeverity | undefined,
  rule: string | null,
  level: AlertSeverity,
  facts: AssetFacts,
  tiers: Tiers,
): { severity: Severity; reason: string } {
  if (typeof said === "string") return { severity: said, reason: `${said}: rule “${rule}” says so` };
  const base = severityFrom(level, facts, tiers);
  if (said === undefined) return base;
  const severity = moved(base.severity, "raise" in said ? -said.raise : said.lower);
  return { severity, reason: `${severity}: rule “${rule}” has it ${valueWords(said)} from ${base.reason}` };
}
