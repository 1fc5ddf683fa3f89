import type { Person } from "../../incident/person.ts";
import { does, form, LIMITS, misused, within } from "../ask.ts";
import { refuseTypedName } from "../people.ts";
import { type Clock, DUE_WORD, dayHere, readDay } from "../time.ts";
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
      help: "With an owner and a due date: 2027-01-31, tomorrow, fri, in 3 days, 2w",
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
  const last = found.at(-1);
  const { due, before } = takeDue(rest, last?.end ?? 0, context);
  const owner = ownerOf(found, before);
  if (found.length === 0) refuseTypedName(task, plainText(rest, context.names));
  const said = owner ? withoutOuter(before, owner) : before;
  const text = plainText(said, context.names);
  if (text === "") throw misused(task, "What is to be done?");
  const person: Person | null = owner ? personOf(owner, context.names) : null;
  return does({ type: "add_task", text: within(text, LIMITS.task, "action item"), owner: person, due });
}

/**
 * The due date at the end of a line, read from its last words, most words first, and never from within a mention.
 * A past date that nothing marks as due is part of the text ("what happened on 2026-11-01").
 */
function takeDue(rest: string, from: number, clock: Clock): { due: string | null; before: string } {
  const tail = rest.slice(from);
  const starts = [...tail.matchAll(/\S+/g)].map((match) => match.index).slice(-4);
  for (const start of starts) {
    const words = tail.slice(start).trim();
    const marked = DUE_WORD.test(words) || (from > 0 && tail.slice(0, start).trim() === "");
    const day = readDay(words.replace(DUE_WORD, "").replace(/[.!]$/, ""), clock, { bare: marked });
    const before = rest.slice(0, from + start);
    if (day !== null && day >= dayHere(clock)) return { due: day, before };
    if (day !== null && marked) throw misused(task, `${day} has passed. Give a due date from today on.`);
  }
  if (from > 0 && DUE_WORD.test(tail.trim())) {
    throw misused(
      task,
      "I cannot read that due date. `2027-01-31`, `tomorrow`, `fri`, `in 3 days` and `2w` work.",
    );
  }
  return { due: null, before: rest };
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
