import type { Row } from "./table.ts";

/**
 * The most that the lines beside the bare floor reached for README's table: the floor is always there, and what slows the
 * machine slows both. Raise a number when its line gets faster.
 */
export const REACHED: Readonly<Record<string, number>> = { I4a: 0.29, I4b: 0.37, I4c: 0.39 };

/** The goal of each. */
const GOAL = 0.85;

/**
 * The least ratio with which a line passes: half of its goal, or half of what it reached where that is less than the
 * goal. It is loose so that noise does not fail a build, and what halves the speed does.
 */
export function leastOf(id: string): number {
  return Math.min(GOAL, REACHED[id] ?? GOAL) / 2;
}

/** Whether ours is still within sight of the floor; a line without a number is a failure, or nobody would notice. */
export function gateVerdict(rows: readonly Row[]): { passed: boolean; words: string } {
  const verdicts = rows.map(({ id, what, ratio, reason }) => {
    if (ratio === null) return { passed: false, words: `${id} ${what}: not measured: ${reason}` };
    // The best round: one that was held up by something else says nothing of the code.
    const passed = ratio.max >= leastOf(id);
    const words = `${id} ${what}: at best ${ratio.max.toFixed(2)} of the bare floor; ${leastOf(id).toFixed(2)} is wanted`;
    return { passed, words };
  });
  const passed = verdicts.length > 0 && verdicts.every((verdict) => verdict.passed);
  return {
    passed,
    words: [passed ? "Fast enough." : "Too slow.", ...verdicts.map(({ words }) => `  ${words}`)].join("\n"),
  };
}
