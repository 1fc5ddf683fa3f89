import type { AlertSignal } from "../core/signal/alert.ts";
import type { Asset } from "../core/signal/asset.ts";
import { datasetFromParts } from "../core/signal/dataset.ts";
import { readSeverity } from "../core/signal/words.ts";
import { bearerOrToken } from "./auth.ts";
import { finishAlert, invalid, partsOf, readEach } from "./draft.ts";
import { refuseTemplate } from "./generic-fields.ts";
import { field, type JsonObject, list, object, text, textAt } from "./json.ts";
import { saidText } from "./placeholder.ts";
import { attributesOf, checkName, outcomeOf, shownValue } from "./soda-check.ts";
import { isScan, readScan } from "./soda-scan.ts";
import type { Reading, Source, SourceRequest } from "./source.ts";

/**
 * Soda Cloud's webhook (https://docs.soda.io/reference/webhook-api, and for version 3
 * https://docs.soda.io/soda-documentation/soda-v3/integrate-soda/integrate-webhooks), and the scan results of soda-core 3, which
 * send nothing by themselves. Soda does not publish where its signature is, so the secret is in a header or the URL.
 */
export const soda = {
  name: "soda",
  title: "Soda",
  contentTypes: ["application/json"],
  authenticate: bearerOrToken,
  /** Soda Cloud sends this while the integration is set up; any answer of 200 will do. */
  handshake: async (request: SourceRequest): Promise<boolean> => isValidation(request),
  greeting: (request: SourceRequest): string | null =>
    isValidation(request)
      ? "Soda Cloud tries the address while the integration is set up. The bot answers 200, and that is all."
      : null,
  // https://docs.soda.io/reference/webhook-api: the answer to incidentCreated may carry a link, shown with the incident.
  showsLink: (request: SourceRequest): boolean => textAt(request.body, "event") === "incidentCreated",
  read(request: SourceRequest): Reading {
    const readings = partsOf(request.body).map(({ path, part }) => readBody(part, path, request));
    return {
      alerts: readings.flatMap((each) => each.alerts),
      rejected: readings.flatMap((each) => each.rejected),
    };
  },
} satisfies Source;

function isValidation({ body }: SourceRequest): boolean {
  return textAt(body, "event") === "validate";
}

function readBody(part: unknown, path: string, request: SourceRequest): Reading {
  const body = object(part);
  if (body !== null && isScan(body)) return readScan(body, path, request);
  const event = textAt(body, "event");
  if (body === null || event === null) {
    throw invalid(
      "This is neither an event of Soda Cloud (it has no event) nor a scan result (it has no checks).",
      [{ path: path === "" ? "event" : `${path}.event`, message: "is required" }],
    );
  }
  const at = (name: string) => (path === "" ? name : `${path}.${name}`);
  if (event === "checkEvaluation") {
    return readEach(partsOf(list(body.checkResults), at("checkResults")), (check) =>
      readCheck(check, request),
    );
  }
  if (event === "incidentCreated" || event === "incidentUpdated") {
    return readEach([{ path: at("incident"), part: body.incident }], (incident) =>
      readIncident(incident, body, request),
    );
  }
  return { alerts: [], rejected: [] };
}

function idOf(part: unknown, what: string): string {
  refuseTemplate("id", field(part, "id"));
  const id = saidText(field(part, "id"));
  if (id !== null) return id;
  throw invalid(`The ${what} has no id.`, [{ path: "id", message: "is required" }]);
}

