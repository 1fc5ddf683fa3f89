import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { z } from "zod";
import { Grouping } from "./core/correlate/grouping.ts";
import { PathRules } from "./core/correlate/path-rules.ts";
import { ChannelName } from "./core/correlate/route.ts";
import { RoutingSections } from "./core/correlate/sections.ts";
import type { PathRule } from "./core/correlate/touched.ts";
import { Duration, durationBetween } from "./core/duration.ts";
import { eachKey, inPlainWords } from "./core/plain-words.ts";
import { Refusal } from "./core/refusal.ts";
import type { NamespaceRule } from "./core/signal/dataset.ts";
import { DEFAULT_ALLOW, isException, type RedactionRules } from "./core/signal/redact.ts";
import { readYaml } from "./core/yaml.ts";

const Kept = z.union([z.literal("off").transform(() => null), durationBetween("1d", "36500d")]);

/** How long each is kept, or `off` for ever. */
const RetentionFile = z.strictObject({
  signals: Kept.prefault("90d"),
  changes: Kept.prefault("365d"),
  deliveries: Kept.prefault("30d"),
  answers: Kept.prefault("30d"),
  lineage: Kept.prefault("365d"),
});

/** breakwater.yaml: what is decided in git. Secrets never stand here; they come from the environment. */
const ConfigFile = z.strictObject({
  /** Where incidents open when the environment does not say: a channel id or `#name`. */
  channel: ChannelName.optional(),
  /** The slash command, for a workspace where `/incident` is taken. */
  command: z
    .string()
    .regex(/^\/[a-z0-9_-]{1,31}$/, "write a slash command such as /incident")
    .default("/incident"),
  runbooks: z.string().default("runbooks"),
  /** Alerts that fire again this long after an incident was resolved reopen it. */
  reopenWithin: Duration.prefault("24h"),
  /** A resolved incident is closed by itself after this long. */
  closeAfter: Duration.prefault("14d"),
  /** How long signals and other traces are kept; incidents always are. */
  retention: RetentionFile.prefault({}),
  /** Whose an alert is: team, channel, severity, runbook. The first rule that fits. */
  routes: RoutingSections.shape.routes,
  /** How severe an error on an asset of a tier is. */
  tiers: RoutingSections.shape.tiers,
  /** Known hours in which alerts are held back. */
  maintenance: RoutingSections.shape.maintenance,
  /** Alerts that are held back while others fire. */
  inhibit: RoutingSections.shape.inhibit,
  /** What belongs to one incident. */
  grouping: Grouping.prefault({}),
  /** Files in which people say what depends on what, for what neither dbt nor OpenLineage knows. */
  lineage: z.array(z.string().min(1).max(1000)).default([]),
  /** Which assets a changed file concerns, where no lineage says so. */
  changes: PathRules,
  /** What tools call a warehouse, and which it is; `prefix` is what they leave out of its tables' names. */
  assetNames: z
    .array(z.strictObject({ from: z.string().min(1), to: z.string().min(1), prefix: z.string().optional() }))
    .default([]),
  /** What is not redacted, by source (`*` for all): kinds such as `email`, or fields such as `labels.reporter`. */
  redactionAllow: z
    .record(
      z.string(),
      z.array(
        z
          .string()
          .refine(isException, "is neither a kind, such as email, nor a field, such as labels.reporter"),
      ),
    )
    .default({}),
  /** Sources taken without a secret, from anybody who reaches this address. */
  openSources: z.array(z.string()).default([]),
  /** Open sources are served on other addresses than this machine's own, because something in front of us authenticates. */
  openOnNetwork: z.boolean().default(false),
  /** Where the bot says that something is wrong with itself, and how long a message may wait before that is so. */
  selfAlarm: z
    .strictObject({
      channel: ChannelName.optional(),
      after: durationBetween("30s", "1d").prefault("5m"),
    })
    .prefault({}),
  /** How often a sign of life goes to BREAKWATER_HEARTBEAT_URL, as long as all is well. */
  heartbeat: z.strictObject({ every: durationBetween("10s", "1d").prefault("1m") }).prefault({}),
  /** The largest request body taken, in MiB; dbt manifests are the large ones. */
  maxBodyMiB: z.number().int().min(1).max(256).default(50),
  /** Who in Slack may command: members and guests of the workspace, its members only, or whoever is in the channel. */
  access: z.enum(["workspace", "members", "anyone"]).default("workspace"),
  /** What one source may send, and how often one address may offer a wrong secret, before it is told to wait. */
  rateLimit: z
    .strictObject({
      requestsPerSecond: z.number().int().min(1).max(1_000_000).default(5000),
      failuresPerMinute: z.number().int().min(1).max(1_000_000).default(600),
    })
    .prefault({}),
});

const list = z.string().transform((text) =>
  text
    .split(",")
    .map((s) => s.trim())
    .filter(Boolean),
);

