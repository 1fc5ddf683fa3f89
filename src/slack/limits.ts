/**
 * What Slack accepts, written once: the messenger checks with it before it sends and every test checks with it what we
 * build. Only the blocks and elements that we use are known here, and objects are strict, so that a misspelt field is an
 * error on our side and not a silent nothing (or `invalid_blocks`) on Slack's.
 *
 * Numbers are from https://docs.slack.dev/reference/block-kit and the JSDoc of @slack/types, except where a comment
 * says that they were measured.
 */
import { z } from "zod";

export const LIMITS = {
  messageBlocks: 50,
  viewBlocks: 100,
  /** Undocumented: Slack refuses with `msg_blocks_too_long` at about 13,200 characters over all blocks of a message. */
  messageChars: 12_000,
  /** Headers are said to weigh about a hundred characters more than their text in that sum. */
  headerWeight: 100,
  /** Undocumented: `chat.update` counts its 4,000 in bytes of UTF-8. */
  textBytes: 3_800,
  sectionText: 3_000,
  fields: 10,
  fieldText: 2_000,
  headerText: 150,
  contextElements: 10,
  contextText: 3_000,
  actionsElements: 25,
  id: 255,
  buttonText: 75,
  buttonValue: 2_000,
  url: 3_000,
  options: 100,
  optionText: 75,
  optionValue: 150,
  choices: 10,
  inputLabel: 2_000,
  inputText: 3_000,
  placeholder: 150,
  viewTitle: 24,
  privateMetadata: 3_000,
  confirmTitle: 100,
  confirmText: 300,
  confirmButton: 30,
} as const;

/** Slack refuses text that is only white space as it refuses none at all. */
const words = (max: number) => z.string().max(max).regex(/\S/, "must not be blank");
const plain = (max: number) =>
  z.strictObject({ type: z.literal("plain_text"), text: words(max), emoji: z.boolean().optional() });
const mrkdwn = (max: number) =>
  z.strictObject({ type: z.literal("mrkdwn"), text: words(max), verbatim: z.boolean().optional() });
const either = (max: number) => z.discriminatedUnion("type", [plain(max), mrkdwn(max)]);

const id = z.string().min(1).max(LIMITS.id);
const url = z.url({ protocol: /^https?$/ }).max(LIMITS.url);

const Confirm = z.strictObject({
  title: plain(LIMITS.confirmTitle),
  text: either(LIMITS.confirmText),
  confirm: plain(LIMITS.confirmButton),
  deny: plain(LIMITS.confirmButton),
  style: z.enum(["primary", "danger"]).optional(),
});

const Option = z.strictObject({
  text: plain(LIMITS.optionText),
  value: z.string().min(1).max(LIMITS.optionValue),
  description: plain(LIMITS.optionText).optional(),
});
export type SlackOption = z.infer<typeof Option>;

/** Checkboxes and radio buttons may say more than a line of a menu can. */
const Choice = z.strictObject({
  text: either(LIMITS.optionText),
  value: z.string().min(1).max(LIMITS.optionValue),
  description: either(LIMITS.optionText).optional(),
});

const Button = z.strictObject({
  type: z.literal("button"),
  action_id: id,
  text: plain(LIMITS.buttonText),
  value: z.string().min(1).max(LIMITS.buttonValue).optional(),
  url: url.optional(),
  style: z.enum(["primary", "danger"]).optional(),
  confirm: Confirm.optional(),
  accessibility_label: words(75).optional(),
});

const Overflow = z.strictObject({
  type: z.literal("overflow"),
  action_id: id,
  options: z.array(Option).min(2).max(5),
  confirm: Confirm.optional(),
});

const placeholder = plain(LIMITS.placeholder).optional();

const StaticSelect = z.strictObject({
  type: z.literal("static_select"),
  action_id: id,
  placeholder,
  options: z.array(Option).min(1).max(LIMITS.options),
  initial_option: Option.optional(),
  confirm: Confirm.optional(),
});

const MultiStaticSelect = z.strictObject({
  type: z.literal("multi_static_select"),
  action_id: id,
  placeholder,
  options: z.array(Option).min(1).max(LIMITS.options),
  initial_options: z.array(Option).min(1).max(LIMITS.options).optional(),
});

const UsersSelect = z.strictObject({
  type: z.literal("users_select"),
  action_id: id,
  placeholder,
  initial_user: z.string().min(1).optional(),
});

const Checkboxes = z.strictObject({
  type: z.literal("checkboxes"),
  action_id: id,
  options: z.array(Choice).min(1).max(LIMITS.choices),
  initial_options: z.array(Choice).min(1).max(LIMITS.choices).optional(),
});

const RadioButtons = z.strictObject({
  type: z.literal("radio_buttons"),
  action_id: id,
  options: z.array(Choice).min(1).max(LIMITS.choices),
  initial_option: Choice.optional(),
});

const Datepicker = z.strictObject({
  type: z.literal("datepicker"),
  action_id: id,
  placeholder,
  initial_date: z.iso.date().optional(),
});

const PlainTextInput = z
  .strictObject({
    type: z.literal("plain_text_input"),
    action_id: id,
    placeholder,
    initial_value: z.string().max(LIMITS.inputText).optional(),
    multiline: z.boolean().optional(),
    min_length: z.int().min(0).max(LIMITS.inputText).optional(),
    max_length: z.int().min(1).max(LIMITS.inputText).optional(),
  })
  .refine((input) => (input.initial_value ?? "").length <= (input.max_length ?? LIMITS.inputText), {
    error: "initial_value is longer than max_length",
  });

