import type { Row } from "./table.ts";

/** Beside the bare floor only: it is always there, and what slows the machine slows both. */
export const GATE_LINES = ["I4a", "I4b", "I4c"];

/** Half of the goal of 0.85, so that noise does not fail a build, and what halves the speed does. */
export const GATE_RATIO = 0.42;

/** Whether ours is still within sight of the floor; a line without a number is a failure, or nobody would notice. */
export function gateVerdict(rows: readonly Row[]): { passed: boolean; words: string } {
  const verdicts = rows.map(({ id, what, ratio, reason }) => {
    if (ratio === null) return { passed: false, words: `${id} ${what}: not measured: ${reason}` };
    // The best round: one that was held up by something else says nothing of the code.
    const passed = ratio.max >= GATE_RATIO;
    return { passed, words: `${id} ${what}: at best ${ratio.max.toFixed(2)} of the bare floor` };
  });
  const passed = verdicts.length > 0 && verdicts.every((verdict) => verdict.passed);
  const head = passed ? "Fast enough" : `Too slow: at least ${GATE_RATIO} of the bare floor is wanted`;
  return { passed, words: [`${head}.`, ...verdicts.map(({ words }) => `  ${words}`)].join("\n") };
}
