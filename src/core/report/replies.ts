/**
 * What the thread hears of one command: one short reply for all of its events, or none. State changes and people's
 * words are told; what a living message already shows (alerts, the walk, the card) is not, and neither are edits, pins
 * and reviews: thread noise is the first complaint about bots of this kind.
 */
import type { EventOf, EventType, RecordedEvent } from "../incident/events.ts";
import { type IncidentState, isOpen, notedChanges, unsettledAssets, walkIn } from "../incident/state.ts";
import { plural } from "../plural.ts";
import { assetId } from "../signal/asset.ts";
import { clocks, formatDuration, longestDowntime } from "./clocks.ts";
import { coverage } from "./coverage.ts";
import { type Block, type Button, type Document, type Span, spans } from "./document.ts";
import { utcDate, utcDateTime } from "./instants.ts";
import { passingReplies } from "./passing.ts";
import { similarDocument } from "./similar.ts";
import { actorSpan, assetNames, keyOf, linked } from "./wording.ts";

/** Another incident as far as it is known, to lead to its thread. */
export type LookUp = (key: string) => Pick<IncidentState, "key" | "thread">;

/** `events` are those of one command, `state` the incident after them. */
export function replyFor(
  events: RecordedEvent[],
  state: IncidentState,
  lookUp: LookUp = (key) => ({ key, thread: null }),
): Document | null {
  const seen = events.find(({ body }) => body.type === "similar_found")?.body;
  if (seen?.type === "similar_found")
    return similarDocument(
      state,
      seen.incidents.map((incident) => ({ incident, reason: incident.reason })),
    );
  const opening = events.some((event) => event.body.type === "opened");
  const told = opening ? [] : latest(events).flatMap((event) => tell(event, state, lookUp));
  const blocks = [...told, ...(opening ? [] : assetReplies(events, state)), ...passingReplies(events, state)];
  if (blocks.length === 0) return null;
  const summary = `${state.key}: ${summaryOf(blocks)}`;
  return { summary, title: null, blocks: state.kind === "drill" ? marked(blocks) : blocks };
}

/** A storm that comes from below finds one origin after the other: of those in one batch only the last is one. */
function latest(events: RecordedEvent[]): RecordedEvent[] {
  const last = events.findLast(({ body }) => body.type === "origin_found");
  return events.filter((event) => event.body.type !== "origin_found" || event === last);
}

/** In a drill every reply says so, so that a screenshot of one frightens nobody. */
function marked(blocks: Block[]): Block[] {
  const [first, ...rest] = blocks;
  if (first?.type !== "paragraph") return blocks;
  return [{ ...first, text: ["🟣 DRILL · ", ...spans(first.text)] }, ...rest];
}

/** The first line in bare words, for notifications. */
function summaryOf(blocks: Block[]): string {
  const first = blocks.find((block) => block.type === "paragraph");
  return first ? spans(first.text).map(wordsOf).join("") : "";
}

function wordsOf(span: Span): string {
  if (typeof span === "string") return span;
  if ("strong" in span) return span.strong;
  if ("em" in span) return span.em;
  if ("code" in span) return span.code;
  if ("link" in span) return span.link;
  if ("person" in span) return span.person;
  return "time" in span ? utcDateTime(span.time) : "";
}

type Teller<T extends EventType> = (
  event: RecordedEvent & { body: EventOf<T> },
  state: IncidentState,
  lookUp: LookUp,
) => Block[];

