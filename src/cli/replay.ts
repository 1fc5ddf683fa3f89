import { existsSync } from "node:fs";
import { basename } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { type Config, loadConfig } from "../config.ts";
import { readDuration } from "../core/duration.ts";
import { Refusal } from "../core/refusal.ts";
import { readInstant } from "../core/signal/instant.ts";
import { replay } from "../replay/replay.ts";
import { openForReading } from "../store/open.ts";
import { withDatabase } from "./database.ts";
import { reportJson, reportLines } from "./replay-lines.ts";
import { guarded, processTerminal, type Terminal } from "./terminal.ts";

type Options = {
  config: string;
  against?: string;
  since: string;
  until?: string;
  json?: boolean;
  failOnChange?: boolean;
};

/** `breakwater replay --config new.yaml`: works beside the running bot, and writes nothing. */
export function replayCommand(terminal: Terminal = processTerminal): Command {
  return new Command("replay")
    .description(
      "Put stored alerts through a changed configuration, and print what it does to incidents and messages",
    )
    .requiredOption("--config <file>", "the proposed breakwater.yaml")
    .option("--against <file>", "what to compare it with; the bot's own breakwater.yaml if left out")
    .addOption(
      new Option("--since <time>", "how far back: 30d, 12h, or an instant such as 2026-11-01T00:00Z")
        .argParser(timeOf)
        .default(timeOf("30d"), "30d"),
    )
    .addOption(new Option("--until <time>", "likewise; now if left out").argParser(timeOf))
    .option("--json", "print it as JSON")
    .option("--fail-on-change", "end with exit code 1 where anything differs")
    .addHelpText("after", HELP)
    .action(guarded(terminal, (options: Options) => run(terminal, options)));
}

const HELP = `
The alerts go through the bot's own rules twice, once with each configuration, each time on an empty
database that is thrown away. Nothing is written to the bot's database, and nothing is posted.

Replayed are alerts, known changes, the clock, the wait before a first message, and what people did:
an incident is acknowledged when a recorded one with any of its alerts was, and resolved or cancelled
when the last of those was. One that nobody had before is resolved when its alerts are.
Not replayed: incidents that people declared, their merges and splits, severities that people set,
silences, notes and runbooks. Lineage is as it is now, except for files: those that the proposed
configuration names are read anew. Both replays begin with no incident open.

Incidents are called as in the log: "INC-3 (2)" is another part of what INC-3 was, "NEW-1" is one that
nobody had. An update of a message is not counted as a message.

Examples:
  breakwater replay --config new.yaml                       the last 30 days
  breakwater replay --config new.yaml --since 7d --json
  breakwater replay --config breakwater.yaml --against main.yaml --fail-on-change      in CI
`;

/** Whoever asks for the alerts of next week is told that there are none. */
const LATEST = "9000-01-01T00:00:00.000Z";

function timeOf(text: string): string {
  const duration = readDuration(text);
  if (duration !== null) return new Date(Date.now() - duration).toISOString();
  const { at } = readInstant(text, LATEST);
  if (at === null) throw new InvalidArgumentError("Write 30d, 12h, or an instant such as 2026-11-01T00:00Z.");
  return at;
}

async function run(terminal: Terminal, options: Options): Promise<void> {
  const until = options.until ?? new Date().toISOString();
  const { since } = options;
  if (since >= until) throw new Refusal("invalid", `--since (${since}) is not before --until (${until}).`);
  const proposed = configIn(options.config);
  const current = loadConfig(process.env);
  const { database } = current;
  const baseline = options.against === undefined ? current : configIn(options.against);
  const report = await withDatabase(current, openForReading, () =>
    replay({ database, baseline, proposed, since, until, progress: progressBar() }),
  );
  if (options.json) terminal.out(JSON.stringify(reportJson(report), null, 2));
  else {
    const names = {
      before: options.against ? basename(options.against) : "as it runs",
      after: basename(options.config),
    };
    for (const line of reportLines(report, names)) terminal.out(line);
  }
  if (options.failOnChange && report.differences.length > 0) terminal.exit(1);
}

/** The environment with another breakwater.yaml. */
function configIn(file: string): Config {
  if (!existsSync(file)) throw new Refusal("not_found", `There is no ${file}.`);
  return loadConfig({ ...process.env, BREAKWATER_CONFIG: file });
}

/** How far it is, where somebody is watching; a log of CI stays as it is. */
function progressBar(): (done: number, total: number) => void {
  if (!process.stderr.isTTY) return () => {};
  let shown = -1;
  return (done, total) => {
    const percent = Math.floor((100 * done) / total);
    if (percent === shown) return;
    shown = percent;
    process.stderr.write(done === total ? "\r\u001b[K" : `\rreplaying: ${percent} %`);
  };
}
