import type { AlertSeverity, AlertSignal } from "../core/signal/alert.ts";
import type { Asset } from "../core/signal/asset.ts";
import type { ChangeSignal } from "../core/signal/change.ts";
import { datasetFromParts, datasetFromUri, platformNamespace } from "../core/signal/dataset.ts";
import { readSeverity } from "../core/signal/words.ts";
import { bearerOrToken } from "./auth.ts";
import { finishChange } from "./change-draft.ts";
import { finishAlert, invalid, partsOf, readEach } from "./draft.ts";
import { field, type JsonObject, object, text, textAt } from "./json.ts";
import type { Reading, Source, SourceRequest } from "./source.ts";

/**
 * DataHub's entity change events (https://docs.datahub.com/docs/actions/events/entity-change-event), as the action of
 * docs/sources/datahub.md posts them: DataHub itself has no webhook. Alone or in the envelope of the Actions framework.
 */
export const datahub = {
  name: "datahub",
  title: "DataHub",
  contentTypes: ["application/json"],
  authenticate: bearerOrToken,
  read(request: SourceRequest): Reading {
    const changes: ChangeSignal[] = [];
    const reading = readEach(partsOf(request.body), (part) => {
      const event = eventOf(part);
      if (event === null) return null;
      if (event.category === "INCIDENT") return readIncident(event, request.receivedAt);
      if (event.category === "RUN") return readRun(event, request.receivedAt);
      if (event.category === "TECHNICAL_SCHEMA") changes.push(readSchemaChange(event, request.receivedAt));
      return null;
    });
    return changes.length === 0 ? reading : { ...reading, changes };
  },
} satisfies Source;

type Event = {
  urn: string;
  category: string;
  operation: string;
  parameters: JsonObject;
  atMs: unknown;
  actor: string | null;
  raw: JsonObject;
};

/** Null for the other events that the framework hands to an action (a metadata change log). */
function eventOf(part: unknown): Event | null {
  const enveloped = object(field(part, "event"));
  const kind = textAt(part, "event_type");
  if (enveloped !== null && kind !== null && !kind.startsWith("EntityChangeEvent")) return null;
  const raw = enveloped ?? object(part);
  const urn = textAt(raw, "entityUrn");
  const category = textAt(raw, "category");
  if (raw === null || urn === null || category === null) {
    const missing = urn === null ? "entityUrn" : "category";
    throw invalid(`This is no entity change event of DataHub: it has no ${missing}.`, [
      { path: missing, message: "is required" },
    ]);
  }
  return {
    urn,
    category: category.toUpperCase(),
    operation: (textAt(raw, "operation") ?? "").toUpperCase(),
    // Under its second name where the event of the Python library was written out as it stands.
    parameters: object(raw.parameters) ?? object(field(raw, "__parameters_json")) ?? {},
    atMs: field(raw, "auditStamp", "time"),
    actor: actorOf(textAt(raw, "auditStamp", "actor")),
    raw,
  };
}

function readIncident(event: Event, receivedAt: string): AlertSignal | null {
  const { urn, operation, parameters, atMs, raw } = event;
  if (operation !== "ACTIVE" && operation !== "RESOLVED") return null;
  const firing = operation === "ACTIVE";
  const urns = urnsIn(parameters.entities);
  const at = (name: string) => textAt(parameters, name);
  const type = at("incidentType") ?? at("type");
  const title = at("incidentTitle") ?? at("title");
  const priority = at("incidentPriority") ?? at("priority");
  const places = urns.map(shortName).slice(0, 3).join(", ");
  const fallback = `${type === null ? "Incident" : `${type} incident`} on ${places || urn}`;
  return finishAlert(
    {
      source: "datahub",
      dedupKey: urn,
      deliveryId: `${urn}/${operation}/${text(atMs) ?? ""}`,
      status: firing ? "firing" : "resolved",
      severity: readSeverity(priority) ?? "error",
      title: title === null ? fallback : `${title}${places === "" ? "" : ` (${places})`}`,
      description: at("incidentDescription") ?? at("description"),
      assets: urns.map(assetOfUrn),
      labels: {
        incident_type: type,
        priority,
        incident_urn: urn,
        environment: environmentOf(urns),
        actor: event.actor,
      },
      startsAt: firing ? atMs : null,
      endsAt: firing ? null : atMs,
      observedAt: atMs,
      raw,
    },
    receivedAt,
  );
}

