import type { Order } from "../incident/command.ts";
import type { Severity } from "../incident/events.ts";
import type { IncidentState } from "../incident/state.ts";

/** A modal that asks for the words a verb still needs; built by src/slack/modals.ts. */
export const FORMS = [
  "declare",
  "severity",
  "status",
  "note",
  "mitigate",
  "restored",
  "waive",
  "resolve",
  "reopen",
  "cancel",
  "step_skip",
  "step_fail",
  "role",
  "task",
  "link",
  "change",
  "review",
  "more",
] as const;
export type FormName = (typeof FORMS)[number];

/** What was typed before a form had to ask for the rest: it stands in the form's fields. Assets are names; none are all. */
export type Typed = { title?: string; severity?: Severity; assets?: string[]; when?: string };

/** What a verb reads instead of changing something; answered by src/core/verb/answers.ts over the engine's reads. */
export type Query =
  | { type: "help"; verb: string | null }
  | { type: "list"; all: boolean }
  | { type: "silences" }
  | { type: "alerts"; page: number }
  | { type: "timeline" }
  | { type: "summary" }
  | { type: "search"; text: string }
  | { type: "explain"; text: string }
  | { type: "stats"; days: number }
  | { type: "runbooks" }
  /** The step that a runbook under way stands at: that of a name, or the only one. */
  | { type: "step"; slug: string | null }
  | { type: "tasks" }
  /** Who holds a role, or all of them (null). */
  | { type: "role"; role: string | null };

/** What a person asks of silences: to begin one, to lengthen it, to end it. Lengths are milliseconds. */
export type SilenceAsk =
  | { type: "silence"; matcher: string; lengthMs: number; reason: string }
  | { type: "extend"; id: string; byMs: number; reason: string | null }
  | { type: "unsilence"; id: string; reason: string | null };

/** What a line of words comes to. Commands are carried out in order; the first refusal stops. */
export type Ask =
  | { kind: "commands"; commands: Order[] }
  /** Begin a runbook by slug, or the best match (null): the door looks up its text and steps. */
  | { kind: "start_runbook"; slug: string | null }
  | { kind: "merge"; into: string; reason: string | null }
  | { kind: "silence"; ask: SilenceAsk }
  | { kind: "open"; title: string; severity: string | null }
  | { kind: "form"; form: FormName; typed?: Typed }
  | { kind: "query"; query: Query }
  | { kind: "export"; format: "md" | "html" | "json" | "csv" };

export type VerbContext = {
  /** ISO 8601 UTC. */
  now: string;
  /** The asker's own zone (IANA), for "09:30" and "tomorrow". */
  timeZone: string;
  asker: { id: string | null; name: string };
  /** Names of the Slack users that the text mentions, by id. */
  names: Record<string, string>;
  /** The incident it is about, already looked up; null where the verb needs none. */
  incident: IncidentState | null;
};

/**
 * One verb, one file. `parse` turns what follows the verb (and the incident's key) into an Ask, or throws a Refusal
 * "invalid" whose message shows the right usage. Where no words are given and a form exists, it asks for the form.
 */
export type Verb = {
  name: string;
  aliases: string[];
  /** Behind the verb, as help shows it: `<1-4> <reason>`. */
  usage: string;
  /** One line for the list, imperative. */
  help: string;
  /** A real line to copy. */
  example: string;
  /** Its further forms, each with the words behind the verb and a real line; shown where help is asked for this verb. */
  also?: { usage: string; help: string; example: string }[];
  /** Whether it is about one incident (its key may be left out where that is clear) or none. */
  about: "incident" | "none";
  /** Its words may mean an alert that is held, maybe in no incident: where none is clear, that is looked for first. */
  orHeld?: true;
  /**
   * Its own words name another incident: they begin with its key (`merge INC-2`), so that a single key behind the verb is
   * not the target, or have it behind `to` (`move users to INC-2`).
   */
  namesAnother?: "first" | "behind to";
  /** It is also about what is over: where none is open, those that ended lately are meant. */
  afterwards?: true;
  /** Its words may be about an entry of the timeline: the incident is looked up with these. */
  entries?: true;
  group: "respond" | "alerts" | "data" | "words" | "runbook" | "after" | "look";
  parse(rest: string, context: VerbContext): Ask;
};
