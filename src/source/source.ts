import type { LineageStatement } from "../core/correlate/lineage-statement.ts";
import type { AlertSignal } from "../core/signal/alert.ts";
import type { ChangeSignal } from "../core/signal/change.ts";

/** One request of a sender, as the HTTP edge hands it on: raw bytes for signatures, the parsed body for reading. */
export type SourceRequest = {
  /** The path of the address: some protocols put an identity into it (`/v2/alerts/{alias}/close`). */
  path: string;
  /** Names in lower case. */
  headers: Record<string, string | undefined>;
  query: Record<string, string | undefined>;
  rawBody: Buffer;
  /** What `parse` made of the body; undefined while the request is not authenticated. */
  body: unknown;
  /** When the request came, ISO 8601 UTC; stands in for times that the payload does not have. */
  receivedAt: string;
  /** The network, for a proof that lies elsewhere (the certificate of an SNS message). */
  fetch: typeof fetch;
};

/**
 * How a payload was read. All lists may be empty: an authentic message that is neither alert nor change. `rejected` are
 * the parts of a batch that could not be read at all, by their path in the body; the others go through all the same.
 */
export type Reading = {
  alerts: AlertSignal[];
  changes?: ChangeSignal[];
  /** What the payload says of lineage beside: a manifest that came with test results, a job's inputs and outputs. */
  lineage?: LineageStatement[];
  rejected: { path: string; message: string }[];
};

/**
 * One tool. Adding one is a file, a line in registry.ts and fixtures. Everything but `authenticate` and `handshake` is
 * pure.
 */
export type Source = {
  name: string;
  /** As people write the tool's name. */
  title: string;
  contentTypes: string[];
  /**
   * Refuses (Refusal "unauthorized") unless the request proves itself with one of the secrets; several are valid at
   * once while rotating.
   */
  authenticate(request: SourceRequest, secrets: string[]): void | Promise<void>;
  /**
   * Answers a sender that asks, before it sends anything, whether we are there. True: that was all the request was for.
   * Called after `authenticate`, with the body parsed.
   */
  handshake?(request: SourceRequest): Promise<boolean>;
  /** What a request is that `handshake` answers, and what the bot does about it, in words; null for all others. */
  greeting?(request: SourceRequest): string | null;
  /** How the bytes become `body`, for senders that do not always send JSON; undefined: as JSON. Refuses with "invalid". */
  parse?(request: SourceRequest): unknown;
  /**
   * What is posted to `/v1/alerts/{name}`. Refuses (Refusal "invalid", with the path of each wrong field) a body that
   * is not this tool's at all.
   */
  read?(request: SourceRequest): Reading;
  /** Whether the sender shows a link to our thread, if the answer to this request has one (`link: {url, text}`). */
  showsLink?(request: SourceRequest): boolean;
  /** What is posted to `/v1/changes/{name}`. */
  readChanges?(request: SourceRequest): Reading;
  /** What is posted to `/v1/lineage/{name}`. */
  readLineage?(request: SourceRequest): Reading;
};
