/** The thread message "What changed before this?": a few changes, each with why, and how to name one as the cause. */
import type { Suspect } from "../correlate/suspects.ts";
import type { NumberedSuspect } from "../incident/events.ts";
import { type IncidentState, isCause, suspectsNow } from "../incident/state.ts";
import { cleanLine } from "../signal/text.ts";
import type { Block, Document, Span } from "./document.ts";

const SHOWN = 5;

/**
 * Suspects with numbers that stay: what a person has seen as 2 is still 2 when news of another change comes, and keeps
 * its number if it leaves the list and returns. `before` are all that were ever numbered in the incident.
 */
export function numberSuspects(ranked: Suspect[], before: NumberedSuspect[]): NumberedSuspect[] {
  const numbers = new Map(before.map(({ change, number }) => [change, number]));
  let last = Math.max(0, ...numbers.values());
  return ranked.map(({ change: { id, at, change }, confidence, reason }) => {
    const number = numbers.get(id) ?? ++last;
    const { actor, source } = change;
    const url = change.links[0]?.url ?? null;
    return { number, change: id, title: change.title, url, actor, source, at, confidence, reason };
  });
}

/** What is suspected in an incident now, and which of it people named as the cause. */
export function suspectsMessage(state: IncidentState): Document {
  const suspects = suspectsNow(state);
  const causes = new Set(suspects.flatMap(({ change, number }) => (isCause(state, change) ? number : [])));
  return suspectsDocument(state, suspects, causes) ?? nothingLeft(state);
}

/** The message stands already, so it cannot just be left out. */
function nothingLeft({ key, kind }: IncidentState): Document {
  const text = "Nothing that is known, now that the data is said to have broken earlier.";
  const heading: Span[] = [
    ...(kind === "drill" ? ["🟣 DRILL · "] : []),
    "🔧 ",
    { strong: "What changed before this?" },
    ` ${text}`,
  ];
  return {
    summary: `${key}: What changed before this? ${text}`,
    title: null,
    blocks: [{ type: "paragraph", text: heading }],
  };
}

/** Null where there is nothing to tell. `suspects` are in order, the likeliest first; `causes` are numbers of theirs. */
export function suspectsDocument(
  { key, kind }: Pick<IncidentState, "key" | "kind">,
  suspects: NumberedSuspect[],
  causes: ReadonlySet<number> = new Set(),
): Document | null {
  const shown = suspects.slice(0, SHOWN);
  const [first] = shown;
  if (!first) return null;
  const founded = shown.some(({ confidence }) => confidence !== "unlikely");
  const heading: Span[] = [
    ...(kind === "drill" ? ["🟣 DRILL · "] : []),
    "🔧 ",
    { strong: "What changed before this?" },
    ...(founded ? [] : [" Nothing clear was found; nearest are:"]),
  ];
  const open = shown.find(({ number }) => !causes.has(number));
  const ask: Block[] = open
    ? [
        {
          type: "context",
          text: [
            causes.size > 0 ? "Was it another one too? Type " : "Was it one of these? Type ",
            { code: `@breakwater change cause ${open.number}` },
            " here.",
          ],
        },
      ]
    : [];
  const blocks: Block[] = [
    { type: "paragraph", text: heading },
    ...shown.flatMap((suspect) => suspectBlocks(suspect, causes.has(suspect.number))),
    ...ask,
  ];
  const best = `${cleanLine(first.title, 150)} (${first.confidence}: ${cleanLine(first.reason, 300)})`;
  return { summary: `${key}: What changed before this? ${best}`, title: null, blocks };
}

function suspectBlocks(suspect: NumberedSuspect, isNamed: boolean): Block[] {
  const { number, url, actor, source, at, confidence, reason } = suspect;
  const title = cleanLine(suspect.title, 150) || source;
  const who = actor === null ? "" : ` by ${cleanLine(actor, 80)}`;
  return [
    {
      type: "paragraph",
      text: [
        { strong: `${number} · ${isNamed ? "named as the cause" : confidence}` },
        " · ",
        url === null ? title : { link: title, url },
        `\n${cleanLine(reason, 500)}`,
      ],
    },
    { type: "context", text: [`${source}${who} · `, { time: at, style: "datetime" }] },
  ];
}
