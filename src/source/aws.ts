import type { Asset } from "../core/signal/asset.ts";
import { field, list, textAt } from "./json.ts";

/** `arn:partition:service:region:account:resource`; the resource may hold colons. Null for anything else. */
export function arnParts(arn: string | null) {
  const [prefix, partition, service, region, account, ...resource] = (arn ?? "").split(":");
  if (prefix !== "arn" || resource.length === 0) return null;
  return {
    partition: partition!,
    service: service!,
    region: region!,
    account: account!,
    resource: resource.join(":"),
  };
}

/** China and the US government have partitions, and consoles, of their own. */
export function partitionOf(region: string | null): string {
  if (region?.startsWith("cn-")) return "aws-cn";
  return region?.startsWith("us-gov-") ? "aws-us-gov" : "aws";
}

const CONSOLES: Record<string, string> = {
  aws: "console.aws.amazon.com",
  "aws-cn": "console.amazonaws.cn",
  "aws-us-gov": "console.amazonaws-us-gov.com",
};

/** A page of the console, null where the region is not known. `page` begins behind the region: `#/jobs`. */
export function consoleUrl(service: string, region: string | null, page: string): string | null {
  if (region === null || !/^[a-z]{2}(-[a-z]+)+-\d$/.test(region)) return null;
  return `https://${CONSOLES[partitionOf(region)]}/${service}/home?region=${region}${page}`;
}

/** A name as a part of an address. On half a surrogate pair encodeURIComponent alone would throw. */
export function escaped(name: string): string {
  return encodeURIComponent(name.toWellFormed());
}

/** The last name of an ARN or path: `nightly-load` of `arn:aws:states:…:stateMachine:nightly-load`. */
export function lastName(path: string | null): string | null {
  const name = (path ?? "").split(/[:/]/).at(-1)!.trim();
  return name === "" ? null : name;
}

/**
 * A table of the Glue Data Catalog as OpenLineage names it (https://openlineage.io/docs/spec/naming, "AWS Glue"):
 * namespace `arn:aws:glue:{region}:{account}`, name `table/{database}/{table}`. Where region or account are not known
 * the namespace is `glue` alone.
 */
export function glueTable(table: {
  region: string | null;
  account: string | null;
  database: string;
  table: string;
}): Asset {
  const { region, account } = table;
  const known = region !== null && account !== null;
  return {
    namespace: known ? `arn:${partitionOf(region)}:glue:${region}:${account}` : "glue",
    name: `table/${table.database}/${table.table}`,
  };
}

/** An event of EventBridge: https://docs.aws.amazon.com/eventbridge/latest/ref/events-structure.html. */
export type AwsEvent = {
  id: string | null;
  type: string;
  account: string | null;
  region: string | null;
  time: string | null;
  resources: string[];
  detail: unknown;
  /** All of it, with the envelope that it came in. */
  raw: unknown;
};

/** Null where a content is no event: a type and a detail is what every event has. */
export function readAwsEvent(content: unknown, raw: unknown): AwsEvent | null {
  const type = textAt(content, "detail-type");
  const detail = field(content, "detail");
  if (type === null || typeof detail !== "object" || detail === null) return null;
  return {
    id: textAt(content, "id"),
    type,
    account: textAt(content, "account"),
    region: textAt(content, "region"),
    time: textAt(content, "time"),
    resources: list(field(content, "resources")).filter((each) => typeof each === "string"),
    detail,
    raw,
  };
}