/** Which events are told, and how; an event type that is not here is silent. */
const TELLERS: { [T in EventType]?: Teller<T> } = {
  // Whoever comes to the thread wants to know why it is called after an alert that others came before.
  thread_opened: (_, { likelyOrigin }) => (likelyOrigin ? originLines(likelyOrigin) : []),
  acknowledged: (event, state) => [
    line("✋ ", { strong: "Acknowledged" }, " by ", actorSpan(event.actor)),
    ...since(clocks(state).tta, "after it was noticed"),
  ],
  unacknowledged: (event) => [
    line(
      "🔴 ",
      { strong: "Needs acknowledgement again" },
      " – ",
      actorSpan(event.actor),
      ...because(event.body.reason),
    ),
  ],
  mitigated: (event, state) => [
    line("🔵 ", { strong: "Mitigated" }, " by ", actorSpan(event.actor), ...because(event.body.text)),
    ...leftToRecover(state),
  ],
  resolved: (event, state) => {
    const alone = event.actor.kind === "system";
    const who: Span[] = alone ? [" by itself"] : [" by ", actorSpan(event.actor)];
    return [
      line("🟢 ", { strong: "Resolved" }, ...who, ...because(event.body.text)),
      { type: "context", text: [...clockWords(state, event.at), ...stillFiring(state)].join(" · ") },
      ...(alone
        ? [
            {
              type: "context" as const,
              text: ["Not right? ", { code: "reopen <reason>" }, " opens it again."],
            },
          ]
        : []),
      actions(
        { action: "postmortem", label: "Postmortem", value: state.key, style: "primary" },
        { action: "review", label: "Write review", value: state.key },
        ...(alone ? [{ action: "reopen" as const, label: "Reopen", value: state.key }] : []),
      ),
    ];
  },
  reopened: (event, state) => [
    line("🔴 ", { strong: "Reopened" }, " by ", actorSpan(event.actor), ...because(event.body.reason)),
    ...stillRight(state),
  ],
  closed: (event) => [
    line("⚪ ", { strong: "Closed" }, " by ", actorSpan(event.actor), ...because(event.body.reason)),
  ],
  cancelled: (event, state) => [
    line("⚫ ", { strong: "Cancelled" }, " by ", actorSpan(event.actor), ...because(event.body.reason)),
    ...stillFiring(state).map((words) => ({
      type: "context" as const,
      text: [
        `${words}. What fails again opens another incident; `,
        { code: "silence <matcher> <duration> <reason>" },
        " holds it back.",
      ],
    })),
  ],
  merged: (event, _, lookUp) => [
    line(
      "🔗 ",
      { strong: `Merged into ${event.body.into}` },
      " by ",
      actorSpan(event.actor),
      ...because(event.body.reason),
    ),
    { type: "context", text: ["Carry on in the thread of ", keyOf(lookUp(event.body.into)), "."] },
  ],
  absorbed: (event) => [
    line(
      "🔗 ",
      { strong: `Took in ${event.body.incident}` },
      `: ${event.body.title} (${plural(event.body.alerts.total, "alert")})`,
    ),
    ...(event.body.tasks?.length
      ? [
          {
            type: "context" as const,
            text: `${plural(event.body.tasks.length, "action item")} came with it.`,
          },
        ]
      : []),
  ],
  origin_found: (event) => originLines(event.body),
  alerts_moved: (event, _, lookUp) => [carried("↪️ ", "moved to ", event, lookUp(event.body.to))],
  alerts_received: (event, _, lookUp) => [carried("↩️ ", "came from ", event, lookUp(event.body.from))],
  silence_set: ({ actor, body }) => [
    line(
      "🔕 ",
      { strong: "Silenced" },
      " ",
      { code: body.matcher },
      " until ",
      { time: body.endsAt, style: "datetime" },
      " by ",
      actorSpan(actor),
      ...because(body.reason),
    ),
    {
      type: "context",
      text: ["What fits is held, not told. ", { code: `unsilence ${body.silence}` }, " ends it."],
    },
  ],
  silence_ended: ({ actor, body }) => [
    line(
      "🔔 ",
      { strong: `Silence ${body.silence} ended` },
      " by ",
      actorSpan(actor),
      ...because(body.reason),
    ),
  ],
  severity_changed: (event) => [
    line(
      event.body.to < event.body.from ? "⬆️ " : "⬇️ ",
      { strong: `${event.body.from} → ${event.body.to}` },
      " by ",
      actorSpan(event.actor),
      ...because(event.body.reason),
    ),
  ],
  started_at_set: (event) => [
    line(
      "🕓 ",
      { strong: "Data broke at " },
      { time: event.body.startedAt, style: "datetime" },
      ", says ",
      actorSpan(event.actor),
      ...because(event.body.reason),
    ),
  ],
  role_assigned: (event) => [
    line("👤 ", { strong: roleName(event.body.role) }, ": ", {
      person: event.body.person.name,
      id: event.body.person.id,
      ping: !isActor(event),
    }),
  ],
  role_cleared: (event) => [line("👤 ", { strong: roleName(event.body.role) }, ": nobody now")],
  status_posted: (event) => [
    line("📣 ", { strong: "Status update" }, " by ", actorSpan(event.actor)),
    { type: "quote", text: linked(event.body.text) },
  ],
  // A note typed in the thread already stands there; how its time was read does not.
  noted: (event) => {
    const timed = event.at !== event.recordedAt;
    const when: Span[] = timed ? [" of ", { time: event.at, style: "datetime" }] : [];
    return event.via === "mention" && !timed
      ? []
      : [
          line(
            ...["📝 ", { strong: "Note" }, ...when],
            ...[" by ", actorSpan(event.actor), ": ", ...linked(event.body.text)],
          ),
        ];
  },
  runbook_finished: (event, state) => {
    const walk = walkIn(state, event.body.runbook);
    if (!walk) return [];
    const { counts } = coverage(walk, state);
    const failed = counts.failed > 0 ? `, ${counts.failed} failed` : "";
    return [
      line(
        "📗 ",
        { strong: `${walk.title} finished` },
        `: ${counts.done} done, ${counts.skipped} skipped${failed}`,
      ),
    ];
  },
  task_added: ({ body }) => [
    line("☐ ", { strong: `Action item ${body.task}` }, `: ${body.text}`, ...ownership(body.owner, body.due)),
  ],
  task_done: ({ body, actor }, state) => {
    const task = state.tasks.find((one) => one.task === body.task);
    return [
      line(
        "☑ ",
        { strong: `Action item ${body.task} done` },
        " by ",
        actorSpan(actor),
        ...(task ? [`: ${task.text}`] : []),
      ),
    ];
  },
  link_added: ({ body }) => [
    line("🔗 ", { strong: "Link" }, ": ", { link: body.link.title, url: body.link.url }),
  ],
  change_linked: ({ body, seq }, state) => [
    line(
      "🔧 ",
      { strong: "Change" },
      ": ",
      ...changeNamed(body),
      ...(body.changedAt ? [", ", { time: body.changedAt, style: "datetime" as const }] : []),
    ),
    {
      type: "context",
      text: ["Was it the cause? ", { code: `change cause noted ${notedAs(state, seq)}` }, " says so."],
    },
  ],
  cause_named: ({ body, actor }) => [
    line(
      "🧩 ",
      { strong: "Cause" },
      ": ",
      ...changeNamed(body),
      ...(body.changedAt ? [", ", { time: body.changedAt, style: "datetime" as const }] : []),
      ", says ",
      actorSpan(actor),
    ),
  ],
};

