import { activeWindows } from "../core/correlate/maintenance.ts";
import { activeSilences } from "../core/correlate/silence.ts";
import { later } from "../core/duration.ts";
import { currentStep, type IncidentState, isOpen, leadingAlert } from "../core/incident/state.ts";
import { Refusal } from "../core/refusal.ts";
import { isHeld } from "../core/report/alerts.ts";
import type { Document } from "../core/report/document.ts";
import { silencesDocument } from "../core/report/silences.ts";
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
} from "../core/verb/answers.ts";
import { helpDocument } from "../core/verb/help.ts";
import { keyOf } from "../core/verb/line.ts";
import type { Query } from "../core/verb/verb.ts";
import type { HoldRules } from "./batch.ts";
import type { Engine, IncidentAlert } from "./ports.ts";

export type AnswerDeps = {
  engine: Engine;
  catalog: RunbookCatalog;
  command: string;
  /** What holds alerts back by configuration, for those who ask. */
  routing: HoldRules;
  now(): string;
};

/** The alerts of one incident among which one is looked for by its words, and those that are held. */
const EXPLAINABLE = 1000;
const HELD = 5000;
/** So many incidents are looked at to count them or to find the worst; more make no chat answer. */
const COUNTED = 2000;

/** Answers to what people ask; nothing is changed by any of them. */
export function createAnswers({ engine, catalog, command, routing, now }: AnswerDeps) {
  /** One that there is, or a refusal; `entries` also brings its timeline's. */
  async function known(key: string | null, entries = false): Promise<IncidentState> {
    const state = key ? await engine.reads.state(key, { entries }) : null;
    if (!state)
      throw new Refusal(
        "not_found",
        `There is no ${key ?? "such incident"}. \`list\` shows the open incidents.`,
      );
    return state;
  }

  async function answer(query: Query, key: string | null, timeZone: string): Promise<Document> {
    const at = now();
    switch (query.type) {
      case "help":
        return helpDocument(command, query.verb);
      case "list": {
        const { incidents: open } = await engine.reads.list({ open: true }, COUNTED, null);
        if (!query.all) return listDocument(open, at);
        const { incidents: newest, next } = await engine.reads.list({}, LISTED, null);
        const over = newest.filter(({ phase }) => !isOpen(phase));
        return listDocument([...open, ...over], at, next !== null);
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
        const alerts = await engine.reads.alerts(state.key, query.page * ALERTS_A_PAGE, leadingAlert(state));
        return alertsPageDocument(state, alerts, query.page);
      }
      case "silences": {
        const { silences, held, counts } = await engine.reads.silences();
        const countOf = (holder: string) => counts.get(holder) ?? 0;
        return silencesDocument({
          silences: activeSilences(silences, at).map((silence) => ({ silence, held: countOf(silence.id) })),
          windows: activeWindows(routing.maintenance, at).map((active) => ({
            active,
            held: countOf(active.window.name),
          })),
          held,
        });
      }
      case "search": {
        const key = keyOf(query.text);
        const named = key && (await engine.reads.state(key));
        if (named) return searchDocument([named], query.text, at);
        // What has the form of our keys and is none may be another tool's; the word that all keys begin with finds all.
        const text = key ? query.text.replace(/\D/g, "") : query.text;
        const { incidents, next } = await engine.reads.list({ text }, LISTED, null);
        return searchDocument(incidents, query.text, at, next !== null);
      }
      case "stats": {
        const since = later(at, -query.days * 86_400_000);
        return statsDocument((await engine.reads.list({ since }, COUNTED, null)).incidents, query.days, at);
      }
      case "timeline": {
        const state = await known(key);
        return timelineDocument(state.key, await engine.reads.story(state.key), timeZone);
      }
      case "summary": {
        const state = await known(key);
        return summaryDocument(state, await engine.reads.story(state.key), at, timeZone);
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

  /** Why alerts are in an incident or, where it has none that is called so, why those of all that are held are. */
  async function explain(key: string, text: string): Promise<Document> {
    const found = onceEach(alertsNamed(await engine.reads.alerts(key, EXPLAINABLE), text));
    if (found.length > 0) {
      const prints = found.map(({ fingerprint }) => fingerprint);
      const relations = await engine.reads.relations(key, prints);
      const why = (alert: IncidentAlert) =>
        isHeld(alert) ? null : { reason: alert.reason, relation: relations.get(alert.fingerprint) ?? null };
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

  return { known, answer, explainHeld };
}

/** An alert that was told before it was held is in the list twice; its own row comes first. */
function onceEach(alerts: IncidentAlert[]): IncidentAlert[] {
  const seen = new Set<string>();
  return alerts.filter(({ fingerprint }) => !seen.has(fingerprint) && seen.add(fingerprint));
}
