import { Refusal } from "../refusal.ts";
import { clip } from "../signal/alert.ts";
import { type Asset, assetId } from "../signal/asset.ts";
import { misused } from "./ask.ts";
import type { Verb } from "./verb.ts";
import { takeQuoted } from "./words.ts";

type Named = { fingerprint: string; title: string; assets: Asset[] };

/** As many alerts a refusal lists to choose from. */
const CHOICES = 5;

/**
 * The alerts that words mean: the one of a fingerprint, else those on the asset of that name (whole, or its last part),
 * else every one whose title and assets have all of the words.
 */
export function alertsNamed<Alert extends Named>(alerts: Alert[], text: string): Alert[] {
  const said = text.toLowerCase();
  const exact = alerts.filter(({ fingerprint }) => fingerprint === said);
  if (exact.length > 0) return exact;
  const about = alerts.filter(({ assets }) => assets.some((asset) => isCalled(asset, said)));
  if (about.length > 0) return about;
  const words = said.split(/\s+/);
  return alerts.filter(({ title, assets }) => {
    const read = [title, ...assets.map(({ name }) => name)].join(" ").toLowerCase();
    return words.every((word) => read.includes(word));
  });
}

function isCalled(asset: Asset, said: string): boolean {
  const id = assetId(asset).toLowerCase();
  return id === said || id.endsWith(`/${said}`) || id.endsWith(`.${said}`);
}

/**
 * The alerts of an incident that a person means to put elsewhere. Words that fit several alerts are refused unless `all`
 * was said; those on one asset are what its name means.
 */
export function alertsMeant<Alert extends Named>(
  alerts: Alert[],
  { alerts: text, all, type }: { alerts: string; all: boolean; type: string },
  incident: string,
): Alert[] {
  const found = alertsNamed(alerts, text);
  if (found.length === 0) {
    const next =
      alerts.length === 0
        ? "It has none."
        : `It has ${choice(alerts)}. A part of a title or an asset finds it.`;
    throw new Refusal("not_found", `${incident} has no alert called “${text}”. ${next}`);
  }
  if (found.length === 1 || all || areOfOneAsset(found, text)) return found;
  throw new Refusal(
    "invalid",
    `“${text}” fits ${found.length} alerts of ${incident}: ${choice(found)}. Say more words or a fingerprint, or \`${type} all ${text}${type === "move" ? " to …" : ""}\` for all of them.`,
  );
}

function areOfOneAsset(found: Named[], text: string): boolean {
  const called = found.map(({ assets }) => assets.filter((asset) => isCalled(asset, text.toLowerCase())));
  return called.every((each) => each.length > 0) && new Set(called.flat().map(assetId)).size === 1;
}

function choice(alerts: Named[]): string {
  const names = alerts
    .slice(0, CHOICES)
    .map(({ title, fingerprint }) => `“${clip(title, 80)}” (\`${fingerprint}\`)`);
  const more = alerts.length - names.length;
  return names.join(", ") + (more > 0 ? ` and ${more} more` : "");
}

/** `[all] <words> [because <reason>]`, as split and move have it; quotes may stand around the words. */
export function takeAlertWords(
  verb: Pick<Verb, "name" | "usage" | "example">,
  said: string,
): { alerts: string; all: boolean; rest: string } {
  const line = said.replace(/\s+/g, " ").trim();
  const all = /^all (?=.)/i.test(line);
  const words = all ? line.slice(4) : line;
  const quoted = takeQuoted(words);
  const [, plain = "", rest = ""] = /^(.*?)(?: because:? (.*))?$/i.exec(words)!;
  const alerts = (quoted?.word ?? plain).trim();
  if (alerts === "" || /^because\b/i.test(alerts))
    throw misused(verb, "Which alerts? A part of a title, an asset, or a fingerprint.");
  return { alerts, all, rest: quoted ? quoted.rest.replace(/^because:? /i, "") : rest.trim() };
}
