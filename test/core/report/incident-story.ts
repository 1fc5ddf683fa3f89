/** Incidents for the tests of what people see, made by the real decider: a state that cannot come about is not shown. */
import type { AlertNews, Command } from "../../../src/core/incident/command.ts";
import { decide } from "../../../src/core/incident/decide.ts";
import type { RecordedEvent } from "../../../src/core/incident/events.ts";
import { record } from "../../../src/core/incident/log.ts";
import type { Actor, Via } from "../../../src/core/incident/person.ts";
import { evolve, type IncidentState, type Recovery } from "../../../src/core/incident/state.ts";
import type { Asset } from "../../../src/core/signal/asset.ts";

export const maya: Actor = { kind: "person", id: "U0MAYA", name: "Maya Okafor" };
export const jonas: Actor = { kind: "person", id: "U0JONAS", name: "Jonas Lindqvist" };
export const dbt: Actor = { kind: "source", name: "dbt" };

export function table(name: string): Asset {
  return { namespace: "snowflake://fernhollow", name };
}

export const orders = table("analytics.marts.orders");
export const revenue = table("analytics.marts.daily_revenue");

export class Story {
  readonly key: string;
  state: IncidentState | null = null;
  private minutes = 0;

  constructor(key = "INC-1") {
    this.key = key;
  }

  get now(): string {
    return new Date(Date.UTC(2026, 10, 22, 3, 10 + this.minutes)).toISOString();
  }

  /** The events of one command, which comes some minutes after the one before. */
  does(command: Command, options: { by?: Actor; via?: Via; after?: number } = {}): RecordedEvent[] {
    const { by = maya, via = "button", after = 5 } = options;
    this.minutes += after;
    const asked = { actor: by, via, now: this.now, permalink: null };
    const tail = this.state ?? { version: 0, hash: "" };
    const events = record(this.key, tail, decide(this.state, command, asked), asked);
    for (const event of events) this.state = evolve(this.state, event);
    return events;
  }

  get incident(): IncidentState {
    if (!this.state) throw new Error("The story has not begun");
    return this.state;
  }

  get assetCounts(): Record<Recovery, number> {
    const counts = { impacted: 0, recovering: 0, verified: 0, waived: 0 };
    for (const { recovery } of this.incident.assets.values()) counts[recovery]++;
    return counts;
  }

  get card() {
    return { state: this.incident, assetCounts: this.assetCounts, now: this.now };
  }
}

export function opening(over: Partial<Extract<Command, { type: "open" }>> = {}): Command {
  return {
    type: "open",
    kind: "incident",
    severity: "SEV2",
    title: "orders is 3 hours late",
    channel: "C0INCIDENTS",
    startedAt: "2026-11-22T03:02:00.000Z",
    origin: {
      source: "dbt",
      fingerprint: "f1",
      title: "orders is 3 hours late",
      description: "max(loaded_at) is 2026-11-22 00:04, expected < 60 min ago",
      asset: orders,
      labels: { tier: "gold" },
      links: [{ title: "dbt run 4711", url: "https://dbt.example.com/runs/4711" }],
    },
    groupingKey: "orders",
    assets: [],
    summary: null,
    reason: "a freshness test failed on orders, and no open incident concerns it",
    ...over,
  };
}

export function alert(over: Partial<AlertNews> = {}): Command {
  return {
    type: "alert_fired",
    alert: {
      fingerprint: "f1",
      source: "dbt",
      severity: "error",
      title: "orders is 3 hours late",
      assets: [orders],
      impacted: [revenue],
      brokenAt: "2026-11-22T03:02:00.000Z",
      known: "never",
      reason: "same table",
      ...over,
    },
  };
}

export function passed(over: Partial<AlertNews> = {}): Command {
  const { alert: news } = alert({ known: "firing", ...over }) as Extract<Command, { type: "alert_fired" }>;
  return { type: "alert_passed", alert: news };
}

export const STEPS = [
  { id: "check-the-source", title: "Check whether the source delivered" },
  { id: "rerun-the-load", title: "Run the load again" },
  { id: "tell-consumers", title: "Tell the people who read the table" },
  { id: "verify", title: "Compare row counts with yesterday" },
];

export const lateTable: Command = {
  type: "start_runbook",
  runbook: "late-table",
  title: "Late table",
  hash: "h1",
  steps: STEPS,
};

/** An alert has opened an incident; nobody has looked yet. */
export function triggered(key = "INC-1", over: Parameters<typeof opening>[0] = {}): Story {
  const story = new Story(key);
  story.does(opening(over), { by: dbt, via: "alert", after: 0 });
  story.does(alert(), { by: dbt, via: "alert", after: 0 });
  story.does(
    {
      type: "suggest_runbooks",
      runbooks: [{ slug: "late-table", title: "Late table", reason: "a freshness alert on analytics.*" }],
    },
    { by: { kind: "system" }, via: "alert", after: 0 },
  );
  return story;
}

/** What changed before it was looked for and found. */
export function suspected(): Story {
  const story = triggered();
  const common = { actor: "mira-oak", source: "github", at: "2026-11-22T02:40:00.000Z" };
  story.does(
    {
      type: "suspect_changes",
      suspects: [
        {
          ...common,
          number: 1,
          change: "c1",
          title: "Pull request #87 merged: Add <returns>",
          url: "https://github.com/fernhollow/warehouse/pull/87",
          confidence: "likely",
          reason: "touched marts.orders, which is broken itself, 22 min before the data broke",
        },
        {
          ...common,
          number: 2,
          change: "c2",
          title: "Terraform applied",
          url: null,
          confidence: "possible",
          reason: "a change of infrastructure that may concern everything, 22 min before the data broke",
        },
      ],
    },
    { by: { kind: "system" }, via: "clock", after: 1 },
  );
  return story;
}

/** On the way: acknowledged, led, a runbook under way. */
export function acknowledged(): Story {
  const story = triggered();
  story.does({ type: "acknowledge" }, { after: 3 });
  story.does(
    { type: "assign_role", role: "lead", person: { id: "U0JONAS", name: "Jonas Lindqvist" } },
    { by: jonas },
  );
  story.does(lateTable);
  story.does({
    type: "finish_step",
    runbook: "late-table",
    step: "check-the-source",
    outcome: "done",
    note: null,
  });
  story.does(
    { type: "post_status", text: "The export job hung; it runs again. Next word at 04:00." },
    { by: jonas },
  );
  return story;
}

export function mitigated(): Story {
  const story = acknowledged();
  story.does(passed(), { by: dbt, via: "alert", after: 30 });
  story.does({ type: "mitigate", text: "Restarted the export, the load caught up" }, { by: jonas });
  return story;
}

export function resolved(): Story {
  const story = mitigated();
  story.does({ type: "restore", assets: [], reason: "row counts are as yesterday" });
  story.does(
    { type: "resolve", text: "The export job had no timeout; it hung on a lock" },
    { by: jonas, after: 10 },
  );
  return story;
}