/** What rules did before the first message stood: that shows what came of it, and nobody saw what was before. */
const UNSEEN_BEFORE: ReadonlySet<EventType> = new Set([
  "severity_changed",
  "absorbed",
  "origin_found",
] as const);

function tell(event: RecordedEvent, state: IncidentState, lookUp: LookUp): Block[] {
  if (state.thread === null && event.actor.kind !== "person" && UNSEEN_BEFORE.has(event.body.type)) return [];
  // TypeScript cannot see that a teller and its event are of one type.
  const teller = TELLERS[event.body.type] as Teller<EventType> | undefined;
  return teller ? teller(event, state, lookUp) : [];
}

function originLines(origin: NonNullable<IncidentState["likelyOrigin"]>): Block[] {
  return [
    line("🎯 ", { strong: "Likely origin: " }, origin.asset.name, ` – ${origin.title}`),
    { type: "context", text: `${origin.reason} (confidence: ${origin.confidence})` },
  ];
}

/** `↪️ 2 alerts moved to INC-2 by Ana: reason`; of one alert, which it was. */
function carried(
  sign: string,
  words: string,
  { body, actor }: RecordedEvent & { body: EventOf<"alerts_moved" | "alerts_received"> },
  other: Pick<IncidentState, "key" | "thread">,
): Block {
  const [first, ...more] = body.alerts;
  return line(
    sign,
    { strong: more.length === 0 ? `“${first!.title}”` : plural(body.alerts.length, "alert") },
    ` ${words}`,
    keyOf(other),
    ...(actor.kind === "person" ? [" by ", actorSpan(actor)] : []),
    ...because(body.reason),
  );
}

/** The thread of an incident that was split off stands: what the one it came from hears of it. */
export function splitOffDocument(state: IncidentState): Document {
  const { key, title, alerts, openedReason } = state;
  const words = `${plural(alerts.total, "alert")} split off`;
  return {
    summary: `${words} to ${key}: ${title}`,
    title: null,
    blocks: [
      line("↪️ ", { strong: words }, " to ", keyOf(state), `: ${title}`),
      { type: "context", text: linked(openedReason) },
    ],
  };
}

function line(...text: Span[]): Block {
  return { type: "paragraph", text };
}

function actions(...buttons: Button[]): Block {
  return { type: "actions", buttons };
}

function because(reason: string | null): Span[] {
  return reason ? [": ", ...linked(reason)] : [];
}

function since(milliseconds: number | null, after: string): Block[] {
  return milliseconds === null ? [] : [{ type: "context", text: `${formatDuration(milliseconds)} ${after}` }];
}

