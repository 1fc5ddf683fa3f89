/** Chance that a seed decides: the same seed gives the same numbers on every machine. */
export type Random = {
  /** From 0 up to, and not including, 1. */
  next(): number;
  /** A whole number, both ends included. */
  int(least: number, most: number): number;
  chance(share: number): boolean;
  pick<T>(from: readonly T[]): T;
  shuffle<T>(items: readonly T[]): T[];
  /** Up to `count` of the items, in random order. */
  sample<T>(items: readonly T[], count: number): T[];
  hex(digits: number): string;
};

/** Mulberry32 over a hash of the seed, so that neighbouring seeds have nothing in common. */
export function randomOf(seed: string): Random {
  let state = 0x811c9dc5;
  for (const char of seed) state = Math.imul(state ^ char.codePointAt(0)!, 0x01000193);
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const int = (least: number, most: number) => least + Math.floor(next() * (most - least + 1));
  const shuffle = <T>(items: readonly T[]): T[] => {
    const left = [...items];
    for (let at = left.length - 1; at > 0; at -= 1) {
      const other = int(0, at);
      [left[at], left[other]] = [left[other]!, left[at]!];
    }
    return left;
  };
  return {
    next,
    int,
    chance: (share) => next() < share,
    pick: (from) => from[int(0, from.length - 1)]!,
    shuffle,
    sample: (items, count) => shuffle(items).slice(0, count),
    hex: (digits) => Array.from({ length: digits }, () => int(0, 15).toString(16)).join(""),
  };
}
