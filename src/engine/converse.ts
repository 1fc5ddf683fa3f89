import { activeWindows } from "../core/correlate/maintenance.ts";
import { parseMatcher } from "../core/correlate/matcher-words.ts";
import { activeSilences } from "../core/correlate/silence.ts";
import { refuseUnknownSource } from "../core/correlate/silence-line.ts";
import type { ByHand, Command, NamesAsset } from "../core/incident/command.ts";
import type { RecordedEvent, Relation } from "../core/incident/events.ts";
import { SEVERITIES } from "../core/incident/events.ts";
import type { Via } from "../core/incident/person.ts";
import { currentStep, type IncidentState, isOpen, type Phase } from "../core/incident/state.ts";
import { Refusal } from "../core/refusal.ts";
import { isHeld } from "../core/report/alerts.ts";
import type { Document, Span } from "../core/report/document.ts";
import { replyFor } from "../core/report/replies.ts";
import { silencedDocument, silencesDocument } from "../core/report/silences.ts";
import { curatedTimeline } from "../core/report/timeline.ts";
import type { RunbookCatalog } from "../core/runbook/match.ts";
import { stepOf } from "../core/runbook/step.ts";
import { alertsNamed } from "../core/verb/alert-words.ts";
import {
  ALERTS_A_PAGE,
  alertsPageDocument,
  EXPLAINED,
  type Explained,
  explainDocument,
  explainHeldDocument,
  LISTED,
  listDocument,
  rolesDocument,
  runbooksDocument,
  searchDocument,
  statsDocument,
  summaryDocument,
  tasksDocument,
  timelineDocument,
  whichIncidentDocument,
} from "../core/verb/answers.ts";
import { helpDocument } from "../core/verb/help.ts";
import { keysNamed, parseLine, withoutKey } from "../core/verb/line.ts";
import { soAlready } from "../core/verb/so-already.ts";
import { chooseTarget } from "../core/verb/target.ts";
import type { Ask, FormName, Query, SilenceAsk, Typed, Verb } from "../core/verb/verb.ts";
import { mentionedIds } from "../core/verb/words.ts";
import type { HoldRules } from "./batch.ts";
import type { Engine, IncidentAlert } from "./ports.ts";

export type Asker = { id: string; name: string; timeZone: string };

/** How it was said: the door, where it stands, and Slack's id of it, so that the same thing sent twice is done once. */
export type Door = { via: Via; permalink: string | null; key: string };

/** What the asker gets. `done` is what came of it; the thread hears of it through the outbox. */
export type Answer =
  | { kind: "document"; document: Document }
  | { kind: "form"; form: FormName; incident: IncidentState | null; typed?: Typed }
  | { kind: "done"; incident: string; events: RecordedEvent[]; document: Document };

export type ConversationDeps = {
  engine: Engine;
  catalog: RunbookCatalog;
  /** Names of Slack users by id, for the mentions in a line. */
  names(ids: string[]): Promise<Record<string, string>>;
  command: string;
  /** What holds alerts back by configuration, for those who ask. */
  routing: HoldRules;
  /** The names of all sources that there are. */
  sources: readonly string[];
  /** Where incidents open. */
  channel: string;
  now(): string;
};

/** The alerts of one incident among which one is looked for by its words, and those that are held. */
const EXPLAINABLE = 1000;
const HELD = 5000;
/** So many incidents are looked at to count them or to find the worst; more make no chat answer. */
const COUNTED = 2000;

/** An incident's key as people look for it. */
const KEY = /^#?(INC|DRILL)[-‐‑‒–—−](\d{1,9})$/i;
/** Incidents that ended within this time are offered where none is open: so long what is resolved waits to be closed. */
const LATELY_MS = 14 * 86_400_000;
const ENDED: Phase[] = ["resolved", "closed", "cancelled"];
const ENDED_LOOKED_AT = 100;
const ENDED_OFFERED = 5;

