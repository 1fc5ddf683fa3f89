import type { Reads } from "./engine/ports.ts";
import { POSTMORTEM_FORMATS, type PostmortemFormat } from "./render/formats.ts";

/** How many alerts a report lists, the one that it is about among them; the log has all of them. */
const REPORTED_ALERTS = 1000;

export type Report = { filename: string; mediaType: string; body: string };

function isFormat(format: string): format is PostmortemFormat {
  return POSTMORTEM_FORMATS.some((known) => known === format);
}

/** The postmortem of an incident as a file, or null where there is no such incident. What draws it is loaded for the first. */
export async function reportOf(
  reads: Reads,
  format: string,
  key: string,
  asOf: string,
  slash: string,
): Promise<Report | null> {
  const state = await reads.state(key);
  if (!state || !isFormat(format)) return null;
  const { renderPostmortem } = await import("./render/postmortem.ts");
  return renderPostmortem(format, {
    state,
    events: await reads.events(key),
    alerts: await reads.alerts(key, REPORTED_ALERTS, state.origin?.fingerprint ?? null),
    asOf,
    slash,
  });
}
