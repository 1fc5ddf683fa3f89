/**
 * The modals: what each asks, and what the answers come to. Pure both ways; a door opens what `build` returns, and
 * carries out what `parse` returns or shows its errors beside the fields. Reasons are required where a decision needs one.
 */
import { z } from "zod";
import type { Command } from "../core/incident/command.ts";
import { assetsNamed } from "../core/incident/decide.ts";
import { REVIEW_SECTIONS, type ReviewSection, SEVERITIES, Severity } from "../core/incident/events.ts";
import {
  type AssetState,
  type IncidentState,
  isOpen,
  type Phase,
  unsettledAssets,
  walkIn,
} from "../core/incident/state.ts";
import { Refusal } from "../core/refusal.ts";
import type { ActionName, Target } from "../core/report/action-name.ts";
import { SEVERITY_GUIDE } from "../core/report/wording.ts";
import { fingerprint } from "../core/signal/alert.ts";
import { type Asset, assetId } from "../core/signal/asset.ts";
import { parseAssetId } from "../core/signal/dataset.ts";
import { does, LIMITS } from "../core/verb/ask.ts";
import { takePastTime } from "../core/verb/time.ts";
import { type Ask, FORMS, type FormName, type Typed } from "../core/verb/verb.ts";
import { ACTIONS } from "./actions.ts";
import { plain } from "./escape.ts";
import * as field from "./fields.ts";
import { readField, type SubmittedView, shownIn } from "./fields.ts";
import type { SlackView, SlackViewBlock } from "./limits.ts";

/** What a modal is about, kept in its private_metadata until it is submitted. */
export const ModalMetadata = z.object({
  incident: z.string().nullable(),
  /** Where an answer belongs, or where a new incident opens. */
  channel: z.string(),
  threadTs: z.string().nullable(),
  runbook: z.string().nullable(),
  step: z.string().nullable(),
});
export type ModalMetadata = z.infer<typeof ModalMetadata>;

export type ModalContext = {
  /** Null only for `declare`. */
  incident: IncidentState | null;
  channel: string;
  threadTs: string | null;
  /** Of the button that was pressed, for the runbook's forms. */
  target?: Target;
  /**
   * Given for the local Slack page, which can neither offer everybody by itself nor show what is ticked at first:
   * there people are chosen from these, and boxes begin empty.
   */
  people?: { id: string; name: string }[] | null;
  /** What was typed already: `/incident severity 1`. */
  typed?: Typed;
};

/** Who submitted it, when, and the incident as it is now. `names` are of `chosenPeople(view)`, by Slack id. */
export type Submitter = {
  now: string;
  timeZone: string;
  asker: { id: string | null; name: string };
  names: Record<string, string>;
  incident: IncidentState | null;
};

/** Errors are keyed by the block id of their field, as Slack's `response_action: "errors"` wants them. */
export type Parsed = { ok: true; ask: Ask } | { ok: false; errors: Record<string, string> };

export type Modal = {
  build(context: ModalContext): SlackView;
  parse(view: SubmittedView, submitter: Submitter): Parsed;
};

const PREFIX = "form_";

/** The form that a submitted view is, by its callback id; null for one that is not ours. */
export function formOf(callbackId: string): FormName | null {
  return FORMS.find((name) => callbackId === PREFIX + name) ?? null;
}

/** What a submitted view is about. */
export function metadataOf(view: SubmittedView): ModalMetadata {
  try {
    return ModalMetadata.parse(JSON.parse(view.private_metadata));
  } catch {
    throw new Refusal("invalid", "This form does not say what it is about. Close it and open it anew.");
  }
}

