import type { AlertSignal } from "../core/signal/alert.ts";

/** One request of a sender, as the HTTP edge hands it on: raw bytes for signatures, the parsed body for reading. */
export type SourceRequest = {
  headers: Record<string, string | undefined>;
  query: Record<string, string | undefined>;
  rawBody: Buffer;
  /** `JSON.parse` of the body. */
  body: unknown;
  /** When the request came, ISO 8601 UTC; stands in for times that the payload does not have. */
  receivedAt: string;
};

/**
 * How a payload was read. `alerts` may be empty: an authentic message that is no alert. `rejected` are the parts of a
 * batch that could not be read at all, by their path in the body; the others go through all the same.
 */
export type Reading = { alerts: AlertSignal[]; rejected: { path: string; message: string }[] };

/**
 * One tool. `authenticate` refuses (Refusal "unauthorized") unless the request proves itself with one of the secrets;
 * several are valid at once while rotating. `read` is pure and refuses (Refusal "invalid", with the path of each wrong
 * field) a body that is not this tool's at all. Adding a source is a file, a line in registry.ts and fixtures.
 */
export type Source = {
  name: string;
  /** As people write the tool's name. */
  title: string;
  contentTypes: string[];
  authenticate(request: SourceRequest, secrets: string[]): void;
  read(request: SourceRequest): Reading;
};
