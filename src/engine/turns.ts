import type { OutboxRow, WaitingRow } from "./ledger.ts";
import { Pace, type Rate } from "./pace.ts";

/** chat.postMessage: about one a second a channel, short bursts tolerated. */
const POSTS: Rate = { burst: 5, perSecond: 1 };
/** And several hundred a minute over the whole workspace. */
const ALL_POSTS: Rate = { burst: 40, perSecond: 5 };
/** chat.update is tier 3: 50 a minute over the whole workspace. */
const UPDATES: Rate = { burst: 10, perSecond: 50 / 60 };
const FILES: Rate = { burst: 5, perSecond: 100 / 60 };

/** The same message is redrawn no sooner than this, so that a storm redraws it once, not a hundred times. */
const REDRAW_EVERY_MS = 2_000;
/** Each message's share of the updates: so many milliseconds for every message that waits to be redrawn. */
const UPDATE_SHARE_MS = 1_200;

/** For so long what is about an incident goes first when a person has done something there: it waits for others to see it. */
const ATTENDED_MS = 60_000;

/** Redraws remembered at once; the oldest are forgotten first, and have long had their pause. */
const MAX_REMEMBERED = 10_000;

/**
 * Whose turn it is. Roots go first, then what is posted under them, then redraws; each the worst severity first. Before
 * all of them goes what tells of many roots at once. Redraws of equal severity take turns: each may go once in its share
 * of the budget. Where a person has just done something, what is posted goes before roots, and each redraw once without
 * waiting for its share: in a storm nobody else would know of it for minutes. Times are milliseconds of a clock that
 * never goes back.
 */
export class Turns {
  private readonly pace = new Pace();
  /** When each message was last drawn; in the order of that. */
  private readonly drawn = new Map<string, number>();
  /** When a person last did something in an incident; in the order of that. */
  private readonly attendedAt = new Map<string, number>();
  /** Ids of channels that are configured by name, learned from what was posted there. */
  private readonly channelIds = new Map<string, string>();

  /**
   * Of an incident without a root only the root may go, and none before its channel's digest; for the rest the order is
   * that of their importance.
   */
  inOrder<Row extends WaitingRow>(rows: Row[], now: number): Row[] {
    const rank = (row: Row) => rankOf(row, this.isAwaited(row, now));
    const rootless = new Set(rows.filter(isRoot).map((row) => row.incident));
    // One that is looked for in Slack (`sending`) may be long in coming, and holds nothing back.
    const digests = rows.filter((row) => isDigest(row) && row.state === "pending");
    const toldFirst = new Set(digests.map((row) => row.channel));
    return rows
      .filter((row) => (isRoot(row) ? !toldFirst.has(row.channel) : !rootless.has(row.incident)))
      .sort(
        (a, b) =>
          rank(a) - rank(b) ||
          Number(a.severity > b.severity) - Number(a.severity < b.severity) ||
          (a.ts === null ? 0 : this.lastDrawn(a) - this.lastDrawn(b)) ||
          a.id - b.id,
      );
  }

  /** A person did something in an incident. */
  attend(incident: string, now: number): void {
    this.attendedAt.delete(incident);
    this.attendedAt.set(incident, now);
  }

  /** The incidents in which a person has just done something. */
  attended(now: number): string[] {
    for (const [incident, at] of this.attendedAt) {
      if (now - at < ATTENDED_MS) break;
      this.attendedAt.delete(incident);
    }
    return [...this.attendedAt.keys()];
  }

  /** Whether it shows what a person has just done; a redraw does so once. */
  private isAwaited(row: WaitingRow, now: number): boolean {
    const at = this.attendedAt.get(row.incident);
    if (at === undefined || now - at >= ATTENDED_MS) return false;
    return row.ts === null || this.lastDrawn(row) < at;
  }

  /** Milliseconds until a row may go; `redraws` is how many messages wait to be redrawn. */
  waitMs(row: WaitingRow, redraws: number, now: number): number {
    const share = this.isAwaited(row, now) ? 0 : UPDATE_SHARE_MS * redraws;
    const pause = Math.max(REDRAW_EVERY_MS, share);
    const redraw = row.ts === null ? 0 : this.lastDrawn(row) + pause - now;
    return Math.max(redraw, ...this.limits(row).map(([key, rate]) => this.pace.waitMs(key, rate, now)));
  }

  take(row: WaitingRow, now: number): void {
    for (const [key, rate] of this.limits(row)) this.pace.take(key, rate, now);
    if (row.ts !== null) this.draws(row.key, now);
  }

  /** Nothing came of what was taken for a post. */
  giveBack(row: WaitingRow, now: number): void {
    for (const [key, rate] of this.limits(row)) this.pace.giveBack(key, rate, now);
  }

  /** It stands, and has just been drawn; `channel` is its id. */
  posted(row: WaitingRow, named: string, channel: string, now: number): void {
    this.channelIds.set(named, channel);
    this.draws(row.key, now);
  }

  /** Slack said 429 to a row: in that channel, or of that method, nothing until then. */
  block(row: WaitingRow, forMs: number, now: number): void {
    const [key, rate] = this.limits(row)[0]!;
    this.pace.block(key, rate, now, forMs);
  }

  private limits(row: WaitingRow): [string, Rate][] {
    if (row.kind === "file") return [["files", FILES]];
    if (row.ts !== null) return [["chat.update", UPDATES]];
    const channel = this.channelIds.get(row.channel) ?? row.channel;
    return [
      [`chat.postMessage:${channel}`, POSTS],
      ["chat.postMessage", ALL_POSTS],
    ];
  }

  private lastDrawn(row: WaitingRow): number {
    return this.drawn.get(row.key) ?? Number.NEGATIVE_INFINITY;
  }

  private draws(key: string, now: number): void {
    this.drawn.delete(key);
    this.drawn.set(key, now);
    const oldest = this.drawn.keys().next();
    if (this.drawn.size > MAX_REMEMBERED && !oldest.done) this.drawn.delete(oldest.value);
  }
}

export function isRoot(row: OutboxRow): boolean {
  return row.kind === "card" && row.ts === null;
}

/** A notice about its channel (see src/engine/digest.ts). */
function isDigest(row: OutboxRow): boolean {
  return row.kind === "notice" && row.incident === row.channel;
}

/** The order of src/store/reads.ts (`due`), which reads only so many rows ahead. */
function rankOf(row: WaitingRow, isAwaited: boolean): number {
  if (row.ts === null) return isDigest(row) ? 0 : isAwaited ? 1 : row.kind === "card" ? 2 : 3;
  // What somebody walks through waits for the press of a button; lists of alerts and changes only grow.
  return isAwaited ? 4 : row.kind === "card" || row.kind === "walk" ? 5 : 6;
}
