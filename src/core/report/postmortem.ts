import type { RecordedEvent, ReviewSection } from "../incident/events.ts";
import { actorName } from "../incident/person.ts";
import {
  type AssetState,
  type IncidentState,
  leadingAlert,
  type Phase,
  type Recovery,
  suspectsNow,
  walkIn,
} from "../incident/state.ts";
import { plural } from "../plural.ts";
import { ALERT_SEVERITIES } from "../signal/alert.ts";
import { type Integrity, integrity, type ReportedAlert } from "./api.ts";
import {
  byDowntime,
  clocks,
  downtimeIntervals,
  elapsed,
  formatDuration,
  isFinished,
  longestDowntime,
} from "./clocks.ts";
import { type Coverage, coverage } from "./coverage.ts";
import type { Block, Document, Span, Text, Tone } from "./document.ts";
import { drawing } from "./drawing.ts";
import { utcDay, utcShortDate, utcTime } from "./instants.ts";
import { allInWords, namesIn } from "./names.ts";
import { curatedTimeline, OWN_WORDS, type TimelineEntry } from "./timeline.ts";
import { linked, VIA_WORDS } from "./wording.ts";

/**
 * What a postmortem is made of. `asOf` is the present moment and counts only while the incident is open, where data
 * downtime that lasts is measured to it; a finished incident is reported as of the last entry of its log, so that the
 * same log gives the same bytes whenever it is exported. `alerts` may be only the newest of many. `slash` is the name
 * of the slash command, for the hints.
 */
export type PostmortemInput = {
  state: IncidentState;
  events: RecordedEvent[];
  alerts: ReportedAlert[];
  asOf: string;
  slash?: string;
};

export type PreparedPostmortem = Required<PostmortemInput> & { integrity: Integrity };

/** The log without the exports at its end, so that exporting a report does not change the next one. */
export function reportedEvents(events: RecordedEvent[]): RecordedEvent[] {
  return events.slice(0, events.findLastIndex(({ body }) => body.type !== "postmortem_exported") + 1);
}

/**
 * The input as it is reported: people's names for mentions, and the log as it is reported. Alerts come as they were seen, after the one that it is about; of what
 * came in one request the worst first, as a report shows only some.
 */
export function prepare(input: PostmortemInput): PreparedPostmortem {
  const events = reportedEvents(input.events);
  const names = namesIn(events);
  const lead = leadingAlert(input.state);
  const rank = ({ fingerprint }: ReportedAlert) => (fingerprint === lead ? 0 : 1);
  const level = ({ severity }: ReportedAlert) => (ALERT_SEVERITIES as readonly string[]).indexOf(severity);
  const alerts = allInWords(input.alerts, names).toSorted(
    (a, b) =>
      rank(a) - rank(b) ||
      order(a.firstSeenAt, b.firstSeenAt) ||
      level(a) - level(b) ||
      order(a.fingerprint, b.fingerprint),
  );
  return {
    state: allInWords(input.state, names),
    events,
    alerts,
    asOf: isFinished(input.state) ? (events.at(-1)?.recordedAt ?? input.asOf) : input.asOf,
    slash: input.slash ?? "/incident",
    integrity: integrity(events),
  };
}

/** The postmortem of an incident, drafted from its log alone. */
export function postmortem(input: PostmortemInput): Document {
  const report = prepare(input);
  const { state } = report;
  return {
    summary: `Postmortem of ${state.key} (${state.severity}, ${state.phase}): ${state.title}`,
    title: `${state.key}: ${state.title}`,
    blocks: [
      ...notices(report),
      header(report),
      figures(report),
      ...section("Summary", summary(report)),
      ...section("Impact", impact(report)),
      ...section("Clocks", clockTable(report)),
      ...section("Timeline", timelineBlocks(report)),
      ...section("Runbooks", runbooks(report)),
      ...section("What changed", changes(report)),
      ...REVIEW.flatMap(({ title, section: name, ask }) => section(title, review(report, name, ask))),
      ...section("Action items", actionItems(report)),
      ...section("Links", links(report)),
      ...section("Alerts", alertTable(report)),
      ...section("Integrity", proof(report)),
    ],
  };
}