export const MODALS: Readonly<Record<FormName, Modal>> = {
  declare: { build: buildDeclare, parse: parseDeclare },
  severity: { build: buildSeverity, parse: parseSeverity },
  status: {
    build: buildStatus,
    parse: (view) => textAsk(view, "text", (text) => ({ type: "post_status", text })),
  },
  note: { build: buildNote, parse: parseNote },
  mitigate: {
    build: buildMitigate,
    parse: (view) => textAsk(view, "text", (text) => ({ type: "mitigate", text })),
  },
  restored: { build: buildRestored, parse: parseRestored },
  waive: { build: buildWaive, parse: parseWaive },
  resolve: { build: buildResolve, parse: parseResolve },
  reopen: reasonModal("reopen", "Reopen", "Why is it not over?", endedIncident, (reason) => ({
    type: "reopen",
    reason,
  })),
  cancel: reasonModal("cancel", "Cancel incident", "Why was it no incident?", openIncident, (reason) => ({
    type: "cancel",
    reason,
  })),
  step_skip: stepModal("step_skip", "Skip step", "Why does it not apply?", "skipped"),
  step_fail: stepModal("step_fail", "Step failed", "What happened?", "failed"),
  role: { build: buildRole, parse: parseRole },
  task: { build: buildTask, parse: parseTask },
  link: { build: buildLink, parse: parseLink },
  change: { build: buildChange, parse: parseChange },
  review: { build: buildReview, parse: parseReview },
  more: { build: buildMore, parse: parseMore },
};

// Building and reading, common to all.

function view(
  form: FormName,
  title: string,
  submit: string,
  context: ModalContext,
  blocks: SlackViewBlock[],
): SlackView {
  const metadata: ModalMetadata = {
    incident: context.incident?.key ?? null,
    channel: context.channel,
    threadTs: context.threadTs,
    runbook: context.target?.runbook ?? null,
    step: context.target?.step ?? null,
  };
  return {
    type: "modal",
    callback_id: PREFIX + form,
    private_metadata: JSON.stringify(metadata),
    title: { type: "plain_text", text: title, emoji: true },
    submit: { type: "plain_text", text: submit, emoji: true },
    close: { type: "plain_text", text: "Cancel", emoji: true },
    blocks: [...(context.incident ? [subject(context.incident)] : []), ...blocks],
  };
}

/** Which incident it is about: on a phone the modal covers the thread. */
function subject(state: IncidentState): SlackViewBlock {
  const drill = state.kind === "drill" ? "DRILL · " : "";
  return field.smallPrint(`${drill}${state.key} · ${state.severity} · ${plain(state.title)}`);
}

function incidentOf(context: { incident: IncidentState | null }): IncidentState {
  if (!context.incident) throw new Refusal("not_found", "That incident is gone. `list` shows the open ones.");
  return context.incident;
}

/** A button of an old message is refused before anything is typed. */
function openIncident(context: ModalContext): IncidentState {
  const state = incidentOf(context);
  if (isOpen(state.phase)) return state;
  const next = state.mergedInto
    ? `Use ${state.mergedInto} instead.`
    : `\`reopen ${state.key} <reason>\` opens it again.`;
  throw new Refusal("wrong_state", `${state.key} is ${state.phase} already. ${next}`);
}

function endedIncident(context: ModalContext): IncidentState {
  const state = incidentOf(context);
  if (state.mergedInto)
    throw new Refusal("wrong_state", `${state.key} was merged. Use ${state.mergedInto} instead.`);
  if (!isOpen(state.phase)) return state;
  throw new Refusal("wrong_state", `${state.key} is open already: it is ${state.phase}.`);
}

function ok(...commands: Command[]): Parsed {
  return { ok: true, ask: does(...commands) };
}

function wrong(id: string, message: string): Parsed {
  return { ok: false, errors: { [id]: message } };
}

function one(view: SubmittedView, id: string): string {
  return readField(view, id)[0] ?? "";
}

/** A required text that is the whole of a command. Slack itself refuses an empty one, but not one of spaces. */
function textAsk(view: SubmittedView, id: string, command: (text: string) => Command): Parsed {
  const text = one(view, id);
  return text ? ok(command(text)) : wrong(id, "Write a few words.");
}

