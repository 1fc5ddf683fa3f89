/** The living message of a runbook walked in a thread: what was done, what to do now, and the buttons for it. */
import { currentStep, type IncidentState, isOpen, type StepResult, type Walk } from "../incident/state.ts";
import { plural } from "../plural.ts";
import { clip } from "../signal/alert.ts";
import { targetValue } from "./action-name.ts";
import { formatDuration } from "./clocks.ts";
import { coverage } from "./coverage.ts";
import type { Block, Button, Document, Span, Text } from "./document.ts";
import { actorSpan } from "./wording.ts";

export type WalkView = {
  state: IncidentState;
  walk: Walk;
  /** The current step as pinned, its markdown filled in; null when all are dealt with or the text is not to be had. */
  step: { title: string; body: string } | null;
};

export function walkDocument({ state, walk, step }: WalkView): Document {
  const current = currentStep(walk);
  const blocks: Block[] = [{ type: "context", text: progress(walk, state) }];
  const finished = walk.steps.flatMap(({ title, result }) => (result ? [finishedLine(title, result)] : []));
  if (finished.length > 0) blocks.push({ type: "paragraph", text: joined(finished) });
  if (current) {
    blocks.push({
      type: "heading",
      level: 2,
      text: `Step ${current.index + 1} of ${walk.steps.length}: ${current.title}`,
    });
    if (step?.body.trim()) blocks.push({ type: "markdown", text: step.body });
  } else {
    blocks.push({ type: "paragraph", text: endText(walk, state) });
  }
  const buttons =
    isOpen(state.phase) || state.phase === "resolved" ? buttonsFor(state, walk, current?.id ?? null) : [];
  if (buttons.length > 0) blocks.push({ type: "actions", buttons });
  const where = current ? `step ${current.index + 1} of ${walk.steps.length}: ${current.title}` : "finished";
  return { summary: `${state.key} runbook ${walk.title}, ${where}`, title: `📗 ${walk.title}`, blocks };
}

function progress(walk: Walk, state: IncidentState): Text {
  const { counts } = coverage(walk, state);
  const told = (["done", "skipped", "failed"] as const)
    .filter((outcome) => counts[outcome] > 0)
    .map((outcome) => ` · ${counts[outcome]} ${outcome}`);
  return ["Started by ", actorSpan(walk.startedBy), ...told];
}

const RESULTS: Record<StepResult["outcome"], { sign: string; word: string }> = {
  done: { sign: "✅", word: "done by" },
  skipped: { sign: "⏭", word: "skipped by" },
  failed: { sign: "❌", word: "failed for" },
};

function finishedLine(title: string, { outcome, note, by }: StepResult): Span[] {
  const { sign, word } = RESULTS[outcome];
  return [`${sign} ${clip(title, 100)} – ${word} `, actorSpan(by), ...(note ? [`: ${clip(note, 160)}`] : [])];
}

function joined(lines: Span[][]): Span[] {
  return lines.flatMap((line, index) => (index > 0 ? ["\n", ...line] : line));
}

function endText(walk: Walk, state: IncidentState): Text {
  const { carriedOut, percent, steps } = coverage(walk, state);
  const took = walk.finishedAt
    ? `, in ${formatDuration(Date.parse(walk.finishedAt) - Date.parse(walk.startedAt))}`
    : "";
  return [
    { strong: "Finished." },
    ` ${carriedOut} of ${plural(steps.length, "step")} carried out (${percent} %)${took}.`,
  ];
}

/** `step` is the step the reader sees; `""` stands for the end of the walk. */
function buttonsFor(state: IncidentState, walk: Walk, step: string | null): Button[] {
  const value = targetValue(state.key, walk.runbook, step ?? "");
  const onward: Button[] = step
    ? [
        { action: "step_done", label: "Done", value, style: "primary" },
        { action: "step_skip", label: "Skip…", value },
        { action: "step_fail", label: "Failed…", value },
      ]
    : [];
  const began = walk.steps.some(({ result }) => result !== null);
  return began ? [...onward, { action: "step_back", label: "Back", value }] : onward;
}
