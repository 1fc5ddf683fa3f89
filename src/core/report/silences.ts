import type { ActiveWindow } from "../correlate/maintenance.ts";
import type { Silence } from "../correlate/silence.ts";
import { plural } from "../plural.ts";
import { clip } from "../signal/alert.ts";
import { formatDuration } from "./clocks.ts";
import type { Block, Document, Span, Text } from "./document.ts";
import { actorSpan, linked } from "./wording.ts";

/** How many of a kind one answer holds; Slack's limit on a message leaves no room for more. */
const LISTED = 20;

/** An alert that fires and is held by a silence, a maintenance window or an inhibition rule, which `holder` names. */
export type HeldAlert = {
  title: string;
  source: string;
  asset: string | null;
  since: string;
  by: "silence" | "window" | "rule";
  holder: string;
  reason: string;
};

export type Silences = {
  /** Active ones, with the number of alerts they hold. */
  silences: { silence: Silence; held: number }[];
  windows: { active: ActiveWindow; held: number }[];
  held: HeldAlert[];
};

/** What `silences` answers: silences, then maintenance windows, then every alert that is held by them or by a rule. */
export function silencesDocument({ silences, windows, held }: Silences): Document {
  const summary = [
    plural(silences.length, "silence"),
    ...(windows.length > 0 ? [plural(windows.length, "maintenance window")] : []),
    `${plural(held.length, "alert")} held`,
  ].join(", ");
  if (silences.length + windows.length + held.length === 0)
    return {
      summary: "Nothing is silenced: every firing alert is told.",
      title: "Nothing is silenced",
      blocks: [{ type: "paragraph", text: "Every firing alert is told." }],
    };
  return {
    summary,
    title: summary,
    blocks: [
      ...section("Silences", silences.map(silenceLine)),
      ...section("Maintenance", windows.map(windowLine)),
      ...section("Held alerts", held.map(heldLine)),
      ...howToEnd(silences[0]?.silence),
    ],
  };
}

function howToEnd(silence: Silence | undefined): Block[] {
  if (!silence) return [];
  const words = " ends one; its alerts that still fire are told then.";
  return [{ type: "context", text: [{ code: `unsilence ${silence.id}` }, words] }];
}

function section(title: string, lines: Text[]): Block[] {
  if (lines.length === 0) return [];
  const more = lines.length - LISTED;
  return [
    { type: "heading", level: 2, text: title },
    { type: "list", items: lines.slice(0, LISTED) },
    ...(more > 0 ? [{ type: "context", text: `and ${more} more` } as const] : []),
  ];
}

function silenceLine({ silence, held }: Silences["silences"][number]): Text {
  return [
    "🔕 ",
    { strong: silence.id },
    " ",
    { code: clip(silence.matcher, 200) },
    " – until ",
    { time: silence.endsAt, style: "datetime" },
    `, ${plural(held, "alert")} held – `,
    actorSpan(silence.createdBy),
    ": ",
    ...linked(clip(silence.reason, 300)),
    ...(silence.incident ? [` (${silence.incident})`] : []),
  ];
}

function windowLine({ active, held }: Silences["windows"][number]): Text {
  const { window, to } = active;
  return [
    "🚧 ",
    { strong: window.name },
    " ",
    { code: clip(window.match.text, 200) },
    " – until ",
    { time: to, style: "datetime" },
    `, ${plural(held, "alert")} held`,
  ];
}

function heldLine({ title, source, asset, since, by, holder, reason }: HeldAlert): Text {
  const about: Span[] = asset ? [" on ", { code: clip(asset, 80) }] : [];
  return [
    { strong: clip(title, 150) },
    ...about,
    ` (${source}) since `,
    { time: since, style: "datetime" },
    // Of a silence and a window the section above says more.
    ` – ${by === "rule" ? clip(reason, 300) : `by ${clip(holder, 100)}`}`,
  ];
}

/** Told where the silence was asked for, before it ends: what it holds will be told then. */
export function endingDocument(silence: Silence, held: number, now: string): Document {
  const left = formatDuration(Date.parse(silence.endsAt) - Date.parse(now));
  const what =
    held === 0 ? "no alerts are held" : `${plural(held, "alert")} ${held === 1 ? "is" : "are"} held`;
  const next =
    held === 0 ? "Alerts that fire from then on are told." : "Those that still fire then are told.";
  return {
    summary: `Silence ${silence.id} ends in ${left}, ${what}.`,
    title: null,
    blocks: [
      {
        type: "paragraph",
        text: [
          "🔔 ",
          { strong: `Silence ${silence.id} ends in ${left}` },
          ", at ",
          { time: silence.endsAt, style: "time" },
          `; ${what}. ${next}`,
        ],
      },
      {
        type: "context",
        text: [
          { code: clip(silence.matcher, 200) },
          " – ",
          actorSpan(silence.createdBy),
          ": ",
          ...linked(clip(silence.reason, 300)),
        ],
      },
    ],
  };
}

/**
 * What becomes of a silence, for its asker and for the channel, with the reason that was given for that. Why it began is
 * said while it lasts, not of its end.
 */
export function silencedDocument(
  asked: { type: "silence" | "extend" | "unsilence"; reason: string | null },
  { id, matcher, endsAt, createdBy, endedBy, reason: since }: Silence,
  held: number,
): Document {
  const what = asked.type;
  const reason = asked.reason ?? (what === "unsilence" ? null : since);
  const words = { silence: "Silenced", extend: "Silenced for longer", unsilence: "Silence ended" }[what];
  const by = actorSpan(what === "unsilence" ? (endedBy ?? createdBy) : createdBy);
  const until: Span[] = what === "unsilence" ? [] : [" until ", { time: endsAt, style: "datetime" }];
  const next: Span[] =
    what === "unsilence"
      ? ["What still fires is told now, unless something else holds it."]
      : [
          held === 0
            ? "What was told stays told; what fires from now on is held. "
            : `It holds ${plural(held, "alert")}. `,
          { code: `unsilence ${id}` },
          " ends it, ",
          { code: "silences" },
          " lists what is held.",
        ];
  return {
    summary: `${words}: ${matcher} (${id})`,
    title: null,
    blocks: [
      {
        type: "paragraph",
        text: [
          what === "unsilence" ? "🔔 " : "🔕 ",
          { strong: `${words} (${id})` },
          " ",
          { code: clip(matcher, 200) },
          ...until,
          " – ",
          by,
          ...(reason === null ? [] : [": ", ...linked(clip(reason, 300))]),
        ],
      },
      { type: "context", text: next },
    ],
  };
}
