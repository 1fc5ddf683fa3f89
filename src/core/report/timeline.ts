import type { EventType, RecordedEvent } from "../incident/events.ts";
import { type Actor, actorName, type Via } from "../incident/person.ts";
import { fold, type IncidentState, walkIn } from "../incident/state.ts";
import { plural } from "../plural.ts";
import type { Asset } from "../signal/asset.ts";
import { formatDuration } from "./clocks.ts";
import { utcBetween, utcDateTime } from "./instants.ts";
import { inWords, namesIn } from "./names.ts";

/**
 * One line of the timeline, with all corrections applied. `at` is when it happened, `recordedAt` when it was written
 * down. `hidden` is set on what the ordinary timeline leaves out: hidden entries, pins taken back, and the corrections
 * themselves. `count` is how many log entries the line stands for, more than 1 only where a storm was summarised.
 */
export type TimelineEntry = {
  seq: number;
  at: string;
  recordedAt: string;
  kind: EventType;
  text: string;
  actor: string;
  via: Via;
  permalink: string | null;
  hash: string;
  edited: boolean;
  editedBy: string | null;
  hidden: boolean;
  count: number;
};

/** Corrections of other entries: kept for the audit, never part of the story. */
const CORRECTIONS: ReadonlySet<EventType> = new Set([
  "unpinned",
  "pin_edited",
  "pin_deleted",
  "entry_edited",
  "entry_hidden",
]);

/** True bookkeeping that a reader of the story has no use for: it stands elsewhere in the report or nowhere. */
const HOUSEKEEPING: ReadonlySet<EventType> = new Set([
  "thread_opened",
  "keys_added",
  "run_passed",
  "runbook_suggested",
  "summary_set",
  "task_added",
  "task_done",
  "link_added",
  "changes_suspected",
  "similar_found",
  "review_written",
  "postmortem_exported",
]);

/** What a person wrote in their own words, as opposed to what we say about what happened. */
export const OWN_WORDS: ReadonlySet<EventType> = new Set(["noted", "pinned", "status_posted"]);

/** The whole timeline of an incident's log, by time of happening, then by order of writing. */
export function timeline(
  events: RecordedEvent[],
  options: { includeHidden?: boolean } = {},
): TimelineEntry[] {
  const state = fold(events);
  if (!state) return [];
  const names = namesIn(events);
  const editors = editorsOf(events);
  return events
    .map((event) => toEntry(event, state, editors, (text) => inWords(text, names)))
    .filter((entry) => options.includeHidden || !entry.hidden)
    .sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : a.seq - b.seq));
}

function toEntry(
  event: RecordedEvent,
  state: IncidentState,
  editors: Map<number, string>,
  say: (text: string) => string,
): TimelineEntry {
  const { seq, recordedAt, body, via, permalink, hash } = event;
  const written = state.entries[seq];
  const editedBy = editors.get(seq) ?? null;
  return {
    seq,
    at: written?.at ?? event.at,
    recordedAt,
    kind: body.type,
    text: say(sentence(event, state, written?.text ?? "")),
    actor: say(actorName(body.type === "pinned" ? body.author : event.actor)),
    via,
    permalink,
    hash,
    edited: editedBy !== null,
    editedBy: editedBy === null ? null : say(editedBy),
    hidden: written?.hidden === true || CORRECTIONS.has(body.type),
    count: 1,
  };
}

/** Who last edited an entry, by the entry's sequence number. */
function editorsOf(events: RecordedEvent[]): Map<number, string> {
  const editors = new Map<number, string>();
  const pins = new Map<string, number>();
  for (const { seq, actor, body } of events) {
    if (body.type === "pinned") pins.set(body.messageTs, seq);
    else if (body.type === "entry_edited") editors.set(body.seq, actorName(actor));
    else if (body.type === "pin_edited") {
      const pin = pins.get(body.messageTs);
      if (pin !== undefined) editors.set(pin, actorName(actor));
    }
  }
  return editors;
}

const by = (actor: Actor) => (actor.kind === "person" ? ` by ${actor.name}` : "");
/** So many names stand in one line. */
const NAMED = 5;
const namesOf = (assets: Asset[]) =>
  [
    ...assets.slice(0, NAMED).map(({ name }) => name),
    ...(assets.length > NAMED ? [`${assets.length - NAMED} more`] : []),
  ].join(", ");
const because = (reason: string | null) => (reason ? `: ${reason}` : "");

