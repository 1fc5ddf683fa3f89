import type { IncidentState } from "../../incident/state.ts";
import type { Asset } from "../../signal/asset.ts";
import { does, LIMITS, misused, within } from "../ask.ts";
import type { Verb } from "../verb.ts";
import { plainText, takeQuoted, takeWord } from "../words.ts";

export const impacted: Verb = {
  name: "impacted",
  aliases: ["affected"],
  usage: "<namespace/name> [reason]",
  help: "Another asset is wrong too",
  example: "impacted snowflake://acme/sales.orders_daily reads the broken table",
  about: "incident",
  group: "data",
  parse(rest, context) {
    const words = plainText(rest, context.names);
    const { word, rest: reason } = takeQuoted(words) ?? takeWord(words);
    if (word === "") throw misused(impacted, "Which asset?");
    return does({
      type: "add_asset",
      asset: assetOf(word, context.incident),
      reason: within(reason, LIMITS.reason, "reason") || `named by ${context.asker.name}`,
    });
  },
};

/**
 * A namespace is `scheme://authority` or everything before the first slash. A bare name gets the namespace of the
 * incident's assets where they share one.
 */
function assetOf(word: string, incident: IncidentState | null): Asset {
  const match = /^([a-z][a-z0-9+.-]*:\/\/[^/]*|[^/:]+)\/(.+)$/i.exec(word);
  const asset = match
    ? { namespace: match[1]!, name: match[2]! }
    : { namespace: sharedNamespace(incident), name: word };
  if (!asset.namespace || (!match && word.includes("/"))) {
    throw misused(impacted, "Write where the asset lives and its name, parted by a slash.");
  }
  return { namespace: within(asset.namespace, 500, "namespace"), name: within(asset.name, 1000, "name") };
}

function sharedNamespace(incident: IncidentState | null): string {
  const namespaces = new Set([...(incident?.assets.values() ?? [])].map((known) => known.asset.namespace));
  return namespaces.size === 1 ? [...namespaces][0]! : "";
}
