import { parseMatcher } from "../core/correlate/matcher-words.ts";
import { refuseUnknownSource } from "../core/correlate/silence-line.ts";
import { later } from "../core/duration.ts";
import type { Command, Order } from "../core/incident/command.ts";
import { type RecordedEvent, SEVERITIES } from "../core/incident/events.ts";
import type { Via } from "../core/incident/person.ts";
import { type IncidentState, isOpen, type Phase } from "../core/incident/state.ts";
import { Refusal } from "../core/refusal.ts";
import type { Document } from "../core/report/document.ts";
import { silencedDocument } from "../core/report/silences.ts";
import { whichIncidentDocument } from "../core/verb/answers.ts";
import { confirmation } from "../core/verb/confirmation.ts";
import { helpDocument } from "../core/verb/help.ts";
import { keysNamed, parseLine, withoutKey } from "../core/verb/line.ts";
import { chooseTarget } from "../core/verb/target.ts";
import type { Ask, FormName, SilenceAsk, Typed, Verb } from "../core/verb/verb.ts";
import { mentionedIds } from "../core/verb/words.ts";
import { type AnswerDeps, createAnswers } from "./answers.ts";

export type Asker = { id: string; name: string; timeZone: string };

/** How it was said: the door, where it stands, and Slack's id of it, so that the same thing sent twice is done once. */
export type Door = { via: Via; permalink: string | null; key: string };

/** What the asker gets. `done` is what came of it; the thread hears of it through the outbox. */
export type Answer =
  | { kind: "document"; document: Document }
  | { kind: "form"; form: FormName; incident: IncidentState | null; typed?: Typed }
  | { kind: "done"; incident: string; events: RecordedEvent[]; document: Document };

export type ConversationDeps = AnswerDeps & {
  /** Names of Slack users by id, for the mentions in a line. */
  names(ids: string[]): Promise<Record<string, string>>;
  /** Whether a Slack user is a bot, which Slack offers wherever it lets choose a person. */
  isBot(id: string): Promise<boolean>;
  /** The names of all sources that there are. */
  sources: readonly string[];
  /** Where incidents open. */
  channel: string;
};

/** Incidents that ended within this time are offered where none is open: so long what is resolved waits to be closed. */
const LATELY_MS = 14 * 86_400_000;
const ENDED: Phase[] = ["resolved", "closed", "cancelled"];
const ENDED_LOOKED_AT = 100;
const ENDED_OFFERED = 5;

/** Turns what people say or press into commands and answers: one way for all doors. Refusals reject. */
export function createConversation(deps: ConversationDeps) {
  const { engine, catalog } = deps;
  const { known, answer, explainHeld } = createAnswers(deps);

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
      const asked = line.verb.orHeld ? read(null) : null;
      const held =
        asked?.kind === "query" && asked.query.type === "explain"
          ? await explainHeld(null, asked.query.text)
          : null;
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
    const since = later(deps.now(), -LATELY_MS);
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
        return { kind: "document", document: await answer(what.query, key, asker.timeZone) };
      default:
        return what satisfies never;
    }
  }

  function opening(what: Extract<Ask, { kind: "open" }>, asker: Asker): Command {
    const severity = SEVERITIES.find((s) => s === what.severity);
    return {
      type: "open",
      kind: "incident",
      severity: severity ?? "SEV3",
      ...(severity ? {} : { severityAssumed: true }),
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
    commands: Order[],
    key: string | null,
    asker: Asker,
    door: Door,
    runbook?: { slug: string; hash: string; text: string },
  ): Promise<Answer> {
    for (const command of commands) await refuseBot(deps, command);
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
    const document = confirmation(events, state, commands.at(-1));
    // What was so already is shown nowhere: the asker alone is told.
    if (events.length === 0) return { kind: "document", document };
    return { kind: "done", incident: state.key, events, document };
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

  return { say, ask };
}
export type Conversation = ReturnType<typeof createConversation>;

/** A bot that is given a lead, a role or an action item would look as if somebody had it. */
async function refuseBot(deps: Pick<ConversationDeps, "isBot">, command: Order): Promise<void> {
  const person =
    command.type === "assign_role" ? command.person : command.type === "add_task" ? command.owner : null;
  if (person?.id && (await deps.isBot(person.id)))
    throw new Refusal("invalid", `${person.name} is a bot. Choose a person.`);
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