function reasonModal(
  form: FormName,
  title: string,
  question: string,
  require: (context: ModalContext) => IncidentState,
  command: (reason: string) => Command,
): Modal {
  return {
    build: (context) => {
      require(context);
      const blocks = [field.textField("reason", question, { max: LIMITS.reason, lines: true })];
      if (form !== "cancel") return view(form, title, title, context, blocks);
      // Beside "Cancel it", Slack's "Cancel" would be read as the same.
      const close = { type: "plain_text" as const, text: "Keep it", emoji: true };
      return { ...view(form, title, "Cancel it", context, blocks), close };
    },
    parse: (submitted) => textAsk(submitted, "reason", command),
  };
}

function stepModal(form: FormName, title: string, question: string, outcome: "skipped" | "failed"): Modal {
  return {
    build: (context) => {
      const { runbook, step } = context.target ?? {};
      const walk = context.incident && walkIn(context.incident, runbook ?? "");
      const known = walk?.steps.find((one) => one.id === step);
      return view(form, title, title, context, [
        ...(known ? [field.wordsBlock(known.title)] : []),
        field.textField("reason", question, { max: LIMITS.reason, lines: true }),
      ]);
    },
    parse: (submitted) => {
      const { runbook, step } = metadataOf(submitted);
      return textAsk(submitted, "reason", (note) => ({ type: "finish_step", runbook, step, outcome, note }));
    },
  };
}

/** A time as people type it, or what is wrong with it. Empty is null. */
function readTime(text: string, submitter: Submitter): { at: string | null } | { error: string } {
  if (text === "") return { at: null };
  try {
    const found = takePastTime(text, submitter);
    if (found && found.rest === "") return { at: found.at };
  } catch (error) {
    if (error instanceof Refusal) return { error: error.message };
    throw error;
  }
  return { error: "Write a time such as 09:30, yesterday 23:50, 20 min ago or 2026-11-22 03:10." };
}

const TIME_HINT =
  "In your own time zone: 09:30, yesterday 23:50, 20 min ago, 2026-11-22 03:10. Empty means now.";

// Opening.

function severityChoices() {
  return SEVERITIES.map((severity) => ({
    value: severity,
    text: `${severity} – ${SEVERITY_GUIDE[severity]}`,
  }));
}

function buildDeclare(context: ModalContext): SlackView {
  return view("declare", "Declare an incident", "Declare", { ...context, incident: null }, [
    field.textField("title", "What is wrong?", {
      max: LIMITS.title,
      placeholder: "Orders are missing since midnight",
      ...(context.typed?.title && { initial: context.typed.title }),
    }),
    field.selectField("severity", "Severity", severityChoices(), {
      initial: context.typed?.severity ?? "SEV3",
      placeholder: "SEV3 unless you choose",
    }),
    field.textField("known", "What do you know so far?", {
      max: LIMITS.text,
      lines: true,
      optional: true,
      placeholder: "Since when, who noticed, who is hurt by it",
    }),
    field.textField("assets", "Tables, models or dashboards", {
      max: 3000,
      lines: true,
      optional: true,
      placeholder: "snowflake://acme/analytics.marts.orders",
      hint: "One per line: where it lives, a slash, its name.",
    }),
    field.smallPrint("Everybody in the channel will see it, and a thread opens there."),
  ]);
}

function parseDeclare(submitted: SubmittedView, submitter: Submitter): Parsed {
  const title = one(submitted, "title").replace(/\s+/g, " ");
  const severity = Severity.safeParse(one(submitted, "severity"));
  const assets = readAssets(one(submitted, "assets"));
  const errors = {
    ...(title === "" && { title: "Say in a few words what is wrong." }),
    ...(!severity.success && { severity: "Choose a severity." }),
    ...("error" in assets && { assets: assets.error }),
  };
  if (Object.keys(errors).length > 0 || !severity.success || "error" in assets) return { ok: false, errors };
  return ok({
    type: "open",
    kind: "incident",
    severity: severity.data,
    title,
    channel: metadataOf(submitted).channel,
    startedAt: submitter.now,
    origin: null,
    groupingKey: null,
    assets: assets.assets,
    summary: one(submitted, "known") || null,
    reason: `declared by ${submitter.asker.name}`,
  });
}

