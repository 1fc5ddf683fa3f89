import type { EventBody, RecordedEvent } from "../../../src/core/incident/events.ts";
import type { Actor } from "../../../src/core/incident/person.ts";
import { fold, type IncidentState } from "../../../src/core/incident/state.ts";
import type { VerbContext } from "../../../src/core/verb/verb.ts";

export const ANA: Actor = { kind: "person", id: "U0ANA", name: "Ana" };

type Happened = EventBody | { at: string; body: EventBody };

/** An incident detected at `from` by the given events, a minute apart where they name no time. */
export function incident(
  key: string,
  events: Happened[] = [],
  opened: {
    from?: string;
    kind?: "incident" | "drill";
    severity?: IncidentState["severity"];
    title?: string;
    startedAt?: string;
  } = {},
): IncidentState {
  const {
    from = "2026-11-22T03:00:00.000Z",
    kind = "incident",
    severity = "SEV2",
    title = "Orders are late",
    startedAt = from,
  } = opened;
  const opening: EventBody = {
    type: "opened",
    kind,
    severity,
    title,
    channel: "C1",
    startedAt,
    origin: null,
    groupingKey: null,
    reason: "declared",
  };
  const log = [opening, ...events].map((event, i): RecordedEvent => {
    const at = "body" in event ? event.at : new Date(Date.parse(from) + i * 60_000).toISOString();
    const body = "body" in event ? event.body : event;
    return {
      incident: key,
      seq: i + 1,
      at,
      recordedAt: at,
      actor: ANA,
      via: "slash",
      permalink: null,
      body,
      hash: `h${i}`,
    };
  });
  return fold(log)!;
}

export const NOW = "2026-11-22T09:00:00.000Z";

export function context(part: Partial<VerbContext> = {}): VerbContext {
  return {
    now: NOW,
    timeZone: "Europe/Berlin",
    asker: { id: "U0BEN", name: "Ben" },
    names: { U0ANA: "Ana" },
    incident: incident("INC-1"),
    ...part,
  };
}
