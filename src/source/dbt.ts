import type { LineageStatement } from "../core/correlate/lineage-statement.ts";
import { Refusal } from "../core/refusal.ts";
import type { AlertSeverity, AlertSignal } from "../core/signal/alert.ts";
import type { Asset } from "../core/signal/asset.ts";
import { bearerOrToken } from "./auth.ts";
import { ageOf, freshnessVerb, isFreshness, staleSince, withResultList } from "./dbt-freshness.ts";
import {
  type DbtManifest,
  datasetOf,
  dbtManifest,
  isDataset,
  isTest,
  ownerOf,
  resourceType,
  slimNode,
  testedNodes,
} from "./dbt-manifest.ts";
import { finishAlert, invalid, partsOf, readEach } from "./draft.ts";
import { field, firstLine, type JsonObject, list, object, text, textAt } from "./json.ts";
import { readDbtLineage } from "./lineage-dbt.ts";
import type { Reading, Source, SourceRequest } from "./source.ts";

/**
 * The artifacts of a dbt invocation: run_results.json, sources.json and freshness.json, with manifest.json for what
 * they do not say. https://docs.getdbt.com/reference/artifacts/run-results-json, …/sources-json, …/freshness-json
 */
export const dbt = {
  name: "dbt",
  title: "dbt",
  contentTypes: ["application/json"],
  authenticate: bearerOrToken,
  read(request: SourceRequest): Reading {
    const artifacts = artifactsOf(request.body);
    const manifest = dbtManifest(artifacts.manifest, text(request.query.namespace));
    const parts = artifacts.files.flatMap((file) => {
      const run = runOf(file.content, request, manifest);
      return partsOf(file.content.results, joinResults(file.path)).map(({ path, part }) => ({
        path,
        part: { part, run },
      }));
    });
    const reading = readEach(parts, ({ part, run }) => readResult(part, run));
    return artifacts.manifest ? withLineage(reading, artifacts.manifest, request) : reading;
  },
  /** The manifest as it is, or `{manifest}`. */
  readLineage(request: SourceRequest): Reading {
    const manifest = field(request.body, "manifest") ?? request.body;
    return { alerts: [], rejected: [], lineage: [lineageOf(manifest, request)] };
  },
} satisfies Source;

function lineageOf(manifest: unknown, { query, receivedAt }: SourceRequest): LineageStatement {
  const { document, warnings } = readDbtLineage(manifest, {
    namespace: text(query.namespace),
    project: text(query.project),
    target: text(query.target),
    receivedAt,
  });
  return { document, run: null, complete: true, warnings };
}

/** A manifest that came with results says what depends on what too; one that cannot be read takes no alert with it. */
function withLineage(reading: Reading, manifest: unknown, request: SourceRequest): Reading {
  try {
    return { ...reading, lineage: [lineageOf(manifest, request)] };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return {
      ...reading,
      rejected: [...reading.rejected, { path: "manifest", message: error.message }],
    };
  }
}

type Artifact = { path: string; content: JsonObject };
type Artifacts = { files: Artifact[]; manifest: unknown };

function artifactsOf(body: unknown): Artifacts {
  const alone = isResults(body) ? object(body)! : withResultList(object(body));
  if (alone !== null) return { files: [{ path: "", content: alone }], manifest: null };
  const files = ["run_results", "sources", "freshness"]
    .map((name) => artifact(body, name))
    .filter((file) => file !== null);
  if (files.length === 0) {
    throw invalid(
      "This is no dbt artifact. Send target/run_results.json or target/sources.json as it is, or {run_results, manifest, sources} in one JSON object; see docs/sources/dbt.md.",
      [{ path: "run_results", message: "must be the content of run_results.json, with a list `results`" }],
    );
  }
  return { files, manifest: field(body, "manifest") };
}

function isResults(value: unknown): boolean {
  return Array.isArray(field(value, "results"));
}

function artifact(body: unknown, name: string): Artifact | null {
  const sent = object(field(body, name));
  const content = isResults(sent) ? sent : withResultList(sent);
  return content === null ? null : { path: name, content };
}