function readAssets(text: string): { assets: Asset[] } | { error: string } {
  const lines = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  const assets: Asset[] = [];
  for (const line of lines) {
    const asset = parseAssetId(line);
    if (!asset)
      return {
        error: `“${line.slice(0, 80)}” is no asset. Write where it lives and its name, as in snowflake://acme/sales.orders.`,
      };
    if (!assets.some((other) => assetId(other) === assetId(asset))) assets.push(asset);
  }
  return { assets };
}

// What it is, and words.

function buildSeverity(context: ModalContext): SlackView {
  const current = incidentOf(context).severity;
  return view("severity", "Change severity", "Change", context, [
    field.selectField(
      "severity",
      "Severity",
      severityChoices().filter(({ value }) => value !== current),
      {
        hint: `Now it is ${current}.`,
        placeholder: "Choose",
        ...(context.typed?.severity && { initial: context.typed.severity }),
      },
    ),
    field.textField("reason", "Why?", { max: LIMITS.reason, lines: true }),
  ]);
}

function parseSeverity(submitted: SubmittedView): Parsed {
  const severity = Severity.safeParse(one(submitted, "severity"));
  if (!severity.success) return wrong("severity", "Choose a severity.");
  return textAsk(submitted, "reason", (reason) => ({
    type: "set_severity",
    severity: severity.data,
    reason,
  }));
}

function buildStatus(context: ModalContext): SlackView {
  const last = incidentOf(context).lastStatus;
  return view("status", "Status update", "Post", context, [
    field.textField("text", "What should everybody know now?", {
      max: LIMITS.text,
      lines: true,
      placeholder: "What is wrong, what is being done, when you will say more",
    }),
    ...(last ? [field.smallPrint(`Last time: ${last.text}`)] : []),
  ]);
}

function buildNote(context: ModalContext): SlackView {
  return view("note", "Add a note", "Add", context, [
    field.textField("text", "What happened?", { max: LIMITS.text, lines: true }),
    field.textField("when", "When?", {
      max: 60,
      optional: true,
      placeholder: "now",
      hint: TIME_HINT,
      ...(context.typed?.when && { initial: context.typed.when }),
    }),
  ]);
}

function parseNote(submitted: SubmittedView, submitter: Submitter): Parsed {
  const when = readTime(one(submitted, "when"), submitter);
  if ("error" in when) return wrong("when", when.error);
  return textAsk(submitted, "text", (text) => ({ type: "note", text, at: when.at }));
}

// Data.

function buildMitigate(context: ModalContext): SlackView {
  const left = unsettledAssets(openIncident(context)).length;
  return view("mitigate", "Mitigated", "Mitigated", context, [
    field.textField("text", "What was done about the cause?", {
      max: LIMITS.text,
      lines: true,
      placeholder: "Paused the export; rolled back the model; the source is loading again",
    }),
    ...(left > 0
      ? [
          field.smallPrint(
            "Mitigated is not resolved: the data stays marked as recovering until somebody says it is right again.",
          ),
        ]
      : []),
  ]);
}

/** A hundred is what ten groups of ten checkboxes hold. */
const SHOWN_ASSETS = 100;

/** An asset as the value of a choice, which Slack limits to 150 characters. */
function assetValue({ asset }: AssetState): string {
  const id = assetId(asset);
  return id.length <= 150 ? id : fingerprint({ source: "asset", dedupKey: id });
}

