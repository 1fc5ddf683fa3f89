import { z } from "zod";
import { readDuration } from "../duration.ts";
import type { RecordedEvent } from "../incident/events.ts";
import { Actor, actorName } from "../incident/person.ts";
import { Refusal } from "../refusal.ts";
import { utcDateTime } from "../report/instants.ts";
import { Instant } from "../signal/alert.ts";
import { isTooBroad, type Matchable, type Matcher } from "./matcher.ts";
import { MATCHER_EXAMPLE, parseMatcher } from "./matcher-words.ts";

/**
 * A silence: firing alerts that fit it are held until it ends. They are stored, counted and listed like all others;
 * only nobody is told. It never holds the news that an alert has resolved.
 *
 * What happens to one is a log of events, as with incidents: `decideSilence` says which, `evolveSilence` what they
 * come to. That one ends by the clock is no event; `activeSilences` sees it.
 */
export const Silence = z.object({
  id: z.string().regex(/^S-\d+$/),
  /** In the canonical form of matcher-words.ts. */
  matcher: z.string().min(1),
  createdBy: Actor,
  createdAt: Instant,
  startsAt: Instant,
  endsAt: Instant,
  reason: z.string().min(1),
  /** When somebody ended it before its time. */
  endedAt: Instant.nullable(),
  endedBy: Actor.nullable(),
  /** The incident in whose thread it was asked for. */
  incident: z.string().nullable(),
  /** The channel in which it was asked for. */
  channel: z.string().nullable(),
  /** The end that has been announced; an extension moves the end, and the new one is announced again. */
  announcedEnd: Instant.nullable(),
  /** The length of its log, and the hash of the last entry. */
  version: z.int(),
  hash: z.string(),
});
export type Silence = z.infer<typeof Silence>;

export const SilenceEvent = z.discriminatedUnion("type", [
  Silence.pick({
    id: true,
    matcher: true,
    startsAt: true,
    endsAt: true,
    reason: true,
    incident: true,
    channel: true,
  }).extend({ type: z.literal("silenced") }),
  z.object({
    type: z.literal("silence_extended"),
    endsAt: Instant,
    reason: z.string().nullable(),
  }),
  z.object({ type: z.literal("unsilenced"), reason: z.string().nullable() }),
  z.object({ type: z.literal("silence_end_announced"), endsAt: Instant }),
]);
export type SilenceEvent = z.infer<typeof SilenceEvent>;

export type SilenceCommand =
  | {
      type: "silence";
      id: string;
      matcher: string;
      lengthMs: number;
      reason: string;
      startsAt: string | null;
      incident: string | null;
      channel: string | null;
    }
  /** Moves the end this much later. */
  | { type: "extend"; byMs: number; reason: string | null }
  | { type: "unsilence"; reason: string | null }
  | { type: "announce_end" };

export const SILENCE_LIMITS = { least: "1m", most: "30d", reason: 1000 } as const;
const LEAST = readDuration(SILENCE_LIMITS.least)!;
const MOST = readDuration(SILENCE_LIMITS.most)!;

/** What a command comes to; possibly nothing, where it is already so. Throws a Refusal that says what to do instead. */
export function decideSilence(silence: Silence | null, command: SilenceCommand, now: string): SilenceEvent[] {
  if (command.type === "silence") {
    if (silence) throw new Refusal("conflict", `${silence.id} exists already. Extend it, or begin another.`);
    return [{ type: "silenced", ...begin(command, now) }];
  }
  if (!silence) throw new Refusal("not_found", "There is no such silence. `silences` lists them.");
  switch (command.type) {
    case "extend": {
      refuseOver(silence, now);
      const endsAt = later(silence.endsAt, command.byMs);
      if (!(command.byMs >= LEAST)) throw tooShort();
      if (Date.parse(endsAt) - Date.parse(now) > MOST) throw tooLong();
      return [{ type: "silence_extended", endsAt, reason: command.reason }];
    }
    case "unsilence":
      refuseOver(silence, now);
      return [{ type: "unsilenced", reason: command.reason }];
    case "announce_end":
      return isOver(silence, now) || silence.announcedEnd === silence.endsAt
        ? []
        : [{ type: "silence_end_announced", endsAt: silence.endsAt }];
    default:
      return command satisfies never;
  }
}

function begin(command: Extract<SilenceCommand, { type: "silence" }>, now: string) {
  const parsed = parseMatcher(command.matcher);
  if ("problem" in parsed) throw new Refusal("invalid", `The matcher is not clear: ${parsed.problem}.`);
  if (isTooBroad(parsed.matcher))
    throw new Refusal(
      "invalid",
      `\`${parsed.matcher.text}\` would silence nearly everything. Say what it is about, such as \`${MATCHER_EXAMPLE}\`, or put \`all\` before it.`,
    );
  const reason = command.reason.trim();
  if (reason === "")
    throw new Refusal(
      "invalid",
      "A silence needs a reason. Write it behind the duration, such as `2h backfill is running`.",
    );
  if (reason.length > SILENCE_LIMITS.reason)
    throw new Refusal(
      "invalid",
      `The reason is ${reason.length} characters long and may have ${SILENCE_LIMITS.reason}. Shorten it by ${reason.length - SILENCE_LIMITS.reason}.`,
    );
  if (!(command.lengthMs >= LEAST)) throw tooShort();
  if (command.lengthMs > MOST) throw tooLong();
  const startsAt = command.startsAt ?? now;
  if (startsAt < now)
    throw new Refusal(
      "invalid",
      "A silence can't begin in the past. Leave the beginning out: it begins now.",
    );
  if (Date.parse(startsAt) - Date.parse(now) > MOST)
    throw new Refusal(
      "invalid",
      `A silence begins within ${SILENCE_LIMITS.most}. Ask for it closer to the day.`,
    );
  const { id, incident, channel } = command;
  return {
    id,
    matcher: parsed.matcher.text,
    startsAt,
    endsAt: later(startsAt, command.lengthMs),
    reason,
    incident,
    channel,
  };
}