function joinResults(path: string): string {
  return path === "" ? "results" : `${path}.results`;
}

/** What all results of one file share. */
type Run = {
  manifest: DbtManifest;
  receivedAt: string;
  invocationId: string | null;
  command: string | null;
  /** Given by the sender only: both are part of the identity, which must not change with the files that are sent. */
  project: string | null;
  target: string | null;
  generatedAt: unknown;
  url: unknown;
  impact: (failing: string) => { assets: (Asset | null)[]; cut: boolean };
};

function runOf(file: JsonObject, request: SourceRequest, manifest: DbtManifest): Run {
  return {
    manifest,
    receivedAt: request.receivedAt,
    invocationId: textAt(file, "metadata", "invocation_id"),
    command: textAt(file, "args", "which") ?? textAt(file, "args", "rpc_method"),
    project: text(request.query.project),
    target: text(request.query.target) ?? textAt(file, "args", "target"),
    generatedAt: field(file, "metadata", "generated_at"),
    // dbt copies environment variables that start with DBT_ENV_CUSTOM_ENV_ into the artifact, without that prefix.
    url: request.query.url ?? field(file, "metadata", "env", "RUN_URL"),
    impact: impactOf(list(file.results), manifest),
  };
}

type Verdict = { status: AlertSignal["status"]; severity: AlertSeverity; verb: string };

/**
 * Statuses of a node, a test and a source's freshness; those that say nothing about the data have no verdict. `checked`
 * is whether the result is that of a check, and not of something that was built.
 */
function verdictOf(status: string, severity: string | null, checked: boolean): Verdict | null {
  const lenient = severity?.toLowerCase() === "warn" ? "warning" : "error";
  switch (status) {
    case "pass":
    case "success":
      return { status: "resolved", severity: lenient, verb: status === "pass" ? "passed" : "succeeded" };
    case "warn":
      // dbt 2 says so of a model too (a column that is there twice): it was built, and what reads it was not skipped.
      return checked
        ? { status: "firing", severity: "warning", verb: "warned" }
        : { status: "resolved", severity: "error", verb: "succeeded with warnings" };
    case "fail":
      return { status: "firing", severity: lenient, verb: "failed" };
    case "error":
      return { status: "firing", severity: lenient, verb: "errored" };
    case "partial success": // A microbatch model of which some batches failed: their data is missing.
      return { status: "firing", severity: "error", verb: "succeeded only in part" };
    case "runtime error": // The freshness query itself failed: nobody knows whether the source is fresh.
      return { status: "firing", severity: "error", verb: "could not be checked" };
    case "skipped":
    case "no-op":
    case "reused":
      return null;
    default:
      throw invalid(`The status "${status.slice(0, 50)}" is none of dbt's.`, [
        {
          path: "status",
          message: "must be one of success, pass, warn, fail, error, skipped, partial success, runtime error",
        },
      ]);
  }
}

function readResult(part: unknown, run: Run): AlertSignal | null {
  const result = object(part);
  const uniqueId = textAt(result, "unique_id");
  if (result === null || uniqueId === null) {
    throw invalid("The result names no node.", [{ path: "unique_id", message: "is required" }]);
  }
  const node = run.manifest.node(uniqueId);
  // dbt 2 writes the states of freshness as `Pass`, `Warn`, `Error`.
  const status = (textAt(result, "status") ?? "").toLowerCase();
  // A source has no other results than of its age.
  const isSource = resourceType(uniqueId) === "source";
  const aged = isSource || isFreshness(result);
  const verdict = verdictOf(status, textAt(node, "config", "severity"), aged || isTest(uniqueId));
  if (verdict === null) return null;
  const firing = verdict.status === "firing";
  const name = nodeName(uniqueId, node);
  const message = messageOf(result);
  // A warning lets the build go on, so nothing was skipped because of it.
  const impact = firing && status !== "warn" ? run.impact(uniqueId) : { assets: [], cut: false };
  const cause = firing ? causeLine(message) : null;
  const assets = assetsOf(uniqueId, node, result, run.manifest);
  return finishAlert(
    {
      source: "dbt",
      dedupKey: [
        run.project ?? packageOf(uniqueId),
        run.target,
        uniqueId,
        aged && !isSource ? "freshness" : null,
      ]
        .filter((each) => each !== null)
        .join("/"),
      deliveryId: run.invocationId,
      status: verdict.status,
      severity: verdict.severity,
      title: `${name} ${(aged ? freshnessVerb(status) : null) ?? verdict.verb}${cause === null ? "" : `: ${cause}`}`,
      description: descriptionOf(message, result, node),
      assets,
      impacted: impact.assets,
      labels: labelsOf(uniqueId, node, status, run),
      links: [{ title: "dbt run", url: run.url }],
      startsAt: firing ? brokenSince(result, status, run) : null,
      endsAt: firing ? null : finishedAt(result, run),
      observedAt: finishedAt(result, run),
      warnings: firing ? warningsOf(uniqueId, assets, run.manifest, impact.cut) : [],
      raw: { result: { ...result, compiled_code: undefined }, node: slimNode(node) },
    },
    run.receivedAt,
  );
}