function assetFields(
  left: AssetState[],
  name: string,
  options: { ticked?: AssetState[]; hint?: string },
): SlackViewBlock[] {
  const groups = Array.from({ length: Math.ceil(Math.min(left.length, SHOWN_ASSETS) / 10) }, (_, index) =>
    left.slice(index * 10, Math.min(index * 10 + 10, SHOWN_ASSETS)),
  );
  const fields = groups.map((group, index) =>
    field.checkboxField(
      `assets_${index}`,
      groups.length > 1 ? `${name} (${index + 1} of ${groups.length})` : name,
      group.map(assetChoice),
      {
        ...(options.ticked && { ticked: options.ticked.map(assetValue) }),
        ...(index === 0 && options.hint && { hint: options.hint }),
        optional: true,
      },
    ),
  );
  const more = left.length - SHOWN_ASSETS;
  return more > 0 ? [...fields, field.smallPrint(`…and ${more} more. They come next time.`)] : fields;
}

/** The end of a name says most: `…marts.orders`. */
function assetChoice(known: AssetState): field.Choice {
  const { name } = known.asset;
  const firing = known.firing > 0 ? `, ${known.firing} firing` : "";
  const words = ` (${known.recovery}${firing})`;
  const room = 70 - words.length;
  return { value: assetValue(known), text: `${name.length > room ? `…${name.slice(-room)}` : name}${words}` };
}

/** What of the ticked data is unsettled still, or what to say beside the first box where nothing is. */
function tickedAssets(
  submitted: SubmittedView,
  state: IncidentState,
  unticked: string,
): AssetState[] | { error: string } {
  const ticked = new Set(
    submitted.blocks.flatMap(({ block_id }) =>
      block_id?.startsWith("assets_") ? readField(submitted, block_id) : [],
    ),
  );
  const found = unsettledAssets(state).filter((known) => ticked.has(assetValue(known)));
  if (found.length > 0) return found;
  return {
    error: ticked.size === 0 ? unticked : "By now this is verified or waived. Nothing is left to do.",
  };
}

function nothingLeft(form: FormName, title: string, context: ModalContext): SlackView {
  const { submit: _, ...closable } = view(form, title, "OK", context, [
    field.wordsBlock("No data is left to recover."),
  ]);
  return { ...closable, close: { type: "plain_text", text: "Close", emoji: true } };
}

function buildRestored(context: ModalContext): SlackView {
  const left = unsettledAssets(openIncident(context));
  if (left.length === 0) return nothingLeft("restored", "Data recovered", context);
  return view("restored", "Data recovered", "Data is right", context, [
    field.textField("reason", "How do you know?", {
      max: LIMITS.reason,
      lines: true,
      optional: !left.some((known) => known.firing > 0),
      placeholder: "The test passes; row counts are as yesterday's",
    }),
    ...assetFields(
      left,
      "Which data is right again?",
      context.people ? {} : { ticked: left, hint: "Untick what is still wrong or unproven." },
    ),
  ]);
}

function parseRestored(submitted: SubmittedView, submitter: Submitter): Parsed {
  const assets = tickedAssets(submitted, incidentOf(submitter), "Tick what is right again.");
  if ("error" in assets) return wrong("assets_0", assets.error);
  const reason = one(submitted, "reason") || null;
  const firing = assets.find((known) => known.firing > 0);
  if (firing && !reason)
    return wrong("reason", `Alerts still fire on ${firing.asset.name}. Say how you know that it is right.`);
  return ok({ type: "restore", assets: assets.map(({ asset }) => assetId(asset)), reason });
}

function buildWaive(context: ModalContext): SlackView {
  const left = unsettledAssets(openIncident(context));
  if (left.length === 0) return nothingLeft("waive", "Waive data", context);
  const typed = context.typed?.assets && assetsNamed(incidentOf(context), context.typed.assets);
  return view("waive", "Waive data", "Waive", context, [
    field.textField("reason", "Why will this data not be made right?", { max: LIMITS.reason, lines: true }),
    ...assetFields(left, "Which data?", {
      hint: "Waived data no longer keeps the incident open.",
      ...(typed && !context.people && { ticked: typed }),
    }),
  ]);
}

