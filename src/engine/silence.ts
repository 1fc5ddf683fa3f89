import {
  compileSilence,
  decideSilence,
  endingSoon,
  evolveSilence,
  Silence,
  type SilenceCommand,
  SilenceEvent,
} from "../core/correlate/silence.ts";
import type { Asked, Command } from "../core/incident/command.ts";
import { decide } from "../core/incident/decide.ts";
import { record } from "../core/incident/log.ts";
import { Refusal } from "../core/refusal.ts";
import { endingDocument, silencedDocument } from "../core/report/silences.ts";
import { release } from "./assign.ts";
import { type Batch, CLOCK } from "./batch.ts";
import { recallHeld } from "./memory.ts";
import type { SilenceRequest, SilenceResult } from "./ports.ts";

/** So long before its end a silence says that it ends. */
const ANNOUNCED_MS = 15 * 60_000;

/** What a person asks of silences. */
export async function silence(batch: Batch, request: SilenceRequest, now: string): Promise<SilenceResult> {
  const { ask } = request;
  const asked: Asked = { actor: request.actor, via: request.via, now, permalink: request.permalink };
  const { silences, held } = await recallHeld(batch.memory, batch.ledger);
  const known = ask.type === "silence" ? null : (silences.get(ask.id) ?? null);
  if (ask.type !== "silence" && !known)
    throw new Refusal("not_found", `No silence ${ask.id} is under way. \`silences\` lists those that are.`);
  const incident = await toldIn(batch, known?.incident ?? request.incident);
  const where = { incident, channel: request.channel };
  const command: SilenceCommand =
    ask.type === "silence" ? { ...ask, ...where, id: "S-0", startsAt: null } : ask;
  const bodies = decideSilence(known, command, now);
  // Only one that is not refused takes a number.
  for (const body of bodies)
    if (body.type === "silenced") body.id = `S-${await batch.ledger.nextNumber("silence")}`;
  const silence = append(batch, known, bodies, asked);
  const holding = () => [...held.values()].filter(({ holder }) => holder === silence.id).length;
  // Nothing is silently silent: outside a thread, the channel hears of it.
  if (!incident)
    batch.notice(
      silence.id,
      String(silence.version),
      known?.channel ?? request.channel,
      silencedDocument(ask, silence, holding()),
      now,
    );
  else tellIn(batch, incident, silence, ask, await batch.state(incident), asked);
  if (ask.type === "unsilence") await release(batch, now);
  return { silence, held: holding() };
}

/** The incident whose thread hears of it: where that was merged, the one it was merged into. */
async function toldIn(batch: Batch, key: string | null): Promise<string | null> {
  if (key === null) return null;
  const { phase, mergedInto } = await batch.state(key);
  return phase === "merged" ? toldIn(batch, mergedInto) : key;
}

function tellIn(
  batch: Batch,
  incident: string,
  { id, matcher, endsAt, reason }: Silence,
  ask: SilenceRequest["ask"],
  state: Awaited<ReturnType<Batch["state"]>>,
  asked: Asked,
): void {
  const command: Command =
    ask.type === "unsilence"
      ? { type: "note_silence_end", silence: id, reason: ask.reason }
      : { type: "note_silence", silence: id, matcher, endsAt, reason: ask.reason ?? reason };
  batch.announce(incident, batch.append(incident, decide(state, command, asked), asked));
}

function append(batch: Batch, before: Silence | null, bodies: SilenceEvent[], asked: Asked): Silence {
  const id = before?.id ?? bodies.flatMap((body) => (body.type === "silenced" ? body.id : []))[0]!;
  const tail = { version: before?.version ?? 0, hash: before?.hash ?? "" };
  const events = record<SilenceEvent>(
    id,
    tail,
    bodies.map((body) => ({ body })),
    asked,
    batch.salt,
    SilenceEvent,
  );
  const silence = Silence.parse(events.reduce<Silence | null>(evolveSilence, before));
  batch.memory.silences!.set(id, compileSilence(silence));
  const earlier = batch.changes.silences.get(id)?.events ?? [];
  batch.changes.silences.set(id, { silence, open: true, events: [...earlier, ...events] });
  return silence;
}

/** Says of silences that end soon that they do, where they were asked for. */
export async function announceEnds(batch: Batch, now: string): Promise<void> {
  const { silences, held } = await recallHeld(batch.memory, batch.ledger);
  const asked: Asked = { ...CLOCK, now };
  for (const soon of endingSoon([...silences.values()], now, ANNOUNCED_MS)) {
    const silence = append(batch, soon, decideSilence(soon, { type: "announce_end" }, now), asked);
    const count = [...held.values()].filter(({ holder }) => holder === silence.id).length;
    const incident = await toldIn(batch, silence.incident);
    const document = endingDocument(silence, count, now);
    if (incident) batch.reply(incident, `${silence.id}:${silence.version}`, document);
    else batch.notice(silence.id, String(silence.version), silence.channel, document, now);
  }
}
