import { Gauge, type Registry } from "prom-client";

/** What is asked for when somebody reads the metrics. */
export type Figures = {
  waiting: number;
  parked: number;
  oldestSeconds: number;
  writerLagSeconds: number;
  slackConnected: boolean;
  /** What the bot has raised an alarm about, by name. */
  troubles: string[];
};

/** How delivery stands, and what the bot says is wrong with itself. */
export function outboxMetrics(registry: Registry, read: () => Promise<Figures>): void {
  const gauge = (name: string, help: string, value: (figures: Figures) => number) =>
    new Gauge({
      name: `breakwater_${name}`,
      help,
      registers: [registry],
      async collect() {
        this.set(value(await read()));
      },
    });
  gauge("outbox_waiting", "Messages that wait to be delivered to Slack.", (f) => f.waiting);
  gauge(
    "outbox_parked",
    "Messages that Slack refused for good; `outbox retry` tries them again.",
    (f) => f.parked,
  );
  gauge("outbox_oldest_seconds", "How long the oldest waiting message has waited.", (f) => f.oldestSeconds);
  gauge("writer_lag_seconds", "How long the oldest write under way has taken.", (f) => f.writerLagSeconds);
  gauge("slack_connected", "1 while Slack reaches the bot.", (f) => Number(f.slackConnected));
  gauge(
    "troubles",
    "Things wrong with the bot itself that it has raised an alarm about.",
    (f) => f.troubles.length,
  );
}
