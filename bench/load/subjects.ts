import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { ALERTS_PATH, INGEST_SECRET, requestTemplate } from "./alerts.ts";
import { freePort, type Running, startProcess, untilReady } from "./processes.ts";

/** Everything under test, each as a real process on a port of its own, with files of its own under `dir`. */
export type Place = {
  /** The bench's temporary directory; whoever made it removes it. */
  dir: string;
  /** Where Slack's Web API is, and where webhooks go; without a slash at the end. */
  sinkUrl: string;
};

export const SLACK = {
  channel: "C0BENCH",
  botToken: "xoxb-bench",
  signingSecret: "bench-signing-secret",
  apiToken: "bench-api-token",
};

export type ProductOptions = {
  /** breakwater.yaml; absent: as it ships. */
  config?: string;
  /** A database to begin with, copied. */
  database?: string;
  /** Such as LD_PRELOAD. */
  env?: Record<string, string>;
  slackApiUrl?: string;
};

export type Product = Running & {
  databaseFile: string;
  /** From the start of the process until it stored its first alert where that was asked for, else until it answered. */
  readyMs: number;
  /** Starts it anew on the same files; `alert` is sent until it is stored. */
  again(alert?: Buffer): Promise<Product>;
};

/** What Node is given by `npm start`. */
const AS_IT_SHIPS = manifest.scripts.start.split(" ").slice(2);

/** `breakwater serve` as it ships, in HTTP mode. Resolves when it has joined Slack. */
export async function startProduct(place: Place, options: ProductOptions = {}): Promise<Product> {
  const dir = await mkdtemp(join(place.dir, "product-"));
  const databaseFile = join(dir, "breakwater.db");
  const config = join(dir, "breakwater.yaml");
  await writeFile(config, options.config ?? "{}\n");
  if (options.database) await cp(options.database, databaseFile);
  const start = async (alert?: Buffer): Promise<Product> => {
    const port = await freePort();
    const env = {
      DATABASE_URL: `sqlite:${databaseFile}`,
      PORT: String(port),
      BREAKWATER_CONFIG: config,
      BREAKWATER_CHANNEL: SLACK.channel,
      BREAKWATER_API_TOKEN: SLACK.apiToken,
      BREAKWATER_SOURCE_ALERTMANAGER_SECRET: INGEST_SECRET,
      SLACK_BOT_TOKEN: SLACK.botToken,
      SLACK_SIGNING_SECRET: SLACK.signingSecret,
      SLACK_API_URL: options.slackApiUrl ?? `${place.sinkUrl}/api/`,
      ...options.env,
    };
    const profile = process.env.BENCH_NODE_ARGS?.split(" ") ?? [];
    const args = [...profile, ...AS_IT_SHIPS];
    const running = startProcess(process.execPath, args, { port, logFile: join(dir, "log"), env });
    const readyMs = await (alert
      ? untilReady(running, ALERTS_PATH, { request: alert })
      : untilReady(running, "/healthz"));
    // It has joined Slack, too, and its modules are all there.
    await untilReady(running, "/readyz");
    return { ...running, databaseFile, readyMs, again: start };
  };
  return start();
}

/** A request that Breakwater, the floor and Alertmanager all take with 2xx: one alert. */
export function oneAlert(id: number, group = id): Buffer {
  return requestTemplate(1, "critical", new Date(Date.now() - 60_000).toISOString()).fill([id], [group]);
}

export type FloorMode = "group" | "each" | "parse";

export async function startFloor(
  place: Place,
  mode: FloorMode,
  env: Record<string, string> = {},
): Promise<Running> {
  const dir = await mkdtemp(join(place.dir, `floor-${mode}-`));
  const port = await freePort();
  const running = startProcess(process.execPath, ["bench/load/reference/floor.ts"], {
    port,
    logFile: join(dir, "log"),
    env: { PORT: String(port), BENCH_MODE: mode, BENCH_FILE: join(dir, "floor.db"), ...env },
  });
  await untilReady(running, "/");
  return running;
}

export async function startBolt(
  place: Place,
  slackApiUrl = `${place.sinkUrl}/api/`,
): Promise<Running & { readyMs: number }> {
  const dir = await mkdtemp(join(place.dir, "bolt-"));
  const port = await freePort();
  const running = startProcess(process.execPath, ["bench/load/reference/bolt.ts"], {
    port,
    logFile: join(dir, "log"),
    env: {
      PORT: String(port),
      SLACK_BOT_TOKEN: SLACK.botToken,
      SLACK_SIGNING_SECRET: SLACK.signingSecret,
      SLACK_API_URL: slackApiUrl,
    },
  });
  return { ...running, readyMs: await untilReady(running, "/healthz") };
}

const ALERTMANAGER_PATHS = [process.env.ALERTMANAGER ?? "", "/usr/bin/prometheus-alertmanager"];

/** Where Alertmanager is, or null; `HOW_TO_GET_ALERTMANAGER` says how to get it. */
export function alertmanagerPath(): string | null {
  return ALERTMANAGER_PATHS.find((path) => path !== "" && existsSync(path)) ?? null;
}

export const HOW_TO_GET_ALERTMANAGER =
  "not installed; get it with apt-get install prometheus-alertmanager, or set ALERTMANAGER to the path of one";

export type AlertmanagerOptions = {
  /** YAML's flow list of labels; `['...']` makes each alert a group. */
  groupBy?: string;
  groupWait?: string;
};

export async function startAlertmanager(
  place: Place,
  binary: string,
  { groupBy = "[alertname, table]", groupWait = "30s" }: AlertmanagerOptions = {},
): Promise<Running> {
  const dir = await mkdtemp(join(place.dir, "alertmanager-"));
  const config = join(dir, "am.yml");
  await mkdir(join(dir, "data"));
  await writeFile(
    config,
    [
      "route:",
      "  receiver: sink",
      `  group_by: ${groupBy}`,
      `  group_wait: ${groupWait}`,
      "receivers:",
      "  - name: sink",
      "    webhook_configs:",
      `      - url: ${place.sinkUrl}/webhook`,
      "",
    ].join("\n"),
  );
  const port = await freePort();
  const args = [
    `--config.file=${config}`,
    `--storage.path=${join(dir, "data")}`,
    `--web.listen-address=127.0.0.1:${port}`,
    "--cluster.listen-address=",
  ];
  const running = startProcess(binary, args, { port, logFile: join(dir, "log") });
  await untilReady(running, "/-/ready");
  return running;
}