const Environment = z.object({
  SLACK_BOT_TOKEN: z.string().startsWith("xoxb-", "a bot token starts with xoxb-").optional(),
  SLACK_APP_TOKEN: z.string().startsWith("xapp-", "an app-level token starts with xapp-").optional(),
  SLACK_SIGNING_SECRET: z.string().min(1).optional(),
  SLACK_API_URL: z.url({ protocol: /^https?$/ }).optional(),
  /** Whoever knows it can keep our silence from being heard, so it is a secret. */
  BREAKWATER_HEARTBEAT_URL: z.url({ protocol: /^https?$/ }).optional(),
  BREAKWATER_CHANNEL: ChannelName.optional(),
  BREAKWATER_API_TOKEN: list.prefault(""),
  BREAKWATER_CONFIG: z.string().default("breakwater.yaml"),
  DATABASE_URL: z
    .string()
    .regex(/^(sqlite:.+|postgres(ql)?:\/\/.+)$/, "write sqlite:PATH or postgres://…")
    .refine(
      (url) => url.startsWith("sqlite:") || canBeDialled(url),
      "is no valid address of a Postgres. In a password, write / ? # : and % as %2F %3F %23 %3A and %25",
    )
    .optional(),
  /** An IPv6 address also with the brackets that it has in a URL. */
  HOST: z
    .string()
    .transform((host) => host.trim().replace(/^\[(.*)\]$/, "$1"))
    .default("127.0.0.1"),
  PORT: z.coerce.number("write a port, such as 8080").int().min(0).max(65_535).default(8080),
  LOG_LEVEL: z.enum(["debug", "info", "warn", "error", "silent"]).default("info"),
});

/** Whether Postgres's driver could read the address; it would not say in words for people that it cannot. */
function canBeDialled(url: string): boolean {
  // The host may be left out where the rest says which it is.
  return URL.canParse(url) || URL.canParse(url.replace("@/", "@localhost/"));
}

export type SlackConfig = {
  botToken: string;
  /** Socket Mode with an app token, HTTP with a signing secret. */
  mode: { type: "socket"; appToken: string } | { type: "http"; signingSecret: string };
  apiUrl: string | null;
};

export type Config = Readonly<{
  /** null: no tokens, so the sandbox. */
  slack: SlackConfig | null;
  channel: string | null;
  command: string;
  runbooksDir: string;
  reopenWithinMs: number;
  closeAfterMs: number;
  /** In milliseconds; null for ever. */
  retention: z.infer<typeof RetentionFile>;
  maxBodyBytes: number;
  access: "workspace" | "members" | "anyone";
  rateLimit: { requestsPerSecond: number; failuresPerMinute: number };
  /** Where the bot tells what is wrong with itself (null: where incidents open), and how long it waits with that. */
  selfAlarm: { channel: string | null; afterMs: number };
  /** null: nobody waits for a sign of life. */
  heartbeat: { url: string | null; everyMs: number };
  apiTokens: readonly string[];
  /** Ingest secrets by source name, several while rotating. */
  sourceSecrets: ReadonlyMap<string, readonly string[]>;
  /** As written in the file, which was found right: matchers are compiled where they are used, in the writer's thread. */
  grouping: unknown;
  routing: Partial<Record<keyof typeof RoutingSections.shape, unknown>>;
  lineageFiles: readonly string[];
  pathRules: PathRule[];
  assetNames: NamespaceRule[];
  redaction: RedactionRules;
  /** Sources that are taken without a secret. */
  openSources: ReadonlySet<string>;
  /** The sandbox: every source without a secret, and the read API without a token, is open. */
  sandbox: boolean;
  database: { type: "sqlite"; path: string } | { type: "postgres"; url: string };
  host: string;
  /** Only this machine reaches us. */
  loopback: boolean;
  port: number;
  logLevel: "debug" | "info" | "warn" | "error" | "silent";
}>;

/** The routing sections as they are where nothing is written. */
const ROUTING = RoutingSections.parse({});

const SECRET = /^BREAKWATER_SOURCE_([A-Z0-9_]+)_SECRET$/;

function sourceSecrets(env: NodeJS.ProcessEnv): Map<string, string[]> {
  const secrets = new Map<string, string[]>();
  for (const [name, value] of Object.entries(env)) {
    const source = SECRET.exec(name)?.[1];
    const values = (value ?? "")
      .split(",")
      .map((s) => s.trim())
      .filter(Boolean);
    if (source && values.length > 0) secrets.set(source.toLowerCase().replaceAll("_", "-"), values);
  }
  return secrets;
}

function refuse(what: string, error: z.ZodError): never {
  const issues = eachKey(error.issues).map(({ path, message }) => ({ path: path.join("."), message }));
  throw new Refusal(
    "invalid",
    `${what}: ${issues.map((i) => `${i.path || "(top)"}: ${i.message}`).join("; ")}`,
    issues,
  );
}

/** The file as plain data. */
type Written = { grouping?: unknown } & Config["routing"];

function readFile(path: string, required: boolean): z.infer<typeof ConfigFile> & { written: Written } {
  if (!existsSync(path)) {
    if (required) throw new Refusal("not_found", `BREAKWATER_CONFIG names ${path}, which does not exist.`);
    return { ...ConfigFile.parse({}), written: {} };
  }
  const written = writtenIn(path, textOf(path));
  const parsed = ConfigFile.safeParse(written, { error: inPlainWords });
  return parsed.success ? { ...parsed.data, written } : refuse(path, parsed.error);
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const why = (error as Error).message;
    throw new Refusal("invalid", `${path} cannot be read: ${why}. Name the file itself, a breakwater.yaml.`);
  }
}