function packageOf(uniqueId: string): string {
  return uniqueId.split(".")[1] ?? uniqueId;
}

/** The node's name as in the project's files: without type, package, and the hash at the end of a generic test's id. */
function nodeName(uniqueId: string, node: JsonObject | null): string {
  const parts = uniqueId.split(".").slice(2);
  if (resourceType(uniqueId) === "test" && parts.length > 1) return textAt(node, "name") ?? parts[0]!;
  return parts.join(".") || uniqueId;
}

/** sources.json has `error` in place of `message`. */
function messageOf(result: JsonObject): string | null {
  return textAt(result, "message") ?? textAt(result, "error") ?? ageOf(result);
}

/** Lines that say that something failed and not what: dbt's own first line, and the warehouse's introduction to the cause. */
const PREAMBLES = [
  /^[\w ]{0,40}Error( in .{1,800})?$/,
  /^SQL compilation error:( error line \d+ at position \d+)?$/,
];

/** Snowflake puts its error code and SQLSTATE before its words. */
const ERROR_CODE = /^\d{6} \(\w{5}\): /;

/** The first line that names the cause; where none does, the first line. */
function causeLine(message: string | null): string | null {
  const lines = (message ?? "")
    .slice(0, 4000)
    .split("\n", 6)
    .map((line) => line.trim().replace(ERROR_CODE, ""))
    .filter((line) => line !== "");
  return text(lines.find((line) => !PREAMBLES.some((preamble) => preamble.test(line)))) ?? firstLine(message);
}

function descriptionOf(message: string | null, result: JsonObject, node: JsonObject | null): string {
  const failures = Number(field(result, "failures") ?? Number.NaN);
  const compiled = textAt(node, "compiled_path");
  const defined = textAt(node, "original_file_path");
  return [
    message,
    Number.isInteger(failures) && failures > 0 ? `Failing rows: ${failures}` : null,
    defined === null ? null : `Defined in: ${defined}`,
    compiled === null ? null : `Compiled to: ${compiled}`,
  ]
    .filter((line) => line !== null)
    .join("\n");
}

function assetsOf(
  uniqueId: string,
  node: JsonObject | null,
  result: JsonObject,
  manifest: DbtManifest,
): (Asset | null)[] {
  // A test's own relation_name is the table of its failing rows (store_failures), not what it tests.
  if (isTest(uniqueId)) return testedNodes(node).map((id) => datasetOf(manifest, id, null));
  return [datasetOf(manifest, uniqueId, textAt(result, "relation_name"))];
}

