import type { Received } from "../intake.ts";
import { PROBLEMS } from "../problem.ts";
import type { Protocol } from "./protocol.ts";

/** An OpenLineage backend: https://github.com/OpenLineage/OpenLineage/blob/main/spec/OpenLineage.yml. */
export const openLineageProtocol: Protocol = {
  source: "openlineage",
  title: "an OpenLineage backend (Marquez)",
  security: ["bearer", "urlToken"],
  routes: [
    {
      method: "POST",
      url: "/api/v1/lineage",
      summary: "Send an OpenLineage event",
      reader: "read",
      accepted: () => ({ status: 201, body: null }),
    },
    {
      method: "POST",
      url: "/api/v1/lineage/batch",
      summary: "Send a list of OpenLineage events",
      reader: "read",
      accepted: (received) => ({ status: 200, body: batchSummary(received) }),
    },
  ],
  refused: (problem) => {
    const { status } = PROBLEMS[problem.code];
    const code = status === 422 ? 400 : status;
    return { status: code, body: { code, message: problem.message } };
  },
};

function batchSummary({ request, rejected }: Received) {
  const received = Array.isArray(request.body) ? request.body.length : 1;
  const failed = rejected.map(({ path, message }) => ({
    index: Number(/^\[(\d+)\]/.exec(path)?.[1] ?? 0),
    reason: message,
    retriable: false,
  }));
  const count = new Set(failed.map(({ index }) => index)).size;
  return {
    status: count === 0 ? "success" : "partial_success",
    summary: {
      received,
      successful: received - count,
      failed: count,
      retriable: 0,
      non_retriable: count,
    },
    failed_events: failed,
  };
}
