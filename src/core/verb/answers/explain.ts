import type { Relation } from "../../incident/events.ts";
import { plural } from "../../plural.ts";
import type { ReportedAlert } from "../../report/api.ts";
import type { Block, Document, Span, Text } from "../../report/document.ts";

/** As many alerts one answer explains; a title's words can fit hundreds in a storm. */
export const EXPLAINED = 3;

/** Something that was tried on an alert, whether it applied, and why in words. */
export type Attempt = { rule: string; matched: boolean; why: string };

/** What an alert is held back by since an instant (ISO 8601 UTC), and the incident on which it counts. */
export type HeldBack = {
  by: "silence" | "window" | "rule";
  /** The silence's id, the window's or the rule's name. */
  holder: string;
  /** As it is in force now; null where it is no more, and the alert about to be told. */
  reason: string | null;
  since: string;
  incident: string | null;
};

/** What would become of an alert were it to come now: by the rules, the grouping, and what holds alerts back. */
export type Explanation = {
  /** Null for one that is not held. */
  held: HeldBack | null;
  /** What lineage knows of its assets, in words; empty where it knows nothing. */
  facts: string[];
  severityReason: string;
  routes: Attempt[];
  /** In the order in which they are tried: its own row, its keys, lineage. */
  grouping: Attempt[];
  /** Silences, maintenance windows and inhibition rules. */
  holds: Attempt[];
};

/** An alert with what was decided when it came, and what would be now. */
export type Explained = {
  alert: ReportedAlert & { warnings: string[] };
  /** Why it is in the incident that was asked for; null for one that nobody was told of there. */
  here: { reason: string; relation: Relation | null } | null;
  /** Null where it went while it was asked for: a silence has ended, or a person has moved it. */
  now: Explanation | null;
};

/** Why alerts are where they are: what was decided when they came, and what each rule says of them today. */
export function explainDocument(incident: string, text: string, found: Explained[], total: number): Document {
  if (total === 0) {
    const title = `No alert of ${incident} is called “${text}”, nor one that is held back`;
    const next = "Try fewer words of its title, its asset, or its fingerprint.";
    return { summary: title, title, blocks: [{ type: "paragraph", text: next }] };
  }
  return explanation(`Why ${incident} has ${plural(total, "alert")} “${text}”`, found, total);
}

/** The same of alerts that are held back; `incident` has none that is called so, or is null where none was asked for. */
export function explainHeldDocument(
  incident: string | null,
  text: string,
  found: Explained[],
  total: number,
): Document {
  const title = `Why ${plural(total, "alert")} “${text}” ${total === 1 ? "is" : "are"} held back`;
  const instead: Text = incident
    ? `No alert of ${incident} is called so.`
    : ["Of an alert in an incident: ", { code: "explain INC-1 <alert>" }];
  const document = explanation(title, found, total);
  return { ...document, blocks: [...document.blocks, { type: "context", text: instead }] };
}

function explanation(title: string, found: Explained[], total: number): Document {
  const more = total - found.length;
  return {
    summary: title,
    title,
    blocks: [
      ...found.flatMap(explained),
      ...(more > 0 ? [{ type: "context" as const, text: `and ${more} more; more words find fewer` }] : []),
    ],
  };
}

function explained({ alert, here, now }: Explained): Block[] {
  return [
    {
      type: "paragraph",
      text: [{ strong: alert.title }, ` – ${alert.source}, fingerprint `, { code: alert.fingerprint }],
    },
    {
      type: "list",
      items: [
        ...(here
          ? [`Here because: ${here.reason}${here.relation ? ` (${relationWords(here.relation)})` : ""}`]
          : []),
        ...(now?.held ? heldLines(now.held) : []),
        ...(now ? [`Severity: ${now.severityReason}`] : ["It has gone from here just now. Ask again."]),
        ...(now?.facts ?? []).map((fact) => `Lineage: ${fact}`),
        ...alert.warnings.map((warning) => `Not understood: ${warning}`),
      ],
    },
    ...(now ? tried(now) : []),
  ];
}

function heldLines({ by, holder, reason, since, incident }: HeldBack): Text[] {
  const unsilence: Span[] =
    by === "silence" ? [" ", { code: `unsilence ${holder}` }, " ends it at once."] : [];
  return [
    [
      "Held back since ",
      { time: since, style: "datetime" },
      `: ${reason ?? "nothing holds it any more; it is told within a minute"}`,
    ],
    incident ? `Counted on ${incident} as held back` : "In no incident: nobody is told of it",
    ...(reason === null ? [] : [[AFTERWARDS, ...unsilence]]),
  ];
}

const AFTERWARDS =
  "When that ends, it is told if it still fires then, and joins or opens an incident as it would now.";

function tried({ routes, grouping, holds }: Explanation): Block[] {
  return [
    ...attempts("Were it to come now, it would go by", grouping, "nothing: it would open an incident"),
    ...attempts("Routing rules", routes, "none are configured"),
    ...attempts("Held back by", holds, "nothing: no silence, window or inhibition rule is set"),
  ];
}

function relationWords({ kind, asset, steps, confidence }: Relation): string {
  return `${kind} of ${asset.name}, ${plural(steps, "step")}, confidence ${confidence}`;
}

function attempts(title: string, tried: Attempt[], none: string): Block[] {
  if (tried.length === 0) return [{ type: "paragraph", text: [{ strong: title }, `: ${none}`] }];
  return [
    { type: "paragraph", text: [{ strong: title }] },
    {
      type: "list",
      items: tried.map(({ rule, matched, why }) => `${matched ? "✅" : "▫️"} ${rule}: ${why}`),
    },
  ];
}
