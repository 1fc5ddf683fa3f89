import { randomUUID } from "node:crypto";
import { PROBLEMS } from "../problem.ts";
import type { Protocol, ProtocolAnswer, ProtocolRoute } from "./protocol.ts";

/**
 * DataKitchen Observability's event API (https://github.com/DataKitchen/dataops-observability), for TestGen and the
 * agents: version 1 answers 204, version 2 202 with an id. Their base address is often written with `/api`.
 */
export const dataKitchenProtocol: Protocol = {
  source: "datakitchen",
  title: "DataKitchen Observability",
  security: ["serviceAccountKey", "bearer", "urlToken"],
  routes: ["", "/api"].flatMap((base): ProtocolRoute[] => [
    route(`${base}/events/v1/:event`, "Send a DataKitchen event, version 1", () => NO_CONTENT),
    route(`${base}/events/v2/:event`, "Send a DataKitchen event, version 2", () => ({
      status: 202,
      body: { event_id: randomUUID() },
    })),
    {
      ...route(`${base}/agent/v1/heartbeat`, "A DataKitchen agent says that it runs", () => NO_CONTENT),
      reader: null,
    },
  ]),
  refused: (problem) => {
    const { status } = PROBLEMS[problem.code];
    const fields = problem.errors.map(({ path, message }) => [path || "body", [message]]);
    const error = fields.length > 0 ? Object.fromEntries(fields) : problem.message;
    return { status: status === 422 ? 400 : status, body: { error } };
  },
};

const NO_CONTENT: ProtocolAnswer = { status: 204, body: null };

function route(url: string, summary: string, accepted: () => ProtocolAnswer): ProtocolRoute {
  return { method: "POST", url, summary, reader: "read", accepted };
}