function parseWaive(submitted: SubmittedView, submitter: Submitter): Parsed {
  const assets = tickedAssets(submitted, incidentOf(submitter), "Tick the data that is waived.");
  if ("error" in assets) return wrong("assets_0", assets.error);
  return textAsk(submitted, "reason", (reason) => ({
    type: "waive",
    assets: assets.map(({ asset }) => assetId(asset)),
    reason,
  }));
}

/** While data is left the form says which, and leads to what can be done about it. */
function buildResolve(context: ModalContext): SlackView {
  const left = unsettledAssets(openIncident(context));
  if (left.length === 0) {
    return view("resolve", "Resolve", "Resolve", context, [
      field.textField("text", "What fixed it?", {
        max: LIMITS.text,
        lines: true,
        placeholder: "One or two sentences for the postmortem",
      }),
    ]);
  }
  const names = left.slice(0, 10).map((known) => `• ${assetChoice(known).text}`);
  const more = left.length > 10 ? [`…and ${left.length - 10} more`] : [];
  return view("resolve", "Not yet", "Next", context, [
    field.wordsBlock(
      ["It cannot be resolved while data is wrong or unproven:", ...names, ...more].join("\n"),
    ),
    field.selectField(
      "next",
      "What about this data?",
      [
        { value: "restored", text: "It is right again" },
        { value: "waive", text: "It will not be made right: waive it" },
      ],
      { placeholder: "Choose" },
    ),
  ]);
}

function parseResolve(submitted: SubmittedView): Parsed {
  const next = one(submitted, "next");
  if (next === "restored" || next === "waive") return { ok: true, ask: { kind: "form", form: next } };
  if (submitted.blocks.some(({ block_id }) => block_id === "next"))
    return wrong("next", "Choose what to do.");
  return textAsk(submitted, "text", (text) => ({ type: "resolve", text }));
}

// People, tasks, links.

const ROLES = [
  { value: "lead", text: "Lead – decides, and says what happens next" },
  { value: "comms", text: "Comms – tells the people who use the data" },
  { value: "scribe", text: "Scribe – keeps the timeline" },
  { value: "expert", text: "Expert – knows the broken part" },
];

function buildRole(context: ModalContext): SlackView {
  const holders = Object.entries(incidentOf(context).roles).map(
    ([role, person]) => `${role}: ${person.name}`,
  );
  return view("role", "Assign a role", "Assign", context, [
    field.selectField("role", "Role", ROLES, { initial: "lead", placeholder: "Lead unless you choose" }),
    field.personField("person", "Who?", context.people ?? null, { placeholder: "Choose" }),
    ...(holders.length > 0 ? [field.smallPrint(`Now: ${holders.join(", ")}`)] : []),
  ]);
}

const SLACK_USER = /^[UW][A-Z0-9]+$/;

function personIn(id: string, submitter: Submitter) {
  return { id, name: submitter.names[id] ?? `unlinked ${id}` };
}

function parseRole(submitted: SubmittedView, submitter: Submitter): Parsed {
  const id = one(submitted, "person");
  const role = one(submitted, "role");
  if (!SLACK_USER.test(id)) return wrong("person", "Choose somebody.");
  return role
    ? ok({ type: "assign_role", role, person: personIn(id, submitter) })
    : wrong("role", "Choose a role.");
}

function buildTask(context: ModalContext): SlackView {
  return view("task", "Add an action item", "Add", context, [
    field.textField("text", "What has to be done?", { max: LIMITS.task, lines: true }),
    field.personField("owner", "Who?", context.people ?? null, { optional: true, placeholder: "Nobody yet" }),
    field.dayField("due", "Until when?", { optional: true }),
  ]);
}