/** Turns what people say or press into commands and answers: one way for all doors. Refusals reject. */
export function createConversation(deps: ConversationDeps) {
  const { engine, catalog } = deps;

  /** A typed line, from a slash command or a mention. */
  async function say(
    text: string,
    asker: Asker,
    where: { channel: string; threadTs: string | null },
    door: Door,
  ): Promise<Answer> {
    const line = parseLine(text, { command: deps.command });
    const threadIncident = where.threadTs ? await engine.reads.byThread(where.channel, where.threadTs) : null;
    if ("empty" in line) {
      if (threadIncident)
        return ask({ kind: "query", query: { type: "summary" } }, threadIncident, asker, door);
      return door.via === "slash"
        ? { kind: "form", form: "declare", incident: null }
        : { kind: "document", document: helpDocument(deps.command, null) };
    }
    const open =
      line.key || threadIncident || line.verb.about === "none"
        ? []
        : await engine.reads.openIn(where.channel);
    const { named, another } = keysNamed(line.verb, line.rest);
    const noneMeant = !line.key && !threadIncident && open.length === 0 && named.length === 0;
    const ended = noneMeant && line.verb.afterwards ? await endedLately(where.channel) : [];
    const target = chooseTarget({
      key: line.key,
      threadIncident,
      openInChannel: open.map((i) => i.key),
      named,
      another,
      endedLately: ended.map((i) => i.key),
      verb: line.verb,
    });
    const said = { ...line, text, named, offered: [...open, ...ended] };
    const names = await deps.names(mentionedIds(line.rest));
    const read = (incident: IncidentState | null) =>
      line.verb.parse(line.rest, { now: deps.now(), timeZone: asker.timeZone, asker, names, incident });
    if ("pick" in target) {
      const held = line.verb.orHeld ? await heldAnswer(read(null)) : null;
      if (held) return { kind: "document", document: held };
      return whichIncident(target.pick, said);
    }
    const incident = "incident" in target ? await known(target.incident, line.verb.entries) : null;
    const parsed = read(incident);
    if ("toLookAt" in target && !["query", "export", "form"].includes(parsed.kind))
      return whichIncident([target.incident], said);
    if (parsed.kind === "silence") return silence(parsed.ask, threadIncident, where.channel, asker, door);
    return ask(parsed, incident?.key ?? null, asker, door);
  }

  /** What ended here within the time that a postmortem is written in, the last one first. */
  async function endedLately(channel: string): Promise<IncidentState[]> {
    const since = new Date(Date.parse(deps.now()) - LATELY_MS).toISOString();
    const over = { open: false, phases: ENDED, since };
    const { incidents } = await engine.reads.list(over, ENDED_LOOKED_AT, null);
    return incidents
      .filter((each) => (each.thread?.channel ?? each.channel) === channel)
      .sort((a, b) => (endOf(a) > endOf(b) ? -1 : 1))
      .slice(0, ENDED_OFFERED);
  }

  /** Asks which of these is meant. A key among the words may say so, and is then none of them. */
  async function whichIncident(
    keys: string[],
    said: { text: string; verb: Verb; rest: string; named: string[]; offered: IncidentState[] },
  ): Promise<Answer> {
    const states = await Promise.all(
      keys.map((key) => said.offered.find((each) => each.key === key) ?? engine.reads.state(key)),
    );
    const choices = states.flatMap((state) => {
      if (!state) return [];
      const meant = `${said.verb.name} ${withoutKey(said.rest, state.key)}`.trim();
      return [{ state, line: said.named.includes(state.key) ? meant : said.text }];
    });
    const unknown = said.named.filter((key) => !choices.some(({ state }) => state.key === key));
    if (choices.length === 0) await known(unknown[0]!);
    const why =
      unknown.length > 0
        ? `There is no ${unknown.join(", ")}.`
        : said.named.length > 0
          ? `${said.named.join(", ")} ${said.named.length === 1 ? "stands" : "stand"} in the words.`
          : countedHere(choices.map(({ state }) => state));
    return { kind: "document", document: whichIncidentDocument(choices, why, deps.command) };
  }

  /** A silence is about alerts, not about the incident in whose thread somebody asks for it; but there it is told. */
  async function silence(
    ask: SilenceAsk,
    incident: string | null,
    channel: string,
    asker: Asker,
    door: Door,
  ): Promise<Answer> {
    if (ask.type === "silence") {
      const read = parseMatcher(ask.matcher);
      if ("matcher" in read) refuseUnknownSource(read.matcher, deps.sources);
    }
    const result = await engine.silence({
      ask,
      incident,
      channel,
      actor: { kind: "person", id: asker.id, name: asker.name },
      via: door.via,
      permalink: door.permalink,
      idempotencyKey: `${door.key}:0`,
    });
    const document = silencedDocument(ask, result.silence, result.held);
    // In a thread everybody hears of it.
    return incident ? { kind: "done", incident, events: [], document } : { kind: "document", document };
  }

  /** Carries out what a line, a button or a modal came to. */
  async function ask(what: Ask, key: string | null, asker: Asker, door: Door): Promise<Answer> {
    switch (what.kind) {
      case "commands":
        return carryOut(what.commands, key, asker, door);
      case "start_runbook":
        return startRunbook(what.slug, await known(key), asker, door);
      case "merge":
        return carryOut([{ type: "merge_into", into: what.into, reason: what.reason }], key, asker, door);
      case "open":
        return carryOut([opening(what, asker)], null, asker, door);
      case "silence":
        return silence(what.ask, key, deps.channel, asker, door);
      case "form":
        return {
          kind: "form",
          form: what.form,
          incident: key ? await known(key) : null,
          ...(what.typed && { typed: what.typed }),
        };
      case "export":
        return carryOut([{ type: "record_export", format: what.format }], key, asker, door);
      case "query":
        return { kind: "document", document: await answer(what.query, key, asker) };
      default:
        return what satisfies never;
    }
  }

  /** Why alerts are in an incident or, where it has none that is called so, why those of all that are held are. */
  async function explain(key: string, text: string): Promise<Document> {
    const found = onceEach(alertsNamed(await engine.reads.alerts(key, EXPLAINABLE), text));
    if (found.length > 0) {
      const log = await engine.reads.events(key);
      const why = (alert: IncidentAlert) =>
        isHeld(alert) ? null : { reason: alert.reason, relation: relationIn(log, alert.fingerprint) };
      return explainDocument(key, text, await explained(key, found, why), found.length);
    }
    return (await explainHeld(key, text)) ?? explainDocument(key, text, [], 0);
  }

  /** Null where none that is held is called so. */
  async function explainHeld(key: string | null, text: string): Promise<Document | null> {
    const held = await engine.reads.held(HELD);
    const found = alertsNamed(held, text);
    if (found.length === 0 && held.length === HELD)
      throw new Refusal(
        "not_found",
        `“${text}” is none of the first ${HELD} alerts that are held back; there may be more. \`explain INC-1 <alert>\` looks in one incident, \`silences\` says what holds them.`,
      );
    if (found.length === 0) return null;
    return explainHeldDocument(key, text, await explained(key, found, () => null), found.length);
  }

  /** The first few of the alerts that were found, with what would be decided today, which the writer knows. */
  async function explained<Alert extends Explained["alert"]>(
    key: string | null,
    found: Alert[],
    here: (alert: Alert) => Explained["here"],
  ): Promise<Explained[]> {
    const alerts = found.slice(0, EXPLAINED);
    const today = await engine.explain(
      key,
      alerts.map(({ fingerprint }) => fingerprint),
    );
    return alerts.map((alert, i) => ({ alert, here: here(alert), now: today[i]! }));
  }

  async function heldAnswer(asked: Ask): Promise<Document | null> {
    return asked.kind === "query" && asked.query.type === "explain"
      ? explainHeld(null, asked.query.text)
      : null;
  }

  async function known(key: string | null, entries = false): Promise<IncidentState> {
    const state = key ? await engine.reads.state(key, { entries }) : null;
    if (!state)
      throw new Refusal(
        "not_found",
        `There is no ${key ?? "such incident"}. \`list\` shows the open incidents.`,
      );
    return state;
  }

  function opening(what: Extract<Ask, { kind: "open" }>, asker: Asker): Command {
    return {
      type: "open",
      kind: "incident",
      severity: SEVERITIES.find((s) => s === what.severity) ?? "SEV3",
      title: what.title,
      channel: deps.channel,
      startedAt: deps.now(),
      origin: null,
      groupingKey: null,
      assets: [],
      summary: null,
      reason: `declared by ${asker.name}`,
    };
  }

  async function carryOut(
    commands: (Command | ByHand | NamesAsset)[],
    key: string | null,
    asker: Asker,
    door: Door,
    runbook?: { slug: string; hash: string; text: string },
  ): Promise<Answer> {
    const actor = { kind: "person", id: asker.id, name: asker.name } as const;
    let incident = key;
    const events: RecordedEvent[] = [];
    for (const [i, command] of commands.entries()) {
      const result = await engine.command({
        incident,
        command,
        actor,
        via: door.via,
        permalink: door.permalink,
        idempotencyKey: `${door.key}:${i}`,
        ...(runbook ? { runbook } : {}),
      });
      incident = result.incident;
      events.push(...result.events);
    }
    const state = await known(incident);
    return {
      kind: "done",
      incident: state.key,
      events,
      document: confirmation(events, state, commands.at(-1)),
    };
  }

  async function startRunbook(
    slug: string | null,
    state: IncidentState,
    asker: Asker,
    door: Door,
  ): Promise<Answer> {
    const chosen = slug ?? state.suggestedRunbooks[0]?.slug;
    if (!chosen)
      throw new Refusal(
        "not_found",
        `No runbook fits ${state.key} by itself. \`runbook\` lists all; then \`runbook start <name>\`.`,
      );
    const runbook = catalog.runbooks.get(chosen);
    if (!runbook)
      throw new Refusal("not_found", `There is no runbook \`${chosen}\`. \`runbook\` lists them.`);
    const { title, hash, text } = runbook;
    const steps = runbook.steps.map((step) => ({ id: step.id, title: step.title }));
    return carryOut(
      [{ type: "start_runbook", runbook: chosen, title, hash, steps }],
      state.key,
      asker,
      door,
      { slug: chosen, hash, text },
    );
  }

  async function answer(query: Query, key: string | null, asker: Asker): Promise<Document> {
    const now = deps.now();
    switch (query.type) {
      case "help":
        return helpDocument(deps.command, query.verb);
      case "list": {
        const { incidents: open } = await engine.reads.list({ open: true }, COUNTED, null);
        if (!query.all) return listDocument(open, now);
        const { incidents: newest, next } = await engine.reads.list({}, LISTED, null);
        const over = newest.filter(({ phase }) => !isOpen(phase));
        return listDocument([...open, ...over], now, next !== null);
      }
      case "explain": {
        if (key) return explain((await known(key)).key, query.text);
        const held = await explainHeld(null, query.text);
        if (held) return held;
        throw new Refusal(
          "not_found",
          `No incident is open in this channel, and no alert that is held back is called “${query.text}”. Name the incident you mean: \`explain INC-1 <alert>\`; \`list all\` shows them.`,
        );
      }
      case "alerts": {
        const state = await known(key);
        const opener = state.origin?.fingerprint ?? null;
        const alerts = await engine.reads.alerts(state.key, query.page * ALERTS_A_PAGE, opener);
        return alertsPageDocument(state, alerts, query.page);
      }
      case "silences": {
        const { silences, held, counts } = await engine.reads.silences();
        const countOf = (holder: string) => counts.get(holder) ?? 0;
        return silencesDocument({
          silences: activeSilences(silences, now).map((silence) => ({ silence, held: countOf(silence.id) })),
          windows: activeWindows(deps.routing.maintenance, now).map((active) => ({
            active,
            held: countOf(active.window.name),
          })),
          held,
        });
      }
      case "search": {
        const [, kind, number] = KEY.exec(query.text) ?? [];
        const named = kind && (await engine.reads.state(`${kind.toUpperCase()}-${Number(number)}`));
        if (named) return searchDocument([named], query.text, now);
        // What has the form of our keys and is none may be another tool's; the word that all keys begin with finds all.
        const { incidents, next } = await engine.reads.list({ text: number ?? query.text }, LISTED, null);
        return searchDocument(incidents, query.text, now, next !== null);
      }
      case "stats": {
        const since = new Date(Date.parse(now) - query.days * 86_400_000).toISOString();
        return statsDocument((await engine.reads.list({ since }, COUNTED, null)).incidents, query.days, now);
      }
      case "timeline": {
        const state = await known(key);
        const entries = curatedTimeline(await engine.reads.events(state.key));
        return timelineDocument(state.key, entries, asker.timeZone);
      }
      case "summary": {
        const state = await known(key);
        const entries = curatedTimeline(await engine.reads.events(state.key));
        return summaryDocument(state, entries, now, asker.timeZone);
      }
      case "runbooks": {
        const all = [...catalog.runbooks.values()].map(({ slug, title }) => ({ slug, title }));
        const state = await known(key);
        return runbooksDocument(state, state.suggestedRunbooks, all);
      }
      case "step":
        return presentStep(await known(key), query.slug);
      case "tasks":
        return tasksDocument(await known(key));
      case "role":
        return rolesDocument(await known(key), query.role);
      default:
        return query satisfies never;
    }
  }

  async function presentStep(state: IncidentState, slug: string | null): Promise<Document> {
    const walks = Object.values(state.walks).filter((w) => !w.finishedAt);
    const walk = slug === null ? walks[0] : walks.find(({ runbook }) => runbook === slug);
    const current = walk && currentStep(walk);
    if (slug !== null && !current)
      throw new Refusal(
        "not_found",
        catalog.runbooks.has(slug)
          ? `\`${slug}\` is not under way in ${state.key}. \`runbook start ${slug}\` begins it.`
          : `There is no runbook \`${slug}\`. \`runbook\` lists them.`,
      );
    if (!walk || !current)
      throw new Refusal(
        "not_found",
        `No runbook is under way in ${state.key}. \`runbook start\` begins one.`,
      );
    const step = stepOf(await engine.reads.runbookText(walk.hash), walk, state);
    const title = `Step ${current.index + 1} of ${walk.steps.length}: ${current.title}`;
    return { summary: title, title, blocks: step ? [{ type: "markdown", text: step.body }] : [] };
  }

  return { say, ask };
}
export type Conversation = ReturnType<typeof createConversation>;

