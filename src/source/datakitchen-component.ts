import { field, type JsonObject, object, text, textAt } from "./json.ts";

/** What an event is about: a pipeline, dataset, server or stream, and for a pipeline perhaps one task and run of it. */
export type Component = {
  kind: string;
  key: string;
  name: string;
  task: { key: string; name: string } | null;
  run: string | null;
  runName: string | null;
  tool: string | null;
  /** Key of the component and, where there is one, of the task: the same in every run. */
  identity: string;
  /** What TestGen says of the tables: `{schema, database_name, connection_name, …}`. */
  testgen: JsonObject | null;
};

/** Version 2's name of a component, and version 1's word of it. */
const KINDS: [second: string, first: string][] = [
  ["batch_pipeline", "pipeline"],
  ["dataset", "dataset"],
  ["server", "server"],
  ["stream", "stream"],
];

/** Version 1 has flat keys (`pipeline_key`), version 2 an object of its own; null where no component is named. */
export function componentOf(body: JsonObject): Component | null {
  for (const [second, first] of KINDS) {
    const nested = object(field(body, "component", second)) ?? object(body[`${second}_component`]);
    const found = nested === null ? firstVersion(body, first) : secondVersion(nested, first);
    if (found !== null) return found;
  }
  return null;
}

function firstVersion(body: JsonObject, kind: string): Component | null {
  const key = textAt(body, `${kind}_key`);
  if (key === null) return null;
  return assembled(kind, key, {
    at: body,
    name: textAt(body, `${kind}_name`),
    tool: textAt(body, "component_tool"),
    testgen: field(body, "component_integrations", "integrations", "testgen"),
  });
}

function secondVersion(nested: JsonObject, kind: string): Component | null {
  const key = textAt(nested, kind === "pipeline" ? "batch_key" : `${kind}_key`);
  if (key === null) return null;
  return assembled(kind, key, {
    at: nested,
    name: textAt(nested, "details", "name"),
    tool: textAt(nested, "details", "tool"),
    testgen: field(nested, "integrations", "testgen"),
  });
}

function assembled(
  kind: string,
  key: string,
  said: { at: JsonObject; name: string | null; tool: string | null; testgen: unknown },
): Component {
  const taskKey = textAt(said.at, "task_key");
  return {
    kind,
    key,
    name: said.name ?? key,
    task: taskKey === null ? null : { key: taskKey, name: textAt(said.at, "task_name") ?? taskKey },
    run: textAt(said.at, "run_key"),
    runName: textAt(said.at, "run_name"),
    tool: said.tool,
    identity: taskKey === null ? key : `${key}/${taskKey}`,
    testgen: object(said.testgen),
  };
}

export function labelsOf(component: Component, body: JsonObject): Record<string, unknown> {
  const metadata = Object.entries(object(body.metadata) ?? {}).slice(0, 20);
  return {
    [component.kind]: component.name,
    [`${component.kind}_key`]: component.key,
    task: component.task?.name,
    run: component.runName ?? component.run,
    tool: component.tool,
    ...Object.fromEntries(
      metadata
        .filter(([, value]) => text(value) !== null)
        .map(([name, value]) => [`metadata_${name}`, value]),
    ),
  };
}
