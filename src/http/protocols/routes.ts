import { z } from "zod";
import type { Source } from "../../source/source.ts";
import type { Intake } from "../intake.ts";
import { PROBLEMS, problemOf, reportFault, STATUS_HEADERS } from "../problem.ts";
import { answer, type Scope } from "../scope.ts";
import { alertmanagerProtocol } from "./alertmanager.ts";
import { dataKitchenProtocol } from "./datakitchen.ts";
import { openLineageProtocol } from "./openlineage.ts";
import { opsgenieProtocol } from "./opsgenie.ts";
import { pagerDutyProtocol } from "./pagerduty.ts";
import { type Protocol, type ProtocolRoute, sendAnswer } from "./protocol.ts";
import { slackProtocol } from "./slack.ts";

/** Every protocol that is spoken. docs/http.md lists their addresses, and a test compares. */
export const PROTOCOLS: readonly Protocol[] = [
  pagerDutyProtocol,
  alertmanagerProtocol,
  openLineageProtocol,
  slackProtocol,
  dataKitchenProtocol,
  opsgenieProtocol,
];

export function protocolRoutes(scope: Scope, sources: readonly Source[], intake: Intake): void {
  for (const protocol of PROTOCOLS) {
    const source = sources.find(({ name }) => name === protocol.source);
    // A server that is given fewer sources speaks fewer protocols.
    if (source) for (const route of protocol.routes) protocolRoute(scope, protocol, route, source, intake);
  }
}

function protocolRoute(
  scope: Scope,
  protocol: Protocol,
  route: ProtocolRoute,
  source: Source,
  intake: Intake,
): void {
  scope.route({
    method: route.method,
    url: route.url,
    exposeHeadRoute: false,
    schema: {
      summary: route.summary,
      operationId: operationId(route),
      tags: ["protocols"],
      description: `As ${protocol.title} answers, its errors included; read by the source \`${source.name}\`.`,
      security: protocol.security.map((scheme) => ({ [scheme]: [] })),
      ...(route.method === "GET" ? {} : { body: z.unknown() }),
      response: {
        "2xx": answer(`As ${protocol.title} takes it.`, z.unknown(), "*/*"),
        "4xx": answer(`As ${protocol.title} refuses it.`, z.unknown(), "*/*"),
        "5xx": answer(`As ${protocol.title} fails, or is overloaded: send it again.`, z.unknown(), "*/*"),
      },
    },
    validatorCompiler: () => () => true,
    onRequest: async (request) =>
      route.method === "GET" ? intake.checkRate(source, request) : intake.checkHeaders(source, request),
    preParsing: intake.prepareBody,
    errorHandler(error, request, reply) {
      const problem = problemOf(error, request.id);
      reportFault(problem, error, request);
      reply.headers({ ...STATUS_HEADERS[problem.code], ...problem.headers });
      if (PROBLEMS[problem.code].status === 401) reply.removeHeader("www-authenticate");
      if (request.headers.expect !== undefined && !request.raw.complete) reply.header("connection", "close");
      return sendAnswer(reply, protocol.refused(problem, request));
    },
    async handler(request, reply) {
      const received = await intake.receive(source, route.reader, request, route.check);
      return sendAnswer(reply, route.accepted(received));
    },
  });
}

function operationId({ method, url }: ProtocolRoute): string {
  const words = url.split(/[^a-z0-9]+/i).filter(Boolean);
  return method.toLowerCase() + words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join("");
}