/** How lineage tied an alert to its incident, as the log has it. */
function relationIn(log: RecordedEvent[], fingerprint: string): Relation | null {
  const attached = log.findLast(
    ({ body }) => body.type === "alert_attached" && body.fingerprint === fingerprint,
  )?.body;
  return attached?.type === "alert_attached" ? (attached.relation ?? null) : null;
}

/** An alert that was told before it was held is in the list twice; its own row comes first. */
function onceEach(alerts: IncidentAlert[]): IncidentAlert[] {
  const seen = new Set<string>();
  return alerts.filter(({ fingerprint }) => !seen.has(fingerprint) && seen.add(fingerprint));
}

function endOf({ resolvedAt, closedAt }: IncidentState): string {
  return resolvedAt ?? closedAt ?? "";
}

function countedHere(states: IncidentState[]): string {
  const keys = states.map(({ key }) => key).join(", ");
  return states.some(({ phase }) => isOpen(phase))
    ? `${states.length} are open here: ${keys}.`
    : `None is open here; ${keys} ended lately.`;
}

/** What the asker is told: what the thread is told, or in few words that it is done. */
function confirmation(
  events: RecordedEvent[],
  state: IncidentState,
  asked: Command | ByHand | NamesAsset | undefined,
): Document {
  const reply = replyFor(events, state);
  const thread = state.thread?.permalink;
  const where: Span[] = thread ? [`${state.key} · `, { link: "Open the thread", url: thread }] : [state.key];
  if (reply) {
    // Its buttons are in the thread, where everybody sees what pressing them does.
    const told = reply.blocks.filter((b) => b.type !== "actions");
    return { ...reply, blocks: [...told, { type: "context", text: where }] };
  }
  const words = events.length === 0 ? soAlready(asked, state) : wordsFor(events, state);
  return {
    summary: words,
    title: null,
    blocks: [
      { type: "paragraph", text: thread ? [`${words} `, { link: "Open the thread", url: thread }] : words },
    ],
  };
}

/** For what the thread shows in a living message, or not at all. */
function wordsFor(events: RecordedEvent[], state: IncidentState): string {
  const body = events[0]!.body;
  switch (body.type) {
    case "opened":
      return `${state.key} is open: ${state.title}. Its thread comes in ${
        state.channel.startsWith("#") ? state.channel : "the channel of incidents"
      }.`;
    case "runbook_started":
      return `“${body.title}” begins in the thread of ${state.key}.`;
    case "step_finished":
      return `“${body.title}” is ${body.outcome}.`;
    case "step_reopened":
      return `Back at “${body.title}”.`;
    case "postmortem_exported":
      return `The postmortem of ${state.key} (${body.format}) is on its way into the thread.`;
    case "entry_edited":
      return `Entry ${body.seq} is corrected; the old words stay in the log.`;
    case "entry_hidden":
      return `Entry ${body.seq} is off the timeline; it stays in the log.`;
    case "review_written":
      return `Written into the postmortem of ${state.key}.`;
    case "title_changed":
      return `${state.key} is now called “${state.title}”.`;
    default:
      return `Done in ${state.key}.`;
  }
}
