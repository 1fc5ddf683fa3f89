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
 * The alerts that words mean: the one of a fingerprint, else those of exactly that title, else those on the asset of that
 * name (whole, or its last part), else those whose title or assets have the words as they stand, else every one that has
 * all of them somewhere. Whole words go before parts: `check 3` is not `check 31` where there is a `check 3`.
 */
export function alertsNamed<Alert extends Named>(alerts: Alert[], text: string): Alert[] {
  const said = plain(text);
  const words = said.split(" ");
  const ways: ((alert: Alert, read: string) => boolean)[] = [
    ({ fingerprint }) => fingerprint === said,
    ({ title }) => plain(title) === said,
    ({ assets }) => assets.some((asset) => isCalled(asset, said)),
    (_, read) => hasWord(read, said),
    (_, read) => read.includes(said),
    (_, read) => words.every((word) => hasWord(read, word)),
    (_, read) => words.every((word) => read.includes(word)),
  ];
  const readable = alerts.map((alert) => ({
    alert,
    read: [alert.title, ...alert.assets.map(({ name }) => name)].map(plain).join("\n"),
  }));
  for (const way of ways) {
    const found = readable.filter(({ alert, read }) => way(alert, read));
    if (found.length > 0) return found.map(({ alert }) => alert);
  }
  return [];
}

function plain(text: string): string {
  return text.replace(/\s+/g, " ").trim().toLowerCase();
}

const IN_WORD = /[\p{L}\p{N}_]/u;

/** Whether a text has what was said with no letter, digit or underscore right before or behind it. */
function hasWord(text: string, said: string): boolean {
  for (let at = text.indexOf(said); at >= 0; at = text.indexOf(said, at + 1)) {
    const around = [text[at - 1], text[at + said.length]];
    if (!around.some((char) => char !== undefined && IN_WORD.test(char))) return true;
  }
  return false;
}

/** Whether a name in lower case is an asset's, whole or its last part. */
export function isCalled(asset: Asset, said: string): boolean {
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
