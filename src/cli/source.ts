import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { Command } from "commander";
import { loadConfig } from "../config.ts";
import { groupingKeys } from "../core/correlate/place.ts";
import { plural } from "../core/plural.ts";
import { Refusal } from "../core/refusal.ts";
import { type AlertSignal, fingerprint } from "../core/signal/alert.ts";
import { assetId } from "../core/signal/asset.ts";
import { type ChangeSignal, changeId } from "../core/signal/change.ts";
import { type NamespaceRule, renameSignal } from "../core/signal/dataset.ts";
import { redactAlert, redactChange } from "../core/signal/redact.ts";
import { SOURCES } from "../source/registry.ts";
import type { Source, SourceRequest } from "../source/source.ts";
import { guarded, processTerminal, repeatable, type Terminal } from "./terminal.ts";

/** `breakwater source list|test`: what is understood, and how a payload would be. */
export function sourceCommand(terminal: Terminal = processTerminal): Command {
  const command = new Command("source").description("Look at the tools whose alerts and changes are read");
  command
    .command("list")
    .description("List the sources, and the addresses that each is sent to")
    .action(guarded(terminal, async () => list(terminal)));
  command
    .command("test")
    .description("Show how a payload would be read, and why; nothing is sent or stored")
    .argument("<source>", "the sending tool, as `source list` names it")
    .argument("<file>", "the payload as it was sent, gzip or not; - reads standard input")
    .option("--changes", "read it as posted to /v1/changes/, not /v1/alerts/")
    .option("--lineage", "read it as posted to /v1/lineage/")
    .option(
      "--header <line>",
      'a header that came with it, such as "X-GitHub-Event: push"; may be given again',
      repeatable,
    )
    .option("--path <path>", "the path it was posted to, with its query, where that says something", "/")
    .option("--json", "print the canonical signals as JSON")
    .addHelpText("after", HELP)
    .action(
      guarded(terminal, async (name: string, file: string, options: Options) =>
        test(terminal, name, file, options),
      ),
    );
  return command;
}

type Options = { changes?: boolean; lineage?: boolean; header?: string[]; path: string; json?: boolean };

const HELP = `
Examples:
  breakwater source test dbt target/run_results.json
  breakwater source test github push.json --changes --header "X-GitHub-Event: push"
  breakwater source test dbt target/manifest.json --lineage
  breakwater source test opsgenie close.json --path "/v2/alerts/nightly/close?identifierType=alias"
  pbpaste | breakwater source test grafana -

Signatures are not checked here: what is looked at is what is read, not who sent it.`;

function list(terminal: Terminal): void {
  for (const { name, title, read, readChanges, readLineage } of SOURCES) {
    const addresses = [
      read && `/v1/alerts/${name}`,
      readChanges && `/v1/changes/${name}`,
      readLineage && `/v1/lineage/${name}`,
    ].filter(Boolean);
    terminal.out(`${name.padEnd(20)} ${addresses.join("  ").padEnd(60)} ${title}`);
  }
}

function test(terminal: Terminal, name: string, file: string, options: Options): void {
  const source = SOURCES.find((each) => each.name === name);
  if (!source)
    throw new Refusal(
      "not_found",
      `There is no source ${name}. Sources: ${SOURCES.map((s) => s.name).join(", ")}.`,
    );
  const reader = readerOf(source, options);
  const request = requestOf(source, file, options);
  const greeting = source.greeting?.(request) ?? null;
  const reading = greeting === null ? reader(request) : { alerts: [], rejected: [] };
  const lineage = (reading.lineage ?? []).map(({ document: { provider, key, assets, edges }, warnings }) => ({
    provider,
    key,
    assets: assets.length,
    edges: edges.length,
    warnings,
  }));
  const { redaction, assetNames } = loadConfig(process.env);
  const alerts = reading.alerts.map((sent) => stored(sent, redactAlert(sent, redaction), assetNames));
  const changes = (reading.changes ?? []).map((sent) =>
    stored(sent, redactChange(sent, redaction), assetNames),
  );
  if (options.json) {
    const signals = {
      alerts: alerts.map(({ signal }) => signal),
      changes: changes.map(({ signal }) => signal),
      lineage,
    };
    terminal.out(JSON.stringify({ ...signals, rejected: reading.rejected }, null, 2));
    return;
  }
  if (greeting !== null) {
    terminal.out(`${greeting} Nothing was sent or stored.`);
    return;
  }
  for (const { signal, redacted } of alerts) showAlert(terminal, signal, redacted);
  for (const { signal, redacted } of changes) showChange(terminal, signal, redacted);
  for (const { provider, key, assets, edges, warnings } of lineage)
    show(terminal, `LINEAGE  ${plural(assets, "asset")}, ${plural(edges, "edge")}`, [
      ["stated by", `${provider} ${key}`],
      ...warnings.map((warning): [string, string] => ["warning", warning]),
    ]);
  for (const { path, message } of reading.rejected)
    terminal.out(`Not read: ${path || "the body"}: ${message}\n`);
  terminal.out(
    alerts.length + changes.length + lineage.length > 0
      ? `${plural(alerts.length, "alert")}, ${plural(changes.length, "change")}, ${lineage.length > 0 ? `${plural(lineage.length, "statement")} of lineage, ` : ""}${plural(reading.rejected.length, "part")} not read. Nothing was stored.`
      : "Neither alert nor change nor lineage: it would be answered 200, and nothing more. Nothing was stored.",
  );
  if (reading.rejected.length > 0) terminal.exit(1);
}