function tooShort(): Refusal {
  return new Refusal(
    "invalid",
    `A silence lasts ${SILENCE_LIMITS.least} at least. Write a length such as \`2h\`.`,
  );
}

function tooLong(): Refusal {
  return new Refusal(
    "invalid",
    `A silence ends within ${SILENCE_LIMITS.most}, so that nothing is forgotten. Write a shorter length, or fix the rule that sends the alert.`,
  );
}

function refuseOver(silence: Silence, now: string): void {
  if (!isOver(silence, now)) return;
  const end = silence.endedAt ?? silence.endsAt;
  throw new Refusal(
    "wrong_state",
    `${silence.id} ended on ${utcDateTime(end)}. To silence the same again: \`silence ${silence.matcher} 2h <reason>\`.`,
  );
}

/** The first event makes the silence; `silence` is null only for that one. */
export function evolveSilence(
  silence: Silence | null,
  { seq: version, hash, at, actor, body }: RecordedEvent<SilenceEvent>,
): Silence {
  if (body.type === "silenced") {
    const { type: _, ...said } = body;
    const open = { endedAt: null, endedBy: null, announcedEnd: null };
    return { ...said, createdBy: actor, createdAt: at, ...open, version, hash };
  }
  if (!silence) throw new Error(`A silence began with ${body.type}`);
  const next = { ...silence, version, hash };
  switch (body.type) {
    case "silence_extended":
      return { ...next, endsAt: body.endsAt };
    case "unsilenced":
      return { ...next, endedAt: at, endedBy: actor };
    case "silence_end_announced":
      return { ...next, announcedEnd: body.endsAt };
    default:
      return body satisfies never;
  }
}

function later(instant: string, milliseconds: number): string {
  const at = new Date(Date.parse(instant) + milliseconds);
  if (Number.isNaN(at.getTime())) throw tooLong();
  return at.toISOString();
}

export function isOver({ endedAt, endsAt }: Pick<Silence, "endedAt" | "endsAt">, now: string): boolean {
  return endedAt !== null || endsAt <= now;
}

/** Those that hold alerts at this moment, the one that ends first in front. */
export function activeSilences<S extends Silence>(silences: readonly S[], now: string): S[] {
  return silences
    .filter((silence) => silence.startsAt <= now && !isOver(silence, now))
    .sort((a, b) =>
      a.endsAt === b.endsAt ? Number(a.id.slice(2)) - Number(b.id.slice(2)) : a.endsAt < b.endsAt ? -1 : 1,
    );
}

/**
 * Those whose end is to be announced: active, ending within that time, and not announced yet. One that was short to
 * begin with is left out: whoever asked for ten minutes knows.
 */
export function endingSoon<S extends Silence>(silences: readonly S[], now: string, withinMs: number): S[] {
  return activeSilences(silences, now).filter(
    ({ startsAt, endsAt, announcedEnd }) =>
      announcedEnd !== endsAt &&
      Date.parse(endsAt) - Date.parse(now) <= withinMs &&
      Date.parse(endsAt) - Date.parse(startsAt) > withinMs,
  );
}

/** A silence with its matcher compiled, once, when it is loaded. */
export type CompiledSilence = Silence & { match: Matcher };

export function compileSilence(silence: Silence): CompiledSilence {
  const parsed = parseMatcher(silence.matcher);
  if ("problem" in parsed)
    throw new Error(`${silence.id} was stored with a broken matcher: ${parsed.problem}`);
  return { ...silence, match: parsed.matcher };
}

export type Silenced = { silence: CompiledSilence; reason: string };

/** The silence that holds an alert, the one that does so longest; null for a resolved alert, always. */
export function silencedBy(
  alert: Matchable,
  silences: readonly CompiledSilence[],
  now: string,
): Silenced | null {
  if (alert.status === "resolved") return null;
  const silence = activeSilences(silences, now).findLast(({ match }) => match.try(alert).fits);
  if (!silence) return null;
  return { silence, reason: silencedWords(silence) };
}

/** Why an alert is held by a silence, as that stands now: until when may have been put off. */
export function silencedWords({ id, matcher, createdBy, endsAt, reason }: Silence): string {
  return `silenced by ${actorName(createdBy)} until ${utcDateTime(endsAt)} (${id}, ${matcher}): ${reason}`;
}

/** The silence of which such a reason speaks; null for other text. */
export function silenceQuotedIn(reason: string): string | null {
  return reason.startsWith("silenced by ") ? (/ \((S-\d+), /.exec(reason)?.[1] ?? null) : null;
}