const STATE_TONES: Record<Phase, Tone> = {
  triggered: "bad",
  acknowledged: "warn",
  mitigated: "info",
  resolved: "good",
  closed: "good",
  merged: "quiet",
  cancelled: "quiet",
};
const RECOVERY_TONES: Record<Recovery, Tone> = {
  impacted: "bad",
  recovering: "warn",
  verified: "good",
  waived: "quiet",
};
const SEVERITY_TONES: Record<string, Tone> = { SEV1: "bad", SEV2: "warn", SEV3: "info", SEV4: "quiet" };
const OUTCOME_TONES: Record<Coverage["steps"][number]["outcome"], Tone> = {
  done: "good",
  skipped: "warn",
  failed: "bad",
  "under way": "info",
  "not reached": "quiet",
};

const REVIEW: { title: string; section: ReviewSection; ask: string }[] = [
  { title: "What went well", section: "well", ask: "what helped" },
  {
    title: "What went badly",
    section: "badly",
    ask: "what in our systems, signals or process made it harder",
  },
  { title: "Where we got lucky", section: "lucky", ask: "what could have made it worse and did not" },
  { title: "Contributing factors", section: "factor", ask: "what made it possible" },
];

/** Rows beyond these are counted, not shown: the JSON export has all of them. */
const ALERTS_SHOWN = 20;
const ASSETS_SHOWN = 50;
const KEYS_SHOWN = 10;

function notices({ state, asOf }: PreparedPostmortem): Block[] {
  const notes: Text[] = [];
  if (state.kind === "drill")
    notes.push([
      { strong: "This was a drill.", tone: "info" },
      " Nothing was really broken, and it counts in no statistics.",
    ]);
  if (!isFinished(state)) {
    notes.push([
      { strong: "Still open.", tone: "warn" },
      " A draft as of ",
      { time: asOf, style: "datetime" },
      ": what lasts is measured to then.",
    ]);
  }
  if (state.phase === "cancelled")
    notes.push([
      { strong: "False alarm.", tone: "quiet" },
      ` It was cancelled: ${state.outcome ?? "no reason given"}`,
    ]);
  if (state.phase === "merged") {
    notes.push([
      { strong: "Merged.", tone: "quiet" },
      ` It went on as ${state.mergedInto}; that report has the rest of the story.`,
    ]);
  }
  return notes.map((text) => ({ type: "quote", text }));
}

function header({ state, events }: PreparedPostmortem): Block {
  const roles = Object.entries(state.roles).filter(([role]) => role !== "lead");
  const first = events.find((event) => event.body.type === "severity_changed");
  const before =
    first?.body.type === "severity_changed" && first.body.from !== state.severity
      ? ` (opened as ${first.body.from})`
      : "";
  const lead = state.roles.lead;
  const facts: { label: string; value: Text }[] = [
    { label: "State", value: { strong: state.phase, tone: STATE_TONES[state.phase] } },
    {
      label: "Severity",
      value: [{ strong: state.severity, tone: SEVERITY_TONES[state.severity] ?? "quiet" }, before],
    },
    { label: "Lead", value: lead ? { person: lead.name, id: lead.id } : { em: "nobody took the lead" } },
    ...roles
      .sort(([a], [b]) => order(a, b))
      .map(([role, { name, id }]) => ({ label: capital(role), value: { person: name, id } })),
    { label: "Opened by", value: `${actorName(state.openedBy)} (${state.openedReason})` },
  ];
  if (state.absorbed.length > 0) facts.push({ label: "Took in", value: tookIn(state.absorbed) });
  if (state.thread?.permalink)
    facts.push({ label: "Thread", value: { link: "in Slack", url: state.thread.permalink } });
  return { type: "facts", facts };
}