/** What happened, in one plain sentence. `words` is the text of an entry that can be edited, as it stands now. */
function sentence({ actor, body, incident }: RecordedEvent, state: IncidentState, words: string): string {
  const who = actorName(actor);
  switch (body.type) {
    case "opened":
      return body.origin || actor.kind !== "person"
        ? `${incident} opened as ${body.severity}: ${body.title}`
        : `${who} declared ${incident} as ${body.severity}: ${body.title}`;
    case "thread_opened":
      return "The incident's thread was opened in Slack";
    case "alert_attached":
      return `${body.source} alert: ${body.title}`;
    case "alert_refired":
      return `Alert fired again: ${body.title}`;
    case "alert_widened":
      return `Alert names further data: ${body.title} (${namesOf([...body.assets, ...body.impacted])})`;
    case "keys_added":
      return `Alerts are gathered here by ${body.groupingKeys.join(", ")} too`;
    case "alert_resolved":
      return `Alert resolved: ${body.title}`;
    case "run_passed":
      return `Checks passed ${body.runs} of ${plural(body.of, "run")}`;
    case "checks_passed":
      return body.runs === 1 ? "All alerts have resolved" : `Checks passed ${body.runs} runs in a row`;
    case "flapping_began":
      return `Alert flaps: ${body.title} (${body.changes} changes in ${formatDuration(body.overMs)}), held until it is quiet for ${formatDuration(body.quietMs)}`;
    case "flapping_ended":
      return `Alert stopped flapping: ${body.title} (it ${body.status === "firing" ? "fires" : "passes"})`;
    case "alert_held":
      return `Alert held back: ${body.title} (${body.reason})`;
    case "alert_released":
      return `Alert held back no more: ${body.title} (${body.reason})`;
    case "silence_set":
      return `${who} silenced ${body.matcher} until ${utcDateTime(body.endsAt)} (${body.silence}): ${body.reason}`;
    case "silence_ended":
      return `${who} ended the silence ${body.silence}${because(body.reason)}`;
    case "acknowledged":
      return `${who} acknowledged${because(words)}`;
    case "unacknowledged":
      return `${who} took the acknowledgement back${because(body.reason)}`;
    case "mitigated":
      return `Mitigated${because(words)}`;
    case "resolved":
      return `Resolved${because(words)}`;
    case "reopened":
      return `Reopened${because(body.reason)}`;
    case "closed":
      return `Closed${because(body.reason)}`;
    case "cancelled":
      return `Cancelled as a false alarm${because(body.reason)}`;
    case "merged":
      return `Merged into ${body.into}${because(body.reason)}`;
    case "absorbed":
      return `Took in ${body.incident} (${body.title}) with ${plural(body.alerts.total, "alert")}`;
    case "origin_found":
      return `Likely origin: ${body.asset.name} (${body.reason})`;
    case "alerts_moved":
      return `${plural(body.alerts.length, "alert")} moved to ${body.to}${by(actor)}${because(body.reason)}`;
    case "alerts_received":
      return `${plural(body.alerts.length, "alert")} came from ${body.from}${by(actor)}${because(body.reason)}`;
    case "severity_changed":
      return `Severity ${body.from} → ${body.to}: ${body.reason}`;
    case "title_changed":
      return `Renamed to: ${body.title}`;
    case "summary_set":
      return `Summary written: ${body.text}`;
    case "started_at_set":
      return `Start of the problem set to ${utcDateTime(body.startedAt)}: ${body.reason}`;
    case "role_assigned":
      return `${body.person.name} became ${body.role}`;
    case "role_cleared":
      return `Nobody is ${body.role} any more`;
    case "asset_added":
      return `${body.asset.name} was added to what is affected${body.reason ? `: ${body.reason}` : ""}`;
    case "asset_impacted":
      return `${body.asset.name} is wrong again: ${body.reason}`;
    case "asset_recovering":
      return `${body.asset.name} is recovering: ${body.reason}`;
    case "asset_verified":
      return `${body.asset.name} was verified: its data is right again${body.reason ? ` (${body.reason})` : ""}`;
    case "asset_waived":
      return `${body.asset.name} was waived: ${body.reason}`;
    case "status_posted":
      return `Status: ${words}`;
    case "noted":
    case "pinned":
      return words;
    case "unpinned":
      return "A pinned message was taken off the timeline";
    case "pin_edited":
      return `A pinned message was edited in Slack to: ${body.text}`;
    case "pin_deleted":
      return "A pinned message was deleted in Slack";
    case "entry_edited":
      return `Entry ${body.seq} was corrected${body.text === null ? "" : ` to: ${body.text}`}${body.at === null ? "" : ` (time: ${utcDateTime(body.at)})`}`;
    case "entry_hidden":
      return `Entry ${body.seq} was hidden${because(body.reason)}`;
    case "runbook_suggested":
      return `Runbook suggested: ${body.runbooks.map((r) => r.title).join(", ")}`;
    case "runbook_started":
      return `Runbook started: ${body.title} (${plural(body.steps.length, "step")})`;
    case "step_finished":
      return `Step ${body.outcome}: ${body.title}${body.note ? ` (${body.note})` : ""}`;
    case "step_reopened":
      return `Step reopened: ${body.title}`;
    case "runbook_finished":
      return `Runbook finished: ${walkIn(state, body.runbook)?.title ?? body.runbook}`;
    case "task_added":
      return `Action item ${body.task}: ${body.text}${body.owner ? ` (${body.owner.name})` : ""}`;
    case "task_done":
      return `Action item ${body.task} is done`;
    case "link_added":
      return `Link added: ${body.link.title} (${body.link.url})`;
    case "change_linked":
      return `Change: ${body.text}${body.changedAt ? ` (${utcDateTime(body.changedAt)})` : ""}`;
    case "changes_suspected":
      return `Changes suspected: ${body.suspects.map((each) => `${each.number}. ${each.title} (${each.confidence}: ${each.reason})`).join("; ") || "none any more"}`;
    case "cause_named":
      return `${who} named the cause: ${body.text}${body.changedAt ? ` (${utcDateTime(body.changedAt)})` : ""}`;
    case "similar_found":
      return `Seen before: ${body.incidents.map((each) => `${each.key} ${each.title} (${each.reason})`).join("; ")}`;
    case "review_written":
      return `Review written: ${plural(body.statements.length, "statement")} under “${body.section}”`;
    case "postmortem_exported":
      return `Postmortem exported as ${body.format}`;
    default:
      return body satisfies never;
  }
}