/** An assertion that could not be evaluated (ERROR) is told, but says nothing of the data: it is only a warning. */
const VERDICTS: Record<string, { status: AlertSignal["status"]; severity: AlertSeverity; word: string }> = {
  FAILURE: { status: "firing", severity: "error", word: "failed" },
  ERROR: { status: "firing", severity: "warning", word: "could not be evaluated" },
  SUCCESS: { status: "resolved", severity: "error", word: "passed" },
};

/** A run of an assertion, or of a task or pipeline. `runResult` of an assertion is COMPLETE; the verdict stands apart. */
function readRun(event: Event, receivedAt: string): AlertSignal | null {
  const { urn, operation, parameters, atMs, raw } = event;
  const at = (name: string) => textAt(parameters, name);
  const word = (at("assertionResult") ?? at("runResult") ?? "").toUpperCase();
  const verdict = Object.hasOwn(VERDICTS, word) ? VERDICTS[word]! : null;
  if (operation !== "COMPLETED" || verdict === null) return null;
  const isAssertion = parseUrn(urn)?.type === "assertion";
  // An instance of a process is one run of it, so it cannot be the identity.
  const job = at("dataJobUrn") ?? at("dataFlowUrn");
  const subject = isAssertion ? urn : job;
  if (subject === null) return null;
  const assertee = at("asserteeUrn");
  const about = isAssertion ? assertee : job;
  const what = isAssertion ? `Assertion ${shortName(urn)}` : shortName(job!);
  const firing = verdict.status === "firing";
  return finishAlert(
    {
      source: "datahub",
      dedupKey: subject,
      deliveryId: `${urn}/${at("runId") ?? at("attempt") ?? ""}/${text(atMs) ?? ""}/${word}`,
      status: verdict.status,
      severity: verdict.severity,
      title: `${what}${isAssertion && assertee !== null ? ` on ${shortName(assertee)}` : ""} ${verdict.word}`,
      assets: [about === null ? null : assetOfUrn(about)],
      labels: {
        assertion: isAssertion ? shortName(urn) : null,
        run_id: at("runId"),
        run_instance: isAssertion ? null : urn,
        attempt: at("attempt"),
        result: word,
        environment: environmentOf([assertee ?? ""]),
        actor: event.actor,
      },
      startsAt: firing ? atMs : null,
      endsAt: firing ? null : atMs,
      observedAt: atMs,
      raw,
    },
    receivedAt,
  );
}

const SCHEMA_WORDS: Record<string, string> = {
  ADD: "added to",
  REMOVE: "removed from",
  MODIFY: "changed in",
};

/** One event a column; those of one ingestion come one after another. */
function readSchemaChange(event: Event, receivedAt: string): ChangeSignal {
  const { urn, operation, parameters, atMs, actor, raw } = event;
  const fieldUrn = textAt(parameters, "fieldUrn") ?? textAt(raw, "modifier") ?? "";
  const column = textAt(parameters, "fieldPath") ?? parseUrn(fieldUrn)?.parts[1] ?? null;
  // A change of a column may be told of as one of the column, which is an entity too.
  const dataset = parseUrn(urn)?.type === "schemaField" ? (parseUrn(urn)!.parts[0] ?? urn) : urn;
  const done = Object.hasOwn(SCHEMA_WORDS, operation) ? SCHEMA_WORDS[operation]! : "changed in";
  const key = [dataset, operation, column ?? fieldUrn, text(atMs) ?? ""].join("/");
  return finishChange(
    {
      source: "datahub",
      dedupKey: key,
      deliveryId: key,
      kind: "schema",
      status: "succeeded",
      title: `${column === null ? "Schema" : `Column ${column}`} ${done} ${shortName(dataset)}`,
      description: textAt(raw, "description"),
      actor,
      environment: environmentOf([dataset]),
      assets: [assetOfUrn(dataset)],
      labels: {
        column,
        operation,
        nullable:
          typeof parameters.nullable === "boolean" ? String(parameters.nullable) : parameters.nullable,
        semantic_version_change: textAt(raw, "semVerChange"),
      },
      endedAt: atMs,
      raw,
    },
    receivedAt,
  );
}

