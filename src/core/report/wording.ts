/** The words and signs for states, the same on the card, in replies and in lists. A sign never stands without its word. */
import type { Severity } from "../incident/events.ts";
import type { Actor, Via } from "../incident/person.ts";
import type { AssetState, IncidentState, Phase, Recovery } from "../incident/state.ts";
import { clip } from "../signal/alert.ts";
import type { Span } from "./document.ts";

export const PHASE_LOOKS: Record<Phase, { sign: string; words: string }> = {
  triggered: { sign: "🔴", words: "Needs acknowledgement" },
  acknowledged: { sign: "🟠", words: "Acknowledged" },
  mitigated: { sign: "🔵", words: "Mitigated – data still recovering" },
  resolved: { sign: "🟢", words: "Resolved" },
  closed: { sign: "⚪", words: "Closed" },
  merged: { sign: "🔗", words: "Merged" },
  cancelled: { sign: "⚫", words: "Cancelled" },
};

export const RECOVERY_LOOKS: Record<Recovery, { sign: string; words: string }> = {
  impacted: { sign: "🔴", words: "impacted" },
  recovering: { sign: "🔵", words: "recovering" },
  verified: { sign: "✅", words: "verified" },
  waived: { sign: "⚪", words: "waived" },
};

/** The door something came in by. */
export const VIA_WORDS: Record<Via, string> = {
  alert: "alert",
  slash: "slash command",
  mention: "mention",
  button: "button",
  modal: "form",
  shortcut: "shortcut",
  emoji: "pin",
  api: "API",
  cli: "command line",
  clock: "clock",
};

/** What a severity means, so that two people choose the same one. */
export const SEVERITY_GUIDE: Record<Severity, string> = {
  SEV1: "Wrong data reached customers, money or the law",
  SEV2: "A key table or dashboard is wrong or late",
  SEV3: "Some data is wrong or late, with a way around",
  SEV4: "No consumer has noticed; fix in working hours",
};

/** The state in words. Mitigated says that data is still recovering only while some is. */
export function phaseWords(state: IncidentState, unsettled: number): string {
  if (state.phase === "mitigated" && unsettled === 0) return "Mitigated – no data left to recover";
  if (state.phase === "merged") return `Merged into ${state.mergedInto}`;
  return PHASE_LOOKS[state.phase].words;
}

export function actorSpan(actor: Actor): Span {
  if (actor.kind === "person") return { person: actor.name, id: actor.id };
  return actor.kind === "source" ? actor.name : "Breakwater";
}

/** The key, leading into the thread where it stands in Slack. */
export function keyOf({ key, thread }: Pick<IncidentState, "key" | "thread">): Span {
  return thread?.permalink ? { link: key, url: thread.permalink } : { strong: key };
}

/**
 * The names of assets as code, the first few, with how many are missing. A name from the same schema as the one before
 * it stands without that: on a phone it would be a line of its own.
 */
export function assetNames(assets: AssetState[], shown: number): Span[] {
  const names = assets.slice(0, shown).map(({ asset }) => asset.name);
  const named = names.flatMap((name, index): Span[] => {
    const schema = name.slice(0, name.lastIndexOf(".") + 1);
    const said = index > 0 && names[index - 1]!.startsWith(schema) ? name.slice(schema.length) : name;
    return [...(index > 0 ? [", "] : []), { code: clip(said || name, 80) }];
  });
  return assets.length > shown ? [...named, ` and ${assets.length - shown} more`] : named;
}

const ADDRESS = /https?:\/\/[^\s<>|"'`]*[^\s<>|"'`.,;:!?)\]}’”]/gi;

/** What a person wrote, with the addresses in it as links that show themselves. */
export function linked(text: string): Span[] {
  const out: Span[] = [];
  let at = 0;
  for (const match of text.matchAll(ADDRESS)) {
    if (match.index > at) out.push(text.slice(at, match.index));
    out.push({ link: match[0], url: match[0] });
    at = match.index + match[0].length;
  }
  return at < text.length || out.length === 0 ? [...out, text.slice(at)] : out;
}
