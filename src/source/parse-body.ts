import { invalid } from "./draft.ts";
import { excessIn, MAX_DEPTH, nestsTooDeep } from "./json-limits.ts";
import type { SourceRequest } from "./source.ts";

/** A body that is JSON, whatever its content type; refused where it is none. */
export function parseJsonBody(request: SourceRequest): unknown {
  const body = bodyText(request);
  if (body.trim() === "") throw invalid("The body is empty. Send JSON.");
  const json = jsonIn(body);
  if (json === undefined) throw invalid("The body is not valid JSON.");
  return json;
}

/**
 * A text's JSON, undefined where it is none. What senders wrap once more (in a text, a form, base64) is held to the same
 * limits as a body: whatever else is parsed of a request is parsed by this.
 */
export function jsonIn(text: string): unknown {
  if (/^\s*[[{]/.test(text)) {
    const bytes = Buffer.from(text);
    const excess = nestsTooDeep(bytes) ? `is nested deeper than ${MAX_DEPTH} levels` : excessIn(bytes);
    if (excess !== null) throw invalid(`JSON in the body ${excess}.`);
  }
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A form becomes an object of its fields (of one given twice the last counts), any other body is read as JSON. */
export function parseJsonOrForm(request: SourceRequest): unknown {
  const type = (request.headers["content-type"] ?? "").trim().toLowerCase();
  const body = bodyText(request).trim();
  // Some proxies and scripts send JSON under curl's default type, that of a form.
  if (!type.startsWith("application/x-www-form-urlencoded") || /^[[{]/.test(body))
    return parseJsonBody(request);
  return formFields(body);
}

/** Far more than any tool sends; each costs many times its bytes. */
const MAX_FIELDS = 1000;

/** The fields of a form; of one given twice the last counts. */
export function formFields(form: string): Record<string, string> {
  if (form.split("&", MAX_FIELDS + 1).length > MAX_FIELDS)
    throw invalid(`The form has more than ${MAX_FIELDS.toLocaleString("en")} fields.`);
  return Object.fromEntries(new URLSearchParams(form));
}

/** As text, without the byte order mark that some .NET clients send. */
export function bodyText(request: SourceRequest): string {
  return request.rawBody.toString("utf8").replace(/^\ufeff/, "");
}
