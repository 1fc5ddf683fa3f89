import { invalid } from "./draft.ts";
import type { SourceRequest } from "./source.ts";

/** A body that is JSON, whatever its content type; refused where it is none. */
export function parseJsonBody(request: SourceRequest): unknown {
  const body = bodyText(request);
  if (body.trim() === "") throw invalid("The body is empty. Send JSON.");
  try {
    return JSON.parse(body);
  } catch {
    throw invalid("The body is not valid JSON.");
  }
}

/** A form becomes an object of its fields (of one given twice the last counts), any other body is read as JSON. */
export function parseJsonOrForm(request: SourceRequest): unknown {
  const type = (request.headers["content-type"] ?? "").trim().toLowerCase();
  const body = bodyText(request).trim();
  // Some proxies and scripts send JSON under curl's default type, that of a form.
  if (!type.startsWith("application/x-www-form-urlencoded") || /^[[{]/.test(body))
    return parseJsonBody(request);
  return Object.fromEntries(new URLSearchParams(body));
}

/** As text, without the byte order mark that some .NET clients send. */
export function bodyText(request: SourceRequest): string {
  return request.rawBody.toString("utf8").replace(/^\ufeff/, "");
}
