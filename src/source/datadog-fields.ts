import { list, object, text } from "./json.ts";
import { isPlaceholder, saidText } from "./placeholder.ts";

/** The fields of a Datadog payload, found whatever case and nesting the user's template gives them. */
export type Fields = {
  /** The first of these that says something. Names in lower case, without anything between their words. */
  at(...names: string[]): string | null;
  has(...names: string[]): boolean;
  /** What is wrong with a field that holds a variable which Datadog did not fill in; null where it does not. */
  unfilled(name: string): string | null;
  warnings(): string[];
};

/** Names that mean another thing inside of an object than at the top. */
const OF_THE_PARENT = new Set([
  "id",
  "name",
  "title",
  "url",
  "status",
  "date",
  "type",
  "body",
  "message",
  "key",
]);

/**
 * Users name the fields after Datadog's variables: `alert_id`, `alertId`, `ALERT_ID`, or `alert_id` and `id` inside of
 * `alert`. All of them are `alertid` here. What stands at the top goes first.
 */
export function fieldsOf(part: unknown): Fields {
  const found = new Map<string, unknown>();
  const put = (name: string, value: unknown) => {
    const key = name.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
    if (!found.has(key) || (saidText(found.get(key)) === null && saidText(value) !== null))
      found.set(key, value);
  };
  const top = Object.entries(object(part) ?? {});
  for (const [name, value] of top) if (!object(value)) put(name, listText(value));
  for (const [parent, value] of top) {
    for (const [name, inner] of Object.entries(object(value) ?? {})) {
      put(`${parent}${name}`, listText(inner));
      if (!OF_THE_PARENT.has(name.toLowerCase())) put(name, listText(inner));
    }
  }
  const unfilled = [...found].filter(([, value]) => isPlaceholder(value));
  return {
    at: (...names) => {
      for (const name of names) {
        const said = saidText(found.get(name));
        if (said !== null) return said;
      }
      return null;
    },
    has: (...names) => names.some((name) => found.has(name)),
    unfilled: (name) => {
      const value = found.get(name);
      return isPlaceholder(value)
        ? `holds a variable that was not filled in: ${String(value).trim().slice(0, 80)}`
        : null;
    },
    warnings: () =>
      unfilled.map(
        ([name, value]) => `${name} was left out: ${String(value).trim().slice(0, 80)} was not filled in.`,
      ),
  };
}

/** Some templates make a list of the tags. */
function listText(value: unknown): unknown {
  return Array.isArray(value) ? list(value).map(text).filter(Boolean).join(",") : value;
}

/** What Datadog writes in front of a monitor's name: `[P1] [Triggered on {host:a}] `. */
export type DatadogTitle = {
  /** The name alone, null where nothing of it is left. */
  plain: string | null;
  priority: string | null;
  transition: string | null;
  group: string | null;
};

const PRIORITY = /^\s*\[(P[1-5])\]\s*/i;
const TRANSITION =
  /^\s*\[((?:Re-)?(?:Triggered|Warn|No Data|Recovered|Renotify|Alert|OK))(?: on \{([^}]*)\})?\]\s*/i;

export function readTitle(title: string | null): DatadogTitle {
  let rest = title ?? "";
  const priority = PRIORITY.exec(rest);
  rest = rest.slice(priority?.[0].length ?? 0);
  const transition = TRANSITION.exec(rest);
  rest = rest.slice(transition?.[0].length ?? 0);
  return {
    // A monitor whose name begins with a variable that is empty leaves a pair of brackets.
    plain: text(rest.replace(/^\s*\[\s*\]\s*/, "")),
    priority: priority?.[1] ?? null,
    transition: transition?.[1] ?? null,
    group: text(transition?.[2]),
  };
}

const MONITOR_LINK =
  /https:\/\/[a-z0-9.-]{0,60}(?:datadoghq|ddog-gov)\.[a-z]{2,5}\/monitors[/#](\d{1,20})(\?[^\s)\]"'<>]{0,2000})?/gi;

/** The link to the monitor among the texts, preferably the one that names the group that alerts. */
export function monitorLink(
  texts: (string | null)[],
): { url: string; monitor: string; group: string | null } | null {
  const links = texts
    .flatMap((each) => [...(each ?? "").slice(0, 100_000).matchAll(MONITOR_LINK)])
    .map(([url, monitor, query]) => ({
      url: url.replaceAll("&amp;", "&"),
      monitor: monitor!,
      group: text(new URLSearchParams((query ?? "").replaceAll("&amp;", "&")).get("group")),
    }));
  return links.find(({ group }) => group !== null) ?? links[0] ?? null;
}
