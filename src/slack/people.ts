import type { WebClient } from "@slack/web-api";

/** What we need to know of someone: the name the log keeps, and their zone for "09:30". */
export type SlackPerson = { id: string; name: string; timeZone: string };

/** What somebody is to our workspace; `unknown` where Slack does not tell us. */
export type Standing = "member" | "guest" | "outsider" | "bot" | "unknown";

export type People = {
  /** Never fails: someone Slack does not tell us about is kept by id, as unlinked, and never as somebody else. */
  get(id: string): Promise<SlackPerson>;
  names(ids: string[]): Promise<Record<string, string>>;
  /** `team` is what the request says of where they are from; it counts where Slack does not tell us more. */
  standing(id: string, team: string | null): Promise<Standing>;
};

const KEEP_MS = 60 * 60_000;
/** A name nobody could look up is asked for again soon: it may have been a passing fault. */
const KEEP_UNKNOWN_MS = 30_000;
const MAX_KEPT = 10_000;

/** Looks people up with users.info (tier 4) and remembers them for an hour. `now` is in milliseconds. */
export function createPeople(client: WebClient, now: () => number): People {
  const kept = new Map<string, Known & { until: number }>();
  let asked: Promise<Home> | null = null;

  function home(): Promise<Home> {
    asked ??= client.auth.test().then(({ team_id, enterprise_id }) => ({ team_id, enterprise_id }));
    asked.catch(() => {
      asked = null;
    });
    return asked;
  }

  async function look(id: string): Promise<Known & { keepMs: number }> {
    try {
      const [{ user }, ours] = await Promise.all([client.users.info({ user: id }), home()]);
      // The real name: reports are read by people who do not know the handles.
      const name = user?.real_name || user?.profile?.real_name || user?.profile?.display_name || user?.name;
      if (user && name)
        return {
          person: { id, name, timeZone: zoneOr(user.tz, "UTC") },
          standing: standingOf(user, ours),
          keepMs: KEEP_MS,
        };
    } catch {
      // Told apart from nobody below: the id is kept, so the log stays true.
    }
    const person = { id, name: `unlinked ${id}`, timeZone: "UTC" };
    return { person, standing: "unknown", keepMs: KEEP_UNKNOWN_MS };
  }

  async function known(id: string): Promise<Known> {
    const before = kept.get(id);
    if (before && before.until > now()) return before;
    const { keepMs, ...found } = await look(id);
    if (kept.size >= MAX_KEPT) kept.clear();
    kept.set(id, { ...found, until: now() + keepMs });
    return found;
  }

  const get = async (id: string) => (await known(id)).person;
  return {
    get,
    async standing(id, team) {
      const { standing } = await known(id);
      if (standing !== "unknown" || team === null) return standing;
      const ours = await home().catch(() => null);
      return ours === null ? "unknown" : ours.team_id === team ? "member" : "outsider";
    },
    async names(ids) {
      const people = await Promise.all(ids.map(get));
      return Object.fromEntries(people.map((p) => [p.id, p.name]));
    },
  };
}

type Known = { person: SlackPerson; standing: Standing };
type Home = Pick<Awaited<ReturnType<WebClient["auth"]["test"]>>, "team_id" | "enterprise_id">;
type User = NonNullable<Awaited<ReturnType<WebClient["users"]["info"]>>["user"]>;

/** Workspaces of one organization (Enterprise Grid) are one house; `is_stranger` is only said of some outsiders. */
function standingOf(user: User, ours: Home): Standing {
  if (user.is_bot) return "bot";
  const organization = user.enterprise_user?.enterprise_id;
  const sameHouse =
    user.team_id === ours.team_id || (organization !== undefined && organization === ours.enterprise_id);
  if (!sameHouse || user.is_stranger) return "outsider";
  return user.is_restricted || user.is_ultra_restricted ? "guest" : "member";
}

function zoneOr(zone: string | undefined, fallback: string): string {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions().timeZone;
  } catch {
    return fallback;
  }
}