function writtenIn(path: string, text: string): Written {
  try {
    return (readYaml(text) ?? {}) as Written;
  } catch (error) {
    throw new Refusal("invalid", `${path} is not valid YAML: ${(error as Error).message}`);
  }
}

function slackConfig(env: z.infer<typeof Environment>): SlackConfig | null {
  const { SLACK_BOT_TOKEN: botToken, SLACK_APP_TOKEN: appToken, SLACK_SIGNING_SECRET: signingSecret } = env;
  if (!botToken && !appToken && !signingSecret) return null;
  if (!botToken)
    throw new Refusal(
      "invalid",
      "SLACK_BOT_TOKEN is missing. Copy the Bot User OAuth Token (xoxb-…) from the app's OAuth page.",
    );
  const apiUrl = env.SLACK_API_URL ?? null;
  if (appToken) return { botToken, mode: { type: "socket", appToken }, apiUrl };
  if (signingSecret) return { botToken, mode: { type: "http", signingSecret }, apiUrl };
  throw new Refusal(
    "invalid",
    "Set SLACK_APP_TOKEN (Socket Mode, xapp-…) or SLACK_SIGNING_SECRET (HTTP) beside SLACK_BOT_TOKEN.",
  );
}

/** Whether only this machine reaches an address. */
function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

function refuseOpenOnNetwork(host: string, file: z.infer<typeof ConfigFile>): void {
  if (file.openSources.length === 0 || file.openOnNetwork || isLoopback(host)) return;
  throw new Refusal(
    "invalid",
    `openSources lets anybody who reaches ${host} send alerts as ${file.openSources.join(", ")}. Give them secrets (BREAKWATER_SOURCE_<NAME>_SECRET), leave HOST out, or set openOnNetwork: true where something in front of Breakwater authenticates them.`,
  );
}

function withDefaults(allow: RedactionRules["allow"]): RedactionRules["allow"] {
  const everywhere = [...(DEFAULT_ALLOW["*"] ?? []), ...(allow["*"] ?? [])];
  return { ...DEFAULT_ALLOW, ...allow, "*": everywhere };
}

/** Reads environment and file into one frozen object, or refuses with every wrong field named. */
export function loadConfig(environment: NodeJS.ProcessEnv): Config {
  // A line such as `PORT=` says nothing: Compose and the like pass it on where nobody has set the variable.
  const env = Object.fromEntries(Object.entries(environment).filter(([, value]) => value?.trim()));
  const parsed = Environment.safeParse(env, { error: inPlainWords });
  if (!parsed.success) refuse("environment", parsed.error);
  const e = parsed.data;
  const file = readFile(e.BREAKWATER_CONFIG, env.BREAKWATER_CONFIG !== undefined);
  const slack = slackConfig(e);
  refuseOpenOnNetwork(e.HOST, file);
  // The sandbox begins afresh each time, so its database is never the one of a real workspace.
  const url = e.DATABASE_URL ?? `sqlite:./data/${slack ? "" : "sandbox/"}breakwater.db`;
  const database = url.startsWith("sqlite:")
    ? ({ type: "sqlite", path: resolve(url.slice("sqlite:".length)) } as const)
    : ({ type: "postgres", url } as const);
  return Object.freeze({
    slack,
    channel: e.BREAKWATER_CHANNEL ?? file.channel ?? null,
    command: file.command,
    runbooksDir: file.runbooks,
    reopenWithinMs: file.reopenWithin,
    closeAfterMs: file.closeAfter,
    retention: file.retention,
    maxBodyBytes: file.maxBodyMiB * 1024 * 1024,
    access: file.access,
    rateLimit: file.rateLimit,
    selfAlarm: { channel: file.selfAlarm.channel ?? null, afterMs: file.selfAlarm.after },
    heartbeat: { url: e.BREAKWATER_HEARTBEAT_URL ?? null, everyMs: file.heartbeat.every },
    apiTokens: e.BREAKWATER_API_TOKEN,
    sourceSecrets: sourceSecrets(env),
    grouping: file.written.grouping ?? {},
    routing: Object.fromEntries(
      Object.entries(ROUTING).map(([section, unset]) => [
        section,
        file.written[section as keyof typeof ROUTING] ?? unset,
      ]),
    ),
    lineageFiles: file.lineage,
    pathRules: file.changes.map(({ repository, ...rule }) => ({
      ...rule,
      ...(repository === undefined ? {} : { repository }),
    })),
    assetNames: file.assetNames.map(({ from, to, prefix }) => ({
      from,
      to,
      ...(prefix === undefined ? {} : { prefix }),
    })),
    redaction: { allow: withDefaults(file.redactionAllow) },
    openSources: new Set(file.openSources),
    sandbox: false,
    database,
    host: e.HOST,
    loopback: isLoopback(e.HOST),
    port: e.PORT,
    logLevel: e.LOG_LEVEL,
  });
}
