import { z } from "zod";
import { POSTMORTEM_FORMATS, type PostmortemFormat } from "../render/formats.ts";
import type { Guard } from "./bearer.ts";
import { found, KeyParameter } from "./incidents.ts";
import { problemResponses, type Scope } from "./scope.ts";
import { Postmortem } from "./shapes.ts";

/** A rendered postmortem, or null where there is no such incident. */
export type RenderPostmortem = (
  format: PostmortemFormat,
  key: string,
) => Promise<{ filename: string; mediaType: string; body: string } | null>;

/**
 * The report is a page of its own that needs nothing from anywhere: no script, no request, only the styles and pictures
 * it carries. Should a text of an alert ever escape its escaping, the browser still does not run it.
 */
export const REPORT_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const PostmortemParameters = KeyParameter.extend({ format: z.enum(POSTMORTEM_FORMATS) });
const TEXTS = ["text/markdown", "text/html", "text/csv"];

export function postmortemRoutes(scope: Scope, deps: { guard: Guard; render: RenderPostmortem }): void {
  scope.get("/v1/incidents/:key/postmortem.:format", {
    onRequest: deps.guard,
    schema: {
      operationId: "getPostmortem",
      summary: "The postmortem as a file",
      tags: ["incidents"],
      security: [{ bearer: [] }],
      params: PostmortemParameters,
      response: {
        200: {
          description: "The report.",
          content: {
            ...Object.fromEntries(TEXTS.map((type) => [type, { schema: z.string() }])),
            // What is sent is rendered text, JSON too.
            "application/json": { schema: Postmortem as z.ZodType },
          },
        },
        ...problemResponses("bad_parameter", "unauthorized", "not_found", "rate_limited"),
      },
    },
    handler: async (request, reply) => {
      const { key, format } = request.params;
      const report = found(await deps.render(format, key), key);
      if (format === "html") reply.header("content-security-policy", REPORT_POLICY);
      // A quoted-string (RFC 6266 §4.1) holds no quotes, backslashes or line ends of its own.
      const filename = report.filename.replace(/[^\w. -]/g, "_");
      return reply
        .header("content-disposition", `inline; filename="${filename}"`)
        .type(report.mediaType)
        .send(report.body);
    },
  });
}
