import { resolveWith } from "../solution.ts";
import type { Verb } from "../verb.ts";

export const resolve: Verb = {
  name: "resolve",
  aliases: ["resolved", "fixed"],
  usage: "<what fixed it>",
  help: "End it, once all data is right again",
  example: "resolve reran the load after the schema fix",
  about: "incident",
  group: "respond",
  parse: resolveWith,
};