function readCheck(part: unknown, request: SourceRequest): AlertSignal | null {
  const id = idOf(part, "check result");
  const outcome = outcomeOf(field(part, "outcome"));
  if (outcome === null) return null;
  const datasets = list(field(part, "datasets"));
  const column = textAt(part, "column");
  const shown = datasets.map((dataset) => textAt(dataset, "label") ?? textAt(dataset, "name"));
  const place = [shown.find((each) => each !== null), column].filter(Boolean).join(".");
  const at = saidText(field(part, "dataTimestamp"));
  const key = `check/${id}`;
  const name = checkName(part);
  return finishAlert(
    {
      source: "soda",
      dedupKey: key,
      deliveryId: at === null ? null : `${key}/${at}/${outcome.words}`,
      status: outcome.status,
      severity: outcome.severity,
      title: `${name ?? "A check"}${place === "" ? "" : ` on ${place}`} ${outcome.words}${shownValue(part, outcome)}`,
      description: textAt(part, "definition"),
      assets: assetsOf(datasets, request),
      labels: {
        ...Object.assign(
          {},
          ...datasets.slice(0, 20).map((dataset) => attributesOf(field(dataset, "attributes"))),
        ),
        check: name,
        check_id: id,
        column,
        dataset: unique(datasets.map((dataset) => textAt(dataset, "name"))),
        data_source: unique(datasets.map((dataset) => textAt(dataset, "datasource", "name"))),
        owner: unique(datasets.map((dataset) => textAt(dataset, "owner", "email"))),
        tags: unique(datasets.flatMap((dataset) => list(field(dataset, "tags")).map(text))),
        agreement: textAt(part, "agreement", "label"),
      },
      links: [
        { title: "Open in Soda Cloud", url: field(part, "sodaCloudUrl") },
        ...datasets.slice(0, 5).map((dataset) => ({ title: "Dataset", url: field(dataset, "sodaCloudUrl") })),
        { title: "Agreement", url: field(part, "agreement", "sodaCloudUrl") },
      ],
      startsAt: outcome.status === "firing" ? at : null,
      endsAt: outcome.status === "resolved" ? at : null,
      observedAt: at,
      raw: part,
    },
    request.receivedAt,
  );
}

const RESOLVED = new Set(["resolved", "closed", "fixed"]);

function readIncident(part: unknown, body: JsonObject, request: SourceRequest): AlertSignal {
  const id = idOf(part, "incident");
  const status = textAt(part, "status");
  const resolved = RESOLVED.has((status ?? "").toLowerCase());
  const severity = textAt(part, "severity");
  const changed = saidText(field(part, "lastUpdatedTimestamp")) ?? saidText(field(part, "lastUpdated"));
  const created = saidText(field(part, "createdTimestamp")) ?? saidText(field(part, "created"));
  const number = textAt(part, "number");
  const checks = list(field(part, "checkResults"));
  const callback = textAt(body, "incidentLinkCallbackUrl") ?? textAt(part, "incidentLinkCallbackUrl");
  return finishAlert(
    {
      source: "soda",
      dedupKey: `incident/${id}`,
      deliveryId: changed === null ? null : `incident/${id}/${changed}/${status ?? "-"}`,
      status: resolved ? "resolved" : "firing",
      severity: readSeverity(severity) ?? "error",
      title: `Soda incident${number === null ? "" : ` ${number}`}: ${textAt(part, "title") ?? textAt(part, "description") ?? id}`,
      description:
        [textAt(part, "description"), textAt(part, "resolutionNotes")].filter(Boolean).join("\n\n") || null,
      assets: checks.flatMap((check) => assetsOf(list(field(check, "datasets")), request)),
      labels: {
        incident_id: id,
        incident_number: number,
        incident_status: status,
        severity,
        lead: textAt(part, "lead", "email"),
        reporter: textAt(part, "reporter", "email"),
        check_ids: unique(checks.slice(0, 20).map((check) => textAt(check, "id"))),
        // Longer than a label may be it would be cut, and lead nowhere.
        link_callback_url: callback?.startsWith("https://") && callback.length <= 1000 ? callback : null,
      },
      links: [
        { title: "Open in Soda Cloud", url: field(part, "sodaCloudUrl") },
        ...list(field(part, "links")).map((link) => ({
          title: textAt(link, "name") ?? textAt(link, "text") ?? "Link",
          url: field(link, "url"),
        })),
      ],
      startsAt: created,
      endsAt: resolved ? (saidText(field(part, "resolutionTimestamp")) ?? changed) : null,
      observedAt: changed ?? created,
      warnings:
        severity !== null && readSeverity(severity) === null
          ? [`The severity "${severity}" is not known and was taken as error.`]
          : [],
      raw: body,
    },
    request.receivedAt,
  );
}

function assetsOf(datasets: unknown[], request: SourceRequest): (Asset | null)[] {
  return datasets.map((dataset) => {
    const namespace =
      text(request.query.namespace) ??
      textAt(dataset, "datasource", "name") ??
      textAt(dataset, "datasource", "label") ??
      "soda";
    return datasetFromParts(namespace, [saidText(field(dataset, "name")) ?? textAt(dataset, "label")]);
  });
}

function unique(values: (string | null)[]): string | null {
  return [...new Set(values.filter((each) => each !== null))].join(", ") || null;
}
