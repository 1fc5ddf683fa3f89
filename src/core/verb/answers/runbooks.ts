import { currentStep, type IncidentState } from "../../incident/state.ts";
import { plural } from "../../plural.ts";
import { targetValue } from "../../report/action-name.ts";
import type { Block, Button, Document, Text } from "../../report/document.ts";
import { clip } from "../../signal/alert.ts";
import { listed } from "./listed.ts";

type Suggested = { slug: string; title: string; reason: string };
type Known = { slug: string; title: string };

const SHOWN = 30;
/** As many as a phone shows without scrolling; the others are started by name. */
const BUTTONS = 3;

/** The runbooks that fit an incident and why, where the ones under way stand, and all others that can be started by name. */
export function runbooksDocument(state: IncidentState, suggested: Suggested[], all: Known[]): Document {
  const walking = Object.values(state.walks);
  const named = new Set([...suggested.map((r) => r.slug), ...walking.map((w) => w.runbook)]);
  const others = all.filter((runbook) => !named.has(runbook.slug));
  const underWay = new Set(walking.filter((w) => currentStep(w)).map((w) => w.runbook));
  const startable = suggested.filter((runbook) => !underWay.has(runbook.slug));
  const best = suggested[0];
  const blocks: Block[] = [
    ...listed(
      "Under way",
      walking.map((walk): Text => [{ strong: walk.title }, ` ${standing(walk)}`]),
    ),
    ...listed(
      "These fit",
      startable.map((r): Text => [{ code: r.slug }, ` ${r.title}: ${r.reason}`]),
    ),
    ...listed(
      named.size > 0 ? "Others" : "All",
      others.slice(0, SHOWN).map((r): Text => [{ code: r.slug }, ` ${r.title}`]),
    ),
  ];
  if (others.length > SHOWN) blocks.push({ type: "context", text: `and ${others.length - SHOWN} more` });
  if (startable.length > 0)
    blocks.push({
      type: "actions",
      buttons: startable.slice(0, BUTTONS).map((r) => startButton(state.key, r)),
    });
  const example = startable[0]?.slug ?? others[0]?.slug ?? all[0]?.slug;
  if (example)
    blocks.push({ type: "context", text: ["Begin one with ", { code: `runbook start ${example}` }] });
  else
    blocks.push({
      type: "paragraph",
      text: "There are no runbooks yet: they are markdown files in the runbooks folder.",
    });
  return {
    summary: `${state.key}: ${plural(suggested.length, "runbook that fits", "runbooks that fit")}${best ? `, the best is ${best.title}` : ""}`,
    title: `${state.key} · Runbooks`,
    blocks,
  };
}

function startButton(key: string, runbook: Suggested): Button {
  return {
    action: "runbook_start",
    label: clip(`Start: ${runbook.title}`, 75),
    value: targetValue(key, runbook.slug),
  };
}

function standing(walk: IncidentState["walks"][string]): string {
  const step = currentStep(walk);
  return step
    ? `at step ${step.index + 1} of ${walk.steps.length}: ${step.title}`
    : `finished, ${plural(walk.steps.length, "step")}`;
}
