import { Command } from "commander";
import { type Config, loadConfig } from "../config.ts";
import { Refusal } from "../core/refusal.ts";
import { openForReading, openForWriting } from "../store/open.ts";
import { parkedOf, putBack } from "../store/parked.ts";
import { readsOf } from "../store/reads.ts";
import { withDatabase } from "./database.ts";
import { guarded, operator, processTerminal, type Terminal } from "./terminal.ts";

/** `breakwater outbox …`: what could not be delivered to Slack. */
export function outboxCommand(terminal: Terminal = processTerminal): Command {
  const command = new Command("outbox").description("Look after messages that Slack refused");
  command
    .command("list")
    .description("List the messages that were given up, with Slack's reason, and how many wait")
    .action(guarded(terminal, async () => list(terminal, loadConfig(process.env))));
  command
    .command("retry")
    .description("Try messages again that were given up; works beside the running bot")
    .argument("[id]", "one of them, by its number in the list")
    .option("--all", "all of them")
    .action(
      guarded(terminal, async (id: string | undefined, { all }: { all?: boolean }) =>
        retry(terminal, loadConfig(process.env), id, all === true),
      ),
    );
  return command;
}

async function list(terminal: Terminal, config: Config): Promise<void> {
  const { parked, waiting } = await withDatabase(config, openForReading, async (db) => ({
    parked: await parkedOf(db),
    waiting: (await readsOf(db).undelivered()).pending,
  }));
  for (const { id, incident, kind, channel, error } of parked)
    terminal.out(
      `${String(id).padEnd(7)} ${incident.padEnd(9)} ${kind.padEnd(9)} ${channel}  ${error ?? ""}`,
    );
  terminal.out(`${parked.length} given up, ${waiting} waiting.`);
}

async function retry(
  terminal: Terminal,
  config: Config,
  id: string | undefined,
  all: boolean,
): Promise<void> {
  if ((id === undefined) !== all)
    throw new Refusal("invalid", "Say which: a number of `outbox list`, or --all.");
  if (id !== undefined && !/^[1-9]\d{0,14}$/.test(id))
    throw new Refusal("invalid", `${id} is not a number of \`outbox list\`.`);
  const count = await withDatabase(config, openForWriting, (db) =>
    putBack(db, id === undefined ? null : Number(id), operator()),
  );
  if (id !== undefined && count === 0)
    throw new Refusal("not_found", `${id} is not among those given up; \`outbox list\` shows them.`);
  terminal.out(
    `${count} put back. The running bot sends within five seconds; one that is stopped, when it starts.`,
  );
}
