import type { Relation } from "../../incident/events.ts";
import type { ReportedAlert } from "../../report/api.ts";
import type { Block, Document } from "../../report/document.ts";
import { plural } from "../../report/wording.ts";

/** As many alerts one answer explains; a title's words can fit hundreds in a storm. */
export const EXPLAINED = 3;

/** Something that was tried on an alert, whether it applied, and why in words. */
export type Attempt = { rule: string; matched: boolean; why: string };

/** What would become of an alert were it to come now: by the rules, the grouping, and what holds alerts back. */
export type Explanation = {
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
export type Explained = Explanation & {
  alert: ReportedAlert & { warnings: string[] };
  /** How lineage tied it to the incident, as the log has it. */
  relation: Relation | null;
};

/** Why alerts are where they are: what was decided when they came, and what each rule says of them today. */
export function explainDocument(incident: string, text: string, found: Explained[], total: number): Document {
  const title =
    total === 0
      ? `No alert of ${incident} is called “${text}”`
      : `Why ${incident} has ${plural(total, "alert")} “${text}”`;
  if (total === 0) {
    return {
      summary: title,
      title,
      blocks: [{ type: "paragraph", text: "Try fewer words of its title, its asset, or its fingerprint." }],
    };
  }
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

function explained({ alert, relation, facts, severityReason, routes, grouping, holds }: Explained): Block[] {
  return [
    {
      type: "paragraph",
      text: [{ strong: alert.title }, ` – ${alert.source}, fingerprint `, { code: alert.fingerprint }],
    },
    {
      type: "list",
      items: [
        `Here because: ${alert.reason}${relation ? ` (${relationWords(relation)})` : ""}`,
        `Severity: ${severityReason}`,
        ...facts.map((fact) => `Lineage: ${fact}`),
        ...alert.warnings.map((warning) => `Not understood: ${warning}`),
      ],
    },
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
