import { bearerOrToken } from "./auth.ts";
import { partsOf, readEach } from "./draft.ts";
import { readElementaryRow } from "./elementary-row.ts";
import { wrappedParts } from "./generic-fields.ts";
import { field, text } from "./json.ts";
import type { Reading, Source, SourceRequest } from "./source.ts";

/**
 * Elementary OSS sends to Slack and Teams only (for that see slack-webhook.ts). What is read here are rows of its tables
 * (https://docs.elementary-data.com/oss/guides/alerts/elementary-alerts), posted by a job of the user's own: of the
 * alerts tables, or of elementary_test_results, which also tell of tests that pass.
 */
export const elementary = {
  name: "elementary",
  title: "Elementary",
  contentTypes: ["application/json"],
  authenticate: bearerOrToken,
  read(request: SourceRequest): Reading {
    const wrapped = field(request.body, "alerts");
    const parts = wrapped === undefined ? partsOf(request.body) : wrappedParts(wrapped, "alerts");
    const from = {
      source: "elementary",
      namespace: text(request.query.namespace),
      environment: text(request.query.environment),
    };
    return readEach(parts, (row) => readElementaryRow(row, from, request.receivedAt));
  },
} satisfies Source;
