import type { Person } from "../../incident/person.ts";
import { does, form, LIMITS, misused, within } from "../ask.ts";
import { refuseTypedName } from "../people.ts";
import { type Clock, DUE_WORD, dayHere, isNearlyDay, readDay } from "../time.ts";
import type { Ask, Verb, VerbContext } from "../verb.ts";
import { type Mention, mentions, personOf, plainText, takeWord } from "../words.ts";

export const task: Verb = {
  name: "task",
  aliases: ["followup", "follow-up", "follow up", "todo"],
  usage: "<text> [@user] [due]",
  help: "Add an action item",
  example: "task alert when the bucket is empty by friday",
  also: [
    {
      usage: "<text> @user <due>",
      help: "With an owner and a due date: 2027-01-31, 31 jan, tomorrow, fri, in 3 days, 2w",
      example: "task add a row count check @ana in 3 days",
    },
    { usage: "done <n>", help: "Action item n is done", example: "task done 2" },
    { usage: "list", help: "Show the action items", example: "task list" },
  ],
  about: "incident",
  afterwards: true,
  group: "after",
  parse(rest, context) {
    if (plainText(rest, context.names) === "") return form("task");
    const { word, rest: more } = takeWord(rest);
    if (/^list$/i.test(word) && more === "") return { kind: "query", query: { type: "tasks" } };
    if (/^done$/i.test(word)) return finish(more);
    return add(rest, context);
  },
};

function finish(words: string): Ask {
  const number = /^#?(\d{1,9})$/.exec(words)?.[1];
  if (!number)
    throw misused({ name: task.name, ...task.also![1]! }, "Which action item? `tasks` shows their numbers.");
  return does({ type: "finish_task", task: Number(number) });
}

function add(rest: string, context: VerbContext): Ask {
  const found = mentions(rest);
  const { due, before } = dueOf(rest, found, context);
  const owner = ownerOf(found, before);
  if (found.length === 0) refuseTypedName(task, plainText(rest, context.names));
  const said = owner ? withoutOuter(before, owner) : before;
  const text = plainText(said, context.names);
  if (text === "") throw misused(task, "What is to be done?");
  const person: Person | null = owner ? personOf(owner, context.names) : null;
  return does({ type: "add_task", text: within(text, LIMITS.task, "action item"), owner: person, due });
}

/** The due date behind the owner, or before one who stands last: `check rows in 3 days @ana`. */
function dueOf(rest: string, found: Mention[], clock: Clock): { due: string | null; before: string } {
  const last = found.at(-1);
  if (!last || rest.slice(last.end).trim() !== "") return takeDue(rest, last?.end ?? 0, clock);
  const { due, before } = takeDue(rest.slice(0, last.start), found.at(-2)?.end ?? 0, clock);
  return { due, before: before.padEnd(last.start) + rest.slice(last.start, last.end) };
}

/**
 * The due date at the end of a line, read from its last words, most words first, and never from within a mention.
 * A past date that nothing marks as due is part of the text ("what happened on 2026-11-01").
 */
function takeDue(rest: string, from: number, clock: Clock): { due: string | null; before: string } {
  const tail = rest.slice(from);
  const starts = [...tail.matchAll(/\S+/g)].map((match) => match.index);
  for (const start of starts.slice(-4)) {
    const { words, marked } = lastWords(tail, start, from > 0);
    const day = readDay(words.replace(DUE_WORD, ""), clock, { bare: marked });
    const before = rest.slice(0, from + start);
    if (day !== null && day >= dayHere(clock)) return { due: day, before };
    if (day !== null && marked) throw misused(task, `${day} has passed. Give a due date from today on.`);
    if (day === words && !PREPOSITION.test(before))
      throw misused(task, `${day} has passed. Give a due date from today on, or write \`on ${day}\`.`);
  }
  for (const start of starts.slice(-6)) {
    const { words, marked } = lastWords(tail, start, from > 0);
    const said = words.replace(DUE_WORD, "");
    const isDue = from > 0 && tail.slice(0, start).trim() === "" && DUE_WORD.test(words);
    if (isDue || ((marked || /^in\s/i.test(words)) && isNearlyDay(said)))
      throw misused(
        task,
        `I cannot read the due date \`${said}\`. \`2027-01-31\`, \`31 jan\`, \`tomorrow\`, \`fri\`, \`in 3 days\` and \`2w\` work.`,
      );
  }
  return { due: null, before: rest };
}

/** Behind these a date is told of. */
const PREPOSITION = /\b(?:on|of|from|since|for|at|after|and|to)\s+$/i;

/** The last words of a line from a place on, and whether they are marked as a due date: by `by`, or right behind somebody. */
function lastWords(tail: string, start: number, behindSomebody: boolean): { words: string; marked: boolean } {
  const words = tail.slice(start).trim().replace(/[.!]$/, "");
  return { words, marked: DUE_WORD.test(words) || (behindSomebody && tail.slice(0, start).trim() === "") };
}

/** The only person named owns it; of several, the one whom nothing but the due date follows. */
function ownerOf(found: Mention[], before: string): Mention | null {
  const last = found.at(-1);
  if (!last) return null;
  if (found.length === 1 || before.slice(last.end).trim() === "") return last;
  throw misused(task, "Several people are named: put the one who does it last, before the due date.");
}

/** An owner in the middle of a sentence stays in it; one before or behind it is no part of it. */
function withoutOuter(text: string, owner: Mention): string {
  const before = text.slice(0, owner.start);
  const after = text.slice(owner.end);
  return before.trim() === "" || after.trim() === "" ? before + after : text;
}
