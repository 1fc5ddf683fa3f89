import type { LineageProvider } from "../core/correlate/lineage-document.ts";
import type { LineageStatement } from "../core/correlate/lineage-statement.ts";
import type { Silence } from "../core/correlate/silence.ts";
import type { Order } from "../core/incident/command.ts";
import type { RecordedEvent, Relation, Severity } from "../core/incident/events.ts";
import type { Actor, Via } from "../core/incident/person.ts";
import type { IncidentState, Phase } from "../core/incident/state.ts";
import type { ReportedAlert } from "../core/report/api.ts";
import type { TimelineEntry } from "../core/report/timeline.ts";
import type { AlertOutcome, AlertSignal } from "../core/signal/alert.ts";
import type { ChangeOutcome, ChangeSignal, KnownChange } from "../core/signal/change.ts";
import type { Explanation } from "../core/verb/answers.ts";
import type { SilenceAsk } from "../core/verb/verb.ts";
import type { StoredLineage } from "./ledger.ts";

/** A command on its way to the writer. `incident` is null only for `open`. */
export type CommandRequest = {
  incident: string | null;
  command: Order;
  actor: Actor;
  via: Via;
  /** Where it stands in Slack, if it does. */
  permalink?: string | null;
  /** Slack's event or trigger id: the same one twice is carried out once and answered alike. */
  idempotencyKey?: string | null;
  /** With `start_runbook`: the very text that will be walked, kept under its hash. */
  runbook?: { slug: string; hash: string; text: string };
};

/** What came of a command: the events it appended (none when nothing was left to do) and the incident it concerns. */
export type CommandResult = { incident: string; events: RecordedEvent[] };

/** A silence that is asked for. `incident` and `channel` are where that was said, which is where its end is announced. */
export type SilenceRequest = {
  ask: SilenceAsk;
  incident: string | null;
  channel: string | null;
  actor: Actor;
  via: Via;
  permalink: string | null;
  idempotencyKey: string | null;
};

/** The silence as it is now, and how many alerts it holds. */
export type SilenceResult = { silence: Silence; held: number };

/** What became of one statement of lineage. */
export type LineageOutcome = {
  provider: string;
  key: string;
  outcome: "recorded" | "updated" | "unchanged";
  version: number;
  assets: number;
  edges: number;
};

/** A provider's statement of lineage that is in force, without what it says. One without assets was taken back. */
export type StatementInForce = {
  provider: LineageProvider;
  key: string;
  version: number;
  receivedAt: string;
  assets: number;
  edges: number;
};

/** The use cases, as the doors see them. All of them are durable before they resolve; refusals reject with Refusal. */
export type Engine = {
  ingest(signals: AlertSignal[], receivedAt: string): Promise<AlertOutcome[]>;
  /** Takes in statements of lineage; what they say from then on decides which alerts belong together. */
  learn(statements: LineageStatement[], receivedAt: string): Promise<LineageOutcome[]>;
  record(changes: ChangeSignal[], receivedAt: string): Promise<ChangeOutcome[]>;
  command(request: CommandRequest): Promise<CommandResult>;
  silence(request: SilenceRequest): Promise<SilenceResult>;
  /** What would become of alerts of an incident, or of held ones, were they to come now; null for one that is neither. */
  explain(incident: string | null, fingerprints: string[]): Promise<(Explanation | null)[]>;
  reads: Reads;
};

/** One alert as it stands in one incident. */
export type IncidentAlert = ReportedAlert & {
  incident: string;
  /** What of its payload was not understood. */
  warnings: string[];
  /** See `Recurrence`. */
  passedAt?: string | null;
  changes?: string[];
};

/** An alert that fires and that nobody is told of. */
export type HeldAlert = {
  fingerprint: string;
  source: string;
  title: string;
  asset: string | null;
  /** When it began to be held, ISO 8601 UTC. */
  since: string;
  by: "silence" | "window" | "rule";
  /** The silence's id, the window's or the rule's name. */
  holder: string;
  reason: string;
  /** The incident on which it counts. */
  incident: string | null;
  /** The alert that inhibits it. */
  inhibitor: string | null;
};

export type IncidentFilter = {
  phases?: Phase[];
  severities?: Severity[];
  /** Asset as `namespace/name`. */
  asset?: string;
  source?: string;
  /** detectedAt bounds, ISO 8601 UTC, since inclusive, until exclusive. */
  since?: string;
  until?: string;
  kind?: "incident" | "drill";
  open?: boolean;
  text?: string;
};

/**
 * Reads of what is committed. `state` is the incident with all its assets; `summary` reads (`list`) leave `assets`
 * empty and are cheap on any history. Pages are newest first; `next` is an opaque cursor or null.
 */
export type Reads = {
  /** Its entries, which may be thousands, only where they are asked for. */
  state(key: string, parts?: { entries: boolean }): Promise<IncidentState | null>;
  byThread(channel: string, threadTs: string): Promise<string | null>;
  openIn(channel: string): Promise<IncidentState[]>;
  list(
    filter: IncidentFilter,
    limit: number,
    cursor: string | null,
  ): Promise<{ incidents: IncidentState[]; next: string | null }>;
  /** How many events its log has; 0 where there is no such incident. */
  length(key: string): Promise<number>;
  /** The whole log, which may be a hundred thousand events: seconds of work. What is drawn from it has reads of its own. */
  events(key: string): Promise<RecordedEvent[]>;
  /** The timeline for people, a storm told in a line of it. */
  story(key: string): Promise<TimelineEntry[]>;
  /** Every entry as the JSON that the API answers with; null where there is no such incident. */
  timeline(key: string): Promise<string | null>;
  /** How lineage tied alerts to their incident, by fingerprint; those that it did not tie are left out. */
  relations(key: string, fingerprints: string[]): Promise<Map<string, Relation>>;
  /** What is silenced now: silences that are not over, and the alerts held, the longest held first. */
  silences(): Promise<{ silences: Silence[]; held: HeldAlert[]; counts: Map<string, number> }>;
  /** All that is held, wherever it counts, as alerts of an incident are shown. */
  held(limit: number): Promise<Omit<IncidentAlert, "incident">[]>;
  /** Newest first, the firing ones before the resolved, those held last; `lead`, by fingerprint, before all others. */
  alerts(key: string, limit: number, lead?: string | null): Promise<IncidentAlert[]>;
  /** Changes that took effect in a span (ISO 8601 UTC, since inclusive, until exclusive), newest first. */
  changes(span: { since: string; until: string }, limit: number): Promise<KnownChange[]>;
  /** Every provider's statement of lineage; tens of megabytes where projects are large. */
  lineage(): Promise<StoredLineage[]>;
  /** The same statements by name and size only, which is quick. */
  lineageStatements(): Promise<StatementInForce[]>;
  /** The text of a runbook as it was when walked, by content hash. */
  runbookText(hash: string): Promise<string | null>;
};
