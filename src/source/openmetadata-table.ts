import type { Asset } from "../core/signal/asset.ts";
import type { ChangeSignal } from "../core/signal/change.ts";
import { datasetFromParts, relationParts } from "../core/signal/dataset.ts";
import { finishChange } from "./change-draft.ts";
import { field, type JsonObject, list, object, text, textAt } from "./json.ts";
import { unfolded } from "./openmetadata-value.ts";

/** Where a test looks: the parts of the table's full name, unquoted, and the column. */
export type Place = { table: string[]; column: string | null; test: string | null };

/**
 * A test's `entityLink` says it plainly: `<#E::table::service.db.schema.orders::columns::amount>`. Without one it is
 * taken from the test's full name, in which the column stands between table and test; a table's full name has four parts.
 */
export function placeOfTest(entityLink: string | null, fqn: string | null): Place | null {
  const parts = relationParts((fqn ?? "").slice(0, 5000));
  const test = parts.at(-1) ?? null;
  const link = /^<#E::table::(.{1,4000})>$/s.exec(entityLink?.trim() ?? "")?.[1]?.split("::");
  if (link) {
    const column = link[1] === "columns" && link[2] !== undefined ? link.slice(2).join("::") : null;
    return { table: relationParts(link[0]!), column: column && relationParts(column).join("."), test };
  }
  if (parts.length < 2) return null;
  const isColumn = parts.length > 5;
  const column = isColumn ? parts.slice(4, -1).join(".") : null;
  return { table: isColumn ? parts.slice(0, 4) : parts.slice(0, -1), column, test };
}

/**
 * `service.database.schema.table`: the service is OpenMetadata's own name of the data source, so it is the namespace. A
 * shorter name has lost its service. Where a data source has schemas alone (MySQL, Hive, ClickHouse), the database is
 * `default`, which no other tool says.
 */
export function assetOfTable(parts: string[]): Asset | null {
  const [service, database, ...rest] = parts;
  if (rest.length < 2) return datasetFromParts("openmetadata", parts);
  return datasetFromParts(service!, database === "default" ? rest : [database!, ...rest]);
}

type ColumnChange = { how: "added" | "removed" | "changed"; column: string };

/** The columns that were added to, removed from or altered in a table; null for any other event. */
export function readSchemaChange(event: JsonObject, receivedAt: string): ChangeSignal | null {
  if (textAt(event, "entityType") !== "table" || textAt(event, "eventType") !== "entityUpdated") return null;
  const columns = columnChanges(event.changeDescription);
  if (columns.length === 0) return null;
  const entity = object(unfolded(event.entity));
  const fqn = textAt(event, "entityFullyQualifiedName") ?? textAt(entity, "fullyQualifiedName");
  const parts = relationParts((fqn ?? "").slice(0, 5000));
  const name = parts.slice(-2).join(".") || (textAt(event, "entityId") ?? "a table");
  const id = textAt(event, "id");
  const version = textAt(event, "currentVersion") ?? text(event.timestamp) ?? "";
  return finishChange(
    {
      source: "openmetadata",
      dedupKey: id ?? `${fqn ?? name}/${version}`,
      deliveryId: id,
      kind: "schema",
      status: "succeeded",
      title: `Columns of ${name}: ${summaryOf(columns)}`,
      description: columns.map(({ how, column }) => `${column} ${how}`).join("\n"),
      actor: textAt(event, "userName"),
      revision: textAt(event, "currentVersion"),
      assets: [assetOfTable(parts)],
      labels: {
        table: parts.join("."),
        ...Object.fromEntries(
          (["added", "removed", "changed"] as const).map((how) => [
            `columns_${how}`,
            columns
              .filter((each) => each.how === how)
              .map((each) => each.column)
              .join(", "),
          ]),
        ),
        previous_version: textAt(event, "previousVersion"),
      },
      endedAt: event.timestamp,
      raw: event,
    },
    receivedAt,
  );
}

const LISTS = { fieldsAdded: "added", fieldsDeleted: "removed", fieldsUpdated: "changed" } as const;

/** What of a column is its shape; the rest (description, tags, profile) is documentation. */
const SHAPE = new Set([
  "dataType",
  "dataTypeDisplay",
  "dataLength",
  "arrayDataType",
  "precision",
  "scale",
  "constraint",
]);

function columnChanges(description: unknown): ColumnChange[] {
  const found = Object.entries(LISTS).flatMap(([name, how]) =>
    list(field(description, name)).flatMap((change) => columnsOf(change, how)),
  );
  return [...new Map(found.map((each) => [`${each.how} ${each.column}`, each])).values()];
}

/** `columns` with the columns as its value, or `columns.amount.dataType` with what it was and is. */
function columnsOf(change: unknown, how: ColumnChange["how"]): ColumnChange[] {
  const [first, ...rest] = relationParts((textAt(change, "name") ?? "").slice(0, 2000));
  if (first !== "columns") return [];
  if (rest.length === 0) {
    const value = unfolded(field(change, how === "removed" ? "oldValue" : "newValue"));
    return (Array.isArray(value) ? value : [value])
      .map((column) => textAt(column, "name"))
      .filter((column) => column !== null)
      .map((column) => ({ how, column }));
  }
  const aspect = rest.at(-1)!;
  if (rest.length >= 2 && SHAPE.has(aspect)) return [{ how: "changed", column: rest.slice(0, -1).join(".") }];
  // A column inside of a struct: `columns.address.children`.
  if (rest.length < 2 || aspect !== "children") return [];
  return columnsOf({ ...object(change), name: "columns" }, how).map((each) => ({
    how: each.how,
    column: [...rest.slice(0, -1), each.column].join("."),
  }));
}

function summaryOf(columns: ColumnChange[]): string {
  const shown = columns.slice(0, 4).map(({ how, column }) => `${column} ${how}`);
  return columns.length > 4 ? `${shown.join(", ")} and ${columns.length - 4} more` : shown.join(", ");
}