/** What is chosen at first must be one of the choices, to the letter: Slack refuses the view otherwise. */
function initialIsOffered(element: {
  options: unknown[];
  initial_option?: unknown;
  initial_options?: unknown[];
}): boolean {
  const offered = element.options.map((option) => JSON.stringify(option));
  const initial = [
    ...(element.initial_options ?? []),
    ...(element.initial_option ? [element.initial_option] : []),
  ];
  return initial.every((option) => offered.includes(JSON.stringify(option)));
}

function valuesDiffer(element: { options: { value: string }[] }): boolean {
  return new Set(element.options.map((option) => option.value)).size === element.options.length;
}

const Interactive = z.discriminatedUnion("type", [Button, Overflow, StaticSelect, UsersSelect, Datepicker]);
const Entry = z
  .discriminatedUnion("type", [
    PlainTextInput,
    StaticSelect,
    MultiStaticSelect,
    UsersSelect,
    Checkboxes,
    RadioButtons,
    Datepicker,
  ])
  .refine((element) => !("options" in element) || initialIsOffered(element), {
    error: "the initial choice is not among the options",
  })
  .refine((element) => !("options" in element) || valuesDiffer(element), {
    error: "two options have the same value",
  });
export type SlackEntry = z.infer<typeof Entry>;

const block_id = id.optional();

const Section = z
  .strictObject({
    type: z.literal("section"),
    block_id,
    text: either(LIMITS.sectionText).optional(),
    fields: z.array(either(LIMITS.fieldText)).min(1).max(LIMITS.fields).optional(),
    accessory: Interactive.optional(),
    /** Shows long text whole instead of behind "see more". */
    expand: z.boolean().optional(),
  })
  .refine((section) => section.text ?? section.fields, { error: "a section needs text or fields" });

const Header = z.strictObject({ type: z.literal("header"), block_id, text: plain(LIMITS.headerText) });
const Divider = z.strictObject({ type: z.literal("divider"), block_id });
const Context = z.strictObject({
  type: z.literal("context"),
  block_id,
  elements: z.array(either(LIMITS.contextText)).min(1).max(LIMITS.contextElements),
});
const Actions = z
  .strictObject({
    type: z.literal("actions"),
    block_id,
    elements: z.array(Interactive).min(1).max(LIMITS.actionsElements),
  })
  .refine((block) => allDiffer(block.elements.map((element) => element.action_id)), {
    error: "an action_id stands twice in one block",
  });
const Input = z.strictObject({
  type: z.literal("input"),
  block_id,
  label: plain(LIMITS.inputLabel),
  hint: plain(LIMITS.inputLabel).optional(),
  optional: z.boolean().optional(),
  element: Entry,
});

const MessageBlock = z.discriminatedUnion("type", [Section, Header, Divider, Context, Actions]);
export type SlackBlock = z.infer<typeof MessageBlock>;
const ViewBlock = z.discriminatedUnion("type", [Section, Header, Divider, Context, Actions, Input]);
export type SlackViewBlock = z.infer<typeof ViewBlock>;

function allDiffer(values: (string | undefined)[]): boolean {
  const given = values.filter((value) => value !== undefined);
  return new Set(given).size === given.length;
}

/** Characters that count towards a message's sum: every text that is shown. */
export function weight(blocks: readonly SlackBlock[]): number {
  return blocks.reduce((sum, block) => sum + weightOf(block), 0);
}

function weightOf(block: SlackBlock): number {
  switch (block.type) {
    case "header":
      return block.text.text.length + LIMITS.headerWeight;
    case "section":
      return (
        (block.text?.text.length ?? 0) +
        (block.fields ?? []).reduce((sum, field) => sum + field.text.length, 0)
      );
    case "context":
      return block.elements.reduce((sum, element) => sum + element.text.length, 0);
    case "actions":
      return block.elements.reduce(
        (sum, element) => sum + ("text" in element ? element.text.text.length : 0),
        0,
      );
    case "divider":
      return 0;
    default:
      return block satisfies never;
  }
}

/** The part of `chat.postMessage` and `chat.update` that is the message. `text` is what notifications and screen readers say. */
export const SlackMessage = z.strictObject({
  text: words(40_000).refine((text) => Buffer.byteLength(text) <= LIMITS.textBytes, {
    error: `text is longer than ${LIMITS.textBytes} bytes`,
  }),
  blocks: z
    .array(MessageBlock)
    .max(LIMITS.messageBlocks)
    .refine((blocks) => allDiffer(blocks.map((block) => block.block_id)), {
      error: "a block_id stands twice",
    })
    .refine((blocks) => weight(blocks) < LIMITS.messageChars, {
      error: `the blocks hold ${LIMITS.messageChars} characters or more`,
    }),
});
export type SlackMessage = z.infer<typeof SlackMessage>;

/** A modal, as `views.open`, `views.push` and `views.update` take it. */
export const SlackView = z
  .strictObject({
    type: z.literal("modal"),
    callback_id: id,
    private_metadata: z.string().max(LIMITS.privateMetadata),
    title: plain(LIMITS.viewTitle),
    submit: plain(LIMITS.viewTitle).optional(),
    close: plain(LIMITS.viewTitle).optional(),
    blocks: z.array(ViewBlock).min(1).max(LIMITS.viewBlocks),
    notify_on_close: z.boolean().optional(),
    clear_on_close: z.boolean().optional(),
  })
  .refine((view) => allDiffer(view.blocks.map((block) => block.block_id)), {
    error: "a block_id stands twice",
  })
  .refine((view) => view.submit || !view.blocks.some((block) => block.type === "input"), {
    error: "a view with inputs needs a submit button",
  });
export type SlackView = z.infer<typeof SlackView>;
