import { setTimeout } from "node:timers/promises";
import type { FastifyRequest, FastifySchema } from "fastify";
import { z } from "zod";
import type { Reads } from "../engine/ports.ts";
import { GenericAlert } from "../source/generic.ts";
import type { Source } from "../source/source.ts";
import type { Intake, Reader } from "./intake.ts";
import { HttpProblem } from "./problem.ts";
import { answer, problemResponses, type Scope } from "./scope.ts";
import { Ingested } from "./shapes.ts";

/** In the OpenAPI document; the real check is the source's own, which reads far more than this. */
export const AlertBody = z.union([
  GenericAlert,
  z.object({ alerts: z.array(GenericAlert) }).describe("Several alerts, for the source `generic`."),
  z.unknown().describe("For every other source: that tool's own format."),
]);

/** `POST /v1/alerts/{source}`, `/v1/changes/{source}` and `/v1/lineage/{source}`: what each tool sends, in its own format. */
export function signalRoutes(
  scope: Scope,
  sources: readonly Source[],
  intake: Intake,
  reads: Pick<Reads, "state">,
): void {
  for (const { url, reader, ...words } of ROUTES) {
    const known = new Map(sources.filter((each) => each[reader]).map((each) => [each.name, each]));
    scope.post(url, {
      schema: schemaOf([...known.keys()], words),
      // Parameters and body are checked by hand, in the order that intake.ts gives.
      validatorCompiler: () => () => true,
      onRequest: async (request) => intake.checkHeaders(sourceOf(request, known, reader), request),
      preParsing: intake.prepareBody,
      async handler(request): Promise<Ingested> {
        const source = sourceOf(request, known, reader);
        const received = await intake.receive(source, reader, request);
        const { alerts, changes, lineage, rejected } = received;
        const incident = source.showsLink?.(received.request) ? alerts[0]?.incident : null;
        const link = incident ? await threadLink(incident, reads) : null;
        return { alerts, changes, lineage, rejected, ...(link ? { link } : {}) };
      },
    });
  }
}

/** Such senders wait 10 s for an answer (Soda), and the thread of a new incident stands some seconds after its alert. */
const LINK_TRIES = 16;
const LINK_EVERY_MS = 500;

async function threadLink(incident: string, reads: Pick<Reads, "state">) {
  for (let tries = 0; tries < LINK_TRIES; tries += 1) {
    const url = (await reads.state(incident))?.thread?.permalink;
    if (url) return { url, text: `#${incident}` };
    await setTimeout(LINK_EVERY_MS);
  }
  return null;
}

const ROUTES: { url: string; reader: Reader; operationId: string; summary: string; tag: string }[] = [
  {
    url: "/v1/alerts/:source",
    reader: "read",
    operationId: "sendAlerts",
    summary: "Send alerts of one tool, in the tool's own format",
    tag: "alerts",
  },
  {
    url: "/v1/changes/:source",
    reader: "readChanges",
    operationId: "sendChanges",
    summary: "Say what changed, in the format of the tool that changed it",
    tag: "changes",
  },
  {
    url: "/v1/lineage/:source",
    reader: "readLineage",
    operationId: "sendLineage",
    summary: "Say what depends on what: a dbt manifest, OpenLineage events, or a list of your own",
    tag: "lineage",
  },
];

function sourceOf(request: FastifyRequest, sources: ReadonlyMap<string, Source>, reader: Reader): Source {
  const { source: name } = request.params as { source: string };
  const source = sources.get(name);
  if (source) return source;
  const what = { read: "alerts", readChanges: "changes", readLineage: "lineage" }[reader];
  throw new HttpProblem(
    "not_found",
    `There is no such source of ${what}. The sources are ${[...sources.keys()].join(", ")}.`,
  );
}

function schemaOf(
  names: string[],
  { operationId, summary, tag }: Omit<(typeof ROUTES)[number], "url" | "reader">,
): FastifySchema {
  return {
    operationId,
    summary,
    description:
      "Durable before the answer. An authentic message that holds nothing of the kind gets 200 with empty lists.",
    tags: [tag],
    security: [{ bearer: [] }, { urlToken: [] }],
    params: z.object({ source: z.enum(names).describe("The sending tool.") }),
    body: tag === "alerts" ? AlertBody : z.unknown(),
    response: {
      200: answer("What became of each part.", Ingested),
      ...problemResponses(
        "malformed_body",
        "unauthorized",
        "not_found",
        "request_timeout",
        "too_large",
        "unsupported_media_type",
        "invalid",
        "rate_limited",
        "unavailable",
      ),
    },
  };
}
