import type { Case } from "./case.ts";
import { coreCases } from "./cases/core.ts";
import { durableCases } from "./cases/durable.ts";
import { historyCases } from "./cases/history.ts";
import { ingestCases } from "./cases/ingest.ts";
import { notifyCases } from "./cases/notify.ts";
import { slackCases } from "./cases/slack.ts";
import { startCases } from "./cases/start.ts";
import { stormCases } from "./cases/storm.ts";

/** What matters most comes first, in case somebody stops waiting. */
export const CASES: readonly Case[] = [
  ...ingestCases,
  ...slackCases,
  ...stormCases,
  ...notifyCases,
  ...startCases,
  ...historyCases,
  ...durableCases,
  ...coreCases,
];

/** The case that a measurement (`case.subject.what`) comes from. */
export function caseOf(key: string): Case {
  const found = CASES.find(({ keys, name }) => (keys ?? [name]).includes(key.split(".")[0]!));
  if (!found) throw new Error(`no case measures ${key}`);
  return found;
}
