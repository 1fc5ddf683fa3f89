import type { Tried } from "../../correlate/route.ts";
import type { ReportedAlert } from "../../report/api.ts";
import type { Block, Document } from "../../report/document.ts";
import { plural } from "../../report/wording.ts";

/** As many alerts one answer explains; a title's words can fit hundreds in a storm. */
const EXPLAINED = 3;

/** An alert with what the rules of now make of it. */
export type Explained = {
  alert: ReportedAlert & { warnings: string[] };
  severityReason: string;
  trail: Tried[];
};

/** The alerts that words mean: a fingerprint, else every one whose title has all of the words. */
export function alertsNamed<Alert extends { fingerprint: string; title: string }>(
  alerts: Alert[],
  text: string,
): Alert[] {
  const exact = alerts.filter(({ fingerprint }) => fingerprint === text.toLowerCase());
  if (exact.length > 0) return exact;
  const words = text.toLowerCase().split(" ");
  return alerts.filter(({ title }) => words.every((word) => title.toLowerCase().includes(word)));
}

/** Why alerts are where they are: what was decided when they came, and what each rule says of them today. */
export function explainDocument(incident: string, text: string, found: Explained[]): Document {
  const shown = found.slice(0, EXPLAINED);
  const title =
    found.length === 0
      ? `No alert of ${incident} is called “${text}”`
      : `Why ${incident} has ${plural(found.length, "alert")} “${text}”`;
  if (shown.length === 0) {
    return {
      summary: title,
      title,
      blocks: [{ type: "paragraph", text: "Try fewer words of its title, or its fingerprint." }],
    };
  }
  const more = found.length - shown.length;
  return {
    summary: title,
    title,
    blocks: [
      ...shown.flatMap(explained),
      ...(more > 0 ? [{ type: "context" as const, text: `and ${more} more; more words find fewer` }] : []),
    ],
  };
}

function explained({ alert, severityReason, trail }: Explained): Block[] {
  const rules = trail.map(({ rule, matched, why }) => `${matched ? "✅" : "▫️"} ${rule}: ${why}`);
  return [
    {
      type: "paragraph",
      text: [{ strong: alert.title }, ` – ${alert.source}, fingerprint `, { code: alert.fingerprint }],
    },
    {
      type: "list",
      items: [
        `Here because: ${alert.reason}`,
        `Severity: ${severityReason}`,
        ...alert.warnings.map((warning) => `Not understood: ${warning}`),
        ...(rules.length > 0 ? rules : ["No routing rules are configured"]),
      ],
    },
  ];
}
