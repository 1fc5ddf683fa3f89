import type { WebClient } from "@slack/web-api";

/** What we need to know of someone: the name the log keeps, and their zone for "09:30". */
export type SlackPerson = { id: string; name: string; timeZone: string };

export type People = {
  /** Never fails: someone Slack does not tell us about is kept by id, as unlinked, and never as somebody else. */
  get(id: string): Promise<SlackPerson>;
  names(ids: string[]): Promise<Record<string, string>>;
};

const KEEP_MS = 60 * 60_000;
/** A name nobody could look up is asked for again soon: it may have been a passing fault. */
const KEEP_UNKNOWN_MS = 30_000;
const MAX_KEPT = 10_000;

/** Looks people up with users.info (tier 4) and remembers them for an hour. `now` is in milliseconds. */
export function createPeople(client: WebClient, now: () => number): People {
  const kept = new Map<string, { person: SlackPerson; until: number }>();

  async function look(id: string): Promise<{ person: SlackPerson; keepMs: number }> {
    try {
      const { user } = await client.users.info({ user: id });
      // The real name: reports are read by people who do not know the handles.
      const name = user?.real_name || user?.profile?.real_name || user?.profile?.display_name || user?.name;
      if (name) return { person: { id, name, timeZone: zoneOr(user?.tz, "UTC") }, keepMs: KEEP_MS };
    } catch {
      // Told apart from nobody below: the id is kept, so the log stays true.
    }
    return { person: { id, name: `unlinked ${id}`, timeZone: "UTC" }, keepMs: KEEP_UNKNOWN_MS };
  }

  async function get(id: string): Promise<SlackPerson> {
    const known = kept.get(id);
    if (known && known.until > now()) return known.person;
    const { person, keepMs } = await look(id);
    if (kept.size >= MAX_KEPT) kept.clear();
    kept.set(id, { person, until: now() + keepMs });
    return person;
  }

  return {
    get,
    async names(ids) {
      const people = await Promise.all(ids.map(get));
      return Object.fromEntries(people.map((p) => [p.id, p.name]));
    },
  };
}

function zoneOr(zone: string | undefined, fallback: string): string {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions().timeZone;
  } catch {
    return fallback;
  }
}