function parseTask(submitted: SubmittedView, submitter: Submitter): Parsed {
  const owner = one(submitted, "owner");
  const due = one(submitted, "due") || null;
  if (owner !== "" && !SLACK_USER.test(owner)) return wrong("owner", "Choose somebody.");
  if (due !== null && !z.iso.date().safeParse(due).success) return wrong("due", "Choose a day.");
  return textAsk(submitted, "text", (text) => ({
    type: "add_task",
    text,
    owner: owner ? personIn(owner, submitter) : null,
    due,
  }));
}

function buildLink(context: ModalContext): SlackView {
  return view("link", "Add a link", "Add", context, [
    field.textField("url", "Address", { max: LIMITS.url, placeholder: "https://…" }),
    field.textField("title", "Title", { max: LIMITS.linkTitle, optional: true }),
  ]);
}

const NO_ADDRESS = "Write a whole address that begins with https://.";

function isAddress(text: string): boolean {
  return /^https?:\/\//i.test(text) && z.url().safeParse(text).success;
}

function parseLink(submitted: SubmittedView): Parsed {
  const url = one(submitted, "url");
  if (!isAddress(url)) return wrong("url", NO_ADDRESS);
  const title = one(submitted, "title") || url.replace(/^https?:\/\//i, "").slice(0, LIMITS.linkTitle);
  return ok({ type: "add_link", link: { title, url } });
}

function buildChange(context: ModalContext): SlackView {
  return view("change", "What was changed?", "Add", context, [
    field.textField("text", "Change", {
      max: LIMITS.text,
      lines: true,
      placeholder: "Deployed the new orders model",
    }),
    field.textField("when", "When?", {
      max: 60,
      optional: true,
      hint: TIME_HINT.replace("Empty means now.", "Leave it empty if nobody knows."),
    }),
    field.textField("url", "Address", { max: LIMITS.url, optional: true, placeholder: "https://…" }),
  ]);
}

function parseChange(submitted: SubmittedView, submitter: Submitter): Parsed {
  const when = readTime(one(submitted, "when"), submitter);
  const url = one(submitted, "url") || null;
  if ("error" in when) return wrong("when", when.error);
  if (url !== null && !isAddress(url)) return wrong("url", NO_ADDRESS);
  return textAsk(submitted, "text", (text) => ({ type: "link_change", text, url, changedAt: when.at }));
}

// After it.

const REVIEW_QUESTIONS: Record<ReviewSection, string> = {
  well: "What went well?",
  badly: "What went badly?",
  lucky: "Where did we get lucky?",
  factor: "What contributed to it?",
};

/** What stands in a section's field at first; statements that do not fit in one stay as they are and are added to. */
function reviewText(state: IncidentState, section: ReviewSection): string {
  const text = state.review[section].join("\n");
  return text.length <= 3000 ? text : "";
}

function buildReview(context: ModalContext): SlackView {
  const state = incidentOf(context);
  const fields = REVIEW_SECTIONS.map((section) => {
    const initial = reviewText(state, section);
    const kept = initial === "" ? state.review[section].length : 0;
    const hint = kept > 0 ? `Added to the ${kept} that stand there.` : "One per line.";
    return field.textField(section, REVIEW_QUESTIONS[section], {
      max: 3000,
      lines: true,
      optional: true,
      initial,
      hint,
    });
  });
  const summary = state.summary && state.summary.length <= 3000 ? { initial: state.summary } : {};
  return view("review", "Review", "Save", context, [
    field.textField("summary", "What happened, in a few sentences?", {
      max: 3000,
      lines: true,
      optional: true,
      ...summary,
    }),
    ...fields,
  ]);
}

/** Only what they changed of what they were shown: somebody else may have written here meanwhile. */
function parseReview(submitted: SubmittedView, submitter: Submitter): Parsed {
  const state = incidentOf(submitter);
  const commands: Command[] = [];
  const summary = one(submitted, "summary");
  if (summary && summary !== shownIn(submitted, "summary")[0])
    commands.push({ type: "set_summary", text: summary });
  for (const section of REVIEW_SECTIONS) {
    const shown = statementsIn(shownIn(submitted, section)[0]);
    const written = statementsIn(one(submitted, section));
    if (areSame(written, shown)) continue;
    const append = shown.length === 0;
    const statements = append ? written : carriedOver(state.review[section], shown, written);
    commands.push({ type: "write_review", section, statements, append });
  }
  return ok(...commands);
}

function statementsIn(text = ""): string[] {
  return text
    .split("\n")
    .map((line) => line.replace(/^\s*[-*•]\s+/, "").trim())
    .filter((line) => line !== "");
}

function areSame(some: string[], others: string[]): boolean {
  return some.join("\n") === others.join("\n");
}

/** What somebody made of the statements they were shown, done to those that stand there now. */
function carriedOver(standing: string[], shown: string[], written: string[]): string[] {
  if (areSame(statementsIn(standing.join("\n")), shown)) return written;
  const left = standing.filter((each) => written.includes(each) || !shown.includes(each));
  return [...left, ...written.filter((each) => !shown.includes(each) && !left.includes(each))];
}

// Everything else.

const MORE_WORDS: Partial<Record<ActionName, string>> = {
  status: "Post a status update",
  note: "Add a note to the timeline",
  severity: "Change the severity",
  role: "Assign a role",
  task: "Add an action item",
  link: "Add a link",
  change: "Note a change that may be the cause",
  unack: "Unacknowledge: nobody is on it now",
  mitigate: "Mark as mitigated",
  restored: "Mark data as recovered",
  waive: "Waive data that will not be made right",
  resolve: "Resolve",
  reopen: "Reopen",
  review: "Write the review",
  postmortem: "Export the postmortem",
  timeline: "Show the timeline",
  summary: "Catch me up",
  runbook: "Show the runbooks",
  cancel: "Cancel: it was no incident",
};

const ALWAYS: ActionName[] = [
  "status",
  "note",
  "summary",
  "timeline",
  "severity",
  "role",
  "task",
  "link",
  "change",
  "runbook",
  "review",
  "postmortem",
];
const IN_PHASE: Record<Phase, ActionName[]> = {
  triggered: ["mitigate", "restored", "waive", "resolve", "cancel"],
  acknowledged: ["unack", "mitigate", "restored", "waive", "resolve", "cancel"],
  mitigated: ["restored", "waive", "resolve", "cancel"],
  resolved: ["reopen"],
  closed: ["reopen"],
  cancelled: ["reopen"],
  merged: [],
};

function moreOptions(state: IncidentState): ActionName[] {
  if (state.phase === "merged") return ["timeline", "summary", "postmortem"];
  const first = isOpen(state.phase) ? ALWAYS : [...ALWAYS.slice(-2), ...ALWAYS.slice(0, -2)];
  return [...first, ...IN_PHASE[state.phase]];
}

function buildMore(context: ModalContext): SlackView {
  const choices = moreOptions(incidentOf(context)).map((name) => ({
    value: name,
    text: MORE_WORDS[name] ?? name,
  }));
  return view("more", "More", "Next", context, [
    field.selectField("what", "What do you want to do?", choices, { placeholder: "Choose" }),
  ]);
}

function parseMore(submitted: SubmittedView, submitter: Submitter): Parsed {
  const state = incidentOf(submitter);
  const chosen = one(submitted, "what");
  const name = moreOptions(state).find((known) => known === chosen);
  if (!name && Object.hasOwn(MORE_WORDS, chosen))
    return wrong("what", `By now ${state.key} is ${state.phase}. Choose something else.`);
  if (!name) return wrong("what", "Choose what to do.");
  const effect = ACTIONS[name];
  if ("opens" in effect) return { ok: true, ask: { kind: "form", form: effect.opens } };
  if ("asks" in effect) {
    return {
      ok: true,
      ask: effect.asks({ incident: state.key, runbook: null, step: null }, submitter.asker),
    };
  }
  return wrong("what", "Choose what to do.");
}