/** `urn:li:corpuser:ines` → `ines`. */
function actorOf(urn: string | null): string | null {
  return urn === null ? null : (parseUrn(urn)?.parts[0] ?? urn);
}

export type Urn = { type: string; parts: string[] };

/**
 * `urn:li:dataset:(urn:li:dataPlatform:snowflake,shop.core.orders,PROD)` is a dataset of three parts, the first a urn
 * itself; `urn:li:tag:pii` a tag of one. Null for what is no urn.
 */
export function parseUrn(urn: string): Urn | null {
  const match = /^urn:li:([A-Za-z]{1,60}):(.+)$/s.exec(urn.trim().slice(0, 5000));
  if (!match) return null;
  const rest = match[2]!;
  const inner = rest.startsWith("(") && rest.endsWith(")") ? splitTop(rest.slice(1, -1)) : [rest];
  return { type: match[1]!, parts: inner };
}

/** Splits at the commas that stand in no brackets. */
function splitTop(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let i = 0; i < text.length; i += 1) {
    if (text[i] === "(") depth += 1;
    else if (text[i] === ")") depth -= 1;
    else if (text[i] === "," && depth === 0) {
      parts.push(text.slice(from, i));
      from = i + 1;
    }
  }
  return [...parts, text.slice(from)].map((part) => part.trim()).filter((part) => part !== "");
}

/** The urns of a list, or of the text `[urn, urn]` that Java makes of one, quoted or not. */
export function urnsIn(value: unknown): string[] {
  const written = text(value)?.slice(0, 200_000).replace(/^\[/, "").replace(/\]$/, "");
  const all = Array.isArray(value) ? value.map(text) : splitTop(written ?? "");
  const bare = all.map((each) => (each ?? "").replace(/^"|"$/g, ""));
  return [...new Set(bare.filter((each) => each.startsWith("urn:li:")))];
}

/** Object stores, whose names DataHub writes with the bucket in front. */
const STORES: Record<string, string> = { s3: "s3", gcs: "gs" };

export function assetOfUrn(urn: string): Asset | null {
  const parsed = parseUrn(urn);
  if (parsed === null) return null;
  const [first, second] = parsed.parts;
  if (first === undefined) return null;
  if (parsed.type === "schemaField") return first.startsWith("urn:li:dataset:") ? assetOfUrn(first) : null;
  if (parsed.type === "dataset" && second !== undefined) {
    const platform = parseUrn(first)?.parts[0] ?? first;
    const store = Object.hasOwn(STORES, platform) ? STORES[platform] : undefined;
    if (store !== undefined) return datasetFromUri(`${store}://${second.replace(/^[a-z0-9]{1,5}:\/\//, "")}`);
    return datasetFromParts(platformNamespace(platform), [second]);
  }
  if (parsed.type === "dataJob" && second !== undefined) {
    const [tool, flow] = parseUrn(first)?.parts ?? [];
    return tool === undefined ? null : datasetFromParts(tool, [flow ?? null, second]);
  }
  if (["dashboard", "chart", "dataFlow"].includes(parsed.type) && second !== undefined)
    return datasetFromParts(first, [second]);
  return parsed.type === "dataset" ? datasetFromParts("datahub", [first]) : null;
}

function shortName(urn: string): string {
  return assetOfUrn(urn)?.name ?? parseUrn(urn)?.parts[0] ?? urn;
}

/** The fabric (PROD, DEV) of the first dataset. */
function environmentOf(urns: string[]): string | null {
  return urns.map((urn) => parseUrn(urn)).find((urn) => urn?.type === "dataset")?.parts[2] ?? null;
}
