import { PROBLEMS } from "../problem.ts";
import type { Protocol } from "./protocol.ts";

/** Alertmanager's API v2, as far as Prometheus and its kin use it: https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml. */
export const alertmanagerProtocol: Protocol = {
  source: "alertmanager",
  title: "Alertmanager",
  security: ["bearer", "urlToken"],
  routes: [
    {
      method: "POST",
      url: "/api/v2/alerts",
      summary: "Send alerts as Prometheus does to Alertmanager",
      reader: "read",
      accepted: () => ({ status: 200, body: null }),
    },
  ],
  // Its errors are a JSON string. Prometheus drops what gets a 4xx and logs the body.
  refused: (problem) => {
    const { status } = PROBLEMS[problem.code];
    return { status: status === 422 ? 400 : status, body: Buffer.from(JSON.stringify(problem.message)) };
  },
};
