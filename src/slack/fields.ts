/** The parts of a modal: fields to build one, and what was entered in them to read one. */
import { z } from "zod";
import { clip } from "../core/signal/alert.ts";
import { mrkdwn, plain } from "./escape.ts";
import { LIMITS, type SlackEntry, type SlackOption, type SlackViewBlock } from "./limits.ts";
import { fitTo } from "./text.ts";

/** Every field has one element, always under this action id: the block id names the field. */
const ELEMENT = "value";

type Input = Extract<SlackViewBlock, { type: "input" }>;

function label(text: string, limit: number) {
  return { type: "plain_text" as const, text: clip(plain(text), limit), emoji: true };
}

function input(
  id: string,
  name: string,
  element: SlackEntry,
  extra: { hint?: string; optional?: boolean },
): Input {
  return {
    type: "input",
    block_id: id,
    label: label(name, LIMITS.inputLabel),
    ...(extra.hint && { hint: label(extra.hint, LIMITS.inputLabel) }),
    ...(extra.optional && { optional: true }),
    element,
  };
}

type Extra = { hint?: string; optional?: boolean; placeholder?: string };

export function textField(
  id: string,
  name: string,
  options: Extra & { max: number; lines?: boolean; initial?: string },
): SlackViewBlock {
  return input(
    id,
    name,
    {
      type: "plain_text_input",
      action_id: ELEMENT,
      max_length: options.max,
      ...(options.lines && { multiline: true }),
      ...(options.initial && { initial_value: clip(options.initial, options.max) }),
      ...(options.placeholder && { placeholder: label(options.placeholder, LIMITS.placeholder) }),
    },
    options,
  );
}

export type Choice = { value: string; text: string; description?: string };

export function selectField(
  id: string,
  name: string,
  choices: Choice[],
  options: Extra & { initial?: string } = {},
): SlackViewBlock {
  const offered = choices.slice(0, LIMITS.options).map(option);
  const initial = offered.find((one) => one.value === options.initial);
  return input(
    id,
    name,
    {
      type: "static_select",
      action_id: ELEMENT,
      options: offered,
      ...(initial && { initial_option: initial }),
      ...(options.placeholder && { placeholder: label(options.placeholder, LIMITS.placeholder) }),
    },
    options,
  );
}

export function checkboxField(
  id: string,
  name: string,
  choices: Choice[],
  options: Extra & { ticked?: string[] } = {},
): SlackViewBlock {
  const offered = choices.slice(0, LIMITS.choices).map(option);
  const ticked = offered.filter(({ value }) => options.ticked?.includes(value));
  return input(
    id,
    name,
    {
      type: "checkboxes",
      action_id: ELEMENT,
      options: offered,
      // Slack takes no empty list for it.
      ...(ticked.length > 0 && { initial_options: ticked }),
    },
    options,
  );
}

/**
 * Somebody of the workspace. Slack offers everybody itself; where the client cannot (the local Slack page), the people
 * to choose from are given.
 */
export function personField(
  id: string,
  name: string,
  people: { id: string; name: string }[] | null,
  options: Extra & { initial?: string } = {},
): SlackViewBlock {
  if (people && people.length > 0) {
    const choices = people.map((person) => ({ value: person.id, text: person.name }));
    return selectField(id, name, choices, options);
  }
  const initial = options.initial ? { initial_user: options.initial } : {};
  return input(id, name, { type: "users_select", action_id: ELEMENT, ...initial }, options);
}

export function dayField(id: string, name: string, options: Extra = {}): SlackViewBlock {
  return input(id, name, { type: "datepicker", action_id: ELEMENT }, options);
}

/** Words between fields; `text` is data. */
export function wordsBlock(text: string): SlackViewBlock {
  const words = fitTo(text, LIMITS.sectionText, (part) => mrkdwn(part));
  return { type: "section", text: { type: "mrkdwn", text: words, verbatim: true } };
}

export function smallPrint(text: string): SlackViewBlock {
  const words = fitTo(text, LIMITS.contextText, (part) => mrkdwn(part));
  return { type: "context", elements: [{ type: "mrkdwn", text: words, verbatim: true }] };
}

function option(choice: Choice): SlackOption {
  return {
    text: label(choice.text, LIMITS.optionText),
    value: choice.value,
    ...(choice.description && { description: label(choice.description, LIMITS.optionText) }),
  };
}

const Chosen = z.looseObject({ value: z.string() });
/** An element's value as Slack sends it; the same keys with `initial_` in front stand in the view itself. */
const Entered = z.looseObject({
  value: z.string().nullish(),
  selected_option: Chosen.nullish(),
  selected_options: z.array(Chosen).nullish(),
  selected_user: z.string().nullish(),
  selected_date: z.string().nullish(),
});
const Built = z.looseObject({
  type: z.string(),
  block_id: z.string().optional(),
  element: z
    .looseObject({
      initial_value: z.string().nullish(),
      initial_option: Chosen.nullish(),
      initial_options: z.array(Chosen).nullish(),
      initial_user: z.string().nullish(),
      initial_date: z.string().nullish(),
    })
    .optional(),
});

/** As much of a submitted view as reading it needs. */
export const SubmittedView = z.looseObject({
  callback_id: z.string(),
  private_metadata: z.string(),
  blocks: z.array(Built),
  state: z.object({ values: z.record(z.string(), z.record(z.string(), Entered)) }),
});
export type SubmittedView = z.infer<typeof SubmittedView>;

/** What stands in a field: entered, or set by us and left alone (the local Slack page does not send that back). */
export function readField(view: SubmittedView, id: string): string[] {
  const entered = Object.values(view.state.values[id] ?? {})[0];
  if (!entered) return shownIn(view, id);
  return filled([
    entered.value,
    entered.selected_option?.value,
    entered.selected_user,
    entered.selected_date,
    ...(entered.selected_options ?? []).map(({ value }) => value),
  ]);
}

/** What we set in a field before anybody entered something. */
export function shownIn(view: SubmittedView, id: string): string[] {
  const element = view.blocks.find((block) => block.block_id === id)?.element;
  return filled([
    element?.initial_value,
    element?.initial_option?.value,
    element?.initial_user,
    element?.initial_date,
    ...(element?.initial_options ?? []).map(({ value }) => value),
  ]);
}

function filled(values: (string | null | undefined)[]): string[] {
  return values.flatMap((value) => (value?.trim() ? [value.trim()] : []));
}

/** The Slack ids of the people chosen in a view, whose names the door looks up before it parses. */
export function chosenPeople(view: SubmittedView): string[] {
  const chosen = view.blocks.flatMap(({ block_id }) =>
    block_id && PERSON_FIELDS.has(block_id) ? readField(view, block_id) : [],
  );
  return [...new Set(chosen)];
}

/** The ids of fields in which somebody is chosen. */
const PERSON_FIELDS: ReadonlySet<string> = new Set(["person", "owner"]);
