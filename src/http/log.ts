import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { FastifyLoggerOptions } from "fastify";

/** What a log line may show of a query. Any other parameter could be a secret (`?token=`), under whatever spelling. */
const SHOWN = new Set(["state", "severity", "kind", "asset", "source", "since", "until", "limit"]);

/** What stands in a path for one incident, or for one of its reports. */
const HARMLESS = /^(?:(?:inc|drill)-\d{1,9}|postmortem\.[a-z]{2,4})$/i;

/**
 * The address as it may be logged. Of its path what is in `words` (of our own routes, names of sources) or names an
 * incident: the secret of an incoming webhook is a part of its path, and others are pasted where they do not belong. Of
 * its query the values of parameters that are known to be harmless.
 */
export function loggedUrl(url: string, words: ReadonlySet<string>): string {
  const asked = url.split("?", 1)[0]!;
  const query = url.slice(asked.length + 1);
  const path = asked
    .split("/")
    .map((part) => (part === "" || words.has(part) || HARMLESS.test(part) ? part : "[redacted]"))
    .join("/");
  if (query === "") return path;
  const shown = [...new URLSearchParams(query)].map(([name, value]) =>
    SHOWN.has(name) ? `${name}=${encodeURIComponent(value)}` : `${encodeURIComponent(name)}=[redacted]`,
  );
  return `${path}?${shown.join("&")}`;
}

/**
 * Our serializers over the caller's options. `words` may be logged of an address, and are filled in as routes are added. Headers and bodies are never logged, and of an error only its words and
 * stack: database drivers hang the values of the failing query on theirs.
 */
export function loggerOptions(log: FastifyLoggerOptions, words: ReadonlySet<string>): FastifyLoggerOptions {
  return {
    ...log,
    stream: log.stream ?? gatheredLines((text) => void process.stdout.write(text)),
    serializers: {
      req: (request) => ({ method: request.method, url: loggedUrl(request.url, words) }),
      res: (reply) => ({ statusCode: reply.statusCode }),
      err: ({ name, message, stack = "", code }) => ({ type: name, message, stack, code }),
    },
  };
}

/**
 * Writes the lines of one turn of the event loop together, as a system call for each line costs a busy server more than
 * making the line. Nothing is held back longer, nor lost when the process ends; pino asks for what is fatal at once.
 */
export function gatheredLines(writeAll: (text: string) => void) {
  let lines = "";
  const flushSync = () => {
    process.off("exit", flushSync);
    const text = lines;
    lines = "";
    if (text !== "") writeAll(text);
  };
  return {
    write(line: string): void {
      if (lines === "") {
        setImmediate(flushSync);
        process.once("exit", flushSync);
      }
      lines += line;
    },
    flushSync,
  };
}

/** A sender's own X-Request-Id is kept if it is harmless to log and to send back, so that its traces join ours. */
export function requestId(raw: Pick<IncomingMessage, "headers">): string {
  const given = raw.headers["x-request-id"];
  return typeof given === "string" && /^[\w.-]{8,64}$/.test(given) ? given : randomUUID();
}