function labelsOf(uniqueId: string, node: JsonObject | null, status: string, run: Run): JsonObject {
  const tested = isTest(uniqueId) ? run.manifest.node(testedNodes(node)[0] ?? "") : null;
  const tags = field(node, "tags");
  return {
    resource_type: resourceType(uniqueId),
    unique_id: uniqueId,
    package: packageOf(uniqueId),
    project: run.project,
    test_name: isTest(uniqueId) ? (textAt(node, "test_metadata", "name") ?? nodeName(uniqueId, node)) : null,
    column_name: textAt(node, "column_name") ?? textAt(node, "test_metadata", "kwargs", "column_name"),
    status,
    run_id: run.invocationId,
    target: run.target,
    command: run.command,
    owner: ownerOf(run.manifest, node) ?? ownerOf(run.manifest, tested),
    group: textAt(node, "group") ?? textAt(tested, "group"),
    tags: list(tags).length > 0 ? tags : null,
  };
}

/**
 * A stale source broke when its threshold passed, not when the check ran; a node when it ran. Failed nodes often have
 * no timing, and then it is when the file was written.
 */
function brokenSince(result: JsonObject, status: string, run: Run): unknown {
  return (
    staleSince(result, status, run.receivedAt) ?? field(executed(result), "started_at") ?? run.generatedAt
  );
}

function finishedAt(result: JsonObject, run: Run): unknown {
  return field(result, "snapshotted_at") ?? field(executed(result), "completed_at") ?? run.generatedAt;
}

function executed(result: JsonObject): unknown {
  return list(result.timing).find((phase) => textAt(phase, "name") === "execute");
}

function warningsOf(
  uniqueId: string,
  assets: (Asset | null)[],
  manifest: DbtManifest,
  cut: boolean,
): string[] {
  const warnings: string[] = [];
  if (isTest(uniqueId) && assets.length === 0 && manifest.node(uniqueId) === null) {
    warnings.push("run_results.json does not say which table a test is about: send manifest.json with it.");
  }
  if (assets.length > 0 && !manifest.placed) {
    warnings.push(
      "Without manifest.json or ?namespace= it is not known where the tables live, so they are named under `dbt` and not matched with those of other tools.",
    );
  }
  if (cut) warnings.push("The list of skipped downstream models is not complete.");
  return warnings;
}

/** Per alert as many as an alert holds; over all alerts of one file a bound on the work, whatever its graph. */
const IMPACT_LIMITS = { assets: 200, steps: 500_000 } as const;

/**
 * The models that dbt skipped because of a failing node. With a manifest: those downstream of it, walking only through
 * nodes that did not run (dbt skips all descendants, also past nodes outside the selection); a failing test blocks
 * what reads the table it tests. Without: all that were skipped, as no one can tell why.
 */
function impactOf(results: unknown[], manifest: DbtManifest): Run["impact"] {
  const skipped = new Map<string, JsonObject>();
  const ran = new Set<string>();
  for (const result of results) {
    const uniqueId = textAt(result, "unique_id");
    if (uniqueId === null) continue;
    if (textAt(result, "status")?.toLowerCase() !== "skipped") ran.add(uniqueId);
    else if (isDataset(uniqueId)) skipped.set(uniqueId, object(result)!);
  }
  const assetOf = (id: string) => datasetOf(manifest, id, textAt(skipped.get(id), "relation_name"));
  let stepsLeft: number = IMPACT_LIMITS.steps;
  return (failing) => {
    if (skipped.size === 0) return { assets: [], cut: false };
    const children = manifest.children();
    if (children.size === 0) {
      return {
        assets: [...skipped.keys()].slice(0, IMPACT_LIMITS.assets).map(assetOf),
        cut: skipped.size > IMPACT_LIMITS.assets,
      };
    }
    const queue = isTest(failing) ? [failing, ...testedNodes(manifest.node(failing))] : [failing];
    const seen = new Set(queue);
    const hit: string[] = [];
    for (let at = 0; at < queue.length && hit.length < IMPACT_LIMITS.assets && stepsLeft > 0; at += 1) {
      for (const child of children.get(queue[at]!) ?? []) {
        stepsLeft -= 1;
        if (seen.has(child) || ran.has(child)) continue;
        seen.add(child);
        queue.push(child);
        if (skipped.has(child)) hit.push(child);
      }
    }
    return {
      assets: hit.slice(0, IMPACT_LIMITS.assets).map(assetOf),
      cut: hit.length >= IMPACT_LIMITS.assets || stepsLeft <= 0,
    };
  };
}
