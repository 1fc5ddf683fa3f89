import { writeFileSync } from "node:fs";
import { Command, Option } from "commander";
import { papersOf } from "../app-report.ts";
import { loadConfig } from "../config.ts";
import { Refusal } from "../core/refusal.ts";
import { POSTMORTEM_FORMATS } from "../render/formats.ts";
import { makeFolderFor } from "../store/folder.ts";
import { openForReading } from "../store/open.ts";
import { readsOf } from "../store/reads.ts";
import { withDatabase } from "./database.ts";
import { guarded, processTerminal, type Terminal } from "./terminal.ts";

/** `breakwater export INC-1 --format md`: works beside the running bot, and without it. */
export function exportCommand(terminal: Terminal = processTerminal): Command {
  return new Command("export")
    .description("Export the postmortem of an incident; csv is its timeline")
    .argument("<incident>", "its key, such as INC-1")
    .addOption(
      new Option("--format <format>", "how; as the name of the file ends if left out, else md").choices([
        ...POSTMORTEM_FORMATS,
      ]),
    )
    .option("--out <file>", "where to; the terminal if left out")
    .addHelpText(
      "after",
      "\nThe same incident gives the same bytes, whenever it is exported once it has ended.",
    )
    .action(
      guarded(terminal, (incident: string, options: { format?: string; out?: string }) =>
        exportReport(terminal, incident, options),
      ),
    );
}

async function exportReport(
  terminal: Terminal,
  incident: string,
  options: { format?: string; out?: string },
): Promise<void> {
  const config = loadConfig(process.env);
  const key = incident.toUpperCase();
  const format =
    options.format ?? POSTMORTEM_FORMATS.find((known) => options.out?.endsWith(`.${known}`)) ?? "md";
  const report = await withDatabase(config, openForReading, (db) =>
    papersOf(readsOf(db)).report(key, format, new Date().toISOString(), config.command),
  );
  if (!report)
    throw new Refusal(
      "not_found",
      `There is no incident ${incident}. Keys look like INC-1; \`${config.command} list all\` shows them.`,
    );
  if (!options.out) return void process.stdout.write(report.body);
  write(options.out, report.body);
  terminal.out(`${options.out} (${report.mediaType}, ${Buffer.byteLength(report.body)} bytes)`);
}

function write(path: string, text: string): void {
  try {
    makeFolderFor(path);
    writeFileSync(path, text);
  } catch (error) {
    throw new Refusal(
      "invalid",
      `${path} cannot be written: ${(error as Error).message}. Name another file.`,
    );
  }
}
