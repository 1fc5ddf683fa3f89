/** Numbers of several rounds: what is in the middle, how far they lie apart, and what two of them are to each other. */

/** Of one measurement over all rounds; `spread` is (max - min) / median. */
export type Summary = { median: number; min: number; max: number; spread: number; rounds: number };

/** The value below which a share of all lies (nearest rank). `values` need not be sorted, and must not be empty. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  const at = Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1));
  return sorted[at]!;
}

/** The middle one; of an even number the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

export function summarize(values: readonly number[]): Summary | null {
  if (values.length === 0) return null;
  const [middle, min, max] = [median(values), Math.min(...values), Math.max(...values)];
  return { median: middle, min, max, spread: middle === 0 ? 0 : (max - min) / middle, rounds: values.length };
}

/**
 * Ours to the reference's, round by round: both of a round were measured within seconds of each other, so what the
 * machine did meanwhile falls out. Rounds that lack one of the two are left out.
 */
export function ratios(ours: readonly (number | null)[], theirs: readonly (number | null)[]): number[] {
  return ours.flatMap((value, round) => {
    const reference = theirs[round] ?? null;
    return value === null || reference === null || reference === 0 ? [] : [value / reference];
  });
}

/** The bare floor does the same work every round, so beyond this spread the machine was busy with something else. */
export const NOISY_SPREAD = 0.35;

/** What of the machine's quiet a floor measurement shows. One round shows nothing. */
export function noise(floor: readonly number[]): { spread: number; noisy: boolean } | null {
  const summary = floor.length < 2 ? null : summarize(floor);
  return summary && { spread: summary.spread, noisy: summary.spread > NOISY_SPREAD };
}
