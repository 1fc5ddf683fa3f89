import type { Document } from "../core/report/document.ts";
import { DeliveryFailure, type Messenger, type Place } from "./deliver.ts";
import { spoken, type Trouble } from "./troubles.ts";

export type AlarmDeps = {
  /** What is wrong with the bot itself now. */
  look(): Promise<Trouble[]>;
  messenger: Pick<Messenger, "post" | "find">;
  /** Where it is told: a channel id or `#name`. */
  channel: string;
  now: () => number;
  log: { warn(fields: object, message: string): void; error(fields: object, message: string): void };
};

/** A message that is to be told, until it stands. */
type Telling = { words: string; mark: string; unknown: boolean };
type Raised = { since: number; words: string; told: boolean };

/**
 * The bot speaks of itself: once when something is wrong, and once when that is over. It speaks past the outbox and the
 * database, since those may be what is wrong; so a restart begins anew, and tells again what is wrong still. What was
 * over before it could be told is not told at all.
 */
export function createAlarm(deps: AlarmDeps) {
  const raised = new Map<string, Raised>();
  const telling: Telling[] = [];

  function raise({ name, words }: Trouble): void {
    if (raised.has(name)) return;
    raised.set(name, { since: deps.now(), words, told: false });
    deps.log.warn({ trouble: name }, words);
  }

  function end(name: string, { since, words, told }: Raised): void {
    raised.delete(name);
    deps.log.warn({ trouble: name }, `over: ${words}`);
    if (!told) return;
    const lasted = spoken(deps.now() - since);
    telling.push({ ...markedAs(name, since, "over"), words: `✅ Over after ${lasted}: ${words}.` });
  }

  function markedAs(name: string, since: number, what: string) {
    return { mark: `alarm:${what}:${name}:${since}`, unknown: false };
  }

  /** Whether it stands in the channel now. */
  async function tell(message: Telling): Promise<boolean> {
    const place: Place = { channel: deps.channel, threadTs: null, mark: message.mark };
    try {
      const since = new Date(deps.now() - 3_600_000).toISOString();
      if (message.unknown && (await deps.messenger.find(place, null, since))) return true;
      message.unknown = false;
      await deps.messenger.post(place, documentOf(message.words), { permalink: false });
      return true;
    } catch (error) {
      if (!(error instanceof DeliveryFailure)) throw error;
      message.unknown ||= error.kind === "unknown";
      deps.log.warn({ reason: error.message }, "the alarm about ourselves could not be told");
      return false;
    }
  }

  /** First words that do not stand yet, by name. */
  const starting = new Map<string, Telling>();
  let busy = false;

  async function look(): Promise<void> {
    const troubles = await deps.look();
    for (const trouble of troubles) raise(trouble);
    for (const [name, row] of [...raised]) {
      if (troubles.some((trouble) => trouble.name === name)) continue;
      starting.delete(name);
      end(name, row);
    }
    for (const [name, row] of raised) {
      if (row.told) continue;
      const message = starting.get(name) ?? {
        ...markedAs(name, row.since, "begin"),
        words: `⚠️ Something is wrong with me: ${row.words}.`,
      };
      starting.set(name, message);
      row.told = await tell(message);
      if (row.told) starting.delete(name);
    }
    while (telling[0] && (await tell(telling[0]))) telling.shift();
  }

  return {
    /** What is wrong now, by name. */
    raised: (): string[] => [...raised.keys()],
    /** Looks, and tells what is new. While one look is still telling, another does nothing. */
    async tick(): Promise<void> {
      if (busy) return;
      busy = true;
      await look().finally(() => {
        busy = false;
      });
    },
  };
}

function documentOf(words: string): Document {
  return { summary: words, title: null, blocks: [{ type: "paragraph", text: words }] };
}