/** How the source reads what is posted to the address that was asked for; alerts where it has them, unless said otherwise. */
function readerOf(source: Source, { changes, lineage }: Options): NonNullable<Source["read"]> {
  const { name, title } = source;
  if (lineage) {
    if (source.readLineage) return source.readLineage;
    const stated = SOURCES.filter(({ readLineage }) => readLineage).map((each) => each.name);
    throw new Refusal(
      "not_found",
      `There is no /v1/lineage/${name}. Lineage is read from ${stated.join(", ")}.`,
    );
  }
  const read = changes || !source.read ? source.readChanges : source.read;
  if (read) return read;
  throw new Refusal(
    "not_found",
    `There is no /v1/changes/${name}. What ${title} says of changes is read at /v1/alerts/${name}: leave --changes out.`,
  );
}

/** A signal under the names that the bot stores it by, and whether something was taken out of it. */
function stored<Signal extends AlertSignal | ChangeSignal>(
  sent: Signal,
  safe: Signal,
  assetNames: NamespaceRule[],
) {
  return {
    signal: renameSignal(safe, assetNames),
    redacted: JSON.stringify(safe) !== JSON.stringify(sent),
  };
}

function requestOf(source: Source, file: string, options: Options): SourceRequest {
  const address = new URL(options.path, "http://localhost");
  const headers = (options.header ?? []).map((line) => {
    const [name, ...value] = line.split(":");
    return [name!.trim().toLowerCase(), value.join(":").trim()] as const;
  });
  const request: SourceRequest = {
    path: address.pathname,
    headers: { "content-type": "application/json", ...Object.fromEntries(headers) },
    query: Object.fromEntries(address.searchParams),
    rawBody: bytesOf(file),
    body: undefined,
    receivedAt: new Date().toISOString(),
    fetch: () => Promise.reject(new Error("nothing is fetched for a test")),
  };
  return { ...request, body: source.parse?.(request) ?? jsonOf(request.rawBody, file) };
}

function bytesOf(file: string): Buffer {
  try {
    const bytes = readFileSync(file === "-" ? 0 : file);
    return bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes;
  } catch (error) {
    throw new Refusal("not_found", `${file} cannot be read: ${(error as Error).message}`);
  }
}

function jsonOf(bytes: Buffer, file: string): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch (error) {
    throw new Refusal("invalid", `${file} is not JSON: ${(error as Error).message}`);
  }
}

function showAlert(terminal: Terminal, alert: AlertSignal, redacted: boolean): void {
  const word = alert.status === "firing" ? "FIRING" : "RESOLVED";
  show(terminal, `${word}  ${alert.severity}  ${alert.title}`, [
    ["identity", `${alert.dedupKey}  (fingerprint ${fingerprint(alert)})`],
    ["delivery", alert.deliveryId ?? "none: every message counts as news"],
    ["assets", alert.assets.map(assetId).join(", ") || "none was found"],
    ["impacted", alert.impacted.map(assetId).join(", ")],
    ["together by", groupingKeys(alert).keys.join(", ")],
    ["started", alert.startsAt ?? ""],
    ["ended", alert.endsAt ?? ""],
    ["said", alert.description?.split("\n", 1)[0] ?? ""],
    ...Object.entries(alert.labels).map(([name, value]): [string, string] => [`label ${name}`, value]),
    ...alert.links.map(({ title, url }): [string, string] => [`link ${title}`, url]),
    ...alert.warnings.map((warning): [string, string] => ["warning", warning]),
    ["redacted", redacted ? "secrets or personal data were taken out" : ""],
  ]);
}

function showChange(terminal: Terminal, change: ChangeSignal, redacted: boolean): void {
  show(terminal, `CHANGE  ${change.kind} ${change.status}  ${change.title}`, [
    ["identity", `${change.dedupKey}  (id ${changeId(change)})`],
    ["delivery", change.deliveryId ?? "none"],
    ["by", change.actor ?? ""],
    ["repository", change.repository ?? ""],
    ["revision", change.revision ?? ""],
    ["environment", change.environment ?? ""],
    ["paths", change.paths.join(", ")],
    ["assets", change.assets.map(assetId).join(", ")],
    ["started", change.startedAt ?? ""],
    ["ended", change.endedAt ?? ""],
    ...change.links.map(({ title, url }): [string, string] => [`link ${title}`, url]),
    ...change.warnings.map((warning): [string, string] => ["warning", warning]),
    ["redacted", redacted ? "secrets or personal data were taken out" : ""],
  ]);
}

function show(terminal: Terminal, head: string, facts: [string, string][]): void {
  terminal.out(head);
  for (const [name, value] of facts) if (value !== "") terminal.out(`  ${name.padEnd(14)} ${value}`);
  terminal.out("");
}
