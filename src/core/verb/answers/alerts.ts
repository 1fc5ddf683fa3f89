import type { IncidentState } from "../../incident/state.ts";
import { plural } from "../../plural.ts";
import { Refusal } from "../../refusal.ts";
import { type AlertLine, alertCounts, alertSign, alertState } from "../../report/alerts.ts";
import type { Document, Span, Text } from "../../report/document.ts";

import { clip } from "../../signal/alert.ts";
import type { Asset } from "../../signal/asset.ts";

/** How many alerts one page holds; Slack's limit on a message leaves no room for more. */
export const ALERTS_A_PAGE = 20;

type Listed = AlertLine & { assets: Asset[] };

/** One page of an incident's alerts. `alerts` are those of all pages up to this one, in their order. */
export function alertsPageDocument(state: IncidentState, alerts: Listed[], page: number): Document {
  const { key } = state;
  const total = state.alerts.total + state.alerts.held;
  const pages = Math.max(1, Math.ceil(total / ALERTS_A_PAGE));
  if (page > pages)
    throw new Refusal(
      "invalid",
      `${key} has ${plural(pages, "page")} of alerts. \`alerts ${key} ${pages}\` is the last.`,
    );
  const shown = alerts.slice((page - 1) * ALERTS_A_PAGE, page * ALERTS_A_PAGE);
  if (shown.length === 0)
    return { summary: `${key} has no alerts`, title: `${key} has no alerts`, blocks: [] };
  const where = pages > 1 ? `, page ${page} of ${pages}` : "";
  const title = `${plural(total, "alert")} of ${key}: ${alertCounts(state)}${where}`;
  const next: Text = [
    { code: `alerts ${key} ${page + 1}` },
    " goes on, ",
    { code: `explain ${key} <alert>` },
    " says why one is here",
  ];
  return {
    summary: title,
    title,
    blocks: [
      { type: "list", items: shown.map(alertItem) },
      { type: "context", text: page < pages ? next : next.slice(2) },
    ],
  };
}

function alertItem(alert: Listed): Text {
  const [asset] = alert.assets;
  const about: Span[] = asset ? [" on ", { code: clip(asset.name, 80) }] : [];
  const often = alert.count > 1 ? `, ${alert.count} times since ` : ", ";
  return [
    `${alertSign(alert)} ${alertState(alert)} · `,
    { strong: clip(alert.title, 120) },
    ...about,
    ` – ${alert.source}${often}`,
    { time: alert.firstSeenAt, style: "datetime" },
    ", ",
    { code: alert.fingerprint },
  ];
}