/** Of a storm most of these were never posted, so that their keys lead nowhere; the timeline has them all. */
function tookIn(keys: string[]): string {
  const more = keys.length - KEYS_SHOWN;
  return `${keys.slice(0, KEYS_SHOWN).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

/** The four numbers a reader wants before any sentence. */
function figures({ state, asOf }: PreparedPostmortem): Block {
  const longest = longestDowntime(state, asOf);
  const { ttd, total } = clocks(state);
  const open = formatDuration(elapsed(state.startedAt, asOf) ?? 0);
  const broken = [
    { label: "Unnoticed for", value: formatDuration(ttd) },
    total === null && !isFinished(state)
      ? { label: "Broken for, so far", value: open }
      : { label: "Broken until resolved", value: total === null ? "not resolved" : formatDuration(total) },
  ];
  return {
    type: "facts",
    prominent: true,
    facts: [
      ...(isFalseAlarm(state) ? [{ label: "Cancelled after", value: cancelledAfter(state) }] : broken),
      {
        label: "Longest data downtime",
        value:
          state.assets.size === 0
            ? "no asset named"
            : isFalseAlarm(state)
              ? "none, a false alarm"
              : formatDuration(longest),
      },
      { label: "Affected", value: plural(state.assets.size, "asset") },
    ],
  };
}

/** Nothing was broken, so nothing is told of when it broke and how long that took. */
function isFalseAlarm(state: IncidentState): boolean {
  return state.phase === "cancelled";
}

function cancelledAfter({ detectedAt, closedAt }: IncidentState): string {
  return formatDuration(elapsed(detectedAt, closedAt) ?? 0);
}

function summary(report: PreparedPostmortem): Block[] {
  const { state } = report;
  const written = state.summary?.split(/\n\s*\n/).filter((part) => part.trim() !== "") ?? [];
  const own: Block[] =
    written.length > 0
      ? written.map((text) => ({ type: "paragraph", text: linked(text) }))
      : [
          missing(
            report,
            `summary ${report.state.key} set <text>`,
            "what happened, to whom it mattered, and how it ended",
          ),
        ];
  return [...own, { type: written.length > 0 ? "context" : "paragraph", text: fromTheLog(report) }];
}

/** The story in a few sentences, for nobody has to write what the log knows. */
function fromTheLog({ state }: PreparedPostmortem): Text {
  const { ttd, tta, ttm, ttr } = clocks(state);
  const who = state.origin ? state.origin.source : actorName(state.openedBy);
  const when = ttd > 0 ? `${formatDuration(ttd)} later` : "at once";
  const what = state.origin ? `: “${sentenceEnd(state.origin.title)}” ` : ". ";
  const text: Span[] = isFalseAlarm(state)
    ? [
        `It was ${state.origin ? "raised" : "declared"} by ${who} at `,
        { time: state.detectedAt, style: "datetime" },
        what,
      ]
    : [
        "The data broke at ",
        { time: state.startedAt, style: "datetime" },
        `. It was noticed ${when} by ${who}${what}`,
      ];
  if (state.likelyOrigin && !isFalseAlarm(state)) {
    const { asset, fingerprint, title } = state.likelyOrigin;
    const said = fingerprint === state.origin?.fingerprint ? ". " : `: “${sentenceEnd(title)}” `;
    text.push("What broke first is likely ", { strong: asset.name }, said);
  }
  if (tta !== null)
    text.push(
      `${state.acknowledgedBy ? actorName(state.acknowledgedBy) : "Someone"} acknowledged after ${formatDuration(tta)}. `,
    );
  if (ttm !== null) text.push(`The cause was fixed or contained after ${formatDuration(ttm)}. `);
  if (ttr !== null)
    text.push(
      `It was resolved after ${formatDuration(ttr)}${state.outcome ? `: ${sentenceEnd(state.outcome)}` : "."}`,
    );
  if (isFalseAlarm(state)) text.push(`It was cancelled as a false alarm after ${cancelledAfter(state)}.`);
  return text;
}

function impact({ state, asOf }: PreparedPostmortem): Block[] {
  const { total, firing, resolved, held } = state.alerts;
  const counts = [
    `${firing} firing`,
    `${resolved} resolved`,
    ...(held > 0 ? [`${held} held back`] : []),
  ].join(", ");
  const from = state.sources.length > 0 ? ` from ${state.sources.toSorted().join(", ")}` : "";
  const lead: Block = { type: "paragraph", text: `${plural(total, "alert")}${from}: ${counts}.` };
  const assets = byDowntime(state, asOf);
  if (assets.length === 0)
    return [lead, { type: "paragraph", text: { em: "No table, model or pipeline was named as affected." } }];
  const table: Block = {
    type: "table",
    columns: [
      { title: "Asset" },
      { title: "Recovery" },
      { title: "Data downtime", align: "right" },
      { title: "When" },
    ],
    rows: assets.slice(0, ASSETS_SHOWN).map(({ asset, length }) => assetRow(state, asset, length, asOf)),
  };
  return [lead, table, ...andMore(assets.length - ASSETS_SHOWN, "asset")];
}

function assetRow(state: IncidentState, asset: AssetState, length: number, asOf: string): Text[] {
  const intervals = downtimeIntervals(state, asset, asOf).flatMap(({ from, to }, index): Span[] => [
    index === 0 ? "" : "; ",
    { time: from, style: "datetime" },
    " to ",
    to !== null ? { time: to, style: "datetime" } : isFinished(state) ? "the end" : "now",
  ]);
  const recovery: Span[] = isFalseAlarm(state)
    ? [{ strong: "was right", tone: "quiet" }]
    : [{ strong: asset.recovery, tone: RECOVERY_TONES[asset.recovery] }];
  if (asset.waivedReason) recovery.push(` ${asset.waivedReason}`);
  return [
    [{ strong: asset.asset.name }, `\nin ${asset.asset.namespace}`],
    recovery,
    intervals.length > 0 ? formatDuration(length) : { em: "none" },
    intervals,
  ];
}

function clockTable({ state }: PreparedPostmortem): Block[] {
  const { ttd, tta, ttm, ttr, total } = clocks(state);
  const row = (name: string, took: number | null, from: string, to: string | null): Text[] => [
    name,
    took === null ? { em: isFinished(state) ? "not recorded" : "not yet" } : { strong: formatDuration(took) },
    { time: from, style: "datetime" },
    to === null ? "" : { time: to, style: "datetime" },
  ];
  const ifBroken = (clock: Text[]) => (isFalseAlarm(state) ? [] : [clock]);
  return [
    {
      type: "table",
      columns: [{ title: "Clock" }, { title: "Took", align: "right" }, { title: "From" }, { title: "To" }],
      rows: [
        ...ifBroken(row("Time to detect (TTD)", ttd, state.startedAt, state.detectedAt)),
        row("Time to acknowledge (TTA)", tta, state.detectedAt, state.acknowledgedAt),
        row("Time to mitigate (TTM)", ttm, state.detectedAt, state.mitigatedAt),
        row("Time to resolve (TTR)", ttr, state.detectedAt, state.resolvedAt),
        ...ifBroken(row("Data broken to resolved", total, state.startedAt, state.resolvedAt)),
      ],
    },
    {
      type: "context",
      text: isFalseAlarm(state)
        ? "All run from the first signal."
        : "TTD runs from the moment the data broke, the other three from the first signal.",
    },
  ];
}

function timelineBlocks({ state, events, asOf }: PreparedPostmortem): Block[] {
  const figure: Block = { type: "figure", ...drawing(state, events, asOf) };
  const days = [...Map.groupBy(curatedTimeline(events), (entry) => entry.at.slice(0, 10))];
  const tables = days.flatMap(([, entries]): Block[] => [
    { type: "heading", level: 2, text: utcDay(entries[0]!.at) },
    {
      type: "table",
      columns: [{ title: "UTC" }, { title: "What happened" }, { title: "Who, how" }],
      rows: entries.map(timelineRow),
    },
  ]);
  return [figure, ...tables];
}

const TURNING_POINTS: Partial<Record<TimelineEntry["kind"], Tone>> = {
  opened: "bad",
  acknowledged: "warn",
  mitigated: "info",
  resolved: "good",
  reopened: "bad",
};
/** An entry written down later than this says so: memory is not a log. */
const LATE_MS = 10 * 60_000;

function timelineRow(entry: TimelineEntry): Text[] {
  const what: Span[] =
    entry.kind in TURNING_POINTS
      ? [{ strong: entry.text }]
      : OWN_WORDS.has(entry.kind)
        ? linked(entry.text)
        : [entry.text];
  const who: Span[] = [`${entry.actor}, ${VIA_WORDS[entry.via]}`];
  if (entry.permalink) who.push(" (", { link: "message", url: entry.permalink }, ")");
  if (entry.edited) who.push("\n", { em: `edited by ${entry.editedBy}` });
  if ((elapsed(entry.at, entry.recordedAt) ?? 0) > LATE_MS && entry.count === 1) {
    who.push("\n", { em: `written down ${utcShortDate(entry.recordedAt)} ${utcTime(entry.recordedAt)}` });
  }
  return [utcTime(entry.at), what, who];
}

function alertTable({ state, alerts, slash }: PreparedPostmortem): Block[] {
  if (alerts.length === 0) {
    return [
      {
        type: "paragraph",
        text: {
          em: state.alerts.total === 0 ? "No alert came: people noticed." : "The alerts are no longer kept.",
        },
      },
    ];
  }
  const table: Block = {
    type: "table",
    columns: [
      { title: "Alert" },
      { title: "Source" },
      { title: "Level" },
      { title: "Status" },
      { title: "First seen" },
      { title: "Times", align: "right" },
    ],
    rows: alerts
      .slice(0, ALERTS_SHOWN)
      .map((alert) => [
        alert.links[0] ? { link: alert.title, url: alert.links[0].url } : alert.title,
        alert.source,
        alert.severity,
        { strong: alert.status, tone: alert.status === "firing" ? "bad" : "good" },
        { time: alert.firstSeenAt, style: "datetime" },
        String(alert.count),
      ]),
  };
  const more = Math.max(alerts.length, state.alerts.total) - ALERTS_SHOWN;
  const listed = alerts.length - ALERTS_SHOWN;
  if (more <= listed || listed <= 0) return [table, ...andMore(more, "alert")];
  const words = `and ${plural(more, "more alert")}; the JSON export lists ${listed} of them, `;
  return [table, { type: "context", text: [words, { code: `${slash} alerts ${state.key}` }, " all."] }];
}

function runbooks({ state, slash }: PreparedPostmortem): Block[] {
  const walked = Object.values(state.walks);
  const ignored = state.suggestedRunbooks.filter((suggested) => !walkIn(state, suggested.slug));
  const blocks = walked.flatMap((walk) => runbookBlocks(coverage(walk, state)));
  if (ignored.length > 0) {
    const items = ignored.map(
      ({ title, reason }): Text => [{ strong: title }, ` was suggested (${reason}) and not started.`],
    );
    blocks.push({ type: "list", items });
  }
  if (blocks.length > 0) return blocks;
  return [
    {
      type: "paragraph",
      text: [
        { em: "No runbook was walked, and none matched. " },
        "A new one for this case would start from this timeline; ",
        { code: `${slash} help runbook` },
        " shows how.",
      ],
    },
  ];
}

function runbookBlocks(covered: Coverage): Block[] {
  const { counts, steps } = covered;
  const told = (["done", "failed", "skipped", "under way", "not reached"] as const).filter(
    (outcome) => counts[outcome] > 0,
  );
  return [
    { type: "heading", level: 2, text: covered.title },
    {
      type: "context",
      text: [
        { strong: `${covered.percent} % carried out` },
        ` (of ${plural(steps.length, "step")} ${told.map((outcome) => `${counts[outcome]} ${outcome}`).join(", ")}), started by ${covered.startedBy} at `,
        { time: covered.startedAt, style: "datetime" },
        ", revision ",
        { code: covered.hash.slice(0, 12) },
      ],
    },
    {
      type: "table",
      columns: [
        { title: "Step" },
        { title: "Outcome" },
        { title: "Took", align: "right" },
        { title: "Who" },
        { title: "Note or reason" },
      ],
      rows: steps.map((step, index) => [
        `${index + 1}. ${step.title}`,
        { strong: step.outcome, tone: OUTCOME_TONES[step.outcome] },
        step.tookMs === null ? "" : formatDuration(step.tookMs),
        step.by === null ? "" : { person: step.by, id: null },
        step.note ?? "",
      ]),
    },
  ];
}

/** What was named as the cause stands first; what is only suspected is told where nothing was named. */
function changes(report: PreparedPostmortem): Block[] {
  const { state } = report;
  const hasCause = state.changes.some(({ cause }) => cause);
  const suspected = hasCause ? [] : suspectBlocks(report);
  if (state.changes.length === 0) {
    if (suspected.length > 0) return suspected;
    return [
      {
        type: "paragraph",
        text: [
          { em: "No change was linked. " },
          "Link one: ",
          { code: `${report.slash} change ${state.key} <what changed> <url>` },
        ],
      },
    ];
  }
  const causesFirst = state.changes.toSorted((a, b) => Number(b.cause) - Number(a.cause));
  const items = causesFirst.map(({ text, url, changedAt, cause }): Text => {
    const what: Span[] = [
      ...(cause ? [{ strong: "Cause", tone: "bad" } as const, ": "] : []),
      url ? { link: text, url } : text,
    ];
    return changedAt === null ? what : [...what, ", ", ...whenChanged(changedAt, state)];
  });
  return [{ type: "list", items }, ...suspected];
}

function suspectBlocks({ state, slash }: PreparedPostmortem): Block[] {
  const suspects = suspectsNow(state);
  const [first] = suspects;
  if (!first) return [];
  const items = suspects.map(
    ({ number, title, url, at, confidence, reason }): Text => [
      { strong: String(number) },
      " · ",
      url ? { link: title, url } : title,
      ", ",
      ...whenChanged(at, state),
      ` – ${confidence}: ${reason}`,
    ],
  );
  return [
    {
      type: "paragraph",
      text: [
        { em: "Nobody has named the cause yet." },
        " Suspected is what changed before; if it was one of these: ",
        { code: `${slash} change ${state.key} cause ${first.number}` },
      ],
    },
    { type: "list", items },
  ];
}

function whenChanged(at: string, { startedAt }: IncidentState): Span[] {
  return [{ time: at, style: "datetime" }, ` (${beforeOrAfter(at, startedAt)})`];
}

function beforeOrAfter(changedAt: string, startedAt: string): string {
  const before = elapsed(changedAt, startedAt) ?? 0;
  if (before === 0) return "as the data broke";
  return before > 0
    ? `${formatDuration(before)} before the data broke`
    : `${formatDuration(-before)} after the data broke`;
}

function review(report: PreparedPostmortem, name: ReviewSection, ask: string): Block[] {
  const statements = report.state.review[name];
  return statements.length > 0
    ? [{ type: "list", items: statements.map(linked) }]
    : [missing(report, `postmortem ${report.state.key} ${name} <text>`, ask)];
}

function actionItems({ state, slash }: PreparedPostmortem): Block[] {
  if (state.tasks.length === 0) {
    return [
      {
        type: "paragraph",
        text: [
          { em: "None yet. " },
          "Add one: ",
          { code: `${slash} task ${state.key} <text> @owner <due date>` },
        ],
      },
    ];
  }
  const table: Block = {
    type: "table",
    columns: [
      { title: "#", align: "right" },
      { title: "What" },
      { title: "Owner" },
      { title: "Due" },
      { title: "Done" },
    ],
    rows: state.tasks.map(({ task, text, owner, due, doneAt }) => [
      String(task),
      linked(text),
      owner ? { person: owner.name, id: owner.id } : { em: "nobody yet" },
      due ?? { em: "no date" },
      doneAt
        ? [{ strong: "done", tone: "good" }, " ", { time: doneAt, style: "date" }]
        : { strong: "open", tone: "warn" },
    ]),
  };
  return [table];
}

function links({ state }: PreparedPostmortem): Block[] {
  const all = [
    ...(state.thread?.permalink ? [{ title: "Incident thread", url: state.thread.permalink }] : []),
    ...(state.origin?.links ?? []),
    ...state.links,
  ];
  const once = all.filter((link, index) => all.findIndex(({ url }) => url === link.url) === index);
  if (once.length === 0) return [];
  return [{ type: "list", items: once.map(({ title, url }) => ({ link: title, url })) }];
}

function proof({ integrity: { entries, lastAt, hash, brokenAt } }: PreparedPostmortem): Block[] {
  const verdict: Span =
    brokenAt === null
      ? { strong: "whole", tone: "good" }
      : { strong: `broken at entry ${brokenAt}`, tone: "bad" };
  return [
    {
      type: "facts",
      facts: [
        {
          label: "Log",
          value: [
            `${entries} ${entries === 1 ? "entry" : "entries"}`,
            ...(lastAt ? [", the last at ", { time: lastAt, style: "datetime" } as const] : []),
          ],
        },
        { label: "Hash chain", value: verdict },
        { label: "Last hash", value: { code: hash } },
      ],
    },
    {
      type: "context",
      text: "Everything above is computed from this log. Each entry's hash covers the one before it, so a changed, lost or swapped entry shows.",
    },
  ];
}

function missing({ slash }: PreparedPostmortem, line: string, ask: string): Block {
  return {
    type: "paragraph",
    text: [{ em: "Nobody has written this yet" }, ` (${ask}): `, { code: `${slash} ${line}` }],
  };
}

function section(title: string, blocks: Block[]): Block[] {
  return blocks.length === 0 ? [] : [{ type: "heading", level: 1, text: title }, ...blocks];
}

function andMore(count: number, noun: string): Block[] {
  return count > 0
    ? [{ type: "context", text: `and ${plural(count, `more ${noun}`)}; the JSON export lists them.` }]
    : [];
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

function sentenceEnd(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
