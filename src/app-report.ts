import { leadingAlert } from "./core/incident/state.ts";
import type { Reads } from "./engine/ports.ts";
import { POSTMORTEM_FORMATS, type PostmortemFormat } from "./render/formats.ts";

/** How many alerts a report lists, the one that it is about among them; the log has all of them. */
const REPORTED_ALERTS = 1000;

export type Report = { filename: string; mediaType: string; body: string };

/** What is drawn from a whole log; each begins with the incident's key. */
export type Papers = Pick<Reads, "story" | "timeline" | "relations"> & {
  /** The postmortem as a file, or null where there is no such incident. */
  report(key: string, format: string, asOf: string, slash: string): Promise<Report | null>;
};

export function papersOf(reads: Reads): Papers {
  const { story, timeline, relations } = reads;
  return { story, timeline, relations, report: (...given) => reportOf(reads, ...given) };
}

function isFormat(format: string): format is PostmortemFormat {
  return POSTMORTEM_FORMATS.some((known) => known === format);
}

/** What draws it is loaded for the first. */
async function reportOf(
  reads: Reads,
  key: string,
  format: string,
  asOf: string,
  slash: string,
): Promise<Report | null> {
  const state = await reads.state(key);
  if (!state || !isFormat(format)) return null;
  const { renderPostmortem } = await import("./render/postmortem.ts");
  return renderPostmortem(format, {
    state,
    events: await reads.events(key),
    alerts: await reads.alerts(key, REPORTED_ALERTS, leadingAlert(state)),
    asOf,
    slash,
  });
}