/** More than this many of a kind in one run are a storm. */
const STORM = 12;
/** So many of a storm are still shown one by one, since the first ones point at the cause. */
const SHOWN_OF_STORM = 3;

/** What comes in storms, and how the rest of one is put. */
const STORM_WORDS: Partial<Record<EventType, string>> = {
  alert_attached: "more alerts joined",
  alert_refired: "more alerts fired again",
  alert_widened: "more alerts named further data",
  alert_resolved: "more alerts resolved",
  asset_added: "more assets were added",
  asset_impacted: "more assets went wrong again",
  asset_recovering: "more assets began to recover",
  asset_verified: "more assets were verified",
  asset_waived: "more assets were waived",
};

/**
 * The timeline for people: without bookkeeping, without the alert that the opening already quotes, and with each storm
 * told in one line after its first few entries.
 */
export function curatedTimeline(events: RecordedEvent[]): TimelineEntry[] {
  const quoted = openingAlert(events);
  const story = timeline(events).filter(({ kind, seq }) => !HOUSEKEEPING.has(kind) && seq !== quoted);
  return runsOf(story).flatMap(calmStorm);
}

/** The entry of the alert that opened the incident and gave it its title. */
function openingAlert(events: RecordedEvent[]): number | null {
  const opened = events[0]?.body;
  if (opened?.type !== "opened" || !opened.origin) return null;
  const first = events.find(({ body }) => body.type === "alert_attached");
  return first?.body.type === "alert_attached" && first.body.title === opened.title ? first.seq : null;
}

/** Stretches of entries that either all come in storms or all do not. */
function runsOf(entries: TimelineEntry[]): TimelineEntry[][] {
  const runs: TimelineEntry[][] = [];
  for (const entry of entries) {
    const run = runs.at(-1);
    const stormy = entry.kind in STORM_WORDS;
    if (run && run[0]!.kind in STORM_WORDS === stormy) run.push(entry);
    else runs.push([entry]);
  }
  return runs;
}

function calmStorm(run: TimelineEntry[]): TimelineEntry[] {
  const kinds = Map.groupBy(run, (entry) => entry.kind);
  const seen = new Map<string, number>();
  return run.flatMap((entry) => {
    const alike = kinds.get(entry.kind)!;
    if (!(entry.kind in STORM_WORDS) || alike.length <= STORM) return [entry];
    const place = seen.get(entry.kind) ?? 0;
    seen.set(entry.kind, place + 1);
    if (place < SHOWN_OF_STORM) return [entry];
    return place === SHOWN_OF_STORM ? [summarise(alike.slice(SHOWN_OF_STORM))] : [];
  });
}

function summarise(entries: TimelineEntry[]): TimelineEntry {
  const first = entries[0]!;
  const last = entries.at(-1)!;
  const byActor = [...Map.groupBy(entries, (entry) => entry.actor)].sort(
    ([a, x], [b, y]) => y.length - x.length || (a < b ? -1 : 1),
  );
  const shares = byActor.map(([actor, of]) => `${of.length} ${actor}`).join(", ");
  return {
    ...first,
    text: `${entries.length} ${STORM_WORDS[first.kind]} ${utcBetween(first.at, last.at)}: ${shares}`,
    recordedAt: last.recordedAt,
    actor: byActor.map(([actor]) => actor).join(", "),
    permalink: null,
    hash: last.hash,
    edited: false,
    editedBy: null,
    count: entries.length,
  };
}
