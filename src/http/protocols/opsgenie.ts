import { randomUUID } from "node:crypto";
import { PROBLEMS } from "../problem.ts";
import type { Protocol, ProtocolAnswer, ProtocolRoute } from "./protocol.ts";

/** Opsgenie's Alert API: https://docs.opsgenie.com/docs/alert-api. What it answers 202 is done by then. */
export const opsgenieProtocol: Protocol = {
  source: "opsgenie",
  title: "Opsgenie's Alert API",
  security: ["genieKey", "bearer", "urlToken"],
  routes: [
    route("POST", "/v2/alerts", "Create an alert as in Opsgenie"),
    route("POST", "/v2/alerts/:id/:action", "Close an alert as in Opsgenie; other actions change nothing"),
    // Alertmanager's `update_alerts`: where the new message is refused, Alertmanager never tells that the alert is over.
    route("PUT", "/v2/alerts/:id/:action", "Change a field of an alert as in Opsgenie; this changes nothing"),
    {
      method: "GET",
      url: "/v2/alerts/requests/:requestId",
      summary: "Whether a request to Opsgenie's Alert API was processed",
      reader: null,
      accepted: () => ({
        status: 200,
        body: { data: { success: true, isSuccess: true, status: "Processed" }, ...trailer() },
      }),
    },
  ],
  refused: (problem) => {
    const { status } = PROBLEMS[problem.code];
    const errors = Object.fromEntries(problem.errors.map(({ path, message }) => [path, message]));
    return {
      status,
      body: { message: problem.message, ...(problem.errors.length > 0 ? { errors } : {}), ...trailer() },
    };
  },
};

function route(method: "POST" | "PUT", url: string, summary: string): ProtocolRoute {
  return { method, url, summary, reader: "read", accepted: processed };
}

function processed(): ProtocolAnswer {
  return { status: 202, body: { result: "Request will be processed", ...trailer() } };
}

/** `took` is in seconds; clients read it and do nothing with it. */
function trailer() {
  return { took: 0.001, requestId: randomUUID() };
}
