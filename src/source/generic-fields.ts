import { z } from "zod";
import type { Asset } from "../core/signal/asset.ts";
import { parseAssetId } from "../core/signal/dataset.ts";
import { invalid, issuesIn, partsOf, READ_LIMIT } from "./draft.ts";
import { field, type JsonObject, object, text } from "./json.ts";

/** What alerts and changes in our own format have in common: their fields, and how a wrong one is told. */
export const Scalar = z.union([z.string(), z.number(), z.boolean(), z.null()], "write a text or a number");
export const Time = z.union([z.string(), z.number()], "write a time such as 2026-11-22T03:10:00Z");

export const GenericAsset = z.union(
  [
    z
      .string()
      .min(1)
      .refine((name) => parseAssetId(name) !== null, {
        error: 'must be "namespace/name", as "bigquery/project.dataset.table"',
      })
      .describe('The asset as "namespace/name", for example "snowflake://org-acct/db.schema.table".'),
    z.looseObject({
      namespace: z
        .string()
        .min(1)
        .describe("Where the asset lives, as OpenLineage names it, for example `bigquery`."),
      name: z
        .string()
        .min(1)
        .describe("Its name, unique in the namespace, for example `project.dataset.table`."),
    }),
  ],
  "write namespace/name, or { namespace, name }",
);

export const GenericLink = z.union(
  [
    z.string().describe("A web address."),
    z.looseObject({
      title: z.string().nullish().describe("What the link leads to."),
      url: z.string().describe("A web address (http or https)."),
    }),
  ],
  "write a web address, or { title, url }",
);

const TEMPLATE = /\{\{[^{}]{0,200}\}\}|\{%[^{}]{0,200}%\}|\$\{[^{}$]{0,200}\}|^\s*\$[A-Za-z_]\w{0,100}\s*$/;
export const WHOLLY_TEMPLATE =
  /^\s*(\{\{[^{}]{0,200}\}\}|\{%[^{}]{0,200}%\}|\$\{[^{}$]{0,200}\}|\$[A-Za-z_]\w{0,100})\s*$/;

/** Refuses a field that identity needs while it holds a template that was not filled in. */
export function refuseTemplate(path: string, value: unknown): void {
  const issues = templateIssues([[path, value, TEMPLATE]]);
  if (issues.length > 0) throw templateRefusal(issues);
}

/**
 * A sender whose placeholders were not filled in would give every signal the same identity and a senseless title, so it
 * is told at once which field: one of `names`, or of the labels, assets or paths. Free text may quote a template (dbt
 * errors quote Jinja) and is refused only where it is nothing else.
 */
export function refuseTemplates(body: JsonObject, names: readonly string[]): void {
  const listed = (name: string) => (Array.isArray(body[name]) ? partsOf(body[name], name) : []);
  const issues = templateIssues([
    ...names.map((name): Check => [name, body[name], TEMPLATE]),
    ["description", body.description, WHOLLY_TEMPLATE],
    ...Object.entries(object(body.labels) ?? {}).map(
      ([name, value]): Check => [`labels.${name.slice(0, 100)}`, value, WHOLLY_TEMPLATE],
    ),
    ...listed("paths").map(({ path, part }): Check => [path, part, WHOLLY_TEMPLATE]),
    ...listed("assets").flatMap(({ path, part }): Check[] => [
      [path, part, TEMPLATE],
      [`${path}.namespace`, field(part, "namespace"), TEMPLATE],
      [`${path}.name`, field(part, "name"), TEMPLATE],
    ]),
  ]);
  if (issues.length > 0) throw templateRefusal(issues);
}

/**
 * The body with no more of each of its lists and labels than is read, so that checking them takes no longer than reading.
 * What is left out is said in `warnings`.
 */
export function withinReadLimit(body: JsonObject, warnings: string[]): JsonObject {
  const within: JsonObject = { ...body };
  for (const name of ["assets", "paths", "links", "labels"]) {
    const value = body[name];
    if (typeof value !== "object" || value === null) continue;
    const names = Array.isArray(value) ? value : Object.keys(value);
    if (names.length <= READ_LIMIT) continue;
    within[name] = Array.isArray(value)
      ? value.slice(0, READ_LIMIT)
      : Object.fromEntries(names.slice(0, READ_LIMIT).map((key) => [key, (value as JsonObject)[key]]));
    warnings.push(`Only the first ${READ_LIMIT} of ${names.length} ${name} were read.`);
  }
  return within;
}

type Issue = { path: string; message: string };
type Check = [path: string, value: unknown, pattern: RegExp];

function templateIssues(checks: Check[]): Issue[] {
  return checks.flatMap(([path, value, pattern]) => {
    const found = typeof value === "string" ? pattern.exec(value)?.[0].trim() : undefined;
    if (found === undefined) return [];
    return [{ path, message: `holds a template that was not filled in: ${found.slice(0, 80)}` }];
  });
}

function templateRefusal(issues: Issue[]) {
  const [first] = issues;
  return invalid(
    `${first!.path} ${first!.message}. Check how the sender fills in its template.`,
    issues.slice(0, 50),
  );
}

/** Says which fields of our own format are wrong, and where the format is written down. `what` is "alert" or "change". */
export function refusalOf(error: z.ZodError, what: string) {
  const issues = issuesIn(error.issues.map(innermost));
  const [first] = issues;
  return invalid(
    `${first!.path || what}: ${first!.message}. The format is in docs/sources/generic.md.`,
    issues.slice(0, 50),
  );
}

/** Of a union, zod says only "invalid input"; the branch that came furthest says what is wrong. */
function innermost(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== "invalid_union") return issue;
  const candidates = issue.errors
    .flat()
    .filter((each) => each.code !== "invalid_type" || each.path.length > 0);
  return candidates[0] === undefined
    ? issue
    : { ...candidates[0], path: [...issue.path, ...candidates[0].path] };
}

export function genericAssets(signal: { assets?: z.infer<typeof GenericAsset>[] | null }): (Asset | null)[] {
  return (signal.assets ?? []).map((asset) => (typeof asset === "string" ? parseAssetId(asset) : asset));
}

export function genericLinks(signal: {
  url?: string | null;
  source?: string | null;
  links?: z.infer<typeof GenericLink>[] | null;
}): { title: string; url: unknown }[] {
  const links = (signal.links ?? []).map((link) => (typeof link === "string" ? { url: link } : link));
  const own = signal.url
    ? [{ title: signal.source ? `Open in ${signal.source}` : "Open", url: signal.url }]
    : [];
  return [...own, ...links.map((link) => ({ title: text(field(link, "title")) ?? link.url, url: link.url }))];
}

/** A list under the name it is wrapped in (`alerts`, `changes`). */
export function wrappedParts(wrapped: unknown, name: string): { path: string; part: unknown }[] {
  if (Array.isArray(wrapped)) return partsOf(wrapped, name);
  throw invalid(`${name} must be a list of ${name}.`, [{ path: name, message: "must be a list" }]);
}
