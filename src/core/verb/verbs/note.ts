import { jot } from "../jot.ts";
import type { Verb } from "../verb.ts";

export const note: Verb = {
  name: "note",
  aliases: ["add note"],
  usage: "[at <time>] <text>",
  help: "Write something on the timeline",
  example: "note at 03:10 the source bucket was empty",
  about: "incident",
  afterwards: true,
  group: "words",
  parse: jot,
};
