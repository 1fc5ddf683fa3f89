import { does, form, LIMITS, misused, within } from "../ask.ts";
import type { Ask, Verb } from "../verb.ts";
import { plainText, takeWord, unquoted } from "../words.ts";

export const runbook: Verb = {
  name: "runbook",
  aliases: ["runbooks"],
  usage: "[start|done|skip|fail|back|show]",
  help: "Show the runbooks that fit, or walk through one",
  example: "runbook start",
  also: [
    { usage: "", help: "Show the runbooks that fit, and all others", example: "runbook" },
    {
      usage: "start [name]",
      help: "Begin one; without a name, the best match",
      example: "runbook start late-or-stale-table",
    },
    {
      usage: "done|next [note]",
      help: "The step is done",
      example: "runbook done the bucket is empty",
    },
    { usage: "skip <reason>", help: "Leave the step out", example: "runbook skip no access to the source" },
    {
      usage: "fail <note>",
      help: "The step did not work",
      example: "runbook fail the rerun failed the same way",
    },
    { usage: "back", help: "Go back one step", example: "runbook back" },
    {
      usage: "show [name]",
      help: "Show the present step of the one under way again, or of the one named",
      example: "runbook show",
    },
  ],
  about: "incident",
  group: "runbook",
  parse(rest, context) {
    const { word, rest: more } = takeWord(rest);
    const words = plainText(more, context.names);
    switch (word.toLowerCase()) {
      case "":
      case "list":
        return { kind: "query", query: { type: "runbooks" } };
      case "start":
        return { kind: "start_runbook", slug: slugOf(words) };
      case "next":
      case "done":
        return finish("done", within(words, LIMITS.reason, "note"));
      case "skip":
        return words ? finish("skipped", within(words, LIMITS.reason, "reason")) : form("step_skip");
      case "fail":
      case "failed":
        return words ? finish("failed", within(words, LIMITS.reason, "note")) : form("step_fail");
      case "back":
        return does({ type: "step_back", runbook: null, step: null });
      case "show":
        return { kind: "query", query: { type: "step", slug: slugOf(words) } };
      default:
        throw misused(runbook, "That is nothing a runbook can do.");
    }
  },
};

/** A typed line means the present step, whichever it is; only buttons know which one the person saw. */
function finish(outcome: "done" | "skipped" | "failed", note: string): Ask {
  return does({ type: "finish_step", runbook: null, step: null, outcome, note: note || null });
}

function slugOf(words: string): string | null {
  const slug = unquoted(words)
    .toLowerCase()
    .replace(/\.md$/, "")
    .replace(/[\s_]+/g, "-");
  if (slug !== "" && !/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(slug)) {
    throw misused(
      { name: runbook.name, ...runbook.also![1]! },
      "That is no name of a runbook; `runbook` lists them.",
    );
  }
  return slug || null;
}
