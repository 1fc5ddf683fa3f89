/** The app as it ships with every door shut by a secret, and the list of all addresses that its server has. */
import { subscribe } from "node:diagnostics_channel";
import type { FastifyInstance, RouteOptions } from "fastify";
import { secretVariable } from "../../src/source/auth.ts";
import { SOURCES } from "../../src/source/registry.ts";

/**
 * A secret of its own for each source, as long as a routing key of PagerDuty. Its shape is one that no redaction knows:
 * what is seen of it was let out by us.
 */
export const SOURCE_SECRETS = new Map(
  SOURCES.map(({ name }) => [name, [`hush-${name}-`.padEnd(32, "0123456789")]]),
);

export const VARIABLES = Object.fromEntries(
  [...SOURCE_SECRETS].map(([name, [secret]]) => [secretVariable(name), secret!]),
);

export type Route = { method: string; url: string };

/** Every route that any server of this process registers from now on; hooks and refusals of methods are not routes. */
export function watchRoutes(): Route[] {
  const routes: Route[] = [];
  subscribe("fastify.initialization", (message) => {
    const { fastify } = message as { fastify: FastifyInstance };
    fastify.addHook("onRoute", ({ method, url, schema }: RouteOptions) => {
      // What answers other methods takes all of them at once (405), and OPTIONS tells only which there are.
      const methods = [method].flat();
      if (methods.length > 5 && (schema as { hide?: boolean })?.hide) return;
      for (const each of methods) routes.push({ method: each, url });
    });
  });
  return routes;
}

/** The addresses that a route stands for: with every source's name where it takes one. */
export function addressesOf({ url }: Route): string[] {
  const kind = /^\/v1\/(alerts|changes|lineage)\/:source$/.exec(url)?.[1];
  if (kind) {
    const reader = ({ alerts: "read", changes: "readChanges", lineage: "readLineage" } as const)[
      kind as "alerts"
    ];
    return SOURCES.filter((source) => source[reader]).map(({ name }) => url.replace(":source", name));
  }
  const words: Record<string, string> = { key: "INC-1", format: "md", secret: "wrong", event: "run-status" };
  return [url.replace(/:(\w+)/g, (_, name: string) => words[name] ?? "x1")];
}
