import type { Order } from "../incident/command.ts";
import { Refusal } from "../refusal.ts";
import type { Ask, FormName, Typed, Verb } from "./verb.ts";

/**
 * How much a person may write, in UTF-16 units. Titles fit a Slack header (150); texts leave room, escaped, in one
 * section (3,000); a link's title and url are what the log accepts.
 */
export const LIMITS = {
  title: 150,
  text: 2500,
  reason: 1000,
  statement: 1000,
  task: 500,
  role: 40,
  linkTitle: 200,
  url: 3000,
  search: 200,
} as const;

export function does(...commands: Order[]): Ask {
  return { kind: "commands", commands };
}

export function form(name: FormName, typed?: Typed): Ask {
  return { kind: "form", form: name, ...(typed && { typed }) };
}

/** How a verb is written: `severity <1-4> <reason>`. */
export function usageOf(verb: Pick<Verb, "name" | "usage">): string {
  return verb.usage ? `${verb.name} ${verb.usage}` : verb.name;
}

/** The refusal of a line that says too little or the wrong thing: why, how it is written, and a line that works. */
export function misused(verb: Pick<Verb, "name" | "usage" | "example">, why: string): Refusal {
  return new Refusal("invalid", `${why} Write \`${usageOf(verb)}\`, for example \`${verb.example}\`.`);
}

/** The text, unless it is too long: cutting somebody's words silently would lose the end of them. */
export function within(text: string, limit: number, what: string): string {
  if (text.length <= limit) return text;
  throw new Refusal(
    "invalid",
    `The ${what} is ${text.length} characters long and may have ${limit}. Shorten it by ${text.length - limit}.`,
  );
}
