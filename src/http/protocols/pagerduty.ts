import { object } from "../../source/json.ts";
import { pagerdutyDedupKey, pagerdutyErrors } from "../../source/pagerduty.ts";
import type { SourceRequest } from "../../source/source.ts";
import { HttpProblem, PROBLEMS } from "../problem.ts";
import type { Protocol } from "./protocol.ts";

/** PagerDuty's Events API v2: https://developer.pagerduty.com/docs/events-api-v2-overview. */
export const pagerDutyProtocol: Protocol = {
  source: "pagerduty",
  title: "PagerDuty's Events API v2",
  security: ["routingKey"],
  routes: [
    {
      method: "POST",
      url: "/v2/enqueue",
      summary: "Send an alert as a PagerDuty event",
      reader: "read",
      check: checked("alert"),
      // Clients keep the key, to resolve with it later.
      accepted: ({ request }) => ({
        status: 202,
        body: { status: "success", message: "Event processed", dedup_key: pagerdutyDedupKey(request) },
      }),
    },
    {
      method: "POST",
      url: "/v2/change/enqueue",
      summary: "Send a change as a PagerDuty change event",
      reader: "readChanges",
      check: checked("change"),
      accepted: () => ({ status: 202, body: { status: "success", message: "Change event processed" } }),
    },
  ],
  refused(problem) {
    const { status } = PROBLEMS[problem.code];
    const errors =
      problem.errors.length > 0 ? problem.errors.map(({ message }) => message) : [problem.message];
    if (status >= 500)
      return { status, body: { status: "unavailable", message: "The event was not taken.", errors } };
    // PagerDuty takes any well-formed routing key with 202; a wrong one is refused here, or nobody would ever notice.
    return {
      status: status === 413 || status === 429 ? status : 400,
      body: { status: "invalid event", message: "Event object is invalid", errors },
    };
  },
};
function checked(kind: "alert" | "change") {
  return ({ headers, body }: SourceRequest): HttpProblem | null => {
    // Newer clients send the key as a header.
    const key = headers["x-routing-key"];
    const event = key === undefined ? body : { routing_key: key, ...object(body) };
    const errors = pagerdutyErrors(event, kind);
    if (errors.length === 0) return null;
    const named = errors.map((message) => ({ path: /'(\w+)'/.exec(message)?.[1] ?? "", message }));
    return new HttpProblem("invalid", "Event object is invalid", { errors: named });
  };
}
