import type { LineageProvider } from "../core/correlate/lineage-document.ts";
import type { LineageStatement } from "../core/correlate/lineage-statement.ts";
import type { Command } from "../core/incident/command.ts";
import type { RecordedEvent, Severity } from "../core/incident/events.ts";
import type { Actor, Via } from "../core/incident/person.ts";
import type { IncidentState, Phase } from "../core/incident/state.ts";
import type { ReportedAlert } from "../core/report/api.ts";
import type { AlertOutcome, AlertSignal } from "../core/signal/alert.ts";
import type { ChangeOutcome, ChangeSignal, KnownChange } from "../core/signal/change.ts";
import type { StoredLineage } from "./ledger.ts";

/** A command on its way to the writer. `incident` is null only for `open`. */
export type CommandRequest = {
  incident: string | null;
  command: Command;
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
  reads: Reads;
};

/** One alert as it stands in one incident. */
export type IncidentAlert = ReportedAlert & {
  incident: string;
  /** What of its payload was not understood. */
  warnings: string[];
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
  state(key: string): Promise<IncidentState | null>;
  byThread(channel: string, threadTs: string): Promise<string | null>;
  openIn(channel: string): Promise<IncidentState[]>;
  list(
    filter: IncidentFilter,
    limit: number,
    cursor: string | null,
  ): Promise<{ incidents: IncidentState[]; next: string | null }>;
  events(key: string): Promise<RecordedEvent[]>;
  /** Newest first, the firing ones before the resolved. */
  alerts(key: string, limit: number): Promise<IncidentAlert[]>;
  /** Changes that took effect in a span (ISO 8601 UTC, since inclusive, until exclusive), newest first. */
  changes(span: { since: string; until: string }, limit: number): Promise<KnownChange[]>;
  /** Every provider's statement of lineage; tens of megabytes where projects are large. */
  lineage(): Promise<StoredLineage[]>;
  /** The same statements by name and size only, which is quick. */
  lineageStatements(): Promise<StatementInForce[]>;
  /** The text of a runbook as it was when walked, by content hash. */
  runbookText(hash: string): Promise<string | null>;
};