/** How long it took; what was wrong is measured by its data, which may have been right for a while in between. */
function clockWords(state: IncidentState, at: string): string[] {
  const { ttd, tta, ttm, ttr, total } = clocks(state);
  const named = state.assets.size > 0;
  const parts: [number | null, string][] = [
    [tta, "acknowledged in"],
    [ttm, "mitigated in"],
    [ttr, "resolved in"],
    named ? [longestDowntime(state, at), "data wrong or unproven for"] : [total, "broken for"],
  ];
  const noticed = ttd < 60_000 ? "noticed at once" : `noticed after ${formatDuration(ttd)}`;
  const took = parts.flatMap(([time, words]) => (time === null ? [] : [`${words} ${formatDuration(time)}`]));
  return [noticed, ...took];
}

/** Its words are the link, unless they hold another: Slack shows one that says another address as where it leads. */
function changeNamed({ text, url }: { text: string; url: string | null }): Span[] {
  if (!url) return [text];
  const words = linked(text);
  const another = text !== url && words.some((span) => typeof span !== "string");
  return another ? [...words, " ", { link: url, url }] : [{ link: text, url }];
}

function notedAs(state: IncidentState, seq: number): number {
  return notedChanges(state).findIndex((each) => each.seq === seq) + 1;
}

function roleName(role: string): string {
  return role.charAt(0).toUpperCase() + role.slice(1);
}

/** Whoever takes a role themselves need not be told. */
function isActor(event: RecordedEvent & { body: EventOf<"role_assigned"> }): boolean {
  return event.actor.kind === "person" && event.actor.id === event.body.person.id;
}

function ownership(owner: { name: string; id: string | null } | null, due: string | null): Span[] {
  const who: Span[] = owner ? [" – ", { person: owner.name, id: owner.id, ping: true }] : [];
  return [...who, ...(due ? [`, due ${utcDate(due)}`] : [])];
}

function leftToRecover(state: IncidentState): Block[] {
  const left = unsettledAssets(state);
  return left.length === 0 ? [] : [{ type: "context", text: ["Still to recover: ", ...assetNames(left, 5)] }];
}

/** Somebody reopens an incident because data is wrong again, and says of none that it is. */
function stillRight(state: IncidentState): Block[] {
  if (state.assets.size === 0 || unsettledAssets(state).length > 0) return [];
  const text = ["Its data still counts as right. ", { code: "impacted <asset>" }, " says what is not."];
  return [{ type: "context", text }];
}

const ASSET_WORDS = {
  asset_added: { sign: "➕", words: "Added" },
  asset_impacted: { sign: "🔴", words: "Wrong again" },
  asset_verified: { sign: "✅", words: "Data recovered" },
  asset_waived: { sign: "⚪", words: "Waived" },
  asset_recovering: { sign: "🔵", words: "Recovering" },
} as const;

/** Many assets of one command are one line. That data is recovering because alerts passed or it was mitigated is told there. */
function assetReplies(events: RecordedEvent[], state: IncidentState): Block[] {
  const implied = events.some(({ body }) => body.type === "mitigated" || body.type === "alert_resolved");
  const types = Object.keys(ASSET_WORDS) as (keyof typeof ASSET_WORDS)[];
  const lines = types.flatMap((type): Block[] => {
    const batch = events.filter((event) => event.body.type === type);
    const [first] = batch;
    if (!first || (type === "asset_recovering" && implied)) return [];
    const known = batch.flatMap(({ body }) =>
      "asset" in body ? (state.assets.get(assetId(body.asset)) ?? []) : [],
    );
    const reason = "reason" in first.body ? first.body.reason : null;
    const { sign, words } = ASSET_WORDS[type];
    return [
      line(
        `${sign} `,
        { strong: words },
        ": ",
        ...assetNames(known, 5),
        " – ",
        actorSpan(first.actor),
        ...because(reason),
      ),
    ];
  });
  const settled = events.some(({ body }) => body.type === "asset_verified" || body.type === "asset_waived");
  return settled && isOpen(state.phase) ? [...lines, ...nextAfterRecovery(state)] : lines;
}

function nextAfterRecovery(state: IncidentState): Block[] {
  if (unsettledAssets(state).length > 0) return leftToRecover(state);
  return [
    {
      type: "context",
      text: ["No data is left to recover", ...stillFiring(state)].map((words) => `${words}.`).join(" "),
    },
    // What still fires brings the button when it has passed; until then it is on the card.
    ...(state.alerts.firing === 0
      ? [actions({ action: "resolve", label: "Resolve", value: state.key, style: "primary" })]
      : []),
  ];
}

/** Data may be right while a check has yet to run again; whoever resolves should know. */
function stillFiring({ alerts }: IncidentState): string[] {
  const words = alerts.firing === 1 ? "fires" : "fire";
  return alerts.firing === 0 ? [] : [`${plural(alerts.firing, "alert")} still ${words}`];
}
